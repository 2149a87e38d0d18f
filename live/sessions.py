"""Sessions: the FMUs that clients step, kept on disk and run in worker processes."""

from __future__ import annotations

import asyncio
import base64
import math
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .fmus import Fmu, Fmus
from .problems import Fault, Problem, shown
from .store import Row, Step, Store
from .workers import Workers

# Steps of one session, those of one request, and those that are sent to a worker at once.
MOST_STEPS, MOST_STEPS_AT_ONCE, CHUNK = 200_000, 10_000, 200
# Who follows a session at once.
MOST_STREAMS = 20
# Steps shorter than this are round-off, s; and the longest time of a session.
LEAST_STEP, LARGEST_TIME = 1e-6, 1e10

_REALS = ("Real", "Float64", "Float32")


class Sessions:
    """All sessions of a server.

    Parameters
    ----------
    store : Store
        Where they are kept.
    fmus : Fmus
        What they may run.
    most : int
        How many may run at once.
    idle : float
        Seconds without use after which one ends.
    """

    def __init__(self, store: Store, fmus: Fmus, most: int, idle: float) -> None:
        self.most, self.idle = most, idle
        self._store, self._fmus = store, fmus
        self._workers = Workers()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._followers: defaultdict[str, set[_Follower]] = defaultdict(set)

    # Life ----------------------------------------------------------------------------------------

    async def create(
        self, fmu: Fmu, start_values: Mapping[str, Any], origin: Mapping[str, Any]
    ) -> str:
        """Start a session; returns its name, which nobody can guess.

        Raises
        ------
        Problem
            If there are too many, a start value cannot be used, or the FMU does not start.
        """
        self._check_count()
        settable = [*fmu.of("input"), *fmu.of("parameter")]
        values = checked(fmu, start_values, settable, "start_values")
        session = secrets.token_urlsafe(18)
        row = Row(session, fmu.id, values, dict(origin), time.time(), time.time(), None, "")
        answer = await self._start(row, fmu, None)
        inputs = {**fmu.start(), **{n: v for n, v in values.items() if n in fmu.of("input")}}
        with self._closing_if_it_fails(session):
            self._store.add(row, [_step(answer, 0.0, inputs)])
        return session

    async def fork(self, session: str, number: int | None) -> str:
        """Start a session that has the past of another one up to a step; returns its name.

        Raises
        ------
        Problem
            If there are too many, there is no such step, or the FMU cannot write its state.
        """
        row = self.row(session)
        self._check_count()
        last = self._with_state(self.step(session, number), "forked")
        new = secrets.token_urlsafe(18)
        origin = {"kind": "fork", "step": last.number, "of": row.origin}
        steps = list(self._store.steps(session, 0, last.number))
        now = time.time()
        self._store.add(replace(row, id=new, origin=origin, made=now, used=now), steps)
        return new

    async def end(self, session: str, reason: str) -> None:
        """End a session, which is not to be had any more."""
        async with self._locks[session]:
            self.row(session)
            self._store.end(session, reason)
            await self._workers.close(session)
        self._locks.pop(session, None)
        for follower in self._followers.pop(session, ()):
            follower.end()

    async def end_idle(self) -> None:
        """End the sessions that nobody has used for long."""
        for row in self._store.unused_since(time.time() - self.idle):
            if not self._followers.get(row.id):
                with suppress(Problem):
                    await self.end(row.id, f"nobody used it for {self.idle / 3600:g} hours")

    async def close(self) -> None:
        """End all processes; the sessions stay on disk."""
        await self._workers.end()
        self._store.close()

    # What is known -------------------------------------------------------------------------------

    def row(self, session: str) -> Row:
        """Return what is stored of a running session.

        Raises
        ------
        Problem
            If it is not known, or has ended; then it says why.
        """
        row = self._store.row(session)
        if row is None:
            raise Problem(404, "unknown-session", "There is no such session.")
        if row.ended is not None:
            raise Problem(410, "ended-session", f"This session has ended: {row.reason}.")
        return row

    def fmu(self, session: str) -> Fmu:
        """Return the FMU of a running session."""
        return self._fmus.get(self.row(session).fmu)

    def step(self, session: str, number: int | None = None) -> Step:
        """Return the last step of a running session, or the one of a number.

        Raises
        ------
        Problem
            If there is none.
        """
        self.row(session)
        step = self._store.last(session, number)
        if step is None:
            raise Problem(
                404,
                "unknown-step",
                f"The session has no step {number}.",
                [Fault("step", str(number), f"0 to {self.step(session).number}")],
            )
        return step

    def steps(self, session: str, first: int, last: int) -> list[Step]:
        """Return the steps from one number to another."""
        self.row(session)
        return list(self._store.steps(session, first, last))

    def used_fmus(self) -> set[str]:
        """Hashes of the FMUs that running sessions have."""
        return {row.fmu for row in self._store.unused_since(math.inf)}

    def count(self) -> int:
        """Return how many sessions run."""
        return self._store.count()

    # Commands ------------------------------------------------------------------------------------

    async def advance(
        self,
        session: str,
        inputs: Mapping[str, Any],
        size: float,
        count: int,
        at_step: int | None = None,
    ) -> list[Step]:
        """Set inputs and do steps of equal size.

        Parameters
        ----------
        session : str
            Its name.
        inputs : mapping
            Those that change, in the FMU's units.
        size : float
            Of one step, s.
        count : int
            How many.
        at_step : int, optional
            After which step the client believes the session to be.

        Raises
        ------
        Problem
            If the session is elsewhere, an input cannot be used, or the FMU refuses a step; the
            steps before that one are done.
        """
        async with self._locks[session]:
            row, last = self.row(session), self.step(session)
            if at_step is not None and at_step != last.number:
                raise Problem(
                    409,
                    "session-moved",
                    f"Somebody else has moved the session: it is after step {last.number}, not "
                    f"{at_step}.",
                    step=last.number,
                )
            if last.number + count > MOST_STEPS:
                raise Problem(
                    409,
                    "session-full",
                    f"A session has {MOST_STEPS} steps at most, and this one has {last.number}.",
                )
            fmu = self._fmus.get(row.fmu)
            values = checked(fmu, inputs, fmu.of("input"), "inputs")
            await self._make_ready(row, fmu, last)
            done: list[Step] = []
            while len(done) < count:
                answer = await self._ask(
                    row,
                    {
                        "do": "step",
                        "inputs": values,
                        "size": size,
                        "count": min(CHUNK, count - len(done)),
                    },
                )
                # What cannot be set is told before anything was done.
                error = answer.get("error")
                new = [
                    _step(part, size, {**last.inputs, **values}) for part in answer.get("steps", ())
                ]
                if new:
                    with self._closing_if_it_fails(session):
                        self._store.add_steps(session, new)
                    done += new
                    self._tell(session, new[-1])
                if error is not None:
                    # After an error FMI allows no further step; the next one begins anew.
                    await self._workers.close(session)
                    raise Problem(
                        409,
                        "step-refused",
                        f"The FMU refused step {last.number + len(done) + 1}: {error}",
                        done=len(done),
                    )
            return done

    async def go_back(self, session: str, number: int) -> Step:
        """Go back to a step and forget those after it.

        Raises
        ------
        Problem
            If there is no such step, or the FMU cannot write its state.
        """
        async with self._locks[session]:
            row = self.row(session)
            step = self._with_state(self.step(session, number), "taken back")
            fmu = self._fmus.get(row.fmu)
            await self._make_ready(row, fmu, step)
            answer = await self._ask(row, {"do": "restore", **_state(step)})
            if "error" in answer:
                raise Problem(409, "step-refused", f"The FMU refused: {answer['error']}")
            with self._closing_if_it_fails(session):
                self._store.go_back(session, step.number)
            self._tell(session, step)
            return step

    async def follow(self, session: str) -> AsyncIterator[Step | None]:
        """Give the last step, and then each newest one until the session ends.

        Who is slow misses those between. None is given now and then, when nothing has come.

        Raises
        ------
        Problem
            If too many follow already.
        """
        self.row(session)
        if len(self._followers[session]) >= MOST_STREAMS:
            raise Problem(
                429, "too-many-streams", f"At most {MOST_STREAMS} may follow a session at once."
            )
        follower = _Follower(self.step(session))
        self._followers[session].add(follower)
        try:
            while not follower.is_ended:
                yield await follower.next()
        finally:
            self._followers[session].discard(follower)
            if not self._followers[session]:
                self._followers.pop(session, None)

    def _tell(self, session: str, step: Step) -> None:
        for follower in self._followers.get(session, ()):
            follower.put(step)

    # The instance --------------------------------------------------------------------------------

    async def _make_ready(self, row: Row, fmu: Fmu, last: Step) -> None:
        """Have an instance in a process, in the state after a step."""
        if self._workers.holds(row.id):
            return
        if last.number:
            self._with_state(last, "continued after its process was lost")
        await self._start(row, fmu, last)

    async def _start(self, row: Row, fmu: Fmu, last: Step | None) -> dict[str, Any]:
        folder = await asyncio.to_thread(lambda: fmu.folder)
        state = {"state": None, "time": 0.0, "steps": 0}
        if last is not None and last.state is not None:
            state = _state(last)
        answer = await self._ask(
            row,
            {"do": "start", "fmu": str(folder), "start_values": row.start_values, **state},
        )
        if "error" in answer:
            await self._workers.close(row.id)
            raise Problem(409, "fmu-not-started", f"The FMU did not start: {answer['error']}")
        return answer

    async def _ask(self, row: Row, request: dict[str, Any]) -> dict[str, Any]:
        fmu = self._fmus.get(row.fmu)
        is_alone = not fmu.is_ours or row.start_values.get("solver") == "live"
        return await self._workers.ask(row.id, request, is_alone)

    def _closing_if_it_fails(self, session: str) -> _Closing:
        return _Closing(self._workers, session)

    def _with_state(self, step: Step, what: str) -> Step:
        if step.state is None:
            raise Problem(
                409, "no-state", f"The session cannot be {what}: its FMU cannot write its state."
            )
        return step

    def _check_count(self) -> None:
        if self._store.count() >= self.most:
            raise Problem(
                429,
                "too-many-sessions",
                f"{self.most} sessions run, which is the most here. End one, or wait: each ends "
                f"after {self.idle / 3600:g} hours without use.",
            )


class _Closing:
    """Give up the instance when what it did could not be stored: the next request begins anew."""

    def __init__(self, workers: Workers, session: str) -> None:
        self._workers, self._session = workers, session

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            worker_task = asyncio.ensure_future(self._workers.close(self._session))
            _tasks.add(worker_task)
            worker_task.add_done_callback(_tasks.discard)


_tasks: set[asyncio.Future[None]] = set()


class _Follower:
    """Holds the newest step for one client, however slow it is."""

    # Seconds without a step after which a sign of life is sent.
    SILENCE = 15.0

    def __init__(self, step: Step) -> None:
        self._newest: Step | None = step
        self._event = asyncio.Event()
        self._event.set()
        self.is_ended = False

    def put(self, step: Step) -> None:
        self._newest = step
        self._event.set()

    def end(self) -> None:
        self.is_ended = True
        self._event.set()

    async def next(self) -> Step | None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), self.SILENCE)
        self._event.clear()
        newest, self._newest = self._newest, None
        return newest


def checked(
    fmu: Fmu, values: Mapping[str, Any], settable: Sequence[str], place: str
) -> dict[str, Any]:
    """Return values for variables of an FMU in the types that it wants.

    Raises
    ------
    Problem
        If one is not to be set, of another type, no number, or out of its declared range; all
        faults at once.
    """
    faults, found = [], {}
    for name, value in values.items():
        if name not in settable:
            expected = f"one of {', '.join(settable) or 'none'}"
            faults.append(Fault(f"{place}.{shown(name)}", "", expected))
            continue
        expected = _expected(fmu.variables[name])
        taken = _taken(fmu.variables[name], value)
        if taken is None:
            faults.append(Fault(f"{place}.{name}", shown(value), expected))
        else:
            found[name] = taken
    if faults:
        first = faults[0]
        given = f" = {first.given}" if first.given else ""
        raise Problem(
            422,
            "value-not-usable",
            f"{first.field}{given} cannot be used; expected {first.expected}.",
            faults,
        )
    return found


def _taken(variable: Mapping[str, Any], value: Any) -> Any:
    """The value in the type of a variable, None if it is not one."""
    kind = variable["type"]
    if kind == "String":
        return value if isinstance(value, str) and len(value) <= 1000 else None
    if kind == "Boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind not in _REALS and value != int(value if math.isfinite(value) else 0):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    low, high = variable["minimum"], variable["maximum"]
    is_inside = (low is None or number >= low) and (high is None or number <= high)
    if not math.isfinite(number) or not is_inside:
        return None
    return number if kind in _REALS else int(value)


def _expected(variable: Mapping[str, Any]) -> str:
    kind, unit = variable["type"], variable["unit"]
    if kind == "String":
        return "a text"
    if kind == "Boolean":
        return "true or false"
    if variable["items"]:
        return " or ".join(f"{k} ({name})" for k, name in variable["items"].items())
    what = "a number" if kind in _REALS else "a whole number"
    low, high = variable["minimum"], variable["maximum"]
    if low is not None and high is not None:
        what += f" from {low:g} to {high:g}"
    elif low is not None:
        what += f" of at least {low:g}"
    elif high is not None:
        what += f" of at most {high:g}"
    return f"{what} in {unit}" if unit not in ("", "1") else what


def _step(answer: Mapping[str, Any], size: float, inputs: Mapping[str, Any]) -> Step:
    state = answer["state"]
    return Step(
        answer["number"],
        answer["time"],
        size,
        dict(inputs),
        answer["outputs"],
        answer["notes"],
        None if state is None else base64.b64decode(state),
    )


def _state(step: Step) -> dict[str, Any]:
    assert step.state is not None
    content = base64.b64encode(step.state).decode("ascii")
    return {"state": content, "time": step.time, "steps": step.number}
