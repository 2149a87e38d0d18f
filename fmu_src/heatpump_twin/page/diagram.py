"""What a page needs to draw a log(p)-h diagram and to say the state under a cursor.

States are a table over pressure and the distance from saturation, in which temperature and entropy
are smooth; between boiling and dew both follow from the quality. Isolines are taken from the table.
"""

from __future__ import annotations

import math
from typing import Any

import CoolProp
import numpy as np

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array
from heatpump_twin.solving.media import abstract_state

# Rows of the table up to this share of the critical pressure, and above it.
ROWS, ROWS_ABOVE, LAST_SHARE = 44, 5, 0.992
# Columns of the vapour and of the liquid.
VAPOUR_COLUMNS, LIQUID_COLUMNS = 24, 14
# The diagram reaches beyond the vapour line by this share of the width of the dome, and beyond the
# limits of pressure by these factors.
VAPOUR_SHARE, LIQUID_SHARE, BELOW, ABOVE = 0.5, 0.08, 0.6, 1.12
# Distance of isotherms in K and of isentropes in J/(kg K).
T_STEP, S_STEP = 20.0, 50.0


def log_p_h(machine: Machine) -> dict[str, Any]:
    """Return axes, saturation, isolines and states of a machine's refrigerant.

    Parameters
    ----------
    machine : Machine
        Its refrigerant and its limits of pressure.

    Returns
    -------
    dict
        Ready for JSON; K, Pa, J/kg and J/(kg K). ``p`` and ``h`` are the ends of the axes.
        ``rows`` has pressure, enthalpy, temperature and entropy of boiling (``liquid``) and dew
        (``vapour``); above the critical pressure both are one. ``vapour`` and ``liquid`` have the
        states between saturation and the end of the axis, in columns of equal distance.
        ``isotherms`` and ``isentropes`` have their value and points ``h`` and ``p``.
    """
    state = abstract_state(machine.refrigerant)
    p_critical = state.p_critical()
    low = BELOW * machine.envelope.p_low_min
    high = ABOVE * max(machine.envelope.p_high_max, p_critical)
    subcritical = np.geomspace(low, LAST_SHARE * p_critical, ROWS)
    pressures = [*subcritical, *np.geomspace(p_critical, high, ROWS_ABOVE)]
    ends = [[_saturated(state, p, q) for q in (0, 1)] for p in subcritical]
    # The states of boiling and dew meet at the critical point; above it there is one line.
    ends += [[_critical(state, p)] * 2 for p in pressures[ROWS:]]
    liquid, vapour = (np.array([row[q] for row in ends]) for q in (0, 1))
    dome = vapour[:, 0].max() - liquid[:, 0].min()
    h = (
        float(liquid[:, 0].min() - LIQUID_SHARE * dome),
        float(vapour[:, 0].max() + VAPOUR_SHARE * dome),
    )
    tables = {
        "liquid": _states(state, pressures, liquid, h[0], LIQUID_COLUMNS),
        "vapour": _states(state, pressures, vapour, h[1], VAPOUR_COLUMNS),
    }
    return {
        "refrigerant": machine.refrigerant,
        "note": machine.refrigerant_note,
        "p": [_short(low), _short(high)],
        "h": [round(h[0]), round(h[1])],
        "p_critical": _short(p_critical),
        "rows": {
            "p": _list(pressures),
            **{
                f"{quantity}_{side}": _list(of[:, i])
                for side, of in (("liquid", liquid), ("vapour", vapour))
                for i, quantity in enumerate(("h", "T", "s"))
            },
        },
        **{side: {q: [_list(r) for r in of[q]] for q in ("T", "s")} for side, of in tables.items()},
        "isotherms": _isolines("T", T_STEP, pressures, tables),
        "isentropes": _isolines("s", S_STEP, pressures, {"vapour": tables["vapour"]}),
    }


def _saturated(state: Any, p: float, quality: int) -> tuple[float, float, float]:
    state.update(CoolProp.PQ_INPUTS, p, quality)
    return state.hmass(), state.T(), state.smass()


def _critical(state: Any, p: float) -> tuple[float, float, float]:
    """The state at the critical temperature, which divides what is above the critical pressure."""
    state.update(CoolProp.PT_INPUTS, max(p, 1.001 * state.p_critical()), state.T_critical())
    return state.hmass(), state.T(), state.smass()


def _states(
    state: Any, pressures: list[float], ends: Array, h_end: float, columns: int
) -> dict[str, Array]:
    """Enthalpy, temperature and entropy from saturation to the end of the axis, by pressure."""
    found: dict[str, Array] = {
        q: np.full((len(pressures), columns), math.nan) for q in ("h", "T", "s")
    }
    for i, p in enumerate(pressures):
        enthalpies = np.linspace(ends[i, 0], h_end, columns)
        found["h"][i] = enthalpies
        found["T"][i, 0], found["s"][i, 0] = ends[i, 1:]
        for k, h in enumerate(enthalpies[1:], 1):
            try:
                state.update(CoolProp.HmassP_INPUTS, h, p)
            except ValueError:
                continue  # beyond what CoolProp knows of the fluid
            if state.Tmin() <= state.T() <= state.Tmax():
                found["T"][i, k], found["s"][i, k] = state.T(), state.smass()
    return found


def _isolines(
    quantity: str, step: float, pressures: list[float], tables: dict[str, dict[str, Array]]
) -> list[dict[str, Any]]:
    """Where a quantity has round values, line by line from low to high pressure."""
    offset = 273.15 if quantity == "T" else 0.0
    lines = []
    values = np.concatenate([of[quantity].ravel() for of in tables.values()]) - offset
    first, last = math.ceil(np.nanmin(values) / step), math.floor(np.nanmax(values) / step)
    for k in range(first, last + 1):
        value = step * k + offset
        h, p = [], []
        # From the vapour at low pressure through the dome to the liquid at high pressure.
        for of in reversed(tables.values()):
            for i, pressure in enumerate(pressures):
                row = of[quantity][i]
                order = 1 if row[0] <= row[np.isfinite(row)][-1] else -1
                found = np.interp(
                    value, row[::order], of["h"][i][::order], left=math.nan, right=math.nan
                )
                if math.isfinite(found):
                    h.append(round(float(found)))
                    p.append(_short(pressure))
        if len(h) > 1:
            lines.append({"value": round(value, 2), "h": h, "p": p})
    return lines


def _list(values: Any) -> list[float | None]:
    return [_short(float(v)) if math.isfinite(v) else None for v in values]


def _short(value: float) -> float:
    """Six digits are more than a screen shows."""
    return float(f"{value:.6g}")
