"""Lesson 13: a paired comparison, an interval from few seeds, a choice on validation images."""

import numpy as np
from scipy import stats

from aecourse.exercises.checks import Exercise, Mistake

# is A better ---------------------------------------------------------------------------------


def better(a, b, gap=None, sd=None, ddof=1, count=None):
    """Mean gain of a over b on the same images, and its standard error."""
    gap = b.mean(0) - a.mean(0) if gap is None else gap
    sd = gap.std(ddof=ddof) if sd is None else sd
    return gap.mean(), sd / np.sqrt(gap.size if count is None else count)


def is_a_better(a, b):
    return better(a, b)


def best(errors):
    """The seed with the smallest mean error."""
    return errors[errors.mean(1).argmin()]


def separate(a, b, ddof=1):
    """Standard error if the images of a and b had nothing to do with one another."""
    a, b = a.mean(0), b.mean(0)
    return np.sqrt(a.var(ddof=ddof) / len(a) + b.var(ddof=ddof) / len(b))


def gain(a, b):
    return b.mean() - a.mean()


def runs(seed, seeds_a, seeds_b, images):
    """Errors (seeds, images) of two nets: hard images are hard for both."""
    random = np.random.default_rng(seed)
    hard = random.gamma(4, 0.2, images)
    a = hard * random.normal(1.0, 0.1, (seeds_a, 1)) + random.normal(0.9, 0.15, (seeds_a, images))
    b = hard * random.normal(1.2, 0.1, (seeds_b, 1)) + random.normal(1.0, 0.15, (seeds_b, images))
    return a, b


IS_A_BETTER = Exercise(
    name="is A better",
    right=is_a_better,
    returns=("the gain", "its standard error"),
    probes={
        "3 and 4 seeds, 11 images": runs(1, 3, 4, 11),
        "5 and 3 seeds, 7 images": runs(2, 5, 3, 7),
        "2 and 4 seeds, 9 images": runs(3, 2, 4, 9),
    },
    mistakes=[
        Mistake(
            "The sign is turned round. A gain is positive where A's error is the smaller one: B's "
            "error minus A's.",
            lambda a, b: (gain(b, a), better(a, b)[1]),
        ),
        Mistake(
            "The standard error is that of two separate sets of images. Both nets saw the same "
            "ones: subtract image by image first, and take the spread of the differences.",
            lambda a, b: (gain(a, b), separate(a, b)),
            lambda a, b: (gain(a, b), separate(a, b, ddof=0)),
            lambda a, b: (
                gain(a, b),
                np.hypot(a.std(ddof=1) / a.size**0.5, b.std(ddof=1) / b.size**0.5),
            ),
        ),
        Mistake(
            "This is the standard deviation of the differences: how much one image varies. The "
            "mean of n images varies less, by the square root of n.",
            lambda a, b: better(a, b, count=1),
            lambda a, b: better(a, b, ddof=0, count=1),
        ),
        Mistake(
            "The spread is divided by n instead of its square root.",
            lambda a, b: (gain(a, b), better(a, b)[1] / np.sqrt(a.shape[1])),
        ),
        Mistake(
            "The best seed of each was taken. The one with more seeds gets more chances. Average "
            "over the seeds.",
            lambda a, b: better(a, b, best(b) - best(a)),
            lambda a, b: better(a, b, b.min(0) - a.min(0)),
        ),
        Mistake(
            "A's best seed was taken. Its luck is then counted as skill. Average over the seeds.",
            lambda a, b: better(a, b, b.mean(0) - best(a)),
        ),
        Mistake(
            "Only the first seed of each was used. Average over all that there are.",
            lambda a, b: better(a, b, b[0] - a[0]),
        ),
        Mistake(
            "The same image under another seed is no new image. Average each image over the seeds "
            "first; n is the number of images.",
            lambda a, b: better(a, b, b[:, None] - a[None]),
            lambda a, b: better(a, b, count=a.size),
            lambda a, b: better(a, b, count=b.size),
            lambda a, b: better(a, b, count=a.size + b.size),
        ),
        Mistake(
            "The spread is divided by the square root of the number of seeds. The differences are "
            "one for each image: n is the number of images.",
            lambda a, b: better(a, b, count=len(a)),
            lambda a, b: better(a, b, count=len(b)),
            lambda a, b: better(a, b, count=len(a) + len(b)),
        ),
        Mistake(
            "The spread is that of a whole population (divided by n). From a sample, the spread "
            "comes out too small: divide by n − 1 (ddof=1).",
            lambda a, b: better(a, b, ddof=0),
        ),
        Mistake(
            "Images were averaged away: this is a comparison over seeds. Here the question is the "
            "choice of images, so average over the first axis, the seeds.",
            lambda a, b: better(
                a, b, b[: min(len(a), len(b))].mean(1) - a[: min(len(a), len(b))].mean(1)
            ),
            lambda a, b: (
                gain(a, b),
                np.hypot(
                    a.mean(1).std(ddof=1) / len(a) ** 0.5, b.mean(1).std(ddof=1) / len(b) ** 0.5
                ),
            ),
        ),
        Mistake(
            "This is the variance of the differences, without the root.",
            lambda a, b: (gain(a, b), (b.mean(0) - a.mean(0)).var(ddof=1) / a.shape[1]),
            lambda a, b: (gain(a, b), (b.mean(0) - a.mean(0)).var(ddof=1)),
        ),
        Mistake(
            "This is a relative gain. The difference itself is asked for.",
            lambda a, b: (gain(a, b) / b.mean(), better(a, b)[1]),
            lambda a, b: (gain(a, b) / b.mean(), better(a, b)[1] / b.mean()),
        ),
    ],
    hints={
        "broadcast": "A and B may have different numbers of seeds: average over the seeds before "
        "you subtract.",
    },
    insight="This standard error answers one question only: would other test images say the same "
    "of these very nets? Whether other seeds would, only seeds can tell.",
)

# an interval from few seeds ------------------------------------------------------------------


def interval(gaps, factor=None, ddof=1, count=None):
    n = len(gaps)
    factor = stats.t.ppf(0.975, n - 1) if factor is None else factor
    half = factor * gaps.std(ddof=ddof) / np.sqrt(n if count is None else count)
    return gaps.mean() - half, gaps.mean() + half


def seed_interval(gaps):
    return interval(gaps)


SEED_INTERVAL = Exercise(
    name="interval from seeds",
    right=seed_interval,
    returns=("the lower end", "the upper end"),
    probes={
        "three seeds": (np.array([0.52, 0.71, 0.64]),),
        "five seeds": (np.array([-1.3, 0.4, -0.7, -2.1, 0.9]),),
        "four seeds": (np.array([3.1, 2.2, 4.5, 2.9]),),
    },
    mistakes=[
        Mistake(
            "A factor of 2 is for many seeds. With few, the spread itself is uncertain: take the "
            "quantile of Student's t with n − 1 degrees of freedom (4.30 for three seeds).",
            lambda g: interval(g, 2),
            lambda g: interval(g, 1.96),
        ),
        Mistake(
            "The spread is that of a whole population (divided by n), which is too small by a "
            "fifth with three seeds. Divide by n − 1 (ddof=1).",
            lambda g: interval(g, ddof=0),
        ),
        Mistake(
            "A factor of 2 and the spread of a population: both make the interval too narrow. "
            "Take Student's t, and ddof=1.",
            lambda g: interval(g, 2, ddof=0),
            lambda g: interval(g, 1.96, ddof=0),
        ),
        Mistake(
            "The square root of n is missing: this is an interval for one more seed, nearly, not "
            "for the mean.",
            lambda g: interval(g, count=1),
            lambda g: interval(g, 2, count=1),
            lambda g: interval(g, 1.96, count=1),
            lambda g: interval(g, count=1, ddof=0),
            lambda g: interval(g, 2, count=1, ddof=0),
        ),
        Mistake(
            "One standard error to either side covers far less than 95 %. Multiply with the "
            "quantile of Student's t.",
            lambda g: interval(g, 1),
            lambda g: interval(g, 1, ddof=0),
        ),
        Mistake(
            "The quantile leaves 5 % on one side. An interval leaves 2.5 % on each: take the "
            "0.975 quantile.",
            lambda g: interval(g, stats.t.ppf(0.95, len(g) - 1)),
        ),
        Mistake(
            "The degrees of freedom are one too many: the mean has used up one. Take n − 1.",
            lambda g: interval(g, stats.t.ppf(0.975, len(g))),
        ),
        Mistake(
            "The factor is that of three seeds (4.30), whatever their number. Take the quantile "
            "with one degree of freedom less than there are values.",
            lambda g: interval(g, stats.t.ppf(0.975, 2)),
            lambda g: interval(g, 4.3),
        ),
        Mistake(
            "The degrees of freedom are 2n − 2: those of two groups whose spreads are equal. Here "
            "is one group, so n − 1.",
            lambda g: interval(g, stats.t.ppf(0.975, 2 * len(g) - 2)),
        ),
        Mistake(
            "This is the interval for one more seed (section 4), which has its own luck as well. "
            "The mean is asked for: its standard error is the spread divided by the root of n.",
            lambda g: interval(g, count=len(g) / (len(g) + 1)),
        ),
        Mistake(
            "The ends are swapped: the lower one comes first.",
            lambda g: interval(g)[::-1],
        ),
        Mistake(
            "These are the smallest and the largest value. Their range grows with the number of "
            "seeds, while knowledge of the mean gets better.",
            lambda g: (g.min(), g.max()),
        ),
        Mistake(
            "These are quantiles of a handful of values: nearly their ends, and no statement "
            "about the mean.",
            lambda g: tuple(np.quantile(g, [0.025, 0.975])),
        ),
        Mistake(
            "The spread is divided by n instead of its square root.",
            lambda g: interval(g, count=len(g) ** 2),
        ),
        Mistake(
            "The interval lies round 0. It belongs round the mean of the values.",
            lambda g: tuple(np.subtract(interval(g), g.mean())),
        ),
        Mistake(
            "These are the mean and half the width. The two ends are asked for.",
            lambda g: (g.mean(), interval(g)[1] - g.mean()),
        ),
    ],
    insight="If 0 lies inside, these seeds do not tell whether the difference is more than luck. "
    "More seeds help twice: a smaller factor, and a larger root.",
)

# an honest score -----------------------------------------------------------------------------


def honest_score(valid, test):
    return test[valid.mean(1).argmin()].mean()


def trial(seed, recipes, seeds):
    """Validation and test errors (recipes, seeds)."""
    random = np.random.default_rng(seed)
    truth = random.uniform(1, 1.6, (recipes, 1))
    return tuple(truth + random.normal(0, 0.5, (recipes, seeds)) for _ in range(2))


HONEST_SCORE = Exercise(
    name="honest score",
    right=honest_score,
    probes={
        "7 recipes, 3 seeds": trial(26, 7, 3),
        "5 recipes, 4 seeds": trial(1073, 5, 4),
        "9 recipes, 2 seeds": trial(2860, 9, 2),
    },
    mistakes=[
        Mistake(
            "The recipe is chosen by its test error. The smallest of several is small by luck in "
            "part, and nothing is left that could say so. Choose on the validation errors.",
            lambda v, t: t.mean(1).min(),
        ),
        Mistake(
            "This is the smallest test error of any single run: the best of all recipes and seeds.",
            lambda v, t: t.min(),
        ),
        Mistake(
            "The recipe is right, but its best seed on the test images is reported. Report the "
            "mean over its seeds.",
            lambda v, t: t[v.mean(1).argmin()].min(),
        ),
        Mistake(
            "This is the validation error of the winner. It won because this number came out "
            "small: report its test error.",
            lambda v, t: v.mean(1).min(),
        ),
        Mistake(
            "The recipe is chosen by its luckiest run. Compare means over the seeds.",
            lambda v, t: t[v.min(1).argmin()].mean(),
        ),
        Mistake(
            "One single run was chosen, and its test error is reported. That is honest about this "
            "run, but the question is the recipe: average over the seeds, in both places.",
            lambda v, t: t.ravel()[v.argmin()],
        ),
        Mistake(
            "The recipe is right, but only its best seed on the validation images is reported. The "
            "question is the recipe: report the mean over its seeds.",
            lambda v, t: t[v.mean(1).argmin(), v[v.mean(1).argmin()].argmin()],
        ),
        Mistake(
            "The recipe with the largest error was chosen. Errors should be small.",
            lambda v, t: t[v.mean(1).argmax()].mean(),
        ),
        Mistake(
            "Validation and test errors were averaged before the choice. Half of the choice was "
            "then made on the test images.",
            lambda v, t: t[(v + t).mean(1).argmin()].mean(),
        ),
        Mistake(
            "A seed was chosen, not a recipe: the mean goes over the wrong axis. Recipes are rows, "
            "seeds are columns.",
            lambda v, t: t[:, v.mean(0).argmin()].mean(),
        ),
        Mistake(
            "This is the number of the chosen recipe. Its mean test error is asked for.",
            lambda v, t: v.mean(1).argmin(),
        ),
        Mistake(
            "The test errors of the chosen recipe are still one per seed. Average them.",
            lambda v, t: t[v.mean(1).argmin()],
        ),
    ],
    insight="The test images were used once, for a recipe that was fixed before. That is all that "
    "makes a test error honest.",
)

EXERCISES = [IS_A_BETTER, SEED_INTERVAL, HONEST_SCORE]
