"""The example of distributed training: two processes end where one does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aecourse import data, evaluation

SCRIPT = Path(__file__).resolve().parents[1] / "examples" / "several_processes.py"
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or not torch.distributed.is_gloo_available(),
    reason="this torch has no gloo",
)


def launched(*arguments: str) -> subprocess.CompletedProcess:
    """The finished example, on the CPU also where there is a GPU."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, encoding="utf-8", env=environment, timeout=300,
    )  # fmt: skip


def loss(*launcher: str) -> tuple[int, float]:
    """Number of processes, and test BCE per pixel, as the example prints them."""
    finished = launched(*launcher, str(SCRIPT), "--images", "3200", "--epochs", "2", "--double")
    found = re.findall(r"(\d+) process\(es\): test BCE per pixel ([\d.]+)", finished.stdout)
    assert len(found) == 1, finished.stderr[-2000:]
    return int(found[0][0]), float(found[0][1])


def test_two_processes_reach_the_loss_of_one():
    one, alone = loss()
    two, together = loss(*TORCHRUN, "2")
    assert (one, two) == (1, 2)
    # In double precision nothing is left but the order of sums. Two processes that do not share
    # their gradients, or see other batches, differ in the third digit.
    assert together == pytest.approx(alone, rel=1e-6)

    test = data.mnist().test.images
    mean = data.mnist().train.images.mean(0).clamp(1e-4, 1 - 1e-4).expand_as(test)
    assert alone < torch.nn.functional.binary_cross_entropy(mean, test).item()
    assert alone > evaluation.bce_floor(test).mean().item()


def test_unequal_shares_are_refused():
    finished = launched(*TORCHRUN, "3", str(SCRIPT), "--images", "384", "--epochs", "1")
    assert finished.returncode
    assert "3 processes cannot share batches of 128 equally" in finished.stderr
