"""Properties of the media from CoolProp, with errors that name what was asked."""

from __future__ import annotations

from typing import Any

import CoolProp.CoolProp
from CoolProp import AbstractState  # type: ignore[attr-defined]

from .errors import InputError, SolveError

# Pressure of both secondary circuits, Pa. Their media are liquids whose enthalpy hardly depends on
# it; it only has to keep them liquid.
SECONDARY_PRESSURE = 2e5


def abstract_state(fluid: str) -> Any:
    """Make CoolProp's state object of a name such as ``R410A`` or ``INCOMP::MEA[0.25]``.

    Raises
    ------
    InputError
        If CoolProp does not know the fluid or the fraction.
    """
    backend, name = fluid.split("::", 1) if "::" in fluid else ("HEOS", fluid)
    name, _, fraction = name.partition("[")
    solutions = CoolProp.CoolProp.get_global_param_string("incompressible_list_solution").split(",")
    if backend == "INCOMP" and name in solutions and not fraction:
        raise InputError(
            f"fluid {fluid!r}: a solution needs its fraction by mass, such as {fluid}[0.25]"
        )
    try:
        state = AbstractState(backend, name)
        if fraction:
            state.set_mass_fractions([float(fraction.rstrip("]"))])
    except ValueError as error:
        raise InputError(
            f"fluid {fluid!r}: CoolProp {CoolProp.__version__} does not know it; expected a name "
            "such as R410A, INCOMP::Water or INCOMP::MEA[0.25]"
        ) from error
    return state


def tespy_name(medium: str) -> str:
    """Name for TESPy, which wants to be told that the fraction in brackets is by mass."""
    return f"{medium}|mass" if "[" in medium else medium


def heat_capacity(medium: Any, T: float) -> float:
    """Specific heat capacity of a secondary medium at `T` in K, J/(kg K).

    Raises
    ------
    SolveError
        If `T` is outside the medium's range, below its freezing point for instance.
    """
    try:
        medium.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
    except ValueError as error:
        raise SolveError(f"secondary medium at {T:.2f} K: {error}") from error
    return float(medium.cpmass())


def saturation_temperature(refrigerant: Any, p: float, quality: int) -> float:
    """Temperature in K of boiling (quality 0) or dew (quality 1) at `p` in Pa.

    Raises
    ------
    SolveError
        If there is no saturation at that pressure.
    """
    try:
        refrigerant.update(CoolProp.PQ_INPUTS, p, quality)
    except ValueError as error:
        raise SolveError(f"no saturation at {p:.6g} Pa: {error}") from error
    return float(refrigerant.T())
