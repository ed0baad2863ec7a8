"""The doctor: it finds what is broken, says what to do, and never raises."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from aecourse.course import doctor
from aecourse.course.doctor import BROKEN, NOTE, OK, Line
from aecourse.data import DATA_FILES

REPOSITORY = Path(__file__).resolve().parent.parent


def call(command: str, **environment: str) -> subprocess.CompletedProcess:
    """``python -m aecourse COMMAND`` as a reader calls it."""
    return subprocess.run(
        [sys.executable, "-m", "aecourse", command],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=240,
    )


def test_all_is_well_here():
    lines = doctor.examine()
    assert [line for line in lines if line.state == BROKEN] == []
    subjects = {line.subject for line in lines}
    assert {"Python", "torch", "pair", "device", "threads", "memory", "data", "kernel"} <= subjects


def test_a_check_that_raises_becomes_a_line_and_the_others_go_on():
    def explodes():
        yield Line(OK, "half", "done")
        raise RuntimeError("out of luck\nsecond line")

    lines = doctor.examine({"first": explodes, "second": lambda: [Line(OK, "second", "fine")]})
    assert [line.state for line in lines] == [OK, BROKEN, OK]
    assert "(RuntimeError: out of luck)" in lines[1].text


@pytest.mark.parametrize(
    ("states", "code"), [((OK, OK), 0), ((OK, NOTE), 0), ((NOTE, BROKEN, OK), 1)]
)
def test_exit_code(monkeypatch, capsys, states, code):
    lines = [Line(state, "thing", "text") for state in states]
    monkeypatch.setattr(doctor, "examine", lambda: lines)
    assert doctor.doctor() == code
    assert ("1 thing does not work" in capsys.readouterr().out) == bool(code)


# --- versions


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 1))
    (line,) = doctor.check_python()
    assert line.state == BROKEN and "3.11" in line.text


def test_a_missing_an_old_and_a_broken_package(monkeypatch):
    line = doctor._check_package("no-such-package", SpecifierSet())
    assert line.state == BROKEN and "not installed" in line.text
    line = doctor._check_package("numpy", SpecifierSet(">=99"))
    assert line.state == BROKEN and ">=99 is needed" in line.text

    def fails(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(doctor, "import_module", fails)
    line = doctor._check_package("torchvision", SpecifierSet())
    assert line.state == BROKEN
    assert "operator torchvision::nms does not exist" in line.text and "both together" in line.text


def test_torch_and_torchvision_that_do_not_match(monkeypatch):
    versions = {"torch": "2.14.0+cpu", "torchvision": "0.29.2"}
    monkeypatch.setattr(doctor, "version", versions.__getitem__)
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy", "torch==2.15.0"])
    (line,) = doctor.check_pair()
    assert line.state == BROKEN and "built for torch 2.15.0" in line.text
    versions["torch"] = "2.15.0+cpu"  # the part behind the plus names the build, not the version
    (line,) = doctor.check_pair()
    assert line.state == OK


# --- the computer


def test_an_unknown_device(monkeypatch):
    monkeypatch.setenv("AECOURSE_DEVICE", "tpu")
    (line,) = doctor.check_device()
    assert line.state == BROKEN and "'tpu'" in line.text and "AECOURSE_DEVICE" in line.text


@pytest.mark.parametrize(("threads", "state"), [(8, NOTE), (2, OK), (1, OK)])
def test_more_threads_than_cores(monkeypatch, threads, state):
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setattr(doctor, "usable_cores", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    (line,) = doctor.check_threads()
    assert line.state == state
    assert ("OMP_NUM_THREADS=2" in line.text) == (state == NOTE)


@pytest.mark.parametrize(("threads", "state"), [(2, NOTE), (1, OK)])
def test_several_threads_on_a_shared_hub(monkeypatch, threads, state):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setattr(doctor, "usable_cores", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    (line,) = doctor.check_threads()
    assert line.state == state
    assert ("OMP_NUM_THREADS=1" in line.text) == (state == NOTE)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "250000 100000"}, 3),
        ({"cpu.max": "9900000 100000"}, 8),
        ({"cpu.max": "nonsense"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2),
    ],
)
def test_cores_of_a_container(monkeypatch, tmp_path, files, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert doctor.usable_cores(tmp_path) == cores


@pytest.mark.parametrize(("limit", "state"), [(2**31, NOTE), (2**32, OK)])
def test_memory_of_a_container(monkeypatch, tmp_path, limit, state):
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("M", (), {"available": 2**35}))
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{2**30}\n")
    (line,) = doctor.check_memory(tmp_path)
    assert line.state == state


# --- data and Jupyter


def test_missing_and_damaged_data(monkeypatch, tmp_path):
    source = REPOSITORY / "data"
    for name in DATA_FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, tmp_path / name)
    missing, damaged = "MNIST/raw/t10k-labels-idx1-ubyte.gz", "rain_in_australia.csv.gz"
    (tmp_path / missing).unlink()
    content = (tmp_path / damaged).read_bytes()
    (tmp_path / damaged).write_bytes(content[:-100])
    monkeypatch.setenv("AECOURSE_DATA", str(tmp_path))
    broken = [line.text for line in doctor.check_data() if line.state == BROKEN]
    assert len(broken) == 2
    for name in (missing, damaged):
        (text,) = (text for text in broken if name in text.replace("\\", "/"))
        assert "git checkout" in text


def test_no_data_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("AECOURSE_DATA", str(tmp_path))
    (line,) = doctor.check_data()
    assert line.state == BROKEN and "git checkout" in line.text


def test_a_kernel_of_another_python(monkeypatch):
    monkeypatch.setattr(doctor, "_prefix_of_kernel", lambda: "/another/python")
    (line,) = doctor.check_kernel()
    assert line.state == BROKEN and "/another/python" in line.text


def test_a_kernel_that_is_missing_or_does_not_start(monkeypatch):
    from jupyter_client.kernelspec import NoSuchKernel

    for error in (NoSuchKernel("python3"), RuntimeError("Kernel died before replying")):

        def fails(error=error):
            raise error

        monkeypatch.setattr(doctor, "_prefix_of_kernel", fails)
        (line,) = doctor.check_kernel()
        assert line.state == BROKEN and "pip install --upgrade ipykernel" in line.text


# --- as a command


@pytest.mark.parametrize("module", ["torch", "jupyter_client"])
def test_it_survives_a_package_that_is_broken(tmp_path, module):
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError('{module} is gone')")
    result = call("doctor", PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert "BROKEN" in result.stdout and "Traceback" not in result.stdout + result.stderr


def test_it_survives_a_terminal_without_unicode(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(doctor, "examine", lambda: [Line(BROKEN, "data", "in Räume")])
    assert doctor.doctor() == 1
    terminal.flush()
    assert b"in R?ume" in terminal.buffer.getvalue()


def test_the_other_commands_say_what_is_missing_without_jupyter(tmp_path):
    (tmp_path / "nbformat.py").write_text("raise ModuleNotFoundError('No module nbformat')")
    result = call("run", PYTHONPATH=str(tmp_path))
    assert result.returncode == 1
    assert "nbformat" in result.stderr and "pip install" in result.stderr
    assert "Traceback" not in result.stderr
