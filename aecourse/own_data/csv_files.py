"""A CSV file as a table of text: whatever its separator, encoding and first lines.

Not pandas.read_csv: that forgets in which line of the file a row stood.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd

from aecourse.data import DataError
from aecourse.own_data.columns import as_numbers
from aecourse.own_data.reporting import Notes, report


def read_csv(path: Path, notes: Notes) -> tuple[pd.DataFrame, str]:
    """The file as text, column by column, and its separator; the index counts the file's lines."""
    _refuse_other_things(path)
    lines = io.StringIO(_decoded(path, notes), newline="").readlines()
    above, separator = _above_the_names(lines, notes)
    separator = separator or _separator(lines[above:])
    records = _records(path, lines, above, separator)
    if len(records) < 2:
        raise DataError(f"{path.name} has no line below its first one, which names the columns.")
    (line, header), *records = records
    header = [name or f"column {i + 1}" for i, name in enumerate(header)]
    _check_names(path, line, header, notes)
    table = _table(path, header, records, notes)
    if len(header) == 1 and table[header[0]].str.contains(r"\s").mean() > 0.5:
        raise DataError(f"{path.name} has one column only. Is its separator one of , ; tab |?")
    return table, separator


def _refuse_other_things(path: Path) -> None:
    if not path.exists():
        raise DataError(f"There is no file {path} (looked for it in {Path.cwd()}).")
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name one CSV file (for pictures: load_pictures).")
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise DataError(f"{path.name} is a spreadsheet. Save it as CSV, and name that file.")


def _decoded(path: Path, notes: Notes) -> str:
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of spreadsheets
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.add(path.name, "is not UTF-8", "read as Latin-1: look at the accents")
        return content.decode("latin-1")


def _above_the_names(lines: list[str], notes: Notes) -> tuple[int, str | None]:
    """How many lines stand above the one with the names, and the separator that one may name."""
    separator = None
    for number, line in enumerate(lines):
        named = re.fullmatch(r"sep=(.)[\r\n]*", line, re.IGNORECASE)
        if named:
            separator, what, done = named[1], "names the separator", "obeyed"
        elif not line.strip():
            what, done = "is empty", "skipped"
        elif line.startswith("#"):
            what, done = "begins with #", "skipped: take the # away if it names the columns"
        else:
            return number, separator
        notes.add(f"line {number + 1}", what, done)
    return len(lines), separator


def _separator(lines: list[str]) -> str:
    """The one that cuts most of the first lines into as many fields as the header has."""

    def fits(separator: str) -> float:
        try:
            cut = [f for f in csv.reader(lines[:50], delimiter=separator) if any(map(str.strip, f))]
        except csv.Error:
            return 0.0
        widths = [len(fields) for fields in cut] or [0]
        return (widths[0] > 1) * np.mean(np.equal(widths, widths[0]))

    return max(";\t|,", key=fits)


def _records(
    path: Path, lines: list[str], above: int, separator: str
) -> list[tuple[int, list[str]]]:
    """Number of the line on which each record ends, and its fields; empty ones are skipped."""
    reader = csv.reader(lines[above:], delimiter=separator)
    records = []
    try:
        for fields in reader:
            fields = [field.strip() for field in fields]
            if any(fields):
                records.append((above + reader.line_num, fields))
    except csv.Error as error:
        line = above + reader.line_num
        raise DataError(f"{path.name}, line {line}, is not CSV: {error}.") from None
    return records


def _check_names(path: Path, line: int, header: list[str], notes: Notes) -> None:
    """Refuse equal names; name a header that looks like data."""
    twice = [name for name, count in Counter(header).items() if count > 1]
    numbers = list(compress(header, as_numbers(pd.Series(header)).notna()))
    if len(numbers) > len(header) / 2:
        found = f"consists of numbers ({', '.join(numbers[:3])})"
        advice = "put a line with names above it"
        if twice:
            raise DataError(f"{path.name}, line {line}, {found}: {advice}.")
        notes.add(f"line {line}", found, f"used as names of the columns: {advice} if it is data")
    if twice:
        raise DataError(f"{path.name} has two columns called {twice[0]!r}: rename one.")


def _table(
    path: Path, header: list[str], records: list[tuple[int, list[str]]], notes: Notes
) -> pd.DataFrame:
    """The records that have as many fields as the header; the others are named."""
    fitting = {line: fields for line, fields in records if len(fields) == len(header)}
    for line, fields in records:
        if line not in fitting:
            found = f"has {len(fields)} fields, the header {len(header)}"
            notes.add(f"line {line}", found, "left out")
    if not fitting:
        one_more = all(len(f) == len(header) + 1 and not f[-1] for _, f in records)
        ask = " Do the lines end with a separator?" * one_more
        raise DataError(f"No line of {path.name} fits its header.{ask}\n{report(notes)}")
    return pd.DataFrame.from_dict(fitting, orient="index", columns=header)
