"""Two or more FMUs on the same records: whose errors are smaller, and how sure that is.

For each record r the FMUs a and b miss the reading by e_a(r) and e_b(r). The paired differences
d(r) = |e_b(r)| - |e_a(r)| have the mean D and the standard deviation s over n records. D is the
difference of the mean absolute errors, s / sqrt(n) its standard error, and

    D +- t(0.975, n - 1) * s / sqrt(n)

its 95 % interval (paired t interval: NIST/SEMATECH e-Handbook of Statistical Methods, section
7.3.1.1). It takes the records as independent and the mean of the differences as nearly normal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student_t

from heatpump_twin.model.quantities import QUANTITIES

from .scores import ErrorMeasures, Scores, measure

CONFIDENCE = 0.95
FORMULA = (
    "d = |error of the FMU| - |error of the first FMU| at each record; mean d, standard error "
    "s(d) / sqrt(n), 95 % interval: mean +- t(0.975, n - 1) * standard error (paired t interval, "
    "NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.1.1)"
)


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences of absolute errors, in the SI unit of the quantity.

    Attributes
    ----------
    mean : float
        Negative where the FMU is nearer to the readings than the first one.
    standard_error, low, high : float or None
        Of the mean, and its 95 % interval; None for a single record.
    """

    mean: float
    standard_error: float | None
    low: float | None
    high: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


@dataclass(frozen=True)
class ComparedQuantity:
    """Errors of some FMUs in one quantity, over the records that all of them answered.

    Attributes
    ----------
    quantity : str
        Its name.
    records : list of int
        That are compared.
    errors : dict of str to ErrorMeasures
        By FMU; only those that give the quantity.
    differences : dict of str to Difference
        Of each FMU from the first one that gives the quantity.
    reference : str
        That first one.
    """

    quantity: str
    records: list[int]
    errors: dict[str, ErrorMeasures]
    differences: dict[str, Difference]
    reference: str


def paired_difference(first: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Difference:
    """Mean of ``|other| - |first|`` with its uncertainty; errors of shape (n,) with n >= 1."""
    d = np.abs(other) - np.abs(first)
    mean, n = float(d.mean()), len(d)
    if n < 2:
        return Difference(mean, None, None, None)
    error = float(d.std(ddof=1)) / math.sqrt(n)
    half = float(student_t.ppf(0.5 * (1.0 + CONFIDENCE), n - 1)) * error
    return Difference(mean, error, mean - half, mean + half)


def compare(scores: Mapping[str, Scores]) -> list[ComparedQuantity]:
    """Compare FMUs on the records that are scored for a quantity.

    Parameters
    ----------
    scores : mapping of str to Scores
        Of one data set, by the name of the FMU; the first is the one to compare with.
    """
    results = []
    quantities = dict.fromkeys(
        q for of_fmu in scores.values() for q in of_fmu.dataset.scored if q not in of_fmu.not_given
    )
    for quantity in (q for q in QUANTITIES if q in quantities):
        giving = {name: s for name, s in scores.items() if quantity not in s.not_given}
        some = next(iter(giving.values()))
        readings = some.dataset.values[quantity]
        records = [
            r
            for r in some.screening.kept
            if math.isfinite(readings[r])
            and all(
                s.screening.is_usable(r, quantity)
                and math.isfinite(s.simulation.outputs.loc[r, quantity])
                for s in giving.values()
            )
        ]
        if not records:
            continue
        measured = readings[records].to_numpy(dtype=float)
        simulated = {
            name: s.simulation.outputs.loc[records, quantity].to_numpy(dtype=float)
            for name, s in giving.items()
        }
        reference, *others = giving
        results.append(
            ComparedQuantity(
                quantity,
                records,
                {name: measure(quantity, measured, values) for name, values in simulated.items()},
                {
                    name: paired_difference(
                        simulated[reference] - measured, simulated[name] - measured
                    )
                    for name in others
                },
                reference,
            )
        )
    return results


def to_dict(compared: list[ComparedQuantity], scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Return everything as plain JSON types, SI units."""
    return {
        "dataset": next(iter(scores.values())).dataset.descriptor.name,
        "fmus": {
            name: {
                "model_name": s.fmu.model_name,
                "sha256": s.fmu.sha256,
                "passed": s.passed,
                "not_given": s.not_given,
            }
            for name, s in scores.items()
        },
        "formula": FORMULA,
        "quantities": [
            {
                **asdict(c),
                "unit": QUANTITIES[c.quantity].unit,
                "differences": {
                    name: {**asdict(d), "is_significant": d.is_significant}
                    for name, d in c.differences.items()
                },
            }
            for c in compared
        ],
    }
