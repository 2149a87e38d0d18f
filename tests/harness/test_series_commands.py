"""The commands for logs: exit codes, one clear message, nothing overwritten."""

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from series_logs import MACHINE, TRUE, log_of_core, made_rows, recorded_data, write_log
from test_cli import assert_bad_input, run

from heatpump_twin.harness.calibration.record import record_path
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap

LOG = "rwth_brine_water_log"


def own_log(folder: Path, change, header: str = "HP/Temperatures/T_Water_supply") -> Path:
    """A folder with the recorded log, one column of which is changed from some time on."""
    source = recorded_data() / "MeasuredHeatPumpData.txt"
    table = pd.read_csv(source, sep="\t", skiprows=2)
    table[header] = change(table["#time_in_s"], table[header])
    folder.mkdir()
    # What stands above the header is not read.
    (folder / "log.txt").write_text("#1\nmade\n" + table.to_csv(sep="\t", index=False), "utf-8")
    text = (DATASETS / LOG / "descriptor.toml").read_text(encoding="utf-8")
    text = text.replace('table = "MeasuredHeatPumpData.txt"', 'table = "log.txt"')
    text = re.sub(r"\[registered.*?\n\n", "", text, flags=re.DOTALL)
    (folder / "descriptor.toml").write_text(text, encoding="utf-8")
    return folder


def test_planted_drift_is_exit_code_1_with_what_left_first(
    fmus: dict[str, Path], tmp_path: Path
) -> None:
    # The sensor of the outlet reads 0.8 K too much from the fourth steady part on.
    log = own_log(tmp_path / "log", lambda time, T: T + 0.8 * (time > 2600.0))
    options = ("--fmu", fmus["rwth_brine_water"], "-o", tmp_path / "drift")
    result = run("watch", log, *options)
    assert result.exit_code == 1, result.output
    flat = " ".join(result.output.split())
    assert "T_sink_out left first, its readings lie above the twin" in flat
    assert "T_sink_out reads wrong" in flat
    found = json.loads((tmp_path / "drift" / "drift.json").read_text(encoding="utf-8"))["alarm"]
    assert 2600.0 < found["time"] < 3300.0
    assert found["causes"][0]["name"] == "T_sink_out reads wrong"
    assert found["causes"][0]["size"] == pytest.approx(0.8, abs=0.2)
    assert_bad_input(run("watch", log, *options), "already holds drift.json, drift.png, simulation")


def test_a_limit_of_a_log_that_is_missed_is_exit_code_1(
    fmus: dict[str, Path], tmp_path: Path
) -> None:
    power = "HP/Power/Total_effPow"
    log = own_log(tmp_path / "log", lambda _, P: 1.1 * P, power)
    options = ("--fmu", fmus["rwth_brine_water"], "-o", tmp_path / "report")
    result = run("validate", log, *options)
    assert result.exit_code == 1, result.output
    assert "missed: P_el energy <= 0.5, all: 8.7" in " ".join(result.output.split())
    assert 'failures="2"' in (tmp_path / "report" / "junit.xml").read_text(encoding="utf-8")
    assert_bad_input(run("validate", log, *options), "already holds report.html, scores.json")
    again = run("validate", log, *options, "--replace", "--step", "60")
    assert again.exit_code == 1
    scores = json.loads((tmp_path / "report" / "scores.json").read_text(encoding="utf-8"))
    assert (scores["steps"], scores["step"], scores["communication_step"]) == (239, 60.0, 10.0)


def test_options_of_points_are_not_for_logs_and_the_other_way_round(
    fmu: Path, tmp_path: Path
) -> None:
    log = write_log(tmp_path / "log", made_rows())
    for option in (("--diagrams", "all"), ("--baseline", "x.json"), ("--fmu", fmu)):
        result = run("validate", log, "--fmu", fmu, *option, "-o", tmp_path / "report")
        assert_bad_input(result, "is for data sets of points", "is a log")
    assert_bad_input(
        run("validate", "mci_lab", "--fmu", fmu, "--step", "60"),
        "--step and --communication-step are for logs; mci_lab is a data set of points",
    )
    assert_bad_input(run("calibrate", log, "--seed", "1"), "--seed is for data sets of points")
    assert_bad_input(run("plateaus", "mci_lab", "-o", tmp_path / "p"), "is of points and not of")
    assert not (tmp_path / "report").exists()


def test_a_log_without_anything_steady_writes_nothing(fmu: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", made_rows())
    result = run("plateaus", log, "-o", tmp_path / "points")
    assert_bad_input(result, "holds no steady part")
    assert not (tmp_path / "points").exists()
    watched = run("watch", log, "--fmu", fmu, "-o", tmp_path / "drift")
    assert_bad_input(watched, "holds no steady part of 120 s")


def test_a_log_without_a_machine_needs_an_fmu(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", made_rows())
    path = log / "descriptor.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('machine = "mci_lab"\n', ""), encoding="utf-8")
    assert_bad_input(run("validate", log), "its descriptor names no machine")


def test_time_constants_go_into_the_machine_file_and_nothing_else_is_changed(
    certified_maps: dict[str, CertifiedMap], tmp_path: Path
) -> None:
    folder = log_of_core(tmp_path / "log", certified_maps[MACHINE].table, 2)
    output = tmp_path / "new.toml"
    result = run("calibrate", folder, "--machine", MACHINE, "-o", output)
    assert result.exit_code == 0, result.output
    flat = " ".join(result.output.split())
    assert "each of 2 starts left out once" in flat
    assert "source_lag the log has no T_source_out that was read" in flat
    old_text = machine_path(MACHINE).read_text(encoding="utf-8")
    old, new = tomllib.loads(old_text), tomllib.loads(output.read_text(encoding="utf-8"))
    for key, true in TRUE.items():
        entry = new["dynamics"].pop(key)
        assert entry["value"] == pytest.approx(true, abs=4.0 * entry["uncertainty"])
        assert entry["source"] == "calibration_log"
        assert f"before: {old['dynamics'].pop(key)['value']:g}" in entry["note"]
    assert "made_log" in new["sources"].pop("calibration_log")
    # The shipped file names the log that it was fitted to.
    assert "rwth_brine_water_log" in old["sources"].pop("calibration_log")
    assert new == old
    # Steady answers are the same, so what is known of them is, too.
    assert read_machine(str(output)).fingerprint == read_machine(MACHINE).fingerprint
    record = record_path(machine_path(MACHINE)).read_bytes()
    assert record_path(output).read_bytes() == record
    again = run("calibrate", folder, "--machine", MACHINE, "-o", output)
    assert_bad_input(again, "is there already and is kept")


def test_a_log_that_tells_no_time_constant_is_one_message_and_writes_nothing(
    certified_maps: dict[str, CertifiedMap], tmp_path: Path
) -> None:
    folder = log_of_core(tmp_path / "log", certified_maps[MACHINE].table, 1)
    path, output = folder / "descriptor.toml", tmp_path / "new.toml"
    text = path.read_text(encoding="utf-8")
    options = (folder, "--machine", MACHINE, "-o", output)
    power, supply = text.index("[columns.P]"), text.index("[columns.T_supply]")
    for changed, message in (
        (text + "\n[window]\nbegin = 300\nend = 700\n", "holds no start"),
        (text[:supply] + text[power:], "has no outlet temperature that was read"),
        (text + "\n[resampling]\nstep = 60\n", "steps of 60 s are too long"),
    ):
        path.write_text(changed, encoding="utf-8")
        assert_bad_input(run("calibrate", *options), message)
    path.write_text(text.replace(f'machine = "{MACHINE}"\n', ""), encoding="utf-8")
    without = run("calibrate", folder, "-o", output)
    assert_bad_input(without, "its descriptor names no machine")
    path.write_text(text.replace('unit = "kW"', 'unit = "hp"'), encoding="utf-8")
    other = run("calibrate", *options)
    assert other.exit_code == 1, other.output
    assert "is not the one of this log" in " ".join(other.output.split())
    path.write_text(text, encoding="utf-8")
    start = ROOT / "harness" / "data" / "templates" / "start.toml"
    for machine, message in (("no_such", "unknown machine"), (start, "it is a start file")):
        refused = run("calibrate", folder, "--machine", machine, "-o", output)
        assert_bad_input(refused, message)
    assert_bad_input(run("calibrate", *options, "--seed", "1"), "--seed is for data sets of points")
    assert not output.exists()
