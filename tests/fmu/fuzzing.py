"""Fuzz the sequence of FMI's calls: ``python fuzzing.py <unzipped FMU> <seconds>``.

The sources that an FMU carries are compiled together with `fuzz.c` and with sanitisers for
addresses and undefined behaviour: by clang with libFuzzer, which learns which bytes lead to new
code, or where there is no clang by gcc with random bytes. Prints as JSON how it was done and how
many lives were lived; ends with exit code 1 at a finding.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import fmpy

SOURCE = Path(__file__).with_name("fuzz.c")
LONGEST_LIFE = 2048  # bytes


def compile_target(sources: Path, target: Path) -> str:
    """Compile the target; gives what drives it, or an empty text without a compiler."""
    headers = Path(fmpy.__file__).parent / "c-code"
    usual = [
        *("-std=c11", "-O1", "-g", "-DFMI2_OVERRIDE_FUNCTION_PREFIX"),
        *("-fno-sanitize-recover=undefined", f"-I{sources}", f"-I{headers}", str(SOURCE)),
        *map(str, sorted(sources.glob("*.c"))),
        *("-o", str(target), "-lm", "-lpthread", "-ldl"),
    ]
    for compiler, flags, driver in (
        ("clang", ["-fsanitize=fuzzer,address,undefined"], "libFuzzer"),
        ("gcc", ["-fsanitize=address,undefined", "-DALONE"], "random bytes"),
    ):
        if not shutil.which(compiler):
            continue
        done = subprocess.run([compiler, *flags, *usual], capture_output=True, check=False)
        if done.returncode == 0:
            return driver
    return ""


def fuzz(unzipped: Path, seconds: int) -> dict[str, Any]:
    """Fuzz for so long; raises `RuntimeError` with what was found."""
    with tempfile.TemporaryDirectory(prefix="fuzzing_") as name:
        folder = Path(name)
        driver = compile_target(unzipped / "sources", folder / "target")
        if not driver:
            return {"driver": "", "lives": 0}
        (folder / "corpus").mkdir()
        # Without the part for live mode, which is Python's.
        resources = folder / "resources"
        shutil.copytree(
            unzipped / "resources", resources, ignore=shutil.ignore_patterns("live", "__pycache__")
        )
        limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST_LIFE}", "corpus"]
        done = subprocess.run(
            [str(folder / "target"), *(limits if driver == "libFuzzer" else [str(seconds)])],
            cwd=folder,
            env={
                **os.environ,
                "FUZZ_RESOURCES": resources.as_uri(),
                "FUZZ_GUID": (resources / "guid.txt").read_text().strip(),
            },
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}\n{said[-4000:]}")
        (lives,) = re.findall(r"(?:Done (\d+) runs|(\d+) lives)", said)
        return {"driver": driver, "lives": int("".join(lives))}


def main() -> int:
    """Parse the command line and fuzz; returns the exit code."""
    try:
        print(json.dumps(fuzz(Path(sys.argv[1]), int(sys.argv[2]))))
    except RuntimeError as finding:
        print(finding)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
