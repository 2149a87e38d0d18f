"""Tables that state outlets, COP and changes of temperature give the inputs that they imply."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heatpump_twin.harness.calibration.calibrating import fit_machine
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.model.errors import InputError

HEAD = """
name = "mine"
title = "A catalogue after EN 14511"
machine = "machine.toml"
start = "start.toml"
table = "data.csv"
record = "point"
source = "invented"
licence = "MIT"
"""


def column(name: str, unit: str, header: str) -> str:
    return (
        f'[columns.{header}]\nquantity = "{name}"\nunit = "{unit}"\nrelative_uncertainty = 0.01\n'
        if not name.startswith("T_")
        else f'[columns.{header}]\nquantity = "{name}"\nunit = "{unit}"\nuncertainty = 0.1\n'
    )


SPEED = '[constants.compressor_speed]\nvalue = 1.0\nunit = "1"\nuncertainty = 0.01\n'
CATALOGUE = (
    column("T_source_in", "degC", "source")
    + column("T_sink_out", "degC", "supply")
    + column("Q_flow_sink", "kW", "heat")
    + column("COP", "1", "COP")
    + SPEED
)
DERIVED = """
[derived.P_el]
[derived.m_flow_source]
medium = "INCOMP::MEG[0.3]"
temperature_difference = { value = 3, unit = "K", uncertainty = 0.3 }
of_record = 2
[derived.m_flow_sink]
medium = "INCOMP::Water"
temperature_difference = { value = 5, unit = "K", uncertainty = 0.3 }
[derived.T_sink_in]
medium = "INCOMP::Water"
"""


def dataset(folder: Path, text: str, table: dict[str, list[float]]) -> Dataset:
    folder.mkdir(exist_ok=True)
    frame = pd.DataFrame(table)
    frame.insert(0, "point", range(1, len(frame) + 1))
    frame.to_csv(folder / "data.csv", index=False)
    (folder / "descriptor.toml").write_text(HEAD + text, encoding="utf-8")
    return load_dataset(str(folder))


EN_14511 = {
    "source": [0.0, 5.0, 10.0],
    "supply": [35.0, 45.0, 55.0],
    "heat": [8.0, 9.0, 10.0],
    "COP": [4.5, 4.0, 3.2],
}


def test_outlet_cop_and_changes_of_temperature(tmp_path: Path) -> None:
    found = dataset(tmp_path, CATALOGUE + DERIVED, EN_14511)
    values = found.values
    assert values.P_el.to_numpy() == pytest.approx(np.array([8.0, 9.0, 10.0]) * 1e3 / [4.5, 4, 3.2])
    # 5 K at all records, so the flow follows the heat: 8 kW / (4.18 kJ/(kg K) 5 K) = 0.383 kg/s.
    assert values.T_sink_in.to_numpy() == pytest.approx(values.T_sink_out - 5.0, abs=1e-3)
    assert values.m_flow_sink[1] == pytest.approx(0.383, abs=0.001)
    # That of record 2 at all: (9 kW - 2.25 kW) / (3.65 kJ/(kg K) 3 K) = 0.617 kg/s.
    assert values.m_flow_source.to_numpy() == pytest.approx([0.617] * 3, abs=0.006)
    # 1 % of heat and 1 % of COP; 0.1 K of the outlet, and of 5 K: 6 % of flow and 1 % of heat.
    u = found.uncertainties
    assert (u.P_el / values.P_el).to_numpy() == pytest.approx(2**0.5 * 0.01)
    assert u.T_sink_in.to_numpy() == pytest.approx(
        (0.1**2 + 5**2 * (0.0608**2 + 0.01**2)) ** 0.5, rel=0.01
    )
    assert found.unscored == {"T_sink_out": "T_sink_in follows from it"}
    assert found.scored == ("P_el", "Q_flow_sink", "COP")


def test_heat_of_a_stream(tmp_path: Path) -> None:
    text = (
        column("T_source_in", "degC", "source")
        + column("T_sink_in", "degC", "sink")
        + column("T_sink_out", "degC", "supply")
        + column("P_el", "kW", "power")
        + column("m_flow_source", "kg/s", "brine")
        + column("m_flow_sink", "kg/s", "water")
        + SPEED
        + '[derived.Q_flow_sink]\nmedium = "INCOMP::Water"\n'
    )
    table = {"source": [0.0], "sink": [30.0], "supply": [35.0], "power": [2.0], "brine": [0.6]}
    found = dataset(tmp_path, text, {**table, "water": [0.4]})
    # 0.4 kg/s of 4.17 to 4.18 kJ/(kg K) by 5 K.
    assert found.values.Q_flow_sink[1] == pytest.approx(8350.0, rel=2e-3)
    u = (2 * 0.1**2 / 5**2 + 0.01**2) ** 0.5
    assert found.uncertainties.Q_flow_sink[1] == pytest.approx(8350.0 * u, rel=2e-3)
    assert found.scored == ("P_el", "Q_flow_sink", "COP")
    # Half a kelvin more between both sensors is a tenth more heat, as uncertain in kelvins.
    more = dataset(tmp_path, f"{text}offset = 0.5\n", {**table, "water": [0.4]})
    assert more.values.Q_flow_sink[1] == pytest.approx(1.1 * found.values.Q_flow_sink[1])
    with pytest.raises(InputError, match="offset is for heat"):
        dataset(tmp_path, CATALOGUE + DERIVED.replace("of_record = 2", "offset = 1"), EN_14511)
    with pytest.raises(InputError, match=r"derived.Q_flow_sink: -[\d.e+]+ at record 1"):
        dataset(tmp_path, text, {**table, "water": [0.4], "supply": [25.0]})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[derived.P_el]", "[derived.p_low]", "derived.p_low: can be derived: P_el, Q_flow_sink"),
        ("[derived.P_el]", '[derived.P_el]\nmedium = "Air"', "P_el: follows from COP; expected no"),
        (
            'medium = "INCOMP::Water"\ntemp',
            "temp",
            "derived.m_flow_sink: medium: expected the stream's",
        ),
        ('{ value = 5, unit = "K"', '{ value = 5, unit = "bar"', "bar"),
        ("of_record = 2", "of_record = 7", r"of_record 7 is not in the table; records are 1, 2, 3"),
        ("INCOMP::Water", "INCOMP::Wine", "derived.m_flow_sink: medium: .*Wine"),
        (
            'quantity = "COP"\nunit = "1"',
            'quantity = "p_low"\nunit = "bar"',
            "derived.P_el: follows from COP, which no",
        ),
        ("[derived.T_sink_in]", "[derived.T_source_in]", "T_source_in is given by both"),
        ("[derived.P_el]", "", "derived.m_flow_source: needs Q_flow_source, which no"),
    ],
)
def test_wrong_entries_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = CATALOGUE + DERIVED
    assert old in text
    table = dict(EN_14511)
    with pytest.raises(InputError, match=message):
        dataset(tmp_path, text.replace(old, new), table)


def test_a_catalogue_of_outlets_is_calibrated(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_example(folder)
    example = load_dataset(str(folder))
    as_read = fit_machine(example, folder / "start.toml")
    problem = as_read.physics.problem
    predicted = problem.predict(as_read.physics.estimate.fit.by_place, list(example.values.index))
    values = example.values
    # The same machine as a catalogue states it: outlet instead of inlet, COP instead of power.
    table = {
        "source": (values.T_source_in - 273.15).tolist(),
        "supply": (predicted.T_sink_out - 273.15).round(2).tolist(),
        "heat": (predicted.Q_flow_sink / 1e3).round(3).tolist(),
        "COP": predicted.COP.round(3).tolist(),
        "brine": values.m_flow_source.tolist(),
        "water": values.m_flow_sink.tolist(),
    }
    text = (
        CATALOGUE
        + column("m_flow_source", "kg/s", "brine")
        + column("m_flow_sink", "kg/s", "water")
        + '[derived.P_el]\n[derived.T_sink_in]\nmedium = "INCOMP::Water"\n'
    )
    again = dataset(folder, text, table)
    assert again.values.T_sink_in.to_numpy() == pytest.approx(values.T_sink_in, abs=0.02)
    found = fit_machine(again, folder / "start.toml").physics
    error = found.problem.predict(found.estimate.fit.by_place, found.problem.records)
    assert (error.P_el / predicted.P_el - 1.0).abs().max() < 0.003
