"""Units as people write them, and their SI values."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import numpy as np
import pint

from .unit_names import known_unit

# A number, or an array of them.
Number = TypeVar("Number", float, np.ndarray[Any, Any])

_UNIT_EXAMPLES = {
    "1": "1 or percent",
    "K": "K or degC",
    "Pa": "Pa, kPa or bar, all absolute",
    "W": "W or kW",
    "kg/s": "kg/s, kg/min or kg/h (a volume flow has to be converted first)",
    "J/kg": "J/kg or kJ/kg",
    "1/K": "1/K",
}


@cache
def unit_registry() -> pint.UnitRegistry[float]:
    """Units that people write (``bar``, ``degC``, ``kg/min``) and their SI values."""
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def to_si(value: Number, unit: str, si_unit: str, difference: bool = False) -> Number:
    """Convert `value` to `si_unit`.

    Parameters
    ----------
    value : float or numpy.ndarray
        In `unit`.
    unit, si_unit : str
        Unit as written and as wanted; ``"1"`` for dimensionless.
    difference : bool
        Whether the value is a difference or an uncertainty, so that 1 degC is 1 K.

    Raises
    ------
    ValueError
        If the unit is unknown or of another dimension.
    """

    def convert(number: Any) -> Any:
        quantity = unit_registry().Quantity(number, _name(unit))
        converted = quantity.to("dimensionless" if si_unit == "1" else si_unit).magnitude
        return converted if isinstance(converted, np.ndarray) else float(converted)

    try:
        return convert(value) - convert(0.0) if difference else convert(value)
    except Exception as error:
        examples = _UNIT_EXAMPLES.get(si_unit, si_unit)
        raise ValueError(
            f"unit {unit!r} cannot be read as {si_unit}; expected for instance {examples}"
        ) from error


def _name(unit: str) -> str:
    """Return the unit's name in the registry, for spellings of people that it does not know."""
    name = known_unit(unit) or unit
    return "dimensionless" if name == "1" else name


def from_si(value: float, unit: str, si_unit: str, difference: bool = False) -> float:
    """Convert a value in `si_unit` to `unit`; the inverse of `to_si`."""
    quantity = unit_registry().Quantity(value, "dimensionless" if si_unit == "1" else si_unit)
    name = _name(unit)
    converted = float(quantity.to(name).magnitude)
    if difference:
        zero = unit_registry().Quantity(0.0, quantity.units)
        converted -= float(zero.to(name).magnitude)
    return converted
