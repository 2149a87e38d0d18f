"""The cycle solved for its two pressures alone: fast enough for a fit or the making of a map.

It has the same relations and properties as `cycle` and agrees with it to 1e-6 (a test compares
them). When both pressures are known, every other state follows in closed form, so two equations
remain. At a solution, the sensitivity to a parameter follows from the implicit function theorem
without solving again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import CoolProp
import numpy as np

from ..model.errors import SolveError
from ..model.machine import Machine
from ..model.quantities import RESULT_QUANTITIES, Boundary
from ..model.relations import Relations
from .condensing_unit import CondensingUnit
from .media import Media, saturation_temperature
from .sizing import size_components

Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

# Results that no fit or table needs.
_LEFT_OUT = ("Q_flow_loss", "h_suction", "h_discharge", "h_liquid")

# Results in the order of the output vectors.
OUTPUTS = tuple(q for q in RESULT_QUANTITIES if q not in _LEFT_OUT)

# Residuals are fractions of the design heat flow and of 10 K.
TOLERANCE = 1e-10
APPROACH_SCALE = 10.0

ITERATIONS = 60
LARGEST_STEP = 0.3  # in the logarithm of a pressure
SMALLEST_DAMPING = 1 / 64
DIFFERENCE = 1e-6

# Guesses of evaporating below the source and condensing above the sink inlet, K, tried in turn.
GUESSES = ((6.0, 7.0), (12.0, 14.0), (3.0, 3.0), (25.0, 25.0))
LEAST_APPROACH = 0.01


@dataclass(frozen=True)
class Solution:
    """A steady operating point.

    Attributes
    ----------
    unknowns : numpy.ndarray
        Logarithms of both pressures in Pa, shape (2,).
    outputs : numpy.ndarray
        In the order of `OUTPUTS`, SI units, shape (14,).
    """

    unknowns: Vector
    outputs: Vector


class QuickCycle:
    """The cycle of one machine.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    media : Media
        Its media; shared by machines that differ in parameters only.

    Raises
    ------
    SolveError
        If the design point contradicts physics.
    """

    def __init__(self, machine: Machine, media: Media) -> None:
        self.machine = machine
        self._media = media
        self._fluid = media.refrigerant
        try:
            self._relations = Relations(machine, size_components(machine, media))
        except (ValueError, OverflowError) as error:
            raise SolveError(f"design point: {error}") from error
        self._unit = CondensingUnit(machine, self._relations, media)

    def at(self, boundary: Boundary) -> CycleAt:
        """Return the two equations of the cycle at a boundary.

        Raises
        ------
        SolveError
            If an inlet is outside its medium's range.
        """
        return CycleAt(self._relations, self._unit, self._media, boundary)

    def solve(self, boundary: Boundary, start: Vector | None = None) -> Solution:
        """Solve the operating point at a boundary, from `start` if that is given.

        Raises
        ------
        SolveError
            If no solution is found.
        """
        at = self.at(boundary)
        guesses = [start] if start is not None else []
        for below, above in GUESSES:
            try:
                guesses.append(self._guess(boundary, below, above))
            except ValueError:
                continue
        for guess in guesses:
            try:
                return self._newton(at, guess)
            except (ValueError, OverflowError, SolveError, np.linalg.LinAlgError):
                continue
        raise SolveError(f"no solution at {boundary}")

    def _pressure(self, T: float, quality: int) -> float:
        self._fluid.update(CoolProp.QT_INPUTS, quality, T)
        return math.log(self._fluid.p())

    def _guess(self, boundary: Boundary, below: float, above: float) -> Vector:
        valve = self.machine.expansion_valve
        T_dew = min(boundary.T_source_in - below, valve.T_evaporating_max - 1.0)
        return np.array([self._pressure(T_dew, 1), self._pressure(boundary.T_sink_in + above, 0)])

    def _newton(self, at: CycleAt, start: Vector) -> Solution:
        boundary, valve = at.boundary, self.machine.expansion_valve
        highest = self._pressure(
            min(boundary.T_source_in, valve.T_evaporating_max) - LEAST_APPROACH, 1
        )
        lowest = self._pressure(boundary.T_sink_in + LEAST_APPROACH, 0)

        def inside(x: Vector, old: Vector) -> Vector:
            # Beyond a limit, go half of the way to it instead.
            low = x[0] if x[0] < highest else 0.5 * (min(old[0], highest) + highest)
            high = x[1] if x[1] > lowest else 0.5 * (max(old[1], lowest) + lowest)
            return np.array([low, high])

        x = inside(start, start)
        residuals, outputs = at.evaluate(x)
        for _ in range(ITERATIONS):
            if float(np.abs(residuals).max()) < TOLERANCE:
                return Solution(x, outputs)
            jacobian = np.empty((2, 2))
            for i in range(2):
                moved = x.copy()
                moved[i] += -DIFFERENCE if i == 0 else DIFFERENCE
                jacobian[:, i] = (at.evaluate(moved)[0] - residuals) / (moved[i] - x[i])
            step = -np.linalg.solve(jacobian, residuals)
            step *= min(1.0, LARGEST_STEP / float(np.abs(step).max()))
            damping, size = 1.0, float(np.linalg.norm(residuals))
            while True:
                candidate = inside(x + damping * step, x)
                try:
                    new_residuals, new_outputs = at.evaluate(candidate)
                    better = float(np.linalg.norm(new_residuals)) < size
                except (ValueError, SolveError):
                    better = False
                if better:
                    break
                damping /= 2.0
                if damping < SMALLEST_DAMPING:
                    if size < 1e2 * TOLERANCE:  # rounding of the property functions
                        return Solution(x, outputs)
                    raise SolveError("Newton's method makes no progress")
            x, residuals, outputs = candidate, new_residuals, new_outputs
        raise SolveError("Newton's method did not converge")


class CycleAt:
    """The equations of one machine's cycle at one boundary, in its two pressures.

    Parameters
    ----------
    relations : Relations
        Of the machine.
    unit : CondensingUnit
        Of the machine.
    media : Media
        Of the machine.
    boundary : Boundary
        Inlets and speed.

    Raises
    ------
    SolveError
        If an inlet is outside its medium's range.
    """

    def __init__(
        self, relations: Relations, unit: CondensingUnit, media: Media, boundary: Boundary
    ) -> None:
        self.boundary = boundary
        self._machine = relations.machine
        self._unit = unit
        self._media = media
        self._evaporator = relations.evaporator(boundary, media.source_capacity_flow(boundary))
        self._C_sink = media.sink_capacity_flow(boundary)

    def evaluate(self, unknowns: Vector) -> tuple[Vector, Vector]:
        """Residuals, shape (2,), and outputs, shape (14,), at given pressures.

        Raises
        ------
        ValueError
            If a state does not exist.
        """
        p_low, p_high = math.exp(unknowns[0]), math.exp(unknowns[1])
        T_dew = saturation_temperature(self._media.refrigerant, p_low, 1)
        approach_needed = self._evaporator.approach_implied(T_dew)
        superheat = self._evaporator.superheat(T_dew, approach_needed)
        suction = self._unit.suction_state(p_low, T_dew, superheat)
        unit = self._unit.at_pressure(suction, p_high, self.boundary, self._C_sink)
        approach = self._evaporator.approach(unit.Q_flow_source, unit.m_flow_refrigerant)
        residuals = np.array(
            [
                unit.heat_excess / self._machine.design.Q_flow_sink,
                (approach - approach_needed) / APPROACH_SCALE,
            ]
        )
        P_el = unit.compressor_power + self._machine.auxiliary_power
        results = {
            "P_el": P_el,
            "Q_flow_sink": unit.Q_flow_sink,
            "Q_flow_source": unit.Q_flow_source,
            "COP": unit.Q_flow_sink / P_el,
            "T_source_out": self._media.source_outlet(self.boundary, unit.Q_flow_source),
            "T_sink_out": self._media.sink_outlet(self.boundary, unit.Q_flow_sink),
            "m_flow_refrigerant": unit.m_flow_refrigerant,
            "p_low": p_low,
            "p_high": p_high,
            "T_suction": T_dew + superheat,
            "T_discharge": self._unit.T_discharge(unit),
            "T_liquid": unit.T_bubble - unit.subcooling,
            "superheat": superheat,
            "subcooling": unit.subcooling,
        }
        outputs = np.array([results[q] for q in OUTPUTS])
        return residuals, outputs

    def jacobians(
        self, unknowns: Vector
    ) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], ...]:
        """Derivatives of residuals, shape (2, 2), and outputs, (14, 2), by the unknowns."""
        base = self.evaluate(unknowns)
        columns = []
        for i in range(2):
            # Towards lower suction and higher discharge pressure, where states always exist.
            step = -DIFFERENCE if i == 0 else DIFFERENCE
            moved = unknowns.copy()
            moved[i] += step
            at = self.evaluate(moved)
            columns.append([(a - b) / step for a, b in zip(at, base, strict=True)])
        return tuple(np.stack([c[k] for c in columns], axis=1) for k in range(2))
