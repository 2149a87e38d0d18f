"""A compressor's speed that no column has: whether it varied, and about how much.

A machine with one speed gives a heat that its inlets fix. One with an inverter gives what it is
asked for, with the power that goes with it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from heatpump_twin.solving.property_tables import refrigerant_table

from .completion import HEAT
from .contradictions import heat_to_sink
from .datasets import Dataset

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

# A machine runs where its power and its heat are more than this share of the largest.
RUNNING = 0.1
# So many records at least tell whether the speed varied.
LEAST_RECORDS = 6
# Heat and power of one speed follow the inlets closer than this, as a fraction; those of several
# speeds do not, and both are off to the same side.
ONE_SPEED, LEAST_CORRELATION = 0.1, 0.5
# Fewer records than a quarter that are off are misprints, or rows of another machine: the standard
# deviation is taken of the upper quartile of what a robust fit leaves over, with this width.
QUARTILE_TO_SD, ROBUST_WIDTH = 0.8693, 0.03
# At one speed heat rises with the source's temperature. Where heat and power fall by this fraction
# over at least so many kelvins, the machine follows the demand of a building.
LEAST_FALL, LEAST_RANGE = 0.15, 5.0

# Saturation beyond the inlets in an estimate, K.
_BELOW_SOURCE, _ABOVE_SINK = 8.0, 8.0


def why_several_speeds(heat: Array, P_el: Array, T_source: Array, T_sink: Array) -> str:
    """Say what tells that records are of several speeds; empty if nothing does.

    Parameters
    ----------
    heat, P_el : numpy.ndarray
        W, shape (n,); NaN where nothing was read.
    T_source, T_sink : numpy.ndarray
        An inlet or an outlet of each stream, K, shape (n,).
    """
    table = np.stack([heat, P_el, T_source, T_sink])
    table = table[:, np.isfinite(table).all(axis=0)]
    if not table.size:
        return ""
    runs = (table[:2] > RUNNING * table[:2].max(axis=1, keepdims=True)).all(axis=0)
    heat, P_el, T_source, T_sink = table[:, runs]
    if len(heat) < LEAST_RECORDS:
        return ""
    log_heat, log_power = np.log(heat), np.log(P_el)
    fall = min(-_slope(T_source, y) for y in (log_heat, log_power)) * np.ptp(T_source)
    if np.ptp(T_source) >= LEAST_RANGE and fall > LEAST_FALL:
        share = 100.0 * (1.0 - math.exp(-fall))
        return (
            f"heat and power fall by {share:.0f} % or more while the source gets warmer, as a "
            "building's demand does"
        )
    inlets = np.stack([np.ones(len(heat)), T_source, T_sink], axis=1)
    beyond = [_beyond(inlets, y) for y in (log_heat, log_power)]
    scatter = min(QUARTILE_TO_SD * float(np.quantile(np.abs(b), 0.75)) for b in beyond)
    if scatter < ONE_SPEED:
        return ""
    power_of_heat, square = float(beyond[0] @ beyond[1]), [float(b @ b) for b in beyond]
    if power_of_heat < LEAST_CORRELATION * math.sqrt(square[0] * square[1]):
        return ""
    return f"heat and power vary by {100.0 * scatter:.0f} % beyond what the inlets explain"


def _beyond(inlets: Array, y: Array) -> Array:
    """What the inlets do not explain of most records, by a robust fit from the least squares."""
    begin = np.linalg.lstsq(inlets, y, rcond=None)[0]
    fit = least_squares(
        lambda x: y - inlets @ x, begin, loss="cauchy", f_scale=ROBUST_WIDTH, x_scale="jac"
    )
    left: Array = fit.fun
    return left


def _slope(x: Array, y: Array) -> float:
    spread = x - x.mean()
    square = float(spread @ spread)
    return float(spread @ y) / square if square else 0.0


def design_record(dataset: Dataset, records: list[int]) -> int:
    """The record named by the descriptor, or the complete one nearest the middle of the inputs."""
    named = dataset.descriptor.design_record
    if named is not None and named in records:
        return named
    inputs = dataset.values.loc[records, list(dataset.inputs)]
    spread = inputs.std(ddof=0).replace(0.0, math.inf)
    distance = (((inputs - inputs.median()) / spread) ** 2).sum(axis=1)
    complete = [number for number in records if _is_complete(dataset.values.loc[number])]
    return int(distance[complete or records].idxmin())


def _is_complete(record: Any) -> bool:
    """Whether a record has what a design point is made of beside the inlets."""
    P_el = float(record.get("P_el", math.nan))
    return P_el > 0.0 and heat_of_record(record, P_el) > P_el


def heat_of_record(record: Any, P_el: float) -> float:
    """Heat to the sink of one record, W: read, or from COP, or from the source's; NaN without."""
    return float(heat_to_sink(pd.DataFrame([{**record, "P_el": P_el}]))[0])


def estimated_speeds(dataset: Dataset, refrigerant: str, record: int) -> pd.Series[float]:
    """Estimate speeds from heat: that over density and enthalpy of the refrigerant.

    Parameters
    ----------
    dataset : Dataset
        With heat.
    refrigerant : str
        As CoolProp names it.
    record : int
        Whose speed counts as 1.

    Returns
    -------
    pandas.Series
        By record; in proportion to heat where the refrigerant has no such states.
    """
    table, values = refrigerant_table(refrigerant), dataset.values
    with np.errstate(all="ignore"):
        T_dew = values["T_source_in"].to_numpy() - _BELOW_SOURCE
        suction = table.at_dew(T_dew).suction(np.zeros(len(values)))
        liquid = table.at_bubble(values["T_sink_in"].to_numpy() + _ABOVE_SINK).liquid_enthalpy(
            np.zeros(len(values))
        )
        per_volume = suction.density * (suction.h - liquid)
    heat = values[HEAT] / values.loc[record, HEAT]
    flow = heat * (per_volume[values.index.get_loc(record)] / per_volume)
    return flow.where(np.isfinite(flow), heat)
