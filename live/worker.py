"""The process in which sessions' FMUs run: ``python -m <this module>``.

It reads one request a line from standard input and writes one answer a line to standard output,
both JSON. It ends when standard input ends, so with the server, also while an FMU computes.
Imports FMPy and the harness's session only, so that an FMU finds no module of the model but its
own.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heatpump_twin.harness.stepping.session import Session, SessionError

Request = dict[str, Any]


class Sessions:
    """The open sessions of this process, by the name that the server gave each."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def answer(self, request: Request) -> dict[str, Any]:
        """Do what a request asks: ``start``, ``step``, ``restore`` or ``close``."""
        action: Callable[[Request], dict[str, Any]] = getattr(self, f"_{request['do']}")
        try:
            return action(request)
        except SessionError as error:
            return {"error": str(error)}

    def _opened(self, request: Request) -> Session:
        session = Session(
            Path(request["fmu"]), start_values=request["start_values"], debug_logging=True
        )
        self._open[request["session"]] = session
        return session

    def _start(self, request: Request) -> dict[str, Any]:
        """Open a new instance, in the state that is given where there is one."""
        session = self._opened(request)
        if request["state"] is not None:
            return self._restore(request)
        return _now(session)

    def _step(self, request: Request) -> dict[str, Any]:
        """Do steps of equal size; those that were done are told, also where one fails."""
        session = self._open[request["session"]]
        steps: list[dict[str, Any]] = []
        error = None
        session.set(request["inputs"])
        for _ in range(request["count"]):
            session.messages.clear()
            try:
                session.advance(request["size"])
                steps.append(_now(session))
            except SessionError as failure:
                error = str(failure)
                break
        return {"steps": steps, "error": error}

    def _restore(self, request: Request) -> dict[str, Any]:
        session = self._open[request["session"]]
        state = session.state_of(
            base64.b64decode(request["state"]), request["time"], request["steps"]
        )
        session.restore_state(state)
        session.free_state(state)
        session.messages.clear()
        return _now(session)

    def _close(self, request: Request) -> dict[str, Any]:
        session = self._open.pop(request["session"], None)
        if session is not None:
            session.close()
        return {}


def _now(session: Session) -> dict[str, Any]:
    """What a session gives at the end of its last step."""
    content = None
    if session.can_write_states:
        state = session.save_state()
        content = base64.b64encode(session.state_bytes(state)).decode("ascii")
        session.free_state(state)
    return {
        "time": session.time,
        "number": session.steps,
        "outputs": session.get(),
        "notes": [m.text for m in session.messages if m.is_notice],
        "state": content,
    }


def _read(requests: queue.Queue[str]) -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def main() -> None:
    """Answer requests until standard input ends."""
    # What an FMU prints must not get among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    sessions = Sessions()
    while True:
        request = json.loads(requests.get())
        try:
            answer = sessions.answer(request)
        except Exception as error:  # noqa: BLE001  the server tells it and goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps({"id": request["id"], **answer}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
