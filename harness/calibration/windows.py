"""Starts and stops in a log, and what the core answers over the rows around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary

from ..data.resampling import Floats
from ..data.series import Series
from ..data.series_descriptor import DEFROST

#: How long after a start or a stop rows are compared, s.
COMPARED = 600.0

# Rows before it that are stepped without being compared, s.
_BEFORE = 300.0

# Rows of a start or a stop, at least.
_LEAST_ROWS = 5

# A step of so many seconds leaves the machine as if its inputs had always been what they are.
_SETTLED = 1e6

# Of a step that is a mean, the FMU's own are at most so long, s.
_PART = 1.0

#: Of the core's answers, those that a log can have and that time constants show in.
COMPARED_QUANTITIES = ("P_el", "T_source_out", "T_sink_out")


@dataclass(frozen=True)
class Window:
    """Rows around a start or a stop.

    Attributes
    ----------
    begin : int
        First row that is stepped.
    event : int
        First row in which the compressor runs, or stands; rows are compared from here on.
    end : int
        Row after the last.
    """

    begin: int
    event: int
    end: int

    @property
    def rows(self) -> slice:
        """Rows that are compared."""
        return slice(self.event, self.end)


def find_windows(series: Series, length: float = COMPARED) -> tuple[list[Window], list[Window]]:
    """Find the starts and the stops of a log; each ends at the latest where the next change is.

    What begins while a defrost is under way is left out, and one ends where a defrost begins.

    Parameters
    ----------
    series : Series
        The log.
    length : float
        Longest time after a start or a stop, s.
    """
    runs, time = series.runs, series.time
    defrosts = np.zeros(len(series), bool)
    if DEFROST in series.states:
        defrosts = series.states[DEFROST].to_numpy() > 0.0
    starts: list[Window] = []
    stops: list[Window] = []
    for first, last in series.segments:
        changes = first + 1 + np.flatnonzero(np.diff(runs[first:last]))
        for event, following in zip(changes, [*changes, last][1:], strict=True):
            begun = time[event] - series.step[event]
            begin = max(first, int(np.searchsorted(time, begun - _BEFORE, "right")))
            end = min(int(following), int(np.searchsorted(time, begun + length, "right")))
            if defrosts[event:end].any():
                end = int(event + np.argmax(defrosts[event:end]))
            if end - event >= _LEAST_ROWS and not defrosts[begin:event].any():
                window = Window(min(begin, int(event) - 1), int(event), end)
                (starts if runs[event] else stops).append(window)
    return starts, stops


class Stepper:
    """The core, stepped through windows of a log.

    Parameters
    ----------
    series : Series
        The log; its inputs hold over each step.
    map_file : bytes
        Of the machine.
    """

    def __init__(self, series: Series, map_file: bytes) -> None:
        self._series, self._map_file = series, map_file
        self._parts = 1
        if series.is_mean:
            self._parts = max(1, round(float(np.median(series.step)) / _PART))
        self._inputs: dict[Window, list[Boundary]] = {}

    def answers(
        self, window: Window, dynamics: Mapping[str, float], *, is_steady: bool = False
    ) -> dict[str, Floats]:
        """Return what the core answers in the rows that are compared, by quantity.

        Parameters
        ----------
        window : Window
            Its first row is begun as if its inputs had been so for long.
        dynamics : mapping of str to float
            Parameters of the section of that name, SI units.
        is_steady : bool
            Whether to answer each row by its steady point instead.
        """
        core = HeatPump(self._map_file)
        if not is_steady:
            core.choose("dynamics", "dynamic")
        for name, value in dynamics.items():
            core.set_parameter(name, value)
        inputs = self._boundaries(window)
        sizes = np.repeat(self._series.step[window.begin : window.end], self._parts) / self._parts
        found = np.full((len(inputs) + 1, len(COMPARED_QUANTITIES)), np.nan)
        for i, (boundary, size) in enumerate(
            zip([inputs[0], *inputs], [_SETTLED, *map(float, sizes)], strict=True)
        ):
            point = core.answer(boundary, size).point
            if point is not None:
                found[i] = point.P_el, point.T_source_out, point.T_sink_out
        if self._series.is_mean:
            means = 0.5 * (found[1:] + found[:-1])
            rows = means.reshape(-1, self._parts, means.shape[1]).mean(axis=1)
        else:
            rows = found[1:]
        compared = rows[window.event - window.begin :]
        return {q: compared[:, i] for i, q in enumerate(COMPARED_QUANTITIES)}

    def measured(self, window: Window, quantity: str) -> Floats:
        """Return what the log says in the rows that are compared; NaN where it tells nothing.

        While nothing flows, the outlet's sensor shows the pipe that it sits in.
        """
        values = np.array(self._series.values[quantity].to_numpy()[window.rows], float)
        if quantity.startswith("T_"):
            values[~self._series.flows_on(quantity.split("_")[1])[window.rows]] = np.nan
        return values

    def since(self, window: Window) -> Floats:
        """Return the time from the start or the stop to the end of each row compared, s."""
        time, step = self._series.time, self._series.step
        return np.asarray(time[window.rows] - time[window.event] + step[window.event])

    def _boundaries(self, window: Window) -> list[Boundary]:
        """Inputs of each step of the core."""
        if window not in self._inputs:
            rows = slice(window.begin, window.end)
            table = self._series.values[list(BOUNDARY_QUANTITIES)].to_numpy()[rows]
            table = np.repeat(table, self._parts, axis=0)
            is_on = self._series.runs_in_parts(rows, self._parts, window.begin)
            speed = list(BOUNDARY_QUANTITIES).index("compressor_speed")
            table[:, speed] = np.where(is_on, table[:, speed], 0.0)
            self._inputs[window] = [Boundary(*map(float, row)) for row in table]
        return self._inputs[window]


def drawn(windows: Sequence[Window], most: int) -> list[Window]:
    """Return at most so many windows, evenly over the log."""
    if len(windows) <= most:
        return list(windows)
    return [windows[i] for i in np.linspace(0, len(windows) - 1, most).round().astype(int)]
