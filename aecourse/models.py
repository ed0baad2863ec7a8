"""Autoencoders: an encoder, a decoder, and the activation that ends them.

Every model of the course is an :class:`Autoencoder`. It knows the ``shape`` of one example, so
images stay (N, 1, 28, 28) everywhere and are flattened only inside.
"""

from __future__ import annotations

import math
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


def with_batch_norm(layers: nn.Sequential) -> nn.Sequential:
    """The same linear layers, with BatchNorm before each ReLU."""
    found: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            found.append(nn.BatchNorm1d(found[-1].out_features))
        found.append(layer)
    return nn.Sequential(*found)


def keep_largest(codes: Tensor, k: int) -> Tensor:
    """The k largest numbers of each row (B, code_size); every other one becomes exactly 0.

    Gradients flow through the numbers that are kept. (Makhzani & Frey 2014.)
    """
    values, places = codes.topk(k, dim=1)
    return torch.zeros_like(codes).scatter(1, places, values)


class TopK(Dense):
    """A dense autoencoder that keeps only the k largest code units of each example.

    Args:
        k: how many units are kept, 1 … code_size. With the usual ReLU on the code, an example
            with fewer than k positive units has fewer than k active ones.

    The other arguments are those of :class:`Dense`; by default nothing is hidden between pixels
    and code. (Makhzani & Frey 2014; Gao et al. 2024.)
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        code_size: int,
        k: int,
        hidden: int | Sequence[int] = (),
        hidden_activation: str = "relu",
        code_activation: str | None = "relu",
        output: str | Layout = "sigmoid",
    ):
        if not 1 <= k <= code_size:
            raise ValueError(f"k={k}: choose 1 to {code_size}, the number of code units.")
        super().__init__(shape, code_size, hidden, hidden_activation, code_activation, output)
        self.k = k
        self.config["k"] = k

    def encode(self, x: Tensor) -> Tensor:
        return keep_largest(super().encode(x), self.k)


class JumpReLU(Dense):
    """A dense autoencoder whose code units each have a threshold of their own, which is learned.

    A unit passes on its input as it is where that exceeds the threshold, and is 0 elsewhere:
    small inputs are cut and large ones do not shrink. A step has no gradient, so thresholds get
    that of a ramp around the step. Train with :func:`aecourse.objectives.l0`.
    (Rajamanoharan et al. 2024.)

    Args:
        threshold: of all units at the start, in units of the code; positive.
        width: of the ramp, in units of the code.

    The other arguments are those of :class:`Dense`; nothing is hidden between data and code.
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        code_size: int,
        threshold: float = 0.1,
        width: float = 0.2,
        output: str | Layout = "linear",
    ):
        if not (threshold > 0 and width > 0):
            raise ValueError(f"threshold={threshold}, width={width}: both must be positive.")
        super().__init__(shape, code_size, (), code_activation="relu", output=output)
        self.log_threshold = nn.Parameter(torch.full((code_size,), math.log(threshold)))
        self.width = width
        self.config = {
            "shape": list(self.shape),
            "code_size": code_size,
            "threshold": threshold,
            "width": width,
            "output": output,
        }

    def gated(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, *shape) → inputs of the code units and their gates, 0 or 1: each (B, code_size)."""
        inputs = super().encode(x)
        return inputs, step(inputs.detach() - self.log_threshold.exp(), self.width)

    def encode(self, x: Tensor) -> Tensor:
        inputs, gates = self.gated(x)
        return inputs * gates

    def run(self, x: Tensor, generator: Generator | None = None) -> Output:
        """One pass; ``extra["gates"]`` are the gates, with gradients for the thresholds."""
        inputs, gates = self.gated(x)
        code = inputs * gates
        return Output(code, self.decode_raw(code), extra={"gates": gates})


def step(distance: Tensor, width: float) -> Tensor:
    """1 where ``distance`` is positive, else 0; its gradient is that of a ramp of this width."""
    ramp = (distance / width + 0.5).clamp(0, 1)
    return (distance > 0).to(ramp) + ramp - ramp.detach()


def code_layer(model: Autoencoder) -> nn.Linear:
    """The decoder's first linear layer, whose weight has a column for each code unit."""
    for layer in model.decoder.modules():
        if isinstance(layer, nn.Linear):
            return layer
    raise ValueError("The decoder has no linear layer, and so no column for each code unit.")


@torch.no_grad()
def unit_norm_decoder(model: Autoencoder) -> None:
    """Scale each decoder column to norm 1, in place; for ``fit(after_step=[unit_norm_decoder])``.

    Column j is what code unit j adds to the output. While its norm is free, an L1 penalty on the
    code can be evaded by a smaller code and a larger column.
    """
    weight = code_layer(model).weight
    weight.div_(weight.norm(dim=0).clamp_min(1e-12))


@torch.no_grad()
def tied_start(model: Dense, mean: Tensor, code_bias: float = 0.0) -> None:
    """Initial weights for a dense autoencoder without hidden layers, in place.

    The decoder gets random columns of norm 1 and the encoder the same ones as rows. The biases
    let the mean example have the code ``code_bias`` (before the code's activation), and an empty
    code the mean example as its reconstruction. Draws from torch's global generator: use
    :func:`aecourse.randomness.seeded`.

    Args:
        mean: of the training examples, (*shape).
        code_bias: input of every code unit when the mean example is encoded.
    """
    linear = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    if len(linear) != 2 or model.output not in ("sigmoid", "linear"):
        raise ValueError(
            "tied_start is for one linear layer on either side of the code (hidden=()) and an "
            "output that is sigmoid or linear."
        )
    encode, decode = linear
    mean = mean.flatten().to(decode.weight)
    columns = torch.randn(decode.weight.shape).to(decode.weight)
    decode.weight.copy_(columns / columns.norm(dim=0))
    encode.weight.copy_(decode.weight.T)
    encode.bias.copy_(code_bias - encode.weight @ mean)
    decode.bias.copy_(torch.logit(mean, eps=1e-3) if model.output == "sigmoid" else mean)


class Convolutional(Autoencoder):
    """A convolutional autoencoder whose decoder mirrors its encoder.

    Each convolution (kernel 3, stride 2, padding 1) halves height and width; dense layers then
    lead to the code. In the decoder, transposed convolutions (kernel 4, stride 2, padding 1)
    double the size again: their kernel is a multiple of their stride, so that every output
    pixel gets contributions from equally many inputs (Odena, Dumoulin & Olah 2016).

    ``Convolutional(4)`` has maps of 16 × 14 × 14 and 32 × 7 × 7 numbers before its code of 4.

    Args:
        code_size: how many numbers the code has; the code is linear.
        channels: maps after each convolution of the encoder.
        hidden: widths of dense layers between the last map and the code (or the one width).
        batch_norm: normalise every map before its ReLU, on both sides of the code. *During
            training*, an image's reconstruction then depends on the others in its batch.
        kernel: of the transposed convolutions, 4; or 3, with one row and column of output
            padding, which overlaps unevenly.
        shape: of one image, (channels, height, width); both sides must be multiples of
            2 ** len(channels).
        output: output activation, as in :class:`Autoencoder`.

    Raises:
        ValueError: the sides cannot be halved that often, or another kernel.
    """

    def __init__(
        self,
        code_size: int,
        channels: Sequence[int] = (16, 32),
        hidden: int | Sequence[int] = (),
        batch_norm: bool = False,
        kernel: int = 4,
        shape: Sequence[int] = (1, 28, 28),
        output: str = "sigmoid",
    ):
        hidden = tuple(hidden) if isinstance(hidden, Sequence) else (int(hidden),)
        channels, shape = tuple(channels), tuple(shape)
        if len(shape) != 3:
            raise ValueError(f"An image has the shape (channels, height, width), not {shape}.")
        if not channels or min(*channels, *hidden, code_size) < 1:
            raise ValueError(
                "Every layer needs at least one unit, and there must be a convolution: channels="
                f"{channels}, hidden={hidden}, code_size={code_size}."
            )
        factor = 2 ** len(channels)
        if shape[1] % factor or shape[2] % factor:
            raise ValueError(
                f"{len(channels)} convolutions halve each side {len(channels)} times, so height "
                f"and width must be multiples of {factor}; they are {shape[1]} and {shape[2]}. "
                "Crop or pad the images, or use fewer convolutions."
            )
        if kernel not in (3, 4):
            raise ValueError(f"kernel={kernel}: the transposed convolutions have kernel 3 or 4.")
        maps = (channels[-1], shape[1] // factor, shape[2] // factor)
        sizes = [torch.Size(maps).numel(), *hidden, code_size]

        encoder: list[nn.Module] = []
        for before, after in zip((shape[0], *channels), channels):
            encoder.append(nn.Conv2d(before, after, 3, stride=2, padding=1))
            encoder += [nn.BatchNorm2d(after)] if batch_norm else []
            encoder.append(nn.ReLU())
        encoder += [nn.Flatten(), *dense_layers(sizes, "relu")]

        decoder = [*dense_layers(sizes[::-1], "relu"), nn.Unflatten(1, maps)]
        for before, after in zip(channels[::-1], (*channels[-2::-1], shape[0])):
            decoder += [nn.BatchNorm2d(before)] if batch_norm else []
            decoder.append(nn.ReLU())
            decoder.append(
                nn.ConvTranspose2d(
                    before, after, kernel, stride=2, padding=1, output_padding=4 - kernel
                )
            )
        super().__init__(nn.Sequential(*encoder), nn.Sequential(*decoder), shape, code_size, output)
        self.config = {
            "code_size": code_size,
            "channels": list(channels),
            "hidden": list(hidden),
            "batch_norm": batch_norm,
            "kernel": kernel,
            "shape": list(shape),
            "output": output,
        }


class VAE(Autoencoder):
    """A fully connected variational autoencoder with a diagonal Gaussian posterior.

    The encoder's last layer gives 2 · code_size numbers: the mean and the *log-variance* of the
    posterior q(z|x). ``VAE((1, 28, 28), 20)`` is 784-400-2·20, 20-400-784.

    :meth:`encode` gives the posterior mean, and a call ``model(x)`` decodes it: nothing random.
    :meth:`run`, which training and :func:`aecourse.evaluation.per_example` use, draws a sample.

    Args:
        shape, hidden, hidden_activation, output: as in :class:`Dense`.
        code_size: dimensions of the code z.

    D. P. Kingma, M. Welling, *Auto-encoding variational Bayes*, ICLR 2014.
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        code_size: int,
        hidden: int | Sequence[int] = (400,),
        hidden_activation: str = "relu",
        output: str | Layout = "sigmoid",
    ):
        shape = tuple(shape) if isinstance(shape, Sequence) else (int(shape),)
        hidden = tuple(hidden) if isinstance(hidden, Sequence) else (int(hidden),)
        sizes = [torch.Size(shape).numel(), *hidden]
        if min([*sizes, code_size]) < 1:
            raise ValueError(
                f"Every layer needs at least one unit; the sizes are {[*sizes, code_size]}."
            )
        encoder = nn.Sequential(
            nn.Flatten(), *dense_layers([*sizes, 2 * code_size], hidden_activation)
        )
        decoder = nn.Sequential(
            *dense_layers([code_size, *sizes[::-1]], hidden_activation), nn.Unflatten(1, shape)
        )
        super().__init__(encoder, decoder, shape, code_size, output)
        self.config = {
            "shape": list(shape),
            "code_size": code_size,
            "hidden": list(hidden),
            "hidden_activation": hidden_activation,
            "output": output,
        }

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, *shape) → mean and log-variance of q(z|x), each (B, code_size)."""
        mean, log_variance = self.encoder(self.checked(x)).chunk(2, dim=1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """(B, *shape) → mean of q(z|x), (B, code_size)."""
        return self.posterior(x)[0]

    def run(self, x: Tensor, generator: Generator | None = None) -> Output:
        """One pass with a *sampled* code: z = mean + standard deviation · ε, ε ~ N(0, I).

        Args:
            x: (B, *shape).
            generator: on the device of the model; the global one unless given.
        """
        mean, log_variance = self.posterior(x)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        code = mean + torch.exp(0.5 * log_variance) * noise
        return Output(code, self.decode_raw(code), (mean, log_variance))

    @torch.no_grad()
    def sample(self, count: int, generator: Generator | None = None) -> Tensor:
        """New examples (count, *shape): codes drawn from the prior N(0, I), decoded.

        With a sigmoid output they are the *probabilities* of ink, not black and white pixels.

        Args:
            count: how many.
            generator: on the device of the model; the global one unless given.
        """
        if count < 1:
            raise ValueError(f"count={count}: ask for at least one sample.")
        weight = next(self.parameters())
        code = torch.randn(
            (count, self.code_size), generator=generator, device=weight.device, dtype=weight.dtype
        )
        return self.decode(code)


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change: weights and biases."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
