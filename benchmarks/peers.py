"""Other tools on the same boundary series. They model other machines, so only speed is compared."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import numpy as np
from tespy.components import Compressor, Condenser, CycleCloser, HeatExchanger, Sink, Source, Valve
from tespy.connections import Connection
from tespy.networks import Network

from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.cycle import CONVERGED

from . import series

KELVIN = 273.15


@dataclass(frozen=True)
class Peer:
    """One way to use another tool.

    Attributes
    ----------
    package, version : str
        What was run.
    way : str
        How.
    steps, unsolved : int
        Points asked for, and those without an answer.
    seconds : float
        Of one step that was answered: the median, or the mean where all are calculated at once.
    problem : str
        Why it could not be run.
    """

    package: str
    version: str
    way: str
    steps: int = 0
    unsolved: int = 0
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Counts:
    """How many points each peer is asked for."""

    hplib: int
    vclibpy: int
    tespy: int


def run(machine: Machine, counts: Counts) -> list[Peer]:
    """Run all peers that are installed."""
    inputs = series.random_series(machine, max(vars(counts).values()))
    ways: list[tuple[str, str, Callable[[], tuple[int, int, float]]]] = [
        (
            "hplib",
            "generic brine/water unit, all steps in one call",
            lambda: _hplib_at_once(machine, counts.hplib),
        ),
        (
            "hplib",
            "generic brine/water unit, one call a step",
            lambda: _hplib_each(machine, inputs[: counts.hplib]),
        ),
        (
            "vclibpy",
            "R410A cycle with moving boundaries, air as its source",
            lambda: _vclibpy(machine, inputs[: counts.vclibpy]),
        ),
        (
            "tespy",
            "R410A cycle as its documentation shows: UA and efficiency by characteristic lines",
            lambda: _plain_tespy(machine, inputs[: counts.tespy]),
        ),
    ]
    return [_run(*way) for way in ways]


def _run(package: str, way: str, run_it: Callable[[], tuple[int, int, float]]) -> Peer:
    try:
        found = version(package)
    except PackageNotFoundError:
        return Peer(package, "", way, problem="not installed")
    try:
        steps, unsolved, seconds = run_it()
    except Exception as error:  # noqa: BLE001  a peer that breaks is a line of the page
        return Peer(package, found, way, problem=f"{type(error).__name__}: {error}".split("\n")[0])
    return Peer(package, found, way, steps, unsolved, seconds)


# hplib ------------------------------------------------------------------------------------------


def _hplib_unit(machine: Machine) -> Any:
    from hplib import hplib

    design = machine.design
    parameters = hplib.get_parameters(
        "Generic",
        group_id=2,  # brine/water, regulated
        t_in=round(design.boundary.T_source_in - KELVIN),
        t_out=round(design.boundary.T_sink_in - KELVIN) + 5,
        p_th=round(design.Q_flow_sink),
    )
    return hplib.HeatPump(parameters)


def _hplib_at_once(machine: Machine, count: int) -> tuple[int, int, float]:
    unit = _hplib_unit(machine)
    source, sink = (np.array(series.random_series(machine, count))[:, 1:3] - KELVIN).T
    begin = perf_counter()
    unit.simulate(source, sink, source, mode=1)
    return count, 0, (perf_counter() - begin) / count


def _hplib_each(machine: Machine, inputs: Sequence[Sequence[float]]) -> tuple[int, int, float]:
    unit = _hplib_unit(machine)
    times = []
    for _, source, sink, *_ in inputs:
        begin = perf_counter()
        unit.simulate(source - KELVIN, sink - KELVIN, source - KELVIN, mode=1)
        times.append(perf_counter() - begin)
    return len(times), 0, statistics.median(times)


# vclibpy ----------------------------------------------------------------------------------------

# Heat capacity of brine over that of air: equal capacity flows.
AIR_FOR_BRINE = 4.0


def _vclibpy(machine: Machine, inputs: Sequence[Sequence[float]]) -> tuple[int, int, float]:
    from vclibpy import Inputs
    from vclibpy.components.compressors import ConstantEffectivenessCompressor
    from vclibpy.components.expansion_valves import Bernoulli
    from vclibpy.components.heat_exchangers import heat_transfer
    from vclibpy.components.heat_exchangers.moving_boundary_ntu import (
        MovingBoundaryNTUCondenser,
        MovingBoundaryNTUEvaporator,
    )
    from vclibpy.flowsheets import StandardCycle

    logging.getLogger("vclibpy").setLevel(logging.CRITICAL)
    constant = heat_transfer.constant.ConstantHeatTransfer
    exchanger = {
        "A": 2.0,
        "flow_type": "counter",
        "ratio_outer_to_inner_area": 1.0,
        "two_phase_heat_transfer": heat_transfer.constant.ConstantTwoPhaseHeatTransfer(alpha=3e3),
        "gas_heat_transfer": constant(alpha=500.0),
        "liquid_heat_transfer": constant(alpha=2e3),
        "secondary_heat_transfer": constant(alpha=3e3),
        "wall_heat_transfer": heat_transfer.wall.WallTransfer(lambda_=15.0, thickness=4e-4),
    }
    speed_max = machine.envelope.maximum.compressor_speed
    cycle = StandardCycle(
        fluid=machine.refrigerant,
        condenser=MovingBoundaryNTUCondenser(secondary_medium="water", **exchanger),
        # Its water is that of the equation of state, which ends at 0 degC.
        evaporator=MovingBoundaryNTUEvaporator(secondary_medium="air", **exchanger),
        compressor=ConstantEffectivenessCompressor(
            N_max=60.0 * speed_max, V_h=19e-6, eta_isentropic=0.7, eta_mech=0.9, lambda_h=0.9
        ),
        expansion_valve=Bernoulli(A=0.1),
    )
    times = []
    for speed, T_source_in, T_sink_in, m_flow_source, m_flow_sink in inputs:
        at = Inputs(
            n=speed / speed_max,
            T_eva_in=T_source_in,
            T_con_in=T_sink_in,
            m_flow_eva=AIR_FOR_BRINE * m_flow_source,
            m_flow_con=m_flow_sink,
            dT_eva_superheating=5.0,
            dT_con_subcooling=3.0,
        )
        begin = perf_counter()
        if cycle.calc_steady_state(at) is not None:
            times.append(perf_counter() - begin)
    return len(inputs), len(inputs) - len(times), statistics.median(times)


# TESPy ------------------------------------------------------------------------------------------


def _plain_tespy(machine: Machine, inputs: Sequence[Sequence[float]]) -> tuple[int, int, float]:
    """A cycle with terminal temperature differences at design, and UA lines off design."""
    design = machine.design
    network = Network(iterinfo=False)
    closer, condenser, valve = CycleCloser("closer"), Condenser("condenser"), Valve("valve")
    evaporator, compressor = HeatExchanger("evaporator"), Compressor("compressor")
    source_in = Connection(Source("source in"), "out1", evaporator, "in1")
    sink_in = Connection(Source("sink in"), "out1", condenser, "in2")
    gas = Connection(closer, "out1", condenser, "in1")
    liquid = Connection(condenser, "out1", valve, "in1")
    suction = Connection(evaporator, "out2", compressor, "in1")
    network.add_conns(
        gas,
        liquid,
        Connection(valve, "out1", evaporator, "in2"),
        suction,
        Connection(compressor, "out1", closer, "in1"),
        source_in,
        Connection(evaporator, "out1", Sink("source out"), "in1"),
        sink_in,
        Connection(condenser, "out2", Sink("sink out"), "in1"),
    )
    gas.set_attr(fluid={machine.refrigerant: 1})
    for connection, medium in (
        (source_in, machine.source_medium),
        (sink_in, machine.sink_medium),
    ):
        name = f"{medium}|mass" if "[" in medium else medium
        connection.set_attr(fluid={name: 1}, p=2e5)
    at = design.boundary
    source_in.set_attr(T=at.T_source_in, m=at.m_flow_source)
    sink_in.set_attr(T=at.T_sink_in, m=at.m_flow_sink)
    condenser.set_attr(pr1=1, pr2=1, Q=-design.Q_flow_sink)
    evaporator.set_attr(pr1=1, pr2=1)
    compressor.set_attr(eta_s=0.7, design=["eta_s"], offdesign=["eta_s_char"])
    # First with given temperatures of the refrigerant, which need no good start, then with the
    # differences that the exchangers are designed for.
    suction.set_attr(x=1, T=at.T_source_in - 8.0)
    liquid.set_attr(T=at.T_sink_in + 6.0)
    network.solve("design")
    suction.set_attr(T=None)
    liquid.set_attr(T=None)
    condenser.set_attr(ttd_u=3, design=["ttd_u"], offdesign=["UA_char"])
    evaporator.set_attr(ttd_l=6, design=["ttd_l"], offdesign=["UA_char"])
    network.solve("design")
    designed = network.save(as_dict=True)

    def solves(**options: object) -> bool:
        try:
            network.solve("offdesign", design_path=designed, **options)
        except ValueError:
            return False
        return network.status in CONVERGED

    times, has_solution = [], True
    for speed, T_source_in, T_sink_in, m_flow_source, m_flow_sink in inputs:
        source_in.set_attr(T=T_source_in, m=m_flow_source)
        sink_in.set_attr(T=T_sink_in, m=m_flow_sink)
        # Its user gives the heat, the usual input of that documentation, and not the speed.
        condenser.set_attr(Q=-speed * design.Q_flow_sink)
        begin = perf_counter()
        # After a failure it has to be started from the design point again.
        has_solution = solves() if has_solution else solves(init_path=designed)
        if has_solution:
            times.append(perf_counter() - begin)
    return len(inputs), len(inputs) - len(times), statistics.median(times)
