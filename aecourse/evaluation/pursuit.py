"""Sparse coding by search: which few atoms, added up, come closest to an example?

An encoder answers with one look. Pursuit chooses atom after atom, and looks again after each. It is
written in torch, for all examples of a batch at once, so that whole training sets can be coded.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from aecourse.randomness import generator

ROWS_AT_ONCE = 1_000  # examples that are searched at once; each keeps active × atoms numbers
LEAST_USED = 1e-3  # an atom used less than this share of the average is replaced


class Atoms(NamedTuple):
    """A dictionary: what is added to the mean, a few at a time.

    Attributes:
        mean: (*shape), of the training examples.
        directions: (atoms, D), each of norm 1.
    """

    mean: Tensor
    directions: Tensor

    def encode(self, x: Tensor, active: int) -> Tensor:
        """Codes (N, atoms) of examples (N, *shape), by :func:`matching_pursuit`."""
        return matching_pursuit((x - self.mean).flatten(1), self.directions, active)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (N, atoms) → examples (N, *shape), not clipped."""
        return (codes @ self.directions).reshape(-1, *self.mean.shape) + self.mean


def matching_pursuit(x: Tensor, directions: Tensor, active: int) -> Tensor:
    """Orthogonal matching pursuit for all rows of x at once. (Pati et al. 1993.)

    Args:
        x: (N, D).
        directions: (atoms, D), each of norm 1.
        active: how many atoms each row may use.

    Returns:
        Codes (N, atoms) of either sign, with at most ``active`` numbers other than 0.
    """
    if not 1 <= active <= len(directions):
        raise ValueError(f"active={active}: choose 1 to {len(directions)}, the number of atoms.")
    alike = directions @ directions.T
    parts = [_pursue(rows @ directions.T, alike, active) for rows in x.split(ROWS_AT_ONCE)]
    return torch.cat(parts)


def _pursue(left: Tensor, alike: Tensor, active: int) -> Tensor:
    """Pursuit by inner products alone; ``left`` (N, atoms) are those of what is missing.

    The chosen atoms are made orthogonal one after the other (Gram and Schmidt). Of each such axis
    only its inner products with all atoms are kept: they say what becomes of ``left``.
    """
    rows, tiny = torch.arange(len(left)), 1e-9
    axes = left.new_zeros(len(left), active, left.shape[1])
    amounts = left.new_zeros(len(left), active)
    picks = torch.zeros(len(left), active, dtype=torch.long)
    for step in range(active):
        pick = picks[:, step] = left.abs().argmax(1)
        before = axes[:, :step]
        shared = before[rows, :, pick]  # (N, step): what earlier axes hold of the new atom
        axis = alike[pick] - torch.bmm(shared[:, None], before)[:, 0]
        axis /= axis[rows, pick].clamp_min(tiny).sqrt()[:, None]
        amount = left[rows, pick] / axis[rows, pick].clamp_min(tiny)
        # What was chosen is not chosen again, whatever rounding left of it.
        left = (left - amount[:, None] * axis).scatter(1, picks[:, : step + 1], 0)
        axes[:, step], amounts[:, step] = axis, amount
    # From axes back to atoms: the inner products of axes and chosen atoms are a triangle.
    triangle = axes.gather(2, picks[:, None].expand(-1, active, -1))
    weights = torch.linalg.solve_triangular(triangle, amounts[:, :, None], upper=True)[:, :, 0]
    return torch.zeros_like(left).scatter(1, picks, weights)


@torch.no_grad()
def improve_codes(
    codes: Tensor,
    directions: Tensor,
    offset: Tensor,
    x: Tensor,
    active: int,
    *,
    end: str = "clip",
    steps: int = 100,
) -> Tensor:
    """Search for better codes of a decoder that ends in clipping, or in a sigmoid.

    The decoder is ``end(codes @ directions + offset)``. Each step follows the gradient of the loss
    that belongs to its end, whose derivative before the end is *output minus target* (for the
    sigmoid the cross-entropy), and keeps the ``active`` largest numbers of each row. (Iterative
    hard thresholding, Blumensath & Davies 2009, with Nesterov's momentum.)

    Args:
        codes: (N, atoms), where the search starts: by an encoder, or by :func:`matching_pursuit`.
        directions: (atoms, D), of any norm.
        offset: (D,).
        x: (N, D), in [0, 1].
        active: how many numbers of a row stay.
        end: "clip", to [0, 1], or "sigmoid".

    Returns:
        Codes (N, atoms) of either sign.
    """
    ends = {"clip": (lambda raw: raw.clamp(0, 1), 1.0), "sigmoid": (torch.sigmoid, 0.25)}
    if end not in ends:
        raise ValueError(f"end={end!r}: choose one of {', '.join(ends)}.")
    finish, steepest = ends[end]
    rate = 1 / (steepest * torch.linalg.matrix_norm(directions, 2) ** 2)
    ahead, pace = codes, 1.0
    for _ in range(steps):
        missing = x - finish(ahead @ directions + offset)
        new = ahead + rate * missing @ directions.T
        places = new.abs().topk(active, dim=1).indices
        new = torch.zeros_like(new).scatter(1, places, new.gather(1, places))
        faster = (1 + (1 + 4 * pace**2) ** 0.5) / 2
        ahead, codes, pace = new + (pace - 1) / faster * (new - codes), new, faster
    return codes


def learn_atoms(
    train: Tensor,
    count: int,
    active: int,
    *,
    passes: int = 2,
    batch_size: int = 1_000,
    memory: float = 0.9,
    seed: int = 0,
) -> Atoms:
    """Dictionary learning for a number of active atoms, by turns of pursuit and least squares.

    The method of optimal directions (Engan et al. 1999) in mini-batches, whose sums are kept as in
    Mairal et al. 2009. It starts from random training examples.

    Args:
        train: (N, *shape).
        count: how many atoms.
        active: how many of them an example may use.
        passes: over the training examples.
        memory: the share of the sums that the next batch leaves.
        seed: shifted by AECOURSE_SEED.
    """
    if not 1 <= count <= len(train):
        raise ValueError(f"count={count}: the atoms start from {len(train)} examples.")
    mean, random = train.mean(0), generator(seed)
    rest = (train - mean).flatten(1)
    directions = F.normalize(rest[torch.randperm(len(rest), generator=random)[:count]])
    alike, towards = rest.new_zeros(count, count), rest.new_zeros(count, rest.shape[1])
    for _ in range(passes):
        for rows in torch.randperm(len(rest), generator=random).split(batch_size):
            x = rest[rows]
            codes = matching_pursuit(x, directions, active)
            alike = memory * alike + codes.T @ codes
            towards = memory * towards + codes.T @ x
            directions = _best_directions(alike, towards, x - codes @ directions)
    return Atoms(mean, directions)


def _best_directions(alike: Tensor, towards: Tensor, missing: Tensor) -> Tensor:
    """Least squares for given codes, each direction set to norm 1; a hardly used atom becomes what
    is missing of one of the worst examples."""
    use = alike.diagonal()
    ridge = 1e-4 * use.mean() * torch.eye(len(alike))
    directions = torch.linalg.solve(alike + ridge, towards)
    unused = (use < LEAST_USED * use.mean()).nonzero()[:, 0]
    worst = missing.square().sum(1).topk(min(len(unused), len(missing))).indices
    directions[unused[: len(worst)]] = missing[worst]
    return F.normalize(directions)
