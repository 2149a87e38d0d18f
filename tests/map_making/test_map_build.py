"""Whole builds of a small map: cache, checkpoints, clusters, full disks."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from distributed import Client

from heatpump_twin.cache import kept
from heatpump_twin.fmu.build import build
from heatpump_twin.fmu.compiling import compile_libraries
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.certificate import POINTS_PER_TASK, solve_live
from heatpump_twin.map_making.certificate import SEED as CERTIFICATE_SEED
from heatpump_twin.map_making.jobs import CACHE_VARIABLE, Array, Jobs, cache_folder, no_progress
from heatpump_twin.map_making.map_build import TABLE, CertifiedMap, certified_map
from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine

TOLERANCE, POINTS = 1e-3, 60


def made(
    machine: Machine,
    cache: Path,
    scheduler: str | None = None,
    progress: Callable[[str, int, int], None] = no_progress,
) -> CertifiedMap:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        return certified_map(machine, TOLERANCE, scheduler, progress, POINTS)


def folder_in(cache: Path, machine: Machine) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        return cache_folder(machine, TOLERANCE, POINTS)


def small_file(folder: Path, small: Machine) -> Path:
    """Write the machine file of the small envelope."""
    text = machine_path("mci_lab").read_text(encoding="utf-8")
    for name in vars(small.design.boundary):
        for end in ("min", "max"):
            unit = {"T": "K", "m": "kg/s", "c": "1"}[name[0]]
            value = small.parameter(f"envelope.{name}_{end}")
            line = f'{name}_{end} = {{ value = {value}, unit = "{unit}", source = "estimate" }}'
            text, count = re.subn(rf"(?m)^{name}_{end} = .*$", line, text)
            assert count == 1
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return folder / "small.toml"


@pytest.fixture(scope="module")
def local(
    small: Machine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, CertifiedMap, list[tuple[str, int, int]]]:
    """A cache with a map that was made on this machine, the map, and what was told of it."""
    cache, told = tmp_path_factory.mktemp("cache"), []
    found = made(small, cache, progress=lambda *progress: told.append(progress))
    return cache, found, told


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_build_tells_its_progress_and_leaves_no_parts(
    local: tuple[Path, CertifiedMap, list], small: Machine
) -> None:
    cache, found, told = local
    assert {label for label, *_ in told} == {"tabulating", "certifying"}
    assert told[0][1] == 0
    assert told[-1] == ("certifying", 2, 2)
    assert found.certificate.missed() == []
    assert set(contents(folder_in(cache, small))) == {
        "certificate.json",
        "comparison.npy",
        "design_point.json",
        "design_state.json",
        "performance_map.json",
        "performance_map.npy",
        "performance_map_error.png",
    }


def test_warm_cache_computes_nothing(
    local: tuple[Path, CertifiedMap, list], small: Machine
) -> None:
    def never(label: str, done: int, total: int) -> None:
        raise AssertionError("nothing is left to do")

    found = made(small, local[0], "tcp://127.0.0.1:1", never)  # not even the cluster is asked
    assert found.certificate == local[1].certificate
    assert found.comparison.boundaries == local[1].comparison.boundaries
    assert (found.comparison.deviations == local[1].comparison.deviations).all()


@pytest.mark.parametrize(
    "name",
    [
        "certificate.json",
        "performance_map.npy",
        "comparison.npy",
        "design_point.json",
        "design_state.json",
        "performance_map_error.png",
    ],
)
def test_damaged_cache_is_made_again(
    local: tuple[Path, CertifiedMap, list], small: Machine, tmp_path: Path, name: str
) -> None:
    shutil.copytree(local[0], tmp_path / "cache")
    damaged = folder_in(tmp_path / "cache", small) / name
    damaged.write_bytes(damaged.read_bytes()[:-20])
    begun = []

    def stop(label: str, done: int, total: int) -> None:
        begun.append((label, done))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(small, tmp_path / "cache", progress=stop)
    assert begun == [("tabulating", 0)]


def test_interrupted_build_goes_on_where_it_was_and_gives_the_same(
    local: tuple[Path, CertifiedMap, list], small: Machine, tmp_path: Path
) -> None:
    def interrupt(label: str, done: int, total: int) -> None:
        if (label, done) == ("certifying", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(small, tmp_path, progress=interrupt)
    parts = folder_in(tmp_path, small) / "parts"
    damaged = sorted(parts.glob("tabulating-*"))[0]
    damaged.write_bytes(b"\0" + damaged.read_bytes())
    (parts / "of an earlier crash").write_text("")
    told = []
    made(small, tmp_path, progress=lambda *progress: told.append(progress))
    tasks = told[0][2]
    assert [t for t in told if t[0] == "tabulating"] == [
        ("tabulating", tasks - 1, tasks),
        ("tabulating", tasks, tasks),
    ]
    assert next(t for t in told if t[0] == "certifying") == ("certifying", 1, 2)
    assert contents(folder_in(tmp_path, small)) == contents(folder_in(local[0], small))


def spoilt(*arguments: Any) -> Array:
    """Solve with an error of a hundredth in each result."""
    return 1.01 * solve_live(*arguments)


def test_map_that_misses_its_tolerance_is_not_used(small: Machine, tmp_path: Path) -> None:
    # Kept parts with wrong numbers stand for whatever makes a map worse than its nodes promise.
    parts = folder_in(tmp_path, small) / "parts"
    boundaries = sample_envelope(small, POINTS, CERTIFICATE_SEED)
    starts = range(0, POINTS, POINTS_PER_TASK)
    tasks = [(small, boundaries[i : i + POINTS_PER_TASK]) for i in starts]
    with ThreadPoolExecutor(1) as pool:
        Jobs(parts, pool, no_progress).compute("certifying", spoilt, tasks)
    message = r"the map misses its tolerance of 0\.001: P_el: maximum .* %, limit 0\.1; .*"
    with pytest.raises(InputError, match=message + "narrow the envelope or raise map_tolerance"):
        made(small, tmp_path)
    assert not (folder_in(tmp_path, small) / TABLE).exists()


# On a cluster -----------------------------------------------------------------------------------


@contextmanager
def process(*arguments: object, **kwargs: Any) -> Iterator[subprocess.Popen]:
    """A process that is ended afterwards, with those that it started."""
    started = subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **kwargs,
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        assert started.stdout
        started.stdout.close()


@contextmanager
def scheduler() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
    with process("distributed.cli.dask_scheduler", *options):
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def worker(address: str, **kwargs: Any) -> Iterator[subprocess.Popen]:
    options = ("--nthreads", 1, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    with process("distributed.cli.dask_worker", address, *options, **kwargs) as started:
        yield started


def await_workers(address: str, count: int) -> None:
    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    local: tuple[Path, CertifiedMap, list], small: Machine, tmp_path: Path
) -> None:
    with scheduler() as address, worker(address) as victim, worker(address), worker(address):
        await_workers(address, 3)
        told = []

        def kill(label: str, done: int, total: int) -> None:
            told.append((label, done, total))
            if (label, done) == ("tabulating", total // 3):
                victim.kill()

        made(small, tmp_path, address, kill)
        assert victim.wait(10) == -signal.SIGKILL
        # Another version of the code would give other numbers, and its own certificate of them.
        other = shutil.copytree(ROOT / "fmu_src", tmp_path / "other")
        with (other / "heatpump_twin" / "model" / "closures.py").open("a") as file:
            file.write("SUPERHEAT_BLEND = 0.2\n")
        with worker(address, env={**os.environ, "PYTHONPATH": str(other)}):
            await_workers(address, 3)
            with pytest.raises(InputError, match="has another version of heatpump-twin"):
                made(small, tmp_path / "not used", address)
    assert [t for t in told if t[0] == "tabulating"] == [
        ("tabulating", done, told[0][2]) for done in range(told[0][2] + 1)
    ]
    assert contents(folder_in(tmp_path, small)) == contents(folder_in(local[0], small))


def test_address_without_a_cluster_is_one_message_in_time(small: Machine, tmp_path: Path) -> None:
    def failure(address: str) -> tuple[str, float]:
        begin = time.monotonic()
        with pytest.raises(InputError) as raised:
            certified_map(small, 0.0123, address)
        return str(raised.value), time.monotonic() - begin

    with socket.socket() as silent, scheduler() as empty, ThreadPoolExecutor(8) as pool:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        quiet = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        dead = "tcp://127.0.0.1:1"
        addresses = (dead, quiet, empty, "nonsense", "http://127.0.0.1:1", "tls://127.0.0.1:1", "")
        output = tmp_path / "x.fmu"
        command = ("build_fmu", small_file(tmp_path, small), "--scheduler", dead, "-o", output)
        environment = {**os.environ, CACHE_VARIABLE: str(tmp_path / "cache")}
        with process(*command, env=environment, cwd=ROOT) as by_command:
            failures = dict(zip(addresses, pool.map(failure, addresses), strict=True))
            printed, _ = by_command.communicate(timeout=60)
    for address, (message, seconds) in failures.items():
        assert message.startswith(f"scheduler {address}: ")
        assert "no worker" in message if address == empty else "no Dask cluster answers" in message
        assert seconds < 25.0  # 10 s of patience, twice where a scheduler is there; a busy machine
    assert by_command.returncode == 2
    assert printed.startswith(f"error: scheduler {dead}: no Dask cluster answers")
    assert "Traceback" not in printed
    assert not output.exists()


# Where nothing can be written -------------------------------------------------------------------


@contextmanager
def full_file_system(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here: that takes the superuser")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_one_message_and_the_earlier_fmu_stays(
    local: tuple[Path, CertifiedMap, list], small: Machine, tmp_path: Path
) -> None:
    with full_file_system(tmp_path / "disk") as disk:
        (disk / "small.fmu").write_bytes(b"the earlier one")
        with pytest.raises(InputError, match=r"cache .* cannot be written: No space left.* kept"):
            made(small, disk / "cache")
        shutil.rmtree(disk / "cache")
        machine_file = small_file(tmp_path, small)
        with pytest.MonkeyPatch.context() as patch:
            # What is compiled for every FMU takes minutes, and is not what fails here.
            compile_libraries()
            for name in ("fmu", "heat_pump"):
                ignored = shutil.ignore_patterns("zig")
                shutil.copytree(kept(name), local[0] / name, ignore=ignored, dirs_exist_ok=True)
            patch.setenv(CACHE_VARIABLE, str(local[0]))
            made(read_machine(str(machine_file)), local[0])
            with pytest.raises(InputError, match=r"small\.fmu: cannot be written: No space left"):
                build(str(machine_file), disk / "small.fmu", certificate_points=POINTS)
        assert [p.name for p in disk.iterdir()] == ["small.fmu"]
        assert (disk / "small.fmu").read_bytes() == b"the earlier one"


def test_limit_of_file_size_is_one_message(small: Machine, tmp_path: Path) -> None:
    output = tmp_path / "small.fmu"
    output.write_bytes(b"the earlier one")
    done = subprocess.run(
        [sys.executable, "-m", "build_fmu", str(small_file(tmp_path, small)), "-o", str(output)],
        env={**os.environ, CACHE_VARIABLE: str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"error: cache .* cannot be written: File too large; .*\n", done.stderr)
    assert output.read_bytes() == b"the earlier one"


# Interrupted by its user ------------------------------------------------------------------------


def test_ctrl_c_says_that_the_work_is_kept(small: Machine, tmp_path: Path) -> None:
    output = tmp_path / "small.fmu"
    command = ("build", small_file(tmp_path, small), "-o", output)
    environment = {**os.environ, CACHE_VARIABLE: str(tmp_path / "cache")}
    script = "from heatpump_twin.harness.cli import main; main()"
    started = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 300.0  # a busy machine
        while not list(tmp_path.glob("cache/maps/*/parts/certifying-*.part")):
            assert started.poll() is None, started.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(started.pid, signal.SIGINT)  # as a terminal does
        printed, _ = started.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
    assert started.returncode == 130
    assert "interrupted; what is done so far is kept for the next build" in printed
    assert "Traceback" not in printed
    assert not output.exists()
    assert list(tmp_path.glob("cache/maps/*/parts/tabulating-*.part"))
