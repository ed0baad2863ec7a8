"""Lesson 07: a tutorial's 30 epochs against a few of ours, and convolution against dense layers.

All run in one process on one thread, and the tutorial takes turns with the net that is to replace
it. The seconds of every epoch are kept: whatever else the machine does only adds to them, so the
fastest epoch of a run, times its epochs, is its time; compare times as ratios.

Every net sees 48,000 training images, as many as the tutorial's: the tutorial's own random ones
through ``DataLoader`` and ``ToTensor``, the others the first 48,000 of the course's training
images. All are judged on the same 10,000 test images, in squared error per pixel.

Finished parts are kept, so that an interrupted run goes on where it was: run the script again.
"""

from __future__ import annotations

import sys
import time

import torch
from shared import mnist_as_files, tutorial_net
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

from aecourse import data, evaluation, results
from aecourse.models import Convolutional, Dense, count_parameters
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

IMAGES = 48_000
TUTORIAL_EPOCHS = 30
SHAPE = (1, 28, 28)


class Tutorial:
    """The tutorial's recipe, one epoch at a time."""

    def __init__(self, images: Dataset, test: torch.Tensor):
        with seeded(0):
            train, _ = random_split(images, [IMAGES, len(images) - IMAGES])
            self.model = tutorial_net()
        self.loader = DataLoader(train, batch_size=256)  # in the same order every epoch
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-5)
        self.test, self.seconds, self.errors = test, [], []

    def epoch(self) -> None:
        if len(self.seconds) == TUTORIAL_EPOCHS:
            return
        started = time.perf_counter()
        self.model.train()
        for images, _ in self.loader:
            loss = nn.functional.mse_loss(self.model(images), images)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        self.seconds.append(time.perf_counter() - started)
        self.errors.append(error_of(self.model, self.test))
        say(f"tutorial, epoch {len(self.seconds)}: {self.errors[-1]:.5f}, {self.seconds[-1]:.1f} s")

    def loading(self) -> float:
        """Seconds that one epoch spends on loading alone."""
        started = time.perf_counter()
        for _ in self.loader:
            pass
        return time.perf_counter() - started

    def figures(self) -> dict:
        return {
            "errors": self.errors, "seconds": self.seconds, "loading": self.loading(),
            "epochs": TUTORIAL_EPOCHS, "parameters": count_parameters(self.model),
            "odd-even": {
                "digits": odd_even_share(self.test),
                "logits": odd_even_share(evaluation.in_batches(
                    lambda x: self.model.decode_raw(self.model.encode(x)), self.test, self.model)),
                "reconstructions": odd_even_share(evaluation.reconstruct(self.model, self.test)),
            },
        }  # fmt: skip


def odd_even_share(images: torch.Tensor) -> float:
    """Mean over images of the share of their variance that the best pattern of period 2 explains:
    the variance of the means of the four phases (even and odd rows and columns)."""
    phases = torch.stack([images[..., i::2, j::2].mean((1, 2, 3)) for i in (0, 1) for j in (0, 1)])
    return (phases.var(0, correction=0) / images.flatten(1).var(1, correction=0)).mean().item()


def error_of(model: nn.Module, test: torch.Tensor) -> float:
    return evaluation.pixel_mse(model, test).mean().item()


def trained(build, images, test, seed, epochs, lr, after_epoch=lambda: None) -> dict:
    """One of our runs: its test error after each epoch, and the seconds of its training."""
    errors = []

    def note(model, history):
        errors.append(error_of(model, test))
        say(f"  epoch {len(errors)}: {errors[-1]:.5f}, {history.seconds[-1]:.1f} s")
        after_epoch()

    with seeded(seed):
        model = build()
    history = fit(model, {"reconstruction": mse}, images, epochs=epochs, lr=lr, batch_size=128,
                  seed=seed, on_epoch=[note], progress=False)  # fmt: skip
    return {
        "errors": errors, "seconds": history.seconds, "epochs": epochs, "seed": seed,
        "parameters": count_parameters(model),
    }  # fmt: skip


def course_net() -> Convolutional:
    return Convolutional(4, channels=(8, 16), hidden=(256, 128), batch_norm=True)


def against_the_tutorial(images, test) -> dict:
    with mnist_as_files() as files:
        tutorial = Tutorial(files, test)

        def meanwhile():
            for _ in range(3):
                tutorial.epoch()

        ours = [trained(course_net, images, test, seed, 4, 1e-2, meanwhile) for seed in (0, 1, 2)]
        while len(tutorial.seconds) < TUTORIAL_EPOCHS:
            tutorial.epoch()
        return {"tutorial": tutorial.figures(), "course": ours}


def parts(images, test):
    """Name → a function that computes this part."""

    def runs(build, epochs, lr, seeds=(0, 1)):
        return lambda: [trained(build, images, test, seed, epochs, lr) for seed in seeds]

    return {
        "code 4": lambda: against_the_tutorial(images, test),
        "tutorial's net, course's schedule": runs(tutorial_net, 5, 1e-2, (0,)),
        "dense, code 4": runs(lambda: Dense(SHAPE, 4, hidden=(256, 128)), 13, 1e-2),
        "convolutional, code 32": runs(lambda: Convolutional(32, batch_norm=True), 3, 1e-2),
        "dense, code 32": runs(lambda: Dense(SHAPE, 32, hidden=(256,)), 13, 1e-2),
        "small dense, code 32": runs(lambda: Dense(SHAPE, 32, hidden=(70,)), 30, 1e-2, (0,)),
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    torch.set_num_threads(1)
    digits = data.mnist()
    images, test = digits.train.images[:IMAGES], digits.test.images
    cell = results.cells(__file__)
    results.write(
        __file__, {name: cell((name,), compute) for name, compute in parts(images, test).items()}
    )


if __name__ == "__main__":
    main()
