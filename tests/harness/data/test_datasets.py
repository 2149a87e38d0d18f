import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from CoolProp.CoolProp import PropsSI
from pydantic import ValidationError

from heatpump_twin.harness.data.datasets import Column, Dataset, load_dataset
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.model.errors import InputError


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
        ("7,30.1,7.7,1050", "7,30.1,7.7,", "'P_compressor_W', record 7", "needs gaps = true"),
        (
            "44.2,3.7,2.41",
            ",3.7,2.41",
            "'T_sink_in_degC', record 7",
            "nothing where a number",
        ),
        ("7,30.1,7.7,1050", "7,30.1,7.7,inf", "'P_compressor_W', record 7", "'inf' where a num"),
        ("7,30.1,7.7,1050", "7,30.1,7.7,n/a", "'P_compressor_W', record 7", "'n/a' says that"),
        ("7,30.1,7.7,1050", "7,30.1,7.7,9999", "'P_compressor_W', record 7", "says that nothing"),
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
        ("point\n1\n2\n", "a single column, 'point', if cells are separated by commas"),
        ("1,2\n3,4\n", "no row names the columns; row 1 begins with '1'"),
        ("point,T,T\n1,2,3\n", "the table has: point, T .1., T .2."),
        ("point,a\n1,2,3\n", "line 2 has 3 cells, the header 2; decimal commas"),
        ("point,a,b\n1,2\n", "line 2 has 2 cells, the header 3"),
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
        ("P_el = { mape_max = 1.58 }", "P_el = { mape = 1.58 }", "mape", "not a known key"),
        *(
            (
                f"[thresholds.{split}]\nP_el",
                f"[thresholds.{split}]\nsuperheat",
                f"thresholds.{split}.superheat",
                "not a scored quantity",
            )
            for split in ("as_built", "fitted", "leave_one_out", "extrapolation")
        ),
        ("[thresholds.leave_one_out]", "[thresholds.off_design]", "off_design", "not a known key"),
        ("T_suction = { mae_max", "T_suction = { mape_max", "T_suction", "means nothing"),
        ("P_el = { mape_max = 1.58 }", "P_el = {}", "thresholds.as_built.P_el", "no limit"),
        (
            "mape_max = 2.53, known_error = 2.56, known_miss",
            "mape_max = 2.53, known_miss",
            "thresholds.fitted.Q_flow_sink",
            "go together",
        ),
        (
            "mape_max = 2.53, known_error = 2.56",
            "mape_max = 2.53, known_error = 2.5",
            "thresholds.fitted.Q_flow_sink",
            "does not miss the limit",
        ),
        (
            "mape_max = 2.53, known_error = 2.56",
            "mape_max = 2.53, mae_max = 100, known_error = 2.56",
            "thresholds.fitted.Q_flow_sink",
            "a single limit",
        ),
        (
            "constants.compressor_speed]\n",
            "constants.compressor_speed]\nper_kelvin = 0.01\n",
            "constants.compressor_speed",
            "only for m_flow_source and m_flow_sink",
        ),
        (
            "constants.compressor_speed]\n",
            "constants.compressor_speed]\nper_kelvin_uncertainty = 0.01\n",
            "constants.compressor_speed",
            "only for m_flow_source and m_flow_sink",
        ),
        (
            "value = 16.1\n",
            "value = 16.1\nper_kelvin_uncertainty = 0.01\n",
            "constants.m_flow_sink",
            "expected recorded = false",
        ),
        (
            "value = 16.1\n",
            "value = 16.1\nrecorded = false\nper_kelvin_uncertainty = 0\n",
            "constants.m_flow_sink",
            "greater than 0",
        ),
        (
            "value = 16.1\n",
            "value = 16.1\nper_kelvin = 0.5\n",
            "constants.m_flow_sink",
            "expected a positive flow",
        ),
        (
            'quantity = "p_low"\nunit = "bar"\n',
            'quantity = "p_low"\nunit = "bar"\ndensity = 998\n',
            "columns.p_low_bar",
            "p_low is in Pa",
        ),
        ('unit = "kg/min"', 'unit = "l/min"', "m_flow_source_kg_per_min", "add density (kg/m3)"),
        (
            'unit = "kg/min"\n',
            'unit = "kg/min"\ndensity = 998\n',
            "columns.m_flow_source_kg_per_min",
            "unit 'kg/min' is not a volume flow",
        ),
        (
            'unit = "kg/min"\n',
            'unit = "l/min"\ndensity = 0\n',
            "m_flow_source_kg_per_min.density",
            "greater than 0",
        ),
        (
            'unit = "bar"\n',
            'unit = "bar(g)"\n',
            "columns.p_high_bar",
            "add ambient_pressure in bar, such as 1.013 at sea level",
        ),
        (
            'unit = "bar"\n',
            'unit = "bar"\nambient_pressure = 1.013\n',
            "columns.p_high_bar",
            "ambient_pressure is for gauge pressures",
        ),
        (
            "[thresholds]\n",
            '[[unscored_records]]\nrecords = [3, 33]\nreason = "no"\n\n[thresholds]\n',
            "unscored_records: record 33",
            "records are 1, 2",
        ),
        (
            "[thresholds]\n",
            '[[unscored_records]]\nrecords = [3, 3]\nreason = "no"\n\n[thresholds]\n',
            "unscored_records: record 3",
            "named twice",
        ),
        (
            "[thresholds]\n",
            '[[unscored_records]]\nrecords = [3]\nreason = " "\n\n[thresholds]\n',
            "unscored_records.0.reason",
            "at least 1 character",
        ),
        (
            "[thresholds]\n",
            '[[unscored_records]]\nrecords = []\nreason = "no"\n\n[thresholds]\n',
            "unscored_records.0.records",
            "at least 1 item",
        ),
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


def test_gaps_are_nan_also_in_what_is_formed_from_them(folder: Path, dataset: Dataset) -> None:
    edit(folder / "data.csv", "7,30.1,7.7,1050", "7,30.1, ,")
    for quantity in ("P_el", "p_low"):
        edit(
            folder / "descriptor.toml",
            f'quantity = "{quantity}"\n',
            f'quantity = "{quantity}"\ngaps = true\n',
        )
    read = load_dataset(str(folder))
    gaps = ["P_el", "p_low", "COP"]
    assert read.values.loc[7, gaps].isna().all()
    assert read.uncertainties.loc[7, gaps].isna().all()
    for now, before in (
        (read.values, dataset.values),
        (read.uncertainties, dataset.uncertainties),
    ):
        pd.testing.assert_frame_equal(now.drop(index=7), before.drop(index=7))
        assert now.loc[7].drop(gaps).equals(before.loc[7].drop(gaps))


def test_text_is_no_gap(folder: Path) -> None:
    edit(folder / "data.csv", "7,30.1,7.7,1050", "7,30.1,7.7,much")
    edit(folder / "descriptor.toml", 'quantity = "P_el"', 'gaps = true\nquantity = "P_el"')
    with pytest.raises(InputError, match=r"record 7 \(line 8\): 'much' where a number"):
        load_dataset(str(folder))


def test_column_of_gaps_alone_is_an_error(folder: Path) -> None:
    table = folder / "data.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()]
    column = rows[0].index("p_low_bar")
    for row in rows[1:]:
        row[column] = ""
    table.write_text("\n".join(map(",".join, rows)))
    edit(folder / "descriptor.toml", 'quantity = "p_low"', 'gaps = true\nquantity = "p_low"')
    with pytest.raises(InputError, match=r"data\.csv: column 'p_low_bar': every cell is empty"):
        load_dataset(str(folder))


@pytest.mark.parametrize(
    ("unit", "density", "factor"),
    [("l/min", 1000, 1.0), ("l/min", 970, 0.97), ("m^3/h", 60, 1.0), ("m^3/s", 1.2, 72.0)],
)
def test_volume_flow_times_density(
    folder: Path, dataset: Dataset, unit: str, density: float, factor: float
) -> None:
    edit(folder / "descriptor.toml", 'unit = "kg/min"', f'unit = "{unit}"\ndensity = {density}')
    read = load_dataset(str(folder))
    for now, before in (
        (read.values, dataset.values),
        (read.uncertainties, dataset.uncertainties),
    ):
        assert now["m_flow_source"].to_numpy() == pytest.approx(
            factor * before["m_flow_source"].to_numpy()
        )


@pytest.fixture
def unknown_sink_flow(folder: Path) -> Dataset:
    edit(
        folder / "descriptor.toml",
        "value = 16.1\n",
        "value = 16.1\nrecorded = false\nper_kelvin = 0.01\nper_kelvin_uncertainty = 0.002\n",
    )
    return load_dataset(str(folder))


def test_flow_follows_its_inlet_temperature(unknown_sink_flow: Dataset) -> None:
    values, u = unknown_sink_flow.values, unknown_sink_flow.uncertainties
    T = values["T_sink_in"] - values["T_sink_in"].mean()
    level = 16.1 / 60
    assert values["m_flow_sink"].to_numpy() == pytest.approx((level * (1 + 0.01 * T)).to_numpy())
    assert values["m_flow_sink"].mean() == pytest.approx(level)
    expected = np.hypot(0.5 / 60, level * 0.002 * T)
    assert u["m_flow_sink"].to_numpy() == pytest.approx(expected.to_numpy())


def test_flow_follows_an_inlet_temperature_that_is_a_constant(folder: Path) -> None:
    descriptor = folder / "descriptor.toml"
    column = '[columns.T_sink_in_degC]\nquantity = "T_sink_in"\nunit = "degC"\nuncertainty = 0.5\n'
    edit(descriptor, column, "")
    edit(
        descriptor,
        "[constants.compressor_speed]",
        '[constants.T_sink_in]\nvalue = 30\nunit = "degC"\nuncertainty = 1\n\n'
        "[constants.compressor_speed]",
    )
    edit(descriptor, "value = 16.1\n", "value = 16.1\nper_kelvin = 0.01\n")
    values = load_dataset(str(folder)).values
    assert values["m_flow_sink"].to_numpy() == pytest.approx(16.1 / 60)


def test_unknown_flows_are_those_not_recorded(dataset: Dataset, unknown_sink_flow: Dataset) -> None:
    # Compressor speed was not recorded either, but is no flow.
    assert dataset.unknown_flows == {}
    assert list(unknown_sink_flow.unknown_flows) == ["m_flow_sink"]
    assert unknown_sink_flow.unknown_flows["m_flow_sink"].per_kelvin == 0.01


def test_with_flows_changes_a_copy_and_only_the_flow(unknown_sink_flow: Dataset) -> None:
    before = unknown_sink_flow.values.copy()
    changed = unknown_sink_flow.with_flows({"m_flow_sink": (0.3, -0.02)})
    T = before["T_sink_in"] - before["T_sink_in"].mean()
    assert changed.values["m_flow_sink"].to_numpy() == pytest.approx(
        (0.3 * (1 - 0.02 * T)).to_numpy()
    )
    assert unknown_sink_flow.values.equals(before)
    assert changed.values.drop(columns="m_flow_sink").equals(before.drop(columns="m_flow_sink"))
    again = changed.with_flows({"m_flow_sink": (16.1 / 60, 0.01)})
    assert again.values.equals(before)


@pytest.mark.parametrize(
    ("flows", "expectation"),
    [
        ({"m_flow_source": (0.3, 0.0)}, "'m_flow_source' is not a constant flow"),
        ({"compressor_speed": (1.0, 0.0)}, "'compressor_speed' is not a constant flow"),
        ({"flow": (0.3, 0.0)}, "'flow' is not a constant flow.*are m_flow_sink"),
        ({"m_flow_sink": (0.3, 0.1)}, "m_flow_sink: -.* kg/s at record .*expected a positive"),
        ({"m_flow_sink": (0.0, 0.0)}, "m_flow_sink: 0 kg/s at record 1,"),
        ({"m_flow_sink": (float("nan"), 0.0)}, "m_flow_sink: nan kg/s"),
        ({"m_flow_sink": (1e5, 0.0)}, "of 10000 kg/s at most"),
    ],
)
def test_with_flows_refuses(
    dataset: Dataset, flows: dict[str, tuple[float, float]], expectation: str
) -> None:
    with pytest.raises(InputError, match=expectation):
        dataset.with_flows(flows)


def test_declared_unscored_records_have_their_reason(folder: Path) -> None:
    edit(
        folder / "descriptor.toml",
        "[thresholds]\n",
        '[[unscored_records]]\nrecords = [6, 2]\nreason = "wet"\n\n'
        '[[unscored_records]]\nrecords = [9]\nreason = "door open"\n\n[thresholds]\n',
    )
    assert load_dataset(str(folder)).declared_unscored == {6: "wet", 2: "wet", 9: "door open"}


def test_unscored_record_named_in_two_entries(folder: Path) -> None:
    entry = '[[unscored_records]]\nrecords = [6]\nreason = "wet"\n\n'
    edit(folder / "descriptor.toml", "[thresholds]\n", f"{entry}{entry}[thresholds]\n")
    with pytest.raises(InputError, match=r"unscored_records: record 6 is named twice"):
        load_dataset(str(folder))


def test_date_and_start_are_optional(folder: Path, dataset: Dataset) -> None:
    assert (dataset.descriptor.date, dataset.descriptor.start) == ("2025", "start.toml")
    descriptor = folder / "descriptor.toml"
    lines = descriptor.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("date =", "start ="))]
    descriptor.write_text("".join(kept), encoding="utf-8")
    read = load_dataset(str(folder)).descriptor
    assert (read.date, read.start) == ("not stated", None)


def test_nist_split_tests_with_a_wet_coil_are_unscored() -> None:
    dataset = load_dataset("nist_split")
    assert list(dataset.values.index) == list(range(2, 18))
    assert list(dataset.declared_unscored) == list(range(2, 10))
    assert list(dataset.unknown_flows) == ["m_flow_sink"]
    assert dataset.values.loc[13, "m_flow_source"] == pytest.approx(0.479 * 1.204)
    assert dataset.values.loc[13, "m_flow_refrigerant"] == pytest.approx(0.04997)
    assert "Q_flow_sink" not in dataset.scored
    # No heat at the sink is measured, and the fans are not in the power.
    assert "COP" not in dataset.values


def test_nist_split_computed_heat_is_what_its_readme_says() -> None:
    dataset = load_dataset("nist_split")
    table = pd.read_csv(DATASETS / "nist_split" / "data.csv").set_index("test")

    def enthalpy(row: pd.Series, place: str) -> float:
        p, T = row[f"p_{place}_bar"] * 1e5, row[f"T_{place}_C"] + 273.15
        return float(PropsSI("H", "P", p, "T", T, "R410A"))

    for test, row in table.iterrows():
        gain = 1e-3 * row["m_ref_gps"] * (enthalpy(row, "suc") - enthalpy(row, "evap_out"))
        heat = row["Q_evap_ref_W"] + row["P_idfan_W"] + gain
        assert dataset.values.loc[test, "Q_flow_source"] == pytest.approx(heat, abs=0.06)


def test_nist_split_loses_heat_from_its_casing_at_every_test() -> None:
    values = load_dataset("nist_split").values
    loss = values["P_el"] + values["Q_flow_source"] - values["Q_flow_sink"]
    assert (loss / values["P_el"]).between(0.1, 0.2).all()


def test_rwth_brine_water_scores_only_what_was_measured() -> None:
    dataset = load_dataset("rwth_brine_water")
    values = dataset.values
    assert list(values.index) == list(range(1, 13))
    assert dataset.scored == ("P_el", "T_source_out", "T_sink_out")
    assert list(dataset.unknown_flows) == ["m_flow_source", "m_flow_sink"]
    # The derived heat is the calibrated flow's, and the derived COP goes with it.
    heat = 0.4043 * 4184 * (values["T_sink_out"] - values["T_sink_in"])
    assert heat.to_numpy() == pytest.approx(values["Q_flow_sink"].to_numpy(), rel=2e-3)
    cop = values["Q_flow_sink"] / values["P_el"]
    assert cop.to_numpy() == pytest.approx(values["COP"].to_numpy(), abs=0.006)


def test_speed_in_turns_needs_the_rated_speed() -> None:
    column = {"quantity": "compressor_speed", "unit": "rpm", "uncertainty": 30.0}
    read = Column.model_validate({**column, "rated_speed": 3000.0})
    assert read.to_si(1500.0) == pytest.approx(0.5)
    assert read.to_si(30.0, difference=True) == pytest.approx(0.01)
    hertz = Column.model_validate({**column, "unit": "Hz", "rated_speed": 60.0})
    assert hertz.to_si(25.0) == pytest.approx(25.0 / 60.0)
    with pytest.raises(ValidationError, match=r"counts turns.*add rated_speed in rpm"):
        Column.model_validate(column)
    for wrong in ({"unit": "1"}, {"quantity": "P_el", "unit": "W"}):
        with pytest.raises(ValidationError, match="rated_speed is for compressor_speed"):
            Column.model_validate({**column, "rated_speed": 3000.0, **wrong})
