"""How long auxiliaries run on after a stop, from the power that was read then.

Power falls by that of the auxiliaries at one time, so that time is where a step fits best: the
least sum of squares over all places of the step (J. Bai, Least squares estimation of a shift in
linear processes, Journal of Time Series Analysis 15 (1994) 453-472).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from heatpump_twin.model.machine import SECTIONS

from ..data.series import Series
from .serial_correlation import autocorrelation_time
from .windows import Stepper, drawn, find_windows

#: Its name in the machine file.
RUN_ON = "pump_run_on_time"

# So long after a stop power is compared, s.
_LONGEST = 3600.0


class RunOn(NamedTuple):
    """Time found, s, with its standard error, what told of it, and the sum of squares left."""

    value: float
    standard_error: float
    stops: int
    rows: int
    independent: float
    squares: float


def find_run_on(
    series: Series, stepper: Stepper, dynamics: Mapping[str, float], most: int
) -> RunOn | str:
    """Find it, or say why the log does not tell it.

    Parameters
    ----------
    series : Series
        The log.
    stepper : Stepper
        The core on that log.
    dynamics : mapping of str to float
        The other parameters.
    most : int
        Stops that are taken, evenly over the log.
    """
    stops = drawn(find_windows(series, _LONGEST)[1], most)
    times, gains, running_on, still = [], [], [], []
    for window in stops:
        since, measured = stepper.since(window), stepper.measured(window, "P_el")
        on, off = (
            stepper.answers(window, {**dynamics, RUN_ON: value})["P_el"] - measured
            for value in (SECTIONS["dynamics"][RUN_ON].maximum, 0.0)
        )
        known = np.isfinite(on) & np.isfinite(off)
        times.append(since[known])
        running_on.append(on[known])
        still.append(off[known])
        gains.append(on[known] ** 2 - off[known] ** 2)
    time, gain = np.concatenate(times), np.concatenate(gains)
    if not len(time) or not np.any(gain):
        return "the machine's auxiliaries take no power"
    order = np.argsort(time, kind="stable")
    # After the rows of a time, and not between those that have the same.
    is_last = np.append(np.diff(time[order]) > 0.0, True)
    ends = np.concatenate([[0.0], time[order][is_last]])
    sums = np.concatenate([[0.0], np.cumsum(gain[order])[is_last]])
    best = int(np.argmin(sums))
    if best == len(ends) - 1:
        return f"power does not fall to that at rest within {ends[-1]:.0f} s after a stop"
    residuals = [
        np.where(t <= ends[best], on, off)
        for t, on, off in zip(times, running_on, still, strict=True)
    ]
    rows = len(time)
    tau = autocorrelation_time([r for r in residuals if len(r)])
    variance = float(np.sum(np.concatenate(residuals) ** 2)) / rows
    # Places that readings of this scatter do not tell from the best one.
    alike = np.flatnonzero(sums <= sums[best] + variance * tau)
    if alike[-1] == len(ends) - 1:
        return f"power does not clearly fall within {ends[-1]:.0f} s after a stop"
    # It falls somewhere between the rows before and after.
    step = float(ends[best + 1] - ends[best])
    value = float(ends[best]) + 0.5 * step * (best > 0)
    width = float(ends[alike[-1]] - ends[alike[0]])
    error = math.hypot(0.5 * width, step / math.sqrt(12.0))
    return RunOn(value, error, len(stops), rows, rows / tau, rows * variance)
