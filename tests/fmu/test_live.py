"""Live mode: TESPy at each step, in hosts that are Python and in those that are not.

Importing TESPy takes seconds, so cases that end before it are cheap and others are few.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import textwrap
import time
from pathlib import Path
from typing import Any

import fmpy
import pytest
from c_host import HostRun, compile_host, host_command, host_environment, needs_c_host, run_host
from conftest import ROOT, random_boundaries
from fmpy.validation import validate_fmu

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.core.map_file import map_file
from heatpump_twin.fmu.slave import GUESS
from heatpump_twin.fmu.slave_folder import write_slave_folder
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import RESULT_QUANTITIES
from heatpump_twin.solving.cycle import HeatPumpCycle

TESTS = ROOT / "tests"
LIVE = {"solver": "live"}
HEAVY = {"numpy", "tespy", "CoolProp", "scipy", "pandas", "matplotlib"}

# Exits of processes after correct results; without a cure one in three was an abort.
HOST_RUNS = 4

# Other versions of pythonfmu whose FMUs may be in the same process.
OTHER_VERSIONS = ("0.6.3", "0.6.9")

pytestmark = needs_c_host


@pytest.fixture(scope="module")
def unzipped(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(fmpy.extract(str(fmu), unzipdir=str(tmp_path_factory.mktemp("unzipped"))))


@pytest.fixture(scope="module")
def c_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_host(tmp_path_factory.mktemp("c_host"))


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
    """Run code in a Python of its own that ends well, and give what it printed last as JSON."""
    host = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{code}"],
        capture_output=True,
        text=True,
        env=host_environment(PYTHONMALLOC="debug", **environment),
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    return json.loads(host.stdout.splitlines()[-1])


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


def in_python(unzipped: Path, code: str, boundaries: list | None = None) -> Any:
    given = (str(unzipped), [vars(b) for b in boundaries or []], list(RESULT_QUANTITIES))
    return script(IN_PYTHON.format(given=repr(given)) + textwrap.dedent(code))


# Results -----------------------------------------------------------------------------------------


def test_answers_are_those_of_tespy(unzipped: Path, machine: Machine, cycle: HeatPumpCycle) -> None:
    boundaries = [machine.design.boundary, *random_boundaries(machine, 4, seed=63)]
    before, rows, after, log = in_python(
        unzipped,
        """
        map_alone = Calls(folder)
        map_alone.start()
        map_alone.DoStep(0.0, 60.0, 1)
        before = sorted(sys.modules)
        calls, rows = start(), []
        for boundary in boundaries:
            step(calls, **boundary)
            rows.append([calls.get("Real", name)[1] for name in outputs])
            rows[-1].append(calls.get("Integer", "operating_status")[1])
        print(json.dumps([before, rows, sorted(sys.modules), calls.log]))
        """,
        boundaries,
    )
    # Nothing is imported for the map.
    assert not {name.partition(".")[0] for name in before} & HEAVY
    assert not [name for name in before if name.startswith(("heatpump_twin", "pythonfmu"))]
    assert "tespy" in after
    for row, boundary in zip(rows, boundaries, strict=True):
        if row[-1] == 1:
            expected = list(vars(cycle.off_design(boundary)).values())
            assert row[:-1] == pytest.approx(expected, rel=1e-6)
    assert [row[-1] for row in rows].count(1) >= 3
    assert all("moved towards the design point" in text for _, text in log)
    # The code is the FMU's own, under a name that is this build's alone.
    own = min(name for name in after if name.startswith("heatpump_twin_"))
    assert len(own) == len("heatpump_twin_") + 12
    assert "pythonfmu" not in after


def test_answers_do_not_depend_on_where_the_search_starts(
    machine: Machine, cycle: HeatPumpCycle, certified: CertifiedMap
) -> None:
    warm = HeatPumpCycle(machine, first_guess=Core(map_file(machine, certified.table)))
    warm.design()
    for boundary in random_boundaries(machine, 15, seed=64):
        expected = list(vars(cycle.off_design(boundary)).values())
        assert list(vars(warm.off_design(boundary)).values()) == pytest.approx(expected, rel=1e-6)


def test_slave_alone_built_by_pythonfmu_as_it_comes_is_a_correct_fmu(
    machine: Machine, cycle: HeatPumpCycle, certified: CertifiedMap, tmp_path: Path
) -> None:
    entry = write_slave_folder(tmp_path / "slave", machine, certified.design_state)
    others = [path.name for path in sorted(entry.parent.iterdir()) if path != entry]
    subprocess.run(
        [
            *(sys.executable, "-m", "pythonfmu", "build", "--no-external-tool"),
            *("-f", entry.name, "-d", str(tmp_path), *others),
        ],
        cwd=entry.parent,
        check=True,
        capture_output=True,
    )
    (built,) = tmp_path.glob("*.fmu")
    assert validate_fmu(str(built)) == []
    boundaries = random_boundaries(machine, 3, seed=65)
    rows, off = script(
        textwrap.dedent(
            f"""
            import fmpy, json
            names = {list(RESULT_QUANTITIES)!r}
            def run(**start):
                result = fmpy.simulate_fmu({str(built)!r}, stop_time=60, output_interval=60,
                                           start_values=start)[-1]
                return [*(float(result[name]) for name in names), int(result["operating_status"])]
            rows = [run(**b) for b in {[vars(b) for b in boundaries]!r}]
            print(json.dumps([rows, run(compressor_speed=0.0)]))
            """
        )
    )
    for row, boundary in zip(rows, boundaries, strict=True):
        expected = list(vars(cycle.off_design(boundary)).values())
        assert row == pytest.approx([*expected, 1], rel=1e-6)
    assert off[-1] == 3


def test_guesses_are_results_that_the_map_has() -> None:
    assert set(GUESS) <= set(RESULT_QUANTITIES)


# Failures ----------------------------------------------------------------------------------------


def test_failure_at_a_step_holds_the_last_result(unzipped: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    (cycle,) = folder.glob("resources/live/heatpump_twin_*/solving/cycle.py")
    text = cycle.read_text(encoding="utf-8")
    before = "        self._boundary = boundary\n"
    assert before in text
    failing = (
        "        if boundary.T_source_in < 275.0:\n            raise RuntimeError('100 % of %s')\n"
    )
    cycle.write_text(text.replace(before, before + failing), encoding="utf-8")
    good, bad, again, log = in_python(
        folder,
        """
        calls = start()
        good, bad, again = (step(calls, T_source_in=T) for T in (290.0, 270.0, 290.0))
        print(json.dumps([good, bad, again, [text for _, text in calls.log]]))
        """,
    )
    assert (good[:2], bad[:2]) == ([0, 1], [0, 3])
    assert bad[2] == good[2]
    assert again == good
    (said,) = log
    assert said.endswith("RuntimeError: 100 %% of %%s")


def test_exception_in_pythonfmu_is_told_and_a_reset_starts_anew(
    unzipped: Path, tmp_path: Path
) -> None:
    # The slave lets none out; one that does breaks pythonfmu's part, and nothing may touch that.
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    (slave,) = folder.glob("resources/live/heatpump_twin_*/fmu/slave.py")
    text = slave.read_text(encoding="utf-8")
    before = "        return self._attempt(self._solve)\n"
    assert before in text
    failing = before + ""
    slave.write_text(
        text.replace(
            before,
            "        if self._inputs[2] > 320.0:\n"
            "            raise RuntimeError('out of it')\n" + failing,
        ),
        encoding="utf-8",
    )
    results, log = in_python(
        folder,
        """
        import gc
        calls = start()
        results = [step(calls, T_sink_in=T)[:2] for T in (305.0, 322.0, 305.0)]
        gc.collect()
        calls.Reset()
        assert calls.set("String", "solver", b"live") == OK
        calls.start()
        results.append(step(calls, T_sink_in=305.0)[:2])
        calls.FreeInstance()
        gc.collect()
        print(json.dumps([results, [text for _, text in calls.log]]))
        """,
    )
    assert results == [[0, 1], [0, 3], [0, 3], [0, 1]]
    assert "RuntimeError" in log[0]
    assert "out of it" in log[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("design_state.json", "design_state.json"),
        ("machine.json", "model not loaded"),
        ("slavemodule.txt", "holds no slavemodule.txt"),
    ],
)
def test_damaged_resources_are_named(
    c_host: Path, unzipped: Path, tmp_path: Path, name: str, message: str
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    path = folder / "resources" / "live" / name
    if name == "slavemodule.txt":
        path.unlink()
    else:
        path.write_text(path.read_text(encoding="utf-8")[:100])
    assert message in reason(live(c_host, folder, 3))


def test_missing_package_is_named(c_host: Path, unzipped: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    said = reason(live(c_host, unzipped, 3, PATH=f"{bare / 'bin'}:/usr/bin:/bin"))
    assert "is missing or broken in the host's environment" in said or "did not start" in said
    assert "requirements.txt" in said


def test_package_in_pythonpath_is_found_behind_those_of_the_environment(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    # A package of that name in the environment is taken; this one would end the import.
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('gone', name='numpy')")
    assert_solved(live(c_host, unzipped, PYTHONPATH=str(tmp_path)))


def test_interrupt_stops_a_python_host_without_a_crash(fmu: Path) -> None:
    last = script(
        f"""
import fmpy, json, signal
def interrupt(time, recorder):
    if time == 120:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
    return True
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    result = fmpy.simulate_fmu(
        {str(fmu)!r}, stop_time=600, output_interval=60, step_finished=interrupt,
        start_values={{"solver": "live"}})
    print(json.dumps(list(map(float, result["time"]))))
except KeyboardInterrupt:  # it came between two calls of the FMU
    print("[120]")
"""
    )
    assert last[-1] < 600


def test_interrupt_ends_a_host_that_is_not_python(c_host: Path, unzipped: Path) -> None:
    # Python's own answer to Ctrl-C would be an exception that nobody sees.
    rows = [[305.0 + 1e-5 * i] for i in range(100_000)]
    host = subprocess.Popen(
        host_command(c_host, unzipped, ["T_sink_in"], ["P_el"], rows, texts=LIVE),
        stdout=subprocess.PIPE,
        text=True,
        env=host_environment(),
        # A shell that starts the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert host.stdout is not None
    while not host.stdout.readline().startswith("result"):
        pass
    host.send_signal(signal.SIGINT)
    host.communicate(timeout=30)
    assert host.returncode == -signal.SIGINT


# Finding Python ----------------------------------------------------------------------------------


def fake_python(folder: Path, script_text: str) -> str:
    """Put a program `python3` into a folder; gives a PATH with it alone, and the shell's."""
    folder.mkdir(exist_ok=True)
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\n{script_text}\n")
    program.chmod(0o755)
    for name in ("sleep", "head", "tr", "sh"):
        found = shutil.which(name)
        if found and not (folder / name).exists():
            (folder / name).symlink_to(found)
    return str(folder)


def answer(version: str, executable: str, library: str) -> str:
    return f"printf '\\nheatpump-twin asks\\n{version}\\n{executable}\\n{library}\\n'"


def own_library() -> Path:
    name = sysconfig.get_config_var("INSTSONAME") or ""
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / name
    if ".so" not in name or not library.is_file():
        pytest.skip("this Python has no shared library")
    return library


def test_variable_that_names_no_library(c_host: Path, unzipped: Path) -> None:
    said = reason(
        live(c_host, unzipped, PATH="/nowhere", HEATPUMP_TWIN_LIBPYTHON="/no/libpython.so")
    )
    assert "HEATPUMP_TWIN_LIBPYTHON names cannot be loaded: /no/libpython.so" in said
    assert "or unset it" in said


def test_variable_that_names_another_library(c_host: Path, unzipped: Path) -> None:
    said = reason(live(c_host, unzipped, HEATPUMP_TWIN_LIBPYTHON="libm.so.6"))
    assert "libm.so.6 is no library of Python" in said


@pytest.mark.parametrize(
    ("version", "library", "expected"),
    [
        ("3.99", "", "python3 in PATH is Python 3.99 at /x/python3, without a shared library"),
        ("3.10", "/x/libpython3.10.so", "Python 3.10 at /x/python3; live mode needs 3.11 or newer"),
        ("3.99", "libm.so.6", "libpython3.99"),
        ("3.99", "own", "python3 in PATH is Python 3.99"),
    ],
)
def test_python_in_path_that_is_of_no_use(
    c_host: Path, unzipped: Path, tmp_path: Path, version: str, library: str, expected: str
) -> None:
    if library == "own":
        library = str(own_library())
    path = fake_python(tmp_path / "bin", answer(version, "/x/python3", library))
    said = reason(live(c_host, unzipped, 3, PATH=path))
    if library == "libm.so.6":
        assert "libm.so.6" in said
        assert "no Python found" in said
    else:
        assert expected in said
    assert "first in PATH" in said


def test_python_that_prints_a_banner_and_a_lot(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    # More than a pipe holds, so that the program waits until it is read.
    flood = "head -c 1000000 /dev/zero | tr '\\0' 'x'; echo; echo 3.4 /not/this; echo Welcome"
    path = fake_python(
        tmp_path / "bin", f"{flood}; {answer('3.10', '/x/python3', '/x/libpython3.10.so')}"
    )
    said = reason(live(c_host, unzipped, PATH=path))
    assert "python3 in PATH is Python 3.10 at /x/python3; live mode needs 3.11" in said


def test_python_that_hangs_is_ended_and_no_other_is_taken(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    path = fake_python(tmp_path / "bin", f"echo $$ > {tmp_path}/pid; sleep 1000")
    begin = time.monotonic()
    said = reason(live(c_host, unzipped, 3, PATH=path))
    assert time.monotonic() - begin < 25.0
    assert "python3 in PATH gave no answer within 10 s" in said
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_signals_do_not_lead_to_another_python(unzipped: Path, tmp_path: Path) -> None:
    # A timer interrupts the host's calls while it waits for the answer.
    host = compile_host(tmp_path, "host", "-DTIMER")
    path = fake_python(
        tmp_path / "bin", f"sleep 1; {answer('3.10', '/x/python3', '/x/libpython3.10.so')}"
    )
    said = reason(live(host, unzipped, PATH=path))
    assert "python3 in PATH is Python 3.10 at /x/python3" in said


def test_host_that_is_python_is_not_asked_for_another_one(unzipped: Path, tmp_path: Path) -> None:
    # The library of that one would be loaded beside the host's own.
    path = fake_python(tmp_path / "bin", f"echo yes > {tmp_path}/asked")
    (status,) = in_python_with(
        unzipped, "print(json.dumps([step(start(), T_sink_in=305.0)[1]]))", PATH=path
    )
    assert status == 1
    assert not (tmp_path / "asked").exists()


def in_python_with(unzipped: Path, code: str, **environment: str) -> Any:
    given = (str(unzipped), [], [])
    return script(IN_PYTHON.format(given=repr(given)) + code, **environment)


NONSENSE = dict.fromkeys(
    (
        *("PYTHONIOENCODING", "PYTHONMALLOC", "PYTHONHASHSEED", "PYTHONPLATLIBDIR"),
        *("PYTHONUTF8", "PYTHONTRACEMALLOC", "PYTHONWARNINGS", "PYTHONINTMAXSTRDIGITS"),
    ),
    "nonsense",
)


def another_standard_library() -> str:
    """Give the folder of a standard library that is not this Python's."""
    for name in ("python3.9", "python3.10", "python3.12", "python3.13", "python3"):
        found = shutil.which(name)
        if not found:
            continue
        done = subprocess.run(
            [found, "-I", "-c", "import os, sys; print(os.__file__, sys.version_info[1])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 and int(done.stdout.split()[1]) != sys.version_info[1]:
            return str(Path(done.stdout.split()[0]).parent)
    return ""


def test_variables_for_another_python_do_not_end_the_host(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    other = another_standard_library()
    if not other:
        # Enough of one to break the start of Python, if it were looked at first.
        other = str(tmp_path / "lib")
        (tmp_path / "lib" / "encodings").mkdir(parents=True)
        for name in ("encodings/__init__.py", "os.py", "re.py", "site.py"):
            (tmp_path / "lib" / name).write_text("this is no Python of this version\n")
    assert_solved(live(c_host, unzipped, **NONSENSE, PYTHONPATH=other, PYTHONHOME=str(tmp_path)))


@pytest.mark.parametrize("home", ["a virtual environment", "another build"])
def test_home_that_is_not_that_of_the_python_in_path(
    c_host: Path, unzipped: Path, tmp_path: Path, home: str
) -> None:
    folder = sys.prefix
    if home == "another build":
        # Its landmark is right, and its modules are another build's.
        folder = str(tmp_path / "build")
        library = tmp_path / "build" / "lib" / f"python3.{sys.version_info[1]}"
        library.mkdir(parents=True)
        (library / "os.py").write_text("raise SystemExit('another build')\n")
    assert_solved(live(c_host, unzipped, PYTHONHOME=folder))


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_unzip_path_and_locale(
    unzipped: Path, tmp_path: Path, c_host: Path, locale: str
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "a b ü + ( ) % # &;'"))
    assert_solved(live(c_host, folder, LC_ALL=locale))


def test_path_that_pythonfmu_cannot_read_is_refused_and_the_map_works(
    unzipped: Path, tmp_path: Path, c_host: Path
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "a%20b"))
    assert "takes the %20 in that name for a space" in reason(live(c_host, folder))
    run = run_host(c_host, folder, ["T_sink_in"], ["P_el"], [[305.0]])
    assert (run.code, len(run.results)) == (0, 1)


# Other FMUs, folders and ends of a process -------------------------------------------------------


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small FMU of each other version of pythonfmu, built by that."""
    built = {}
    for version in OTHER_VERSIONS:
        folder = tmp_path_factory.mktemp("other")
        installed = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--target", str(folder / "packages"), f"pythonfmu=={version}"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            pytest.skip(f"pip cannot install pythonfmu {version}: {installed.stderr[-200:]}")
        subprocess.run(
            [
                *(sys.executable, "-m", "pythonfmu", "build"),
                *("-f", str(TESTS / "fmus" / "counting.py"), "-d", str(folder)),
            ],
            env={**os.environ, "PYTHONPATH": str(folder / "packages")},
            check=True,
            capture_output=True,
        )
        (built[version],) = folder.glob("*.fmu")
    return built


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
@pytest.mark.parametrize("version", OTHER_VERSIONS)
def test_fmu_of_another_pythonfmu_in_the_same_process(
    fmu: Path, others: dict[str, Path], version: str, order: str
) -> None:
    host = subprocess.run(
        [
            *(sys.executable, "-c"),
            textwrap.dedent(
                f"""
                import fmpy, os
                def theirs():
                    result = fmpy.simulate_fmu({str(others[version])!r}, stop_time=2,
                                               output_interval=1)
                    assert result["count"][-1] == 2.0, result
                def ours():
                    result = fmpy.simulate_fmu({str(fmu)!r}, stop_time=60,
                                               start_values={{"solver": "live"}})
                    assert result["operating_status"][-1] == 1, result
                first, second = (theirs, ours) if {order == "theirs first"} else (ours, theirs)
                first(); second(); first()
                print("both", flush=True)
                os._exit(0)  # their library aborts at the end of a process
                """
            ),
        ],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert (host.returncode, host.stdout.splitlines()[-1:]) == (0, ["both"]), host.stderr


def test_same_fmu_after_its_first_folder_is_gone(unzipped: Path, tmp_path: Path) -> None:
    first = Path(shutil.copytree(unzipped, tmp_path / "first"))
    second = Path(shutil.copytree(unzipped, tmp_path / "second"))
    found, same_path = in_python(
        first,
        f"""
        before = list(sys.path)
        calls = start()
        calls.FreeInstance()
        shutil.rmtree(folder)
        calls = start({str(second)!r})
        print(json.dumps([step(calls)[:2], sys.path == before]))
        """,
    )
    assert found == [0, 1]
    assert same_path


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_resources_that_are_read_only(unzipped: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(str(p) for p in folder.rglob("*"))
    try:
        found, only_bytecode = in_python(
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
            found = step(start())[:2]
            print(json.dumps([found, all("__pycache__" in path for path in refused)]))
            """,
        )
    finally:
        for path in paths:
            path.chmod(0o755)
    assert found == [0, 1]
    assert only_bytecode
    assert sorted(str(p) for p in folder.rglob("*")) == before


def test_hosts_exit_cleanly(c_host: Path, unzipped: Path, fmu: Path) -> None:
    for _ in range(HOST_RUNS):
        assert_solved(live(c_host, unzipped))
    code = f"import fmpy; fmpy.simulate_fmu({str(fmu)!r}, stop_time=60, start_values={LIVE!r})"
    codes = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        for _ in range(HOST_RUNS)
    ]
    assert codes == [0] * HOST_RUNS


def test_host_that_does_not_free_an_instance_gets_no_warnings(unzipped: Path) -> None:
    given = (str(unzipped), [], [])
    code = IN_PYTHON.format(given=repr(given)) + "print(step(start()))\n"
    host = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{code}"],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert host.returncode == 0, host.stderr
    assert host.stdout.startswith("[0, 1")
    assert host.stderr == ""
