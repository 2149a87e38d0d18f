"""The FMU in a host that is not Python: same results, clear messages, clean exits."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fmpy
import pytest
from c_host import HostRun, compile_host, host_environment, needs_c_host, run_host

from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.cycle import HeatPumpCycle

# pythonfmu's library ended six in ten of such processes with a crash after correct results.
RUNS = 4

pytestmark = needs_c_host


@pytest.fixture(scope="module")
def unzipped(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(fmpy.extract(str(fmu), unzipdir=str(tmp_path_factory.mktemp("unzipped"))))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_host(tmp_path_factory.mktemp("c_host"))


def through_sink_temperatures(host: Path, unzipped: Path, steps: int, **options) -> HostRun:
    rows = [[300.0 + 5.0 * step] for step in range(steps)]
    return run_host(host, unzipped, ["T_sink_in"], ["P_el"], rows, **options)


def test_same_results_as_tespy(
    host: Path, unzipped: Path, machine: Machine, cycle: HeatPumpCycle
) -> None:
    run = through_sink_temperatures(host, unzipped, 5)
    expected = [
        cycle.off_design(replace(machine.design.boundary, T_sink_in=300.0 + 5.0 * step)).P_el
        for step in range(5)
    ]
    assert [row[0] for row in run.results] == pytest.approx(expected, rel=1e-3), run.everything
    assert run.statuses == []


def test_warning_lets_the_host_go_on(host: Path, unzipped: Path) -> None:
    run = run_host(
        host,
        unzipped,
        ["T_sink_in"],
        ["P_el"],
        [[308.0], [360.0], [308.0]],
        integers=("operating_status",),
    )
    assert run.code == 0, run.everything
    assert [row[1] for row in run.results] == [1, 2, 1]
    assert run.statuses == ["fmi2DoStep 1"]
    assert "logStatusWarning: operating_status 2: T_sink_in = 360 K" in run.log[0]


def test_environment_without_packages(host: Path, unzipped: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    run = through_sink_temperatures(
        host, unzipped, 1, environment=host_environment(PATH=f"{bare / 'bin'}:/usr/bin:/bin")
    )
    assert "Python package 'numpy' is missing" in run.log[0], run.everything
    assert "requirements.txt lists what is needed" in run.log[0]


def test_missing_numpy_is_named(host: Path, unzipped: Path, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('gone', name='numpy')")
    run = through_sink_temperatures(
        host, unzipped, 1, environment=host_environment(PYTHONPATH=str(tmp_path))
    )
    assert "Python package 'numpy' is missing" in run.log[0], run.everything


def test_host_exits_cleanly(host: Path, unzipped: Path) -> None:
    runs = [through_sink_temperatures(host, unzipped, 1) for _ in range(RUNS)]
    assert [run.code for run in runs] == [0] * RUNS
