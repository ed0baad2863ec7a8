"""The reader's copy of the lessons: what the reader wrote is never lost, and news arrive."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from toy_lesson import save, toy_deeper, toy_lesson

from aecourse.__main__ import main
from aecourse.course import lab, lessons

ROOT = Path(__file__).resolve().parents[1]
NAME = "02_tables.ipynb"
NAMES = [NAME, "deeper/02_gaps.ipynb"]


@pytest.fixture(autouse=True, scope="module")
def jupyter_elsewhere(tmp_path_factory):
    """Signatures are kept in a folder of these tests, not in the home of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("jupyter")
        for name in ("DATA", "CONFIG", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name))
        for name in ("SETTINGS", "WORKSPACES"):
            patch.setenv(f"JUPYTERLAB_{name}_DIR", str(folder / name))
        yield folder


def notebook(*sources: str, output: str = "") -> bytes:
    outputs = [new_output("stream", text=output)] if output else []
    cells = [new_code_cell(s, id=f"cell-{i}", outputs=outputs) for i, s in enumerate(sources)]
    return nbformat.writes(new_notebook(cells=cells)).encode()


def with_cell(content: bytes, source: str) -> bytes:
    """A notebook with one more cell, as a reader adds it."""
    found = nbformat.reads(content.decode(), as_version=4)
    found.cells.append(new_code_cell(source))
    return nbformat.writes(found).encode()


def with_output(content: bytes, text: str) -> bytes:
    """A notebook after it was run."""
    found = nbformat.reads(content.decode(), as_version=4)
    for count, cell in enumerate(lessons.code_cells(found), 1):
        cell.outputs, cell.execution_count = [new_output("stream", text=text)], count
    found.metadata["language_info"] = {"name": "python", "version": "3"}
    return nbformat.writes(found).encode()


def state(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*.ipynb"))}  # fmt: skip


# --- any order of edits and updates ----------------------------------------------------------


class CourseAndReader(RuleBasedStateMachine):
    """The course changes, the reader writes, runs, renames and deletes; in between: updates."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.course: dict[str, bytes] = {}
        self.answers: set[str] = set()  # what the reader wrote, and did not throw away
        self.used: set[str] = set()  # states that the reader wrote in, or threw away
        self.count = 0
        self.current = True  # no change since the last update

    def teardown(self):
        shutil.rmtree(self.folder)

    def a_file(self, number: int) -> Path:
        files = sorted(self.folder.rglob("*.ipynb"))
        return files[number % len(files)]

    def has_files(self) -> bool:
        return any(self.folder.rglob("*.ipynb"))

    @rule(name=st.sampled_from(NAMES), version=st.integers(0, 3), output=st.integers(0, 2))
    def the_course_changes(self, name, version, output):
        self.course[name] = notebook(f"{name} = {version}", output=str(output))
        self.current = False

    @precondition(has_files)
    @rule(number=st.integers(0, 9), damaged=st.booleans())
    def the_reader_writes(self, number, damaged):
        path = self.a_file(number)
        self.count += 1
        answer = f"answer_{self.count}_of_the_reader"
        old = path.read_bytes()
        self.used.add(lab.Version.of(old).written)
        try:
            path.write_bytes(old + answer.encode() if damaged else with_cell(old, answer))
        except nbformat.reader.NotJSONError:  # damaged before
            path.write_bytes(old + answer.encode())
        self.answers.add(answer)
        self.current = False

    @precondition(has_files)
    @rule(number=st.integers(0, 9), text=st.text("ab", min_size=1))
    def the_reader_runs(self, number, text):
        path = self.a_file(number)
        try:
            path.write_bytes(with_output(path.read_bytes(), text))
        except nbformat.reader.NotJSONError:
            pass

    @precondition(has_files)
    @rule(number=st.integers(0, 9))
    def the_reader_deletes(self, number):
        path = self.a_file(number)
        content = path.read_bytes()
        self.used.add(lab.Version.of(content).written)
        path.unlink()
        rest = b"".join(state(self.folder).values())
        self.answers = {a for a in self.answers if a.encode() in rest}
        self.current = False

    @precondition(has_files)
    @rule(number=st.integers(0, 9))
    def the_reader_renames(self, number):
        self.count += 1
        path = self.a_file(number)
        path.rename(path.with_name(f"mine {self.count}.ipynb"))
        self.current = False

    @rule(damage=st.sampled_from([None, "", "[1, 2]", '{"02_tables.ipynb": 3}']))
    def the_record_is_lost(self, damage):
        (self.folder / lab.RECORD).unlink(missing_ok=True)
        if damage is not None:
            (self.folder / lab.RECORD).write_text(damage)
        self.current = False

    @rule()
    def update(self):
        lab.update(self.course, self.folder)
        after = state(self.folder)
        assert lab.update(self.course, self.folder) == [], "a second update says something"
        assert state(self.folder) == after, "a second update changes something"
        self.current = True

    @invariant()
    def no_answer_is_lost(self):
        everything = b"".join(state(self.folder).values())
        assert all(answer.encode() in everything for answer in self.answers)

    @invariant()
    def the_newest_lessons_are_there(self):
        if self.current:
            there = {lab.Version.of(content).written for content in state(self.folder).values()}
            for name, content in self.course.items():
                assert (self.folder / name).exists()
                assert lab.Version.of(content).written in there | self.used


TestCourseAndReader = CourseAndReader.TestCase
TestCourseAndReader.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, derandomize=True
)


# --- single cases ----------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """A folder in which the first version lies."""
    lab.update({NAME: notebook("a = 1", output="1")}, tmp_path)
    return tmp_path


def test_the_first_copy_is_the_lesson_to_the_letter(copy):
    assert state(copy) == {NAME: notebook("a = 1", output="1")}


def test_a_lesson_that_was_only_run_follows_the_course_without_a_word(copy):
    (copy / NAME).write_bytes(with_output((copy / NAME).read_bytes(), "2"))
    assert lab.update({NAME: notebook("a = 3")}, copy) == []
    assert state(copy) == {NAME: notebook("a = 3")}


def test_results_of_the_reader_stay_while_the_lesson_is_the_same(copy):
    run = with_output((copy / NAME).read_bytes(), "2")
    (copy / NAME).write_bytes(run)
    assert lab.update({NAME: notebook("a = 1", output="1")}, copy) == []
    assert state(copy) == {NAME: run}


def test_a_changed_lesson_comes_beside_answers_once_and_says_so(copy):
    answered = with_cell((copy / NAME).read_bytes(), "mine = 42")
    (copy / NAME).write_bytes(answered)
    (said,) = lab.update({NAME: notebook("a = 3")}, copy)
    assert NAME in said and "02_tables (new).ipynb" in said and "stays" in said
    assert state(copy) == {NAME: answered, "02_tables (new).ipynb": notebook("a = 3")}
    (copy / "02_tables (new).ipynb").unlink()
    assert lab.update({NAME: notebook("a = 3")}, copy) == [] and state(copy) == {NAME: answered}


def test_answers_in_a_new_one_are_kept_when_a_newer_one_comes(copy):
    new, newer = "02_tables (new).ipynb", "02_tables (new 2).ipynb"
    (copy / NAME).write_bytes(with_cell((copy / NAME).read_bytes(), "mine = 42"))
    lab.update({NAME: notebook("a = 3")}, copy)
    lab.update({NAME: notebook("a = 4")}, copy)
    assert state(copy)[new] == notebook("a = 4"), "nobody wrote in it: it follows"
    answered = with_cell((copy / new).read_bytes(), "mine = 43")
    (copy / new).write_bytes(answered)
    (said,) = lab.update({NAME: notebook("a = 5")}, copy)
    assert newer in said
    assert state(copy)[new] == answered and state(copy)[newer] == notebook("a = 5")


def test_new_results_alone_are_no_reason_for_a_second_file(copy):
    answered = with_cell((copy / NAME).read_bytes(), "mine = 42")
    (copy / NAME).write_bytes(answered)
    assert lab.update({NAME: notebook("a = 1", output="1.0001")}, copy) == []
    assert state(copy) == {NAME: answered}


@pytest.mark.parametrize("change", [
    lambda n: n.cells[0].update(source="a = 2"),
    lambda n: n.cells.append(new_markdown_cell("My notes")),
    lambda n: n.cells.append(new_markdown_cell("", attachments={"a.png": {"image/png": "AA=="}})),
    lambda n: n.cells.pop(),
])  # fmt: skip
def test_what_counts_as_written(change):
    old = notebook("a = 1", "b = 2")
    changed = nbformat.reads(old.decode(), as_version=4)
    change(changed)
    new = nbformat.writes(changed).encode()
    assert lab.Version.of(new).written != lab.Version.of(old).written
    assert lab.Version.of(with_output(old, "3")).written == lab.Version.of(old).written


# --- trust -----------------------------------------------------------------------------------


def is_signed(path: Path) -> bool:
    return NotebookNotary().check_signature(nbformat.read(path, as_version=4))


def test_copies_are_signed_and_what_the_reader_brings_is_not(copy):
    assert is_signed(copy / NAME)
    foreign = notebook("open('secrets')", output="<script>")
    (copy / "foreign.ipynb").write_bytes(foreign)
    (copy / NAME).write_bytes(with_output(with_cell((copy / NAME).read_bytes(), "x"), "<script>"))
    lab.update({NAME: notebook("a = 3", output="3")}, copy)
    assert not is_signed(copy / "foreign.ipynb") and not is_signed(copy / NAME)
    assert is_signed(copy / "02_tables (new).ipynb")


def test_a_home_that_cannot_be_written_to_does_not_stop_the_copy(tmp_path, monkeypatch):
    def refuses(self, notebook):
        raise PermissionError("read-only file system")

    monkeypatch.setattr(NotebookNotary, "sign", refuses)
    lab.update({NAME: notebook("a = 1")}, tmp_path)
    assert (tmp_path / NAME).exists()


# --- the start page --------------------------------------------------------------------------


def page_text(files: dict[str, bytes]) -> str:
    (cell,) = nbformat.reads(lab.start_page(files).decode(), as_version=4).cells
    return cell.source


def test_the_start_page_lists_every_lesson_with_title_and_time():
    files = lab.course_files(ROOT / "notebooks")
    del files[lab.START]
    text = page_text(files)
    for path in lessons.find_lessons(ROOT / "notebooks"):
        name = path.relative_to(ROOT).as_posix()
        content = files[name]
        found = nbformat.reads(content.decode(), as_version=4)
        head = "\n\n".join(cell.source for cell in found.cells[:2])
        (needed,) = re.findall(r"\*\*Time\*\*: ((?:\w+ \d+ \w+(?: · )?)+)", head)
        title = lessons.title(found).removeprefix("Deeper ")
        assert f"| [{title}]({name}) | {needed.removesuffix(' · ')} |" in text
    for word in ("your own copy", "Run All", "check", "NumPy", "•••", "make doctor", "shield"):
        assert word in text


def test_every_link_of_the_copy_leads_to_a_file_of_the_copy():
    files = lab.course_files(ROOT / "notebooks")
    assert "notebooks/01_basics.ipynb" in files
    for name, content in files.items():
        for target in re.findall(rb"\]\((?!https?:)([\w./-]+\.(?:ipynb|md|png|svg))\b", content):
            place = os.path.normpath(Path(name).parent / target.decode())
            assert place in files, f"{name} links {target.decode()}"


def test_the_start_page_tells_deeper_notebooks_apart():
    lesson, deeper = (nbformat.writes(toy()).encode() for toy in (toy_lesson, toy_deeper))
    text = page_text({"notebooks/01_toy.ipynb": lesson, "notebooks/deeper/01_half.ipynb": deeper})
    row = "| [01 · Is half of a loss a loss?](notebooks/deeper/01_half.ipynb) | read 2 min |"
    assert text.index("01_toy.ipynb") < text.index("## Deeper") < text.index(row)
    assert "Deeper" not in page_text({"notebooks/01_toy.ipynb": lesson})


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one lesson and a deeper notebook, as the working directory."""
    save(toy_lesson(), tmp_path / "notebooks")
    save(toy_deeper(), tmp_path / "notebooks/deeper", "01_question.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_copies_and_says_where(course, capsys):
    assert main(["lab", "--copy-only"]) == 0
    folder = course / "build/lab"
    assert str(folder) in capsys.readouterr().out
    assert set(state(folder)) == {
        lab.START, "notebooks/01_toy.ipynb", "notebooks/deeper/01_question.ipynb"
    }
    assert main(["lab", "--copy-only", "--output", str(course / "a b")]) == 0
    assert set(state(course / "a b")) == set(state(folder))


def test_the_command_opens_the_copy_on_the_start_page(course, monkeypatch):
    from jupyterlab.labapp import LabApp

    started = []
    monkeypatch.setattr(LabApp, "launch_instance", started.append)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "to be put back after this test")
    monkeypatch.delenv("JUPYTER_PREFER_ENV_PATH")
    assert main(["lab", "--", "--no-browser"]) == 0
    (arguments,) = started
    assert f"--ServerApp.root_dir={course / 'build/lab'}" in arguments
    assert f"--LabApp.default_url=/lab/tree/{lab.START}" in arguments
    assert arguments[-1] == "--no-browser"
    kernels = os.environ
    assert kernels["PYTHONPATH"].split(os.pathsep) == [str(ROOT), "/elsewhere"]
    assert kernels["JUPYTER_PREFER_ENV_PATH"] == "1"


def test_a_folder_that_cannot_be_written_to_is_named(course, capsys):
    (course / "file").write_text("in the way")
    assert main(["lab", "--copy-only", "--output", str(course / "file/lab")]) == 1
    assert "Cannot write" in capsys.readouterr().err


def test_without_jupyterlab_it_says_what_to_install(course, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    assert main(["lab"]) == 1
    assert "pip install" in capsys.readouterr().err
    assert (course / "build/lab/notebooks/01_toy.ipynb").exists()


def test_jupyterlab_itself_opens_trusts_and_saves_the_copy(course, jupyter_elsewhere):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "aecourse", "lab", "--", "--no-browser", "--allow-root",
               f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open(jupyter_elsewhere / "log", "w+") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            assert answer(address, server, log).endswith(f"/lab/tree/{lab.START}")
            lesson = json.loads(ask(f"{address}/api/contents/notebooks/01_toy.ipynb"))
            code = [c for c in lesson["content"]["cells"] if c["cell_type"] == "code"]
            assert all(cell["metadata"]["trusted"] for cell in code)
            ask(f"{address}/api/contents/notebooks/01_toy.ipynb", lesson)  # as autosave does
        finally:
            server.terminate()
            server.wait(20)
    copied = course / "build/lab/notebooks/01_toy.ipynb"
    record = json.loads((course / "build/lab" / lab.RECORD).read_text())
    assert lab.Version.of(copied.read_bytes()).written == record["notebooks/01_toy.ipynb"][1]


def ask(address: str, saved: dict | None = None) -> str:
    body = json.dumps(saved).encode() if saved else None
    request = Request(address, body, {"Authorization": "token secret"}, method="PUT" if body else
                      "GET")  # fmt: skip
    with urlopen(request, timeout=20) as reply:
        return reply.read().decode() if "/api/" in address else reply.url


def answer(address: str, server: subprocess.Popen, log) -> str:
    """Where the server leads a browser, once it is up."""
    for _ in range(240):
        try:
            return ask(f"{address}/?token=secret").partition("?")[0]
        except OSError:
            assert server.poll() is None, f"it ended: {log.seek(0)} {log.read()}"
            time.sleep(0.25)
    raise AssertionError("no answer within a minute")
