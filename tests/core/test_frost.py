"""Frost and defrost: figures checked by hand, humidity as physics wants it, and the core with both.

The machine is the laboratory's with its coil in air; tests hold core and equations together in
`test_in_time`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from compiled import compile_core
from conftest import ROOT, random_boundaries
from test_in_time import IN_AIR, core_of, course, machine_of, step

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.frost import (
    OVER_ICE,
    published_loss,
    saturation_pressure,
    share_of_humidity,
)
from heatpump_twin.model.machine import Frost, with_defaults
from heatpump_twin.model.quantities import Boundary, OperatingPoint, OperatingStatus
from heatpump_twin.model.settings import CONTROLS

Maps = dict[str, CertifiedMap]
FROST: Frost = with_defaults(Frost)
REFERENCE = FROST.frost_reference_humidity


def kelvin(celsius: float) -> float:
    return celsius + 273.15


def air(T: float = kelvin(2.0)) -> Boundary:
    return replace(machine_of(IN_AIR).design.boundary, T_source_in=T)


def frosting(maps: Maps, **settings: Any) -> Core:
    return core_of(IN_AIR, maps, frost="estimated", **settings)


def point_of(core: Core, boundary: Boundary, size: float = 60.0) -> OperatingPoint:
    point = core.answer(boundary, size).point
    assert point is not None
    return point


@pytest.mark.parametrize(
    ("celsius", "loss"),
    [
        # 0.03 + 0.06 + 0.1534 exp(-15.8869^2 / 26.06), and so on.
        *((-15.0, 0.0900095), (-7.0, 0.0720996), (0.0, 0.1788390)),
        *((2.0, 0.1682774), (7.0, 0.0385635), (10.0, 0.0063359)),
    ],
)
def test_curve_has_the_published_figures(celsius: float, loss: float) -> None:
    assert published_loss(FROST, kelvin(celsius)) == pytest.approx(loss, abs=1e-6)


def test_curve_lies_between_other_published_figures() -> None:
    """Near 2 degC, where frost is worst, they are far apart; that is what an estimate is worth.

    NTA 8800 takes 0.75 of the efficiency at 2 degC. AHRI 210/240 takes 0.90 of the heat and 0.985
    of the power at 35 degF.
    """
    assert 1.0 - published_loss(FROST, kelvin(2.0)) > 0.75
    assert 1.0 - published_loss(FROST, kelvin(35.0 / 1.8 - 32.0 / 1.8)) < 0.90 / 0.985


def test_saturation_is_that_of_tables() -> None:
    """IAPWS: 611.2 Pa at 0 degC, 2339.2 Pa at 20 degC, 259.90 Pa over ice at -10 degC."""
    assert saturation_pressure(kelvin(0.0)) == pytest.approx(611.2, rel=1e-3)
    assert saturation_pressure(kelvin(20.0)) == pytest.approx(2339.2, rel=3e-3)
    assert saturation_pressure(kelvin(-10.0), OVER_ICE) == pytest.approx(259.9, rel=1e-3)


def test_reference_humidity_is_that_of_the_standard_point() -> None:
    """Air of 2 degC with 1 degC wet bulb, by the equation of the psychrometer at 1013 hPa."""
    vapour = saturation_pressure(kelvin(1.0)) - 6.62e-4 * 101325.0 * (2.0 - 1.0)
    assert vapour / saturation_pressure(kelvin(2.0)) == pytest.approx(REFERENCE, abs=0.005)


def test_humidity_acts_as_it_should() -> None:
    """None of the vapour of dry air freezes, more of damp air, and the curve stands between."""
    for celsius in (-20.0, -7.0, 0.0, 2.0, 7.0, 12.0, 25.0):
        T = kelvin(celsius)
        shares = [share_of_humidity(FROST, T, 0.01 * i) for i in range(101)]
        assert shares == sorted(shares)
        assert shares[84] == pytest.approx(1.0, abs=1e-12)
        T_coil = T - FROST.frost_coil_difference
        constants = {"constants": OVER_ICE} if T_coil < kelvin(0.0) else {}
        saturated = saturation_pressure(T_coil, **constants) / saturation_pressure(T)
        assert share_of_humidity(FROST, T, saturated - 1e-9) == 0.0
        assert 0.0 < share_of_humidity(FROST, T, saturated + 1e-6) < 1e-4
    # By hand at 0 degC: 611.2 Pa in saturated air, 294.4 Pa over ice of -8.589 degC, so saturation
    # at 48.2 %, and saturated air drives (611.2 - 294.4) / (513.4 - 294.4) of the reference.
    assert share_of_humidity(FROST, kelvin(0.0), 0.481) == 0.0
    assert share_of_humidity(FROST, kelvin(0.0), 0.482) > 0.0
    assert share_of_humidity(FROST, kelvin(0.0), 1.0) == pytest.approx(1.4466, abs=1e-3)


def test_page_has_the_figures_of_the_model() -> None:
    """The table of docs/frost.md: loss in per cent, and the humidity below which there is none."""
    page = (ROOT / "docs" / "frost.md").read_text(encoding="utf-8").replace("**", "")
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if " % |" in line]
    head, *rows = (row for row in table if len(row) == 8)
    humidities = [float(text.removesuffix(" %")) / 100.0 for text in head[1:7]]
    assert len(rows) == 7
    for celsius, *losses, least in rows:
        T = kelvin(float(celsius))
        for phi, loss in zip(humidities, losses, strict=True):
            found = 100.0 * published_loss(FROST, T) * share_of_humidity(FROST, T, phi)
            assert found == pytest.approx(float(loss), abs=0.05 + 1e-9), (celsius, phi)
        threshold = float(least.removesuffix(" %")) / 100.0
        assert share_of_humidity(FROST, T, threshold - 0.005) == 0.0
        assert share_of_humidity(FROST, T, threshold + 0.005) > 0.0


@pytest.mark.parametrize(("share", "phi"), [(0.0, REFERENCE), (0.3, 0.95), (1.0, 0.7)])
def test_mean_is_the_clean_coil_less_the_loss(
    share: float, phi: float, certified_maps: Maps
) -> None:
    """Heat and power by the factor, the balance by the source, and outlets by their heat."""
    clean, core = core_of(IN_AIR, certified_maps), frosting(certified_maps, frost_power_share=share)
    core.set_set_point("phi_source", phi)
    sink, source = (getattr(certified_maps["mci_lab"].table, side) for side in ("sink", "source"))
    lost = 0
    for boundary in random_boundaries(machine_of(IN_AIR), 200, 9):
        of, found = point_of(clean, boundary), point_of(core, boundary)
        factor = core.operation.frost_factor
        T = boundary.T_source_in
        loss = published_loss(FROST, T) * share_of_humidity(FROST, T, phi)
        assert factor == pytest.approx(1.0 - loss, abs=1e-12)
        assert found.Q_flow_sink == pytest.approx(factor * of.Q_flow_sink, rel=1e-12)
        assert found.P_el == pytest.approx((1.0 - share * loss) * of.P_el, rel=1e-12)
        assert pytest.approx(found.Q_flow_sink / found.P_el, rel=1e-12) == found.COP
        assert found.Q_flow_loss == of.Q_flow_loss
        assert found.p_low == of.p_low
        into = found.P_el + found.Q_flow_source
        assert into == pytest.approx(found.Q_flow_sink + found.Q_flow_loss, rel=1e-12)
        rise = sink.enthalpy_at(found.T_sink_out) - sink.enthalpy_at(boundary.T_sink_in)
        fall = source.enthalpy_at(T) - source.enthalpy_at(found.T_source_out)
        assert boundary.m_flow_sink * rise == pytest.approx(found.Q_flow_sink, rel=1e-5)
        assert boundary.m_flow_source * fall == pytest.approx(found.Q_flow_source, rel=1e-5)
        lost += loss > 0.01
    assert lost > 50


def test_off_and_liquid_sources_keep_every_digit(certified_maps: Maps, tmp_path: Path) -> None:
    """As a core that knows no frost, whatever its inputs and parameters are."""
    without = compile_core(tmp_path, {"frost.c": ("if (loss == 0.0) return;", "return;")})
    for name, frost in ((IN_AIR, "off"), ("mci_lab", "estimated")):
        for control in CONTROLS:
            settings = {"control": control, "dynamics": "dynamic", "frost": frost}
            core = core_of(name, certified_maps, **settings)
            other = core_of(name, certified_maps, without, **settings)
            for boundary, points, size in course(machine_of(name), 21, 100):
                given = replace(points, phi_source=math.nan)
                answer, expected = (step(c, boundary, given, size) for c in (core, other))
                assert answer == expected
                assert core.results == other.results
                assert core.operation == other.operation
                assert core.operation.frost_factor == 1.0


def test_heat_that_is_asked_for_is_given_with_frost(certified_maps: Maps) -> None:
    machine = machine_of(IN_AIR)
    low, high = machine.envelope.range("compressor_speed")
    core, speed = frosting(certified_maps, control="heat_flow"), frosting(certified_maps)
    for c in (core, speed):
        c.set_set_point("phi_source", 0.95)
    met = 0
    for boundary in random_boundaries(machine, 200, 10):
        ends = [speed.answer(replace(boundary, compressor_speed=s)) for s in (low, high)]
        if any(end.status != OperatingStatus.INSIDE for end in ends):
            continue
        least, largest = (end.point.Q_flow_sink for end in ends if end.point)
        for wanted in (0.999 * largest, 1.3 * largest, 0.5 * (least + largest)):
            core.set_set_point("Q_flow_sink_set", wanted)
            given = core.answer(boundary, 3600.0).point
            assert given is not None
            unmet = core.operation.Q_flow_unmet
            assert given.Q_flow_sink + unmet == pytest.approx(wanted, rel=1e-6)
            assert (unmet > 0.0) == (wanted > largest)
            met += core.operation.frost_factor < 0.95
    assert met > 50


def test_supply_temperature_is_held_with_frost(certified_maps: Maps) -> None:
    core = frosting(certified_maps, control="supply_temperature")
    wanted = point_of(frosting(certified_maps), air()).T_sink_out
    core.set_set_point("T_sink_out_set", wanted)
    assert point_of(core, air()).T_sink_out == pytest.approx(wanted, abs=1e-5)
    assert core.operation.speed_used == pytest.approx(air().compressor_speed, rel=1e-5)
    assert core.operation.frost_factor == pytest.approx(1.0 - 0.1682774, abs=1e-6)


@pytest.mark.parametrize("control", CONTROLS)
def test_balance_and_state_hold_with_frost(control: str, certified_maps: Maps) -> None:
    core = frosting(certified_maps, control=control, dynamics="dynamic", frost_power_share=0.3)
    for boundary, points, size in course(machine_of(IN_AIR), 5, 300):
        before = core.state
        step(core, boundary, points, size)
        after = core.state
        core.state = before
        step(core, boundary, points, size)
        assert core.state == after
        of = core.operation
        into, out = of.E_el + of.E_source, of.E_sink + of.E_loss + of.E_stored
        assert abs(into - out) <= 1e-9 * max(of.E_el + abs(of.E_source), 1e6)


def test_dynamics_end_at_the_mean(certified_maps: Maps) -> None:
    steady, moving = frosting(certified_maps), frosting(certified_maps, dynamics="dynamic")
    expected, found = point_of(steady, air()), point_of(moving, air(), 36000.0)
    for name, value in vars(expected).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-8), name
    assert moving.operation.frost_factor == steady.operation.frost_factor < 0.85
    point_of(moving, replace(air(), compressor_speed=0.0))
    assert moving.operation.frost_factor == 1.0


def test_air_beside_the_envelope_frosts_as_it_is(certified_maps: Maps) -> None:
    """The heat is that of the nearest point, the loss that of the air which enters."""
    core = core_of("nist_split", certified_maps, frost="estimated")
    clean = core_of("nist_split", certified_maps)
    boundary = replace(machine_of("nist_split").design.boundary, T_source_in=kelvin(2.0))
    answer = core.answer(boundary)
    assert answer.status == OperatingStatus.MOVED_TO_ENVELOPE
    assert answer.point is not None
    assert answer.point.Q_flow_sink == pytest.approx(
        (1.0 - 0.1682774) * point_of(clean, boundary).Q_flow_sink, rel=1e-6
    )


@pytest.mark.parametrize(
    ("phi", "words"),
    [
        (math.nan, "phi_source = nan has no meaning; expected 0 to 1"),
        (-0.1, "phi_source = -0.1 has no meaning; expected 0 to 1"),
        (84.0, "phi_source = 84 has no meaning; expected 0 to 1; is it in per cent?"),
        (math.inf, "phi_source = inf has no meaning; expected 0 to 1"),
    ],
)
@pytest.mark.parametrize("control", CONTROLS)
def test_humidity_without_a_meaning_is_rejected(
    control: str, phi: float, words: str, certified_maps: Maps
) -> None:
    """The last result is held, and nothing is asked of a humidity that nobody looks at."""
    core = frosting(certified_maps, control=control)
    core.set_set_point("Q_flow_sink_set", 3000.0)
    core.set_set_point("T_sink_out_set", air().T_sink_in + 20.0)
    held = point_of(core, air())
    core.set_set_point("phi_source", phi)
    answer = core.answer(replace(air(), T_source_in=kelvin(5.0)), 60.0)
    assert answer.status == OperatingStatus.INPUT_REJECTED
    assert answer.notes == (words,)
    assert core.results == held
    assert core.operation.frost_factor == pytest.approx(1.0 - 0.1682774, abs=1e-6)
    core.choose("frost", "off")
    assert core.answer(air(), 60.0).status != OperatingStatus.INPUT_REJECTED


@pytest.mark.parametrize("control", CONTROLS)
def test_a_machine_that_is_off_or_stops_needs_no_humidity(
    control: str, certified_maps: Maps
) -> None:
    """Who asks for nothing gets nothing; a least run time of 600 s goes by with what was last."""
    core = frosting(certified_maps, control=control, outside_envelope="off")
    core.set_set_point("Q_flow_sink_set", 3000.0)
    core.set_set_point("T_sink_out_set", air().T_sink_in + 20.0)
    point_of(core, air(), 300.0)
    core.set_set_point("phi_source", math.nan)
    core.set_set_point("Q_flow_sink_set", 0.0)
    core.set_set_point("T_sink_out_set", air().T_sink_in)
    off = replace(air(), compressor_speed=0.0)
    answers = [core.answer(off, 100.0) for _ in range(5)]
    # A speed is followed at once. A demand that ends after 300 s is left to run for 300 s more.
    ran = 300.0 if control == "speed" else 600.0
    held = [OperatingStatus.INPUT_REJECTED] * round((ran - 300.0) / 100.0)
    stopped = [OperatingStatus.OFF] * (5 - len(held))
    assert [answer.status for answer in answers] == [*held, *stopped]
    assert core.operation.run_time == ran
    assert core.results.Q_flow_sink == 0.0
    # Too cold for a machine that goes off outside its envelope.
    core.set_set_point("Q_flow_sink_set", 3000.0)
    core.set_set_point("T_sink_out_set", air().T_sink_in + 20.0)
    least = machine_of(IN_AIR).envelope.minimum.T_source_in
    assert core.answer(air(least - 5.0), 60.0).status == OperatingStatus.OFF
    assert core.answer(air(), 3600.0).status == OperatingStatus.INPUT_REJECTED


def test_round_off_of_a_humidity_is_no_fault(certified_maps: Maps) -> None:
    core = frosting(certified_maps)
    losses = []
    for phi in (1.0, 1.0 + 1e-10, 0.0, -1e-10):
        core.set_set_point("phi_source", phi)
        point_of(core, air())
        losses.append(core.operation.frost_factor)
    assert losses[0] == losses[1] < losses[2] == losses[3] == 1.0


def test_no_parameters_take_more_than_half_of_the_heat(certified_maps: Maps) -> None:
    core = frosting(certified_maps, frost_peak_loss=0.5, frost_base_loss=0.2)
    core.set_set_point("phi_source", 1.0)
    point_of(core, air())
    assert core.operation.frost_factor == 0.5
