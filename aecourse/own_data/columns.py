"""One column of text, and the features that it becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from aecourse.own_data.reporting import Notes, shown

MOST_CATEGORIES = 20  # a text column with more different values is not turned into columns
MISSING = {"", *"na n/a #n/a n.a. nan null none missing ? - . inf -inf #div/0! #value!".split()}
CODES_FOR_MISSING = {9.0, 99.0, 999.0, 9999.0, 99999.0}  # and the same below 0


class Feature(NamedTuple):
    """How a number of a row comes about: it is in the column, or says what the column says.

    Attributes:
        column: of the file.
        one: the text for which it is 1; None if the column holds numbers.
        zero: the text for which it is 0, if the column has two values; None means any other.
    """

    column: str
    one: str | None = None
    zero: str | None = None

    @property
    def name(self) -> str:
        return self.column if self.one is None else f"{self.column}={self.one}"

    @property
    def full_name(self) -> str:
        return self.name if self.zero is None else f"{self.name}|{self.column}={self.zero}"

    @classmethod
    def from_name(cls, name: str, columns: Sequence[str]) -> Feature:
        """The feature of this name, full or short, for a file with these columns."""
        if name in columns:
            return cls(name)
        for i, letter in enumerate(name):
            if letter == "=" and name[:i] in columns:
                one, _, zero = name[i + 1 :].partition(f"|{name[:i]}=")
                return cls(name[:i], one, zero or None)
        two = re.fullmatch(r"(.+?)=(.+)\|\1=(.+)", name, re.DOTALL)  # the file lacks the column
        return cls(*two.groups()) if two else cls(name)

    def of(self, cells: pd.Series) -> np.ndarray:
        """1, 0, and NaN where a cell is missing or says what a column of two values did not."""
        known = cells.notna() if self.zero is None else cells.isin([self.one, self.zero])
        return np.where(known, cells == self.one, np.nan)


def present(text: pd.Series) -> pd.Series:
    """The column with NaN in the cells that say in one of the usual ways that nothing is there."""
    return text.mask(text.str.lower().isin(MISSING))


def features_of(text: pd.Series, separator: str, notes: Notes) -> dict[Feature, np.ndarray]:
    """The features that one column of text becomes: (N,) float64 each, NaN where missing."""
    cells = present(text)
    if cells.nunique() < 2:
        _name_emptiness(text, cells, notes)
        return {}
    _name_missing(text, cells, notes)
    numbers = read_numbers(cells, separator, notes)
    if numbers is None:
        return _categories(cells, notes)
    if cells.notna().all() and _counts_rows(numbers):
        notes.add(text.name, "counts the rows", "left out: a number is not a measurement")
        return {}
    _name_numbers_that_may_be_names(numbers, notes)
    name_codes_for_missing(numbers, notes)
    return {Feature(text.name): numbers.to_numpy()}


def _name_emptiness(text: pd.Series, cells: pd.Series, notes: Notes) -> None:
    what, done = "is empty", "left out: it carries no information"
    missing = cells.isna()
    if not missing.all():
        what = f"has one value only ({cells.dropna().iloc[0]!r})"
        if missing.any():
            words = ", ".join(sorted(set(text[missing]) - {""})) or "nothing"
            what += f", and {words} in {missing.mean():.0%} of the rows"
            done = "left out: write 'no' there if that is what it means"
    notes.add(text.name, what, done)


def _name_missing(text: pd.Series, cells: pd.Series, notes: Notes) -> None:
    missing = cells.isna()
    if missing.any():
        words = sorted(set(text[missing]) - {""})
        counted = f" ({shown(words)} counted as such)" * bool(words)
        found = f"{missing.mean():.1%} of its values are missing{counted}"
        notes.add(text.name, found, "to be filled with the training mean")


def _categories(cells: pd.Series, notes: Notes) -> dict[Feature, np.ndarray]:
    values = sorted(cells.dropna().unique())
    if len(values) > MOST_CATEGORIES:
        found = f"is text with {len(values)} different values ({shown(values)}, …)"
        notes.add(cells.name, found, "left out")
        return {}
    if len(values) == 2:  # one column says all about two values
        features = [Feature(cells.name, one=values[1], zero=values[0])]
    else:
        features = [Feature(cells.name, one=value) for value in values]
    names = [feature.name for feature in features]
    notes.add(cells.name, f"is text ({_listed(values)})", f"0 and 1: {_listed(names)}")
    return {feature: feature.of(cells) for feature in features}


def _listed(words: list[str], most: int = 3) -> str:
    return ", ".join(words[:most]) + ", …" * (len(words) > most)


# --------------------------------------------------------------------------- numbers


def as_numbers(cells: pd.Series, comma: str = ".") -> pd.Series:
    """Text as finite numbers, NaN where it is none, with ``comma`` in the place of commas."""
    numbers = pd.to_numeric(cells.str.replace(",", comma, regex=False), errors="coerce")
    return numbers.astype(float).where(np.isfinite)


def read_numbers(cells: pd.Series, separator: str, notes: Notes) -> pd.Series | None:
    """The column as numbers, NaN where missing, or None if it is text."""
    given = cells.dropna()
    with_comma = given[given.str.contains(",", regex=False)]
    thousands = _marks_thousands(with_comma, separator)
    numbers = as_numbers(cells, comma="" if thousands else ".")
    odd = given[numbers[given.index].isna()]
    if len(odd) > 0.1 * len(given):
        return None
    if numbers[with_comma.index].notna().any():
        _name_commas(with_comma, thousands, notes)
    zeros = given[given.str.fullmatch(r"0\d+")]
    if len(zeros):
        found = f"has leading zeros ({zeros.iloc[0]!r})"
        notes.add(cells.name, found, "kept as numbers: leave it out if it is a code")
    if len(odd):
        found = f"{len(odd)} of its values are no numbers ({shown(odd.unique())})"
        notes.add(cells.name, found, "counted as missing")
    return numbers


_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")


def _marks_thousands(cells: pd.Series, separator: str) -> bool | None:
    """Whether the commas in these cells mark thousands, as in 1,234; None: it cannot be known."""
    if not len(cells) or not cells.str.fullmatch(_THOUSANDS).all():
        return False
    if separator == "," or cells.str.contains(r"\.|,.*,").any():
        return True
    return None


def _name_commas(cells: pd.Series, thousands: bool | None, notes: Notes) -> None:
    if thousands:
        found, done = "has commas that mark thousands", "left out of the numbers"
    elif thousands is None:
        found = f"has commas before three digits ({cells.iloc[0]!r}): thousands or decimals?"
        done = "read as decimals: look"
    else:
        found, done = "has decimal commas", "read as points"
    notes.add(cells.name, found, done)


def _counts_rows(numbers: pd.Series) -> bool:
    # Nearly always: lines that are gone leave a gap, and copied ones a step back.
    return len(numbers) > 2 and (np.diff(numbers) == 1).mean() >= 0.9


def _name_numbers_that_may_be_names(numbers: pd.Series, notes: Notes) -> None:
    values = numbers.dropna()
    if len(values) <= 20 or not values.is_unique:
        return
    if values.is_monotonic_increasing:
        done = "kept: leave it out if it is a number or a time"
        notes.add(numbers.name, "rises from every row to the next", done)
    elif not (values % 1).any():
        done = "kept: leave it out if it is an identity"
        notes.add(numbers.name, "has another whole number in every row", done)


def name_codes_for_missing(numbers: pd.Series, notes: Notes) -> None:
    """A note for each -999 and the like at the ends of the column's values."""
    values = np.unique(numbers.dropna())
    code = np.isin(np.abs(values), list(CODES_FOR_MISSING))
    inner = np.flatnonzero(~code)
    rest = values[inner[0] : inner[-1] + 1] if len(inner) else values[:0]
    if len(rest) < 3:
        return
    for end in np.setdiff1d(values, rest):
        if np.abs(rest - end).min() > np.ptp(rest):
            found = f"is {end:g} in {(numbers == end).sum()} rows, far from all else"
            notes.add(numbers.name, found, "kept: empty these cells if it means missing")
