"""What the README tells a user to type, typed; and its figures, recomputed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.scoring.scores import (
    EXTRAPOLATION,
    FITTED,
    LEAVE_ONE_OUT,
    MODEL,
    Scores,
)
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.solving.cycle import HeatPumpCycle

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Outputs behind the columns of the certificate's table.
CERTIFIED_COLUMNS = (
    ("P_el",),
    ("Q_flow_sink", "Q_flow_source"),
    ("m_flow_refrigerant",),
    ("p_low", "p_high"),
    ("T_source_out", "T_sink_out"),
)
# Run by .ci/run, which this test is a part of, in effect by test_wheel.py, and, since it does not
# end by itself, by tests/live.
RUN_ELSEWHERE = (
    "make demo",
    "make twin",
    "make test",
    "pip wheel",
    "pip install",
    "heatpump-twin serve",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def shell_lines() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(RUN_ELSEWHERE)]


def inline_commands() -> list[str]:
    found = re.findall(r"`((?:heatpump-twin|python) [^`]*)`", README)
    return [command for command in found if not command.startswith(RUN_ELSEWHERE)]


@pytest.fixture(scope="module")
def workplace(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "out").mkdir()
    shutil.copy(fmu, folder / "out" / "mci_lab.fmu")
    shutil.copy(ROOT / "build_fmu.py", folder)
    shutil.copy(machine_path("mci_lab"), folder / "my_machine.toml")
    shutil.copytree(ROOT / "fmu_src", folder / "fmu_src")
    shutil.copytree(ROOT / "validation_data" / "mci_lab", folder / "path" / "to" / "my_data")
    return folder


def run(command: str | list[str], folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        shell=isinstance(command, str),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [*shell_lines(), *inline_commands()])
def test_command(workplace: Path, command: str) -> None:
    run(command, workplace)


def test_the_commands_have_fitted_the_example(workplace: Path) -> None:
    """What `calibrate` left in the folder of `init`; `test_command` has run it, once for both."""
    folder = workplace / "my_heat_pump"
    example = load_dataset(str(folder))
    record = CalibrationRecord.load(record_path(folder / "machine.toml"))
    assert record.records == list(example.values.index)  # none was left out
    assert record.is_leave_one_out
    unseen, fitted = record.frame("leave_one_out", "values"), record.fit_answers
    assert fitted.index.tolist() == record.records
    for q in ("P_el", "Q_flow_sink"):
        errors = unseen[q] / example.values[q] - 1.0
        assert errors.abs().mean() < 0.03, q
        # The fit saw what the others did not, and is none of them.
        assert (fitted[q] / unseen[q] - 1.0).abs().max() < 0.05, q
        assert (fitted[q] != unseen[q]).all(), q
    machine = read_machine(str(folder / "machine.toml"))
    assert machine.name == "my_heat_pump"
    # The fit solves the cycle without checking its physics; the FMU does check it.
    cycle, envelope = HeatPumpCycle(machine), machine.envelope
    for number in record.records:
        boundary = {q: float(example.values.loc[number, q]) for q in BOUNDARY_QUANTITIES}
        point = cycle.off_design(Boundary(**boundary))
        assert envelope.p_low_min < point.p_low
        assert point.p_high < envelope.p_high_max
        assert point.T_discharge < envelope.T_discharge_max


@pytest.mark.parametrize("code", blocks("python"))
def test_python(workplace: Path, code: str) -> None:
    run([sys.executable, "-c", code], workplace)


def test_the_readme_has_commands() -> None:
    assert len(shell_lines()) >= 3
    assert len(inline_commands()) >= 4
    assert len(blocks("python")) == 2


QUANTITY_OF_ROW = {
    "electric power": "P_el",
    "heat to the sink": "Q_flow_sink",
    "heat from the source": "Q_flow_source",
    "COP": "COP",
    "suction pressure": "p_low",
    "discharge pressure": "p_high",
    "refrigerant flow": "m_flow_refrigerant",
    "suction temperature": "T_suction",
    "discharge temperature": "T_discharge",
    "liquid temperature": "T_liquid",
    "sink outlet": "T_sink_out",
    "source outlet": "T_source_out",
}
COLUMNS = [
    (MODEL, LEAVE_ONE_OUT),
    ("linear regression", LEAVE_ONE_OUT),
    ("quadratic regression", LEAVE_ONE_OUT),
    (MODEL, FITTED),
    (MODEL, EXTRAPOLATION),
    ("linear regression", EXTRAPOLATION),
]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("### MCI", "mci_lab"),
        ("### NIST", "nist_split"),
        ("### RWTH", "rwth_brine_water"),
    ],
)
def test_figures_are_those_of_the_scores(
    heading: str, name: str, all_scores: dict[str, Scores]
) -> None:
    scores = all_scores[name]
    section = README[README.index(heading) :].split("\n#")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    shown = {s.quantity for s in scores.scores if s.predictor == MODEL}
    assert {QUANTITY_OF_ROW[row.split("|")[1].strip()] for row in rows} == shown
    for row in rows:
        title, *cells = (cell.strip(" *") for cell in row.strip("|").split("|"))
        for (predictor, split), cell in zip(COLUMNS, cells, strict=True):
            errors = scores.find(predictor, split, QUANTITY_OF_ROW[title])
            assert errors is not None
            figure, unit = cell.split()
            value = errors.mape if unit == "%" else errors.mae
            assert value == pytest.approx(float(figure), abs=0.051 if unit == "%" else 0.0051)
    certificate = scores.fmu.certificate
    assert certificate is not None
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    nodes, *figures = (float(cell.split()[0]) for cell in row.strip("|").split("|")[1:])
    assert nodes == certificate.nodes
    for figure, outputs in zip(figures, CERTIFIED_COLUMNS, strict=True):
        largest = max(certificate.errors[output].maximum for output in outputs)
        assert largest == pytest.approx(figure, rel=0.2, abs=0.00055)
    if scores.compressor is not None:
        power, flow = re.findall(r"left out: power ([\d.]+) %, flow ([\d.]+) %", section)[0]
        assert scores.compressor.P_el == pytest.approx(float(power), abs=0.051)
        assert scores.compressor.m_flow_refrigerant == pytest.approx(float(flow), abs=0.051)


def test_missed_limits_are_counted(all_scores: dict[str, Scores]) -> None:
    limits = [t for s in all_scores.values() for t in s.thresholds if not t.is_least]
    missed = [t for t in limits if not t.passed]
    assert f"By it {len(missed)} of {len(limits)} limits of errors are missed" in README


def test_files_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
