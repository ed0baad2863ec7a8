"""Lesson 09, deeper: do warm-up and free bits help a VAE whose code is wider than it needs?

VAEs 784-200-64 on MNIST binarised once, 20 epochs of 250 images from the mean image, eight seeds.
The same seed means the same initial weights and the same batches, so that differences are paired:

- *plain*;
- *warm-up*: the weight of the KL rises from 0 to 1 over the first half of the steps;
- *free bits 0.1* and *0.4*: a dimension whose KL, averaged over the batch, is below so many nats
  counts as having so many;
- *free bits 0.1, released*: the same floor during the first half of the steps, and none afterwards;
- *code 20*: the plain net with a code of 20, which is what the tricks compete with.

All are judged by the same −ELBO (full weight, no floor) on the 10,000 test digits, and by the
importance-sampled NLL with K = 5,000 draws on every 40th: −ELBO minus the gap between the two. The
null: *uneven weights*, a plain net in which each dimension's KL has a random weight between 0 and 2
during the first half of the steps, says what an aimless change of the loss does.

Takes about 35 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from shared import start_at_mean

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, RATE = 20, 250, 1e-2
WIDE, NARROW = 64, 20
DRAWS, KS, EVERY = 5_000, (1, 10, 100, 1_000, 5_000), 40
USED = 0.05


def released(floor: float, until: float):
    """Free bits up to a share of the training, and the plain KL afterwards."""
    with_floor, without = kl_to_prior(free_bits=floor), kl_to_prior()

    def kl(model, batch, output):
        return (with_floor if batch.progress < until else without)(model, batch, output)

    return kl


def uneven(seed: int):
    """The null: during the first half of the steps each dimension's KL has a random weight around
    1, so that the loss is disturbed without an aim."""
    weights = 2 * torch.rand(WIDE, generator=generator(seed + 70))

    def kl(model, batch, output):
        divergence = gaussian_kl(*output.posterior)
        return (divergence * weights if batch.progress < 0.5 else divergence).sum(1)

    return kl


def term(trick: str, seed: int):
    """The KL term of a trick."""
    return {
        "plain": kl_to_prior(),
        "warm-up": kl_to_prior(warm_up=0.5),
        "warm-up, a tenth": kl_to_prior(warm_up=0.1),
        "warm-up, all along": kl_to_prior(warm_up=1.0),
        "free bits 0.1": kl_to_prior(free_bits=0.1),
        "free bits 0.4": kl_to_prior(free_bits=0.4),
        "free bits 0.1, released": released(0.1, until=0.5),
        "uneven weights": uneven(seed),
        "code 20": kl_to_prior(),
    }[trick]


def measured(images, test, trick: str, seed: int, epochs: int = EPOCHS) -> dict:
    """All that is told of one net."""
    with seeded(seed):
        model = models.VAE((1, 28, 28), NARROW if trick == "code 20" else WIDE, hidden=(200,))
    start_at_mean(model, images)
    terms = {"reconstruction": bce, "kl": term(trick, seed)}
    fit(model, terms, images, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed, progress=False)
    parts = {name: evaluation.per_example(of, model, test).mean().item()
             for name, of in {"rate": kl_to_prior(), "distortion": bce}.items()}  # fmt: skip
    weights = evaluation.importance_log_weights(model, test[::EVERY], DRAWS)
    gaps = {}
    for k in KS:  # averaged over all disjoint groups of k draws
        groups = weights.reshape(len(weights), -1, k)
        nll = math.log(k) - groups.logsumexp(2).mean(1)
        gaps[str(k)] = (-weights.mean(1) - nll).mean().item()
    with torch.no_grad():
        rates = gaussian_kl(*model.posterior(test)).mean(0)
    bound = parts["rate"] + parts["distortion"]
    return parts | {
        "minus ELBO": bound, "gaps": gaps, "NLL": bound - gaps[str(DRAWS)],
        "used": int((rates > USED).sum()), "rates": sorted(rates.tolist(), reverse=True),
        "epochs": epochs,
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    images, test = data.binarise(digits.train.images), data.binarise(digits.test.images)
    del digits

    def runs(trick, seeds=FEW_SEEDS, epochs=EPOCHS):
        one = partial(measured, images, test, trick, epochs=epochs)
        return [cell((trick, epochs, seed), partial(one, seed)) for seed in seeds]

    tricks = {
        trick: runs(trick, SEEDS)
        for trick in ("plain", "warm-up", "free bits 0.1", "free bits 0.1, released", "code 20")
    } | {trick: runs(trick) for trick in ("free bits 0.4", "uneven weights")}
    varied = {trick: runs(trick) for trick in ("warm-up, a tenth", "warm-up, all along")}
    epochs = {str(count): {trick: runs(trick, epochs=count) for trick in ("plain", "warm-up")}
              for count in (4, 2 * EPOCHS)}  # fmt: skip
    figures = {
        "tricks": tricks, "varied": varied, "epochs": epochs, "draws": DRAWS, "every": EVERY,
        "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "used": USED},
    }  # fmt: skip
    results.write(__file__, figures, verdicts(tricks, varied, epochs))


def verdicts(tricks, varied, epochs) -> dict[str, dict]:
    """The record that the rows carry, if they do. Told in the text, whichever way it comes out."""
    level = sum(row["NLL"] for row in tricks["plain"]) / len(SEEDS)

    def errors(rows, plain=tricks["plain"]):
        """NLL, paired: what a seed makes better or worse for all is taken out."""
        return {"64 numbers": [level + row["NLL"] - base["NLL"] for row, base in zip(rows, plain)]}

    twice = epochs[str(2 * EPOCHS)]
    try:
        record = results.verdict(
            "With a code wider than it needs, warm-up lowers the NLL.",
            winner="warm-up", rival="plain", null="uneven weights",
            rows={name: errors(rows) for name, rows in tricks.items()},
            seeds=SEEDS,
            longer=errors(twice["warm-up"], twice["plain"]),
            epochs={"64 numbers": [EPOCHS, 2 * EPOCHS]},
            rivals={"plain": "the same net, rate, batches and epochs, from the same weights"},
            sensitivity={"length of the warm-up": {
                name: errors(rows) for name, rows in varied.items()}},
        )  # fmt: skip
    except ValueError as refused:
        print(refused)
        return {}
    return {"warm-up-helps": record}


if __name__ == "__main__":
    main()
