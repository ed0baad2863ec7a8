"""Which codes are likely? Densities fitted to codes afterwards, and what they are worth in nats.

A *prior* is here any function codes (N, code_size) → log-density of each (N,), in nats, float64.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from aecourse.evaluation.likelihood import log_weights_with
from aecourse.evaluation.passes import in_batches
from aecourse.objectives import Term, bce
from aecourse.randomness import generator, shifted

Prior = Callable[[Tensor], Tensor]

LOG_2PI = math.log(2 * math.pi)
NUMBERS_AT_ONCE = 4_000_000  # of a table codes × Gaussians (× code_size): 32 MB


def standard_normal(codes: Tensor) -> Tensor:
    """Log-density of N(0, I): (N, code_size) → (N,), in nats."""
    codes = codes.double()
    return -0.5 * (codes.square().sum(1) + codes.shape[1] * LOG_2PI)


class Mixture(NamedTuple):
    """Gaussians with shares; one alone is a Gaussian. Called with codes, it gives log-densities.

    Attributes:
        log_shares: (K,) logarithms of the shares, which add up to 1.
        means: (K, code_size).
        whiten: (K, code_size, code_size), triangular: (z − mean) · whiten is standard normal.
    """

    log_shares: Tensor
    means: Tensor
    whiten: Tensor

    def __call__(self, codes: Tensor) -> Tensor:
        """(N, code_size) → log-densities (N,), in nats."""
        rows = max(1, NUMBERS_AT_ONCE // self.means.numel())
        return torch.cat([self._log_densities(piece) for piece in codes.double().split(rows)])

    def _log_densities(self, codes: Tensor) -> Tensor:
        centres = torch.einsum("kd,kde->ke", self.means, self.whiten)
        white = torch.einsum("nd,kde->nke", codes, self.whiten) - centres
        log_volume = self.whiten.diagonal(dim1=1, dim2=2).log().sum(1)
        each = log_volume - 0.5 * (white.square().sum(2) + codes.shape[1] * LOG_2PI)
        return torch.logsumexp(self.log_shares + each, 1)

    def draw(self, count: int, seed: int = 0) -> Tensor:
        """New codes (count, code_size), float32; ``seed`` is shifted by AECOURSE_SEED."""
        random = generator(seed)
        which = torch.multinomial(self.log_shares.exp(), count, True, generator=random)
        noise = torch.randn(count, self.means.shape[1], generator=random, dtype=torch.float64)
        colour = torch.linalg.inv(self.whiten)
        moved = torch.empty_like(noise)
        for k in which.unique():
            moved[which == k] = self.means[k] + noise[which == k] @ colour[k]
        return moved.float()


def fit_mixture(
    codes: Tensor, components: int, seed: int = 0, steps: int = 100, floor: float = 1e-6
) -> Mixture:
    """A mixture of Gaussians with full covariances, fitted to codes by expectation maximisation.

    Args:
        codes: (N, code_size). For a VAE take *draws* from its posteriors, not their means: its
            decoder has seen draws.
        components: how many Gaussians; with 1 it is the Gaussian with the codes' mean and
            covariance.
        seed: shifted by AECOURSE_SEED.
        steps: at most; a few dozen are enough for a density, converged or not.
        floor: added to the variances.

    Raises:
        ValueError: fewer codes than Gaussians.
    """
    if not 1 <= components <= len(codes):
        raise ValueError(f"{components} Gaussians cannot be fitted to {len(codes)} codes.")
    mixture = GaussianMixture(
        components, random_state=shifted(seed), max_iter=steps, reg_covar=floor
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(codes.double().numpy())
    parts = (mixture.weights_, mixture.means_, mixture.precisions_cholesky_)
    shares, means, whiten = (torch.from_numpy(part) for part in parts)
    return Mixture(shares.log(), means, whiten)


class AggregatePosterior(NamedTuple):
    """The mixture q̄(z) of all posteriors: a prior that knows each training code by heart.

    Attributes:
        mean, log_variance: (N, code_size) of q(z|x) for every image.
    """

    mean: Tensor
    log_variance: Tensor

    def __call__(self, codes: Tensor) -> Tensor:
        """(M, code_size) → log-densities (M,), in nats."""
        mean, log_variance = self.mean.double(), self.log_variance.double()
        precision = torch.exp(-log_variance)
        constant = -0.5 * (
            (mean.square() * precision + log_variance).sum(1) + codes.shape[1] * LOG_2PI
        )
        found = []
        for z in codes.double().split(max(1, NUMBERS_AT_ONCE // len(mean))):
            # The square is multiplied out, so that two products of matrices do the work.
            each = z @ (mean * precision).T - 0.5 * z.square() @ precision.T + constant
            found.append(torch.logsumexp(each, 1) - math.log(len(mean)))
        return torch.cat(found)


def posteriors(model: nn.Module, x: Tensor) -> AggregatePosterior:
    """The posteriors of the examples x (N, *shape), and the mixture of them all."""
    both = in_batches(lambda piece: torch.cat(model.posterior(piece), 1), x, model)
    return AggregatePosterior(*both.chunk(2, dim=1))


def drawn_codes(posterior: AggregatePosterior, seed: int = 0) -> tuple[Tensor, Tensor]:
    """One code from each posterior, (N, code_size) float32, and log q(z|x) of each, (N,)."""
    mean, log_variance = posterior
    noise = torch.randn(mean.shape, generator=generator(seed))
    codes = mean + torch.exp(0.5 * log_variance) * noise
    log_q = -0.5 * (noise.double().square() + log_variance.double() + LOG_2PI).sum(1)
    return codes, log_q


def information_and_mismatch(model: nn.Module, x: Tensor, of: int, seed: int = 0):
    """The two parts of the rate: what a code says about *which* example it is, and how far all
    codes together are from the prior N(0, I).

    rate = I(x; z) + KL(q̄ ‖ p), both over the examples x. The first is log q(z|x) − log q̄(z), at
    most log N on average; the second log q̄(z) − log p(z). (Hoffman & Johnson 2016.)

    Args:
        x: (N, *shape): the examples that q̄ is made of.
        of: for how many of them, evenly spread, the two are estimated, with one draw each.

    Returns:
        Two tensors (about ``of``,), in nats.
    """
    all_posteriors = posteriors(model, x)
    some = AggregatePosterior(*(part[:: max(1, len(x) // of)] for part in all_posteriors))
    codes, log_q = drawn_codes(some, seed)
    log_aggregate = all_posteriors(codes)
    return log_q - log_aggregate, log_aggregate - standard_normal(codes)


@torch.no_grad()
def log_weights_under(
    model: nn.Module,
    x: Tensor,
    priors: Mapping[str, Prior],
    samples: int = 1,
    likelihood: Term = bce,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Log-weights log p(x|z) + log p(z) − log q(z|x) of codes drawn from q, for several priors p.

    All priors are judged on the same draws, so that differences are paired. The mean over draws is
    the ELBO with that prior, and log-sum-exp − log K the importance-sampled log-likelihood.

    Args:
        model: with a ``posterior``, such as :class:`aecourse.models.VAE`.
        x: (N, *shape).
        priors: name → log-density of codes.
        samples: codes drawn for each example.
        likelihood: as in :func:`aecourse.evaluation.importance_log_weights`.

    Returns:
        name → (N, samples) float64, on the CPU.

    Raises:
        ValueError: as for :func:`aecourse.evaluation.importance_log_weights`.
    """

    def log_ratios(code: Tensor, epsilon: Tensor, log_variance: Tensor) -> Tensor:
        log_q = -0.5 * (epsilon.double().square() + log_variance.double() + LOG_2PI).sum(1)
        each = [prior(code.cpu()).to(log_q.device) - log_q for prior in priors.values()]
        return torch.stack(each, 1)

    weights = log_weights_with(log_ratios, model, x, samples, likelihood, seed)
    return dict(zip(priors, weights.unbind(2)))
