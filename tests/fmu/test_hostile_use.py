"""Nothing that a host or a user does brings the host down or goes unsaid.

The hosts are processes of their own, so that a crash is seen, with the calls that led to it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import fmpy
import pytest
from c_host import host_environment
from conftest import ROOT
from failing import let_solver_fail

TESTS = ROOT / "tests"
HOST, SEARCHING_HOST = TESTS / "fmu" / "hostile_host.py", TESTS / "fmu" / "searching_host.py"
CALLS, RUNS = 40_000, 100

# Memory given back is overwritten, so that using it again does not go unnoticed; one thread, since
# the others would only wait.
HOST_ENVIRONMENT = host_environment(PYTHONMALLOC="debug", OPENBLAS_NUM_THREADS="1")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")


@pytest.fixture(scope="module")
def unzipped(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(fmpy.extract(str(fmu), unzipdir=str(tmp_path_factory.mktemp("unzipped"))))


def copy(unzipped: Path, folder: Path) -> Path:
    return Path(shutil.copytree(unzipped, folder / "fmu"))


def be_hostile(unzipped: Path, calls: int, *options: str) -> dict[str, int]:
    return counts_of(HOST, str(unzipped), str(calls), "--trace", *options)


def counts_of(host: Path, *arguments: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(host), *arguments],
        capture_output=True,
        text=True,
        env=HOST_ENVIRONMENT,
        check=False,
    )
    last_calls = "\n".join(done.stderr.splitlines()[-25:])
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{last_calls}"
    return json.loads(done.stdout)


def script(unzipped: Path, code: str) -> list:
    """Run code that makes `calls` and prints JSON; the process has to end well."""
    start = f"""
        import ctypes, json, os, shutil, sys
        sys.path.insert(0, {str(TESTS)!r})
        from fmi_calls import *
        folder = {str(unzipped)!r}
        def inputs(calls, *values):
            for i, value in enumerate(values):
                assert calls.set("Real", i, value) == OK
        def status(calls):
            return calls.get("Integer", "operating_status")[1]
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


@pytest.mark.parametrize("seed", [1, 2])
def test_random_calls_and_values(unzipped: Path, seed: int) -> None:
    counts = be_hostile(unzipped, CALLS, "--seed", str(seed), "--instance-every", "3000")
    # What was meant to happen did.
    for name in ("status 0", "status 1", "status 2", "status 3", "instances", "states restored"):
        assert counts[name] > 1, name
    for status in (0, 1, 2, 4):
        assert counts[f"operating_status {status}"] > 5
    assert "operating_status 3" not in counts


def test_random_calls_with_tespy_at_each_step(unzipped: Path) -> None:
    be_hostile(unzipped, 400, "--live", "--seed", "5")


def test_random_calls_while_the_solver_fails(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    let_solver_fail(folder)
    counts = be_hostile(folder, CALLS // 2, "--seed", "6", "--instance-every", "3000")
    for status in range(5):
        assert counts[f"operating_status {status}"] > 5
    searched = counts_of(SEARCHING_HOST, str(folder), str(RUNS))
    assert searched["operating_status 3"] > 5


def test_sequences_of_calls_that_hypothesis_makes_up(unzipped: Path) -> None:
    counts = counts_of(SEARCHING_HOST, str(unzipped), str(RUNS))
    assert counts["runs"] >= RUNS
    for name in ("operating_status 1", "operating_status 2", "operating_status 4", "status 3"):
        assert counts[name] > 5, name


def test_host_that_finds_no_fault_would_see_one(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    (slave,) = folder.glob("resources/heatpump_twin_*/fmu/slave.py")
    text = slave.read_text(encoding="utf-8")
    assert "        self._state[sharing.STATE_STATUS] = status\n" in text
    slave.write_text(
        text.replace(
            "self._state[sharing.STATE_STATUS] = status\n",
            "self._state[sharing.STATE_STATUS] = 1\n",
        )
    )
    with pytest.raises(AssertionError, match=r"was not rejected|status 1 with log"):
        be_hostile(folder, 20_000)
    with pytest.raises(AssertionError, match=r"was not rejected|status 1 with log") as found:
        counts_of(SEARCHING_HOST, str(folder), str(RUNS))
    # Little more than the calls that it takes: enter, leave, set, step.
    assert re.search(r"after:\n(.*\n){3,5} *step .* stepping\n", str(found.value))


@pytest.mark.parametrize("damaged", ["performance_map.npy", "machine.json", "fmu.json"])
def test_damaged_resources_are_named_and_every_step_says_so(
    unzipped: Path, tmp_path: Path, damaged: str
) -> None:
    folder = copy(unzipped, tmp_path)
    path = folder / "resources" / damaged
    path.write_bytes(path.read_bytes()[:-20])
    states, outputs, log = script(
        folder,
        """
        calls = Calls(folder)
        calls.start()
        statuses = [calls.DoStep(0.0, 1.0, 1), status(calls)]
        outputs = [calls.get("Real", i)[1] for i in calls.outputs]
        print(json.dumps([statuses, outputs, [text for _, text in calls.log]]))
        """,
    )
    assert states == [1, 3]
    assert all(abs(x) < 1e12 for x in outputs)
    assert outputs[:4] == [0.0] * 4
    assert "operating_status 3" in log[-1]
    assert "model not loaded" in log[-1]


def test_tespy_that_fails_holds_the_last_result(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    state = folder / "resources" / "design_state.json"
    state.write_text(state.read_text(encoding="utf-8")[:100])
    results, log = script(
        folder,
        """
        calls = Calls(folder)
        assert calls.set("String", "solver", b"live") == OK
        calls.start()
        results = [[calls.DoStep(0.0, 1.0, 1), status(calls), calls.get("Real", "P_el")[1]]
                   for _ in range(2)]
        print(json.dumps([results, [text for _, text in calls.log]]))
        """,
    )
    assert results[0] == results[1]
    assert results[0][:2] == [1, 3]
    assert all("design_state.json" in text for text in log)
    assert len(log) == 3


def test_envelope_that_promises_more_than_physics_gives(unzipped: Path, tmp_path: Path) -> None:
    # Pressures may be anything, and the source is cooled below what its medium bears.
    folder = copy(unzipped, tmp_path)
    (slave,) = folder.glob("resources/heatpump_twin_*/fmu/slave.py")
    text = slave.read_text(encoding="utf-8")
    before = "        heat_pump.number_of_units = self._number_of_units\n"
    assert before in text
    failing = before + (
        "        from dataclasses import replace\n"
        "        heat_pump.machine = replace(heat_pump.machine, envelope=heat_pump.machine.envelope"
        ".with_ranges({'T_source_in': (195.0, 400.0)}))\n"
    )
    slave.write_text(text.replace(before, failing), encoding="utf-8")
    results, log = script(
        folder,
        """
        calls = Calls(folder)
        calls.start()
        calls.DoStep(0.0, 1.0, 1)
        results = []
        for T in (200.0, 390.0):
            calls.Reset()
            calls.start()
            calls.DoStep(0.0, 1.0, 1)
            held = [calls.get("Real", i)[1] for i in calls.outputs]
            assert status(calls) == 1
            calls.log.clear()
            inputs(calls, 1.0, T)
            step = calls.DoStep(0.0, 1.0, 1)
            same = held == [calls.get("Real", i)[1] for i in calls.outputs]
            results.append([step, status(calls), same])
        print(json.dumps([results, [text for _, text in calls.log]]))
        """,
    )
    assert results == [[1, 3, True]] * 2
    assert "operating_status 3" in log[-1]
    assert "T_source_in = 390 K" in log[-1]


def test_tespy_that_raises_at_a_step(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    (cycle,) = folder.glob("resources/heatpump_twin_*/solving/cycle.py")
    text = cycle.read_text(encoding="utf-8")
    before = "        self._boundary = boundary\n"
    assert before in text
    cycle.write_text(
        text.replace(
            before,
            before
            + "        if boundary.T_source_in < 275.0:\n"
            + "            raise RuntimeError('100 % of %s')\n",
        ),
        encoding="utf-8",
    )
    good, bad, log = script(
        folder,
        """
        calls = Calls(folder)
        assert calls.set("String", "solver", b"live") == OK
        calls.start()
        def step(T):
            inputs(calls, 1.0, T)
            return [calls.DoStep(0.0, 1.0, 1), status(calls), calls.get("Real", "P_el")[1]]
        first, bad, again = step(290.0), step(270.0), step(290.0)
        assert first == again
        print(json.dumps([first, bad, [text for _, text in calls.log]]))
        """,
    )
    assert (good[:2], bad[:2]) == ([0, 1], [1, 3])
    assert bad[2] == good[2]
    assert log == ["operating_status 3: RuntimeError: 100 %% of %%s"]


def test_resources_that_go_while_the_fmu_runs(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    before, after, log = script(
        folder,
        """
        calls = Calls(folder)
        shutil.rmtree(os.path.join(folder, "resources"))
        calls.start()
        def run():
            results = []
            for T in (308.0, 360.0, 0.0, 308.0):
                calls.set("Real", "T_sink_in", T)
                results.append([calls.DoStep(0.0, 1.0, 1), status(calls)])
            return results
        before = run()
        handle = ctypes.c_void_p()
        assert calls.GetFMUstate(ctypes.byref(handle)) == OK
        assert calls.SetFMUstate(handle) == OK
        assert run() == before
        # A fresh start needs them.
        calls.Reset()
        calls.log.clear()
        calls.start()
        print(json.dumps([before, [calls.DoStep(0.0, 1.0, 1), status(calls)], calls.log]))
        """,
    )
    assert before == [[0, 1], [1, 2], [1, 4], [0, 1]]
    assert after == [1, 3]
    assert "machine.json" in log[-1][1] or "fmu.json" in log[-1][1]


def test_same_fmu_after_its_first_folder_is_gone_solves_live(
    unzipped: Path, tmp_path: Path
) -> None:
    first, second = copy(unzipped, tmp_path), tmp_path / "second"
    shutil.copytree(first, second)
    statuses, paths = script(
        first,
        f"""
        before = list(sys.path)
        calls = Calls(folder)
        calls.start()
        calls.FreeInstance()
        shutil.rmtree(folder)
        calls = Calls({str(second)!r})
        assert calls.set("String", "solver", b"live") == OK
        calls.start()
        statuses = [calls.DoStep(0.0, 1.0, 1), status(calls)]
        print(json.dumps([statuses, sys.path == before]))
        """,
    )
    assert statuses == [0, 1]
    assert paths


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_resources_that_are_read_only(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(str(p) for p in folder.rglob("*"))
    try:
        statuses, only_bytecode = script(
            folder,
            """
            # Permissions do not bind the superuser. Python tries to keep its bytecode, in vain.
            refused = []
            def forbidden(event, arguments):
                if event in ("open", "os.mkdir") and str(arguments[0]).startswith(folder):
                    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
                    if event == "os.mkdir" or (arguments[2] or 0) & writes:
                        refused.append(arguments[0])
                        raise PermissionError(13, "Permission denied", arguments[0])
            sys.addaudithook(forbidden)
            calls = Calls(folder)
            calls.start()
            statuses = [calls.DoStep(0.0, 1.0, 1), status(calls)]
            print(json.dumps([statuses, all("__pycache__" in path for path in refused)]))
            """,
        )
    finally:
        for path in paths:
            path.chmod(0o755)
    assert statuses == [0, 1]
    assert only_bytecode
    assert sorted(str(p) for p in folder.rglob("*")) == before


def test_unknown_solver_is_refused_and_the_message_is_short(unzipped: Path) -> None:
    statuses, log, kept = script(
        unzipped,
        r"""
        calls = Calls(folder)
        values = (b"tespy", b"100 % of %s", b"x" * 1_000_000, b"\xff", b"\xed\xa0\x80")
        statuses = [calls.set("String", "solver", value) for value in values]
        calls.start()
        kept = calls.get("String", "solver")[1].decode()
        statuses.append(calls.set("String", "solver", b"live"))
        print(json.dumps([statuses, [text for _, text in calls.log], kept]))
        """,
    )
    assert statuses == [1, 1, 1, 3, 3, 3]
    assert log[0] == "solver = 'tespy' is not known; expected 'map' or 'live'; 'map' is kept"
    assert "'100 %% of %%s' is not known" in log[1]
    assert len(log[2]) < 200
    assert "the text for solver is not UTF-8" in log[3]
    assert "must not be set between steps" in log[5]
    assert kept == "map"


def test_names_that_python_cannot_read(unzipped: Path) -> None:
    names, texts = script(
        unzipped,
        r"""
        made, texts = [], []
        for name in (b"\xff\xfe", b"100 % of %s", b"x" * 100_000):
            calls = Calls(folder, name=name)
            made.append(calls.instance is not None)
            calls.start()
            texts.append(len(calls.log))
        print(json.dumps([made, texts]))
        """,
    )
    assert names == [True] * 3
    assert texts == [0] * 3


def test_steps_and_starts_that_are_none(unzipped: Path) -> None:
    statuses, time, log = script(
        unzipped,
        """
        nan, inf = float("nan"), float("inf")
        calls = Calls(folder)
        statuses = [calls.SetupExperiment(0, 0.0, start, 0, 0.0) for start in (nan, inf)]
        calls.start()
        assert calls.DoStep(0.0, 0.0, 1) == OK
        assert calls.DoStep(5.0, 1e9, 1) == OK
        for time, size in ((0.0, -1.0), (0.0, nan), (0.0, inf), (nan, 1.0), (1e308, 1e308)):
            statuses.append(calls.DoStep(time, size, 1))
        time = ctypes.c_double()
        assert calls.GetRealStatus(2, ctypes.byref(time)) == OK
        print(json.dumps([statuses, time.value, [text for _, text in calls.log]]))
        """,
    )
    assert statuses == [3] * 7
    assert time == 5.0 + 1e9
    assert log[2] == "fmi2DoStep: a step of -1 from 0 has no meaning"
    assert len(log) == 7
