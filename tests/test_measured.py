"""The page of figures: what lessons print, and what their last measured runs took."""

import json
import re

import pytest
from helpers import ROOT, script

from aecourse.course import comparison, lessons

ROWS = re.findall(
    r"^\| \[\d\d\]\(\.\./notebooks/(\w+)\.ipynb\) \| (.+) \|$",
    (ROOT / "docs" / "measured.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def tool():
    return script("tools/run_times.py")


@pytest.fixture
def runs(tool):
    return json.loads(tool.RECORD.read_text(encoding="utf-8"))


# --- what the lessons show


def known_numbers(name):
    """What a lesson prints, states in code, or quotes from others."""
    notebook = lessons.read(ROOT / "notebooks" / f"{name}.ipynb")
    texts = [cell.source for cell in notebook.cells]
    found = {abs(n.value) for text in texts for n in comparison.numbers(text)}
    for cell in lessons.code_cells(notebook):
        found |= {abs(n.value) for n in comparison.cell_numbers(cell.outputs)}
    return found | {100 * value for value in found}


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_each_decimal_is_in_its_lesson(name, row):
    known = known_numbers(name)
    decimals = [n for n in comparison.numbers(re.sub(r"\]\([^)]*\)", "]", row)) if "." in n.text]
    for number in decimals:
        near = 0.5001 * number.unit
        assert any(abs(value - abs(number.value)) <= near for value in known), number.text


def test_most_lessons_have_a_row():
    assert len({name for name, _ in ROWS}) >= 10


# --- what a notebook takes


def test_page_agrees_with_the_record(tool, runs):
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.with_table(page, runs) == page, "run `python tools/run_times.py`"


def test_every_lesson_was_measured(runs):
    measured = {run["lesson"] for run in runs}
    assert measured >= {path.stem for path in lessons.find_lessons(only=["lessons"])}


def test_a_changed_time_is_noticed(tool, runs):
    page = tool.PAGE.read_text(encoding="utf-8")
    runs[3]["seconds"] += 1
    assert tool.with_table(page, runs) != page


def test_memory_may_be_unknown(tool, runs):
    runs[0]["megabytes"] = None
    assert tool.table(runs[:1], ROOT / "notebooks").splitlines()[2].endswith("| 1 | – |")


def test_a_notebook_that_is_gone_is_named(tool, runs):
    runs[0]["lesson"] = "99_gone"
    with pytest.raises(lessons.LessonError, match="99_gone.*--record"):
        tool.table(runs, ROOT / "notebooks")
