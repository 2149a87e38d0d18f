"""Machines that reach each limit of the core, and boundaries of every kind.

The equations of a variant differ from those that its map was made by, so its answers are no heat
pump's. That does not matter here: core and oracle have to agree on any numbers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from conftest import random_boundaries

from heatpump_twin.model import closures
from heatpump_twin.model.heat_pump import ROUND_OFF, Answer, HeatPump
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import MapTable, MediumSeries
from heatpump_twin.model.performance_map import PerformanceMap
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
    OperatingPoint,
    OperatingStatus,
)
from heatpump_twin.model.remainder import Deviation, Remainder

POINTS = 60


@dataclass(frozen=True)
class Variant:
    """A machine with its map, the number of units, and what shows that the limit is reached."""

    machine: Machine
    table: MapTable
    is_reached: Callable[[Boundary, Answer], bool]
    units: int = 1

    def oracle(self) -> HeatPump:
        oracle = HeatPump(self.machine, PerformanceMap(self.machine, self.table))
        oracle.number_of_units = self.units
        return oracle


def boundaries(machine: Machine, units: int, seed: int) -> list[Boundary]:
    """Boundaries inside and around the envelope, on its edges, off, and without a meaning."""
    rng = np.random.default_rng(seed)
    found = random_boundaries(machine, POINTS, seed)
    wide = {}
    for name, (low, high) in machine.envelope.ranges.items():
        values = rng.uniform(low - 0.5 * (high - low), high + 0.5 * (high - low), POINTS)
        wide[name] = np.maximum(values, 0.0)
    found += [Boundary(*row) for row in np.column_stack(list(wide.values())).tolist()]
    design = machine.design.boundary
    for name, of in BOUNDARY_QUANTITIES.items():
        low, high = machine.envelope.range(name)
        little = 0.9 * ROUND_OFF * of.nominal
        for value in (
            *(low, high, low - little, high + little, low - 3 * little, high + 3 * little),
            *(math.nextafter(high, math.inf), of.minimum, of.maximum, of.minimum - little),
            *(0.0, little, -little, -1.0, 20.0, math.nan, math.inf, -math.inf),
        ):
            found.append(replace(design, **{name: value}))
    of = BOUNDARY_QUANTITIES["T_sink_in"]
    least = machine.envelope.minimum.m_flow_sink
    for T in np.linspace(of.maximum - 4.0, of.maximum, 5).tolist():
        found.append(replace(design, T_sink_in=T, m_flow_sink=least))
    for T in (of.minimum, 200.0, 290.0, 420.0, of.maximum):
        found.append(replace(design, compressor_speed=0.0, T_source_in=T, T_sink_in=T + 1.0))
    extensive = [q for q, of in BOUNDARY_QUANTITIES.items() if of.is_extensive]
    return [replace(b, **{q: getattr(b, q) * units for q in extensive}) for b in found]


def variants(machine: Machine, table: MapTable) -> dict[str, Variant]:
    """Return variants of a machine by the limit that each one reaches."""
    oracle = PerformanceMap(machine, table)
    points = [oracle.off_design(b) for b in random_boundaries(machine, 100, seed=61)]
    design = oracle.off_design(machine.design.boundary)
    median_T_dew = median(p.T_suction - p.superheat for p in points)

    def with_parameters(**changes: float) -> Machine:
        places = {place.replace("__", "."): value for place, value in changes.items()}
        return machine.with_parameters(places)

    def with_limit(name: str, result: str, end: Callable[..., float]) -> Variant:
        farthest = end(getattr(p, result) for p in points)
        limit = 0.5 * (getattr(design, result) + farthest)
        envelope = dataclasses.replace(machine.envelope, **{name: limit})
        return Variant(dataclasses.replace(machine, envelope=envelope), table, notes(result))

    def with_least_sink_flow(rise: float) -> Machine:
        """So little flow that the sink is heated by `rise` K, where it is hottest."""
        envelope = machine.envelope
        hottest = replace(
            machine.design.boundary,
            T_sink_in=envelope.maximum.T_sink_in,
            m_flow_sink=envelope.minimum.m_flow_sink,
        )
        share = (oracle.off_design(hottest).T_sink_out - hottest.T_sink_in) / rise
        minimum = replace(envelope.minimum, m_flow_sink=share * hottest.m_flow_sink)
        return replace(machine, envelope=replace(envelope, minimum=minimum))

    def with_axis(name: str, **ends: float) -> MapTable:
        """The map ends elsewhere."""
        axes = (replace(axis, **ends) if axis.name == name else axis for axis in table.axes)
        return replace(table, axes=tuple(axes))

    def with_enthalpy_at(h_suction: float) -> MapTable:
        """Half of the points are above an enthalpy at suction."""
        coefficients = table.suction_coefficients.copy()
        coefficients[0, 0, 0] += h_suction - median(p.h_suction for p in points)
        return replace(table, suction_coefficients=coefficients)

    def with_less_heat_from_warmer_vapour() -> MapTable:
        """No compressor has this; the search then meets slopes that it does not trust."""
        coefficients = table.coefficients.copy()
        coefficients[0, :, 1] *= -4.0
        return replace(table, coefficients=coefficients)

    def with_sizes(**factors: float) -> MapTable:
        changed = {k: factor * getattr(table.sizes, k) for k, factor in factors.items()}
        return replace(table, sizes=replace(table.sizes, **changed))

    def with_estimate(change: float) -> MapTable:
        constant, *factors = table.approach_estimate
        return replace(table, approach_estimate=(constant + change, *factors))

    largest = closures.LARGEST_SUBCOOLING_FRACTION
    setting = "expansion_valve__superheat_setting"
    return {
        "as shipped": Variant(machine, table, is_moved),
        "seven units": Variant(machine, table, is_moved, units=7),
        "ten thousand units": Variant(
            machine, table, notes("the solution has", "has no meaning"), units=10_000
        ),
        "p_low_min": with_limit("p_low_min", "p_low", min),
        "p_high_max": with_limit("p_high_max", "p_high", max),
        "T_discharge_max": with_limit("T_discharge_max", "T_discharge", max),
        "learned remainder": Variant(
            dataclasses.replace(
                machine,
                remainder=Remainder(evaporator=Deviation(((0.1, -0.2), (-0.5, 0.4)), (0.3, -0.2))),
            ),
            table,
            lambda b, a: a.point is not None,
        ),
        "pumps that follow their flows": Variant(
            with_parameters(auxiliary_power=20.0, source_pump_power=60.0, sink_pump_power=90.0),
            table,
            lambda b, a: a.point is not None,
        ),
        "largest subcooling": Variant(
            with_parameters(
                condenser__subcooling_fraction=0.9 * largest,
                condenser__subcooling_temperature_coefficient=0.02,
            ),
            table,
            with_point(lambda b, p: abs(_subcooling_fraction(b, p) - largest) < 1e-9),
        ),
        "T_evaporating_max": Variant(
            with_parameters(expansion_valve__T_evaporating_max=median_T_dew),
            table,
            with_point(lambda b, p: median_T_dew - (p.T_suction - p.superheat) < 1.0),
        ),
        "superheat_fraction_max": Variant(
            with_parameters(**{setting: 20.0, "expansion_valve__superheat_fraction_max": 0.4}),
            table,
            with_point(
                lambda b, p: p.superheat > 0.3 * (b.T_source_in - p.T_suction + p.superheat)
            ),
        ),
        "dew temperature below the map": Variant(
            machine, with_axis("T_dew", low=median_T_dew), notes("outside the map")
        ),
        "dew temperature above the map": Variant(
            machine, with_axis("T_dew", high=median_T_dew), notes("outside the map")
        ),
        "superheat outside the map": Variant(
            machine,
            with_axis("superheat", low=median(p.superheat for p in points)),
            notes("outside the map"),
        ),
        "least refrigerant flow": Variant(
            machine, with_sizes(m_flow_refrigerant=3e3), lambda b, a: a.point is not None
        ),
        "range of an outlet": Variant(with_least_sink_flow(55.0), table, notes("would be")),
        "source too cold": Variant(
            machine, replace(table, source=_narrowed(table.source, points, "source")), medium
        ),
        "sink too hot": Variant(
            machine, replace(table, sink=_narrowed(table.sink, points, "sink")), medium
        ),
        "range of results": Variant(
            machine,
            with_enthalpy_at(RESULT_QUANTITIES["h_suction"].maximum),
            notes("the solution has h_suction"),
        ),
        "slope of the search": Variant(
            machine,
            with_less_heat_from_warmer_vapour(),
            notes("is used", "outside the map", "was not found"),
        ),
        "estimate too large": Variant(machine, with_estimate(3.0), is_moved),
        "estimate too small": Variant(machine, with_estimate(-4.0), is_moved),
    }


def _subcooling_fraction(boundary: Boundary, point: OperatingPoint) -> float:
    return point.subcooling / (point.T_liquid + point.subcooling - boundary.T_sink_in)


def _narrowed(medium: MediumSeries, points: list[OperatingPoint], side: str) -> MediumSeries:
    """The medium's range ends in the middle of the outlets that occur."""
    h = medium.enthalpy(median(getattr(p, f"T_{side}_out") for p in points))
    series = medium.temperature
    end = {"low": h} if side == "source" else {"high": h}
    return replace(medium, temperature=replace(series, **end))


def is_moved(boundary: Boundary, answer: Answer) -> bool:
    return answer.status is OperatingStatus.MOVED_TO_ENVELOPE


def medium(boundary: Boundary, answer: Answer) -> bool:
    return any("secondary medium leaves its range" in note for note in answer.notes)


def notes(*texts: str) -> Callable[[Boundary, Answer], bool]:
    """Whether a note has one of the texts; a limit's note begins with its result."""
    return lambda boundary, answer: any(text in note for note in answer.notes for text in texts)


def with_point(
    condition: Callable[[Boundary, OperatingPoint], bool],
) -> Callable[[Boundary, Answer], bool]:
    """Apply a condition to points inside the envelope alone."""

    def is_reached(boundary: Boundary, answer: Answer) -> bool:
        inside = answer.point is not None and answer.status is OperatingStatus.INSIDE
        return inside and condition(boundary, answer.point)

    return is_reached
