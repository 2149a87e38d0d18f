"""Records that contradict what all others say, found by a robust fit and named with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES

from ..data.datasets import Dataset
from .fitting import Fit, Problem

# A reading is an outlier if it is off by this many times the usual deviation of its quantity
# (1.4826 times the median, the standard deviation of normal scatter) and by this many standard
# uncertainties.
USUAL_DEVIATIONS = 7.0
LEAST_DEVIATION = 5.0
MEDIAN_TO_SD = 1.4826

# With fewer records nothing is usual.
LEAST_RECORDS = 12

# Two inlets are different beyond these shares (temperatures: K).
DIFFERENT, DIFFERENT_KELVIN = 0.02, 0.5


def find_outliers(problem: Problem, fit: Fit) -> dict[int, str]:
    """Say which of the fitted records contradict the others.

    Parameters
    ----------
    problem : Problem
        With the uncertainties of the fit.
    fit : Fit
        That outliers could hardly pull.

    Returns
    -------
    dict of int to str
        Reason by record.
    """
    records = list(fit.standardised)
    if len(records) < LEAST_RECORDS:
        return {}
    predicted = problem.predict(fit.by_place, records)
    reasons: dict[int, list[str]] = {}
    for record in records:
        if predicted.loc[record].isna().any():
            reasons[record] = ["no machine like that of the other records runs at its inlets"]
    for q in problem.quantities:
        with_q = [r for r in records if q in problem.fields[r] and r not in reasons]
        if len(with_q) < LEAST_RECORDS:
            continue
        sigma = np.array([problem.sigma[r][q] for r in with_q])
        measured = problem.dataset.values.loc[with_q, q].to_numpy()
        error = measured - predicted.loc[with_q, q].to_numpy()
        residuals = np.abs(error) / sigma
        usual = MEDIAN_TO_SD * float(np.median(residuals))
        limit = max(USUAL_DEVIATIONS * usual, LEAST_DEVIATION)
        for i in np.flatnonzero(residuals > limit):
            text = _said(q, error[i], measured[i] - error[i], usual * sigma[i])
            reasons.setdefault(with_q[i], []).append(text)
    return {
        record: "; ".join(texts + _repeated(problem.dataset, problem.fields[record], record))
        for record, texts in sorted(reasons.items())
    }


def _said(quantity: str, error: float, predicted: float, usual: float) -> str:
    """Say how far a reading is off, and what is usual."""
    if QUANTITIES[quantity].has_percentage:
        off, usually, unit = 100.0 * error / predicted, 100.0 * usual / abs(predicted), "%"
    else:
        off, usually, unit = error, usual, QUANTITIES[quantity].unit
    side = "above" if off > 0.0 else "below"
    return (
        f"{quantity} is {abs(off):.1f} {unit} {side} what the other records say; {usually:.1f} "
        f"{unit} is usual"
    )


def _repeated(dataset: Dataset, fields: Sequence[str], record: int) -> list[str]:
    """Say if a record has the readings of another one at other inlets: a row copied by mistake."""
    values = dataset.values
    # Heat that is given is a reading, too.
    read = [*fields, *(q for q in dataset.inputs if q not in BOUNDARY_QUANTITIES)]
    same = (values[read] == values.loc[record, read]).all(axis=1)
    for other in values.index[same]:
        differ = _different(values.loc[record], values.loc[other])
        if other != record and differ:
            return [f"its readings repeat those of record {other}, which has another {differ}"]
    return []


def _different(a: Mapping[str, float], b: Mapping[str, float]) -> str:
    for q in BOUNDARY_QUANTITIES:
        change = abs(a[q] - b[q])
        least = DIFFERENT_KELVIN if q.startswith("T_") else DIFFERENT * abs(b[q])
        if change > least:
            return q
    return ""
