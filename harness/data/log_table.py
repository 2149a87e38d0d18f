"""The table of a log as numbers over time, read some rows at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES

from .datasets import check_unit, taken_for_missing
from .log_time import ELAPSED, LOCAL, TimeColumn, Times, elapsed, seconds
from .numerals import NumberColumn
from .resampling import Floats
from .series_descriptor import (
    ON_CHANGE,
    SeriesColumn,
    SeriesDescriptor,
    StateColumn,
    StateName,
)
from .tables import OpenTable, TableFormat, open_table

# What a cell of a quantity should be.
_EXPECTED = (
    'a number was expected; a text that stands for a number goes into numbers = { "text" = 1 }'
)


@dataclass
class LogTable:
    """A table of a log, as numbers; NaN where a cell is empty or was not read.

    Attributes
    ----------
    time : numpy.ndarray
        Of each row, s.
    numbers : dict of str to numpy.ndarray
        By header, as they are written.
    states : dict of str to numpy.ndarray
        1 for on and 0 for off, by name of the state.
    rows : numpy.ndarray
        Number of each row in its file.
    row_name : Callable
        Names a row in messages by that number.
    ignored : tuple of str
        Columns that the descriptor does not name.
    notes : list of str
        What was found, for the reader.
    """

    time: Times
    numbers: dict[str, Floats]
    states: dict[str, Floats]
    rows: np.ndarray[Any, np.dtype[np.int64]]
    row_name: Callable[[int], str]
    ignored: tuple[str, ...]
    notes: list[str]

    def row(self, position: int) -> str:
        """Name a row in a message."""
        return self.row_name(self.rows[position])

    def keep(self, rows: Any) -> None:
        """Keep some of the rows."""
        self.time = self.time[rows]
        self.rows = self.rows[rows]
        self.numbers = {k: v[rows] for k, v in self.numbers.items()}
        self.states = {k: v[rows] for k, v in self.states.items()}


def read_log(path: Path, descriptor: SeriesDescriptor) -> LogTable:
    """Read a table of a log, as its descriptor says what it means.

    Parameters
    ----------
    path : Path
        The table.
    descriptor : SeriesDescriptor
        Of the log.

    Raises
    ------
    InputError
        If it cannot be read; the message names file, column and row.
    """
    table = open_table(path, descriptor.table_format)
    form = table.format
    _check_headers(descriptor, table)

    def place(column: str) -> str:
        return f"data file {path}: column {column!r}"

    def reader(column: str, entry: SeriesColumn | None = None) -> NumberColumn:
        decimal = (entry.decimal if entry else None) or form.decimal
        numbers = entry.numbers if entry else None
        return NumberColumn(
            place(column), table.row_name, decimal, form.missing, numbers, _EXPECTED
        )

    time = _TimeReader(descriptor.time, table, place(descriptor.time.column))
    columns = {header: reader(header, entry) for header, entry in descriptor.columns.items()}
    above = {
        state: (reader(entry.column), entry.above)
        for state, entry in descriptor.states.items()
        if entry.above is not None
    }
    states: dict[StateName, list[Floats]] = {s: [] for s in descriptor.states if s not in above}
    named = _named(descriptor)
    for chunk in table.chunks(named):
        time.add(chunk[descriptor.time.column])
        for header, column in columns.items():
            column.add(chunk[header])
        for state, (column, _) in above.items():
            column.add(chunk[descriptor.states[state].column])
        for state, found in states.items():
            of = descriptor.states[state]
            found.append(_states(chunk[of.column], of, place(of.column), table.row_name, form))
        # Texts lie in a pool that keeps what it had: so it is no more than for some rows.
        del chunk
        pa.default_memory_pool().release_unused()
    readers = [time.numbers, *columns.values(), *(column for column, _ in above.values())]
    marks = {column.decimal for column in readers}
    has_comma = any(column.has_comma for column in readers)

    def of_table() -> str | None:
        return table.decimal_by(marks, has_comma)

    log = LogTable(
        time=time.finish(of_table),
        numbers={},
        states={s: np.concatenate(states.pop(s)) for s in list(states)},
        rows=time.rows,
        row_name=table.row_name,
        ignored=tuple(c for c in table.names if c not in named and c not in table.nameless),
        notes=list(table.skipped),
    )
    for state, (column, limit) in above.items():
        values = column.finish(of_table).values
        log.states[state] = np.where(np.isnan(values), np.nan, (values > limit).astype(float))
    for header, entry in descriptor.columns.items():
        _put_numbers(log, header, entry, columns.pop(header), of_table, form, place(header))
    return log


class _TimeReader:
    """The time of the rows, as far as they were read."""

    def __init__(self, time: TimeColumn, table: OpenTable, place: str) -> None:
        self._time, self._table, self._place = time, table, place
        expected = f"a time was expected: a number of {time.unit}"
        self.numbers = NumberColumn(
            place, table.row_name, table.format.decimal, (), expected=expected
        )
        self._times: list[Times] = []
        self._clock: list[pd.Series[str]] = []
        self._rows: list[Any] = []

    def add(self, cells: pd.Series[Any]) -> None:
        """Read the rows that follow."""
        self._rows.append(cells.index.to_numpy())
        if self._time.kind == ELAPSED:
            self.numbers.add(cells)
        elif self._time.kind == LOCAL:
            # Clock time is told by its order, so all of it is needed; other texts need not be kept.
            self._clock.append(_texts(cells))
        else:
            self._times.append(self._seconds(_texts(cells)))

    def _seconds(self, texts: pd.Series[str]) -> Times:
        may_be_dates = self._table.kind != "text"
        return seconds(texts, self._time, self._place, self._table.row_name, may_be_dates)

    @property
    def rows(self) -> Any:
        """Number of each row in the file."""
        return np.concatenate(self._rows)

    def finish(self, of_table: Callable[[], str | None]) -> Times:
        """Return the times, s."""
        if self._time.kind == ELAPSED:
            read = self.numbers.finish(of_table)
            check_unit(read, self._time.unit, self._place)
            rows = self.rows
            return elapsed(
                read.values,
                self._time,
                lambda i: f"{self._place}, {self._table.row_name(rows[i])}",
            )
        if self._clock:
            texts, self._clock = pd.concat(self._clock), []
            return self._seconds(texts)
        return np.concatenate(self._times)


def _named(descriptor: SeriesDescriptor) -> set[str]:
    """Columns that a descriptor names."""
    states = (state.column for state in descriptor.states.values())
    return {descriptor.time.column, *descriptor.columns, *states}


def _check_headers(descriptor: SeriesDescriptor, table: OpenTable) -> None:
    needed = [
        (descriptor.time.column, "time.column"),
        *((column, f"columns.{column}") for column in descriptor.columns),
        *((s.column, f"states.{name}") for name, s in descriptor.states.items()),
    ]
    for column, place in needed:
        if column not in table.names:
            raise table.missing_column(column, f"{place} of the descriptor names it")


def _put_numbers(
    log: LogTable,
    header: str,
    entry: SeriesColumn,
    column: NumberColumn,
    of_table: Callable[[], str | None],
    form: TableFormat,
    place: str,
) -> None:
    """Put the numbers of a column into the log, as they are written; NaN where none was read."""
    read = column.finish(of_table)
    check_unit(read, entry.unit, place)
    values = read.values
    if form.missing is None and set(read.missing_codes) - set(entry.not_read):
        if entry.writes != ON_CHANGE and not entry.gaps and not entry.not_read:
            code = read.missing_codes[0]
            raise InputError(
                f"{place}: {code:g} lies far from all other readings: does it say that nothing was "
                f"read? then add not_read = [{code:g}] to the column, or else missing = [] to "
                "[table_format]"
            )
        log.notes.append(taken_for_missing(header, read))
    for number in entry.not_read:
        if not (number == 0.0 and is_temperature(entry)):
            values[values == number] = math.nan
    log.numbers[header] = values


def _texts(cells: pd.Series[Any]) -> pd.Series[str]:
    """Cells as text: a number as people write it, nothing as an empty text."""
    if isinstance(cells.dtype, pd.StringDtype):
        return cells
    return cells.map(_text).astype("str")


def _text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    return f"{cell:.15g}" if isinstance(cell, int | float | np.number) else str(cell).strip()


def _states(
    cells: pd.Series[Any],
    state: StateColumn,
    place: str,
    row_name: Callable[[int], str],
    form: TableFormat,
) -> Floats:
    """1 for on, 0 for off, NaN for an empty cell."""
    nothing = {str(entry).casefold() for entry in form.missing or ()}
    codes, unique = pd.factorize(_texts(cells))
    meaning = np.empty(len(unique))
    for i, text in enumerate(map(str, unique)):
        meaning[i] = _state("" if text.casefold() in nothing else text, state)
        if meaning[i] < 0.0:
            row = row_name(cells.index[int((codes == i).argmax())])
            raise InputError(
                f"{place}, {row}: {text!r} is neither on ({', '.join(state.on)}) nor off "
                f"({', '.join(state.off)}); add it to on = [...] or off = [...]"
            )
    return meaning[codes]


def _state(text: str, state: StateColumn) -> float:
    """1, 0, NaN for an empty text, -1 for another one."""
    if not text:
        return math.nan
    for meaning, texts in ((1.0, state.on), (0.0, state.off)):
        for known in texts:
            if text.casefold() == known.casefold() or _equal_numbers(text, known):
                return meaning
    return -1.0


def _equal_numbers(one: str, other: str) -> bool:
    """Whether both are the same number, as 1 and 1,0."""
    try:
        return float(one.replace(",", ".")) == float(other.replace(",", "."))
    except ValueError:
        return False


def is_temperature(column: SeriesColumn) -> bool:
    """Whether a column is a temperature, and no difference."""
    quantity = QUANTITIES[column.quantity]
    return quantity.unit == "K" and not quantity.is_difference
