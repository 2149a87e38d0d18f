from pathlib import Path

import pytest

from harness.datasets import Dataset
from heatpump_twin_model.errors import InputError
from heatpump_twin_model.machine import Machine
from heatpump_twin_model.machine_file import machine_path, read_machine, read_machine_file, to_si

SHIPPED = machine_path("mci_lab")


def _variant(tmp_path: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "variant.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_units_become_si(machine: Machine) -> None:
    design = machine.design
    assert design.p_high == pytest.approx(25.4e5)
    assert design.boundary.T_sink_in == pytest.approx(308.65)
    assert design.boundary.m_flow_sink == pytest.approx(16.1 / 60)
    assert design.boundary.compressor_speed == 1.0


def test_every_number_has_unit_and_source() -> None:
    machine_file = read_machine_file(SHIPPED)
    parameters = machine_file.parameters()
    assert len(parameters) > 30
    assert all(p.unit and p.source in machine_file.sources for _, p in parameters)


def test_design_point_is_the_recorded_one(machine: Machine, dataset: Dataset) -> None:
    record = dataset.values.loc[dataset.descriptor.design_record]
    design = machine.design
    for name, value in {**vars(design.boundary), **vars(design)}.items():
        if name != "boundary":
            assert value == pytest.approx(record[name]), name


def test_temperature_uncertainty_is_a_difference() -> None:
    assert to_si(0.5, "degC", "K", difference=True) == pytest.approx(0.5)
    assert to_si(0.0, "degC", "K") == pytest.approx(273.15)


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
        ("leakage_speed_share =", "# gone =", "compressor.leakage_speed_share", "is missing"),
        ('title = "MCI', 'titel = "MCI', "titel", "is not a known key"),
        (
            'p_low = { value = 10.4, unit = "bar"',
            'p_low = { value = 10.4, unit = "K"',
            "design_point.p_low",
            "unit 'K' cannot be read as Pa",
        ),
        (
            'p_low = { value = 10.4, unit = "bar"',
            'p_low = { value = 10.4, unit = "baar"',
            "design_point.p_low",
            "unit 'baar' cannot be read as Pa",
        ),
        (
            "p_low = { value = 10.4",
            'p_low = { value = "much"',
            "design_point.p_low.value",
            "valid number",
        ),
        (
            "p_low = { value = 10.4",
            "p_low = { value = nan",
            "design_point.p_low.value",
            "finite number",
        ),
        (
            "secondary_resistance_share = { value = 0.5",
            "secondary_resistance_share = { value = 1.5",
            "condenser.secondary_resistance_share",
            "outside physics; expected 0 to 1",
        ),
        ("p_low = { value = 10.4", "p_low = { value = 30", "design_point", "below p_high"),
        ("p_high_max = { value = 42", "p_high_max = { value = 24", "p_high", "above p_high_max"),
        ("p_low_min = { value = 4.5", "p_low_min = { value = 11", "p_low", "below p_low_min"),
        ("INCOMP::MEA[0.25]", "INCOMP::MEA", "INCOMP::MEA", "needs its fraction by mass"),
        (
            'refrigerant = "R410A"',
            'refrigerant = "HEOS::R410A"',
            "refrigerant",
            "expected to match",
        ),
        (
            "T_sink_in_max = { value = 55",
            "T_sink_in_max = { value = 30",
            "T_sink_in",
            "lies outside",
        ),
        (
            "T_sink_in_max = { value = 55",
            "T_sink_in_max = { value = 10",
            "T_sink_in_min",
            "must be below",
        ),
        (
            'source = "yanlin1999"',
            'source = "yan2099"',
            "evaporator.refrigerant_flow_exponent",
            "not in [sources]",
        ),
        ('refrigerant = "R410A"', 'refrigerant = "R999"', "R999", "CoolProp"),
        ("INCOMP::MEA[0.25]", "INCOMP::XYZ[0.25]", "XYZ", "CoolProp"),
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
