"""Losses by epoch."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt

from aecourse.plots.style import COLOURS


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
