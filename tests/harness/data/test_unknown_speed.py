"""Whether a table without speeds is one of an inverter machine, and what `init` makes of it."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.own_dataset import begin_with_table
from heatpump_twin.harness.data.unknown_speed import estimated_speeds, why_several_speeds
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.solving.quick_cycle import QuickCycle, boundaries_of

T_SOURCE, T_SINK = (
    x.ravel() + 273.15 for x in np.meshgrid([-5.0, 0.0, 5.0, 10.0], [30.0, 35.0, 40.0, 45.0])
)


def table(speed: np.ndarray) -> pd.DataFrame:
    """What the laboratory machine gives at these inlets and some speeds, as a user's table."""
    ones = np.ones(len(T_SOURCE))
    inputs = np.stack([speed, T_SOURCE, T_SINK, 0.4 * ones, 0.27 * ones], axis=1)
    solved = QuickCycle(read_machine("mci_lab")).solve_all(boundaries_of(inputs))
    assert solved.are_solved.all()
    return pd.DataFrame(
        {
            "Sole ein in °C": T_SOURCE - 273.15,
            "Rücklauf in °C": T_SINK - 273.15,
            "Volumenstrom Sole in kg/s": inputs[:, 3],
            "Volumenstrom Heizung in kg/s": inputs[:, 4],
            "Leistungsaufnahme in W": solved.column("P_el").round(),
            "Heizleistung in W": solved.column("Q_flow_sink").round(),
        }
    )


VARIED = np.random.default_rng(2).choice([0.5, 0.8, 1.0, 1.4], len(T_SOURCE))
# Less speed the warmer the source is, as with a building's demand.
DEMAND = 1.4 - 0.07 * (T_SOURCE - 268.15)


@pytest.mark.parametrize(
    ("speed", "why"),
    [
        (np.ones(len(T_SOURCE)), ""),
        (VARIED, "beyond what the inlets explain"),
        (DEMAND, "as a building's demand"),
    ],
)
def test_several_speeds_are_told_by_heat_and_power(speed: np.ndarray, why: str) -> None:
    of = table(speed)
    heat, P_el = of["Heizleistung in W"].to_numpy(), of["Leistungsaufnahme in W"].to_numpy()
    found = why_several_speeds(heat, P_el, T_SOURCE, T_SINK)
    assert (why in found) if why else not found
    # A machine that was off in most rows, and ran at one speed in the others.
    is_off = np.arange(len(heat)) % 2 == 0
    off = why_several_speeds(
        np.where(is_off, 0.0, heat), np.where(is_off, 10.0, P_el), T_SOURCE, T_SINK
    )
    assert bool(off) == bool(why)


def test_a_few_rows_of_a_larger_machine_are_no_other_speeds() -> None:
    of = table(np.ones(len(T_SOURCE)))
    larger = np.where(np.isin(np.arange(len(of)), (2, 7, 13)), 1.6, 1.0)
    heat, P_el = (of[f"{name} in W"].to_numpy() for name in ("Heizleistung", "Leistungsaufnahme"))
    assert not why_several_speeds(larger * heat, larger * P_el, T_SOURCE, T_SINK)
    # As many rows of each are two speeds.
    speeds = np.where(np.arange(len(of)) % 2, 1.6, 1.0)
    assert why_several_speeds(speeds * heat, speeds * P_el, T_SOURCE, T_SINK)


def test_heat_that_scatters_alone_tells_no_speeds() -> None:
    of = table(np.ones(len(T_SOURCE)))
    heat = of["Heizleistung in W"] * np.random.default_rng(0).uniform(0.5, 1.5, len(of))
    P_el = of["Leistungsaufnahme in W"].to_numpy()
    assert not why_several_speeds(heat.to_numpy(), P_el, T_SOURCE, T_SINK)


def test_init_writes_that_the_speed_follows_from_heat(tmp_path: Path) -> None:
    table(VARIED).to_csv(tmp_path / "export.csv", index=False)
    begun = begin_with_table(tmp_path / "mine", tmp_path / "export.csv")
    assert any("speed that gives the recorded heat" in a for a in begun.proposal.assumptions)
    text = (tmp_path / "mine" / "descriptor.toml").read_text(encoding="utf-8")
    assert "# [constants.compressor_speed]" in text
    data = load_dataset(str(tmp_path / "mine"))
    assert data.heat_is_given
    assert "Q_flow_sink" not in data.scored
    # Estimates need no machine and are rough; the envelope has room for that.
    record = data.descriptor.design_record
    assert record is not None
    true = VARIED / VARIED[record - 1]
    estimated = estimated_speeds(data, "R410A", record)
    assert estimated.to_numpy() == pytest.approx(true, rel=0.3)
    start = tomllib.loads((tmp_path / "mine" / "start.toml").read_text(encoding="utf-8"))
    limits = [start["envelope"][f"compressor_speed_{end}"]["value"] for end in ("min", "max")]
    assert limits[0] < true.min()
    assert limits[1] > true.max()


def test_init_takes_one_speed_where_heat_follows_the_inlets(tmp_path: Path) -> None:
    table(np.ones(len(T_SOURCE))).to_csv(tmp_path / "export.csv", index=False)
    begun = begin_with_table(tmp_path / "mine", tmp_path / "export.csv")
    assert not begun.dataset.heat_is_given
    assert "compressor_speed" in begun.dataset.descriptor.constants
