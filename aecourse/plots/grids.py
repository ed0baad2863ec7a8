"""Numbers in a grid: which row does best in which column?"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def error_matrix(
    errors, rows: Sequence[str], columns: Sequence[str], shaded: int | None = None,
    worst: float = 2.5,
) -> Figure:  # fmt: skip
    """Errors as numbers on a grid, darker where they exceed the smallest of their column.

    Args:
        errors: (rows, columns), positive.
        rows, columns: what to write at the left of each row and below each column.
        shaded: how many rows, from the first, are compared; the rest stay white. All unless given.
        worst: the ratio to the smallest of the column from which on the colour is the darkest.
    """
    errors = np.asarray(errors, dtype=float)
    if errors.shape != (len(rows), len(columns)):
        raise ValueError(
            f"{len(rows)} rows and {len(columns)} columns are named, but the errors have the shape "
            f"{errors.shape}."
        )
    compared = errors[:shaded]
    ratio = np.full(errors.shape, np.nan)
    ratio[:shaded] = compared / compared.min(0)
    figure, axis = plt.subplots(figsize=(2.4 + len(columns), 1.1 + 0.42 * len(rows)))
    picture = axis.imshow(ratio, cmap="Oranges", vmin=1, vmax=worst, aspect="auto")
    figure.colorbar(picture, label="times the smallest")
    for (i, j), value in np.ndenumerate(errors):
        axis.text(j, i, f"{value:.4f}", ha="center", va="center",
                  weight="bold" if ratio[i, j] == 1 else "normal",
                  color="white" if ratio[i, j] > (1 + 2 * worst) / 3 else "black")  # fmt: skip
    axis.set_xticks(range(len(columns)), columns)
    axis.set_yticks(range(len(rows)), rows)
    axis.grid(False)
    return figure
