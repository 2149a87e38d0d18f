"""The shipped FMUs in independent importers: the same results to the last digits, clean exits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fmpy
import pytest
from c_host import COMPILER
from importers import DECIMALS, IMPORTERS, STATUS, UNUSUAL, Task

from heatpump_twin.fmu.build import build
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

OUTPUTS = [*RESULT_QUANTITIES, STATUS]

# Ten steps: ecos' command divides by a tenth of their number.
STEPS = 10


def rows_of(machine_name: str) -> list[list[float]]:
    """Inputs around the design point, off, outside the envelope, and one without meaning."""
    machine = read_machine(machine_name)
    design = vars(machine.design.boundary)
    rows = [
        [
            design["compressor_speed"] * (1.0 - 0.03 * i),
            design["T_source_in"] + 0.4 * i,
            design["T_sink_in"] - 0.7 * i,
            design["m_flow_source"] * (1.0 - 0.02 * i),
            design["m_flow_sink"] * (1.0 + 0.01 * i),
        ]
        for i in range(STEPS)
    ]
    assert list(BOUNDARY_QUANTITIES) == list(design)
    rows[3][0] = 0.0
    rows[5][2] = machine.envelope.maximum.T_sink_in + 20.0
    rows[7][3] = -0.1
    return rows


@pytest.fixture(scope="module")
def tasks(fmus: dict[str, Path]) -> dict[str, Task]:
    return {
        name: Task(path, list(BOUNDARY_QUANTITIES), OUTPUTS, rows_of(name))
        for name, path in fmus.items()
    }


@pytest.fixture(scope="module")
def tool_fmu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tool") / "mci_lab.fmu"
    return build("mci_lab", path, needs_execution_tool=True).path


@pytest.fixture(scope="module")
def reference(
    tasks: dict[str, Task], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[list[float]]]:
    """Results with FMPy, to which the other importers' are compared."""
    return {
        name: IMPORTERS["fmpy"](task, tmp_path_factory.mktemp("reference"))
        for name, task in tasks.items()
    }


def assert_equal(found: list[list[float]], expected: list[list[float]], importer: str) -> None:
    assert len(found) == len(expected) == STEPS
    places = DECIMALS.get(importer)
    printed = 0.5 * 10.0**-places if places else 0.0
    for step, (row, expected_row) in enumerate(zip(found, expected, strict=True)):
        assert row == pytest.approx(expected_row, rel=1e-12, abs=printed * 1.0001), step


def test_reference_meets_all_statuses(reference: dict[str, list[list[float]]]) -> None:
    for rows in reference.values():
        statuses = [row[-1] for row in rows]
        assert (statuses[0], statuses[3], statuses[5], statuses[7]) == (1, 0, 2, 4)
        assert 3 not in statuses
        assert rows[7][:-1] == rows[6][:-1]
        assert rows[0][0] != rows[1][0]


# Each machine in importers of at least two cores beside FMPy; the C host reads no description, so
# what it says of a tool is nothing to it.
CASES = [
    *(("mci_lab", importer) for importer in ("libcosimpy", "ecospy", "ecos", "c")),
    ("nist_split", "libcosimpy"),
    ("nist_split", "c"),
    ("rwth_brine_water", "ecospy"),
    ("rwth_brine_water", "ecos"),
]


@pytest.mark.parametrize(("machine", "importer"), CASES)
def test_importers_agree(
    tasks: dict[str, Task],
    reference: dict[str, list[list[float]]],
    importer: str,
    machine: str,
    tmp_path: Path,
) -> None:
    if importer == "c" and COMPILER is None:
        pytest.skip("no C compiler (gcc or cc) here")
    found = IMPORTERS[importer](tasks[machine], tmp_path)
    assert_equal(found, reference[machine], importer)


@pytest.mark.parametrize("importer", ["fmpy", "libcosimpy", "ecospy", "ecos"])
def test_fmu_that_says_it_needs_a_tool(
    tasks: dict[str, Task],
    reference: dict[str, list[list[float]]],
    importer: str,
    tmp_path: Path,
    tool_fmu: Path,
) -> None:
    found = IMPORTERS[importer](replace(tasks["mci_lab"], fmu=tool_fmu), tmp_path)
    assert_equal(found, reference["mci_lab"], importer)


def test_only_the_fmu_that_is_asked_to_says_it_needs_a_tool(fmu: Path, tool_fmu: Path) -> None:
    for path, expected in ((fmu, False), (tool_fmu, True)):
        description = fmpy.read_model_description(str(path))
        assert description.coSimulation.needsExecutionTool is expected


def test_fmpy_under_an_unusual_path(
    tasks: dict[str, Task], reference: dict[str, list[list[float]]], tmp_path: Path
) -> None:
    unzipped = fmpy.extract(str(tasks["mci_lab"].fmu), unzipdir=str(tmp_path / UNUSUAL))
    found = IMPORTERS["fmpy"](replace(tasks["mci_lab"], fmu=Path(unzipped)), tmp_path)
    assert_equal(found, reference["mci_lab"], "fmpy")
