"""What several experiments share. Digests follow these functions as they follow the package's."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torchvision
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torchvision.transforms import ToTensor

from aecourse import data
from aecourse.models import Autoencoder
from aecourse.randomness import generator, seeded


def tutorial_net(code_size: int = 4) -> Autoencoder:
    """The net of "Convolutional autoencoder in PyTorch, with latent space"."""
    encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(288, 128), nn.ReLU(), nn.Linear(128, code_size),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(code_size, 128), nn.ReLU(), nn.Linear(128, 288), nn.ReLU(),
        nn.Unflatten(1, (32, 3, 3)),
        nn.ConvTranspose2d(32, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1),
    )  # fmt: skip
    return Autoencoder(encoder, decoder, (1, 28, 28), code_size, "sigmoid")


@contextmanager
def mnist_as_files() -> Iterator[torchvision.datasets.MNIST]:
    """MNIST's 60,000 training images as a tutorial reads them, one file access and ``ToTensor`` for
    each: unpacked from the course's files into a folder that is deleted at the end."""
    with tempfile.TemporaryDirectory() as root:
        raw = Path(root, "MNIST", "raw")
        raw.mkdir(parents=True)
        for path in (data.find_data() / "MNIST" / "raw").glob("*.gz"):
            shutil.copy(path, raw)
        yield torchvision.datasets.MNIST(root, train=True, transform=ToTensor(), download=True)


def start_at_mean(model: nn.Module, images: Tensor) -> None:
    """Let the untrained decoder answer with the mean image: set the biases of its output."""
    mean = images.mean(0).flatten().clamp(0.01, 0.99)
    with torch.no_grad():
        model.decoder[-2].bias.copy_(torch.logit(mean))


def train_classifier(images: Tensor, labels: Tensor) -> nn.Module:
    """The small classifier whose features the generation score compares (lesson 09)."""
    with seeded(0):
        net = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(),
            nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 10),
        )  # fmt: skip
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    order = torch.randperm(len(images), generator=generator(0))
    for rows in order.repeat(5).split(250):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
        optimiser.step()
    return net[:-1].eval()


def mixture_of_20(codes, seed: int, steps: int, floor: float = 1e-6) -> GaussianMixture:
    """Twenty Gaussians fitted to codes (N, code_size).

    Args:
        steps: of expectation maximisation; few are enough for a density, converged or not.
        floor: added to the variances.
    """
    mixture = GaussianMixture(20, random_state=seed, max_iter=steps, reg_covar=floor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(codes)


def codes_from_mixture(codes: Tensor, seed: int) -> Tensor:
    """10,000 new codes from a mixture of 20 Gaussians, fitted to the first 10,000 codes."""
    known = codes[:10_000].double().numpy()
    return torch.tensor(mixture_of_20(known, seed, 30, 1e-4).sample(10_000)[0]).float()
