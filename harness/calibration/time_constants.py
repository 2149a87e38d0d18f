"""Fit the section ``[dynamics]`` of a machine to the starts and stops of a log.

The steady behaviour of the machine is calibrated before and stays. Outlets of each side and
electric power do not depend on each other's time constants, so each is a least-squares fit of its
own. Standard errors count the rows for what they tell (`serial_correlation`); with several starts
each is left out once, and the standard error is at least that of the jackknife (R. G. Miller, The
jackknife - a review, Biometrika 61 (1974) 1-15), for which a whole start is one reading.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.map_making.map_build import CertifiedMap, certified_map
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import SECTIONS, Machine

from ..data.resampling import Floats
from ..data.series import Series
from ..errors import CalibrationError
from ..progress import Progress, no_progress
from .record import CalibrationRecord, record_path
from .run_on import RUN_ON, RunOn, find_run_on
from .serial_correlation import autocorrelation_time, middle_of_sandwich
from .windows import COMPARED, Stepper, Window, drawn, find_windows

#: Section of a machine file.
DYNAMICS = "dynamics"

# Steps longer than this show no time constant of a start, s.
LONGEST_STEP = 30.0

# Of more starts, or stops, so many are taken, evenly over the log.
MOST_WINDOWS = 12

# So long after a stop its power is compared, s: afterwards pumps stop one after the other.
_STOP = 120.0

# How often power after a stop and the time that auxiliaries run on are fitted in turn.
_TURNS = 2

# A fit begins at the machine's values times these, and the best of them counts.
_SPREAD = (1.0, 0.3, 3.0)

# A time constant is told by the log if its standard error is at most this share of it; a ratio, if
# it is at most this large.
LARGEST_SHARE, LARGEST_RATIO_ERROR = 0.5, 0.05

# A start has extra power if the ratio exceeds so many of its standard errors.
SEEN = 2.0

# The machine is not that of the log if its steady answers at the ends of starts are off by more
# than this fraction: of power, or of the change of a stream's temperature.
LARGEST_OFF = {"P_el": 0.12, "T_sink_out": 0.3, "T_source_out": 0.3}

# From so long after a start on, steady answers are compared with the log, s.
_NEARLY_STEADY = 300.0


class Group(NamedTuple):
    """Parameters that one quantity tells of, at starts or at stops."""

    quantity: str
    keys: tuple[str, ...]
    of_starts: bool = True


GROUPS = (
    Group("T_sink_out", ("sink_lag", "sink_residence_time")),
    Group("T_source_out", ("source_lag", "source_residence_time")),
    Group("P_el", ("start_power_ratio", "start_power_time")),
    Group("P_el", ("stop_power_time",), of_starts=False),
)
OUTLETS = ("T_sink_out", "T_source_out")


@dataclass(frozen=True)
class Fitted:
    """A fitted number, SI unit.

    Attributes
    ----------
    key : str
        Its name in ``[dynamics]``.
    quantity : str
        That told of it.
    before, value, standard_error : float
        Of the machine file, found, and of what was found.
    events, rows : int
        Starts or stops, and rows that were compared.
    independent : float
        As how many independent rows these count.
    """

    key: str
    quantity: str
    before: float
    value: float
    standard_error: float
    events: int
    rows: int
    independent: float


@dataclass(frozen=True)
class Scored:
    """Root mean square errors of a part of the log, by quantity, SI units.

    Attributes
    ----------
    part : str
        In words.
    before, fitted, unseen : dict of str to float
        Of the machine as it was, of the fit to all starts, and of one that has not seen this part;
        the last is empty where the fit has seen it and no other was made.
    """

    part: str
    before: dict[str, float]
    fitted: dict[str, float]
    unseen: dict[str, float]


@dataclass(frozen=True)
class TimeConstants:
    """What the starts and stops of a log tell of a machine.

    Attributes
    ----------
    series : Series
        The log, with the flows that were used.
    fitted : tuple of Fitted
        Numbers found.
    kept : dict of str to str
        Numbers that stay as they are, with the reason.
    scored : tuple of Scored
        Errors of starts, and of parts that no fit has seen.
    starts, stops : int
        In the log.
    method : str
        How unseen rows were scored, in words.
    """

    series: Series
    fitted: tuple[Fitted, ...]
    kept: dict[str, str]
    scored: tuple[Scored, ...]
    starts: int
    stops: int
    method: str


def calibrate_time_constants(
    series: Series, path: Path, progress: Progress = no_progress
) -> TimeConstants:
    """Read a machine and fit its time constants to a log.

    Parameters
    ----------
    series : Series
        The log.
    path : Path
        Machine file, whose steady behaviour is calibrated. Flows that the log lacks are those that
        its calibration found, if it was to points of the same plant.
    progress : Progress
        Told of the tasks that are done.

    Raises
    ------
    InputError
        If the machine file, the record of its calibration or its map cannot be used, or as
        `fit_time_constants`.
    CalibrationError
        As `fit_time_constants`.
    """
    check_log(series)
    machine_file = read_machine_file(path)
    machine = machine_file.to_machine()
    if record_path(path).is_file():
        record = CalibrationRecord.load(record_path(path))
        if record.machine_fingerprint != machine.fingerprint:
            raise InputError(
                f"calibration record {record_path(path)}: of another build than machine file "
                f"{path}: the machine file was changed after its calibration; calibrate again"
            )
        series = series.with_flows(record.flows_for(series))
    tolerance = machine_file.relative_map_tolerance
    certified = certified_map(machine, tolerance, progress=progress)
    return fit_time_constants(series, machine, certified, progress)


def fit_time_constants(
    series: Series,
    machine: Machine,
    certified: CertifiedMap,
    progress: Progress = no_progress,
) -> TimeConstants:
    """Fit the time constants of a machine to a log.

    Parameters
    ----------
    series : Series
        The log, with the flows that the calibration of the machine found.
    machine : Machine
        Its steady behaviour is calibrated.
    certified : CertifiedMap
        Of the machine.
    progress : Progress
        Told of the fits that are done.

    Raises
    ------
    InputError
        If the log has no outlet temperature, no start, or steps that are too long.
    CalibrationError
        If the machine's steady answers are far from the log.
    """
    check_log(series)
    starts, stops = find_windows(series)
    before = {key: machine.parameter(f"{DYNAMICS}.{key}") for key in SECTIONS[DYNAMICS]}
    stepper = Stepper(series, map_file(machine, certified.table))
    some = drawn(starts, MOST_WINDOWS)
    _check_steady(series, stepper, some, machine.name)
    fits = _Fits(stepper, before)
    found, kept = fits.all_groups(
        some, drawn(find_windows(series, _STOP)[1], MOST_WINDOWS), series, progress
    )
    values = before | {f.key: f.value for f in found}
    unseen: dict[int, dict[str, float]] = {}
    if len(some) > 1:
        found, unseen = fits.left_out(found, some, values, progress)
    quantities = [q for q in ("P_el", *OUTLETS) if q in series.readings]
    scored = [
        Scored(
            f"start at {_begin(series, window):.0f} s",
            _errors(stepper, window, before, quantities),
            _errors(stepper, window, values, quantities),
            _errors(stepper, window, values | unseen[i], quantities) if unseen else {},
        )
        for i, window in enumerate(some)
    ]
    method = (
        f"each of {len(some)} starts left out once, and predicted by the fit to the others"
        if unseen
        else f"one start: fitted to its first {COMPARED:g} s, scored on the rest of the log"
    )
    if not unseen:
        scored += _rest(series, stepper, some[0], before, values, quantities)
    return TimeConstants(series, tuple(found), kept, tuple(scored), len(starts), len(stops), method)


def check_log(series: Series) -> None:
    """Check that a log can tell time constants.

    Raises
    ------
    InputError
        If it has no outlet temperature, no start, or steps that are too long.
    """
    if not any(q in series.readings for q in OUTLETS):
        raise InputError(
            f"{series.place}: has no outlet temperature that was read ({' or '.join(OUTLETS)}); "
            "they tell how fast the machine is"
        )
    usual = float(np.median(series.step))
    if usual > LONGEST_STEP:
        raise InputError(
            f"{series.place}: steps of {usual:g} s are too long to tell time constants of a start; "
            f"expected at most {LONGEST_STEP:g} s"
        )
    if not find_windows(series)[0]:
        raise InputError(
            f"{series.place}: holds no start: nowhere does the compressor stand in one row and run "
            "in the next ones; time constants are told by starts"
        )


def _check_steady(series: Series, stepper: Stepper, starts: Sequence[Window], machine: str) -> None:
    """Refuse a machine whose steady answers are not those of the log."""
    for quantity, most in LARGEST_OFF.items():
        if quantity not in series.readings:
            continue
        ratios: list[Floats] = []
        for window in starts:
            late = stepper.since(window) > _NEARLY_STEADY
            measured = stepper.measured(window, quantity)[late]
            answered = stepper.answers(window, {}, is_steady=True)[quantity][late]
            if quantity in OUTLETS:
                inlet = series.values[quantity.replace("out", "in")].to_numpy()[window.rows][late]
                measured, answered = measured - inlet, answered - inlet
            ratios.append(answered / np.where(measured == 0.0, np.nan, measured))
        known = np.concatenate(ratios)
        known = known[np.isfinite(known)]
        if len(known) and abs(float(np.median(known)) - 1.0) > most:
            what = f"{quantity} less the inlet" if quantity in OUTLETS else quantity
            raise CalibrationError(
                f"{series.place}: machine {machine} is not the one of this log: {_NEARLY_STEADY:g} "
                f"s and more after a start its steady {what} is off by "
                f"{100.0 * (float(np.median(known)) - 1.0):+.0f} %; calibrate its steady behaviour "
                "first; nothing is written"
            )


class _Solution(NamedTuple):
    """What a fit found, by key; `errors` are infinite where nothing tells of a number."""

    values: dict[str, float]
    errors: dict[str, float]
    cost: float
    rows: int
    independent: float
    at_bound: frozenset[str]


class _Fits:
    """Least-squares fits of one machine to one log."""

    def __init__(self, stepper: Stepper, before: Mapping[str, float]) -> None:
        self._stepper, self._before = stepper, dict(before)

    def all_groups(
        self, starts: list[Window], stops: list[Window], series: Series, progress: Progress
    ) -> tuple[list[Fitted], dict[str, str]]:
        """Fit each group; returns what was found and, by key, why others are kept."""
        found: list[Fitted] = []
        kept: dict[str, str] = {}
        values = dict(self._before)
        for i, group in enumerate(GROUPS):
            windows = starts if group.of_starts else stops
            reason = ""
            if group.quantity not in series.readings:
                reason = f"the log has no {group.quantity} that was read"
            elif not windows:
                reason = "the log has no stop"
            if reason:
                kept |= dict.fromkeys(group.keys, reason)
                if RUN_ON not in kept and not group.of_starts:
                    kept[RUN_ON] = reason
                continue
            if group.of_starts:
                solution, reasons = self._told(group, windows, values, _SPREAD)
            else:
                solution, reasons, of_run_on = self._stops(group, windows, series, values)
                if isinstance(of_run_on, str):
                    kept[RUN_ON] = of_run_on
                else:
                    found.append(of_run_on)
                    values[RUN_ON] = of_run_on.value
            values |= solution.values
            kept |= reasons
            found += [
                Fitted(
                    key,
                    group.quantity,
                    self._before[key],
                    solution.values[key],
                    solution.errors[key],
                    len(windows),
                    solution.rows,
                    solution.independent,
                )
                for key in solution.values
            ]
            progress("fitting", i + 1, len(GROUPS))
        return found, kept

    def left_out(
        self,
        found: list[Fitted],
        starts: list[Window],
        values: Mapping[str, float],
        progress: Progress,
    ) -> tuple[list[Fitted], dict[int, dict[str, float]]]:
        """Fit without each start; returns what was found with its errors, and those fits."""
        keys = {f.key for f in found}
        without: dict[int, dict[str, float]] = {}
        for i in range(len(starts)):
            rest = starts[:i] + starts[i + 1 :]
            without[i] = {}
            for group in GROUPS:
                moving = [key for key in group.keys if key in keys]
                if group.of_starts and moving:
                    without[i] |= self._solve(group, moving, rest, values, (1.0,)).values
            progress("leaving starts out", i + 1, len(starts))
        count = len(starts)
        corrected = []
        for f in found:
            if f.key in without[0]:
                of_key = np.array([without[i][f.key] for i in range(count)])
                jackknife = math.sqrt((count - 1) * float(of_key.var()))
                f = replace(f, standard_error=max(f.standard_error, jackknife))
            corrected.append(f)
        return corrected, without

    def _stops(
        self, group: Group, windows: Sequence[Window], series: Series, values: dict[str, float]
    ) -> tuple[_Solution, dict[str, str], Fitted | str]:
        """Fit how power falls after a stop and how long auxiliaries run on, in turn.

        What one leaves over the other takes up, so it is begun from both ends: none that run on,
        and all the time. The better one counts.
        """
        best: tuple[float, float, RunOn | str] | None = None
        of_run_on = SECTIONS[DYNAMICS][RUN_ON]
        for begin in (of_run_on.minimum, of_run_on.maximum):
            moved, told = {**values, RUN_ON: begin}, None
            for _ in range(_TURNS):
                moved |= self._told(group, windows, moved, _SPREAD[:1])[0].values
                told = find_run_on(series, self._stepper, moved, MOST_WINDOWS)
                moved[RUN_ON] = values[RUN_ON] if isinstance(told, str) else told.value
            assert told is not None
            squares = math.inf if isinstance(told, str) else told.squares
            if best is None or squares < best[0]:
                best = squares, moved[RUN_ON], told
        assert best is not None
        _, value, told = best
        solution, reasons = self._told(group, windows, {**values, RUN_ON: value}, _SPREAD)
        if isinstance(told, str):
            return solution, reasons, told
        before, events = self._before[RUN_ON], told.stops
        fitted = Fitted(
            RUN_ON, group.quantity, before, value, told.standard_error, events, *told[3:5]
        )
        return solution, reasons, fitted

    def _told(
        self,
        group: Group,
        windows: Sequence[Window],
        values: Mapping[str, float],
        spread: Sequence[float],
    ) -> tuple[_Solution, dict[str, str]]:
        """Fit what the windows tell of; the rest is kept, with the reason."""
        moving, reasons = list(group.keys), dict[str, str]()
        while True:
            solution = self._solve(group, moving, windows, values, spread)
            lacking = _lacking(solution)
            if not lacking:
                return solution, reasons
            key, reason = lacking
            reasons[key] = reason
            moving.remove(key)
            if not moving:
                return _Solution({}, {}, 0.0, 0, 0.0, frozenset()), reasons

    def _solve(
        self,
        group: Group,
        keys: Sequence[str],
        windows: Sequence[Window],
        values: Mapping[str, float],
        spread: Sequence[float],
    ) -> _Solution:
        stepper, quantity = self._stepper, group.quantity
        if not keys:
            return _Solution({}, {}, 0.0, 0, 0.0, frozenset())
        measured = [stepper.measured(window, quantity) for window in windows]
        # What the core holds after a failed solution depends on inputs alone.
        first = [stepper.answers(window, values)[quantity] for window in windows]
        known = [np.isfinite(m) & np.isfinite(f) for m, f in zip(measured, first, strict=True)]
        if sum(map(np.count_nonzero, known)) <= len(keys):
            return _Solution(
                {key: values[key] for key in keys},
                dict.fromkeys(keys, math.inf),
                math.inf,
                0,
                0.0,
                frozenset(),
            )

        def parts(x: Floats) -> list[Floats]:
            moved = {**values, **_values(keys, x)}
            return [
                (stepper.answers(window, moved)[quantity] - of_window)[is_known]
                for window, of_window, is_known in zip(windows, measured, known, strict=True)
            ]

        definitions = [SECTIONS[DYNAMICS][key] for key in keys]
        low = _numbers(keys, [d.minimum for d in definitions])
        high = _numbers(keys, [d.maximum for d in definitions])
        best: Any = None
        for factor in spread:
            begin = _numbers(keys, [_begin_at(key, values[key], factor) for key in keys])
            margin = 1e-6 * (high - low)
            fit = least_squares(
                lambda x: np.concatenate(parts(x)),
                np.clip(begin, low + margin, high - margin),
                bounds=(low, high),
                diff_step=1e-5,
                xtol=1e-6,
                ftol=1e-8,
                gtol=1e-10,
            )
            if best is None or fit.cost < best.cost:
                best = fit
        residuals = [part for part in parts(best.x) if len(part)]
        rows = sum(map(len, residuals))
        tau = autocorrelation_time(residuals)
        inverse = _inverse(best.jac.T @ best.jac)
        variance = 2.0 * best.cost / (rows - len(keys))
        if np.isfinite(inverse).all():
            jacobians = np.split(best.jac, np.cumsum([len(r) for r in residuals])[:-1])
            middle = middle_of_sandwich(residuals, jacobians)
            variances = np.diag(inverse @ middle @ inverse)
        else:
            variances = np.diag(inverse)
        # Never less than of independent rows.
        variances = np.maximum(variances, variance * np.diag(inverse))
        at_bound = {
            key
            for key, x, a, b in zip(keys, best.x, low, high, strict=True)
            if min(x - a, b - x) < 1e-3 * (b - a) * (key != _RATIO) + 1e-9
        }
        found = _values(keys, best.x)
        errors = {
            key: math.sqrt(float(variances[j])) * (1.0 if key == _RATIO else found[key])
            for j, key in enumerate(keys)
        }
        return _Solution(found, errors, float(best.cost), rows, rows / tau, frozenset(at_bound))


_RATIO, _RATIO_TIME = "start_power_ratio", "start_power_time"

# Without extra power its time constant has no effect, so a fit begins with some.
_LEAST_RATIO = 0.05


def _begin_at(key: str, value: float, factor: float) -> float:
    return max(value, _LEAST_RATIO) if key == _RATIO else value * factor


def _numbers(keys: Sequence[str], values: Sequence[float]) -> Floats:
    """What a fit moves: logarithms of times, which are positive, and the ratio as it is."""
    return np.array(
        [v if key == _RATIO else math.log(v) for key, v in zip(keys, values, strict=True)]
    )


def _values(keys: Sequence[str], x: Floats) -> dict[str, float]:
    return {key: float(v) if key == _RATIO else math.exp(v) for key, v in zip(keys, x, strict=True)}


def _inverse(square: Any) -> Any:
    """Inverse of a symmetric matrix, infinite in the directions of which nothing tells."""
    eigenvalues, vectors = np.linalg.eigh(square)
    least = np.finfo(float).eps * max(float(eigenvalues.max()), 1e-300) * len(square)
    if (eigenvalues <= least).any():
        unknown = (vectors[:, eigenvalues <= least] ** 2).sum(axis=1) > 1e-6
        rest = np.where(eigenvalues > least, eigenvalues, np.inf)
        inverse = (vectors / rest) @ vectors.T
        inverse[unknown, unknown] = np.inf
        return inverse
    return (vectors / eigenvalues) @ vectors.T


def _lacking(solution: _Solution) -> tuple[str, str] | None:
    """Of what a fit moved, the number that the log tells least of, and why; None if it tells."""
    values, errors = solution.values, solution.errors
    if _RATIO in values and _RATIO_TIME in values:
        ratio, error = values[_RATIO], errors[_RATIO]
        if ratio < SEEN * error and errors[_RATIO_TIME] > LARGEST_SHARE * values[_RATIO_TIME]:
            return _RATIO_TIME, "no extra power after a start shows"
    for key in sorted(solution.at_bound - {_RATIO}):
        return key, f"its fit ends at a bound, {values[key]:.3g} s"
    shares = {
        key: errors[key] / (LARGEST_RATIO_ERROR if key == _RATIO else LARGEST_SHARE * values[key])
        for key in values
    }
    key = max(shares, key=lambda k: shares[k])
    if shares[key] <= 1.0:
        return None
    if not math.isfinite(errors[key]):
        return key, "it has no effect on what was read"
    unit = "" if key == _RATIO else " s"
    return key, (f"the log tells too little of it: {values[key]:.3g} +- {errors[key]:.2g}{unit}")


def _errors(
    stepper: Stepper, window: Window, values: Mapping[str, float], quantities: Sequence[str]
) -> dict[str, float]:
    answers = stepper.answers(window, values)
    found = {}
    for q in quantities:
        error = answers[q] - stepper.measured(window, q)
        if np.isfinite(error).any():
            found[q] = math.sqrt(float(np.nanmean(error**2)))
    return found


def _rest(
    series: Series,
    stepper: Stepper,
    start: Window,
    before: Mapping[str, float],
    values: Mapping[str, float],
    quantities: Sequence[str],
) -> list[Scored]:
    """Errors after the only start was compared: of the rest of its run, and after its stop."""
    runs = series.runs
    (segment_end,) = [b for a, b in series.segments if a <= start.event < b]
    off = np.flatnonzero(~runs[start.event : segment_end])
    stop = start.event + int(off[0]) if len(off) else segment_end
    last = stop
    if stop < segment_end:
        begun = series.time[stop] - series.step[stop]
        last = min(segment_end, int(np.searchsorted(series.time, begun + COMPARED, "right")))
        again = np.flatnonzero(runs[stop:last])
        last = stop + int(again[0]) if len(again) else last
    whole = Window(start.begin, start.event, last)
    parts = {
        f"run after the first {COMPARED:g} s": (start.end, stop),
        f"{COMPARED:g} s after its stop": (stop, last),
    }
    answers = [stepper.answers(whole, of) for of in (before, values)]
    scored = []
    for part, (a, b) in parts.items():
        rows = slice(a - start.event, b - start.event)
        errors: list[dict[str, float]] = [{}, {}]
        for q in quantities:
            measured = stepper.measured(whole, q)[rows]
            for of, answer in zip(errors, answers, strict=True):
                error = answer[q][rows] - measured
                if np.isfinite(error).any():
                    of[q] = math.sqrt(float(np.nanmean(error**2)))
        if errors[1]:
            # The stop has told of power after it.
            seen = ("P_el",) if a == stop else ()
            unseen = {q: error for q, error in errors[1].items() if q not in seen}
            scored.append(Scored(part, errors[0], errors[1], unseen))
    return scored


def _begin(series: Series, window: Window) -> float:
    return float(series.time[window.event] - series.step[window.event])
