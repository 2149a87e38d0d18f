"""Small logs of an invented machine for tests, and where recorded ones are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from heatpump_twin.harness.data.registry import DATA_VARIABLE

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


def recorded_data() -> Path:
    """The folder with data of others; skips the test where it is not there."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} names no folder with recorded data of others")
    return Path(folder)
