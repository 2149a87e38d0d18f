"""Start the server: machines, place of the sessions, address, token."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from heatpump_twin.core.compiling import WEB, compiled_core
from heatpump_twin.model.errors import InputError

from .app import make_app
from .fmus import Fmus
from .gate import Access
from .store import Store

LOCAL_HOSTS = ("127.0.0.1", "localhost")
LEAST_TOKEN = 16


def read_token(file: Path | None, host: str) -> str:
    """Return the token that clients have to send; none on this computer alone.

    Raises
    ------
    InputError
        If the server is to be reached from elsewhere and there is no token, or a short one.
    """
    if file is None:
        if host not in LOCAL_HOSTS:
            raise InputError(
                f"--host {host}: others could reach the server; give a file that holds a token of "
                f"at least {LEAST_TOKEN} characters with --token-file"
            )
        return ""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"token file {file}: cannot be read: {error}") from error
    if len(token) < LEAST_TOKEN or not token.isascii() or " " in token:
        raise InputError(
            f"token file {file}: expected one word of at least {LEAST_TOKEN} ASCII characters"
        )
    return token


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises
    ------
    InputError
        If the address cannot be used.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        raise InputError(f"address {host} port {port}: cannot be used: {error}") from error


def serve(
    machines: Sequence[Path],
    folder: Path,
    listening: socket.socket,
    *,
    token: str,
    sessions: int,
    idle: float,
    ready: Callable[[str], None],
) -> None:
    """Serve until a signal ends it.

    Parameters
    ----------
    machines : sequence of Path
        FMUs that the server has built.
    folder : Path
        Keeps sessions and FMUs.
    listening : socket.socket
        Where clients come.
    token : str
        What they have to send; empty if nothing.
    sessions : int
        How many may run at once.
    idle : float
        Seconds without use after which one ends.
    ready : callable
        Told the address when it can be reached.

    Raises
    ------
    InputError
        If the folder cannot be used.
    """
    try:
        fmus = Fmus(folder / "fmus")
    except OSError as error:
        raise InputError(f"data folder {folder}: cannot be written: {error.strerror}") from error
    store = Store(folder / "sessions.sqlite")
    for path in machines:
        fmus.add_machine(path)
    # The first time it is compiled, which a client should not wait for.
    compiled_core(WEB)
    host, port = listening.getsockname()[:2]
    is_local = host in LOCAL_HOSTS
    access = Access(LOCAL_HOSTS if is_local else (), token, {})
    app = make_app(fmus, store, sessions=sessions, idle=idle, access=access)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"
    server = _Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2),
        lambda: ready(address),
    )
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it can be reached."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()
