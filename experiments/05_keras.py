"""Lesson 05: a tutorial's sparse autoencoder as its notebook trains it, and what 1e-5 means there.

Arden Dertat, "Applied deep learning, part 3: autoencoders" (Keras, notebook of 3 October 2017):
784-32-784, ReLU on the code, sigmoid on the output, binary cross-entropy averaged over pixels,
an L1 activity penalty of 1e-5, Keras's Adam and initial weights, all 60,000 training images,
20 epochs of batches of 32. The Keras of its time added the penalty up over a batch; tf.keras
divides it by the batch size. In terms of losses summed over pixels the two weights are
784 · 1e-5 · 32 and 784 · 1e-5.

What the notebook prints: test losses 0.0920 without and 0.1019 with the penalty, mean codes 6.60
and 0.777. No verdict that one method beats another: the question is which reading gives these
figures after just these 20 epochs. One run of 40 tells where the recipe was going.

Takes about 15 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import bce, l1
from aecourse.randomness import seeded
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
EPOCHS, BATCH, PENALTY, PIXELS = 20, 32, 1e-5, 784
WEIGHTS = {"none": 0.0, "averaged": PIXELS * PENALTY, "summed": PIXELS * PENALTY * BATCH}
PRINTED = {"loss without": 0.09204, "loss with": 0.10195,
           "mean without": 6.600, "mean with": 0.7769}  # fmt: skip


def keras_net(seed: int) -> Dense:
    """784-32-784 with the initial weights of Keras: Glorot's, and biases of 0."""
    with seeded(seed):
        model = Dense((1, 28, 28), 32, hidden=(), code_activation="relu")
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
    return model


def recipe(train, test, weight: float, seed: int, epochs: int = EPOCHS) -> dict:
    """One run of the recipe; its figures on the test images, per pixel.

    "loss" is what Keras's ``evaluate`` calls so: cross-entropy plus penalty.
    """
    model = keras_net(seed)
    history = fit(model, {"reconstruction": bce, "sparsity": l1(weight)}, train, epochs=epochs,
                  batch_size=BATCH, lr=1e-3, schedule="constant", seed=seed,
                  progress=False)  # fmt: skip
    codes = evaluation.encode(model, test)
    alive = (codes != 0).any(0)
    cross_entropy = evaluation.pixel_bce(model, test).mean().item()
    return {
        "bce": cross_entropy,
        "loss": cross_entropy + weight / PIXELS * codes.sum(1).mean().item(),
        "mse": evaluation.pixel_mse(model, test).mean().item(),
        "mean code": codes.mean().item(),
        "zeros": (codes == 0).float().mean().item(),
        "zeros of living units": (codes[:, alive] == 0).float().mean().item(),
        "dead": int((~alive).sum()),
        "column norm": model.decoder[0].weight.norm(dim=0).median().item(),
        "epochs": len(history.seconds),
    }


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    everything = torch.cat([digits.train.images, digits.valid.images])
    train_on = partial(recipe, everything, digits.test.images)

    def runs(name, run, seeds):
        return [cell((name, seed), partial(run, seed=seed)) for seed in seeds]

    figures = {
        name: runs(name, partial(train_on, weight), FEW_SEEDS if name == "none" else SEEDS)
        for name, weight in WEIGHTS.items()
    }
    longer = partial(train_on, WEIGHTS["summed"], epochs=2 * EPOCHS)
    figures["40 epochs"] = runs("40 epochs", longer, FEW_SEEDS[:1])
    for name, found in figures.items():
        print(name, *(f"{run['loss']:.4f} {run['mean code']:.3f}" for run in found), flush=True)
    results.write(__file__, figures | {"printed": PRINTED})


if __name__ == "__main__":
    main()
