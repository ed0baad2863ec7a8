"""Lesson 05: KL sparsity, the k largest units of each example, decoder columns of norm 1."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from aecourse.exercises.checks import Exercise, Mistake

# KL sparsity --------------------------------------------------------------------------------


def kl_sparsity(code, rho):
    return divergence(rho, code.mean(0)).sum()


def quiet(rho, q):
    """The first term: large where units are silent."""
    return rho * torch.log(rho / q)


def loud(rho, q):
    """The second term: large where units are always on."""
    return (1 - rho) * torch.log((1 - rho) / (1 - q))


def divergence(rho, q):
    return quiet(rho, q) + loud(rho, q)


def as_tensor(rho):
    return torch.as_tensor(rho, dtype=torch.float64)


class FromNet(torch.Tensor):
    """A code as an encoder hands it over: each copy carries a gradient, and may be changed."""

    def __deepcopy__(self, memo):
        return torch.tensor(self.numpy(), requires_grad=True).clone()


def from_net(code):
    """A NumPy array as a code."""
    return torch.tensor(code).as_subclass(FromNet)


def activations(seed, examples, units, scale=1.0):
    random = np.random.default_rng(seed)
    return from_net(scale * random.uniform(0.02, 0.6, size=(examples, units))
                    * random.uniform(0.2, 1.5, size=(1, units)))  # fmt: skip


KL_SPARSITY = Exercise(
    name="KL sparsity",
    right=kl_sparsity,
    probes={
        "7 examples of 4 units, rho = 0.05": (activations(1, 7, 4), 0.05),
        "3 examples of 5 units, rho = 0.2": (activations(2, 3, 5), 0.2),
        "6 examples of 2 units, rho = 0.1": (activations(3, 6, 2), 0.1),
        "3 examples of 4 quiet units, rho = 0.1": (activations(4, 3, 4, 0.3), 0.1),
    },
    mistakes=[
        Mistake(
            "Only the first term is there. Alone it falls all the way to q = 1: the cheapest unit "
            "would always be on. The second term, for being off, stops that.",
            lambda h, r: quiet(r, h.mean(0)).sum(),
            lambda h, r: quiet(r, h.mean(0)).mean(),
        ),
        Mistake(
            "Only the second term is there. Alone it is smallest for a unit that is never on: it "
            "asks for dead units.",
            lambda h, r: loud(as_tensor(r), h.mean(0)).sum(),
            lambda h, r: loud(as_tensor(r), h.mean(0)).mean(),
        ),
        Mistake(
            "The mean is taken over the wrong axis: over the units of each example. The penalty "
            "compares each *unit's* mean over the batch with rho.",
            lambda h, r: divergence(r, h.mean(1)).sum(),
            lambda h, r: divergence(r, h.mean(1)).mean(),
            lambda h, r: divergence(r, h.mean(1)),
        ),
        Mistake(
            "The arguments are swapped: this is the divergence of rho from the mean activation, "
            "q·log(q/rho) and so on. The penalty weighs with rho: it grows without limit as a unit "
            "falls silent, the swapped one does not.",
            lambda h, r: divergence(h.mean(0), as_tensor(r)).sum(),
            lambda h, r: divergence(h.mean(0), as_tensor(r)).mean(),
        ),
        Mistake(
            "The divergence is computed for each activation and averaged afterwards. Average over "
            "the batch first: a unit may be loud on few examples and quiet on the others.",
            lambda h, r: divergence(r, h).mean(0).sum(),
            lambda h, r: divergence(r, h).mean(),
            lambda h, r: divergence(r, h).sum(),
            lambda h, r: divergence(r, h).sum(1),
            lambda h, r: divergence(r, h),
        ),
        Mistake(
            "All units share one mean. Each has its own: average over the batch only.",
            lambda h, r: divergence(r, h.mean()),
            lambda h, r: h.shape[1] * divergence(r, h.mean()),
        ),
        Mistake(
            "This is the mean over units. The penalty is a sum: with a mean, a unit would count "
            "less in a wider code.",
            lambda h, r: divergence(r, h.mean(0)).mean(),
        ),
        Mistake(
            "The units are not added up. One number is asked for.",
            lambda h, r: divergence(r, h.mean(0)),
        ),
        Mistake(
            "The sign is reversed, or both fractions are upside down. A KL divergence is never "
            "negative.",
            lambda h, r: -divergence(r, h.mean(0)).sum(),
            lambda h, r: -divergence(r, h.mean(0)).mean(),
        ),
        Mistake(
            "The two terms are subtracted. A KL divergence is a sum over the outcomes: being on, "
            "with probability rho, and being off.",
            lambda h, r: (quiet(r, h.mean(0)) - loud(r, h.mean(0))).sum(),
        ),
        Mistake(
            "The weights rho and 1 − rho in front of the logarithms are missing. Each "
            "logarithm is weighed with the probability of its outcome.",
            lambda h, r: (torch.log(r / h.mean(0)) + torch.log((1 - r) / (1 - h.mean(0)))).sum(),
        ),
        Mistake(
            "Brackets are missing: without them 1 - rho / 1 - q means 1 − (rho/1) − q. Write "
            "(1 - rho) / (1 - q).",
            *[lambda h, r, ratio=ratio: (quiet(r, h.mean(0))
                                         + (1 - r) * torch.log(ratio(r, h.mean(0)))).sum()
              for ratio in (lambda r, q: 1 - r - q, lambda r, q: 1 - r / (1 - q))],
        ),
        Mistake(
            "In place of the mean over the batch stands another number, such as the largest or the "
            "middle activation. Take the mean.",
            lambda h, r: divergence(r, h.amax(0)).sum(),
            lambda h, r: divergence(r, h.median(0).values).sum(),
        ),
        Mistake(
            "A sign is wrong: being off has the probability 1 − q, and 1 − rho under rho.",
            lambda h, r: (quiet(r, h.mean(0))
                          + (1 - r) * torch.log((1 - r) / (1 + h.mean(0)))).sum(),
            lambda h, r: (quiet(r, h.mean(0))
                          + (1 + r) * torch.log((1 + r) / (1 + h.mean(0)))).sum(),
        ),
        Mistake(
            "The logarithms are missing: without them these are only ratios.",
            lambda h, r: (r * (r / h.mean(0)) + (1 - r) * ((1 - r) / (1 - h.mean(0)))).sum(),
        ),
        Mistake(
            "The activations are added up over the batch. Such sums exceed 1, where 1 − q has no "
            "logarithm: take the mean, not the sum.",
            lambda h, r: divergence(r, h.sum(0)).sum(),
        ),
        Mistake(
            "The two terms belong to different outcomes: where one weighs with rho, the logarithm "
            "compares rho with q; where it weighs with 1 − rho, it compares 1 − rho with 1 − q.",
            lambda h, r: (r * torch.log(r / (1 - h.mean(0)))
                          + (1 - r) * torch.log((1 - r) / h.mean(0))).sum(),
            lambda h, r: (r * torch.log((1 - r) / (1 - h.mean(0)))
                          + (1 - r) * torch.log(r / h.mean(0))).sum(),
        ),
        Mistake(
            "One fraction is upside down: rho stands above, the mean activation below, in both.",
            lambda h, r: (loud(r, h.mean(0)) - quiet(r, h.mean(0))).sum(),
        ),
        Mistake(
            "The logarithm has another base. Nats are meant: torch.log.",
            lambda h, r: divergence(r, h.mean(0)).sum() / np.log(2),
            lambda h, r: divergence(r, h.mean(0)).sum() / np.log(10),
        ),
        Mistake(
            "This is a squared distance from rho. It is 0 at the same place, but it does not rise "
            "without limit as a unit falls silent.",
            lambda h, r: (h.mean(0) - r).square().sum(),
            lambda h, r: (h.mean(0) - r).abs().sum(),
        ),
        Mistake(
            "This is a cross-entropy: rho within the logarithms is missing. The entropy of rho is "
            "only a constant, but without it the smallest value is not 0.",
            lambda h, r: -(r * torch.log(h.mean(0)) + (1 - r) * torch.log(1 - h.mean(0))).sum(),
        ),
    ],
    hints={
        r"log\(\): argument 'input'.* must be Tensor": (
            "The function torch.log takes tensors, and rho is a plain number. Leave it inside the "
            "fraction, as in `torch.log(rho / q)`, or take `math.log(rho)`."),
    },
    trainable=True,
    insight="It is 0 when every unit's mean is rho, whether the unit is loud on few examples or a "
    "little on for all: the penalty cannot tell these apart.",
)

# Top-k code ---------------------------------------------------------------------------------


def top_k_code(code, k):
    return kept(code, code, k)


def kept(code, order, k):
    """``code`` where ``order`` is among the k largest of its row, 0 elsewhere."""
    places = order.topk(k, dim=1).indices
    return torch.zeros_like(code).scatter(1, places, code.gather(1, places))


def in_batch(code, order, count):
    """``code`` where ``order`` is among the largest of the whole batch."""
    flat = code.flatten()
    places = order.flatten().topk(count).indices
    return torch.zeros_like(flat).scatter(0, places, flat[places]).reshape(code.shape)


def in_flat(code, k):
    """What comes of taking places within a row for places in the whole batch."""
    values, places = (part.flatten() for part in code.topk(k, dim=1))
    return torch.zeros(code.numel()).to(code).scatter(0, places, values).reshape(code.shape)


def codes(seed, examples, units):
    random = np.random.default_rng(seed)
    return (random.normal(0.3, 1.0, size=(examples, units))
            * random.uniform(0.4, 2.5, size=(examples, 1)))  # fmt: skip


TOP_K_CODE = Exercise(
    name="top-k code",
    right=top_k_code,
    probes={
        "5 examples of 9 units, k = 3": (from_net(codes(1, 5, 9)), 3),
        "4 examples of 7 units, k = 2": (from_net(codes(2, 4, 7)), 2),
        "3 examples of 8 units, k = 7": (from_net(codes(3, 3, 8)), 7),
    },
    mistakes=[
        Mistake(
            "The largest units of the whole batch are kept. One example then takes the places of "
            "another: choose k in each row.",
            lambda h, k: in_batch(h, h, k),
            lambda h, k: in_batch(h, h, k * len(h)),
        ),
        Mistake(
            "The units are chosen by absolute value. A unit far below zero is not active; only the "
            "largest count.",
            lambda h, k: kept(h, h.abs(), k),
            lambda h, k: kept(h.abs(), h.abs(), k),
        ),
        Mistake(
            "A negative number among the k largest became 0. Keep it; a ReLU is the model's "
            "business.",
            lambda h, k: kept(h, h, k).relu(),
        ),
        Mistake(
            "One threshold, that of the first example, serves all. Each row has its own.",
            lambda h, k: h * (h >= h.topk(k, dim=1).values[0, -1]),
        ),
        Mistake(
            "The k largest are sorted into the first k units. Which unit is active carries "
            "information: every number stays in its own place.",
            lambda h, k: F.pad(h.topk(k, dim=1).values, (0, h.shape[1] - k)),
        ),
        Mistake(
            "The k largest are dropped and the others kept. It is the other way round.",
            lambda h, k: h - kept(h, h, k),
        ),
        Mistake(
            "The k smallest are kept. Does the sort begin with the smallest?",
            lambda h, k: kept(h, -h, k),
        ),
        Mistake(
            "The choice is made along the wrong axis: for each unit, among the examples. Choose "
            "among the units of each example.",
            lambda h, k: kept(h.T, h.T, min(k, len(h))).T,
        ),
        Mistake(
            "These are the k largest values without their places. The decoder has to know which "
            "unit is meant: put them back where they came from, and 0 elsewhere.",
            lambda h, k: h.topk(k, dim=1).values,
        ),
        Mistake(
            "These are the places of the units, not the code.",
            lambda h, k: h.topk(k, dim=1).indices,
        ),
        Mistake(
            "This is a mask. Multiply it with the code: the values of the active units carry "
            "information too.",
            lambda h, k: kept(torch.ones_like(h), h, k),
        ),
        Mistake(
            "One unit too few is kept. The k-th largest value belongs to the code: ≥, not >.",
            lambda h, k: kept(h, h, k - 1),
        ),
        Mistake(
            "One unit too many is kept. Counted from 0, the k-th largest has the index k − 1.",
            lambda h, k: kept(h, h, k + 1),
        ),
        Mistake(
            "The threshold is subtracted from what is kept. Top-k leaves the values as they are; "
            "what shrinks them is L1.",
            lambda h, k: kept(h - h.topk(k, dim=1).values[:, -1:], h, k),
            lambda h, k: torch.relu(h - h.topk(k + 1, dim=1).values[:, -1:]),
            lambda h, k: h - h.topk(k, dim=1).values[:, -1:],
        ),
        Mistake(
            "The others are not 0 but very small or minus infinity. A unit that is off is exactly "
            "0.",
            lambda h, k: torch.where(kept(torch.ones_like(h), h, k) > 0, h, -torch.inf),
            lambda h, k: torch.where(kept(torch.ones_like(h), h, k) > 0, h, -1e-2),
        ),
        Mistake(
            "The places are counted in the flattened batch, but belong to rows: add to each the "
            "row it came from, or scatter along dim=1.",
            lambda h, k: in_flat(h, k),
        ),
        Mistake(
            "The values that are kept were scaled to sum 1. Top-k leaves them as they are.",
            lambda h, k: kept(h, h, k) / kept(h, h, k).sum(1, keepdim=True),
            lambda h, k: kept(h.softmax(1), h, k),
        ),
        Mistake(
            "A sort tells places, not ranks: argsort(…)[i, 0] is the unit that comes first, not "
            "the rank of unit 0. Take the first k of them as places.",
            lambda h, k: h * (h.argsort(1, descending=True) < k),
            lambda h, k: h * (h.argsort(1) < k),
        ),
        Mistake(
            "The threshold is the k-th smallest number of each row. It should be the k-th largest.",
            lambda h, k: h * (h >= h.kthvalue(k, dim=1, keepdim=True).values),
        ),
        Mistake(
            "Everything above the mean of its row is kept, whatever k says.",
            lambda h, k: h * (h > h.mean(1, keepdim=True)),
            lambda h, k: h * (h > 0),
        ),
        Mistake(
            "Only the largest unit is kept, whatever k says. The threshold is the *last* of the k "
            "values.",
            lambda h, k: kept(h, h, 1),
        ),
        Mistake(
            "The first k units are kept. Which units are large differs from example to example.",
            lambda h, k: h * (torch.arange(h.shape[1]) < k),
        ),
        Mistake(
            "Other numbers stand at the places of the largest: those of the first k units, or "
            "absolute values. Put back what topk found there.",
            lambda h, k: torch.zeros_like(h).scatter(1, h.topk(k, dim=1).indices, h[:, :k]),
            lambda h, k: kept(h, h, k).abs(),
        ),
        Mistake(
            "The code comes back as it was. Units that are not among the k largest become 0.",
            lambda h, k: h,
        ),
    ],
    trainable=True,
    insight="Exactly k units per example, at any scale of the code: there is no weight to tune, "
    "and nothing is gained by making the code small.",
)

# Unit-norm columns --------------------------------------------------------------------------


class Held(nn.Linear):
    """A linear layer that computes with the parameter it was built with, as an optimiser does."""

    def __init__(self, units, features, seed):
        super().__init__(units, features, dtype=torch.float64)
        random = np.random.default_rng(seed)
        with torch.no_grad():
            self.weight.copy_(torch.tensor(random.normal(size=(features, units))
                                           * random.uniform(0.3, 3, size=(1, units))))  # fmt: skip
            self.bias.copy_(torch.tensor(random.normal(size=features)))
        self.__dict__["held"] = [self.weight]  # in a list, or it would count as another parameter

    def forward(self, x):
        return F.linear(x, self.held[0], self.bias)


def unit_columns(layer, code):
    with torch.no_grad():
        layer.weight.div_(layer.weight.norm(dim=0))
    return layer(code)


def looked_at(layer, code):
    """What is wrong with the layer after the call, if its output was right."""
    if layer.weight is not layer.held[0]:
        return ("The output is right, but layer.weight is a new tensor or Parameter. An optimiser "
                "that was built before would go on with the old one. Change the numbers in place: "
                "layer.weight.div_(…).")  # fmt: skip
    if not torch.allclose(layer.weight.norm(dim=0), torch.ones(()).double(), atol=1e-4):
        return ("The output is right, but the layer itself still has its old columns, and training "
                "would go on with those. Change layer.weight in place, then return "
                "layer(code).")  # fmt: skip
    if not layer.weight.requires_grad:
        return ("The output is right, but the decoder no longer learns: requires_grad was switched "
                "off. Under `with torch.no_grad():` nothing has to be switched.")  # fmt: skip
    return None


def applied(layer, code, change):
    """The layer's output after ``change`` of its weight (features, units)."""
    return F.linear(code, change(layer.weight.detach()), layer.bias)


def by_columns(W):
    return W / W.norm(dim=0)


def by_rows(W):
    return W / W.norm(dim=1, keepdim=True)


def problem(seed, examples, units, features):
    return Held(units, features, seed), torch.tensor(codes(seed + 10, examples, units))


UNIT_COLUMNS = Exercise(
    name="unit-norm columns",
    right=unit_columns,
    probes={
        "a decoder from 3 units to 5 features": problem(1, 4, 3, 5),
        "a decoder from 6 units to 4 features": problem(2, 2, 6, 4),
        "a decoder from 2 units to 7 features": problem(3, 3, 2, 7),
    },
    mistakes=[
        Mistake(
            "Rows are scaled instead of columns. nn.Linear keeps its weight as (outputs, inputs): "
            "what unit j adds to the output is column j, layer.weight[:, j], and its norm is taken "
            "over dim 0.",
            lambda layer, h: applied(layer, h, lambda W: W / W.norm(dim=1, keepdim=True)),
        ),
        Mistake(
            "The layer computed with its old weights. Either it was asked before the columns were "
            "scaled, or nothing was written back, or layer.weight became a new tensor or "
            "Parameter, of which an optimiser that was built before knows nothing. First change "
            "the numbers in place, layer.weight.div_(…); then ask for layer(code).",
            lambda layer, h: applied(layer, h, lambda W: W),
        ),
        Mistake(
            "The code is scaled as well. Only the columns change: the code comes as it is.",
            lambda layer, h: unit_columns(layer, h / h.norm(dim=1, keepdim=True)),
            lambda layer, h: unit_columns(layer, h / h.norm(dim=0)),
        ),
        Mistake(
            "Columns that are longer than 1 are cut to 1, the shorter ones left as they are. Scale "
            "every column.",
            lambda layer, h: applied(layer, h, lambda W: W / W.norm(dim=0).clamp(min=1)),
        ),
        Mistake(
            "Rows and columns are both scaled. Only columns belong to units.",
            lambda layer, h: applied(layer, h, lambda W: by_rows(by_columns(W))),
            lambda layer, h: applied(layer, h, lambda W: by_columns(by_rows(W))),
        ),
        Mistake(
            "The columns are centred first. Only their lengths change, not their directions.",
            lambda layer, h: applied(layer, h, lambda W: by_columns(W - W.mean(0))),
            lambda layer, h: applied(layer, h, lambda W: (W - W.mean(0)) / W.norm(dim=0)),
        ),
        Mistake(
            "Something else is done to the output, such as a ReLU. Return layer(code) as it is.",
            lambda layer, h: unit_columns(layer, h).relu(),
            lambda layer, h: unit_columns(layer, h).sigmoid(),
        ),
        Mistake(
            "All columns are divided by one number. Each column has its own norm; divide by a row "
            "of them.",
            lambda layer, h: applied(layer, h, lambda W: W / W.norm()),
            lambda layer, h: applied(layer, h, lambda W: W / W.norm(dim=0).mean()),
            lambda layer, h: applied(layer, h, lambda W: W / W.norm(dim=0).amax()),
        ),
        Mistake(
            "The square root is missing: the columns are divided by their squared norms.",
            lambda layer, h: applied(layer, h, lambda W: W / W.square().sum(0)),
        ),
        Mistake(
            "The columns are multiplied by their norms. Divide.",
            lambda layer, h: applied(layer, h, lambda W: W * W.norm(dim=0)),
        ),
        Mistake(
            "The columns are divided by the sums of their absolute values. The norm meant here is "
            "the Euclidean one.",
            lambda layer, h: applied(layer, h, lambda W: W / W.abs().sum(0)),
        ),
        Mistake(
            "The columns are divided by their sums. The norm is the square root of the sum of "
            "squares.",
            lambda layer, h: applied(layer, h, lambda W: W / W.sum(0)),
        ),
        Mistake(
            "The columns are divided by their largest entries. The norm is the square root of the "
            "sum of squares.",
            lambda layer, h: applied(layer, h, lambda W: W / W.abs().amax(0)),
            lambda layer, h: applied(layer, h, lambda W: W / W.amax(0)),
        ),
        Mistake(
            "The mean square is used in place of the sum of squares. The columns then have the "
            "norm √features.",
            lambda layer, h: applied(layer, h, lambda W: W / W.square().mean(0).sqrt()),
            lambda layer, h: applied(layer, h, lambda W: W / W.std(0)),
            lambda layer, h: applied(layer, h, lambda W: W / W.std(0, correction=0)),
        ),
        Mistake(
            "The bias is left out. Return what the layer gives: layer(code).",
            lambda layer, h: unit_columns(layer, h) - layer.bias,
        ),
        Mistake(
            "The bias is scaled as well. It belongs to no unit: leave it as it is.",
            lambda layer, h: unit_columns(layer, h) - layer.bias + layer.bias / layer.bias.norm(),
        ),
        Mistake(
            "These are the weights. Return what the layer makes of the code: layer(code).",
            lambda layer, h: layer.weight / layer.weight.norm(dim=0),
        ),
    ],
    insight="A smaller code can no longer be made up for by longer columns. As a callback after "
    "each step this is unit_columns of section 4 (in aecourse: models.unit_norm_decoder).",
    after=looked_at,
    trainable=True,
    hints={
        r"leaf [Vv]ariable that requires grad": (
            "PyTorch refuses to change a trained weight in place while it records operations: "
            "this is no part of the loss. Do it under `with torch.no_grad():`."),
        r"cannot assign .* as parameter": (
            "A layer's weight has to stay the same Parameter. Change its numbers: "
            "`layer.weight.div_(…)` or `layer.weight.copy_(…)`."),
    },
)

EXERCISES = [KL_SPARSITY, TOP_K_CODE, UNIT_COLUMNS]
