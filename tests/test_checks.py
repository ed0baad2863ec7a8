"""The exercise engine by property: what it says, and that it never raises."""

import inspect
import random
import sys
import time
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import ROOT, script
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aecourse.exercises import collection, isolation
from aecourse.exercises.answers import as_array, describe
from aecourse.exercises.checks import Exercise, Mistake, check, judge
from aecourse.exercises.diagnosis import close
from aecourse.exercises.slips import slips_of
from aecourse.exercises.trials import fresh, outcome, varied

STATUSES = {"not attempted", "wrong", "right", "error"}


def matrix(seed, rows, columns):
    return np.random.default_rng(seed).normal(size=(rows, columns)) + 2


TOY = Exercise(
    name="toy",
    right=lambda a, b: a.T @ b,
    probes={"4 rows": (matrix(1, 4, 3), matrix(2, 4, 2)),
            "5 rows": (matrix(3, 5, 2), matrix(4, 5, 6))},
    mistakes=[Mistake("The absolute value is taken.", lambda a, b: abs(a).T @ b),
              Mistake("Something is added.", lambda a, b: a.T @ b + 1, lambda a, b: a.T @ b + 2)],
    insight="Well done.",
)
COSTS = Exercise(
    name="costs",
    right=lambda x: np.logaddexp(0, x).sum(axis=1),
    probes={"5 rows": (matrix(5, 5, 3),), "2 rows": (matrix(6, 2, 4),),
            "huge numbers": (1000 * matrix(7, 3, 2),)},
    mistakes=[Mistake("In bits.", lambda x: np.logaddexp(0, x).sum(axis=1) / np.log(2)),
              Mistake("A table.", lambda x: np.logaddexp(0, x))],
    insight="Well done.",
    extreme={"huge numbers": "It overflows."},
    hints={"ZeroDivision": "Nobody divides by 0."},
)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": TOY, "costs": COSTS})


def every_exercise():
    return [pytest.param(e, id=e.name) for e in collection.catalogue().values()]


def said(answer):
    status, message = judge("toy", answer)
    assert status in STATUSES
    return status, message


# The catalogue ------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", every_exercise())
def test_reference_is_right(exercise):
    assert judge(exercise.name, exercise.right) == ("right", exercise.insight)
    for other in exercise.also_right:
        assert judge(exercise.name, other).status == "right"


@pytest.mark.parametrize("exercise", every_exercise())
def test_each_wrong_implementation_gets_its_own_message(exercise):
    """So none equals the reference, and none is taken for another mistake."""
    for mistake in exercise.mistakes:
        for wrong in mistake.wrong:
            assert judge(exercise.name, wrong) == ("wrong", mistake.message)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exercise", every_exercise())
def test_no_two_wrong_implementations_are_alike(exercise):
    """On some probe any two differ clearly, ten times the tolerance: else a name is ambiguous."""
    wider = replace(exercise, tolerance=10 * exercise.tolerance)
    results = [(m, exercise.run(w)) for m in exercise.mistakes for w in m.wrong]
    for i, (mistake, one) in enumerate(results):
        for other_mistake, other in results[:i]:
            alike = wider.same(one, other) or wider.same(other, one)
            assert not alike or mistake is other_mistake, (mistake.message, other_mistake.message)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("exercise", every_exercise())
def test_probes_show_mistakes_clearly(exercise):
    """Nothing sits at the edge of the tolerance: ten times wider, all is still told apart."""
    right = exercise.run(exercise.right)
    for mistake in exercise.mistakes:
        for wrong in mistake.wrong:
            values = exercise.run(wrong)
            assert not all(close(a, b, 10 * exercise.tolerance)
                           for x, y in zip(values, right) for a, b in zip(x, y)), mistake.message


@pytest.mark.parametrize("exercise", every_exercise())
def test_probes_are_double_precision_and_not_square(exercise):
    for arguments in exercise.probes.values():
        for argument in arguments:
            if isinstance(argument, (np.ndarray, torch.Tensor)):
                assert str(argument.dtype).removeprefix("torch.") in ("float64", "int64")
                square = argument.ndim >= 2 and argument.shape[0] == argument.shape[1]
                # A covariance is square, and its own transpose.
                assert not square or np.array_equal(argument, argument.T)


@pytest.mark.parametrize("exercise", every_exercise())
def test_messages_read_well(exercise):
    messages = [m.message for m in exercise.mistakes]
    assert len(set(messages)) == len(messages)
    for message in [*messages, exercise.insight, *exercise.extreme.values(),
                    *exercise.hints.values()]:
        assert message[-1] in ".?" and "  " not in message and len(message) < 330
        assert message[0].isupper() or message.startswith("dL/")


def test_two_exercises_of_one_name_are_refused(monkeypatch):
    from aecourse.exercises import basics
    monkeypatch.setattr(basics, "EXERCISES", basics.EXERCISES * 2)
    with pytest.raises(ValueError, match="two exercises are named"):
        collection.catalogue.__wrapped__()


# Verdicts -----------------------------------------------------------------------------------


def test_right(toy):
    assert said(lambda a, b: a.T @ b) == ("right", "Well done.")


def test_not_attempted(toy):
    def dots(a, b):
        ...

    def empty(a, b):
        """With a docstring."""

    for answer in (lambda a, b: ..., lambda a, b: (..., ...), dots, empty, ..., None):
        assert said(answer)[0] == "not attempted"


def test_a_fill_in_whose_dots_stand_is_not_attempted(toy):
    def raises(a, b):
        flipped = ...
        return flipped @ b

    def ignores(a, b):
        c = a.T @ b  # noqa: F841
        c = ...  # noqa: F841
        return abs(a).T @ b

    def half_done(a, b):
        flipped = a.T
        product = ...
        return flipped + product.sum()

    def returns_none(a, b):
        c = ...  # noqa: F841

    for answer in (raises, ignores, half_done, returns_none):
        assert said(answer)[0] == "not attempted", answer.__name__


def test_dots_in_an_index_are_no_dots_to_fill(toy):
    def wrong(a, b):
        return abs(a)[..., :].T @ b[..., 0:, :]

    def right(a, b):
        unused = ...  # noqa: F841
        return a.T @ b

    assert said(wrong) == ("wrong", "The absolute value is taken.")
    assert said(right)[0] == "right"


def test_a_forgotten_return_is_named(toy):
    def answer(a, b):
        c = a.T @ b  # noqa: F841

    assert said(answer) == ("wrong", "The function returns None. Is a return missing at its end?")


@pytest.mark.parametrize("answer, words", [
    (lambda a, b: abs(a).T @ b, "The absolute value is taken."),
    (lambda a, b: a.T @ b + 2, "Something is added."),
    (lambda a, b: b.T @ a, "transposed: of shape (2, 3) where of shape (3, 2) is expected"),
    (lambda a, b: (a.T @ b).ravel(), "The values are right, but it is of shape (6,)"),
    (lambda a, b: a.sum(), "it is a single number where of shape (3, 2) is expected"),
    (lambda a, b: -a.T @ b, "The result is not right. The sign is reversed."),
    (lambda a, b: 3 * a.T @ b, "It is off by a constant factor of 3."),
    (lambda a, b: -a.T @ b / 2, "The sign is reversed, and it is off by a constant factor of 0.5."),
    (lambda a, b: -a.T @ b / len(a), "The sign is reversed, and it is off by a factor that"),
    (lambda a, b: (a.T @ b)[None], "of shape (1, 3, 2) where of shape (3, 2)"),
    (lambda a, b: a[..., None] * b[:, None], "Added up over axis 0, it would be what is expected"),
    (lambda a, b: (a[..., None] * b[:, None]) ** 3, "An axis is left over"),
    (lambda a, b: (a.T @ b).sum(0), "It is what is expected, added up over axis 0."),
    (lambda a, b: (a.T @ b).mean(1), "It is what is expected, averaged over axis 1."),
    (lambda a, b: (a.T @ b).max(0), "An axis is lost"),
    (lambda a, b: a.T @ b / len(a), "a factor that changes with the input"),
    (lambda a, b: a.T @ b * np.nan, "NaN"),
    (lambda a, b: a.T @ b * np.inf, "infinite"),
    (lambda a, b: a.T @ b * 1.01 + 0.01, "close, but not equal"),
    (lambda a, b: (a.T @ b) ** 3, "the shape is as expected; the values are not"),
    (lambda a, b: a.T @ b * 1.01, "On 4 rows, it is close, but not equal"),
    (lambda a, b: 0 * (a.T @ b), "The result is not right. It is 0 everywhere, whatever is"),
    (lambda a, b: a.T @ b if len(a) == 4 else (a.T @ b) ** 3, "Only some inputs fail, such as 5 "
     "rows: the shape is as expected; the values are not."),
    (lambda a, b: a.T @ b if len(a) == 4 else -a.T @ b, "such as 5 rows: the sign is reversed."),
    (lambda a, b: 7 * abs(a).T @ b, "constant factor|The absolute value is taken. Besides"),
    (lambda a, b: "12", "The function returns a str. It should return numbers."),
    (lambda a, b: {1: 2}, "The function returns a dict"),
    (lambda a, b: [[1, 2], [3]], "a list whose items have different shapes"),
    (lambda a, b: (x for x in a), "The function returns a generator"),
    (lambda a, b: a.T @ b + 1j, "an array of complex128"),
    (lambda a, b: [None, 1], "The function returns a NoneType"),
])
def test_wrong_is_described(toy, answer, words):
    status, message = said(answer)
    assert status == "wrong" and any(w in message for w in words.split("|")), message


@pytest.mark.parametrize("answer, message", [
    (lambda x: np.log(1 + np.exp(x)).sum(1), "It overflows."),
    (lambda x: np.log2(1 + np.exp(x)).sum(1), "In bits."),
    (lambda x: np.log(1 + np.exp(x)), "A table."),
    (lambda x: 2 * np.log(1 + np.exp(x)).sum(1), "The result is not right. It is off by a constant "
     "factor of 2."),
    (lambda x: 3 * np.log(1 + np.exp(x)), "A table. Besides, it is off by a constant factor of 3."),
    (lambda x: x.sum(1) + x.sum(1)[:, None], "The result is not right. On 5 rows, it is of shape "
     "(5, 5) where of shape (5,) is expected. A column and a row, combined entry by entry, make "
     "such a square table."),
])
def test_extreme_probes_hide_no_mistake(toy, answer, message):
    assert judge("costs", answer) == ("wrong", message)


def test_a_number_is_told():
    verdict = judge("parameter count", lambda sizes: sizes[0] + 4.5)
    assert verdict.message == ("The result is not right. On the sizes 4, 4, 2, 4, 4, it is 8.5 "
                               "where 62 is expected.")


@pytest.mark.parametrize("part, words", [
    (lambda dW, db: (dW + 1, db), "Right: dL/db. Not right: dL/dW. It is 1 more than expected"),
    (lambda dW, db: (dW**3, db), "Right: dL/db. Not right: dL/dW. On 7 rows"),
    (lambda dW, db: (7 * dW, 7 * db), "Not right: dL/dW and dL/db. It is off by a constant factor"),
    (lambda dW, db: dW, "The function returns one value. It should return numbers: dL/dW, dL/db."),
    (lambda dW, db: (7 * dW, db[:2]), "Not right: dL/dW. It is off by a constant factor of 7. Not "
     "right: dL/db. On 7 rows"),
])
def test_each_returned_value_is_described(part, words):
    right = collection.catalogue()["output gradient"].right
    verdict = judge("output gradient", lambda H, W, b, X: part(*right(H, W, b, X)))
    assert verdict.status == "wrong" and verdict.message.startswith(words), verdict.message


@pytest.mark.parametrize("convert", [
    torch.tensor, np.ndarray.tolist, np.float32, torch.FloatTensor,
    lambda x: torch.tensor(x, requires_grad=True), lambda x: [torch.tensor(r) for r in x],
    lambda x: x.astype(object), lambda x: tuple(map(tuple, x)), np.asfortranarray,
])
def test_other_kinds_of_numbers_are_accepted(toy, convert):
    assert said(lambda a, b: convert(a.T @ b))[0] == "right"


def test_changed_arguments_are_named(toy):
    def answer(a, b):
        result = a.T @ b
        b *= 2
        return result

    status, message = said(answer)
    assert status == "wrong" and "changes its argument b in place" in message


def test_an_exercise_may_look_at_its_arguments_afterwards(monkeypatch):
    """Where an object has to be changed, returning the right number is not enough."""
    exercise = Exercise(
        name="toy",
        right=lambda box, x: box.__dict__.update(x=x) or 2 * x,
        probes={"one number": (SimpleNamespace(), 3.0), "another": (SimpleNamespace(), 4.0)},
        mistakes=[Mistake("Not doubled.", lambda box, x: x)],
        insight="Well done.",
        after=lambda box, x: None if vars(box) == {"x": x} else "The box is empty.",
    )
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    assert judge("toy", exercise.right) == ("right", "Well done.")
    assert judge("toy", lambda box, x: 2 * x) == ("wrong", "The box is empty.")
    assert judge("toy", lambda box, x: x) == ("wrong", "Not doubled."), "values come first"
    assert not any(vars(box) for box, _ in exercise.probes.values()), "probes stay as they are"


@pytest.mark.parametrize("answer, words", [
    (lambda layer, x: layer(x), "right"),
    (torch.no_grad()(lambda layer, x: layer(x)), "PyTorch recorded nothing on the way to it"),
    (lambda layer, x: layer(x).detach(), "PyTorch recorded nothing on the way to it"),
    (lambda layer, x: layer(x).tolist(), "a list carries no gradient"),
    (lambda layer, x: layer(x).detach().numpy(), "an ndarray carries no gradient"),
])
def test_a_result_may_have_to_be_trainable(monkeypatch, answer, words):
    layer = torch.nn.Linear(3, 2, dtype=torch.float64)
    exercise = Exercise(
        name="toy", right=lambda layer, x: layer(x), trainable=True,
        probes={"4 rows": (layer, torch.tensor(matrix(1, 4, 3)))},
        mistakes=[], insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    with torch.no_grad():  # what a notebook left switched off is no fault of the answer
        status, message = judge("toy", answer)
    assert words in (status, message) or status == "wrong" and words in message
    assert not message.startswith("The values are right") or "cannot be trained" in message


@given(st.lists(st.integers(0, 4), max_size=3), st.booleans(),
       st.sampled_from([torch.float32, torch.float64]), st.sampled_from([None, 2, "word"]))
def test_what_a_net_hands_over_is_copied_with_a_gradient(shape, switched_off, dtype, other):
    """The copy is the probe in numbers. It can be changed, and a loss be trained through it."""
    plain = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(1))
    before = plain.clone()
    counts = torch.arange(3)
    with torch.set_grad_enabled(not switched_off):
        net, data, whole, rest = fresh((plain, plain.clone(), counts, other), [0, 2, 3])
    assert torch.equal(net, plain) and net.dtype == dtype and net.requires_grad
    assert torch.equal(data, plain) and not data.requires_grad, "only the places asked for"
    assert torch.equal(whole, counts) and rest == other, "nothing else can have a gradient"
    net.mul_(2)
    (net * net.detach() / 2).sum().backward()
    assert torch.equal(net.grad, before), "the gradient stands where one looks for it"
    data.add_(1), whole.add_(1)
    assert torch.equal(plain, before) and not plain.requires_grad and plain.grad is None
    assert torch.equal(counts, torch.arange(3)), "the probe stays as it is"


@pytest.mark.parametrize("exercise", every_exercise())
def test_probes_are_plain_and_their_gradients_are_asked_for_by_name(exercise):
    for arguments in exercise.probes.values():
        tensors = {name: a for name, a in zip(exercise.parameters, arguments)
                   if isinstance(a, torch.Tensor)}
        assert all(type(t) is torch.Tensor and not t.requires_grad for t in tensors.values())
        assert all(tensors[name].is_floating_point() for name in exercise.from_net)
        given = dict(zip(exercise.parameters, exercise.fresh(arguments)))
        assert {name for name in tensors if given[name].requires_grad} == {*exercise.from_net}


def doubled(code, x):
    return 2 * code + x


@pytest.mark.parametrize("answer, words", [
    (doubled, "right"),
    (lambda code, x: x + code + code, "right"),
    (lambda code, x: code.mul_(2) + x, "changes its argument code in place"),
    (lambda code, x: code.detach() * 2 + x, "PyTorch recorded nothing on the way to it"),
    (lambda code, x: torch.no_grad()(doubled)(code, x), "PyTorch recorded nothing"),
    (lambda code, x: torch.set_grad_enabled(False) and 0 or doubled(code, x), "PyTorch recorded"),
    (lambda code, x: x**3, "does not depend on code"),
    (lambda code, x: doubled(x, code), "with code and x exchanged"),
    (lambda code, x: code, "This is the argument code as it came"),
    (lambda code, x: doubled(code, x) + torch.rand(()), "It changes from call to call"),
])
def test_every_trial_passes_what_a_net_hands_over(monkeypatch, answer, words):
    """Whatever is tried with an answer, its argument looks like a net's output."""
    def watched(code, x):
        seen.append((code.requires_grad, x.requires_grad))
        return answer(code, x)

    exercise = Exercise(
        name="toy", right=doubled, trainable=True, from_net=("code",),
        probes={f"{n} rows": (torch.tensor(matrix(n, n, 3)), torch.tensor(matrix(n + 9, n, 3)))
                for n in (2, 4)},
        mistakes=[], insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    seen = []
    status, message = judge("toy", watched)
    assert words == status or status == "wrong" and words in message, message
    assert set(seen) == {(True, False)}


@pytest.mark.parametrize("answer, words", [
    (lambda a, b, x: a + b + x, "right"),
    (lambda a, b, x: a.add_(b) + x, "changes its argument a in place"),
    (lambda a, b, x: a + b.detach() + x, "no gradient comes back to b"),
    (lambda a, b, x: a.data + b + x, "no gradient comes back to a"),
    (lambda a, b, x: a + b.detach_() + x, "no gradient comes back to b"),
    (lambda a, b, x: a + torch.tensor(b.tolist(), dtype=b.dtype) + x, "gradient comes back to b"),
])
def test_a_gradient_comes_back_to_everything_that_a_net_hands_over(monkeypatch, answer, words):
    exercise = Exercise(
        name="toy", right=lambda a, b, x: a + b + x, trainable=True, from_net=("a", "b"),
        probes={f"{n} rows": tuple(torch.tensor(matrix(n + i, n, 3)) for i in (0, 9, 18))
                for n in (2, 4)},
        mistakes=[], insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    status, message = judge("toy", answer)
    assert words == status or status == "wrong" and words in message, message


def test_global_random_state_neither_matters_nor_moves(toy):
    def answer(a, b):
        random.random(), np.random.seed(), torch.manual_seed(np.random.randint(1000))
        np.random.rand(3), torch.rand(3)
        return a.T @ b + (np.random.rand() > 2)

    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert said(answer)[0] == "right"
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def test_a_random_answer_always_gets_the_same_verdict(toy):
    def answer(a, b):
        return np.random.rand(a.shape[1], b.shape[1])

    assert len({said(answer) for _ in range(5)}) == 1


def test_warnings_stay_silent(toy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert said(lambda a, b: np.log(-abs(a.T @ b)))[0] == "wrong"


# Causes in general terms --------------------------------------------------------------------


def column(seed, n):
    return np.abs(np.random.default_rng(seed).normal(size=n)) + 0.3


SPREAD = Exercise(
    name="spread",
    right=lambda x, k: np.sort(x)[:-1] / k,
    probes={"5 numbers": (column(1, 5), 3), "8 numbers": (column(2, 8), 7)},
    mistakes=[], insight="Well done.")


def spread_of(wrong):
    """What is said of an answer that makes ``wrong(right result, x, k)`` of the right result."""
    return lambda x, k: wrong(SPREAD.right(x, k), x, k)


@pytest.mark.parametrize("wrong, words", [
    (lambda r, x, k: r * len(x), "too large by the length of x, 5 on 5 numbers. Is a sum"),
    (lambda r, x, k: r / k, "too small by k, 3 on 5 numbers."),
    (lambda r, x, k: -r * k**2, "The sign is reversed, and it is off by a factor that changes with "
     "the input: too large by the square of k, 9 on 5 numbers."),
    (lambda r, x, k: r * len(x) / (len(x) - 1), "n / (n - 1), where n is the length of x"),
    (lambda r, x, k: r / np.sqrt(k), "too small by the root of k, 1.732"),
    (lambda r, x, k: r / np.log(2), "a constant factor of 1.443, 1 / ln 2: a logarithm of base 2."),
    (lambda r, x, k: 100 * r, "a constant factor of 100, per cent."),
    (lambda r, x, k: r * x.max(), "a factor that changes with the input. Check what it is divided"),
    (lambda r, x, k: r**2, "It is the square of what is expected"),
    (lambda r, x, k: np.sqrt(r), "It is the root of what is expected"),
    (lambda r, x, k: 1 - r, "It is one minus what is expected"),
    (lambda r, x, k: 1 / r, "It is one divided by what is expected"),
    (lambda r, x, k: np.log(r), "It is the logarithm of what is expected"),
    (lambda r, x, k: np.exp(r), "It is the exponential of what is expected"),
    (lambda r, x, k: r + 0.25, "It is 0.25 more than expected, on every input."),
    (lambda r, x, k: r - k, "It is less than expected by k, 3 on 5 numbers."),
    (lambda r, x, k: r[::-1], "It is in reverse order"),
    (lambda r, x, k: np.roll(r, 2), "The numbers are right, but they stand in other places"),
    (lambda r, x, k: np.r_[r[:-1], 9], "Only the last entry is wrong."),
    (lambda r, x, k: np.r_[r[0], r[1:] ** 3], "Only the first entry is right."),
    (lambda r, x, k: r.sum(), "It is what is expected, added up."),
    (lambda r, x, k: np.r_[r, 1], "One entry is too many."),
    (lambda r, x, k: 0 * r + 0.5, "It is 0.5 everywhere, whatever is passed."),
    (lambda r, x, k: x, "This is the argument x as it came."),
    (lambda r, x, k: r**3 * k**3, "It does not depend on k, and should."),
    (lambda r, x, k: r + np.random.rand(), "It changes from call to call: the function draws"),
    (lambda r, x, k: r * np.random.default_rng().random(), "It changes from call to call"),
    (lambda r, x, k: np.where(np.arange(len(r)) == 1, np.nan, r), "values that are NaN"),
    (lambda r, x, k: r.astype(np.float16) * np.float16(1.001), "half precision"),
])
def test_a_cause_in_general_terms(monkeypatch, wrong, words):
    monkeypatch.setattr(collection, "catalogue", lambda: {"spread": SPREAD})
    status, message = judge("spread", spread_of(wrong))
    assert status == "wrong" and words in message, message


@pytest.mark.parametrize("wrong, not_said", [
    (lambda r, x, k: r * (len(x) if len(x) == 5 else 3), "length"),
    (lambda r, x, k: r**2 if len(x) == 5 else r + 1, "square"),
    (lambda r, x, k: r + 0.25 if len(x) == 5 else r - 0.25, "0.25"),
    (lambda r, x, k: r[::-1] if len(x) == 5 else r**3, "order"),
    (lambda r, x, k: np.r_[r[:-1], 9] if len(x) == 5 else r**3, "last"),
    (lambda r, x, k: r * 1.01 if len(x) == 5 else r * 3 + 1, "close"),
])
def test_a_cause_that_one_input_contradicts_is_not_named(monkeypatch, wrong, not_said):
    monkeypatch.setattr(collection, "catalogue", lambda: {"spread": SPREAD})
    status, message = judge("spread", spread_of(wrong))
    assert status == "wrong" and not_said not in message, message


def test_exchanged_and_mistaken_arguments_are_named(monkeypatch):
    exercise = Exercise(
        name="toy", right=lambda a, b: a - b**2,
        probes={"3 numbers": (column(1, 3), column(2, 3)), "4": (column(3, 4), column(4, 4))},
        mistakes=[], insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    assert "comes out with a and b exchanged." in said(lambda a, b: b - a**2)[1]
    assert "comes out with a in the place of b" in said(lambda a, b: a - a**2)[1]


# Slips of the pen ---------------------------------------------------------------------------


def softened(x, t):
    weights = np.exp(-(x**2) / (2 * t))
    return (weights * x).sum(axis=1) / weights.sum(axis=1)


SOFT = Exercise(
    name="toy", right=softened,
    probes={"3 rows": (matrix(1, 3, 4), 1.5), "5 rows": (matrix(2, 5, 2), 0.7)},
    mistakes=[Mistake("The weights are not used.", lambda x, t: x.mean(axis=1))],
    insight="Well done.")


@pytest.mark.parametrize("old, new, words", [
    ("-(x**2)", "(x**2)", "a sign before it is left out."),
    ("x**2", "x**3", "x ** 3 / (2 * t)"),
    ("x**2", "x", "a power is left out."),
    ("x**2", "abs(x)", "the absolute value is no power."),
    ("(2 * t)", "(2 + t)", "a + stands where a * belongs."),
    ("(2 * t)", "2 * t", "brackets are missing|a * stands where a / belongs."),
    ("(2 * t)", "(3 * t)", "another number belongs there."),
    ("weights * x", "weights", "it is 1|something that belongs to it is left out."),
    ("np.exp(-(x**2) / (2 * t))", "-(x**2) / (2 * t)", "a function is left out."),
    (".sum(axis=1) / w", ".mean(axis=1) / w", "mean is not what belongs there.|number of columns"),
    ("/ weights.sum(axis=1)", "", "something that belongs to it is left out."),
])
def test_a_slip_of_the_pen_is_named(monkeypatch, old, new, words):
    source = ("def answer(x, t):\n    weights = np.exp(-(x**2) / (2 * t))\n"
              "    return (weights * x).sum(axis=1) / weights.sum(axis=1)\n")
    assert source.count(old) == 1
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": SOFT})
    scope = {"np": np}
    exec(source.replace(old, new), scope)
    status, message = judge("toy", scope["answer"])
    assert status == "wrong", message
    assert any(w.lower() in message.lower() for w in words.split("|")), message


def test_slips_are_made_of_plain_functions_only():
    assert slips_of(softened) and not slips_of(len) and not slips_of(lambda x: x + 1)
    quoted = [slip.said for slip in slips_of(softened)]
    assert len(quoted) > 30 and all(said.endswith(".") and len(said) < 200 for said in quoted)


def test_the_slips_leave_the_reference_alone():
    before = inspect.getsource(softened), softened(*SOFT.probes["3 rows"]).tolist()
    assert SOFT.slips and before == (inspect.getsource(softened),
                                     softened(*SOFT.probes["3 rows"]).tolist())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("exercise", every_exercise())
def test_no_slip_passes_the_probes(exercise):
    """A slip that the probes let through gives the right result on other inputs, too."""
    for function in (exercise.right, *exercise.written_out):
        for slip in slips_of(function):
            values = [outcome(exercise, slip.function, arguments)
                      for arguments in exercise.probes.values()]
            if None in values or not exercise.accepts(values):
                continue
            for arguments in exercise.probes.values():
                for k in range(len(arguments)):
                    try:
                        other = [varied(a) if i == k else a for i, a in enumerate(arguments)]
                    except TypeError:
                        continue
                    wrong = outcome(exercise, slip.function, other)
                    rights = [outcome(exercise, f, other)
                              for f in (exercise.right, *exercise.also_right)]
                    assert wrong is None or rights[0] is None or any(
                        right and all(map(close, wrong, right)) for right in rights), slip.said


# Arguments, time and printing ---------------------------------------------------------------


def test_an_argument_changed_in_place_is_told_also_when_the_values_are_wrong(toy):
    def named(a, b):
        a *= -1
        return abs(a).T @ b

    def unnamed(a, b):
        b += a.sum()
        return (a.T @ b) ** 3

    besides = "Besides, the function changes its argument {} in place"
    assert said(named)[1].startswith("The absolute value is taken. " + besides.format("a"))
    assert besides.format("b") in said(unnamed)[1]


def test_nan_alone_is_no_evidence_for_a_mistake(monkeypatch):
    exercise = Exercise(
        name="toy", right=lambda x: x.mean(axis=1),
        probes={"3 rows": (matrix(1, 3, 4),), "5 rows": (matrix(2, 5, 2),)},
        mistakes=[Mistake("A root of a negative number.", lambda x: np.sqrt(-abs(x)).mean(axis=1)),
                  Mistake("Only the first.", lambda x: np.where(x > 2, np.nan, x)[:, 0])],
        insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    status, message = said(lambda x: np.full(len(x), np.nan))
    assert status == "wrong" and "values that are NaN" in message and "root of a neg" not in message
    assert said(exercise.mistakes[1].wrong[0]) == ("wrong", "Only the first.")


def test_nan_is_told_beside_a_wrong_shape(toy):
    message = said(lambda a, b: np.full(3, np.nan))[1]
    assert "of shape (3,) where of shape (3, 2) is expected" in message and "NaN" in message


def test_whole_numbers_are_not_close(monkeypatch):
    exercise = Exercise(
        name="toy", right=lambda n: 1000 * n + 7, probes={"3": (3,), "50": (50,)},
        mistakes=[], insight="Well done.")
    monkeypatch.setattr(collection, "catalogue", lambda: {"toy": exercise})
    assert said(lambda n: float(1000 * n + 7))[0] == "right"
    for wrong, words in [(lambda n: 1000 * n + 6, "It is 1 less than expected, on every input."),
                         (lambda n: 1000 * n + 7 + n % 3, "it is 50009 where 50007 is expected"),
                         (lambda n: 1000 * n + 7.5, "It is 0.5 more than expected")]:
        status, message = said(wrong)
        assert status == "wrong" and words in message and "close" not in message, message


def test_an_answer_that_does_not_end_is_stopped(toy, monkeypatch):
    def forever(a, b):
        while True:
            try:
                len(a)
            except Exception:
                pass

    monkeypatch.setattr(isolation, "SECONDS", 0.2)
    status, message = said(forever)
    assert status == "error" and message.startswith("On 4 rows, the function does not come to an")
    assert said(lambda a, b: a.T @ b)[0] == "right", "and nothing of it is left"


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="no clock of threads")
def test_an_answer_that_waits_for_the_processor_is_not_stopped(toy, monkeypatch):
    def slow(a, b):
        time.sleep(0.6)
        return a.T @ b

    monkeypatch.setattr(isolation, "SECONDS", 0.2)
    monkeypatch.setattr(isolation, "WAITING", 1_000)
    assert said(slow)[0] == "right"


def asleep(a, b):
    while True:
        time.sleep(0.01)


def test_an_answer_that_only_waits_is_stopped_by_the_clock(toy, monkeypatch):
    monkeypatch.setattr(isolation, "SECONDS", 0.2)
    monkeypatch.setattr(isolation, "WAITING", 2)
    status, message = said(asleep)
    assert status == "error" and "does not come to an end" in message


def test_where_no_clock_of_threads_is_told_the_clock_on_the_wall_counts(toy, monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)
    monkeypatch.setattr(isolation, "SECONDS", 0.2)
    monkeypatch.setattr(isolation, "WAITING", 1_000)
    assert said(asleep)[0] == "error"
    assert said(lambda a, b: a.T @ b)[0] == "right"


def test_printing_is_not_returning(toy, capsys):
    assert said(lambda a, b: print(a.T @ b)) == (
        "wrong", "The function returns None. It prints something: to print a result is not to "
        "return it.")  # fmt: skip


@pytest.mark.parametrize("answer, words", [
    (lambda a, b: torch.ones(2, 2).to_sparse(), "a sparse tensor. With .to_dense()"),
    (lambda a, b: torch.ones(3, 2, device="meta"), 'without numbers, on the device "meta"'),
    (lambda a, b: torch.tensor(a).max(dim=1), "values and indices together. Take what is meant"),
    (lambda a, b: (i for i in a), "a generator (square brackets make a list at once)"),
    (lambda a, b: a.mean, "(are the brackets missing that call it?)"),
    (lambda a, b: len, "(are the brackets missing that call it?)"),
    (lambda a, b: (a, b), "a tuple whose items have different shapes"),
])
def test_things_that_are_no_numbers_are_explained(toy, answer, words):
    status, message = said(answer)
    assert status == "wrong" and words in message, message


@pytest.mark.parametrize("convert", [
    lambda x: torch.tensor(x, dtype=torch.complex128).conj().real,
    lambda x: torch.tensor(x)[:, :, None].squeeze(-1), lambda x: np.ma.masked_array(x),
    lambda x: torch.nn.Parameter(torch.tensor(x)), lambda x: np.matrix(x),
])
def test_odd_kinds_of_numbers_are_accepted(toy, convert):
    assert said(lambda a, b: convert(a.T @ b))[0] == "right"


def test_settings_that_an_answer_changes_are_put_back(toy):
    def answer(a, b):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        np.seterr(all="raise")
        return a.T @ b

    before = np.geterr()
    assert said(answer)[0] == "right"
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    assert np.geterr() == before


# Errors -------------------------------------------------------------------------------------


def recursion(a, b):
    return recursion(a, b)


def helper(a):
    return [][3]


def uses_helper(a, b):
    return helper(a)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


def raiser(failure):
    def answer(a, b):
        raise failure
    return answer


@pytest.mark.parametrize("answer, words", [
    (lambda a, b: 1 / 0, "raises ZeroDivisionError: division by zero"),
    (lambda a, b: a @ b, "raises ValueError: matmul"),
    (lambda a, b: torch.tensor(a) @ torch.tensor(b), "mat1 and mat2 shapes"),
    (lambda a, b: sys.exit(3), "raises SystemExit: 3"),
    (recursion, "raises RecursionError"),
    (uses_helper, "(return [][3]) raises IndexError: list index out of range"),
    (raiser(AssertionError()), "(raise failure) raises AssertionError"),
    (raiser(AssertionError("shapes differ\nand more")), "raises AssertionError: shapes differ"),
    (raiser(GeneratorExit()), "raises GeneratorExit"),
    (raiser(Unprintable()), "raises Unprintable"),
    (raiser(ValueError(object())), "<object object>"),
    (len, "parameter"),
    (lambda a: a, "takes 1 parameter, and the exercise passes 2: a, b"),
    (lambda a, b, c: a, "takes 3 parameters, and the exercise passes 2: a, b"),
    (5, "is an int, not a function"),
    (np.ones(3), "is an ndarray, not a function"),
])
def test_errors_are_described(toy, answer, words):
    status, message = said(answer)
    assert status == "error" and words in message, message


@pytest.mark.parametrize("answer, hint", [
    (lambda a, b: a.T * b, "go entry by entry"),
    (lambda a, b: torch.tensor(a) + torch.tensor(b), "go entry by entry"),
    (lambda a, b: a @ b, "A has as many columns as B has rows"),
    (lambda a, b: np.dot(a, b), "A has as many columns as B has rows"),
    (lambda a, b: torch.tensor(a) @ torch.tensor(b), "A has as many columns as B has rows"),
])
def test_shapes_that_do_not_fit_get_a_hint(toy, answer, hint):
    status, message = said(answer)
    assert status == "error" and hint in message and message.endswith((".", "?"))


def test_an_exercise_has_hints_of_its_own(toy):
    assert judge("costs", lambda x: 1 / 0).message.endswith(
        "raises ZeroDivisionError: division by zero. Nobody divides by 0.")


def test_error_names_the_line(toy):
    source = "def answer(a, b):\n    c = a.T @ b\n    return c + undefined\n"
    scope = {}
    exec(compile(source, "lesson cell", "exec"), scope)
    message = said(scope["answer"])[1]
    assert message.startswith("On 4 rows, line 3 of your code raises NameError: name 'undefined'")


def test_error_names_the_learners_line_not_that_of_compiled_or_course_code(toy):
    """Frames inside NumPy's .pyx files and inside the package are not the learner's."""
    def inside(a):
        return a.undefined

    inside.__code__ = inside.__code__.replace(co_filename="numpy/random/_generator.pyx")
    for call in (lambda a, b: np.random.default_rng(0).normal(size="x"), lambda a, b: inside(a),
                 lambda a, b: collection.catalogue()["toy"].right(a, b, 3)):
        message = said(call)[1]
        line = call.__code__.co_firstlineno
        assert f", line {line} of your code" in message or f"line {line + 1} of" in message, message


def test_unknown_names(toy):
    for name in ("tow", "Toys", "to_y"):
        status, message = judge(name, lambda a, b: a)
        assert status == "error" and message == (
            f'There is no exercise named "{name}". Did you mean "toy"?')  # fmt: skip
    for name in ("", "gradient of the moon", "\ud800"):
        status, message = judge(name, lambda a, b: a)
        assert status == "error" and message.endswith("has the name in the cell of its check.")


def test_a_name_that_is_none_gets_the_order_of_the_two(toy):
    for name in (3, None, len, ["toy"]):
        status, message = judge(name, "toy")
        assert status == "error" and message == (
            'The name in quotes comes first, then the function: check("share kept", share_kept).')


def test_tools_for_tensors_are_named_only_where_arrays_are_passed():
    slip = "'int' object is not callable"
    for arguments, told in [((matrix(1, 2, 3), 1.0), True), ((torch.ones(2),), False),
                            ((np.ones(2), torch.ones(2)), False), ((1.0, len), False)]:
        assert ("NumPy" in describe(TypeError(slip), {}, arguments)) is told, arguments


def test_an_interrupt_passes(toy):
    state = np.random.get_state()[1].tolist()
    with pytest.raises(KeyboardInterrupt):
        judge("toy", raiser(KeyboardInterrupt()))
    assert np.random.get_state()[1].tolist() == state


# Nothing raises -----------------------------------------------------------------------------


class Hostile:
    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None
    __bool__ = __len__ = __iter__ = __array__ = __repr__ = __getattr__ = __float__ = __eq__

    def __call__(self, *arguments):
        return self


class Lying:
    @property
    def __class__(self):
        raise RuntimeError


loop = []
loop.append(loop)
deep = []
for _ in range(5000):
    deep = [deep]

WEIRD = [
    "text", b"bytes", "\ud800", 10**400, float("nan"), float("inf"), 1j, True, {}, set(), (), [],
    [[], [1]], object(), Hostile(), Lying(), Hostile, Lying, int, type, print, iter([1]), loop,
    deep,
    np.ones((0, 3)), np.array(["a"]), np.array([None]), np.datetime64("2024-01-01"),
    np.ma.masked, np.array([object()]), np.broadcast_to(1.0, (10**6, 10**6)), np.zeros((2,) * 20),
    torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse(), torch.ones(2, dtype=torch.bfloat16),
    torch.ones(2, dtype=torch.complex64), torch.nn.Linear(2, 2), np.float16(7), np.uint8([1, 2]),
    np.array([True, False]), [torch.ones(2), np.ones(2), [1, 2]], range(3), slice(1),
    NotImplemented, memoryview(b"abc"), np.zeros(3, dtype=[("x", float)]), (..., 1), [...],
    ValueError("returned"),
]


@pytest.mark.parametrize("index", range(len(WEIRD)))  # pytest looks too closely at the things
def test_nothing_weird_raises(toy, capsys, index):
    weird = WEIRD[index]
    answers = weird, lambda a, b: weird, lambda *a: (weird, weird), lambda a, b: [weird]
    for answer in answers:
        assert said(answer)[0] in ("wrong", "error", "not attempted")
        check("toy", answer)
    judge("output gradient", lambda H, W, b, X: (weird, weird))
    judge(weird, weird)
    check(weird, weird)


def spoil(a, b):
    a.resize((0,), refcheck=False)
    return 1


async def coroutine(a, b):
    return 1


class Answer:
    def __init__(self, a, b):
        pass


CALLABLES = [
    spoil, Answer, lambda *a, **k: a, lambda a, b, c=1, *, d=2: a.T @ b, Hostile(), np.add,
    max, dict.fromkeys, torch.nn.Linear(3, 2), torch.nn.Sequential(), classmethod(len), map,
    np.frompyfunc(lambda a, b: a, 2, 1), raiser(BaseException()), raiser(StopIteration()),
    lambda a, b: print("noise"), lambda a, b: exec("raise SyntaxError('x')"),
    lambda a, b: exec("def ("), lambda a, b: globals().clear and None,
]


@pytest.mark.parametrize("index", range(len(CALLABLES)))
def test_no_callable_makes_it_raise(toy, capsys, index):
    said(CALLABLES[index])
    check("toy", CALLABLES[index])


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.binary(max_size=3),
    st.complex_numbers(), st.just(...), st.decimals(), st.fractions(), st.dates(),
)
things = st.recursive(leaves, lambda inner: st.one_of(
    st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(st.integers(), inner,
                                                                          max_size=2)))


@settings(max_examples=200, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thing=things)
def test_any_returned_value_gets_a_verdict(toy, thing):
    assert said(lambda a, b: thing)[0] in ("wrong", "not attempted")


@settings(max_examples=100, deadline=None)
@given(scale=st.floats(1e-6, 1e6), noise=st.floats(-1, 1))
def test_close_is_relative(scale, noise):
    a = scale * np.array([1.0, -2.0, 0.5])
    assert close(a * (1 + 1e-5 * noise), a)
    assert not close(a * 1.001, a)
    assert close(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))


def test_as_array_keeps_values():
    assert as_array([torch.tensor(1.0), 2, np.float32(3)]).tolist() == [1, 2, 3]
    for refused in (None, "1", ..., {}, object()):
        with pytest.raises(TypeError):
            as_array(refused)


# Printing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer, start", [
    (lambda a, b: a.T @ b, "Toy: right. Well done.\n"),
    (lambda a, b: ..., "Toy: not attempted yet. Replace the dots"),
    (lambda a, b: abs(a).T @ b, "Toy: wrong. The absolute value is taken.\n"),
    (lambda a, b: 1 / 0, "Toy: error. On 4 rows, line "),
])
def test_check_prints_one_verdict(toy, capsys, answer, start):
    assert check("toy", answer) is None
    out, err = capsys.readouterr()
    assert out.startswith(start) and err == "" and all(len(line) <= 88 for line in out.split("\n"))


def test_printing_answers_are_not_silenced(toy, capsys):
    def answer(a, b):
        print("a has shape", a.shape)
        return a.T @ b

    check("toy", answer)
    assert capsys.readouterr().out.endswith("a has shape (5, 2)\nToy: right. Well done.\n")


def test_the_exercises_of_every_module_have_learners():
    """Each module of the catalogue is among the topics of one ``tests/test_exercises_NN.py``."""
    files = sorted((ROOT / "tests").glob("test_exercises_*.py"))
    topics = [topic for path in files for topic in script(path).TestExercises.topics]
    modules = {exercise.right.__module__.split(".")[-1]
               for exercise in collection.catalogue().values()}  # fmt: skip
    assert sorted(topics) == sorted(modules)
