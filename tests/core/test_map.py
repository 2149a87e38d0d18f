"""The map in the core against the solvers it stands for, and the laws it must not break."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import random_boundaries, serially
from numpy.polynomial.chebyshev import chebvander
from numpy.polynomial.polynomial import polyval2d
from scipy.optimize import brentq

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.map_making.tabulation import tabulate
from heatpump_twin.model.closures import EVAPORATING_BLEND, SUPERHEAT_BLEND
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array, MapTable
from heatpump_twin.model.quantities import RESULT_QUANTITIES, Boundary, OperatingPoint
from heatpump_twin.model.relations import Relations
from heatpump_twin.solving.cycle import HeatPumpCycle
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle

SHIPPED = ("mci_lab", "nist_split", "rwth_brine_water")

# Random points of the three envelopes together at which balances and second law are checked.
POINTS = 100_000

# What the certificates promise: relative, or K.
RELATIVE = 1e-3
KELVIN = {"T_source_out": 0.01, "T_sink_out": 0.01}
OTHER_KELVIN = 0.05


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(
    request: pytest.FixtureRequest, certified_maps: dict[str, CertifiedMap]
) -> tuple[Machine, MapTable]:
    """Machine and map of each shipped machine."""
    return read_machine(request.param), certified_maps[request.param].table


def assert_close(output: str, value: float, expected: float) -> None:
    if RESULT_QUANTITIES[output].unit == "K":
        assert value == pytest.approx(expected, abs=KELVIN.get(output, OTHER_KELVIN)), output
    elif RESULT_QUANTITIES[output].unit == "J/kg":
        assert value == pytest.approx(expected, abs=100.0), output
    else:
        assert value == pytest.approx(expected, rel=RELATIVE), output


def test_same_answers_as_the_quick_solver(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    core, quick = HeatPump(map_file(machine, table)), QuickCycle(machine)
    for boundary in random_boundaries(machine, 100, seed=51):
        point, solution = core.off_design(boundary), quick.solve(boundary)
        for output, expected in zip(OUTPUTS, solution.outputs, strict=True):
            assert_close(output, getattr(point, output), expected)


def test_same_answers_as_tespy(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    core, tespy = HeatPump(map_file(machine, table)), HeatPumpCycle(machine)
    for boundary in random_boundaries(machine, 8, seed=52):
        point, expected = core.off_design(boundary), tespy.off_design(boundary)
        for output in RESULT_QUANTITIES:
            assert_close(output, getattr(point, output), getattr(expected, output))


def test_laws_hold_everywhere(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    core = HeatPump(map_file(machine, table))
    boundaries = random_boundaries(machine, POINTS // len(SHIPPED) + 1, seed=53)
    inlets = np.array([[b.T_source_in, b.T_sink_in] for b in boundaries])
    outputs = np.array([list(vars(core.off_design(b)).values()) for b in boundaries])
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
def bent(machine: Machine) -> tuple[Machine, HeatPump]:
    """A machine whose valve reaches its setting in a part of the envelope only."""
    other = machine.with_parameters({"expansion_valve.superheat_setting": 4.6})
    return other, HeatPump(map_file(other, tabulate(other, 0.01, serially)))


WALKS = [("T_source_in", 0.5), ("T_source_in", 1.0), ("compressor_speed", 1.0), ("T_sink_in", 1.0)]


@pytest.mark.parametrize(("quantity", "speed"), WALKS)
def test_first_derivatives_are_continuous(
    bent: tuple[Machine, HeatPump], quantity: str, speed: float
) -> None:
    # A jump in a slope is as large between close points as between far ones; a bend is not.
    machine, core = bent
    base = replace(machine.design.boundary, compressor_speed=speed)
    low, high = machine.envelope.range(quantity)

    def walk(count: int) -> tuple[Array, Array]:
        at = np.linspace(low, high, count)
        points = [core.off_design(replace(base, **{quantity: float(x)})) for x in at]
        values = np.array([list(vars(p).values()) for p in points])
        slopes = np.diff(values, axis=0) / np.diff(at)[:, None]
        return np.abs(slopes).max(axis=0), np.abs(np.diff(slopes, axis=0)).max(axis=0)

    steepest, change = walk(201)
    _, change_between_closer = walk(2001)
    seen = change > 2e-3 * steepest
    assert seen.any()
    assert (change_between_closer[seen] < 0.2 * change[seen]).all()
    assert (change_between_closer[~seen] <= 2e-3 * steepest[~seen]).all()


def test_the_walks_cross_both_bends(bent: tuple[Machine, HeatPump]) -> None:
    machine, core = bent
    valve, held, limited = machine.expansion_valve, set(), set()
    for T in np.linspace(*machine.envelope.range("T_source_in"), 30):
        point = core.off_design(replace(machine.design.boundary, T_source_in=float(T)))
        T_dew = point.T_suction - point.superheat
        held.add(valve.T_evaporating_max - T_dew < EVAPORATING_BLEND)
        room = valve.superheat_fraction_max * (T - T_dew) - point.superheat
        limited.add(room < SUPERHEAT_BLEND / 2)
    assert held == limited == {True, False}


def test_suction_is_where_the_closures_meet(shipped: tuple[Machine, MapTable]) -> None:
    # The core searches by secants, on the table without its least modes; here the root is
    # bracketed, on the whole table.
    machine, table = shipped
    core, relations = HeatPump(map_file(machine, table)), Relations(machine, table.sizes)
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
        point = core.off_design(boundary)
        T_dew = evaporator.T_dew(approach)
        assert point.T_suction - point.superheat == pytest.approx(T_dew, abs=1e-4)
        assert point.superheat == pytest.approx(evaporator.superheat(T_dew, approach), abs=2e-4)


def test_standby_is_that_of_the_cycle(shipped: tuple[Machine, MapTable]) -> None:
    machine, table = shipped
    core, cycle = HeatPump(map_file(machine, table)), HeatPumpCycle(machine)
    for T in np.linspace(195.0, 415.0, 100):
        boundary = Boundary(0.0, float(T) + 3.0, float(T), 0.0, 0.0)
        point, expected = core.answer(boundary).point, cycle.standby(boundary)
        assert point is not None
        for output, value in vars(point).items():
            # Enthalpies in J/kg; the series are least exact just below the critical point.
            tolerance = 150.0 if output.startswith("h_") else 1e-5 * abs(getattr(expected, output))
            assert value == pytest.approx(getattr(expected, output), rel=0, abs=tolerance), output
