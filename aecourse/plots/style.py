"""How the course's figures look.

Colours are those of Okabe & Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler

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


def array(values) -> np.ndarray:
    """Numbers to draw, wherever they live."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    return np.asarray(values)


def use_style() -> None:
    """Set matplotlib's defaults to the course's."""
    plt.rcParams.update(STYLE)
