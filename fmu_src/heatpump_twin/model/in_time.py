"""The heat pump as time passes, readably: demand, starts and stops, inertia, energies.

`heat_pump.HeatPump` gives the steady answer to a boundary, `control` says which speed a demand
needs and when the machine is on, `dynamics` how it gets there. The core in C
(`core/heat_pump.c`) does the same at run time, and tests hold it to this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from . import control
from .dynamics import (
    REFRIGERANT_SIDES,
    SIDES,
    Lag,
    Volume,
    extra_power_after,
    heat_through_lag,
)
from .errors import SolveError
from .frost import Frosting
from .heat_pump import ROUND_OFF, HeatPump, without_round_off
from .machine import SECTIONS, Frost
from .map_table import MediumSeries
from .quantities import (
    LEAST_FLOW,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
    Boundary,
    OperatingPoint,
    OperatingStatus,
    Operation,
    SetPoints,
)
from .settings import CONTROLS, DYNAMICS, FROST, OUTSIDE_ENVELOPE, PART_LOADS, SETTINGS

_SIGNS = {"source": -1.0, "sink": 1.0}
_OFF, _ON, _SHARE = range(3)


@dataclass(frozen=True)
class Plan:
    """What a step is to do while its inputs last; results are those of all units.

    Attributes
    ----------
    off : OperatingPoint
        The machine when off.
    on : OperatingPoint, optional
        The machine when on; None where it cannot run.
    status : OperatingStatus
        Of a step that ends running.
    wants : int
        Off, on, or on for a share of the time.
    at_once : bool
        Whether it starts and stops without minimum times.
    is_mean : bool
        Whether `on` is the mean of running and pausing.
    share : float
        Demand over what the least speed gives.
    speed : float
        When on.
    unmet_on, unmet_off : float
        Demand beyond what is given, W.
    frost_factor : float
        Heat when on over that of the clean coil.
    """

    off: OperatingPoint
    on: OperatingPoint | None = None
    status: OperatingStatus = OperatingStatus.OFF
    wants: int = _OFF
    at_once: bool = False
    is_mean: bool = False
    share: float = 1.0
    speed: float = 0.0
    least_heat: float = 0.0
    unmet_on: float = 0.0
    unmet_off: float = 0.0
    frost_factor: float = 1.0


@dataclass
class _Thermal:
    heat: dict[str, Lag]
    liquid: dict[str, Volume]
    refrigerant: dict[str, Lag]
    extra_power: float = 0.0


@dataclass
class MachineInTime:
    """One or more identical heat pumps as time passes.

    Parameters
    ----------
    heat_pump : HeatPump
        Its steady answers; `number_of_units` and `standby_power` are set there.
    media : dict of str to MediumSeries
        Of ``source`` and ``sink``.
    settings : dict of str to float or str
        What differs from the machine's own, by name in `SETTINGS`.
    """

    heat_pump: HeatPump
    media: dict[str, MediumSeries]
    settings: dict[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        machine = self.heat_pump.machine
        given: dict[str, float | str] = {
            name: setting.choices[0] if setting.choices else setting.start(machine)
            for name, setting in SETTINGS.items()
        }
        self.settings = given | self.settings
        self.is_running = False
        self.time = 0.0
        self.since_change = self.since_start = control.LONG_AGO
        self.deficit = 0.0
        self.operation = replace(Operation(*(0.0 for _ in OPERATION_QUANTITIES)), frost_factor=1.0)
        self._steady: OperatingPoint | None = None
        self._thermal: _Thermal | None = None
        self._stored_at_reset = 0.0
        self._T_set = math.nan
        self._last_inputs: Boundary | None = None

    # Settings ------------------------------------------------------------------------------------

    def _number(self, name: str) -> float:
        return float(self.settings[name])

    @property
    def _control(self) -> str:
        return str(self.settings["control"])

    @property
    def _is_dynamic(self) -> bool:
        return self.settings["dynamics"] == DYNAMICS[1]

    @property
    def _goes_off_outside(self) -> bool:
        by_control, _, off = OUTSIDE_ENVELOPE
        chosen = self.settings["outside_envelope"]
        return chosen == off or (chosen == by_control and self._control != CONTROLS[0])

    def _mass(self, side: str) -> float:
        design: float = getattr(self.heat_pump.machine.design.boundary, f"m_flow_{side}")
        return self._number(f"{side}_residence_time") * design * self.heat_pump.number_of_units

    # Plans ---------------------------------------------------------------------------------------

    def _off(self, boundary: Boundary) -> OperatingPoint:
        point = self.heat_pump.answer(replace(boundary, compressor_speed=0.0)).point
        assert point is not None
        return point

    def plan(
        self, boundary: Boundary, set_points: SetPoints
    ) -> tuple[OperatingStatus, Plan | None]:
        """Plan a step; without a plan the last steady answer is held."""
        of = SET_POINT_QUANTITIES["phi_source"]
        phi = without_round_off(set_points.phi_source, of.minimum, of.maximum, of)
        has_humidity = of.minimum <= phi <= of.maximum
        frosting = self.heat_pump.frosting = self._frosting(phi) if has_humidity else None
        status, plan = (
            self._plan_speed(boundary)
            if self._control == CONTROLS[0]
            else self._plan_demand(boundary, set_points)
        )
        if plan and not has_humidity and self._counts_frost and self._may_run(plan):
            return OperatingStatus.INPUT_REJECTED, None
        if frosting and plan:
            plan = replace(plan, frost_factor=1.0 - frosting.loss(boundary.T_source_in))
        return status, plan

    @property
    def _counts_frost(self) -> bool:
        return self.settings["frost"] != FROST[0] and self.heat_pump.machine.has_coil_in_air

    def _may_run(self, plan: Plan) -> bool:
        """Whether it runs, if only until it may stop, or for a share of the time."""
        return plan.on is not None and (plan.wants != _OFF or self._is_on(plan))

    def _frosting(self, phi: float) -> Frosting | None:
        if not self._counts_frost:
            return None
        frost = Frost(**{name: self._number(name) for name in SECTIONS["frost"]})
        return Frosting(frost, phi, self.media["source"], self.media["sink"])

    def _plan_speed(self, boundary: Boundary) -> tuple[OperatingStatus, Plan | None]:
        speed = boundary.compressor_speed
        least = self.heat_pump.machine.envelope.minimum.compressor_speed
        is_share = self._is_dynamic and ROUND_OFF < speed < least - ROUND_OFF
        asked = replace(boundary, compressor_speed=least) if is_share else boundary
        answer = self.heat_pump.answer(asked)
        if answer.point is None:
            return answer.status, None
        if answer.status == OperatingStatus.OFF:
            return answer.status, Plan(answer.point, at_once=True)
        used = self._in_envelope(asked)
        moved = answer.status == OperatingStatus.MOVED_TO_ENVELOPE
        if (
            moved
            and self._goes_off_outside
            and (self._is_locked_out(boundary) or not self._keeps_limits(used))
        ):
            return OperatingStatus.OFF, Plan(self._off(boundary), at_once=True)
        plan = Plan(
            self._off(boundary),
            answer.point,
            answer.status,
            _ON,
            at_once=not is_share,
            speed=used.compressor_speed,
        )
        return answer.status, self._with_share(plan, speed / least) if is_share else plan

    def _is_locked_out(self, boundary: Boundary) -> bool:
        """Whether the source is too cold or the sink too warm for a real machine to run."""
        envelope = self.heat_pump.machine.envelope
        return (
            boundary.T_source_in < envelope.minimum.T_source_in
            or boundary.T_sink_in > envelope.maximum.T_sink_in
        )

    def _keeps_limits(self, used: Boundary) -> bool:
        try:
            point = self.heat_pump.steady_state.off_design(used)
        except SolveError:
            return False
        return self.heat_pump.is_within_limits(point)

    def _with_share(self, plan: Plan, share: float) -> Plan:
        on = plan.on
        assert on is not None
        plan = replace(plan, wants=_SHARE, share=share, least_heat=on.Q_flow_sink)
        if self.settings["part_load"] != PART_LOADS[1]:
            return plan
        mean = control.mean_of_cycling(on, plan.off, share, self._number("cycling_degradation"))
        return replace(plan, on=mean, wants=_ON, is_mean=True)

    def _in_envelope(self, boundary: Boundary) -> Boundary:
        """Inputs of one unit, moved into the envelope."""
        units, values = self.heat_pump.number_of_units, {}
        for name, (low, high) in self.heat_pump.machine.envelope.ranges.items():
            share = units if name.startswith("m_flow") else 1
            values[name] = min(max(getattr(boundary, name) / share, low), high)
        return Boundary(**values)

    def _plan_demand(
        self, boundary: Boundary, set_points: SetPoints
    ) -> tuple[OperatingStatus, Plan | None]:
        heat_pump, machine = self.heat_pump, self.heat_pump.machine
        is_heat = self._control == CONTROLS[1]
        name = "Q_flow_sink_set" if is_heat else "T_sink_out_set"
        wanted, of = getattr(set_points, name), SET_POINT_QUANTITIES[name]
        off = heat_pump.answer(replace(boundary, compressor_speed=0.0))
        if off.point is None or not of.minimum <= wanted <= of.maximum:
            return OperatingStatus.INPUT_REJECTED, None
        T_sink_in, rest = boundary.T_sink_in, Plan(off.point)
        medium = self.media["sink"]
        heat = wanted
        if not is_heat:
            rise = medium.enthalpy_at(wanted) - medium.enthalpy_at(T_sink_in)
            heat = max(boundary.m_flow_sink * rise, 0.0)
        is_asked = wanted > ROUND_OFF * of.nominal if is_heat else wanted > T_sink_in
        if not is_asked and not self.is_running:
            return OperatingStatus.OFF, rest
        unmet_off = heat if is_asked else 0.0
        locked = replace(rest, at_once=True, unmet_off=unmet_off)
        units = heat_pump.number_of_units
        if min(boundary.m_flow_source, boundary.m_flow_sink) / units <= LEAST_FLOW:
            return OperatingStatus.OFF, locked
        envelope = machine.envelope
        if self._goes_off_outside and self._is_locked_out(boundary):
            return OperatingStatus.OFF, locked
        used = self._in_envelope(boundary)
        flow = max(boundary.m_flow_sink / units, envelope.minimum.m_flow_sink)

        def given(clean: OperatingPoint) -> float:
            point = heat_pump.frosted(clean, used, boundary)
            if is_heat:
                return point.Q_flow_sink / (wanted / units)
            rise = (point.T_sink_out - used.T_sink_in) * used.m_flow_sink / flow
            return rise / (wanted - T_sink_in)

        speed, share, is_short = used.compressor_speed, 1.0, False
        if is_asked:
            found = self._speed(used, given)
            if found is None and self._goes_off_outside:
                return OperatingStatus.OFF, locked
            speed, share, is_short = found or (envelope.minimum.compressor_speed, 1.0, False)
        else:
            speed = envelope.minimum.compressor_speed
        answer = heat_pump.answer(replace(boundary, compressor_speed=speed))
        if answer.point is None or answer.status == OperatingStatus.OFF:
            return answer.status, None
        plan = Plan(off.point, answer.point, answer.status, speed=speed, unmet_off=unmet_off)
        if not is_asked:
            return answer.status, plan
        plan = replace(plan, wants=_ON)
        if share < 1.0:
            plan = self._with_share(plan, share)
            # What a pause lacks is summed up and given later; a mean does not sum it up.
            return answer.status, replace(plan, unmet_off=0.0) if plan.wants == _SHARE else plan
        missing = heat - answer.point.Q_flow_sink
        if missing > (0.0 if is_short else control.SHORT * heat):
            moved = OperatingStatus.MOVED_TO_ENVELOPE
            return moved, replace(plan, unmet_on=missing, status=moved)
        return answer.status, plan

    def _speed(
        self, used: Boundary, given: Callable[[OperatingPoint], float]
    ) -> tuple[float, float, bool] | None:
        """Speed, share of the least speed, and whether more is asked than there is.

        None where the least speed does not keep the limits.
        """
        envelope = self.heat_pump.machine.envelope
        low, high = envelope.range("compressor_speed")

        def solved(speed: float) -> OperatingPoint | None:
            try:
                return self.heat_pump.steady_state.off_design(replace(used, compressor_speed=speed))
            except SolveError:
                return None

        def keeps_limits(point: OperatingPoint | None) -> bool:
            return point is not None and self.heat_pump.is_within_limits(point)

        def log_share(speed: float) -> float:
            point = solved(speed)
            assert point is not None
            return math.log(given(point))

        def largest_within(inside: float, outside: float) -> float:
            for _ in range(10):
                middle = 0.5 * (inside + outside)
                if keeps_limits(solved(middle)):
                    inside = middle
                else:
                    outside = middle
            return inside

        if not keeps_limits(solved(low)):
            return None
        of_low = log_share(low)
        if of_low >= 0.0:
            return low, math.exp(-of_low), False
        if solved(high) is None:
            high = largest_within(low, high)
        of_high, speed = log_share(high), high
        if of_high > 0.0:
            speed = control.speed_that_meets(log_share, low, high, of_low, of_high)
        is_short = of_high < -control.TOLERANCE
        if not keeps_limits(solved(speed)):
            return largest_within(low, speed), 1.0, True
        return speed, 1.0, is_short

    # Time ----------------------------------------------------------------------------------------

    def step(
        self, boundary: Boundary, set_points: SetPoints, step_size: float
    ) -> tuple[OperatingPoint | None, OperatingStatus]:
        """Go on by a step.

        Parameters
        ----------
        boundary : Boundary
            Inputs; K and kg/s of all units.
        set_points : SetPoints
            K and W.
        step_size : float
            s.

        Returns
        -------
        OperatingPoint or None
            What shows at the end; None where nothing is planned: the machine goes on towards the
            last steady answer, with the inputs of then.
        OperatingStatus
            Of that.
        """
        self._T_set = set_points.T_sink_out_set
        status, plan = self.plan(boundary, set_points)
        if plan is None:
            self._hold(step_size)
            return None, status
        self._last_inputs = boundary
        point = self._go_on(plan, boundary, step_size)
        return point, plan.status if self.is_running else OperatingStatus.OFF

    def _hold(self, step_size: float) -> None:
        if self._steady is None or self._last_inputs is None:
            return
        plan = Plan(
            self._steady,
            self._steady if self.is_running else None,
            wants=_ON if self.is_running else _OFF,
            at_once=True,
            speed=self.operation.speed_used,
            frost_factor=self.operation.frost_factor,
        )
        self._go_on(plan, self._last_inputs, step_size)

    def _streams(self, boundary: Boundary) -> dict[str, tuple[float, float]]:
        """Flow in kg/s and enthalpy in J/kg of each stream at its inlet."""
        units, streams = self.heat_pump.number_of_units, {}
        for side in SIDES:
            m_flow = getattr(boundary, f"m_flow_{side}")
            if self.is_running:
                least = getattr(self.heat_pump.machine.envelope.minimum, f"m_flow_{side}")
                m_flow = max(m_flow, least * units)
            h_in = self.media[side].enthalpy_at(getattr(boundary, f"T_{side}_in"))
            streams[side] = (m_flow if m_flow > LEAST_FLOW else 0.0, h_in)
        return streams

    def _go_on(self, plan: Plan, boundary: Boundary, step_size: float) -> OperatingPoint:
        if self._is_dynamic and self._thermal is None:
            streams = self._streams(boundary)
            self._thermal = _Thermal(
                {side: Lag(0.0, 0.0) for side in SIDES},
                {side: Volume(self._mass(side), streams[side][1]) for side in SIDES},
                {name: Lag(*2 * (getattr(plan.off, name),)) for name in REFRIGERANT_SIDES},
            )
            self._stored_at_reset = self._stored()
        left, interval = step_size, max(1.0, step_size / control.MOST_INTERVALS)
        while True:
            is_on = self._is_on(plan)
            if is_on != self.is_running:
                self._switch(plan, is_on)
            on = plan.on if is_on else plan.off
            assert on is not None
            self._steady = on
            duration = min(left, self._rest(plan, interval))
            duration = left if left - duration < control.TIME_ROUND_OFF else duration
            target = self._target()
            energies = self._advance(target, boundary, duration)
            self._count(plan, energies, duration)
            left -= duration
            if left <= 0.0:
                break
        target = self._target()
        point = self._shown(target, boundary) if self._is_dynamic else target
        stored = point.P_el + point.Q_flow_source - point.Q_flow_sink - point.Q_flow_loss
        self.operation = replace(
            self.operation,
            speed_used=plan.speed if self.is_running else 0.0,
            frost_factor=plan.frost_factor if self.is_running else 1.0,
            Q_flow_unmet=plan.unmet_on if self.is_running else plan.unmet_off,
            Q_flow_stored=stored if self._is_dynamic else 0.0,
            E_stored=self._stored() - self._stored_at_reset if self._is_dynamic else 0.0,
        )
        return point

    def _times(self) -> control.MinimumTimes:
        return control.MinimumTimes(
            self._number("minimum_run_time"),
            self._number("minimum_pause_time"),
            control.HOUR / self._number("most_starts_per_hour"),
        )

    def _locked_for(self, plan: Plan) -> float:
        if plan.at_once:
            return 0.0
        return self._times().locked_for(self.is_running, self.since_change, self.since_start)

    def _is_on(self, plan: Plan) -> bool:
        if plan.on is None:
            return False
        if self._locked_for(plan) > control.TIME_ROUND_OFF:
            return self.is_running
        if plan.wants != _SHARE:
            return plan.wants == _ON
        if self._control != CONTROLS[2]:
            return control.wants_heat(
                self.is_running, self.deficit, self._number("cycling_hysteresis")
            )
        return control.wants_temperature(
            self.is_running,
            self._T_sink_out(plan),
            self._T_set,
            self._number("temperature_hysteresis"),
        )

    def _T_sink_out(self, plan: Plan) -> float:
        if self._thermal is not None:
            return self.media["sink"].temperature_at(self._thermal.liquid["sink"].h)
        on = plan.on if self.is_running else plan.off
        assert on is not None
        return on.T_sink_out

    def _switch(self, plan: Plan, is_on: bool) -> None:
        self.is_running, self.since_change = is_on, 0.0
        starts = is_on and not plan.is_mean
        extra = 0.0
        if starts:
            assert plan.on is not None
            self.since_start = 0.0
            self.operation = replace(self.operation, starts=self.operation.starts + 1.0)
            extra = self._number("start_power_ratio") * plan.on.P_el
        elif not plan.is_mean and self._steady is not None and self._thermal is not None:
            extra = self._steady.P_el + self._thermal.extra_power - plan.off.P_el
        if self._thermal is not None:
            self._thermal.extra_power = extra

    def _pumps_left(self) -> float:
        if self.is_running or not self._is_dynamic:
            return 0.0
        return self._number("pump_run_on_time") - self.since_change

    def _rest(self, plan: Plan, interval: float) -> float:
        """How long nothing changes, s."""
        rest = math.inf
        if plan.wants == _SHARE or (plan.wants == _ON) != self.is_running:
            looks = math.floor((self.time + control.TIME_ROUND_OFF) / interval) + 1.0
            to_look = looks * interval - self.time
            locked = self._locked_for(plan) - to_look - control.TIME_ROUND_OFF
            rest = to_look + max(math.ceil(locked / interval), 0.0) * interval
        pumps = self._pumps_left()
        return min(rest, pumps) if pumps > control.TIME_ROUND_OFF else rest

    def _target(self) -> OperatingPoint:
        """The steady answer, with auxiliaries that run on."""
        steady = self._steady
        assert steady is not None
        if self._pumps_left() <= control.TIME_ROUND_OFF:
            return steady
        more = self.heat_pump.machine.design_auxiliary_power * self.heat_pump.number_of_units
        return replace(steady, P_el=steady.P_el + more, Q_flow_loss=steady.Q_flow_loss + more)

    def _advance(
        self, target: OperatingPoint, boundary: Boundary, duration: float
    ) -> dict[str, float]:
        """Move lags and liquid on, and return the energies of the interval in J."""
        if self._thermal is None:
            return {
                "el": target.P_el * duration,
                "loss": target.Q_flow_loss * duration,
                "source": target.Q_flow_source * duration,
                "sink": target.Q_flow_sink * duration,
            }
        thermal, energies = self._thermal, {}
        for side, (m_flow, h_in) in self._streams(boundary).items():
            lag, sign = self._number(f"{side}_lag"), _SIGNS[side]
            steady = getattr(target, f"Q_flow_{side}")
            before, liquid = thermal.heat[side], thermal.liquid[side]
            after = before.after(duration, steady, lag)
            into = Lag(sign * before.first, sign * before.second)
            liquid_after = liquid.after(duration, into, sign * steady, lag, m_flow, h_in)
            through = heat_through_lag(before, after, steady, lag, duration)
            energies[side] = through - sign * liquid.mass * (liquid_after.h - liquid.h)
            thermal.heat[side], thermal.liquid[side] = after, liquid_after
        for name, side in REFRIGERANT_SIDES.items():
            lag = self._number(f"{side}_lag")
            of = thermal.refrigerant[name]
            thermal.refrigerant[name] = of.after(duration, getattr(target, name), lag)
        time = self._number("start_power_time" if self.is_running else "stop_power_time")
        thermal.extra_power, extra = extra_power_after(duration, thermal.extra_power, time)
        energies["el"] = target.P_el * duration + extra
        energies["loss"] = target.Q_flow_loss * duration + extra
        return energies

    def _count(self, plan: Plan, energies: dict[str, float], duration: float) -> None:
        of, unmet = self.operation, plan.unmet_on if self.is_running else plan.unmet_off
        ran = (plan.share if plan.is_mean else 1.0) * duration if self.is_running else 0.0
        self.operation = replace(
            of,
            E_el=of.E_el + energies["el"],
            E_loss=of.E_loss + energies["loss"],
            E_sink=of.E_sink + energies["sink"],
            E_source=of.E_source + energies["source"],
            E_unmet=of.E_unmet + unmet * duration,
            run_time=of.run_time + ran,
        )
        if plan.wants != _SHARE:
            self.deficit = 0.0
        elif self._control == CONTROLS[1]:
            self.deficit += plan.share * duration - energies["sink"] / plan.least_heat
        else:
            self.deficit += plan.share * duration - (duration if self.is_running else 0.0)
        self.time += duration
        self.since_change += duration
        self.since_start += duration
        if abs(self.time - round(self.time)) <= control.TIME_ROUND_OFF:
            self.time = float(round(self.time))

    def _stored(self) -> float:
        """Heat in metal and liquid, J, from an arbitrary zero."""
        assert self._thermal is not None
        stored = 0.0
        for side in SIDES:
            heat, liquid = self._thermal.heat[side], self._thermal.liquid[side]
            stored += _SIGNS[side] * self._number(f"{side}_lag") * (heat.first + heat.second)
            stored += liquid.mass * liquid.h
        return stored

    def _shown(self, target: OperatingPoint, boundary: Boundary) -> OperatingPoint:
        assert self._thermal is not None
        values = {name: lag.second for name, lag in self._thermal.refrigerant.items()}
        for side, (m_flow, h_in) in self._streams(boundary).items():
            h, of = self._thermal.liquid[side].h, RESULT_QUANTITIES[f"T_{side}_out"]
            T = self.media[side].temperature_at(h)
            values[of.name] = min(max(T, of.minimum), of.maximum)
            values[f"Q_flow_{side}"] = _SIGNS[side] * m_flow * (h - h_in)
        P_el = target.P_el + self._thermal.extra_power
        COP = values["Q_flow_sink"] / P_el
        values["COP"] = min(COP, RESULT_QUANTITIES["COP"].maximum) if self.is_running else 0.0
        values["COP"] = max(values["COP"], 0.0)
        loss = target.Q_flow_loss + self._thermal.extra_power
        return replace(target, P_el=P_el, Q_flow_loss=loss, **values)
