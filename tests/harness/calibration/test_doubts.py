"""A refrigerant or medium that is not the machine's shows in what the fit has to assume."""

from dataclasses import replace
from pathlib import Path

import pytest

from heatpump_twin.harness.calibration.calibrating import Progress, calibrate
from heatpump_twin.harness.calibration.doubts import media_doubt
from heatpump_twin.harness.calibration.limits import WidenedLimit
from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.machine import Machine


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_nothing_speaks_against_the_shipped_machines(name: str) -> None:
    record = CalibrationRecord.load(record_path(machine_path(name)))
    assert media_doubt(read_machine(name), [], record.uncertainty_factors) == ""


def test_what_such_machines_do_not_have_is_named(machine: Machine) -> None:
    def limit(place: str) -> WidenedLimit:
        return WidenedLimit(f"envelope.{place}", 400.0, 410.0, 413.0, True, "record 5")

    said = media_doubt(machine, [limit("T_discharge_max"), limit("p_low_min")], {})
    assert "check refrigerant (R410A) and media" in said
    assert "envelope.T_discharge_max had to give way" in said
    # A suction pressure says how cold the source was, a flow of the sink nothing of this.
    assert "p_low_min" not in said
    assert media_doubt(machine, [limit("p_low_min"), limit("m_flow_sink_max")], {}) == ""
    # R410A at 2.3 bar: dew at -33 degC, where the source enters at some 10 degC.
    cold = replace(machine, design=replace(machine.design, p_low=2.3e5))
    assert "K below the inlet at the design point, 7 K is usual" in media_doubt(cold, [], {})
    # Power is no reading of the refrigerant.
    assert media_doubt(machine, [], {"P_el": 9.0, "p_high": 4.9, "T_sink_out": 9.0}) == ""
    assert "p_high is off by 6 times" in media_doubt(machine, [], {"p_high": 6.0})


def test_flow_of_another_refrigerant_is_doubted(tmp_path: Path) -> None:
    """R32 takes some 30 % less flow for the same heat than R410A, which NIST measured."""
    text = (DATASETS / "nist_split" / "start.toml").read_text(encoding="utf-8")
    assert text.count('refrigerant = "R410A"') == 1
    path = tmp_path / "start.toml"
    path.write_text(text.replace('"R410A"', '"R32"', 1), encoding="utf-8")

    def interrupted(splits: int) -> None:
        # The check on unseen records is not looked at here.
        raise KeyboardInterrupt

    done = calibrate(load_dataset("nist_split"), path, progress=Progress(splits=interrupted))
    assert "check refrigerant (R32)" in done.doubt
    assert "m_flow_refrigerant is off by" in done.doubt
