"""A log of a user's own: `init` writes a descriptor that what takes logs can use."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from heatpump_twin.harness.data.own_log import begin_with_table
from heatpump_twin.harness.data.series import load_series
from heatpump_twin.model.errors import InputError

ROWS = 360


def readings(step: float, inverter: bool = False) -> pd.DataFrame:
    """An invented brine machine: half of each hour on, SI units but degC."""
    t = np.arange(ROWS) * step
    on = t % 3600.0 >= 1800.0
    load = 1.0 + (0.4 * np.sin(t / 700.0) if inverter else 0.0)
    source, back = 6.0 + np.sin(t / 5000.0), 33.0 + 0.5 * np.sin(t / 3000.0)
    heat = np.where(on, 8000.0 * load * (1.0 + 0.02 * (source - 6.0)), 0.0)
    power = np.where(on, 1800.0 * load, 10.0 + 5.0 * np.sin(t))
    flow = 0.4
    return pd.DataFrame(
        {
            "on": on,
            "T_source_in": source.round(2),
            "T_source_out": (source - np.where(on, (heat - power) / 1900.0, 0.0)).round(2),
            "T_sink_in": back.round(2),
            "T_sink_out": (back + heat / (flow * 4180.0)).round(2),
            "P_el": power.round(1),
            "m_flow_sink": flow,
        }
    )


def begun(folder: Path, file: Path, **said: str) -> dict[str, Any]:
    """The descriptor that `init` writes; the log loads without a hand on it."""
    result = begin_with_table(folder, file, said=said)
    assert result.log is not None
    assert result.contradiction == ""
    series = load_series(str(folder))
    assert 0.3 < series.runs.mean() < 0.7
    assert (folder / "start.toml").is_file()
    return tomllib.loads((folder / "descriptor.toml").read_text(encoding="utf-8"))


def test_elapsed_seconds_with_a_column_of_the_compressor(tmp_path: Path) -> None:
    data = readings(30.0)
    table = pd.DataFrame(
        {
            "time [s]": 30 * np.arange(ROWS),
            "compressor": data.on.astype(int),
            "brine in [degC]": data.T_source_in,
            "brine out [degC]": data.T_source_out,
            "return [degC]": data.T_sink_in,
            "supply [degC]": data.T_sink_out,
            "P_el [W]": data.P_el,
        }
    )
    table.to_csv(tmp_path / "log.csv", index=False)
    found = begun(tmp_path / "set", tmp_path / "log.csv")
    assert found["time"] == {"column": "time [s]", "kind": "elapsed", "unit": "s"}
    assert found["states"]["compressor"]["column"] == "compressor"
    assert found["control"]["given"] == "speed"
    # No flow was read: it is assumed, and heat from it is not scored.
    assert found["constants"]["m_flow_sink"]["recorded"] is False
    assert load_series(str(tmp_path / "set")).scored == ("P_el", "T_source_out", "T_sink_out")
    # Who knows that it is none says so, and gets points as before.
    heat = table.assign(**{"heat [W]": np.where(data.on, 8000.0, 10.0)})
    heat[heat["compressor"] == 1].to_csv(tmp_path / "points.csv", index=False)
    points = begin_with_table(
        tmp_path / "points", tmp_path / "points.csv", said={"time [s]": "ignore"}
    )
    assert points.log is None
    assert points.files == ("descriptor.toml", "data.csv", "start.toml")


def german(step: float = 60.0) -> pd.DataFrame:
    data = readings(step)
    return pd.DataFrame(
        {
            "Verdichter": np.where(data.on, "Ein", "Aus"),
            "Soleeintritt °C": data.T_source_in,
            "Soleaustritt °C": data.T_source_out,
            "Rücklauf °C": data.T_sink_in,
            "Vorlauf °C": data.T_sink_out,
            "Leistung el. kW": (1e-3 * data.P_el).round(4),
            "Durchfluss Heizung l/h": 1440.0,
        }
    )


def test_local_time_german_titles_and_decimal_comma(tmp_path: Path) -> None:
    times = pd.date_range("2024-03-01 12:00", periods=ROWS, freq="min")
    table = german()
    table.insert(0, "Zeit", times.strftime("%d.%m.%Y %H:%M:%S"))
    file = tmp_path / "messung.csv"
    table.to_csv(file, sep=";", decimal=",", index=False, encoding="cp1252")
    found = begun(tmp_path / "set", file)
    assert found["time"] == {"column": "Zeit", "kind": "local", "zone": "Europe/Berlin"}
    assert found["states"]["compressor"]["column"] == "Verdichter"
    # A flow of one value all the time is a flow, and no state.
    assert found["columns"]["Durchfluss Heizung l/h"]["quantity"] == "m_flow_sink"
    assert found["derived"]["Q_flow_sink"]["medium"] == "INCOMP::Water"
    text = (tmp_path / "set" / "descriptor.toml").read_text(encoding="utf-8")
    assert "a guess: the log does not say where it was written" in text
    assert file.read_bytes() == (tmp_path / "set" / "log.csv").read_bytes()


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "american"])
def test_workbooks_parquet_and_other_clocks(tmp_path: Path, kind: str) -> None:
    table = german().drop(columns="Verdichter")
    times = pd.Series(pd.date_range("2024-01-20 12:00", periods=ROWS, freq="min"))
    table.insert(0, "Zeit", times)
    if kind == "xlsx":
        table.to_excel(tmp_path / "log.xlsx", index=False)
    elif kind == "parquet":
        table["Zeit"] = times.dt.tz_localize("UTC")
        table.to_parquet(tmp_path / "log.parquet")
    else:
        table["Zeit"] = times.dt.strftime("%m/%d/%Y %I:%M %p")
        table.to_csv(tmp_path / "log.american", index=False)
    found = begun(tmp_path / "set", tmp_path / f"log.{kind}")
    assert found["time"]["kind"] == ("iso" if kind == "parquet" else "local")
    assert ("pattern" in found["time"]) == (kind == "american")
    # No column says when it runs: 15 W and 1.8 kW are parted by the gap between them.
    state = found["states"]["compressor"]
    assert state["column"] == "Leistung el. kW"
    assert 0.015 < state["above"] < 1.8


def test_cells_that_are_written_on_change_and_a_speed_that_varied(tmp_path: Path) -> None:
    data = readings(30.0, inverter=True)
    table = pd.DataFrame(
        {
            "timestamp": pd.date_range("2024-01-05", periods=ROWS, freq="30s", tz="UTC").strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            ),
            "outdoor_temp": data.T_source_in,
            "return_temp": data.T_sink_in,
            "flow_temp": data.T_sink_out,
            "power": data.P_el.round(-1),
            "flow_rate_lpm": (60.0 * data.m_flow_sink + 0.1 * np.arange(ROWS) % 0.3).round(2),
            "Thermostat": np.where(data.on, "ON", "OFF"),
        }
    )
    for column, every in (("outdoor_temp", 9), ("power", 4), ("flow_rate_lpm", 5)):
        table[column] = table[column].where(np.arange(ROWS) % every == 0)
    changes = table["Thermostat"] != table["Thermostat"].shift()
    table["Thermostat"] = table["Thermostat"].where(changes)
    table.loc[45:46, "outdoor_temp"] = 0.0
    table.to_csv(tmp_path / "log.csv", index=False)
    found = begun(tmp_path / "set", tmp_path / "log.csv")
    assert found["time"]["kind"] == "iso"
    assert found["resampling"] == {"step": 30}
    assert found["columns"]["power"]["writes"] == "on_change"
    assert "writes" not in found["columns"]["return_temp"]
    assert found["columns"]["outdoor_temp"]["not_read"] == [0]
    assert found["states"]["demand"] == {"column": "Thermostat", "writes": "on_change"}
    # No speed was read, and heat and power vary as an inverter's do.
    assert found["control"]["given"] == "heat_flow"
    assert found["constants"]["compressor_speed"]["recorded"] is False
    assert "Q_flow_sink" not in load_series(str(tmp_path / "set")).scored


def test_a_speed_of_two_values_is_no_state(tmp_path: Path) -> None:
    table = german().drop(columns="Verdichter")
    table.insert(0, "Zeit in min", np.arange(ROWS))
    table["Drehzahl Verdichter rpm"] = np.where(readings(60.0).on, 3000, 0)
    table.to_csv(tmp_path / "log.csv", index=False)
    found = begun(tmp_path / "set", tmp_path / "log.csv")
    assert found["time"]["unit"] == "min"
    assert found["columns"]["Drehzahl Verdichter rpm"]["quantity"] == "compressor_speed"
    assert "control" not in found


def test_a_log_without_power_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    table = german().drop(columns="Leistung el. kW")
    table.insert(0, "Zeit in min", np.arange(ROWS))
    table.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(InputError, match="no column for electric power"):
        begin_with_table(tmp_path / "set", tmp_path / "log.csv")
    assert not (tmp_path / "set").exists()


def brine_log(step: float) -> pd.DataFrame:
    """A table whose columns tell what they are, but for the time."""
    data = readings(step)
    return pd.DataFrame(
        {
            "brine in [degC]": data.T_source_in,
            "brine out [degC]": data.T_source_out,
            "return [degC]": data.T_sink_in,
            "supply [degC]": data.T_sink_out,
            "P_el [W]": data.P_el,
        }
    )


@pytest.mark.parametrize(("pattern", "first"), [("%m/%d", "%m/%d"), ("%d/%m", "%d/%m")])
def test_day_and_month_are_told_by_the_whole_log(pattern: str, first: str, tmp_path: Path) -> None:
    # 360 rows of 20 minutes, from the 1st to the 5th: no day could be no month.
    times = pd.date_range("2024-02-01 00:00", periods=ROWS, freq="15min")
    table = brine_log(900.0)
    table.insert(0, "time", times.strftime(f"{pattern}/%Y %H:%M"))
    table.to_csv(tmp_path / "log.csv", index=False)
    found = begun(tmp_path / "set", tmp_path / "log.csv")
    assert found["time"]["pattern"].startswith(first)


def test_a_compressor_that_seldom_runs_is_found(tmp_path: Path) -> None:
    table = brine_log(30.0)
    runs = np.arange(len(table)) // 60 % 2 == 1
    still = table[~runs].assign(**{"P_el [W]": 20.0})
    # A summer: half an hour of 100 hours.
    summer = pd.concat([*[still] * 66, table[runs][:60], *[still] * 2], ignore_index=True)
    summer.insert(0, "time [s]", 30 * np.arange(len(summer)))
    summer.to_csv(tmp_path / "log.csv", index=False)
    result = begin_with_table(tmp_path / "set", tmp_path / "log.csv")
    assert result.contradiction == ""
    assert load_series(str(tmp_path / "set")).runs.sum() == 60


def test_power_that_is_never_above_zero_is_named(tmp_path: Path) -> None:
    table = brine_log(30.0)
    table["P_el [W]"] *= -1.0
    table.insert(0, "time [s]", 30 * np.arange(ROWS))
    table.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(InputError, match=r"'P_el \[W\]' is power .* never above zero"):
        begin_with_table(tmp_path / "set", tmp_path / "log.csv")
    assert not (tmp_path / "set").exists()


def test_a_heat_pump_is_no_pump_and_an_empty_column_no_state(tmp_path: Path) -> None:
    table = brine_log(30.0)
    table.insert(0, "time [s]", 30 * np.arange(ROWS))
    table["Heat pump on"] = readings(30.0).on.astype(int)
    table["Defrost"] = None
    table.to_csv(tmp_path / "log.csv", index=False)
    found = begun(tmp_path / "set", tmp_path / "log.csv")
    assert found["states"].keys() == {"compressor"}
    assert found["states"]["compressor"]["column"] == "Heat pump on"
