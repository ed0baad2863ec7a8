"""Every autoencoder of the course under one budget: what each is good for.

Each net gets the same images in batches of 128, about the same time on one thread (11 to 16
seconds; the numbers of epochs in ``KINDS`` were chosen for that, and the rates on validation
images, by a trial run), and a code of 32 numbers. The sparse one, whose code cannot be that
short, is apart. Three seeds. For the anomalies each net is trained again for each of the ten
digits, without that digit, on half of the images and for 40 % of the epochs (or the nearest whole
number): again about the same time for all. Takes about a quarter of an hour on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from shared import codes_from_mixture, train_classifier
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from aecourse import data, evaluation, models, results
from aecourse.corruption import gaussian
from aecourse.objectives import bce, contraction, kl_to_prior
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SEEDS = (0, 1, 2)
SHAPE, CODE, SIGMA = (1, 28, 28), 32, 0.5


@dataclass(frozen=True)
class Kind:
    """How one kind of autoencoder is built and trained."""

    build: Callable[[Tensor], nn.Module]  # from the mean image of the training set
    terms: Callable[[], dict]
    epochs: int
    held_out_epochs: int
    lr: float = 1e-2
    corrupt: Callable | None = None


def dense(mean):
    return models.Dense(SHAPE, CODE, hidden=(128,))


def top_k(mean):
    model = models.TopK(SHAPE, 256, k=50)
    models.tied_start(model, mean)
    return model


def reconstruction():
    return {"reconstruction": bce}


KINDS = {
    "plain": Kind(dense, reconstruction, 10, 4),
    "denoising": Kind(dense, reconstruction, 10, 4, lr=5e-3, corrupt=gaussian(SIGMA)),
    "contractive": Kind(
        dense,
        lambda: {"reconstruction": bce,
                 "contraction": contraction(0.1, exact=False, relative=True)},
        5, 2, lr=5e-3,
    ),
    "convolutional": Kind(
        lambda mean: models.Convolutional(CODE, batch_norm=True), reconstruction, 2, 1
    ),
    "variational": Kind(
        lambda mean: models.VAE(SHAPE, CODE),
        lambda: {"reconstruction": bce, "kl": kl_to_prior()}, 5, 2, lr=5e-3,
    ),
    "sparse": Kind(top_k, reconstruction, 8, 3),
}  # fmt: skip


# --------------------------------------------------------------------------- judges


@dataclass
class Judge:
    """What all rows are judged by."""

    digits: data.ImageSplits

    def __post_init__(self):
        train, test = self.digits.train, self.digits.test
        self.features = train_classifier(train.images[:20_000], train.labels[:20_000])
        self.real = self.features_of(test.images)
        self.noisy = gaussian(SIGMA)(test.images, generator(1000))
        self.binary = data.binarise(test.images)

    def features_of(self, images) -> Tensor:
        return evaluation.in_batches(self.features, images, self.features)

    def codes(self, encode) -> dict[str, float]:
        """What a linear probe and ten neighbours read off the codes."""
        train, test = self.digits.train, self.digits.test
        known, asked = encode(train.images[:10_000]), encode(test.images)
        labels = train.labels[:10_000]
        return {
            "probe": evaluation.linear_probe(known, labels, asked, test.labels),
            "neighbours": evaluation.neighbour_accuracy(asked[::5], test.labels[::5]).mean().item(),
            "zeros": (asked == 0).float().mean().item(),
        }

    def copies(self, reconstruct) -> dict[str, list[float]]:
        """Errors per image: of clean images, and of denoised ones (clipped to [0, 1])."""
        test = self.digits.test.images
        cleaned = reconstruct(self.noisy).clamp(0, 1)
        return {
            "mse": evaluation.squared_error(reconstruct(test), test, clip=False),
            "denoised": evaluation.squared_error(cleaned, test),
        }

    def samples(self, decode, codes) -> float:
        drawn = evaluation.in_batches(decode, codes, self.features).clamp(0, 1)
        return evaluation.frechet_distance(self.features_of(drawn), self.real)


def held_out_auroc(score: Callable[[Tensor], Tensor], normal: Tensor, odd: Tensor) -> float:
    return evaluation.auroc(score(normal), score(odd))


# --------------------------------------------------------------------------- rows


def train(kind: Kind, images: Tensor, seed: int, epochs: int) -> nn.Module:
    with seeded(seed):
        model = kind.build(images.mean(0))
    fit(
        model, kind.terms(), images, corrupt=kind.corrupt, epochs=epochs, batch_size=128,
        lr=kind.lr, seed=seed, progress=False,
    )  # fmt: skip
    return model


def anomaly_score(model) -> Callable[[Tensor], Tensor]:
    return lambda x: evaluation.pixel_mse(model, x)


def summary(errors: dict[str, Tensor]) -> dict[str, float]:
    return {name: values.mean().item() for name, values in errors.items()}


def nearest_distance(known: Tensor) -> Callable[[Tensor], Tensor]:
    """Squared distance per pixel to the nearest of 10,000 training images."""
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(known[:10_000].flatten(1))

    def score(x):
        return torch.from_numpy(search.kneighbors(x.flatten(1))[0][:, 0] ** 2 / x[0].numel())

    return score


def without(part: data.Images, digit: int) -> tuple[Tensor, Tensor]:
    """Images of the other digits, and of this one."""
    odd = part.labels == digit
    return part.images[~odd], part.images[odd]


def baselines(judge: Judge) -> dict[str, list[dict]]:
    """PCA and raw pixels: no seed, one row each."""
    digits = judge.digits
    train_images = digits.train.images
    start = time.process_time()
    pca = evaluation.fit_pca(train_images, CODE)
    seconds = time.process_time() - start

    def encode(x):
        return torch.from_numpy(pca.transform(x.flatten(1).double().numpy())).float()

    def decode(codes):
        back = pca.inverse_transform(codes.double().numpy())
        return torch.from_numpy(back).float().reshape(-1, *SHAPE)

    errors = judge.copies(lambda x: evaluation.pca_reconstruct(pca, x))
    row = summary(errors) | judge.codes(encode) | {
        "mixture": judge.samples(decode, codes_from_mixture(encode(train_images[:10_000]), 0)),
        "seconds": seconds,
        "parameters": (CODE + 1) * 784,
        "auroc": [],
    }  # fmt: skip
    pixels = judge.codes(lambda x: x.flatten(1)) | {"mse": 0.0, "auroc": []}
    for digit in range(10):
        known, _ = without(digits.train, digit)
        asked = without(digits.test, digit)
        small = evaluation.fit_pca(known[::2], CODE)
        row["auroc"].append(held_out_auroc(
            lambda x, pca=small: evaluation.squared_error(
                evaluation.pca_reconstruct(pca, x), x, clip=False
            ),
            *asked))  # fmt: skip
        pixels["auroc"].append(held_out_auroc(nearest_distance(known[::2]), *asked))
    return {"PCA": [row], "pixels": [pixels]}, errors


def measure(kind: Kind, judge: Judge, seed: int) -> tuple[dict, dict[str, Tensor]]:
    """One kind, one seed: a row of the table, and the errors of each image."""
    digits = judge.digits
    start = time.process_time()
    model = train(kind, digits.train.images, seed, kind.epochs)
    seconds = time.process_time() - start
    errors = judge.copies(lambda x: evaluation.reconstruct(model, x))
    codes = evaluation.encode(model, digits.train.images[:10_000])
    row = summary(errors) | judge.codes(lambda x: evaluation.encode(model, x)) | {
        "mixture": judge.samples(model.decode, codes_from_mixture(codes, seed)),
        "seconds": seconds,
        "parameters": models.count_parameters(model),
        "auroc": [],
    }  # fmt: skip
    if isinstance(model, models.VAE):
        nats = [evaluation.per_example(term, model, judge.binary) for term in (bce, kl_to_prior())]
        row["nats"] = sum(nats).mean().item()
        prior = torch.randn(10_000, CODE, generator=generator(seed))
        row["prior"] = judge.samples(model.decode, prior)
    row["held out seconds"] = 0.0
    for digit in range(10):
        known, _ = without(digits.train, digit)
        start = time.process_time()
        odd_one_out = train(kind, known[::2], seed, kind.held_out_epochs)
        row["held out seconds"] += (time.process_time() - start) / 10
        asked = without(digits.test, digit)
        row["auroc"].append(held_out_auroc(anomaly_score(odd_one_out), *asked))
    return row, errors


def rounded(row: dict) -> dict:
    def short(value):
        return [short(v) for v in value] if isinstance(value, list) else float(f"{value:.5g}")

    return {name: short(value) for name, value in row.items()}


def main() -> None:
    torch.set_num_threads(1)
    judge = Judge(data.mnist())
    floor = judge.features_of(judge.digits.train.images[-10_000:])
    rows, errors_pca = baselines(judge)
    differences: dict[str, dict[str, list]] = {}
    for name, kind in KINDS.items():
        for seed in SEEDS:
            row, errors = measure(kind, judge, seed)
            rows.setdefault(name, []).append(row)
            for what, values in errors.items():
                found = evaluation.paired(values, errors_pca[what])
                differences.setdefault(name, {}).setdefault(what, []).append(
                    [found.mean, found.standard_error]
                )
            shown = {k: v for k, v in rounded(row).items() if k != "auroc"}
            print(name, seed, shown, f"auroc {np.mean(row['auroc']):.3f}", flush=True)
    figures = {
        "code size": CODE,
        "sigma": SIGMA,
        "seeds": len(SEEDS),
        "epochs": {name: kind.epochs for name, kind in KINDS.items()},
        "held out epochs": {name: kind.held_out_epochs for name, kind in KINDS.items()},
        "rows": {name: [rounded(row) for row in found] for name, found in rows.items()},
        "minus PCA": differences,
        "floor of the generation score": evaluation.frechet_distance(floor, judge.real),
    }
    results.write(
        __file__,
        figures)


if __name__ == "__main__":
    main()
