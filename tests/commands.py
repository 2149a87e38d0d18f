"""Commands as processes of their own, as a user's shell starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heatpump_twin.cache import kept

COMMAND = (
    sys.executable,
    "-c",
    # What started the tests may ignore signals, as nohup does, and that is inherited.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); "
    "from heatpump_twin.harness.entry import main; main()",
)
_MARK = "HEATPUMP_TWIN_TEST"


def new_cache(folder: Path) -> Path:
    """Make a cache in a folder that is empty but for C libraries, which take minutes to compile."""
    cache, libraries = folder / "cache", kept("zig")
    cache.mkdir()
    libraries.mkdir(parents=True, exist_ok=True)
    (cache / libraries.name).symlink_to(libraries)
    return cache


@dataclass(frozen=True)
class Ended:
    """How a command ended: what it left are processes by command line, and temporary files."""

    code: int
    output: str
    seconds: float
    processes: tuple[str, ...]
    files: tuple[str, ...]


def run(
    *arguments: object,
    home: Path | None = None,
    interrupts: Sequence[float] = (),
    signal_number: int = signal.SIGINT,
    timeout: float = 600.0,
    prefix: Sequence[str] = (),
    **environment: str,
) -> Ended:
    """Run a command; `interrupts` are seconds from one Ctrl-C to the next, the first from start.

    The seconds are those since the first one. Ctrl-C is sent to the group, as a terminal does.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o777)
        env = {**os.environ, "TMPDIR": temporary, _MARK: mark, **environment}
        env.pop("MPLCONFIGDIR", None)
        if home is not None:
            env["HOME"] = str(home)
            env.pop("XDG_CACHE_HOME", None)
        started = subprocess.Popen(
            [*prefix, *COMMAND, *map(str, arguments)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        begin = time.monotonic()
        for i, delay in enumerate(interrupts):
            try:
                started.wait(delay)
                break
            except subprocess.TimeoutExpired:
                begin = begin if i else time.monotonic()
                os.killpg(started.pid, signal_number)
        try:
            output, _ = started.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise
        seconds = time.monotonic() - begin
        files = tuple(sorted(p.name for p in Path(temporary).iterdir()))
    return Ended(started.returncode, output, seconds, _processes(mark), files)


def _processes(mark: str) -> tuple[str, ...]:
    """Processes that are there a moment later and were started by the command."""
    deadline = time.monotonic() + 2.0
    while True:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{_MARK}={mark}".encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        if not found or time.monotonic() > deadline:
            return tuple(found)
        time.sleep(0.05)
