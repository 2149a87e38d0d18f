"""Make a machine's performance map with its certificate, or take them from the cache.

What solves and draws is imported where it is used: it takes seconds, and a build with a finished
map needs none of it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatpump_twin.cache import alone
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.heat_pump import HeatPump
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import MapTable
from heatpump_twin.model.quantities import OperatingPoint, OperatingStatus
from heatpump_twin.model.sizes import DesignState
from heatpump_twin.running import temporary_folder, uninterrupted

from .certificate import POINTS, Certificate, Comparison, certify
from .jobs import Jobs, Progress, cache_folder, executor, no_progress, writing_cache
from .sampling import sample_envelope

TABLE, CERTIFICATE, COMPARISON = "performance_map.json", "certificate.json", "comparison.npy"
PICTURE = "performance_map_error.png"
DESIGN_STATE, DESIGN_POINT = "design_state.json", "design_point.json"
_START_OF_PNG, _END_OF_PNG = b"\x89PNG", b"IEND\xaeB`\x82"


class DesignPointError(InputError):
    """The design point lies outside the machine's own envelope."""


@dataclass(frozen=True)
class CertifiedMap:
    """A performance map and what is known of its error and its machine.

    Attributes
    ----------
    design_state : DesignState
        Sizes of the machine.
    design_point : OperatingPoint
        What it does there.
    table : MapTable
        The map.
    certificate : Certificate
        How large its errors are.
    comparison : Comparison
        Each error with its boundary.
    error_picture : bytes
        Where they sit, as a PNG: drawn once, since that takes as long as the rest of a build.
    """

    design_state: DesignState
    design_point: OperatingPoint
    table: MapTable
    certificate: Certificate
    comparison: Comparison
    error_picture: bytes


def certified_map(
    machine: Machine,
    tolerance: float,
    scheduler: str | None = None,
    progress: Progress = no_progress,
    points: int = POINTS,
) -> CertifiedMap:
    """Return the certified map of a machine, from the cache if it is there.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    tolerance : float
        Largest relative error wanted.
    scheduler : str, optional
        Address of a Dask scheduler; all cores of this machine without it.
    progress : Progress
        Told after each task.
    points : int
        Random boundaries of the certificate.

    Raises
    ------
    SolveError
        If the machine's design point has no solution.
    DesignPointError
        If that lies outside the machine's own envelope.
    InputError
        If the envelope cannot be solved, the tolerance not be met, the cluster does not answer, or
        the cache cannot be written.
    """
    finished = finished_map(machine, tolerance, points)
    if finished is not None:
        return finished
    folder = cache_folder(machine, tolerance, points)
    design_state, design_point = _design(machine)
    # Before any work: a place that cannot be written would lose it.
    with writing_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
    # A wrong address of a cluster is told at once, and not after another build of the same map.
    with executor(scheduler) as pool, ExitStack() as stack:
        with writing_cache(folder):
            stack.enter_context(alone(folder))
        # Another process may have made it meanwhile.
        return finished_map(machine, tolerance, points) or _make(
            machine, tolerance, pool, progress, points, folder, design_state, design_point
        )


# How fast the coefficients fall along some lines tells the number of nodes, which may be too few
# elsewhere. A table that misses the tolerance is made again for these shares of it.
SHARES = (1.0, 0.4, 0.15)


def _make(
    machine: Machine,
    tolerance: float,
    pool: Executor,
    progress: Progress,
    points: int,
    folder: Path,
    design_state: DesignState,
    design_point: OperatingPoint,
) -> CertifiedMap:
    from .tabulation import tabulate

    jobs = Jobs(folder / "parts", pool, progress)
    for share in SHARES:
        # The live model's answers are kept, so a finer table costs its own nodes alone.
        parts = folder / "parts" if share == SHARES[0] else folder / "parts" / f"{share:g}"
        of_table = Jobs(parts, pool, progress)
        table = tabulate(machine, share * tolerance, of_table.compute)
        certificate, comparison = certify(machine, table, tolerance, jobs.compute, points)
        missed = certificate.missed()
        if not missed:
            break
    if missed:
        raise InputError(
            f"machine {machine.name}: the map misses its tolerance of {tolerance:.2g}: "
            + "; ".join(missed)
            + "; narrow the envelope or raise map_tolerance in the machine file"
        )
    deviations = io.BytesIO()
    np.save(deviations, comparison.deviations, allow_pickle=False)
    from .error_picture import error_picture

    picture = error_picture(comparison)
    with writing_cache(folder), temporary_folder(folder) as stage:
        design_state.save(stage / DESIGN_STATE)
        (stage / DESIGN_POINT).write_text(json.dumps(vars(design_point)), encoding="utf-8")
        table.save(stage / TABLE)
        (stage / PICTURE).write_bytes(picture)
        (stage / COMPARISON).write_bytes(deviations.getvalue())
        certificate.save(stage / CERTIFICATE)
        with uninterrupted():
            for made in stage.iterdir():
                os.replace(made, folder / made.name)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    return CertifiedMap(design_state, design_point, table, certificate, comparison, picture)


def _design(machine: Machine) -> tuple[DesignState, OperatingPoint]:
    from heatpump_twin.solving.cycle import HeatPumpCycle

    cycle = HeatPumpCycle(machine)
    point = cycle.design()
    at_design = HeatPump(machine, cycle).answer(machine.design.boundary)
    if at_design.status is not OperatingStatus.INSIDE:
        raise DesignPointError(
            "the design point lies outside the machine's own envelope: "
            + "; ".join(at_design.notes)
        )
    return cycle.design_state, point


def finished_map(machine: Machine, tolerance: float, points: int = POINTS) -> CertifiedMap | None:
    """Return what `certified_map` has made before; anything damaged counts as not there."""
    folder = cache_folder(machine, tolerance, points)
    try:
        certificate = Certificate.load(folder / CERTIFICATE)
        design_state = DesignState.load(folder / DESIGN_STATE, machine)
        point = json.loads((folder / DESIGN_POINT).read_text(encoding="utf-8"))
        design_point = OperatingPoint(**point)
        table = MapTable.load(folder / TABLE, machine)
        deviations = np.load(folder / COMPARISON, allow_pickle=False)
        picture = (folder / PICTURE).read_bytes()
    except (InputError, OSError, ValueError, TypeError):
        return None
    if not (picture.startswith(_START_OF_PNG) and picture.endswith(_END_OF_PNG)):
        return None
    boundaries = sample_envelope(machine, certificate.points, certificate.seed)
    comparison = Comparison(boundaries, deviations)
    return CertifiedMap(design_state, design_point, table, certificate, comparison, picture)
