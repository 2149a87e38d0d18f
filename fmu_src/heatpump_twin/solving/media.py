"""Properties of refrigerant and secondary media from CoolProp."""

from __future__ import annotations

from typing import Any

import CoolProp.CoolProp
from CoolProp import AbstractState  # type: ignore[attr-defined]

from ..model.errors import InputError, SolveError
from ..model.machine import Machine
from ..model.quantities import Boundary

# Pressure of both secondary circuits, Pa. Their media are liquids, or gases far from condensing, so
# enthalpy differences hardly depend on it. It has to be high enough that a liquid does not boil.
SECONDARY_PRESSURE = 2e5

# Properties of a medium are taken down to this far above its freezing point, K.
FREEZING_MARGIN = 0.01

# Largest relative difference of heat capacity and slope of the enthalpy; liquids have 1e-4.
ENTHALPY_TOLERANCE = 2e-3


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


def lowest_temperature(medium: Any) -> float:
    """Temperature in K just above that at which a medium freezes or its data end."""
    try:
        freezing = float(medium.keyed_output(CoolProp.iT_freeze))
    except ValueError:  # it does not freeze
        return float(medium.Tmin())
    return max(float(medium.Tmin()), freezing + FREEZING_MARGIN)


def tespy_name(medium: str) -> str:
    """Name of a medium for TESPy, which needs the basis of the fraction (mass) in the name."""
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


def saturation_pressure(refrigerant: str, T: float, quality: int) -> float:
    """Pressure in Pa of boiling (quality 0) or dew (quality 1) at `T` in K.

    Raises
    ------
    InputError
        If CoolProp does not know the refrigerant.
    SolveError
        If there is no saturation at that temperature.
    """
    state = abstract_state(refrigerant)
    try:
        state.update(CoolProp.QT_INPUTS, quality, T)
    except ValueError as error:
        critical = float(state.T_critical())
        beyond = f"above its critical point, {critical - 273.15:.1f} degC"
        why = beyond if critical < T else error
        raise SolveError(
            f"{refrigerant} does not boil or condense at {T - 273.15:.1f} degC: {why}"
        ) from error
    return float(state.p())


class Media:
    """Property states of one machine's refrigerant and secondary media.

    Parameters
    ----------
    machine : Machine
        Names them.

    Raises
    ------
    InputError
        If CoolProp does not know one of them, or contradicts itself about it.
    """

    def __init__(self, machine: Machine) -> None:
        self.refrigerant = abstract_state(machine.refrigerant)
        self._source = abstract_state(machine.source_medium)
        self._sink = abstract_state(machine.sink_medium)
        boundary = machine.design.boundary
        _check_enthalpy(self._source, machine.source_medium, boundary.T_source_in)
        _check_enthalpy(self._sink, machine.sink_medium, boundary.T_sink_in)

    def source_heat_capacity(self, T: float) -> float:
        """Specific heat capacity of the source medium at `T` in K, J/(kg K)."""
        return heat_capacity(self._source, T)

    def source_capacity_flow(self, boundary: Boundary) -> float:
        """Capacity flow of the source at its inlet, W/K."""
        return boundary.m_flow_source * heat_capacity(self._source, boundary.T_source_in)

    def sink_capacity_flow(self, boundary: Boundary) -> float:
        """Capacity flow of the sink at its inlet, W/K."""
        return boundary.m_flow_sink * heat_capacity(self._sink, boundary.T_sink_in)

    def source_enthalpy(self, boundary: Boundary) -> float:
        """Specific enthalpy of the source at its inlet, J/kg."""
        return _enthalpy(self._source, boundary.T_source_in)

    def sink_enthalpy(self, boundary: Boundary) -> float:
        """Specific enthalpy of the sink at its inlet, J/kg."""
        return _enthalpy(self._sink, boundary.T_sink_in)

    def source_outlet(self, boundary: Boundary, heat_flow: float) -> float:
        """Source outlet temperature, K, after giving `heat_flow` in W."""
        return _outlet(self._source, boundary.T_source_in, -heat_flow / boundary.m_flow_source)

    def sink_outlet(self, boundary: Boundary, heat_flow: float) -> float:
        """Sink outlet temperature, K, after taking up `heat_flow` in W."""
        return _outlet(self._sink, boundary.T_sink_in, heat_flow / boundary.m_flow_sink)


def _check_enthalpy(medium: Any, name: str, T: float) -> None:
    """Refuse a medium whose enthalpy does not follow its heat capacity.

    ``INCOMP::Air`` is such a medium: CoolProp adds pressure over density to the enthalpy. For a
    liquid that term is very small, for a gas it is a tenth of the enthalpy.
    """
    try:
        slope = _enthalpy(medium, T + 0.5) - _enthalpy(medium, T - 0.5)
        expected = heat_capacity(medium, T)
    except SolveError:
        return  # Out of range: said where the machine is solved.
    if abs(slope / expected - 1.0) > ENTHALPY_TOLERANCE:
        raise InputError(
            f"medium {name!r}: its enthalpy rises by {slope:.0f} J/(kg K) at {T:.1f} K where its "
            f"heat capacity is {expected:.0f} J/(kg K); take another model of it, such as Air"
        )


def _enthalpy(medium: Any, T: float) -> float:
    try:
        medium.update(CoolProp.PT_INPUTS, SECONDARY_PRESSURE, T)
    except ValueError as error:
        raise SolveError(f"secondary medium at {T:.2f} K: {error}") from error
    return float(medium.hmass())


def _outlet(medium: Any, T_in: float, enthalpy_rise: float) -> float:
    h = _enthalpy(medium, T_in) + enthalpy_rise
    try:
        medium.update(CoolProp.HmassP_INPUTS, h, SECONDARY_PRESSURE)
    except ValueError as error:
        raise SolveError(f"secondary medium after {enthalpy_rise:.4g} J/kg: {error}") from error
    return float(medium.T())
