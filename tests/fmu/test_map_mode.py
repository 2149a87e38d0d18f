"""The FMU's two solvers as hosts see them: the map by default, TESPy on request."""

import json
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ROOT, random_boundaries

from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.performance_map import PerformanceMap
from heatpump_twin.model.quantities import RESULT_QUANTITIES
from heatpump_twin.solving.cycle import HeatPumpCycle

HEAVY = ("tespy", "CoolProp", "scipy", "pandas", "matplotlib")
LARGEST_FMU = 5e6  # bytes

# Steps one instance through boundaries; prints outputs, log and the packages that were imported.
HOST = """
import json, sys
from fmi_calls import Calls
unzipped, boundaries, outputs, solver = json.loads(sys.argv[1])
calls = Calls(unzipped)
if solver:
    import ctypes
    calls.set("String", "solver", solver.encode())
calls.start()
rows = []
for i, boundary in enumerate(boundaries):
    for name, value in boundary.items():
        calls.set("Real", name, value)
    calls.DoStep(60.0 * i, 60.0, 1)
    rows.append([calls.get("Real", name)[1] for name in outputs])
    rows[-1].append(calls.get("Integer", "operating_status")[1])
print(json.dumps([rows, [text for _, text in calls.log], sorted(sys.modules)]))
"""


@pytest.fixture
def unzipped(fmu: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(fmu) as archive:
        archive.extractall(tmp_path / "fmu")
    return tmp_path / "fmu"


def run(
    unzipped: Path, boundaries: list, solver: str = "", python: str = sys.executable
) -> tuple[list[list[float]], list[str], list[str]]:
    request = [str(unzipped), [vars(b) for b in boundaries], list(RESULT_QUANTITIES), solver]
    host = subprocess.run(
        [python, "-c", HOST, json.dumps(request)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "tests"), "PATH": str(Path(python).parent)},
        check=False,
    )
    assert host.returncode == 0, host.stderr
    rows, log, modules = json.loads(host.stdout)
    return rows, log, modules


def test_fmu_is_small(fmu: Path) -> None:
    assert fmu.stat().st_size <= LARGEST_FMU


def test_map_mode_gives_the_map_and_imports_nothing_heavy(
    unzipped: Path, machine: Machine, certified: CertifiedMap
) -> None:
    boundaries = random_boundaries(machine, 10, seed=61)
    performance_map = PerformanceMap(machine, certified.table)
    rows, _, modules = run(unzipped, boundaries)
    for row, boundary in zip(rows, boundaries, strict=True):
        expected = performance_map.off_design(boundary)
        if row[-1] == 1:  # at others a limit of pressure or temperature moved the point
            assert row[:-1] == pytest.approx(list(vars(expected).values()), rel=1e-9)
    assert sum(row[-1] == 1 for row in rows) > 5
    assert "numpy" in modules
    assert not {m.partition(".")[0] for m in modules} & set(HEAVY)


def test_map_mode_needs_numpy_and_pythonfmu_alone(
    unzipped: Path, machine: Machine, tmp_path: Path
) -> None:
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    requirements = (unzipped / "resources" / "requirements.txt").read_text().split()
    assert requirements == [f"numpy=={version('numpy')}"]
    packages = [*requirements, f"pythonfmu=={version('pythonfmu')}"]
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"pip cannot install {' '.join(packages)} here: {installed.stderr[-300:]}")
    for package in HEAVY:
        found = subprocess.run(
            [python, "-c", f"import {package}"], capture_output=True, text=True, check=False
        )
        assert "ModuleNotFoundError" in found.stderr
    boundaries = random_boundaries(machine, 5, seed=62)
    rows, log, _ = run(unzipped, boundaries, python=python)
    expected, *_ = run(unzipped, boundaries)
    assert rows == expected
    assert not [text for text in log if "operating_status 3" in text]
    # And live mode says what it lacks.
    rows, log, _ = run(unzipped, boundaries, "live", python)
    assert {row[-1] for row in rows} == {3}
    assert any("is missing or broken" in text for text in log)


def test_live_mode_gives_the_numbers_of_tespy(
    unzipped: Path, machine: Machine, cycle: HeatPumpCycle
) -> None:
    boundaries = [machine.design.boundary, *random_boundaries(machine, 4, seed=63)]
    rows, _, modules = run(unzipped, boundaries, "live")
    assert "tespy" in modules
    for row, boundary in zip(rows, boundaries, strict=True):
        if row[-1] == 1:
            expected = list(vars(cycle.off_design(boundary)).values())
            assert row[:-1] == pytest.approx(expected, rel=1e-6)
    assert [row[-1] for row in rows].count(1) >= 3


def test_live_answers_do_not_depend_on_where_the_search_starts(
    machine: Machine, cycle: HeatPumpCycle, certified: CertifiedMap
) -> None:
    warm = HeatPumpCycle(machine, first_guess=PerformanceMap(machine, certified.table))
    warm.design()
    for boundary in random_boundaries(machine, 15, seed=64):
        expected = list(vars(cycle.off_design(boundary)).values())
        assert list(vars(warm.off_design(boundary)).values()) == pytest.approx(expected, rel=1e-6)


def test_unknown_solver_is_refused_and_logged(unzipped: Path, machine: Machine) -> None:
    rows, log, _ = run(unzipped, [machine.design.boundary], "magic")
    assert rows == run(unzipped, [machine.design.boundary])[0]
    (said,) = [text for text in log if "solver" in text]
    assert "solver = 'magic' is not known; expected 'map' or 'live'; 'map' is kept" in said


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("performance_map.json", "performance map"),
        ("performance_map.npy", "performance map is damaged: its hash does not fit"),
        ("machine.json", "performance map of another machine"),
    ],
)
def test_damaged_map_is_never_used(
    unzipped: Path, machine: Machine, name: str, message: str
) -> None:
    file = unzipped / "resources" / name
    if name == "machine.json":
        content = json.loads(file.read_text())
        content["auxiliary_power"] += 1.0
        file.write_text(json.dumps(content))
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    rows, log, _ = run(unzipped, [machine.design.boundary] * 2)
    assert [row[-1] for row in rows] == [3, 3]
    assert any(message in text for text in log), log
