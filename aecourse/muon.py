"""Muon: momentum whose every direction is given the same length, for the matrices of a net."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

# Of the polynomial a·s + b·s³ + c·s⁵, which moves each singular value s towards 1. They lift small
# values fastest, and leave all of them near 1 rather than at 1 (Jordan et al. 2024).
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalised(matrix: Tensor, steps: int = 5) -> Tensor:
    """The matrix UVᵀ near the given one, USVᵀ: all of its singular values are about 1.

    Found without a singular value decomposition, by an odd polynomial that is applied a few times
    to the matrix and so to each of its singular values (Newton and Schulz's iteration).

    Args:
        matrix: (rows, columns).
        steps: how often; after five, singular values from 1 down to a thousandth lie
            between 0.6 and 1.3.

    Returns:
        (rows, columns), in the number format of ``matrix``. A matrix of zeros stays as it is.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(_fast_format(matrix))
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        products = x @ x.T
        x = torch.addmm(x, torch.addmm(products, products, products, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)


def _fast_format(matrix: Tensor) -> torch.dtype:
    """Sixteen bits where the processor multiplies them fast: rough products are good enough."""
    if matrix.dtype != torch.float32:
        return matrix.dtype
    if matrix.device.type == "cuda":
        return torch.bfloat16
    has_fast_products = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    on_cpu = matrix.device.type == "cpu"
    return torch.bfloat16 if on_cpu and has_fast_products() else torch.float32


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for matrices and kernels, Adam for everything else.

    The gradient of a weight matrix has a few large singular values and many small ones, so plain
    momentum moves along a few directions only. Here all directions of the momentum advance equally
    far. A step costs more than one of Adam; large batches make it pay. Kernels (out, in, h, w)
    count as matrices (out, in·h·w).

    Use it as ``fit(…, optimizer=Muon)``, with batches of 256 and more and ``lr`` from 0.01 to 0.02.

    Args:
        params: the weights.
        lr: the rate of Adam's part. A matrix moves by ``matrix_rate * lr * sqrt(rows / columns)``
            along each direction, or without the root where there are fewer rows than columns.
        matrix_rate: see ``lr``.
        momentum: share of the old momentum that is kept in each step.
        betas: Adam's.
        weight_decay: a step shrinks matrices by ``matrix_rate * lr * weight_decay`` of themselves.

    Raises:
        ValueError: a rate is negative, or a share does not lie in [0, 1).

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-2,
        *,
        matrix_rate: float = 4.0,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ):
        for name, value in {
            "lr": lr,
            "matrix_rate": matrix_rate,
            "weight_decay": weight_decay,
        }.items():
            if value < 0:
                raise ValueError(f"{name}={value}: it cannot be negative.")
        for name, share in {
            "momentum": momentum,
            "betas[0]": betas[0],
            "betas[1]": betas[1],
        }.items():
            if not 0 <= share < 1:
                raise ValueError(f"{name}={share}: choose at least 0 and less than 1.")
        self.matrix_rate, self.momentum, self.betas = matrix_rate, momentum, betas
        self.weight_decay = weight_decay
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """Move all weights that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    move = self._move_matrix if weight.ndim > 1 else self._move_by_adam
                    move(weight, group["lr"], self.state[weight])

    def _move_matrix(self, weight: Tensor, lr: float, state: dict) -> None:
        gradient = weight.grad
        if not state:
            state["momentum"] = torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - self.momentum)
        ahead = gradient.lerp(state["momentum"], self.momentum)  # Nesterov's look ahead
        rows, columns = ahead.flatten(1).shape
        rate = self.matrix_rate * lr
        weight.mul_(1 - rate * self.weight_decay)
        direction = orthogonalised(ahead.flatten(1)).view_as(weight)
        weight.add_(direction, alpha=-rate * max(1.0, rows / columns) ** 0.5)

    def _move_by_adam(self, weight: Tensor, lr: float, state: dict) -> None:
        if not state:
            state.update(step=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight))
        state["step"] += 1
        first, second = self.betas
        state["mean"].lerp_(weight.grad, 1 - first)
        state["square"].lerp_(weight.grad.square(), 1 - second)
        mean = state["mean"] / (1 - first ** state["step"])
        square = state["square"] / (1 - second ** state["step"])
        weight.sub_(lr * mean / (square.sqrt() + 1e-8))
