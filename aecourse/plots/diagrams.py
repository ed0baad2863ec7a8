"""What goes where in an autoencoder: boxes and arrows, and the same in words.

Everything is laid out in inches, and a box is as wide as the text in it, so nothing overlaps
whatever the names are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Polygon
from matplotlib.textpath import TextPath

from aecourse.plots.style import COLOURS

NAMES = {
    "data": "data\n$x$",
    "encoder": "encoder\n$\\phi$",
    "posterior": "mean and\nspread\n$\\mu, \\sigma$",
    "code": "code\n$z$",
    "decoder": "decoder\n$\\psi$",
    "reconstruction": "reconstruction\n$\\hat x$",
}
ENTRIES = ("noise", "draw", "penalty", "loss")  # what enters the chain of boxes, with a label
KINDS = ("image", "table", "series")

TALL, LOW = 1.4, 0.9  # heights of what has the size of the data, and of what has the code's
GAP, PAD, RADIUS = 0.25, 0.1, 0.15  # between boxes; around their text; of a node on an arrow
ICON = 0.36  # height of a small image, table or series
FONT, LINE = 10.5, 0.19  # points, and inches from line to line
HEIGHTS = {
    "data": (TALL, TALL),
    "noise": (2 * RADIUS, 2 * RADIUS),
    "encoder": (TALL, LOW),
    "posterior": (LOW, LOW),
    "draw": (2 * RADIUS, 2 * RADIUS),
    "code": (LOW, LOW),
    "decoder": (LOW, TALL),
    "reconstruction": (TALL, TALL),
}
PALE = {"encoder": "#D6E8F5", "decoder": "#D6E8F5", "code": "#FCE9C4", "posterior": "#FCE9C4"}
INK, SIGNAL = "#333333", COLOURS[1]

SEVEN = np.array([[0, 0, 0, 0, 0, 0, 0], [0, 8, 9, 9, 9, 9, 0], [0, 0, 0, 0, 1, 9, 0],
                  [0, 0, 0, 0, 8, 5, 0], [0, 0, 0, 5, 8, 0, 0], [0, 0, 0, 9, 2, 0, 0],
                  [0, 0, 0, 0, 0, 0, 0]]) / 9  # fmt: skip
TABLE = np.array([[7, 7, 7, 7], [2, 0, 4, 1], [1, 5, 0, 3], [0, 2, 1, 5], [3, 1, 4, 0]]) / 9


class Drawing(NamedTuple):
    """A figure and what it shows, in words: ``plots.show(*drawing)`` displays both."""

    figure: Figure
    alt: str


class Part(NamedTuple):
    """A box, or a node on the arrow between two boxes, with its place."""

    name: str
    left: float
    width: float
    heights: tuple[float, float]  # of its left and of its right side
    text: str

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def half(self) -> float:
        """From its middle to its upper edge, there."""
        return sum(self.heights) / 4


def diagram(
    *,
    noise: str = "",
    draw: str = "",
    penalty: str = "",
    loss: str = "loss",
    names: Mapping[str, str] | None = None,
    sizes: Mapping[str, str] | None = None,
    kind: str = "",
    highlight: str | Collection[str] = (),
) -> Drawing:
    """Data → encoder → code → decoder → reconstruction, and what enters where.

    Each label is a few words, in which ``$…$`` is a formula; what has no label is not drawn.

    Args:
        noise: what disturbs the data before the encoder; the loss still sees them undisturbed.
        draw: how the code is drawn from the mean and the spread that the encoder then gives.
        penalty: what is asked of the code (with a draw: of mean and spread).
        loss: how the reconstruction is compared with the data.
        names: box → what to write in it instead of :data:`NAMES`; "\\\\n" breaks the line.
        sizes: box → how large it is, such as ``{"data": "784", "code": "32"}``.
        kind: "image", "table" or "series" draws a small one into data and reconstruction.
        highlight: names of the boxes or labels that this diagram is about.

    Returns:
        The figure and its text alternative: ``plots.show(*plots.diagram(noise="masking"))``.

    Raises:
        ValueError: a box or a kind of data that does not exist, or is not drawn.
    """
    labels = {"noise": noise, "draw": draw, "penalty": penalty, "loss": loss}
    labels = {name: _wrapped(text) for name, text in labels.items() if text}
    boxes = [name for name in NAMES if name != "posterior" or draw]
    highlight = {highlight} if isinstance(highlight, str) else set(highlight)
    _check("names", names or (), boxes)
    _check("sizes", sizes or (), boxes)
    _check("highlight", highlight, [*boxes, *labels])
    _check("kind", {kind} - {""}, KINDS)
    names = {name: (names or {}).get(name, NAMES[name]) for name in boxes}
    sizes = dict(sizes or {})
    chain = _chain(names, sizes, labels, kind)
    figure = _drawn(chain, labels, kind, highlight)
    return Drawing(figure, _told(labels, names, sizes, kind, highlight))


def _check(argument: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(
                f"{argument} speaks of {name!r}, which this diagram does not have; choose from "
                f"{', '.join(known)}."
            )


def _wrapped(text: str, most: int = 20) -> str:
    """The text in lines of about ``most`` characters, without a break in a formula."""
    lines = [""]
    for word in re.findall(r"\$[^$]*\$\S*|\n|\S+", text):
        if word == "\n" or len(lines[-1]) + len(word) > most and lines[-1]:
            lines.append("")
        if word != "\n":
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


# --------------------------------------------------------------------------- the places


def _chain(names, sizes, labels, kind: str) -> list[Part]:
    """Boxes and nodes from left to right, each as wide as its text."""
    order = list(names)
    if "noise" in labels:
        order.insert(order.index("encoder"), "noise")
    if "draw" in labels:
        order.insert(order.index("code"), "draw")
    chain, left = [], 0.0
    for name in order:
        text = f"{names[name]}\n{sizes[name]}" if name in sizes else names.get(name, "")
        width = 2 * (PAD + _half_width(text)) if text else 2 * RADIUS
        if name == "data" and kind:
            width = max(width, 2 * (PAD + ICON))
        chain.append(Part(name, left, width, HEIGHTS[name], text))
        left += width + GAP
    return chain


def _half_width(text: str) -> float:
    """Half the width of the longest line, in inches."""
    lines = [TextPath((0, 0), line, size=FONT).get_extents().width for line in text.split("\n")]
    return max(lines) / 72 / 2


# --------------------------------------------------------------------------- the picture


def _drawn(chain: list[Part], labels, kind: str, highlight: set[str]) -> Figure:
    places = {part.name: part for part in chain}
    above = max((_height(labels[n]) for n in ("noise", "penalty") if n in labels), default=-0.15)
    top = TALL / 2 + GAP + above
    bottom = TALL / 2 + 0.1  # of what has been drawn below the boxes so far
    if "draw" in labels:
        bottom = max(bottom, LOW / 2 + GAP + _height(labels["draw"]))
    depth = bottom + (0.2 + _height(labels["loss"]) + 2 * PAD if "loss" in labels else 0)
    width = chain[-1].right
    figure = plt.figure(figsize=(width + 0.2, top + depth + 0.1), layout="none")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-0.1, width + 0.1), ylim=(-depth - 0.05, top + 0.05))
    axis.axis("off")
    for part in chain:
        _draw_part(axis, part, kind, part.name in highlight)
    for one, other in zip(chain, chain[1:]):
        _arrow(axis, (one.right, 0), (other.left, 0))
    if "noise" in labels:
        _label(axis, "noise", labels, places["noise"], 1, highlight)
    if "penalty" in labels:
        _label(axis, "penalty", labels, places.get("posterior", places["code"]), 1, highlight)
    if "draw" in labels:
        _label(axis, "draw", labels, places["draw"], -1, highlight)
    if "loss" in labels:
        _draw_loss(axis, labels["loss"], chain, -depth, "loss" in highlight)
    return figure


def _height(text: str) -> float:
    return LINE * (text.count("\n") + 1)


def _draw_part(axis: Axes, part: Part, kind: str, strong: bool) -> None:
    look = {
        "facecolor": SIGNAL if strong else PALE.get(part.name, "white"),
        "edgecolor": "black" if strong else INK,
        "linewidth": 2.4 if strong else 1,
        "zorder": 2,
    }
    if part.name in ENTRIES:
        axis.add_patch(Circle((part.middle, 0), RADIUS, **look))
        # A jagged line disturbs; a bell is what a code is drawn from.
        x = np.linspace(-1, 1, 9 if part.name == "noise" else 40)
        y = (-1.0) ** np.arange(9) * 0.5 if part.name == "noise" else 1.3 * np.exp(-8 * x**2) - 0.5
        x, y = part.middle + 0.7 * RADIUS * x, 0.7 * RADIUS * y
        axis.plot(x, y, color=look["edgecolor"], linewidth=1, zorder=3)
        return
    left, right = (height / 2 for height in part.heights)
    corners = [(part.left, -left), (part.left, left), (part.right, right), (part.right, -right)]
    axis.add_patch(Polygon(corners, **look))
    down = 0.0
    if kind and part.name in ("data", "reconstruction"):
        down = (ICON + 0.08) / 2
        low = _height(part.text) / 2 - down + 0.08
        _draw_icon(axis, kind, part.middle, low, smooth=part.name == "reconstruction")
    axis.text(part.middle, -down, part.text, ha="center", va="center", fontsize=FONT,
              linespacing=1.15, zorder=4)  # fmt: skip


def _draw_icon(axis: Axes, kind: str, middle: float, low: float, smooth: bool) -> None:
    """A small image, table or series that stands on the height ``low``; the reconstruction's is
    smooth, because it has lost something."""
    if kind == "series":
        t = np.linspace(-1, 1, 80)
        curve = np.sin(5 * t) + (0 if smooth else 0.3) * np.sin(31 * t)
        axis.plot(middle + t * ICON, low + ICON * (0.5 + curve / 2.6), color=COLOURS[0],
                  linewidth=1.2, zorder=4)  # fmt: skip
        return
    picture = SEVEN if kind == "image" else TABLE
    if smooth:
        padded = np.pad(picture, 1, "edge")
        picture = sum(padded[1:-1, c : c + picture.shape[1]] for c in range(3)) / 3
    half = ICON / 2 if kind == "image" else ICON
    left, right, high = middle - half, middle + half, low + ICON
    axis.imshow(picture, cmap="gray_r" if kind == "image" else "Blues", vmin=0, vmax=1,
                extent=(left, right, low, high), aspect="auto", zorder=4)  # fmt: skip
    axis.add_patch(Polygon([(left, low), (left, high), (right, high), (right, low)], fill=False,
                           edgecolor=INK, linewidth=0.6, zorder=5))  # fmt: skip


def _label(axis: Axes, name: str, labels, part: Part, side: int, highlight: set[str]) -> None:
    """The words for what enters at a part, above (side 1) or below it (-1), and an arrow."""
    # Above, all labels stand on one line, over the tallest box.
    start = side * (TALL / 2 + GAP if side > 0 else LOW / 2 + GAP)
    strong = name in highlight
    axis.text(part.middle, start, labels[name], ha="center", fontsize=FONT,
              va="bottom" if side > 0 else "top", weight="bold" if strong else "normal",
              linespacing=1.25, zorder=4)  # fmt: skip
    tip = (part.middle, side * part.half)
    _arrow(axis, (part.middle, start - side * 0.03), tip, strong)


def _draw_loss(axis: Axes, text: str, chain: list[Part], low: float, strong: bool) -> None:
    """A box below the chain to which data and reconstruction lead."""
    middle = chain[-1].right / 2
    wide, high = _half_width(text) + 2 * PAD, _height(text) + 2 * PAD
    corners = [(middle - wide, low), (middle - wide, low + high), (middle + wide, low + high),
               (middle + wide, low)]  # fmt: skip
    axis.add_patch(Polygon(corners, facecolor=SIGNAL if strong else "white", zorder=2,
                           edgecolor="black" if strong else COLOURS[4],
                           linewidth=2.4 if strong else 1.2))  # fmt: skip
    axis.text(middle, low + high / 2, text, ha="center", va="center", fontsize=FONT, zorder=4)
    y = low + high / 2
    for part, end in ((chain[0], middle - wide), (chain[-1], middle + wide)):
        axis.plot([part.middle] * 2, [-part.half, y], color=COLOURS[4], linewidth=1.2)
        _arrow(axis, (part.middle, y), (end, y), colour=COLOURS[4])


def _arrow(axis: Axes, start, end, strong: bool = False, colour: str = INK) -> None:
    axis.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=10, shrinkA=0, shrinkB=0, zorder=1,
            color=colour, linewidth=2.2 if strong else 1.2,
        )
    )  # fmt: skip


# --------------------------------------------------------------------------- the words


def _told(labels, names, sizes, kind: str, highlight: set[str]) -> str:
    """What the picture shows, in sentences."""
    told = [_spoken(text) + (f" ({sizes[name]})" if name in sizes else "")
            for name, text in names.items()]  # fmt: skip
    word = {name: _spoken(re.sub(r"\$.*?\$", "", text)) for name, text in names.items()}
    # A label that only repeats what it labels is not said twice.
    said = {name: "" if text == name else f": {_spoken(text)}" for name, text in labels.items()}
    sentences = [f"Boxes and arrows, from left to right: {'; '.join(told)}."]
    if kind:
        sentences.append(f"A small {kind} stands for {word['data']} and {word['reconstruction']}.")
    if "noise" in said:
        sentences.append(
            f"On the way from {word['data']} to {word['encoder']} noise enters{said['noise']}."
        )
    if "draw" in said:
        sentences.append(
            f"The {word['code']} is drawn at random from {word['posterior']}{said['draw']}."
        )
    if "penalty" in said:
        where = word["posterior" if "draw" in said else "code"]
        sentences.append(f"A penalty acts on {where}{said['penalty']}.")
    if "loss" in said:
        compared = f"{word['reconstruction']} and {word['data']}"
        sentences.append(f"Below, the loss compares {compared}{said['loss']}.")
    if highlight:
        marked = [word.get(name, name) for name in [*NAMES, *ENTRIES] if name in highlight]
        sentences.append(f"Highlighted: {', '.join(marked)}.")
    return " ".join(sentences)


def _spoken(text: str) -> str:
    """A label as plain words: $\\hat x$ becomes "x-hat", $\\mu$ "mu", a broken word whole."""
    text = text.replace("-\n", "")
    text = re.sub(r"\\(hat|tilde|bar)\s*\{?\s*(\w)\s*\}?", r"\2-\1", text)
    text = re.sub(r"\\[,;: ]", " ", text)  # spaces of a formula
    return " ".join(re.sub(r"[\\${}]", "", text).split())
