"""Denoisers measured against clean targets, and the linear denoiser, by their properties."""

import pytest
import torch

from aecourse import evaluation, models
from aecourse.corruption import gaussian
from aecourse.objectives import bce, mse
from aecourse.randomness import seeded


@pytest.fixture
def images():
    return torch.rand(4500, 1, 4, 5, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model():
    with seeded(0):
        return models.Dense((1, 4, 5), 3, hidden=(6,))


def correlated(rows, seed=1):
    draw = torch.Generator().manual_seed(seed)
    mix = torch.randn(6, 6, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return torch.randn(rows, 6, generator=draw, dtype=torch.float64) @ mix + 3


# --------------------------------------------------------------------------- errors


def test_error_of_a_denoiser_is_against_the_clean_target(model, images):
    noisy = gaussian(0.5)(images, torch.Generator().manual_seed(1))
    expected = evaluation.squared_error(evaluation.reconstruct(model, noisy), images)
    found = evaluation.pixel_mse(model, noisy, target=images)
    torch.testing.assert_close(found, expected)
    found = evaluation.per_example(bce, model, noisy, target=images)
    torch.testing.assert_close(found / 20, evaluation.pixel_bce(model, noisy, target=images))


def test_without_a_target_the_input_is_the_target(model, images):
    for score in (evaluation.pixel_mse, evaluation.pixel_bce):
        assert torch.equal(score(model, images), score(model, images, target=images))


@pytest.mark.parametrize("wrong", ["fewer", "other shape"])
def test_a_target_that_does_not_fit_is_refused(model, images, wrong):
    target = images[:10] if wrong == "fewer" else images.flatten(1)
    with pytest.raises(ValueError, match="must (agree|be equal)"):
        evaluation.per_example(mse, model, images, target=target)


def test_the_check_of_a_term_looks_at_the_target(model, images):
    noisy = images + 3
    evaluation.pixel_bce(model, noisy, target=images)
    with pytest.raises(ValueError, match="Binary cross-entropy"):
        evaluation.pixel_bce(model, images, target=noisy)


# --------------------------------------------------------------------------- linear denoiser


def test_linear_denoiser_is_ridge_regression_of_the_data_on_themselves():
    x, sigma = correlated(300), 0.7
    fitted = evaluation.fit_linear_denoiser(x, sigma)
    centred = x - x.mean(0)
    penalty = len(x) * sigma**2 * torch.eye(6, dtype=torch.float64)
    ridge = torch.linalg.solve(centred.T @ centred + penalty, centred.T @ centred)
    torch.testing.assert_close(fitted.matrix, ridge)
    torch.testing.assert_close(fitted.mean, x.mean(0))


def test_linear_denoiser_is_the_best_affine_map():
    x, sigma = correlated(60_000), 0.7
    noisy = gaussian(sigma)(x, torch.Generator().manual_seed(2))
    with_one = torch.cat([noisy, torch.ones(len(x), 1, dtype=torch.float64)], 1)
    best = with_one @ torch.linalg.lstsq(with_one, x).solution
    ours = evaluation.fit_linear_denoiser(x, sigma)(noisy)
    error, floor = ((answer - x).square().mean().item() for answer in (ours, best))
    assert floor <= error < 1.001 * floor


def test_its_error_is_the_one_that_the_eigenvalues_predict():
    x, sigma = correlated(200_000), 0.6
    noisy = gaussian(sigma)(x, torch.Generator().manual_seed(3))
    error = (evaluation.fit_linear_denoiser(x, sigma)(noisy) - x).square().sum(1)
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0))
    expected = (values * sigma**2 / (values + sigma**2)).sum().item()
    assert error.mean().item() == pytest.approx(expected, abs=4 * error.std().item() / 200_000**0.5)


def test_for_gaussian_data_its_step_is_the_score():
    x, sigma = correlated(1000), 0.5
    fitted = evaluation.fit_linear_denoiser(x, sigma)
    covariance = torch.cov(x.T, correction=0) + sigma**2 * torch.eye(6, dtype=torch.float64)
    density = torch.distributions.MultivariateNormal(x.mean(0), covariance)
    places = (x[:20] + 1).requires_grad_()
    density.log_prob(places).sum().backward()
    torch.testing.assert_close((fitted(places.detach()) - places.detach()) / sigma**2, places.grad)


def test_it_keeps_shape_and_type(images):
    fitted = evaluation.fit_linear_denoiser(images, 0.5)
    answer = fitted(images[:7])
    assert answer.shape == (7, 1, 4, 5) and answer.dtype == torch.float32


def test_bad_input_of_the_linear_denoiser_is_refused(images):
    with pytest.raises(ValueError, match="nothing to remove"):
        evaluation.fit_linear_denoiser(images, 0)
    with pytest.raises(ValueError, match="at least two"):
        evaluation.fit_linear_denoiser(images[:1], 0.5)
    with pytest.raises(ValueError, match="20 features"):
        evaluation.fit_linear_denoiser(images, 0.5)(torch.rand(3, 19))
