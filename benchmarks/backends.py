"""Where the live model's refrigerant properties come from: equation of state or tables of CoolProp.

Another backend than the equation of state is used only if it passes these limits: no point
unsolved, power and heat within a small share of the map's tolerance, and clearly faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import certified_map
from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.model.errors import TwinError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary, OperatingPoint
from heatpump_twin.solving.cycle import HeatPumpCycle

EQUATION_OF_STATE = "HEOS"
BACKENDS = (EQUATION_OF_STATE, "BICUBIC", "TTSE")
COMPARED = ("P_el", "Q_flow_sink")
SEED = 20260505

# Limits for another backend.
LARGEST_DIFFERENCE = 1e-4
LEAST_SPEED_UP = 1.2


@dataclass(frozen=True)
class Backend:
    """One source of properties.

    Attributes
    ----------
    name : str
        As CoolProp calls it.
    preparing : float
        Time in s to solve the design point, first use of the tables included.
    median, percentile_99 : float
        Time of an off-design point in s, failures included.
    points, unsolved : int
        Asked for, and without an answer.
    difference : float
        Largest relative difference of `COMPARED` from the equation of state.
    passes : bool
        Whether it keeps the limits.
    problem : str
        Why it could not be run.
    """

    name: str
    preparing: float = 0.0
    median: float = 0.0
    percentile_99: float = 0.0
    points: int = 0
    unsolved: int = 0
    difference: float = 0.0
    passes: bool = False
    problem: str = ""


def run(machine: Machine, tolerance: float, names: Sequence[str], points: int) -> list[Backend]:
    """Solve the same random points with each backend, as live mode does: starting from the map."""
    first_guess = HeatPump(map_file(machine, certified_map(machine, tolerance).table))
    boundaries = sample_envelope(machine, points, SEED)
    found: list[Backend] = []
    exact: list[OperatingPoint | None] = []
    for name in names:
        refrigerant = f"{name}::{machine.refrigerant.rpartition('::')[2]}"
        cycle = HeatPumpCycle(replace(machine, refrigerant=refrigerant), first_guess)
        begin = perf_counter()
        try:
            cycle.design()
        except TwinError as error:
            found.append(Backend(name, problem=str(error)))
            continue
        preparing = perf_counter() - begin
        times, answers = _timed(cycle, boundaries)
        exact = exact or answers
        backend = Backend(
            name,
            preparing,
            float(np.median(times)),
            float(np.percentile(times, 99)),
            len(answers),
            answers.count(None),
            _difference(answers, exact),
        )
        found.append(replace(backend, passes=_passes(backend, found)))
    return found


def _passes(backend: Backend, before: list[Backend]) -> bool:
    return not before or (
        backend.unsolved == 0
        and backend.difference <= LARGEST_DIFFERENCE
        and backend.median * LEAST_SPEED_UP <= before[0].median
    )


def _timed(
    cycle: HeatPumpCycle, boundaries: Sequence[Boundary]
) -> tuple[list[float], list[OperatingPoint | None]]:
    times: list[float] = []
    answers: list[OperatingPoint | None] = []
    for boundary in boundaries:
        begin = perf_counter()
        try:
            answers.append(cycle.off_design(boundary))
        except TwinError:
            answers.append(None)
        times.append(perf_counter() - begin)
    return times, answers


def _difference(
    answers: Sequence[OperatingPoint | None], exact: Sequence[OperatingPoint | None]
) -> float:
    return max(
        (
            abs(getattr(answer, q) / getattr(other, q) - 1.0)
            for answer, other in zip(answers, exact, strict=True)
            if answer is not None and other is not None
            for q in COMPARED
        ),
        default=float("nan"),
    )
