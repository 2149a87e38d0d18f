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
from typing import NamedTuple

SANITISERS = "address,undefined"


class Target(NamedTuple):
    """A program, and what drives it: "libFuzzer", "random bytes", or nothing without a compiler."""

    program: Path
    driver: str


class Fuzzed(NamedTuple):
    """What drove a target, and how many inputs it tried without a finding."""

    driver: str
    inputs: int


def compile_target(program: Path, files: Sequence[Path], flags: Sequence[str] = ()) -> Target:
    """Compile C files into a target."""
    usual = ["-std=c11", "-O1", "-g", "-fno-sanitize-recover=undefined", *flags]
    for compiler, sanitise, driver in (
        ("clang", [f"-fsanitize=fuzzer,{SANITISERS}"], "libFuzzer"),
        ("gcc", [f"-fsanitize={SANITISERS}", "-DALONE"], "random bytes"),
    ):
        if not shutil.which(compiler):
            continue
        command = [compiler, *usual, *sanitise, *map(str, files), "-o", str(program)]
        command += ["-lm", "-lpthread", "-ldl"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return Target(program, driver)
    return Target(program, "")


def run_target(
    target: Target, seconds: int, longest: int, starts: Sequence[bytes] = (), **environment: str
) -> Fuzzed:
    """Run a target for so long, with inputs of at most so many bytes that begin with `starts`.

    Raises
    ------
    RuntimeError
        With what was found.
    """
    if not target.driver:
        return Fuzzed("", 0)
    corpus = target.program.parent / "corpus"
    corpus.mkdir()
    for i, start in enumerate(starts):
        (corpus / str(i)).write_bytes(start)
    limits = [f"-max_total_time={seconds}", f"-max_len={longest}", "corpus"]
    done = subprocess.run(
        [str(target.program), *(limits if target.driver == "libFuzzer" else [str(seconds)])],
        cwd=target.program.parent,
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
    return Fuzzed(target.driver, int("".join(tried)))
