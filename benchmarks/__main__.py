"""Measure and write the page: ``python -m benchmarks [--quick] [--fmu file.fmu] [-o page.md]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from heatpump_twin.fmu.build import build
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file

from . import backends, fresh, in_c, maps, page, peers, series, steps
from .computer import this_computer
from .fmus import Fmu, build_empty
from .limits import limits

MACHINE = "mci_lab"
PAGE = Path("docs") / "performance.md"


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    steps, block, live_steps : int
        Steps of the comparison, in blocks of so many, of which so many are also solved live.
    days : int
        Of the year that are run.
    runs, instances : int
        Processes for a start-up time, and instances for memory.
    tolerances : tuple of float
        One map each, coarsest first.
    backends : tuple of str
        Sources of properties, of which the first is the equation of state.
    backend_points : int
        Random points for each of them.
    points, compared : int
        Random points for errors, and maps that are compared with direct tensors.
    peers : peers.Counts
        Points for other tools.
    """

    steps: int
    block: int
    live_steps: int
    days: int
    runs: int
    instances: int
    tolerances: tuple[float, ...]
    backends: tuple[str, ...]
    backend_points: int
    points: int
    compared: int
    peers: peers.Counts


FULL = Extent(
    steps=40_000,
    block=400,
    live_steps=10,
    days=365,
    runs=7,
    instances=100,
    tolerances=(1e-2, 3e-3, 1e-3, 3e-4, 1e-4),
    backends=backends.BACKENDS,
    backend_points=200,
    points=2_000,
    compared=3,
    peers=peers.Counts(hplib=20_000, vclibpy=40, tespy=200),
)
QUICK = Extent(
    steps=200,
    block=100,
    live_steps=5,
    days=1,
    runs=1,
    instances=3,
    tolerances=(1e-1,),
    backends=backends.BACKENDS[:2],
    backend_points=5,
    points=50,
    compared=1,
    peers=peers.Counts(hplib=100, vclibpy=2, tespy=5),
)


def measure(extent: Extent, fmu: Path | None) -> page.Results:
    """Measure everything; builds the FMU if none is given."""
    path = machine_path(MACHINE)
    machine_file = read_machine_file(path)
    machine = machine_file.to_machine()
    computer = this_computer()
    with tempfile.TemporaryDirectory(prefix="heatpump_twin_benchmarks_") as temporary:
        folder = Path(temporary)
        _tell("building the FMUs")
        file = fmu or build(MACHINE, folder / "heat_pump.fmu").path
        empty_file = folder / "empty.fmu"
        build_empty(file, empty_file)
        heat_pump = Fmu.unpack(file, folder / "heat_pump")
        empty = Fmu.unpack(empty_file, folder / "empty")
        _tell("steps")
        costs = steps.step_costs(
            heat_pump,
            empty,
            series.random_series(machine, extent.steps),
            extent.block,
            extent.live_steps,
        )
        _tell("a host in C")
        hosts = in_c.run(
            ((steps.EMPTY, empty), (steps.MAP, heat_pump)),
            series.random_series(machine, extent.steps),
            extent.runs,
            folder,
        )
        _tell("years")
        contenders = ((steps.EMPTY, empty, 1), *((steps.MAP, heat_pump, m) for m in (1, 15, 60)))
        years = [steps.run_year(n, f, machine, m, extent.days) for n, f, m in contenders]
        _tell("start-up and memory")
        ways = ((steps.EMPTY, empty_file, None), *((f"{s} mode", file, s) for s in ("map", "live")))
        starts = [fresh.start_up(n, f, machine, s, extent.runs) for n, f, s in ways]
        memories = [fresh.memory(n, f, machine, s, extent.instances) for n, f, s in ways]
        file_size = file.stat().st_size
    _tell("sources of properties")
    tolerance = machine_file.relative_map_tolerance
    sources = backends.run(machine, tolerance, extent.backends, extent.backend_points)
    _tell("maps and other interpolants")
    map_results = maps.run(machine, extent.tolerances, extent.points, extent.compared)
    _tell("other tools")
    others = peers.run(machine, extent.peers)
    return page.Results(
        machine,
        tolerance,
        computer,
        extent.days,
        file_size,
        hosts,
        costs,
        limits(hosts, costs, file_size),
        years,
        starts,
        memories,
        sources,
        map_results,
        others,
    )


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


def main() -> int:
    """Parse the command line, measure, and write the page; 1 if a limit is missed.

    A quick run is too short to tell.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, to see that it runs")
    parser.add_argument("--fmu", type=Path, help=f"FMU of {MACHINE} to measure, not built again")
    parser.add_argument("-o", "--output", type=Path, default=PAGE, help="default: %(default)s")
    arguments = parser.parse_args()
    # Of the libraries that are measured; none is about this project's code.
    warnings.simplefilter("ignore", FutureWarning)
    results = measure(QUICK if arguments.quick else FULL, arguments.fmu)
    arguments.output.write_text(page.written(results), encoding="utf-8")
    print(f"wrote {arguments.output}")
    missed = [limit.name for limit in results.limits if not limit.is_kept]
    if missed:
        print(f"limits missed: {', '.join(missed)}", file=sys.stderr)
    return int(bool(missed) and not arguments.quick)


if __name__ == "__main__":
    sys.exit(main())
