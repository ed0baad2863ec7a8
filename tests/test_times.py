"""The time line and its table: computed from the notebook and from the last measured run."""

import json
import re
from types import SimpleNamespace

import pytest
from toy_lesson import cell_with, save, toy_deeper, toy_lesson

from aecourse.__main__ import main
from aecourse.course import lessons, runner, times
from aecourse.course.times import Run

RUNS = [
    {"lesson": "01_toy", "seconds": 42, "megabytes": 1300, "threads": 1},
    {"lesson": "01/half", "seconds": 8, "megabytes": 900, "threads": 1},
]


@pytest.fixture
def course(tmp_path, monkeypatch):
    save(toy_lesson(), tmp_path / "notebooks")
    save(toy_deeper(), tmp_path / "notebooks" / "deeper", "01_half.ipynb")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "run_times.json").write_text(json.dumps(RUNS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line_of(course, name):
    (path,) = lessons.find_lessons(course / "notebooks", [name])
    return times.written_line(lessons.read(path))


def change(course, old, new):
    path = course / "notebooks" / "01_toy.ipynb"
    notebook = lessons.read(path)
    cell = cell_with(notebook, old)
    cell.source = cell.source.replace(old, new)
    lessons.write(path, notebook)


def test_the_line_is_written_from_words_exercises_and_the_last_run(course, capsys):
    assert main(["times"]) == 0
    assert "New time lines: 01_toy, 01/half." in capsys.readouterr().out
    assert line_of(course, "01") == "**Time**: read 4 min · exercises 29 min · run 40 s"
    assert line_of(course, "01/half") == "**Time**: read 2 min · run 10 s"
    source = lessons.read(course / "notebooks" / "01_toy.ipynb").cells[1].source
    assert source.endswith("run 40 s · **Builds on**: nothing")


def test_writing_changes_nothing_but_the_line(course):
    path = course / "notebooks" / "01_toy.ipynb"
    before = path.read_text(encoding="utf-8")
    assert main(["times", "1"]) == 0
    after = path.read_text(encoding="utf-8")
    assert after.replace(" · run 40 s", "") == before
    assert main(["times", "1"]) == 0
    assert path.read_text(encoding="utf-8") == after


def test_the_line_follows_words_and_minutes(course):
    change(course, "And more.", "word " * 1702)
    change(course, "About 10 minutes · difficulty ★★☆", "About 15 minutes · difficulty ★★★")
    main(["times"])
    assert line_of(course, "01") == "**Time**: read 14 min · exercises 34 min · run 40 s"


@pytest.mark.parametrize(("seconds", "said"), [(0.4, 5), (7, 5), (8, 10), (42, 40), (88, 90)])
def test_seconds_are_told_in_steps_of_five(seconds, said):
    assert times.time_line(toy_lesson(), Run(seconds, 1000)).endswith(f" · run {said} s")


def test_what_was_not_measured_is_not_told():
    assert "run" not in times.time_line(toy_lesson(), None)


def test_check_writes_nothing_and_names_lines_that_are_out_of_date(course, capsys):
    before = (course / "notebooks" / "01_toy.ipynb").read_bytes()
    assert main(["times", "--check"]) == 1
    shown = capsys.readouterr().out
    assert "Out of date: 01_toy should have: **Time**: read 4 min · exercises 29" in shown
    assert (course / "notebooks" / "01_toy.ipynb").read_bytes() == before
    main(["times"])
    assert main(["times", "--check"]) == 0


def test_the_table_shows_what_exceeds_its_budget(course, capsys):
    change(course, "And more.", "word " * 2500)
    main(["times", "--check"])
    shown = capsys.readouterr().out
    assert re.search(r"01_toy +lesson +[\d,]+ +20 +\d+ +\d\.\d +13 \+ 1 +42\n", shown)
    assert re.search(r"01/half +deeper .* 8\n", shown)
    assert re.search(r"    [\d,]+ words of prose in view, more than 2,600\n", shown)
    assert "50 seconds in all, at most 1,400" in shown and "the aim" not in shown


@pytest.mark.parametrize(("seconds", "said"), [
    (60, "60 seconds, within 90; the aim is 45"), (91, "91 seconds on one thread, more than 90"),
])  # fmt: skip
def test_the_table_tells_runs_that_are_slow(course, capsys, seconds, said):
    runs = [{**RUNS[0], "seconds": seconds}]
    (course / "docs" / "run_times.json").write_text(json.dumps(runs))
    main(["times", "--check"])
    assert said in capsys.readouterr().out


def test_a_notebook_without_a_mark_is_named(course, capsys):
    change(course, "**Time**:", "Time:")
    assert main(["times"]) == 1
    message = capsys.readouterr().err
    assert "01_toy.ipynb" in message and "write '**Time**:' where it belongs" in message


@pytest.mark.parametrize("content", ["{", "[1]", '[{"lesson": "01_toy"}]', '[{"seconds": 3}]'])
def test_a_broken_file_of_runs_says_how_to_make_a_new_one(course, capsys, content):
    (course / "docs" / "run_times.json").write_text(content)
    assert main(["times"]) == 1
    assert "python -m aecourse run --record" in capsys.readouterr().err


def test_a_recorded_run_is_on_one_thread_and_updates_only_its_own_entry(
    course, capsys, monkeypatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    change(course, "value_3 = 3", "import os\nprint('threads:', os.environ['OMP_NUM_THREADS'])")
    assert runner.run(SimpleNamespace(lessons=["1"], record=True)) == 0
    shown = capsys.readouterr().out
    assert "run_times.json" in shown and "New time lines: 01_toy." in shown
    first, second = json.loads((course / "docs" / "run_times.json").read_text())
    assert list(first) == ["lesson", "seconds", "megabytes", "threads"]
    assert first["lesson"] == "01_toy" and first["threads"] == 1
    assert 0 < first["seconds"] < 42 and 20 < first["megabytes"] < 1000
    assert second == RUNS[1]
    steps = max(1, round(first["seconds"] / 5))
    assert line_of(course, "01").endswith(f" · run {5 * steps} s")
    executed = lessons.read(course / "build" / "executed" / "01_toy.ipynb")
    assert cell_with(executed, "'threads:'").outputs[0].text == "threads: 1\n"


def test_a_run_that_fails_is_not_recorded_and_one_without_the_option_neither(course):
    before = (course / "docs" / "run_times.json").read_bytes()
    assert runner.run(SimpleNamespace(lessons=["01/half"])) == 0
    change(course, "value_3 = 3", "1 / 0")
    assert runner.run(SimpleNamespace(lessons=["1"], record=True)) == 1
    assert json.loads((course / "docs" / "run_times.json").read_text()) == RUNS
    assert json.loads(before) == RUNS


def test_saving_writes_the_line_too(course):
    assert runner.run(SimpleNamespace(lessons=["01/half"], save=True)) == 0
    assert line_of(course, "01/half") == "**Time**: read 2 min · run 10 s"


def test_entries_of_notebooks_that_are_gone_go_too(course):
    notebooks = course / "notebooks"
    times.record([], notebooks)
    (notebooks / "deeper" / "01_half.ipynb").unlink()
    times.record([runner.Result("01_toy", 3.4, 512.3)], notebooks)
    assert times.read_runs(notebooks) == {"01_toy": Run(3, 510, 1)}


def test_a_course_without_measured_runs_has_lines_without_seconds(course):
    (course / "docs" / "run_times.json").unlink()
    assert main(["times"]) == 0
    assert line_of(course, "01/half") == "**Time**: read 2 min"
