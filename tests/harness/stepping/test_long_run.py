"""Long runs: what the FMU answered streams to disk and stays, however the run ends."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import COMMAND
from series_logs import made_rows, write_log

from heatpump_twin.harness.errors import CosimulationError
from heatpump_twin.harness.stepping.answers import Answers, read_answers, recover
from heatpump_twin.harness.stepping.long_run import step_through
from heatpump_twin.harness.stepping.replay import inspect_fmu
from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.model.errors import InputError

INPUTS = ("compressor_speed", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink")
OUTPUTS = ("P_el", "T_sink_out")


def table(count: int) -> np.ndarray:
    """Steps of 1 s with a sink that gets warmer."""
    rows = np.tile([1.0, 1.0, 283.15, 305.0, 0.3, 0.27], (count, 1))
    rows[:, 3] += np.arange(count) * 1e-3
    return rows


def answers(folder: Path, count: int) -> Answers:
    return Answers(folder, OUTPUTS, np.arange(count, dtype=float), lambda frame: frame)


def test_answers_are_those_of_a_session(fmu: Path, tmp_path: Path) -> None:
    rows, kept = table(50), answers(tmp_path / "a", 50)
    parts = [rows[:20], rows[20:]]
    step_through(inspect_fmu(fmu), INPUTS, parts, kept, outputs=OUTPUTS, segments=[50])
    read = kept.read(OUTPUTS)
    with Session(fmu, outputs=OUTPUTS) as session:
        for i in (0, 20, 49):
            inputs = dict(zip(INPUTS, map(float, rows[i, 1:]), strict=True))
            assert tuple(read.iloc[i]) == tuple(session.step(inputs, 1.0).values())
    assert list(read_answers(tmp_path / "a")) == ["time", *OUTPUTS]
    assert not list((tmp_path / "a").glob("answers.*"))


def test_means_over_several_steps(fmu: Path, tmp_path: Path) -> None:
    single, mean = answers(tmp_path / "a", 60), answers(tmp_path / "b", 6)
    info = inspect_fmu(fmu)
    step_through(info, INPUTS, [table(60)], single, outputs=OUTPUTS, segments=[60])
    step_through(info, INPUTS, [table(60)], mean, outputs=OUTPUTS, segments=[30, 30], every=10)
    expected = single.read(OUTPUTS).to_numpy().reshape(6, 10, 2).mean(axis=1)
    assert mean.read(OUTPUTS).to_numpy() == pytest.approx(expected, rel=1e-12)


def test_answers_before_a_failure_are_kept(fmu: Path, tmp_path: Path) -> None:
    rows, kept = table(40), answers(tmp_path / "a", 40)
    # Time does not go backwards.
    rows[25, 0] = -1.0
    with pytest.raises(CosimulationError, match=r"stopped after 25 of 40 steps, which are kept in"):
        step_through(inspect_fmu(fmu), INPUTS, [rows], kept, outputs=OUTPUTS, segments=[40])
    assert len(read_answers(tmp_path / "a")) == 25


def test_an_interrupt_keeps_what_was_answered(fmu: Path, tmp_path: Path) -> None:
    count = 300_000
    kept = answers(tmp_path / "a", count)

    def interrupt(label: str, done: int, total: int) -> None:
        assert (label, total) == ("stepping the FMU", count)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=f"of {count} steps were simulated and are kept in"):
        step_through(
            inspect_fmu(fmu),
            INPUTS,
            [table(count) - 0.0],
            kept,
            outputs=OUTPUTS,
            segments=[count],
            progress=interrupt,
        )
    read = read_answers(tmp_path / "a")
    assert 0 < len(read) < count
    assert read["time"].tolist() == list(range(len(read)))


def test_a_killed_run_is_found_again(fmu: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", made_rows(60_000))
    report = tmp_path / "report"
    command = [*COMMAND, "validate", str(log), "--fmu", str(fmu), "-o", str(report)]
    started = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    raw = report / "simulation" / "answers.raw"
    end = time.monotonic() + 120.0
    while not (raw.is_file() and raw.stat().st_size > 100_000) and time.monotonic() < end:
        time.sleep(0.02)
    # No process has time for a last word; the one that steps has a group of its own.
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    os.killpg(started.pid, signal.SIGKILL)
    for child in map(int, children):
        os.kill(child, signal.SIGKILL)
    started.wait()
    with pytest.raises(InputError, match="holds no answers"):
        read_answers(report / "simulation")
    size = raw.stat().st_size
    found = recover(report / "simulation")
    assert found > 1000
    kept = pd.read_parquet(report / "simulation" / "recovered-00000.parquet")
    assert len(kept) == found == size // (8 * len(kept.columns))
    assert np.isfinite(kept["P_el"]).all()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "already holds simulation, which is kept" in again.stderr
