"""Exercises of lesson 06: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions; see ``test_exercises_01_03.py``.
"""

import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "contraction": """
def answer(h, W):
    slope = 1 - h ** 2
    squared = slope ** 2
    norms = (W ** 2).sum(dim=1)
    return (squared * norms).sum(dim=1)
""",
    "Hutchinson": """
def answer(encode, x, probes):
    total = 0
    for v in probes:
        z = x.clone().requires_grad_()
        code = encode(z)
        g, = torch.autograd.grad(code, z, v)
        total = total + (g ** 2).sum(dim=1)
    return total / len(probes)
""",
    "relative displacement": """
def answer(clean, moved):
    step = ((moved - clean) ** 2).sum(dim=1).mean()
    centred = clean - clean.mean(dim=0)
    spread = (centred ** 2).sum(dim=1).mean()
    return torch.sqrt(step / spread)
""",
}

WRONG = {
    "contraction": [
        ("The slope 1 − h² is not squared", "slope ** 2", "slope"),
        ("The weights are not squared", "W ** 2", "W"),
        ("The weights are not squared", "(W ** 2).sum(dim=1)", "W.norm(dim=1)"),
        ("The weights are not squared", "W ** 2", "W.abs()"),
        ("Neither slopes nor weights are", "slope ** 2", "slope", "W ** 2", "W"),
        ("This is the norm itself", "(squared * norms).sum(dim=1)",
         "torch.sqrt((squared * norms).sum(dim=1))"),
        ("The weights are summed before", "(W ** 2).sum(dim=1)", "W.sum(dim=1) ** 2"),
        ("The units are added up before", "return", "return ((slope @ W) ** 2).sum(1) #"),
        ("The lengths of the units' gradients", "return",
         "return (slope * W.norm(dim=1)).sum(1) #"),
        ("The lengths of the units' gradients", "return",
         "return (slope * W.norm(dim=1)).sum(1) ** 2 #"),
        ("The slope of the sigmoid", "1 - h ** 2", "h * (1 - h)"),
        ("The tanh is applied to codes", "slope =", "h = torch.tanh(h)\n    slope ="),
        ("The slope of tanh is 1 − h², and", "slope ** 2", "1 - h ** 4"),
        ("The slope of tanh is 1 − h², and", "1 - h ** 2", "1 - h"),
        ("The slope of tanh is 1 − h², and", "slope ** 2", "h ** 2"),
        ("The slope of tanh is 1 − h², and", "1 - h ** 2", "h ** 2"),
        ("Slopes and weights are summed separately", "return",
         "return squared.sum(1) * (W ** 2).sum() #"),
        ("The slopes are averaged over the batch", "slope ** 2",
         "(slope.mean(0) ** 2).expand(h.shape)"),
        ("The slopes are averaged over the batch", "(squared * norms).sum(dim=1)",
         "((squared.mean(0) * norms).sum()).expand(len(h))"),
        ("The slopes are missing", "slope ** 2", "torch.ones_like(h)"),
        ("The weights are missing", "squared * norms", "squared"),
        ("The entries are averaged", "(W ** 2).sum", "(W ** 2).mean"),
        ("The entries are averaged", "norms).sum", "norms).mean"),
        ("The examples are averaged", "norms).sum(dim=1)", "norms).sum(dim=1).mean()"),
        ("The examples are averaged", "norms).sum(dim=1)", "norms).sum()"),
        ("There is one number for each unit", "(squared * norms).sum(dim=1)", "squared * norms"),
        ("There is one number for each input", "(squared * norms).sum(dim=1)",
         "squared @ (W ** 2)"),
        ("The sum runs over the wrong axis", "(W ** 2).sum(dim=1)",
         "(W ** 2).sum(dim=0)\n    norms = torch.cat([norms] * 3)[:h.shape[1]]"),
    ],
    "Hutchinson": [
        ("The mean is taken over the inputs", "(g ** 2).sum", "(g ** 2).mean"),
        ("The estimates of the probes are added", "total / len(probes)", "total"),
        ("Inputs and probes are treated", "(g ** 2).sum", "(g ** 2).mean",
         "total / len(probes)", "total"),
        ("One v is shared", "z, v)", "z, v[0].expand_as(v))"),
        ("One v is shared", "z, v)", "z, v[-1].expand_as(v))"),
        ("Only the first probe counts", "z, v)", "z, probes[0])"),
        ("Only the first probe counts", "total = total +", "return"),
        ("Only the first probe counts", "in probes", "in probes[:1]", " / len(probes)", ""),
        ("Only the last probe", "total = total +", "total =", " / len(probes)", ""),
        ("Only the last probe", "total = total +", "total ="),
        ("The probes are added up or averaged", "in probes", "in [probes.sum(0)]"),
        ("The probes are added up or averaged", "in probes", "in [probes.mean(0)]",
         " / len(probes)", ""),
        ("The length of Jᵀv is not squared", "(g ** 2).sum(dim=1)", "g.norm(dim=1)"),
        ("The length of Jᵀv is not squared", "(g ** 2).sum(dim=1)", "g.norm(dim=1)",
         "total / len(probes)", "(total / len(probes)) ** 2"),
        ("This is the exact norm", "return", "J = torch.func.vmap(torch.func.jacrev("
         "lambda o: encode(o[None])[0]))(x)\n    return (J ** 2).sum((1, 2)) #"),
        ("The gradients pile up", "total = 0", "total, z = 0, x.clone().requires_grad_()",
         "        z = x.clone().requires_grad_()\n", "",
         "g, = torch.autograd.grad(code, z, v)", "(code * v).sum().backward(); g = z.grad"),
        ("The gradient of a mean", "code, z, v", "(code * v).mean(), z"),
        ("The gradient of a mean", "code, z, v", "(code * v).mean(1).sum(), z"),
        ("The root is taken", "total / len(probes)", "torch.sqrt(total / len(probes))"),
        ("The entries of Jᵀv are added up without", "g ** 2", "g"),
        ("The entries of Jᵀv are added up without", "g ** 2", "g.abs()"),
        ("The entries of Jᵀv are added up before", "(g ** 2).sum(dim=1)", "g.sum(dim=1) ** 2"),
        ("The probes are not used", "code, z, v", "code.sum(), z"),
        ("The result is divided by the number of units", "len(probes)",
         "len(probes) / probes.shape[-1]"),
        ("The examples are averaged", "(g ** 2).sum(dim=1)", "(g ** 2).sum(dim=1).mean()"),
        ("The examples are averaged", "(g ** 2).sum(dim=1)", "(g ** 2).sum()"),
        ("There is one number for each probe", "total = 0", "total = []",
         "total = total + (g ** 2).sum(dim=1)", "total.append((g ** 2).sum(dim=1))",
         "total / len(probes)", "torch.stack(total)"),
        ("There is one number for each input", "(g ** 2).sum(dim=1)", "(g ** 2)"),
    ],
    "relative displacement": [
        ("The displacement is divided by the length", "clean - clean.mean(dim=0)", "clean"),
        ("The displacement is divided by the length", "return",
         "return (moved - clean).norm() / clean.norm() #"),
        ("The displacement is not divided", "step / spread", "step"),
        ("The displacement is not divided", "torch.sqrt(step / spread)", "step"),
        ("The root is missing", "torch.sqrt(step / spread)", "step / spread"),
        ("A squared distance is divided", "torch.sqrt(step / spread)", "step / spread ** 0.5"),
        ("A squared distance is divided", "torch.sqrt(step / spread)", "step ** 0.5 / spread"),
        ("The spread is that of all numbers", "clean.mean(dim=0)", "clean.mean()"),
        ("One side is summed over units", "(centred ** 2).sum(dim=1).mean()",
         "(centred ** 2).mean()"),
        ("One side is summed over units", "((moved - clean) ** 2).sum(dim=1).mean()",
         "((moved - clean) ** 2).mean()"),
        ("The spread is taken from the noisy", "clean - clean.mean(dim=0)",
         "moved - moved.mean(dim=0)"),
        ("The ratio is taken unit by unit", ".sum(dim=1).mean()", ".mean(dim=0)",
         "torch.sqrt(step / spread)", "torch.sqrt((step / spread).mean())"),
        ("The ratio is taken unit by unit", "return", "return "
         "(((moved - clean) ** 2).mean(0).sqrt() / clean.std(0)).mean() #"),
        ("The standard deviations", "torch.sqrt(step / spread)",
         "torch.sqrt(step) / clean.std(dim=0).sum()"),
        ("The lengths are averaged", "torch.sqrt(step / spread)",
         "(moved - clean).norm(dim=1).mean() / spread.sqrt()"),
        ("The mean displacement is squared", "((moved - clean) ** 2).sum(dim=1).mean()",
         "((moved - clean).mean(0) ** 2).sum()"),
        ("The variance of the displacement", "step =", "step = (moved - clean).var(0, "
         "correction=0).sum() #"),
        ("The ratio is upside down", "step / spread", "spread / step"),
        ("The lengths are averaged", "return", "return (moved - clean).norm(dim=1).mean() "
         "/ centred.norm(dim=1).mean() #"),
        ("The ratio is taken example by example", "return",
         "return ((moved - clean).norm(dim=1) / centred.norm(dim=1)).mean() #"),
        ("The ratio is taken example by example", ".sum(dim=1).mean()", ".sum(dim=1)",
         "step / spread", "(step / spread).mean()"),
        ("The spread is measured between pairs", "(centred ** 2).sum(dim=1).mean()",
         "(torch.cdist(clean, clean) ** 2).mean()"),
        ("The spread is measured between pairs", "(centred ** 2).sum(dim=1).mean()",
         "(torch.pdist(clean) ** 2).mean()"),
        ("The mean is taken along the wrong axis", "clean.mean(dim=0)",
         "clean.mean(dim=1, keepdim=True)"),
        ("The mean is taken along the wrong axis", "(centred ** 2).sum(dim=1).mean()",
         "clean.var(dim=1).mean()"),
        ("The mean is taken along the wrong axis", "(centred ** 2).sum(dim=1).mean()",
         "clean.var(dim=1).sum()"),
        ("The centre is the mean of the noisy", "clean.mean(dim=0)", "moved.mean(dim=0)"),
        ("The noisy codes are compared", "moved - clean", "moved - clean.mean(dim=0)"),
        ("One side is summed over the examples", "((moved - clean) ** 2).sum(dim=1).mean()",
         "((moved - clean) ** 2).sum()"),
        ("One side is summed over the examples", "(centred ** 2).sum(dim=1).mean()",
         "(centred ** 2).sum()"),
        ("There is one number for each example", ".sum(dim=1).mean()\n    centred",
         ".sum(dim=1)\n    centred"),
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "contraction": [("The code h is (B, K)", "sum(dim=1)\n    return", "sum(dim=0)\n    return")],
    "Hutchinson": [
        ("Autograd wants one number", "code, z, v", "code, z"),
        ("Gradients with respect to x", "x.clone().requires_grad_()", "x"),
        ("The function that vjp returns", "return", "back = torch.func.vjp(encode, x)[1]\n"
         "    return torch.stack([(back(v) ** 2).sum(1) for v in probes]).mean(0) #"),
        ("Jᵀv needs one v", "return", "back = torch.func.vjp(encode, x)[1]\n"
         "    return (back(probes)[0] ** 2).sum(1) #"),
        ("Jᵀv needs one v", "return", "return torch.stack([(torch.func.jvp(encode, (x,), (v,))[1]"
         " ** 2).sum(1) for v in probes]).mean(0) #"),
        ("Each gradient frees the graph", "    for v in probes:\n        z = "
         "x.clone().requires_grad_()\n        code = encode(z)\n", "    z = "
         "x.clone().requires_grad_()\n    code = encode(z)\n    for v in probes:\n"),
    ],
}

ALSO_RIGHT = {
    "contraction": ["""
def answer(h, W):  # the whole Jacobian
    J = (1 - h * h)[:, :, None] * W[None]
    return J.square().sum((1, 2))
""", """
def answer(h, W):  # NumPy, loops
    h, W = h.numpy(), W.numpy()
    out = []
    for i in range(len(h)):
        total = 0.0
        for j in range(W.shape[0]):
            for k in range(W.shape[1]):
                total += ((1 - h[i, j] ** 2) * W[j, k]) ** 2
        out.append(total)
    return out
""", "answer = lambda h, W: torch.einsum('bk,kd->b', (1 - h * h).float()**2, W.float()**2)"],
    "Hutchinson": ["""
def answer(encode, x, probes):
    code, pull_back = torch.func.vjp(encode, x)
    squares = [pull_back(v)[0].square().sum(1) for v in probes]
    return torch.stack(squares).mean(0)
""", """
def answer(encode, x, probes):  # in place, with backward
    x.requires_grad_()
    total = torch.zeros(len(x), dtype=x.dtype)
    for v in probes:
        x.grad = None
        (encode(x) * v).sum().backward()
        total += x.grad.square().sum(1)
    return total / probes.shape[0]
""", """
def answer(encode, x, probes):  # one example at a time, gradients attached
    out = []
    for i in range(len(x)):
        one = x[i:i + 1].clone().requires_grad_(True)
        J = torch.autograd.functional.jacobian(encode, one)[0, :, 0]
        out.append(((probes[:, i] @ J) ** 2).sum(1).mean())
    return torch.stack(out)
"""],
    "relative displacement": ["""
def answer(clean, moved):
    return (moved - clean).norm() / (clean - clean.mean(0)).norm()
""", """
def answer(clean, moved):
    return ((moved - clean).square().sum(1).mean() / clean.var(0).sum()) ** 0.5
""", """
def answer(clean, moved):
    import numpy as np
    c, m = clean.numpy(), moved.numpy()
    return np.sqrt(((m - c) ** 2).sum(1).mean() / c.var(axis=0).sum())
"""],
}


class TestExercises(ExerciseTests):
    topics = ["contractive"]
    scope = {"torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
