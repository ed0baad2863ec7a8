"""Applying a model to many examples: piece by piece, on its device, without gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aecourse.objectives import Term
from aecourse.protocol import EVALUATION_BATCH, Batch, checked_output
from aecourse.randomness import generator


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
    device = device_of(model)
    try:
        pieces = [function(piece.to(device)).cpu() for piece in x.split(EVALUATION_BATCH)]
    finally:
        model.train(was_training)
    return torch.cat(pieces)


def device_of(model: nn.Module) -> torch.device:
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
    noise = generator(seed, device_of(model))
    if target is not None and len(target) != len(x):
        raise ValueError(f"There are {len(x)} inputs and {len(target)} targets: they must agree.")
    targets, done = (x if target is None else target), 0

    def losses(piece: Tensor) -> Tensor:
        nonlocal done
        wanted = targets[done : done + len(piece)].to(piece.device)
        done += len(piece)
        output = checked_output(model.run(piece, noise), wanted)
        if hasattr(term, "check"):
            term.check(model, wanted)
        return term(model, Batch(piece, wanted), output)

    return in_batches(losses, x, model)
