"""Matrices and points as catalogues print them become records; what is no matrix stays refused."""

from pathlib import Path

import pytest

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.own_log import begin_with_table
from heatpump_twin.model.errors import InputError

BESIDE = """Brine/water heat pump, R290
Heating capacity [kW];;;Power input [kW];
Brine inlet °C \\ Water outlet °C;35;55;35;55
-5;5,10;4,60;1,50;2,10
0;6,00;5,40;1,55;2,15
5;7,00;6,30;1,60;2,20
"""
STACKED = """Heating capacity (kW)
Outdoor temperature (°C),LWT 35,LWT 55
-5,5.10,4.60
0,6.00,5.40
5,7.00,6.30

Power input (kW)
Outdoor temperature (°C),LWT 35,LWT 55
-5,1.50,2.10
0,1.55,2.15
5,1.60,2.20
"""
PAIRS = """Outdoor unit
Ta [°C],LWT 35 °C,,LWT 55 °C,
,HC [kW],PI [kW],HC [kW],PI [kW]
-5,5.10,1.50,4.60,2.10
0,6.00,1.55,5.40,2.15
5,7.00,1.60,6.30,2.20
"""
TURNED = """Heating capacity [kW];;;;Power input [kW];;
LWT;A-5;A0;A5;A-5;A0;A5
35;5.10;6.00;7.00;1.50;1.55;1.60
55;4.60;5.40;6.30;2.10;2.15;2.20
"""
POINTS = """Point,Heating capacity (kW),COP
A-5/W35,5.10,3.4
A0/W35,6.00,3.871
A5/W35,7.00,4.375
A-5/W55,4.60,2.1905
A0/W55,5.40,2.5116
A5/W55,6.30,2.8636
"""
ON_ITS_SIDE = """Heat pump
Air inlet;°C;-5;0;5;-5;0;5
Water outlet;°C;35;;;55;;
Heating capacity;kW;5,10;6,00;7,00;4,60;5,40;6,30
Power input;kW;1,50;1,55;1,60;2,10;2,15;2,20
"""
POINTS_ON_THEIR_SIDE = """Point,A-5/W35,A0/W35,A5/W35,A-5/W55,A0/W55,A5/W55
Heating capacity [kW],5.10,6.00,7.00,4.60,5.40,6.30
Power input [kW],1.50,1.55,1.60,2.10,2.15,2.20
COP [-],3.40,3.87,4.38,2.19,2.51,2.86
"""
LETTERS_ON_THEIR_SIDE = """Betriebspunkt W;°C;35;35;35;55;55;55
Betriebspunkt B;°C;-5;0;5;-5;0;5
Heizleistung;kW;5,10;6,00;7,00;4,60;5,40;6,30
Leistungsaufnahme;kW;1,50;1,55;1,60;2,10;2,15;2,20
Leistungszahl;;3,40;3,87;4,38;2,19;2,51;2,86
"""
ONE_HEADER = """Leaving water temperature [°C];;
;35;55
Heating capacity [kW];;
-5;5.10;4.60
0;6.00;5.40
5;7.00;6.30
Power input [kW];;
-5;1.50;2.10
0;1.55;2.15
5;1.60;2.20
"""
IN_NAMES = """Air temp °C;Capacity W35 [kW];Capacity W55 [kW];Power W35 [kW];Power W55 [kW]
-5;5.10;4.60;1.50;2.10
0;6.00;5.40;1.55;2.15
5;7.00;6.30;1.60;2.20
"""
FAHRENHEIT = """Heating capacity [MBH];;;Power input [kW];
Outdoor temp;LWT 95 °F;LWT 131 °F;LWT 95 °F;LWT 131 °F
23;17.402;15.696;1.50;2.10
32;20.473;18.426;1.55;2.15
41;23.885;21.496;1.60;2.20
"""


@pytest.mark.parametrize(
    "text",
    [
        BESIDE,
        STACKED,
        PAIRS,
        TURNED,
        POINTS,
        FAHRENHEIT,
        ON_ITS_SIDE,
        POINTS_ON_THEIR_SIDE,
        LETTERS_ON_THEIR_SIDE,
        ONE_HEADER,
        IN_NAMES,
    ],
)
def test_a_catalogue_becomes_records(text: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    # What is written is read again as any data set is.
    values = load_dataset(str(tmp_path / "unit")).values
    # (source, sink outlet) in degC to heat and power in W, by hand from the table.
    expected = {
        (-5, 35): (5100, 1500),
        (0, 35): (6000, 1550),
        (5, 35): (7000, 1600),
        (-5, 55): (4600, 2100),
        (0, 55): (5400, 2150),
        (5, 55): (6300, 2200),
    }
    found = {
        (round(r.T_source_in - 273.15), round(r.T_sink_out - 273.15)): (r.Q_flow_sink, r.P_el)
        for r in values.itertuples()
    }
    assert found.keys() == expected.keys()
    for point, (heat, power) in expected.items():
        assert found[point] == pytest.approx((heat, power), rel=5e-4)


def test_a_point_may_name_both_ends_of_the_sink(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(POINTS.replace("W35", "W30/35").replace("W55", "W47-55"), encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    values = load_dataset(str(tmp_path / "unit")).values - 273.15
    assert list(values["T_sink_in"].round(6)) == [30.0] * 3 + [47.0] * 3
    assert list(values["T_sink_out"].round(6)) == [35.0] * 3 + [55.0] * 3


def test_a_matrix_may_give_both_ends_of_the_sink(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(BESIDE.replace("35;55;35;55", "30/35;47/55;30/35;47/55"), encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    values = load_dataset(str(tmp_path / "unit")).values - 273.15
    found = {(round(r.T_sink_in), round(r.T_sink_out)) for r in values.itertuples()}
    assert found == {(30, 35), (47, 55)}
    file.write_text(BESIDE.replace("35;55;35;55", "30/35;55;30/35;55"), encoding="utf-8")
    with pytest.raises(InputError, match="55 stands alone for the sink"):
        begin_with_table(tmp_path / "other", file)


def test_two_machines_in_one_file_are_not_made_one(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    second = STACKED.replace("5.10", "9.70").replace("1.50", "3.10")
    file.write_text(f"Model A\n{STACKED}\nModel B\n{second}", encoding="utf-8")
    with pytest.raises(InputError, match=r"lines 4 and 1\d both have .* at -5 and 35, and differ"):
        begin_with_table(tmp_path / "unit", file)
    # What is missing of the first is not filled by the second.
    file.write_text(f"A\n{STACKED.replace('5.10', '-')}\nB\n{STACKED}", encoding="utf-8")
    with pytest.raises(InputError, match="and differ"):
        begin_with_table(tmp_path / "unit", file)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (("W35", "W55"), ("A-5", "A0", "A5")),
        (("LWT 35", "LWT 55"), ("-5", "0", "5")),
        (("35", "55"), ("-5", "0", "5")),
        (("W35", "W55"), ("B-5", "B0", "B5")),
        (("35", "55"), ("Air -5", "Air 0", "Air 5")),
    ],
)
def test_either_axis_of_a_matrix_may_be_the_source(
    rows: tuple[str, ...], columns: tuple[str, ...], tmp_path: Path
) -> None:
    heat, power = ((5.1, 6.0, 7.0), (4.6, 5.4, 6.3)), ((1.5, 1.55, 1.6), (2.1, 2.15, 2.2))
    lines = []
    for title, cells in (("Heating capacity [kW]", heat), ("Power input [kW]", power)):
        lines += [title, ";".join(["", *columns])]
        lines += [";".join([row, *map(str, of)]) for row, of in zip(rows, cells, strict=True)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    values = load_dataset(str(tmp_path / "unit")).values
    found = {
        (round(r.T_source_in - 273.15), round(r.T_sink_out - 273.15)): round(r.Q_flow_sink)
        for r in values.itertuples()
    }
    assert found[-5, 35] == 5100
    assert found[5, 55] == 6300


def test_points_of_cooling_are_left_out_and_named(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"{POINTS}A35/W18,7.5,4.1\nA35/W7,6.0,3.0\n", encoding="utf-8")
    begun = begin_with_table(tmp_path / "unit", file)
    said = "; ".join(begun.proposal.assumptions)
    assert "line 8 is left out: A35/W18 is a point of cooling" in said
    assert "line 9 is left out: A35/W7 is a point of cooling" in said
    assert len(load_dataset(str(tmp_path / "unit")).values) == 6
    # A pool is heated by air that is warmer.
    file.write_text(POINTS.replace("A5/W35", "A35/W28"), encoding="utf-8")
    begin_with_table(tmp_path / "pool", file)
    assert len(load_dataset(str(tmp_path / "pool")).values) == 6


def test_a_table_on_its_side_may_have_heat_and_power_alone(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    text = "\n".join(LETTERS_ON_THEIR_SIDE.splitlines()[:-1]).replace("Betriebspunkt ", "")
    file.write_text(f"{text}\n", encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    assert len(load_dataset(str(tmp_path / "unit")).values) == 6


@pytest.mark.parametrize(
    "text",
    [
        # Tests that are numbered, COP in full, and words that name no temperature.
        POINTS.replace("Point,", "Test,Point,").replace("\nA", "\nP1,A"),
        POINTS.replace("COP", "Coefficient of performance"),
        f"Dimensions of evaporator and condenser see below\n{STACKED}",
        STACKED.replace("Heating capacity", "Condenser capacity"),
    ],
)
def test_a_table_of_a_heat_pump_is_none_of_a_compressor(text: str, tmp_path: Path) -> None:
    for number in range(2, 7):
        text = text.replace("\nP1,", "\nP#,", 1).replace("\nP1,", f"\nP{number},", 1)
    file = tmp_path / "table.csv"
    file.write_text(text.replace("P#", "P1"), encoding="utf-8")
    begin_with_table(tmp_path / "unit", file)
    assert len(load_dataset(str(tmp_path / "unit")).values) == 6


def test_numbered_sensors_are_no_coefficients(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    names = ",".join(f"T{k} [°C]" for k in range(1, 7))
    file.write_text(f"{names},P_el [kW]\n1,2,3,4,5,6,1.5\n2,3,4,5,6,7,1.6\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column for the source's temperature"):
        begin_with_table(tmp_path / "unit", file)


def test_a_table_without_temperatures_is_no_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("Point,Heat [kW],COP\nS1,5.1,3.4\nS2,6.0,3.9\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no column for the source's temperature"):
        begin_with_table(tmp_path / "unit", file)
    assert not (tmp_path / "unit").exists()


def test_a_matrix_that_lacks_power_says_so(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(STACKED.split("\n\n")[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no column for electric power .* 'LWT' \(T_sink_out\)"):
        begin_with_table(tmp_path / "unit", file)


@pytest.mark.parametrize(
    "header",
    [
        "Te \\ Tc [°C];35;45;55",
        "Condensing temperature °C;Evaporating temperature °C;;\n;35;45;55",
        "SST;SDT 35 °C;SDT 45 °C;SDT 55 °C",
    ],
)
def test_a_matrix_of_a_compressor_is_none_of_a_heat_pump(header: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    rows = "\n-10;3.0;2.7;2.4\n0;4.4;4.0;3.6\n"
    file.write_text(f"Capacity [kW];;;\n{header}{rows}Power [kW];;;{rows}", encoding="utf-8")
    with pytest.raises(InputError, match="a table of a compressor without its exchangers"):
        begin_with_table(tmp_path / "unit", file)


def test_a_title_with_numbers_is_no_header_of_a_matrix(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(
        "Compressor R410A, superheat 11.1 K, subcooling 8.3 K\n"
        "Evaporating temperature (°C),Condensing temperature (°C),Capacity (kW),Power input (W)\n"
        "-10,35,8.1,2500\n-10,45,7.2,3000\n0,35,12.1,2600\n0,45,11.0,3100\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="a table of a compressor without its exchangers"):
        begin_with_table(tmp_path / "unit", file)


def test_a_refrigerant_may_be_named_without_its_isomer(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"Heat pump with R1234ze\n{POINTS}", encoding="utf-8")
    assert begin_with_table(tmp_path / "unit", file).proposal.media[0] == "R1234ze(E)"


def test_a_refrigerant_that_is_not_known_is_named(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("Heat pump with R454B\n" + "\n".join(POINTS.splitlines()), encoding="utf-8")
    said = begin_with_table(tmp_path / "unit", file).proposal.assumptions
    assert any("R454B" in text and "none that CoolProp knows" in text for text in said)


def test_a_row_of_groups_without_gaps_is_no_title(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(
        "Source,Source,Sink,Sink,,\n"
        "Inlet [°C],Outlet [°C],Inlet [°C],Outlet [°C],Power input [kW],Heating capacity [kW]\n"
        "0,-3,30,35,1.5,6.0\n5,2,30,35,1.6,7.0\n0,-3,47,55,2.1,5.4\n",
        encoding="utf-8",
    )
    begin_with_table(tmp_path / "unit", file)
    first = load_dataset(str(tmp_path / "unit")).values.iloc[0] - 273.15
    found = [first[q] for q in ("T_source_in", "T_source_out", "T_sink_in", "T_sink_out")]
    assert found == pytest.approx([0.0, -3.0, 30.0, 35.0])
