"""A real server in a process of its own, asked over its socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heatpump_twin.live.client import Server, ServerError, ask


@dataclass
class Running:
    """A server process and where it is."""

    process: subprocess.Popen[str]
    server: Server

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return ask(self.server, method, path, body)

    def problem(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """What the server says of a request that it refuses."""
        with pytest.raises(ServerError) as error:
            ask(self.server, method, path, body)
        assert error.value.problem, error.value
        return error.value.problem

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10.0)


@contextmanager
def running(
    folder: Path, *options: str, before: tuple[str, ...] = (), token: str = ""
) -> Iterator[Running]:
    """Start ``heatpump-twin serve`` and give it when it can be reached."""
    start = "from heatpump_twin.harness.entry import main; main()"
    command = [*before, sys.executable, "-c", start, "serve"]
    process = subprocess.Popen(
        [*command, "--data", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("serving: "), line + process.stderr.read()
        address = line.removeprefix("serving: ").strip().rstrip("/")
        yield Running(process, Server(address, token))
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30.0)


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not within the time"
        time.sleep(0.05)
