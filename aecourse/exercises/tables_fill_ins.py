"""The lines to fill in of lesson 03: a floor behind a sigmoid, R² by column, AUROC."""

import numpy as np
import torch

from aecourse.exercises.checks import Exercise, Mistake

# Floor behind a sigmoid -----------------------------------------------------------------------


def floor_behind_a_sigmoid(x):
    return miss(x, x.clamp(0, 1))


def miss(x, best):
    return (x - best).square().mean()


def standard(seed, rows, columns, mean=0.1):
    return torch.tensor(np.random.default_rng(seed).normal(mean, 1.2, size=(rows, columns)))


def outside(x):
    return x[(x < 0) | (x > 1)]


FLOOR = Exercise(
    name="floor behind a sigmoid",
    right=floor_behind_a_sigmoid,
    probes={
        "7 rows of 4 columns": (standard(1, 7, 4),),
        "5 rows of 6 columns": (standard(2, 5, 6, mean=0.5),),
    },
    mistakes=[
        Mistake(
            "This is the sigmoid of the values. A net may put any number into its sigmoid: the "
            "best output is the nearest one between 0 and 1.",
            lambda x: miss(x, x.sigmoid()),
        ),
        Mistake(
            "This is the best single number, the mean. A net may answer each entry with a number "
            "of its own.",
            lambda x: miss(x, x.mean()),
            lambda x: miss(x, x.mean(0)),
            lambda x: miss(x, x.mean().clamp(0, 1)),
            lambda x: miss(x, x.mean(0).clamp(0, 1)),
        ),
        Mistake(
            "Every entry gets the same output, or every entry of a column. A net may answer each "
            "entry with a number of its own.",
            lambda x: miss(x, 0.0),
            lambda x: miss(x, 1.0),
            lambda x: miss(x, x.median()),
            lambda x: miss(x, x.median(0).values),
            lambda x: miss(x, x.clamp(0, 1).mean()),
            lambda x: miss(x, x.clamp(0, 1).mean(0)),
        ),
        Mistake(
            "This is what an untrained sigmoid says, about 0.5 everywhere. The best net says the "
            "nearest number that it can.",
            lambda x: miss(x, torch.full_like(x, 0.5)),
        ),
        Mistake(
            "Only the lower end is kept: a sigmoid cannot exceed 1 either.",
            lambda x: miss(x, x.clamp(min=0)),
        ),
        Mistake(
            "Only the upper end is kept: a sigmoid cannot fall below 0 either.",
            lambda x: miss(x, x.clamp(max=1)),
        ),
        Mistake(
            "This is the range of a tanh, from −1 to 1. A sigmoid goes from 0 to 1.",
            lambda x: miss(x, x.clamp(-1, 1)),
        ),
        Mistake(
            "Every output is 0 or 1. Between them a sigmoid reaches every number, so what lies "
            "there costs nothing.",
            lambda x: miss(x, (x > 0).double()),
            lambda x: miss(x, (x > 0.5).double()),
            lambda x: miss(x, x.clamp(0, 1).round()),
        ),
        Mistake(
            "The values are rescaled to the range from 0 to 1. The data stay as they are; it is "
            "the output that is confined.",
            lambda x: miss(x, (x - x.min()) / (x.max() - x.min())),
            lambda x: miss(x, (x - x.amin(0)) / (x.amax(0) - x.amin(0))),
        ),
        Mistake(
            "This is the tanh of the values. A net may put any number into its activation, and "
            "that of the question is a sigmoid: the nearest number between 0 and 1.",
            lambda x: miss(x, x.tanh()),
        ),
        Mistake(
            "One end stands at one half. That is where a sigmoid is at 0; it goes down to 0 and "
            "up to 1.",
            lambda x: miss(x, x.clamp(0.5, 1)),
            lambda x: miss(x, x.clamp(0, 0.5)),
        ),
        Mistake(
            "The sign is dropped first. The nearest number to a negative value is 0.",
            lambda x: miss(x, x.abs().clamp(0, 1)),
            lambda x: miss(x, x.abs()),
        ),
        Mistake(
            "The mean runs over the values that a sigmoid cannot reach. The others cost nothing, "
            "but they count.",
            lambda x: miss(outside(x), outside(x).clamp(0, 1)),
        ),
        Mistake(
            "The square is missing.",
            lambda x: (x - x.clamp(0, 1)).abs().mean(),
            lambda x: (x - x.clamp(0, 1)).mean(),
        ),
        Mistake(
            "This is a sum. The error per entry is a mean.",
            lambda x: (x - x.clamp(0, 1)).square().sum(),
        ),
        Mistake(
            "This is the root of the error. The errors of this section are squares.",
            lambda x: miss(x, x.clamp(0, 1)).sqrt(),
        ),
        Mistake(
            "This is the share of the values that a sigmoid cannot reach. How far away they are "
            "counts too.",
            lambda x: ((x < 0) | (x > 1)).double().mean(),
        ),
        Mistake(
            "Nothing is confined: this net copies perfectly, and a sigmoid cannot output what lies "
            "outside 0 to 1.",
            lambda x: miss(x, x),
        ),
    ],
    hints={
        "unexpected keyword|clip\\(\\) received|no attribute": "The check passes tensors: "
        "x.clamp(low, high) cuts at both ends.",
    },
    insight="No training can get below it, so a plateau near it is no sign of a lazy optimiser.",
)

# R² by column ---------------------------------------------------------------------------------


def r_squared(x, copy):
    return 1 - error(x, copy) / variance(x)


def error(x, copy):
    return (copy - x).square().mean(0)


def variance(x):
    return (x - x.mean(0)).square().mean(0)


def with_copy(seed, rows, columns):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, columns)) * np.arange(1, columns + 1) + 2
    return torch.tensor(x), torch.tensor(0.8 * x + 0.5 * draw.normal(size=x.shape) + 0.3)


R_SQUARED = Exercise(
    name="R² by column",
    right=r_squared,
    probes={
        "9 rows of 3 columns": with_copy(3, 9, 3),
        "6 rows of 4 columns": with_copy(4, 6, 4),
    },
    mistakes=[
        Mistake(
            "The variance divides by N − 1, and the error by N. Then the mean of a column gets a "
            "little more than 0: give var the argument correction=0.",
            lambda x, copy: 1 - error(x, copy) / x.var(0),
        ),
        Mistake(
            "All columns share one variance. Each has its own: take it over rows, axis 0.",
            lambda x, copy: 1 - error(x, copy) / x.var(correction=0),
            lambda x, copy: 1 - error(x, copy) / x.var(),
            lambda x, copy: 1 - error(x, copy) / variance(x).mean(),
            lambda x, copy: 1 - error(x, copy) / x.var(0).mean(),
        ),
        Mistake(
            "The variance is taken around the mean of the whole table. Each column has its own "
            "mean.",
            lambda x, copy: 1 - error(x, copy) / (x - x.mean()).square().mean(0),
        ),
        Mistake(
            "The variance is taken around the mean of the copy. It belongs to the data alone.",
            lambda x, copy: 1 - error(x, copy) / (x - copy.mean(0)).square().mean(0),
        ),
        Mistake(
            "All columns share one error. Each has its own: take the mean over rows, axis 0.",
            lambda x, copy: 1 - (copy - x).square().mean() / variance(x),
        ),
        Mistake(
            "There is one value for the whole table. Each column has its own: error and variance "
            "over rows, axis 0.",
            lambda x, copy: 1 - (copy - x).square().mean() / x.var(correction=0),
            lambda x, copy: 1 - (copy - x).square().mean() / x.var(),
            lambda x, copy: r_squared(x, copy).mean(),
        ),
        Mistake(
            "There is one value for each row. Columns are asked for: the mean runs over rows, "
            "axis 0.",
            lambda x, copy: 1 - (copy - x).square().mean(1) / x.var(1, correction=0),
            lambda x, copy: 1 - (copy - x).square().mean(1) / x.var(1),
        ),
        Mistake(
            "The variance is that of the copy. The yardstick is the data, whatever the net says.",
            lambda x, copy: 1 - error(x, copy) / variance(copy),
            lambda x, copy: 1 - error(x, copy) / copy.var(0),
        ),
        Mistake(
            "The standard deviation stands where the variance belongs: a squared error is compared "
            "with a square.",
            lambda x, copy: 1 - error(x, copy) / variance(x).sqrt(),
            lambda x, copy: 1 - error(x, copy) / x.std(0),
        ),
        Mistake(
            "The square of the error is missing.",
            lambda x, copy: 1 - (copy - x).abs().mean(0) / variance(x),
            lambda x, copy: 1 - (copy - x).mean(0) / variance(x),
            lambda x, copy: 1 - (x - copy).mean(0) / variance(x),
        ),
        Mistake(
            "The error is a sum over rows, and the variance a mean. Take the mean of both.",
            lambda x, copy: 1 - (copy - x).square().sum(0) / variance(x),
            lambda x, copy: 1 - (copy - x).square().sum(0) / x.var(0),
        ),
        Mistake(
            "The mean is not subtracted: this divides by the mean square, which is the variance "
            "only where the mean is 0.",
            lambda x, copy: 1 - error(x, copy) / x.square().mean(0),
        ),
        Mistake(
            "This is the share that is lost. R² is what is kept: one minus it.",
            lambda x, copy: error(x, copy) / variance(x),
        ),
        Mistake(
            "This is the error. R² compares it with the variance: one minus their quotient.",
            error,
        ),
        Mistake(
            "This is the variance minus the error, in the column's own unit. Divide by the "
            "variance: a share of it is asked for.",
            lambda x, copy: variance(x) - error(x, copy),
            lambda x, copy: x.var(0) - error(x, copy),
        ),
        Mistake(
            "The error is not divided by the variance of its column.",
            lambda x, copy: 1 - error(x, copy),
        ),
        Mistake(
            "The fraction is upside down: the error is divided by the variance.",
            lambda x, copy: 1 - variance(x) / error(x, copy),
        ),
        Mistake(
            "The mean is taken before the square, so that errors to both sides cancel.",
            lambda x, copy: 1 - (copy - x).mean(0).square() / variance(x),
        ),
        Mistake(
            "The error is a variance of the difference, which forgives a copy that is shifted. "
            "Take the mean of the squares.",
            lambda x, copy: 1 - variance(copy - x) / variance(x),
            lambda x, copy: 1 - (copy - x).var(0) / variance(x),
        ),
        Mistake(
            "This compares the spread of copy and data. A copy may vary as much as the data and "
            "be wrong everywhere.",
            lambda x, copy: variance(copy) / variance(x),
        ),
        Mistake(
            "Roots are taken of both. R² is about squares: error over variance.",
            lambda x, copy: 1 - (error(x, copy) / variance(x)).sqrt(),
            lambda x, copy: 1 - error(x, copy).sqrt() / x.std(0),
        ),
        Mistake(
            "This is the correlation. It forgives a copy that is shifted or too small, and it is "
            "no square; error and variance do not forgive.",
            lambda x, copy: correlation(x, copy),
        ),
        Mistake(
            "This is the squared correlation. It forgives a copy that is shifted or too small; "
            "error and variance do not.",
            lambda x, copy: correlation(x, copy) ** 2,
        ),
    ],
    insight="On standardised columns the variance is about 1, so that R² is one minus the error.",
)


def correlation(x, copy):
    a, b = x - x.mean(0), copy - copy.mean(0)
    return (a * b).mean(0) / (variance(x) * variance(copy)).sqrt()


# AUROC ----------------------------------------------------------------------------------------


def ranked_right(rainy, dry):
    return (rainy[:, None] > dry[None, :]).mean()


def two_groups(seed, rainy, dry, apart=0.15):
    draw = np.random.default_rng(seed)
    return draw.normal(0.4 + apart, 0.2, size=rainy), draw.normal(0.4, 0.2, size=dry)


AUROC = Exercise(
    name="AUROC by counting",
    right=ranked_right,
    probes={
        "9 rainy and 14 dry days": two_groups(5, 9, 14),
        "11 rainy and 8 dry days": two_groups(3, 11, 8),
        "7 rainy and 10 dry days, ranked worse than by a coin": two_groups(6, 7, 10, -0.1),
    },
    also_right=(lambda rainy, dry: np.sign(rainy[:, None] - dry).mean() / 2 + 0.5,),
    mistakes=[
        Mistake(
            "This is the share of pairs that are ranked wrongly: the rainy day should have the "
            "higher score.",
            lambda rainy, dry: (rainy[:, None] < dry).mean(),
        ),
        Mistake(
            "A share below one half is turned round. A score that ranks worse than a coin should "
            "show that: count the pairs that stand in the right order.",
            lambda rainy, dry: max(ranked_right(rainy, dry), 1 - ranked_right(rainy, dry)),
        ),
        Mistake(
            "Only the first rainy day is compared. Does the return stand inside the loop? Then it "
            "ends the loop in its first turn.",
            lambda rainy, dry: (rainy[0] > dry).mean(),
            lambda rainy, dry: (rainy[0] > dry).sum() / rainy.size / dry.size,
        ),
        Mistake(
            "The pairs in the right order are divided by those in the wrong one. A share divides "
            "by all pairs.",
            lambda rainy, dry: ranked_right(rainy, dry) / (1 - ranked_right(rainy, dry)),
        ),
        Mistake(
            "The means are compared. Count pairs: every rainy day with every dry one.",
            lambda rainy, dry: float(rainy.mean() > dry.mean()),
        ),
        Mistake(
            "Each rainy day is compared with the mean of the dry ones. Compare it with every dry "
            "day.",
            lambda rainy, dry: (rainy > dry.mean()).mean(),
            lambda rainy, dry: (rainy > np.median(dry)).mean(),
        ),
        Mistake(
            "The mean of the rainy days is compared with each dry one. Compare every rainy day.",
            lambda rainy, dry: (rainy.mean() > dry).mean(),
        ),
        Mistake(
            "This is the mean difference of the scores. Only their order counts: is the rainy one "
            "higher, yes or no?",
            lambda rainy, dry: rainy.mean() - dry.mean(),
        ),
        Mistake(
            "The pairs are counted. Divide by how many there are: a share is asked for.",
            lambda rainy, dry: (rainy[:, None] > dry).sum(),
        ),
        Mistake(
            "The count is divided by the rainy days alone. There are as many pairs as rainy days "
            "times dry ones.",
            lambda rainy, dry: (rainy[:, None] > dry).sum() / len(rainy),
        ),
        Mistake(
            "The count is divided by the dry days alone. There are as many pairs as rainy days "
            "times dry ones.",
            lambda rainy, dry: (rainy[:, None] > dry).sum() / len(dry),
        ),
        Mistake(
            "The count is divided by the number of days. There are as many pairs as rainy days "
            "times dry ones.",
            lambda rainy, dry: (rainy[:, None] > dry).sum() / (len(rainy) + len(dry)),
        ),
        Mistake(
            "Day i is paired with day i only. Every rainy day meets every dry one: give one of "
            "the two arrays a second axis.",
            lambda rainy, dry: np.mean([a > b for a, b in zip(rainy, dry)]),
            lambda rainy, dry: sum(a > b for a, b in zip(rainy, dry)) / len(rainy),
            lambda rainy, dry: sum(a > b for a, b in zip(rainy, dry)) / len(dry),
            lambda rainy, dry: sum(a > b for a, b in zip(rainy, dry)) / rainy.size / dry.size,
        ),
        Mistake(
            "A rainy day counts only if it beats all dry ones. Count the pairs that it wins.",
            lambda rainy, dry: (rainy > dry.max()).mean(),
        ),
        Mistake(
            "A rainy day counts as soon as it beats one dry day. Count all pairs that it wins.",
            lambda rainy, dry: (rainy > dry.min()).mean(),
        ),
        Mistake(
            "A dry day counts only if all rainy ones beat it. Count the pairs that it loses.",
            lambda rainy, dry: (rainy.min() > dry).mean(),
        ),
        Mistake(
            "This is the share of rainy days that a threshold finds. AUROC has no threshold: it "
            "counts pairs that stand in the right order.",
            lambda rainy, dry: (rainy > 0.5).mean(),
        ),
        Mistake(
            "This is twice the AUROC minus one, which runs from −1 to 1. The share of pairs runs "
            "from 0 to 1.",
            lambda rainy, dry: 2 * ranked_right(rainy, dry) - 1,
            lambda rainy, dry: np.sign(rainy[:, None] - dry).mean(),
        ),
        Mistake(
            "There is a value for each day. Take the mean over all pairs.",
            lambda rainy, dry: (rainy[:, None] > dry).mean(0),
            lambda rainy, dry: (rainy[:, None] > dry).mean(1),
        ),
        Mistake(
            "This is the accuracy with a threshold of one half. AUROC has no threshold: it counts "
            "pairs that stand in the right order.",
            lambda rainy, dry: ((rainy > 0.5).sum() + (dry <= 0.5).sum()) / (len(rainy) + len(dry)),
            lambda rainy, dry: ((rainy > 0.5).mean() + (dry <= 0.5).mean()) / 2,
        ),
    ],
    hints={
        "broadcast|must match the size": "There are fewer of one kind than of the other: rainy has "
        "the shape (R,), dry (D,). With rainy[:, None] the comparison gives a table of all pairs, "
        "(R, D).",
    },
    insight="It does not change when all scores are doubled, or squared: only their order counts.",
)

EXERCISES = [FLOOR, R_SQUARED, AUROC]
