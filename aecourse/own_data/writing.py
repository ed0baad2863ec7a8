"""What a reader takes along: codes as a CSV file, and the lesson as a notebook of their own."""

from __future__ import annotations

import re
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


def write_template(path: str | Path = "my_data.ipynb") -> Path:
    """Write lesson 14 as a notebook for own data: without its example, exercises and claims.

    Args:
        path: of the new notebook.

    Raises:
        FileExistsError: there is such a file already.
        LessonError: the lesson is not here (it comes with a clone, not with the package).
    """
    from aecourse.course import (
        lessons,  # needs nbformat, which comes with Jupyter and not with aecourse
    )

    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: choose another name, or remove it.")
    notebook = lessons.read(lessons.repository() / "notebooks" / "14_your_own_data.ipynb")
    end = next(i for i, cell in enumerate(notebook.cells) if "Exercises" in _heading(cell))
    notebook.cells = [cell for cell in notebook.cells[:end] if "example" not in lessons.tags(cell)]
    for cell in lessons.code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
        cell.metadata.pop("aecourse", None)
        if "settings" in lessons.tags(cell):
            source = cell.source.replace("EXAMPLE / ", "").replace("weather.", "measurements.")
            source = source.replace("COLOUR = False", "COLOUR = None")
            cell.source = re.sub(r"LEAVE_OUT = \[[^]]*\]", "LEAVE_OUT = []", source)
    lessons.write(path, notebook)
    return path


def _heading(cell) -> str:
    is_heading = cell.cell_type == "markdown" and cell.source.startswith("## ")
    return cell.source.partition("\n")[0] if is_heading else ""
