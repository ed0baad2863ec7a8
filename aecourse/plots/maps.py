"""Maps: points in the plane with the images that they stand for drawn in."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from aecourse.plots.showing import show_interactive
from aecourse.plots.style import COLOURS, array


def digit_map(points, images, labels, axis=None, side: float = 0.035) -> Figure:
    """A map of images in the plane, with the images drawn in where there is room.

    Every point is a small dot in the colour of its class. The first images, in the order given,
    are drawn at their places; one that would cover another is left out.

    Args:
        points: (N, 2) places on the map.
        images: (N, 1, H, W) or (N, H, W) in [0, 1]; 1 is ink.
        labels: (N,) integers, for the colours.
        axis: matplotlib axes to draw on; a new figure unless given.
        side: of an image, as a share of the map's longer side.
    """
    points, labels = array(points).astype(float), array(labels).astype(int)
    images = array(images).reshape(len(points), *images.shape[-2:])
    if points.shape != (len(images), 2) or labels.shape != (len(images),):
        raise ValueError(
            "A map needs a place (x, y) and a label for each image; the shapes are "
            f"{points.shape}, {images.shape} and {labels.shape}."
        )
    if axis is None:
        _, axis = plt.subplots(figsize=(7.2, 7.2))
    low = points.min(0)
    length = side * max((points.max(0) - low).max(), 1e-9)  # of an image, in units of the map
    cells = np.floor((points - low) / length * 28).astype(int)  # lower left corner, in 28ths
    canvas = np.ones((*(cells.max(0)[::-1] + 28), 4))
    canvas[..., 3] = 0
    free = np.ones(canvas.shape[:2], bool)
    tall, wide = images.shape[1:]
    rows, columns = (np.arange(28) * tall) // 28, (np.arange(28) * wide) // 28
    for (x, y), image, label in zip(cells, images, labels):
        window = (slice(y, y + 28), slice(x, x + 28))
        inside = (slice(y + 4, y + 24), slice(x + 4, x + 24))  # margins may overlap, ink may not
        if free[inside].all():
            free[inside] = False
            ink = np.clip(image[rows][::-1][:, columns], 0, 1)
            drawn = ink > canvas[window][..., 3]
            canvas[window][drawn, :3] = to_rgb(COLOURS[label % len(COLOURS)])
            canvas[window][drawn, 3] = ink[drawn]
    middle = points - low + length / 2
    for label in np.unique(labels):
        axis.plot(*middle[labels == label].T, ".", markersize=3, alpha=0.4,
                  color=COLOURS[label % len(COLOURS)])  # fmt: skip
    height, width = np.array(canvas.shape[:2]) * length / 28
    axis.imshow(canvas, extent=(0, width, 0, height), origin="lower", zorder=2)
    axis.set(xticks=[], yticks=[], aspect="equal")
    axis.spines[:].set_visible(False)
    axis.grid(False)
    return axis.figure


def picture_map(points, images, labels, names: Sequence[str], side: float = 0.045) -> Figure:
    """A map of pictures in the plane: thumbnails as they are, framed in the colour of their class.

    Every point is a small dot; the first pictures, in the order given, are drawn at their places
    where there is room.

    Args:
        points: (N, 2) places on the map.
        images: (N, 1 or 3, H, W) in [0, 1], grey or RGB; 1 is white.
        labels: (N,) integers that index ``names``.
        names: of the classes; no legend if there is only one.
        side: of a picture's longer side, as a share of the map's longer side.
    """
    points, labels = array(points).astype(float), array(labels).astype(int)
    if points.shape != (len(images), 2) or labels.shape != (len(images),):
        raise ValueError(
            "A map needs a place (x, y) and a label for each picture; the shapes are "
            f"{points.shape}, {tuple(images.shape)} and {labels.shape}."
        )
    figure, axis = plt.subplots(figsize=(7.2, 7.2))
    length = side * max(np.ptp(points, axis=0).max(), 1e-9)
    height, width = (length * np.array(images.shape[2:]) / max(images.shape[2:])).tolist()
    drawn = np.empty((0, 2))
    for place, image, label in zip(points, images, labels):
        if (np.abs(drawn - place) < (width, height)).all(1).any():
            continue
        drawn = np.vstack([drawn, place])
        left, low = place - (width / 2, height / 2)
        picture = np.moveaxis(array(image).clip(0, 1), 0, 2)
        axis.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="gray", vmin=0,
                    vmax=1, extent=(left, left + width, low, low + height), zorder=2)  # fmt: skip
        frame = plt.Rectangle((left, low), width, height, fill=False, zorder=3,
                              edgecolor=COLOURS[label % len(COLOURS)])  # fmt: skip
        axis.add_patch(frame)
    for label in np.unique(labels):
        axis.plot(*points[labels == label].T, ".", markersize=5, zorder=1,
                  color=COLOURS[label % len(COLOURS)], label=str(names[label]))  # fmt: skip
    axis.set(xticks=[], yticks=[], aspect="equal")
    axis.set(xlim=(points[:, 0].min() - width, points[:, 0].max() + width),
             ylim=(points[:, 1].min() - height, points[:, 1].max() + height))  # fmt: skip
    axis.spines[:].set_visible(False)
    axis.grid(False)
    if 1 < len(names) <= len(COLOURS):
        figure.legend(loc="outside lower center", ncols=10, columnspacing=1, markerscale=2)
    return figure


def show_map(points, images, labels, notes: Sequence[str], alt: str) -> None:
    """A map of images to zoom and point at, with a static twin that has the images drawn in.

    Args:
        points, images, labels: as in :func:`digit_map`; at most 3,000.
        notes: what appears when the mouse is on a point, one text for each.
        alt: text alternative, as in :func:`show`.
    """
    from plotly import graph_objects as go

    points, labels = array(points).astype(np.float32).round(2), array(labels)
    if len(points) > 3_000 or len(notes) != len(points):
        raise ValueError(
            f"A map holds at most 3,000 points and a note for each: there are {len(points)} points "
            f"and {len(notes)} notes."
        )
    static = digit_map(points, images, labels)
    drawn = static.axes[0].images[0]  # the digits lie under the dots of the live map too
    low, (_, width, _, height) = points.min(0), drawn.get_extent()
    side = width * 28 / drawn.get_array().shape[1]
    points = (points - low + side / 2).round(2)
    interactive = go.Figure(
        [
            go.Scatter(
                x=points[labels == label, 0],
                y=points[labels == label, 1],
                text=[note for note, other in zip(notes, labels) if other == label],
                hovertemplate="%{text}<extra></extra>",
                mode="markers",
                name=str(label),
                marker={"size": 4, "color": COLOURS[label % len(COLOURS)], "opacity": 0.5},
            )
            for label in np.unique(labels)
        ]
    )
    canvas = np.uint8(255 * drawn.get_array()[::-1])
    flat = Image.alpha_composite(Image.new("RGBA", canvas.shape[1::-1], "white"),
                                 Image.fromarray(canvas))  # fmt: skip
    small = io.BytesIO()
    flat.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    address = "data:image/png;base64," + base64.b64encode(small.getvalue()).decode()
    hidden = {"showticklabels": False, "showgrid": False, "zeroline": False}
    interactive.update_layout(
        images=[{"source": address, "xref": "x", "yref": "y", "x": 0, "y": 0, "sizex": width,
                 "sizey": height, "yanchor": "bottom", "sizing": "stretch", "layer": "below"}],
        xaxis=hidden, yaxis=hidden | {"scaleanchor": "x"}, height=720, legend={"y": 0.92},
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
    )  # fmt: skip
    show_interactive(interactive, static, alt)
