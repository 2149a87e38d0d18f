"""Small logs of an invented machine for tests, and where recorded ones are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.harness.data.registry import DATA_VARIABLE
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.map_table import MapTable
from heatpump_twin.model.quantities import Boundary

HEAD = """
name = "made_log"
title = "Invented log"
machine = "mci_lab"
table = "log.csv"
source = "made for tests"
licence = "none"

[time]
column = "time"
{time}

[states.compressor]
column = "compressor"
{state}

[columns.T_source]
quantity = "T_source_in"
unit = "degC"
uncertainty = 0.1
{T_source}

[columns.T_return]
quantity = "T_sink_in"
unit = "{unit}"
uncertainty = 0.1

[columns.T_supply]
quantity = "T_sink_out"
unit = "degC"
uncertainty = 0.1
{T_supply}

[columns.P]
quantity = "P_el"
unit = "kW"
relative_uncertainty = 0.02
{P}

[constants.m_flow_source]
value = 0.3
unit = "kg/s"
uncertainty = 0.03
recorded = false

[constants.m_flow_sink]
value = 0.27
unit = "kg/s"
uncertainty = 0.02
recorded = false

[constants.compressor_speed]
value = 1
unit = "1"
uncertainty = 0.05
{more}
"""

COLUMNS = ("time", "compressor", "T_source", "T_return", "T_supply", "P")

# A minute off, two on, a minute off, at 10 s.
RUN = [0] * 6 + [1] * 12 + [0] * 6


def made_rows(count: int = 24, step: float = 10.0) -> list[list[str]]:
    """Rows of a log in which everything is as it should be."""
    rows = []
    for i in range(count):
        on = RUN[i % len(RUN)]
        rows.append(
            [
                f"{i * step:g}",
                "on" if on else "off",
                "10.0",
                "35.0",
                f"{40.0 + 0.1 * (i % 3) if on else 35.5 + 0.1 * (i % 2):.1f}",
                f"{1.5 + 0.01 * (i % 4) if on else 0.02:.2f}",
            ]
        )
    return rows


def write_log(
    folder: Path,
    rows: Sequence[Sequence[str]],
    *,
    tables: Mapping[str, Sequence[Sequence[str]]] | None = None,
    text: str = "",
    **parts: str,
) -> Path:
    """Write descriptor and table; `parts` go into the places of `HEAD`."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "time": 'kind = "elapsed"',
        "state": "",
        "T_source": "",
        "unit": "degC",
        "T_supply": "",
        "P": "",
        "more": "",
        **parts,
    }
    descriptor = HEAD.format(**given)
    if tables:
        names = ", ".join(f'"{name}"' for name in tables)
        descriptor = descriptor.replace('table = "log.csv"', f"tables = [{names}]\n{text}")
    (folder / "descriptor.toml").write_text(descriptor, encoding="utf-8")
    for name, content in (tables or {"log.csv": rows}).items():
        lines = [",".join(COLUMNS), *(",".join(row) for row in content)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


# Of a log that the core itself answered: its machine, time constants that are not those of the
# machine file, noise in K and W, and times in s.
MACHINE = "rwth_brine_water"
TRUE = {
    "sink_lag": 12.0,
    "sink_residence_time": 30.0,
    "start_power_ratio": 0.12,
    "start_power_time": 70.0,
    "stop_power_time": 6.0,
    "pump_run_on_time": 91.0,
}
NOISE = {"T_sink_out": 0.04, "P_el": 8.0}
OFF, ON, STEP = 240.0, 480.0, 2.0


def log_of_core(folder: Path, table: MapTable, starts: int, **true: float) -> Path:
    """Write what the core answers with `TRUE` and other time constants, and noise."""
    core, rng = HeatPump(map_file(read_machine(MACHINE), table)), np.random.default_rng(1)
    core.choose("dynamics", "dynamic")
    for key, value in {**TRUE, **true}.items():
        assert core.set_parameter(key, value)
    rows, period = [], OFF + ON
    for i in range(int((starts * period + OFF) / STEP)):
        time = i * STEP
        on = time % period >= OFF
        # Each start begins at other inlets.
        source = 10.0 + time // period + 1e-3 * (i % 2)
        sink = 33.0 + 2.0 * (time // period) + 0.003 * (time % 60)
        point = core.answer(
            Boundary(float(on), source + 273.15, sink + 273.15, 0.6, 0.4), STEP
        ).point
        assert point is not None
        supply = point.T_sink_out - 273.15 + NOISE["T_sink_out"] * rng.standard_normal()
        power = (point.P_el + NOISE["P_el"] * rng.standard_normal()) / 1e3
        rows.append(
            [
                f"{time:g}",
                "on" if on else "off",
                f"{source:.3f}",
                f"{sink:.3f}",
                f"{supply:.4f}",
                f"{power:.5f}",
            ]
        )
    write_log(folder, rows)
    path = folder / "descriptor.toml"
    text = path.read_text(encoding="utf-8").replace('"mci_lab"', f'"{MACHINE}"')
    text = text.replace("value = 0.3\n", "value = 0.6\n").replace("= 0.27\n", "= 0.4\n")
    path.write_text(text, encoding="utf-8")
    return folder


def recorded_data() -> Path:
    """The folder with data of others; skips the test where it is not there."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} names no folder with recorded data of others")
    return Path(folder)
