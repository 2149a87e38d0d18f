"""Fuzz the sequence of FMI's calls: ``python fuzzing_calls.py <unzipped FMU> <seconds>``.

The sources that an FMU carries are compiled together with `fuzz.c`. Prints as JSON how it was done
and how many lives were lived; ends with exit code 1 at a finding.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import fmpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzzing import compile_target, run_target

SOURCE = Path(__file__).with_name("fuzz.c")
LONGEST_LIFE = 2048  # bytes


def fuzz_calls(unzipped: Path, seconds: int) -> dict[str, Any]:
    """Fuzz for so long; raises `RuntimeError` with what was found."""
    sources, headers = unzipped / "sources", Path(fmpy.__file__).parent / "c-code"
    flags = ["-DFMI2_OVERRIDE_FUNCTION_PREFIX", f"-I{sources}", f"-I{headers}"]
    with tempfile.TemporaryDirectory(prefix="fuzzing_") as name:
        folder = Path(name)
        driver = compile_target(folder / "target", [SOURCE, *sorted(sources.glob("*.c"))], flags)
        if not driver:
            return {"driver": "", "lives": 0}
        # Without the part for live mode, which is Python's.
        resources = folder / "resources"
        leave = shutil.ignore_patterns("live", "__pycache__")
        shutil.copytree(unzipped / "resources", resources, ignore=leave)
        lives = run_target(
            folder / "target",
            driver,
            seconds,
            LONGEST_LIFE,
            FUZZ_RESOURCES=resources.as_uri(),
            FUZZ_GUID=(resources / "guid.txt").read_text().strip(),
        )
        return {"driver": driver, "lives": lives}


def main() -> int:
    """Parse the command line and fuzz; returns the exit code."""
    try:
        print(json.dumps(fuzz_calls(Path(sys.argv[1]), int(sys.argv[2]))))
    except RuntimeError as finding:
        print(finding)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
