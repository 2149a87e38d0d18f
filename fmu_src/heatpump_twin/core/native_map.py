"""The performance map as one row of numbers, for the evaluator of the FMU's shell.

`native_map.c` reads them in this order; it computes what `performance_map`
does, without Python.
"""

from __future__ import annotations

import numpy as np

from ..model import closures
from ..model.machine import Machine
from ..model.performance_map import (
    HEAT_FLOW_PER_KELVIN,
    ITERATIONS,
    STEP_PRODUCT,
    Array,
    MapTable,
    Series,
    low_rank,
)
from ..model.quantities import BOUNDARY_QUANTITIES

# Raised with every change of the order; the evaluator refuses another one.
LAYOUT = 1

# Where in the row it lies, so that another one needs no new factors.
NUMBER_OF_UNITS = 1


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
        In the order in which ``native_map.c`` reads it.
    """
    envelope, valve, evaporator = machine.envelope, machine.expansion_valve, machine.evaporator
    limits = vars(envelope)
    rows, superheats, dews, speeds, sinks, flows = table.coefficients.shape
    powers = superheats * dews
    left, right = low_rank(table.coefficients.reshape(rows * powers, -1), rows)
    modes = len(right)
    parts: list[object] = [
        LAYOUT,
        number_of_units,
        *(limits[f"{q}_{end}"] for q in BOUNDARY_QUANTITIES for end in ("min", "max")),
        envelope.p_low_min,
        envelope.p_high_max,
        envelope.T_discharge_max,
        machine.auxiliary_power,
        machine.compressor.shell_loss_ratio,
        machine.condenser.subcooling_fraction,
        machine.condenser.subcooling_temperature_coefficient,
        closures.LARGEST_SUBCOOLING_FRACTION,
        machine.design.boundary.T_sink_in,
        valve.superheat_setting,
        valve.superheat_sink_slope,
        valve.superheat_fraction_max,
        valve.T_evaporating_max,
        closures.SUPERHEAT_BLEND,
        closures.EVAPORATING_BLEND,
        table.sizes.evaporator_conductance,
        evaporator.secondary_resistance_share,
        evaporator.secondary_flow_exponent,
        evaporator.refrigerant_flow_exponent,
        machine.design.boundary.m_flow_source,
        table.sizes.m_flow_refrigerant,
        HEAT_FLOW_PER_KELVIN,
        STEP_PRODUCT,
        ITERATIONS,
        *table.approach_estimate,
    ]
    for axis in table.axes:
        parts += [axis.middle, axis.per_half, axis.is_logarithmic, axis.nodes]
    for series in (
        table.source.heat_capacity,
        table.source.enthalpy,
        table.source.temperature,
        table.sink.enthalpy,
        table.sink.temperature,
    ):
        parts += _series(series)
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
