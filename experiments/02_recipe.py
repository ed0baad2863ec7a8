"""Lesson 02: which change of a popular recipe buys what? One at a time, over eight seeds.

The recipe of "Applied deep learning, part 3": 784-128-32-128-784 with a ReLU on the code, binary
cross-entropy, Adam at a constant 0.001, batches of 32, three epochs. First other initial weights,
then a linear code, then its rate alone, then its schedule alone, always for three epochs. Then the
course's recipe in about the tutorial's time (four epochs of larger batches), and the tutorial's and
the course's for twice as long. With three seeds: other peak rates for the course's recipe, and the
null, the course's recipe around an encoder that keeps its random weights. Figures are per pixel.

Times are processor seconds. All recipes are trained with one seed before the next seed's turn, so
that a slow state of the machine meets them all; only ratios are told.

Takes about 15 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import time
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
TUTORIAL, COURSE, NULL = "tutorial, Keras weights", "course", "random encoder"
SETTING = "784-128-32"


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
    """Train one net and measure it.

    Args:
        code: activation after the code; the tutorial's is "relu".
        start: called with the untrained model.
        settings: of :func:`aecourse.training.fit`.
    """
    with seeded(seed):
        model = Dense((1, 28, 28), 32, hidden=(128,), code_activation=code)
        if start:
            start(model)
    started = time.process_time()
    history = fit(model, {"reconstruction": bce}, digits.train.images, epochs=epochs, seed=seed,
                  progress=False, **settings)  # fmt: skip
    seconds = time.process_time() - started
    test, codes = digits.test.images, evaluation.encode(model, digits.train.images)
    return {
        "bce": evaluation.pixel_bce(model, test).mean().item(),
        "validation bce": evaluation.pixel_bce(model, digits.valid.images).mean().item(),
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "dead": evaluation.dead_units(codes),
        "active": median_activity(codes) if code == "relu" else None,
        "training bce": [loss / 784 for loss in history.train["reconstruction"]],
        "epochs": len(history.seconds),
        "seconds": seconds,
    }


def median_activity(codes: torch.Tensor) -> float:
    """Share of images for which a unit is above 0: the median over the units that are not dead."""
    active = (codes > 0).float().mean(0)
    return active[active > 0].median().item()


def rows() -> dict[str, tuple]:
    """Name → seeds and settings."""
    tutorial = CONSTANT | {"code": "relu", "lr": 1e-3}
    keras = tutorial | {"start": keras_start}
    course = ONE_CYCLE | {"batch_size": 64, "epochs": 4}
    linear = {f"linear code, {rate}": (SEEDS, CONSTANT | {"lr": rate})
              for rate in (0.001, 0.002, 0.005, 0.01)}  # fmt: skip
    return {
        "tutorial, PyTorch weights": (SEEDS, tutorial),
        TUTORIAL: (SEEDS, keras),
        **linear,
        "linear code, one-cycle": (SEEDS, ONE_CYCLE | {"batch_size": 32}),
        COURSE: (SEEDS, course),
        f"{TUTORIAL}, twice as long": (SEEDS, keras | {"epochs": 6}),
        f"{COURSE}, twice as long": (SEEDS, course | {"epochs": 8}),
        f"{COURSE}, half the rate": (FEW_SEEDS, course | {"lr": 5e-3}),
        f"{COURSE}, twice the rate": (FEW_SEEDS, course | {"lr": 2e-2}),
        NULL: (FEW_SEEDS, course | {"start": random_encoder}),
    }


def record(runs: dict[str, list[dict]], floor: float) -> dict:
    """What the verdict "the course's recipe is better, in equal time" rests on."""

    def excess(name: str) -> dict[str, list[float]]:
        """Test BCE above the floor."""
        return {SETTING: [run["bce"] - floor for run in runs[name]]}

    twice = {name: f"{name}, twice as long" for name in (COURSE, TUTORIAL)}
    return results.verdict(
        "In the tutorial's time, the course's recipe comes nearer to the floor of the BCE.",
        winner=COURSE, rival=TUTORIAL, null=NULL,
        rows={name: excess(name) for name in (COURSE, TUTORIAL, "linear code, one-cycle", NULL)},
        seeds=SEEDS,
        longer=excess(twice[COURSE]),
        rival_longer=excess(twice[TUTORIAL]),
        epochs={SETTING: [runs[name][0]["epochs"] for name in (COURSE, twice[COURSE])]},
        rivals={
            TUTORIAL: "as its author has it: rate, batches and epochs of the tutorial, initial "
                      "weights of its library; processor seconds of both stand in the rows",
            "linear code, one-cycle": "the course's recipe in the tutorial's batches and epochs",
        },
        sensitivity={
            "peak rate": {rate: excess(f"{COURSE}, {rate} the rate") for rate in ("half", "twice")},
            "batches of 32, three epochs": {"yes": excess("linear code, one-cycle")},
        },
    )  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    runs: dict[str, list[dict]] = {name: [] for name in rows()}
    for seed in SEEDS:  # one seed after the other, so that recipes share the machine's moods
        for name, (seeds, settings) in rows().items():
            if seed in seeds:
                runs[name].append(cell((name, seed), partial(run, digits, seed, **settings)))
    floor = evaluation.bce_floor(digits.test.images).mean().item()
    verdict = record(runs, floor)
    results.write(__file__, {"runs": runs, "bce floor": floor}, {"course-below-tutorial": verdict})


if __name__ == "__main__":
    main()
