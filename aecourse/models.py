"""Autoencoders: an encoder, a decoder, and the activation that ends them.

Every model of the course is an :class:`Autoencoder`. It knows the ``shape`` of one example, so
images stay (N, 1, 28, 28) everywhere and are flattened only inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from aecourse.protocol import Layout, Output

ACTIVATIONS = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def activation_layer(name: str | None) -> nn.Module:
    """The layer that a name stands for; None means "linear"."""
    try:
        return ACTIVATIONS[name or "linear"]()
    except KeyError:
        names = ", ".join(ACTIVATIONS)
        raise ValueError(f"No activation {name!r}; choose one of {names}.") from None


class MixedActivation(nn.Module):
    """The output activation of a table with columns of several kinds."""

    def __init__(self, layout: Layout):
        super().__init__()
        self.layout = layout

    def forward(self, raw: Tensor) -> Tensor:
        return self.layout.activate(raw)


class Autoencoder(nn.Module):
    """An encoder and a decoder around a code.

    Args:
        encoder: maps (B, *shape) to (B, code_size).
        decoder: maps (B, code_size) to (B, *shape), *before* the output activation.
        shape: of one example, such as (1, 28, 28) or (17,).
        code_size: how many numbers the code has.
        output: name of the output activation ("linear", "sigmoid", "tanh"), or the
            :class:`~aecourse.protocol.Layout` of a table with columns of several kinds.

    A subclass that should be saved to a file sets ``config``: the arguments that build it.
    """

    config: dict[str, Any]

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        shape: Sequence[int],
        code_size: int,
        output: str | Layout = "linear",
    ):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.shape, self.code_size, self.output = tuple(shape), code_size, output
        is_mixed = isinstance(output, Layout)
        if is_mixed and self.shape != (output.width,):
            raise ValueError(
                f"The layout describes {output.width} columns, the model is for shape {self.shape}."
            )
        self.activation = MixedActivation(output) if is_mixed else activation_layer(output)

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) → code (B, code_size)."""
        return self.encoder(self.checked(x))

    def decode_raw(self, code: Tensor) -> Tensor:
        """Code (B, code_size) → (B, *shape), without the output activation."""
        if code.ndim != 2 or code.shape[1] != self.code_size:
            hint = " One code alone needs a batch dimension: code.unsqueeze(0)."
            raise ValueError(
                f"A code of this model has {self.code_size} numbers, a batch of them the shape "
                f"(B, {self.code_size}); this one has shape {tuple(code.shape)}."
                f"{hint if code.shape == (self.code_size,) else ''}"
            )
        return self.decoder(code)

    def decode(self, code: Tensor) -> Tensor:
        """Code (B, code_size) → reconstruction (B, *shape)."""
        return self.activation(self.decode_raw(code))

    def forward(self, x: Tensor) -> Tensor:
        """(B, *shape) → reconstruction (B, *shape)."""
        return self.decode(self.encode(x))

    def run(self, x: Tensor, generator: Generator | None = None) -> Output:
        """One pass for training: code and raw output together.

        Args:
            x: (B, *shape).
            generator: for models that draw random numbers on the way; this one does not.
        """
        code = self.encode(x)
        return Output(code, self.decode_raw(code))

    def checked(self, x: Tensor) -> Tensor:
        """``x`` itself, once shape and type are known to be right.

        Raises:
            ValueError: the shape is not (B, *shape).
            TypeError: no tensor, or not of the type of number that the weights have.
        """
        if not isinstance(x, Tensor):
            raise TypeError(
                f"The input is a {type(x).__name__}, not a torch tensor: convert it with "
                "torch.as_tensor(x).float()."
            )
        if tuple(x.shape[1:]) != self.shape:
            hint = ""
            if tuple(x.shape) == self.shape:
                hint = " One example alone needs a batch dimension: x.unsqueeze(0)."
            raise ValueError(
                f"This model takes batches of shape (B, {', '.join(map(str, self.shape))}); "
                f"the input has shape {tuple(x.shape)}.{hint}"
            )
        if not x.is_floating_point():
            raise TypeError(
                f"The input is {x.dtype}, the model computes with floating-point numbers. "
                "Convert it: x.float(), and divide pixel values 0 … 255 by 255."
            )
        weight = next(self.parameters(), x)
        if x.dtype != weight.dtype:
            raise TypeError(
                f"The input is {x.dtype}, the weights of the model are {weight.dtype} (NumPy "
                "computes in float64, torch in float32). Convert one of them: x.float() or "
                "model.double()."
            )
        return x


def dense_layers(sizes: Sequence[int], activation: str) -> list[nn.Module]:
    """Linear layers of the given sizes with an activation between each two (not at the end)."""
    layers: list[nn.Module] = []
    for size_in, size_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(size_in, size_out), activation_layer(activation)]
    return layers[:-1]


class Dense(Autoencoder):
    """A fully connected autoencoder whose decoder mirrors its encoder.

    ``Dense((1, 28, 28), 32, hidden=(128,))`` is 784-128-32-128-784, and ``hidden=()`` leaves
    one linear layer on either side: the autoencoder that is PCA.

    Args:
        shape: of one example; an integer for the rows of a table.
        code_size: how many numbers the code has.
        hidden: widths of the encoder's hidden layers (or the one width); the decoder has them
            in reverse.
        hidden_activation: after every hidden layer.
        code_activation: after the code; None (linear) lets the code use the whole space.
        output: output activation, as in :class:`Autoencoder`.
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        code_size: int,
        hidden: int | Sequence[int] = (128,),
        hidden_activation: str = "relu",
        code_activation: str | None = None,
        output: str | Layout = "sigmoid",
    ):
        shape = tuple(shape) if isinstance(shape, Sequence) else (int(shape),)
        hidden = tuple(hidden) if isinstance(hidden, Sequence) else (int(hidden),)
        sizes = [torch.Size(shape).numel(), *hidden, code_size]
        if min(sizes) < 1:
            raise ValueError(f"Every layer needs at least one unit; the sizes are {sizes}.")
        encoder = nn.Sequential(
            nn.Flatten(), *dense_layers(sizes, hidden_activation), activation_layer(code_activation)
        )
        decoder = nn.Sequential(
            *dense_layers(sizes[::-1], hidden_activation), nn.Unflatten(1, shape)
        )
        super().__init__(encoder, decoder, shape, code_size, output)
        self.config = {
            "shape": list(shape),
            "code_size": code_size,
            "hidden": list(hidden),
            "hidden_activation": hidden_activation,
            "code_activation": code_activation,
            "output": output,
        }


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change: weights and biases."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
