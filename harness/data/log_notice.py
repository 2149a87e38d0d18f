"""Whether a user's table is a log over time and not one of steady points, and by which column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError

from .header_words import plain
from .log_time import ELAPSED, ISO, LOCAL, TimeColumn, Times, seconds
from .numerals import read_numbers
from .tables import Table

# Rows that are at most so far apart belong to one run of the machine, s; and how many they are.
_NEAR, _ROWS = 900.0, 20

# So many rows tell.
_LOOKED_AT = 1000

#: Clock time is taken to be of here where nothing says otherwise.
ZONE = "Europe/Berlin"

# Other ways to write clock time. A day that could be a month is told by one that could not.
_PATTERNS = (
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)

_WORDS = re.compile(r"time|zeit|datum|\bdate\b|stamp|\buhr\b")
_UNITS = {"s": "s", "sec": "s", "sek": "s", "min": "min", "h": "h", "std": "h"}


@dataclass(frozen=True)
class LogTime:
    """The time of a log: keys of [time], and how far rows are apart, s."""

    keys: dict[str, str]
    step: float


def log_time(table: Table, columns: Iterable[str]) -> LogTime | None:
    """Tell by which column a table is a log; None if it is none.

    Parameters
    ----------
    table : Table
        The table, or its first rows.
    columns : iterable of str
        Those that may be the time.
    """
    for column in columns:
        if not _WORDS.search(plain(column)):
            continue
        for keys in _forms(table, column):
            times = _times(table, column, keys, _LOOKED_AT)
            if times is None:
                continue
            steps = np.diff(times)
            usual = float(np.median(steps)) if len(steps) >= _ROWS - 1 else np.inf
            if (steps >= 0.0).all() and 0.0 < usual <= _NEAR:
                return with_day(LogTime(keys, usual), table)
    return None


def with_day(time: LogTime, table: Table) -> LogTime:
    """Tell day from month where a time can be read both ways: as that which jumps over no months.

    Parameters
    ----------
    time : LogTime
        As the first rows have it.
    table : Table
        Rows evenly over the log.
    """
    pattern = time.keys.get("pattern", "")
    if not pattern.startswith(("%d/%m", "%m/%d")):
        return time
    spans = {}
    for start in (pattern[:5], f"{pattern[3:5]}/{pattern[:2]}"):
        keys = {**time.keys, "pattern": f"{start}{pattern[5:]}"}
        times = _times(table, time.keys["column"], keys, len(table.cells))
        if times is not None and (np.diff(times) >= 0.0).all():
            spans[keys["pattern"]] = float(times[-1] - times[0])
    if not spans:
        return time
    return LogTime({**time.keys, "pattern": min(spans, key=lambda p: spans[p])}, time.step)


def _forms(table: Table, column: str) -> list[dict[str, str]]:
    """Ways in which the time may be written, as keys of [time]."""
    words = f"{plain(column)} {plain(table.units.get(column, ''))}".split()
    unit = next((_UNITS[word] for word in reversed(words) if word in _UNITS), "s")
    own = {"column": column}
    return [
        {**own, "kind": ISO},
        {**own, "kind": LOCAL, "zone": ZONE},
        *({**own, "kind": LOCAL, "zone": ZONE, "pattern": pattern} for pattern in _PATTERNS),
        {**own, "kind": ELAPSED, "unit": unit},
    ]


def _times(table: Table, column: str, keys: dict[str, str], rows: int) -> Times | None:
    cells = table.cells[column].iloc[:rows]
    try:
        if keys["kind"] == ELAPSED:
            numbers = read_numbers(cells, "", table.row_name, None, table.decimals, ()).values
            return (
                None if np.isnan(numbers).any() else np.asarray(to_si(numbers, keys["unit"], "s"))
            )
        if not all(isinstance(cell, str) for cell in cells):
            return None
        # Any zone tells how far apart rows are; one without summer time knows each hour.
        zone = {"zone": "UTC"} if keys["kind"] == LOCAL else {}
        time = TimeColumn.model_validate({**keys, **zone})
        return seconds(pd.Series(cells, dtype="str"), time, "", table.row_name)
    except (InputError, ValueError):
        return None
