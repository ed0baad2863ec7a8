"""The lines to fill in of lesson 10: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "codes between": """
def answer(a, b, steps):
    t = torch.linspace(0, 1, steps).reshape(-1, 1)
    return a + t * (b - a)
""",
    "best axis and all": """
def answer(c):
    squares = c ** 2
    return squares.max(), squares.sum()
""",
    "overlap of neighbourhoods": """
def answer(near_a, near_b):
    same = near_a[:, :, None] == near_b[:, None, :]
    return same.any(dim=2).float().mean()
""",
}

ALSO_RIGHT = {
    "codes between": ["""
def answer(a, b, steps):
    return torch.stack([torch.lerp(a, b, i / (steps - 1)) for i in range(steps)])
""", """
def answer(a, b, steps):
    return np.linspace(a, b, steps)
"""],
    "best axis and all": ["""
def answer(c):
    return c.abs().max() ** 2, c @ c
""", """
def answer(c):
    return max(float(v) ** 2 for v in c), float(c.norm()) ** 2
"""],
    "overlap of neighbourhoods": ["""
def answer(near_a, near_b):
    k = near_a.shape[1]
    return np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(near_a, near_b)])
""", """
def answer(near_a, near_b):
    same = near_a[:, :, None] == near_b[:, None, :]
    return same.sum() / near_a.numel()
"""],
}

WAY = "a + t * (b - a)"
T = "torch.linspace(0, 1, steps).reshape(-1, 1)"
BOTH = "squares.max(), squares.sum()"
SHARE = "same.any(dim=2).float().mean()"

WRONG = {
    "codes between": [
        ("The way is walked backwards", WAY, "b + t * (a - b)"),
        ("One step is missing", T, "(torch.arange(steps) / steps).reshape(-1, 1)"),
        ("Both ends are missing", T, "torch.linspace(0, 1, steps + 2)[1:-1].reshape(-1, 1)"),
        ("Both ends are missing", T, "((torch.arange(steps) + 0.5) / steps).reshape(-1, 1)"),
        ("The start a is missing", T, "((torch.arange(steps) + 1) / steps).reshape(-1, 1)"),
        ("There is one code too many", "1, steps)", "1, steps + 1)"),
        ("The difference is added to b", WAY, "b + t * (b - a)"),
        ("The whole of a stays", WAY, "a + t * b"),
        ("This is an arc", WAY, "(torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) "
         "/ torch.sin(w)", "    t =", "    w = torch.arccos(a @ b / a.norm() / b.norm())\n    t ="),
        ("Rows and columns are exchanged", WAY, f"({WAY}).T"),
        ("The ends are right", T, f"{T} ** 2"),
        ("The ends are right", T, "((1 - torch.cos(torch.pi * torch.linspace(0, 1, steps))) / 2)"
         ".reshape(-1, 1)"),
        ("Only the two ends", WAY, "torch.stack([a, b])"),
        ("The share of the way does not stop", T, "torch.arange(steps).reshape(-1, 1)"),
        ("The way leads away", WAY, "a + t * (a - b)"),
        ("The start is left out", WAY, "t * (b - a)"),
    ],
    "best axis and all": [
        ("The largest correlation is taken", "squares.max()", "c.max() ** 2"),
        ("These are correlations", BOTH, "c.abs().max(), squares.sum()"),
        ("These are correlations", BOTH, "c.max(), squares.sum()"),
        ("These are correlations", BOTH, "c.max(), c.sum()"),
        ("The best axis is right", "squares.sum()", "squares.mean()"),
        ("The best axis is right", "squares.sum()", "c.sum() ** 2"),
        ("The best axis is right", "squares.sum()", "1.0"),
        ("All together is the length", "squares.sum()", "c.norm()"),
        ("The two are exchanged", BOTH, "squares.sum(), squares.max()"),
        ("This says which axis", "squares.max()", "squares.argmax()"),
        ("The share of the best axis is divided", BOTH,
         "squares.max() / squares.sum(), squares.sum()"),
        ("This is the *worst*", "squares.max()", "squares.min()"),
        ("This is what is *not*", BOTH, "1 - squares.max(), 1 - squares.sum()"),
        ("The second share is what", "squares.sum()", "squares.sum() - squares.max()"),
        ("These are the squares of all", BOTH, "squares, squares.sum()"),
    ],
    "overlap of neighbourhoods": [
        ("The mean runs over all pairs", SHARE, "same.float().mean()"),
        ("Only neighbours of the same rank", SHARE, "(near_a == near_b).float().mean()"),
        ("This asks for a neighbour that equals", "any", "all"),
        ("This counts points that share", SHARE, "same.any(2).any(1).float().mean()"),
        ("This counts points whose", SHARE, "same.any(2).all(1).float().mean()"),
        ("This is a number of neighbours", SHARE, "same.any(2).sum(1).float().mean()"),
        ("This is a count over all", SHARE, "same.sum()"),
        ("The common neighbours are divided", SHARE,
         "(same.sum((1, 2)) / (2 * near_a.shape[1] - same.sum((1, 2)))).mean()"),
        ("The common neighbours are divided", SHARE,
         "same.sum() / (2 * near_a.numel() - same.sum())"),
        ("Sorted, the rows", SHARE,
         "(near_a.sort(1).values == near_b.sort(1).values).float().mean()"),
        ("Only one neighbour of each", SHARE, "same[:, 0].any(1).float().mean()"),
        ("Only one neighbour of each", SHARE, "same[:, :, 0].any(1).float().mean()"),
        ("This is one share for each", ".mean()", ".mean(1)"),
        ("This is the share of neighbours that are *not*", SHARE, f"1 - {SHARE}"),
        ("Still a table", SHARE, "same.any(dim=2)"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["latent_spaces_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong = RIGHT, ALSO_RIGHT, WRONG
