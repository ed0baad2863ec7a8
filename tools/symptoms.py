"""Collect the rows of all lessons' tables "Symptom → cause" in lesson 13.

    python tools/symptoms.py

They are written between two marks in one cell of lesson 13, each with a link to its lesson. A test
says when that cell no longer agrees with the lessons.
"""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from aecourse.course import comparison, lessons

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
HOLDER = "13_which_autoencoder"
TAG = "collected"
HEAD = "| symptom | cause | cure | lesson, section |\n|---|---|---|---|"


def rows(notebook: NotebookNode) -> list[list[str]]:
    """The rows (symptom, cause, cure, section) of a lesson's table, without its head.

    Raises:
        ValueError: there is no such table, or a row has not four columns.
    """
    for cell in notebook.cells:
        heading, _, text = cell.source.partition("\n")
        if cell.cell_type == "markdown" and re.match(r"## .*Symptom → cause", heading):
            break
    else:
        raise ValueError(f"{lessons.title(notebook)} has no section 'Symptom → cause'.")
    text = re.split(r"^## ", text, flags=re.MULTILINE)[0]  # a cell may hold further sections
    found = [
        [column.strip() for column in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.lstrip().startswith("|")
    ][2:]
    if not found:
        raise ValueError(f"{lessons.title(notebook)} has no table below 'Symptom → cause'.")
    for row in found:
        if len(row) != 4:
            raise ValueError(f"{lessons.title(notebook)}: not four columns in {' | '.join(row)}.")
    return found


def collected(folder: Path = NOTEBOOKS) -> str:
    """The table of all lessons in Markdown."""
    lines = [HEAD]
    for path in lessons.find_lessons(folder, ["lessons"]):
        for symptom, cause, cure, section in rows(lessons.read(path)):
            place = re.sub(r"^sections? ", "", section)
            lines.append(
                f"| {symptom} | {cause} | {cure} | [{path.stem[:2]}]({path.name}), {place} |"
            )
    return "\n".join(lines)


def with_symptoms(notebook: NotebookNode, table: str) -> NotebookNode:
    """Lesson 13 with the table between its marks; its decimals are noted as quoted."""
    holders = lessons.cells(notebook, TAG)
    if len(holders) != 1:
        raise ValueError(f"{HOLDER} needs one cell tagged {TAG!r}.")
    cell = holders[0]
    cell.source = lessons.between_marks(cell.source, "symptoms", f"\n{table}\n")
    decimals = {
        number.text.lstrip("-+\u2212") for number in comparison.numbers(table) if "." in number.text
    }
    cell.metadata["aecourse"] = {"quoted": sorted(decimals)}
    return notebook


def main() -> None:
    path = NOTEBOOKS / f"{HOLDER}.ipynb"
    lessons.write(path, with_symptoms(lessons.read(path), collected()))


if __name__ == "__main__":
    main()
