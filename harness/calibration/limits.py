"""Limits of a machine file that the fitted machine exceeds where it was recorded running.

An FMU answers a boundary beyond a limit from the nearest point within, so it would not answer such
a record, and a design point beyond a limit cannot be built. The records are proof that the machine
runs there: the limit gives way, and it is said. So does the range of a flow that was assumed, and
that the fit has found elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heatpump_twin.model.machine import PARAMETERS, Machine
from heatpump_twin.solving.quick_cycle import OUTPUTS, Array, QuickCycle, boundaries_of

# A limit gives way by this much beyond the records: shares of a pressure and of a flow, K.
ROOM, ROOM_FLOW, ROOM_KELVIN = 0.02, 0.1, 3.0

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
    stated : float
        By the start file, SI units.
    reached : float
        By the fitted machine, SI units.
    value : float
        The limit with room for it, as far as a machine file can have that, SI units.
    is_enough : bool
        Whether that is within the limit.
    where : str
        Record, or the design point, in words.
    """

    place: str
    stated: float
    reached: float
    value: float
    is_enough: bool
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
        reached = results[OUTPUTS.index(quantity)]
        room = ROOM_KELVIN if quantity.startswith("T_") else ROOM * np.abs(reached)
        stated = float(getattr(machine.envelope, limit))
        found.append(_widened(f"envelope.{limit}", stated, sign, reached, room, records))
    return [limit for limit in found if limit is not None]


def widened_flows(
    machine: Machine, flows: Mapping[str, Array], records: Sequence[int]
) -> list[WidenedLimit]:
    """Find the ends of the envelope beyond which a fit has found flows that were assumed.

    Parameters
    ----------
    machine : Machine
        Fitted.
    flows : dict of str to numpy.ndarray
        Of the records, kg/s, by quantity.
    records : sequence of int
        Their numbers.
    """
    found = []
    for quantity, of_records in flows.items():
        reached = np.array([getattr(machine.design.boundary, quantity), *of_records])
        for stated, end, sign in zip(
            machine.envelope.range(quantity), ("min", "max"), (-1.0, 1.0), strict=True
        ):
            place = f"envelope.{quantity}_{end}"
            found.append(_widened(place, stated, sign, reached, ROOM_FLOW * reached, records))
    return [limit for limit in found if limit is not None]


def _widened(
    place: str, stated: float, sign: float, reached: Array, room: Array, records: Sequence[int]
) -> WidenedLimit | None:
    """Compare a limit with what is reached at the design point and at the records."""
    # A point without a solution says nothing.
    beyond = sign * (reached - stated)
    at = int(np.argmax(np.where(np.isfinite(beyond), beyond, -math.inf)))
    if not beyond[at] > 0.0:
        return None
    value = float(reached[at] + sign * np.broadcast_to(room, reached.shape)[at])
    definition = PARAMETERS[place]
    value = min(max(value, definition.minimum), definition.maximum)
    where = f"record {records[at - 1]}" if at else "the design point"
    is_enough = sign * (value - float(reached[at])) >= 0.0
    return WidenedLimit(place, stated, float(reached[at]), value, is_enough, where)
