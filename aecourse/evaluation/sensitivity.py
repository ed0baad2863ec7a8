"""How much does a code move when the input does?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aecourse.corruption import Corruption
from aecourse.evaluation.passes import device_of, encode, in_batches
from aecourse.objectives import encoder_jacobian
from aecourse.protocol import EVALUATION_BATCH
from aecourse.randomness import generator


def jacobian(model: nn.Module, x: Tensor, batch_size: int = 100) -> Tensor:
    """Derivatives of the code with respect to the input, (N, code_size, features), on the CPU.

    For 128 code units and 784 pixels an example takes 400 kB: ask for some, not for all.

    Args:
        x: (N, *shape).
        batch_size: examples at a time.
    """

    if not isinstance(x, Tensor) or len(x) <= batch_size:
        return in_batches(lambda piece: encoder_jacobian(model, piece), x, model)
    return torch.cat([jacobian(model, part, batch_size) for part in x.split(batch_size)])


def hutchinson(
    model: nn.Module, x: Tensor, probes: int = 10, seed: int = 0, gaussian: bool = False
) -> Tensor:
    """Hutchinson's estimates of the squared norm of the encoder's Jacobian: (N, probes).

    Each is ‖Jᵀv‖² for a random v, one backward pass. Their mean over the columns is unbiased.
    (Hutchinson 1989.)

    Args:
        x: (N, *shape).
        probes: draws of v for each example.
        seed: shifted by AECOURSE_SEED.
        gaussian: draw v from N(0, I) instead of random signs, whose estimate varies less.
    """
    if probes < 1:
        raise ValueError(f"probes={probes}: an estimate needs at least one draw.")
    random = generator(seed, device_of(model))

    def estimates(piece: Tensor) -> Tensor:
        code, pull_back = torch.func.vjp(model.encode, piece)
        columns = []
        for _ in range(probes):
            v = torch.randn(code.shape, generator=random, device=code.device, dtype=code.dtype)
            v = v if gaussian else torch.where(v < 0, -1.0, 1.0).to(code)
            columns.append(pull_back(v)[0].flatten(1).square().sum(1))
        return torch.stack(columns, 1)

    return in_batches(estimates, x, model)


def displacement(model: nn.Module, x: Tensor, corrupt: Corruption, seed: int = 0) -> Tensor:
    """How far corruption moves each code, relative to the spread of the codes: (N,), squared.

    ‖encode(x̃) − encode(x)‖² divided by the total variance of the codes of ``x``. The square
    root of the mean is the relative displacement: 0 if nothing moves, √2 if a corrupted example
    is as far from itself as from any other.

    Args:
        x: (N, *shape), N ≥ 2.
        corrupt: from :mod:`aecourse.corruption`.
        seed: shifted by AECOURSE_SEED.
    """
    if len(x) < 2:
        raise ValueError("The spread of codes needs at least two examples.")
    codes = encode(model, x)
    random = generator(seed, x.device)
    noisy = (corrupt(piece, random) for piece in x.split(EVALUATION_BATCH))
    moved = torch.cat([encode(model, piece) for piece in noisy])
    spread = codes.var(0, correction=0).sum()
    if spread == 0:
        raise ValueError("All codes are equal: there is no spread to compare with.")
    return (moved - codes).square().sum(1) / spread
