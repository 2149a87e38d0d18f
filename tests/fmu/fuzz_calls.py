"""Fuzz the sequence of FMI's calls: ``python fuzz_calls.py <unzipped FMU> <seconds>``.

The sources that an FMU carries are compiled together with `fuzz.c`. Prints how it was done and how
many inputs were tried; ends with exit code 1 at a finding.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import fmpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzz_targets import Fuzzed, compile_target, run_target

SOURCE = Path(__file__).with_name("fuzz.c")
LONGEST = 2048  # bytes


def fuzz(unzipped: Path, seconds: int) -> Fuzzed:
    """Fuzz for so long.

    Raises
    ------
    RuntimeError
        With what was found.
    """
    sources, headers = unzipped / "sources", Path(fmpy.__file__).parent / "c-code"
    flags = ["-DFMI2_OVERRIDE_FUNCTION_PREFIX", f"-I{sources}", f"-I{headers}"]
    with tempfile.TemporaryDirectory(prefix="fuzzing_") as name:
        folder = Path(name)
        target = compile_target(folder / "target", [SOURCE, *sorted(sources.glob("*.c"))], flags)
        # Without the part for live mode, which is Python's.
        resources = folder / "resources"
        leave = shutil.ignore_patterns("live", "__pycache__")
        shutil.copytree(unzipped / "resources", resources, ignore=leave)
        return run_target(
            target,
            seconds,
            LONGEST,
            FUZZ_RESOURCES=resources.as_uri(),
            FUZZ_GUID=(resources / "guid.txt").read_text().strip(),
        )


def main() -> int:
    """Parse the command line and fuzz; returns the exit code."""
    try:
        print(fuzz(Path(sys.argv[1]), int(sys.argv[2])))
    except RuntimeError as finding:
        print(finding)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
