"""Validate many records and see that it stays small: ``python -m benchmarks.size [--fmu x.fmu]``.

The records are synthetic, for size only: answers of the FMU itself at random boundaries, with noise
of the stated uncertainties. Their scores say nothing about the machine.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import tomlkit

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.data.datasets import Column, load_dataset
from heatpump_twin.harness.data.files import DESCRIPTOR
from heatpump_twin.harness.scoring.validation import machine_of
from heatpump_twin.harness.stepping.replay import inspect_fmu, replay
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

DATASET = "mci_lab"

# Added, so that the compressor alone is scored too.
FLOW = {
    "quantity": "m_flow_refrigerant",
    "unit": "kg/s",
    "relative_uncertainty": 0.02,
    "note": "synthetic",
}

# What 10,000 records may take.
RECORDS = 10_000
MOST_SECONDS, MOST_MEMORY, MOST_BYTES = 120.0, 1e9, 5e6

# The console script, with the interpreter that runs this.
COMMAND = "from heatpump_twin.harness.entry import main; main()"

SIGNIFICANT_DIGITS = 6

# Standard uncertainties between a boundary and the end of the envelope.
NOISE_ROOM = 5.0


@dataclass(frozen=True)
class Cost:
    """What a validation took.

    Attributes
    ----------
    exit_code : int
        Of the command.
    wall, processor : float
        Seconds by the clock, and seconds of all processors together, of user and system.
    memory : int
        Most bytes of all its processes together. Pages that they share count in each.
    report : int
        Bytes of the report's folder.
    """

    exit_code: int
    wall: float
    processor: float
    memory: int
    report: int


def write_dataset(fmu: Path, folder: Path, count: int, seed: int = 1) -> None:
    """Write a data set of an FMU's own answers, with noise.

    Parameters
    ----------
    fmu : Path
        Of the machine of `DATASET`.
    folder : Path
        To be made.
    count : int
        Records.
    seed : int
        Of boundaries and noise.
    """
    shipped = load_dataset(DATASET)
    rng = np.random.default_rng(seed)
    constant = shipped.values.iloc[0]
    ranges = read_machine(str(machine_of(shipped))).envelope.ranges
    boundaries = pd.DataFrame(
        {
            name: np.full(count, constant[name])
            if name in shipped.descriptor.constants
            else rng.uniform(*_inside(*ranges[name], shipped.uncertainties[name].max()), count)
            for name in BOUNDARY_QUANTITIES
        },
        index=np.arange(1, count + 1),
    )
    columns = {
        **shipped.descriptor.columns,
        f"{FLOW['quantity']}_kg_per_s": Column.model_validate(FLOW),
    }
    answers = replay(inspect_fmu(fmu), boundaries).outputs
    written = {
        header: _readings(column, {**boundaries, **answers}[column.quantity].to_numpy(), rng)
        for header, column in columns.items()
    }
    document = tomlkit.parse((shipped.folder / DESCRIPTOR).read_text(encoding="utf-8"))
    for name in ("design_record", "start", "published_models", "thresholds"):
        document.pop(name, None)
    document["name"] = "synthetic"
    document["title"] = f"{count} synthetic records, for size only"
    document["source"] = "made by benchmarks/size.py from the FMU's own answers and random noise"
    document["date"] = "not recorded"
    document["licence"] = "none needed"
    document["published_models"] = []
    document["columns"][f"{FLOW['quantity']}_kg_per_s"] = FLOW
    folder.mkdir(parents=True)
    (folder / DESCRIPTOR).write_text(tomlkit.dumps(document), encoding="utf-8")
    with (folder / shipped.descriptor.table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([shipped.descriptor.record, *written])
        for i, record in enumerate(boundaries.index):
            row = (f"{values[i]:.{SIGNIFICANT_DIGITS}g}" for values in written.values())
            writer.writerow([record, *row])


def _inside(low: float, high: float, u: float) -> tuple[float, float]:
    """Narrow a range by what noise may add, so that no reading lies outside the envelope."""
    room = min(NOISE_ROOM * u, 0.4 * (high - low))
    return low + room, high - room


def _readings(column: Column, true: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values in the unit of the column, shape (n,), with noise of its standard uncertainty."""
    zero, one = column.to_si(0.0), column.to_si(1.0)
    value = (true - zero) / (one - zero)
    if column.uncertainty is not None:
        return np.asarray(value + column.uncertainty * rng.standard_normal(len(value)))
    assert column.relative_uncertainty is not None
    return np.asarray(value * (1.0 + column.relative_uncertainty * rng.standard_normal(len(value))))


def measure(dataset: Path, fmu: Path, report: Path) -> Cost:
    """Run ``heatpump-twin validate`` as a user would, and watch its processes."""
    begin, before = time.perf_counter(), os.times()
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-c", COMMAND, "validate", str(dataset)),
            *("--fmu", str(fmu), "-o", str(report)),
        ]
    )
    most = 0
    while process.poll() is None:
        most = max(most, _memory(process.pid))
        time.sleep(0.1)
    after = os.times()
    return Cost(
        process.returncode,
        time.perf_counter() - begin,
        after.children_user + after.children_system - before.children_user - before.children_system,
        most,
        sum(file.stat().st_size for file in report.rglob("*") if file.is_file()),
    )


def _memory(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> int:
    """Parse the command line, measure and print; returns 1 if a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--fmu", type=Path, help=f"FMU of {DATASET}; built if not given")
    parser.add_argument("--records", type=int, default=RECORDS, help="default: %(default)s")
    parser.add_argument("--keep", type=Path, help="folder for data set and report, to look at")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heatpump_twin_size_") as temporary:
        folder = arguments.keep or Path(temporary)
        fmu = arguments.fmu or build(DATASET, folder / f"{DATASET}.fmu").path
        write_dataset(fmu, folder / "dataset", arguments.records)
        cost = measure(folder / "dataset", fmu, folder / "report")
    print(
        f"{arguments.records:,} records, exit code {cost.exit_code}: {cost.wall:.1f} s by the "
        f"clock, {cost.processor:.1f} s of processors, {cost.memory / 1e6:,.0f} MB of memory, "
        f"report of {cost.report / 1e6:.2f} MB; at most {MOST_SECONDS:g} s, "
        f"{MOST_MEMORY / 1e6:,.0f} MB and {MOST_BYTES / 1e6:g} MB for {RECORDS:,} records"
    )
    is_good = (
        cost.exit_code == 0
        and cost.wall <= MOST_SECONDS
        and cost.memory <= MOST_MEMORY
        and 0 < cost.report <= MOST_BYTES
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
