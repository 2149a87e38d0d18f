"""The SSP of heat pump and building in the tools that run SSP: as stepped by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import fmpy
import pytest
from conftest import ROOT
from fmpy.validation import validate_fmu
from importers import HOSTS, with_tbb
from lxml import etree

from harness.conformance import problems_of

SCRIPT = ROOT / "docs" / "import" / "ssp" / "make_ssp.py"
STEP_SIZE, STEPS = 300.0, 288  # one day
TYPES = {
    "heat_pump": ("Q_flow_sink", "P_el", "operating_status"),
    "building": ("T_room", "T_sink_in", "compressor_speed", "E_heating", "E_loss", "E_stored"),
}
NAMES = [(component, name) for component, names in TYPES.items() for name in names]

# Relative: libcosim counts time in whole nanoseconds, the others add or multiply steps.
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def system(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the SSP and, beside it, the same unzipped."""
    folder = tmp_path_factory.mktemp("ssp")
    subprocess.run(
        [sys.executable, str(SCRIPT), str(fmu), "-o", str(folder / "system.ssp")], check=True
    )
    with zipfile.ZipFile(folder / "system.ssp") as archive:
        archive.extractall(folder / "system")
    return folder


def run(system: Path, script: str, folder: Path) -> list[dict[str, float]]:
    variables = []
    for component, name in NAMES:
        description = fmpy.read_model_description(
            str(system / "system" / "resources" / f"{component}.fmu")
        )
        (variable,) = (v for v in description.modelVariables if v.name == name)
        variables.append([component, name, variable.type, variable.valueReference])
    request = {
        "ssp": str(system / "system.ssp"),
        "folder": str(system / "system"),
        "step_size": STEP_SIZE,
        "steps": STEPS,
        "variables": variables,
    }
    (folder / "request.json").write_text(json.dumps(request))
    done = subprocess.run(
        [sys.executable, str(HOSTS / script), "request.json", "results.json"],
        capture_output=True,
        text=True,
        env=with_tbb(),
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((folder / "results.json").read_text())
    assert len(rows) == STEPS
    return [dict(zip((name for _, name in NAMES), row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def by_hand(system: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, float]]:
    return run(system, "ssp_with_fmpy.py", tmp_path_factory.mktemp("by_hand"))


def test_structure_and_building_keep_their_standards(system: Path) -> None:
    folder = Path(fmpy.__file__).parent / "ssp" / "schema"
    schema = etree.XMLSchema(etree.parse(str(folder / "SystemStructureDescription.xsd")))
    schema.assertValid(etree.parse(str(system / "system" / "SystemStructure.ssd")))
    building = system / "system" / "resources" / "building.fmu"
    assert validate_fmu(str(building)) == []
    with zipfile.ZipFile(building) as archive:
        description = archive.read("modelDescription.xml")
    assert problems_of(ElementTree.fromstring(description)) == []


@pytest.mark.parametrize("tool", ["libcosimpy", "ecospy"])
def test_tools_agree_with_steps_by_hand(
    system: Path, by_hand: list[dict[str, float]], tool: str, tmp_path: Path
) -> None:
    found = run(system, f"ssp_with_{tool}.py", tmp_path)
    for step, (row, expected) in enumerate(zip(found, by_hand, strict=True)):
        assert row == pytest.approx(expected, rel=TOLERANCE), step


def test_heat_of_the_pump_is_lost_or_stored(by_hand: list[dict[str, float]]) -> None:
    last = by_hand[-1]
    assert last["E_heating"] == pytest.approx(last["E_loss"] + last["E_stored"], rel=1e-10)
    # Heat of a step acts in the next one: that of the last is still to come.
    given = STEP_SIZE * sum(row["Q_flow_sink"] for row in by_hand[:-1])
    first = last["E_heating"] - given
    assert first / STEP_SIZE == pytest.approx(by_hand[0]["Q_flow_sink"], rel=1e-6)
    assert last["E_loss"] > 1e8


def test_room_is_kept_warm_inside_the_envelope(by_hand: list[dict[str, float]]) -> None:
    assert {row["operating_status"] for row in by_hand} == {1}
    assert all(291.0 < row["T_room"] < 296.0 for row in by_hand)
    assert max(row["compressor_speed"] for row in by_hand) - 0.1 > min(
        row["compressor_speed"] for row in by_hand
    )
