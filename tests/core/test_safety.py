"""The core under sanitisers and a fuzzer: no address, no undefined number, no shared memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import GCC, compile_program
from fuzz_readers import fuzz

from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine

HERE = Path(__file__).parent
STEPS = 3000
FUZZING = 5  # s; `make soak` takes longer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs are for Linux")


@pytest.fixture(scope="module")
def written(
    machine: Machine, certified: CertifiedMap, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("map") / "heat_pump.bin"
    path.write_bytes(map_file(machine, certified.table))
    return path


@pytest.mark.skipif(GCC is None, reason="no gcc here, which has the sanitisers")
@pytest.mark.parametrize("sanitiser", ["address,undefined", "thread"])
def test_two_threads_under_sanitisers(sanitiser: str, written: Path, tmp_path: Path) -> None:
    flags = ("-g", "-O1", f"-fsanitize={sanitiser}", "-fno-sanitize-recover=all")
    program = compile_program(tmp_path, HERE / "threads.c", str(GCC), *flags)
    done = subprocess.run(
        [str(program), str(written), str(STEPS)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[0]) > STEPS / 3


def test_maps_and_states_that_a_fuzzer_makes_up(written: Path) -> None:
    found = fuzz(written.read_bytes(), FUZZING)
    if not found.driver:
        pytest.skip("neither clang nor gcc with sanitisers is here")
    assert found.inputs > 100


@pytest.mark.skipif(GCC is None and not shutil.which("clang"), reason="neither clang nor gcc here")
@pytest.mark.parametrize(
    ("file", "check", "without"),
    [
        (
            "state.c",
            "if (!is_in_range(&DECLARED_RESULT[i], found.results[i])) return false;",
            "",
        ),
        (
            "map_file.c",
            "if (!(value >= 1.0 && value <= most && value == floor(value)))",
            "if (false)",
        ),
    ],
)
def test_fuzzer_would_find_a_missing_check(
    file: str, check: str, without: str, written: Path
) -> None:
    with pytest.raises(RuntimeError, match="exit code"):
        fuzz(written.read_bytes(), 60, {file: (check, without)})
