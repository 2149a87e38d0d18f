"""Worker processes, which host the FMUs of sessions, and their requests."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from contextlib import suppress
from typing import Any

from .problems import Problem

# A step in live mode takes 20 ms, the first one of a process some seconds, an hour of steps at
# once a minute or so. Longer than this nothing takes that is going to end, s.
PATIENCE = 120.0

# Of one answer, bytes.
_LONGEST_LINE = 64 * 2**20


class WorkerLostError(Exception):
    """The process ended, or had to be ended, before it answered."""


class Worker:
    """One process, started at its first request."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self.is_lost = False

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises
        ------
        WorkerLostError
            If the process ends before it has answered, or does not answer in time.
        """
        async with self._starting:
            if self._process is None:
                await self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if self.is_lost:
                raise WorkerLostError("its process is gone")
            self._process.stdin.write((json.dumps({"id": number, **request}) + "\n").encode())
            with suppress(ConnectionError):
                await self._process.stdin.drain()
            return await asyncio.wait_for(answer, PATIENCE)
        except TimeoutError:
            self.end()
            raise WorkerLostError(f"no answer within {PATIENCE:.0f} s") from None
        finally:
            self._waiting.pop(number, None)

    def end(self) -> None:
        """End the process where it stands."""
        self.is_lost = True
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def is_gone(self) -> None:
        """Wait until the process has ended."""
        if self._process is not None:
            await self._process.wait()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "heatpump_twin.live.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            # The terminal's Ctrl-C is for the server, whose end ends its workers.
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                answer = json.loads(line)
                waiting = self._waiting.get(answer.pop("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            self.is_lost = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(WorkerLostError("its process ended"))


class Workers:
    """Where sessions run: those of the project's maps together, all others each alone.

    An FMU of others may end its process, and a step of live mode takes long; neither is to hit the
    sessions of others.
    """

    def __init__(self, shared: int | None = None) -> None:
        self._count = shared or min(os.cpu_count() or 1, 4)
        self._shared: list[Worker] = []
        self._of: dict[str, Worker] = {}

    def holds(self, session: str) -> bool:
        """Whether a session is open in a process that is there."""
        worker = self._of.get(session)
        return worker is not None and not worker.is_lost

    async def ask(self, session: str, request: dict[str, Any], alone: bool) -> dict[str, Any]:
        """Send a request to the process of a session; the first one chooses it.

        Raises
        ------
        Problem
            If the process is lost. The session may be started again.
        """
        if not self.holds(session):
            self._of[session] = self._place(alone)
            self._of[session].sessions.add(session)
        worker = self._of[session]
        try:
            return await worker.ask({"session": session, **request})
        except WorkerLostError as error:
            self.forget(session)
            raise Problem(
                502,
                "fmu-lost",
                f"The FMU did not answer: {error}. The session is as it was before this request.",
            ) from error

    async def close(self, session: str) -> None:
        """Free the instance of a session, if there is one."""
        if self.holds(session):
            with suppress(WorkerLostError):
                await self._of[session].ask({"session": session, "do": "close"})
        self.forget(session)

    def forget(self, session: str) -> None:
        """Take a session from its process; a process that was its own ends."""
        worker = self._of.pop(session, None)
        if worker is None:
            return
        worker.sessions.discard(session)
        if worker not in self._shared:
            worker.end()

    async def end(self) -> None:
        """End all processes, and wait until they are gone: the loop is closed after this."""
        workers = {*self._shared, *self._of.values()}
        for worker in workers:
            worker.end()
        for worker in workers:
            await worker.is_gone()

    def _place(self, alone: bool) -> Worker:
        if alone:
            return Worker()
        self._shared = [worker for worker in self._shared if not worker.is_lost]
        if len(self._shared) < self._count:
            self._shared.append(Worker())
            return self._shared[-1]
        return min(self._shared, key=lambda worker: len(worker.sessions))
