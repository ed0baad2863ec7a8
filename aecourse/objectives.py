"""The terms of a loss.

A term is a function ``term(model, batch, output) -> (B,)``: one number per example, **summed**
over features, never averaged. Sums keep their meaning when terms are added (a squared error and
a penalty, a likelihood and a KL divergence); only :mod:`aecourse.evaluation` divides by pixels.

A term may carry a function ``check(model, target)`` that refuses targets it makes no sense for;
:func:`aecourse.training.fit` calls it once before training.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.protocol import Batch, Layout, Output

Term = Callable[[nn.Module, Batch, Output], Tensor]


def checked_by(check: Callable[[nn.Module, Tensor], None]) -> Callable[[Term], Term]:
    """Decorator: give a term its check."""

    def attach(term: Term) -> Term:
        term.check = check
        return term

    return attach


def check_unit_interval(model: nn.Module, target: Tensor) -> None:
    """Refuse what binary cross-entropy cannot compare: targets outside [0, 1], or a model
    whose output is not a sigmoid."""
    low, high = target.min().item(), target.max().item()
    if low < 0 or high > 1:
        cure = "divide pixels by 255" if high > 1 and low >= 0 else "use mse for real values"
        raise ValueError(
            f"Binary cross-entropy needs targets in [0, 1]; these reach from {low:g} to {high:g}. "
            f"Scale them first ({cure})."
        )
    if model.output != "sigmoid":
        raise ValueError(
            "Binary cross-entropy is computed from logits and takes the output activation to be "
            f"a sigmoid; this model's is {model.output!r}. Build it with output='sigmoid'."
        )


def mse(model: nn.Module, batch: Batch, output: Output) -> Tensor:
    """Squared error per example, summed over features.

    Up to a constant and a factor, it is the negative log-likelihood of a Gaussian whose mean is
    the reconstruction.

    Returns:
        (B,), in squared units of the data.
    """
    error = model.activation(output.raw) - batch.target
    return error.square().flatten(1).sum(1)


@checked_by(check_unit_interval)
def bce(model: nn.Module, batch: Batch, output: Output) -> Tensor:
    """Binary cross-entropy per example, summed over features, computed from logits.

    Returns:
        (B,), in nats. For targets that are 0 or 1 it is a negative log-likelihood; for grey
        values it never reaches 0, not even for a perfect copy.
    """
    loss = F.binary_cross_entropy_with_logits(output.raw, batch.target, reduction="none")
    return loss.flatten(1).sum(1)


def mixed(layout: Layout) -> Term:
    """The loss for a table with columns of several kinds, summed over columns, in nats.

    Real columns cost half the squared error (a Gaussian of variance 1), binary ones the binary
    cross-entropy, each categorical variable the cross-entropy of its softmax.

    Args:
        layout: which columns are which; the model needs ``output=layout`` as well.
    """

    def check(model: nn.Module, target: Tensor) -> None:
        if model.output != layout:
            raise ValueError("Build the model with output=layout, the same layout as the loss.")
        for kind, columns in layout.split(target):
            if kind != "real" and (columns.min() < 0 or columns.max() > 1):
                raise ValueError(f"A {kind} column holds values outside [0, 1].")
            if kind == "categorical" and not torch.allclose(
                columns.sum(1), torch.ones_like(columns[:, 0])
            ):
                raise ValueError("The one-hot columns of a category must add up to 1 in each row.")

    @checked_by(check)
    def mixed_loss(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        pairs = zip(layout.split(output.raw), layout.split(batch.target))
        return torch.stack([_block_loss(kind, raw, x) for (kind, raw), (_, x) in pairs]).sum(0)

    return mixed_loss


def _block_loss(kind: str, raw: Tensor, target: Tensor) -> Tensor:
    if kind == "real":
        return 0.5 * (raw - target).square().sum(1)
    if kind == "binary":
        return F.binary_cross_entropy_with_logits(raw, target, reduction="none").sum(1)
    return F.cross_entropy(raw, target, reduction="none")
