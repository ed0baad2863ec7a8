"""Is a difference more than chance? Means with their errors, pairs, resampling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from aecourse.randomness import generator


class Estimate(NamedTuple):
    """A mean and how far it may be off by chance.

    Attributes:
        mean: over the examples.
        standard_error: standard deviation of the examples / √N.
    """

    mean: float
    standard_error: float

    def __str__(self) -> str:
        digits = 4
        if 0 < self.standard_error < math.inf:
            digits = max(0, 1 - math.floor(math.log10(self.standard_error)))
        return f"{self.mean:.{digits}f} ± {self.standard_error:.{digits}f}"


def estimate(values: Tensor) -> Estimate:
    """Mean and standard error of one number per example (N,)."""
    values = torch.as_tensor(values, dtype=torch.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"A standard error needs one number per example and at least two examples; "
            f"the shape is {tuple(values.shape)}."
        )
    return Estimate(values.mean().item(), values.std().item() / math.sqrt(len(values)))


def paired(a: Tensor, b: Tensor) -> Estimate:
    """How much larger ``a`` is than ``b`` on average, on the *same* examples.

    An image that is hard for one model is hard for the other: their difference varies far less
    than either error, so pairing sees differences that two separate means would hide.

    Args:
        a, b: (N,) errors of two models, in the same order of examples.
    """
    if a.shape != b.shape:
        raise ValueError(
            f"Paired errors belong to the same examples: shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)} differ."
        )
    return estimate(a - b)


def bootstrap(
    statistic: Callable[..., float], *values, draws: int = 200, seed: int = 0
) -> Estimate:
    """A statistic of the examples, and how far chance in the choice of examples moves it.

    The examples are drawn again with replacement, as many as there are, and the statistic is
    computed anew: for statistics such as AUROC that are not a mean over examples. (Efron 1979.)

    Args:
        statistic: called with each of ``values``, resampled alike, as arrays.
        values: arrays or tensors with one entry (or row) per example, in the same order.
        draws: how often to resample.
        seed: shifted by AECOURSE_SEED.

    Returns:
        The statistic of the examples as they are; the standard deviation over the draws.
    """
    values = [torch.as_tensor(value).detach().cpu().numpy() for value in values]
    count = len(values[0])
    if count < 2 or any(len(value) != count for value in values) or draws < 2:
        raise ValueError(
            "A bootstrap needs at least two draws, two examples, and the same number of examples "
            f"in each of its values; draws={draws}, lengths {[len(value) for value in values]}."
        )
    random = generator(seed)
    again = []
    for _ in range(draws):
        rows = torch.randint(count, (count,), generator=random).numpy()
        again.append(float(statistic(*(value[rows] for value in values))))
    return Estimate(float(statistic(*values)), float(np.std(again, ddof=1)))
