"""How people read a quantity: unit, conversion from SI, and title."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Display:
    """Conversion of an SI value to what is shown: ``factor * si + offset`` in `unit`.

    `decimals` is how many of them a table shows.
    """

    unit: str
    title: str
    factor: float = 1.0
    offset: float = 0.0
    decimals: int = 1


def _celsius(title: str) -> Display:
    return Display("°C", title, offset=-273.15)


DISPLAY: dict[str, Display] = {
    "compressor_speed": Display("1", "compressor speed", decimals=2),
    "T_source_in": _celsius("source inlet"),
    "T_sink_in": _celsius("sink inlet"),
    "m_flow_source": Display("kg/s", "source flow", decimals=3),
    "m_flow_sink": Display("kg/s", "sink flow", decimals=3),
    "P_el": Display("W", "electric power", decimals=0),
    "Q_flow_sink": Display("kW", "heat to the sink", 1e-3, decimals=2),
    "Q_flow_source": Display("kW", "heat from the source", 1e-3, decimals=2),
    "Q_flow_loss": Display("W", "heat loss", decimals=0),
    "COP": Display("1", "COP", decimals=2),
    "T_source_out": _celsius("source outlet"),
    "T_sink_out": _celsius("sink outlet"),
    "m_flow_refrigerant": Display("g/s", "refrigerant flow", 1e3),
    "p_low": Display("bar", "suction pressure", 1e-5, decimals=2),
    "p_high": Display("bar", "discharge pressure", 1e-5, decimals=2),
    "T_suction": _celsius("suction temperature"),
    "T_discharge": _celsius("discharge temperature"),
    "T_liquid": _celsius("liquid temperature"),
    "superheat": Display("K", "superheat"),
    "subcooling": Display("K", "subcooling"),
    "h_suction": Display("kJ/kg", "suction enthalpy", 1e-3),
    "h_discharge": Display("kJ/kg", "discharge enthalpy", 1e-3),
    "h_liquid": Display("kJ/kg", "liquid enthalpy", 1e-3),
}


def shown(quantity: str, si: float) -> float:
    """Convert an SI value to the unit in which people read the quantity."""
    display = DISPLAY[quantity]
    return display.factor * si + display.offset


def titled(quantity: str) -> str:
    """Title with the unit in which people read the quantity."""
    display = DISPLAY[quantity]
    return display.title if display.unit == "1" else f"{display.title} in {display.unit}"
