"""Exercises of lesson 10: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions.
"""

import numpy as np
import torch
from exercise_suite import ExerciseTests

from aecourse.exercises import catalogue

RIGHT = {
    "neighbour accuracy": """
def answer(points, labels, k):
    d = ((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)
    np.fill_diagonal(d, np.inf)
    near = np.argsort(d, axis=1)[:, :k]
    votes = np.array([np.bincount(labels[row]).argmax() for row in near])
    return (votes == labels).mean()
""",
    "trustworthiness": """
def answer(high, low, k):
    n = len(high)
    if k >= n / 2:
        return np.nan
    total = 0
    for i in range(n):
        in_high = [j for j in np.argsort(np.linalg.norm(high - high[i], axis=1)) if j != i]
        in_low = [j for j in np.argsort(np.linalg.norm(low - low[i], axis=1)) if j != i]
        for j in in_low[:k]:
            rank = in_high.index(j) + 1
            if rank > k:
                total += rank - k
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total
""",
    "perplexity": """
def answer(squared_distances, sigma):
    d = squared_distances - squared_distances.min()
    w = np.exp(-d / (2 * sigma ** 2))
    p = w / w.sum()
    p = p[p > 0]
    H = -(p * np.log(p)).sum()
    return np.exp(H)
""",
}

LOOP = RIGHT["trustworthiness"].partition("    total = 0\n")[2].partition("    return 1")[0]
VECTORS = """    far = ((high[:, None] - high) ** 2).sum(-1)
    rank = far.argsort(1).argsort(1)
    near = ((low[:, None] - low) ** 2).sum(-1).argsort(1)[:, 1:k + 1]
    excess = np.take_along_axis(rank, near, 1) - k
    total = np.maximum(excess, 0).sum()
"""
SHARES = """votes = np.array([(labels[row] == label).mean() for row, label in zip(near, labels)])
    return votes.mean()"""
SORTED = "np.argsort(d, axis=1)[:, :k]"
DIAGONAL = "np.fill_diagonal(d, np.inf)"
VERDICTS = "(votes == labels).mean()"
RETURN = f"""votes = np.array([np.bincount(labels[row]).argmax() for row in near])
    return {VERDICTS}"""
BINCOUNT = "np.bincount(labels[row]).argmax()"
NEAREST_WINS = "__import__('collections').Counter(labels[row].tolist()).most_common(1)[0][0]"
FACTOR = "2 / (n * k * (2 * n - 3 * k - 1)) * total"

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "neighbour accuracy": [
        ("Each point is counted as its own", DIAGONAL, "pass"),
        ("Each point is counted as its own", DIAGONAL, "np.fill_diagonal(d, 0)"),
        ("The point itself is left out, but", DIAGONAL, "pass", "[:, :k]", "[:, 1:k]"),
        ("The point itself votes as well", DIAGONAL, "pass", "[:, :k]", "[:, :k + 1]"),
        ("One neighbour too many", "[:, :k]", "[:, :k + 1]"),
        ("These are the farthest", DIAGONAL, "pass", "argsort(d", "argsort(-d"),
        ("These are the farthest", "[:, :k]", "[:, -k:]"),
        ("The point itself is left out, but", DIAGONAL, "pass", "[:, :k]", "[:, 1:k]",
         BINCOUNT, NEAREST_WINS),
        ("The point itself votes as well", DIAGONAL, "pass", "[:, :k]", "[:, :k + 1]",
         BINCOUNT, NEAREST_WINS),
        ("One neighbour too many", "[:, :k]", "[:, :k + 1]", BINCOUNT, NEAREST_WINS),
        ("The distance is not the Euclidean", ") ** 2)", "))", "((points[", "(abs(points["),
        ("The distance is not the Euclidean",
         "((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)",
         "abs((points[:, None, :] - points[None, :, :]).sum(-1))"),
        ("The distance is not the Euclidean",
         "((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)",
         "abs(points[:, None, :] - points[None, :, :]).max(-1)"),
        ("The lengths of the points",
         "((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)",
         "abs(np.linalg.norm(points, axis=1)[:, None] - np.linalg.norm(points, axis=1))"),
        ("The votes are weighted", "for row in near", "for row, own in zip(near, d)", BINCOUNT,
         "np.bincount(labels[row], 1 / np.sqrt(own[row])).argmax()"),
        ("The votes are weighted", "for row in near", "for row, own in zip(near, d)", BINCOUNT,
         "np.bincount(labels[row], 1 / own[row]).argmax()"),
        ("Neighbours are chosen by angle",
         "((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)",
         "-(points / np.linalg.norm(points, axis=1, keepdims=True)) "
         "@ (points / np.linalg.norm(points, axis=1, keepdims=True)).T"),
        ("Products take the place",
         "((points[:, None, :] - points[None, :, :]) ** 2).sum(-1)", "-points @ points.T"),
        ("These are the neighbours of the first k", SORTED, "np.argsort(d, axis=0)[:, :k]"),
        ("These are the neighbours of the first k", SORTED, "np.argsort(d, axis=1)[:k].T"),
        ("More than half of the votes", RETURN,
         "return np.mean([(labels[row] == own).sum() > k / 2 for row, own in zip(near, labels)])"),
        ("The *number* of votes", BINCOUNT, BINCOUNT.replace("argmax", "max")),
        ("This is the share of neighbours", RETURN, SHARES),
        ("Labels are averaged", BINCOUNT, "round(labels[row].mean())"),
        ("The median of the labels", BINCOUNT, "np.median(labels[row])"),
        ("The median of the labels", BINCOUNT, "sorted(labels[row])[k // 2]"),
        ("The features are standardised", "d = ", "points = (points - points.mean(0)) "
         "/ points.std(0)\n    d = "),
        ("Only the nearest neighbour", "[:, :k]", "[:, :1]"),
        ("A point counts as right as soon", RETURN,
         "return np.mean([label in labels[row] for row, label in zip(near, labels)])"),
        ("A point counts as right only if", RETURN,
         "return np.mean([set(labels[row]) == {label} for row, label in zip(near, labels)])"),
        ("This is the share of points that are wrong", "votes == labels", "votes != labels"),
        ("This is a count", VERDICTS, "(votes == labels).sum()"),
        ("This is in per cent", VERDICTS, "100 * " + VERDICTS),
        ("This is one verdict for each", VERDICTS, "votes == labels"),
        ("These are the labels that", VERDICTS, "votes"),
    ],
    "trustworthiness": [
        ("The two spaces are swapped", "(high, low, k)", "(low, high, k)"),
        ("The two spaces are swapped", "in in_low[:k]", "in in_high[:k]",
         "in_high.index", "in_low.index"),
        ("The ranks of the intruders are taken in the map", "if rank > k:\n"
         "                total += rank - k",
         "if rank > k:\n                total += in_low.index(j) + 1 - k"),
        ("Each point is counted as its own first", " if j != i]", "]"),
        ("The ranks are right, but on the map", LOOP, VECTORS.replace("1:k + 1", ":k")),
        ("One np.argsort gives", LOOP, VECTORS.replace(".argsort(1).argsort(1)", ".argsort(1)")),
        ("One np.argsort gives", LOOP,
         VECTORS.replace(".argsort(1).argsort(1)", ".argsort(1) + 1")),
        ("One np.argsort gives", LOOP, VECTORS.replace(
            "rank = far", "np.fill_diagonal(far, np.inf)\n    rank = far").replace(
            ".argsort(1).argsort(1)", ".argsort(1)")),
        ("One np.argsort gives", LOOP, VECTORS.replace(
            "rank = far", "np.fill_diagonal(far, np.inf)\n    rank = far").replace(
            ".argsort(1).argsort(1)", ".argsort(1) + 1")),
        ("Neighbours that belong there", LOOP, VECTORS.replace("np.maximum(excess, 0)",
                                                               "np.abs(excess)")),
        ("This takes the rank of i", LOOP, VECTORS.replace("axis(rank", "axis(rank.T")),
        ("The ranks in the data are one too large", "+ 1\n", "+ 2\n"),
        ("The ranks in the data are one too small", "+ 1\n", "\n", "rank > k:", "rank >= k:"),
        ("An intruder costs its whole rank", "rank - k", "rank"),
        ("Every intruder costs 1", "rank - k", "1"),
        ("Every intruder costs 1", "rank - k", "1", FACTOR, "total / (n * k)"),
        ("All neighbours in the map are charged", "if rank > k:", "if True:"),
        ("The 2 of the normalisation", "1 - 2 /", "1 - 1 /"),
        ("The sum is not normalised", FACTOR, "total"),
        ("The sum is not normalised", f"1 - {FACTOR}", "total"),
        ("This is the penalty", f"1 - {FACTOR}", FACTOR),
        ("A bracket is missing", FACTOR, "2 / n * k * (2 * n - 3 * k - 1) * total"),
        ("A bracket is missing", FACTOR, "2 / n / k * (2 * n - 3 * k - 1) * total"),
        ("The number n counts points", "n = len(high)", "n = high.shape[1]",
         "if k >= n / 2", "if k >= len(high) / 2", "range(n)", "range(len(high))"),
        ("The distance in the space is not", "np.linalg.norm(high - high[i], axis=1)",
         "abs(high - high[i]).sum(axis=1)"),
        ("This is one number for each", LOOP, VECTORS.replace("0).sum()", "0).sum(1)")),
        ("The penalties are averaged", LOOP, VECTORS.replace("0).sum()", "0).mean()")),
        ("The penalties are averaged", LOOP, VECTORS.replace("0).sum()", "0).sum(1).mean()")),
        ("The normalisation is not right", "3 * k - 1", "3 * k + 1"),
        ("The normalisation is not right", "3 * k - 1", "k - 1"),
        ("The normalisation is not right", "n * k * (", "n * ("),
        ("The normalisation is not right", "n * k * (", "k * ("),
        ("The normalisation is not right", FACTOR, "total / (n * k)"),
        ("Right as long as k < n/2", "return np.nan", "pass"),
        ("Right as long as k < n/2", "k >= n / 2", "k >= n"),
        ("Right, except where k is exactly", "k >= n / 2", "k > n / 2"),
        ("Right, except where k is exactly", "k >= n / 2", "2 * k > n"),
        ("Right, but nan comes too early", "k >= n / 2", "k >= n // 2"),
        ("Right, but nan comes too early", "k >= n / 2", "k >= n / 3"),
    ],
    "perplexity": [
        ("This is the entropy", "np.exp(H)", "H"),
        ("This is the entropy", "np.exp(H)", "H", "np.log(p)", "np.log2(p)"),
        ("Two bases are mixed", "np.exp(H)", "2 ** H"),
        ("Two bases are mixed", "np.log(p)", "np.log2(p)"),
        ("The sign of the entropy is lost", "-(p", "(p"),
        ("The 2 in exp", "(2 * sigma ** 2)", "(sigma ** 2)"),
        ("The 2 is squared together", "(2 * sigma ** 2)", "(2 * sigma) ** 2"),
        ("Here σ² multiplies", "d / (2 * sigma ** 2)", "d / 2 * sigma ** 2"),
        ("Here σ² multiplies", "d / (2 * sigma ** 2)", "d / 2 * sigma"),
        ("The width σ is not squared", "sigma ** 2", "sigma"),
        ("The distances are squared a second", "d = squared_distances",
         "squared_distances = squared_distances ** 2\n    d = squared_distances"),
        ("The distances come squared, and", "d = squared_distances",
         "squared_distances = np.sqrt(squared_distances)\n    d = squared_distances"),
        ("The weights are not divided", " - squared_distances.min()", "", "w / w.sum()", "w"),
        ("These are the probabilities", "p = p[p > 0]", "return p"),
        ("This is 1 / Σp²", "np.exp(H)", "1 / np.sum(p ** 2)"),
        ("The sign in the exponent", "np.exp(-d", "np.exp(d"),
        ("This is Student's kernel", "np.exp(-d / (2 * sigma ** 2))", "1 / (1 + d)",
         " - squared_distances.min()", ""),
        ("This is Student's kernel", "np.exp(-d / (2 * sigma ** 2))", "1 / (1 + d / sigma ** 2)",
         " - squared_distances.min()", ""),
        ("This is Student's kernel", "np.exp(-d / (2 * sigma ** 2))", "1 / (1 + d / sigma ** 2)"),
        ("This is Student's kernel", "np.exp(-d / (2 * sigma ** 2))",
         "1 / (1 + d / (2 * sigma ** 2))", " - squared_distances.min()", ""),
        ("The weights are divided by the largest", "w / w.sum()", "w / w.max()"),
        ("The entropy is averaged", "np.log(p)).sum()", "np.log(p)).mean()"),
        ("The formula is right, but for an outlier", " - squared_distances.min()", ""),
        ("The formula is right, but with near and far", "distances.min()", "distances.max()"),
        ("The formula is right, but with near and far", "distances.min()", "distances.mean()"),
        ("The formula is right, but with near and far", "distances.min()", "distances[-1]"),
        ("The formula is right, but with near and far", "distances.min()", "distances[0]"),
        ("The formula is right, but with near and far", "squared_distances.min()",
         "np.median(squared_distances)"),
        ("The formula is right, but with near and far", "distances.min()", "distances[1]"),
        ("The formula is right, but with near and far", "distances.min()", "distances[-2]"),
        ("The formula is right, but with near and far", "squared_distances.min()",
         "squared_distances[len(squared_distances) // 2]"),
        ("The formula is right, but with near and far", "p = p[p > 0]", "p = p"),
    ],
}

ALSO_RIGHT = {
    "neighbour accuracy": ["""
def answer(points, labels, k):
    from sklearn.neighbors import NearestNeighbors
    near = NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)
    return np.mean([np.bincount(labels[i]).argmax() == l for i, l in zip(near, labels)])
""", """
def answer(points, labels, k):
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    return cross_val_score(KNeighborsClassifier(k), points, labels, cv=LeaveOneOut()).mean()
""", """
def answer(points, labels, k):
    x = torch.as_tensor(points)
    near = torch.cdist(x, x).topk(k + 1, largest=False).indices[:, 1:]
    return (torch.as_tensor(labels)[near].mode(1).values == torch.as_tensor(labels)).float().mean()
"""],
    "trustworthiness": ["""
def answer(high, low, k):
    from sklearn.manifold import trustworthiness
    if k >= len(high) / 2:
        return float("nan")
    return trustworthiness(high, low, n_neighbors=k)
""", """
def answer(high, low, k):
    n = len(high)
    if not k < n / 2:
        return np.nan
    far = ((high[:, None] - high) ** 2).sum(-1)
    rank = far.argsort(1).argsort(1)  # 0 is the point itself
    near = ((low[:, None] - low) ** 2).sum(-1).argsort(1)[:, 1:k + 1]
    excess = np.take_along_axis(rank, near, 1) - k
    return 1 - 2 * np.maximum(excess, 0).sum() / (n * k * (2 * n - 3 * k - 1))
"""],
    "perplexity": ["""
def answer(squared_distances, sigma):
    from scipy.special import softmax, entr
    return np.exp(entr(softmax(-squared_distances / 2 / sigma**2)).sum())
""", """
def answer(squared_distances, sigma):
    log_p = torch.log_softmax(torch.as_tensor(-squared_distances / (2 * sigma**2)), 0)
    return torch.exp(-(log_p.exp() * log_p).sum())
""", """
def answer(squared_distances, sigma):
    e = -squared_distances / (2 * sigma**2)
    w = np.exp(e - e.max())
    p = w / w.sum()
    return 2 ** -np.sum(p * np.log2(p + 1e-300))
"""],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "neighbour accuracy": [
        ("Look at the two shapes: +, -", VERDICTS, "(labels[near] == labels).mean()"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["latent_spaces"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING


def test_no_probe_has_a_tie_in_its_vote():
    """With a tie the right answer would depend on how ties are broken."""
    for points, labels, k in catalogue()["neighbour accuracy"].probes.values():
        d = ((points[:, None] - points) ** 2).sum(-1)
        np.fill_diagonal(d, np.inf)
        for row in np.argsort(d, axis=1)[:, :k]:
            votes = np.sort(np.bincount(labels[row]))
            assert len(votes) == 1 or votes[-1] > votes[-2]
