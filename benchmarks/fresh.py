"""Start-up and memory, each measured in a process of its own.

``python -m benchmarks.fresh FILE SOLVER INSTANCES INPUT...`` starts so many instances of an FMU,
steps each once with these inputs, and prints what it took as JSON; SOLVER is ``-`` for an FMU
without that parameter.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from heatpump_twin.model.machine import Machine

from .fmus import Fmu, Stepper


@dataclass(frozen=True)
class StartUp:
    """Time in s from `fmi2Instantiate` to the outputs of the first step."""

    contender: str
    runs: int
    median: float
    largest: float


@dataclass(frozen=True)
class Memory:
    """Resident memory in bytes that instances add to a process that has loaded FMPy."""

    contender: str
    instances: int
    before: int
    of_first: int
    of_all: int


def start_up(
    contender: str, file: Path, machine: Machine, solver: str | None, runs: int
) -> StartUp:
    """Start an FMU once in each of several processes."""
    times = [float(_measured(file, machine, solver, 1)["first_result"]) for _ in range(runs)]
    return StartUp(contender, runs, statistics.median(times), max(times))


def memory(
    contender: str, file: Path, machine: Machine, solver: str | None, instances: int
) -> Memory:
    """Start several instances of an FMU in one process."""
    found = _measured(file, machine, solver, instances)
    return Memory(
        contender,
        instances,
        found["before"],
        found["after_first"] - found["before"],
        found["after_all"] - found["before"],
    )


def _measured(file: Path, machine: Machine, solver: str | None, instances: int) -> dict[str, Any]:
    inputs = list(vars(machine.design.boundary).values())
    command = [sys.executable, "-m", "benchmarks.fresh", str(file), solver or "-", str(instances)]
    done = subprocess.run(
        [*command, *map(repr, inputs)],
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _main(file: str, solver: str, instances: str, *inputs: str) -> None:
    values = [float(x) for x in inputs]
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        fmu = Fmu.unpack(Path(file), Path(folder))
        before = process.memory_info().rss
        begin = perf_counter()
        for i in range(int(instances)):
            session = stack.enter_context(fmu.session(None if solver == "-" else solver))
            stepper = Stepper(session)
            stepper.write(values)
            stepper.advance(60.0)
            stepper.read()
            if i == 0:
                first_result = perf_counter() - begin
                after_first = process.memory_info().rss
        found = {
            "first_result": first_result,
            "before": before,
            "after_first": after_first,
            "after_all": process.memory_info().rss,
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
