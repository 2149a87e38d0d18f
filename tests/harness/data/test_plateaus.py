"""Steady parts of a log: those that are there, none that is not, and points to be fitted to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from series_logs import made_rows, recorded_data, write_log

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.harness.data.plateau_points import points_of, write_points
from heatpump_twin.harness.data.plateaus import TEMPERATURES, find_plateaus
from heatpump_twin.harness.data.series import Series, load_series
from heatpump_twin.model.errors import InputError

# The same log's plateaus, found by others.
KNOWN = pd.read_csv(DATASETS / "rwth_brine_water" / "data.csv")


@pytest.fixture(scope="module")
def log() -> Series:
    recorded_data()
    return load_series("rwth_brine_water_log")


def noisy(log: Series, deviation: float) -> Series:
    rng = np.random.default_rng(0)
    values = log.values.copy()
    for name in TEMPERATURES:
        values[name] += deviation * rng.standard_normal(len(values))
    return replace(log, values=values)


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log,
        lambda log: noisy(log, 0.05),
        lambda log: noisy(log, 0.1),
        lambda log: load_series("rwth_brine_water_log", step=2.0, kind="sample"),
    ],
    ids=["as recorded", "noise 0.05 K", "noise 0.1 K", "every other second"],
)
def test_the_twelve_plateaus_are_found_and_none_invented(
    log: Series, change: Callable[[Series], Series]
) -> None:
    series = change(log)
    found = [
        (series.time[p.begin] - series.step[p.begin], series.time[p.end - 1])
        for p in find_plateaus(series)
    ]
    assert len(found) == len(KNOWN) == 12
    for (begin, end), known in zip(found, KNOWN.itertuples(), strict=True):
        common = min(end, known.t_end) - max(begin, known.t_start)
        union = max(end, known.t_end) - min(begin, known.t_start)
        assert common / (known.t_end - known.t_start) >= 0.8, known
        assert common / union >= 0.8, known


def test_points_are_as_those_that_are_shipped(log: Series, tmp_path: Path) -> None:
    write_points(points_of(log), tmp_path / "points")
    points, shipped = load_dataset(str(tmp_path / "points")), load_dataset("rwth_brine_water")
    for name in ("T_source_in", "T_source_out", "T_sink_in", "T_sink_out"):
        gap = points.values[name].to_numpy() - shipped.values[name].to_numpy()
        assert np.abs(gap).max() < 0.05, name
        # The sensor's and, in squares, that of the mean, which is less.
        assert 0.1 <= points.uncertainties[name].iloc[0] < 0.12
    gap = points.values["P_el"].to_numpy() / shipped.values["P_el"].to_numpy() - 1.0
    assert np.abs(gap).max() < 1e-3
    assert points.descriptor.start == "start.toml"
    assert (tmp_path / "points" / "start.toml").is_file()
    assert points.unknown_flows.keys() == shipped.unknown_flows.keys()
    assert points.scored == ("P_el", "T_source_out", "T_sink_out")
    with pytest.raises(InputError, match=r"already holds descriptor.toml, data.csv, start.toml"):
        write_points(points_of(log), tmp_path / "points")


def steady_rows(minutes: int) -> list[list[str]]:
    """A run of ten-second rows, off for the first two minutes, as steady as can be."""
    rows = made_rows(6 * minutes)
    for i, row in enumerate(rows):
        row[1:] = ["on", "10.0", "35.0", "40.0", "1.5"] if i >= 12 else row[1:2] + row[2:]
        if i < 12:
            row[1:] = ["off", "10.0", "35.0", "35.5", "0.02"]
    return rows


def test_a_steady_run_is_one_plateau_and_a_ramp_none(tmp_path: Path) -> None:
    rows = steady_rows(20)
    series = load_series(str(write_log(tmp_path / "steady", rows)))
    (plateau,) = find_plateaus(series)
    assert series.time[plateau.end - 1] == 1190.0
    # The row of the start is the first in which it runs.
    assert series.time[plateau.begin] == pytest.approx(120.0, abs=60.0)
    for i, row in enumerate(rows):
        row[3] = f"{30.0 + 0.02 * i:.2f}"  # 0.12 K a minute: 0.36 K in a window
    ramp = load_series(str(write_log(tmp_path / "ramp", rows)))
    assert find_plateaus(ramp) == []
    with pytest.raises(InputError, match="holds no steady part"):
        points_of(ramp)


def test_a_flow_or_power_that_jumps_is_not_steady(tmp_path: Path) -> None:
    rows = steady_rows(20)
    for row in rows[66:]:
        row[5] = "1.9"
    series = load_series(str(write_log(tmp_path, rows)))
    first, second = find_plateaus(series)
    assert first.end <= 66 <= second.begin + 1


def test_nothing_is_averaged_over_a_gap(tmp_path: Path) -> None:
    rows = steady_rows(20)
    for row in rows[66:]:
        row[0] = f"{float(row[0]) + 5000:g}"
    series = load_series(str(write_log(tmp_path, rows)))
    assert len(find_plateaus(series)) == 2


def test_steps_too_long_to_tell_are_refused(tmp_path: Path) -> None:
    series = load_series(str(write_log(tmp_path, made_rows(step=900.0))))
    with pytest.raises(InputError, match="steps of 900 s are too long to tell what is steady"):
        find_plateaus(series)


def test_a_speed_that_is_only_assumed_follows_from_heat(tmp_path: Path) -> None:
    heat = 'recorded = false\nnote = "varied"\n[derived.Q_flow_sink]\nmedium = "INCOMP::Water"'
    rows = steady_rows(20)
    folder = write_log(tmp_path / "log", rows, more=heat)
    write_points(points_of(load_series(str(folder))), tmp_path / "assumed")
    # The sink's flow is assumed, and so would be the heat.
    assert not load_dataset(str(tmp_path / "assumed")).heat_is_given
    path = folder / "descriptor.toml"
    before, flow, after = path.read_text().partition("[constants.m_flow_sink]")
    path.write_text(before + flow + after.replace("recorded = false", "", 1))
    write_points(points_of(load_series(str(folder))), tmp_path / "points")
    points = load_dataset(str(tmp_path / "points"))
    assert points.heat_is_given
    assert points.descriptor.derived["compressor_speed"].note == "varied"
    # 0.27 kg/s of 4.18 kJ/(kg K) by 5 K.
    assert points.values.Q_flow_sink.to_numpy() == pytest.approx(5640.0, rel=0.005)
    # 0.1 K of both temperatures, 0.02 kg/s of flow.
    assert points.uncertainties.Q_flow_sink.to_numpy() == pytest.approx(
        5640.0 * (2 * 0.1**2 / 5.0**2 + (0.02 / 0.27) ** 2) ** 0.5, rel=0.01
    )
    assert points.scored == ("P_el", "COP")
