"""Step an FMU through a log, in a process of its own; what it answered stays, however it ends."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatpump_twin.running import run_process, temporary_folder, uninterrupted

from ..errors import CosimulationError
from ..progress import Progress, no_progress
from .answers import Answers
from .replay import TIMEOUT_OF_RECORD, TIMEOUT_OF_START, FmuInfo
from .session import Value


@dataclass(frozen=True)
class LongRun:
    """What was said while an FMU was stepped.

    Attributes
    ----------
    messages : tuple of (int, str)
        Number of the answer, and what the FMU logged.
    seconds : float
        How long it took.
    """

    messages: tuple[tuple[int, str], ...]
    seconds: float


def step_through(
    fmu: FmuInfo,
    names: Sequence[str],
    rows: Iterable[np.ndarray[Any, np.dtype[np.float64]]],
    answers: Answers,
    *,
    outputs: Sequence[str],
    segments: Sequence[int],
    every: int = 1,
    start_values: Mapping[str, Value] | None = None,
    progress: Progress = no_progress,
) -> LongRun:
    """Step the FMU through rows of inputs and keep its answers.

    Parameters
    ----------
    fmu : FmuInfo
        From `inspect_fmu`.
    names : sequence of str
        Inputs of the FMU.
    rows : iterable of numpy.ndarray
        Rows, some at a time: the length of the step, s, and the inputs that hold over it, in the
        FMU's units.
    answers : Answers
        Where the outputs go.
    outputs : sequence of str
        Variables of the FMU.
    segments : sequence of int
        Number of rows of each part of the log, at whose begin the FMU is initialised anew.
    every : int
        Steps of which the outputs at their ends are averaged to one answer.
    start_values : mapping of str to value, optional
        Of further variables.
    progress : Progress
        Told of the steps that are done.

    Raises
    ------
    CosimulationError
        If the FMU ends its process, raises, hangs, or stops before the last row. All answers until
        then are kept.
    KeyboardInterrupt
        If it was interrupted; the message says how many answers are kept.
    """
    total = sum(segments) // every
    begin = time.monotonic()
    with temporary_folder() as folder:
        request, response = folder / "request.json", folder / "response.json"
        with (folder / "rows").open("wb") as file:
            for table in rows:
                table.tofile(file)
        request.write_text(
            json.dumps(
                {
                    "fmu": str(fmu.path.resolve()),
                    "inputs": list(names),
                    "rows": str(folder / "rows"),
                    "outputs": list(outputs),
                    "answers": str(answers.raw.resolve()),
                    "every": every,
                    "start_values": dict(start_values or {}),
                    "segments": list(segments),
                }
            ),
            encoding="utf-8",
        )
        watch = _Watch(fmu, total, every, answers, progress)
        try:
            process = run_process(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "heatpump_twin.harness.stepping.long_run_worker",
                    str(request),
                    str(response),
                ],
                env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))},
                watch=watch,
            )
        except KeyboardInterrupt as error:
            done = answers.count
            raise KeyboardInterrupt(
                f"{done} of {total} steps were simulated and are kept in {answers.raw.parent}"
            ) from error
        finally:
            with uninterrupted():
                done = answers.count
                answers.keep(is_end=True)
        if not response.is_file():
            lines = process.stderr.strip().splitlines() or ["it printed nothing"]
            raise CosimulationError(
                f"FMU {fmu.path}: its process ended with code {process.returncode} after {done} of "
                f"{total} steps, which are kept in {answers.raw.parent}: {lines[-1]}"
            )
        result = json.loads(response.read_text(encoding="utf-8"))
    failure = result["failure"]
    if done < total:
        raise CosimulationError(
            f"FMU {fmu.path}: stopped after {done} of {total} steps, which are kept in "
            f"{answers.raw.parent}: {failure}"
        )
    if failure is not None:
        raise CosimulationError(f"FMU {fmu.path}: did not end after the last step: {failure}")
    progress("stepping the FMU", total, total)
    messages = tuple((int(answer), str(text)) for answer, text in result["messages"])
    return LongRun(messages, time.monotonic() - begin)


class _Watch:
    """Keep what came in, tell how far it is, and end an FMU that gives no further answer."""

    def __init__(
        self, fmu: FmuInfo, total: int, every: int, answers: Answers, progress: Progress
    ) -> None:
        self._fmu, self._total, self._answers, self._progress = fmu, total, answers, progress
        self._patience = TIMEOUT_OF_RECORD * every
        self._done, self._since = 0, time.monotonic()

    def __call__(self) -> None:
        done = self._answers.count
        if done != self._done:
            self._done, self._since = done, time.monotonic()
            self._progress("stepping the FMU", done, self._total)
            self._answers.keep()
        timeout = self._patience if 0 < done < self._total else TIMEOUT_OF_START
        if time.monotonic() > self._since + timeout:
            raise CosimulationError(
                f"FMU {self._fmu.path}: no answer after {done} of {self._total} steps for "
                f"{timeout:.0f} s; what it answered is kept in {self._answers.raw.parent}"
            )
