"""Anomaly scores for handwritten digits: each of the ten digits held out once, three seeds.

Nets, PCA, neighbours, forest and mixtures are fitted on training images of nine digits. On the test
images, each score is judged by how well it ranks the tenth digit above the nine (AUROC). For the
autoencoder's error there is also a threshold, from validation images of the nine digits. A seed
decides initial weights, forests and mixtures; PCA's error and the neighbour distances have none.
Takes about eight minutes on one thread.
"""

from __future__ import annotations

import numpy as np
import torch
from shared import mixture_of_20
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, kl_to_prior
from aecourse.randomness import seeded, shifted
from aecourse.training import fit

SEEDS = (0, 1, 2)
RATE = 0.05  # of false alarms, asked for


def autoencoder(train, seed: int):
    """The lesson's net: a code of 32 numbers, three epochs."""
    with seeded(seed):
        model = models.Dense((1, 28, 28), 32, hidden=(128,))
    fit(model, {"reconstruction": bce}, train, epochs=3, batch_size=128, lr=1e-2, seed=seed,
        progress=False)  # fmt: skip
    return model


def variational(train, seed: int):
    """The lesson's VAE: a code of 20 numbers, two epochs of black and white images."""
    with seeded(seed):
        model = models.VAE((1, 28, 28), 20)
    fit(model, {"reconstruction": bce, "kl": kl_to_prior()}, train, epochs=2, batch_size=128,
        lr=3e-3, seed=seed, progress=False)  # fmt: skip
    return model


def minus_elbo(vae, binary) -> torch.Tensor:
    """Nats for each black and white image: (N,)."""
    return evaluation.per_example(bce, vae, binary) + evaluation.per_example(
        kl_to_prior(), vae, binary
    )


def mixture(codes, seed: int) -> GaussianMixture:
    """Twenty Gaussians, fitted on every fourth code."""
    return mixture_of_20(codes[::4], shifted(seed), 20)


def without_seed(train, test) -> dict[str, np.ndarray]:
    """Scores (N,) of the test images that depend on no seed."""
    pca = evaluation.fit_pca(train[::2], 32)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(train[::5].flatten(1).numpy())
    return {
        "PCA error": evaluation.squared_error(
            evaluation.pca_reconstruct(pca, test), test, clip=False
        ).numpy(),
        "neighbour distance": search.kneighbors(test.flatten(1).numpy())[0][:, 0],
    }


def with_seed(train, train_binary, valid, test, test_binary, seed: int) -> tuple:
    """Scores (N,) of the test images, and the autoencoder's scores of the validation images."""
    net, vae = autoencoder(train, seed), variational(train_binary, seed)
    codes = evaluation.encode(net, train).numpy()
    surprise = minus_elbo(vae, test_binary).numpy()
    usual = np.median(minus_elbo(vae, train_binary[:5_000]).numpy())
    forest = IsolationForest(random_state=shifted(seed)).fit(train[::2].flatten(1).numpy())
    dense = mixture(codes, seed)
    pca = evaluation.fit_pca(train[::2], 32)
    linear = mixture(pca.transform(train.flatten(1).numpy()), seed)
    scores = {
        "error": evaluation.pixel_mse(net, test).numpy(),
        "code density": -dense.score_samples(evaluation.encode(net, test).numpy()),
        "PCA code density": -linear.score_samples(pca.transform(test.flatten(1).numpy())),
        "forest": -forest.score_samples(test.flatten(1).numpy()),
        "VAE −ELBO": surprise,
        "VAE two-sided": abs(surprise - usual),
    }
    return scores, evaluation.pixel_mse(net, valid).numpy()


def held_out(digit: int, digits, binary) -> dict[str, list]:
    """AUROC of every score, one number for each seed; false alarms and detections of one."""
    kept = digits.train.labels != digit
    train, train_binary = digits.train.images[kept], binary[0][kept]
    valid = digits.valid.images[digits.valid.labels != digit]
    test, strange = digits.test.images, (digits.test.labels == digit).numpy()
    ink = test.flatten(1).mean(1).numpy()
    found: dict[str, list] = {}

    def note(name, scores):
        found.setdefault(name, []).append(round(float(roc_auc_score(strange, scores)), 4))

    fixed = without_seed(train, test)
    note("−ink", -ink)
    for name, scores in fixed.items():
        note(name, scores)
    note("neighbour distance² / ink", fixed["neighbour distance"] ** 2 / ink)
    for seed in SEEDS:
        scores, normal = with_seed(train, train_binary, valid, test, binary[1], seed)
        for name, values in scores.items():
            note(name, values)
        note("error / ink", scores["error"] / ink)
        alarm = scores["error"] > np.quantile(normal, 1 - RATE)
        for name, value in {
            "false alarms": alarm[~strange].mean(),
            "detected": alarm[strange].mean(),
            "mean error": scores["error"][strange].mean(),
        }.items():
            found.setdefault(name, []).append(round(float(value), 5))
    return found


def nothing_held_out(digits) -> list[dict[str, list]]:
    """The same for nets that have seen all ten digits: how *difficult* each digit is."""
    found: list[dict[str, list]] = [{"AUROC": [], "mean error": []} for _ in range(10)]
    labels = digits.test.labels.numpy()
    for seed in SEEDS:
        net = autoencoder(digits.train.images, seed)
        error = evaluation.pixel_mse(net, digits.test.images).numpy()
        for digit, row in enumerate(found):
            row["AUROC"].append(round(float(roc_auc_score(labels == digit, error)), 4))
            row["mean error"].append(round(float(error[labels == digit].mean()), 5))
    return found


def main() -> None:
    torch.set_num_threads(1)
    digits = data.mnist()
    binary = data.binarise(digits.train.images), data.binarise(digits.test.images)
    included = nothing_held_out(digits)
    rows = []
    for digit in range(10):
        rows.append(held_out(digit, digits, binary))
        print(digit, {name: round(np.mean(v), 3) for name, v in rows[-1].items()}, flush=True)
    ink = [digits.test.images[digits.test.labels == d].mean().item() for d in range(10)]
    figures = {
        "seeds": len(SEEDS),
        "rate": RATE,
        "held out": rows,
        "included": included,
        "ink": [round(value, 4) for value in ink],
    }
    results.write(
        __file__,
        figures)


if __name__ == "__main__":
    main()
