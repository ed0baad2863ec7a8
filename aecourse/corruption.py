"""Ways to spoil an input: the noise that a denoising autoencoder learns to remove.

Each function returns a *corruption*: a callable ``(x, generator) -> x̃`` that leaves ``x`` as it
is and draws its random numbers from ``generator``, on the device of ``x``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Corruption = Callable[[Tensor, Generator | None], Tensor]


def gaussian(sigma: float, clamp: bool = False) -> Corruption:
    """Add normal noise of standard deviation ``sigma`` to every value.

    Args:
        sigma: in the units of the data (grey levels in [0, 1], or standard deviations).
        clamp: cut the result to [0, 1]. That makes the noise depend on the image, and its mean
            no longer zero, so the default is not to.
    """
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma}: a standard deviation cannot be negative.")

    def corrupt(x: Tensor, generator: Generator | None = None) -> Tensor:
        noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        noisy = x + sigma * noise
        return noisy.clamp_(0, 1) if clamp else noisy

    return corrupt


def masking(share: float) -> Corruption:
    """Set each value to 0 with probability ``share``."""
    _check_share(share)

    def corrupt(x: Tensor, generator: Generator | None = None) -> Tensor:
        chance = torch.rand(x.shape, generator=generator, device=x.device)
        return torch.where(chance < share, torch.zeros_like(x), x)

    return corrupt


def salt_and_pepper(share: float) -> Corruption:
    """Set each value to 0 or to 1, equally often, with probability ``share``."""
    _check_share(share)

    def corrupt(x: Tensor, generator: Generator | None = None) -> Tensor:
        chance = torch.rand(x.shape, generator=generator, device=x.device)
        noisy = torch.where(chance < share, torch.zeros_like(x), x)
        return torch.where(chance < share / 2, torch.ones_like(x), noisy)

    return corrupt


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share={share}: the share of spoilt values lies between 0 and 1.")
