"""Lesson 03: who fills gaps in a table of weather best?

The truth is known: entries of complete test rows are hidden. Two kinds of gap: *single*, 15 % of
all entries, drawn by chance; *together*, the four instruments that many stations lack, in every
row. The score is the root mean squared error on the hidden entries, in standard deviations. Every
filler sees the same gaps:

- the column means, which is the null;
- PCA, the components fitted to what is known in a row by least squares, which is where filling,
  projecting and filling again converges; and the same with a penalty for codes that are unlikely;
- the mean of the nearest training rows in the known columns;
- linear regression, from the covariance of the training rows;
- boosted trees that accept missing values, one model for each column;
- a denoising net that is told which entries are hidden.

Numbers of components, neighbours and leaves are chosen on validation rows. Each filler stands
twice, alone and with the rule that RainToday means Rainfall above 1 mm. Eight seeds, each with gaps
of its own, for the net; three for the trees, which take longer, and for what was varied.

Takes about 12 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from gap_fillers import (
    COLUMNS,
    EPOCHS,
    LEAVES,
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

from aecourse import data, evaluation, results

KINDS = ("single", "together")
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
VALIDATION_SEED, VALIDATION_ROWS = 100, 2000
COMPONENTS, PENALTIES, NEIGHBOURS = (2, 3, 4, 5, 6, 8, 12), (0.3, 1.0, 3.0, 10.0), (5, 10, 20, 40)


def net(rain, seed: int, save: bool = False, **settings) -> dict[str, dict]:
    """Kind of gap → scores of one net on both kinds of gap."""
    model, epochs = trained_filler(rain, seed, **settings)
    if save:
        results.save_net(__file__, "filler", model)
    x, found = rain.test.x, {}
    for kind in KINDS:
        hidden = gaps(rain, x, kind, seed)
        guess = evaluation.reconstruct(model, hide(x, hidden))[:, :COLUMNS]
        found[kind] = scores(rain, guess, x, hidden) | {"epochs": epochs}
    return found


# --------------------------------------------------------------------------- choosing, running


def chosen(rain, kind: str) -> dict[str, dict]:
    """What validation rows choose for each filler, and all that was tried: its error."""
    x = rain.valid.x[:VALIDATION_ROWS]
    hidden = gaps(rain, x, kind, VALIDATION_SEED)
    near = by_neighbours(rain, x, hidden, NEIGHBOURS)
    some = [rain.columns.index(name) for name in ("Sunshine", "Humidity3pm", "Temp9am")]
    some = some if kind == "single" else some[:1]
    only = torch.zeros_like(hidden)
    only[:, some] = hidden[:, some]
    tried = {
        "PCA": {f"{k}": by_pca(rain, x, hidden, k) for k in COMPONENTS},
        "PCA, penalised": {
            f"{k} {p}": by_pca(rain, x, hidden, k, p) for k in COMPONENTS for p in PENALTIES
        },
        "neighbours": {str(count): guess for count, guess in near.items()},
        "trees": {
            str(leaves): by_trees(rain, x, hidden, kind, VALIDATION_SEED, leaves, some)
            for leaves in LEAVES
        },
    }
    errors = {
        name: {
            value: scores(rain, guess, x, only if name == "trees" else hidden)["alone"]
            for value, guess in guesses.items()
        }
        for name, guesses in tried.items()
    }
    return {name: {"best": min(of, key=of.get), "errors": of} for name, of in errors.items()}


def filled_by(rain, kind: str, name: str, seed: int, choice: str | None) -> dict[str, float]:
    """Scores of a filler on the gaps of one seed."""
    x = rain.test.x
    hidden = gaps(rain, x, kind, seed)
    numbers = [float(value) for value in (choice or "").split()]
    fillers = {
        "column mean": by_mean,
        "PCA": lambda *a: by_pca(*a, int(numbers[0])),
        "PCA, penalised": lambda *a: by_pca(*a, int(numbers[0]), numbers[1]),
        "neighbours": lambda *a: by_neighbours(*a, (int(numbers[0]),))[int(numbers[0])],
        "linear regression": by_regression,
        "trees": lambda *a: by_trees(*a, kind, seed, int(numbers[0])),
    }
    return scores(rain, fillers[name](rain, x, hidden), x, hidden)


def seeds_of(name: str, kind: str) -> tuple[int, ...]:
    """Eight draws of single gaps, three for slow fillers; gaps together are always the same."""
    if kind == "together":
        return SEEDS[:1]
    return FEW_SEEDS if name in ("neighbours", "trees") else SEEDS


def main() -> None:
    torch.set_num_threads(1)
    rain, cell = data.rain(), results.cells(__file__)
    choices = {kind: cell(("choices", kind), partial(chosen, rain, kind)) for kind in KINDS}
    nets = {
        "net": [cell(("net", seed), partial(net, rain, seed, save=seed == 0)) for seed in SEEDS],
        "half the epochs": {"epochs": EPOCHS // 2},
        "64 hidden units": {"hidden": (64,)},
        "twice the epochs": {"epochs": 2 * EPOCHS},
    }
    runs = {}
    for name, settings in nets.items():
        of_seeds = settings if name == "net" else [
            cell((name, seed), partial(net, rain, seed, **settings)) for seed in FEW_SEEDS
        ]  # fmt: skip
        runs[name] = {kind: [run[kind] for run in of_seeds] for kind in KINDS}
    fillers = ("column mean", "PCA", "PCA, penalised", "neighbours", "linear regression", "trees")
    for name in fillers:
        runs[name] = {
            kind: [
                cell((name, kind, seed), partial(filled_by, rain, kind, name, seed,
                     choices[kind].get(name, {}).get("best")))
                for seed in seeds_of(name, kind)
            ]
            for kind in KINDS
        }  # fmt: skip
    results.write(__file__, {"runs": runs, "choices": choices})


if __name__ == "__main__":
    main()
