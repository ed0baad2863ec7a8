"""Lesson 05, deeper: sparse codes by a net and by search, their errors and what they cost in bits.

An image is rebuilt from k of 256 units. *Net*: lesson 05's top-k autoencoder, a linear layer with a
ReLU, the k largest, a linear layer with a sigmoid; trained on cross-entropy from ``tied_start``,
dead units revived during the first half. *Dictionary*: 256 atoms learned for the same k, by turns
of matching pursuit and least squares. Rate and kind of the net were chosen on the validation
images; so was the memory of the dictionary. Eight seeds of both at k = 25, three elsewhere.

Then the two halves are exchanged at k = 25: the columns of a *linear* net, whose decoder is a
dictionary, with pursuit in place of its encoder; the dictionary's atoms with encoders that were
trained for them; a net with a hidden layer in its encoder; a net whose code is improved by search.
Chance: pursuit among random images, or random directions. PCA with k numbers.

The nets learn from all 50,000 training images, the dictionaries from 20,000 (10,000 at k = 100 and
for 512 atoms). Errors are squared errors per pixel on the 10,000 test images, clipped for all. What
the codes cost in bits follows from tables of 10,000 training codes. Beside them stand PCA with
rounded numbers, random directions in its place, and lesson 02's dense nets.

Takes about 25 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import math
import time
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse import data, evaluation, results
from aecourse.compression import Tables, measure, quantise
from aecourse.evaluation import Atoms, learn_atoms
from aecourse.models import Dense, TopK, code_layer, tied_start
from aecourse.objectives import bce, mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SHAPE, UNITS, CHOSEN = (1, 28, 28), 256, 25
BUDGETS = (10, 25, 50, 100)
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, RATE = 10, 250, 1e-2
PASSES = 2  # of the dictionary over its training images
IMAGES = {10: 20_000, 25: 20_000, 50: 20_000, 100: 10_000}  # that it learns from
COUNTED = 10_000  # training images whose codes fill the tables
STEPS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5)  # of the quantiser, times the usual size of a number
FIXED_STEPS = {"PCA": (0.5, 0.7, 0.85, 1.0, 1.4, 2.0), "random": (0.2, 0.3, 0.4, 0.5, 0.7)}
COMPARED_AT = (0.0085, 0.0100)  # errors at which bits are compared


# --------------------------------------------------------------------------- nets


def revive(images: Tensor, until: int):
    """For ``on_epoch``: up to that epoch, a unit that is 0 for all of these images gets as column
    what is missing of one of the worst-rebuilt ones, and looks for it."""

    @torch.no_grad()
    def callback(model, history) -> None:
        if len(history.seconds) > until:
            return
        dead = (evaluation.encode(model, images) == 0).all(0).nonzero()[:, 0]
        missing = (images - evaluation.reconstruct(model, images)).flatten(1)
        worst = missing.square().sum(1).argsort(descending=True)[: len(dead)]
        directions = F.normalize(missing[worst])
        encode, decode = model.encoder[1], code_layer(model)
        decode.weight[:, dead] = directions.T
        encode.weight[dead] = directions
        encode.bias[dead] = -directions @ images.mean(0).flatten()

    return callback


def trained(model, digits, seed: int, epochs: int, term=bce, rate=RATE, callbacks=()):
    fit(model, {"reconstruction": term}, digits.train.images, epochs=epochs, batch_size=BATCH,
        lr=rate, seed=seed, on_epoch=callbacks, progress=False)  # fmt: skip
    return model


def net(digits, active: int, seed: int, epochs=EPOCHS, units=UNITS, output="sigmoid") -> TopK:
    """The top-k autoencoder; with a linear output its decoder is a dictionary."""
    train = digits.train.images
    with seeded(seed):
        model = TopK(SHAPE, units, active, output=output)
        tied_start(model, train.mean(0))
    reviving = [revive(train[:5_000], epochs // 2)]
    return trained(model, digits, seed, epochs, bce if output == "sigmoid" else mse,
                   callbacks=reviving)  # fmt: skip


def looking_twice(code_size: int, hidden: int = 512) -> nn.Sequential:
    """An encoder with a hidden layer."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(),
                         nn.Linear(hidden, code_size), nn.ReLU())  # fmt: skip


def deeper_net(digits, active: int, seed: int) -> TopK:
    """The net with a hidden layer in its encoder; the decoder stays as it is."""
    with seeded(seed):
        model = TopK(SHAPE, UNITS, active, output="sigmoid")
        tied_start(model, digits.train.images.mean(0))
        model.encoder = looking_twice(UNITS)
    return trained(model, digits, seed, EPOCHS, rate=2e-3)


def around_atoms(digits, atoms: Atoms, active: int, seed: int, deeper: bool) -> TopK:
    """An encoder for atoms that stay as they are. Each stands there twice, once with either sign,
    because pursuit uses both and a ReLU cannot."""
    both = torch.cat([atoms.directions, -atoms.directions])
    with seeded(seed):
        model = TopK(SHAPE, len(both), active, output="linear")
        if deeper:
            model.encoder = looking_twice(len(both))
    with torch.no_grad():
        if not deeper:
            model.encoder[1].weight.copy_(both)
            model.encoder[1].bias.copy_(-both @ atoms.mean.flatten())
        code_layer(model).weight.copy_(both.T)
        code_layer(model).bias.copy_(atoms.mean.flatten())
    model.decoder.requires_grad_(False)
    return trained(model, digits, seed, EPOCHS, mse, rate=2e-3 if deeper else RATE)


# --------------------------------------------------------------------------- search


def columns_of(model: TopK) -> Atoms:
    """The decoder of a net with a linear output, as a dictionary: its columns at norm 1."""
    layer = code_layer(model)
    return Atoms(layer.bias.detach().reshape(SHAPE), F.normalize(layer.weight.detach().T))


def refitted(codes: Tensor, atoms: Atoms, images: Tensor) -> Tensor:
    """Codes with the active units of ``codes`` and the amounts that least squares gives them."""
    rest = (images - atoms.mean).flatten(1).double()
    directions, found = atoms.directions.double(), torch.zeros_like(codes)
    for row, (code, image) in enumerate(zip(codes, rest)):
        active = code.nonzero()[:, 0]
        amounts = torch.linalg.lstsq(directions[active].T, image[:, None], driver="gelsd")
        found[row, active] = amounts.solution[:, 0].float()
    return found


@torch.no_grad()
def improved(model: TopK, images: Tensor, steps: int = 100) -> Tensor:
    """Codes that start at the net's and follow the gradient of the cross-entropy; after each step
    only the k largest numbers stay. (Iterative hard thresholding, Blumensath & Davies 2009, with
    Nesterov's momentum.)"""
    layer = code_layer(model)
    weight, bias, pixels = layer.weight, layer.bias, images.flatten(1)
    rate = 4 / torch.linalg.matrix_norm(weight, 2) ** 2  # the logistic loss bends by 1/4 at most
    code = ahead = evaluation.encode(model, images)
    pace = 1.0
    for _ in range(steps):
        gradient = ((ahead @ weight.T + bias).sigmoid() - pixels) @ weight
        step = ahead - rate * gradient
        places = step.abs().topk(model.k, dim=1).indices
        new = torch.zeros_like(step).scatter(1, places, step.gather(1, places))
        faster = (1 + (1 + 4 * pace**2) ** 0.5) / 2
        ahead, code, pace = new + (pace - 1) / faster * (new - code), new, faster
    return code


# --------------------------------------------------------------------------- measuring


def error_of(decode, codes: Tensor, images: Tensor) -> float:
    rebuilt = evaluation.in_batches(decode, codes)
    return evaluation.squared_error(rebuilt, images).mean().item()


def cost(decode, train_codes: Tensor, codes: Tensor, images: Tensor, steps) -> list[dict]:
    """For each step of the quantiser: bits and error; how many numbers are not 0 after rounding;
    and the bits that say *which*, from how often each unit is on."""
    found = []
    for step in steps:
        point = measure(decode, train_codes, codes, images, step)
        known, on = (quantise(part, step) != 0 for part in (train_codes, codes))
        tables = Tables.of(known.int())
        found.append({
            "bits": point.bits,
            "mse": point.mse,
            "active": on.sum(1).float().mean().item(),
            "which": tables.bits(tables.clip(on.int())).mean().item(),
        })  # fmt: skip
    return found


def described(encode, decode, digits) -> dict:
    """Error and cost of a sparse code."""
    test = digits.test.images
    codes, known = encode(test), encode(digits.train.images[:COUNTED])
    size = codes[codes != 0].square().mean().sqrt().item()
    return {
        "error": error_of(decode, codes, test),
        "active": (codes != 0).sum(1).float().mean().item(),
        "dead": evaluation.dead_units(known),
        "cost": cost(decode, known, codes, test, [share * size for share in STEPS]),
    }


def describe_net(model, digits) -> dict:
    @torch.no_grad()
    def decode(codes: Tensor) -> Tensor:
        return model.decode(codes)

    return described(partial(evaluation.encode, model), decode, digits)


def describe_atoms(atoms: Atoms, active: int, digits) -> dict:
    return described(lambda x: atoms.encode(x, active), atoms.decode, digits)


# --------------------------------------------------------------------------- rows


def dictionary(digits, active: int, seed: int, images=None, passes=PASSES, units=UNITS) -> Atoms:
    train = digits.train.images[: images or IMAGES[active]]
    return learn_atoms(train, units, active, passes=passes, seed=seed)


def run_net(digits, active, seed, **settings) -> dict:
    """The net; for the first 1,000 test images also with a code that is improved by search."""
    model, some = net(digits, active, seed, **settings), digits.test.images[:1_000]
    with torch.no_grad():
        better = error_of(model.decode, improved(model, some), some)
    return describe_net(model, digits) | {
        "of the first 1,000": {
            "encoder": evaluation.pixel_mse(model, some).mean().item(), "improved": better
        }
    }  # fmt: skip


def run_dictionary(digits, active, seed, **settings) -> dict:
    return describe_atoms(dictionary(digits, active, seed, **settings), active, digits)


def run_linear_net(digits, active, seed) -> dict:
    """A linear net by its encoder; by its own choice of units with refitted amounts (the first
    1,000 images); by pursuit among its columns."""
    model, test = net(digits, active, seed, output="linear"), digits.test.images
    atoms, codes = columns_of(model), evaluation.encode(model, test)
    some = test[:1_000]
    searched = atoms.encode(test, active)
    return {
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "dead": evaluation.dead_units(codes),
        "pursuit": error_of(atoms.decode, searched, test),
        "of the first 1,000": {
            "encoder": evaluation.pixel_mse(model, some).mean().item(),
            "refitted": error_of(atoms.decode, refitted(codes[:1_000], atoms, some), some),
            "pursuit": error_of(atoms.decode, searched[:1_000], some),
        },
    }


def run_exchanged(digits, active, seed) -> dict:
    """Trained encoders for the dictionary's atoms."""
    atoms, test = dictionary(digits, active, seed), digits.test.images
    found = {}
    for name, deeper in (("one layer", False), ("hidden layer", True)):
        model = around_atoms(digits, atoms, active, seed, deeper)
        found[name] = evaluation.pixel_mse(model, test).mean().item()
    return found


def random_atoms(digits, kind: str, seed: int) -> Atoms:
    """Chance: random images, or random directions, as atoms."""
    train = digits.train.images
    random = generator(seed)
    if kind == "random images":
        rows = torch.randperm(len(train), generator=random)[:UNITS]
        directions = (train[rows] - train.mean(0)).flatten(1)
    else:
        directions = torch.randn(UNITS, 784, generator=random)
    return Atoms(train.mean(0), F.normalize(directions))


def run_library(digits, active, seed) -> dict:
    """scikit-learn's dictionary learning with an L1 penalty, from 5,000 images."""
    found = evaluation.fit_dictionary(digits.train.images[:5_000], UNITS, seed)
    atoms = Atoms(torch.tensor(found.mean).float().reshape(SHAPE),
                  torch.tensor(found.atoms).float())  # fmt: skip
    test = digits.test.images
    return {"error": error_of(atoms.decode, atoms.encode(test, active), test)}


def run_deeper(digits, active, seed) -> dict:
    return describe_net(deeper_net(digits, active, seed), digits)


def rows(digits) -> dict[str, dict[int, list]]:
    """Row → k → (seed, function) for each run."""

    def row(run, budgets=(CHOSEN,), seeds=FEW_SEEDS, **settings):
        return {
            k: [(seed, partial(run, digits, k, seed, **settings)) for seed in seeds]
            for k in budgets
        }

    def chance(kind):
        def run(digits, active, seed):
            return describe_atoms(random_atoms(digits, kind, seed), active, digits)

        return row(run)

    return {
        "dictionary": row(run_dictionary, seeds=SEEDS),
        "dictionary, twice": row(run_dictionary, passes=2 * PASSES),
        "dictionary, 10,000 images": row(run_dictionary, images=10_000),
        "dictionary at other k": row(run_dictionary, (10, 50, 100)),
        "random images": chance("random images"),
        "random directions": chance("random directions"),
        "library": row(run_library),
        "dictionary, 512": row(run_dictionary, units=512, images=10_000),
        "net": row(run_net, seeds=SEEDS),
        "linear net": row(run_linear_net),
        "dictionary, encoders": row(run_exchanged),
        "net, twice": row(run_net, epochs=2 * EPOCHS),
        "net at other k": row(run_net, (10, 50, 100)),
        "net, hidden layer in the encoder": row(run_deeper),
        "net, 512": row(run_net, units=512),
    }


def dense_net(digits, seed: int, epochs: int) -> dict:
    """Lesson 02's net with 32 numbers, and what its code costs."""
    with seeded(seed):
        model = Dense(SHAPE, 32, hidden=(128,))
    trained(model, digits, seed, epochs, mse)
    return describe_dense(model, digits)


def saved_dense_net(digits, label: str, seed: int) -> dict:
    """Lesson 02's net with another number of code numbers; its one saved seed."""
    return describe_dense(results.load_net("02_code_sizes", label), digits)


def describe_dense(model, digits) -> dict:
    test = digits.test.images
    codes, known = (evaluation.encode(model, x) for x in (test, digits.train.images[:COUNTED]))
    steps = [share * codes.std().item() for share in STEPS]
    decode = partial(evaluation.in_batches, model.decode, model=model)
    return {
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "cost": cost(decode, known, codes, test, steps),
    }


def rounded_directions(digits, kind: str, seed: int, images: int) -> dict:
    """What rounded numbers along fixed directions cost: those of PCA, from some of the training
    images, or random ones."""
    train, test, random = digits.train.images, digits.test.images, generator(seed)
    some = train[torch.randperm(len(train), generator=random)[:images]]
    if kind == "PCA":
        directions = torch.tensor(evaluation.fit_pca(some, 200).components_).float()
    else:
        directions = torch.linalg.qr(torch.randn(784, 784, generator=random)).Q
    atoms = Atoms(some.mean(0), directions)

    def encode(x: Tensor) -> Tensor:
        return (x - atoms.mean).flatten(1) @ directions.T

    known, codes = encode(train[:COUNTED]), encode(test)
    return {"cost": cost(atoms.decode, known, codes, test, FIXED_STEPS[kind])}


def coded(digits) -> dict[str, list]:
    """Row → (seed, function) for the codes without units to choose from."""
    half, all_images = 25_000, len(digits.train.images)

    def row(run, *arguments, seeds=FEW_SEEDS, **settings):
        return [(seed, partial(run, digits, *arguments, seed=seed, **settings)) for seed in seeds]

    return {
        "dense 32": row(dense_net, seeds=SEEDS, epochs=EPOCHS),
        "dense 32, twice": row(dense_net, epochs=2 * EPOCHS),
        "dense 64": row(saved_dense_net, "64", seeds=(0,)),
        "PCA": row(rounded_directions, "PCA", seeds=SEEDS, images=half),
        "PCA, all images": row(rounded_directions, "PCA", seeds=(0,), images=all_images),
        "random": row(rounded_directions, "random", images=half),
    }


def times_as_long(digits) -> list[float]:
    """How many times as long as the net's encoder pursuit takes for 1,000 images, five times."""
    images = digits.test.images[:1_000]
    with seeded(0):
        model = TopK(SHAPE, UNITS, CHOSEN)
    atoms, found = random_atoms(digits, "random images", 0), []
    for _ in range(6):
        seconds = []
        for encode in (lambda: evaluation.encode(model, images),
                       lambda: atoms.encode(images, CHOSEN)):  # fmt: skip
            started = time.perf_counter()
            encode()
            seconds.append(time.perf_counter() - started)
        found.append(seconds[1] / seconds[0])
    return found[1:]  # the first warms up


def pca_errors(digits) -> dict[str, float]:
    """Clipped error of PCA with k numbers, on the test images."""
    train, test = digits.train.images, digits.test.images
    return {
        str(k): evaluation.pca_baseline(train, test, k, clip=True).mean().item() for k in BUDGETS
    }


# --------------------------------------------------------------------------- records


def bits_at(costs: list[dict], error: float) -> float:
    """Bits at a squared error, on the straight line between two steps (logarithm of the error)."""
    points = sorted((math.log(point["mse"]), point["bits"]) for point in costs)
    wanted = math.log(error)
    for (low, dear), (high, cheap) in zip(points, points[1:]):
        if low <= wanted <= high:
            return dear + (cheap - dear) * (wanted - low) / (high - low)
    raise ValueError(f"{error} lies outside the errors {[point['mse'] for point in costs]}.")


def record_of_errors(runs) -> dict:
    k = str(CHOSEN)

    def row(name, what="error"):
        return {k: [run[what] for run in runs[name][k]]}

    return results.verdict(
        "With 25 of 256 units, a dictionary and its search copy digits better than a top-k net.",
        winner="dictionary", rival="net", null="random directions",
        rows={
            **{name: row(name) for name in (
                "dictionary", "net", "net, twice", "net, hidden layer in the encoder",
                "linear net", "random images", "random directions", "library")},
            "linear net's columns, pursuit": row("linear net", "pursuit"),
        },
        seeds=SEEDS,
        longer=row("dictionary, twice"),
        epochs={k: [PASSES, 2 * PASSES]},
        rivals={
            "net": "output, loss, rate and batch chosen on the validation images; dead units "
                   "revived; twice the epochs stand beside it; one matrix product for each image, "
                   "where pursuit takes several times as long",
            "net, hidden layer in the encoder": "epochs and batches of the net, rate 0.002",
            "library": "scikit-learn's MiniBatchDictionaryLearning, 5,000 images, L1",
        },
        sensitivity={"training images": {"10,000": row("dictionary, 10,000 images")}},
    )  # fmt: skip


def record_of_bits(runs, codes) -> dict:
    def row(of_seeds):
        return {f"{error:.4f}": [bits_at(run["cost"], error) for run in of_seeds]
                for error in COMPARED_AT}  # fmt: skip

    return results.verdict(
        "At equal error, rounded and entropy-coded, 32 dense numbers cost fewer bits than 25 of "
        "256 atoms.",
        winner="dense 32", rival="dictionary", null="random",
        rows={
            "dense 32": row(codes["dense 32"]),
            "PCA": row(codes["PCA"]),
            "dictionary": row(runs["dictionary"][str(CHOSEN)]),
            "random": row(codes["random"]),
        },
        seeds=SEEDS,
        longer=row(codes["dense 32, twice"]),
        epochs={f"{error:.4f}": [EPOCHS, 2 * EPOCHS] for error in COMPARED_AT},
        rivals={
            "dictionary": "25 atoms by pursuit; the step of the quantiser is that which gives the "
                          "error; tables of all 256 units, zeros included",
            "PCA": "one step for all 200 numbers, which is best for small errors; each of the "
                   "seeds takes another half of the training images",
        },
        sensitivity={"code size": {"64": row(codes["dense 64"])}},
    )  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    runs = {
        name: {str(k): [cell((name, k, seed), run) for seed, run in of_k]
               for k, of_k in budgets.items()}
        for name, budgets in rows(digits).items()
    }  # fmt: skip
    codes = {
        name: [cell((name, seed), run) for seed, run in row] for name, row in coded(digits).items()
    }
    pca = cell(("PCA errors",), lambda: pca_errors(digits))
    ratio = cell(("time",), lambda: times_as_long(digits))
    recipe = {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "passes": PASSES, "images": IMAGES}
    results.write(
        __file__,
        {"runs": runs, "codes": codes, "pca": pca, "times as long": ratio, "recipe": recipe},
        {"dictionary-below-net": record_of_errors(runs), "dense-below-sparse": record_of_bits(
            runs, codes)},
    )  # fmt: skip


if __name__ == "__main__":
    main()
