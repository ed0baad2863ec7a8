"""The exercise engine: ``check(name, answer)`` tells a learner what is right, or what is wrong.

An :class:`Exercise` is a reference, some probe inputs and a catalogue of mistakes. A mistake is an
executable wrong implementation with a message: an answer that agrees with it on every probe gets
that message. Nothing an answer does is thrown at the learner, except their own Ctrl-C.

A lesson adds a module to ``aecourse/exercises`` with a list ``EXERCISES``; nothing is registered
elsewhere.
"""

import contextlib
import copy
import functools
import inspect
import random
import re
import sysconfig
import textwrap
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from aecourse import exercises

__all__ = ["Exercise", "Mistake", "Verdict", "check", "judge"]


class Verdict(NamedTuple):
    """What the engine thinks of an answer."""

    status: str  # "not attempted", "wrong", "right" or "error"
    message: str


class Mistake:
    """One misunderstanding: ``message``, and one or more wrong implementations that show it."""

    def __init__(self, message: str, *wrong: Callable):
        self.message, self.wrong = message, wrong


@dataclass(frozen=True)
class Exercise:
    """A task with its right answer and the mistakes that people make in it.

    Probes need unequal dimensions and values far from special cases, in float64, so that a
    transposition or a wrong count shows. No wrong implementation may raise on them.
    """

    name: str
    right: Callable
    probes: dict[str, tuple]  # what the input is, in words -> the arguments
    mistakes: list[Mistake]
    insight: str  # said when the answer is right
    returns: tuple[str, ...] = ("the result",)  # a name for each returned value
    also_right: tuple[Callable, ...] = ()  # other conventions that are accepted
    tolerance: float = 1e-4  # relative to the largest value; wide enough for float32

    def arrays(self, result) -> list[np.ndarray]:
        """The returned values as arrays; TypeError or ValueError says what cannot be one."""
        if len(self.returns) == 1:
            return [as_array(result)]
        if not isinstance(result, (tuple, list)) or len(result) != len(self.returns):
            count = f"{len(result)} values" if isinstance(result, (tuple, list)) else "one value"
            raise ValueError(f"{count}; expected {len(self.returns)}: {', '.join(self.returns)}")
        return [as_array(value) for value in result]

    @functools.cached_property
    def right_values(self) -> list[list[np.ndarray]]:
        return self.run(self.right)

    @functools.cached_property
    def wrong_values(self) -> list[tuple[Mistake, list[list[np.ndarray]]]]:
        return [(mistake, self.run(wrong)) for mistake in self.mistakes for wrong in mistake.wrong]

    def run(self, function: Callable) -> list[list[np.ndarray]]:
        """Arrays that one of the catalogue's own functions returns: a list per probe."""
        return [self.arrays(function(*copy.deepcopy(a))) for a in self.probes.values()]

    def agree(self, some, others, part: int) -> bool:
        """Whether two functions returned the same values, in one part, on every probe."""
        return all(close(a[part], b[part], self.tolerance) for a, b in zip(some, others))


def check(name: str, answer) -> None:
    """Print one verdict on the answer to the exercise ``name``. Raises nothing but Ctrl-C."""
    status, message = judge(name, answer)
    title = name[:1].upper() + name[1:] if type(name) is str else "Check"
    status = {"not attempted": "not attempted yet"}.get(status, status)
    print(textwrap.fill(printable(f"{title}: {status}. {message}"), 88))


def judge(name: str, answer) -> Verdict:
    """The verdict on an answer, a function that takes the arguments the exercise names."""
    try:
        with isolated():
            return _judge(name, answer)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # the last net, for objects that fail when looked at
        return Verdict("error", "The answer cannot be judged: looking at it raises "
                                f"{type(failure).__name__}.")


def _judge(name, answer) -> Verdict:
    known = exercises.catalogue()
    exercise = known.get(name) if isinstance(name, str) else None
    if exercise is None:
        shown = f'"{name}"' if isinstance(name, str) else kind_of(name)
        return Verdict("error", f"There is no exercise named {shown}. The names are: "
                                f"{', '.join(known)}.")
    if answer is ... or answer is None:
        return NOT_ATTEMPTED
    if not callable(answer):
        return Verdict("error", f"The answer is {kind_of(answer)}, not a function. Pass the "
                                "function itself: its name, without brackets.")
    rights, answers, changed = exercise.right_values, [], None
    parameters = list(inspect.signature(exercise.right).parameters)
    if (count := wrong_parameter_count(answer, len(parameters))) is not None:
        return Verdict("error", f"The function takes {count} parameter{'s' * (count != 1)}, and "
                                f"the exercise passes {len(parameters)}: {', '.join(parameters)}.")
    for label, arguments in exercise.probes.items():
        given = copy.deepcopy(arguments)
        try:
            result = answer(*given)
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # SystemExit too
            return Verdict("error", f"On {label}, {describe(failure)}")
        if is_blank(result, answer):
            return NOT_ATTEMPTED
        if result is None:
            return Verdict("wrong", "The function returns None. Is a return missing at its end?")
        try:
            values = exercise.arrays(result)
        except (TypeError, ValueError, OverflowError) as problem:
            return Verdict("wrong", f"The function should return numbers. It returns {problem}.")
        answers.append(values)
        changed = changed or next((parameter for parameter, before, after
                                   in zip(parameters, arguments, given)
                                   if differ(before, after)), None)
    wrong = [p for p in range(len(exercise.returns)) if not exercise.agree(answers, rights, p)]
    if wrong and not any(shows(exercise, answers, exercise.run(other), rights, whole=True)
                         for other in exercise.also_right):
        return Verdict("wrong", diagnose(exercise, answers, rights, wrong))
    if changed:
        return Verdict("wrong", f"The values are right, but the function changes its argument "
                                f"{changed} in place, and whoever called it loses the original. "
                                "Work on a copy.")
    return Verdict("right", exercise.insight)


# What is wrong ------------------------------------------------------------------------------


def diagnose(exercise: Exercise, answers, rights, wrong: list[int]) -> str:
    """The message for values that are not right: from the catalogue, else in general terms."""
    for whole in (True, False):  # a mistake in every part, before one in some part
        for mistake, values in exercise.wrong_values:
            if shows(exercise, answers, values, rights, whole):
                return mistake.message
    part = wrong[0]
    pairs = [(label, a[part], r[part]) for label, a, r in zip(exercise.probes, answers, rights)]
    pairs = [(label, a, r) for label, a, r in pairs if not close(a, r, exercise.tolerance)]
    start = ""
    if len(wrong) < len(exercise.returns):
        good = [n for p, n in enumerate(exercise.returns) if p not in wrong]
        start = f"{' and '.join(good)} {'is' if len(good) == 1 else 'are'} right. "
    start += f"Not right: {exercise.returns[part]}. "
    if len(pairs) < len(exercise.probes):
        start += f"Only some inputs fail, such as {pairs[0][0]}. "
    factors = [factor(a, r) for _, a, r in pairs]
    if None not in factors and np.ptp(factors) < 1e-3 * abs(factors[0]) and (
            len(pairs) > 1 or pairs[0][2].size > 1):
        return start + ("The sign is reversed." if abs(factors[0] + 1) < 1e-3 else
                        f"It is close, but off by a constant factor of {factors[0]:.4g}.")
    if None not in factors and all(r.size > 1 for _, _, r in pairs):
        return start + ("It is off by a factor that changes with the input: a sum in place of a "
                        "mean, or a division by the wrong count.")
    for mistake, values in exercise.wrong_values:
        scaled = [[v if (f := factor(a, v)) is None or v.size == 1 else f * v
                   for a, v in zip(one, other)] for one, other in zip(answers, values)]
        if shows(exercise, answers, scaled, rights):
            return f"{mistake.message} Besides, a factor is wrong: check what is divided by what."
    return start + in_general(*pairs[0])


def shows(exercise: Exercise, answers, values, rights, whole: bool = False) -> bool:
    """Whether an answer is that implementation: each part agrees with it, or is right."""
    return all(exercise.agree(answers, values, part)
               or not whole and exercise.agree(answers, rights, part)
               for part in range(len(exercise.returns)))


def in_general(label: str, answer: np.ndarray, right: np.ndarray) -> str:
    if answer.shape != right.shape:
        got, expected = shape_in_words(answer), shape_in_words(right)
        if answer.ndim == 2 and close(answer.T, right):
            return f"It is transposed: {got} where {expected} is expected."
        if answer.size == right.size and close(answer.reshape(right.shape), right):
            return f"The values are right, but it is {got} where {expected} is expected."
        return f"On {label}, it is {got} where {expected} is expected."
    for odd, word in ((np.isnan, "NaN (not a number)"), (np.isinf, "infinite")):
        if odd(answer.astype(float)).any():
            return (f"On {label}, the result has values that are {word}: look for a logarithm or "
                    "a division of 0, an overflow, or a NaN that was passed on.")
    if close(answer, right, 0.02):
        return "It is close, but not equal: a small constant or a low precision gets in."
    return f"On {label}, the shape is as expected; the values are not."


def factor(answer: np.ndarray, right: np.ndarray) -> float | None:
    """The number other than 0 that ``right`` is multiplied by to give ``answer``, if any."""
    if answer.size != right.size or not np.any(right):
        return None
    ratio = answer.astype(float).ravel() @ right.ravel() / np.sum(right.astype(float) ** 2)
    return ratio if np.isfinite(ratio) and ratio != 0 and close(answer, ratio * right) else None


# Looking at answers -------------------------------------------------------------------------


NOT_ATTEMPTED = Verdict("not attempted", "Replace the dots in the cell above, run it, and then "
                                         "run this one again.")


def is_blank(result, answer) -> bool:
    """Whether the stub is as it was: it returns dots, or has no code at all."""
    if result is ... or isinstance(result, tuple) and result and all(r is ... for r in result):
        return True
    code = getattr(answer, "__code__", None)
    return result is None and code and len(code.co_code) == len((lambda: None).__code__.co_code)


def as_array(value) -> np.ndarray:
    """Tensors, arrays, tables, lists and numbers as an array; TypeError where there is none."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        try:
            value = np.array([as_array(v) for v in value])
        except ValueError:
            raise ValueError("a list whose items have different shapes") from None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" and value is not None:
            array = array.astype(np.float64)
    except Exception:
        raise TypeError(kind_of(value)) from None
    if array.dtype.kind not in "biuf":
        raise TypeError("dots" if value is ... else kind_of(value) if array.ndim == 0
                        else f"an array of {array.dtype.name}")
    return array


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-4) -> bool:
    """Equal up to ``tolerance`` times the largest finite value of ``b``; NaN equals NaN."""
    if a.shape != b.shape and not a.size == b.size == 1:  # [3.0] will do where 3.0 is asked for
        return False
    a, b = a.astype(float).ravel(), b.astype(float).ravel()
    scale = np.abs(b[np.isfinite(b)]).max(initial=0)
    return np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True)


def differ(before, after) -> bool:
    """Whether an argument was changed in place."""
    try:
        return not close(as_array(after), as_array(before), 0)
    except (TypeError, ValueError, OverflowError):
        return isinstance(before, (np.ndarray, torch.Tensor, list))


def wrong_parameter_count(answer, passed: int) -> int | None:
    """How many parameters an answer has, if it cannot be called with ``passed`` of them."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none
        return None
    try:
        signature.bind(*range(passed))
    except TypeError:
        return len(signature.parameters)
    return None


def describe(failure: BaseException) -> str:
    """An exception in words: the last line of the learner's own code, type and message."""
    frames = traceback.extract_tb(failure.__traceback__)[1:]
    library = (sysconfig.get_paths()["stdlib"], "<frozen", "<__array_function__")
    own = [f for f in frames
           if not f.filename.startswith(library) and "site-packages" not in f.filename]
    where = f"line {own[-1].lineno} of your code" if own else "the answer"
    line = f" ({own[-1].line})" if own and own[-1].line else ""
    try:
        said = re.sub(r" at 0x[0-9a-fA-F]+", "", str(failure)).strip().split("\n")[0][:300]
    except Exception:
        said = ""
    return f"{where}{line} raises {type(failure).__name__}{': ' + said if said else ''}"


def kind_of(value) -> str:
    """The type's name with its article."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' or name == 'ndarray' else 'a'} {name}"


def shape_in_words(array: np.ndarray) -> str:
    return f"of shape {array.shape}" if array.ndim else "a single number"


def printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@contextlib.contextmanager
def isolated():
    """Fixed random numbers and no warnings inside; the reader's random state is put back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(0), np.random.seed(0), torch.default_generator.manual_seed(0)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0]), np.random.set_state(states[1]), torch.set_rng_state(states[2])
