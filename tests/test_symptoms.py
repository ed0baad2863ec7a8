"""The symptoms that lesson 13 collects are those of all lessons."""

import re

import nbformat
import pytest
from helpers import ROOT, script

from aecourse.course import lessons

NOTEBOOKS = lessons.find_lessons(ROOT / "notebooks", ["lessons"])


@pytest.fixture(scope="module")
def tool():
    return script("tools/symptoms.py")


@pytest.fixture
def lesson():
    return lessons.read(ROOT / "notebooks" / "13_which_autoencoder.ipynb")


def notebook(*sources, tag=None):
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    cells[-1].metadata["tags"] = [tag] if tag else []
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 99 Toy"), *cells])


def test_lesson_agrees_with_the_other_lessons(tool, lesson):
    saved = nbformat.writes(lesson)
    now = nbformat.writes(tool.with_symptoms(lesson, tool.collected()))
    assert now == saved, "run `python tools/symptoms.py`"


def test_every_lesson_contributes(tool, lesson):
    (cell,) = lessons.cells(lesson, tool.TAG)
    for path in NOTEBOOKS:
        assert cell.source.count(f"[{path.stem[:2]}]({path.name})") >= 3, path.stem


def test_sections_that_are_named_exist(tool):
    for path in NOTEBOOKS:
        read = lessons.read(path)
        headings = re.findall(r"^## (\d+) ", "\n".join(c.source for c in read.cells), re.MULTILINE)
        for *_, section in tool.rows(read):
            assert set(re.findall(r"\d+", section)) <= set(headings), (path.stem, section)


TABLE = "## Symptom → cause\n\n| s | c | c | s |\n|---|---|---|---|\n| grey | mean | sum | 9 |\n"


def test_rows_are_read_up_to_the_next_section(tool):
    wanted = [["grey", "mean", "sum", "9"]]
    assert tool.rows(notebook(TABLE)) == wanted
    assert tool.rows(notebook(TABLE.replace("## ", "## 11 "))) == wanted
    assert (
        tool.rows(notebook(TABLE + "\n## Summary\n\n| a | b |\n|---|---|\n| c | d |\n")) == wanted
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("## Summary", "no section"),
        ("## Symptom → cause\n\nNone.", "no table"),
        (TABLE + "| black | too high |\n", "four columns"),
    ],
)
def test_a_lesson_without_its_table_is_refused(tool, source, message):
    with pytest.raises(ValueError, match=message):
        tool.rows(notebook(source))


def test_a_changed_row_is_noticed(tool, lesson):
    before = nbformat.writes(lesson)
    table = tool.collected().replace("finite differences", "a friend")
    assert nbformat.writes(tool.with_symptoms(lesson, table)) != before


def test_decimals_are_noted_as_quoted(tool):
    table = "| BCE stays at 0.693 | 17 dead | Δ −0.25 | [02](02_x.ipynb), 9 |"
    holder = notebook("<!-- symptoms:start --><!-- symptoms:end -->", tag=tool.TAG)
    (cell,) = lessons.cells(tool.with_symptoms(holder, table), tool.TAG)
    assert cell.metadata.aecourse.quoted == ["0.25", "0.693"]
    assert table in cell.source


@pytest.mark.parametrize("source", ["nothing", "<!-- symptoms:start -->"])
def test_a_lesson_without_the_marks_is_refused(tool, source):
    with pytest.raises(ValueError, match="marks"):
        tool.with_symptoms(notebook(source, tag=tool.TAG), "| table |")
