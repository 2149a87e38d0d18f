"""Sessions on disk, so that they outlive the server: SQLite, one file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heatpump_twin.model.errors import InputError

from .problems import Problem

# How many ended sessions are remembered, so that who asks for one is told why it is gone.
REMEMBERED = 1000

_TABLES = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, fmu TEXT NOT NULL, start_values TEXT NOT NULL, origin TEXT NOT NULL,
    made REAL NOT NULL, used REAL NOT NULL, ended REAL, reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS step (
    session TEXT NOT NULL, number INTEGER NOT NULL, time REAL NOT NULL, size REAL NOT NULL,
    inputs TEXT NOT NULL, outputs TEXT NOT NULL, notes TEXT NOT NULL, state BLOB,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@dataclass(frozen=True)
class Step:
    """The end of one step; number 0 is the start.

    Attributes
    ----------
    number : int
        How many steps were done.
    time, size : float
        At its end, and how long it was, s.
    inputs, outputs : dict
        All inputs and outputs of the FMU by name, in its units.
    notes : list of str
        What the FMU logged.
    state : bytes or None
        The FMU's, where it can write it.
    """

    number: int
    time: float
    size: float
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    notes: list[str]
    state: bytes | None

    def to_dict(self) -> dict[str, Any]:
        """Return what a client sees of it."""
        return {
            "step": self.number,
            "time": self.time,
            "step_size": self.size,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Row:
    """A session as it is stored; `ended` is None while it runs. Times are those of the clock, s."""

    id: str
    fmu: str
    start_values: dict[str, Any]
    origin: dict[str, Any]
    made: float
    used: float
    ended: float | None
    reason: str


class Store:
    """Sessions and their steps.

    Parameters
    ----------
    file : Path
        Made if it is not there.

    Raises
    ------
    InputError
        If it cannot be opened or is of another version.
    """

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            # A power failure may cost the last steps, a killed server none.
            self._db.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, 1):
                raise InputError(f"sessions {file}: of a newer version of heatpump-twin")
            self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"sessions {file}: cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise Problem(
                507,
                "not-stored",
                f"The server cannot write its file of sessions: {error}. Nothing has changed.",
            ) from error
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def add(self, row: Row, steps: list[Step]) -> None:
        """Store a new session with its steps so far."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO session (id, fmu, start_values, origin, made, used) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    *(row.id, row.fmu, json.dumps(row.start_values), json.dumps(row.origin)),
                    *(row.made, row.used),
                ),
            )
            self._insert(db, row.id, steps)

    def add_steps(self, session: str, steps: list[Step]) -> None:
        """Store further steps of a session."""
        with self._writing() as db:
            self._insert(db, session, steps)
            db.execute("UPDATE session SET used = ? WHERE id = ?", (time.time(), session))

    def go_back(self, session: str, number: int) -> None:
        """Forget the steps after one."""
        with self._writing() as db:
            db.execute("DELETE FROM step WHERE session = ? AND number > ?", (session, number))
            db.execute("UPDATE session SET used = ? WHERE id = ?", (time.time(), session))

    def end(self, session: str, reason: str) -> None:
        """Forget the steps of a session and remember that it was and why it is not any more."""
        with self._writing() as db:
            db.execute("DELETE FROM step WHERE session = ?", (session,))
            db.execute(
                "UPDATE session SET ended = ?, reason = ?, start_values = '{}', origin = '{}' "
                "WHERE id = ?",
                (time.time(), reason, session),
            )
            db.execute(
                "DELETE FROM session WHERE ended IS NOT NULL AND id NOT IN (SELECT id FROM session "
                "WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT ?)",
                (REMEMBERED,),
            )

    def row(self, session: str) -> Row | None:
        """Return a session, None if there was none."""
        found = self._rows("id = ?", session)
        return found[0] if found else None

    def count(self) -> int:
        """Return how many sessions run."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM session WHERE ended IS NULL").fetchone()
        return int(count)

    def unused_since(self, moment: float) -> list[Row]:
        """Return the running sessions that nobody has used since a moment."""
        return self._rows("ended IS NULL AND used < ?", moment)

    def _rows(self, where: str, *values: Any) -> list[Row]:
        rows = self._db.execute(
            "SELECT id, fmu, start_values, origin, made, used, ended, reason FROM session "
            f"WHERE {where}",
            values,
        ).fetchall()
        return [Row(r[0], r[1], json.loads(r[2]), json.loads(r[3]), *r[4:]) for r in rows]

    def last(self, session: str, number: int | None = None) -> Step | None:
        """Return the last step of a session, or the one of a number."""
        where, values = ("number = ?", [number]) if number is not None else ("1", [])
        row = self._db.execute(
            "SELECT number, time, size, inputs, outputs, notes, state FROM step "
            f"WHERE session = ? AND {where} ORDER BY number DESC LIMIT 1",
            (session, *values),
        ).fetchone()
        return _step(row) if row else None

    def steps(self, session: str, first: int, last: int) -> Iterator[Step]:
        """Give the steps of a session from one number to another."""
        rows = self._db.execute(
            "SELECT number, time, size, inputs, outputs, notes, state FROM step "
            "WHERE session = ? AND number BETWEEN ? AND ? ORDER BY number",
            (session, first, last),
        )
        return map(_step, rows)

    @staticmethod
    def _insert(db: sqlite3.Connection, session: str, steps: list[Step]) -> None:
        db.executemany(
            "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(session, step.number, step.time, step.size, json.dumps(step.inputs)),
                    *(json.dumps(step.outputs), json.dumps(step.notes), step.state),
                )
                for step in steps
            ],
        )


def _step(row: Any) -> Step:
    number, at, size, inputs, outputs, notes, state = row
    return Step(number, at, size, json.loads(inputs), json.loads(outputs), json.loads(notes), state)
