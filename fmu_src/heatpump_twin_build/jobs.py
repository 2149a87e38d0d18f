"""Run a build's tasks on all cores or on a Dask cluster, and keep what is done.

Each result is written to the build's folder as soon as it is there, so that a build that was
interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from platformdirs import user_cache_path
from threadpoolctl import threadpool_limits

from heatpump_twin_model.errors import InputError
from heatpump_twin_model.machine import Machine

CACHE_VARIABLE = "HEATPUMP_TWIN_CACHE"

# Code that changes no number of a map or its certificate.
WITHOUT_NUMBERS = (
    "documentation.py",
    "errors.py",
    "heat_pump.py",
    "icon.py",
    "jobs.py",
    "machine_file.py",
    "map_build.py",
    "native_map.py",
    "slave.py",
)

# A cluster that does not answer within this many seconds is taken to be not there.
CLUSTER_TIMEOUT = 10.0

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
#: Told what is being done, how many of its tasks are done, and how many there are.
Progress: TypeAlias = Callable[[str, int, int], None]


def no_progress(label: str, done: int, total: int) -> None:
    """Tell nobody."""


def cache_folder(machine: Machine, tolerance: float) -> Path:
    """Return the folder of a machine's map: its name changes with machine, code and packages."""
    digest = hashlib.sha256(f"{machine.fingerprint} {tolerance!r}".encode())
    for package in ("CoolProp", "tespy", "numpy"):
        digest.update(f"{package} {version(package)}".encode())
    build = Path(__file__).resolve().parent
    for folder in (build, build.parent / "heatpump_twin_model"):
        for file in sorted(set(folder.glob("*.py")) - {folder / name for name in WITHOUT_NUMBERS}):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    named = os.environ.get(CACHE_VARIABLE)
    root = Path(named) if named else user_cache_path("heatpump-twin")
    return root / "maps" / f"{machine.name}-{digest.hexdigest()[:16]}"


@contextmanager
def executor(scheduler: str | None) -> Iterator[Executor]:
    """Give what runs tasks: processes on all cores, or the Dask cluster at an address.

    Raises
    ------
    InputError
        If the cluster does not answer, or `distributed` is not installed.
    """
    if scheduler is None:
        pool = ProcessPoolExecutor(max_workers=os.cpu_count())
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "a build on a cluster needs the package distributed: pip install distributed"
        ) from error
    try:
        client = Client(scheduler, timeout=CLUSTER_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"scheduler {scheduler}: no Dask cluster answers there within {CLUSTER_TIMEOUT:.0f} s; "
            "expected an address such as tcp://127.0.0.1:8786"
        ) from error
    with client, client.get_executor() as pool:
        yield pool


class Jobs:
    """Tasks of one build.

    Parameters
    ----------
    folder : Path
        Where results are kept.
    pool : Executor
        Runs the tasks.
    progress : Progress
        Told after each.
    """

    def __init__(self, folder: Path, pool: Executor, progress: Progress) -> None:
        self._folder = folder
        self._pool = pool
        self._progress = progress

    def compute(
        self, label: str, function: Callable[..., Array], tasks: Sequence[tuple[Any, ...]]
    ) -> list[Array]:
        """Run a function for each task that is not done yet.

        Parameters
        ----------
        label : str
            What is done, one word for a person; names the kept results.
        function : callable
            Importable where the pool runs; returns an array.
        tasks : sequence of tuple
            Its arguments.

        Returns
        -------
        list of numpy.ndarray
            In the order of the tasks.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        results: dict[int, Array] = {}
        for i in range(len(tasks)):
            kept = self._read(label, i)
            if kept is not None:
                results[i] = kept
        self._progress(label, len(results), len(tasks))
        futures: dict[Future[Array], int] = {
            self._pool.submit(single_threaded, function, *tasks[i]): i
            for i in range(len(tasks))
            if i not in results
        }
        try:
            for future in as_completed(futures):
                i = futures[future]
                results[i] = future.result()
                self._write(label, i, results[i])
                self._progress(label, len(results), len(tasks))
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [results[i] for i in range(len(tasks))]

    def _path(self, label: str, index: int) -> Path:
        return self._folder / f"{label}-{index}.npy"

    def _read(self, label: str, index: int) -> Array | None:
        try:
            array: Array = np.load(self._path(label, index), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return array

    def _write(self, label: str, index: int, result: Array) -> None:
        path = self._path(label, index)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.save(file, result, allow_pickle=False)
        partial.replace(path)


def single_threaded(function: Callable[..., Array], *arguments: Any) -> Array:
    """Call a function with one thread: processes share the cores already."""
    with threadpool_limits(1):
        return function(*arguments)
