"""What the checks know: one module per lesson, each with a list ``EXERCISES``."""

import functools
import importlib
import pkgutil


@functools.cache
def catalogue() -> dict:
    """All exercises by name, collected from the modules of this folder."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        for exercise in importlib.import_module(f"{__name__}.{info.name}").EXERCISES:
            if exercise.name in found:
                raise ValueError(f"two exercises are named {exercise.name!r}")
            found[exercise.name] = exercise
    return found
