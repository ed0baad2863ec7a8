"""Trying an answer again: does it draw random numbers, and which arguments does it use?"""

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

from aecourse.exercises.answers import as_arrays
from aecourse.exercises.diagnosis import close
from aecourse.exercises.isolation import reseed, time_limit


def fresh(arguments: Sequence, from_net: Iterable[int] = ()) -> list:
    """Copies of a probe's arguments, for one call of a function.

    Floating-point tensors at the places ``from_net`` become what a net hands over: they carry a
    gradient, which ``backward`` leaves in ``.grad``, and may be changed in place.
    """
    copies = copy.deepcopy(list(arguments))
    for place in from_net:
        tensor = copies[place]
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            with torch.enable_grad():  # whatever an answer before switched off
                copies[place] = tensor.requires_grad_().clone()  # a leaf must not be changed
            copies[place].retain_grad()
    return copies


def outcome(exercise, function: Callable, arguments: Sequence) -> list[np.ndarray] | None:
    """An array for each part of what a function returns; None if it raises or has no numbers.

    None too if it takes longer than two seconds.
    """
    try:
        with time_limit(2):
            return as_arrays(function(*exercise.fresh(arguments)), exercise.returns)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def alike(some, others) -> bool:
    return some is not None and others is not None and all(
        close(a, b) for a, b in zip(some, others))


def unsteady(exercise, answer: Callable, arguments: Sequence) -> str:
    """What to say if an answer gives another result when it is called again, else nothing."""
    results = []
    for seed in (0, 0, 1):
        reseed(seed)
        results.append(outcome(exercise, answer, arguments))
    first, again, reseeded = results
    if None in (first, again, reseeded) or alike(first, reseeded) and alike(first, again):
        return ""
    if alike(first, again):
        return ("It changes from call to call: the function draws "
                "random numbers of its own. Use only what is passed to it.")
    return ("It changes from call to call with the same input. Are "
            "random numbers drawn, or is something kept between the calls, in a variable outside "
            "or in a default argument?")


def exchanged(exercise, answers) -> str:
    """What to say if the reference gives these answers with two arguments mixed up."""
    parameters, probes = exercise.parameters, list(exercise.probes.values())
    if not all(np.isfinite(value.astype(float)).all() for values in answers for value in values):
        return ""
    for i, j in itertools.permutations(range(len(parameters)), 2):
        a, b = parameters[i], parameters[j]
        swapped = "" if i > j else f"This is what comes out with {a} and {b} exchanged."
        mistaken = (f"This is what comes out with {b} in the place of {a}: is one variable taken "
                    "for another?")
        for said, order in ((swapped, {i: j, j: i}), (mistaken, {i: j})):
            mixed = [[given[order.get(k, k)] for k in range(len(given))] for given in probes]
            if said and all(alike(outcome(exercise, exercise.right, arguments), values)
                            for arguments, values in zip(mixed, answers)):
                return said
    return ""


def passed_through(exercise, answers) -> str:
    """What to say if one of the arguments comes back as it was."""
    if len(exercise.returns) > 1:
        return ""
    for k, parameter in enumerate(exercise.parameters):
        if all(alike(outcome(exercise, lambda *a, k=k: a[k], arguments), values)
               for arguments, values in zip(exercise.probes.values(), answers)):
            return f"This is the argument {parameter} as it came."
    return ""


def unused(exercise, answer: Callable) -> str:
    """What to say if the result does not depend on an argument that it should depend on."""
    arguments = next(iter(exercise.probes.values()))
    found = []
    for k, parameter in enumerate(exercise.parameters):
        try:
            other = [varied(a) if i == k else a for i, a in enumerate(arguments)]
        except TypeError:
            continue
        right, mine = (
            (outcome(exercise, f, arguments), outcome(exercise, f, other))
            for f in (exercise.right, answer))
        if None not in (*right, *mine) and not alike(*right) and alike(*mine) and varies(mine[0]):
            found.append(parameter)
    if not found or len(found) == len(exercise.parameters) > 1:
        return ""
    return f"It does not depend on {' and '.join(found)}, and should."


def varies(values) -> bool:
    """Whether a result is more than one number or NaN, which come out for many reasons."""
    return any(v.size and np.isfinite(v.astype(float)).all()
               and (v.size == 1 or np.ptp(v.astype(float))) for v in values)


def varied(argument):
    """An argument of the same kind and size with other values; TypeError if there is no way."""
    if isinstance(argument, bool | str | bytes) or argument is None:
        raise TypeError
    if isinstance(argument, int | float):
        return argument + 1 if isinstance(argument, int) else 1.2 * argument
    if isinstance(argument, torch.Generator):
        return torch.Generator().manual_seed(argument.initial_seed() + 1)
    if isinstance(argument, np.random.Generator):
        return np.random.default_rng(argument.integers(1000))
    if isinstance(argument, torch.Tensor):
        return torch.as_tensor(varied(argument.detach().cpu().numpy()))
    if isinstance(argument, np.ndarray):
        if argument.dtype.kind == "f":
            return 0.8 * argument[::-1]
        if argument.dtype.kind in "biu" and argument.ndim:
            return np.roll(argument, 1)
    if isinstance(argument, list) and all(isinstance(item, int) for item in argument):
        return [item + 1 for item in argument]
    if callable(argument) and not isinstance(argument, torch.nn.Module):
        return lambda *a, **k: 1.2 * argument(*a, **k) + 0.1
    raise TypeError
