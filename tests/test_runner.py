"""The runner, seeds, tolerances and handout, on a small lesson in a folder of its own."""

import json
import re
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from toy_lesson import SETUP, cell_with, copied, save, toy_deeper, toy_lesson

from aecourse.course import comparison, lessons, runner


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons, in a path with a space and a letter beyond ASCII."""
    root = tmp_path / "my cöurse"
    save(toy_lesson(), root / "notebooks")
    second = copied(toy_lesson())
    second.cells[0].source = second.cells[0].source.replace("01 · A toy", "02 · Another toy")
    save(second, root / "notebooks", "02_other.ipynb")
    monkeypatch.chdir(root)
    return root


def options(**given):
    return SimpleNamespace(**given)


def change(course, source, new, name="01_toy.ipynb"):
    path = course / "notebooks" / name
    notebook = lessons.read(path)
    cell = cell_with(notebook, source)
    cell.source = cell.source.replace(source, new)
    lessons.write(path, notebook)


# --- lessons ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["2", "02", "other", "02_other", "notebooks/02_other.ipynb"])
def test_lessons_are_found_by_number_or_name(course, word):
    assert [path.stem for path in lessons.find_lessons(only=[word])] == ["02_other"]


@pytest.fixture
def deeper(course):
    """The course with two deeper notebooks, which belong to its lessons."""
    for name in ("01_half", "02_half"):
        save(toy_deeper(), course / "notebooks" / "deeper", f"{name}.ipynb")
    return course


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], "01_toy 02_other 01/half 02/half"),
        (["lessons"], "01_toy 02_other"),
        (["deeper"], "01/half 02/half"),
        (["1"], "01_toy"),
        (["01/half"], "01/half"),
        (["1/half", "2"], "02_other 01/half"),
        (["02/"], "02/half"),
        (["notebooks/deeper/02_half.ipynb"], "02/half"),
        (["deeper/02_half"], "02/half"),
        (["deeper/2", "deeper/half"], "01/half 02/half"),
    ],
)
def test_deeper_notebooks_are_found_by_lesson_and_question(deeper, words, found):
    assert " ".join(map(lessons.name, lessons.find_lessons(only=words))) == found


@pytest.mark.parametrize("word", ["half", "01/hal", "01/toy", "3/", "deeper/toy", "", "/", "1/x/y"])
def test_a_word_that_fits_no_notebook_is_told_with_all_names(deeper, word):
    with pytest.raises(lessons.LessonError, match="There are: 01_toy, 02_other, 01/half, 02/half."):
        lessons.find_lessons(only=[word])


def test_lessons_are_found_from_a_folder_below(course, monkeypatch):
    monkeypatch.chdir(course / "notebooks")
    assert [path.stem for path in lessons.find_lessons()] == ["01_toy", "02_other"]


def test_an_unknown_lesson_is_named(course, capsys):
    assert runner.run(options(lessons=["9"])) == 1
    assert "No lesson is called '9'. There are: 01_toy, 02_other." in capsys.readouterr().err


def test_a_broken_file_is_named(course, capsys):
    (course / "notebooks" / "01_toy.ipynb").write_text("{")
    assert runner.run(options(lessons=["1"])) == 1
    assert "01_toy.ipynb is not a notebook" in capsys.readouterr().err


def test_carriage_returns_are_resolved_and_streams_merged():
    streams = [new_output("stream", name="stdout", text=t) for t in ("1%\r", "2%\rdone\n", "x\n")]
    (clean,) = lessons.clean_outputs(streams)
    assert clean.text == "done\nx\n"


def test_normalising_twice_changes_nothing():
    once = lessons.normalised(toy_lesson())
    assert lessons.normalised(once) == once


FOLDED = {"heading_collapsed": True, "jp-MarkdownHeadingCollapsed": True}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (new_markdown_cell("### Deeper · Why?", metadata={"tags": ["deeper"]}), FOLDED),
        (new_markdown_cell("More of it.", metadata={"tags": ["deeper"]}), {}),
        (new_code_cell("x = 1", metadata={"tags": ["deeper"]}), {}),
        (new_markdown_cell("### Deeper · Why?", metadata=FOLDED), {}),
        (new_code_cell("assert x", metadata={"tags": ["claims"]}),
         {"jupyter": {"source_hidden": True}}),
        (new_markdown_cell("## 1 What?", metadata={"tags": ["slide"]}),
         {"slideshow": {"slide_type": "slide"}}),
        (new_code_cell("x", metadata={"tags": ["sub-slide"]}),
         {"slideshow": {"slide_type": "subslide"}}),
        (new_markdown_cell("Say this.", metadata={"tags": ["notes"]}),
         {"slideshow": {"slide_type": "notes"}}),
        (new_code_cell("x", metadata={"slideshow": {"slide_type": "skip"}}), {}),
    ],
)  # fmt: skip
def test_tags_alone_say_what_is_folded_and_what_is_a_slide(cell, expected):
    notebook = copied(toy_lesson())
    notebook.cells = [cell]
    once = lessons.normalised(notebook)
    found = {k: v for k, v in once.cells[0].metadata.items() if k != "tags"}
    assert found == expected
    assert lessons.normalised(once) == once


def test_folded_stretches_begin_at_their_headings():
    def cell(source, *tags):
        return new_markdown_cell(source, metadata={"tags": list(tags)})

    notebook = copied(toy_lesson())
    notebook.cells = [
        cell("seen"), cell("### Deeper · One?", "deeper"), cell("1", "deeper"),
        cell("### Deeper · Two?", "deeper"), cell("seen"), cell("headless", "deeper"),
    ]  # fmt: skip
    stretches = [[c.source for c in stretch] for stretch in lessons.folded_stretches(notebook)]
    assert stretches == [["### Deeper · One?", "1"], ["### Deeper · Two?"], ["headless"]]


# --- run -------------------------------------------------------------------------------------


def test_run_writes_copies_and_leaves_the_notebooks(course, capsys):
    before = (course / "notebooks" / "01_toy.ipynb").read_bytes()
    assert runner.run(options()) == 0
    table = capsys.readouterr().out
    assert re.search(r"01_toy +\d+\.\d +\d\d+\n02_other +\d+\.\d +\d\d+\n", table)
    assert (course / "notebooks" / "01_toy.ipynb").read_bytes() == before
    executed = lessons.read(course / "build" / "executed" / "01_toy.ipynb")
    assert "loss 0.1234" in cell_with(executed, "loss {loss").outputs[0].text
    record = json.loads((course / "build" / "executed" / "run.json").read_text())
    assert [run["lesson"] for run in record] == ["01_toy", "02_other"]
    assert all(20 < run["megabytes"] < 1000 for run in record)


def test_deeper_notebooks_run_in_their_folder_and_their_copies_have_one(deeper, capsys):
    change(deeper, "half = loss / 2", "import os\nhalf = loss / 2\nprint(os.getcwd())",
           "deeper/01_half.ipynb")  # fmt: skip
    assert runner.run(options(lessons=["01/half"])) == 0
    assert re.search(r"01/half +\d+\.\d +\d\d+\n", capsys.readouterr().out)
    executed = deeper / "build" / "executed"
    notebook = lessons.read(executed / "deeper" / "01_half.ipynb")
    assert str(deeper / "notebooks" / "deeper") in cell_with(notebook, "getcwd").outputs[0].text
    record = json.loads((executed / "run.json").read_text())
    assert [run["lesson"] for run in record] == ["01/half"]


def test_deeper_notebooks_are_saved_seeded_and_handed_out(deeper, capsys):
    path = deeper / "notebooks" / "deeper" / "01_half.ipynb"
    assert runner.run(options(lessons=["01/half"], save=True)) == 0
    first = path.read_bytes()
    assert runner.run(options(lessons=["01/half"], save=True)) == 0
    assert path.read_bytes() == first
    assert runner.seeds(options(lessons=["01/"], seeds=[1], drawn=0, draws=0)) == 0
    assert runner.tolerances(options(lessons=["01/"], draws=0)) == 0
    assert runner.handout(options()) == 0
    assert "01/half: 0 solutions removed" in capsys.readouterr().out
    handed = lessons.read(deeper / "build" / "handout" / "deeper" / "01_half.ipynb")
    assert not any(cell.outputs for cell in lessons.code_cells(handed))


@pytest.mark.parametrize(
    ("jobs", "cores", "gigabytes", "threads"),
    [(2, 2, 9, "1"), (1, 2, 9, None), (2, 1, 9, None), (2, 2, 2, None), (2, 2, 0.5, None)],
)
def test_lessons_side_by_side_have_one_thread_each(
    course, monkeypatch, jobs, cores, gigabytes, threads
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(runner, "usable_cores", lambda: cores)
    monkeypatch.setattr(runner, "free_memory", lambda: gigabytes * 2**30)
    change(course, "value_3 = 3", "import os\nprint('threads:', os.environ.get('OMP_NUM_THREADS'))")
    assert runner.run(options(jobs=jobs)) == 0
    executed = lessons.read(course / "build" / "executed" / "01_toy.ipynb")
    (output,) = cell_with(executed, "'threads:'").outputs
    assert output.text == f"threads: {threads}\n"


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows cannot send it")
def test_an_interrupt_stops_every_lesson_after_its_cell(course, monkeypatch):
    cells_done = []

    def endless_lesson(notebook, directory, environment, on_cell, timeout, name):
        for _ in range(1000):
            time.sleep(0.01)
            cells_done.append(name)
            on_cell()

    monkeypatch.setattr(runner, "usable_cores", lambda: 2)
    monkeypatch.setattr(runner, "free_memory", lambda: 2**34)
    monkeypatch.setattr(runner, "execute", endless_lesson)
    # A process that a shell started in the background ignores SIGINT, unless told otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run(options())
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(cells_done) == {"01_toy", "02_other"}
    assert len(cells_done) < 1000


def test_saving_twice_gives_an_empty_diff(course):
    path = course / "notebooks" / "01_toy.ipynb"
    assert runner.run(options(lessons=["1"], save=True)) == 0
    first = path.read_bytes()
    assert runner.run(options(lessons=["1"], save=True)) == 0
    assert path.read_bytes() == first
    assert not (course / "build").exists()
    assert [cell.id for cell in lessons.read(path).cells] == [c.id for c in toy_lesson().cells]


def test_an_error_is_shown_and_the_other_lessons_run(course, capsys):
    change(course, "value_3 = 3", "a = 1\nb = a / 0\nc = 2")
    before = (course / "notebooks" / "01_toy.ipynb").read_bytes()
    assert runner.run(options(save=True)) == 1
    shown = capsys.readouterr().out
    assert "01_toy failed" in shown and "ZeroDivisionError: division by zero" in shown
    assert "line 2: b = a / 0" in shown
    assert "02_other failed" not in shown
    assert (course / "notebooks" / "01_toy.ipynb").read_bytes() == before


def test_a_cell_that_never_ends_is_stopped(course, capsys):
    change(course, "value_3 = 3", "import time\ntime.sleep(60)")
    assert runner.run(options(lessons=["1"], timeout=2)) == 1
    assert "longer than 2 s" in capsys.readouterr().out


def test_a_kernel_that_dies_is_told(course, capsys):
    change(course, "value_3 = 3", "import os\nos._exit(1)")
    assert runner.run(options(lessons=["1"])) == 1
    assert "The kernel died" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_told_before_the_run(course, capsys):
    (course / "build").write_text("a file where a folder should be")
    assert runner.run(options()) == 1
    message = capsys.readouterr().err
    assert "Cannot write" in message and "--output DIR" in message


def test_the_kernel_is_this_interpreter(course, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    notebook = copied(toy_lesson())
    notebook.cells = [new_code_cell("import sys, os\nprint(sys.executable, os.getcwd())")]
    assert not runner.execute(notebook, course / "notebooks").error
    text = notebook.cells[0].outputs[0].text
    assert text.strip() == f"{runner.sys.executable} {course / 'notebooks'}"


def test_tolerances_are_dropped_when_the_numbers_change(course, capsys):
    path = course / "notebooks" / "01_toy.ipynb"
    notebook = lessons.read(path)
    kept, dropped = cell_with(notebook, "loss {loss"), cell_with(notebook, "dead units")
    kept.metadata["aecourse"] = {"tolerances": [0.01]}
    dropped.metadata["aecourse"] = {"tolerances": [0.01]}
    lessons.write(path, notebook)
    assert runner.run(options(lessons=["1"], save=True)) == 0
    assert "tolerances are dropped; run `make tolerances`" in capsys.readouterr().out
    notebook = lessons.read(path)
    assert comparison.tolerances(cell_with(notebook, "loss {loss")) == [0.01]
    assert comparison.tolerances(cell_with(notebook, "dead units")) is None


# --- seeds and tolerances --------------------------------------------------------------------


def depend_on_seed(course):
    """The first lesson's loss and units move with the seed and the draw."""
    change(
        course,
        "loss, images, units = 0.1234, 50_000, 8",
        "import os\n"
        "seed = int(os.environ.get('AECOURSE_SEED', 0))\n"
        "draw = int(os.environ.get('AECOURSE_PERTURB_DRAW', 0))\n"
        "loss, images, units = 0.1234 + seed + draw / 1000, 50_000 + seed, 8 + draw",
    )


def test_seeds_lists_every_claim_that_fails(course, capsys):
    depend_on_seed(course)
    assert runner.seeds(options(seeds=[2], drawn=0, draws=1)) == 1
    shown = capsys.readouterr().out
    assert re.search(r"01_toy +seed 2 +FAIL\n +the loss is below one\n +all images were", shown)
    assert re.search(r"01_toy +perturbed, draw 1 +hold", shown)
    assert "1 of 4 runs failed." in shown


def test_seeds_reports_a_cell_that_raises(course, capsys):
    change(course, "value_3 = 3", "import os\nassert os.environ.get('AECOURSE_SEED') != '1'")
    assert runner.seeds(options(lessons=["1"], seeds=[1], drawn=0, draws=0)) == 1
    assert "AssertionError" in capsys.readouterr().out


def test_tolerances_are_written_where_numbers_move(course, capsys):
    depend_on_seed(course)
    path = course / "notebooks" / "01_toy.ipynb"
    assert runner.tolerances(options(lessons=["1"], draws=0, check=True)) == 0
    assert comparison.tolerances(cell_with(lessons.read(path), "loss {loss")) is None
    assert runner.tolerances(options(lessons=["1"], draws=2)) == 0
    assert "01_toy: 4 runs" in capsys.readouterr().out
    notebook = lessons.read(path)
    assert comparison.tolerances(cell_with(notebook, "loss {loss")) == [0.006]  # 3 × 0.002
    # Images did not move and stay exact; the share has its half per cent and last digit.
    assert comparison.tolerances(cell_with(notebook, "dead units")) == [0, 6, 0.12]
    assert comparison.tolerances(cell_with(notebook, "value_1")) is None


def test_changing_words_are_an_error(course, capsys):
    change(course, 'print(f"loss', "import os\nprint(os.environ.get('AECOURSE_PERTURB_DRAW'))\n"
           'print(f"loss')  # fmt: skip
    assert runner.tolerances(options(lessons=["1"], draws=1)) == 1
    assert "cell [2]: the words differ" in capsys.readouterr().out


# --- handout ---------------------------------------------------------------------------------


def test_handout_has_no_solution_and_no_output(course, capsys):
    assert runner.handout(options()) == 0
    removed = "01_toy: 4 solutions removed (exercises: first, second, double, twice)"
    assert removed in capsys.readouterr().out
    notebook = lessons.read(course / "build" / "handout" / "01_toy.ipynb")
    text = lessons.nbformat.writes(notebook)
    assert "2 * x" not in text and "There are many" not in text and "Invent one" in text
    assert not any(cell.outputs for cell in lessons.code_cells(notebook))
    assert len(lessons.cells(notebook, "hint")) == 2 and lessons.cells(notebook, "claims")


def test_set_up_of_the_toy_runs_without_its_magic():
    names = {}
    exec(lessons.without_magics(SETUP), names)
    assert "check" in names
