"""Lesson 05, the lines to fill in: dead units, an L1 penalty, cosines with true directions."""

import numpy as np
import torch

from aecourse.exercises.checks import Exercise, Mistake
from aecourse.exercises.sparse import from_net

# Dead units ---------------------------------------------------------------------------------


def dead_units(codes):
    return int((codes == 0).all(0).sum())


def codes_with_dead(seed, examples, units, dead):
    """Codes with negative numbers, many zeros, and units that are never on.

    Of the living units one adds up to 0, two are never positive, three are constant and four very
    small: as many as there are, so that each mistake counts another number.
    """
    random = np.random.default_rng(seed)
    codes = random.normal(size=(examples, units)) * (random.random((examples, units)) < 0.5)
    codes[:, 0] = 0
    codes[1:3, 0] = 1.0, -1.0
    codes[:, 1:3] = -random.uniform(0.5, 1.5, size=(examples, 2))
    codes[1, 1:3] = 0
    codes[:, 3:6] = 0.7
    codes[:, 6:10] = 0
    codes[-1, 6:10] = 1e-5
    codes[:, random.permutation(np.arange(10, units))[:dead]] = 0
    return torch.tensor(codes)


DEAD_UNITS = Exercise(
    name="dead units",
    right=dead_units,
    probes={
        "8 examples of 15 units": (codes_with_dead(1, 8, 15, 3),),
        "5 examples of 13 units": (codes_with_dead(2, 5, 13, 2),),
        "7 examples of 18 units": (codes_with_dead(3, 7, 18, 6),),
    },
    mistakes=[
        Mistake(
            "This counts zeros. A dead unit is a whole column of zeros: zero for every example.",
            lambda h: (h == 0).sum(),
            lambda h: (h == 0).double().sum(1).mean(),
        ),
        Mistake(
            "This counts units that are zero for some example. A dead unit is zero for all of "
            "them.",
            lambda h: (h == 0).any(0).sum(),
        ),
        Mistake(
            "The axes are exchanged: this asks for examples whose whole code is zero. Go down each "
            "column.",
            lambda h: (h == 0).all(1).sum(),
            lambda h: (h == 0).all(1),
        ),
        Mistake(
            "These are the living units. Dead are the others.",
            lambda h: (h != 0).any(0).sum(),
        ),
        Mistake(
            "These are the units that are on for every example. Dead are those that are on for "
            "none.",
            lambda h: (h != 0).all(0).sum(),
        ),
        Mistake(
            "A column adds up to 0 also where positive and negative numbers cancel. Compare each "
            "number with 0 first.",
            lambda h: (h.sum(0).abs() < 1e-9).sum(),
            lambda h: (h.mean(0).abs() < 1e-9).sum(),
        ),
        Mistake(
            "A unit that is never positive may still be negative, and so not silent. Compare with "
            "== 0.",
            lambda h: (h <= 0).all(0).sum(),
            lambda h: (h.amax(0) == 0).sum(),
        ),
        Mistake(
            "A very small number is not 0. Compare with == 0, without a tolerance.",
            lambda h: (h.abs() < 1e-3).all(0).sum(),
        ),
        Mistake(
            "A unit that never changes may be on all the time. Dead is only what is always 0.",
            lambda h: (h.std(0) < 1e-9).sum(),
            lambda h: (h == h[0]).all(0).sum(),
        ),
        Mistake(
            "Only one example is looked at. A dead unit is 0 for all of them.",
            lambda h: (h[0] == 0).sum(),
            lambda h: (h[-1] == 0).sum(),
        ),
        Mistake(
            "A unit that is silent most of the time is not dead, but sparse. Dead is what is 0 for "
            "every example.",
            lambda h: ((h == 0).double().mean(0) > 0.5).sum(),
            lambda h: ((h == 0).double().mean(0) >= 0.5).sum(),
        ),
        Mistake(
            "This says for each unit whether it is dead. Count them.",
            lambda h: (h == 0).all(0),
        ),
        Mistake(
            "This is a share. The number of dead units is asked for: add up in place of "
            "averaging.",
            lambda h: (h == 0).all(0).double().mean(),
        ),
    ],
    insight="A dead unit adds to the zeros, but it is not sparsity: it is a unit that you do not "
    "have.",
)

# L1 penalty ---------------------------------------------------------------------------------


def l1_penalty(code, weight):
    return weight * code.abs().sum(1)


def signed(seed, examples, units):
    random = np.random.default_rng(seed)
    return from_net(random.normal(0.2, 1.0, size=(examples, units)))


L1_PENALTY = Exercise(
    name="L1 penalty",
    right=l1_penalty,
    probes={
        "5 examples of 8 units": (signed(1, 5, 8), 0.3),
        "4 examples of 3 units": (signed(2, 4, 3), 2.0),
        "2 examples of 7 units": (signed(3, 2, 7), 0.05),
    },
    mistakes=[
        Mistake(
            "This is a mean over the units. Add them up: the reconstruction is summed over pixels "
            "as well, and a mean would weigh a unit less in a wider code.",
            lambda h, w: w * h.abs().mean(1),
        ),
        Mistake(
            "The sum runs over the wrong axis: over the examples. Add up the units of each "
            "example.",
            lambda h, w: w * h.abs().sum(0),
            lambda h, w: w * h.abs().mean(0),
        ),
        Mistake(
            "One number for the whole batch. A term returns one for each example; `fit` averages "
            "them. Here lies the factor of section 2.",
            lambda h, w: w * h.abs().sum(),
            lambda h, w: w * h.abs().mean(),
            lambda h, w: w * h.abs().sum(1).mean(),
        ),
        Mistake(
            "The absolute value is missing. A negative unit is active, too, and would earn a "
            "reward.",
            lambda h, w: w * h.sum(1),
            lambda h, w: w * h.relu().sum(1),
            lambda h, w: w * h.sum(1).abs(),
        ),
        Mistake(
            "This is a squared penalty. Its pull fades near zero and never arrives there; L1 takes "
            "absolute values.",
            lambda h, w: w * h.square().sum(1),
        ),
        Mistake(
            "This is the length of the code (L2). It pulls the code as a whole, never single units "
            "to zero; L1 adds up absolute values.",
            lambda h, w: w * h.norm(dim=1),
        ),
        Mistake(
            "This counts the active units. That is what one would like to penalise, but a count "
            "has no gradient.",
            lambda h, w: w * (h != 0).double().sum(1),
            lambda h, w: w * (h > 0).double().sum(1),
        ),
        Mistake(
            "Only the largest unit of each example is charged. Add all of them up.",
            lambda h, w: w * h.abs().amax(1),
        ),
        Mistake(
            "The sum is squared. L1 is the sum of absolute values itself.",
            lambda h, w: w * h.abs().sum(1).square(),
        ),
        Mistake(
            "Only the signs are added up. The sizes count, too.",
            lambda h, w: w * h.sign().sum(1),
        ),
        Mistake("The weight is missing.", lambda h, w: h.abs().sum(1)),
        Mistake(
            "The weight is applied where it does not belong. It multiplies the sum of absolute "
            "values.",
            lambda h, w: h.abs().sum(1) / w,
            lambda h, w: h.abs().sum(1) + w,
            lambda h, w: h.abs().sum(1) ** w,
            lambda h, w: (h.abs() - w).sum(1),
            lambda h, w: (h.abs() > w).double().sum(1),
        ),
        Mistake(
            "The units are not added up. One number per example is asked for.",
            lambda h, w: w * h.abs(),
        ),
        Mistake(
            "The sign is reversed: that would reward large codes.",
            lambda h, w: -w * h.abs().sum(1),
        ),
    ],
    trainable=True,
    insight="One number for each image, summed over its units: what is summed and what is averaged "
    "decides what a weight means.",
)

# Cosines ------------------------------------------------------------------------------------


def cosines(columns, directions):
    return directions @ (columns / columns.norm(dim=0))


def columns_and_directions(seed, dimensions, units, features):
    """Columns of unequal length, and directions of length 1 as rows."""
    random = np.random.default_rng(seed)
    columns = random.normal(size=(dimensions, units)) * random.uniform(0.2, 4, size=units)
    directions = random.normal(size=(features, dimensions))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return torch.tensor(columns), torch.tensor(directions)


def of(change):
    """Directions against the changed columns."""
    return lambda columns, directions: directions @ change(columns)


COSINES = Exercise(
    name="cosines",
    right=cosines,
    probes={
        "5 columns and 6 directions in 4 dimensions": columns_and_directions(1, 4, 5, 6),
        "7 columns and 2 directions in 3 dimensions": columns_and_directions(2, 3, 7, 2),
        "3 columns and 4 directions in 5 dimensions": columns_and_directions(3, 5, 3, 4),
    },
    mistakes=[
        Mistake(
            "These are inner products: the columns keep their lengths. A cosine compares "
            "directions: divide each column by its norm.",
            of(lambda W: W),
            lambda W, f: (f @ W).T,
        ),
        Mistake(
            "Rows are scaled in place of columns. What unit j adds is column j, and its norm is "
            "taken down the rows: dim=0.",
            of(lambda W: W / W.norm(dim=1, keepdim=True)),
        ),
        Mistake(
            "All columns are divided by one and the same number. Each has its own norm.",
            of(lambda W: W / W.norm()),
            of(lambda W: W / W.norm(dim=0).amax()),
            of(lambda W: W / W.norm(dim=0).mean()),
        ),
        Mistake(
            "The products are scaled in place of the columns. Divide each column by its norm.",
            lambda W, f: f @ W / (f @ W).norm(dim=1, keepdim=True),
            lambda W, f: f @ W / (f @ W).norm(dim=0),
        ),
        Mistake(
            "This is a correlation: something was centred. A cosine takes the columns as they are.",
            of(lambda W: (W - W.mean(0)) / W.norm(dim=0)),
            of(lambda W: (W - W.mean(0)) / (W - W.mean(0)).norm(dim=0)),
        ),
        Mistake(
            "The square root is missing: the columns are divided by their squared norms.",
            of(lambda W: W / W.square().sum(0)),
        ),
        Mistake(
            "The columns are multiplied by their norms. Divide.",
            of(lambda W: W * W.norm(dim=0)),
        ),
        Mistake(
            "The columns are divided by sums of absolute values, or by their largest entries. The "
            "norm meant here is the Euclidean one.",
            of(lambda W: W / W.abs().sum(0)),
            of(lambda W: W / W.abs().amax(0)),
            of(lambda W: W / W.sum(0)),
        ),
        Mistake(
            "Rows and columns of the result are exchanged. The directions are to be its rows.",
            lambda W, f: cosines(W, f).T,
        ),
        Mistake(
            "The sign is gone. A column that points the other way has found nothing: a unit can "
            "only add.",
            lambda W, f: cosines(W, f).abs(),
            lambda W, f: cosines(W, f).square(),
            lambda W, f: cosines(W, f).relu(),
        ),
        Mistake(
            "This is an angle. Its cosine is asked for.",
            lambda W, f: torch.arccos(cosines(W, f).clamp(-1, 1)),
        ),
        Mistake(
            "This is the best cosine of each direction only. The matching needs all of them.",
            lambda W, f: cosines(W, f).amax(1),
        ),
        Mistake(
            "This is one minus the cosine, a distance.", lambda W, f: 1 - cosines(W, f)
        ),
    ],
    insight="A cosine of 1 says that a unit draws exactly this direction, 0 that it has nothing of "
    "it. Lengths do not count: what is missing in a column, the code can make up for.",
)

EXERCISES = [DEAD_UNITS, L1_PENALTY, COSINES]
