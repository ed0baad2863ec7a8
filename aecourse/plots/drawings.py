"""The layers of a net, as columns of circles."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from aecourse.plots.style import COLOURS


def network(sizes: Sequence[int], names: Sequence[str] = (), most: int = 8) -> Figure:
    """The layers of an autoencoder as columns of circles; wide layers are shortened by dots.

    Args:
        sizes: units in each layer, from input to output; the middle one is the code.
        names: what to write under each layer.
        most: circles drawn for a layer that has more units.
    """
    figure, axis = plt.subplots(figsize=(1.5 * len(sizes) + 0.8, 3.4))
    code = len(sizes) // 2
    heights = []
    for size in sizes:
        drawn = min(size, most)
        heights.append((np.arange(drawn) - (drawn - 1) / 2)[::-1])
    for layer in range(len(sizes) - 1):
        for y in heights[layer]:
            for z in heights[layer + 1]:
                axis.plot([layer, layer + 1], [y, z], color="#c8c8c8", linewidth=0.5, zorder=1)
    for layer, (size, ys) in enumerate(zip(sizes, heights)):
        colour = COLOURS[1] if layer == code else COLOURS[0]
        axis.scatter(np.full(len(ys), layer), ys, s=130, color=colour, zorder=2)
        if size > most:
            axis.text(layer, 0, "⋮", ha="center", va="center", fontsize=18, color="white", zorder=3)
        axis.text(layer, max(map(max, heights)) + 0.8, f"{size}", ha="center", weight="bold")
        if names:
            axis.text(layer, min(map(min, heights)) - 1.1, names[layer], ha="center")
    axis.set(xlim=(-0.6, len(sizes) - 0.4))
    axis.axis("off")
    return figure
