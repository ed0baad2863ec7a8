"""Exercises of lesson 11: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions.
"""

import numpy as np
import pytest
import torch

from aecourse.checks import judge
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
        ("A percentile, interpolated", PLACE, "return np.quantile(normal, 1 - rate)"),
        ("One place too far down", PLACE, "return normal[m]"),
        ("Here m is", "(len(normal) + 1)", "len(normal)"),
        ("One place too high", PLACE, "return normal[m - 2] if m > 1 else np.inf"),
        ("This is the largest normal", PLACE, "return normal.max()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 2 * normal.std()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 3 * normal.std()"),
        ("Mean and standard deviation", PLACE, "return normal.mean() + 1.645 * normal.std()"),
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
        ("This is an accuracy", PAIRS,
         "return max(((scores > t) == (kind == 1)).mean() for t in scores)"),
        ("This is the average precision", PAIRS, """hits = kind[np.argsort(-scores, kind="stable")]
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits == 1].mean()"""),
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

NAMES = list(RIGHT)


def define(source):
    """The function ``answer``, defined as a notebook would after its set-up cell."""
    scope = {"np": np, "torch": torch}
    exec(source, scope)
    return scope["answer"]


def edited(source, changes):
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in source, f"{old!r} is not in the answer"
        source = source.replace(old, new)
    return source


def messages(name):
    """All that the catalogue can say about a wrong answer."""
    exercise = catalogue()[name]
    return {*(mistake.message for mistake in exercise.mistakes), *exercise.extreme.values()}


def test_every_exercise_of_this_lesson_is_here():
    ours = {n for n, e in catalogue().items() if e.right.__module__.endswith(".anomalies")}
    assert ours == set(RIGHT) == set(WRONG) == set(ALSO_RIGHT)


@pytest.mark.parametrize("name", NAMES)
def test_right_answer(name):
    assert judge(name, define(RIGHT[name])) == ("right", catalogue()[name].insight)


@pytest.mark.parametrize("name", NAMES)
def test_stub_is_not_attempted(name):
    head = RIGHT[name].strip().split("\n")[0]
    for body in ("...", "return ...", "pass", '"""What it does."""\n    return ...'):
        assert judge(name, define(f"{head}\n    {body}\n")).status == "not attempted"


@pytest.mark.parametrize("name, source", [(n, s) for n in NAMES for s in ALSO_RIGHT[n]])
def test_right_in_another_style(name, source):
    verdict = judge(name, define(source))
    assert verdict.status == "right", verdict.message


@pytest.mark.parametrize("name, start, changes",
                         [(name, start, changes) for name in NAMES
                          for start, *changes in WRONG[name]])  # fmt: skip
def test_mistake_is_named(name, start, changes):
    verdict = judge(name, define(edited(RIGHT[name], changes)))
    assert verdict.status == "wrong"
    assert verdict.message.startswith(start), verdict.message
    assert verdict.message in messages(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_mistake_has_a_learner_who_makes_it(name):
    for message in messages(name):
        starts = [start for start, *_ in WRONG[name] if message.startswith(start)]
        assert starts, f"no answer shows: {message}"


@pytest.mark.parametrize("name", NAMES)
def test_starts_are_unambiguous(name):
    for start, *_ in WRONG[name]:
        assert sum(message.startswith(start) for message in messages(name)) == 1, start


def test_no_share_sits_on_the_edge_of_a_place():
    """Where (n + 1) · rate is almost a whole number, rounding would decide the answer."""
    for _, kind, _, rate in catalogue()["threshold"].probes.values():
        product = ((kind == 0).sum() + 1) * rate
        assert abs(product - round(product)) > 0.02
