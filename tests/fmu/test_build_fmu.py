import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from xml.etree import ElementTree

import fmpy
import pytest
from commands import new_cache
from conftest import ROOT
from fmpy.model_description import ModelDescription

from heatpump_twin.cache import CACHE_VARIABLE, kept
from heatpump_twin.fmu.build import build
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import DEFAULT_MAP_TOLERANCE, read_machine
from heatpump_twin.map_making.certificate import POINTS
from heatpump_twin.map_making.jobs import cache_folder
from heatpump_twin.map_making.map_build import CERTIFICATE, DESIGN_STATE, TABLE, CertifiedMap
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import Control, Dynamics, Frost, Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
)
from heatpump_twin.solving.cycle import HeatPumpCycle


@pytest.fixture(scope="module")
def description(fmu: Path) -> ModelDescription:
    return fmpy.read_model_description(str(fmu))


def test_two_builds_are_equal_byte_for_byte(fmu: Path, tmp_path: Path) -> None:
    again = build("mci_lab", tmp_path / "again.fmu").path
    assert again.read_bytes() == fmu.read_bytes()


def test_another_parameter_gives_another_guid(
    description: ModelDescription,
    machine: Machine,
    certified: CertifiedMap,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = machine_path("mci_lab").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    changed = text.replace("standby_power = { value = 10", "standby_power = { value = 11")
    other.write_text(changed, encoding="utf-8")
    parameters = read_machine(str(other))
    assert parameters == machine.with_parameters({"standby_power": 11.0})
    # With the map of the first, as made for the other: nothing but the parameter differs.
    first = cache_folder(machine, DEFAULT_MAP_TOLERANCE, POINTS)
    libraries = kept("fmu")
    cache = new_cache(tmp_path)
    (cache / libraries.name).symlink_to(libraries)
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    second = cache_folder(parameters, DEFAULT_MAP_TOLERANCE, POINTS)
    shutil.copytree(first, second)
    for part, name in (
        (certified.table, TABLE),
        (certified.design_state, DESIGN_STATE),
        (certified.certificate, CERTIFICATE),
    ):
        replace(part, machine_fingerprint=parameters.fingerprint).save(second / name)

    def never(label: str, done: int, total: int) -> None:
        assert label == "compiling", "the map is there"

    built = build(str(other), tmp_path / "other.fmu", progress=never).path
    assert fmpy.read_model_description(str(built)).guid != description.guid


def test_variables_are_the_vocabulary(description: ModelDescription, machine: Machine) -> None:
    by_causality: dict[str, list[str]] = {}
    for variable in description.modelVariables:
        by_causality.setdefault(variable.causality, []).append(variable.name)
    asked = [q for q in SET_POINT_QUANTITIES if q != "phi_source"]
    asked += ["reset_totals", "phi_source"]
    assert by_causality["input"] == [*BOUNDARY_QUANTITIES, *asked]
    shown = [*RESULT_QUANTITIES, "operating_status", *OPERATION_QUANTITIES]
    assert by_causality["output"] == shown
    uncertainties = ["P_el_relative_uncertainty", "Q_flow_sink_relative_uncertainty"]
    assert by_causality["parameter"] == [
        "number_of_units",
        "standby_power",
        *uncertainties,
        "solver",
        "on_failure",
        *("dynamics", "control", "part_load", "outside_envelope"),
        *(f.name for section in (Dynamics, Control) for f in fields(section)),
        *("frost", *(f.name for f in fields(Frost))),
    ]
    start = {v.name: v.start for v in description.modelVariables}
    known = machine.prediction_uncertainty
    expected = (machine.standby_power, known.P_el, known.Q_flow_sink)
    for name, value in zip(("standby_power", *uncertainties), expected, strict=True):
        assert float(start[name]) == value > 0.0, name


def test_variables_say_unit_range_start_and_meaning(
    description: ModelDescription, machine: Machine
) -> None:
    for variable in description.modelVariables:
        assert variable.description
        if variable.type != "Real":
            continue
        assert variable.unit
        assert float(variable.min) < float(variable.max)
        if variable.name.startswith("T_"):
            assert (variable.unit, variable.displayUnit) == ("K", "degC")
        if variable.causality == "input":
            is_boundary = variable.name in BOUNDARY_QUANTITIES
            expected = getattr(machine.design.boundary, variable.name) if is_boundary else None
            assert expected is None or float(variable.start) == expected
            assert float(variable.min) <= float(variable.start) <= float(variable.max)
        if variable.causality == "output":
            assert variable.start is None
    kelvin = next(unit for unit in description.unitDefinitions if unit.name == "K")
    celsius = next(u for u in kelvin.displayUnits if u.name == "degC")
    assert (float(celsius.factor), float(celsius.offset)) == (1.0, -273.15)


def test_differences_experiment_and_outputs_are_declared_as_what_they_are(fmu: Path) -> None:
    with zipfile.ZipFile(fmu) as archive:
        root = ElementTree.fromstring(archive.read("modelDescription.xml"))
    relative = [
        v.get("name")
        for v in root.iterfind("ModelVariables/ScalarVariable")
        if v[0].get("relativeQuantity") == "true"
    ]
    differences = ["temperature_hysteresis", "frost_peak_width", "frost_coil_difference"]
    assert relative == ["superheat", "subcooling", *differences]
    # Two units that feed each other are no algebraic loop, and no tool misses a tolerance.
    outputs = root.findall("ModelStructure/Outputs/Unknown")
    assert {unknown.get("dependencies") for unknown in outputs} == {""}
    experiment = root.find("DefaultExperiment")
    assert experiment is not None
    assert 0.0 < float(experiment.attrib["tolerance"]) < 0.1


def test_fmu_carries_its_machine_and_what_it_needs(fmu: Path, machine: Machine) -> None:
    with zipfile.ZipFile(fmu) as archive:
        names = set(archive.namelist())
        assert Machine.from_dict(json.loads(archive.read("resources/machine.json"))) == machine
        for_live = archive.read("resources/live/requirements.txt").decode()
        shipped = archive.read("documentation/machine.toml")
    assert {"binaries/linux64/mci_lab.so", "binaries/win64/mci_lab.dll"} <= names
    assert not any("__pycache__" in name for name in names)
    # The map needs no package.
    assert not any(
        name.startswith("resources/") and "requirements" in name
        for name in names - {"resources/live/requirements.txt"}
    )
    for package in ("tespy==", "CoolProp==", "numpy=="):
        assert package in for_live
    assert shipped == machine_path("mci_lab").read_bytes()


def test_failed_build_leaves_an_existing_fmu(tmp_path: Path) -> None:
    text = machine_path("mci_lab").read_text(encoding="utf-8")
    bad = tmp_path / "bad.toml"
    changed, count = re.subn(r"(?m)^P_el = { ?value = [^,]+", "P_el = { value = 100", text, count=1)
    assert count == 1
    bad.write_text(changed, encoding="utf-8")
    output = tmp_path / "kept.fmu"
    output.write_bytes(b"the earlier one")
    with pytest.raises(SolveError, match="design point of mci_lab"):
        build(str(bad), output)
    assert output.read_bytes() == b"the earlier one"


def test_design_point_outside_its_own_envelope(tmp_path: Path) -> None:
    text = machine_path("mci_lab").read_text(encoding="utf-8")
    bad = tmp_path / "bad.toml"
    bad.write_text(
        text.replace("T_discharge_max = { value = 130", "T_discharge_max = { value = 50")
    )
    with pytest.raises(InputError, match=r"bad\.toml: the design point lies outside.*T_discharge"):
        build(str(bad), tmp_path / "bad.fmu")


def test_build_leaves_nothing_beside_the_fmu(tmp_path: Path) -> None:
    (tmp_path / "x.partial").write_text("mine")
    build("mci_lab", tmp_path / "x.fmu")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.fmu", "x.partial"]
    (tmp_path / "folder.fmu").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        build("mci_lab", tmp_path / "folder.fmu")
    assert len(list(tmp_path.iterdir())) == 3


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot be written"):
        build("mci_lab", tmp_path / "file" / "x.fmu")
    with pytest.raises(InputError, match=r"ends in \.fmu"):
        build("mci_lab", tmp_path / "x.zip")


def test_script_builds_and_reports_errors(
    tmp_path: Path, machine: Machine, cycle: HeatPumpCycle
) -> None:
    output = tmp_path / "by_script.fmu"
    script = [sys.executable, str(ROOT / "build_fmu.py")]
    done = subprocess.run(
        [*script, "mci_lab", "-o", str(output), "--verbose"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert output.is_file()
    design, sizes = machine.design, cycle.design_state.sizes
    assert f"COP {design.Q_flow_sink / design.P_el:.2f}," in done.stdout
    eta_is = sizes.drive_efficiency * sizes.eta_vol
    assert f"volumetric {sizes.eta_vol:.2f}, isentropic {eta_is:.2f}," in done.stdout
    failed = subprocess.run([*script, "nothing"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "unknown machine 'nothing'" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_build_with_a_finished_map_imports_nothing_that_solves_or_draws(
    fmu: Path, tmp_path: Path
) -> None:
    code = (
        f"import sys, pathlib; from heatpump_twin.fmu.build import build; "
        f"build('mci_lab', pathlib.Path({str(tmp_path)!r}) / "
        "'x.fmu'); print([m for m in ('CoolProp', 'tespy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
    assert (tmp_path / "x.fmu").read_bytes() == fmu.read_bytes()
