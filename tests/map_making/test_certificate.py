"""The certificate: what it measures, which limits it holds, and its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import serially

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.certificate import (
    SEED,
    Certificate,
    Comparison,
    OutputError,
    certify,
    deviation_unit,
)
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.map_making.tabulation import tabulate
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array, MapTable
from heatpump_twin.model.quantities import RESULT_QUANTITIES
from heatpump_twin.solving.cycle import HeatPumpCycle

SMALL_ERROR = {"%": 1e-3, "K": 1e-4, "J/kg": 1.0}


def certificate_with(**errors: tuple[float, float]) -> Certificate:
    """A certificate of a tolerance of 0.001 with small errors, but for 99 % and maximum of some."""
    found = {}
    for q, quantity in RESULT_QUANTITIES.items():
        unit = deviation_unit(quantity)
        at_99, most = errors.get(q, (SMALL_ERROR[unit], SMALL_ERROR[unit]))
        found[q] = OutputError(unit, 0.5 * at_99, at_99, most)
    return Certificate("f" * 64, 1e-3, 2000, 1, 100, found)


def test_limits_are_kept_up_to_their_value() -> None:
    # The tolerance of 0.001 is 0.1 % of flows and pressures, a fifth of it for 99 of 100 flows,
    # and 0.01 K.
    flows = dict.fromkeys(
        ("P_el", "Q_flow_sink", "Q_flow_source", "m_flow_refrigerant"), (0.02, 0.1)
    )
    others = {"p_low": (0.1, 0.1), "T_sink_out": (0.01, 0.01), "T_source_out": (0.01, 0.01)}
    assert certificate_with(**flows, **others).missed() == []


@pytest.mark.parametrize(
    ("output", "figures", "message"),
    [
        ("P_el", (0.01, 0.11), "P_el: maximum 0.11 %, limit 0.1"),
        ("Q_flow_sink", (0.021, 0.03), "Q_flow_sink: 99 % 0.021 %, limit 0.02"),
        ("m_flow_refrigerant", (0.01, float("nan")), "m_flow_refrigerant: maximum nan %, limit"),
        ("p_high", (0.05, 0.12), "p_high: maximum 0.12 %, limit 0.1"),
        ("T_sink_out", (0.001, 0.011), "T_sink_out: maximum 0.011 K, limit 0.01"),
    ],
)
def test_each_missed_limit_is_named(
    output: str, figures: tuple[float, float], message: str
) -> None:
    (missed,) = certificate_with(**{output: figures}).missed()
    assert missed.startswith(message)


def test_figures_by_hand(machine: Machine) -> None:
    # Three boundaries; the map is 1, 2 and 3 W high of 1000 W, and 0.1 K low at the discharge.
    live = np.full((3, len(RESULT_QUANTITIES)), 1000.0)
    mapped = live.copy()
    mapped[:, list(RESULT_QUANTITIES).index("P_el")] += [1.0, 2.0, 3.0]
    mapped[:, list(RESULT_QUANTITIES).index("T_discharge")] -= 0.1
    live[:, list(RESULT_QUANTITIES).index("Q_flow_loss")] = 0.0  # a machine without losses
    mapped[:, list(RESULT_QUANTITIES).index("Q_flow_loss")] = 0.0
    comparison = Comparison.of(sample_envelope(machine, 3, 1), live, mapped)
    assert comparison.error("P_el") == OutputError("%", 0.2, 0.298, 0.3)
    assert comparison.error("T_discharge") == OutputError("K", 0.1, 0.1, 0.1)
    assert comparison.error("Q_flow_loss") == OutputError("%", 0.0, 0.0, 0.0)


def test_shipped_certificate_is_what_the_model_and_the_map_say(
    machine: Machine, certified: CertifiedMap
) -> None:
    certificate, comparison = certified.certificate, certified.comparison
    assert (certificate.points, certificate.missed()) == (2000, [])
    assert certificate.machine_fingerprint == machine.fingerprint
    assert certificate.errors == {q: comparison.error(q) for q in RESULT_QUANTITIES}
    # Solved again, from points in the middle of the list.
    core, cycle = HeatPump(map_file(machine, certified.table)), HeatPumpCycle(machine)
    for i in (700, 1400):
        boundary = comparison.boundaries[i]
        live, mapped = cycle.off_design(boundary).P_el, core.off_design(boundary).P_el
        expected = comparison.deviations[i, list(RESULT_QUANTITIES).index("P_el")]
        assert 100 * (mapped / live - 1) == pytest.approx(expected, abs=1e-7)


def test_coarse_table_misses_a_tight_tolerance(small: Machine) -> None:
    coarse = small.with_parameters({"envelope.compressor_speed_min": 0.5})
    table = tabulate(coarse, 0.05, serially)
    certificate, comparison = certify(coarse, table, 1e-5, serially, points=12)
    assert (certificate.points, len(comparison.boundaries)) == (12, 12)
    assert any(text.startswith("P_el: maximum") for text in certificate.missed())


def rows_of(machine: Machine, table: MapTable, points: int) -> Array:
    core = HeatPump(map_file(machine, table))
    boundaries = sample_envelope(machine, points, SEED)
    return np.array([list(vars(core.off_design(b)).values()) for b in boundaries])


def test_live_model_without_a_solution_within_limits_fails_and_says_where(
    machine: Machine, certified: CertifiedMap
) -> None:
    def without_the_second(label: str, function: object, tasks: list) -> list:
        found = rows_of(machine, certified.table, 3)
        found[1] = np.nan
        return [found]

    where = sample_envelope(machine, 3, SEED)[1].as_text()
    with pytest.raises(InputError, match=r"no solution at 1 of 3 .* within all limits") as raised:
        certify(machine, certified.table, 1e-3, without_the_second, points=3)
    assert where in str(raised.value)


def test_points_beyond_a_limit_are_counted_and_not_compared(
    machine: Machine, certified: CertifiedMap
) -> None:
    count, p_high = 40, list(RESULT_QUANTITIES).index("p_high")
    live = rows_of(machine, certified.table, count)
    limit = float(np.median(live[:, p_high]))
    low = machine.with_parameters({"envelope.p_high_max": limit})
    table = replace(certified.table, machine_fingerprint=low.fingerprint)
    certificate, comparison = certify(low, table, 1e-3, lambda *_: [live], points=count)
    compared = np.isfinite(comparison.sizes("P_el"))
    assert compared.tolist() == (live[:, p_high] <= limit).tolist()
    assert certificate.beyond["p_high_max"] >= 10
    assert sum(certificate.beyond.values()) == count - compared.sum()
    assert certificate.errors["P_el"].maximum == 0.0


def test_an_envelope_beyond_the_limits_is_refused(
    machine: Machine, certified: CertifiedMap
) -> None:
    live = rows_of(machine, certified.table, 20)
    low = machine.with_parameters({"envelope.T_discharge_max": 273.15})
    with pytest.raises(InputError, match=r"20 of 20 boundaries .* beyond the limits"):
        certify(low, certified.table, 1e-3, lambda *_: [live], points=20)


def test_file(tmp_path: Path, certified: CertifiedMap) -> None:
    path = tmp_path / "certificate.json"
    certified.certificate.save(path)
    assert Certificate.load(path) == certified.certificate
    for content in ("", "[]", '{"errors": {}}', '{"errors": 1}', path.read_text()[:-9]):
        path.write_text(content)
        with pytest.raises(InputError, match=r"certificate\.json: not a certificate"):
            Certificate.load(path)
    path.unlink()
    with pytest.raises(InputError, match="not a certificate"):
        Certificate.load(path)
