"""Rating points and curves that the FMU is asked for."""

from __future__ import annotations

import math

import pytest

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.scoring.performance import Performance, performance, sink_levels
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.harness.scoring.validation import machine_of
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.model.rating_points import kind_of_medium, rating_points
from heatpump_twin.solving.cycle import HeatPumpCycle


def asked(scores: Scores, name: str) -> tuple[Machine, Performance]:
    machine = read_machine_file(machine_of(load_dataset(name))).to_machine()
    found = performance(scores, machine)
    assert found is not None
    return machine, found


def test_points_are_met_and_agree_with_tespy(scores: Scores, cycle: HeatPumpCycle) -> None:
    _, found = asked(scores, "mci_lab")
    rated = {r.point.name: r for r in found.rated}
    assert {"B0/W35", "B0/W55", "W10/W35", "A: B0/W34", "D: B0/W24"} <= set(rated)
    assert not any(r.outside for r in found.rated)
    for r in found.rated:
        out = r.outputs
        assert out["T_sink_out"] == pytest.approx(r.point.T_sink_out, abs=0.02)
        assert r.inputs["T_source_in"] == r.point.T_source_in
        assert out["COP"] == pytest.approx(out["Q_flow_sink"] / out["P_el"], rel=1e-9)
        gained = out["P_el"] + out["Q_flow_source"]
        assert gained == pytest.approx(out["Q_flow_sink"] + out["Q_flow_loss"], rel=1e-9)
    # The warmer the source and the cooler the sink, the better.
    cop = {name: r.outputs["COP"] for name, r in rated.items()}
    assert cop["B-5/W35"] < cop["B0/W35"] < cop["B5/W35"] < cop["W10/W35"] < cop["W15/W35"]
    assert cop["B0/W55"] < cop["B0/W45"] < cop["B0/W35"]
    point = rated["B0/W35"]
    solved = cycle.off_design(Boundary(**{q: point.inputs[q] for q in BOUNDARY_QUANTITIES}))
    assert point.outputs["P_el"] == pytest.approx(solved.P_el, rel=1e-3)
    assert point.outputs["Q_flow_sink"] == pytest.approx(solved.Q_flow_sink, rel=1e-3)


def test_curves_go_beyond_the_records_and_hold_their_medians(scores: Scores) -> None:
    machine, found = asked(scores, "mci_lab")
    recorded = scores.dataset.values.loc[scores.screening.kept]
    assert found.held["m_flow_sink"] == recorded["m_flow_sink"].median()
    low, high = machine.envelope.range("T_source_in")
    for curve in found.curves:
        T = curve.T_source_in
        assert low <= T[0] <= recorded["T_source_in"].min()
        assert high >= T[-1] >= recorded["T_source_in"].max()
        heat = curve.outputs["Q_flow_sink"]
        assert all(math.isfinite(x) for x in heat)
        assert heat == sorted(heat)
    # At one source the warmer sink takes less heat for more power.
    heats = [curve.outputs["Q_flow_sink"][10] for curve in found.curves]
    powers = [curve.outputs["P_el"][10] for curve in found.curves]
    assert heats == sorted(heats, reverse=True)
    assert powers == sorted(powers)


def test_points_outside_say_why(all_scores: dict[str, Scores]) -> None:
    _, cooling = asked(all_scores["nist_split"], "nist_split")
    by_name = {r.point.name: r for r in cooling.rated}
    assert by_name["A7/A20"].outside == "source inlet 7 °C is outside 18 to 30 °C"
    rated = by_name["A35/A27 cooling"]
    assert rated.inputs["T_source_in"] == pytest.approx(300.15)
    assert rated.inputs["T_sink_in"] == pytest.approx(308.15)
    _, brine = asked(all_scores["rwth_brine_water"], "rwth_brine_water")
    why = {r.point.name: r.outside for r in brine.rated}
    assert why["B0/W55"] == "no sink inlet of 25 to 50 °C leads there within the limits"
    assert why["B-5/W35"] == "source inlet -5 °C is outside 0 to 20 °C"
    assert why["B0/W35"] == ""


@pytest.mark.parametrize(
    ("temperatures", "levels"),
    [
        ([300.0, 300.4, 310.0, 310.2, 309.8], [300.2, 310.0]),
        ([300.0], [300.0]),
        # No levels: shares of the records.
        ([300.0 + 0.5 * k for k in range(41)], [302.0, 310.0, 318.0]),
        ([300.0 + 3.0 * k for k in range(11)], [303.0, 315.0, 327.0]),
    ],
)
def test_levels_of_the_sink(temperatures: list[float], levels: list[float]) -> None:
    assert sink_levels(temperatures) == pytest.approx(levels)


def test_media_choose_the_points() -> None:
    assert [kind_of_medium(m) for m in ("Air", "INCOMP::Water", "INCOMP::MEG[0.3]")] == list("AWB")
    of_air = {p.name: p for p in rating_points("Air", "INCOMP::Water")}
    assert {"A7/W35", "A-7/W35", "A2/W35"} <= set(of_air)
    # EN 14825, average climate: (-7 - 16) / (-10 - 16).
    assert of_air["A: A-7/W34"].part_load == pytest.approx(0.885, abs=1e-3)
    assert of_air["D: A12/W24"].part_load == pytest.approx(0.154, abs=1e-3)
    assert {p.T_source_in for p in rating_points("Water", "Water")} == {283.15, 288.15}
    cooled = {p.name: p for p in rating_points("Air", "Air")}
    assert cooled["B: A30/A27 cooling"].part_load == pytest.approx(14 / 19)
    assert rating_points("INCOMP::Water", "Air") == []
