"""Each importer as a function: an FMU and rows of inputs in, rows of outputs out.

Every one runs in a process of its own, which has to end with exit code 0.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import fmpy
from c_host import compile_host, host_environment, run_host

STEP_SIZE = 60.0
STATUS = "operating_status"
HOSTS = Path(__file__).parent / "hosts"
UNUSUAL = "a b ü + ( ) % #"


@dataclass(frozen=True)
class Task:
    """What an importer is to do; the last output is `STATUS`, the others are real."""

    fmu: Path
    inputs: list[str]
    outputs: list[str]
    rows: list[list[float]]


def with_tbb() -> dict[str, str]:
    """Give an environment in which ecos finds the libtbb of this virtual environment."""
    return host_environment(LD_LIBRARY_PATH=str(Path(sys.prefix) / "lib"))


def run_importer(script: str, task: Task, folder: Path) -> tuple[int, list[list[float]], str]:
    """Run an importer's script; gives its exit code, the rows that it had, and what it printed."""
    request, results = folder / "request.json", folder / "results.json"
    given = {**vars(task), "fmu": str(task.fmu), "step_size": STEP_SIZE}
    request.write_text(json.dumps(given))
    done = subprocess.run(
        [sys.executable, str(HOSTS / script), str(request), str(results)],
        capture_output=True,
        text=True,
        env=with_tbb(),
        cwd=folder,
        check=False,
    )
    rows = json.loads(results.read_text()) if results.exists() else []
    return done.returncode, rows, done.stdout + done.stderr


def _python(script: str) -> Callable[[Task, Path], list[list[float]]]:
    def step(task: Task, folder: Path) -> list[list[float]]:
        code, rows, said = run_importer(script, task, folder)
        assert code == 0, said
        return rows

    return step


def _c_program(task: Task, folder: Path) -> list[list[float]]:
    unzipped = Path(fmpy.extract(str(task.fmu), unzipdir=str(folder / UNUSUAL)))
    run = run_host(
        compile_host(folder),
        unzipped,
        task.inputs,
        task.outputs[:-1],
        task.rows,
        integers=(STATUS,),
    )
    assert run.code == 0, run.everything
    return run.results


def _ecos_command(task: Task, folder: Path) -> list[list[float]]:
    """Step with ecos' command line: inputs by a scenario, results from a table of six decimals."""
    actions = [
        f'<ecos:action t="{STEP_SIZE * i}"><ecos:variable id="instance::{name}">'
        f'<ecos:real value="{value!r}"/></ecos:variable></ecos:action>'
        for i, row in enumerate(task.rows)
        for name, value in zip(task.inputs, row, strict=True)
    ]
    scenario = folder / "scenario.xml"
    scenario.write_text(
        '<ecos:Scenario xmlns:ecos="http://github.com/Ecos-platform/ecos/scenario" name="rows">'
        + "".join(actions)
        + "</ecos:Scenario>"
    )
    package = find_spec("ecospy")
    assert package is not None
    assert package.origin is not None
    command = Path(package.origin).parent / "binaries" / "ecos"
    command.chmod(0o755)  # pip installs it without
    done = subprocess.run(
        [
            *(str(command), "simulate", "--path", str(task.fmu)),
            *("--stepSize", str(STEP_SIZE), "--stopTime", str(STEP_SIZE * len(task.rows))),
            *("--scenarioConfig", str(scenario)),
        ],
        capture_output=True,
        text=True,
        env=with_tbb(),
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (folder / f"{task.fmu.stem}.csv").open() as file:
        table = [
            {name.split("::")[-1].split("[")[0].strip(): value for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
    # The first row is that of initialisation.
    return [[float(row[name]) for name in task.outputs] for row in table[1:]]


IMPORTERS: dict[str, Callable[[Task, Path], list[list[float]]]] = {
    "fmpy": _python("with_fmpy.py"),
    "libcosimpy": _python("with_libcosimpy.py"),
    "ecospy": _python("with_ecospy.py"),
    "ecos": _ecos_command,
    "c": _c_program,
}

# Digits after the point that an importer gives out; None: all.
DECIMALS = {"ecos": 6}
