"""Lesson 07: what is a skip connection worth to a convolutional denoiser?

The lesson's denoiser, from 28 to 7 pixels per side and back, with and without a skip connection
from its first maps to its last layer: 256 weights are all the difference, and time is equal to a
few per cent. Both are trained on all 50,000 images, with fresh noise in every batch, σ drawn for
each image between 0 and 1, as lesson 04 trains. Each is tested at four levels on the 10,000 test
images, with the noise that lesson 04 drew. Time is the question: eight seeds for each after three
epochs, and after six. Beside them, with three seeds: half the rate, nets with half as many maps
again, and a net without skip whose last layer sees as many maps as the skip gives it, for it may be
the number of maps that helps; as the null the untrained net. Lesson 04's rows stand in its own
result: the dense net of 512 units, the Wiener filter, the mixture of Wiener filters (both of these
are told σ).

And the failure of section 6: the net without skip, in the first 100 steps, from 20 seeds: squared
error with and without BatchNorm, BCE without.

Takes about 30 minutes on one thread (verdict 23, wider nets 5, failure 1); it goes on where it was
stopped. Errors are squared errors per pixel, clipped.
"""

from __future__ import annotations

from functools import partial

import torch
from shared import if_it_stands
from torch import Tensor, nn

from aecourse import data, evaluation, results
from aecourse.corruption import gaussian
from aecourse.models import count_parameters
from aecourse.objectives import bce, mse
from aecourse.protocol import Output
from aecourse.randomness import generator, seeded
from aecourse.training import fit

LEVELS = (0.25, 0.5, 0.75, 1.0)
EPOCHS, BATCH, RATE = 3, 64, 5e-3
SEEDS, FEW_SEEDS, MANY_SEEDS = tuple(range(8)), (0, 1, 2), tuple(range(20))
WIDER = (24, 48)  # maps
FROM_04 = {"dense 512": "any", "Wiener": "Wiener", "Wiener filters": "Wiener filters"}


def block(layer: nn.Module, batch_norm: bool) -> nn.Sequential:
    norm = nn.BatchNorm2d(layer.out_channels) if batch_norm else nn.Identity()
    return nn.Sequential(layer, norm, nn.ReLU())


class Denoiser(nn.Module):
    """From 28 to 7 pixels per side and back; the last layer may see the first maps.

    Args:
        skips: hand the first maps to the last layer.
        batch_norm: normalise all maps but the output.
        channels: of the first and of the smallest maps.
        as_many: without a skip, let the middle end in as many maps as the skip would make them.
    """

    output, activation = "sigmoid", nn.Sigmoid()

    def __init__(self, skips=True, batch_norm=True, channels=(16, 32), as_many=False):
        super().__init__()
        self.skips, (few, many) = skips, channels
        half, double = {"stride": 2, "padding": 1}, {"stride": 2, "padding": 1}
        end = 2 * few if as_many else few
        self.first = block(nn.Conv2d(1, few, 3, **half), batch_norm)
        self.middle = nn.Sequential(
            block(nn.Conv2d(few, many, 3, **half), batch_norm),
            block(nn.Conv2d(many, many, 3, padding=1), batch_norm),
            block(nn.ConvTranspose2d(many, end, 4, **double), batch_norm),
        )
        self.last = nn.ConvTranspose2d(end + few if skips else end, 1, 4, **double)

    def run(self, x: Tensor, generator=None) -> Output:
        fine = self.first(x)  # (B, 16, 14, 14)
        coarse = self.middle(fine)  # the same shape, by way of 7 × 7
        raw = self.last(torch.cat([coarse, fine], dim=1) if self.skips else coarse)
        return Output(coarse, raw)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.run(x).raw)


def any_level(x: Tensor, draw=None) -> Tensor:
    """A corruption whose σ is uniform between 0 and 1, one for each image."""
    sigma = torch.rand(len(x), 1, 1, 1, generator=draw, device=x.device)
    return x + sigma * torch.randn(x.shape, generator=draw, device=x.device)


def at_levels(model: nn.Module, clean: Tensor) -> dict[str, float]:
    """Test error at each level, under the noise of lesson 04."""
    return {
        str(sigma): evaluation.pixel_mse(
            model, gaussian(sigma)(clean, generator(11)), target=clean
        ).mean().item()
        for sigma in LEVELS
    }  # fmt: skip


def row(digits, seed: int, epochs: int = EPOCHS, rate: float = RATE, **net) -> dict:
    with seeded(seed):
        model = Denoiser(**net)
    history = fit(
        model, {"reconstruction": mse}, digits.train.images, corrupt=any_level, epochs=epochs,
        batch_size=BATCH, lr=rate, seed=seed, progress=False,
    )  # fmt: skip
    return {"error": at_levels(model, digits.test.images), "epochs": epochs,
            "seconds": sum(history.seconds), "parameters": count_parameters(model)}  # fmt: skip


def untrained(digits, seed: int) -> dict:
    """The null: the net with its random weights."""
    with seeded(seed):
        model = Denoiser()
    return {"error": at_levels(model, digits.test.images)}


TRIES = {
    "squared error, no BatchNorm": (False, mse),
    "squared error, BatchNorm": (True, mse),
    "BCE, no BatchNorm": (False, bce),
}


def first_steps(digits, name: str, seed: int) -> dict:
    """Error and mean logit on 1,000 test images after 100 steps of section 6."""
    batch_norm, term = TRIES[name]
    with seeded(seed):
        model = Denoiser(False, batch_norm)
    fit(model, {"reconstruction": term}, digits.train.images[:3200], corrupt=gaussian(0.5),
        epochs=1, batch_size=32, lr=5e-3, seed=seed, progress=False)  # fmt: skip
    clean = digits.test.images[:1000]
    noisy = gaussian(0.5)(clean, generator(7))
    logits = evaluation.in_batches(lambda x: model.run(x).raw, noisy, model)
    error = evaluation.squared_error(torch.sigmoid(logits), clean).mean().item()
    return {"error": error, "mean logit": logits.mean().item()}


def by_level(runs: list[dict]) -> dict[str, list[float]]:
    return {str(level): [run["error"][str(level)] for run in runs] for level in LEVELS}


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)

    def runs(name, seeds=FEW_SEEDS, **settings):
        return [cell((name, seed), partial(row, digits, seed, **settings)) for seed in seeds]

    pair = {"with skip": {}, "without skip": {"skips": False}}
    nets = {name: runs(name, SEEDS, **net) for name, net in pair.items()}
    longer = {name: runs(f"{name}, twice", SEEDS, epochs=2 * EPOCHS, **net)
              for name, net in pair.items()}  # fmt: skip
    half = runs("half the rate", rate=RATE / 2)
    failure = {
        name: [cell((name, seed), partial(first_steps, digits, name, seed)) for seed in MANY_SEEDS]
        for name in TRIES
    }
    null = [cell(("untrained", seed), partial(untrained, digits, seed)) for seed in SEEDS]
    nets["without skip, as many maps"] = runs(
        "without skip, as many maps", skips=False, as_many=True
    )
    nets |= {f"{name}, wider": runs(f"{name}, wider", channels=WIDER, **net)
             for name, net in pair.items()}  # fmt: skip
    before = results.read("04_noise_levels").figures["rows"]
    rows = {name: by_level(found) for name, found in nets.items()} | {
        "untrained": by_level(null)
    } | {
        name: {str(level): before[there][str(level)] for level in LEVELS}
        for name, there in FROM_04.items()
    }  # fmt: skip
    longer = {name: by_level(found) for name, found in longer.items()}
    records, refused = if_it_stands(
        "skip-below-plain",
        "A skip connection lowers the error of a convolutional denoiser at equal time, at every "
        "level of noise.",
        winner="with skip", rival="without skip", null="untrained",
        rows={name: row for name, row in rows.items() if "wider" not in name},
        seeds=SEEDS, longer=longer["with skip"], rival_longer=longer["without skip"],
        epochs={str(level): [EPOCHS, 2 * EPOCHS] for level in LEVELS},
        exact=["Wiener"],
        rivals={
            "without skip": "the same net without 256 weights of its last layer, the same rate, "
                            "batches and epochs",
            "without skip, as many maps": "its last layer sees as many maps, with 8,500 weights "
                                          "more",
            "dense 512": "lesson 04's net: 35 times the parameters, 8 epochs",
            "Wiener filters": "told the level; their number chosen on validation images",
        },
        sensitivity={"rate": {"half": by_level(half)}},
    )  # fmt: skip
    figures = {
        "rows": rows, "longer": longer, "runs": nets, "failure": failure, "refused": refused,
        "all black": digits.test.images[:1000].square().mean().item(),
        "recipe": {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "wider": WIDER},
    }  # fmt: skip
    results.write(__file__, figures, records)


if __name__ == "__main__":
    main()
