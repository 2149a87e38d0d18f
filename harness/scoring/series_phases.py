"""Phases of a log: what the machine does at each step, and when each start is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.plateaus import find_plateaus
from ..data.resampling import Floats
from ..data.series import Series
from ..data.series_descriptor import DEFROST, HOT_WATER, PHASES

Flags = np.ndarray[Any, np.dtype[np.bool_]]

#: Phases together: those in which the compressor runs to heat.
ON_PHASES = ("start-up", "steady", "running")

# Steps longer than this show no start, s.
LONGEST_STEP_OF_START = 30.0

# Longest step of which plateaus can be told, s; see `find_plateaus`.
LONGEST_STEP_OF_PLATEAU = 600.0

# Share of a start's length over which its end value is taken.
_END = 0.2

# A change by less than this tells no time constant: K for temperatures, W otherwise.
_LEAST_CHANGE = {"K": 0.5, "W": 50.0}


@dataclass(frozen=True)
class Start:
    """A start of the compressor.

    Attributes
    ----------
    row : int
        First row in which it runs.
    begin : float
        s, as the log counts.
    t63 : dict of str to (float or None, float or None)
        By quantity, how long after the start the measured and the simulated value have made 63.2 %
        of their way to the end of the start-up, s; None where there is no such way.
    """

    row: int
    begin: float
    t63: dict[str, tuple[float | None, float | None]]


def phases_of(series: Series) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return the position in `PHASES` of each row; -1 for rows that lack an input."""
    runs = series.runs
    found = np.full(len(series), -1, np.int8)
    code = {name: np.int8(i) for i, name in enumerate(PHASES)}
    lengths = series.descriptor.phases
    usual = float(np.median(series.step))
    plateaus = find_plateaus(series) if usual < LONGEST_STEP_OF_PLATEAU else []
    is_steady = np.zeros(len(series), bool)
    for plateau in plateaus:
        is_steady[plateau.begin : plateau.end] = True
    for begin, end in series.segments:
        part = slice(begin, end)
        time, on = series.time[part], runs[part]
        since = time - series.step[part] - _last_change(time, series.step[part], on)
        starting = on & (since < lengths.start_up)
        phase = np.where(on, code["running"], code["standstill"])
        phase[on & is_steady[part]] = code["steady"]
        phase[starting] = code["start-up"]
        phase[~on & (since < lengths.stop)] = code["stop"]
        for state, name in ((HOT_WATER, "hot water"), (DEFROST, "defrost")):
            if state in series.states:
                is_so = series.states[state].to_numpy()[part] > 0.5
                phase[is_so & (on | (state == DEFROST))] = code[name]
        found[part] = phase
    return found


def _last_change(time: Floats, step: Floats, on: Flags) -> Floats:
    """Begin of the run or standstill that each row lies in, s; none before the begin of the log."""
    (changes,) = np.nonzero(np.diff(on))
    begins = np.concatenate([[-np.inf], (time - step)[changes + 1]])
    return begins[np.searchsorted(changes + 1, np.arange(len(on)), "right")]


def starts_of(
    series: Series, phases: Any, measured: dict[str, Floats], simulated: dict[str, Floats]
) -> list[Start]:
    """Find the starts of a log, and how fast each quantity follows.

    Parameters
    ----------
    series : Series
        The log.
    phases : numpy.ndarray
        From `phases_of`.
    measured, simulated : dict of str to numpy.ndarray
        Quantities that are told of, one value a row, with the same keys.
    """
    runs = series.runs
    is_long = float(np.median(series.step)) > LONGEST_STEP_OF_START
    starts = []
    for begin, end in series.segments:
        on = runs[begin:end]
        for i in np.flatnonzero(on[1:] & ~on[:-1]) + 1:
            row = begin + int(i)
            stop = row + int(
                np.searchsorted(
                    series.time[row:end],
                    series.time[row] + series.descriptor.phases.start_up,
                    "right",
                )
            )
            is_whole = bool(runs[row:stop].all()) and stop < end and not is_long
            is_heating = phases[row] == PHASES.index("start-up")
            if not is_heating:
                continue
            t63 = {
                q: (
                    _t63(series, row, stop, measured[q], q) if is_whole else None,
                    _t63(series, row, stop, simulated[q], q) if is_whole else None,
                )
                for q in measured
            }
            starts.append(Start(row, float(series.time[row] - series.step[row]), t63))
    return starts


def _t63(series: Series, row: int, stop: int, values: Floats, quantity: str) -> float | None:
    """Time from the begin of a row to 63.2 % of the way to the end of the start, s."""
    part = values[row - 1 : stop]
    if not np.isfinite(part).all():
        return None
    time = series.time[row - 1 : stop] - (series.time[row] - series.step[row])
    last = float(np.mean(part[int(len(part) * (1.0 - _END)) :]))
    way = last - float(part[0])
    if abs(way) < _LEAST_CHANGE["K" if quantity.startswith("T_") else "W"]:
        return None
    share = (part - part[0]) / way
    reached = int(np.argmax(share >= 1.0 - np.exp(-1.0)))
    before = share[reached - 1]
    step = (1.0 - np.exp(-1.0) - before) / (share[reached] - before)
    return float(time[reached - 1] + step * (time[reached] - time[reached - 1]))
