"""``python -m aecourse lab``: the lessons in JupyterLab, as a copy that belongs to the reader.

The copy lies in ``build/lab/`` and is kept. Nothing that the reader wrote in it is overwritten or
removed: a lesson that has changed since is put beside the reader's own. So the notebooks of the
course stay as they were saved, and `git pull` never meets an answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import nbformat
from nbformat.sign import NotebookNotary

from aecourse.course import lessons, times
from aecourse.course.doctor import INSTALL
from aecourse.course.lessons import LessonError
from aecourse.course.runner import with_this_package

RECORD = ".copied.json"
START = "START_HERE.ipynb"
START_TEXT = Path(__file__).with_name("start_here.md")


class Version(NamedTuple):
    """One state of a notebook, by digests.

    Attributes:
        file: of all its bytes.
        written: of what a reader can write in it. Running it changes no more than its outputs.
    """

    file: str
    written: str

    @classmethod
    def of(cls, content: bytes) -> Version:
        try:
            cells = json.loads(content)["cells"]
            text = json.dumps(
                [[c["cell_type"], "".join(c["source"]), c.get("attachments")] for c in cells]
            ).encode()
        except (ValueError, KeyError, TypeError):  # no notebook any more: every byte counts
            text = content
        return cls(_digest(content), _digest(text))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- the command -----------------------------------------------------------------------------


def lab(options) -> int:
    """Bring the reader's copy up to date and open it.

    Options: notebooks, output (the folder of the copy), copy_only, jupyter (further arguments of
    JupyterLab).
    """
    given = vars(options)
    try:
        notebooks = Path(given.get("notebooks") or lessons.repository() / "notebooks")
        folder = Path(given.get("output") or lessons.repository() / "build/lab").resolve()
        news = update(course_files(notebooks), folder)
    except LessonError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n".join([f"Your copy of the lessons is in {folder}.", *news]), flush=True)
    return 0 if given.get("copy_only") else open_in_jupyterlab(folder, given.get("jupyter", []))


def open_in_jupyterlab(folder: Path, arguments: Iterable[str] = ()) -> int:
    """JupyterLab in ``folder``, on the start page, until the reader stops it."""
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        print(f"JupyterLab cannot be started ({error}); {INSTALL}", file=sys.stderr)
        return 1
    os.environ.update(with_this_package(os.environ))
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # kernels of this environment first
    LabApp.launch_instance(
        [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{START}", *arguments]
    )
    return 0


# --- the copy --------------------------------------------------------------------------------


def course_files(notebooks: Path) -> dict[str, bytes]:
    """What belongs into a copy: path inside it → content. The start page comes first.

    The folders are those of the repository, so that links from one file to another hold.
    """
    paths = lessons.find_lessons(notebooks)
    found = {f"notebooks/{lessons.place(path).as_posix()}": path.read_bytes() for path in paths}
    pages = {name: notebooks.parent / name for name in _linked_pages(found.values())}
    found |= {name: path.read_bytes() for name, path in pages.items() if path.is_file()}
    return {START: start_page(found), **found}


def _linked_pages(notebooks: Iterable[bytes]) -> list[str]:
    """Files of the repository outside ``notebooks/`` that notebooks link: ``docs/glossary.md``."""
    text = b"".join(notebooks).decode()
    return sorted(set(re.findall(r"\]\((?:\.\./)+([\w./-]+)", text)))


def update(files: dict[str, bytes], folder: Path) -> list[str]:
    """Bring the copy in ``folder`` up to date; a sentence for each file that is put beside one.

    A file that the reader has not written in follows the course. Of one that the reader has
    written in, a new version is put beside it, once.
    """
    record = _read_record(folder)
    news = []
    for name, content in files.items():
        before, now = record.get(name), Version.of(content)
        if _may_be_replaced(folder / name, before, now):
            if before != now or not (folder / name).exists():
                _write(folder / name, content)
        elif before is None or before.written != now.written:
            beside = _name_beside(name, folder, record, now)
            _write(folder / beside, content)
            record[beside] = now
            news.append(
                f"{name} has changed, and you have written in yours, which stays as it is: "
                f"the new one is beside it, {PurePosixPath(beside).name}."
            )
        record[name] = now
    lessons.write_bytes(folder / RECORD, json.dumps(record, indent=1).encode())
    return news


def _may_be_replaced(path: Path, before: Version | None, now: Version) -> bool:
    """Whether a file holds nothing of the reader's: it is missing, or as it was copied."""
    if not path.exists():
        return True
    own = Version.of(path.read_bytes()).written
    return own == now.written or (before is not None and own == before.written)


def _name_beside(name: str, folder: Path, record: dict[str, Version], now: Version) -> str:
    """``02_tables (new).ipynb``; with a number behind `new` where the reader wrote in that, too."""
    path = PurePosixPath(name)
    for n in count(1):
        mark = "new" if n == 1 else f"new {n}"
        beside = str(path.with_name(f"{path.stem} ({mark}){path.suffix}"))
        if _may_be_replaced(folder / beside, record.get(beside), now):
            return beside
    raise AssertionError("count never ends")


def _read_record(folder: Path) -> dict[str, Version]:
    """What was last offered of each file. Without a record, whatever differs is the reader's."""
    try:
        saved = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {name: Version(*digests) for name, digests in saved.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(path: Path, content: bytes) -> None:
    """Write a notebook of the course, and let Jupyter show its saved figures.

    Jupyter shows interactive outputs only of notebooks that were run here or signed. Whoever runs
    this command runs the course's code anyway; what the reader brings along is not signed.
    """
    lessons.write_bytes(path, content)
    if path.suffix != ".ipynb":
        return
    try:
        NotebookNotary().sign(nbformat.reads(content.decode(), as_version=4))
    except (OSError, sqlite3.Error):  # the home folder cannot be written to: figures as pictures
        pass


# --- the start page --------------------------------------------------------------------------


def start_page(files: dict[str, bytes]) -> bytes:
    """The notebook that opens first: what to open, how a lesson works."""
    notebooks = {name: nbformat.reads(content.decode(), as_version=4)
                 for name, content in files.items() if name.endswith(".ipynb")}  # fmt: skip
    deeper = {name for name in notebooks if lessons.is_deeper(Path(name))}
    first = next(iter(notebooks))
    text = START_TEXT.read_text(encoding="utf-8").format(
        first=f"[{lessons.title(notebooks[first])}]({quote(first)})",
        lessons=_table("lesson", {n: notebooks[n] for n in notebooks if n not in deeper}),
        deeper=_deeper({n: notebooks[n] for n in notebooks if n in deeper}),
    )
    page = lessons.normalised(nbformat.v4.new_notebook())
    fixed = {"editable": False, "deletable": False}  # a double click opens nothing by mistake
    page.cells = [nbformat.v4.new_markdown_cell(text.strip(), id="start", metadata=fixed)]
    return (nbformat.writes(page) + "\n").encode()


def _row(name: str, notebook: nbformat.NotebookNode) -> str:
    title = lessons.title(notebook).removeprefix("Deeper ").replace("|", "\\|")
    time = (times.written_line(notebook) or "").removeprefix(times.MARK).strip()
    return f"| [{title}]({quote(name)}) | {time} |"


def _table(what: str, notebooks: dict[str, nbformat.NotebookNode]) -> str:
    rows = [_row(name, notebook) for name, notebook in notebooks.items()]
    return "\n".join([f"| {what} | time |", "|:--|:--|", *rows])


def _deeper(notebooks: dict[str, nbformat.NotebookNode]) -> str:
    """The section of the deeper notebooks, if there are any."""
    if not notebooks:
        return ""
    return (
        "## Deeper\n\nOne question each, for those who want the evidence or the derivation. "
        "Lessons link to them; none needs them.\n\n" + _table("question", notebooks)
    )
