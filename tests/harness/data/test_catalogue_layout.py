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
