"""Read large tables and see what it takes: ``python -m benchmarks.tables [--rows 100000]``.

The records are those of the example that `init` writes, drawn at random and scattered, as text with
decimal commas, as a workbook and as Parquet. Each is read by `init --from` and by `load_dataset` in
a process of its own.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from heatpump_twin.harness.data.new_dataset import template

NAMES = {
    "T_source_in_degC": "Sole Eintritt [°C]",
    "T_sink_in_degC": "Heizung Rücklauf [°C]",
    "m_flow_source_kg_min": "Massenstrom Sole [kg/min]",
    "m_flow_sink_kg_min": "Massenstrom Heizung [kg/min]",
    "P_el_kW": "Leistungsaufnahme [kW]",
    "Q_flow_sink_kW": "Heizleistung [kW]",
}
# Beside the quantities, as exports of buildings have them.
OTHER_COLUMNS = 6

# A workbook has no more rows; openpyxl takes minutes to write them.
MOST_ROWS_OF_A_WORKBOOK = 100_000

# Work without the imports, which any command has to do.
SCRIPT = """
import re, sys, time
from pathlib import Path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.own_log import begin_with_table
wall, processor = time.perf_counter(), time.process_time()
if sys.argv[1] == "init":
    # Records of points, though they have a time.
    begin_with_table(Path(sys.argv[2]), Path(sys.argv[3]), said={"Zeit": "ignore"})
else:
    load_dataset(sys.argv[2])
memory = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(time.perf_counter() - wall, time.process_time() - processor, memory)
"""


def write_tables(folder: Path, rows: int, seed: int = 1) -> list[Path]:
    """Write the same records in each kind of file."""
    rng = np.random.default_rng(seed)
    example = pd.read_csv(io.StringIO(template("data.csv"))).rename(columns=NAMES)
    drawn = example[list(NAMES.values())].iloc[rng.integers(0, len(example), rows)]
    table = (drawn * (1.0 + 0.002 * rng.standard_normal(drawn.shape))).round(3)
    table.insert(0, "Zeit", pd.date_range("2026-01-01", periods=rows, freq="min").astype(str))
    for j in range(OTHER_COLUMNS):
        table[f"Kanal {j}"] = rng.normal(20.0, 5.0, rows).round(2)
    text, parquet = folder / "export.csv", folder / "export.parquet"
    table.to_csv(text, sep=";", decimal=",", index=False, encoding="cp1252")
    table.to_parquet(parquet)
    if rows > MOST_ROWS_OF_A_WORKBOOK:
        return [text, parquet]
    workbook = folder / "export.xlsx"
    table.to_excel(workbook, index=False)
    return [text, parquet, workbook]


def measure(*arguments: object) -> tuple[float, float, float]:
    """Run in a fresh process; seconds by the clock and of the processor, and MB at most."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    wall, processor, memory = map(float, done.stdout.split())
    return wall, processor, memory


def main() -> None:
    """Print what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path in write_tables(folder, rows):
            size = path.stat().st_size / 1e6
            for what in ("init", "load"):
                wall, processor, memory = measure(what, folder / path.suffix[1:], path)
                print(
                    f"{path.suffix} of {rows} rows, {len(NAMES) + OTHER_COLUMNS + 1} columns, "
                    f"{size:.1f} MB: {what} {wall:.1f} s, {processor:.1f} s of processor, "
                    f"{memory:.0f} MB at most",
                    flush=True,
                )


if __name__ == "__main__":
    main()
