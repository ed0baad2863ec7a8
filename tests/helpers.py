"""Small data and small models that several unit tests share."""

import shutil
from functools import partial
from pathlib import Path

import hypothesis
import pytest
import torch

from aecourse.data import find_data
from aecourse.models import Dense
from aecourse.randomness import seeded
from aecourse.training import fit

# The same examples every time, none kept in a folder, and no race against a busy computer.
hypothesis.settings.register_profile(
    "course", deadline=None, derandomize=True, database=None, max_examples=40
)
hypothesis.settings.load_profile("course")

quiet_fit = partial(fit, progress=False)

SHAPE = (1, 6, 6)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")),
    pytest.param(
        "mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no MPS")
    ),
]


def blobs(count: int = 60, seed: int = 0) -> torch.Tensor:
    """Images (count, 1, 6, 6) in [0, 1] that two numbers describe: a ramp of any direction."""
    draw = torch.Generator().manual_seed(seed)
    slopes = torch.rand(count, 2, 1, 1, generator=draw)
    ramp = torch.linspace(0, 1, 6)
    return (slopes[:, :1] * ramp[:, None] + slopes[:, 1:] * ramp) / 2


def rows(count: int = 200, features: int = 5, seed: int = 0) -> torch.Tensor:
    """A table (count, features) of correlated normal numbers."""
    draw = torch.Generator().manual_seed(seed)
    mixing = torch.randn(features, features, generator=draw)
    return torch.randn(count, features, generator=draw) @ mixing


def small_model(seed: int = 0, **settings) -> Dense:
    """A dense autoencoder 36-8-2-8-36 for :func:`blobs`."""
    with seeded(seed):
        return Dense(**({"shape": SHAPE, "code_size": 2, "hidden": (8,)} | settings))


def weights(model: torch.nn.Module) -> torch.Tensor:
    """All weights of a model in one vector, detached from it."""
    return torch.cat([weight.detach().flatten().clone() for weight in model.parameters()])


def fell(losses: list[float]) -> bool:
    return losses[-1] < losses[0]


def copy_data(folder: Path) -> Path:
    """A copy of the course's data files, to be damaged."""
    ignore = shutil.ignore_patterns("*-ubyte")  # what torchvision may have unpacked beside them
    return Path(shutil.copytree(find_data(), folder, ignore=ignore))
