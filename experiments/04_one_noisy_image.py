"""Denoising without a clean image: what may one noisy picture of each digit teach?

One net (784-256-784, ReLU inside) and one number of epochs for everybody, on 20,000 training
pictures with Gaussian noise of σ = 0.5 that is drawn once. Its targets: clean pictures; a second
noisy picture (Noise2Noise); the same picture, with pixels hidden from the net (blind spot, as in
Noise2Void and Noise2Self); the same picture, with the copying charged (Stein's risk, SURE). Rivals
without a net, from the same noisy pictures: the Wiener filter, and Tweedie's formula on a mixture
of Gaussians. The null is the noisy picture itself. Then the same with noise that is correlated
between neighbouring pixels. All errors are squared errors per pixel on clean test images, clipped.

Takes about 12 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial
from itertools import count

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor
from torch.nn import functional as F

from aecourse import data, evaluation, results
from aecourse.corruption import gaussian
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded, shifted
from aecourse.training import fit

SHAPE, PIXELS = (1, 28, 28), 784
SIGMA = 0.5
IMAGES, EPOCHS, BATCH, RATE, UNITS, HIDDEN = 20_000, 10, 100, 3e-3, 256, 0.25
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
WHITE, CORRELATED = "white", "correlated"


# --- noise ----------------------------------------------------------------------------------


def neighbourly(sigma: float):
    """A corruption: Gaussian noise of this standard deviation, alike in neighbouring pixels."""
    taps = torch.tensor([0.25, 0.5, 0.25])
    kernel = taps[:, None] * taps
    kernel = kernel / kernel.norm()  # so that a pixel's noise keeps its variance

    def corrupt(x: Tensor, draw=None) -> Tensor:
        noise = torch.randn(len(x), 1, 30, 30, generator=draw)
        return x + sigma * F.conv2d(noise, kernel[None, None])

    return corrupt


def noisy_pictures(digits, kind: str, seed: int, sigma: float = SIGMA) -> tuple[Tensor, Tensor]:
    """Two noisy pictures of each training digit, (IMAGES, 1, 28, 28) each."""
    corrupt = gaussian(sigma) if kind == WHITE else neighbourly(sigma)
    clean = digits.train.images[:IMAGES]
    return tuple(corrupt(clean, generator(100 + 2 * seed + i)) for i in (0, 1))


def noisy_test(digits, kind: str, sigma: float = SIGMA) -> Tensor:
    corrupt = gaussian(sigma) if kind == WHITE else neighbourly(sigma)
    return corrupt(digits.test.images, generator(11))


# --- losses that need no clean image ----------------------------------------------------------


def hide(share: float):
    """A corruption: a share of the pixels get the values of other pixels of the picture."""

    def corrupt(x: Tensor, draw=None) -> Tensor:
        elsewhere = torch.randperm(PIXELS, generator=draw)
        others = x.flatten(1)[:, elsewhere].reshape(x.shape)
        return torch.where(torch.rand(x.shape, generator=draw) < share, others, x)

    return corrupt


def at_hidden_pixels(model, batch, output) -> Tensor:
    """Squared error per example (B,), where the net did not see the pixel that it is asked for."""
    hidden = batch.input != batch.target
    return ((model.activation(output.raw) - batch.target).square() * hidden).flatten(1).sum(1)


def divergence(model: Dense, code: Tensor, answer: Tensor) -> Tensor:
    """Σ ∂rᵢ/∂xᵢ of each example (B,): how much of its own input each pixel copies.

    By the chain rule, for one hidden layer of ReLU units and a sigmoid at the end.
    """
    loops = model.decoder[0].weight * model.encoder[1].weight.T  # (784, units): there and back
    slope = (answer * (1 - answer)).flatten(1)
    return (slope * ((code > 0).to(code) @ loops.T)).sum(1)


def stein(sigma: float):
    """Stein's unbiased estimate of the risk, up to d σ², per example (B,)."""

    def term(model, batch, output) -> Tensor:
        answer = model.activation(output.raw)
        copying = divergence(model, output.code, answer)
        return (answer - batch.input).square().flatten(1).sum(1) + 2 * sigma**2 * copying

    return term


# --- nets -----------------------------------------------------------------------------------


def trained(digits, method: str, seed: int, kind: str = WHITE, epochs: int = EPOCHS,
            rate: float = RATE, units: int = UNITS, sigma: float = SIGMA) -> Dense:  # fmt: skip
    """A net after its training by one of the methods."""
    first, second = noisy_pictures(digits, kind, seed, sigma)
    clean = digits.train.images[:IMAGES]
    fresh = gaussian(sigma) if kind == WHITE else neighbourly(sigma)
    train, term, corrupt = {
        "clean, fresh noise": (clean, mse, fresh),
        "clean": ((first, clean), mse, None),
        "two noisy": ((first, second), mse, None),
        "blind spot": (first, at_hidden_pixels, hide(HIDDEN)),
        "Stein": (first, stein(sigma), None),
    }[method]
    with seeded(seed):
        model = Dense(SHAPE, units, hidden=(), code_activation="relu")
    fit(model, {"risk": term}, train, corrupt=corrupt, epochs=epochs, batch_size=BATCH, lr=rate,
        seed=seed, progress=False)  # fmt: skip
    return model


def net_error(digits, method: str, seed: int, kind: str = WHITE, sigma: float = SIGMA,
              **settings) -> float:  # fmt: skip
    model = trained(digits, method, seed, kind, sigma=sigma, **settings)
    if (method, kind, seed, settings) == ("Stein", WHITE, 0, {}) and sigma == SIGMA:
        results.save_net(__file__, "stein", model)
    test = noisy_test(digits, kind, sigma)
    return evaluation.pixel_mse(model, test, target=digits.test.images).mean().item()


# --- rivals without a net -------------------------------------------------------------------


def error(estimate: Tensor, clean: Tensor) -> float:
    return evaluation.squared_error(estimate.reshape(clean.shape), clean).mean().item()


def spread(noisy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (784,), variances (784,) and directions (784, 784) of noisy pictures, falling."""
    flat = noisy.flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat.T).double())
    return flat.mean(0), values.flip(0), vectors.flip(1)


def wiener_error(digits, seed: int, kind: str = WHITE, sigma: float = SIGMA) -> float:
    """The best linear map, if the noise is white: its variance is taken off the noisy pictures'."""
    mean, values, V = spread(noisy_pictures(digits, kind, seed, sigma)[0])
    kept = (values - sigma**2).clamp(min=0) / values
    W = ((V * kept) @ V.T).float()
    test = noisy_test(digits, kind, sigma).flatten(1)
    return error((test - mean) @ W + mean, digits.test.images)


def wiener_told(digits, seed: int) -> float:
    """The same for correlated noise whose covariance is known, as if measured on blank pictures."""
    noisy = noisy_pictures(digits, CORRELATED, seed)[0].flatten(1)
    blank = neighbourly(SIGMA)(torch.zeros(50_000, *SHAPE), generator(900 + seed)).flatten(1)
    total, noise = torch.cov(noisy.T).double(), torch.cov(blank.T).double()
    values, V = torch.linalg.eigh(total - noise)
    W = torch.linalg.solve(total, (V * values.clamp(min=0)) @ V.T).float()
    test = noisy_test(digits, CORRELATED).flatten(1)
    return error((test - noisy.mean(0)) @ W + noisy.mean(0), digits.test.images)


def mixture_error(digits, seed: int, components: int, directions: int, sigma: float = SIGMA,
                  on: str = "test") -> float:  # fmt: skip
    """Tweedie's formula on a mixture of Gaussians that was fitted to noisy pictures.

    In the strongest directions; in the others the answer is the mean.
    """
    noisy = noisy_pictures(digits, WHITE, seed, sigma)[0]
    mean, _, V = spread(noisy)
    P = V[:, :directions].float()
    mixture = GaussianMixture(components, max_iter=40, tol=1e-2, reg_covar=1e-3,
                              random_state=shifted(seed))  # fmt: skip
    mixture.fit(((noisy.flatten(1) - mean) @ P).numpy())
    if on == "test":
        asked, clean = noisy_test(digits, WHITE, sigma), digits.test.images
    else:
        clean = digits.valid.images[:5000]
        asked = gaussian(sigma)(clean, generator(12))
    x = ((asked.flatten(1) - mean) @ P).numpy()
    share = mixture.predict_proba(x)
    score = sum(-share[:, [k]] * ((x - m) @ precision) for k, m, precision
                in zip(count(), mixture.means_, mixture.precisions_))  # fmt: skip
    return error(torch.tensor(x + sigma**2 * score).float() @ P.T + mean, clean)


# --- everything -----------------------------------------------------------------------------


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)

    def row(name, run, seeds=FEW_SEEDS, **settings):
        return [cell((name, settings, seed), partial(run, digits, seed=seed, **settings))
                for seed in seeds]  # fmt: skip

    def net(method, seeds=FEW_SEEDS, **settings):
        return row(method, partial(net_error, method=method), seeds, **settings)

    choices = [{"components": k, "directions": n} for k in (10, 20, 40) for n in (40, 80)]
    tuning = [row("tuning", mixture_error, (100,), on="valid", **choice)[0] for choice in choices]
    best = choices[tuning.index(min(tuning))]
    clean = digits.test.images
    null = {kind: [error(noisy_test(digits, kind), clean)] for kind in (WHITE, CORRELATED)}
    rows = {
        "noisy": null[WHITE],
        "Stein": net("Stein", SEEDS),
        "mixture": row("mixture", mixture_error, SEEDS, **best),
        "Wiener": row("Wiener", wiener_error, SEEDS),
        "blind spot": net("blind spot"),
        "two noisy": net("two noisy"),
        "clean": net("clean"),
        "clean, fresh noise": net("clean, fresh noise"),
    }
    varied = {
        "twice the epochs": net("Stein", epochs=2 * EPOCHS),
        "half the rate": net("Stein", rate=RATE / 2),
        "512 units": net("Stein", units=512),
    }
    correlated = {
        "noisy": null[CORRELATED],
        **{name: net(name, kind=CORRELATED)
           for name in ("Stein", "blind spot", "two noisy", "clean")},
        "Wiener": row("Wiener", wiener_error, kind=CORRELATED),
        "Wiener, told": row("Wiener, told", wiener_told),
    }  # fmt: skip
    record = results.verdict(
        "A net that learned from one noisy picture of each digit leaves less error than the best "
        "that is known without a net from the same pictures.",
        winner="Stein", rival="mixture", null="noisy",
        rows={name: {"σ = 0.5": rows[name]}
              for name in ("Stein", "mixture", "Wiener", "blind spot", "two noisy", "noisy")},
        seeds=SEEDS,
        longer={"σ = 0.5": varied["twice the epochs"]},
        epochs={"σ = 0.5": [EPOCHS, 2 * EPOCHS]},
        rivals={
            "mixture": "components and directions chosen among six on clean validation images, "
                       "which the net did not have",
            "Wiener": "in closed form; its covariance from the same noisy pictures, less σ²",
        },
        sensitivity={
            "rate": {"half": {"σ = 0.5": varied["half the rate"]}},
            "units": {"512": {"σ = 0.5": varied["512 units"]}},
        },
        exact=["noisy"],
    )  # fmt: skip
    figures = {
        "rows": rows, "varied": varied, "correlated": correlated,
        "tuning": [{**choice, "error": value} for choice, value in zip(choices, tuning)],
        "setting": {"images": IMAGES, "epochs": EPOCHS, "units": UNITS, "sigma": SIGMA,
                    "batch": BATCH, "rate": RATE, "hidden": HIDDEN},
    }  # fmt: skip
    results.write(__file__, figures, {"one-is-enough": record})


if __name__ == "__main__":
    main()
