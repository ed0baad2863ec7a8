"""t-SNE of pixels, projections and codes: seconds, trustworthiness, 10-NN accuracy.

The same 2,000 test digits (every fifth) in eight spaces, with three seeds. A seed decides the
initial weights of the nets, the random projections, and the random start of t-SNE, so for pixels
and PCA the spread is that of t-SNE alone. Takes about five minutes on one thread.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, kl_to_prior
from aecourse.randomness import generator, seeded, shifted
from aecourse.training import fit

SEEDS = (0, 1, 2)
K = 10


def train(kind: str, images: torch.Tensor, seed: int):
    """A net with a code of ten numbers (``conv4``: four), by the lesson's recipes."""
    terms, epochs = {"reconstruction": bce}, 3
    with seeded(seed):
        if kind == "dense":
            model = models.Dense((1, 28, 28), 10, hidden=(128,))
        elif kind == "VAE":
            model, epochs = models.VAE((1, 28, 28), 10), 2
            terms["kl"] = kl_to_prior()
        else:
            model, epochs = models.Convolutional(4 if kind == "conv4" else 10), 1
    fit(model, terms, images, epochs=epochs, batch_size=128, lr=1e-2, seed=seed, progress=False)
    return model


def spaces(train_images, images, seed: int) -> dict[str, np.ndarray]:
    """The 2,000 images as points of eight spaces."""
    flat = images.flatten(1)
    pca = evaluation.fit_pca(train_images, 10)
    found = {"pixels": flat.numpy(), "PCA": pca.transform(flat.double().numpy())}
    for size in (10, 100):
        directions = torch.randn(784, size, generator=generator(seed)) / size**0.5
        found[f"random {size}"] = (flat @ directions).numpy()
    for kind in ("dense", "conv", "VAE", "conv4"):
        found[kind] = evaluation.encode(train(kind, train_images, seed), images).numpy()
    return {name: points.astype(np.float32) for name, points in found.items()}


def foreign_shares(points, labels) -> list[list[float]]:
    """Share of digit b among the ten nearest neighbours of digits a: row a, column b."""
    near = labels[evaluation.neighbours(points, K)]
    rows = [torch.bincount(near[labels == a].flatten(), minlength=10) for a in range(10)]
    return [[round(v, 4) for v in (row / row.sum()).tolist()] for row in rows]


def measure(points, pixels, labels, seed: int) -> dict:
    """A space and its map, judged."""
    start = time.process_time()
    tsne = TSNE(init="random", random_state=shifted(seed), n_jobs=1)
    plane = tsne.fit_transform(points)
    seconds = time.process_time() - start
    numbers = {
        "seconds": seconds,
        "space accuracy": evaluation.neighbour_accuracy(points, labels, K).mean().item(),
        "map accuracy": evaluation.neighbour_accuracy(plane, labels, K).mean().item(),
        "space to pixels": trustworthiness(pixels, points, n_neighbors=K),
        "map to space": trustworthiness(points, plane, n_neighbors=K),
        "map to pixels": trustworthiness(pixels, plane, n_neighbors=K),
        "space silhouette": float(silhouette_score(points, labels)),
        "map silhouette": float(silhouette_score(plane, labels)),
    }
    found = {name: round(float(value), 4) for name, value in numbers.items()}
    found["space neighbours"] = foreign_shares(points, labels)
    found["map neighbours"] = foreign_shares(plane, labels)
    return found


def search_seconds(points) -> float:
    """Time to find the 91 nearest neighbours that t-SNE asks for at perplexity 30."""
    start = time.process_time()
    NearestNeighbors(n_neighbors=91, n_jobs=1).fit(points).kneighbors_graph(mode="distance")
    return round(time.process_time() - start, 2)


def main() -> None:
    torch.set_num_threads(1)
    digits = data.mnist()
    images, labels = digits.test.images[::5], digits.test.labels[::5]
    pixels = images.flatten(1).numpy()
    by_space: dict[str, list[dict]] = {}
    for seed in SEEDS:
        for name, points in spaces(digits.train.images, images, seed).items():
            by_space.setdefault(name, []).append(measure(points, pixels, labels, seed))
            line = {k: v for k, v in by_space[name][-1].items() if not isinstance(v, list)}
            print(seed, name, line, flush=True)
    every = digits.test.images.flatten(1).numpy()
    ten = evaluation.fit_pca(digits.train.images, 10).transform(every).astype(np.float32)
    search = {"pixels": search_seconds(every), "PCA": search_seconds(ten)}
    print(search)
    figures = {"images": len(images), "seeds": len(SEEDS), "spaces": by_space, "search": search}
    results.write(
        __file__,
        figures)


if __name__ == "__main__":
    main()
