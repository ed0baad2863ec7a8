"""Lesson 10: t-SNE, UMAP and PaCMAP of the same codes; noise on maps; starts and last digits.

Two thousand test digits (every fifth) as points of six spaces: pixels, PCA-10, ten random
projections (the null), a dense autoencoder and a VAE with codes of 10 (20 epochs each), and the net
of the tutorial on convolutional autoencoders (its recipe, 30 epochs, a code of 4). A seed decides
the weights, the projections and the map. Each space is mapped by
t-SNE, UMAP and PaCMAP as their libraries set them; the codes of the dense autoencoder also

- by t-SNE at perplexity 5 and 100, and from a random start in place of PCA;
- by UMAP with 5 and 50 neighbours, and from PCA or a random start in place of its spectral one;

and each map is judged by: its trustworthiness (10 neighbours), the share of ten neighbours that are
kept, the 10-NN accuracy, and for what is said of the large scale, two rank correlations between the
space and the map: of the distances between the ten classes' middles, and of those between all pairs
of 1,000 digits. The null is a t-SNE map whose places were dealt out at random.

Beside that, all three methods on 500 points of one normal distribution, and on three groups of
unequal sizes or gaps (there densMAP, too, which is UMAP with a term for density); and how far a map
of 1,000 digits moves when the last digit of each number of its start is changed, after 400, 1,000
and 2,000 steps.

UMAP and PaCMAP are not needed by any lesson: pip install "aecourse[maps]"
Takes about 25 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import torch
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from shared import tutorial_net
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from torch import Tensor

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, kl_to_prior, mse
from aecourse.randomness import generator, seeded, shifted
from aecourse.training import fit

SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
NEIGHBOURS, STEPS = 10, 1_000
SPACES = ("dense", "pixels", "PCA", "random", "VAE", "tutorial")
T_SNE, UMAP, PACMAP = "t-SNE, perplexity 30", "UMAP, 15 neighbours", "PaCMAP"
STEPS_OF_START = (400, 1_000, 2_000)


# --------------------------------------------------------------------------- spaces


@cache
def digits():
    return data.mnist()


@cache
def pca():
    return evaluation.fit_pca(digits().train.images, 10)


def trained(kind: str, seed: int):
    """One of the three nets."""
    images, terms = digits().train.images, {"reconstruction": bce}
    settings = {"epochs": 20, "batch_size": 250, "lr": 5e-3}
    with seeded(seed):
        if kind == "dense":
            model = models.Dense((1, 28, 28), 10, hidden=(200,))
        elif kind == "VAE":
            model = models.VAE((1, 28, 28), 10, (200,))
            terms["kl"] = kl_to_prior()
        else:  # the tutorial's recipe; its split has 2,000 training images fewer
            model, terms = tutorial_net(4), {"reconstruction": mse}
            settings = {"epochs": 30, "batch_size": 256, "lr": 1e-3, "schedule": "constant"}
            settings["optimizer"] = partial(torch.optim.Adam, weight_decay=1e-5)
    fit(model, terms, images, seed=seed, progress=False, **settings)
    return model


def space(name: str, seed: int) -> list:
    """2,000 test digits as points, as lists, so that a cell can keep them."""
    images = digits().test.images[::5]
    if name == "pixels":
        points = images.flatten(1)
    elif name == "PCA":
        points = torch.from_numpy(pca().transform(images.flatten(1).double().numpy()))
    elif name == "random":
        points = images.flatten(1) @ torch.randn(784, 10, generator=generator(seed)) / 10**0.5
    else:
        points = evaluation.encode(trained(name, seed), images)
    return points.float()


# --------------------------------------------------------------------------- maps


def tsne(points, perplexity=30, start="pca", steps=STEPS, seed=0) -> np.ndarray:
    """Places (N, 2) by scikit-learn's t-SNE."""
    method = TSNE(perplexity=perplexity, init=start, max_iter=steps, random_state=shifted(seed),
                  n_jobs=1)  # fmt: skip
    return method.fit_transform(points)


def umap(points, neighbours=15, start="spectral", steps=None, density=False, seed=0) -> np.ndarray:
    """Places (N, 2) by umap-learn, whose default for so few points is 500 steps."""
    from umap import UMAP as Method

    method = Method(n_neighbors=neighbours, init=start, n_epochs=steps, densmap=density,
                    random_state=shifted(seed), n_jobs=1)  # fmt: skip
    return method.fit_transform(points)


def pacmap(points, seed=0) -> np.ndarray:
    """Places (N, 2) by PaCMAP with its defaults."""
    import numba
    from pacmap import PaCMAP

    numba.set_num_threads(1)
    return PaCMAP(random_state=shifted(seed)).fit_transform(points)


METHODS = {
    T_SNE: tsne,
    "t-SNE, perplexity 5": partial(tsne, perplexity=5),
    "t-SNE, perplexity 100": partial(tsne, perplexity=100),
    "t-SNE, random start": partial(tsne, start="random"),
    UMAP: umap,
    "UMAP, 5 neighbours": partial(umap, neighbours=5),
    "UMAP, 50 neighbours": partial(umap, neighbours=50),
    "UMAP, PCA start": partial(umap, start="pca"),
    "UMAP, random start": partial(umap, start="random"),
    PACMAP: pacmap,
}
DEFAULTS = (T_SNE, UMAP, PACMAP)
FAST = tuple(name for name in METHODS if name == T_SNE or not name.startswith("t-SNE"))
LONGER = {T_SNE: partial(tsne, steps=2 * STEPS), UMAP: partial(umap, steps=1_000)}


# --------------------------------------------------------------------------- judging


def middles(points, labels) -> np.ndarray:
    return np.stack([np.asarray(points)[labels == digit].mean(0) for digit in range(10)])


def judged(points, places, labels) -> dict[str, float]:
    """A map of points (N, d), judged; labels (N,)."""
    points, few = np.asarray(points), slice(None, None, 2)
    of_classes = [pdist(middles(of, labels)) for of in (points, places)]
    of_pairs = [pdist(of[few]) for of in (points, places)]
    found = {
        "trustworthiness": trustworthiness(points, places, n_neighbors=NEIGHBOURS),
        "kept": evaluation.neighbour_overlap(points, places, NEIGHBOURS).mean().item(),
        "accuracy": evaluation.neighbour_accuracy(places, torch.tensor(labels)).mean().item(),
        "large scale": spearmanr(*of_classes).statistic,
        "all pairs": spearmanr(*of_pairs).statistic,
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def shares(points, labels: Tensor) -> list[list[float]]:
    """Share of digit b among the ten nearest neighbours of digits a: row a, column b."""
    near = labels[evaluation.neighbours(points, NEIGHBOURS)]
    rows = [torch.bincount(near[labels == a].flatten(), minlength=10) for a in range(10)]
    return [[round(v, 4) for v in (row / row.sum()).tolist()] for row in rows]


def of_space(name: str, seed: int, methods: tuple[str, ...]) -> dict:
    """A space, and maps of it."""
    labels = digits().test.labels[::5]
    points = space(name, seed)
    of = np.ascontiguousarray(points, np.float32)
    maps = {method: METHODS[method](of, seed=seed) for method in methods}
    dealt = np.random.default_rng(seed).permutation(maps[T_SNE])  # places to anybody: the null

    def all_judged(maps):
        return {method: judged(of, places, labels.numpy()) for method, places in maps.items()}

    found = {
        "accuracy": evaluation.neighbour_accuracy(points, labels).mean().item(),
        "shares": shares(points, labels),
        "maps": all_judged(maps),
        "shuffled": judged(of, dealt, labels.numpy()),
    }
    if name == "dense" and seed in FEW_SEEDS:
        found["longer"] = all_judged(
            {method: longer(of, seed=seed) for method, longer in LONGER.items()}
        )
    return found


def noise(seed: int) -> dict[str, dict]:
    """Fifty groups cut out of maps of noise: how separate they look there, and are in the data."""
    random = generator(seed + 30)
    points = torch.randn(500, 10, generator=random).numpy()
    flat = torch.rand(500, 2, generator=random).numpy()

    def groups(of):
        return KMeans(50, n_init=1, random_state=shifted(seed)).fit_predict(of)

    found = {"even square": {"on the map": float(silhouette_score(flat, groups(flat)))},
             "cut in the data": {"in the data": float(silhouette_score(points, groups(points)))}}
    methods = {
        "t-SNE, perplexity 2": partial(tsne, perplexity=2),
        "t-SNE, perplexity 30": tsne,
        "UMAP, 3 neighbours": partial(umap, neighbours=3),
        UMAP: umap,
        PACMAP: pacmap,
    }
    for name, method in methods.items():
        places = method(points, seed=seed)
        cut = groups(places)
        found[name] = {"on the map": float(silhouette_score(places, cut)),
                       "in the data": float(silhouette_score(points, cut))}  # fmt: skip
    return found


def three_groups(seed: int) -> dict[str, dict]:
    """RMS radius of three groups of 150 points, and distances 1–2, 2–3, 1–3, data and maps."""
    unit = torch.randn(3, 150, 10, generator=generator(seed + 60))
    shift = torch.zeros(2, 3, 1, 10)
    shift[0, :, 0, 0] = torch.tensor([0.0, 60, 120])
    shift[1, :, 0, 0] = torch.tensor([0.0, 10, 110])
    spreads = torch.tensor([1.0, 3, 10]).reshape(3, 1, 1)
    found = {}
    for name, groups in {"sizes": unit * spreads + shift[0], "gaps": unit + shift[1]}.items():
        flat = groups.flatten(0, 1).numpy()
        maps = {"data": flat, "densMAP": umap(flat, density=True, seed=seed)}
        maps |= {method: METHODS[method](flat, seed=seed) for method in DEFAULTS}
        found[name] = {where: sizes_and_gaps(places) for where, places in maps.items()}
    return found


def sizes_and_gaps(places) -> dict[str, list[float]]:
    groups = torch.as_tensor(np.asarray(places)).reshape(3, 150, -1).double()
    centres = groups.mean(1)
    radius = (groups - centres[:, None]).square().sum(2).mean(1).sqrt()
    return {"radius": radius.tolist(), "gaps": torch.pdist(centres)[[0, 2, 1]].tolist()}


def last_digits(steps: int, seed: int) -> dict[str, dict]:
    """Two maps whose starts differ by the smallest step that float32 has: of 1,000 digits' pixels,
    and of their PCA-10."""
    images = digits().test.images[seed::10].flatten(1)
    points = {"pixels": images.numpy(),
              "ten numbers": pca().transform(images.double().numpy()).astype(np.float32)}
    found = {}
    for name, of in points.items():
        centred = torch.from_numpy(of) - torch.from_numpy(of).mean(0)
        plane = centred @ torch.linalg.svd(centred, full_matrices=False)[2][:2].T
        start = (1e-4 * plane / plane[:, 0].std()).numpy()
        moved = np.nextafter(start, np.float32(1))
        a, b = (tsne(of, start=s, steps=steps, seed=seed) for s in (start, moved))
        found[name] = {"Procrustes": float(procrustes(a, b)[2]),
                       "overlap": evaluation.neighbour_overlap(a, b).mean().item()}  # fmt: skip
    return found


def main() -> None:
    torch.set_num_threads(1)
    cell = results.cells(__file__)

    def methods(name, seed):
        if name != "dense":
            return DEFAULTS
        return tuple(METHODS) if seed in FEW_SEEDS else FAST

    figures = {
        "noise": [cell(("noise", seed), partial(noise, seed)) for seed in SEEDS],
        "three groups": [cell(("groups", seed), partial(three_groups, seed)) for seed in SEEDS],
        "last digits": {
            str(steps): [cell(("last", steps, seed), partial(last_digits, steps, seed))
                         for seed in FEW_SEEDS]
            for steps in STEPS_OF_START
        },
        "spaces": {
            name: [cell((name, seed), partial(of_space, name, seed, methods(name, seed)))
                   for seed in (SEEDS if name == "dense" else FEW_SEEDS)]
            for name in SPACES
        },
        "images": 2_000,
    }  # fmt: skip
    results.write(__file__, figures, verdicts(figures["spaces"]["dense"]))


def verdicts(dense: list[dict]) -> dict[str, dict]:
    """Whether t-SNE or UMAP is ahead, by neighbours and by the large scale, where one is.

    The one that is ahead with its defaults stands against the best of the other's settings.
    """
    found = {}
    for what, words in (("trustworthiness", "can be trusted more about neighbours"),
                        ("large scale", "keeps the order of distances between classes better")):
        rows = {name: {"dense codes": [1 - run["maps"][name][what] for run in dense
                                       if name in run["maps"]]} for name in METHODS}
        rows["shuffled"] = {"dense codes": [1 - run["shuffled"][what] for run in dense]}

        def error(name, rows=rows):
            return np.mean(rows[name]["dense codes"])

        ahead = min((T_SNE, UMAP), key=error)
        kind, other = ("t-SNE", "UMAP") if ahead == T_SNE else ("UMAP", "t-SNE")
        rival = min((name for name in METHODS if name.startswith(other)
                     and len(rows[name]["dense codes"]) == len(SEEDS)), key=error)  # fmt: skip
        try:
            found[f"maps-{what.replace(' ', '-')}"] = results.verdict(
                f"A map by {kind} {words} than one by {other}.",
                winner=ahead, rival=rival, null="shuffled", rows=rows, seeds=SEEDS,
                longer={"dense codes": [1 - run["longer"][ahead][what] for run in dense
                                        if "longer" in run]},
                epochs={"dense codes": [STEPS, 2 * STEPS] if ahead == T_SNE else [500, 1_000]},
                rivals={rival: "the best of its settings in the rows, by this very measure"},
                sensitivity={"setting": {name: rows[name] for name in METHODS
                                         if name.startswith(kind) and name != ahead}},
            )  # fmt: skip
        except ValueError as refused:
            print(refused)
    return found


if __name__ == "__main__":
    main()
