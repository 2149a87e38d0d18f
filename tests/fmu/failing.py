"""An FMU whose solver fails now and then, for hosts that look at what it then does."""

from __future__ import annotations

from pathlib import Path

_ENTRY = "    def off_design(self, boundary: Boundary) -> OperatingPoint:\n"

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

# The shell's own evaluator cannot fail, so it is given nothing to evaluate.
_SHARES = "if self._initialising or self._solver == LIVE or self._heat_pump is None:\n"


def let_solver_fail(unzipped: Path) -> None:
    """Let about two of five evaluations of the map of an unzipped FMU raise."""
    for pattern, old, new in (
        ("heatpump_twin_*/model/performance_map.py", _ENTRY, _ENTRY + _FAILURES),
        ("heatpump_twin_*/fmu/slave.py", _SHARES, "if True:\n"),
    ):
        (path,) = (unzipped / "resources").glob(pattern)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
