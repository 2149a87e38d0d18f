"""The FMU in a host that is not Python, compiled here: same results, and a clean exit."""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import fmpy
import pytest

from heatpump_twin_model.cycle import HeatPumpCycle
from heatpump_twin_model.machine import Machine

# pythonfmu's library ended six in ten of such processes with a crash after correct results.
RUNS = 8

COMPILER = shutil.which("gcc") or shutil.which("cc")
LIBRARY = Path(sysconfig.get_config_var("LIBDIR") or "") / (
    sysconfig.get_config_var("INSTSONAME") or ""
)
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the host is written for Linux"),
    pytest.mark.skipif(COMPILER is None, reason="no C compiler here"),
    pytest.mark.skipif(
        ".so" not in LIBRARY.name or not LIBRARY.is_file(),
        reason="this Python has no shared library to preload",
    ),
]


@pytest.fixture(scope="module")
def command(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("c_host")
    host, unzipped = folder / "host", folder / "fmu"
    headers = Path(fmpy.__file__).parent / "c-code"
    source = Path(__file__).with_name("host.c")
    assert COMPILER is not None
    subprocess.run(
        [COMPILER, str(source), "-o", str(host), f"-I{headers}", "-Wall", "-Werror", "-ldl"],
        check=True,
    )
    fmpy.extract(str(fmu), unzipdir=str(unzipped))
    description = fmpy.read_model_description(str(fmu))
    reference = {v.name: str(v.valueReference) for v in description.modelVariables}
    return [
        str(host),
        str(unzipped),
        description.modelName,
        description.guid,
        reference["T_sink_in"],
        reference["P_el"],
    ]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_PRELOAD")}
    return subprocess.run(
        command, capture_output=True, text=True, env={**clean, **environment}, check=False
    )


def with_python(command: list[str]) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return run(command, LD_PRELOAD=str(LIBRARY), PATH=path)


def test_without_python_the_reason_is_an_undefined_symbol(command: list[str]) -> None:
    host = run(command)
    assert host.returncode == 3
    assert "undefined symbol: _Py" in host.stdout


def test_same_results_as_tespy(command: list[str], machine: Machine, cycle: HeatPumpCycle) -> None:
    host = with_python(command)
    results = [float(x.split()[1]) for x in host.stdout.splitlines() if x.startswith("result")]
    expected = [
        cycle.off_design(replace(machine.design.boundary, T_sink_in=300.0 + 5.0 * step)).P_el
        for step in range(5)
    ]
    assert results == pytest.approx(expected, rel=1e-9), host.stdout + host.stderr


def test_host_exits_cleanly(command: list[str]) -> None:
    assert [with_python(command).returncode for _ in range(RUNS)] == [0] * RUNS
