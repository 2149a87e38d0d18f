"""The folder that `init` writes; that the fit works on it as it is, test_docs.py shows."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.new_dataset import TEMPLATES
from heatpump_twin.harness.scoring.validation import start_of
from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("init") / "new" / "my_heat_pump"
    result = run("init", folder)
    assert result.exit_code == 0, result.output
    return load_dataset(str(folder))


def test_files_are_made_and_next_steps_named(tmp_path: Path) -> None:
    folder = tmp_path / "parent" / "my_heat_pump"
    result = run("init", folder)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in folder.iterdir()) == sorted(TEMPLATES)
    for name in ("descriptor.toml", "start.toml"):
        assert (folder / name).read_text(encoding="utf-8").startswith("#")
    steps = [line.split()[1] for line in result.output.splitlines() if "heatpump-twin " in line]
    assert steps == ["calibrate", "build", "validate"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_there_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    result = run("init", tmp_path)
    assert result.exit_code == 2, result.output
    assert f"already holds {name}" in " ".join(result.output.split())
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert run("init", tmp_path).exit_code == 0
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_where_the_folder_should_be_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    result = run("init", tmp_path / "file" / "below")
    assert result.exit_code == 2, result.output
    assert "cannot be written" in " ".join(result.output.split())


def test_the_example_is_a_data_set_of_outside_quantities(example: Dataset) -> None:
    assert len(example.values) == 24
    assert example.scored == ("P_el", "Q_flow_sink", "COP")
    for q in ("T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink"):
        assert example.values[q].nunique() >= 3, q
    assert "invented" in example.descriptor.source.lower()
    assert example.ignored_columns == ()


def test_the_commented_columns_are_valid_when_uncommented(example: Dataset, tmp_path: Path) -> None:
    text = (example.folder / "descriptor.toml").read_text(encoding="utf-8")
    before, marker, rest = text.partition("# [columns.p_low_bar]")
    optional, blank, after = (marker + rest).partition("\n\n# A quantity that")
    lines = [line.removeprefix("# ") for line in optional.splitlines()]
    (tmp_path / "descriptor.toml").write_text(
        before + "\n".join(lines) + blank + after, encoding="utf-8"
    )
    head, *rows = (example.folder / "data.csv").read_text(encoding="utf-8").split()
    table = [f"{head},p_low_bar,p_high_bar", *(f"{row},6.9,24.0" for row in rows)]
    (tmp_path / "data.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    values = load_dataset(str(tmp_path)).values
    assert values["p_low"].iloc[0] == pytest.approx(6.9e5)
    assert values["p_high"].iloc[0] == pytest.approx(24e5)


def test_descriptor_and_start_file_agree(example: Dataset) -> None:
    path = start_of(example)
    assert path == example.folder / "start.toml"
    start = tomllib.loads(path.read_text(encoding="utf-8"))
    assert start["name"] == example.descriptor.name
    assert example.descriptor.machine == "machine.toml"
    assert "design_point" not in start
    for q in BOUNDARY_QUANTITIES:
        si_unit = {"T": "K", "m": "kg/s", "c": "1"}[q[0]]
        low, high = (start["envelope"][f"{q}_{end}"] for end in ("min", "max"))
        # With a margin on both sides, since the records prove nothing beyond.
        assert to_si(low["value"], low["unit"], si_unit) < example.values[q].min(), q
        assert to_si(high["value"], high["unit"], si_unit) > example.values[q].max(), q
