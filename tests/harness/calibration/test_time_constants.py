"""Time constants out of logs: known ones are found again, and what a log does not tell is kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from series_logs import MACHINE, NOISE, STEP, TRUE, log_of_core, recorded_data

from heatpump_twin.harness.calibration.serial_correlation import (
    autocorrelation_time,
    middle_of_sandwich,
)
from heatpump_twin.harness.calibration.time_constants import TimeConstants, calibrate_time_constants
from heatpump_twin.harness.data.series import load_series
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.map_making.map_build import CertifiedMap

Log = Callable[..., Path]


@pytest.fixture
def log(certified_maps: dict[str, CertifiedMap], tmp_path: Path) -> Log:
    def written(starts: int, **true: float) -> Path:
        return log_of_core(tmp_path / "log", certified_maps[MACHINE].table, starts, **true)

    return written


def found_in(folder: Path) -> TimeConstants:
    return calibrate_time_constants(load_series(str(folder)), machine_path(MACHINE))


@pytest.fixture(scope="module")
def three_starts(
    certified_maps: dict[str, CertifiedMap], tmp_path_factory: pytest.TempPathFactory
) -> TimeConstants:
    folder = tmp_path_factory.mktemp("three") / "log"
    return found_in(log_of_core(folder, certified_maps[MACHINE].table, 3))


def test_known_time_constants_are_found_within_their_standard_errors(
    three_starts: TimeConstants,
) -> None:
    found = {f.key: f for f in three_starts.fitted}
    assert found.keys() == TRUE.keys()
    for key, true in TRUE.items():
        assert abs(found[key].value - true) < 3.0 * found[key].standard_error, key
        assert found[key].standard_error < 0.1 * true, key
    # Noise of one row has nothing to do with that of the next.
    assert found["sink_lag"].independent > 0.7 * found["sink_lag"].rows
    # The log has no outlet of the source.
    assert set(three_starts.kept) == {"source_lag", "source_residence_time"}
    assert "no T_source_out" in three_starts.kept["source_lag"]


def test_starts_that_a_fit_has_not_seen_are_met_as_noise_allows(
    three_starts: TimeConstants,
) -> None:
    assert len(three_starts.scored) == three_starts.starts == 3
    for start in three_starts.scored:
        assert start.unseen["T_sink_out"] == pytest.approx(NOISE["T_sink_out"], rel=0.15)
        assert start.unseen["P_el"] == pytest.approx(NOISE["P_el"], rel=0.15)
        assert start.before["T_sink_out"] > 5.0 * start.unseen["T_sink_out"]


def test_one_start_is_scored_on_the_rest_and_no_extra_power_tells_no_time(log: Log) -> None:
    found = found_in(log(1, start_power_ratio=0.0, pump_run_on_time=0.0))
    values = {f.key: f for f in found.fitted}
    assert values["start_power_ratio"].value < 3.0 * values["start_power_ratio"].standard_error
    assert found.kept["start_power_time"] == "no extra power after a start shows"
    assert values["pump_run_on_time"].value <= STEP
    assert "one start: fitted to its first 600 s" in found.method
    after = found.scored[-1]
    assert after.part == "600 s after its stop"
    # The outlet is not scored while nothing flows; power there has told of the stop.
    assert after.unseen == {}


def test_pumps_that_run_on_beyond_the_log_are_kept(log: Log) -> None:
    found = found_in(log(1, pump_run_on_time=5000.0))
    assert "does not fall to that at rest within" in found.kept["pump_run_on_time"]


def test_serial_correlation_of_a_known_process() -> None:
    # x(k) = phi x(k - 1) + noise: tau = (1 + phi) / (1 - phi), here 9.
    rng, phi = np.random.default_rng(5), 0.8
    parts = []
    for _ in range(4):
        x = np.zeros(5000)
        noise = rng.standard_normal(len(x))
        for k in range(1, len(x)):
            x[k] = phi * x[k - 1] + noise[k]
        parts.append(x)
    assert autocorrelation_time(parts) == pytest.approx(9.0, rel=0.15)
    assert autocorrelation_time([noise]) == pytest.approx(1.0, abs=0.1)
    # Of a mean J is ones, so J' Omega J = n variance tau with variance 1 / (1 - phi^2).
    rows = sum(map(len, parts))
    middle = middle_of_sandwich(parts, [np.ones((len(x), 1)) for x in parts])
    assert middle[0, 0] == pytest.approx(rows * 9.0 / (1.0 - phi**2), rel=0.25)


def test_recorded_start_of_set_4() -> None:
    recorded_data()
    found = calibrate_time_constants(load_series("rwth_brine_water_log"), machine_path(MACHINE))
    values = {f.key: f for f in found.fitted}
    assert not found.kept
    # The steps of the log show them: power is gone after 3 s, the first pump stops after 301 s.
    assert 0.5 < values["stop_power_time"].value < 1.5
    assert values["pump_run_on_time"].value == pytest.approx(
        301.0, abs=values["pump_run_on_time"].standard_error
    )
    # A second of this log tells nearly the same as the next one.
    assert values["sink_lag"].independent < 0.02 * values["sink_lag"].rows
    run_after, stop = found.scored[1:]
    assert run_after.unseen["T_sink_out"] < 0.16
    assert stop.unseen["T_sink_out"] < 0.27
