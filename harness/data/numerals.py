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
import pyarrow as pa
import pyarrow.compute as pc

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
# Cells that are read at a time; of fewer than a few each is looked at by itself.
_AT_A_TIME, _FEW = 50_000, 500

Array = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

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

    values: Array
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
    """Read a column of numbers that is held as a whole.

    Parameters
    ----------
    cells : pandas.Series
        Texts and numbers; its index is the row's number in the file.
    place, row_name, decimal, missing
        As `NumberColumn` has them.
    of_table : Callable
        What separates decimals in other columns, for a column that does not tell; None where they
        do not either.

    Raises
    ------
    InputError
        If a cell is no number or may be two; the message names its row.
    """
    column = NumberColumn(place, row_name, decimal, missing)
    for first in range(0, len(cells), _AT_A_TIME):
        column.add(cells.iloc[first : first + _AT_A_TIME])
    return column.finish(of_table)


class NumberColumn:
    """A column of numbers that is read some rows at a time.

    As long as no cell tells what separates the decimals, both readings are kept.

    Parameters
    ----------
    place : str
        The column, for messages.
    row_name : Callable
        Names a row in messages by its number: ``line 8``.
    decimal : str, optional
        What separates decimals, where it is known.
    missing : tuple of str or float, optional
        Further texts and numbers that say that nothing was read, instead of what usually does.
    numbers : dict of str to float, optional
        Texts that stand for a number.
    expected : str
        What a cell should be, for messages.
    """

    def __init__(
        self,
        place: str,
        row_name: Callable[[int], str],
        decimal: str | None = None,
        missing: tuple[str | float, ...] | None = None,
        numbers: dict[str, float] | None = None,
        expected: str = "a number was expected",
    ) -> None:
        self._place, self._row_name = place, row_name
        self._decimal, self._missing = decimal, missing
        self._by_text = {text.casefold(): number for text, number in (numbers or {}).items()}
        codes = {str(entry).strip().casefold() for entry in missing or () if isinstance(entry, str)}
        self._expected = expected
        self._nothing = codes - self._by_text.keys()
        self._named = [*self._nothing, *self._by_text]
        self._telling: dict[str, tuple[str, Any]] = {}  # decimal sign to a cell and its row
        self._unit: tuple[str, str] | None = None  # and a cell
        self._parts: list[dict[str, Array]] = []  # by decimal sign

    @property
    def decimal(self) -> str | None:
        """What separates decimals, as far as it is said, or the cells tell."""
        if self._decimal is not None:
            return self._decimal
        return next((mark for mark in (POINT, COMMA) if mark in self._telling), None)

    @property
    def has_comma(self) -> bool:
        """Whether a cell has a comma that may be that of decimals, or of thousands."""
        return _EITHER in self._telling and COMMA in self._telling[_EITHER][0]

    def add(self, cells: pd.Series[Any]) -> None:
        """Read the rows that follow; the index is the row's number in the file.

        Raises
        ------
        InputError
            If a cell is no number; the message names its row.
        """
        is_text = _is_text(cells)
        values = np.full(len(cells), np.nan)
        values[~is_text] = cells[~is_text].to_numpy(dtype=float, na_value=np.nan)
        texts = cells[is_text].astype("str")
        odd = texts
        if len(texts) > _FEW:
            # Cells as programs write them, at the speed of a machine.
            plain, found = _plain_numbers(texts, self.decimal, self._named)
            values[np.flatnonzero(is_text)[plain]] = found
            odd = texts[~plain]
        at_odd = np.flatnonzero(is_text) if odd is texts else np.flatnonzero(is_text)[~plain]
        read: dict[str, Numeral] = {}
        said: dict[str, float] = {}
        for text in odd.unique():
            folded = text.strip().casefold()
            if folded in self._by_text:
                said[text] = self._by_text[folded]
            elif not is_missing(text) and folded not in self._nothing:
                number = numeral(text)
                if number is None or (number.unit and known_unit(number.unit) is None):
                    raise InputError(
                        f"{self._place}, {self._row_of(odd, text)}: {text!r} where {self._expected}"
                    )
                read[text] = number
        self._look_at(read, odd)
        parts = {}
        for mark in (POINT, COMMA) if self.decimal is None else (self.decimal,):
            by_text = {text: number.value(mark) for text, number in read.items()} | said
            parts[mark] = values
            if by_text:
                parts[mark] = values.copy()
                parts[mark][at_odd] = odd.map(by_text).to_numpy(float)
            infinite = np.isinf(parts[mark])
            if infinite.any():
                row = self._row_name(cells.index[infinite.argmax()])
                raise InputError(f"{self._place}, {row}: expected a finite number")
            if _EITHER not in self._telling:
                break  # one reading is as the other
        self._parts.append(parts)

    def finish(self, of_table: Callable[[], str | None] = lambda: None) -> Numbers:
        """Return the column, once all rows were read.

        Raises
        ------
        InputError
            If a cell may be two numbers; the message names its row.
        """
        mark = self.decimal
        if mark is None and _EITHER in self._telling:
            mark = of_table()
            if mark is None:
                raise InputError(self._ambiguous())
        parts, self._parts = self._parts, []
        of_mark = [part.get(mark or POINT, next(iter(part.values()))) for part in parts]
        values = np.concatenate(of_mark) if of_mark else np.empty(0)
        if self._missing is None:
            taken = _codes_in(values)
        else:
            taken = tuple(float(entry) for entry in self._missing if not isinstance(entry, str))
        if taken:
            values[np.isin(values, taken)] = np.nan
        return Numbers(values, self._unit[0] if self._unit else "", taken)

    def _row_of(self, texts: pd.Series[str], text: str) -> str:
        return self._row_name(texts.index[(texts == text).argmax()])

    def _look_at(self, read: dict[str, Numeral], texts: pd.Series[str]) -> None:
        """Find unit and decimal sign of the column, or what contradicts those found before."""
        for text, found in read.items():
            if not found.unit:
                continue
            if self._unit is None:
                self._unit = (found.unit, text)
            elif known_unit(found.unit) != known_unit(self._unit[0]):
                raise InputError(
                    f"{self._place}, {self._row_of(texts, text)}: {text!r}, while others are in "
                    f"{self._unit[0]}, such as {self._unit[1]!r}; expected one unit"
                )
        for text, found in read.items():
            if self._decimal is not None and found.decimal not in (
                self._decimal,
                _NEITHER,
                _EITHER,
            ):
                raise InputError(
                    f"{self._place}, {self._row_of(texts, text)}: {text!r} where decimals are "
                    f"separated by {self._decimal!r}"
                )
            if found.decimal != _NEITHER and found.decimal not in self._telling:
                row = texts.index[(texts == text).argmax()]
                self._telling[found.decimal] = (text, row)
        if self._decimal is None and POINT in self._telling and COMMA in self._telling:
            (point, first), (comma, second) = self._telling[POINT], self._telling[COMMA]
            raise InputError(
                f"{self._place}: decimals are separated by a point in {self._row_name(first)} "
                f"({point!r}) and by a comma in {self._row_name(second)} ({comma!r}); expected one "
                "of them"
            )

    def _ambiguous(self) -> str:
        text, row = self._telling[_EITHER]
        value = text.strip()
        mark = POINT if POINT in value else COMMA
        return (
            f"{self._place}, {self._row_name(row)}: {value!r} may be {value.replace(mark, '')} or "
            f"{value.replace(mark, '.')}, and no other cell tells which; say decimal = '.' or "
            "decimal = ',' in [table_format] of the descriptor, or --read of init"
        )


def _plain_numbers(
    texts: pd.Series[str], decimal: str | None, but: list[str]
) -> tuple[Flags, Array]:
    """Tell which cells are digits with a decimal sign at most, `but` some, and read these.

    As long as the decimal sign is not known, digits alone are.
    """
    array = pa.array(texts)
    fraction = "" if decimal is None else rf"(\{decimal}\d+)?"
    is_plain = pc.match_substring_regex(array, rf"^-?\d+{fraction}([eE][+-]?\d{{1,3}})?$")
    if but:
        is_said = pc.is_in(pc.utf8_lower(array), value_set=pa.array(but, array.type))
        is_plain = pc.and_not(is_plain, is_said)
    plain = np.asarray(is_plain.to_numpy(zero_copy_only=False), bool)
    chosen = array.filter(is_plain)
    if decimal == COMMA:
        chosen = pc.replace_substring(chosen, COMMA, POINT)
    return plain, chosen.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _is_text(cells: pd.Series[Any]) -> Flags:
    """Which cells are text and not numbers already."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return np.zeros(len(cells), bool)
    if cells.dtype == object:
        return np.fromiter((isinstance(cell, str) for cell in cells), bool, len(cells))
    return np.ones(len(cells), bool)


def _codes_in(values: Array) -> tuple[float, ...]:
    """Numbers that loggers write for nothing, and that lie far from all others."""
    found = values[np.isfinite(values)]
    present = [code for code in MISSING_NUMBERS if (found == code).any()]
    if not present:
        return ()
    others = found[~np.isin(found, present)]
    if not len(others):
        return ()
    low, high = float(others.min()), float(others.max())
    room = max(high - low, 0.5 * max(abs(low), abs(high)), 10.0)
    return tuple(code for code in present if not low - room <= code <= high + room)
