"""Imports run one way, and what teaches knows nothing of what checks and what builds."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "aecourse"

# Whoever stands in a line may import what stands in a line above it, and its own neighbours there.
FLOORS = [
    ["protocol", "randomness", "device"],
    ["corruption", "data"],
    ["models", "objectives"],
    ["training", "evaluation"],
    ["compression"],
    ["saving"],
    ["results", "plots", "own_data"],
]
APART = ["exercises", "course", "__main__"]  # what checks, and what builds


def rooms() -> list[str]:
    """The modules and folders at the top of the package."""
    return sorted(path.stem for path in PACKAGE.iterdir()
                  if path.suffix == ".py" or (path / "__init__.py").exists())  # fmt: skip


def imported(path: Path) -> set[str]:
    """The rooms of the package that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "aecourse":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aecourse."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names
                      if alias.name.startswith("aecourse.")}  # fmt: skip
    return found


def imports_of(room: str) -> set[str]:
    path = PACKAGE / f"{room}.py"
    files = [path] if path.is_file() else list((PACKAGE / room).rglob("*.py"))
    return set().union(*map(imported, files)) - {room, "pick_device", "__version__"}


def test_every_room_has_its_floor():
    known = [room for floor in FLOORS for room in floor] + APART + ["__init__"]
    assert rooms() == sorted(known)


@pytest.mark.parametrize("room", [room for floor in FLOORS for room in floor])
def test_imports_run_one_way(room):
    height = next(i for i, floor in enumerate(FLOORS) if room in floor)
    below = {other for floor in FLOORS[: height + 1] for other in floor}
    assert imports_of(room) <= below, "imports what stands above it, or what checks or builds"


def test_exercises_know_nothing_of_what_builds():
    assert "course" not in imports_of("exercises")


@pytest.mark.parametrize("folder", ["notebooks", "experiments"])
def test_lessons_and_experiments_import_nothing_that_builds(folder):
    for path in (ROOT / folder).rglob("*"):
        if path.suffix in (".ipynb", ".py"):
            assert "aecourse.course" not in path.read_text(encoding="utf-8"), path.name


def test_a_small_file_answers_one_question():
    for path in (PACKAGE / "evaluation").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path.name
