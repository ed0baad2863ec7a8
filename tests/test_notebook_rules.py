"""What every saved lesson looks like; and proof that each rule catches a lesson that breaks it."""

import ast
import re
import statistics
import tomllib
from pathlib import Path

import pytest
from toy_lesson import cell_with, copied, toy_lesson

from aecourse.course import comparison, lessons

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"][
    "Repository"
]

SIZE_LIMIT = 1_000_000  # bytes; GitHub stops rendering near 2 MB
WORDS = range(1_500, 4_001)
CODE_CELLS = range(15, 46)
MOST_LINES, MEDIAN_LINES, LINE_LENGTH = 40, 15, 88
CLOSING = ["Summary", "Questions people ask", "Further reading"]
BOXES = ["Predict, then run", "Often said", "Measured here"]
OWN_PATH = re.compile(r"(?<![\w.:/<])/(?!/)[\w.-]+/[\w.-]+|\b[A-Z]:\\|ipykernel_\d+")
CLAIMS_LINE = re.compile(r"# The claims of this (lesson|notebook), asserted: open to read them\n")
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}", re.IGNORECASE)


# --- reading ---------------------------------------------------------------------------------


def markdown_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def outputs(notebook):
    return [output for cell in lessons.code_cells(notebook) for output in cell.outputs]


def prose(source):
    """Markdown without code, formulas, links, HTML tags and the numbers of exercises."""
    for pattern in (
        r"```.*?```",
        r"\$\$.*?\$\$",
        r"\\begin\{.*?\\end\{\w+\*?\}",
        r"`[^`]*`",
        r"(?<![\\$])\$[^$]+\$",
        r"!?\[[^\]]*\]\([^)]*\)",
        r"https?://\S+",
        r"<[^>]+>",
        r"[Ee]xercises? \d+\.\d+",
    ):
        source = re.sub(pattern, " ", source, flags=re.DOTALL)
    return source


def headings(notebook):
    text = "\n".join(re.sub(r"```.*?```", "", c.source, flags=re.DOTALL)
                     for c in markdown_cells(notebook))  # fmt: skip
    return re.findall(r"^##\s+(.+?)\s*$", text, re.MULTILINE)


# --- rules: each yields a sentence for what is wrong ------------------------------------------


def rule_counts(notebook):
    for n, cell in enumerate(lessons.code_cells(notebook), 1):
        if cell.execution_count != n:
            yield f"code cell {n} has execution count {cell.execution_count}"
        if not cell.source.strip():
            yield f"code cell {n} is empty"


def rule_no_errors_or_stderr(notebook):
    for output in outputs(notebook):
        if output.output_type == "error":
            yield f"an error is saved: {output.ename}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"stderr is saved: {output.text[:80]!r}"


def rule_saved_form(notebook):
    if "widgets" in notebook.metadata:
        yield "widget state is saved: GitHub refuses such notebooks"
    if lessons.normalised(notebook) != notebook:
        yield "not in the form of `python -m aecourse run --save` (timings, kernel, streams)"


def rule_size(notebook):
    size = len(lessons.nbformat.writes(notebook).encode())
    if size > SIZE_LIMIT:
        yield f"{size:,} bytes, more than {SIZE_LIMIT:,}"


def rule_ids(notebook):
    ids = [cell.get("id") for cell in notebook.cells]
    if len(set(ids)) < len(ids) or None in ids:
        yield "cell ids are missing or not unique"


def rule_opening(notebook):
    if not re.match(r"# \d\d\b.+", notebook.cells[0].source):
        yield "the first cell does not begin with '# NN Title'"
    if len(lessons.promise(notebook).split()) < 20:
        yield "no promise (a paragraph of at least 20 words) below the title"
    second = notebook.cells[1].source
    if "**You will be able to**" not in second:
        yield "no 'You will be able to' in the second cell"
    goals = len(re.findall(r"^[-*] ", second.partition("**Time**")[0], re.MULTILINE))
    if goals not in range(3, 6):
        yield f"{goals} objectives, not 3 to 5"
    yield from (f"no '{word}' in the second cell" for word in ("minutes", " s ", "Builds on")
                if word not in second)  # fmt: skip


def rule_closing(notebook):
    if headings(notebook)[-3:] != CLOSING:
        yield f"the last sections are {headings(notebook)[-3:]}, not {CLOSING}"


def rule_boxes(notebook):
    text = "\n".join(cell.source for cell in markdown_cells(notebook))
    yield from (f"no box '{box}'" for box in BOXES if box not in text)


def rule_setup(notebook):
    code = lessons.code_cells(notebook)
    if not code or "setup" not in lessons.tags(code[0]):
        yield "the first code cell is not tagged 'setup'"
    elif f"git+{ADDRESS}\n" not in code[0].source + "\n":
        yield f"the set-up cell does not install from {ADDRESS}, as pyproject.toml has it"


def rule_exercises(notebook):
    found = lessons.exercises(notebook)
    if len(found) not in (2, 3):
        yield f"{len(found)} exercises, not 2 or 3"
    for number, exercise in enumerate(found, 1):
        if not (exercise.name and exercise.answer):
            yield f'exercise {number} has no cell tagged check with check("name", answer)'
        if not exercise.hints:
            yield f"exercise {number} has no hint"
        if len(exercise.solutions) != 1:
            yield f"exercise {number} has {len(exercise.solutions)} solutions"
        for cell in exercise.hints + exercise.solutions:
            if "<details>" not in cell.source or "</details>" not in cell.source:
                yield f"exercise {number}: a hint or solution is not folded in <details>"
        for cell in exercise.solutions:
            if len(re.findall("```python", cell.source)) != 1:
                yield f"exercise {number}: the solution needs one ```python block"
    counted = {tag: len(lessons.cells(notebook, tag)) for tag in ("exercise", "check", "solution")}
    if len(set(counted.values())) > 1:
        yield f"exercises, checks and solutions do not match: {counted}"


def rule_claims(notebook):
    cells = lessons.cells(notebook, "claims")
    if len(cells) != 1:
        yield f"{len(cells)} cells tagged 'claims', not one"
        return
    claims = lessons.claims(cells[0].source)
    if len(claims) < 5:
        yield f"{len(claims)} claims, fewer than 5"
    if not cells[0].metadata.get("jupyter", {}).get("source_hidden"):
        yield "the claims cell is not folded (metadata jupyter.source_hidden)"
    if not CLAIMS_LINE.match(cells[0].source):  # the one line that a folded cell shows
        yield "the claims cell does not begin with '# The claims of this lesson, asserted: …'"
    for condition, sentence in claims:
        if not sentence:
            yield f"a claim has no sentence: assert {condition}"
        if not any(isinstance(node, ast.Name) for node in ast.walk(ast.parse(condition))):
            yield f"a claim tests nothing: assert {condition}"


def rule_text_alternatives(notebook):
    for output in outputs(notebook):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                alt = output.metadata.get(kind, {}).get("alt", "")
                if len(alt) < 20:
                    yield f"a figure has no text alternative (20 characters or more): {alt!r}"


def rule_short_cells(notebook):
    lengths = []
    for cell in lessons.code_cells(notebook):
        lines = cell.source.splitlines()
        lengths.append(len(lines))
        if len(lines) > MOST_LINES and "claims" not in lessons.tags(cell):  # that one is folded
            yield f"cell [{cell.execution_count}] has {len(lines)} lines, more than {MOST_LINES}"
        for line in lines:
            if len(line) > LINE_LENGTH:
                yield f"cell [{cell.execution_count}] has a line of {len(line)} characters"
    if lengths and statistics.median(lengths) > MEDIAN_LINES:
        yield f"the median cell has {statistics.median(lengths)} lines, more than {MEDIAN_LINES}"


def rule_length(notebook):
    """Words that everybody reads, hints and solutions left out, and the number of code cells.

    Left out too is the cell tagged "collected": the symptoms of all lessons, to be searched.
    """
    folded = {"hint", "solution", "collected"}
    open_cells = [c for c in markdown_cells(notebook) if folded.isdisjoint(lessons.tags(c))]
    count = sum(len(re.findall(r"\w[\w'’-]*", prose(c.source))) for c in open_cells)
    if count not in WORDS:
        yield f"{count:,} words, not {WORDS.start:,} to {WORDS.stop - 1:,}"
    cells = len(lessons.code_cells(notebook))
    if cells not in CODE_CELLS:
        yield f"{cells} code cells, not {CODE_CELLS.start} to {CODE_CELLS.stop - 1}"


def rule_nothing_of_this_computer(notebook):
    for output in outputs(notebook):
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        for text in texts:
            if isinstance(text, str) and not re.fullmatch(r"[A-Za-z0-9+/=\s]{64,}", text):
                for pattern in (OWN_PATH, MEMORY_ADDRESS):
                    if match := pattern.search(text):
                        yield f"an output shows a path or an address: {match[0]!r}"


def rule_numbers_in_prose(notebook):
    """A decimal in prose is in an output or a code cell too, rounded to as many digits.

    Figures quoted from elsewhere are listed in the cell's metadata: aecourse.quoted = ["0.0423"].
    """
    known = set()
    for cell in lessons.code_cells(notebook):
        known |= {abs(n.value) for n in comparison.numbers(cell.source)}
        known |= {abs(n.value) for n in comparison.cell_numbers(cell.outputs)}
    known |= {100 * value for value in known}  # a share may be told in per cent
    for cell in markdown_cells(notebook):
        quoted = cell.metadata.get("aecourse", {}).get("quoted", [])
        for number in comparison.numbers(prose(cell.source)):
            if "." not in number.text or number.text.lstrip("-+\u2212") in quoted:
                continue
            near = 0.5001 * number.unit
            if not any(abs(value - abs(number.value)) <= near for value in known):
                yield f"{number.text} stands in prose, but in no output and no code"


RULES = {name[5:]: rule for name, rule in list(globals().items()) if name.startswith("rule_")}


# --- the lessons -----------------------------------------------------------------------------


def test_the_first_lessons_are_there():
    assert [path.stem for path in NOTEBOOKS][:3] == ["01_basics", "02_undercomplete", "03_tables"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_file_is_a_lesson(path):
    assert path in lessons.find_lessons(ROOT / "notebooks"), "name it NN_name.ipynb"
    assert lessons.title(lessons.read(path)).startswith(path.stem[:2])
    text = path.read_bytes()
    assert text.endswith(b"}\n") and b"\r" not in text


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lesson_keeps(path, rule):
    problems = list(RULES[rule](lessons.read(path)))
    assert not problems, "\n".join(problems)


# --- the rules bite --------------------------------------------------------------------------


@pytest.fixture
def toy():
    return copied(toy_lesson(ADDRESS))


@pytest.mark.parametrize("rule", RULES)
def test_toy_lesson_keeps(toy, rule):
    assert list(RULES[rule](toy)) == []


def add_output(notebook, kind, **content):
    output = lessons.nbformat.v4.new_output(kind, **content)
    lessons.code_cells(notebook)[3].outputs.append(output)


def replace(notebook, old, new):
    cell = cell_with(notebook, old)
    cell.source = cell.source.replace(old, new)


def untag(notebook, tag):
    cell = lessons.cells(notebook, tag)[0]
    cell.metadata["tags"] = []


BREAKAGES = [
    ("counts", "count None", lambda n: cell_with(n, "value_1").update(execution_count=None)),
    ("counts", "count 99", lambda n: cell_with(n, "value_1").update(execution_count=99)),
    ("counts", "empty", lambda n: cell_with(n, "value_1").update(source=" ")),
    ("no_errors_or_stderr", "ValueError",
     lambda n: add_output(n, "error", ename="ValueError", evalue="", traceback=[])),
    ("no_errors_or_stderr", "stderr",
     lambda n: add_output(n, "stream", name="stderr", text="UserWarning")),
    ("saved_form", "widget", lambda n: n.metadata.update(widgets={})),
    ("saved_form", "timings", lambda n: n.cells[3].metadata.update(execution={"start": 1})),
    ("saved_form", "timings", lambda n: n.metadata["kernelspec"].update(display_name="mine")),
    ("saved_form", "timings", lambda n: add_output(n, "stream", name="stdout", text="1%\r2%")),
    ("size", "more than", lambda n: n.cells[0].update(source="# 01 " + "x" * SIZE_LIMIT)),
    ("ids", "unique", lambda n: n.cells[1].update(id=n.cells[2].id)),
    ("opening", "Title", lambda n: replace(n, "# 01", "## 01")),
    ("opening", "promise", lambda n: n.cells[0].update(source="# 01 · A toy\n\nShort.")),
    ("opening", "You will be able", lambda n: replace(n, "**You will be able to**", "Goals")),
    ("opening", "2 objectives", lambda n: replace(n, "- run it\n", "")),
    ("opening", "minutes", lambda n: replace(n, "minutes", "hours")),
    ("opening", "Builds on", lambda n: replace(n, "Builds on", "Needs")),
    ("closing", "last sections", lambda n: replace(n, "## Summary", "## Sum")),
    ("boxes", "Predict", lambda n: replace(n, "Predict, then run", "Guess")),
    ("boxes", "Often said", lambda n: replace(n, "Often said", "Said")),
    ("boxes", "Measured", lambda n: replace(n, "Measured here", "Found")),
    ("setup", "not tagged", lambda n: untag(n, "setup")),
    ("setup", "pyproject", lambda n: replace(n, ADDRESS, ADDRESS + "-fork")),
    ("exercises", "1 exercises", lambda n: untag(n, "exercise")),
    ("exercises", "no cell tagged check", lambda n: untag(n, "check")),
    ("exercises", "no hint", lambda n: untag(n, "hint")),
    ("exercises", "0 solutions", lambda n: untag(n, "solution")),
    ("exercises", "folded", lambda n: lessons.cells(n, "hint")[0].update(source="Add.")),
    ("exercises", "python block", lambda n: replace(n, "```python", "```")),
    ("claims", "0 cells", lambda n: untag(n, "claims")),
    ("claims", "4 claims", lambda n: replace(n, "assert units > 3", "units > 3")),
    ("claims", "no sentence", lambda n: replace(n, ', "all images were used"', "")),
    ("claims", "tests nothing", lambda n: replace(n, "images == 50_000", "1 + 1 == 2")),
    ("claims", "folded", lambda n: lessons.cells(n, "claims")[0].metadata.pop("jupyter")),
    ("claims", "does not begin", lambda n: replace(n, "# The claims of this lesson", "# Claims")),
    ("text_alternatives", "no text alternative",
     lambda n: cell_with(n, "subplots").outputs[0].update(metadata={})),
    ("short_cells", "41 lines", lambda n: cell_with(n, "value_1").update(source="a\n" * 41)),
    ("short_cells", "characters", lambda n: cell_with(n, "value_1").update(source="a" * 89)),
    ("short_cells", "median",
     lambda n: [c.update(source="a\n" * 16) for c in lessons.code_cells(n)]),
    ("length", "words", lambda n: cell_with(n, "careful").update(source="Few words.")),
    ("length", "words", lambda n: replace(n, "careful", "more words of " * 20)),
    ("length", "code cells", lambda n: n.cells.__delitem__(slice(8, 14))),
    ("nothing_of_this_computer", "/home/me",
     lambda n: add_output(n, "stream", name="stdout", text="saved in /home/me/x")),
    ("nothing_of_this_computer", "C:",
     lambda n: add_output(n, "stream", name="stdout", text=r"saved in C:\me")),
    ("nothing_of_this_computer", "0x7f",
     lambda n: add_output(n, "stream", name="stdout", text="<object at 0x7fa0c1d2e3f0>")),
    ("numbers_in_prose", "0.1239", lambda n: replace(n, "It is 0.1234", "It is 0.1239")),
    ("numbers_in_prose", "25.1", lambda n: replace(n, "It is 0.1234", "It is 25.1 %")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "message", "break_it"), BREAKAGES)
def test_a_broken_lesson_is_caught(toy, rule, message, break_it):
    break_it(toy)
    problems = "\n".join(RULES[rule](toy))
    assert message in problems


def test_every_rule_is_broken_once():
    assert {rule for rule, _, _ in BREAKAGES} == set(RULES)


def test_numbers_may_be_rounded_shared_or_quoted(toy):
    replace(
        toy,
        "It is 0.1234",
        "See Exercise 1.2: it is 0.123, 12.3 % or \u22120.12, $x = 3.7$ and `4.4`, not 7.7",
    )
    cell_with(toy, "7.7").metadata["aecourse"] = {"quoted": ["7.7"]}
    assert list(rule_numbers_in_prose(toy)) == []
