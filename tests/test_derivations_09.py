"""What lesson 09 and its deeper notebooks derive equals what the package or PyTorch offers."""

import numpy as np
import pytest
import torch
from helpers import functions_of, solutions_of
from torch.distributions import MultivariateNormal

from aecourse import evaluation, models
from aecourse.objectives import gaussian_kl, gaussian_nll, kl_to_prior
from aecourse.randomness import seeded

SIDE = 14 * 14


@pytest.fixture(scope="module")
def lesson():
    return functions_of("09_variational_in_depth", DEVICE=torch.device("cpu"))


@pytest.fixture(scope="module")
def deeper():
    return functions_of("deeper/09_linear")


@pytest.fixture(scope="module")
def model():
    with seeded(0):
        return models.VAE((1, 28, 28), 3, hidden=(8,))


@pytest.fixture(scope="module")
def images():
    draw = torch.Generator().manual_seed(0)
    return (torch.rand(30, 1, 28, 28, generator=draw) < 0.3).float()


def test_log_weights_equal_the_package(lesson, model, images):
    for image in images[:3].split(1):
        ours = lesson.log_weights(model, image, 50, model.posterior, seed=4)
        expected = evaluation.importance_log_weights(model, image, 50, seed=4)
        torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-3)


def test_nll_equals_the_package(lesson, model, images):
    weights = lesson.log_weights(model, images[:1], 200, model.posterior, seed=2)
    expected = evaluation.importance_sampled_nll(model, images[:1], 200, seed=2)
    torch.testing.assert_close(lesson.nll_with(weights, 200), expected, rtol=1e-6, atol=1e-3)


def test_solutions_of_the_fill_ins_equal_the_package(lesson, model, images):
    parts, size, bound = solutions_of("09_variational_in_depth")
    weights = torch.randn(4, 30, dtype=torch.float64)
    torch.testing.assert_close(size(weights), evaluation.effective_sample_size(weights))
    aggregate = evaluation.posteriors(model, images)
    codes, log_q = evaluation.drawn_codes(aggregate)
    log_p = evaluation.standard_normal(codes)
    information, mismatch = evaluation.information_and_mismatch(model, images, len(images))
    for ours, expected in zip(parts(log_q, aggregate(codes), log_p), (information, mismatch)):
        torch.testing.assert_close(ours, expected.mean())
    log_likelihood = torch.zeros(len(images), dtype=torch.float64)
    torch.testing.assert_close(bound(log_likelihood, log_p, log_q), log_q - log_p)


def test_the_aggregate_posterior_equals_the_package(lesson, model, images):
    aggregate = evaluation.posteriors(model, images)
    lesson.log_aggregate.__globals__["LOG_2PI"] = np.log(2 * np.pi)
    z = torch.randn(7, 3, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(lesson.log_aggregate(z, aggregate), aggregate(z))


def test_the_nearest_image_of_a_copy_is_itself(lesson, images):
    lesson.to_nearest.__globals__["TRAIN"] = images
    assert lesson.to_nearest(images[:5]) < 1e-6 < lesson.to_nearest(1 - images[:5])


def test_fewer_draws_are_averaged_over_disjoint_groups(lesson):
    weights = torch.randn(4, 10, dtype=torch.float64)
    by_hand = [
        torch.stack([np.log(3) - row[i : i + 3].logsumexp(0) for i in (0, 3, 6)]).mean()
        for row in weights
    ]
    torch.testing.assert_close(lesson.nll_with(weights, 3), torch.stack(by_hand))
    torch.testing.assert_close(lesson.nll_with(weights, 1), -weights.mean(1))


def test_rates_add_up_to_the_kl_term(lesson, model, images):
    ours = lesson.rates(model, images).sum()
    expected = evaluation.per_example(kl_to_prior(), model, images).mean()
    torch.testing.assert_close(ours, expected)


def test_a_dimension_that_the_decoder_ignores_is_no_loss(lesson, images):
    with seeded(1):
        model = models.VAE((1, 28, 28), 3, hidden=(8,))
    with torch.no_grad():
        model.decoder[0].weight[:, 1] = 0
        model.decoder[0].weight[:, 2] *= 50
    worse = lesson.losses_without(model, images)
    assert worse[1].abs() < 1e-3 < worse[2].abs()


@pytest.fixture(scope="module")
def linear(deeper):
    """Data, a linear VAE and its two parts, with the data's covariance in the lesson's names."""
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(500, SIDE, generator=draw).double() * torch.linspace(2, 0.1, SIDE)
    x = x - x.mean(0)
    W = 0.3 * torch.randn(SIDE, 4, generator=draw).double()
    V = 0.2 * torch.randn(4, SIDE, generator=draw).double()
    log_d = torch.randn(4, generator=draw).double()
    deeper.negative_elbo.__globals__["S"] = x.T @ x / len(x)
    return x, W, V, log_d


def as_vae(W, V, log_d):
    with seeded(0):
        vae = models.VAE(SIDE, 4, hidden=(), output="linear").double()
    with torch.no_grad():
        vae.encoder[1].weight.copy_(torch.cat([V, torch.zeros_like(V)]))
        vae.encoder[1].bias.copy_(torch.cat([torch.zeros(4).double(), log_d]))
        vae.decoder[0].weight.copy_(W)
        vae.decoder[0].bias.zero_()
    return vae


def test_the_linear_elbo_is_what_the_package_samples(deeper, linear):
    x, *parameters = linear
    vae, noise = as_vae(*parameters), torch.tensor(0.5).double()
    torch.testing.assert_close(
        deeper.linear_rates(*parameters[1:]), gaussian_kl(*vae.posterior(x)).mean(0).detach()
    )
    draws = [
        evaluation.per_example(gaussian_nll(0.5**0.5), vae, x, seed).mean() for seed in range(60)
    ]
    sampled = evaluation.estimate(torch.stack(draws))
    exact = deeper.negative_elbo(*parameters, noise) - deeper.linear_rates(*parameters[1:]).sum()
    assert abs(sampled.mean - exact.item()) < 4.5 * sampled.standard_error


def test_the_likelihood_of_probabilistic_pca_is_that_of_a_gaussian(deeper, linear):
    x, W, V, log_d = linear
    noise = torch.tensor(0.5).double()
    covariance = W @ W.T + noise * torch.eye(SIDE).double()
    gaussian = MultivariateNormal(torch.zeros(SIDE).double(), covariance)
    exact = deeper.ppca_nll(W, noise)
    torch.testing.assert_close(exact, -gaussian.log_prob(x).mean())
    assert deeper.negative_elbo(W, V, log_d, noise) > exact


def test_at_the_solution_of_tipping_and_bishop_the_bound_is_tight(deeper, linear):
    S = deeper.negative_elbo.__globals__["S"]
    eigenvalues, U = (part.flip(-1) for part in torch.linalg.eigh(S))
    noise = (eigenvalues[2] * eigenvalues[3]).sqrt()  # three of four dimensions survive
    top = eigenvalues[:4].clamp(min=noise)
    W = U[:, :4] * (top - noise).sqrt()
    V, log_d = W.T / top[:, None], torch.log(noise / top)
    nll = deeper.ppca_nll(W, noise)
    torch.testing.assert_close(deeper.negative_elbo(W, V, log_d, noise), nll)
    rates = deeper.linear_rates(V, log_d)
    torch.testing.assert_close(rates, 0.5 * torch.log(eigenvalues[:4] / noise).clamp(min=0))
    for seed in range(5):  # and no other decoder is likelier
        draw = torch.Generator().manual_seed(seed)
        other = W + 0.05 * torch.randn(W.shape, generator=draw).double()
        assert deeper.ppca_nll(other, noise) > nll


def test_what_a_rotation_costs_the_bound(deeper):
    """The loss is −ELBO with the best diagonal posterior minus the exact likelihood."""
    S = deeper.negative_elbo.__globals__["S"]
    W = 0.4 * torch.randn(SIDE, 3, generator=torch.Generator().manual_seed(5)).double()
    noise = torch.tensor(0.5).double()
    M = W.T @ W + noise * torch.eye(3).double()
    V, log_d = torch.linalg.solve(M, W.T), torch.log(noise / M.diagonal())
    gap = deeper.negative_elbo(W, V, log_d, noise) - deeper.ppca_nll(W, noise)
    torch.testing.assert_close(deeper.loss_of_bound(W, noise), gap)
    assert S.shape == (SIDE, SIDE) and gap > 0


def test_the_shared_average_is_a_bayes_rule_by_hand(lesson, model, images):
    lesson.shared_average.__globals__["TRAIN"] = images
    z = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    average, size = lesson.shared_average(evaluation.posteriors(model, images), z)
    mean, log_variance = model.posterior(images)
    for code, ours, count in zip(z, average, size):
        density = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance)).log_prob(code)
        share = density.sum(1).softmax(0).detach()
        torch.testing.assert_close(ours, (share[:, None, None, None] * images).sum(0))
        torch.testing.assert_close(count, 1 / share.square().sum())
