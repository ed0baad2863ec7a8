"""From noise to data: a denoiser of images that is told the noise level, and the walk it guides.

The deeper notebook ``04/diffusion`` derives both; the network inside is plumbing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

GROUPS = 8  # of maps that are normalised together


class Block(nn.Module):
    """Two convolutions whose result is added to the input; the noise level scales and shifts it.

    Args:
        before, after: maps of the input (B, before, H, W) and of the output; multiples of 8.
        told: numbers that describe the noise level, (B, told).
    """

    def __init__(self, before: int, after: int, told: int):
        super().__init__()
        self.first = nn.Sequential(
            nn.GroupNorm(GROUPS, before), nn.SiLU(), nn.Conv2d(before, after, 3, padding=1)
        )
        self.tell = nn.Linear(told, 2 * after)
        self.norm = nn.GroupNorm(GROUPS, after)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Identity() if before == after else nn.Conv2d(before, after, 1)
        nn.init.zeros_(self.second.weight)  # at first a block only hands on its input

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.tell(told)[:, :, None, None].chunk(2, dim=1)
        inner = F.silu(self.norm(self.first(x)) * (1 + scale) + shift)
        return self.skip(x) + self.second(inner)


class Attention(nn.Module):
    """Every place of a map looks at all others; what it finds is added to it.

    Args:
        maps: of input and output, (B, maps, H, W); a multiple of 8.
        heads: ways to look, each with its own share of the maps.
    """

    def __init__(self, maps: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(GROUPS, maps)
        self.ask = nn.Conv2d(maps, 3 * maps, 1)
        self.leave = nn.Conv2d(maps, maps, 1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor) -> Tensor:
        asked = self.ask(self.norm(x)).flatten(2).unflatten(1, (3, self.heads, -1))
        query, key, value = asked.transpose(3, 4).unbind(1)  # (B, heads, H W, maps / heads)
        found = F.scaled_dot_product_attention(query, key, value)
        return x + self.leave(found.transpose(2, 3).reshape(x.shape))


class UNet(nn.Module):
    """A small U-Net: images (B, 1, H, W) and noise levels (B,) to images of the same shape.

    Each 2 × 2 pixels become one place with four maps, so that 28 × 28 pixels are 14 × 14 places;
    then once more half as many, and back; there every place looks at all others. Height and width
    must be multiples of 4.

    Args:
        wide, deep: maps at half and at a quarter of the size; multiples of 8.

    Ronneberger, Fischer & Brox 2015; with attention as in Ho, Jain & Abbeel 2020.
    """

    def __init__(self, wide: int = 32, deep: int = 64):
        super().__init__()
        self.told = nn.Sequential(
            nn.Linear(1, deep), nn.SiLU(), nn.Linear(deep, deep), nn.SiLU()
        )
        self.enter = nn.Conv2d(4, wide, 3, padding=1)
        self.before = Block(wide, wide, deep)
        self.shrink = nn.Conv2d(wide, deep, 3, stride=2, padding=1)
        self.deep = Block(deep, deep, deep)
        self.look = Attention(deep)
        self.deeper = Block(deep, deep, deep)
        self.grow = nn.Conv2d(deep, 4 * wide, 1)
        self.after = Block(2 * wide, wide, deep)
        self.leave = nn.Conv2d(wide, 4, 3, padding=1)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        told = self.told(level[:, None])
        fine = self.before(self.enter(F.pixel_unshuffle(x, 2)), told)
        coarse = self.look(self.deep(self.shrink(fine), told))
        coarse = self.deeper(coarse, told)
        both = torch.cat([F.pixel_shuffle(self.grow(coarse), 2), fine], dim=1)
        return F.pixel_shuffle(self.leave(self.after(both, told)), 2)


def preconditioned(
    net: Callable[[Tensor, Tensor], Tensor], x: Tensor, sigma: Tensor, mean: float, spread: float
) -> Tensor:
    """A denoiser's answer (B, *shape): the best linear guess, plus what a network adds to it.

    The guess is the one for uncorrelated numbers of this mean and spread. Whatever the level, the
    network's input has a variance of 1, and so has what it has to answer. (Karras et al. 2022.)

    Args:
        net: examples (B, *shape) and noise levels (B,), half the logarithm of σ in units of the
            spread → (B, *shape).
        x: noisy examples (B, *shape).
        sigma: of each example, (B,).
        mean, spread: of the numbers in clean examples.
    """
    by_example = sigma.reshape(-1, *[1] * (x.ndim - 1))
    total = (spread**2 + by_example**2).sqrt()
    away = x - mean
    added = net(away / total, (sigma / spread).log() / 2)
    return mean + away * (spread / total) ** 2 + added * by_example * spread / total


def level_loss(
    denoise: Callable[[Tensor, Tensor], Tensor],
    clean: Tensor,
    sigma: Tensor,
    spread: float,
    draw: Generator | None = None,
) -> Tensor:
    """Mean squared error of each example (B,) in units of what the linear guess leaves.

    So every noise level counts alike: a network that adds nothing has a loss of about 1.

    Args:
        denoise: noisy examples and their σ (B,) → estimates of the clean ones.
        clean: (B, *shape).
        sigma: (B,), of the noise that is added here.
        spread: of the numbers in clean examples.
    """
    noise = torch.randn(clean.shape, generator=draw, device=clean.device)
    noisy = clean + sigma.reshape(-1, *[1] * (clean.ndim - 1)) * noise
    error = (denoise(noisy, sigma) - clean).square().flatten(1).mean(1)
    return error * (spread**2 + sigma**2) / (spread * sigma) ** 2


class LevelDenoiser(nn.Module):
    """r(x, σ): the best guess of a clean image from a noisy one, for every noise level.

    A :class:`UNet`, :func:`preconditioned`.

    Args:
        mean, spread: of the grey values of clean images.
        wide, deep: of the U-Net.
    """

    def __init__(self, mean: float, spread: float, wide: int = 32, deep: int = 64):
        super().__init__()
        self.mean, self.spread = mean, spread
        self.net = UNet(wide, deep)
        self.config = {"mean": mean, "spread": spread, "wide": wide, "deep": deep}

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """Noisy images (B, 1, H, W) and their σ, one number or (B,): clean ones, not clipped."""
        sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device).expand(len(x))
        return preconditioned(self.net, x, sigma, self.mean, self.spread)


def noise_levels(high: float, low: float, steps: int) -> list[float]:
    """``steps`` levels from ``high`` down to ``low``, each the same share of the one before."""
    return torch.logspace(0, 1, steps, base=low / high, dtype=torch.float64).mul(high).tolist()


@torch.no_grad()
def walk(
    denoise: Callable[[Tensor, float], Tensor], start: Tensor, levels: Sequence[float]
) -> Tensor:
    """From noise to data, (B, *shape): the deterministic sampler of diffusion models.

    At each level the clean example is estimated, and of what was to be removed the share stays that
    the next level has. This is a step of Euler's method along the probability flow (Song et al.
    2021), the same as one of DDIM (Song, Meng & Ermon 2021).

    Args:
        denoise: examples and their σ → estimates of the clean examples.
        start: (B, *shape), noise of the first level around the mean of the data.
        levels: falling; after the last one comes 0.
    """
    x = start
    for now, then in zip(levels, [*levels[1:], 0.0]):
        estimate = denoise(x, now)
        x = estimate + then / now * (x - estimate)
    return x
