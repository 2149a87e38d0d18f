"""Limits of a start file that the records exceed give way, and it is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomlkit

from heatpump_twin.harness.calibration.calibrating import Progress, calibrate, give_way
from heatpump_twin.harness.calibration.limits import widened_flows, widened_limits
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.files import DATASETS
from heatpump_twin.model.heat_pump import HeatPump
from heatpump_twin.model.machine import PARAMETERS, Machine
from heatpump_twin.model.quantities import OperatingStatus
from heatpump_twin.solving.cycle import HeatPumpCycle


def test_only_exceeded_limits_give_way_and_the_farthest_record_is_named(machine: Machine) -> None:
    design = machine.design.boundary
    warm = replace(design, T_sink_in=design.T_sink_in + 5.0)
    inlets = np.array([list(vars(b).values()) for b in (design, warm)])
    assert widened_limits(machine, inlets, [7, 8]) == []
    at_design, at_warm = (HeatPumpCycle(machine).off_design(b) for b in (design, warm))
    between = 0.5 * (at_design.p_high + at_warm.p_high)
    limited = replace(machine, envelope=replace(machine.envelope, p_high_max=between))
    (limit,) = widened_limits(limited, inlets, [7, 8])
    assert (limit.place, limit.where) == ("envelope.p_high_max", "record 8")
    assert limit.reached == pytest.approx(at_warm.p_high, rel=1e-5)
    assert limit.value == pytest.approx(1.02 * at_warm.p_high, rel=1e-5)
    # The least suction pressure gives way downwards, here for the design point alone.
    least = replace(machine, envelope=replace(machine.envelope, p_low_min=1.01 * at_design.p_low))
    (limit,) = widened_limits(least, inlets[1:], [8])
    assert (limit.place, limit.where) == ("envelope.p_low_min", "the design point")
    assert limit.value == pytest.approx(0.98 * at_design.p_low, rel=1e-5)


def test_range_of_an_assumed_flow_follows_the_fit(machine: Machine) -> None:
    low, high = machine.envelope.range("m_flow_source")
    design = machine.design.boundary.m_flow_source
    assert widened_flows(machine, {"m_flow_source": np.array([low, high])}, [1, 2]) == []
    far = {"m_flow_source": np.array([design, 1.5 * high])}
    (limit,) = widened_flows(machine, far, [4, 9])
    assert (limit.place, limit.where) == ("envelope.m_flow_source_max", "record 9")
    assert limit.value == pytest.approx(1.65 * high)
    (limit,) = widened_flows(machine, {"m_flow_source": np.array([0.5 * low])}, [4])
    assert (limit.place, limit.value) == ("envelope.m_flow_source_min", pytest.approx(0.45 * low))
    # Without a number nothing gives way; none gives way beyond what a machine file can have.
    assert widened_flows(machine, {"m_flow_source": np.array([np.nan])}, [4]) == []
    most = PARAMETERS["envelope.m_flow_source_max"].maximum
    assert limit.is_enough
    (limit,) = widened_flows(machine, {"m_flow_source": np.array([2.0 * most])}, [4])
    assert (limit.value, limit.is_enough) == (most, False)


def test_limit_that_cannot_be_wider_stays_and_it_is_said(machine: Machine) -> None:
    text = '[envelope]\nm_flow_source_max = { value = 600000, unit = "kg/min", source = "x" }\n'
    document = tomlkit.parse(text)
    most = PARAMETERS["envelope.m_flow_source_max"].maximum
    assert most == pytest.approx(600000 / 60.0)
    machine = machine.with_parameters({"envelope.m_flow_source_max": most})
    limits = widened_flows(machine, {"m_flow_source": np.array([1.5 * most])}, [4])
    assert give_way(document, limits) == (
        "envelope.m_flow_source_max stays 600000 kg/min: the fitted machine comes to 9e+05 kg/min "
        "at record 4, beyond 6e+05 kg/min, as far as a machine file can go",
    )
    assert tomlkit.dumps(document) == text


def test_machine_that_gets_hotter_than_the_start_file_allows_is_calibrated(tmp_path: Path) -> None:
    start = (DATASETS / "rwth_brine_water" / "start.toml").read_text()
    lines = start.splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith("T_discharge_max"))
    lines[at] = 'T_discharge_max = { value = 60, unit = "degC", source = "estimate" }'
    path = tmp_path / "start.toml"
    path.write_text("\n".join(lines) + "\n")

    def interrupted(splits: int) -> None:
        # The check on unseen records is not looked at here.
        raise KeyboardInterrupt

    dataset = load_dataset("rwth_brine_water")
    done = calibrate(dataset, path, progress=Progress(splits=interrupted))
    (said,) = done.limits
    assert "envelope.T_discharge_max had to give way" in done.doubt
    assert "envelope.T_discharge_max is " in said
    assert "degC and no longer 60 degC: the fitted machine comes to " in said
    entry = done.document["envelope"]["T_discharge_max"]
    assert entry["source"] == "calibration"
    assert entry["note"].endswith("start: 60 degC by estimate")
    # Shipped machines are fitted to the same records: they come to 365.1 K.
    assert done.machine.envelope.T_discharge_max == pytest.approx(365.1 + 3.0, abs=0.1)
    answer = HeatPump(done.machine, HeatPumpCycle(done.machine)).answer(
        done.machine.design.boundary
    )
    assert answer.status is OperatingStatus.INSIDE
