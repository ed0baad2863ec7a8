"""What is reached without a network? The mean, PCA, the best linear denoiser, and a dictionary.

Their reconstructions are not clipped; :func:`aecourse.evaluation.squared_error` does that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA, MiniBatchDictionaryLearning, sparse_encode
from torch import Tensor

from aecourse.evaluation.errors import squared_error
from aecourse.randomness import shifted


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


def pca_baseline(
    train: Tensor, test: Tensor, code_size: int, *, clip: bool | None = None
) -> Tensor:
    """Squared error per pixel (N,) of PCA with ``code_size`` components.

    Args:
        clip: as in :func:`aecourse.evaluation.squared_error`.
    """
    return squared_error(pca_reconstruct(fit_pca(train, code_size), test), test, clip=clip)


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


class Dictionary(NamedTuple):
    """Atoms of which a few are added up for each example.

    Attributes:
        mean: (D,) mean of the training examples.
        atoms: (atoms, D), each of norm 1.
    """

    mean: np.ndarray
    atoms: np.ndarray

    def __call__(self, x: Tensor, active: int) -> Tensor:
        """Examples (N, *shape) rebuilt from ``active`` atoms each, by orthogonal matching pursuit
        (Pati et al. 1993), which searches for each example: (N, *shape), not clipped."""
        centred = x.flatten(1).double().cpu().numpy() - self.mean
        codes = sparse_encode(centred, self.atoms, algorithm="omp", n_nonzero_coefs=active)
        rebuilt = torch.from_numpy(codes @ self.atoms + self.mean).float()
        return rebuilt.reshape(x.shape).to(x.device)


def fit_dictionary(train: Tensor, atoms: int, seed: int = 0) -> Dictionary:
    """Dictionary learning in mini-batches (Mairal et al. 2009) on examples (N, *shape).

    Slow: about 8 s for 5,000 digits and 256 atoms on one thread.

    Args:
        atoms: how many directions to learn.
        seed: shifted by AECOURSE_SEED.
    """
    flat = train.flatten(1).double().cpu().numpy()
    mean = flat.mean(0)
    learner = MiniBatchDictionaryLearning(
        atoms, alpha=1, batch_size=256, max_iter=10, transform_algorithm="omp",
        random_state=shifted(seed),
    )  # fmt: skip
    found = learner.fit(flat - mean).components_
    # The learner keeps norms at 1 or below; pursuit compares inner products, so they are set to 1.
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return Dictionary(mean, found / np.where(norms > 0, norms, 1))
