"""The core as browsers run it gives the digits of the native one."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatpump_twin.core import heat_pump as binding
from heatpump_twin.core.compiling import WEB, compiled_core
from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.layout import names
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
    OperatingStatus,
)

NODE = shutil.which("node")
COUNT = 100_000

# Relative. Logarithms and powers of the two C libraries may differ in the last bit.
LARGEST_DIFFERENCE = 1e-12

# Bytes. A page with core and map has 300 kB.
LARGEST_SIZE, LARGEST_COMPRESSED = 70_000, 32_000


def boundaries(machine: Machine, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Half of them inside, the others around the envelope, off, or without a meaning."""
    rng = np.random.default_rng(151)
    low, high = np.array(list(machine.envelope.ranges.values())).T
    found = rng.uniform(low, high, (count, len(low)))
    wide = rng.uniform(low - 0.5 * (high - low), high + 0.5 * (high - low), found.shape)
    found[count // 2 :] = wide[count // 2 :]
    odd = rng.integers(count // 2, count, count // 10)
    column = rng.integers(0, len(low), len(odd))
    ends = [[q.minimum, q.maximum, 0.0] for q in BOUNDARY_QUANTITIES.values()]
    values = np.array([[*e, -1.0, 20.0, np.nan, np.inf, -np.inf] for e in ends])
    found[odd, column] = values[column, rng.integers(0, values.shape[1], len(odd))]
    found[rng.integers(0, count, count // 20), 0] = 0.0
    return found


@pytest.fixture(scope="module")
def folder(
    machine: Machine, certified: CertifiedMap, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    if NODE is None:
        pytest.skip("no Node here, which runs WebAssembly outside a browser")
    folder = tmp_path_factory.mktemp("webassembly")
    shutil.copy(Path(binding.__file__).with_suffix(".js"), folder)
    shutil.copy(compiled_core(WEB), folder / "heat_pump.wasm")
    (folder / "names.json").write_text(json.dumps(names()), encoding="utf-8")
    (folder / "map.bin").write_bytes(map_file(machine, certified.table))
    (folder / "boundaries.bin").write_bytes(boundaries(machine, COUNT).tobytes())
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("answers.mjs")
    done = subprocess.run(
        [str(NODE), str(script), str(folder)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_answers_are_those_of_the_native_core(
    folder: Path, said: dict[str, Any], machine: Machine
) -> None:
    native = HeatPump((folder / "map.bin").read_bytes())
    statuses = np.fromfile(folder / "statuses.bin")
    results = np.fromfile(folder / "results.bin").reshape(COUNT, len(RESULT_QUANTITIES))
    notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    expected, kinds = np.empty_like(results), []
    for i, row in enumerate(boundaries(machine, COUNT).tolist()):
        answer = native.answer(Boundary(*row))
        kinds.append(answer.status)
        assert (answer.status, list(answer.notes)) == (statuses[i], notes[i]), row
        expected[i] = list(vars(native.results).values())
    assert np.max(np.abs(results - expected) / np.maximum(np.abs(expected), 1e-9)) <= (
        LARGEST_DIFFERENCE
    )
    # The comparison reaches each way to answer.
    for status in set(OperatingStatus) - {OperatingStatus.SOLVE_FAILED}:
        assert kinds.count(status) > COUNT // 200, status


def test_state_parameters_and_refusals(
    folder: Path, said: dict[str, Any], machine: Machine
) -> None:
    assert said["imports"] == 0
    assert said["isStateEqual"]
    assert said["units"] == 1.0
    assert said["refused"] is False
    assert said["growth"] == 0
    assert said["design"] == list(vars(machine.design.boundary).values())
    content = (folder / "map.bin").read_bytes()
    for bad, message in zip(
        (b"", content[:100], content[:999] + bytes([content[999] ^ 1]) + content[1000:]),
        said["refusals"],
        strict=True,
    ):
        with pytest.raises(InputError) as error:
            HeatPump(bad)
        assert str(error.value) == message


def test_it_is_small() -> None:
    content = compiled_core(WEB).read_bytes()
    assert len(content) <= LARGEST_SIZE
    assert len(gzip.compress(content)) <= LARGEST_COMPRESSED
