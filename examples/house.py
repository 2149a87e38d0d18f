"""A house with floor heating, a year of weather, and two ways to ask a heat pump for heat.

House, weather and thermostat are those of `docs/import/ssp/building/building.c`:

    C_floor dT_floor/dt = Q_flow_heating - UA_floor (T_floor - T_room)
    C_room  dT_room/dt  = UA_floor (T_floor - T_room) - UA_outside (T_room - T_outside) + gains

Over a step its inputs are constant, so the two linear equations are solved exactly. SI units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm

Array = npt.NDArray[np.float64]

HOUR, DAY, YEAR = 3600.0, 86400.0, 365 * 86400.0
ZERO_CELSIUS = 273.15
WATER_HEAT_CAPACITY = 4180.0  # J/(kg K)


@dataclass(frozen=True)
class House:
    """Floor heating and a room.

    Attributes
    ----------
    C_floor, C_room : float
        Heat capacities, J/K.
    UA_floor, UA_outside : float
        Conductances from floor to room and from room to outside, W/K.
    gains : float
        Heat of people and devices, W.
    T_set : float
        Room temperature that is wanted, K.
    flow_water, flow_brine : float
        Mass flows through condenser and evaporator, kg/s.
    """

    C_floor: float = 1e7
    C_room: float = 8e6
    UA_floor: float = 700.0
    UA_outside: float = 160.0
    gains: float = 500.0
    T_set: float = ZERO_CELSIUS + 21.0
    flow_water: float = 0.27
    flow_brine: float = 0.38

    def steady_demand(self, T_outside: float) -> float:
        """Heat that keeps the room at its set-point if the weather stays, W."""
        return max(0.0, self.UA_outside * (self.T_set - T_outside) - self.gains)

    def over_a_step(self, step_size: float) -> Array:
        """Return what a step does.

        The rows are T_floor and T_room after the step, and the mean of T_room over it; the columns
        are T_floor, T_room, heat to the floor, T_outside and gains, all at or over the step.
        """
        to_floor, to_room = self.UA_floor / self.C_floor, self.UA_floor / self.C_room
        outside = self.UA_outside / self.C_room
        rates = np.zeros((6, 6))
        rates[0, [0, 1, 2]] = -to_floor, to_floor, 1.0 / self.C_floor
        rates[1, [0, 1, 3, 4]] = to_room, -to_room - outside, outside, 1.0 / self.C_room
        rates[5, 1] = 1.0 / step_size
        after: Array = expm(rates * step_size)
        return after[[0, 1, 5], :5]


def thermostat(house: House, gain: float = 500.0) -> Callable[[float, float], float]:
    """Ask for a heat flow: what the house loses, and more where the room is cold.

    Parameters
    ----------
    house : House
        That is heated.
    gain : float
        Heat per kelvin below the set-point, W/K.

    Returns
    -------
    callable
        Heat flow in W of T_outside and T_room in K.
    """

    def asked(T_outside: float, T_room: float) -> float:
        lost = house.UA_outside * (house.T_set - T_outside) - house.gains
        return max(0.0, lost + gain * (house.T_set - T_room))

    return asked


def heating_curve(house: House) -> Callable[[float, float], float]:
    """Ask for a supply temperature by the weather alone.

    It is the one at which the floor gives what the house loses; the room's set-point where it loses
    nothing.

    Returns
    -------
    callable
        Supply temperature in K of T_outside and T_room in K.
    """
    per_watt = 1.0 / house.UA_floor + 1.0 / (house.flow_water * WATER_HEAT_CAPACITY)

    def asked(T_outside: float, T_room: float) -> float:
        return house.T_set + house.steady_demand(T_outside) * per_watt

    return asked


def weather(time: Array) -> Array:
    """Temperature outside in K at times in s from New Year, synthetic.

    A sum of sines: a mean of 9.5 degC, a season of +-9.5 K that is coldest on January 20, days of
    +-4 K that are warmest at 15 h, and spells of warm and cold of +-3.5 K and +-2 K with periods
    of 9.3 and 23.7 days. So it lies between -9.5 and 28.5 degC, as in the plains of central Europe.
    """
    day = time / DAY
    parts = (
        (9.5, 365.0, 20.0 + 365.0 / 2.0),
        (4.0, 1.0, 15.0 / 24.0),
        (3.5, 9.3, 6.0),
        (2.0, 23.7, 14.0),
    )
    T = np.full_like(time, ZERO_CELSIUS + 9.5)
    for swing, period, warmest in parts:
        T += swing * np.cos(2.0 * math.pi * (day - warmest) / period)
    return T


def brine(time: Array) -> Array:
    """Temperature of the brine from the ground in K: 8 +- 4 degC, coldest on March 1."""
    return ZERO_CELSIUS + 8.0 - 4.0 * np.cos(2.0 * math.pi * (time / DAY - 59.0) / 365.0)
