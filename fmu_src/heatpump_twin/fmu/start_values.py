"""Start values of parameters that differ from the machine's: for tools that cannot set them.

Some tools know no parameters that are texts, and the FMU then stays at what it starts with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.settings import FROST, SETTINGS

# By name, a number, or the place of a text among the choices.
StartValues = Mapping[str, float]


def read_start_values(assignments: Iterable[str]) -> StartValues:
    """Read start values as a person types them.

    Parameters
    ----------
    assignments : iterable of str
        Each as ``NAME=VALUE``, SI units.

    Raises
    ------
    InputError
        If one is no parameter that has its start value in the map file, or its value is not one of
        those that it can have.
    """
    values: dict[str, float] = {}
    for assignment in assignments:
        name, is_there, text = assignment.partition("=")
        name, text = name.strip(), text.strip()
        place = f"start value {assignment!r}"
        if not is_there:
            raise InputError(f"{place}: expected NAME=VALUE, such as control=heat_flow")
        if name not in SETTINGS:
            raise InputError(
                f"{place}: {name!r} is none of the parameters whose start value can be chosen: "
                f"{', '.join(SETTINGS)}"
            )
        if name in values:
            raise InputError(f"{place}: {name} is given twice; expected one value")
        values[name] = _value(name, text, place)
    return values


def check_start_values(values: StartValues, machine: Machine) -> None:
    """Refuse a start value that has no effect on a machine.

    Raises
    ------
    InputError
        If frost is to be counted and the source is not air.
    """
    if values.get("frost") and not machine.has_coil_in_air:
        raise InputError(
            f"start value frost={FROST[1]}: the source of {machine.name} is "
            f"{machine.source_medium}, and a coil frosts in air alone; expected frost={FROST[0]}"
        )


def _value(name: str, text: str, place: str) -> float:
    setting, of = SETTINGS[name], SETTINGS[name].definition
    if setting.choices:
        if text not in setting.choices:
            raise InputError(f"{place}: expected {name} to be one of {', '.join(setting.choices)}")
        return float(setting.choices.index(text))
    kind = "a whole number" if setting.is_integer else "a number"
    unit = "" if of.unit == "1" else f" {of.unit}"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    is_whole = not setting.is_integer or value.is_integer()
    if not (of.minimum <= value <= of.maximum and is_whole):
        raise InputError(f"{place}: expected {kind} from {of.minimum:g} to {of.maximum:g}{unit}")
    return value
