import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import random_boundaries
from CoolProp import CoolProp

from heatpump_twin.model.closures import EVAPORATING_BLEND, SUPERHEAT_BLEND
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary, OperatingPoint
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.media import Media
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle
from heatpump_twin.solving.sizing import size_components

RANDOM_BOUNDARIES = 300


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
    for name in ("p_low", "p_high", "Q_flow_sink", "P_el"):
        assert getattr(point, name) == pytest.approx(getattr(design, name), rel=1e-9)
    for name in ("T_suction", "T_liquid", "m_flow_refrigerant"):
        sized = getattr(cycle.design_state.sizes, name)
        assert getattr(point, name) == pytest.approx(sized, rel=1e-9)
    assert_physical(point, design.boundary, machine.refrigerant)
    # 5070 W into 0.2683 kg/s of water (4.18 kJ/(kg K)) would be 4.52 K.
    rise = design.Q_flow_sink / (design.boundary.m_flow_sink * 4180)
    assert point.T_sink_out - design.boundary.T_sink_in == pytest.approx(rise, abs=0.02)


def test_sizes_by_hand(machine: Machine, cycle: HeatPumpCycle) -> None:
    sizes, point = cycle.design_state.sizes, cycle.off_design(machine.design.boundary)
    design, boundary, compressor = machine.design, machine.design.boundary, machine.compressor
    density = CoolProp.PropsSI("D", "P", design.p_low, "T", point.T_suction, "R410A")
    pressure_ratio = design.p_high / design.p_low
    # Rated speed and design density: both of their factors are 1.
    eta_vol = 1 - compressor.leakage_coefficient * (pressure_ratio - 1)
    assert sizes.eta_vol == pytest.approx(eta_vol, rel=1e-12)
    swept = point.m_flow_refrigerant / density / eta_vol
    assert sizes.swept_volume_flow == pytest.approx(swept, rel=1e-9)
    # Isentropic compression, its exponent, and the work of the built-in ratio over it.
    s = CoolProp.PropsSI("S", "P", design.p_low, "T", point.T_suction, "R410A")
    end = CoolProp.PropsSI("D", "P", design.p_high, "S", s, "R410A")
    k = np.log(pressure_ratio) / np.log(end / density)
    assert sizes.isentropic_exponent == pytest.approx(k, rel=1e-9)
    built_in, e = compressor.built_in_pressure_ratio, (k - 1) / k
    work = (built_in**e - 1) / e + built_in ** (-1 / k) * (pressure_ratio - built_in)
    mismatch = 1 + compressor.built_in_loss_share * (work * e / (pressure_ratio**e - 1) - 1)
    ideal = CoolProp.PropsSI("H", "P", design.p_high, "S", s, "R410A") - point.h_suction
    power = design.P_el - machine.auxiliary_power
    drive = point.m_flow_refrigerant * ideal * mismatch / (eta_vol * power)
    assert sizes.drive_efficiency == pytest.approx(drive, rel=1e-8)
    # Superheat: the valve's setting at the design sink inlet, or what the approach allows.
    T_dew = CoolProp.PropsSI("T", "P", design.p_low, "Q", 1, "R410A")
    valve, approach = machine.expansion_valve, boundary.T_source_in - T_dew
    unblended = min(valve.superheat_setting, valve.superheat_fraction_max * approach)
    assert sizes.T_suction - T_dew == pytest.approx(unblended, abs=SUPERHEAT_BLEND / 2)
    # Effectiveness of each exchanger, and the conductance it takes.
    T_bubble = CoolProp.PropsSI("T", "P", design.p_high, "Q", 0, "R410A")
    condenser_approach = T_bubble - boundary.T_sink_in
    subcooling = machine.condenser.subcooling_fraction * condenser_approach
    assert T_bubble - sizes.T_liquid == pytest.approx(subcooling, rel=1e-9)
    water = CoolProp.PropsSI("C", "P", 2e5, "T", boundary.T_sink_in, machine.sink_medium)
    capacity = boundary.m_flow_sink * water
    eps = design.Q_flow_sink / (capacity * condenser_approach)
    assert sizes.condenser_conductance == pytest.approx(-capacity * np.log(1 - eps), rel=1e-9)
    brine = CoolProp.PropsSI("C", "P", 2e5, "T", boundary.T_source_in, machine.source_medium)
    capacity = boundary.m_flow_source * brine
    # The valve's maximum takes part of the approach: (a - s) (b - s) = width**2 / 4 for s = T_dew.
    starved = EVAPORATING_BLEND**2 / 4 / (valve.T_evaporating_max - T_dew)
    eps = point.Q_flow_source / (capacity * (approach - starved))
    assert sizes.evaporator_conductance == pytest.approx(-capacity * np.log(1 - eps), rel=1e-8)


def test_sizes_need_no_solver(machine: Machine, cycle: HeatPumpCycle) -> None:
    assert size_components(machine, Media(machine)) == cycle.design_state.sizes


def test_auxiliary_power_is_electric_power_and_loss(machine: Machine, cycle: HeatPumpCycle) -> None:
    # The same compressor, and pumps that take 60 W more wherever it runs.
    more = machine.with_parameters(
        {
            "auxiliary_power": machine.auxiliary_power + 60.0,
            "design_point.P_el": machine.design.P_el + 60.0,
        }
    )
    other = HeatPumpCycle(more)
    assert other.design().P_el == pytest.approx(machine.design.P_el + 60.0, rel=1e-9)
    for boundary in [machine.design.boundary, *random_boundaries(machine, 3, seed=5)]:
        here, with_pumps = cycle.off_design(boundary), other.off_design(boundary)
        assert_physical(with_pumps, boundary, machine.refrigerant)
        assert with_pumps.P_el - here.P_el == pytest.approx(60.0, rel=1e-6)
        assert with_pumps.Q_flow_loss - here.Q_flow_loss == pytest.approx(60.0, rel=1e-6)
        assert with_pumps.Q_flow_sink == pytest.approx(here.Q_flow_sink, rel=1e-6)
        assert with_pumps.COP * with_pumps.P_el == pytest.approx(with_pumps.Q_flow_sink)


def test_pumps_follow_the_third_power_of_their_flows(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    """30 W and 50 W at the design flows: 1.2 times the source's flow takes 51.84 W."""
    more = machine.with_parameters(
        {
            "source_pump_power": 30.0,
            "sink_pump_power": 50.0,
            "design_point.P_el": machine.design.P_el + 80.0,
        }
    )
    other, quick = HeatPumpCycle(more), QuickCycle(more)
    assert other.design().P_el == pytest.approx(machine.design.P_el + 80.0, rel=1e-9)
    design = machine.design.boundary
    for source, sink, expected in ((1.0, 1.0, 80.0), (1.2, 1.0, 101.84), (1.0, 0.9, 66.45)):
        boundary = dataclasses.replace(
            design,
            m_flow_source=source * design.m_flow_source,
            m_flow_sink=sink * design.m_flow_sink,
        )
        here, with_pumps = cycle.off_design(boundary), other.off_design(boundary)
        assert_physical(with_pumps, boundary, machine.refrigerant)
        assert with_pumps.P_el - here.P_el == pytest.approx(expected, abs=1e-3)
        assert with_pumps.Q_flow_loss - here.Q_flow_loss == pytest.approx(expected, abs=1e-3)
        assert with_pumps.Q_flow_sink == pytest.approx(here.Q_flow_sink, rel=1e-6)
        by_quick = quick.solve(boundary).outputs
        assert by_quick[OUTPUTS.index("P_el")] == pytest.approx(with_pumps.P_el, rel=1e-5)


def test_off_design_at_the_design_boundary_is_the_design_point(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    design = HeatPumpCycle(machine).design()
    again = cycle.off_design(machine.design.boundary)
    for name, value in vars(design).items():
        # Solved again from the design's own flow states, TESPy ends within its own tolerance.
        assert getattr(again, name) == pytest.approx(value, rel=1e-7), name


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
    names = list(vars(machine.design.boundary))
    for corner in range(2 ** len(names)):
        boundary = Boundary(
            **{q: machine.envelope.range(q)[corner >> i & 1] for i, q in enumerate(names)}
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


def test_no_answer_beside_the_critical_point_is_said_as_of_any_other(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    # R410A condenses up to 71.3 degC; CoolProp gives up on states within some tenths of a kelvin.
    for T_sink_in in (339.25, 339.5, 339.75):
        boundary = dataclasses.replace(machine.design.boundary, T_sink_in=T_sink_in)
        with pytest.raises(SolveError):
            cycle.off_design(boundary)


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
    other = HeatPumpCycle(machine.with_parameters({"condenser.subcooling_fraction": 0.4}))
    with pytest.raises(InputError, match=r"design\.json: design state of another machine"):
        other.load_design(path)
    path.write_text(json.dumps({"swept_volume_flow": 1.0}))
    with pytest.raises(InputError, match="not a design state"):
        cycle.load_design(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_high": 20e5}, r"heat cannot flow: R410A condenses at 32\.2 degC"),
        ({"p_low": 13e5}, r"heat cannot flow: R410A evaporates at 16\.3 degC"),
        ({"P_el": 100.0}, "violates"),
        (
            {"Q_flow_sink": 8e3},
            r"condenser: no exchanger transfers 8000 W: the refrigerant is .* K from the inlet",
        ),
    ],
)
def test_contradictory_design_point_is_refused(
    machine: Machine, changes: dict[str, float], message: str
) -> None:
    design = dataclasses.replace(machine.design, **changes)
    cycle = HeatPumpCycle(dataclasses.replace(machine, design=design))
    with pytest.raises(SolveError, match=f"design point of mci_lab: .*({message})"):
        cycle.design()


def test_design_point_with_more_power_than_heat_is_refused(machine: Machine) -> None:
    design = machine.design
    changed = machine.with_parameters({"design_point.P_el": 6000.0 + machine.auxiliary_power})
    kept = (1 - machine.compressor.shell_loss_ratio) * 6000
    message = f"Q_flow_sink, {design.Q_flow_sink:g} W, is not above what .*, {kept:g} W"
    with pytest.raises(SolveError, match=f"design point of mci_lab: .*{message}"):
        HeatPumpCycle(changed).design()
    changed = machine.with_parameters({"auxiliary_power": design.P_el})
    message = f"P_el, {design.P_el:g} W, is not above auxiliary_power, {design.P_el:g} W"
    with pytest.raises(SolveError, match=message):
        HeatPumpCycle(changed).design()


def test_design_point_above_the_maximum_of_the_valve_is_refused(machine: Machine) -> None:
    changed = machine.with_parameters({"expansion_valve.T_evaporating_max": 278.15})
    message = "evaporating at [0-9.]+ degC, above T_evaporating_max, 5.0 degC"
    with pytest.raises(SolveError, match=message):
        HeatPumpCycle(changed).design()


def test_design_point_just_below_the_ideal_work_is_refused(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    # Where P = m ideal with m = (Q - (1 - loss) P) / (h_suction - h_liquid).
    point = cycle.off_design(machine.design.boundary)
    s = CoolProp.PropsSI("S", "P", point.p_low, "H", point.h_suction, "R410A")
    ideal = CoolProp.PropsSI("H", "P", point.p_high, "S", s, "R410A") - point.h_suction
    kept = 1 - machine.compressor.shell_loss_ratio
    least = machine.design.Q_flow_sink * ideal / (point.h_suction - point.h_liquid + kept * ideal)
    least += machine.auxiliary_power
    below = machine.with_parameters({"design_point.P_el": 0.999 * least})
    with pytest.raises(SolveError, match="violates: power above the ideal work"):
        HeatPumpCycle(below).design()
    above = machine.with_parameters({"design_point.P_el": 1.001 * least})
    assert HeatPumpCycle(above).design().P_el == pytest.approx(1.001 * least)


def test_derivatives_of_the_compressor_are_those_of_its_equations(
    machine: Machine, cycle: HeatPumpCycle
) -> None:
    for boundary in random_boundaries(machine, 5, seed=13):
        cycle.off_design(boundary)
        equations = {e.label: e for e in cycle._equations}
        for label, derivatives in (
            ("delivered flow", cycle._flow_derivatives),
            ("compression work", cycle._work_derivatives),
        ):
            equation, by_differences = equations[label], []
            for variable in equation.dependents(equation):
                value = variable.val_SI
                variable.val_SI = value * (1 + 1e-4)
                above = equation.func(equation)
                variable.val_SI = value * (1 - 1e-4)
                below = equation.func(equation)
                variable.val_SI = value
                by_differences.append((above - below) / (2e-4 * value))
            assert derivatives() == pytest.approx(by_differences, rel=1e-4), label
