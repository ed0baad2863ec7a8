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
    ["models", "objectives", "diffusion", "muon"],
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


# --- what the digest of a result cannot follow is not written ----------------------------------

BY_NAME = {"__main__.py", "collection.py", "doctor.py"}  # they import by name; no experiment does
PLAIN = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
GUARDS = ("TYPE_CHECKING", "__name__ == '__main__'")


def cannot_be_followed(path: Path) -> list[str]:
    """Statements by which a source of a result would escape ``aecourse.results.sources``."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_guard = isinstance(node, ast.If) and ast.unparse(node.test) in GUARDS
        into_another = isinstance(node, ast.Assign) and not all(
            isinstance(target, (ast.Name, ast.Tuple)) for target in node.targets
        )
        if into_another or not (isinstance(node, PLAIN) or is_text or is_guard):
            found.append(f"line {node.lineno}: {type(node).__name__} at the top of a module")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*"):
            found.append(f"line {node.lineno}: relative or star import")
        called = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
        if called in ("import_module", "__import__") and path.name not in BY_NAME:
            found.append(f"line {node.lineno}: import by name")
        if isinstance(node, ast.Global):
            found.append(f"line {node.lineno}: global")
    return found


@pytest.mark.parametrize("path", [
    *PACKAGE.rglob("*.py"), *(ROOT / "experiments").glob("*.py")
], ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_every_source_of_a_result_can_be_followed(path):
    assert cannot_be_followed(path) == []


@pytest.mark.parametrize("line", [
    "TABLE['a'] = 1", "model.size = 3", "for i in x: f(i)", "from a import *", "from . import b",
    "import_module('07_x').net", "def f():\n    global x", "if DEBUG:\n    x = 1", "f()",
])  # fmt: skip
def test_what_cannot_be_followed_is_found(tmp_path, line):
    (tmp_path / "a.py").write_text(line + "\n")
    assert cannot_be_followed(tmp_path / "a.py")
