"""A CSV file as a tensor of numbers: one to begin with, and new rows for a saved model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from aecourse.data import DataError
from aecourse.own_data.columns import (
    Feature,
    as_numbers,
    features_of,
    name_codes_for_missing,
    present,
    read_numbers,
)
from aecourse.own_data.csv_files import read_csv
from aecourse.own_data.reporting import Note, Notes, report, shown


@dataclass(frozen=True)
class Columns:
    """What :func:`load_table` found.

    Attributes:
        x: (N, features) float64 in units of the data; NaN where a value is missing.
        names: of the features.
        rows: (N,) line of the file in which each row stands (the header is line 1).
        notes: every doubt, see :func:`report`.
        aside: the columns that were left out as asked, name → (N,) text: for colours in a
            picture, or to say which rows belong together.
        full_names: to be saved with a model. They tell both values of a column that has two:
            "rain=yes|rain=no", where the name is "rain=yes".
    """

    x: Tensor
    names: tuple[str, ...]
    rows: Tensor
    notes: tuple[Note, ...]
    aside: dict[str, np.ndarray]
    full_names: tuple[str, ...]


def load_table(
    path: str | Path, leave_out: Sequence[str] = (), missing: Sequence[str | float] = ()
) -> Columns:
    """Read a CSV file whose first line names its columns.

    Numbers stay; two-valued columns become 0 and 1; text with few values becomes one column of
    0 and 1 for each value; constant, empty and row-number columns, and text with many values,
    are left out. Missing values stay missing (:func:`prepare` fills them).

    Args:
        path: of the file; separator and decimal comma are recognised.
        leave_out: columns not to be used (identities, or the answer to be predicted).
        missing: what stands in a cell, in this file, for a missing value ("-999"), besides empty
            cells, NA and the like. Numbers count however they are written ("-999,0").

    Raises:
        DataError: no such file, not a table, or no usable column.
        ValueError: ``leave_out`` names a column that is not there, or is no list.
    """
    _refuse_text(leave_out=leave_out, missing=missing)
    path = Path(path).expanduser()
    notes = Notes()
    table, separator = read_csv(path, notes)
    table, found = _blanked(table, missing)
    if missing and not found:
        where = ", ".join(map(str, missing))
        notes.add(where, "stands in no cell", "nothing is counted as missing for it")
    unknown = sorted(set(leave_out) - set(table.columns))
    if unknown:
        raise ValueError(
            f"There is no column {', '.join(map(repr, unknown))} in {path.name}. It has: "
            f"{', '.join(table.columns)}."
        )
    for name in leave_out:
        notes.add(name, "not wanted", "left out, as asked")
    features: dict[Feature, np.ndarray] = {}
    for name in table.columns.drop(list(leave_out)):
        features |= features_of(table[name], separator, notes)
    if not features:
        raise DataError(f"No column of {path.name} can be used:\n{report(notes)}")
    _name_twins(features, notes)
    return _columns(features, table, leave_out, notes)


def load_rows(
    path: str | Path, names: Sequence[str], missing: Sequence[str | float] = ()
) -> Columns:
    """Read new rows for a saved model: a CSV file with the columns of an earlier one.

    Args:
        path, missing: as in :func:`load_table`.
        names: of the features, as :func:`load_table` called them. "rain=yes" is 1 where the column
            "rain" says "yes", else 0; the full name "rain=yes|rain=no" is 0 for "no" only.

    Returns:
        Exactly these features, in this order. A column that the file lacks is missing in every
        row, and so is a third value where there were two; other columns are not used; empty rows
        are left out. All of it is named, as are values of a text column that the model may not
        know.
    """
    _refuse_text(missing=missing)
    path = Path(path).expanduser()
    notes = Notes()
    table, separator = read_csv(path, notes)
    table, _ = _blanked(table, missing)
    wanted = [Feature.from_name(name, table.columns) for name in names]
    columns = dict.fromkeys(feature.column for feature in wanted)
    if columns.keys().isdisjoint(table.columns):
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}.")
    features = {feature: np.full(len(table), np.nan) for feature in wanted}
    for column in columns:
        if column in table:
            its_features = [feature for feature in wanted if feature.column == column]
            features |= _as_before(its_features, present(table[column]), separator, notes)
        else:
            notes.add(column, "is not in the file", "counted as missing")
    for name in table.columns.drop(list(columns), errors="ignore"):
        notes.add(name, "is no column of the model", "left out")
    return _columns(features, table, (), notes)


def _refuse_text(**settings) -> None:
    for name, value in settings.items():
        if isinstance(value, str):
            raise ValueError(f"{name}={value!r}: put it into a list, [{value!r}].")


def _blanked(table: pd.DataFrame, missing: Sequence[str | float]) -> tuple[pd.DataFrame, bool]:
    """The table with "" in the cells that say one of ``missing``, and whether there are any."""
    words = {str(word).strip().lower() for word in missing}
    values = as_numbers(pd.Series(list(words), dtype=str)).dropna()
    hit = table.apply(lambda cells: cells.str.lower().isin(words) | as_numbers(cells).isin(values))
    return table.mask(hit, ""), bool(hit.to_numpy().any())


def _columns(
    features: dict[Feature, np.ndarray], table: pd.DataFrame, aside: Sequence[str], notes: Notes
) -> Columns:
    """The result, without the rows in which nothing is left."""
    x = np.stack(list(features.values()), 1)
    full = ~np.isnan(x).all(1)
    for line in table.index[~full]:
        notes.add(f"line {line}", "is empty in all columns that are used", "left out")
    return Columns(
        x=torch.from_numpy(x[full]),
        names=tuple(feature.name for feature in features),
        rows=torch.tensor(table.index[full].to_numpy()),
        notes=tuple(notes),
        aside={name: table.loc[full, name].to_numpy(str) for name in aside},
        full_names=tuple(feature.full_name for feature in features),
    )


def _name_twins(features: dict[Feature, np.ndarray], notes: Notes) -> None:
    """A note for each column that says what an earlier one says, in other units perhaps."""
    names = [feature.name for feature in features]
    table = pd.DataFrame(np.stack(list(features.values()), 1))
    alike = table.corr(min_periods=3).abs().to_numpy() > 1 - 1e-9
    for later, earlier in zip(*np.nonzero(np.tril(alike, -1))):
        found = f"rises and falls exactly with {names[earlier]} (or against it)"
        notes.add(names[later], found, "kept: the same thing counts twice")


def _as_before(
    features: list[Feature], cells: pd.Series, separator: str, notes: Notes
) -> dict[Feature, np.ndarray]:
    """What new rows say in one column, for those of its features that can be read."""
    texts = [feature for feature in features if feature.one is not None]
    if texts:
        _name_unknown_values(texts, cells, notes)
    found = {feature: feature.of(cells) for feature in texts}
    if len(texts) < len(features):
        numbers = read_numbers(cells, separator, notes)
        if numbers is None:
            notes.add(cells.name, "holds no numbers here", "counted as missing")
        else:
            name_codes_for_missing(numbers, notes)
            found[Feature(cells.name)] = numbers.to_numpy()
    return found


def _name_unknown_values(features: list[Feature], cells: pd.Series, notes: Notes) -> None:
    known = {value for f in features for value in (f.one, f.zero) if value is not None}
    there = set(cells.dropna())
    other = sorted(there - known)
    # A short name tells one of two values only: there, one other is expected beside it.
    expected = len(known) == 1 and len(other) == 1 and known & there
    if other and not expected:
        found = f"has values that the model may not know ({shown(other)})"
        done = "counted as missing" if features[0].zero else "counted as none of those it knows"
        notes.add(cells.name, found, done)
