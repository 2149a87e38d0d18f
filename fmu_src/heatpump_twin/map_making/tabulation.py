"""Tabulate a machine's condensing unit for `heatpump_twin.model.map_table`.

The number of nodes along each axis follows from how fast the Chebyshev coefficients fall along
lines through the table. Evaporator and valve, which are not smooth, are not in the table.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import CoolProp
import numpy as np

from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import (
    AXES,
    ROWS,
    SUCTION_ROWS,
    Array,
    Axis,
    MapTable,
    MediumSeries,
    SaturationSeries,
    Series,
    slowed_discharge,
    stretched_inputs,
)
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.model.relations import Relations
from heatpump_twin.solving.condensing_unit import CondensingUnit
from heatpump_twin.solving.media import (
    SECONDARY_PRESSURE,
    Media,
    abstract_state,
    saturation_pressure,
)
from heatpump_twin.solving.property_tables import medium_table
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle, boundaries_of
from heatpump_twin.solving.sizing import size_components

from .sampling import sample_envelope

# Points of the envelope at which the suction state is looked at, besides its corners.
RANGE_POINTS = 400
SEED = 20260101

# With a smaller share of boundaries that have a solution a map is no use.
LEAST_SOLVED = 0.05

# Share of the range of dew temperature and superheat found there that is added at either end.
RANGE_MARGIN = 0.08
LEAST_SUPERHEAT = 0.02

# Lines along which the coefficients are looked at, their nodes, and the largest coefficient left
# out, as a share of the tolerance.
LINES, LINE_NODES = 6, 17
LEFT_OUT_SHARE = 0.16

# Scale that turns an error into a relative one, for rows that are no logarithms: K, K, J/kg.
ROW_SCALES = {"T_bubble": 50.0, "T_discharge": 50.0, "h_suction": 1e5}

# Largest number of nodes; a map with more of them is slower than the FMU's interface.
NODE_BUDGET = 12_000

# Nodes of one-dimensional series, and the smallest term they keep relative to the largest; digits
# that are kept of all coefficients, so that builds on different processors give equal bytes.
SERIES_NODES, SERIES_DIGIT = 14, 1e-8
DIGITS = 11

# Secondary media are tabulated this far beyond the inlets of the envelope, K.
MEDIUM_MARGIN = 60.0

# The input of the envelope that widens an axis.
INPUT_OF = {**{q: q for q in AXES[:3]}, "superheat": "T_source_in", "T_dew": "T_source_in"}

# Logarithmic axes: leakage follows 1/speed and conductances powers of the flow.
LOGARITHMIC = ("compressor_speed", "m_flow_sink")

#: Computes tasks, in any order, and gives the results in the order of the tasks.
Compute: TypeAlias = Callable[[str, Callable[..., Any], Sequence[tuple[Any, ...]]], list[Any]]


@dataclass(frozen=True)
class SuctionRange:
    """Where the suction state lies within the envelope, and how to guess the approach.

    Attributes
    ----------
    T_dew, superheat : tuple of float
        Lowest and highest, K.
    approach_estimate : tuple of float
        See `MapTable`.
    """

    T_dew: tuple[float, float]
    superheat: tuple[float, float]
    approach_estimate: tuple[float, ...]


def tabulate(machine: Machine, tolerance: float, compute: Compute) -> MapTable:
    """Tabulate a machine over its envelope.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    tolerance : float
        Largest relative error wanted.
    compute : callable
        Runs the tasks.

    Raises
    ------
    InputError
        If the model can hardly be solved anywhere in the envelope, or the tolerance would take more
        nodes than `NODE_BUDGET`.
    """
    boundaries = sample_envelope(machine, RANGE_POINTS, SEED, corners=True)
    found = suction_range(machine, boundaries)
    axes = _with_nodes(machine, _axes(machine, found), tolerance)
    nodes = [[axis.value(u) for u in _nodes(axis.nodes)] for axis in axes]
    suctions = list(itertools.product(nodes[3], nodes[4]))
    tables = compute(
        "tabulating",
        tabulate_suction,
        [(machine, T_dew, superheat, *nodes[:3]) for superheat, T_dew in suctions],
    )
    shape = tuple(axis.nodes for axis in axes)
    of_unit, of_suction = np.split(np.array(tables), [-len(SUCTION_ROWS)], axis=1)
    coefficients = np.moveaxis(of_unit.reshape(*shape[3:], len(ROWS), *shape[:3]), 2, 0)
    suction_coefficients = np.moveaxis(of_suction.reshape(*shape[3:], len(SUCTION_ROWS)), 2, 0)
    for place, axis in ((3, 0), (4, 1), (5, 2)):
        coefficients = _along(coefficients, place, _chebyshev_matrix(shape[axis]))
    for place, axis in ((1, 3), (2, 4)):
        to_powers = _powers_matrix(shape[axis]) @ _chebyshev_matrix(shape[axis])
        coefficients = _along(coefficients, place, to_powers)
        suction_coefficients = _along(suction_coefficients, place, to_powers)
    media = Media(machine)
    return MapTable(
        machine_fingerprint=machine.fingerprint,
        sizes=size_components(machine, media),
        axes=axes,
        coefficients=_rounded(coefficients),
        suction_coefficients=_rounded(suction_coefficients),
        approach_estimate=found.approach_estimate,
        source=_medium_series(machine, "source"),
        sink=_medium_series(machine, "sink"),
        saturation=_saturation_series(machine),
    )


def suction_range(machine: Machine, boundaries: Sequence[Boundary]) -> SuctionRange:
    """Solve the cycle at some boundaries and see where the suction state lies.

    Boundaries without a solution lie beyond the machine's limits and do not count.

    Raises
    ------
    InputError
        If hardly any has a solution.
    """
    cycle = QuickCycle(machine)
    inputs = boundaries_of(np.array([list(vars(b).values()) for b in boundaries]))
    found = cycle.solve_all(inputs)
    solved = found.are_solved
    if solved.mean() < LEAST_SOLVED:
        raise InputError(
            f"machine {machine.name}: only {solved.sum()} of {len(boundaries)} boundaries of the "
            f"envelope have a solution, not for instance "
            f"{boundaries[int(np.argmin(solved))].as_text()}; narrow the envelope towards the "
            "design point"
        )
    outputs = dict(zip(OUTPUTS, found.outputs, strict=True))
    superheat, T_dew = outputs["superheat"][solved], found.unknowns[0][solved]
    C = inputs.m_flow_source * cycle.source.heat_capacity(inputs.T_source_in)
    approach = cycle.relations.evaporator(inputs, C).approach_implied(found.unknowns[0])[solved]
    regressors = np.array([[1.0, *stretched_inputs(boundary)] for boundary in boundaries])
    estimate, *_ = np.linalg.lstsq(regressors[solved], np.log(approach), rcond=None)

    def widened(values: Array) -> tuple[float, float]:
        low, high = float(values.min()), float(values.max())
        margin = RANGE_MARGIN * (high - low) + 0.1
        return low - margin, high + margin

    dews, superheats = widened(T_dew), widened(superheat)
    return SuctionRange(
        T_dew=(dews[0], min(dews[1], machine.expansion_valve.T_evaporating_max)),
        superheat=(max(superheats[0], LEAST_SUPERHEAT), superheats[1]),
        approach_estimate=tuple(float(f"{c:.6g}") for c in estimate),
    )


def _axes(machine: Machine, found: SuctionRange) -> tuple[Axis, ...]:
    ranges = {
        **{q: machine.envelope.range(q) for q in AXES[:3]},
        "superheat": found.superheat,
        "T_dew": found.T_dew,
    }
    return tuple(Axis(q, *ranges[q], q in LOGARITHMIC, LINE_NODES) for q in AXES)


def _with_nodes(machine: Machine, axes: tuple[Axis, ...], tolerance: float) -> tuple[Axis, ...]:
    """Choose the number of nodes along each axis by how fast the coefficients fall."""
    limit = LEFT_OUT_SHARE * tolerance
    scales = np.array([ROW_SCALES.get(row, 1.0) for row in (*ROWS, *SUCTION_ROWS)])
    rng = np.random.default_rng(SEED)
    counts = [2] * len(axes)
    for k, axis in enumerate(axes):
        for _ in range(LINES):
            others = [a.value(float(u)) for a, u in zip(axes, rng.uniform(-1, 1, 5), strict=True)]
            line = []
            for u in _nodes(LINE_NODES):
                at = [*others]
                at[k] = axis.value(u)
                speed, sink, flow, superheat, T_dew = at
                line.append(tabulate_suction(machine, T_dew, superheat, [speed], [sink], [flow]))
            coefficients = np.abs(_chebyshev_matrix(LINE_NODES) @ np.array(line)) / scales
            beyond = np.nonzero((coefficients > limit).any(axis=1))[0]
            counts[k] = max(counts[k], int(beyond.max(initial=0)) + 1)
    needed, most = math.prod(counts), max(range(len(axes)), key=lambda k: counts[k])
    if counts[most] == LINE_NODES or needed > NODE_BUDGET:
        most_nodes = f"{LINE_NODES - 1} along an axis and {NODE_BUDGET} in all"
        raise InputError(
            f"machine {machine.name}: a map within {tolerance:.2g} would need {needed} nodes or "
            f"more ({', '.join(f'{a.name} {n}' for a, n in zip(axes, counts, strict=True))}), the "
            f"limit is {most_nodes}; narrow the envelope in {INPUT_OF[axes[most].name]} or raise "
            "map_tolerance in the machine file"
        )
    return tuple(replace(axis, nodes=n) for axis, n in zip(axes, counts, strict=True))


@lru_cache(maxsize=2)
def _unit(machine: Machine) -> CondensingUnit:
    media = Media(machine)
    return CondensingUnit(machine, Relations(machine, size_components(machine, media)), media)


def tabulate_suction(
    machine: Machine,
    T_dew: float,
    superheat: float,
    speeds: Iterable[float],
    sinks: Sequence[float],
    flows: Sequence[float],
) -> Array:
    """Solve the condensing unit at one suction state for all combinations of its inputs.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    T_dew, superheat : float
        At suction, K.
    speeds, sinks, flows : sequence of float
        Compressor speeds, sink inlet temperatures in K, sink mass flows in kg/s.

    Returns
    -------
    numpy.ndarray
        Rows as `ROWS`, each of shape (speeds, sinks, flows), then the `SUCTION_ROWS`; flat.

    Raises
    ------
    InputError
        If one of them has no solution.
    """
    unit = _unit(machine)
    p = saturation_pressure(machine.refrigerant, T_dew, 1)
    suction = unit.suction_state(p, T_dew, superheat)
    values = []
    unknown = Boundary(**dict.fromkeys(BOUNDARY_QUANTITIES, math.nan))
    for speed, T_sink_in, m_flow_sink in itertools.product(speeds, sinks, flows):
        inputs = zip(AXES[:3], (speed, T_sink_in, m_flow_sink), strict=True)
        # The condensing unit depends on no other input.
        boundary = replace(unknown, **dict(inputs))
        try:
            state = unit.solve(suction, boundary)
            T_discharge = slowed_discharge(
                unit.T_discharge(suction, state, boundary), machine.envelope.T_discharge_max
            )
        except SolveError as error:
            raise InputError(
                f"machine {machine.name}: the map needs the condensing unit at dew temperature "
                f"{T_dew:.2f} K, superheat {superheat:.2f} K, speed {speed:.3g}, T_sink_in "
                f"{T_sink_in:.2f} K, m_flow_sink {m_flow_sink:.4g} kg/s, where it has no solution "
                f"({error}); narrow the envelope"
            ) from error
        values.append(
            (
                math.log(state.Q_flow_source / speed),
                math.log(state.m_flow_refrigerant / speed),
                math.log(state.compressor_power / speed),
                state.T_bubble,
                math.log(state.p_high),
                T_discharge,
            )
        )
    of_unit = np.array(values).T.ravel()
    return np.concatenate([of_unit, [suction.h, math.log(p)]])


def _nodes(count: int) -> list[float]:
    """Chebyshev points of the first kind on -1 to 1."""
    return [math.cos(math.pi * (2 * k + 1) / (2 * count)) for k in range(count)]


def _chebyshev_matrix(count: int) -> Array:
    """Take values at `_nodes` to Chebyshev coefficients."""
    k = np.arange(count)
    matrix = 2.0 / count * np.cos(np.pi * np.outer(k, 2 * k + 1) / (2 * count))
    matrix[0] /= 2.0
    return matrix


def _powers_matrix(count: int) -> Array:
    """Take Chebyshev coefficients to those of powers."""
    matrix = np.zeros((count, count))
    for k in range(count):
        powers = np.polynomial.chebyshev.cheb2poly(np.eye(count)[k][: k + 1])
        matrix[: len(powers), k] = powers
    return matrix


def _along(values: Array, place: int, matrix: Array) -> Array:
    return np.moveaxis(np.tensordot(matrix, values, (1, place)), 0, place)


def _rounded(coefficients: Array) -> Array:
    """Round each row to `DIGITS` digits of its largest coefficient, but never below its use."""
    largest = np.abs(coefficients).reshape(len(coefficients), -1).max(axis=1)
    quantum = 10.0 ** np.ceil(np.log10(largest) - DIGITS)
    shaped = quantum.reshape(-1, *[1] * (coefficients.ndim - 1))
    return np.round(coefficients / shaped) * shaped


def _fitted(function: Callable[[float], float], low: float, high: float) -> Series:
    nodes = [0.5 * (low * (1.0 - u) + high * (1.0 + u)) for u in _nodes(SERIES_NODES)]
    coefficients = _chebyshev_matrix(SERIES_NODES) @ np.array([function(x) for x in nodes])
    seen = np.abs(coefficients) > SERIES_DIGIT * np.abs(coefficients[1:]).max()
    count = int(np.nonzero(seen)[0].max()) + 1
    powers = _rounded((_powers_matrix(count) @ coefficients[:count])[None])[0]
    return Series(float(low), float(high), tuple(float(c) for c in powers[::-1]))


def _medium_series(machine: Machine, side: str) -> MediumSeries:
    state = abstract_state(getattr(machine, f"{side}_medium"))
    coldest, warmest = machine.envelope.range(f"T_{side}_in")
    # Where it neither freezes nor boils.
    table = medium_table(getattr(machine, f"{side}_medium"))
    low, high = max(table.low, coldest - MEDIUM_MARGIN), min(table.high, warmest + MEDIUM_MARGIN)

    def at(T: float, value: Callable[[], float]) -> float:
        state.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
        return float(value())

    def temperature(h: float) -> float:
        state.update(CoolProp.HmassP_INPUTS, h, SECONDARY_PRESSURE)
        return float(state.T())

    return MediumSeries(
        heat_capacity=_fitted(lambda T: at(T, state.cpmass), low, high),
        enthalpy=_fitted(lambda T: at(T, state.hmass), low, high),
        temperature=_fitted(temperature, at(low, state.hmass), at(high, state.hmass)),
    )


def _saturation_series(machine: Machine) -> SaturationSeries:
    state = abstract_state(machine.refrigerant)
    low, high = state.Tmin(), 0.99 * state.T_critical()

    def at(T: float, quality: int, value: Callable[[], float]) -> float:
        state.update(CoolProp.QT_INPUTS, quality, T)
        return float(value())

    return SaturationSeries(
        log_p_dew=_fitted(lambda T: math.log(at(T, 1, state.p)), low, high),
        h_dew=_fitted(lambda T: at(T, 1, state.hmass), low, high),
        h_bubble=_fitted(lambda T: at(T, 0, state.hmass), low, high),
    )
