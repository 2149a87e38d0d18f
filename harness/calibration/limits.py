"""Limits of a machine file that the fitted machine exceeds where it was recorded running.

An FMU answers a boundary beyond a limit from the nearest point within, so it would not answer such
a record, and a design point beyond a limit cannot be built. The records are proof that the machine
runs there: the limit gives way, and it is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatpump_twin.model.machine import PARAMETERS, Machine
from heatpump_twin.solving.quick_cycle import OUTPUTS, Array, QuickCycle, boundaries_of

# A limit gives way by this much beyond the records: a share of a pressure, K.
ROOM, ROOM_KELVIN = 0.02, 3.0

# Limit, the result it is for, and on which side.
LIMITS = (
    ("p_low_min", "p_low", -1.0),
    ("p_high_max", "p_high", 1.0),
    ("T_discharge_max", "T_discharge", 1.0),
)


@dataclass(frozen=True)
class WidenedLimit:
    """A limit that the records exceed.

    Attributes
    ----------
    place : str
        Parameter of the machine file.
    reached : float
        By the fitted machine, SI units.
    value : float
        The limit with room for it, SI units.
    where : str
        Record, or the design point, in words.
    """

    place: str
    reached: float
    value: float
    where: str


def widened_limits(machine: Machine, inlets: Array, records: Sequence[int]) -> list[WidenedLimit]:
    """Find the limits that a machine exceeds at records or at its design point.

    Parameters
    ----------
    machine : Machine
        Fitted.
    inlets : numpy.ndarray
        Of the records, shape (n, 5) in the order of `BOUNDARY_QUANTITIES`, SI units.
    records : sequence of int
        Their numbers.
    """
    design = np.array(list(vars(machine.design.boundary).values()), float)
    solved = QuickCycle(machine).solve_all(boundaries_of(np.vstack([design, inlets])))
    results = np.where(solved.are_solved, solved.outputs, math.nan)
    found = []
    for limit, quantity, sign in LIMITS:
        place = f"envelope.{limit}"
        at = sign * results[OUTPUTS.index(quantity)]
        farthest = int(np.nanargmax(at))
        reached, stated = float(sign * at[farthest]), float(getattr(machine.envelope, limit))
        if sign * (reached - stated) <= 0.0:
            continue
        room = ROOM_KELVIN if quantity.startswith("T_") else ROOM * reached
        definition = PARAMETERS[place]
        value = min(max(reached + sign * room, definition.minimum), definition.maximum)
        where = f"record {records[farthest - 1]}" if farthest else "the design point"
        found.append(WidenedLimit(place, reached, value, where))
    return found
