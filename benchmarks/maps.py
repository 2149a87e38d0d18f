"""Cost of a performance map by its accuracy, and other interpolants with as many nodes."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np
from scipy.interpolate import BarycentricInterpolator, make_interp_spline

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.jobs import Jobs, executor, no_progress
from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.map_making.tabulation import Compute, tabulate
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array, Axis, MapTable
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle

SEED = 20260404
POINTS_PER_TASK = 50

# Quantities whose errors are given.
COMPARED = ("P_el", "Q_flow_sink")

# Logarithmic as in the map: power and heat follow powers of them.
LOGARITHMIC = ("compressor_speed", "m_flow_source", "m_flow_sink")

# A direct tensor's nodes are spread over its axes by what so many lines through the envelope show,
# at so many points each.
LINES, LINE_POINTS = 8, 49

#: Nodes on -1 to 1, and the weights of their values at given places: shape (places, nodes).
Scheme: TypeAlias = tuple[Callable[[int], Array], Callable[[Array, Array], Array]]


@dataclass(frozen=True)
class Errors:
    """Relative errors in % at random points: 99 % and largest, of `COMPARED`."""

    P_el_99: float
    P_el_max: float
    Q_flow_sink_99: float
    Q_flow_sink_max: float


@dataclass(frozen=True)
class MapCost:
    """One map.

    Attributes
    ----------
    tolerance : float
        Asked for.
    seconds : float
        Wall time of its tabulation.
    shape : tuple of int
        Nodes along its axes.
    nodes, size : int
        Their number, and bytes of its files.
    errors : Errors, optional
        None if no map was made.
    problem : str
        Why not.
    """

    tolerance: float
    seconds: float
    shape: tuple[int, ...] = ()
    nodes: int = 0
    size: int = 0
    errors: Errors | None = None
    problem: str = ""


@dataclass(frozen=True)
class Interpolant:
    """One way to interpolate."""

    name: str
    shape: tuple[int, ...]
    nodes: int
    errors: Errors


@dataclass(frozen=True)
class MapResults:
    """All of this file, at the same random points."""

    points: int
    by_tolerance: list[MapCost]
    interpolants: list[list[Interpolant]]


def run(machine: Machine, tolerances: Sequence[float], points: int, compared: int) -> MapResults:
    """Build maps and direct tensors, and compare them at random points.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    tolerances : sequence of float
        One map each, coarsest first.
    points : int
        Random boundaries of the envelope.
    compared : int
        So many of the maps, coarsest first, are compared with direct tensors of no fewer nodes.
    """
    boundaries = sample_envelope(machine, points, SEED)
    with executor(None) as pool, tempfile.TemporaryDirectory() as folder:
        jobs = Jobs(Path(folder) / "points", pool, no_progress)
        exact = _solve(machine, boundaries, jobs.compute)
        lines = _solve_lines(machine, jobs.compute)
        costs, interpolants = [], []
        for k, tolerance in enumerate(tolerances):
            compute = Jobs(Path(folder) / str(tolerance), pool, no_progress).compute
            cost = _map_cost(machine, tolerance, compute, boundaries, exact, Path(folder))
            costs.append(cost)
            if cost.errors is None or k >= compared:
                continue
            ours = Interpolant(
                "condensing unit as Chebyshev tensor, evaporator solved",
                cost.shape,
                cost.nodes,
                cost.errors,
            )
            direct = [
                _direct(
                    name,
                    scheme,
                    machine,
                    shape_by_need(lines, scheme, cost.nodes),
                    boundaries,
                    exact,
                    compute,
                )
                for name, scheme in SCHEMES.items()
            ]
            interpolants.append([ours, *direct])
    return MapResults(points, costs, interpolants)


def solve_points(machine: Machine, boundaries: Sequence[Boundary]) -> Array:
    """Solve the cycle at some boundaries; columns as `COMPARED`."""
    columns = [OUTPUTS.index(q) for q in COMPARED]
    return np.array([_cycle(machine).solve(b).outputs[columns] for b in boundaries])


@lru_cache(maxsize=1)
def _cycle(machine: Machine) -> QuickCycle:
    return QuickCycle(machine)


def _solve(
    machine: Machine,
    boundaries: Sequence[Boundary],
    compute: Compute,
    label: str = "solving",
) -> Array:
    tasks = [
        (machine, boundaries[i : i + POINTS_PER_TASK])
        for i in range(0, len(boundaries), POINTS_PER_TASK)
    ]
    return np.concatenate(compute(label, solve_points, tasks))


def _errors(found: Array, exact: Array) -> Errors:
    sizes = 100.0 * np.abs(found / exact - 1.0)
    figures = [(float(np.percentile(s, 99)), float(s.max())) for s in sizes.T]
    return Errors(*itertools.chain.from_iterable(figures))


def _map_cost(
    machine: Machine,
    tolerance: float,
    compute: Compute,
    boundaries: Sequence[Boundary],
    exact: Array,
    folder: Path,
) -> MapCost:
    begin = perf_counter()
    try:
        table = tabulate(machine, tolerance, compute)
    except InputError as error:
        return MapCost(tolerance, perf_counter() - begin, problem=str(error))
    seconds = perf_counter() - begin
    shape = tuple(axis.nodes for axis in table.axes)
    errors = _errors(_mapped(machine, table, boundaries), exact)
    size = _size(table, folder)
    return MapCost(tolerance, seconds, shape, math.prod(shape), size, errors)


def _mapped(machine: Machine, table: MapTable, boundaries: Sequence[Boundary]) -> Array:
    core = HeatPump(map_file(machine, table))
    points = [core.off_design(boundary) for boundary in boundaries]
    return np.array([[getattr(point, q) for q in COMPARED] for point in points])


def _size(table: MapTable, folder: Path) -> int:
    target = folder / "table"
    target.mkdir(exist_ok=True)
    table.save(target / "performance_map.json")
    return sum(file.stat().st_size for file in target.iterdir())


# Direct tensors ---------------------------------------------------------------------------------


def _chebyshev_nodes(count: int) -> Array:
    return np.cos(math.pi * (2 * np.arange(count) + 1) / (2 * count))[::-1]


def _chebyshev_weights(nodes: Array, places: Array) -> Array:
    weights: Array = BarycentricInterpolator(nodes, np.eye(len(nodes)))(places)
    return weights


def _even_nodes(count: int) -> Array:
    return np.linspace(-1.0, 1.0, count)


def _cubic_weights(nodes: Array, places: Array) -> Array:
    weights: Array = make_interp_spline(nodes, np.eye(len(nodes)), k=min(3, len(nodes) - 1))(places)
    return weights


SCHEMES: dict[str, Scheme] = {
    "all five inputs as Chebyshev tensor": (_chebyshev_nodes, _chebyshev_weights),
    "all five inputs as spline, cubic from 4 nodes on": (_even_nodes, _cubic_weights),
}


def _direct(
    name: str,
    scheme: Scheme,
    machine: Machine,
    shape: tuple[int, ...],
    boundaries: Sequence[Boundary],
    exact: Array,
    compute: Compute,
) -> Interpolant:
    """Interpolate logarithms of the outputs over all five inputs at once."""
    nodes_of, weights_of = scheme
    axes = _input_axes(machine)
    scaled = [nodes_of(n) for n in shape]
    values = [[axis.value(float(u)) for u in us] for axis, us in zip(axes, scaled, strict=True)]
    grid = [Boundary(*at) for at in itertools.product(*values)]
    table = np.log(_solve(machine, grid, compute, name.replace(" ", "_"))).reshape(*shape, -1)
    weights = [
        weights_of(us, np.array([axis.scaled(getattr(b, axis.name)) for b in boundaries]))
        for axis, us in zip(axes, scaled, strict=True)
    ]
    found = np.einsum("pa,abcdeq->pbcdeq", weights[0], table)
    for of_axis in weights[1:]:
        found = np.einsum("pa,pa...->p...", of_axis, found)
    return Interpolant(name, shape, len(grid), _errors(np.exp(found), exact))


def _input_axes(machine: Machine) -> list[Axis]:
    return [
        Axis(q, low, high, q in LOGARITHMIC, LINE_POINTS)
        for q, (low, high) in machine.envelope.ranges.items()
    ]


def _solve_lines(machine: Machine, compute: Compute) -> Array:
    """Logarithms of the outputs along lines through the envelope, evenly spaced.

    Returns
    -------
    numpy.ndarray
        Shape (inputs, points of a line, lines times outputs).
    """
    axes = _input_axes(machine)
    points = [
        replace(middle, **{axis.name: axis.value(float(u))})
        for axis in axes
        for u in _even_nodes(LINE_POINTS)
        for middle in sample_envelope(machine, LINES, SEED)
    ]
    return np.log(_solve(machine, points, compute, "lines")).reshape(len(axes), LINE_POINTS, -1)


def shape_by_need(lines: Array, scheme: Scheme, nodes: int) -> tuple[int, ...]:
    """Nodes along the inputs, at least so many in all, more where one-dimensional errors are large.

    Parameters
    ----------
    lines : numpy.ndarray
        Of `_solve_lines`.
    scheme : Scheme
        Way to interpolate.
    nodes : int
        Least number in all.
    """
    nodes_of, weights_of = scheme
    everywhere = _even_nodes(LINE_POINTS)

    def error(axis: int, count: int) -> float:
        places = nodes_of(count)
        there_and_back = weights_of(places, everywhere) @ _cubic_weights(everywhere, places)
        errors = there_and_back @ lines[axis] - lines[axis]
        return float(np.abs(errors).max(axis=0).mean())

    shape = [2] * len(lines)
    while math.prod(shape) < nodes:
        errors = [error(axis, count) for axis, count in enumerate(shape)]
        shape[errors.index(max(errors))] += 1
    return tuple(shape)
