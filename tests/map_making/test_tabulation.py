"""The table: as many nodes as the tolerance takes, and an envelope that the model can solve."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import serially, with_envelope

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.map_making.tabulation import suction_range, tabulate, tabulate_suction
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import ROWS, discharge_of_slowed, slowed_discharge
from heatpump_twin.model.quantities import OperatingStatus


def test_nodes_follow_from_the_tolerance(small: Machine) -> None:
    loose, tight = (tabulate(small, tolerance, serially) for tolerance in (0.05, 1e-5))
    for axis, finer in zip(loose.axes, tight.axes, strict=True):
        assert 2 <= axis.nodes <= finer.nodes
    assert loose.coefficients.size < tight.coefficients.size / 4


def test_two_tables_are_equal(small: Machine) -> None:
    one, other = (tabulate(small, 0.05, serially) for _ in range(2))
    assert one.coefficients.tobytes() == other.coefficients.tobytes()
    assert replace(one, coefficients=0, suction_coefficients=0) == replace(
        other, coefficients=0, suction_coefficients=0
    )


def test_tolerance_that_takes_too_many_nodes_says_what_to_change(machine: Machine) -> None:
    def none(label: str, function: object, tasks: object) -> list:
        raise AssertionError("nothing is tabulated before the number of nodes is known")

    with pytest.raises(InputError, match=r"and 12000 in all; narrow the envelope in \w+ or raise "):
        tabulate(machine, 1e-6, none)


def test_wide_range_of_an_air_source_is_tabulated() -> None:
    # From -23 to 22 degC into 27 to 53 degC: pressure ratios up to 20 in the corners of the box,
    # where the compressor delivers next to nothing and gets far too hot.
    machine = read_machine("nist_split")
    wide = {"T_source_in_min": 250.0, "T_source_in_max": 295.0}
    wide |= {"T_sink_in_min": 300.0, "T_sink_in_max": 326.0, "p_low_min": 1e5}
    leaky = machine.with_parameters({"compressor.leakage_coefficient": 0.075})
    asked: list[object] = []

    def counted(label: str, function: object, tasks: Sequence[object]) -> list[Any]:
        asked.extend(tasks)
        raise KeyboardInterrupt

    for machine_of_kind in (machine, leaky):
        with pytest.raises(KeyboardInterrupt):
            tabulate(with_envelope(machine_of_kind, 0.02, **wide), 1e-3, counted)
    assert 0 < len(asked) < 120


def test_discharge_temperature_rises_slowly_beyond_its_limit(machine: Machine) -> None:
    at = (245.0, 5.0, [1.0], [320.0], [machine.design.boundary.m_flow_sink])
    limited = with_envelope(machine, 0.1, T_discharge_max=330.0)
    free = with_envelope(machine, 0.1, T_discharge_max=2000.0)
    T, slowed = (tabulate_suction(m, *at)[ROWS.index("T_discharge")] for m in (free, limited))
    # 330 + 100 arsinh((T - 330) / 100), and beyond the limit as before.
    assert T > 350.0
    assert slowed == pytest.approx(330.0 + 100.0 * np.arcsinh((T - 330.0) / 100.0))
    assert slowed > 330.0
    # Who reads the table finds the temperature itself again.
    assert discharge_of_slowed(slowed, 330.0) == pytest.approx(T)
    # By hand: a limit of 150 degC passed by 100 K is in the table as 238.14 degC.
    assert slowed_discharge(523.15, 423.15) == pytest.approx(423.15 + 88.1374, abs=1e-4)
    assert discharge_of_slowed(423.15 + 88.1374, 423.15) == pytest.approx(523.15, abs=1e-3)
    assert discharge_of_slowed(400.0, 423.15) == slowed_discharge(400.0, 423.15) == 400.0


@pytest.mark.parametrize(
    "limits", [{"T_source_in_min": 225.0}, {"m_flow_source_min": 0.002}, {"T_sink_in_max": 338.0}]
)
def test_envelope_that_goes_beyond_what_has_a_solution(
    machine: Machine, limits: dict[str, float]
) -> None:
    large = with_envelope(machine, 0.1, **limits)
    table = tabulate(large, 0.05, serially)
    core = HeatPump(map_file(large, table))
    (name,) = limits
    quantity = name.removesuffix("_min").removesuffix("_max")
    far = replace(machine.design.boundary, **{quantity: limits[name]})
    answer = core.answer(far)
    # As at any other limit: the nearest point towards the design point that works.
    assert answer.status is OperatingStatus.MOVED_TO_ENVELOPE
    assert any("moved towards the design point" in note for note in answer.notes)
    envelope = large.envelope
    assert envelope.p_low_min <= answer.point.p_low
    assert answer.point.p_high <= envelope.p_high_max
    near = core.answer(machine.design.boundary)
    assert near.status is OperatingStatus.INSIDE


def test_envelope_without_any_solution_is_said(machine: Machine) -> None:
    boundaries = [replace(machine.design.boundary, T_source_in=200.0 + i) for i in range(5)]
    with pytest.raises(InputError, match="only 0 of 5 boundaries of the envelope have a solution"):
        suction_range(machine, boundaries)


def test_sample_spreads_over_the_envelope_and_comes_again(machine: Machine) -> None:
    sample = sample_envelope(machine, 1000, 3)
    assert sample == sample_envelope(machine, 1000, 3) != sample_envelope(machine, 1000, 4)
    for q, (low, high) in machine.envelope.ranges.items():
        values = np.array([getattr(b, q) for b in sample])
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high >= values.max() > high - 0.02 * (high - low)
    corners = sample_envelope(machine, 0, 3, corners=True)
    assert len(set(corners)) == 32
