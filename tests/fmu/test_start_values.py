"""An FMU that starts as a tool wants that cannot set its parameters."""

from __future__ import annotations

from pathlib import Path

import fmpy
import pandas as pd
import pytest

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.fmu.build import build
from heatpump_twin.fmu.start_values import read_start_values
from heatpump_twin.harness.data.datasets import Dataset
from heatpump_twin.harness.scoring.connection import connect
from heatpump_twin.harness.stepping.replay import inspect_fmu
from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES
from heatpump_twin.model.settings import SETTINGS

CHOSEN = ("control=heat_flow", "dynamics=dynamic", "sink_lag=7", "standby_power = 25.5")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("started") / "started.fmu"
    return build("mci_lab", path, start=CHOSEN).path


def test_description_and_instance_start_alike(started: Path, fmu: Path) -> None:
    description = fmpy.read_model_description(str(started))
    starts = {v.name: v.start for v in description.modelVariables}
    assert starts["control"] == "heat_flow"
    assert (starts["sink_lag"], starts["standby_power"]) == ("7.0", "25.5")
    usual = fmpy.read_model_description(str(fmu))
    assert description.guid != usual.guid
    changed = {v.name for v in usual.modelVariables if v.start != starts[v.name]}
    assert changed == {"control", "dynamics", "sink_lag", "standby_power"}
    parameters = [v.name for v in description.modelVariables if v.causality == "parameter"]
    with Session(started) as session:
        for name, value in zip(parameters, session.reader(parameters)(), strict=True):
            text = starts[name]
            assert value == (text if isinstance(value, str) else float(text)), name
        session.set({"Q_flow_sink_set": 3000.0})
        session.advance(3600.0)
        assert session.get()["Q_flow_sink"] == pytest.approx(3000.0, rel=1e-6)
        session.set({"Q_flow_sink_set": 0.0})
        session.advance(3600.0)
        assert session.get()["P_el"] == pytest.approx(25.5)


def test_records_are_answers_to_a_speed_however_it_starts(
    started: Path, fmu: Path, dataset: Dataset
) -> None:
    boundaries = dataset.values[list(BOUNDARY_QUANTITIES)].dropna()
    of_started, of_usual = (
        connect(inspect_fmu(path), dataset, None, "").run(inspect_fmu(path), boundaries).outputs
        for path in (started, fmu)
    )
    assert len(of_usual) > 10
    pd.testing.assert_frame_equal(of_started, of_usual)


def test_map_file_differs_in_its_start_values_alone(
    machine: Machine, certified: CertifiedMap
) -> None:
    content = map_file(machine, certified.table)
    assert map_file(machine, certified.table, {}) == content
    same = {name: setting.start(machine) for name, setting in SETTINGS.items()}
    assert map_file(machine, certified.table, same) == content
    changed = {"standby_power": 3.0, "number_of_units": 2.0, "part_load": 1.0}
    other = HeatPump(map_file(machine, certified.table, changed))
    assert {name: other.parameter(name) for name in SETTINGS} == same | changed


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["control"], "expected NAME=VALUE"),
        (["=3"], "'' is none of the parameters"),
        (["solver=live"], "'solver' is none of the parameters whose start value can be chosen"),
        (["T_sink_in=308"], "'T_sink_in' is none of the parameters"),
        (["control=heat"], "expected control to be one of speed, heat_flow, supply_temperature"),
        (["standby_power=ten"], "expected a number from 0 to 10000 W"),
        (["standby_power=nan"], "expected a number from 0 to 10000 W"),
        (["sink_lag=0"], "expected a number from 0.1 to 3600 s"),
        (["number_of_units=1.5"], "expected a whole number from 1 to 10000"),
        (["part_load=mean", "part_load=cycling"], "part_load is given twice"),
    ],
)
def test_what_cannot_be_a_start_value_is_said(given: list[str], expected: str) -> None:
    with pytest.raises(InputError, match="start value") as caught:
        read_start_values(given)
    assert expected in str(caught.value)
