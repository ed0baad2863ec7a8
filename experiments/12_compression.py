"""Lesson 12: bits per image against squared error, for nets of several code sizes.

Plain nets 784-128-k-128-784 are trained as in lesson 02 (binary cross-entropy, five epochs of 64)
and their codes rounded afterwards. ``Rounded`` nets are trained likewise, with noise in place of
rounding and a price for each bit; one of them is wider. Codes of all 50,000 training images make
the tables; bits and errors are those of the 10,000 test images. Besides: WebP on the mosaic of all
test images, for readers whose Pillow was built without it.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aecourse import data, evaluation, results
from aecourse.compression import Rounded, measure, rate
from aecourse.models import Dense
from aecourse.objectives import bce
from aecourse.randomness import seeded
from aecourse.training import fit

SHAPE = (1, 28, 28)
STEPS = (6.0, 4.5, 3.4, 2.6, 2.0, 1.5, 1.1, 0.8, 0.6)
SIZES = (8, 12, 16, 24, 32, 48, 64, 128)
PLAIN = [(size, (0, 1, 2) if size == 32 else (0,)) for size in SIZES]  # code size, seeds
# Price of a bit in nats, code size, hidden layers, highest learning rate, seeds.
PRICED = [
    (1.6, 32, (128,), 1e-2, (0,)),
    (0.8, 32, (128,), 1e-2, (0, 1, 2)),
    (0.4, 32, (128,), 1e-2, (0,)),
    (0.2, 32, (128,), 1e-2, (0,)),
    (0.1, 32, (128,), 1e-2, (0,)),
    (0.05, 64, (128,), 1e-2, (0,)),
    (0.2, 32, (512, 256), 5e-3, (0,)),
]
QUALITIES = (0, 5, 10, 20, 35, 50)


def decoder_numbers(model) -> int:
    """How many numbers the decoder holds."""
    return sum(weight.numel() for weight in model.decoder.parameters())


def curve(model, digits, steps) -> dict[str, list[float]]:
    """Bits per image and squared error of a net's code, for each step of the quantiser."""
    train, test = digits.train.images, digits.test.images
    train_codes, codes = evaluation.encode(model, train), evaluation.encode(model, test)

    def decode(code: Tensor) -> Tensor:
        return evaluation.in_batches(model.decode, code, model)

    points = [measure(decode, train_codes, codes, test, step) for step in steps]
    return {"step": list(steps), "bits": [p.bits for p in points], "mse": [p.mse for p in points]}


def train(model, digits, terms, lr: float, seed: int):
    fit(model, terms, digits.train.images, epochs=5, batch_size=64, lr=lr, seed=seed,
        progress=False)  # fmt: skip
    return model


def plain(digits, size: int, seed: int) -> Dense:
    with seeded(seed):
        model = Dense(SHAPE, size, hidden=(128,))
    return train(model, digits, {"reconstruction": bce}, 1e-2, seed)


def rounded(digits, price: float, size: int, hidden, lr: float, seed: int) -> Rounded:
    with seeded(seed):
        model = Rounded(SHAPE, size, hidden=hidden)
    return train(model, digits, {"reconstruction": bce, "rate": rate(price)}, lr, seed)


def row(models, digits, steps, **facts) -> dict:
    """One setting: the curve of each seed, and what is the same for all."""
    found = facts | {
        "numbers": decoder_numbers(models[0]),
        "unrounded": [evaluation.pixel_mse(model, digits.test.images).mean().item()
                      for model in models],
        "curves": [curve(model, digits, steps) for model in models],
    }  # fmt: skip
    first = found["curves"][0]
    shown = [f"{b:.1f}: {10 * np.log10(1 / e):.2f}" for b, e in zip(first["bits"], first["mse"])]
    print(facts, [round(e, 5) for e in found["unrounded"]], *shown, flush=True)
    return found


def webp(images: Tensor) -> dict[str, list[float]]:
    """Bits per image and squared error of WebP on one mosaic of all 10,000 images."""
    grey = (255 * images[:, 0]).round().byte().numpy()
    mosaic = grey.reshape(100, 100, 28, 28).swapaxes(1, 2).reshape(2800, 2800)
    found = {"quality": list(QUALITIES), "bits": [], "mse": []}
    for quality in QUALITIES:
        file = io.BytesIO()
        Image.fromarray(mosaic).save(file, format="WEBP", quality=quality, method=4)
        again = np.asarray(Image.open(file).convert("L"))
        found["bits"].append(8 * len(file.getvalue()) / len(images))
        found["mse"].append(float(np.mean((again / 255.0 - mosaic / 255.0) ** 2)))
    print("WebP", found, flush=True)
    return found


def main() -> None:
    digits = data.mnist()
    figures = {"webp": webp(digits.test.images), "plain": [], "rounded": []}
    for size, seeds in PLAIN:
        models = [plain(digits, size, seed) for seed in seeds]
        figures["plain"].append(row(models, digits, STEPS, code=size, seeds=list(seeds)))
    for price, size, hidden, lr, seeds in PRICED:
        models = [rounded(digits, price, size, hidden, lr, seed) for seed in seeds]
        facts = {"price": price, "code": size, "hidden": list(hidden), "seeds": list(seeds)}
        figures["rounded"].append(row(models, digits, (1.0,), **facts))
    results.write(__file__, figures)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
