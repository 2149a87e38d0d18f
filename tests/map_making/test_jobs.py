"""Tasks of a build: what is kept, what is computed again, and what says so."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatpump_twin.map_making.jobs import (
    CACHE_VARIABLE,
    Array,
    Jobs,
    cache_folder,
    executor,
    no_progress,
)
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine

TASKS = [(x,) for x in range(8)]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Counted:
    """A task that notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, x: int) -> Array:
        self.calls.append(x)
        return np.array([x, x**2], dtype=float)


def results(jobs: Jobs, function: Counted) -> list[list[float]]:
    return [array.tolist() for array in jobs.compute("squaring", function, TASKS)]


EXPECTED = [[float(x), float(x**2)] for (x,) in TASKS]


def test_results_come_in_the_order_of_the_tasks_and_are_kept(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    told, square = [], Counted()
    jobs = Jobs(tmp_path / "parts", pool, lambda *progress: told.append(progress))
    assert results(jobs, square) == EXPECTED
    assert told == [("squaring", done, 8) for done in range(9)]
    again = Counted()
    assert results(Jobs(tmp_path / "parts", pool, no_progress), again) == EXPECTED
    assert (len(square.calls), again.calls) == (8, [])


def test_another_label_is_another_result(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    jobs, square = Jobs(tmp_path, pool, no_progress), Counted()
    results(jobs, square)
    jobs.compute("squaring again", square, TASKS)
    assert len(square.calls) == 16


def test_interrupted_build_goes_on_where_it_was(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    def interrupt(label: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results(Jobs(tmp_path, pool, interrupt), Counted())
    rest, told = Counted(), []
    assert results(Jobs(tmp_path, pool, lambda _, done, n: told.append(done)), rest) == EXPECTED
    assert (told[0], len(rest.calls)) == (3, 5)


@pytest.mark.parametrize("damage", ["shortened", "emptied", "changed", "removed"])
def test_damaged_part_is_computed_again(
    tmp_path: Path, pool: ThreadPoolExecutor, damage: str
) -> None:
    results(Jobs(tmp_path, pool, no_progress), Counted())
    part = sorted(tmp_path.iterdir())[5]
    content = part.read_bytes()
    if damage == "removed":
        part.unlink()
    else:
        changed = content[:-1] + bytes([content[-1] ^ 1])
        part.write_bytes({"shortened": content[:40], "emptied": b"", "changed": changed}[damage])
    again = Counted()
    assert results(Jobs(tmp_path, pool, no_progress), again) == EXPECTED
    assert len(again.calls) == 1
    assert part.read_bytes() == content


def fail(x: int) -> Array:
    raise InputError(f"no result for {x}")


def test_failed_task_keeps_the_results_before_it(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    results(Jobs(tmp_path, pool, no_progress), Counted())
    with pytest.raises(InputError, match="no result for 8"):
        Jobs(tmp_path, pool, no_progress).compute("squaring", fail, [*TASKS, (8,)])
    again = Counted()
    assert results(Jobs(tmp_path, pool, no_progress), again) == EXPECTED
    assert again.calls == []


def test_folder_that_cannot_be_written_is_one_message(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match=r"file.*cannot be written"):
        results(Jobs(tmp_path / "file" / "parts", pool, no_progress), Counted())


def end_process(x: int) -> Array:
    os.kill(os.getpid(), signal.SIGKILL)
    return np.zeros(0)


def test_killed_process_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ended from outside.*is kept"), executor(None) as pool:
        Jobs(tmp_path, pool, no_progress).compute("ending", end_process, TASKS)


def interrupt_group_of_processes(x: int) -> Array:
    os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does, which a terminal sends to all
    return np.array([float(x)])


def test_ctrl_c_is_left_to_the_process_that_was_started(tmp_path: Path) -> None:
    with executor(None) as pool:
        found = Jobs(tmp_path, pool, no_progress).compute(
            "interrupting", interrupt_group_of_processes, TASKS
        )
    assert [a.tolist() for a in found] == [[float(x)] for (x,) in TASKS]
    assert not multiprocessing.active_children()


def test_cache_is_keyed_by_everything_that_changes_numbers(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    compressor = replace(machine.compressor, shell_loss_ratio=0.0123)
    coldest, warmest = machine.envelope.range("T_sink_in")
    envelope = machine.envelope.with_ranges({"T_sink_in": (coldest, warmest - 1.0)})
    folders = {
        cache_folder(machine, 1e-3, 2000),
        cache_folder(machine, 2e-3, 2000),
        cache_folder(machine, 1e-3, 1999),
        cache_folder(replace(machine, compressor=compressor), 1e-3, 2000),
        cache_folder(replace(machine, envelope=envelope), 1e-3, 2000),
    }
    assert len(folders) == 5
    assert cache_folder(machine, 1e-3, 2000) in folders
    assert {folder.parent for folder in folders} == {tmp_path / "maps"}
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert tmp_path / "home" in cache_folder(machine, 1e-3, 2000).parents
