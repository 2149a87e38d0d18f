"""When each row of a log was written, in seconds: elapsed time, ISO 8601 and local clock time.

Local clock time is read as ISO 8601 or in the German form, unless a pattern is said. It repeats an
hour when summer time ends, and skips one when it begins. In a log, which is written in order, the
first pass through the repeated hour is the one in summer time, so rows are told apart by their
order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pydantic import model_validator

from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError

from .fields import Positive, Strict, Text

Times = np.ndarray[Any, np.dtype[np.float64]]

# How clock time is recognised: by its first cell.
_CLOCK = re.compile(
    r"(?P<date>\d{1,2}\.\d{1,2}\.(?P<year>\d{4}|\d{2}))(?P<between>[ T,]+)\d{1,2}:\d{2}"
    r"(?P<second>:\d{2}(?P<part>[.,]\d+)?)?"
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

ELAPSED, ISO, LOCAL = "elapsed", "iso", "local"


class TimeColumn(Strict):
    """How the time of a row is written.

    Attributes
    ----------
    column : str
        Its header.
    kind : str
        ``elapsed``: a number in `unit`; ``iso``: ISO 8601 with the offset from UTC; ``local``:
        clock time in `zone`, by `pattern` if it is neither ISO 8601 nor as 01.03.2024 12:00:00.
    longest_gap : float, optional
        Longest time between two readings over which a value is taken to be known, s; ten times the
        usual one by default.
    duplicates : str
        What is done about rows of one time that differ: ``refuse`` or keep the ``last``.
    """

    column: Text
    kind: Literal["elapsed", "iso", "local"]
    unit: str = "s"
    zone: str | None = None
    pattern: str | None = None
    longest_gap: Positive | None = None
    duplicates: Literal["refuse", "last"] = "refuse"

    @model_validator(mode="after")
    def _check(self) -> TimeColumn:
        to_si(1.0, self.unit, "s")
        if (self.kind == LOCAL) != (self.zone is not None):
            raise ValueError('zone, such as "Europe/Berlin", goes with kind = "local", and with it')
        if self.pattern is not None and self.kind != LOCAL:
            raise ValueError('pattern is for kind = "local"')
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (KeyError, OSError, ValueError) as error:
                raise ValueError(
                    f"unknown time zone {self.zone!r}; expected a name such as Europe/Berlin"
                ) from error
        return self

    @property
    def has_date(self) -> bool:
        """Whether the times are dates, in seconds since 1970."""
        return self.kind != ELAPSED


class Window(Strict):
    """A part of a log: from `begin` to before `end`, as the time column is written or ISO 8601."""

    begin: str | float | datetime | None = None
    end: str | float | datetime | None = None


def elapsed(numbers: Times, time: TimeColumn, place: Callable[[int], str]) -> Times:
    """Return elapsed times, s.

    Parameters
    ----------
    numbers : numpy.ndarray
        In the unit of the column.
    time : TimeColumn
        How they are written.
    place : Callable
        Names the place of a time by its position.

    Raises
    ------
    InputError
        If there is none in a row.
    """
    missing = np.isnan(numbers)
    if missing.any():
        raise InputError(
            f"{place(int(missing.argmax()))}: nothing where a time was expected: a number of "
            f"{time.unit}"
        )
    return np.asarray(to_si(numbers, time.unit, "s"))


def seconds(
    cells: pd.Series[str],
    time: TimeColumn,
    place: str,
    row_name: Callable[[int], str],
    may_be_dates: bool = False,
) -> Times:
    """Read dates, in the order of the file.

    Parameters
    ----------
    cells : pandas.Series
        Texts; the index is the number of each row in the file.
    time : TimeColumn
        How they are written.
    place : str
        File and column, for messages.
    row_name : Callable
        Names a row by its number.
    may_be_dates : bool
        Whether the file knows dates. These are ISO 8601, whatever the pattern of texts is.

    Returns
    -------
    numpy.ndarray
        s, since 1970 in UTC.

    Raises
    ------
    InputError
        If a cell cannot be read or names a time that does not exist.
    """

    def refuse(wrong: Any, expected: str) -> None:
        mask = np.asarray(wrong, bool)
        if mask.any():
            i = int(mask.argmax())
            raise InputError(
                f"{place}, {row_name(cells.index[i])}: {cells.iloc[i]!r} where a time was "
                f"expected: {expected}"
            )

    if time.kind == ISO:
        # An offset, or Z, stands at the end behind the clock time.
        has_offset = cells.str.contains(r"(?:Z|[+-]\d\d:?(?:\d\d)?)\s*$", regex=True) & (
            cells.str.len() > len("2024-01-01")
        )
        refuse(
            ~has_offset,
            'ISO 8601 with an offset from UTC, as 2024-10-27T02:30:00+02:00, or kind = "local" '
            "with the zone's name",
        )
        stamps = pd.to_datetime(cells, utc=True, format="ISO8601", errors="coerce")
        refuse(stamps.isna(), "ISO 8601, as 2024-10-27T02:30:00+02:00")
        return _since_1970(stamps)
    pattern = time.pattern
    if pattern is None or (may_be_dates and _ISO_DATE.match(cells.iloc[0])):
        pattern = _pattern_of(cells.iloc[0])
    stamps = pd.to_datetime(cells, format=pattern or "ISO8601", errors="coerce")
    hint = "" if time.pattern else "; pattern in [time] says another form"
    refuse(stamps.isna(), f"clock time as {pattern or '2024-10-27 02:30:00'}{hint}")
    if stamps.dt.tz is not None:
        raise InputError(f'{place}: has offsets from UTC; expected kind = "iso"')
    return _from_local(cells, stamps, str(time.zone), place, row_name)


def _pattern_of(cell: str) -> str | None:
    """Tell the form of a clock time: that of Germans, or None for ISO 8601."""
    found = _CLOCK.fullmatch(cell)
    if found is None:
        return None
    year = "%Y" if len(found["year"]) == 4 else "%y"
    second = ":%S" if found["second"] else ""
    part = f"{found['part'][0]}%f" if found["part"] else ""
    return f"%d.%m.{year}{found['between']}%H:%M{second}{part}"


def bound(value: str | float | datetime, time: TimeColumn, place: str) -> float:
    """Read an end of a window as a time, s.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(value, datetime):
        value = value.isoformat()
    text = str(value)
    try:
        if time.kind == ELAPSED:
            return float(to_si(float(text), time.unit, "s"))
        if time.kind == LOCAL:
            pattern = time.pattern if time.pattern and not _ISO_DATE.match(text) else None
            stamp = pd.to_datetime(text, format=pattern or _pattern_of(text) or "ISO8601")
            return float((stamp if stamp.tz else stamp.tz_localize(time.zone)).timestamp())
        return float(seconds(pd.Series([text]), time, place, str)[0])
    except (InputError, ValueError) as error:
        raise InputError(
            f"{place}: {value!r} is no time; expected "
            f"{'a number of ' + time.unit if time.kind == ELAPSED else 'ISO 8601'}"
        ) from error


def _from_local(
    cells: pd.Series[str],
    stamps: pd.Series[pd.Timestamp],
    zone: str,
    place: str,
    row_name: Callable[[int], str],
) -> Times:
    """Turn clock time into seconds since 1970; the order of rows tells which pass an hour is."""
    summer = stamps.dt.tz_localize(zone, ambiguous=np.ones(len(stamps), bool), nonexistent="NaT")
    winter = stamps.dt.tz_localize(zone, ambiguous=np.zeros(len(stamps), bool), nonexistent="NaT")
    skipped = summer.isna().to_numpy()
    if skipped.any():
        i = int(skipped.argmax())
        raise InputError(
            f"{place}, {row_name(cells.index[i])}: {cells.iloc[i]!r} does not exist in "
            f"{zone}, where clocks were put forward; is the log in UTC or in winter time "
            "throughout?"
        )
    first, second = _since_1970(summer), _since_1970(winter)
    found = first.copy()
    (ambiguous,) = np.nonzero(first != second)
    passes_again = False
    for i in map(int, ambiguous):
        if i and first[i - 1] != second[i - 1]:
            # The clock went back inside the hour: from here on it is the second pass.
            passes_again = passes_again or first[i] < first[i - 1]
        else:
            # The first row of the hour; after a gap it may be in the second pass already, which
            # nothing in the log could tell.
            passes_again = False
        found[i] = second[i] if passes_again else first[i]
    return found


def _since_1970(stamps: pd.Series[pd.Timestamp]) -> Times:
    return stamps.dt.tz_convert("UTC").dt.as_unit("ns").astype("int64").to_numpy() * 1e-9
