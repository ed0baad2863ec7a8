"""Lesson 10: does a number of the code mean something? A net's own axes against random ones.

A property of an image, such as its slant, is predicted from the code: by a direction that
regression finds, by the best *single* axis of the code, and, as the null, by the best axis of the
same code turned at random, 200 times. Own and random axes are compared in two codes: in the code as
it is, and whitened, with as little turning as possible (ZCA), where no axis can borrow a property
from another. Direction and best axis are found on 10,000 training images; told is the share of the
variance that they explain on the test images. Dimensions that cost less than 0.05 nats are left out
everywhere, for all of these axes alike.

Two kinds of data:

- *digits*: MNIST in grey, 50,000 training images; slant, ink and width. VAEs 784-200-10, 20 epochs,
  eight seeds. Varied: β, the size of the code, the epochs; and a plain autoencoder of that shape.
- *photographs*: squares of 28 × 28 from the two photographs that scikit-learn ships, 20,000 of them
  from the left two thirds for training, 3,000 from the right quarter for the test; brightness, and
  which way the light falls off (right minus left, below minus above). The same VAE
  with a Gaussian likelihood (σ = 0.1), eight seeds. Their licence is CC BY 2.0
  (https://creativecommons.org/licenses/by/2.0/): china.jpg is by danielbuechele, flower.jpg from
  the Flickr account vultilion.

Takes about 10 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, gaussian_nll, kl_to_prior
from aecourse.randomness import generator, seeded
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


@cache
def digits() -> tuple[Tensor, Tensor]:
    everything = data.mnist()
    return everything.train.images, everything.test.images


@cache
def photographs() -> tuple[Tensor, Tensor]:
    return squares(PATCHES, 0, 2 / 3, 0), squares(TEST_PATCHES, 3 / 4, 1, 1)


DATA = {
    "digits": (digits, digit_properties, bce),
    "photographs": (photographs, photograph_properties, gaussian_nll(SIGMA)),
}


# --------------------------------------------------------------------------- axes


def whitened(codes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets of codes, such that the first has mean 0 and covariance I, its axes moved least."""
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    matrix = vectors / values.sqrt() @ vectors.T
    return tuple((z - codes.mean(0)) @ matrix for z in (codes, others))


def correlations(axes: Tensor, values: Tensor) -> Tensor:
    """Correlation of each column (…, N, d) with a property (N,): (…, d)."""
    columns, wanted = axes - axes.mean(-2, keepdim=True), values.double() - values.double().mean()
    return (wanted @ columns) / (columns.norm(dim=-2) * wanted.norm())


def random_turns(size: int, seed: int) -> Tensor:
    """Random orthogonal matrices (TURNS, size, size)."""
    draws = torch.randn(TURNS, size, size, generator=generator(seed + 40), dtype=torch.float64)
    q, r = torch.linalg.qr(draws)
    return q * r.diagonal(dim1=1, dim2=2).sign()[:, None]  # else they would not be uniform


def by_best_axis(known: Tensor, test: Tensor, values: Tensor, test_values: Tensor) -> float:
    """Share of a property's variance that the best column explains; which one, the known tell."""
    best = correlations(known, values).abs().argmax()
    return correlations(test[:, [best]], test_values).square().item()


def own_and_random(known, test, values, test_values, seed: int) -> dict[str, float]:
    """The best axis of a code as it is, and after each of the random turns."""
    own = by_best_axis(known, test, values, test_values)
    turned = torch.tensor([by_best_axis(known @ q, test @ q, values, test_values)
                           for q in random_turns(known.shape[1], seed)])  # fmt: skip
    return {"own": own, "random": turned.mean().item(), "95 %": turned.quantile(0.95).item(),
            "rank": (turned < own).double().mean().item()}  # fmt: skip


def explained(known: Tensor, test: Tensor, values: Tensor, test_values: Tensor, seed: int) -> dict:
    """Shares of a property's variance that directions of the code explain, on test images."""
    white, white_test = whitened(known, test)
    direction = correlations(white, values)  # of white columns: the coefficients themselves
    of_axes = correlations(test, test_values).square().sort(descending=True).values
    return {
        "regression": correlations((white_test @ direction)[:, None], test_values).square().item(),
        "as it is": own_and_random(known, test, values, test_values, seed),
        "whitened": own_and_random(white, white_test, values, test_values, seed),
        "each axis": [round(share, 3) for share in of_axes.tolist()],
    }


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

    figures = {
        of: {
            "main": runs(of, SEEDS),
            "twice the epochs": runs(of, epochs=2 * EPOCHS),
            "plain autoencoder": runs(of, kind="AE"),
            "20 code numbers": runs(of, code_size=20),
            "5 code numbers": runs(of, code_size=5),
            "β = 4": runs(of, beta=4.0),
            "2 epochs": runs(of, epochs=2),
        }
        for of in reversed(DATA)
    }
    recipe = {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "code": CODE, "turns": TURNS}
    results.write(__file__, figures | {"recipe": recipe})


if __name__ == "__main__":
    main()
