"""The server as clients meet it: sessions, and all that may be wrong with a request."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pandas as pd
import pytest
from conftest import ROOT
from server import Running, running, wait_until

from heatpump_twin.core.compiling import WEB, compiled_core
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.live import client, recorded
from heatpump_twin.live.app import make_app
from heatpump_twin.live.fmus import Fmus
from heatpump_twin.live.gate import Access
from heatpump_twin.live.store import Store
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

MOST = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(folder: Path, fmu: Path) -> Iterator[Running]:
    # The FMU is built first, so that its map is finished.
    with running(folder, "--sessions", str(MOST)) as started:
        yield started


@pytest.fixture
def session(server: Running) -> Iterator[client.Remote]:
    made = client.start(server.server, machine="mci_lab")
    yield made
    # A test may have ended it.
    with suppress(client.ServerError):
        client.end(made)


def of(session: client.Remote, path: str) -> str:
    return f"/api/sessions/{session.name}{path}"


def test_the_lines_of_the_page_of_docs_run(server: Running) -> None:
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    address = '"http://127.0.0.1:8000"'
    assert address in code
    code = code.replace(address, repr(server.server.address))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 1.0 < float(done.stdout) < 10.0


# What a session answers ---------------------------------------------------------------------------


def test_a_session_gives_the_answers_of_the_fmu(session: client.Remote, fmu: Path) -> None:
    rows = [
        {"T_sink_in": 300.0},
        {"T_sink_in": 312.0, "compressor_speed": 0.7},
        {"T_source_in": 340.0},
        {"compressor_speed": 0.0},
    ]
    with Session(fmu) as direct:
        for row in rows:
            answer = client.step(session, 30.0, **row)
            assert answer["outputs"] == direct.step(row, 30.0)
            assert bool(answer["notes"]) == (answer["outputs"]["operating_status"] == 2)
    found = client.results(session)
    assert [step["step"] for step in found] == [0, 1, 2, 3, 4]
    assert found[-1]["time"] == 120.0
    assert found[2]["inputs"]["T_sink_in"] == 312.0


def test_a_fork_at_a_record_is_the_records_own_simulation(server: Running, scores: Scores) -> None:
    found = server.ask("GET", "/api/datasets/mci_lab")
    expected = scores.simulation.outputs
    assert len(found["records"]) == len(expected)
    assert scores.calibration is not None
    left_out = scores.calibration.predictions["leave_one_out"]["values"]
    for record in found["records"]:
        number = record["record"]
        assert record["answers"] == expected.loc[number].to_dict()
        # A fitted answer is never given as a prediction.
        assert record["was_fitted"] == (number in scores.calibration.records)
        if record["was_fitted"]:
            assert record["unseen"]["P_el"] == left_out["P_el"][str(number)]
            assert record["unseen"]["P_el"] != record["answers"]["P_el"]
        else:
            assert record["unseen"] == record["answers"]
    at = client.start(server.server, dataset="mci_lab", record=9)
    fork = client.fork(at)
    now = server.ask("GET", of(fork, ""))

    def of_record(outputs: dict[str, float]) -> dict[str, float]:
        """What a record's own simulation has; a session also counts energies and times."""
        return {name: outputs[name] for name in expected.columns}

    assert of_record(now["now"]["outputs"]) == expected.loc[9].to_dict()
    rows = {r["record"]: r["inputs"] for r in found["records"]}
    for record in (10, 11, 12):
        outputs = client.step(fork, **rows[record])["outputs"]
        assert of_record(outputs) == expected.loc[record].to_dict()
    changed = client.step(at, T_sink_in=rows[9]["T_sink_in"] + 5.0)
    assert changed["outputs"]["COP"] < now["now"]["outputs"]["COP"]
    for made in (at, fork):
        client.end(made)


def test_going_back_and_forking_give_the_same_future(session: client.Remote) -> None:
    client.step(session, T_sink_in=305.0)
    expected = client.step(session, T_sink_in=310.0)
    client.step(session, compressor_speed=0.5)
    fork = client.fork(session, at_step=1)
    assert client.step(fork, T_sink_in=310.0) == expected
    assert client.go_back(session, 1)["step"] == 1
    assert client.step(session, T_sink_in=310.0) == expected
    assert len(client.results(session)) == 3
    client.end(fork)


def test_advance_ends_at_the_time(server: Running, session: client.Remote) -> None:
    done = server.ask("POST", of(session, "/advance"), {"until": 150.0, "step_size": 60.0})
    assert (done["time"], done["step"], done["step_size"]) == (150.0, 3, 30.0)


def test_results_as_table_and_sums(server: Running, session: client.Remote) -> None:
    client.step(session, count=10)
    client.step(session, T_sink_in=340.0)
    table = pd.read_csv(io.BytesIO(server.ask("GET", of(session, "/results?format=csv"))))
    assert list(table["step"]) == list(range(12))
    assert {*BOUNDARY_QUANTITIES, *RESULT_QUANTITIES} < set(table.columns)
    sums = server.ask("GET", of(session, "/kpis"))
    assert sums["electricity"] == pytest.approx(60.0 * table["P_el"][1:].sum(), rel=1e-12)
    assert sums["COP"] == pytest.approx(sums["heat_to_sink"] / sums["electricity"], rel=1e-12)
    assert sums["status_time"] == {"inside": 600.0, "moved_to_envelope": 60.0}


def test_live_mode_runs_beside_the_others(server: Running) -> None:
    live = client.start(server.server, machine="mci_lab", start_values={"solver": "live"})
    plain = client.start(server.server, machine="mci_lab")
    found, expected = (client.step(s, T_sink_in=310.0)["outputs"] for s in (live, plain))
    assert found["COP"] == pytest.approx(expected["COP"], rel=1e-3)
    assert found["COP"] != expected["COP"]
    for made in (live, plain):
        client.end(made)


def test_the_machine_is_all_that_a_page_needs(server: Running, fmu: Path) -> None:
    machine = server.ask("GET", "/api/machines/mci_lab")
    assert machine["names"]["inputs"] == list(BOUNDARY_QUANTITIES)
    assert machine["band"]["P_el"] > 0.0
    with zipfile.ZipFile(fmu) as archive:
        assert server.ask("GET", "/api/machines/mci_lab/map") == archive.read(
            "resources/heat_pump.bin"
        )
    assert server.ask("GET", "/api/core.wasm") == compiled_core(WEB).read_bytes()
    assert server.ask("GET", "/api/machines/mci_lab/fmu") == fmu.read_bytes()


def test_followers_see_each_newest_step_and_the_end(session: client.Remote) -> None:
    seen: list[int] = []
    ended = threading.Event()

    def follow() -> None:
        seen.extend(step["step"] for step in client.follow(session))
        ended.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    wait_until(lambda: seen or time.sleep(0.1) is None)
    for _ in range(3):
        client.step(session)
        time.sleep(0.05)
    client.end(session)
    assert ended.wait(10.0)
    assert seen[0] == 0
    assert seen[-1] == 3
    assert seen == sorted(seen)


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "field", "expected"),
    [
        ({"T_sink_in": 35.0}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"T_sink_in": float("nan")}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"T_sink_in": "warm"}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"T_sink_in": None}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"T_sink_in": True}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"T_sink_in": 10**400}, "inputs.T_sink_in", "a number from 193.15 to 423.15 in K"),
        ({"m_flow_sink": -0.1}, "inputs.m_flow_sink", "a number from 0 to 10000 in kg/s"),
        ({"COP": 3.0}, "inputs.COP", "one of compressor_speed"),
        ({"\ud800": 3.0}, "inputs.\ud800", "one of compressor_speed"),
    ],
)
def test_an_input_that_cannot_be_is_named(
    server: Running, session: client.Remote, inputs: dict[str, object], field: str, expected: str
) -> None:
    problem = server.problem("POST", of(session, "/step"), {"inputs": inputs})
    assert problem["status"] == 422
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["expected"].startswith(expected)
    assert server.ask("GET", of(session, ""))["now"]["step"] == 0


def test_zero_is_a_value(session: client.Remote) -> None:
    off = client.step(session, compressor_speed=0.0)
    assert off["inputs"]["compressor_speed"] == 0.0
    assert off["outputs"]["operating_status"] == 0
    assert off["outputs"]["P_el"] == 10.0


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/step", {"step_size": 0.0}, "step_size"),
        ("/step", {"step_size": -1.0}, "step_size"),
        ("/step", {"step_size": "1"}, "step_size"),
        ("/step", {"step_size": float("inf")}, "step_size"),
        ("/step", {"count": 0}, "count"),
        ("/step", {"count": 10**7}, "count"),
        ("/step", {"inputs": [1]}, "inputs"),
        ("/step", {"more": 1}, "more"),
        ("/step", [], "body"),
        ("/restore", {"step": -1}, "step"),
        ("/fork", {"step": 1.5}, "step"),
        ("/advance", {"until": 0.0}, "until"),
    ],
)
def test_a_request_that_cannot_be_is_a_problem(
    server: Running, session: client.Remote, path: str, body: object, field: str
) -> None:
    problem = server.problem("POST", of(session, path), body)
    assert problem["status"] == 422
    assert problem["errors"][0]["field"] == field


def test_what_the_server_itself_lacks_is_a_problem_and_no_500(
    tmp_path: Path, fmu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(name: str) -> None:
        raise InputError(f"data set {name}: readings.csv cannot be read")

    monkeypatch.setattr(recorded, "load_dataset", lost)
    fmus, store = Fmus(tmp_path / "fmus"), Store(tmp_path / "sessions.sqlite")
    fmus.add_machine(fmu)
    app = make_app(fmus, store, sessions=1, idle=60.0, access=Access((), "", {}))
    sent: list[MutableMapping[str, Any]] = []

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        path = "/api/datasets/mci_lab"
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
        await app({**scope, "headers": [], "query_string": b""}, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 503
    told = json.loads(sent[1]["body"])
    assert told["detail"] == (
        "The server cannot do this: data set mci_lab: readings.csv cannot be read"
    )


def test_steps_do_not_go_backwards(server: Running, session: client.Remote) -> None:
    client.step(session)
    problem = server.problem("POST", of(session, "/advance"), {"until": 30.0})
    assert (problem["status"], problem["type"]) == (422, "urn:heatpump-twin:problem:step-backwards")
    assert server.problem("POST", of(session, "/restore"), {"step": 2})["status"] == 404


def test_of_two_browsers_the_second_is_told(server: Running, session: client.Remote) -> None:
    body = {"inputs": {"T_sink_in": 310.0}, "at_step": 0}
    assert server.ask("POST", of(session, "/step"), body)["step"] == 1
    problem = server.problem("POST", of(session, "/step"), body)
    assert (problem["status"], problem["step"]) == (409, 1)
    assert server.ask("GET", of(session, ""))["now"]["step"] == 1


def test_unknown_and_ended_sessions(server: Running, session: client.Remote) -> None:
    for path in ("/api/sessions/x", "/api/sessions/" + "a" * 500, of(session, "/nothing")):
        assert server.problem("GET", path)["status"] == 404
    client.end(session)
    for method, path in (("GET", ""), ("POST", "/step"), ("GET", "/stream"), ("DELETE", "")):
        problem = server.problem(method, of(session, path), {} if method == "POST" else None)
        assert problem["status"] == 410
        assert "a client ended it" in problem["detail"]
    # There is nothing that lists or ends the sessions of others.
    assert server.problem("GET", "/api/sessions")["status"] == 405
    assert server.problem("DELETE", "/api/sessions")["status"] == 405


def test_too_many_sessions(server: Running) -> None:
    made = [client.start(server.server, machine="mci_lab") for _ in range(MOST)]
    problem = server.problem("POST", "/api/sessions", {"machine": "mci_lab"})
    assert problem["status"] == 429
    assert f"{MOST} sessions run" in problem["detail"]
    assert server.problem("POST", of(made[0], "/fork"), {})["status"] == 429
    client.end(made.pop())
    made.append(client.start(server.server, machine="mci_lab"))
    for one in made:
        client.end(one)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"machine": "none"},
        {"machine": "../mci_lab"},
        {"fmu": "../sessions.sqlite"},
        {"dataset": "mci_lab"},
        {"dataset": "mci_lab", "record": 99},
        {"dataset": "none", "record": 1},
        {"machine": "mci_lab", "fmu": "x"},
        {"machine": "mci_lab", "start_values": {"number_of_units": 0}},
        {"machine": "mci_lab", "start_values": {"solver": "magic"}},
    ],
)
def test_a_session_of_nothing_is_refused(server: Running, body: dict[str, object]) -> None:
    problem = server.problem("POST", "/api/sessions", body)
    assert problem["status"] in (404, 409, 422)
    assert len(problem["detail"]) > 10


def archive(*entries: tuple[str, bytes], link: str = "") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in entries:
            made.writestr(name, text)
        if link:
            entry = zipfile.ZipInfo("resources")
            entry.external_attr = 0o120777 << 16
            made.writestr(entry, link)
    return content.getvalue()


HOSTILE = {
    "nothing": b"",
    "no zip": b"PK" + b"\0" * 1000,
    "cut off": archive(("a", b"b" * 1000))[:-30],
    "no FMU": archive(("readme.txt", b"hello")),
    "no XML": archive(("modelDescription.xml", b"<x")),
    "path above": archive(("../../evil", b"1"), ("modelDescription.xml", b"<x/>")),
    "absolute path": archive(("/etc/evil", b"1")),
    "drive": archive(("c:/evil", b"1")),
    "backslashes": archive(("..\\..\\evil", b"1")),
    "link": archive(("modelDescription.xml", b"<x/>"), link="/etc"),
    "bomb": archive(("modelDescription.xml", b"\0" * (600 * 2**20))),
    "many files": archive(*((f"{i}", b"") for i in range(6000))),
    "entities": archive(
        (
            "modelDescription.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(98, 112))
            + b"]><x>&o;</x>",
        )
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_fmu_is_refused(server: Running, folder: Path, kind: str) -> None:
    before = sorted(p.name for p in (folder / "fmus").iterdir())
    problem = server.problem("POST", "/api/fmus", HOSTILE[kind])
    assert problem["status"] == 422, problem
    assert str(folder) not in json.dumps(problem)
    assert sorted(p.name for p in (folder / "fmus").iterdir()) == before


def test_an_fmu_of_a_client_runs_and_may_take_its_process_with_it(
    server: Running, fmu: Path
) -> None:
    content = archive(
        *((n, zipfile.ZipFile(fmu).read(n)) for n in zipfile.ZipFile(fmu).namelist()),
        ("extra/of_the_client.txt", b"another file, another hash"),
    )
    brought = server.ask("POST", "/api/fmus", content)["fmu"]
    assert "T_sink_in" in server.ask("GET", f"/api/fmus/{brought}")["variables"]
    session = client.start(server.server, fmu=brought)
    client.step(session, T_sink_in=310.0)
    # Its process is ended from outside, as a crash does it.
    workers = worker_processes(server.process.pid)
    other = client.start(server.server, machine="mci_lab")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(workers) & set(worker_processes(server.process.pid)))
    with Session(fmu) as direct:
        direct.step({"T_sink_in": 310.0}, 60.0)
        expected = direct.step({"T_source_in": 285.0}, 60.0)
    assert client.step(session, T_source_in=285.0)["outputs"] == expected
    assert client.step(other)["step"] == 1
    assert server.problem("DELETE", f"/api/fmus/{brought}")["status"] == 409
    for made in (session, other):
        client.end(made)
    server.ask("DELETE", f"/api/fmus/{brought}")
    assert server.problem("GET", f"/api/fmus/{brought}")["status"] == 404
    own = server.ask("GET", "/api/machines/mci_lab")["fmu"]
    assert server.problem("DELETE", f"/api/fmus/{own}")["status"] == 409


def worker_processes(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            stat = (folder / "stat").read_text()
        except (OSError, ValueError):
            continue
        if folder.name.isdigit() and stat.rpartition(")")[2].split()[1] == str(parent):
            found.append(int(folder.name))
    return found


def test_a_request_that_is_too_long(server: Running) -> None:
    body = b'{"machine": "' + b"x" * 2**21 + b'"}'
    assert server.problem("POST", "/api/sessions", body)["status"] == 413


def test_pages_of_others_are_kept_out(server: Running) -> None:
    address = server.server.address + "/api/sessions"
    for header, value, status in (
        ("Origin", "https://evil.example", 403),
        ("Host", "evil.example", 421),
    ):
        request = Request(address, b'{"machine": "mci_lab"}', method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header(header, value)
        with pytest.raises(HTTPError) as error:
            urlopen(request, timeout=10.0)
        assert error.value.code == status


def test_a_slow_client_of_the_stream_holds_nobody_up(
    server: Running, session: client.Remote
) -> None:
    host, port = server.server.address.removeprefix("http://").split(":")
    slow = socket.create_connection((host, int(port)))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(f"GET {of(session, '/stream')} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    begin = time.monotonic()
    for _ in range(300):
        client.step(session)
    # It reads nothing; the steps take what they take without it.
    assert time.monotonic() - begin < 30.0
    assert server.ask("GET", of(session, ""))["now"]["step"] == 300
    slow.close()


# Ends ---------------------------------------------------------------------------------------------


def test_sessions_outlive_a_server_that_is_killed(tmp_path: Path, fmu: Path) -> None:
    with running(tmp_path) as first:
        session = client.start(first.server, machine="mci_lab")
        client.step(session, T_sink_in=310.0)
        ended = client.start(first.server, machine="mci_lab")
        client.end(ended)

        def step_long() -> None:
            # The server is killed meanwhile.
            with suppress(client.ServerError):
                client.step(session, count=10_000)

        threading.Thread(target=step_long, daemon=True).start()
        time.sleep(0.3)
        workers = worker_processes(first.process.pid)
        first.kill()
    # The processes of the FMUs end with it.
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    with running(tmp_path) as second:
        again = client.Remote(second.server, session.name)
        now = second.ask("GET", of(again, ""))["now"]
        assert now["step"] >= 1
        assert now["inputs"]["T_sink_in"] == 310.0
        with Session(fmu) as direct:
            direct.step({"T_sink_in": 310.0}, 60.0)
            expected = direct.step({"compressor_speed": 0.8}, 60.0)
        outputs = client.step(again, compressor_speed=0.8)["outputs"]
        # Energies and times count the steps of the first server too.
        assert {q: outputs[q] for q in RESULT_QUANTITIES} == {
            q: expected[q] for q in RESULT_QUANTITIES
        }
        assert outputs["run_time"] >= expected["run_time"]
        assert (
            second.problem("GET", of(client.Remote(second.server, ended.name), ""))["status"] == 410
        )


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="no prlimit here, to fill the disk")
def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path, fmu: Path) -> None:
    with running(tmp_path) as started:
        session = client.start(started.server, machine="mci_lab")
        client.step(session, T_sink_in=310.0)
        # No file may grow any more.
        pid = str(started.process.pid)
        subprocess.run(["prlimit", "--pid", pid, "--fsize=40000:unlimited"], check=True)
        problem = {}
        for _ in range(200):
            try:
                client.step(session)
            except client.ServerError as error:
                problem = error.problem
                break
        assert problem["status"] == 507, problem
        before = started.ask("GET", of(session, ""))["now"]["step"]
        subprocess.run(["prlimit", "--pid", pid, "--fsize=unlimited:unlimited"], check=True)
        assert client.step(session)["step"] == before + 1


def test_idle_sessions_end(tmp_path: Path, fmu: Path) -> None:
    with running(tmp_path, "--idle", "0.001") as first:
        session = client.start(first.server, machine="mci_lab")
    time.sleep(4.0)
    # Looked for at the start, and then each minute.
    with running(tmp_path, "--idle", "0.001") as second:
        problem = second.problem("GET", of(client.Remote(second.server, session.name), ""))
        assert problem["status"] == 410
        assert "nobody used it for 0.001 hours" in problem["detail"]


def test_others_need_the_token(tmp_path: Path, fmu: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-the-test\n")
    options = ("--host", "0.0.0.0", "--token-file", str(file))
    with running(tmp_path / "data", *options, token="a-token-of-the-test") as started:
        session = client.start(started.server, machine="mci_lab")
        for token in ("", "a-token-of-the-tesT", "ä"):
            other = client.Server(started.server.address, token)
            with pytest.raises(client.ServerError, match="token"):
                client.step(client.Remote(other, session.name))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "--token-file"),
        (["--host", "0.0.0.0", "--token-file", "missing"], "cannot be read"),
        (["--host", "no.such.host.invalid", "--token-file", "good"], "cannot be used"),
        (["--token-file", "short"], "at least 16"),
        (["no_such_machine"], "unknown machine"),
        (["--data", "short"], "cannot be written"),
    ],
)
def test_what_the_command_cannot_use(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "short").write_text("abc")
    (tmp_path / "good").write_text("0123456789abcdef")
    start = "from heatpump_twin.harness.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, "serve", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_page_is_opened_where_it_is_asked_for(
    tmp_path: Path, fmu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho $1 > {tmp_path / 'opened'}\n")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    opened = tmp_path / "opened"
    with running(tmp_path / "a", "--browser") as started:
        wait_until(lambda: opened.is_file() and opened.read_text())
        assert opened.read_text().strip() == f"{started.server.address}/"
        with urlopen(started.server.address) as page:
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert b"heatpump-twin" in page.read()
        opened.unlink()
    # No person sits at a screen here.
    with running(tmp_path / "b"):
        time.sleep(0.5)
    assert not opened.exists()


@pytest.mark.parametrize("name", ["none.js", "../pages.py", "..%2f..%2fapp.py", "vendor/", ""])
def test_the_page_gives_its_own_files_alone(server: Running, name: str) -> None:
    assert server.problem("GET", f"/web/{name}")["status"] == 404


def test_a_file_that_a_browser_has_is_not_sent_again(server: Running) -> None:
    address = f"{server.server.address}/web/style.css"
    with urlopen(address) as first:
        tag = first.headers["ETag"]
    with pytest.raises(HTTPError) as error:
        urlopen(Request(address, headers={"If-None-Match": tag}))
    assert error.value.code == 304


def test_ctrl_c_ends_it(tmp_path: Path, fmu: Path) -> None:
    with running(tmp_path) as started:
        client.start(started.server, machine="mci_lab")
        started.process.send_signal(signal.SIGINT)
        _, said = started.process.communicate(timeout=20.0)
        assert started.process.returncode == 130
        assert said.strip() == "interrupted"
