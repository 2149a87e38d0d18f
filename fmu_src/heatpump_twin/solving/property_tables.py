"""Properties of refrigerants and secondary media as polynomials, for many states at once.

A fit asks for the same properties some million times. CoolProp's equation of state takes 20 to
130 us for one state; a sum of Chebyshev polynomials takes well below 1 us a state when it is
evaluated for an array of them, and its derivatives are smooth. The polynomials go through values of
the equation of state itself, and a test holds the two together.

Refrigerant states are described by saturation temperature and the distance from saturation, so that
no table crosses the edge of the two-phase region.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import CoolProp
import numpy as np

from ..model.errors import SolveError
from .media import SECONDARY_PRESSURE, abstract_state, lowest_temperature

#: Floats of any shape.
Array: TypeAlias = Any

# Nodes along saturation temperature and along the distance from saturation, and of a medium.
SATURATION_NODES, DISTANCE_NODES, MEDIUM_NODES = 26, 18, 18

# Largest superheat at suction, superheat at discharge, and subcooling in the tables, K.
LARGEST_SUPERHEAT, LARGEST_DISCHARGE_SUPERHEAT, LARGEST_SUBCOOLING = 80.0, 130.0, 60.0

# Saturation temperatures of the tables: lowest in K, and highest over the critical temperature, of
# the evaporating and of the condensing side. Too near to the critical point nothing condenses.
COLDEST, HIGHEST_DEW, HIGHEST_BUBBLE = 190.0, 0.95, 0.99

# Reference for the width of the tables of discharge: far from the critical point.
REFERENCE_SHARE = 0.92

# For fewer states cosines are faster than the recurrence of the polynomials.
FEW_STATES = 400

# Share of the width of the discharge table over which the slope at its end is taken.
LAST_SLOPE = 0.01

# Newton steps to a saturation temperature, and their difference as a share of the range of 1/T.
INVERSE_STEPS, INVERSE_STEP = 8, 1e-5

# Secondary media are tabulated between these temperatures in K, where they stay liquid or gas.
MEDIUM_LOW, MEDIUM_HIGH = 200.0, 400.0
BOILING_MARGIN = 0.1


def nodes(count: int) -> Array:
    """Chebyshev points of the first kind on -1 to 1."""
    return np.cos(np.pi * (2 * np.arange(count) + 1) / (2 * count))


def _to_coefficients(count: int) -> Array:
    k = np.arange(count)
    matrix = 2.0 / count * np.cos(np.pi * np.outer(k, 2 * k + 1) / (2 * count))
    matrix[0] /= 2.0
    return matrix


def _basis(u: Array, count: int) -> Array:
    """Chebyshev polynomials at `u`, shape (len(u), count); beyond -1 to 1 as at its ends."""
    u = np.minimum(np.maximum(u, -1.0), 1.0)
    if u.size < FEW_STATES:
        angles = np.arccos(u)
        return np.cos(angles[..., None] * np.arange(count))
    values = np.empty((count, *u.shape))
    values[0], values[1] = 1.0, u
    for k in range(2, count):
        values[k] = 2.0 * u * values[k - 1] - values[k - 2]
    return np.moveaxis(values, 0, -1)


@dataclass(frozen=True)
class _Saturation:
    """An axis of saturation temperatures, stretched towards the critical point.

    Properties follow the root of the distance to it.
    """

    critical: float
    low: float
    high: float

    @property
    def _ends(self) -> tuple[float, float]:
        return math.sqrt(self.critical - self.high), math.sqrt(self.critical - self.low)

    def temperatures(self) -> Array:
        a, b = self._ends
        root = 0.5 * (a + b) + 0.5 * (b - a) * nodes(SATURATION_NODES)
        return self.critical - root**2

    def basis(self, T: Array) -> Array:
        a, b = self._ends
        root = np.sqrt(self.critical - np.clip(T, self.low, self.high))
        return _basis((root - 0.5 * (a + b)) / (0.5 * (b - a)), SATURATION_NODES)

    def holds(self, T: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return (self.low <= T) & (self.high >= T)


def _inverse(axis: _Saturation, coefficients: Array, log_p: Array) -> Array:
    """Find the saturation temperature of a pressure by Newton's method in 1/T.

    The logarithm of the pressure is nearly linear in 1/T.
    """

    def at(T: Array) -> Array:
        value: Array = axis.basis(T) @ coefficients
        return value

    low, high = 1.0 / axis.low, 1.0 / axis.high
    ends = at(np.array([axis.low, axis.high]))
    x = low + (high - low) * (log_p - ends[0]) / (ends[1] - ends[0])
    for _ in range(INVERSE_STEPS):
        x = np.clip(x, high, low)
        value, step = at(1.0 / x), INVERSE_STEP * (low - high)
        inside = np.where(x + step <= low, step, -step)
        x = x - (value - log_p) * inside / (at(1.0 / (x + inside)) - value)
    within = (ends[0] <= log_p) & (log_p <= ends[1])
    return np.where(within, 1.0 / x, math.nan)


def _distance_basis(distance: Array, largest: float) -> Array:
    return _basis(2.0 * distance / largest - 1.0, DISTANCE_NODES)


def _sum(by_saturation: Array, by_distance: Array, coefficients: Array) -> Array:
    """Contract a table of shape (rows, saturation, distance).

    `by_saturation` of shape (n, saturation) and `by_distance` of (..., n, distance) give (rows,
    ..., n).
    """
    rows: Array = np.stack([((by_saturation @ c) * by_distance).sum(axis=-1) for c in coefficients])
    return rows


@dataclass(frozen=True)
class SuctionStates:
    """Superheated vapour: enthalpy J/kg, entropy J/(kg K), density kg/m3."""

    h: Array
    entropy: Array
    density: Array


class RefrigerantTable:
    """A refrigerant at dew, in superheat, after isentropic compression, and as a liquid.

    `at_dew` and `at_bubble` give its states; those beyond the table are NaN.

    Parameters
    ----------
    refrigerant : str
        As CoolProp names it.

    Attributes
    ----------
    critical : float
        Temperature of its critical point, K.

    Raises
    ------
    InputError
        If CoolProp does not know it.
    SolveError
        If it has no states in the range of the table.
    """

    def __init__(self, refrigerant: str) -> None:
        self._state = abstract_state(refrigerant)
        self.critical = critical = float(self._state.T_critical())
        coldest = max(float(self._state.Tmin()), COLDEST)
        self.dew = _Saturation(critical, coldest, HIGHEST_DEW * critical)
        self.bubble = _Saturation(
            critical, coldest + LARGEST_SUBCOOLING + 1.0, HIGHEST_BUBBLE * critical
        )
        if not self.bubble.low < self.bubble.high:
            raise SolveError(f"{refrigerant}: its critical point lies at {critical:.0f} K")
        try:
            self._tabulate(critical)
        except ValueError as error:
            raise SolveError(f"{refrigerant}: no tables of its properties: {error}") from error

    def _tabulate(self, critical: float) -> None:
        state = self._state
        along, across = _to_coefficients(SATURATION_NODES), _to_coefficients(DISTANCE_NODES)
        shares = 0.5 * (1.0 + nodes(DISTANCE_NODES))
        state.update(CoolProp.QT_INPUTS, 0.0, REFERENCE_SHARE * critical)
        p = state.p()
        state.update(CoolProp.PQ_INPUTS, p, 1.0)
        h, s, T = state.hmass(), state.smass(), state.T()
        state.update(CoolProp.PT_INPUTS, p, T + LARGEST_DISCHARGE_SUPERHEAT)
        self.h_range, self.s_range = state.hmass() - h, state.smass() - s

        dews = self.dew.temperatures()
        log_p = np.array([math.log(self._saturated(1.0, T)) for T in dews])
        self.log_p_dew = along @ log_p
        suction = np.empty((3, len(dews), len(shares)))
        for i, j in np.ndindex(suction.shape[1:]):
            T = dews[i] + LARGEST_SUPERHEAT * shares[j]
            state.update(CoolProp.PT_INPUTS, math.exp(log_p[i]), T)
            suction[:, i, j] = state.hmass(), state.smass(), math.log(state.rhomass())
        self.of_suction = np.einsum("ai,rij,bj->rab", along, suction, across)

        bubbles = self.bubble.temperatures()
        p_high = np.array([self._saturated(0.0, T) for T in bubbles])
        self.log_p_bubble = along @ np.log(p_high)
        at_dew, liquid = np.empty((len(bubbles), 3)), np.empty((1, len(bubbles), len(shares)))
        isentropic, discharge = np.empty((2, *liquid.shape[1:])), np.empty_like(liquid)
        for i, p in enumerate(p_high):
            state.update(CoolProp.PQ_INPUTS, p, 1.0)
            at_dew[i] = h_dew, s_dew, _ = state.hmass(), state.smass(), state.T()
            for j, share in enumerate(shares):
                state.update(CoolProp.PSmass_INPUTS, p, s_dew + share * self.s_range)
                isentropic[:, i, j] = state.hmass(), math.log(state.rhomass())
                state.update(CoolProp.HmassP_INPUTS, h_dew + share * self.h_range, p)
                discharge[0, i, j] = state.T()
                state.update(CoolProp.PT_INPUTS, p, bubbles[i] - share * LARGEST_SUBCOOLING)
                liquid[0, i, j] = state.hmass()
        self.of_dew_line = along @ at_dew
        self.of_entropy, self.of_enthalpy, self.of_liquid = (
            np.einsum("ai,rij,bj->rab", along, table, across)
            for table in (isentropic, discharge, liquid)
        )

    def _saturated(self, quality: float, T: float) -> float:
        self._state.update(CoolProp.QT_INPUTS, quality, T)
        return float(self._state.p())

    def dew_temperature(self, p: Array) -> Array:
        """Dew temperature of a pressure in Pa, K; NaN beyond the table."""
        return _inverse(self.dew, self.log_p_dew, np.log(p))

    def bubble_temperature(self, p: Array) -> Array:
        """Bubble temperature of a pressure in Pa, K; NaN beyond the table."""
        return _inverse(self.bubble, self.log_p_bubble, np.log(p))

    def at_dew(self, T_dew: Array) -> AtDew:
        """Return the vapour at some dew temperatures in K."""
        return AtDew(self, T_dew)

    def at_bubble(self, T_bubble: Array) -> AtBubble:
        """Return the high-pressure side at some bubble temperatures in K."""
        return AtBubble(self, T_bubble)


class AtDew:
    """Saturated and superheated vapour at some dew temperatures.

    Parameters
    ----------
    table : RefrigerantTable
        Of the refrigerant.
    T_dew : numpy.ndarray
        K, shape (n,).

    Attributes
    ----------
    log_p : numpy.ndarray
        Logarithm of the pressure in Pa, shape (n,).
    """

    def __init__(self, table: RefrigerantTable, T_dew: Array) -> None:
        self._table = table
        self._by_T = table.dew.basis(T_dew)
        self._within = table.dew.holds(T_dew)
        self.log_p = np.where(self._within, self._by_T @ table.log_p_dew, math.nan)

    def suction(self, superheat: Array) -> SuctionStates:
        """Vapour that is superheated by 0 to `LARGEST_SUPERHEAT` in K."""
        by_distance = _distance_basis(superheat, LARGEST_SUPERHEAT)
        rows = _sum(self._by_T, by_distance, self._table.of_suction)
        within = self._within & (superheat >= 0.0) & (superheat <= LARGEST_SUPERHEAT)
        h, entropy, log_density = np.where(within, rows, math.nan)
        return SuctionStates(h, entropy, np.exp(log_density))


class AtBubble:
    """States at the pressures of some bubble temperatures.

    Parameters
    ----------
    table : RefrigerantTable
        Of the refrigerant.
    T_bubble : numpy.ndarray
        K, shape (n,).

    Attributes
    ----------
    log_p : numpy.ndarray
        Logarithm of the pressure in Pa, shape (n,).
    """

    def __init__(self, table: RefrigerantTable, T_bubble: Array) -> None:
        self._table = table
        self._by_T = table.bubble.basis(T_bubble)
        self._within = table.bubble.holds(T_bubble)
        self.log_p = np.where(self._within, self._by_T @ table.log_p_bubble, math.nan)
        self._h_dew, self._s_dew, self._T_dew = np.moveaxis(self._by_T @ table.of_dew_line, -1, 0)

    def isentropic_enthalpy(self, entropy: Array) -> Array:
        """Enthalpy at an entropy of vapour, J/kg.

        Below the dew line it goes on along the tangent, which has the slope of the two-phase
        region.
        """
        table, beyond = self._table, entropy - self._s_dew
        h = _sum(self._by_T, _distance_basis(beyond, table.s_range), table.of_entropy[:1])[0]
        h = np.where(beyond >= 0.0, h, self._h_dew + self._T_dew * beyond)
        return np.where(self._within & (beyond <= table.s_range), h, math.nan)

    def isentropic_density(self, entropy: Array) -> Array:
        """Density at an entropy of vapour, kg/m3; below the dew line that of the dew line."""
        table, beyond = self._table, entropy - self._s_dew
        log_density = _sum(self._by_T, _distance_basis(beyond, table.s_range), table.of_entropy[1:])
        within = self._within & (beyond <= table.s_range)
        return np.where(within, np.exp(log_density[0]), math.nan)

    def discharge_temperature(self, h: Array) -> Array:
        """Temperature at an enthalpy, K; beyond the table with the slope at its end."""
        table, share = self._table, (h - self._h_dew) / self._table.h_range
        T, T_before = (
            _sum(self._by_T, _basis(2.0 * at - 1.0, DISTANCE_NODES), table.of_enthalpy)[0]
            for at in (share, np.full_like(share, 1.0 - LAST_SLOPE))
        )
        T = np.where(share > 1.0, T + (T - T_before) / LAST_SLOPE * (share - 1.0), T)
        return np.where(share >= 0.0, T, self._T_dew)

    def liquid_enthalpy(self, subcooling: Array) -> Array:
        """Enthalpy of liquid that is subcooled by 0 to `LARGEST_SUBCOOLING` in K, J/kg."""
        by_distance = _distance_basis(subcooling, LARGEST_SUBCOOLING)
        (h,) = _sum(self._by_T, by_distance, self._table.of_liquid)
        within = self._within & (subcooling >= 0.0) & (subcooling <= LARGEST_SUBCOOLING)
        return np.where(within, h, math.nan)


class MediumTable:
    """A secondary medium at the pressure of its circuit, by temperature in K.

    Parameters
    ----------
    medium : str
        As CoolProp names it.

    Raises
    ------
    InputError
        If CoolProp does not know it.
    SolveError
        If it has no states in the range of the table.

    Attributes
    ----------
    low, high : float
        Between freezing and boiling, K.
    """

    def __init__(self, medium: str) -> None:
        state = abstract_state(medium)
        self.low = max(lowest_temperature(state), MEDIUM_LOW)
        self.high = _highest(state, self.low)
        self._to_coefficients = _to_coefficients(MEDIUM_NODES)

        def at(T: float, value: Callable[[], float]) -> float:
            state.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
            return float(value())

        temperatures = 0.5 * (self.low + self.high + (self.high - self.low) * nodes(MEDIUM_NODES))
        try:
            table = np.array([[at(T, state.cpmass), at(T, state.hmass)] for T in temperatures])
            ends = [
                (at(T, state.hmass), at(T, state.cpmass), T)
                for T in (self.low + 1e-6, self.high - 1e-6)
            ]
        except ValueError as error:
            raise SolveError(f"medium {medium}: no table of its properties: {error}") from error
        self._by_temperature = self._to_coefficients @ table
        self._ends = ends
        self._h_low, self._h_high = ends[0][0], ends[1][0]

        def temperature(h: float) -> float:
            state.update(CoolProp.HmassP_INPUTS, h, SECONDARY_PRESSURE)
            return float(state.T())

        enthalpies = 0.5 * (
            self._h_low + self._h_high + (self._h_high - self._h_low) * nodes(MEDIUM_NODES)
        )
        self._by_enthalpy = self._to_coefficients @ np.array([temperature(h) for h in enthalpies])

    def _at(self, T: Array) -> Array:
        u = (2.0 * T - self.low - self.high) / (self.high - self.low)
        rows: Array = _basis(u, MEDIUM_NODES) @ self._by_temperature
        return rows

    def heat_capacity(self, T: Array) -> Array:
        """J/(kg K) at `T` in K; NaN where the medium freezes or boils."""
        within = (self.low <= T) & (self.high >= T)
        return np.where(within, self._at(T)[..., 0], math.nan)

    def outlet(self, T_in: Array, enthalpy_rise: Array) -> Array:
        """Temperature after taking up `enthalpy_rise` in J/kg, K.

        Beyond freezing and boiling it goes on with the heat capacity there: a fit may pass through.
        """
        h = self._at(T_in)[..., 1] + enthalpy_rise
        u = (2.0 * h - self._h_low - self._h_high) / (self._h_high - self._h_low)
        T = _basis(u, MEDIUM_NODES) @ self._by_enthalpy
        for beyond, (h_end, cp, T_end) in zip((u < -1.0, u > 1.0), self._ends, strict=True):
            T = np.where(beyond, T_end + (h - h_end) / cp, T)
        return T


def _highest(state: Any, low: float) -> float:
    """Temperature in K up to which a medium is as it is at `low`: a liquid, or a gas."""
    high = min(float(state.Tmax()), MEDIUM_HIGH)
    try:
        state.update(CoolProp.PQ_INPUTS, SECONDARY_PRESSURE, 0.0)
        boiling = float(state.T())
    except ValueError:  # a liquid of which CoolProp knows no vapour, or a gas
        pass
    else:
        return min(high, boiling - BOILING_MARGIN) if boiling > low else high

    def exists(T: float) -> bool:
        try:
            state.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
        except ValueError:
            return False
        return True

    if exists(high):
        return high
    while high - low > BOILING_MARGIN:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if exists(middle) else (low, middle)
    return low


@lru_cache(maxsize=8)
def refrigerant_table(refrigerant: str) -> RefrigerantTable:
    """Return the tables of a refrigerant; they are made once a process."""
    return RefrigerantTable(refrigerant)


@lru_cache(maxsize=16)
def medium_table(medium: str) -> MediumTable:
    """Return the table of a secondary medium; it is made once a process."""
    return MediumTable(medium)
