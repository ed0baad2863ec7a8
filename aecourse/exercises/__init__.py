"""Exercises that answer back: the engine, and a module for each lesson.

``checks`` judges an answer. ``answers`` reads whatever a learner hands in, ``diagnosis`` compares
numbers, ``slips`` makes the reference wrong in one place, ``trials`` runs an answer again with
other inputs, ``isolation`` keeps it from leaving a trace. ``collection`` finds the exercises,
``questions`` asks for predictions and holds quizzes (their texts are in ``quiz/``). Every other
module belongs to one lesson and has a list ``EXERCISES``.
"""

from aecourse.exercises.checks import check
from aecourse.exercises.collection import catalogue
from aecourse.exercises.questions import predict, quiz, reveal

__all__ = ["catalogue", "check", "predict", "quiz", "reveal"]
