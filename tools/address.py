"""Carry the address of the repository from pyproject.toml into the README and the notebooks.

    python tools/address.py

Links that open a notebook on Colab or Binder, and the cells that install the package on Colab,
need it. Edit [project.urls] only. A notebook that has no such links gets them, below its title.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"  # of the published repository; Colab's addresses name it

# The places where an address may stand, each followed by OWNER/NAME.
PREFIXES = (
    "https://mybinder.org/v2/gh/",
    "https://colab.research.google.com/github/",
    "git+https://github.com/",
)
_ANY_PREFIX = "|".join(map(re.escape, PREFIXES))
ADDRESS = re.compile(rf"({_ANY_PREFIX})([\w.-]+/[\w.-]+?)(?=\.git\b|[^\w.-]|$)")

# Text, not badges: a badge is a picture from elsewhere, and the pages make no request outside.
LAUNCH_LINE = re.compile(r"^\[Open in Colab\]\(.*$\n*", re.MULTILINE)
TITLE_LINE = re.compile(r"\A# .+$\n*", re.MULTILINE)


def repository(root: Path = ROOT) -> str:
    """OWNER/NAME of the repository, from [project.urls]."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/").rstrip("/")


def notebooks(root: Path = ROOT) -> list[Path]:
    """The lessons, and the deeper notebooks."""
    folder = root / "notebooks"
    return sorted(folder.glob("*.ipynb")) + sorted(folder.glob("deeper/*.ipynb"))


def files(root: Path = ROOT) -> list[Path]:
    """The files that name the repository."""
    return [root / "README.md", *notebooks(root)]


def found(text: str) -> list[str]:
    """Every OWNER/NAME that a link or an installation names."""
    return [name for _, name in ADDRESS.findall(text)]


def replaced(text: str, name: str) -> str:
    """The text with OWNER/NAME set to ``name`` everywhere."""
    return ADDRESS.sub(lambda match: match[1] + name, text)


def colab(name: str, path: str) -> str:
    """Where Colab opens the notebook ``path`` (as in ``notebooks/01_basics.ipynb``)."""
    return f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{path}"


def binder(name: str, path: str) -> str:
    """Where Binder builds the repository, and opens the notebook ``path`` in JupyterLab."""
    return f"https://mybinder.org/v2/gh/{name}/HEAD?urlpath=lab/tree/{path}"


def launch_line(name: str, path: str) -> str:
    return f"[Open in Colab]({colab(name, path)}) · [Open on Binder]({binder(name, path)})"


def with_launch_line(source: str, line: str) -> str:
    """A first cell that has ``line``, once, as the paragraph below its title.

    Raises:
        ValueError: the cell does not begin with a title.
    """
    title, rest = TITLE_LINE.match(source), LAUNCH_LINE.sub("", source)
    if not title:
        raise ValueError("the first cell does not begin with '# Title'")
    return f"{title[0].strip()}\n\n{line}\n\n{rest[title.end():]}".rstrip("\n")


def updated(text: str, name: str, path: str) -> str:
    """The text of a notebook with the address and the links; all else stays to the letter.

    Raises:
        ValueError: the notebook was not saved by the course, or has no title.
    """
    text = replaced(text, name)
    old = json.loads(text)["cells"][0]["source"]
    if _as_saved(old) not in text:
        raise ValueError(f"{path} is not in its saved form: `python -m aecourse run --save` it")
    new = with_launch_line("".join(old), launch_line(name, path)).splitlines(keepends=True)
    return text.replace(_as_saved(old), _as_saved(new), 1)


def _as_saved(source: list[str]) -> str:
    """A cell's lines as they stand in the file of a notebook."""
    return json.dumps(source, indent=1, ensure_ascii=False).replace("\n", "\n   ")


def main(root: Path = ROOT) -> None:
    name = repository(root)
    for path in files(root):
        place = path.relative_to(root).as_posix()
        old = path.read_text(encoding="utf-8")
        new = updated(old, name, place) if path.suffix == ".ipynb" else replaced(old, name)
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"{place}: now {name}")


if __name__ == "__main__":
    main()
