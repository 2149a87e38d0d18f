import dataclasses
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.heat_pump import ROUND_OFF, HeatPump
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    LEAST_FLOW,
    Boundary,
    OperatingPoint,
    OperatingStatus,
)
from heatpump_twin.solving.cycle import HeatPumpCycle


@pytest.fixture
def heat_pump(machine: Machine, cycle: HeatPumpCycle) -> HeatPump:
    return HeatPump(machine, cycle)


def test_inside_the_envelope(heat_pump: HeatPump, machine: Machine) -> None:
    answer = heat_pump.answer(machine.design.boundary)
    assert answer.status is OperatingStatus.INSIDE
    assert answer.notes == ()


def test_off(heat_pump: HeatPump, machine: Machine) -> None:
    heat_pump.standby_power = 17.0
    off = dataclasses.replace(
        machine.design.boundary, compressor_speed=0.0, m_flow_sink=0.0, m_flow_source=0.0
    )
    answer = heat_pump.answer(off)
    assert answer.status is OperatingStatus.OFF
    assert answer.point.P_el == answer.point.Q_flow_loss == 17.0
    assert answer.point.T_sink_out == off.T_sink_in


@pytest.mark.parametrize("name", ["m_flow_source", "m_flow_sink"])
def test_without_flow_it_is_off(heat_pump: HeatPump, machine: Machine, name: str) -> None:
    answer = heat_pump.answer(dataclasses.replace(machine.design.boundary, **{name: 0.0}))
    assert answer.status is OperatingStatus.OFF
    assert answer.point.Q_flow_sink == 0.0
    assert answer.notes == (f"{name} = 0 kg/s: a machine without flow is switched off",)


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("T_sink_in", 340.0, 328.15),
        ("T_source_in", 260.0, 268.15),
        ("m_flow_sink", 0.1, 0.13416666666666668),
        ("compressor_speed", 0.1, 0.3),
        ("compressor_speed", 2.0, 1.2),
    ],
)
def test_outside_is_answered_from_the_nearest_point_inside(
    heat_pump: HeatPump, machine: Machine, name: str, value: float, limit: float
) -> None:
    outside = dataclasses.replace(machine.design.boundary, **{name: value})
    inside = dataclasses.replace(machine.design.boundary, **{name: limit})
    answer, nearest = heat_pump.answer(outside), heat_pump.answer(inside)
    assert answer.status is OperatingStatus.MOVED_TO_ENVELOPE
    assert nearest.status is OperatingStatus.INSIDE
    assert answer.point.P_el == nearest.point.P_el
    assert answer.point.Q_flow_sink == nearest.point.Q_flow_sink
    assert any(name in note and f"{value:.6g}" in note for note in answer.notes)


def test_a_sink_above_the_envelope_is_still_heated(heat_pump: HeatPump, machine: Machine) -> None:
    hot = dataclasses.replace(
        machine.design.boundary, T_sink_in=machine.envelope.maximum.T_sink_in + 9
    )
    point = heat_pump.answer(hot).point
    assert point.T_sink_out > hot.T_sink_in


def test_more_flow_than_the_envelope_takes_up_the_same_heat(
    heat_pump: HeatPump, machine: Machine
) -> None:
    boundary = dataclasses.replace(machine.design.boundary, m_flow_sink=0.8)
    point = heat_pump.answer(boundary).point
    heat = 0.8 * 4180 * (point.T_sink_out - boundary.T_sink_in)
    assert heat == pytest.approx(point.Q_flow_sink, rel=0.01)


def test_broken_limit_is_moved_towards_the_design_point(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    limit = 2.8e6
    envelope = dataclasses.replace(machine.envelope, p_high_max=limit)
    heat_pump = HeatPump(dataclasses.replace(machine, envelope=envelope), cycle)
    boundary = dataclasses.replace(machine.design.boundary, T_sink_in=325.0)
    answer = heat_pump.answer(boundary)
    assert answer.status is OperatingStatus.MOVED_TO_ENVELOPE
    assert 0.99 * limit < answer.point.p_high <= limit
    assert "p_high" in answer.notes[0]
    heat = boundary.m_flow_sink * 4180 * (answer.point.T_sink_out - boundary.T_sink_in)
    assert heat == pytest.approx(answer.point.Q_flow_sink, rel=0.01)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("T_sink_in", math.nan, "nan"),
        ("T_source_in", math.inf, "inf"),
        ("T_sink_in", 35.0, "is it in degC?"),
        ("m_flow_source", -0.1, "-0.1"),
        ("compressor_speed", -1.0, "-1"),
    ],
)
def test_meaningless_input_is_answered_by_no_point(
    heat_pump: HeatPump, machine: Machine, name: str, value: float, hint: str
) -> None:
    answer = heat_pump.answer(dataclasses.replace(machine.design.boundary, **{name: value}))
    assert answer.status is OperatingStatus.INPUT_REJECTED
    assert answer.point is None
    assert name in answer.notes[0]
    assert hint in answer.notes[0]


class Nowhere:
    """Has a solution near the design point only."""

    def __init__(self, point: OperatingPoint, T_least: float, is_map: bool) -> None:
        self.point, self.T_least = point, T_least
        self.fails_beyond_limits_only = is_map

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        if boundary.T_source_in < self.T_least:
            raise SolveError("outside the map")
        return self.point


def test_where_a_map_has_no_point_the_answer_is_as_at_a_limit(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    design, (coldest, _) = machine.design.boundary, machine.envelope.range("T_source_in")
    point = cycle.off_design(design)
    cold = dataclasses.replace(design, T_source_in=coldest)
    steady = Nowhere(point, design.T_source_in - 2.0, is_map=True)
    answer = HeatPump(machine, steady).answer(cold)
    assert answer.status is OperatingStatus.MOVED_TO_ENVELOPE
    assert answer.notes == ("outside the map; moved towards the design point",)
    # A solver may fail anywhere, so that it fails is no limit.
    steady.fails_beyond_limits_only = False
    assert HeatPump(machine, steady).answer(cold).status is OperatingStatus.SOLVE_FAILED
    # Without a solution at the design point there is nothing to move to.
    steady = Nowhere(point, design.T_source_in + 2.0, is_map=True)
    answer = HeatPump(machine, steady).answer(design)
    assert (answer.status, answer.point) == (OperatingStatus.SOLVE_FAILED, None)


def test_failed_solve_is_answered_by_no_point(machine: Machine, cycle: HeatPumpCycle) -> None:
    # An envelope that promises more than physics: brine that would freeze.
    warmest = machine.envelope.maximum.T_source_in
    envelope = machine.envelope.with_ranges({"T_source_in": (200.0, warmest)})
    heat_pump = HeatPump(dataclasses.replace(machine, envelope=envelope), cycle)
    good = heat_pump.answer(machine.design.boundary)
    answer = heat_pump.answer(dataclasses.replace(machine.design.boundary, T_source_in=210.0))
    assert answer.status is OperatingStatus.SOLVE_FAILED
    assert answer.point is None
    assert "T_source_in = 210" in answer.notes[0]
    assert heat_pump.answer(machine.design.boundary).point == good.point


def test_two_units_are_twice_one(heat_pump: HeatPump, machine: Machine) -> None:
    base = machine.design.boundary
    one = heat_pump.answer(base).point
    heat_pump.number_of_units = 2
    both = heat_pump.answer(
        dataclasses.replace(
            base, m_flow_source=2 * base.m_flow_source, m_flow_sink=2 * base.m_flow_sink
        )
    ).point
    for name in ("P_el", "Q_flow_sink", "Q_flow_source", "Q_flow_loss", "m_flow_refrigerant"):
        assert getattr(both, name) == 2 * getattr(one, name)
    assert both.COP == one.COP
    assert both.T_sink_out == one.T_sink_out


anything = st.floats(allow_nan=True, allow_infinity=True)
plausible = st.floats(200.0, 400.0)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    speed=st.one_of(anything, st.floats(0.0, 1.5)),
    T_source_in=st.one_of(anything, plausible),
    T_sink_in=st.one_of(anything, plausible),
    m_flow_source=st.one_of(anything, st.floats(0.0, 1.0)),
    m_flow_sink=st.one_of(anything, st.floats(0.0, 1.0)),
)
def test_any_floats_are_answered_with_a_balanced_finite_point(
    machine: Machine,
    cycle: HeatPumpCycle,
    speed: float,
    T_source_in: float,
    T_sink_in: float,
    m_flow_source: float,
    m_flow_sink: float,
) -> None:
    answer = HeatPump(machine, cycle).answer(
        Boundary(speed, T_source_in, T_sink_in, m_flow_source, m_flow_sink)
    )
    point = answer.point
    if point is None:
        assert answer.status is OperatingStatus.INPUT_REJECTED
        assert answer.notes
        return
    assert all(math.isfinite(value) for value in vars(point).values())
    imbalance = point.P_el + point.Q_flow_source - point.Q_flow_sink - point.Q_flow_loss
    assert abs(imbalance) <= 1e-6 * point.P_el
    # Off has a note where a medium does not flow.
    if answer.status is OperatingStatus.OFF:
        assert speed <= ROUND_OFF or min(m_flow_source, m_flow_sink) <= LEAST_FLOW
        assert bool(answer.notes) == (speed > ROUND_OFF)
    else:
        assert (answer.status is OperatingStatus.INSIDE) == (answer.notes == ())
