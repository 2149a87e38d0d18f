"""Sessions with FMUs: what they give, what they say when an FMU refuses, and what they leave."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import fmpy
import pytest
from conftest import ROOT
from pythonfmu.builder import FmuBuilder

from heatpump_twin.model.quantities import RESULT_QUANTITIES

SLAVES = ROOT / "tests" / "fmus"

BEFORE = """
import json, sys
from pathlib import Path
from heatpump_twin.harness.stepping.session import *
fmu = Path(sys.argv[1])
"""


@pytest.fixture(scope="module")
def obedient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built: Path = FmuBuilder.build_FMU(
        SLAVES / "obedient.py", tmp_path_factory.mktemp("obedient"), handle_state=True
    )
    return built


def run(fmu: Path, code: str, *arguments: str) -> list:
    """Run a session in a process of its own and give what it printed last as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + textwrap.dedent(code), str(fmu), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: list = json.loads(done.stdout.splitlines()[-1])
    return found


def test_file_and_folder_give_what_fmpy_gives(fmu: Path, tmp_path: Path) -> None:
    fmpy.extract(str(fmu), unzipdir=str(tmp_path / "unzipped"))
    code = """
        start = {"T_sink_in": 303.15, "number_of_units": 2, "solver": "map"}
        with Session(fmu, start_values=start) as session:
            first = session.get()
            second = session.step({"T_sink_in": 313.15, "compressor_speed": 0.8}, 60.0)
            third = session.step({}, 30.0)
        print(json.dumps([first, second, third, session.time, session.steps]))
        """
    first, second, third, time, steps = run(fmu, code)
    assert run(tmp_path / "unzipped", code) == [first, second, third, time, steps]
    assert (time, steps) == (90.0, 2)
    # Energies and times go on.
    assert {q: second[q] for q in RESULT_QUANTITIES} == {q: third[q] for q in RESULT_QUANTITIES}
    assert (second["run_time"], third["run_time"]) == (60.0, 90.0)
    assert first["P_el"] != second["P_el"]
    by_fmpy = """
        import fmpy, numpy as np
        inputs = np.array([(0.0, 313.15, 0.8)],
            dtype=[("time", float), ("T_sink_in", float), ("compressor_speed", float)])
        result = fmpy.simulate_fmu(str(fmu), stop_time=60.0, output_interval=60.0,
            start_values={"number_of_units": 2}, input=inputs)
        print(json.dumps([{n: float(result[-1][n]) for n in result.dtype.names[1:]}]))
        """
    assert run(fmu, by_fmpy) == [second]


def test_names_are_read_and_written_in_the_order_asked(fmu: Path) -> None:
    (mixed, again, written) = run(
        fmu,
        """
        names = ["solver", "P_el", "operating_status", "T_sink_in", "COP"]
        with Session(fmu, outputs=names, start_values={"solver": "map"}) as session:
            mixed = session.reader(names)()
            again = session.get()
            session.writer(["T_sink_in", "compressor_speed"])([311.0, 0.7])
            written = session.reader(["compressor_speed", "T_sink_in"])()
        print(json.dumps([mixed, again, written]))
        """,
    )
    assert list(again) == ["solver", "P_el", "operating_status", "T_sink_in", "COP"]
    assert list(again.values()) == mixed
    assert mixed[0] == "map"
    assert mixed[2] == 1
    assert written == [0.7, 311.0]


def test_initialisation_is_left_by_the_caller(fmu: Path) -> None:
    (during, after) = run(
        fmu,
        """
        with Session(fmu, stay_in_initialisation=True) as session:
            session.set({"T_sink_in": 315.0})
            during = session.get()["T_sink_out"]
            session.leave_initialisation()
            after = session.get()["T_sink_out"]
        with Session(fmu, stay_in_initialisation=True):
            pass  # freed without a step
        print(json.dumps([during, after]))
        """,
    )
    assert during == after > 315.0


def test_state_is_restored(fmu: Path) -> None:
    (before, after, time, steps) = run(
        fmu,
        """
        with Session(fmu) as session:
            session.step({"T_sink_in": 305.0}, 60.0)
            state, before = session.save_state(), session.get()
            given_up = session.save_state()
            session.step({"T_sink_in": 320.0}, 60.0)
            assert session.get() != before
            session.free_state(given_up)
            session.restore_state(state)
            after = session.get()
        print(json.dumps([before, after, session.time, session.steps]))
        """,
    )
    assert before == after
    assert (time, steps) == (60.0, 1)


def test_messages_carry_step_and_status(fmu: Path) -> None:
    (messages,) = run(
        fmu,
        """
        with Session(fmu, debug_logging=True) as session:
            session.step({"T_sink_in": 308.15}, 60.0)
            session.step({"T_sink_in": 340.0}, 60.0)
            session.step({"T_sink_in": 35.5}, 60.0)
            session.step({}, 60.0)
        print(json.dumps([[
            (m.step, STATUSES[m.status], m.text) for m in session.messages if m.is_notice
        ]]))
        """,
    )
    # A session that logs all asks for the notices of each step.
    assert [(step, status) for step, status, _ in messages] == [
        (1, "fmi2OK"),
        (2, "fmi2OK"),
        (3, "fmi2OK"),
    ]
    assert "T_sink_in = 340" in messages[0][2]
    assert "T_sink_in = 35.5" in messages[1][2]


def test_refused_step_stops_and_the_instance_is_freed(obedient: Path, tmp_path: Path) -> None:
    (said, steps, left) = run(
        obedient,
        """
        import tempfile
        tempfile.tempdir = sys.argv[2]
        said = None
        try:
            with Session(fmu) as session:
                session.step({"x": 2.0}, 1.0)
                session.step({"command": "refuse"}, 1.0)
        except StoppedError as error:
            said = str(error)
        print(json.dumps([said, session.steps, len(list(Path(sys.argv[2]).iterdir()))]))
        """,
        str(tmp_path),
    )
    assert said == "fmi2DoStep returned fmi2Discard at 1 s"
    assert (steps, left) == (1, 0)


def test_what_cannot_be_done_is_one_clear_error(fmu: Path) -> None:
    said = run(
        fmu,
        """
        said = []
        def attempt(function):
            try:
                function()
            except SessionError as error:
                said.append(str(error))
        attempt(lambda: Session(fmu, start_values={"T_casing": 1.0}))
        attempt(lambda: Session(fmu, outputs=["P_el", "T_casing"]))
        attempt(lambda: Session(fmu, start_values={"P_el": 1.0}))
        attempt(lambda: Session(fmu.with_name("missing.fmu")))
        with Session(fmu) as session:
            attempt(lambda: session.set({"T_casing": 1.0}))
            attempt(lambda: session.set({"P_el": 1.0}))
        session.close()  # a second time
        print(json.dumps(said))
        """,
    )
    assert said[0] == said[1] == said[4] == "has no variable T_casing"
    assert said[2] == "does not let its start values be set: P_el"
    assert said[3].startswith("cannot be opened: ")
    assert said[5].startswith("fmi2SetReal returned fmi2Error at 0 s")
