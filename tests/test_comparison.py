"""The table of all autoencoders on the page of figures is that of the saved result."""

import copy
import re

import pytest
from helpers import ROOT, script

from aecourse import results
from aecourse.course import comparison as text_comparison
from aecourse.course import lessons


@pytest.fixture(scope="module")
def tool():
    return script("tools/comparison.py")


@pytest.fixture
def figures():
    return copy.deepcopy(results.read("13_which_autoencoder").figures)


@pytest.fixture
def page(tool):
    return tool.PAGE.read_text(encoding="utf-8")


def test_page_agrees_with_the_result(tool, figures, page):
    assert tool.with_table(page, figures) == page, "run `python tools/comparison.py`"


@pytest.mark.parametrize("row", ["PCA", "plain", "variational", "sparse"])
@pytest.mark.parametrize("column", ["mse", "probe", "neighbours", "denoised", "mixture"])
def test_a_changed_number_is_noticed(tool, figures, page, row, column):
    for seed in figures["rows"][row]:
        seed[column] *= 1.1
    assert tool.with_table(page, figures) != page


def test_a_changed_auroc_or_likelihood_is_noticed(tool, figures, page):
    figures["rows"]["pixels"][0]["auroc"][3] -= 0.1
    assert tool.with_table(page, figures) != page
    changed = copy.deepcopy(results.read("13_which_autoencoder").figures)
    changed["rows"]["variational"][2]["nats"] += 1
    assert tool.with_table(page, changed) != page


def test_every_row_of_the_result_is_in_the_table(tool, figures):
    assert set(tool.ROWS) == set(figures["rows"])
    lines = tool.table(figures).splitlines()
    assert len(lines) == len(figures["rows"]) + 2
    assert len({line.count("|") for line in lines}) == 1


def test_means_over_seeds_and_digits(tool):
    rows = [{"auroc": [0.5, 0.7], "mse": 1.0}, {"auroc": [0.8, 1.0], "mse": 3.0}]
    assert tool.of_each_seed(rows, "auroc") == pytest.approx([0.6, 0.9])
    assert tool.of_each_seed(rows, "mse") == [1.0, 3.0]
    assert tool.of_each_seed(rows, "nats") == []
    assert tool.largest_spread({"rows": {"a": rows, "b": rows[:1]}}, "mse") == pytest.approx(2**0.5)


def test_spread_in_decibels(tool):
    rows = [{"denoised": 0.1}, {"denoised": 0.01}]  # 10 and 20 dB
    spread = tool.largest_spread({"rows": {"a": rows}}, "denoised", tool.decibels)
    assert spread == pytest.approx(50**0.5)


def test_columns_are_explained_before_the_table_and_spreads_after_it(tool, figures, page):
    text = tool.with_table(page, figures)
    places = [text.index(part(figures)) for part in (tool.explained, tool.table, tool.spreads)]
    assert places == sorted(places)


@pytest.mark.parametrize("column, seed", [("nats", 1), ("denoised", 2), ("auroc", 0)])
def test_a_changed_spread_is_noticed(tool, figures, column, seed):
    before = tool.spreads(figures)
    row = figures["rows"]["variational"][seed]
    row[column] = [2 * v for v in row[column]] if column == "auroc" else 2 * row[column]
    assert tool.spreads(figures) != before


@pytest.mark.parametrize("marks", ["", "<!-- comparison:start -->", 2 * (
    "<!-- comparison:start --><!-- comparison:end -->")])  # fmt: skip
def test_a_page_without_its_marks_is_refused(tool, figures, marks):
    with pytest.raises(ValueError, match="marks"):
        tool.with_table(marks, figures)


def test_figures_quoted_from_other_lessons_are_printed_there():
    """Lesson 13 cites the others: each decimal stands in an output of a lesson that it links."""
    notebook = lessons.read(ROOT / "notebooks" / "13_which_autoencoder.ipynb")
    printed = {}
    for path in lessons.find_lessons(ROOT / "notebooks"):
        cells = lessons.code_cells(lessons.read(path))
        printed[path.name] = {
            abs(n.value) for cell in cells for n in text_comparison.cell_numbers(cell.outputs)
        }
    checked = 0
    for cell in notebook.cells:
        quoted = cell.metadata.get("aecourse", {}).get("quoted", [])
        if cell.cell_type != "markdown":
            continue
        linked = set(re.findall(r"\((?:deeper/)?(\d\d_\w+\.ipynb)", cell.source))
        known = set().union(*(printed[name] for name in linked)) if linked else set()
        known |= {100 * value for value in known}
        for number in quoted:
            near = 0.5001 * 10 ** -len(number.partition(".")[2])
            assert any(abs(value - float(number)) <= near for value in known), number
            assert number in cell.source, f"{number} is quoted, but not in the text"
            checked += 1
    assert checked > 10
