"""Fits that have to find what is known, and the shipped machines once more."""

import dataclasses
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heatpump_twin.harness.calibration.calibrating import (
    FittedMachine,
    fit_answers,
    fit_machine,
)
from heatpump_twin.harness.calibration.cross_validation import extrapolation_split, leave_out_splits
from heatpump_twin.harness.calibration.record import (
    CalibrationRecord,
    data_fingerprint,
    record_path,
)
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.harness.report.tables import band
from heatpump_twin.machine_files.files import MACHINES
from heatpump_twin.machine_files.machine_file import read_machine, read_machine_file
from heatpump_twin.model.errors import InputError
from heatpump_twin.solving.media import saturation_pressure
from heatpump_twin.solving.property_tables import medium_table
from heatpump_twin.solving.quick_cycle import OUTPUTS

SHIPPED = ["mci_lab", "nist_split", "rwth_brine_water"]


@cache
def fitted_again(name: str) -> tuple[Dataset, FittedMachine]:
    """A shipped data set and its fit, made once: no test changes them."""
    dataset = load_dataset(name)
    return dataset, fit_machine(dataset, DATASETS / name / "start.toml")


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> tuple[Dataset, FittedMachine, CalibrationRecord]:
    record = CalibrationRecord.load(record_path(MACHINES / f"{request.param}.toml"))
    return *fitted_again(request.param), record


def test_shipped_machine_comes_out_again(
    shipped: tuple[Dataset, FittedMachine, CalibrationRecord],
) -> None:
    dataset, fitted, record = shipped
    assert record.data_fingerprint == data_fingerprint(dataset)
    assert record.records == fitted.physics.problem.records
    again = fitted.physics.estimate.fit.by_place
    assert list(again) == [p.place for p in record.parameters]
    for parameter in record.parameters:
        # Of its standard error, too: a value may be near zero.
        close = pytest.approx(parameter.value, rel=1e-6, abs=1e-6 * parameter.standard_error)
        assert again[parameter.place] == close, parameter.place
    machine = read_machine(dataset.descriptor.machine)
    assert record.machine_fingerprint == machine.fingerprint


def test_shipped_predictions_are_of_unseen_records(
    shipped: tuple[Dataset, FittedMachine, CalibrationRecord],
) -> None:
    _, fitted, record = shipped
    assert sorted(record.frame("leave_one_out", "values").index) == record.records
    split = extrapolation_split(fitted.physics.problem)
    assert tuple(record.frame("extrapolation", "values").index) == split.predicted
    assert not set(split.fitted) & set(split.predicted)


def test_pumps_that_follow_their_flows_are_found(tmp_path: Path) -> None:
    """The example with 60 W and 90 W of pumps inside of its power, at 30 and 20 kg/min."""
    folder = tmp_path / "mine"
    write_example(folder)
    table = pd.read_csv(folder / "data.csv")
    flows = table.m_flow_source_kg_min / 30.0, table.m_flow_sink_kg_min / 20.0
    table.P_el_kW += 0.06 * flows[0] ** 3 + 0.09 * flows[1] ** 3
    table.to_csv(folder / "data.csv", index=False)
    path = folder / "start.toml"
    entry = 'pump_power = { value = 50, unit = "W", uncertainty = 50, source = "estimate" }'
    text = re.sub(r"(?m)^(source|sink)_pump_power.*$", rf"\g<1>_{entry}", path.read_text())
    path.write_text(text)
    fitted = fit_machine(load_dataset(str(folder)), path)
    fit, design = fitted.physics.estimate.fit, fitted.start.machine.design.boundary
    for side, power, flow, usual in (
        ("source", 60.0, design.m_flow_source, 0.5),
        ("sink", 90.0, design.m_flow_sink, 1.0 / 3.0),
    ):
        at = [p.place for p in fit.parameters].index(f"{side}_pump_power")
        expected, error = power * (flow / usual) ** 3, fit.standard_errors[at]
        assert fit.values[at] == pytest.approx(expected, abs=2.0 * error)
        assert error < 0.5 * power


def test_fitted_numbers_name_data_and_uncertainty() -> None:
    for name in SHIPPED:
        machine_file = read_machine_file(MACHINES / f"{name}.toml")
        fitted = [p for _, p in machine_file.parameters() if p.source == "calibration"]
        assert "Fitted by heatpump-twin calibrate" in machine_file.sources["calibration"]
        assert sum(p.uncertainty is not None for p in fitted) >= 4
        assert all(f"of {name}, recorded: " in p.note for p in fitted if p.uncertainty)


def test_pooled_band_holds_85_to_100_per_cent() -> None:
    pairs = [CalibrationRecord.load(record_path(MACHINES / f"{n}.toml")).coverage for n in SHIPPED]
    inside, total = map(sum, zip(*pairs, strict=True))
    assert total >= 150
    assert 0.85 <= inside / total <= 1.0


def test_band_is_told_with_its_width() -> None:
    record = CalibrationRecord.load(record_path(MACHINES / "rwth_brine_water.toml"))
    of = record.predictions["leave_one_out"]
    shares = [w / of["values"]["P_el"][r] for r, w in of["half_widths"]["P_el"].items()]
    inside, total = record.coverage
    said = band(record)
    assert said.startswith(f"95 % band: {inside} of {total} left-out readings inside")
    assert f"P_el {100.0 * sum(shares) / len(shares):.2f} %" in said
    kelvins = of["half_widths"]["T_sink_out"].values()
    assert f"T_sink_out {sum(kelvins) / len(kelvins):.2f} K" in said


def synthetic(dataset: Dataset, fitted: FittedMachine, values: dict[str, float]) -> Dataset:
    """The data set as a machine with known parameters would have given it."""
    problem = fitted.physics.problem
    predicted = problem.predict(values, problem.records)
    changed = dataset.values.copy()
    changed.loc[problem.records, problem.quantities] = predicted[problem.quantities]
    return dataclasses.replace(dataset, values=changed)


def test_known_parameters_are_found() -> None:
    dataset, fitted = fitted_again("nist_split")
    parameters = [dataclasses.replace(p, prior_sd=np.inf) for p in fitted.start.base]
    truth = {p.place: p.start * factor for p, factor in zip(parameters, FACTORS, strict=False)}
    problem = fitted.physics.problem
    exact = problem._of(synthetic(dataset, fitted, truth))
    fit = exact.fit(parameters)
    for place, value in truth.items():
        assert fit.by_place[place] == pytest.approx(value, rel=1e-6), place
    assert fit.chi_squared_reduced < 1e-8


def test_condenser_without_a_difference_of_temperature_stays_an_exchanger() -> None:
    # Records of a condenser that closes to a hundred-thousandth: -ln 1e-5 = 11.5 transfer units. A
    # fit that follows them without end has no machine left once its numbers are rounded.
    dataset, fitted = fitted_again("rwth_brine_water")
    problem, found = fitted.physics.problem, fitted.physics.estimate.fit
    design = problem.machine_with(found.by_place).design
    capacity_flow = design.boundary.m_flow_sink * float(
        medium_table(problem.machine.sink_medium).heat_capacity(design.boundary.T_sink_in)
    )
    rise = design.Q_flow_sink / capacity_flow
    T_bubble = design.boundary.T_sink_in + rise / (1.0 - 1e-5)
    p_high = saturation_pressure(problem.machine.refrigerant, T_bubble, 0)
    truth = {**found.by_place, "design_point.p_high": p_high}
    assert problem._transfer_units(columns(truth))[0] == pytest.approx(11.5, abs=0.1)
    exact = problem._of(synthetic(dataset, fitted, truth))
    fit = exact.fit(found.parameters, start=found.by_place)
    assert exact._transfer_units(columns(fit.by_place))[0] < 6.0
    rounded = {place: float(f"{value:.6g}") for place, value in fit.by_place.items()}
    assert np.isfinite(exact.predict(rounded, exact.records).to_numpy()).all()


def columns(values: dict[str, float]) -> dict[str, np.ndarray]:
    """Values as those of one machine of several."""
    return {place: np.array([[value]]) for place, value in values.items()}


# Power, heat, both pressures and the unknown flow away from their start values.
FACTORS = (1.05, 0.96, 1.01, 0.99, 1.04)


def test_many_records_are_left_out_by_tenths_that_the_seed_deals() -> None:
    records = list(range(1, 101))
    splits = leave_out_splits(records, seed=3)
    assert len(splits) == 10
    assert sorted(r for s in splits for r in s.predicted) == records
    assert all(not set(s.fitted) & set(s.predicted) for s in splits)
    assert splits == leave_out_splits(records, seed=3)
    assert splits != leave_out_splits(records, seed=4)


def test_records_of_a_few_are_left_out_alone() -> None:
    splits = leave_out_splits([1, 2, 5], seed=0)
    assert [s.predicted for s in splits] == [(1,), (2,), (5,)]


@pytest.mark.parametrize("name", SHIPPED)
def test_stored_answers_are_those_of_the_machine_file(name: str) -> None:
    record = CalibrationRecord.load(record_path(MACHINES / f"{name}.toml"))
    dataset = record.with_flows_found(load_dataset(name))
    again = fit_answers(read_machine(name), dataset, record.records)
    stored = record.fit_answers
    assert stored.index.tolist() == record.records
    assert list(stored) == list(OUTPUTS)
    assert stored.to_numpy() == pytest.approx(again.to_numpy(), rel=1e-8)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"dataset": "mci_lab"}, "of format 1; expected 3.*: calibrate again"),
        ({"format": 4}, "of format 4; expected 3.*: calibrate again"),
        ({"format": 3}, "cannot be used"),
        ([], "cannot be used"),
    ],
)
def test_record_of_another_format_is_refused(tmp_path: Path, content: object, why: str) -> None:
    path = tmp_path / "machine.calibration.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"calibration record {path}: {why}"):
        CalibrationRecord.load(path)


def test_record_is_read_as_it_was_saved(tmp_path: Path) -> None:
    record = CalibrationRecord.load(record_path(MACHINES / "rwth_brine_water.toml"))
    record.save(tmp_path / "again.json")
    assert CalibrationRecord.load(tmp_path / "again.json") == record


def test_frames_have_whole_numbers_as_records() -> None:
    record = CalibrationRecord.load(record_path(MACHINES / "mci_lab.toml"))
    frame = record.frame("leave_one_out", "half_widths")
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.tolist() == record.records
    assert (frame > 0).all().all()
