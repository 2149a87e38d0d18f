import shutil
from pathlib import Path

import pytest

from harness.datasets import DATASETS, Dataset, load_dataset
from heatpump_twin_model.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATASETS / "mci_lab", tmp_path / "set"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_values_are_si_and_named_by_the_vocabulary(dataset: Dataset) -> None:
    record = dataset.values.loc[3]
    assert record["p_high"] == pytest.approx(25.4e5)
    assert record["T_sink_in"] == pytest.approx(308.65)
    assert record["m_flow_source"] == pytest.approx(23.0 / 60)
    assert record["m_flow_sink"] == pytest.approx(16.1 / 60)
    assert record["superheat"] == pytest.approx(4.8)
    assert record["COP"] == pytest.approx(5070 / 880)
    assert len(dataset.values) == 17


def test_uncertainties_are_si(dataset: Dataset) -> None:
    u = dataset.uncertainties.loc[3]
    assert u["p_high"] == pytest.approx(0.2e5)
    assert u["T_sink_in"] == pytest.approx(0.5)
    assert u["Q_flow_sink"] == pytest.approx(0.05 * 5070)
    # Root of squares of 5 % and 10/880.
    assert u["COP"] / (5070 / 880) == pytest.approx((0.05**2 + (10 / 880) ** 2) ** 0.5)


def test_derived_columns_are_never_scored(dataset: Dataset) -> None:
    assert "Q_flow_source" not in dataset.scored
    assert "derived" in dataset.unscored["Q_flow_source"]
    assert dataset.scored[:3] == ("P_el", "Q_flow_sink", "COP")


def test_undeclared_columns_are_named_and_ignored(folder: Path) -> None:
    descriptor = folder / "descriptor.toml"
    text = descriptor.read_text(encoding="utf-8")
    start = text.index("[columns.T_discharge_degC]")
    end = text.index("[columns.T_source_out_degC]")
    descriptor.write_text(text[:start] + text[end:], encoding="utf-8")
    assert load_dataset(str(folder)).ignored_columns == ("T_discharge_degC",)


def test_unknown_dataset_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown data set 'nothing'.*mci_lab"):
        load_dataset("nothing")


@pytest.mark.parametrize(
    ("old", "new", "field", "expectation"),
    [
        ("7,30.1,7.7,1050", "7,30.1,7.7,much", "'P_compressor_W', record 7", "'much' where a num"),
        ("7,30.1,7.7,1050", "7,30.1,7.7,", "'P_compressor_W', record 7", "nothing where a number"),
        ("7,30.1,7.7,1050", "7,30.1,7.7,nan", "'P_compressor_W', record 7", "finite number"),
        ("7,30.1,7.7,1050", "7,30.1,7.7,-5", "'P_compressor_W', record 7", "outside physics"),
        ("P_compressor_W", "P_W", "'P_compressor_W' is missing", "the table has: point, p_high"),
        ("point,p_high", "number,p_high", "'point' is missing", "record number"),
        ("7,30.1,7.7", "6,30.1,7.7", "record 6", "stands twice"),
        ("7,30.1,7.7", "3,30.1,7.7", "record 3 (line 8)", "ascending"),
        ("7,30.1,7.7", "x,30.1,7.7", "'point', line 8", "whole number"),
        ("44.2,3.7,2.41", "317.35,3.7,2.41", "'T_sink_in_degC', record 7", "is it in K?"),
    ],
)
def test_bad_table_names_file_field_and_expectation(
    folder: Path, old: str, new: str, field: str, expectation: str
) -> None:
    edit(folder / "data.csv", old, new)
    with pytest.raises(InputError) as caught:
        load_dataset(str(folder))
    message = str(caught.value)
    assert str(folder / "data.csv") in message
    assert field in message
    assert expectation in message


@pytest.mark.parametrize("unit", ["degC", "°C", "celsius", "K"])
def test_uncertainty_of_a_temperature_in_any_spelling(folder: Path, unit: str) -> None:
    edit(
        folder / "descriptor.toml",
        'quantity = "T_source_in"\nunit = "degC"',
        f'quantity = "T_source_in"\nunit = "{unit}"',
    )
    if unit == "K":
        table = folder / "data.csv"
        rows = [line.split(",") for line in table.read_text().splitlines()]
        column = rows[0].index("T_source_in_degC")
        for row in rows[1:]:
            row[column] = str(float(row[column]) + 273.15)
        table.write_text("\n".join(map(",".join, rows)))
    u = load_dataset(str(folder)).uncertainties
    assert u.loc[3, "T_source_in"] == pytest.approx(0.5)


def test_table_of_a_spreadsheet_with_byte_order_mark(folder: Path, dataset: Dataset) -> None:
    table = folder / "data.csv"
    table.write_text(table.read_text(), encoding="utf-8-sig")
    assert load_dataset(str(folder)).values.equals(dataset.values)


@pytest.mark.parametrize(
    ("content", "expectation"),
    [
        ("", "is empty"),
        ("point,p_high_bar\n", "has no records"),
        ('point,"a\n1,2\n', "cannot be read as a table"),
        ("point;a\n1;2\n", "separated by semicolons"),
        ("point,a,a\n1,2,3\n", "column 'a' stands twice"),
        ("point,a\n1,2,\n", "line 2 has 3 cells, the header 2"),
    ],
)
def test_empty_or_broken_table(folder: Path, content: str, expectation: str) -> None:
    (folder / "data.csv").write_text(content)
    with pytest.raises(InputError, match=rf"data\.csv: .*{expectation}"):
        load_dataset(str(folder))


def test_missing_table(folder: Path) -> None:
    (folder / "data.csv").unlink()
    with pytest.raises(InputError, match=r"data\.csv: no such file"):
        load_dataset(str(folder))


@pytest.mark.parametrize(
    ("old", "new", "field", "expectation"),
    [
        ('quantity = "p_low"', 'quantity = "p_lo"', "columns.p_low_bar", "unknown quantity"),
        ('quantity = "p_low"', 'quantity = "p_high"', "p_high", "given by both"),
        ('unit = "kg/min"', 'unit = "degC"', "columns.m_flow_source_kg_per_min", "cannot be read"),
        (
            "relative_uncertainty = 0.05",
            "relative_uncertainty = 5",
            "Q_condenser_W",
            "or equal to 1",
        ),
        ("uncertainty = 10\n", "", "columns.P_compressor_W", "either uncertainty or"),
        ('reason = "the same', 'note = "the same', "columns.superheat_K", "needs a reason"),
        ("[constants.m_flow_sink]", "[constants.m_flow_refrigerant]", "m_flow_sink", "inputs of"),
        ("value = 16.1", "value = 1e9", "constants.m_flow_sink", "outside physics"),
        ("design_record = 3", "design_record = 33", "design_record 33", "records are 1, 2"),
        ('machine = "mci_lab"', "", "machine", "is missing"),
        ("P_el = { mape_max = 8.2 }", "P_el = { mape = 8.2 }", "mape", "not a known key"),
        (
            "P_el = { mape_max = 8.2 }",
            "superheat = { mape_max = 8.2 }",
            "thresholds.off_design.superheat",
            "not a scored quantity",
        ),
        ("p_low = { mape_max", "T_suction = { mape_max", "T_suction", "means nothing"),
        ('unit = "bar"', 'unit = "("', "columns.p_high_bar", "cannot be read as Pa"),
        ('unit = "bar"', 'unit = "1/0"', "columns.p_high_bar", "cannot be read as Pa"),
        ("title = ", "title ", "descriptor.toml", "not valid TOML"),
    ],
)
def test_bad_descriptor_names_file_field_and_expectation(
    folder: Path, old: str, new: str, field: str, expectation: str
) -> None:
    edit(folder / "descriptor.toml", old, new)
    with pytest.raises(InputError) as caught:
        load_dataset(str(folder))
    message = str(caught.value)
    assert str(folder / "descriptor.toml") in message
    assert field in message
    assert expectation in message
