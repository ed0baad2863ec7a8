"""Do samples look like the data, as a whole? A distance between two sets of features."""

from __future__ import annotations

import torch
from torch import Tensor


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
