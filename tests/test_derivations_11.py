"""What lesson 11 derives in its cells equals what the package or scikit-learn offers."""

import numpy as np
import pytest
import torch
from helpers import functions_of, solution_of
from sklearn.linear_model import LinearRegression
from sklearn.metrics import precision_score

from aecourse import data, evaluation


@pytest.fixture(scope="module")
def lesson():
    return functions_of("11_anomalies")


@pytest.fixture
def scores():
    random = torch.Generator().manual_seed(1)
    return torch.randn(301, generator=random), 1 + torch.randn(83, generator=random)


def solution(number):
    return solution_of("11_anomalies", number)


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.13])
def test_threshold_equals_the_packages(lesson, scores, rate):
    ours = lesson.threshold_for(scores[0], rate)
    assert ours == pytest.approx(evaluation.threshold_for(scores[0], rate), abs=1e-7)
    values, kinds = torch.cat(scores).numpy(), np.r_[np.zeros(301), np.ones(83)].astype(int)
    assert solution(0)(values, kinds, values, rate) == pytest.approx(ours, abs=1e-7)


@pytest.mark.parametrize("count, rate", [(99, 0.29), (12, 0.05), (19, 0.05)])
def test_threshold_counts_places_as_the_package_does(lesson, scores, count, rate):
    """100 · 0.29 is 28.999… to Python, and twelve scores are too few for 5 %."""
    normal = scores[0][:count]
    ours, kinds = lesson.threshold_for(normal, rate), np.zeros(count, dtype=int)
    assert ours == pytest.approx(evaluation.threshold_for(normal, rate), abs=1e-7)
    assert solution(0)(normal.numpy(), kinds, normal.numpy(), rate) == pytest.approx(ours)
    assert (ours == np.inf) == (count == 12)


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_equals_the_packages(lesson, scores, ties):
    normal, strange = (s.round() if ties else s for s in scores)
    expected = evaluation.auroc(normal, strange)
    assert lesson.auroc(normal, strange) == pytest.approx(expected, abs=1e-6)
    kinds = np.r_[np.zeros(301), np.ones(83)].astype(int)
    ours = solution(1)(torch.cat([normal, strange]).numpy(), kinds)
    assert ours == pytest.approx(expected, abs=1e-12)


def test_judged_counts_alarms(lesson, scores):
    tested, strange = torch.cat(scores), torch.arange(384) >= 301
    false, interval, detected = lesson.judged(scores[0], tested, strange, 0.1)
    limit = evaluation.threshold_for(scores[0], 0.1)
    assert false == pytest.approx((scores[0] > limit).double().mean().item())
    assert detected == pytest.approx((scores[1] > limit).double().mean().item())
    assert interval.low < false < interval.high


def test_precision_is_that_of_a_stream(lesson):
    normal, strange, false, found = 9_900, 100, 495, 40
    truth = np.r_[np.zeros(normal), np.ones(strange)]
    alarm = np.r_[np.arange(normal) < false, np.arange(strange) < found]
    expected = precision_score(truth, alarm)
    assert lesson.precision(0.01, 0.4, 0.05) == pytest.approx(expected)
    assert solution(2)(found, strange, false, normal, 0.01) == pytest.approx(expected)


def test_lead_is_a_difference_of_aurocs(lesson, scores):
    strange = torch.arange(384) >= 301
    a, b = torch.cat(scores), torch.cat(scores).flip(0)
    lesson.lead.__globals__.update(strange=strange, scores={"a": (None, a), "b": (None, b)})
    gap = lesson.lead("a", "b")
    expected = [evaluation.auroc(s[~strange], s[strange]) for s in (a, b)]
    assert gap.mean == pytest.approx(expected[0] - expected[1])


def test_regression_is_that_of_each_column_on_the_others(lesson):
    x = torch.randn(400, 5, generator=torch.Generator().manual_seed(2)).double()
    x[:, 1] += 2 * x[:, 0] - x[:, 4]
    x = (x - x.mean(0)) / x.std(0)
    lesson.regression.__globals__["P"] = torch.linalg.inv(torch.cov(x.T))
    residual = lesson.regression(x)
    for j in range(5):
        others = [i for i in range(5) if i != j]
        fitted = LinearRegression().fit(x[:, others], x[:, j]).predict(x[:, others])
        assert np.abs(residual[:, j].numpy() - (x[:, j].numpy() - fitted)).max() < 1e-5


def test_a_fault_moves_its_own_residual_most(lesson):
    """In units of their usual size; another column moves by its partial correlation."""
    x = torch.randn(3_000, 6, generator=torch.Generator().manual_seed(3)).double()
    x = x @ torch.randn(6, 6, generator=torch.Generator().manual_seed(4)).double()
    x = (x - x.mean(0)) / x.std(0)
    P = torch.linalg.inv(torch.cov(x.T))
    lesson.regression.__globals__["P"] = P
    usual = lesson.regression(x).square().mean(0).sqrt()
    partial = P / (P.diag()[:, None] * P.diag()).sqrt()
    for j in range(6):
        fault = torch.zeros(1, 6)
        fault[0, j] = 2.5
        moved = (lesson.regression(x[:1] + fault) - lesson.regression(x[:1]))[0] / usual
        assert moved.abs().argmax() == j
        assert (moved / moved[j] - partial[j]).abs().max() < 1e-3


def test_coin_nats_are_those_of_independent_coins(lesson):
    draw = torch.Generator().manual_seed(5)
    p = 0.01 + 0.9 * torch.rand(1, 28, 28, generator=draw)
    lesson.coin_nats.__globals__["p"] = p
    binary = torch.bernoulli(p.expand(20, 1, 28, 28), generator=draw).flatten(1)
    expected = -torch.distributions.Bernoulli(p.flatten()).log_prob(binary).sum(1)
    assert (lesson.coin_nats(binary) - expected).abs().max() < 1e-2


def test_held_out_digit_is_in_the_test_images_only(lesson):
    train, valid, test, strange = lesson.nine_digits(8)
    digits = data.mnist()
    assert len(train) == (digits.train.labels != 8).sum()
    assert len(valid) == (digits.valid.labels != 8).sum()
    assert torch.equal(strange, digits.test.labels == 8) and len(test) == 10_000
    eights = {image.numpy().tobytes() for image in digits.train.images[digits.train.labels == 8]}
    assert not any(image.numpy().tobytes() in eights for image in train[:5_000])


def test_a_spoilt_row_has_one_reading_of_its_own_station(lesson):
    rain = data.rain()
    stations = data.complete_rain_rows(data.rain_table())["Location"].to_numpy()
    lesson.spoilt.__globals__["stations"] = stations
    part = data.Table(rain.test.x[:2_000], rain.test.y[:2_000], rain.test.rows[:2_000])
    x, sensor = lesson.spoilt(part, 3)
    changed = x != part.x
    assert changed.sum(1).max() == 1 and 0.75 < changed.any(1).float().mean() < 1
    assert torch.equal(changed.nonzero()[:, 1], sensor[changed.any(1)]) and sensor.max() == 15
    names = stations[part.rows.numpy()]
    for row in changed.any(1).nonzero().flatten()[:50].tolist():
        here = torch.from_numpy(names == names[row])
        assert x[row, sensor[row]] in part.x[here, sensor[row]]
