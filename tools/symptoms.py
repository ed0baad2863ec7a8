"""Collect the rows of all lessons' tables "Symptom → cause" on one page, docs/symptoms.md.

    python tools/symptoms.py

They are written between two marks, a table for each lesson; each row links the sections that it
names. A test says when the page no longer agrees with the lessons.
"""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from aecourse.course import anchors, lessons

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
PAGE = ROOT / "docs" / "symptoms.md"
HEAD = "| symptom | cause | cure | section |\n|---|---|---|---|"


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


def sections(notebook: NotebookNode) -> dict[str, str]:
    """The number of each section of a lesson and the anchor of its heading."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    titles = (title for level, title in anchors.headings(text) if level == 2)
    numbered = (re.match(r"\d+(?= )", title) for title in titles)
    return {found[0]: anchors.anchor(found.string) for found in numbered if found}


def linked(place: str, notebook: NotebookNode, file: str) -> str:
    """``place``, such as "3, 5", with a link for each section that it names.

    Raises:
        ValueError: the lesson has no such section.
    """
    known = sections(notebook)
    if missing := set(re.findall(r"\d+", place)) - set(known):
        raise ValueError(f"{lessons.title(notebook)} has no section {', '.join(sorted(missing))}.")
    return re.sub(r"\d+", lambda n: f"[{n[0]}](../notebooks/{file}#{known[n[0]]})", place)


def collected(folder: Path = NOTEBOOKS) -> str:
    """The tables of all lessons in Markdown, each below the title of its lesson."""
    parts = []
    for path in lessons.find_lessons(folder, ["lessons"]):
        notebook = lessons.read(path)
        lines = [f"## {lessons.title(notebook)}", "", HEAD]
        for *columns, section in rows(notebook):
            lines.append(f"| {' | '.join(columns)} | {linked(section, notebook, path.name)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def with_symptoms(page: str, tables: str) -> str:
    """The page with the tables between its marks."""
    return lessons.between_marks(page, "symptoms", f"\n{tables}\n")


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_symptoms(page, collected()), encoding="utf-8")


if __name__ == "__main__":
    main()
