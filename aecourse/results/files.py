"""Results of experiments in files: written by a script, read by a lesson, traceable and resumable."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aecourse.results.sources import changed, sources_of

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")
SOURCE_TREE = Path(__file__).resolve().parents[2]
UNFINISHED = ".unfinished"  # beside the results; not in the repository


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
        sources: name of a definition → its digest when the experiment ran.
        verdicts: id → a record of :func:`aecourse.results.verdict`.
        kept: each time that sources changed and the figures stayed: the reason, and the digests
            of the sources before and after.
    """

    figures: dict[str, Any]
    command: str
    device: str
    versions: dict[str, str]
    sources: dict[str, str]
    verdicts: dict[str, dict] = field(default_factory=dict)
    kept: list[dict] = field(default_factory=list)


# --------------------------------------------------------------------------- writing and reading


def write(
    script: str | Path, figures: dict[str, Any], verdicts: dict[str, dict] | None = None
) -> Path:
    """Save what an experiment found as ``results/NAME.json``; it appears once it is complete.

    Args:
        script: ``__file__`` of the script ``experiments/NAME.py``.
        figures: numbers, strings, lists and dictionaries of them.
        verdicts: id → record of :func:`aecourse.results.verdict`.

    Raises:
        ValueError: a figure is no number (NaN, infinity), which JSON cannot hold.
        TypeError: a figure is of a type that JSON does not know, such as a tensor.
    """
    import torch  # here, so that this module loads quickly

    _refuse_shifted_seeds()
    script = Path(script).resolve()
    on_gpu = torch.cuda.is_available()
    result = Result(
        figures,
        command=f"python experiments/{script.name}",
        device=torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} thread(s)",
        versions={"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        # As they were when the experiment began: who edits them meanwhile gets a stale result.
        sources=_sources_in(_unfinished_file(script)) or sources_of(script),
        verdicts=verdicts or {},
    )
    path = script.parents[1] / "results" / f"{script.stem}.json"
    _write_whole(path, result)
    _unfinished_file(script).unlink(missing_ok=True)
    return path


def read(name: str) -> Result:
    """The saved result of the experiment ``experiments/NAME.py``.

    It is found in the installed package, or in ``results/`` of a clone.

    Raises:
        ResultError: there is none of that name, or the file is damaged.
    """
    path = saved_file(f"{name}.json")
    if path is None:
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


def _refuse_shifted_seeds() -> None:
    """A result names its seeds: they must be the ones that were used."""
    for variable in ("AECOURSE_SEED", "AECOURSE_PERTURB"):
        if os.environ.get(variable, "0") not in ("", "0"):
            raise ResultError(f"{variable} is set: run experiments without it.")


def saved_file(name: str) -> Path | None:
    """A file of ``results/``: in the installed package, or in a clone; None if there is none."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_results", SOURCE_TREE / "results"):
        if (folder / name).is_file():
            return folder / name
    return None


def _write_whole(path: Path, result: Result) -> None:
    text = json.dumps(vars(result), indent=1, allow_nan=False)
    unfinished = path.with_suffix(".part")
    path.parent.mkdir(exist_ok=True)
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)


# --------------------------------------------------------------------------- staleness


def stale(name: str) -> list[str]:
    """The sources that changed since the result was computed; empty if it is up to date."""
    script = SOURCE_TREE / "experiments" / f"{name}.py"
    if not script.is_file():
        return [script.name]
    return changed(read(name).sources, sources_of(script, SOURCE_TREE))


def keep(name: str, because: str) -> list[str]:
    """Declare a stale result up to date, for a reason that is saved with it.

    For changes that leave every figure as it is: a piece of code that moved or was renamed, an
    option that is set to what it was before. Whoever calls this has checked that.

    Returns:
        The sources that had changed.
    """
    if not because.strip():
        raise ValueError("Say why the figures stay as they are: the reason is saved with them.")
    result, names = read(name), stale(name)
    if names:
        now = sources_of(SOURCE_TREE / "experiments" / f"{name}.py", SOURCE_TREE)
        moved = {source: [result.sources.get(source), now.get(source)] for source in names}
        known = vars(result) | {
            "sources": now,
            "kept": [*result.kept, {"because": because, "sources": moved}],
        }
        _write_whole(SOURCE_TREE / "results" / f"{name}.json", Result(**known))
    return names


# --------------------------------------------------------------------------- resuming


def cells(script: str | Path) -> Callable[[tuple, Callable[[], Any]], Any]:
    """A function ``cell(key, compute)`` that computes each key once, however often the script runs.

    What ``compute()`` returns is saved at once, so that an experiment can be stopped and started
    again; :func:`write` removes the file. If a source of the script has changed in between, the
    saved cells no longer count (they are set aside in a file ``.old``), and all are computed anew.

    ::

        cell = results.cells(__file__)
        error = cell(("net", 8, seed), lambda: train_and_test(8, seed))

    Args:
        script: ``__file__`` of the script ``experiments/NAME.py``.
    """
    _refuse_shifted_seeds()
    path, sources = _unfinished_file(script), sources_of(script)
    done = _cells_in(path, sources)
    if not done:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():  # hours of work, perhaps: set aside, not thrown away
            path.replace(path.with_suffix(".old"))
        path.write_text(json.dumps({"sources": sources}) + "\n", encoding="utf-8")

    def cell(key: tuple, compute: Callable[[], Any]) -> Any:
        known = json.dumps(key)
        if known not in done:
            # Through JSON, so that a resumed experiment sees what an unbroken one does.
            line = json.dumps({"key": known, "value": compute()}, allow_nan=False)
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            done[known] = json.loads(line)["value"]
            print(f"{known}: {done[known]}", flush=True)
        return done[known]

    return cell


def _unfinished_file(script: str | Path) -> Path:
    script = Path(script).resolve()
    return script.parents[1] / "results" / UNFINISHED / f"{script.stem}.jsonl"


def _cells_in(path: Path, sources: dict[str, str]) -> dict[str, Any]:
    """The finished cells of a file; none if it was written by other code."""
    done: dict[str, Any] = {}
    if not path.is_file():
        return done
    if _sources_in(path) != sources:
        print(f"{path.stem}: the code has changed since these cells were computed; starting anew")
        return done
    for line in map(_line, path.read_text(encoding="utf-8").splitlines()):
        if "key" in line:
            done[line["key"]] = line["value"]
    return done


def _sources_in(path: Path) -> dict[str, str] | None:
    """The sources with which a file of cells was begun; None if there is no such file."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        return _line(file.readline()).get("sources")


def _line(text: str) -> dict:
    """A line of the file; nothing if the computer stopped while it was written."""
    try:
        return json.loads(text)
    except ValueError:
        return {}
