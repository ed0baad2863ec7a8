"""A popular recipe for denoising and ours; and noise drawn once when data is plentiful.

Part one: the recipe of a Keras tutorial at σ = 0.4 (784-128-32-128-784, ReLU also on the code,
binary cross-entropy, Adam at a constant 0.001, batches of 32, 10 epochs), from the initial weights
of Keras and of PyTorch, against the same sizes with the course's recipe and against one hidden
layer of 256. Part two: that one hidden layer at σ = 0.5, ten epochs of all 50,000 images, with
fresh noise and with noise drawn once.

Run with one thread, it takes about four minutes.
"""

from torch import nn

from aecourse import data, evaluation, models, results
from aecourse.corruption import gaussian
from aecourse.objectives import bce, mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SHAPE = (1, 28, 28)
TUTORIAL = {"hidden": (128,), "code_size": 32, "code_activation": "relu"}
SMALL = {"hidden": (128,), "code_size": 32}
ONE_LAYER = {"hidden": (), "code_size": 256, "code_activation": "relu"}
CONSTANT = {"epochs": 10, "batch_size": 32, "lr": 1e-3, "schedule": "constant"}


def keras_start(model):
    """Keras's defaults: Glorot-uniform weights, and biases of zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


def train(images, net, settings, *, sigma, term, seed=0, start=None, clamp=False, once=False):
    """Fit a denoiser; noise drawn once is part of the data, fresh noise of the training."""
    corrupt = gaussian(sigma, clamp)
    with seeded(seed):
        model = models.Dense(SHAPE, **net)
        if start:
            start(model)
    pairs = (corrupt(images, generator(5 + seed)), images) if once else images
    fit(model, {"reconstruction": term}, pairs, corrupt=None if once else corrupt, seed=seed,
        progress=False, **settings)  # fmt: skip
    return model


def tutorial_rows(digits):
    """Test BCE and squared error per pixel of each recipe, one pair per seed."""
    ours = {"epochs": 3, "batch_size": 64, "lr": 1e-2}
    quick = {"epochs": 1, "batch_size": 64, "lr": 5e-3}
    recipes = {
        "tutorial, Keras's weights": (TUTORIAL, CONSTANT, {"start": keras_start}, (0, 1)),
        "tutorial, clamped, once": (
            TUTORIAL, CONSTANT, {"start": keras_start, "clamp": True, "once": True}, (0,)),
        "tutorial, PyTorch's weights": (TUTORIAL, CONSTANT, {}, (0,)),
        "same sizes, our recipe": (SMALL, ours, {}, (0, 1)),
        "256 ReLU units, one epoch": (ONE_LAYER, quick, {}, (0, 1, 2)),
    }  # fmt: skip
    rows = {}
    for name, (net, settings, options, seeds) in recipes.items():
        corrupt = gaussian(0.4, options.get("clamp", False))
        noisy, clean = corrupt(digits.test.images, generator(11)), digits.test.images
        rows[name] = []
        for seed in seeds:
            model = train(digits.train.images, net, settings, sigma=0.4, term=bce, seed=seed,
                          **options)  # fmt: skip
            scores = [score(model, noisy, target=clean).mean().item()
                      for score in (evaluation.pixel_bce, evaluation.pixel_mse)]  # fmt: skip
            rows[name].append(scores)
            print(f"{name:30s} seed {seed}: BCE {scores[0]:.4f}, MSE {scores[1]:.5f}", flush=True)
    return rows


def fresh_or_once(digits):
    """Squared error on freshly spoilt test images after 10 epochs of 50,000 images."""
    clean = digits.test.images
    noisy = gaussian(0.5)(clean, generator(11))
    settings = {"epochs": 10, "batch_size": 64, "lr": 5e-3}
    errors = {}
    for name, once in (("fresh", False), ("once", True)):
        model = train(digits.train.images, ONE_LAYER, settings, sigma=0.5, term=mse, once=once)
        errors[name] = evaluation.pixel_mse(model, noisy, target=clean).mean().item()
        print(f"50,000 images, noise {name}: {errors[name]:.5f}", flush=True)
    return errors


def main():
    digits = data.mnist()
    figures = {"tutorial": tutorial_rows(digits), "noise with 50,000 images": fresh_or_once(digits)}
    print(results.write(__file__, figures))


if __name__ == "__main__":
    main()
