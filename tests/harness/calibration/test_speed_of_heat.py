"""Records without a speed: it is the one that gives the recorded heat, and power is predicted."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import random_boundaries
from typer.testing import CliRunner, Result

from benchmarks.catalogues import take_speeds, write_catalogue
from heatpump_twin.harness.calibration.calibrating import fit_within_speeds
from heatpump_twin.harness.calibration.estimating import estimate
from heatpump_twin.harness.calibration.fitting import Problem
from heatpump_twin.harness.calibration.record import CalibrationRecord
from heatpump_twin.harness.calibration.speed_of_heat import CycleAtHeat, solve_at_heat
from heatpump_twin.harness.calibration.starting import begin
from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle, boundaries_of

# 14 rows of an invented inverter machine at four speeds, 0.3 % of scatter, no fault.
SEED = 7
DERIVED = "[derived.compressor_speed]\n"


def without_speeds(folder: Path) -> "pd.Series[float]":
    """Write the catalogue without its speeds; return them."""
    write_catalogue(folder, SEED)
    speeds = take_speeds(folder)
    assert speeds.nunique() == 4
    return speeds


def calibrate(folder: Path) -> Result:
    command = ["calibrate", str(folder), "-o", str(folder / "machine.toml")]
    return CliRunner().invoke(app, command, catch_exceptions=False, env={"COLUMNS": "80"})


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "pd.Series[float]", str]:
    folder = tmp_path_factory.mktemp("unknown") / "catalogue"
    true = without_speeds(folder)
    # One record of another machine: four times the heat takes more speed than the envelope has.
    table = pd.read_csv(folder / "data.csv")
    table.loc[3, ["Q_flow_sink_kW", "P_el_kW"]] *= 4.0
    table.to_csv(folder / "data.csv", index=False)
    # R404A condenses at 16.7 bar at 37 degC and at 23.6 bar at 52 degC: only the hottest records
    # exceed this limit, not the design point with a sink of 32 degC.
    path = folder / "start.toml"
    path.write_text(re.sub(r"(?m)^(p_high_max = \{ value = )[^,]+", r"\g<1>20.5", path.read_text()))
    result = calibrate(folder)
    assert result.exit_code == 0, result.output
    return folder, true, " ".join(result.output.split())


def test_power_is_predicted_and_speeds_are_found(
    catalogue: tuple[Path, "pd.Series[float]", str],
) -> None:
    folder, true, said = catalogue
    record = CalibrationRecord.load(folder / "machine.calibration.json")
    data = load_dataset(str(folder))
    measured = data.values.loc[record.records]
    error = record.frame("leave_one_out", "values").P_el / measured.P_el - 1.0
    assert error.abs().mean() < 0.02
    assert list(record.uncertainty_factors) == ["P_el"]
    speeds = record.fit_answers.compressor_speed
    # The truth has losses that no number of the machine file has, up to 5 % of its efficiency.
    assert (speeds / true[speeds.index] - 1.0).abs().max() < 0.05
    assert record.fit_answers.Q_flow_sink.to_numpy() == pytest.approx(
        measured.Q_flow_sink.to_numpy(), rel=1e-8
    )
    # Speed 1 is that of the record that the descriptor names.
    assert speeds[data.descriptor.design_record] == pytest.approx(1.0, abs=1e-6)
    assert "heat was given and is not predicted" in said
    assert "Q_flow_sink" not in said.partition("Mean absolute errors")[2]


def test_heat_that_no_speed_gives_is_named(
    catalogue: tuple[Path, "pd.Series[float]", str],
) -> None:
    folder, _, said = catalogue
    record = CalibrationRecord.load(folder / "machine.calibration.json")
    assert list(record.outliers) == [4]
    assert "record 4 is against the others: " in said
    assert "but envelope.compressor_speed_max is" in said


def test_records_go_until_no_speed_is_outside(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    without_speeds(folder)
    # A record of another machine, which pulls the speeds of the others with it.
    table = pd.read_csv(folder / "data.csv").set_index("point")
    table.loc[4, "Q_flow_sink_kW"] *= 4.0
    table.loc[4, "P_el_kW"] *= 3.0
    table.to_csv(folder / "data.csv")
    data = load_dataset(str(folder))
    records = [int(r) for r in data.values.index]
    start = begin(data, folder / "start.toml", records)
    parameters = (*start.base, *start.options)
    problem = Problem(data, start.machine, lambda record, quantity: True, records)
    speeds = problem.speeds(estimate(problem, parameters).fit.by_place, records)
    fewer = problem.without([4])
    then = fewer.speeds(estimate(fewer, parameters).fit.by_place, fewer.records)
    # Without it the fastest of the others passes a limit that it had kept.
    second = int(then.idxmax())
    limit = 0.5 * (speeds[second] + then[second])
    assert speeds.drop(4).max() < limit < min(then[second], speeds[4])
    machine = start.machine.with_parameters({"envelope.compressor_speed_max": limit})
    limited = Problem(data, machine, lambda record, quantity: True, records)
    outliers: dict[int, str] = {}
    left = fit_within_speeds(limited, parameters, {}, outliers)
    assert {4, second} <= set(outliers)
    assert set(left.problem.records) == set(records) - set(outliers)
    last = left.problem.speeds(left.estimate.fit.by_place, left.problem.records)
    assert (last <= limit).all()


def test_limits_give_way_at_speeds_that_nobody_read(
    catalogue: tuple[Path, "pd.Series[float]", str],
) -> None:
    folder, _, said = catalogue
    table = pd.read_csv(folder / "data.csv")
    assert "envelope.p_high_max is " in said
    (place,) = re.findall(r"bar and no longer 20.5 bar: .*? at record (\d+)", said)
    # The most heat at the hottest sink.
    assert int(place) == 12
    assert table.T_sink_in_degC[11] == 47.0
    assert read_machine(str(folder / "machine.toml")).envelope.p_high_max > 20.5e5


def test_how_sure_heat_at_a_speed_is_is_not_known(
    catalogue: tuple[Path, "pd.Series[float]", str],
) -> None:
    path = catalogue[0] / "machine.toml"
    assert "; at a given heat, not at a given speed" in path.read_text()
    machine = read_machine(str(path))
    assert machine.prediction_uncertainty.Q_flow_sink == 0.0
    assert 0.002 < machine.prediction_uncertainty.P_el < 0.05


def test_speeds_are_those_that_gave_the_heat(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    points = random_boundaries(machine, 40, seed=5)
    inputs = boundaries_of(np.array([list(vars(b).values()) for b in points]))
    solved = cycle.solve_all(inputs)
    heat = solved.column("Q_flow_sink")
    unknown = dataclasses.replace(inputs, compressor_speed=np.full(40, np.nan))
    again = solve_at_heat(cycle, unknown, heat)
    assert again.speed == pytest.approx(inputs.compressor_speed, rel=1e-7)
    assert again.outputs == pytest.approx(solved.outputs, rel=1e-7)
    assert np.isnan(solve_at_heat(cycle, unknown, 30.0 * heat).speed).all()


def test_a_solution_is_found_again_from_itself(machine: Machine) -> None:
    """Fits begin each solution at the last one, with machines that differ by rounding or more."""
    cycle = QuickCycle(machine)
    points = random_boundaries(machine, 40, seed=5)
    inputs = boundaries_of(np.array([list(vars(b).values()) for b in points]))
    unknown = dataclasses.replace(inputs, compressor_speed=np.full(40, np.nan))
    first = solve_at_heat(cycle, unknown, cycle.solve_all(inputs).column("Q_flow_sink"))
    heat = first.column("Q_flow_sink")
    for change in (0.0, 1e-14, 1e-7, 1e-3):
        P_el = machine.design.P_el * (1.0 + change)
        other = QuickCycle(machine.with_parameters({"design_point.P_el": P_el}))
        again = solve_at_heat(other, unknown, heat, first)
        assert again.column("Q_flow_sink") == pytest.approx(heat, rel=1e-8)
        assert again.speed == pytest.approx(first.speed, rel=max(2.0 * change, 1e-12))


def test_sensitivities_are_difference_quotients_at_constant_heat(machine: Machine) -> None:
    cycle = QuickCycle(machine)
    table = np.array([list(vars(b).values()) for b in random_boundaries(machine, 5, seed=6)])
    heat = cycle.solve_all(boundaries_of(table)).column("Q_flow_sink")
    solved = solve_at_heat(cycle, boundaries_of(table), heat)
    step = 1e-4 * machine.design.P_el
    other = QuickCycle(machine.with_parameters({"design_point.P_el": machine.design.P_el + step}))
    quotient = (solve_at_heat(other, boundaries_of(table), heat).outputs - solved.outputs) / step
    table[:, 0] = solved.speed
    at, moved = (CycleAtHeat(c, boundaries_of(table)) for c in (cycle, other))
    of_residuals, of_rows = at.jacobians(solved.unknowns)
    (r0, o0), (r1, o1) = at.evaluate(solved.unknowns), moved.evaluate(solved.unknowns)
    follow = np.einsum("nor,rn->on", of_rows @ np.linalg.inv(of_residuals), r1 - r0)
    found = ((o1 - o0) - follow)[: len(OUTPUTS)] / step
    # Relative change by that of the design power.
    scale = np.abs(solved.outputs) / machine.design.P_el
    assert found / scale == pytest.approx(quotient / scale, abs=1e-3)
    assert (quotient / scale)[OUTPUTS.index("Q_flow_sink")] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('quantity = "Q_flow_sink"', 'quantity = "Q_flow_source"', "has neither a column nor"),
        (
            DERIVED,
            f'[constants.compressor_speed]\nvalue = 1\nunit = "1"\nuncertainty = 0.1\n{DERIVED}',
            "compressor_speed is given by both constants.compressor_speed and derived",
        ),
        (DERIVED, f'{DERIVED}medium = "Air"\n', "expected no key but rated_heat"),
    ],
)
def test_entry_that_cannot_hold_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    without_speeds(tmp_path / "mine")
    path = tmp_path / "mine" / "descriptor.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message):
        load_dataset(str(tmp_path / "mine"))


def test_records_without_heat_are_left_out(tmp_path: Path) -> None:
    without_speeds(tmp_path / "mine")
    table = pd.read_csv(tmp_path / "mine" / "data.csv")
    table.loc[2, "Q_flow_sink_kW"] = 0.0
    table.to_csv(tmp_path / "mine" / "data.csv", index=False)
    data = load_dataset(str(tmp_path / "mine"))
    assert 3 not in data.values.index
    assert "Q_flow_sink not read, for instance record 3" in data.notes[0]
    assert "Q_flow_sink" not in data.scored
    assert "given to the model" in data.unscored["Q_flow_sink"]


def test_speeds_outside_the_envelope_are_one_message(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    without_speeds(folder)
    path = folder / "start.toml"
    lines = path.read_text().splitlines()
    narrow = {"compressor_speed_min": 0.95, "compressor_speed_max": 1.05}
    for i, line in enumerate(lines):
        for key, value in narrow.items():
            if line.startswith(key):
                lines[i] = f'{key} = {{ value = {value}, unit = "1", source = "estimate" }}'
    path.write_text("\n".join(lines))
    result = calibrate(folder)
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "records need a speed outside the envelope for their heat" in said
    assert "envelope.compressor_speed_min is 0.95" in said
    assert not (folder / "machine.toml").exists()
