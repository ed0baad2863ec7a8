"""Lesson 07: where does convolution win? Digits at random places, and few training images.

Each digit stands once, at a random place, on an empty canvas of 40 × 40 pixels. A convolutional
autoencoder with a code of 32 numbers against two dense ones: a wide one, and one with as many
parameters, which leaves it no hidden layer. Every net is trained for the same *time*: how many
steps of each that is, is measured first, by turns, on one thread. It is asked from 1,000, 10,000
and 50,000 training images, which every seed draws anew; the weights of the best epoch are kept,
chosen on 500 validation canvases, so that a long fit of few images does no harm. Width, depth and
BatchNorm of the wide net are chosen on validation canvases, and the rate of each net for each
number of images, in half the time, by a seed of their own.

The record is about 50,000 images, where the lead is smallest if it shrinks with their number: eight
seeds for the convolutional net and for the dense one that comes closest there (found from three),
after this time and after twice that. The other numbers of images have three. Beside
them: PCA with 32 numbers; the null, the convolutional net on canvases whose pixels are all shuffled
alike, which takes away its neighbours and nothing else (to a dense net, whose random weights do not
know one pixel from another, shuffling is nothing at all); fresh places in every epoch; half the
rate, no BatchNorm, other channels, all at 50,000 images; the same nets on the digits as MNIST has
them, in the middle; and a short fit, for the lesson to repeat. Errors are squared errors per pixel
of the canvas on the 10,000 test images, clipped; those of the short fits on the first 2,000.

Takes about 40 minutes on one thread (tuning 7, verdict 20); it goes on where it was stopped.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import torch
from shared import if_it_stands
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from aecourse import data, evaluation, results
from aecourse.models import Autoencoder, Convolutional, Dense, count_parameters, with_batch_norm
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SIDE, CODE = 40, 32
CANVAS, CENTRED = (1, SIDE, SIDE), (1, 28, 28)
CHANNELS = {CANVAS: (8, 16), CENTRED: (16, 32)}
WIDE = {"dense 256": (256,), "dense 512": (512,), "dense 512, 128": (512, 128)}
STEPS, BATCH = 1_500, 100  # of the convolutional net; the dense ones get its time
SHORT = 300
SIZES, ENDS, JUDGED = (1_000, 10_000, 50_000), (1_000, 50_000), (50_000,)
TUNED_AT = 10_000
SEEDS, FEW_SEEDS, TUNING_SEED = tuple(range(8)), (0, 1, 2), 100
VALIDATION, SHOWN = 500, 2_000  # SHOWN: the test canvases of the lesson's short fit
RATES = (3e-3, 1e-2, 2e-2, 3e-2)
NETS = ("convolutional", *WIDE, "equal parameters")


# --------------------------------------------------------------------------- the canvases


def on_canvas(images: Tensor, seed: int, side: int = SIDE) -> Tensor:
    """Each image (N, 1, h, h) at a random place of an empty canvas: (N, 1, side, side)."""
    return placed(images, generator(seed), side)


def placed(images: Tensor, random: torch.Generator, side: int = SIDE) -> Tensor:
    count, _, h, _ = images.shape
    top, left = torch.randint(side - h + 1, (count, 2), generator=random).T[:, :, None, None]
    canvas, one = torch.zeros(count, 1, side, side), torch.arange(h)
    canvas[torch.arange(count)[:, None, None], 0, top + one[:, None], left + one] = images[:, 0]
    return canvas


class FreshPlaces(Dataset):
    """Batches of digits that stand at other places in every epoch: an item is a whole batch."""

    def __init__(self, images: Tensor, seed: int):
        self.images, self.random = images, generator(seed)

    def __len__(self) -> int:
        return len(self.images) // BATCH

    def __getitem__(self, index: int) -> Tensor:
        if index == 0:
            self.order = torch.randperm(len(self.images), generator=self.random)
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        return placed(self.images.index_select(0, rows), self.random)


class Pictures:
    """Training, validation and test images of one kind: ``canvas``, ``shuffled`` or ``centred``.

    Seeds differ in initial weights, in which of the training images they see and in their order.
    """

    def __init__(self, digits, kind: str):
        parts = (digits.train.images, digits.valid.images[:VALIDATION], digits.test.images)
        self.digits, self.shape = parts[0], CENTRED if kind == "centred" else CANVAS
        if kind != "centred":
            parts = [on_canvas(images, 50 + number) for number, images in enumerate(parts)]
        if kind == "shuffled":
            order = torch.randperm(SIDE * SIDE, generator=generator(7))
            parts = [x.flatten(1)[:, order].reshape(x.shape) for x in parts]
        self.train, self.valid, self.test = parts

    def some(self, size: int, seed: int) -> Tensor:
        """The numbers of the training images that a seed draws."""
        return torch.randperm(len(self.train), generator=generator(1_000 + seed))[:size]


# --------------------------------------------------------------------------- the nets


def dense(shape, hidden: tuple[int, ...], batch_norm: bool) -> Dense:
    """Hidden layers on either side of the code, with or without BatchNorm."""
    model = Dense(shape, CODE, hidden)
    if batch_norm:
        model.encoder, model.decoder = map(with_batch_norm, (model.encoder, model.decoder))
    return model


def convolutional(shape, batch_norm=True, channels=None) -> Convolutional:
    return Convolutional(CODE, channels or CHANNELS[shape], batch_norm=batch_norm, shape=shape)


def equal_layers(shape) -> tuple[int, ...]:
    """Hidden units with which a dense net has about as many parameters as the convolutional. Where
    they would be fewer than two for each number of the code, none: a hidden layer as narrow as the
    code only does harm, and the net without one has as many parameters, too."""
    wanted, pixels = count_parameters(convolutional(shape)), torch.Size(shape).numel()
    width = round((wanted - pixels - CODE) / (2 * (pixels + CODE + 1)))
    return (width,) if width >= 2 * CODE else ()


def build(name: str, shape, seed: int, **options) -> Autoencoder:
    """A net with its random weights."""
    with seeded(seed):
        if name == "convolutional":
            return convolutional(shape, **options)
        return dense(shape, WIDE[name] if name in WIDE else equal_layers(shape), **options)


# --------------------------------------------------------------------------- training


def pace(shape) -> dict[str, float]:
    """Seconds of a step of each net: the least of seven turns."""
    images, least = torch.rand(20 * BATCH, *shape), {}
    for _ in range(7):
        for name in NETS:
            model = build(name, shape, 0, batch_norm=True)
            started = time.perf_counter()
            fit(model, {"reconstruction": mse}, images, epochs=1, batch_size=BATCH, progress=False)
            seconds = (time.perf_counter() - started) / 20
            least[name] = min(seconds, least.get(name, seconds))
    return least


def row(
    name: str, pictures: Pictures, size: int, seed: int, steps: int, rate: float, batch_norm=True,
    fresh=False, short=False, **options,
) -> dict:  # fmt: skip
    """Test and validation error of one net after so many steps.

    Args:
        fresh: every epoch sees the digits at other places.
        short: as the lesson repeats it: the last weights count, on the first test canvases.
    """
    model = build(name, pictures.shape, seed, batch_norm=batch_norm, **options)
    drawn = pictures.some(size, seed)
    train = pictures.train[drawn]
    if fresh:
        train = DataLoader(FreshPlaces(pictures.digits[drawn], seed), batch_size=None)
    test = pictures.test[: SHOWN if short else None]
    epochs = max(1, round(steps * BATCH / size))
    history = fit(
        model, {"reconstruction": mse}, train, valid=pictures.valid, epochs=epochs,
        batch_size=BATCH, lr=rate, seed=seed, keep_best=not short, progress=False,
    )  # fmt: skip
    return {
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "validation": min(history.valid["reconstruction"]) / pictures.test[0].numel(),
        "epochs": epochs,
        "best epoch": history.best_epoch,
        "rate": rate,
        "seconds": sum(history.seconds),
        "parameters": count_parameters(model),
    }


def pca(pictures: Pictures, size: int) -> float:
    return evaluation.pca_baseline(pictures.train[:size], pictures.test, CODE).mean().item()


class Runs:
    """All fits, each computed once: which steps, rate and BatchNorm a net gets is decided here."""

    def __init__(self, digits):
        self.cell, self.digits, self.kinds = results.cells(__file__), digits, {}
        self.options = {}
        self.pace = {shape: self.cell(("pace", *shape), partial(pace, shape))
                     for shape in (CANVAS, CENTRED)}  # fmt: skip

    def pictures(self, kind: str) -> Pictures:
        if kind not in self.kinds:
            self.kinds.clear()  # one kind at a time: canvases of all digits take 400 MB
            self.kinds[kind] = Pictures(self.digits, kind)
        return self.kinds[kind]

    def steps(self, name: str, shape, times: float) -> int:
        """As many as the convolutional net makes in this time."""
        return round(times * STEPS * self.pace[shape]["convolutional"] / self.pace[shape][name])

    def one(self, name, kind, size, seed, times=1.0, **options) -> dict:
        """One fit; options that are not given are those of the tuning."""
        shape = CENTRED if kind == "centred" else CANVAS
        steps = self.steps(name, shape, times)
        options = self.options.get((name, size), {}) | options
        key = (name, kind, size, seed, times, *sorted(options.items()))
        return self.cell(key, lambda: row(name, self.pictures(kind), size, seed, steps, **options))

    def tune(self, name: str, size: int, choices: list[dict]) -> dict:
        """The choices with the lowest validation error after half the time, and all of these."""
        errors = [self.one(name, "canvas", size, TUNING_SEED, 0.5, **c)["validation"]
                  for c in choices]  # fmt: skip
        chosen = self.options[name, size] = choices[errors.index(min(errors))]
        return {"chosen": chosen, "error": min(errors),
                "validation": [c | {"error": e} for c, e in zip(choices, errors)]}  # fmt: skip

    def tune_wide(self) -> tuple[str, dict[str, dict]]:
        """The wide net that gets furthest, and what was tried: rate and BatchNorm of the first of
        them serve the others."""
        first, *others = WIDE
        choices = [{"rate": rate, "batch_norm": bn} for bn in (True, False) for rate in RATES]
        found = {first: self.tune(first, TUNED_AT, choices)}
        found |= {name: self.tune(name, TUNED_AT, [found[first]["chosen"]]) for name in others}
        return min(WIDE, key=lambda name: found[name]["error"]), found

    def tune_rates(self, name: str, batch_norm: bool) -> dict[str, dict]:
        """Number of images → the rate chosen for it."""
        choices = [{"rate": rate, "batch_norm": batch_norm} for rate in RATES]
        return {str(size): self.tune(name, size, choices) for size in SIZES}

    def sizes(self, name, kind="canvas", seeds=FEW_SEEDS, sizes=SIZES, **options) -> dict:
        """Number of images → one row for each seed."""
        return {str(n): [self.one(name, kind, n, seed, **options) for seed in seeds]
                for n in sizes}  # fmt: skip


def errors_of(rows: dict) -> dict[str, list[float]]:
    return {size: [run["error"] for run in of_size] for size, of_size in rows.items()}


def means(rows: dict) -> dict[str, float]:
    return {size: np.mean(of_size) for size, of_size in errors_of(rows).items()}


def main() -> None:
    torch.set_num_threads(1)
    runs = Runs(data.mnist())
    wide, widths = runs.tune_wide()
    nets = {"convolutional": "convolutional", "dense": wide, "equal parameters": NETS[-1]}
    both = {name: nets[name] for name in ("convolutional", "dense")}
    wide_has = widths[wide]["chosen"]["batch_norm"]
    tuning = {name: runs.tune_rates(net, wide_has if name == "dense" else True)
              for name, net in nets.items()}  # fmt: skip
    ends, judged = {"sizes": ENDS}, {"sizes": JUDGED}

    few = {name: runs.sizes(net) for name, net in nets.items()}
    # The closest dense net in the record gets eight seeds, as the convolutional does.
    closest = {n: min(("dense", "equal parameters"), key=lambda name: means(few[name])[str(n)])
               for n in SIZES}  # fmt: skip

    def eight(name, n, times=1.0):
        return runs.sizes(nets[name], seeds=SEEDS, sizes=(n,), times=times)

    rows = {name: dict(row) for name, row in few.items()}
    for n in JUDGED:
        for name in ("convolutional", closest[n]):
            rows[name] |= eight(name, n)
    longer = {"convolutional": {}, "closest dense": {}}
    for n in JUDGED:
        longer["convolutional"] |= eight("convolutional", n, 2.0)
        longer["closest dense"] |= eight(closest[n], n, 2.0)
    short = {  # for the lesson to repeat, with the package's own nets
        name: runs.sizes(net, seeds=SEEDS, sizes=SIZES[:1], times=SHORT / STEPS, short=True)
        for name, net in both.items()
    }  # fmt: skip
    rate = runs.options["convolutional", JUDGED[-1]]["rate"]
    varied = {
        "rate": {"half": runs.sizes("convolutional", rate=rate / 2, **judged)},
        "BatchNorm": {"none": runs.sizes("convolutional", batch_norm=False, **judged)},
        "channels": {"8, 16, 32": runs.sizes("convolutional", channels=(8, 16, 32), **judged)},
    }
    fresh = {name: runs.sizes(net, fresh=True, sizes=SIZES[:1]) for name, net in both.items()}
    components = {
        kind: {str(n): runs.cell(("PCA", kind, n), lambda n=n, k=kind: pca(runs.pictures(k), n))
               for n in of_kind}
        for kind, of_kind in (("canvas", SIZES), ("centred", ENDS))
    }  # fmt: skip
    centred = {name: runs.sizes(net, "centred", **ends) for name, net in both.items()}
    rows["convolutional, shuffled pixels"] = runs.sizes("convolutional", "shuffled", **ends)

    keys = [str(n) for n in JUDGED]
    errors = {name: {n: errors_of(row)[n] for n in keys} for name, row in rows.items()}
    errors["PCA"] = {n: [components["canvas"][n]] for n in keys}
    errors["closest dense"] = {str(n): errors[closest[n]][str(n)] for n in JUDGED}
    records, refused = if_it_stands(
        "convolution-below-dense",
        "On digits at random places a convolutional autoencoder leaves less error than dense ones "
        "of equal time, from 50,000 training images.",
        winner="convolutional", rival="closest dense", null="convolutional, shuffled pixels",
        rows=errors, seeds=SEEDS, exact=["PCA"],
        longer=errors_of(longer["convolutional"]), rival_longer=errors_of(longer["closest dense"]),
        epochs={n: [rows["convolutional"][n][0]["epochs"],
                    longer["convolutional"][n][0]["epochs"]] for n in keys},
        rivals={
            "closest dense": "the better of the two nets below at each size",
            "dense": "width, depth, BatchNorm and, for each number of images, rate chosen on "
                     "validation canvases; as much time as the convolutional net",
            "equal parameters": "as many parameters as the convolutional net, its rate chosen in "
                                "the same way, and as much time",
            "PCA": "fitted in closed form on the first canvases of the same number",
        },
        sensitivity={choice: {value: errors_of(found) for value, found in values.items()}
                     for choice, values in varied.items()},
    )  # fmt: skip
    figures = {
        "rows": rows, "longer": longer, "varied": varied, "fresh": fresh,
        "short": short, "PCA": components, "centred": centred,
        "tuning": tuning, "widths": widths,
        "closest": {str(n): name for n, name in closest.items()}, "refused": refused,
        "hidden": WIDE[wide],
        "pace": {"canvas": runs.pace[CANVAS], "centred": runs.pace[CENTRED]},
        "recipe": {"steps": STEPS, "short": SHORT, "batch": BATCH, "side": SIDE, "code": CODE},
    }  # fmt: skip
    results.write(__file__, figures, records)


if __name__ == "__main__":
    main()
