"""Exercises of lesson 11: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions.
"""

import numpy as np
import torch
from exercise_suite import ExerciseTests

from aecourse.exercises import catalogue

RIGHT = {
    "threshold": """
def answer(valid_scores, kind, test_scores, rate):
    normal = np.sort(valid_scores[kind == 0])[::-1]
    m = int((len(normal) + 1) * rate)
    return normal[m - 1] if m > 0 else np.inf
""",
    "auroc": """
def answer(scores, kind):
    strange, normal = scores[kind == 1][:, None], scores[kind == 0]
    wins = (strange > normal) + 0.5 * (strange == normal)
    return wins.mean()
""",
    "precision": """
def answer(found, anomalies, false, normal, base_rate):
    right = base_rate * found / anomalies
    wrong = (1 - base_rate) * false / normal
    return right / (right + wrong)
""",
}

NORMAL = "np.sort(valid_scores[kind == 0])[::-1]"
PLACE = "return normal[m - 1] if m > 0 else np.inf"
PAIRS = """strange, normal = scores[kind == 1][:, None], scores[kind == 0]
    wins = (strange > normal) + 0.5 * (strange == normal)
    return wins.mean()"""
ALARM = """scores = (scores > {}) * 1.0
    strange, normal"""

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "threshold": [
        ("This is the other end", "[::-1]", ""),
        ("This is the other end", PLACE, "return np.quantile(normal, rate)"),
        ("This is the other end", PLACE, "return np.percentile(normal, 100 * rate)"),
        ("The threshold is chosen on the test", "valid_scores[kind == 0]", "test_scores"),
        ("The threshold is chosen on the test", PLACE, "return np.quantile(test_scores, 1 - rate)"),
        ("The test scores are thrown in", "valid_scores[kind == 0]",
         "np.concatenate([valid_scores[kind == 0], test_scores])"),
        ("The test scores are thrown in", "valid_scores[kind == 0]",
         "np.concatenate([valid_scores, test_scores])"),
        ("The anomalies among the validation", "valid_scores[kind == 0]", "valid_scores"),
        ("The anomalies among the validation", PLACE,
         "return np.quantile(valid_scores, 1 - rate)"),
        ("This is a threshold for the anomalies", "kind == 0", "kind == 1"),
        ("This is a threshold for the anomalies", "kind == 0", "kind == 1", PLACE,
         "return np.quantile(normal, rate)"),
        ("This is a threshold for the anomalies", "kind == 0", "kind == 1", PLACE,
         "return np.quantile(normal, 1 - rate)"),
        ("A percentile is close", PLACE, "return np.quantile(normal, 1 - rate)"),
        ("A percentile is close", PLACE,
         'return np.quantile(normal, 1 - rate, method="higher")'),
        ("A percentile is close", PLACE,
         'return np.percentile(normal, 100 * (1 - rate), method="nearest")'),
        ("A percentile is close", PLACE,
         'return np.quantile(normal, 1 - rate, method="lower")'),
        ("Here the rate of the argument", PLACE, "return np.quantile(normal, 0.95)"),
        ("Here the rate of the argument", PLACE, "return np.percentile(normal, 95)"),
        ("Here the rate of the argument", "* rate", "* 0.05"),
        ("The places are counted among", "len(normal)", "len(valid_scores)"),
        ("Here (n + 1) · rate is rounded", "m = int(", "m = round("),
        ("One place too far down", "m = int(", "m = 1 + int("),
        ("One place too far down", PLACE, "return normal[m]"),
        ("Here m is", "(len(normal) + 1)", "len(normal)"),
        ("One place too high", PLACE, "return normal[m - 2] if m > 1 else np.inf"),
        ("This is the largest normal", PLACE, "return normal.max()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 2 * normal.std()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 3 * normal.std()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 1.645 * normal.std()"),
        ("Mean and standard deviation", PLACE,
         "return normal.mean() + 3 * normal.std(ddof=1)"),
        ("Mean and standard deviation", PLACE,
         "from scipy.stats import norm; "
         "return norm.ppf(1 - rate, normal.mean(), normal.std(ddof=1))"),
        ("This is the place m itself", PLACE, "return m"),
        ("Right where there are enough", PLACE, "return normal[m - 1]"),
        ("Right where there are enough", PLACE, "return normal[max(m, 1) - 1]"),
    ],
    "auroc": [
        ("This is reversed", "strange > normal", "strange < normal"),
        ("This is reversed", "kind == 1", "kind == 0",
         "scores[kind == 0]\n", "scores[kind == 1]\n"),
        ("This is reversed", "(strange > normal) + 0.5 * (strange == normal)", "strange < normal"),
        ("This is reversed", "(strange > normal) + 0.5 * (strange == normal)", "strange <= normal"),
        ("The area was turned round", "return wins.mean()",
         "return max(wins.mean(), 1 - wins.mean())"),
        ("The area was turned round", "return wins.mean()",
         "return 0.5 + abs(wins.mean() - 0.5)"),
        ("This is twice the area", "wins.mean()", "2 * wins.mean() - 1"),
        ("This is twice the area", PAIRS,
         """strange, normal = scores[kind == 1][:, None], scores[kind == 0]
    return np.mean((strange > normal) * 1.0 - (strange < normal))"""),
        ("The scores were turned into yes", "strange, normal", ALARM.format("np.median(scores)")),
        ("The scores were turned into yes", "strange, normal", ALARM.format("scores.mean()")),
        ("The scores were turned into yes", "strange, normal", ALARM.format("0.5")),
        ("The scores were turned into yes", "strange, normal",
         ALARM.format("np.quantile(scores, 0.95)")),
        ("The scores were turned into yes", "strange, normal",
         ALARM.format("np.quantile(scores[kind == 0], 0.95)")),
        ("Equal scores count as a defeat", " + 0.5 * (strange == normal)", " * 1"),
        ("Equal scores count as a victory", " + 0.5 * (strange == normal)",
         " + (strange == normal)"),
        ("Equal scores are ranked", PAIRS, """rank = scores.argsort(kind="stable").argsort() + 1
    a, n = (kind == 1).sum(), (kind == 0).sum()
    return (rank[kind == 1].sum() - a * (a + 1) / 2) / (a * n)"""),
        ("Equal scores are ranked", PAIRS, """kind = kind[np.argsort(-scores, kind="stable")]
    found = np.r_[0, np.cumsum(kind) / kind.sum()]
    false = np.r_[0, np.cumsum(1 - kind) / (1 - kind).sum()]
    return (np.diff(false) * (found[1:] + found[:-1]) / 2).sum()"""),
        ("This is an accuracy", PAIRS,
         "return max(((scores > t) == (kind == 1)).mean() for t in scores)"),
        ("This is the average precision", PAIRS, """hits = kind[np.argsort(-scores, kind="stable")]
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits == 1].mean()"""),
        ("This is the average precision", PAIRS,
         """from sklearn.metrics import average_precision_score
    return average_precision_score(kind, scores)"""),
        ("All pairs of examples", "scores[kind == 1][:, None], scores[kind == 0]",
         "scores[:, None], scores"),
        ("All pairs of examples", "wins.mean()", "wins.sum() / len(scores) ** 2"),
        ("This is a number of pairs", "wins.mean()", "wins.sum()"),
        ("The number of victories", "wins.mean()", "wins.sum() / (kind == 1).sum()"),
        ("The number of victories", "wins.mean()", "wins.sum() / (kind == 0).sum()"),
        ("The number of victories", "wins.mean()", "wins.sum() / len(scores)"),
        ("This is a table", "wins.mean()", "wins"),
        ("This is a table", "wins.mean()", "wins.mean(axis=0)"),
        ("This is a table", "wins.mean()", "wins.mean(axis=1)"),
        ("Only the means", PAIRS,
         "return float(scores[kind == 1].mean() > scores[kind == 0].mean())"),
        ("Only the means", PAIRS, "return scores[kind == 1].mean() - scores[kind == 0].mean()"),
    ],
    "precision": [
        ("This is the precision on the test set", "right / (right + wrong)",
         "found / (found + false)"),
        ("This is the share of anomalies that", "right / (right + wrong)", "found / anomalies"),
        ("The factor (1 − base rate)", "(1 - base_rate) * ", ""),
        ("The base rate must weight", "right = base_rate * ", "right = "),
        ("The base rate must weight", "(right + wrong)", "(right / base_rate + wrong)"),
        ("The base rate must weight", "(right + wrong)",
         "(found / anomalies + false / normal)"),
        ("Divide the false alarms", "/ normal", "/ (normal + anomalies)"),
        ("These are odds", "(right + wrong)", "wrong"),
        ("The base rate is multiplied", "right / (right + wrong)",
         "base_rate * (found / anomalies) / (false / normal)"),
        ("This is how often silence", "* found / anomalies", "* (1 - found / anomalies)",
         "* false / normal", "* (1 - false / normal)", "return right", "return wrong"),
        ("The false alarms are not weighted", " / anomalies", "", " / normal", ""),
        ("Base rate and its complement", "right = base_rate", "right = (1 - base_rate)",
         "wrong = (1 - base_rate)", "wrong = base_rate"),
        ("This treats both kinds", "(1 - base_rate) * ", "", "right = base_rate * ", "right = "),
        ("This is the share of wrong", "return right", "return wrong"),
        ("This is how often an alarm is", "right / (right + wrong)", "right + wrong"),
        ("This is how often a right", "right / (right + wrong)", "right"),
        ("This is 1 minus the false", "right / (right + wrong)", "1 - false / normal"),
        ("This is the accuracy", "right / (right + wrong)",
         "right + (1 - base_rate) * (1 - false / normal)"),
        ("This is the accuracy", "right / (right + wrong)",
         "(found + normal - false) / (anomalies + normal)"),
        ("The two groups are swapped", "/ anomalies", "/ XX", "/ normal", "/ anomalies",
         "/ XX", "/ normal"),
        ("This is in per cent", "return right", "return 100 * right"),
    ],
}

ALSO_RIGHT = {
    "threshold": ["""
def answer(valid_scores, kind, test_scores, rate):
    normal = torch.tensor(valid_scores[kind == 0])
    m = int((len(normal) + 1) * rate)
    return torch.topk(normal, m).values[-1].item() if m else float("inf")
""", """
def answer(valid_scores, kind, test_scores, rate):
    from aecourse.evaluation import threshold_for
    return threshold_for(valid_scores[kind == 0], rate)
""", """
def answer(valid_scores, kind, test_scores, rate):
    normal = [s for s, k in zip(valid_scores, kind) if k == 0]
    good = [t for t in normal + [float("inf")]
            if (sum(s >= t for s in normal)) <= (len(normal) + 1) * rate]
    return min(good)
"""],
    "auroc": ["""
def answer(scores, kind):
    from sklearn.metrics import roc_auc_score
    return roc_auc_score(kind, scores)
""", """
def answer(scores, kind):
    from scipy.stats import mannwhitneyu
    a, n = scores[kind == 1], scores[kind == 0]
    return mannwhitneyu(a, n).statistic / (len(a) * len(n))
""", """
def answer(scores, kind):
    from scipy.stats import rankdata
    rank = rankdata(scores)
    a, n = (kind == 1).sum(), (kind == 0).sum()
    return (rank[kind == 1].sum() - a * (a + 1) / 2) / (a * n)
""", """
def answer(scores, kind):
    total = 0
    for s in scores[kind == 1]:
        for t in scores[kind == 0]:
            total += 1 if s > t else 0.5 if s == t else 0
    return total / ((kind == 1).sum() * (kind == 0).sum())
"""],
    "precision": ["""
def answer(found, anomalies, false, normal, base_rate):
    odds = base_rate / (1 - base_rate) * (found / anomalies) / (false / normal)
    return odds / (1 + odds)
""", """
def answer(found, anomalies, false, normal, base_rate):
    among = 1_000_000
    right = among * base_rate * found / anomalies
    alarms = right + among * (1 - base_rate) * false / normal
    return right / alarms
"""],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "auroc": [("Look at the two shapes: +, -", "[:, None]", "")],
}


class TestExercises(ExerciseTests):
    topics = ["anomalies"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING


def test_no_share_sits_on_the_edge_of_a_place():
    """Where (n + 1) · rate is almost a whole number, rounding would decide the answer."""
    for _, kind, _, rate in catalogue()["threshold"].probes.values():
        product = ((kind == 0).sum() + 1) * rate
        assert abs(product - round(product)) > 0.02
