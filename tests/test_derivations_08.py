"""What lesson 08 derives in its cells equals what the package, PyTorch or SciPy offers."""

import numpy as np
import pytest
import torch
from helpers import NOTEBOOKS, functions_of
from scipy import integrate
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from aecourse import data, evaluation, models
from aecourse.course import lessons
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded

GRID = torch.linspace(-6, 6, 1201).double()[:, None]  # the lesson's, in double precision


@pytest.fixture(scope="module")
def lesson():
    return functions_of("08_variational", Z=GRID, SPACING=0.01)


@pytest.fixture(scope="module")
def deeper():
    return functions_of("deeper/08_score_function")


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


@pytest.fixture
def toy(lesson):
    with seeded(1):
        return lesson.Toy().double()


def test_what_the_toy_adds_up_on_a_grid_are_the_integrals(lesson, toy):
    x = torch.tensor([[0.7, -0.2], [-0.5, 1.1]]).double()
    log_p, elbo, log_posterior, log_q = lesson.look(toy, x)
    assert torch.allclose(log_posterior.exp().sum(1) * 0.01, torch.ones(2).double(), atol=1e-6)
    for point, evidence, bound in zip(x, log_p, elbo):
        mean, log_variance = toy.encoder(point[None])[0].tolist()
        q = norm(mean, np.exp(0.5 * log_variance))

        def joint(z, point=point):
            code = torch.tensor([[z]]).double()
            return toy.log_likelihood(point, code).item() + norm.logpdf(z)

        def gain(z, q=q, joint=joint):
            return q.pdf(z) * (joint(z) - q.logpdf(z))

        exact = integrate.quad(lambda z, joint=joint: np.exp(joint(z)), -6, 6)[0]
        assert evidence.item() == pytest.approx(np.log(exact), abs=1e-5)
        assert bound.item() == pytest.approx(integrate.quad(gain, -6, 6)[0], abs=1e-4)


def test_the_gap_is_the_divergence_from_the_exact_posterior(lesson, toy):
    log_p, elbo, log_posterior, log_q = lesson.look(toy, lesson.circle(20, 0).double())
    gap = (log_q.exp() * (log_q - log_posterior)).sum(1) * 0.01
    torch.testing.assert_close(log_p - elbo, gap, rtol=1e-4, atol=1e-4)
    assert (gap > 0).all()


def test_the_solutions_of_the_fill_ins_are_what_the_toy_computes(lesson, toy):
    log_p, elbo, log_posterior, log_q = lesson.look(toy, lesson.circle(3, 0).double())
    posterior, gap = (filled_in(number) for number in (0, 1))
    likelihood = toy.log_likelihood(lesson.circle(3, 0).double()[:, None], GRID)[0]
    found = posterior(likelihood, lesson.log_normal(GRID[:, 0], 0.0, 1.0), 0.01)
    torch.testing.assert_close(found, log_posterior[0].exp(), rtol=1e-5, atol=1e-7)
    found = gap(log_q[0].exp(), log_posterior[0].exp(), 0.01)
    torch.testing.assert_close(found, (log_p - elbo)[0], rtol=1e-4, atol=1e-5)


def filled_in(number: int):
    """The function that the solution of a fill-in of the lesson defines."""
    notebook = lessons.read(NOTEBOOKS / "08_variational.ipynb")
    fill_in = lessons.fill_ins(notebook)[number]
    names = {"torch": torch}
    exec(lessons.solution_block(fill_in.solutions[0]), names)
    return names[fill_in.answer]


def test_the_circle_has_a_radius_of_one(lesson):
    points = lesson.circle(4000, 0)
    assert points.norm(dim=1).mean().item() == pytest.approx(1.0, abs=0.02)
    assert points.mean(0).abs().max() < 0.06


@pytest.mark.parametrize("d", [1, 4, 20])
def test_the_estimators_have_the_mean_and_the_variances_on_paper(deeper, d):
    more = d - 1
    variances = (4, 30 + 22 * more + 4 * more**2, 18 + 6 * more)
    for values, variance in zip(deeper.two_estimators(d, draws=400_000), variances):
        found = evaluation.estimate(values)
        assert abs(found.mean - 2) < 4.5 * found.standard_error
        assert values.var().item() == pytest.approx(variance, rel=0.1)


def test_the_losses_of_the_estimators_have_one_gradient_on_average(deeper):
    """By the encoder's weights; by the decoder's they are equal draw by draw."""
    with seeded(2):
        toy = deeper.Toy()
    x = torch.tensor([[0.4, 0.3]]).expand(200_000, 2)
    noise = torch.randn(len(x), 1, generator=generator(3))
    bias = toy.encoder[2].bias
    slopes = {}
    for way in ("reparameterised", "with baseline", "score function"):
        (gradient,) = torch.autograd.grad(deeper.loss(toy, x, noise, way), bias)
        slopes[way] = gradient
    for slope in slopes.values():
        torch.testing.assert_close(slope, slopes["reparameterised"], rtol=0.05, atol=0.3)


def test_the_start_at_the_mean_answers_with_the_mean_image(lesson, images):
    with seeded(0):
        model = models.VAE((1, 28, 28), 20)
    lesson.start_at_mean(model, images)
    answer = torch.sigmoid(model.decoder[-2].bias).reshape(1, 28, 28)
    torch.testing.assert_close(answer, images.mean(0).clamp(0.01, 0.99))


@pytest.mark.parametrize("share, pays", [(0.9, True), (1.1, False)])
def test_a_first_nat_saves_at_most_the_largest_eigenvalue(share, pays):
    """Section 7: a small step away from the collapse lowers the loss only for β below it."""
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
