"""Nets whose later layers also see earlier ones: maps as columns, skip connections as arcs."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

from aecourse.plots.diagrams import FONT, INK, PALE, SIGNAL, Drawing

LARGEST = 1.6  # height of the largest map, in inches
STEP, THICK = 1.35, 0.34  # from column to column, and how wide a column is


def skip_diagram(sides: Sequence[int], names: Sequence[str], skips: Sequence[tuple[int, int]]):
    """The maps of a net from left to right, as high as their sides, with its skip connections.

    Args:
        sides: of the maps, in pixels, from the input to the output.
        names: what to write under each, such as "noisy image" or "16 maps".
        skips: (from, to): numbers of two columns, counted from 0, that an arc connects.

    Returns:
        The figure and its text alternative: ``plots.show(*plots.skip_diagram(…))``.

    Raises:
        ValueError: not one name for each column, or a skip between columns of unequal sides.
    """
    if len(names) != len(sides):
        raise ValueError(f"There are {len(sides)} columns and {len(names)} names.")
    for start, end in skips:
        if sides[start] != sides[end]:
            raise ValueError(f"Columns {start} and {end} have sides {sides[start]}, {sides[end]}.")
    heights = [LARGEST * side / max(sides) for side in sides]
    width = STEP * (len(sides) - 1) + 2
    figure = plt.figure(figsize=(width, LARGEST + 1.7), layout="none")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-1, width - 1), ylim=(-LARGEST / 2 - 0.75, LARGEST / 2 + 0.95))
    axis.axis("off")
    for place, (side, height, name) in enumerate(zip(sides, heights, names)):
        x = STEP * place
        ends = place in (0, len(sides) - 1)
        axis.add_patch(Rectangle(
            (x - THICK / 2, -height / 2), THICK, height, edgecolor=INK, zorder=2,
            facecolor="white" if ends else PALE["encoder"],
        ))  # fmt: skip
        axis.text(x, -LARGEST / 2 - 0.12, f"{name}\n{side} × {side}", ha="center", va="top",
                  fontsize=FONT)  # fmt: skip
        if place:
            _arrow(axis, (x - STEP + THICK / 2, 0), (x - THICK / 2, 0))
    for start, end in skips:
        high = heights[start] / 2
        _arrow(axis, (STEP * start, high), (STEP * end, high), SIGNAL, "arc3,rad=-0.35")
    told = "; ".join(f"{name}, {side} by {side}" for name, side in zip(names, sides))
    arcs = "; ".join(f"from {names[start]} to {names[end]}" for start, end in skips)
    alt = f"Columns as high as the maps of a net, from left to right: {told}."
    return Drawing(figure, f"{alt} Arcs pass over what lies between: {arcs}." if skips else alt)


def _arrow(axis, start, end, colour: str = INK, style: str = "arc3") -> None:
    axis.add_patch(FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=12, shrinkA=0, shrinkB=0, color=colour,
        connectionstyle=style, linewidth=2 if colour != INK else 1.2, zorder=3,
    ))  # fmt: skip
