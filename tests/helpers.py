"""Small data, small models and parts of lessons that several unit tests share."""

import ast
import importlib.util
import itertools
import linecache
import shutil
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import hypothesis
import pytest
import torch

from aecourse.course import lessons
from aecourse.data import find_data
from aecourse.models import Dense
from aecourse.randomness import seeded
from aecourse.training import fit

# The same examples every time, none kept in a folder, and no race against a busy computer.
hypothesis.settings.register_profile(
    "course", deadline=None, derandomize=True, database=None, max_examples=40
)
hypothesis.settings.load_profile("course")

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"

quiet_fit = partial(fit, progress=False)

SHAPE = (1, 6, 6)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")),
    pytest.param(
        "mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no MPS")
    ),
]


def blobs(count: int = 60, seed: int = 0) -> torch.Tensor:
    """Images (count, 1, 6, 6) in [0, 1] that two numbers describe: a ramp of any direction."""
    draw = torch.Generator().manual_seed(seed)
    slopes = torch.rand(count, 2, 1, 1, generator=draw)
    ramp = torch.linspace(0, 1, 6)
    return (slopes[:, :1] * ramp[:, None] + slopes[:, 1:] * ramp) / 2


def rows(count: int = 200, features: int = 5, seed: int = 0) -> torch.Tensor:
    """A table (count, features) of correlated normal numbers."""
    draw = torch.Generator().manual_seed(seed)
    mixing = torch.randn(features, features, generator=draw)
    return torch.randn(count, features, generator=draw) @ mixing


def small_model(seed: int = 0, **settings) -> Dense:
    """A dense autoencoder 36-8-2-8-36 for :func:`blobs`."""
    with seeded(seed):
        return Dense(**({"shape": SHAPE, "code_size": 2, "hidden": (8,)} | settings))


def weights(model: torch.nn.Module) -> torch.Tensor:
    """All weights of a model in one vector, detached from it."""
    return torch.cat([weight.detach().flatten().clone() for weight in model.parameters()])


def fell(losses: list[float]) -> bool:
    return losses[-1] < losses[0]


def copy_data(folder: Path) -> Path:
    """A copy of the course's data files, to be damaged."""
    ignore = shutil.ignore_patterns("*-ubyte")  # what torchvision may have unpacked beside them
    return Path(shutil.copytree(find_data(), folder, ignore=ignore))


def script(path: str) -> ModuleType:
    """A script that is no part of the package, as a module: ``script("tools/symptoms.py")``."""
    folder = str((ROOT / path).parent)
    if folder not in sys.path:  # as if it were run: it may import what stands beside it
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(f"script_{Path(path).stem}", ROOT / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    spec.loader.exec_module(module)
    return module


_cell_numbers = itertools.count()


def run_cell(source: str, names: dict) -> None:
    """Execute the source of a cell; what it defines has a source to be looked up, as in Jupyter."""
    place = f"<cell {next(_cell_numbers)}>"
    linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)
    exec(compile(source, place, "exec"), names)


def functions_of(name: str, **known) -> SimpleNamespace:
    """The functions and classes that a lesson defines, without running anything else of it.

    ``known`` are values that its cells compute and that its functions use.
    """
    notebook = lessons.read(NOTEBOOKS / f"{name}.ipynb")
    names = {"__name__": name}
    exec(lessons.setup_source(notebook), names)
    names |= known
    for cell in lessons.code_cells(notebook):
        tree = ast.parse(lessons.without_magics(cell.source))
        kept = (ast.FunctionDef, ast.ClassDef)
        tree.body = [node for node in tree.body if isinstance(node, kept)]
        exec(compile(tree, f"<{name}>", "exec"), names)
    return SimpleNamespace(**names)


def solution_of(name: str, number: int):
    """The function that a lesson's solution defines, of the exercise with this number, from 0."""
    notebook = lessons.read(NOTEBOOKS / f"{name}.ipynb")
    exercise = lessons.exercises(notebook)[number]
    names = {"__name__": name}
    exec(lessons.setup_source(notebook), names)
    exec(lessons.solution_block(exercise.solutions[0]), names)
    return eval(exercise.answer, names)


def solutions_of(name: str) -> list:
    """The functions that the solutions of a lesson's fill-ins define, in their order."""
    notebook = lessons.read(NOTEBOOKS / f"{name}.ipynb")
    found = []
    for fill_in in lessons.fill_ins(notebook):
        names = {"__name__": name}
        exec(lessons.setup_source(notebook), names)
        exec(lessons.solution_block(fill_in.solutions[0]), names)
        found.append(eval(fill_in.answer, names))
    return found
