"""How fast the course is: tutorials' recipes against ours, and ours against the machine.

    make bench                                     every part, then the table
    python experiments/bench.py loop growth        some parts; the others stay as they were saved
    python experiments/bench.py recipes:dense      one recipe's share of a part

The parts are ``recipes``, ``deep``, ``loop``, ``machine``, ``growth`` and ``course``. Whatever is
compared takes turns in one process on one device, and every turn is repeated, so that a busy minute
hits both sides; ratios are taken turn by turn, and their median is told. Times are wall time; the
rest of the computer should be quiet. ``python tools/speed.py`` makes the table from the saved
figures.

The settings of our recipes were chosen on the validation images; the test images judge.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import torch
from shared import Deep, he_scale, mnist_as_files, start_at_mean, train_deep, tutorial_net
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torch.utils.flop_counter import FlopCounterMode

from aecourse import data, evaluation, results
from aecourse.device import pick_device
from aecourse.models import VAE, Autoencoder, Convolutional, Dense
from aecourse.muon import Muon
from aecourse.objectives import Term, bce, kl_to_prior, mse
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded
from aecourse.training import Objective, fit

SHAPE = (1, 28, 28)
REPEATS = 3  # of the recipes, each with another seed
TURNS = 11  # of everything shorter
EPOCHS = 3  # of a fit that is compared with a loop: what is checked at its door counts once
BATCH = 128  # where a loop is compared with a loop
SQUARE = 1_024  # side of the matrices whose product is the machine's rate


# --------------------------------------------------------------------------- the recipes


def tutorial_dense() -> Dense:
    """784-128-32-128-784 with a ReLU on the code, and the initial weights that Keras draws."""
    model = Dense(SHAPE, 32, hidden=(128,), code_activation="relu")
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def mean_bce(model: Autoencoder, images: Tensor) -> Tensor:
    return F.binary_cross_entropy(model(images), images)


def mean_squares(model: Autoencoder, images: Tensor) -> Tensor:
    return F.mse_loss(model(images), images)


def summed_elbo(model: VAE, images: Tensor) -> Tensor:
    output = model.run(images)
    mean, log_variance = output.posterior
    reconstruction = F.binary_cross_entropy(model.activation(output.raw), images, reduction="sum")
    return reconstruction - 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()


ELBO = {"reconstruction": bce, "kl": kl_to_prior()}


def negative_elbo(model: VAE, images: Tensor) -> float:
    return sum(evaluation.per_example(term, model, images).mean().item() for term in ELBO.values())


def pixel_bce(model: Autoencoder, images: Tensor) -> float:
    return evaluation.pixel_bce(model, images).mean().item()


def pixel_mse(model: Autoencoder, images: Tensor) -> float:
    return evaluation.pixel_mse(model, images).mean().item()


def quick_adam(weights, lr: float) -> torch.optim.Optimizer:
    """Adam with a shorter memory for the size of gradients: for fits of a few epochs."""
    return torch.optim.Adam(weights, lr=lr, betas=(0.9, 0.99), fused=True)


def quick_muon(weights, lr: float) -> Muon:
    """Muon with a shorter memory: in a fit of a hundred steps, old gradients mislead."""
    return Muon(weights, lr=lr, momentum=0.85)


@dataclass(frozen=True)
class Recipe:
    """A tutorial's way to train a net, and the course's way to train one with as large a code."""

    tutorial: Callable[[], Autoencoder]
    tutorial_loss: Callable[[Autoencoder, Tensor], Tensor]  # of a batch, as the tutorial has it
    tutorial_epochs: int
    tutorial_batch: int
    course: Callable[[], Autoencoder]
    terms: Mapping[str, Term]
    epochs: int
    settings: dict  # of fit
    test_loss: Callable[[Autoencoder, Tensor], float]
    start: Callable[[Autoencoder, Tensor], None] = lambda model, images: None
    weight_decay: float = 0.0  # the tutorial's


RECIPES = {
    "dense": Recipe(
        tutorial_dense, mean_bce, 3, 32,
        lambda: Dense(SHAPE, 32, hidden=(96,)), {"reconstruction": bce},
        1, {"batch_size": 640, "lr": 3e-2, "optimizer": quick_muon}, pixel_bce, start_at_mean,
    ),
    "convolutional": Recipe(
        tutorial_net, mean_squares, 30, 256,
        lambda: Convolutional(4, channels=(8, 16), hidden=(256, 128), batch_norm=True),
        {"reconstruction": mse}, 2, {"batch_size": 256, "lr": 1.5e-2, "optimizer": quick_muon},
        pixel_mse, weight_decay=1e-5,
    ),
    "variational": Recipe(
        lambda: VAE(SHAPE, 20), summed_elbo, 10, 128,
        lambda: VAE(SHAPE, 20, hidden=340, hidden_activation="gelu"), ELBO,
        3, {"batch_size": 128, "lr": 8e-3, "optimizer": quick_adam}, negative_elbo, start_at_mean,
    ),
}  # fmt: skip


@dataclass
class Bench:
    """The images, as tensors and as the files that a tutorial reads one by one."""

    device: torch.device
    train: Tensor
    test: Tensor
    files: Subset

    def loader(self, batch_size: int, count: int | None = None) -> DataLoader:
        """The usual way: each image is turned into a tensor when its turn comes."""
        files = self.files if count is None else Subset(self.files, range(count))
        return DataLoader(files, batch_size, shuffle=True)

    def clock(self) -> float:
        """Seconds, once the device has finished what it was given."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize()
        return time.perf_counter()

    def timed(self, action: Callable, *arguments) -> float:
        started = self.clock()
        action(*arguments)
        return self.clock() - started


@contextlib.contextmanager
def opened() -> Iterator[Bench]:
    """The images of the course, ready on the device; torchvision's files are unpacked into a
    folder that is deleted at the end."""
    digits, device = data.mnist(), pick_device()
    with mnist_as_files() as files:
        train = digits.train.images
        assert torch.equal(files[len(train) - 1][0], train[-1])  # the same images, as files
        yield Bench(
            device, train.to(device), digits.test.images.to(device),
            Subset(files, range(len(train))),
        )  # fmt: skip


def fresh(build: Callable[[], Autoencoder], bench: Bench, seed: int = 0) -> Autoencoder:
    """An untrained net on the device."""
    with seeded(seed):
        return build().to(bench.device)


class Tutorial:
    """A tutorial's recipe, epoch by epoch, through the loop that tutorials write."""

    def __init__(self, recipe: Recipe, bench: Bench, seed: int):
        self.recipe, self.bench = recipe, bench
        self.model = fresh(recipe.tutorial, bench, seed)
        self.loader = bench.loader(recipe.tutorial_batch)
        self.optimiser = torch.optim.Adam(
            self.model.parameters(), lr=1e-3, weight_decay=recipe.weight_decay
        )
        self.seconds: list[float] = []

    def train_until(self, epochs: float) -> None:
        while len(self.seconds) < round(epochs):
            self.seconds.append(self.bench.timed(self.epoch))
            say(f"    tutorial, epoch {len(self.seconds)}: {self.seconds[-1]:.2f} s")

    def epoch(self) -> None:
        self.model.train()
        for images, _ in self.loader:
            images = images.to(self.bench.device)
            loss = self.recipe.tutorial_loss(self.model, images)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()

    def test_loss(self) -> float:
        return self.recipe.test_loss(self.model.eval(), self.bench.test)


@dataclass
class Course:
    """The course's recipe: it is timed from the call of ``fit`` on, pauses left out."""

    recipe: Recipe
    bench: Bench
    seed: int
    seconds: list[float] = field(default_factory=list)

    def train(self, epochs: int, meanwhile: Callable[[int], None] = lambda epoch: None) -> float:
        """Train from the beginning and return the test loss; ``meanwhile(epochs done)`` is called
        after each epoch while the clock stands still."""
        recipe, bench = self.recipe, self.bench
        model = fresh(recipe.course, bench, self.seed)
        started = bench.clock()

        def pause(model, history):
            nonlocal started
            self.seconds.append(bench.clock() - started)
            say(f"    course, epoch {len(self.seconds)}: {self.seconds[-1]:.2f} s")
            meanwhile(len(self.seconds))
            started = bench.clock()

        recipe.start(model, bench.train)
        fit(model, recipe.terms, bench.train, epochs=epochs, seed=self.seed, progress=False,
            on_epoch=[pause], **recipe.settings)  # fmt: skip
        return recipe.test_loss(model, bench.test)


def duel(recipe: Recipe, bench: Bench, seed: int) -> dict:
    """The tutorial's whole recipe in turns with ours, and then ours for the time of theirs."""
    tutorial, course = Tutorial(recipe, bench, seed), Course(recipe, bench, seed)
    share = recipe.tutorial_epochs / recipe.epochs
    loss = course.train(recipe.epochs, lambda done: tutorial.train_until(share * done))
    limit = sum(tutorial.seconds)
    epochs = max(1, int(0.95 * limit / median(course.seconds)))  # a second try costs as long again
    return {
        "seed": seed,
        "tutorial": {"loss": tutorial.test_loss(), "seconds": tutorial.seconds},
        "course": {"loss": loss, "seconds": course.seconds},
        "equal time": within(limit, recipe, bench, seed, epochs),
    }


def within(limit: float, recipe: Recipe, bench: Bench, seed: int, epochs: int) -> dict:
    """The course's recipe within ``limit`` seconds: with so many epochs, or fewer if they turn
    out to take longer."""
    while True:
        course = Course(recipe, bench, seed)
        loss = course.train(epochs)
        spent = sum(course.seconds)
        if spent <= limit or epochs == 1:
            return {"loss": loss, "seconds": course.seconds}
        say(f"    {spent:.1f} s instead of {limit:.1f}: once more, with fewer epochs")
        epochs = max(1, min(epochs - 1, int(epochs * limit / spent)))


def recipes(bench: Bench, names: Iterable[str] = tuple(RECIPES)) -> dict:
    """Time to the tutorial's final test loss, and test loss at equal time."""
    found: dict[str, list] = {name: [] for name in names}
    for seed in range(REPEATS):
        for name in found:
            say(f"  {name}, seed {seed}")
            found[name].append(duel(RECIPES[name], bench, seed))
    return found


# --------------------------------------------------------------------------- the benchmark of 2006

# Digits through 30 numbers (Hinton & Salakhutdinov 2006), with their net and with the one that we
# would take: hidden layers and epochs, chosen on validation images.
DEEP = {"784-1000-500-250-30": ((1000, 500, 250), 10), "784-512-256-30": ((512, 256), 16)}


def deep(bench: Bench) -> dict:
    """Squared error of a test image, summed over its pixels, seconds of training, and the machine's
    rate before and after."""
    found: dict[str, list] = {name: [] for name in DEEP}
    for seed in range(REPEATS):
        for name, (hidden, epochs) in DEEP.items():
            say(f"  {name}, seed {seed}")
            model = fresh(partial(Deep, hidden, scale=he_scale), bench, seed)
            train = partial(train_deep, model, bench.train, epochs=epochs, seed=seed)
            before = product_rate(bench)
            seconds = bench.timed(train)
            found[name].append({
                "seed": seed, "error": 784 * pixel_mse(model, bench.test), "epochs": epochs,
                "seconds": seconds, "rates": [before, product_rate(bench)],
            })  # fmt: skip
    return found


# --------------------------------------------------------------------------- fit and a bare loop


def bare_loop(model: Autoencoder, terms: Mapping[str, Term], batches: Iterable, steps: int, lr):
    """What ``fit`` does without history, checks and bar: the least that trains the same, by the
    same kernels."""
    optimiser = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps)
    noise = generator(1, next(model.parameters()).device)
    kernels = Objective(model, terms).kernels
    model.train()
    for images in batches:
        with kernels:
            output = model.run(images, noise)
        flat = output.raw.flatten(1), images.flatten(1)
        if "kl" in terms:
            mean, log_variance = output.posterior
            loss = F.binary_cross_entropy_with_logits(*flat, reduction="sum")
            loss = loss - 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        elif terms["reconstruction"] is mse:
            loss = (model.activation(flat[0]) - flat[1]).square().sum()
        else:
            loss = F.binary_cross_entropy_with_logits(*flat, reduction="sum")
        optimiser.zero_grad()
        (loss / len(images)).backward()
        optimiser.step()
        scheduler.step()


def ways_to_train(recipe: Recipe, bench: Bench, images: Tensor) -> dict[str, Callable]:
    """Way → a function that trains a model: ``fit`` with its bar, a bare loop over the same
    tensors, and the bare loop behind ``DataLoader`` and ``ToTensor``."""
    steps = EPOCHS * -(-len(images) // BATCH)

    def with_fit(model):
        with contextlib.redirect_stdout(io.StringIO()):
            fit(model, recipe.terms, images, epochs=EPOCHS, batch_size=BATCH, lr=1e-3)

    def sliced():
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(images)).to(bench.device).split(BATCH):
                yield images.index_select(0, rows)

    def loaded():
        for _ in range(EPOCHS):
            for batch, _ in bench.loader(BATCH, len(images)):
                yield batch.to(bench.device)

    def bare(model):
        bare_loop(model, recipe.terms, sliced(), steps, 1e-3)

    def loader(model):
        bare_loop(model, recipe.terms, loaded(), steps, 1e-3)

    return {"fit": with_fit, "bare": bare, "loader": loader}


def loop(bench: Bench, names: Iterable[str] = tuple(RECIPES)) -> dict:
    """Seconds of a short fit to an eighth of the images, by each way to train."""
    images = bench.train[: len(bench.train) // 8]
    found = {}
    for name in names:
        say(f"  {name}")
        recipe = RECIPES[name]
        ways = ways_to_train(recipe, bench, images)
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(TURNS + 1):
            for way, train in ways.items():
                taken = bench.timed(train, fresh(recipe.course, bench))
                if turn:  # the first warms up
                    seconds[way].append(taken)
        found[name] = seconds
    return {"images": len(images), "batch": BATCH, "epochs": EPOCHS, "seconds": found}


# --------------------------------------------------------------------------- fit and the machine


def operations(recipe: Recipe, images: Tensor) -> int:
    """Floating-point operations of matrix products and convolutions in one step of training."""
    model = recipe.course().to(images.device)
    with FlopCounterMode(display=False) as counter:
        loss = sum(term(model, Batch(images, images), model.run(images)).sum()
                   for term in recipe.terms.values())  # fmt: skip
        loss.backward()
    return counter.get_total_flops()


def product_rate(bench: Bench) -> float:
    """The machine's yardstick: operations per second of a large matrix product."""
    left, right = torch.rand(2, SQUARE, SQUARE, device=bench.device)
    products = 8 if bench.device.type == "cpu" else 800
    seconds = bench.timed(lambda: [left @ right for _ in range(products)])
    return 2 * SQUARE**3 * products / seconds


def machine(bench: Bench, names: Iterable[str] = tuple(RECIPES)) -> dict:
    """Seconds of one epoch beside the rate of a large matrix product, measured in turns."""
    images = bench.train[: len(bench.train) // 2]
    found = {}
    for name in names:
        say(f"  {name}")
        recipe = RECIPES[name]
        settings = [{"threads": threads, "batch": batch, "turns": []}
                    for threads, batch in circumstances(name, bench)]  # fmt: skip
        for turn in range(TURNS + 1):
            for setting in settings:
                with threads_of(setting["threads"]):
                    model = fresh(recipe.course, bench)
                    seconds = bench.timed(one_epoch, recipe, model, images, setting["batch"])
                    figures = {"seconds": seconds, "rate": product_rate(bench)}
                if turn:  # the first warms up
                    setting["turns"].append(figures)
        needed = operations(recipe, bench.train[:BATCH]) * len(images) / BATCH
        found[name] = {"operations": needed, "settings": settings}
    return {"images": len(images), "square": SQUARE, "nets": found}


def circumstances(name: str, bench: Bench) -> list[tuple[int, int]]:
    """Numbers of threads and sizes of a batch. Two questions about the dense net, whose layers
    are small: what do threads cost that wait for each other, and what do the many small
    operations of a step cost, which larger batches make rarer?"""
    threads = torch.get_num_threads()
    if name != "dense":
        return [(threads, BATCH)]
    fewest = 1 if bench.device.type == "cpu" else threads
    return list(dict.fromkeys([(fewest, BATCH), (threads, BATCH), (threads, 4 * BATCH)]))


@contextlib.contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Compute with so many threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_epoch(recipe: Recipe, model: Autoencoder, images: Tensor, batch: int = BATCH) -> None:
    fit(model, recipe.terms, images, epochs=1, batch_size=batch, lr=1e-3, progress=False)


# --------------------------------------------------------------------------- growth


def growth(bench: Bench, names: Iterable[str] = tuple(RECIPES)) -> dict:
    """Seconds of one epoch for 1/8, 1/4, 1/2 and all of the images."""
    counts = [len(bench.train) // part for part in (8, 4, 2, 1)]
    found = {}
    for name in names:
        say(f"  {name}")
        recipe = RECIPES[name]
        model = fresh(recipe.course, bench)
        one_epoch(recipe, model, bench.train[: counts[0]])
        seconds: dict[int, list[float]] = {count: [] for count in counts}
        for _ in range(TURNS // 2):
            for count in counts:
                taken = bench.timed(one_epoch, recipe, model, bench.train[:count])
                seconds[count].append(taken)
        found[name] = {"counts": counts, "seconds": list(seconds.values())}
    return found


# --------------------------------------------------------------------------- the whole course


def course(bench: Bench) -> dict:
    """Seconds of ``make course`` and ``make test`` after set-up, and each lesson's peak memory.

    Left out of the tests are those of this very result.
    """

    def run(*command: str, **environment: str) -> tuple[float, bool]:
        """Seconds, and whether it went well."""
        started = time.perf_counter()
        finished = subprocess.run([sys.executable, "-m", *command], cwd=results.SOURCE_TREE,
                                  env=os.environ | environment)  # fmt: skip
        return time.perf_counter() - started, finished.returncode == 0

    lessons, lessons_pass = run("aecourse", "run")
    site, site_passes = run("aecourse", "site")
    tests, tests_pass = run("pytest", "-q", "-n", "2", "--dist", "loadfile",
                            "--ignore=tests/test_speed.py", OMP_NUM_THREADS="1")  # fmt: skip
    rows = json.loads((results.SOURCE_TREE / "build/executed/run.json").read_text())
    return {
        "make course": {"seconds": lessons + site, "passed": lessons_pass and site_passes},
        "make test": {"seconds": tests, "passed": tests_pass},
        "lessons": [{name: row[name] for name in ("lesson", "seconds", "megabytes")}
                    for row in rows],
    }  # fmt: skip


# --------------------------------------------------------------------------- all of it

BY_RECIPE = {part.__name__: part for part in (recipes, loop, machine, growth)}
PARTS = BY_RECIPE | {part.__name__: part for part in (deep, course)}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def saved_parts() -> dict:
    """What earlier runs found with these same sources; nothing if a source has changed."""
    try:
        return {} if results.stale("bench") else results.read("bench").figures
    except results.ResultError:
        return {}


def merged(old: dict, new: dict) -> dict:
    """``new`` laid over ``old``, also inside dictionaries that both have."""
    both = {name: merged(old[name], value) for name, value in new.items()
            if isinstance(value, dict) and isinstance(old.get(name), dict)}  # fmt: skip
    return old | new | both


def measured(asked: str, bench: Bench) -> dict:
    """What a part finds, or one recipe's share of it ("loop:dense")."""
    part, _, recipe = asked.partition(":")
    return BY_RECIPE[part](bench, [recipe]) if recipe else PARTS[part](bench)


def main(asked: list[str]) -> None:
    shares = {f"{part}:{recipe}" for part in BY_RECIPE for recipe in RECIPES}
    unknown = set(asked) - set(PARTS) - shares
    if unknown:
        raise SystemExit(
            f"No part is called {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}, and "
            f"for one recipe alone: {', '.join(sorted(shares))}."
        )
    with opened() as bench:
        on = f"{bench.device.type}, {torch.get_num_threads()} thread(s)"
        figures = saved_parts() if asked else {}
        for name in asked or PARTS:
            say(name)
            part = name.partition(":")[0]
            old = figures.get(part, {}) if ":" in name else {}
            figures[part] = merged(old, {"device": on, "found": measured(name, bench)})
            # After each part, so that an interruption loses one part alone.
            results.write(__file__, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
