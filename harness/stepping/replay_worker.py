"""The process in which an FMU runs: ``python -m <this module> request response``.

Imports FMPy and what `session` needs only, so that the FMU finds no module of the model but its
own.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from .session import Session, SessionError
from .worker import answer_request


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Step an FMU through rows of inputs, which hold over a step each.

    It is initialised with the first row, and outputs are taken at the end of each step.

    Parameters
    ----------
    request : dict
        ``fmu`` (path), ``inputs`` (name to list of values), ``outputs`` (names),
        ``start_values`` (of further variables), ``step_size`` (s), ``progress`` (path of a file
        that is told how many steps are done).

    Returns
    -------
    dict
        ``steps``: a dict of outputs for each step done, possibly fewer than asked;
        ``seconds``: what each of them took;
        ``messages``: pairs of step number and text; ``failure``: why it ended early, or None.
    """
    size = float(request["step_size"])
    rows = [
        dict(zip(request["inputs"], row, strict=True))
        for row in zip(*request["inputs"].values(), strict=True)
    ]
    steps: list[dict[str, float]] = []
    seconds: list[float] = []
    session, failure = None, None
    progress = Path(request["progress"])
    try:
        with Session(
            Path(request["fmu"]),
            start_values={**request["start_values"], **rows[0]},
            outputs=request["outputs"],
            stop_time=size * len(rows),
            debug_logging=True,
        ) as session:
            for row in rows:
                begin = perf_counter()
                steps.append({q: float(v) for q, v in session.step(row, size).items()})
                seconds.append(perf_counter() - begin)
                # After each: an FMU that hangs is told with the record that it hangs at.
                progress.write_text(str(len(steps)), encoding="ascii")
    except SessionError as error:
        failure = str(error)
    messages = session.messages if session is not None else []
    return {
        "steps": steps,
        "seconds": seconds,
        "messages": [(m.step, m.text) for m in messages if m.is_notice],
        "failure": failure,
    }


if __name__ == "__main__":
    answer_request(run)
