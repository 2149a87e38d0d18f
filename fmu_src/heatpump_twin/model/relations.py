"""The closures of one machine with its sizes: the equations that every solver uses.

States are floats or arrays of them, as in `closures`. So are parameters and sizes of a machine that
stands for several (`Machine.with_parameters` takes arrays).
"""

from __future__ import annotations

import numpy as np

from . import closures
from .closures import Real
from .kernels import compressor_place, exchanger_place, factor
from .machine import HeatExchanger, Machine
from .quantities import Boundary
from .sizes import Sizes

# A Newton iterate may have no or negative flow; conductances stay defined there.
LEAST_FLOW_RATIO = 1e-3


def auxiliary_power(machine: Machine, boundary: Boundary) -> Real:
    """Power of controls, pumps and fans of a running machine, W."""
    design = machine.design.boundary
    source, sink = (
        closures.pump_power(at_design, flow / of_design)
        for at_design, flow, of_design in (
            (machine.source_pump_power, boundary.m_flow_source, design.m_flow_source),
            (machine.sink_pump_power, boundary.m_flow_sink, design.m_flow_sink),
        )
    )
    return machine.auxiliary_power + (source + sink)


class Relations:
    """Relations between the states of one machine's cycle.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    sizes : Sizes
        From its design point.
    """

    def __init__(self, machine: Machine, sizes: Sizes) -> None:
        self.machine = machine
        self.sizes = sizes

    def eta_vol(self, pressure_ratio: Real, density: Real, speed: Real) -> Real:
        """Volumetric efficiency; density at suction in kg/m3."""
        compressor = self.machine.compressor
        eta_vol = closures.volumetric_efficiency(
            pressure_ratio,
            speed,
            density / self.sizes.suction_density,
            compressor.leakage_coefficient,
            compressor.leakage_speed_share,
            compressor.suction_density_exponent,
        )
        place = compressor_place(pressure_ratio, density / self.sizes.suction_density, speed)
        return eta_vol * factor(self.machine.remainder.volumetric, *place)

    def delivered_flow(self, pressure_ratio: Real, density: Real, speed: Real) -> Real:
        """Refrigerant mass flow of the compressor, kg/s."""
        eta_vol = self.eta_vol(pressure_ratio, density, speed)
        return self.sizes.swept_volume_flow * speed * eta_vol * density

    def isentropic_efficiency(self, pressure_ratio: Real, density: Real, speed: Real) -> Real:
        """Isentropic enthalpy rise over electric work per mass delivered."""
        compressor, sizes = self.machine.compressor, self.sizes
        design = self.machine.design
        exponent = sizes.isentropic_exponent
        relative_work = (
            density
            / sizes.suction_density
            * closures.isentropic_work(pressure_ratio, exponent)
            / closures.isentropic_work(design.p_high / design.p_low, exponent)
        )
        place = compressor_place(pressure_ratio, density / sizes.suction_density, speed)
        return factor(self.machine.remainder.efficiency, *place) * closures.isentropic_efficiency(
            sizes.drive_efficiency,
            self.eta_vol(pressure_ratio, density, speed),
            closures.mismatch_work_factor(
                pressure_ratio,
                compressor.built_in_pressure_ratio,
                exponent,
                compressor.built_in_loss_share,
            ),
            closures.friction(
                compressor.friction_ratio, compressor.friction_speed_share, speed, relative_work
            ),
        )

    def condenser_heat_flow(
        self, T_bubble: Real, m_flow_refrigerant: Real, boundary: Boundary, capacity_flow: Real
    ) -> Real:
        """Heat that the condenser transfers, W; `capacity_flow` of the sink in W/K."""
        design, flow = self.machine.design.boundary, boundary.m_flow_sink
        relative_flow = flow / design.m_flow_sink
        secondary = _secondary_resistance(self.machine.condenser, relative_flow)
        place = exchanger_place(boundary.T_sink_in - design.T_sink_in, relative_flow)
        ua = closures.conductance(
            self.sizes.condenser_conductance * factor(self.machine.remainder.condenser, *place),
            secondary,
            self.refrigerant_resistance(self.machine.condenser, m_flow_refrigerant),
        )
        approach = T_bubble - boundary.T_sink_in
        return closures.effectiveness(ua, capacity_flow) * capacity_flow * approach

    def evaporator(self, boundary: Boundary, capacity_flow: Real) -> EvaporatorAt:
        """Evaporator and valve at a boundary; `capacity_flow` of the source in W/K."""
        return EvaporatorAt(self, boundary, capacity_flow)

    def subcooling(self, T_bubble: Real, boundary: Boundary) -> Real:
        """Subcooling at the condenser outlet, K."""
        fraction = closures.subcooling_fraction(
            self.machine.condenser.subcooling_fraction,
            self.machine.condenser.subcooling_temperature_coefficient,
            boundary.T_sink_in - self.machine.design.boundary.T_sink_in,
        )
        return closures.subcooling(fraction, T_bubble - boundary.T_sink_in)

    def refrigerant_resistance(self, exchanger: HeatExchanger, m_flow_refrigerant: Real) -> Real:
        """Share of the refrigerant side in the resistance of an exchanger."""
        return closures.resistance_share(
            1.0 - exchanger.secondary_resistance_share,
            np.maximum(m_flow_refrigerant / self.sizes.m_flow_refrigerant, LEAST_FLOW_RATIO),
            exchanger.refrigerant_flow_exponent,
        )


class EvaporatorAt:
    """Evaporator and expansion valve at one boundary, for repeated evaluation by a solver.

    Parameters
    ----------
    relations : Relations
        Of the machine.
    boundary : Boundary
        Inlets.
    capacity_flow : float
        Of the source, W/K.
    """

    def __init__(self, relations: Relations, boundary: Boundary, capacity_flow: Real) -> None:
        machine = relations.machine
        valve, design = machine.expansion_valve, machine.design.boundary
        self._relations = relations
        self._exchanger = machine.evaporator
        relative_flow = boundary.m_flow_source / design.m_flow_source
        place = exchanger_place(boundary.T_source_in - design.T_source_in, relative_flow)
        correction = factor(machine.remainder.evaporator, *place)
        self.nominal_conductance = relations.sizes.evaporator_conductance * correction
        self._T_source_in = boundary.T_source_in
        self._capacity_flow = capacity_flow
        self.T_max = valve.T_evaporating_max
        self.superheat_setting = valve.superheat_setting + valve.superheat_sink_slope * (
            boundary.T_sink_in - design.T_sink_in
        )
        self.superheat_fraction_max = valve.superheat_fraction_max
        self.secondary_resistance = _secondary_resistance(machine.evaporator, relative_flow)

    def approach(self, heat_flow: Real, m_flow_refrigerant: Real) -> Real:
        """Difference ``T_source_in - T_dew`` that a fully wetted evaporator needs, K."""
        ua = closures.conductance(
            self.nominal_conductance,
            self.secondary_resistance,
            self._relations.refrigerant_resistance(self._exchanger, m_flow_refrigerant),
        )
        return heat_flow / (closures.effectiveness(ua, self._capacity_flow) * self._capacity_flow)

    def T_dew(self, approach_needed: Real) -> Real:
        """Dew temperature at suction, K: below the source by the approach, at most the valve's."""
        return closures.evaporating_temperature(self._T_source_in, approach_needed, self.T_max)

    def approach_implied(self, T_dew: Real) -> Real:
        """The approach needed at which the dew temperature is `T_dew`, K.

        NaN if `T_dew` is not below the valve's maximum.
        """
        return self._T_source_in - closures.smooth_minimum_argument(
            T_dew, self.T_max, closures.EVAPORATING_BLEND
        )

    def superheat(self, T_dew: Real, approach_needed: Real) -> Real:
        """Superheat at suction, K."""
        return closures.superheat(
            self.superheat_setting,
            self.superheat_fraction_max,
            self._T_source_in - T_dew,
            approach_needed,
        )


def resting_temperature(boundary: Boundary) -> float:
    """Temperature of the refrigerant at rest, K: the colder inlet, where it condenses."""
    return min(boundary.T_source_in, boundary.T_sink_in)


def _secondary_resistance(exchanger: HeatExchanger, relative_flow: Real) -> Real:
    return closures.resistance_share(
        exchanger.secondary_resistance_share, relative_flow, exchanger.secondary_flow_exponent
    )
