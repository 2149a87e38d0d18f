"""Tables of one heat pump as people and meters write them, in German and English."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from CoolProp.CoolProp import PropsSI

from heatpump_twin.harness.data.new_dataset import template

AMBIENT = 101325.0
RATED_RPM = 2900.0


def frame() -> pd.DataFrame:
    """The heat pump of `init` in SI units, with outlets and a refrigerant side that fit it."""
    read = pd.read_csv(io.StringIO(template("data.csv")))
    values = pd.DataFrame(
        {
            "T_source_in": read["T_source_in_degC"] + 273.15,
            "T_sink_in": read["T_sink_in_degC"] + 273.15,
            "m_flow_source": read["m_flow_source_kg_min"] / 60.0,
            "m_flow_sink": read["m_flow_sink_kg_min"] / 60.0,
            "P_el": 1e3 * read["P_el_kW"],
            "Q_flow_sink": 1e3 * read["Q_flow_sink_kW"],
        }
    )
    heat = values.Q_flow_sink - values.P_el
    values["T_source_out"] = values.T_source_in - heat / (values.m_flow_source * 3700.0)
    values["T_sink_out"] = values.T_sink_in + values.Q_flow_sink / (values.m_flow_sink * 4180.0)
    dew, bubble = values.T_source_out - 4.0, values.T_sink_out + 2.0
    values["p_low"] = [PropsSI("P", "T", T, "Q", 1, "R410A") for T in dew]
    values["p_high"] = [PropsSI("P", "T", T, "Q", 0, "R410A") for T in bubble]
    values["superheat"] = 6.0 + 0.1 * (np.arange(len(values)) % 5)
    values["T_suction"] = dew + values.superheat
    values["COP"] = values.Q_flow_sink / values.P_el
    values["compressor_speed"] = RATED_RPM
    values.index = pd.RangeIndex(1, len(values) + 1)
    return values


# Unit to what it makes of SI, and how many decimals a meter shows.
UNITS: dict[str, tuple[Callable[[pd.Series], pd.Series], int]] = {
    "°C": (lambda T: T - 273.15, 2),
    "°F": (lambda T: 1.8 * (T - 273.15) + 32.0, 2),
    "K": (lambda T: T, 1),
    "kW": (lambda P: 1e-3 * P, 3),
    "W": (lambda P: P, 1),
    "kBtu/h": (lambda P: P / 293.07107, 3),
    "bar": (lambda p: 1e-5 * p, 3),
    "bar(g)": (lambda p: 1e-5 * (p - AMBIENT), 3),
    "barü": (lambda p: 1e-5 * (p - AMBIENT), 3),
    "psig": (lambda p: (p - AMBIENT) / 6894.757, 2),
    "kg/s": (lambda m: m, 4),
    "l/h": (lambda m: 3.6e6 * m, 1),  # with the density that is proposed
    "m³/h": (lambda m: 3600.0 * m, 4),
    "l/min": (lambda m: 6e4 * m, 3),
    "gpm": (lambda m: m / 6.30902e-5, 3),
    "U/min": (lambda n: n, 0),
    "rpm": (lambda n: n, 0),
    "Hz": (lambda n: n / 60.0, 2),
    "1": (lambda x: x, 3),
}

NAMES = {
    "German": {
        "T_source_in": "Sole Eintritt",
        "T_source_out": "Sole Austritt",
        "T_sink_in": "Heizung Rücklauf",
        "T_sink_out": "Heizung Vorlauf",
        "m_flow_source": "Volumenstrom Sole",
        "m_flow_sink": "Volumenstrom Heizung",
        "P_el": "Leistungsaufnahme",
        "Q_flow_sink": "Heizleistung",
        "p_low": "Niederdruck",
        "p_high": "Hochdruck",
        "superheat": "Überhitzung",
        "T_suction": "Sauggastemperatur",
        "COP": "Leistungszahl",
        "compressor_speed": "Verdichterdrehzahl",
    },
    "English": {
        "T_source_in": "Brine inlet temperature",
        "T_source_out": "Brine outlet temperature",
        "T_sink_in": "Return temperature",
        "T_sink_out": "Supply temperature",
        "m_flow_source": "Brine flow",
        "m_flow_sink": "Heating water flow",
        "P_el": "Power input",
        "Q_flow_sink": "Heating capacity",
        "p_low": "Suction pressure",
        "p_high": "Discharge pressure",
        "superheat": "Superheat",
        "T_suction": "Suction gas temperature",
        "COP": "COP",
        "compressor_speed": "Compressor speed",
    },
}
BASIC = {
    "T_source_in": "°C",
    "T_sink_in": "°C",
    "m_flow_source": "kg/s",
    "m_flow_sink": "kg/s",
    "P_el": "kW",
    "Q_flow_sink": "kW",
    "T_sink_out": "°C",
    "T_source_out": "°C",
}
DENSITIES = {"m_flow_source": 1045.0, "m_flow_sink": 996.0}


@dataclass(frozen=True)
class Case:
    """A table that was written.

    Attributes
    ----------
    path : Path
        Of the file.
    units : dict of str to str
        Quantity to the unit as the proposed descriptor has it.
    missing : dict of str to list of int
        Quantity to the records that have no reading of it.
    """

    path: Path
    units: dict[str, str]
    missing: dict[str, list[int]]


def numbers(values: pd.DataFrame, units: dict[str, str]) -> dict[str, pd.Series]:
    """Readings in the units of the table, as their meters round them."""
    found = {}
    for quantity, unit in units.items():
        convert, decimals = UNITS[unit]
        si = values[quantity]
        if unit in ("l/h", "m³/h", "l/min", "gpm"):
            si = si / DENSITIES[quantity]
        found[quantity] = convert(si).round(decimals)
    return found


def written(number: float, decimals: int, decimal: str, group: str) -> str:
    text = f"{number:,.{decimals}f}"
    return text.replace(",", "~").replace(".", decimal).replace("~", group)


def rows(
    units: dict[str, str], language: str, decimal: str = ".", group: str = "", unit_in: str = "[]"
) -> list[list[str]]:
    """Header and records as texts."""
    values = frame()
    read = numbers(values, units)
    header = [NAMES[language][q] for q in units]
    if unit_in:
        pairs = zip(header, units.values(), strict=True)
        header = [
            name if unit == "1" else f"{name} in {unit}" if unit_in == "in" else f"{name} [{unit}]"
            for name, unit in pairs
        ]
    table = [["Nr." if language == "German" else "No.", *header]]
    for record in values.index:
        cells = [
            written(read[q][record], UNITS[unit][1], decimal, group) for q, unit in units.items()
        ]
        table.append([str(record), *cells])
    return table


def text(table: list[list[str]], delimiter: str) -> str:
    quoted = [[f'"{c}"' if delimiter in c or "\n" in c else c for c in cells] for cells in table]
    return "\n".join(delimiter.join(cells) for cells in quoted) + "\n"


def semicolons(folder: Path, language: str) -> Case:
    """Decimal comma, code page of Windows, units after "in"."""
    path = folder / "export.csv"
    table = rows(BASIC, language, ",", unit_in="in")
    path.write_bytes(text(table, ";").replace("\n", "\r\n").encode("cp1252"))
    return Case(path, BASIC, {})


def utf_16(folder: Path, language: str) -> Case:
    """What Excel saves as Unicode text."""
    path = folder / "unicode.txt"
    path.write_bytes(text(rows(BASIC, language, ","), "\t").encode("utf-16"))
    return Case(path, BASIC, {})


def byte_order_mark(folder: Path, language: str) -> Case:
    path = folder / "bom.csv"
    path.write_bytes(text(rows(BASIC, language), ",").encode("utf-8-sig"))
    return Case(path, BASIC, {})


def thousands(folder: Path, language: str) -> Case:
    """Grouped digits; a column of them alone does not tell its decimals, others do."""
    units = {**BASIC, "P_el": "W", "Q_flow_sink": "W", "m_flow_sink": "l/h"}
    decimal, group = (",", ".") if language == "German" else (".", ",")
    path = folder / "thousands.csv"
    path.write_text(text(rows(units, language, decimal, group), ";"), encoding="utf-8")
    return Case(path, units, {})


def thin_spaces(folder: Path, language: str) -> Case:
    units = {**BASIC, "P_el": "W", "Q_flow_sink": "W"}
    path = folder / "spaces.csv"
    path.write_text(text(rows(units, language, ",", "\u202f"), "\t"), encoding="utf-8")
    return Case(path, units, {})


def unit_row(folder: Path, language: str) -> Case:
    """Units below the header, titles and remarks above it."""
    header, *records = rows(BASIC, language, ",", unit_in="")
    titles = [
        ["Messprotokoll Wärmepumpe R410A"],
        ["Datum: 12.03.2024", "Ort: Wien"],
        ["# Logger 7"],
    ]
    units = ["", *(f"[{unit}]" for unit in BASIC.values())]
    path = folder / "units.csv"
    path.write_text(text([*titles, header, units, *records], ";"), encoding="utf-8")
    return Case(path, BASIC, {})


def gauge_pressures(folder: Path, language: str) -> Case:
    unit = "barü" if language == "German" else "bar(g)"
    units = {**BASIC, "p_low": unit, "p_high": unit}
    path = folder / "gauge.csv"
    path.write_text(text(rows(units, language), "|"), encoding="utf-8")
    return Case(path, {**units, "p_low": "bar(g)", "p_high": "bar(g)"}, {})


def unmarked_gauges(folder: Path, language: str) -> Case:
    """Pressures over ambient without a mark: superheat and suction temperature tell."""
    units = {**BASIC, "p_low": "bar(g)", "p_high": "bar(g)", "superheat": "K", "T_suction": "°C"}
    header, *records = rows(units, language)
    header = [name.replace("bar(g)", "bar") for name in header]
    path = folder / "unmarked.csv"
    path.write_text(text([header, *records], ","), encoding="utf-8")
    return Case(path, units, {})


def flows_and_speed(folder: Path, language: str) -> Case:
    unit = "U/min" if language == "German" else "rpm"
    units = {**BASIC, "m_flow_source": "m³/h", "m_flow_sink": "l/h", "compressor_speed": unit}
    path = folder / "flows.csv"
    path.write_text(text(rows(units, language, ","), ";"), encoding="utf-8")
    return Case(path, units, {})


def merged_header(folder: Path, language: str) -> Case:
    """A workbook with titles, and what columns have in common in merged cells above them."""
    german = language == "German"
    parts = {
        "T_source_in": ("Quelle" if german else "Source", "ein" if german else "in"),
        "T_source_out": ("", "aus" if german else "out"),
        "m_flow_source": ("", "Massenstrom" if german else "mass flow"),
        "T_sink_in": ("Senke" if german else "Sink", "ein" if german else "in"),
        "T_sink_out": ("", "aus" if german else "out"),
        "m_flow_sink": ("", "Massenstrom" if german else "mass flow"),
        "P_el": (
            "Verdichter" if german else "Compressor",
            "Leistungsaufnahme" if german else "power",
        ),
        "Q_flow_sink": ("Wärme" if german else "Heat", "Heizleistung" if german else "heat output"),
    }
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "Prüfbericht 17" if german else "Test report 17"
    sheet.merge_cells("A1:I1")
    for j, (quantity, (group, name)) in enumerate(parts.items(), start=2):
        sheet.cell(3, j, group or None)
        sheet.cell(4, j, name)
        sheet.cell(5, j, BASIC[quantity])
    sheet.cell(4, 1, "Nr." if german else "No.")
    sheet.merge_cells("B3:D3")
    sheet.merge_cells("E3:G3")
    read = numbers(frame(), BASIC)
    for record in frame().index:
        sheet.cell(record + 5, 1, record)
        for j, quantity in enumerate(parts, start=2):
            sheet.cell(record + 5, j, float(read[quantity][record]))
    path = folder / "merged.xlsx"
    book.save(path)
    return Case(path, BASIC, {})


def several_sheets(folder: Path, language: str) -> Case:
    """Readings on one sheet, remarks on others; numbers that are stored as text among them."""
    book = openpyxl.Workbook()
    book.active.title = "Info"
    book.active["A1"] = "Wärmepumpe" if language == "German" else "Heat pump"
    book.active["A2"] = "R410A"
    sheet = book.create_sheet("Messdaten" if language == "German" else "Readings")
    header, *records = rows(BASIC, language)
    sheet.append(header)
    for i, cells in enumerate(records):
        is_text = i % 3 == 1
        sheet.append([int(cells[0]), *(c if is_text else float(c) for c in cells[1:])])
    book.create_sheet("leer" if language == "German" else "empty")
    path = folder / "sheets.xlsx"
    book.save(path)
    return Case(path, BASIC, {})


def parquet(folder: Path, language: str) -> Case:
    read = pd.DataFrame(numbers(frame(), BASIC))
    read.columns = [f"{NAMES[language][q]} [{unit}]" for q, unit in BASIC.items()]
    path = folder / "readings.parquet"
    read.to_parquet(path)
    return Case(path, BASIC, {})


def missing_readings(folder: Path, language: str) -> Case:
    units = {**BASIC, "p_low": "bar"}
    table = rows(units, language, ",")
    place = {q: j for j, q in enumerate(units, start=1)}
    for record, quantity, cell in (
        (3, "P_el", "-"),
        (7, "P_el", "n/a"),
        (8, "T_sink_out", "9999"),
        (8, "p_low", "-999"),
        (9, "p_low", ""),
        (11, "p_low", "#NV" if language == "German" else "#N/A"),
        (12, "Q_flow_sink", "---"),
        (20, "T_source_out", "NaN"),
    ):
        table[record][place[quantity]] = cell
    path = folder / "gaps.csv"
    path.write_text(text(table, ";"), encoding="utf-8")
    missing = {
        "P_el": [3, 7],
        "T_sink_out": [8],
        "p_low": [8, 9, 11],
        "Q_flow_sink": [12],
        "T_source_out": [20],
    }
    return Case(path, units, missing)


def without_heat(folder: Path, language: str) -> Case:
    """Heat follows from flow, inlet and outlet of the sink."""
    units = {q: unit for q, unit in BASIC.items() if q != "Q_flow_sink"}
    path = folder / "no_heat.csv"
    path.write_text(text(rows(units, language), ","), encoding="utf-8")
    return Case(path, units, {})


def without_units(folder: Path, language: str) -> Case:
    """Values alone tell units; a catalogue has COP instead of power."""
    units = {
        **BASIC,
        "COP": "1",
        "Q_flow_sink": "W",
        "m_flow_sink": "l/h",
        "m_flow_source": "l/min",
    }
    del units["P_el"]
    path = folder / "plain.csv"
    path.write_text(text(rows(units, language, unit_in=""), "\t"), encoding="utf-8")
    return Case(path, units, {})


def units_of_the_usa(folder: Path, language: str) -> Case:
    temperatures = dict.fromkeys(("T_source_in", "T_source_out", "T_sink_in", "T_sink_out"), "°F")
    flows = {"m_flow_source": "gpm", "m_flow_sink": "gpm"}
    units = {**BASIC, **temperatures, **flows, "Q_flow_sink": "kBtu/h", "p_high": "psig"}
    path = folder / "usa.csv"
    path.write_text(text(rows(units, language), ","), encoding="utf-8")
    return Case(path, units, {})


CASES: tuple[Callable[[Path, str], Case], ...] = (
    semicolons,
    utf_16,
    byte_order_mark,
    thousands,
    thin_spaces,
    unit_row,
    gauge_pressures,
    unmarked_gauges,
    flows_and_speed,
    merged_header,
    several_sheets,
    parquet,
    missing_readings,
    without_heat,
    without_units,
    units_of_the_usa,
)
