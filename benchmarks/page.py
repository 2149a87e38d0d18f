"""The page with the results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from heatpump_twin.model.machine import Machine

from .backends import LARGEST_DIFFERENCE, LEAST_SPEED_UP, Backend
from .computer import Computer
from .fresh import Memory, StartUp
from .in_c import InC
from .limits import Limit
from .maps import MapResults
from .peers import Peer
from .series import MINUTES_OF_YEAR
from .steps import EMPTY, LIVE, MAP, StepCost, Year

TEMPLATE = "performance.md.j2"


@dataclass(frozen=True)
class Results:
    """All that was measured in one run.

    Attributes
    ----------
    machine : Machine
        Whose FMU it was.
    tolerance : float
        Of the FMU's map.
    computer : Computer
        What it ran on.
    days : int
        Of the year that were run.
    file_size : int
        Bytes of the FMU.
    in_c, costs, limits, years, starts, memories, backends, maps, peers
        See their classes.
    """

    machine: Machine
    tolerance: float
    computer: Computer
    days: int
    file_size: int
    in_c: list[InC]
    costs: list[StepCost]
    limits: list[Limit]
    years: list[Year]
    starts: list[StartUp]
    memories: list[Memory]
    backends: list[Backend]
    maps: MapResults
    peers: list[Peer]

    def cost(self, contender: str) -> StepCost:
        """Return the step cost of a contender."""
        (found,) = (cost for cost in self.costs if cost.contender == contender)
        return found

    def live_year(self, minutes: int) -> float:
        """Extrapolate a year in live mode from its median step, s; off, it costs as the map."""
        share_on = next(y.share_on for y in self.years if y.minutes == minutes)
        on, off = self.cost(LIVE).median, self.cost(MAP).median
        return MINUTES_OF_YEAR / minutes * (share_on * on + (1.0 - share_on) * off)


def written(results: Results) -> str:
    """Return the page in Markdown."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        time=time_text, size=size_text, digits=digits, shape=lambda s: " x ".join(map(str, s))
    )
    return environment.get_template(TEMPLATE).render(
        r=results,
        EMPTY=EMPTY,
        MAP=MAP,
        LIVE=LIVE,
        LARGEST_DIFFERENCE=LARGEST_DIFFERENCE,
        LEAST_SPEED_UP=LEAST_SPEED_UP,
    )


def digits(value: float, count: int = 2) -> str:
    """Write a number to so many digits, without an exponent."""
    if value == 0.0:
        return "0"
    decimals = max(count - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}"


def time_text(seconds: float) -> str:
    """Write a time in the unit that people would use."""
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (600.0, 1.0, "s")):
        if seconds < limit:
            return f"{digits(seconds * factor, 3)} {unit}"
    return f"{digits(seconds / 3600.0, 2)} h"


def size_text(size: float) -> str:
    """Write bytes as kB or MB."""
    return f"{size / 1e3:,.0f} kB" if size < 1e6 else f"{digits(size / 1e6, 3)} MB"
