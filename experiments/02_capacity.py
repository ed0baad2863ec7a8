"""Lesson 02: what does a net with too large a code learn, once it was trained for long?

Two sentences are tested: that such a net "copies its input", and that it "learns nothing". The net
is 784-784-784: a code of as many numbers as the picture has pixels, ReLU after it, and a linear
output, so that the identity is among the maps that it can choose. It sees 10,000 images thirty
times. Eight seeds; with three seeds, twice the epochs, a sigmoid at the output, and two more layers
of 784.

Copying: squared error on test digits and on pictures unlike them, and the slope of the output
against the input on noise, which is 1 for a copy and 0 where the output ignores the pixel.
Learning: the error rate of a linear classifier on the codes, fitted to 5,000 labels, its penalty
chosen by leave-one-out; beside it the pixels themselves, the net of 32 numbers, and the null, the
same net with its random weights (eight seeds).

Takes about twelve minutes on one thread; it goes on where it was stopped.
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
LABELS = 5_000
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


def error_rate(digits, encode) -> float:
    """Of a linear classifier on the codes of 5,000 training images, on all test images."""
    known, test = (encode(images).flatten(1).numpy()
                   for images in (digits.train.images[:LABELS], digits.test.images))  # fmt: skip
    classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 6)))
    classifier.fit(known, digits.train.labels[:LABELS].numpy())
    return float(np.mean(classifier.predict(test) != digits.test.labels.numpy()))


def untrained(seed: int, hidden=(), output: str = "linear") -> Dense:
    with seeded(seed):
        return Dense((1, 28, 28), 784, hidden=hidden, code_activation="relu", output=output)


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
        "error rate": error_rate(digits, partial(evaluation.encode, model)),
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


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    runs = {
        name: [cell((name, seed), partial(trained, digits, seed, **settings)) for seed in seeds]
        for name, (seeds, settings) in rows().items()
    }
    narrow = results.load_net("02_code_sizes", "32")
    encoders = {"pixels": lambda x: x, "32 numbers": partial(evaluation.encode, narrow)}
    encoders |= {f"random weights {seed}": partial(evaluation.encode, untrained(seed))
                 for seed in SEEDS}  # fmt: skip
    rates = {name: cell((name,), partial(error_rate, digits, encode))
             for name, encode in encoders.items()}  # fmt: skip
    others = {"pixels": rates["pixels"], "32 numbers": rates["32 numbers"],
              "random weights": [rates[f"random weights {seed}"] for seed in SEEDS]}  # fmt: skip
    drawn = {name: runs[name][0]["drawn"] for name in runs}
    for run in sum(runs.values(), []):
        del run["drawn"]  # only the first of each row is kept
    results.write(__file__, {"runs": runs, "error rates": others, "drawn": drawn})


if __name__ == "__main__":
    main()
