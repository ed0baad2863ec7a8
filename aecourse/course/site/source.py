"""What Sphinx reads: notebooks whose outputs are HTML, and the front page with its lists.

A page is prepared as text, before Sphinx sees it, wherever that is enough.
"""

from __future__ import annotations

import base64
import copy
import html
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from PIL import Image

from aecourse.course import lessons
from aecourse.course.lessons import LessonError

PLOTLY = "application/vnd.plotly.v1+json"
CLAIMS_TITLE = "The claims of this lesson, asserted"

# The parts of the sidebar: what each is called, and which files of the source folder it lists.
LESSON_PARTS = {
    "I · What it is": ["0[1-3]_*.ipynb"],
    "II · Kinds": ["0[4-9]_*.ipynb"],
    "III · Uses": ["1[0-4]_*.ipynb"],
    "IV · Today": ["1[5-9]_*.ipynb"],
}
OTHER_PARTS = {
    "Deeper": ["deeper/*.ipynb"],
    "Play": ["play/*.md"],
    "Teach": ["teaching.md"],
    "Reference": ["glossary.md", "bibliography.md", "symptoms.md", "measured.md"],
}
LESSON_LIST, CONTENTS = "<!-- lessons -->", "<!-- contents -->"


@dataclass
class Page:
    """A notebook on the site: where it stands there, and how long its last run took."""

    place: Path  # 01_basics.ipynb or deeper/01_adam.ipynb
    notebook: NotebookNode
    seconds: float | None = None

    @property
    def name(self) -> str:
        """What Sphinx calls it: ``01_basics`` or ``deeper/01_adam``."""
        return self.place.with_suffix("").as_posix()

    @property
    def title(self) -> str:
        return lessons.title(self.notebook)

    @property
    def promise(self) -> str:
        return lessons.promise(self.notebook)

    @property
    def is_live(self) -> bool:
        """Whether it shows a plotly figure."""
        outputs = [o for cell in lessons.code_cells(self.notebook) for o in cell.outputs]
        return any(PLOTLY in output.get("data", {}) for output in outputs)


def find_pages(notebooks: Path, executed: Path, docs: Path) -> list[Page]:
    """The lessons, then the deeper notebooks: as executed, unless the saved one has other cells."""
    saved, done = _by_place(notebooks), _by_place(executed)
    if not saved | done:
        raise LessonError(f"No lesson (NN_name.ipynb) in {notebooks} or {executed}.")
    seconds = run_seconds(docs / "run_times.json") | run_seconds(executed / "run.json")
    pages = []
    for place in sorted(saved | done, key=lambda place: (lessons.is_deeper(place), place)):
        notebook = lessons.read((saved | done)[place])
        if place in saved and _sources(lessons.read(saved[place])) != _sources(notebook):
            notebook = lessons.read(saved[place])
        pages.append(Page(place, notebook, seconds.get(lessons.name(place))))
    return pages


def _by_place(folder: Path) -> dict[Path, Path]:
    try:
        return {lessons.place(path): path for path in lessons.find_lessons(folder)}
    except LessonError:  # there is none
        return {}


def _sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def run_seconds(record: Path) -> dict[str, float]:
    """Seconds by notebook from the record of a run; none if there is no record."""
    runs = json.loads(record.read_text(encoding="utf-8")) if record.exists() else []
    return {run["lesson"]: run["seconds"] for run in runs}


# --- the source folder -----------------------------------------------------------------------


def write(pages: list[Page], docs: Path, folder: Path, target: Path) -> None:
    """Write what Sphinx reads to ``folder``; notebooks and figures to load go to ``target``."""
    shutil.copytree(docs, folder, ignore=shutil.ignore_patterns("_*", "*.py", "*.json"))
    for page in pages:
        lessons.write(target / page.place, page.notebook)
        lessons.write(folder / page.place, prepared(page, target))
    for path in folder.rglob("*.md"):
        text = _with_site_links(path.read_text(encoding="utf-8"))
        if path == folder / "index.md":
            text = text.replace(LESSON_LIST, _lesson_list(pages, folder))
            text = text.replace(CONTENTS, _contents(pages, folder))
        lessons.write_bytes(path, text.encode("utf-8"))


def _parts(parts: dict[str, list[str]], folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Captions and document names of the parts that have any page."""
    for caption, patterns in parts.items():
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        if paths:
            names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
            yield caption, names


def _contents(pages: list[Page], folder: Path) -> str:
    """The hidden lists from which Sphinx makes the sidebar and the order of the pages."""
    titles = {page.name: page.title.removeprefix("Deeper ") for page in pages}
    lines = []
    for caption, names in _parts(LESSON_PARTS | OTHER_PARTS, folder):
        entries = [f"{titles[name]} <{name}>" if name in titles else name for name in names]
        lines += ["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    return "\n".join(lines)


def _lesson_list(pages: list[Page], folder: Path) -> str:
    """A table for each part: the lessons, what they promise, and how long they run."""
    by_name = {page.name: page for page in pages}
    lines = []
    for caption, names in _parts(LESSON_PARTS, folder):
        lines += [f"### {caption}", "", "```{list-table}", ":header-rows: 1", ":class: lessons",
                  "", "* - Lesson", "  - Runs in"]  # fmt: skip
        for name in names:
            page = by_name[name]
            promise = _with_site_links(page.promise).replace("\n", " ")
            seconds = f"{page.seconds:.0f} s" if page.seconds else "–"
            lines += [f"* - [{page.title}]({name}.ipynb)", "", f"    {promise}",
                      f"  - {seconds}"]  # fmt: skip
        lines += ["```", ""]
    return "\n".join(lines)


# --- one notebook ----------------------------------------------------------------------------


def prepared(page: Page, target: Path) -> NotebookNode:
    """A copy for Sphinx: folded claims, figures in files of their own, one title."""
    notebook = copy.deepcopy(page.notebook)
    language = {"name": "python", "pygments_lexer": "ipython3"}  # which knows %pip
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": lessons.KERNELSPEC, "language_info": language}
    )
    notebook.cells = [new for cell in notebook.cells for new in _with_folds(cell)]
    figures = _FigureFiles(page.place, target)
    has_title = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source, has_title = _with_one_title(_for_site(cell.source), has_title)
        elif cell.cell_type == "code":
            cell.outputs = [figures.as_html(output) for output in cell.outputs]
    return notebook


def _with_folds(cell: NotebookNode) -> list[NotebookNode]:
    if "claims" not in lessons.tags(cell):
        return [cell]
    opening = f'<details class="claims"><summary>{CLAIMS_TITLE}</summary>'
    return [new_markdown_cell(opening), cell, new_markdown_cell("</details>")]


def _for_site(source: str) -> str:
    return _with_site_links(_details_with_blank_lines(_without_links_to_open(source)))


def _without_links_to_open(source: str) -> str:
    """Pages have such links of their own, and badges are pictures from elsewhere."""
    source = re.sub(r"^\[Open in Colab\]\(.*$\n*", "", source, flags=re.MULTILINE)
    return re.sub(r"\[!\[[^\]]*\]\(https?://[^)]*\)\]\([^)]*\)", "", source)


def _details_with_blank_lines(source: str) -> str:
    """Markdown inside <details> is rendered only when blank lines set it apart."""
    source = re.sub(r"(</summary>)[ \t]*\n(?!\n)", r"\1\n\n", source)
    return re.sub(r"(?<!\n)\n[ \t]*(</details>)", r"\n\n\1", source)


def _with_site_links(source: str) -> str:
    """Links as the site has them: the folders ``notebooks`` and ``docs`` are one folder there."""
    return re.sub(r"\]\(((?:\.\./)*)\.\./(?:notebooks|docs)/", r"](\1", source)


def _with_one_title(source: str, has_title: bool) -> tuple[str, bool]:
    """Level-1 headings after the first become level 2; also says whether there was one by now."""
    lines, in_code = [], False
    for line in source.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        if line.startswith("# ") and not in_code:
            line = f"#{line}" if has_title else line
            has_title = True
        lines.append(line)
    return "\n".join(lines), has_title


class _FigureFiles:
    """Writes the figures of one page to files, and shows them by HTML with their alternative."""

    def __init__(self, place: Path, target: Path):
        self.stem, self.target, self.count = "-".join(place.with_suffix("").parts), target, 0
        self.to_root = "../" * (len(place.parts) - 1)

    def as_html(self, output: NotebookNode) -> NotebookNode:
        """The output as one piece of HTML, if it is a picture or a live figure."""
        data = output.get("data", {})
        if "image/png" not in data:
            return output
        self.count += 1
        file = f"figures/{self.stem}-{self.count}.webp"
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
        packed = io.BytesIO()
        picture.save(packed, "webp", lossless=True)
        lessons.write_bytes(self.target / file, packed.getvalue())
        alternative = output.metadata.get("image/png", {}).get("alt") or data.get("text/plain", "")
        width, height = picture.size
        image = (f'<img src="{self.to_root}{file}" alt="{html.escape(alternative)}" '
                 f'width="{width}" height="{height}" loading="lazy">')  # fmt: skip
        live = _live(data[PLOTLY]) if PLOTLY in data else ""
        kind = "figure live" if live else "figure"
        shown = f'<figure class="{kind}">{image}{live}</figure>'
        return new_output("display_data", {"text/html": shown})


def _live(figure: dict) -> str:
    """The data of a live figure beside its picture, for ``figures.js``."""
    text = json.dumps(figure, separators=(",", ":")).replace("</", "<\\/")
    return f'<div hidden></div><script type="application/json">{text}</script>'
