"""What residuals that follow each other in time tell, compared with independent ones.

Errors of one second and the next are nearly the same error. The variance of a mean of `n` such
numbers is that of `n / tau` independent ones, with the integrated autocorrelation time

    tau = 1 + 2 (rho_1 + rho_2 + ...)

(H. J. Thiebaux, F. W. Zwiers, The interpretation and estimation of effective sample size, Journal
of Climate and Applied Meteorology 23 (1984) 800-811). Estimates of `rho` at long lags are noise, so
the sum ends where that of two neighbours is no longer positive (C. J. Geyer, Practical Markov chain
Monte Carlo, Statistical Science 7 (1992) 473-483).

A least-squares fit does not take all rows alike: an error that lasts for minutes hardly moves a
time constant of seconds. The covariance of its parameters is

    (J'J)^-1 J' Omega J (J'J)^-1

with the autocovariances of the residuals in `Omega`, weighted so that it cannot be negative (W. K.
Newey, K. D. West, A simple, positive semi-definite, heteroskedasticity and autocorrelation
consistent covariance matrix, Econometrica 55 (1987) 703-708).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.resampling import Floats

# The weights fall to zero at so many times the lag at which correlation ends.
_REACH = 2


def autocorrelation_time(parts: Sequence[Floats]) -> float:
    """Return how many rows tell as much as one independent row.

    Parameters
    ----------
    parts : sequence of numpy.ndarray
        Residuals, each part without a gap. Correlations are about zero and not about the mean: an
        offset is an error that all rows share.
    """
    sums = _autocovariances(parts)
    if sums[0] <= 0.0:
        return 1.0
    kept = sums[: _end(sums)] / sums[0]
    return float(max(1.0, 2.0 * kept.sum() - 1.0))


def middle_of_sandwich(parts: Sequence[Floats], jacobians: Sequence[Any]) -> Any:
    """Return ``J' Omega J`` of a fit to several parts.

    Parameters
    ----------
    parts : sequence of numpy.ndarray
        Residuals.
    jacobians : sequence of numpy.ndarray
        Of each part, one column a parameter.
    """
    sums = _autocovariances(parts)
    covariances = sums / sum(map(len, parts))
    reach = min(len(sums), _REACH * _end(sums))
    weights = np.maximum(0.0, 1.0 - np.arange(len(sums)) / reach) if reach else np.zeros(1)
    found: Any = 0.0
    for jacobian in jacobians:
        for lag in range(min(reach, len(jacobian))):
            product = jacobian[: len(jacobian) - lag].T @ jacobian[lag:]
            both = product + product.T if lag else product
            found = found + weights[lag] * covariances[lag] * both
    return found


def _autocovariances(parts: Sequence[Floats]) -> Floats:
    """Sums of products of residuals by lag."""
    sums = np.zeros(max(map(len, parts)))
    for part in parts:
        sums[: len(part)] += np.correlate(part, part, "full")[len(part) - 1 :]
    return sums


def _end(sums: Floats) -> int:
    """Lag at which correlation is no longer told from noise."""
    pairs = sums[: len(sums) // 2 * 2].reshape(-1, 2).sum(axis=1)
    (ends,) = np.nonzero(pairs <= 0.0)
    return int(2 * ends[0]) if len(ends) else len(sums) // 2 * 2
