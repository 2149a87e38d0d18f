"""Run the FMU for long and write what grew: ``python -m benchmarks.soak [--fmu x.fmu]``.

Each part is a host in a process of its own; those in ``tests`` are used as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fmpy

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

from .computer import this_computer

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "reliability.md"
for folder in (TESTS, TESTS / "core", TESTS / "fmu", TESTS / "importers"):
    sys.path.insert(0, str(folder))

MEGABYTE = 2**20


class FailedError(Exception):
    """The FMU did not behave as required."""


# In a host's process ---------------------------------------------------------------------------


def resources_in_use() -> dict[str, int]:
    """Count bytes of memory, handles, libraries and temporary entries of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8").split()
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "handles": len(os.listdir("/proc/self/fd")),
        "libraries": len({name for name in mapped if ".so" in name}),
        "entries": len(os.listdir(tempfile.gettempdir())),
        "import path": len(sys.path),
    }


def take_steps(folder: str, count: int) -> list[dict[str, int]]:
    """Step one instance through all kinds of inputs; counts after 10,000 steps and at the end."""
    from ctypes import c_double, c_uint

    from rollbacks import Run, rows_of

    run = Run(folder)
    count_in, count_out = len(BOUNDARY_QUANTITIES), len(RESULT_QUANTITIES)
    rows = [(c_double * count_in)(*row) for row in rows_of(folder, 1000, 1, 1)]
    inputs = (c_uint * count_in)(*range(count_in))
    outputs = (c_uint * count_out)(*range(count_in, count_in + count_out))
    values, counts = (c_double * count_out)(), []
    for k in range(count):
        run.calls.SetReal(inputs, count_in, rows[k % len(rows)])
        run.calls.DoStep(float(k), 1.0, 1)
        run.calls.GetReal(outputs, count_out, values)
        run.calls.log.clear()
        run.calls.categories.clear()
        if k + 1 in (10_000, count):
            counts.append(resources_in_use())
    return counts


def make_and_free(fmu: Path, count: int) -> list[dict[str, int]]:
    """Instantiate, step and free; a file is unzipped each time. Counts after a tenth and at end."""
    counts = []
    for k in range(count):
        with Session(fmu) as session:
            for _ in range(2):
                session.step({}, 60.0)
        if k + 1 in (count // 10, count):
            counts.append(resources_in_use())
    return counts


# The whole -------------------------------------------------------------------------------------


def in_a_process(arguments: list[str]) -> Any:
    """Run a host and give what it printed as JSON."""
    with tempfile.TemporaryDirectory(prefix="soak_") as temporary:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": temporary},
            check=False,
        )
    if done.returncode != 0:
        said = done.stdout[-4000:] + done.stderr[-4000:]
        raise FailedError(f"{arguments}: exit code {done.returncode}\n{said}")
    return json.loads(done.stdout.splitlines()[-1])


def growth_line(name: str, counts: list[dict[str, int]], limit: float) -> tuple[str, bool]:
    """Write what grew between two counts, and whether the limit is kept."""
    first, last = counts
    more = {key: last[key] - first[key] for key in first}
    grown = more["memory"] / MEGABYTE
    is_good = grown <= limit and all(n <= 0 for key, n in more.items() if key != "memory")
    line = (
        f"| {name} | {first['memory'] / MEGABYTE:.1f} MB | {grown:+.2f} MB (at most {limit:g}) "
        f"| {more['handles']:+d} | {more['libraries']:+d} | {more['entries']:+d} "
        f"| {more['import path']:+d} |"
    )
    return line, is_good


def page(fmu: Path, arguments: argparse.Namespace) -> tuple[str, bool]:
    """Run all parts; gives the page and whether everything is as it must be."""
    import fuzz_calls
    import fuzz_readers
    from exit_codes import count_exit_codes
    from failing import let_solver_fail

    good = True
    growths = []
    with tempfile.TemporaryDirectory(prefix="soak_") as temporary:
        folder = fmpy.extract(str(fmu), unzipdir=str(Path(temporary) / "fmu"))
        module = ["-m", "benchmarks.soak", "--child"]
        parts: list[tuple[str, list[str], float]] = [
            (f"steps 10,000 to {arguments.steps:,}", ["steps", folder, str(arguments.steps)], 1.0)
        ]
        cycles = arguments.cycles
        for unzipped, name in ((folder, "same folder"), (fmu, "unzipped each time")):
            label = f"instances {cycles // 10} to {cycles}, {name}"
            parts.append((label, ["instances", str(unzipped), str(cycles)], 5.0))
        for name, command, limit in parts:
            line, is_good = growth_line(name, in_a_process([*module, *command]), limit)
            print(line, flush=True)
            growths.append(line)
            good &= is_good
        host = str(TESTS / "fmu" / "rollbacks.py")
        rolled = in_a_process([host, folder, str(arguments.rollbacks)])
        host = str(TESTS / "fmu" / "hostile_host.py")
        hostile = in_a_process(
            [host, folder, str(arguments.calls), "--seed", "7", "--instance-every", "50000"]
        )
        print(hostile, flush=True)
        host = str(TESTS / "fmu" / "searching_host.py")
        searched = in_a_process([host, folder, str(arguments.searches)])
        print(searched, flush=True)
        failing = shutil.copytree(folder, Path(temporary) / "failing")
        let_solver_fail(failing)
        host = str(TESTS / "fmu" / "hostile_host.py")
        failed = in_a_process(
            [host, str(failing), str(arguments.calls // 5), "--seed", "8", "--live"]
        )
        print(failed, flush=True)
        try:
            calls = fuzz_calls.fuzz(Path(folder), arguments.fuzzing)
            map_file = Path(folder) / "resources" / "heat_pump.bin"
            read = fuzz_readers.fuzz(map_file.read_bytes(), arguments.fuzzing)
        except RuntimeError as finding:
            raise FailedError(f"fuzzing: {finding}") from finding
        print(calls, read, flush=True)
        exits = count_exit_codes(fmu, arguments.runs, arguments.live_runs)
    good &= all(set(codes) == {0} for codes in exits.values())
    exit_lines = [
        f"| {name} | {sum(codes.values())} | "
        + ", ".join(f"{code}: {n}" for code, n in sorted(codes.items()))
        + " |"
        for name, codes in exits.items()
    ]
    computer = this_computer()
    software = ", ".join(f"{name} {number}" for name, number in computer.versions.items())
    lines = [
        "# Reliability",
        "",
        "Made by `make soak`; do not edit. FMU of the machine `mci_lab`; "
        f"{computer.processor}, {computer.cores} cores, {computer.system}; {software}.",
        "",
        "## What grows",
        "",
        "Inputs of the steps are inside the envelope, outside, off and without meaning.",
        "",
        "| run | memory before | growth | file handles | mapped libraries | temporary entries "
        "| import path |",
        "|---|---|---|---|---|---|---|",
        *growths,
        "",
        "## State",
        "",
        f"{arguments.rollbacks:,} random rollbacks, a third through bytes: "
        f"{rolled['steps repeated']:,} steps repeated, each with the same bits. "
        f"Largest state: {rolled['largest state']} bytes.",
        "",
        "## Hostile calls",
        "",
        "Legal and illegal calls with random values: no crash, no output that is no number, no "
        "violated energy balance, no rejected input unsaid, and with status 3 and 4 the last "
        "result held. *At random* is `tests/fmu/hostile_host.py`; *solver fails* is the same in "
        "live mode, with an FMU in which about two of five solves raise; *searched* is "
        "`tests/fmu/searching_host.py`, in which Hypothesis makes up sequences of calls for "
        "instances of their own.",
        "",
        "| what | at random | solver fails | searched |",
        "|---|---|---|---|",
        *(
            f"| {name} | {hostile.get(name, 0):,} | {failed.get(name, 0):,} "
            f"| {searched.get(name, 0):,} |"
            for name in sorted({*hostile, *failed, *searched})
        ),
        "",
        "## Fuzzing",
        "",
        f"With sanitisers for addresses and undefined behaviour, {arguments.fuzzing} s each by "
        f"{calls.driver}, nothing found: {calls.inputs:,} sequences of FMI's calls for two "
        f"instances each (`tests/fmu/fuzz.c`), and {read.inputs:,} map files and states for the "
        "core's readers (`tests/core/fuzz.c`)."
        if calls.driver
        else "Not run: neither clang nor gcc with sanitisers is here.",
        "",
        "## Exit codes",
        "",
        "| host | runs | exit code: runs |",
        "|---|---|---|",
        *exit_lines,
        "",
    ]
    return "\n".join(lines), good


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fmu", type=Path, help="of mci_lab; built if not given")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--cycles", type=int, default=300)
    parser.add_argument("--rollbacks", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=2_000, help="runs of Hypothesis")
    parser.add_argument("--fuzzing", type=int, default=600, help="s")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--live-runs", type=int, default=200)
    parser.add_argument("--child", nargs=3, metavar=("PART", "FMU", "COUNT"), help="one part")
    arguments = parser.parse_args()
    if arguments.child:
        part, fmu, count = arguments.child
        children: dict[str, Callable[[str, int], list[dict[str, int]]]] = {
            "steps": take_steps,
            "instances": lambda fmu, count: make_and_free(Path(fmu), count),
        }
        print(json.dumps(children[part](fmu, int(count))))
        return 0
    with tempfile.TemporaryDirectory(prefix="soak_") as temporary:
        fmu = arguments.fmu or build("mci_lab", Path(temporary) / "mci_lab.fmu").path
        try:
            text, good = page(fmu.resolve(), arguments)
        except FailedError as failure:
            print(failure, file=sys.stderr)
            return 1
    arguments.output.write_text(text, encoding="utf-8")
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
