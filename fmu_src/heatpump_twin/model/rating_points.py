"""The points at which standards state a heat pump: EN 14511 and the part loads of EN 14825.

Where the sink is a liquid its outlet is stated and the inlet follows; where it is air, the inlet.
Air is taken as dry: its wet bulb temperature is not a part of the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .quantities import ZERO_CELSIUS

EN_14511, EN_14825 = "EN 14511", "EN 14825"


@dataclass(frozen=True)
class RatingPoint:
    """One point of a standard.

    Attributes
    ----------
    standard : str
        `EN_14511` or `EN_14825`.
    name : str
        As the standard writes it: source, then sink, as ``B0/W35``.
    T_source_in : float
        K.
    T_sink_in, T_sink_out : float or None
        K; the one of both that is stated.
    part_load : float or None
        Heat or cold that the building needs over that at the design temperature.
    """

    standard: str
    name: str
    T_source_in: float
    T_sink_in: float | None = None
    T_sink_out: float | None = None
    part_load: float | None = None


# Source temperature and sink outlet in degC, by the letter of the source.
_LIQUID_SINK = {
    "B": ((0, 35), (0, 45), (0, 55), (5, 35), (-5, 35)),
    "W": ((10, 35), (10, 45), (10, 55), (15, 35)),
    "A": ((7, 35), (7, 45), (7, 55), (2, 35), (-7, 35), (12, 35)),
}
# Both inlets in degC, outdoor air that heats a room.
_AIR_HEATING = ((7, 20), (2, 20), (-7, 20), (12, 20))
# Outdoor air into which a room is cooled, and which is then the sink; the first by EN 14511.
_AIR_COOLING, _T_ROOM_COOLED = (("A", 35), ("B", 30), ("C", 25), ("D", 20)), 27

# Average climate: outdoor temperature, and the outlet of low and of medium temperature, degC.
_PART_LOADS = (("A", -7, 34, 52), ("B", 2, 30, 42), ("C", 7, 27, 36), ("D", 12, 24, 30))
_T_NO_LOAD, _T_DESIGN, _T_DESIGN_COOLING = 16.0, -10.0, 35.0
# What brine and ground water have all year, degC.
_CONSTANT_SOURCE = {"B": 0, "W": 10}


def kind_of_medium(medium: str) -> str:
    """Letter by which EN 14511 names a medium of CoolProp: air, water, or brine for all others."""
    if re.search("air", medium, re.IGNORECASE):
        return "A"
    return "W" if re.search("water$", medium, re.IGNORECASE) else "B"


def rating_points(source_medium: str, sink_medium: str) -> list[RatingPoint]:
    """Return the points that the media of a machine allow; one for brine can also take water.

    Parameters
    ----------
    source_medium, sink_medium : str
        Fluids of CoolProp.
    """
    source, sink = kind_of_medium(source_medium), kind_of_medium(sink_medium)
    if sink == "A":
        return _of_air(source)
    points = [
        RatingPoint(EN_14511, f"{of}{cold}/W{warm}", _kelvin(cold), T_sink_out=_kelvin(warm))
        for of in {"A": "A", "B": "BW", "W": "W"}[source]
        for cold, warm in _LIQUID_SINK[of]
    ]
    for column in (2, 3):
        for row in _PART_LOADS:
            letter, outdoor, outlet = row[0], row[1], int(row[column])
            cold = _CONSTANT_SOURCE.get(source, outdoor)
            points.append(
                RatingPoint(
                    EN_14825,
                    f"{letter}: {source}{cold}/W{outlet}",
                    _kelvin(cold),
                    T_sink_out=_kelvin(outlet),
                    part_load=_part_load(outdoor, _T_DESIGN),
                )
            )
    return points


def _of_air(source: str) -> list[RatingPoint]:
    if source != "A":
        return []
    points = [
        RatingPoint(EN_14511, f"A{cold}/A{warm}", _kelvin(cold), T_sink_in=_kelvin(warm))
        for cold, warm in _AIR_HEATING
    ]
    # Cooling is written with the outdoor air first, though it is the sink.
    points += [
        RatingPoint(
            EN_14825 if number else EN_14511,
            f"{f'{letter}: ' if number else ''}A{outdoor}/A{_T_ROOM_COOLED} cooling",
            _kelvin(_T_ROOM_COOLED),
            T_sink_in=_kelvin(outdoor),
            part_load=_part_load(outdoor, _T_DESIGN_COOLING) if number else None,
        )
        for number, (letter, outdoor) in enumerate(_AIR_COOLING)
    ]
    points += [
        RatingPoint(
            EN_14825,
            f"{letter}: A{outdoor}/A20",
            _kelvin(outdoor),
            T_sink_in=_kelvin(20),
            part_load=_part_load(outdoor, _T_DESIGN),
        )
        for letter, outdoor, *_ in _PART_LOADS
    ]
    return points


def _part_load(outdoor: float, at_design: float) -> float:
    return (outdoor - _T_NO_LOAD) / (at_design - _T_NO_LOAD)


def _kelvin(celsius: float) -> float:
    return celsius + ZERO_CELSIUS
