"""The refrigerant cycle that a record implies: what its readings fix and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import CoolProp
import pandas as pd

from heatpump_twin.model import closures
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.media import abstract_state, saturation_temperature


@dataclass(frozen=True)
class ImpliedCycle:
    """States of the refrigerant in one record, SI units; NaN where its columns do not give one.

    Attributes
    ----------
    T_dew, T_bubble : float
        Saturation at the recorded pressures, K.
    h_suction : float
        From ``p_low`` and ``T_suction``, J/kg.
    h_liquid : float
        From ``p_high`` and ``T_liquid`` where that was recorded, else from the machine's
        subcooling fraction, J/kg.
    liquid_recorded : bool
        Which of the two.
    h_discharge : float
        From the recorded power and the implied flow, less shell loss, J/kg.
    h_discharge_recorded : float
        From ``p_high`` and ``T_discharge``; NaN also where that is below the dew point.
    h_isentropic : float
        After isentropic compression from the suction state, J/kg.
    T_least_discharge : float
        Temperature after isentropic compression less shell loss, K: the second law's least for a
        compressor that takes at least the ideal work.
    m_flow : float
        Refrigerant flow by the balance of the whole machine, from heat given and power, kg/s.
    suction_density : float
        kg/m3.
    """

    T_dew: float = math.nan
    T_bubble: float = math.nan
    h_suction: float = math.nan
    h_liquid: float = math.nan
    liquid_recorded: bool = False
    h_discharge: float = math.nan
    h_discharge_recorded: float = math.nan
    h_isentropic: float = math.nan
    T_least_discharge: float = math.nan
    m_flow: float = math.nan
    suction_density: float = math.nan

    @property
    def ideal_work(self) -> float:
        """Power of isentropic compression of the implied flow, W."""
        return self.m_flow * (self.h_isentropic - self.h_suction)


def implied_cycle(record: pd.Series[float], machine: Machine) -> ImpliedCycle:
    """Work out the cycle behind one record.

    Parameters
    ----------
    record : pandas.Series
        Values by quantity, SI units; missing quantities are allowed.
    machine : Machine
        Its refrigerant, shell loss and subcooling fraction.
    """

    def value(quantity: str) -> float:
        return float(record.get(quantity, math.nan))

    p_low, p_high, T_suction = value("p_low"), value("p_high"), value("T_suction")
    if math.isnan(p_low + p_high):
        return ImpliedCycle()
    fluid = abstract_state(machine.refrigerant)
    T_dew = _saturation(fluid, p_low, 1)
    T_bubble = _saturation(fluid, p_high, 0)
    saturation = ImpliedCycle(T_dew=T_dew, T_bubble=T_bubble)
    liquid_recorded = not math.isnan(value("T_liquid"))
    T_liquid = value("T_liquid")
    if not liquid_recorded:
        fraction = closures.subcooling_fraction(
            machine.condenser.subcooling_fraction,
            machine.condenser.subcooling_temperature_coefficient,
            value("T_sink_in") - machine.design.boundary.T_sink_in,
        )
        T_liquid = T_bubble - closures.subcooling(fraction, T_bubble - value("T_sink_in"))
    # Wet suction or vapour before the valve has no state that pressure and temperature fix.
    if not (T_suction > T_dew and T_liquid < T_bubble):
        return saturation
    try:
        return _complete(saturation, fluid, value, T_liquid, liquid_recorded, machine)
    except ValueError:  # CoolProp: no such state, far outside what the fluid is known for
        return saturation


def _complete(
    saturation: ImpliedCycle,
    fluid: Any,
    value: Callable[[str], float],
    T_liquid: float,
    liquid_recorded: bool,
    machine: Machine,
) -> ImpliedCycle:
    p_low, p_high = value("p_low"), value("p_high")
    fluid.update(CoolProp.PT_INPUTS, p_high, T_liquid)
    h_liquid = fluid.hmass()
    fluid.update(CoolProp.PT_INPUTS, p_low, value("T_suction"))
    h_suction, entropy, density = fluid.hmass(), fluid.smass(), fluid.rhomass()
    fluid.update(CoolProp.PSmass_INPUTS, p_high, entropy)
    h_isentropic = fluid.hmass()
    h_discharge_recorded = math.nan
    if value("T_discharge") > _saturation(fluid, p_high, 1):
        fluid.update(CoolProp.PT_INPUTS, p_high, value("T_discharge"))
        h_discharge_recorded = fluid.hmass()
    kept = 1.0 - machine.compressor.shell_loss_ratio
    fluid.update(CoolProp.HmassP_INPUTS, h_suction + kept * (h_isentropic - h_suction), p_high)
    m_flow = (value("Q_flow_sink") - kept * value("P_el")) / (h_suction - h_liquid)
    return replace(
        saturation,
        h_suction=h_suction,
        h_liquid=h_liquid,
        liquid_recorded=liquid_recorded,
        h_discharge=h_suction + kept * value("P_el") / m_flow if m_flow > 0.0 else math.nan,
        h_discharge_recorded=h_discharge_recorded,
        h_isentropic=h_isentropic,
        T_least_discharge=fluid.T(),
        m_flow=m_flow,
        suction_density=density,
    )


def _saturation(fluid: Any, p: float, quality: int) -> float:
    try:
        return saturation_temperature(fluid, p, quality)
    except SolveError:
        return math.nan
