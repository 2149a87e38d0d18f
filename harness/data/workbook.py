"""Sheets of Excel workbooks, as rows of cells.

The library reads .xls and .ods, too. They are refused before, since a broken .xls file can end the
process there, and a broken .ods file keep it busy without end.
"""

from __future__ import annotations

import datetime
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from heatpump_twin.model.errors import InputError

Cell = str | float | None


@contextmanager
def opened(path: Path) -> Iterator[CalamineWorkbook]:
    """Open a workbook by its content, whatever its name is.

    Raises
    ------
    InputError
        If it is broken or protected, also where this shows only while it is read.
    """
    with path.open("rb") as file:
        try:
            with CalamineWorkbook.from_filelike(file) as book:
                yield book
        except CalamineError as error:
            raise InputError(
                f"data file {path}: cannot be read as an Excel workbook: {error}"
            ) from error


def sheet_names(path: Path) -> list[str]:
    """Names of the sheets that can hold cells and are not hidden."""
    with opened(path) as book:
        return [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]


def sheet_rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Cell]]]:
    """Give the rows of a sheet that hold something, each with its number.

    Formulas give the values that were stored for them. Dates are text as ISO 8601 has it; numbers
    that were stored as text are text.

    Raises
    ------
    InputError
        If the sheet is broken.
    """
    state = path.stat()
    cells_of = _sheet(path, sheet, state.st_mtime_ns, state.st_size)
    # Rows come with those that are empty above them, but without empty columns on their left.
    left: list[Cell] = [None] * (cells_of.start[1] if cells_of.start else 0)
    for number, cells in enumerate(cells_of.iter_rows(), start=1):
        row = left + [_plain(cell) for cell in cells]
        while row and row[-1] is None:
            row.pop()
        if row:
            yield number, row


@lru_cache(maxsize=1)
def _sheet(path: Path, sheet: str, _changed: int, _size: int) -> CalamineSheet:
    """Return a sheet; its head is looked at first, then all is read, and once is enough."""
    with opened(path) as book:
        return book.get_sheet_by_name(sheet)


def _plain(cell: Any) -> Cell:
    if isinstance(cell, float):
        return cell
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return float(cell)
    if isinstance(cell, datetime.datetime | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.date):  # a midnight
        return f"{cell.isoformat()}T00:00:00"
    return str(cell)


def formula_without_value(path: Path, sheet: str, rows: set[int], columns: set[int]) -> str | None:
    """Find an empty cell that has a formula whose value no program has stored.

    Parameters
    ----------
    path : Path
        The workbook.
    sheet : str
        Name of the sheet.
    rows, columns : set of int
        Where a cell is empty; rows count from 1, columns from 0.

    Returns
    -------
    str or None
        The cell as Excel names it.

    Raises
    ------
    InputError
        If the sheet is broken.
    """
    try:
        return _formula_without_value(path, sheet, rows, columns)
    # What the library forgives, the parser of the standard library may not.
    except (ElementTree.ParseError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"data file {path}: sheet {sheet!r}: formulas cannot be read: {error}"
        ) from error


def _formula_without_value(path: Path, sheet: str, rows: set[int], columns: set[int]) -> str | None:
    with zipfile.ZipFile(path) as archive:
        member = _file_of(archive, sheet)
        if member is None or not _has_formulas(archive, member):
            return None
        with archive.open(member) as file:
            for _, element in ElementTree.iterparse(file):
                tag = _local(element.tag)
                if tag == "c":
                    at = element.get("r", "")
                    letters = at.rstrip("0123456789")
                    if (
                        _lacks_value(element)
                        and int(at.removeprefix(letters) or 0) in rows
                        and _column(letters) in columns
                    ):
                        return at
                elif tag == "row":
                    element.clear()
    return None


def _lacks_value(cell: ElementTree.Element) -> bool:
    """Whether a cell has a formula that nobody worked out; an error or an empty text is a value."""
    parts = {_local(part.tag): part.text for part in cell}
    return "f" in parts and not parts.get("v") and cell.get("t") != "str"


def _file_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the file of a sheet in a workbook of the .xlsx kind."""
    targets = {
        e.get("Id"): e.get("Target", "")
        for e in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")).iter()
    }
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if _local(element.tag) == "sheet" and element.get("name") == sheet:
            (relation,) = [v for k, v in element.attrib.items() if k.endswith("}id")]
            # From the folder of the workbook, or from the root where it begins with a slash.
            return posixpath.normpath(posixpath.join("/xl", targets[relation])).lstrip("/")
    return None


def _has_formulas(archive: zipfile.ZipFile, member: str) -> bool:
    """Whether a sheet has any; to read all its cells once more takes much longer."""
    end = b""
    with archive.open(member) as file:
        while block := file.read(1 << 20):
            if re.search(rb"<(\w+:)?f[ >/]", end + block):
                return True
            end = block[-20:]
    return False


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
