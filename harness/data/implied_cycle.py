"""The refrigerant cycle that a record implies: what its readings fix and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import CoolProp
import pandas as pd

from heatpump_twin.model import closures
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.media import abstract_state, saturation_temperature

# What the cycle follows from: with another value of any other quantity it is the same.
NEEDED = frozenset(
    ("p_low", "p_high", "T_suction", "T_liquid", "T_discharge", "T_sink_in", "P_el", "Q_flow_sink")
)

# States of the records at hand: screening varies one reading at a time, and many variations have
# the same states.
KEPT_STATES = 64


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


def implied_cycle(record: pd.Series[float] | Mapping[str, float], machine: Machine) -> ImpliedCycle:
    """Work out the cycle behind one record.

    Parameters
    ----------
    record : pandas.Series or mapping
        Values by quantity, SI units; missing quantities are allowed.
    machine : Machine
        Its refrigerant, shell loss and subcooling fraction.
    """

    def value(quantity: str) -> float:
        return float(record.get(quantity, math.nan))

    p_low, p_high, T_suction = value("p_low"), value("p_high"), value("T_suction")
    if math.isnan(p_low + p_high):
        return ImpliedCycle()
    T_dew = _saturation(machine.refrigerant, p_low, 1)
    T_bubble = _saturation(machine.refrigerant, p_high, 0)
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
        return _complete(saturation, value, T_liquid, liquid_recorded, machine)
    except ValueError:  # CoolProp: no such state, far outside what the fluid is known for
        return saturation


def _complete(
    saturation: ImpliedCycle,
    value: Callable[[str], float],
    T_liquid: float,
    liquid_recorded: bool,
    machine: Machine,
) -> ImpliedCycle:
    kept = 1.0 - machine.compressor.shell_loss_ratio
    states = _states(
        machine.refrigerant,
        value("p_low"),
        value("p_high"),
        value("T_suction"),
        T_liquid,
        value("T_discharge"),
        kept,
    )
    heat = value("Q_flow_sink") - kept * value("P_el")
    m_flow = heat / (states.h_suction - states.h_liquid)
    return replace(
        saturation,
        h_suction=states.h_suction,
        h_liquid=states.h_liquid,
        liquid_recorded=liquid_recorded,
        h_discharge=states.h_suction + kept * value("P_el") / m_flow if m_flow > 0.0 else math.nan,
        h_discharge_recorded=states.h_discharge,
        h_isentropic=states.h_isentropic,
        T_least_discharge=states.T_least_discharge,
        m_flow=m_flow,
        suction_density=states.suction_density,
    )


@dataclass(frozen=True)
class _States:
    """States that pressures and temperatures fix, SI units; `h_discharge` is NaN where wet."""

    h_liquid: float
    h_suction: float
    suction_density: float
    h_isentropic: float
    h_discharge: float
    T_least_discharge: float


@lru_cache(maxsize=KEPT_STATES)
def _states(
    refrigerant: str,
    p_low: float,
    p_high: float,
    T_suction: float,
    T_liquid: float,
    T_discharge: float,
    kept: float,
) -> _States:
    fluid = _fluid(refrigerant)
    fluid.update(CoolProp.PT_INPUTS, p_high, T_liquid)
    h_liquid = fluid.hmass()
    fluid.update(CoolProp.PT_INPUTS, p_low, T_suction)
    h_suction, entropy, density = fluid.hmass(), fluid.smass(), fluid.rhomass()
    fluid.update(CoolProp.PSmass_INPUTS, p_high, entropy)
    h_isentropic = fluid.hmass()
    h_discharge = math.nan
    if T_discharge > _saturation(refrigerant, p_high, 1):
        fluid.update(CoolProp.PT_INPUTS, p_high, T_discharge)
        h_discharge = fluid.hmass()
    fluid.update(CoolProp.HmassP_INPUTS, h_suction + kept * (h_isentropic - h_suction), p_high)
    return _States(h_liquid, h_suction, density, h_isentropic, h_discharge, fluid.T())


@lru_cache(maxsize=KEPT_STATES)
def _saturation(refrigerant: str, p: float, quality: int) -> float:
    try:
        return saturation_temperature(_fluid(refrigerant), p, quality)
    except SolveError:
        return math.nan


@cache
def _fluid(refrigerant: str) -> Any:
    """Return the state object of a refrigerant; making one takes longer than the states do."""
    return abstract_state(refrigerant)
