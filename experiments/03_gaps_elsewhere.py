"""Lesson 03: who fills gaps at stations that nobody has seen, and do more trees catch up?

Whole stations lack the four instruments. A filler made for them learns at other stations. So the
regions are parted, those of training from those of the test (the stations of a city count as one
region), and the instruments are hidden in every test row. Eight draws of the regions; every filler
gets the setting that validation rows chose in ``03_gaps.py`` for gaps that come together, and the
net also half the epochs.

The other question is what ``03_gaps.py`` leaves open: its trees, twice as many and on training rows
with two draws of gaps instead of one, on the gaps of its first seed.

Takes about 8 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from gap_fillers import (
    COLUMNS,
    EPOCHS,
    ITERATIONS,
    by_mean,
    by_neighbours,
    by_pca,
    by_regression,
    by_trees,
    gaps,
    hide,
    scores,
    trained_filler,
)
from shared import weather_by_region

from aecourse import data, evaluation, results

SPLITS, SEED = tuple(range(8)), 0
KINDS = ("single", "together")
NEIGHBOURS, FEW_COMPONENTS, COMPONENTS, PENALTY = 40, 3, 12, 3.0
NAMES = ("column mean", "PCA", "PCA, penalised", "neighbours", "linear regression", "net", "trees",
         "half the epochs")  # fmt: skip
LEAVES = {"single": 63, "together": 31}


def by_net(rain, x, hidden, seed, epochs=EPOCHS):
    """Guesses of a net that has met both kinds of gap at the training stations."""
    model, _ = trained_filler(rain, seed, epochs)
    return evaluation.reconstruct(model, hide(x, hidden))[:, :COLUMNS]


def elsewhere(name: str, split: int) -> dict[str, float]:
    """Scores of a filler at the test stations of one draw of the regions."""
    rain = weather_by_region(split)
    x = rain.test.x
    hidden = gaps(rain, x, "together", split)
    fillers = {
        "column mean": by_mean,
        "PCA": partial(by_pca, components=FEW_COMPONENTS),
        "PCA, penalised": partial(by_pca, components=COMPONENTS, penalty=PENALTY),
        "neighbours": lambda *a: by_neighbours(*a, (NEIGHBOURS,))[NEIGHBOURS],
        "linear regression": by_regression,
        "trees": lambda *a: by_trees(*a, "together", split, LEAVES["together"]),
        "net": lambda *a: by_net(*a, split),
        "half the epochs": lambda *a: by_net(*a, split, EPOCHS // 2),
    }
    return scores(rain, fillers[name](rain, x, hidden), x, hidden) | {"rows": len(x)}


def more_trees(kind: str) -> dict[str, float]:
    """Scores of twice the trees on two draws of gaps, on the gaps of one seed of 03_gaps."""
    rain = data.rain()
    x = rain.test.x
    hidden = gaps(rain, x, kind, SEED)
    guess = by_trees(
        rain, x, hidden, kind, SEED, LEAVES[kind], iterations=2 * ITERATIONS, draws=2
    )
    return scores(rain, guess, x, hidden)


def main() -> None:
    torch.set_num_threads(1)
    cell = results.cells(__file__)
    runs = {
        name: [cell((name, split), partial(elsewhere, name, split)) for split in SPLITS]
        for name in NAMES
    }
    more = {kind: cell(("more trees", kind), partial(more_trees, kind)) for kind in KINDS[::-1]}
    results.write(__file__, {"new regions": runs, "more trees": more})


if __name__ == "__main__":
    main()
