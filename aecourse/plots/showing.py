"""Displaying a figure in one output, with a text alternative for people who cannot see it."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from aecourse.plots.style import array


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

    pictures = array(strips)
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
    levels = (255 * np.clip(array(grey), 0, 1)).round().astype(np.uint8)
    Image.fromarray(levels).save(buffer, format="png", optimize=True)
    return buffer.getvalue()
