"""What lesson 08 derives in its cells equals what the package, PyTorch or SciPy offers."""

import numpy as np
import pytest
import torch
from helpers import functions_of
from scipy import integrate
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from aecourse import data, evaluation, models
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded


@pytest.fixture(scope="module")
def lesson():
    return functions_of("08_variational")


@pytest.fixture
def images():
    grey = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return data.binarise(grey)


@pytest.fixture
def pair(lesson):
    """The lesson's VAE and the package's, with the same initial weights."""
    with seeded(3):
        by_hand = lesson.VAE()
    with seeded(3):
        by_package = models.VAE((1, 28, 28), 20)
    return by_hand, by_package


def test_the_divergence_by_hand_is_that_of_the_package_and_of_torch(lesson):
    draw = torch.Generator().manual_seed(1)
    mean, log_variance = torch.randn(2, 50, 3, generator=draw, dtype=torch.float64)
    q = Normal(mean, torch.exp(0.5 * log_variance))
    expected = kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean)))
    torch.testing.assert_close(lesson.kl_by_hand(mean, log_variance), expected)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)


def test_the_vae_by_hand_is_the_one_of_the_package(pair, images):
    by_hand, by_package = pair
    assert torch.equal(by_hand.encode(images), by_package.encode(images))
    assert torch.equal(by_hand(images), by_package(images))
    ours, theirs = (model.run(images, generator(5)) for model in pair)
    assert torch.equal(ours.code, theirs.code) and torch.equal(ours.raw, theirs.raw)
    for a, b in zip(ours.posterior, theirs.posterior):
        assert torch.equal(a, b)


def test_the_terms_by_hand_are_those_of_the_package(lesson, pair, images):
    by_hand, _ = pair
    output, batch = by_hand.run(images, generator(2)), Batch(images, images)
    expected = kl_to_prior()(by_hand, batch, output)
    torch.testing.assert_close(lesson.kl_term(by_hand, batch, output), expected)
    torch.testing.assert_close(
        lesson.bce_averaged(by_hand, batch, output), bce(by_hand, batch, output) / 784
    )


def test_the_bound_of_the_toy_is_its_integral_and_touches_the_evidence(lesson):
    x, s = 1.2, 0.5
    lesson.toy_elbo.__globals__.update(x=x, s=s)

    def integrand(z, mean, sigma):
        gain = norm.logpdf(x, z, s) + norm.logpdf(z) - norm.logpdf(z, mean, sigma)
        return norm.pdf(z, mean, sigma) * gain

    for mean, sigma in ((0.3, 0.7), (-1.0, 1.5), (0.96, 0.2)):
        low, high = mean - 10 * sigma, mean + 10 * sigma
        expected = integrate.quad(integrand, low, high, args=(mean, sigma))[0]
        assert lesson.toy_elbo(mean, sigma) == pytest.approx(expected, abs=1e-8)
        assert expected < norm.logpdf(x, 0, np.hypot(1, s))
    best = lesson.toy_elbo(x / (1 + s**2), s / np.sqrt(1 + s**2))
    assert best == pytest.approx(norm.logpdf(x, 0, np.hypot(1, s)), abs=1e-12)


@pytest.mark.parametrize("d", [1, 4, 20])
def test_the_estimators_have_the_mean_and_the_variances_on_paper(lesson, d):
    more = d - 1
    variances = (4, 30 + 22 * more + 4 * more**2, 18 + 6 * more)
    for values, variance in zip(lesson.two_estimators(d, draws=400_000), variances):
        found = evaluation.estimate(values)
        assert abs(found.mean - 2) < 4.5 * found.standard_error
        assert values.var().item() == pytest.approx(variance, rel=0.1)


def test_the_spherical_path_keeps_length_and_ends(lesson):
    a, b = torch.randn(2, 30, 20, generator=torch.Generator().manual_seed(0)).double()
    a, b = (5 * part / part.norm(dim=1, keepdim=True) for part in (a, b))
    for share in (0.0, 0.3, 0.5, 1.0):
        length = lesson.spherical(a, b, share).norm(dim=1)
        torch.testing.assert_close(length, torch.full_like(length, 5.0))
    torch.testing.assert_close(lesson.spherical(a, b, 0.0), a)
    torch.testing.assert_close(lesson.spherical(a, b, 1.0), b)
    angle = torch.arccos(torch.cosine_similarity(a, b))
    part = torch.arccos(torch.cosine_similarity(a, lesson.spherical(a, b, 0.3)))
    torch.testing.assert_close(part, 0.3 * angle)


def test_the_start_at_the_mean_answers_with_the_mean_image(lesson, images):
    with seeded(0):
        model = models.VAE((1, 28, 28), 20)
    lesson.start_at_mean(model, images)
    answer = torch.sigmoid(model.decoder[-2].bias).reshape(1, 28, 28)
    torch.testing.assert_close(answer, images.mean(0).clamp(0.01, 0.99))


@pytest.mark.parametrize("share, pays", [(0.9, True), (1.1, False)])
def test_a_first_nat_saves_at_most_the_largest_eigenvalue(share, pays):
    """Section 10: a small step away from the collapse lowers the loss only for β below it."""
    random = np.random.default_rng(0)
    chance = 1 / (1 + np.exp(-random.normal(size=(4000, 1)) - random.normal(size=(1, 6))))
    x = (random.uniform(size=(4000, 6)) < chance).astype(float)
    p, scale = x.mean(0), x.std(0)
    values, vectors = np.linalg.eigh(np.corrcoef(x.T))
    beta = share * values[-1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()

    def loss(size):
        """Mean of cross-entropy + β KL, with a decoder whose logits are linear in one code."""
        slope = size * vectors[:, -1] / scale
        mean = (x - p) @ slope / beta  # the best q, to second order in the size
        variance = 1 / (1 + ((scale * slope) ** 2).sum() / beta)
        z = mean[:, None] + np.sqrt(variance) * nodes
        logits = np.log(p / (1 - p)) + z[..., None] * slope
        cost = (np.logaddexp(0, logits) - x[:, None] * logits).sum(-1) @ weights
        return (cost + beta * 0.5 * (mean**2 + variance - np.log(variance) - 1)).mean()

    assert (loss(0.05) < loss(0)) == pays
