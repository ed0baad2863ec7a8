"""Small trained nets beside the results, so that a lesson can show them without training."""

from __future__ import annotations

import copy
from pathlib import Path

import torch

from aecourse import saving
from aecourse.models import Autoencoder
from aecourse.results.files import ResultError, saved_file

LARGEST, ALL_TOGETHER = 1_500_000, 8_000_000  # bytes


def save_net(script: str | Path, label: str, model: Autoencoder) -> Path:
    """Save a net in half precision as ``results/NAME.LABEL.safetensors``.

    Args:
        script: ``__file__`` of the script ``experiments/NAME.py``.
        label: what tells it from other nets of the script, such as "8".
        model: of an architecture that :mod:`aecourse.saving` knows.

    Raises:
        ValueError: the file would be larger than 1.5 MB, or all nets together than 8 MB.
    """
    script = Path(script).resolve()
    folder = script.parents[1] / "results"
    path = folder / f"{script.stem}.{label}.safetensors"
    others = sum(p.stat().st_size for p in folder.glob("*.safetensors") if p != path)
    size = sum(2 * value.numel() for value in model.state_dict().values())
    if size > LARGEST or others + size > ALL_TOGETHER:
        raise ValueError(
            f"{label!r} takes {size:,} bytes beside {others:,} of other nets; a net may take "
            f"{LARGEST:,}, and all together {ALL_TOGETHER:,}. Save fewer or smaller ones."
        )
    return saving.save(path, copy.deepcopy(model).half())


def load_net(name: str, label: str) -> Autoencoder:
    """The net that the experiment ``NAME`` saved under a label: float32, on the CPU.

    Raises:
        ResultError: there is none.
    """
    path = saved_file(f"{name}.{label}.safetensors")
    if path is None:
        raise ResultError(
            f"There is no saved net {label!r} of {name!r}. In a clone, `python experiments/"
            f"{name}.py` trains it; otherwise install the package again."
        )
    return saving.load(path).model.to(torch.float32)
