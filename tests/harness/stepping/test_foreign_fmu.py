"""FMUs of other tools: other names, units and signs, FMI 2.0 and 3.0, both interfaces."""

import dataclasses
import json
import math
import shutil
import tomllib
import zipfile
from pathlib import Path

import foreign_fmus
import pandas as pd
import pytest
from conftest import ROOT
from foreign_fmus import MAP
from pythonfmu.builder import FmuBuilder
from scipy.stats import ttest_rel
from typer.testing import CliRunner

from heatpump_twin.harness.cli import app
from heatpump_twin.harness.data.datasets import Dataset, load_dataset
from heatpump_twin.harness.data.fmu_map import FmuMap, read_fmu_map
from heatpump_twin.harness.errors import CosimulationError
from heatpump_twin.harness.scoring.connection import connect
from heatpump_twin.harness.scoring.scores import MODEL, Scores, boundaries
from heatpump_twin.harness.scoring.validation import validate
from heatpump_twin.harness.stepping.replay import inspect_fmu, replay
from heatpump_twin.model.errors import InputError

OF_WRAPPING = """
[fmu.map]
compressor_speed = { name = "nRel" }
T_source_in = { name = "TBri_in", unit = "degC" }
T_sink_in = { name = "TWat_in", unit = "degC" }
m_flow_source = { name = "mBri", unit = "kg/min" }
m_flow_sink = { name = "mWat" }
P_el = { name = "PCom", unit = "kW" }
Q_flow_sink = { name = "QCon", unit = "kW", sign = -1 }
Q_flow_source = { name = "QEva", unit = "kW", sign = -1 }
COP = { name = "epsilon" }
p_low = { name = "pEva", unit = "bar" }
p_high = { name = "pCon", unit = "bar" }
T_suction = { name = "TSuc", unit = "degC" }
T_discharge = { name = "TDis", unit = "degC" }
"""


def as_map(text: str) -> FmuMap:
    return FmuMap.model_validate(tomllib.loads(text)["fmu"])


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("foreign")
    (path / "map.toml").write_text(MAP)
    return path


@pytest.fixture(scope="module")
def foreign(folder: Path) -> Path:
    return foreign_fmus.build(folder / "foreign.fmu")


@pytest.fixture(scope="module")
def wrapping(fmu: Path, folder: Path) -> Path:
    return FmuBuilder.build_FMU(ROOT / "tests/fmus/wrapping.py", folder, project_files=[fmu])


def test_wrapped_fmu_has_the_scores_of_the_one_inside(
    wrapping: Path, dataset: Dataset, scores: Scores
) -> None:
    found = validate(dataset, wrapping, fmu_map=as_map(OF_WRAPPING), map_source="map").scores
    assert found.not_given == []
    assert not found.unanswered_records
    compared = 0
    for quantity in (q for q in dataset.scored if scores.screening.fields[q].usable):
        expected = scores.find(MODEL, scores.own_split, quantity)
        errors = found.find(MODEL, found.own_split, quantity)
        assert expected is not None
        assert errors is not None
        for name, value in vars(expected).items():
            if value is not None:
                scale = 1.0 if name != "bias" else expected.mae / abs(value)
                assert getattr(errors, name) == pytest.approx(value, rel=1e-9 * scale), name
                compared += 1
    assert compared > 30
    answers = found.simulation.outputs
    for quantity in answers:
        assert answers[quantity].to_numpy() == pytest.approx(
            scores.simulation.outputs[quantity].to_numpy(), rel=1e-9
        )


def steady(T_brine: float, T_water: float, speed: float, pumps: float) -> tuple[float, float]:
    """Electric power and heat of the condenser, kW."""
    lift = T_water - T_brine
    return speed * (0.5 + 0.012 * lift) * pumps, speed * (5.2 + 0.09 * T_brine) * pumps


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_three_outputs_are_scored_alone(version: str, folder: Path, dataset: Dataset) -> None:
    path = foreign_fmus.build(folder / f"three_{version[0]}.fmu", version)
    scores = validate(dataset, path, fmu_map=as_map(MAP), map_source="map").scores
    shown = {s.quantity for s in scores.scores if s.predictor == MODEL}
    assert shown == {"P_el", "Q_flow_sink"}
    # Screening takes out T_discharge, which has no limit for that reason.
    assert scores.not_given == ["COP", "p_low", "p_high", "T_suction", "T_discharge"]
    assert scores.unchecked == ["COP", "p_low", "p_high", "T_suction"]
    assert {t.quantity for t in scores.thresholds} == {"kept records", "P_el", "Q_flow_sink"}
    assert (scores.fmu.fmi_version, scores.fmu.interface) == (version, "CoSimulation")
    for record, row in boundaries(dataset).iterrows():
        power, heat = steady(
            row["T_source_in"] - 273.15, row["T_sink_in"] - 273.15, row["compressor_speed"], 2.0
        )
        answers = scores.simulation.outputs.loc[record]
        assert answers["P_el"] == pytest.approx(1e3 * power, rel=1e-12)
        assert answers["Q_flow_sink"] == pytest.approx(1e3 * heat, rel=1e-12)
        assert answers["Q_flow_source"] == pytest.approx(1e3 * (heat - power), rel=1e-12)


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_model_exchange_is_integrated_with_its_events(version: str, folder: Path) -> None:
    path = foreign_fmus.build(folder / f"state_{version[0]}.fmu", version, "ModelExchange")
    info = inspect_fmu(path)
    assert (info.fmi_version, info.interface) == (version, "ModelExchange")
    rows = pd.DataFrame({"TBri_in": [float(T) for T in range(12)]}).assign(TWat_in=35.0, nRel=1.0)
    power = replay(info, rows, step_size=10.0).outputs["PCom"]
    expected = 0.0
    for i, T in enumerate(rows["TBri_in"]):
        target, _ = steady(T, 35.0, 1.0, 1.0)
        # The event at 95 s adds 0.1 kW to the target; the time constant is 5 s.
        parts = [(5.0, 0.0), (5.0, 0.1)] if i == 9 else [(10.0, 0.1 if i > 9 else 0.0)]
        for seconds, more in parts:
            expected = target + more + (expected - target - more) * math.exp(-seconds / 5.0)
        assert power[i] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_event_of_state_is_found_inside_a_step(version: str, folder: Path) -> None:
    path = foreign_fmus.build(
        folder / f"above_{version[0]}.fmu", version, "ModelExchange", LEVEL="0.5"
    )
    rows = pd.DataFrame({"TBri_in": [0.0] * 3}).assign(TWat_in=35.0, nRel=1.0)
    power = replay(inspect_fmu(path), rows, step_size=10.0).outputs["PCom"]
    # It rises towards 0.92 kW with 5 s, reaches 0.5 kW at 3.9 s, and goes for 1.02 kW from there.
    target, _ = steady(0.0, 35.0, 1.0, 1.0)
    reached = -5.0 * math.log(1.0 - 0.5 / target)
    for i in range(3):
        after = 10.0 * (i + 1) - reached
        expected = target + 0.1 + (0.5 - target - 0.1) * math.exp(-after / 5.0)
        assert power[i] == pytest.approx(expected, rel=1e-5)


def test_model_exchange_that_fails_names_the_call_and_the_record(folder: Path) -> None:
    path = foreign_fmus.build(folder / "failing.fmu", "2.0", "ModelExchange", FAILS_AT="25.0")
    rows = pd.DataFrame({"TBri_in": [0.0] * 5}, index=range(1, 6)).assign(TWat_in=35.0, nRel=1.0)
    with pytest.raises(
        CosimulationError, match=r"2 of 5 records, before record 3: fmi2GetDerivatives .*fmi2Error"
    ):
        replay(inspect_fmu(path), rows, step_size=10.0)


def test_nan_at_one_record_is_a_missed_record(folder: Path, tmp_path: Path) -> None:
    path = foreign_fmus.build(folder / "nan.fmu", NAN_AT="4")
    code, output = run(
        "validate", "--fmu", path, "--map", folder / "map.toml", "-o", tmp_path / "out"
    )
    assert code == 1
    assert "record 4: P_el is nan" in output
    assert "16 of 17 records answered" in output
    assert "input m_flow_sink is absent in this FMU: the pump is inside the model" in output
    assert "not given by this FMU, so not scored: COP, p_low, p_high, T_suction" in output
    content = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert content["fmu"]["connection"]["start_values"] == {"n_pumps": 2.0}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "absent: the pump is inside the model" in page


@pytest.mark.parametrize(
    ("version", "why"),
    [("2.0", "fmi2DoStep returned fmi2Discard"), ("3.0", "it asks for the end of the simulation")],
)
def test_early_stop(version: str, why: str, folder: Path, tmp_path: Path) -> None:
    path = foreign_fmus.build(folder / f"stop_{version[0]}.fmu", version, STOP_AT="6")
    code, output = run(
        "validate", "--fmu", path, "--map", folder / "map.toml", "-o", tmp_path / "out"
    )
    assert code == 1
    assert f"stopped after 5 of 17 records, before record 6: {why}" in output
    assert not (tmp_path / "out").exists()


def test_other_version_of_fmi_and_missing_binary(foreign: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(foreign) as old:
        text = old.read("modelDescription.xml").decode()
    without = tmp_path / "without.fmu"
    with zipfile.ZipFile(without, "w") as archive:
        archive.writestr("modelDescription.xml", text)
    code, output = run("validate", "--fmu", without, "-o", tmp_path / "out")
    assert (code, "no binary for this platform" in output) == (2, True)
    one = tmp_path / "one.fmu"
    with zipfile.ZipFile(one, "w") as archive:
        archive.writestr(
            "modelDescription.xml",
            '<fmiModelDescription fmiVersion="1.0" modelName="one" modelIdentifier="one" guid="1" '
            'numberOfContinuousStates="0" numberOfEventIndicators="0"><ModelVariables/>'
            "</fmiModelDescription>",
        )
    code, output = run("validate", "--fmu", one, "-o", tmp_path / "out")
    assert (code, "of FMI 1.0; expected 2.0 or 3.0" in output) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"degC"', '"bar"', r"map\.T_source_in: unit 'bar' cannot be read as K"),
        ("P_el =", "P_eel =", "unknown quantity 'P_eel'"),
        ('"TWat_in"', '"TBri_in"', "'TBri_in' of the FMU is named twice, by map.T_source_in"),
        ("sign = -1", "sign = 2", "Q_flow_source.sign: Input should be 1 or -1"),
        ('unit = "kW", sign = -1', 'unit = "-kW", sign = -1', "the sign is given twice"),
        ('unit = "kW", sign = -1', 'unit = "-1 kW"', "has a sign; expected a unit and sign = -1"),
        ('absent = "the', 'name = "a", absent = "the', "absent and name exclude each other"),
        ('{ name = "nRel" }', "{}", "says nothing"),
        ("n_pumps = 2.0", "PCom = 2.0", "'PCom' of the FMU is named twice, by start_values"),
    ],
)
def test_map_that_is_wrong_in_itself(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in MAP
    (tmp_path / "map.toml").write_text(MAP.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        read_fmu_map(tmp_path / "map.toml")
    assert "map.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"PCom"', '"PKom"', r"P_el: the FMU has no variable 'PKom'; its outputs: PCom, QCon"),
        ('"TBri_in"', '"T"', "no variable 'T'; its inputs and parameters: TBri_in, TWat_in"),
        ('"QEva"', '"TBri_in2"', "no variable 'TBri_in2'"),
        ('T_sink_in = { name = "TWat_in"', 'T_sink_in = { name = "PCom2"', "no variable 'PCom2'"),
        ("{ n_pumps = 2.0 }", "{ pumps = 2.0 }", "start_values.pumps: the FMU has no variable"),
        ("{ n_pumps = 2.0 }", "{ n_pumps = true }", "found True for a Real; expected a number"),
    ],
)
def test_map_that_does_not_fit_the_fmu(
    old: str, new: str, message: str, foreign: Path, dataset: Dataset
) -> None:
    assert old in MAP
    with pytest.raises(InputError, match=message):
        connect(inspect_fmu(foreign), dataset, as_map(MAP.replace(old, new, 1)), "map file m.toml")


def test_output_where_an_input_is_expected_and_the_reverse(foreign: Path, dataset: Dataset) -> None:
    info = inspect_fmu(foreign)
    swapped = MAP.replace('"TWat_in"', '"QEva"').replace(
        'name = "QEva", unit = "kW"', 'name = "QX"'
    )
    text = swapped.replace('Q_flow_source = { name = "QX", sign = -1 }', "")
    with pytest.raises(
        InputError, match=r"'QEva' is of causality output .*expected input or param"
    ):
        connect(info, dataset, as_map(text), "")
    text = MAP.replace('T_sink_in = { name = "TWat_in", unit = "degC" }', "").replace(
        "m_flow_sink = {", 'T_sink_in = { absent = "x" }\nm_flow_sink = {'
    )
    with pytest.raises(InputError, match=r"'TWat_in' is of causality input .*expected output"):
        connect(info, dataset, as_map(text.replace('"PCom", unit = "kW"', '"TWat_in"')), "")


def test_fmu_without_map_lacks_inputs(foreign: Path, dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"lacks the input compressor_speed, .*it has: TBri_in"):
        connect(inspect_fmu(foreign), dataset, None, "")


def test_fixed_parameter_as_input_needs_one_value(foreign: Path, dataset: Dataset) -> None:
    text = MAP.replace('"nRel"', '"n_pumps"').replace("start_values = { n_pumps = 2.0 }", "")
    info = inspect_fmu(foreign)
    connection = connect(info, dataset, as_map(text), "")
    frame = boundaries(dataset).assign(compressor_speed=3.0)
    power = connection.run(info, frame).outputs["P_el"]
    expected, _ = steady(
        frame["T_source_in"].iloc[0] - 273.15, frame["T_sink_in"].iloc[0] - 273.15, 1.0, 3.0
    )
    assert power.iloc[0] == pytest.approx(1e3 * expected, rel=1e-12)
    frame.loc[5, "compressor_speed"] = 2.0
    with pytest.raises(InputError, match="compressor_speed is its fixed parameter 'n_pumps'"):
        connection.run(info, frame)


def test_declared_unit_that_is_not_si_needs_a_unit(foreign: Path, dataset: Dataset) -> None:
    info = inspect_fmu(foreign)
    text = MAP.replace('"PCom", unit = "kW"', '"PCom"')
    connect(info, dataset, as_map(text), "")
    declared = dataclasses.replace(info.variables["PCom"], unit="kW")
    info = dataclasses.replace(info, variables={**info.variables, "PCom": declared})
    with pytest.raises(InputError, match="declares 'PCom' in 'kW', the project has W"):
        connect(info, dataset, as_map(text), "")


def test_tunable_parameter_is_set_at_each_record(folder: Path, dataset: Dataset) -> None:
    path = foreign_fmus.build(folder / "tunable.fmu")
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    name = "modelDescription.xml"
    entries[name] = entries[name].replace(
        b'causality="parameter" variability="fixed"', b'causality="parameter" variability="tunable"'
    )
    with zipfile.ZipFile(path, "w") as new:
        for entry, content in entries.items():
            new.writestr(entry, content)
    text = MAP.replace('"nRel"', '"n_pumps"').replace("start_values = { n_pumps = 2.0 }", "")
    info = inspect_fmu(path)
    frame = boundaries(dataset).assign(compressor_speed=1.0)
    frame.loc[5, "compressor_speed"] = 2.0
    power = connect(info, dataset, as_map(text), "").run(info, frame).outputs["P_el"]
    for record, row in frame.iterrows():
        expected, _ = steady(
            row["T_source_in"] - 273.15, row["T_sink_in"] - 273.15, 1.0, row["compressor_speed"]
        )
        assert power[record] == pytest.approx(1e3 * expected, rel=1e-12)


def test_map_in_the_descriptor(foreign: Path, folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(ROOT / "validation_data" / "mci_lab", own)
    with (own / "descriptor.toml").open("a") as file:
        file.write(MAP)
    code, output = run(
        "validate", own, "--fmu", foreign, "-o", tmp_path / "a", "--diagrams", "none"
    )
    assert code == 1
    assert f"names, units and signs of the FMU: descriptor {own / 'descriptor.toml'}" in output
    by_file = run(
        *("validate", "mci_lab", "--fmu", foreign, "--map", folder / "map.toml"),
        *("-o", tmp_path / "b", "--diagrams", "none"),
    )
    assert by_file[0] == 1
    found = [json.loads((tmp_path / x / "scores.json").read_text())["scores"] for x in "ab"]
    assert found[0] == found[1]
    code, output = run("diagram", own, "--point", "1", "--fmu", foreign, "-o", tmp_path / "drawn")
    assert (code, "a cycle needs its outputs p_low, p_high" in output) == (2, True)
    assert not (tmp_path / "drawn").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"degC"', '"bar"', "unit 'bar' cannot be read as K"),
        ('"PCom"', '"PKom"', "the FMU has no variable 'PKom'"),
        ('"TWat_in"', '"TBri_in"', "is named twice"),
        ('unit = "kW", sign = -1', 'unit = "-kW", sign = -1', "the sign is given twice"),
    ],
)
def test_command_refuses_a_wrong_map(
    old: str, new: str, message: str, foreign: Path, tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text(MAP.replace(old, new, 1))
    code, output = run(
        "validate", "--fmu", foreign, "--map", tmp_path / "map.toml", "-o", tmp_path / "out"
    )
    assert code == 2
    assert message in output
    assert "Traceback" not in output
    assert not (tmp_path / "out").exists()


def test_comparison_with_an_fmu_that_stops_writes_nothing(
    foreign: Path, folder: Path, tmp_path: Path
) -> None:
    stops = foreign_fmus.build(folder / "stops.fmu", STOP_AT="6")
    names = folder / "map.toml"
    code, output = run(
        *("validate", "--fmu", foreign, "--map", names, "--fmu", stops, "--map", names),
        *("-o", tmp_path / "out"),
    )
    assert code == 1
    assert "stops.fmu: stopped after 5 of 17 records" in output
    assert not (tmp_path / "out").exists()


def test_maps_are_counted(foreign: Path, folder: Path) -> None:
    code, output = run("validate", "--fmu", foreign, "--fmu", foreign, "--map", folder / "map.toml")
    assert code == 2
    assert "--map is given 1 times, --fmu 2 times" in output


def test_two_fmus_are_compared(foreign: Path, folder: Path, tmp_path: Path) -> None:
    other = foreign_fmus.build(folder / "other.fmu", "3.0")
    (tmp_path / "other.toml").write_text(MAP.replace("n_pumps = 2.0", "n_pumps = 1.7"))
    out = tmp_path / "out"
    maps = ("--map", folder / "map.toml", "--map", tmp_path / "other.toml")
    code, output = run("validate", "--fmu", foreign, "--fmu", other, *maps, "-o", out)
    assert code == 1
    assert "other - foreign" in output
    content = json.loads((out / "comparison.json").read_text())
    assert [q["quantity"] for q in content["quantities"]] == ["P_el", "Q_flow_sink"]
    assert "other - foreign" in (out / "comparison.html").read_text()
    dataset = load_dataset("mci_lab")
    simulated = {
        name: validate(dataset, path, fmu_map=read_fmu_map(file)).scores.simulation.outputs
        for name, path, file in (
            ("foreign", foreign, folder / "map.toml"),
            ("other", other, tmp_path / "other.toml"),
        )
    }
    for found in content["quantities"]:
        quantity = found["quantity"]
        missed = {
            name: (outputs[quantity] - dataset.values[quantity]).abs()[found["records"]]
            for name, outputs in simulated.items()
        }
        expected = ttest_rel(missed["other"], missed["foreign"])
        low, high = expected.confidence_interval(0.95)
        difference = found["differences"]["other"]
        assert difference["mean"] == pytest.approx((low + high) / 2, rel=1e-9)
        assert (difference["low"], difference["high"]) == pytest.approx((low, high), rel=1e-9)
        assert difference["mean"] == pytest.approx(
            found["errors"]["other"]["mae"] - found["errors"]["foreign"]["mae"], rel=1e-9
        )
        assert difference["is_significant"] == bool(expected.pvalue < 0.05)
    code, output = run("validate", "--fmu", foreign, "--fmu", other, *maps, "-o", out)
    assert (code, "already holds comparison.html" in output) == (2, True)
