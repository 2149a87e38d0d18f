"""The compressor by itself: its closures against recorded power and flow, refrigerant side given.

Where suction state, discharge pressure, power and refrigerant flow were recorded, the compressor
can be judged without exchangers and valve, also in records whose source side the model does not
describe (a wet coil, for instance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import CoolProp
import numpy as np
from scipy.optimize import least_squares

from heatpump_twin.model import closures
from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.solving.media import abstract_state
from heatpump_twin.solving.quick_cycle import Vector

from ..data.datasets import Dataset
from ..data.screening import Screening, Verdict

NEEDED = ("P_el", "m_flow_refrigerant", "p_low", "p_high", "T_suction")

# Swept flow, leakage, drive efficiency, built-in ratio: with fewer records one left out leaves none
# to spare.
LEAST_RECORDS = 6


@dataclass(frozen=True)
class CompressorScore:
    """Mean absolute percentage errors of left-out records.

    Attributes
    ----------
    records : tuple of int
        That took part.
    P_el, m_flow_refrigerant : float
        Per cent, each record predicted from the others.
    """

    records: tuple[int, ...]
    P_el: float
    m_flow_refrigerant: float


@dataclass(frozen=True)
class _Record:
    ratio: float
    density: float
    rise: float
    exponent: float
    speed: float
    power: float
    m_flow: float


def score_compressor(
    dataset: Dataset, screening: Screening, machine: Machine
) -> CompressorScore | None:
    """Fit the compressor's closures to all records but one and predict that one.

    Parameters
    ----------
    dataset : Dataset
        Recorded values.
    screening : Screening
        Kept records take part, and those that were declared unscored: their refrigerant side was
        recorded as well.
    machine : Machine
        Refrigerant, auxiliary power, and the parameters that are not fitted here.

    Returns
    -------
    CompressorScore or None
        None where the data set does not hold what is needed.
    """
    if not set(NEEDED) <= set(dataset.scored):
        return None
    used = [
        r
        for r, s in screening.records.items()
        if s.verdict in (Verdict.KEPT, Verdict.DECLARED)
        and all(screening.is_usable(r, q) for q in NEEDED)
        and dataset.values.loc[r, list(NEEDED)].notna().all()
    ]
    if len(used) < LEAST_RECORDS:
        return None
    records = [_read(dataset, r, machine) for r in used]
    errors = []
    for i, left_out in enumerate(records):
        x = _fit([r for j, r in enumerate(records) if j != i], machine)
        m_flow, power = _predict(x, left_out, machine)
        errors.append((power / left_out.power - 1.0, m_flow / left_out.m_flow - 1.0))
    power_error, flow_error = 100.0 * np.abs(np.array(errors)).mean(axis=0)
    return CompressorScore(tuple(used), float(power_error), float(flow_error))


def _read(dataset: Dataset, number: int, machine: Machine) -> _Record:
    values = dataset.values.loc[number]
    fluid = abstract_state(machine.refrigerant)
    try:
        fluid.update(CoolProp.PT_INPUTS, values["p_low"], values["T_suction"])
        h, entropy, density = fluid.hmass(), fluid.smass(), fluid.rhomass()
        fluid.update(CoolProp.PSmass_INPUTS, values["p_high"], entropy)
    except ValueError as error:
        raise SolveError(f"record {number}: no such refrigerant state: {error}") from error
    ratio = values["p_high"] / values["p_low"]
    return _Record(
        ratio=ratio,
        density=density,
        rise=fluid.hmass() - h,
        exponent=math.log(ratio) / math.log(fluid.rhomass() / density),
        speed=values["compressor_speed"],
        power=values["P_el"] - machine.auxiliary_power,
        m_flow=values["m_flow_refrigerant"],
    )


def _predict(x: Vector, record: _Record, machine: Machine) -> tuple[float, float]:
    swept, leakage, drive_efficiency, built_in_ratio = map(float, x)
    compressor = machine.compressor
    eta_vol = closures.volumetric_efficiency(
        record.ratio, record.speed, 1.0, leakage, compressor.leakage_speed_share, 0.0
    )
    mismatch = closures.mismatch_work_factor(
        record.ratio, built_in_ratio, record.exponent, compressor.built_in_loss_share
    )
    m_flow = swept * record.speed * eta_vol * record.density
    eta_is = closures.isentropic_efficiency(drive_efficiency, eta_vol, mismatch)
    return m_flow, m_flow * record.rise / eta_is


def _fit(records: list[_Record], machine: Machine) -> Vector:
    def residuals(x: Vector) -> Vector:
        predicted = [_predict(x, r, machine) for r in records]
        return np.array(
            [m / r.m_flow - 1.0 for (m, _), r in zip(predicted, records, strict=True)]
            + [p / r.power - 1.0 for (_, p), r in zip(predicted, records, strict=True)]
        )

    first = records[0]
    swept = first.m_flow / (first.density * first.speed)
    start = [swept, 0.05, 0.7, machine.compressor.built_in_pressure_ratio]
    return least_squares(residuals, start, x_scale=[swept, 0.05, 0.1, 0.5]).x
