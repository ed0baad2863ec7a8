"""Lesson 02: what does a net with too large a code learn, once it was trained for long?

Two sentences are tested: that such a net "copies its input", and that it "learns nothing". The net
is 784-784-784: a code of as many numbers as the picture has pixels, ReLU after it, and a linear
output, so that the identity is among the maps that it can choose. It sees 10,000 images thirty
times. Eight seeds; with three seeds, twice the epochs, a sigmoid at the output, and two more layers
of 784.

Copying: squared error on test digits and on pictures unlike them, and the slope of the output
against the input on noise, which is 1 for a copy and 0 where the output ignores the pixel.
Learning: the error rate of a linear classifier on the codes, fitted to 1,000, 5,000 and 20,000
labels, its penalty chosen by leave-one-out. Beside it the pixels themselves, the net of 32 numbers,
the same net with its random weights (eight seeds; fewer and more units with three), and the null,
the same classifier fitted to shuffled labels. And how many units *switch*: a unit that is above 0
for all images, or for none, adds nothing to a code that is not linear in the pixels.

Takes about 13 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import base64
from functools import partial

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
IMAGES, EPOCHS, BATCH, RATE = 10_000, 30, 250, 2e-3
LABELS = ("1000", "5000", "20000")  # of the classifier
RANDOM_UNITS = (196, 1568)  # of random codes, besides 784
DRAWN = 6  # noise pictures whose reconstructions are kept


def pictures(test: torch.Tensor) -> dict[str, torch.Tensor]:
    """Test digits and what is unlike them, 2,000 each."""
    digits = test[:2000]
    shuffle = torch.randperm(784, generator=generator(0))
    return {
        "digits": digits,
        "shifted": torch.roll(digits, (6, 6), (2, 3)),
        "inverted": 1 - digits,
        "shuffled": digits.flatten(1)[:, shuffle].reshape(digits.shape),
        "photographs": data.patches(2000),
        "noise": torch.rand(2000, 1, 28, 28, generator=generator(5)),
    }


def slopes(rebuilt: torch.Tensor, noise: torch.Tensor, varying: torch.Tensor) -> list[float]:
    """Slope of output against input over all noise pictures, averaged over the pixels where digits
    vary, and over the others. ``varying`` (784,) tells them apart."""
    x, y = noise.flatten(1) - 0.5, rebuilt.flatten(1)
    of_pixel = (x * (y - y.mean(0))).mean(0) / x.square().mean(0)  # (784,)
    return [of_pixel[varying].mean().item(), of_pixel[~varying].mean().item()]


def error_rates(digits, encode, shuffled_with: int | None = None) -> dict[str, float]:
    """Number of labels → error rate, on all test images, of a linear classifier that was fitted to
    the codes of so many training images.

    Args:
        encode: images → codes.
        shuffled_with: the seed with which the labels are shuffled, for the null.
    """
    labels = digits.train.labels
    if shuffled_with is not None:
        labels = labels[torch.randperm(len(labels), generator=generator(shuffled_with))]
    known, test = (
        encode(images).flatten(1).numpy()
        for images in (digits.train.images[: int(LABELS[-1])], digits.test.images)
    )
    rates = {}
    for count in LABELS:
        classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 6)))
        classifier.fit(known[: int(count)], labels[: int(count)].numpy())
        rates[count] = float(np.mean(classifier.predict(test) != digits.test.labels.numpy()))
    return rates


def switching(codes: torch.Tensor) -> float:
    """Share of the units of a ReLU code (N, units) that are above 0 for 5 to 95 % of the images."""
    active = (codes > 0).float().mean(0)
    return ((active > 0.05) & (active < 0.95)).float().mean().item()


def read_from(digits, encode) -> dict:
    """What the digits are read with from a code, and how many of its units switch."""
    return {
        "error rates": error_rates(digits, encode),
        "switching": switching(encode(digits.test.images)),
    }


def untrained(seed: int, hidden=(), output: str = "linear", units: int = 784) -> Dense:
    with seeded(seed):
        return Dense((1, 28, 28), units, hidden=hidden, code_activation="relu", output=output)


def trained(digits, seed: int, epochs: int = EPOCHS, **net) -> dict:
    """Train one net and measure it."""
    model, train = untrained(seed, **net), digits.train.images[:IMAGES]
    fit(model, {"reconstruction": mse}, train, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed,
        progress=False)  # fmt: skip
    shown = pictures(digits.test.images)
    noise = shown["noise"]
    drawn = evaluation.reconstruct(model, noise[:DRAWN]).clamp(0, 1)
    return {
        "errors": {name: evaluation.pixel_mse(model, x).mean().item() for name, x in shown.items()},
        "training error": evaluation.pixel_mse(model, train).mean().item(),
        "slopes": slopes(evaluation.reconstruct(model, noise), noise, train.std(0).flatten() > 0.1),
        **read_from(digits, partial(evaluation.encode, model)),
        "drawn": base64.b64encode((255 * drawn).byte().numpy().tobytes()).decode(),
    }


def rows() -> dict[str, tuple]:
    """Name → seeds and settings."""
    return {
        "wide": (SEEDS, {}),
        "twice the epochs": (FEW_SEEDS, {"epochs": 2 * EPOCHS}),
        "sigmoid": (FEW_SEEDS, {"output": "sigmoid"}),
        "deep": (FEW_SEEDS, {"hidden": (784,)}),
    }


def rows_without_training(digits) -> dict[str, list]:
    """Name → for each seed, what computes the row."""
    narrow = partial(evaluation.encode, results.load_net("02_code_sizes", "32"))

    def random(seed, units=784):
        return partial(evaluation.encode, untrained(seed, units=units))

    def of_random(units, seeds):
        return [partial(read_from, digits, random(seed, units)) for seed in seeds]

    def rates(encode, **settings):
        return lambda: {"error rates": error_rates(digits, encode, **settings)}

    return {
        "pixels": [rates(torch.clone)],
        "32 numbers": [rates(narrow)],
        "random weights": of_random(784, SEEDS),
        **{f"random weights, {units} units": of_random(units, FEW_SEEDS) for units in RANDOM_UNITS},
        "shuffled labels": [rates(random(seed), shuffled_with=seed) for seed in FEW_SEEDS],
    }


def record(runs: dict[str, list[dict]]) -> dict:
    """What the verdict "digits are read better from random weights" rests on."""

    def rates(name: str) -> dict[str, list[float]]:
        return {f"{count} labels": [run["error rates"][count] for run in runs[name]]
                for count in LABELS}  # fmt: skip

    compared = ("random weights", "wide", "pixels", "32 numbers", "shuffled labels")
    return results.verdict(
        "A linear classifier reads the digit better from random weights than from a wide net "
        "that was trained to copy.",
        winner="random weights", rival="wide", null="shuffled labels", trained="wide",
        rows={name: rates(name) for name in compared},
        seeds=SEEDS,
        longer=rates("twice the epochs"),
        epochs={setting: [EPOCHS, 2 * EPOCHS] for setting in rates("wide")},
        rivals={"wide": "as many units; the penalty of its classifier by leave-one-out, as of all"},
        sensitivity={
            "output": {"sigmoid": rates("sigmoid")},
            "two more layers": {"of 784": rates("deep")},
        },
    )  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    untouched = {
        name: [cell((name, seed), run) for seed, run in enumerate(of_seeds)]
        for name, of_seeds in rows_without_training(digits).items()
    }
    runs = {
        name: [cell((name, seed), partial(trained, digits, seed, **settings)) for seed in seeds]
        for name, (seeds, settings) in rows().items()
    }
    drawn = {name: of_seeds[0]["drawn"] for name, of_seeds in runs.items()}
    for run in sum(runs.values(), []):
        del run["drawn"]  # only the first of each row is kept
    results.write(
        __file__, {"runs": runs, "untrained": untouched, "drawn": drawn},
        {"random-below-trained": record(runs | untouched)},
    )  # fmt: skip


if __name__ == "__main__":
    main()
