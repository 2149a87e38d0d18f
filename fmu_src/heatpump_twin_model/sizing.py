"""Component sizes from the design point: what `HeatPumpCycle.design` leaves for off-design."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import closures
from .errors import InputError
from .machine import Machine
from .quantities import OperatingPoint


@dataclass(frozen=True)
class DesignState:
    """What the design point fixes: component sizes and the solver's starting values.

    Attributes
    ----------
    machine_fingerprint : str
        `Machine.fingerprint` of the machine it was computed for.
    swept_volume_flow : float
        Suction volume swept at rated speed, m3/s.
    eta_vol : float
        Volumetric efficiency at the design point.
    drive_efficiency : float
        See `closures.isentropic_efficiency`.
    condenser_conductance, evaporator_conductance : float
        UA at the design point, W/K.
    superheat_setting : float
        Superheat the valve aims at, K.
    m_flow_refrigerant : float
        Refrigerant mass flow at the design point, kg/s.
    network : dict
        Solved TESPy network as saved by ``Network.save``.
    """

    machine_fingerprint: str
    swept_volume_flow: float
    eta_vol: float
    drive_efficiency: float
    condenser_conductance: float
    evaporator_conductance: float
    superheat_setting: float
    m_flow_refrigerant: float
    network: dict[str, Any]

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
            state = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: not a design state: {error}") from error
        if state.machine_fingerprint != machine.fingerprint:
            raise InputError(
                f"{path}: design state of another machine or of other parameters than "
                f"{machine.name}; expected fingerprint {machine.fingerprint[:12]}, "
                f"found {state.machine_fingerprint[:12]}"
            )
        return state


@dataclass(frozen=True)
class DesignConditions:
    """What sizing needs of the solved design point beside the point itself.

    Attributes
    ----------
    T_dew, T_bubble : float
        Saturation at ``p_low`` and ``p_high``, K.
    suction_specific_volume : float
        m3/kg.
    isentropic_rise : float
        Enthalpy rise of isentropic compression from the suction state, J/kg.
    source_capacity_flow, sink_capacity_flow : float
        Capacity flows of the secondary streams, W/K.
    """

    T_dew: float
    T_bubble: float
    suction_specific_volume: float
    isentropic_rise: float
    source_capacity_flow: float
    sink_capacity_flow: float


def size_components(
    machine: Machine, point: OperatingPoint, conditions: DesignConditions, network: dict[str, Any]
) -> DesignState:
    """Find the sizes with which the off-design equations give back the design point.

    Parameters
    ----------
    machine : Machine
        Parameters of the closures.
    point : OperatingPoint
        The solved design point.
    conditions : DesignConditions
        Properties at it.
    network : dict
        The solved TESPy network as saved.

    Raises
    ------
    ValueError
        If no size gives that point back.
    """
    boundary, compressor, valve = (
        machine.design.boundary,
        machine.compressor,
        machine.expansion_valve,
    )
    eta_vol = closures.volumetric_efficiency(
        point.p_high / point.p_low,
        boundary.compressor_speed,
        compressor.leakage_coefficient,
        compressor.leakage_speed_share,
    )
    if eta_vol <= 0.0:
        raise ValueError(f"volumetric efficiency {eta_vol:.3f}; leakage coefficient is too large")
    eta_is = point.m_flow_refrigerant * conditions.isentropic_rise / point.P_el
    T_dew, T_source_in = conditions.T_dew, boundary.T_source_in
    if T_dew >= valve.T_evaporating_max:
        raise ValueError(
            f"evaporating at {T_dew:.2f} K, above T_evaporating_max {valve.T_evaporating_max:.2f} K"
        )
    approach = T_source_in - T_dew
    approach_needed = T_source_in - closures.smooth_minimum_argument(
        T_dew, valve.T_evaporating_max, closures.EVAPORATING_BLEND
    )
    superheat_max = valve.superheat_fraction_max * approach
    if point.superheat >= superheat_max:
        raise ValueError(
            f"superheat {point.superheat:.2f} K is not below superheat_fraction_max times the "
            f"approach, {superheat_max:.2f} K"
        )
    setting = closures.smooth_minimum_argument(
        point.superheat, superheat_max, closures.SUPERHEAT_BLEND
    ) - (approach - approach_needed)
    condenser_approach = conditions.T_bubble - boundary.T_sink_in
    return DesignState(
        machine_fingerprint=machine.fingerprint,
        swept_volume_flow=point.m_flow_refrigerant
        * conditions.suction_specific_volume
        / (eta_vol * boundary.compressor_speed),
        eta_vol=eta_vol,
        drive_efficiency=eta_is / eta_vol,
        condenser_conductance=closures.conductance_from_effectiveness(
            point.Q_flow_sink / (conditions.sink_capacity_flow * condenser_approach),
            conditions.sink_capacity_flow,
        ),
        evaporator_conductance=closures.conductance_from_effectiveness(
            point.Q_flow_source / (conditions.source_capacity_flow * approach_needed),
            conditions.source_capacity_flow,
        ),
        superheat_setting=setting,
        m_flow_refrigerant=point.m_flow_refrigerant,
        network=network,
    )
