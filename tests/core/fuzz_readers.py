"""Fuzz the core's readers of map files and states."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from compiled import write_sources
from fuzz_targets import Fuzzed, compile_target, run_target

SOURCE = Path(__file__).with_name("fuzz.c")
LONGEST = 4096  # bytes
KINDS = 4  # of inputs, which their first byte says


def fuzz(
    map_file: bytes, seconds: int, changes: Mapping[str, tuple[str, str]] | None = None
) -> Fuzzed:
    """Fuzz for so long, also the core with changes of its sources.

    Raises
    ------
    RuntimeError
        With what was found.
    """
    with tempfile.TemporaryDirectory(prefix="fuzzing_") as name:
        folder = Path(name)
        files = [folder / file for file in write_sources(folder, changes)]
        target = compile_target(folder / "target", [*files, SOURCE], [f"-I{folder}"])
        path = folder / "heat_pump.bin"
        path.write_bytes(map_file)
        starts = [bytes([kind]) + map_file[:100] for kind in range(KINDS)]
        return run_target(target, seconds, LONGEST, starts, FUZZ_MAP=str(path))
