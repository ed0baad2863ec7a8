"""Exercises that answer back: the engine, and a module for each lesson.

``checks`` judges an answer, ``answers`` reads whatever a learner hands in, ``diagnosis`` compares
numbers, ``collection`` finds the exercises. Every other module belongs to one lesson and has a list
``EXERCISES``.
"""

from aecourse.exercises.checks import check
from aecourse.exercises.collection import catalogue

__all__ = ["catalogue", "check"]
