"""The process in which an FMU runs: ``python -m <this module> request response``.

Imports FMPy and NumPy only, so that the FMU finds no module of the model but its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fmpy
import numpy as np

# FMI 2.0 status codes from which a log message is a warning or worse.
_WARNING = 1


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Simulate with FMPy.

    Inputs hold over a step and outputs are taken at its end, so the sample at time ``k dt`` gives
    the result at ``(k + 1) dt``.

    Parameters
    ----------
    request : dict
        ``fmu`` (path), ``inputs`` (name to list of values), ``outputs`` (names), ``step_size`` (s).

    Returns
    -------
    dict
        ``steps``: a dict of outputs for each step done, possibly fewer than asked;
        ``messages``: pairs of step number and text.
    """
    names, dt = list(request["inputs"]), float(request["step_size"])
    count = len(request["inputs"][names[0]])
    inputs = np.zeros(count, dtype=[("time", float), *((name, float) for name in names)])
    inputs["time"] = dt * np.arange(count)
    for name in names:
        inputs[name] = request["inputs"][name]
    messages: list[tuple[int, str]] = []
    done = 0

    def log(_environment: Any, _name: bytes, status: int, _category: bytes, text: bytes) -> None:
        if status >= _WARNING:
            messages.append((done, text.decode("utf-8", "replace")))

    def step_finished(_time: float, _recorder: Any) -> bool:
        nonlocal done
        done += 1
        return True

    result = fmpy.simulate_fmu(
        request["fmu"],
        validate=False,
        start_time=0.0,
        stop_time=dt * count,
        output_interval=dt,
        start_values={name: values[0] for name, values in request["inputs"].items()},
        input=inputs,
        output=request["outputs"],
        debug_logging=True,
        logger=log,
        step_finished=step_finished,
    )
    # The first row holds the outputs at initialisation.
    rows = result[1:]
    steps = [{name: float(row[name]) for name in request["outputs"]} for row in rows]
    return {"steps": steps, "messages": messages}


def main() -> None:
    """Read the request, run it, write the response."""
    request, response = Path(sys.argv[1]), Path(sys.argv[2])
    result = run(json.loads(request.read_text(encoding="utf-8")))
    partial = response.with_suffix(".partial")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(response)


if __name__ == "__main__":
    main()
