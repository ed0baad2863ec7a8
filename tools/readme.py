"""Write the table of lessons into the README: titles, links and deeper notebooks, as they are.

    python tools/readme.py

What a lesson is about stands in its row, written by hand; it is kept. A test says when the table
and the notebooks no longer agree.
"""

from __future__ import annotations

import re
from pathlib import Path

import address

from aecourse.course import lessons

ROOT = address.ROOT
README = ROOT / "README.md"
ROW = re.compile(r"^\| \d\d \| \[[^]]*\]\((?P<path>[^)]+)\) \| (?P<about>[^|]*?) \|", re.MULTILINE)


def descriptions(text: str) -> dict[str, str]:
    """What each lesson is about, by its path, from the rows that are there."""
    return {row["path"]: row["about"] for row in ROW.finditer(text)}


def table(paths: list[Path], about: dict[str, str], name: str) -> str:
    """The table of the notebooks ``paths``; with a column for deeper ones if there are any.

    Args:
        paths: of lessons and deeper notebooks, below the root.
        about: what a lesson is about, by its path.
        name: OWNER/NAME of the repository.
    """
    deeper = [path for path in paths if lessons.is_deeper(path)]
    rows = [["", "lesson", "what it is about", *(["deeper"] if deeper else []), "run it online"]]
    rows.append(["---"] * len(rows[0]))
    for path in paths:
        if path not in deeper:
            place = _place(path)
            title = lessons.title(lessons.read(path)).partition(" · ")[2]
            own = [_links(p, name) for p in deeper if p.stem[:2] == path.stem[:2]]
            middle = [" · ".join(own)] if deeper else []
            link, colab = f"[{title}]({place})", f"[Colab]({address.colab(name, place)})"
            rows.append([path.stem[:2], link, about.get(place, ""), *middle, colab])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _links(path: Path, name: str) -> str:
    """``[noise2self](…) ([Colab](…))``"""
    place = _place(path)
    return f"[{path.stem[3:].replace('_', ' ')}]({place}) ([Colab]({address.colab(name, place)}))"


def _place(path: Path) -> str:
    return f"notebooks/{lessons.place(path).as_posix()}"


def with_table(text: str, notebooks: Path = ROOT / "notebooks") -> str:
    """The README with the table between its two marks."""
    paths = lessons.find_lessons(notebooks)
    new = table(paths, descriptions(text), address.repository())
    return lessons.between_marks(text, "lessons", new)


if __name__ == "__main__":
    README.write_text(
        with_table(README.read_text(encoding="utf-8")), encoding="utf-8", newline="\n"
    )
