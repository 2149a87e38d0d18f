"""What is asked of the FMU's speed and size, and whether it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .in_c import InC
from .steps import MAP, StepCost

MOST_PER_STEP = 1.5e-6  # s, in a host in C, all inputs changing
MOST_FIRST_RESULT = 5e-3  # s
MOST_YEAR = 1.0  # s, of 525,600 steps
MOST_MEMORY = 20e6  # bytes, of 100 instances
MOST_BYTES = 3e6  # of the file, all platforms
MOST_RATIO = 1.2  # through FMPy, of a step of an FMU that does nothing


@dataclass(frozen=True)
class Limit:
    """One limit: what of, and the figures in the unit that is named."""

    name: str
    unit: str
    most: float
    found: float

    @property
    def is_kept(self) -> bool:
        """Whether what was found is at most the limit."""
        return self.found <= self.most


def limits(in_c: Sequence[InC], costs: Sequence[StepCost], file_size: float) -> list[Limit]:
    """Compare the map's figures with the limits."""
    (host,) = (one for one in in_c if one.contender == MAP)
    (cost,) = (one for one in costs if one.contender == MAP)
    return [
        Limit("a step in a host in C", " us", MOST_PER_STEP * 1e6, host.median * 1e6),
        Limit(
            "first result in a host in C", " ms", MOST_FIRST_RESULT * 1e3, host.first_result * 1e3
        ),
        Limit("a year of minutes in a host in C", " s", MOST_YEAR, host.year),
        Limit("100 instances", " MB", MOST_MEMORY * 1e-6, host.memory * 1e-6),
        Limit("FMU with all platforms", " MB", MOST_BYTES * 1e-6, file_size * 1e-6),
        Limit("a step through FMPy, relative to the empty FMU", "", MOST_RATIO, cost.ratio),
    ]
