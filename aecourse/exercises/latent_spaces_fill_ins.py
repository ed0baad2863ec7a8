"""Lesson 10, the lines to fill in: codes between two, best axis and all, overlap of neighbours."""

import numpy as np
import torch

from aecourse.exercises.checks import Exercise, Mistake

# Codes between ------------------------------------------------------------------------------


def between(a, b, steps):
    t = torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
    return (1 - t) * a + t * b


def at(t, a, b):
    """Codes at the given shares of the way: (len(t), d)."""
    t = torch.tensor(t, dtype=a.dtype)[:, None]
    return (1 - t) * a + t * b


def on_the_sphere(a, b, steps):
    angle = torch.arccos((a / a.norm()) @ (b / b.norm()))
    t = torch.linspace(0, 1, steps, dtype=a.dtype)[:, None]
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def two_codes(seed, size):
    random = np.random.default_rng(seed)
    return torch.tensor(random.normal(size=size)), torch.tensor(1 + random.normal(size=size))


BETWEEN = Exercise(
    name="codes between",
    right=between,
    probes={
        "codes of 4 numbers, 6 steps": (*two_codes(1, 4), 6),
        "codes of 7 numbers, 3 steps": (*two_codes(2, 7), 3),
        "codes of 2 numbers, 9 steps": (*two_codes(3, 2), 9),
    },
    mistakes=[
        Mistake(
            "The way is walked backwards: begin at a.",
            lambda a, b, n: between(b, a, n),
        ),
        Mistake(
            "One step is missing: the end b is not reached. Both ends are included, so n points "
            "have n − 1 gaps.",
            lambda a, b, n: at([i / n for i in range(n)], a, b),
        ),
        Mistake(
            "Both ends are missing. The first code is a, and the last one b.",
            lambda a, b, n: at([(i + 1) / (n + 1) for i in range(n)], a, b),
            lambda a, b, n: at([(i + 0.5) / n for i in range(n)], a, b),
        ),
        Mistake(
            "The start a is missing. Both ends are included.",
            lambda a, b, n: at([(i + 1) / n for i in range(n)], a, b),
        ),
        Mistake(
            "There is one code too many: n codes, with n − 1 gaps between them.",
            lambda a, b, n: between(a, b, n + 1),
        ),
        Mistake(
            "The difference is added to b in place of a: a + t (b − a).",
            lambda a, b, n: b + torch.linspace(0, 1, n, dtype=a.dtype)[:, None] * (b - a),
        ),
        Mistake(
            "The whole of a stays in: t b is added, and (1 − t) of a belongs there.",
            lambda a, b, n: a + torch.linspace(0, 1, n, dtype=a.dtype)[:, None] * b,
        ),
        Mistake(
            "This is an arc: the codes keep their length. A straight line is asked for.",
            on_the_sphere,
        ),
        Mistake(
            "Rows and columns are exchanged. Each step is a row.",
            lambda a, b, n: between(a, b, n).T,
        ),
        Mistake(
            "The ends are right, but the steps are not even.",
            lambda a, b, n: at([(i / (n - 1)) ** 2 for i in range(n)], a, b),
            lambda a, b, n: at([(i / (n - 1)) ** 0.5 for i in range(n)], a, b),
            lambda a, b, n: at((1 - torch.cos(torch.pi * torch.linspace(0, 1, n))).div(2).tolist(),
                               a, b),
        ),
        Mistake(
            "Only the two ends are returned. The codes between them are asked for, too.",
            lambda a, b, n: torch.stack([a, b]),
        ),
        Mistake(
            "The share of the way does not stop at 1: it counts 0, 1, 2, … Divide by n − 1.",
            lambda a, b, n: at(list(range(n)), a, b),
        ),
        Mistake(
            "The way leads away from b: the difference is b − a, or the sign before it is wrong.",
            lambda a, b, n: at([-i / (n - 1) for i in range(n)], a, b),
        ),
        Mistake(
            "The start is left out: a + t (b − a), and this is t (b − a).",
            lambda a, b, n: between(a, b, n) - a,
        ),
    ],
    insight="A straight line in codes is a bent one in pixels: there, one image fades into the "
    "other.",
)

# Best axis and all --------------------------------------------------------------------------


def best_and_all(c):
    return (c**2).max(), (c**2).sum()


def some_correlations(seed, size):
    """Correlations whose largest in size is negative, and whose squares add up to less than 1."""
    random = np.random.default_rng(seed)
    c = random.uniform(0.05, 0.5, size=size)
    c[size // 2] = -1.2 * c.max()
    return (torch.tensor(0.9 * c / np.linalg.norm(c)),)


BEST = Exercise(
    name="best axis and all",
    right=best_and_all,
    returns=("the best axis", "all together"),
    probes={
        "5 axes": some_correlations(1, 5),
        "10 axes": some_correlations(2, 10),
        "3 axes": some_correlations(3, 3),
    },
    mistakes=[
        Mistake(
            "The largest correlation is taken before it is squared. The best axis may have a "
            "negative one: square first.",
            lambda c: (c.max() ** 2, (c**2).sum()),
            lambda c: (c.max() ** 2, c.sum() ** 2),
        ),
        Mistake(
            "These are correlations. What is explained is their square.",
            lambda c: (c.abs().max(), (c**2).sum().sqrt()),
            lambda c: (c.max(), (c**2).sum()),
            lambda c: (c.abs().max(), (c**2).sum()),
            lambda c: (c.abs().max(), c.abs().sum()),
            lambda c: (c.max(), c.sum()),
        ),
        Mistake(
            "The best axis is right. All together explain the *sum* of the squares: the axes are "
            "uncorrelated, so that nothing is counted twice.",
            lambda c: ((c**2).max(), (c**2).mean()),
            lambda c: ((c**2).max(), c.sum() ** 2),
            lambda c: ((c**2).max(), c.abs().sum()),
            lambda c: ((c**2).max(), c.sum()),
            lambda c: ((c**2).max(), 1.0),
        ),
        Mistake(
            "All together is the length of c. Its square is explained.",
            lambda c: ((c**2).max(), c.norm()),
        ),
        Mistake(
            "The two are exchanged: the best axis first.",
            lambda c: best_and_all(c)[::-1],
        ),
        Mistake(
            "This says which axis is best. How much it explains is asked for.",
            lambda c: ((c**2).argmax(), (c**2).sum()),
            lambda c: (c.abs().argmax(), (c**2).sum()),
        ),
        Mistake(
            "The share of the best axis is divided by that of all. Both are shares of the "
            "property's variance.",
            lambda c: ((c**2).max() / (c**2).sum(), (c**2).sum()),
        ),
        Mistake(
            "This is the *worst* axis.",
            lambda c: ((c**2).min(), (c**2).sum()),
        ),
        Mistake(
            "This is what is *not* explained.",
            lambda c: (1 - (c**2).max(), 1 - (c**2).sum()),
        ),
        Mistake(
            "The second share is what the *others* explain. All together include the best.",
            lambda c: ((c**2).max(), (c**2).sum() - (c**2).max()),
        ),
        Mistake(
            "These are the squares of all axes. Take the largest for the best.",
            lambda c: (c**2, (c**2).sum()),
        ),
    ],
    insight="Turn the axes, and the sum of the squares stays: what all numbers together know does "
    "not depend on the axes. The largest square does.",
)

# Overlap of neighbourhoods ------------------------------------------------------------------


def overlap(near_a, near_b):
    same = near_a[:, :, None] == near_b[:, None, :]
    return same.any(2).double().mean()


def by_sets(near_a, near_b):
    common = [len(set(a) & set(b)) for a, b in zip(near_a.tolist(), near_b.tolist())]
    return np.mean(common) / near_a.shape[1]


def seen_from_the_other_map(near_a, near_b):
    return (near_a[:, :, None] == near_b[:, None, :]).any(1).double().mean()


def two_neighbourhoods(seed, points, k):
    """Neighbours of each point twice: some in common, mostly at other places in the row."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(points):
        others = random.permutation([j for j in range(points) if j != i])
        shared = random.integers(0, k + 1)
        first = others[:k]
        second = np.concatenate([first[:shared], others[k : 2 * k - shared]])
        rows.append((random.permutation(first), random.permutation(second)))
    a, b = (torch.tensor(np.stack(part)) for part in zip(*rows))
    return a, b


OVERLAP = Exercise(
    name="overlap of neighbourhoods",
    right=overlap,
    also_right=(by_sets, seen_from_the_other_map),
    probes={
        "20 points, 4 neighbours": two_neighbourhoods(1, 20, 4),
        "15 points, 6 neighbours": two_neighbourhoods(2, 15, 6),
        "31 points, 3 neighbours": two_neighbourhoods(3, 31, 3),
    },
    mistakes=[
        Mistake(
            "The mean runs over all pairs of the table. A neighbour counts if it equals *any* of "
            "those on the other map.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).double().mean(),
        ),
        Mistake(
            "Only neighbours of the same rank are compared. The order does not matter: any of the "
            "k on the other map will do.",
            lambda a, b: (a == b).double().mean(),
        ),
        Mistake(
            "This asks for a neighbour that equals *all* of the others. Any of them is enough.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).all(2).double().mean(),
        ),
        Mistake(
            "This counts points that share at least one neighbour. The share of the neighbours is "
            "asked for.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).any(2).any(1).double().mean(),
            lambda a, b: (a[:, :, None] == b[:, None, :]).flatten(1).any(1).double().mean(),
        ),
        Mistake(
            "This counts points whose neighbours are all the same. The share of the neighbours is "
            "asked for.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).any(2).all(1).double().mean(),
        ),
        Mistake(
            "This is a number of neighbours. Divide by k for a share.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).any(2).double().sum(1).mean(),
        ),
        Mistake(
            "This is a count over all points. A share is asked for, 0 to 1.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).sum(),
        ),
        Mistake(
            "The common neighbours are divided by those of either map (Jaccard). Divide by k.",
            lambda a, b: np.mean([len(set(x) & set(y)) / len(set(x) | set(y))
                                  for x, y in zip(a.tolist(), b.tolist())]),
            lambda a, b: 1 / (2 / overlap(a, b) - 1),
        ),
        Mistake(
            "Sorted, the rows are compared place by place. One neighbour that differs shifts all "
            "that follow: compare each with each.",
            lambda a, b: (a.sort(1).values == b.sort(1).values).double().mean(),
        ),
        Mistake(
            "Only one neighbour of each point is looked for on the other map. All k count.",
            lambda a, b: (a[:, :1] == b).any(1).double().mean(),
            lambda a, b: (a == b[:, :1]).any(1).double().mean(),
        ),
        Mistake(
            "This is one share for each point. Their mean is asked for.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).any(2).double().mean(1),
        ),
        Mistake(
            "This is the share of neighbours that are *not* in common.",
            lambda a, b: 1 - overlap(a, b),
        ),
        Mistake(
            "Still a table of yes and no, one entry for each neighbour. Take the mean.",
            lambda a, b: (a[:, :, None] == b[:, None, :]).any(2),
        ),
    ],
    insight="Turning, mirroring or scaling a map changes nothing here. By chance the overlap is "
    "k / (N − 1).",
)

EXERCISES = [BETWEEN, BEST, OVERLAP]
