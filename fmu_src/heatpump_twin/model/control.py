"""How a machine follows a demand, readably: the speed it needs, and when it starts and stops.

A demand is a heat flow or a supply temperature. Between the least and the largest speed the speed
is found at which the steady answer meets it. Below the least speed the machine cycles: it starts
when the heat that is lacking reaches the hysteresis, and stops when as much was given in excess, or
by the supply temperature, and keeps minimum times (`Plan`, `is_on_after`). For long steps the mean
of that stands in its place, with the degradation coefficient of EN 14825:2022, section 11.5:

    COP = COP_least CR / (Cc CR + 1 - Cc),    CR = demand / heat at the least speed.

The core in C (`core/control.c`) does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from .quantities import OperatingPoint

# A demand is met to this share of it. A search needs some five evaluations, and no more than these.
TOLERANCE = 1e-7
ITERATIONS = 8
# A demand that is short by more is said not to be met, also where no search was made.
SHORT = 1e-3

# Times closer than this are one, s.
TIME_ROUND_OFF = 1e-6
# Before the run; also the longest step, s.
LONG_AGO = 1e9
# A demand below the least speed is looked at each second, and so often in a longer step.
MOST_INTERVALS = 100_000
HOUR = 3600.0


def speed_that_meets(
    log_share: Callable[[float], float], low: float, high: float, of_low: float, of_high: float
) -> float:
    """Find the speed at which a demand is met.

    A secant in logarithms keeps an end on both sides and halves the weight of one that stays
    (Illinois algorithm; M. Dowell, P. Jarratt, BIT 11 (1971) 168-174). Heat is nearly a power of
    speed.

    Parameters
    ----------
    log_share : callable
        Logarithm of what is given over what is asked, by speed. Rises with speed.
    low, high : float
        Speeds with too little and too much.
    of_low, of_high : float
        `log_share` there: below and above 0.
    """
    left, right, side = math.log(low), math.log(high), 0
    speed = low
    for _ in range(ITERATIONS):
        middle = left - of_low * (right - left) / (of_high - of_low)
        speed = math.exp(middle)
        value = log_share(speed)
        if abs(value) < TOLERANCE:
            break
        if value < 0.0:
            left, of_low = middle, value
            of_high *= 0.5 if side < 0 else 1.0
            side = -1
        else:
            right, of_high = middle, value
            of_low *= 0.5 if side > 0 else 1.0
            side = 1
    return speed


def mean_of_cycling(
    on: OperatingPoint, off: OperatingPoint, share: float, Cc: float
) -> OperatingPoint:
    """Return the mean of running for a share of the time, and of pausing.

    Parameters
    ----------
    on, off : OperatingPoint
        At the least speed, and off.
    share : float
        Heat that is asked for over the heat at the least speed, 0 to 1.
    Cc : float
        Degradation coefficient.
    """
    P_el = on.P_el * (Cc * share + 1.0 - Cc)
    Q_flow_sink, Q_flow_source = on.Q_flow_sink * share, on.Q_flow_source * share
    return replace(
        on,
        P_el=P_el,
        Q_flow_sink=Q_flow_sink,
        Q_flow_source=Q_flow_source,
        Q_flow_loss=P_el + Q_flow_source - Q_flow_sink,
        COP=Q_flow_sink / P_el,
        m_flow_refrigerant=on.m_flow_refrigerant * share,
        T_sink_out=off.T_sink_out + share * (on.T_sink_out - off.T_sink_out),
        T_source_out=off.T_source_out + share * (on.T_source_out - off.T_source_out),
    )


@dataclass(frozen=True)
class MinimumTimes:
    """Least times between starts and stops, s."""

    run: float
    pause: float
    between_starts: float

    def locked_for(self, is_on: bool, since_change: float, since_start: float) -> float:
        """Time until a start or a stop is allowed, s; 0 or less if it is."""
        if is_on:
            return self.run - since_change
        return max(self.pause - since_change, self.between_starts - since_start)


def wants_heat(is_on: bool, deficit: float, hysteresis: float) -> bool:
    """Whether cycling by heat has the machine on; both in s of the heat at the least speed."""
    return deficit > -hysteresis if is_on else deficit >= hysteresis


def wants_temperature(is_on: bool, T_sink_out: float, T_set: float, hysteresis: float) -> bool:
    """Whether cycling by supply temperature has the machine on; temperatures in K."""
    return T_sink_out < T_set + hysteresis if is_on else T_sink_out <= T_set - hysteresis
