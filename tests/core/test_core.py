"""The core as it is loaded: what holds at every answer, its parameters, and its state."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from conftest import random_boundaries

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
    OperatingStatus,
)


@pytest.fixture(scope="module")
def content(machine: Machine, certified: CertifiedMap) -> bytes:
    return map_file(machine, certified.table)


@pytest.fixture
def core(content: bytes) -> HeatPump:
    return HeatPump(content)


# Round-off is not a request ----------------------------------------------------------------------


@pytest.mark.parametrize("speed", [0.0, 1e-16, -1e-16, -0.0, 1.1e-16])
def test_a_speed_of_round_off_is_off(core: HeatPump, machine: Machine, speed: float) -> None:
    answer = core.answer(replace(machine.design.boundary, compressor_speed=speed))
    assert answer.status is OperatingStatus.OFF
    assert answer.notes == ()
    assert answer.point.P_el == machine.standby_power


def test_an_end_of_the_envelope_plus_round_off_is_inside(core: HeatPump, machine: Machine) -> None:
    largest = machine.envelope.maximum.compressor_speed
    beyond = math.nextafter(largest, math.inf)
    assert beyond > largest
    answer, at_end = (
        core.answer(replace(machine.design.boundary, compressor_speed=speed))
        for speed in (beyond, largest)
    )
    assert answer == at_end
    assert answer.status is OperatingStatus.INSIDE


def test_a_flow_of_round_off_is_none(core: HeatPump, machine: Machine) -> None:
    little, none = (
        core.answer(replace(machine.design.boundary, m_flow_sink=flow)) for flow in (-1e-18, 0.0)
    )
    assert little.status is OperatingStatus.OFF
    assert little.point == none.point
    assert little.notes == none.notes


def test_results_lie_in_their_declared_ranges(core: HeatPump) -> None:
    rng = random.Random(64)
    ranges = [(q.minimum, q.maximum) for q in BOUNDARY_QUANTITIES.values()]
    for _ in range(20_000):
        values = [rng.choice((*r, rng.uniform(*r), r[0] + 1e-3 * rng.random())) for r in ranges]
        answer = core.answer(Boundary(*values))
        assert answer.point is not None
        for name, value in vars(answer.point).items():
            of = RESULT_QUANTITIES[name]
            assert of.minimum <= value <= of.maximum, (values, name, value)


# The map -----------------------------------------------------------------------------------------


def test_answer_does_not_depend_on_the_order(content: bytes, machine: Machine) -> None:
    boundaries = random_boundaries(machine, 200, seed=55)
    # Neighbours that share the inputs of the condensing unit, which are contracted once.
    boundaries = [b for a in boundaries for b in (a, replace(a, T_source_in=280.0))]
    forwards, backwards = HeatPump(content), HeatPump(content)
    nowhere = replace(machine.design.boundary, T_source_in=200.0)
    expected = [forwards.off_design(b) for b in boundaries]
    found = []
    for boundary in reversed(boundaries):
        with pytest.raises(SolveError):
            backwards.off_design(nowhere)
        found.append(backwards.off_design(boundary))
    assert found[::-1] == expected


def test_a_boundary_without_a_solution_in_the_table_is_a_solve_error(
    core: HeatPump, machine: Machine
) -> None:
    for changes in ({"T_source_in": 230.0}, {"T_source_in": 340.0}, {"m_flow_source": 1e-4}):
        with pytest.raises(SolveError):
            core.off_design(replace(machine.design.boundary, **changes))


# Parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0.0, 0.5, 1.5, -1.0, 1e9, math.nan, math.inf])
def test_a_number_of_units_that_cannot_be_is_refused(core: HeatPump, number: float) -> None:
    assert core.set_parameter("number_of_units", 3.0)
    assert not core.set_parameter("number_of_units", number)
    assert core.parameter("number_of_units") == 3.0


def test_standby_power_is_that_which_is_set(core: HeatPump, machine: Machine) -> None:
    assert core.parameter("standby_power") == machine.standby_power
    assert core.set_parameter("standby_power", 17.0)
    off = core.answer(replace(machine.design.boundary, compressor_speed=0.0))
    assert off.point.P_el == off.point.Q_flow_loss == 17.0


# State -------------------------------------------------------------------------------------------


def test_state_holds_all_that_a_later_answer_depends_on(content: bytes, machine: Machine) -> None:
    first, second = HeatPump(content), HeatPump(content)
    first.set_parameter("number_of_units", 2.0)
    first.answer(machine.design.boundary)
    second.answer(replace(machine.design.boundary, T_sink_in=310.0))
    second.state = first.state
    assert second.state == first.state
    assert second.results == first.results
    rejected = replace(machine.design.boundary, T_sink_in=math.nan)
    assert second.answer(rejected) == first.answer(rejected)
    assert second.results == first.results
    assert second.answer(machine.design.boundary) == first.answer(machine.design.boundary)


def test_bytes_that_are_no_state_change_nothing(content: bytes, machine: Machine) -> None:
    core = HeatPump(content)
    core.answer(machine.design.boundary)
    state, rng = core.state, random.Random(65)
    other = HeatPump(content).state
    bad = [b"", state[:-1], state + b"\0", bytes(len(state)), b"\xff" * len(state)]
    # Every byte of what it is, of the layout and of the map's hash.
    bad += [state[:i] + bytes([state[i] ^ 1]) + state[i + 1 :] for i in range(48)]
    bad += [bytes(rng.randrange(256) for _ in range(len(state))) for _ in range(100)]
    for content_of_state in bad:
        with pytest.raises(InputError, match="no state of this heat pump"):
            core.state = content_of_state
        assert core.state == state
    core.state = other
    assert core.state == other


def test_state_of_another_map_is_refused(
    content: bytes, machine: Machine, certified: CertifiedMap
) -> None:
    other = HeatPump(map_file(replace(machine, standby_power=3.0), certified.table))
    with pytest.raises(InputError, match="no state"):
        HeatPump(content).state = other.state
