"""All that the project needs of nbval's private parts (nbval < 0.12), in one place.

1. Cells run with ``store_history=True``, else a trailing ``;`` is ignored (nbval #194).
2. Silent cells may take long: the wait for output is raised from 5 s (#231).
3. Outputs are compared by ``aecourse.course.comparison``: words exactly, numbers within tolerances.
4. A notebook saved without having been executed fails; nbval would pass it unseen.
"""

import copy
import os
from unittest import mock

import pytest
from nbval import kernel, plugin

from aecourse.course import comparison
from aecourse.course.runner import kernel_environment

CELL_TIMEOUT = 600  # seconds; a lesson takes about 60
NBVAL_DEFAULT_TIMEOUT = 2000


class CourseKernel(kernel.RunningKernel):
    """nbval's kernel in the course's environment, keeping a history as a notebook does."""

    def __init__(self, *args, **kwargs):
        with mock.patch.dict(os.environ, kernel_environment()):
            super().__init__(*args, **kwargs)

    def execute_cell_input(self, cell_input, allow_stdin=None):
        return self.kc.execute(
            cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
        )


class CourseCell(plugin.IPyNbCell):
    """nbval's test of one cell, with the course's comparison."""

    def setup(self):
        super().setup()
        self.saved = copy.deepcopy(self.cell)  # nbval merges streams in the outputs themselves
        if getattr(self.parent, "raised_in", None):
            pytest.skip(f"{self.parent.raised_in} raised before")

    def label(self) -> str:
        return f"{self.path.stem}, cell [{self.cell_num + 1}]"

    def runtest(self):
        super().runtest()
        count = self.cell.execution_count
        if count != self.cell_num + 1:
            self.raise_cell_error(
                f"{self.label()} is saved with execution count {count}, not {self.cell_num + 1}: "
                "the notebook was not saved as it runs from top to bottom "
                "(python -m aecourse run --save)"
            )

    def compare_outputs(self, test, ref, skip_compare=None):
        found = comparison.differences(self.saved, test)
        self.comparison_traceback = [f"{self.label()}: {line}" for line in found]
        return not found

    def raise_cell_error(self, message, *args, **kwargs):
        if message.startswith(("Cell execution", "Timeout")):
            self.parent.raised_in = self.label()
            message = f"{self.label()}: {message}"
        super().raise_cell_error(message, *args, **kwargs)


def pytest_configure(config):
    plugin.RunningKernel = CourseKernel
    options = config.option
    if not options.nbval_kernel_name:
        options.nbval_current_env = True  # the kernel is this interpreter, installed or not
    if options.nbval_cell_timeout == NBVAL_DEFAULT_TIMEOUT:
        options.nbval_cell_timeout = CELL_TIMEOUT


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, plugin.IPyNbCell):
            item.__class__ = CourseCell  # nbval's constructor does not allow a subclass
            item.output_timeout = CELL_TIMEOUT
