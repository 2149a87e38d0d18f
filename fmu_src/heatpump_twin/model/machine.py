"""A machine: every parameter of the model, declared once, in SI units, ready to compute with.

The declaration of a parameter says its unit, its range and what it means. The schema of the
machine file (`machine_files`), the bounds of a fit, the reference page of the documentation and the
layout of the numbers in C follow from it.

Needs NumPy and the standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from .quantities import BOUNDARY_QUANTITIES, QUANTITIES, ZERO_CELSIUS, Boundary, Quantity
from .rating_points import kind_of_medium
from .remainder import Remainder

# Inputs whose value at the design point is a matter of definition and not of the machine file.
AT_DESIGN_POINT = {"compressor_speed": 1.0}


@dataclass(frozen=True)
class Definition:
    """What a machine parameter means.

    Attributes
    ----------
    unit : str
        SI unit, ``"1"`` for dimensionless.
    minimum, maximum : float
        Range outside which the value is not physical, in `unit`. A fit does not leave it.
    description : str
        One line.
    is_difference : bool
        Whether it is a temperature difference, so that 1 degC means 1 K.
    told_by : str
        Input that has to vary between records for them to tell of the parameter; empty if none.
    default : float, optional
        Value where a machine file does not name it; without one the file has to name it.
    """

    unit: str
    minimum: float
    maximum: float
    description: str
    is_difference: bool = False
    told_by: str = ""
    default: float | None = None


def _parameter(
    unit: str,
    minimum: float,
    maximum: float,
    description: str,
    *,
    is_difference: bool = False,
    told_by: str = "",
    default: float | None = None,
) -> Any:
    definition = Definition(unit, minimum, maximum, description, is_difference, told_by, default)
    return field(metadata={"definition": definition})


def _like(quantity: str, description: str) -> Any:
    """Declare a parameter with unit and range of a quantity."""
    q = QUANTITIES[quantity]
    return _parameter(q.unit, q.minimum, q.maximum, description)


def _fraction(description: str, *, told_by: str = "", default: float | None = None) -> Any:
    return _parameter("1", 0.0, 1.0, description, told_by=told_by, default=default)


@dataclass(frozen=True)
class DesignPoint:
    """The operating point at a reference boundary, from which the sizes of all components follow.

    `boundary` holds its inputs; the speed is 1 by definition.
    """

    boundary: Boundary
    p_low: float = _like("p_low", "Suction pressure, absolute")
    p_high: float = _like("p_high", "Discharge pressure, absolute")
    Q_flow_sink: float = _parameter("W", 1e-3, 1e8, "Heat flow given to the sink")
    P_el: float = _parameter("W", 1e-3, 1e8, "Electric power with auxiliaries")


@dataclass(frozen=True)
class Compressor:
    """Parameters of the compressor's relations (see `closures`)."""

    leakage_coefficient: float = _parameter(
        "1",
        0.0,
        0.2,
        "Loss of volumetric efficiency per unit of pressure ratio above 1, at rated speed",
    )
    leakage_speed_share: float = _fraction(
        "Share of that loss that grows as speed falls (0: none, 1: all)",
        told_by="compressor_speed",
    )
    suction_density_exponent: float = _parameter(
        "1", -0.5, 1.5, "How volumetric efficiency falls with suction density (0: not)"
    )
    built_in_pressure_ratio: float = _parameter(
        "1", 1.3, 8.0, "Pressure ratio at which the compressor's built-in compression fits"
    )
    built_in_loss_share: float = _parameter(
        "1", 0.0, 1.5, "Share of the work of a mismatch of the pressure ratio that is lost"
    )
    shell_loss_ratio: float = _parameter(
        "1", 0.0, 0.5, "Heat lost by the casing over electric power of the compressor"
    )
    friction_ratio: float = _parameter(
        "1",
        0.0,
        2.0,
        "Power of friction and flow losses, which do not follow the gas's work, over that work at "
        "the design point",
        default=0.0,
    )
    friction_speed_share: float = _fraction(
        "Share of that power that grows with the third power of speed (the rest: with speed)",
        told_by="compressor_speed",
        default=0.0,
    )


@dataclass(frozen=True)
class HeatExchanger:
    """How the conductance of an exchanger follows the flows (see `closures.conductance`)."""

    secondary_resistance_share: float
    secondary_flow_exponent: float
    refrigerant_flow_exponent: float


def _resistance_share(told_by: str) -> Any:
    return _fraction(
        "Share of the secondary side in the thermal resistance at the design point",
        told_by=told_by,
    )


def _secondary_exponent(told_by: str) -> Any:
    return _parameter(
        "1",
        0.0,
        1.0,
        "Exponent of the secondary flow in that side's heat transfer",
        told_by=told_by,
    )


def _refrigerant_exponent() -> Any:
    return _parameter(
        "1", 0.0, 1.0, "Exponent of the refrigerant flow in that side's heat transfer"
    )


@dataclass(frozen=True)
class Condenser(HeatExchanger):
    """A condenser, with the subcooling it leaves (see `closures.subcooling_fraction`)."""

    secondary_resistance_share: float = _resistance_share("m_flow_sink")
    secondary_flow_exponent: float = _secondary_exponent("m_flow_sink")
    refrigerant_flow_exponent: float = _refrigerant_exponent()
    subcooling_fraction: float = _parameter(
        "1", 0.01, 0.95, "Subcooling over T_bubble(p_high) - T_sink_in at the design point"
    )
    subcooling_temperature_coefficient: float = _parameter(
        "1/K",
        -0.05,
        0.05,
        "Change of the logarithm of the subcooling fraction with sink inlet",
        told_by="T_sink_in",
    )


@dataclass(frozen=True)
class Evaporator(HeatExchanger):
    """An evaporator; the superheat at its outlet is the expansion valve's."""

    secondary_resistance_share: float = _resistance_share("m_flow_source")
    secondary_flow_exponent: float = _secondary_exponent("m_flow_source")
    refrigerant_flow_exponent: float = _refrigerant_exponent()


@dataclass(frozen=True)
class ExpansionValve:
    """The superheat and pressure that the valve keeps (see `closures.superheat`)."""

    superheat_setting: float = _parameter(
        "K",
        0.5,
        60.0,
        "Superheat at suction that the valve aims at, at the design point's sink inlet",
        is_difference=True,
    )
    superheat_sink_slope: float = _parameter(
        "1",
        -0.5,
        0.5,
        "Its change per kelvin of sink inlet: a suction line in warm surroundings adds to it",
        told_by="T_sink_in",
    )
    superheat_fraction_max: float = _parameter(
        "1", 0.1, 0.99, "Largest superheat as a fraction of T_source_in - T_dew(p_low)"
    )
    T_evaporating_max: float = _like(
        "T_source_in", "Dew temperature at which the valve begins to starve the evaporator"
    )


@dataclass(frozen=True)
class Envelope:
    """Where the machine may run; outside it the FMU answers from the nearest point inside.

    `minimum` and `maximum` hold the range of each input. In a machine file the range of an input is
    given by two parameters, such as ``T_sink_in_min`` and ``T_sink_in_max``.
    """

    minimum: Boundary
    maximum: Boundary
    p_low_min: float = _like("p_low", "Least suction pressure, absolute")
    p_high_max: float = _like("p_high", "Largest discharge pressure, absolute")
    T_discharge_max: float = _like("T_discharge", "Largest refrigerant temperature at discharge")

    def range(self, quantity: str) -> tuple[float, float]:
        """Least and largest value of an input, SI units."""
        return getattr(self.minimum, quantity), getattr(self.maximum, quantity)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Least and largest value of each input, SI units."""
        return {q: self.range(q) for q in BOUNDARY_QUANTITIES}

    def with_ranges(self, ranges: dict[str, tuple[float, float]]) -> Envelope:
        """Return an envelope with other ranges of some inputs."""
        return replace(
            self,
            minimum=replace(self.minimum, **{q: low for q, (low, _) in ranges.items()}),
            maximum=replace(self.maximum, **{q: high for q, (_, high) in ranges.items()}),
        )


def _seconds(minimum: float, maximum: float, description: str, default: float) -> Any:
    return _parameter("s", minimum, maximum, description, default=default)


@dataclass(frozen=True)
class Dynamics:
    """How the machine starts, stops and keeps heat (see `dynamics`).

    The defaults are what a one-second record of a brine/water unit shows (RWTH Aachen, doi
    10.3384/ecp21181561); an estimate for any other machine. Extra power at a start and pumps that
    run on are not assumed where a machine file does not name them.
    """

    source_lag: float = _seconds(
        0.1, 3600.0, "Time constant of each of two lags of the heat from the source", 18.0
    )
    sink_lag: float = _seconds(
        0.1, 3600.0, "Time constant of each of two lags of the heat to the sink", 6.0
    )
    source_residence_time: float = _seconds(
        0.1,
        3600.0,
        "Well-mixed source medium in the evaporator over the design flow, with metal as medium",
        4.0,
    )
    sink_residence_time: float = _seconds(
        0.1,
        3600.0,
        "Well-mixed sink medium in the condenser over the design flow, with metal as medium",
        14.0,
    )
    start_power_ratio: float = _parameter(
        "1", 0.0, 5.0, "Extra electric power right after a start over the steady power", default=0.0
    )
    start_power_time: float = _seconds(0.1, 3600.0, "Time constant with which it decays", 30.0)
    stop_power_time: float = _seconds(
        0.1, 3600.0, "Time constant with which electric power decays after a stop", 1.0
    )
    pump_run_on_time: float = _seconds(
        0.0, 86400.0, "How long the auxiliaries run on after a stop", 0.0
    )


@dataclass(frozen=True)
class Control:
    """How the machine follows a demand (see `control`).

    The defaults are usual safety values of controllers and the default of EN 14825; estimates where
    a machine file does not name them.
    """

    minimum_run_time: float = _seconds(0.0, 86400.0, "Least time from a start to a stop", 600.0)
    minimum_pause_time: float = _seconds(0.0, 86400.0, "Least time from a stop to a start", 1200.0)
    most_starts_per_hour: float = _parameter(
        "1", 0.1, 60.0, "Starts are at least an hour over this number apart", default=3.0
    )
    cycling_hysteresis: float = _seconds(
        1.0,
        86400.0,
        "Cycling below the least speed: heat that may be lacking, or given in excess, as seconds "
        "of the heat at the least speed",
        300.0,
    )
    temperature_hysteresis: float = _parameter(
        "K",
        0.1,
        50.0,
        "Cycling by supply temperature: how far it may be above and below its set-point",
        is_difference=True,
        default=2.0,
    )
    cycling_degradation: float = _parameter(
        "1",
        0.0,
        1.0,
        "Degradation coefficient Cc of EN 14825 below the least speed (1: cycling costs nothing)",
        default=0.9,
    )


@dataclass(frozen=True)
class Frost:
    """What frost and defrost of a coil in air cost on average (see `frost`).

    The defaults are the published curve of Wetter and Afjei (1996), at the humidity of EN 14511's
    point at 2 degC with a wet bulb temperature of 1 degC; an estimate for any one machine.
    """

    frost_base_loss: float = _parameter(
        "1",
        0.0,
        0.2,
        "Share of heat that is lost with air at 0 degC, beside the peak",
        default=0.03,
    )
    frost_base_slope: float = _parameter(
        "1/K",
        0.0,
        0.02,
        "Fall of that share per kelvin of air temperature, down to 0",
        default=0.004,
    )
    frost_peak_loss: float = _parameter(
        "1",
        0.0,
        0.5,
        "Height of the peak of the lost share, where frost is worst",
        default=0.1534,
    )
    frost_peak_temperature: float = _parameter(
        "K",
        263.15,
        283.15,
        "Air temperature at the peak",
        default=ZERO_CELSIUS + 0.8869,
    )
    frost_peak_width: float = _parameter(
        "K",
        1.0,
        20.0,
        "Distance from the peak at which it has fallen to 1/e",
        is_difference=True,
        default=math.sqrt(26.06),
    )
    frost_power_share: float = _parameter(
        "1",
        0.0,
        1.0,
        "Lost share of electric power over the lost share of heat",
        default=0.0,
    )
    frost_reference_humidity: float = _parameter(
        "1", 0.8, 1.0, "Relative humidity at which the losses are as stated", default=0.84
    )
    frost_coil_difference: float = _parameter(
        "K",
        5.0,
        20.0,
        "How far the coil's surface is colder than the air",
        is_difference=True,
        default=8.589,
    )


@dataclass(frozen=True)
class PredictionUncertainty:
    """Relative standard uncertainty of what the machine predicts; 0 where it is not known."""

    P_el: float = _fraction("Relative standard uncertainty of P_el; 0 if not known")
    Q_flow_sink: float = _fraction("Relative standard uncertainty of Q_flow_sink; 0 if not known")


def _pump_power(flow: str) -> Any:
    of = "source" if flow.endswith("source") else "sink"
    return _parameter(
        "W",
        0.0,
        1e5,
        f"Power of the {of}'s pump or fan at the design point's flow, beside auxiliary_power; it "
        "follows the third power of the flow",
        told_by=flow,
        default=0.0,
    )


# Parameters that machine files of before do not have. Off they are as if they were not there.
_LATER = ("source_pump_power", "sink_pump_power")


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
    evaporator: Evaporator
    expansion_valve: ExpansionValve
    envelope: Envelope
    prediction_uncertainty: PredictionUncertainty
    auxiliary_power: float = _parameter(
        "W",
        0.0,
        1e5,
        "Electric power of pumps and controls that P_el counts while running; becomes loss",
    )
    standby_power: float = _parameter(
        "W", 0.0, 1e4, "Electric power of one unit when off; all of it becomes loss"
    )
    source_pump_power: float = _pump_power("m_flow_source")
    sink_pump_power: float = _pump_power("m_flow_sink")
    dynamics: Dynamics = field(default_factory=lambda: with_defaults(Dynamics))
    control: Control = field(default_factory=lambda: with_defaults(Control))
    frost: Frost = field(default_factory=lambda: with_defaults(Frost))
    remainder: Remainder = field(default_factory=Remainder)

    @property
    def design_auxiliary_power(self) -> float:
        """Auxiliary power at the design point, W: pumps and fans at its flows, and the rest."""
        return self.auxiliary_power + (self.source_pump_power + self.sink_pump_power)

    @property
    def has_coil_in_air(self) -> bool:
        """Whether the source is air, so that frost may form."""
        return kind_of_medium(self.source_medium) == "A"

    def to_dict(self) -> dict[str, Any]:
        """Return the machine as nested dictionaries of plain numbers and texts."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Machine:
        """Make a machine of what `to_dict` returned."""
        machine: Machine = _made(cls, data)
        return machine

    def save(self, path: Path) -> None:
        """Write the machine as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Machine:
        """Read a machine that `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))

    def parameter(self, place: str) -> float:
        """Return a parameter by its place in the machine file, SI unit.

        Parameters
        ----------
        place : str
            A key of `PARAMETERS`, such as ``compressor.leakage_coefficient``.
        """
        value: Any = self
        for name in _attributes(place):
            value = getattr(value, name)
        return float(value)

    def with_parameters(self, values: dict[str, float]) -> Machine:
        """Return a machine with other values of some parameters.

        Parameters
        ----------
        values : dict of str to float
            By place in the machine file, such as ``compressor.leakage_coefficient``; SI units.

        Raises
        ------
        KeyError
            If there is no such place.
        """
        content = self.to_dict()
        for place, value in values.items():
            *parents, key = _attributes(place)
            section = content
            for parent in parents:
                section = section[parent]
            section[key] = value
        return Machine.from_dict(content)

    @property
    def fingerprint(self) -> str:
        """Hash of all that steady answers of a clean coil depend on.

        A map and a design state carry that of their machine.
        """
        content = self.to_dict()
        for section in ("dynamics", "control", "frost"):
            del content[section]
        for name in _LATER:
            if content[name] == 0.0:
                del content[name]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@cache
def _types(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _made(cls: Any, data: dict[str, Any]) -> Any:
    types = _types(cls)
    return cls(**{k: _value(types[k], v) for k, v in data.items()})


def _value(of_type: Any, value: Any) -> Any:
    if is_dataclass(of_type):
        return _made(of_type, value)
    # JSON knows no tuples.
    return _tuples(value) if isinstance(value, list) else value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def definitions(section: type) -> dict[str, Definition]:
    """Return the declared parameters of one of the classes above."""
    return {f.name: f.metadata["definition"] for f in fields(section) if "definition" in f.metadata}


def with_defaults(section: type) -> Any:
    """Make one of the classes above of the default of each parameter."""
    return section(**{key: of.default for key, of in definitions(section).items()})


def _input(quantity: Quantity, description: str) -> Definition:
    return Definition(quantity.unit, quantity.least_running, quantity.maximum, description)


def _design_point() -> dict[str, Definition]:
    inputs = {
        q: _input(quantity, quantity.description)
        for q, quantity in BOUNDARY_QUANTITIES.items()
        if q not in AT_DESIGN_POINT
    }
    return inputs | definitions(DesignPoint)


def _envelope() -> dict[str, Definition]:
    ranges = {
        f"{q}_{end}": _input(quantity, f"{word} {quantity.title}")
        for q, quantity in BOUNDARY_QUANTITIES.items()
        for end, word in (("min", "Least"), ("max", "Largest"))
    }
    return ranges | definitions(Envelope)


#: Parameters of each section of a machine file; those of no section are under the empty name.
SECTIONS: dict[str, dict[str, Definition]] = {
    "": definitions(Machine),
    "design_point": _design_point(),
    "compressor": definitions(Compressor),
    "condenser": definitions(Condenser),
    "evaporator": definitions(Evaporator),
    "expansion_valve": definitions(ExpansionValve),
    "envelope": _envelope(),
    "dynamics": definitions(Dynamics),
    "control": definitions(Control),
    "frost": definitions(Frost),
    "prediction_uncertainty": definitions(PredictionUncertainty),
}

#: Sections that describe the components.
COMPONENTS = ("compressor", "condenser", "evaporator", "expansion_valve")

#: Every parameter by its place in the machine file, such as ``compressor.leakage_coefficient``.
PARAMETERS: dict[str, Definition] = {
    f"{section}.{key}" if section else key: definition
    for section, of_section in SECTIONS.items()
    for key, definition in of_section.items()
}


def _attributes(place: str) -> tuple[str, ...]:
    """Where a machine holds the parameter of a place, as names of attributes."""
    if place not in PARAMETERS:
        raise KeyError(place)
    section, _, key = place.rpartition(".")
    if section == "design_point":
        return ("design", "boundary", key) if key in BOUNDARY_QUANTITIES else ("design", key)
    if section == "envelope":
        quantity, _, end = key.rpartition("_")
        if quantity in BOUNDARY_QUANTITIES:
            return ("envelope", "minimum" if end == "min" else "maximum", quantity)
    return tuple(place.split("."))


def identification(machine: Machine) -> str:
    """Return what an FMU's description says of its machine, and the harness looks for there."""
    return f"machine {machine.name} {machine.fingerprint[:12]}"
