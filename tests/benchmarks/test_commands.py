"""The commands of the long measurements, run for seconds: that they run, not what they find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from browser import CHROMIUM
from conftest import ROOT

SHORT = (
    *("--steps", "20000", "--cycles", "30", "--rollbacks", "10", "--calls", "1000"),
    *("--searches", "5", "--fuzzing", "1", "--runs", "1", "--live-runs", "0"),
)


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_soak(fmu: Path, tmp_path: Path) -> None:
    """`make soak` is this for hours."""
    page = tmp_path / "page.md"
    done = run("benchmarks.soak", "--fmu", fmu, "-o", page, *SHORT)
    # Of a run this short growth says nothing, so its verdict, the exit code, is not looked at.
    assert page.is_file(), done.stdout + done.stderr
    text = page.read_text(encoding="utf-8")
    assert "| FMPy, map | 1 | 0: 1 |" in text
    assert "| C host, map | 1 | 0: 1 |" in text


def test_screen(fmu: Path) -> None:
    done = run("benchmarks.screen", "--runs", "1")
    if CHROMIUM is None:
        assert done.returncode == 2
        return
    assert done.returncode == 0, done.stderr
    assert "slider to picture" in done.stdout


def test_tables() -> None:
    done = run("benchmarks.tables", "--rows", "300")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".parquet of 300 rows" in done.stdout
