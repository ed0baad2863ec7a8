"""Lesson 09: rate and distortion for seven values of β, and what the rate consists of.

A VAE 784-200-20 on MNIST binarised once, 20 epochs of 250 images from the mean image, three seeds
for each β, judged on the 10,000 test images with one draw each. The rate is taken apart on the
50,000 *training* images, as I(image; z) + KL(q̄ ‖ p) (Hoffman & Johnson 2016), with q̄ the mixture
of their posteriors and 2,000 of them drawn.

Beside that: β = 1 with twice the epochs, with 4 epochs as in the lesson, and with codes of 10, 40
and 64; and for the plain net with a code of 64, what each dimension costs and what is lost without
it.

Takes about 15 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from shared import start_at_mean

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.protocol import Batch, Output
from aecourse.randomness import generator, seeded
from aecourse.training import fit

BETAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SEEDS = (0, 1, 2)
EPOCHS, BATCH, RATE = 20, 250, 1e-2
CODE, CODES = 20, (10, 40, 64)
USED = 0.05  # nats: a dimension that costs more is called used


def train(images, beta: float, code_size: int, seed: int, epochs: int) -> models.VAE:
    """784-200-code, fitted; its decoder starts with the mean image."""
    with seeded(seed):
        model = models.VAE((1, 28, 28), code_size, hidden=(200,))
    start_at_mean(model, images)
    terms = {"reconstruction": bce, "kl": kl_to_prior(beta)}
    fit(model, terms, images, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed, progress=False)
    return model


def nats(model, images) -> dict[str, float]:
    """Rate and distortion: mean KL and mean reconstruction, in nats per image."""
    parts = {"rate": kl_to_prior(), "distortion": bce}
    return {name: evaluation.per_example(term, model, images).mean().item()
            for name, term in parts.items()}  # fmt: skip


@torch.no_grad()
def rates(model, images):
    """KL of each code dimension, averaged over the images: (code_size,)."""
    return gaussian_kl(*model.posterior(images)).mean(0)


@torch.no_grad()
def losses_without(model, images, seed=0):
    """How much the reconstruction worsens, in nats per image, when one code dimension is drawn
    from the prior instead of the posterior: (code_size,)."""
    noise = generator(seed)
    out = model.run(images, noise)
    batch = Batch(images, images)
    whole = bce(model, batch, out).mean()
    fresh = torch.randn(out.code.shape, generator=noise)
    worse = []
    for j in range(model.code_size):
        code = out.code.clone()
        code[:, j] = fresh[:, j]
        worse.append(bce(model, batch, Output(code, model.decode_raw(code))).mean() - whole)
    return torch.stack(worse)


def measured(images, test, beta, code_size, epochs, seed) -> dict:
    """All that is told of one net."""
    model = train(images, beta, code_size, seed, epochs)
    information, mismatch = evaluation.information_and_mismatch(model, images, of=2_000)
    return {
        "test": nats(model, test),
        "train": nats(model, images),
        "information": information.mean().item(),
        "mismatch": mismatch.mean().item(),
        "rates": sorted(rates(model, test).tolist(), reverse=True),
        "epochs": epochs,
    }


def dimensions(images, test) -> dict:
    """What each dimension of a code of 64 costs, and what is lost without it."""
    model = train(images, 1.0, 64, 0, EPOCHS)
    some = test[:2000]
    return {"rate": rates(model, some).tolist(), "lost": losses_without(model, some).tolist()}


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    images, test = data.binarise(digits.train.images), data.binarise(digits.test.images)
    del digits

    def runs(beta=1.0, code_size=CODE, epochs=EPOCHS):
        one = partial(measured, images, test, beta, code_size, epochs)
        return [cell((beta, code_size, epochs, seed), partial(one, seed)) for seed in SEEDS]

    figures = {
        "sweep": {str(beta): runs(beta) for beta in BETAS},
        "longer": runs(epochs=2 * EPOCHS),
        "as in the lesson": {str(beta): runs(beta, epochs=4) for beta in (1.0, 8.0)},
        "code sizes": {str(size): runs(code_size=size) for size in CODES},
        "dimensions of code 64": cell(("dimensions",), partial(dimensions, images, test)),
        "log N": math.log(len(images)),
        "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "used": USED},
    }
    results.write(__file__, figures)


if __name__ == "__main__":
    main()
