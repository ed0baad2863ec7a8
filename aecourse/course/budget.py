"""What a notebook asks of its reader, measured; and how much it may ask.

The words of the budget, defined once:

- **Prose** is what Markdown shows as running text, with headings, link texts and boxes. Taken out
  are formulas, code, tables, pictures, link targets, HTML tags, the computed time line and the
  minutes of exercises. A **word** is a run of letters and digits; an apostrophe, hyphen or decimal
  point does not end it.
- **In view** is a cell that is neither folded nor left out. *Folded* are cells tagged ``deeper``,
  code whose source is hidden, and what stands in ``<details>``. *Left out* are set-up, claims,
  what a reader fills in or asks (exercise, fill-in, check, predict, reveal, quiz), hints,
  solutions and discussions.
- A **line** of code is one that is not blank: comments and docstrings are read, too.
- A **numeral** is a number written in digits ("0.0124", "83 %", "50,000"). Not counted are years,
  sizes ("28 × 28", "784-128-32"), and numbers that say where: of lessons ("04"), sections,
  exercises, headings.
- A **screen** is 170 words of prose or 40 lines of code, those of the set-up cell included.
- A **diagram** is a call, in view, of a function whose name ends in ``diagram``
  (``plots.diagram``, ``plots.autoencoder_diagram``).
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat import NotebookNode

from aecourse.course import lessons

WORDS_PER_MINUTE, LINES_PER_MINUTE = 170, 10
WORDS_PER_SCREEN, LINES_PER_SCREEN = 170, 40
MINUTES_OF = {"fill-in": 2, "quiz": 5}  # what has no line with its own minutes

READERS_OWN = {*lessons.STUBS, "check", "predict", "reveal", "quiz"}
LEFT_OUT = {*READERS_OWN, "setup", "claims", "hint", "solution", "discussion"}

# "**Time**: …" up to the next part of its paragraph, and the minutes of an exercise.
TIME_LINE = re.compile(r"\*\*Time\*\*:.*?(?=[ ]·[ ]\*\*|$)", re.MULTILINE)
EXERCISE_LINE = re.compile(
    r"^\*About (\d+) minutes? · difficulty (★☆☆|★★☆|★★★)\*$", re.MULTILINE
)

_WORD = re.compile(r"\w+(?:['’.,-]\w+)*")
_PLACE_OR_SIZE = re.compile(
    r"""
      \b (?: exercise | section | chapter | lesson | figure | table | equation | question | version
          | python ) s? \s+ \d[\d.]* (?: (?:,|\ to|\ and|\ or)+ \s+ \d[\d.]* )*
    | \b 0\d \b (?!\.\d)               # the number of a lesson
    | (?<![\d.,]) (?:1[6-9]|20)\d\d (?![\d.,]*\d)  # a year
    | \d+ (?: \s?×\s?\d+ | -[\w-]+ )+   # 28 × 28, 784-128-32, 32-dimensional
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMERAL = re.compile(
    r"(?<![\w.,/-])[-\u2212+]?\d[\d,]*(?:\.\d+)?(?:[eE][-\u2212+]?\d+)?(?!\w)"
)


# --- budgets ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Budget:
    """What a notebook of one kind may ask at most; pictures and diagrams: at least."""

    words: int
    lines: int
    minutes: int
    numerals: int  # per 100 words of prose
    folded_words: int
    folded_lines: int
    seconds: int  # on one thread, with another notebook beside it
    aimed_seconds: int
    diagrams: int
    row: int = 2  # code cells without prose between them
    median_lines: int = 12  # of a code cell
    longest: int = 30  # lines of a code cell
    screens: int = 3  # before or with the first picture


LESSON = Budget(
    words=2600, lines=280, minutes=45, numerals=3, folded_words=500, folded_lines=100,
    seconds=90, aimed_seconds=45, diagrams=1,
)  # fmt: skip
DEEPER = Budget(
    words=1800, lines=220, minutes=30, numerals=4, folded_words=300, folded_lines=60,
    seconds=15, aimed_seconds=15, diagrams=0,
)  # fmt: skip
ALL_SECONDS = 1400  # of all notebooks together, on one thread


def budget_of(path: Path) -> Budget:
    return DEEPER if lessons.is_deeper(path) else LESSON


# --- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measures:
    """A notebook in numbers; every word as defined at the head of this module."""

    words: int
    lines: int
    numerals: int
    folded_words: int
    folded_lines: int
    diagrams: int
    row: int  # most code cells without prose between them
    median_lines: float
    longest: int
    screens: float | None  # before the first picture; None if there is none

    @property
    def minutes(self) -> float:
        return self.words / WORDS_PER_MINUTE + self.lines / LINES_PER_MINUTE

    @property
    def numerals_per_100_words(self) -> float:
        return 100 * self.numerals / max(self.words, 1)


def measure(notebook: NotebookNode) -> Measures:
    """All that a budget speaks of. Seconds are no property of a notebook: see ``times``."""
    seen = [cell for cell in notebook.cells if is_in_view(cell)]
    folded = [cell for cell in notebook.cells if is_folded(cell)]
    prose = [shown(cell) for cell in seen if cell.cell_type == "markdown"]
    lengths = [len(code_lines(cell)) for cell in seen if cell.cell_type == "code"]
    return Measures(
        words=sum(len(words(text)) for text, _ in prose),
        lines=sum(lengths),
        numerals=sum(len(numerals(text)) for text, _ in prose),
        folded_words=sum(len(words(hidden)) for _, hidden in prose)
        + sum(len(words(" ".join(shown(c)))) for c in folded if c.cell_type == "markdown"),
        folded_lines=sum(len(code_lines(cell)) for cell in folded),
        diagrams=sum(_diagrams(cell) for cell in seen),
        row=_longest_row(seen),
        median_lines=statistics.median(lengths) if lengths else 0,
        longest=max(lengths, default=0),
        screens=_screens_before_a_picture(notebook),
    )


def problems(found: Measures, budget: Budget, seconds: float | None = None) -> list[str]:
    """A sentence for each budget that is exceeded; ``seconds`` are those of a measured run."""
    most = [
        ("words of prose in view", found.words, budget.words),
        ("lines of code in view", found.lines, budget.lines),
        ("minutes to read", round(found.minutes, 1), budget.minutes),
        ("code cells in a row without prose", found.row, budget.row),
        ("lines in the median cell", found.median_lines, budget.median_lines),
        ("lines in the longest cell", found.longest, budget.longest),
        ("numerals per 100 words", round(found.numerals_per_100_words, 1), budget.numerals),
        ("folded words", found.folded_words, budget.folded_words),
        ("folded lines of code", found.folded_lines, budget.folded_lines),
        ("seconds on one thread", seconds or 0, budget.seconds),
    ]
    sentences = [f"{value:,g} {what}, more than {limit:,}"
                 for what, value, limit in most if value > limit]  # fmt: skip
    if found.diagrams < budget.diagrams:
        sentences.append("no diagram of what goes where (plots.diagram)")
    if found.screens is None:
        sentences.append("no picture")
    elif found.screens > budget.screens:
        sentences.append(f"the first picture comes after {found.screens:.1f} screens, not within "
                         f"{budget.screens}")  # fmt: skip
    return sentences


# --- cells -----------------------------------------------------------------------------------


def is_folded(cell: NotebookNode) -> bool:
    """Whether a cell belongs to the lesson, but is shown only to those who unfold it."""
    marks = set(lessons.tags(cell))
    hidden = cell.cell_type == "code" and cell.metadata.get("jupyter", {}).get("source_hidden")
    return marks.isdisjoint(LEFT_OUT) and bool(hidden or lessons.DEEPER in marks)


def is_in_view(cell: NotebookNode) -> bool:
    return LEFT_OUT.isdisjoint(lessons.tags(cell)) and not is_folded(cell)


def code_lines(cell: NotebookNode) -> list[str]:
    """The lines of a code cell that are not blank; none of a Markdown cell."""
    lines = cell.source.splitlines() if cell.cell_type == "code" else []
    return [line for line in lines if line.strip()]


def shown(cell: NotebookNode) -> tuple[str, str]:
    """The prose of a Markdown cell: what everybody sees, and what stands in ``<details>``."""
    page = _page(cell.source)
    hidden = [part.extract() for part in page.select("details")]
    return _text(page), " ".join(map(_text, hidden))


def prose(source: str, tables: bool = False) -> str:
    """All prose of a Markdown text, folded or not; the text of its ``tables``, too, if wanted."""
    return _text(_page(source, tables))


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def numerals(text: str) -> list[str]:
    """The numbers in a text that are no years, sizes or places, in order."""
    return [found.rstrip(",") for found in _NUMERAL.findall(without_places(text))]


def without_places(text: str) -> str:
    """The text without years, sizes, and the numbers of lessons, sections and exercises."""
    return _PLACE_OR_SIZE.sub(" ", text)


def exercise_minutes(notebook: NotebookNode) -> int:
    """The sum of all "*About 10 minutes · difficulty ★★☆*", and of fill-ins and the quiz."""
    written = sum(int(minutes) for cell in notebook.cells if cell.cell_type == "markdown"
                  for minutes, _ in EXERCISE_LINE.findall(cell.source))  # fmt: skip
    return written + sum(minutes * len(lessons.cells(notebook, tag))
                         for tag, minutes in MINUTES_OF.items())  # fmt: skip


class _Prose(HTMLRenderer):
    """Markdown as HTML without its formulas, code and pictures."""

    def __init__(self):
        super().__init__(escape=False)

    def nothing(self, *arguments, **settings) -> str:
        return " "

    inline_math = block_math = latex_environment = multiline_math = nothing
    codespan = block_code = image = nothing


def _page(source: str, tables: bool = False) -> BeautifulSoup:
    """A Markdown text as a tree of HTML that holds nothing but its prose."""
    source = EXERCISE_LINE.sub("", TIME_LINE.sub("", source))
    source = re.sub(r"^(#+ )\d[\d.]*\s", r"\1", source, flags=re.MULTILINE)  # "## 3 Why?"
    source = re.sub(r"^> ?", "", source, flags=re.MULTILINE)  # else tables in boxes stay text
    # Markdown ends a block of HTML at a blank line, and reads Markdown inside it only after one.
    source = re.sub(r"(</?(?:details|summary)[^>]*>)", r"\n\n\1\n\n", source)
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    page = BeautifulSoup(MarkdownWithMath(renderer=_Prose()).render(source), "html.parser")
    out = "pre, code, script, style, svg, math" + ("" if tables else ", table")
    for part in page.select(out):
        part.decompose()
    for link in page.select("a"):
        if re.match(r"https?://", link.get_text()):  # a target that stands for its text
            link.decompose()
    return page


def _text(page) -> str:
    return page.get_text(" ")


def _longest_row(seen: list[NotebookNode]) -> int:
    """Most code cells that follow one another; a heading alone does not part them."""
    longest = row = 0
    for cell in seen:
        if cell.cell_type == "code":
            row += 1
            longest = max(longest, row)
        elif words(prose(re.sub(r"^#+ .*$", "", cell.source, flags=re.MULTILINE))):
            row = 0
    return longest


def _diagrams(cell: NotebookNode) -> int:
    return sum(name.endswith("diagram") for name in _called(cell))


def _called(cell: NotebookNode) -> Iterator[str]:
    """The names of the functions that a cell calls."""
    if cell.cell_type != "code":
        return
    for node in ast.walk(ast.parse(lessons.without_magics(cell.source))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def _screens_before_a_picture(notebook: NotebookNode) -> float | None:
    screens = 0.0
    for cell in notebook.cells:
        if not (is_in_view(cell) or "setup" in lessons.tags(cell)):
            continue
        screens += len(code_lines(cell)) / LINES_PER_SCREEN
        if cell.cell_type == "markdown":
            screens += len(words(shown(cell)[0])) / WORDS_PER_SCREEN
        if _has_picture(cell):
            return screens
    return None


def _has_picture(cell: NotebookNode) -> bool:
    if cell.cell_type == "markdown":
        return bool(re.search(r"!\[[^\]]*\]\(|<img\b|<svg\b", cell.source))
    kinds = [kind for output in cell.get("outputs", []) for kind in output.get("data", {})]
    return any(kind.startswith("image/") or "plotly" in kind for kind in kinds)
