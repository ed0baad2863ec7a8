"""Lesson 08: one small VAE, and the many numbers that are called its nats.

The lesson's net, 784-400-20, is trained on digits that were thrown once, on digits that are thrown
afresh whenever they are used, and on the grey digits themselves; the net of Burda, Grosse and
Salakhutdinov (2016), 784-200-200-50, on the first two. Ten epochs for all, with a one-cycle rate
that was chosen on validation digits for each net and kind. Every net is then scored in every way
that one meets: −ELBO and negative log-likelihood (NLL, 500 draws for each of the first 2,000 test
digits) of the test digits thrown once, −ELBO of another throw of them, and −ELBO of grey ones.

Another row shows where the entropy of the coins goes on black and white digits: codes that cost a
twentieth (β = 0.05), and 64 numbers for them. Eight seeds for the lesson's net thrown once and
afresh, three for the others; three with twice the epochs.

The net of seed 0, thrown once, is saved ("once").

Takes about 25 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from shared import start_at_mean
from torch import Tensor
from torch.utils.data import DataLoader

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.randomness import generator, seeded
from aecourse.training import fit

NETS = {
    "784-400-20": {"code_size": 20, "hidden": (400,)},
    "784-200-200-50": {"code_size": 50, "hidden": (200, 200)},
    "784-400-64": {"code_size": 64, "hidden": (400,)},
}
OURS, BURDA, WIDE = NETS
EPOCHS, BATCH = 10, 128
SEEDS, FEW_SEEDS, TUNING_SEED = tuple(range(8)), (0, 1, 2), 100
RATES = (3e-3, 5e-3, 1e-2)
DRAWS, SOME = 500, 2_000  # of the NLL: draws for each digit, and digits
OTHER_THROW = 1  # seed of a second throw of the test digits; the course's own has seed 0


class Thrown:
    """Rows of grey images in a new order each epoch, thrown anew: a collate function for them."""

    def __init__(self, grey: Tensor, seed: int):
        self.grey, self.random = grey, generator(seed + 2)

    def __call__(self, rows: list[int]) -> tuple[Tensor]:
        images = self.grey[torch.tensor(rows)]
        return ((torch.rand(images.shape, generator=self.random) < images).float(),)


def training_data(grey: Tensor, kind: str, seed: int):
    """What a net is trained with: a tensor, or a loader that throws afresh."""
    if kind == "afresh":
        return DataLoader(
            range(len(grey)), BATCH, shuffle=True, collate_fn=Thrown(grey, seed),
            generator=generator(seed + 3),
        )  # fmt: skip
    return grey if kind == "grey" else data.binarise(grey)


def train(digits, net: str, kind: str, rate: float, seed: int, epochs=EPOCHS, beta=1.0):
    grey = digits.train.images
    with seeded(seed):
        model = models.VAE((1, 28, 28), **NETS[net])
    start_at_mean(model, grey)
    terms = {"reconstruction": bce, "kl": kl_to_prior(beta)}
    fit(model, terms, training_data(grey, kind, seed), epochs=epochs, batch_size=BATCH, lr=rate,
        seed=seed, progress=False)  # fmt: skip
    return model


def price(model, batch, output) -> Tensor:
    """KL of the posterior from the prior: (B,)."""
    return gaussian_kl(*output.posterior).sum(1)


def nats(model, images: Tensor) -> dict[str, float]:
    """Reconstruction, KL and their sum, one draw for each image."""
    parts = {
        name: evaluation.per_example(term, model, images).mean().item()
        for name, term in (("reconstruction", bce), ("kl", price))
    }
    return parts | {"sum": sum(parts.values())}


def scores(model, digits) -> dict:
    """All that is called nats, on the training and the test digits."""
    test, grey = data.binarise(digits.test.images), digits.test.images
    nll = evaluation.importance_sampled_nll(model, test[:SOME], samples=DRAWS)
    return {
        "thrown once": nats(model, test),
        "another throw": nats(model, data.binarise(grey, seed=OTHER_THROW)),
        "grey": nats(model, grey),
        "first digits": nats(model, test[:SOME]),
        "nll of first digits": nll.mean().item(),
        "training digits": nats(model, data.binarise(digits.train.images)[:10_000]),
    }


def run(digits, net, kind, rate, seed, epochs=EPOCHS, beta=1.0, kept: str = "") -> dict:
    model = train(digits, net, kind, rate, seed, epochs, beta)
    if kept:
        results.save_net(__file__, kept, model)
    return scores(model, digits)


def tuned(digits, net, kind, rate) -> float:
    """−ELBO of validation digits, thrown once (grey ones for a net on grey digits)."""
    grey = digits.valid.images
    model = train(digits, net, kind, rate, TUNING_SEED)
    return nats(model, grey if kind == "grey" else data.binarise(grey))["sum"]


# Row → net, kind of digits, seeds, and what is not as usual.
ROWS = {
    "once": (OURS, "once", SEEDS, {}),
    "afresh": (OURS, "afresh", SEEDS, {}),
    "grey": (OURS, "grey", FEW_SEEDS, {}),
    "Burda, once": (BURDA, "once", FEW_SEEDS, {}),
    "Burda, afresh": (BURDA, "afresh", FEW_SEEDS, {}),
    "once, twice as long": (OURS, "once", FEW_SEEDS, {"epochs": 2 * EPOCHS}),
    "afresh, twice as long": (OURS, "afresh", FEW_SEEDS, {"epochs": 2 * EPOCHS}),
    "cheap code, once": (WIDE, "once", FEW_SEEDS, {"beta": 0.05}),
    "cheap code, afresh": (WIDE, "afresh", FEW_SEEDS, {"beta": 0.05}),
}


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    tuning, runs = {}, {}
    for name, (net, kind, seeds, other) in ROWS.items():
        if (where := f"{net}, {kind}") not in tuning:
            tuning[where] = {
                str(rate): cell(("rate", net, kind, rate), partial(tuned, digits, net, kind, rate))
                for rate in RATES
            }
        rate = float(min(tuning[where], key=tuning[where].get))
        runs[name] = []
        for seed in seeds:
            kept = "once" if (name, seed) == ("once", 0) else ""
            compute = partial(run, digits, net, kind, rate, seed, kept=kept, **other)
            runs[name].append(cell((name, seed), compute))
    floor = 784 * evaluation.bce_floor(digits.test.images).mean().item()
    results.write(__file__, {
        "epochs": EPOCHS, "draws": DRAWS, "digits of the NLL": SOME, "tuning": tuning,
        "runs": runs, "entropy of the coins": floor,
    })  # fmt: skip


if __name__ == "__main__":
    main()
