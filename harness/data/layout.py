"""Where a table begins in the rows of a file: titles, header, row of units, first record."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heatpump_twin.machine_files.unit_names import kind_of, known_unit
from heatpump_twin.model.errors import InputError

from .headers import split_header, without_brackets
from .numerals import is_missing, numeral
from .text_table import COMMENT, Row, is_comment

# A header names this share of the columns at least.
NAMED = 0.25

_TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ,]+\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}.*)?"
)

# Words above the header that a name needs: of which side its column is.
_OF_A_SIDE = re.compile(
    r"quelle|senke|sole|heiz|brine|source|sink|load|primär|sekundär|primary|secondary|verdicht"
    r"|compressor|evap|verdampf|verflüss|kondens|condens|kälte|refriger|grund|ground|building",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Layout:
    """How the rows of a file make a table.

    Attributes
    ----------
    titles : tuple of str
        What stands above the header.
    header_row, unit_row : int
        Their numbers in the file; 0 where there is no row of units.
    names : tuple of str
        Of the columns; empty where a column has none.
    units : tuple of str
        From the row of units.
    first : int
        Rows before the first record.
    """

    titles: tuple[str, ...]
    header_row: int
    unit_row: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    first: int


def find_layout(
    rows: list[Row], place: str, header_row: int | None, unit_row: int | None
) -> Layout:
    """Find header, row of units and first record in the first rows of a file.

    Parameters
    ----------
    rows : list of Row
        Number and cells of each that holds something.
    place : str
        The file, for messages.
    header_row, unit_row : int, optional
        Their numbers where the descriptor says them; `unit_row` 0 says that there is none.

    Raises
    ------
    InputError
        If there is no header, or nothing in the rows that are said.
    """
    if not rows:
        raise InputError(f"{place}: is empty; expected a header and records")
    rows = [(number, _squeezed(cells)) for number, cells in rows]
    header = (
        _find_header(rows, place)
        if header_row is None
        else _at(rows, header_row, "header_row", place)
    )
    units = _unit_index(rows, header, unit_row, place)
    group = rows[header - 1][1] if header else []
    names = _names(rows[header][1], group if _is_group(group, rows[header][1]) else [])
    first = header + 1 if units is None else units + 1
    return Layout(
        titles=tuple(" ".join(c for c in cells if c) for _, cells in rows[:header]),
        header_row=rows[header][0],
        unit_row=0 if units is None else rows[units][0],
        names=tuple(names),
        units=() if units is None else tuple(map(without_brackets, rows[units][1])),
        first=first,
    )


def _squeezed(cells: list[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in cells]


def _at(rows: list[Row], number: int, key: str, place: str) -> int:
    for i, (row, _) in enumerate(rows):
        if row == number:
            return i
    raise InputError(f"{place}: {key} = {number} holds nothing, or lies too far down")


def _find_header(rows: list[Row], place: str) -> int:
    """Find the row of names that has most rows of readings below it."""
    later = rows[len(rows) // 2 :]
    width = len({j for _, cells in later for j, cell in enumerate(cells) if cell})
    least = min(max(2.0, NAMED * width), width)
    followed: dict[int, int] = {}
    header = None
    for i, (_, cells) in enumerate(rows):
        if is_comment(cells) or (header is not None and are_units(cells)):
            continue
        filled = [cell for cell in cells if not is_missing(cell)]
        if any(_is_reading(cell) for cell in filled):
            if header is not None:
                followed[header] += 1
        elif len(filled) >= least:
            # In appended exports the same header comes again.
            header = next((h for h in followed if rows[h][1] == cells), i)
            followed.setdefault(header, 0)
    if followed:
        return max(followed, key=lambda i: followed[i])
    number, cells = rows[0]
    raise InputError(
        f"{place}: no row names the columns; row {number} begins with {cells[0]!r}: expected names "
        "above the records"
    )


def _is_reading(cell: str) -> bool:
    if _TIME.fullmatch(cell):
        return True
    found = numeral(cell)
    return found is not None and (not found.unit or known_unit(found.unit) is not None)


def are_units(cells: list[str]) -> bool:
    """Whether a row has the units of the columns: half of what it holds at least.

    A row with names before units is a header, though other cells of it are nothing but a unit.
    """
    filled = [without_brackets(cell) for cell in cells if cell.strip()]
    if any(known_unit(cell) is None and _has_name_and_unit(cell) for cell in filled):
        return False
    known = [name for name in map(known_unit, filled) if name is not None]
    told = [name for name in known if kind_of(name) != "one"]
    return bool(told) and 2 * len(known) >= len(filled)


def _has_name_and_unit(cell: str) -> bool:
    name, unit = split_header(cell)
    return bool(unit and known_unit(unit) and re.search(r"\w{2}", name))


def _unit_index(rows: list[Row], header: int, unit_row: int | None, place: str) -> int | None:
    if unit_row == 0:
        return None
    if unit_row is not None:
        return _at(rows, unit_row, "unit_row", place)
    below = header + 1
    return below if below < len(rows) and are_units(rows[below][1]) else None


def _is_group(group: list[str], names: list[str]) -> bool:
    """Whether a row above the header has what its columns have in common, as merged cells do."""
    filled = [cell for cell in group if cell]
    if not filled or any(_is_reading(cell) or cell.endswith(":") for cell in filled):
        return False
    named = [name for name in names if name]
    if len(filled) == 1 and len(set(named)) == len(named):
        return False  # a title
    if len(set(named)) == len(named) > len(filled) and all(group[: len(filled)]):
        return False  # a title that the separator parts: cells of a group have gaps between them
    lacks = len(set(named)) < len(named) or any(
        not name and cell for name, cell in zip(names, group, strict=False)
    )
    return lacks or any(_OF_A_SIDE.search(cell) for cell in filled)


def _names(header: list[str], group: list[str]) -> list[str]:
    """Join header and the row above; the first mark of a comment is no part of a name."""
    common, names = "", []
    for j in range(max(len(header), len(group))):
        name = header[j] if j < len(header) else ""
        above = group[j] if j < len(group) else ""
        common = above or common
        names.append(" ".join(part for part in (common, name) if part) if name else above)
        if above and (not name or above == name):
            names[-1], common = above, ""
    if names and not group:
        names[0] = names[0].lstrip(COMMENT).strip()
    return names
