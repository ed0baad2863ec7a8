"""Lesson 03: columns of several kinds in one loss, and what its weights decide.

Sixteen real columns of weather, rain today (yes or no), and the direction of the strongest gust,
one of sixteen, are compressed to four numbers. Shortcuts turn everything into numbers and use
squared error; the mixed loss adds a cost in nats for each kind, with a variance of 1 for the real
columns or with one that is estimated for each. Counted on test rows: the error of the real columns,
how often rain and direction are right, how far the direction is off, and for the mixed losses the
whole cost in nats, with the variances that the training rows show. The estimated variance also with
floors below which it cannot fall. Three seeds; the mixed losses also for twice the epochs, with
one.

Takes about 5 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.protocol import Layout
from aecourse.randomness import seeded
from aecourse.training import fit

COMPASS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split()
REAL, CODE, EPOCHS, BATCH, RATE, HIDDEN = 16, 4, 40, 256, 1e-2, (64,)
LAYOUT = Layout.of(real=REAL, binary=1, categorical=(len(COMPASS),))
SEEDS = (0, 1, 2)
FLOORS = (0.01, 0.03, 0.1, 0.3)
SHORTCUTS = ("number", "one-hot", "one-hot, scaled", "sine and cosine")


class Windy(NamedTuple):
    """The rows in which gust direction is known too."""

    real: Tensor  # (N, 16), standardised
    rain: Tensor  # (N, 1), 0 or 1
    wind: Tensor  # (N,), 0 to 15 along the compass
    train: Tensor  # row numbers
    test: Tensor


def windy_rows() -> Windy:
    table = data.rain_table().dropna()
    train, _, test = data.split_rows(len(table))
    weather = torch.tensor(table[list(data.RAIN_COLUMNS[:REAL])].to_numpy())
    return Windy(
        data.Scaling.of(weather[train]).apply(weather),
        torch.tensor((table.RainToday == "Yes").to_numpy()).float()[:, None],
        torch.tensor([COMPASS.index(name) for name in table.WindGustDir]),
        train,
        test,
    )


def scores(windy: Windy, real: Tensor, rain: Tensor, wind: Tensor) -> dict[str, float]:
    """What answers for the test rows are worth."""
    apart = (wind - windy.wind[windy.test]).abs()
    return {
        "real, error": (real - windy.real[windy.test]).square().mean().item(),
        "rain right": ((rain > 0.5) == (windy.rain[windy.test, 0] > 0.5)).float().mean().item(),
        "wind right": (apart == 0).float().mean().item(),
        "off by degrees": 22.5 * torch.minimum(apart, 16 - apart).float().mean().item(),
    }


def trained(table: Tensor, term, seed: int, epochs: int, output) -> Dense:
    """A net with four code numbers; `log_variance` is for the term that estimates it."""
    with seeded(seed):
        model = Dense(table.shape[1], CODE, HIDDEN, "gelu", output=output)
    model.log_variance = nn.Parameter(torch.zeros(REAL))
    fit(model, {"loss": term}, table, epochs=epochs, batch_size=BATCH, lr=RATE, seed=seed,
        progress=False)  # fmt: skip
    return model


# --------------------------------------------------------------------------- shortcuts


def numbered(alphabet, answers):
    """From the place in the alphabet back to the compass."""
    return alphabet.argsort()[answers[:, 0].round().clamp(0, 15).long()]


def from_angle(answers):
    return (torch.atan2(answers[:, 0], answers[:, 1]) * 16 / (2 * math.pi)).round().long() % 16


def shortcut(windy: Windy, name: str, seed: int) -> dict[str, float]:
    """Everything as numbers, with squared error."""
    alphabet = torch.tensor([sorted(COMPASS).index(direction) for direction in COMPASS])
    angle, one_hot = windy.wind * 2 * math.pi / 16, F.one_hot(windy.wind, 16)
    wind, way_back = {
        "number": (alphabet[windy.wind][:, None], partial(numbered, alphabet)),
        "one-hot": (one_hot, lambda answers: answers.argmax(1)),
        "one-hot, scaled": (one_hot, lambda answers: answers.argmax(1)),
        "sine and cosine": (torch.stack([angle.sin(), angle.cos()], 1), from_angle),
    }[name]
    x = torch.cat([windy.real, windy.rain, wind], 1).float()
    scaling = data.Scaling.of(x[windy.train])
    if name == "one-hot":  # left as they are
        scaling.mean[REAL + 1 :], scaling.std[REAL + 1 :] = 0, 1
    z = scaling.apply(x)
    model = trained(z[windy.train], mse, seed, EPOCHS, "linear")
    copy = scaling.undo(evaluation.reconstruct(model, z[windy.test]))
    return scores(windy, copy[:, :REAL], copy[:, REAL], way_back(copy[:, REAL + 1 :]))


# --------------------------------------------------------------------------- mixed losses


def names_cost(raw: Tensor, x: Tensor) -> Tensor:
    """Cost in nats of rain and wind, (B, 2); raw and x are (B, 33)."""
    rain = F.binary_cross_entropy_with_logits(raw[:, REAL], x[:, REAL], reduction="none")
    wind = F.cross_entropy(raw[:, REAL + 1 :], x[:, REAL + 1 :], reduction="none")
    return torch.stack([rain, wind], 1)


def variance_one(model, batch, output) -> Tensor:
    """Nats of each row, (B,), with a Gaussian of variance 1 for the real columns."""
    real = 0.5 * (output.raw[:, :REAL] - batch.target[:, :REAL]).square().sum(1)
    return real + names_cost(output.raw, batch.target).sum(1)


def variance_estimated(model, batch, output, floor: float = 0.0) -> Tensor:
    """The same with a variance for each column, which costs half its logarithm."""
    squares = (output.raw[:, :REAL] - batch.target[:, :REAL]).square()
    variance = model.log_variance.exp() + floor
    real = 0.5 * (squares / variance + variance.log()).sum(1)
    return real + names_cost(output.raw, batch.target).sum(1)


def mixed(windy: Windy, term, seed: int, epochs: int = EPOCHS) -> dict[str, float]:
    """One of the two mixed losses; with its cost in nats on test rows, constants included."""
    x = torch.cat([windy.real, windy.rain, F.one_hot(windy.wind, 16)], 1)
    model = trained(x[windy.train], term, seed, epochs, LAYOUT)
    known, asked = (
        evaluation.in_batches(lambda rows: model.run(rows).raw, x[rows], model)
        for rows in (windy.train, windy.test)
    )
    variance = (known[:, :REAL] - x[windy.train, :REAL]).square().mean(0)
    squares = (asked[:, :REAL] - x[windy.test, :REAL]).square()
    real = 0.5 * (squares / variance + variance.log() + math.log(2 * math.pi)).sum(1).mean()
    rain, wind = names_cost(asked, x[windy.test]).mean(0).tolist()
    answers = asked[:, :REAL], asked[:, REAL].sigmoid(), asked[:, REAL + 1 :].argmax(1)
    return scores(windy, *answers) | {
        "nats": {"real": real.item(), "rain": rain, "wind": wind},
        "variance": variance.tolist(),
    }


def knowing_nothing(windy: Windy) -> dict[str, float]:
    """The null: always the mean, and the most frequent rain and direction of the training rows."""
    rows = len(windy.test)
    wind = windy.wind[windy.train].mode().values.expand(rows)
    rain = windy.rain[windy.train].mean().expand(rows)
    return scores(windy, torch.zeros(rows, REAL), rain, wind)


def main() -> None:
    torch.set_num_threads(1)
    windy, cell = windy_rows(), results.cells(__file__)
    settings = {name: partial(shortcut, windy, name) for name in SHORTCUTS}
    terms = {"variance 1": variance_one, "variance estimated": variance_estimated}
    floors = {f"floor {floor}": partial(variance_estimated, floor=floor) for floor in FLOORS}
    for name, term in (terms | floors).items():
        settings[name] = partial(mixed, windy, term)
    runs = {
        name: [cell((name, seed), partial(run, seed)) for seed in SEEDS]
        for name, run in settings.items()
    }
    for name, term in (terms | {"floor 0.1": floors["floor 0.1"]}).items():
        longer = f"{name}, twice the epochs"
        run = partial(mixed, windy, term, SEEDS[0], epochs=2 * EPOCHS)
        runs[longer] = [cell((longer, SEEDS[0]), run)]
    runs["knowing nothing"] = [knowing_nothing(windy)]
    results.write(__file__, {"runs": runs, "columns": list(data.RAIN_COLUMNS[:REAL])})


if __name__ == "__main__":
    main()
