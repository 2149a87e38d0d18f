"""The FMU as hosts see it: through FMPy, in processes of its own."""

import json
import subprocess
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from heatpump_twin.harness.stepping.replay import CosimulationResult, inspect_fmu, replay
from heatpump_twin.model.heat_pump import HeatPump
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import RESULT_QUANTITIES, Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle

# Exits of a Python host after correct results; without a cure one in three was an abort.
HOST_RUNS = 12


def step(fmu: Path, boundaries: list[Boundary]) -> CosimulationResult:
    frame = pd.DataFrame([asdict(b) for b in boundaries])
    return replay(inspect_fmu(fmu), frame)


def run_host(fmu: Path, code: str, before: str = "") -> subprocess.CompletedProcess[str]:
    script = f"import fmpy, sys, json\nfmu = {str(fmu)!r}\n{before}{textwrap.dedent(code)}"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


# The map's certificate: 0.1 % at most, and by temperature what is measured with it.
MAP_RELATIVE, MAP_KELVIN = 1e-3, 0.1


# A host whose FMU is in initialisation mode, as `session`.
IN_INITIALISATION = """
from pathlib import Path
from heatpump_twin.harness.stepping.session import Session
session = Session(Path(fmu), stay_in_initialisation=True)
"""


def test_fmu_and_tespy_called_directly_agree(
    fmu: Path, machine: Machine, cycle: HeatPumpCycle, dataset
) -> None:
    boundaries = [
        Boundary(**{q: float(row[q]) for q in vars(machine.design.boundary)})
        for _, row in dataset.values.iterrows()
    ]
    outputs = step(fmu, boundaries).outputs
    heat_pump = HeatPump(machine, cycle)
    for i, boundary in enumerate(boundaries):
        answer = heat_pump.answer(boundary)
        assert outputs.loc[i, "operating_status"] == answer.status
        for name, value in vars(answer.point).items():
            is_kelvin = RESULT_QUANTITIES[name].unit == "K"
            close = (
                pytest.approx(value, abs=MAP_KELVIN)
                if is_kelvin
                else pytest.approx(value, rel=MAP_RELATIVE)
            )
            assert outputs.loc[i, name] == close, name


def test_off_is_an_operating_state(fmu: Path, machine: Machine) -> None:
    base = machine.design.boundary
    off = Boundary(**{**asdict(base), "compressor_speed": 0.0})
    outputs = step(fmu, [base, off, base]).outputs
    assert list(outputs["operating_status"]) == [1, 0, 1]
    assert outputs.loc[1, "Q_flow_sink"] == 0.0
    assert outputs.loc[1, "P_el"] == machine.standby_power
    assert outputs.loc[1, "T_sink_out"] == base.T_sink_in
    assert outputs.loc[2, "P_el"] == outputs.loc[0, "P_el"]


def test_inputs_outside_meaning_and_envelope_are_answered_and_logged(
    fmu: Path, machine: Machine
) -> None:
    base = asdict(machine.design.boundary)
    result = step(
        fmu,
        [
            Boundary(**base),
            Boundary(**{**base, "m_flow_sink": -0.2}),
            Boundary(**{**base, "T_sink_in": 35.5}),
            Boundary(**{**base, "T_sink_in": 340.0}),
            Boundary(**base),
        ],
    )
    assert list(result.outputs["operating_status"]) == [1, 4, 4, 2, 1]
    assert result.outputs.loc[1, "P_el"] == result.outputs.loc[0, "P_el"]
    assert "m_flow_sink = -0.2" in result.messages[1][0]
    assert "T_sink_in = 35.5" in result.messages[2][0]
    assert "is it in degC?" in result.messages[2][0]
    assert "T_sink_in = 340" in result.messages[3][0]


def test_nan_is_rejected(fmu: Path, machine: Machine) -> None:
    base = asdict(machine.design.boundary)
    nothing = Boundary(**{**base, "T_source_in": float("nan")})
    result = step(fmu, [nothing])
    assert list(result.outputs["operating_status"]) == [4]
    assert "T_source_in = nan" in result.messages[0][0]
    assert result.outputs.notna().all(axis=None)


def test_parameters_are_used_and_checked(fmu: Path) -> None:
    host = run_host(
        fmu,
        """
        log = []
        def run(**start):
            result = fmpy.simulate_fmu(
                fmu, stop_time=60, output_interval=60, start_values=start, debug_logging=True,
                logger=lambda c, name, status, category, text: log.append(text.decode()))
            return dict(zip(result.dtype.names, map(float, result[-1])))
        off = run(compressor_speed=0.0, standby_power=25.0, number_of_units=2)
        try:
            run(compressor_speed=0.0, number_of_units=0)
        except Exception as error:
            print(json.dumps([off, str(error), log]))
        """,
    )
    assert host.returncode == 0, host.stderr
    off, bad, log = json.loads(host.stdout)
    assert off["P_el"] == 50.0
    assert "fmi2SetInteger failed with status 3 (error)" in bad
    assert any("number_of_units = 0" in text for text in log)


def test_outputs_are_valid_before_the_first_step(fmu: Path, machine: Machine) -> None:
    host = run_host(
        fmu,
        """
        result = fmpy.simulate_fmu(fmu, stop_time=60, output_interval=60)
        print(json.dumps([float(result[0]["P_el"]), float(result[1]["P_el"])]))
        """,
    )
    first, second = json.loads(host.stdout)
    assert first == second
    assert second == pytest.approx(machine.design.P_el, rel=MAP_RELATIVE)


def test_outputs_follow_the_inputs_during_initialisation(fmu: Path) -> None:
    host = run_host(
        fmu,
        """
        read = session.reader(["P_el", "T_sink_out"])
        session.set({"T_sink_in": 313.15})
        during = read()
        session.set({"T_sink_in": 318.15})
        later = read()
        session.leave_initialisation()
        after = read()
        session.set({"T_sink_in": 300.0})
        unchanged = read()
        session.close()
        print(json.dumps([during, later, after, unchanged]))
        """,
        IN_INITIALISATION,
    )
    assert host.returncode == 0, host.stderr
    during, later, after, unchanged = json.loads(host.stdout)
    assert during[1] > 313.15
    assert later[0] > during[0]
    assert later == after == unchanged


def test_missing_package_is_named_in_the_log_and_no_step_is_silent(fmu: Path) -> None:
    host = run_host(
        fmu,
        """
        import importlib.abc
        class Without(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name == "tespy":
                    raise ModuleNotFoundError("No module named 'tespy'", name="tespy")
        sys.meta_path.insert(0, Without())
        log = []
        result = fmpy.simulate_fmu(
            fmu, stop_time=120, output_interval=60, debug_logging=True,
            start_values={"solver": "live"},
            logger=lambda c, name, status, category, text: log.append(text.decode()))
        print(json.dumps([[int(s) for s in result["operating_status"]], log]))
        """,
    )
    assert host.returncode == 0, host.stderr
    status, log = json.loads(host.stdout)
    assert status == [3, 3, 3]
    assert any("'tespy' is missing" in text for text in log)


def test_python_hosts_exit_cleanly(fmu: Path) -> None:
    code = "fmpy.simulate_fmu(fmu, stop_time=60, output_interval=60)"
    assert [run_host(fmu, code).returncode for _ in range(HOST_RUNS)] == [0] * HOST_RUNS


def test_solver_set_back_to_the_map_answers_from_the_map(fmu: Path) -> None:
    host = run_host(
        fmu,
        """
        found = []
        for solver in ("map", "live", "map"):
            session.set({"solver": solver})
            found.append(session.get()["P_el"])
        session.leave_initialisation()
        session.close()
        print(json.dumps(found))
        """,
        IN_INITIALISATION,
    )
    assert host.returncode == 0, host.stderr
    first, live, again = json.loads(host.stdout)
    assert again == first != live
