"""Which examples must stay in one part of a split: copies, and what is joined to them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from aecourse.own_data.reporting import Note


def duplicates(x: Tensor, tolerance: float = 0.0) -> np.ndarray:
    """Which examples are copies of one another.

    Args:
        x: (N, *shape). NaN equals NaN.
        tolerance: root mean square difference per value up to which two examples count as
            copies. 0 means exactly equal; 0.02 finds a picture that was saved again as JPEG.

    Returns:
        (N,) integers: equal for copies, also for copies of copies.

    Raises:
        ValueError: ``tolerance`` is negative, or positive where values are missing.
    """
    if tolerance < 0:
        raise ValueError(f"tolerance={tolerance}: a difference cannot be negative.")
    rows = x.flatten(1).numpy() + 0.0  # −0 becomes 0
    group, unique = pd.Series([row.tobytes() for row in rows]).factorize()
    if tolerance == 0 or len(unique) < 2:
        return group
    if np.isnan(rows).any():
        raise ValueError("Distances need numbers: fill the missing values, or use tolerance=0.")
    first = np.unique(group, return_index=True)[1]
    radius = tolerance * np.sqrt(rows.shape[1])
    near = NearestNeighbors(radius=radius).fit(rows[first]).radius_neighbors_graph()
    return connected_components(near, directed=False)[1][group]


def joined(*groups: Sequence[Hashable]) -> np.ndarray:
    """Groups that respect several reasons to stay together: copies, and patients, say.

    Args:
        groups: each with one value per example; equal values belong together.

    Returns:
        (N,) integers: equal for examples that any chain of the groups connects.
    """
    if len({len(group) for group in groups}) != 1:
        raise ValueError(f"Groups of unequal length: {[len(group) for group in groups]}.")
    count = nodes = len(groups[0])
    edges = []
    for group in groups:  # every example is tied to a node that stands for its group
        number = np.unique(np.asarray(group), return_inverse=True)[1]
        edges.append((np.arange(count), nodes + number))
        nodes += number.max() + 1
    start, end = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:count]


def copies(groups: Sequence[Hashable], names: Sequence[str]) -> list[Note]:
    """A note for each set of copies in :func:`duplicates`' answer."""
    sets: dict[Hashable, list[str]] = {}
    for group, name in zip(groups, names):
        sets.setdefault(group, []).append(name)
    notes = []
    for members in sets.values():
        if len(members) > 1:
            where = " = ".join(members[:3]) + " = …" * (len(members) > 3)
            found = f"are {len(members)} copies of one another"
            notes.append(Note(where, found, "kept together in one part"))
    return notes
