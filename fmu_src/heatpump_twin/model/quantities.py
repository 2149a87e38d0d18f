"""The quantities of the project: name, unit, sign and range of each, declared once.

Units are SI everywhere inside the project. Heat is positive in the direction the machine exists
for: into the sink, out of the source, and out of the casing for losses, so that always

    P_el + Q_flow_source = Q_flow_sink + Q_flow_loss + Q_flow_stored,

where nothing is stored in a steady state.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from typing import Any

#: 0 degC in K.
ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class Display:
    """How people read a quantity: ``factor * si + offset`` in `unit`.

    Attributes
    ----------
    unit : str
        ``"1"`` for dimensionless.
    factor, offset : float
        Of the conversion from SI.
    decimals : int
        How many of them a table shows.
    """

    unit: str
    factor: float = 1.0
    offset: float = 0.0
    decimals: int = 1


# How people usually read a quantity, by its SI unit.
_DISPLAYS = {
    "1": Display("1", decimals=2),
    "K": Display("°C", offset=-ZERO_CELSIUS),
    "Pa": Display("bar", 1e-5, decimals=2),
    "J": Display("kWh", 1 / 3.6e6, decimals=2),
    "s": Display("h", 1 / 3600.0, decimals=1),
    "W": Display("W", decimals=0),
    "kg/s": Display("kg/s", decimals=3),
    "J/kg": Display("kJ/kg", 1e-3),
}
_KELVIN = Display("K")


@dataclass(frozen=True)
class Quantity:
    """What a number of the vocabulary means.

    Attributes
    ----------
    name : str
        Name in the model, the FMU, the data sets, the scores and the report.
    unit : str
        SI unit as FMI writes it, ``"1"`` for dimensionless.
    minimum, maximum : float
        Range outside which the number has no meaning for any machine of this kind, in `unit`.
    nominal : float
        Order of magnitude, in `unit`.
    title : str
        What a plot or a table calls it.
    description : str
        One line, with the sign convention where there is one.
    running_minimum : float, optional
        Least value at which a machine can run, where that is above `minimum`.
    transient_minimum : float, optional
        Least value in a transient, where that is below `minimum`, which holds for steady answers.
    is_extensive : bool
        Whether it adds up over identical units side by side.
    is_difference : bool
        Whether it is a temperature difference, which has no offset in any unit.
    shown_as : Display, optional
        How people read it, where that is not usual for its unit.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    nominal: float
    title: str
    description: str
    running_minimum: float | None = None
    transient_minimum: float | None = None
    is_extensive: bool = False
    is_difference: bool = False
    shown_as: Display | None = None

    @property
    def display(self) -> Display:
        """How people read it."""
        usual = _KELVIN if self.is_difference else _DISPLAYS[self.unit]
        return self.shown_as or usual

    def shown(self, si: float) -> float:
        """Convert an SI value to the unit in which people read the quantity."""
        return self.display.factor * si + self.display.offset

    @property
    def title_with_unit(self) -> str:
        """Title with the unit in which people read the quantity."""
        unit = self.display.unit
        return self.title if unit == "1" else f"{self.title} in {unit}"

    @property
    def has_percentage(self) -> bool:
        """Whether a percentage of it has a meaning; for a temperature in K it has none."""
        return self.unit != "K"

    @property
    def least_running(self) -> float:
        """Least value at which a machine can run, in `unit`."""
        return self.minimum if self.running_minimum is None else self.running_minimum

    @property
    def least_answer(self) -> float:
        """Least value that the FMU answers, in `unit`."""
        return self.minimum if self.transient_minimum is None else self.transient_minimum

    @property
    def acts_by_power(self) -> bool:
        """Whether results follow powers of it; so it is for speed and flows, which are positive."""
        return self.running_minimum is not None


def with_unit(value: float, unit: str) -> str:
    """Write a value with its unit, which a dimensionless one does not show."""
    # A zero has no sign.
    text = f"{value + 0.0:.6g}"
    return text if unit == "1" else f"{text} {unit}"


def celsius(T: float) -> str:
    """Write a temperature in K as people read it."""
    return f"{T - ZERO_CELSIUS:.1f} degC"


def _quantity(
    unit: str,
    minimum: float,
    maximum: float,
    nominal: float,
    title: str,
    description: str,
    **more: Any,
) -> Any:
    return field(
        metadata={
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "nominal": nominal,
            "title": title,
            "description": description,
            **more,
        }
    )


# Widest range of temperature of a heat pump and its media. A value in degC that is given where
# kelvin is expected lies below the lower end, so it is recognised.
_T_MIN, _T_MAX = 193.15, 423.15
# Outlets and refrigerant temperatures have a wider range than the inlets.
_T_OUT_MIN, _T_OUT_MAX = 173.15, 473.15
#: A smaller flow counts as no flow, kg/s.
LEAST_FLOW = 1e-6


class OperatingStatus(IntEnum):
    """How an answer was found."""

    OFF = 0
    INSIDE = 1
    MOVED_TO_ENVELOPE = 2
    SOLVE_FAILED = 3
    INPUT_REJECTED = 4


@dataclass(frozen=True)
class Boundary:
    """The inputs of the FMU: what the surroundings prescribe."""

    compressor_speed: float = _quantity(
        "1",
        0.0,
        3.0,
        1.0,
        "compressor speed",
        "Compressor speed relative to rated speed; 0 is off",
        running_minimum=0.01,
    )
    T_source_in: float = _quantity(
        "K",
        _T_MIN,
        _T_MAX,
        280.0,
        "source inlet",
        "Source medium temperature at the evaporator inlet",
    )
    T_sink_in: float = _quantity(
        "K", _T_MIN, _T_MAX, 310.0, "sink inlet", "Sink medium temperature at the condenser inlet"
    )
    m_flow_source: float = _quantity(
        "kg/s",
        0.0,
        1e4,
        0.3,
        "source flow",
        "Mass flow of the source medium through the evaporator",
        running_minimum=LEAST_FLOW,
        is_extensive=True,
    )
    m_flow_sink: float = _quantity(
        "kg/s",
        0.0,
        1e4,
        0.3,
        "sink flow",
        "Mass flow of the sink medium through the condenser",
        running_minimum=LEAST_FLOW,
        is_extensive=True,
    )

    def as_text(self) -> str:
        """Return names, values and units on one line."""
        return ", ".join(
            f"{q} = {with_unit(value, BOUNDARY_QUANTITIES[q].unit)}"
            for q, value in vars(self).items()
        )

    def towards(self, other: Boundary, fraction: float) -> Boundary:
        """Return the boundary that lies `fraction` of the way from this one to `other`."""
        start, end = asdict(self), asdict(other)
        return Boundary(**{q: start[q] + fraction * (end[q] - start[q]) for q in start})


@dataclass
class OperatingPoint:
    """The machine's steady answer to a boundary: the outputs of the FMU.

    Do not change its attributes. The class is not frozen, because making a frozen object takes
    three times as long, and that is a large part of an answer from the performance map.
    """

    P_el: float = _quantity(
        "W", 0.0, 1e12, 1e3, "electric power", "Electric power taken", is_extensive=True
    )
    Q_flow_sink: float = _quantity(
        "W",
        0.0,
        1e12,
        5e3,
        "heat to the sink",
        "Heat flow given to the sink",
        transient_minimum=-1e12,
        is_extensive=True,
        shown_as=Display("kW", 1e-3, decimals=2),
    )
    Q_flow_source: float = _quantity(
        "W",
        0.0,
        1e12,
        4e3,
        "heat from the source",
        "Heat flow taken from the source",
        transient_minimum=-1e12,
        is_extensive=True,
        shown_as=Display("kW", 1e-3, decimals=2),
    )
    Q_flow_loss: float = _quantity(
        "W",
        0.0,
        1e12,
        1e2,
        "heat loss",
        "Heat flow to the surroundings: P_el + Q_flow_source - Q_flow_sink",
        is_extensive=True,
    )
    COP: float = _quantity("1", 0.0, 1e3, 4.0, "COP", "Q_flow_sink / P_el; 0 when off")
    T_source_out: float = _quantity(
        "K",
        _T_OUT_MIN,
        _T_OUT_MAX,
        280.0,
        "source outlet",
        "Source medium temperature at the evaporator outlet",
    )
    T_sink_out: float = _quantity(
        "K",
        _T_OUT_MIN,
        _T_OUT_MAX,
        310.0,
        "sink outlet",
        "Sink medium temperature at the condenser outlet",
    )
    m_flow_refrigerant: float = _quantity(
        "kg/s",
        0.0,
        1e8,
        0.02,
        "refrigerant flow",
        "Mass flow of the refrigerant",
        is_extensive=True,
        shown_as=Display("g/s", 1e3),
    )
    p_low: float = _quantity(
        "Pa",
        1e3,
        1e8,
        1e6,
        "suction pressure",
        "Absolute pressure of the refrigerant at compressor suction",
    )
    p_high: float = _quantity(
        "Pa",
        1e3,
        1e8,
        2.5e6,
        "discharge pressure",
        "Absolute pressure of the refrigerant at compressor discharge",
    )
    T_suction: float = _quantity(
        "K",
        _T_OUT_MIN,
        _T_OUT_MAX,
        285.0,
        "suction temperature",
        "Refrigerant temperature before the compressor",
    )
    T_discharge: float = _quantity(
        "K",
        _T_OUT_MIN,
        573.15,
        340.0,
        "discharge temperature",
        "Refrigerant temperature after the compressor",
    )
    T_liquid: float = _quantity(
        "K",
        _T_OUT_MIN,
        _T_OUT_MAX,
        310.0,
        "liquid temperature",
        "Refrigerant temperature before the expansion valve",
    )
    superheat: float = _quantity(
        "K",
        0.0,
        100.0,
        5.0,
        "superheat",
        "T_suction less the dew temperature at p_low",
        is_difference=True,
    )
    subcooling: float = _quantity(
        "K",
        0.0,
        100.0,
        3.0,
        "subcooling",
        "Bubble temperature at p_high less T_liquid",
        is_difference=True,
    )
    h_suction: float = _quantity(
        "J/kg",
        -1e7,
        1e7,
        4e5,
        "suction enthalpy",
        "Specific enthalpy of the refrigerant before the compressor",
    )
    h_discharge: float = _quantity(
        "J/kg",
        -1e7,
        1e7,
        4e5,
        "discharge enthalpy",
        "Specific enthalpy of the refrigerant after the compressor",
    )
    h_liquid: float = _quantity(
        "J/kg",
        -1e7,
        1e7,
        2e5,
        "liquid enthalpy",
        "Specific enthalpy of the refrigerant before the expansion valve",
    )

    @classmethod
    def at_rest(
        cls, boundary: Boundary, power: float, p: float, T: float, h_dew: float, h_bubble: float
    ) -> OperatingPoint:
        """Return the machine when off: no flow, no heat, outlets equal inlets.

        Parameters
        ----------
        boundary : Boundary
            Its inlets.
        power : float
            Standby power, W.
        p, T : float
            Saturation of the refrigerant, Pa and K.
        h_dew, h_bubble : float
            Enthalpies there, J/kg.
        """
        return cls(
            P_el=power,
            Q_flow_sink=0.0,
            Q_flow_source=0.0,
            Q_flow_loss=power,
            COP=0.0,
            T_source_out=boundary.T_source_in,
            T_sink_out=boundary.T_sink_in,
            m_flow_refrigerant=0.0,
            p_low=p,
            p_high=p,
            T_suction=T,
            T_discharge=T,
            T_liquid=T,
            superheat=0.0,
            subcooling=0.0,
            h_suction=h_dew,
            h_discharge=h_dew,
            h_liquid=h_bubble,
        )


@dataclass(frozen=True)
class SetPoints:
    """Inputs of the FMU beside the boundary, which only some of its parameters look at.

    Two take the place of the compressor speed, by the parameter `control`. The humidity counts
    where the parameter `frost` is on.
    """

    Q_flow_sink_set: float = _quantity(
        "W",
        0.0,
        1e12,
        5e3,
        "heat set-point",
        "Heat flow to the sink that is asked for, with control = heat_flow",
        is_extensive=True,
        shown_as=Display("kW", 1e-3, decimals=2),
    )
    T_sink_out_set: float = _quantity(
        "K",
        _T_MIN,
        _T_MAX,
        310.0,
        "supply set-point",
        "Sink outlet temperature that is asked for, with control = supply_temperature",
    )
    phi_source: float = _quantity(
        "1",
        0.0,
        1.0,
        0.8,
        "source humidity",
        "Relative humidity of the source's air over liquid water, with frost = estimated",
    )


@dataclass(frozen=True)
class Operation:
    """Outputs of the FMU that say how it has run; energies and times count from the last reset."""

    speed_used: float = _quantity(
        "1",
        0.0,
        3.0,
        1.0,
        "speed used",
        "Compressor speed that control has found, relative to rated speed; 0 is off",
    )
    Q_flow_stored: float = _quantity(
        "W",
        -1e12,
        1e12,
        1e3,
        "heat stored",
        "Heat flow into metal and liquid: P_el + Q_flow_source - Q_flow_sink - Q_flow_loss",
        is_extensive=True,
    )
    Q_flow_unmet: float = _quantity(
        "W",
        0.0,
        1e12,
        1e3,
        "unmet demand",
        "Heat flow that is asked for beyond what the machine gives; 0 with control = speed",
        is_extensive=True,
    )
    E_el: float = _quantity(
        "J", -1e24, 1e24, 1e7, "electric energy", "Integral of P_el", is_extensive=True
    )
    E_sink: float = _quantity(
        "J", -1e24, 1e24, 4e7, "heat to the sink", "Integral of Q_flow_sink", is_extensive=True
    )
    E_source: float = _quantity(
        "J",
        -1e24,
        1e24,
        3e7,
        "heat from the source",
        "Integral of Q_flow_source",
        is_extensive=True,
    )
    E_loss: float = _quantity(
        "J", -1e24, 1e24, 1e6, "heat lost", "Integral of Q_flow_loss", is_extensive=True
    )
    E_stored: float = _quantity(
        "J", -1e24, 1e24, 1e5, "heat stored", "Integral of Q_flow_stored", is_extensive=True
    )
    E_unmet: float = _quantity(
        "J", 0.0, 1e24, 1e6, "heat not delivered", "Integral of Q_flow_unmet", is_extensive=True
    )
    starts: float = _quantity("1", 0.0, 1e12, 10.0, "starts", "Starts of each unit")
    run_time: float = _quantity("s", 0.0, 1e15, 1e4, "run time", "Time on of each unit")
    frost_factor: float = _quantity(
        "1",
        0.0,
        1.0,
        1.0,
        "frost factor",
        "Mean heat to the sink over frost and defrost, over that of the clean coil; 1 is none",
    )


def _quantities_of(cls: type) -> dict[str, Quantity]:
    return {f.name: Quantity(name=f.name, **f.metadata) for f in fields(cls)}


BOUNDARY_QUANTITIES: dict[str, Quantity] = _quantities_of(Boundary)
RESULT_QUANTITIES: dict[str, Quantity] = _quantities_of(OperatingPoint)
SET_POINT_QUANTITIES: dict[str, Quantity] = _quantities_of(SetPoints)
OPERATION_QUANTITIES: dict[str, Quantity] = _quantities_of(Operation)
#: What a record can hold: inputs and answers of a steady state.
QUANTITIES: dict[str, Quantity] = BOUNDARY_QUANTITIES | RESULT_QUANTITIES

STATUS_DESCRIPTION = (
    "0 off, 1 inside the envelope, 2 moved to the envelope, "
    "3 solve failed and last result held, 4 input rejected and last result held"
)
