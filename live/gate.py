"""Who may ask: hosts, origins, the token, and how long a request may be."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from .problems import Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Bytes of a request; that of an FMU is told to `limits`.
MOST_BYTES = 2**20
# So much more is read of one that is too long, for its client to see why.
_PATIENCE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Access:
    """What the server lets in.

    Attributes
    ----------
    hosts : tuple of str
        What a client may call the server, without port; empty if anything. A page of another site
        that has its name point here is refused by this.
    token : str
        What a client of the API has to send; empty if nothing.
    limits : dict of str to int
        Longest request in bytes by path, where it is not `MOST_BYTES`.
    """

    hosts: tuple[str, ...]
    token: str
    limits: dict[str, int]


class Gate:
    """Refuse what the access does not let in, before the application sees it."""

    def __init__(self, app: Any, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            self._check(scope, headers)
            limited = await self._limited(scope, headers, receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, limited, send)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        if self._access.hosts and name.lower() not in self._access.hosts:
            raise Problem(421, "wrong-host", f"This server is not called {host[:80]!r}.")
        origin = headers.get("origin")
        is_foreign = origin is not None and origin.partition("://")[2] != host
        if is_foreign and scope["method"] not in ("GET", "HEAD"):
            raise Problem(403, "other-origin", "Pages of another origin may not change anything.")
        if self._access.token and scope["path"].startswith("/api"):
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._access.token.encode()):
                raise Problem(
                    401, "no-token", "This needs the server's token, as Authorization: Bearer ..."
                )

    async def _limited(self, scope: Scope, headers: dict[str, str], receive: Receive) -> Receive:
        most = self._access.limits.get(scope["path"], MOST_BYTES)
        declared = headers.get("content-length")
        if declared is None and headers.get("transfer-encoding", "").lower() != "chunked":
            return receive
        if declared is not None and declared.isdecimal() and int(declared) <= most:
            return receive
        # Too long, or of unknown length. It is read before it is answered, as many clients send all
        # before they read; one that sends without end is cut off.
        body, length, more = b"", 0, True
        while more and length <= most + _PATIENCE_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part = message.get("body", b"")
            length += len(part)
            body = body + part if length <= most else b""
            more = message.get("more_body", False)
        if length > most:
            raise Problem(413, "too-long", f"A request here has {most} bytes at most.")
        is_sent = False

        async def again() -> MutableMapping[str, Any]:
            nonlocal is_sent
            if is_sent:
                return await receive()
            is_sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again
