"""Lesson 04: which noise should a denoiser train on, and is it better than rivals without a net?

The lesson's net, 784-512-784, on all 50,000 training images, trained without noise, at one level,
or at *any*: σ drawn for each image between 0 and 1. Each is tested at five levels, and takes fresh
noise in every batch. Beside them, told the level and clipped like the nets: the Wiener filter, a
mixture of Wiener filters (one for each cluster of images), PCA, the median and the Gaussian filter,
tuned on validation images at each level. Eight, 16 and 32 epochs, another width, a bottleneck, the
noisy image as the target, a convolutional net, and as nulls an untrained net and the mean image.
Then the same net for salt-and-pepper noise and for masking, against rivals that are made for these.
All errors are squared errors per pixel on the 10,000 test images, clipped.

With fresh noise in every batch, a net improves for as long as it is trained. So three verdicts have
a record, where twice the epochs change little of the margin: against the best linear map at two
levels, against a narrow code at one, against the noisy target. Which level to train on is compared
in equal time, after eight epochs and after 16, and with two widths.

Takes about an hour and a quarter on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import torch
from scipy import ndimage
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse import data, evaluation, results
from aecourse.corruption import gaussian, masking, salt_and_pepper
from aecourse.models import Autoencoder, Dense
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SHAPE = (1, 28, 28)
UNITS, EPOCHS, BATCH, RATE = 512, 8, 256, 5e-3
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the tests
PROVED = ("0.25", "0.5")  # where twice the epochs hardly change the margin to the linear map
TRAINED = ("0", "0.25", "0.5", "1", "any")
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
VALIDATION = 2000  # images that rivals are tuned on
CLUSTERS = (10, 30, 100, 300, 1000)

KINDS = {"salt-and-pepper": salt_and_pepper(0.3), "masking": masking(0.5)}


# --------------------------------------------------------------------------- the nets


def any_level(x: Tensor, draw=None) -> Tensor:
    """A corruption whose σ is uniform between 0 and 1, one for each image."""
    sigma = torch.rand(len(x), 1, 1, 1, generator=draw, device=x.device)
    return x + sigma * torch.randn(x.shape, generator=draw, device=x.device)


def corruption_of(trained: str) -> Callable | None:
    """The noise that a name stands for; None for no noise."""
    if trained in KINDS:
        return KINDS[trained]
    if trained == "any":
        return any_level
    return gaussian(float(trained)) if float(trained) else None


def one_layer(seed: int, units: int = UNITS) -> Dense:
    """One hidden layer, whose ReLU activations are the code."""
    with seeded(seed):
        return Dense(SHAPE, units, hidden=(), code_activation="relu")


def three_layers(seed: int, code_size: int) -> Dense:
    """The same width, and a linear code in the middle."""
    with seeded(seed):
        return Dense(SHAPE, code_size, hidden=(UNITS,))


def convolutional(seed: int) -> Autoencoder:
    """The denoiser of lesson 07: nothing dense, and no narrow code."""
    with seeded(seed):
        encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        decoder = nn.Sequential(
            nn.Unflatten(1, (32, 7, 7)),
            nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
        )  # fmt: skip
        return Autoencoder(encoder, decoder, SHAPE, 32 * 7 * 7, "sigmoid")


def against_input(model, batch, output) -> Tensor:
    """A mistake: the target is the noisy image that the net was given."""
    return mse(model, batch._replace(target=batch.input), output)


def trained_net(
    build, digits, trained: str, seed: int, epochs: int = EPOCHS, batch: int = BATCH,
    rate: float = RATE, term: Callable = mse,
) -> tuple[Autoencoder, list[float]]:  # fmt: skip
    """A net after its training, and its validation error (against clean images) by epoch."""
    model, curve = build(seed), []
    corrupt = corruption_of(trained)
    clean = digits.valid.images[:VALIDATION]
    seen = corrupt(clean, generator(1)) if corrupt else clean

    def note(model, history):
        curve.append(evaluation.pixel_mse(model, seen, target=clean).mean().item())

    fit(model, {"reconstruction": term}, digits.train.images, corrupt=corrupt, epochs=epochs,
        batch_size=batch, lr=rate, seed=seed, on_epoch=[note], progress=False)  # fmt: skip
    return model, curve


def at_levels(denoise: Callable[[Tensor, float], Tensor], clean: Tensor) -> dict[str, float]:
    """The error of a denoiser, which may use σ, at each level of the tests."""
    errors = {}
    for sigma in LEVELS:
        noisy = gaussian(sigma)(clean, generator(11))
        errors[str(sigma)] = error(denoise(noisy, sigma), clean)
    return errors


def error(answer: Tensor, clean: Tensor) -> float:
    return evaluation.squared_error(answer, clean, clip=True).mean().item()


def net(digits, trained: str, seed: int, build=one_layer, **settings) -> dict:
    """A row of the matrix: one net, tested at all levels."""
    model, curve = trained_net(build, digits, trained, seed, **settings)
    row = {
        "error": at_levels(lambda x, _: evaluation.reconstruct(model, x), digits.test.images),
        "validation": curve,
    }
    if isinstance(model, Dense):
        row["likeness"] = likeness_of_neighbours(model)
    return row


def net_for_kind(digits, kind: str, seed: int, build=one_layer, **settings) -> dict:
    """The same net for another kind of noise, tested on that kind."""
    model, curve = trained_net(build, digits, kind, seed, **settings)
    return {
        "error": error_on_kind(digits, kind, partial(evaluation.reconstruct, model)),
        "certain pixels kept": error_on_kind(
            digits, kind, lambda x: keep_certain(evaluation.reconstruct(model, x), x)
        ),
        "validation": curve,
    }


def keep_certain(answer: Tensor, x: Tensor) -> Tensor:
    """Neither kind of noise makes a grey pixel: one that is neither 0 nor 1 stays as it is."""
    return torch.where((x == 0) | (x == 1), answer, x)


def error_on_kind(digits, kind: str, denoise: Callable[[Tensor], Tensor]) -> float:
    clean = digits.test.images
    return error(denoise(KINDS[kind](clean, generator(11))), clean)


def likeness_of_neighbours(model: Dense) -> float:
    """How alike a unit's weights are to those of the pixels to their right: the mean correlation
    over all units, away from the border, where pixels hardly vary."""
    weights = model.encoder[1].weight.detach().reshape(-1, 28, 28)[:, 6:22, 6:22]
    left, right = weights[:, :, :-1].flatten(1), weights[:, :, 1:].flatten(1)
    left, right = (part - part.mean(1, keepdim=True) for part in (left, right))
    return F.cosine_similarity(left, right).mean().item()


# --------------------------------------------------------------------------- rivals, told σ


def median(x: Tensor, size: int) -> Tensor:
    return torch.from_numpy(ndimage.median_filter(x.numpy(), size=(1, 1, size, size)))


def blur(x: Tensor, width: float) -> Tensor:
    smooth = ndimage.gaussian_filter(x.numpy(), sigma=(0, 0, width, width))
    return torch.from_numpy(smooth)


class WienerFilters:
    """One Wiener filter for each cluster of images, weighted by how probable the noisy image is in
    that cluster: the conditional mean, were each cluster a Gaussian (Yu, Sapiro & Mallat 2012).

    Args:
        images: of the training (N, 1, 28, 28).
        clusters: found by k-means among the images' first 50 principal components.
        seed: of k-means.

    It works in the first 300 principal components: on the rest, noise is all that there is.
    """

    def __init__(self, images: Tensor, clusters: int, seed: int):
        pca = evaluation.fit_pca(images, 300)
        self.mean = torch.from_numpy(pca.mean_).float()
        self.directions = torch.from_numpy(pca.components_).float()
        codes = (images.flatten(1) - self.mean) @ self.directions.T
        k_means = KMeans(clusters, n_init=1, random_state=seed, max_iter=30)
        labels = torch.from_numpy(k_means.fit_predict(codes[:, :50].numpy())).long()
        common, self.parts = torch.cov(codes.T, correction=0), []
        for number in range(clusters):
            x = codes[labels == number]
            weight = len(x) / (len(x) + 50)  # small clusters lean on the covariance of all
            covariance = weight * torch.cov(x.T, correction=0) + (1 - weight) * common
            values, turned = torch.linalg.eigh(covariance.double())
            share = len(x) / len(codes)
            self.parts.append((share, x.mean(0), values.clamp(min=0), turned.float()))

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        if sigma == 0:
            return noisy
        codes = (noisy.flatten(1) - self.mean) @ self.directions.T
        logs, answers = [], []
        for share, mean, values, turned in self.parts:
            code, variance = (codes - mean) @ turned, values + sigma**2
            logs.append(np.log(share) - (code.double().square() / variance).sum(1) / 2
                        - variance.log().sum() / 2)  # fmt: skip
            answers.append(mean + (code * (values / variance).float()) @ turned.T)
        weights = torch.stack(logs).softmax(0).float()
        total = sum(weight[:, None] * answer for weight, answer in zip(weights, answers))
        return (total @ self.directions + self.mean).reshape(noisy.shape)


def tuned(method, values: Iterable, clean: Tensor, noisy: Tensor) -> float:
    """The setting with the lowest error on validation images."""
    return min(values, key=lambda value: error(method(noisy, value), clean))


def filters(digits) -> dict[str, dict]:
    """Median, Gaussian filter and PCA, tuned at each level."""
    pca = evaluation.fit_pca(digits.train.images, 300)
    mean = torch.from_numpy(pca.mean_).float()
    directions = torch.from_numpy(pca.components_).float()

    def project(x, k):
        code = (x.flatten(1) - mean) @ directions[:k].T
        return (code @ directions[:k] + mean).reshape(x.shape)

    methods = {
        "median filter": (median, (1, 3, 5)),
        "Gaussian filter": (blur, (0.0, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6)),
        "PCA": (project, (10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300)),
    }
    return {name: told_level(digits, *method) for name, method in methods.items()}


def told_level(digits, method, values: Iterable) -> dict[str, dict]:
    """A filter with the setting that is best on validation images, at each level."""
    clean = digits.valid.images[:VALIDATION]
    best = {sigma: tuned(method, values, clean, gaussian(sigma)(clean, generator(1)))
            for sigma in LEVELS}  # fmt: skip
    return {
        "setting": {str(sigma): value for sigma, value in best.items()},
        "error": at_levels(lambda x, sigma: method(x, best[sigma]), digits.test.images),
    }


def wiener(digits) -> dict[str, float]:
    """The best linear map at each level, told which; without noise it changes nothing."""
    filters = {s: evaluation.fit_linear_denoiser(digits.train.images, s) for s in LEVELS if s}
    return at_levels(lambda x, s: filters[s](x) if s else x, digits.test.images)


def tune_wiener_filters(digits, clusters: int) -> dict[str, float]:
    """Validation errors of the mixture with this number of clusters."""
    clean = digits.valid.images[:VALIDATION]
    return at_levels(WienerFilters(digits.train.images, clusters, 0), clean)


def wiener_filters(digits, clusters: int, seed: int) -> dict[str, float]:
    return at_levels(WienerFilters(digits.train.images, clusters, seed), digits.test.images)


# --------------------------------------------------------------------------- rivals, other kinds


def repair_extremes(x: Tensor, size: int) -> Tensor:
    """The median filter, only where a pixel is exactly black or white."""
    return keep_certain(median(x, size), x)


def blur_and_double(x: Tensor, width: float) -> Tensor:
    """Half of the ink is missing."""
    return 2 * blur(x, width)


class LeastSquares:
    """The best affine map from features of spoilt images to clean ones, with a little ridge.

    Args:
        extremes: the features also say which pixels are exactly 0 and which 1, and the others
            are kept.
    """

    def __init__(self, images: Tensor, corrupt: Callable, extremes: bool):
        self.extremes, draw = extremes, generator(9)
        self.left, self.right = 0.0, 0.0
        for piece in images.split(5000):
            spoilt = self.features(corrupt(piece, draw))
            self.left = self.left + (spoilt.T @ spoilt).double() / len(images)
            self.right = self.right + (spoilt.T @ piece.flatten(1)).double() / len(images)

    def features(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        parts = [x, x == 0, x == 1] if self.extremes else [x]
        return torch.cat([*(part.float() for part in parts), torch.ones(len(x), 1)], 1)

    def __call__(self, x: Tensor, ridge: float) -> Tensor:
        eye = torch.eye(len(self.left), dtype=torch.float64)
        matrix = torch.linalg.solve(self.left + ridge * eye, self.right).float()
        answer = (self.features(x) @ matrix).reshape(x.shape)
        return keep_certain(answer, x) if self.extremes else answer


def rivals_on_kind(digits, kind: str) -> dict[str, dict]:
    """What can be had without a net, each tuned on validation images."""
    clean, corrupt = digits.valid.images[:VALIDATION], KINDS[kind]
    noisy = corrupt(clean, generator(1))
    filters = {
        "median filter": (median, (3, 5)),
        "repair extremes": (repair_extremes, (3, 5, 7)),
        "Gaussian filter": (blur, (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)),
        "blur and double": (blur_and_double, (0.6, 0.7, 0.8, 0.9, 1.0)),
    }
    for name, extremes in (("least squares", False), ("least squares, knows extremes", True)):
        maps = LeastSquares(digits.train.images, corrupt, extremes)
        filters[name] = maps, (1e-4, 1e-3, 1e-2)
    found = {"spoilt image": {"error": error_on_kind(digits, kind, lambda x: x)}}
    for name, (method, values) in filters.items():
        best = tuned(method, values, clean, noisy)
        answer = error_on_kind(digits, kind, partial(with_setting, method, best))
        found[name] = {"setting": best, "error": answer}
    return found


def with_setting(method, value, x: Tensor) -> Tensor:
    return method(x, value)


# --------------------------------------------------------------------------- all rows


def runs_of_nets(digits) -> dict[str, tuple[Callable[[int], dict], tuple[int, ...]]]:
    """Row → what computes it for a seed, and the seeds; first what the records need."""

    def at(trained, seeds=FEW_SEEDS, **settings):
        return partial(net_with_seed, digits, trained, settings), seeds

    def of_kind(kind, seeds=FEW_SEEDS, **settings):
        return lambda seed: net_for_kind(digits, kind, seed, **settings), seeds

    twice, four_times = {"epochs": 2 * EPOCHS}, {"epochs": 4 * EPOCHS}
    narrower = partial(one_layer, units=256)
    bottleneck = partial(three_layers, code_size=32)
    conv = {"build": convolutional, "epochs": 4, "batch": 64, "rate": 5e-3}
    rows = {
        "any": at("any", SEEDS),
        "any, twice the epochs": at("any", SEEDS, **twice),
        "any, four times the epochs": at("any", **four_times),
        "0.25": at("0.25"),
        "0.25, twice the epochs": at("0.25", SEEDS, **twice),
        "0.25, four times the epochs": at("0.25", **four_times),
        "0.25, 32 numbers, twice the epochs": at("0.25", SEEDS, build=bottleneck, **twice),
        "0.5, noisy target, 256 units": at("0.5", SEEDS, build=narrower, term=against_input),
        "0.5": at("0.5"),
        "0.5, twice the epochs": at("0.5", **twice),
        "0": at("0"),
        "1": at("1"),
        "1, twice the epochs": at("1", seeds=(0,), **twice),
        "0.5, noisy target": at("0.5", term=against_input),
        "0.5, 32 numbers": at("0.5", build=bottleneck),
        "0.5, 32 numbers, twice the epochs": at("0.5", build=bottleneck, **twice),
        "0.5, 32 numbers, noisy target": at("0.5", build=bottleneck, term=against_input),
        "0.5, 512 numbers": at("0.5", build=partial(three_layers, code_size=512)),
        "any, convolutional": at("any", (0, 1), **conv),
    }
    for trained, seeds in (("any", FEW_SEEDS), ("0.5", SEEDS)):
        rows[f"{trained}, 256 units"] = at(trained, seeds, build=narrower)
        rows[f"{trained}, 256 units, twice the epochs"] = at(trained, build=narrower, **twice)
    for kind in KINDS:
        rows[kind] = of_kind(kind, build=narrower)
        rows[f"{kind}, twice the epochs"] = of_kind(kind, build=narrower, **twice)
    return rows


def net_with_seed(digits, trained: str, settings: dict, seed: int) -> dict:
    return net(digits, trained, seed, **settings)


def untrained(digits, seed: int) -> dict:
    """The null: the net with its random weights."""
    model = one_layer(seed)
    return {
        "error": at_levels(lambda x, _: evaluation.reconstruct(model, x), digits.test.images)
    } | {
        kind: error_on_kind(digits, kind, partial(evaluation.reconstruct, model)) for kind in KINDS
    }


def rivals(digits, cell) -> dict:
    """All rows without a net; the mixture for the number of clusters that validation prefers."""
    tuning = {
        str(clusters): cell(("clusters", clusters), partial(tune_wiener_filters, digits, clusters))
        for clusters in CLUSTERS
    }
    best = min(tuning, key=lambda clusters: tuning[clusters]["0.5"])
    return {
        "Wiener": cell(("Wiener",), lambda: wiener(digits)),
        "clusters": tuning,
        "best clusters": best,
        "Wiener filters": [
            cell(("Wiener filters", seed), partial(wiener_filters, digits, int(best), seed))
            for seed in FEW_SEEDS
        ],
        "filters": cell(("filters",), lambda: filters(digits)),
        "kinds": {kind: cell((kind,), partial(rivals_on_kind, digits, kind)) for kind in KINDS},
        "untrained": [
            cell(("untrained", seed), partial(untrained, digits, seed)) for seed in FEW_SEEDS
        ],
        "mean image": evaluation.mean_baseline(
            digits.train.images, digits.test.images
        ).mean().item(),
    }  # fmt: skip


def by_level(runs: list[dict]) -> dict[str, list[float]]:
    """Level → the error of each run there."""
    return {str(level): [run["error"][str(level)] for run in runs] for level in LEVELS}


def by_kind(runs: dict[str, list[dict]], name: str, error: str) -> dict[str, list[float]]:
    """Kind of noise → an error of each run of a row, whose name contains the kind."""
    return {kind: [run[error] for run in runs[name.format(kind)]] for kind in KINDS}


def records(runs: dict[str, list[dict]], rows: dict[str, dict]) -> dict[str, dict]:
    """The verdicts that the rows carry."""

    def record(sentence, winner, rival, longer, levels, rivals, sensitivity, exact=()):
        def part(name):
            return {level: rows[name][level] for level in levels}

        epochs = [len(runs[name][0]["validation"]) for name in (winner, longer)]
        return results.verdict(
            sentence, winner=winner, rival=rival, null="untrained", seeds=SEEDS, exact=exact,
            rows={name: part(name) for name in (winner, rival, "untrained")},
            longer=part(longer), epochs=dict.fromkeys(levels, epochs), rivals={rival: rivals},
            sensitivity={choice: {value: part(name) for value, name in values.items()}
                         for choice, values in sensitivity.items()},
        )  # fmt: skip

    return {
        "linear-bar": record(
            "One net for any level of noise leaves less than the best linear map, which is told "
            "the level.",
            "any, twice the epochs", "Wiener", "any, four times the epochs", PROVED,
            rivals="closed form on the same training images, for each level; told the level",
            sensitivity={"epochs": {"8": "any"}, "units": {"256": "any, 256 units"}},
            exact=["Wiener"],
        ),
        "bottleneck": record(
            "A denoiser with a code of 32 numbers leaves more than one without a narrow code.",
            "0.25, twice the epochs", "0.25, 32 numbers, twice the epochs",
            "0.25, four times the epochs", ("0.25",),
            rivals="the same width, recipe and seeds, with a linear code of 32 numbers in the "
                   "middle, as tutorials have it",
            sensitivity={"epochs": {"8": "0.25"}},
        ),
        "noisy-target": record(
            "A wide net that is trained towards its own noisy input leaves far more than one that "
            "is trained towards the clean image.",
            "0.5, 256 units", "0.5, noisy target, 256 units", "0.5, 256 units, twice the epochs",
            ("0.5",), rivals="the same net, recipe and seeds: nothing but the target differs",
            sensitivity={"units": {"512": "0.5"}},
        ),
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    without = rivals(digits, cell)
    runs = {
        name: [cell((name, seed), partial(run, seed)) for seed in seeds]
        for name, (run, seeds) in runs_of_nets(digits).items()
    }
    rows = {
        name: by_level(row) for name, row in runs.items() if not name.startswith(tuple(KINDS))
    } | {
        "untrained": by_level(without["untrained"]),
        "Wiener": {level: [error] for level, error in without["Wiener"].items()},
        "Wiener filters": {
            level: [run[level] for run in without["Wiener filters"]] for level in without["Wiener"]
        },
    }
    figures = {
        "levels": LEVELS,
        "rows": rows,
        "filters": without["filters"],
        "clusters": {"validation": without["clusters"], "best": without["best clusters"]},
        "kinds": without["kinds"],
        "nets for kinds": {
            error: {
                name.format("net"): by_kind(runs, name, error)
                for name in ("{}", "{}, twice the epochs")
            }
            for error in ("error", "certain pixels kept")
        },
        "likeness": {name: [run["likeness"] for run in runs[name]] for name in TRAINED},
        "mean image": without["mean image"],
        "recipe": {"units": UNITS, "epochs": EPOCHS, "batch": BATCH, "rate": RATE},
    }
    results.write(__file__, figures, records(runs, rows))


if __name__ == "__main__":
    main()
