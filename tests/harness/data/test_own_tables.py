"""`init --from`: tables of one heat pump as people write them are read to one frame."""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import ROOT
from own_tables import BASIC, CASES, RATED_RPM, frame, rows, text
from typer.testing import CliRunner, Result

from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.new_dataset import TEMPLATES
from heatpump_twin.harness.data.own_dataset import begin_with_table
from heatpump_twin.harness.data.tables import TableFormat, format_of, read_table
from heatpump_twin.harness.scoring.validation import start_of
from heatpump_twin.machine_files.unit_names import known_unit
from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

# What meters round away, in SI units by the first letter of the quantity.
ROUNDING = {"T": 0.011, "p": 120.0, "P": 0.6, "Q": 0.6, "m": 1e-4, "s": 0.06, "C": 1e-3, "c": 1e-3}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


@pytest.mark.parametrize("language", ["German", "English"])
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_a_table_is_understood_and_read_to_the_same_frame(
    make, language: str, tmp_path: Path
) -> None:
    case = make(tmp_path, language)
    before = case.path.read_bytes()
    begun = begin_with_table(tmp_path / "mine", case.path)
    found = {u.quantity: known_unit(u.unit) for u in begun.proposal.columns}
    assert found == {q: known_unit(unit) for q, unit in case.units.items()}
    assert not begun.contradiction
    assert case.path.read_bytes() == before
    read, expected = load_dataset(str(tmp_path / "mine")).values, frame()
    assert list(read.index) == list(expected.index)
    for quantity in (*case.units, "P_el", "Q_flow_sink"):
        values = expected[quantity].copy()
        values[case.missing.get(quantity, [])] = np.nan
        if quantity == "compressor_speed":
            values = values / RATED_RPM
        relative = 1e-5 if quantity in case.units else 5e-3
        assert read[quantity].to_numpy() == pytest.approx(
            values.to_numpy(), abs=ROUNDING[quantity[0]], rel=relative, nan_ok=True
        ), quantity


Change = Callable[[list[list[str]]], object]


def table_of(folder: Path, change: Change = lambda table: None) -> Path:
    """Write the German table with a change."""
    table = rows(BASIC, "German", ",")
    change(table)
    path = folder / "export.csv"
    path.write_text(text(table, ";"), encoding="utf-8")
    return path


def without(column: str) -> Callable[[list[list[str]]], None]:
    def change(table: list[list[str]]) -> None:
        place = next(j for j, name in enumerate(table[0]) if name.startswith(column))
        for cells in table:
            del cells[place]

    return change


def with_cell(row: int, column: str, cell: str) -> Callable[[list[list[str]]], None]:
    def change(table: list[list[str]]) -> None:
        place = next(j for j, name in enumerate(table[0]) if name.startswith(column))
        for cells in table[row:] if row < 0 else [table[row]]:
            cells[place] = cell

    return change


def renamed(column: str, name: str) -> Callable[[list[list[str]]], None]:
    return with_cell(0, column, name)


def test_the_command_shows_what_it_understood_and_the_way_on(tmp_path: Path) -> None:
    folder = tmp_path / "my heat pump"
    result = run("init", folder, "--from", table_of(tmp_path))
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert (
        "24 records, separated by semicolons, in utf-8, decimal comma, header in line 1" in output
    )
    assert "records are numbered by column 'Nr.'" in output
    for said in ("Leistungsaufnahme", "P_el", "1.57", "3.01", "refrigerant R410A: nothing"):
        assert said in output
    # On 80 columns quantities stay whole and reasons have room for a word.
    assert re.search(r" m_flow_source +kg/s +0\.4 to 0\.6 +flow, source", result.output)
    assert max(map(len, result.output.partition("records are")[0].splitlines()[1:])) <= 80
    steps = [line.split()[1] for line in result.output.splitlines() if "  heatpump-twin " in line]
    assert steps == ["calibrate", "build", "validate"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(TEMPLATES)
    dataset = load_dataset(str(folder))
    assert dataset.descriptor.name == "my_heat_pump"
    start = tomllib.loads(start_of(dataset).read_text(encoding="utf-8"))
    assert (start["source_medium"], start["sink_medium"]) == ("INCOMP::MEG[0.3]", "INCOMP::Water")
    for q in BOUNDARY_QUANTITIES:
        si_unit = {"T": "K", "m": "kg/s", "c": "1"}[q[0]]
        low, high = (start["envelope"][f"{q}_{end}"] for end in ("min", "max"))
        assert to_si(low["value"], low["unit"], si_unit) < dataset.values[q].min(), q
        assert to_si(high["value"], high["unit"], si_unit) > dataset.values[q].max(), q


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "start.toml").write_text("mine", encoding="utf-8")
    result = run("init", tmp_path, "--from", table_of(tmp_path))
    assert result.exit_code == 2
    assert (tmp_path / "start.toml").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.csv", "start.toml"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("Leistungsaufnahme"), r"no column for electric power \(P_el\), or COP beside"),
        (without("Sole Eintritt"), None),  # follows from the outlet, heat and flow
        (
            lambda table: [without("Sole Eintritt")(table), without("Sole Austritt")(table)],
            r"no column for the source's temperature \(T_source_in\)\. Understood: 'Heizung",
        ),
        (
            renamed("Heizung Rücklauf", "Heizung Vorlauf 2 [°C]"),
            r"'Heizung Vorlauf 2 \[°C\]' and 'Heizung Vorlauf \[°C\]' both look like T_sink_out.*"
            r"in line 1; say which: --column 'Heizung Vorlauf 2 \[°C\]=T_sink_out'",
        ),
        (
            with_cell(5, "Heizleistung", "siehe Anlage"),
            r"column 'Heizleistung \[kW\]' \(Q_flow_sink\), line 6: 'siehe Anlage' where a number",
        ),
        (
            with_cell(-24, "Heizung Rücklauf", "n/a"),
            None,  # follows from outlet, heat and flow
        ),
        (
            lambda table: [with_cell(-24, c, "-")(table) for c in ("Sole E", "Sole A")],
            r"no column for the source's temperature.*'Sole Eintritt \[°C\]' \(every cell is empty",
        ),
        (
            lambda table: [
                with_cell(-12, "Sole Eintritt", "-")(table),
                [with_cell(i, "Heizung Rücklauf", "-")(table) for i in range(1, 13)],
            ],
            r"no record of 24 has all inputs: T_source_in, T_sink_in were not read at the same",
        ),
        (
            with_cell(7, "Leistungsaufnahme", "-0,5"),
            r"'Leistungsaufnahme \[kW\]' \(P_el\), line 8: -0.5 kW is outside physics; expected 0",
        ),
        (renamed("Leistungsaufnahme", "Leistungsaufnahme [kWh]"), r"unit 'kWh' is none of a qu"),
    ],
)
def test_what_a_table_lacks_is_said_once(
    change: Change, message: str | None, tmp_path: Path
) -> None:
    path = table_of(tmp_path, change)
    if message is None:
        begun = begin_with_table(tmp_path / "mine", path)
        inlets = begun.dataset.values[["T_source_in", "T_sink_in"]]
        expected = frame()[["T_source_in", "T_sink_in"]]
        assert np.abs(inlets.to_numpy() - expected.to_numpy()).max() < 0.15
        return
    with pytest.raises(InputError, match=message):
        begin_with_table(tmp_path / "mine", path)
    assert not (tmp_path / "mine").exists()


def test_the_user_knows_better(tmp_path: Path) -> None:
    path = table_of(tmp_path, renamed("Leistungsaufnahme", "Kanal 7"))
    with pytest.raises(InputError, match=r"'Kanal 7' \(its words are those of no quantity"):
        begin_with_table(tmp_path / "mine", path)
    result = run("init", tmp_path / "mine", "--from", path, "--column", "Kanal 7=P_el [kW]")
    assert result.exit_code == 0, result.output
    values = load_dataset(str(tmp_path / "mine")).values
    assert values["P_el"].to_numpy() == pytest.approx(frame()["P_el"].to_numpy())
    for said, message in (
        ("Kanal 8=P_el", "no such column"),
        ("Kanal 7=power", "unknown quantity"),
        ("Kanal 7=P_el [parsec]", "unknown unit 'parsec'"),
        ("P_el", "expected HEADER=QUANTITY"),
    ):
        result = run("init", tmp_path / "other", "--from", path, "--column", said)
        assert (result.exit_code, message in result.output) == (2, True), result.output
    assert run("init", tmp_path / "other", "--column", "a=P_el").exit_code == 2


def test_how_it_is_written_can_be_said(tmp_path: Path) -> None:
    def grouped(table: list[list[str]]) -> None:
        for cells in table[1:]:  # three decimals, and nothing tells whether they are
            cells[1:] = [f"{float(c.replace(',', '.')):.3f}" for c in cells[1:]]
            cells[1:] = ["3" if c[0] in "-0" or c[2] == "." else c for c in cells[1:]]

    path = table_of(tmp_path, grouped)
    with pytest.raises(InputError, match=r"line 13: '5.000' may be 5000 or .* --read of init"):
        begin_with_table(tmp_path / "mine", path)
    found = read_table(path, format_of([("decimal", "."), ("header_row", "1"), ("missing", "3")]))
    assert found.decimals() == "."
    assert found.format.missing == (3.0,)
    for said, message in (
        ("decimal=;", "decimal"),
        ("header_row=one", "header_row"),
        ("colour=red", "not a known key"),
        ("decimal", "expected KEY=VALUE"),
    ):
        result = run("init", tmp_path / "other", "--from", path, "--read", said)
        assert (result.exit_code, message in result.output) == (2, True), result.output


def test_names_above_the_header_of_a_text_are_read_again(tmp_path: Path) -> None:
    # The first row says the side, the units stand behind some names and are others' only name.
    path = tmp_path / "export.csv"
    path.write_text(
        "Source,,Load,,Performance,\n"
        "EWT (°F),GPM,EWT (°F),GPM,HC (kBtuh),Power kW\n"
        "32,6.4,77,6.8,26.5,1.61\n32,6.4,95,6.8,25.6,1.96\n50,6.4,77,6.8,33.5,1.66\n",
        encoding="utf-8",
    )
    values = begin_with_table(tmp_path / "mine", path).dataset.values
    assert values["T_source_in"].to_list() == pytest.approx([273.15, 273.15, 283.15])
    assert values["T_sink_in"].to_list() == pytest.approx([298.15, 308.15, 298.15])
    assert values["Q_flow_sink"].iloc[0] == pytest.approx(26.5e3 * 0.29307107)


def test_a_title_with_commas_is_no_part_of_the_names(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "Heat pump, refrigerant R32\n"
        "Source in °C,Source flow l/h,Sink in °C,Sink flow l/h,Heat kW,Power kW\n"
        "0,1380,25,1388,6.75,1.38\n0,1380,30,1388,6.69,1.54\n5,1380,35,1388,7.71,1.74\n",
        encoding="utf-8",
    )
    # A folder may be called after a number; a machine may not.
    begun = begin_with_table(tmp_path / "25 kW", path)
    assert begun.proposal.media[0] == "R32"
    assert "m_flow_refrigerant" not in begun.dataset.values
    start = tomllib.loads((tmp_path / "25 kW" / "start.toml").read_text(encoding="utf-8"))
    assert start["name"] == begun.dataset.descriptor.name == "hp_25_kW"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "Evaporating temperature (°C),Tc [°C],Cooling capacity (kW),Power (W)\n"
            "-10,30,8.2,2242\n-10,40,7.1,2600\n",
            "'Evaporating temperature .°C.' and 'Tc .°C.' .* a compressor without its exchangers",
        ),
        ("SST;SDT;Capacity\n°F;°F;Btu/h\n14;86;9060\n14;104;8097\n", "'SST' and 'SDT'"),
        (
            "Term,Capacity (W),Power (W)\n"
            + "".join(f"M{i},{1e4 / 10**i:g},{120 / 10**i:g}\n" for i in range(10)),
            "'Term' numbers the coefficients",
        ),
        (
            "Source in [°C],Sink in [°C],Sink flow [m3/h],Load dT [K],Power [kW]\n"
            "0,25,1.56,4.3,1.6\n0,35,1.56,4.2,1.9\n",
            "'Load dT .K.' .a change of temperature; write a column of the outlet",
        ),
    ],
)
def test_a_table_that_is_no_heat_pumps_says_why(table: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        begin_with_table(tmp_path / "mine", path)


@pytest.mark.parametrize(("coldest", "medium"), [(-5, "0.3"), (-12, "0.4"), (-25, "0.5")])
def test_a_cold_brine_is_one_that_does_not_freeze(
    coldest: float, medium: str, tmp_path: Path
) -> None:
    # 30 % of ethylene glycol freezes at -14.6 degC, 40 % at -23.8 degC, 50 % at -36.0 degC.
    path = tmp_path / "export.csv"
    path.write_text(
        "Brine in °C,Brine flow l/h,Water in °C,Water flow l/h,Heat kW,Power kW\n"
        f"{coldest},5600,15,3000,24.4,6.6\n{coldest},5600,20,3000,23.5,7\n"
        f"{coldest + 10},5600,15,3000,32.3,7.1\n",
        encoding="utf-8",
    )
    begun = begin_with_table(tmp_path / "mine", path)
    assert begun.proposal.media[1] == f"INCOMP::MEG[{medium}]"
    assert "freezes" not in begun.contradiction


def test_a_mean_below_the_records_is_none(tmp_path: Path) -> None:
    path = table_of(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("Mittelwert;5;38;0,5;0,3;2,2;8,5;45;2\n")
    begun = begin_with_table(tmp_path / "mine", path)
    assert len(begun.dataset.values) == 24
    assert begun.dataset.notes == ("line 26 is no record but 'Mittelwert'",)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Sole Vorlauf [°C]", "T_source_in"),  # the warmer one of both
        ("Vorlauf Quelle [°C]", "T_source_in"),
    ],
)
def test_supply_of_the_source_is_told_by_values(header: str, found: str, tmp_path: Path) -> None:
    def change(table: list[list[str]]) -> None:
        renamed("Sole Eintritt", header.replace("Vorlauf", "Rücklauf"))(table)
        renamed("Sole Austritt", header)(table)

    begun = begin_with_table(tmp_path / "mine", table_of(tmp_path, change))
    by_quantity = {u.quantity: u.header.column for u in begun.proposal.columns}
    assert by_quantity[found] == header.replace("Vorlauf", "Rücklauf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: [
                renamed("Heizung Rücklauf", "x")(table),
                renamed("Heizung Vorlauf", "Heizung Rücklauf [°C]")(table),
                renamed("x", "Heizung Vorlauf [°C]")(table),
            ],
            "T_sink_out is colder than T_sink_in at 24 of 24 records.*look mixed up",
        ),
        (renamed("Heizleistung", "Heizleistung [W]"), "not above P_el.*kW given as W"),
        (
            renamed("Sole Eintritt", "Sole Eintritt [°F]"),
            "freezes .*it reads like degC given as degF",
        ),
    ],
)
def test_a_column_that_nobody_means_so_is_named(
    change: Change, message: str, tmp_path: Path
) -> None:
    begun = begin_with_table(tmp_path / "mine", table_of(tmp_path, change))
    assert re.search(message, begun.contradiction)
    assert load_dataset(str(tmp_path / "mine")).values.shape[0] == 24


def test_records_without_an_input_are_left_out_and_said(tmp_path: Path) -> None:
    begun = begin_with_table(
        tmp_path / "mine", table_of(tmp_path, with_cell(3, "Volumenstrom Sole", ""))
    )
    assert 3 not in begun.dataset.values.index
    assert len(begun.dataset.values) == 23
    (note,) = begun.dataset.notes
    assert note.startswith("1 of 24 records left out: m_flow_source not read")


def test_the_refrigerant_stands_above_the_table(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Prüfung einer WP mit R-290;;\n" + text(rows(BASIC, "German"), ";"))
    begun = begin_with_table(tmp_path / "mine", path)
    assert begun.proposal.media[0] == "R290"
    start = tomllib.loads((tmp_path / "mine" / "start.toml").read_text(encoding="utf-8"))
    assert start["refrigerant"] == "R290"
    # 25 K above the warmest sink outlet, 56.3 degC: 32 bar of propane.
    assert 25.0 < start["envelope"]["p_high_max"]["value"] < 36.0


def test_the_refrigerant_stands_in_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "catalogue_R134a.csv"
    path.write_text(text(rows(BASIC, "German"), ";"), encoding="utf-8")
    assert begin_with_table(tmp_path / "mine", path).proposal.media[0] == "R134a"


def test_sheets_of_outdoor_units_shorten_capacity_and_power_input(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(
        "Outdoor temp. (°C),Leaving water temp. (°C),HC (kW),PI (kW)\n"
        + "".join(
            f"{T},{w},{6.0 + 0.1 * T:.2f},{1.0 + 0.02 * w:.2f}\n"
            for T in (-7, 2, 7)
            for w in (35, 45)
        ),
        encoding="utf-8",
    )
    begun = begin_with_table(tmp_path / "mine", path)
    assert {u.header.column: u.quantity for u in begun.proposal.columns} == {
        "Outdoor temp. (°C)": "T_source_in",
        "Leaving water temp. (°C)": "T_sink_out",
        "HC (kW)": "Q_flow_sink",
        "PI (kW)": "P_el",
    }


def test_each_command_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    german = rows(BASIC, "German", ",", unit_in="in")
    renamed("Sole Austritt", "Kanal 7")(german)
    Path("export.csv").write_bytes(text(german, ";").encode("cp1252"))
    book = openpyxl.Workbook()
    book.active.title = "Winter"
    for title in ("Winter", "Summer"):
        sheet = book["Winter"] if title == "Winter" else book.create_sheet(title)
        for cells in rows(BASIC, "English"):
            sheet.append(cells)
    book.save("book.xlsx")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert [command[:2] for command in commands] == [["heatpump-twin", "init"]] * 3
    for command in commands:
        result = run(*command[1:])
        assert result.exit_code == 0, result.output
        assert len(load_dataset(command[2]).values) == 24
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    said = TableFormat.model_validate(tomllib.loads(block)["table_format"])
    assert (said.header_row, said.missing) == (4, (9999, "defekt"))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (pd.date_range("2024-03-01 12:00", periods=24, freq="10s"), 'kind = "local"'),
        (pd.date_range("2024-03-01 12:00", periods=24, freq="D"), None),
    ],
)
def test_a_table_of_rows_a_few_seconds_apart_is_called_a_log(
    tmp_path: Path, times: pd.DatetimeIndex, expected: str | None
) -> None:
    values = frame()
    values = values.loc[np.resize(values.index, len(times))]
    cells = {
        "Zeit": times.strftime("%d.%m.%Y %H:%M:%S"),
        "Sole Eintritt [°C]": (values.T_source_in - 273.15).round(2),
        "Heizung Rücklauf [°C]": (values.T_sink_in - 273.15).round(2),
        "Leistungsaufnahme [kW]": (1e-3 * values.P_el).round(3),
        "Heizleistung [kW]": (1e-3 * values.Q_flow_sink).round(3),
    }
    file = tmp_path / "log.csv"
    table = pd.DataFrame({name: np.asarray(column) for name, column in cells.items()})
    table.to_csv(file, sep=";", decimal=",", index=False, encoding="cp1252")
    notice = begin_with_table(tmp_path / "points", file).notice
    if expected is None:
        assert notice == ""
    else:
        assert "is a log: column 'Zeit' has the time, and its rows are 10 s apart" in notice
        assert expected in notice
    # A log that lacks what points need says both.
    table.drop(columns="Heizleistung [kW]").to_csv(file, sep=";", decimal=",", index=False)
    with pytest.raises(InputError, match="no column for heat") as caught:
        begin_with_table(tmp_path / "other", file)
    assert ("is a log" in str(caught.value)) == (expected is not None)
