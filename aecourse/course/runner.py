"""Execute the notebooks: ``run``, ``seeds`` and ``tolerances`` of ``python -m aecourse``.

Every lesson runs in a fresh kernel of *this* interpreter, whether or not a kernel is
registered with Jupyter, with the folder of the notebook as its working directory.
"""

from __future__ import annotations

import ast
import functools
import json
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm
from traitlets import default

from aecourse.course import comparison, lessons
from aecourse.course import seeds as chosen_by
from aecourse.course.doctor import INSTALL, NEEDED_MEMORY, free_memory, usable_cores
from aecourse.course.lessons import LessonError

CELL_TIMEOUT = 600  # seconds
INSTALL_SITE = INSTALL.replace("[lab]", "[site]")
RUN_FILE = "run.json"
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
PERTURBATION = "1e-6"
OTHER_ARITHMETIC = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "NEHALEM",  # NumPy's matrix products
}

# Peak resident memory, asked of the kernel itself.  ru_maxrss would also count the process
# that started the kernel (Linux) and comes in bytes (macOS); Windows has neither.
_PEAK_MEMORY = """
def _peak_memory():
    import sys
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if "VmHWM" in line)
    except OSError:
        pass
    try:
        import resource
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    except ImportError:
        import psutil
        return psutil.Process().memory_info().peak_wset / 2**20
print(_peak_memory())
"""


@dataclass
class Result:
    """One execution of one lesson; ``error`` is empty when every cell passed."""

    lesson: str
    seconds: float
    megabytes: float | None = None  # peak resident memory of the kernel
    error: str = ""
    failed_claims: list[str] = field(default_factory=list)


# --- options ---------------------------------------------------------------------------------

DEFAULTS = {
    "lessons": (),  # numbers or names; all if empty
    "notebooks": None,  # folder of the lessons
    "output": None,  # folder for what is written
    "executed": None,  # folder of the executed lessons
    "save": False,  # run: write into the notebooks themselves
    "record": False,  # run: keep seconds and memory for the time lines
    "seeds": (),  # values of AECOURSE_SEED, besides those that are drawn
    "drawn": 3,  # how many of them follow from the hash of the current commit
    "draws": 4,  # runs with perturbed weights
    "jobs": 2,  # runs at a time, on one thread each if there are several
    "check": False,  # tolerances, times: report only
    "timeout": CELL_TIMEOUT,  # seconds per cell
}


def _command(function: Callable) -> Callable:
    """A command takes argparse's options (missing ones get DEFAULTS) and gives an exit code.

    What the reader can mend is told in a sentence, without a traceback.
    """

    @functools.wraps(function)
    def command(options) -> int:
        try:
            return function(SimpleNamespace(**{**DEFAULTS, **vars(options)}))
        except LessonError as problem:
            print(problem, file=sys.stderr)
            return 1

    return command


# --- kernel ----------------------------------------------------------------------------------


class _ThisInterpreter(KernelSpecManager):
    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class _CourseKernelManager(AsyncKernelManager):
    @default("kernel_spec_manager")
    def _default_kernel_spec_manager(self):
        return _ThisInterpreter(parent=self)


def kernel_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Environment of a lesson's kernel: no live bars, inline figures, this very package."""
    environment = {
        **os.environ,
        "AECOURSE_PROGRESS": "0",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger writes to stderr
        **(extra or {}),
    }
    return with_this_package(environment)


def with_this_package(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which kernels import this very package, also from a clone."""
    source = Path(__file__).resolve().parents[2]
    if source.name in ("site-packages", "dist-packages"):
        return dict(environment)
    paths = [str(source), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def execute(
    notebook: NotebookNode,
    directory: str | Path,
    environment: dict[str, str] | None = None,
    on_cell: Callable[[], None] = lambda: None,
    timeout: float = CELL_TIMEOUT,
    name: str = "",
) -> Result:
    """Run all cells of ``notebook`` (changed in place) until one raises.

    ``environment`` is added to ``kernel_environment``; ``on_cell`` is called after each cell.
    """
    client = NotebookClient(
        notebook,
        kernel_manager_class=_CourseKernelManager,
        kernel_name="python3",
        timeout=timeout,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(directory)}},
    )
    for cell in lessons.code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    start = time.perf_counter()
    error, memory = "", None
    with client.setup_kernel(
        env=kernel_environment(environment),
        stderr=None if os.environ.get("AECOURSE_DEBUG") else open(os.devnull, "w"),
    ):
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
                error = describe_failure(cell, problem, timeout)
                break
            finally:
                on_cell()
        seconds = time.perf_counter() - start
        memory = _ask_peak_memory(client)
    return Result(name, seconds, memory, error)


def _ask_peak_memory(client: NotebookClient) -> float | None:
    """Peak memory in MB, by one more cell that is taken away again."""
    client.nb.cells.append(nbformat.v4.new_code_cell(_PEAK_MEMORY))
    try:
        cell = client.execute_cell(client.nb.cells[-1], len(client.nb.cells) - 1)
        return float(cell.outputs[0].text)
    except Exception:  # a figure for the table is no reason to fail a lesson
        return None
    finally:
        client.nb.cells.pop()


def describe_failure(cell: NotebookNode, problem: Exception, timeout: float) -> str:
    """The head of the cell, where it failed, and the error: what a reader needs first."""
    lines = cell.source.strip().splitlines()
    head = [f"    {line}" for line in lines[:6]] + (["    …"] if len(lines) > 6 else [])
    if isinstance(problem, CellExecutionError):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", problem.traceback)
        numbers = [int(n) for n in re.findall(r"Cell In\[\d+\], line (\d+)", plain)]
        failed = [f"  line {n}: {lines[n - 1].strip()}" for n in numbers[:1] if n <= len(lines)]
        message = f"{problem.ename}: {problem.evalue}" if problem.evalue else problem.ename
    elif isinstance(problem, CellTimeoutError):
        failed, message = [], f"The cell ran longer than {timeout:.0f} s."
    else:
        failed = []
        message = "The kernel died, often because memory ran out. Close other programs."
    return "\n".join(["  The cell that failed:", *head, *failed, f"  {message}"])


# --- run -------------------------------------------------------------------------------------


@_command
def run(options) -> int:
    """Execute lessons into ``build/executed`` (or in place with ``--save``); 1 if one fails.

    With ``--record``, on one thread each, seconds and memory are kept for the time lines, which
    are then written. Options: lessons, notebooks, output, save, record, jobs, timeout.
    """
    paths = lessons.find_lessons(options.notebooks, options.lessons)
    folder = Path(options.output or _build() / "executed")
    if not options.save:
        lessons.write_bytes(folder / RUN_FILE, b"[]\n")  # learn now, not in five minutes
    results = _run_lessons(paths, folder, options)
    print(table(results))
    for result in results:
        if result.error:
            print(f"\n{result.lesson} failed.\n{result.error}")
    if not options.save:
        saved = json.dumps([asdict(result) for result in results], indent=1) + "\n"
        lessons.write_bytes(folder / RUN_FILE, saved.encode())
        print(f"\nExecuted copies are in {folder}.")
    if options.save or options.record:
        _update_time_lines(paths, results, options)
    return int(any(result.error for result in results))


def _update_time_lines(paths: list[Path], results: list[Result], options) -> None:
    from aecourse.course import times as clock  # nbconvert takes a second to import

    notebooks = _notebooks(options)
    if options.record:
        clock.record(results, notebooks)
        print(f"Seconds and memory are kept in {clock.file_of(notebooks)}.")
    passed = [path for path, result in zip(paths, results, strict=True) if not result.error]
    if changed := clock.update(passed, notebooks):
        print(f"New time lines: {', '.join(changed)}.")


def _notebooks(options) -> Path:
    return Path(options.notebooks or lessons.repository() / "notebooks")


def _run_lessons(paths: list[Path], folder: Path, options) -> list[Result]:
    """Each lesson once, under one bar that counts cells."""

    def work(path: Path, environment: dict, stop_if_interrupted: Callable) -> Result:
        def on_cell():
            bar.update()
            stop_if_interrupted()

        if options.record:
            environment = ONE_THREAD
        return _run_one(path, folder, environment, on_cell, options)

    total = sum(len(lessons.read(path).cells) for path in paths)
    name = lessons.name(paths[0]) if len(paths) == 1 else f"{len(paths)} lessons"
    with _bar(name, total) as bar:
        return _side_by_side(work, paths, options.jobs)


def _side_by_side(work: Callable, items: list, jobs: int) -> list:
    """``work(item, environment, stop_if_interrupted)`` of each item, ``jobs`` at a time, or as many
    as cores and memory allow.

    Several at a time run on one thread each: two processes with two threads each on two cores slow
    one another down five-fold or more. After an interrupt, ``stop_if_interrupted()`` raises.
    """
    room = int(free_memory() // NEEDED_MEMORY)
    jobs = max(1, min(jobs, len(items), usable_cores(), room))
    environment = ONE_THREAD if jobs > 1 else {}
    interrupted = threading.Event()

    def stop_if_interrupted():
        if interrupted.is_set():
            raise KeyboardInterrupt

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(lambda item: work(item, environment, stop_if_interrupted), items))
        except KeyboardInterrupt:
            interrupted.set()
            raise


def _run_one(path: Path, folder: Path, environment: dict, on_cell: Callable, options) -> Result:
    old = lessons.read(path)
    new = lessons.read(path)
    result = execute(new, path.parent, environment, on_cell, options.timeout, lessons.name(path))
    new = lessons.normalised(new, keep_counts=bool(result.error))
    if options.save and not result.error:
        for message in keep_tolerances(new):
            print(f"{lessons.name(path)}: {message}")
        keep_ignored_outputs(old, new)
        lessons.write(path, new)
    elif not options.save:
        lessons.write(folder / lessons.place(path), new)
    return result


def _bar(name: str, total: int) -> tqdm:
    unit = "run" if name == "runs" else "cell"
    return tqdm(total=total, desc=name, unit=unit, file=sys.stderr, leave=False)


def _build() -> Path:
    return lessons.repository() / "build"


def table(results: list[Result]) -> str:
    """The run as a table: lesson, seconds, peak memory."""
    width = max([len("lesson"), *(len(r.lesson) for r in results)])
    rows = [f"{'lesson':<{width}}  {'seconds':>7}  {'peak MB':>7}"]
    for r in results:
        memory = f"{r.megabytes:7.0f}" if r.megabytes else f"{'–':>7}"
        rows.append(f"{r.lesson:<{width}}  {r.seconds:7.1f}  {memory}{'  FAILED' * bool(r.error)}")
    return "\n".join(rows)


def keep_tolerances(new: NotebookNode) -> list[str]:
    """Drop the tolerances of cells whose number of numbers changed; say which."""
    messages = []
    for cell in lessons.code_cells(new):
        allowed = comparison.tolerances(cell)
        if allowed is not None and len(allowed) != len(comparison.cell_numbers(cell.outputs)):
            del cell.metadata["aecourse"]["tolerances"]
            messages.append(
                f"cell [{cell.execution_count}] has another number of numbers: its tolerances "
                "are dropped; run `make tolerances`"
            )
    return messages


def keep_ignored_outputs(old: NotebookNode, new: NotebookNode) -> None:
    """Where nothing else changed, keep the old timings: the notebook then has no diff at all."""

    def compared(notebook: NotebookNode) -> list:
        ignored = lessons.IGNORED
        return [(c.source, None if ignored in lessons.tags(c) else c.get("outputs"))
                for c in notebook.cells]  # fmt: skip

    if compared(old) == compared(new):
        for before, after in zip(lessons.code_cells(old), lessons.code_cells(new), strict=True):
            after.outputs = before.outputs


# --- seeds -----------------------------------------------------------------------------------


@_command
def seeds(options) -> int:
    """Run lessons under seeds that nobody chose, and perturbed weights; list the claims that fail.

    The seeds: some that follow from the hash of the current commit, those that ever broke a claim
    of the lesson, and any that are given. A seed that breaks a claim stays in the list of those
    that did.

    Options: lessons, notebooks, seeds, drawn, draws, jobs, timeout.
    """
    paths = lessons.find_lessons(options.notebooks, options.lessons)
    fresh, known = list(options.seeds), chosen_by.failed()
    if options.drawn:
        commit = chosen_by.commit()
        fresh = chosen_by.drawn_from(commit, options.drawn) + fresh
        print(f"Seeds of commit {commit[:10]}: {', '.join(map(str, fresh[:options.drawn]))}")
        if chosen_by.uncommitted():
            print("There are changes that are not committed: commit, and try the new seeds, too.")
    draws = [(f"perturbed, draw {k}", _perturbed(k)) for k in range(1, options.draws + 1)]
    work = [
        (path, name, environment)
        for path in paths
        for name, environment in [
            *((f"seed {s}", {"AECOURSE_SEED": str(s)})
              for s in dict.fromkeys([*fresh, *known.get(lessons.name(path), [])])),
            *draws,
        ]
    ]  # fmt: skip
    results = _run_all(work, options, split_claims)
    width = max(len(lessons.name(path)) for path in paths)
    failed, broken = 0, {}
    print(f"{'lesson':<{width}}  {'run':<18}  claims")
    for (path, name, environment), result, _ in results:
        problems = result.failed_claims + ([result.error] if result.error else [])
        failed += bool(problems)
        lesson = lessons.name(path)
        if result.failed_claims and "AECOURSE_SEED" in environment:  # no timeout, no lost kernel
            broken.setdefault(lesson, []).append(int(environment["AECOURSE_SEED"]))
        print(f"{lesson:<{width}}  {name:<18}  {'FAIL' if problems else 'hold'}")
        for problem in problems:
            print("      " + problem.strip().replace("\n", "\n      "))
    if not options.notebooks and chosen_by.note_failures(broken):
        print(f"\nNew in {chosen_by.FAILED_FILE}, where they stay: commit it.")
    print(f"\n{failed} of {len(results)} runs failed." if failed else "\nAll claims hold.")
    return int(failed > 0)


def _perturbed(draw: int) -> dict[str, str]:
    return {"AECOURSE_PERTURB": PERTURBATION, "AECOURSE_PERTURB_DRAW": str(draw)}


_CLAIM_FAILED = "claim failed: "


def split_claims(notebook: NotebookNode) -> NotebookNode:
    """Change the claims cell so that every assert is tried, and each failure printed."""
    for cell in lessons.cells(notebook, "claims"):
        if cell.cell_type == "code":
            cell.source = _trying_every_assert(lessons.without_magics(cell.source))
    return notebook


def _trying_every_assert(source: str) -> str:
    pieces = []
    for node in ast.parse(source).body:
        statement = ast.unparse(node)
        if isinstance(node, ast.Assert):
            body = "\n".join("    " + line for line in statement.splitlines())
            shown = repr(f"{_CLAIM_FAILED}{ast.unparse(node.test)}")
            statement = (
                f"try:\n{body}\nexcept AssertionError as _problem:\n"
                f"    print({_CLAIM_FAILED!r} + str(_problem) if str(_problem) else {shown})\n"
                f"except Exception as _problem:\n    print({shown} + f' raised {{_problem!r}}')"
            )
        pieces.append(statement)
    return "\n".join(pieces)


def _failed_claims(notebook: NotebookNode) -> list[str]:
    printed = "".join(
        text for cell in lessons.cells(notebook, "claims")
        for text in comparison.texts(cell.get("outputs", []))
    )  # fmt: skip
    return [line.removeprefix(_CLAIM_FAILED) for line in printed.splitlines()
            if line.startswith(_CLAIM_FAILED)]  # fmt: skip


def _run_all(work: list[tuple], options, prepare=lambda notebook: notebook) -> list[tuple]:
    """Run (path, name, environment) jobs; gives (job, Result, executed notebook) of each."""

    def job(item: tuple, one_thread: dict, stop_if_interrupted: Callable) -> tuple:
        path, _, environment = item
        notebook = prepare(lessons.read(path))
        environment = {**one_thread, **environment}
        result = execute(notebook, path.parent, environment, stop_if_interrupted,
                         options.timeout, lessons.name(path))  # fmt: skip
        result.failed_claims = _failed_claims(notebook)
        bar.update()
        return item, result, notebook

    with _bar("runs", len(work)) as bar:
        return _side_by_side(job, work, options.jobs)


# --- tolerances ------------------------------------------------------------------------------


@_command
def tolerances(options) -> int:
    """Measure how far the numbers of each cell move, and write tolerances into the notebooks.

    Each lesson runs under perturbed weights, under other arithmetic and on two threads.  With
    ``--check`` nothing is written.  Returns 1 where words change between runs, which no
    tolerance covers.  Options: lessons, notebooks, draws, check, timeout.
    """
    problems = 0
    for path in lessons.find_lessons(options.notebooks, options.lessons):
        notebook = lessons.read(path)
        runs, reseeded, found = _draws(path, options)
        lines = found or spread_messages(notebook, runs)
        problems += len(lines)
        print(f"{lessons.name(path)}: {len(runs)} runs" + f", {len(lines)} problems" * bool(lines))
        for line in lines:
            print(f"  {line}")
        if found:
            continue
        before = [comparison.tolerances(cell) for cell in lessons.code_cells(notebook)]
        set_tolerances(notebook, runs, reseeded)
        _report(notebook, before)
        if not options.check:
            lessons.write(path, notebook)
    return int(problems > 0)


ANOTHER_SEED = "another seed"


def arithmetic_variants(draws: int) -> dict[str, dict[str, str]]:
    """Names and environments of the runs that stand in for other processors."""
    one, two = {"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2"}
    perturbed = {f"draw {k}": {**one, **_perturbed(k)} for k in range(1, draws + 1)}
    other = {"other arithmetic": {**one, **OTHER_ARITHMETIC}, "two threads": two}
    return perturbed | other


def _draws(path: Path, options) -> tuple[list[NotebookNode], NotebookNode, list[str]]:
    """Every variant of a lesson, executed; the lesson under another seed; what went wrong.

    Runs on one thread share the two cores; those on two threads have them to themselves.
    """
    work = [(path, name, env) for name, env in arithmetic_variants(options.draws).items()]
    on_one = [job for job in work if job[2]["OMP_NUM_THREADS"] == "1"]
    on_two = [job for job in work if job[2]["OMP_NUM_THREADS"] != "1"]
    on_two.append((path, ANOTHER_SEED, {"OMP_NUM_THREADS": "1", "AECOURSE_SEED": "1"}))
    alone = SimpleNamespace(**{**vars(options), "jobs": 1})
    runs, problems = [], []
    for (_, name, _), result, notebook in _run_all(on_one, options) + _run_all(on_two, alone):
        if result.error and name != ANOTHER_SEED:  # whose claims are the business of `seeds`
            problems.append(f"{name}:\n{result.error}")
        runs.append(notebook)
    return runs[:-1], runs[-1], problems


def _compared_cells(saved: NotebookNode, runs: Iterable[NotebookNode]):
    """(saved cell, its new outputs in each run) for each cell that the tests compare."""
    columns = [lessons.code_cells(run) for run in runs]
    for i, cell in enumerate(lessons.code_cells(saved)):
        if comparison.is_compared(cell):
            yield cell, [column[i].outputs for column in columns]


def spread_messages(saved: NotebookNode, runs: list[NotebookNode]) -> list[str]:
    """Cells whose words or number of numbers change between runs: the author must change them."""
    messages = []
    for cell, outputs in _compared_cells(saved, runs):
        for new in outputs:
            found = comparison.word_differences(cell.outputs, new)
            if found:
                messages.append(f"cell [{cell.execution_count}]: {found[0]}")
                break
    return messages


def set_tolerances(
    saved: NotebookNode, runs: list[NotebookNode], reseeded: NotebookNode
) -> None:
    """Write ``metadata.aecourse.tolerances`` where numbers were trained; remove it elsewhere.

    A number was trained if it moved in one of the ``runs``, or if it depends on the seed: its
    last digit may then turn on a processor that none of the runs stands for.
    """
    for cell, (*outputs, other) in _compared_cells(saved, [*runs, reseeded]):
        if any(comparison.word_differences(cell.outputs, new) for new in outputs):
            continue
        old = comparison.cell_numbers(cell.outputs)
        columns = [comparison.cell_numbers(new) for new in outputs]
        allowed = [_allowed(n, [c[i].value for c in columns]) for i, n in enumerate(old)]
        moved = any(n.value != c[i].value and not math.isnan(n.value)
                    for i, n in enumerate(old) for c in columns)  # fmt: skip
        moved |= comparison.texts(cell.outputs) != comparison.texts(other)
        notes = {k: v for k, v in cell.metadata.get("aecourse", {}).items() if k != "tolerances"}
        if moved and old:
            notes["tolerances"] = allowed
        if notes:
            cell.metadata["aecourse"] = nbformat.from_dict(notes)
        else:
            cell.metadata.pop("aecourse", None)


def _allowed(saved: comparison.Number, values: list[float]) -> float:
    """Three times the largest move; for decimals at least 0.5 % and one unit of the last digit.

    (The last digit of 0.08 can turn to 0.09 by any small move.)
    """
    if not math.isfinite(saved.value) or not all(math.isfinite(v) for v in values):
        return 0.0
    spread = max((abs(v - saved.value) for v in values), default=0.0)
    least = 0.0 if saved.is_integer else max(comparison.RTOL * abs(saved.value), saved.unit)
    bound = max(3 * spread, least)
    return float(f"{bound:.1e}") if bound else 0.0


def _report(notebook: NotebookNode, before: list) -> None:
    for cell, old in zip(lessons.code_cells(notebook), before, strict=True):
        allowed = comparison.tolerances(cell)
        if allowed is None and old is None:
            continue
        if allowed is None:
            print(f"  cell [{cell.execution_count}]: no number moved, tolerances removed")
            continue
        values = comparison.cell_numbers(cell.outputs)
        relative = [t / abs(n.value) for t, n in zip(allowed, values, strict=True) if n.value]
        widest = f"{100 * max(relative):.1f} %" if relative else "–"
        print(f"  cell [{cell.execution_count}]: {len(allowed)} numbers, widest tolerance {widest}")


# --- times -----------------------------------------------------------------------------------


@_command
def times(options) -> int:
    """Write the time lines, and print what each notebook asks of its reader beside its budget.

    With ``--check`` nothing is written, and 1 is returned where a time line is out of date.
    Options: lessons, notebooks, check.
    """
    from aecourse.course import times as clock

    paths, notebooks = lessons.find_lessons(options.notebooks, options.lessons), _notebooks(options)
    print(clock.report(paths, notebooks))
    if not options.check:
        if changed := clock.update(paths, notebooks):
            print(f"New time lines: {', '.join(changed)}.")
        return 0
    stale = clock.stale(paths, notebooks)
    for sentence in stale:
        print(f"Out of date: {sentence}")
    return int(bool(stale))


# --- site and handout ------------------------------------------------------------------------


@_command
def site(options) -> int:
    """Render the notebooks, as executed or else as saved.  Options: executed, output."""
    try:
        from aecourse.course import site as pages
    except ImportError as problem:
        raise LessonError(f"{problem}: the site needs more packages; {INSTALL_SITE}") from problem
    root, build = lessons.repository(), _build()
    return pages.build(
        root, Path(options.executed or build / "executed"), Path(options.output or build / "site")
    )


@_command
def handout(options) -> int:
    """Write the lessons without solutions and outputs, and say what is gone.

    Options: lessons, notebooks, output.
    """
    folder = Path(options.output or _build() / "handout")
    for path in lessons.find_lessons(options.notebooks, options.lessons):
        notebook = lessons.read(path)
        lessons.write(folder / lessons.place(path), lessons.handout(notebook))
        removed = len(lessons.cells(notebook, "solution"))
        names = ", ".join(exercise.name or "?" for exercise in lessons.answerable(notebook))
        print(f"{lessons.name(path)}: {removed} solutions removed (exercises: {names or '–'})")
    print(f"The handout is in {folder}.")
    return 0
