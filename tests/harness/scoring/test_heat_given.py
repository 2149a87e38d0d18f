"""An FMU on records without a speed: it is asked for the recorded heat and scored on power."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.fmu_map import FmuMap
from heatpump_twin.harness.scoring.validation import validate
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.errors import InputError
from heatpump_twin.solving.quick_cycle import QuickCycle, boundaries_of

DESCRIPTOR = """
name = "mine"
title = "Points of the laboratory machine whose speed nobody read"
machine = "mci_lab"
table = "data.csv"
source = "computed"
licence = "MIT"
derived.compressor_speed = {}
"""
UNITS = {
    "T_source_in": "K",
    "T_sink_in": "K",
    "m_flow_source": "kg/s",
    "m_flow_sink": "kg/s",
    "P_el": "W",
    "Q_flow_sink": "W",
    "T_sink_out": "K",
}
# The last is the least that the machine has.
SPEEDS = np.array([0.9, 1.0, 1.1, 0.6, 0.5, 0.8, 1.15, 0.7, 0.3])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heat_given")
    machine = read_machine("mci_lab")
    count = len(SPEEDS)
    inputs = np.stack(
        [
            SPEEDS,
            np.linspace(275.0, 285.0, count),
            np.linspace(312.0, 300.0, count),
            np.full(count, machine.design.boundary.m_flow_source),
            np.full(count, machine.design.boundary.m_flow_sink),
        ],
        axis=1,
    )
    solved = QuickCycle(machine).solve_all(boundaries_of(inputs))
    table = pd.DataFrame(inputs[:, 1:], columns=list(UNITS)[:4])
    for quantity in list(UNITS)[4:]:
        table[quantity] = solved.column(quantity)
    # More heat than the machine has, and half of the least: it cycled.
    table.loc[7, ["Q_flow_sink", "P_el"]] *= 3.0
    table.loc[8, ["Q_flow_sink", "P_el"]] *= 0.5
    table.to_csv(folder / "data.csv", index=False)
    columns = [
        f'[columns.{q}]\nquantity = "{q}"\nunit = "{unit}"\nuncertainty = 0.1\n'
        for q, unit in UNITS.items()
    ]
    (folder / "descriptor.toml").write_text(DESCRIPTOR + "\n".join(columns), encoding="utf-8")
    return folder


def test_power_is_scored_at_the_heat_that_was_recorded(folder: Path, fmu: Path) -> None:
    scores = validate(load_dataset(str(folder)), fmu).scores
    answers = scores.simulation.outputs
    assert answers.compressor_speed.to_numpy()[:7] == pytest.approx(SPEEDS[:7], rel=2e-3)
    assert scores.inputs.compressor_speed.equals(answers.compressor_speed)
    measured = scores.dataset.values
    assert answers.Q_flow_sink.to_numpy()[:7] == pytest.approx(measured.Q_flow_sink[:7], rel=1e-6)
    assert answers.P_el.to_numpy()[:7] == pytest.approx(measured.P_el[:7], rel=2e-3)
    # What is given, and what follows from it and the inputs, is no prediction.
    assert {s.quantity for s in scores.scores} == {"P_el", "COP"}
    assert "Q_flow_sink_set = " in scores.unanswered_records[8]
    assert list(scores.unanswered_records) == [8, 9]


def test_record_below_the_least_speed_is_named(folder: Path, fmu: Path) -> None:
    scores = validate(load_dataset(str(folder)), fmu).scores
    answers, least = scores.simulation.outputs.loc[9], SPEEDS[8]
    assert answers.compressor_speed == least
    # EN 14825: half of the time costs (0.9 0.5 + 0.1) / 0.5 = 1.1 times the power of the heat.
    measured = scores.dataset.values.loc[9]
    assert answers.P_el / measured.P_el == pytest.approx(1.1, rel=2e-3)
    said = scores.unanswered_records[9]
    assert "below that of the least speed, 0.3, so that the answer is the mean of a machine" in said
    descriptor = folder / "descriptor.toml"
    text = descriptor.read_text(encoding="utf-8")
    named = '[[unscored_records]]\nrecords = [8, 9]\nreason = "the machine cycled, or was off"\n'
    descriptor.write_text(f"{text}\n{named}", encoding="utf-8")
    try:
        assert validate(load_dataset(str(folder)), fmu).scores.unanswered_records == {}
    finally:
        descriptor.write_text(text, encoding="utf-8")


def test_reports_say_that_heat_is_given(folder: Path, fmu: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    command = ["validate", str(folder), "--fmu", str(fmu), "-o", str(report), "--diagrams", "none"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    said = " ".join(result.output.split())
    assert "heat is given and not predicted" in said
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Heat is given and not predicted" in page
    assert "heat to the sink in kW, given" in page
    fields = json.loads((report / "scores.json").read_text(encoding="utf-8"))["fields"]
    assert fields["Q_flow_sink"]["reasons"] == [
        "given to the model: compressor_speed is the one that meets it"
    ]


def test_fmu_of_another_tool_names_what_is_asked_for_heat(folder: Path, fmu: Path) -> None:
    named = FmuMap.model_validate({"map": {"Q_flow_sink": {"name": "Q_flow_sink_set"}}})
    start = {"control": "heat_flow"}
    mapped = named.model_copy(update={"start_values": start})
    scores = validate(load_dataset(str(folder)), fmu, fmu_map=mapped, map_source="map").scores
    assert "Q_flow_sink" not in scores.simulation.outputs
    assert scores.simulation.outputs.P_el.notna().all()
    wrong = FmuMap.model_validate({"map": {"Q_flow_sink": {"name": "heat"}}})
    with pytest.raises(InputError, match=r"map.Q_flow_sink: the FMU has no variable 'heat'"):
        validate(load_dataset(str(folder)), fmu, fmu_map=wrong, map_source="map")
