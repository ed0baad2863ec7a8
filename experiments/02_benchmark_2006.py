"""Deeper 02: Hinton & Salakhutdinov's benchmark of 2006. What made deep nets trainable?

MNIST through 30 numbers, 784-1000-500-250-30 and back; the error is summed over the pixels of an
image, as in the paper. On the course's 50,000 training images, one change at a time, four epochs
each: logistic units from small random weights; the same after pre-training layer by layer
(restricted Boltzmann machines, one-step contrastive divergence); the same from Glorot's weights;
ReLU from PyTorch's and from He's weights; batch normalisation; GELU; Muon in place of Adam. Each
row's rate is the better of two on the validation images after one epoch, with a seed that is not
used again. Then a recipe with a smaller net that aims at the paper's 3.00. The test images are used
once, at the end.

Seconds are processor time of one thread. Takes about 30 minutes; it goes on where it was stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from shared import Deep, he_scale, start_at_mean, train_deep
from torch import Tensor

from aecourse import data, evaluation, results
from aecourse.muon import Muon
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import TrainingDiverged, fit

SEEDS, TRIAL_SEED = (0, 1, 2), 100
EPOCHS, TRIAL_EPOCHS = 4, 1
PAPER = (1000, 500, 250)
RATES = (1e-3, 3e-3)
RBM_EPOCHS, RBM_BATCH = 5, 100


def small_scale(inputs: int) -> float:
    """Small random weights, as nets had them before anybody asked how signals travel."""
    return 0.01


def glorot_scale(inputs: int) -> float:
    """Glorot & Bengio's scale, for a layer with as many outputs as inputs."""
    return (1 / inputs) ** 0.5


# --------------------------------------------------------------------------- layer by layer


class Boltzmann:
    """A restricted Boltzmann machine between two layers, trained as the paper's code does it.

    Args:
        visible, hidden: numbers of units.
        linear: hidden units are real numbers with noise, as for the code.
    """

    def __init__(self, visible: int, hidden: int, linear: bool, random: torch.Generator):
        self.linear, self.random = linear, random
        self.weight = 0.1 * torch.randn(hidden, visible, generator=random)
        self.visible_bias, self.hidden_bias = torch.zeros(visible), torch.zeros(hidden)
        self.parameters = [self.weight, self.visible_bias, self.hidden_bias]
        self.speeds = [torch.zeros_like(values) for values in self.parameters]

    def up(self, visible: Tensor) -> Tensor:
        """What the hidden units expect: (B, visible) → (B, hidden)."""
        raw = visible @ self.weight.T + self.hidden_bias
        return raw if self.linear else torch.sigmoid(raw)

    def down(self, hidden: Tensor) -> Tensor:
        """What the visible units expect: (B, hidden) → (B, visible)."""
        return torch.sigmoid(hidden @ self.weight + self.visible_bias)

    def drawn(self, expected: Tensor) -> Tensor:
        """Hidden units, drawn."""
        if self.linear:
            return expected + torch.randn(expected.shape, generator=self.random)
        return torch.bernoulli(expected, generator=self.random)

    def learn(self, visible: Tensor, momentum: float) -> None:
        """One step of one-step contrastive divergence: towards the data, away from what the machine
        makes of them."""
        hidden = self.up(visible)
        dreamt = self.down(self.drawn(hidden))
        hidden_again = self.up(dreamt)
        rate, count = (1e-3 if self.linear else 0.1), len(visible)
        gradients = [
            (hidden.T @ visible - hidden_again.T @ dreamt) / count - 2e-4 * self.weight,
            (visible - dreamt).mean(0),
            (hidden - hidden_again).mean(0),
        ]
        for values, speed, gradient in zip(self.parameters, self.speeds, gradients, strict=True):
            speed.mul_(momentum).add_(gradient, alpha=rate)
            values.add_(speed)


@cache
def machines(seed: int) -> list[Boltzmann]:
    """One for each layer up to the code, trained on what the one below makes of the images."""
    random, seen, stack = generator(seed), data.mnist().train.images.flatten(1), []
    sizes = [784, *PAPER, 30]
    for visible, hidden in zip(sizes, sizes[1:]):
        machine = Boltzmann(visible, hidden, hidden == sizes[-1], random)
        for epoch in range(RBM_EPOCHS):
            for rows in torch.randperm(len(seen), generator=random).split(RBM_BATCH):
                machine.learn(seen[rows], momentum=0.5 if epoch == 0 else 0.9)
        seen = machine.up(seen)
        stack.append(machine)
    return stack


@torch.no_grad()
def unroll(stack: list[Boltzmann], model: Deep) -> None:
    """Write each machine into the encoder, and its transpose into the decoder."""
    layers = model.linear_layers()
    for machine, up, down in zip(stack, layers, layers[::-1], strict=False):
        up.weight.copy_(machine.weight)
        up.bias.copy_(machine.hidden_bias)
        down.weight.copy_(machine.weight.T)
        down.bias.copy_(machine.visible_bias)


# --------------------------------------------------------------------------- one change at a time


def descent(weights, lr: float) -> torch.optim.Optimizer:
    """Gradient descent with momentum."""
    return torch.optim.SGD(weights, lr=lr, momentum=0.9)


@dataclass(frozen=True)
class Row:
    """A way to train the paper's net.

    Attributes:
        build: an untrained net.
        rates: that are tried on the validation images.
        optimizer: Adam unless given.
        pre_trained: whether machines are trained first.
    """

    build: Callable[[], Deep]
    rates: tuple[float, ...] = RATES
    optimizer: Callable | None = None
    batch: int = 250
    pre_trained: bool = False


def logistic(scale, **settings) -> Row:
    return Row(lambda: Deep(PAPER, "sigmoid", scale=scale), **settings)


ROWS = {
    "logistic, small weights, descent": logistic(
        small_scale, rates=(3e-3, 1e-2), optimizer=descent
    ),
    "logistic, pre-trained, descent": logistic(
        small_scale, rates=(3e-3, 1e-2), optimizer=descent, pre_trained=True
    ),
    "logistic, small weights": logistic(small_scale),
    "logistic, pre-trained": logistic(small_scale, pre_trained=True),
    "logistic, Glorot": logistic(glorot_scale),
    "ReLU, PyTorch's weights": Row(lambda: Deep(PAPER, "relu")),
    "ReLU, He": Row(lambda: Deep(PAPER, "relu", scale=he_scale)),
    "ReLU, He, BatchNorm": Row(lambda: Deep(PAPER, "relu", batch_norm=True, scale=he_scale)),
    "GELU, He": Row(lambda: Deep(PAPER, "gelu", scale=he_scale)),
    "GELU, He, Muon": Row(lambda: Deep(PAPER, "gelu", scale=he_scale), (0.005, 0.01), Muon),
}


def error(model: Deep, images: Tensor) -> float:
    """Mean squared error of an image, summed over its pixels, clipped."""
    return 784 * evaluation.pixel_mse(model, images).mean().item()


def run(row: Row, digits, rate: float, epochs: int, seed: int) -> dict:
    """Train; errors on validation images after each epoch, on test images at the end."""
    with seeded(seed):
        model = row.build()
    train, valid = digits.train.images, digits.valid.images
    curve, pause = [], 0.0
    if row.pre_trained:
        unroll(machines(seed), model)
    else:
        start_at_mean(model, train)

    def note(model, history):
        nonlocal pause
        begun = time.process_time()
        curve.append(error(model.eval(), valid))
        pause += time.process_time() - begun

    start = error(model, valid)
    started = time.process_time()
    try:
        fit(model, {"reconstruction": mse}, train, epochs=epochs, batch_size=row.batch, lr=rate,
            optimizer=row.optimizer, seed=seed, on_epoch=[note], progress=False)  # fmt: skip
    except TrainingDiverged:
        return {"diverged": True}
    return {
        "start": start, "valid": curve, "test": error(model, digits.test.images),
        "train": error(model, train[:10_000]),
        "seconds": time.process_time() - started - pause,
    }  # fmt: skip


def best_rate(name: str, row: Row, digits, cell) -> float:
    """The rate with the lowest validation error in a short trial."""
    trials = {
        rate: cell(("trial", name, rate), partial(run, row, digits, rate, TRIAL_EPOCHS, TRIAL_SEED))
        for rate in row.rates
    }
    return min(trials, key=lambda rate: trials[rate].get("valid", [float("inf")])[-1])


# --------------------------------------------------------------------------- the aim: 3.00

SMALL, SMALL_EPOCHS = (512, 256), 16


@torch.no_grad()
def pictures(model: Deep, images: Tensor) -> list[list[int]]:
    """Reconstructions (N, 784) as whole numbers from 0 to 255."""
    return model(images).mul(255).round().int().flatten(1).tolist()


def run_small(digits, seed: int) -> dict:
    """The recipe of :func:`shared.train_deep`; for one seed also some reconstructions."""
    with seeded(seed):
        model = Deep(SMALL, scale=he_scale)
    started = time.process_time()
    train_deep(model, digits.train.images, epochs=SMALL_EPOCHS, seed=seed)
    seconds = time.process_time() - started
    return {
        "seconds": seconds, "valid": error(model, digits.valid.images),
        "test": error(model, digits.test.images),
        "train": error(model, digits.train.images[:10_000]),
    } | ({"pictures": pictures(model, digits.test.images[:10])} if seed == 0 else {})  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    rates = {name: best_rate(name, row, digits, cell) for name, row in ROWS.items()}
    rows = {
        name: [cell((name, seed), partial(run, row, digits, rates[name], EPOCHS, seed))
               for seed in SEEDS]
        for name, row in ROWS.items()
    }  # fmt: skip
    small = [cell(("small", seed), partial(run_small, digits, seed)) for seed in SEEDS]
    pca = evaluation.fit_pca(digits.train.images, 30)
    test = digits.test.images.flatten(1)
    rebuilt = torch.from_numpy(pca.inverse_transform(pca.transform(test.numpy()))).float()
    baselines = {
        "PCA, not clipped": (rebuilt - test).square().sum(1).mean().item(),
        "PCA": (rebuilt.clamp(0, 1) - test).square().sum(1).mean().item(),
        "mean digit": (digits.train.images.mean(0).flatten() - test).square().sum(1).mean().item(),
    }
    results.write(__file__, {
        "rows": rows, "rates": rates, "small": small, "baselines": baselines,
        "epochs": EPOCHS, "RBM epochs": RBM_EPOCHS,
    })  # fmt: skip


if __name__ == "__main__":
    main()
