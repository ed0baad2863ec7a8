"""Lesson 09, deeper: how far does a VAE get on digits that were binarised once?

Nets, all with one level of code and the prior N(0, I):

- *dense*: 784-500-500-40 and back;
- *conv*: residual convolutions on maps of 14 × 14 and 7 × 7, a code of 40. Pixels become channels
  before the first convolution and channels pixels after the last, so that nothing is computed on
  28 × 28;
- *conv, IWAE*: the same, whose last quarter of epochs minimises the importance-weighted bound with
  five draws (Burda et al. 2016);
- *conv, afresh*: the same as *conv*, trained on new throws of the training digits in every epoch.
  Published figures for MNIST "binarised dynamically" are comparable with this row alone.

Each is trained on the 50,000 training digits, the epoch is chosen by −ELBO on the 10,000 validation
digits, and it is judged on the 10,000 test digits. Training multiplies numbers of 16 bits; what is
reported is computed with 32. The NLL is −ELBO of all test digits minus the gap between −ELBO and
the importance-sampled NLL with K = 5,000 draws on every 50th of them. Beside N(0, I) stands a
mixture of Gaussians, fitted to draws of the training codes afterwards, with its number of Gaussians
chosen on the validation digits.

On one thread about 8 minutes for a seed of *conv* (5 of them training), 7 for *dense*, 11 for
*conv, IWAE*, 8 for *conv, afresh*. It goes on where it was stopped, at the last whole epoch:

    python experiments/09_frontier.py                       conv and dense
    python experiments/09_frontier.py --nets conv dense "conv, IWAE" "conv, afresh"
    python experiments/09_frontier.py --minutes 10          stop after the epoch that passes them
    python experiments/09_frontier.py --pilot conv 2        two epochs of its cycle, saved nowhere
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.randomness import generator, seeded

SHAPE, CODE = (1, 28, 28), 40
DRAWS, EVERY = 5_000, 50
GAUSSIANS = (10, 50)
MIXTURE_CODES = 20_000
WARM_UP = 0.1  # share of the steps in which the weight of the KL rises to 1
UNFINISHED = Path(__file__).resolve().parents[1] / "results" / ".unfinished"


class Recipe(NamedTuple):
    """How a net is trained.

    Attributes:
        epochs, batch_size, lr: one cycle of Adam.
        draws: of the importance-weighted bound in the last quarter of the epochs; 1 is the ELBO.
        afresh: whether the training digits are thrown anew in every epoch.
    """

    epochs: int
    batch_size: int
    lr: float
    draws: int = 1
    afresh: bool = False


NETS = {"dense": "dense", "conv": "conv", "conv, IWAE": "conv", "conv, afresh": "conv"}
RECIPES = {
    "dense": Recipe(80, 250, 2e-3),
    "conv": Recipe(12, 128, 3e-3),
    "conv, IWAE": Recipe(12, 128, 3e-3, draws=5),
    "conv, afresh": Recipe(12, 128, 3e-3, afresh=True),
}
ROWS = [("conv", 0), ("dense", 0), ("conv", 1), ("conv", 2), ("conv, IWAE", 0), ("conv, afresh", 0)]


# --------------------------------------------------------------------------- nets


class Residual(nn.Module):
    """x + f(x), with two convolutions in f; at the start f is 0."""

    def __init__(self, channels: int):
        super().__init__()
        self.inner = nn.Sequential(
            nn.GELU(), nn.Conv2d(channels, channels, 3, padding=1),
            nn.GELU(), nn.Conv2d(channels, channels, 3, padding=1),
        )  # fmt: skip
        nn.init.zeros_(self.inner[-1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class PixelBias(nn.Module):
    """Adds a number of its own to each pixel: a convolution cannot know where ink is rare."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(SHAPE))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias


class ConvVAE(models.VAE):
    """A VAE with residual convolutions on maps of 14 × 14 and 7 × 7."""

    def __init__(self, code_size: int = CODE, channels: int = 24, hidden: int = 256):
        c, flat = channels, 2 * channels * 7 * 7
        encoder = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(4, c, 3, padding=1), Residual(c),
            nn.GELU(), nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), Residual(2 * c),
            nn.GELU(), nn.Flatten(), nn.Linear(flat, hidden),
            nn.GELU(), nn.Linear(hidden, 2 * code_size),
        )  # fmt: skip
        decoder = nn.Sequential(
            nn.Linear(code_size, hidden), nn.GELU(), nn.Linear(hidden, flat),
            nn.Unflatten(1, (2 * c, 7, 7)), Residual(2 * c),
            nn.GELU(), nn.Conv2d(2 * c, 4 * c, 3, padding=1), nn.PixelShuffle(2), Residual(c),
            nn.GELU(), nn.Conv2d(c, 4, 3, padding=1), nn.PixelShuffle(2), PixelBias(),
        )  # fmt: skip
        # Past models.VAE, which would build dense layers: only its methods are wanted.
        models.Autoencoder.__init__(self, encoder, decoder, SHAPE, code_size, "sigmoid")

    def decode_raw(self, code: Tensor) -> Tensor:
        if self.training:
            return self.decoder(code)
        return torch.cat([self.decoder(part) for part in code.split(500)])  # stays in the cache


def untrained(name: str, seed: int, ink: Tensor) -> models.VAE:
    """A net that starts with the mean image."""
    with seeded(seed):
        kind = NETS[name]
        model = ConvVAE() if kind == "conv" else models.VAE(SHAPE, CODE, (500, 500))
    with torch.no_grad():
        if kind == "dense":
            model.decoder[-2].bias.copy_(torch.logit(ink.flatten()))
        else:
            model.decoder[-1].bias.copy_(torch.logit(ink))
    return model


# --------------------------------------------------------------------------- training


def loss(model, x: Tensor, draws: int, weight: float, noise) -> Tensor:
    """−ELBO of a batch with the KL times ``weight``; with several draws the importance-weighted
    bound. One number, in nats per image."""
    with torch.autocast("cpu", torch.bfloat16):
        mean, log_variance = (part.float() for part in model.posterior(x))
        mean, log_variance, x = (p.repeat_interleave(draws, 0) for p in (mean, log_variance, x))
        epsilon = torch.randn(mean.shape, generator=noise)
        code = mean + torch.exp(0.5 * log_variance) * epsilon
        raw = model.decode_raw(code).float()
    distortion = F.binary_cross_entropy_with_logits(raw, x, reduction="none").flatten(1).sum(1)
    if draws == 1:
        return (distortion + weight * gaussian_kl(mean, log_variance).sum(1)).mean()
    log_ratio = 0.5 * (epsilon.square() + log_variance - code.square()).sum(1)
    bound = (log_ratio - distortion).reshape(-1, draws).logsumexp(1) - math.log(draws)
    return -bound.mean()


class Training:
    """A net on its way: everything that an interrupted training needs to go on as if nothing had
    happened."""

    def __init__(self, name: str, seed: int, grey: Tensor, valid: Tensor):
        self.recipe, self.grey, self.valid = RECIPES[name], grey, valid
        self.once = data.binarise(grey)
        self.model = untrained(name, seed, self.once.mean(0).clamp(0.01, 0.99))
        steps = math.ceil(len(grey) / self.recipe.batch_size) * self.recipe.epochs
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=self.recipe.lr, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, self.recipe.lr, total_steps=steps
        )
        self.steps, self.step = steps, 0
        self.random = generator(seed)
        self.path: list[float] = []  # −ELBO of the validation digits after each epoch
        self.seconds, self.best = 0.0, None

    def epoch(self) -> None:
        """One pass through the training digits, and −ELBO of the validation digits."""
        started, recipe = time.process_time(), self.recipe
        images = self.once
        if recipe.afresh:
            images = (torch.rand(self.grey.shape, generator=self.random) < self.grey).float()
        draws = recipe.draws if len(self.path) >= 0.75 * recipe.epochs else 1
        self.model.train()
        for rows in torch.randperm(len(images), generator=self.random).split(recipe.batch_size):
            weight = min(1.0, self.step / (WARM_UP * self.steps))
            self.optimiser.zero_grad()
            loss(self.model, images[rows], draws, weight, self.random).backward()
            self.optimiser.step()
            self.schedule.step()
            self.step += 1
        self.model.eval()
        self.seconds += time.process_time() - started
        self.path.append(minus_elbo(self.model, self.valid))
        if self.path[-1] == min(self.path):
            weights = self.model.state_dict()
            self.best = {name: value.clone() for name, value in weights.items()}

    def state(self) -> dict:
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": self.random.get_state(),
            "rest": (self.step, self.path, self.seconds, self.best),
        }

    def go_on_from(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.random.set_state(state["random"])
        self.step, self.path, self.seconds, self.best = state["rest"]


def minus_elbo(model, images: Tensor) -> float:
    """Mean −ELBO, in nats per image, with one draw."""
    terms = (bce, kl_to_prior())
    return sum(evaluation.per_example(term, model, images).mean().item() for term in terms)


def trained(name: str, seed: int, grey: Tensor, valid: Tensor, deadline: float) -> Training:
    """The net after its training, with the weights of its best epoch. A file keeps every epoch;
    other code or another recipe begins anew."""
    training = Training(name, seed, grey, valid)
    path = UNFINISHED / f"09_frontier.{name}.{seed}.pt"
    belongs = {"sources": results.sources_of(__file__), "recipe": tuple(training.recipe)}
    if path.is_file():
        saved = torch.load(path, weights_only=True)
        if saved["belongs"] == belongs:
            training.go_on_from(saved["state"])
    while len(training.path) < training.recipe.epochs:
        if time.monotonic() > deadline:
            sys.exit(f"{name}, seed {seed}: to be continued after epoch {len(training.path)}")
        training.epoch()
        print(name, seed, "epoch", len(training.path), f"{training.path[-1]:.2f} nats",
              f"{training.seconds:.0f} s", flush=True)  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"belongs": belongs, "state": training.state()}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)
    training.model.load_state_dict(training.best)
    return training


# --------------------------------------------------------------------------- judging


def fitted_prior(model, train: Tensor, valid: Tensor, seed: int):
    """The mixture with the better −ELBO on validation digits, and its number of Gaussians."""
    codes, _ = evaluation.drawn_codes(evaluation.posteriors(model, train[:MIXTURE_CODES]), seed)
    mixtures = {str(count): evaluation.fit_mixture(codes, count, seed) for count in GAUSSIANS}
    weights = evaluation.log_weights_under(model, valid, mixtures)
    best = max(weights, key=lambda count: weights[count].mean())
    return mixtures[best], int(best)


def nll(model, images: Tensor, priors: dict, every: int) -> dict[str, dict]:
    """−ELBO of all images, its gap to the NLL with K draws on some of them, and the difference."""
    bounds = evaluation.log_weights_under(model, images, priors)
    some = evaluation.log_weights_under(model, images[::every], priors, samples=DRAWS)
    found = {}
    for name in priors:
        direct = math.log(DRAWS) - some[name].logsumexp(1)
        gap = evaluation.estimate(-some[name].mean(1) - direct)
        bound = evaluation.estimate(-bounds[name][:, 0])
        found[name] = {
            "minus ELBO": bound.mean, "its error": bound.standard_error,
            "gap": gap.mean, "gap's error": gap.standard_error,
            "NLL": bound.mean - gap.mean, "NLL of some": direct.mean().item(),
            "effective size": evaluation.effective_sample_size(some[name]).median().item(),
        }  # fmt: skip
    return found


@torch.no_grad()
def as_text(model, codes: Tensor) -> list[str]:
    """Decoded pictures, 784 grey values of 0 to 255 each, as two hexadecimal digits."""
    grey = (255 * model.decode(codes)).round().to(torch.uint8)
    return [bytes(picture.flatten().tolist()).hex() for picture in grey]


def judged(name: str, seed: int, digits, deadline: float) -> dict:
    """All that is told of one net."""
    valid, test = data.binarise(digits.valid.images, 1), data.binarise(digits.test.images)
    training = trained(name, seed, digits.train.images, valid, deadline)
    model, started = training.model, time.process_time()
    mixture, count = fitted_prior(model, training.once, valid, seed)
    priors = {"N(0, I)": evaluation.standard_normal, "mixture": mixture}
    rate = evaluation.per_example(kl_to_prior(), model, test).mean().item()
    return {
        "path": training.path,
        "best epoch": training.path.index(min(training.path)) + 1,
        "seconds of training": training.seconds,
        "parameters": models.count_parameters(model),
        "rate": rate,
        "Gaussians": count,
        "drawn from N(0, I)": as_text(model, torch.randn(10, CODE, generator=generator(seed))),
        "drawn from the mixture": as_text(model, mixture.draw(10, seed)),
        "train": minus_elbo(model, training.once[:10_000]),
        "test": nll(model, test, priors, EVERY),
        "seconds of judging": time.process_time() - started,
    }


def pilot(name: str, epochs: int, digits) -> None:
    """Some epochs of a schedule of just that length: what they cost, and where they lead."""
    RECIPES[name] = RECIPES[name]._replace(epochs=epochs)
    valid = data.binarise(digits.valid.images, 1)
    training = Training(name, 0, digits.train.images, valid)
    for number in range(1, epochs + 1):
        training.epoch()
        print(name, number, f"{training.path[-1]:.2f} nats, {training.seconds:.0f} s", flush=True)
    print("train", minus_elbo(training.model, training.once[:10_000]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--pilot", nargs=2, metavar=("NET", "EPOCHS"))
    parser.add_argument("--nets", nargs="+", choices=[*NETS], default=["conv", "dense"])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    digits = data.mnist()
    if asked.pilot:
        pilot(asked.pilot[0], int(asked.pilot[1]), digits)
        return
    cell, deadline = results.cells(__file__), time.monotonic() + 60 * asked.minutes
    rows: dict[str, list] = {}
    for name, seed in ROWS:
        if name in asked.nets:
            row = cell((name, seed), lambda: judged(name, seed, digits, deadline))  # noqa: B023
            rows.setdefault(name, []).append(row)
    figures = {
        "rows": rows, "draws": DRAWS, "every": EVERY,
        "recipes": {name: recipe._asdict() for name, recipe in RECIPES.items() if name in rows},
    }  # fmt: skip
    results.write(__file__, figures)


if __name__ == "__main__":
    main()
