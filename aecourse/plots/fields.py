"""Arrows in the plane, and walks that follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from aecourse.plots.style import COLOURS, array


def _panels(names: Sequence[str], reach: float, side: float):
    """A row of square panels of the plane, from −reach to reach, with their titles."""
    figure, axes = plt.subplots(
        1, len(names), figsize=(side * len(names), side), sharex=True, sharey=True, squeeze=False
    )
    for axis, name in zip(axes[0], names):
        axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$x_1$")
        axis.set_title(name)
    axes[0, 0].set_ylabel("$x_2$")
    return figure, axes[0]


def arrows(fields: Mapping[str, tuple], data, reach: float = 2.8, side: float = 4.6) -> Figure:
    """Arrows from places of the plane, one panel for each field, beside the data.

    Args:
        fields: title → (places, steps, heights): where the arrows begin, (N, 2); where they point,
            (N, 2), drawn at 0.4 of their length; and a square table of numbers to be drawn as
            shades below them, over the whole panel from its lower left on, or None.
        data: points of the plane (M, 2).
        reach: half the side of a panel in units of the plane.
        side: of a panel, in inches.
    """
    figure, axes = _panels(list(fields), reach, side)
    for axis, (places, steps, heights) in zip(axes, fields.values()):
        if heights is not None:
            axis.imshow(array(heights).T, extent=(-reach, reach, -reach, reach), origin="lower",
                        cmap="Greys", alpha=0.5)  # fmt: skip
        axis.scatter(*array(data).T, s=2, color=COLOURS[1])
        axis.quiver(*array(places).T, *array(steps).T, color=COLOURS[0], angles="xy",
                    scale_units="xy", scale=2.5, width=0.004)  # fmt: skip
        axis.grid(False)
    return figure


def walks(paths: Mapping[str, object], data, drawn: int = 60, reach: float = 4.0,
          side: float = 3.7) -> Figure:  # fmt: skip
    """Walks in the plane, one panel each: lines for some, dots where many of them end.

    Args:
        paths: title → positions (steps + 1, N, 2).
        data: points of the plane (M, 2).
        drawn: how many walks are drawn as lines; ten times as many have a dot at their end.
        reach, side: as in :func:`arrows`.
    """
    figure, axes = _panels(list(paths), reach, side)
    for axis, path in zip(axes, paths.values()):
        path = array(path)
        axis.scatter(*array(data).T, s=3, color=COLOURS[1])
        axis.plot(*path[:, :drawn].transpose(2, 0, 1), color=COLOURS[9], linewidth=0.5)
        axis.scatter(*path[-1, : 10 * drawn].T, s=4, color=COLOURS[0])
    return figure
