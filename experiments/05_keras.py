"""Lesson 05: a tutorial's sparse autoencoder for its full 20 epochs, under two readings of 1e-5;
and how an L1 penalty is evaded the longer one trains, with free and with unit-norm columns.

The tutorial ("Applied deep learning, part 3", Keras, 2017) asks for an L1 activity penalty of
1e-5 beside a loss averaged over pixels. The Keras of its time added the penalty up over the
batch (32 images); tf.keras divides it by the batch size. In terms of losses summed over pixels the
weights are 784 · 1e-5 · 32 and 784 · 1e-5.
"""

from __future__ import annotations

import torch
from torch import nn

from aecourse import data, evaluation, results
from aecourse.models import Dense, code_layer, tied_start, unit_norm_decoder
from aecourse.objectives import bce, l1
from aecourse.randomness import seeded
from aecourse.training import fit


def tutorial(digits, weight: float) -> dict[str, float]:
    with seeded(0):
        model = Dense((1, 28, 28), 32, hidden=(128,), code_activation="relu")
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
    fit(model, {"reconstruction": bce, "sparsity": l1(weight)}, digits.train.images, epochs=20,
        batch_size=32, lr=1e-3, schedule="constant", progress=False)  # fmt: skip
    test = digits.test.images
    codes = evaluation.encode(model, test)
    alive = (codes != 0).any(0)
    found = {
        "bce": evaluation.pixel_bce(model, test).mean().item(),
        "mean code": codes.mean().item(),
        "zeros": (codes == 0).float().mean().item(),
        "zeros of living units": (codes[:, alive] == 0).float().mean().item(),
        "dead": int((~alive).sum()),
    }
    print(weight, found, flush=True)
    return found


def drift(digits, epochs: int, unit_norm: bool) -> dict[str, float]:
    """An L1 net trained for some epochs: its penalty, its columns, its active units."""
    train, test = digits.train.images, digits.test.images
    after = [unit_norm_decoder] if unit_norm else []
    with seeded(0):
        model = Dense((1, 28, 28), 256, hidden=(), code_activation="relu")
        tied_start(model, train.mean(0))
    fit(model, {"reconstruction": bce, "sparsity": l1(0.15 if unit_norm else 0.3)}, train,
        epochs=epochs, batch_size=128, lr=2e-2 if unit_norm else 1e-2, after_step=after,
        progress=False)  # fmt: skip
    codes = evaluation.encode(model, test)
    found = {
        "epochs": epochs,
        "l1": codes.sum(1).mean().item(),
        "column norm": code_layer(model).weight.norm(dim=0).median().item(),
        "active": (codes != 0).sum(1).float().mean().item(),
        "bce": evaluation.pixel_bce(model, test).mean().item(),
    }
    print(unit_norm, found, flush=True)
    return found


def main() -> None:
    digits = data.mnist()
    figures = {
        "free": [drift(digits, epochs, False) for epochs in (1, 2, 4, 8)],
        "unit": [drift(digits, epochs, True) for epochs in (1, 2, 4, 8)],
        "no penalty": tutorial(digits, 0.0),
        "1e-5, averaged over the batch": tutorial(digits, 784e-5),
        "1e-5, summed over the batch": tutorial(digits, 784e-5 * 32),
    }
    results.write(__file__, figures)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
