"""Notes: what was found in somebody's data, and what was done about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Note(NamedTuple):
    """One doubt: where it arose, what was found, what was done about it."""

    where: str
    found: str
    done: str


class Notes(list[Note]):
    """The doubts that arise while something is read, in their order."""

    def add(self, where: str, found: str, done: str) -> None:
        self.append(Note(where, found, done))


def report(notes: Sequence[Note], most: int = 3) -> str:
    """The notes as text, a line for those that differ in nothing but place and numbers.

    Args:
        most: how many places are named in a line; the others are counted.
    """
    groups: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        groups.setdefault((_NUMBER.sub("#", note.found), note.done), []).append(note)
    lines = []
    for (_, done), group in groups.items():
        places = ", ".join(note.where for note in group[:most])
        others = f" and {len(group) - most} more" if len(group) > most else ""
        lines.append(f"- {places}{others}: {_merged([n.found for n in group])} → {done}")
    return "\n".join(lines) or "- nothing to report"


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _merged(texts: list[str]) -> str:
    """One text for several that differ in their numbers only, with the range of each."""
    columns = zip(*(_NUMBER.findall(text) for text in texts))
    ranges = ((min(column, key=float), max(column, key=float)) for column in columns)
    spans = iter([low if float(low) == float(high) else f"{low} to {high}" for low, high in ranges])
    return _NUMBER.sub(lambda _: next(spans), texts[0])


def shown(values: Sequence, most: int = 3) -> str:
    """The first few values as they would be typed: 'a', 'b', 'c'."""
    return ", ".join(map(repr, values[:most]))
