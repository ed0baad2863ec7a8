"""Thresholds and AUROC (lesson 11)."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from aecourse import evaluation


def scores(seed, count, shift=0.0):
    return shift + torch.randn(count, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------ threshold


@pytest.mark.parametrize(("count", "rate", "above"), [(99, 0.05, 5), (19, 0.05, 1), (200, 0.1, 20),
                                                      (9, 0.1, 1), (59, 0.05, 3)])  # fmt: skip
def test_as_many_scores_lie_on_or_above_the_threshold_as_the_rate_allows(count, rate, above):
    normal = scores(1, count)
    threshold = evaluation.threshold_for(normal, rate)
    # The threshold is one of the scores; an alarm needs a score above it.
    assert (normal.double() >= threshold).sum() == above
    assert (normal.double() > threshold).sum() == above - 1


def test_new_examples_exceed_the_threshold_at_the_promised_rate():
    random = np.random.default_rng(0)
    exceeded = []
    for _ in range(4_000):
        *normal, new = random.normal(size=40)
        exceeded.append(new > evaluation.threshold_for(np.array(normal), 0.1))
    assert abs(np.mean(exceeded) - 0.1) < 4 * math.sqrt(0.09 / 4_000)


def test_too_few_examples_for_a_low_rate_give_no_alarm():
    assert evaluation.threshold_for(scores(2, 18), 0.05) == math.inf
    assert evaluation.threshold_for(scores(2, 19), 0.05) < math.inf


def test_threshold_refuses_what_it_cannot_use():
    for rate in (0, 1, 5, -0.1):
        with pytest.raises(ValueError, match="share between 0 and 1"):
            evaluation.threshold_for(scores(3, 9), rate)
    with pytest.raises(ValueError, match="NaN"):
        evaluation.threshold_for(torch.tensor([1.0, math.nan]), 0.5)
    with pytest.raises(ValueError, match="one number for each"):
        evaluation.threshold_for(torch.ones(3, 2), 0.5)


# ------------------------------------------------------------------ AUROC


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_equals_scikit_learns(ties):
    normal, strange = scores(4, 300), scores(5, 70, 0.7)
    if ties:
        normal, strange = normal.round(), strange.round()
    truth = np.r_[np.zeros(300), np.ones(70)]
    expected = roc_auc_score(truth, torch.cat([normal, strange]).numpy())
    assert evaluation.auroc(normal, strange) == pytest.approx(expected, abs=1e-12)


def test_auroc_at_its_ends_and_in_the_middle():
    low, high = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    assert evaluation.auroc(low, high) == 1 and evaluation.auroc(high, low) == 0
    assert evaluation.auroc(low, low) == 0.5
    assert evaluation.auroc(low, torch.tensor([math.inf])) == 1


def test_auroc_is_unchanged_by_a_growing_function():
    normal, strange = scores(6, 200), scores(7, 50, 1.0)
    assert evaluation.auroc(normal.exp(), strange.exp()) == evaluation.auroc(normal, strange)


def test_interval_covers_the_true_value_about_as_often_as_it_says():
    # Two Gaussians of variance 1, one apart: the AUROC is Φ(1/√2).
    truth = 0.5 * (1 + math.erf(0.5))
    inside = []
    for trial in range(100):
        interval = evaluation.auroc_interval(
            scores(2 * trial, 150), scores(2 * trial + 1, 100, 1.0), draws=100, seed=trial
        )
        assert interval.low < interval.value < interval.high
        inside.append(interval.low < truth < interval.high)
    assert 0.86 < np.mean(inside) <= 1


def test_interval_is_wider_at_a_higher_level_and_reads_well():
    normal, strange = scores(8, 100), scores(9, 50, 1.0)
    narrow, wide = (evaluation.auroc_interval(normal, strange, level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert str(evaluation.Interval(0.9, 0.85, 0.95)) == "0.900 [0.850, 0.950]"


def test_interval_refuses_what_it_cannot_use():
    normal = scores(10, 20)
    with pytest.raises(ValueError, match="at least two draws"):
        evaluation.auroc_interval(normal, normal, draws=1)
    with pytest.raises(ValueError, match="level"):
        evaluation.auroc_interval(normal, normal, level=95)
    with pytest.raises(ValueError, match="strange"):
        evaluation.auroc(normal, torch.tensor([]))
