"""Exercises of lesson 05: answers as learners write them, and the verdict on each."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests

from aecourse.exercises import catalogue
from aecourse.exercises.answers import without_gradient
from aecourse.exercises.sparse import Held, looked_at, unit_columns

RIGHT = {
    "KL sparsity": """
def answer(code, rho):
    q = code.mean(dim=0)
    on = rho * torch.log(rho / q)
    off = (1 - rho) * torch.log((1 - rho) / (1 - q))
    return (on + off).sum()
""",
    "top-k code": """
def answer(code, k):
    threshold = code.topk(k, dim=1).values[:, -1:]
    keep = code >= threshold
    return torch.where(keep, code, torch.zeros_like(code))
""",
    "unit-norm columns": """
def answer(layer, code):
    with torch.no_grad():
        norms = layer.weight.norm(dim=0)
        layer.weight.copy_(layer.weight / norms)
    return layer(code)
""",
}

ALSO_RIGHT = {
    "KL sparsity": ["""
def answer(code, rho):
    total = 0.0
    for j in range(code.shape[1]):
        q = code[:, j].mean()
        total += rho * (np.log(rho) - q.log()) + (1 - rho) * (np.log(1 - rho) - (1 - q).log())
    return total
""", """
def answer(code, rho):
    q = code.mean(0)
    p = torch.tensor(rho, dtype=code.dtype).expand_as(q)
    on = F.kl_div(q.log(), p, reduction="sum")
    return on + F.kl_div((1 - q).log(), 1 - p, reduction="sum")
"""],
    "top-k code": ["""
def answer(code, k):
    values, places = code.topk(k, dim=1)
    return torch.zeros_like(code).scatter(1, places, values)
""", """
def answer(code, k):
    result = torch.zeros_like(code)
    for i, row in enumerate(code):
        for j in row.argsort(descending=True)[:k]:
            result[i, j] = row[j]
    return result
""", """
def answer(code, k):
    threshold = code.sort(dim=1).values[:, -k].unsqueeze(1)
    return code * (code >= threshold)
"""],
    "unit-norm columns": ["""
def answer(layer, code):
    with torch.no_grad():
        layer.weight.div_(layer.weight.norm(dim=0, keepdim=True))
    return F.linear(code, layer.weight, layer.bias)
""", """
def answer(layer, code):
    W = layer.weight.data
    for j in range(W.shape[1]):
        W[:, j] /= W[:, j].square().sum().sqrt()
    return layer(code)
""", """
def answer(layer, code):
    layer.weight.data = F.normalize(layer.weight.data, dim=0)
    return layer(code)
"""],
}

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "KL sparsity": [
        ("Only the first term", "(on + off)", "on"),
        ("Only the first term", "(on + off).sum()", "on.mean()"),
        ("Only the second term", "(on + off)", "off"),
        ("The mean is taken over the wrong axis", "dim=0", "dim=1"),
        ("The mean is taken over the wrong axis", "dim=0", "dim=1", "sum()", "mean()"),
        ("The arguments are swapped", "rho * torch.log(rho / q)", "q * torch.log(q / rho)",
         "(1 - rho) * torch.log((1 - rho) / (1 - q))", "(1 - q) * torch.log((1 - q) / (1 - rho))"),
        ("The divergence is computed for each activation", "code.mean(dim=0)", "code",
         ".sum()", ".mean(0).sum()"),
        ("The divergence is computed for each activation", "code.mean(dim=0)", "code"),
        ("All units share one mean", "code.mean(dim=0)", "code.mean()"),
        ("This is the mean over units", ".sum()", ".mean()"),
        ("The units are not added up", ".sum()", ""),
        ("The sign is reversed", "return (", "return -("),
        ("The two terms are subtracted", "on + off", "on - off"),
        ("The weights rho and 1 − rho", "rho * torch.log(", "torch.log(",
         "(1 - rho) * torch", "torch"),
        ("Brackets are missing", "(1 - rho) / (1 - q)", "1 - rho / 1 - q"),
        ("Brackets are missing", "(1 - rho) / (1 - q)", "(1 - rho) / 1 - q"),
        ("Brackets are missing", "(1 - rho) / (1 - q)", "1 - rho / (1 - q)"),
        ("The activations are added up", "mean(dim=0)", "sum(dim=0)"),
        ("This is a cross-entropy", "torch.log(rho / q)", "torch.log(1 / q)",
         "torch.log((1 - rho) / (1 - q))", "torch.log(1 / (1 - q))"),
        ("The two terms belong to different outcomes",
         "torch.log(rho / q)", "torch.log(rho / (1 - q))",
         "torch.log((1 - rho) / (1 - q))", "torch.log((1 - rho) / q)"),
        ("The sign is reversed", "rho / q", "q / rho", "(1 - rho) / (1 - q)",
         "(1 - q) / (1 - rho)"),
        ("One fraction is upside down", "rho / q", "q / rho"),
        ("The logarithm has another base", "torch.log(", "torch.log2("),
        ("In place of the mean", "code.mean(dim=0)", "code.max(dim=0).values"),
        ("In place of the mean", "code.mean(dim=0)", "code.median(dim=0).values"),
        ("A sign is wrong", "(1 - q)", "(1 + q)"),
        ("A sign is wrong", "(1 - rho)", "(1 + rho)", "(1 - q)", "(1 + q)"),
        ("The logarithms are missing", "torch.log", ""),
        ("This is a squared distance", "(on + off)", "(q - rho) ** 2", ".sum()", "\n"
         "    return ((q - rho) ** 2).sum()"),
        ("The values are right, but the result cannot be trained: PyTorch", "code.mean",
         "code.detach().mean"),
        ("The values are right, but the result cannot be trained: a float", ".sum()",
         ".sum().item()"),
    ],
    "top-k code": [
        ("The largest units of the whole batch", "code.topk(k, dim=1).values[:, -1:]",
         "code.flatten().topk(k).values[-1]"),
        ("The largest units of the whole batch", "code.topk(k, dim=1).values[:, -1:]",
         "code.flatten().topk(k * len(code)).values[-1]"),
        ("The units are chosen by absolute", "code.topk", "code.abs().topk",
         "keep = code", "keep = code.abs()"),
        ("A negative number among", "keep, code,", "keep, code.relu(),"),
        ("A negative number among", "    threshold", "    code = code.relu()\n    threshold"),
        ("One threshold", "[:, -1:]", "[0, -1]"),
        ("The k largest are sorted", "    threshold", "    out = torch.zeros_like(code)\n"
         "    out[:, :k] = code.topk(k, dim=1).values\n    return out\n    threshold"),
        ("The k largest are dropped", "keep, code, torch.zeros_like(code)",
         "keep, torch.zeros_like(code), code"),
        ("The k smallest are kept", "dim=1)", "dim=1, largest=False)", ">=", "<="),
        ("The choice is made along the wrong axis", "code.topk(k, dim=1).values[:, -1:]",
         "code.topk(min(k, len(code)), dim=0).values[-1:]"),
        ("These are the k largest values without",
         "torch.where(keep, code, torch.zeros_like(code))",
         "code.topk(k, dim=1).values"),
        ("These are the places", "torch.where(keep, code, torch.zeros_like(code))",
         "code.topk(k, dim=1)[1]"),
        ("This is a mask", "torch.where(keep, code, torch.zeros_like(code))", "keep.double()"),
        ("One unit too few", ">=", ">"),
        ("One unit too many", "code.topk(k, dim=1).values[:, -1:]",
         "code.sort(dim=1, descending=True).values[:, k:k + 1]"),
        ("The threshold is subtracted", "keep, code,", "keep, code - threshold,"),
        ("The threshold is subtracted", "topk(k, dim=1)", "topk(k + 1, dim=1)",
         "keep, code,", "keep, code - threshold,"),
        ("Only the largest unit is kept", "[:, -1:]", "[:, :1]"),
        ("The first k units are kept", "code >= threshold", "torch.arange(code.shape[1]) < k"),
        ("Other numbers stand", "keep, code, torch", "keep, code.abs(), torch"),
        ("The threshold is subtracted", "torch.where(keep, code, torch.zeros_like(code))",
         "code - threshold"),
        ("The others are not 0", "torch.zeros_like(code)", "torch.full_like(code, -torch.inf)"),
        ("The places are counted in the flattened", "torch.where(keep, code, "
         "torch.zeros_like(code))", "torch.zeros(code.numel()).double().scatter(0, code.topk(k, "
         "dim=1).indices.flatten(), code.topk(k, dim=1).values.flatten()).reshape(code.shape)"),
        ("The values that are kept were scaled", "return torch.where(keep, code, "
         "torch.zeros_like(code))", "out = code * keep\n"
         "    return out / out.sum(1, keepdim=True)"),
        ("Everything above the mean", "code.topk(k, dim=1).values[:, -1:]",
         "code.mean(1, keepdim=True)"),
        ("Everything above the mean", "code.topk(k, dim=1).values[:, -1:]", "0"),
        ("A sort tells places", "code >= threshold", "code.argsort(1, descending=True) < k"),
        ("A sort tells places", "code >= threshold", "code.argsort(1) < k"),
        ("The threshold is the k-th smallest", "code.topk(k, dim=1).values[:, -1:]",
         "code.kthvalue(k, dim=1, keepdim=True).values"),
        ("The code comes back", "torch.where(keep, code, torch.zeros_like(code))", "code"),
        ("The values are right, but the result cannot be trained: PyTorch",
         "torch.where(keep, code, torch.zeros_like(code))", "torch.zeros_like(code).scatter("
         "1, code.topk(k, dim=1).indices, code.topk(k, dim=1).values.detach())"),
        ("The values are right, but the result cannot be trained: an ndarray",
         "torch.where(keep, code, torch.zeros_like(code))",
         "np.where(keep.numpy(), code.detach().numpy(), 0)"),
    ],
    "unit-norm columns": [
        ("Rows are scaled", "norm(dim=0)", "norm(dim=1, keepdim=True)"),
        ("The layer computed with its old weights", "layer.weight.copy_(layer.weight / norms)",
         "layer.weight / norms"),
        ("The layer computed with its old weights", "layer.weight.copy_(layer.weight / norms)",
         "layer.weight = torch.nn.Parameter(layer.weight / norms)"),
        ("The output is right, but the layer itself",
         "layer.weight.copy_(layer.weight / norms)", "W = layer.weight / norms",
         "layer(code)", "F.linear(code, W, layer.bias)"),
        ("The output is right, but the layer itself",
         "with torch", "layer = copy.deepcopy(layer)\n    with torch"),
        ("The output is right, but the layer itself",
         "layer.weight.copy_(layer.weight / norms)",
         "new = torch.nn.Linear(*layer.weight.T.shape).double()\n"
         "        new.weight.copy_(layer.weight / norms), new.bias.copy_(layer.bias)",
         "layer(code)", "new(code)"),
        ("The output is right, but layer.weight is a new",
         "layer.weight.copy_(layer.weight / norms)",
         "layer.weight = torch.nn.Parameter(layer.weight / norms)",
         "layer(code)", "F.linear(code, layer.weight, layer.bias)"),
        ("The output is right, but the decoder no longer",
         "with torch.no_grad()", "layer.weight.requires_grad_(False)\n    if True"),
        ("All columns are divided by one number", "norm(dim=0)", "norm()"),
        ("The columns are centred", "norms = ", "layer.weight.sub_(layer.weight.mean(0))\n"
         "        norms = "),
        ("Something else is done", "layer(code)", "layer(code).relu()"),
        ("All columns are divided by one number", "norm(dim=0)", "norm(dim=0).mean()"),
        ("The square root is missing", "norm(dim=0)", "square().sum(dim=0)"),
        ("The columns are multiplied", "/ norms", "* norms"),
        ("The layer computed with its old weights", "    with", "    out = layer(code)\n    with",
         "return layer(code)", "return out"),
        ("The values are right, but the result cannot be trained", "    with torch",
         "    torch.set_grad_enabled(False)\n    with torch"),
        ("The values are right, but the result cannot be trained", "    return", "        return"),
        ("The values are right, but the result cannot be trained", "layer(code)",
         "layer(code).detach()"),
        ("The code is scaled as well", "layer(code)",
         "layer(code / code.norm(dim=1, keepdim=True))"),
        ("The code is scaled as well", "layer(code)", "layer(F.normalize(code, dim=0))"),
        ("Columns that are longer than 1 are cut", "norm(dim=0)", "norm(dim=0).clamp(min=1)"),
        ("Rows and columns are both scaled", "    return", "        layer.weight.copy_("
         "F.normalize(layer.weight, dim=1))\n    return"),
        ("The columns are divided by the sums", "norm(dim=0)", "abs().sum(dim=0)"),
        ("The columns are divided by their sums", "norm(dim=0)", "sum(dim=0)"),
        ("The columns are divided by their largest", "norm(dim=0)", "abs().max(dim=0).values"),
        ("The mean square is used", "norm(dim=0)", "square().mean(dim=0).sqrt()"),
        ("The bias is left out", "return layer(code)", "return code @ layer.weight.T"),
        ("The bias is scaled", "    return", "        layer.bias /= layer.bias.norm()\n    return"),
        ("These are the weights", "layer(code)", "layer.weight"),
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "KL sparsity": [
        ("The function torch.log takes tensors", "torch.log(rho / q)",
         "(torch.log(rho) - torch.log(q))"),
    ],
    "unit-norm columns": [
        ("PyTorch refuses to change", "with torch.no_grad():", "if True:"),
        ("A layer's weight has to stay", "layer.weight.copy_(layer.weight / norms)",
         "layer.weight = layer.weight / norms"),
    ],
}


def said_of_layers():
    """What the look at the layer afterwards says about a new, an old and a fixed weight."""
    layers = [Held(2, 3, seed=0) for _ in range(4)]
    for layer in layers:
        unit_columns(layer, torch.zeros(1, 2).double())
        assert looked_at(layer, None) is None
    new, old, fixed, _ = layers
    new.weight = torch.nn.Parameter(new.weight.detach())
    old.weight.data *= 2
    fixed.weight.requires_grad_(False)
    return {looked_at(layer, None) for layer in (new, old, fixed)}


# Values without a gradient that somebody returns: each has its own message.
UNTRAINABLE = {
    "KL sparsity": (torch.zeros(1), 0.0),
    "top-k code": (torch.zeros(1), np.zeros(1)),
    "unit-norm columns": (torch.zeros(1),),
}


class TestExercises(ExerciseTests):
    topics = ["sparse"]
    scope = {"np": np, "torch": torch, "F": F, "copy": copy}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def messages(self, name):
        looked = said_of_layers() if catalogue()[name].after else set()
        untrainable = [without_gradient(value, ("the result",)) for value in UNTRAINABLE[name]]
        looked |= {f"The values are right, but {why}" for why in untrainable}
        return [*super().messages(name), *looked]

    def test_a_changed_argument_is_named(self):
        source = "def answer(code, k):\n" \
                 "    code[code < code.topk(k, dim=1).values[:, -1:]] = 0\n    return code\n"
        verdict = self.judge("top-k code", source)
        assert verdict.status == "wrong" and "changes its argument code in place" in verdict.message
