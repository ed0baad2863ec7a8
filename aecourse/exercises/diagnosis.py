"""What is wrong with numbers, in general terms: a factor, a sign, a root, an axis, a shape, NaN.

A cause is named only if it explains the answer on every input.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """One input in words, what the answer gave for it, what is right, and numbers it could need.

    ``counts`` has such numbers by their names: "the number of rows of x" -> 7.
    """

    label: str
    answer: np.ndarray
    right: np.ndarray
    counts: dict[str, float] = {}


Cases = list[Case]


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-4) -> bool:
    """Equal up to ``tolerance`` times the largest finite value of ``b``; NaN equals NaN.

    Where ``b`` consists of integers, ``a`` has to have the same.
    """
    if a.shape != b.shape and not a.size == b.size == 1:  # [3.0] will do where 3.0 is asked for
        return False
    whole = b.dtype.kind in "biu"
    a, b = a.astype(float).ravel(), b.astype(float).ravel()
    margin = tolerance * np.abs(b[np.isfinite(b)]).max(initial=0)
    return np.allclose(a, b, rtol=0, atol=min(margin, 0.25) if whole else margin, equal_nan=True)


def difference(cases: Cases, tolerance: float) -> str:
    """How an answer differs from what is right, in a sentence or two; nothing if it does not."""
    failing = failures(cases, tolerance)
    if not failing:
        return ""
    found = relation(cases, tolerance) or (
        by_unknown_factor(failing) or by_order(failing, tolerance) or by_place(failing, tolerance))
    start = "" if found else f"On {failing[0].label}, "
    if len(failing) < len(cases):
        start = f"Only some inputs fail, such as {failing[0].label}: "
    if not found and (label := next((c.label for c in failing if not_finite(c)), None)):
        start = start.replace(failing[0].label, label)
    said = start + (found or by_number_kind(failing) or by_shape(failing[0])
                    or by_value(failing))
    return said[:1].upper() + said[1:]


def failures(cases: Cases, tolerance: float) -> Cases:
    return [case for case in cases if not close(case.answer, case.right, tolerance)]


def not_finite(case: Case) -> str:
    """What the answer has that is no finite number, where the right value is finite or larger."""
    for odd, word in ((np.isnan, "NaN (not a number)"), (np.isinf, "infinite")):
        if odd(case.answer.astype(float)).sum() > odd(case.right.astype(float)).sum():
            return word
    return ""


def by_number_kind(failing: Cases) -> str:
    """What to say about NaN and infinity, beside a shape that is wrong."""
    case = next((case for case in failing if not_finite(case)), None)
    if not case:
        return ""
    shape = by_shape(case).rstrip(".")
    return (f"{shape}, and" if shape else "the result") + (
        f" has values that are {not_finite(case)}: look for a logarithm or a division of 0, a "
        "root or a logarithm of a negative number, an overflow, or a NaN that was passed on.")


# Causes that explain all inputs -------------------------------------------------------------


def relation(cases: Cases, tolerance: float) -> str:
    """How the answers come from what is right, in words: what makes all of them, or nothing."""
    failing = failures(cases, tolerance)
    if not failing or any(not_finite(case) for case in failing):
        return ""
    return (by_one_number(cases) or by_step(cases, tolerance) or by_function(cases, tolerance)
            or (by_constant(cases) if len(failing) == len(cases) else ""))


def by_step(cases: Cases, tolerance: float) -> str:
    """What to say if one simple step leads from what is right to the answers, else nothing.

    A step is a factor with a meaning, a change of form, or a sum over an axis.
    """
    failing = failures(cases, tolerance)
    if not failing or any(not_finite(case) for case in failing):
        return ""
    return by_factor(failing) or by_form(failing, tolerance) or by_axis(failing, tolerance)


def by_one_number(cases: Cases) -> str:
    """What to say if the answer is one and the same number everywhere."""
    values = np.concatenate([case.answer.ravel() for case in cases]).astype(float)
    rights = np.concatenate([case.right.ravel() for case in cases]).astype(float)
    if len(cases) > 1 and len(values) and np.ptp(values) == 0 and np.ptp(rights) != 0 and all(
            case.answer.size == case.right.size for case in cases):
        return f"it is {values[0]:.4g} everywhere, whatever is passed."
    return ""


def factor(answer: np.ndarray, right: np.ndarray) -> float | None:
    """The number other than 0 that ``right`` is multiplied by to give ``answer``, if any."""
    if answer.size != right.size or not np.any(right):
        return None
    ratio = answer.astype(float).ravel() @ right.ravel() / np.sum(right.astype(float) ** 2)
    scaled = ratio * right.astype(float)
    return ratio if np.isfinite(ratio) and ratio != 0 and close(answer, scaled) else None


KNOWN_FACTORS = {
    1 / np.log(2): "1 / ln 2: a logarithm of base 2",
    1 / np.log(10): "1 / ln 10: a logarithm of base 10",
    np.log(2): "ln 2: bits and nats are confused",
    100: "per cent",
    0.01: "per cent",
}


def by_factor(cases: Cases) -> str:
    """What to say if a sign, or a factor that has a meaning, makes the answers; else nothing."""
    factors = common_factors(cases)
    if not factors:
        return ""
    sizes = np.abs(factors)
    if np.ptp(sizes) < 1e-3 * sizes[0]:
        known = next((f", {word}" for value, word in KNOWN_FACTORS.items()
                      if abs(sizes[0] / value - 1) < 1e-3), "")
        off = "" if abs(sizes[0] - 1) < 1e-3 else (
            f"it is off by a constant factor of {sizes[0]:.4g}{known}.")
    else:
        off = by_count(cases, sizes)
        if not off:
            return ""
    sign = "the sign is reversed" if max(factors) < 0 else ""
    return ", and ".join(filter(None, [sign, off])) if off else f"{sign}."


def by_unknown_factor(cases: Cases) -> str:
    factors = common_factors(cases)
    if not factors or any(case.right.size == 1 for case in cases):
        return ""  # every number is a multiple of every other
    sign = "the sign is reversed, and " if max(factors) < 0 else ""
    return f"{sign}it is off by a factor that changes with the input. Check what it is divided by."


def common_factors(cases: Cases) -> list[float]:
    """What each right value is multiplied by, if that can be told and is not almost 1."""
    factors = [factor(case.answer, case.right) for case in cases]
    if None in factors or [c.right.size for c in cases] == [1] or all(
            abs(f - 1) < 0.02 for f in factors):
        return []
    return factors


# What becomes of a number n of the input, and why a result may be too large or too small by that.
FORMS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str, str]] = {
    "{}": (lambda n: n, "Is a sum taken in place of a mean, or a division missing?",
           "Is a mean taken in place of a sum, or is it divided once too often?"),
    "n / (n - 1), where n is {}": (lambda n: n / (n - 1), "Is it divided by n - 1, not by n?",
                                   "Is it divided by n, not by n - 1?"),
    "the root of {}": (lambda n: n**0.5, "", ""),
    "twice {}": (lambda n: 2 * n, "", ""),
    "half of {}": (lambda n: n / 2, "", ""),
    "the square of {}": (lambda n: n**2, "", "Is it divided by it twice?"),
    "the logarithm of {}": (np.log, "", ""),
}


def by_count(cases: Cases, factors: np.ndarray) -> str:
    """Which number of the inputs the factors are, or are one over, in words."""
    for form, (function, large, small) in FORMS.items():
        for name in cases[0].counts:
            with np.errstate(all="ignore"):
                values = function(numbers(cases, name))
                for word, why, expected in (("large", large, values), ("small", small, 1 / values)):
                    if np.allclose(expected, factors, rtol=1e-3):
                        return (f"it is off by a factor that changes with the input: too {word} by "
                                f"{form.format(name)}, {values[0]:.4g} on {cases[0].label}. "
                                f"{why}").strip()
    return ""


def numbers(cases: Cases, name: str) -> np.ndarray:
    """One of the counts for each case; NaN where an input has it not."""
    return np.array([case.counts.get(name, np.nan) for case in cases], dtype=float)


# What was done to the right numbers, or not done -> the function that does it.
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "it is the square of what is expected: a root is missing, or a square is too many.": np.square,
    "it is the root of what is expected: a square is missing, or a root is too many.": np.sqrt,
    "it is one minus what is expected, the rest of 1.": lambda right: 1 - right,
    "it is one divided by what is expected: a fraction is upside down.": lambda right: 1 / right,
    "negative numbers have lost their sign.": np.abs,
    "negative numbers have become 0.": lambda right: np.maximum(right, 0),
    "it is the logarithm of what is expected: an exponential is missing.": np.log,
    "it is the exponential of what is expected: a logarithm is missing.": np.exp,
    "it is what is expected, rounded down: is it // or int() in place of /?": np.floor,
    "it is what is expected, rounded to whole numbers: is it // or int() in place of /?": np.round,
    **{f"it is what is expected, rounded to {n} decimal{'s' * (n > 1)}. Return it as it is.":
       functools.partial(np.round, decimals=n) for n in (1, 2, 3)},
    "it is what is expected, rounded up: is it // or int() in place of /?": np.ceil,
}


def by_function(cases: Cases, tolerance: float) -> str:
    """What to say if one function leads from all that is right to all answers, else nothing."""
    if sum(case.right.size for case in cases) < 2:
        return ""
    if all(case.right.dtype.kind == "b" for case in cases):
        opposite = all(close(case.answer, ~case.right) for case in cases)
        return "True and False have changed places." if opposite else ""
    for said, function in FUNCTIONS.items():
        with np.errstate(all="ignore"):
            done = [function(case.right.astype(float)) for case in cases]
        changes = any((other != case.right).any() for case, other in zip(cases, done))
        if changes and all(close(c.answer, other, tolerance) for c, other in zip(cases, done)):
            return said
    return ""


def by_constant(cases: Cases) -> str:
    """What to say if the same number, or a number of the input, is added to everything."""
    if len(cases) < 2 or any(case.answer.shape != case.right.shape for case in cases):
        return ""
    added = [case.answer.astype(float) - case.right for case in cases]
    if any(np.ptp(values) > 1e-3 * np.abs(values).min() for values in added):
        return ""
    first = np.array([values.flat[0] for values in added])
    more = "more" if first[0] > 0 else "less"
    if np.ptp(first) <= 1e-3 * np.abs(first).min():
        return f"it is {abs(first[0]):.4g} {more} than expected, on every input."
    for name in cases[0].counts:
        counts = np.sign(first[0]) * numbers(cases, name)
        if np.allclose(counts, first, rtol=1e-3):
            return (f"it is {more} than expected by {name}, {abs(counts[0]):.4g} on "
                    f"{cases[0].label}.")
    return ""


def by_axis(cases: Cases, tolerance: float) -> str:
    """What to say if an axis was added up or averaged that should not be, or the reverse."""
    lost = cases[0].right.ndim - cases[0].answer.ndim
    if lost == 0 or any(case.right.ndim - case.answer.ndim != lost for case in cases):
        return ""
    whole, parts = ([c.right for c in cases], [c.answer for c in cases])
    if lost < 0:
        whole, parts = parts, whole
    if abs(lost) == whole[0].ndim and whole[0].ndim > 1:
        axes = {" over everything": None}
    elif abs(lost) == 1:
        axes = {f" over axis {axis}" if whole[0].ndim > 1 else "": axis
                for axis in range(whole[0].ndim)}
    else:
        return ""
    for where, axis in axes.items():
        for word, join in (("added up", np.sum), ("averaged", np.mean)):
            if all(close(part, join(table, axis=axis), tolerance)
                   for part, table in zip(parts, whole)):
                if lost > 0:
                    return f"it is what is expected, {word}{where}. Keep the numbers apart."
                return f"{word}{where}, it would be what is expected."
    return ""


def by_form(cases: Cases, tolerance: float) -> str:
    """What to say if the values are right and the shape is not, else nothing."""
    instead = (f"{shape_in_words(cases[0].answer)} where {shape_in_words(cases[0].right)} is "
               "expected.")
    if any(case.answer.shape == case.right.shape for case in cases):
        return ""
    if all(case.answer.ndim == 2 and close(case.answer.T, case.right, tolerance)
           for case in cases):
        return f"it is transposed: {instead}"
    if all(case.answer.size == case.right.size
           and close(case.answer.reshape(case.right.shape), case.right, tolerance)
           for case in cases):
        return f"the values are right, but it is {instead}"
    return ""


def by_order(cases: Cases, tolerance: float) -> str:
    """What to say if the numbers are right and stand in other places."""
    if any(case.answer.shape != case.right.shape or case.right.dtype.kind == "b"
           or len(np.unique(case.right)) < 3 for case in cases):
        return ""
    if all(close(case.answer, case.right[::-1], tolerance) for case in cases):
        return "it is in reverse order: the last comes first."
    if all(close(np.sort(case.answer, axis=None), np.sort(case.right, axis=None), tolerance)
           for case in cases):
        return "the numbers are right, but they stand in other places than expected."
    return ""


def by_place(cases: Cases, tolerance: float) -> str:
    """What to say if a first or last row, column or entry alone is wrong, or alone is right."""
    if any(case.answer.shape != case.right.shape or case.right.ndim not in (1, 2)
           or min(case.right.shape) < 2 for case in cases):
        return ""
    agree = [np.abs(case.answer.astype(float) - case.right) <= tolerance * np.abs(case.right).max()
             for case in cases]
    for axis, name in enumerate(("row", "column") if agree[0].ndim == 2 else ("entry",)):
        lines = [table.all(axis=1 - axis) if table.ndim == 2 else table for table in agree]
        for which, one, rest in (("first", 0, np.s_[1:]), ("last", -1, np.s_[:-1])):
            if all(line[one] and not line[rest].any() for line in lines):
                return f"only the {which} {name} is right."
            if all(line[rest].all() and not line[one] for line in lines):
                return f"only the {which} {name} is wrong."
    return ""


# Descriptions -------------------------------------------------------------------------------


def by_shape(case: Case) -> str:
    """What to say if the shape is not right, else nothing."""
    answer, right = case.answer, case.right
    if answer.shape == right.shape:
        return ""
    instead = f"{shape_in_words(answer)} where {shape_in_words(right)} is expected."
    if right.ndim == 1 and answer.shape == 2 * right.shape:
        instead += " A column and a row, combined entry by entry, make such a square table."
    elif answer.ndim > right.ndim:
        instead += " An axis is left over: is a sum or a mean missing?"
    elif answer.ndim < right.ndim:
        instead += " An axis is lost: what is put together that should stay apart?"
    elif answer.ndim == 2 and answer.shape == right.T.shape:
        instead += " Rows and columns have changed places."
    elif answer.ndim == 1 and abs(len(answer) - len(right)) == 1:
        instead += f" One entry is {'missing' if len(answer) < len(right) else 'too many'}."
    return f"it is {instead}"


def by_value(failing: Cases) -> str:
    case = failing[0]
    if not are_whole(failing) and all(close(c.answer, c.right, 0.02) for c in failing):
        if case.answer.dtype == np.float16:
            return "it is close, but not equal: half precision has three digits only."
        return "it is close, but not equal. Does a small constant or a low precision get in?"
    if case.right.size == 1:
        return f"it is {case.answer.item():.6g} where {case.right.item():.6g} is expected."
    return "the shape is as expected; the values are not."


def are_whole(cases: Cases) -> bool:
    """Whether all right values are whole numbers: counts are not "close"."""
    return all(np.array_equal(case.right, np.round(case.right.astype(float)), equal_nan=True)
               for case in cases)


def shape_in_words(array: np.ndarray) -> str:
    return f"of shape {array.shape}" if array.ndim else "a single number"
