"""Saved results of experiments: read where a lesson needs them, and never out of date."""

import json
import math
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import torch

from aecourse import results
from aecourse.objectives import bce
from aecourse.training import fit

ROOT = Path(__file__).resolve().parents[1]
SAVED = sorted(path.stem for path in (ROOT / "results").glob("*.json"))
SCRIPTS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


# --- those of the course


@pytest.mark.parametrize("name", SAVED)
def test_saved_result_is_up_to_date(name):
    assert results.stale(name) == [], f"run `python experiments/{name}.py` again"


@pytest.mark.parametrize("name", SAVED)
def test_saved_result_says_how_it_came_about(name):
    saved = results.read(name)
    assert saved.command == f"python experiments/{name}.py"
    assert saved.figures and saved.device and {"python", "torch"} <= saved.versions.keys()
    assert f"{name}.py" in saved.sources and len(saved.sources) > 1


def test_every_experiment_has_its_result_and_every_result_its_experiment():
    assert SAVED == SCRIPTS


@pytest.mark.parametrize("name", sorted(set(SAVED) - {"bench"}))  # its table is in the README
def test_some_lesson_reads_the_result(name):
    notebooks = (path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert any(f'results.read(\\"{name}\\")' in text for text in notebooks)


# --- writing and reading


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the course's folders with one experiment and its result."""
    script = tmp_path / "experiments" / "99_toy.py"
    script.parent.mkdir()
    script.write_text("# a toy\nx = 1\n")
    monkeypatch.setattr(results, "SOURCE_TREE", tmp_path)
    results.write(script, {"errors": [0.5, 0.25]}, depends_on=[fit, bce])
    return script


def test_what_is_written_is_read(tree):
    found = results.read("99_toy")
    assert found.figures == {"errors": [0.5, 0.25]}
    assert found.versions["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert set(found.sources) == {
        "99_toy.py", "aecourse.training:fit", "aecourse.objectives:bce"
    }  # fmt: skip
    assert results.stale("99_toy") == []


@pytest.mark.parametrize(
    ("figures", "error"), [({"x": math.nan}, ValueError), ({"x": torch.ones(2)}, TypeError)]
)
def test_what_json_cannot_hold_is_refused_and_nothing_is_lost(tree, figures, error):
    with pytest.raises(error):
        results.write(tree, figures)
    assert results.read("99_toy").figures == {"errors": [0.5, 0.25]}


def test_a_missing_result_says_how_to_get_it():
    with pytest.raises(results.ResultError, match="python experiments/98_none.py"):
        results.read("98_none")


@pytest.mark.parametrize("text", ["{", '{"figures": 1}', "[]"])
def test_a_damaged_result_says_how_to_get_it_back(tree, text):
    (tree.parents[1] / "results" / "99_toy.json").write_text(text)
    with pytest.raises(results.ResultError, match="git checkout"):
        results.read("99_toy")


# --- staleness


def test_another_script_is_stale_and_another_comment_is_not(tree):
    tree.write_text('"""Now documented."""\n\nx = 1  # one\n')
    assert results.stale("99_toy") == []
    tree.write_text("x = 2\n")
    assert results.stale("99_toy") == ["99_toy.py"]
    tree.unlink()
    assert results.stale("99_toy") == ["99_toy.py"]


def test_a_changed_or_lost_source_is_stale(tree):
    path = tree.parents[1] / "results" / "99_toy.json"
    saved = json.loads(path.read_text())
    saved["sources"] |= {"aecourse.objectives:bce": "0", "aecourse.objectives:gone": "0"}
    path.write_text(json.dumps(saved))
    assert results.stale("99_toy") == ["aecourse.objectives:bce", "aecourse.objectives:gone"]


SOURCE = '''
def f(x):
    """Doc."""
    return x + 1  # more
'''


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (SOURCE.replace("Doc.", "Other\n    words."), True),
        (SOURCE.replace("# more", ""), True),
        (SOURCE.replace("x + 1", "x+1"), True),
        ("class A:\n" + SOURCE.replace("\n", "\n    "), False),
        (SOURCE.replace("+ 1", "+ 2"), False),
        (SOURCE.replace("return x", "return '#' + x"), False),
    ],
)
def test_the_digest_sees_code_only(other, same):
    assert (results.digest(SOURCE) == results.digest(other)) is same


def test_an_indented_method_has_a_digest():
    assert results.digest("    @staticmethod\n    def f():\n        return 1\n")


# --- make experiments


def test_experiments_runs_what_is_missing_or_stale(tree, capfd):
    assert results.experiments(Namespace()) == 0
    assert capfd.readouterr().out == "99_toy: up to date\n"
    tree.write_text("print('ran')\n")
    assert results.experiments(Namespace(names=["99_toy"])) == 0
    assert capfd.readouterr().out == "99_toy: stale, because of 99_toy.py\nran\n"
    (tree.parents[1] / "results" / "99_toy.json").unlink()
    tree.write_text("raise SystemExit(3)\n")
    assert results.experiments(Namespace()) == 3
    assert "no result yet" in capfd.readouterr().out


def test_experiments_refuses_unknown_names(tree, capsys):
    assert results.experiments(Namespace(names=["12_x"])) == 1
    assert "12_x" in capsys.readouterr().out


def test_experiments_without_a_clone_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "SOURCE_TREE", tmp_path)
    assert results.experiments(Namespace()) == 1
    assert "clone" in capsys.readouterr().out


def test_the_command_is_there():
    command = [sys.executable, "-m", "aecourse", "experiments", "--help"]
    assert "stale" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
