"""What is wrong with numbers, in general terms: a factor, a sign, a shape, NaN."""

import numpy as np


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-4) -> bool:
    """Equal up to ``tolerance`` times the largest finite value of ``b``; NaN equals NaN."""
    if a.shape != b.shape and not a.size == b.size == 1:  # [3.0] will do where 3.0 is asked for
        return False
    a, b = a.astype(float).ravel(), b.astype(float).ravel()
    scale = np.abs(b[np.isfinite(b)]).max(initial=0)
    return np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def factor(answer: np.ndarray, right: np.ndarray) -> float | None:
    """The number other than 0 that ``right`` is multiplied by to give ``answer``, if any."""
    if answer.size != right.size or not np.any(right):
        return None
    ratio = answer.astype(float).ravel() @ right.ravel() / np.sum(right.astype(float) ** 2)
    return ratio if np.isfinite(ratio) and ratio != 0 and close(answer, ratio * right) else None


def difference(cases: list[tuple[str, np.ndarray, np.ndarray]], tolerance: float) -> str:
    """How an answer differs from what is right, in a sentence or two; nothing if it does not.

    Each case is an input in words, the answer and the right value.
    """
    failing = [case for case in cases if not close(*case[1:], tolerance)]
    if not failing:
        return ""
    label, answer, right = failing[0]
    found = by_factor([case[1:] for case in failing])
    if len(failing) < len(cases):
        start = f"Only some inputs fail, such as {label}: "
    else:
        start = "" if found else f"On {label}, "
    said = start + (found or by_shape(answer, right) or by_value(answer, right))
    return said[:1].upper() + said[1:]


def by_factor(pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """What to say if each answer is a multiple of what is right, else nothing."""
    factors = [factor(answer, right) for answer, right in pairs]
    numbers = [right.size == 1 for _, right in pairs]
    if None in factors or numbers == [True] or all(abs(f - 1) < 0.02 for f in factors):
        return ""
    size = abs(factors[0])
    if np.ptp(factors) < 1e-3 * size:
        off = "" if abs(size - 1) < 1e-3 else f"it is off by a constant factor of {size:.4g}"
    elif any(numbers):  # every number is a multiple of every other
        return ""
    else:
        off = ("it is off by a factor that changes with the input: a sum in place of a mean, or a "
               "division by the wrong count")
    sign = "the sign is reversed" if max(factors) < 0 else ""
    return ", and ".join(filter(None, [sign, off])) + "."


def by_shape(answer: np.ndarray, right: np.ndarray) -> str:
    """What to say if the shape is not right, else nothing."""
    if answer.shape == right.shape:
        return ""
    instead = f"{shape_in_words(answer)} where {shape_in_words(right)} is expected."
    if answer.ndim == 2 and close(answer.T, right):
        return f"it is transposed: {instead}"
    if answer.size == right.size and close(answer.reshape(right.shape), right):
        return f"the values are right, but it is {instead}"
    if right.ndim == 1 and answer.shape == 2 * right.shape:
        instead += " A column and a row, combined entry by entry, make such a square table."
    elif answer.ndim > right.ndim:
        instead += " An axis is left over: is a sum or a mean missing?"
    elif answer.ndim < right.ndim:
        instead += " An axis is lost: what is put together that should stay apart?"
    return f"it is {instead}"


def by_value(answer: np.ndarray, right: np.ndarray) -> str:
    for odd, word in ((np.isnan, "NaN (not a number)"), (np.isinf, "infinite")):
        if odd(answer.astype(float)).any():
            return (f"the result has values that are {word}: look for a logarithm or a division "
                    "of 0, an overflow, or a NaN that was passed on.")
    if close(answer, right, 0.02):
        return "it is close, but not equal: a small constant or a low precision gets in."
    if right.size == 1:
        return f"it is {answer.item():.6g} where {right.item():.6g} is expected."
    return "the shape is as expected; the values are not."


def shape_in_words(array: np.ndarray) -> str:
    return f"of shape {array.shape}" if array.ndim else "a single number"
