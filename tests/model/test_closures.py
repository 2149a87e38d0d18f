import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatpump_twin.model import closures

finite = st.floats(-1e3, 1e3)


@given(a=finite, b=finite, width=st.floats(0.01, 10.0))
def test_smooth_minimum_lies_just_below_both(a: float, b: float, width: float) -> None:
    s = closures.smooth_minimum(a, b, width)
    assert s <= min(a, b)
    assert s >= min(a, b) - width / 2 - 1e-9


@given(s=st.floats(-50, 50), gap=st.floats(0.1, 50), width=st.floats(0.01, 5.0))
def test_smooth_minimum_argument_is_its_inverse(s: float, gap: float, width: float) -> None:
    a = closures.smooth_minimum_argument(s, s + gap, width)
    assert closures.smooth_minimum(a, s + gap, width) == pytest.approx(s, abs=1e-9)


def test_smooth_minimum_cannot_exceed_the_other_argument() -> None:
    assert math.isnan(closures.smooth_minimum_argument(5.0, 5.0, 1.0))


def test_volumetric_efficiency_by_hand() -> None:
    # 1 - 0.05 (3 - 1) = 0.9 at rated speed; at half speed the leaking half of the loss doubles.
    assert closures.volumetric_efficiency(3.0, 1.0, 1.0, 0.05, 0.5, 0.0) == pytest.approx(0.9)
    assert closures.volumetric_efficiency(3.0, 0.5, 1.0, 0.05, 0.5, 0.0) == pytest.approx(0.85)
    assert closures.volumetric_efficiency(3.0, 0.5, 1.0, 0.05, 0.0, 0.0) == pytest.approx(0.9)


def test_volumetric_efficiency_never_reaches_zero() -> None:
    def eta_vol(ratio: float) -> float:
        return closures.volumetric_efficiency(ratio, 1.0, 1.0, 0.05, 0.5, 0.0)

    # A loss of 0.05 * 12 = 0.6 leaves 0.4; 1 - tanh 1 = 2 / (1 + e**2) of that are left at 1.0.
    assert eta_vol(13.0) == pytest.approx(0.4)
    assert eta_vol(21.0) == pytest.approx(0.8 / (1.0 + math.exp(2.0)))
    # One slope and one curvature, none, on both sides.
    before, after = (eta_vol(13.0) - eta_vol(12.9), eta_vol(13.1) - eta_vol(13.0))
    assert before == pytest.approx(-0.005)
    assert after == pytest.approx(-0.005, rel=1e-3)
    assert eta_vol(200.0) > 0.0
    # Where a search looks at a loss of 200 it finds a number that it can divide by, in silence.
    with np.errstate(all="raise"):
        assert 1e5 / eta_vol(4001.0) < math.inf


def test_volumetric_efficiency_falls_with_suction_density_by_its_exponent() -> None:
    # Four times the density at exponent 0.5 halves it; at exponent 0 density does not matter.
    assert closures.volumetric_efficiency(3.0, 1.0, 4.0, 0.05, 0.5, 0.5) == pytest.approx(0.45)
    assert closures.volumetric_efficiency(3.0, 1.0, 0.25, 0.05, 0.5, -0.5) == pytest.approx(0.45)
    assert closures.volumetric_efficiency(3.0, 1.0, 4.0, 0.05, 0.5, 0.0) == pytest.approx(0.9)
    assert closures.volumetric_efficiency(3.0, 1.0, 1.0, 0.05, 0.5, 0.5) == pytest.approx(0.9)


def test_work_per_swept_volume_does_not_depend_on_leakage() -> None:
    # P = m dh / eta_is with m = rho V eta_vol: the volumetric efficiency cancels.
    for eta_vol in (0.5, 0.8, 1.0):
        eta_is = closures.isentropic_efficiency(0.77, eta_vol, 1.0, 0.0)
        assert eta_vol / eta_is == pytest.approx(1 / 0.77)


def test_mismatch_divides_the_isentropic_efficiency() -> None:
    # 0.8 * 0.9 / 1.2 = 0.6
    assert closures.isentropic_efficiency(0.8, 0.9, 1.2, 0.0) == pytest.approx(0.6)
    assert closures.isentropic_efficiency(0.8, 0.9, 1.0, 0.2) == pytest.approx(0.6)


def test_mismatch_work_by_hand() -> None:
    # k = 2, e = 1/2, built in for 4: (4**0.5 - 1) / 0.5 + 4**-0.5 (9 - 4) = 2 + 2.5 = 4.5 against
    # (9**0.5 - 1) / 0.5 = 4 at ratio 9. Below the built-in ratio, at 2.25: 2 - 0.875 = 1.125
    # against 1.
    assert closures.mismatch_work_factor(9.0, 4.0, 2.0, 1.0) == pytest.approx(4.5 / 4)
    assert closures.mismatch_work_factor(9.0, 4.0, 2.0, 0.5) == pytest.approx(1 + 0.5 * 0.5 / 4)
    assert closures.mismatch_work_factor(2.25, 4.0, 2.0, 1.0) == pytest.approx(1.125)
    assert closures.mismatch_work_factor(9.0, 4.0, 2.0, 0.0) == 1.0


ratios = st.floats(1.2, 8.0)
exponents = st.floats(1.05, 1.7)
shares = st.floats(0.0, 1.5)


@given(built_in=ratios, exponent=exponents, share=shares)
def test_no_mismatch_at_the_built_in_ratio(built_in: float, exponent: float, share: float) -> None:
    factor = closures.mismatch_work_factor(built_in, built_in, exponent, share)
    assert factor == pytest.approx(1.0, rel=1e-12)


@given(ratio=ratios, built_in=ratios, exponent=exponents, share=shares)
def test_mismatch_never_saves_work(
    ratio: float, built_in: float, exponent: float, share: float
) -> None:
    assert closures.mismatch_work_factor(ratio, built_in, exponent, share) >= 1.0 - 1e-12


@given(built_in=ratios, exponent=exponents, further=st.floats(1.05, 2.0))
def test_mismatch_grows_away_from_the_built_in_ratio(
    built_in: float, exponent: float, further: float
) -> None:
    def factor(ratio: float) -> float:
        return closures.mismatch_work_factor(ratio, built_in, exponent, 1.0)

    assert 1.0 < factor(built_in * further) < factor(built_in * further**2)


def test_mismatch_stays_finite_where_isentropic_work_vanishes() -> None:
    least = closures.mismatch_work_factor(closures.LEAST_RATIO_OF_WORK, 2.7, 1.2, 1.0)
    assert closures.mismatch_work_factor(1.0, 2.7, 1.2, 1.0) == least


def test_conductance_is_nominal_at_design_and_follows_the_limiting_side() -> None:
    def ua(share: float, relative_secondary_flow: float) -> float:
        secondary = closures.resistance_share(share, relative_secondary_flow, 0.78)
        refrigerant = closures.resistance_share(1.0 - share, 1.0, 0.4)
        return closures.conductance(1000.0, secondary, refrigerant)

    assert ua(0.5, 1.0) == pytest.approx(1000.0)
    assert ua(1.0, 0.5) == pytest.approx(1000.0 * 0.5**0.78)
    assert ua(0.0, 0.5) == pytest.approx(1000.0)


def test_effectiveness_of_one_transfer_unit() -> None:
    # Effectiveness-NTU, one stream changing phase: 1 - 1/e at NTU = 1.
    assert closures.effectiveness(1000.0, 1000.0) == pytest.approx(1 - 1 / math.e)


@given(eps=st.floats(0.01, 0.99), capacity_flow=st.floats(1.0, 1e5))
def test_conductance_from_effectiveness_is_its_inverse(eps: float, capacity_flow: float) -> None:
    ua = closures.conductance_from_effectiveness(eps, capacity_flow)
    assert closures.effectiveness(ua, capacity_flow) == pytest.approx(eps)


def test_no_exchanger_has_an_effectiveness_of_one() -> None:
    assert math.isnan(closures.conductance_from_effectiveness(1.0, 1000.0))


def test_valve_keeps_its_setting_where_the_approach_allows_it() -> None:
    superheat = closures.superheat(5.0, 0.98, approach_actual=50.0, approach_needed=50.0)
    assert superheat == pytest.approx(5.0, abs=0.01)


@given(approach=st.floats(0.05, 20.0))
def test_superheat_always_fits_into_the_approach(approach: float) -> None:
    superheat = closures.superheat(5.0, 0.98, approach, approach)
    assert superheat < 0.98 * approach


def test_starved_evaporator_superheats_by_the_excess_approach() -> None:
    superheat = closures.superheat(5.0, 0.98, approach_actual=12.0, approach_needed=6.0)
    assert superheat == pytest.approx(11.0, abs=0.1)


def test_subcooling_fraction_by_hand() -> None:
    # NISTIR 7350: from 0.57 to 0.46 over 17 K is ln(0.46 / 0.57) / 17 = -0.0126 per kelvin.
    assert closures.subcooling_fraction(0.57, -0.0126, 17.0) == pytest.approx(0.46, abs=5e-4)
    assert closures.subcooling_fraction(0.57, -0.0126, 0.0) == 0.57
    assert closures.subcooling_fraction(0.57, 0.0, 17.0) == 0.57
    assert closures.subcooling(0.57, 10.0) == pytest.approx(5.7)


@given(
    at_design=st.floats(0.01, 0.95),
    coefficient=st.floats(-0.05, 0.05),
    difference=st.floats(-60, 60),
)
def test_liquid_is_never_as_cold_as_the_sink(
    at_design: float, coefficient: float, difference: float
) -> None:
    assert 0.0 < closures.subcooling_fraction(at_design, coefficient, difference) <= 0.95


def test_valve_limits_the_evaporating_temperature() -> None:
    assert closures.evaporating_temperature(300.0, 2.0, 288.15) < 288.15
    assert closures.evaporating_temperature(280.0, 5.0, 288.15) == pytest.approx(275.0, abs=0.03)


def test_friction_by_hand() -> None:
    # Half of it grows with the square of speed over that of one turn's work.
    assert closures.friction(0.3, 0.5, 1.0, 1.0) == pytest.approx(0.3)
    assert closures.friction(0.3, 0.5, 2.0, 1.0) == pytest.approx(0.3 * (0.5 + 0.5 * 4.0))
    # Its power does not follow the work of the gas, so its share grows as that falls.
    assert closures.friction(0.3, 0.5, 1.0, 0.5) == pytest.approx(0.6)


def test_relations_take_arrays_as_they_take_floats() -> None:
    ratios = np.array([1.1, 2.0, 6.0])
    together = closures.mismatch_work_factor(ratios, 2.7, 1.2, 0.8)
    alone = [closures.mismatch_work_factor(float(r), 2.7, 1.2, 0.8) for r in ratios]
    assert together == pytest.approx(alone, rel=1e-15)
    limits = np.array([4.0, 5.0, 6.0])
    found = closures.smooth_minimum_argument(5.0, limits, 1.0)
    assert np.isnan(found).tolist() == [True, True, False]
