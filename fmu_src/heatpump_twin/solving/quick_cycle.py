"""The cycle solved for its two saturation temperatures alone, for all records of a fit at once.

It has the same relations as `cycle`, takes properties from `property_tables`, and agrees with it to
1e-6 (a test compares them). When both saturation temperatures are known, every other state follows
in closed form, so two equations remain. At a solution, the sensitivity to a parameter follows from
the implicit function theorem without solving again.

Parameters and boundaries may be arrays. The parameters of a machine that stands for `m` sets of
them have shape (m, 1), boundaries shape (n,), and results shape (m, n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..model.errors import SolveError
from ..model.machine import Machine
from ..model.quantities import RESULT_QUANTITIES, Boundary
from ..model.relations import Relations, auxiliary_power
from ..model.sizes import Sizes
from .property_tables import AtBubble, AtDew, medium_table, refrigerant_table
from .sizing import DesignStates, sizes_of

Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
# Parameters and boundaries are declared as floats, so arrays of them have no type of their own.
Array: TypeAlias = Any

# Results that no fit or table needs.
_LEFT_OUT = ("Q_flow_loss", "h_suction", "h_discharge", "h_liquid")

# Results in the order of the output vectors.
OUTPUTS = tuple(q for q in RESULT_QUANTITIES if q not in _LEFT_OUT)

# Rows of an evaluation: the outputs, and the isentropic efficiency of the compressor.
ROWS = (*OUTPUTS, "isentropic_efficiency")

# Residuals are fractions of the design heat flow and of 10 K.
TOLERANCE = 1e-11
APPROACH_SCALE = 10.0

ITERATIONS = 60
LARGEST_STEP = 10.0  # K
SMALLEST_DAMPING = 1 / 256
DIFFERENCE = 1e-4  # K

# Rounding may keep residuals from the tolerance; this far off they still count as zero.
ROUNDING = 1e3 * TOLERANCE

# Guesses of evaporating below the source and condensing above the sink inlet, K, tried in turn.
GUESSES = ((6.0, 7.0), (12.0, 14.0), (3.0, 3.0), (25.0, 25.0))
LEAST_APPROACH = 0.01


@dataclass(frozen=True)
class Solution:
    """A steady operating point.

    Attributes
    ----------
    unknowns : numpy.ndarray
        Dew temperature at suction and bubble temperature in the condenser, K, shape (2,).
    outputs : numpy.ndarray
        In the order of `OUTPUTS`, SI units, shape (14,).
    """

    unknowns: Vector
    outputs: Vector


@dataclass(frozen=True)
class Solutions:
    """Steady operating points; NaN where there is none.

    Attributes
    ----------
    unknowns : numpy.ndarray
        Dew temperature at suction and bubble temperature in the condenser, K, shape (2, n).
    outputs : numpy.ndarray
        In the order of `OUTPUTS`, SI units, shape (14, n).
    efficiency : numpy.ndarray
        Isentropic efficiency of the compressor, shape (n,).
    """

    unknowns: Array
    outputs: Array
    efficiency: Array

    @property
    def are_solved(self) -> Array:
        """Which points have a solution, shape (n,)."""
        return np.isfinite(self.unknowns).all(axis=0)

    def column(self, output: str) -> Array:
        """One of the `OUTPUTS`, shape (n,)."""
        values: Array = self.outputs[OUTPUTS.index(output)]
        return values


def boundaries_of(table: Array) -> Boundary:
    """Return a boundary whose inputs are arrays, from rows in the order of `BOUNDARY_QUANTITIES`.

    Parameters
    ----------
    table : numpy.ndarray
        Shape (n, 5), SI units.
    """
    return Boundary(*np.asarray(table, float).T)


class QuickCycle:
    """The cycle of one machine, or of several that differ in numbers only.

    Parameters
    ----------
    machine : Machine
        Its parameters. Where they are arrays, machines whose design point contradicts physics have
        NaN as answers.
    sizes : Sizes, optional
        Of its components; by default those that its design point fixes. A machine that has changed
        in use has others.

    Raises
    ------
    InputError
        If CoolProp does not know one of its media.
    SolveError
        If a medium has no properties in the range that is needed.
    """

    def __init__(self, machine: Machine, sizes: Sizes | None = None) -> None:
        self.machine = machine
        self.refrigerant = refrigerant_table(machine.refrigerant)
        self.source, self.sink = (
            medium_table(machine.source_medium),
            medium_table(machine.sink_medium),
        )
        self.relations = Relations(machine, sizes if sizes is not None else self._sizes())

    def _sizes(self) -> Sizes:
        """Sizes with which the off-design equations give back the design point."""
        machine = self.machine
        design, boundary = machine.design, machine.design.boundary
        T_dew = self.refrigerant.dew_temperature(np.asarray(design.p_low))
        T_bubble = self.refrigerant.bubble_temperature(np.asarray(design.p_high))

        def states(T_suction: Array, T_liquid: Array) -> DesignStates:
            suction = self.refrigerant.at_dew(T_dew).suction(T_suction - T_dew)
            high = self.refrigerant.at_bubble(T_bubble)
            return DesignStates(
                suction.h,
                suction.density,
                high.isentropic_enthalpy(suction.entropy),
                high.isentropic_density(suction.entropy),
                high.liquid_enthalpy(T_bubble - T_liquid),
            )

        with np.errstate(all="ignore"):
            return sizes_of(
                machine,
                T_dew,
                T_bubble,
                states,
                boundary.m_flow_source * self.source.heat_capacity(boundary.T_source_in),
                boundary.m_flow_sink * self.sink.heat_capacity(boundary.T_sink_in),
            )

    def at(self, boundaries: Boundary) -> CycleAt:
        """Return the two equations of the cycle at some boundaries."""
        return CycleAt(self, boundaries)

    def solve(self, boundary: Boundary) -> Solution:
        """Solve the operating point at one boundary.

        Raises
        ------
        SolveError
            If no solution is found.
        """
        found = self.solve_all(boundaries_of(np.array([list(vars(boundary).values())])))
        if not found.are_solved[0]:
            raise SolveError(f"no solution at {boundary.as_text()}")
        return Solution(found.unknowns[:, 0], found.outputs[:, 0])

    def solve_all(self, boundaries: Boundary, start: Array | None = None) -> Solutions:
        """Solve the operating points of one machine at some boundaries.

        Parameters
        ----------
        boundaries : Boundary
            Inputs of shape (n,).
        start : numpy.ndarray, optional
            Unknowns to begin with, shape (2, n); NaN where they are not known.
        """
        inputs = np.stack(np.broadcast_arrays(*vars(boundaries).values()))
        count = inputs.shape[1]
        unknowns = np.full((2, count), np.nan)
        outputs, efficiency = np.full((len(OUTPUTS), count), np.nan), np.full(count, np.nan)
        guesses = [] if start is None else [start]
        guesses += [self._guess(boundaries, *guess) for guess in GUESSES]
        left = np.arange(count)
        for guess in guesses:
            some = left[np.isfinite(guess[:, left]).all(axis=0)]
            if len(some):
                found = self._newton(boundaries_of(inputs[:, some].T), guess[:, some])
                unknowns[:, some], outputs[:, some] = found.unknowns, found.outputs
                efficiency[some] = found.efficiency
                left = left[~np.isfinite(unknowns[:, left]).all(axis=0)]
            if not len(left):
                break
        return Solutions(unknowns, outputs, efficiency)

    def _guess(self, boundaries: Boundary, below: float, above: float) -> Array:
        T_max = self.machine.expansion_valve.T_evaporating_max
        return np.stack(
            np.broadcast_arrays(
                np.minimum(boundaries.T_source_in - below, T_max - 1.0),
                boundaries.T_sink_in + above,
            )
        )

    def _newton(self, boundaries: Boundary, start: Array) -> Solutions:
        """Solve by Newton's method, each boundary with its own damping."""
        inputs = np.stack(list(vars(boundaries).values()))
        T_max = self.machine.expansion_valve.T_evaporating_max
        highest: Array = np.minimum(boundaries.T_source_in, T_max) - LEAST_APPROACH
        lowest: Array = boundaries.T_sink_in + LEAST_APPROACH

        def inside(x: Array, old: Array, which: Array) -> Array:
            # Beyond a limit, go half of the way to it instead.
            high, low = highest[which], lowest[which]
            return np.stack(
                [
                    np.where(x[0] < high, x[0], 0.5 * (np.minimum(old[0], high) + high)),
                    np.where(x[1] > low, x[1], 0.5 * (np.maximum(old[1], low) + low)),
                ]
            )

        count = start.shape[1]
        active = np.arange(count)
        x = inside(start, start, active)
        r = self.at(boundaries).residuals(x)
        size = np.hypot(*r)
        found = np.zeros(count, bool)
        active = active[np.isfinite(size)]
        for _ in range(ITERATIONS):
            done = np.abs(r[:, active]).max(axis=0) < TOLERANCE
            found[active[done]] = True
            active = active[~done]
            if not len(active):
                break
            at = self.at(boundaries_of(inputs[:, active].T))
            by_low, by_high = at.residual_slopes(x[:, active], r[:, active])
            a, b, c, d = by_low[0], by_high[0], by_low[1], by_high[1]
            determinant = a * d - b * c
            with np.errstate(all="ignore"):
                step = (
                    -np.stack(
                        [
                            d * r[0, active] - b * r[1, active],
                            a * r[1, active] - c * r[0, active],
                        ]
                    )
                    / determinant
                )
                step *= np.minimum(1.0, LARGEST_STEP / np.abs(step).max(axis=0))
            lost = ~np.isfinite(step).all(axis=0)
            step[:, lost] = 0.0
            waiting, damping = np.flatnonzero(~lost), 1.0
            while len(waiting) and damping >= SMALLEST_DAMPING:
                some = active[waiting]
                trial = inside(x[:, some] + damping * step[:, waiting], x[:, some], some)
                r_new = self.at(boundaries_of(inputs[:, some].T)).residuals(trial)
                size_new = np.hypot(*r_new)
                better = size_new < size[some]
                chosen = some[better]
                x[:, chosen], r[:, chosen] = trial[:, better], r_new[:, better]
                size[chosen] = size_new[better]
                waiting = waiting[~better]
                damping /= 2.0
            stuck = np.union1d(active[waiting], active[lost]).astype(int)
            found[stuck[size[stuck] < ROUNDING]] = True
            active = np.setdiff1d(active, stuck)
        _, rows = self.at(boundaries).evaluate(x)
        rows = np.where(found, rows, np.nan)
        return Solutions(np.where(found, x, np.nan), rows[:-1], rows[-1])


class _State(NamedTuple):
    """The cycle at given saturation temperatures, SI units."""

    residuals: Array
    T_dew: Array
    T_bubble: Array
    low: AtDew
    high: AtBubble
    superheat: Array
    subcooling: Array
    m_flow: Array
    efficiency: Array
    work: Array
    h_discharge: Array
    Q_flow_sink: Array
    Q_flow_source: Array


class CycleAt:
    """The equations of the cycle at some boundaries, in its two saturation temperatures.

    Parameters
    ----------
    cycle : QuickCycle
        Of the machine.
    boundaries : Boundary
        Inlets and speed.
    """

    def __init__(self, cycle: QuickCycle, boundaries: Boundary) -> None:
        self.boundaries = boundaries
        self._cycle = cycle
        relations = cycle.relations
        C_source = boundaries.m_flow_source * cycle.source.heat_capacity(boundaries.T_source_in)
        self._C_sink = boundaries.m_flow_sink * cycle.sink.heat_capacity(boundaries.T_sink_in)
        self._evaporator = relations.evaporator(boundaries, C_source)

    def evaluate(self, unknowns: Array) -> tuple[Array, Array]:
        """Residuals, shape (2, n) or (2, m, n), and `ROWS`, (15, n) or (15, m, n).

        Parameters
        ----------
        unknowns : numpy.ndarray
            Shape (2, n), K.

        Returns
        -------
        tuple of numpy.ndarray
            NaN where a state does not exist.
        """
        with np.errstate(all="ignore"):
            state = self._state(*unknowns)
            return state.residuals, self._rows(state)

    def residuals(self, unknowns: Array) -> Array:
        """Return the residuals alone, which takes half the time."""
        with np.errstate(all="ignore"):
            return self._state(*unknowns).residuals

    def _state(self, T_dew: Array, T_bubble: Array) -> _State:
        cycle, boundaries = self._cycle, self.boundaries
        relations, machine = cycle.relations, cycle.machine
        low, high = cycle.refrigerant.at_dew(T_dew), cycle.refrigerant.at_bubble(T_bubble)
        approach_needed = self._evaporator.approach_implied(T_dew)
        superheat = self._evaporator.superheat(T_dew, approach_needed)
        suction = low.suction(superheat)
        subcooling = relations.subcooling(T_bubble, boundaries)
        h_liquid = high.liquid_enthalpy(subcooling)
        rise = high.isentropic_enthalpy(suction.entropy) - suction.h
        ratio, speed = np.exp(high.log_p - low.log_p), boundaries.compressor_speed
        m_flow = relations.delivered_flow(ratio, suction.density, speed)
        efficiency = relations.isentropic_efficiency(ratio, suction.density, speed)
        work = rise / efficiency
        h_discharge = suction.h + (1.0 - machine.compressor.shell_loss_ratio) * work
        Q_flow_sink = m_flow * (h_discharge - h_liquid)
        Q_flow_source = m_flow * (suction.h - h_liquid)
        transferred = relations.condenser_heat_flow(T_bubble, m_flow, boundaries, self._C_sink)
        approach = self._evaporator.approach(Q_flow_source, m_flow)
        residuals = np.stack(
            np.broadcast_arrays(
                (Q_flow_sink - transferred) / machine.design.Q_flow_sink,
                (approach - approach_needed) / APPROACH_SCALE,
            )
        )
        return _State(
            residuals,
            T_dew,
            T_bubble,
            low,
            high,
            superheat,
            subcooling,
            m_flow,
            efficiency,
            work,
            h_discharge,
            Q_flow_sink,
            Q_flow_source,
        )

    def _rows(self, state: _State) -> Array:
        cycle, boundaries = self._cycle, self.boundaries
        P_el = state.m_flow * state.work + auxiliary_power(cycle.machine, boundaries)
        results = {
            "P_el": P_el,
            "Q_flow_sink": state.Q_flow_sink,
            "Q_flow_source": state.Q_flow_source,
            "COP": state.Q_flow_sink / P_el,
            "T_source_out": cycle.source.outlet(
                boundaries.T_source_in, -state.Q_flow_source / boundaries.m_flow_source
            ),
            "T_sink_out": cycle.sink.outlet(
                boundaries.T_sink_in, state.Q_flow_sink / boundaries.m_flow_sink
            ),
            "m_flow_refrigerant": state.m_flow,
            "p_low": np.exp(state.low.log_p),
            "p_high": np.exp(state.high.log_p),
            "T_suction": state.T_dew + state.superheat,
            "T_discharge": state.high.discharge_temperature(state.h_discharge),
            "T_liquid": state.T_bubble - state.subcooling,
            "superheat": state.superheat,
            "subcooling": state.subcooling,
            "isentropic_efficiency": state.efficiency,
        }
        return np.stack(np.broadcast_arrays(*(results[q] for q in ROWS)))

    def residual_slopes(self, unknowns: Array, residuals: Array) -> tuple[Array, Array]:
        """Derivatives of the residuals by both unknowns, each of shape (2, n)."""
        slopes = []
        for moved, step in self._moved(unknowns):
            slopes.append((self.residuals(moved) - residuals) / step)
        return slopes[0], slopes[1]

    def jacobians(self, unknowns: Array) -> tuple[Array, Array]:
        """Derivatives of residuals, shape (n, 2, 2), and `ROWS`, (n, 15, 2), by the unknowns."""
        base = self.evaluate(unknowns)
        columns = []
        for moved, step in self._moved(unknowns):
            at = self.evaluate(moved)
            columns.append([(a - b) / step for a, b in zip(at, base, strict=True)])
        of_residuals, of_outputs = (
            np.moveaxis(np.stack([c[k] for c in columns], axis=-1), 0, 1) for k in range(2)
        )
        return of_residuals, of_outputs

    def _moved(self, unknowns: Array) -> list[tuple[Array, float]]:
        """Move each unknown, towards colder suction and hotter discharge, where states exist."""
        moves = []
        for i, step in enumerate((-DIFFERENCE, DIFFERENCE)):
            moved = unknowns.copy()
            moved[i] += step
            moves.append((moved, step))
        return moves
