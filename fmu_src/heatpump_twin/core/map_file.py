"""The map file: all numbers that the core needs of one machine, little-endian, with their hash.

Magic, version of the format, number of the layout, how many doubles follow, the doubles, and the
SHA-256 of all before it. `map_file.c` reads it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import fields

import numpy as np
from threadpoolctl import threadpool_limits

from ..model.machine import PARAMETERS, Machine
from ..model.map_table import Array, MapTable, Series
from ..model.quantities import BOUNDARY_QUANTITIES, SET_POINT_QUANTITIES
from ..model.remainder import EXCHANGER_COORDINATES, MOST_OF_EXCHANGER, Deviation
from ..model.settings import SETTINGS, start_set_point
from ..model.sizes import Sizes
from .layout import SERIES, layout_number

NAME = "heat_pump.bin"
MAGIC = b"HEATPUMP"
FORMAT = 1
HEAD = struct.Struct("<8sQQQ")


def map_file(
    machine: Machine, table: MapTable, start_values: Mapping[str, float] | None = None
) -> bytes:
    """Write the map file of a machine.

    Parameters
    ----------
    machine : Machine
        Its parameters.
    table : MapTable
        Made for it.
    start_values : mapping of str to float, optional
        Of parameters in `SETTINGS`, in the place of the machine's.

    Returns
    -------
    bytes
        Equal arguments give equal bytes on one computer.
    """
    numbers = np.asarray(_numbers(machine, table, start_values or {}), dtype="<f8").tobytes()
    content = HEAD.pack(MAGIC, FORMAT, layout_number(), len(numbers) // 8) + numbers
    return content + hashlib.sha256(content).digest()


def _numbers(machine: Machine, table: MapTable, start_values: Mapping[str, float]) -> Array:
    rows, superheats, dews, speeds, sinks, flows = table.coefficients.shape
    powers = superheats * dews
    # Sums of one thread have one order.
    with threadpool_limits(1):
        left, right = table.factors()
    modes = len(right)
    ranges = machine.envelope.ranges.values()
    parts: list[float] = [
        *(machine.parameter(place) for place in PARAMETERS),
        *(getattr(table.sizes, f.name) for f in fields(Sizes)),
        *(low for low, _ in ranges),
        *(high for _, high in ranges),
        *(getattr(machine.design.boundary, q) for q in BOUNDARY_QUANTITIES),
        *(start_set_point(machine, q, start_values) for q in SET_POINT_QUANTITIES),
        float(machine.has_coil_in_air),
        *(start_values.get(name, of.start(machine)) for name, of in SETTINGS.items()),
        *table.approach_estimate,
        *_kernels(machine.remainder.evaporator),
    ]
    for axis in table.axes:
        parts += [axis.middle, axis.per_half, axis.is_logarithmic, axis.nodes]
    parts.append(modes)
    for part, name in SERIES:
        parts += _series(getattr(getattr(table, part), name))
    by_inputs = right.reshape(modes, speeds * sinks * flows)
    # C sums over modes, and then over the powers of the state at suction, all rows at a time.
    by_mode = left.reshape(rows, powers, modes).transpose(2, 1, 0)
    of_suction = table.suction_coefficients.reshape(-1, powers)
    return np.concatenate(
        [
            np.array(parts, dtype=float),
            by_inputs.T.ravel(),
            by_mode.ravel(),
            of_suction.T.ravel(),
        ]
    )


def _kernels(deviation: Deviation) -> list[float]:
    """Centre and height of each kernel, filled up with zeros; others are in the table."""
    kernels = np.zeros((MOST_OF_EXCHANGER, EXCHANGER_COORDINATES + 1))
    for i, point in enumerate(deviation.points):
        kernels[i] = [*point, deviation.coefficients[i]]
    return list(kernels.ravel())


def _series(series: Series) -> list[float]:
    return [series.low, series.high, len(series.powers), *series.powers]
