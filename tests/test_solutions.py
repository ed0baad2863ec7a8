"""Every solution that a lesson offers is right, and every stub counts as not attempted.

Exercises and fill-ins alike.
"""

from pathlib import Path

import pytest
from helpers import run_cell
from toy_lesson import toy_lesson

from aecourse.course import lessons
from aecourse.exercises.checks import judge

NOTEBOOKS = lessons.find_lessons(Path(__file__).resolve().parents[1] / "notebooks")
EXERCISES = [
    pytest.param(path, number, id=f"{lessons.name(path)}-{exercise.name}")
    for path in NOTEBOOKS
    for number, exercise in enumerate(lessons.answerable(lessons.read(path)))
]


@pytest.fixture(scope="module")
def set_up():
    """The names that a lesson's set-up cell defines; each lesson is set up once."""
    cache = {}

    def run(path):
        if path not in cache:
            cache[path] = {"__name__": path.stem}
            exec(lessons.setup_source(lessons.read(path)), cache[path])
        return dict(cache[path])

    return run


def verdict(names, source, exercise):
    run_cell(source, names)
    return judge(exercise.name, eval(exercise.answer, names))


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_solution_is_right(path, number, set_up):
    exercise = lessons.answerable(lessons.read(path))[number]
    source = lessons.solution_block(exercise.solutions[0])
    assert verdict(set_up(path), source, exercise).status == "right"


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_stub_is_not_attempted(path, number, set_up):
    exercise = lessons.answerable(lessons.read(path))[number]
    source = lessons.without_magics(exercise.stub.source)
    assert verdict(set_up(path), source, exercise).status == "not attempted"


def test_exercises_are_read_from_the_tags():
    first, second = lessons.exercises(toy_lesson())
    assert (first.name, first.answer) == ("double", "double")
    assert (second.name, second.answer) == ("twice", "twice")
    names = {}
    exec(lessons.solution_block(second.solutions[0]), names)
    assert names["twice"](3) == 6


def test_magics_become_pass():
    source = lessons.without_magics("if colab:\n    %pip install x\n!ls\nx = 5 % 3")
    assert source == "if colab:\n    pass\npass\nx = 5 % 3"
