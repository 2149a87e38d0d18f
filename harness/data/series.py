"""A log of a machine: its descriptor and tables, checked, as numbers over time in SI units.

Row `k` of a series is the step that ends at `time[k]`: inputs hold over it, and results are those
at its end, or the means over it where the log was brought to even steps by means.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES
from heatpump_twin.solving.property_tables import medium_table

from .completion import HEAT, SPEED
from .datasets import FLOW_INLETS, Constant
from .files import DESCRIPTOR, dataset_folder
from .log_checks import (
    check_constant,
    check_range,
    check_state_against_power,
    zeros_not_read,
)
from .log_table import LogTable, is_temperature, read_log
from .log_time import LOCAL, Times, bound
from .registry import fetch
from .resampling import Floats, Signal
from .series_descriptor import (
    COMPRESSOR,
    DEFROST,
    DEMAND,
    GIVEN_HEAT,
    GIVEN_QUANTITIES,
    GIVEN_SPEED,
    GIVEN_SUPPLY,
    HOT_WATER,
    ON_CHANGE,
    SINK_PUMP,
    DerivedHeat,
    Resampling,
    SeriesColumn,
    SeriesDescriptor,
    read_series_descriptor,
)
from .tables import CHUNK

# Longest time between rows over which values are known, in usual times between rows.
GAP = 10.0

# Times between rows that differ by less than this share are one step.
_EVEN = 0.01

# Supply temperature where none is asked for, K: below every inlet.
NOT_ASKED = 273.15

#: Share of empty cells from which on a column looks like one that is written on change.
MANY_EMPTY = 0.05


@dataclass(frozen=True)
class Resampled:
    """What became of one column when the log was brought to even steps.

    Attributes
    ----------
    name : str
        Quantity or state.
    between : str
        ``held`` or ``straight``: how the signal goes from one reading to the next.
    over : str
        ``mean`` or ``sample``.
    readings, steps, missing : int
        Readings before, steps after, and steps without a value.
    """

    name: str
    between: str
    over: str
    readings: int
    steps: int
    missing: int


@dataclass(frozen=True)
class Series:
    """A log in SI units.

    Attributes
    ----------
    descriptor : SeriesDescriptor
        Meaning of the columns.
    folder : Path
        Of the descriptor.
    time, step : numpy.ndarray
        End and length of each step, s; since 1970 where the log has dates.
    values : pandas.DataFrame
        One column a quantity, SI units, NaN where a result was not read. `compressor_speed` is that
        while it runs.
    states : pandas.DataFrame
        Share of the step in which each state was on.
    segments : tuple of (int, int)
        First row and the row after the last of each part without a gap.
    is_mean : bool
        Whether results are means over the steps.
    notes : tuple of str
        What was found and done, for the reader.
    resampled : tuple of Resampled
        What resampling did; empty where the rows are as they were recorded.
    ignored_columns : tuple of str
        Columns of the table that the descriptor does not name.
    """

    descriptor: SeriesDescriptor
    folder: Path
    time: Times
    step: Times
    values: pd.DataFrame
    states: pd.DataFrame
    segments: tuple[tuple[int, int], ...]
    is_mean: bool
    notes: tuple[str, ...]
    resampled: tuple[Resampled, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    _uncertainty: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    @property
    def place(self) -> str:
        """The series, for messages."""
        return f"data set {self.folder}"

    @property
    def runs(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether the compressor runs in most of each step."""
        return np.asarray(self.states[COMPRESSOR].to_numpy() > 0.5)

    def flows_on(self, side: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether something flows on a side in all of each step.

        By the state of its pump, its flow if that was read, or else while the compressor runs.

        Parameters
        ----------
        side : str
            ``source`` or ``sink``.
        """
        pump, flow = f"{side}_pump", f"m_flow_{side}"
        if pump in self.states:
            return np.asarray(self.states[pump].to_numpy() > 0.999)
        if flow not in self.descriptor.constants:
            return np.asarray(self.values[flow].to_numpy() > 0.0)
        return self.runs

    def runs_in_parts(
        self, rows: slice, parts: int, before: int
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether the compressor runs in each part of some steps.

        Of a step in which it ran for a share, it runs in the last parts if it stood before, and in
        the first if it ran.

        Parameters
        ----------
        rows : slice
            Of the steps.
        parts : int
            Of each step.
        before : int
            Row that tells what it did before the first of them.
        """
        states = self.states[COMPRESSOR].to_numpy()
        share = states[rows]
        many = np.rint(share * parts)
        ran_before = np.concatenate([[states[before] > 0.5], share[:-1] > 0.5])
        part = np.arange(parts)
        first = part[None, :] < many[:, None]
        last = part[None, :] >= parts - many[:, None]
        return np.asarray(np.where(ran_before[:, None], first, last).ravel())

    @property
    def elapsed(self) -> Times:
        """Time since the begin of the first step, s."""
        return self.time - (self.time[0] - self.step[0])

    @property
    def given_quantity(self) -> str:
        """The reading that is given to the machine: speed, heat or the sink's outlet."""
        return GIVEN_QUANTITIES[self.descriptor.given]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Readings that are inputs of the FMU."""
        return tuple(self.given_quantity if q == SPEED else q for q in BOUNDARY_QUANTITIES)

    @property
    def is_hot_water(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether hot water is made in most of each step."""
        return self._is_on(HOT_WATER) & ~self.is_defrost

    @property
    def is_defrost(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether the machine defrosts in most of each step."""
        return self._is_on(DEFROST)

    def _is_on(self, state: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if state not in self.states:
            return np.zeros(len(self), bool)
        return np.asarray(self.states[state].to_numpy() > 0.5)

    @property
    def is_asked(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether the machine is asked for what it did: a demand of heating asks no hot water."""
        if self.descriptor.given == GIVEN_SUPPLY:
            return ~self.is_hot_water
        return np.ones(len(self), bool)

    @property
    def set_point(self) -> Floats:
        """What the machine is asked for at each step where no speed is given; SI units.

        Heat is that recorded, and none within its uncertainty of zero: while only a pump runs,
        readings lie on both sides of zero, and those above would add up. A supply temperature is
        that recorded while heating is demanded, and `NOT_ASKED` otherwise. A defrost interrupts no
        demand: there the one before holds.
        """
        entry = self.descriptor.derived.get(HEAT)
        if self.descriptor.given == GIVEN_HEAT:
            heat = self.values[HEAT].to_numpy()
            if entry is None:
                is_heat = heat > self._uncertainty[HEAT][0]
            else:
                change = self.values["T_sink_out"] - self.values["T_sink_in"] + entry.offset
                is_heat = change.to_numpy() > entry.uncertainty
            if SINK_PUMP in self.states:
                # Sensors of a pipe in which nothing flows tell no heat.
                is_heat = is_heat & (self.states[SINK_PUMP].to_numpy() > 0.0)
            return np.where(np.isnan(heat), np.nan, np.where(is_heat, heat, 0.0))
        supply = self.values["T_sink_out"] + (entry.offset if entry is not None else 0.0)
        supply = supply.where(~self.is_defrost)
        for begin, end in self.segments:
            supply.iloc[begin:end] = supply.iloc[begin:end].ffill()
        is_asked = self._is_on(DEMAND) & ~self.is_hot_water & supply.notna().to_numpy()
        return np.where(is_asked, supply.to_numpy(), NOT_ASKED)

    @property
    def scored(self) -> tuple[str, ...]:
        """Result quantities that may be scored: readings that are not given.

        Heat and the sink's outlet follow from each other by the sink's flow.
        """
        if self.descriptor.given == GIVEN_SPEED:
            return self.readings
        return tuple(q for q in self.readings if q not in (HEAT, "T_sink_out"))

    @property
    def readings(self) -> tuple[str, ...]:
        """Result quantities that were read, in the order of the vocabulary."""
        not_scored = {
            column.quantity
            for column in self.descriptor.columns.values()
            if not column.score or column.origin == "derived"
        }
        # Heat is no reading where its flow was assumed.
        not_scored |= {
            name
            for name in self.descriptor.derived
            if f"m_flow_{name.rsplit('_', 1)[-1]}" in self.unknown_flows
        }
        return tuple(
            q
            for q in QUANTITIES
            if q in self.values and q not in BOUNDARY_QUANTITIES and q not in not_scored
        )

    def uncertainty(self, quantity: str) -> Floats:
        """Standard uncertainty of each reading of a quantity, SI units."""
        absolute, relative = self._uncertainty[quantity]
        return np.hypot(absolute, relative * self.values[quantity].to_numpy())

    @property
    def unknown_flows(self) -> dict[str, Constant]:
        """Flows that were assumed and not read."""
        constants = self.descriptor.constants
        return {
            q: constants[q] for q in FLOW_INLETS if q in constants and not constants[q].recorded
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of times, readings and states."""
        digest = hashlib.sha256(self.time.tobytes())
        for frame in (self.values, self.states):
            for name in sorted(frame):
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(frame[name].to_numpy()).tobytes())
        return digest.hexdigest()

    def with_flows(self, flows: dict[str, tuple[float, float, float]]) -> Series:
        """Return a copy in which flows that were not read have other values.

        Parameters
        ----------
        flows : dict
            Quantity to its level, kg/s, its relative change per kelvin of the inlet temperature of
            its stream, and the temperature at which the level holds, K.
        """
        values = self.values.copy(deep=False)
        for name, (level, per_kelvin, at) in flows.items():
            values[name] = level * (1.0 + per_kelvin * (values[FLOW_INLETS[name]] - at))
        return replace(self, values=values)

    def part(self, begin: int, end: int) -> Series:
        """Return the rows from `begin` to before `end`."""
        segments = tuple(
            (max(a, begin) - begin, min(b, end) - begin)
            for a, b in self.segments
            if max(a, begin) < min(b, end)
        )
        return replace(
            self,
            time=self.time[begin:end],
            step=self.step[begin:end],
            values=self.values.iloc[begin:end].reset_index(drop=True),
            states=self.states.iloc[begin:end].reset_index(drop=True),
            segments=segments,
        )


def load_series(name_or_path: str, step: float | None = None, kind: str | None = None) -> Series:
    """Read and check a log.

    Parameters
    ----------
    name_or_path : str
        Name of a shipped data set, or its folder.
    step : float, optional
        Brings the log to even steps of this length, s; by default what the descriptor says, or the
        rows as they were recorded.
    kind : str, optional
        ``mean`` or ``sample``; by default what the descriptor says, or ``mean``.

    Raises
    ------
    InputError
        If descriptor or table cannot be used; the message names file, place and expectation.
    """
    descriptor = read_series_descriptor(name_or_path)
    folder = dataset_folder(name_or_path)
    logs = [_read(descriptor, folder, name) for name in descriptor.files]
    log = _joined(descriptor, logs)
    _cut(log, descriptor, folder)
    place = f"data set {folder}"
    rows = log.time
    if len(rows) < 2:
        raise InputError(f"{place}: has {len(rows)} row; a log needs two at least")
    usual = float(np.median(np.diff(rows)))
    longest_gap = descriptor.time.longest_gap or GAP * usual
    resampling = descriptor.resampling
    has_holes = any(c.writes == ON_CHANGE or c.gaps for c in descriptor.columns.values()) or any(
        s.writes == ON_CHANGE for s in descriptor.states.values()
    )
    if resampling is None and (has_holes or step is not None or kind is not None):
        resampling = Resampling(step=usual)
        if step is None:
            log.notes.append(
                f"brought to even steps of {usual:g} s, the usual time between rows"
                + ", since columns have empty cells" * has_holes
                + "; [resampling] step = ... sets another"
            )
    if resampling is not None:
        changes = {"step": step or resampling.step, "kind": kind or resampling.kind}
        resampling = Resampling.model_validate(changes)
    if resampling is not None and rows[-1] - rows[0] < resampling.step:
        raise InputError(
            f"{place}: lasts {rows[-1] - rows[0]:g} s, which is shorter than one step of "
            f"{resampling.step:g} s"
        )
    if resampling is None:
        series = _as_recorded(descriptor, folder, log, longest_gap)
    else:
        series = _even(descriptor, folder, log, longest_gap, resampling)
    return _completed(series)


def _read(descriptor: SeriesDescriptor, folder: Path, name: str) -> LogTable:
    """Read a table of a log, and refuse what contradicts itself in it."""
    registered = descriptor.registered.get(name)
    path = fetch(name, registered, folder) if registered else folder / name
    log = read_log(path, descriptor)

    def place(column: str) -> str:
        return f"data file {path}: column {column!r}"

    _check_order(log, descriptor, place(descriptor.time.column))
    for header, column in descriptor.columns.items():
        _take_out_not_read(log, header, column, place(header))
        _check_empty(log, header, column, place(header))
    for state, entry in descriptor.states.items():
        is_empty = np.isnan(log.states[state])
        _check_empty_cells(is_empty, entry.writes, False, log, place(entry.column))
    return log


def _check_order(log: LogTable, descriptor: SeriesDescriptor, place: str) -> None:
    """Refuse time that goes backwards; join or refuse rows of the same time."""
    steps = np.diff(log.time)
    if (steps < 0.0).any():
        i = int((steps < 0.0).argmax()) + 1
        hint = ""
        if descriptor.time.kind == LOCAL or 3000.0 <= -steps[i - 1] <= 3600.0:
            hint = (
                '; did clocks go back there? kind = "local" with the zone reads that'
                if descriptor.time.kind != LOCAL
                else f"; expected clock time of {descriptor.time.zone}"
            )
        raise InputError(
            f"{place}, {log.row(i)}: {_stamp(log.time[i], descriptor)} lies "
            f"{-steps[i - 1]:g} s before the row above, {_stamp(log.time[i - 1], descriptor)}; "
            f"expected times that ascend{hint}"
        )
    (same,) = np.nonzero(steps == 0.0)
    if not len(same):
        return
    for i in map(int, same):
        for values in (log.numbers, log.states):
            for name, column in values.items():
                one, other = column[i], column[i + 1]
                if np.isnan(other):
                    column[i + 1] = one
                elif not np.isnan(one) and one != other and descriptor.time.duplicates == "refuse":
                    raise InputError(
                        f"{place}, {log.row(i + 1)}: has the time of the row above, "
                        f"{_stamp(log.time[i], descriptor)}, but {name!r} differs: {one:g} and "
                        f"{other:g}; "
                        'duplicates = "last" in [time] keeps the last'
                    )
    log.keep(np.append(steps != 0.0, True))
    log.notes.append(f"{len(same)} rows have the time of the row above and were joined with it")


def _take_out_not_read(log: LogTable, column: str, entry: SeriesColumn, place: str) -> None:
    if not is_temperature(entry):
        return
    written = log.numbers[column]
    (read,) = np.nonzero(~np.isnan(written))
    zeros = read[zeros_not_read(written[read])]
    if not len(zeros):
        return
    if 0.0 not in entry.not_read:
        others = written[read[written[read] != 0.0]]
        raise InputError(
            f"{place}, {log.row(zeros[0])}: 0 between readings of about "
            f"{np.median(others):.3g} {entry.unit}, as at {len(zeros)} places: is zero written "
            "where nothing was read? then add not_read = [0] to the column"
        )
    written[zeros] = math.nan
    log.notes.append(f"{entry.quantity}: {len(zeros)} zeros far from their neighbours, not read")


def _check_empty(log: LogTable, column: str, entry: SeriesColumn, place: str) -> None:
    is_empty = np.isnan(log.numbers[column])
    if is_empty.all():
        raise InputError(f"{place}: every cell is empty; expected a number in one at least")
    may = entry.gaps or bool(entry.not_read)
    _check_empty_cells(is_empty, entry.writes, may, log, place)


def _check_empty_cells(is_empty: Any, writes: str, may: bool, log: LogTable, place: str) -> None:
    if writes == ON_CHANGE or may or not is_empty.any():
        return
    share = float(is_empty.mean())
    looks = " as in a log that writes a value only when it changes" if share > MANY_EMPTY else ""
    raise InputError(
        f"{place}, {log.row(int(is_empty.argmax()))}: is empty, {100.0 * share:.2g} % of its "
        f'cells are{looks}; where empty means "as before" add writes = "on_change" to the column, '
        "where it means not read, gaps = true"
    )


def _joined(descriptor: SeriesDescriptor, logs: list[LogTable]) -> LogTable:
    """Put tables one behind the other; an overlap is refused or cut, as the descriptor says."""
    names = descriptor.files
    order = sorted(range(len(logs)), key=lambda i: logs[i].time[0])
    joined = logs[order[0]]
    for i in order[1:]:
        log, before = logs[i], names[order[order.index(i) - 1]]
        begin, end = log.time[0], joined.time[-1]
        if begin <= end:
            span = f"{_stamp(begin, descriptor)} to {_stamp(min(end, log.time[-1]), descriptor)}"
            if descriptor.overlap == "refuse":
                raise InputError(
                    f"data files {before} and {names[i]} overlap from {span}: the same hours would "
                    'count twice; overlap = "first" or "last" says which of them counts there'
                )
            if descriptor.overlap == "first":
                log.keep(log.time > end)
            else:
                joined.keep(joined.time < begin)
            joined.notes.append(
                f"{before} and {names[i]} overlap from {span}; the {descriptor.overlap} counts"
            )
        joined = LogTable(
            time=np.concatenate([joined.time, log.time]),
            numbers={k: np.concatenate([v, log.numbers[k]]) for k, v in joined.numbers.items()},
            states={k: np.concatenate([v, log.states[k]]) for k, v in joined.states.items()},
            rows=np.concatenate([joined.rows, log.rows]),
            row_name=joined.row_name,
            ignored=joined.ignored,
            notes=[*joined.notes, *log.notes],
        )
    return joined


def _stamp(time: float, descriptor: SeriesDescriptor) -> str:
    if not descriptor.time.has_date:
        return f"{time:g} s"
    stamp = pd.Timestamp(time, unit="s", tz="UTC").tz_convert(descriptor.time.zone or "UTC")
    return str(stamp.isoformat(timespec="seconds"))


def _cut(log: LogTable, descriptor: SeriesDescriptor, folder: Path) -> None:
    """Keep the rows of the window that the descriptor names."""
    window, place = descriptor.window, f"descriptor {folder / DESCRIPTOR}: window"
    keep = np.ones(len(log.time), bool)
    if window.begin is not None:
        keep &= log.time >= bound(window.begin, descriptor.time, f"{place}.begin")
    if window.end is not None:
        keep &= log.time < bound(window.end, descriptor.time, f"{place}.end")
    if not keep.any():
        raise InputError(
            f"{place}: holds no row; the log goes from {_stamp(log.time[0], descriptor)} to "
            f"{_stamp(log.time[-1], descriptor)}"
        )
    if not keep.all():
        log.keep(keep)


def _signals(
    descriptor: SeriesDescriptor, log: LogTable, longest_gap: float, folder: Path
) -> dict[str, Signal]:
    """Return readings in SI units, by quantity and by state."""
    signals = {}
    for header, column in descriptor.columns.items():
        written = log.numbers[header]
        read = ~np.isnan(written)
        si = _si(column, written[read], np.flatnonzero(read), log, folder, header)
        # A speed switches as a state does, and does not pass through what lies between.
        if column.writes == ON_CHANGE or column.quantity == "compressor_speed":
            signal = Signal.held(log.time[read], si, log.time, longest_gap)
        else:
            signal = Signal.straight(log.time[read], si, longest_gap)
        signals[column.quantity] = signal
    for name, state in descriptor.states.items():
        on = log.states[name]
        read = ~np.isnan(on)
        if not read.any():
            raise InputError(f"data set {folder}: column {state.column!r}: every cell is empty")
        # Between two rows a state is as in the first of them, never half on.
        times = log.time[read]
        signals[name] = Signal.held(times, on[read], log.time, longest_gap)
    if COMPRESSOR not in signals:
        speed = signals["compressor_speed"]
        signals[COMPRESSOR] = replace(speed, value=(speed.value > 0.0).astype(float))
    return signals


def _si(
    column: SeriesColumn, written: Floats, at: Any, log: LogTable, folder: Path, header: str
) -> Floats:
    """Return readings in SI units; `at` are their positions in the log."""
    si = np.asarray(column.to_si(written), float)
    if column.offset:
        si = si + column.to_si(column.offset, difference=True)

    def place(i: int) -> str:
        return f"data set {folder}: column {header!r}, {log.row(at[i])}"

    check_range(QUANTITIES[column.quantity], si, written, column.unit, place)
    return si


def _even(
    descriptor: SeriesDescriptor,
    folder: Path,
    log: LogTable,
    longest_gap: float,
    resampling: Resampling,
) -> Series:
    """Bring the log to even steps."""
    size, is_mean = resampling.step, resampling.kind == "mean"
    begin = math.ceil(log.time[0] / size - 1e-9) * size if descriptor.time.has_date else log.time[0]
    edges = begin + size * np.arange(int((log.time[-1] - begin) / size + 1e-9) + 1)
    if len(edges) < 2:
        raise InputError(
            f"data set {folder}: lasts {log.time[-1] - log.time[0]:g} s and has no whole step of "
            f"{size:g} s"
        )
    columns: dict[str, Floats] = {}
    resampled = []
    for name, signal in _signals(descriptor, log, longest_gap, folder).items():
        columns[name] = signal.means(edges) if is_mean else signal.samples(edges[1:])
        resampled.append(
            Resampled(
                name,
                "held" if signal.is_held else "straight",
                resampling.kind,
                len(signal.time),
                len(edges) - 1,
                int(np.isnan(columns[name]).sum()),
            )
        )
    if is_mean and COMPRESSOR not in descriptor.states:
        # Of a step in which it stood for a part, the speed is that while it ran.
        share = columns[COMPRESSOR]
        speed = columns["compressor_speed"]
        columns["compressor_speed"] = np.divide(speed, share, out=speed.copy(), where=share > 0.0)
    return _series(
        descriptor,
        folder,
        edges[1:],
        np.full(len(edges) - 1, size),
        columns,
        math.inf,
        is_mean,
        log,
        tuple(resampled),
    )


def _as_recorded(
    descriptor: SeriesDescriptor, folder: Path, log: LogTable, longest_gap: float
) -> Series:
    """Take each row as the end of a step."""
    columns = {
        column.quantity: _si(
            column, log.numbers.pop(header), np.arange(len(log.time)), log, folder, header
        )
        for header, column in descriptor.columns.items()
    }
    columns |= log.states
    between = np.diff(log.time)
    usual = float(np.median(between))
    even = bool((np.abs(between - usual) <= _EVEN * usual).mean() > 1.0 - _EVEN)
    if not even:
        log.notes.append(
            f"rows are {between.min():g} to {between.max():g} s apart, usually {usual:g} s; each "
            "is a step of its own length; [resampling] step = ... makes them even"
        )
    step = np.concatenate([[usual], between])
    return _series(descriptor, folder, log.time, step, columns, longest_gap, False, log, ())


def _series(
    descriptor: SeriesDescriptor,
    folder: Path,
    time: Times,
    step: Times,
    columns: dict[str, Floats],
    longest_gap: float,
    is_mean: bool,
    log: LogTable,
    resampled: tuple[Resampled, ...],
) -> Series:
    quantities = {q: v for q, v in columns.items() if q in QUANTITIES}
    states = {n: v for n, v in columns.items() if n not in QUANTITIES}
    if COMPRESSOR not in states:
        states[COMPRESSOR] = np.where(
            np.isnan(quantities["compressor_speed"]),
            np.nan,
            (quantities["compressor_speed"] > 0.0).astype(float),
        )
    uncertainty = {
        column.quantity: (
            float(column.to_si(column.uncertainty, difference=True)) if column.uncertainty else 0.0,
            column.relative_uncertainty or 0.0,
        )
        for column in descriptor.columns.values()
    }
    for name, constant in descriptor.constants.items():
        unit = QUANTITIES[name].unit
        quantities[name] = np.full(len(time), to_si(constant.value, constant.unit, unit))
        uncertainty[name] = (to_si(constant.uncertainty, constant.unit, unit, True), 0.0)
    inputs = _inputs(descriptor)
    needed = [quantities[q] for q in inputs] + [states[COMPRESSOR]]
    if descriptor.given == GIVEN_SUPPLY:
        needed.append(states[DEMAND])
    is_known = np.isfinite(needed).all(axis=0)
    is_apart = np.concatenate([[True], step[1:] > longest_gap])
    segments = _segments(is_known, is_apart)
    place = f"data set {folder}"
    if not segments:
        lacking = [q for q in inputs if not np.isfinite(quantities[q]).any()] or ["some input"]
        raise InputError(
            f"{place}: no step has all inputs of the model; {', '.join(lacking)} is missing or "
            "is read too seldom: [time] longest_gap says over how many seconds it stays known"
        )
    notes = list(log.notes)
    unknown = int(len(time) - sum(b - a for a, b in segments))
    if len(segments) > 1 or unknown:
        notes.append(
            f"gaps divide the log into {len(segments)} parts; {unknown} of {len(time)} steps lack "
            "an input and are not simulated"
        )
    usual = float(np.median(step))
    # A first step as long as a gap would be a step through what is not known.
    step = np.where(is_apart, usual, step)
    return Series(
        descriptor=descriptor,
        folder=folder,
        time=time,
        step=step,
        values=pd.DataFrame(quantities, copy=False),
        states=pd.DataFrame(states, copy=False),
        segments=segments,
        is_mean=is_mean,
        notes=tuple(notes),
        resampled=resampled,
        ignored_columns=log.ignored,
        _uncertainty=uncertainty,
    )


def _inputs(descriptor: SeriesDescriptor) -> list[str]:
    """Readings without which the FMU cannot be asked; derived heat needs both temperatures."""
    given = GIVEN_QUANTITIES[descriptor.given]
    read = "T_sink_out" if given in descriptor.derived else given
    return [read if q == SPEED else q for q in BOUNDARY_QUANTITIES]


def _segments(is_known: Any, is_apart: Any) -> tuple[tuple[int, int], ...]:
    """Runs of known rows that no gap divides; of two rows at least."""
    before = np.concatenate([[False], is_known[:-1]])
    (begins,) = np.nonzero(is_known & (~before | is_apart))
    after = np.concatenate([~is_known[1:] | is_apart[1:], [True]])
    (ends,) = np.nonzero(is_known & after)
    return tuple((int(a), int(b) + 1) for a, b in zip(begins, ends, strict=True) if b > a)


def _heat(values: pd.DataFrame, side: str, entry: DerivedHeat, place: str) -> Floats:
    """Heat of a stream, W, from its flow and temperatures; some rows at a time, to need less."""
    inlet, outlet = values[f"T_{side}_in"].to_numpy(), values[f"T_{side}_out"].to_numpy()
    flow, sign = values[f"m_flow_{side}"].to_numpy(), 1.0 if side == "sink" else -1.0
    heat = np.empty(len(values))
    try:
        medium = medium_table(entry.medium)
        for first in range(0, len(heat), CHUNK):
            part = slice(first, first + CHUNK)
            capacity = medium.heat_capacity(0.5 * (inlet[part] + outlet[part]))
            change = sign * (outlet[part] - inlet[part]) + entry.offset
            heat[part] = flow[part] * capacity * change
    except (InputError, SolveError) as error:
        raise InputError(f"{place}: medium: {error}") from error
    return heat


def _usual_capacity(values: pd.DataFrame, side: str, entry: DerivedHeat) -> float:
    """Heat capacity at the usual temperature of a stream, J/(kg K)."""
    T = np.array([float(np.nanmedian(values[f"T_{side}_in"]))])
    return float(medium_table(entry.medium).heat_capacity(T)[0])


def _completed(series: Series) -> Series:
    """Let flows follow their temperatures, add derived heat, and check sensors against states."""
    descriptor, values = series.descriptor, series.values
    place = series.place
    runs = series.runs
    uncertainty = dict(series._uncertainty)
    for name, inlet in FLOW_INLETS.items():
        constant = descriptor.constants.get(name)
        if constant is None or not constant.per_kelvin:
            continue
        T_in = values[inlet]
        mean = float(T_in[runs].mean()) if runs.any() else float(T_in.mean())
        values[name] = values[name] * (1.0 + constant.per_kelvin * (T_in - mean))
    for name, entry in descriptor.derived.items():
        side = name.rsplit("_", 1)[-1]
        values[name] = _heat(values, side, entry, f"{place}: derived.{name}")
        flow = values[f"m_flow_{side}"][runs] if runs.any() else values[f"m_flow_{side}"]
        usual = float(np.nanmedian(flow))
        absolute, relative = uncertainty[f"m_flow_{side}"]
        uncertainty[name] = (
            usual * _usual_capacity(values, side, entry) * entry.uncertainty,
            math.hypot(absolute / usual, relative) if usual > 0.0 else 0.0,
        )
    if not runs.any():
        raise InputError(
            f"{place}: the compressor runs in no step; look at states.compressor of the descriptor"
        )
    for header, column in descriptor.columns.items():
        if column.quantity not in BOUNDARY_QUANTITIES and column.score:
            at = f"{place}: column {header!r}"
            check_constant(column.quantity, values[column.quantity].to_numpy(), runs, at)
    if "P_el" in values and COMPRESSOR in descriptor.states:
        check_state_against_power(
            runs,
            values["P_el"].to_numpy(),
            series.step,
            series.time,
            f"{place}: column {descriptor.states[COMPRESSOR].column!r}",
        )
    return replace(series, values=values, _uncertainty=uncertainty)
