"""Densities of codes: equal to scikit-learn's and PyTorch's, and the identities of the rate."""

import math

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from aecourse import evaluation, models
from aecourse.objectives import bce, kl_to_prior
from aecourse.randomness import seeded


@pytest.fixture(scope="module")
def codes():
    draw = torch.Generator().manual_seed(0)
    return torch.randn(600, 3, generator=draw) @ torch.randn(3, 3, generator=draw) + 2


@pytest.fixture(scope="module")
def model():
    with seeded(0):
        return models.VAE((1, 6, 6), 3, hidden=(8,))


@pytest.fixture(scope="module")
def images():
    draw = torch.Generator().manual_seed(1)
    return (torch.rand(90, 1, 6, 6, generator=draw) < 0.3).float()


def test_standard_normal_is_pytorchs(codes):
    expected = Independent(Normal(torch.zeros(3), 1.0), 1).log_prob(codes)
    torch.testing.assert_close(evaluation.standard_normal(codes).float(), expected)


@pytest.mark.parametrize("components", [1, 4])
def test_a_mixture_is_scikit_learns(codes, components):
    ours = evaluation.fit_mixture(codes, components, seed=3)
    theirs = GaussianMixture(components, random_state=3).fit(codes.double().numpy())
    expected = torch.from_numpy(theirs.score_samples(codes.double().numpy()))
    torch.testing.assert_close(ours(codes), expected)


def test_one_component_is_the_gaussian_of_the_codes(codes):
    ours = evaluation.fit_mixture(codes, 1)
    gaussian = MultivariateNormal(codes.double().mean(0), torch.cov(codes.double().T, correction=0))
    torch.testing.assert_close(ours(codes), gaussian.log_prob(codes.double()), rtol=1e-4, atol=1e-4)


def test_draws_have_the_density_that_is_claimed(codes):
    mixture = evaluation.fit_mixture(codes, 3)
    draws = mixture.draw(20_000)
    torch.testing.assert_close(draws.double().mean(0), codes.double().mean(0), rtol=0.1, atol=0.1)
    # The mean log-density of its own draws is minus its entropy: no other density scores higher.
    assert mixture(draws).mean() > evaluation.fit_mixture(draws, 1)(draws).mean()


def test_more_components_than_codes_are_refused(codes):
    with pytest.raises(ValueError, match="cannot be fitted"):
        evaluation.fit_mixture(codes[:2], 3)


def test_the_aggregate_posterior_is_a_mixture_of_all_posteriors(model, images):
    aggregate = evaluation.posteriors(model, images)
    parts = Independent(Normal(aggregate.mean, torch.exp(0.5 * aggregate.log_variance)), 1)
    expected = MixtureSameFamily(Categorical(torch.ones(90)), parts)
    z = torch.randn(7, 3, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(aggregate(z).float(), expected.log_prob(z))


def test_the_rate_is_information_plus_mismatch(model, images):
    information, mismatch = evaluation.information_and_mismatch(model, images, of=len(images))
    codes, log_q = evaluation.drawn_codes(evaluation.posteriors(model, images))
    torch.testing.assert_close(information + mismatch,
                               log_q - evaluation.standard_normal(codes))
    assert information.mean() <= math.log(len(images)) + 1e-9


def test_log_weights_under_the_usual_prior_are_the_usual_ones(model, images):
    ours = evaluation.log_weights_under(
        model, images, {"usual": evaluation.standard_normal}, samples=20, seed=4
    )["usual"]
    expected = evaluation.importance_log_weights(model, images, 20, seed=4)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-4)


def test_with_one_draw_they_are_the_elbo(model, images):
    ours = -evaluation.log_weights_under(
        model, images, {"usual": evaluation.standard_normal}, samples=400
    )["usual"].mean(1)
    parts = [evaluation.per_example(term, model, images, seed).mean()
             for term in (bce, kl_to_prior()) for seed in range(30)]  # fmt: skip
    assert abs(ours.mean() - 2 * torch.stack(parts).mean()) < 0.1


def test_all_priors_are_judged_on_the_same_draws(model, images):
    same = {"a": evaluation.standard_normal, "b": evaluation.standard_normal}
    found = evaluation.log_weights_under(model, images, same, samples=2)
    assert torch.equal(found["a"], found["b"])


def test_no_sample_is_refused(model, images):
    with pytest.raises(ValueError, match="at least one"):
        evaluation.log_weights_under(model, images, {}, samples=0)


def test_a_net_without_a_posterior_is_refused(images):
    net = models.Dense((1, 6, 6), 3)
    with pytest.raises(ValueError, match="variational"):
        evaluation.log_weights_under(net, images, {"N(0, I)": evaluation.standard_normal})
