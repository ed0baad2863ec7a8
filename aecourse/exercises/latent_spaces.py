"""Lesson 10: 10-NN accuracy, trustworthiness, perplexity."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# neighbour accuracy --------------------------------------------------------------------------


def distances(points, power=2.0):
    """Distances between all points (N, d), (N, N), where each is infinitely far from itself."""
    far = (np.abs(points[:, None] - points[None]) ** power).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    return far


def neighbours(points, k, power=2.0):
    """Indices of the k nearest other points: (N, k)."""
    return np.argsort(distances(points, power), axis=1)[:, :k]


def with_self(points, k):
    """Indices of the k nearest points, of which each is its own first: (N, k)."""
    far = distances(points)
    np.fill_diagonal(far, -1.0)
    return np.argsort(far, axis=1)[:, :k]


def by_cosine(points, k):
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    return np.argsort(-alike, axis=1)[:, :k]


def by(far, k):
    """Indices of the k nearest other points by any table of distances (N, N)."""
    far = far.astype(float)
    np.fill_diagonal(far, np.inf)
    return np.argsort(far, axis=1)[:, :k]


def weighted_accuracy(points, labels, k, power):
    """Accuracy of a vote in which a neighbour counts 1 / (squared distance) ** power."""
    far, near = distances(points), neighbours(points, k)
    weights = np.take_along_axis(far, near, axis=1) ** -power
    winners = [np.bincount(labels[row], w).argmax() for row, w in zip(near, weights)]
    return np.mean(winners == labels)


def vote(labels, near):
    """The most frequent label among the neighbours of each point: (N,)."""
    return np.array([np.bincount(labels[row]).argmax() for row in near])


def accuracy(labels, near):
    return np.mean(vote(labels, near) == labels)


def neighbour_accuracy(points, labels, k):
    return accuracy(labels, neighbours(points, k))


def nearest_wins(labels, near):
    """Accuracy of a vote in which the nearest neighbour decides between equally many votes."""
    counts = [np.bincount(labels[row]) for row in near]
    winners = [next(label for label in labels[row] if votes[label] == votes.max())
               for row, votes in zip(near, counts)]  # fmt: skip
    return np.mean(winners == labels)


def standardised(points):
    return (points - points.mean(axis=0)) / points.std(axis=0)


def mean_label(points, labels, k):
    return np.mean(np.round(labels[neighbours(points, k)].mean(axis=1)) == labels)


def written_accuracy(points, labels, k):
    """The answer as the notebook writes it: slips of the pen are made from this one."""
    squared = ((points[:, None] - points) ** 2).sum(2)
    np.fill_diagonal(squared, np.inf)
    near = np.argsort(squared, axis=1)[:, :k]
    votes = np.array([np.bincount(labels[row]).argmax() for row in near])
    return np.mean(votes == labels)


def clouds(seed, sizes, features, scales=1.0):
    """Overlapping clouds of unequal size, in random order, and their labels."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = random.normal(scale=0.9, size=(len(sizes), features))
    points = 3 + centres[labels] + random.normal(size=(len(labels), features))
    order = random.permutation(len(labels))
    return points[order] * scales, labels[order]


NEIGHBOUR_ACCURACY = Exercise(
    name="neighbour accuracy",
    right=neighbour_accuracy,
    written_out=(written_accuracy,),
    probes={
        "43 points of 3 numbers in two classes, k = 3": (*clouds(1, (19, 24), 3), 3),
        "50 points of 2 numbers in two classes, k = 5": (*clouds(2, (27, 23), 2), 5),
        "41 points of 4 numbers in three classes, k = 3": (*clouds(12, (14, 16, 11), 4), 3),
        # Here two votes of five can win, and neither the mean nor the median finds the winner.
        "22 points of 3 numbers in four classes, k = 5": (*clouds(16049, (6, 4, 5, 7), 3), 5),
        # So many points that two wrong answers hardly ever agree by chance.
        "151 points of 2 numbers in two classes, k = 7":
        (*clouds(3, (80, 71), 2, np.array([1.0, 3.0])), 7),
    },
    mistakes=[
        Mistake(
            "Each point is counted as its own neighbour. Its distance to itself is 0, so it comes "
            "first and votes for its own label: with k = 1 the accuracy is always 100 %. Give it "
            "an infinite distance.",
            lambda p, y, k: accuracy(y, with_self(p, k)),
        ),
        Mistake(
            "The point itself is left out, but one neighbour is lost with it: k − 1 vote. Take "
            "k + 1 and drop the first, or give each point an infinite distance to itself.",
            lambda p, y, k: accuracy(y, with_self(p, k)[:, 1:]),
            lambda p, y, k: nearest_wins(y, with_self(p, k)[:, 1:]),
        ),
        Mistake(
            "The point itself votes as well, beside its k neighbours.",
            lambda p, y, k: accuracy(y, with_self(p, k + 1)),
            lambda p, y, k: nearest_wins(y, with_self(p, k + 1)),
        ),
        Mistake(
            "One neighbour too many votes: k + 1.",
            lambda p, y, k: accuracy(y, neighbours(p, k + 1)),
            lambda p, y, k: nearest_wins(y, neighbours(p, k + 1)),
        ),
        Mistake(
            "These are the farthest points, not the nearest. np.argsort sorts upwards.",
            lambda p, y, k: accuracy(y, np.argsort(-distances(p), axis=1)[:, 1 : k + 1]),
            lambda p, y, k: accuracy(y, np.argsort(-distances(p), axis=1)[:, :k]),
        ),
        Mistake(
            "The distance is not the Euclidean one: differences are not squared.",
            lambda p, y, k: accuracy(y, neighbours(p, k, power=1.0)),
            lambda p, y, k: accuracy(y, by(np.abs((p[:, None] - p[None]).sum(axis=2)), k)),
            lambda p, y, k: accuracy(y, by(np.abs(p[:, None] - p[None]).max(axis=2), k)),
        ),
        Mistake(
            "The lengths of the points are compared. What counts is the length of their "
            "*difference*.",
            lambda p, y, k: accuracy(y, by(np.abs(np.linalg.norm(p, axis=1)[:, None]
                                                  - np.linalg.norm(p, axis=1)), k)),
        ),
        Mistake(
            "The votes are weighted by distance. Each of the k neighbours has one vote.",
            lambda p, y, k: weighted_accuracy(p, y, k, power=0.5),
            lambda p, y, k: weighted_accuracy(p, y, k, power=1.0),
        ),
        Mistake(
            "Neighbours are chosen by angle (cosine). The distance asked for is the Euclidean one.",
            lambda p, y, k: accuracy(y, by_cosine(p, k)),
        ),
        Mistake(
            "Products take the place of distances. They grow with the length of a point, near or "
            "not: square the *differences*.",
            lambda p, y, k: accuracy(y, by(-(p @ p.T), k)),
        ),
        Mistake(
            "These are the neighbours of the first k points: rows and columns are exchanged. Each "
            "row of np.argsort(…, axis=1) belongs to one point; take its first k columns.",
            lambda p, y, k: accuracy(y, np.argsort(distances(p), axis=1)[:k].T),
        ),
        Mistake(
            "More than half of the votes are asked for. The label with the *most* votes wins: two "
            "of five may be enough.",
            lambda p, y, k: np.mean((y[neighbours(p, k)] == y[:, None]).mean(axis=1) > 0.5),
        ),
        Mistake(
            "The *number* of votes is compared with the label. np.bincount counts; its argmax is "
            "the label with the most votes.",
            lambda p, y, k: np.mean([np.bincount(y[row]).max() for row in neighbours(p, k)] == y),
        ),
        Mistake(
            "This is the share of neighbours with the same label. Let the k neighbours vote first, "
            "and compare the winner with the label.",
            lambda p, y, k: np.mean(y[neighbours(p, k)] == y[:, None]),
            lambda p, y, k: np.mean(y[with_self(p, k)] == y[:, None]),
        ),
        Mistake(
            "Labels are averaged as if they were quantities. A point between classes 0 and 2 is "
            "not of class 1: let the neighbours vote.",
            mean_label,
        ),
        Mistake(
            "The median of the labels is taken. Labels are names, not quantities: of the votes 0, "
            "0, 1, 2, 3 the median is 1, and class 0 has won.",
            lambda p, y, k: np.mean(np.median(y[neighbours(p, k)], axis=1) == y),
        ),
        Mistake(
            "The features are standardised before distances are taken. The distances asked for "
            "are those between the points as they are.",
            lambda p, y, k: accuracy(y, neighbours(standardised(p), k)),
        ),
        Mistake(
            "Only the nearest neighbour is asked. Let all k vote.",
            lambda p, y, k: accuracy(y, neighbours(p, 1)),
        ),
        Mistake(
            "A point counts as right as soon as one of its neighbours has its label. The majority "
            "has to.",
            lambda p, y, k: np.mean((y[neighbours(p, k)] == y[:, None]).any(axis=1)),
        ),
        Mistake(
            "A point counts as right only if all its neighbours have its label. The majority is "
            "enough.",
            lambda p, y, k: np.mean((y[neighbours(p, k)] == y[:, None]).all(axis=1)),
        ),
        Mistake(
            "This is the share of points that are wrong.",
            lambda p, y, k: 1 - accuracy(y, neighbours(p, k)),
        ),
        Mistake(
            "This is a count. Divide by the number of points.",
            lambda p, y, k: len(y) * accuracy(y, neighbours(p, k)),
        ),
        Mistake(
            "This is in per cent. Return a share, 0 to 1.",
            lambda p, y, k: 100 * accuracy(y, neighbours(p, k)),
        ),
        Mistake(
            "This is one verdict for each point. One number is asked for: their mean.",
            lambda p, y, k: vote(y, neighbours(p, k)) == y,
        ),
        Mistake(
            "These are the labels that the neighbours vote for. Compare them with the labels, and "
            "take the mean.",
            lambda p, y, k: vote(y, neighbours(p, k)),
        ),
    ],
    insight="It needs no training and no test set, because no point votes for itself. That is why "
    "it can judge a t-SNE, which has no place for new points.",
)

# trustworthiness -----------------------------------------------------------------------------


def ranks(points):
    """Place of every other point in the order of distance, 1 = nearest: (N, N), itself 0."""
    order = np.argsort(distances(points), axis=1)
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(1, len(points) + 1)[None], axis=1)
    np.fill_diagonal(places, 0)
    return places


def penalty(high, low, k, start=1, excess=True, ranked=None, members=None):
    """Sum over intruders: near in ``low``, not in ``high``; each costs its rank there minus k."""
    near_low = np.zeros((len(low), len(low)), bool)
    np.put_along_axis(near_low, neighbours(low, k), True, axis=1)
    places = ranks(high)
    intruders = near_low & (places > k) if members is None else members
    cost = (places if ranked is None else ranked) - (1 - start)
    return ((cost - k) * intruders if excess else cost * intruders).sum()


def scaled(total, n, k):
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


def unguarded(high, low, k):
    return scaled(penalty(high, low, k), len(high), k)


def trustworthiness(high, low, k):
    return unguarded(high, low, k) if k < len(high) / 2 else np.nan


def intruder_ranks_in_map(high, low, k):
    return scaled(penalty(high, low, k, ranked=ranks(low)), len(high), k)


def self_among_neighbours(high, low, k):
    """Every point counted as its own first neighbour, on both sides."""
    near_low = np.zeros((len(low), len(low)), bool)
    np.put_along_axis(near_low, with_self(low, k), True, axis=1)
    places = ranks(high) + 1
    return scaled(((places - k) * (near_low & (places > k))).sum(), len(high), k)


def self_on_the_map(high, low, k):
    """Every point counted as its own first neighbour on the map; its rank 0 costs nothing."""
    excess = np.take_along_axis(ranks(high), with_self(low, k), axis=1) - k
    return scaled(np.maximum(excess, 0).sum(), len(high), k)


def order_for_ranks(high, low, k, own=-1.0, first=0):
    """One argsort: the numbers of the points in order of distance are taken for their ranks."""
    far = distances(high)
    np.fill_diagonal(far, own)
    order = np.argsort(far, axis=1) + first
    excess = np.take_along_axis(order, neighbours(low, k), axis=1) - k
    return scaled(np.maximum(excess, 0).sum(), len(high), k)


def absolute(high, low, k):
    """All neighbours on the map are charged, by |r − k|."""
    excess = np.take_along_axis(ranks(high), neighbours(low, k), axis=1) - k
    return scaled(np.abs(excess).sum(), len(high), k)


def rank_of_the_point(high, low, k):
    """The rank of i among the neighbours of j, instead of that of j among those of i."""
    excess = np.take_along_axis(ranks(high).T, neighbours(low, k), axis=1) - k
    return scaled(np.maximum(excess, 0).sum(), len(high), k)


def self_among_ranks(high, low, k):
    """The neighbours are right, but the point itself has rank 1 in the data."""
    near_low = np.zeros((len(low), len(low)), bool)
    np.put_along_axis(near_low, neighbours(low, k), True, axis=1)
    places = ranks(high) + 1
    return scaled(((places - k) * (near_low & (places > k))).sum(), len(high), k)


def by_other_distances(high, low, k):
    """Ranks by the sum of |differences|."""
    places = np.argsort(np.argsort(distances(high, power=1.0), axis=1), axis=1) + 1
    excess = np.take_along_axis(places, neighbours(low, k), axis=1) - k
    return scaled(np.maximum(excess, 0).sum(), len(high), k)


def of_each_point(high, low, k):
    excess = np.take_along_axis(ranks(high), neighbours(low, k), axis=1) - k
    return scaled(np.maximum(excess, 0).sum(axis=1), len(high), k)


def written_trust(high, low, k):
    """The answer as the notebook writes it: slips of the pen are made from this one."""
    n = len(high)
    if k >= n / 2:
        return np.nan
    far = ((high[:, None] - high) ** 2).sum(2)
    rank = far.argsort(axis=1).argsort(axis=1)
    near = ((low[:, None] - low) ** 2).sum(2).argsort(axis=1)[:, 1 : k + 1]
    excess = np.take_along_axis(rank, near, axis=1) - k
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * np.maximum(excess, 0).sum()


def two_spaces(seed, n, features):
    """Points and a flattened, shaken copy of them in the plane."""
    random = np.random.default_rng(seed)
    high = random.normal(size=(n, features))
    return high, high[:, :2] + 0.4 * random.normal(size=(n, 2))


TRUSTWORTHINESS = Exercise(
    name="trustworthiness",
    right=trustworthiness,
    written_out=(written_trust,),
    probes={
        "23 points of 5 numbers and their map, k = 4": (*two_spaces(1, 23, 5), 4),
        "17 points of 4 numbers and their map, k = 3": (*two_spaces(2, 17, 4), 3),
        "30 points of 6 numbers and their map, k = 7": (*two_spaces(3, 30, 6), 7),
        "11 points and their map, k = 6": (*two_spaces(4, 11, 3), 6),
        "12 points and their map, k = 6": (*two_spaces(5, 12, 3), 6),
        "11 points and their map, k = 5": (*two_spaces(6, 11, 3), 5),
    },
    mistakes=[
        Mistake(
            "The two spaces are swapped. This punishes neighbours that the map has torn apart and "
            "is called continuity. Trustworthiness punishes intruders: points that are near in "
            "the map and not in the data.",
            lambda h, l, k: unguarded(l, h, k),
        ),
        Mistake(
            "The ranks of the intruders are taken in the map, where they are near by definition. "
            "What counts is how far away they are in the data.",
            intruder_ranks_in_map,
        ),
        Mistake(
            "Each point is counted as its own first neighbour, in the map and in the data, so only "
            "k − 1 neighbours are compared.",
            self_among_neighbours,
        ),
        Mistake(
            "The ranks are right, but on the map each point is counted as its own first "
            "neighbour, so only k − 1 others are examined.",
            self_on_the_map,
        ),
        Mistake(
            "One np.argsort gives the order: which point comes first, second, third. The rank of "
            "each point is the inverse of that, the np.argsort of the order.",
            order_for_ranks,
            lambda h, l, k: order_for_ranks(h, l, k, first=1),
            lambda h, l, k: order_for_ranks(h, l, k, own=np.inf),
            lambda h, l, k: order_for_ranks(h, l, k, own=np.inf, first=1),
        ),
        Mistake(
            "Neighbours that belong there are charged too: |r − k| where max(0, r − k) is meant.",
            absolute,
        ),
        Mistake(
            "This takes the rank of i among the neighbours of j. r(i, j) is the rank of j among "
            "those of i, and the two differ.",
            rank_of_the_point,
        ),
        Mistake(
            "The ranks in the data are one too large: the point itself has been counted as rank 1. "
            "The nearest *other* point has rank 1.",
            self_among_ranks,
        ),
        Mistake(
            "The ranks in the data are one too small. Counted from 0 they are Python's; the "
            "nearest other point has rank 1.",
            lambda h, l, k: scaled(penalty(h, l, k, start=0), len(h), k),
        ),
        Mistake(
            "An intruder costs its whole rank here. It costs what its rank exceeds k by: r − k.",
            lambda h, l, k: scaled(penalty(h, l, k, excess=False), len(h), k),
        ),
        Mistake(
            "Every intruder costs 1 here. One from far away should cost more than one from next "
            "door: r − k.",
            lambda h, l, k: scaled(
                penalty(h, l, k, excess=False, ranked=np.ones((len(h), len(h)))), len(h), k),
            lambda h, l, k: 1 - penalty(
                h, l, k, excess=False, ranked=np.ones((len(h), len(h)))) / (len(h) * k),
        ),
        Mistake(
            "All neighbours in the map are charged. Those that are among the k nearest in the data "
            "too belong there: their r − k would count as a reward.",
            lambda h, l, k: scaled(
                penalty(h, l, k, members=ranks(l) * (ranks(l) <= k) > 0), len(h), k),
        ),
        Mistake(
            "The 2 of the normalisation is missing.",
            lambda h, l, k: 1 - (1 - unguarded(h, l, k)) / 2,
        ),
        Mistake(
            "The sum is not normalised: 2 / (n k (2n − 3k − 1)) makes the worst map 0.",
            lambda h, l, k: 1 - penalty(h, l, k),
            penalty,
        ),
        Mistake(
            "This is the penalty. Trustworthiness is 1 minus it: 1 means that no neighbour "
            "intrudes.",
            lambda h, l, k: 1 - unguarded(h, l, k),
        ),
        Mistake(
            "A bracket is missing: 2 / n * k is (2 / n) * k. Put the whole divisor, n k "
            "(2n − 3k − 1), in brackets.",
            lambda h, l, k: 1 - 2 / len(h) * k * (2 * len(h) - 3 * k - 1) * penalty(h, l, k),
            lambda h, l, k: 1 - 2 / len(h) / k * (2 * len(h) - 3 * k - 1) * penalty(h, l, k),
        ),
        Mistake(
            "The number n counts points, not features: len(high).",
            lambda h, l, k: 1 - 2 / (h.shape[1] * k * (2 * h.shape[1] - 3 * k - 1))
                     * penalty(h, l, k),
        ),
        Mistake(
            "The distance in the space is not the Euclidean one: differences are not squared.",
            by_other_distances,
        ),
        Mistake(
            "This is one number for each point. The penalties of all points are added up.",
            of_each_point,
        ),
        Mistake(
            "The penalties are averaged. They are added up; the divisor does the rest.",
            lambda h, l, k: scaled(penalty(h, l, k) / (len(h) * k), len(h), k),
            lambda h, l, k: scaled(penalty(h, l, k) / len(h), len(h), k),
        ),
        Mistake(
            "The normalisation is not right: n k (2n − 3k − 1), with n points and k neighbours.",
            lambda h, l, k: 1 - 2 / (len(h) * k * (2 * len(h) - 3 * k + 1))
                     * penalty(h, l, k),
            lambda h, l, k: 1 - 2 / (len(h) * k * (2 * len(h) - k - 1))
                     * penalty(h, l, k),
            lambda h, l, k: 1 - 2 / (len(h) * (2 * len(h) - 3 * k - 1))
                     * penalty(h, l, k),
            lambda h, l, k: 1 - 2 / (k * (2 * len(h) - 3 * k - 1)) * penalty(h, l, k),
            lambda h, l, k: 1 - penalty(h, l, k) / (len(h) * k),
        ),
    ],
    extreme={
        "11 points and their map, k = 6":
        "Right as long as k < n/2. With more neighbours than that, even the worst map cannot bring "
        "in k intruders, and the normalisation no longer makes it 0: return nan, where "
        "scikit-learn raises an error.",
        "12 points and their map, k = 6":
        "Right, except where k is exactly n/2: there nan is asked for as well, k ≥ n/2.",
        "11 points and their map, k = 5":
        "Right, but nan comes too early: 5 neighbours of 11 points are fewer than n/2 = 5.5 "
        "(n // 2 rounds down).",
    },
    insight="Trustworthiness asks whether neighbours on the map are neighbours in the data. It "
    "says nothing about distances, sizes or gaps.",
)

# perplexity ----------------------------------------------------------------------------------


def neighbour_probabilities(squared, sigma):
    weight = np.exp(-(squared - squared.min()) / (2 * sigma**2))
    return weight / weight.sum()


def entropy(p, log=np.log):
    return -np.sum(p * log(np.where(p > 0, p, 1)))


def perplexity(squared, sigma):
    return np.exp(entropy(neighbour_probabilities(squared, sigma)))


def unnormalised(squared, sigma):
    return np.exp(entropy(np.exp(-squared / (2 * sigma**2))))


def squares(seed, n, scale=1.0):
    return scale * np.random.default_rng(seed).uniform(0.5, 6, size=n)


def written_perplexity(squared_distances, sigma):
    """The answer as the notebook writes it: slips of the pen are made from this one."""
    nearer = squared_distances - squared_distances.min()
    weights = np.exp(-nearer / (2 * sigma**2))
    p = weights / weights.sum()
    p = p[p > 0]
    return np.exp(-(p * np.log(p)).sum())


def student(squared, width=1.0):
    """The weights of the plane."""
    weight = 1 / (1 + squared / width)
    return weight / weight.sum()


FAR = "12 points, all very far away"
SPREAD = "4 points, two near and two very far away"
ENDS = "5 points, three very far away between two near"
TOGETHER = (
    "The formula is right, but with near and far points together a weight overflows, or underflows "
    "to 0, where 0 times log 0 is NaN. Subtract the *smallest* squared distance first (no other "
    "number will do for all points), and let 0 log 0 count as 0."
)
PERPLEXITY = Exercise(
    name="perplexity",
    right=perplexity,
    written_out=(written_perplexity,),
    probes={
        "9 points, sigma = 1.3": (squares(1, 9), 1.3),
        "14 points, sigma = 0.8": (squares(2, 14), 0.8),
        "6 points, sigma = 2.2": (squares(3, 6, 3.0), 2.2),
        FAR: (10_000 + squares(4, 12), 0.9),
        # Neither the first nor the last is near, nor is the middle of the order.
        SPREAD: (np.array([3000.0, 1.0, 2.0, 9000.0]), 1.0),
        # Near are just those that are far in the probe before.
        ENDS: (np.array([1.0, 5e4, 9e4, 7e4, 1.5]), 1.0),
    },
    mistakes=[
        Mistake(
            "This is the entropy. Perplexity is its exponential: how many equally likely "
            "neighbours would be as uncertain.",
            lambda d, s: entropy(neighbour_probabilities(d, s)),
            lambda d, s: entropy(neighbour_probabilities(d, s), np.log2),
        ),
        Mistake(
            "Two bases are mixed. An entropy in nats (np.log) goes with np.exp, one in bits "
            "(np.log2) with 2**H.",
            lambda d, s: 2 ** entropy(neighbour_probabilities(d, s)),
            lambda d, s: np.exp(entropy(neighbour_probabilities(d, s), np.log2)),
        ),
        Mistake(
            "The sign of the entropy is lost: this is 1 divided by the perplexity.",
            lambda d, s: 1 / perplexity(d, s),
        ),
        Mistake(
            "The 2 in exp(−d²/2σ²) is missing.",
            lambda d, s: perplexity(d, s / np.sqrt(2)),
        ),
        Mistake(
            "The 2 is squared together with σ: (2σ)² is 4σ², and 2σ² is meant.",
            lambda d, s: perplexity(d, np.sqrt(2) * s),
        ),
        Mistake(
            "Here σ² multiplies. In Python a / 2 * b is (a / 2) * b: put the whole divisor, "
            "2 * sigma**2, in brackets.",
            lambda d, s: perplexity(d, 1 / s),
            lambda d, s: perplexity(d, 1 / np.sqrt(s)),
        ),
        Mistake(
            "The width σ is not squared: exp(−d²/2σ²).",
            lambda d, s: perplexity(d, np.sqrt(s)),
        ),
        Mistake(
            "The distances are squared a second time. They come squared.",
            lambda d, s: perplexity(d**2, s),
        ),
        Mistake(
            "The distances come squared, and this takes their root again.",
            lambda d, s: perplexity(np.sqrt(d), s),
        ),
        Mistake(
            "The weights are not divided by their sum, so they are no probabilities.",
            unnormalised,
        ),
        Mistake(
            "These are the probabilities. Their entropy is still to come, and its exponential.",
            neighbour_probabilities,
        ),
        Mistake(
            "This is 1 / Σp², another way to count neighbours. Perplexity is the exponential of "
            "the entropy.",
            lambda d, s: 1 / np.sum(neighbour_probabilities(d, s) ** 2),
        ),
        Mistake(
            "The sign in the exponent is reversed: far points get the large weights.",
            lambda d, s: np.exp(entropy(neighbour_probabilities(d.max() - d, s))),
        ),
        Mistake(
            "This is Student's kernel, the one of the plane. In the space the weights are "
            "exp(−d²/2σ²).",
            lambda d, s: np.exp(entropy(student(d))),
            lambda d, s: np.exp(entropy(student(d, s**2))),
            lambda d, s: np.exp(entropy(student(d, 2 * s**2))),
            lambda d, s: np.exp(entropy(student(d - d.min(), s**2))),
        ),
        Mistake(
            "The weights are divided by the largest. Probabilities add up to 1: divide by the sum.",
            lambda d, s: np.exp(entropy(np.exp(-(d - d.min()) / (2 * s**2)))),
        ),
        Mistake(
            "The entropy is averaged over the points. It is a sum.",
            lambda d, s: np.exp(entropy(neighbour_probabilities(d, s)) / len(d)),
        ),
    ],
    extreme={
        FAR: "The formula is right, but for an outlier every weight underflows to 0, and 0/0 or 0 "
        "times log 0 is NaN. Subtract the smallest squared distance first, which changes no "
        "probability, and let 0 log 0 count as 0.",
        SPREAD: TOGETHER,
        ENDS: TOGETHER,
    },
    insight="You choose one perplexity, and t-SNE searches for each point's own σ: wide where "
    "points are sparse, narrow where they are dense. That is where densities get lost.",
)

EXERCISES = [NEIGHBOUR_ACCURACY, TRUSTWORTHINESS, PERPLEXITY]
