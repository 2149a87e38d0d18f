"""Read any table that a user has: text in any usual form, Excel, Parquet.

What a file is follows from its content; its name does not count. What the descriptor says in
``[table_format]`` is taken, all else is found.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.model.errors import InputError

from .fields import Strict, Text
from .layout import Layout, find_layout
from .numerals import COMMA, POINT, decimals_of, numeral
from .text_table import (
    DELIMITERS,
    HEAD_LINES,
    delimiter_of,
    encoding_of,
    has_values,
    head_of,
    is_comment,
    rows_of,
)

# Rows that become columns at a time: lists of cells take ten times the memory of columns.
CHUNK = 50_000

Kind = Literal["text", "Excel", "Parquet"]

# So many rows at the end may sum up the others.
_SUMS = 10
_SUM = re.compile(
    r"(?:mittel(?:wert)?|durchschnitt|summe|gesamt|total|sum|average|mean|avg|minimum|maximum|min|max"
    r"|median|std|stdev|standardabweichung|ø|Ø)\W*",
    re.IGNORECASE,
)

# First bytes of files that are no table, or none that is read.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of before 2007 (.xls); save it as .xlsx or CSV"),
    (b"%PDF", "a PDF; copy its table into a spreadsheet"),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"7z\xbc\xaf", "compressed (7z); unpack it first"),
    (b"Rar!", "compressed (RAR); unpack it first"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"SQLite format 3", "an SQLite database; export its table as CSV"),
    (b"\x89HDF", "HDF5; export its table as CSV"),
)
_MARKUP = (
    (("<!doctype html", "<html", "<table"), "a web page (HTML); save it as .xlsx or CSV"),
    (("<?xml", "<"), "XML; save it as .xlsx or CSV"),
    (("{\\rtf",), "a text document (RTF); save its table as CSV"),
    (("{", "["), "JSON; export a table as CSV"),
)


class TableFormat(Strict):
    """How a table is written, where the descriptor says so; see ``validation_data/README.md``."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] | None = None
    encoding: Text | None = None
    sheet: Text | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    unit_row: Annotated[int, Field(ge=0)] | None = None
    missing: tuple[float | str, ...] | None = None


def format_of(pairs: list[tuple[str, str]]) -> TableFormat:
    """Make a format of keys and values as a command line has them.

    Raises
    ------
    InputError
        If a key is unknown or its value is none.
    """
    said: dict[str, Any] = {}
    for key, text in pairs:
        if key == "missing":
            found = numeral(text)
            is_number = found is not None and not found.unit
            said.setdefault(key, []).append(found.value(POINT) if found and is_number else text)
        else:
            said[key] = "\t" if (key, text) == ("delimiter", "tab") else text
    try:
        return TableFormat.model_validate(said)
    except ValidationError as error:
        raise InputError(f"--read: {describe(error)}") from error


@dataclass(frozen=True)
class Table:
    """A table as it stands in its file.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        What it is: ``text``, ``Excel`` or ``Parquet``.
    cells : pandas.DataFrame
        Texts and numbers by the names of the columns; its index is the row's number in the file.
    units : dict of str to str
        Column to what a row of units says.
    titles : tuple of str
        What stands above the header.
    format : TableFormat
        How it is written, said or found.
    skipped : tuple of str
        Rows that are no records though they have numbers, in words.
    """

    path: Path
    kind: Kind
    cells: pd.DataFrame
    units: dict[str, str]
    titles: tuple[str, ...]
    format: TableFormat
    skipped: tuple[str, ...] = ()

    def row_name(self, number: int) -> str:
        """Name a row in a message."""
        return f"{'line' if self.kind == 'text' else 'row'} {number}"

    def decimals(self) -> str | None:
        """What separates decimals in the table; None where columns differ or none tells.

        A file that separates cells by commas does not separate decimals by them, unless it quotes.
        """
        if self.format.decimal is not None:
            return self.format.decimal
        found: set[str] = set()
        for name in self.cells:
            found |= decimals_of(self.cells[name])
        if not found and self.format.delimiter == COMMA:
            quoted = self.cells.apply(lambda c: c.astype(str).str.contains(COMMA).any()).any()
            return None if quoted else POINT
        return found.pop() if len(found) == 1 else None


def read_table(path: Path, given: TableFormat = TableFormat()) -> Table:  # noqa: B008
    """Read a table.

    Parameters
    ----------
    path : Path
        The file.
    given : TableFormat
        What is known of how it is written.

    Raises
    ------
    InputError
        If it is no table, or it does not tell how it is written; the message names the key to set.
    """
    if path.is_dir():
        raise InputError(f"data file {path}: is a folder")
    try:
        kind = _kind_of(path)
        if kind == "Parquet":
            return _read_parquet(path, given)
        return _read_workbook(path, given) if kind == "Excel" else _read_text(path, given)
    except FileNotFoundError as error:
        raise InputError(f"data file {path}: no such file") from error
    except OSError as error:
        raise InputError(f"data file {path}: cannot be read: {error.strerror}") from error


def _kind_of(path: Path) -> Kind:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise InputError(f"data file {path}: is empty; expected a header and records")
    if head.startswith(b"PAR1"):
        return "Parquet"
    if head.startswith(b"PK"):
        return _kind_of_archive(path)
    for mark, what in _OTHERS:
        if head.startswith(mark):
            raise InputError(f"data file {path}: is {what}")
    begin = head.decode("utf-8-sig", errors="replace").lstrip().lower()
    for marks, what in _MARKUP:
        if begin.startswith(marks):
            raise InputError(f"data file {path}: is {what}")
    return "text"


def _kind_of_archive(path: Path) -> Kind:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise InputError(
            f"data file {path}: is cut off or broken: it begins like .xlsx or .zip"
        ) from error
    if "xl/workbook.xml" in names:
        return "Excel"
    if "xl/workbook.bin" in names:
        raise InputError(f"data file {path}: is a binary workbook (.xlsb); save it as .xlsx or CSV")
    if "mimetype" in names and "content.xml" in names:
        raise InputError(f"data file {path}: is OpenDocument (.ods); save it as .xlsx or CSV")
    raise InputError(f"data file {path}: is compressed (zip); unpack it first")


def _read_text(path: Path, given: TableFormat) -> Table:
    encoding = given.encoding or encoding_of(path)
    delimiter = given.delimiter or delimiter_of(head_of(path, encoding))
    rows = rows_of(path, encoding, delimiter)
    head = list(itertools.islice(rows, HEAD_LINES))
    layout = find_layout(head, f"data file {path}", given.header_row, given.unit_row)
    names = _unique(layout.names)
    if len(names) == 1:
        raise InputError(_one_column(path, layout.names[0], delimiter))

    repeated = _repeated(head, layout)

    def records() -> Iterator[tuple[int, list[str]]]:
        for number, cells in itertools.chain(head[layout.first :], rows):
            if cells in repeated or is_comment(cells):
                continue
            if len(cells) != len(names):
                cells = _of_width(cells, len(names), number, path, delimiter)
            yield number, cells

    cells = _columns(records(), names, path)
    found = given.model_copy(
        update={
            "encoding": encoding,
            "delimiter": delimiter,
            "header_row": layout.header_row,
            "unit_row": layout.unit_row,
        }
    )
    return _table(path, "text", cells, layout, names, found)


def _one_column(path: Path, name: str, delimiter: str) -> str:
    said = DELIMITERS.get(delimiter, repr(delimiter))
    other = next((word for mark, word in DELIMITERS.items() if mark in name), None)
    hint = f"; it looks separated by {other}s" if other else ""
    return (
        f"data file {path}: a single column, {name!r}, if cells are separated by {said}s{hint}; "
        "expected cells separated by semicolon, comma, tab or pipe, or another sign that delimiter "
        "in [table_format] of the descriptor, or --read of init, names"
    )


def _repeated(head: list[tuple[int, list[Any]]], layout: Layout) -> list[list[Any]]:
    """Rows of names and units as they are written: appended exports have them again."""
    return [cells for row, cells in head if row in (layout.header_row, layout.unit_row)]


def _of_width(cells: list[str], width: int, number: int, path: Path, delimiter: str) -> list[str]:
    """Take away or add empty cells at the end of a row."""
    if not any(cell.strip() for cell in cells[width:]) and len(cells) > width:
        return cells[:width]
    hint = ""
    if delimiter == COMMA and len(cells) > width:
        hint = (
            "; decimal commas cannot be told from commas between cells: save the table with "
            "semicolons, or with decimal points"
        )
    raise InputError(
        f"data file {path}: line {number} has {len(cells)} cells, the header {width}{hint}"
    )


def _read_workbook(path: Path, given: TableFormat) -> Table:
    from .workbook import sheet_names

    names = sheet_names(path)
    if given.sheet is not None:
        if given.sheet not in names:
            raise InputError(
                f"data file {path}: no sheet {given.sheet!r}; it has {', '.join(map(repr, names))}"
            )
        return _read_sheet(path, given.sheet, given)
    found, reasons = [], []
    for name in names:
        try:
            _sheet_head(path, name, given)
        except InputError as error:
            reasons.append(error)
        else:
            found.append(name)
    if len(found) > 1:
        raise InputError(
            f"data file {path}: tables on {len(found)} sheets: {', '.join(map(repr, found))}; name "
            f"one: sheet = {found[0]!r} in [table_format] of the descriptor, or --read of init"
        )
    if not found:
        raise reasons[0] if reasons else InputError(f"data file {path}: no sheet holds cells")
    return _read_sheet(path, found[0], given)


def _sheet_head(
    path: Path, sheet: str, given: TableFormat
) -> tuple[Layout, list[tuple[int, list[Any]]], Iterator[tuple[int, list[Any]]]]:
    """Return layout, first rows and the rows that follow them."""
    from .workbook import sheet_rows

    rows = sheet_rows(path, sheet)
    head = list(itertools.islice(rows, HEAD_LINES))
    place = f"data file {path}: sheet {sheet!r}"
    texts = [(number, ["" if c is None else _text(c) for c in cells]) for number, cells in head]
    layout = find_layout(texts, place, given.header_row, given.unit_row)
    if len(head) <= layout.first:
        raise InputError(f"{place}: has no records below its header")
    if sum(map(bool, layout.names)) < 2:
        raise InputError(f"{place}: holds a single column; expected a table")
    return layout, head, rows


def _text(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:.15g}"


def _read_sheet(path: Path, sheet: str, given: TableFormat) -> Table:
    layout, head, rows = _sheet_head(path, sheet, given)
    width = len(layout.names)
    names = _unique(layout.names)
    repeated = _repeated(head, layout)
    following = itertools.chain(head[layout.first :], rows)
    cells = _columns(
        (
            (number, (row + [None] * width)[:width])
            for number, row in following
            if row not in repeated
        ),
        names,
        path,
    )
    found = given.model_copy(
        update={"sheet": sheet, "header_row": layout.header_row, "unit_row": layout.unit_row}
    )
    table = _table(path, "Excel", cells, layout, names, found)
    _check_formulas(table, sheet, names)
    return table


def _check_formulas(table: Table, sheet: str, names: list[str]) -> None:
    """Refuse formulas that no program has worked out: their cells look empty."""
    from .workbook import formula_without_value

    is_empty = table.cells.map(lambda c: c is None or c != c)
    columns = [name for name in table.cells if is_empty[name].any()]
    if not columns:
        return
    rows = set(table.cells.index[is_empty.any(axis=1)])
    at = formula_without_value(table.path, sheet, rows, {names.index(name) for name in columns})
    if at is not None:
        raise InputError(
            f"data file {table.path}: sheet {sheet!r}, cell {at}: a formula whose value is not "
            "stored; open the workbook in Excel or LibreOffice and save it"
        )


def _read_parquet(path: Path, given: TableFormat) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        read = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"data file {path}: cannot be read as Parquet: {text}") from error
    kept = [name for name in read.column_names if not name.startswith("__index_level_")]
    frame = read.select(kept).to_pandas(ignore_metadata=True)
    cells = {}
    for j, name in enumerate(_unique(kept)):
        column = frame.iloc[:, j]
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        cells[name] = column if is_number else column.astype(object).map(_as_cell)
    table = pd.DataFrame(cells)
    table.index = pd.RangeIndex(1, len(table) + 1)
    if table.empty:
        raise InputError(f"data file {path}: has no records")
    return Table(path, "Parquet", table, {}, (), given)


def _as_cell(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value if isinstance(value, str | int | float) else str(value)


def _unique(names: Iterable[str]) -> list[str]:
    """Name each column: those without a name by their place, equal ones by their number."""
    filled = [name or f"column {j}" for j, name in enumerate(names, start=1)]
    unique = []
    for j, name in enumerate(filled):
        if filled.count(name) > 1:
            unique.append(f"{name} ({filled[: j + 1].count(name)})")
        else:
            unique.append(name)
    return unique


def _columns(
    records: Iterable[tuple[int, list[Any]]], names: list[str], path: Path
) -> pd.DataFrame:
    """Make columns of rows, some rows at a time."""
    parts: list[pd.DataFrame] = []
    iterator = iter(records)
    while chunk := list(itertools.islice(iterator, CHUNK)):
        index = pd.Index([number for number, _ in chunk])
        columns = zip(*(cells for _, cells in chunk), strict=True)
        parts.append(
            pd.DataFrame(
                {j: _column(list(cells), index) for j, cells in enumerate(columns)}, index=index
            )
        )
    if not parts:
        raise InputError(f"data file {path}: has no records below its header")
    table = pd.concat(parts) if len(parts) > 1 else parts[0]
    table.columns = pd.Index(names)
    return table


def _column(cells: list[Any], index: pd.Index[int]) -> pd.Series[Any]:
    kinds = set(map(type, cells))
    if kinds <= {float, type(None)} and float in kinds:
        return pd.Series(np.array(cells, dtype=float), index=index)
    if kinds == {str}:
        return pd.Series([cell.strip() for cell in cells], index=index, dtype="str")
    return pd.Series(cells, index=index, dtype=object)


def _table(
    path: Path,
    kind: Kind,
    cells: pd.DataFrame,
    layout: Layout,
    names: list[str],
    found: TableFormat,
) -> Table:
    """Leave out columns and rows that hold nothing."""
    nameless = [n for n, name in zip(names, (*layout.names,), strict=True) if not name]
    empty = [n for n in nameless if not has_values(map(str, cells[n].fillna("").unique()))]
    units = {n: u for n, u in zip(names, layout.units, strict=False) if u}
    sums = _sums(cells)
    table = Table(path, kind, cells.drop(columns=empty, index=sums), units, layout.titles, found)
    said = (f"{table.row_name(row)} is no record but {cells.loc[row].iloc[0]!r}" for row in sums)
    return replace(table, skipped=tuple(said))


def _sums(cells: pd.DataFrame) -> list[int]:
    """Rows at the end that sum up those above them, by the word they begin with."""
    first = cells.iloc[:, 0]
    sums: list[int] = []
    for row in reversed(first.index[-_SUMS:]):
        if not (isinstance(first[row], str) and _SUM.fullmatch(first[row].strip())):
            break
        sums.append(row)
    return sums if len(sums) < len(cells) else []
