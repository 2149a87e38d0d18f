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
from dataclasses import dataclass
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
from heatpump_twin.harness.stepping.replay import FmuInfo, inspect_fmu, replay

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

# The recorded machine has decided when to run, so no minimum times are assumed.
_ANY_TIME = {"minimum_run_time": 0.0, "minimum_pause_time": 0.0, "most_starts_per_hour": 60.0}
# Heat that is given: the steady answer to it; below the least speed the mean of cycling.
HEAT_GIVEN = {
    **_ANY_TIME,
    "control": "heat_flow",
    "dynamics": "steady",
    "part_load": "mean",
    "outside_envelope": "nearest",
}
FLAG_GIVEN = {
    **_ANY_TIME,
    "control": "supply_temperature",
    "dynamics": "dynamic",
    "part_load": "cycling",
    "outside_envelope": "nearest",
}
NOT_ASKED = 273.15  # K: no supply temperature above the inlet

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Phase:
    """Energies of a kind of operation, kWh: recorded and by the FMU with the heat given."""

    name: str
    heat: float
    recorded: float
    by_heat: float

    @property
    def text(self) -> str:
        """As a line of the table."""
        return (
            f"{self.name:<11} heat {self.heat:6.2f} kWh, electric {self.recorded:5.2f}, heat given "
            f"{self.by_heat:5.2f}{_error(self.by_heat, self.recorded)}"
        )


def _error(found: float, recorded: float) -> str:
    return f" ({100.0 * (found / recorded - 1.0):+.1f} %)" if recorded else ""


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


def step(fmu: FmuInfo, series: Series, set_point: str, asked: Array, start: Any) -> pd.DataFrame:
    """Step an FMU through some hours; power is that while it runs, W."""
    values = series.values
    inputs = values[["T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink"]].copy()
    inputs["compressor_speed"] = 1.0  # is not followed
    inputs[set_point] = asked
    inputs = inputs.ffill().bfill()
    outputs = ["P_el", "Q_flow_sink", "speed_used", "starts", "operating_status"]
    length = float(np.median(series.step))
    answers = replay(fmu, inputs, outputs=outputs, start_values=start, step_size=length).outputs
    return answers.assign(P_el=answers.P_el.where(answers.speed_used > 0.0, 0.0))


def judge(series: Series, fmu_path: Path) -> list[str]:
    """Step an FMU through some hours and say what it makes of them."""
    fmu = inspect_fmu(fmu_path)
    values, states = series.values, series.states
    kwh = series.step / 3.6e6
    runs = series.runs
    derived = series.descriptor.derived["Q_flow_sink"]
    # While only the pump runs readings lie on both sides of zero; those above would add up.
    difference = values["T_sink_out"] - values["T_sink_in"] + derived.offset
    heat = values["Q_flow_sink"].where(difference > derived.uncertainty).fillna(0.0).to_numpy()
    power = np.where(runs, values["P_el"].fillna(0.0), 0.0)
    is_defrost = states["defrost"].to_numpy() > 0.5
    is_hot_water = (states["hot_water"].to_numpy() > 0.5) & ~is_defrost
    is_heating = ~is_hot_water & ~is_defrost
    by_heat = step(fmu, series, "Q_flow_sink_set", heat, HEAT_GIVEN)
    lines = [
        Phase(
            name,
            float((heat * kwh)[which].sum()),
            float((power * kwh)[which].sum()),
            float((by_heat.P_el.to_numpy() * kwh)[which].sum()),
        )
        for name, which in (
            ("heating", is_heating),
            ("hot water", is_hot_water),
            ("defrost", is_defrost),
        )
    ]
    # A defrost interrupts no run: the unit takes heat from the house then, which the FMU does not.
    supply = (values["T_sink_out"] + derived.offset).where(~is_defrost).ffill().to_numpy()
    is_asked = (states["demand"].to_numpy() > 0.5) & ~is_hot_water
    asked = np.where(is_asked & np.isfinite(supply), supply, NOT_ASKED)
    by_flag = step(fmu, series, "T_sink_out_set", asked, FLAG_GIVEN)
    energy = float((by_flag.P_el.to_numpy() * kwh)[is_heating].sum())
    of_heat = float((by_flag.Q_flow_sink.clip(lower=0.0).to_numpy() * kwh)[is_heating].sum())
    starts = int((runs[1:] & ~runs[:-1] & is_heating[1:]).sum())
    # A run that the hours begin with has no start in them, recorded or not.
    begins = series.time[1:][np.diff(by_flag.starts) > 0.0]
    clock = ", ".join(f"{pd.Timestamp(t, unit='s'):%H:%M}" for t in begins)
    flags = int((is_asked[1:] & ~is_asked[:-1]).sum())
    moved = int((by_heat.operating_status == 2.0).sum())
    return [
        *(phase.text for phase in lines),
        f"flag given: heat {of_heat:.2f} kWh, electric {energy:.2f}"
        f"{_error(energy, lines[0].recorded)}; starts {len(begins)} ({clock}), recorded "
        f"{starts} of {flags} demands",
        f"outside of the envelope, or more heat than it has: {moved} of {len(heat)} steps",
    ]


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
            for line in judge(hours(series, *unseen), fmu):
                print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
