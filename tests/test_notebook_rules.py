"""What every saved notebook looks like; and proof that each rule catches one that breaks it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from toy_lesson import QUIZ, cell_with, copied, toy_deeper, toy_lesson

from aecourse.course import budget, comparison, lessons, times
from aecourse.exercises import questions

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = lessons.find_lessons(FOLDER)
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"][
    "Repository"
]

# Lessons that are not rewritten yet: the budget and the new form do not hold for them.
UNREWRITTEN = [
    "06_contractive",
    "11_anomalies", "12_compression", "13_which_autoencoder", "14_your_own_data",
]  # fmt: skip

SIZE_LIMIT = 1_000_000  # bytes; GitHub stops rendering near 2 MB
LINE_LENGTH = 88
CLOSING = ["Summary", "Questions people ask", "Further reading"]
BOXES = ["Predict, then run", "Often said", "Measured here"]
OWN_PATH = re.compile(r"(?<![\w.:/<])/(?!/)[\w.-]+/[\w.-]+|\b[A-Z]:\\|ipykernel_\d+")
CLAIMS_LINE = re.compile(r"# The claims of this (lesson|notebook), asserted: open to read them\n")
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}", re.IGNORECASE)
TAGS = {
    "setup", "claims", "deeper", "nbval-ignore-output", "slide", "sub-slide", "notes",
    "exercise", "fill-in", "check", "hint", "solution", "open-task", "discussion", "predict",
    "reveal", "quiz", "example", "settings",  # the last two: the template of lesson 14
}  # fmt: skip


# --- reading ---------------------------------------------------------------------------------


def markdown_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def outputs(notebook):
    return [output for cell in lessons.code_cells(notebook) for output in cell.outputs]


def headings(notebook):
    text = "\n".join(re.sub(r"```.*?```", "", c.source, flags=re.DOTALL)
                     for c in markdown_cells(notebook))  # fmt: skip
    return re.findall(r"^##\s+(.+?)\s*$", text, re.MULTILINE)


def number(notebook):
    """The two digits of the title: "01 · …" or "Deeper 01 · …"."""
    return re.match(r"(?:Deeper )?(\d\d)?", lessons.title(notebook))[1]


def after(notebook, cell):
    """The cell after this one, or None."""
    following = notebook.cells[notebook.cells.index(cell) + 1 :]
    return following[0] if following else None


def call(cell, name):
    """The arguments of the one call that a cell consists of, ``name(…)``; else None."""
    match ast.parse(cell.source).body:
        case [ast.Expr(ast.Call(ast.Name(found), arguments, []))] if found == name:
            return [a.value if isinstance(a, ast.Constant) else a for a in arguments]
    return None


def sentences(notebook):
    """What the claims say, as far as they say the same in every run."""
    texts = [text for cell in lessons.cells(notebook, "claims")
             for _, text in lessons.claims(cell.source)]  # fmt: skip
    return {ast.literal_eval(text) for text in texts if text[:1] in ("'", '"')}


def heading_level(cell):
    """2 of a Markdown cell that begins with ``## …``; 0 of one without a heading."""
    first = cell.source.split(" ")[0] if cell.cell_type == "markdown" else ""
    return len(first) if re.fullmatch("#+", first) else 0


# --- rules: each yields a sentence for what is wrong ------------------------------------------

LESSON, NEW_FORM, DEEPER = "a lesson", "a lesson in the new form", "a deeper notebook"
RULES = {LESSON: {}, NEW_FORM: {}, DEEPER: {}}


def holds_for(*kinds):
    """Decorator: the kinds of notebook that keep a rule. What holds for lessons holds for all."""

    def keep(rule):
        for kind in kinds:
            RULES[kind][rule.__name__.removeprefix("rule_")] = rule
        return rule

    return keep


@holds_for(LESSON, DEEPER)
def rule_counts(notebook):
    for n, cell in enumerate(lessons.code_cells(notebook), 1):
        if cell.execution_count != n:
            yield f"code cell {n} has execution count {cell.execution_count}"
        if not cell.source.strip():
            yield f"code cell {n} is empty"


@holds_for(LESSON, DEEPER)
def rule_no_errors_or_stderr(notebook):
    for output in outputs(notebook):
        if output.output_type == "error":
            yield f"an error is saved: {output.ename}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"stderr is saved: {output.text[:80]!r}"


@holds_for(LESSON, DEEPER)
def rule_saved_form(notebook):
    if "widgets" in notebook.metadata:
        yield "widget state is saved: GitHub refuses such notebooks"
    if lessons.normalised(notebook) != notebook:
        yield "not in the form of `python -m aecourse run --save` (timings, kernel, streams)"


@holds_for(LESSON, DEEPER)
def rule_size(notebook):
    size = len(lessons.nbformat.writes(notebook).encode())
    if size > SIZE_LIMIT:
        yield f"{size:,} bytes, more than {SIZE_LIMIT:,}"


@holds_for(LESSON, DEEPER)
def rule_ids(notebook):
    ids = [cell.get("id") for cell in notebook.cells]
    if len(set(ids)) < len(ids) or None in ids:
        yield "cell ids are missing or not unique"


@holds_for(LESSON)
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
    if "**Builds on**" not in second:
        yield "no '**Builds on**' in the second cell"


@holds_for(DEEPER)
def rule_deeper_opening(notebook):
    if not re.match(r"# Deeper \d\d · .+\?\n", notebook.cells[0].source):
        yield "the first cell does not begin with '# Deeper NN · Question?'"
    if len(lessons.promise(notebook).split()) < 10:
        yield "no answer (a paragraph of at least 10 words) below the title"


@holds_for(DEEPER)
def rule_nothing_to_do(notebook):
    """Nothing but lines to fill in, each with its check and its solution."""
    for tag in ("exercise", "predict", "reveal", "quiz", "hint", "open-task"):
        if lessons.cells(notebook, tag):
            yield f"a cell is tagged '{tag}': a deeper notebook has no exercises"
    found = lessons.fill_ins(notebook)
    for fill_in in found:
        yield from (f"a fill-in {problem}" for problem in wrong_with_fill_in(notebook, fill_in))
    for tag in ("check", "solution"):
        if len(lessons.cells(notebook, tag)) != len(found):
            yield f"the cells tagged '{tag}' do not match the fill-ins"


@holds_for(LESSON, DEEPER)
def rule_time_line(notebook):
    """The seconds of a run are compared where the name of the notebook is known."""
    computed = times.time_line(notebook, run=None)
    written = times.written_line(notebook) or ""
    if not re.fullmatch(re.escape(computed) + r"( · run \d+ s)?", written):
        yield f"the time line is {written!r}, not {computed!r}: python -m aecourse times"


@holds_for(LESSON, DEEPER)
def rule_tags(notebook):
    for cell in notebook.cells:
        for tag in lessons.tags(cell):
            if tag not in TAGS and not tag.startswith("rtol="):
                yield f"the tag '{tag}' is unknown"


@holds_for(LESSON, DEEPER)
def rule_folded(notebook):
    """JupyterLab folds up to the next heading of the same or a higher level: so do the tags."""
    for stretch in lessons.folded_stretches(notebook):
        if not lessons.begins_stretch(stretch[0]):
            yield "a folded stretch does not begin with '### Deeper · <question>'"
            continue
        level, end = heading_level(stretch[0]), after(notebook, stretch[-1])
        if end is not None and heading_level(end) not in range(1, level + 1):
            yield f"JupyterLab folds more than is tagged: what follows is {end.source[:40]!r}"
        if any(heading_level(cell) in range(1, level + 1) for cell in stretch[1:]):
            yield "a folded stretch goes on after the next heading, where JupyterLab ends it"


@holds_for(LESSON)
def rule_closing(notebook):
    if headings(notebook)[-3:] != CLOSING:
        yield f"the last sections are {headings(notebook)[-3:]}, not {CLOSING}"


@holds_for(LESSON)
def rule_boxes(notebook):
    text = "\n".join(cell.source for cell in markdown_cells(notebook))
    yield from (f"no box '{box}'" for box in BOXES if box not in text)


@holds_for(LESSON, DEEPER)
def rule_setup(notebook):
    code = lessons.code_cells(notebook)
    if not code or "setup" not in lessons.tags(code[0]):
        yield "the first code cell is not tagged 'setup'"
    elif f"git+{ADDRESS}\n" not in code[0].source + "\n":
        yield f"the set-up cell does not install from {ADDRESS}, as pyproject.toml has it"


@holds_for(LESSON)
def rule_exercises(notebook):
    found = lessons.exercises(notebook)
    if len(found) not in (2, 3):
        yield f"{len(found)} exercises, not 2 or 3"
    for place, exercise in enumerate(found, 1):
        yield from (f"exercise {place} {problem}" for problem in wrong_with(exercise))
        if not exercise.hints:
            yield f"exercise {place} has no hint"
        prompt = notebook.cells[notebook.cells.index(exercise.stub) - 1].source
        if not re.search(r"^### Exercise \d+\.\d+ · \S", prompt, re.MULTILINE):
            yield f"exercise {place} has no heading '### Exercise N.K · title'"
        minutes = [int(minutes) for minutes, _ in budget.EXERCISE_LINE.findall(prompt)]
        if len(minutes) != 1 or minutes[0] not in range(3, 31):
            yield f"exercise {place} has no line '*About 10 minutes · difficulty ★★☆*'"
    counted = {tag: len(lessons.cells(notebook, tag)) for tag in ("check", "solution")}
    counted["exercise or fill-in"] = len(lessons.answerable(notebook))
    if len(set(counted.values())) > 1:
        yield f"exercises, checks and solutions do not match: {counted}"


def wrong_with(exercise):
    """What is wrong with the parts of an exercise or fill-in."""
    if not (exercise.name and exercise.answer):
        yield 'has no cell tagged check with check("name", answer)'
    if len(exercise.solutions) != 1:
        yield f"has {len(exercise.solutions)} solutions"
    for cell in exercise.hints + exercise.solutions:
        if "<details>" not in cell.source or "</details>" not in cell.source:
            yield "has a hint or solution that is not folded in <details>"
    for cell in exercise.solutions:
        if len(re.findall("```python", cell.source)) != 1:
            yield "has a solution that needs one ```python block"


def wrong_with_fill_in(notebook, fill_in):
    """The same of a fill-in, which has dots in one to three lines, and its check right below."""
    yield from wrong_with(fill_in)
    tree = ast.parse(lessons.without_magics(fill_in.stub.source))
    dotted = {node.lineno for node in ast.walk(tree)
              if isinstance(node, ast.Constant) and node.value is ...}  # fmt: skip
    if len(dotted) not in range(1, 4):
        yield f"has dots in {len(dotted)} lines, not in 1 to 3"
    if fill_in.check is not after(notebook, fill_in.stub):
        yield "is not followed at once by its check"


@holds_for(NEW_FORM)
def rule_fill_ins(notebook):
    found = lessons.fill_ins(notebook)
    if len(found) not in (2, 3):
        yield f"{len(found)} fill-ins, not 2 or 3"
    for fill_in in found:
        yield from (f"a fill-in {problem}" for problem in wrong_with_fill_in(notebook, fill_in))
    marks = [tag for cell in notebook.cells for tag in lessons.tags(cell) if tag in lessons.STUBS]
    if marks != sorted(marks, key=["fill-in", "exercise"].index):
        yield "a fill-in stands among the exercises: it belongs into a section"


@holds_for(NEW_FORM)
def rule_open_task(notebook):
    tasks = lessons.cells(notebook, "open-task")
    if len(tasks) != 1:
        yield f"{len(tasks)} cells tagged 'open-task', not one"
    for task in tasks:
        if not re.match(r"### Open task · \S", task.source):
            yield "the open task does not begin with '### Open task · title'"
        following = after(notebook, task)
        if following is None or "discussion" not in lessons.tags(following):
            yield "the open task is not followed by its discussion"
        elif not re.search(r"<details>.*</details>", following.source, re.DOTALL):
            yield "the discussion of the open task is not folded in <details>"


@holds_for(NEW_FORM)
def rule_predictions(notebook):
    known = questions.quizzes().get(number(notebook), questions.Quiz((), ()))
    names = {question.name for question in known.predictions}
    for cell in markdown_cells(notebook):
        following = after(notebook, cell)
        marks = lessons.tags(following) if following is not None else []
        if "Predict, then run" in cell.source and "predict" not in marks:
            yield f"no predict cell after the box in {cell.source[:40]!r}"
    asked = [call(cell, "predict") for cell in lessons.cells(notebook, "predict")]
    told = [call(cell, "reveal") for cell in lessons.cells(notebook, "reveal")]
    for arguments in asked:
        if arguments is None or len(arguments) != 2 or arguments[1] is not ...:
            yield 'a cell tagged predict is not predict("name", ...)'
        elif arguments[0] not in names:
            yield f"no prediction {arguments[0]!r} in quiz/{number(notebook)}.toml"
    if [arguments and arguments[:1] for arguments in asked] != told:
        yield f"the predictions {asked} are not revealed in their order: {told}"
    if unused := names - {arguments[0] for arguments in asked if arguments}:
        yield f"the prediction {unused.pop()!r} is not asked for"


@holds_for(NEW_FORM)
def rule_quiz(notebook):
    cells = lessons.cells(notebook, "quiz")
    if len(cells) != 1:
        yield f"{len(cells)} cells tagged 'quiz', not one"
        return
    if call(cells[0], "quiz") != [number(notebook), *[...] * 5]:
        yield f'the quiz is not called as quiz("{number(notebook)}", ..., ..., ..., ..., ...)'
    known = questions.quizzes().get(number(notebook))
    if known is None or len(known.questions) != 5:
        yield f"quiz/{number(notebook)}.toml does not hold five questions"
        return
    claimed = sentences(notebook)
    for question in known.questions + known.predictions:
        if question.claim not in claimed:
            yield f"no claim {question.claim!r}, which settles {question.text!r}"


@holds_for(NEW_FORM)
def rule_budget(notebook):
    yield from budget.problems(budget.measure(notebook), budget.LESSON)


@holds_for(DEEPER)
def rule_deeper_budget(notebook):
    yield from budget.problems(budget.measure(notebook), budget.DEEPER)


@holds_for(NEW_FORM, DEEPER)
def rule_clipping(notebook):
    """Grey values are clipped for everybody, or a comment in the cell says why not here."""
    for cell in lessons.code_cells(notebook):
        if "clip=False" in cell.source and "# not clipped:" not in cell.source:
            yield f"cell [{cell.execution_count}] passes clip=False without '# not clipped: why'"


@holds_for(LESSON, DEEPER)
def rule_claims(notebook):
    cells = lessons.cells(notebook, "claims")
    if len(cells) != 1:
        yield f"{len(cells)} cells tagged 'claims', not one"
        return
    claims = lessons.claims(cells[0].source)
    least = 1 if lessons.title(notebook).startswith("Deeper") else 5
    if len(claims) < least:
        yield f"{len(claims)} claims, fewer than {least}"
    if not cells[0].metadata.get("jupyter", {}).get("source_hidden"):
        yield "the claims cell is not folded (metadata jupyter.source_hidden)"
    if not CLAIMS_LINE.match(cells[0].source):  # the one line that a folded cell shows
        yield "the claims cell does not begin with '# The claims of this lesson, asserted: …'"
    for condition, sentence in claims:
        if not sentence:
            yield f"a claim has no sentence: assert {condition}"
        if not any(isinstance(node, ast.Name) for node in ast.walk(ast.parse(condition))):
            yield f"a claim tests nothing: assert {condition}"


@holds_for(LESSON, DEEPER)
def rule_text_alternatives(notebook):
    for output in outputs(notebook):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                alt = output.metadata.get(kind, {}).get("alt", "")
                if len(alt) < 20:
                    yield f"a figure has no text alternative (20 characters or more): {alt!r}"


@holds_for(LESSON, DEEPER)
def rule_short_lines(notebook):
    for cell in lessons.code_cells(notebook):
        for line in cell.source.splitlines():
            if len(line) > LINE_LENGTH:
                yield f"cell [{cell.execution_count}] has a line of {len(line)} characters"


@holds_for(LESSON, DEEPER)
def rule_nothing_of_this_computer(notebook):
    for output in outputs(notebook):
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        for text in texts:
            if isinstance(text, str) and not re.fullmatch(r"[A-Za-z0-9+/=\s]{64,}", text):
                for pattern in (OWN_PATH, MEMORY_ADDRESS):
                    if match := pattern.search(text):
                        yield f"an output shows a path or an address: {match[0]!r}"


@holds_for(LESSON, DEEPER)
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
        text = budget.without_places(budget.prose(cell.source, tables=True))
        for found in comparison.numbers(text):
            if "." not in found.text or found.text.lstrip("-+\u2212") in quoted:
                continue
            near = 0.5001 * found.unit
            if not any(abs(value - abs(found.value)) <= near for value in known):
                yield f"{found.text} stands in prose, but in no output and no code"


def kind_of(path):
    if lessons.is_deeper(path):
        return DEEPER
    return LESSON if path.stem in UNREWRITTEN else NEW_FORM


def rules_of(kind):
    """By name, the rules that a notebook of this kind keeps."""
    return RULES[kind] | (RULES[LESSON] if kind == NEW_FORM else {})


# --- the notebooks ---------------------------------------------------------------------------


def test_the_first_lessons_are_there():
    names = [lessons.name(path) for path in NOTEBOOKS]
    assert names[:3] == ["01_basics", "02_undercomplete", "03_tables"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lessons.name)
def test_file_is_a_notebook_of_the_course(path):
    assert number(lessons.read(path)) == path.stem[:2]
    text = path.read_bytes()
    assert text.endswith(b"}\n") and b"\r" not in text


def test_no_notebook_is_overlooked():
    there = {p for p in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts}
    assert there == set(NOTEBOOKS), "name it NN_name.ipynb or deeper/NN_question.ipynb"


@pytest.mark.parametrize(
    ("path", "rule"),
    [pytest.param(path, rule, id=f"{lessons.name(path)}-{rule}")
     for path in NOTEBOOKS for rule in rules_of(kind_of(path))],
)  # fmt: skip
def test_notebook_keeps(path, rule):
    problems = list(rules_of(kind_of(path))[rule](lessons.read(path)))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", UNREWRITTEN)
def test_a_lesson_that_fits_is_off_the_list(name):
    (path,) = lessons.find_lessons(FOLDER, [name])
    notebook = lessons.read(path)
    assert any(list(rule(notebook)) for rule in RULES[NEW_FORM].values()), (
        f"{name} has the new form and fits its budget: take it off the list UNREWRITTEN"
    )


def test_time_lines_are_as_computed():
    assert times.stale(NOTEBOOKS, FOLDER) == [], "run `python -m aecourse times`"


def test_every_notebook_was_measured_on_one_thread_and_is_fast_enough():
    runs = times.read_runs(FOLDER)
    assert list(runs) == [lessons.name(path) for path in NOTEBOOKS], (
        "run `python -m aecourse run --record` with the notebooks that are missing"
    )
    for path in NOTEBOOKS:
        run = runs[lessons.name(path)]
        assert run.threads == 1 and run.megabytes <= 1500, path
        assert run.seconds <= budget.budget_of(path).seconds, path
    assert sum(run.seconds for run in runs.values()) <= budget.ALL_SECONDS


# --- the rules bite --------------------------------------------------------------------------


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """A lesson and a deeper notebook that keep every rule, with the quiz of the lesson."""
    (tmp_path / "01.toml").write_text(QUIZ, encoding="utf-8")
    monkeypatch.setattr(questions, "FOLDER", tmp_path)
    questions.quizzes.cache_clear()
    lesson, deeper = copied(toy_lesson(ADDRESS)), copied(toy_deeper(ADDRESS))
    yield {LESSON: lesson, NEW_FORM: lesson, DEEPER: deeper}
    questions.quizzes.cache_clear()


EVERY_RULE = [(kind, rule) for kind in RULES for rule in RULES[kind]]


@pytest.mark.parametrize(("kind", "rule"), EVERY_RULE)
def test_toys_keep_every_rule(toys, kind, rule):
    assert list(RULES[kind][rule](toys[kind])) == []


def add_output(notebook, kind, **content):
    output = lessons.nbformat.v4.new_output(kind, **content)
    lessons.code_cells(notebook)[3].outputs.append(output)


def replace(notebook, old, new):
    cell = cell_with(notebook, old)
    cell.source = cell.source.replace(old, new)


def untag(notebook, tag, which=0):
    lessons.cells(notebook, tag)[which].metadata["tags"] = []


def retag(notebook, source, tag):
    cell_with(notebook, source).metadata["tags"] = [tag]


def drop(notebook, tag):
    notebook.cells.remove(lessons.cells(notebook, tag)[0])


def move_to_end(notebook, source):
    cell = cell_with(notebook, source)
    notebook.cells.remove(cell)
    notebook.cells.append(cell)


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
    ("time_line", "read 4 min", lambda n: replace(n, "read 4 min", "read 3 min")),
    ("time_line", "read 4 min", lambda n: replace(n, "**Time**", "Time")),
    ("time_line", "exercises 29", lambda n: replace(n, "exercises 29", "exercises 30")),
    ("time_line", "exercises 29", lambda n: replace(n, "About 10", "About 9")),
    ("time_line", "read 4 min", lambda n: replace(n, "careful", "more words of " * 20)),
    ("tags", "'fillin'", lambda n: retag(n, "value_1", "fillin")),
    ("folded", "does not begin", lambda n: replace(n, "### Deeper ·", "### More:")),
    ("folded", "folds more", lambda n: retag(n, "value_0", "slide")),
    ("folded", "folds more", lambda n: replace(n, "## 2 More words", "#### More words")),
    ("folded", "goes on", lambda n: retag(n, "## 2 More words", "deeper")),
    ("opening", "Builds on", lambda n: replace(n, "Builds on", "Needs")),
    ("closing", "last sections", lambda n: replace(n, "## Summary", "## Sum")),
    ("boxes", "Predict", lambda n: replace(n, "Predict, then run", "Guess")),
    ("boxes", "Often said", lambda n: replace(n, "Often said", "Said")),
    ("boxes", "Measured", lambda n: replace(n, "Measured here", "Found")),
    ("setup", "not tagged", lambda n: untag(n, "setup")),
    ("setup", "pyproject", lambda n: replace(n, ADDRESS, ADDRESS + "-fork")),
    ("exercises", "1 exercises", lambda n: untag(n, "exercise")),
    ("exercises", "no cell tagged check", lambda n: untag(n, "check", -1)),
    ("exercises", "no hint", lambda n: untag(n, "hint")),
    ("exercises", "0 solutions", lambda n: untag(n, "solution", -1)),
    ("exercises", "folded", lambda n: lessons.cells(n, "hint")[0].update(source="Add.")),
    ("exercises", "python block",
     lambda n: lessons.cells(n, "solution")[-1].update(source="<details></details>")),
    ("exercises", "no heading", lambda n: replace(n, "### Exercise 1.1 ·", "### First:")),
    ("exercises", "no line '*About", lambda n: replace(n, "*About 10", "*Some 10")),
    ("exercises", "no line '*About", lambda n: replace(n, "About 10", "About 90")),
    ("exercises", "no line '*About", lambda n: replace(n, "★★☆", "★☆★")),
    ("exercises", "do not match", lambda n: drop(n, "solution")),
    ("fill_ins", "1 fill-ins", lambda n: untag(n, "fill-in")),
    ("fill_ins", "no cell tagged check", lambda n: untag(n, "check")),
    ("fill_ins", "0 solutions", lambda n: untag(n, "solution")),
    ("fill_ins", "0 lines", lambda n: replace(n, "y = ...", "y = 2 * x")),
    ("fill_ins", "4 lines", lambda n: replace(n, "y = ...", "y = ...\n    y = " * 3 + "...")),
    ("fill_ins", "at once",
     lambda n: n.cells.insert(n.cells.index(cell_with(n, 'check("first"')), n.cells[0])),
    ("fill_ins", "among the exercises",
     lambda n: (retag(n, "def first", "exercise"), retag(n, "def twice", "fill-in"))),
    ("open_task", "0 cells", lambda n: untag(n, "open-task")),
    ("open_task", "Open task · title", lambda n: replace(n, "### Open task", "### Task")),
    ("open_task", "not followed", lambda n: drop(n, "discussion")),
    ("open_task", "not folded",
     lambda n: lessons.cells(n, "discussion")[0].update(source="There are many.")),
    ("predictions", "no predict cell", lambda n: drop(n, "predict")),
    ("predictions", "no predict cell", lambda n: untag(n, "predict")),
    ("predictions", "is not predict(", lambda n: replace(n, "loss\", ...)", "loss\", 'a')")),
    ("predictions", "no prediction 'size'", lambda n: replace(n, '"size of the loss"', '"size"')),
    ("predictions", "not revealed", lambda n: untag(n, "reveal")),
    ("predictions", "not asked for", lambda n: drop(n, "predict")),
    ("quiz", "0 cells", lambda n: untag(n, "quiz")),
    ("quiz", "is not called", lambda n: replace(n, 'quiz("01", ...', 'quiz("01", "a"')),
    ("quiz", "is not called", lambda n: replace(n, 'quiz("01"', 'quiz("02"')),
    ("quiz", "99.toml", lambda n: replace(n, "# 01", "# 99")),
    ("quiz", "no claim 'some units", lambda n: replace(n, "some units are dead", "some are")),
    ("clipping", "without '# not clipped",
     lambda n: cell_with(n, "value_1").update(source="error(a, b, clip=False)")),
    ("budget", "words of prose", lambda n: replace(n, "careful", "more words of " * 200)),
    ("budget", "no diagram", lambda n: replace(n, "diagram()", "drawing()")),
    ("deeper_budget", "minutes", lambda n: replace(n, "Half", "Half of it is smaller. " * 2000)),
    ("deeper_opening", "Question?", lambda n: replace(n, "a loss?", "a loss")),
    ("deeper_opening", "Question?", lambda n: replace(n, "# Deeper", "# More on")),
    ("deeper_opening", "no answer", lambda n: replace(n, "Yes: half", "Yes.\n\nHalf")),
    ("nothing_to_do", "'exercise'", lambda n: retag(n, "half =", "exercise")),
    ("nothing_to_do", "'predict'", lambda n: retag(n, "half =", "predict")),
    ("nothing_to_do", "no cell tagged check", lambda n: retag(n, "half =", "fill-in")),
    ("nothing_to_do", "do not match", lambda n: retag(n, "half =", "check")),
    ("claims", "0 cells", lambda n: untag(n, "claims")),
    ("claims", "4 claims", lambda n: replace(n, "assert units > 3", "units > 3")),
    ("claims", "no sentence", lambda n: replace(n, ', "all images were used"', "")),
    ("claims", "tests nothing", lambda n: replace(n, "images == 50_000", "1 + 1 == 2")),
    ("claims", "folded", lambda n: lessons.cells(n, "claims")[0].metadata.pop("jupyter")),
    ("claims", "does not begin", lambda n: replace(n, "# The claims of this lesson", "# Claims")),
    ("text_alternatives", "no text alternative",
     lambda n: cell_with(n, "subplots").outputs[0].update(metadata={})),
    ("short_lines", "characters", lambda n: cell_with(n, "value_1").update(source="a" * 89)),
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
def test_a_broken_notebook_is_caught(toys, rule, message, break_it):
    kind = next(kind for kind in RULES if rule in RULES[kind])
    break_it(toys[kind])
    assert message in "\n".join(RULES[kind][rule](toys[kind]))


def test_every_rule_is_broken_once():
    assert {rule for rule, _, _ in BREAKAGES} == {rule for _, rule in EVERY_RULE}


def test_rules_of_both_kinds_hold_for_deeper_notebooks_too(toys):
    replace(toys[DEEPER], "0.0617.", "0.0618.")
    assert list(RULES[DEEPER]["numbers_in_prose"](toys[DEEPER]))
    untag(toys[DEEPER], "claims")
    assert list(RULES[DEEPER]["claims"](toys[DEEPER]))


def test_numbers_may_be_rounded_shared_or_quoted(toys):
    toy = toys[LESSON]
    replace(
        toy,
        "It is 0.1234",
        "See Exercise 1.2: it is 0.123, 12.3 % or \u22120.12, $x = 3.7$ and `4.4`, not 7.7",
    )
    cell_with(toy, "7.7").metadata["aecourse"] = {"quoted": ["7.7"]}
    assert list(rule_numbers_in_prose(toy)) == []
