"""Running a learner's code without a trace: random numbers, warnings, settings, time."""

import contextlib
import ctypes
import random
import threading
import time
import warnings

import numpy as np
import torch

# The probes are tiny: whatever takes longer does not come to an end. These are seconds of the
# processor, where the system tells them for a thread (Linux): on a busy machine a right answer may
# wait for long, for instance while its first call of torch.func imports 900 modules.
SECONDS = 30
WAITING = 10  # so many times as long by the clock, for an answer that only waits


class TooLong(BaseException):
    """Raised in an answer that does not end; ``except Exception`` does not catch it."""


@contextlib.contextmanager
def isolated():
    """Fixed random numbers and no warnings inside; the reader's settings are put back.

    Gradients are recorded, whatever a cell before has switched off.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    dtype = torch.get_default_dtype()
    reseed(0)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), torch.enable_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(states[0]), np.random.set_state(states[1]), torch.set_rng_state(states[2])
        torch.set_default_dtype(dtype)


def reseed(seed: int) -> None:
    """Start the global random numbers of Python, NumPy and PyTorch (on the CPU) anew."""
    random.seed(seed), np.random.seed(seed), torch.default_generator.manual_seed(seed)


@contextlib.contextmanager
def time_limit(seconds: float | None = None):
    """Raise TooLong in this thread after so many seconds of its work, and again until the block is
    left.

    It interrupts Python code, also on Windows and outside the main thread; a single call into a
    library is not interrupted.
    """
    thread, done = threading.get_ident(), threading.Event()
    allowed = SECONDS if seconds is None else seconds

    def interrupt():
        worked, started = seconds_worked(thread), time.monotonic()
        while not done.wait(min(allowed, 1) / 4):
            waited = time.monotonic() - started
            if seconds_worked(thread) - worked > allowed or waited > WAITING * allowed:
                break
        while not done.is_set():
            raise_in(thread, TooLong)
            done.wait(1)  # a bare except may have swallowed it

    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        raise_in(thread, None)  # one that was on its way is called back


def seconds_worked(thread: int) -> float:
    """Seconds of the processor that a thread has taken; of the clock, where they are not told."""
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    except (AttributeError, OSError):
        return time.monotonic()


def raise_in(thread: int, exception: type | None) -> None:
    """Let an exception rise in another thread as soon as it executes Python; None calls it off."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(exception) if exception else None)
