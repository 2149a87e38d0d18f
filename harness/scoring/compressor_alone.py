"""The compressor by itself: its relations against recorded power and flow, refrigerant side given.

Where suction state, discharge pressure, power and refrigerant flow were recorded, the compressor
can be judged without exchangers and valve, also in records whose source side the model does not
describe (a wet coil, for instance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import CoolProp
import numpy as np
from scipy.optimize import least_squares

from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.model.relations import Relations, auxiliary_power
from heatpump_twin.running import on_all_cores
from heatpump_twin.solving.media import Media, abstract_state
from heatpump_twin.solving.quick_cycle import Vector
from heatpump_twin.solving.sizing import size_components

from ..calibration.cross_validation import Split, leave_out_splits
from ..data.datasets import Dataset
from ..data.screening import Screening, Verdict
from ..progress import Progress, no_progress

NEEDED = ("P_el", "m_flow_refrigerant", "p_low", "p_high", "T_suction")

# Two sizes and two parameters are fitted: with fewer records one left out leaves none to spare.
LEAST_RECORDS = 6

# From so many on the fits run on all cores.
MANY_RECORDS = 200


@dataclass(frozen=True)
class CompressorScore:
    """Mean absolute percentage errors of left-out records.

    Attributes
    ----------
    records : tuple of int
        That took part.
    P_el, m_flow_refrigerant : float
        Per cent, each record predicted by a fit without it.
    """

    records: tuple[int, ...]
    P_el: float
    m_flow_refrigerant: float


@dataclass(frozen=True)
class _Record:
    """One record as the compressor sees it, SI units; `rise` is the isentropic one in J/kg."""

    ratio: float
    density: float
    rise: float
    speed: float
    power: float
    m_flow: float


def score_compressor(
    dataset: Dataset,
    screening: Screening,
    machine: Machine,
    progress: Progress = no_progress,
) -> CompressorScore | None:
    """Fit the machine's compressor to records and predict those that were left out.

    Each record is left out alone or, of many records, with a tenth of them (`leave_out_splits`).

    The equations are those of the machine, `Relations`. Fitted anew for each split are
    the two sizes `swept_volume_flow` and `drive_efficiency` and the parameters
    `compressor.leakage_coefficient` and `compressor.built_in_pressure_ratio`. All others keep the
    machine's values: the exponent in the suction density, the share of the built-in mismatch, and
    the design point's suction density and isentropic exponent. So where the machine was itself
    fitted to some of these records, the prediction is unseen in the four fitted numbers only.

    Parameters
    ----------
    dataset : Dataset
        Recorded values.
    screening : Screening
        Kept records take part, and those that were declared unscored: their refrigerant side was
        recorded as well.
    machine : Machine
        Its refrigerant, auxiliary power, design point and the parameters that are not fitted here.
    progress : Progress
        Told of each fit.

    Returns
    -------
    CompressorScore or None
        None where the data set does not hold what is needed, the speed among it.

    Raises
    ------
    SolveError
        If a record has no such refrigerant state, or the design point contradicts physics.
    """
    if not set(NEEDED) <= set(dataset.scored) or dataset.heat_is_given:
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
    records = {r: _read(dataset, r, machine) for r in used}
    start = Relations(machine, size_components(machine, Media(machine)))
    splits = leave_out_splits(used, seed=0)
    # Fits to few records take less time than a process does to start.
    batches = [splits] if len(used) < MANY_RECORDS else [[split] for split in splits]

    def told(done: int) -> None:
        progress("fitting the compressor alone", done, len(batches))

    found = on_all_cores(_left_out_errors, [(records, batch, start) for batch in batches], told)
    power_error, flow_error = 100.0 * np.abs(np.concatenate(found)).mean(axis=0)
    return CompressorScore(tuple(used), float(power_error), float(flow_error))


def _left_out_errors(
    records: dict[int, _Record], splits: Sequence[Split], start: Relations
) -> np.ndarray[Any, Any]:
    """Relative errors of power and flow of the left-out records, shape (records, 2)."""
    errors = []
    for split in splits:
        fitted = _fit([records[r] for r in split.fitted], start)
        for left_out in (records[r] for r in split.predicted):
            m_flow, power = _predict(fitted, left_out)
            errors.append((power / left_out.power - 1.0, m_flow / left_out.m_flow - 1.0))
    return np.array(errors)


def _read(dataset: Dataset, number: int, machine: Machine) -> _Record:
    values = dataset.values.loc[number]
    boundary = Boundary(**values[list(BOUNDARY_QUANTITIES)].to_dict())
    fluid = abstract_state(machine.refrigerant)
    try:
        fluid.update(CoolProp.PT_INPUTS, values["p_low"], values["T_suction"])
        h, entropy, density = fluid.hmass(), fluid.smass(), fluid.rhomass()
        fluid.update(CoolProp.PSmass_INPUTS, values["p_high"], entropy)
    except ValueError as error:
        raise SolveError(f"record {number}: no such refrigerant state: {error}") from error
    return _Record(
        ratio=values["p_high"] / values["p_low"],
        density=density,
        rise=fluid.hmass() - h,
        speed=values["compressor_speed"],
        power=values["P_el"] - auxiliary_power(machine, boundary),
        m_flow=values["m_flow_refrigerant"],
    )


def _predict(relations: Relations, record: _Record) -> tuple[float, float]:
    """Refrigerant flow in kg/s and electric power in W at a record's refrigerant side."""
    at = (record.ratio, record.density, record.speed)
    m_flow = relations.delivered_flow(*at)
    return m_flow, m_flow * record.rise / relations.isentropic_efficiency(*at)


def _with(start: Relations, x: Vector) -> Relations:
    swept, drive_efficiency, leakage, built_in_ratio = map(float, x)
    compressor = replace(
        start.machine.compressor,
        leakage_coefficient=leakage,
        built_in_pressure_ratio=built_in_ratio,
    )
    return Relations(
        replace(start.machine, compressor=compressor),
        replace(start.sizes, swept_volume_flow=swept, drive_efficiency=drive_efficiency),
    )


def _fit(records: Sequence[_Record], start: Relations) -> Relations:
    def residuals(x: Vector) -> Vector:
        relations = _with(start, x)
        predicted = [_predict(relations, r) for r in records]
        return np.array(
            [m / r.m_flow - 1.0 for (m, _), r in zip(predicted, records, strict=True)]
            + [p / r.power - 1.0 for (_, p), r in zip(predicted, records, strict=True)]
        )

    sizes, compressor = start.sizes, start.machine.compressor
    first = [
        sizes.swept_volume_flow,
        sizes.drive_efficiency,
        compressor.leakage_coefficient,
        compressor.built_in_pressure_ratio,
    ]
    return _with(start, least_squares(residuals, first, x_scale=[first[0], 0.1, 0.05, 0.5]).x)
