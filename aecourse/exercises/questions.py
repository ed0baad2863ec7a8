"""Questions with choices: ``predict`` before the evidence, ``reveal`` after it, ``quiz`` last.

They stand in ``quiz/NN.toml``, a file for each lesson: any number of ``[[prediction]]`` with a
name, and the ``[[question]]`` of the quiz. Each has a text, choices (letter, text, reason; one of
them ``right = true``) and a ``claim``: the sentence of the assert in the lesson that settles it.

Nothing is thrown at a learner: what is not understood is answered with a sentence.
"""

import functools
import re
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

from aecourse.exercises.answers import kind_of

__all__ = ["Choice", "Question", "Quiz", "predict", "quiz", "quizzes", "read", "reveal"]

FOLDER = Path(__file__).with_name("quiz")
WIDTH = 88
KEYS = {"name", "text", "choices", "claim"}
CHOICE_KEYS = {"letter", "text", "reason", "right"}
LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Choice:
    """One answer; ``reason`` says why it is right or wrong."""

    letter: str
    text: str
    reason: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A text, its choices, and the sentence of the claim that settles it."""

    text: str
    choices: tuple[Choice, ...]
    claim: str
    name: str = ""  # of a prediction

    @property
    def right(self) -> Choice:
        return next(choice for choice in self.choices if choice.right)

    def choice(self, letter: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.letter == letter), None)


@dataclass(frozen=True)
class Quiz:
    """What the file of one lesson holds."""

    predictions: tuple[Question, ...]
    questions: tuple[Question, ...]


# --- files -----------------------------------------------------------------------------------


def read(path: Path) -> Quiz:
    """The questions of a file. ValueError says what is wrong with it, and in which question."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if unknown := content.keys() - {"prediction", "question"}:
            raise ValueError(f"[[{unknown.pop()}]] is neither [[prediction]] nor [[question]]")
        predictions = [_question(entry) for entry in content.get("prediction", [])]
        questions = [_question(entry) for entry in content.get("question", [])]
        if not all(question.name for question in predictions):
            raise ValueError("a prediction has no name")
        if any(question.name for question in questions):
            raise ValueError("a question of the quiz has a name: only predictions need one")
    except ValueError as problem:  # what tomllib raises, too
        raise ValueError(f"{path.name}: {problem}") from None
    return Quiz(tuple(predictions), tuple(questions))


def _question(entry: dict) -> Question:
    where = f"in {entry.get('name') or entry.get('text', '?')!r}"
    if unknown := entry.keys() - KEYS:
        raise ValueError(f"{where} the key {unknown.pop()!r} is unknown")
    for key in ("text", "claim"):
        if not _is_text(entry.get(key)):
            raise ValueError(f"{where} the {key} is missing")
    choices = tuple(_choice(choice, where) for choice in entry.get("choices", []))
    letters = "".join(choice.letter for choice in choices)
    if len(choices) < 2 or letters != LETTERS[: len(choices)]:
        raise ValueError(f"{where} the letters of the choices are {letters!r}, not 'ab', 'abc' …")
    if (count := sum(choice.right for choice in choices)) != 1:
        raise ValueError(f"{where} {count} choices are right, not one")
    return Question(entry["text"].strip(), choices, entry["claim"], entry.get("name", ""))


def _choice(entry: dict, where: str) -> Choice:
    if unknown := entry.keys() - CHOICE_KEYS:
        raise ValueError(f"{where} a choice has the unknown key {unknown.pop()!r}")
    for key in ("letter", "text", "reason"):
        if not _is_text(entry.get(key)):
            raise ValueError(f"{where} a choice has no {key}")
    if not isinstance(entry.get("right", False), bool):
        raise ValueError(f"{where} 'right' is neither true nor false")
    return Choice(**{**entry, "text": entry["text"].strip(), "reason": entry["reason"].strip()})


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


@functools.cache
def quizzes() -> dict[str, Quiz]:
    """The questions of every lesson, by its two digits. ValueError where a file is not valid."""
    found = {path.stem: read(path) for path in sorted(FOLDER.glob("*.toml"))}
    names = [question.name for lesson in found.values() for question in lesson.predictions]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two predictions are named {twice.pop()!r}")
    return found


# --- what a notebook calls -------------------------------------------------------------------

_chosen: dict[str, str] = {}  # name of a prediction -> the letter that the reader chose


def predict(name: str, choice=...) -> None:
    """Note the reader's choice ("a", "b", …), or print the choices while the dots stand."""
    question = _prediction(name)
    if question is None:
        return
    letter, problem = _letter(choice, question)
    if letter:
        _chosen[name] = letter
        _say(f"Prediction noted: {letter}) {question.choice(letter).text}")
        return
    _chosen.pop(name, None)  # the reader took it back
    example = f'Replace the dots by a letter in quotes: predict("{name}", "a").'
    _say(f"Prediction: {problem or f'not attempted yet. {example}'}")
    _say(question.text)
    _show(question)


def reveal(name: str) -> None:
    """Say which choice is right, and why; and why the reader's own is not, if it is not."""
    question = _prediction(name)
    if question is None:
        return
    right, own = question.right, question.choice(_chosen.get(name, ""))
    if own == right:
        _say(f"You predicted {own.letter}, and that is right. {right.reason}")
        return
    _say(f"The answer is {right.letter}) {right.text}")
    _say(right.reason)
    if own:
        _say(f"You predicted {own.letter}) {own.text}")
        _say(own.reason)


def quiz(number, *answers) -> None:
    """Print the questions of a lesson's quiz, or for each letter whether it is right, and why."""
    known = quizzes()
    key = f"{number:0>2}" if isinstance(number, str | int) else ""
    if key not in known or not known[key].questions:
        numbers = ", ".join(f'"{n}"' for n, found in known.items() if found.questions)
        _say(f"There is no quiz {_shown(number)}. The quizzes are: {numbers}.")
        return
    questions = known[key].questions
    if len(answers) > len(questions):
        _say(f"The quiz has {len(questions)} questions; the answers after the last are left out.")
    lumped = len(answers) == 1 and _are_letters(answers[0])
    answers = (*([] if lumped else answers), *[...] * len(questions))[: len(questions)]
    statuses = [_mark(number, *pair) for number, pair in enumerate(zip(questions, answers), 1)]
    right, open_ones = statuses.count("right"), statuses.count("not attempted yet")
    not_understood = statuses.count("error")
    said = f"{right} of {len(questions)} right"
    if open_ones == len(questions):
        said = f'not attempted yet. Replace the dots by letters in quotes: quiz("{key}", "a", …)'
        if lumped:
            said = f'not understood. Pass the letters one by one: quiz("{key}", "a", "b", …)'
    elif open_ones:
        said += f", {open_ones} not attempted yet"
    if not_understood:
        said += f", {not_understood} not understood"
    _say(f"Quiz {key}: {said}.")


def _mark(number: int, question: Question, answer) -> str:
    """Print what there is to say about one answer of a quiz, and return its status."""
    letter, problem = _letter(answer, question)
    if letter:
        choice = question.choice(letter)
        status = "right" if choice.right else "wrong"
        _say(f"{number}. {question.text}")
        _say(f"{letter}) {choice.text}", indent="   ")
        _say(f"{status.capitalize()}. {choice.reason}", indent="   ")
    else:
        status = "error" if problem else "not attempted yet"
        _say(f"{number}. {question.text}{f' {problem}' if problem else ''}")
        _show(question)
    print()
    return status


def _letter(answer, question: Question) -> tuple[str, str]:
    """The letter that is meant and nothing, or nothing and what to say (nothing for dots)."""
    if answer is ... or answer is None:
        return "", ""
    if isinstance(answer, str):
        meant = re.fullmatch(r"[\W_]*(\w)(?:[\W_]*|\) (.+))", " ".join(answer.lower().split()))
        choice = question.choice(meant[1]) if meant else None
        if choice and choice.text.lower().startswith(meant[2] or ""):  # a pasted choice, or none
            return choice.letter, ""
        if not answer.strip(" ."):
            return "", ""
    letters = [choice.letter for choice in question.choices]
    return "", f"{_shown(answer)} is none of the letters {', '.join(letters)}."


def _are_letters(answer) -> bool:
    """Whether one answer holds several: a list, or letters that are no word, such as "bbcbb"."""
    if isinstance(answer, str):
        return len(answer) > 1 and set(answer.lower()) <= {*LETTERS, " ", ","}
    return isinstance(answer, list | tuple)


def _prediction(name) -> Question | None:
    """The prediction with this name; None, and a sentence, where there is none."""
    found = {question.name: question for lesson in quizzes().values()
             for question in lesson.predictions}  # fmt: skip
    question = found.get(name) if isinstance(name, str) else None
    if question is None:
        _say(f"There is no prediction named {_shown(name)}. The names are: {', '.join(found)}.")
    return question


def _shown(value) -> str:
    """A value of any type in a few letters that can be printed."""
    if type(value) in (int, float, bool):
        return str(value)
    if type(value) is not str:
        return kind_of(value)
    short = value if len(value) <= 40 else value[:39] + "…"
    return f'"{short.encode("utf-8", "replace").decode("utf-8")}"'


def _show(question: Question) -> None:
    for choice in question.choices:
        _say(f"{choice.letter}) {choice.text}", indent="   ")


def _say(text: str, indent: str = "") -> None:
    """Print one paragraph. A choice's own lines stand further in than its letter."""
    hanging = indent + "   " if re.match(r"\w\) ", text) else indent
    print(textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=indent,
                        subsequent_indent=hanging))  # fmt: skip
