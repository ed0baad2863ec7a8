"""Who is near whom? Neighbours in a space of codes, among images, or on a map."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor
from torch.nn import functional as F


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
