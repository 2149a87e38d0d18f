"""Build a fuzz target with sanitisers for addresses and undefined behaviour, and run it.

By clang with libFuzzer, which learns which bytes lead to new code; where there is no clang, by gcc:
then the target has a `main` of its own behind ``#ifdef ALONE``, which makes up bytes at random and
prints how many inputs it has tried.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SANITISERS = "address,undefined"


def compile_target(target: Path, files: Sequence[Path], flags: Sequence[str] = ()) -> str:
    """Compile C files; gives what drives the target, or an empty text without a compiler."""
    usual = ["-std=c11", "-O1", "-g", "-fno-sanitize-recover=undefined", *flags]
    for compiler, sanitise, driver in (
        ("clang", [f"-fsanitize=fuzzer,{SANITISERS}"], "libFuzzer"),
        ("gcc", [f"-fsanitize={SANITISERS}", "-DALONE"], "random bytes"),
    ):
        if not shutil.which(compiler):
            continue
        command = [compiler, *usual, *sanitise, *map(str, files), "-o", str(target)]
        command += ["-lm", "-lpthread", "-ldl"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return driver
    return ""


def run_target(target: Path, driver: str, seconds: int, longest: int, **environment: str) -> int:
    """Run a target for so long with inputs of at most so many bytes; returns how many it tried.

    Inputs to begin with may lie in ``corpus`` beside the target.

    Raises
    ------
    RuntimeError
        With what was found.
    """
    corpus = target.parent / "corpus"
    corpus.mkdir(exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-max_len={longest}", "corpus"]
    done = subprocess.run(
        [str(target), *(limits if driver == "libFuzzer" else [str(seconds)])],
        cwd=target.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}\n{said[-4000:]}")
    (tried,) = re.findall(r"(?:Done (\d+) runs|(\d+) inputs)", said)
    return int("".join(tried))
