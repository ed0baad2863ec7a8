"""Lesson 01, the lines to fill in: the share that is kept, one layer down, finite differences."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# Share kept ---------------------------------------------------------------------------------


def share_kept(x, rebuilt, mean):
    return 1 - ((x - rebuilt) ** 2).mean() / ((x - mean) ** 2).mean()


def share_of(lost, variance):
    """1 − lost / variance, each a function of (x, rebuilt, mean)."""
    return lambda *a: 1 - lost(*a) / variance(*a)


def lost(x, rebuilt, mean):
    return ((x - rebuilt) ** 2).mean()


def variance(x, rebuilt, mean):
    return ((x - mean) ** 2).mean()


def table_and_copy(seed, rows, columns):
    """A table, a blurred copy of it, and a mean that is not quite that of its rows."""
    draw = np.random.default_rng(seed).normal
    x = draw(size=(rows, columns)) * np.linspace(1, 3, columns) + 2
    return x, x + 0.6 * draw(size=x.shape), x.mean(axis=0) + 0.4 * draw(size=columns)


SHARE_KEPT = Exercise(
    name="share kept",
    right=share_kept,
    probes={
        "6 rows of 4 columns": table_and_copy(1, 6, 4),
        "9 rows of 3 columns": table_and_copy(2, 9, 3),
    },
    mistakes=[
        Mistake(
            "This is the share that is lost. What is kept is the rest of 1.",
            lambda *a: lost(*a) / variance(*a),
        ),
        Mistake(
            "The fraction is upside down: the error belongs above, the variance below.",
            share_of(variance, lost),
            lambda *a: variance(*a) / lost(*a),
        ),
        Mistake(
            "The variance is taken around the rows' own mean. Use the mean that is passed in: it "
            "comes from the training rows, and is the rival's answer.",
            share_of(lost, lambda x, r, m: x.var()),
            share_of(lost, lambda x, r, m: x.var(axis=0).mean()),
            share_of(lost, lambda x, r, m: x.var(axis=0, ddof=1).mean()),
        ),
        Mistake(
            "The method var() subtracts a mean of its own as well. Square the deviations from the "
            "mean that is passed in, and average.",
            share_of(lost, lambda x, r, m: (x - m).var()),
        ),
        Mistake(
            "The variance is measured on the reconstruction. It belongs to the data: x minus the "
            "mean.",
            share_of(lost, lambda x, r, m: ((r - m) ** 2).mean()),
        ),
        Mistake(
            "The square is missing below: the variance is a mean of squared deviations.",
            share_of(lost, lambda x, r, m: (x - m).mean()),
            share_of(lost, lambda x, r, m: np.abs(x - m).mean()),
            share_of(lost, lambda x, r, m: x.std()),
        ),
        Mistake(
            "The mean is not subtracted: the mean of the squares is no variance.",
            share_of(lost, lambda x, r, m: (x**2).mean()),
        ),
        Mistake(
            "The variance is a sum, and the error a mean. Average both over rows and columns.",
            share_of(lost, lambda x, r, m: ((x - m) ** 2).sum()),
            share_of(lost, lambda x, r, m: ((x - m) ** 2).sum() / len(x)),
        ),
        Mistake(
            "This is the difference of the two errors. A share is a quotient: divide the error by "
            "the variance, and subtract that from 1.",
            lambda *a: variance(*a) - lost(*a),
        ),
        Mistake("The error is not divided by the variance.", lambda *a: 1 - lost(*a)),
        Mistake(
            "This is how much the reconstructions vary, as a share of the data's variance. It says "
            "nothing of their errors: compare each reconstruction with its own row.",
            lambda x, r, m: ((r - m) ** 2).mean() / ((x - m) ** 2).mean(),
            lambda x, r, m: r.var() / x.var(),
        ),
        Mistake(
            "The errors are divided entry by entry, before the mean. Where x is close to the mean "
            "that explodes: average errors and variance first, then divide.",
            lambda x, r, m: 1 - ((x - r) ** 2 / (x - m) ** 2).mean(),
        ),
        Mistake(
            "This is a correlation. It does not see an error in size or height: compare each "
            "reconstruction with its own row.",
            lambda x, r, m: np.corrcoef(x.ravel(), r.ravel())[0, 1],
            lambda x, r, m: np.corrcoef(x.ravel(), r.ravel())[0, 1] ** 2,
        ),
        Mistake(
            "There is still a number for each column. One share is asked for: average over rows "
            "and columns.",
            lambda x, r, m: 1 - ((x - r) ** 2).mean(axis=0) / ((x - m) ** 2).mean(axis=0),
            lambda x, r, m: 1 - ((x - r) ** 2).mean(axis=0) / ((x - m) ** 2).mean(),
        ),
        Mistake(
            "The share is taken column by column and then averaged. A column that varies little "
            "would count as much as the others: average errors and variance first, then divide.",
            lambda x, r, m: 1 - (((x - r) ** 2).mean(axis=0) / ((x - m) ** 2).mean(axis=0)).mean(),
        ),
        Mistake(
            "This is the share of the standard deviation: it has a root too many. The variance is "
            "a mean of squares, and so is the error.",
            lambda *a: 1 - np.sqrt(lost(*a) / variance(*a)),
            share_of(lost, lambda *a: np.sqrt(variance(*a))),
        ),
    ],
    insight="Statisticians call it R². It compares with the least that one can do, so it reads the "
    "same for pixels and for centimetres.",
)

# One layer down -----------------------------------------------------------------------------


def one_layer_down(delta, W, H):
    return (delta @ W.T) * (1 - H**2)


def layer(seed, rows, below, above):
    draw = np.random.default_rng(seed).normal
    return (draw(size=(rows, above)), draw(size=(below, above)),
            np.tanh(draw(size=(rows, below))))  # fmt: skip


ONE_LAYER_DOWN = Exercise(
    name="one layer down",
    right=one_layer_down,
    probes={
        "7 rows, 3 units below and 5 above": layer(1, 7, 3, 5),
        "4 rows, 6 units below and 2 above": layer(2, 4, 6, 2),
    },
    mistakes=[
        Mistake(
            "The slope of tanh is missing. This is the derivative with respect to H, the outputs "
            "of the layer below; its A lies before the tanh.",
            lambda delta, W, H: delta @ W.T,
        ),
        Mistake(
            "The slope has lost its square: tanh has the slope one minus its squared output.",
            lambda delta, W, H: (delta @ W.T) * (1 - H),
        ),
        Mistake(
            "The slope is that of the sigmoid. These units are a tanh.",
            lambda delta, W, H: (delta @ W.T) * H * (1 - H),
        ),
        Mistake(
            "Tanh is applied once more. H are outputs of tanh already: their slope is one minus "
            "their square.",
            lambda delta, W, H: (delta @ W.T) * (1 - np.tanh(H) ** 2),
        ),
        Mistake(
            "Only the square of H stands there: the slope of tanh is one minus that.",
            lambda delta, W, H: (delta @ W.T) * H**2,
        ),
        Mistake(
            "The sign of the slope is reversed. It is largest where the unit is 0, and positive.",
            lambda delta, W, H: (delta @ W.T) * (H**2 - 1),
        ),
        Mistake(
            "The slope is averaged over the rows. Each row has units, and slopes, of its own.",
            lambda delta, W, H: (delta @ W.T) * (1 - H**2).mean(axis=0),
            lambda delta, W, H: (delta @ W.T) * (1 - H.mean(axis=0) ** 2),
        ),
        Mistake(
            "The slope is that of a ReLU, 1 where the unit is on. These units are a tanh.",
            lambda delta, W, H: (delta @ W.T) * (H > 0),
        ),
        Mistake(
            "The units themselves stand where their slope belongs.",
            lambda delta, W, H: (delta @ W.T) * H,
        ),
        Mistake(
            "This is the gradient of the weights, which takes the inputs H and the error. Here the "
            "error travels on: it takes the weights.",
            lambda delta, W, H: H.T @ delta,
        ),
    ],
    hints={
        "matmul: Input|not aligned|operands could not be broadcast": "Write down the shapes: "
        "delta (N, n), W (m, n), H (N, m), result (N, m). In the matrix product W is transposed. "
        "The slope has the shape of H, comes after that product, and multiplies entry by entry, "
        "with *.",
    },
    insight="Repeated, this line is all of backpropagation: the rest are sums over rows.",
)

# Slope by finite differences ----------------------------------------------------------------


def slope(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def bent(x):
    return x**3 - 2 * x**2 + x


SLOPE = Exercise(
    name="slope by finite differences",
    right=slope,
    probes={
        "a polynomial at 1.7 with h = 0.3": (bent, 1.7, 0.3),
        "the exponential function at 0.4 with h = 0.2": (np.exp, 0.4, 0.2),
        "the sine at 2.5 with h = 0.05": (np.sin, 2.5, 0.05),
    },
    mistakes=[
        Mistake(
            "The step goes to one side only, so the error is of order h and not of order h². Step "
            "from x to either side.",
            lambda f, x, h: (f(x + h) - f(x)) / h,
            lambda f, x, h: (f(x) - f(x - h)) / h,
            lambda f, x, h: (f(x + h) - f(x)) / (2 * h),
        ),
        Mistake(
            "The two points lie 2h apart: divide by 2h.",
            lambda f, x, h: (f(x + h) - f(x - h)) / h,
        ),
        Mistake(
            "The difference is not divided. A slope is a rise per length, here 2h.",
            lambda f, x, h: f(x + h) - f(x - h),
            lambda f, x, h: (f(x + h) - f(x - h)) / 2,
        ),
        Mistake(
            "Brackets are missing: / 2 * h divides by 2 and then multiplies by h. Divide by "
            "(2 * h).",
            lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h,
        ),
        Mistake(
            "Brackets are missing: only the second value is divided. The whole difference is.",
            lambda f, x, h: f(x + h) - f(x - h) / (2 * h),
            lambda f, x, h: f(x + h) - f(x - h) / 2 * h,
        ),
        Mistake(
            "The sign is reversed: the value ahead comes first, then the value behind.",
            lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h),
        ),
        Mistake(
            "The step is not the one that is passed in: something else is used for h.",
            lambda f, x, h: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
        ),
        Mistake(
            "The two values are added. A slope is their difference.",
            lambda f, x, h: (f(x + h) + f(x - h)) / (2 * h),
        ),
        Mistake(
            "This is the second derivative, how fast the slope changes: it takes the value in the "
            "middle, too. The slope needs only the two sides.",
            lambda f, x, h: (f(x + h) - 2 * f(x) + f(x - h)) / h**2,
        ),
    ],
    insight="On a parabola it is exact for every h: the terms in h² cancel, and there is no third "
    "power that could remain.",
)

EXERCISES = [SHARE_KEPT, ONE_LAYER_DOWN, SLOPE]
