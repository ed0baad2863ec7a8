"""Denoising without a clean image: what may one noisy picture of each digit teach?

One net (784-128-784, ReLU inside) and one number of epochs for everybody, on 20,000 training
pictures with Gaussian noise of σ = 0.5 that is drawn once; each keeps the epoch in which its own
loss on validation pictures was best. Its targets: clean pictures; a second noisy picture
(Noise2Noise); the same picture, with pixels hidden from the net (blind spot, as in Noise2Void and
Noise2Self); the same picture, with the copying charged (Stein's risk, SURE). Rivals without a net,
from the same noisy pictures: the Wiener filter, and Tweedie's formula on a mixture of Gaussians.
The null is the noisy picture itself. Then the same with noise that is correlated between
neighbouring pixels. All errors are squared errors per pixel on clean test images, clipped.

Takes about ten minutes on one thread; it goes on where it was stopped.
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
IMAGES, EPOCHS, BATCH, RATE, UNITS = 20_000, 14, 100, 3e-3, 128
HIDDEN = 0.25  # share of pixels that are hidden
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


NOISE = {WHITE: gaussian(SIGMA), CORRELATED: neighbourly(SIGMA)}


def noisy_pictures(digits, kind: str, seed: int) -> tuple[Tensor, Tensor]:
    """Two noisy pictures of each training digit, (IMAGES, 1, 28, 28) each."""
    clean = digits.train.images[:IMAGES]
    first, second = (NOISE[kind](clean, generator(100 + 2 * seed + i)) for i in (0, 1))
    return first, second


def asked(digits, kind: str, on: str = "test") -> tuple[Tensor, Tensor]:
    """Noisy and clean pictures to be judged on: of the test, or of 5,000 validation images."""
    clean = digits.test.images if on == "test" else digits.valid.images[:5000]
    return NOISE[kind](clean, generator(11)), clean


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


def task(method: str, kind: str, first: Tensor, second: Tensor, clean: Tensor):
    """What a method trains on: examples or pairs, and the corruption of the rest."""
    return {
        "clean, fresh noise": (clean, NOISE[kind]),
        "clean": ((first, clean), None),
        "two noisy": ((first, second), None),
        "two noisy, both ways": ((torch.cat([first, second]), torch.cat([second, first])), None),
        "blind spot": (first, hide(HIDDEN)),
        "Stein": (first, None),
    }[method]


def trained(digits, method: str, seed: int, kind: str = WHITE, epochs: int = EPOCHS,
            rate: float = RATE, units: int = UNITS, hidden: float = HIDDEN) -> Dense:  # fmt: skip
    """A net after its training, as it was when its own loss on validation pictures was best.

    These are 5,000 more, and of the kind that the method trains on: no clean ones, if it has none.
    """
    parts = digits.train.images[:IMAGES], digits.valid.images[:5000]
    noise = [generator(100 + 2 * seed + i) for i in (0, 1)]
    train, valid = (
        task(method, kind, *(NOISE[kind](part, draw) for draw in noise), part) for part in parts
    )
    corrupt = hide(hidden) if method == "blind spot" else train[1]
    term = {"blind spot": at_hidden_pixels, "Stein": stein(SIGMA)}.get(method, mse)
    with seeded(seed):
        model = Dense(SHAPE, units, hidden=(), code_activation="relu")
    passes = epochs // 2 if method == "two noisy, both ways" else epochs  # twice the pairs
    fit(model, {"risk": term}, train[0], valid=valid[0], corrupt=corrupt, epochs=passes,
        batch_size=BATCH, lr=rate, seed=seed, keep_best=True, progress=False)  # fmt: skip
    return model


def net_error(digits, method: str, seed: int, kind: str = WHITE, on: str = "test",
              **settings) -> float:  # fmt: skip
    model = trained(digits, method, seed, kind, **settings)
    if (method, kind, seed, settings) == ("Stein", WHITE, 0, {}):
        results.save_net(__file__, "stein", model)
    noisy, clean = asked(digits, kind, on)
    return evaluation.pixel_mse(model, noisy, target=clean).mean().item()


# --- rivals without a net -------------------------------------------------------------------


def error(estimate: Tensor, clean: Tensor) -> float:
    return evaluation.squared_error(estimate.reshape(clean.shape), clean).mean().item()


def spread(noisy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (784,), variances (784,) and directions (784, 784) of noisy pictures, falling."""
    flat = noisy.flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat.T).double())
    return flat.mean(0), values.flip(0), vectors.flip(1)


def wiener_error(digits, seed: int, kind: str = WHITE) -> float:
    """The best linear map, if the noise is white: its variance is taken off the noisy pictures'."""
    mean, values, V = spread(noisy_pictures(digits, kind, seed)[0])
    kept = (values - SIGMA**2).clamp(min=0) / values
    W = ((V * kept) @ V.T).float()
    noisy, clean = asked(digits, kind)
    return error((noisy.flatten(1) - mean) @ W + mean, clean)


def wiener_told(digits, seed: int) -> float:
    """The same for correlated noise whose covariance is known, as if measured on blank pictures."""
    train = noisy_pictures(digits, CORRELATED, seed)[0].flatten(1)
    blank = NOISE[CORRELATED](torch.zeros(50_000, *SHAPE), generator(900 + seed)).flatten(1)
    total, mean = torch.cov(train.T).double(), train.mean(0)
    values, V = torch.linalg.eigh(total - torch.cov(blank.T).double())
    W = torch.linalg.solve(total, (V * values.clamp(min=0)) @ V.T).float()
    noisy, clean = asked(digits, CORRELATED)
    return error((noisy.flatten(1) - mean) @ W + mean, clean)


def mixture_error(digits, seed: int, components: int, directions: int, on: str = "test") -> float:
    """Tweedie's formula on a mixture of Gaussians that was fitted to noisy pictures.

    In the strongest directions; in the others the answer is the mean.
    """
    train = noisy_pictures(digits, WHITE, seed)[0]
    mean, _, V = spread(train)
    P = V[:, :directions].float()
    mixture = GaussianMixture(components, max_iter=40, tol=1e-2, reg_covar=1e-3,
                              random_state=shifted(seed))  # fmt: skip
    mixture.fit(((train.flatten(1) - mean) @ P).numpy())
    noisy, clean = asked(digits, WHITE, on)
    x = ((noisy.flatten(1) - mean) @ P).numpy()
    share = mixture.predict_proba(x)
    score = sum(-share[:, [k]] * ((x - m) @ precision) for k, m, precision
                in zip(count(), mixture.means_, mixture.precisions_))  # fmt: skip
    return error(torch.tensor(x + SIGMA**2 * score).float() @ P.T + mean, clean)


# --- everything -----------------------------------------------------------------------------


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)

    def row(name, run, seeds=FEW_SEEDS, **settings):
        return [cell((name, settings, seed), partial(run, digits, seed=seed, **settings))
                for seed in seeds]  # fmt: skip

    def net(method, seeds=FEW_SEEDS, **settings):
        return row(method, partial(net_error, method=method), seeds, **settings)

    choices = [{"components": k, "directions": n} for k in (5, 10, 20) for n in (60, 80, 120)]
    tuning = [row("tuning", mixture_error, (100,), on="valid", **choice)[0] for choice in choices]
    best = choices[tuning.index(min(tuning))]
    null = {kind: [error(*asked(digits, kind))] for kind in NOISE}
    shares = {str(share): net("blind spot", (100,), on="valid", hidden=share)[0]
              for share in (0.1, HIDDEN, 0.5)}  # fmt: skip
    rows = {
        "noisy": null[WHITE],
        "Stein": net("Stein", SEEDS),
        "mixture": row("mixture", mixture_error, SEEDS, **best),
        "Wiener": row("Wiener", wiener_error, SEEDS),
        "blind spot": net("blind spot"),
        "two noisy": net("two noisy"),
        "two noisy, both ways": net("two noisy, both ways"),
        "clean": net("clean"),
        "clean, fresh noise": net("clean, fresh noise"),
    }
    varied = {
        "twice the epochs": net("Stein", epochs=2 * EPOCHS),
        "half the rate": net("Stein", rate=RATE / 2),
        "blind spot, four times the epochs": net("blind spot", epochs=4 * EPOCHS),
        "256 units": net("Stein", units=256),
    }
    correlated = {
        "noisy": null[CORRELATED],
        **{name: net(name, kind=CORRELATED) for name in ("Stein", "two noisy", "clean")},
        "blind spot": net("blind spot", kind=CORRELATED),
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
            "mixture": "components and directions chosen among nine on clean validation images, "
                       "which the net did not have",
            "Wiener": "in closed form; its covariance from the same noisy pictures, less σ²",
        },
        sensitivity={
            "rate": {"half": {"σ = 0.5": varied["half the rate"]}},
            "units": {"256": {"σ = 0.5": varied["256 units"]}},
        },
        exact=["noisy"],
    )  # fmt: skip
    figures = {
        "rows": rows, "varied": varied, "correlated": correlated,
        "shares": shares,
        "tuning": [{**choice, "error": value} for choice, value in zip(choices, tuning)],
        "setting": {"images": IMAGES, "epochs": EPOCHS, "units": UNITS, "sigma": SIGMA,
                    "batch": BATCH, "rate": RATE, "hidden": HIDDEN},
    }  # fmt: skip
    results.write(__file__, figures, {"one-is-enough": record})


if __name__ == "__main__":
    main()
