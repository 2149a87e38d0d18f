"""Make a machine's performance map with its certificate, or take them from the cache."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatpump_twin_model.errors import InputError
from heatpump_twin_model.machine import Machine
from heatpump_twin_model.performance_map import MapTable

from .certificate import Certificate, Comparison, certify
from .jobs import Jobs, Progress, cache_folder, executor, no_progress
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

    Raises
    ------
    InputError
        If the envelope cannot be solved, the tolerance not be met, the cluster does not answer, or
        the cache cannot be written.
    """
    folder = cache_folder(machine, tolerance)
    cached = _load(folder, machine)
    if cached is not None:
        return cached
    try:
        with executor(scheduler) as pool:
            jobs = Jobs(folder / "parts", pool, progress)
            table = tabulate(machine, tolerance, jobs.compute)
            certificate, comparison = certify(machine, table, tolerance, jobs.compute)
        missed = certificate.missed()
        if missed:
            raise InputError(
                f"machine {machine.name}: the map misses its tolerance of {tolerance:.2g}: "
                + "; ".join(missed)
                + "; narrow the envelope or raise map_tolerance in the machine file"
            )
        table.save(folder / TABLE)
        np.save(folder / COMPARISON, comparison.deviations, allow_pickle=False)
        certificate.save(folder / CERTIFICATE)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        raise InputError(
            f"cache {folder}: cannot be written: {error.strerror}; what is done so far is kept"
        ) from error
    _remove_parts(folder / "parts")
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


def _remove_parts(folder: Path) -> None:
    for part in folder.glob("*.npy"):
        part.unlink()
    folder.rmdir()
