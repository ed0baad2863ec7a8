"""Lesson 10: does a number of the code mean something? The VAE's own axes against random ones.

A property of an image, such as its slant, is predicted from the code in three ways: by a direction
that regression finds, by the best *single* axis of the code, and, as the null, by the best axis of
the same code after it was whitened and turned at random, 200 times. Beside them the principal axes
of the codes and their independent components. Direction and best axis are found on 10,000 training
images; told is the share of the variance that they explain on the test images. Dimensions that cost
less than 0.05 nats are left out everywhere, for all of these axes alike.

Two kinds of data:

- *digits*: MNIST in grey, 50,000 training images; slant, ink and width. VAEs 784-200-10, 20 epochs,
  eight seeds. Varied: β, the size of the code, the epochs; and a plain autoencoder of that shape.
- *photographs*: squares of 28 × 28 from the two photographs that scikit-learn ships, 20,000 of them
  from the left two thirds for training, 3,000 from the right quarter for the test; brightness, and
  which way the light falls off (right minus left, below minus above). The same VAE
  with a Gaussian likelihood (σ = 0.1), eight seeds. Their licence is CC BY 2.0
  (https://creativecommons.org/licenses/by/2.0/): china.jpg is by danielbuechele, flower.jpg from
  the Flickr account vultilion.

Takes about 25 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import torch
from sklearn.datasets import load_sample_image
from sklearn.decomposition import FastICA
from torch import Tensor

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, gaussian_nll, kl_to_prior
from aecourse.randomness import generator, seeded, shifted
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, RATE = 20, 250, 5e-3
CODE, HIDDEN, TURNS, USED = 10, 200, 200, 0.05
KNOWN = 10_000  # training images on which directions and axes are chosen
SIDE, SIGMA = 28, 0.1
PATCHES, TEST_PATCHES = 20_000, 3_000
GREY = torch.tensor([0.299, 0.587, 0.114]) / 255  # luma of RGB (ITU-R BT.601)


# --------------------------------------------------------------------------- data


def digit_properties(images: Tensor) -> dict[str, Tensor]:
    """Slant, ink and width of digits (N, 1, 28, 28)."""
    ink = images[:, 0]
    weight = ink / ink.sum((1, 2), keepdim=True)
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    dx = x - (weight * x).sum((1, 2), keepdim=True)  # from the middle of the ink
    dy = y - (weight * y).sum((1, 2), keepdim=True)
    up_down, sideways = ((weight * d.square()).sum((1, 2)) for d in (dy, dx))
    return {"slant": -(weight * dx * dy).sum((1, 2)) / up_down,
            "ink": ink.mean((1, 2)), "width": sideways.sqrt()}  # fmt: skip


def photograph_properties(images: Tensor) -> dict[str, Tensor]:
    """Brightness, and how the light falls off, of squares (N, 1, 28, 28)."""
    grey, half = images[:, 0], SIDE // 2
    return {
        "brightness": grey.mean((1, 2)),
        "right minus left": grey[:, :, half:].mean((1, 2)) - grey[:, :, :half].mean((1, 2)),
        "below minus above": grey[:, half:].mean((1, 2)) - grey[:, :half].mean((1, 2)),
    }


def squares(count: int, left: float, right: float, seed: int) -> Tensor:
    """Squares (count, 1, 28, 28) in [0, 1] from a vertical strip of both photographs."""
    random, cut = np.random.default_rng(seed), []
    photographs = [torch.from_numpy(load_sample_image(name).copy()).double() @ GREY.double()
                   for name in ("china.jpg", "flower.jpg")]  # fmt: skip
    for _ in range(count):
        photograph = photographs[random.integers(len(photographs))]
        height, width = photograph.shape
        top = random.integers(height - SIDE + 1)
        start = random.integers(int(left * width), int(right * width) - SIDE + 1)
        cut.append(photograph[top : top + SIDE, start : start + SIDE])
    return torch.stack(cut).unsqueeze(1).float().clamp(0, 1)


def digits() -> tuple[Tensor, Tensor]:
    everything = data.mnist()
    return everything.train.images, everything.test.images


def photographs() -> tuple[Tensor, Tensor]:
    return squares(PATCHES, 0, 2 / 3, 0), squares(TEST_PATCHES, 3 / 4, 1, 1)


DATA = {
    "digits": (digits, digit_properties, bce),
    "photographs": (photographs, photograph_properties, gaussian_nll(SIGMA)),
}


# --------------------------------------------------------------------------- axes


def whitened(codes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets of codes, scaled and turned such that the first has mean 0 and covariance I."""
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    matrix = vectors / values.sqrt() @ vectors.T
    return tuple((z - codes.mean(0)) @ matrix for z in (codes, others))


def correlations(axes: Tensor, values: Tensor) -> Tensor:
    """Correlation of each column (N, d) with a property (N,): (d,)."""
    columns, wanted = axes - axes.mean(0), values.double() - values.double().mean()
    return (columns.T @ wanted) / (columns.norm(dim=0) * wanted.norm())


def by_best_axis(known: Tensor, test: Tensor, values: Tensor, test_values: Tensor) -> float:
    """Share of a property's variance that the best column explains; which one, the known tell."""
    best = correlations(known, values).abs().argmax()
    return correlations(test[:, [best]], test_values).square().item()


def random_turns(size: int, seed: int) -> Tensor:
    """Random orthogonal matrices (TURNS, size, size)."""
    draws = torch.randn(TURNS, size, size, generator=generator(seed + 40), dtype=torch.float64)
    q, r = torch.linalg.qr(draws)
    return q * r.diagonal(dim1=1, dim2=2).sign()[:, None]  # else they would not be uniform


def independent(known: Tensor, test: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Independent components of the known codes, and of the test codes."""
    ica = FastICA(random_state=shifted(seed), max_iter=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ica.fit(known.numpy())
    return tuple(torch.from_numpy(ica.transform(z.numpy())) for z in (known, test))


def explained(known: Tensor, test: Tensor, values: Tensor, test_values: Tensor, seed: int) -> dict:
    """Shares of a property's variance that directions of the code explain, on test images."""
    white, white_test = whitened(known, test)
    by_regression = correlations(white, values)  # of white columns: the coefficients themselves
    turns = random_turns(known.shape[1], seed)
    chance = torch.tensor([by_best_axis(white @ q, white_test @ q, values, test_values)
                           for q in turns])  # fmt: skip
    vectors = torch.linalg.eigh(torch.cov(known.T))[1]
    own = by_best_axis(known, test, values, test_values)
    direction = white_test @ by_regression
    return {
        "regression": correlations(direction[:, None], test_values).square().item(),
        "own axes": own,
        "principal axes": by_best_axis(known @ vectors, test @ vectors, values, test_values),
        "independent components": by_best_axis(*independent(known, test, seed), values,
                                               test_values),
        "random axes": chance.mean().item(),
        "random axes, 95th percentile": chance.quantile(0.95).item(),
        "rank": (chance < own).double().mean().item(),
    }  # fmt: skip


# --------------------------------------------------------------------------- rows


def measured(of: str, seed: int, beta=1.0, code_size=CODE, epochs=EPOCHS, kind="VAE") -> dict:
    """The axes of one net."""
    load, properties, likelihood = DATA[of]
    images, test = load()
    with seeded(seed):
        if kind == "VAE":
            model = models.VAE((1, SIDE, SIDE), code_size, (HIDDEN,))
        else:
            model = models.Dense((1, SIDE, SIDE), code_size, hidden=(HIDDEN,))
    terms = {"reconstruction": likelihood}
    if kind == "VAE":
        terms["kl"] = kl_to_prior(beta)
    fit(model, terms, images, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed, progress=False)
    if (of, seed, beta, code_size, epochs, kind) == ("digits", 0, 1.0, CODE, EPOCHS, "VAE"):
        results.save_net(__file__, "VAE", model)
    known = images[:KNOWN]
    codes, test_codes = (evaluation.encode(model, x).double() for x in (known, test))
    used = torch.ones(code_size, dtype=torch.bool)
    if kind == "VAE":
        with torch.no_grad():
            used = gaussian_kl(*model.posterior(known)).mean(0) > USED
    values, test_values = properties(known), properties(test)
    found = {
        name: explained(codes[:, used], test_codes[:, used], values[name], test_values[name], seed)
        for name in values
    }
    return {"properties": found, "used": int(used.sum()), "epochs": epochs}


def main() -> None:
    torch.set_num_threads(1)
    cell = results.cells(__file__)

    def runs(of, seeds=FEW_SEEDS, **settings):
        key = (of, *sorted(settings.items()))
        return [cell((*key, seed), partial(measured, of, seed, **settings)) for seed in seeds]

    rows = {of: runs(of, SEEDS) for of in DATA}
    longer = {of: runs(of, epochs=2 * EPOCHS) for of in DATA}
    varied = {
        of: {
            "β": {str(beta): runs(of, beta=beta) for beta in (0.25, 4.0)},
            "code size": {str(size): runs(of, code_size=size) for size in (5, 20)},
            "epochs": {"2": runs(of, epochs=2)},
        }
        for of in DATA
    }
    plain = {of: runs(of, kind="AE") for of in DATA}

    def errors(of, found, axes):
        names = found[0]["properties"]
        return {name: [1 - row["properties"][name][axes] for row in found] for name in names}

    ways = ("regression", "own axes", "principal axes", "independent components", "random axes")
    records = {}
    for of in DATA:
        try:
            records[f"regression-on-{of}"] = results.verdict(
                f"On {of}, a direction found by regression carries a property better than the "
                "best of the VAE's own axes.",
                winner="regression", rival="own axes", null="random axes",
                rows={way: errors(of, rows[of], way) for way in ways},
                seeds=SEEDS,
                longer=errors(of, longer[of], "regression"),
                epochs={name: [EPOCHS, 2 * EPOCHS] for name in rows[of][0]["properties"]},
                rivals={
                    "own axes": "the best of them, chosen on the images that regression is "
                                "fitted to",
                    "independent components": "the best of them, in the same way",
                    "principal axes": "the best of them, in the same way",
                },
                sensitivity={
                    choice: {value: errors(of, found, "regression")
                             for value, found in values.items()}
                    for choice, values in varied[of].items()
                },
            )  # fmt: skip
        except ValueError as refused:  # where own axes do as well, the lesson says so
            print(refused)
    figures = {
        "rows": rows, "longer": longer, "varied": varied, "plain autoencoder": plain,
        "turns": TURNS, "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "code": CODE},
    }  # fmt: skip
    results.write(__file__, figures, records)


if __name__ == "__main__":
    main()
