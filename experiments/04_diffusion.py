"""From denoisers to new data: in the plane, where the truth is known, and digits.

Part one, points on a spiral: a small net is told the noise level and followed from noise to data.
What is its preconditioning worth? Against it: the same layers that answer with the clean point
itself; that answer with the noise; and that are not told the level. Each has the best of four
rates, on seeds of its own, and as many steps: 2,000, 4,000, 8,000. The error is the share of 10,000
new points that lie off the curve or in the wrong place along it.

Part two, digits: a small U-Net, 14 passes through the training images, saved for the notebook.
Its samples are judged by a convolutional classifier, by the distance of a dense classifier's
features to those of test digits, and by their nearest training images; beside them real test
digits, a VAE, a Gaussian with the covariance of the digits, a denoiser that is not told the level,
one jump in place of a walk, walks of other lengths, and the same net after one pass. One net each:
its training takes ten minutes, with most products in half precision.

Takes about 20 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from shared import train_classifier
from torch import Tensor, nn

from aecourse import data, evaluation, models, results
from aecourse.diffusion import LevelDenoiser, level_loss, noise_levels, preconditioned, walk
from aecourse.objectives import bce, kl_to_prior, mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SEEDS, FEW_SEEDS, TUNING_SEEDS = tuple(range(8)), (0, 1, 2), (100, 101, 102)
MEAN, SPREAD = 0.131, 0.309  # of the grey values of the training images

# --- the plane ------------------------------------------------------------------------------

FAR, NEAR, PLANE_STEPS = 5.0, 0.02, 2000
KINDS = ("preconditioned", "says the point", "says the noise", "not told")
RATES = (5e-3, 1e-2, 2e-2, 4e-2)
MORE_STEPS = (4000, 8000)


def spiral(t: Tensor) -> Tensor:
    """Points of the plane (N, 2) for t between 0 and 1, about evenly spread."""
    angle = 3 * np.pi * t.sqrt()
    return 2 * t.sqrt()[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


class PlaneNet(nn.Module):
    """A denoiser of points (N, 2): four ways to put one small net into it."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.inner = nn.Sequential(nn.Linear(3, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(),
                                   nn.Linear(128, 2))  # fmt: skip

    def net(self, x: Tensor, level: Tensor) -> Tensor:
        return self.inner(torch.cat([x, level[:, None]], 1))

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        sigma = torch.as_tensor(sigma, dtype=x.dtype).expand(len(x))
        if self.kind == "preconditioned":
            return preconditioned(self.net, x, sigma, 0.0, 1.0)
        if self.kind == "says the noise":
            scaled = x / (1 + sigma**2).sqrt()[:, None]
            return x - sigma[:, None] * self.net(scaled, sigma.log() / 2)
        level = torch.zeros_like(sigma) if self.kind == "not told" else sigma.log() / 2
        return self.net(x, level)


def plane_error(kind: str, seed: int, rate: float, steps=PLANE_STEPS, walk_seed=8) -> float:
    """Share of 10,000 points that would have to move, after training and a walk of 40 steps."""
    points = spiral(torch.rand(20_000, generator=generator(1)))
    with seeded(seed):
        net = PlaneNet(kind)
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    draw = generator(3 + seed)
    for _ in range(steps):
        clean = points[torch.randint(len(points), (256,), generator=draw)]
        sigma = NEAR * (FAR / NEAR) ** torch.rand(256, generator=draw)
        loss = level_loss(net, clean, sigma, 1.0, draw).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    start = FAR * torch.randn(10_000, 2, generator=generator(walk_seed + seed))
    return misplaced(walk(net, start, noise_levels(FAR, NEAR, 40)))


def misplaced(ends: Tensor, bins: int = 20) -> float:
    """Share of points (N, 2) off the spiral, or too many for their part of it: 0 … 1."""
    curve = spiral((torch.arange(2000) + 0.5) / 2000)
    distance, nearest = torch.cdist(ends, curve).min(1)
    on_curve = nearest[distance < 0.1]
    share = np.histogram(on_curve.numpy(), bins=bins, range=(0, 2000))[0] / len(ends)
    return float(np.maximum(1 / bins - share, 0).sum())


def plane_rows(cell) -> tuple[dict, dict]:
    """Row → error for each seed; and kind → rate → the error that the rate was chosen by."""

    def row(kind, seeds=FEW_SEEDS, **settings):
        return [cell(("plane", kind, settings, seed), partial(plane_error, kind, seed, **settings))
                for seed in seeds]  # fmt: skip

    tuning = {
        kind: {str(rate): float(np.mean(row(kind, TUNING_SEEDS, rate=rate))) for rate in RATES}
        for kind in KINDS
    }
    best = {kind: float(min(found, key=found.get)) for kind, found in tuning.items()}
    rows = {kind: row(kind, SEEDS, rate=best[kind]) for kind in KINDS}
    longer = {
        str(steps): {kind: row(kind, steps=steps, rate=best[kind]) for kind in KINDS}
        for steps in MORE_STEPS
    }
    return {str(PLANE_STEPS): rows, **longer}, tuning


# --- digits ---------------------------------------------------------------------------------

HIGH, LOW, STEPS = 20.0, 0.02, 40
EPOCHS, BATCH, RATE = 14, 64, 2e-3
DRAWN = 1000  # samples in each draw


def drawn_levels(count: int, draw) -> Tensor:
    """Noise levels for training (count,): log-normal, two thirds between 0.18 and 2."""
    return (1.2 * torch.randn(count, generator=draw) - 0.5).exp()


def train_digits(images: Tensor, epochs: int, seed: int = 0) -> tuple[LevelDenoiser, list[float]]:
    """A denoiser for every level, and its mean loss in each epoch."""
    with seeded(seed):
        model = LevelDenoiser(MEAN, SPREAD)
    optimiser = torch.optim.Adam(model.parameters(), fused=True)
    total = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=total, pct_start=0.1
    )
    draw, losses = generator(seed), []
    for _ in range(epochs):
        order, sums = torch.randperm(len(images), generator=draw), 0.0
        for rows in order.split(BATCH):
            sigma = drawn_levels(len(rows), draw)
            with torch.autocast("cpu", torch.bfloat16):  # a third less time
                each = level_loss(model, images[rows], sigma, SPREAD, draw)
            optimiser.zero_grad()
            each.mean().backward()
            optimiser.step()
            schedule.step()
            sums += each.sum().item()
        losses.append(sums / len(images))
        print(f"epoch {len(losses)}: loss {losses[-1]:.4f}", flush=True)
    return model.eval(), losses


def trained(digits, label: str, epochs: int) -> dict:
    """Train and save a net."""
    model, losses = train_digits(digits.train.images, epochs)
    results.save_net(__file__, label, model)
    return {"loss": losses}


def walked(model, seed: int, steps: int = STEPS, high: float = HIGH, count: int = DRAWN) -> Tensor:
    """New digits (count, 1, 28, 28), clipped."""
    start = MEAN + high * torch.randn(count, 1, 28, 28, generator=generator(1000 + seed))
    levels = noise_levels(high, LOW, steps) if steps > 1 else [high]
    return torch.cat([walk(model, part, levels) for part in start.split(100)]).clamp(0, 1)


def gaussian_digits(images: Tensor, seed: int) -> Tensor:
    """Draws from the Gaussian with mean and covariance of the images, clipped."""
    flat = images.flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat.T).double())
    draw = torch.randn(DRAWN, 784, generator=generator(1000 + seed), dtype=torch.float64)
    found = (draw * values.clamp(min=0).sqrt()) @ vectors.T + flat.mean(0)
    return found.float().reshape(-1, 1, 28, 28).clamp(0, 1)


def train_vae(images: Tensor) -> models.VAE:
    """Lesson 08's kind of VAE: 784-400-20, trained with binary cross-entropy."""
    with seeded(0):
        model = models.VAE((1, 28, 28), 20)
    fit(model, {"reconstruction": bce, "kl": kl_to_prior()}, images, epochs=12, batch_size=128,
        lr=3e-3, progress=False)  # fmt: skip
    return model


@torch.no_grad()
def vae_digits(model, seed: int) -> Tensor:
    return model.decode(torch.randn(DRAWN, 20, generator=generator(1000 + seed)))


def any_level(x: Tensor, draw=None) -> Tensor:
    """A corruption whose σ is uniform between 0 and 1, one for each image."""
    sigma = torch.rand(len(x), 1, 1, 1, generator=draw)
    return x + sigma * torch.randn(x.shape, generator=draw)


def train_untold(images: Tensor) -> models.Dense:
    """Lesson 04's wide denoiser for any level, which is not told the level."""
    with seeded(0):
        model = models.Dense((1, 28, 28), 512, hidden=(), code_activation="relu")
    fit(model, {"reconstruction": mse}, images, corrupt=any_level, epochs=6, batch_size=128,
        lr=4e-3, progress=False)  # fmt: skip
    return model


def untold_walk(model, seed: int) -> Tensor:
    return walked(lambda x, sigma: model(x), seed, high=1.0)


class Judge:
    """What new digits are judged by: a classifier, features of another one, nearest neighbours."""

    def __init__(self, digits):
        self.digits = digits
        with seeded(0):
            self.classifier = nn.Sequential(
                nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(),
                nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
                nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
                nn.Flatten(), nn.Linear(1024, 10),
            )  # fmt: skip
        self._train(digits.train)
        self.features = train_classifier(digits.train.images[:20_000], digits.train.labels[:20_000])
        self.real = evaluation.in_batches(self.features, digits.test.images, self.features)

    def _train(self, train, epochs: int = 4) -> None:
        optimiser = torch.optim.Adam(self.classifier.parameters())
        draw, total = generator(0), epochs * -(-len(train.images) // 125)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=total)
        for _ in range(epochs):
            for rows in torch.randperm(len(train.images), generator=draw).split(125):
                answer = self.classifier(train.images[rows])
                loss = nn.functional.cross_entropy(answer, train.labels[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        self.classifier.eval()

    def accuracy(self) -> float:
        test = self.digits.test
        answer = evaluation.in_batches(self.classifier, test.images, self.classifier).argmax(1)
        return (answer == test.labels).float().mean().item()

    def __call__(self, images: Tensor) -> dict:
        """What is said of a draw of images (N, 1, 28, 28)."""
        chance, label = (
            evaluation.in_batches(self.classifier, images, self.classifier).softmax(1).max(1)
        )
        features = evaluation.in_batches(self.features, images, self.features)
        near = self.nearest(images)
        return {
            "confident": (chance > 0.95).float().mean().item(),
            "classes": torch.bincount(label, minlength=10).tolist(),
            "distance": evaluation.frechet_distance(features, self.real),
            "middle": float(np.median(near)),
            "closest percent": float(np.quantile(near, 0.01)),
            "copies": float((near < 0.005).mean()),
        }

    def nearest(self, images: Tensor) -> np.ndarray:
        """Squared error per pixel of each image (N,) to the nearest training image."""
        train = self.digits.train.images.flatten(1)
        squares = train.square().sum(1)
        found = [
            (squares - 2 * part @ train.T).amin(1) + part.square().sum(1)
            for part in images.flatten(1).split(100)
        ]
        return (torch.cat(found) / 784).numpy()


def digit_rows(digits, cell) -> dict[str, list[dict]]:
    """Row → what the judge says of each draw of images."""
    judge = Judge(digits)
    train, test = digits.train.images, digits.test.images
    told, one_pass = (results.load_net("04_diffusion", name) for name in ("digits", "one_pass"))
    makers = {
        "test digits": (lambda seed: test[DRAWN * seed :][:DRAWN], FEW_SEEDS),
        "training digits": (lambda seed: train[DRAWN * seed :][:DRAWN], FEW_SEEDS),
        "diffusion": (partial(walked, told), FEW_SEEDS),
        "10 steps": (partial(walked, told, steps=10), (0,)),
        "20 steps": (partial(walked, told, steps=20), (0,)),
        "80 steps": (partial(walked, told, steps=80), (0,)),
        "one jump": (partial(walked, told, steps=1), (0,)),
        "after one pass": (partial(walked, one_pass), (0,)),
        "Gaussian": (partial(gaussian_digits, train), FEW_SEEDS),
    }
    rows = {
        name: [cell(("judged", name, seed), partial(judged, judge, make, seed)) for seed in seeds]
        for name, (make, seeds) in makers.items()
    }
    for name, fitted, make in (
        ("VAE", train_vae, vae_digits), ("not told", train_untold, untold_walk)
    ):  # fmt: skip
        rows[name] = cell(("judged", name), partial(judged_after, judge, fitted, train, make))
    rows["classifier"] = cell(("classifier",), judge.accuracy)
    return rows


def judged(judge: Judge, make, seed: int) -> dict:
    return judge(make(seed))


def judged_after(judge: Judge, fitted, train: Tensor, make) -> list[dict]:
    """The same for several draws from one model, which is trained first."""
    model = fitted(train)
    return [judge(make(model, seed)) for seed in FEW_SEEDS]


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    losses = {
        label: cell(("trained", label), partial(trained, digits, label, epochs))
        for label, epochs in (("digits", EPOCHS), ("one_pass", 1))
    }
    plane, tuning = plane_rows(cell)
    judged_rows = digit_rows(digits, cell)
    figures = {
        "plane": plane, "tuning": tuning, "loss": losses, "judged": judged_rows,
        "walk": {"high": HIGH, "low": LOW, "steps": STEPS, "drawn": DRAWN},
    }  # fmt: skip
    results.write(__file__, figures)


if __name__ == "__main__":
    main()
