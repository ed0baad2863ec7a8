"""Lesson 11: threshold, AUROC, precision at a base rate."""

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from aecourse.exercises.checks import Exercise, Mistake

# threshold -----------------------------------------------------------------------------------


def largest(scores, m):
    """The m-th largest score; infinity for m = 0."""
    scores = np.sort(scores)[::-1]
    return scores[min(m, len(scores)) - 1] if m > 0 else np.inf


def places(scores, rate):
    return int((len(scores) + 1) * rate + 1e-9)


def of(scores, rate):
    return largest(scores, places(scores, rate))


def threshold(valid_scores, kind, test_scores, rate):
    return of(valid_scores[kind == 0], rate)


def unguarded(scores, rate):
    """What an index of −1 does when m is 0: the smallest score."""
    m = places(scores, rate)
    return np.sort(scores)[::-1][m - 1]


def percentile(method):
    """What NumPy gives with one of its ways of not interpolating."""
    return lambda v, a, t, r: np.quantile(v[a == 0], 1 - r, method=method)


def gaussian(factor, ddof=0):
    """Mean plus some standard deviations; ``factor`` is a function of the rate."""
    return lambda v, a, t, r: v[a == 0].mean() + factor(r) * v[a == 0].std(ddof=ddof)


def detection_split(seed, normal, anomalies, tested):
    """Validation scores, their kinds (1 for anomalies), and test scores on another level."""
    random = np.random.default_rng(seed)
    scores = np.r_[random.gamma(4, 1, normal), 6 + random.gamma(4, 1, anomalies)]
    order = random.permutation(len(scores))
    kind = (np.arange(len(scores)) >= normal).astype(int)
    return scores[order], kind[order], random.gamma(5, 1.3, tested)


FEW = "12 normal scores and a rate of 5 %"
THRESHOLD = Exercise(
    name="threshold",
    right=threshold,
    probes={
        "230 normal and 37 strange scores, rate 0.05": (*detection_split(1, 230, 37, 171), 0.05),
        "97 normal and 11 strange scores, rate 0.1": (*detection_split(2, 97, 11, 143), 0.1),
        "63 normal and 29 strange scores, rate 0.3": (*detection_split(3, 63, 29, 205), 0.3),
        "48 normal and 13 strange scores, rate 0.15": (*detection_split(5, 48, 13, 111), 0.15),
        FEW: (*detection_split(4, 12, 3, 31), 0.05),
    },
    mistakes=[
        Mistake(
            "This is the other end of the scale: nearly every normal example would raise an "
            "alarm. High scores are strange, so take the m-th largest.",
            lambda v, a, t, r: np.sort(v[a == 0])[places(v[a == 0], r) - 1],
            lambda v, a, t, r: np.quantile(v[a == 0], r),
        ),
        Mistake(
            "The threshold is chosen on the test scores. Whatever is measured on them afterwards "
            "is no longer a test.",
            lambda v, a, t, r: of(t, r),
            lambda v, a, t, r: np.quantile(t, 1 - r),
        ),
        Mistake(
            "The test scores are thrown in with the validation scores. They may not take part.",
            lambda v, a, t, r: of(np.r_[v[a == 0], t], r),
            lambda v, a, t, r: of(np.r_[v, t], r),
        ),
        Mistake(
            "The anomalies among the validation examples are counted as normal. They lift the "
            "threshold, and the detector goes deaf.",
            lambda v, a, t, r: of(v, r),
            lambda v, a, t, r: np.quantile(v, 1 - r),
        ),
        Mistake(
            "This is a threshold for the anomalies: they were kept and the normal examples "
            "dropped.",
            lambda v, a, t, r: of(v[a == 1], r),
            lambda v, a, t, r: np.quantile(v[a == 1], 1 - r),
            lambda v, a, t, r: np.quantile(v[a == 1], r),
        ),
        Mistake(
            "A percentile is close. The promise needs one of the scores at a place that is "
            "counted: the m-th largest, with m = ⌊(n + 1) · rate⌋.",
            lambda v, a, t, r: np.quantile(v[a == 0], 1 - r),
            *(percentile(method) for method in ("higher", "nearest", "lower")),
        ),
        Mistake(
            "Here the rate of the argument is not used: 5 % is built in.",
            lambda v, a, t, r: np.quantile(v[a == 0], 0.95),
            lambda v, a, t, r: of(v[a == 0], 0.05),
        ),
        Mistake(
            "The places are counted among all validation scores, the anomalies too. Here n is the "
            "number of normal ones.",
            lambda v, a, t, r: largest(v[a == 0], places(v, r)),
        ),
        Mistake(
            "Here (n + 1) · rate is rounded to the nearest place. Round down: one place more and "
            "too many new examples raise an alarm.",
            lambda v, a, t, r: largest(v[a == 0], round(((a == 0).sum() + 1) * r)),
        ),
        Mistake(
            "One place too far down: the (m + 1)-th largest. Python counts from 0, and a new "
            "example would raise an alarm a little too often.",
            lambda v, a, t, r: largest(v[a == 0], places(v[a == 0], r) + 1),
        ),
        Mistake(
            "Here m is ⌊n · rate⌋. The new example takes a place in the order too, so that there "
            "are n + 1 of them.",
            lambda v, a, t, r: largest(v[a == 0], int((a == 0).sum() * r + 1e-9)),
        ),
        Mistake(
            "One place too high: the (m − 1)-th largest. It keeps the rate, but gives away "
            "detections.",
            lambda v, a, t, r: largest(v[a == 0], places(v[a == 0], r) - 1),
        ),
        Mistake(
            "This is the largest normal score. It allows no false alarm at all; a share of them "
            "was allowed.",
            lambda v, a, t, r: v[a == 0].max(),
        ),
        Mistake(
            "Mean and standard deviation assume that the scores are Gaussian. Errors have a long "
            "tail: count places instead.",
            *(
                gaussian(factor, ddof)
                for factor in (lambda r: 3, lambda r: 2, lambda r: 1.645, lambda r: norm.ppf(1 - r))
                for ddof in (0, 1)
            ),
        ),
        Mistake(
            "This is the place m itself. Return the score at that place.",
            lambda v, a, t, r: places(v[a == 0], r),
        ),
    ],
    extreme={
        FEW: "Right where there are enough scores. With 12 of them even the largest is exceeded "
        "by a new one in 1 of 13 cases, more than 5 %: m is 0, and no finite threshold keeps the "
        "promise. Return np.inf.",
    },
    insight="A new normal score takes each of the n + 1 places among the others with equal "
    "probability. Nothing was assumed about the shape of the distribution.",
)

# AUROC ---------------------------------------------------------------------------------------


def pairs(scores, kind, tie=0.5):
    """Outcome of each pair, (anomalies, normal): 1 higher, 0 lower, ``tie`` equal."""
    strange, normal = scores[kind == 1][:, None], scores[kind == 0]
    return (strange > normal) + tie * (strange == normal)


def auroc(scores, kind):
    return np.mean(pairs(scores, kind))


def thresholded(limit):
    return lambda s, a: auroc((s > limit(s, a)).astype(float), a)


def ranked_ties_broken(scores, kind):
    """Ranks 1 … N in order of appearance, also where scores are equal."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return auroc(ranks, kind)


def curve_ties_broken(scores, kind):
    """Area under a curve with a step for each example, also where scores are equal."""
    hits = kind[np.argsort(-scores, kind="stable")] == 1
    return np.mean(np.cumsum(hits)[~hits]) / hits.sum()


def best_accuracy(scores, kind):
    return max(np.mean((scores > limit) == kind) for limit in scores)


def average_precision(scores, kind):
    order = np.argsort(-scores, kind="stable")
    hits = kind[order] == 1
    return np.mean((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits])


def scored(seed, normal, anomalies, ties=False):
    random = np.random.default_rng(seed)
    scores = np.r_[random.gamma(3, 1, normal), 1.5 + random.gamma(3, 1, anomalies)]
    order = random.permutation(len(scores))
    scores = np.round(scores) if ties else scores
    return scores[order], (np.arange(len(scores)) >= normal).astype(int)[order]


def scored_low(seed, normal, anomalies):
    """A score that ranks the wrong way."""
    scores, kind = scored(seed, normal, anomalies)
    return -scores, kind


TIES = "57 normal and 19 strange scores, rounded, so that many are equal"
AUROC = Exercise(
    name="auroc",
    right=auroc,
    probes={
        "83 normal and 21 strange scores": scored(1, 83, 21),
        "40 normal and 13 strange scores": scored(2, 40, 13),
        TIES: scored(5, 57, 19, ties=True),
        "61 normal and 17 strange scores, most of these lower": scored_low(3, 61, 17),
    },
    mistakes=[
        Mistake(
            "This is reversed: the share of pairs in which the normal example scores higher. "
            "Anomalies are the ones that should.",
            lambda s, a: auroc(s, 1 - a),
            lambda s, a: np.mean(pairs(s, 1 - a, tie=0.0)),
            lambda s, a: np.mean(pairs(s, 1 - a, tie=1.0)),
        ),
        Mistake(
            "The area was turned round where it is below one half. That hides a score which ranks "
            "the wrong way, and whoever uses it does not know which way to look.",
            lambda s, a: max(auroc(s, a), 1 - auroc(s, a)),
        ),
        Mistake(
            "This is twice the area minus 1, the Gini coefficient, which is 0 at chance. Return "
            "the area itself, a probability.",
            lambda s, a: 2 * auroc(s, a) - 1,
        ),
        Mistake(
            "The scores were turned into yes or no at a threshold first. That keeps one point of "
            "the curve and throws the order of the rest away.",
            thresholded(lambda s, a: np.median(s)),
            thresholded(lambda s, a: np.mean(s)),
            thresholded(lambda s, a: np.quantile(s, 0.95)),
            thresholded(lambda s, a: np.quantile(s[a == 0], 0.95)),
            thresholded(lambda s, a: 0.5),
        ),
        Mistake(
            "Equal scores count as a defeat of the anomaly. A tie counts one half.",
            lambda s, a: np.mean(pairs(s, a, tie=0.0)),
        ),
        Mistake(
            "Equal scores count as a victory of the anomaly, so that a score that is the same for "
            "everyone would be perfect. A tie counts one half.",
            lambda s, a: np.mean(pairs(s, a, tie=1.0)),
        ),
        Mistake(
            "Equal scores are ranked in the order in which they happen to stand. They share their "
            "mean rank: a tie counts one half.",
            ranked_ties_broken,
            curve_ties_broken,
        ),
        Mistake(
            "This is an accuracy at the best threshold, which depends on how many anomalies there "
            "are. Compare pairs instead.",
            best_accuracy,
        ),
        Mistake(
            "This is the average precision, which depends on the base rate. The AUROC does not.",
            average_precision,
            lambda s, a: average_precision_score(a, s),
        ),
        Mistake(
            "All pairs of examples are compared, also normal with normal. Compare each anomaly "
            "with each normal example.",
            lambda s, a: np.mean((s[:, None] > s) + 0.5 * (s[:, None] == s)),
            lambda s, a: pairs(s, a).sum() / len(s) ** 2,
        ),
        Mistake(
            "This is a number of pairs. Divide by how many pairs there are.",
            lambda s, a: pairs(s, a).sum(),
        ),
        Mistake(
            "The number of victories is divided by the number of one kind only. Divide by the "
            "number of pairs, anomalies times normal examples.",
            lambda s, a: pairs(s, a).sum() / a.sum(),
            lambda s, a: pairs(s, a).sum() / (a == 0).sum(),
            lambda s, a: pairs(s, a).sum() / len(s),
        ),
        Mistake(
            "This is a table, or one number for each example. Take the mean over all pairs.",
            pairs,
            lambda s, a: pairs(s, a).mean(1),
            lambda s, a: pairs(s, a).mean(0),
        ),
        Mistake(
            "Only the means of the two groups are compared. A probability is asked for, over all "
            "pairs.",
            lambda s, a: float(s[a == 1].mean() > s[a == 0].mean()),
            lambda s, a: s[a == 1].mean() - s[a == 0].mean(),
        ),
    ],
    insight="It is unchanged by any growing function of the score, and by how many anomalies the "
    "test holds. That is its strength, and why it does not tell you what an alarm is worth.",
)

# precision -----------------------------------------------------------------------------------


def precision(found, anomalies, false, normal, base_rate):
    right = base_rate * found / anomalies
    return right / (right + (1 - base_rate) * false / normal)


PRECISION = Exercise(
    name="precision",
    right=precision,
    probes={
        "found 450 of 974, false 430 of 9026, base rate 0.001": (450, 974, 430, 9026, 0.001),
        "found 37 of 41, false 12 of 800, base rate 0.03": (37, 41, 12, 800, 0.03),
        "found 90 of 300, false 5 of 700, base rate 0.2": (90, 300, 5, 700, 0.2),
    },
    mistakes=[
        Mistake(
            "This is the precision on the test set, whose share of anomalies somebody chose. In "
            "use the base rate decides.",
            lambda f, a, w, n, b: f / (f + w),
        ),
        Mistake(
            "This is the share of anomalies that are found. Asked for is the share of alarms that "
            "are right.",
            lambda f, a, w, n, b: f / a,
        ),
        Mistake(
            "The factor (1 − base rate) is missing: only that share of the examples is normal.",
            lambda f, a, w, n, b: b * f / a / (b * f / a + w / n),
        ),
        Mistake(
            "The base rate must weight both rates, and the sum as well as the numerator.",
            lambda f, a, w, n, b: f / a / (f / a + (1 - b) * w / n),
            lambda f, a, w, n, b: b * f / a / (f / a + w / n),
            lambda f, a, w, n, b: b * f / a / (f / a + (1 - b) * w / n),
        ),
        Mistake(
            "Divide the false alarms by the normal examples only, not by all of them.",
            lambda f, a, w, n, b: b * f / a / (b * f / a + (1 - b) * w / (n + a)),
        ),
        Mistake(
            "These are odds, right alarms to false ones. Turn them into a share: "
            "odds / (1 + odds).",
            lambda f, a, w, n, b: b * f / a / ((1 - b) * w / n),
        ),
        Mistake(
            "The base rate is multiplied by the ratio of the two rates. That ratio acts on odds: "
            "base rate / (1 − base rate).",
            lambda f, a, w, n, b: b * (f / a) / (w / n),
        ),
        Mistake(
            "This is how often silence is right. Asked for is how often an alarm is.",
            lambda f, a, w, n, b: (1 - b) * (1 - w / n) / ((1 - b) * (1 - w / n) + b * (1 - f / a)),
        ),
        Mistake(
            "The false alarms are not weighted, nor made a rate: divide them by the number of "
            "normal examples.",
            lambda f, a, w, n, b: b * f / (b * f + (1 - b) * w),
        ),
        Mistake(
            "Base rate and its complement are swapped.",
            lambda f, a, w, n, b: (1 - b) * f / a / ((1 - b) * f / a + b * w / n),
        ),
        Mistake(
            "This treats both kinds as equally frequent. Weight the two rates with the base rate.",
            lambda f, a, w, n, b: f / a / (f / a + w / n),
        ),
        Mistake(
            "This is the share of wrong alarms: 1 minus what is asked for.",
            lambda f, a, w, n, b: 1 - precision(f, a, w, n, b),
        ),
        Mistake(
            "This is how often an alarm is raised. Asked for is how often it is right.",
            lambda f, a, w, n, b: b * f / a + (1 - b) * w / n,
        ),
        Mistake(
            "This is how often a right alarm is raised. Divide by how often any alarm is.",
            lambda f, a, w, n, b: b * f / a,
        ),
        Mistake(
            "This is 1 minus the false-alarm rate. It says how calm the detector is on normal "
            "examples, not what an alarm is worth.",
            lambda f, a, w, n, b: 1 - w / n,
        ),
        Mistake(
            "This is the accuracy. On rare anomalies it is often best for a detector that never "
            "rings.",
            lambda f, a, w, n, b: b * f / a + (1 - b) * (1 - w / n),
            lambda f, a, w, n, b: (f + n - w) / (a + n),
        ),
        Mistake(
            "The two groups are swapped: what was found is divided by the number of normal "
            "examples, or the false alarms by the number of anomalies.",
            lambda f, a, w, n, b: b * f / n / (b * f / n + (1 - b) * w / a),
        ),
        Mistake(
            "This is in per cent. Return a share, 0 to 1.",
            lambda f, a, w, n, b: 100 * precision(f, a, w, n, b),
        ),
    ],
    insight="Detection and false-alarm rate belong to the detector, the base rate to the place "
    "where it is used. A precision without a base rate says nothing.",
)

EXERCISES = [THRESHOLD, AUROC, PRECISION]
