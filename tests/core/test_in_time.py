"""The core as time passes: held to the equations in Python, and to what physics demands."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import random_boundaries

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.heat_pump import HeatPump
from heatpump_twin.model.in_time import MachineInTime
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.performance_map import PerformanceMap
from heatpump_twin.model.quantities import (
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
    OperatingStatus,
    SetPoints,
)
from heatpump_twin.model.settings import SETTINGS

SHIPPED = ("mci_lab", "nist_split", "rwth_brine_water")
CONTROLS = SETTINGS["control"].choices

# Relative to the usual value of a quantity; sums in another order differ by less.
LARGEST_DIFFERENCE = 1e-9


def core_of(name: str, maps: dict[str, CertifiedMap], **settings: Any) -> Core:
    core = Core(map_file(read_machine(name), maps[name].table))
    for key, value in settings.items():
        if isinstance(value, str):
            core.choose(key, value)
        else:
            assert core.set_parameter(key, value), key
    return core


def oracle_of(name: str, maps: dict[str, CertifiedMap], **settings: Any) -> MachineInTime:
    machine, table = read_machine(name), maps[name].table
    heat_pump = HeatPump(machine, PerformanceMap(machine, table))
    heat_pump.number_of_units = int(settings.get("number_of_units", 1))
    return MachineInTime(heat_pump, {"source": table.source, "sink": table.sink}, settings)


def step(core: Core, boundary: Boundary, set_points: SetPoints, size: float) -> Any:
    for name, value in vars(set_points).items():
        core.set_set_point(name, value)
    return core.answer(boundary, size)


def course(machine: Machine, seed: int, count: int, units: int = 1) -> list[Any]:
    """Steps with boundaries in and around the envelope, off now and then, and set-points."""
    rng = np.random.default_rng(seed)
    boundaries = random_boundaries(machine, count, seed)
    heat = machine.design.Q_flow_sink
    steps = []
    for boundary in boundaries:
        changes = {
            "m_flow_source": boundary.m_flow_source * units,
            "m_flow_sink": boundary.m_flow_sink * units,
        }
        case = rng.integers(12)
        if case < 2:
            changes["compressor_speed"] = 0.0
        elif case == 2:
            changes["compressor_speed"] = rng.uniform(0.0, machine.envelope.minimum.compressor_speed)
        elif case == 3:
            changes["T_source_in"] = machine.envelope.minimum.T_source_in - rng.uniform(0.0, 10.0)
        elif case == 4:
            changes["T_sink_in"] = machine.envelope.maximum.T_sink_in + rng.uniform(0.0, 10.0)
        elif case == 5:
            changes["m_flow_sink"] = 0.0
        points = SetPoints(
            units * heat * rng.choice([0.0, rng.uniform(0.0, 0.5), rng.uniform(0.2, 2.0)]),
            boundary.T_sink_in + rng.uniform(-3.0, 15.0),
        )
        size = float(rng.choice([0.0, 0.5, 1.0, 7.3, 60.0, 300.0, 900.0, 3600.0]))
        steps.append((replace(boundary, **changes), points, size))
    return steps


def assert_near(found: float, expected: float, usual: float, what: str) -> None:
    scale = max(abs(expected), usual)
    assert abs(found - expected) <= LARGEST_DIFFERENCE * scale, f"{what}: {found!r} {expected!r}"


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("part_load", SETTINGS["part_load"].choices)
@pytest.mark.parametrize("dynamics", SETTINGS["dynamics"].choices)
@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("name", SHIPPED)
def test_core_is_the_oracle(
    name: str,
    control: str,
    dynamics: str,
    part_load: str,
    units: int,
    certified_maps: dict[str, CertifiedMap],
) -> None:
    settings = {
        **{"control": control, "dynamics": dynamics, "part_load": part_load},
        **{"number_of_units": float(units), "pump_run_on_time": 100.0, "start_power_ratio": 0.1},
        "minimum_pause_time": 450.5,
    }
    core, oracle = (of(name, certified_maps, **settings) for of in (core_of, oracle_of))
    seen = set()
    for i, (boundary, points, size) in enumerate(course(read_machine(name), 7, 80, units)):
        answer = step(core, boundary, points, size)
        point, status = oracle.step(boundary, points, size)
        assert answer.status == status, f"step {i}: {boundary}, {points}: {answer}"
        seen.add(status)
        if point is None:
            continue
        for key, of in RESULT_QUANTITIES.items():
            found = getattr(answer.point, key)
            assert_near(found, getattr(point, key), of.nominal, f"step {i}: {key}")
        for key, of in OPERATION_QUANTITIES.items():
            found = getattr(core.operation, key)
            assert_near(found, getattr(oracle.operation, key), of.nominal, f"step {i}: {key}")
    assert {OperatingStatus.OFF, OperatingStatus.INSIDE} <= seen
    assert core.operation.starts > 2 or part_load == "mean"
    assert math.isfinite(core.operation.E_el)
