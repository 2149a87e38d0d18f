"""Quantities that a table does not hold but implies: outlet instead of inlet, COP instead of power.

Catalogues state what their standard asks for. EN 14511 names the temperature at which the sink
leaves, and a change of temperature instead of a flow. Each such quantity is an entry of
``[derived]`` in the descriptor, and follows from the heat balance of a stream,
``Q = m cp (T_warm - T_cold)``, or from ``COP = Q_flow_sink / P_el``.

A compressor's speed that nobody read follows from the recorded heat, but only a machine says how:
it is the speed at which the machine gives that heat. So an entry of it completes no table. It says
that heat is an input of the model, and that power is what the model predicts.

Uncertainties add in squares, as if those of the readings were independent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from pydantic import model_validator

from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.quantities import celsius
from heatpump_twin.solving.property_tables import medium_table

from .fields import Positive, Strict

if TYPE_CHECKING:
    from .datasets import Descriptor

#: Follows from the heat that it gives.
SPEED: Final = "compressor_speed"
HEAT: Final = "Q_flow_sink"

#: Quantities that may be derived, in the order in which they are.
DERIVABLE = (
    "P_el",
    "Q_flow_sink",
    "Q_flow_source",
    "m_flow_source",
    "m_flow_sink",
    "T_source_in",
    "T_sink_in",
    SPEED,
)

# Standard uncertainty of heat of the source that is taken as heat of the sink less power, as a
# share of the power: what the compressor's shell loses.
SHELL_LOSS = 0.05


class Change(Strict):
    """A change of a stream's temperature that a catalogue states, with its standard uncertainty."""

    value: Positive
    unit: str
    uncertainty: Positive

    @model_validator(mode="after")
    def _check(self) -> Change:
        to_si(self.value, self.unit, "K", difference=True)
        return self


class Heat(Strict):
    """A heat flow."""

    value: Positive
    unit: str

    @model_validator(mode="after")
    def _check(self) -> Heat:
        to_si(self.value, self.unit, "W")
        return self


class Derived(Strict):
    """How a quantity follows from others; see ``validation_data/README.md``.

    With `medium`, that of the stream, it follows from the stream's heat balance; without, from COP.
    `temperature_difference` is for a flow: what the stream changes by, where no column has its
    outlet. `of_record` is the record at which it does; all others have that flow, too.
    `offset`, in K, is for a heat: it is added to the difference of its temperatures.
    `rated_heat` is for the speed: the heat that speed 1 gives at the inlets of the design record,
    that record's own heat without it.
    """

    medium: str | None = None
    temperature_difference: Change | None = None
    of_record: int | None = None
    offset: float = 0.0
    rated_heat: Heat | None = None
    note: str = ""

    def read_instead(self, name: str) -> str | None:
        """Name the result that `name` follows from, and that is no reading of its own then."""
        if name == SPEED:
            return HEAT
        if self.medium is None:
            return "COP"
        if name.startswith("m_flow") and self.temperature_difference is not None:
            return None
        side = name.split("_")[1] if name.startswith("T_") else name.rsplit("_", 1)[-1]
        return f"T_{side}_out"


def check_derived(derived: dict[str, Derived], given: dict[str, str]) -> None:
    """Check entries of ``[derived]`` against what a descriptor gives otherwise.

    Parameters
    ----------
    derived : dict of str to Derived
        By quantity.
    given : dict of str to str
        Place of each quantity that is a column or a constant.

    Raises
    ------
    ValueError
        If an entry lacks something; the message names it.
    """
    for name, entry in derived.items():
        place = f"derived.{name}"
        if name not in DERIVABLE:
            raise ValueError(f"{place}: can be derived: {', '.join(DERIVABLE)}")
        if name == SPEED:
            _check_speed(entry, {*derived, *given}, place)
            continue
        is_flow, is_heat = name.startswith("m_flow"), name.startswith("Q_flow")
        needed = {entry.read_instead(name)} - {None}
        if entry.medium is None:
            if name not in ("P_el", "Q_flow_sink"):
                raise ValueError(f"{place}: medium: expected the stream's, such as INCOMP::Water")
            needed.add("Q_flow_sink" if name == "P_el" else "P_el")
        elif name == "P_el":
            raise ValueError(f"{place}: follows from COP; expected no medium")
        if is_flow and entry.temperature_difference is None:
            side = name.removeprefix("m_flow_")
            if not {f"T_{side}_in", f"T_{side}_out"} <= given.keys():
                raise ValueError(
                    f"{place}: temperature_difference: expected the change of the stream's "
                    'temperature, such as { value = 5, unit = "K", uncertainty = 0.5 }, or columns '
                    f"of T_{side}_in and T_{side}_out"
                )
        if entry.offset and not (is_heat and entry.medium is not None):
            raise ValueError(f"{place}: offset is for heat that follows from temperatures only")
        if entry.rated_heat is not None:
            raise ValueError(f"{place}: rated_heat is for {SPEED} only")
        if not is_flow and (entry.temperature_difference or entry.of_record is not None):
            raise ValueError(f"{place}: temperature_difference and of_record are for flows only")
        if is_heat and entry.medium is not None:
            side = name.rsplit("_", 1)[-1]
            needed |= {f"m_flow_{side}", f"T_{side}_in"}
        for other in sorted(q for q in needed if q):
            if other not in given:
                raise ValueError(f"{place}: follows from {other}, which no column holds")


def _check_speed(entry: Derived, known: set[str], place: str) -> None:
    """Check what says that the speed is the one that gives the recorded heat."""
    if entry.model_dump(exclude={"note", "rated_heat"}, exclude_defaults=True):
        raise ValueError(
            f"{place}: is the speed that gives the recorded {HEAT}; expected no key but rated_heat "
            "and note"
        )
    if HEAT not in known:
        raise ValueError(
            f"{place}: is the speed that gives the recorded {HEAT}, which has neither a column nor "
            "an entry of derived; without heat nothing tells a speed"
        )


def complete(
    descriptor: Descriptor, values: pd.DataFrame, uncertainties: pd.DataFrame, place: str
) -> None:
    """Add the derived quantities to the readings.

    Parameters
    ----------
    descriptor : Descriptor
        Of the data set.
    values, uncertainties : pandas.DataFrame
        Readings and their standard uncertainties, SI units; columns are added.
    place : str
        The descriptor, for messages.

    Raises
    ------
    InputError
        If something is missing or the result contradicts physics.
    """
    for name in DERIVABLE:
        if name not in descriptor.derived or name == SPEED:
            continue
        entry, at = descriptor.derived[name], f"{place}: derived.{name}"
        if name == "P_el":
            _put(values, name, values["Q_flow_sink"] / values["COP"], at)
            _relative(uncertainties, values, name, ("Q_flow_sink", "COP"))
        elif entry.medium is None:
            _put(values, name, values["COP"] * values["P_el"], at)
            _relative(uncertainties, values, name, ("COP", "P_el"))
        elif name.startswith("Q_flow"):
            _add_heat(name, entry, values, uncertainties, at)
        elif name.startswith("m_flow"):
            _add_flow(name, entry, values, uncertainties, at)
        else:
            _add_inlet(name, entry, values, uncertainties, at)


def _add_heat(
    name: str, entry: Derived, values: pd.DataFrame, uncertainties: pd.DataFrame, place: str
) -> None:
    side = name.rsplit("_", 1)[-1]
    inlet, outlet, flow = f"T_{side}_in", f"T_{side}_out", f"m_flow_{side}"
    change = (values[outlet] - values[inlet]) * (1.0 if side == "sink" else -1.0) + entry.offset
    capacity = _heat_capacity(entry, 0.5 * (values[inlet] + values[outlet]), place)
    _put(values, name, values[flow] * capacity * change, place)
    squares = (uncertainties[inlet] ** 2 + uncertainties[outlet] ** 2) / change**2
    squares += (uncertainties[flow] / values[flow]) ** 2
    uncertainties[name] = values[name] * squares**0.5


def _add_flow(
    name: str, entry: Derived, values: pd.DataFrame, uncertainties: pd.DataFrame, place: str
) -> None:
    side, change = name.removeprefix("m_flow_"), entry.temperature_difference
    inlet, outlet = f"T_{side}_in", f"T_{side}_out"
    sign = 1.0 if side == "sink" else -1.0
    if change is None:
        difference = sign * (values[outlet] - values[inlet])
        u_difference = (uncertainties[inlet] ** 2 + uncertainties[outlet] ** 2) ** 0.5
        mean = 0.5 * (values[inlet] + values[outlet])
    else:
        stated = to_si(change.value, change.unit, "K", difference=True)
        u_stated = to_si(change.uncertainty, change.unit, "K", difference=True)
        if inlet in values:
            mean = values[inlet] + 0.5 * sign * stated
        elif outlet in values:
            mean = values[outlet] - 0.5 * sign * stated
        else:
            raise InputError(f"{place}: needs {inlet} or {outlet}")
        difference = pd.Series(stated, index=mean.index)
        u_difference = pd.Series(u_stated, index=mean.index)
    heat, u_heat = _heat(side, values, uncertainties, place)
    flow = heat / (_heat_capacity(entry, mean, place) * difference)
    relative = (u_heat / heat) ** 2 + (u_difference / difference) ** 2
    if entry.of_record is not None:
        if entry.of_record not in values.index:
            raise InputError(
                f"{place}: of_record {entry.of_record} is not in the table; records are "
                f"{', '.join(map(str, values.index))}"
            )
        flow = pd.Series(flow.loc[entry.of_record], index=values.index)
        relative = pd.Series(relative.loc[entry.of_record], index=values.index)
    _put(values, name, flow, place)
    uncertainties[name] = flow * relative**0.5


def _add_inlet(
    name: str, entry: Derived, values: pd.DataFrame, uncertainties: pd.DataFrame, place: str
) -> None:
    side = name.split("_")[1]
    outlet, flow = f"T_{side}_out", f"m_flow_{side}"
    heat, u_heat = _heat(side, values, uncertainties, place)
    sign = -1.0 if side == "sink" else 1.0
    inlet = values[outlet]
    for _ in range(3):  # the heat capacity is that of the mean temperature
        change = heat / (
            values[flow] * _heat_capacity(entry, 0.5 * (inlet + values[outlet]), place)
        )
        inlet = values[outlet] + sign * change
    relative = (u_heat / heat) ** 2 + (uncertainties[flow] / values[flow]) ** 2
    _put(values, name, inlet, place)
    uncertainties[name] = (uncertainties[outlet] ** 2 + change**2 * relative) ** 0.5


def _heat(
    side: str, values: pd.DataFrame, uncertainties: pd.DataFrame, place: str
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Heat flow of a stream, W; that of the source may be heat of the sink less power."""
    name = f"Q_flow_{side}"
    if name in values:
        return values[name], uncertainties[name]
    if side == "source" and {"Q_flow_sink", "P_el"} <= set(values):
        u_power = uncertainties["P_el"] ** 2 + (SHELL_LOSS * values["P_el"]) ** 2
        u = (uncertainties["Q_flow_sink"] ** 2 + u_power) ** 0.5
        return values["Q_flow_sink"] - values["P_el"], u
    raise InputError(f"{place}: needs {name}, which no column holds")


def _heat_capacity(entry: Derived, T: pd.Series[float], place: str) -> pd.Series[float]:
    assert entry.medium is not None
    try:
        found = pd.Series(medium_table(entry.medium).heat_capacity(T.to_numpy(float)), T.index)
    except (InputError, SolveError) as error:
        raise InputError(f"{place}: medium: {error}") from error
    wrong = found[~np.isfinite(found) & T.notna()]
    if not wrong.empty:
        raise InputError(
            f"{place}: {entry.medium} is not liquid or gas as needed at "
            f"{celsius(T[wrong.index[0]])}, as at record {wrong.index[0]}"
        )
    return found


def _put(values: pd.DataFrame, name: str, found: pd.Series[float], place: str) -> None:
    # A result may have gaps where what it follows from has them.
    wrong = found[~(np.isfinite(found) & (found > 0.0)) & found.notna()]
    if 0 < 2 * len(wrong) < found.notna().sum():
        # The machine did not run there: a gap, and where an input lacks, no record.
        found = found.drop(wrong.index).reindex(found.index)
    elif not wrong.empty or found.isna().all():
        wrong = found if wrong.empty else wrong
        raise InputError(
            f"{place}: {wrong.iloc[0]:.6g} at record {wrong.index[0]}; expected a positive number: "
            "look at what it follows from"
        )
    values[name] = found


def _relative(
    uncertainties: pd.DataFrame, values: pd.DataFrame, name: str, of: tuple[str, ...]
) -> None:
    squares = sum((uncertainties[q] / values[q]) ** 2 for q in of)
    uncertainties[name] = values[name] * squares**0.5
