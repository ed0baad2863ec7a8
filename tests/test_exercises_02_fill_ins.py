"""The lines to fill in of lesson 02: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "floor of PCA": """
def answer(eigenvalues, k):
    lost = eigenvalues[k:].sum()
    return lost / len(eigenvalues)
""",
    "share of the excess": """
def answer(before, after, floor):
    gain = before - after
    return gain / (before - floor)
""",
    "paired difference": """
def answer(a, b):
    difference = a - b
    standard_error = difference.std(ddof=1) / np.sqrt(len(difference))
    return difference.mean(), standard_error
""",
}

WRONG = {
    "floor of PCA": [
        ("This is the variance that the k directions keep", "[k:]", "[:k]"),
        ("This is the variance that the k directions keep", "[k:]", "[:k]",
         " / len(eigenvalues)", ""),
        ("This is the variance that the k directions keep", "[k:].sum()", "[:k].mean()",
         " / len(eigenvalues)", ""),
        ("This is the error of a whole picture", " / len(eigenvalues)", ""),
        ("It is divided by the number of directions", "len(eigenvalues)",
         "(len(eigenvalues) - k)"),
        ("It is divided by the number of directions", "[k:].sum()", "[k:].mean()",
         " / len(eigenvalues)", ""),
        ("It is divided twice", "[k:].sum()", "[k:].mean()"),
        ("It is divided by k", "len(eigenvalues)", "k"),
        ("This is the share of the variance that is lost", "len(eigenvalues)",
         "eigenvalues.sum()"),
        ("This is the share of the variance that is kept", "[k:]", "[:k]", "len(eigenvalues)",
         "eigenvalues.sum()"),
        ("One eigenvalue too few", "[k:]", "[k + 1:]"),
        ("One eigenvalue too many", "[k:]", "[k - 1:]"),
        ("These are the k smallest", "[k:]", "[-k:]"),
        ("The eigenvalues are taken to be ascending", "[k:]", "[:-k]"),
        ("The eigenvalues are taken to be ascending", "eigenvalues[k:]",
         "np.sort(eigenvalues)[k:]"),
        ("This is a variance or deviation", "[k:].sum()", "[k:].var()",
         "lost / len(eigenvalues)", "lost"),
        ("This is a variance or deviation", "[k:].sum()", "[k:].std()",
         "lost / len(eigenvalues)", "lost"),
        ("Not the share, but the error", "lost / len(eigenvalues)",
         "1 - eigenvalues[:k].sum() / len(eigenvalues)"),
        ("These are running totals", "eigenvalues[k:].sum()", "np.cumsum(eigenvalues)[k:]"),
        ("Only the first direction that is left out", "[k:].sum()", "[k]"),
        ("An eigenvalue is a variance already", "[k:].sum()", "[k:] @ eigenvalues[k:]"),
        ("An eigenvalue is a variance already", "lost / len(eigenvalues)",
         "(lost / len(eigenvalues)) ** 0.5"),
        ("It is divided by 784", "len(eigenvalues)", "784"),
        ("There is still one number", "[k:].sum()", "[k:]"),
        ("This is the whole variance", "[k:]", ""),
    ],
    "share of the excess": [
        ("This is the share of the whole loss", "(before - floor)", "before"),
        ("This is the share that is still left", "before - after", "after - floor"),
        ("The gain is compared with what is left", "(before - floor)", "(after - floor)"),
        ("The gain is compared with the new loss", "(before - floor)", "after"),
        ("The sign is reversed", "before - after", "after - before"),
        ("The fraction is upside down", "gain / (before - floor)", "(before - floor) / gain"),
        ("This is the gain itself", " / (before - floor)", ""),
        ("The new excess is compared", "gain / (before - floor)", "1 - (after - floor) / before"),
        ("The floor is subtracted from 1", "(before - floor)", "(1 - floor)"),
        ("Brackets are missing", "(before - floor)", "before - floor"),
        ("Brackets are missing", "gain / (before - floor)", "before - after / (before - floor)"),
        ("The gain is divided by the floor", "(before - floor)", "floor"),
        ("The floor is subtracted above as well", "before - after", "before - after - floor"),
        ("The floor is added", "before - floor", "before + floor"),
        ("The gain is taken without its sign", "before - after", "abs(before - after)"),
        ("This is in per cent", "return ", "return 100 * "),
        ("A loss that rises is counted as 0", "before - after", "max(0, before - after)"),
        ("This is the old excess", "gain / (before - floor)", "after / before"),
        ("This is the old excess", "gain / (before - floor)",
         "(before - floor) / (after - floor)"),
        ("This is the old excess", "gain / (before - floor)", "(before - floor) / after"),
        ("This is the old excess", "gain / (before - floor)", "(before - floor) / before"),
    ],
    "paired difference": [
        ("The two errors are taken as if they came", "difference.std(ddof=1)",
         "(a.var(ddof=1) + b.var(ddof=1)) ** 0.5"),
        ("The two errors are taken as if they came", "difference.std(ddof=1)",
         "(a.std() - b.std())"),
        ("The two errors are taken as if they came", "difference.std(ddof=1)",
         "np.sqrt(a.var() + b.var())"),
        ("This is the standard deviation of the differences", " / np.sqrt(len(difference))", ""),
        ("This is the standard deviation of the differences", "difference.std(ddof=1) / np.sqrt("
         "len(difference))", "np.std(a - b)"),
        ("The standard deviation is divided by n", "np.sqrt(len(difference))", "len(a)"),
        ("It is divided by the root of n - 1", "len(difference)", "len(difference) - 1"),
        ("One number has no scatter", "a - b", "a.mean() - b.mean()", ".std(ddof=1)", ".std()",
         "len(difference)", "len(a)"),
        ("This is the variance", ".std(", ".var("),
        ("This is the variance", ".std(", ".var(", "np.sqrt(len(difference))", "len(b)"),
        ("The scatter is that of one model's errors", "difference.std", "a.std"),
        ("The scatter is that of one model's errors", "difference.std", "b.std"),
        ("It is multiplied by the root", "/ np.sqrt", "* np.sqrt"),
        ("The sign is reversed", "a - b", "b - a"),
        ("The differences are made positive", "a - b", "abs(a - b)"),
        ("The differences are made positive", "difference.mean()", "abs(difference).mean()"),
        ("The difference is squared", "a - b", "(a - b) ** 2"),
        ("This is a ratio", "a - b", "a / b"),
        ("This is half of a confidence interval", "difference.std", "1.96 * difference.std"),
        ("This is half of a confidence interval", "difference.std", "2 * difference.std"),
        ("The mean is not subtracted", "difference.std(ddof=1)",
         "np.sqrt((difference ** 2).mean())"),
        ("Mean and standard error have changed", "difference.mean(), standard_error",
         "standard_error, difference.mean()"),
        ("The two errors are added", "a - b", "a + b"),
        ("The two errors are added", "difference.std(ddof=1)", "(a + b).std()"),
        ("The differences are added up", "difference.mean()", "difference.sum()"),
        ("The differences are added up", "difference.mean()", "difference"),
        ("This is the median", "difference.mean()", "np.median(difference)"),
        ("The pairs are counted twice", "np.sqrt(len(difference))", "np.sqrt(len(a) + len(b))"),
    ],
}

RAISING = {
    "floor of PCA": [
        ("The argument k is the number", "[k:]", "[eigenvalues[k]:]"),
        ("The check passes NumPy arrays", "eigenvalues[k:].sum()",
         "torch.sum(eigenvalues[k:])"),
    ],
    "paired difference": [
        ("The check passes NumPy arrays", ".std(ddof=1)", ".std(correction=1)"),
        ("The check passes NumPy arrays", "np.sqrt(len(difference))",
         "torch.sqrt(difference)"),
    ],
}

ALSO_RIGHT = {
    "floor of PCA": ["""
def answer(eigenvalues, k):
    return float(sum(eigenvalues[k:])) / eigenvalues.size
""", """
def answer(eigenvalues, k):  # the whole less what is kept
    return eigenvalues.mean() - eigenvalues[:k].sum() / len(eigenvalues)
""", """
def answer(eigenvalues, k):
    e = torch.tensor(eigenvalues, dtype=torch.float32)
    return e[k:].sum() / len(e)
"""],
    "share of the excess": ["""
def answer(before, after, floor):
    return 1 - (after - floor) / (before - floor)
""", """
def answer(before, after, floor):
    return (after - before) / (floor - before)
"""],
    "paired difference": ["""
def answer(a, b):  # PyTorch divides by n - 1
    d = torch.tensor(a - b, dtype=torch.float32)
    return d.mean(), d.std() / len(d) ** 0.5
""", """
def answer(a, b):
    return a.mean() - b.mean(), np.std(a - b) / np.sqrt(a.size)
""", """
def answer(a, b):
    from scipy.stats import sem
    return [np.mean(a - b), sem(a - b)]
"""],
}


class TestExercises(ExerciseTests):
    topics = ["undercomplete_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
