"""The core compiled here: from changed sources, or with other flags than those of the FMU."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from heatpump_twin.core.compiling import core_sources

GCC = shutil.which("gcc")
COMPILER = [GCC] if GCC else [sys.executable, "-m", "ziglang", "cc"]
_SHOWN = '-DHEAT_PUMP_API=__attribute__((visibility("default")))'
_USUAL = ("-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-Wpedantic")


def write_sources(folder: Path, changes: Mapping[str, tuple[str, str]] | None = None) -> list[str]:
    """Write the core's files with one text in each replaced; returns the names of the C files."""
    files = dict(core_sources())
    for name, (old, new) in (changes or {}).items():
        text = files[name].decode()
        assert old in text, f"{name} has no {old!r} any more"
        files[name] = text.replace(old, new).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(name for name in files if name.endswith(".c"))


def compile_core(folder: Path, changes: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """Compile the core as a library for Python."""
    sources = write_sources(folder, changes)
    # A mutation may leave something unused.
    flags = ["-O1", "-fPIC", "-shared", "-Wno-unused", _SHOWN]
    command = [*COMPILER, *_USUAL, *flags, *sources, "-o", "core.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "core.so"


def compile_program(folder: Path, program: Path, compiler: str, *flags: str) -> Path:
    """Compile the core together with a program in C."""
    sources = [*write_sources(folder), str(program)]
    command = [compiler, *_USUAL, "-I.", *flags, *sources, "-o", program.stem, "-lm", "-pthread"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / program.stem
