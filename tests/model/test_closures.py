import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatpump_twin_model import closures

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
    with pytest.raises(ValueError, match="smooth minimum"):
        closures.smooth_minimum_argument(5.0, 5.0, 1.0)


def test_volumetric_efficiency_by_hand() -> None:
    # 1 - 0.05 (3 - 1) = 0.9 at rated speed; at half speed the leaking half of the loss doubles.
    assert closures.volumetric_efficiency(3.0, 1.0, 0.05, 0.5) == pytest.approx(0.9)
    assert closures.volumetric_efficiency(3.0, 0.5, 0.05, 0.5) == pytest.approx(0.85)
    assert closures.volumetric_efficiency(3.0, 0.5, 0.05, 0.0) == pytest.approx(0.9)


def test_work_per_swept_volume_does_not_depend_on_leakage() -> None:
    # P = m dh / eta_is with m = rho V eta_vol: the volumetric efficiency cancels.
    for eta_vol in (0.5, 0.8, 1.0):
        eta_is = closures.isentropic_efficiency(0.77, eta_vol)
        assert eta_vol / eta_is == pytest.approx(1 / 0.77)


def test_conductance_is_nominal_at_design_and_follows_the_limiting_side() -> None:
    assert closures.conductance(1000.0, 1.0, 1.0, 0.5, 0.78, 0.4) == pytest.approx(1000.0)
    all_secondary = closures.conductance(1000.0, 0.5, 1.0, 1.0, 0.78, 0.4)
    assert all_secondary == pytest.approx(1000.0 * 0.5**0.78)
    all_refrigerant = closures.conductance(1000.0, 0.5, 1.0, 0.0, 0.78, 0.4)
    assert all_refrigerant == pytest.approx(1000.0)


def test_effectiveness_of_one_transfer_unit() -> None:
    # Effectiveness-NTU, one stream changing phase: 1 - 1/e at NTU = 1.
    assert closures.effectiveness(1000.0, 1000.0) == pytest.approx(1 - 1 / math.e)


@given(eps=st.floats(0.01, 0.99), capacity_flow=st.floats(1.0, 1e5))
def test_conductance_from_effectiveness_is_its_inverse(eps: float, capacity_flow: float) -> None:
    ua = closures.conductance_from_effectiveness(eps, capacity_flow)
    assert closures.effectiveness(ua, capacity_flow) == pytest.approx(eps)


def test_no_exchanger_has_an_effectiveness_of_one() -> None:
    with pytest.raises(ValueError, match=r"effectiveness 1\.000"):
        closures.conductance_from_effectiveness(1.0, 1000.0)


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


def test_valve_limits_the_evaporating_temperature() -> None:
    assert closures.evaporating_temperature(300.0, 2.0, 288.15) < 288.15
    assert closures.evaporating_temperature(280.0, 5.0, 288.15) == pytest.approx(275.0, abs=0.03)
