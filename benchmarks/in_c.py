"""What a host written in C sees: a step, the first result, memory and a year of minutes."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatpump_twin.core.compiling import run_compiler
from heatpump_twin.fmu.compiling import fmi_headers

from .fmus import Fmu

SOURCE = Path(__file__).with_name("timing.c")


@dataclass(frozen=True)
class InC:
    """One FMU in a host in C; medians of several processes.

    Attributes
    ----------
    contender : str
        Name.
    runs, steps : int
        Processes, and timed steps of each.
    first_result : float
        Time in s from loading the library to the first outputs.
    median, percentile_99 : float
        Of a step in s: set all inputs, `fmi2DoStep`, get all outputs.
    year : float
        Time in s of 525,600 such steps.
    memory : float
        Bytes that 100 further instances add.
    """

    contender: str
    runs: int
    steps: int
    first_result: float
    median: float
    percentile_99: float
    year: float
    memory: float


def compile_host(folder: Path) -> Path:
    """Compile the host by the compiler that builds FMUs, too."""
    for name, content in fmi_headers().items():
        (folder / name).write_bytes(content)
    host = folder / "timing"
    flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I.")
    run_compiler(folder, *flags, str(SOURCE), "-o", str(host), "-ldl", "-lm")
    return host


def run(
    contenders: Sequence[tuple[str, Fmu]],
    inputs: Sequence[Sequence[float]],
    runs: int,
    folder: Path,
) -> list[InC]:
    """Measure each FMU in several processes, in turns, so that noise hits all alike.

    Parameters
    ----------
    contenders : sequence
        Names and FMUs.
    inputs : sequence
        One row a step; all of them change from each to the next.
    runs : int
        Processes for each.
    folder : Path
        Where to compile the host.
    """
    host, table = compile_host(folder), folder / "inputs.bin"
    np.array(inputs, dtype=float).tofile(table)
    found: dict[str, list[dict[str, float]]] = {name: [] for name, _ in contenders}
    for _ in range(runs):
        for name, fmu in contenders:
            command = [
                *(str(host), str(fmu.library), (fmu.folder / "resources").as_uri()),
                *(fmu.description.guid, str(len(inputs)), str(table)),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(json.loads(done.stdout))
    return [
        InC(
            name,
            runs,
            len(inputs),
            *(
                statistics.median(one[key] for one in measured)
                for key in ("first_result", "median", "percentile_99", "year", "memory")
            ),
        )
        for name, measured in found.items()
    ]
