"""Sheets of Excel workbooks, as rows of cells."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl

from heatpump_twin.model.errors import InputError

Cell = str | float | None


@contextmanager
def opened(path: Path, formulas: bool = False) -> Iterator[Any]:
    """Open a workbook, with the values that were stored for its formulas, or with these.

    Raises
    ------
    InputError
        If it is broken or protected.
    """
    with path.open("rb") as file:  # by its content, whatever its name is
        # openpyxl raises whatever its parsers do.
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=not formulas)
        except Exception as error:
            raise InputError(
                f"data file {path}: cannot be read as an Excel workbook: {error}"
            ) from error
        try:
            yield book
        finally:
            book.close()


def sheet_names(path: Path) -> list[str]:
    """Names of the sheets that hold cells and are not hidden."""
    with opened(path) as book:
        return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def sheet_rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Cell]]]:
    """Give the rows of a sheet that hold something, each with its number.

    Dates are text as ISO 8601 has it, and so are numbers that were stored as text.

    Raises
    ------
    InputError
        If the sheet is broken.
    """
    with opened(path) as book:
        try:
            for number, cells in enumerate(book[sheet].iter_rows(values_only=True), start=1):
                last = len(cells)  # formatted sheets claim thousands of empty columns
                while last and cells[last - 1] is None:
                    last -= 1
                if last:
                    yield number, [_plain(cell) for cell in cells[:last]]
        except (
            KeyError,
            ValueError,
            TypeError,
            SyntaxError,
            EOFError,
            zipfile.BadZipFile,
        ) as error:
            raise InputError(
                f"data file {path}: sheet {sheet!r} cannot be read: {error}"
            ) from error


def _plain(cell: Any) -> Cell:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if cell is None or isinstance(cell, float | str):
        return cell
    if isinstance(cell, int):
        return float(cell)
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _has_formulas(path: Path) -> bool:
    """Whether a workbook has any; a second reading of all cells takes as long as the first."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            end = b""
            with archive.open(name) as file:
                while block := file.read(1 << 20):
                    if b"<f>" in end + block or b"<f " in end + block:
                        return True
                    end = block[-2:]
    return False


def formula_without_value(path: Path, sheet: str, rows: set[int], columns: set[int]) -> str | None:
    """Find an empty cell that has a formula whose value no program has stored.

    Parameters
    ----------
    path : Path
        The workbook.
    sheet : str
        Name of the sheet.
    rows, columns : set of int
        Where a cell is empty; columns count from 0.

    Returns
    -------
    str or None
        The cell as Excel names it.
    """
    if not _has_formulas(path):
        return None
    with opened(path, formulas=True) as book:
        for number, cells in enumerate(book[sheet].iter_rows(values_only=True), start=1):
            if number not in rows:
                continue
            for column in columns:
                text = cells[column] if column < len(cells) else None
                if isinstance(text, str) and text.startswith("="):
                    return f"{openpyxl.utils.get_column_letter(column + 1)}{number}"
    return None
