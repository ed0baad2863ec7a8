"""Lesson 02, the lines to fill in: PCA's floor, the share of the excess, the paired error."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# Floor of PCA -------------------------------------------------------------------------------


def floor_of_pca(eigenvalues, k):
    return eigenvalues[k:].sum() / len(eigenvalues)


def variances(seed, pixels):
    """Eigenvalues as of a covariance matrix: the largest first."""
    return np.sort(np.random.default_rng(seed).gamma(1.0, 2.0, size=pixels))[::-1].copy()


FLOOR_OF_PCA = Exercise(
    name="floor of PCA",
    right=floor_of_pca,
    probes={
        "9 eigenvalues, k = 2": (variances(1, 9), 2),
        "7 eigenvalues, k = 4": (variances(2, 7), 4),
        "12 eigenvalues, k = 5": (variances(3, 12), 5),
    },
    mistakes=[
        Mistake(
            "This is the variance that the k directions keep. Lost is what lies along the others.",
            lambda e, k: e[:k].sum() / len(e),
            lambda e, k: e[:k].sum(),
            lambda e, k: e[:k].mean(),
        ),
        Mistake(
            "This is the error of a whole picture. Per pixel means: divide by the number of "
            "pixels, which is the number of eigenvalues.",
            lambda e, k: e[k:].sum(),
        ),
        Mistake(
            "It is divided by the number of directions that are left out. The error of a picture "
            "is shared by all of its pixels: there are as many as eigenvalues.",
            lambda e, k: e[k:].mean(),
        ),
        Mistake(
            "It is divided by k. The error of a picture is shared by all of its pixels: there are "
            "as many as eigenvalues.",
            lambda e, k: e[k:].sum() / k,
        ),
        Mistake(
            "It is divided twice: a mean has been divided already. Add up what is left out, and "
            "divide once, by the number of pixels.",
            lambda e, k: e[k:].mean() / len(e),
        ),
        Mistake(
            "This is the share of the variance that is lost: it has no unit. The error itself is "
            "asked for, per pixel.",
            lambda e, k: e[k:].sum() / e.sum(),
        ),
        Mistake(
            "This is the share of the variance that is kept. Asked for is the error per pixel.",
            lambda e, k: e[:k].sum() / e.sum(),
        ),
        Mistake(
            "One eigenvalue too few is counted. A slice from k on leaves out k entries already.",
            lambda e, k: e[k + 1:].sum() / len(e),
        ),
        Mistake(
            "One eigenvalue too many is counted. A slice from k on leaves out k entries already: "
            "the first has the index 0.",
            lambda e, k: e[k - 1:].sum() / len(e),
        ),
        Mistake(
            "These are the k smallest eigenvalues. k directions are kept, and all others are lost.",
            lambda e, k: e[-k:].sum() / len(e),
            lambda e, k: e[-k:].sum(),
        ),
        Mistake(
            "The eigenvalues are taken to be ascending. Here the largest come first, so the first "
            "k are the ones that are kept.",
            lambda e, k: e[:-k].sum() / len(e),
            lambda e, k: e[:-k].sum(),
            lambda e, k: e[: len(e) - k].mean(),
        ),
        Mistake(
            "This is a variance or deviation of the eigenvalues. Each is a variance already: add "
            "up those that are left out.",
            lambda e, k: e[k:].var(),
            lambda e, k: e[k:].std(),
        ),
        Mistake(
            "Not the share, but the error is asked for; and what is kept is subtracted from 1. "
            "Subtract it from the whole variance.",
            lambda e, k: 1 - e[:k].sum() / len(e),
            lambda e, k: 1 - e[:k].mean(),
        ),
        Mistake(
            "These are running totals. One number is asked for: the sum of what is left out.",
            lambda e, k: np.cumsum(e)[k:],
            lambda e, k: np.cumsum(e)[k:] / len(e),
            lambda e, k: np.cumsum(e[k:]),
            lambda e, k: np.cumsum(e[k:]) / len(e),
        ),
        Mistake(
            "Only the first direction that is left out is counted. All of them are lost.",
            lambda e, k: e[k] / len(e),
            lambda e, k: e[k],
        ),
        Mistake(
            "An eigenvalue is a variance already: it needs no square and no root.",
            lambda e, k: (e[k:] ** 2).sum() / len(e),
            lambda e, k: np.sqrt(e[k:]).sum() / len(e),
            lambda e, k: np.sqrt(e[k:].sum() / len(e)),
            lambda e, k: np.sqrt(e[k:].sum()) / len(e),
        ),
        Mistake(
            "It is divided by 784, the pixels of a digit. The function should serve any data: "
            "there are as many pixels as eigenvalues.",
            lambda e, k: e[k:].sum() / 784,
        ),
        Mistake(
            "There is still one number for each direction. The error is their sum.",
            lambda e, k: e[k:] / len(e),
            lambda e, k: e[k:],
        ),
        Mistake(
            "This is the whole variance, the error of the mean picture. k directions keep some of "
            "it.",
            lambda e, k: e.sum() / len(e),
            lambda e, k: e.sum(),
        ),
    ],
    hints={
        "slice indices must be integers": "The argument k is the number of directions that are "
        "kept: it is a place in the list. The slice eigenvalues[k:] starts there.",
    },
    insight="The error is known before anything is projected: it is the variance along the "
    "directions that are left out.",
)

# Share of the excess ------------------------------------------------------------------------


def share_gained(before, after, floor):
    return (before - after) / (before - floor)


SHARE_GAINED = Exercise(
    name="share of the excess",
    right=share_gained,
    probes={
        "0.13, 0.10 and a floor of 0.06": (0.13, 0.10, 0.06),
        "0.21, 0.09 and a floor of 0.05": (0.21, 0.09, 0.05),
        "a loss that has risen, from 0.30 to 0.34, with a floor of 0.11": (0.30, 0.34, 0.11),
    },
    mistakes=[
        Mistake(
            "This is the share of the whole loss. Nobody can gain the floor: it does not belong "
            "into the denominator.",
            lambda b, a, f: (b - a) / b,
        ),
        Mistake(
            "This is the share that is still left to gain. Gained is the rest of 1.",
            lambda b, a, f: (a - f) / (b - f),
        ),
        Mistake(
            "The gain is compared with what is left after it. Compare it with what could be gained "
            "before.",
            lambda b, a, f: (b - a) / (a - f),
        ),
        Mistake(
            "The gain is compared with the new loss. Compare it with what could be gained before: "
            "the old loss above the floor.",
            lambda b, a, f: (b - a) / a,
        ),
        Mistake(
            "The sign is reversed: a loss that falls is a gain.",
            lambda b, a, f: (a - b) / (b - f),
            lambda b, a, f: (a - b) / b,
        ),
        Mistake(
            "The fraction is upside down: the gain belongs above, what could be gained below.",
            lambda b, a, f: (b - f) / (b - a),
        ),
        Mistake(
            "This is the gain itself, in nats. A share has been divided by what could be gained.",
            lambda b, a, f: b - a,
        ),
        Mistake(
            "The new excess is compared with the whole old loss: subtract the floor below too.",
            lambda b, a, f: 1 - (a - f) / b,
        ),
        Mistake(
            "The floor is subtracted from 1. What could be gained is the old loss less the floor.",
            lambda b, a, f: (b - a) / (1 - f),
        ),
        Mistake(
            "Brackets are missing: a division is done before a subtraction.",
            lambda b, a, f: b - a / (b - f),
            lambda b, a, f: (b - a) / b - f,
            lambda b, a, f: b - a / b - f,
        ),
        Mistake(
            "The gain is divided by the floor. Divide by what lies above the floor.",
            lambda b, a, f: (b - a) / f,
        ),
        Mistake(
            "The floor is subtracted above as well. It stands in both losses, so it cancels in "
            "their difference.",
            lambda b, a, f: (b - a - f) / (b - f),
        ),
        Mistake(
            "The floor is added. What can be gained lies between the old loss and the floor: "
            "subtract.",
            lambda b, a, f: (b - a) / (b + f),
        ),
        Mistake(
            "The gain is taken without its sign. A loss that rises is a negative gain.",
            lambda b, a, f: abs(b - a) / (b - f),
        ),
        Mistake(
            "This is the old excess relative to the new loss or the like: the gain is the "
            "difference of the two losses, and what could be gained the old loss less the floor.",
            lambda b, a, f: (b - f) / a,
            lambda b, a, f: (a - f) / b,
            lambda b, a, f: (a - f) / a,
            lambda b, a, f: (b - f) / b,
            lambda b, a, f: (b - f) / (a - f),
            lambda b, a, f: a / b,
            lambda b, a, f: b / a,
        ),
        Mistake(
            "This is in per cent. A share of 1 is the whole.",
            lambda b, a, f: 100 * (b - a) / (b - f),
        ),
        Mistake(
            "A loss that rises is counted as 0. It is a negative gain: keep the sign.",
            lambda b, a, f: max(0, (b - a) / (b - f)),
        ),
    ],
    insight="A floor changes what a difference means: compare what lies above it.",
)

# Paired error -------------------------------------------------------------------------------


def paired_difference(a, b):
    difference = a - b
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


def errors_of_two(seed, images):
    """Errors of two models that find the same images hard."""
    draw = np.random.default_rng(seed)
    hard = draw.gamma(4.0, 0.01, size=images)
    return hard + draw.normal(0.004, 0.006, images), hard + draw.normal(0, 0.003, images)


def with_error(standard_error):
    """The right mean, with another standard error, a function of (a, b)."""
    return lambda a, b: ((a - b).mean(), standard_error(a, b))


PAIRED_DIFFERENCE = Exercise(
    name="paired difference",
    right=paired_difference,
    probes={
        "errors on 40 images": errors_of_two(1, 40),
        "errors on 25 images": errors_of_two(2, 25),
    },
    returns=("the mean", "the standard error"),
    # The standard deviation of a population: n in place of n - 1.
    also_right=(lambda a, b: ((a - b).mean(), (a - b).std() / np.sqrt(len(a))),),
    mistakes=[
        Mistake(
            "The two errors are taken as if they came from different images. Subtract image by "
            "image first; then take the standard deviation of the differences.",
            with_error(lambda a, b: np.hypot(a.std(ddof=1), b.std(ddof=1)) / np.sqrt(len(a))),
            with_error(lambda a, b: np.hypot(a.std(), b.std()) / np.sqrt(len(a))),
            with_error(lambda a, b: (a.std(ddof=1) + b.std(ddof=1)) / np.sqrt(len(a))),
            with_error(lambda a, b: (a.std() + b.std()) / np.sqrt(len(a))),
            with_error(lambda a, b: (a.std(ddof=1) - b.std(ddof=1)) / np.sqrt(len(a))),
            with_error(lambda a, b: (a.std() - b.std()) / np.sqrt(len(a))),
        ),
        Mistake(
            "This is the standard deviation of the differences. The mean over n images scatters "
            "less: divide by the root of n.",
            with_error(lambda a, b: (a - b).std(ddof=1)),
            with_error(lambda a, b: (a - b).std()),
        ),
        Mistake(
            "The standard deviation is divided by n. That of a mean falls with the root of n.",
            with_error(lambda a, b: (a - b).std(ddof=1) / len(a)),
            with_error(lambda a, b: (a - b).std() / len(a)),
        ),
        Mistake(
            "It is divided by the root of n - 1. That belongs inside the standard deviation "
            "(ddof=1) only: divide by the root of n.",
            with_error(lambda a, b: (a - b).std(ddof=1) / np.sqrt(len(a) - 1)),
        ),
        Mistake(
            "One number has no scatter: subtract image by image first, and take the standard "
            "deviation of the differences.",
            with_error(lambda a, b: (a.mean() - b.mean()).std()),
        ),
        Mistake(
            "This is the variance. The standard error has the unit of the errors: take the root.",
            with_error(lambda a, b: (a - b).var(ddof=1) / len(a)),
            with_error(lambda a, b: (a - b).var() / len(a)),
            with_error(lambda a, b: (a - b).var(ddof=1)),
            with_error(lambda a, b: (a - b).var()),
            with_error(lambda a, b: (a - b).var(ddof=1) / np.sqrt(len(a))),
            with_error(lambda a, b: (a - b).var() / np.sqrt(len(a))),
        ),
        Mistake(
            "The scatter is that of one model's errors. Take that of the differences.",
            with_error(lambda a, b: a.std(ddof=1) / np.sqrt(len(a))),
            with_error(lambda a, b: a.std() / np.sqrt(len(a))),
            with_error(lambda a, b: b.std(ddof=1) / np.sqrt(len(a))),
            with_error(lambda a, b: b.std() / np.sqrt(len(a))),
        ),
        Mistake(
            "It is multiplied by the root of n. The more images, the less the mean scatters: "
            "divide.",
            with_error(lambda a, b: (a - b).std(ddof=1) * np.sqrt(len(a))),
            with_error(lambda a, b: (a - b).std() * np.sqrt(len(a))),
        ),
        Mistake(
            "The sign is reversed: how much larger a is than b.",
            lambda a, b: ((b - a).mean(), paired_difference(a, b)[1]),
            lambda a, b: ((b - a).mean(), (a - b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "The differences are made positive first. An image on which b is worse counts against "
            "the others: keep the sign.",
            lambda a, b: paired_difference(abs(a - b), 0),
            lambda a, b: (abs(a - b).mean(), abs(a - b).std() / np.sqrt(len(a))),
            lambda a, b: (abs(a - b).mean(), paired_difference(a, b)[1]),
        ),
        Mistake(
            "The difference is squared. The two errors are squared errors already: subtract them.",
            lambda a, b: paired_difference((a - b) ** 2, 0),
            lambda a, b: (((a - b) ** 2).mean(), paired_difference(a, b)[1]),
        ),
        Mistake(
            "This is a ratio of the two errors. Subtract image by image.",
            lambda a, b: paired_difference(a / b, 0),
            lambda a, b: ((a / b).mean(), (a / b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "This is half of a confidence interval, about two standard errors. One is asked for.",
            with_error(lambda a, b: 1.96 * (a - b).std(ddof=1) / np.sqrt(len(a))),
            with_error(lambda a, b: 1.96 * (a - b).std() / np.sqrt(len(a))),
            with_error(lambda a, b: 2 * (a - b).std(ddof=1) / np.sqrt(len(a))),
            with_error(lambda a, b: 2 * (a - b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "The mean is not subtracted before squaring: this is the root of the mean square. "
            "std() does both.",
            with_error(lambda a, b: np.sqrt(((a - b) ** 2).mean() / len(a))),
            with_error(lambda a, b: np.sqrt(((a - b) ** 2).mean())),
        ),
        Mistake(
            "Mean and standard error have changed places.",
            lambda a, b: paired_difference(a, b)[::-1],
            lambda a, b: ((a - b).std() / np.sqrt(len(a)), (a - b).mean()),
        ),
        Mistake(
            "The two errors are added. Take their difference, image by image.",
            lambda a, b: paired_difference(a, -b),
            lambda a, b: ((a - b).mean(), (a + b).std(ddof=1) / np.sqrt(len(a))),
            lambda a, b: ((a - b).mean(), (a + b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "The differences are added up or left as they are. Their mean is asked for.",
            lambda a, b: ((a - b).sum(), paired_difference(a, b)[1]),
            lambda a, b: ((a - b).sum(), (a - b).std() / np.sqrt(len(a))),
            lambda a, b: (a - b, paired_difference(a, b)[1]),
            lambda a, b: (a - b, (a - b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "This is the median of the differences. The standard error belongs to their mean.",
            lambda a, b: (np.median(a - b), paired_difference(a, b)[1]),
            lambda a, b: (np.median(a - b), (a - b).std() / np.sqrt(len(a))),
        ),
        Mistake(
            "The pairs are counted twice: there are as many differences as images.",
            with_error(lambda a, b: (a - b).std(ddof=1) / np.sqrt(2 * len(a))),
            with_error(lambda a, b: (a - b).std() / np.sqrt(2 * len(a))),
        ),
    ],
    hints={
        "correction|unbiased": "The check passes NumPy arrays: .std(ddof=1), or .std() alone.",
    },
    insight="What is hard for both models cancels in the difference. The standard error says "
    "nothing about another training run.",
)

EXERCISES = [FLOOR_OF_PCA, SHARE_GAINED, PAIRED_DIFFERENCE]
