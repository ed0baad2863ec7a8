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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.objectives import Term, bce, mse
from aecourse.protocol import EVALUATION_BATCH, Batch
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


def per_example(term: Term, model: nn.Module, x: Tensor, seed: int = 0) -> Tensor:
    """A term of the loss for each example, **summed** over features: (N,).

    Args:
        seed: for a model that samples (a VAE); the same seed gives the same numbers.
    """
    noise = generator(seed, _device_of(model))

    def losses(piece: Tensor) -> Tensor:
        if hasattr(term, "check"):
            term.check(model, piece)
        return term(model, Batch(piece, piece), model.run(piece, noise))

    return in_batches(losses, x, model)


def pixel_mse(model: nn.Module, x: Tensor) -> Tensor:
    """Squared error per pixel (or column) of each example: (N,)."""
    return per_example(mse, model, x) / x[0].numel()


def pixel_bce(model: nn.Module, x: Tensor) -> Tensor:
    """Binary cross-entropy per pixel of each example, in nats: (N,)."""
    return per_example(bce, model, x) / x[0].numel()


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
