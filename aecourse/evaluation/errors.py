"""How far is a reconstruction from what it should be? Errors on one scale.

Here, and only here, errors are *averaged*: over the pixels (or columns) of each example. Every
function returns one number per example, so that models can be compared pairwise on the same test
examples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.evaluation.passes import per_example
from aecourse.objectives import bce, mse


def pixel_mse(model: nn.Module, x: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
    """
    return per_example(mse, model, x, target=target) / x[0].numel()


def pixel_bce(model: nn.Module, x: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Binary cross-entropy per pixel of each example, in nats: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
    """
    return per_example(bce, model, x, target=target) / x[0].numel()


def squared_error(reconstruction: Tensor, target: Tensor) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,). For any pair of tensors."""
    if reconstruction.shape != target.shape:
        raise ValueError(
            f"The reconstruction has shape {tuple(reconstruction.shape)}, the target "
            f"{tuple(target.shape)}: they must agree."
        )
    return (reconstruction - target).square().flatten(1).mean(1)


def psnr(mse: float | Tensor, peak: float = 1.0):
    """Peak signal-to-noise ratio in decibels: 10 · log10(peak² / mse)."""
    return 10 * torch.log10(peak**2 / torch.as_tensor(mse, dtype=torch.float64))


def bce_floor(x: Tensor) -> Tensor:
    """The binary cross-entropy per pixel of a *perfect copy*: (N,), in nats.

    A grey value p costs its own entropy −p log p − (1 − p) log (1 − p); only black and white
    pixels cost nothing.
    """
    return F.binary_cross_entropy(x, x, reduction="none").flatten(1).mean(1)
