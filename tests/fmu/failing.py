"""An FMU whose solver fails now and then in live mode, for hosts that look at what it then does."""

from __future__ import annotations

from pathlib import Path

_ENTRY = "        self._boundary = boundary\n"

# By the boundary, so that the same one fails again.
_FAILURES = """\
        digits = hash(tuple(vars(boundary).values()))
        if digits % 5 == 0:
            raise SolveError("no solution, for a test: 100 % of %s")
        if digits % 7 == 0:
            raise ZeroDivisionError("for a test")
        if digits % 11 == 0:
            raise MemoryError
"""


def let_solver_fail(unzipped: Path) -> None:
    """Let about two of five solves of an unzipped FMU raise."""
    (path,) = (unzipped / "resources" / "live").glob("heatpump_twin_*/solving/cycle.py")
    text = path.read_text(encoding="utf-8")
    assert text.count(_ENTRY) == 1
    path.write_text(text.replace(_ENTRY, _ENTRY + _FAILURES), encoding="utf-8")
