"""The lines to fill in of lesson 03: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "floor behind a sigmoid": """
def answer(x):
    best = x.clamp(0, 1)
    return (x - best).square().mean()
""",
    "R² by column": """
def answer(x, copy):
    error = (copy - x).square().mean(0)
    variance = x.var(0, correction=0)
    return 1 - error / variance
""",
    "AUROC by counting": """
def answer(rainy, dry):
    pairs = rainy[:, None] > dry
    return pairs.mean()
""",
}

WRONG = {
    "floor behind a sigmoid": [
        ("This is the sigmoid of the values", "x.clamp(0, 1)", "torch.sigmoid(x)"),
        ("This is the best single number", "x.clamp(0, 1)", "x.mean()"),
        ("This is the best single number", "x.clamp(0, 1)", "x.mean(0)"),
        ("This is the best single number", "x.clamp(0, 1)", "x.mean(0).clamp(0, 1)"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "0"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "x.clamp(1, 0)"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "1"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "x.median()"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "x.clamp(0, 1).mean()"),
        ("Every entry gets the same output", "x.clamp(0, 1)", "x.clamp(0, 1).mean(0)"),
        ("The sign is dropped", "x.clamp(0, 1)", "x.abs().clamp(0, 1)"),
        ("The mean runs over the values", "best).square()", "best)[x != best].square()"),
        ("This is what an untrained sigmoid says", "x.clamp(0, 1)", "0.5"),
        ("Only the lower end", "x.clamp(0, 1)", "torch.relu(x)"),
        ("Only the upper end", "x.clamp(0, 1)", "x.clamp(max=1)"),
        ("This is the range of a tanh", "x.clamp(0, 1)", "x.clamp(-1, 1)"),
        ("Every output is 0 or 1", "x.clamp(0, 1)", "(x > 0.5).float()"),
        ("Every output is 0 or 1", "x.clamp(0, 1)", "(x >= 0) * 1.0"),
        ("The values are rescaled", "x.clamp(0, 1)", "(x - x.min()) / (x.max() - x.min())"),
        ("The values are rescaled", "x.clamp(0, 1)",
         "(x - x.min(0).values) / (x.max(0).values - x.min(0).values)"),
        ("This is the tanh", "x.clamp(0, 1)", "x.tanh()"),
        ("One end stands at one half", "x.clamp(0, 1)", "x.clamp(0.5, 1)"),
        ("One end stands at one half", "x.clamp(0, 1)", "x.clamp(0, 0.5)"),
        ("The square is missing", "square()", "abs()"),
        ("The square is missing", ".square()", ""),
        ("This is a sum", ".mean()", ".sum()"),
        ("This is the root", "mean()", "mean().sqrt()"),
        ("This is the share of the values", "(x - best).square()", "(x != best).double()"),
        ("Nothing is confined", "x.clamp(0, 1)", "x"),
    ],
    "R² by column": [
        ("The variance divides by N − 1", ", correction=0", ""),
        ("All columns share one variance", "x.var(0, correction=0)", "x.var()"),
        ("All columns share one variance", "x.var(0, correction=0)", "x.var(correction=0)"),
        ("All columns share one variance", "x.var(0, correction=0)", "x.var(0).mean()"),
        ("The variance is taken around the mean of the whole", "x.var(0, correction=0)",
         "((x - x.mean()) ** 2).mean(0)"),
        ("The variance is taken around the mean of the copy", "x.var(0, correction=0)",
         "((x - copy.mean(0)) ** 2).mean(0)"),
        ("This is the variance minus", "1 - error / variance", "variance - error"),
        ("The error is a sum", ".mean(0)", ".sum(0)", ", correction=0", ""),
        ("Roots are taken", "1 - error / variance", "1 - error.sqrt() / x.std(0)"),
        ("All columns share one error", ".mean(0)", ".mean()"),
        ("There is one value for the whole table", ".mean(0)", ".mean()", "0, correction=0", ""),
        ("There is one value for the whole table", "1 - error / variance",
         "(1 - error / variance).mean()"),
        ("There is one value for each row", ".mean(0)", ".mean(1)", ".var(0", ".var(1"),
        ("The variance is that of the copy", "x.var", "copy.var"),
        ("The standard deviation stands", "x.var", "x.std"),
        ("The standard deviation stands", "x.var(0, correction=0)", "x.std(0)"),
        ("The square of the error", "square()", "abs()"),
        ("The square of the error", ".square()", ""),
        ("The error is a sum", ".mean(0)", ".sum(0)"),
        ("The mean is not subtracted", "x.var(0, correction=0)", "(x**2).mean(0)"),
        ("This is the share that is lost", "1 - error / variance", "error / variance"),
        ("This is the error.", "1 - error / variance", "error"),
        ("The error is not divided", "error / variance", "error"),
        ("The fraction is upside down", "error / variance", "variance / error"),
        ("The mean is taken before the square", "square().mean(0)", "mean(0) ** 2"),
        ("The error is a variance", "(copy - x).square().mean(0)", "(copy - x).var(0)"),
        ("The error is a variance", "(copy - x).square().mean(0)",
         "(copy - x).var(0, correction=0)"),
        ("This compares the spread", "1 - error / variance", "copy.var(0) / x.var(0)"),
        ("Roots are taken", "error / variance", "error.sqrt() / variance.sqrt()"),
        ("This is the correlation", "return 1 - error / variance", """
    return torch.stack([torch.corrcoef(torch.stack([a, b]))[0, 1]
                        for a, b in zip(x.T, copy.T)])"""),
        ("This is the squared correlation", "return 1 - error / variance", """
    return torch.stack([torch.corrcoef(torch.stack([a, b]))[0, 1] ** 2
                        for a, b in zip(x.T, copy.T)])"""),
    ],
    "AUROC by counting": [
        ("This is the share of pairs that are ranked wrongly", ">", "<"),
        ("A share below one half", "pairs.mean()", "max(pairs.mean(), 1 - pairs.mean())"),
        ("Only the first rainy day", "return pairs.mean()", """
    for r in rainy:
        return (r > dry).mean()"""),
        ("The pairs in the right order are divided", "pairs.mean()",
         "pairs.sum() / (~pairs).sum()"),
        ("Day i is paired", "pairs.mean()",
         "sum(a > b for a, b in zip(rainy, dry)) / len(rainy)"),
        ("A rainy day counts as soon", "pairs.mean()", "pairs.any(axis=1).mean()"),
        ("A rainy day counts only", "pairs.mean()", "pairs.all(axis=1).mean()"),
        ("This is the accuracy", "return pairs.mean()",
         "return ((rainy > 0.5).mean() + (dry <= 0.5).mean()) / 2"),
        ("The means are compared", "rainy[:, None] > dry", "rainy.mean() > dry.mean()"),
        ("Each rainy day is compared", "rainy[:, None] > dry", "rainy > dry.mean()"),
        ("Each rainy day is compared", "rainy[:, None] > dry", "rainy > np.median(dry)"),
        ("The mean of the rainy days", "rainy[:, None] > dry", "rainy.mean() > dry"),
        ("This is the mean difference", "> dry", "- dry"),
        ("The pairs are counted", "mean()", "sum()"),
        ("The count is divided by the rainy", "pairs.mean()", "pairs.sum() / len(rainy)"),
        ("The count is divided by the dry", "pairs.mean()", "pairs.sum() / len(dry)"),
        ("The count is divided by the number of days", "pairs.mean()",
         "pairs.sum() / (len(rainy) + len(dry))"),
        ("Day i is paired", "rainy[:, None] > dry",
         "np.array([a > b for a, b in zip(rainy, dry)])"),
        ("A rainy day counts only", "rainy[:, None] > dry", "rainy > dry.max()"),
        ("A dry day counts only", "rainy[:, None] > dry", "rainy.min() > dry"),
        ("This is the share of rainy days", "rainy[:, None] > dry", "rainy > 0.5"),
        ("This is twice the AUROC", "pairs.mean()", "2 * pairs.mean() - 1"),
        ("This is twice the AUROC", "pairs.mean()", "np.sign(rainy[:, None] - dry).mean()"),
        ("There is a value for each day", "mean()", "mean(0)"),
        ("There is a value for each day", "mean()", "mean(axis=1)"),
        ("This is the accuracy", "rainy[:, None] > dry",
         "np.concatenate([rainy > 0.5, dry <= 0.5])"),
    ],
}

RAISING = {
    "floor behind a sigmoid": [
        ("The check passes tensors", "x.clamp(0, 1)", "x.clip(a_min=0, a_max=1)"),
    ],
    "AUROC by counting": [
        ("There are fewer of one kind", "rainy[:, None]", "rainy"),
    ],
}

ALSO_RIGHT = {
    "floor behind a sigmoid": ["""
def answer(x):  # how far each entry is outside
    outside = torch.relu(-x) + torch.relu(x - 1)
    return (outside**2).mean()
""", """
def answer(x):
    x = x.float().numpy()
    return np.mean((x - np.clip(x, 0, 1)) ** 2)
"""],
    "R² by column": ["""
def answer(x, copy):
    from sklearn.metrics import r2_score
    return r2_score(x, copy, multioutput="raw_values")
""", """
def answer(x, copy):  # sums, whose counts cancel
    return 1 - ((copy - x) ** 2).sum(0) / ((x - x.mean(0)) ** 2).sum(0)
"""],
    "AUROC by counting": ["""
def answer(rainy, dry):
    return sum(a > b for a in rainy for b in dry) / (len(rainy) * len(dry))
""", """
def answer(rainy, dry):
    from sklearn.metrics import roc_auc_score
    truth = np.r_[np.ones(len(rainy)), np.zeros(len(dry))]
    return roc_auc_score(truth, np.r_[rainy, dry])
"""],
}


class TestExercises(ExerciseTests):
    topics = ["tables_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
