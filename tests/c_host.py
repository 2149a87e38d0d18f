"""A host written in C, compiled here, and what it printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import fmpy
import pytest

SOURCES = Path(__file__).parent / "fmu"
COMPILER = shutil.which("gcc") or shutil.which("cc")

needs_c_host = [
    pytest.mark.skipif(sys.platform != "linux", reason="the host is written for Linux"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here"),
]


@dataclass(frozen=True)
class HostRun:
    """How a run of the host ended, its results by step, log lines, and statuses that are not OK."""

    code: int
    results: list[list[float]]
    log: list[str]
    statuses: list[str]
    everything: str


def compile_host(folder: Path, name: str = "host", *flags: str) -> Path:
    """Compile a host into a folder."""
    host = folder / name
    headers = Path(fmpy.__file__).parent / "c-code"
    source = SOURCES / f"{name}.c"
    usual = [f"-I{headers}", "-Wall", "-Wextra", "-Werror", "-pthread", "-ldl", "-lm"]
    subprocess.run([str(COMPILER), *flags, str(source), "-o", str(host), *usual], check=True)
    return host


def compile_sources(sources: Path, library: Path, *flags: str) -> None:
    """Compile the C files that an FMU carries, with this computer's compiler and FMI's headers."""
    headers = Path(fmpy.__file__).parent / "c-code"
    subprocess.run(
        [
            *(str(COMPILER), "-std=c11", "-O2", "-shared", "-fPIC", "-ffp-contract=off"),
            *("-DFMI2_OVERRIDE_FUNCTION_PREFIX", "-fvisibility=hidden", "-Wall", "-Wextra"),
            *("-Werror", *flags, f"-I{sources}", f"-I{headers}"),
            *map(str, sorted(sources.glob("*.c"))),
            *("-o", str(library), "-lm", "-lpthread", "-ldl"),
        ],
        check=True,
    )


def host_environment(**changes: str) -> dict[str, str]:
    """Give an environment in which this Python's is the first in PATH, and nothing is preloaded."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "VIRTUAL_ENV", "HEATPUMP_TWIN_LIBPYTHON")
    clean = {name: value for name, value in os.environ.items() if name not in left_out}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**clean, "PATH": path, **changes}


def host_command(
    host: Path,
    unzipped: Path,
    inputs: list[str],
    outputs: list[str],
    rows: list[list[float]],
    *,
    location: str | None = None,
    integers: tuple[str, ...] = (),
    texts: dict[str, str] | None = None,
) -> list[str]:
    """Give the command that steps an unzipped FMU through rows of inputs.

    `texts` are set before initialisation.
    """
    root = ElementTree.parse(unzipped / "modelDescription.xml").getroot()
    reference = {
        v.attrib["name"]: v.attrib["valueReference"]
        for v in root.iterfind("ModelVariables/ScalarVariable")
    }
    (library,) = unzipped.glob("binaries/linux64/*.so")
    table = [
        f"{len(inputs)} {len(outputs)} {len(integers)} {len(rows)}",
        " ".join(reference[name] for name in (*inputs, *outputs, *integers)),
        *(" ".join(f"{value:.17g}" for value in row) for row in rows),
    ]
    table_file = host.parent / "table.txt"
    table_file.write_text("\n".join(table) + "\n", encoding="utf-8")
    location = location or (unzipped / "resources").as_uri()
    set_first = [x for name, text in (texts or {}).items() for x in (reference[name], text)]
    return [str(host), str(library), location, root.attrib["guid"], str(table_file), *set_first]


def run_host(
    host: Path,
    unzipped: Path,
    inputs: list[str],
    outputs: list[str],
    rows: list[list[float]],
    *,
    location: str | None = None,
    integers: tuple[str, ...] = (),
    texts: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
) -> HostRun:
    """Run what `host_command` gives to its end."""
    command = host_command(
        host, unzipped, inputs, outputs, rows, location=location, integers=integers, texts=texts
    )
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment or host_environment(),
        check=False,
    )
    printed = done.stdout.splitlines()
    return HostRun(
        done.returncode,
        [[float(v) for v in x.split()[1:]] for x in printed if x.startswith("result")],
        [x for x in printed if x.startswith("log ")],
        [x.removeprefix("status ") for x in printed if x.startswith("status ")],
        done.stdout + done.stderr,
    )
