"""Heat pump and building, as an SSP and with the building in Modelica: as stepped by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import fmpy
import pytest
import rumoca
from conftest import ROOT
from fmpy.validation import validate_fmu
from importers import HOSTS, with_tbb
from lxml import etree

from heatpump_twin.harness.stepping.conformance import problems_of

MODELICA = ROOT / "docs" / "import" / "modelica" / "HeatPumpTwin.mo"
SCRIPT = ROOT / "docs" / "import" / "ssp" / "make_ssp.py"
STEP_SIZE, STEPS = 300.0, 288  # one day
TYPES = {
    "heat_pump": (
        *("Q_flow_sink", "P_el", "speed_used", "Q_flow_unmet", "E_sink", "E_el", "starts"),
        "operating_status",
    ),
    "building": ("T_room", "T_sink_in", "Q_flow_sink_set", "E_heating", "E_loss", "E_stored"),
}
NAMES = [(component, name) for component, names in TYPES.items() for name in names]

# Relative. The tools do the same sums in the same order; time is counted by each in its own way.
TOLERANCE = 1e-12


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
        "modelica": str(MODELICA),
        "step_size": STEP_SIZE,
        "steps": STEPS,
        "variables": variables,
        "parameters": {"control": "heat_flow", "dynamics": "dynamic"},
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
    assert last["E_heating"] == pytest.approx(by_hand[-2]["E_sink"], rel=1e-12)
    assert last["E_loss"] > 1e8


def test_room_is_kept_warm_by_the_heat_that_is_asked_for(by_hand: list[dict[str, float]]) -> None:
    assert {row["operating_status"] for row in by_hand} == {0, 1}
    assert all(293.0 < row["T_room"] < 295.5 for row in by_hand)
    asked = STEP_SIZE * sum(row["Q_flow_sink_set"] for row in by_hand)
    # It lags by a step, and by what its hysteresis of 300 s allows.
    assert by_hand[-1]["E_sink"] == pytest.approx(asked, rel=0.02)
    assert {row["Q_flow_unmet"] for row in by_hand[1:]} == {0.0}


def test_heat_pump_follows_above_its_least_speed_and_cycles_below(
    by_hand: list[dict[str, float]],
) -> None:
    least = 0.3
    speeds = [row["speed_used"] for row in by_hand]
    assert min(speeds) == 0.0
    assert max(speeds) > least + 0.1
    assert all(speed == 0.0 or speed > least - 1e-9 for speed in speeds)
    before = by_hand[0]
    for row in by_hand[1:]:
        if row["speed_used"] > least + 1e-9 and before["speed_used"] > least + 1e-9:
            # Of the set-point that was given to this step, after inertia.
            assert row["Q_flow_sink"] == pytest.approx(before["Q_flow_sink_set"], rel=1e-3)
        before = row
    assert 4 <= by_hand[-1]["starts"] <= 24 * 3  # no more than three an hour
    assert 5.0 < by_hand[-1]["E_sink"] / by_hand[-1]["E_el"] < 12.0


def test_building_in_modelica_with_the_fmu(
    system: Path, by_hand: list[dict[str, float]], tmp_path: Path
) -> None:
    found = run(system, "modelica_with_fmpy.py", tmp_path)
    for step, (row, expected) in enumerate(zip(found, by_hand, strict=True)):
        # Two solvers; stored heat is a small difference of large numbers, in J.
        assert row == pytest.approx(expected, rel=1e-10, abs=1e-3), step


def test_modelica_package_has_the_inputs_and_outputs_of_the_fmu(fmu: Path) -> None:
    assert [d for d in rumoca.validate(str(MODELICA)) if d.level == "error"] == []
    model = rumoca.Session().load(str(MODELICA), model="HeatPumpTwin.StandIn")
    description = fmpy.read_model_description(str(fmu))
    # Rumoca lists outputs that are integrated among the states.
    for causality, found in (("input", model.inputs), ("output", [*model.outputs, *model.states])):
        expected = {
            v.name: v.unit
            for v in description.modelVariables
            if v.causality == causality and v.type in ("Real", "Boolean")
        }
        assert {v.name: v.unit for v in found} == expected
    text = MODELICA.read_text(encoding="utf-8")
    assert "IntegerOutput operating_status" in text
    assert "BooleanInput reset_totals" in text


def test_house_in_modelica_balances_its_heat() -> None:
    house = rumoca.Session().load(str(MODELICA), model="HeatPumpTwin.House")
    assert house.structure().is_balanced
    config = rumoca.SimConfig(solver="rk-like", rtol=1e-9, atol=1e-6)
    result = house.simulate((0.0, 86400.0), dt=300.0, config=config)
    heating, loss, stored = (
        float(result[f"building.{name}"][-1]) for name in ("E_heating", "E_loss", "E_stored")
    )
    assert loss > 1e8
    assert heating == pytest.approx(loss + stored, rel=1e-9)
    rooms = result["building.T_room"]
    assert 293.0 < float(rooms.min()) < float(rooms.max()) < 295.5
    # The heat pump counts what the building receives, and closes its own balance.
    E_el, E_sink, E_source, run_time = (
        float(result[f"heatPump.{name}"][-1]) for name in ("E_el", "E_sink", "E_source", "run_time")
    )
    assert heating == pytest.approx(E_sink, rel=1e-9)
    assert E_sink == pytest.approx(E_el + E_source, rel=1e-9)
    assert 0.0 < run_time <= 86400.0
