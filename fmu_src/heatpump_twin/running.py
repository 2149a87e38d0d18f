"""End at once and leave nothing behind: signals, processes and temporary folders of a command.

The first Ctrl-C raises `KeyboardInterrupt`, as always in Python. A second one ends the process
where it stands; so do SIGTERM and SIGHUP. In each case the processes that were started here are
ended and the temporary folders made here are removed.
"""

from __future__ import annotations

import _thread
import atexit
import math
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

INTERRUPTED = 130

# What a process gives that could not write to the end what it has to say.
_UNWRITTEN = 74

# Progress bars hide it.
_SHOW_CURSOR = "\x1b[?25h"

# Seconds between two looks at a program that runs.
WATCH_INTERVAL = 0.2

_folders: set[Path] = set()
_processes: set[subprocess.Popen[Any]] = set()


class _Signals:
    """Of which process they are, what arrived so far, and whether it has to wait."""

    owner = 0
    interrupts = 0
    holds = 0
    waiting: int | None = None


def end_at_signals() -> None:
    """Let this process, a command's, end as the module says; to be called in the main thread.

    A signal that the caller lets be ignored, as ``nohup`` does, stays ignored.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _arrived)
    _Signals.owner = os.getpid()
    sys.unraisablehook = _say_again


def _arrived(number: int, frame: FrameType | None) -> None:
    if os.getpid() != _Signals.owner:
        # Forked a moment ago, and nothing of its own to say or to remove yet.
        os._exit(1)
    if _Signals.holds:
        _Signals.waiting = number
        return
    if number == signal.SIGINT:
        _Signals.interrupts += 1
        if _Signals.interrupts == 1:
            raise KeyboardInterrupt
        end(INTERRUPTED)
    end(128 + number)


def was_interrupted() -> bool:
    """Whether Ctrl-C was pressed; a library may have turned it into an error of its own."""
    return _Signals.interrupts > 0


def _say_again(unraisable: Any) -> None:
    """Raise an interrupt again that came where Python can pass no exception on, as in `__del__`."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _Signals.interrupts = 0
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals wait while results that belong together take their places; takes milliseconds."""
    _Signals.holds += 1
    try:
        yield
    finally:
        _Signals.holds -= 1
    if not _Signals.holds and _Signals.waiting is not None:
        number, _Signals.waiting = _Signals.waiting, None
        _arrived(number, None)


def end(code: int) -> None:
    """End this process at once with an exit code; ends its processes and removes its folders."""
    leave_nothing()
    for stream in (sys.stdout, sys.stderr):
        try:
            if code == INTERRUPTED and stream.isatty():
                stream.write(_SHOW_CURSOR)
            stream.flush()
        except (OSError, ValueError, RuntimeError):
            code = code or _UNWRITTEN
    os._exit(code)


def leave_nothing() -> None:
    """Ignore signals from here on, end the processes started here, remove the folders made here."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    for process in list(_processes):
        _kill(process)
    for child in multiprocessing.active_children():
        child.kill()
        child.join(1.0)
    for folder in list(_folders):
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _folders.discard(folder)


def folder_until_end(prefix: str) -> Path:
    """Make a temporary folder that goes with this process.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    with uninterrupted():
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        _folders.add(folder)
    atexit.register(_remove_of, os.getpid(), folder)
    return folder


def _remove_of(owner: int, folder: Path) -> None:
    # Processes that were forked have the same exit handlers.
    if os.getpid() == owner:
        _remove(folder)


@contextmanager
def temporary_folder(beside: Path | None = None, prefix: str = "heatpump_twin_") -> Iterator[Path]:
    """Give a folder that goes with the block, or with the process if that ends in the block.

    Parameters
    ----------
    beside : Path, optional
        Folder in which it is made; where the system keeps temporary files by default.
    prefix : str
        Of its name.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    with uninterrupted():
        folder = Path(tempfile.mkdtemp(dir=beside, prefix=prefix))
        _folders.add(folder)
    try:
        yield folder
    finally:
        _remove(folder)


def run_process(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    watch: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and take what it prints; it ends when this process is interrupted.

    It runs in a session of its own: the terminal's Ctrl-C comes to this process alone, and what the
    program starts itself ends with it.

    Parameters
    ----------
    command, cwd, env
        As of `subprocess.run`.
    timeout : float, optional
        Longest time, s.
    watch : callable, optional
        Called a few times a second while it runs; what this raises ends the program.

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer than `timeout`, s.
    """
    with uninterrupted():
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        _processes.add(process)
    try:
        stdout, stderr = _communicate(process, timeout, watch)
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
    finally:
        if process.returncode is None:
            _kill(process)
            process.communicate()
        _processes.discard(process)


def _communicate(
    process: subprocess.Popen[str], timeout: float | None, watch: Callable[[], None] | None
) -> tuple[str, str]:
    if watch is None:
        return process.communicate(timeout=timeout)
    end_at = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return process.communicate(timeout=WATCH_INTERVAL)
        except subprocess.TimeoutExpired:
            if timeout is not None and time.monotonic() > end_at:
                raise subprocess.TimeoutExpired(process.args, timeout) from None
            watch()


def _kill(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that run tasks; when the block raises, they end in the midst of theirs.

    Parameters
    ----------
    workers : int
        How many processes.
    """
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, initializer=_serve_alone)
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
            child.join()
        raise


def on_all_cores(
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    done: Callable[[int], None],
) -> list[Result]:
    """Call a function for each of some tasks, in processes where there are several tasks.

    Parameters
    ----------
    function : callable
        Of a module, so that another process finds it.
    tasks : sequence of tuple
        Arguments of each call.
    done : callable
        Told how many tasks are done, after each.

    Returns
    -------
    list
        What each call returned, in the order of the tasks.
    """
    workers = min(os.cpu_count() or 1, len(tasks))
    results: dict[int, Result] = {}
    if workers < 2:
        for i, task in enumerate(tasks):
            results[i] = function(*task)
            done(len(results))
    else:
        with process_pool(workers) as pool:
            futures = {pool.submit(function, *task): i for i, task in enumerate(tasks)}
            for future in as_completed(futures):
                results[futures[future]] = future.result()
                done(len(results))
    return [results[i] for i in range(len(tasks))]


def _serve_alone() -> None:
    """Leave signals to the process that was started, and end when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    # What the parent started and made is not this process's to end and to remove.
    _processes.clear()
    _folders.clear()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
