"""Heat pump and building, as an SSP and with the building in Modelica, for a day and a year."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import fmpy
import numpy as np
import pytest
import rumoca
from conftest import ROOT
from fmpy.validation import validate_fmu
from importers import HOSTS, with_tbb
from lxml import etree

from heatpump_twin.harness.stepping.conformance import problems_of
from heatpump_twin.harness.stepping.session import Session

sys.path.insert(0, str(ROOT / "examples"))

from house import weather
from house_and_heat_pump import kpis, simulate

PAGE = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
MODELICA = ROOT / "docs" / "import" / "modelica" / "HeatPumpTwin.mo"
SCRIPT = ROOT / "docs" / "import" / "ssp" / "make_ssp.py"
STEP_SIZE, STEPS = 300.0, 288  # one day
YEAR = 365
# A spring day with demands above and below the least speed.
SPRING = 110
RUMOCA = rumoca.SimConfig(solver="rk-like", rtol=1e-9, atol=1e-6)
TYPES = {
    "heat_pump": (
        *("Q_flow_sink", "P_el", "speed_used", "Q_flow_unmet", "E_sink", "E_el", "E_unmet"),
        *("starts", "run_time", "operating_status"),
    ),
    "building": (
        *("T_room", "T_sink_in", "Q_flow_sink_set", "E_heating", "E_loss", "E_gains"),
        *("E_stored", "discomfort"),
    ),
}
# By the heads of the table in docs/control.md.
ROADS = {
    "SSP in libcosim": "ssp_with_libcosimpy.py",
    "SSP in ecos": "ssp_with_ecospy.py",
    "Modelica and FMPy": "modelica_with_fmpy.py",
}
BY_HAND = "SSP by hand"
NAMES = [(component, name) for component, names in TYPES.items() for name in names]
Rows = list[dict[str, float]]

# Relative. The tools do the same sums in the same order; time is counted by each in its own way.
TOLERANCE = 1e-12


def made(fmu: Path, folder: Path, *arguments: str) -> Path:
    """Folder with the SSP and, beside it, the same unzipped."""
    command = [sys.executable, str(SCRIPT), str(fmu), "-o", str(folder / "system.ssp"), *arguments]
    subprocess.run(command, check=True)
    with zipfile.ZipFile(folder / "system.ssp") as archive:
        archive.extractall(folder / "system")
    return folder


@pytest.fixture(scope="module")
def system(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(fmu, tmp_path_factory.mktemp("ssp"), "--first-day", str(SPRING))


@pytest.fixture(scope="module")
def system_from_new_year(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(fmu, tmp_path_factory.mktemp("ssp_of_a_year"))


def run(
    system: Path, script: str, folder: Path, *, days: int = 1, per_row: int = 1, first_day: int
) -> Rows:
    """Rows of each step, or each end of `per_row` steps."""
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
        "steps": days * STEPS,
        "steps_per_row": per_row,
        "variables": variables,
        "parameters": {"control": "heat_flow", "dynamics": "dynamic"},
        "building": {"first_day": float(first_day)},
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
    assert len(rows) == days * STEPS // per_row
    return [dict(zip((name for _, name in NAMES), row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def days(system: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """A spring day, each step, by road."""
    return {
        road: run(system, script, tmp_path_factory.mktemp("day"), first_day=SPRING)
        for road, script in {**ROADS, BY_HAND: "ssp_with_fmpy.py"}.items()
    }


@pytest.fixture(scope="module")
def by_hand(days: dict[str, Rows]) -> Rows:
    return days[BY_HAND]


@pytest.fixture(scope="module")
def years(system_from_new_year: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """A year, the ends of days, by road."""
    folder = tmp_path_factory.mktemp("year")
    return {
        road: run(system_from_new_year, script, folder, days=YEAR, per_row=STEPS, first_day=0)
        for road, script in ROADS.items()
    }


def test_structure_and_building_keep_their_standards(system: Path) -> None:
    folder = Path(fmpy.__file__).parent / "ssp" / "schema"
    schema = etree.XMLSchema(etree.parse(str(folder / "SystemStructureDescription.xsd")))
    schema.assertValid(etree.parse(str(system / "system" / "SystemStructure.ssd")))
    building = system / "system" / "resources" / "building.fmu"
    assert validate_fmu(str(building)) == []
    with zipfile.ZipFile(building) as archive:
        description = archive.read("modelDescription.xml")
    assert problems_of(ElementTree.fromstring(description)) == []


@pytest.mark.parametrize("road", ["SSP in libcosim", "SSP in ecos"])
def test_tools_agree_with_steps_by_hand(days: dict[str, Rows], road: str) -> None:
    for step, (row, expected) in enumerate(zip(days[road], days[BY_HAND], strict=True)):
        assert row == pytest.approx(expected, rel=TOLERANCE), step


def test_heat_of_the_pump_is_lost_or_stored(by_hand: list[dict[str, float]]) -> None:
    last = by_hand[-1]
    came = last["E_heating"] + last["E_gains"]
    assert came == pytest.approx(last["E_loss"] + last["E_stored"], rel=1e-10)
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
    assert max(speeds) > least + 0.05
    assert all(speed == 0.0 or speed > least - 1e-9 for speed in speeds)
    before = by_hand[0]
    for row in by_hand[1:]:
        if row["speed_used"] > least + 1e-9 and before["speed_used"] > least + 1e-9:
            # Of the set-point that was given to this step, after inertia.
            assert row["Q_flow_sink"] == pytest.approx(before["Q_flow_sink_set"], rel=1e-3)
        before = row
    assert 4 <= by_hand[-1]["starts"] <= 24 * 3  # no more than three an hour
    assert 5.0 < by_hand[-1]["E_sink"] / by_hand[-1]["E_el"] < 12.0


def test_building_in_modelica_with_the_fmu(days: dict[str, Rows]) -> None:
    for step, (row, expected) in enumerate(
        zip(days["Modelica and FMPy"], days[BY_HAND], strict=True)
    ):
        # Two solvers; stored heat is a small difference of large numbers, in J.
        assert row == pytest.approx(expected, rel=1e-10, abs=1e-3), step


def test_buildings_in_c_and_modelica_are_one(system_from_new_year: Path) -> None:
    """A day without heat: each variable of the building, and a room that gets cold."""
    names = [
        *("Q_flow_sink_set", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink"),
        *("T_room", "T_outside", "E_heating", "E_loss", "E_gains", "E_stored", "discomfort"),
    ]
    model = rumoca.Session().load(str(MODELICA), model="HeatPumpTwin.BuildingOverAStep")
    result = model.simulate(
        (0.0, STEP_SIZE * STEPS), dt=STEP_SIZE, config=RUMOCA, params={"Q_flow_held": 0.0}
    )
    with Session(system_from_new_year / "system" / "resources" / "building.fmu") as building:
        read = building.reader(names)
        for i in range(1, STEPS + 1):
            building.advance(STEP_SIZE)
            expected = {name: float(result[f"building.{name}"][i]) for name in names}
            found = dict(zip(names, read(), strict=True))
            # It begins within a step of either solver: known to some seconds of a small excess.
            discomfort = expected.pop("discomfort")
            assert found.pop("discomfort") == pytest.approx(discomfort, abs=1e-4), i
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), i
    (outside,) = weather(np.array([STEP_SIZE * STEPS]))
    assert found["T_outside"] == pytest.approx(outside, abs=1e-9)
    assert discomfort > 10.0


def test_tools_agree_over_a_year(years: dict[str, Rows]) -> None:
    for day, (row, expected) in enumerate(
        zip(years["SSP in ecos"], years["SSP in libcosim"], strict=True)
    ):
        assert row == pytest.approx(expected, rel=TOLERANCE), day


def test_a_year_of_the_building_in_modelica(years: dict[str, Rows]) -> None:
    for day, (row, expected) in enumerate(
        zip(years["Modelica and FMPy"], years["SSP in libcosim"], strict=True)
    ):
        # In J, and 2e-12 of the 5e9 J from absolute zero of which stored heat is the difference.
        assert row == pytest.approx(expected, rel=1e-9, abs=1e-2), day


@pytest.mark.parametrize("road", ROADS)
def test_a_year_keeps_its_balance_and_stops_in_summer(years: dict[str, Rows], road: str) -> None:
    rows = years[road]
    last = rows[-1]
    came = last["E_heating"] + last["E_gains"]
    assert came == pytest.approx(last["E_loss"] + last["E_stored"], rel=1e-9)
    assert min(row["T_room"] for row in rows) > 293.15
    heat = np.diff([row["E_sink"] for row in rows])
    idle = np.flatnonzero(heat < 1e-6 * np.max(heat))
    # No more than in warm spells, and none before June or after September 10.
    assert len(idle) > 20
    assert 150 < min(idle) < max(idle) < 253
    assert np.sum(heat[180:242]) < 0.03 * last["E_sink"]  # July and August


def kpis_of(last: dict[str, float]) -> dict[str, float]:
    """Key figures by the heads of the page's rows, from the last row."""
    return {
        "electric energy, kWh": last["E_el"] / 3.6e6,
        "heat, kWh": last["E_sink"] / 3.6e6,
        "SPF": last["E_sink"] / last["E_el"],
        "starts": last["starts"],
        "run hours": last["run_time"] / 3600.0,
        "heat not given, kWh": last["E_unmet"] / 3.6e6,
        "discomfort below 20 °C, K h": last["discomfort"],
    }


def table_of(head: str) -> dict[str, dict[str, float]]:
    """Figures of the page's table whose first head begins so, by road and row."""
    lines = PAGE[PAGE.index(f"| {head}") :].split("\n\n", 1)[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        road: {row[0]: float(row[column]) for row in cells[2:]}
        for column, road in enumerate(cells[0])
        if column
    }


@pytest.mark.parametrize(("period", "first_day", "length"), [("day", SPRING, 1), ("year", 0, YEAR)])
def test_page_has_the_key_figures_of_each_road(
    fmu: Path,
    days: dict[str, Rows],
    years: dict[str, Rows],
    period: str,
    first_day: int,
    length: int,
) -> None:
    roads = days if period == "day" else years
    found = {road: kpis_of(roads[road][-1]) for road in ROADS}
    example = kpis(simulate(fmu, days=length, step_size=STEP_SIZE, first_day=first_day))
    written = table_of(f"a {period}, `mci_lab`, 300 s")
    found["example, FMPy"] = {
        "electric energy, kWh": example.electric_energy,
        "heat, kWh": example.heat,
        "SPF": example.seasonal_performance_factor,
        "starts": example.starts,
        "run hours": example.run_hours,
        "heat not given, kWh": example.unmet,
        "discomfort below 20 °C, K h": example.discomfort,
    }
    assert set(written) == set(found)
    for road, figures in found.items():
        # Rounded where written; sums of many steps differ from one processor to another.
        assert written[road] == pytest.approx(figures, rel=2e-3, abs=0.006), road
        # They heat one house.
        assert figures["heat, kWh"] == pytest.approx(example.heat, rel=5e-3)
        assert figures["SPF"] == pytest.approx(example.seasonal_performance_factor, rel=2e-3)


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


def test_a_year_of_the_house_in_modelica_balances_its_heat(years: dict[str, Rows]) -> None:
    house = rumoca.Session().load(str(MODELICA), model="HeatPumpTwin.House")
    assert house.structure().is_balanced
    result = house.simulate((0.0, YEAR * 86400.0), dt=3600.0, config=RUMOCA)
    heating, gains, loss, stored = (
        float(result[f"building.{name}"][-1])
        for name in ("E_heating", "E_gains", "E_loss", "E_stored")
    )
    assert heating + gains == pytest.approx(loss + stored, rel=1e-9)
    assert float(result["building.T_room"].min()) > 293.15
    assert float(result["building.discomfort"][-1]) == 0.0
    # The house asks for the same heat of whatever heats it.
    assert heating == pytest.approx(years["SSP in libcosim"][-1]["E_sink"], rel=2e-3)
    # The heat pump counts what the building receives, and closes its own balance.
    E_el, E_sink, E_source, run_time = (
        float(result[f"heatPump.{name}"][-1]) for name in ("E_el", "E_sink", "E_source", "run_time")
    )
    assert heating == pytest.approx(E_sink, rel=1e-9)
    assert E_sink == pytest.approx(E_el + E_source, rel=1e-9)
    assert 0.0 < run_time < YEAR * 86400.0
