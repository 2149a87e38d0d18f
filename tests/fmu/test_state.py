"""State: what is rolled back and repeated gives the same bits, anywhere the FMU runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import fmpy
import pytest
from c_host import host_environment
from conftest import ROOT

from heatpump_twin.fmu import build as build_module
from heatpump_twin.fmu.compiling import compile_libraries
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.map_making.map_build import certified_map
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.cycle import HeatPumpCycle

HERE = ROOT / "tests" / "fmu"
ROLLBACKS = 600
LIVE_ROLLBACKS = 8
INSTANCES = 100

HOST_ENVIRONMENT = host_environment(PYTHONMALLOC="debug")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")


@pytest.fixture(scope="module")
def another_build(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The laboratory machine with more auxiliary power, on the map that was made without."""
    other = replace(machine, auxiliary_power=machine.auxiliary_power + 15.0)
    certified = certified_map(
        machine, read_machine_file(machine_path("mci_lab")).relative_map_tolerance
    )
    table = replace(certified.table, machine_fingerprint=other.fingerprint)
    cycle = HeatPumpCycle(other)
    cycle.design()
    return build_module._pack(
        tmp_path_factory.mktemp("another_build"),
        machine_path("mci_lab"),
        other,
        replace(certified, table=table, design_state=cycle.design_state),
        compile_libraries(),
        False,
        {},
    )


@pytest.fixture(scope="module")
def folders(
    fmus: dict[str, Path], another_build: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ...]:
    """The laboratory machine, another build of it, and two other machines."""
    folder = tmp_path_factory.mktemp("folders")
    files = (fmus["mci_lab"], another_build, fmus["nist_split"], fmus["rwth_brine_water"])
    return tuple(
        Path(fmpy.extract(str(file), unzipdir=str(folder / str(i)))) for i, file in enumerate(files)
    )


def run(folder: Path, rollbacks: int, *options: str) -> dict:
    host = subprocess.run(
        [sys.executable, str(HERE / "rollbacks.py"), str(folder), str(rollbacks), *options],
        capture_output=True,
        text=True,
        env=HOST_ENVIRONMENT,
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    return json.loads(host.stdout)


def script(code: str, *folders: Path) -> list:
    start = f"""
        import ctypes, json, sys
        sys.path.insert(0, {str(HERE)!r})
        from rollbacks import *
        from fmi_calls import *
        folders = {[str(f) for f in folders]!r}
    """
    host = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(start) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=HOST_ENVIRONMENT,
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    return json.loads(host.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "options", [("--units", "1"), ("--units", "7"), ("--in-time",), ("--in-time", "--units", "3")]
)
def test_rolled_back_and_straight_runs_are_equal_bit_for_bit(
    folders: tuple[Path, ...], options: tuple[str, ...]
) -> None:
    found = run(folders[0], ROLLBACKS, *options)
    assert found["steps repeated"] > ROLLBACKS
    assert 0 < found["largest state"] <= 10_000
    statuses = {line.split()[1] for line in found["after"]}
    assert statuses >= {"1", "2", "4"}


@pytest.mark.parametrize(("options", "status"), [((), "1"), (("--in-time",), "0")])
def test_with_tespy_too(folders: tuple[Path, ...], options: tuple[str, ...], status: str) -> None:
    live = ("--solver", "live", "--rows", "6", "--units", "2")
    found = run(folders[0], LIVE_ROLLBACKS, *live, *options)
    assert found["steps repeated"] >= LIVE_ROLLBACKS
    assert {line.split()[1] for line in found["after"]} >= {status}


@pytest.mark.parametrize("solver", ["map", "live"])
def test_state_goes_on_in_another_process(folders: tuple[Path, ...], solver: str) -> None:
    rows = 6 if solver == "live" else 100
    there = run(folders[0], 0, "--solver", solver, "--units", "3", "--rows", str(rows))
    here = script(
        f"""
        run = Run(folders[0])
        assert run.from_bytes(bytes.fromhex({there["blob"]!r})) == OK
        rows = rows_of(folders[0], {rows}, 1, 3)
        print(json.dumps([run.step(k, rows[k]) for k in range({rows // 2}, {rows})]))
        """,
        folders[0],
    )
    assert here == there["after"]


def test_state_of_each_phase_comes_back_with_its_phase(folders: tuple[Path, ...]) -> None:
    during, again, refused, parameter = script(
        """
        calls = Calls(folders[0])
        at_first = ctypes.c_void_p()
        assert calls.GetFMUstate(ctypes.byref(at_first)) == OK
        calls.SetupExperiment(0, 0.0, 0.0, 0, 0.0)
        calls.EnterInitializationMode()
        assert calls.set("Real", "T_sink_in", 305.0) == OK
        assert calls.set("Real", "standby_power", 25.0) == OK
        state = ctypes.c_void_p()
        assert calls.GetFMUstate(ctypes.byref(state)) == OK
        def follow():
            found = []
            for T in (305.0, 312.0):
                calls.set("Real", "T_sink_in", T)
                found.append(calls.get("Real", "P_el")[1])
            return found
        during = follow()
        calls.ExitInitializationMode()
        calls.set("Real", "compressor_speed", 0.0)
        calls.DoStep(0.0, 60.0, 0)
        calls.Terminate()
        assert calls.SetFMUstate(state) == OK
        # Outputs follow inputs again, and parameters may be set.
        again = follow()
        refused = [calls.DoStep(0.0, 60.0, 0), calls.set("Real", "standby_power", 26.0)]
        calls.ExitInitializationMode()
        assert calls.DoStep(0.0, 60.0, 0) == OK
        assert calls.SetFMUstate(at_first) == OK
        refused += [calls.DoStep(0.0, 60.0, 0), calls.get("Real", "P_el")[0]]
        calls.EnterInitializationMode()
        print(json.dumps([during, again, refused, calls.get("Real", "standby_power")[1]]))
        """,
        folders[0],
    )
    assert during == again
    assert during[0] != during[1]
    assert refused == [3, 0, 3, 3]
    assert parameter == 10.0


def test_every_damaged_bit_is_noticed_and_nothing_is_changed(folders: tuple[Path, ...]) -> None:
    refused, logged, same = script(
        """
        run = Run(folders[0])
        run.step(0, rows_of(folders[0], 1, 1, 1)[0])
        blob, before = run.to_bytes(run.state()), run.bits()
        refused, logged = set(), 0
        for place in range(len(blob)):
            bad = bytearray(blob)
            bad[place] ^= 1 << place % 8
            refused.add(run.from_bytes(bytes(bad)))
            logged += len(run.calls.log)
            run.calls.log.clear()
        for length in range(0, len(blob), 7):
            refused.add(run.from_bytes(blob[:length]))
            logged += len(run.calls.log)
            run.calls.log.clear()
        expected = len(blob) + len(range(0, len(blob), 7))
        print(json.dumps([sorted(refused), logged == expected, before == run.bits()]))
        """,
        folders[0],
    )
    assert refused == [3]
    assert logged
    assert same


def test_states_of_other_formats_builds_and_machines(folders: tuple[Path, ...]) -> None:
    statuses, log, same = script(
        """
        first, build, other = runs = [Run(folder) for folder in folders[:3]]
        row = rows_of(folders[0], 1, 1, 1)[0]
        before = first.step(0, row)
        blobs = [run.to_bytes(run.state()) for run in runs]
        old = blobs[0][:6] + b"1" + blobs[0][7:]
        statuses = [first.from_bytes(x) for x in (blobs[1], blobs[2], old)]
        log = [text for _, text in first.calls.log]
        # Handles of another instance, and of none.
        handle, foreign = first.state(), build.state()
        statuses += [first.calls.SetFMUstate(foreign), other.calls.SetFMUstate(handle)]
        statuses.append(first.calls.FreeFMUstate(ctypes.byref(foreign)))
        twice = ctypes.c_void_p(handle.value)
        assert first.calls.FreeFMUstate(ctypes.byref(handle)) == OK
        assert handle.value is None
        assert first.calls.FreeFMUstate(ctypes.byref(handle)) == OK
        statuses.append(first.calls.FreeFMUstate(ctypes.byref(twice)))
        first.calls.log.clear()
        print(json.dumps([statuses, log, first.bits() == before]))
        """,
        *folders,
    )
    assert statuses == [3] * 7
    assert all(
        "are the state of another machine or build; nothing is changed" in t for t in log[:2]
    )
    assert "are no state of a heat pump FMU of this version" in log[2]
    assert same


def test_instances_of_several_machines_and_builds_do_not_see_each_other(
    folders: tuple[Path, ...],
) -> None:
    distinct, equal = script(
        f"""
        steps, kinds, series = 12, len(folders), 5
        def start(i):
            return Run(folders[i % kinds]), rows_of(folders[i % kinds], steps, i % series, 1)
        alone = {{}}
        for i in range(kinds * series):
            run, rows = start(i)
            alone[i % kinds, i % series] = [run.step(k, row) for k, row in enumerate(rows)]
            run.calls.FreeInstance()
        runs = [start(i) for i in range({INSTANCES})]
        together = [[] for _ in runs]
        for k in range(steps):
            for results, (run, rows) in zip(together, runs):
                results.append(run.step(k, rows[k]))
        equal = [
            results == alone[i % kinds, i % series] for i, results in enumerate(together)
        ]
        print(json.dumps([len({{tuple(x) for x in alone.values()}}), sum(equal)]))
        """,
        *folders,
    )
    assert distinct == 20
    assert equal == INSTANCES


def test_state_does_not_need_the_folder_that_it_came_from(
    folders: tuple[Path, ...], tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folders[0], moved)
    there = run(folders[0], 0)
    (status,) = script(
        f"print(json.dumps([Run(folders[0]).from_bytes(bytes.fromhex({there['blob']!r}))]))", moved
    )
    assert status == 0
