"""Measuring models: errors on one scale, baselines, probes, and honest comparisons.

Here, and only here, errors are *averaged*: over the pixels (or columns) of each example. Every
function returns one number per example where it can, so that models can be compared pairwise on
the same test examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.corruption import Corruption
from aecourse.objectives import Term, bce, encoder_jacobian, mse
from aecourse.protocol import EVALUATION_BATCH, Batch, Output
from aecourse.randomness import generator

# --------------------------------------------------------------------------- running a model


@torch.no_grad()
def in_batches(
    function: Callable[[Tensor], Tensor], x: Tensor, model: nn.Module | None = None
) -> Tensor:
    """Apply ``function`` to ``x`` (N, …) piece by piece and join the results on the CPU.

    Args:
        model: put into evaluation mode meanwhile; the pieces go to its device.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"The examples are a {type(x).__name__}, not a torch tensor: convert them with "
            "torch.as_tensor(x).float()."
        )
    if not len(x):
        raise ValueError("There are no examples: the tensor has length 0.")
    if model is None:
        return torch.cat([function(piece).cpu() for piece in x.split(EVALUATION_BATCH)])
    was_training = model.training
    model.eval()
    device = _device_of(model)
    try:
        pieces = [function(piece.to(device)).cpu() for piece in x.split(EVALUATION_BATCH)]
    finally:
        model.train(was_training)
    return torch.cat(pieces)


def _device_of(model: nn.Module) -> torch.device:
    return next((weight.device for weight in model.parameters()), torch.device("cpu"))


def encode(model: nn.Module, x: Tensor) -> Tensor:
    """Codes (N, code_size) of the examples x (N, *shape), on the CPU, without gradients."""
    return in_batches(model.encode, x, model)


def reconstruct(model: nn.Module, x: Tensor) -> Tensor:
    """Reconstructions (N, *shape) of the examples x (N, *shape), on the CPU."""
    return in_batches(model, x, model)


def per_example(
    term: Term, model: nn.Module, x: Tensor, seed: int = 0, *, target: Tensor | None = None
) -> Tensor:
    """A term of the loss for each example, **summed** over features: (N,).

    Args:
        seed: for a model that samples (a VAE); the same seed gives the same numbers.
        target: (N, *shape), what the output is compared with, if not with ``x`` itself: the
            clean images, when ``x`` are corrupted ones.
    """
    noise = generator(seed, _device_of(model))
    if target is not None and len(target) != len(x):
        raise ValueError(f"There are {len(x)} inputs and {len(target)} targets: they must agree.")
    targets, done = (x if target is None else target), 0

    def losses(piece: Tensor) -> Tensor:
        nonlocal done
        wanted = targets[done : done + len(piece)].to(piece.device)
        done += len(piece)
        output = model.run(piece, noise)
        if output.raw.shape != wanted.shape:
            raise ValueError(
                f"The decoder gives shape {tuple(output.raw.shape)}, the target has shape "
                f"{tuple(wanted.shape)}: they must be equal."
            )
        if hasattr(term, "check"):
            term.check(model, wanted)
        return term(model, Batch(piece, wanted), output)

    return in_batches(losses, x, model)


def pixel_mse(model: nn.Module, x: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
    """
    return per_example(mse, model, x, target=target) / x[0].numel()


def pixel_bce(model: nn.Module, x: Tensor, *, target: Tensor | None = None) -> Tensor:
    """Binary cross-entropy per pixel of each example, in nats: (N,).

    Args:
        target: as in :func:`per_example`, for denoisers.
    """
    return per_example(bce, model, x, target=target) / x[0].numel()


def squared_error(reconstruction: Tensor, target: Tensor) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,). For any pair of tensors."""
    if reconstruction.shape != target.shape:
        raise ValueError(
            f"The reconstruction has shape {tuple(reconstruction.shape)}, the target "
            f"{tuple(target.shape)}: they must agree."
        )
    return (reconstruction - target).square().flatten(1).mean(1)


def psnr(mse: float | Tensor, peak: float = 1.0):
    """Peak signal-to-noise ratio in decibels: 10 · log10(peak² / mse)."""
    return 10 * torch.log10(peak**2 / torch.as_tensor(mse, dtype=torch.float64))


def bce_floor(x: Tensor) -> Tensor:
    """The binary cross-entropy per pixel of a *perfect copy*: (N,), in nats.

    A grey value p costs its own entropy −p log p − (1 − p) log (1 − p); only black and white
    pixels cost nothing.
    """
    return F.binary_cross_entropy(x, x, reduction="none").flatten(1).mean(1)


# --------------------------------------------------------------------------- baselines


def mean_baseline(train: Tensor, test: Tensor) -> Tensor:
    """Squared error per pixel (N,) of predicting the mean of the training set for everyone."""
    return squared_error(train.mean(0).expand_as(test), test)


def fit_pca(train: Tensor, code_size: int) -> PCA:
    """PCA of the training examples (N, *shape), in float64, from the covariance matrix.

    Raises:
        ValueError: fewer than two rows, or fewer rows or features than components.
    """
    flat = train.flatten(1).double().cpu().numpy()
    if len(flat) < 2:
        raise ValueError(f"PCA needs at least two rows, not {len(flat)}: one row has no spread.")
    if not 1 <= code_size <= min(flat.shape):
        raise ValueError(
            f"PCA cannot find {code_size} components in {flat.shape[0]} row(s) of "
            f"{flat.shape[1]} features; choose 1 to {min(flat.shape)}."
        )
    # The covariance route is 20 times faster than an SVD of 50,000 × 784.
    solver = "covariance_eigh" if flat.shape[0] >= flat.shape[1] else "full"
    return PCA(code_size, svd_solver=solver).fit(flat)


def pca_reconstruct(pca: PCA, x: Tensor) -> Tensor:
    """Project x (N, *shape) on the components and back: (N, *shape) float32."""
    projected = pca.inverse_transform(pca.transform(x.flatten(1).double().cpu().numpy()))
    return torch.from_numpy(projected).float().reshape(x.shape).to(x.device)


def pca_baseline(train: Tensor, test: Tensor, code_size: int) -> Tensor:
    """Squared error per pixel (N,) of PCA with ``code_size`` components."""
    return squared_error(pca_reconstruct(fit_pca(train, code_size), test), test)


class LinearDenoiser(NamedTuple):
    """The best denoiser of the form x̃ → mean + (x̃ − mean) · matrix.

    Attributes:
        mean: (D,) mean of the training examples.
        matrix: (D, D), symmetric.
    """

    mean: Tensor
    matrix: Tensor

    def __call__(self, noisy: Tensor) -> Tensor:
        """Noisy examples (N, *shape) → denoised ones (N, *shape), not clipped."""
        flat = noisy.flatten(1)
        if flat.shape[1] != len(self.mean):
            raise ValueError(
                f"This denoiser was fitted on {len(self.mean)} features; these examples have "
                f"{flat.shape[1]}."
            )
        mean, matrix = self.mean.to(flat), self.matrix.to(flat)
        return ((flat - mean) @ matrix + mean).reshape(noisy.shape)


def fit_linear_denoiser(train: Tensor, sigma: float) -> LinearDenoiser:
    """The linear map that best removes Gaussian noise, in closed form: the Wiener filter.

    With the covariance C of the training examples, the matrix is C (C + σ² I)⁻¹. It is also the
    ridge regression of the examples on themselves, with a penalty of N σ². (Wiener 1949.)

    Args:
        train: clean examples (N, *shape).
        sigma: standard deviation of the noise, in the units of the data; larger than 0.
    """
    if not sigma > 0:
        raise ValueError(f"sigma={sigma}: without noise there is nothing to remove.")
    if len(train) < 2:
        raise ValueError(f"A covariance needs at least two examples, not {len(train)}.")
    # In pieces: a float64 copy of all images at once would take 300 MB.
    sums = [piece.flatten(1).sum(0, dtype=torch.float64) for piece in train.split(10_000)]
    mean = torch.stack(sums).sum(0) / len(train)
    covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=mean.device)
    for piece in train.split(10_000):  # centred first, then float32 is exact enough
        centred = piece.flatten(1) - mean.to(piece)
        covariance += (centred.T @ centred).double()
    covariance /= len(train)
    ridge = covariance + sigma**2 * torch.eye(len(mean), dtype=torch.float64, device=mean.device)
    return LinearDenoiser(mean, torch.linalg.solve(ridge, covariance))


# --------------------------------------------------------------------------- comparing


class Estimate(NamedTuple):
    """A mean and how far it may be off by chance.

    Attributes:
        mean: over the examples.
        standard_error: standard deviation of the examples / √N.
    """

    mean: float
    standard_error: float

    def __str__(self) -> str:
        digits = 4
        if 0 < self.standard_error < math.inf:
            digits = max(0, 1 - math.floor(math.log10(self.standard_error)))
        return f"{self.mean:.{digits}f} ± {self.standard_error:.{digits}f}"


def estimate(values: Tensor) -> Estimate:
    """Mean and standard error of one number per example (N,)."""
    values = torch.as_tensor(values, dtype=torch.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"A standard error needs one number per example and at least two examples; "
            f"the shape is {tuple(values.shape)}."
        )
    return Estimate(values.mean().item(), values.std().item() / math.sqrt(len(values)))


def paired(a: Tensor, b: Tensor) -> Estimate:
    """How much larger ``a`` is than ``b`` on average, on the *same* examples.

    An image that is hard for one model is hard for the other: their difference varies far less
    than either error, so pairing sees differences that two separate means would hide.

    Args:
        a, b: (N,) errors of two models, in the same order of examples.
    """
    if a.shape != b.shape:
        raise ValueError(
            f"Paired errors belong to the same examples: shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)} differ."
        )
    return estimate(a - b)


def bootstrap(
    statistic: Callable[..., float], *values, draws: int = 200, seed: int = 0
) -> Estimate:
    """A statistic of the examples, and how far chance in the choice of examples moves it.

    The examples are drawn again with replacement, as many as there are, and the statistic is
    computed anew: for statistics such as AUROC that are not a mean over examples. (Efron 1979.)

    Args:
        statistic: called with each of ``values``, resampled alike, as arrays.
        values: arrays or tensors with one entry (or row) per example, in the same order.
        draws: how often to resample.
        seed: shifted by AECOURSE_SEED.

    Returns:
        The statistic of the examples as they are; the standard deviation over the draws.
    """
    values = [torch.as_tensor(value).detach().cpu().numpy() for value in values]
    count = len(values[0])
    if count < 2 or any(len(value) != count for value in values) or draws < 2:
        raise ValueError(
            "A bootstrap needs at least two draws, two examples, and the same number of examples "
            f"in each of its values; draws={draws}, lengths {[len(value) for value in values]}."
        )
    random = generator(seed)
    again = []
    for _ in range(draws):
        rows = torch.randint(count, (count,), generator=random).numpy()
        again.append(float(statistic(*(value[rows] for value in values))))
    return Estimate(float(statistic(*values)), float(np.std(again, ddof=1)))


def principal_angles(a: Tensor, b: Tensor) -> np.ndarray:
    """Angles in degrees, ascending, between the subspaces spanned by the columns of two
    matrices (D, k). All 0 means: the same subspace. (Björck & Golub 1973.)"""
    a, b = (torch.as_tensor(matrix).detach().cpu().double().numpy() for matrix in (a, b))
    return np.degrees(np.sort(subspace_angles(a, b)))


def dead_units(codes: Tensor) -> int:
    """How many code units are 0 for every one of the examples (N, code_size)."""
    return int((codes == 0).all(0).sum())


# --------------------------------------------------------------------------- sensitivity


def jacobian(model: nn.Module, x: Tensor, batch_size: int = 100) -> Tensor:
    """Derivatives of the code with respect to the input, (N, code_size, features), on the CPU.

    For 128 code units and 784 pixels an example takes 400 kB: ask for some, not for all.

    Args:
        x: (N, *shape).
        batch_size: examples at a time.
    """

    if not isinstance(x, Tensor) or len(x) <= batch_size:
        return in_batches(lambda piece: encoder_jacobian(model, piece), x, model)
    return torch.cat([jacobian(model, part, batch_size) for part in x.split(batch_size)])


def hutchinson(
    model: nn.Module, x: Tensor, probes: int = 10, seed: int = 0, gaussian: bool = False
) -> Tensor:
    """Hutchinson's estimates of the squared norm of the encoder's Jacobian: (N, probes).

    Each is ‖Jᵀv‖² for a random v, one backward pass. Their mean over the columns is unbiased.
    (Hutchinson 1989.)

    Args:
        x: (N, *shape).
        probes: draws of v for each example.
        seed: shifted by AECOURSE_SEED.
        gaussian: draw v from N(0, I) instead of random signs, whose estimate varies less.
    """
    if probes < 1:
        raise ValueError(f"probes={probes}: an estimate needs at least one draw.")
    random = generator(seed, _device_of(model))

    def estimates(piece: Tensor) -> Tensor:
        code, pull_back = torch.func.vjp(model.encode, piece)
        columns = []
        for _ in range(probes):
            v = torch.randn(code.shape, generator=random, device=code.device, dtype=code.dtype)
            v = v if gaussian else torch.where(v < 0, -1.0, 1.0).to(code)
            columns.append(pull_back(v)[0].flatten(1).square().sum(1))
        return torch.stack(columns, 1)

    return in_batches(estimates, x, model)


def displacement(model: nn.Module, x: Tensor, corrupt: Corruption, seed: int = 0) -> Tensor:
    """How far corruption moves each code, relative to the spread of the codes: (N,), squared.

    ‖encode(x̃) − encode(x)‖² divided by the total variance of the codes of ``x``. The square
    root of the mean is the relative displacement: 0 if nothing moves, √2 if a corrupted example
    is as far from itself as from any other.

    Args:
        x: (N, *shape), N ≥ 2.
        corrupt: from :mod:`aecourse.corruption`.
        seed: shifted by AECOURSE_SEED.
    """
    if len(x) < 2:
        raise ValueError("The spread of codes needs at least two examples.")
    codes = encode(model, x)
    random = generator(seed, x.device)
    noisy = (corrupt(piece, random) for piece in x.split(EVALUATION_BATCH))
    moved = torch.cat([encode(model, piece) for piece in noisy])
    spread = codes.var(0, correction=0).sum()
    if spread == 0:
        raise ValueError("All codes are equal: there is no spread to compare with.")
    return (moved - codes).square().sum(1) / spread


# --------------------------------------------------------------------------- likelihood, samples

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
    if not hasattr(model, "posterior"):
        raise ValueError(
            f"Importance sampling draws codes from a posterior, and a {type(model).__name__} has "
            "none. Take a variational autoencoder: models.VAE(shape, code_size)."
        )
    if samples < 1:
        raise ValueError(f"samples={samples}: draw at least one code for each example.")
    noise = generator(seed, _device_of(model))

    def log_weights(piece: Tensor) -> Tensor:
        if hasattr(likelihood, "check"):
            likelihood.check(model, piece)
        mean, log_variance = (part.repeat_interleave(samples, 0) for part in model.posterior(piece))
        target = piece.repeat_interleave(samples, 0)
        epsilon = torch.randn(mean.shape, generator=noise, device=mean.device, dtype=mean.dtype)
        code = mean + torch.exp(0.5 * log_variance) * epsilon
        out = Output(code, model.decode_raw(code), (mean, log_variance))
        log_likelihood = -likelihood(model, Batch(target, target), out).double()
        # log p(z) − log q(z|x): the normalising constants 2π cancel.
        log_ratio = 0.5 * (epsilon.square() + log_variance - code.square()).double().sum(1)
        return (log_likelihood + log_ratio).reshape(-1, samples)

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


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """Squared Fréchet distance between two sets of feature vectors, each taken as a Gaussian.

    |μ_a − μ_b|² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), in squared units of the features. With features of
    a classifier of photographs it is known as FID (Heusel et al. 2017). It is 0 for equal means and
    covariances only, and too large on average for few examples: compare equal numbers of them.

    Args:
        features_a, features_b: (N, features) and (M, features), at least two rows each.

    Raises:
        ValueError: other shapes, or a value that is not finite.
    """
    a, b = (torch.as_tensor(part).detach().cpu().double() for part in (features_a, features_b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            "Two sets of features are needed, (N, features) and (M, features) with at least two "
            f"rows each; the shapes are {tuple(a.shape)} and {tuple(b.shape)}."
        )
    if not (a.isfinite().all() and b.isfinite().all()):
        raise ValueError("The features contain a value that is not finite.")
    covariances = [torch.cov(part.T).reshape(a.shape[1], a.shape[1]) for part in (a, b)]
    roots = []
    for covariance in covariances:
        values, vectors = torch.linalg.eigh(covariance)
        roots.append((vectors * values.clamp(min=0).sqrt()) @ vectors.T)
    # tr (Σ_a Σ_b)^½ is the sum of the singular values of Σ_a^½ Σ_b^½.
    overlap = torch.linalg.svdvals(roots[0] @ roots[1]).sum()
    spread = sum(covariance.trace() for covariance in covariances) - 2 * overlap
    return float((a.mean(0) - b.mean(0)).square().sum() + spread.clamp(min=0))


# --------------------------------------------------------------------------- anomalies


class Interval(NamedTuple):
    """A value, and an interval that covers it with a stated probability.

    Attributes:
        value: from the examples as they are.
        low, high: ends of the interval.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def _checked_scores(scores: Tensor | np.ndarray, name: str) -> np.ndarray:
    scores = torch.as_tensor(scores).detach().cpu().double().numpy()
    if scores.ndim != 1 or not len(scores):
        raise ValueError(
            f"The {name} scores need one number for each of at least one example; the shape is "
            f"{scores.shape}."
        )
    if np.isnan(scores).any():
        raise ValueError(f"The {name} scores contain NaN, which is neither high nor low.")
    return scores


def threshold_for(normal: Tensor | np.ndarray, false_alarm_rate: float) -> float:
    """The score above which to raise an alarm, so that few normal examples do.

    A *new* normal example, drawn like the given ones, lies above it with a probability of at most
    ``false_alarm_rate`` (averaged over draws of both). It is the ⌊(n + 1) · rate⌋-th largest of
    the n scores. (Vovk, Gammerman & Shafer 2005.)

    Args:
        normal: (N,) scores of normal examples that the model was *not* fitted on.
        false_alarm_rate: between 0 and 1.

    Returns:
        The threshold; infinity if N + 1 < 1 / false_alarm_rate: too few to promise so low a rate.
    """
    normal = np.sort(_checked_scores(normal, "normal"))
    if not 0 < false_alarm_rate < 1:
        raise ValueError(
            f"false_alarm_rate={false_alarm_rate}: give a share between 0 and 1, such as 0.05."
        )
    above = math.floor((len(normal) + 1) * false_alarm_rate + 1e-9)
    return float(normal[len(normal) - above]) if above else math.inf


def auroc(normal: Tensor | np.ndarray, strange: Tensor | np.ndarray) -> float:
    """Probability that a strange example scores higher than a normal one; ties count one half.

    1: every strange one scores higher, 0.5: chance, below 0.5: the score ranks the wrong way.

    Args:
        normal, strange: (N,) and (M,) scores, higher for what looks stranger.
    """
    normal = np.sort(_checked_scores(normal, "normal"))
    strange = _checked_scores(strange, "strange")
    below = np.searchsorted(normal, strange, "left") + np.searchsorted(normal, strange, "right")
    return float(below.mean() / (2 * len(normal)))


def auroc_interval(
    normal: Tensor | np.ndarray,
    strange: Tensor | np.ndarray,
    level: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Interval:
    """AUROC with a bootstrap interval: how far the choice of test examples moves it.

    Normal and strange examples are drawn again with replacement, each group for itself; the
    interval leaves out equal shares of the draws at both ends. It says nothing about what another
    *training* of the model would give. (Efron 1979.)

    Args:
        normal, strange: as in :func:`auroc`.
        level: share of the draws that the interval holds.
        draws: how often to resample; at least 2.
        seed: shifted by AECOURSE_SEED.
    """
    if not 0 < level < 1 or draws < 2:
        raise ValueError(
            f"level={level}, draws={draws}: a level lies between 0 and 1, and an interval needs "
            "at least two draws."
        )
    normal, strange = _checked_scores(normal, "normal"), _checked_scores(strange, "strange")
    random = generator(seed)
    again = []
    for _ in range(draws):
        rows = [torch.randint(len(s), (len(s),), generator=random).numpy()
                for s in (normal, strange)]  # fmt: skip
        again.append(auroc(normal[rows[0]], strange[rows[1]]))
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    return Interval(auroc(normal, strange), float(low), float(high))


# --------------------------------------------------------------------------- probing codes


def linear_probe(
    train_codes: Tensor,
    train_labels: Tensor,
    test_codes: Tensor,
    test_labels: Tensor,
    metric: str = "accuracy",
) -> float:
    """How well a linear classifier reads labels off codes.

    A logistic regression is fitted on the standardised training codes and scored on the test
    codes: what is *linearly* readable, no more.

    Args:
        train_codes, test_codes: (N, code_size).
        train_labels, test_labels: (N,) integers.
        metric: "accuracy", or "auroc" for two classes (0.5 is chance, 1 perfect).
    """
    if metric not in ("accuracy", "auroc"):
        raise ValueError(f"metric={metric!r}: choose 'accuracy' or 'auroc'.")
    if metric == "auroc" and len(train_labels.unique()) != 2:
        raise ValueError("AUROC is for two classes: choose metric='accuracy', or two labels.")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    probe.fit(train_codes.flatten(1).cpu().numpy(), train_labels.cpu().numpy())
    test_x, test_y = test_codes.flatten(1).cpu().numpy(), test_labels.cpu().numpy()
    if metric == "accuracy":
        return float(accuracy_score(test_y, probe.predict(test_x)))
    return float(roc_auc_score(test_y, probe.predict_proba(test_x)[:, 1]))


# --------------------------------------------------------------------------- neighbourhoods


def neighbours(points: Tensor | np.ndarray, k: int = 10) -> Tensor:
    """Indices (N, k) of the k nearest *other* points of each point, the nearest first.

    Args:
        points: (N, …), flattened; Euclidean distances. Images, codes or places on a map.
        k: 1 to N − 1.
    """
    points = torch.as_tensor(points).detach().cpu().flatten(1).numpy()
    if not 1 <= k < len(points):
        raise ValueError(
            f"k={k}: each of {len(points)} points has {len(points) - 1} others; choose 1 to "
            f"{len(points) - 1}."
        )
    # Asked without points, kneighbors leaves each point out by its index, not by its distance:
    # right for duplicates too.
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)
    return torch.from_numpy(search.kneighbors(return_distance=False))


def neighbour_accuracy(points: Tensor | np.ndarray, labels: Tensor, k: int = 10) -> Tensor:
    """Whether the k nearest other points vote for a point's own label: (N,), 1.0 or 0.0.

    The mean is the leave-one-out accuracy of a k-nearest-neighbours classifier. It needs neither
    training nor new points, so it can judge maps, such as a t-SNE, that have no place for them.
    A tied vote goes to the lowest label.

    Args:
        points: (N, …), flattened; Euclidean distances.
        labels: (N,) integers, 0 or more.
        k: how many neighbours vote, 1 to N − 1.
    """
    labels = torch.as_tensor(labels).cpu().long()
    if labels.shape != (len(points),):
        raise ValueError(
            f"There are {len(points)} points, and labels of shape {tuple(labels.shape)}: give one "
            "label for each point."
        )
    votes = F.one_hot(labels)[neighbours(points, k)].sum(1)
    return (votes.argmax(1) == labels).float()


def neighbour_overlap(a: Tensor | np.ndarray, b: Tensor | np.ndarray, k: int = 10) -> Tensor:
    """Share of each point's k nearest neighbours that are the same in two spaces: (N,), 0 … 1.

    Unaffected by turning, mirroring or scaling a space. By chance it is k / (N − 1).

    Args:
        a, b: (N, …) the same points, in the same order, in two spaces or on two maps.
        k: 1 to N − 1.
    """
    if len(a) != len(b):
        raise ValueError(
            f"The two spaces hold {len(a)} and {len(b)} points: they must be the same."
        )
    in_a, in_b = neighbours(a, k), neighbours(b, k)
    return (in_a[:, :, None] == in_b[:, None, :]).any(2).float().mean(1)
