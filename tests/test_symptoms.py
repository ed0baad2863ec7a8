"""The page of symptoms holds those of all lessons, with links to sections that exist."""

import re

import nbformat
import pytest
from helpers import ROOT, script

from aecourse.course import lessons

NOTEBOOKS = lessons.find_lessons(ROOT / "notebooks", ["lessons"])


@pytest.fixture(scope="module")
def tool():
    return script("tools/symptoms.py")


@pytest.fixture(scope="module")
def page(tool):
    return tool.PAGE.read_text(encoding="utf-8")


def notebook(*sources):
    cells = [nbformat.v4.new_markdown_cell(source) for source in ("# 99 Toy", *sources)]
    return nbformat.v4.new_notebook(cells=cells)


def test_page_agrees_with_the_lessons(tool, page):
    assert tool.with_symptoms(page, tool.collected()) == page, "run `python tools/symptoms.py`"


def test_every_row_of_every_lesson_is_there_once(tool, page):
    for path in NOTEBOOKS:
        for *columns, _ in tool.rows(lessons.read(path)):
            assert page.count(f"| {' | '.join(columns)} |") == 1, path.stem


def test_every_row_links_its_own_lesson(page):
    tables = re.split(r"^## (\d\d) ", page, flags=re.MULTILINE)[1:]
    assert tables[::2] == [path.stem[:2] for path in NOTEBOOKS]
    for number, table in zip(tables[::2], tables[1::2], strict=True):
        rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
        assert len(rows) >= 3
        assert all(f"](../notebooks/{number}_" in row.split("|")[-2] for row in rows)


def test_a_lesson_leads_to_the_page():
    source = lessons.read(ROOT / "notebooks" / "13_which_autoencoder.ipynb")
    assert any("](../docs/symptoms.md)" in cell.source for cell in source.cells)


TABLE = "## Symptom → cause\n\n| s | c | c | s |\n|---|---|---|---|\n| grey | mean | sum | 9 |\n"


def test_rows_are_read_up_to_the_next_section(tool):
    wanted = [["grey", "mean", "sum", "9"]]
    assert tool.rows(notebook(TABLE)) == wanted
    assert tool.rows(notebook(TABLE.replace("## ", "## 11 "))) == wanted
    further = "\n## Summary\n\n| a | b |\n|---|---|\n| c | d |\n"
    assert tool.rows(notebook(TABLE + further)) == wanted


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


def test_sections_are_linked_by_their_number(tool):
    toy = notebook("## 3 Sum, or mean?\n\nText.", "## 12 What goes wrong: `fit`", "## Summary")
    assert tool.linked("3, 12", toy, "99_toy.ipynb") == (
        "[3](../notebooks/99_toy.ipynb#3-sum-or-mean), "
        "[12](../notebooks/99_toy.ipynb#12-what-goes-wrong-fit)"
    )


def test_a_section_that_is_not_there_is_named(tool):
    with pytest.raises(ValueError, match="no section 4"):
        tool.linked("3, 4", notebook("## 3 Sum\n\n```\n## 4 a comment\n```"), "99_toy.ipynb")


def test_a_changed_row_is_noticed(tool, page):
    tables = tool.collected()
    changed = tables.replace("finite differences", "a friend")
    assert changed != tables and tool.with_symptoms(page, changed) != page


@pytest.mark.parametrize("page", ["nothing", "<!-- symptoms:start -->"])
def test_a_page_without_the_marks_is_refused(tool, page):
    with pytest.raises(ValueError, match="marks"):
        tool.with_symptoms(page, "| table |")
