"""The closures of one machine with its sizes filled in: what every solver of the cycle solves."""

from __future__ import annotations

from . import closures
from .machine import HeatExchanger, Machine
from .quantities import Boundary
from .sizing import Sizes

# A Newton iterate may have no or negative flow; conductances stay defined there.
LEAST_FLOW_RATIO = 1e-3


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

    def eta_vol(self, pressure_ratio: float, density: float, speed: float) -> float:
        """Volumetric efficiency; density at suction in kg/m3."""
        compressor = self.machine.compressor
        return closures.volumetric_efficiency(
            pressure_ratio,
            speed,
            density / self.sizes.suction_density,
            compressor.leakage_coefficient,
            compressor.leakage_speed_share,
            compressor.suction_density_exponent,
        )

    def delivered_flow(self, pressure_ratio: float, density: float, speed: float) -> float:
        """Refrigerant mass flow of the compressor, kg/s."""
        eta_vol = self.eta_vol(pressure_ratio, density, speed)
        return self.sizes.swept_volume_flow * speed * eta_vol * density

    def isentropic_efficiency(self, pressure_ratio: float, density: float, speed: float) -> float:
        """Isentropic enthalpy rise over electric work per mass delivered."""
        compressor = self.machine.compressor
        return closures.isentropic_efficiency(
            self.sizes.drive_efficiency,
            self.eta_vol(pressure_ratio, density, speed),
            closures.mismatch_work_factor(
                pressure_ratio,
                compressor.built_in_pressure_ratio,
                self.sizes.isentropic_exponent,
                compressor.built_in_loss_share,
            ),
        )

    def condenser_heat_flow(
        self, T_bubble: float, m_flow_refrigerant: float, boundary: Boundary, capacity_flow: float
    ) -> float:
        """Heat that the condenser transfers, W; `capacity_flow` of the sink in W/K."""
        ua = self._conductance(
            self.sizes.condenser_conductance,
            self.machine.condenser,
            boundary.m_flow_sink / self.machine.design.boundary.m_flow_sink,
            m_flow_refrigerant,
        )
        approach = T_bubble - boundary.T_sink_in
        return closures.effectiveness(ua, capacity_flow) * capacity_flow * approach

    def evaporator_approach(
        self, heat_flow: float, m_flow_refrigerant: float, boundary: Boundary, capacity_flow: float
    ) -> float:
        """``T_source_in - T_dew`` that a heat flow takes when fully wetted, K."""
        ua = self._conductance(
            self.sizes.evaporator_conductance,
            self.machine.evaporator,
            boundary.m_flow_source / self.machine.design.boundary.m_flow_source,
            m_flow_refrigerant,
        )
        return heat_flow / (closures.effectiveness(ua, capacity_flow) * capacity_flow)

    def evaporating_temperature(self, approach_needed: float, boundary: Boundary) -> float:
        """Dew temperature at suction, K."""
        return closures.evaporating_temperature(
            boundary.T_source_in, approach_needed, self.machine.expansion_valve.T_evaporating_max
        )

    def approach_implied(self, T_dew: float, boundary: Boundary) -> float:
        """The approach needed at which `evaporating_temperature` is `T_dew`, K.

        Raises
        ------
        ValueError
            If `T_dew` is not below the valve's maximum.
        """
        return boundary.T_source_in - closures.smooth_minimum_argument(
            T_dew, self.machine.expansion_valve.T_evaporating_max, closures.EVAPORATING_BLEND
        )

    def superheat(self, T_dew: float, approach_needed: float, boundary: Boundary) -> float:
        """Superheat at suction, K."""
        valve, design = self.machine.expansion_valve, self.machine.design.boundary
        setting = valve.superheat_setting + valve.superheat_sink_slope * (
            boundary.T_sink_in - design.T_sink_in
        )
        return closures.superheat(
            setting, valve.superheat_fraction_max, boundary.T_source_in - T_dew, approach_needed
        )

    def subcooling(self, T_bubble: float, boundary: Boundary) -> float:
        """Subcooling at the condenser outlet, K."""
        fraction = closures.subcooling_fraction(
            self.machine.condenser.subcooling_fraction,
            self.machine.condenser.subcooling_temperature_coefficient,
            boundary.T_sink_in - self.machine.design.boundary.T_sink_in,
        )
        return closures.subcooling(fraction, T_bubble - boundary.T_sink_in)

    def _conductance(
        self,
        nominal: float,
        exchanger: HeatExchanger,
        secondary_flow_ratio: float,
        m_flow_refrigerant: float,
    ) -> float:
        return closures.conductance(
            nominal,
            secondary_flow_ratio,
            max(m_flow_refrigerant / self.sizes.m_flow_refrigerant, LEAST_FLOW_RATIO),
            exchanger.secondary_resistance_share,
            exchanger.secondary_flow_exponent,
            exchanger.refrigerant_flow_exponent,
        )
