"""What several experiments share. Digests follow these functions as they follow the package's."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
import torchvision
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import ToTensor

from aecourse import data, results
from aecourse.models import Autoencoder, activation_layer
from aecourse.muon import Muon
from aecourse.objectives import mse
from aecourse.protocol import Output
from aecourse.randomness import generator, seeded
from aecourse.training import History, fit


def if_it_stands(name: str, sentence: str, **parts) -> tuple[dict[str, dict], str | None]:
    """The record of a verdict under its name, or none and the reason: a record that is refused must
    not cost the rows that speak against it. ``parts`` are those of :func:`results.verdict`."""
    try:
        return {name: results.verdict(sentence, **parts)}, None
    except ValueError as refused:
        print(refused, flush=True)
        return {}, str(refused)


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


# --------------------------------------------------------------------------- the benchmark of 2006


class Deep(Autoencoder):
    """A deep net as in Hinton & Salakhutdinov (2006): 784 pixels, hidden layers, a linear code of
    30 numbers, and the mirror image of it all. Training multiplies numbers of 16 bits, which some
    processors do several times as fast; what is reported is computed with 32.

    Args:
        hidden: widths of the encoder's hidden layers.
        activation: of the hidden layers.
        batch_norm: normalise before each of them.
        scale: standard deviation of the initial weights of a layer with so many inputs; PyTorch's
            own initial weights unless given.
    """

    def __init__(self, hidden=(1000, 500, 250), activation="gelu", batch_norm=False, scale=None):
        sizes = [784, *hidden, 30]
        halves = [self._layers(sizes, activation, batch_norm),
                  self._layers(sizes[::-1], activation, batch_norm)]  # fmt: skip
        super().__init__(
            nn.Sequential(nn.Flatten(), *halves[0]),
            nn.Sequential(*halves[1], nn.Unflatten(1, (1, 28, 28))), (1, 28, 28), 30, "sigmoid",
        )  # fmt: skip
        for layer in self.linear_layers() if scale else []:
            nn.init.normal_(layer.weight, std=scale(layer.in_features))
            nn.init.zeros_(layer.bias)

    @staticmethod
    def _layers(sizes, activation: str, batch_norm: bool) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for size_in, size_out in zip(sizes, sizes[1:]):
            layers += [nn.Linear(size_in, size_out)]
            layers += [nn.BatchNorm1d(size_out)] * batch_norm + [activation_layer(activation)]
        return layers[: -1 - batch_norm]

    def linear_layers(self) -> list[nn.Linear]:
        """From the pixels to the code and back to the pixels."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Linear)]

    def run(self, x: Tensor, generator=None) -> Output:
        with torch.autocast(x.device.type, torch.bfloat16):
            output = super().run(x)
        return Output(output.code.float(), output.raw.float())


def he_scale(inputs: int) -> float:
    """Standard deviation that keeps the size of signals through ReLU layers (He et al. 2015)."""
    return (2 / inputs) ** 0.5


class Deformed(Dataset):
    """Batches of digits, each bent a little by a random linear map, in a new order each epoch.

    An item is a whole batch (batch_size, 1, 28, 28); items are taken in their order.

    Args:
        images: (N, 1, 28, 28).
        strength: standard deviation of the four numbers of the map around the identity.
    """

    def __init__(self, images: Tensor, batch_size: int, strength: float, seed: int):
        self.images, self.batch_size, self.strength = images, batch_size, strength
        self.random = generator(seed)

    def __len__(self) -> int:
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> Tensor:
        if index == 0:
            self.order = torch.randperm(len(self.images), generator=self.random)
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return self._bent(self.images.index_select(0, rows))

    def _bent(self, images: Tensor) -> Tensor:
        maps = torch.eye(2, 3).repeat(len(images), 1, 1)
        noise = torch.randn(len(images), 2, 2, generator=self.random)
        maps[:, :, :2] += self.strength * noise
        grid = F.affine_grid(maps, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, align_corners=False).clamp(0, 1)


def train_deep(
    model: Deep, images: Tensor, *, epochs: int, batch_size: int = 512, lr: float = 0.0125,
    weight_decay: float = 0.1, strength: float = 0.02, seed: int = 0, on_epoch=(),
) -> History:  # fmt: skip
    """Train a deep net with Muon and weights that shrink, on slightly deformed digits; it starts
    with the mean digit as its answer."""
    start_at_mean(model, images)
    batches = DataLoader(Deformed(images, batch_size, strength, seed), batch_size=None)
    return fit(
        model, {"reconstruction": mse}, batches, epochs=epochs, lr=lr, seed=seed, progress=False,
        optimizer=partial(Muon, weight_decay=weight_decay), on_epoch=on_epoch,
    )  # fmt: skip


# --------------------------------------------------------------------------- lesson 07


def odd_even_share(images: Tensor) -> Tensor:
    """Share of each image's variance that a pattern of period 2 explains: (N, 1, H, W) → (N,).

    The pixels are sorted into four phases, even and odd rows and columns; it is the variance of the
    four means over that of all pixels.
    """
    phases = [images[..., i::2, j::2].mean((1, 2, 3)) for i in (0, 1) for j in (0, 1)]
    return torch.stack(phases, 1).var(1, correction=0) / images.flatten(1).var(1, correction=0)


# --------------------------------------------------------------------------- weather

CITIES = {"MelbourneAirport": "Melbourne", "Watsonia": "Melbourne", "SydneyAirport": "Sydney",
          "PerthAirport": "Perth"}  # fmt: skip


def weather_by_region(split: int) -> data.TableSplits:
    """The weather of lesson 03 with whole regions in each part, so that no test day comes from a
    region that was trained on; the stations of a city count as one. ``split`` draws the regions."""
    complete = data.complete_rain_rows(data.rain_table())
    parts = data.split_groups(complete["Location"].replace(CITIES), seed=split)
    features, label = complete[list(data.RAIN_COLUMNS)], complete["RainTomorrow"]
    return data.split_table(features, label, parts, data.RAIN_COLUMNS, ("dry", "rain"))
