"""What a reader takes along: codes and errors as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from torch import Tensor


def save_codes(
    path: str | Path, names: Sequence, codes: Tensor, errors: Tensor, part: Sequence[str] = ()
) -> Path:
    """Write codes and errors to a CSV file, one line per example; it appears once complete.

    Args:
        path: of the file; its folder must exist.
        names: of the examples (files, or lines of a table).
        codes: (N, code_size).
        errors: (N,) such as squared error per value.
        part: "train", "valid" or "test" of each example, if wanted.

    Raises:
        ValueError: the lengths differ.
        FileNotFoundError: the folder does not exist.
    """
    if not len(names) == len(codes) == len(errors) == len(part or names):
        raise ValueError(
            f"{len(names)} names, {len(codes)} codes, {len(errors)} errors"
            + (f" and {len(part)} parts" if part else "") + ": one each per example is needed."
        )  # fmt: skip
    path = Path(path).expanduser()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}: create it first.")
    table = pd.DataFrame(codes.numpy(), columns=[f"code {j + 1}" for j in range(codes.shape[1])])
    table.insert(0, "error", errors.numpy())
    if part:
        table.insert(0, "part", list(part))
    table.insert(0, "name", list(names))
    unfinished = path.with_name(path.name + ".part")
    try:
        table.to_csv(unfinished, index=False)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
