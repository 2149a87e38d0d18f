"""The core in C is held to the equations in Python, at every limit. A lost limit is seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from compiled import compile_core
from variants import Variant, boundaries, variants

from heatpump_twin.core.heat_pump import HeatPump as Core
from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.heat_pump import Answer
from heatpump_twin.model.quantities import Boundary

SHIPPED = ("mci_lab", "nist_split", "rwth_brine_water")

# Relative. Sums in another order differ by less.
LARGEST_DIFFERENCE = 1e-11


@dataclass(frozen=True)
class Case:
    """What the oracle answers to the boundaries of a variant."""

    variant: Variant
    map_file: bytes
    boundaries: list[Boundary]
    answers: list[Answer]


_cases: dict[str, dict[str, Case]] = {}


def cases_of(name: str, maps: dict[str, CertifiedMap]) -> dict[str, Case]:
    if name not in _cases:
        machine, cases = read_machine(name), {}
        for limit, variant in variants(machine, maps[name].table).items():
            points, oracle = boundaries(variant.machine, variant.units, seed=62), variant.oracle()
            cases[limit] = Case(
                variant,
                map_file(variant.machine, variant.table),
                points,
                [oracle.answer(b) for b in points],
            )
        _cases[name] = cases
    return _cases[name]


def differences(case: Case, library: Path | None = None) -> list[str]:
    """Where a library of the core answers otherwise than the oracle, and how."""
    core = Core(case.map_file, library)
    core.set_parameter("number_of_units", case.variant.units)
    found = []
    for boundary, expected in zip(case.boundaries, case.answers, strict=True):
        answer = core.answer(boundary)
        if (answer.status, answer.notes) != (expected.status, expected.notes):
            found.append(f"{boundary}: {answer} instead of {expected}")
        elif expected.point is not None:
            for name, value in vars(answer.point).items():
                of = getattr(expected.point, name)
                if not abs(value - of) <= LARGEST_DIFFERENCE * abs(of):
                    found.append(f"{boundary}: {name} = {value!r} instead of {of!r}")
    return found


LIMITS = (
    *("as shipped", "seven units", "ten thousand units", "p_low_min", "p_high_max"),
    *(
        "T_discharge_max",
        "learned remainder",
        "pumps that follow their flows",
        "largest subcooling",
        "T_evaporating_max",
        "superheat_fraction_max",
    ),
    *("dew temperature below the map", "dew temperature above the map"),
    *(
        "superheat outside the map",
        "least refrigerant flow",
        "range of an outlet",
        "source too cold",
    ),
    *("sink too hot", "range of results", "slope of the search", "estimate too large"),
    "estimate too small",
)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", SHIPPED)
def test_core_is_the_oracle(name: str, limit: str, certified_maps: dict[str, CertifiedMap]) -> None:
    case = cases_of(name, certified_maps)[limit]
    is_reached = case.variant.is_reached
    reached = sum(is_reached(b, a) for b, a in zip(case.boundaries, case.answers, strict=True))
    assert reached >= 3
    assert differences(case) == []


def test_every_variant_is_a_case(certified_maps: dict[str, CertifiedMap]) -> None:
    assert tuple(cases_of("mci_lab", certified_maps)) == LIMITS


# A limit, a clamp or a case of the C source, and the source without it.
MUTATIONS: dict[str, tuple[str, str, str]] = {
    "p_low_min": ("steady.c", "results[RESULT_p_low] >= is->envelope_p_low_min &&", ""),
    "p_high_max": ("steady.c", "results[RESULT_p_high] <= is->envelope_p_high_max &&", ""),
    "T_discharge_max": (
        "steady.c",
        "results[RESULT_T_discharge] <= is->envelope_T_discharge_max",
        "true",
    ),
    "third power of a flow": (
        "map.c",
        "(relative_flow * relative_flow * relative_flow)",
        "(relative_flow * relative_flow)",
    ),
    "note of a limit": ("steady.c", "if (!limits[i].is_broken) continue;", "continue;"),
    "bisection": ("steady.c", "step < BISECTIONS", "step < BISECTIONS - 1"),
    "nearest point of the envelope": (
        "steady.c",
        "inputs[i] = fmin(fmax(value, is->least[i]), is->largest[i]);",
        "inputs[i] = value;",
    ),
    "range of an outlet": (
        "steady.c",
        "fmin(fmax(found, of->least), of->largest)",
        "found",
    ),
    "least flow of an outlet": (
        "steady.c",
        "fmax(asked[m_flow], is->least[m_flow])",
        "asked[m_flow]",
    ),
    "range of results": ("steady.c", "if (is_in_range(is, results[i])) continue;", "continue;"),
    "meaning of inputs": (
        "steady.c",
        "if (is_in_range(is, value)) continue;",
        "continue;",
    ),
    "round-off": ("steady.c", "value >= least - allowed", "value > least"),
    "round-off above": ("steady.c", "value <= largest + allowed", "value < largest"),
    "off by round-off": (
        "steady.c",
        "taken.given[INPUT_compressor_speed] <= ROUND_OFF",
        "taken.given[INPUT_compressor_speed] == 0.0",
    ),
    "machine without flow": (
        "steady.c",
        "if (taken->asked[flows[k]] > LEAST_FLOW) continue;",
        "continue;",
    ),
    "units": ("steady.c", "of->is_extensive ? given / units : given", "given"),
    "learned remainder": (
        "map.c",
        "correction(is, T_source_in - is->design[INPUT_T_source_in], log_relative_source) *",
        "1.0 *",
    ),
    "largest subcooling": ("map.c", "LARGEST_SUBCOOLING_FRACTION);", "INFINITY);"),
    "T_evaporating_max": (
        "map.c",
        "*T_dew = smooth_minimum(T_wetted, T_max, EVAPORATING_BLEND);",
        "*T_dew = T_wetted;",
    ),
    "T_evaporating_max at the end": (
        "map.c",
        "*T_dew = smooth_minimum(T_source_in - approach, T_max, EVAPORATING_BLEND);",
        "*T_dew = T_source_in - approach;",
    ),
    "superheat_fraction_max": ("map.c", "fraction_max * actual", "INFINITY"),
    "least refrigerant flow": (
        "map.c",
        "fmax(log_relative_speed + log_flow, log_least_flow)",
        "log_relative_speed + log_flow",
    ),
    "superheat led back": ("map.c", "within(scaled(&map->superheat,", "(scaled(&map->superheat,"),
    "T_dew led back": ("map.c", "within(scaled(&map->T_dew,", "(scaled(&map->T_dew,"),
    "superheat inside the map": (
        "map.c",
        "fabs(scaled(&map->superheat, *superheat)) <= 1.0 &&",
        "",
    ),
    "T_dew inside the map": ("map.c", "fabs(scaled(&map->T_dew, *T_dew)) <= 1.0)", "true)"),
    "coldest source": ("map.c", "h >= temperature->low && ", ""),
    "hottest sink": ("map.c", " && h <= temperature->high", ""),
    "saturation at rest": ("map.c", "fmax(T, map->saturation_log_p_dew.low)", "T"),
    "critical point at rest": (
        "map.c",
        "map->saturation_log_p_dew.low), map->saturation_log_p_dew.high)",
        "map->saturation_log_p_dew.low), INFINITY)",
    ),
    "largest step down": ("map.c", "-LARGEST_STEP_DOWN * approach", "-INFINITY"),
    "least slope": ("map.c", ", LEAST_SLOPE)", ", -INFINITY)"),
}


@pytest.mark.parametrize("limit", MUTATIONS)
def test_a_lost_limit_is_seen(
    limit: str, certified_maps: dict[str, CertifiedMap], tmp_path: Path
) -> None:
    file, old, new = MUTATIONS[limit]
    library = compile_core(tmp_path, {file: (old, new)})
    cases = cases_of("mci_lab", certified_maps).values()
    assert any(differences(case, library) for case in cases)


def test_the_unchanged_source_passes(
    certified_maps: dict[str, CertifiedMap], tmp_path: Path
) -> None:
    library = compile_core(tmp_path)
    for case in cases_of("mci_lab", certified_maps).values():
        assert differences(case, library) == []
