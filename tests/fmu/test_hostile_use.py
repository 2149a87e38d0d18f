"""Nothing that a host or a user does brings the host down or goes unsaid.

The hosts are processes of their own, so that a crash is seen, with the calls that led to it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from c_host import compile_sources, host_environment
from conftest import ROOT
from failing import let_solver_fail
from fuzz_calls import fuzz

TESTS = ROOT / "tests"
HOST, SEARCHING_HOST = TESTS / "fmu" / "hostile_host.py", TESTS / "fmu" / "searching_host.py"
CALLS, LIVE_CALLS, RUNS = 40_000, 4_000, 100
FUZZING = 8  # s

# Memory given back is overwritten, so that using it again does not go unnoticed; one thread, since
# the others would only wait.
HOST_ENVIRONMENT = host_environment(PYTHONMALLOC="debug")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")


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
    for name in ("status 0", "status 2", "status 3", "instances", "states restored"):
        assert counts[name] > 1, name
    for status in (0, 1, 2, 4):
        assert counts[f"operating_status {status}"] > 5
    assert "operating_status 3" not in counts


def test_random_calls_with_tespy_at_each_step(unzipped: Path) -> None:
    be_hostile(unzipped, 400, "--live", "--seed", "5")


def test_random_calls_while_the_solver_fails(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    let_solver_fail(folder)
    counts = be_hostile(folder, LIVE_CALLS, "--live", "--seed", "6", "--instance-every", "500")
    for status in range(5):
        assert counts[f"operating_status {status}"] > 5


def test_sequences_of_calls_that_hypothesis_makes_up(unzipped: Path) -> None:
    counts = counts_of(SEARCHING_HOST, str(unzipped), str(RUNS))
    assert counts["runs"] >= RUNS
    for name in ("operating_status 1", "operating_status 2", "operating_status 4", "status 3"):
        assert counts[name] > 5, name


def test_host_that_finds_no_fault_would_see_one(unzipped: Path, tmp_path: Path) -> None:
    folder = copy(unzipped, tmp_path)
    frame = folder / "sources" / "fmi2.c"
    text, before = frame.read_text(encoding="utf-8"), "    frame->is_stale = false;\n"
    assert text.count(before) == 1
    frame.write_text(text.replace(before, before + "    frame->status = STATUS_INSIDE;\n"))
    (library,) = folder.glob("binaries/linux64/*.so")
    compile_sources(folder / "sources", library)
    with pytest.raises(AssertionError, match=r"was not rejected|status 1 with"):
        be_hostile(folder, 20_000)
    with pytest.raises(AssertionError, match=r"was not rejected|status 1 with") as found:
        counts_of(SEARCHING_HOST, str(folder), str(RUNS))
    # Little more than the calls that it takes: enter, leave, set, step.
    assert re.search(r"after:\n(.*\n){3,5} *step .* stepping\n", str(found.value))


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


def test_calls_made_of_bytes_that_a_fuzzer_makes_up(unzipped: Path) -> None:
    found = fuzz(unzipped, FUZZING)
    if not found.driver:
        pytest.skip("neither clang nor gcc with sanitisers is here")
    assert found.inputs > 100


def test_fuzzer_would_find_a_fault(unzipped: Path, tmp_path: Path) -> None:
    if not shutil.which("clang") and not shutil.which("gcc"):
        pytest.skip("neither clang nor gcc is here")
    folder = copy(unzipped, tmp_path)
    instance = folder / "sources" / "instance.c"
    text, claim = instance.read_text(encoding="utf-8"), "    if (before == IDLE) forget(instance);"
    assert text.count(claim) == 1
    # An instance is freed at once, also from inside its logger.
    instance.write_text(text.replace(claim, "    if (known) forget(instance);"), encoding="utf-8")
    with pytest.raises(RuntimeError, match="AddressSanitizer: heap-use-after-free"):
        fuzz(folder, 60)
