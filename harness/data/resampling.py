"""Bring readings of a log to even steps: held or interpolated between readings, then averaged.

A mean over a step is the integral of the signal divided by the step: of steps where a value holds
until the next one is written, of straight lines otherwise. A step that is not covered by readings
all the way has no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

# Share of a step that may be uncovered, for rounding alone.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Signal:
    """Readings of one column, with no empty cell among them.

    Attributes
    ----------
    time, value : numpy.ndarray
        s, and SI unit or 0 and 1.
    until : numpy.ndarray
        How long each reading tells the signal, s: to the next one or to the begin of a gap.
    is_held : bool
        Whether it holds until then; otherwise the signal goes straight to the next reading.
    """

    time: Floats
    value: Floats
    until: Floats
    is_held: bool

    @classmethod
    def held(cls, time: Floats, value: Floats, rows: Floats, longest_gap: float) -> Signal:
        """A column that is written on change: it holds as long as the log has rows at all.

        Parameters
        ----------
        time, value : numpy.ndarray
            Of its readings.
        rows : numpy.ndarray
            Times of all rows of the log, s.
        longest_gap : float
            Between rows, s. What held before a longer one is not known after it.
        """
        (gaps,) = np.nonzero(np.diff(rows) > longest_gap)
        ends = np.append(rows[gaps], rows[-1])
        next_end = ends[np.searchsorted(ends, time, "left").clip(max=len(ends) - 1)]
        until = np.minimum(np.append(time[1:], np.inf), next_end)
        return cls(time, value, np.maximum(until, time), True)

    @classmethod
    def straight(cls, time: Floats, value: Floats, longest_gap: float) -> Signal:
        """A column that is written in every row; it is known between readings that are near."""
        following = np.append(time[1:], time[-1:])
        until = np.where(following - time <= longest_gap, following, time)
        return cls(time, value, until, False)

    def means(self, edges: Floats) -> Floats:
        """Mean over each step between neighbouring edges; NaN where it is not covered."""
        integral, covered = self._integral(edges)
        length, known = np.diff(edges), np.diff(covered)
        is_known = known >= (1.0 - _ROUNDING) * length
        return np.where(is_known, np.diff(integral) / np.where(is_known, known, 1.0), np.nan)

    def samples(self, times: Floats) -> Floats:
        """Value at each time; NaN where it is not known."""
        i = np.searchsorted(self.time, times, "right") - 1
        inside = i.clip(min=0)
        t0, v0, end = self.time[inside], self.value[inside], self.until[inside]
        known = (i >= 0) & (times <= end)
        if self.is_held:
            return np.where(known, v0, np.nan)
        t1 = np.append(self.time[1:], self.time[-1:])[inside]
        v1 = np.append(self.value[1:], self.value[-1:])[inside]
        share = np.divide(times - t0, t1 - t0, out=np.zeros_like(times), where=t1 > t0)
        return np.where(known, v0 + share * (v1 - v0), np.nan)

    def _integral(self, times: Floats) -> tuple[Floats, Floats]:
        """Integral of the signal, and how long it was known, from its begin to each time."""
        length = self.until - self.time
        after = np.append(self.value[1:], self.value[-1:])
        ends = self.value if self.is_held else after
        parts = 0.5 * (self.value + ends) * length
        before = np.concatenate([[0.0], np.cumsum(parts)])
        known_before = np.concatenate([[0.0], np.cumsum(length)])
        i = np.searchsorted(self.time, times, "right") - 1
        inside = i.clip(min=0)
        dt = (times - self.time[inside]).clip(0.0, length[inside])
        slope = np.divide(ends - self.value, length, out=np.zeros_like(length), where=length > 0.0)[
            inside
        ]
        at = before[inside] + dt * (self.value[inside] + 0.5 * slope * dt)
        is_before = i < 0
        return np.where(is_before, 0.0, at), np.where(is_before, 0.0, known_before[inside] + dt)
