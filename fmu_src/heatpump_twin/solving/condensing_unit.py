"""Compressor and condenser of one machine at a given suction state.

This part of the cycle does not depend on the source: its results follow from suction state, speed
and sink alone. `quick_cycle` adds the evaporator; `map_making.tabulation` tabulates it.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

import CoolProp

from ..model.errors import SolveError
from ..model.machine import Machine
from ..model.quantities import Boundary
from ..model.relations import Relations
from .media import Media, saturation_temperature

# The condenser's heat balance is solved to this fraction of the design heat flow.
TOLERANCE = 1e-10
ITERATIONS = 40

# Condensing this many kelvin above the sink inlet is where the search begins; the steps are
# limited, since a state far off may not exist.
FIRST_APPROACH = 8.0
FIRST_STEP, LARGEST_STEP = 0.02, 0.2  # in the logarithm of a pressure


# A map needs a smooth function in the corners of its box, too, where the machine would exceed its
# largest discharge pressure or the critical point. Up to this factor on the largest pressure, and
# this share of the critical temperature, states are the refrigerant's; beyond, the unit goes on by
# its slope over this step of the logarithm of the pressure. All of that is beyond the limit. So it
# does below a pressure ratio at which a sink much colder than the suction gas leaves no work.
BEYOND_LIMIT, HIGHEST_SHARE, EXTENSION_STEP = 1.05, 0.985, 0.01
LEAST_RATIO = 1.05

# Nearer to saturation, K, pressure and temperature are no state: enthalpy goes on linearly.
SATURATION_MARGIN = 0.01

# Share of the highest temperature of the equation of state up to which it gives T_discharge.
HOTTEST_SHARE = 0.95


@dataclass(frozen=True)
class SuctionState:
    """Refrigerant before the compressor, SI units."""

    p: float
    T_dew: float
    superheat: float
    h: float
    entropy: float
    density: float


@dataclass(frozen=True)
class UnitState:
    """What the condensing unit does, SI units.

    Attributes
    ----------
    heat_excess : float
        Heat that the refrigerant brings over heat that the condenser transfers at that pressure, W;
        0 at the solution.
    m_flow_refrigerant, compressor_power, Q_flow_sink, Q_flow_source : float
        Refrigerant flow, electric power of the compressor, and heat flows of condenser and
        evaporator.
    T_bubble, subcooling, p_high, h_discharge, h_liquid : float
        Of the refrigerant.
    """

    heat_excess: float
    m_flow_refrigerant: float
    compressor_power: float
    Q_flow_sink: float
    Q_flow_source: float
    T_bubble: float
    subcooling: float
    p_high: float
    h_discharge: float
    h_liquid: float


class CondensingUnit:
    """Compressor and condenser of one machine.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    relations : Relations
        Its closures.
    media : Media
        Its media.
    """

    def __init__(self, machine: Machine, relations: Relations, media: Media) -> None:
        self._machine = machine
        self._relations = relations
        self._media = media
        self._fluid = media.refrigerant
        self._fluid.update(CoolProp.QT_INPUTS, 0.0, HIGHEST_SHARE * self._fluid.T_critical())
        limit = BEYOND_LIMIT * machine.envelope.p_high_max
        #: Discharge pressure up to which its states are those of the refrigerant, Pa.
        self.highest_pressure = min(limit, float(self._fluid.p()))

    def suction_state(self, p: float, T_dew: float, superheat: float) -> SuctionState:
        """Return the state at suction; `T_dew` is that of `p`.

        Raises
        ------
        ValueError
            If it does not exist.
        """
        self._fluid.update(CoolProp.PT_INPUTS, p, T_dew + superheat)
        return SuctionState(
            p, T_dew, superheat, self._fluid.hmass(), self._fluid.smass(), self._fluid.rhomass()
        )

    def at_pressure(
        self, suction: SuctionState, p_high: float, boundary: Boundary, capacity_flow: float
    ) -> UnitState:
        """Return what the unit does at a discharge pressure, whether its heat balances or not.

        Above `highest_pressure`, and below `LEAST_RATIO`, it goes on linearly in the logarithm of
        the pressure.

        Parameters
        ----------
        suction : SuctionState
            Before the compressor.
        p_high : float
            Discharge pressure, Pa.
        boundary : Boundary
            Speed, sink inlet and sink flow of it matter.
        capacity_flow : float
            Of the sink, W/K.

        Raises
        ------
        ValueError
            If a state does not exist.
        """
        last, step = self._edge(suction, p_high)
        if not step:
            return self._at_pressure(suction, p_high, boundary, capacity_flow)
        at_edge, before = self._edge_states(suction, last, step, boundary, capacity_flow)
        share = math.log(p_high / last) / step
        extended = (
            a + share * (a - b) for a, b in zip(astuple(at_edge), astuple(before), strict=True)
        )
        return replace(UnitState(*extended), p_high=p_high)

    def _edge(self, suction: SuctionState, p_high: float) -> tuple[float, float]:
        """The last pressure with states of the refrigerant, and the step to it; 0 if inside."""
        lowest = LEAST_RATIO * suction.p
        if p_high > self.highest_pressure:
            return self.highest_pressure, EXTENSION_STEP
        return (lowest, -EXTENSION_STEP) if p_high < lowest else (p_high, 0.0)

    def _edge_states(
        self,
        suction: SuctionState,
        last: float,
        step: float,
        boundary: Boundary,
        capacity_flow: float,
    ) -> tuple[UnitState, UnitState]:
        """At an edge and one step before: the unit goes on by their difference."""
        at_edge, before = (
            self._at_pressure(suction, last * math.exp(-back), boundary, capacity_flow)
            for back in (0.0, step)
        )
        return at_edge, before

    def _at_pressure(
        self, suction: SuctionState, p_high: float, boundary: Boundary, capacity_flow: float
    ) -> UnitState:
        relations, fluid = self._relations, self._fluid
        ratio, speed = p_high / suction.p, boundary.compressor_speed
        T_bubble = saturation_temperature(fluid, p_high, 0)
        subcooling = relations.subcooling(T_bubble, boundary)
        fluid.update(CoolProp.PSmass_INPUTS, p_high, suction.entropy)
        rise = fluid.hmass() - suction.h
        h_liquid = self._liquid_enthalpy(p_high, T_bubble, subcooling)
        m_flow = relations.delivered_flow(ratio, suction.density, speed)
        work = rise / relations.isentropic_efficiency(ratio, suction.density, speed)
        h_discharge = suction.h + (1.0 - self._machine.compressor.shell_loss_ratio) * work
        Q_flow_sink = m_flow * (h_discharge - h_liquid)
        transferred = relations.condenser_heat_flow(T_bubble, m_flow, boundary, capacity_flow)
        return UnitState(
            heat_excess=Q_flow_sink - transferred,
            m_flow_refrigerant=m_flow,
            compressor_power=m_flow * work,
            Q_flow_sink=Q_flow_sink,
            Q_flow_source=m_flow * (suction.h - h_liquid),
            T_bubble=T_bubble,
            subcooling=subcooling,
            p_high=p_high,
            h_discharge=h_discharge,
            h_liquid=h_liquid,
        )

    def _liquid_enthalpy(self, p: float, T_bubble: float, subcooling: float) -> float:
        def at(distance: float) -> float:
            self._fluid.update(CoolProp.PT_INPUTS, p, T_bubble - distance)
            return float(self._fluid.hmass())

        if subcooling >= SATURATION_MARGIN:
            return at(subcooling)
        near, far = at(SATURATION_MARGIN), at(2.0 * SATURATION_MARGIN)
        return near + (far - near) * (subcooling / SATURATION_MARGIN - 1.0)

    def solve(self, suction: SuctionState, boundary: Boundary) -> UnitState:
        """Find the discharge pressure at which the condenser's heat balances.

        Parameters
        ----------
        suction : SuctionState
            Before the compressor.
        boundary : Boundary
            Speed, sink inlet and sink flow of it matter.

        Raises
        ------
        SolveError
            If there is none.
        """
        capacity_flow = self._media.sink_capacity_flow(boundary)
        tolerance = TOLERANCE * self._machine.design.Q_flow_sink
        try:
            approach = FIRST_APPROACH * boundary.compressor_speed
            warmest = HIGHEST_SHARE * self._fluid.T_critical()
            begin = min(boundary.T_sink_in + approach, warmest)
            self._fluid.update(CoolProp.QT_INPUTS, 0.0, begin)
            x = math.log(self._fluid.p())
            before = self.at_pressure(suction, math.exp(x), boundary, capacity_flow)
            step = math.copysign(FIRST_STEP, before.heat_excess)
            for _ in range(ITERATIONS):
                x += step
                state = self.at_pressure(suction, math.exp(x), boundary, capacity_flow)
                change = state.heat_excess - before.heat_excess
                if abs(state.heat_excess) <= tolerance or change == 0.0:
                    break
                step *= -state.heat_excess / change
                step = max(min(step, LARGEST_STEP), -LARGEST_STEP)
                before = state
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            raise SolveError(f"condensing unit: {error}") from error
        # Two equal residuals mean that the limit of floating-point precision is reached.
        if not abs(state.heat_excess) <= 1e3 * tolerance:
            raise SolveError("condensing unit: no discharge pressure balances its heat")
        return state

    def T_discharge(self, suction: SuctionState, state: UnitState, boundary: Boundary) -> float:
        """Refrigerant temperature after the compressor, K.

        Beyond the edges of `at_pressure` it goes on as the state does.

        Parameters
        ----------
        suction, state : SuctionState, UnitState
            Before the compressor, and what `solve` gave for it.
        boundary : Boundary
            As given to `solve`.

        Raises
        ------
        SolveError
            If CoolProp has no such state.
        """
        try:
            last, step = self._edge(suction, state.p_high)
            if not step:
                return self._temperature(state)
            capacity_flow = self._media.sink_capacity_flow(boundary)
            at_edge, before = map(
                self._temperature, self._edge_states(suction, last, step, boundary, capacity_flow)
            )
        except ValueError as error:
            raise SolveError(f"condensing unit: discharge temperature: {error}") from error
        return at_edge + math.log(state.p_high / last) / step * (at_edge - before)

    def _temperature(self, state: UnitState) -> float:
        """By enthalpy and pressure; where the equation of state ends, on by the heat capacity."""
        hottest = HOTTEST_SHARE * self._fluid.Tmax()
        self._fluid.update(CoolProp.PT_INPUTS, state.p_high, hottest)
        excess = state.h_discharge - self._fluid.hmass()
        if excess > 0.0:
            return float(hottest + excess / self._fluid.cpmass())
        self._fluid.update(CoolProp.HmassP_INPUTS, state.h_discharge, state.p_high)
        return float(self._fluid.T())
