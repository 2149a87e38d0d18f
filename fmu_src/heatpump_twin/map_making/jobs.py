"""Run a build's tasks on all cores or on a Dask cluster, and keep what is done.

Each result is written to the build's folder as soon as it is there, so that a build that was
interrupted goes on where it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    as_completed,
)
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from heatpump_twin.cache import CACHE_VARIABLE, kept
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.running import process_pool, temporary_folder

# Rooms of the package whose code makes a map, its certificate and what is kept with it.
ROOMS = ("core", "map_making", "model", "solving")

# A cluster that does not answer within this many seconds is taken to be not there.
CLUSTER_TIMEOUT = 10.0

WHAT_IS_KEPT = "what is done so far is kept for the next build"

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
DIGEST_SIZE = hashlib.sha256().digest_size

#: Told what is being done, how many of its tasks are done, and how many there are.
Progress: TypeAlias = Callable[[str, int, int], None]


def no_progress(label: str, done: int, total: int) -> None:
    """Report no progress."""


def cache_folder(machine: Machine, tolerance: float, points: int) -> Path:
    """Return the folder of a machine's map: its name changes with all that changes its numbers.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    tolerance : float
        Largest relative error wanted.
    points : int
        Of the certificate.
    """
    key = f"{machine.fingerprint} {tolerance!r} {points} {code_digest()}"
    name = f"{machine.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return kept("maps", name)


def code_digest() -> str:
    """Hash of the code and of the versions of the packages that make a map and its picture."""
    digest = hashlib.sha256()
    for package in ("CoolProp", "tespy", "numpy", "matplotlib"):
        digest.update(f"{package} {version(package)}".encode())
    house = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        for file in sorted((house / room).rglob("*")):
            if file.suffix in (".py", ".c", ".h"):
                place = file.relative_to(house).as_posix()
                digest.update(place.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def writing_cache(folder: Path) -> Iterator[None]:
    """Turn what the operating system says of a write into an `InputError`."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cache {folder}: cannot be written: {error.strerror or error}; {WHAT_IS_KEPT}; "
            f"{CACHE_VARIABLE} names another folder"
        ) from error


@contextmanager
def executor(scheduler: str | None) -> Iterator[Executor]:
    """Give what runs tasks: processes on all cores, or the Dask cluster at an address.

    Raises
    ------
    InputError
        If the cluster does not answer, has no workers or workers with other code, or is lost; if
        `distributed` is not installed, or a process of this machine is killed.
    """
    if scheduler is not None:
        with _cluster(scheduler) as pool:
            yield pool
        return
    try:
        with process_pool(os.cpu_count() or 1) as pool:
            yield pool
    except BrokenExecutor as error:
        raise InputError(
            f"a process of the build was ended from outside, by lack of memory for instance; "
            f"{WHAT_IS_KEPT}"
        ) from error


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    try:
        from distributed import Client, KilledWorker
        from distributed.core import rpc
    except ImportError as error:
        raise InputError(
            "a build on a cluster needs the package distributed: pip install distributed"
        ) from error

    async def kind() -> str:
        async with rpc(scheduler) as remote:
            return str((await remote.identity())["type"])

    # Another program at this address may give no answer or any answer; a client would wait for it.
    try:
        found = asyncio.run(asyncio.wait_for(kind(), CLUSTER_TIMEOUT))
    except (OSError, ValueError, TypeError, LookupError, MemoryError) as error:
        raise InputError(
            f"scheduler {scheduler}: no Dask cluster answers there within {CLUSTER_TIMEOUT:.0f} s; "
            "expected an address such as tcp://127.0.0.1:8786"
        ) from error
    if found != "Scheduler":
        raise InputError(f"scheduler {scheduler}: this is the address of a Dask {found.lower()}")
    try:
        with Client(scheduler, timeout=CLUSTER_TIMEOUT, set_as_default=False) as client:
            _check_workers(client, scheduler)
            with client.get_executor() as pool:
                yield pool
    except (CancelledError, KilledWorker, OSError) as error:
        raise InputError(
            f"scheduler {scheduler}: the Dask cluster was lost in mid-build: {WHAT_IS_KEPT}"
        ) from error


def _check_workers(client: Any, scheduler: str) -> None:
    """Check that there are workers and that they make the same numbers as this machine."""
    try:
        client.wait_for_workers(1, timeout=CLUSTER_TIMEOUT)
    except TimeoutError as error:
        raise InputError(
            f"scheduler {scheduler}: the Dask cluster has had no worker for "
            f"{CLUSTER_TIMEOUT:.0f} s; start one with: dask worker {scheduler}"
        ) from error
    try:
        digests = client.run(code_digest)
    except ImportError as error:
        raise InputError(
            f"scheduler {scheduler}: its workers cannot import heatpump-twin ({error}); install "
            "there what is installed here"
        ) from error
    others = sorted(worker for worker, digest in digests.items() if digest != code_digest())
    if others:
        raise InputError(
            f"scheduler {scheduler}: worker {others[0]} has another version of heatpump-twin, "
            "CoolProp, tespy or numpy than this machine; install there what is installed here"
        )


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
        return self._folder / f"{label}-{index}.part"

    def _read(self, label: str, index: int) -> Array | None:
        """Read a kept result; a damaged one counts as not there."""
        try:
            content = self._path(label, index).read_bytes()
        except OSError:
            return None
        digest, raw = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
        if digest != hashlib.sha256(raw).digest():
            return None
        array: Array = np.load(io.BytesIO(raw), allow_pickle=False)
        return array

    def _write(self, label: str, index: int, result: Array) -> None:
        buffer = io.BytesIO()
        np.save(buffer, result, allow_pickle=False)
        raw = buffer.getvalue()
        with writing_cache(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            # A name of its own: two builds of the same machine may run at the same time.
            with temporary_folder(self._folder) as beside:
                partial = beside / "part"
                partial.write_bytes(hashlib.sha256(raw).digest() + raw)
                partial.replace(self._path(label, index))


def single_threaded(function: Callable[..., Array], *arguments: Any) -> Array:
    """Call a function with one thread: processes share the cores already."""
    with threadpool_limits(1):
        return function(*arguments)
