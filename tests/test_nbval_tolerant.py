"""Saved notebooks are compared strictly enough to catch a change, and no more strictly."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import nbval_tolerant
import pytest
from toy_lesson import cell_with, copied, save, toy_deeper, toy_lesson

from aecourse.course import comparison, lessons
from aecourse.course.comparison import numbers, words


def values(text):
    return [number.value for number in numbers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loss 0.0831, 12 dead", [0.0831, 12]),
        ("1e-6 and 2.50E+03", [1e-6, 2500]),
        ("-0.5, \u22120.25, +3", [-0.5, -0.25, 3]),
        ("784-128-32", [784, 128, 32]),
        ("0.043 ± 0.009", [0.043, 0.009]),
        ("46 % of 50,000", [46, 50000]),
        ("97.1%", [97.1]),
        ("[1, 2, 3] (1,2)", [1, 2, 3, 1, 2]),
        ("tensor([1., -2., 0.5000])", [1, -2, 0.5]),
        ("[1. 2. 3.]", [1, 2, 3]),
        ("There are 8. Then 9.", [8, 9]),
        ("float32 Conv2d x2 PCA-32 σ²", [32]),
        ("28×28 3.2× 0.5s", [28, 28, 3.2, 0.5]),
        (".5 a..5", [0.5]),
        ("information, banana", []),
    ],
)
def test_numbers_are_found(text, expected):
    assert values(text) == pytest.approx(expected)


def test_nan_and_infinity_are_numbers():
    nan, positive, negative, sign = values("nan inf -inf \u2212∞")
    assert math.isnan(nan)
    assert (positive, negative, sign) == (math.inf, -math.inf, -math.inf)
    assert words("NaN and inf") == "# and #"


def test_integers_are_told_from_decimals():
    assert [n.is_integer for n in numbers("5 5.0 1. 5e3 50,000")] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_words_forget_alignment_only():
    assert words("a   9.99 |\n------\n") == words(" a 10.01 |\n-----")
    assert words("good 1") != words("bad 1")


def cell(text, tolerances=None, tags=()):
    metadata = {"tags": list(tags)}
    if tolerances is not None:
        metadata["aecourse"] = {"tolerances": tolerances}
    return nbformat.v4.new_code_cell("", metadata=metadata, outputs=outputs(text))


def outputs(*texts, name="stdout"):
    return [nbformat.v4.new_output("stream", name=name, text=text) for text in texts]


@pytest.mark.parametrize(
    ("saved", "new", "settings"),
    [
        ("loss 0.9996", "loss 1.0001", {}),
        ("1e-12", "0.0", {}),
        ("nan inf 5", "nan inf 5", {}),
        ("0.100", "0.104", {"tags": ["rtol=0.05"]}),
        ("12 dead, 0.1213", "14 dead, 0.1240", {"tolerances": [6, 0.008]}),
        ("-0.000", "0.000", {}),
        ("a  9.998\n", "a 10.001\n", {}),
    ],
)
def test_what_agrees(saved, new, settings):
    assert comparison.differences(cell(saved, **settings), outputs(new)) == []


@pytest.mark.parametrize(
    ("saved", "new", "settings", "message"),
    [
        ("0.1234", "0.1250", {}, "saved 0.1234, now 0.1250 (tolerance 0.00062)"),
        ("8 dead", "9 dead", {}, "saved 8, now 9 (tolerance 0)"),
        ("100,000", "100,001", {}, "saved 100,000, now 100,001"),
        ("10000.", "10001.", {}, "saved 10000"),
        ("good 1", "bad 1", {}, "saved 'good 1', now 'bad 1'"),
        ("1 2", "1 2 3", {}, "words differ"),
        ("a\nb", "a\nb\nc", {}, "2 lines, now 3"),
        ("", "more", {}, "saved 0 text outputs, now 1"),
        ("less", "", {}, "saved 1 text outputs, now 0"),
        ("nan", "0.5", {}, "saved nan"),
        ("inf", "-inf", {}, "saved inf"),
        ("0.5", "-0.5", {}, "saved 0.5, now -0.5"),
        ("8 dead 0.5", "8 dead 0.9", {"tolerances": [0, 0.1]}, "tolerance 0.1"),
        ("8 dead 0.5", "9 dead 0.5", {"tolerances": [0, 0.1]}, "saved 8, now 9"),
        ("0.5", "0.5", {"tolerances": [0.1, 0.1]}, "make tolerances"),
        ("7", "8", {"tags": ["rtol=0.5"]}, "saved 7, now 8"),
    ],
)
def test_what_differs(saved, new, settings, message):
    found = comparison.differences(cell(saved, **settings), outputs(new))
    assert len(found) == 1 and message in found[0]


def test_stderr_pictures_and_html_are_not_compared():
    shown = nbformat.v4.new_output("display_data", data={"image/png": "x", "text/plain": "alt"})
    other = nbformat.v4.new_output(
        "display_data", data={"image/png": "y", "text/html": "<b>", "text/plain": "alt"}
    )
    saved = nbformat.v4.new_code_cell("", outputs=[shown])
    assert comparison.differences(saved, [*outputs("noise", name="stderr"), other]) == []


def test_streams_are_compared_as_a_terminal_shows_them():
    assert comparison.differences(cell("a 1\nb\n"), outputs("x\r", "a 1\n", "b\n")) == []


# --- whole notebooks, through pytest and nbval -----------------------------------------------


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What pytest says of an unchanged lesson and of each change: all in one run of pytest."""
    folder = tmp_path_factory.mktemp("lessons")
    for name, (alter, _) in CHANGES.items():
        notebook = copied(toy_lesson())
        alter(notebook)
        save(notebook, folder, f"{name.replace(' ', '_')}.ipynb")
    deeper = toy_deeper()
    here_is = "import os\nprint(os.path.basename(os.getcwd()))"
    deeper.cells[-1:] = [nbformat.v4.new_code_cell(here_is, execution_count=4, outputs=[
        nbformat.v4.new_output("stream", text="deeper\n")])]  # fmt: skip
    save(deeper, folder / "deeper", "01_half.ipynb")
    (folder / "pytest.ini").write_text("[pytest]\n")
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "nbval_tolerant", "-v",
               "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no", "."]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def set_saved(notebook, source, text):
    cell_with(notebook, source).outputs[0].text = text


AROUND = {
    "source": "from IPython.display import display\nprint(1)\ndisplay('between')\nprint(2)",
    "outputs": [
        nbformat.v4.new_output("stream", text="1\n"),
        nbformat.v4.new_output("display_data", data={"text/plain": "'between'"}),
        nbformat.v4.new_output("stream", text="2\n"),
    ],
}
CHANGES = {
    "nothing": (lambda n: None, None),
    "a long silence": (lambda n: cell_with(n, "value_3").update(
                        source="import time\ntime.sleep(6)"), None),  # nbval alone allows 5 s
    "text around a figure": (lambda n: cell_with(n, "value_3").update(AROUND), None),
    "a number": (lambda n: set_saved(n, "loss {loss", "loss 0.1334\n"),
                 "saved 0.1334, now 0.1234 (tolerance 0.00067)"),
    "a word": (lambda n: set_saved(n, "loss {loss", "gain 0.1234\n"), "saved 'gain 0.1234'"),
    "an integer": (lambda n: set_saved(n, "dead units", "50,001 images, 8 dead units, 25.0%\n"),
                   "saved 50,001, now 50,000"),
    "a text alternative": (lambda n: cell_with(n, "subplots").outputs[0].data.update(
                            {"text/plain": "Another figure."}), "saved 'Another figure.'"),
    "an additional output": (lambda n: cell_with(n, "loss {loss").update(
                              source='loss, images, units = 0.1234, 50_000, 8\n'
                                     'print(f"loss {loss:.4f}")\n"more"'),
                             "only in the new run: \"'more'\""),
    "missing outputs": (lambda n: cell_with(n, "loss {loss").update(outputs=[]),
                        "saved 0 text outputs, now 1"),
    "not executed": (lambda n: cell_with(n, "loss {loss").update(outputs=[], execution_count=None),
                     "saved with execution count None, not 2"),
    "an error": (lambda n: cell_with(n, "value_3").update(source="1 / 0"), "ZeroDivisionError"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_caught(change, reports):
    name, message = change.replace(" ", "_"), CHANGES[change][1]
    cells = re.findall(rf"^{name}\W+ipynb::Cell \d+ ([A-Z]+)", reports, re.MULTILINE)
    assert len(cells) == len(lessons.code_cells(toy_lesson()))
    if message is None:
        assert set(cells) == {"PASSED"}
        return
    assert cells.count("FAILED") == 1  # and not the cells after it
    assert f"{name}, cell [" in reports and message in reports


def test_deeper_notebooks_are_collected_and_run_in_their_own_folder(reports):
    cells = re.findall(r"^deeper\W+01_half\W+ipynb::Cell \d+ ([A-Z]+)", reports, re.MULTILINE)
    assert cells == ["PASSED"] * len(lessons.code_cells(toy_deeper()))


def test_cells_after_an_error_are_skipped(reports):
    cells = re.findall(r"^an_error\W+ipynb::Cell \d+ ([A-Z]+)", reports, re.MULTILINE)
    after = cells[cells.index("FAILED") + 1 :]
    assert set(after) == {"SKIPPED"}


def test_cells_are_limited_to_ten_minutes(pytestconfig):
    assert pytestconfig.option.nbval_cell_timeout == nbval_tolerant.CELL_TIMEOUT == 600
