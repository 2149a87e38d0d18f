"""The vocabulary: each quantity's name, unit, sign and range, said once.

Units are SI everywhere inside the project. Heat is positive in the direction the machine exists
for: into the sink, out of the source, and out of the casing for losses, so that always

    P_el + Q_flow_source = Q_flow_sink + Q_flow_loss.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import IntEnum
from typing import Any


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
    description : str
        One line, with the sign convention where there is one.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    nominal: float
    description: str

    @property
    def has_percentage(self) -> bool:
        """Whether a percentage of it means something: not of a temperature, whose zero is far."""
        return self.unit != "K"


def with_unit(value: float, unit: str) -> str:
    """Write a value with its unit, which a dimensionless one does not show."""
    return f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"


def celsius(T: float) -> str:
    """Write a temperature in K as people read it."""
    return f"{T - 273.15:.1f} degC"


def _quantity(unit: str, minimum: float, maximum: float, nominal: float, description: str) -> Any:
    return field(
        metadata={
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "nominal": nominal,
            "description": description,
        }
    )


# Widest temperatures at which a heat pump or its media can be; a value in degC given where kelvin
# is expected lies below the lower end and is recognised by it.
_T_MIN, _T_MAX = 193.15, 423.15
# Results lie beyond the inlets.
_T_OUT_MIN, _T_OUT_MAX = 173.15, 473.15


class OperatingStatus(IntEnum):
    """How an answer came about; never silent."""

    OFF = 0
    INSIDE = 1
    MOVED_TO_ENVELOPE = 2
    SOLVE_FAILED = 3
    INPUT_REJECTED = 4


@dataclass(frozen=True)
class Boundary:
    """What the surroundings impose on the machine: the inputs of the FMU."""

    compressor_speed: float = _quantity(
        "1", 0.0, 3.0, 1.0, "Compressor speed relative to rated speed; 0 is off"
    )
    T_source_in: float = _quantity(
        "K", _T_MIN, _T_MAX, 280.0, "Source medium temperature at the evaporator inlet"
    )
    T_sink_in: float = _quantity(
        "K", _T_MIN, _T_MAX, 310.0, "Sink medium temperature at the condenser inlet"
    )
    m_flow_source: float = _quantity(
        "kg/s", 0.0, 1e4, 0.3, "Mass flow of the source medium through the evaporator"
    )
    m_flow_sink: float = _quantity(
        "kg/s", 0.0, 1e4, 0.3, "Mass flow of the sink medium through the condenser"
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

    Not to be changed. It is not frozen because a frozen one takes three times as long to make,
    which is a sizeable part of an answer from the performance map.
    """

    P_el: float = _quantity("W", 0.0, 1e12, 1e3, "Electric power taken")
    Q_flow_sink: float = _quantity("W", 0.0, 1e12, 5e3, "Heat flow given to the sink")
    Q_flow_source: float = _quantity("W", 0.0, 1e12, 4e3, "Heat flow taken from the source")
    Q_flow_loss: float = _quantity(
        "W",
        0.0,
        1e12,
        1e2,
        "Heat flow to the surroundings: P_el + Q_flow_source - Q_flow_sink",
    )
    COP: float = _quantity("1", 0.0, 1e3, 4.0, "Q_flow_sink / P_el; 0 when off")
    T_source_out: float = _quantity(
        "K", _T_OUT_MIN, _T_OUT_MAX, 280.0, "Source medium temperature at the evaporator outlet"
    )
    T_sink_out: float = _quantity(
        "K", _T_OUT_MIN, _T_OUT_MAX, 310.0, "Sink medium temperature at the condenser outlet"
    )
    m_flow_refrigerant: float = _quantity("kg/s", 0.0, 1e8, 0.02, "Mass flow of the refrigerant")
    p_low: float = _quantity(
        "Pa", 1e3, 1e8, 1e6, "Absolute pressure of the refrigerant at compressor suction"
    )
    p_high: float = _quantity(
        "Pa", 1e3, 1e8, 2.5e6, "Absolute pressure of the refrigerant at compressor discharge"
    )
    T_suction: float = _quantity(
        "K", _T_OUT_MIN, _T_OUT_MAX, 285.0, "Refrigerant temperature before the compressor"
    )
    T_discharge: float = _quantity(
        "K", _T_OUT_MIN, 573.15, 340.0, "Refrigerant temperature after the compressor"
    )
    T_liquid: float = _quantity(
        "K", _T_OUT_MIN, _T_OUT_MAX, 310.0, "Refrigerant temperature before the expansion valve"
    )
    superheat: float = _quantity(
        "K", 0.0, 100.0, 5.0, "T_suction less the dew temperature at p_low"
    )
    subcooling: float = _quantity(
        "K", 0.0, 100.0, 3.0, "Bubble temperature at p_high less T_liquid"
    )
    h_suction: float = _quantity(
        "J/kg", -1e7, 1e7, 4e5, "Specific enthalpy of the refrigerant before the compressor"
    )
    h_discharge: float = _quantity(
        "J/kg", -1e7, 1e7, 4e5, "Specific enthalpy of the refrigerant after the compressor"
    )
    h_liquid: float = _quantity(
        "J/kg", -1e7, 1e7, 2e5, "Specific enthalpy of the refrigerant before the expansion valve"
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


def _quantities_of(cls: type) -> dict[str, Quantity]:
    return {f.name: Quantity(name=f.name, **f.metadata) for f in fields(cls)}


BOUNDARY_QUANTITIES: dict[str, Quantity] = _quantities_of(Boundary)
RESULT_QUANTITIES: dict[str, Quantity] = _quantities_of(OperatingPoint)
QUANTITIES: dict[str, Quantity] = BOUNDARY_QUANTITIES | RESULT_QUANTITIES

STATUS_DESCRIPTION = (
    "0 off, 1 inside the envelope, 2 moved to the envelope, "
    "3 solve failed and last result held, 4 input rejected and last result held"
)
