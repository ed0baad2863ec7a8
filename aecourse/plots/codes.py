"""Codes as points in a plane or in space, and what the decoder makes of a plane."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.plots.showing import show_interactive
from aecourse.plots.style import COLOURS, MARKERS, array


def scatter(axis, codes, labels, names: Sequence[str], size: float = 22, title: str = "") -> None:
    """Points in the plane, one colour *and* one marker for each class.

    Args:
        axis: matplotlib axes to draw on.
        codes: (N, 2).
        labels: (N,) integers that index ``names``.
    """
    codes, labels = array(codes), array(labels)
    for number, name in enumerate(names):
        rows = labels == number
        axis.scatter(
            *codes[rows].T,
            s=size,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            alpha=0.8,
            linewidth=0,
            label=str(name),
        )
    axis.set(xlabel="code 1", ylabel="code 2", title=title)


def code_plane(decode, horizontal, vertical, axis=None, scale: float = 0.42) -> Figure:
    """What a decoder draws at the nodes of a grid in the plane of a two-number code.

    Args:
        decode: codes (N, 2) → images (N, 1, H, W), on the CPU; grey values in [0, 1].
        horizontal, vertical: evenly spaced, increasing values of code 1 and code 2.
        axis: matplotlib axes to draw on; a new figure unless given.
        scale: side of an image in inches, in a new figure.

    Returns:
        The figure, with code units on its axes; code 2 grows upwards.
    """
    horizontal, vertical = (torch.as_tensor(array(v)).float() for v in (horizontal, vertical))
    for values in (horizontal, vertical):
        if values.ndim != 1 or len(values) < 2 or not (values.diff() > 0).all():
            raise ValueError("The grid needs at least two increasing values in either direction.")
    nodes = torch.cartesian_prod(vertical.flip(0), horizontal).flip(1)
    images = array(decode(nodes))[:, 0]
    rows, columns, (height, width) = len(vertical), len(horizontal), images.shape[1:]
    mosaic = images.reshape(rows, columns, height, width).swapaxes(1, 2)
    if axis is None:
        _, axis = plt.subplots(figsize=(scale * columns + 0.8, scale * rows + 0.6))
    # The middle of each image lies on its node, so the picture reaches half a step further.
    (left, right), (bottom, top) = (
        (values[0].item() - step, values[-1].item() + step)
        for values in (horizontal, vertical)
        for step in [(values[1] - values[0]).item() / 2]
    )
    axis.imshow(
        mosaic.reshape(rows * height, columns * width),
        cmap="gray_r",
        vmin=0,
        vmax=1,
        extent=(left, right, bottom, top),
        aspect="auto",
    )
    axis.grid(False)
    axis.set(xlabel="code 1", ylabel="code 2")
    return axis.figure


def scatter_3d(codes, labels, names: Sequence[str], axes: Sequence[str], alt: str) -> None:
    """Codes of three numbers: a figure to turn, with a static twin of three projections.

    Args:
        codes: (N, 3); at most 3,000 points keep a notebook small.
        labels: (N,) integers that index ``names``.
        axes: what the three numbers are called.
        alt: text alternative, as in :func:`show`.
    """
    from plotly import graph_objects as go  # slow to import, and rarely needed

    codes, labels = array(codes).astype(np.float32), array(labels)
    if len(codes) > 3_000:
        raise ValueError(f"{len(codes)} points make a notebook heavy: draw at most 3,000.")
    interactive = go.Figure(
        [
            go.Scatter3d(
                x=codes[labels == number, 0],
                y=codes[labels == number, 1],
                z=codes[labels == number, 2],
                mode="markers",
                name=str(name),
                marker={"size": 2.5, "color": COLOURS[number % len(COLOURS)], "opacity": 0.7},
            )
            for number, name in enumerate(names)
        ]
    )
    titles = {f"{letter}axis": {"title": {"text": title}} for letter, title in zip("xyz", axes)}
    interactive.update_layout(
        scene=titles, height=520, margin={"l": 0, "r": 0, "t": 10, "b": 0},
        legend={"x": 0, "y": 1, "itemsizing": "constant"},
    )
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6))
    for panel, (i, j) in zip(panels, ((0, 1), (0, 2), (1, 2))):
        scatter(panel, codes[:, [i, j]], labels, names, size=6)
        panel.set(xlabel=axes[i], ylabel=axes[j])
    panels[0].legend(markerscale=2)
    show_interactive(interactive, figure, alt)
