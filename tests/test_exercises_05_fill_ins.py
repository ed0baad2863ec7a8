"""The lines to fill in of lesson 05: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests

from aecourse.exercises import catalogue
from aecourse.exercises.answers import without_gradient

RIGHT = {
    "dead units": """
def answer(codes):
    dead = (codes == 0).all(dim=0)
    return dead.sum()
""",
    "L1 penalty": """
def answer(code, weight):
    return weight * code.abs().sum(1)
""",
    "cosines": """
def answer(columns, directions):
    unit = columns / columns.norm(dim=0)
    return directions @ unit
""",
}

ALSO_RIGHT = {
    "dead units": ["""
def answer(codes):
    return codes.shape[1] - int((codes != 0).any(0).sum())
""", """
def answer(codes):
    return sum(bool((column == 0).all()) for column in codes.T)
""", """
def answer(codes):
    return (codes.abs().amax(0) == 0).sum().item()
""", """
def answer(codes):
    return np.sum(np.all(codes.numpy() == 0, axis=0))
"""],
    "L1 penalty": ["""
def answer(code, weight):
    return weight * code.norm(p=1, dim=1)
""", """
def answer(code, weight):
    return (weight * torch.abs(code)).sum(dim=-1)
"""],
    "cosines": ["""
def answer(columns, directions):
    return directions @ F.normalize(columns, dim=0)
""", """
def answer(columns, directions):
    return (directions @ columns) / columns.norm(dim=0)
""", """
def answer(columns, directions):
    return F.cosine_similarity(directions[:, None], columns.T[None], dim=2)
""", """
def answer(columns, directions):
    return torch.stack([directions @ c / c.norm() for c in columns.T], dim=1)
"""],
}

WRONG = {
    "dead units": [
        ("This counts zeros", ".all(dim=0)", ""),
        ("This counts zeros", ".all(dim=0)", "", "dead.sum()", "dead.double().sum(1).mean()"),
        ("This counts units that are zero for some", "all(", "any("),
        ("The axes are exchanged", "dim=0", "dim=1"),
        ("The axes are exchanged", "dim=0", "dim=1", "dead.sum()", "dead"),
        ("These are the living units", "(codes == 0).all", "(codes != 0).any"),
        ("These are the living units", "dead.sum()", "(~dead).sum()"),
        ("These are the units that are on for every", "==", "!="),
        ("A column adds up to 0", "(codes == 0).all(dim=0)", "codes.sum(0).abs() < 1e-12"),
        ("A column adds up to 0", "(codes == 0).all(dim=0)", "codes.mean(0) == 0"),
        ("A unit that is never positive", "codes == 0", "codes <= 0"),
        ("A unit that is never positive", "(codes == 0).all(dim=0)", "codes.max(0).values == 0"),
        ("A very small number", "(codes == 0)", "(codes.abs() < 1e-3)"),
        ("A unit that never changes", "(codes == 0).all(dim=0)", "codes.std(0) < 1e-12"),
        ("Only one example", "(codes == 0).all(dim=0)", "codes[0] == 0"),
        ("A unit that is silent most", "(codes == 0).all(dim=0)",
         "(codes == 0).double().mean(0) > 0.5"),
        ("This says for each unit", ".sum()", ""),
        ("This is a share", ".sum()", ".float().mean()"),
    ],
    "L1 penalty": [
        ("This is a mean over the units", "sum(1)", "mean(1)"),
        ("The sum runs over the wrong axis", "sum(1)", "sum(0)"),
        ("One number for the whole batch", "sum(1)", "sum()"),
        ("One number for the whole batch", "sum(1)", "mean()"),
        ("One number for the whole batch", "sum(1)", "sum(1).mean()"),
        ("The absolute value is missing", ".abs()", ""),
        ("The absolute value is missing", ".abs()", ".relu()"),
        ("The absolute value is missing", ".abs().sum(1)", ".sum(1).abs()"),
        ("This is a squared penalty", ".abs()", ".square()"),
        ("This is the length of the code", ".abs().sum(1)", ".norm(dim=1)"),
        ("This is the length of the code", ".abs().sum(1)", ".square().sum(1).sqrt()"),
        ("The values are right, but the result cannot be trained", "code.abs()",
         "code.detach().abs()"),
        ("The values are right, but the result cannot be trained", "code.abs()",
         "torch.tensor(code.tolist()).double().abs()"),
        ("This counts the active units", "code.abs()", "(code != 0).double()"),
        ("Only the largest unit", "sum(1)", "max(1).values"),
        ("The sum is squared", "sum(1)", "sum(1) ** 2"),
        ("Only the signs", "abs()", "sign()"),
        ("The weight is applied", "weight * code.abs()", "(code.abs() - weight)"),
        ("The weight is missing", "weight * ", ""),
        ("The weight is applied", "weight * code.abs().sum(1)", "code.abs().sum(1) / weight"),
        ("The weight is applied", "weight *", "weight +"),
        ("The units are not added up", ".sum(1)", ""),
        ("The sign is reversed", "weight *", "-weight *"),
    ],
    "cosines": [
        ("These are inner products", "columns / columns.norm(dim=0)", "columns"),
        ("These are inner products", "columns / columns.norm(dim=0)", "columns",
         "directions @ unit", "unit.T @ directions.T"),
        ("Rows are scaled", "dim=0", "dim=1, keepdim=True"),
        ("Rows are scaled", "columns / columns.norm(dim=0)", "F.normalize(columns)"),
        ("All columns are divided by one", "dim=0", ""),
        ("The products are scaled", "columns / columns.norm(dim=0)", "columns",
         "directions @ unit", "F.normalize(directions @ unit, dim=1)"),
        ("This is a correlation", "columns / col", "(columns - columns.mean(0)) / col"),
        ("The square root is missing", "columns.norm(dim=0)", "columns.square().sum(0)"),
        ("The columns are multiplied", "columns / ", "columns * "),
        ("The columns are divided by sums", "columns.norm(dim=0)", "columns.abs().sum(0)"),
        ("The columns are divided by sums", "columns.norm(dim=0)", "columns.abs().max(0).values"),
        ("Rows and columns of the result", "directions @ unit", "unit.T @ directions.T"),
        ("The sign is gone", "directions @ unit", "(directions @ unit).abs()"),
        ("The sign is gone", "directions @ unit", "(directions @ unit) ** 2"),
        ("This is an angle", "directions @ unit", "torch.acos((directions @ unit).clamp(-1, 1))"),
        ("This is the best cosine", "directions @ unit", "(directions @ unit).max(1).values"),
        ("This is one minus", "directions @ unit", "1 - directions @ unit"),
    ],
}

RAISING = {}


class TestExercises(ExerciseTests):
    topics = ["sparse_fill_ins"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def messages(self, name):
        untrainable = without_gradient(torch.zeros(1), ("the result",))
        more = [f"The values are right, but {untrainable}"] * catalogue()[name].trainable
        return [*super().messages(name), *more]
