"""Random numbers that can be repeated, and shifted on purpose.

Three environment variables let a reader (or a test) ask whether a conclusion is luck:

``AECOURSE_SEED=2``
    shifts every seed of the course: other initial weights, other batches, other noise.
``AECOURSE_PERTURB=1e-6``
    multiplies all initial weights by 1 + 1e-6 · N(0, 1): a stand-in for another processor,
    whose sums round differently in the last digit.
``AECOURSE_PERTURB_DRAW=3``
    which such perturbation to take.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def _number_from_environment(name: str, kind: type, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        return kind(text) if text else default
    except ValueError:
        raise ValueError(
            f"The environment variable {name} is {text!r}, which is not "
            f"{'a whole number' if kind is int else 'a number'}. Unset it, or give it one."
        ) from None


def shifted(seed: int) -> int:
    """The seed that is used when ``seed`` is asked for: shifted by AECOURSE_SEED."""
    return int(seed) + 1000 * int(_number_from_environment("AECOURSE_SEED", int, 0))


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A random generator of its own, on ``device``, that starts at ``seed``."""
    return torch.Generator(device=device).manual_seed(shifted(seed))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with torch's global generator at ``seed``; afterwards it is as it was.

    Layers draw their initial weights from the global generator, so models are built inside:

    >>> with seeded(0):
    ...     layer = torch.nn.Linear(4, 2)
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(shifted(seed))
        yield


def perturb_weights(model: nn.Module) -> None:
    """Multiply all weights by 1 + AECOURSE_PERTURB · N(0, 1); do nothing if it is unset."""
    size = _number_from_environment("AECOURSE_PERTURB", float, 0.0)
    if not size:
        return
    draw = int(_number_from_environment("AECOURSE_PERTURB_DRAW", int, 0))
    noise = torch.Generator().manual_seed(9_000_000 + draw)
    with torch.no_grad():
        for weight in model.parameters():
            factor = 1 + size * torch.randn(weight.shape, generator=noise, dtype=torch.float64)
            weight.mul_(factor.to(weight))
