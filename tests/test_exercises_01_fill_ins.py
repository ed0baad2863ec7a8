"""The lines to fill in of lesson 01: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "share kept": """
def answer(x, rebuilt, mean):
    lost = ((x - rebuilt) ** 2).mean()
    variance = ((x - mean) ** 2).mean()
    return 1 - lost / variance
""",
    "one layer down": """
def answer(delta, W, H):
    slope = 1 - H**2
    return (delta @ W.T) * slope
""",
    "slope by finite differences": """
def answer(f, x, h):
    rise = f(x + h) - f(x - h)
    return rise / (2 * h)
""",
}

WRONG = {
    "share kept": [
        ("This is the share that is lost", "1 - lost / variance", "lost / variance"),
        ("The fraction is upside down", "lost / variance", "variance / lost"),
        ("The fraction is upside down", "1 - lost / variance", "variance / lost"),
        ("The variance is taken around the rows' own", "((x - mean) ** 2).mean()", "x.var()"),
        ("The variance is taken around the rows' own", "((x - mean) ** 2).mean()",
         "np.var(x, axis=0).mean()"),
        ("The variance is taken around the rows' own", "((x - mean) ** 2).mean()",
         "x.var(0, ddof=1).mean()"),
        ("The method var() subtracts a mean of its own",
         "((x - mean) ** 2).mean()", "(x - mean).var()"),
        ("The variance is measured on the reconstruction", "(x - mean)", "(rebuilt - mean)"),
        ("The square is missing", "((x - mean) ** 2)", "(x - mean)"),
        ("The square is missing", "((x - mean) ** 2)", "abs(x - mean)"),
        ("The mean is not subtracted", "x - mean", "x"),
        ("The variance is a sum", "((x - mean) ** 2).mean()", "((x - mean) ** 2).sum()"),
        ("The variance is a sum", "((x - mean) ** 2).mean()", "((x - mean) ** 2).sum() / len(x)"),
        ("This is the difference of the two", "1 - lost / variance", "variance - lost"),
        ("The error is not divided", "1 - lost / variance", "1 - lost"),
        ("This is how much the reconstructions vary", "1 - lost / variance",
         "((rebuilt - mean) ** 2).mean() / variance"),
        ("The errors are divided entry by entry", "return 1 - lost / variance",
         "return 1 - ((x - rebuilt) ** 2 / (x - mean) ** 2).mean()"),
        ("This is a correlation", "1 - lost / variance",
         "np.corrcoef(x.flatten(), rebuilt.flatten())[0, 1]"),
        ("There is still a number for each", "((x - rebuilt) ** 2).mean()",
         "((x - rebuilt) ** 2).mean(0)", "((x - mean) ** 2).mean()", "((x - mean) ** 2).mean(0)"),
        ("The share is taken column by column", "((x - rebuilt) ** 2).mean()",
         "((x - rebuilt) ** 2).mean(0)", "((x - mean) ** 2).mean()", "((x - mean) ** 2).mean(0)",
         "lost / variance", "(lost / variance).mean()"),
        ("This is the share of the standard", "lost / variance", "np.sqrt(lost / variance)"),
        ("This is the share of the standard", "((x - mean) ** 2).mean()",
         "((x - mean) ** 2).mean() ** 0.5"),
    ],
    "one layer down": [
        ("The slope of tanh is missing", "(delta @ W.T) * slope", "delta @ W.T"),
        ("The slope has lost its square", "1 - H**2", "1 - H"),
        ("The slope is that of the sigmoid", "1 - H**2", "H * (1 - H)"),
        ("Tanh is applied once more", "1 - H**2", "1 - np.tanh(H) ** 2"),
        ("Only the square of H", "1 - H**2", "H**2"),
        ("The sign of the slope", "1 - H**2", "H**2 - 1"),
        ("The slope is averaged over", "1 - H**2", "(1 - H**2).mean(0)"),
        ("The slope is that of a ReLU", "1 - H**2", "np.where(H > 0, 1, 0)"),
        ("The units themselves", "1 - H**2", "H"),
        ("This is the gradient of the weights", "(delta @ W.T) * slope", "H.T @ delta"),
    ],
    "slope by finite differences": [
        ("The step goes to one side", "f(x - h)", "f(x)", "(2 * h)", "h"),
        ("The step goes to one side", "f(x - h)", "f(x)"),
        ("The step goes to one side", "f(x + h)", "f(x)", "(2 * h)", "h"),
        ("The two points lie 2h apart", "(2 * h)", "h"),
        ("The difference is not divided", "rise / (2 * h)", "rise"),
        ("The difference is not divided", "(2 * h)", "2"),
        ("Brackets are missing: / 2 * h", "(2 * h)", "2 * h"),
        ("Brackets are missing: only", "f(x - h)\n", "f(x - h) / (2 * h)\n", "rise / (2 * h)",
         "rise"),
        ("Brackets are missing: only", "f(x - h)\n", "f(x - h) / 2 * h\n", "rise / (2 * h)",
         "rise"),
        ("The sign is reversed", "f(x + h) - f(x - h)", "f(x - h) - f(x + h)"),
        ("The step is not the one", "    rise", "    h = 1e-5\n    rise"),
        ("The two values are added", "f(x + h) - f", "f(x + h) + f"),
        ("This is the second derivative", "f(x - h)", "2 * f(x) + f(x - h)", "(2 * h)", "h**2"),
    ],
}

RAISING = {
    "share kept": [
        ("The check passes NumPy arrays", "((x - mean) ** 2).mean()",
         "torch.nn.functional.mse_loss(x, mean)"),
        ("The check passes NumPy arrays", "((x - mean) ** 2).mean()",
         "((x - mean) ** 2).mean(dim=0).mean()"),
        ("The check passes NumPy arrays", "((x - mean) ** 2).mean()",
         "(x - mean).square().mean()"),
        ("The check passes NumPy arrays", "((x - mean) ** 2).mean()",
         "((x - mean) ** 2).sum() / x.size(0)"),
    ],
    "one layer down": [
        ("Write down the shapes", "W.T", "W"),
        ("Write down the shapes", "delta @ W.T", "W.T @ delta"),
        ("Write down the shapes", "(delta @ W.T) * slope", "(delta @ W.T) @ slope"),
        ("Write down the shapes", "(delta @ W.T) * slope", "(delta * slope) @ W.T"),
        ("Write down the shapes", "(delta @ W.T) * slope", "delta @ (W.T * slope)"),
        ("Write down the shapes", "H**2", "H.T @ H"),
        ("Write down the shapes", "H**2", "H @ H"),
        ("The check passes NumPy arrays", "delta @ W.T", "torch.matmul(delta, W.T)"),
        ("The check passes NumPy arrays", "H**2", "H.square()"),
    ],
}

ALSO_RIGHT = {
    "share kept": ["""
def answer(x, rebuilt, mean):  # sums, whose counts cancel
    return 1 - np.sum((x - rebuilt) ** 2) / np.sum((x - mean) ** 2)
""", """
def answer(x, rebuilt, mean):
    x, rebuilt, mean = (torch.tensor(a, dtype=torch.float32) for a in (x, rebuilt, mean))
    lost = torch.nn.functional.mse_loss(rebuilt, x)
    return 1 - lost / torch.nn.functional.mse_loss(mean.expand_as(x), x)
"""],
    "one layer down": ["""
def answer(delta, W, H):
    return np.einsum("nj,ij->ni", delta, W) * (1 - H) * (1 + H)
""", """
def answer(delta, W, H):  # autograd
    A = torch.atanh(torch.tensor(H)).requires_grad_()
    above = torch.tanh(A) @ torch.tensor(W)
    return torch.autograd.grad(above, A, torch.tensor(delta))[0]
"""],
    "slope by finite differences": ["""
def answer(f, x, h):
    ahead, behind = f(x + h), f(x - h)
    return 0.5 * (ahead - behind) / h
"""],
}


class TestExercises(ExerciseTests):
    topics = ["basics_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
