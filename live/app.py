"""The REST API.

All numbers are in SI units, as the FMU declares them. Errors are problem documents (RFC 9457).
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response, StreamingResponse

from heatpump_twin.core.compiling import WEB, compiled_core
from heatpump_twin.model.errors import TwinError
from heatpump_twin.page.kept_diagram import kept_log_p_h
from heatpump_twin.page.twin import twin

from .fmus import MOST_BYTES as MOST_BYTES_OF_FMU
from .fmus import Fmu, Fmus
from .gate import Access, Gate
from .kpis import kpis
from .pages import add_pages
from .problems import Fault, Problem, finite, json_bytes, shown
from .recorded import Recorded
from .sessions import LARGEST_TIME, LEAST_STEP, MOST_STEPS_AT_ONCE, Sessions
from .store import Step, Store

# How often idle sessions are looked for, s.
_SWEEP = 60.0
# Most steps of one answer with results.
MOST_RESULTS = 20_000

_STEP_SIZE = Field(60.0, ge=LEAST_STEP, le=1e7, allow_inf_nan=False, description="s")
_Number = Annotated[int, Field(ge=0, le=2**53)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewSession(_Body):
    """What a session is made of: a machine, an FMU, or a record of a data set."""

    machine: str | None = Field(None, description="name of a machine of the server")
    fmu: str | None = Field(None, description="what POST /api/fmus has returned")
    dataset: str | None = Field(None, description="data set, whose records are replayed ...")
    record: _Number | None = Field(None, description="... up to and with this one")
    start_values: dict[str, JsonValue] = Field(
        default_factory=dict, description="of inputs and parameters by name"
    )


class StepRequest(_Body):
    """Inputs that change, and steps over which they hold."""

    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    step_size: float = _STEP_SIZE
    count: Annotated[int, Field(ge=1, le=MOST_STEPS_AT_ONCE)] = 1
    at_step: _Number | None = Field(
        None, description="refused with 409 if the session is after another step"
    )


class AdvanceRequest(_Body):
    """Inputs that change, and the time to which steps are done."""

    until: float = Field(gt=0.0, le=LARGEST_TIME, allow_inf_nan=False, description="s")
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    step_size: float = _STEP_SIZE
    at_step: _Number | None = None


class StepNumber(_Body):
    """A step of a session; 0 is its start."""

    step: _Number


class ForkRequest(_Body):
    """After which step the new session begins; the last one by default."""

    step: _Number | None = None


class _Json(Response):
    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def make_app(fmus: Fmus, store: Store, *, sessions: int, idle: float, access: Access) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    fmus : Fmus
        With the machines of the server.
    store : Store
        Of the sessions.
    sessions : int
        How many may run at once.
    idle : float
        Seconds without use after which one ends.
    access : Access
        What is let in.
    """
    running = Sessions(store, fmus, sessions, idle)
    recorded = Recorded(fmus)
    fmus.keep_only(running.used_fmus())

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async def sweep() -> None:
            while True:
                await running.end_idle()
                fmus.keep_only(running.used_fmus())
                await asyncio.sleep(_SWEEP)

        sweeping = asyncio.create_task(sweep())
        yield
        sweeping.cancel()
        await running.close()

    app = FastAPI(
        title="heatpump-twin",
        version=version("heatpump-twin"),
        description=__doc__,
        lifespan=life,
        # Both would load scripts of another server.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    _add_problems(app)
    _add_machines(app, fmus, running, recorded)
    _add_sessions(app, fmus, running, recorded)
    add_pages(app)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    limits = {**access.limits, "/api/fmus": MOST_BYTES_OF_FMU}
    app.add_middleware(Gate, access=Access(access.hosts, access.token, limits))
    return app


def _add_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(TwinError)
    async def not_usable_here(_request: Request, error: TwinError) -> Response:
        # What checks of the request let pass: the server lacks something, such as a data file.
        return Problem(503, "not-usable-here", f"The server cannot do this: {error}").response()

    @app.exception_handler(RequestValidationError)
    async def not_valid(_request: Request, error: RequestValidationError) -> Response:
        faults = [
            Fault(
                ".".join(str(part) for part in e["loc"] if part != "body") or "body",
                shown(e.get("input", "")),
                shown(e["msg"]),
            )
            for e in error.errors()
        ]
        first = faults[0]
        return Problem(
            422, "request-not-usable", f"{first.field}: {first.expected}", faults
        ).response()

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return Problem(404, "not-found", f"There is no {shown(request.url.path)}.").response()
        return Problem(error.status_code, "http", str(error.detail)).response()


def _add_machines(app: FastAPI, fmus: Fmus, running: Sessions, recorded: Recorded) -> None:
    diagrams: dict[str, dict[str, Any]] = {}

    @app.get("/api", response_class=_Json)
    async def about() -> Response:
        """Say what this is and what it has."""
        return _Json(
            {
                "name": "heatpump-twin",
                "version": version("heatpump-twin"),
                "machines": list(fmus.machines),
                "datasets": list(recorded.names()),
            }
        )

    @app.get("/api/machines", response_class=_Json)
    async def machines() -> Response:
        """List the machines of the server: name and title."""
        return _Json({name: _machine(fmu).title for name, fmu in fmus.machines.items()})

    @app.get("/api/machines/{machine}", response_class=_Json)
    async def machine(machine: str) -> Response:
        """Say what a machine is: quantities, envelope, limits, certificate and band."""
        fmu = fmus.machine(machine)
        assert fmu.certificate is not None
        return _Json({**twin(_machine(fmu), fmu.certificate), "fmu": fmu.id})

    @app.get("/api/machines/{machine}/map", response_class=Response)
    async def performance_map(machine: str) -> Response:
        """Give the performance map as the core reads it."""
        content = fmus.machine(machine).map_file
        return Response(content, media_type="application/octet-stream")

    @app.get("/api/machines/{machine}/log_p_h", response_class=_Json)
    async def diagram(machine: str) -> Response:
        """Give the log(p)-h diagram of the refrigerant: dome, isolines, states."""
        fmu = fmus.machine(machine)
        if fmu.id not in diagrams:
            diagrams[fmu.id] = await asyncio.to_thread(kept_log_p_h, _machine(fmu))
        return _Json(diagrams[fmu.id])

    @app.get("/api/machines/{machine}/fmu", response_class=Response)
    async def machine_fmu(machine: str) -> Response:
        """Give the FMU itself."""
        return FileResponse(
            fmus.machine(machine).path,
            media_type="application/octet-stream",
            filename=f"{fmus.machine(machine).description.modelName}.fmu",
        )

    @app.get("/api/core.wasm", response_class=Response)
    async def core() -> Response:
        """Give the core as browsers run it."""
        return FileResponse(
            await asyncio.to_thread(compiled_core, WEB), media_type="application/wasm"
        )

    @app.get("/api/datasets", response_class=_Json)
    async def datasets() -> Response:
        """List the recorded data sets of the machines: name and title."""
        return _Json(recorded.names())

    @app.get("/api/datasets/{dataset}", response_class=_Json)
    async def dataset(dataset: str) -> Response:
        """Give each record with readings, answers of the FMU, and both cycles."""
        return _Json(await asyncio.to_thread(recorded.records, dataset))

    @app.post("/api/fmus", status_code=201, response_class=_Json)
    async def new_fmu(request: Request) -> Response:
        """Bring an FMU: its bytes are the body of the request."""
        content = await request.body()
        fmu = await asyncio.to_thread(fmus.add, content)
        return _Json({"fmu": fmu.id, "name": fmu.description.modelName}, status_code=201)

    @app.get("/api/fmus/{fmu}", response_class=_Json)
    async def one_fmu(fmu: str) -> Response:
        """Give inputs, outputs and parameters as the FMU declares them."""
        found = fmus.get(fmu)
        return _Json(
            {
                "fmu": found.id,
                "name": found.description.modelName,
                "description": found.description.description,
                "variables": found.variables,
            }
        )

    @app.delete("/api/fmus/{fmu}", status_code=204, response_class=Response)
    async def remove_fmu(fmu: str) -> Response:
        """Forget an FMU that a client has brought and no session runs."""
        fmus.remove(fmu, running.used_fmus())
        return Response(status_code=204)


def _add_sessions(app: FastAPI, fmus: Fmus, running: Sessions, recorded: Recorded) -> None:
    def described(session: str) -> dict[str, Any]:
        row, fmu = running.row(session), running.fmu(session)
        return {
            "session": session,
            "fmu": fmu.id,
            "machine": None if fmu.machine is None else fmu.machine.name,
            "origin": row.origin,
            "start_values": row.start_values,
            "made": row.made,
            "now": running.step(session).to_dict(),
        }

    @app.post("/api/sessions", status_code=201, response_class=_Json)
    async def new_session(body: NewSession) -> Response:
        """Start a session of a machine, of an FMU, or at a record of a data set."""
        given = [n for n in ("machine", "fmu", "dataset") if getattr(body, n) is not None]
        if len(given) != 1 or (body.record is None) == (body.dataset is not None):
            raise Problem(
                422,
                "request-not-usable",
                "Expected machine, or fmu, or dataset and record.",
                [Fault("body", " and ".join(given), "one of machine, fmu, dataset with record")],
            )
        rows: list[dict[str, float]] = []
        if body.dataset is not None and body.record is not None:
            fmu = recorded.fmu(body.dataset)
            rows = await asyncio.to_thread(recorded.rows, body.dataset, body.record)
            origin = {"kind": "record", "dataset": body.dataset, "record": body.record}
        elif body.machine is not None:
            fmu, origin = fmus.machine(body.machine), {"kind": "machine", "machine": body.machine}
        else:
            fmu = fmus.get(str(body.fmu))
            origin = {"kind": "fmu", "fmu": fmu.id}
        # As the validation replays them: started with the first, a step for each.
        values: dict[str, Any] = {**body.start_values, **(rows[0] if rows else {})}
        session = await running.create(fmu, values, origin)
        try:
            for row in rows:
                await running.advance(session, row, 60.0, 1)
        except Problem:
            await running.end(session, "its record could not be replayed")
            raise
        return _Json(described(session), status_code=201)

    @app.get("/api/sessions/{session}", response_class=_Json)
    async def one_session(session: str) -> Response:
        """Say what a session is and where it stands."""
        return _Json(described(session))

    @app.delete("/api/sessions/{session}", status_code=204, response_class=Response)
    async def end_session(session: str) -> Response:
        """End a session."""
        await running.end(session, "a client ended it")
        return Response(status_code=204)

    @app.get("/api/sessions/{session}/variables", response_class=_Json)
    async def variables(session: str) -> Response:
        """Give inputs, outputs and parameters of the session's FMU as it declares them."""
        return _Json(running.fmu(session).variables)

    @app.post("/api/sessions/{session}/step", response_class=_Json)
    async def step(session: str, body: StepRequest) -> Response:
        """Set inputs, do steps of one size, and give the last one."""
        done = await running.advance(session, body.inputs, body.step_size, body.count, body.at_step)
        return _Json(done[-1].to_dict())

    @app.post("/api/sessions/{session}/advance", response_class=_Json)
    async def advance(session: str, body: AdvanceRequest) -> Response:
        """Set inputs and step to a time; the last step is as long as it takes."""
        last = running.step(session)
        whole, rest = _parts(last, body)
        # Of two clients at once the second is refused, and not taken beyond the time.
        at = last.number if body.at_step is None else body.at_step
        done: list[Step] = []
        if whole:
            done = await running.advance(session, body.inputs, body.step_size, whole, at)
            at = done[-1].number
        if rest:
            done = await running.advance(session, body.inputs, rest, 1, at)
        return _Json(done[-1].to_dict())

    @app.post("/api/sessions/{session}/restore", response_class=_Json)
    async def restore(session: str, body: StepNumber) -> Response:
        """Go back to the state after a step; those after it are forgotten."""
        return _Json((await running.go_back(session, body.step)).to_dict())

    @app.post("/api/sessions/{session}/fork", status_code=201, response_class=_Json)
    async def fork(session: str, body: ForkRequest) -> Response:
        """Start a session that has this one's past up to a step, and a future of its own."""
        return _Json(described(await running.fork(session, body.step)), status_code=201)

    @app.get("/api/sessions/{session}/results", response_class=Response)
    async def results(
        session: str,
        format: Annotated[Literal["json", "csv"], Query()] = "json",
        first: Annotated[int, Query(ge=0, le=2**53)] = 0,
        last: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    ) -> Response:
        """Give the steps of a session, 20,000 at most."""
        end = first + MOST_RESULTS - 1
        steps = running.steps(session, first, end if last is None else min(last, end))
        if format == "csv":
            return Response(_csv(steps), media_type="text/csv")
        return _Json([s.to_dict() for s in steps])

    @app.get("/api/sessions/{session}/kpis", response_class=_Json)
    async def session_kpis(session: str) -> Response:
        """Sum up a session: energies in J, COP, starts, time in each status in s."""
        last = running.step(session).number
        return _Json(await asyncio.to_thread(lambda: kpis(running.steps(session, 0, last))))

    @app.get("/api/sessions/{session}/stream", response_class=Response)
    async def stream(session: str) -> Response:
        """Follow a session: server-sent events, each the newest step; who is slow misses some."""
        following = running.follow(session)
        # The first is taken here, so that an error is a problem document.
        begin = await anext(following)

        async def events() -> AsyncIterator[bytes]:
            yield _event(begin)
            async for found in following:
                yield _event(found)
            yield b"event: end\ndata: {}\n\n"

        return StreamingResponse(
            events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )


def _machine(fmu: Fmu) -> Any:
    assert fmu.machine is not None
    return fmu.machine


def _parts(last: Step, body: AdvanceRequest) -> tuple[int, float]:
    """How many whole steps lead to a time, and how long the one after them is, s."""
    span = body.until - last.time
    if span < LEAST_STEP:
        raise Problem(
            422,
            "step-backwards",
            f"The session is at {last.time:g} s already; POST .../restore goes back.",
            [Fault("until", shown(body.until), f"more than {last.time:g}")],
        )
    whole = int(span / body.step_size * (1.0 + 1e-12))
    rest = span - whole * body.step_size
    if whole > MOST_STEPS_AT_ONCE:
        raise Problem(
            422,
            "too-many-steps",
            f"That takes {whole} steps; {MOST_STEPS_AT_ONCE} are done in one request.",
            [Fault("step_size", shown(body.step_size), f"at least {span / MOST_STEPS_AT_ONCE:g}")],
        )
    return whole, rest if rest >= LEAST_STEP else 0.0


def _event(step: Step | None) -> bytes:
    if step is None:
        return b": alive\n\n"
    data = json.dumps(finite(step.to_dict()))
    return f"id: {step.number}\nevent: step\ndata: {data}\n\n".encode("ascii")


def _csv(steps: list[Step]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for i, step in enumerate(steps):
        values = {**step.inputs, **step.outputs}
        if i == 0:
            writer.writerow(["step", "time", "step_size", *values, "notes"])
        writer.writerow(
            [step.number, step.time, step.size, *values.values(), "; ".join(step.notes)]
        )
    return text.getvalue()
