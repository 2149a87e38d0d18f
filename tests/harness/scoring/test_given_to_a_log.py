"""What a log gives to the machine: speed, heat or supply temperature, and what is scored then."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from conftest import ROOT
from series_logs import made_rows, write_log

from heatpump_twin.harness.data.fmu_map import FmuMap
from heatpump_twin.harness.data.plateau_points import points_of, write_points
from heatpump_twin.harness.data.series import NOT_ASKED, Series, load_series
from heatpump_twin.harness.report.series_folder import write_series_report
from heatpump_twin.harness.scoring.connection import connect
from heatpump_twin.harness.scoring.series_operations import operations_of
from heatpump_twin.harness.scoring.series_validation import validate_series
from heatpump_twin.harness.stepping.answers import SIMULATION
from heatpump_twin.harness.stepping.replay import inspect_fmu
from heatpump_twin.model.errors import InputError

FLOW_READ = '[constants.m_flow_sink]\nvalue = 0.27\nunit = "kg/s"\nuncertainty = 0.02\n'
HEAT = '[derived.Q_flow_sink]\nmedium = "INCOMP::Water"\nuncertainty = 0.65\n'


def log(folder: Path, given: str, more: str = "", flow_read: bool = True) -> Path:
    """A log of 24 rows at 10 s, on from row 6 to 17, whose sink gains 5 K then and 0.5 K else."""
    written = write_log(folder, made_rows(), more=f"{HEAT}{given}\n{more}")
    path = written / "descriptor.toml"
    text = path.read_text(encoding="utf-8")
    if flow_read:
        text = text.replace(FLOW_READ + "recorded = false\n", FLOW_READ)
    path.write_text(text, encoding="utf-8")
    return written


def loaded(*parts: object, **options: bool) -> Series:
    return load_series(str(log(*parts, **options)))  # type: ignore[arg-type]


def test_heat_within_its_uncertainty_of_zero_is_none(tmp_path: Path) -> None:
    series = loaded(tmp_path, '[control]\ngiven = "heat_flow"')
    asked = series.set_point
    # 5.0 K at 0.27 kg/s and 4.18 kJ/(kg K); 0.5 and 0.6 K are within 0.65 K of zero.
    assert asked[6] == pytest.approx(0.27 * 4178.0 * 5.0, rel=2e-3)
    assert not asked[:6].any()
    assert not asked[18:].any()
    assert series.inputs[0] == "Q_flow_sink"
    assert series.scored == ("P_el",)
    assert set(series.readings) == {"P_el", "Q_flow_sink", "T_sink_out"}


def test_a_supply_temperature_is_asked_for_while_it_is_demanded(tmp_path: Path) -> None:
    state = '[states.demand]\ncolumn = "compressor"\n'
    series = loaded(tmp_path, f'[control]\ngiven = "supply_temperature"\n{state}')
    asked = series.set_point
    assert (asked[:6] == NOT_ASKED).all()
    assert asked[6] == pytest.approx(273.15 + 40.0)
    assert series.scored == ("P_el",)


def test_by_default_heat_is_given_only_where_the_speed_is_assumed(tmp_path: Path) -> None:
    series = loaded(tmp_path / "recorded", "")
    assert series.given_quantity == "compressor_speed"
    folder = log(tmp_path / "assumed", "")
    path = folder / "descriptor.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("uncertainty = 0.05\n", "uncertainty = 0.05\nrecorded = false\n")
    path.write_text(text, encoding="utf-8")
    assert load_series(str(folder)).given_quantity == "Q_flow_sink"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('[control]\ngiven = "heat_flow"', "no heat was read; expected a column of Q_flow_sink"),
        ('[control]\ngiven = "supply_temperature"', r"expected \[states.demand\]"),
        ('[control]\ngiven = "heat"', "control.given"),
        ("[starts]\ndifference_max = 2", "the FMU chooses its starts only with"),
        ("[thresholds.on]\nP_el = { energy_max = 5 }", "an energy is of one of all, heating"),
        ("[thresholds.heating]\nP_el = { rmse_max = 5 }", "expected energy_max alone"),
    ],
)
def test_what_cannot_be_given_is_refused(tmp_path: Path, given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, given, flow_read=False)


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ("heat_flow", "[thresholds.on]\nT_sink_out = { rmse_max = 0.2 }"),
        ("heat_flow", "[thresholds.all]\nQ_flow_sink = { energy_max = 5 }"),
        ("heat_flow", "[thresholds.heating]\nQ_flow_sink = { energy_max = 5 }"),
        ("supply_temperature", "[thresholds.on]\nT_sink_out = { rmse_max = 0.2 }"),
        ("supply_temperature", '[thresholds."hot water"]\nP_el = { rmse_max = 5 }'),
    ],
)
def test_a_limit_on_what_is_not_scored_is_refused(tmp_path: Path, given: str, limit: str) -> None:
    demand = '[states.demand]\ncolumn = "compressor"\n'
    with pytest.raises(InputError, match=f'{given}".* scored'):
        loaded(tmp_path, f'[control]\ngiven = "{given}"\n{demand}', limit)


def test_energies_of_steps_in_which_it_ran_for_a_part_are_whole(tmp_path: Path) -> None:
    series = loaded(tmp_path, '[control]\ngiven = "heat_flow"')
    share = series.states["compressor"].to_numpy() * np.tile([0.4, 0.6], 12)
    series = replace(series, states=series.states.assign(compressor=share))
    answered = series.values[["P_el"]].assign(speed_used=(share > 0.0).astype(float))
    (heating,) = operations_of(series, answered, np.ones(len(series), bool))
    # The same power in each step is the same energy.
    assert heating.error("P_el") == pytest.approx(0.0, abs=1e-12)
    ran = share > 0.0
    expected = float((series.values["P_el"].to_numpy() * series.step)[ran].sum())
    assert heating.energies["P_el"][0] == pytest.approx(expected)


def test_starts_are_counted_alike(tmp_path: Path) -> None:
    state = '[states.demand]\ncolumn = "compressor"\n'
    series = loaded(tmp_path, f'[control]\ngiven = "supply_temperature"\n{state}')
    # On from row 6 to 17, of which hot water is made until row 11: heating begins with a start.
    hot_water = np.zeros(len(series))
    hot_water[6:12] = 1.0
    series = replace(series, states=series.states.assign(hot_water=hot_water))
    speed, starts = np.zeros(len(series)), np.zeros(len(series))
    speed[12:18], starts[12:] = 1.0, 3.0  # it takes three starts in one step
    answered = series.values[["P_el"]].assign(speed_used=speed, starts=starts)
    found = {o.name: o.starts for o in operations_of(series, answered, np.ones(len(series), bool))}
    assert found == {"heating": (1, 3), "hot water": (0, 0)}


def test_no_heat_is_given_while_the_sink_s_pump_stands(tmp_path: Path) -> None:
    series = loaded(tmp_path, '[control]\ngiven = "heat_flow"')
    pump = np.ones(len(series))
    pump[6:9] = 0.0
    series = replace(series, states=series.states.assign(sink_pump=pump))
    assert not series.set_point[6:9].any()
    assert (series.set_point[9:18] > 0.0).all()


def test_steady_parts_have_unknown_speeds_where_heat_is_given(tmp_path: Path) -> None:
    for given, is_unknown in (("heat_flow", True), ("speed", False)):
        folder = log(tmp_path / given, f'[control]\ngiven = "{given}"')
        lines = [f"{10 * i},on,10.0,35.0,40.0,1.50" for i in range(60)]
        table = "\n".join(["time,compressor,T_source,T_return,T_supply,P", "0,off,10,35,35.5,0.02"])
        (folder / "log.csv").write_text("\n".join([table, *lines[1:], ""]), encoding="utf-8")
        points = points_of(load_series(str(folder)))
        write_points(points, tmp_path / f"{given}_points")
        text = (tmp_path / f"{given}_points" / "descriptor.toml").read_text(encoding="utf-8")
        assert ("[derived.compressor_speed]" in text) == is_unknown


def test_a_name_that_is_no_input_gets_the_inputs(fmu: Path, tmp_path: Path) -> None:
    series = loaded(tmp_path / "log", '[control]\ngiven = "heat_flow"')
    fmu_map = FmuMap.model_validate({"map": {"Q_flow_sink": {"name": "typo"}}})
    with pytest.raises(InputError, match=r"no variable 'typo'; its inputs .*Q_flow_sink_set"):
        connect(inspect_fmu(fmu), series, fmu_map, "map")


def test_heat_is_met_and_only_power_is_scored(fmu: Path, tmp_path: Path) -> None:
    limits = "[thresholds.heating]\nP_el = { energy_max = 500 }\n"
    series = loaded(tmp_path / "log", '[control]\ngiven = "heat_flow"', limits)
    report = tmp_path / "report"
    scores = validate_series(series, fmu, report / SIMULATION)
    assert scores.connection.inputs[0].variable == "Q_flow_sink_set"
    assert scores.quantities == ["P_el"]
    (heating,) = scores.operations
    measured, simulated = heating.energies["Q_flow_sink"]
    # 12 steps of 10 s at 5.0, 5.1 and 5.2 K.
    assert measured == pytest.approx(120.0 * 0.27 * 4178.0 * 5.1, rel=2e-3)
    # 5.0 K are met; at 5.1 and 5.2 K the machine gives all it has.
    met = scores.simulated["Q_flow_sink"].to_numpy()
    assert met[6] == pytest.approx(series.set_point[6], rel=2e-3)
    assert 0.97 * measured < simulated < measured
    assert heating.starts == (1, None)
    (limit,) = scores.thresholds
    assert limit.value == pytest.approx(abs(heating.error("P_el") or 0.0))
    write_series_report(scores, report)
    content = json.loads((report / "scores.json").read_text(encoding="utf-8"))
    schema = ROOT / "docs" / "schemas" / "series_scores.schema.json"
    jsonschema.validate(content, json.loads(schema.read_text(encoding="utf-8")))
    assert content["given"] == "heat_flow"
    assert content["operations"][0]["starts"] == [1, None]
    assert "heating_P_el_measured_kWh" in (report / "junit.xml").read_text(encoding="utf-8")
    assert "Q_flow_sink, given" in (report / "report.html").read_text(encoding="utf-8")


def test_with_a_supply_temperature_the_fmu_starts_by_itself(fmu: Path, tmp_path: Path) -> None:
    state = '[states.demand]\ncolumn = "compressor"\n[starts]\ndifference_max = 0\n'
    series = loaded(tmp_path / "log", f'[control]\ngiven = "supply_temperature"\n{state}')
    scores = validate_series(series, fmu, tmp_path / SIMULATION)
    (heating,) = scores.operations
    assert heating.starts == (1, 1)
    (limit,) = scores.thresholds
    assert (limit.text, limit.passed) == ("starts difference <= 0", True)
    assert np.isfinite(scores.simulated["P_el"]).all()


def test_an_fmu_without_the_input_is_refused(fmu: Path, tmp_path: Path) -> None:
    series = loaded(tmp_path / "log", '[control]\ngiven = "heat_flow"')
    info = inspect_fmu(fmu)
    variables = {k: v for k, v in info.variables.items() if k != "Q_flow_sink_set"}
    with pytest.raises(InputError, match=r"cannot be asked for heat: .*\[fmu.map.Q_flow_sink\]"):
        connect(replace(info, variables=variables), series, None, "")
