"""The performance map as one row of numbers, and the C header that says where each one lies.

`native_map.c` reads the numbers; it computes what `performance_map` does, without Python. Both the
row and the header follow from the declarations of quantities and parameters, so a name that C uses
and Python does not declare cannot be compiled.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields

import numpy as np

from ..model import closures
from ..model.machine import PARAMETERS, Machine
from ..model.performance_map import (
    AXES,
    HEAT_FLOW_PER_KELVIN,
    ITERATIONS,
    ROWS,
    STEP_PRODUCT,
    SUCTION_ROWS,
    Array,
    MapTable,
    MediumSeries,
    Series,
    low_rank,
)
from ..model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES, OperatingStatus
from ..model.sizes import Sizes

HEADER = "native_map_layout.h"

# Constants of the equations, by their name in C.
_EQUATIONS = {
    "largest_subcooling_fraction": closures.LARGEST_SUBCOOLING_FRACTION,
    "superheat_blend": closures.SUPERHEAT_BLEND,
    "evaporating_blend": closures.EVAPORATING_BLEND,
    "heat_flow_per_kelvin": HEAT_FLOW_PER_KELVIN,
    "step_product": STEP_PRODUCT,
    "iterations": float(ITERATIONS),
}

# Members of the map's table that are series, by medium.
_SERIES = tuple((side, f.name) for side in ("source", "sink") for f in fields(MediumSeries))

# The row begins with the layout's own number; then come the constants, of which this is the first.
NUMBER_OF_UNITS = 1


def _constant_names() -> list[str]:
    parameters = [place.replace(".", "_") for place in PARAMETERS]
    sizes = [f"size_{f.name}" for f in fields(Sizes)]
    return ["number_of_units", *parameters, *sizes, *_EQUATIONS]


def header() -> str:
    """Write the C header of the layout."""
    return _header_with(layout_number())


def layout_number() -> float:
    """Number of the layout: another one for each change of it, exact as a double."""
    return float(int(hashlib.sha256(_header_with(0.0).encode("utf-8")).hexdigest()[:12], 16))


def _header_with(number: float) -> str:
    inputs = list(BOUNDARY_QUANTITIES.values())
    lines = [
        "/* Made by heatpump_twin.core.native_map of what Python declares. */",
        "#ifndef HEATPUMP_TWIN_NATIVE_MAP_LAYOUT_H",
        "#define HEATPUMP_TWIN_NATIVE_MAP_LAYOUT_H",
        f"#define LAYOUT {number:.1f}",
        _enumeration("INPUT", [q.name for q in inputs], "MAP_INPUTS"),
        _enumeration("RESULT", list(RESULT_QUANTITIES), "MAP_RESULTS"),
        _enumeration("STATUS", [s.name for s in OperatingStatus], "STATUSES"),
        _enumeration("ROW", [*ROWS, *SUCTION_ROWS], "MAP_ROWS"),
        f"enum {{ UNIT_ROWS = {len(ROWS)}, ESTIMATES = MAP_INPUTS + 1 }};",
        "/* Inputs: whether they add up over units side by side, and whether results follow powers",
        "   of them. Results: whether they add up. */",
        _list("INPUTS", [(q.name, int(q.is_extensive), int(q.acts_by_power)) for q in inputs]),
        _list("RESULTS", [(q.name, int(q.is_extensive)) for q in RESULT_QUANTITIES.values()]),
        "/* Axes of the table and series of the media, in their order. */",
        _list("AXES", [(name,) for name in AXES]),
        _list("SERIES", [("_".join(of),) for of in _SERIES]),
        "typedef struct {",
        *(f"    double {name};" for name in _constant_names()),
        "    double minimum[MAP_INPUTS], maximum[MAP_INPUTS], approach_estimate[ESTIMATES];",
        "} Constants;",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _enumeration(prefix: str, names: list[str], count: str) -> str:
    return f"enum {{ {', '.join(f'{prefix}_{name}' for name in names)}, {count} }};"


def _list(name: str, entries: list[tuple[object, ...]]) -> str:
    of = " ".join(f"X({', '.join(map(str, entry))})" for entry in entries)
    return f"#define FOR_EACH_OF_{name}(X) {of}"


def native_numbers(machine: Machine, table: MapTable, number_of_units: int) -> Array:
    """Lay out a map and what of the machine its evaluation needs.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    table : MapTable
        Made for it.
    number_of_units : int
        Identical heat pumps side by side.

    Returns
    -------
    numpy.ndarray
        In the order of the header.
    """
    rows, superheats, dews, speeds, sinks, flows = table.coefficients.shape
    powers = superheats * dews
    left, right = low_rank(table.coefficients.reshape(rows * powers, -1), rows)
    modes = len(right)
    ranges = machine.envelope.ranges.values()
    parts: list[float] = [
        layout_number(),
        number_of_units,
        *(machine.parameter(place) for place in PARAMETERS),
        *(getattr(table.sizes, f.name) for f in fields(Sizes)),
        *_EQUATIONS.values(),
        *(low for low, _ in ranges),
        *(high for _, high in ranges),
        *table.approach_estimate,
    ]
    for axis in table.axes:
        parts += [axis.middle, axis.per_half, axis.is_logarithmic, axis.nodes]
    for side, name in _SERIES:
        parts += _series(getattr(getattr(table, side), name))
    by_flow = right.reshape(modes, speeds, sinks, flows).transpose(3, 2, 1, 0)
    return np.concatenate(
        [
            np.array(parts, dtype=float),
            [float(modes)],
            by_flow.ravel(),
            left.T.ravel(),
            table.suction_coefficients.ravel(),
        ]
    )


def _series(series: Series) -> list[float]:
    return [series.low, series.high, len(series.powers), *series.powers]
