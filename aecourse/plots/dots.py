"""One mark per name: columns of a table, recipes, models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from aecourse.plots.style import COLOURS, MARKERS, array


def dots(
    rows: Mapping[str, Sequence[float]],
    names: Sequence[str],
    xlabel: str,
    lines: Mapping[str, float] | None = None,
) -> Figure:
    """Values side by side: a line of the figure for each name, a mark in it for each row.

    Args:
        rows: what a mark stands for → one value for each name.
        names: the lines of the figure, from top to bottom.
        xlabel: what is measured, with its unit.
        lines: name → where a vertical line is drawn, such as a baseline.

    Raises:
        ValueError: a row does not have one value for each name.
    """
    height = range(len(names), 0, -1)
    figure, axis = plt.subplots(figsize=(7.2, 1.1 + 0.24 * len(names)))
    for (label, values), colour, marker in zip(rows.items(), COLOURS, MARKERS):
        if len(values) != len(names):
            raise ValueError(f"{label!r} has {len(values)} values for {len(names)} names.")
        axis.plot(array(values), height, marker, color=colour, label=label, alpha=0.85)
    for (label, place), style in zip((lines or {}).items(), (":", "--", "-.")):
        axis.axvline(place, color="black", linestyle=style, label=label)
    axis.set(yticks=height, yticklabels=names, xlabel=xlabel)
    entries = len(rows) + len(lines or {})
    columns = entries if entries <= 3 else -(-entries // 2)  # one row, or two that are even
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)
    return figure
