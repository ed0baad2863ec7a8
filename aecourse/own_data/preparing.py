"""A table made ready for a net: its gaps filled, its columns standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import torch
from torch import Tensor

from aecourse.data import DataError, Scaling
from aecourse.own_data.reporting import Note, Notes
from aecourse.own_data.tables import Columns


@dataclass(frozen=True)
class Prepared:
    """A table in three parts, filled and standardised with its training rows.

    Attributes:
        x: train, valid, test: three tensors (N, features) float32, without missing values.
        observed: three boolean tensors of the same shapes: True where a value was in the file.
        names: of the features that are left.
        scaling: of the training rows. Its mean is also what fills a missing value.
        notes: columns that had to go.
        full_names: to be saved with a model, see :class:`Columns`.
    """

    x: tuple[Tensor, Tensor, Tensor]
    observed: tuple[Tensor, Tensor, Tensor]
    names: tuple[str, ...]
    scaling: Scaling
    notes: tuple[Note, ...]
    full_names: tuple[str, ...]


def prepare(table: Columns, parts: Sequence[Tensor]) -> Prepared:
    """Fill and standardise a table, looking at nothing but its training rows.

    Args:
        table: from :func:`load_table`.
        parts: row numbers of training, validation and test, as ``data.split_groups`` gives them.

    Raises:
        DataError: no column varies within the training rows.
    """
    train = table.x[parts[0]]
    largest = train.nan_to_num(nan=-torch.inf).amax(0)
    least = train.nan_to_num(nan=torch.inf).amin(0)
    varies = (largest > least).tolist()  # not where all are missing
    if not any(varies):
        raise DataError("No column varies within the training rows: there is nothing to learn.")
    notes = Notes()
    for name, kept in zip(table.names, varies):
        if not kept:
            notes.add(name, "has one value only in the training rows", "left out")
    x = table.x[:, varies]
    mean = x[parts[0]].nanmean(0)
    scaling = Scaling.of(torch.where(x.isnan(), mean, x)[parts[0]])
    filled, observed = zip(*(fill(x[rows], scaling) for rows in parts))
    return Prepared(
        x=filled,
        observed=observed,
        names=tuple(compress(table.names, varies)),
        scaling=scaling,
        notes=tuple(notes),
        full_names=tuple(compress(table.full_names, varies)),
    )


def fill(x: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Rows (N, features) in units of the data → standard units, and where a value was observed.

    A missing value becomes 0, which is the training mean.
    """
    observed = ~x.isnan()
    return scaling.apply(torch.where(observed, x, scaling.mean.to(x))), observed
