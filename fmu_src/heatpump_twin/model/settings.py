"""What a host may set of a heat pump beside its inputs, declared once.

The FMU's parameters, their ranges in C and the model description follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .machine import PARAMETERS, SECTIONS, Definition, Machine

MAXIMUM_NUMBER_OF_UNITS = 10_000

# Choices of a host, the start value first.
DYNAMICS = ("steady", "dynamic")
CONTROLS = ("speed", "heat_flow", "supply_temperature")
PART_LOADS = ("cycling", "mean")
OUTSIDE_ENVELOPE = ("by_control", "nearest", "off")
FROST = ("off", "estimated")


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
    choices : tuple of str
        Texts that a host sets in place of the numbers 0, 1, ...; the start value first.
    """

    definition: Definition
    place: str = ""
    is_integer: bool = False
    choices: tuple[str, ...] = ()

    def start(self, machine: Machine) -> float:
        """Return the value before a host sets another one, in its unit."""
        if self.choices:
            return 0.0
        return machine.parameter(self.place) if self.place else 1.0


def _of_machine(place: str) -> Setting:
    return Setting(PARAMETERS[place], place)


def _choice(choices: tuple[str, ...], description: str) -> Setting:
    definition = Definition("1", 0.0, len(choices) - 1.0, description)
    return Setting(definition, is_integer=True, choices=choices)


def _section(section: str) -> dict[str, Setting]:
    return {key: _of_machine(f"{section}.{key}") for key in SECTIONS[section]}


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
    "dynamics": _choice(
        DYNAMICS,
        "'steady': each step ends at the steady answer; 'dynamic': start, stop and inertia",
    ),
    "control": _choice(
        CONTROLS,
        "What is followed: 'speed' compressor_speed, 'heat_flow' Q_flow_sink_set, "
        "'supply_temperature' T_sink_out_set",
    ),
    "part_load": _choice(
        PART_LOADS,
        "Below the least speed: 'cycling' starts and stops, 'mean' is the mean of that, for long "
        "steps",
    ),
    "outside_envelope": _choice(
        OUTSIDE_ENVELOPE,
        "A source too cold, a sink too warm or a limit: 'nearest' point of the envelope, or 'off'; "
        "'by_control': nearest when a speed is set, else off",
    ),
    **_section("dynamics"),
    **_section("control"),
    "frost": _choice(
        FROST,
        "Frost and defrost of a coil in air: 'off': as if it stayed clean; 'estimated': the mean "
        "over both, by a published curve or the machine file's",
    ),
    **_section("frost"),
}


def start_set_point(
    machine: Machine, name: str, start_values: Mapping[str, float] | None = None
) -> float:
    """Return an input beside the boundary before a host sets it.

    Nothing is asked for: no heat, and the sink's inlet at the design point. Humidity is that at
    which the losses by frost are as stated.

    Parameters
    ----------
    machine : Machine
        Whose FMU it is.
    name : str
        A key of `SET_POINT_QUANTITIES`; SI unit.
    start_values : mapping of str to float, optional
        Of parameters in `SETTINGS`, in the place of the machine's.
    """
    humidity = "frost_reference_humidity"
    starts = {
        "Q_flow_sink_set": 0.0,
        "T_sink_out_set": machine.design.boundary.T_sink_in,
        "phi_source": (start_values or {}).get(humidity, SETTINGS[humidity].start(machine)),
    }
    return starts[name]
