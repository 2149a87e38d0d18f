import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from CoolProp import CoolProp

from heatpump_twin_model.cycle import HeatPumpCycle
from heatpump_twin_model.errors import InputError, SolveError
from heatpump_twin_model.machine import Machine
from heatpump_twin_model.quantities import Boundary, OperatingPoint

RANDOM_BOUNDARIES = 300


def random_boundaries(machine: Machine, count: int, seed: int) -> list[Boundary]:
    rng = np.random.default_rng(seed)
    envelope = vars(machine.envelope)
    return [
        Boundary(
            **{
                name: rng.uniform(envelope[f"{name}_min"], envelope[f"{name}_max"])
                for name in vars(machine.design.boundary)
            }
        )
        for _ in range(count)
    ]


def assert_physical(point: OperatingPoint, boundary: Boundary, refrigerant: str) -> None:
    imbalance = point.P_el + point.Q_flow_source - point.Q_flow_sink - point.Q_flow_loss
    assert abs(imbalance) <= 1e-6 * point.P_el
    T_dew = CoolProp.PropsSI("T", "P", point.p_low, "Q", 1, refrigerant)
    T_bubble = CoolProp.PropsSI("T", "P", point.p_high, "Q", 0, refrigerant)
    assert T_dew < point.T_source_out < boundary.T_source_in
    assert T_bubble > point.T_sink_out > boundary.T_sink_in
    assert 0 < point.superheat < boundary.T_source_in - T_dew
    assert 0 < point.subcooling < T_bubble - boundary.T_sink_in
    # Second law: the compressor takes at least the ideal work of what it delivers.
    s = CoolProp.PropsSI("S", "P", point.p_low, "H", point.h_suction, refrigerant)
    ideal = CoolProp.PropsSI("H", "P", point.p_high, "S", s, refrigerant) - point.h_suction
    assert point.P_el > point.m_flow_refrigerant * ideal
    # First law on the refrigerant side, independent of the secondary streams.
    m = point.m_flow_refrigerant
    assert m * (point.h_suction - point.h_liquid) == pytest.approx(point.Q_flow_source, rel=1e-6)
    assert m * (point.h_discharge - point.h_liquid) == pytest.approx(point.Q_flow_sink, rel=1e-6)


def test_design_gives_back_what_was_recorded(machine: Machine, cycle: HeatPumpCycle) -> None:
    point, design = HeatPumpCycle(machine).design(), machine.design
    for name in ("p_low", "p_high", "T_suction", "Q_flow_sink", "P_el"):
        assert getattr(point, name) == pytest.approx(getattr(design, name), rel=1e-9)
    assert_physical(point, design.boundary, machine.refrigerant)
    # 5070 W into 0.2683 kg/s of water (4.18 kJ/(kg K)) are 4.5 K.
    assert point.T_sink_out - design.boundary.T_sink_in == pytest.approx(4.52, abs=0.02)


def test_sizes_by_hand(machine: Machine, cycle: HeatPumpCycle) -> None:
    sizes, point = cycle.design_state, cycle.off_design(machine.design.boundary)
    density = CoolProp.PropsSI("D", "P", point.p_low, "T", point.T_suction, "R410A")
    pressure_ratio = 25.4 / 10.4
    eta_vol = 1 - 0.0474 * (pressure_ratio - 1)
    swept = point.m_flow_refrigerant / density / eta_vol
    assert sizes.swept_volume_flow == pytest.approx(swept, rel=1e-9)
    # Effectiveness of the condenser, and the conductance it takes.
    T_bubble = CoolProp.PropsSI("T", "P", 25.4e5, "Q", 0, "R410A")
    capacity = 16.1 / 60 * CoolProp.PropsSI("C", "P", 2e5, "T", 308.65, "INCOMP::Water")
    eps = 5070 / (capacity * (T_bubble - 308.65))
    assert sizes.condenser_conductance == pytest.approx(-capacity * np.log(1 - eps), rel=1e-9)


def test_off_design_at_the_design_boundary_is_the_design_point(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    design = HeatPumpCycle(machine).design()
    again = cycle.off_design(machine.design.boundary)
    for name, value in vars(design).items():
        assert getattr(again, name) == pytest.approx(value, rel=1e-9), name


def test_random_boundaries_in_the_envelope_are_all_solved_and_physical(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    for boundary in random_boundaries(machine, RANDOM_BOUNDARIES, seed=20260):
        point = cycle.off_design(boundary)
        assert_physical(point, boundary, machine.refrigerant)
        assert point.p_high < machine.envelope.p_high_max
        assert point.p_low > machine.envelope.p_low_min
        assert point.T_discharge < machine.envelope.T_discharge_max


def test_corners_of_the_envelope_are_solved(machine: Machine, cycle: HeatPumpCycle) -> None:
    envelope = vars(machine.envelope)
    names = list(vars(machine.design.boundary))
    for corner in range(2 ** len(names)):
        ends = ["max" if corner >> i & 1 else "min" for i in range(len(names))]
        boundary = Boundary(
            **{name: envelope[f"{name}_{end}"] for name, end in zip(names, ends, strict=True)}
        )
        assert_physical(cycle.off_design(boundary), boundary, machine.refrigerant)


def test_answer_does_not_depend_on_what_was_solved_before(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    boundaries = random_boundaries(machine, 6, seed=7)
    forward = [cycle.off_design(b) for b in boundaries]
    backward = [cycle.off_design(b) for b in reversed(boundaries)][::-1]
    for a, b in zip(forward, backward, strict=True):
        for name, value in vars(a).items():
            assert getattr(b, name) == pytest.approx(value, rel=1e-6), name


def test_trends(machine: Machine, cycle: HeatPumpCycle) -> None:
    base = machine.design.boundary
    here = cycle.off_design(base)
    hotter = cycle.off_design(dataclasses.replace(base, T_sink_in=base.T_sink_in + 10))
    assert hotter.P_el > here.P_el
    assert hotter.COP < here.COP
    colder = cycle.off_design(dataclasses.replace(base, T_source_in=base.T_source_in - 10))
    assert colder.Q_flow_sink < here.Q_flow_sink
    assert colder.p_low < here.p_low
    slower = cycle.off_design(dataclasses.replace(base, compressor_speed=0.5))
    assert slower.Q_flow_sink < here.Q_flow_sink
    assert slower.COP > here.COP  # oversized exchangers at part load
    less_flow = cycle.off_design(dataclasses.replace(base, m_flow_sink=base.m_flow_sink / 2))
    assert less_flow.T_sink_out > here.T_sink_out
    assert less_flow.p_high > here.p_high


def test_solver_recovers_after_a_failure(machine: Machine, cycle: HeatPumpCycle) -> None:
    before = cycle.off_design(machine.design.boundary)
    impossible = dataclasses.replace(machine.design.boundary, T_source_in=200.0)
    with pytest.raises(SolveError):
        cycle.off_design(impossible)
    assert cycle.off_design(machine.design.boundary) == before


def test_distant_boundary_is_reached_by_continuation(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    boundary = random_boundaries(machine, 1, seed=3)[0]
    direct = cycle.off_design(boundary)
    continued = cycle._continue_from_design(boundary)
    for name, value in vars(direct).items():
        assert getattr(continued, name) == pytest.approx(value, rel=1e-6), name


def test_standby(machine: Machine, cycle: HeatPumpCycle) -> None:
    boundary = dataclasses.replace(machine.design.boundary, compressor_speed=0.0)
    point = cycle.standby(boundary)
    assert point.P_el == point.Q_flow_loss == machine.standby_power
    assert point.Q_flow_sink == point.Q_flow_source == point.m_flow_refrigerant == point.COP == 0
    assert point.T_sink_out == boundary.T_sink_in
    assert point.T_source_out == boundary.T_source_in
    assert point.p_low == point.p_high
    T = min(boundary.T_source_in, boundary.T_sink_in)
    assert point.p_low == pytest.approx(CoolProp.PropsSI("P", "T", T, "Q", 1, "R410A"))


def test_saved_design_gives_the_same_answers(
    machine: Machine, cycle: HeatPumpCycle, tmp_path: Path
) -> None:
    cycle.save_design(tmp_path / "design.json")
    loaded = HeatPumpCycle(machine)
    loaded.load_design(tmp_path / "design.json")
    boundary = random_boundaries(machine, 1, seed=11)[0]
    assert loaded.off_design(boundary) == cycle.off_design(boundary)


def test_design_of_another_machine_is_refused(
    machine: Machine, cycle: HeatPumpCycle, tmp_path: Path
) -> None:
    path = tmp_path / "design.json"
    cycle.save_design(path)
    other = HeatPumpCycle(dataclasses.replace(machine, subcooling_fraction=0.4))
    with pytest.raises(InputError, match=r"design\.json: design state of another machine"):
        other.load_design(path)
    path.write_text(json.dumps({"swept_volume_flow": 1.0}))
    with pytest.raises(InputError, match="not a design state"):
        cycle.load_design(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_high": 20e5}, "heat cannot flow"),
        ({"p_low": 13e5}, "heat cannot flow"),
        ({"P_el": 100.0}, "violates"),
        ({"P_el": 6000.0}, "Q_flow_sink, 5070 W, is not above P_el, 6000 W"),
        ({"T_suction": 275.0}, "T_suction, 1.9 degC, is not above the dew point at p_low, 8.6"),
        ({"P_el": 620.0}, "violates: power above the ideal work"),
        ({"Q_flow_sink": 8e3}, "violates: condensing temperature above sink outlet"),
    ],
)
def test_contradictory_design_point_is_refused(
    machine: Machine, changes: dict[str, float], message: str
) -> None:
    design = dataclasses.replace(machine.design, **changes)
    cycle = HeatPumpCycle(dataclasses.replace(machine, design=design))
    with pytest.raises(SolveError, match=f"design point of mci_lab: .*({message})"):
        cycle.design()
