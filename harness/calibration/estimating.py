"""Parameters and the uncertainty of the readings, estimated together from some records.

Every parameter that has an uncertainty is fitted. Its start value and uncertainty are a prior, so
it moves as far as the data identify it. The records do not choose which parameters take part: with
few records such a choice is mostly noise, and a parameter that was not chosen would count as known.

How much a prior counts beside the data depends on the uncertainties of the readings. They are
mostly estimates, so each quantity's is multiplied by a factor that its residuals give (variance
components: F. R. Helmert, Die Ausgleichungsrechnung nach der Methode der kleinsten Quadrate, 2nd
ed. 1907; for the redundancies see P. J. G. Teunissen, A. R. Amiri-Simkooei, J. Geodesy 82 (2008)
65). The stated uncertainty counts as `fitting.STATED_FREEDOM` residuals more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heatpump_twin.model.errors import SolveError

from .fitting import STATED_FREEDOM, Fit, FreeParameter, Problem

# The factors are found when none of them changes by more than this fraction.
FACTOR_TOLERANCE = 1e-3
MOST_ROUNDS = 50

ON_BOUND = "ends on a bound"


@dataclass(frozen=True)
class Estimate:
    """Parameters and uncertainties that explain some records.

    Attributes
    ----------
    problem : Problem
        With the uncertainties found.
    fit : Fit
        Of the parameters, with these uncertainties.
    uncertainty_factors : dict of str to float
        Found over stated uncertainty, by quantity.
    held : dict of str to str
        Places of the parameters that could move and keep their start value, with the reason.
    """

    problem: Problem
    fit: Fit
    uncertainty_factors: dict[str, float]
    held: dict[str, str]


def estimate(
    problem: Problem,
    base: Sequence[FreeParameter],
    options: Sequence[FreeParameter],
    records: Sequence[int] | None = None,
    start: dict[str, float] | None = None,
    progress: Callable[[Estimate], None] | None = None,
) -> Estimate:
    """Fit all parameters and the factors of the uncertainties in turn until neither moves.

    Parameters
    ----------
    problem : Problem
        Records and machine, with uncertainties as stated.
    base : sequence of FreeParameter
        Design point and unknown flows.
    options : sequence of FreeParameter
        With a prior; one that a fit moves to its physical bound is held at its start value instead.
    records : sequence of int, optional
        All by default.
    start : dict of str to float, optional
        Values to begin with, by place.
    progress : callable, optional
        Told of every fit that could be the result.

    Raises
    ------
    SolveError
        If the machine has no solution where the fit begins, or the factors do not settle.
    """
    free = list(options)
    held: dict[str, str] = {}
    factors = dict.fromkeys(problem.quantities, 1.0)
    for _ in range(MOST_ROUNDS):
        scaled = problem.with_uncertainties_times(factors)
        fit = scaled.fit((*base, *free), records, start)
        found = Estimate(scaled, fit, factors, dict(held))
        start = fit.by_place
        on_bound = [option for option in free if option.place in fit.on_bound]
        if on_bound:
            held |= {option.place: ON_BOUND for option in on_bound}
            free = [option for option in free if option not in on_bound]
            continue
        if progress:
            progress(found)
        new = _factors(scaled, fit, factors)
        if max(abs(new[q] / factors[q] - 1.0) for q in factors) < FACTOR_TOLERANCE:
            return found
        factors = new
    raise SolveError("the uncertainties of the readings do not settle")


def _factors(problem: Problem, fit: Fit, factors: dict[str, float]) -> dict[str, float]:
    squares = dict.fromkeys(factors, 0.0)
    for record, residuals in fit.standardised.items():
        for q, residual in zip(problem.fields[record], residuals, strict=True):
            squares[q] += float(residual) ** 2
    return {
        q: math.sqrt((STATED_FREEDOM + squares[q] * factor**2) / fit.freedom[q])
        for q, factor in factors.items()
    }
