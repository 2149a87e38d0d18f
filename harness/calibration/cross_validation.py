"""Predictions of records by fits that did not see them, and how sure those fits are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from heatpump_twin.running import process_pool
from heatpump_twin.solving.quick_cycle import OUTPUTS

from ..data.completion import HEAT
from .estimating import Estimate, estimate
from .fitting import Problem
from .parameters import FreeParameter

# Up to this many records each is left out alone; of more, a tenth at a time.
MOST_LEFT_OUT_ALONE = 30
PARTS = 10

CONFIDENCE = 0.95


@dataclass(frozen=True)
class BandedPrediction:
    """What a fit says of some records.

    Attributes
    ----------
    values : pandas.DataFrame
        One row a record, columns `quick_cycle.OUTPUTS`, SI units.
    half_widths : pandas.DataFrame
        Half of the 95 % band in which a reading is expected; same shape.
    standard_uncertainties : pandas.DataFrame
        Of a reading about the prediction, without the factor of coverage; same shape.
    """

    values: pd.DataFrame
    half_widths: pd.DataFrame
    standard_uncertainties: pd.DataFrame

    @staticmethod
    def joined(parts: Sequence[BandedPrediction]) -> BandedPrediction:
        """Put the records of several predictions together, in order."""
        return BandedPrediction(
            *(
                pd.concat([getattr(p, name) for p in parts]).sort_index()
                for name in ("values", "half_widths", "standard_uncertainties")
            )
        )


@dataclass(frozen=True)
class Split:
    """Records to fit on and records to predict."""

    fitted: tuple[int, ...]
    predicted: tuple[int, ...]


def leave_out_splits(records: Sequence[int], seed: int) -> list[Split]:
    """Leave each record out once, alone or, of many records, with a tenth of them.

    Parameters
    ----------
    records : sequence of int
        All of them.
    seed : int
        Deals many records into tenths.
    """
    if len(records) <= MOST_LEFT_OUT_ALONE:
        parts: list[tuple[int, ...]] = [(r,) for r in records]
    else:
        shuffled = np.random.default_rng(seed).permutation(np.array(records))
        parts = [tuple(sorted(map(int, part))) for part in np.array_split(shuffled, PARTS)]
    splits = []
    for part in parts:
        out = set(part)
        splits.append(Split(tuple(r for r in records if r not in out), part))
    return splits


def extrapolation_split(problem: Problem) -> Split:
    """The half of the records nearest the design point's temperature lift, and the other half.

    The lift is ``T_sink_in - T_source_in``; of equally near records the earlier one is nearer.
    """
    values = problem.dataset.values.loc[problem.records]
    design = problem.machine.design.boundary
    lift = values["T_sink_in"] - values["T_source_in"] - (design.T_sink_in - design.T_source_in)
    order = lift.abs().round(9).sort_values(kind="stable").index
    near = set(order[: (len(order) + 1) // 2])
    return Split(
        tuple(r for r in problem.records if r in near),
        tuple(r for r in problem.records if r not in near),
    )


def predict_with_band(found: Estimate, records: Sequence[int]) -> BandedPrediction:
    """Predict records with the band from parameter covariance and the uncertainty of a reading.

    ``u**2 = J C J' + s**2``: `C` of the fitted parameters, `s` the uncertainty of a reading of that
    quantity as the residuals gave it; where it was not measured, the parameters alone. The factor
    to 95 % is Student's, with the degrees of freedom of `s`.

    Parameters
    ----------
    found : Estimate
        That predicts.
    records : sequence of int
        To be predicted.
    """
    problem, fit = found.problem, found.fit
    frame, derivatives = problem.sensitivities(fit.parameters, fit.values, records)
    variance = np.einsum("rqi,ij,rqj->rq", derivatives, fit.covariance, derivatives)
    columns = list(OUTPUTS)
    readings = pd.DataFrame(problem.sigma, index=problem.quantities).T
    readings = readings.fillna(np.sqrt((readings**2).mean())).loc[list(records)]
    for q in readings:
        variance[:, columns.index(q)] += readings[q].to_numpy() ** 2
    of_cop = [q for q in ("P_el", HEAT) if not (q == HEAT and problem.dataset.heat_is_given)]
    if set(of_cop) <= set(readings):
        relative = sum((readings[q] / frame[q]).to_numpy() ** 2 for q in of_cop)
        variance[:, columns.index("COP")] += frame["COP"].to_numpy() ** 2 * relative
    u = np.sqrt(np.maximum(variance, 0.0))
    freedom = pd.Series(fit.freedom).reindex(columns).fillna(min(fit.freedom.values()))
    factor = stats.t.ppf(0.5 + CONFIDENCE / 2.0, freedom.to_numpy())
    return BandedPrediction(
        frame,
        pd.DataFrame(factor * u, index=frame.index, columns=columns),
        pd.DataFrame(u, index=frame.index, columns=columns),
    )


def predict_unseen(
    found: Estimate, parameters: Sequence[FreeParameter], split: Split, stated: Problem
) -> BandedPrediction:
    """Estimate parameters and uncertainties without the records to predict, then predict those.

    The fit begins at what all records gave, which saves time and leads to the same optimum.
    """
    again = estimate(
        stated, parameters, split.fitted, found.fit.by_place, found.uncertainty_factors
    )
    return predict_with_band(again, split.predicted)


def predict_all_unseen(
    found: Estimate,
    parameters: Sequence[FreeParameter],
    splits: Sequence[Split],
    stated: Problem,
    workers: int,
    progress: Callable[[], None],
) -> list[BandedPrediction]:
    """Run `predict_unseen` for every split, in parallel; `progress` is called after each.

    Parameters
    ----------
    found : Estimate
        Of all records.
    parameters : sequence of FreeParameter
        That may move.
    splits : sequence of Split
        Records to fit on and to predict.
    stated : Problem
        With the uncertainties as stated.
    workers : int
        Processes; the result does not depend on their number.
    progress : callable
        Called after each split.
    """
    with process_pool(min(workers, len(splits))) as pool:
        futures = {
            pool.submit(predict_unseen, found, parameters, split, stated): i
            for i, split in enumerate(splits)
        }
        predictions: dict[int, BandedPrediction] = {}
        for future in as_completed(futures):
            predictions[futures[future]] = future.result()
            progress()
    return [predictions[i] for i in range(len(splits))]


def unseen_error(problem: Problem, prediction: BandedPrediction) -> float:
    """Mean absolute error of unseen records in the standard uncertainties of a problem."""
    errors = []
    for record in prediction.values.index:
        for q in problem.fields[record]:
            error = prediction.values.loc[record, q] - problem.dataset.values.loc[record, q]
            errors.append(abs(error) / problem.sigma[record][q])
    mean = float(np.mean(errors))
    return mean if math.isfinite(mean) else math.inf


def coverage(
    measured: pd.DataFrame, prediction: BandedPrediction, fields: dict[int, list[str]]
) -> tuple[int, int]:
    """How many readings lie inside the band, and how many there are."""
    inside = total = 0
    for record in prediction.values.index:
        for q in fields[record]:
            error = measured.loc[record, q] - prediction.values.loc[record, q]
            if math.isfinite(error):
                total += 1
                inside += bool(abs(error) <= prediction.half_widths.loc[record, q])
    return inside, total
