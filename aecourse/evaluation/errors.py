"""How far is a reconstruction from what it should be? Errors on one scale.

Here, and only here, errors are *averaged*: over the pixels (or columns) of each example. Every
function returns one number per example, so that models can be compared pairwise on the same test
examples.

**One rule for everybody.** Where images live in [0, 1], every reconstruction is clipped to [0, 1]
before its squared error is taken: a sigmoid output cannot leave that range, and a linear model such
as PCA must not pay for not knowing it. Unless ``clip`` says otherwise, that is done for images, (N,
…, H, W), whose values all lie in [0, 1]. Rows of a table, (N, features), are left alone: whether a
few of them happen to lie there must not decide.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.evaluation.passes import per_example
from aecourse.objectives import bce, mse
from aecourse.protocol import Batch, Output


def are_grey_images(data: Tensor) -> bool:
    """Whether these are images, (N, …, H, W), with all values in [0, 1]."""
    if not isinstance(data, Tensor) or data.ndim < 3 or not data.numel():
        return False  # whoever uses the data says what is wrong with them
    return bool(data.min() >= 0 and data.max() <= 1)


def pixel_mse(
    model: nn.Module, x: Tensor, *, target: Tensor | None = None, clip: bool | None = None
) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
        clip: clip the reconstruction to [0, 1] first; unless given, if the targets are images
            with all values there.
    """
    wanted = x if target is None else target
    clip = are_grey_images(wanted) if clip is None else clip
    return per_example(_clipped if clip else mse, model, x, target=target) / wanted[0].numel()


def _clipped(model: nn.Module, batch: Batch, output: Output) -> Tensor:
    """Squared error per example, summed over features, of the clipped reconstruction: (B,)."""
    return (model.activation(output.raw).clamp(0, 1) - batch.target).square().flatten(1).sum(1)


def pixel_bce(model: nn.Module, x: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Binary cross-entropy per pixel of each example, in nats: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
    """
    return per_example(bce, model, x, target=target) / x[0].numel()


def squared_error(reconstruction: Tensor, target: Tensor, *, clip: bool | None = None) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,). For any pair of tensors.

    Args:
        reconstruction, target: (N, *shape).
        clip: clip the reconstruction to [0, 1] first; unless given, if the targets are images
            with all values there.
    """
    if reconstruction.shape != target.shape:
        raise ValueError(
            f"The reconstruction has shape {tuple(reconstruction.shape)}, the target "
            f"{tuple(target.shape)}: they must agree."
        )
    clip = are_grey_images(target) if clip is None else clip
    answer = reconstruction.clamp(0, 1) if clip else reconstruction
    return (answer - target).square().flatten(1).mean(1)


def psnr(mse: float | Tensor, peak: float = 1.0):
    """Peak signal-to-noise ratio in decibels: 10 · log10(peak² / mse)."""
    return 10 * torch.log10(peak**2 / torch.as_tensor(mse, dtype=torch.float64))


def bce_floor(x: Tensor) -> Tensor:
    """The binary cross-entropy per pixel of a *perfect copy*: (N,), in nats.

    A grey value p costs its own entropy −p log p − (1 − p) log (1 − p); only black and white
    pixels cost nothing.
    """
    return F.binary_cross_entropy(x, x, reduction="none").flatten(1).mean(1)
