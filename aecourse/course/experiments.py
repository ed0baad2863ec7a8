"""``python -m aecourse experiments``: which results are stale, and computing them again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from aecourse.results import ResultError, files, keep, stale


def experiments(options) -> int:
    """Compute missing and stale results again, or keep them for a reason.

    Args:
        options: ``names`` (all unless given), ``all`` (the up-to-date ones too), ``keep`` (a
            reason: the sources changed, the figures did not).
    """
    folder = files.SOURCE_TREE / "experiments"
    scripts = sorted(folder.glob("[0-9]*.py"))
    names = getattr(options, "names", [])
    reason = getattr(options, "keep", None)
    scripts += [path for path in [folder / "bench.py"] if path.stem in names and path.is_file()]
    if not scripts:
        print(f"There is no experiment in {folder}: experiments need a clone of the repository.")
        return 1
    unknown = set(names) - {script.stem for script in scripts}
    if unknown:
        known = ", ".join(script.stem for script in scripts)
        print(f"No experiment is called {', '.join(sorted(unknown))}. There are: {known}.")
        return 1
    if reason is not None and not names:
        print("Name the experiments whose figures stay as they are.")
        return 1
    chosen = [script for script in scripts if not names or script.stem in names]
    if reason is not None:
        return _keep(chosen, reason)
    return _compute(chosen, everything=getattr(options, "all", False))


def _keep(scripts: list[Path], reason: str) -> int:
    for script in scripts:
        try:
            names = keep(script.stem, reason)
        except (ResultError, ValueError) as problem:
            print(problem)
            return 1
        print(f"{script.stem}: {'kept, though ' + ', '.join(names) if names else 'up to date'}")
    return 0


def _compute(scripts: list[Path], everything: bool) -> int:
    for script in scripts:
        why = "asked for" if everything else _why_again(script.stem)
        print(f"{script.stem}: {why or 'up to date'}", flush=True)
        if why:
            finished = subprocess.run([sys.executable, str(script)], cwd=files.SOURCE_TREE)
            if finished.returncode:
                return finished.returncode
    return 0


def _why_again(name: str) -> str:
    try:
        changed = stale(name)
    except ResultError:
        return "no result yet"
    return f"stale, because of {', '.join(changed)}" if changed else ""
