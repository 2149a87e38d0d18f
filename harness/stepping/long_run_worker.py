"""The process that steps an FMU through a log: ``python -m <this module> request response``.

Like `replay_worker` it imports FMPy and the standard library only. Each answer is written as soon
as it is there, as plain numbers, so that nothing is lost however this process ends.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .session import Session, SessionError
from .worker import answer_request

# Messages that are kept: an FMU that complains at each step says the same again and again.
MOST_MESSAGES = 200

# Rows that are read at a time.
_ROWS = 1000


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Step an FMU through rows of inputs.

    Parameters
    ----------
    request : dict
        ``fmu`` (path); ``inputs`` (names) and ``rows`` (path of a file of doubles, in each row the
        length of the step in s and the inputs, which hold over it); ``outputs`` (names) and
        ``answers`` (path of the file of doubles that is written, one row an answer); ``every``
        (steps of which the outputs at their ends are averaged to one answer);
        ``start_values``; ``segments`` (number of rows of each part, for which the FMU is
        initialised anew).

    Returns
    -------
    dict
        ``answers`` (how many were written), ``messages`` (pairs of answer and text), ``failure``
        (why it ended early, or None).
    """
    inputs, every = request["inputs"], int(request["every"])
    answers = 0
    messages: list[tuple[int, str]] = []
    pack = struct.Struct(f"{len(request['outputs'])}d").pack
    # Without a buffer of its own: what is written is in the file when this process is killed.
    target = os.open(request["answers"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    failure = None
    try:
        rows = _rows(Path(request["rows"]), len(inputs) + 1)
        for count in request["segments"]:
            first = next(rows)
            session = None
            try:
                with Session(
                    Path(request["fmu"]),
                    start_values={
                        **request["start_values"],
                        **dict(zip(inputs, first[1:], strict=True)),
                    },
                    outputs=request["outputs"],
                ) as session:
                    for answer in _answers(session, inputs, first, rows, count, every):
                        os.write(target, pack(*answer))
                        answers += 1
            finally:
                if session is not None:
                    at = answers - session.steps // every
                    messages += [
                        (at + m.step // every, m.text) for m in session.messages if m.is_notice
                    ][: MOST_MESSAGES - len(messages)]
    except SessionError as error:
        failure = str(error)
    finally:
        os.close(target)
    return {"answers": answers, "messages": messages, "failure": failure}


def _rows(path: Path, width: int) -> Iterator[tuple[float, ...]]:
    row = struct.Struct(f"{width}d")
    with path.open("rb") as file:
        while content := file.read(_ROWS * row.size):
            yield from row.iter_unpack(content)


def _answers(
    session: Session,
    inputs: Sequence[str],
    first: tuple[float, ...],
    rows: Iterator[tuple[float, ...]],
    count: int,
    every: int,
) -> Iterator[Sequence[Any]]:
    write, read = session.writer(inputs), session.reader(session.outputs)
    row, held = first, first[1:]
    sums = [0.0] * len(session.outputs)
    for number in range(1, count + 1):
        # Setting the same numbers again costs more than a step.
        if row[1:] != held:
            held = row[1:]
            write(held)
        session.advance(row[0])
        values = read()
        if every == 1:
            yield values
        else:
            sums = [total + float(value) for total, value in zip(sums, values, strict=True)]
            if number % every == 0:
                yield [total / every for total in sums]
                sums = [0.0] * len(sums)
        if number < count:
            row = next(rows)


if __name__ == "__main__":
    answer_request(run)
