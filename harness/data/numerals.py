"""Numbers as people and meters write them: ``1.234,5``, ``1 234.5``, ``12,5 °C``, ``n/a``.

What separates the decimals of a column is decided by all its cells. A point or comma before exactly
three digits may also group thousands; where nothing in the column tells, the rest of the table may.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.unit_names import known_unit
from heatpump_twin.model.errors import InputError

#: What says that there is no reading, in small letters.
MISSING_TEXTS = frozenset(
    {
        *("", "-", "--", "---", "----", "–", "—", "?", ".", "..", "...", "*"),  # noqa: RUF001
        *("n/a", "n.a.", "na", "nan", "null", "none", "nil", "missing", "no data", "bad", "fehlt"),
        *("k.a.", "k. a.", "k.a", "ka", "keine angabe", "leer", "empty", "invalid"),
        *("ungültig", "fehler", "error", "err", "fault", "störung", "offline", "n.v.", "nv"),
        *("#n/a", "#na", "#nv", "#div/0!", "#value!", "#wert!", "#ref!", "#bezug!", "#name?"),
        *("#num!", "#zahl!", "#null!", "-nan", "1.#qnan", "-1.#ind", "nan(ind)", "<na>", "nat"),
    }
)

#: Numbers by which loggers say so; taken for it only where they lie far from all others.
MISSING_NUMBERS = (
    *(-99.0, -99.9, -999.0, -999.9, -9999.0, -9999.9, -99999.0, 999.0, 999.9, 9999.0, 9999.9),
    *(99999.0, 99999.9, 999999.0, 32767.0, -32768.0, 65535.0, 3276.7, -3276.8, 6553.5, 1e30, -1e30),
)

# Which spaces and apostrophes people group digits with, and how they write minus.
_SPELLED = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u2006\u2005\t", " "),
        **dict.fromkeys("’‘´`", "'"),  # noqa: RUF001
        "−": "-",  # noqa: RUF001
    }
)
# A leading dash of typesetters is a minus before a digit, and otherwise says that nothing is there.
_CELL = re.compile(
    r"(?P<sign>[+-]|–(?=[\d.,]))?\s?(?P<body>(?:\d|[.,]\d)(?:[\d.,']|\s(?=\d))*)"  # noqa: RUF001
    r"(?P<exponent>[eE][+-]?\d{1,3})?(?:\s*(?P<unit>[^\d\s.,'+-].*))?"
)
_SPACED = re.compile(r"\d{1,3}(?:([ '])\d{3})(?:\1\d{3})*(?=[.,]|$)")

POINT, COMMA = ".", ","
# A cell that separates decimals by neither, or may by both.
_NEITHER, _EITHER = "", "?"


@dataclass(frozen=True)
class Numeral:
    """A cell that is a number.

    Attributes
    ----------
    digits : str
        With sign and exponent, without groups of spaces.
    decimal : str
        What separates its decimals; empty where nothing does, ``"?"`` where it does not tell.
    unit : str
        What stands behind it.
    """

    digits: str
    decimal: str
    unit: str

    def value(self, decimal: str) -> float:
        """Read it as a column does whose decimals `decimal` separates."""
        group = COMMA if decimal == POINT else POINT
        return float(self.digits.replace(group, "").replace(decimal, "."))


@dataclass(frozen=True)
class Numbers:
    """A column that was read.

    Attributes
    ----------
    values : numpy.ndarray
        NaN where nothing was read.
    unit : str
        That stands behind each number; empty where none does.
    missing_codes : tuple of float
        Numbers that were taken to say that nothing was read.
    """

    values: np.ndarray[Any, np.dtype[np.float64]]
    unit: str = ""
    missing_codes: tuple[float, ...] = ()


def numeral(text: str) -> Numeral | None:
    """Read a cell; None if it is no number."""
    found = _CELL.fullmatch(text.translate(_SPELLED).strip())
    if found is None:
        return None
    body = found["body"]
    if " " in body or "'" in body:
        spaced = _SPACED.match(body)
        if spaced is None:
            return None
        # A group of spaces leaves points and commas to the decimals.
        rest = body[spaced.end() :]
        if not re.fullmatch(r"(?:[.,]\d*)?", rest):
            return None
        body, decimal = re.sub("[ ']", "", spaced[0]) + rest, rest[:1]
    else:
        decided = _decimal_of(body)
        if decided is None:
            return None
        decimal = decided
    sign = "-" if found["sign"] in ("-", "–") else ""  # noqa: RUF001
    exponent = found["exponent"] or ""
    if exponent and decimal == _EITHER:  # 1.234e3: nobody groups thousands there
        decimal = POINT if POINT in body else COMMA
    return Numeral(sign + body + exponent, decimal, (found["unit"] or "").strip())


def _decimal_of(body: str) -> str | None:
    """Tell what separates the decimals; None if the cell is no number."""
    points, commas = body.count(POINT), body.count(COMMA)
    if not points and not commas:
        return _NEITHER
    if points and commas:
        decimal = POINT if body.rindex(POINT) > body.rindex(COMMA) else COMMA
        group = COMMA if decimal == POINT else POINT
        pattern = rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+{re.escape(decimal)}\d*"
        return decimal if re.fullmatch(pattern, body) else None
    mark = POINT if points else COMMA
    grouped = re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", body) is not None
    if points + commas > 1:
        return (COMMA if mark == POINT else POINT) if grouped else None
    return _EITHER if grouped else mark


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no reading."""
    return text.strip().casefold() in MISSING_TEXTS


def decimals_of(cells: pd.Series[Any]) -> set[str]:
    """What separates decimals in a column: point, comma, none; empty if it holds other text."""
    found = set()
    for text in cells[_is_text(cells)].astype("str").unique():
        if not is_missing(text):
            read = numeral(text)
            if read is None:
                return set()
            found.add(read.decimal)
    return found & {POINT, COMMA}


def read_numbers(
    cells: pd.Series[Any],
    place: str,
    row_name: Callable[[int], str],
    decimal: str | None = None,
    of_table: Callable[[], str | None] = lambda: None,
    missing: tuple[str | float, ...] | None = None,
) -> Numbers:
    """Read a column of numbers.

    Parameters
    ----------
    cells : pandas.Series
        Texts and numbers; its index is the row's number in the file.
    place : str
        The column, for messages.
    row_name : Callable
        Names a row in messages by its number: ``line 8``.
    decimal : str, optional
        What separates decimals, where it is known.
    of_table : Callable
        What does in other columns, for a column that does not tell; None where they do not either.
    missing : tuple of str or float, optional
        Further texts and numbers that say that nothing was read, instead of what usually does.

    Raises
    ------
    InputError
        If a cell is no number or may be two; the message names its row.
    """
    is_text = _is_text(cells)
    texts = cells[is_text].astype("str")
    values = np.full(len(cells), np.nan)
    values[~is_text] = cells[~is_text].to_numpy(dtype=float, na_value=np.nan)
    codes = {str(entry).strip().casefold() for entry in missing or () if isinstance(entry, str)}
    read: dict[str, Numeral] = {}
    for text in texts.unique():
        if is_missing(text) or text.strip().casefold() in codes:
            continue
        found = numeral(text)
        if found is None or (found.unit and known_unit(found.unit) is None):
            at = texts.index[(texts == text).argmax()]
            raise InputError(f"{place}, {row_name(at)}: {text!r} where a number was expected")
        read[text] = found
    unit = _one_unit(read, texts, place, row_name)
    mark = decimal or _decide(read, texts, place, row_name, of_table)
    for text, found in read.items():
        if found.decimal not in (mark, _NEITHER, _EITHER):
            at = texts.index[(texts == text).argmax()]
            raise InputError(
                f"{place}, {row_name(at)}: {text!r} where decimals are separated by {mark!r}"
            )
    if read:
        by_text = {text: found.value(mark) for text, found in read.items()}
        values[is_text] = texts.map(by_text).to_numpy(float)
    infinite = np.isinf(values)
    if infinite.any():
        at = cells.index[infinite.argmax()]
        raise InputError(f"{place}, {row_name(at)}: expected a finite number")
    if missing is None:
        taken = _codes_in(values)
    else:
        taken = tuple(float(entry) for entry in missing if isinstance(entry, int | float))
    values[np.isin(values, taken)] = np.nan
    return Numbers(values, unit, taken)


def _is_text(cells: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which cells are text and not numbers already."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return np.zeros(len(cells), bool)
    if cells.dtype == object:
        return np.fromiter((isinstance(cell, str) for cell in cells), bool, len(cells))
    return np.ones(len(cells), bool)


def _one_unit(
    read: dict[str, Numeral], texts: pd.Series[str], place: str, row_name: Callable[[int], str]
) -> str:
    first: tuple[str, str] | None = None
    for text, found in read.items():
        if not found.unit:
            continue
        if first is None:
            first = (found.unit, text)
        elif known_unit(found.unit) != known_unit(first[0]):
            at = texts.index[(texts == text).argmax()]
            raise InputError(
                f"{place}, {row_name(at)}: {text!r}, while others are in {first[0]}, such as "
                f"{first[1]!r}; expected one unit"
            )
    return first[0] if first else ""


def _decide(
    read: dict[str, Numeral],
    texts: pd.Series[str],
    place: str,
    row_name: Callable[[int], str],
    of_table: Callable[[], str | None],
) -> str:
    """Decide what separates the decimals of a column."""
    telling = {found.decimal: text for text, found in reversed(read.items())}
    if POINT in telling and COMMA in telling:
        rows = [texts.index[(texts == telling[mark]).argmax()] for mark in (POINT, COMMA)]
        raise InputError(
            f"{place}: decimals are separated by a point in {row_name(rows[0])} "
            f"({telling[POINT]!r}) and by a comma in {row_name(rows[1])} ({telling[COMMA]!r}); "
            "expected one of them"
        )
    for mark in (POINT, COMMA):
        if mark in telling:
            return mark
    if _EITHER not in telling:
        return POINT
    of_others = of_table()
    if of_others is not None:
        return of_others
    text = telling[_EITHER]
    at = texts.index[(texts == text).argmax()]
    mark = POINT if POINT in text else COMMA
    value = text.strip()
    raise InputError(
        f"{place}, {row_name(at)}: {value!r} may be {value.replace(mark, '')} or "
        f"{value.replace(mark, '.')}, and no other cell tells which; say decimal = '.' or "
        "decimal = ',' in [table_format] of the descriptor, or --read of init"
    )


def _codes_in(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, ...]:
    """Numbers that loggers write for nothing, and that lie far from all others."""
    found = values[np.isfinite(values)]
    present = [code for code in MISSING_NUMBERS if (found == code).any()]
    others = found[~np.isin(found, present)]
    if not present or not len(others):
        return ()
    low, high = float(others.min()), float(others.max())
    room = max(high - low, 0.5 * max(abs(low), abs(high)), 10.0)
    return tuple(code for code in present if not low - room <= code <= high + room)
