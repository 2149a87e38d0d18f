"""What the command line needs before it imports the libraries of the scores."""

from __future__ import annotations

import math
from pathlib import Path

from heatpump_twin.model.errors import InputError

# Percentage points, or kelvin for temperatures. Two builds of one machine differ by less than the
# error of their maps, which is 0.016 % and 0.0007 K at most for the shipped machines.
DEFAULT_MARGIN = 0.02


def check_baseline(path: Path, margin: float) -> None:
    """Check what a comparison with earlier scores is given, before any work.

    Raises
    ------
    InputError
        If the file is not there or the margin is no finite number of at least 0.
    """
    if not path.is_file():
        raise InputError(f"baseline {path}: no such file; expected the scores.json of a report")
    if not (math.isfinite(margin) and margin >= 0.0):
        raise InputError(f"--margin {margin:g}: expected a finite number of at least 0")
