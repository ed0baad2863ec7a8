"""pytest settings for the whole repository: notebooks are tests too (see tests/nbval_tolerant)."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

# Figures of unit tests need no window; notebooks get their own back-end (nbval_tolerant).
os.environ["MPLBACKEND"] = "Agg"
os.environ["AECOURSE_PROGRESS"] = "0"

# Saved numbers belong to the course's own seeds: those of the reader's shell are for `make seeds`.
for variable in ("AECOURSE_SEED", "AECOURSE_PERTURB", "AECOURSE_PERTURB_DRAW"):
    os.environ.pop(variable, None)

# A failed assertion in the shared tests shows its values, as one in a test file does.
pytest.register_assert_rewrite("exercise_suite")

pytest_plugins = ["nbval_tolerant"]
