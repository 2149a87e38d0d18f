"""The map against the solvers it stands for, the laws it must not break, and its file."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import random_boundaries, serially
from numpy.polynomial.chebyshev import chebvander
from numpy.polynomial.polynomial import polyval2d
from scipy.optimize import brentq

from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine, read_machine_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.map_making.tabulation import tabulate
from heatpump_twin.model.closures import EVAPORATING_BLEND, SUPERHEAT_BLEND
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.performance_map import FORMAT, Array, MapTable, PerformanceMap
from heatpump_twin.model.quantities import RESULT_QUANTITIES, Boundary, OperatingPoint
from heatpump_twin.model.relations import Relations
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.media import Media
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle

SHIPPED = ("mci_lab", "nist_split", "rwth_brine_water")

# Random points of the three envelopes together at which balances and second law are checked.
POINTS = 100_000

# What the certificates promise: relative, or K.
RELATIVE = 1e-3
KELVIN = {"T_source_out": 0.01, "T_sink_out": 0.01}
OTHER_KELVIN = 0.05


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> tuple[Machine, MapTable]:
    """Machine and map of each shipped machine; that of mci_lab has its certificate already."""
    if request.param == "mci_lab":
        certified: CertifiedMap = request.getfixturevalue("certified")
        return read_machine("mci_lab"), certified.table
    machine_file = read_machine_file(machine_path(request.param))
    machine = machine_file.to_machine()
    return machine, tabulate(machine, machine_file.relative_map_tolerance, serially)


@pytest.fixture(scope="module")
def performance_map(machine: Machine, certified: CertifiedMap) -> PerformanceMap:
    return PerformanceMap(machine, certified.table)


def assert_close(output: str, value: float, expected: float) -> None:
    if RESULT_QUANTITIES[output].unit == "K":
        assert value == pytest.approx(expected, abs=KELVIN.get(output, OTHER_KELVIN)), output
    elif RESULT_QUANTITIES[output].unit == "J/kg":
        assert value == pytest.approx(expected, abs=100.0), output
    else:
        assert value == pytest.approx(expected, rel=RELATIVE), output


def test_same_answers_as_the_quick_solver(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    performance_map, quick = PerformanceMap(machine, table), QuickCycle(machine, Media(machine))
    for boundary in random_boundaries(machine, 100, seed=51):
        point, solution = performance_map.off_design(boundary), quick.solve(boundary)
        for output, expected in zip(OUTPUTS, solution.outputs, strict=True):
            assert_close(output, getattr(point, output), expected)


def test_same_answers_as_tespy(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    performance_map, tespy = PerformanceMap(machine, table), HeatPumpCycle(machine)
    for boundary in random_boundaries(machine, 8, seed=52):
        point, expected = performance_map.off_design(boundary), tespy.off_design(boundary)
        for output in RESULT_QUANTITIES:
            assert_close(output, getattr(point, output), getattr(expected, output))


def test_laws_hold_everywhere(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    performance_map = PerformanceMap(machine, table)
    boundaries = random_boundaries(machine, POINTS // len(SHIPPED) + 1, seed=53)
    inlets = np.array([[b.T_source_in, b.T_sink_in] for b in boundaries])
    outputs = np.array([list(vars(performance_map.off_design(b)).values()) for b in boundaries])
    assert np.isfinite(outputs).all()
    p = OperatingPoint(*outputs.T)
    T_source_in, T_sink_in = inlets.T
    imbalance = p.P_el + p.Q_flow_source - p.Q_flow_sink - p.Q_flow_loss
    assert np.abs(imbalance / p.Q_flow_sink).max() <= 1e-9
    m = p.m_flow_refrigerant
    assert np.abs(m * (p.h_suction - p.h_liquid) / p.Q_flow_source - 1).max() <= 1e-9
    assert np.abs(m * (p.h_discharge - p.h_liquid) / p.Q_flow_sink - 1).max() <= 1e-9
    T_dew, T_bubble = p.T_suction - p.superheat, p.T_liquid + p.subcooling
    assert (p.COP * (T_bubble - T_dew) < T_bubble).all()
    assert (T_dew < p.T_source_out).all()
    assert (p.T_source_out < T_source_in).all()
    assert (T_dew < p.T_suction).all()
    assert (p.T_suction < T_source_in).all()
    assert (T_sink_in < p.T_sink_out).all()
    assert (p.T_sink_out < T_bubble).all()
    assert (T_sink_in < p.T_liquid).all()
    assert (p.T_liquid < T_bubble).all()
    assert (T_bubble < p.T_discharge).all()
    assert (p.p_low < p.p_high).all()


@pytest.fixture(scope="module")
def bent(machine: Machine) -> tuple[Machine, PerformanceMap]:
    """A machine whose valve reaches its setting in a part of the envelope only."""
    other = machine.with_parameters({"expansion_valve.superheat_setting": 4.6})
    return other, PerformanceMap(other, tabulate(other, 0.01, serially))


WALKS = [("T_source_in", 0.5), ("T_source_in", 1.0), ("compressor_speed", 1.0), ("T_sink_in", 1.0)]


@pytest.mark.parametrize(("quantity", "speed"), WALKS)
def test_first_derivatives_are_continuous(
    bent: tuple[Machine, PerformanceMap], quantity: str, speed: float
) -> None:
    # A jump in a slope is as large between close points as between far ones; a bend is not.
    machine, performance_map = bent
    base = replace(machine.design.boundary, compressor_speed=speed)
    low, high = machine.envelope.range(quantity)

    def walk(count: int) -> tuple[Array, Array]:
        at = np.linspace(low, high, count)
        points = [performance_map.off_design(replace(base, **{quantity: float(x)})) for x in at]
        values = np.array([list(vars(p).values()) for p in points])
        slopes = np.diff(values, axis=0) / np.diff(at)[:, None]
        return np.abs(slopes).max(axis=0), np.abs(np.diff(slopes, axis=0)).max(axis=0)

    steepest, change = walk(201)
    _, change_between_closer = walk(2001)
    seen = change > 2e-3 * steepest
    assert seen.any()
    assert (change_between_closer[seen] < 0.2 * change[seen]).all()
    assert (change_between_closer[~seen] <= 2e-3 * steepest[~seen]).all()


def test_the_walks_cross_both_bends(bent: tuple[Machine, PerformanceMap]) -> None:
    machine, performance_map = bent
    valve, held, limited = machine.expansion_valve, set(), set()
    for T in np.linspace(*machine.envelope.range("T_source_in"), 30):
        point = performance_map.off_design(replace(machine.design.boundary, T_source_in=float(T)))
        T_dew = point.T_suction - point.superheat
        held.add(valve.T_evaporating_max - T_dew < EVAPORATING_BLEND)
        room = valve.superheat_fraction_max * (T - T_dew) - point.superheat
        limited.add(room < SUPERHEAT_BLEND / 2)
    assert held == limited == {True, False}


def test_suction_is_where_the_closures_meet(shipped: tuple[Machine, MapTable]) -> None:
    # The map spells the closures out and searches by itself; here they are called, on the table
    # evaluated term by term, and the root is bracketed.
    machine, table = shipped
    performance_map, relations = PerformanceMap(machine, table), Relations(machine, table.sizes)
    for boundary in random_boundaries(machine, 60, seed=54):
        inputs = (boundary.compressor_speed, boundary.T_sink_in, boundary.m_flow_sink)
        polynomials = [
            chebvander(axis.scaled(x), axis.nodes - 1)[0]
            for axis, x in zip(table.axes, inputs, strict=False)
        ]
        of_suction = np.einsum("rstabc,a,b,c->str", table.coefficients[:2], *polynomials)
        capacity_flow = boundary.m_flow_source * table.source.heat_capacity(boundary.T_source_in)
        evaporator = relations.evaporator(boundary, capacity_flow)

        def excess(
            approach: float,
            evaporator=evaporator,
            of_suction: Array = of_suction,
            speed: float = boundary.compressor_speed,
        ) -> float:
            T_dew = evaporator.T_dew(approach)
            superheat = evaporator.superheat(T_dew, approach)
            s, t = table.axes[3].scaled_within(superheat), table.axes[4].scaled_within(T_dew)
            heat, flow = np.exp(polyval2d(s, t, of_suction))
            return approach - evaporator.approach(speed * heat, speed * flow)

        approach = brentq(excess, 0.05, 40.0, xtol=1e-10)
        point = performance_map.off_design(boundary)
        T_dew = evaporator.T_dew(approach)
        assert point.T_suction - point.superheat == pytest.approx(T_dew, abs=1e-4)
        assert point.superheat == pytest.approx(evaporator.superheat(T_dew, approach), abs=2e-4)


def test_answer_does_not_depend_on_the_order(machine: Machine, certified: CertifiedMap) -> None:
    boundaries = random_boundaries(machine, 200, seed=55)
    # Neighbours that share the inputs of the condensing unit, which are contracted once.
    boundaries = [b for a in boundaries for b in (a, replace(a, T_source_in=280.0))]
    forwards, backwards = (PerformanceMap(machine, certified.table) for _ in range(2))
    nowhere = replace(machine.design.boundary, T_source_in=200.0)
    expected = [forwards.off_design(b) for b in boundaries]
    found = []
    for boundary in reversed(boundaries):
        with pytest.raises(SolveError):
            backwards.off_design(nowhere)
        backwards.standby(boundary)
        found.append(backwards.off_design(boundary))
    assert found[::-1] == expected


def test_a_boundary_without_a_solution_in_the_table_is_a_solve_error(
    machine: Machine, performance_map: PerformanceMap
) -> None:
    for changes in ({"T_source_in": 230.0}, {"T_source_in": 340.0}, {"m_flow_source": 1e-4}):
        with pytest.raises(SolveError):
            performance_map.off_design(replace(machine.design.boundary, **changes))


def test_standby_is_that_of_the_cycle(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    performance_map, cycle = PerformanceMap(machine, table), HeatPumpCycle(machine)
    for T in np.linspace(150.0, 480.0, 100):
        boundary = Boundary(0.0, float(T) + 3.0, float(T), 0.0, 0.0)
        point, expected = performance_map.standby(boundary), cycle.standby(boundary)
        for output, value in vars(point).items():
            # Enthalpies in J/kg; the series are least exact just below the critical point.
            tolerance = 150.0 if output.startswith("h_") else 1e-5 * abs(getattr(expected, output))
            assert value == pytest.approx(getattr(expected, output), rel=0, abs=tolerance), output


# The file ---------------------------------------------------------------------------------------


@pytest.fixture
def saved(certified: CertifiedMap, tmp_path: Path) -> Path:
    path = tmp_path / "map.json"
    certified.table.save(path)
    return path


def rewritten(path: Path, change: Callable[[dict], None]) -> None:
    """Change the content and give it a hash that fits, as another version would."""
    content = json.loads(path.read_text())
    del content["sha256"]
    change(content)
    text = json.dumps(content, sort_keys=True)
    content["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(content))


def test_file_gives_the_same_answers(
    saved: Path, machine: Machine, performance_map: PerformanceMap
) -> None:
    loaded = PerformanceMap(machine, MapTable.load(saved, machine))
    for boundary in random_boundaries(machine, 20, seed=56):
        assert loaded.off_design(boundary) == performance_map.off_design(boundary)
        assert loaded.standby(boundary) == performance_map.standby(boundary)


def damages() -> Iterator[tuple[str, Callable[[Path], object]]]:
    def write(path: Path, content: bytes) -> None:
        path.write_bytes(content)

    def flip(path: Path, place: float) -> None:
        content = bytearray(path.read_bytes())
        content[int(place * len(content))] ^= 1
        path.write_bytes(content)

    yield "no JSON", lambda p: write(p, b"not a map")
    yield "empty JSON", lambda p: write(p, b"")
    yield "no object", lambda p: write(p, b"[]")
    yield "half of it", lambda p: write(p, p.read_bytes()[: p.stat().st_size // 2])
    yield "no text", lambda p: write(p, b"\xff\xfe\x00")
    yield (
        "another number",
        lambda p: p.write_text(p.read_text().replace('"low": 0.3', '"low": 0.4')),
    )
    yield "no JSON at all", lambda p: p.unlink()
    yield "a bit of the coefficients", lambda p: flip(p.with_suffix(".npy"), 0.5)
    yield "the last bit", lambda p: flip(p.with_suffix(".npy"), 0.999999)
    yield "half of the coefficients", lambda p: write(p.with_suffix(".npy"), b"\x93NUMPY")
    yield "no coefficients", lambda p: p.with_suffix(".npy").unlink()


@pytest.mark.parametrize("damage", [d for _, d in damages()], ids=[name for name, _ in damages()])
def test_damaged_file_is_refused(
    saved: Path, machine: Machine, damage: Callable[[Path], object]
) -> None:
    before = saved.read_bytes(), saved.with_suffix(".npy").read_bytes()
    damage(saved)
    files = (saved, saved.with_suffix(".npy"))
    assert before != tuple(f.read_bytes() if f.is_file() else b"" for f in files)
    with pytest.raises(InputError, match=r"map\.json.*(not a performance map|is damaged)"):
        MapTable.load(saved, machine)


def test_map_of_another_machine_is_refused(saved: Path, machine: Machine) -> None:
    other = dataclasses.replace(machine, auxiliary_power=machine.auxiliary_power + 1.0)
    with pytest.raises(InputError, match="of another machine or of other parameters than mci_lab"):
        MapTable.load(saved, other)


def test_map_of_another_format_is_refused(saved: Path, machine: Machine) -> None:
    rewritten(saved, lambda content: None)
    MapTable.load(saved, machine)  # the hash is not what makes the difference
    rewritten(saved, lambda content: content.update(format=FORMAT + 1))
    with pytest.raises(InputError, match=f"format {FORMAT + 1}; expected {FORMAT}"):
        MapTable.load(saved, machine)


def test_nothing_is_lost_where_the_range_is_scaled(certified: CertifiedMap) -> None:
    for axis in certified.table.axes:
        for value in (axis.low, axis.high, 0.3 * axis.low + 0.7 * axis.high):
            assert axis.value(axis.scaled(value)) == pytest.approx(value, rel=1e-12)
        assert axis.scaled(axis.low) == pytest.approx(-1.0)
        assert axis.scaled_within(math.nextafter(axis.high, math.inf)) <= 1.0
