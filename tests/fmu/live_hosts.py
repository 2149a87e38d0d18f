"""Hosts that run live mode: one in C and one in Python, each a process of its own."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from c_host import HostRun, host_environment, run_host
from python_host import run_python

from heatpump_twin.model.quantities import RESULT_QUANTITIES

LIVE = {"solver": "live"}


def live(c_host: Path, unzipped: Path, rows: int = 1, **environment: str) -> HostRun:
    """Step the C host through sink temperatures, in live mode."""
    return run_host(
        c_host,
        unzipped,
        ["T_sink_in"],
        ["P_el"],
        [[305.0 + i] for i in range(rows)],
        integers=("operating_status",),
        texts=LIVE,
        environment=host_environment(**environment),
    )


def assert_solved(run: HostRun) -> None:
    assert run.code == 0, run.everything
    assert [row[1] for row in run.results] == [1.0] * len(run.results), run.everything


def reason(run: HostRun) -> str:
    """Give why live mode does not answer; the host goes on and is told once."""
    assert run.code == 0, run.everything
    assert {tuple(row) for row in run.results} == {(10.0, 3.0)}, run.everything
    said = [line for line in run.log if "operating_status 3" in line]
    assert len(said) == 1, run.everything
    return said[0]


def script(code: str, **environment: str) -> Any:
    """Run code in a Python of its own that looks after its memory."""
    return run_python(code, PYTHONMALLOC="debug", **environment)


IN_PYTHON = """
import ctypes, json, os, shutil, sys
from fmi_calls import *
folder, boundaries, outputs = {given}
def start(folder=folder):
    calls = Calls(folder)
    assert calls.set("String", "solver", b"live") == OK
    calls.start()
    return calls
def step(calls, **inputs):
    for name, value in inputs.items():
        assert calls.set("Real", name, value) == OK
    status = calls.DoStep(0.0, 60.0, 1)
    return [status, calls.get("Integer", "operating_status")[1], calls.get("Real", "P_el")[1]]
"""


def in_python(unzipped: Path, code: str, boundaries: list | None = None, **environment: str) -> Any:
    """Run code in a Python that has `start` and `step`, as `script` does."""
    given = (str(unzipped), [vars(b) for b in boundaries or []], list(RESULT_QUANTITIES))
    code = IN_PYTHON.format(given=repr(given)) + textwrap.dedent(code)
    return script(code, **environment)
