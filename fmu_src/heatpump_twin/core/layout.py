"""The C header of the core: what Python declares, in the words of C.

Names, order, units and ranges of inputs, results, statuses and parameters follow from `model`, and
so does the order of the numbers in a map file. A name that C uses and Python does not declare
cannot be compiled, and a library refuses a map file of another layout.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

from ..model import (
    closures,
    control,
    dynamics,
    frost,
    heat_pump,
    map_table,
    performance_map,
    quantities,
    relations,
    remainder,
)
from ..model.machine import PARAMETERS
from ..model.map_table import AXES, ROWS, SUCTION_ROWS, MediumSeries, SaturationSeries
from ..model.quantities import (
    BOUNDARY_QUANTITIES,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
    OperatingStatus,
)
from ..model.settings import SETTINGS
from ..model.sizes import Sizes

HEADER = "heat_pump_layout.h"

# Longest text of a note with its end. Each input, limit and outlet may have a note in one answer.
NOTE_SIZE = 1000
MOST_NOTES = 12

# Numbers of the equations that are the same for every machine, by their name in C.
_EQUATIONS = {
    "LARGEST_SUBCOOLING_FRACTION": closures.LARGEST_SUBCOOLING_FRACTION,
    "SUPERHEAT_BLEND": closures.SUPERHEAT_BLEND,
    "EVAPORATING_BLEND": closures.EVAPORATING_BLEND,
    "LEAST_FLOW_RATIO": relations.LEAST_FLOW_RATIO,
    "HEAT_FLOW_PER_KELVIN": performance_map.HEAT_FLOW_PER_KELVIN,
    "STEP_PRODUCT": performance_map.STEP_PRODUCT,
    "ITERATIONS": performance_map.ITERATIONS,
    "LARGEST_STEP_DOWN": performance_map.LARGEST_STEP_DOWN,
    "LEAST_SLOPE": performance_map.LEAST_SLOPE,
    "DISCHARGE_ROOM": map_table.DISCHARGE_ROOM,
    "BISECTIONS": heat_pump.BISECTIONS,
    "ROUND_OFF": heat_pump.ROUND_OFF,
    "TEMPERATURE_STEP": remainder.TEMPERATURE_STEP,
    "FLOW_STEP": remainder.FLOW_STEP,
    "LEAST_FLOW": quantities.LEAST_FLOW,
    "SERIES_BELOW": dynamics.SERIES_BELOW,
    "SERIES_TERMS": dynamics.SERIES_TERMS,
    "TIME_ROUND_OFF": control.TIME_ROUND_OFF,
    "LONG_AGO": control.LONG_AGO,
    "HOUR": control.HOUR,
    "MOST_INTERVALS": control.MOST_INTERVALS,
    "CONTROL_TOLERANCE": control.TOLERANCE,
    "CONTROL_ITERATIONS": control.ITERATIONS,
    "CONTROL_SHORT": control.SHORT,
    "ZERO_CELSIUS": quantities.ZERO_CELSIUS,
    "PRESSURE_AT_ZERO": frost.PRESSURE_AT_ZERO,
    "LARGEST_LOSS": frost.LARGEST_LOSS,
    **{
        f"OVER_{name}_{part}": value
        for name, constants in (("WATER", frost.OVER_WATER), ("ICE", frost.OVER_ICE))
        for part, value in zip(("FACTOR", "OFFSET"), constants, strict=True)
    },
}

#: Parts of the map's table that are series: attribute of the table, and attribute of that.
SERIES: tuple[tuple[str, str], ...] = (
    *((side, f.name) for side in ("source", "sink") for f in fields(MediumSeries)),
    *(("saturation", f.name) for f in fields(SaturationSeries)),
)


def header() -> str:
    """Write the C header of the layout."""
    return _header_with(layout_number())


def layout_number() -> int:
    """Number of the layout: another one for each change of it; 48 bits."""
    return int(hashlib.sha256(_header_with(0).encode("utf-8")).hexdigest()[:12], 16)


def names() -> dict[str, Any]:
    """Return what `heat_pump.js` has to know of the layout, ready for JSON."""
    return {
        "inputs": list(BOUNDARY_QUANTITIES),
        "results": list(RESULT_QUANTITIES),
        "parameters": list(SETTINGS),
        "set_points": list(SET_POINT_QUANTITIES),
        "operation": list(OPERATION_QUANTITIES),
        "note_size": NOTE_SIZE,
        "most_notes": MOST_NOTES,
    }


def _header_with(number: int) -> str:
    inputs, results = BOUNDARY_QUANTITIES.values(), RESULT_QUANTITIES.values()
    settings = {name: setting.definition for name, setting in SETTINGS.items()}
    lines = [
        "/* Made by heatpump_twin.core.layout of what Python declares. SI units. */",
        "#ifndef HEATPUMP_TWIN_HEAT_PUMP_LAYOUT_H",
        "#define HEATPUMP_TWIN_HEAT_PUMP_LAYOUT_H",
        f"#define LAYOUT {number}ULL",
        _enumeration("Input", list(BOUNDARY_QUANTITIES), "INPUTS"),
        _enumeration("Result", list(RESULT_QUANTITIES), "RESULTS"),
        _enumeration("Parameter", list(SETTINGS), "PARAMETERS"),
        _enumeration("SetPoint", list(SET_POINT_QUANTITIES), "SET_POINTS"),
        _enumeration("Operation", list(OPERATION_QUANTITIES), "OPERATIONS"),
        _enumeration("Side", list(dynamics.SIDES), "SIDES"),
        *(_choices(name, setting.choices) for name, setting in SETTINGS.items() if setting.choices),
        f"enum {{ REFRIGERANTS = {len(dynamics.REFRIGERANT_SIDES)} }};",
        "/* results of the refrigerant that lag, and the side whose lag they follow */",
        _list("REFRIGERANTS", list(dynamics.REFRIGERANT_SIDES.items())),
        _enumeration("Status", [s.name for s in OperatingStatus], "STATUSES"),
        _enumeration("Row", [*ROWS, *SUCTION_ROWS], "ROWS"),
        f"enum {{ UNIT_ROWS = {len(ROWS)}, ESTIMATES = INPUTS + 1 }};",
        "/* name, unit, least, largest and usual value, whether it adds up over units side by",
        "   side, whether results follow powers of it */",
        _list(
            "INPUTS",
            [
                (
                    q.name,
                    f'"{q.unit}"',
                    *_range(q),
                    q.nominal,
                    *_flags(q.is_extensive, q.acts_by_power),
                )
                for q in inputs
            ],
        ),
        "/* name, unit, least, largest and usual value, whether it adds up */",
        _list(
            "SET_POINTS",
            [
                (q.name, f'"{q.unit}"', *_range(q), q.nominal, *_flags(q.is_extensive))
                for q in SET_POINT_QUANTITIES.values()
            ],
        ),
        "/* name, unit, least and largest value, whether it adds up over units side by side */",
        *(
            _list(
                name,
                [
                    (q.name, f'"{q.unit}"', q.least_answer, q.maximum, *_flags(q.is_extensive))
                    for q in of
                ],
            )
            for name, of in (("RESULTS", results), ("OPERATIONS", OPERATION_QUANTITIES.values()))
        ),
        "/* name, unit, least and largest value, whether it has whole values only */",
        _list(
            "PARAMETERS",
            [
                (name, f'"{d.unit}"', *_range(d), *_flags(SETTINGS[name].is_integer))
                for name, d in settings.items()
            ],
        ),
        "/* Longest text of a note with its end, and most notes of one answer. */",
        f"enum {{ NOTE_SIZE = {NOTE_SIZE}, MOST_NOTES = {MOST_NOTES} }};",
        "/* Axes of the table and series of the media, in their order. */",
        _list("AXES", [(name,) for name in AXES]),
        _list("SERIES", [("_".join(of),) for of in SERIES]),
        *(f"#define {name} {value!r}" for name, value in _EQUATIONS.items()),
        "typedef struct {",
        *(f"    double {name};" for name in constant_names()),
        "    double least[INPUTS], largest[INPUTS], design[INPUTS];",
        "    double start_set_points[SET_POINTS];",
        "    double has_coil_in_air; /* 0 or 1 */",
        "    double start[PARAMETERS], approach_estimate[ESTIMATES];",
        "    /* centre and height of each; heights of 0 fill up */",
        f"    double evaporator_kernels[{remainder.MOST_OF_EXCHANGER}]"
        f"[{remainder.EXCHANGER_COORDINATES + 1}];",
        "} Constants;",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def constant_names() -> list[str]:
    """Return the names of the machine's numbers in C, in their order."""
    return [
        *(place.replace(".", "_") for place in PARAMETERS),
        *(f"size_{f.name}" for f in fields(Sizes)),
    ]


def _range(declared: Any) -> tuple[float, float]:
    return declared.minimum, declared.maximum


def _flags(*values: bool) -> tuple[int, ...]:
    return tuple(map(int, values))


def _choices(name: str, choices: tuple[str, ...]) -> str:
    """Enumerate the choices of a parameter; ``part_load`` becomes ``PartLoad``."""
    prefixed = ", ".join(f"{name.upper()}_{choice}" for choice in choices)
    return f"typedef enum {{ {prefixed} }} {name.title().replace('_', '')};"


def _enumeration(name: str, members: list[str], count: str) -> str:
    # SetPoint becomes SET_POINT.
    prefix = "".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper()
    prefixed = ", ".join(f"{prefix}_{member}" for member in members)
    return f"typedef enum {{ {prefixed} }} {name};\nenum {{ {count} = {len(members)} }};"


def _list(name: str, entries: list[tuple[object, ...]]) -> str:
    of = " ".join(f"X({', '.join(map(str, entry))})" for entry in entries)
    return f"#define FOR_EACH_OF_{name}(X) {of}"
