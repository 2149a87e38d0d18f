"""The examples for CI systems: their commands, run as they are written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from heatpump_twin.cache import CACHE_VARIABLE, kept
from heatpump_twin.harness.calibration.record import record_path
from heatpump_twin.harness.report.machine_readable import write_json
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.machine_files.files import machine_path

CI = ROOT / "docs" / "ci"
# What a test cannot run offline: the wheel is installed by test_wheel.py.
INSTALLATION = "pip install wheels/*.whl"


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def github_lines() -> list[str]:
    steps = read("github.yml")["jobs"]["validate"]["steps"]
    return [line for s in steps if "run" in s for line in s["run"].strip().splitlines()]


def gitlab_lines() -> list[str]:
    job = read("gitlab-ci.yml")["validate"]
    return [line for part in ("before_script", "script", "after_script") for line in job[part]]


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        (github_lines(), 'cat out/report/summary.md >> "$GITHUB_STEP_SUMMARY"'),
        (gitlab_lines(), "cat out/report/summary.md"),
    ],
    ids=["github", "gitlab"],
)
def test_commands_run(lines: list[str], last: str, scores: Scores, tmp_path: Path) -> None:
    (tmp_path / "baseline").mkdir()
    write_json(scores, tmp_path / "baseline" / "scores.json")
    shutil.copy(machine_path("mci_lab"), tmp_path / "machine.toml")
    shutil.copy(record_path(machine_path("mci_lab")), record_path(tmp_path / "machine.toml"))
    shutil.copytree(ROOT / "validation_data" / "mci_lab", tmp_path / "my_data")
    descriptor = tmp_path / "my_data" / "descriptor.toml"
    text = descriptor.read_text(encoding="utf-8")
    assert 'machine = "mci_lab"' in text
    descriptor.write_text(
        text.replace('machine = "mci_lab"', 'machine = "../machine.toml"'), encoding="utf-8"
    )
    assert lines[0] == INSTALLATION
    assert lines[-1] == last
    summary = tmp_path / "step_summary.md"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(summary),
        # The map of this machine, which the fixtures have made.
        CACHE_VARIABLE: str(kept("maps", "").parent),
    }
    printed = ""
    for line in lines[1:]:
        done = subprocess.run(
            ["bash", "-e", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    shown = summary.read_text(encoding="utf-8") if summary.exists() else printed
    assert "## mci_lab on mci_lab" in shown
    assert "0 of 18 errors worse than the baseline" in shown
    for name in ("junit.xml", "report.html"):
        assert (tmp_path / "out" / "report" / name).is_file()


def test_both_cache_the_maps_where_the_command_keeps_them() -> None:
    github = read("github.yml")["jobs"]["validate"]
    (cache,) = [s for s in github["steps"] if s.get("uses", "").startswith("actions/cache")]
    assert github["env"][CACHE_VARIABLE] == cache["with"]["path"]
    gitlab = read("gitlab-ci.yml")["validate"]
    assert gitlab["cache"]["paths"] == [gitlab["variables"][CACHE_VARIABLE]]
    assert gitlab["artifacts"]["reports"]["junit"] == "out/report/junit.xml"
