"""The few types through which models, losses and training talk to one another.

A *model* turns a batch into an :class:`Output`; a *term* of the loss turns model, batch and
output into one number per example; :func:`aecourse.training.fit` adds the terms up and takes
the gradient. Everything else in the package is built on these three.

Any module with a method ``run(x, generator) -> Output`` is a model: what its code looks like, and
whether it is built like the course's own, is its affair. Inputs and targets are numbers of
floating point, compared place by place, except where a model says ``takes_tokens = True``: its
inputs are class indices (int64), and so may its targets be, for which ``raw`` then has one more
axis, the last, with a logit for each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

EVALUATION_BATCH = 2_000  # rows that are evaluated at once: large enough to be fast, and no more


class Output(NamedTuple):
    """What one pass through an autoencoder gives.

    Attributes:
        code: (B, *code_shape), what the encoder made of the input; most often (B, code_size).
        raw: (B, *shape), the decoder's output *before* the output activation. Losses that are
            computed from logits need it, and the activation can always be applied later.
            For targets that are class indices: (B, *shape, classes).
        posterior: (mean, log_variance) of a variational autoencoder, each shaped like the code.
        extra: whatever else this kind of model has to tell the terms of its loss, by name: the
            indices of a quantised code, the mask of a masked one, an auxiliary loss.
    """

    code: Tensor
    raw: Tensor
    posterior: tuple[Tensor, Tensor] | None = None
    extra: Mapping[str, Any] = MappingProxyType({})


def checked_output(output: Output, target: Tensor) -> Output:
    """``output`` itself, once it can be compared with the target.

    Raises:
        TypeError: the model's ``run`` returned something else than an :class:`Output`.
        ValueError: ``raw`` has not the shape of the target (B, *shape); for class indices,
            not the shape (B, *shape, classes).
    """
    if not isinstance(output, Output):
        raise TypeError(
            f"The model's `run` returned a {type(output).__name__}: it must return "
            "Output(code, raw), of aecourse.protocol."
        )
    shape, wanted = tuple(output.raw.shape), tuple(target.shape)
    if target.is_floating_point() and shape != wanted:
        raise ValueError(
            f"The decoder gives shape {shape}, the target has shape {wanted}: they must be equal."
        )
    if not target.is_floating_point() and shape[:-1] != wanted:
        raise ValueError(
            f"The decoder gives shape {shape}, the target holds class indices of shape {wanted}: "
            "there must be one more axis, the last, with a logit for each class."
        )
    return output


class Batch(NamedTuple):
    """What a term of the loss may look at besides the output.

    Attributes:
        input: (B, *shape), what the encoder sees (corrupted, when denoising).
        target: (B, *shape), what the reconstruction is compared with.
        progress: from 0 at the first step of training to 1 at the last, for warm-ups.
    """

    input: Tensor
    target: Tensor
    progress: float = 1.0


Kind = Literal["real", "binary", "categorical"]


@dataclass(frozen=True)
class Block:
    """Neighbouring columns of one kind: any number of real or binary columns, or the one-hot
    columns of a *single* categorical variable."""

    kind: Kind
    width: int


@dataclass(frozen=True)
class Layout:
    """Which columns of a table are of which kind, from left to right.

    ``Layout.of(real=16, binary=1, categorical=(16, 49))`` is a table of 16 real columns, one
    binary one, and two categorical variables with 16 and 49 categories: 82 columns in all.
    """

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, real: int = 0, binary: int = 0, categorical: tuple[int, ...] = ()) -> Layout:
        blocks = [Block("real", real)] if real else []
        blocks += [Block("binary", binary)] if binary else []
        blocks += [Block("categorical", width) for width in categorical]
        return cls(tuple(blocks))

    @property
    def width(self) -> int:
        """Number of columns."""
        return sum(block.width for block in self.blocks)

    def split(self, table: Tensor) -> list[tuple[Kind, Tensor]]:
        """Cut a table (B, width) into its blocks, each (B, block.width)."""
        if table.shape[-1] != self.width:
            raise ValueError(
                f"The layout describes {self.width} columns, the table has {table.shape[-1]}. "
                "Count the one-hot columns of each categorical variable."
            )
        pieces = table.split([block.width for block in self.blocks], dim=-1)
        return [(block.kind, piece) for block, piece in zip(self.blocks, pieces)]

    def activate(self, raw: Tensor) -> Tensor:
        """The output activation of a mixed table (B, width): nothing for real columns, a
        sigmoid for binary ones, a softmax for each categorical variable."""
        activations = {
            "real": lambda raw: raw,
            "binary": torch.sigmoid,
            "categorical": lambda raw: F.softmax(raw, dim=-1),
        }
        return torch.cat([activations[kind](piece) for kind, piece in self.split(raw)], dim=-1)
