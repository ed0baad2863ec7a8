"""Experiments that take longer than a lesson may: their results, saved and traceable.

A script in ``experiments/`` calls :func:`write`; a lesson calls :func:`read`. Beside the figures,
the file ``results/NAME.json`` says with which command, versions and device they came about, and
holds a digest of every source that they depend on. When one of these sources changes, the result
is *stale*: a test fails, and ``make experiments`` computes it again.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import io
import json
import platform
import subprocess
import sys
import textwrap
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")
SOURCE_TREE = Path(__file__).resolve().parents[1]


class ResultError(RuntimeError):
    """A saved result is missing or damaged."""


@dataclass(frozen=True)
class Result:
    """What an experiment found, and how.

    Attributes:
        figures: whatever the script passed to :func:`write`: numbers, lists, nested dictionaries.
        command: what computes it again.
        device: where it ran, and with how many threads.
        versions: of Python and of the packages that matter.
        sources: name of a source → its digest when the experiment ran.
    """

    figures: dict[str, Any]
    command: str
    device: str
    versions: dict[str, str]
    sources: dict[str, str]


# --------------------------------------------------------------------------- writing and reading


def write(script: str | Path, figures: dict[str, Any], depends_on: Sequence[Callable] = ()) -> Path:
    """Save what an experiment found as ``results/NAME.json``; it appears once it is complete.

    Args:
        script: ``__file__`` of the script ``experiments/NAME.py``.
        figures: numbers, strings, lists and dictionaries of them.
        depends_on: the functions and classes of ``aecourse`` on which the figures depend.

    Raises:
        ValueError: a figure is no number (NaN, infinity), which JSON cannot hold.
        TypeError: a figure is of a type that JSON does not know, such as a tensor.
    """
    import torch  # here, so that this module loads quickly

    script = Path(script).resolve()
    sources = {script.name: digest(script.read_text(encoding="utf-8"))}
    sources |= {name_of(source): digest(inspect.getsource(source)) for source in depends_on}
    on_gpu = torch.cuda.is_available()
    threads = torch.get_num_threads()
    result = Result(
        figures,
        command=f"python experiments/{script.name}",
        device=torch.cuda.get_device_name() if on_gpu else f"CPU, {threads} thread(s)",
        versions={"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        sources=sources,
    )
    path = script.parents[1] / "results" / f"{script.stem}.json"
    text = json.dumps(vars(result), indent=1, allow_nan=False)
    unfinished = path.with_suffix(".part")
    path.parent.mkdir(exist_ok=True)
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def read(name: str) -> Result:
    """The saved result of the experiment ``experiments/NAME.py``.

    It is found in the installed package, or in ``results/`` of a clone.

    Raises:
        ResultError: there is none of that name, or the file is damaged.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_results", SOURCE_TREE / "results"):
        path = folder / f"{name}.json"
        if path.is_file():
            break
    else:
        raise ResultError(
            f"There is no saved result {name!r}. In a clone, `python experiments/{name}.py` "
            "computes it; otherwise install the package again."
        )
    try:
        return Result(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ResultError(
            f"{path} is damaged ({error}). Get it back with `git checkout -- results`, or compute "
            f"it again with `python experiments/{name}.py`."
        ) from None


# --------------------------------------------------------------------------- staleness


def stale(name: str) -> list[str]:
    """The sources that changed since the result was computed; empty if it is up to date.

    Comments, docstrings and layout do not count.
    """
    saved = read(name).sources
    return [source for source, known in saved.items() if _digest_now(source) != known]


def _digest_now(source: str) -> str | None:
    """The digest of a script or an object as it is today; None if it is gone."""
    if source.endswith(".py"):
        script = SOURCE_TREE / "experiments" / source
        return digest(script.read_text(encoding="utf-8")) if script.is_file() else None
    parts = source.split(":")
    try:
        found = importlib.import_module(parts[0])
        for attribute in parts[1].split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError):
        return None
    return digest(inspect.getsource(found))


def name_of(source: Callable) -> str:
    """``module:function``, by which :func:`stale` finds the object again."""
    return f"{source.__module__}:{source.__qualname__}"


def digest(source: str) -> str:
    """SHA-256 of what a source *does*: without comments, docstrings and white space."""
    source = textwrap.dedent(source)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            number, column = token.start
            lines[number - 1] = lines[number - 1][:column]
    for start, stop in _docstrings(source):
        lines[start:stop] = [""] * (stop - start)
    dense = "".join("".join(line.split()) for line in lines)
    return hashlib.sha256(dense.encode()).hexdigest()


def _docstrings(source: str) -> list[tuple[int, int]]:
    """First line and line after the last of each docstring, counted from 0."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [node.body[0] for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    return [
        (node.lineno - 1, node.end_lineno)
        for node in first
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


# --------------------------------------------------------------------------- make experiments


def experiments(options) -> int:
    """Compute missing and stale results again: ``python -m aecourse experiments``.

    Args:
        options: ``names`` (all unless given) and ``all`` (the up-to-date ones too).
    """
    folder = SOURCE_TREE / "experiments"
    scripts = sorted(folder.glob("[0-9]*.py"))
    if not scripts:
        print(f"There is no experiment in {folder}: experiments need a clone of the repository.")
        return 1
    names = getattr(options, "names", [])
    unknown = set(names) - {script.stem for script in scripts}
    if unknown:
        known = ", ".join(script.stem for script in scripts)
        print(f"No experiment is called {', '.join(sorted(unknown))}. There are: {known}.")
        return 1
    for script in scripts:
        if names and script.stem not in names:
            continue
        reason = "asked for" if getattr(options, "all", False) else _why_again(script.stem)
        print(f"{script.stem}: {reason or 'up to date'}", flush=True)
        if not reason:
            continue
        finished = subprocess.run([sys.executable, str(script)], cwd=SOURCE_TREE)
        if finished.returncode:
            return finished.returncode
    return 0


def _why_again(name: str) -> str:
    try:
        changed = stale(name)
    except ResultError:
        return "no result yet"
    return f"stale, because of {', '.join(changed)}" if changed else ""
