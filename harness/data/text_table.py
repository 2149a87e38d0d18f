"""Tables that are text: encoding, what separates the cells, rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatpump_twin.model.errors import InputError

from .numerals import is_missing

# How much of a file is looked at to decide how it is written.
HEAD_LINES, BLOCK = 200, 1 << 20

#: By which separators people mean what, in the order in which they are tried.
DELIMITERS = {";": "semicolon", "\t": "tab", "|": "pipe", ",": "comma"}
COMMENT, QUOTE = "#", '"'

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Row = tuple[int, list[str]]


def encoding_of(path: Path) -> str:
    """Decide how a text is encoded, by its bytes.

    Raises
    ------
    InputError
        If it is no text.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd > len(head) // 8 and not even:
            return "utf-16-le"
        if even > len(head) // 8 and not odd:
            return "utf-16-be"
        if b"\0" in head:
            raise InputError(
                f"data file {path}: is no text and no kind of table that is known; expected CSV, "
                "Excel (.xlsx) or Parquet"
            )
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def head_of(path: Path, encoding: str) -> list[str]:
    """Return the first lines of a text.

    Raises
    ------
    InputError
        If it cannot be read so.
    """
    try:
        with path.open(encoding=encoding, newline="") as file:
            return list(itertools.islice(file, HEAD_LINES))
    except (UnicodeError, LookupError) as error:
        raise _unreadable(path, encoding, error) from error


def delimiter_of(lines: list[str]) -> str:
    """Decide what separates the cells; a comma if nothing does.

    It is what most rows have equally often, header included, and what leaves clean cells: a
    decimal comma separates cells too, but not those of the header.
    """
    for line in lines[:3]:  # what Excel writes for itself
        if line.lower().startswith("sep=") and len(line.strip()) == 5:
            return line[4]
    scores = {mark: _score(lines, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: scores[mark])
    return best if scores[best] > 0.0 else ","


def _score(lines: list[str], mark: str) -> float:
    """Say how well a separator fits: share of rows of one width, times share of clean cells."""
    try:
        rows = [r for r in csv.reader(lines, delimiter=mark) if any(cell.strip() for cell in r)]
    except csv.Error:
        return 0.0
    if not rows:
        return 0.0
    width = max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]))[0]
    if width < 2:
        return 0.0
    alike = [row for row in rows if len(row) == width]
    others = [other for other in DELIMITERS if other not in (mark, ",")]
    cells = [cell for row in alike for cell in row]
    clean = sum(not any(other in cell for other in others) for cell in cells)
    return len(alike) / len(rows) * clean / len(cells)


def rows_of(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """Give the rows that hold something, each with the number of its first line.

    Raises
    ------
    InputError
        If the text cannot be read so, or a quotation does not end.
    """
    with lines_of(path, encoding) as lines:
        yield from rows_in(lines, delimiter, path)


@contextmanager
def lines_of(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    """Open a text to give its lines.

    Raises
    ------
    InputError
        If they cannot be read so.
    """
    try:
        with path.open(encoding=encoding, newline="") as file:
            yield file
    except (UnicodeError, LookupError) as error:
        raise _unreadable(path, encoding, error) from error


def rows_in(lines: Iterable[str], delimiter: str, path: Path, before: int = 0) -> Iterator[Row]:
    """Give the rows of lines that hold something; `before` is the number of lines above them.

    Raises
    ------
    InputError
        If a quotation does not end.
    """
    above = before
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for cells in reader:
            number, before = before + 1, above + reader.line_num
            if any(cells) and not (number <= 3 and _is_hint(cells, delimiter)):
                yield number, cells
    except csv.Error as error:
        raise InputError(
            f"data file {path}: cannot be read as a table: line {before + 1}: {error}"
        ) from error


def cut(
    lines: list[str], delimiter: str, width: int, odd: Collection[str]
) -> list[pa.Array[Any]] | None:
    """Cut lines without quotations into columns, at the speed of a machine.

    Parameters
    ----------
    lines : list of str
        The lines.
    delimiter : str
        What separates cells.
    width : int
        How many cells each line should have.
    odd : collection of str
        Cells with which a line begins that is no record.

    Returns
    -------
    list of pyarrow.Array or None
        Cells of each column; None where a line has to be looked at by itself.
    """
    texts = pc.utf8_rtrim(pa.array(lines, pa.large_string()), "\r\n")
    rows = pc.split_pattern(texts, delimiter)
    if pc.any(pc.not_equal(pc.list_value_length(rows), width)).as_py():
        return None
    cells = rows.flatten()
    places = np.arange(0, len(cells), width)
    columns = [pc.utf8_trim_whitespace(cells.take(pa.array(places + j))) for j in range(width)]
    is_odd = pc.or_(
        pc.match_substring_regex(columns[0], rf"^({COMMENT}|//|$)"),
        pc.is_in(columns[0], value_set=pa.array([c.strip() for c in odd], pa.large_string())),
    )
    return None if pc.any(is_odd).as_py() else columns


def _is_hint(cells: list[str], delimiter: str) -> bool:
    return delimiter.join(cells).strip().lower() == f"sep={delimiter}".strip()


def is_comment(cells: list[str]) -> bool:
    """Whether a row is a remark of people or loggers."""
    first = cells[0]
    if first[:1].isalnum():  # most rows, of which there may be millions
        return False
    is_remark = first.lstrip().startswith((COMMENT, "//"))
    return is_remark and not any(cell.strip() for cell in cells[1:])


def has_values(cells: Iterable[str]) -> bool:
    """Whether a row holds anything but what says that nothing was read."""
    return any(not is_missing(cell) for cell in cells)


def _unreadable(path: Path, encoding: str, error: Exception) -> InputError:
    return InputError(
        f"data file {path}: cannot be read as text in {encoding}: {error}; name its encoding in "
        "[table_format] of the descriptor, or --read of init: encoding = 'cp1252' for instance"
    )
