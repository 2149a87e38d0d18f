"""When each row of a log was written, in seconds: elapsed time, ISO 8601 and local clock time.

Local clock time repeats an hour when summer time ends, and skips one when it begins. In a log,
which is written in order, the first pass through the repeated hour is the one in summer time, so
rows are told apart by their order.
"""

from __future__ import annotations

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

ELAPSED, ISO, LOCAL = "elapsed", "iso", "local"


class TimeColumn(Strict):
    """How the time of a row is written.

    Attributes
    ----------
    column : str
        Its header.
    kind : str
        ``elapsed``: a number in `unit`; ``iso``: ISO 8601 with the offset from UTC; ``local``:
        clock time in `zone`, by `pattern` if it is not ISO 8601.
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


def seconds(cells: pd.Series[str], time: TimeColumn, place: str) -> Times:
    """Read times, in the order of the file.

    Parameters
    ----------
    cells : pandas.Series
        Texts; the index is the line of each in the file.
    time : TimeColumn
        How they are written.
    place : str
        File and column, for messages.

    Returns
    -------
    numpy.ndarray
        s, since 1970 in UTC where the times have a date.

    Raises
    ------
    InputError
        If a cell cannot be read or names a time that does not exist.
    """
    if time.kind == ELAPSED:
        numbers = pd.to_numeric(cells, errors="coerce")
        _refuse(cells, ~np.isfinite(numbers), place, f"a number of {time.unit}")
        return np.asarray(to_si(numbers.to_numpy(float), time.unit, "s"))
    if time.kind == ISO:
        # An offset, or Z, stands at the end behind the clock time.
        has_offset = cells.str.contains(r"(?:Z|[+-]\d\d:?(?:\d\d)?)\s*$", regex=True) & (
            cells.str.len() > len("2024-01-01")
        )
        _refuse(
            cells,
            ~has_offset,
            place,
            'ISO 8601 with an offset from UTC, as 2024-10-27T02:30:00+02:00, or kind = "local" '
            "with the zone's name",
        )
        stamps = pd.to_datetime(cells, utc=True, format="ISO8601", errors="coerce")
        _refuse(cells, stamps.isna(), place, "ISO 8601, as 2024-10-27T02:30:00+02:00")
        return _since_1970(stamps)
    stamps = pd.to_datetime(cells, format=time.pattern or "ISO8601", errors="coerce")
    _refuse(cells, stamps.isna(), place, f"clock time as {time.pattern or '2024-10-27 02:30:00'}")
    if stamps.dt.tz is not None:
        raise InputError(f'{place}: has offsets from UTC; expected kind = "iso"')
    return _from_local(cells, stamps, str(time.zone), place)


def bound(value: str | float | datetime, time: TimeColumn, place: str) -> float:
    """Read an end of a window as a time, s.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(value, datetime):
        value = value.isoformat()
    cell = pd.Series([str(value)], index=[0])
    try:
        if time.kind == LOCAL:
            stamp = pd.Timestamp(str(value))
            return float((stamp if stamp.tz else stamp.tz_localize(time.zone)).timestamp())
        return float(seconds(cell, time, place)[0])
    except (InputError, ValueError) as error:
        raise InputError(
            f"{place}: {value!r} is no time; expected "
            f"{'a number of ' + time.unit if time.kind == ELAPSED else 'ISO 8601'}"
        ) from error


def _from_local(
    cells: pd.Series[str], stamps: pd.Series[pd.Timestamp], zone: str, place: str
) -> Times:
    """Turn clock time into seconds since 1970; the order of rows tells which pass an hour is."""
    summer = stamps.dt.tz_localize(zone, ambiguous=np.ones(len(stamps), bool), nonexistent="NaT")
    winter = stamps.dt.tz_localize(zone, ambiguous=np.zeros(len(stamps), bool), nonexistent="NaT")
    skipped = summer.isna().to_numpy()
    if skipped.any():
        i = int(skipped.argmax())
        raise InputError(
            f"{place}, line {cells.index[i]}: {cells.iloc[i]!r} does not exist in {zone}, where "
            "clocks were put forward; is the log in UTC or in winter time throughout?"
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


def _refuse(cells: pd.Series[str], wrong: Any, place: str, expected: str) -> None:
    mask = np.asarray(wrong, bool)
    if mask.any():
        i = int(mask.argmax())
        raise InputError(
            f"{place}, line {cells.index[i]}: {cells.iloc[i]!r} where a time was expected: "
            f"{expected}"
        )
