"""Component sizes from the design point, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import CoolProp
import numpy as np

from ..model import closures
from ..model.closures import Real
from ..model.errors import SolveError
from ..model.machine import Machine
from ..model.quantities import celsius
from ..model.sizes import Sizes
from .media import Media, saturation_temperature


class DesignStates(NamedTuple):
    """Properties at the design point: J/kg and kg/m3, of isentropic compression at its end."""

    h_suction: Real
    density: Real
    h_isentropic: Real
    density_isentropic: Real
    h_liquid: Real


def size_components(machine: Machine, media: Media) -> Sizes:
    """Find the sizes with which the off-design equations give back the design point.

    Parameters
    ----------
    machine : Machine
        Its design point and the parameters of the closures.
    media : Media
        Properties of its media.

    Raises
    ------
    SolveError
        If the design point contradicts physics or no size gives it back.
    """
    design, boundary = machine.design, machine.design.boundary
    refrigerant = media.refrigerant
    T_dew = saturation_temperature(refrigerant, design.p_low, quality=1)
    T_bubble = saturation_temperature(refrigerant, design.p_high, quality=0)
    _check_temperatures(machine, T_dew, T_bubble)
    power = design.P_el - machine.design_auxiliary_power
    kept = (1.0 - machine.compressor.shell_loss_ratio) * power
    if power <= 0.0:
        raise SolveError(
            f"P_el, {design.P_el:g} W, is not above auxiliary_power, "
            f"{machine.design_auxiliary_power:g} W with pumps and fans"
        )
    if design.Q_flow_sink <= kept:
        raise SolveError(
            f"Q_flow_sink, {design.Q_flow_sink:g} W, is not above what the compressor gives the "
            f"refrigerant, {kept:g} W"
        )

    def states(T_suction: float, T_liquid: float) -> DesignStates:
        refrigerant.update(CoolProp.PT_INPUTS, design.p_high, T_liquid)
        h_liquid = refrigerant.hmass()
        refrigerant.update(CoolProp.PT_INPUTS, design.p_low, T_suction)
        h, entropy, density = refrigerant.hmass(), refrigerant.smass(), refrigerant.rhomass()
        refrigerant.update(CoolProp.PSmass_INPUTS, design.p_high, entropy)
        return DesignStates(h, density, refrigerant.hmass(), refrigerant.rhomass(), h_liquid)

    C_source = media.source_capacity_flow(boundary)
    C_sink = media.sink_capacity_flow(boundary)
    sizes = sizes_of(machine, T_dew, T_bubble, states, C_source, C_sink)
    Q_flow_source = design.Q_flow_sink - kept
    _check_exchanger(
        "condenser",
        sizes.condenser_conductance,
        design.Q_flow_sink,
        C_sink,
        T_bubble - boundary.T_sink_in,
    )
    _check_exchanger(
        "evaporator",
        sizes.evaporator_conductance,
        Q_flow_source,
        C_source,
        boundary.T_source_in - T_dew,
    )
    return sizes


def sizes_of(
    machine: Machine,
    T_dew: Real,
    T_bubble: Real,
    states: Callable[[Real, Real], DesignStates],
    C_source: Real,
    C_sink: Real,
) -> Sizes:
    """Find the sizes from what is known of the refrigerant at the design point.

    Parameters
    ----------
    machine : Machine
        Its design point and the parameters of the closures.
    T_dew, T_bubble : float
        Of the design pressures, K.
    states : callable
        Gives the properties from the temperatures at suction and of the liquid, K.
    C_source, C_sink : float
        Capacity flows at the design point, W/K.

    Returns
    -------
    Sizes
        NaN where an exchanger would have to transfer more than is possible.
    """
    design, boundary = machine.design, machine.design.boundary
    compressor, valve = machine.compressor, machine.expansion_valve
    speed, power = boundary.compressor_speed, design.P_el - machine.design_auxiliary_power
    Q_flow_source = design.Q_flow_sink - (1.0 - compressor.shell_loss_ratio) * power
    approach_needed = boundary.T_source_in - closures.smooth_minimum_argument(
        T_dew, valve.T_evaporating_max, closures.EVAPORATING_BLEND
    )
    superheat = closures.superheat(
        valve.superheat_setting,
        valve.superheat_fraction_max,
        boundary.T_source_in - T_dew,
        approach_needed,
    )
    condenser_approach = T_bubble - boundary.T_sink_in
    T_suction = T_dew + superheat
    T_liquid = T_bubble - closures.subcooling(
        closures.subcooling_fraction(machine.condenser.subcooling_fraction, 0.0, 0.0),
        condenser_approach,
    )
    at = states(T_suction, T_liquid)
    ratio = design.p_high / design.p_low
    exponent = np.log(ratio) / np.log(at.density_isentropic / at.density)
    m_flow = Q_flow_source / (at.h_suction - at.h_liquid)
    eta_vol = closures.volumetric_efficiency(
        ratio,
        speed,
        1.0,
        compressor.leakage_coefficient,
        compressor.leakage_speed_share,
        compressor.suction_density_exponent,
    )
    mismatch = closures.mismatch_work_factor(
        ratio, compressor.built_in_pressure_ratio, exponent, compressor.built_in_loss_share
    )
    friction = closures.friction(
        compressor.friction_ratio, compressor.friction_speed_share, speed, 1.0
    )
    losses, isentropic_rise = mismatch + friction, at.h_isentropic - at.h_suction
    return Sizes(
        swept_volume_flow=m_flow / (at.density * eta_vol * speed),
        eta_vol=eta_vol,
        drive_efficiency=m_flow * isentropic_rise * losses / (eta_vol * power),
        isentropic_efficiency=m_flow * isentropic_rise / power,
        condenser_conductance=closures.conductance_from_effectiveness(
            design.Q_flow_sink / (C_sink * condenser_approach), C_sink
        ),
        evaporator_conductance=closures.conductance_from_effectiveness(
            Q_flow_source / (C_source * approach_needed), C_source
        ),
        m_flow_refrigerant=m_flow,
        suction_density=at.density,
        isentropic_exponent=exponent,
        T_suction=T_suction,
        T_liquid=T_liquid,
    )


def _check_exchanger(
    name: str, conductance: float, heat_flow: float, capacity_flow: float, approach: float
) -> None:
    if not np.isfinite(conductance):
        raise SolveError(
            f"{name}: no exchanger transfers {heat_flow:.0f} W: the refrigerant is {approach:.1f} "
            f"K from the inlet, and the stream changes by {heat_flow / capacity_flow:.1f} K"
        )


def _check_temperatures(machine: Machine, T_dew: float, T_bubble: float) -> None:
    boundary, T_max = machine.design.boundary, machine.expansion_valve.T_evaporating_max
    if T_bubble <= boundary.T_sink_in:
        raise SolveError(
            f"heat cannot flow: {machine.refrigerant} condenses at {celsius(T_bubble)} at "
            f"p_high, below T_sink_in, {celsius(boundary.T_sink_in)}"
        )
    if T_dew >= boundary.T_source_in:
        raise SolveError(
            f"heat cannot flow: {machine.refrigerant} evaporates at {celsius(T_dew)} at "
            f"p_low, above T_source_in, {celsius(boundary.T_source_in)}"
        )
    if T_dew >= T_max:
        raise SolveError(
            f"evaporating at {celsius(T_dew)}, above T_evaporating_max, {celsius(T_max)}"
        )
