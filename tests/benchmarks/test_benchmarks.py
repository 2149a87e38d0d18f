"""The benchmark runs and writes its page; what it measures is not looked at."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT

from benchmarks.in_c import InC
from benchmarks.limits import (
    MOST_BYTES,
    MOST_FIRST_RESULT,
    MOST_MEMORY,
    MOST_PER_STEP,
    MOST_RATIO,
    MOST_YEAR,
    limits,
)
from benchmarks.steps import MAP, StepCost


@pytest.fixture(scope="module")
def page(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("benchmarks") / "performance.md"
    command = ["-m", "benchmarks", "--quick", "--fmu", str(fmu), "-o", str(path)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path.read_text(encoding="utf-8")


def rows(page: str, section: str) -> list[list[str]]:
    text = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("section", "first_cells"),
    [
        ("In a host in C", ["empty FMU", "map mode"]),
        ("Through FMPy", ["empty FMU", "map mode", "live mode"]),
        ("A year", ["empty FMU", *["map mode"] * 3, *["live mode, *extrapolated"] * 3]),
        ("Start-up and file", ["empty FMU", "map mode", "live mode"]),
        ("Memory", ["empty FMU", "map mode", "live mode"]),
        ("Where live mode's properties come from", ["HEOS", "BICUBIC"]),
        ("Accuracy against build time and size", ["10 %"]),
    ],
)
def test_each_table_has_its_rows(page: str, section: str, first_cells: list[str]) -> None:
    assert [row[0] for row in rows(page, section)] == first_cells


def test_page_shows_each_limit(page: str) -> None:
    shown = rows(page, "Limits")
    assert len(shown) == 6
    assert {kept for *_, kept in shown} <= {"yes", "no"}


HOST = InC(MAP, 1, 1, MOST_FIRST_RESULT, MOST_PER_STEP, 0.0, MOST_YEAR, MOST_MEMORY)
COST = StepCost(MAP, 1, 0.0, 0.0, 0.0, 0.0, 0.0, MOST_RATIO)


@pytest.mark.parametrize(
    ("host", "cost", "size", "missed"),
    [
        ({}, {}, MOST_BYTES, []),
        ({"median": 1.001 * MOST_PER_STEP}, {}, MOST_BYTES, ["a step in a host in C"]),
        (
            {"first_result": 1.001 * MOST_FIRST_RESULT},
            {},
            MOST_BYTES,
            ["first result in a host in C"],
        ),
        ({"year": 1.001 * MOST_YEAR}, {}, MOST_BYTES, ["a year of minutes in a host in C"]),
        ({"memory": 1.001 * MOST_MEMORY}, {}, MOST_BYTES, ["100 instances"]),
        ({}, {}, 1.001 * MOST_BYTES, ["FMU with all platforms"]),
        (
            {},
            {"ratio": 1.001 * MOST_RATIO},
            MOST_BYTES,
            ["a step through FMPy, relative to the empty FMU"],
        ),
    ],
)
def test_a_limit_is_kept_up_to_its_figure(
    host: dict, cost: dict, size: float, missed: list[str]
) -> None:
    found = limits([replace(HOST, **host)], [replace(COST, **cost)], size)
    assert [limit.name for limit in found if not limit.is_kept] == missed


def test_the_year_stays_inside_the_envelope(page: str) -> None:
    for row in rows(page, "A year")[1:4]:
        assert {entry.split(":")[0] for entry in row[-1].split(", ")} <= {"0", "1"}


def test_interpolants_have_no_fewer_nodes_than_the_map(page: str) -> None:
    nodes = [int(row[1].replace(",", "")) for row in rows(page, "Interpolation")]
    assert len(nodes) == 3
    assert min(nodes) == nodes[0]


def test_each_other_tool_is_measured_or_said_to_be_missing(page: str) -> None:
    tools = rows(page, "Other tools on the same boundaries")
    assert [row[0].split()[0] for row in tools] == ["hplib", "hplib", "vclibpy", "tespy"]
    for row in tools:
        assert row[2].startswith("could not be run: not installed") or int(row[2].replace(",", ""))
