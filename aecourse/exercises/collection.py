"""All exercises of the course, by name."""

import functools
import importlib
import pkgutil

import aecourse.exercises


@functools.cache
def catalogue() -> dict:
    """All exercises by name, from every module of this folder that has a list ``EXERCISES``."""
    found = {}
    for info in pkgutil.iter_modules(aecourse.exercises.__path__):
        module = importlib.import_module(f"aecourse.exercises.{info.name}")
        for exercise in getattr(module, "EXERCISES", []):
            if exercise.name in found:
                raise ValueError(f"two exercises are named {exercise.name!r}")
            found[exercise.name] = exercise
    return found
