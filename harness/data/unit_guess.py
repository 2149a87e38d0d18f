"""Units of columns whose header has none, from the values: what a heat pump can have."""

from __future__ import annotations

from typing import Any

import numpy as np

from heatpump_twin.machine_files.unit_names import GAUGE_MARK, kind_of
from heatpump_twin.machine_files.units import to_si

Array = np.ndarray[Any, np.dtype[np.float64]]

# Usual ranges of the median, Pa, for absolute and gauge pressures.
_PRESSURES = {"p_low": (1e5, 2.5e6), "p_high": (5e5, 8e6)}
_PRESSURE_UNITS = ("bar", "MPa", "kPa", "psi", "Pa")

# Heat per power of a machine that works.
_LEAST_RATIO, _MOST_RATIO = 1.2, 12.0
_POWER_UNITS, _US_POWER_UNITS = ("W", "kW"), ("kBtu/h", "Btu/h", "kW", "W")
# Without anything to compare with: fewer watts are kilowatts.
_LEAST_WATTS = 200.0

# Flows in one of these differ enough for the heat balance to tell; those by volume, of water.
_FLOW_UNITS = ("kg/s", "kg/h", "kg/min")
_VOLUME_UNITS = ("l/min", "l/h", "m^3/h", "l/s")
_US_FLOW_UNITS = ("gallon/min",)
_FLOW_FACTOR = 1.5
# Heat of the sink per power where neither was read, and how far it may be off.
USUAL_COP, COP_FACTOR = 3.5, 2.5
# Usual change of a stream's temperature where it was not read, K.
_USUAL_CHANGES = (2.0, 12.0)


def is_us_customary(units: list[str]) -> bool:
    """Whether the units that are given are those of the USA."""
    return any(
        unit.removesuffix(GAUGE_MARK)
        in ("degF", "psi", "gallon/min", "kBtu/h", "Btu/h", "ft^3/min")
        for unit in units
    )


def temperature(values: Array, us_customary: bool) -> tuple[str, str]:
    """Return the unit of temperatures of media, and why."""
    low, high, usual = (
        float(np.nanmin(values)),
        float(np.nanmax(values)),
        float(np.nanmedian(values)),
    )
    if low > 200.0 and usual < 450.0:
        return "K", "values above 200 are kelvin"
    if us_customary:
        return "degF", "other columns have units of the USA"
    return "degC", f"values from {low:.4g} to {high:.4g}"


def pressure(medians: dict[str, float], us_customary: bool) -> tuple[str, str] | None:
    """Return the unit in which all pressures are what a refrigerant has, and why."""
    order = ("psi", *_PRESSURE_UNITS) if us_customary else _PRESSURE_UNITS
    for unit in order:
        if all(
            _PRESSURES[q][0] <= to_si(median, unit, "Pa") <= _PRESSURES[q][1]
            for q, median in medians.items()
        ):
            return unit, f"only in {unit} they are usual pressures"
    return None


def power(
    median: float, other: float | None, is_heat: bool, us_customary: bool
) -> tuple[str, str] | None:
    """Return the unit of power or heat, and why.

    Parameters
    ----------
    median : float
        Of the column.
    other : float, optional
        Of the power to a column of heat, W, or of the heat to a column of power.
    is_heat : bool
        Which of both the column is.
    us_customary : bool
        Whether other columns have units of the USA.
    """
    if other is None:
        unit = "W" if abs(median) >= _LEAST_WATTS else "kW"
        return unit, f"median {median:.4g}"
    for unit in _US_POWER_UNITS if us_customary and is_heat else _POWER_UNITS:
        own = to_si(median, unit, "W")
        ratio = own / other if is_heat else other / own
        if _LEAST_RATIO <= ratio <= _MOST_RATIO:
            return unit, f"heat is {ratio:.1f} times the power then"
    return None


def powers(heat: float, electric: float) -> tuple[str, str] | None:
    """Return the unit that heat and power have in common, and why."""
    if not _LEAST_RATIO <= heat / electric <= _MOST_RATIO:
        return None
    return power(electric, None, is_heat=False, us_customary=False)


def flow(
    median: float, heat: float | None, change: float | None, capacity: float, by_volume: bool,
    density: float, us_customary: bool, is_estimate: bool,
) -> tuple[str, str] | None:  # fmt: skip
    """Return the unit of a flow, and why; None where the balance does not tell.

    Parameters
    ----------
    median : float
        Of the column.
    heat : float, optional
        Of the stream, W.
    change : float, optional
        Of its temperature, K.
    capacity, density : float
        Of its medium, J/(kg K) and kg/m3.
    by_volume : bool
        Whether it is a volume flow, as people mean who do not say mass.
    us_customary : bool
        Whether other columns have units of the USA.
    is_estimate : bool
        Whether the heat is that of a usual COP.
    """
    factor = COP_FACTOR if is_estimate else _FLOW_FACTOR
    if heat is None or heat <= 0.0:
        return None
    units: tuple[str, ...] = _US_FLOW_UNITS if us_customary else ()
    units += (*_VOLUME_UNITS, *_FLOW_UNITS) if by_volume else (*_FLOW_UNITS, *_VOLUME_UNITS)
    found: dict[str, float] = {}
    for unit in units:
        is_mass = kind_of(unit) == "mass flow"
        mass = to_si(median, unit, "kg/s") if is_mass else density * to_si(median, unit, "m^3/s")
        needed = heat / (capacity * mass)  # K
        if change is not None and change > 0.0:
            if 1.0 / factor <= needed / change <= factor:
                found[unit] = needed
        elif _USUAL_CHANGES[0] <= needed <= _USUAL_CHANGES[1]:
            found[unit] = needed
    # Litres and kilograms of water are the same within what a balance tells.
    if not found or max(found.values()) > 1.3 * min(found.values()):
        return None
    unit = next(iter(found))
    return unit, f"the heat means a change of {found[unit]:.1f} K then"
