"""What the README tells a user to type, typed; and its figures, recomputed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from harness.scores import MODEL, OFF_DESIGN, Scores

README = (ROOT / "README.md").read_text(encoding="utf-8")
# Run by .ci/run, which this test is a part of.
RUN_BY_CI = ("make demo", "make test")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def shell_lines() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and line not in RUN_BY_CI]


def inline_commands() -> list[str]:
    return re.findall(r"`((?:heatpump-twin|python) [^`]*)`", README)


@pytest.fixture(scope="module")
def workplace(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "out").mkdir()
    shutil.copy(fmu, folder / "out" / "mci_lab.fmu")
    shutil.copy(ROOT / "build_fmu.py", folder)
    shutil.copy(ROOT / "fmu_src" / "machines" / "mci_lab.toml", folder / "my_machine.toml")
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


@pytest.mark.parametrize("code", blocks("python"))
def test_python(workplace: Path, code: str) -> None:
    run([sys.executable, "-c", code], workplace)


def test_the_readme_has_commands() -> None:
    assert len(shell_lines()) >= 3
    assert len(inline_commands()) >= 4
    assert len(blocks("python")) == 1


@pytest.mark.parametrize(
    ("row", "quantity"),
    [
        ("electric power", "P_el"),
        ("heat to the sink", "Q_flow_sink"),
        ("COP", "COP"),
        ("suction pressure", "p_low"),
        ("discharge pressure", "p_high"),
    ],
)
def test_figures_are_those_of_the_scores(scores: Scores, row: str, quantity: str) -> None:
    line = next(text for text in README.splitlines() if text.startswith(f"| {row} |"))
    figures = [float(f) for f in re.findall(r"([\d.]+) %", line)]
    names = [MODEL, "linear regression", "quadratic regression", "thesis (Sandrini 2025)"]
    for name, figure in zip(names, figures, strict=True):
        errors = scores.find(name, OFF_DESIGN, quantity)
        assert errors is not None
        assert errors.mape == pytest.approx(figure, abs=0.051 if figure < 100 else 0.51), name


def test_suction_temperature_is_that_of_the_scores(scores: Scores) -> None:
    line = next(text for text in README.splitlines() if text.startswith("| suction temp"))
    figures = [float(f) for f in re.findall(r"([\d.]+) K", line)]
    for name, figure in zip(
        [MODEL, "linear regression", "quadratic regression"], figures, strict=True
    ):
        errors = scores.find(name, OFF_DESIGN, "T_suction")
        assert errors is not None
        assert errors.mae == pytest.approx(figure, abs=0.0051), name


def test_files_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
