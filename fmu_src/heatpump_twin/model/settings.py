"""What a host may set of a heat pump beside its inputs, declared once.

The FMU's parameters, their ranges in C and the model description follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .machine import PARAMETERS, Definition, Machine

MAXIMUM_NUMBER_OF_UNITS = 10_000


@dataclass(frozen=True)
class Setting:
    """A number that a host may set before a run.

    Attributes
    ----------
    definition : Definition
        Unit, range and meaning.
    place : str
        Place of its start value in the machine file; empty where that is 1 for every machine.
    is_integer : bool
        Whether it has whole values only.
    """

    definition: Definition
    place: str = ""
    is_integer: bool = False

    def start(self, machine: Machine) -> float:
        """Return the value before a host sets another one, in its unit."""
        return machine.parameter(self.place) if self.place else 1.0


def _of_machine(place: str) -> Setting:
    return Setting(PARAMETERS[place], place)


SETTINGS: dict[str, Setting] = {
    "number_of_units": Setting(
        Definition(
            "1",
            1.0,
            float(MAXIMUM_NUMBER_OF_UNITS),
            "Identical heat pumps side by side; flows and heat are those of all",
        ),
        is_integer=True,
    ),
    "standby_power": _of_machine("standby_power"),
    "P_el_relative_uncertainty": _of_machine("prediction_uncertainty.P_el"),
    "Q_flow_sink_relative_uncertainty": _of_machine("prediction_uncertainty.Q_flow_sink"),
}
