"""Steady parts of a log, by the spread and drift of temperatures in a moving window.

The method is that of M. Kim, S. H. Yoon, P. A. Domanski, W. V. Payne, Design of a steady-state
detector for fault detection and diagnosis of a residential air conditioner, International Journal
of Refrigeration 31 (2008) 790-799: a time is steady while the standard deviation of each of some
quantities over a moving window stays below a limit. The drift over the window is limited, too: of a
slow ramp the deviation is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from heatpump_twin.model.errors import InputError

from .resampling import Floats
from .series import Series
from .series_descriptor import COMPRESSOR, DEFROST

Flags = np.ndarray[Any, np.dtype[np.bool_]]

#: Temperatures that have to be steady, where they were recorded.
TEMPERATURES = ("T_source_in", "T_sink_in", "T_source_out", "T_sink_out")

#: Flows and power that have to be steady, where they were recorded.
RATES = ("m_flow_source", "m_flow_sink", "P_el")

# Largest standard deviation in a window and drift over it, of a rate's usual value.
RATE_DEVIATION = 0.05
RATE_DRIFT = 0.1

# Window, s; largest standard deviation in it and drift over it, K; least length of a plateau, s.
WINDOW = 180.0
DEVIATION = 0.12
DRIFT = 0.3
LEAST = 120.0

# By how many of its standard deviations noise may move what is compared with a limit.
SURE = 3.0

# Rows that are looked at together: of a month of seconds all at once would not fit into memory.
BLOCK = 200_000

# Steps that a window has at least.
_STEPS = 3

# From the median of absolute differences of neighbours to the standard deviation of noise.
_MEDIAN_TO_NOISE = 1.4826 / 2.0**0.5


@dataclass(frozen=True)
class Plateau:
    """A steady part of a log.

    Attributes
    ----------
    begin, end : int
        First row, and the row after the last.
    """

    begin: int
    end: int


def find_plateaus(series: Series) -> list[Plateau]:
    """Find the steady parts of a log, in the order of time.

    A part is steady where windows of `WINDOW` that end in it are, the compressor runs, and it lasts
    for `LEAST`. Noise of the readings adds to the deviation that is allowed: it is taken from the
    differences of neighbours, in which nothing slow shows.

    Raises
    ------
    InputError
        If steps are too long to tell.
    """
    usual = float(np.median(series.step))
    if usual * _STEPS > 10.0 * WINDOW:
        raise InputError(
            f"{series.place}: steps of {usual:g} s are too long to tell what is steady; expected "
            f"{10.0 * WINDOW / _STEPS:g} s at most"
        )
    limits = _limits(series)
    window = max(WINDOW, _STEPS * usual)
    ends = _ends_of_steady_windows(series, limits, window)
    elapsed = series.elapsed
    found: list[Plateau] = []
    for begin, end in series.segments:
        of_segment: list[Plateau] = []
        edges = np.flatnonzero(np.diff(np.concatenate([[0], ends[begin:end].astype(int), [0]])))
        for a, b in zip(begin + edges[::2], begin + edges[1::2], strict=True):
            first = int(np.searchsorted(elapsed, elapsed[a] - window + 1e-6, "right"))
            plateau = Plateau(max(first, begin), int(b))
            before = of_segment[-1] if of_segment else None
            if before is not None and plateau.begin < before.end:
                if _is_same(series, before, plateau, limits):
                    of_segment[-1] = Plateau(before.begin, plateau.end)
                    continue
                plateau = Plateau(before.end, plateau.end)
            of_segment.append(plateau)
        found += of_segment
    return [p for p in found if float(series.step[p.begin : p.end].sum()) >= LEAST]


def _limits(series: Series) -> dict[str, tuple[float, float]]:
    """Largest deviation in a window and drift over it, by quantity."""
    limits = {q: (DEVIATION, DRIFT) for q in TEMPERATURES if q in series.values}
    for q in RATES:
        if q in series.values and q not in series.descriptor.constants:
            usual = abs(float(series.values[q][series.runs].median()))
            limits[q] = (RATE_DEVIATION * usual, RATE_DRIFT * usual)
    return limits


def _is_same(
    series: Series, one: Plateau, other: Plateau, limits: dict[str, tuple[float, float]]
) -> bool:
    """Whether two parts that touch differ by no more than one may drift in itself."""
    for name, (_, drift) in limits.items():
        values = series.values[name].to_numpy()
        gap = values[one.begin : one.end].mean() - values[other.begin : other.end].mean()
        if not abs(gap) <= drift:
            return False
    return True


def _ends_of_steady_windows(
    series: Series, limits: dict[str, tuple[float, float]], window: float
) -> Flags:
    """Tell at which rows steady windows end."""
    steady = np.zeros(len(series), bool)
    runs = series.states[COMPRESSOR].to_numpy() > 1.0 - 1e-9
    if DEFROST in series.states:
        runs &= series.states[DEFROST].to_numpy() < 1e-9
    noise = {q: _noise(series.values[q].to_numpy()) for q in limits}
    usual_step = float(np.median(series.step))
    elapsed = series.elapsed
    for begin, end in series.segments:
        for first in range(begin, end, BLOCK):
            # A block begins with the windows that end at its first rows.
            early = max(begin, int(np.searchsorted(elapsed, elapsed[first] - 2.0 * window)))
            part = slice(early, min(end, first + BLOCK))
            time, here = elapsed[part], runs[part].copy()
            starts = np.searchsorted(time, time - window + 1e-6, "right")
            for name, (deviation, drift) in limits.items():
                values = series.values[name].to_numpy()[part]
                most = _Most(window, usual_step, deviation, drift, noise[name])
                here &= _is_steady(time, values, runs[part], starts, most)
            steady[first : part.stop] = here[first - early :]
    return steady


class _Most(NamedTuple):
    """A window, the usual step in it, and what is allowed of one quantity in it."""

    window: float
    step: float
    deviation: float
    drift: float
    noise: float


def _is_steady(time: Floats, value: Floats, runs: Flags, first: Any, most: _Most) -> Flags:
    """Whether the window that ends at each row holds while the compressor runs, and is steady."""
    last = np.arange(len(value)) + 1
    middle = np.searchsorted(time, time - 0.5 * most.window + 1e-6, "right")
    middle = middle.clip(first + 1, last - 1)
    count = last - first
    known = np.isfinite(value)
    if not known.any():
        return np.zeros(len(value), bool)
    centred = np.where(known, value - float(np.nanmean(value)), 0.0)
    sums, squares = _running(centred), _running(centred**2)
    mean = (sums[last] - sums[first]) / count
    variance = (squares[last] - squares[first]) / count - mean**2
    halves = (sums[last] - sums[middle]) / (last - middle).clip(min=1) - (
        sums[middle] - sums[first]
    ) / (middle - first).clip(min=1)
    # The means of both halves lie half a window apart.
    drift = 2.0 * np.abs(halves)
    complete = (time - most.window >= time[0] - most.step - 1e-6) & (count >= _STEPS)
    all_known = _running(known.astype(float))
    all_runs = _running(runs.astype(float))
    holds = (all_known[last] - all_known[first] == count) & (
        all_runs[last] - all_runs[first] == count
    )
    # How far noise alone moves a variance, and the difference of two means, at most.
    spread = most.noise**2 * (1.0 + SURE * (2.0 / count) ** 0.5)
    shift = SURE * 2.0 * most.noise * (4.0 / count) ** 0.5
    return np.asarray(
        complete & holds & (variance <= most.deviation**2 + spread) & (drift <= most.drift + shift)
    )


def _noise(value: Floats) -> float:
    """Standard deviation of what differs from one reading to the next."""
    differences = np.abs(np.diff(value))
    read = differences[np.isfinite(differences)]
    return float(_MEDIAN_TO_NOISE * np.median(read)) if len(read) else 0.0


def _running(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])
