"""Error of a performance map against the live model, at points that are no nodes of the map."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Envelope, Machine
from heatpump_twin.model.map_table import Array, MapTable
from heatpump_twin.model.quantities import RESULT_QUANTITIES, Boundary, Quantity

from .sampling import sample_envelope

if TYPE_CHECKING:
    from heatpump_twin.solving.cycle import HeatPumpCycle

    from .tabulation import Compute

POINTS, SEED = 2000, 20260202
POINTS_PER_TASK = 50

# What the machine's tolerance, the largest relative error, means for each output. 99 of 100 points
# have to be within a fifth of it where `LIMITS` says so.
TEMPERATURE_SCALE = 10.0  # K: a tolerance of 0.001 is 0.01 K
LIMITED_FLOWS = ("P_el", "Q_flow_sink", "Q_flow_source", "m_flow_refrigerant")
LIMITED_PRESSURES = ("p_low", "p_high")
LIMITED_TEMPERATURES = ("T_source_out", "T_sink_out")
SHARE_OF_MOST = 0.2

# Points without a solution lie beyond what an exchanger, a medium or the refrigerant can do. Within
# the limits TESPy may miss this share of the points, and so much may lie beyond them.
NO_SOLUTION = "no solution"
MOST_UNSOLVED, MOST_BEYOND = 0.01, 0.9


@dataclass(frozen=True)
class OutputError:
    """Absolute error of one output over the points.

    Attributes
    ----------
    unit : str
        ``%`` of the live value, or the output's own unit where a percentage means nothing.
    mean, percentile_99, maximum : float
        In that unit.
    """

    unit: str
    mean: float
    percentile_99: float
    maximum: float


@dataclass(frozen=True)
class Certificate:
    """Errors of a performance map as found by its build.

    Attributes
    ----------
    machine_fingerprint : str
        Of the machine.
    tolerance : float
        Largest relative error wanted.
    points, seed : int
        Random boundaries, spread evenly over the envelope, and how to draw them again.
    nodes : int
        Of the table.
    errors : dict of str to OutputError
        By output.
    beyond : dict of str to int
        How many of the points lie beyond each limit of the machine or have no solution, so that
        the FMU answers from the nearest point towards the design point; they are not compared.
    """

    machine_fingerprint: str
    tolerance: float
    points: int
    seed: int
    nodes: int
    errors: dict[str, OutputError]
    beyond: dict[str, int] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Certificate:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is no certificate.
        """
        try:
            return cls.parse(path.read_bytes(), str(path))
        except OSError as error:
            raise InputError(f"{path}: not a certificate: {error}") from error

    @classmethod
    def parse(cls, text: bytes, place: str) -> Certificate:
        """Read the JSON that `save` wrote; `place` says in a message where it came from.

        Raises
        ------
        InputError
            If it is no certificate.
        """
        try:
            content = json.loads(text)
            errors = {q: OutputError(**e) for q, e in content.pop("errors").items()}
            return cls(**content, errors=errors)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{place}: not a certificate: {error}") from error

    def missed(self) -> list[str]:
        """Say in words which limits are missed; empty if none is."""
        percent, found = 100.0 * self.tolerance, []
        limits = {
            **{q: (percent, SHARE_OF_MOST * percent) for q in LIMITED_FLOWS},
            **{q: (percent, math.inf) for q in LIMITED_PRESSURES},
            **{q: (TEMPERATURE_SCALE * self.tolerance, math.inf) for q in LIMITED_TEMPERATURES},
        }
        for q, (most, of_99) in limits.items():
            error = self.errors[q]
            if not error.maximum <= most:
                found.append(f"{q}: maximum {error.maximum:.2g} {error.unit}, limit {most:.2g}")
            if not error.percentile_99 <= of_99:
                found.append(f"{q}: 99 % {error.percentile_99:.2g} {error.unit}, limit {of_99:.2g}")
        return found


@dataclass(frozen=True)
class Comparison:
    """Map and live model at the same boundaries.

    Attributes
    ----------
    boundaries : list of Boundary
        Where.
    deviations : numpy.ndarray
        Map less live, one row a boundary, one column an output as `RESULT_QUANTITIES`: in % of the
        live value, or in the output's unit where a percentage means nothing. NaN beyond limits.
    """

    boundaries: list[Boundary]
    deviations: Array

    @classmethod
    def of(cls, boundaries: list[Boundary], live: Array, mapped: Array) -> Comparison:
        """Compare results of shape (boundaries, outputs), SI units."""
        deviations = mapped - live
        for k, quantity in enumerate(RESULT_QUANTITIES.values()):
            if deviation_unit(quantity) == "%":
                # A machine without losses has none in the map either.
                deviations[:, k] *= 100.0 / np.where(live[:, k] == 0.0, 1.0, live[:, k])
        return cls(boundaries, deviations)

    def sizes(self, output: str) -> Array:
        """Absolute deviations of one output."""
        sizes: Array = np.abs(self.deviations[:, list(RESULT_QUANTITIES).index(output)])
        return sizes

    def error(self, output: str) -> OutputError:
        """Summarise one output, to three digits."""
        sizes = self.sizes(output)
        sizes = sizes[np.isfinite(sizes)]
        figures = (sizes.mean(), np.percentile(sizes, 99), sizes.max())
        unit = deviation_unit(RESULT_QUANTITIES[output])
        return OutputError(unit, *(float(f"{x:.3g}") for x in figures))


def deviation_unit(quantity: Quantity) -> str:
    """Return ``%``, or the unit where the zero of the quantity is arbitrary."""
    return quantity.unit if quantity.unit in ("K", "J/kg") else "%"


def certify(
    machine: Machine, table: MapTable, tolerance: float, compute: Compute, points: int = POINTS
) -> tuple[Certificate, Comparison]:
    """Solve random boundaries with the live model and compare the map with it.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    table : MapTable
        Made for it.
    tolerance : float
        Largest relative error wanted.
    compute : callable
        Runs the tasks.
    points : int
        How many.

    Raises
    ------
    InputError
        If the live model cannot be solved, or the map does not reach, where no limit is broken; or
        nearly all of the envelope lies beyond the limits.
    """
    boundaries = sample_envelope(machine, points, SEED)
    tasks = [
        (machine, boundaries[i : i + POINTS_PER_TASK]) for i in range(0, points, POINTS_PER_TASK)
    ]
    live = np.concatenate(compute("certifying", solve_live, tasks))
    core = HeatPump(map_file(machine, table))
    mapped = np.full_like(live, math.nan)
    beyond: Counter[str] = Counter()
    unsolved: list[Boundary] = []
    for i, boundary in enumerate(boundaries):
        limit = broken_limit(machine.envelope, live[i])
        try:
            answer = np.array(list(vars(core.off_design(boundary)).values()))
        except SolveError as error:
            if not limit:
                raise InputError(
                    f"machine {machine.name}: the map does not reach {boundary.as_text()} "
                    f"({error}); narrow the envelope"
                ) from error
            beyond[limit] += 1
            continue
        if not limit:
            mapped[i] = answer
            continue
        beyond[limit] += 1
        if limit == NO_SOLUTION and not broken_limit(machine.envelope, answer):
            unsolved.append(boundary)
    if len(unsolved) > MOST_UNSOLVED * points:
        raise InputError(
            f"machine {machine.name}: the live model has no solution at {len(unsolved)} of "
            f"{points} boundaries of the envelope that lie within all limits, for instance at "
            f"{unsolved[0].as_text()}; narrow the envelope"
        )
    if sum(beyond.values()) > MOST_BEYOND * points:
        raise InputError(
            f"machine {machine.name}: {sum(beyond.values())} of {points} boundaries of the "
            f"envelope lie beyond the limits of the machine file ({_counted(beyond)}); narrow the "
            "envelope or widen the limits"
        )
    comparison = Comparison.of(boundaries, live, mapped)
    nodes = math.prod(axis.nodes for axis in table.axes)
    errors = {q: comparison.error(q) for q in RESULT_QUANTITIES}
    certificate = Certificate(
        machine.fingerprint, tolerance, points, SEED, nodes, errors, dict(sorted(beyond.items()))
    )
    return certificate, comparison


def broken_limit(envelope: Envelope, results: Array) -> str:
    """Name the limit of the machine that some results break; empty if none.

    Parameters
    ----------
    envelope : Envelope
        Of the machine.
    results : numpy.ndarray
        In the order of `RESULT_QUANTITIES`; NaN where there is no solution.
    """
    at = dict(zip(RESULT_QUANTITIES, results, strict=True))
    if math.isnan(at["P_el"]):
        return NO_SOLUTION
    if at["p_low"] < envelope.p_low_min:
        return "p_low_min"
    if at["p_high"] > envelope.p_high_max:
        return "p_high_max"
    return "T_discharge_max" if at["T_discharge"] > envelope.T_discharge_max else ""


def _counted(beyond: Mapping[str, int]) -> str:
    return ", ".join(f"{limit}: {count}" for limit, count in sorted(beyond.items()))


@lru_cache(maxsize=2)
def _cycle(machine: Machine) -> HeatPumpCycle:
    # TESPy takes seconds to import, and a certificate that is read needs none of it.
    from heatpump_twin.solving.cycle import HeatPumpCycle

    cycle = HeatPumpCycle(machine)
    cycle.design()
    return cycle


def solve_live(machine: Machine, boundaries: Sequence[Boundary]) -> Array:
    """Solve boundaries with TESPy, each from the design point.

    Returns
    -------
    numpy.ndarray
        One row each, columns as `RESULT_QUANTITIES`; NaN where there is no solution.
    """
    rows = np.full((len(boundaries), len(RESULT_QUANTITIES)), math.nan)
    for i, boundary in enumerate(boundaries):
        try:
            rows[i] = list(vars(_cycle(machine).off_design(boundary)).values())
        except SolveError:
            continue
    return rows
