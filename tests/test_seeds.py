"""Seeds that nobody chose: they follow from the commit, and those that broke a claim stay."""

import json
import subprocess
from types import SimpleNamespace

import pytest
from toy_lesson import cell_with, save, toy_lesson

from aecourse.course import lessons, runner, seeds


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A git repository with one lesson whose loss is its seed."""
    (tmp_path / "notebooks").mkdir()
    lesson = toy_lesson()
    cell = cell_with(lesson, "loss, images")
    cell.source = "import os\n" + cell.source.replace(
        "0.1234", "0.1234 + (os.environ.get('AECOURSE_SEED') == '7')"
    )
    save(lesson, tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "One"]):
        subprocess.run([*git, *command], check=True, cwd=tmp_path)
    return tmp_path


def asked(**options):
    return runner.seeds(SimpleNamespace(draws=0, jobs=1, **options))


def test_the_seeds_follow_from_the_commit_and_from_nothing_else():
    one, other = seeds.drawn_from("3f2a", 200), seeds.drawn_from("3f2b", 200)
    assert one == seeds.drawn_from("3f2a", 200)
    assert len(set(one)) == 200 and len(set(one) & set(other)) < 5
    assert min(one) >= 1 and max(one) <= seeds.LARGEST
    assert seeds.drawn_from("3f2a", 3) == one[:3]


def test_drawn_seeds_are_printed_and_tried(clone, capsys):
    assert asked() == 0
    shown = capsys.readouterr().out
    for seed in seeds.drawn_from(seeds.commit(), 3):
        assert f"seed {seed} " in shown and f"{seed}" in shown.splitlines()[0]
    assert "not committed" not in shown
    assert not (clone / seeds.FAILED_FILE).exists()
    (clone / "notebooks" / "note.txt").write_text("new")
    assert asked(drawn=1) == 0 and "not committed" in capsys.readouterr().out


def test_a_cell_that_raises_is_no_broken_claim(clone, capsys):
    path = clone / "notebooks" / "01_toy.ipynb"
    lesson = lessons.read(path)
    cell_with(lesson, "value_3").source = "raise OSError('the disk is full')"
    lessons.write(path, lesson)
    assert asked(drawn=1) == 1 and "the disk is full" in capsys.readouterr().out
    assert not (clone / seeds.FAILED_FILE).exists()


def test_a_seed_that_failed_stays(clone, capsys):
    assert asked(seeds=[7], drawn=1) == 1
    assert json.loads((clone / seeds.FAILED_FILE).read_text()) == {"01_toy": [7]}
    assert "commit it" in capsys.readouterr().out
    assert asked(drawn=1) == 1  # not asked for, and tried again
    shown = capsys.readouterr().out
    assert "seed 7 " in shown and "commit it" not in shown


def test_the_list_only_grows(tmp_path):
    assert seeds.note_failures({"02_a": [5, 3]}, tmp_path)
    assert seeds.note_failures({"02_a": [9], "01_b": [1]}, tmp_path)
    assert not seeds.note_failures({"02_a": [3]}, tmp_path)
    assert seeds.failed(tmp_path) == {"01_b": [1], "02_a": [3, 5, 9]}


def test_a_damaged_list_says_how_to_get_it_back(tmp_path):
    lessons.write_bytes(tmp_path / seeds.FAILED_FILE, b"{")
    with pytest.raises(lessons.LessonError, match="git checkout"):
        seeds.failed(tmp_path)


def test_without_a_repository_seeds_can_be_given(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    save(toy_lesson(), tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert asked() == 1
    assert "--drawn 0" in capsys.readouterr().err
    assert asked(seeds=[3], drawn=0) == 0
