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

from .fitting import STATED_FREEDOM, Fit, Problem
from .parameters import FreeParameter

# The factors are found when none of them changes by more than this fraction. Fits on the way there
# need not be exact.
FACTOR_TOLERANCE = 1e-4
ROUGH_TOLERANCE = 1e-6
MOST_ROUNDS = 50


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
    """

    problem: Problem
    fit: Fit
    uncertainty_factors: dict[str, float]


def estimate(
    problem: Problem,
    parameters: Sequence[FreeParameter],
    records: Sequence[int] | None = None,
    start: dict[str, float] | None = None,
    factors: dict[str, float] | None = None,
    progress: Callable[[Estimate], None] | None = None,
) -> Estimate:
    """Fit all parameters and the factors of the uncertainties in turn until neither moves.

    Parameters
    ----------
    problem : Problem
        Records and machine, with uncertainties as stated.
    parameters : sequence of FreeParameter
        That may move: design point, unknown flows, options with a prior, weights of the remainder.
    records : sequence of int, optional
        All by default.
    start : dict of str to float, optional
        Values to begin with, by place.
    factors : dict of str to float, optional
        Of the uncertainties, to begin with; 1 by default.
    progress : callable, optional
        Told of every fit.

    Raises
    ------
    SolveError
        If no record has a solution where the fit begins.
    """
    factors = dict(factors or dict.fromkeys(problem.quantities, 1.0))
    for _ in range(MOST_ROUNDS):
        scaled = problem.with_uncertainties_times(factors)
        fit = scaled.fit(parameters, records, start, tolerance=ROUGH_TOLERANCE)
        start = fit.by_place
        if progress:
            progress(Estimate(scaled, fit, factors))
        new = _factors(scaled, fit, factors)
        change = max(abs(new[q] / factors[q] - 1.0) for q in factors)
        factors = new
        if change < FACTOR_TOLERANCE:
            break
    scaled = problem.with_uncertainties_times(factors)
    return Estimate(scaled, scaled.fit(parameters, records, start), factors)


def _factors(problem: Problem, fit: Fit, factors: dict[str, float]) -> dict[str, float]:
    squares = dict.fromkeys(factors, 0.0)
    for record, residuals in fit.standardised.items():
        for q, residual in zip(problem.fields[record], residuals, strict=True):
            squares[q] += float(residual) ** 2
    return {
        q: math.sqrt((STATED_FREEDOM + squares[q] * factor**2) / fit.freedom[q])
        for q, factor in factors.items()
    }
