"""Exercises of lesson 13: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions.
"""

import numpy as np
import torch
from exercise_suite import ExerciseTests
from scipy import stats

RIGHT = {
    "is A better": """
def answer(errors_a, errors_b):
    gap = errors_b.mean(0) - errors_a.mean(0)
    return gap.mean(), gap.std(ddof=1) / np.sqrt(len(gap))
""",
    "interval from seeds": """
def answer(gaps):
    n = len(gaps)
    factor = stats.t.ppf(0.975, n - 1)
    half = factor * gaps.std(ddof=1) / np.sqrt(n)
    return gaps.mean() - half, gaps.mean() + half
""",
    "honest score": """
def answer(valid, test):
    chosen = valid.mean(1).argmin()
    return test[chosen].mean()
""",
}

GAP = "errors_b.mean(0) - errors_a.mean(0)"
ERROR = "gap.std(ddof=1) / np.sqrt(len(gap))"
FACTOR = "stats.t.ppf(0.975, n - 1)"
ENDS = "return gaps.mean() - half, gaps.mean() + half"
CHOSEN, REPORT = "valid.mean(1).argmin()", "test[chosen].mean()"

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "is A better": [
        ("The sign is turned", GAP, "errors_a.mean(0) - errors_b.mean(0)"),
        ("The standard error is that of two", ERROR,
         "np.sqrt(errors_a.mean(0).var(ddof=1) / errors_a.shape[1]"
         " + errors_b.mean(0).var(ddof=1) / errors_b.shape[1])"),
        ("The standard error is that of two", ERROR,
         "np.sqrt(errors_a.mean(0).var() / errors_a.shape[1]"
         " + errors_b.mean(0).var() / errors_b.shape[1])"),
        ("The standard error is that of two", ERROR,
         "np.sqrt(errors_a.var(ddof=1) / errors_a.size + errors_b.var(ddof=1) / errors_b.size)"),
        ("This is the standard deviation", ERROR, "gap.std(ddof=1)"),
        ("This is the standard deviation", ERROR, "gap.std()"),
        ("The spread is divided by n instead", ERROR, "gap.std(ddof=1) / len(gap)"),
        ("The best seed of each", GAP, "min(errors_b, key=np.mean) - min(errors_a, key=np.mean)"),
        ("The best seed of each", GAP, "errors_b.min(0) - errors_a.min(0)"),
        ("A's best seed", GAP, "errors_b.mean(0) - errors_a[errors_a.mean(1).argmin()]"),
        ("Only the first seed", GAP, "errors_b[0] - errors_a[0]"),
        ("The same image under another", GAP,
         "np.concatenate([b - a for a in errors_a for b in errors_b])"),
        ("The same image under another", "np.sqrt(len(gap))", "np.sqrt(errors_a.size)"),
        ("The same image under another", "np.sqrt(len(gap))", "np.sqrt(errors_b.size)"),
        ("The same image under another", "np.sqrt(len(gap))",
         "np.sqrt(errors_a.size + errors_b.size)"),
        ("The spread is divided by the square root of the number of seeds",
         "np.sqrt(len(gap))", "np.sqrt(len(errors_a))"),
        ("The spread is divided by the square root of the number of seeds",
         "np.sqrt(len(gap))", "np.sqrt(len(errors_b))"),
        ("The spread is divided by the square root of the number of seeds",
         "np.sqrt(len(gap))", "np.sqrt(len(errors_a) + len(errors_b))"),
        ("The spread is that of a whole", "ddof=1", "ddof=0"),
        ("Images were averaged away", GAP, """[
        b.mean() - a.mean() for a, b in zip(errors_a, errors_b)]
    gap = np.array(gap)"""),
        ("Images were averaged away", ERROR,
         "np.sqrt(errors_a.mean(1).var(ddof=1) / len(errors_a)"
         " + errors_b.mean(1).var(ddof=1) / len(errors_b))"),
        ("This is the variance", ERROR, "gap.var(ddof=1) / len(gap)"),
        ("This is the variance", ERROR, "gap.var(ddof=1)"),
        ("This is a relative gain", "return gap.mean(),", "return gap.mean() / errors_b.mean(),"),
    ],
    "interval from seeds": [
        ("A factor of 2 is", FACTOR, "2"),
        ("A factor of 2 is", FACTOR, "1.96"),
        ("A factor of 2 is", FACTOR, "stats.norm.ppf(0.975)"),
        ("The spread is that of a whole", "std(ddof=1)", "std()"),
        ("A factor of 2 and the spread", FACTOR, "2", "ddof=1", ""),
        ("A factor of 2 and the spread", FACTOR, "stats.norm.ppf(0.975)", "ddof=1", ""),
        ("The square root of n", " / np.sqrt(n)", ""),
        ("The square root of n", " / np.sqrt(n)", "", FACTOR, "2", "ddof=1", ""),
        ("One standard error", "factor * ", ""),
        ("The quantile leaves", "0.975", "0.95"),
        ("The degrees of freedom are one", "n - 1)", "n)"),
        ("The degrees of freedom are 2n", "n - 1)", "2 * n - 2)"),
        ("The factor is that of three", FACTOR, "stats.t.ppf(0.975, 2)"),
        ("The factor is that of three", FACTOR, "4.3"),
        ("The factor is that of three", FACTOR, "4.30265"),
        ("This is the interval for one more", " / np.sqrt(n)", " * np.sqrt(1 + 1 / n)"),
        ("The ends are swapped", ENDS, "return gaps.mean() + half, gaps.mean() - half"),
        ("The ends are swapped", "0.975", "0.025"),
        ("These are the smallest", ENDS, "return min(gaps), max(gaps)"),
        ("These are quantiles", ENDS, "return np.percentile(gaps, 2.5), np.percentile(gaps, 97.5)"),
        ("The spread is divided by n instead", "np.sqrt(n)", "n"),
        ("The interval lies round 0", ENDS, "return -half, half"),
        ("These are the mean and half", ENDS, "return gaps.mean(), half"),
    ],
    "honest score": [
        ("The recipe is chosen by its test", CHOSEN, "test.mean(1).argmin()"),
        ("This is the smallest test error of any", REPORT, "test.min()"),
        ("The recipe is right, but its best", REPORT, "test[chosen].min()"),
        ("The recipe is right, but only its best", REPORT, "test[chosen, valid[chosen].argmin()]"),
        ("This is the validation error", REPORT, "valid[chosen].mean()"),
        ("The recipe is chosen by its luckiest", CHOSEN, "valid.min(axis=1).argmin()"),
        ("One single run was chosen", CHOSEN, "np.unravel_index(valid.argmin(), valid.shape)"),
        ("The recipe with the largest", "argmin", "argmax"),
        ("Validation and test errors were", CHOSEN, "(valid + test).mean(1).argmin()"),
        ("A seed was chosen", CHOSEN, "valid.mean(0).argmin()", "test[chosen]", "test[:, chosen]"),
        ("This is the number of the chosen", REPORT, "chosen"),
        ("The test errors of the chosen", REPORT, "test[chosen]"),
    ],
}  # fmt: skip

ALSO_RIGHT = {
    "is A better": ["""
def answer(errors_a, errors_b):
    from aecourse.evaluation import paired
    found = paired(torch.tensor(errors_b).mean(0), torch.tensor(errors_a).mean(0))
    return found.mean, found.standard_error
""", """
def answer(errors_a, errors_b):
    gaps = []
    for image in range(errors_a.shape[1]):
        gaps.append(errors_b[:, image].mean() - errors_a[:, image].mean())
    return [np.mean(gaps), stats.sem(gaps)]
"""],
    "interval from seeds": ["""
def answer(gaps):
    return stats.t.interval(0.95, len(gaps) - 1, gaps.mean(), stats.sem(gaps))
""", """
def answer(gaps):
    gaps = torch.tensor(gaps)
    half = stats.t.isf(0.025, len(gaps) - 1) * gaps.std() / len(gaps) ** 0.5
    return torch.stack([gaps.mean() - half, gaps.mean() + half])
"""],
    "honest score": ["""
def answer(valid, test):
    means = [sum(row) / len(row) for row in valid]
    row = test[means.index(min(means))]
    return sum(row) / len(row)
""", """
def answer(valid, test):
    return float(test.mean(axis=1)[np.argsort(valid.mean(axis=1))[0]])
"""],
}  # fmt: skip

# Slips that raise, and how the hint starts.
RAISING = {
    "is A better": [
        ("A and B may have different numbers of seeds: average over the seeds", GAP,
         "(errors_b - errors_a).mean(0)"),
    ],
}  # fmt: skip


class TestExercises(ExerciseTests):
    topics = ["which"]
    scope = {"np": np, "torch": torch, "stats": stats}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
