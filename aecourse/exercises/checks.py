"""The exercise engine: ``check(name, answer)`` tells a learner what is right, or what is wrong.

An :class:`Exercise` is a reference, some probe inputs and a catalogue of mistakes. A mistake is an
executable wrong implementation with a message: an answer that agrees with it on every probe gets
that message. Nothing an answer does is thrown at the learner, except their own Ctrl-C.

A lesson adds a module to ``aecourse/exercises`` with a list ``EXERCISES``; nothing is registered
elsewhere.
"""

import difflib
import functools
import inspect
import textwrap
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from aecourse.exercises import collection, trials
from aecourse.exercises.answers import (
    as_arrays,
    describe,
    differ,
    has_dots,
    is_blank,
    kind_of,
    prints,
    reached,
    without_gradient,
    wrong_parameter_count,
)
from aecourse.exercises.diagnosis import Case, by_step, close, difference, relation
from aecourse.exercises.isolation import TooLong, isolated, time_limit
from aecourse.exercises.slips import slips_of

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
    # Other ways to write the reference. Slips of the pen are recognised in these, too.
    written_out: tuple[Callable, ...] = ()
    # Where every returned value has to be a tensor that a loss can be trained through: right
    # numbers without a gradient (all of it under no_grad, detached, turned into NumPy) are refused.
    trainable: bool = False
    # Arguments that a net hands over. Probes hold plain tensors; each call gets copies of these
    # that carry a gradient, as a net's output does.
    from_net: tuple[str, ...] = ()
    # Probes that break a careless computation -> what to say if all others come out right. They
    # do not hide a mistake that shows on the others.
    extreme: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)  # pattern in an exception -> hint
    tolerance: float = 1e-4  # relative to the largest value; wide enough for float32

    @functools.cached_property
    def parameters(self) -> list[str]:
        return list(inspect.signature(self.right).parameters)

    def fresh(self, arguments: Sequence) -> list:
        """Copies of a probe's arguments for one call (see ``trials.fresh``)."""
        return trials.fresh(arguments, map(self.parameters.index, self.from_net))

    @functools.cached_property
    def right_values(self) -> Values:
        return self.run(self.right)

    @functools.cached_property
    def wrong_values(self) -> list[tuple[Mistake, Values]]:
        return [(mistake, self.run(wrong)) for mistake in self.mistakes for wrong in mistake.wrong]

    @functools.cached_property
    def slips(self) -> list[tuple[str, Values]]:
        """What one slip of the pen makes of the reference: in words, and the values.

        Slips that raise are left out, and those that change nothing.
        """
        found = []
        for slip in (s for way in (self.right, *self.written_out) for s in slips_of(way)):
            values = [trials.outcome(self, slip.function, arguments)
                      for arguments in self.probes.values()]
            if None not in values and not self.accepts(values):
                found.append((slip.said, values))
        return found

    def run(self, function: Callable) -> Values:
        """What one of the catalogue's own functions returns."""
        return [as_arrays(function(*self.fresh(arguments)), self.returns)
                for arguments in self.probes.values()]

    def same(self, some: Values, others: Values) -> bool:
        """Whether two functions agree in every part."""
        return all(self.agree(some, others, part) for part in range(len(self.returns)))

    def agree(self, some: Values, others: Values, part: int) -> bool:
        return all(close(a[part], b[part], self.tolerance) for a, b in zip(some, others))

    def accepts(self, values: Values) -> bool:
        return self.same(values, self.right_values) or any(
            self.same(values, self.run(other)) for other in self.also_right)

    def cases(self, values: Values, others: Values, part: int) -> list[Case]:
        """Values of one part beside others, for each probe."""
        return [Case(label, a[part], b[part], counts(self.parameters, arguments))
                for (label, arguments), a, b in zip(self.probes.items(), values, others)]


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
    parameters = exercise.parameters
    if (count := wrong_parameter_count(answer, len(parameters))) is not None:
        return Verdict("error", f"The function takes {count} parameter{'s' * (count != 1)}, and "
                                f"the exercise passes {len(parameters)}: {', '.join(parameters)}.")
    seen = observed(exercise, answer)
    return seen if isinstance(seen, Verdict) else judged(exercise, answer, seen)


class Observed(NamedTuple):
    """What an answer did with the probes."""

    values: Values
    changed: set[str]  # arguments that it changed in place
    left_wrong: str | None  # what is wrong with arguments that had to be changed
    untrainable: str  # why what it returned cannot be trained


def observed(exercise: Exercise, answer: Callable) -> Observed | Verdict:
    """What an answer does with the probes; a verdict if it does not return numbers."""
    values, changed, left_wrong, untrainable = [], set(), None, ""
    for label, arguments in exercise.probes.items():
        given = exercise.fresh(arguments)
        try:
            with time_limit():
                result = answer(*given)
        except KeyboardInterrupt:
            raise
        except TooLong:
            return Verdict("error", f"On {label}, the function does not come to an end. Is there "
                                    "a loop whose condition stays true?")
        except BaseException as failure:  # SystemExit too
            return Verdict("error", f"On {label}, {describe(failure, exercise.hints, arguments)}")
        if is_blank(result, answer):
            return NOT_ATTEMPTED
        if result is None:
            why = ("It prints something: to print a result is not to return it." if prints(answer)
                   else "Is a return missing at its end?")
            return Verdict("wrong", f"The function returns None. {why}")
        try:
            values.append(as_arrays(result, exercise.returns))
        except (TypeError, ValueError, OverflowError) as problem:
            names = f": {', '.join(exercise.returns)}" if len(exercise.returns) > 1 else ""
            return Verdict("wrong", f"The function returns {problem}. It should return "
                                    f"numbers{names}.")
        if exercise.trainable:
            untrainable = (untrainable or without_gradient(result, exercise.returns)
                           or cut_off(exercise, arguments, given, result))
        changed |= {parameter for parameter, before, after
                    in zip(exercise.parameters, arguments, given) if differ(before, after)}
        if exercise.after:
            left_wrong = left_wrong or exercise.after(*given)
    return Observed(values, changed, left_wrong, untrainable)


def cut_off(exercise: Exercise, arguments: Sequence, given: Sequence, result) -> str:
    """Which tensor of the net learns nothing from a result, though it would from the right one,
    after "but"; nothing if all of them learn."""
    def learning(passed: Sequence, returned) -> set[str]:
        named = dict(zip(exercise.parameters, passed))
        return reached(returned, {name: named[name] for name in exercise.from_net})

    right = exercise.fresh(arguments)
    try:
        deaf = learning(right, exercise.right(*right)) - learning(given, result)
    except RuntimeError:  # the answer has used its gradients up, so it had some
        return ""
    return (f"no gradient comes back to {' and '.join(sorted(deaf))}. Is there a .detach() or "
            ".data on the way from there?" if deaf else "")


def judged(exercise: Exercise, answer: Callable, seen: Observed) -> Verdict:
    """The verdict on an answer that returns numbers: they come first, then what it left behind."""
    in_place = (f"the function changes its argument {' and '.join(sorted(seen.changed))} in place, "
                "and whoever called it loses the original. Work on a copy.")
    if not exercise.accepts(seen.values):
        besides = f" Besides, {in_place}" if seen.changed else ""
        return Verdict("wrong", diagnose(exercise, seen.values, answer) + besides)
    if seen.left_wrong:
        return Verdict("wrong", seen.left_wrong)
    if seen.untrainable:
        return Verdict("wrong", f"The values are right, but {seen.untrainable}")
    if seen.changed:
        return Verdict("wrong", f"The values are right, but {in_place}")
    return Verdict("right", exercise.insight)


def diagnose(exercise: Exercise, answers: Values, answer: Callable) -> str:
    """The message for values that are not right: a cause that explains all of them, if possible.

    First come the mistakes of the catalogue, then causes in general terms, slips of the pen, and a
    mistake together with a second cause. Else it says what the first wrong result looks like.
    """
    if message := from_catalogue(exercise, answers):
        return message
    if exercise.extreme:
        return without_extremes(exercise, answers, answer)
    first = next(iter(exercise.probes.values()))
    wrong, right = wrong_parts(exercise, answers)
    if cause := trials.unsteady(exercise, answer, first) or trials.passed_through(
            exercise, answers):
        return f"The result is not right. {cause}"
    if not all(relation(exercise.cases(answers, exercise.right_values, part), exercise.tolerance)
               for part in wrong):
        if cause := trials.exchanged(exercise, answers) or slip(exercise, answers, wrong):
            fine = [exercise.returns[part] for part in right]
            return f"The result is not right. {cause}" + (
                f" Right, however: {' and '.join(fine)}." if fine else "")
        if message := two_causes(exercise, answers, wrong):
            return message
    said = in_general(exercise, answers)
    return said if "everywhere" in said else f"{said} {trials.unused(exercise, answer)}".strip()


def slip(exercise: Exercise, answers: Values, wrong: list[int]) -> str:
    """Which slip of the pen gives these answers where they are wrong, if one does."""
    return next((said for said, values in exercise.slips
                 if explains(exercise, answers, values, wrong)), "")


def from_catalogue(exercise: Exercise, answers: Values) -> str:
    """The message of a mistake that gives these answers, or one that does where they are wrong."""
    wrong, right = wrong_parts(exercise, answers)
    for mistake, values in exercise.wrong_values:
        if explains(exercise, answers, values, wrong) and exercise.same(answers, values):
            return mistake.message
    for mistake, values in exercise.wrong_values:
        if explains(exercise, answers, values, wrong):
            fine = [exercise.returns[part] for part in right]
            return f"{mistake.message} Right, however: {' and '.join(fine)}."
    return ""


def wrong_parts(exercise: Exercise, answers: Values) -> tuple[list[int], list[int]]:
    """Which of the returned values are wrong, and which are right."""
    parts = range(len(exercise.returns))
    right = [part for part in parts if exercise.agree(answers, exercise.right_values, part)]
    return [part for part in parts if part not in right], right


def explains(exercise: Exercise, answers: Values, values: Values, parts: list[int]) -> bool:
    """Whether a mistake's values are the answers in these parts.

    NaN alone, in all of them and for all inputs, says nothing about its cause.
    """
    nothing_else = all(a[part].size and np.isnan(a[part].astype(float)).all()
                       for a in answers for part in parts)
    return bool(parts) and not nothing_else and all(
        exercise.agree(answers, values, part) for part in parts)


def without_extremes(exercise: Exercise, answers: Values, answer: Callable) -> str:
    """The message as if there were no extreme probes, or the one for an extreme that fails."""
    probes = {label: a for label, a in exercise.probes.items() if label not in exercise.extreme}
    others = replace(exercise, probes=probes, extreme={})
    kept = [values for label, values in zip(exercise.probes, answers) if label in probes]
    if not others.accepts(kept):
        return diagnose(others, kept, answer)
    return next(exercise.extreme[label]
                for label, a, r in zip(exercise.probes, answers, exercise.right_values)
                if not exercise.same([a], [r]))


def two_causes(exercise: Exercise, answers: Values, wrong: list[int]) -> str:
    """A mistake and one more step that explain the wrong parts together, if any do.

    Of several pairs it is the one whose step is told in the fewest words.
    """
    pairs = []
    for mistake, values in exercise.wrong_values:
        steps = {by_step(exercise.cases(answers, values, part), exercise.tolerance)
                 for part in wrong if not exercise.agree(answers, values, part)}
        if len(steps) == 1 and (step := steps.pop()):
            pairs.append((step, f"{mistake.message} Besides, {step}"))
    return min(pairs, key=lambda pair: len(pair[0]))[1] if pairs else ""


def in_general(exercise: Exercise, answers: Values) -> str:
    """What is right, and what is wrong with the rest: a mistake of the catalogue for each part."""
    right, wrong = [], {}
    for part, name in enumerate(exercise.returns):
        if finding := difference(exercise.cases(answers, exercise.right_values, part),
                                 exercise.tolerance):
            for mistake, values in exercise.wrong_values:
                if len(exercise.returns) > 1 and explains(exercise, answers, values, [part]):
                    finding = mistake.message
                    break
            wrong.setdefault(finding, []).append(name)
        else:
            right.append(name)
    if len(exercise.returns) == 1:
        return f"The result is not right. {finding}"
    said = [f"Right: {' and '.join(right)}."] if right else []
    said += [f"Not right: {' and '.join(names)}. {finding}" for finding, names in wrong.items()]
    return " ".join(said)


def counts(parameters: list[str], arguments: tuple) -> dict[str, float]:
    """The numbers of an input that a result could be too large or too small by, in words."""
    found = {}
    for name, argument in zip(parameters, arguments):
        shape = getattr(argument, "shape", None)
        if isinstance(argument, list):
            found[f"the length of {name}"] = len(argument)
        elif isinstance(argument, int | float) and not isinstance(argument, bool):
            found[name] = argument
        elif isinstance(shape, tuple) and shape:
            sides = (["length"] if len(shape) == 1 else ["number of rows", "number of columns"]
                     if len(shape) == 2 else [f"size of axis {k}" for k in range(len(shape))])
            found |= {f"the {side} of {name}": n for side, n in zip(sides, shape)}
            if len(shape) > 1:
                found[f"the number of entries of {name}"] = int(np.prod(shape))
    return found
