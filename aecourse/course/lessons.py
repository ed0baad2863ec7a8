"""Find the notebooks of the course, read their cells, cut and normalise them.

A lesson is a notebook ``NN_name.ipynb``, a deeper notebook is ``deeper/NN_question.ipynb``.  Their
cells carry tags: ``setup``, ``claims``, ``deeper`` (folded), ``nbval-ignore-output``; ``exercise``
or ``fill-in`` with ``check``, ``hint``, ``solution``; ``open-task``, ``discussion``; ``predict``,
``reveal``, ``quiz``; ``slide``, ``sub-slide``, ``notes``.  The runner, the site, the handout and
the tests all read notebooks through this module.
"""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

IGNORED = "nbval-ignore-output"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
KEPT_CELL_METADATA = ("tags", "jupyter", "aecourse", "editable", "deletable")
DEEPER = "deeper"  # the folder of deeper notebooks, and the tag of folded cells
STUBS = ("exercise", "fill-in")
COLLAPSED = ("heading_collapsed", "jp-MarkdownHeadingCollapsed")  # Notebook 6, JupyterLab
SLIDES = {"slide": "slide", "sub-slide": "subslide", "notes": "notes"}  # tag -> slide_type
FOR_TEACHERS = ("solution", "discussion")  # not in the handout
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_NOTEBOOK_FILE = re.compile(r"^\d\d_\w+\.ipynb$")
_NO_PROSE = ("[![", "<", "![", "[Open in Colab]")
_PYTHON_BLOCK = re.compile(r"```python\s*\n(.*?)```", re.DOTALL)


class LessonError(Exception):
    """A lesson cannot be found, read or written; the message says what to do."""


@dataclass
class Exercise:
    """The cells of one exercise or fill-in; ``check("name", answer)`` gives name and answer."""

    stub: NotebookNode
    check: NotebookNode | None = None
    hints: list[NotebookNode] = field(default_factory=list)
    solutions: list[NotebookNode] = field(default_factory=list)
    name: str | None = None
    answer: str | None = None  # source of the expression that is judged


# --- finding, reading, writing ---------------------------------------------------------------


def repository() -> Path:
    """Folder that holds ``notebooks/``: here, above here, or beside the package's source."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks").is_dir():
            return folder
    raise LessonError(
        f"No folder 'notebooks' in {here} or above it. Change into the course's folder, "
        "or name the notebooks with --notebooks DIR."
    )


def find_lessons(directory: str | Path | None = None, only: list[str] | tuple = ()) -> list[Path]:
    """Paths of the lessons in their order, then those of the deeper notebooks.

    ``only`` keeps lessons by number or by the start of the name, deeper notebooks by the lesson's
    number and the question (or none: all of that lesson), a kind by its name, files by their path:
    ``["2", "03_tables", "04/noise2self", "04/", "lessons", "deeper"]``.
    Raises LessonError when there is none, or when an entry of ``only`` fits none.
    """
    directory = Path(directory) if directory else repository() / "notebooks"
    folders = (directory, directory / DEEPER)
    found = [path for folder in folders for path in sorted(folder.glob("*.ipynb"))
             if _NOTEBOOK_FILE.match(path.name)]  # fmt: skip
    if not found:
        raise LessonError(f"No lesson (NN_name.ipynb) in {directory}. Is it the notebooks folder?")
    if not only:
        return found
    chosen = set()
    for word in only:
        fits = {p for p in found if _fits(p, str(word))}
        if not fits:
            raise LessonError(f"No lesson is called '{word}'. There are: "
                              f"{', '.join(map(name, found))}.")  # fmt: skip
        chosen |= fits
    return [p for p in found if p in chosen]


def is_deeper(path: Path) -> bool:
    return path.parent.name == DEEPER


def name(path: Path) -> str:
    """What a notebook is called in commands and tables: ``04_denoising`` or ``04/noise2self``."""
    return path.stem.replace("_", "/", 1) if is_deeper(path) else path.stem


def place(path: Path) -> Path:
    """Where a notebook stands in its folder, and its copies in theirs: ``deeper/04_x.ipynb``."""
    return Path(DEEPER, path.name) if is_deeper(path) else Path(path.name)


def _fits(path: Path, word: str) -> bool:
    number, stem = int(path.stem[:2]), path.stem
    if word in ("lessons", DEEPER):
        return is_deeper(path) == (word == DEEPER)
    if asked := re.fullmatch(r"(\d+)/(\w*)", word):
        return is_deeper(path) and number == int(asked[1]) and asked[2] in ("", stem[3:])
    *folders, last = Path(word.removesuffix(".ipynb")).parts or ("",)
    if is_deeper(path) != (folders[-1:] == [DEEPER]):
        return False
    if last.isdigit():
        return number == int(last)
    return bool(last) and (stem[3:] == last or stem.startswith(last))


def read(path: str | Path) -> NotebookNode:
    """The notebook as nbformat 4; LessonError names the file that cannot be read."""
    try:
        return nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)
    except OSError as problem:
        raise LessonError(f"Cannot read {path}: {problem.strerror}.") from problem
    except Exception as problem:  # nbformat raises several kinds for broken JSON
        raise LessonError(f"{path} is not a notebook: {problem}") from problem


def write(path: str | Path, notebook: NotebookNode) -> None:
    """Write with LF line ends and one newline at the end, whatever the platform."""
    text = nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file and its folders; LessonError says how to write elsewhere."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        raise LessonError(
            f"Cannot write {path}: {problem.strerror}. Name a folder that you can write to "
            "with --output DIR."
        ) from problem


# --- reading cells ---------------------------------------------------------------------------


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def cells(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    """The cells that carry ``tag``, in order."""
    return [cell for cell in notebook.cells if tag in tags(cell)]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def title(notebook: NotebookNode) -> str:
    """Text of the first level-1 heading, e.g. ``01 Basics``."""
    match = re.search(r"^#\s+(.+)$", _first_markdown(notebook), re.MULTILINE)
    return match.group(1).strip() if match else "(no title)"


def promise(notebook: NotebookNode) -> str:
    """Markdown of the first paragraph below the title (badges and launch links are skipped)."""
    below = re.split(r"^#\s+.+$", _first_markdown(notebook), maxsplit=1, flags=re.MULTILINE)[-1]
    paragraphs = [p.strip() for p in re.split(r"\n\s*\n", below)]
    texts = [p for p in paragraphs if p and not p.startswith(_NO_PROSE)]
    return texts[0] if texts else ""


def _first_markdown(notebook: NotebookNode) -> str:
    return next((c.source for c in notebook.cells if c.cell_type == "markdown"), "")


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """One Exercise per cell tagged ``exercise``, with the tagged cells that follow it."""
    return [found for found in answerable(notebook) if "exercise" in tags(found.stub)]


def fill_ins(notebook: NotebookNode) -> list[Exercise]:
    """The same of each cell tagged ``fill-in``: one to three lines, in the middle of a section."""
    return [found for found in answerable(notebook) if "fill-in" in tags(found.stub)]


def answerable(notebook: NotebookNode) -> list[Exercise]:
    """Everything that a learner answers and a check judges: fill-ins and exercises, in order."""
    found: list[Exercise] = []
    for cell in notebook.cells:
        marks = tags(cell)
        if any(tag in marks for tag in STUBS):
            found.append(Exercise(cell))
        elif not found:
            continue
        elif "check" in marks:
            found[-1].check = cell
            found[-1].name, found[-1].answer = _checked(cell.source)
        elif "hint" in marks:
            found[-1].hints.append(cell)
        elif "solution" in marks:
            found[-1].solutions.append(cell)
    return found


def folded_stretches(notebook: NotebookNode) -> list[list[NotebookNode]]:
    """The stretches of cells tagged ``deeper``; a heading in Markdown begins each of them."""
    stretches: list[list[NotebookNode]] = []
    inside = False
    for cell in notebook.cells:
        if DEEPER not in tags(cell):
            inside = False
        elif inside and not begins_stretch(cell):
            stretches[-1].append(cell)
        else:
            stretches.append([cell])
            inside = True
    return stretches


def begins_stretch(cell: NotebookNode) -> bool:
    """Whether a folded stretch begins here: ``### Deeper · <question>``."""
    return (DEEPER in tags(cell) and cell.cell_type == "markdown"
            and bool(re.match(r"#+ Deeper · \S", cell.source)))  # fmt: skip


def _checked(source: str) -> tuple[str | None, str | None]:
    """Name and answer of the first ``check("name", answer)`` in a cell."""
    for node in ast.walk(ast.parse(without_magics(source))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "check":
            if len(node.args) == 2 and isinstance(node.args[0], ast.Constant):
                return node.args[0].value, ast.unparse(node.args[1])
    return None, None


def solution_block(cell: NotebookNode) -> str:
    """The one Python block of a solution cell."""
    blocks = _PYTHON_BLOCK.findall(cell.source)
    if len(blocks) != 1:
        raise LessonError(f"A solution needs one ```python block; this one has {len(blocks)}.")
    return blocks[0]


def without_magics(source: str) -> str:
    """Source as plain Python: each line that begins with % or ! becomes ``pass``."""
    return re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def setup_source(notebook: NotebookNode) -> str:
    """The set-up code, without magics, ready for exec."""
    setup = [c.source for c in cells(notebook, "setup") if c.cell_type == "code"]
    return without_magics("\n".join(setup))


def claims(source: str) -> list[tuple[str, str]]:
    """(condition, sentence) of each assert in a claims cell; both as source text."""
    found = [n for n in ast.walk(ast.parse(without_magics(source))) if isinstance(n, ast.Assert)]
    return [(ast.unparse(n.test), ast.unparse(n.msg) if n.msg else "") for n in found]


# --- cutting and normalising -----------------------------------------------------------------


def handout(notebook: NotebookNode) -> NotebookNode:
    """A copy for learners: no solutions or discussions, no outputs; hints and claims stay."""
    copied = copy.deepcopy(notebook)
    copied.cells = [c for c in copied.cells if not any(tag in tags(c) for tag in FOR_TEACHERS)]
    for cell in code_cells(copied):
        cell.outputs = []
        cell.execution_count = None
        cell.metadata.get("aecourse", {}).pop("tolerances", None)
    return normalised(copied, keep_counts=True)


def normalised(notebook: NotebookNode, keep_counts: bool = False) -> NotebookNode:
    """A copy in the form that is saved, so that running again gives an empty diff.

    Drops timings, widget state and versions; merges streams and resolves carriage returns;
    numbers the code cells 1 … n (unless ``keep_counts``); keeps ids, tags and tolerances.
    What JupyterLab folds, and the kind of each slide, follow from the tags.
    """
    result = nbformat.from_dict(copy.deepcopy(notebook))
    result.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": LANGUAGE})
    result.nbformat, result.nbformat_minor = 4, max(5, notebook.nbformat_minor)
    for cell in result.cells:
        kept = {k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA and v}
        cell.metadata = nbformat.from_dict({**kept, **metadata_from_tags(cell)})
        cell.setdefault("id", nbformat.v4.new_code_cell().id)
    for count, cell in enumerate(code_cells(result), 1):
        cell.outputs = clean_outputs(cell.outputs)
        if not keep_counts:
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return result


def metadata_from_tags(cell: NotebookNode) -> dict:
    """The metadata that JupyterLab and slide shows need, from the tags of a cell."""
    found: dict = {}
    marks = tags(cell)
    if "claims" in marks and cell.cell_type == "code":
        found["jupyter"] = {**cell.metadata.get("jupyter", {}), "source_hidden": True}
    if begins_stretch(cell):
        found |= dict.fromkeys(COLLAPSED, True)
    kind = next((tag for tag in SLIDES if tag in marks), None)
    if kind:
        found["slideshow"] = {"slide_type": SLIDES[kind]}
    return found


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Neighbouring stream outputs merged, as a terminal would show them; no widget views."""
    clean: list[NotebookNode] = []
    for output in outputs:
        last = clean[-1] if clean else None
        if output.output_type == "stream":
            if last is not None and last.output_type == "stream" and last.name == output.name:
                last.text += output.text
                continue
        elif "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            if not output.data:
                continue
            output.pop("transient", None)
        clean.append(output)
    for output in clean:
        if output.output_type == "stream":
            output.text = as_shown(output.text)
    return [o for o in clean if o.output_type != "stream" or o.text]


def as_shown(text: str) -> str:
    """Text after its carriage returns: each line keeps what was written last."""
    return re.sub(r"^.*\r(?=[^\n])", "", text.replace("\r\n", "\n"), flags=re.MULTILINE)


def between_marks(text: str, name: str, new: str) -> str:
    """``text`` with ``new`` between its marks ``<!-- name:start -->`` and ``<!-- name:end -->``.

    Raises:
        ValueError: the two marks are not there, or more than once.
    """
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed) or text.count(start) + text.count(end) != 2:
        raise ValueError(f"The text needs the marks {start} and {end}, once each.")
    return f"{before}{start}\n{new}\n{end}{after}"
