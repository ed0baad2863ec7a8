"""How long a notebook takes: to read, for its exercises, to run. The tool writes it, nobody else.

Reading is what ``budget`` measures, exercises say their own minutes, and the seconds of a run are
those of the last measured one, on one thread: ``python -m aecourse run --record`` keeps them in
``docs/run_times.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from aecourse.course import budget, lessons
from aecourse.course.lessons import LessonError

MARK = "**Time**:"
SECONDS_STEP = 5  # of the seconds told to readers: another computer differs by more


class Run(NamedTuple):
    """The last measured run of one notebook."""

    seconds: float
    megabytes: float | None
    threads: int = 1


# --- measured runs ---------------------------------------------------------------------------


def file_of(notebooks: Path) -> Path:
    return notebooks.resolve().parent / "docs" / "run_times.json"


def read_runs(notebooks: Path) -> dict[str, Run]:
    """The last measured run of each notebook by its name; none where nothing was measured."""
    path = file_of(notebooks)
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {entry.pop("lesson"): Run(**entry) for entry in entries}
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise LessonError(
            f"{path} cannot be read ({problem}). Measure again: python -m aecourse run --record"
        ) from problem


def record(results: Iterable, notebooks: Path) -> None:
    """Keep the seconds and megabytes of those ``runner.Result`` in which every cell passed.

    Notebooks that are gone lose their entry.
    """
    runs = read_runs(notebooks)
    for result in results:
        if not result.error:
            megabytes = result.megabytes and round(result.megabytes, -1)
            runs[result.lesson] = Run(round(result.seconds), megabytes and int(megabytes))
    names = map(lessons.name, lessons.find_lessons(notebooks))
    lines = [json.dumps({"lesson": name, **runs[name]._asdict()}) for name in names if name in runs]
    text = "[\n" + ",\n".join(f" {line}" for line in lines) + "\n]\n"
    lessons.write_bytes(file_of(notebooks), text.encode("utf-8"))


# --- the time line ---------------------------------------------------------------------------


def time_line(notebook: NotebookNode, run: Run | None) -> str:
    """``**Time**: read 45 min · exercises 25 min · run 40 s``, without what there is not."""
    parts = [f"read {max(1, round(budget.measure(notebook).minutes))} min"]
    if minutes := budget.exercise_minutes(notebook):
        parts.append(f"exercises {minutes} min")
    if run:
        steps = max(1, round(run.seconds / SECONDS_STEP))
        parts.append(f"run {steps * SECONDS_STEP} s")
    return f"{MARK} {' · '.join(parts)}"


def written_line(notebook: NotebookNode) -> str | None:
    """The time line as it stands in the notebook; None if there is none."""
    cell = _cell_with_line(notebook)
    return budget.TIME_LINE.search(cell.source)[0] if cell else None


def set_line(notebook: NotebookNode, run: Run | None) -> bool:
    """Write the computed time line; whether that changed anything. LessonError without a mark."""
    cell = _cell_with_line(notebook)
    if cell is None:
        raise LessonError(f"It has no time line: write '{MARK}' where it belongs.")
    before = cell.source
    cell.source = budget.TIME_LINE.sub(lambda _: time_line(notebook, run), before, count=1)
    return cell.source != before


def _cell_with_line(notebook: NotebookNode) -> NotebookNode | None:
    """One of the first two cells, which have the title, promise and objectives."""
    head = [cell for cell in notebook.cells[:2] if cell.cell_type == "markdown"]
    return next((cell for cell in head if MARK in cell.source), None)


def update(paths: list[Path], notebooks: Path) -> list[str]:
    """Write the time lines of notebooks; gives the names of those that changed."""
    runs = read_runs(notebooks)
    changed = []
    for path in paths:
        notebook = lessons.read(path)
        try:
            if set_line(notebook, runs.get(lessons.name(path))):
                lessons.write(path, notebook)
                changed.append(lessons.name(path))
        except LessonError as problem:
            raise LessonError(f"{path}: {problem}") from problem
    return changed


# --- the table -------------------------------------------------------------------------------

COLUMNS = ("lesson", "kind", "words", "lines", "minutes", "numerals/100", "folded", "seconds")


def report(paths: list[Path], notebooks: Path) -> str:
    """A row of measures for each notebook, and below it what exceeds its budget."""
    runs = read_runs(notebooks)
    rows, remarks = [COLUMNS], [[]]
    for path in paths:
        found, run = budget.measure(lessons.read(path)), runs.get(lessons.name(path))
        limits = budget.budget_of(path)
        rows.append(_row(path, found, run))
        remarks.append(budget.problems(found, limits, run and run.seconds))
        if run and limits.aimed_seconds < run.seconds <= limits.seconds:
            remarks[-1].append(f"{run.seconds:.0f} seconds, within {limits.seconds}; the aim is "
                               f"{limits.aimed_seconds}")  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = []
    for row, sentences in zip(rows, remarks):
        left = [text.ljust(width) for text, width in zip(row[:2], widths)]
        right = [text.rjust(width) for text, width in zip(row[2:], widths[2:])]
        lines += ["  ".join([*left, *right]), *(f"    {sentence}" for sentence in sentences)]
    total = sum(runs[name].seconds for name in map(lessons.name, paths) if name in runs)
    return "\n".join([*lines, f"{total:,.0f} seconds in all, at most {budget.ALL_SECONDS:,}"])


def _row(path: Path, found: budget.Measures, run: Run | None) -> tuple[str, ...]:
    return (
        lessons.name(path),
        "deeper" if lessons.is_deeper(path) else "lesson",
        f"{found.words:,}",
        str(found.lines),
        f"{found.minutes:.0f}",
        f"{found.numerals_per_100_words:.1f}",
        f"{found.folded_words} + {found.folded_lines}",
        f"{run.seconds:.0f}" if run else "–",
    )


def stale(paths: list[Path], notebooks: Path) -> list[str]:
    """The names of the notebooks whose time line is not what it should be, with what it should."""
    runs = read_runs(notebooks)
    found = []
    for path in paths:
        notebook, name = lessons.read(path), lessons.name(path)
        if written_line(notebook) != (line := time_line(notebook, runs.get(name))):
            found.append(f"{name} should have: {line}")
    return found
