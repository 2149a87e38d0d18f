"""Component sizes from the design point, in closed form."""

from __future__ import annotations

import math

import CoolProp

from ..model import closures
from ..model.errors import SolveError
from ..model.machine import Machine
from ..model.quantities import celsius
from ..model.sizes import Sizes
from .media import Media, saturation_temperature


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
    power = design.P_el - machine.auxiliary_power
    kept = (1.0 - machine.compressor.shell_loss_ratio) * power
    if power <= 0.0:
        raise SolveError(
            f"P_el, {design.P_el:g} W, is not above auxiliary_power, {machine.auxiliary_power:g} W"
        )
    if design.Q_flow_sink <= kept:
        raise SolveError(
            f"Q_flow_sink, {design.Q_flow_sink:g} W, is not above what the compressor gives the "
            f"refrigerant, {kept:g} W"
        )

    approach = boundary.T_source_in - T_dew
    approach_needed = boundary.T_source_in - closures.smooth_minimum_argument(
        T_dew, machine.expansion_valve.T_evaporating_max, closures.EVAPORATING_BLEND
    )
    superheat = closures.superheat(
        machine.expansion_valve.superheat_setting,
        machine.expansion_valve.superheat_fraction_max,
        approach,
        approach_needed,
    )
    condenser_approach = T_bubble - boundary.T_sink_in
    T_suction = T_dew + superheat
    T_liquid = T_bubble - closures.subcooling(
        closures.subcooling_fraction(machine.condenser.subcooling_fraction, 0.0, 0.0),
        condenser_approach,
    )
    refrigerant.update(CoolProp.PT_INPUTS, design.p_high, T_liquid)
    h_liquid = refrigerant.hmass()
    refrigerant.update(CoolProp.PT_INPUTS, design.p_low, T_suction)
    h_suction, entropy, density = refrigerant.hmass(), refrigerant.smass(), refrigerant.rhomass()
    refrigerant.update(CoolProp.PSmass_INPUTS, design.p_high, entropy)
    isentropic_rise = refrigerant.hmass() - h_suction
    ratio = design.p_high / design.p_low
    exponent = math.log(ratio) / math.log(refrigerant.rhomass() / density)

    m_flow = (design.Q_flow_sink - kept) / (h_suction - h_liquid)
    compressor = machine.compressor
    eta_vol = closures.volumetric_efficiency(
        ratio,
        boundary.compressor_speed,
        1.0,
        compressor.leakage_coefficient,
        compressor.leakage_speed_share,
        compressor.suction_density_exponent,
    )
    if eta_vol <= 0.0:
        raise SolveError(f"volumetric efficiency {eta_vol:.3f}; leakage coefficient is too large")
    mismatch = closures.mismatch_work_factor(
        ratio, compressor.built_in_pressure_ratio, exponent, compressor.built_in_loss_share
    )
    C_source = media.source_capacity_flow(boundary)
    C_sink = media.sink_capacity_flow(boundary)
    Q_flow_source = m_flow * (h_suction - h_liquid)
    return Sizes(
        swept_volume_flow=m_flow / (density * eta_vol * boundary.compressor_speed),
        eta_vol=eta_vol,
        drive_efficiency=m_flow * isentropic_rise * mismatch / (eta_vol * power),
        condenser_conductance=_conductance(
            "condenser", design.Q_flow_sink / (C_sink * condenser_approach), C_sink
        ),
        evaporator_conductance=_conductance(
            "evaporator", Q_flow_source / (C_source * approach_needed), C_source
        ),
        m_flow_refrigerant=m_flow,
        suction_density=density,
        isentropic_exponent=exponent,
        T_suction=T_suction,
        T_liquid=T_liquid,
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


def _conductance(exchanger: str, effectiveness: float, capacity_flow: float) -> float:
    try:
        return closures.conductance_from_effectiveness(effectiveness, capacity_flow)
    except ValueError as error:
        raise SolveError(f"{exchanger}: {error}; no exchanger transfers that heat") from error
