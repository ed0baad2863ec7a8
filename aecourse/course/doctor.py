"""``python -m aecourse doctor``: what works on this computer, and what to do about the rest.

Each check is a function that returns lines. None of them may stop the others: whatever one
raises becomes a line of its own.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import queue
import re
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

OK, NOTE, BROKEN = "ok", "note", "BROKEN"

INSTALL = 'in a clone of the course: python -m pip install -c constraints.txt -e ".[lab]"'
PAIR = "install both together, from one index: python -m pip install --upgrade torch torchvision"
GIB = 2**30
NEEDED_MEMORY = 1.5 * GIB  # what a lesson may take
KERNEL_TIMEOUT = 60  # seconds; a first start on a slow disk takes its time


class Line(NamedTuple):
    """One finding.

    Attributes:
        state: ``OK``, ``NOTE`` (works, but look at it) or ``BROKEN``.
        subject: what was looked at.
        text: what was found, and what to do about it.
    """

    state: str
    subject: str
    text: str


# --------------------------------------------------------------------------- versions


def check_python() -> Iterable[Line]:
    found = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036  # a clone may be tried with any Python
        yield Line(BROKEN, "Python", f"{found}; the course needs 3.11 or newer")
    else:
        yield Line(OK, "Python", f"{found}, {sys.executable}")


def check_packages() -> Iterable[Line]:
    """Every core dependency: installed, new enough, and does it import?"""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in requires("aecourse") or []]
    except PackageNotFoundError:
        yield Line(BROKEN, "aecourse", f"is not installed; {INSTALL}")
        return
    yield Line(OK, "aecourse", f"{version('aecourse')}, {Path(__file__).parent}")
    for requirement in wanted:
        if requirement.marker is None:  # the extras carry a marker
            yield _check_package(requirement.name, requirement.specifier)


def _check_package(name: str, bounds) -> Line:
    module = {"pillow": "PIL", "scikit-learn": "sklearn", "ipython": "IPython"}.get(name, name)
    try:
        found = version(name)
    except PackageNotFoundError:
        return Line(BROKEN, name, f"is not installed; {INSTALL}")
    if not bounds.contains(found, prereleases=True):
        return Line(BROKEN, name, f"{found} is installed, {bounds} is needed; {INSTALL}")
    try:
        import_module(module)
    except Exception as error:
        advice = PAIR if name in ("torch", "torchvision") else INSTALL
        return Line(BROKEN, name, f"{found} does not import ({_sentence(error)}); {advice}")
    return Line(OK, name, found)


def check_pair() -> Iterable[Line]:
    """torch and torchvision are built for one another; any other combination breaks."""
    try:
        torch_version, vision_version = version("torch"), version("torchvision")
    except PackageNotFoundError:
        return  # check_packages has said so
    pinned = [
        match[1]
        for text in requires("torchvision") or []
        if (match := re.match(r"torch\s*\(?==\s*([\w.]+)", text))
    ]
    pair = f"torch {torch_version}, torchvision {vision_version}"
    if pinned and pinned[0] != torch_version.partition("+")[0]:
        yield Line(
            BROKEN, "pair", f"{pair}: this torchvision was built for torch {pinned[0]}; {PAIR}"
        )
        return
    try:
        import torch
        from torchvision.ops import nms

        nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    except Exception as error:
        yield Line(BROKEN, "pair", f"{pair} do not work together ({_sentence(error)}); {PAIR}")
    else:
        yield Line(OK, "pair", f"{pair} work together")


# --------------------------------------------------------------------------- the computer


def check_device() -> Iterable[Line]:
    import torch

    from aecourse.device import pick_device

    try:
        device = pick_device()
    except ValueError as error:
        yield Line(BROKEN, "device", f"{error} (Change or unset AECOURSE_DEVICE.)")
        return
    try:
        ones = torch.ones(8, 8, device=device)
        works = (ones @ ones).sum().item() == 512
    except Exception as error:
        yield Line(
            BROKEN, "device", f"{device} fails ({_sentence(error)}); set AECOURSE_DEVICE=cpu"
        )
        return
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    if works:
        yield Line(OK, "device", f"{device} {name}".strip())
    else:
        yield Line(BROKEN, "device", f"{device} computes wrong results; set AECOURSE_DEVICE=cpu")


def check_threads() -> Iterable[Line]:
    import torch

    threads, cores = torch.get_num_threads(), usable_cores()
    text = f"torch uses {threads}, this process may use {cores} core{'s' * (cores > 1)}"
    if threads > cores:
        yield Line(NOTE, "threads", f"{text}: it will be slow; set OMP_NUM_THREADS={cores}")
    elif threads > 1 and "JUPYTERHUB_USER" in os.environ:
        advice = "on a hub whose users share cores, set OMP_NUM_THREADS=1: waiting threads spin"
        yield Line(NOTE, "threads", f"{text}; {advice}")
    else:
        yield Line(OK, "threads", text)


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """How many cores this process may use at a time: affinity, and the quota of a container."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    quota = _first_readable(cgroup / "cpu.max", cgroup / "cpu/cpu.cfs_quota_us").split()
    if len(quota) == 1:  # the older layout has the period in a file of its own
        quota.append(_first_readable(cgroup / "cpu/cpu.cfs_period_us"))
    try:
        share = int(quota[0]) / int(quota[1])
    except (IndexError, ValueError, ZeroDivisionError):  # no container, or no limit ("max")
        return cores
    return max(1, min(cores, math.ceil(share))) if share > 0 else cores


def free_memory(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """How many bytes this process may still take: of the machine, and of a container."""
    import psutil

    free = psutil.virtual_memory().available
    limit = _first_readable(cgroup / "memory.max", cgroup / "memory/memory.limit_in_bytes")
    used = _first_readable(cgroup / "memory.current", cgroup / "memory/memory.usage_in_bytes")
    if limit.isdigit() and used.isdigit():  # a container
        free = min(free, max(0, int(limit) - int(used)))
    return free


def check_memory(cgroup: Path = Path("/sys/fs/cgroup")) -> Iterable[Line]:
    free = free_memory(cgroup)
    text = f"{free / GIB:.1f} GiB free"
    if free < NEEDED_MEMORY:
        text += f"; a lesson may need {NEEDED_MEMORY / GIB:.1f}: close other kernels and programs"
        yield Line(NOTE, "memory", text)
    else:
        yield Line(OK, "memory", text)


def _first_readable(*paths: Path) -> str:
    for path in paths:
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError:
            continue
    return ""


# --------------------------------------------------------------------------- data and Jupyter


def check_data() -> Iterable[Line]:
    from aecourse import data

    try:
        folder = data.find_data()
    except data.DataError as error:
        yield Line(BROKEN, "data", str(error))
        return
    yield Line(OK, "data", f"found in {folder}")
    for name in data.DATA_FILES:
        try:
            data.verify(name)
        except data.DataError as error:
            yield Line(BROKEN, "data", str(error))
        else:
            yield Line(OK, "data", f"{name} is intact")


def check_kernel() -> Iterable[Line]:
    """Start the Jupyter kernel that the lessons name, and ask which Python it is."""
    try:
        from jupyter_client.kernelspec import NoSuchKernel
    except ModuleNotFoundError:
        yield Line(BROKEN, "kernel", f"Jupyter is not installed; {INSTALL}")
        return
    repair = "python -m pip install --upgrade ipykernel"
    try:
        prefix = _prefix_of_kernel()
    except NoSuchKernel:
        yield Line(BROKEN, "kernel", f"there is no Jupyter kernel python3; {repair}")
    except Exception as error:
        yield Line(
            BROKEN, "kernel", f"the kernel python3 does not start ({_sentence(error)}); {repair}"
        )
    else:
        if os.path.realpath(prefix) == os.path.realpath(sys.prefix):
            yield Line(OK, "kernel", "python3 starts this Python")
        else:
            yield Line(
                BROKEN,
                "kernel",
                f"python3 starts another Python, in {prefix}; "
                "set JUPYTER_PREFER_ENV_PATH=1, or remove the other with "
                "`jupyter kernelspec uninstall python3`",
            )


def _prefix_of_kernel() -> str:
    """``sys.prefix`` as the kernel python3 sees it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        kernel_name="python3", startup_timeout=KERNEL_TIMEOUT, stderr=open(os.devnull, "w")
    )
    try:
        printed: list[str] = []

        def collect(message: dict) -> None:
            printed.append(message["content"].get("text", ""))

        client.execute_interactive(
            "import sys; print(sys.prefix)", output_hook=collect, timeout=KERNEL_TIMEOUT
        )
        return "".join(printed).strip()
    except queue.Empty:
        raise TimeoutError("no answer") from None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# --------------------------------------------------------------------------- all of it

CHECKS: dict[str, Callable[[], Iterable[Line]]] = {
    "Python": check_python,
    "packages": check_packages,
    "pair": check_pair,
    "device": check_device,
    "threads": check_threads,
    "memory": check_memory,
    "data": check_data,
    "kernel": check_kernel,
}


def examine(checks: dict[str, Callable[[], Iterable[Line]]] = CHECKS) -> list[Line]:
    """The lines of all checks. A check that raises gives a line that says so."""
    lines: list[Line] = []
    for subject, check in checks.items():
        try:
            for line in check():
                lines.append(line)  # what was found before a failure is kept
        except Exception as error:
            lines.append(
                Line(BROKEN, subject, f"could not be looked at ({_sentence(error)}); {INSTALL}")
            )
    return lines


def doctor(options: argparse.Namespace | None = None) -> int:
    """Print what :func:`examine` finds; 1 if something does not work, else 0."""
    lines = examine()
    width = max(len(line.subject) for line in lines)
    for line in lines:
        _print(f"{line.state:6}  {line.subject:{width}}  {line.text}")
    broken = sum(line.state == BROKEN for line in lines)
    if broken:
        _print(f"\n{broken} thing{'s do' if broken > 1 else ' does'} not work: see BROKEN above.")
        return 1
    _print("\nAll is well.")
    return 0


def _print(text: str) -> None:
    """Print, also to a terminal whose encoding lacks a letter of a path."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))


def _sentence(error: BaseException) -> str:
    """The first line of what an error says, with its kind."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
