"""One log of a house from another: ``HEATPUMP_TWIN_DATA=... python -m benchmarks.house_log``.

The logs are not ours to ship; the folder has to hold them. Both are of the same air/water unit. A
machine is fitted to the steady parts of one log, and its FMU is stepped through the hours of the
other that both do not share. Two things are given to it in turn: the heat of each step, or the
thermostat's flag and the flow temperature.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomlkit

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.calibration.calibrating import calibrate, save
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.harness.data.plateau_points import points_of, write_points
from heatpump_twin.harness.data.series import Series, load_series
from heatpump_twin.harness.data.series_descriptor import GIVEN_HEAT, GIVEN_SUPPLY, Control
from heatpump_twin.harness.scoring.series_validation import validate_series

from .third_party import DATA_VARIABLE

LOG = "altherma_house_log"

# Hours of a log to fit to, and hours of the other that it does not share. UTC.
SPLITS = {
    "9 October from 10 and 11 October": (
        ("2024-10-10 00:00:30", "2024-10-12"),
        ("2024-10-09", "2024-10-10 00:00:30"),
    ),
    "10 and 11 October from 9 and 10 October": (
        ("2024-10-09", "2024-10-10 13:15:18"),
        ("2024-10-10 13:15:18", "2024-10-12"),
    ),
}

REFRIGERANT = "R32"  # a choice: the unit may have R410A as well
# Power while the pump alone runs, W: 181 to 184 in the logs.
PUMP = 182.0
# Steady parts have 3 to 4 kW and starts up to 13 kW: speed 1 is the one that gives this.
RATED_HEAT = 8.0  # kW
# Far below what the fit is off; a finer map of such an envelope is too large.
MAP_TOLERANCE = {"value": 0.005, "unit": "1", "source": "estimate"}
ENVELOPE = {
    "compressor_speed_min": (0.1, "1"),
    "compressor_speed_max": (2.0, "1"),
    "T_source_in_min": (-2.0, "degC"),
    "T_source_in_max": (20.0, "degC"),
    "T_sink_in_min": (15.0, "degC"),
    "T_sink_in_max": (58.0, "degC"),
    "m_flow_source_min": (0.5, "kg/s"),
    "m_flow_source_max": (1.5, "kg/s"),
    "m_flow_sink_min": (0.15, "kg/s"),
    "m_flow_sink_max": (0.6, "kg/s"),
    "p_low_min": (2.0, "bar"),
    # Limits of the unit are not known: these are not reached.
    "p_high_max": (52.0, "bar"),
    "T_discharge_max": (170.0, "degC"),
}


def hours(series: Series, begin: str, end: str) -> Series:
    """Return the steps between two times, UTC."""
    first, last = (pd.Timestamp(t, tz="UTC").timestamp() for t in (begin, end))
    rows = np.flatnonzero((series.time - series.step >= first) & (series.time <= last))
    return series.part(int(rows[0]), int(rows[-1]) + 1)


def fit(series: Series, folder: Path) -> tuple[Path, str]:
    """Calibrate a machine to the steady parts of some hours, with the speed unknown.

    Returns
    -------
    Path
        Machine file.
    str
        Errors of power, in words.
    """
    points = points_of(series)
    write_points(points, folder)
    descriptor = tomlkit.parse((folder / "descriptor.toml").read_text(encoding="utf-8"))
    derived: Any = descriptor["derived"]
    derived["compressor_speed"]["rated_heat"] = {"value": RATED_HEAT, "unit": "kW"}
    (folder / "descriptor.toml").write_text(tomlkit.dumps(descriptor), encoding="utf-8")
    write_example(folder / "example")
    start: Any = tomlkit.parse((folder / "example" / "start.toml").read_text(encoding="utf-8"))
    start["name"], start["refrigerant"] = "house", REFRIGERANT
    start["source_medium"], start["sink_medium"] = "Air", "INCOMP::Water"
    start["auxiliary_power"]["value"] = PUMP
    start["map_tolerance"] = MAP_TOLERANCE
    # The valve of an inverter machine is electronic: nothing limits its evaporating temperature.
    del start["expansion_valve"]["T_evaporating_max"]["uncertainty"]
    for name, (value, unit) in ENVELOPE.items():
        start["envelope"][name].update({"value": value, "unit": unit})
    (folder / "start.toml").write_text(tomlkit.dumps(start), encoding="utf-8")
    found = calibrate(load_dataset(str(folder)), folder / "start.toml")
    machine = folder / "machine.toml"
    save(found, machine)
    assert found.record is not None
    speeds = found.record.answers["compressor_speed"].values()
    # Steady parts are long where the machine runs as slowly as it can.
    document: Any = tomlkit.parse(machine.read_text(encoding="utf-8"))
    document["envelope"]["compressor_speed_min"]["value"] = float(f"{min(speeds):.3g}")
    (folder / "slowest.toml").write_text(tomlkit.dumps(document), encoding="utf-8")
    fitted, left_out, far = found.errors["P_el"]
    return folder / "slowest.toml", (
        f"{len(points.table)} steady parts, speeds {min(speeds):.2f} to {max(speeds):.2f}; P_el "
        f"fitted {fitted:.1f} %, left out {left_out:.1f} %, extrapolated {far:.1f} %"
    )


def given(series: Series, what: str) -> Series:
    """Return a log that gives something else to the machine, as its descriptor would say."""
    control = Control.model_validate({"given": what})
    descriptor = series.descriptor.model_copy(update={"control": control})
    return replace(series, descriptor=descriptor)


def judge(series: Series, fmu: Path, folder: Path) -> list[str]:
    """Step an FMU through some hours, as ``validate`` does, and say what it makes of them."""
    lines = []
    for what in (GIVEN_HEAT, GIVEN_SUPPLY):
        scores = validate_series(given(series, what), fmu, folder / what)
        lines.append(
            f"{what} given, outside of the envelope {100.0 * (scores.outside or 0.0):.0f} %"
        )
        for operation in scores.operations:
            energies = ", ".join(
                f"{q} {measured / 3.6e6:.2f} -> {simulated / 3.6e6:.2f} kWh"
                + ("" if (error := operation.error(q)) is None else f" ({error:+.1f} %)")
                for q, (measured, simulated) in operation.energies.items()
            )
            recorded, chosen = operation.starts
            starts = "" if chosen is None else f", starts {recorded} -> {chosen}"
            lines.append(f"  {operation.name:<10} {energies}{starts}")
    return lines


def main() -> None:
    """Fit to one log, step through the other, both ways."""
    if not os.environ.get(DATA_VARIABLE):
        sys.exit(f"error: {DATA_VARIABLE} names no folder with recorded data of others")
    series = load_series(LOG)
    for name, (known, unseen) in SPLITS.items():
        with tempfile.TemporaryDirectory() as folder:
            machine, found = fit(hours(series, *known), Path(folder) / "points")
            fmu = build(str(machine), Path(folder) / "house.fmu").path
            print(f"{name}: {found}")
            for line in judge(hours(series, *unseen), fmu, Path(folder)):
                print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
