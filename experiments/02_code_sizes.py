"""Lesson 02: how many numbers does a digit need? Dense nets against PCA, both with k numbers.

The lesson's net, 784-128-k-128-784, on all 50,000 training images, long enough that twice the
epochs change little; eight seeds for each k. Beside it: PCA of the same images, clipped like the
net; the null, the same net around an encoder that keeps its random weights, so that only the
decoder learns; twice the epochs; wider nets; fewer images; and, as an example of suspect training,
the short fit that made 64 numbers look worse than PCA. The rate was chosen on validation images at
k = 8 and 64. All errors are squared errors per pixel on the test images.

Takes about 50 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

SHAPE = (1, 28, 28)
SIZES, PLANE = (8, 16, 32, 64), 2
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, RATE = 20, 250, 1e-2
VARIED = (8, 64)  # where design choices are varied: the ends of the range
SHOWN = (2, 8, 32, 64)  # nets that the lesson draws with


def untrained(size: int, seed: int, hidden=(128,), frozen: bool = False) -> Dense:
    """A net with ``size`` code numbers; a frozen encoder keeps its random weights."""
    with seeded(seed):
        model = Dense(SHAPE, size, hidden=hidden)
    for weight in model.encoder.parameters():
        weight.requires_grad_(not frozen)
    return model


def measured(model, digits, seed: int, images=None, epochs=EPOCHS, batch=BATCH, rate=RATE) -> dict:
    """Test error of a net after its training, and how validation went.

    Returns:
        error, epochs, and "still gained": by which share the validation error fell in the last
        tenth of the epochs.
    """
    train = digits.train.images[:images]
    history = fit(model, {"reconstruction": mse}, train, valid=digits.valid.images, epochs=epochs,
                  batch_size=batch, lr=rate, seed=seed, progress=False)  # fmt: skip
    path = history.valid["reconstruction"]
    before = path[-1 - max(1, epochs // 10)]
    return {
        "error": evaluation.pixel_mse(model, digits.test.images).mean().item(),
        "epochs": len(history.seconds),
        "still gained": 1 - path[-1] / before,
    }


def net(digits, size: int, seed: int) -> dict:
    """The row of the verdict; some of its nets are saved."""
    model = untrained(size, seed)
    found = measured(model, digits, seed)
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
        errors[str(k)] = evaluation.squared_error(answer, test).mean().item()
    return errors


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)

    def row(name: str, sizes, seeds, run) -> dict[str, list[dict]]:
        """One list of measurements, a seed each, for every code size."""
        return {
            str(size): [cell((name, size, seed), partial(run, size, seed)) for seed in seeds]
            for size in sizes
        }

    def variant(name: str, sizes=VARIED, net={}, **settings) -> dict[str, list[dict]]:  # noqa: B006
        return row(name, sizes, FEW_SEEDS, lambda size, seed: measured(
            untrained(size, seed, **net), digits, seed, **settings))  # fmt: skip

    runs = {
        "net": row("net", SIZES, SEEDS, lambda size, seed: net(digits, size, seed)),
        "short fit": row("short fit", SIZES, SEEDS, lambda size, seed: measured(
            untrained(size, seed), digits, seed, 10_000, 4, 100, 1.5e-2)),
        "plane": row("plane", (PLANE,), FEW_SEEDS, lambda size, seed: net(digits, size, seed)),
        "random encoder": variant("random encoder", SIZES, {"frozen": True}),
        "twice the epochs": variant("twice the epochs", SIZES, epochs=2 * EPOCHS),
        "256 hidden units": variant("256 hidden units", net={"hidden": (256,)}),
        "512 hidden units": variant("512 hidden units", net={"hidden": (512,)}),
        "half the rate": variant("half the rate", rate=RATE / 2),
        "10,000 images": variant("10,000 images", images=10_000, epochs=5 * EPOCHS),
    }  # fmt: skip
    pca = cell(("PCA",), lambda: pca_errors(digits))
    errors = {
        name: {size: [run["error"] for run in of_seeds] for size, of_seeds in sizes.items()}
        for name, sizes in runs.items()
    }
    by_pca = {str(size): [pca[str(size)]] for size in SIZES}
    record = results.verdict(
        "A net with k numbers copies digits better than PCA with k numbers, from 8 to 64.",
        winner="net", rival="PCA", null="random encoder",
        rows={"net": errors["net"], "PCA": by_pca, "random encoder": errors["random encoder"]},
        seeds=SEEDS,
        longer=errors["twice the epochs"],
        epochs=[runs[name]["8"][0]["epochs"] for name in ("net", "twice the epochs")],
        rivals={"PCA": "has nothing to tune: fitted in closed form on the same 50,000 images, "
                       "clipped to [0, 1] like the net"},
        sensitivity={
            "hidden units": {units: errors[f"{units} hidden units"] for units in ("256", "512")},
            "rate": {"half": errors["half the rate"]},
            "training images": {"10,000, five times the epochs": errors["10,000 images"]},
        },
    )  # fmt: skip
    figures = {"runs": runs, "pca": pca, "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE}}
    results.write(__file__, figures, {"net-below-pca": record})


if __name__ == "__main__":
    main()
