"""Make a machine's performance map with its certificate, or take them from the cache."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatpump_twin_model.errors import InputError
from heatpump_twin_model.machine import Machine
from heatpump_twin_model.performance_map import MapTable

from .certificate import POINTS, Certificate, Comparison, certify
from .jobs import Jobs, Progress, cache_folder, executor, no_progress, writing_cache
from .tabulation import sample_envelope, tabulate

TABLE, CERTIFICATE, COMPARISON = "performance_map.json", "certificate.json", "comparison.npy"


@dataclass(frozen=True)
class CertifiedMap:
    """A performance map and what is known of its error."""

    table: MapTable
    certificate: Certificate
    comparison: Comparison


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
    InputError
        If the envelope cannot be solved, the tolerance not be met, the cluster does not answer, or
        the cache cannot be written.
    """
    folder = cache_folder(machine, tolerance, points)
    cached = _load(folder, machine)
    if cached is not None:
        return cached
    # Before any work: a place that cannot be written would lose it.
    with writing_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with executor(scheduler) as pool:
        jobs = Jobs(folder / "parts", pool, progress)
        table = tabulate(machine, tolerance, jobs.compute)
        certificate, comparison = certify(machine, table, tolerance, jobs.compute, points)
    missed = certificate.missed()
    if missed:
        raise InputError(
            f"machine {machine.name}: the map misses its tolerance of {tolerance:.2g}: "
            + "; ".join(missed)
            + "; narrow the envelope or raise map_tolerance in the machine file"
        )
    deviations = io.BytesIO()
    np.save(deviations, comparison.deviations, allow_pickle=False)
    with writing_cache(folder):
        table.save(folder / TABLE)
        (folder / COMPARISON).write_bytes(deviations.getvalue())
        certificate.save(folder / CERTIFICATE)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    return CertifiedMap(table, certificate, comparison)


def _load(folder: Path, machine: Machine) -> CertifiedMap | None:
    """Read a finished map; anything damaged counts as not there."""
    try:
        certificate = Certificate.load(folder / CERTIFICATE)
        table = MapTable.load(folder / TABLE, machine)
        deviations = np.load(folder / COMPARISON, allow_pickle=False)
    except (InputError, OSError, ValueError):
        return None
    boundaries = sample_envelope(machine, certificate.points, certificate.seed)
    return CertifiedMap(table, certificate, Comparison(boundaries, deviations))
