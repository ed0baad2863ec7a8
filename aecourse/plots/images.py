"""Images and filters, side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from aecourse.plots.style import array


def image_rows(rows: Mapping[str, torch.Tensor], scale: float = 0.9, limits=(0, 1)) -> Figure:
    """Rows of images under one another, each with its name at the left.

    Args:
        rows: name → images (N, 1, H, W) or (N, H, W); the same N in every row.
        scale: side of an image in inches.
        limits: values drawn white and black; None takes each image's own.
    """
    counts = {name: len(images) for name, images in rows.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        raise ValueError(f"Every row needs the same number of images, at least one: {counts}.")
    count = next(iter(counts.values()))
    figure, axes = plt.subplots(
        len(rows), count, figsize=(scale * count + 1.2, scale * len(rows)), squeeze=False
    )
    low, high = limits or (None, None)
    for line, (name, images) in zip(axes, rows.items()):
        for axis, image in zip(line, images):
            axis.imshow(array(image).squeeze(), cmap="gray_r", vmin=low, vmax=high)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            axis.grid(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def pictures(rows: Mapping[str, torch.Tensor], names: Sequence[str] = (), scale: float = 1.1):
    """Rows of pictures as they are (1 is white), each row with its name at the left.

    Args:
        rows: name → pictures (N, 1 or 3, H, W) in [0, 1], grey or RGB; the same N in every row.
        names: what to write above each column; nothing unless given.
        scale: side of a picture in inches.
    """
    drawable = {
        row: 1 - array(x) if x.shape[1] == 1 else np.moveaxis(array(x).clip(0, 1), 1, 3)
        for row, x in rows.items()
    }
    figure = image_rows(drawable, scale)
    for axis in figure.axes:  # a frame, or white pictures would vanish on white paper
        axis.spines[:].set(visible=True, color="#999999", linewidth=0.5)
    for axis, name in zip(figure.axes, names):
        axis.set_title(name, fontsize=8, loc="center")
    return figure


def filters(
    weights: torch.Tensor, columns: int = 8, scale: float = 0.8, names: Sequence[str] = ()
) -> Figure:
    """Signed images on a grid, each on its own scale: orange is positive, blue negative.

    Args:
        weights: (N, 1, H, W) or (N, H, W).
        columns: how many side by side.
        names: what to write at the left of each row; nothing unless given.
    """
    count = len(weights)
    lines = -(-count // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(scale * columns, scale * lines), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, weight in zip(axes.flat, array(weights)):
        bound = np.abs(weight).max() or 1.0
        axis.imshow(weight.squeeze(), cmap="PuOr_r", vmin=-bound, vmax=bound)
    for axis, name in zip(axes[:, 0], names):
        axis.text(-0.1, 0.5, name, ha="right", va="center", transform=axis.transAxes)
    return figure


def panels(
    images: Mapping[str, torch.Tensor], signed: Collection[str] = (), scale: float = 1.9
) -> Figure:
    """Images of any size side by side, each with its name above.

    Args:
        images: name → (H, W); grey values from 0, paper, to 1, ink.
        signed: names of those that are drawn around 0 instead, each on its own scale: orange is
            positive, purple negative.
        scale: side of an image in inches.

    Raises:
        ValueError: there is no image, or a name in ``signed`` that is not among them.
    """
    if not images or not set(signed) <= images.keys():
        raise ValueError(f"These images are drawn: {', '.join(images)}; signed: {signed}.")
    figure, axes = plt.subplots(
        1, len(images), figsize=(scale * len(images), scale + 0.3), squeeze=False
    )
    for axis, (name, image) in zip(axes[0], images.items()):
        values = array(image)
        bound = (np.abs(values).max() or 1.0) if name in signed else 1
        low = -bound if name in signed else 0
        axis.imshow(values, cmap="PuOr_r" if name in signed else "gray_r", vmin=low, vmax=bound)
        axis.set(xticks=[], yticks=[])
        axis.set_title(name, loc="center")
        axis.grid(False)
    return figure
