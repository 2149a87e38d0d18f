"""What steps cost: contenders side by side on one series, and a year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array

from . import series
from .fmus import Fmu, Stepper

EMPTY, MAP, LIVE = "empty FMU", "map mode", "live mode"

STEP_SIZE = 60.0


@dataclass(frozen=True)
class StepCost:
    """Time of a step in s: medians of its parts, median and 99 % of the whole.

    Attributes
    ----------
    ratio : float
        Median relative to the empty FMU.
    """

    contender: str
    steps: int
    set: float
    step: float
    get: float
    median: float
    percentile_99: float
    ratio: float


@dataclass(frozen=True)
class Year:
    """A year through an FMU.

    Attributes
    ----------
    wall, processor : float
        Time in s.
    share_on : float
        Share of the steps with the compressor on.
    statuses : dict of int to int
        How many steps had which `operating_status`.
    """

    contender: str
    minutes: int
    steps: int
    wall: float
    processor: float
    share_on: float
    statuses: dict[int, int]


def step_costs(
    heat_pump: Fmu, empty: Fmu, inputs: Sequence[Sequence[float]], block: int, live_steps: int
) -> list[StepCost]:
    """Step all contenders through the same inputs, in turns, so that noise hits all alike.

    Parameters
    ----------
    heat_pump, empty : Fmu
        The FMU, and the one that does nothing.
    inputs : sequence
        One row a step.
    block, live_steps : int
        The live model is so much slower that it takes only so many of a block of steps, all after
        the others have done the block: the caches that it leaves behind would slow them.
    """
    times: dict[str, list[tuple[float, float, float]]] = {}
    with ExitStack() as stack:
        contenders: list[tuple[str, Stepper]] = []
        for name, fmu, solver in (
            (EMPTY, empty, None),
            (MAP, heat_pump, "map"),
            (LIVE, heat_pump, "live"),
        ):
            contenders.append((name, Stepper(stack.enter_context(fmu.session(solver)))))
            times[name] = []

        def timed(contender: tuple[str, Stepper], i: int) -> None:
            name, stepper = contender
            begin = perf_counter()
            stepper.write(inputs[i])
            is_set = perf_counter()
            stepper.advance(STEP_SIZE)
            is_done = perf_counter()
            stepper.read()
            end = perf_counter()
            times[name].append((is_set - begin, is_done - is_set, end - is_done))

        for first in range(0, len(inputs), block):
            steps = range(first, min(first + block, len(inputs)))
            for i in steps:
                # Each contender is the first equally often.
                turn = i % 2
                timed(contenders[turn], i)
                timed(contenders[1 - turn], i)
            for i in steps[:live_steps]:
                timed(contenders[2], i)
    floor = float(np.median(np.sum(times[EMPTY], axis=1)))
    return [_cost(name, np.array(parts), floor) for name, parts in times.items()]


def _cost(contender: str, parts: Array, floor: float) -> StepCost:
    is_set, is_done, is_got = (float(median) for median in np.median(parts, axis=0))
    totals = parts.sum(axis=1)
    median = float(np.median(totals))
    return StepCost(
        contender,
        len(parts),
        is_set,
        is_done,
        is_got,
        median,
        float(np.percentile(totals, 99)),
        median / floor,
    )


def run_year(contender: str, fmu: Fmu, machine: Machine, minutes: int, days: int) -> Year:
    """Step an FMU through the first days of the year, all outputs read at each step."""
    inputs = series.year(machine, minutes)[: days * 24 * 60 // minutes]
    statuses: Counter[int] = Counter()
    with fmu.session() as session:
        stepper = Stepper(session)
        wall, processor = perf_counter(), process_time()
        for row in inputs:
            stepper.write(row.tolist())
            stepper.advance(minutes * 60.0)
            statuses[int(stepper.read()[-1])] += 1
        wall, processor = perf_counter() - wall, process_time() - processor
    share_on = float((inputs[:, 0] > 0.0).mean())
    return Year(
        contender, minutes, len(inputs), wall, processor, share_on, dict(sorted(statuses.items()))
    )
