"""Read any table that a user has, of records or over time: text in any usual form, Excel, Parquet.

What a file is follows from its content; its name does not count. What the descriptor says in
``[table_format]`` is taken, all else is found. Rows come some at a time, so that a month of seconds
needs no more memory than its numbers.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError

from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.model.errors import InputError

from .fields import Strict, Text
from .layout import Layout, find_layout
from .numerals import COMMA, POINT, decimals_of, numeral
from .text_table import (
    DELIMITERS,
    HEAD_LINES,
    QUOTE,
    Row,
    cut,
    delimiter_of,
    encoding_of,
    has_values,
    head_of,
    is_comment,
    lines_of,
    rows_in,
    rows_of,
)

# Rows that become columns at a time: lists of cells take ten times the memory of columns.
CHUNK = 50_000

# Number of a row in its file, and its cells.
_Rows = Iterator[tuple[int, list[Any]]]

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
class OpenTable:
    """A table whose header was read, and whose rows are still to come.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        What it is: ``text``, ``Excel`` or ``Parquet``.
    names : tuple of str
        Of the columns.
    nameless : frozenset of str
        Those of them that have no name in the file.
    units : dict of str to str
        Column to what a row of units says.
    titles : tuple of str
        What stands above the header.
    format : TableFormat
        How it is written, said or found.
    skipped : list of str
        Rows that are no records though they have numbers, in words; known when all were read.
    """

    path: Path
    kind: Kind
    names: tuple[str, ...]
    nameless: frozenset[str]
    units: dict[str, str]
    titles: tuple[str, ...]
    format: TableFormat
    _chunks: Callable[[OpenTable, Collection[str]], Iterator[pd.DataFrame]]
    skipped: list[str] = field(default_factory=list)

    def row_name(self, number: int) -> str:
        """Name a row in a message."""
        return _row_name(self.kind, number)

    def chunks(self, columns: Collection[str] | None = None) -> Iterator[pd.DataFrame]:
        """Give texts and numbers, some rows at a time; the index is the row's number in the file.

        Parameters
        ----------
        columns : collection of str, optional
            Those that are needed; all by default.

        Raises
        ------
        InputError
            If the rows make no table; the message names the row.
        """
        is_empty = True
        with _of_file(self.path):
            for chunk in self._chunks(self, self.names if columns is None else columns):
                is_empty = False
                yield chunk
        if is_empty:
            where = "" if self.kind == "Parquet" else " below its header"
            raise InputError(f"data file {self.path}: has no records{where}")

    def missing_column(self, header: str, names_it: str) -> InputError:
        """Say that a column is not there, or stands twice."""
        has = f"the table has: {', '.join(self.names)}"
        return _missing_column(self.path, header, names_it, has, f"{header} (1)" in self.names)

    def decimal_by(self, found: Collection[str | None], has_comma: bool) -> str | None:
        """Tell what separates the decimals of a column by what does in the others."""
        return _decimal_by(self.format, {mark for mark in found if mark}, has_comma)


def _row_name(kind: Kind, number: int) -> str:
    return f"{'line' if kind == 'text' else 'row'} {number}"


def _missing_column(
    path: Path, header: str, names_it: str, has: str, stands_twice: bool
) -> InputError:
    if stands_twice:
        return InputError(f"data file {path}: column {header!r} stands twice in the header; {has}")
    return InputError(f"data file {path}: column {header!r} is missing; {names_it}, {has}")


def _decimal_by(form: TableFormat, found: set[str], has_comma: bool) -> str | None:
    """Tell the decimal sign of a table by those of its columns; None if they differ or none tells.

    A file that separates cells by commas does not separate decimals by them, unless it quotes.
    """
    if form.decimal is not None:
        return form.decimal
    if not found and form.delimiter == COMMA:
        return None if has_comma else POINT
    return next(iter(found)) if len(found) == 1 else None


@dataclass(frozen=True)
class Table:
    """A table as it stands in its file, all of it.

    Attributes
    ----------
    path, kind, units, titles, format
        As `OpenTable` has them.
    cells : pandas.DataFrame
        Texts and numbers by the names of the columns; its index is the row's number in the file.
    skipped : tuple of str
        Rows that are no records though they have numbers, in words.
    is_reshaped : bool
        Whether its cells stand otherwise than in the file, which then cannot be read as it is.
    row_word : str
        What a row is in the file, where that is no row.
    """

    path: Path
    kind: Kind
    cells: pd.DataFrame
    units: dict[str, str]
    titles: tuple[str, ...]
    format: TableFormat
    skipped: tuple[str, ...] = ()
    is_reshaped: bool = False
    row_word: str = ""

    def row_name(self, number: int) -> str:
        """Name a row in a message."""
        if self.row_word:
            return f"{self.row_word} {number}"
        return _row_name(self.kind, number)

    def decimals(self) -> str | None:
        """What separates decimals in the table; None where columns differ or none tells."""
        if self.format.decimal is not None:
            return self.format.decimal
        found: set[str] = set()
        for name in self.cells:
            found |= decimals_of(self.cells[name])
        has_comma = (
            not found
            and self.format.delimiter == COMMA
            and self.cells.apply(lambda c: c.astype(str).str.contains(COMMA).any()).any()
        )
        return _decimal_by(self.format, found, bool(has_comma))

    def missing_column(self, header: str, names_it: str) -> InputError:
        """Say that a column is not there, or stands twice."""
        has = f"the table has: {', '.join(self.cells.columns)}"
        twice = f"{header} (1)" in self.cells.columns
        return _missing_column(self.path, header, names_it, has, twice)


def read_table(path: Path, given: TableFormat = TableFormat()) -> Table:  # noqa: B008
    """Read a table as a whole, without columns that have neither name nor cells.

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
    opened = open_table(path, given)
    return table_of(opened, list(opened.chunks()))


def table_of(opened: OpenTable, parts: list[pd.DataFrame]) -> Table:
    """Make a table of some of its rows, without columns that have neither name nor cells."""
    cells = pd.concat(parts) if len(parts) > 1 else parts[0]
    empty = [
        name
        for name in cells
        if name in opened.nameless and not has_values(map(str, cells[name].fillna("").unique()))
    ]
    return Table(
        opened.path,
        opened.kind,
        cells.drop(columns=empty),
        opened.units,
        opened.titles,
        opened.format,
        tuple(opened.skipped),
    )


def rows_of_file(path: Path, given: TableFormat) -> tuple[Kind, TableFormat, list[Row]]:
    """Read the first rows of a file as they stand, whatever they are.

    Parameters
    ----------
    path : Path
        The file.
    given : TableFormat
        What is known of how it is written.

    Returns
    -------
    tuple
        What the file is, how it is written, and number and cells of the rows; none of Parquet.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    with _of_file(path):
        kind = _kind_of(path)
        if kind == "text":
            encoding = given.encoding or encoding_of(path)
            delimiter = given.delimiter or delimiter_of(head_of(path, encoding))
            rows = list(itertools.islice(rows_of(path, encoding, delimiter), HEAD_LINES))
            known = {"encoding": encoding, "delimiter": delimiter}
            return kind, given.model_copy(update=known), rows
        if kind == "Parquet":
            return kind, given, []
        from .workbook import sheet_names, sheet_rows

        sheet = given.sheet or sheet_names(path)[0]
        head = itertools.islice(sheet_rows(path, sheet), HEAD_LINES)
        texts = [(n, ["" if c is None else _text(c) for c in cells]) for n, cells in head]
        return kind, given.model_copy(update={"sheet": sheet}), texts


def open_table(path: Path, given: TableFormat = TableFormat()) -> OpenTable:  # noqa: B008
    """Read how a table is written, and its header.

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
    with _of_file(path):
        kind = _kind_of(path)
        if kind == "Parquet":
            return _open_parquet(path, given)
        return _open_workbook(path, given) if kind == "Excel" else _open_text(path, given)


@contextmanager
def _of_file(path: Path) -> Iterator[None]:
    try:
        yield
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
    except (zipfile.BadZipFile, NotImplementedError) as error:  # the latter: of a version to come
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


def _open_text(path: Path, given: TableFormat) -> OpenTable:
    encoding = given.encoding or encoding_of(path)
    delimiter = given.delimiter or delimiter_of(head_of(path, encoding))
    head = list(itertools.islice(rows_of(path, encoding, delimiter), HEAD_LINES))
    layout = find_layout(head, f"data file {path}", given.header_row, given.unit_row)
    names = _unique(layout.names)
    if len(names) == 1:
        raise InputError(_one_column(path, layout.names[0], delimiter))
    repeated = _repeated(head, layout)
    begin, width = head[layout.first - 1][0], len(names)

    def records(rows: _Rows) -> _Rows:
        for number, cells in rows:
            if number <= begin or cells in repeated or is_comment(cells):
                continue
            if len(cells) != width:
                cells = _of_width(cells, width, number, path, delimiter, rows)
            yield number, cells

    def chunks(table: OpenTable, columns: Collection[str]) -> Iterator[pd.DataFrame]:
        odd = {cells[0] for cells in repeated}
        with lines_of(path, encoding) as lines:
            before, rest = list(itertools.islice(lines, begin)), lines
            count = 0 if any(QUOTE in line for line in before) else begin
            if not count:  # a quotation may go over several lines
                rest = itertools.chain(before, lines)
            block = list(itertools.islice(rest, CHUNK if count else 0))
            while len(block) == CHUNK and QUOTE not in "".join(block):
                following = list(itertools.islice(lines, _SUMS + 1))
                if len(following) <= _SUMS:  # the end is looked at row by row
                    rest = iter(following)
                    break
                cells = cut(block, delimiter, width, odd)
                index = pd.RangeIndex(count + 1, count + 1 + CHUNK)
                if cells is None:
                    yield _frame(
                        table, columns, list(records(rows_in(block, delimiter, path, count)))
                    )
                else:
                    yield pd.DataFrame(
                        {
                            name: pd.Series(column, index=index, dtype="str")
                            for name, column in zip(table.names, cells, strict=True)
                            if name in columns
                        }
                    )
                count += CHUNK
                block = following + list(itertools.islice(lines, CHUNK - len(following)))
            rows = rows_in(itertools.chain(block, rest), delimiter, path, count)
            yield from _row_chunks(table, columns, records(rows), count)

    found = {"encoding": encoding, "delimiter": delimiter}
    return _opened(path, "text", layout, names, given, found, chunks)


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


def _of_width(
    cells: list[str], width: int, number: int, path: Path, delimiter: str, following: _Rows
) -> list[str]:
    """Take away empty cells at the end of a row."""
    if not any(cell.strip() for cell in cells[width:]) and len(cells) > width:
        return cells[:width]
    if len(cells) < width and next(following, None) is None:
        raise InputError(
            f"data file {path}: line {number} has {len(cells)} cells, the header {width}, and is "
            "the last: it was cut off"
        )
    hint = ""
    if delimiter == COMMA and len(cells) > width:
        hint = (
            "; decimal commas cannot be told from commas between cells: save the table with "
            "semicolons, or with decimal points"
        )
    raise InputError(
        f"data file {path}: line {number} has {len(cells)} cells, the header {width}{hint}"
    )


def _open_workbook(path: Path, given: TableFormat) -> OpenTable:
    from .workbook import sheet_names

    names = sheet_names(path)
    if given.sheet is not None:
        if given.sheet not in names:
            raise InputError(
                f"data file {path}: no sheet {given.sheet!r}; it has {', '.join(map(repr, names))}"
            )
        return _open_sheet(path, given.sheet, given)
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
    return _open_sheet(path, found[0], given)


def _sheet_head(
    path: Path, sheet: str, given: TableFormat
) -> tuple[Layout, list[tuple[int, list[Any]]]]:
    """Return layout and first rows."""
    from .workbook import sheet_rows

    head = list(itertools.islice(sheet_rows(path, sheet), HEAD_LINES))
    place = f"data file {path}: sheet {sheet!r}"
    texts = [(number, ["" if c is None else _text(c) for c in cells]) for number, cells in head]
    layout = find_layout(texts, place, given.header_row, given.unit_row)
    if len(head) <= layout.first:
        raise InputError(f"{place}: has no records below its header")
    if sum(map(bool, layout.names)) < 2:
        raise InputError(f"{place}: holds a single column; expected a table")
    return layout, head


def _text(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:.15g}"


def _open_sheet(path: Path, sheet: str, given: TableFormat) -> OpenTable:
    from .workbook import sheet_rows

    layout, head = _sheet_head(path, sheet, given)
    width = len(layout.names)
    names = _unique(layout.names)
    repeated = _repeated(head, layout)
    begin = head[layout.first - 1][0]

    def chunks(table: OpenTable, columns: Collection[str]) -> Iterator[pd.DataFrame]:
        rows = (
            (number, (row + [None] * width)[:width])
            for number, row in sheet_rows(path, sheet)
            if number > begin and row not in repeated
        )
        empty_rows: set[int] = set()
        empty_columns: set[str] = set()
        for chunk in _row_chunks(table, columns, rows):
            is_empty = chunk.isna()
            empty_rows.update(chunk.index[is_empty.any(axis=1)])
            empty_columns.update(chunk.columns[is_empty.any()])
            yield chunk
        if empty_columns:
            _check_formulas(table, empty_rows, empty_columns)

    return _opened(path, "Excel", layout, names, given, {"sheet": sheet}, chunks)


def _check_formulas(table: OpenTable, rows: set[int], columns: set[str]) -> None:
    """Refuse formulas that no program has worked out: their cells look empty."""
    from .workbook import formula_without_value

    sheet = str(table.format.sheet)
    at = formula_without_value(table.path, sheet, rows, set(map(table.names.index, columns)))
    if at is not None:
        raise InputError(
            f"data file {table.path}: sheet {sheet!r}, cell {at}: a formula whose value is not "
            "stored; open the workbook in Excel or LibreOffice and save it"
        )


def _open_parquet(path: Path, given: TableFormat) -> OpenTable:
    import pyarrow.parquet

    with _of_parquet(path), pyarrow.parquet.ParquetFile(path) as file:
        kept = [n for n in file.schema_arrow.names if not n.startswith("__index_level_")]
    names = tuple(_unique(kept))
    nameless = frozenset(n for n, name in zip(names, kept, strict=True) if not name)
    return OpenTable(path, "Parquet", names, nameless, {}, (), given, _parquet_chunks)


@contextmanager
def _of_parquet(path: Path) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"data file {path}: cannot be read as Parquet: {text}") from error


def _parquet_chunks(table: OpenTable, columns: Collection[str]) -> Iterator[pd.DataFrame]:
    import pyarrow.parquet

    first = 1
    with _of_parquet(table.path), pyarrow.parquet.ParquetFile(table.path) as file:
        schema = file.schema_arrow.names
        kept = [j for j, name in enumerate(schema) if not name.startswith("__index_level_")]
        for batch in file.iter_batches(batch_size=CHUNK):
            index = pd.RangeIndex(first, first + batch.num_rows)
            cells = {}
            for name, j in zip(table.names, kept, strict=True):
                if name not in columns:
                    continue
                column = batch.column(j).to_pandas()
                column.index = index
                is_number = pd.api.types.is_numeric_dtype(column.dtype)
                cells[name] = column if is_number else column.astype(object).map(_as_cell)
            first += batch.num_rows
            if batch.num_rows:
                yield pd.DataFrame(cells)


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


def _opened(
    path: Path,
    kind: Kind,
    layout: Layout,
    names: list[str],
    given: TableFormat,
    found: dict[str, Any],
    chunks: Callable[[OpenTable, Collection[str]], Iterator[pd.DataFrame]],
) -> OpenTable:
    """Make a table of its header, and of what gives its rows."""
    rows = {"header_row": layout.header_row, "unit_row": layout.unit_row}
    return OpenTable(
        path,
        kind,
        tuple(names),
        frozenset(n for n, name in zip(names, layout.names, strict=True) if not name),
        {n: u for n, u in zip(names, layout.units, strict=False) if u},
        layout.titles,
        given.model_copy(update={**found, **rows}),
        chunks,
    )


def _row_chunks(
    table: OpenTable, columns: Collection[str], rows: _Rows, read: int = 0
) -> Iterator[pd.DataFrame]:
    """Make columns of rows, some rows at a time, without those that sum up the others.

    `read` is how many came before.
    """
    chunk = list(itertools.islice(rows, CHUNK))
    while chunk:
        following = list(itertools.islice(rows, _SUMS + 1))
        if len(following) <= _SUMS:  # the end: sums are looked for in one piece
            chunk += following
            following = []
            _take_out_sums(table, chunk, read)
        frame = _frame(table, columns, chunk)
        read += len(chunk)
        del chunk
        yield frame
        chunk = following + list(itertools.islice(rows, CHUNK if following else 0))


def _frame(
    table: OpenTable, columns: Collection[str], rows: list[tuple[int, list[Any]]]
) -> pd.DataFrame:
    index = pd.Index([number for number, _ in rows])
    cells = {
        name: _column([row[j] for _, row in rows], index, table.kind)
        for j, name in enumerate(table.names)
        if name in columns
    }
    return pd.DataFrame(cells, index=index)


def _column(cells: list[Any], index: pd.Index[int], kind: Kind) -> pd.Series[Any]:
    if kind == "text":
        texts = pc.utf8_trim_whitespace(pa.array(cells, pa.large_string()))
        return pd.Series(texts, index=index, dtype="str")
    kinds = set(map(type, cells))
    if kinds <= {float, type(None)} and float in kinds:
        return pd.Series(np.array(cells, dtype=float), index=index)
    if kinds == {str}:
        return pd.Series([cell.strip() for cell in cells], index=index, dtype="str")
    return pd.Series(cells, index=index, dtype=object)


def _take_out_sums(table: OpenTable, rows: list[tuple[int, list[Any]]], before: int) -> None:
    """Take out rows at the end that sum up those above them, by the word they begin with."""
    sums: list[str] = []
    for number, cells in reversed(rows[-_SUMS:]):
        first = cells[0].strip() if isinstance(cells[0], str) else ""
        if not _SUM.fullmatch(first):
            break
        sums.append(f"{table.row_name(number)} is no record but {first!r}")
    if sums and len(sums) < before + len(rows):
        del rows[-len(sums) :]
        table.skipped.extend(sums)
