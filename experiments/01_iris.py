"""Lesson 01: does the comparison of net and PCA on 150 flowers hang on the width, or on the epochs?

The lesson's cross-validation, in eight random cuts: every flower is judged by models that did not
see it, of a net 4-w-2-w-4 and of PCA with two components. Widths of 4, 8, 16 and 64, and up to four
times the lesson's epochs: narrow nets need them to reach PCA even in training, wide ones have by
then begun to learn their rows by heart. Errors are squared errors per standardised column.

Takes about 8 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

CUTS = tuple(range(8))
EPOCHS, BATCH, RATE = 1000, 120, 1e-2
SETTINGS = [  # width, epochs
    (4, EPOCHS), (8, EPOCHS), (16, EPOCHS), (64, EPOCHS), (16, 2 * EPOCHS), (16, 4 * EPOCHS),
    (4, 4 * EPOCHS), (8, 4 * EPOCHS),
]  # fmt: skip


def one_cut(width: int, epochs: int, cut: int) -> dict[str, torch.Tensor]:
    """Errors of net and PCA for each flower, (150,): held out, and averaged over the four folds
    that it was trained in."""
    flowers = torch.tensor(load_iris().data, dtype=torch.float32)  # (150, 4)
    found = {f"{name}, {rows}": torch.zeros(len(flowers))
             for name in ("net", "PCA") for rows in ("held out", "training")}  # fmt: skip
    for rows, others in KFold(5, shuffle=True, random_state=cut).split(flowers):
        scaling = data.Scaling.of(flowers[rows])
        seen, unseen = scaling.apply(flowers[rows]), scaling.apply(flowers[others])
        with seeded(cut):
            net = Dense(4, 2, (width,), "tanh", output="linear")
        fit(net, {"reconstruction": mse}, seen, epochs=epochs, batch_size=BATCH, lr=RATE,
            seed=cut, progress=False)  # fmt: skip
        found["net, held out"][others] = evaluation.pixel_mse(net, unseen)
        found["PCA, held out"][others] = evaluation.pca_baseline(seen, unseen, 2)
        found["net, training"][rows] += evaluation.pixel_mse(net, seen) / 4
        found["PCA, training"][rows] += evaluation.pca_baseline(seen, seen, 2) / 4
    return found


def compared(width: int, epochs: int) -> dict:
    """One setting in all cuts: means over flowers and cuts; each cut's difference net − PCA on
    held-out flowers, and their mean with its standard error over flowers."""
    cuts = [one_cut(width, epochs, cut) for cut in CUTS]
    errors = {name: torch.stack([cut[name] for cut in cuts]) for name in cuts[0]}  # (cuts, 150)
    net, pca = errors["net, held out"], errors["PCA, held out"]
    difference = evaluation.paired(net.mean(0), pca.mean(0))
    return {
        "width": width,
        "epochs": epochs,
        "errors": {name: values.mean().item() for name, values in errors.items()},
        "difference by cut": (net - pca).mean(1).tolist(),
        "difference": difference.mean,
        "standard error": difference.standard_error,
    }


def main() -> None:
    torch.set_num_threads(1)
    cell = results.cells(__file__)
    rows = [cell(setting, partial(compared, *setting)) for setting in SETTINGS]
    results.write(__file__, {"rows": rows, "recipe": {"batch": BATCH, "rate": RATE}})


if __name__ == "__main__":
    main()
