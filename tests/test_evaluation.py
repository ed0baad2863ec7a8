"""Evaluation: errors per pixel, baselines, honest comparisons, probes."""

import math

import numpy as np
import pytest
import torch
from helpers import DEVICES, SHAPE, blobs, rows, small_model
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from aecourse import evaluation
from aecourse.evaluation import Estimate
from aecourse.models import Autoencoder, Dense
from aecourse.objectives import bce, mse
from aecourse.protocol import Output


def pca_as_autoencoder(train: torch.Tensor, code_size: int) -> Dense:
    """A linear autoencoder whose weights are the principal components of the training rows."""
    pca = evaluation.fit_pca(train, code_size)
    model = Dense(train.shape[1], code_size, hidden=(), output="linear").double()
    components, mean = torch.from_numpy(pca.components_), torch.from_numpy(pca.mean_)
    encoder, decoder = (m for m in model.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():
        encoder.weight.copy_(components)
        encoder.bias.copy_(-components @ mean)
        decoder.weight.copy_(components.T)
        decoder.bias.copy_(mean)
    return model


# --------------------------------------------------------------------------- running a model


@pytest.mark.parametrize("device", DEVICES)
def test_results_come_to_the_cpu_without_gradients(device):
    model, x = small_model().to(device), blobs(9)
    for values, expected in (
        (evaluation.encode(model, x), model.encode(x.to(device))),
        (evaluation.reconstruct(model, x), model(x.to(device))),
    ):
        assert values.device.type == "cpu" and not values.requires_grad
        torch.testing.assert_close(values, expected.detach().cpu())


def test_pieces_give_the_same_as_the_whole(monkeypatch):
    model, x = small_model(), blobs(23)
    functions = (evaluation.encode, evaluation.reconstruct, evaluation.pixel_mse)
    whole = [function(model, x) for function in functions]
    monkeypatch.setattr("aecourse.evaluation.passes.EVALUATION_BATCH", 7)
    for function, expected in zip(functions, whole):
        torch.testing.assert_close(function(model, x), expected)


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_changes_neither_mode_nor_running_means(training):
    encoder = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(36), nn.Linear(36, 2))
    decoder = nn.Sequential(nn.Linear(2, 36), nn.Unflatten(1, SHAPE))
    model = Autoencoder(encoder, decoder, SHAPE, 2).train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    errors = evaluation.pixel_mse(model, blobs(10))
    assert model.training == encoder[1].training == training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    one_by_one = [evaluation.pixel_mse(model, image[None]) for image in blobs(10)]
    torch.testing.assert_close(errors, torch.cat(one_by_one))


def test_the_mode_comes_back_after_an_error():
    model = small_model().train()
    with pytest.raises(ValueError, match="takes batches of shape"):
        evaluation.encode(model, rows(4))
    assert model.training


def test_a_model_that_samples_is_evaluated_repeatably():
    class Sampling(Dense):
        def run(self, x, generator=None):
            code = self.encode(x)
            code = code + torch.randn(code.shape, generator=generator)
            return Output(code, self.decode_raw(code))

    model, x = Sampling(SHAPE, 2), blobs(9)
    before = torch.get_rng_state()
    errors = evaluation.per_example(mse, model, x)
    assert torch.equal(errors, evaluation.per_example(mse, model, x))
    assert not torch.equal(errors, evaluation.per_example(mse, model, x, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


# --------------------------------------------------------------------------- errors


def test_errors_are_means_over_pixels_of_what_terms_sum():
    model, x = small_model(), blobs(9)
    out = model(x).detach()
    torch.testing.assert_close(
        evaluation.pixel_mse(model, x), F.mse_loss(out, x, reduction="none").mean((1, 2, 3))
    )
    torch.testing.assert_close(
        evaluation.pixel_bce(model, x),
        F.binary_cross_entropy(out, x, reduction="none").mean((1, 2, 3)),
    )
    torch.testing.assert_close(
        evaluation.per_example(mse, model, x), 36 * evaluation.squared_error(out, x)
    )


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"\(9, 6, 6\), the target \(9, 1, 6, 6\)"):
        evaluation.squared_error(blobs(9)[:, 0], blobs(9))


@pytest.mark.parametrize(
    ("error", "peak", "decibels"),
    [(0.01, 1, 20), (1.0, 1, 0), (0.0, 1, math.inf), (650.25, 255, 20)],
)
def test_psnr(error, peak, decibels):
    assert evaluation.psnr(error, peak).item() == pytest.approx(decibels)
    assert evaluation.psnr(torch.tensor([error]), peak).tolist() == pytest.approx([decibels])


def test_the_floor_of_bce_is_what_a_perfect_copy_costs():
    x = torch.sigmoid(rows(9))

    class PerfectCopy(Autoencoder):
        def run(self, x, generator=None):
            return Output(x, torch.logit(x))

    copy = PerfectCopy(nn.Identity(), nn.Identity(), (5,), 5, output="sigmoid")
    torch.testing.assert_close(evaluation.pixel_bce(copy, x), evaluation.bce_floor(x))
    assert (evaluation.pixel_bce(small_model(shape=5), x) > evaluation.bce_floor(x)).all()
    assert evaluation.bce_floor(x.round()).tolist() == [0] * 9
    half = torch.full((2, 3), 0.5)
    torch.testing.assert_close(evaluation.bce_floor(half), torch.full((2,), math.log(2)))


# --------------------------------------------------------------------------- baselines


@pytest.mark.parametrize("code_size", [1, 3, 5])
def test_pca_is_a_linear_autoencoder(code_size):
    train, test = rows(200).double(), rows(50, seed=1).double()
    model = pca_as_autoencoder(train, code_size)
    baseline = evaluation.pca_baseline(train, test, code_size).double()
    torch.testing.assert_close(evaluation.pixel_mse(model, test), baseline, atol=1e-5, rtol=1e-3)


@given(st.integers(0, 1_000), st.integers(1, 4))
def test_no_projection_of_the_training_rows_beats_pca(seed, code_size):
    train = rows(60, seed=seed).double()
    draw = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(5, code_size, generator=draw, dtype=torch.float64)).Q
    mean = train.mean(0)
    projected = mean + (train - mean) @ basis @ basis.T
    other = evaluation.squared_error(projected, train).mean()
    assert evaluation.pca_baseline(train, train, code_size).mean() <= other + 1e-6


def test_pca_improves_with_its_size_from_the_mean_to_a_copy():
    train = rows(200)
    errors = [evaluation.pca_baseline(train, train, k).mean().item() for k in range(1, 6)]
    mean = evaluation.mean_baseline(train, train).mean().item()
    assert mean == pytest.approx(train.var(0, correction=0).mean().item(), rel=1e-5)
    assert sorted([mean, *errors], reverse=True) == [mean, *errors]
    assert errors[-1] < 1e-10


def test_pca_takes_images_and_more_features_than_rows():
    train, test = blobs(20), blobs(5, seed=1)  # 36 pixels that two numbers describe
    pca = evaluation.fit_pca(train, 2)
    out = evaluation.pca_reconstruct(pca, test)
    assert out.shape == test.shape and out.dtype == torch.float32
    torch.testing.assert_close(out, test, atol=1e-5, rtol=0)


@pytest.mark.parametrize("code_size", [0, 6])
def test_pca_of_an_impossible_size_is_refused(code_size):
    with pytest.raises(ValueError, match=rf"{code_size} components in 20 row.*choose 1 to 5"):
        evaluation.fit_pca(rows(20), code_size)


# --------------------------------------------------------------------------- comparing


def test_an_estimate_is_mean_and_standard_error():
    values = rows(400, features=1)[:, 0]
    mean, error = evaluation.estimate(values)
    assert mean == pytest.approx(values.mean().item(), abs=1e-6)
    assert error == pytest.approx(values.std().item() / 20, rel=1e-5)


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (0.0720341, 0.0012, "0.0720 ± 0.0012"),
        (0.0451, 0.00963, "0.0451 ± 0.0096"),
        (-0.00123, 0.00004, "-0.001230 ± 0.000040"),
        (105.234, 0.31, "105.23 ± 0.31"),
        (1234.4, 25.0, "1234 ± 25"),
        (0.5, 0.0, "0.5000 ± 0.0000"),
        (0.5, math.nan, "0.5000 ± nan"),
    ],
)
def test_an_estimate_is_printed_to_two_digits_of_its_error(mean, error, text):
    assert str(Estimate(mean, error)) == text


def test_pairing_sees_what_separate_means_hide():
    draw = torch.Generator().manual_seed(0)
    difficulty = torch.rand(500, generator=draw)
    a = difficulty + 0.01 + 0.01 * torch.randn(500, generator=draw)
    pair = evaluation.paired(a, difficulty)
    assert pair.mean == pytest.approx((a.mean() - difficulty.mean()).item(), abs=1e-6)
    apart = math.hypot(
        evaluation.estimate(a).standard_error, evaluation.estimate(difficulty).standard_error
    )
    assert pair.mean > 10 * pair.standard_error
    assert pair.mean < apart
    assert evaluation.paired(difficulty, a).mean == -pair.mean


def test_pairing_gains_nothing_where_errors_are_independent():
    a, b = rows(4_000, features=1)[:, 0], rows(4_000, features=1, seed=1)[:, 0]
    apart = math.hypot(*(evaluation.estimate(v).standard_error for v in (a, b)))
    assert evaluation.paired(a, b).standard_error == pytest.approx(apart, rel=0.05)


def test_the_bootstrap_of_a_mean_is_its_standard_error():
    values = rows(500, features=1)[:, 0]
    again = evaluation.bootstrap(np.mean, values, draws=400)
    expected = evaluation.estimate(values)
    assert again.mean == pytest.approx(expected.mean, abs=1e-6)
    assert again.standard_error == pytest.approx(expected.standard_error, rel=0.15)


def test_the_bootstrap_draws_the_same_examples_of_each_value():
    a = rows(50, features=1)[:, 0]
    pair = evaluation.bootstrap(lambda a, b: (a - b).mean(), a, a - 1, draws=20)
    assert pair.mean == pytest.approx(1, abs=1e-6)
    assert pair.standard_error == pytest.approx(0, abs=1e-6)
    assert pair == evaluation.bootstrap(lambda a, b: (a - b).mean(), a, a - 1, draws=20)


@pytest.mark.parametrize("lengths, draws", [((4, 5), 9), ((1, 1), 9), ((4, 4), 1)])
def test_a_bootstrap_that_makes_no_sense_is_refused(lengths, draws):
    with pytest.raises(ValueError, match="at least two draws"):
        evaluation.bootstrap(lambda a, b: 0.0, *map(torch.rand, lengths), draws=draws)


def test_errors_of_different_examples_are_not_paired():
    with pytest.raises(ValueError, match=r"\(4,\) and \(5,\) differ"):
        evaluation.paired(torch.rand(4), torch.rand(5))


# --------------------------------------------------------------------------- subspaces, units


@given(st.integers(0, 1_000))
def test_principal_angles(seed):
    draw = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(6, 4, generator=draw, dtype=torch.float64)).Q
    same = basis[:, :2] @ (
        torch.randn(2, 2, generator=draw, dtype=torch.float64) + 3 * torch.eye(2)
    )
    assert evaluation.principal_angles(basis[:, :2], same) == pytest.approx([0, 0], abs=1e-4)
    across = evaluation.principal_angles(basis[:, :2], basis[:, 2:])
    assert across == pytest.approx([90, 90])
    turned = basis[:, 0] * math.cos(0.5) + basis[:, 2] * math.sin(0.5)
    one_turned = torch.stack([turned, basis[:, 1]], 1)
    angles = evaluation.principal_angles(basis[:, :2], one_turned)
    assert angles == pytest.approx([0, math.degrees(0.5)], abs=1e-4)


def test_principal_angles_take_weights_as_they_are():
    weight = nn.Linear(2, 6).weight
    assert evaluation.principal_angles(weight, weight.detach().numpy()).max() < 1e-4


def test_dead_units_are_zero_for_everyone():
    codes = torch.tensor([[0.0, 0, 1], [0, 2, 0]])
    assert evaluation.dead_units(codes) == 1
    assert evaluation.dead_units(codes[:, 1:]) == 0


# --------------------------------------------------------------------------- probes


def two_groups(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(count) % 2
    return rows(count, features=3, seed=seed) * 0.1 + 4 * labels[:, None], labels


@pytest.mark.parametrize("metric", ["accuracy", "auroc"])
def test_a_linear_probe_reads_what_is_separable_and_nothing_else(metric):
    train, test = two_groups(100, 0), two_groups(60, 1)
    assert evaluation.linear_probe(*train, *test, metric=metric) == 1
    flipped = evaluation.linear_probe(*train, test[0], 1 - test[1], metric=metric)
    assert flipped == 0
    noise = rows(400, seed=2), torch.arange(400) % 2
    unrelated = evaluation.linear_probe(*noise, rows(400, seed=3), noise[1], metric=metric)
    assert unrelated == pytest.approx(0.5, abs=0.1)


def test_a_linear_probe_does_not_mind_the_scale_of_the_code():
    train, test = two_groups(100, 0), two_groups(60, 1)
    scale = torch.tensor([1e-6, 1.0, 1e6])
    score = evaluation.linear_probe(train[0] * scale, train[1], test[0] * scale, test[1])
    assert score == 1


@pytest.mark.parametrize(("metric", "message"), [("auc", "'auc'"), ("auroc", "two classes")])
def test_a_probe_that_makes_no_sense_is_refused(metric, message):
    x, three = rows(9), torch.arange(9) % 3
    with pytest.raises(ValueError, match=message):
        evaluation.linear_probe(x, three, x, three, metric=metric)


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "function", [evaluation.encode, evaluation.pixel_mse, evaluation.pixel_bce]
)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (blobs(4)[:0], ValueError, "no examples"),
        (np.zeros((4, *SHAPE)), TypeError, r"ndarray, not a torch tensor.*as_tensor\(x\)"),
        (torch.rand(4, 36), ValueError, r"shape \(B, 1, 6, 6\)"),
    ],
)
def test_evaluation_refuses_what_is_no_set_of_examples(function, x, error, message):
    with pytest.raises(error, match=message):
        function(small_model(), x)


def test_terms_keep_their_checks_in_evaluation():
    with pytest.raises(ValueError, match="divide pixels by 255"):
        evaluation.per_example(bce, small_model(), 255 * blobs(4))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: evaluation.estimate(torch.rand(1)), "at least two examples"),
        (lambda: evaluation.estimate(torch.rand(4, 2)), r"one number per example.*\(4, 2\)"),
        (lambda: evaluation.fit_pca(rows(1), 1), "at least two rows, not 1"),
    ],
)
def test_one_row_has_no_spread(function, message):
    with pytest.raises(ValueError, match=message):
        function()
