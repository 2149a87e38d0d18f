import math
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from heatpump_twin.harness.data.datasets import Dataset
from heatpump_twin.machine_files.files import machine_path, read_toml
from heatpump_twin.machine_files.machine_file import read_machine, read_machine_file
from heatpump_twin.machine_files.units import from_si, to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import (
    PARAMETERS,
    Frost,
    Machine,
    PredictionUncertainty,
    with_defaults,
)
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

SHIPPED = machine_path("mci_lab")


def _variant(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped file with the first match of the pattern `old` replaced."""
    text, count = re.subn(old, new, SHIPPED.read_text(encoding="utf-8"), count=1, flags=re.M)
    assert count == 1
    path = tmp_path / "variant.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _value_of(key: str) -> str:
    """Pattern of a key and its number, which a calibration may write anew."""
    return rf"^{key} = {{ ?value = [^,]+"


def test_units_become_si(machine: Machine) -> None:
    written = read_toml(SHIPPED, "machine file")["design_point"]
    design = machine.design
    assert written["p_high"]["unit"] == "bar"
    assert design.p_high == pytest.approx(written["p_high"]["value"] * 1e5)
    assert design.boundary.T_sink_in == pytest.approx(308.65)
    assert design.boundary.m_flow_sink == pytest.approx(16.1 / 60)
    assert machine.envelope.maximum.m_flow_source == pytest.approx(34.5 / 60)
    assert design.boundary.compressor_speed == 1.0


def test_every_number_has_unit_and_source() -> None:
    machine_file = read_machine_file(SHIPPED)
    parameters = machine_file.parameters()
    assert len(parameters) > 30
    assert all(p.unit and p.source in machine_file.sources for _, p in parameters)


def test_design_point_is_at_the_inlets_of_the_recorded_one(
    machine: Machine, dataset: Dataset
) -> None:
    number = dataset.descriptor.design_record
    record, u = dataset.values.loc[number], dataset.uncertainties.loc[number]
    for name, value in vars(machine.design.boundary).items():
        assert value == pytest.approx(record[name]), name
    # Fitted to all records; at its own it stays within what was read there.
    fitted = dict(read_machine_file(SHIPPED).parameters())
    for name in ("p_low", "p_high", "Q_flow_sink", "P_el"):
        uncertainty = math.hypot(u[name], fitted[f"design_point.{name}"].si_uncertainty)
        value = getattr(machine.design, name)
        assert value == pytest.approx(record[name], abs=2 * uncertainty), name


def test_temperature_uncertainty_is_a_difference() -> None:
    assert to_si(0.5, "degC", "K", difference=True) == pytest.approx(0.5)
    assert to_si(0.0, "degC", "K") == pytest.approx(273.15)
    assert from_si(0.5, "degC", "K", difference=True) == pytest.approx(0.5)
    assert from_si(273.15, "degC", "K") == pytest.approx(0.0, abs=1e-9)


def test_parameters_by_place_are_those_of_the_machine(machine: Machine) -> None:
    """Every number of the file has one place in the machine, and the same value there."""
    values = {place: parameter.si for place, parameter in read_machine_file(SHIPPED).parameters()}
    optional = {place: d.default for place, d in PARAMETERS.items() if d.default is not None}
    values = optional | values
    assert set(values) == set(PARAMETERS)
    assert machine.with_parameters(values) == machine
    for place, value in values.items():
        assert machine.parameter(place) == value
        changed = machine.with_parameters({place: value + 1.0})
        old, new = _flat(asdict(machine)), _flat(asdict(changed))
        assert {k for k in old if new[k] != old[k]} == {_place_in_machine(place)}, place
        assert new[_place_in_machine(place)] == value + 1.0
        # Steady answers do not depend on these.
        is_steady = place.split(".")[0] not in ("dynamics", "control", "frost")
        assert (changed.fingerprint != machine.fingerprint) == is_steady, place
        assert changed.with_parameters({place: value}) == machine


def test_unknown_place_is_refused(machine: Machine) -> None:
    with pytest.raises(KeyError, match="gibberish"):
        machine.with_parameters({"compressor.gibberish": 1.0})
    with pytest.raises(KeyError, match="gibberish"):
        machine.with_parameters({"gibberish.leakage_coefficient": 1.0})


def _flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _place_in_machine(place: str) -> str:
    section, _, key = place.rpartition(".")
    quantity, _, end = key.rpartition("_")
    if section == "envelope" and quantity in BOUNDARY_QUANTITIES:
        return f"envelope.{end}imum.{quantity}"
    if section != "design_point":
        return place
    return f"design.boundary.{key}" if key in BOUNDARY_QUANTITIES else f"design.{key}"


def test_prediction_uncertainty_and_refrigerant_note_are_optional(
    machine: Machine, tmp_path: Path
) -> None:
    assert machine.refrigerant_note == ""
    text = SHIPPED.read_text(encoding="utf-8").split("[prediction_uncertainty]")[0]
    bare, full = tmp_path / "bare.toml", tmp_path / "full.toml"
    bare.write_text(text, encoding="utf-8")
    without = read_machine(str(bare))
    assert without.prediction_uncertainty == PredictionUncertainty(P_el=0.0, Q_flow_sink=0.0)
    full.write_text(
        'refrigerant_note = "assumed"\n'
        + text
        + "\n[prediction_uncertainty]\n"
        + 'P_el = { value = 2, unit = "percent", source = "estimate" }\n'
        + 'Q_flow_sink = { value = 0.05, unit = "1", source = "estimate" }\n',
        encoding="utf-8",
    )
    said = read_machine(str(full))
    assert said.refrigerant_note == "assumed"
    assert said.prediction_uncertainty.P_el == pytest.approx(0.02)
    assert said.prediction_uncertainty.Q_flow_sink == 0.05


def test_frost_may_be_that_of_the_machine(tmp_path: Path) -> None:
    """What the file does not name is the published curve; the map does not depend on it."""
    machine = read_machine("nist_split")
    assert machine.frost == with_defaults(Frost)
    path = tmp_path / "frost.toml"
    text = SHIPPED.with_name("nist_split.toml").read_text(encoding="utf-8")
    entry = '{ value = 8.5, unit = "%", uncertainty = 2, source = "estimate" }'
    path.write_text(f"{text}\n[frost]\nfrost_peak_loss = {entry}\n", encoding="utf-8")
    own = read_machine(str(path))
    assert own.frost.frost_peak_loss == pytest.approx(0.085)
    assert own.frost == replace(machine.frost, frost_peak_loss=own.frost.frost_peak_loss)
    assert own.fingerprint == machine.fingerprint
    (parameter,) = (p for k, p in read_machine_file(path).parameters() if k.startswith("frost."))
    assert parameter.si_uncertainty == pytest.approx(0.02)
    path.write_text(
        f"{text}\n[frost]\nfrost_peak_temperature = "
        '{ value = 0.9, unit = "K", source = "estimate" }\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"frost\.frost_peak_temperature: .*263\.15 to 283\.15"):
        read_machine(str(path))
    liquid = SHIPPED.read_text(encoding="utf-8")
    path.write_text(f"{liquid}\n[frost]\nfrost_peak_loss = {entry}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"frost: source_medium is .*, and a coil frosts in air"):
        read_machine(str(path))


def test_start_file_is_no_machine_file() -> None:
    path = ROOT / "validation_data" / "mci_lab" / "start.toml"
    with pytest.raises(InputError, match=r"start\.toml: has no \[design_point\]; it is a start"):
        read_machine(str(path))


def test_machine_survives_its_own_json(machine: Machine, tmp_path: Path) -> None:
    machine.save(tmp_path / "machine.json")
    assert Machine.load(tmp_path / "machine.json") == machine


def test_unknown_machine_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown machine 'mci_lba'.*mci_lab"):
        read_machine("mci_lba")
    with pytest.raises(InputError, match=r"nowhere\.toml: no such file"):
        read_machine("nowhere.toml")


@pytest.mark.parametrize(
    ("old", "new", "field", "expectation"),
    [
        ("^leakage_speed_share =", "# gone =", "compressor.leakage_speed_share", "is missing"),
        ('title = "MCI', 'titel = "MCI', "titel", "is not a known key"),
        (
            '^(p_low = .*unit = )"bar"',
            r'\1"K"',
            "design_point.p_low",
            "unit 'K' cannot be read as Pa",
        ),
        (
            '^(p_low = .*unit = )"bar"',
            r'\1"baar"',
            "design_point.p_low",
            "unit 'baar' cannot be read as Pa",
        ),
        (
            _value_of("p_low"),
            'p_low = { value = "much"',
            "design_point.p_low.value",
            "valid number",
        ),
        (_value_of("p_low"), "p_low = { value = nan", "design_point.p_low.value", "finite number"),
        (
            _value_of("secondary_resistance_share"),
            "secondary_resistance_share = { value = 1.5",
            "condenser.secondary_resistance_share",
            "outside physics; expected 0 to 1",
        ),
        (
            _value_of("built_in_pressure_ratio"),
            "built_in_pressure_ratio = { value = 1.0",
            "compressor.built_in_pressure_ratio",
            "outside physics; expected 1.3 to 8",
        ),
        (_value_of("p_low"), "p_low = { value = 39", "design_point", "below p_high"),
        (_value_of("p_high_max"), "p_high_max = { value = 12", "p_high", "above p_high_max"),
        (_value_of("p_low_min"), "p_low_min = { value = 20", "p_low", "below p_low_min"),
        (r"INCOMP::MEA\[0.25\]", "INCOMP::MEA", "INCOMP::MEA", "needs its fraction by mass"),
        (
            'refrigerant = "R410A"',
            'refrigerant = "HEOS::R410A"',
            "refrigerant",
            "expected to match",
        ),
        (_value_of("T_sink_in_max"), "T_sink_in_max = { value = 30", "T_sink_in", "lies outside"),
        (
            _value_of("T_sink_in_max"),
            "T_sink_in_max = { value = 10",
            "T_sink_in_min",
            "must be below",
        ),
        (
            '^(T_discharge_max = .*source = )"estimate"',
            r'\1"yan2099"',
            "envelope.T_discharge_max",
            "not in [sources]",
        ),
        ('refrigerant = "R410A"', 'refrigerant = "R999"', "R999", "CoolProp"),
        (r"INCOMP::MEA\[0.25\]", "INCOMP::XYZ[0.25]", "XYZ", "CoolProp"),
        ('name = "mci_lab"', 'name = "mci lab"', "name", "expected to match"),
        ('name = "mci_lab"', "name = mci_lab", "variant.toml", "not valid TOML"),
    ],
)
def test_bad_machine_file_names_file_field_and_expectation(
    tmp_path: Path, old: str, new: str, field: str, expectation: str
) -> None:
    path = _variant(tmp_path, old, new)
    with pytest.raises(InputError) as caught:
        read_machine(str(path))
    message = str(caught.value)
    assert str(path) in message
    assert field in message
    assert expectation in message
