"""The few types through which models, losses and training talk to one another.

A *model* turns a batch into an :class:`Output`; a *term* of the loss turns model, batch and
output into one number per example; :func:`aecourse.training.fit` adds the terms up and takes
the gradient. Everything else in the package is built on these three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

EVALUATION_BATCH = 2_000  # rows that are evaluated at once: large enough to be fast, and no more


class Output(NamedTuple):
    """What one pass through an autoencoder gives.

    Attributes:
        code: (B, code_size), what the encoder made of the input.
        raw: (B, *shape), the decoder's output *before* the output activation. Losses that are
            computed from logits need it, and the activation can always be applied later.
        posterior: (mean, log_variance) of a variational autoencoder, each (B, code_size).
    """

    code: Tensor
    raw: Tensor
    posterior: tuple[Tensor, Tensor] | None = None


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
