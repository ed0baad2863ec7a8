"""Experiments that take longer than a lesson may: their results, saved and traceable.

A script in ``experiments/`` calls :func:`cells` and :func:`write`; a lesson calls :func:`read`.
Beside the figures, the file ``results/NAME.json`` says with which command, versions and device they
came about, holds a digest of every definition that they depend on, and a record of every verdict.
When one of the definitions changes, the result is *stale*: a test fails, and ``make experiments``
computes it again.
"""

from aecourse.results.files import Result, ResultError, cells, keep, read, stale, write
from aecourse.results.nets import load_net, save_net
from aecourse.results.sources import digest, sources_of
from aecourse.results.verdicts import (
    Interval,
    difference,
    prediction_interval,
    summary,
    verdict,
    weaknesses,
)

__all__ = [
    "Interval",
    "Result",
    "ResultError",
    "cells",
    "difference",
    "digest",
    "keep",
    "load_net",
    "prediction_interval",
    "read",
    "save_net",
    "sources_of",
    "stale",
    "summary",
    "verdict",
    "weaknesses",
    "write",
]
