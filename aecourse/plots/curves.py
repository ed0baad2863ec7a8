"""Losses by epoch."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt

from aecourse.plots.style import COLOURS, MARKERS


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


def by_doubling(axis, curves: Mapping[str, Mapping[float, float]], xlabel: str, ylabel: str = ""):
    """Curves over something that is doubled from point to point, such as epochs or widths.

    Args:
        curves: name → place (positive) → value; each gets its own colour and marker.
    """
    places = sorted({x for curve in curves.values() for x in curve})
    for colour, marker, (name, curve) in zip(COLOURS, MARKERS, curves.items()):
        axis.semilogx(*zip(*curve.items()), marker=marker, color=colour, label=name)
    axis.set_xticks(places, [f"{x:g}" for x in places])
    axis.minorticks_off()
    axis.set(xlabel=xlabel, ylabel=ylabel)
