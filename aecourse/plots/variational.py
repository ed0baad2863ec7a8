"""What a variational autoencoder believes: clouds of codes, posteriors, a bound and its gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from aecourse.plots.style import COLOURS, array

EXACT, GUESS = COLOURS[0], COLOURS[1]  # of what is exact, and of the encoder's guess
DARK = "#A86600"  # the guess's colour, for thin lines


def bound_below(
    steps: Sequence[float], exact, bound, moments: Sequence[float] = (), low: float | None = None
) -> Figure:
    """A log-probability and a bound of it by step, the gap between them shaded.

    Args:
        exact, bound: (steps,), in nats, on average over examples.
        moments: steps to mark by a vertical line.
        low: where the picture ends below; all is drawn unless given.
    """
    exact, bound = array(exact), array(bound)
    if not len(steps) == len(exact) == len(bound):
        raise ValueError(
            f"{len(steps)} steps, {len(exact)} log-probabilities and {len(bound)} bounds: there "
            "has to be one of each for every step."
        )
    figure, axis = plt.subplots(figsize=(7.6, 3))
    for moment in moments:
        axis.axvline(moment, color="#999999", linewidth=0.9, linestyle=":")
    axis.fill_between(steps, bound, exact, color=GUESS, alpha=0.3, linewidth=0, label="gap")
    axis.plot(steps, exact, color=EXACT, linewidth=2, label="$\\log p(x)$")
    axis.plot(steps, bound, "--", color=DARK, linewidth=2, label="ELBO")
    axis.set(xlabel="step", ylabel="nats, mean over points", ylim=(low, None))
    axis.legend(loc="lower right")
    return figure


def beliefs(moments: Mapping[str, Mapping], points, places, extent) -> Figure:
    """What a model of the plane with a code of one number believes, at moments of its training.

    A column for each moment. Above, its density in the plane, the data, and the curve that its
    decoder draws, in dots that are as dense as the prior. Below, for each place: the exact
    posterior of the code (filled) and the encoder's guess (dashed), and the gap between
    log-probability and bound.

    Args:
        moments: name → what belongs to it: ``density`` (rows, columns), of the plane; ``curve``
            (M, 2), decoded quantiles of the prior; ``z`` (K,); ``posterior`` and ``guess``
            (places, K), densities over z; ``gap`` (places,), in nats.
        points: (N, 2), the data.
        places: name → (x, y) of the points whose posteriors are drawn.
        extent: left, right, bottom and top of the density.
    """
    rows, columns = 1 + len(places), len(moments)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.75 * columns, 2.6 + 1.5 * len(places)), squeeze=False,
        height_ratios=[2.6] + [1.5] * len(places),
    )  # fmt: skip
    points, marks = array(points), dict(zip(places, "ABCDEF"))
    highest = max(array(moment["density"]).max() for moment in moments.values())
    shades = {"cmap": "Blues", "norm": PowerNorm(0.5, vmin=0, vmax=highest)}  # faint ones, too
    for column, (name, moment) in zip(axes.T, moments.items()):
        plane = column[0]
        plane.imshow(array(moment["density"]), origin="lower", extent=extent, **shades)
        plane.plot(*points.T, ".", color="#555555", markersize=2, alpha=0.5)
        plane.plot(*array(moment["curve"]).T, "o", color=COLOURS[4], markersize=3)
        for place, where in places.items():
            plane.annotate(marks[place], array(where), ha="center", va="center", weight="bold",
                           bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white"})  # fmt: skip
        plane.grid(False)
        plane.set(title=name, xticks=(-1, 0, 1), yticks=(-1, 0, 1), xlabel="$x_1$")
        for axis, place, posterior, guess, gap in zip(
            column[1:], places, moment["posterior"], moment["guess"], moment["gap"]
        ):
            z, posterior, guess = array(moment["z"]), array(posterior), array(guess)
            axis.fill_between(z, posterior, color=EXACT, alpha=0.45, linewidth=0)
            axis.plot(z, posterior, color=EXACT, linewidth=1.2)
            axis.plot(z, guess, "--", color=DARK, linewidth=1.8)
            axis.set(xlim=(-4, 4), ylim=(0, 1.1 * max(posterior.max(), guess.max())), yticks=())
            axis.set_title(f"{marks[place]}: gap {float(gap):.2f}", fontsize=10)
        column[-1].set(xlabel="code $z$")
    axes[0, 0].set(ylabel="$x_2$")
    for axis in axes[1:, 0]:
        axis.set(ylabel="density")
    axes[1, -1].fill_between([], [], color=EXACT, alpha=0.45, label="exact posterior")
    axes[1, -1].plot([], [], "--", color=DARK, label="guess $q$")
    axes[1, -1].legend(fontsize=7.5, loc="upper left", handlelength=1, borderpad=0)
    return figure


def clouds(axis, means, stds, labels, shares: Sequence[float] = (0.5, 0.95)) -> None:
    """Gaussian clouds in the plane: an ellipse of two standard deviations for each, a digit by it.

    Args:
        axis: matplotlib axes to draw on.
        means, stds: (N, 2).
        labels: (N,) integers from 0 to 9, written at the right of the ellipses.
        shares: of the standard normal prior; a dotted circle holds each.
    """
    means, stds, labels = array(means), array(stds), array(labels)
    if not means.shape == stds.shape == (len(labels), 2):
        raise ValueError(
            f"A cloud in the plane has two means, two standard deviations and a label; the shapes "
            f"are {means.shape}, {stds.shape} and {labels.shape}."
        )
    for share in shares:
        radius = np.sqrt(-2 * np.log(1 - share))  # a standard normal vector is as short as that
        axis.add_patch(Ellipse((0, 0), 2 * radius, 2 * radius, fill=False, linestyle=":"))
        axis.text(0, -radius, f"{share:.0%}", ha="center", va="center", fontsize=8.5,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    for mean, std, label in zip(means, stds, labels):
        colour = COLOURS[label % len(COLOURS)]
        axis.add_patch(Ellipse(mean, *(4 * std), facecolor=colour, alpha=0.45, edgecolor=colour))
        axis.annotate(str(label), (mean[0] + 2 * std[0], mean[1]), (1, 0), va="center",
                      textcoords="offset points", fontsize=8.5)  # fmt: skip
    reach = 1.08 * max((np.abs(means) + 2 * stds).max(), radius)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal",
             xlabel="code 1", ylabel="code 2")  # fmt: skip


def noise_held_fixed(means, draws: Mapping, averages: Mapping, exact) -> Figure:
    """Draws at many means, with fresh noise at each and with the same noise for all.

    Args:
        means: (M,).
        draws: "fresh" and "held" → (M, draws).
        averages: "fresh" and "held" → (M,), of a function of these draws.
        exact: (M,), what the averages estimate.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.3))
    axes[0].plot(means, array(draws["fresh"]), ".", color=GUESS, markersize=3)
    axes[0].plot(means, array(draws["held"]), color=EXACT, linewidth=1)
    axes[0].set(xlabel="mean $\\mu$", ylabel="draw $z$")
    axes[1].plot(means, array(averages["fresh"]), color=GUESS, label="fresh noise at each mean")
    axes[1].plot(means, array(averages["held"]), color=EXACT, linewidth=2, label="noise held fixed")
    axes[1].plot(means, array(exact), "k:", linewidth=2, label="exact")
    axes[1].set(xlabel="mean $\\mu$", ylabel="average of $f(z)$")
    axes[1].legend(fontsize=9, loc="lower right")
    return figure
