"""The exercise engine: ``check(name, answer)`` tells a learner what is right, or what is wrong.

An :class:`Exercise` is a reference, some probe inputs and a catalogue of mistakes. A mistake is an
executable wrong implementation with a message: an answer that agrees with it on every probe gets
that message. Nothing an answer does is thrown at the learner, except their own Ctrl-C.

A lesson adds a module to ``aecourse/exercises`` with a list ``EXERCISES``; nothing is registered
elsewhere.
"""

import contextlib
import copy
import difflib
import functools
import inspect
import random
import textwrap
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch

from aecourse.exercises import collection
from aecourse.exercises.answers import (
    as_arrays,
    describe,
    differ,
    has_dots,
    is_blank,
    kind_of,
    without_gradient,
    wrong_parameter_count,
)
from aecourse.exercises.diagnosis import close, difference, factor

__all__ = ["Exercise", "Mistake", "Verdict", "check", "judge"]

Values = list[list[np.ndarray]]  # what a function returns: for each probe, an array per part


class Verdict(NamedTuple):
    """What the engine thinks of an answer."""

    status: str  # "not attempted", "wrong", "right" or "error"
    message: str


NOT_ATTEMPTED = Verdict("not attempted", "Replace the dots in the cell above, run it, and then "
                                         "run this one again.")


class Mistake:
    """One misunderstanding: ``message``, and one or more wrong implementations that show it."""

    def __init__(self, message: str, *wrong: Callable):
        self.message, self.wrong = message, wrong


@dataclass(frozen=True)
class Exercise:
    """A task with its right answer and the mistakes that people make in it.

    Probes need unequal dimensions and values far from special cases, in float64, so that a
    transposition or a wrong count shows. A wrong implementation may return other shapes than the
    reference, but must not raise.
    """

    name: str
    right: Callable
    probes: dict[str, tuple]  # what the input is, in words -> the arguments
    mistakes: list[Mistake]
    insight: str  # said when the answer is right
    returns: tuple[str, ...] = ("the result",)  # a name for each returned value
    also_right: tuple[Callable, ...] = ()  # other conventions that are accepted
    # Where an argument has to be changed: takes the arguments as a right answer left them, and
    # returns what is wrong with them, if anything.
    after: Callable[..., str | None] | None = None
    # Where every returned value has to be a tensor that a loss can be trained through: right
    # numbers without a gradient (all of it under no_grad, detached, turned into NumPy) are refused.
    trainable: bool = False
    # Probes that break a careless computation -> what to say if all others come out right. They
    # do not hide a mistake that shows on the others.
    extreme: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)  # pattern in an exception -> hint
    tolerance: float = 1e-4  # relative to the largest value; wide enough for float32

    @functools.cached_property
    def right_values(self) -> Values:
        return self.run(self.right)

    @functools.cached_property
    def wrong_values(self) -> list[tuple[Mistake, Values]]:
        return [(mistake, self.run(wrong)) for mistake in self.mistakes for wrong in mistake.wrong]

    def run(self, function: Callable) -> Values:
        """What one of the catalogue's own functions returns."""
        return [as_arrays(function(*copy.deepcopy(arguments)), self.returns)
                for arguments in self.probes.values()]

    def same(self, some: Values, others: Values, or_right: bool = False) -> bool:
        """Whether two functions agree in every part, or, if allowed, the first is right there."""
        return all(self.agree(some, others, part)
                   or or_right and self.agree(some, self.right_values, part)
                   for part in range(len(self.returns)))

    def agree(self, some: Values, others: Values, part: int) -> bool:
        return all(close(a[part], b[part], self.tolerance) for a, b in zip(some, others))

    def accepts(self, values: Values) -> bool:
        return self.same(values, self.right_values) or any(
            self.same(values, self.run(other)) for other in self.also_right)


def check(name: str, answer) -> None:
    """Print one verdict on the answer to the exercise ``name``. Raises nothing but Ctrl-C."""
    status, message = judge(name, answer)
    title = name[:1].upper() + name[1:] if type(name) is str else "Check"
    status = {"not attempted": "not attempted yet"}.get(status, status)
    verdict = f"{title}: {status}. {message}".encode("utf-8", "replace").decode("utf-8")
    print(textwrap.fill(verdict, 88))


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
    known = collection.catalogue()
    exercise = known.get(name) if isinstance(name, str) else None
    if exercise is None:
        return Verdict("error", unknown_name(name, known))
    if answer is ... or answer is None:
        return NOT_ATTEMPTED
    verdict = _verdict(exercise, answer)
    # A fill-in whose dots still stand fails somewhere behind them: that says nothing.
    return NOT_ATTEMPTED if verdict.status != "right" and has_dots(answer) else verdict


def unknown_name(name, known: Collection[str]) -> str:
    """What to say about a name that no exercise has."""
    if not isinstance(name, str):
        return ("The name in quotes comes first, then the function: "
                'check("share kept", share_kept).')
    lowered = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1)
    way_out = (f'Did you mean "{lowered[close[0]]}"?' if close
               else "The saved lesson has the name in the cell of its check.")
    return f'There is no exercise named "{name}". {way_out}'


def _verdict(exercise: Exercise, answer) -> Verdict:
    if not callable(answer):
        return Verdict("error", f"The answer is {kind_of(answer)}, not a function. Pass the "
                                "function itself: its name, without brackets.")
    parameters = list(inspect.signature(exercise.right).parameters)
    if (count := wrong_parameter_count(answer, len(parameters))) is not None:
        return Verdict("error", f"The function takes {count} parameter{'s' * (count != 1)}, and "
                                f"the exercise passes {len(parameters)}: {', '.join(parameters)}.")
    answers, changed, left_wrong, untrainable = [], None, None, ""
    for label, arguments in exercise.probes.items():
        given = copy.deepcopy(arguments)
        try:
            result = answer(*given)
        except KeyboardInterrupt:
            raise
        except BaseException as failure:  # SystemExit too
            return Verdict("error", f"On {label}, {describe(failure, exercise.hints, arguments)}")
        if is_blank(result, answer):
            return NOT_ATTEMPTED
        if result is None:
            return Verdict("wrong", "The function returns None. Is a return missing at its end?")
        try:
            answers.append(as_arrays(result, exercise.returns))
        except (TypeError, ValueError, OverflowError) as problem:
            names = f": {', '.join(exercise.returns)}" if len(exercise.returns) > 1 else ""
            return Verdict("wrong", f"The function returns {problem}. It should return "
                                    f"numbers{names}.")
        if exercise.trainable:
            untrainable = untrainable or without_gradient(result, exercise.returns)
        changed = changed or next((parameter for parameter, before, after
                                   in zip(parameters, arguments, given)
                                   if differ(before, after)), None)
        if exercise.after:
            left_wrong = left_wrong or exercise.after(*given)
    if not exercise.accepts(answers):
        return Verdict("wrong", diagnose(exercise, answers))
    if left_wrong:
        return Verdict("wrong", left_wrong)
    if untrainable:
        return Verdict("wrong", f"The values are right, but {untrainable}")
    if changed:
        return Verdict("wrong", f"The values are right, but the function changes its argument "
                                f"{changed} in place, and whoever called it loses the original. "
                                "Work on a copy.")
    return Verdict("right", exercise.insight)


def diagnose(exercise: Exercise, answers: Values) -> str:
    """The message for values that are not right: from the catalogue, else in general terms."""
    for or_right in (False, True):  # a mistake in every part, before one in some part
        for mistake, values in exercise.wrong_values:
            if exercise.same(answers, values, or_right):
                return mistake.message
    if exercise.extreme:
        return without_extremes(exercise, answers)
    if any(factor(a, r) is None for one, right in zip(answers, exercise.right_values)
           for a, r in zip(one, right)):  # else a factor alone is wrong
        for mistake, values in exercise.wrong_values:
            scaled = [[v if (f := factor(a, v)) is None or v.size == 1 else f * v
                       for a, v in zip(one, other)] for one, other in zip(answers, values)]
            if exercise.same(answers, scaled, or_right=True):
                return (f"{mistake.message} Besides, a factor is wrong: check what is divided by "
                        "what.")
    return in_general(exercise, answers)


def without_extremes(exercise: Exercise, answers: Values) -> str:
    """The message as if there were no extreme probes, or the one for an extreme that fails."""
    probes = {label: a for label, a in exercise.probes.items() if label not in exercise.extreme}
    others = replace(exercise, probes=probes, extreme={})
    kept = [values for label, values in zip(exercise.probes, answers) if label in probes]
    if not others.accepts(kept):
        return diagnose(others, kept)
    return next(exercise.extreme[label]
                for label, a, r in zip(exercise.probes, answers, exercise.right_values)
                if not exercise.same([a], [r]))


def in_general(exercise: Exercise, answers: Values) -> str:
    right, wrong = [], {}
    for part, name in enumerate(exercise.returns):
        cases = [(label, a[part], r[part]) for label, a, r
                 in zip(exercise.probes, answers, exercise.right_values)]
        if finding := difference(cases, exercise.tolerance):
            wrong.setdefault(finding, []).append(name)
        else:
            right.append(name)
    if len(exercise.returns) == 1:
        return f"The result is not right. {finding}"
    said = [f"Right: {' and '.join(right)}."] if right else []
    said += [f"Not right: {' and '.join(names)}. {finding}" for finding, names in wrong.items()]
    return " ".join(said)


@contextlib.contextmanager
def isolated():
    """Fixed random numbers and no warnings inside; the reader's random state is put back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(0), np.random.seed(0), torch.default_generator.manual_seed(0)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), torch.enable_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0]), np.random.set_state(states[1]), torch.set_rng_state(states[2])
