"""The core as time passes: held to the equations in Python, and to what physics demands."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import compile_core
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
from heatpump_twin.model.settings import CONTROLS, DYNAMICS, PART_LOADS

SHIPPED = ("mci_lab", "nist_split", "rwth_brine_water")

# Relative to the usual value of a quantity; sums in another order differ by less.
LARGEST_DIFFERENCE = 1e-9


# A machine whose pressure limit is reached: a bit above the design point's discharge pressure.
LIMITED = "mci_lab with a low p_high_max"
# A machine whose coil frosts, though media and sizes are those of the map. Its fan and its pump
# follow their flows.
IN_AIR = "mci_lab with a coil in air"


# The ends of the range, what misses them by round-off, and what has no meaning.
HUMIDITIES = (0.0, 1.0, -1e-10, 1.0 + 1e-10, math.nan, 84.0)


def machine_of(name: str) -> Machine:
    machine = read_machine(name.split()[0])
    if name == IN_AIR:
        return replace(machine, source_medium="Air", source_pump_power=30.0, sink_pump_power=40.0)
    if name != LIMITED:
        return machine
    return machine.with_parameters({"envelope.p_high_max": 1.05 * machine.design.p_high})


def core_of(
    name: str, maps: dict[str, CertifiedMap], library: Path | None = None, **settings: Any
) -> Core:
    core = Core(map_file(machine_of(name), maps[name.split()[0]].table), library)
    for key, value in settings.items():
        if isinstance(value, str):
            core.choose(key, value)
        else:
            assert core.set_parameter(key, value), key
    return core


def oracle_of(name: str, maps: dict[str, CertifiedMap], **settings: Any) -> MachineInTime:
    machine, table = machine_of(name), maps[name.split()[0]].table
    heat_pump = HeatPump(machine, PerformanceMap(machine, table))
    heat_pump.number_of_units = int(settings.get("number_of_units", 1))
    return MachineInTime(heat_pump, {"source": table.source, "sink": table.sink}, settings)


def step(core: Core, boundary: Boundary, set_points: SetPoints, size: float) -> Any:
    for name, value in vars(set_points).items():
        core.set_set_point(name, value)
    return core.answer(boundary, size)


def course(machine: Machine, seed: int, count: int, units: int = 1) -> list[Any]:
    """Steps with boundaries in and around the envelope, off now and then, and set-points."""
    rng, humidity = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    boundaries = random_boundaries(machine, count, seed)
    heat = machine.design.Q_flow_sink
    steps = []
    for boundary in boundaries:
        changes = {
            "m_flow_source": boundary.m_flow_source * units,
            "m_flow_sink": boundary.m_flow_sink * units,
        }
        case = rng.integers(14)
        if case < 2:
            changes["compressor_speed"] = 0.0
        elif case == 2:
            changes["compressor_speed"] = rng.uniform(
                0.0, machine.envelope.minimum.compressor_speed
            )
        elif case == 3:
            changes["T_source_in"] = machine.envelope.minimum.T_source_in - rng.uniform(0.0, 10.0)
        elif case == 4:
            changes["T_sink_in"] = machine.envelope.maximum.T_sink_in + rng.uniform(0.0, 10.0)
        elif case == 5:
            changes["m_flow_sink"] = 0.0
        elif case == 6:
            changes["m_flow_sink"] = 0.4 * machine.envelope.minimum.m_flow_sink * units
        elif case == 7:
            changes["T_sink_in"], changes["compressor_speed"] = rng.uniform(400.0, 420.0), 0.0
        points = SetPoints(
            units * heat * rng.choice([0.0, rng.uniform(0.0, 0.5), rng.uniform(0.2, 2.0)]),
            boundary.T_sink_in + rng.uniform(-3.0, 15.0),
            float(humidity.choice([*humidity.uniform(0.3, 1.0, 8), *HUMIDITIES])),
        )
        size = float(rng.choice([0.0, 0.5, 1.0, 7.3, 60.0, 300.0, 900.0, 3600.0]))
        steps.append((replace(boundary, **changes), points, size))
    return steps


# Machine, control, dynamics, part load, units.
CASES = [
    *(("mci_lab", c, d, p, 1) for c in CONTROLS for d in DYNAMICS for p in PART_LOADS),
    *((name, c, "dynamic", "cycling", 3) for name in SHIPPED[1:] for c in CONTROLS),
    *((LIMITED, c, "steady", "mean", 1) for c in CONTROLS),
    *((IN_AIR, c, *of, 3) for c in CONTROLS for of in (("steady", "mean"), ("dynamic", "cycling"))),
]


def differences(
    case: tuple[str, str, str, str, int],
    maps: dict[str, CertifiedMap],
    library: Path | None = None,
) -> list[str]:
    """Where a library of the core goes another way than the oracle, and how."""
    name, control, dynamics, part_load, units = case
    settings: dict[str, Any] = {
        **{"control": control, "dynamics": dynamics, "part_load": part_load},
        **{"number_of_units": float(units), "pump_run_on_time": 100.0, "start_power_ratio": 0.1},
        **{"minimum_pause_time": 450.5, "outside_envelope": "off" if units > 1 else "by_control"},
        **{"frost": "estimated", "frost_power_share": 0.3, "frost_peak_loss": 0.4},
    }
    core = core_of(name, maps, library, **settings)
    found = []
    for i, (given, (point, operation, status)) in enumerate(expected(case, settings, maps)):
        answer = step(core, *given)
        if answer.status != status:
            return [*found, f"step {i}: {given}: {answer.status} instead of {status}"]
        pairs = [] if point is None else [(RESULT_QUANTITIES, answer.point, point)]
        for quantities, ours, theirs in [*pairs, (OPERATION_QUANTITIES, core.operation, operation)]:
            for key, of in quantities.items():
                value, reference = getattr(ours, key), getattr(theirs, key)
                if not abs(value - reference) <= LARGEST_DIFFERENCE * max(
                    abs(reference), of.nominal
                ):
                    found.append(f"step {i}: {given}: {key} = {value!r} instead of {reference!r}")
    return found


_expected: dict[tuple[str, str, str, str, int], list[Any]] = {}


def expected(case: Any, settings: dict[str, Any], maps: dict[str, CertifiedMap]) -> list[Any]:
    """Steps, and what the oracle answers to each."""
    if case not in _expected:
        oracle, found = oracle_of(case[0], maps, **settings), []
        for given in course(machine_of(case[0]), 7, 80, case[4]):
            point, status = oracle.step(*given)
            found.append((given, (point, oracle.operation, status)))
        _expected[case] = found
    return _expected[case]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(map(str, case)))
def test_core_is_the_oracle(case: Any, certified_maps: dict[str, CertifiedMap]) -> None:
    assert differences(case, certified_maps) == []
    answers = [answer for _, answer in _expected[case]]
    assert {OperatingStatus.OFF, OperatingStatus.INSIDE} <= {status for _, _, status in answers}
    last = answers[-1][1]
    assert last.starts > 2 or "mean" in case
    assert last.run_time > 0.0
    assert last.E_el > 0.0


# A rule of the C source, and the source without it.
MUTATIONS: dict[str, tuple[str, str, str]] = {
    "minimum run time": ("control.c", "is[PARAMETER_minimum_run_time] - run", "0.0 * run"),
    "minimum pause": ("control.c", "is[PARAMETER_minimum_pause_time] - run", "0.0 * run"),
    "starts per hour": ("control.c", "HOUR / is[PARAMETER_most_starts_per_hour]", "0.0"),
    "hysteresis of heat": (
        "control.c",
        "state->run.deficit > -allowed",
        "state->run.deficit > 0.0",
    ),
    "hysteresis of temperature": ("control.c", "T_sink_out <= set - allowed", "T_sink_out <= set"),
    "lockout of a cold source": ("control.c", "if (!is_cold && !is_warm)", "if (!is_warm)"),
    "lockout of a warm sink": ("control.c", "if (!is_cold && !is_warm)", "if (!is_cold)"),
    "limits of the search": ("control.c", "? FOUND : BEYOND_LIMITS", "? FOUND : FOUND"),
    "tolerance of the search": ("control.c", "< CONTROL_TOLERANCE", "< 1e-3"),
    "steps of the search": ("control.c", "step < CONTROL_ITERATIONS", "step < 2"),
    "degradation": ("control.c", "*= Cc * share + 1.0 - Cc", "*= share"),
    "unmet demand": ("control.c", "plan->unmet_on = missing;", ""),
    "look at the demand": ("control.c", "/ interval) + 1.0;", "/ interval) + 2.0;"),
    "power at a start": ("heat_pump.c", "is[PARAMETER_start_power_ratio] *", "0.0 *"),
    "power after a stop": ("heat_pump.c", "now - plan->off[RESULT_P_el]", "0.0"),
    "auxiliaries that run on": ("heat_pump.c", "left > TIME_ROUND_OFF", "left > INFINITY"),
    "flow that takes the heat": (
        "heat_pump.c",
        "if (is_on) streams.m_flow[k] = plan->on_flow[k];",
        "",
    ),
    "grid of time": (
        "heat_pump.c",
        "if (fabs(run->time - whole) <= TIME_ROUND_OFF) run->time = whole;",
        "run->time += 0.25 + 0.0 * whole;",
    ),
    "frost at a speed": (
        "steady.c",
        "frost_apply(&heat_pump->map, parameters, used, loss, results);\n        return",
        "return",
    ),
    "frost beside the envelope": (
        "steady.c",
        "frost_apply(&heat_pump->map, parameters, used, loss, results);\n    set_outlets",
        "set_outlets",
    ),
    "frost of a demand": ("control.c", ".loss = loss_by_frost(heat_pump, taken)", ".loss = 0.0"),
    "frost of a liquid": ("steady.c", "heat_pump->map.is.has_coil_in_air != 0.0", "true"),
    "humidity without a meaning": (
        "steady.c",
        "is_in_range(of, phi)) return true",
        "1) return true",
    ),
    "humidity of a machine that is off": (
        "control.c",
        "plan->wants != WANTS_OFF || control_switch(state, plan, NAN /* is not asked for */)",
        "true",
    ),
    "round-off of a humidity": ("steady.c", "ROUND_OFF * of->usual);\n}", "0.0);\n}"),
    "dry air": ("frost.c", "driving > 0.0 && reference > 0.0", "reference > 0.0"),
    "base of the loss": ("frost.c", "fmax(base, 0.0)", "base"),
    "largest loss": ("frost.c", "LARGEST_LOSS);", "INFINITY);"),
    "ice on the coil": ("frost.c", "T_coil < ZERO_CELSIUS ? over_ice(T_coil) :", ""),
    "water on the coil": ("frost.c", ": over_water(T_coil);", ": over_ice(T_coil);"),
    "saved power": ("frost.c", "+= saved - lost", "+= -lost"),
    "second lag": ("dynamics.c", "(second + first * share) * remaining", "second * remaining"),
    "media beyond their range": (
        "dynamics.c",
        "T == nearest ? h : h + heat_capacity_at(map, side, nearest) * (T - nearest)",
        "h",
    ),
}


@pytest.mark.parametrize("rule", MUTATIONS)
def test_a_lost_rule_is_seen(
    rule: str, certified_maps: dict[str, CertifiedMap], tmp_path: Path
) -> None:
    file, old, new = MUTATIONS[rule]
    library = compile_core(tmp_path, {file: (old, new)})
    assert any(differences(case, certified_maps, library) for case in CASES)
