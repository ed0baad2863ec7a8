"""Lesson 05: how an L1 penalty is evaded the longer one trains, with free and with unit columns.

784-256-784 from ``tied_start``, binary cross-entropy, batches of 128, the same one-cycle rate for
both; 1, 2, 4 and 8 epochs, three seeds. The weights differ, as the penalties do: columns of length
1 need larger codes.

Takes about three minutes on one thread.
"""

from __future__ import annotations

from functools import partial

import torch

from aecourse import data, evaluation, results
from aecourse.models import Dense, code_layer, tied_start, unit_norm_decoder
from aecourse.objectives import bce, l1
from aecourse.randomness import seeded
from aecourse.training import fit

SEEDS, EPOCHS, RATE = (0, 1, 2), (1, 2, 4, 8), 1e-2
WEIGHTS = {"free": 0.3, "unit": 0.15}


def drift(digits, columns: str, epochs: int, seed: int) -> dict[str, float]:
    """An L1 net after some epochs: its penalty, its columns, its active units, its errors."""
    train, test = digits.train.images, digits.test.images
    with seeded(seed):
        model = Dense((1, 28, 28), 256, hidden=(), code_activation="relu")
        tied_start(model, train.mean(0))
    fit(model, {"reconstruction": bce, "sparsity": l1(WEIGHTS[columns])}, train, epochs=epochs,
        batch_size=128, lr=RATE, seed=seed, progress=False,
        after_step=[unit_norm_decoder] if columns == "unit" else [])  # fmt: skip
    codes = evaluation.encode(model, test)
    return {
        "l1": codes.sum(1).mean().item(),
        "column norm": code_layer(model).weight.norm(dim=0).median().item(),
        "active": (codes != 0).sum(1).float().mean().item(),
        "bce": evaluation.pixel_bce(model, test).mean().item(),
        "mse": evaluation.pixel_mse(model, test).mean().item(),
    }


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    figures = {
        columns: {
            str(epochs): [
                cell((columns, epochs, seed), partial(drift, digits, columns, epochs, seed))
                for seed in SEEDS
            ]
            for epochs in EPOCHS
        }
        for columns in WEIGHTS
    }  # fmt: skip
    for columns, rows in figures.items():
        for epochs, runs in rows.items():
            print(columns, epochs, {what: round(sum(run[what] for run in runs) / len(runs), 4)
                                    for what in runs[0]})  # fmt: skip
    results.write(__file__, {"epochs": list(EPOCHS), "rate": RATE, "weights": WEIGHTS, **figures})


if __name__ == "__main__":
    main()
