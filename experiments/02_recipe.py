"""Lesson 02: which change of a popular recipe buys what? One at a time, over seeds.

The recipe of "Applied deep learning, part 3": 784-128-32-128-784 with a ReLU on the code, binary
cross-entropy, Adam at a constant 0.001, batches of 32, three epochs. Every row but the last four
has these three epochs. First other initial weights, then a linear code, then its rate alone, then
its schedule alone. The last rows are the course's recipe in about the tutorial's time (four epochs
of larger batches), the tutorial's and the course's for twice as long, and the null: the course's
recipe around an encoder that keeps its random weights. Eight seeds for the recipes that the lesson
compares, three for the others. Figures are per test pixel.

Takes about nine minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import bce
from aecourse.randomness import seeded
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
CONSTANT = {"schedule": "constant", "batch_size": 32}
ONE_CYCLE = {"schedule": "one-cycle", "lr": 1e-2}


def keras_start(model: nn.Module) -> None:
    """Keras's defaults, in place: Glorot-uniform weights, and biases of zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


def random_encoder(model: Dense) -> None:
    """The null: only the decoder can learn."""
    model.encoder.requires_grad_(False)


def run(digits, seed: int, code=None, start=None, epochs: int = 3, **settings) -> dict:
    """Train one net and measure it on the test images.

    Args:
        code: activation after the code; the tutorial's is "relu".
        start: called with the untrained model.
        settings: of :func:`aecourse.training.fit`.
    """
    with seeded(seed):
        model = Dense((1, 28, 28), 32, hidden=(128,), code_activation=code)
        if start:
            start(model)
    history = fit(model, {"reconstruction": bce}, digits.train.images, epochs=epochs, seed=seed,
                  progress=False, **settings)  # fmt: skip
    test = digits.test.images
    return {
        "bce": evaluation.pixel_bce(model, test).mean().item(),
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "dead": evaluation.dead_units(evaluation.encode(model, digits.train.images)),
        "training bce": [loss / 784 for loss in history.train["reconstruction"]],
        "epochs": len(history.seconds),
    }


def rows() -> dict[str, tuple]:
    """Name → seeds and settings."""
    tutorial = CONSTANT | {"code": "relu", "lr": 1e-3}
    keras = tutorial | {"start": keras_start}
    course = ONE_CYCLE | {"batch_size": 64, "epochs": 4}
    linear = {f"linear code, {rate}": (FEW_SEEDS, CONSTANT | {"lr": rate})
              for rate in (0.001, 0.002, 0.005, 0.01)}  # fmt: skip
    return {
        "tutorial, PyTorch weights": (SEEDS, tutorial),
        "tutorial, Keras weights": (SEEDS, keras),
        **linear,
        "linear code, one-cycle": (FEW_SEEDS, ONE_CYCLE | {"batch_size": 32}),
        "course": (SEEDS, course),
        "tutorial, Keras weights, twice as long": (FEW_SEEDS, keras | {"epochs": 6}),
        "course, twice as long": (FEW_SEEDS, course | {"epochs": 8}),
        "random encoder": (FEW_SEEDS, course | {"start": random_encoder}),
    }


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    runs = {
        name: [cell((name, seed), partial(run, digits, seed, **settings)) for seed in seeds]
        for name, (seeds, settings) in rows().items()
    }
    floor = evaluation.bce_floor(digits.test.images).mean().item()
    results.write(__file__, {"runs": runs, "bce floor": floor})


if __name__ == "__main__":
    main()
