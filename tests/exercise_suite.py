"""The tests that the exercises of every lesson have in common, written once.

A lesson's file holds its data: answers as learners write them. It hands them to a class, and
pytest then runs every test below on them:

    class TestExercises(ExerciseTests):
        topics = ["denoising"]
        scope = {"np": np}
        right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

A test that only one lesson needs is one more method of its class, or a function beside it.
"""

from aecourse.exercises import catalogue, checks

STUBS = ("...", "return ...", "pass", '"""What it does."""\n    return ...')


def edited(source, changes):
    """A source after some replacements: old text, new text, old text, new text …"""
    assert len(changes) % 2 == 0, "every old text needs a new one"
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in source, f"{old!r} is not in the answer"
        source = source.replace(old, new)
    return source


class ExerciseTests:
    """The common tests. A lesson's class says what to test; each answer is a test of its own.

    This class has no data: its name does not begin with ``Test``, so pytest passes it by.
    """

    topics: list[str]  # the modules of aecourse/exercises that the lesson's exercises are in
    scope: dict  # what an answer may use: the imports of the lesson's set-up cell
    right: dict[str, str]  # for each exercise, the source of a function named ``answer``
    also_right: dict[str, list[str]]  # the same in other styles
    # For each exercise, one tuple per wrong answer: how the message starts, then the changes
    # that turn the right answer into the wrong one (see ``edited``).
    wrong: dict[str, list[tuple]]
    raising: dict[str, list[tuple]] = {}  # the same for slips that raise: how the hint starts

    def pytest_generate_tests(self, metafunc):
        """Called by pytest for each test below: makes one of it per exercise, or per answer."""
        asked = metafunc.fixturenames
        if "source" in asked:
            metafunc.parametrize("name, source", [
                (name, source) for name in self.also_right for source in self.also_right[name]])
        elif "start" in asked:
            metafunc.parametrize("name, start, changes", one_by_one(self.wrong))
        elif "hint" in asked:
            metafunc.parametrize("name, hint, changes", one_by_one(self.raising))
        elif "name" in asked:
            metafunc.parametrize("name", self.right)

    def define(self, source):
        """The function ``answer``, defined as a notebook would after its set-up cell."""
        scope = dict(self.scope)
        exec(source, scope)
        return scope["answer"]

    def judge(self, name, source):
        """The verdict on an answer that is given as a source."""
        return checks.judge(name, self.define(source))

    def messages(self, name):
        """All that the catalogue can say about a wrong answer."""
        exercise = catalogue()[name]
        return [*(mistake.message for mistake in exercise.mistakes), *{*exercise.extreme.values()}]

    def test_every_exercise_of_this_lesson_is_here(self):
        ours = {name for name, exercise in catalogue().items()
                if exercise.right.__module__.split(".")[-1] in self.topics}
        assert ours == set(self.right) == set(self.also_right) == set(self.wrong)
        assert ours >= set(self.raising)

    def test_right_answer(self, name):
        assert self.judge(name, self.right[name]) == ("right", catalogue()[name].insight)

    def test_stub_is_not_attempted(self, name):
        head = self.right[name].strip().split("\n")[0]
        for body in STUBS:
            assert self.judge(name, f"{head}\n    {body}\n").status == "not attempted", body

    def test_right_in_another_style(self, name, source):
        verdict = self.judge(name, source)
        assert verdict.status == "right", verdict.message

    def test_mistake_is_named(self, name, start, changes):
        verdict = self.judge(name, edited(self.right[name], changes))
        assert verdict.status == "wrong", verdict.message
        assert verdict.message.startswith(start), verdict.message
        assert any(map(verdict.message.startswith, self.messages(name)))

    def test_exception_gets_a_hint(self, name, hint, changes):
        verdict = self.judge(name, edited(self.right[name], changes))
        assert verdict.status == "error" and f". {hint}" in verdict.message, verdict.message

    def test_every_hint_has_a_learner_who_needs_it(self, name):
        starts = [start for start, *_ in self.raising.get(name, [])]
        for hint in catalogue()[name].hints.values():
            assert any(hint.startswith(start) for start in starts), f"no slip shows: {hint}"

    def test_every_mistake_has_a_learner_who_makes_it(self, name):
        starts = [start for start, *_ in self.wrong[name]]
        for message in self.messages(name):
            assert any(message.startswith(start) for start in starts), f"no answer shows: {message}"

    def test_starts_are_unambiguous(self, name):
        for start, *_ in self.wrong[name]:
            assert sum(message.startswith(start) for message in self.messages(name)) == 1, start


def one_by_one(answers):
    """Name, start of the message, and changes of each answer in ``wrong`` or ``raising``."""
    return [(name, start, changes) for name in answers for start, *changes in answers[name]]
