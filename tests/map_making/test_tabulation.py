"""The table: as many nodes as the tolerance takes, and an envelope that the model can solve."""

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import serially, with_envelope

from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.map_making.tabulation import largest_working_box, tabulate
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary


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

    with pytest.raises(InputError, match=r"limit is 12000; narrow the envelope in \w+ or raise "):
        tabulate(machine, 1e-6, none)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"T_source_in_min": 225.0}, {"T_source_in"}),
        ({"m_flow_source_min": 0.002}, {"m_flow_source"}),
    ],
)
def test_envelope_that_is_too_large_is_offered_smaller_and_that_works(
    machine: Machine, limits: dict[str, float], expected: set[str]
) -> None:
    large = with_envelope(machine, 0.1, **limits)
    with pytest.raises(InputError) as raised:
        tabulate(large, 0.05, serially)
    message = str(raised.value)
    assert "boundaries have no solution, for instance compressor_speed = " in message
    (named,) = limits
    assert f"{named.removesuffix('_min')} = {limits[named]:g}" in message
    offer = re.findall(r"(\w+) ([\d.e+-]+) to ([\d.e+-]+)", message.split("narrowed to ")[1])
    assert {quantity for quantity, *_ in offer} == expected
    smaller = {}
    for quantity, low, high in offer:
        smaller |= {f"{quantity}_min": float(low), f"{quantity}_max": float(high)}
    places = {f"envelope.{name}": limit for name, limit in smaller.items()}
    tabulate(large.with_parameters(places), 0.05, serially)
    # And it is the largest: a third more of the way does not work.
    assert smaller[named] > limits[named]
    further = smaller[named] + 0.3 * (limits[named] - smaller[named])
    with pytest.raises(InputError):
        tabulate(with_envelope(machine, 0.1, **{named: further}), 0.05, serially)


# The box without a solver ------------------------------------------------------------------------


def box_of(machine: Machine) -> dict[str, tuple[float, float]]:
    return machine.envelope.ranges


def failing(machine: Machine, **limits: tuple[float, float]) -> list[Boundary]:
    """Those of many boundaries of the envelope that lie outside the limits."""
    return [
        b
        for b in sample_envelope(machine, 400, 7, corners=True)
        if any(not low <= getattr(b, q) <= high for q, (low, high) in limits.items())
    ]


def test_nothing_failed_leaves_the_envelope(machine: Machine) -> None:
    assert largest_working_box(machine, []) == box_of(machine)


def test_only_the_limit_that_fails_is_moved(machine: Machine) -> None:
    whole, T = box_of(machine), machine.design.boundary.T_source_in
    for limits in ((273.15, 400.0), (100.0, 293.15)):
        failed = failing(machine, T_source_in=limits)
        box = largest_working_box(machine, failed)
        low, high = box.pop("T_source_in")
        assert box == {q: ends for q, ends in whole.items() if q != "T_source_in"}
        # To the next step, a twentieth of the way.
        assert low <= max(limits[0], whole["T_source_in"][0]) + (T - whole["T_source_in"][0]) / 20
        assert high >= min(limits[1], whole["T_source_in"][1]) - (whole["T_source_in"][1] - T) / 20
        assert not any(low <= b.T_source_in <= high for b in failed)


def test_a_corner_costs_one_limit(machine: Machine) -> None:
    whole = box_of(machine)
    failed = [
        b
        for b in sample_envelope(machine, 400, 7, corners=True)
        if b.T_source_in < 275.0 and b.T_sink_in > 320.0
    ]
    box = largest_working_box(machine, failed)
    moved = [q for q in box if box[q] != whole[q]]
    assert len(moved) == 1
    assert moved[0] in ("T_source_in", "T_sink_in")


def test_box_keeps_the_design_point_whatever_fails(machine: Machine) -> None:
    design, everywhere = vars(machine.design.boundary), sample_envelope(machine, 300, 8, True)
    box = largest_working_box(machine, everywhere)
    assert all(low <= design[q] <= high for q, (low, high) in box.items())
    inside = [b for b in everywhere if all(lo <= vars(b)[q] <= hi for q, (lo, hi) in box.items())]
    assert inside == []
    # The design point itself cannot be cut away; that ends, too.
    assert largest_working_box(machine, [machine.design.boundary])


def test_sample_spreads_over_the_envelope_and_comes_again(machine: Machine) -> None:
    sample = sample_envelope(machine, 1000, 3)
    assert sample == sample_envelope(machine, 1000, 3) != sample_envelope(machine, 1000, 4)
    for q, (low, high) in box_of(machine).items():
        values = np.array([getattr(b, q) for b in sample])
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high >= values.max() > high - 0.02 * (high - low)
    corners = sample_envelope(machine, 0, 3, corners=True)
    assert len(set(corners)) == 32
