"""Validate a month of one-second data, made of the recorded log: ``python -m benchmarks.month``.

Prints how long `validate` takes and the most memory of its processes together.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.harness.data.registry import fetch
from heatpump_twin.harness.data.series_descriptor import read_series_descriptor

from .size import COMMAND

LOG, MACHINE, ROWS = "rwth_brine_water_log", "rwth_brine_water", 2_600_000


def write_month(folder: Path) -> int:
    """Write the log again and again, with time going on; returns how many rows."""
    descriptor = read_series_descriptor(LOG)
    (name,) = descriptor.files
    lines = fetch(name, descriptor.registered[name], DATASETS / LOG).read_text().splitlines()
    head, rows = lines[2].lstrip("#"), [line.split("\t", 1)[1] for line in lines[3:]]
    count = 0
    with (folder / "log.txt").open("w", encoding="utf-8") as file:
        file.write(f"{head}\n")
        while count < ROWS:
            file.writelines(f"{count + i}\t{row}\n" for i, row in enumerate(rows))
            count += len(rows)
    text = (DATASETS / LOG / "descriptor.toml").read_text(encoding="utf-8")
    text = text.replace(f'table = "{name}"', 'table = "log.txt"')
    text = text.replace("header_row = 3", "header_row = 1")
    text = re.sub(r"\[registered.*?\n\n", "", text, flags=re.DOTALL)
    (folder / "descriptor.toml").write_text(text, encoding="utf-8")
    return count


def memory(process: psutil.Process) -> int:
    """Memory of a process and its children, bytes; what they share counts once."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        fmu = build(MACHINE, Path(folder) / f"{MACHINE}.fmu").path
        rows = write_month(Path(folder))
        command = [
            sys.executable,
            "-c",
            COMMAND,
            "validate",
            folder,
            "--fmu",
            str(fmu),
            "-o",
            f"{folder}/report",
        ]
        begin, most = time.perf_counter(), 0
        with (Path(folder) / "output").open("w") as output:
            started = subprocess.Popen(command, stdout=output, stderr=output)
            process = psutil.Process(started.pid)
            while started.poll() is None:
                most = max(most, memory(process))
                time.sleep(0.5)
        seconds = time.perf_counter() - begin
        print((Path(folder) / "output").read_text().strip())
    print(
        f"{rows} rows: {seconds:.0f} s, {most / 1e6:.0f} MB at most, exit code {started.returncode}"
    )


if __name__ == "__main__":
    main()
