"""What a notebook asks of its reader: each word of the budget, and the tricks that do not help."""

import dataclasses
from pathlib import Path

import hypothesis.strategies as st
import pytest
from helpers import NOTEBOOKS
from hypothesis import given
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from toy_lesson import copied, toy_lesson

from aecourse.course import budget, lessons
from aecourse.course.budget import DEEPER, LESSON, measure, numerals, problems, prose


def text(source, *tags):
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(source, *tags, **metadata):
    return new_code_cell(source, metadata={**metadata, **({"tags": list(tags)} if tags else {})})


def notebook(*cells):
    each = [from_dict({**cell, "id": f"cell-{place}"}) for place, cell in enumerate(cells)]
    return new_notebook(cells=each)


def words_of(source):
    return budget.words(prose(source))


# --- words -----------------------------------------------------------------------------------

NO_WORDS = {
    "formula": "$z = f(x)$",
    "displayed formula": "$$\nL = \\sum_i \\text{many words here}\n$$",
    "formula on one line": "$$L = \\text{many words here}$$",
    "environment": "\\begin{align}\na &= \\text{words} \\\\\nb &= 2\n\\end{align}",
    "code span": "`import torch as words`",
    "code span with two ticks": "``a ` b``",
    "fenced code": "```python\nmany words = here\n```",
    "fenced code without a language": "~~~\nmany words\n~~~",
    "indented code": "\n\n    many words\n\n",
    "HTML comment": "<!-- many words -->",
    "HTML comment over lines": "<!-- many\nwords\n\nhere -->",
    "picture": "![many words](picture.png)",
    "HTML picture": '<img src="many words" alt="many words">',
    "address": "https://example.org/many/words",
    "address in brackets": "<https://example.org/many/words>",
    "rule": "\n\n---\n\n",
}
TABLES = {
    "table": "| many | words |\n|---|---|\n| and | more |",
    "table without outer bars": "many | words\n--- | :--:\nand | more",
    "table in a box": "> | many | words |\n> |---|---|\n> | and | more |",
    "HTML table": "<table><tr><td>many words</td></tr></table>",
}
SOME_WORDS = {
    "link": ("[two words](https://example.org/not/these)", 2),
    "link with a title": ('[two words](other.ipynb "not these")', 2),
    "link by reference": ("[two words][here]\n\n[here]: https://example.org/not-this", 2),
    "link around code": ("[the `code`](x.ipynb)", 1),
    "emphasis": ("**two** *words*", 2),
    "heading": ("## 3 Two words", 2),
    "headings of exercises": ("### Exercise 1.2 · Two", 3),
    "box": ("> **Two** words", 2),
    "list": ("- one\n- two\n  - three", 3),
    "HTML tags": ('<span style="not these">two</span> <b>words</b>', 2),
    "hyphen and apostrophe": ("t-SNE doesn't", 2),
    "numbers": ("0.1234 and 50,000", 3),
    "price": ("it costs \\$5 or \\$6", 5),
    "formula in the middle": ("where $x$ is", 2),
    "umlauts and dashes": ("Räume – und Wörter", 3),
    "time line": ("**Time**: read 9 min · run 5 s · **Builds on**: nothing", 3),
    "time line alone": ("Yes.\n\n**Time**: read 9 min", 1),
    "minutes of an exercise": ("*About 10 minutes · difficulty ★★☆*\n\nReturn it.", 2),
}


@pytest.mark.parametrize("source", [*NO_WORDS.values(), *TABLES.values()],
                         ids=[*NO_WORDS, *TABLES])  # fmt: skip
def test_formulas_code_tables_and_targets_have_no_words(source):
    assert words_of(source) == []
    assert words_of(f"before\n\n{source}\n\nafter") == ["before", "after"]


@pytest.mark.parametrize(("source", "count"), SOME_WORDS.values(), ids=SOME_WORDS)
def test_what_is_read_as_text_is_counted(source, count):
    assert len(words_of(source)) == count, words_of(source)


@pytest.mark.parametrize("source", TABLES.values(), ids=TABLES)
def test_tables_can_be_kept(source):
    assert {"many", "words"} <= set(budget.words(prose(source, tables=True)))


@given(st.lists(st.sampled_from(["word", "don't", "t-SNE", "0.5", "Wörter"]), min_size=1),
       st.sampled_from([*NO_WORDS.values(), *TABLES.values()]))  # fmt: skip
def test_words_add_up_whatever_stands_between(chosen, between):
    half = len(chosen) // 2
    source = f"{' '.join(chosen[:half])}\n\n{between}\n\n{' '.join(chosen[half:])}"
    assert len(words_of(source)) == len(chosen)


def test_what_stands_in_details_is_folded():
    cell = text("seen words\n\n<details><summary>More</summary>\n\nhidden *words* here\n\n"
                "</details>\n\nseen")  # fmt: skip
    seen, hidden = budget.shown(cell)
    assert budget.words(seen) == ["seen", "words", "seen"]
    assert budget.words(hidden) == ["More", "hidden", "words", "here"]
    tight = text("<details>\n<summary>More</summary>\nhidden\n</details>\nseen")
    assert [budget.words(part) for part in budget.shown(tight)] == [["seen"], ["More", "hidden"]]
    found = measure(notebook(cell))
    assert (found.words, found.folded_words) == (3, 4)


# --- numerals --------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "found"), [
    ("It is 0.0124, or 83 %.", ["0.0124", "83"]),
    ("from −0.5 to +3", ["−0.5", "+3"]),
    ("50,000 images, 184 bytes", ["50,000", "184"]),
    ("96 of 100 flowers", ["96", "100"]),
    ("5× faster, 1e-5, 11 to 16 s", ["5", "1e-5", "11", "16"]),
    ("In 1986 and 2014, Kingma", []),
    ("2,014 rows, 1998.5", ["2,014", "1998.5"]),
    ("28 × 28 pixels, 3×3, a net 784-128-32", []),
    ("a 32-dimensional code", []),
    ("lesson 04, lessons 07 and 08, [02](02_undercomplete.ipynb), (03, 05)", []),
    ("0.4 and 04.5", ["0.4", "04.5"]),
    ("section 2, sections 2, 3 and 4; Exercise 1.2; Figure 3, chapter 14", []),
    ("L1, t-SNE, float32, σ², 3rd, F1", []),
    ("Python 3.12", []),
    ("## 4 Which loss?", []),
    ("$x = 0.5$, `0.5`, $$0.5$$", []),
    ("| 0.5 |\n|---|\n| 0.6 |", []),
    ("[0.5](https://example.org/1312.6114)", ["0.5"]),
    ("<span title='0.7'>0.5</span>", ["0.5"]),
    ("**Time**: read 45 min · exercises 25 min · run 40 s", []),
    ("*About 10 minutes · difficulty ★★☆*", []),
    ("one half, twice, ten", []),
])  # fmt: skip
def test_numerals_are_numbers_that_are_no_years_sizes_or_places(source, found):
    assert numerals(prose(source)) == found


# --- cells -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", sorted(budget.LEFT_OUT))
def test_cells_that_are_left_out_count_nowhere(tag):
    for cell in (text("five words of some prose", tag), code("a = 1\nb = 2", tag)):
        found = measure(notebook(cell))
        assert (found.words, found.lines, found.folded_words, found.folded_lines) == (0, 0, 0, 0)


def test_folded_cells_count_as_folded():
    found = measure(notebook(
        text("### Deeper · Why?\n\nThree more words", "deeper"), code("a = 1\n\nb = 2", "deeper"),
        code("c = 3", jupyter={"source_hidden": True}),
    ))  # fmt: skip
    assert (found.words, found.lines) == (0, 0)
    assert (found.folded_words, found.folded_lines) == (5, 3)


def test_a_hidden_claims_cell_or_hint_is_left_out_and_not_folded():
    found = measure(notebook(
        code("assert x", "claims", jupyter={"source_hidden": True}),
        text("<details><summary>Hint</summary>\n\nAdd.\n\n</details>", "hint"),
    ))  # fmt: skip
    assert (found.folded_words, found.folded_lines) == (0, 0)


def test_lines_are_those_that_are_not_blank():
    found = measure(notebook(code("# why\n\n\nx = 1\n    \ny = 2\n")))
    assert (found.lines, found.longest, found.median_lines) == (3, 3, 3)


def test_minutes_of_exercises_fill_ins_and_the_quiz_add_up():
    line = "### Exercise 1.1 · Twice\n\n*About 12 minutes · difficulty ★★☆*"
    prompts = text(line), text("*About 10 minutes · difficulty ★☆☆*", "open-task")
    fill_in, quiz = code("def f(x):\n    return ...", "fill-in"), code('quiz("01", ...)', "quiz")
    assert budget.exercise_minutes(notebook(*prompts)) == 22
    assert budget.exercise_minutes(notebook(*prompts, fill_in, fill_in, quiz)) == 22 + 2 * 2 + 5
    assert budget.exercise_minutes(notebook(text("no"), code("x = 1"))) == 0


def test_minutes_and_numerals_per_100_words():
    found = measure(notebook(text("word " * 338 + "0.5 0.6"), *[code("x = 1")] * 20))
    assert found.words == 340 and found.lines == 20
    assert found.minutes == pytest.approx(4) and found.numerals_per_100_words == pytest.approx(
        100 * 2 / 340)  # fmt: skip
    assert measure(notebook()).numerals_per_100_words == 0


PART, LINE = text("And then:"), code("x = 1")


@pytest.mark.parametrize(("cells", "row"), [
    ([], 0),
    ([LINE, LINE, PART, LINE], 2),
    ([LINE, text("## A heading"), LINE], 2),
    ([LINE, text("$$x$$"), LINE, text("<!-- words -->"), LINE], 3),
    ([LINE, text("| a |\n|---|\n| b |"), LINE], 2),
    ([LINE, text("Hint", "hint"), LINE], 2),
    ([LINE, code("predict('x', ...)", "predict"), LINE, code("reveal('x')", "reveal"), LINE], 3),
    ([code("import x", "setup"), LINE, PART, code("..."), LINE], 2),
])  # fmt: skip
def test_only_prose_parts_code_cells(cells, row):
    assert measure(notebook(*cells)).row == row


@pytest.mark.parametrize(("source", "count"), [
    ("plots.show(plots.diagram(['data']), 'alt')", 1),
    ("autoencoder_diagram()", 1),
    ("plots.network([4, 2, 4])", 0),
    ("# plots.diagram()\n'diagram()'", 0),
    ("%matplotlib inline\nplots.diagram()", 1),
])  # fmt: skip
def test_diagrams_are_calls(source, count):
    assert measure(notebook(code(source))).diagrams == count
    assert measure(notebook(code(source, "deeper"))).diagrams == 0


def picture(*tags, kind="image/png"):
    cell = code("plots.show()", *tags)
    cell.outputs = [new_output("display_data", {kind: "", "text/plain": "alt"})]
    return cell


def test_screens_before_the_first_picture_count_set_up_and_prose():
    before = [text("word " * 170), code("x = 1\n" * 20, "setup"), code("x = 1\n" * 19)]
    for last in (picture(), picture(kind="application/vnd.plotly.v1+json")):
        assert measure(notebook(*before, last)).screens == pytest.approx(2)
    drawn = notebook(*before, code("pass"), text("![a net](net.png)"))
    assert measure(drawn).screens == pytest.approx(2)


@pytest.mark.parametrize("tag", ["deeper", "claims", "solution"])
def test_a_picture_that_is_not_in_view_is_none(tag):
    assert measure(notebook(picture(tag))).screens is None


# --- budgets ---------------------------------------------------------------------------------

FITS = budget.Measures(words=100, lines=10, numerals=0, folded_words=0, folded_lines=0, diagrams=1,
                       row=1, median_lines=5, longest=9, screens=1.0)  # fmt: skip


@pytest.mark.parametrize("limits", [LESSON, DEEPER])
@pytest.mark.parametrize(("field", "limit", "said"), [
    ("words", "words", "words of prose"),
    ("lines", "lines", "lines of code in view"),
    ("row", "row", "in a row"),
    ("median_lines", "median_lines", "median"),
    ("longest", "longest", "longest"),
    ("folded_words", "folded_words", "folded words"),
    ("folded_lines", "folded_lines", "folded lines"),
    ("screens", "screens", "the first picture comes after"),
])  # fmt: skip
def test_a_limit_may_be_reached_and_not_passed(limits, field, limit, said):
    most = getattr(limits, limit)
    reached = dataclasses.replace(FITS, **{field: most})
    passed = dataclasses.replace(FITS, **{field: most + 1})
    assert problems(reached, limits) == []
    (sentence,) = problems(passed, limits)
    assert said in sentence and f"{most:,}" in sentence


@pytest.mark.parametrize("limits", [LESSON, DEEPER])
def test_minutes_numerals_seconds_and_pictures_are_limited_too(limits):
    slow = dataclasses.replace(FITS, words=limits.words, lines=limits.lines)
    assert any("minutes to read" in said for said in problems(slow, limits)) == (
        slow.minutes > limits.minutes)  # fmt: skip
    dense = dataclasses.replace(FITS, numerals=limits.numerals + 1)  # in 100 words
    assert "numerals per 100 words" in problems(dense, limits)[0]
    assert problems(FITS, limits, limits.seconds) == []
    assert "seconds on one thread" in problems(FITS, limits, limits.seconds + 1)[0]
    assert problems(dataclasses.replace(FITS, screens=None), limits) == ["no picture"]


def test_a_lesson_needs_a_diagram_and_a_deeper_notebook_none():
    bare = dataclasses.replace(FITS, diagrams=0)
    assert problems(bare, DEEPER) == [] and "diagram" in problems(bare, LESSON)[0]


def test_the_folder_says_which_budget_holds():
    assert budget.budget_of(Path("notebooks/01_basics.ipynb")) is LESSON
    assert budget.budget_of(Path("notebooks/deeper/01_adam.ipynb")) is DEEPER


def test_folding_everything_is_no_way_out():
    """Whatever is hidden from the budget of words and lines is found in that of folded ones."""
    toy = copied(toy_lesson())
    before = measure(toy)
    for cell in toy.cells:
        if budget.is_in_view(cell):
            cell.metadata["tags"] = ["deeper"]
    after = measure(toy)
    assert (after.words, after.lines) == (0, 0)
    assert after.folded_words == before.words + before.folded_words
    assert after.folded_lines == before.lines + before.folded_lines
    assert "no picture" in problems(after, LESSON)


@pytest.mark.parametrize("path", lessons.find_lessons(NOTEBOOKS), ids=lessons.name)
def test_real_prose_holds_no_trace_of_formulas_code_or_addresses(path):
    for cell in lessons.read(path).cells:
        if cell.cell_type == "markdown":
            left = prose(cell.source)
            for trace in ("\\frac", "\\sum", "$$", "```", "http", ".ipynb)", "<details", "|--"):
                assert trace not in left, f"{trace} in {left[:200]!r}"
