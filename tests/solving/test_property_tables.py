"""Tables of properties against the equations of state that they are made of."""

import CoolProp
import numpy as np
import pytest

from heatpump_twin.solving.media import SECONDARY_PRESSURE, abstract_state
from heatpump_twin.solving.property_tables import MediumTable, RefrigerantTable

POINTS = 60


@pytest.mark.parametrize("refrigerant", ["R410A", "R290", "R32", "R134a", "R1234yf"])
def test_refrigerant_is_that_of_the_equation_of_state(refrigerant: str) -> None:
    table, state = RefrigerantTable(refrigerant), abstract_state(refrigerant)
    rng, critical = np.random.default_rng(1), abstract_state(refrigerant).T_critical()
    T_dew, superheat = rng.uniform(240.0, 0.88 * critical, POINTS), rng.uniform(0.1, 40.0, POINTS)
    T_bubble = rng.uniform(290.0, 0.96 * critical, POINTS)
    subcooling = rng.uniform(0.1, 25.0, POINTS)
    low, high = table.at_dew(T_dew), table.at_bubble(T_bubble)
    suction, h_liquid = low.suction(superheat), high.liquid_enthalpy(subcooling)
    entropy = suction.entropy + 20.0
    h_isentropic = high.isentropic_enthalpy(entropy)
    T_discharge = high.discharge_temperature(h_isentropic + 5e3)
    for i in range(POINTS):
        state.update(CoolProp.QT_INPUTS, 1.0, T_dew[i])
        p_low = state.p()
        assert low.log_p[i] == pytest.approx(np.log(p_low), abs=1e-8)
        state.update(CoolProp.PT_INPUTS, p_low, T_dew[i] + superheat[i])
        assert suction.h[i] == pytest.approx(state.hmass(), abs=0.05)
        assert suction.density[i] == pytest.approx(state.rhomass(), rel=1e-6)
        state.update(CoolProp.QT_INPUTS, 0.0, T_bubble[i])
        p_high = state.p()
        state.update(CoolProp.PT_INPUTS, p_high, T_bubble[i] - subcooling[i])
        assert h_liquid[i] == pytest.approx(state.hmass(), abs=0.3)
        state.update(CoolProp.PQ_INPUTS, p_high, 1.0)
        if entropy[i] < state.smass():  # wet: the table goes on along the tangent
            continue
        state.update(CoolProp.PSmass_INPUTS, p_high, entropy[i])
        assert h_isentropic[i] == pytest.approx(state.hmass(), abs=0.05)
        state.update(CoolProp.HmassP_INPUTS, h_isentropic[i] + 5e3, p_high)
        assert T_discharge[i] == pytest.approx(state.T(), abs=1e-4)


def test_temperatures_of_pressures_come_back() -> None:
    table = RefrigerantTable("R410A")
    T = np.linspace(230.0, 320.0, 50)
    assert table.dew_temperature(np.exp(table.at_dew(T).log_p)) == pytest.approx(T, abs=1e-7)
    T = np.linspace(270.0, 335.0, 50)
    assert table.bubble_temperature(np.exp(table.at_bubble(T).log_p)) == pytest.approx(T, abs=1e-7)


def test_beyond_the_table_there_is_nothing() -> None:
    table = RefrigerantTable("R410A")
    assert np.isnan(table.at_dew(np.array([400.0])).log_p).all()
    assert np.isnan(table.at_bubble(np.array([345.0])).liquid_enthalpy(np.array([1.0]))).all()
    assert np.isnan(table.at_dew(np.array([280.0])).suction(np.array([-1.0])).h).all()


@pytest.mark.parametrize("medium", ["INCOMP::Water", "INCOMP::MEG[0.3]", "Air", "Water"])
def test_medium_is_that_of_coolprop(medium: str) -> None:
    table, state = MediumTable(medium), abstract_state(medium)
    for T in np.linspace(max(table.low, 265.0) + 0.5, 335.0, 20):
        state.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
        h = state.hmass()
        assert table.heat_capacity(np.array([T]))[0] == pytest.approx(state.cpmass(), rel=1e-6)
        state.update(CoolProp.HmassP_INPUTS, h + 15e3, SECONDARY_PRESSURE)
        outlet = table.outlet(np.array([T]), np.array([15e3]))[0]
        assert outlet == pytest.approx(state.T(), abs=1e-4)


def test_a_medium_ends_where_it_freezes_and_boils() -> None:
    water = MediumTable("INCOMP::Water")
    assert np.isnan(water.heat_capacity(np.array([272.0, 394.5]))).all()
    assert water.low == pytest.approx(273.15, abs=0.1)
    assert water.high == pytest.approx(393.4, abs=0.5)
    # A fit may pass through; the outlet goes on with the heat capacity there.
    beyond = water.outlet(np.array([275.0]), np.array([-20e3]))[0]
    assert beyond == pytest.approx(275.0 - 20e3 / 4217.0, abs=0.05)
