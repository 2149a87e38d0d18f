"""What physics and users demand of the machine as time passes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import random_boundaries
from scipy.integrate import solve_ivp
from test_in_time import core_of, course, step

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.dynamics import Lag, Volume, heat_through_lag
from heatpump_twin.model.quantities import Boundary, OperatingStatus, SetPoints
from heatpump_twin.model.settings import CONTROLS

Maps = dict[str, CertifiedMap]
NO_SET_POINTS = SetPoints(0.0, 310.0, 0.84)


@pytest.fixture
def design() -> Boundary:
    return read_machine("mci_lab").design.boundary


def dynamic(maps: Maps, **settings: Any) -> Core:
    return core_of("mci_lab", maps, dynamics="dynamic", start_power_ratio=0.1, **settings)


@pytest.mark.parametrize(("lag", "mass", "m_flow"), [(6, 3, 0.3), (18, 5.4, 0.3), (5, 9, 0.0)])
def test_exact_solution_is_that_of_an_integrator(lag: float, mass: float, m_flow: float) -> None:
    """Also where both time constants are equal, 18 s, and without flow."""
    heat, target, h_in = Lag(100.0, 2000.0), 5000.0, 1.5e5

    def right_side(_: float, y: Any) -> list[float]:
        first, second, h, _ = y
        return [
            (target - first) / lag,
            (first - second) / lag,
            (second - m_flow * (h - h_in)) / mass,
            second,
        ]

    end = solve_ivp(
        right_side, (0.0, 25.0), [*vars(heat).values(), 1.6e5, 0.0], rtol=1e-11, atol=1e-9
    )
    first, second, h, through = end.y[:, -1]
    after = heat.after(25.0, target, lag)
    volume = Volume(mass, 1.6e5).after(25.0, heat, target, lag, m_flow, h_in)
    assert (after.first, after.second) == pytest.approx((first, second), rel=1e-8)
    assert volume.h == pytest.approx(h, rel=1e-9)
    assert heat_through_lag(heat, after, target, lag, 25.0) == pytest.approx(through, rel=1e-8)


@pytest.mark.parametrize("control", CONTROLS)
def test_results_do_not_depend_on_the_step_size(control: str, certified_maps: Maps) -> None:
    """Steps of 1, 10 and 60 s at common instants, inputs constant over 60 s, cycling too."""
    machine, shown = read_machine("mci_lab"), {}
    steps = [(b, s) for b, s, _ in course(machine, 3, 150)]
    for size in (1.0, 10.0, 60.0):
        core, rows = dynamic(certified_maps, control=control, pump_run_on_time=95.0), []
        for boundary, points in steps:
            for _ in range(round(60.0 / size)):
                step(core, boundary, points, size)
            rows.append([*vars(core.results).values(), *vars(core.operation).values()])
        shown[size] = np.array(rows)
    scale = np.maximum(np.abs(shown[60.0]), 1.0)
    for size in (1.0, 10.0):
        assert np.max(np.abs(shown[size] - shown[60.0]) / scale) < 1e-9
    starts = shown[60.0][-1, -2]
    assert starts > 3


@pytest.mark.parametrize("control", CONTROLS)
def test_balance_with_stored_heat_closes(control: str, certified_maps: Maps) -> None:
    core = dynamic(certified_maps, control=control)
    machine = read_machine("mci_lab")
    for boundary, points, size in course(machine, 5, 2000):
        step(core, boundary, points, size)
        of, now = core.operation, core.results
        into, out = of.E_el + of.E_source, of.E_sink + of.E_loss + of.E_stored
        assert abs(into - out) <= 1e-9 * max(of.E_el + abs(of.E_source), 1e6)
        rate = now.P_el + now.Q_flow_source - now.Q_flow_sink - now.Q_flow_loss
        assert rate == pytest.approx(of.Q_flow_stored, abs=1e-6)


def test_steady_state_is_untouched(design: Boundary, certified_maps: Maps) -> None:
    """After a long time dynamics end at the steady answer, and without dynamics nothing changes."""
    steady, moving = core_of("mci_lab", certified_maps), dynamic(certified_maps)
    for boundary in random_boundaries(read_machine("mci_lab"), 50, 8):
        expected = steady.answer(boundary, 60.0).point
        found = moving.answer(boundary, 36000.0).point
        assert expected is not None
        assert found is not None
        for name, value in vars(expected).items():
            assert getattr(found, name) == pytest.approx(value, rel=1e-8, abs=1e-8), name


def test_first_minute_does_not_give_full_heat(design: Boundary, certified_maps: Maps) -> None:
    core = dynamic(certified_maps)
    first = core.answer(design, 0.0).point
    assert first is not None
    assert first.Q_flow_sink == pytest.approx(0.0, abs=1e-6)
    assert first.T_sink_out == pytest.approx(design.T_sink_in, abs=1e-5)
    after_10_s = core.answer(design, 10.0).point
    assert after_10_s is not None
    steady = read_machine("mci_lab").design.Q_flow_sink
    assert 0.05 * steady < after_10_s.Q_flow_sink < 0.6 * steady


def test_stop_gives_back_what_was_stored(design: Boundary, certified_maps: Maps) -> None:
    core = dynamic(certified_maps)
    core.answer(design, 3600.0)
    stored = core.operation.E_stored
    before = core.operation.E_sink - core.operation.E_source
    off = replace(design, compressor_speed=0.0)
    core.answer(off, 3600.0)
    given = core.operation.E_sink - core.operation.E_source - before
    assert abs(stored) > 1e4
    assert given == pytest.approx(stored, rel=1e-6)
    assert core.operation.E_stored == pytest.approx(0.0, abs=1.0)


def test_speed_below_the_least_is_a_share_of_the_time(
    design: Boundary, certified_maps: Maps
) -> None:
    least = read_machine("mci_lab").envelope.minimum.compressor_speed
    core = dynamic(certified_maps)
    core.answer(replace(design, compressor_speed=0.5 * least), 10 * 86400.0)
    assert core.operation.run_time == pytest.approx(5 * 86400.0, rel=0.01)
    # A run and a pause of the same length, at least 20 min: 36 of them in a day.
    assert 300 <= core.operation.starts <= 360


def test_machine_without_flow_is_off(design: Boundary, certified_maps: Maps) -> None:
    for settings in ({}, {"dynamics": "dynamic"}, {"control": "heat_flow"}):
        core = core_of("mci_lab", certified_maps, **settings)
        core.set_set_point("Q_flow_sink_set", 3000.0)
        for name in ("m_flow_source", "m_flow_sink"):
            answer = core.answer(replace(design, **{name: 0.0}), 600.0)
            assert answer.status == OperatingStatus.OFF
            assert answer.point is not None
            assert answer.point.Q_flow_sink == pytest.approx(0.0, abs=1e-6)
            assert f"{name} = 0 kg/s" in answer.notes[0]


def test_heat_that_is_asked_for_is_given(certified_maps: Maps) -> None:
    """Between the least and the largest speed to 1e-6; else the outputs say what is missing."""
    for name in ("mci_lab", "nist_split", "rwth_brine_water"):
        machine = read_machine(name)
        core = core_of(name, certified_maps, control="heat_flow", part_load="mean")
        steady = core_of(name, certified_maps)
        low, high = machine.envelope.range("compressor_speed")
        rng = np.random.default_rng(4)
        for boundary in random_boundaries(machine, 300, 4):
            ends = [steady.answer(replace(boundary, compressor_speed=s)) for s in (low, high)]
            if any(end.status != OperatingStatus.INSIDE for end in ends):
                continue
            least, largest = (end.point.Q_flow_sink for end in ends if end.point)
            wanted = rng.uniform(0.1 * least, 1.3 * largest)
            core.set_set_point("Q_flow_sink_set", wanted)
            answer = core.answer(boundary, 60.0)
            assert answer.point is not None
            given, unmet = answer.point.Q_flow_sink, core.operation.Q_flow_unmet
            assert given + unmet == pytest.approx(wanted, rel=1e-6)
            if wanted <= largest:
                assert unmet == 0.0
                assert answer.status == OperatingStatus.INSIDE
            else:
                assert given == pytest.approx(largest, rel=1e-9)
                assert answer.status == OperatingStatus.MOVED_TO_ENVELOPE
                assert "Q_flow_sink_set" in answer.notes[-1]


def test_supply_temperature_is_held(design: Boundary, certified_maps: Maps) -> None:
    core = core_of("mci_lab", certified_maps, control="supply_temperature")
    core.set_set_point("T_sink_out_set", design.T_sink_in + 4.0)
    answer = core.answer(design, 60.0)
    assert answer.point is not None
    assert answer.point.T_sink_out == pytest.approx(design.T_sink_in + 4.0, abs=1e-5)


def test_locks_out_below_its_least_source_temperature(
    design: Boundary, certified_maps: Maps
) -> None:
    """Who asks for heat gets none there, and is told; who sets a speed gets the nearest point."""
    cold = replace(design, T_source_in=258.15)
    core = core_of("mci_lab", certified_maps, control="heat_flow")
    core.set_set_point("Q_flow_sink_set", 4000.0)
    answer = core.answer(cold, 60.0)
    assert answer.status == OperatingStatus.OFF
    assert core.operation.Q_flow_unmet == 4000.0
    assert "T_source_in" in answer.notes[0]
    core = core_of("mci_lab", certified_maps, control="heat_flow", outside_envelope="nearest")
    core.set_set_point("Q_flow_sink_set", 4000.0)
    assert core.answer(cold, 60.0).status == OperatingStatus.MOVED_TO_ENVELOPE
    speed = core_of("mci_lab", certified_maps)
    assert speed.answer(cold, 60.0).status == OperatingStatus.MOVED_TO_ENVELOPE
    off = core_of("mci_lab", certified_maps, control="heat_flow", outside_envelope="off")
    off.set_set_point("Q_flow_sink_set", 4000.0)
    assert off.answer(cold, 60.0).status == OperatingStatus.OFF


@pytest.mark.parametrize("wanted", [math.nan, -1.0, math.inf])
def test_set_point_without_a_meaning_is_rejected(
    wanted: float, design: Boundary, certified_maps: Maps
) -> None:
    core = core_of("mci_lab", certified_maps, control="heat_flow")
    core.set_set_point("Q_flow_sink_set", 3000.0)
    core.answer(design, 60.0)
    held = core.results
    core.set_set_point("Q_flow_sink_set", wanted)
    answer = core.answer(design, 60.0)
    assert answer.status == OperatingStatus.INPUT_REJECTED
    assert "Q_flow_sink_set" in answer.notes[0]
    assert core.results == held


def test_minimum_times_longer_than_the_run(design: Boundary, certified_maps: Maps) -> None:
    core = core_of("mci_lab", certified_maps, control="heat_flow", minimum_run_time=86400.0)
    core.set_set_point("Q_flow_sink_set", 3000.0)
    core.answer(design, 60.0)
    core.set_set_point("Q_flow_sink_set", 0.0)
    for _ in range(60):
        assert core.answer(design, 60.0).status == OperatingStatus.INSIDE
    assert core.operation.speed_used == read_machine("mci_lab").envelope.minimum.compressor_speed


def test_cycling_and_its_mean_agree(design: Boundary, certified_maps: Maps) -> None:
    """A week at 60 s with starts and stops, and at 15 min as the mean that states their losses."""
    machine = read_machine("mci_lab")
    least = core_of("mci_lab", certified_maps).off_design(
        replace(design, compressor_speed=machine.envelope.minimum.compressor_speed)
    )
    wanted, energies = 0.6 * least.Q_flow_sink, []
    for part_load, size, Cc in (("cycling", 60.0, 1.0), ("mean", 900.0, 1.0)):
        core = core_of(
            "mci_lab",
            certified_maps,
            **{"control": "heat_flow", "dynamics": "dynamic", "part_load": part_load},
            **{"cycling_degradation": Cc, "standby_power": 0.0},
        )
        core.set_set_point("Q_flow_sink_set", wanted)
        for _ in range(round(7 * 86400.0 / size)):
            core.answer(design, size)
        energies.append(core.operation.E_el / core.operation.E_sink)
    assert energies[0] == pytest.approx(energies[1], rel=0.01)


def test_mean_says_what_a_minimum_pause_lacks(design: Boundary, certified_maps: Maps) -> None:
    """A mean keeps no account of heat that is lacking: it is given now or said not to be."""
    core = core_of("mci_lab", certified_maps, control="heat_flow", part_load="mean")
    core.set_set_point("Q_flow_sink_set", 500.0)
    core.answer(design, 3600.0)
    assert core.operation.E_unmet == 0.0
    # The flow fails for a minute; a pause of 20 min begins with it.
    core.answer(replace(design, m_flow_sink=0.0), 60.0)
    for minute in range(1, 31):
        core.answer(design, 60.0)
        assert core.operation.Q_flow_unmet == (500.0 if minute < 20 else 0.0), minute
    operation = core.operation
    assert operation.E_unmet == pytest.approx(500.0 * 20 * 60.0, rel=1e-9)
    asked = 500.0 * (3600.0 + 31 * 60.0)
    assert operation.E_sink + operation.E_unmet == pytest.approx(asked, rel=1e-9)


def test_step_of_years_ends(design: Boundary, certified_maps: Maps) -> None:
    for size in (1e9, 1e300, math.inf):
        core = dynamic(certified_maps, control="heat_flow")
        core.set_set_point("Q_flow_sink_set", 100.0)
        assert core.answer(design, size).point is not None
        core.state = core.state


def test_totals_begin_anew(design: Boundary, certified_maps: Maps) -> None:
    core = dynamic(certified_maps)
    core.answer(design, 600.0)
    core.reset_totals()
    assert core.operation.E_el == core.operation.E_stored == core.operation.starts == 0.0
    core.answer(design, 600.0)
    of = core.operation
    assert of.E_el + of.E_source == pytest.approx(of.E_sink + of.E_loss + of.E_stored, rel=1e-9)


@pytest.mark.parametrize("control", CONTROLS)
def test_state_can_be_taken_back(control: str, certified_maps: Maps) -> None:
    """A thousand rollbacks give the same bits."""
    core, rng = dynamic(certified_maps, control=control), np.random.default_rng(2)
    for boundary, points, size in course(read_machine("mci_lab"), 11, 1000):
        if rng.random() < 0.5:
            before = core.state
            step(core, boundary, points, size)
            tried = core.state
            core.state = before
            assert core.state == before
            step(core, boundary, points, size)
            assert core.state == tried
        else:
            step(core, boundary, points, size)


def test_speed_that_nobody_follows_does_not_spoil_a_state(
    design: Boundary, certified_maps: Maps
) -> None:
    """With a demand the speed may be anything, and the state is still one that can be restored."""
    core = dynamic(certified_maps, control="heat_flow")
    core.set_set_point("Q_flow_sink_set", 3000.0)
    for speed in (math.nan, math.inf, -math.inf):
        answer = core.answer(replace(design, compressor_speed=speed), 600.0)
        assert answer.status == OperatingStatus.INSIDE
        core.state = core.state


def test_time_constants_of_a_later_run_count(design: Boundary, certified_maps: Maps) -> None:
    """A host may set others after a reset, and go on with steps of the same size."""
    once, again = dynamic(certified_maps), dynamic(certified_maps)
    again.answer(design, 10.0)
    again.begin()
    for core in (once, again):
        assert core.set_parameter("sink_lag", 60.0)
    assert once.answer(design, 10.0).point == again.answer(design, 10.0).point
