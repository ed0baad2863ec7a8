"""Lesson 02: how many numbers does a digit need? Dense nets against PCA, both with k numbers.

The lesson's net, 784-128-k-128-784, on all 50,000 training images, long enough that twice the
epochs change little of its lead; eight seeds for each k. Beside it, with three seeds and on the
same images: PCA, clipped like the net; a net with one layer on either side of the code, so PCA with
a sigmoid at its end; PCA's own code with a trained decoder, which tells what the decoder is worth;
the null, the lesson's net around an encoder that keeps its random weights. Then the design choices,
at 8 and 64 numbers and for 20 epochs: width, rate, fewer images. And as an example of suspect
training, the short fit that makes 64 numbers look worse than PCA. All errors are squared
errors per pixel on the test images.

Takes about 50 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

SHAPE = (1, 28, 28)
SIZES, PLANE = (8, 16, 32, 64), 2
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS = {2: 20, 8: 20, 16: 20, 32: 20, 64: 40}  # twice as many change little of the lead
BATCH, RATE = 250, 1e-2
VARIED = (8, 64)  # where design choices are varied: the ends of the range
SHOWN = (2, 8, 32, 64)  # nets that the lesson draws with


def untrained(size: int, seed: int, hidden=(128,)) -> Dense:
    """A net with ``size`` code numbers."""
    with seeded(seed):
        return Dense(SHAPE, size, hidden=hidden)


def around_random_encoder(digits, size: int, seed: int) -> Dense:
    """The null: only the decoder can learn."""
    model = untrained(size, seed)
    for weight in model.encoder.parameters():
        weight.requires_grad_(False)
    return model


def around_pca_code(digits, size: int, seed: int) -> Dense:
    """The lesson's decoder on the codes of PCA, each scaled to a variance of 1."""
    model = untrained(size, seed)
    pca = evaluation.fit_pca(digits.train.images, size)
    directions = torch.tensor(pca.components_ / pca.explained_variance_[:, None] ** 0.5)
    to_code = nn.Linear(784, size)
    with torch.no_grad():
        to_code.weight.copy_(directions)
        to_code.bias.copy_(-directions @ torch.tensor(pca.mean_))
    model.encoder = nn.Sequential(nn.Flatten(), to_code).requires_grad_(False)
    return model


def measured(model, digits, seed: int, epochs: int, images=None, batch=BATCH, rate=RATE) -> dict:
    """Test error of a net after its training, and for how many epochs it went."""
    train = digits.train.images[:images]
    history = fit(model, {"reconstruction": mse}, train, epochs=epochs, batch_size=batch, lr=rate,
                  seed=seed, progress=False)  # fmt: skip
    return {
        "error": evaluation.pixel_mse(model, digits.test.images).mean().item(),
        "epochs": len(history.seconds),
    }


def net(digits, size: int, seed: int) -> dict:
    """The row of the verdict; some of its nets are saved."""
    model = untrained(size, seed)
    found = measured(model, digits, seed, EPOCHS[size])
    if size in SHOWN and seed == SEEDS[0]:
        results.save_net(__file__, str(size), model)
    return found


def pca_errors(digits) -> dict[str, float]:
    """Clipped error of PCA with 1 to 200 components, on the test images."""
    pca = evaluation.fit_pca(digits.train.images, 200)
    test = digits.test.images.flatten(1)
    centred = test - torch.from_numpy(pca.mean_).float()
    directions = torch.from_numpy(pca.components_).float()
    errors, answer = {}, torch.from_numpy(pca.mean_).float().expand_as(test)
    for k, direction in enumerate(directions, 1):
        answer = answer + (centred @ direction)[:, None] * direction
        errors[str(k)] = evaluation.squared_error(answer, test, clip=True).mean().item()
    return errors


def rows(digits) -> dict[str, dict[str, list]]:
    """Row → code size → what computes it, one (seed, function) for each run."""

    def row(run, sizes=SIZES, seeds=FEW_SEEDS):
        return {size: [(seed, partial(run, size, seed)) for seed in seeds] for size in sizes}

    def variant(build=untrained, sizes=VARIED, epochs=20, times=None, **settings):
        """Nets of 20 epochs, of some others, or of some times the net's."""

        def run(size, seed):
            passes = times * EPOCHS[size] if times else epochs
            return measured(build(size, seed), digits, seed, passes, **settings)

        return row(run, sizes)

    def with_hidden(*hidden):
        return lambda size, seed: untrained(size, seed, hidden)

    return {
        "net": row(partial(net, digits), seeds=SEEDS),
        "plane": row(partial(net, digits), (PLANE,)),
        "one layer": variant(with_hidden(), SIZES, 40),
        "PCA's code": variant(partial(around_pca_code, digits), SIZES, times=1),
        "random encoder": variant(partial(around_random_encoder, digits), SIZES),
        "twice the epochs": variant(sizes=SIZES, times=2),
        "20 epochs": variant(sizes=(64,)),
        "256 hidden units": variant(with_hidden(256)),
        "512 hidden units": variant(with_hidden(512)),
        "half the rate": variant(rate=RATE / 2),
        "10,000 images": variant(images=10_000, epochs=100),
        "short fit": row(
            lambda size, seed: measured(
                untrained(size, seed), digits, seed, 4, 10_000, 100, 1.5e-2
            ),
            seeds=SEEDS,
        ),
    }


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    runs = {
        name: {str(size): [cell((name, size, seed), run) for seed, run in of_size]
               for size, of_size in sizes.items()}
        for name, sizes in rows(digits).items()
    }  # fmt: skip
    pca = cell(("PCA",), lambda: pca_errors(digits))
    errors = {
        name: {size: [run["error"] for run in of_size] for size, of_size in sizes.items()}
        for name, sizes in runs.items()
    }
    errors["PCA"] = {str(size): [pca[str(size)]] for size in SIZES}
    record = results.verdict(
        "A net with k numbers copies digits better than PCA with k numbers, from 8 to 64.",
        winner="net", rival="PCA", null="random encoder",
        rows={name: errors[name]
              for name in ("net", "PCA", "one layer", "PCA's code", "random encoder")},
        seeds=SEEDS,
        longer=errors["twice the epochs"],
        epochs={
            size: [runs[name][size][0]["epochs"] for name in ("net", "twice the epochs")]
            for size in errors["net"]
        },
        exact=["PCA"],
        rivals={
            "PCA": "has nothing to tune: fitted in closed form on the same 50,000 images, clipped "
                   "to [0, 1] like the net",
            "one layer": "the net's rate and batches, 40 epochs",
            "PCA's code": "the net's rate, batches and epochs",
        },
        sensitivity={
            "hidden units, 20 epochs": {
                units: errors[f"{units} hidden units"] for units in ("256", "512")
            },
            "epochs": {"20": errors["20 epochs"]},
            "rate, 20 epochs": {"half": errors["half the rate"]},
            "training images": {"10,000, for 100 epochs": errors["10,000 images"]},
        },
    )  # fmt: skip
    recipe = {"epochs": EPOCHS, "batch": BATCH, "rate": RATE}
    results.write(
        __file__, {"runs": runs, "pca": pca, "recipe": recipe}, {"net-below-pca": record}
    )


if __name__ == "__main__":
    main()
