"""What a verdict over seeds rests on: its rows, and what is computed from them.

"X beats Y" stands in a lesson only if a record of it stands in a result: eight seeds, a fit that is
long enough, the rival and how it was tuned, the null, and what was varied. Everything that can be
computed from the rows is computed here, when the record is written, and again by a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

LEVEL = 0.9995  # of one side: one interval in a thousand misses by chance
SEEDS_OF_A_VERDICT, SEEDS_OF_OTHERS = 8, 3
CONVERGED = 0.1  # twice the epochs may change the error by this share of the margin to the rival

Values = Sequence[float]  # one for each seed
Row = Mapping[str, Values]  # setting, such as a code size → values


class Interval(NamedTuple):
    """Where a value may lie.

    Attributes:
        low, high: its ends.
    """

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value lies in it."""
        return self.low <= value <= self.high


def prediction_interval(values: Values, tolerance: float = 0.0, runs: int = 1) -> Interval:
    """Where the mean of some more runs of the same experiment, with other seeds, will lie.

    mean ± t · s · √(1/runs + 1/n), with t of n − 1 degrees of freedom at 0.9995: one in a thousand
    lies outside by chance. For a live refit of a saved row, from seeds that are not among the saved.

    Args:
        values: of the saved runs, at least two.
        runs: how many new runs the mean is taken of.
        tolerance: added at both ends: what other arithmetic may do to a number.
    """
    mean, spread, count = _moments(values)
    reach = student.ppf(LEVEL, count - 1) * spread * math.sqrt(1 / runs + 1 / count) + tolerance
    return Interval(mean - reach, mean + reach)


def difference(a: Values, b: Values) -> dict[str, float]:
    """How much larger ``a`` is than ``b`` on average, with an interval, over seeds.

    Welch's interval at 0.9995 on either side. A rival without a seed gives a single value, which is
    then taken as exact.

    Returns:
        mean, low and high of the difference of the two means.
    """
    mean_a, spread_a, count_a = _moments(a)
    mean_b, spread_b, count_b = _moments(b) if len(b) > 1 else (float(b[0]), 0.0, 1)
    parts = [spread_a**2 / count_a, spread_b**2 / count_b]
    error = math.sqrt(sum(parts))
    freedom = count_a - 1
    if parts[1] > 0:
        freedom = sum(parts) ** 2 / sum(
            part**2 / (count - 1) for part, count in zip(parts, (count_a, count_b))
        )
    reach = student.ppf(LEVEL, freedom) * error
    mean = mean_a - mean_b
    return {"mean": mean, "low": mean - reach, "high": mean + reach}


def _moments(values: Values) -> tuple[float, float, int]:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(
            f"A spread over seeds needs at least two numbers, one for each seed; these have the "
            f"shape {array.shape}."
        )
    return float(array.mean()), float(array.std(ddof=1)), len(array)


# --------------------------------------------------------------------------- records


def verdict(
    sentence: str,
    *,
    winner: str,
    rival: str,
    rows: Mapping[str, Row],
    seeds: Sequence[int],
    longer: Row,
    epochs: Mapping[str, Sequence[int]],
    rivals: Mapping[str, str],
    null: str,
    sensitivity: Mapping[str, Mapping[str, Row]],
    exact: Sequence[str] = (),
    trained: str | None = None,
    rival_longer: Row | None = None,
) -> dict[str, Any]:
    """The record of a verdict "winner's error is below its rival's", in every setting.

    Args:
        sentence: what the lesson says.
        winner, rival, null: names of rows. The null is what chance gives.
        rows: name → setting → an error for each seed (a single one for a row without a seed).
        seeds: of the trained row's runs; eight at least.
        longer: setting → errors of the trained row after twice as many epochs, for its first seeds.
        epochs: setting → those of the trained row's runs, and of the longer ones.
        rivals: name of a row → how it was tuned, and what time it had.
        sensitivity: design choice → value → setting → errors of the trained row there.
        exact: names of rows without a seed, such as PCA: one value each.
        trained: which of winner and rival is trained and varied: the winner unless told, the rival
            where the winner, such as PCA, has nothing to train.
        rival_longer: for a sentence about nets in a given time, which twice the epochs improve:
            setting → errors of the rival after twice its own. The winner must then be ahead after
            the given time and after twice that.

    Returns:
        A record for :func:`aecourse.results.write`, with what follows from the rows.

    Raises:
        ValueError: the record does not carry the verdict; the message says why.
    """
    record = {
        "sentence": sentence,
        "winner": winner,
        "rival": rival,
        "null": null,
        "trained": trained or winner,
        "rows": {name: {k: list(v) for k, v in row.items()} for name, row in rows.items()},
        "seeds": list(seeds),
        "exact": list(exact),
        "rule": {"converged": CONVERGED, "level": LEVEL},
        "convergence": {
            "epochs": {k: list(v) for k, v in epochs.items()},
            "longer": {k: list(v) for k, v in longer.items()},
        },
        "rivals": dict(rivals),
        "sensitivity": {
            choice: {value: {k: list(v) for k, v in row.items()} for value, row in values.items()}
            for choice, values in sensitivity.items()
        },
    }
    if rival_longer is not None:
        record["convergence"]["rival longer"] = {k: list(v) for k, v in rival_longer.items()}
    if problems := weaknesses(record):
        raise ValueError(f"{sentence!r} does not stand: {'; '.join(problems)}.")
    record["summary"] = summary(record)
    return record


def summary(record: Mapping) -> dict[str, dict]:
    """What follows from the rows of a record, in each setting: mean and spread of the winner, its
    difference to rival and null, and what twice the epochs change in the trained row."""
    rows, longer = record["rows"], record["convergence"]["longer"]
    found, fitted = {}, rows[_trained(record)]
    for setting, values in rows[record["winner"]].items():
        found[setting] = {
            "mean": float(np.mean(values)),
            "standard deviation": _moments(values)[1] if len(values) > 1 else 0.0,
            "below the rival by": difference_below(rows[record["rival"]][setting], values),
            "below the null by": difference_below(rows[record["null"]][setting], values),
            # Of the same seeds, which are the first ones.
            "change after twice the epochs": float(
                np.mean(longer[setting]) / np.mean(fitted[setting][: len(longer[setting])]) - 1
            ),
        }
        if rival := _rival_longer(record):
            found[setting]["below the rival after twice the epochs by"] = difference_below(
                rival[setting], longer[setting]
            )
    return found


def difference_below(others: Values, values: Values) -> dict[str, float]:
    """How far ``values`` lie below ``others``: positive if they are smaller."""
    if len(values) == 1:  # without a seed
        return difference(others, values)
    gap = difference(values, others)
    return {"mean": -gap["mean"], "low": -gap["high"], "high": -gap["low"]}


def _trained(record: Mapping) -> str:
    """The row whose epochs were doubled: the winner in records that do not say."""
    return record.get("trained", record["winner"])


def _rival_longer(record: Mapping) -> Row | None:
    """The rival after twice its epochs, where a given time is the question; else None."""
    return record["convergence"].get("rival longer")


def weaknesses(record: Mapping) -> list[str]:
    """What an expert would hold against a record; empty if it carries its verdict."""
    # What is missing first: only a whole record can be computed with.
    return _gaps(record) or _in_words(record) + _in_numbers(record)


def _gaps(record: Mapping) -> list[str]:
    """What a record lacks: rows, settings, runs, numbers."""
    rows, longer = record["rows"], record["convergence"]["longer"]
    names = [record[part] for part in ("winner", "rival", "null")]
    if missing := set(names) - rows.keys():
        return [f"there is no row {', '.join(sorted(missing))}"]
    if _trained(record) not in names[:2]:
        return [f"{_trained(record)} is neither the winner nor its rival"]
    winner, trained = rows[record["winner"]], rows[_trained(record)]
    tables = {name: rows[name] for name in names} | {"the longer fit": longer}
    least = {record["winner"]: SEEDS_OF_A_VERDICT, record["rival"]: SEEDS_OF_A_VERDICT,
             record["null"]: SEEDS_OF_OTHERS, "the longer fit": SEEDS_OF_OTHERS}  # fmt: skip
    if (rival := _rival_longer(record)) is not None:
        tables["the rival's longer fit"] = rival
        least |= dict.fromkeys(("the longer fit", "the rival's longer fit"), SEEDS_OF_A_VERDICT)
    varied = {
        f"{choice} = {value}": row
        for choice, values in record["sensitivity"].items()
        for value, row in values.items()
    }
    found = []
    if rival is not None and _trained(record) != record["winner"]:
        found.append("the rival has twice its epochs, but the winner has none to double")
    if len(set(names)) < len(names):
        found.append("winner, rival and null are not three rows")
    if not winner or any(row.keys() != winner.keys() for row in tables.values()):
        found.append("winner, rival, null and longer fit have different settings, or none")
    if not all(record["sensitivity"].values()) or not all(
        row and row.keys() <= winner.keys() for row in varied.values()
    ):
        found.append("a design choice was varied in none of the winner's settings")
    for name, row in (tables | varied).items():
        if any(not values or not all(map(math.isfinite, values)) for values in row.values()):
            found.append(f"{name} holds what is no number, or nothing")
    if any(len(values) != len(record["seeds"]) for values in trained.values()):
        found.append(f"{_trained(record)} does not have one value for each seed")
    for name, row in tables.items():
        fewest = min((len(values) for values in row.values()), default=0)
        if name not in record["exact"] and fewest < least[name]:
            found.append(f"{name} has {fewest} seeds, fewer than {least[name]}")
    if any(len(set(values)) == 1 for values in trained.values()):
        found.append(f"all seeds of {_trained(record)} gave one value: was the seed used?")
    if len(set(record["seeds"])) < len(record["seeds"]):
        found.append("a seed stands twice")
    return found


def _in_words(record: Mapping) -> list[str]:
    """What nobody has told, or varied."""
    found, epochs = [], record["convergence"]["epochs"]
    if epochs.keys() != record["rows"][record["winner"]].keys():
        found.append("the epochs are not told for every setting")
    for short, long in epochs.values():
        if short < 1 or long < 2 * short:
            found.append(f"{long} epochs are not twice {short}")
    if not record["rivals"].get(record["rival"], "").strip():
        found.append(f"nothing says how {record['rival']} was tuned")
    if not record["sensitivity"]:
        found.append("no design choice was varied")
    return found


def _in_numbers(record: Mapping) -> list[str]:
    """Where the margin is too small, or does not last."""
    found, fitted = [], record["rows"][_trained(record)]

    def turns(values: Values, setting: str) -> bool:
        """Whether one of these runs of the trained row contradicts the verdict."""
        if _trained(record) == record["winner"]:
            return max(values) >= min(record["rows"][record["rival"]][setting])
        return min(values) <= max(record["rows"][record["winner"]][setting])

    for setting, facts in summary(record).items():
        if facts["below the rival by"]["low"] <= 0:
            found.append(f"at {setting} the margin to the rival lies within chance")
        if facts["below the null by"]["low"] <= 0:
            found.append(f"at {setting} it is no better than the null")
        longer = record["convergence"]["longer"][setting]
        change = abs(facts["change after twice the epochs"]) * np.mean(fitted[setting])
        if _rival_longer(record):
            if facts["below the rival after twice the epochs by"]["low"] <= 0:
                found.append(f"at {setting} the margin after twice the epochs lies within chance")
        elif change > CONVERGED * abs(facts["below the rival by"]["mean"]):
            share = change / abs(facts["below the rival by"]["mean"])
            found.append(f"at {setting} twice the epochs change the error by {share:.0%} of the "
                         "margin")  # fmt: skip
        if turns(longer, setting):
            found.append(f"at {setting} a longer fit turns it round")
        for choice, values in record["sensitivity"].items():
            for value, row in values.items():
                if setting in row and turns(row[setting], setting):
                    found.append(f"at {setting}, {choice} = {value} it does not hold")
    return found
