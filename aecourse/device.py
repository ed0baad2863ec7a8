"""Where the tensors live."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CHOICES = ("cuda", "mps", "cpu")  # the first that is available is taken


def pick_device(name: str | None = None) -> torch.device:
    """The device to train on: the fastest there is, unless one is named.

    Args:
        name: ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``. Without it, the environment
            variable ``AECOURSE_DEVICE`` decides; without that, the first available of CUDA,
            MPS and the CPU. MPS has no float64.

    Raises:
        ValueError: the named device does not exist, or not on this computer.
    """
    import torch  # here, so that `python -m aecourse doctor` can report a broken torch

    available = _available()
    source = "the argument" if name else "AECOURSE_DEVICE"
    name = (name or os.environ.get("AECOURSE_DEVICE", "")).strip().lower()
    if not name:
        return torch.device(available[0])
    if name not in available:
        usable = ", ".join(available)
        kind = name.partition(":")[0]
        problem = "is not available on this computer" if kind in CHOICES else "is unknown"
        raise ValueError(
            f"The device {name!r} (from {source}) {problem}. "
            f"Choose one of: {usable}; or name none, and {available[0]} is taken."
        )
    return torch.device(name)


def _available() -> list[str]:
    """Names of the devices that work here, fastest first."""
    import torch

    names = []
    if torch.cuda.is_available():
        names += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]
