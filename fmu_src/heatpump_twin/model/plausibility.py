"""Check of a solved operating point: energy balance, second law, temperature differences."""

from __future__ import annotations

import math

from .errors import SolveError
from .quantities import Boundary, OperatingPoint

# Largest imbalance accepted, as a fraction of P_el.
BALANCE_TOLERANCE = 1e-6


def check_physics(
    point: OperatingPoint,
    boundary: Boundary,
    T_dew: float,
    T_bubble: float,
    isentropic_rise: float,
) -> None:
    """Refuse a point that violates a balance, the second law, or the sign of an approach.

    Parameters
    ----------
    point : OperatingPoint
        As solved.
    boundary : Boundary
        That it was solved for.
    T_dew, T_bubble : float
        Saturation temperatures at ``p_low`` and ``p_high``, K.
    isentropic_rise : float
        Enthalpy rise of isentropic compression from the suction state, J/kg.

    Raises
    ------
    SolveError
        The message lists what is violated.
    """
    imbalance = (
        point.P_el + point.Q_flow_source - point.Q_flow_sink - point.Q_flow_loss
    ) / point.P_el
    carnot = T_bubble / (T_bubble - T_dew) if T_bubble > T_dew else math.inf
    # Each comparison is false for a NaN.
    demands = {
        "electric power is positive": point.P_el > 0.0,
        "refrigerant flow is positive": point.m_flow_refrigerant > 0.0,
        f"energy is balanced (imbalance {imbalance:.1e} of P_el)": abs(imbalance)
        <= BALANCE_TOLERANCE,
        "condensing above evaporating pressure": point.p_high > point.p_low,
        "condensing temperature above sink outlet": T_bubble > point.T_sink_out,
        "evaporating temperature below source outlet": T_dew < point.T_source_out,
        "refrigerant superheated at suction": point.superheat > 0.0,
        "refrigerant not warmer than the source at suction": point.T_suction < boundary.T_source_in,
        "refrigerant subcooled before the valve": point.subcooling > 0.0,
        "refrigerant not colder than the sink before the valve": point.T_liquid
        > boundary.T_sink_in,
        "power above the ideal work of compression": point.P_el
        > point.m_flow_refrigerant * isentropic_rise,
        "COP below Carnot's between condensing and evaporating": 0.0 < point.COP < carnot,
    }
    violated = [text for text, holds in demands.items() if not holds]
    if violated:
        raise SolveError("the solution violates: " + "; ".join(violated))
