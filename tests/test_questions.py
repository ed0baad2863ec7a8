"""Predictions and quizzes: what a reader types is understood or answered, and never thrown back."""

import ast
import re
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from aecourse.course import lessons
from aecourse.exercises import predict, questions, quiz, reveal
from aecourse.exercises.questions import read

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(questions.FOLDER.glob("*.toml"))

PREDICTION = """
[[prediction]]
name = "moon"
text = "What is the moon made of?"
claim = "The moon is rock"
choices = [
    {letter = "a", text = "cheese", reason = "Cheese would have been eaten.", right = false},
    {letter = "b", text = "rock", reason = "Astronauts brought some home.", right = true},
    {letter = "c", text = "gas", reason = "Astronauts stood on it."},
]
"""
QUESTION = """
[[question]]
text = "Is {n} even?"
claim = "{n} is even"
choices = [
    {{letter = "a", text = "yes", reason = "Two divides it.", right = true}},
    {{letter = "b", text = "no", reason = "Count again."}},
]
"""
TOY = PREDICTION + "".join(QUESTION.format(n=n) for n in (2, 4, 6, 8, 10))


@pytest.fixture(autouse=True)
def toy_quiz(tmp_path, monkeypatch):
    (tmp_path / "01.toml").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(questions, "FOLDER", tmp_path)
    monkeypatch.setattr(questions, "_chosen", {})
    questions.quizzes.cache_clear()
    yield
    questions.quizzes.cache_clear()


@pytest.fixture
def said(capsys):
    """What was printed since, with lines joined."""
    return lambda: " ".join(capsys.readouterr().out.split())


# --- predictions -----------------------------------------------------------------------------


def test_choices_are_shown_while_the_dots_stand(said):
    predict("moon", ...)
    shown = said()
    assert "not attempted yet" in shown and 'predict("moon", "a")' in shown
    assert "a) cheese b) rock c) gas" in shown
    assert "Astronauts" not in shown, "a reason gives the answer away"


@pytest.mark.parametrize("typed", [
    "b", "B", " b ", "b)", "(b)", "b.", "'b'", "**b**", "_b_", "b) rock", "   b)  rock\n", "b) ro",
])  # fmt: skip
def test_a_letter_is_understood_however_it_is_typed(said, typed):
    predict("moon", typed)
    assert said() == "Prediction noted: b) rock"


@pytest.mark.parametrize("typed", [
    "d", "bb", "", "a or b", "a) or b)", "a) rock", "β", 2, 2.0, True, ["b"], {"b"}, b"b",
    np.nan, torch.ones(3), np.array(["b"]), object(), print, "\ud800", "x" * 1000,
])  # fmt: skip
def test_anything_else_is_answered_in_a_sentence(said, typed):
    predict("moon", typed)
    shown = said()
    assert "none of the letters a, b, c." in shown or "not attempted yet" in shown
    assert "a) cheese" in shown and len(shown) < 400


@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.binary()))
def test_nothing_is_thrown_at_a_reader(value):
    predict("moon", value)
    predict(value, "a")
    reveal(value)
    quiz(value)
    quiz("01", value)


@pytest.mark.parametrize(("typed", "own"), [
    (..., ""),
    ("a", "You predicted a) cheese Cheese would have been eaten."),
    ("c", "You predicted c) gas Astronauts stood on it."),
])  # fmt: skip
def test_the_right_choice_and_the_reason_for_the_readers_own_are_revealed(said, typed, own):
    predict("moon", typed)
    said()
    reveal("moon")
    assert said() == f"The answer is b) rock Astronauts brought some home. {own}".strip()


def test_a_right_prediction_is_confirmed(said):
    predict("moon", "b")
    said()
    reveal("moon")
    assert said() == "You predicted b, and that is right. Astronauts brought some home."


def test_a_prediction_can_be_changed_and_taken_back(said):
    predict("moon", "b")
    predict("moon", "c")
    said()
    reveal("moon")
    assert "You predicted c" in said()
    predict("moon", ...)
    said()
    reveal("moon")
    assert "You predicted" not in said()


@pytest.mark.parametrize("name", ["sun", 3, None, ...])
def test_an_unknown_prediction_gets_the_names(said, name):
    predict(name, "a")
    assert "The names are: moon." in said()


# --- quizzes ---------------------------------------------------------------------------------


def test_a_quiz_shows_its_questions_and_no_reason(said):
    quiz("01", ..., ..., ..., ..., ...)
    shown = said()
    assert re.findall(r"(\d)\. Is (\d+) even\? a\) yes b\) no", shown) == list(
        zip("12345", ["2", "4", "6", "8", "10"]))  # fmt: skip
    assert shown.endswith('Quiz 01: not attempted yet. Replace the dots by letters in quotes: '
                          'quiz("01", "a", …).')  # fmt: skip
    assert "Two divides" not in shown


def test_every_letter_gets_its_reason(said):
    quiz("01", "a", "B)", "z", ..., "a")
    shown = said()
    assert "1. Is 2 even? a) yes Right. Two divides it." in shown
    assert "2. Is 4 even? b) no Wrong. Count again." in shown
    assert '3. Is 6 even? "z" is none of the letters a, b. a) yes b) no' in shown
    assert shown.endswith("Quiz 01: 2 of 5 right, 1 not attempted yet, 1 not understood.")
    quiz("01", *"aaaa", "perhaps")
    assert said().endswith("Quiz 01: 4 of 5 right, 1 not understood.")


@pytest.mark.parametrize("answers", ["abbab", "a b b a b", "A,B", list("abbab"), (..., "a")])
def test_letters_in_one_piece_are_asked_for_one_by_one(said, answers):
    quiz("01", answers)
    shown = said()
    assert "1. Is 2 even? a) yes b) no" in shown
    assert shown.endswith('Quiz 01: not understood. Pass the letters one by one: '
                          'quiz("01", "a", "b", …).')  # fmt: skip


@pytest.mark.parametrize("number", ["01", "1", 1])
def test_the_number_of_a_quiz_may_be_short(said, number):
    quiz(number, *"aaaaa")
    assert said().endswith("Quiz 01: 5 of 5 right.")


def test_missing_answers_count_as_dots_and_more_are_told(said):
    quiz("01", "a")
    assert said().endswith("1 of 5 right, 4 not attempted yet.")
    quiz("01", *"aaaaaa")
    assert "The quiz has 5 questions" in said()


@pytest.mark.parametrize("number", ["07", 7, None, [1], 1.0, "one"])
def test_an_unknown_quiz_gets_the_numbers(said, number):
    quiz(number, "a")
    shown = said()
    assert "There is no quiz" in shown and 'The quizzes are: "01".' in shown


# --- files -----------------------------------------------------------------------------------

MISTAKES = [
    ("not valid TOML", "choices = [", "choices = "),
    ("neither", "[[prediction]]", "[[predictions]]"),
    ("has no name", 'name = "moon"\n', ""),
    ("the text is missing", 'text = "What is the moon made of?"\n', ""),
    ("the claim is missing", "claim = ", "claims = "),
    ("the claim is missing", '"The moon is rock"', '" "'),
    ("letters of the choices are 'acc'", 'letter = "b"', 'letter = "c"'),
    ("0 choices are right", "right = true", "right = false"),
    ("2 choices are right", "right = false", "right = true"),
    ("neither true nor false", "right = false", 'right = "no"'),
    ("has no reason", 'reason = "Astronauts stood on it."', 'reason = ""'),
    ("unknown key 'why'", 'reason = "Astronauts stood on it."', 'why = "So."'),
    ("has a name", 'text = "Is 2 even?"', 'text = "Is 2 even?"\nname = "even"'),
]


@pytest.mark.parametrize(("message", "old", "new"), MISTAKES)
def test_a_mistake_in_a_file_is_named(tmp_path, message, old, new):
    assert old in TOY
    path = tmp_path / "02.toml"
    path.write_text(TOY.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match="02.toml: ") as problem:
        read(path)
    if message != "not valid TOML" and "claims" not in new:
        assert message in str(problem.value)


def test_two_predictions_with_one_name_are_refused(tmp_path):
    (tmp_path / "02.toml").write_text(PREDICTION, encoding="utf-8")
    with pytest.raises(ValueError, match="two predictions are named 'moon'"):
        questions.quizzes()


def claimed(number):
    """The sentences that the lesson with this number, and its deeper notebooks, assert."""
    sentences = set()
    for path in lessons.find_lessons(ROOT / "notebooks", [number]):
        for cell in lessons.cells(lessons.read(path), "claims"):
            texts = [text for _, text in lessons.claims(cell.source)]
            sentences |= {ast.literal_eval(text) for text in texts if text[:1] in ("'", '"')}
    return sentences


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_valid_and_settled_by_claims_of_its_lesson(path):
    found = read(path)
    assert len(found.questions) in (0, 5), "a quiz has five questions"
    for question in found.predictions + found.questions:
        assert question.claim in claimed(path.stem), question.text
