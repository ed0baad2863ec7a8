"""Is this example strange? Thresholds with a promise, and how well a score ranks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from aecourse.randomness import generator


class Interval(NamedTuple):
    """A value, and an interval that covers it with a stated probability.

    Attributes:
        value: from the examples as they are.
        low, high: ends of the interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def _checked_scores(scores: Tensor | np.ndarray, name: str) -> np.ndarray:
    scores = torch.as_tensor(scores).detach().cpu().double().numpy()
    if scores.ndim != 1 or not len(scores):
        raise ValueError(
            f"The {name} scores need one number for each of at least one example; the shape is "
            f"{scores.shape}."
        )
    if np.isnan(scores).any():
        raise ValueError(f"The {name} scores contain NaN, which is neither high nor low.")
    return scores


def threshold_for(normal: Tensor | np.ndarray, false_alarm_rate: float) -> float:
    """The score above which to raise an alarm, so that few normal examples do.

    A *new* normal example, drawn like the given ones, lies above it with a probability of at most
    ``false_alarm_rate`` (averaged over draws of both). It is the ⌊(n + 1) · rate⌋-th largest of
    the n scores. (Vovk, Gammerman & Shafer 2005.)

    Args:
        normal: (N,) scores of normal examples that the model was *not* fitted on.
        false_alarm_rate: between 0 and 1.

    Returns:
        The threshold; infinity if N + 1 < 1 / false_alarm_rate: too few to promise so low a rate.
    """
    normal = np.sort(_checked_scores(normal, "normal"))
    if not 0 < false_alarm_rate < 1:
        raise ValueError(
            f"false_alarm_rate={false_alarm_rate}: give a share between 0 and 1, such as 0.05."
        )
    above = math.floor((len(normal) + 1) * false_alarm_rate + 1e-9)
    return float(normal[len(normal) - above]) if above else math.inf


def auroc(normal: Tensor | np.ndarray, strange: Tensor | np.ndarray) -> float:
    """Probability that a strange example scores higher than a normal one; ties count one half.

    1: every strange one scores higher, 0.5: chance, below 0.5: the score ranks the wrong way.

    Args:
        normal, strange: (N,) and (M,) scores, higher for what looks stranger.
    """
    normal = np.sort(_checked_scores(normal, "normal"))
    strange = _checked_scores(strange, "strange")
    below = np.searchsorted(normal, strange, "left") + np.searchsorted(normal, strange, "right")
    return float(below.mean() / (2 * len(normal)))


def auroc_interval(
    normal: Tensor | np.ndarray,
    strange: Tensor | np.ndarray,
    level: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Interval:
    """AUROC with a bootstrap interval: how far the choice of test examples moves it.

    Normal and strange examples are drawn again with replacement, each group for itself; the
    interval leaves out equal shares of the draws at both ends. It says nothing about what another
    *training* of the model would give. (Efron 1979.)

    Args:
        normal, strange: as in :func:`auroc`.
        level: share of the draws that the interval holds.
        draws: how often to resample; at least 2.
        seed: shifted by AECOURSE_SEED.
    """
    if not 0 < level < 1 or draws < 2:
        raise ValueError(
            f"level={level}, draws={draws}: a level lies between 0 and 1, and an interval needs "
            "at least two draws."
        )
    normal, strange = _checked_scores(normal, "normal"), _checked_scores(strange, "strange")
    random = generator(seed)
    again = []
    for _ in range(draws):
        rows = [torch.randint(len(s), (len(s),), generator=random).numpy()
                for s in (normal, strange)]  # fmt: skip
        again.append(auroc(normal[rows[0]], strange[rows[1]]))
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    return Interval(auroc(normal, strange), float(low), float(high))
