"""A log as it was written: its cells as text, some rows at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from heatpump_twin.model.errors import InputError

# Rows that are held as text at a time: a month of seconds would not fit into memory.
ROWS = 100_000

# Bytes at the end of a file in which its last line lies.
_END = 1 << 16

_SEPARATORS = "\t;,"


def read_log(path: Path, header_line: int) -> Iterator[pd.DataFrame]:
    """Read a log, some rows at a time; the index is the line of each row in the file.

    Parameters
    ----------
    path : Path
        A table of text, separated by tabs, semicolons or commas.
    header_line : int
        Line that names the columns, counted from 1. What stands above is not read, and a ``#`` that
        it begins with is no part of a name.

    Raises
    ------
    InputError
        If it cannot be read; the message names file and line.
    """
    header, separator = _header(path, header_line)
    first = header_line + 1
    _check_end(path, header, separator)
    try:
        with pd.read_csv(
            path,
            sep=separator,
            names=header,
            skiprows=header_line,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            encoding="utf-8-sig",
            chunksize=ROWS,
            index_col=False,
            on_bad_lines="error",
        ) as chunks:
            is_empty = True
            for chunk in chunks:
                chunk.index = pd.RangeIndex(first, first + len(chunk), name="line")
                first += len(chunk)
                rows = chunk[(chunk != "").any(axis=1)]
                is_empty = is_empty and rows.empty
                yield rows
                # Texts lie in a pool that keeps what it had: so it is no more than for some rows.
                del chunk, rows
                pa.default_memory_pool().release_unused()
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, csv.Error) as error:
        text = " ".join(str(error).split())
        raise InputError(f"data file {path}: cannot be read as a table: {text}") from error
    if is_empty:
        raise InputError(f"data file {path}: has no rows below its header")


def _header(path: Path, header_line: int) -> tuple[list[str], str]:
    line = ""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for _ in range(header_line):
                line = file.readline()
    except FileNotFoundError as error:
        raise InputError(f"data file {path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"data file {path}: cannot be read as a table: {error}") from error
    if not line.strip():
        raise InputError(f"data file {path}: has no header in line {header_line}")
    separator = max(_SEPARATORS, key=line.count)
    (cells,) = csv.reader([line.strip("\r\n").lstrip("#")], delimiter=separator)
    header = [cell.strip() for cell in cells]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(f"data file {path}: column {twice[0]!r} stands twice in the header")
    return header, separator


def _check_end(path: Path, header: list[str], separator: str) -> None:
    """Refuse a last line with too few cells: the file was cut off."""
    with path.open("rb") as file:
        file.seek(-min(_END, path.stat().st_size), 2)
        lines = file.read().decode("utf-8", "replace").rstrip("\r\n").splitlines()
    if len(lines) > 1:
        (cells,) = csv.reader([lines[-1]], delimiter=separator)
        if 0 < len(cells) < len(header):
            raise InputError(
                f"data file {path}: its last line has {len(cells)} cells, the header "
                f"{len(header)}: it was cut off"
            )
