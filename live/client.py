"""A client of the API: a few functions, standard library only.

>>> twin = connect("http://127.0.0.1:8000")        # doctest: +SKIP
>>> session = start(twin, machine="mci_lab")       # doctest: +SKIP
>>> step(session, T_sink_in=318.15)["outputs"]     # doctest: +SKIP
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from heatpump_twin.model.errors import TwinError


class ServerError(TwinError):
    """The server refused a request, or cannot be reached.

    Attributes
    ----------
    problem : dict
        The problem document; empty if there was none.
    """

    def __init__(self, text: str, problem: dict[str, Any]) -> None:
        super().__init__(text)
        self.problem = problem


@dataclass(frozen=True)
class Server:
    """Where the API is."""

    address: str
    token: str = ""


@dataclass(frozen=True)
class Remote:
    """A session on a server."""

    server: Server
    name: str


def connect(address: str, token: str = "") -> Server:
    """Return a server after a look at it.

    Raises
    ------
    ServerError
        If there is none, or it wants another token.
    """
    server = Server(address.rstrip("/"), token)
    ask(server, "GET", "/api")
    return server


def start(server: Server, **what: Any) -> Remote:
    """Start a session.

    Parameters
    ----------
    server : Server
        Of `connect`.
    **what : Any
        ``machine``, or ``fmu``, or ``dataset`` and ``record``; and ``start_values``.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    return Remote(server, ask(server, "POST", "/api/sessions", what)["session"])


def step(session: Remote, step_size: float = 60.0, count: int = 1, **inputs: float) -> Any:
    """Set inputs in SI units, do steps, and return the last one with inputs, outputs and notes.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    body = {"inputs": inputs, "step_size": step_size, "count": count}
    return _of(session, "POST", "/step", body)


def fork(session: Remote, at_step: int | None = None) -> Remote:
    """Start a session that has the past of another one up to a step.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    return Remote(session.server, _of(session, "POST", "/fork", {"step": at_step})["session"])


def go_back(session: Remote, to_step: int) -> Any:
    """Go back to a step and forget those after it.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    return _of(session, "POST", "/restore", {"step": to_step})


def results(session: Remote) -> list[dict[str, Any]]:
    """Return all steps.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    found: list[dict[str, Any]] = []
    while more := _of(session, "GET", f"/results?first={len(found)}"):
        found += more
    return found


def follow(session: Remote) -> Iterator[dict[str, Any]]:
    """Give the newest step whenever there is one, until the session ends.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    path = f"/api/sessions/{session.name}/stream"
    with _opened(session.server, "GET", path, None) as answer:
        for line in answer:
            if line.startswith(b"event: end"):
                return
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def end(session: Remote) -> None:
    """End a session.

    Raises
    ------
    ServerError
        If the server refuses.
    """
    _of(session, "DELETE", "")


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """Send any request of the API and return its answer.

    Parameters
    ----------
    server : Server
        Of `connect`.
    method, path : str
        Of HTTP; the path from ``/api`` on.
    body : Any
        What JSON can hold, or bytes as they are.

    Raises
    ------
    ServerError
        If the server refuses or cannot be reached.
    """
    with _opened(server, method, path, body) as answer:
        content, kind = answer.read(), answer.headers.get_content_type()
        return json.loads(content) if kind == "application/json" and content else content


def _of(session: Remote, method: str, path: str, body: Any = None) -> Any:
    return ask(session.server, method, f"/api/sessions/{session.name}{path}", body)


def _opened(server: Server, method: str, path: str, body: Any) -> Any:
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = Request(server.address + path, data, method=method)
    request.add_header("Content-Type", "application/json")
    if server.token:
        request.add_header("Authorization", f"Bearer {server.token}")
    try:
        return urlopen(request, timeout=300)
    except HTTPError as error:
        content = error.read()
        try:
            problem = json.loads(content)
            text = str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            problem, text = {}, f"it answered {error.code}"
        raise ServerError(f"server {server.address}: {text}", problem) from error
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise ServerError(f"server {server.address}: cannot be reached: {reason}", {}) from error
