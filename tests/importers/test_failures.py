"""What importers do with a step that the FMU discards or refuses, as docs/import says."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import fmpy
import pytest
from c_host import COMPILER, compile_sources
from importers import STATUS, Task, run_importer

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

# How many, and the one with a flow without meaning, which leads to the status HELD.
STEPS, REJECTED = 10, 6
NEGATIVE, HELD = -0.1, 4

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here")


@pytest.fixture(scope="module")
def task(unzipped: Path) -> Task:
    """Steps at the design point, one of them with a negative flow."""
    description = fmpy.read_model_description(str(unzipped))
    start = {v.name: v.start for v in description.modelVariables}
    rows = [[float(start[name]) for name in BOUNDARY_QUANTITIES] for _ in range(STEPS)]
    rows[REJECTED][3] = NEGATIVE
    return Task(unzipped, list(BOUNDARY_QUANTITIES), ["P_el", STATUS], rows)


@pytest.fixture(scope="module")
def failing(unzipped: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """FMUs that begin with another `on_failure`, since not every tool sets a text."""
    made = {}
    for choice in ("discard", "error"):
        folder = tmp_path_factory.mktemp("failing")
        changed = Path(shutil.copytree(unzipped, folder / "fmu"))
        source = changed / "sources" / "instance.c"
        text = source.read_text(encoding="utf-8")
        before = "    instance->frame.phase = INSTANTIATED;\n"
        assert text.count(before) == 1
        after = f"{before}    instance->frame.on_failure = FAILURE_{choice};\n"
        source.write_text(text.replace(before, after), encoding="utf-8")
        compile_sources(changed / "sources", next(changed.glob("binaries/linux64/*.so")))
        made[choice] = folder / "mci_lab.fmu"
        with zipfile.ZipFile(made[choice], "w") as archive:
            for path in sorted(changed.rglob("*")):
                archive.write(path, path.relative_to(changed))
    return made


@pytest.mark.parametrize("choice", ["discard", "error"])
def test_fmpy(task: Task, failing: dict[str, Path], choice: str, tmp_path: Path) -> None:
    code, rows, said = run_importer("with_fmpy.py", replace(task, fmu=failing[choice]), tmp_path)
    assert f"m_flow_source = {NEGATIVE:g} kg/s has no meaning" in said
    if choice == "discard":
        # Ends there without an error, with the results up to there.
        assert (code, len(rows)) == (0, REJECTED + 1)
        assert rows[-1][-1] == HELD
    else:
        assert (code, rows) == (1, [])
        assert "fmi2DoStep failed with status 3 (error)" in said


@pytest.mark.parametrize("choice", ["discard", "error"])
def test_libcosim(task: Task, failing: dict[str, Path], choice: str, tmp_path: Path) -> None:
    code, rows, said = run_importer(
        "with_libcosimpy.py", replace(task, fmu=failing[choice]), tmp_path
    )
    assert (code, rows) == (1, [])
    assert said.splitlines()[-1] == "libcosim stopped"
    assert f"m_flow_source = {NEGATIVE:g} kg/s has no meaning" in said


@pytest.mark.parametrize("choice", ["discard", "error"])
def test_ecos(task: Task, failing: dict[str, Path], choice: str, tmp_path: Path) -> None:
    code, rows, _ = run_importer("with_ecospy.py", replace(task, fmu=failing[choice]), tmp_path)
    # Goes on with the values held, although each further step is refused.
    assert (code, len(rows)) == (0, STEPS)
    assert [row[-1] for row in rows] == [1] * REJECTED + [HELD] * (STEPS - REJECTED)


def test_all_go_on_where_nothing_else_is_chosen(task: Task, tmp_path: Path) -> None:
    archive = tmp_path / "mci_lab.fmu"
    shutil.make_archive(str(archive.with_suffix("")), "zip", task.fmu)
    archive.with_suffix(".zip").rename(archive)
    for script in ("with_fmpy.py", "with_libcosimpy.py", "with_ecospy.py"):
        code, rows, said = run_importer(script, replace(task, fmu=archive), tmp_path)
        assert code == 0, said
        expected = [1] * REJECTED + [HELD] + [1] * (STEPS - REJECTED - 1)
        assert [row[-1] for row in rows] == expected, script
