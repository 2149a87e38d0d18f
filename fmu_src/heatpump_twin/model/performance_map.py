"""The performance map, evaluated readably: what the core in C computes, and is held to by tests.

What is tabulated is the condensing unit, where it is smooth (see `map_table`). Evaporator and
valve, whose limits hand over to each other within a kelvin, are not smoothed by a table: their
closures are solved here for one unknown, the evaporator's approach. Six quantities are
interpolated; heat to the sink, losses, COP, outlets and the remaining enthalpies follow from the
balances, so energy is conserved to the last digit.

Nothing that runs uses this evaluation: it is slow and clear. `core.heat_pump` is the fast one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.polynomial.polynomial import polyval2d

from .errors import SolveError
from .machine import Machine
from .map_table import ROWS, Array, MapTable, discharge_of_slowed, stretched_inputs
from .quantities import Boundary, OperatingPoint
from .relations import Relations, auxiliary_power, resting_temperature

# The evaporator's approach is solved by the secant method, whose error is of the order of the
# product of its last two steps over the width of the sharpest bend, half a kelvin: 1e-4 K here.
STEP_PRODUCT = 1e-4
ITERATIONS = 50

# A search goes down by at most half of the approach, and takes the excess to rise at least so much
# with the approach: it rises by more than the approach itself.
LARGEST_STEP_DOWN = 0.5
LEAST_SLOPE = 0.1

# Relative change of the heat flow with dew temperature, 1/K, of refrigerants such as R410A and
# R134a. Only the first step of the search uses it.
HEAT_FLOW_PER_KELVIN = 0.033


class PerformanceMap:
    """Steady operating points of a machine by its table, as a `heat_pump.SteadyState`.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    table : MapTable
        Made for it.
    """

    fails_beyond_limits_only = True

    def __init__(self, machine: Machine, table: MapTable) -> None:
        self.machine = machine
        self.table = table
        self._relations = Relations(machine, table.sizes)
        left, right = table.factors()
        self._coefficients = (left @ right).reshape(table.coefficients.shape)

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Return the steady operating point at `boundary`.

        Parameters
        ----------
        boundary : Boundary
            Inside the envelope of the machine; K and kg/s.

        Raises
        ------
        SolveError
            If the evaporator's approach is not found, or leads out of the table.
        """
        machine, table, speed = self.machine, self.table, boundary.compressor_speed
        of_suction = self._of_suction(boundary)
        T_dew, superheat = self._suction(boundary, of_suction[: len(ROWS)])
        (
            log_Q_flow_source,
            log_m_flow_refrigerant,
            log_power,
            T_bubble,
            log_p_high,
            slowed,
            h_suction,
            log_p_low,
        ) = map(float, self._rows(of_suction, superheat, T_dew))
        m_flow_refrigerant = speed * math.exp(log_m_flow_refrigerant)
        power = speed * math.exp(log_power)
        Q_flow_source = speed * math.exp(log_Q_flow_source)
        auxiliary = auxiliary_power(machine, boundary)
        P_el = power + auxiliary
        shell_loss = machine.compressor.shell_loss_ratio * power
        Q_flow_loss = shell_loss + auxiliary
        Q_flow_sink = P_el + Q_flow_source - Q_flow_loss
        subcooling = self._relations.subcooling(T_bubble, boundary)
        return OperatingPoint(
            P_el=P_el,
            Q_flow_sink=Q_flow_sink,
            Q_flow_source=Q_flow_source,
            Q_flow_loss=Q_flow_loss,
            COP=Q_flow_sink / P_el,
            T_source_out=table.source.outlet(
                boundary.T_source_in, -Q_flow_source / boundary.m_flow_source
            ),
            T_sink_out=table.sink.outlet(boundary.T_sink_in, Q_flow_sink / boundary.m_flow_sink),
            m_flow_refrigerant=m_flow_refrigerant,
            p_low=math.exp(log_p_low),
            p_high=math.exp(log_p_high),
            T_suction=T_dew + superheat,
            T_discharge=discharge_of_slowed(slowed, machine.envelope.T_discharge_max),
            T_liquid=T_bubble - subcooling,
            superheat=superheat,
            subcooling=subcooling,
            h_suction=h_suction,
            h_discharge=h_suction + (power - shell_loss) / m_flow_refrigerant,
            h_liquid=h_suction - Q_flow_source / m_flow_refrigerant,
        )

    def standby(self, boundary: Boundary) -> OperatingPoint:
        """Return the machine when off: as `cycle.HeatPumpCycle.standby`."""
        saturation, power = self.table.saturation, self.machine.standby_power
        T = resting_temperature(boundary)
        T = min(max(T, saturation.log_p_dew.low), saturation.log_p_dew.high)
        p, h_dew = math.exp(saturation.log_p_dew(T)), saturation.h_dew(T)
        return OperatingPoint.at_rest(
            boundary, power, p=p, T=T, h_dew=h_dew, h_bubble=saturation.h_bubble(T)
        )

    def _of_suction(self, boundary: Boundary) -> Array:
        """All rows as polynomials of the state at suction; shape (rows, superheat, T_dew)."""
        inputs = (boundary.compressor_speed, boundary.T_sink_in, boundary.m_flow_sink)
        chebyshev = [
            chebvander(axis.scaled_within(x), axis.nodes - 1)[0]
            for axis, x in zip(self.table.axes, inputs, strict=False)
        ]
        unit = np.einsum("rstabc,a,b,c->rst", self._coefficients, *chebyshev)
        return np.concatenate([unit, self.table.suction_coefficients])

    def _rows(self, of_suction: Array, superheat: float, T_dew: float) -> Array:
        """Evaluate the polynomials; a search may leave the table, and is led back to its edge."""
        of_superheat, of_dew = self.table.axes[3:]
        s, t = of_superheat.scaled_within(superheat), of_dew.scaled_within(T_dew)
        return np.asarray(polyval2d(s, t, np.moveaxis(of_suction, 0, -1)))

    def _suction(self, boundary: Boundary, of_suction: Array) -> tuple[float, float]:
        """Solve the evaporator's approach; returns dew temperature and superheat in K."""
        speed, T_source_in = boundary.compressor_speed, boundary.T_source_in
        capacity_flow = boundary.m_flow_source * self.table.source.heat_capacity(T_source_in)
        evaporator = self._relations.evaporator(boundary, capacity_flow)
        approach = self._estimate(boundary)
        approach_before = excess_before = step = math.inf
        for _ in range(ITERATIONS):
            T_dew = evaporator.T_dew(approach)
            superheat = evaporator.superheat(T_dew, approach)
            log_heat, log_flow = self._rows(of_suction, superheat, T_dew)[:2]
            needed = evaporator.approach(speed * math.exp(log_heat), speed * math.exp(log_flow))
            excess = approach - needed
            if excess_before == math.inf:
                # The dew temperature follows the approach unless the valve limits it.
                room, wetted = evaporator.T_max - T_dew, T_source_in - approach - T_dew
                slope = 1.0 + HEAT_FLOW_PER_KELVIN * needed * room / (room + wetted)
            else:
                slope = max((excess - excess_before) / (approach - approach_before), LEAST_SLOPE)
            step_before, step = step, max(-excess / slope, -LARGEST_STEP_DOWN * approach)
            approach_before, excess_before = approach, excess
            approach += step
            if abs(step * step_before) < STEP_PRODUCT:
                break
        else:
            raise SolveError("the evaporator's approach was not found")
        T_dew = evaporator.T_dew(approach)
        superheat = evaporator.superheat(T_dew, approach)
        of_superheat, of_dew = self.table.axes[3:]
        if max(abs(of_superheat.scaled(superheat)), abs(of_dew.scaled(T_dew))) > 1.0:
            raise SolveError(
                f"dew temperature {T_dew:.2f} K, superheat {superheat:.2f} K: outside the map"
            )
        return T_dew, superheat

    def _estimate(self, boundary: Boundary) -> float:
        value, *factors = self.table.approach_estimate
        for factor, x in zip(factors, stretched_inputs(boundary), strict=True):
            value += factor * x
        return math.exp(value)
