"""Write what each notebook takes into docs/measured.md, from docs/run_times.json.

    python tools/run_times.py          (after `python -m aecourse run --record`)

A test says when the two no longer agree.
"""

from __future__ import annotations

import json
from pathlib import Path

from aecourse.course import lessons

ROOT = Path(__file__).resolve().parent.parent
PAGE, RECORD = ROOT / "docs" / "measured.md", ROOT / "docs" / "run_times.json"
HEAD = "| notebook | seconds | threads | peak memory |\n|---|--:|--:|--:|"


def row(run: dict, path: Path) -> str:
    title, target = lessons.title(lessons.read(path)), lessons.place(path).as_posix()
    gigabytes = f"{run['megabytes'] / 1000:.1f} GB" if run["megabytes"] else "–"
    return (
        f"| [{title}](../notebooks/{target}) | {run['seconds']:.0f} | {run['threads']} "
        f"| {gigabytes} |"
    )


def table(runs: list[dict], notebooks: Path) -> str:
    """The table in Markdown: a row for each notebook that was measured, and their sum.

    Raises:
        LessonError: a measured notebook is not there any more.
    """
    known = {lessons.name(path): path for path in lessons.find_lessons(notebooks)}
    if gone := [run["lesson"] for run in runs if run["lesson"] not in known]:
        raise lessons.LessonError(
            f"{', '.join(gone)} was measured, and is no notebook. Measure again: "
            "python -m aecourse run --record"
        )
    rows = [row(run, known[run["lesson"]]) for run in runs]
    total = sum(run["seconds"] for run in runs) / 60
    return "\n".join([HEAD, *rows]) + f"\n\nTogether: {total:.1f} minutes."


def with_table(page: str, runs: list[dict], notebooks: Path = ROOT / "notebooks") -> str:
    """The page with the table between its two marks."""
    return lessons.between_marks(page, "run_times", table(runs, notebooks))


def main() -> None:
    runs = json.loads(RECORD.read_text(encoding="utf-8"))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), runs), encoding="utf-8")


if __name__ == "__main__":
    main()
