"""Every figure that the course draws more than once.

Functions take tensors or arrays and return a matplotlib figure; :func:`show` displays it with a
text alternative. Colours are those of Okabe & Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from IPython import get_ipython
from IPython.display import display
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00",
    "#56B4E9", "#000000", "#B8A800", "#7F3C8D", "#7A7A7A",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")

STYLE = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e3e3",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "image.cmap": "gray_r",
    "axes.prop_cycle": cycler(color=COLOURS[:7]),
}


def _array(values) -> np.ndarray:
    """Numbers to draw, wherever they live."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    return np.asarray(values)


def use_style() -> None:
    """Set matplotlib's defaults to the course's."""
    plt.rcParams.update(STYLE)


# --------------------------------------------------------------------------- showing


def _bundle(figure: Figure, alt: str) -> tuple[dict, dict]:
    """A figure as the data and metadata of one Jupyter output; the figure is closed."""
    if len(alt.strip()) < 20:
        raise ValueError("A text alternative says what there is to see, in a sentence.")
    picture = base64.b64encode(_png(figure)).decode()
    plt.close(figure)
    return {"image/png": picture, "text/plain": alt}, {"image/png": {"alt": alt}}


def _png(figure: Figure) -> bytes:
    """A figure as a PNG of 256 colours: half the size, and no difference that an eye can see."""
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", bbox_inches="tight", facecolor="white")
    palette = Image.open(full).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(small, format="png", optimize=True)
    return small.getvalue()


def _publish(bundle: dict, metadata: dict) -> None:
    if get_ipython() is None:  # a plain script has nowhere to show a picture
        print(bundle["text/plain"])
    else:
        display(bundle, metadata=metadata, raw=True)


def show(figure: Figure, alt: str) -> None:
    """Display a figure with a text alternative for people who cannot see it.

    Args:
        figure: a matplotlib figure; it is closed afterwards.
        alt: what there is to see, in a sentence or two, without measured numbers.
    """
    _publish(*_bundle(figure, alt))


def show_interactive(interactive, figure: Figure, alt: str) -> None:
    """Display a plotly figure with a static twin, in one output.

    JupyterLab shows the interactive figure; GitHub, a rendered page and a screen reader take
    the picture or the text.

    Args:
        interactive: a ``plotly.graph_objects.Figure``.
        figure: a matplotlib figure that shows the same; it is closed afterwards.
        alt: as in :func:`show`.
    """
    bundle, metadata = _bundle(figure, alt)
    if "google.colab" in sys.modules:  # Colab has its own way to draw plotly figures
        interactive.show()
    interactive.update_layout(template="none")  # the default template weighs 16 kB
    plotly_json = json.loads(interactive.to_json())
    _publish(bundle | {"application/vnd.plotly.v1+json": plotly_json}, metadata)


def show_slider(
    strips, stops: Sequence, names: Sequence[str], label: str, figure: Figure, alt: str
) -> None:
    """Rows of images with a slider that chooses the row; it works without a kernel.

    Args:
        strips: (stops, images, 1, H, W) in [0, 1]; 1 is ink. One row of images for each stop.
        stops: what the slider says at each row.
        names: what is written under each image of a row.
        label: what the slider changes.
        figure, alt: static twin and text alternative, as in :func:`show_interactive`.
    """
    from plotly import graph_objects as go

    pictures = _array(strips)
    if pictures.ndim != 5 or pictures.shape[:3] != (len(stops), len(names), 1):
        raise ValueError(
            f"{len(stops)} stops of {len(names)} images have the shape ({len(stops)}, "
            f"{len(names)}, 1, H, W); these have {pictures.shape}."
        )
    count, height, width = len(names), *pictures.shape[-2:]
    rows = pictures[:, :, 0].swapaxes(1, 2).reshape(len(stops), height, count * width)
    start = len(stops) // 2
    interactive = go.Figure(
        [
            go.Image(
                source="data:image/png;base64," + base64.b64encode(png_bytes(1 - row)).decode(),
                hoverinfo="skip",
                visible=number == start,
            )
            for number, row in enumerate(rows)
        ]
    )
    steps = [
        {"method": "restyle", "label": str(stop),
         "args": [{"visible": [other == number for other in range(len(stops))]}]}
        for number, stop in enumerate(stops)
    ]  # fmt: skip
    interactive.update_layout(
        sliders=[{"active": start, "steps": steps, "currentvalue": {"prefix": f"{label}: "},
                  "pad": {"t": 40}}],
        xaxis={"tickvals": [width * (i + 0.5) - 0.5 for i in range(count)],
               "ticktext": [str(name) for name in names], "showgrid": False, "zeroline": False},
        yaxis={"visible": False},
        height=260, margin={"l": 20, "r": 20, "t": 10, "b": 10},
    )  # fmt: skip
    show_interactive(interactive, figure, alt)


def png_bytes(grey) -> bytes:
    """A picture as the content of a PNG file.

    Args:
        grey: (H, W) in [0, 1]; 1 is white.
    """
    buffer = io.BytesIO()
    levels = (255 * np.clip(_array(grey), 0, 1)).round().astype(np.uint8)
    Image.fromarray(levels).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


# --------------------------------------------------------------------------- images


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
            axis.imshow(_array(image).squeeze(), cmap="gray_r", vmin=low, vmax=high)
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
        row: 1 - _array(x) if x.shape[1] == 1 else np.moveaxis(_array(x).clip(0, 1), 1, 3)
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
    for axis, weight in zip(axes.flat, _array(weights)):
        bound = np.abs(weight).max() or 1.0
        axis.imshow(weight.squeeze(), cmap="PuOr_r", vmin=-bound, vmax=bound)
    for axis, name in zip(axes[:, 0], names):
        axis.text(-0.1, 0.5, name, ha="right", va="center", transform=axis.transAxes)
    return figure


# --------------------------------------------------------------------------- curves


def losses(histories: Mapping[str, object], term: str = "reconstruction", log: bool = False):
    """Training (dashed) and validation loss (solid) of one term by epoch.

    Args:
        histories: name → :class:`~aecourse.training.History`.
        log: use a logarithmic scale.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for colour, (name, history) in zip(COLOURS, histories.items()):
        epochs = range(1, len(history.seconds) + 1)
        marker = "." if len(epochs) <= 40 else None
        for part, style in ((history.train, "--"), (history.valid, "-")):
            if term in part:
                axis.plot(epochs, part[term], style, color=colour, marker=marker)
        axis.plot([], [], color=colour, label=name)
    axis.plot([], [], "k--", label="training, during the epoch")
    axis.plot([], [], "k-", label="validation, after the epoch")
    axis.set(xlabel="epoch", ylabel=f"{term} loss per example", yscale="log" if log else "linear")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend()
    return figure


# --------------------------------------------------------------------------- codes


def scatter(axis, codes, labels, names: Sequence[str], size: float = 22, title: str = "") -> None:
    """Points in the plane, one colour *and* one marker for each class.

    Args:
        axis: matplotlib axes to draw on.
        codes: (N, 2).
        labels: (N,) integers that index ``names``.
    """
    codes, labels = _array(codes), _array(labels)
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
    horizontal, vertical = (torch.as_tensor(_array(v)).float() for v in (horizontal, vertical))
    for values in (horizontal, vertical):
        if values.ndim != 1 or len(values) < 2 or not (values.diff() > 0).all():
            raise ValueError("The grid needs at least two increasing values in either direction.")
    nodes = torch.cartesian_prod(vertical.flip(0), horizontal).flip(1)
    images = _array(decode(nodes))[:, 0]
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
    points, labels = _array(points).astype(float), _array(labels).astype(int)
    images = _array(images).reshape(len(points), *images.shape[-2:])
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
    points, labels = _array(points).astype(float), _array(labels).astype(int)
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
        picture = np.moveaxis(_array(image).clip(0, 1), 0, 2)
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

    points, labels = _array(points).astype(np.float32).round(2), _array(labels)
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


def scatter_3d(codes, labels, names: Sequence[str], axes: Sequence[str], alt: str) -> None:
    """Codes of three numbers: a figure to turn, with a static twin of three projections.

    Args:
        codes: (N, 3); at most 3,000 points keep a notebook small.
        labels: (N,) integers that index ``names``.
        axes: what the three numbers are called.
        alt: text alternative, as in :func:`show`.
    """
    from plotly import graph_objects as go  # slow to import, and rarely needed

    codes, labels = _array(codes).astype(np.float32), _array(labels)
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
        scene=titles, height=520, margin={"l": 0, "r": 0, "t": 10, "b": 0}, legend={"x": 0, "y": 1}
    )
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6))
    for panel, (i, j) in zip(panels, ((0, 1), (0, 2), (1, 2))):
        scatter(panel, codes[:, [i, j]], labels, names, size=6)
        panel.set(xlabel=axes[i], ylabel=axes[j])
    panels[0].legend(markerscale=2)
    show_interactive(interactive, figure, alt)


# --------------------------------------------------------------------------- drawings


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
