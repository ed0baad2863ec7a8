"""How probable are the data under a variational autoencoder? Importance sampling, in nats."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from aecourse.evaluation.passes import device_of, in_batches
from aecourse.objectives import Term, bce
from aecourse.protocol import Batch, Output
from aecourse.randomness import generator

ROWS_AT_ONCE = 5_000  # codes that are decoded together when each image needs many


@torch.no_grad()
def importance_log_weights(
    model: nn.Module,
    x: Tensor,
    samples: int = 100,
    likelihood: Term = bce,
    seed: int = 0,
) -> Tensor:
    """Log-weights log p(x|z) + log p(z) − log q(z|x) of codes z drawn from a VAE's posterior q.

    Their mean over many draws is the ELBO, and the logarithm of the mean of their *exponentials*
    tends to log p(x). (Burda, Grosse & Salakhutdinov 2016.)

    Args:
        model: with a ``posterior`` and the prior N(0, I), such as :class:`aecourse.models.VAE`.
        x: (N, *shape).
        samples: codes drawn for each example.
        likelihood: the term −log p(x|z), in nats with all its constants: ``bce`` for black and
            white pixels, ``gaussian_nll(sigma)`` for real values.
        seed: shifted by AECOURSE_SEED.

    Returns:
        (N, samples) float64, on the CPU.

    Raises:
        ValueError: no posterior, no example, or fewer than one sample.
    """

    def log_ratio(code: Tensor, epsilon: Tensor, log_variance: Tensor) -> Tensor:
        # The normalising constants 2π cancel.
        return 0.5 * (epsilon.square() + log_variance - code.square()).double().sum(1)

    return log_weights_with(log_ratio, model, x, samples, likelihood, seed)


def log_weights_with(
    log_ratio: Callable[[Tensor, Tensor, Tensor], Tensor],
    model: nn.Module,
    x: Tensor,
    samples: int,
    likelihood: Term,
    seed: int,
) -> Tensor:
    """Log-weights (N, samples, …) of codes z = μ + σε drawn from q(z|x), in nats.

    Args:
        log_ratio: z, ε and log σ², each (M, code_size) → log p(z) − log q(z|x), (M, …): one
            number for each code, or one for each of several priors.

    The others, and errors, as for :func:`importance_log_weights`.
    """
    if not hasattr(model, "posterior"):
        raise ValueError(
            f"Importance sampling draws codes from a posterior, and a {type(model).__name__} has "
            "none. Take a variational autoencoder: models.VAE(shape, code_size)."
        )
    if samples < 1:
        raise ValueError(f"samples={samples}: draw at least one code for each example.")
    noise = generator(seed, device_of(model))

    def log_weights(piece: Tensor) -> Tensor:
        if hasattr(likelihood, "check"):
            likelihood.check(model, piece)
        mean, log_variance = (part.repeat_interleave(samples, 0) for part in model.posterior(piece))
        target = piece.repeat_interleave(samples, 0)
        epsilon = torch.randn(mean.shape, generator=noise, device=mean.device, dtype=mean.dtype)
        code = mean + torch.exp(0.5 * log_variance) * epsilon
        out = Output(code, model.decode_raw(code), (mean, log_variance))
        log_likelihood = -likelihood(model, Batch(target, target), out).double()
        ratio = log_ratio(code, epsilon, log_variance)
        weights = log_likelihood.reshape(-1, *[1] * (ratio.ndim - 1)) + ratio
        return weights.reshape(-1, samples, *ratio.shape[1:])

    pieces = x.split(max(1, ROWS_AT_ONCE // samples)) if isinstance(x, Tensor) and len(x) else [x]
    return torch.cat([in_batches(log_weights, piece, model) for piece in pieces])


def importance_sampled_nll(
    model: nn.Module,
    x: Tensor,
    samples: int = 100,
    likelihood: Term = bce,
    seed: int = 0,
) -> Tensor:
    """Estimated −log p(x) of each example under a VAE: (N,), in nats.

    −log of the mean of the importance weights. By Jensen's inequality it is too *high* on average,
    less and less so with more samples; with one sample it is one draw of the negative ELBO.
    (Burda, Grosse & Salakhutdinov 2016.)

    Args and errors as for :func:`importance_log_weights`.
    """
    log_weights = importance_log_weights(model, x, samples, likelihood, seed)
    return math.log(samples) - torch.logsumexp(log_weights, 1)


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """How many equally weighted draws would be worth as much: (Σ w)² / Σ w², between 1 and K.

    Args:
        log_weights: (N, K), up to a constant for each row.

    Returns:
        (N,). (Kish 1965.)
    """
    if log_weights.ndim != 2 or not log_weights.numel():
        raise ValueError(
            "The log-weights are (N, K), K draws for each of N examples; this shape is "
            f"{tuple(log_weights.shape)}."
        )
    shares = torch.softmax(log_weights.double(), 1)
    return 1 / shares.square().sum(1)
