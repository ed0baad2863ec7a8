"""Lesson 09: what is a density worth that is fitted to finished codes? In nats, and by samples.

A VAE 784-200-20 on MNIST binarised once (50,000 images, 20 epochs), eight seeds. Its prior N(0, I)
is replaced afterwards by densities that are fitted to draws z ~ q(z|x) of training images: a
Gaussian, mixtures of 20 and of 100 Gaussians, and q̄ itself, the list of all training posteriors.
Each is scored on the test digits with the same draws: −ELBO on all 10,000, the importance-sampled
NLL with K = 1,000 draws on every 40th, and the Fréchet distance of 10,000 decoded samples from the
test digits, on the features of lesson 09's small classifier, which is fitted once.

The strongest rival is a mixture of 20 Gaussians that is *learned with the net*, by the same ELBO.
The null: a mixture fitted to codes whose numbers were shuffled among the images, dimension by
dimension, so that it knows each number's distribution but not which numbers go together. Beside
that a plain autoencoder 784-200-20 with the same densities, which has samples and no nats.

Takes about 30 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from shared import start_at_mean, train_classifier
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SHAPE, CODE, HIDDEN = (1, 28, 28), 20, 200
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, RATE = 20, 250, 1e-2
FITTED_ON, STEPS = 10_000, 30  # codes that a mixture is fitted to; steps of its fit
DRAWS, EVERY = 1_000, 40  # of the NLL
SAMPLES = 10_000
GAUSSIANS = (5, 20, 100)
CHOSEN = "mixture of 20"
LABELLED = 20_000  # grey training digits of the classifier


# --------------------------------------------------------------------------- nets


class MixturePriorVAE(models.VAE):
    """A VAE whose prior is a mixture of Gaussians with diagonal covariances, learned with it."""

    def __init__(self, components: int):
        super().__init__(SHAPE, CODE, (HIDDEN,))
        self.means = nn.Parameter(torch.randn(components, CODE))
        self.log_stds = nn.Parameter(torch.zeros(components, CODE))
        self.log_shares = nn.Parameter(torch.zeros(components))

    def log_prior(self, codes: Tensor) -> Tensor:
        parts = Independent(Normal(self.means, self.log_stds.exp()), 1)
        return MixtureSameFamily(Categorical(logits=self.log_shares), parts).log_prob(codes)


def kl_to_learned_prior(model, batch, output) -> Tensor:
    """log q(z|x) − log p(z) of the one draw: the KL on average, which has no closed form."""
    mean, log_variance = output.posterior
    log_q = Independent(Normal(mean, torch.exp(0.5 * log_variance)), 1).log_prob(output.code)
    return log_q - model.log_prior(output.code)


def train(kind: str, images: Tensor, seed: int, epochs: int, code_size: int = CODE):
    """A fitted net: "VAE", "AE", or "learned mixture"."""
    terms = {"reconstruction": bce}
    with seeded(seed):
        if kind == "AE":
            model = models.Dense(SHAPE, code_size, hidden=(HIDDEN,))
        elif kind == "learned mixture":
            model, terms["kl"] = MixturePriorVAE(20), kl_to_learned_prior
        else:
            model, terms["kl"] = models.VAE(SHAPE, code_size, (HIDDEN,)), kl_to_prior()
    start_at_mean(model, images)
    fit(model, terms, images, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed, progress=False)
    return model


# --------------------------------------------------------------------------- densities


def shuffled(codes: Tensor, seed: int) -> Tensor:
    """The same numbers in each column, dealt out to other images."""
    random = generator(seed + 50)
    columns = [column[torch.randperm(len(codes), generator=random)] for column in codes.T]
    return torch.stack(columns, 1)


def densities(codes: Tensor, seed: int, counts=GAUSSIANS) -> dict[str, evaluation.Mixture]:
    """Whatever is fitted to codes: mixtures of so many Gaussians, one alone, and the null."""
    known = codes[:FITTED_ON]
    found = {"Gaussian": evaluation.fit_mixture(known, 1)}
    for count in counts:
        found[f"mixture of {count}"] = evaluation.fit_mixture(known, count, seed, STEPS)
    found["shuffled"] = evaluation.fit_mixture(shuffled(known, seed), 20, seed, STEPS)
    return found


def in_nats(model, images: Tensor, test: Tensor, priors: dict) -> dict[str, dict[str, float]]:
    """−ELBO and NLL of test digits with each prior; −ELBO of as many training digits."""
    bounds = evaluation.log_weights_under(model, test, priors)
    known = evaluation.log_weights_under(model, images[: len(test)], priors)
    fast = {name: prior for name, prior in priors.items() if name != "training posteriors"}
    some = evaluation.log_weights_under(model, test[::EVERY], fast, samples=DRAWS)
    found = {name: {"minus ELBO": -weights.mean().item(),
                    "on training digits": -known[name].mean().item()}
             for name, weights in bounds.items()}  # fmt: skip
    for name, weights in some.items():
        gap = (math.log(DRAWS) - weights.logsumexp(1) + weights.mean(1)).mean().item()
        found[name]["NLL"] = found[name]["minus ELBO"] + gap
    return found


def by_samples(model, drawn: dict[str, Tensor], features, real: Tensor) -> dict[str, float]:
    """Fréchet distance of decoded codes from the test digits."""
    def of(codes):
        return evaluation.in_batches(lambda z: features(model.decode(z)), codes, model)

    return {name: evaluation.frechet_distance(of(codes), real) for name, codes in drawn.items()}


# --------------------------------------------------------------------------- rows


class Setting:
    """The digits, and the classifier whose features compare samples."""

    def __init__(self):
        digits = data.mnist()
        self.images = data.binarise(digits.train.images)
        self.test = data.binarise(digits.test.images)
        labelled = digits.train.images[:LABELLED], digits.train.labels[:LABELLED]
        self.features = train_classifier(*labelled)
        with torch.no_grad():
            self.real = self.features(digits.test.images)
            self.floor = evaluation.frechet_distance(
                self.features(digits.train.images[-SAMPLES:]), self.real
            )


def vae_row(
    known: Setting, seed: int, epochs: int = EPOCHS, code_size: int = CODE, counts=GAUSSIANS
) -> dict:
    """A VAE with all densities; the first one is saved for the lesson."""
    model = train("VAE", known.images, seed, epochs, code_size)
    if (seed, epochs, code_size) == (0, EPOCHS, CODE):
        results.save_net(__file__, "VAE", model)
    aggregate = evaluation.posteriors(model, known.images)
    codes, _ = evaluation.drawn_codes(aggregate, seed)
    fitted = densities(codes, seed, counts)
    priors = {"N(0, I)": evaluation.standard_normal, **fitted, "training posteriors": aggregate}
    normal = torch.randn(SAMPLES, code_size, generator=generator(seed + 3))
    drawn = {"N(0, I)": normal} | {name: d.draw(SAMPLES, seed) for name, d in fitted.items()}
    drawn["training codes"] = codes[-SAMPLES:]
    rate = gaussian_kl(aggregate.mean, aggregate.log_variance).sum(1).mean().item()
    _, mismatch = evaluation.information_and_mismatch(model, known.images, of=2_000)
    return {
        "nats": in_nats(model, known.images, known.test, priors),
        "Fréchet": by_samples(model, drawn, known.features, known.real),
        "rate": rate,
        "mismatch": mismatch.mean().item(),
        "epochs": epochs,
    }


def learned_row(known: Setting, seed: int, epochs: int = EPOCHS) -> dict:
    """The mixture learned with the net."""
    model = train("learned mixture", known.images, seed, epochs)
    priors = {"learned": lambda z: model.log_prior(z.float()).double()}
    return {"nats": in_nats(model, known.images, known.test, priors), "epochs": epochs}


def ae_row(known: Setting, seed: int) -> dict:
    """A plain autoencoder: its codes have densities, its images have no nats."""
    model = train("AE", known.images, seed, EPOCHS)
    if seed == 0:
        results.save_net(__file__, "AE", model)
    codes = evaluation.encode(model, known.images)
    normal = torch.randn(SAMPLES, CODE, generator=generator(seed + 3))
    fitted = densities(codes, seed, (20,))
    drawn = {"N(0, I)": normal} | {name: d.draw(SAMPLES, seed) for name, d in fitted.items()}
    drawn["training codes"] = codes[-SAMPLES:]
    return {"Fréchet": by_samples(model, drawn, known.features, known.real)}


def main() -> None:
    torch.set_num_threads(1)
    cell, known = results.cells(__file__), Setting()

    def runs(row, seeds, **settings):
        key = (row.__name__, *sorted(settings.items()))
        return [cell((*key, seed), partial(row, known, seed, **settings)) for seed in seeds]

    vae, ae = runs(vae_row, SEEDS), runs(ae_row, SEEDS)
    learned = runs(learned_row, SEEDS)
    longer = runs(vae_row, FEW_SEEDS, epochs=2 * EPOCHS, counts=(20,))
    sizes = {str(size): runs(vae_row, FEW_SEEDS, code_size=size, counts=(20,))
             for size in (10, 40)}  # fmt: skip

    level = sum(row["nats"]["N(0, I)"]["NLL"] for row in vae) / len(vae)

    def errors(rows, prior, beside=None):
        """NLL with a prior, paired: what one net is better or worse than another as a whole is
        taken out, by its NLL with N(0, I)."""
        return {"test digits": [
            level + row["nats"][prior]["NLL"] - base["nats"]["N(0, I)"]["NLL"]
            for row, base in zip(rows, beside or rows)
        ]}  # fmt: skip

    record = results.verdict(
        "With a mixture of 20 Gaussians in the place of N(0, I), fitted afterwards, the same VAE "
        "has a lower NLL.",
        winner=CHOSEN, rival="N(0, I)", null="shuffled",
        rows={
            **{name: errors(vae, name)
               for name in ("N(0, I)", "Gaussian", *(f"mixture of {n}" for n in GAUSSIANS),
                            "shuffled")},
            "learned with the net": errors(learned, "learned", beside=vae),
        },
        seeds=SEEDS,
        longer=errors(longer, CHOSEN),
        epochs={"test digits": [EPOCHS, 2 * EPOCHS]},
        rivals={
            "N(0, I)": "the prior that the net was trained with; nothing to tune",
            "learned with the net": "20 Gaussians with diagonal covariances, the net's own rate, "
                                    "batches and epochs",
        },
        sensitivity={
            "Gaussians": {str(n): errors(vae[:3], f"mixture of {n}") for n in (5, 100)},
        },
    )  # fmt: skip
    figures = {
        "VAE": vae, "AE": ae, "learned": learned, "longer": longer, "code sizes": sizes,
        "floor": known.floor, "draws": DRAWS, "every": EVERY,
        "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE},
    }  # fmt: skip
    results.write(__file__, figures, {"prior-fitted-afterwards": record})


if __name__ == "__main__":
    main()
