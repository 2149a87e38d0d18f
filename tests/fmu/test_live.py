"""Live mode: TESPy at each step, and what goes wrong there.

Importing TESPy takes seconds, so cases that end before it are cheap and others are few.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from c_host import host_command, host_environment, needs_c_host
from conftest import random_boundaries
from fmpy.validation import validate_fmu
from live_hosts import LIVE, assert_solved, in_python, live, reason, script

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.core.map_file import map_file
from heatpump_twin.fmu.slave import GUESS
from heatpump_twin.fmu.slave_folder import write_slave_folder
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import RESULT_QUANTITIES
from heatpump_twin.solving.cycle import HeatPumpCycle

HEAVY = {"numpy", "tespy", "CoolProp", "scipy", "pandas", "matplotlib"}

pytestmark = needs_c_host


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
            import fmpy, json, os
            names = {list(RESULT_QUANTITIES)!r}
            def run(**start):
                result = fmpy.simulate_fmu({str(built)!r}, stop_time=60, output_interval=60,
                                           start_values=start)[-1]
                return [*(float(result[name]) for name in names), int(result["operating_status"])]
            rows = [run(**b) for b in {[vars(b) for b in boundaries]!r}]
            print(json.dumps([rows, run(compressor_speed=0.0)]), flush=True)
            # At the end of a process pythonfmu's library may abort, which only our frame cures.
            os._exit(0)
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
