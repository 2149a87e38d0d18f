"""What the design point fixes: component sizes and the solver's starting values.

Needs the standard library only, so that an FMU can load them without the packages that solve.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from .errors import InputError
from .machine import Machine

#: By the label of a connection: mass flow in kg/s, pressure in Pa, specific enthalpy in J/kg.
FlowStates: TypeAlias = dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Sizes:
    """Sizes with which the off-design equations give back the design point.

    Attributes
    ----------
    swept_volume_flow : float
        Suction volume swept at rated speed, m3/s.
    eta_vol : float
        Volumetric efficiency at the design point.
    drive_efficiency : float
        See `closures.isentropic_efficiency`.
    isentropic_efficiency : float
        Isentropic work over the compressor's electric power at the design point.
    condenser_conductance, evaporator_conductance : float
        UA at the design point, W/K.
    m_flow_refrigerant : float
        Refrigerant mass flow at the design point, kg/s.
    suction_density : float
        At the design point, kg/m3.
    isentropic_exponent : float
        Mean exponent of isentropic compression between the design pressures.
    T_suction, T_liquid : float
        Refrigerant temperatures at the design point, K.
    """

    swept_volume_flow: float
    eta_vol: float
    drive_efficiency: float
    isentropic_efficiency: float
    condenser_conductance: float
    evaporator_conductance: float
    m_flow_refrigerant: float
    suction_density: float
    isentropic_exponent: float
    T_suction: float
    T_liquid: float


@dataclass(frozen=True)
class DesignState:
    """What the design point fixes: component sizes and the solver's starting values.

    Attributes
    ----------
    machine_fingerprint : str
        `Machine.fingerprint` of the machine it was computed for.
    sizes : Sizes
        Of its components.
    flow_states : FlowStates
        Of the solved network.
    """

    machine_fingerprint: str
    sizes: Sizes
    flow_states: FlowStates

    def save(self, path: Path) -> None:
        """Write the design state as JSON."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, machine: Machine) -> DesignState:
        """Read what `save` wrote for the same machine.

        Raises
        ------
        InputError
            If the file is not a design state, or one of another machine.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            state = cls(**{**content, "sizes": Sizes(**content["sizes"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: not a design state: {error}") from error
        if state.machine_fingerprint != machine.fingerprint:
            raise InputError(
                f"{path}: design state of another machine or of other parameters than "
                f"{machine.name}; expected fingerprint {machine.fingerprint[:12]}, "
                f"found {state.machine_fingerprint[:12]}"
            )
        return state
