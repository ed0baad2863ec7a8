"""Likelihoods and samples: importance sampling, effective sample size, the Fréchet distance."""

import math

import pytest
import torch
from helpers import SHAPE, blobs, rows
from torch.distributions import MultivariateNormal, Normal

from aecourse import evaluation
from aecourse.models import VAE, Dense
from aecourse.objectives import bce, gaussian_nll, kl_to_prior
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded

SIGMA = 0.7


def linear_gaussian(widen: float = 1.0, seed: int = 0):
    """A linear VAE with a known likelihood: its exact posterior (widened), log p(x) of rows."""
    draw = torch.Generator().manual_seed(seed)
    # Orthogonal columns, so that the exact posterior has independent dimensions.
    W = torch.linalg.qr(torch.randn(5, 2, generator=draw, dtype=torch.float64)).Q
    W = W * torch.tensor([1.5, 0.4], dtype=torch.float64)
    mu = torch.randn(5, generator=draw, dtype=torch.float64)
    variance = SIGMA**2 / (W.square().sum(0) + SIGMA**2)
    with seeded(0):
        model = VAE(5, 2, hidden=(), output="linear").double()
    with torch.no_grad():
        model.decoder[0].weight.copy_(W)
        model.decoder[0].bias.copy_(mu)
        to_mean = variance[:, None] / SIGMA**2 * W.T
        model.encoder[1].weight.copy_(torch.cat([to_mean, torch.zeros_like(to_mean)]))
        log_variance = torch.log(variance) + 2 * math.log(widen)
        model.encoder[1].bias.copy_(torch.cat([-to_mean @ mu, log_variance]))
    covariance = W @ W.T + SIGMA**2 * torch.eye(5, dtype=torch.float64)
    x = MultivariateNormal(mu, covariance).sample((40,))
    return model, x, MultivariateNormal(mu, covariance).log_prob(x)


def small_vae():
    with seeded(0):
        return VAE(SHAPE, 2, hidden=(16,))


# --- importance sampling ---------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_exact_posterior_every_weight_is_the_likelihood(samples):
    model, x, log_p = linear_gaussian()
    weights = evaluation.importance_log_weights(model, x, samples, gaussian_nll(SIGMA))
    assert weights.shape == (40, samples) and weights.dtype == torch.float64
    torch.testing.assert_close(weights, log_p[:, None].expand_as(weights))
    nll = evaluation.importance_sampled_nll(model, x, samples, gaussian_nll(SIGMA))
    torch.testing.assert_close(nll, -log_p)


def test_with_another_posterior_the_estimate_comes_down_to_the_likelihood():
    model, x, log_p = linear_gaussian(widen=1.6)
    estimates = [
        evaluation.importance_sampled_nll(model, x, samples, gaussian_nll(SIGMA), seed)
        for seed, samples in enumerate((1, 4, 20_000))
    ]
    estimates = [estimate.mean().item() for estimate in estimates]
    assert estimates[0] > estimates[1] + 0.1 > estimates[2] + 0.2
    assert estimates[-1] == pytest.approx(-log_p.mean().item(), abs=0.02)


def test_the_mean_log_weight_is_the_elbo():
    model, x = small_vae(), blobs(6).round()
    weights = evaluation.importance_log_weights(model, x, 4_000)
    kl = evaluation.per_example(kl_to_prior(), model, x)
    reconstruction = torch.stack(
        [evaluation.per_example(bce, model, x, seed) for seed in range(400)]
    )
    expected = -(reconstruction.mean(0) + kl).double()
    spread = weights.std(1) / math.sqrt(4_000) + reconstruction.std(0) / 20
    assert ((weights.mean(1) - expected).abs() < 4.5 * spread).all()


def test_the_weights_are_what_the_densities_say():
    model, x = small_vae(), blobs(5).round()
    x_many = x.repeat_interleave(3, 0)
    mean, log_variance = model.posterior(x_many)
    scale = torch.exp(0.5 * log_variance)
    epsilon = torch.randn(15, 2, generator=generator(9))
    z = mean + scale * epsilon
    prior = Normal(0.0, 1.0).log_prob(z).sum(1)
    posterior = Normal(mean, scale).log_prob(z).sum(1)
    decoded = model.decode(z)
    ink = (x_many * decoded.log() + (1 - x_many) * (1 - decoded).log()).flatten(1).sum(1)
    weights = evaluation.importance_log_weights(model, x, 3, seed=9)
    torch.testing.assert_close(weights.flatten().float(), ink + prior - posterior, rtol=1e-4,
                               atol=1e-3)  # fmt: skip


def test_a_seed_repeats_an_estimate_and_the_model_stays_as_it_was():
    model, x = small_vae().train(), blobs(7)
    first, again, other = (
        evaluation.importance_sampled_nll(model, x, 5, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert model.training


def test_likelihoods_that_no_float_can_hold_are_no_problem():
    model, x = small_vae(), blobs(3).round()
    with torch.no_grad():
        model.decoder[-2].bias.fill_(-300.0)  # each pixel of ink costs about 300 nats
    nll = evaluation.importance_sampled_nll(model, x, 10)
    assert nll.isfinite().all() and nll.max() > 1_000


@pytest.mark.parametrize(
    ("model", "x", "settings", "message"),
    [
        (lambda: Dense(SHAPE, 2), blobs(4), {}, "a Dense has none"),
        (small_vae, blobs(4), {"samples": 0}, "samples=0"),
        (small_vae, blobs(4)[:0], {}, "no examples"),
        (small_vae, 3 * blobs(4), {}, r"targets in \[0, 1\]"),
        (small_vae, blobs(4)[0], {}, "batch dimension"),
    ],
)
def test_what_cannot_be_weighed_is_refused(model, x, settings, message):
    with pytest.raises(ValueError, match=message):
        evaluation.importance_sampled_nll(model(), x, **settings)


def test_an_array_is_refused():
    with pytest.raises(TypeError, match="torch tensor"):
        evaluation.importance_sampled_nll(small_vae(), blobs(4).numpy())


# --- effective sample size -------------------------------------------------------------------


def test_equal_weights_count_in_full_and_a_giant_counts_as_one():
    log_weights = torch.zeros(3, 8)
    log_weights[1, 2] = 1_000.0
    log_weights[2, 4:] = -math.inf
    assert evaluation.effective_sample_size(log_weights).tolist() == [8, 1, 4]
    shifted = evaluation.effective_sample_size(log_weights - 5_000)
    assert shifted.tolist() == [8, 1, 4]


def test_effective_sample_size_by_its_formula():
    w = torch.rand(6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.01
    expected = w.sum(1).square() / w.square().sum(1)
    torch.testing.assert_close(evaluation.effective_sample_size(w.log()), expected)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (0, 4), (4, 0)])
def test_other_shapes_of_weights_are_refused(shape):
    with pytest.raises(ValueError, match="K draws for each"):
        evaluation.effective_sample_size(torch.zeros(shape))


# --- Fréchet distance ------------------------------------------------------------------------


def with_moments(mean, covariance, count=60, seed=0):
    """Rows whose sample mean and covariance are exactly these."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(count, len(mean), generator=draw, dtype=torch.float64)
    x = x - x.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(x.T)), x.T, upper=False)
    return (torch.linalg.cholesky(covariance) @ white).T + mean


def test_the_distance_of_commuting_gaussians_is_that_of_their_deviations():
    draw = torch.Generator().manual_seed(1)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=draw, dtype=torch.float64)).Q
    a, b = torch.tensor([[4.0, 1.0, 0.25, 9.0], [1.0, 1.0, 2.25, 4.0]], dtype=torch.float64)
    mean = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    first = with_moments(torch.zeros(4, dtype=torch.float64), turn @ torch.diag(a) @ turn.T)
    second = with_moments(mean, turn @ torch.diag(b) @ turn.T, count=31, seed=3)
    expected = mean.square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert evaluation.frechet_distance(first, second) == pytest.approx(expected.item(), rel=1e-9)


def test_the_distance_of_any_gaussians_is_the_formula_with_a_matrix_root():
    draw = torch.Generator().manual_seed(2)
    mix_a, mix_b = torch.randn(2, 5, 5, generator=draw, dtype=torch.float64)
    a, b = rows(80).double() @ mix_a, rows(70, seed=1).double() @ mix_b + 1
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvals(cov_a @ cov_b).sqrt().real.sum()
    expected = (a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * root
    assert evaluation.frechet_distance(a, b) == pytest.approx(expected.item(), rel=1e-9)
    assert evaluation.frechet_distance(b, a) == pytest.approx(expected.item(), rel=1e-9)


def test_the_distance_to_itself_is_zero_and_ignores_order():
    a = rows(50)
    assert evaluation.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert evaluation.frechet_distance(a, a.flip(0)) == pytest.approx(0, abs=1e-9)
    shifted = evaluation.frechet_distance(a, a + 2)
    assert shifted == pytest.approx(5 * 4, rel=1e-5)


def test_features_that_never_vary_are_no_problem():
    a, b = rows(50), rows(50, seed=1)
    a[:, 2] = b[:, 2] = 0
    assert math.isfinite(evaluation.frechet_distance(a, b))
    one = evaluation.frechet_distance(a[:, :1], a[:, :1] * 2)
    expected = a[:, 0].mean() ** 2 + a[:, 0].var()
    assert one == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (rows(9), rows(9)[:, :3], "two sets|Two sets"),
        (rows(9)[0], rows(9), "at least two"),
        (rows(1), rows(9), "at least two"),
        (rows(9) / 0, rows(9), "not finite"),
    ],
)
def test_features_that_cannot_be_compared_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        evaluation.frechet_distance(a, b)


# --- the Gaussian likelihood -----------------------------------------------------------------


def test_the_gaussian_term_is_the_density_of_torch():
    with seeded(0):
        model = Dense(5, 2, output="linear")
    x = rows(8)
    out = model.run(x)
    expected = -Normal(out.raw, 0.3).log_prob(x).sum(1)
    torch.testing.assert_close(gaussian_nll(0.3)(model, Batch(x, x), out), expected)


@pytest.mark.parametrize("sigma", [0, -1, math.inf, math.nan])
def test_a_deviation_that_is_not_positive_is_refused(sigma):
    with pytest.raises(ValueError, match="positive number"):
        gaussian_nll(sigma)
