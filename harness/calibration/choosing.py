"""How many parameters the data support: chosen by left-out records, not by the fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from heatpump_twin_model.errors import SolveError

from .fitting import Fit, FreeParameter, Problem

# One parameter more has to lower the error of left-out records by this many standard errors of the
# gain over the records (one-standard-error rule: L. Breiman et al., Classification and Regression
# Trees, 1984, section 3.4.3).
LEAST_GAIN = 1.0


@dataclass(frozen=True)
class Trial:
    """One set of parameters that was tried.

    Attributes
    ----------
    added : str
        Place of the parameter that this set has more than the one before; empty for the first.
    left_out_error : float
        Mean absolute error of left-out records, in standard uncertainties.
    verdict : str
        ``kept``, ``not better``, or why the fit cannot be used.
    """

    added: str
    left_out_error: float
    verdict: str


@dataclass(frozen=True)
class Choice:
    """The parameters chosen, their fit, and what was tried on the way."""

    fit: Fit
    trials: tuple[Trial, ...]


def choose(
    problem: Problem,
    base: Sequence[FreeParameter],
    options: Sequence[FreeParameter],
    records: Sequence[int] | None = None,
    start: dict[str, float] | None = None,
    progress: Callable[[Fit], None] | None = None,
) -> Choice:
    """Add the option that predicts left-out records best, until none does better.

    The error of a left-out record is that of a fit without it, to first order (PRESS: D. M. Allen,
    Technometrics 16 (1974) 125).

    Parameters
    ----------
    problem : Problem
        Records and machine.
    base, options : sequences of FreeParameter
        Always fitted, and fitted where it pays.
    records : sequence of int, optional
        All by default.
    start : dict of str to float, optional
        Values to begin with, by place.
    progress : callable, optional
        Told of the best fit so far after every fit.

    Raises
    ------
    SolveError
        If the base cannot be fitted.
    """
    best = problem.fit(base, records, start)
    trials = [Trial("", best.left_out_error, "kept" if best.converged else "did not converge")]
    left = list(options)
    if progress:
        progress(best)
    while left:
        candidates: list[tuple[float, FreeParameter, Fit]] = []
        for option in list(left):
            try:
                fit = problem.fit(
                    (*best.parameters, option), records, {**(start or {}), **best.by_place}
                )
            except SolveError:
                trials.append(Trial(option.place, float("nan"), "no solution"))
                continue
            if progress:
                progress(best)
            if not fit.converged:
                trials.append(Trial(option.place, fit.left_out_error, "did not converge"))
            elif option.place in fit.on_bound:
                trials.append(Trial(option.place, fit.left_out_error, "ends on a bound"))
            else:
                candidates.append((fit.left_out_error, option, fit))
        if not candidates:
            break
        candidates.sort(key=lambda c: c[0])
        _, winner, fit = candidates[0]
        is_better = _is_better(fit, best)
        trials += [
            Trial(option.place, e, "kept" if is_better and option is winner else "not better")
            for e, option, _ in candidates
        ]
        if not is_better:
            break
        best, left = fit, [option for option in left if option is not winner]
    return Choice(best, tuple(trials))


def _is_better(fit: Fit, than: Fit) -> bool:
    gains = np.array(
        [np.abs(than.left_out[r]).mean() - np.abs(fit.left_out[r]).mean() for r in fit.left_out]
    )
    standard_error = float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return float(gains.mean()) > LEAST_GAIN * standard_error
