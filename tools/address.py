"""Carry the address of the repository from pyproject.toml into the README and the lessons.

    python tools/address.py

Badges and the cells that install the package on Colab need it. Edit [project.urls] only.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The places where an address may stand, each followed by OWNER/NAME.
PREFIXES = (
    "https://mybinder.org/v2/gh/",
    "https://colab.research.google.com/github/",
    "git+https://github.com/",
)
_ANY_PREFIX = "|".join(map(re.escape, PREFIXES))
ADDRESS = re.compile(rf"({_ANY_PREFIX})([\w.-]+/[\w.-]+?)(?=\.git\b|[^\w.-]|$)")


def repository(root: Path = ROOT) -> str:
    """OWNER/NAME of the repository, from [project.urls]."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/").rstrip("/")


def files(root: Path = ROOT) -> list[Path]:
    """The files that may name the repository."""
    notebooks = root / "notebooks"
    return [root / "README.md", *sorted(notebooks.glob("*.ipynb")),
            *sorted(notebooks.glob("deeper/*.ipynb"))]  # fmt: skip


def found(text: str) -> list[str]:
    """Every OWNER/NAME that a badge or an installation names."""
    return [name for _, name in ADDRESS.findall(text)]


def replaced(text: str, name: str) -> str:
    """The text with OWNER/NAME set to ``name`` everywhere."""
    return ADDRESS.sub(lambda match: match[1] + name, text)


def main() -> None:
    name = repository()
    for path in files():
        text = path.read_text(encoding="utf-8")
        if (new := replaced(text, name)) != text:
            path.write_text(new, encoding="utf-8", newline="\n")
            print(f"{path.relative_to(ROOT)}: now {name}")


if __name__ == "__main__":
    main()
