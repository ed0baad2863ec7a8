"""What a stranger installs: one list of dependencies, one address, one wheel with the data."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires, version
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from toy_lesson import save, toy_deeper, toy_lesson

from aecourse import results
from aecourse.__main__ import build_parser
from aecourse.course import comparison, lessons
from aecourse.data import DATA_FILES
from aecourse.exercises.collection import catalogue

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]

CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def parsed(lines) -> dict[str, Requirement]:
    """Requirements by name; the extras' references to one another are left out."""
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in found if r.name != PROJECT["name"]}


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def entries(name: str) -> list[str]:
    """The lines of a requirements file without comments."""
    lines = (line.partition("#")[0].strip() for line in read(name).splitlines())
    return [line for line in lines if line]


EXTRAS = PROJECT["optional-dependencies"]
CORE, LAB, SITE, TEST = map(
    parsed, (PROJECT["dependencies"], EXTRAS["lab"], EXTRAS["site"], EXTRAS["test"])
)
CONSTRAINTS = parsed(entries("constraints.txt"))


# --- one list of dependencies


def test_the_core_has_lower_bounds_only():
    for requirement in [*CORE.values(), *LAB.values()]:
        assert [s.operator for s in requirement.specifier] == [">="], str(requirement)


def test_jupyterlab_and_the_test_tools_stay_out_of_the_core():
    assert not CORE.keys() & {"jupyterlab", "notebook", "nbval", "pytest", "ipykernel"}
    assert "aecourse[lab]" in EXTRAS["site"] and "aecourse[site]" in EXTRAS["test"]


def test_what_renders_the_site_stays_out_of_the_core_and_the_lab():
    ours = SITE.keys() & {"sphinx", "myst-nb", "sphinx-book-theme", "latex2mathml"}
    assert len(ours) == 4 and not ours & (CORE | LAB).keys()


def test_nbval_is_bounded_because_the_tests_reach_into_it():
    assert not TEST["nbval"].specifier.contains("0.12")


def test_requirements_txt_is_derived():
    assert entries("requirements.txt") == ["-e .[lab]"]


@pytest.mark.parametrize("name", sorted(CORE | LAB | SITE | TEST))
def test_every_requirement_is_satisfied_by_its_constraint(name):
    (exact,) = CONSTRAINTS[name].specifier
    assert (CORE | LAB | SITE | TEST)[name].specifier.contains(exact.version)


def test_constraints_are_exact_and_serve_every_platform():
    for name, requirement in CONSTRAINTS.items():
        (exact,) = requirement.specifier
        assert exact.operator == "==" and Version(exact.version).local is None, name
        assert not name.startswith(("nvidia-", "cuda-", "triton")), name


def pythons_tested() -> str:
    """What the head of the constraints says of the Pythons that they were tested on."""
    lines = read("constraints.txt").splitlines()
    head = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    return re.search(r"Tested on .*?\. They also", head)[0]


def test_constraints_say_where_they_were_tested():
    assert "Python 3.11" in pythons_tested()


def test_constraints_hold_a_matching_pair_of_torch_and_torchvision():
    (torch,), (torchvision,) = (CONSTRAINTS[n].specifier for n in ("torch", "torchvision"))
    if version("torchvision").partition("+")[0] != torchvision.version:
        pytest.skip("another torchvision is installed")
    built_for = parsed(r for r in requires("torchvision") if "extra" not in r)["torch"]
    assert built_for.specifier.contains(torch.version)


def test_environment_yml_agrees_with_pyproject():
    environment = yaml.safe_load(read("environment.yml"))
    assert "conda-forge" in environment["channels"]
    found = parsed(line for line in environment["dependencies"] if not line.startswith("python="))
    expected = {CONDA_NAMES.get(name, name): r.specifier for name, r in (CORE | LAB).items()}
    assert {name: r.specifier for name, r in found.items() if name != "pip"} == expected


def test_binder_finds_the_version_of_python():
    """As repo2docker looks for it; what it does not find, it replaces by an older default."""
    lines = yaml.safe_load(read("environment.yml"))["dependencies"]
    found = [match[1] for line in lines if (match := re.match(r"python\s*=+\s*([\d.]+)$", line))]
    (python,) = found
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    assert python in pythons_tested()


def test_binder_has_one_thread():
    printed = run_script("start", "sh", "-c", "echo $OMP_NUM_THREADS")
    assert printed.stdout == "1\n"


@pytest.mark.parametrize(("pip", "doctor", "image"), [(0, 0, True), (0, 1, True), (1, 0, False)])
def test_a_doctor_with_a_complaint_does_not_fail_the_image(tmp_path, pip, doctor, image):
    stub = tmp_path / "python"
    stub.write_text(
        f'#!/bin/sh\necho "$*"\ncase "$*" in *pip*) exit {pip};; *doctor*) exit {doctor};; esac\n'
    )
    stub.chmod(0o755)
    built = run_script("postBuild", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (built.returncode == 0) == image
    assert re.search(r"pip install .*--no-deps --editable \.", built.stdout)
    assert ("-m aecourse doctor" in built.stdout) == (pip == 0)


def run_script(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    if shutil.which("bash") is None or os.name == "nt":
        pytest.skip("needs bash")
    return subprocess.run(
        ["bash", REPOSITORY / name, *arguments], env={**os.environ, **environment},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
@pytest.mark.parametrize("name", [".ci/run", "postBuild", "start"])
def test_scripts_can_be_executed(name):
    assert (REPOSITORY / name).stat().st_mode & stat.S_IXUSR


# --- one address


@pytest.fixture(scope="module")
def address():
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        import address
    finally:
        sys.path.pop(0)
    return address


def test_links_and_installation_lines_name_the_repository(address):
    for path in address.files():
        found = address.found(path.read_text(encoding="utf-8"))
        assert found, f"{path.name} has no link or installation line"
        assert set(found) == {address.repository()}, path.name


def first_cell(path: Path) -> str:
    return "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])


def test_every_notebook_opens_on_colab_and_binder(address):
    assert len(address.notebooks()) >= 14
    for path in address.notebooks():
        place = path.relative_to(REPOSITORY).as_posix()
        line = address.launch_line(address.repository(), place)
        _, _, second, *_ = first_cell(path).splitlines()
        assert second == line, f"{place}: run `python tools/address.py`"
        assert line.count(f"/{place})") == 2


def test_pages_show_no_badge_from_elsewhere(address):
    for path in address.notebooks():
        assert "![" not in first_cell(path), path.name


@pytest.mark.parametrize(
    "source",
    [
        "# Title\n\nPromise.\n\nMore.",
        "# Title\nPromise.\n\nMore.",
        "# Title\n\n[Open in Colab](https://x.org) · [Open on Binder](x)\n\nPromise.\n\nMore.",
        "# Title\n\nPromise.\n\n[Open in Colab](https://example.org)\n\nMore.",
    ],
)
def test_the_links_stand_once_below_the_title(address, source):
    line = address.launch_line("some-one/auto.encoders", "notebooks/deeper/01_why.ipynb")
    new = address.with_launch_line(source, line)
    assert new == f"# Title\n\n{line}\n\nPromise.\n\nMore."
    assert address.with_launch_line(new, line) == new


def test_a_cell_without_a_title_is_refused(address):
    with pytest.raises(ValueError, match="Title"):
        address.with_launch_line("Promise.", "line")


def test_a_notebook_in_another_form_is_named(address):
    text = json.dumps({"cells": [{"source": ["# Title"]}]})
    with pytest.raises(ValueError, match="a.ipynb is not in its saved form"):
        address.updated(text, "some-one/auto.encoders", "a.ipynb")


def test_the_owner_launches_a_copy_under_another_address(address, tmp_path):
    """One edit and one command, as CONTRIBUTING tells the owner; a second turn leads back."""
    for path in [*address.files(), REPOSITORY / "pyproject.toml", Path(address.__file__)]:
        copy = tmp_path / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    deeper = tmp_path / "notebooks/deeper/01_not_yet_linked.ipynb"
    deeper.parent.mkdir(exist_ok=True)
    lessons.write(deeper, new_notebook(cells=[new_markdown_cell("# Deeper 01 · Why?")]))
    before = {path: path.read_bytes() for path in address.files(tmp_path)}
    settings = tmp_path / "pyproject.toml"

    def launch(old: str, new: str) -> str:
        text = settings.read_text(encoding="utf-8")
        assert text.count(f"https://github.com/{old}") == 1
        settings.write_text(text.replace(f"github.com/{old}", f"github.com/{new}"))
        command = [sys.executable, "tools/address.py"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return run.stdout

    old, new = address.repository(), "some-one/auto.encoders"
    said = launch(old, new)
    for path in address.files(tmp_path):
        place = path.relative_to(tmp_path).as_posix()
        text = path.read_text(encoding="utf-8")
        assert f"{place}: now {new}" in said
        assert set(address.found(text)) == {new}, place
        if path.suffix == ".ipynb":
            assert address.launch_line(new, place) in first_cell(path)
    launch(new, old)
    after = {path: path.read_bytes() for path in address.files(tmp_path)}
    del before[deeper], after[deeper]
    assert after == before, "all else stays to the letter"


@pytest.mark.parametrize(
    "text",
    [
        "(https://mybinder.org/v2/gh/{}/HEAD?urlpath=lab)",
        "(https://colab.research.google.com/github/{}/blob/main/a.ipynb)",
        "    %pip install -q git+https://github.com/{}\\n",
        '"git+https://github.com/{}.git"',
        "git+https://github.com/{}",
    ],
)
def test_another_address_is_carried_everywhere(address, text):
    old, new = "some-one/auto.encoders", "aecourse/aecourse"
    assert address.found(text.format(old)) == [old]
    assert address.replaced(text.format(old), new) == text.format(new)


# --- the README and data/README.md


@pytest.fixture(scope="module")
def readme_tool():
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        import readme
    finally:
        sys.path.pop(0)
    return readme


def words(markdown: str) -> int:
    """Words that are read, tables included: no code blocks, tags, comments and addresses."""
    for pattern in (r"```.*?```", r"<!--.*?-->", r"</?\w[^>]*>", r"\]\([^)]*\)"):
        markdown = re.sub(pattern, " ", markdown, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'’.,-]*", markdown))


def test_the_readme_is_short():
    assert words("Two [words](https://example.org/no/words).\n\n```sh\nmake lab\n```") == 2
    assert 800 <= words(read("README.md")) <= 1_000


def test_the_readme_has_both_badges():
    assert "[![Binder](" in read("README.md") and "[![Colab](" in read("README.md")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_links_lead_to_files_and_headings(name):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", read(name)):
        path, _, anchor = target.partition("#")
        file = (REPOSITORY / name).parent / path if path else REPOSITORY / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(markdown: str) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", markdown, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text).strip().lower().replace(" ", "-") for text in headings}


def test_the_table_of_lessons_is_that_of_the_notebooks(readme_tool):
    readme = read("README.md")
    assert readme_tool.with_table(readme) == readme, "run `python tools/readme.py`"
    about = readme_tool.descriptions(readme)
    for path in lessons.find_lessons(REPOSITORY / "notebooks", ["lessons"]):
        place = path.relative_to(REPOSITORY).as_posix()
        assert len(about[place].split()) >= 4, f"{place}: say in the README what it is about"


def test_the_table_links_lessons_and_deeper_notebooks_and_keeps_words(readme_tool, tmp_path):
    lesson = save(toy_lesson(), tmp_path, "01_toy.ipynb")
    other = save(toy_lesson(), tmp_path, "02_other.ipynb")
    deeper = save(toy_deeper(), tmp_path / "deeper", "02_is_it_half.ipynb")
    about = {"notebooks/02_other.ipynb": "what it is about"}
    head, _, first, second = readme_tool.table([lesson, other, deeper], about, "a/b").split("\n")
    assert "| deeper |" in head
    assert "[A toy](notebooks/01_toy.ipynb)" in first and "deeper" not in first
    assert "| what it is about |" in second
    assert "[is it half](notebooks/deeper/02_is_it_half.ipynb)" in second
    colab = "https://colab.research.google.com/github/a/b/blob/main/notebooks/"
    assert f"{colab}02_other.ipynb" in second and f"{colab}deeper/02_is_it_half.ipynb" in second
    assert readme_tool.descriptions(second) == about
    assert "deeper" not in readme_tool.table([lesson, other], about, "a/b")


def headlines() -> list[tuple[str, str, list[str]]]:
    """Text, link and measured figures, which are bold, of each headline in the README."""
    _, _, rest = read("README.md").partition("\n## Three measurements\n")
    section, _, _ = rest.partition("\n## ")
    found = re.findall(r"^\* (\*\*.*?)(?=^\* |\n\n)", section, flags=re.MULTILINE | re.DOTALL)
    links = [re.findall(r"\]\(([^)#]+)", text)[-1] for text in found]
    return list(zip(found, links, [re.findall(r"\*\*([\d.]+)\*\*", text) for text in found]))


def test_the_three_headlines_have_figures():
    assert len(headlines()) == 3
    assert all(figures for _, _, figures in headlines())


def test_every_headline_figure_is_printed_where_it_leads():
    for text, link, figures in headlines():
        if link.endswith(".ipynb"):
            cells = lessons.code_cells(lessons.read(REPOSITORY / link))
            printed = [n.value for cell in cells for n in comparison.cell_numbers(cell.outputs)]
        else:
            printed = [n.value for n in comparison.numbers(read(link))]
        for number in (n for figure in figures for n in comparison.numbers(figure)):
            near = 0.5001 * number.unit
            assert any(abs(v - number.value) <= near for v in printed), (number.text, text)


def test_the_headline_of_speed_is_that_of_the_benchmark():
    duels = results.read("bench").figures["recipes"]["found"]["dense"]
    faster = median(sum(d["tutorial"]["seconds"]) / sum(d["course"]["seconds"]) for d in duels)
    (figures,) = (figures for _, link, figures in headlines() if link == "docs/measured.md")
    assert figures == [f"{faster:.0f}"]


def test_the_readme_names_commands_that_exist():
    targets = re.findall(r"^([a-z][a-z ]*):", read("Makefile"), flags=re.MULTILINE)
    targets = {name for group in targets for name in group.split()}
    # In code only: at the start of a line in a block, or behind a backtick.
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", read("README.md"), flags=re.MULTILINE))
    assert {"course", "lab", "test"} <= named <= targets
    (commands,) = (a.choices for a in build_parser()._actions if isinstance(a.choices, dict))
    for name in ("README.md", "CONTRIBUTING.md", "aecourse/course/start_here.md"):
        assert set(re.findall(r"python -m aecourse ([a-z]+)", read(name))) <= set(commands), name


def test_formulas_use_only_what_github_renders():
    """GitHub's Markdown refuses \\operatorname, and shows the formula's source in its place."""
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "data/README.md"]
    for path in [*pages, *lessons.find_lessons(REPOSITORY / "notebooks")]:
        assert "operatorname" not in path.read_text(encoding="utf-8"), f"{path}: \\mathrm instead"


def test_the_first_exercises_say_when_their_arrays_are_numpys():
    """A reader of lesson 01 does not know yet that both kinds of array occur."""
    cells = lessons.read(REPOSITORY / "notebooks/01_basics.ipynb").cells
    for prompt, stub, check in zip(cells, cells[1:], cells[2:]):
        if "exercise" in lessons.tags(stub):
            name = re.search(r'check\("(.+?)"', check.source)[1]
            probes = catalogue()[name].probes.values()
            if any(isinstance(argument, np.ndarray) for probe in probes for argument in probe):
                assert "NumPy" in prompt.source + stub.source, name


def test_data_readme_has_the_checksums():
    rows = re.findall(r"^\| `(.+?)` \| ([\d,]+) \| `(\w+)` \|$", read("data/README.md"), re.M)
    assert {name: digest for name, _, digest in rows} == DATA_FILES
    for name, size, _ in rows:
        assert (REPOSITORY / "data" / name).stat().st_size == int(size.replace(",", ""))


def test_data_readme_has_the_md5_sums_that_torchvision_knows():
    listed = re.findall(r"`([0-9a-f]{32})`", read("data/README.md"))
    names = [name for name in DATA_FILES if name.startswith("MNIST")]
    sums = [hashlib.md5((REPOSITORY / "data" / n).read_bytes()).hexdigest() for n in names]
    assert listed == sums


# --- the wheel and the editable install

IMPORT_AND_READ = """
import json, os, sys
from pathlib import Path

repository, installed = map(Path, sys.argv[1:])
# The environment may hold an editable install: the clone must not be found through it.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != repository]
import site
site.addsitedir(str(installed))
sys.path.insert(0, str(installed))

import aecourse
from aecourse import data

splits = data.mnist()
rain = data.rain_table()
print(json.dumps({
    "package": str(Path(aecourse.__file__).resolve()),
    "data": str(data.find_data().resolve()),
    "shapes": [list(part.images.shape) for part in splits],
    "rows": len(rain),
    "clone on path": str(repository) in [str(Path(p).resolve()) for p in sys.path],
}))
"""


def read_data_with(installed: Path, empty: Path) -> dict:
    """Import what lies in a folder and read the data through it, from an empty folder."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "AECOURSE_DATA")}
    empty.mkdir()
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_READ, str(REPOSITORY), str(installed)],
        cwd=empty, env=environment, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, ".")
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_data_and_licence_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in [*DATA_FILES, "README.md"]:
        assert f"aecourse/_data/{name}" in names
    for path in (REPOSITORY / "results").glob("*.json"):
        assert f"aecourse/_results/{path.name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"aecourse"}
    assert not [name for name in names if "test" in name or name.endswith("-ubyte")]


def test_the_wheel_carries_all_of_the_package(wheel):
    ours = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "aecourse").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_reads_its_data_from_an_empty_folder(wheel, tmp_path):
    installed = tmp_path / "Räume und Wörter"
    pip("install", "--no-deps", "--no-index", "--target", installed, wheel)
    found = read_data_with(installed, tmp_path / "empty")
    assert Path(found["package"]).parent == installed.resolve() / "aecourse"
    assert Path(found["data"]) == installed.resolve() / "aecourse/_data"
    assert found["shapes"] == [[50_000, 1, 28, 28], [10_000, 1, 28, 28], [10_000, 1, 28, 28]]
    assert found["rows"] == 99_516
    assert not found["clone on path"]


def test_an_editable_install_reads_the_data_of_the_clone(tmp_path):
    build = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=REPOSITORY, check=True)
    (path,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(path).extractall(tmp_path / "installed")
    assert not list((tmp_path / "installed").rglob("*.gz")), "an editable install copies no data"
    found = read_data_with(tmp_path / "installed", tmp_path / "empty")
    assert Path(found["package"]).parent == REPOSITORY / "aecourse"
    assert Path(found["data"]) == REPOSITORY / "data"
    assert found["rows"] == 99_516


# --- make and the environment: with a fake Python, so that nothing is installed

FAKE_PYTHON = r"""#!/bin/sh
# Stands for a Python of version $FAKE_VERSION; notes what it is asked to install.
case "$*" in
    *platform*) echo "3.$FAKE_VERSION.4" ;;
    *ensurepip*) [ -z "$FAKE_WITHOUT_VENV" ] ;;
    *version_info*) [ "$FAKE_VERSION" -ge 11 ] ;;
    -c*) ;;
    *"-m venv --clear"*)
        for folder; do :; done
        mkdir -p "$folder/bin"
        cp "$0" "$folder/bin/python"
        touch "$folder/pyvenv.cfg" ;;
    *"-m pip"*) echo "$*" >> "$FAKE_LOG"; exit "${FAKE_PIP:-0}" ;;
esac
"""

needs_sh = pytest.mark.skipif(shutil.which("sh") is None or os.name == "nt", reason="needs sh")


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """Run `make setup` in a copy whose path has spaces and other letters."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    clone = tmp_path / "Räume & Wörter"
    (clone / "tools").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "tools/environment.sh"):
        shutil.copy(REPOSITORY / name, clone / name)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name in "sh make cat cksum ls mkdir cp touch rm uname".split():
        (binaries / name).symlink_to(shutil.which(name))
    log = tmp_path / "log"
    log.touch()

    def call(*arguments: str, **settings: str) -> tuple[int, str, list[str]]:
        environment = {"PATH": str(binaries), "FAKE_VERSION": "12", "FAKE_LOG": str(log)}
        result = subprocess.run(
            ["make", "setup", *arguments], cwd=clone, env={**environment, **settings},
            capture_output=True, text=True, encoding="utf-8",
        )  # fmt: skip
        return result.returncode, result.stderr, log.read_text().splitlines()

    def python(name: str = "python3") -> None:
        (binaries / name).write_text(FAKE_PYTHON)
        (binaries / name).chmod(0o755)

    call.clone, call.python, call.folder = clone, python, tmp_path
    return call


@needs_sh
def test_make_installs_once_and_again_when_the_requirements_change(setup):
    setup.python()
    code, said, installs = setup()
    assert code == 0 and "Installing" in said
    assert len(installs) == 1
    assert "-c constraints.txt -e .[test]" in installs[0]
    code, said, installs = setup()
    assert (code, said, len(installs)) == (0, "", 1)
    with open(setup.clone / "constraints.txt", "a") as constraints:
        constraints.write("# changed\n")
    code, said, installs = setup()
    assert code == 0 and "Updating" in said and len(installs) == 2


@needs_sh
def test_make_tries_again_after_a_failed_installation(setup):
    setup.python()
    code, said, _ = setup(FAKE_PIP="1")
    assert code != 0 and "installation failed" in said
    code, _, installs = setup()
    assert code == 0 and len(installs) == 2


@needs_sh
def test_make_takes_another_folder_for_the_environment(setup):
    setup.python()
    elsewhere = setup.folder / "else where"
    code, _, installs = setup(f"VENV={elsewhere}")
    assert code == 0 and len(installs) == 1
    assert (elsewhere / "pyvenv.cfg").exists() and not (setup.clone / ".venv").exists()


@needs_sh
def test_make_leaves_a_folder_alone_that_is_no_environment(setup):
    setup.python()
    precious = setup.folder / "precious"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    code, said, installs = setup(f"VENV={precious}")
    assert code != 0 and "left alone" in said and not installs
    assert [path.name for path in precious.iterdir()] == ["thesis.tex"]


@needs_sh
def test_make_says_that_python_is_too_old(setup):
    setup.python()
    code, said, installs = setup(FAKE_VERSION="10")
    assert code != 0 and not installs
    assert "needs Python 3.11 or newer, and 'python3' is 3.10.4" in said


@needs_sh
def test_make_points_to_a_newer_python(setup):
    setup.python()
    setup.python("python3.13")
    text = FAKE_PYTHON.replace("$FAKE_VERSION", "10")
    (setup.folder / "bin/python3").write_text(text)
    code, said, _ = setup()
    assert code != 0 and "add PYTHON=python3.13" in said
    code, _, installs = setup("PYTHON=python3.13")
    assert code == 0 and len(installs) == 1


@needs_sh
def test_make_says_that_there_is_no_python_or_no_venv(setup):
    code, said, _ = setup()
    assert code != 0 and "There is no working 'python3'" in said
    setup.python()
    code, said, installs = setup(FAKE_WITHOUT_VENV="1")
    assert code != 0 and "python3-venv" in said and not installs


def make(*arguments: str, cwd: Path = REPOSITORY) -> str:
    """What make prints."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    # The tests may themselves be run by make, which would be heard in the answer.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env=environment, check=True,
        capture_output=True, text=True, encoding="utf-8",
    ).stdout  # fmt: skip


@needs_sh
def test_help_is_the_default_and_names_every_command():
    said = make()
    assert said.startswith("make course")
    (commands,) = re.findall(r"^\.PHONY: (.*)$", read("Makefile"), flags=re.MULTILINE)
    for name in set(commands.split()) - {"help", "setup"}:
        assert re.search(rf"^make {name} +\w", said, flags=re.MULTILINE), name


@needs_sh
def test_make_clean_keeps_the_handout_and_what_the_reader_wrote(tmp_path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    keep = ["build/lab/01_basics.ipynb", "build/handout/01_basics.ipynb", "notes/mine.txt"]
    go = ["build/site/index.html", "build/executed/run.json", "build/a b/c", "dist/x.whl",
          "aecourse/__pycache__/a.pyc"]  # fmt: skip
    for name in keep + go:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    make("clean", cwd=tmp_path)
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"Makefile", *keep}
    shutil.rmtree(tmp_path / "build")
    make("clean", cwd=tmp_path)
