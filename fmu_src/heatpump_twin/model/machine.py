"""A machine: every parameter of the model, in SI units, ready to compute with.

`machine_file` reads and checks the file that people write; this module only holds the numbers, so
that the FMU needs nothing but the standard library to load them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .quantities import Boundary


@dataclass(frozen=True)
class DesignPoint:
    """The operating point at a reference boundary, from which the sizes of all components follow.

    Attributes
    ----------
    boundary : Boundary
        Inlet temperatures in K and mass flows in kg/s; speed is 1 by definition.
    p_low, p_high : float
        Suction and discharge pressure, Pa absolute.
    Q_flow_sink : float
        Heat flow given to the sink, W.
    P_el : float
        Electric power with auxiliaries, W.
    """

    boundary: Boundary
    p_low: float
    p_high: float
    Q_flow_sink: float
    P_el: float


@dataclass(frozen=True)
class Compressor:
    """Parameters of the compressor closures (see `closures`).

    Attributes
    ----------
    leakage_coefficient : float
        Loss of volumetric efficiency per unit of pressure ratio above 1, at rated speed.
    leakage_speed_share : float
        Share of that loss that grows as speed falls (0: none, 1: all).
    suction_density_exponent : float
        How volumetric efficiency falls with suction density (0: not).
    built_in_pressure_ratio : float
        Ratio at which the compression fits the pressures.
    built_in_loss_share : float
        Share of the mismatch work that is lost (0: none).
    shell_loss_ratio : float
        Heat lost by the casing over electric power of the compressor.
    """

    leakage_coefficient: float
    leakage_speed_share: float
    suction_density_exponent: float
    built_in_pressure_ratio: float
    built_in_loss_share: float
    shell_loss_ratio: float


@dataclass(frozen=True)
class HeatExchanger:
    """How the conductance of an exchanger follows the flows (see `closures.conductance`)."""

    secondary_resistance_share: float
    secondary_flow_exponent: float
    refrigerant_flow_exponent: float


@dataclass(frozen=True)
class Condenser(HeatExchanger):
    """A condenser, with the subcooling it leaves (see `closures.subcooling_fraction`).

    Attributes
    ----------
    subcooling_fraction : float
        Subcooling over ``T_bubble(p_high) - T_sink_in`` at the design point.
    subcooling_temperature_coefficient : float
        How it changes with sink inlet, 1/K.
    """

    subcooling_fraction: float
    subcooling_temperature_coefficient: float


@dataclass(frozen=True)
class ExpansionValve:
    """The superheat and pressure that the valve keeps (see `closures.superheat`).

    Attributes
    ----------
    superheat_setting : float
        Superheat at suction that the valve aims at, at the design point's sink inlet, K.
    superheat_sink_slope : float
        Its change per kelvin of sink inlet, K/K: a suction line in warm surroundings adds to it.
    superheat_fraction_max : float
        Largest superheat as a fraction of ``T_source_in - T_dew(p_low)``.
    T_evaporating_max : float
        Dew temperature, K, at which the valve begins to starve the evaporator.
    """

    superheat_setting: float
    superheat_sink_slope: float
    superheat_fraction_max: float
    T_evaporating_max: float


@dataclass(frozen=True)
class Envelope:
    """Where the machine may run; outside it the FMU answers from the nearest point inside.

    Temperatures in K, mass flows in kg/s, pressures in Pa, speed relative to rated speed.
    """

    compressor_speed_min: float
    compressor_speed_max: float
    T_source_in_min: float
    T_source_in_max: float
    T_sink_in_min: float
    T_sink_in_max: float
    m_flow_source_min: float
    m_flow_source_max: float
    m_flow_sink_min: float
    m_flow_sink_max: float
    p_low_min: float
    p_high_max: float
    T_discharge_max: float


@dataclass(frozen=True)
class Machine:
    """All parameters of one machine, SI units.

    Attributes
    ----------
    name : str
        Identifier, also the FMU's model identifier.
    title : str
        What a person calls it.
    refrigerant, source_medium, sink_medium : str
        CoolProp fluid names; mixtures by mass as ``INCOMP::MEA[0.25]``.
    refrigerant_note : str
        Why the refrigerant is an assumption; empty where it is known.
    auxiliary_power : float
        Electric power of pumps and controls that `P_el` counts while running, W; becomes loss.
    standby_power : float
        Electric power when off, W; all of it becomes loss.
    P_el_relative_uncertainty, Q_flow_sink_relative_uncertainty : float
        Relative standard uncertainty of predictions; 0 where not known.
    """

    name: str
    title: str
    refrigerant: str
    refrigerant_note: str
    source_medium: str
    sink_medium: str
    design: DesignPoint
    compressor: Compressor
    condenser: Condenser
    evaporator: HeatExchanger
    expansion_valve: ExpansionValve
    auxiliary_power: float
    standby_power: float
    P_el_relative_uncertainty: float
    Q_flow_sink_relative_uncertainty: float
    envelope: Envelope

    def to_dict(self) -> dict[str, Any]:
        """Return the machine as nested dictionaries of plain numbers and texts."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Machine:
        """Make a machine of what `to_dict` returned."""
        design = dict(data["design"])
        return cls(
            **{
                **data,
                "design": DesignPoint(**{**design, "boundary": Boundary(**design["boundary"])}),
                "compressor": Compressor(**data["compressor"]),
                "condenser": Condenser(**data["condenser"]),
                "evaporator": HeatExchanger(**data["evaporator"]),
                "expansion_valve": ExpansionValve(**data["expansion_valve"]),
                "envelope": Envelope(**data["envelope"]),
            }
        )

    def save(self, path: Path) -> None:
        """Write the machine as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Machine:
        """Read a machine that `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))

    def with_parameters(self, values: dict[str, float]) -> Machine:
        """Return a machine with other values of some parameters.

        Parameters
        ----------
        values : dict of str to float
            By place in the machine file, such as ``compressor.leakage_coefficient``; SI units.
        """
        sections: dict[str, dict[str, float]] = {}
        for place, value in values.items():
            section, _, key = place.rpartition(".")
            sections.setdefault(section, {})[key] = value
        changes: dict[str, Any] = sections.pop("", {})
        design_point = sections.pop("design_point", {})
        if design_point:
            inlets = {
                k: design_point.pop(k)
                for k in vars(self.design.boundary).keys() & set(design_point)
            }
            boundary = replace(self.design.boundary, **inlets)
            changes["design"] = replace(self.design, boundary=boundary, **design_point)
        for section, members in sections.items():
            changes[section] = replace(getattr(self, section), **members)
        return replace(self, **changes)

    @property
    def fingerprint(self) -> str:
        """Hash of every parameter; a design state carries that of its machine."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def identification(machine: Machine) -> str:
    """Return what an FMU's description says of its machine, and the harness looks for there."""
    return f"machine {machine.name} {machine.fingerprint[:12]}"
