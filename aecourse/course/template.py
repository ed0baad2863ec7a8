"""``python -m aecourse template``: lesson 14 as a notebook for the reader's own data."""

from __future__ import annotations

import re
from pathlib import Path

from aecourse.course import lessons

LESSON = "14_your_own_data.ipynb"


def template(options) -> int:
    """Write the template, and say where it is; 1 if it cannot be written.

    Args:
        options: ``file``, the path of the new notebook (``my_data.ipynb`` unless given).
    """
    try:
        path = write_template(getattr(options, "file", "my_data.ipynb"))
    except (FileExistsError, lessons.LessonError) as problem:
        print(problem)
        return 1
    print(f"{path}: open it, and change its two settings cells.")
    return 0


def write_template(path: str | Path) -> Path:
    """Write lesson 14 as a notebook for own data: without its example, exercises and claims.

    Args:
        path: of the new notebook.

    Raises:
        FileExistsError: there is such a file already.
        LessonError: the lesson is not here (it comes with a clone, not with the package).
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: choose another name, or remove it.")
    notebook = lessons.read(lessons.repository() / "notebooks" / LESSON)
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
