"""Answers of a long run on disk: they stream in, and stay whatever ends the run.

The process that steps the FMU writes each answer at once, as plain numbers. While it runs, they are
turned into files of Parquet, some at a time, which any program can read as one table.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from heatpump_twin.model.errors import InputError

#: Of a report: where the answers lie.
SIMULATION = "simulation"

_RAW, _HEAD = "answers.raw", "answers.json"

# Rows of a file. Files of fewer rows are only made at the end of a run.
ROWS = 100_000

Convert = Callable[[pd.DataFrame], pd.DataFrame]


class Answers:
    """Answers in a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there; files of an earlier run in it are removed.
    columns : sequence of str
        Of the numbers as they come in.
    time : numpy.ndarray
        Of each answer, s; written beside it.
    convert : callable
        Turns numbers as they come in into those that are kept.
    """

    def __init__(self, folder: Path, columns: Sequence[str], time: Any, convert: Convert) -> None:
        self._folder, self._columns = folder, list(columns)
        self._time, self._convert = time, convert
        self._kept = 0
        folder.mkdir(parents=True, exist_ok=True)
        for old in [*folder.glob("part-*.parquet"), folder / _RAW, folder / _HEAD]:
            old.unlink(missing_ok=True)
        self.raw = folder / _RAW
        head = {"columns": self._columns, "begin": float(time[0]) if len(time) else 0.0}
        (folder / _HEAD).write_text(json.dumps(head), encoding="utf-8")

    @property
    def count(self) -> int:
        """How many answers there are."""
        try:
            return self.raw.stat().st_size // (8 * len(self._columns))
        except FileNotFoundError:
            return self._kept

    def keep(self, is_end: bool = False) -> None:
        """Write answers that came in as Parquet; at the end all of them, and remove the numbers."""
        while (ready := self.count - self._kept) >= ROWS or (is_end and ready > 0):
            many = min(ready, ROWS)
            width = 8 * len(self._columns)
            with self.raw.open("rb") as file:
                file.seek(self._kept * width)
                content = np.frombuffer(file.read(many * width)).reshape(many, -1)
            frame = self._convert(pd.DataFrame(content, columns=self._columns))
            frame.insert(0, "time", self._time[self._kept : self._kept + many])
            _write(frame, self._folder, self._kept // ROWS)
            self._kept += many
        if is_end:
            self.raw.unlink(missing_ok=True)
            (self._folder / _HEAD).unlink(missing_ok=True)

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of all that was kept."""
        return read_answers(self._folder, columns)


def read_answers(folder: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return columns of the answers in a folder, in the order of time.

    Raises
    ------
    InputError
        If there are none.
    """
    parts = sorted(folder.glob("part-*.parquet"))
    if not parts:
        raise InputError(f"{folder}: holds no answers of a run")
    names = list(columns or pq.ParquetFile(parts[0]).schema.names)
    rows = [pq.ParquetFile(part).metadata.num_rows for part in parts]
    # Filled part by part: joining finished tables would need twice the memory.
    read = {name: np.empty(sum(rows)) for name in names}
    begin = 0
    for part, count in zip(parts, rows, strict=True):
        table = pq.read_table(part, columns=names)
        for name in names:
            read[name][begin : begin + count] = table[name].to_numpy()
        begin += count
        del table
        pa.default_memory_pool().release_unused()
    return pd.DataFrame(read, copy=False)


def recover(folder: Path) -> int:
    """Turn answers that a killed run left as plain numbers into Parquet; returns how many.

    They are kept as the FMU gave them, in its own units, beside the parts that are there already.
    """
    raw, head = folder / _RAW, folder / _HEAD
    if not (raw.is_file() and head.is_file()):
        return 0
    columns = json.loads(head.read_text(encoding="utf-8"))["columns"]
    content = raw.read_bytes()
    rows = len(content) // struct.calcsize(f"{len(columns)}d")
    numbers = np.frombuffer(content[: rows * 8 * len(columns)]).reshape(rows, -1)
    _write(pd.DataFrame(numbers, columns=columns), folder, 0, "recovered")
    raw.unlink()
    head.unlink()
    return rows


def _write(frame: pd.DataFrame, folder: Path, number: int, name: str = "part") -> None:
    path = folder / f"{name}-{number:05d}.parquet"
    partial = path.with_suffix(".writing")
    frame.to_parquet(partial, index=False)
    partial.replace(path)
    pa.default_memory_pool().release_unused()
