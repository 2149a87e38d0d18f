"""Drift: no alarm without one, planted faults found and named, and rates that are as stated."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from series_logs import recorded_data

from heatpump_twin.harness.data.series import load_series
from heatpump_twin.harness.scoring.drift import (
    Blocks,
    Watch,
    false_alarms,
    limit_for,
    resampled,
    run_length,
    sums_of,
)
from heatpump_twin.harness.scoring.faults import FAULTS, FaultModel, faults_of
from heatpump_twin.harness.scoring.watching import watch
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.machine import Machine

QUANTITIES = ["P_el", "T_source_out", "T_sink_out"]
READ = {*QUANTITIES, "T_source_in", "T_sink_in"}
STANDARD = {"P_el": 17.0, "T_source_out": 0.1, "T_sink_out": 0.13}


@pytest.fixture(scope="module")
def twin() -> Machine:
    return read_machine("rwth_brine_water")


@pytest.fixture(scope="module")
def quiet(twin: Machine) -> Blocks:
    """Sixty blocks in twelve steady parts at three sources and four sinks; noise of a third."""
    rng = np.random.default_rng(1)
    plateau = np.repeat(np.arange(1, 13), 5)
    sources, sinks = np.array([278.5, 283.2, 288.2]), np.array([303.0, 307.7, 312.4, 317.2])
    design = twin.design.boundary
    boundaries = pd.DataFrame(
        {
            "compressor_speed": 1.0,
            "T_source_in": sources[(plateau - 1) % 3],
            "T_sink_in": sinks[(plateau - 1) // 3],
            "m_flow_source": design.m_flow_source,
            "m_flow_sink": design.m_flow_sink,
        }
    )
    departures = pd.DataFrame(
        rng.standard_normal((60, 3)) * [STANDARD[q] / 3.0 for q in QUANTITIES], columns=QUANTITIES
    )
    return Blocks(120.0 * np.arange(1, 61), plateau, boundaries, departures, STANDARD)


@pytest.fixture(scope="module")
def watcher(quiet: Blocks, twin: Machine) -> Watch:
    return Watch(quiet, twin, READ)


def test_sums_are_those_of_hand() -> None:
    up, down = sums_of(np.array([[2.0], [3.0], [0.0], [-4.0]]))
    # An allowance of one: 1, 3, 2, 0 above, and 3 below at the end.
    assert up[:, 0].tolist() == [1.0, 3.0, 2.0, 0.0]
    assert down[:, 0].tolist() == [0.0, 0.0, 0.0, 3.0]


def test_the_stated_run_length_is_that_of_simulation() -> None:
    # Shorter, so that it can be counted: 200 blocks to one side.
    rng = np.random.default_rng(0)
    limit = limit_for(1, 100.0)
    assert run_length(limit) == pytest.approx(200.0)
    up, _ = sums_of(rng.standard_normal((2000, 1, 400)))
    passed = (up[:, 0] > limit).argmax(axis=0)
    assert (up[:, 0] > limit).any(axis=0).all()
    assert passed.mean() + 1.0 == pytest.approx(200.0, rel=0.15)


def test_false_alarms_are_no_more_than_stated(quiet: Blocks) -> None:
    rate = false_alarms(quiet, copies=2000)
    assert rate.stated == pytest.approx(1.0 - np.exp(-60.0 / 10_000.0))
    # Of 2000 logs 12 are expected; three standard deviations of a count of 12 are ten.
    assert rate.simulated <= rate.stated + 10.0 / 2000.0
    assert rate.resampled <= rate.stated
    assert rate.errors_dealt <= rate.stated


def test_a_quiet_log_gives_no_alarm(quiet: Blocks, watcher: Watch) -> None:
    assert watcher.look(quiet).alarm is None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_and_named(fault, quiet: Blocks, watcher: Watch) -> None:
    effect = watcher.model.departures(fault, fault.usual, quiet.boundaries, QUANTITIES)
    assert np.isfinite(effect).all()
    since = 15
    effect[:since] = 0.0
    drift = watcher.look(quiet.with_departures(quiet.departures.to_numpy() + effect))
    assert drift.alarm is not None
    assert since <= drift.alarm
    assert drift.since >= since - 5
    assert fault.name in [cause.fault.name for cause in drift.causes]
    named = next(cause for cause in drift.causes if cause.fault is fault)
    assert named.size == pytest.approx(fault.usual, rel=0.3)
    # What left first is what the fault moves most, in standard uncertainties.
    moved = np.abs(effect[since:] / [STANDARD[q] for q in QUANTITIES]).mean(axis=0)
    column = QUANTITIES.index(drift.quantity)
    assert moved[column] > 0.5 * moved.max()
    assert drift.side == np.sign(effect[drift.alarm, column])


def test_faults_do_what_physics_says(quiet: Blocks, twin: Machine) -> None:
    model = FaultModel(twin)
    by_name = {fault.name: fault for fault in FAULTS}

    def mean(name: str, size: float) -> dict[str, float]:
        effect = model.departures(by_name[name], size, quiet.boundaries, QUANTITIES)
        return dict(zip(QUANTITIES, effect.mean(axis=0), strict=True))

    # A fouled condenser condenses higher, so power rises; a fouled evaporator takes less heat.
    assert mean("condenser conductance lost", 30.0)["P_el"] > 50.0
    fouled = mean("evaporator conductance lost", 30.0)
    assert fouled["T_source_out"] > 0.0 > fouled["T_sink_out"]
    # Less flow is changed more; 15 % less by about 1 / 0.85.
    assert mean("sink flow lost", 15.0)["T_sink_out"] == pytest.approx(0.8, abs=0.2)
    assert mean("source flow lost", 15.0)["T_source_out"] < -0.3
    short = mean("refrigerant lost", 30.0)
    assert short["T_sink_out"] < 0.0 < short["T_source_out"]
    # Less swept volume takes less power in the same measure, but for the pumps.
    assert mean("swept volume lost", 10.0)["P_el"] < -100.0
    assert mean("T_sink_out reads wrong", 0.8) == pytest.approx(
        {"P_el": 0.0, "T_source_out": 0.0, "T_sink_out": 0.8}
    )
    # An inlet that reads 0.8 K too much lets the twin expect 0.8 K more at the outlet.
    assert mean("T_sink_in reads wrong", 0.8)["T_sink_out"] == pytest.approx(-0.8, abs=0.05)


def test_a_flow_that_is_read_shows_itself() -> None:
    names = {fault.name for fault in faults_of({*READ, "m_flow_sink"})}
    assert "sink flow lost" not in names
    assert "source flow lost" in names
    assert "P_el reads wrong" not in {f.name for f in faults_of(READ - {"P_el"})}


def test_copies_keep_means_and_spread(quiet: Blocks) -> None:
    copies = resampled(quiet, 500, np.random.default_rng(0))
    assert copies.shape == (60, 3, 500)
    read = quiet.departures.to_numpy()
    means = np.stack([read[quiet.plateau == p].mean(axis=0) for p in quiet.plateau])
    assert copies.mean(axis=2) == pytest.approx(means, abs=5.0)
    assert copies.std(axis=2)[:, 1].mean() == pytest.approx(0.1 / 3.0, rel=0.2)


def test_the_recorded_log_has_no_drift(fmus: dict[str, Path], tmp_path: Path) -> None:
    recorded_data()
    series = load_series("rwth_brine_water_log")
    watched = watch(series, fmus["rwth_brine_water"], tmp_path)
    assert watched.drift.alarm is None
    assert watched.false_alarms.copies == 1000
    assert watched.false_alarms.resampled <= watched.false_alarms.stated
    assert set(watched.drift.blocks.plateau) == set(range(1, 13))
    assert set(watched.drift.blocks.quantities) == set(QUANTITIES)
