"""Which variables of an FMU are the quantities of the project, with unit and sign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from heatpump_twin.machine_files.units import from_si, to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES, RESULT_QUANTITIES
from heatpump_twin.model.settings import (
    CONTROLS,
    DYNAMICS,
    FROST,
    OUTSIDE_ENVELOPE,
    PART_LOADS,
)

from ..data.completion import HEAT, SPEED
from ..data.datasets import Dataset
from ..data.fmu_map import FmuMap, MappedVariable
from ..data.series import Series
from ..progress import Progress, no_progress
from ..stepping.replay import STATUS, STEP_SIZE, CosimulationResult, FmuInfo, VariableInfo, replay
from ..stepping.session import Value

# Types of variables, of FMI 2.0 and 3.0, that can hold an input or parameter of the model.
REAL_TYPES = ("Real", "Float64", "Float32")
NO_NUMBERS = ("String", "Binary", "Clock", "Enumeration")

# Causalities of variables that can be read as a result.
READABLE = ("output", "local", "calculatedParameter")


@dataclass(frozen=True)
class Link:
    """A variable of an FMU that is a quantity of the project.

    Attributes
    ----------
    quantity, variable : str
        Both names.
    unit : str
        Of the variable.
    sign : int
        1 or -1: ``quantity = sign * variable``, converted to SI.
    """

    quantity: str
    variable: str
    unit: str
    sign: int

    @property
    def is_identity(self) -> bool:
        """Whether the variable has the quantity's unit and sign."""
        return self.unit == QUANTITIES[self.quantity].unit and self.sign == 1

    def to_si(self, value: float) -> float:
        """Convert a value of the variable to the quantity's SI unit."""
        if self.is_identity:
            return value
        is_a = QUANTITIES[self.quantity]
        return to_si(self.sign * value, self.unit, is_a.unit, is_a.is_difference)

    def from_si(self, si: float) -> float:
        """Convert a value of the quantity to what the variable has to be."""
        if self.is_identity:
            return si
        is_a = QUANTITIES[self.quantity]
        return self.sign * from_si(si, self.unit, is_a.unit, is_a.is_difference)


# A record is the steady answer to a speed, or to a heat that the FMU finds the speed of. Outside of
# its envelope it answers in either case, and says so; below its least speed it has one answer, too.
# A fit takes a record as that of a clean coil.
_OF_RECORDS: dict[str, bool | int | float | str] = {
    "control": CONTROLS[0],
    "dynamics": DYNAMICS[0],
    "frost": FROST[0],
}
_OF_HEAT: dict[str, bool | int | float | str] = {
    **_OF_RECORDS,
    "control": CONTROLS[1],
    "part_load": PART_LOADS[1],
    "outside_envelope": OUTSIDE_ENVELOPE[1],
    # A record knows nothing of the one before.
    "minimum_run_time": 0.0,
    "minimum_pause_time": 0.0,
    "most_starts_per_hour": 60.0,
}

# The recorded machine has decided when to run, so no minimum times are assumed.
_ANY_TIME: dict[str, bool | int | float | str] = {
    key: _OF_HEAT[key] for key in ("minimum_run_time", "minimum_pause_time", "most_starts_per_hour")
}
# What follows of a log from what it gives, for FMUs of this project. Heat was measured after all
# that delays it: the answer to it is steady, and below the least speed the mean of cycling. A
# supply temperature lets the FMU start and stop by itself.
_OF_LOGS: dict[str, dict[str, bool | int | float | str]] = {
    CONTROLS[0]: {"control": CONTROLS[0], "dynamics": DYNAMICS[1]},
    CONTROLS[1]: {key: value for key, value in _OF_HEAT.items() if key != "frost"},
    CONTROLS[2]: {
        **_ANY_TIME,
        "control": CONTROLS[2],
        "dynamics": DYNAMICS[1],
        "part_load": PART_LOADS[0],
        "outside_envelope": OUTSIDE_ENVELOPE[1],
    },
}

# How a result that an FMU is asked for is called.
_ASKED = {HEAT: "heat", "T_sink_out": "a supply temperature"}
# Variables that are set where an FMU is asked for a result.
SET_POINTS = {HEAT: "Q_flow_sink_set", "T_sink_out": "T_sink_out_set"}
#: Of an FMU that chooses its speed: that speed, and how often it has started.
SPEED_USED, STARTS = "speed_used", "starts"


@dataclass(frozen=True)
class Connection:
    """How an FMU is stepped and read.

    Attributes
    ----------
    source : str
        Where the names come from, in words; empty where they are those of the project.
    inputs : tuple of Link
        Set at each record.
    parameters : tuple of Link
        Inputs of the model that are fixed parameters of the FMU.
    outputs : tuple of Link
        Read at each record.
    has_status : bool
        Whether the FMU has an ``operating_status``.
    absent : dict of str to str
        Inputs of the model that the FMU does not have, with the reason that its map gives.
    start_values : dict of str to value
        Of further variables of the FMU.
    step_size : float
        For how long the inputs of a record hold, s.
    """

    source: str
    inputs: tuple[Link, ...]
    parameters: tuple[Link, ...]
    outputs: tuple[Link, ...]
    has_status: bool
    absent: dict[str, str]
    start_values: dict[str, bool | int | float | str]
    step_size: float

    def run(
        self, fmu: FmuInfo, boundaries: pd.DataFrame, progress: Progress = no_progress
    ) -> CosimulationResult:
        """Step the FMU through boundaries.

        Parameters
        ----------
        fmu : FmuInfo
            That is connected.
        boundaries : pandas.DataFrame
            One row a record, columns the inputs of a `Dataset`, SI units.
        progress : Progress
            Told of the records that are answered.

        Returns
        -------
        CosimulationResult
            One column a result quantity that the FMU gives, SI units, and its status if it has one;
            where heat is among the inputs, also the speed that the FMU chose, if it tells.

        Raises
        ------
        InputError
            If a fixed parameter of the FMU differs from record to record.
        CosimulationError
            If the FMU does not run to the last record.
        """
        # An FMU of this project may have been built to start otherwise.
        of_records = _OF_HEAT if HEAT in boundaries else _OF_RECORDS
        own = of_records if fmu.certificate is not None else {}
        start_values = {k: value for k, value in own.items() if k in fmu.variables}
        start_values |= self.all_start_values(fmu, boundaries)
        outputs = list(self.outputs)
        if HEAT in boundaries and SPEED_USED in fmu.outputs:
            outputs.append(Link(SPEED, SPEED_USED, QUANTITIES[SPEED].unit, 1))
        result = replay(
            fmu,
            pd.DataFrame(
                {
                    link.variable: [link.from_si(float(x)) for x in boundaries[link.quantity]]
                    for link in self.inputs
                    if link.quantity in boundaries
                },
                index=boundaries.index,
            ),
            outputs=[link.variable for link in outputs] + [STATUS] * self.has_status,
            start_values=start_values,
            step_size=self.step_size,
            progress=progress,
        )
        answers = {
            link.quantity: [link.to_si(float(x)) for x in result.outputs[link.variable]]
            for link in outputs
        }
        if self.has_status:
            answers[STATUS] = list(result.outputs[STATUS])
        return replace(result, outputs=pd.DataFrame(answers, index=boundaries.index))

    def all_start_values(self, fmu: FmuInfo, boundaries: pd.DataFrame) -> dict[str, Value]:
        """Return start values of the map and of inputs that are fixed parameters of the FMU.

        Raises
        ------
        InputError
            If such an input differs from row to row of the boundaries.
        """
        start_values: dict[str, Value] = dict(self.start_values)
        for link in (link for link in self.parameters if link.quantity in boundaries):
            values = boundaries[link.quantity]
            if values.nunique() > 1:
                raise InputError(
                    f"FMU {fmu.path}: {link.quantity} is its fixed parameter {link.variable!r}, "
                    f"which holds for a whole run, but the records have {values.min():.6g} to "
                    f"{values.max():.6g} {QUANTITIES[link.quantity].unit}; expected one value, "
                    "or an input of the FMU"
                )
            start_values[link.variable] = link.from_si(float(values.iloc[0]))
        return start_values

    def start_values_of_log(self, fmu: FmuInfo, series: Series) -> dict[str, Value]:
        """Return start values for a run through a log.

        Those that follow from what the log gives, for an FMU of this project; the map's come first.

        Raises
        ------
        InputError
            If an input that is a fixed parameter differs from row to row.
        """
        own = _OF_LOGS[series.descriptor.given] if fmu.certificate is not None else {}
        if own == {} and series.given_quantity == SPEED and _is_text(fmu, "dynamics"):
            own = {"dynamics": DYNAMICS[1]}
        boundaries = series.values[[q for q in series.inputs if q != series.given_quantity]].copy(
            deep=False
        )
        boundaries[series.given_quantity] = (
            series.values[SPEED] if series.given_quantity == SPEED else series.set_point
        )
        return {
            **{key: value for key, value in own.items() if key in fmu.variables},
            **self.all_start_values(fmu, boundaries),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "source": self.source,
            "step_size": self.step_size,
            "start_values": self.start_values,
            "absent": self.absent,
            **{
                kind: {
                    link.quantity: {"name": link.variable, "unit": link.unit, "sign": link.sign}
                    for link in links
                }
                for kind, links in (
                    ("inputs", self.inputs),
                    ("parameters", self.parameters),
                    ("outputs", self.outputs),
                )
            },
        }


def connect(
    fmu: FmuInfo, dataset: Dataset | Series, fmu_map: FmuMap | None, source: str
) -> Connection:
    """Find the variables of an FMU for the quantities of the project.

    A quantity that the map does not name is the FMU's variable of the same name, in SI units.

    Parameters
    ----------
    fmu : FmuInfo
        From `inspect_fmu`.
    dataset : Dataset or Series
        On which it is to be scored.
    fmu_map : FmuMap or None
        Names, units and signs of the FMU; those of the project without.
    source : str
        Where the map comes from, for messages.

    Raises
    ------
    InputError
        If the map does not fit the FMU, the FMU lacks an input, or it gives nothing that is scored.
    """
    given = fmu_map or FmuMap()
    place = f"FMU {fmu.path}, {source}: fmu" if source else f"FMU {fmu.path}"
    inputs: list[Link] = []
    parameters: list[Link] = []
    absent: dict[str, str] = {}
    missing: list[str] = []
    asked = dataset.inputs
    for quantity in asked:
        entry = given.map.get(quantity)
        if entry is not None and entry.absent is not None:
            if quantity in fmu.variables and fmu.variables[quantity].causality == "input":
                raise InputError(
                    f"{place}.map.{quantity}: said to be absent, but the FMU has an input of this "
                    "name"
                )
            absent[quantity] = entry.absent
            continue
        name = SET_POINTS.get(quantity, quantity)
        variable = _variable(fmu, name, quantity, entry, place, is_input=True)
        if variable is None:
            missing.append(quantity)
            continue
        _check_input(variable, quantity, entry, place)
        link = _link(variable, quantity, entry, place)
        is_fixed = variable.causality == "parameter" and variable.variability != "tunable"
        (parameters if is_fixed else inputs).append(link)
    of_points = isinstance(dataset, Dataset)
    if of_points and HEAT in asked and SPEED in fmu.variables and fmu.certificate is not None:
        # The report asks at speeds.
        inputs.append(_link(fmu.variables[SPEED], SPEED, None, place))
    if missing:
        names = sorted(v.name for v in fmu.variables.values() if v.causality == "input")
        for asked_for in set(missing) & set(SET_POINTS):
            raise InputError(
                f"FMU {fmu.path}: cannot be asked for {_ASKED[asked_for]}: it has no input "
                f"{SET_POINTS[asked_for]}; it has: {', '.join(names) or 'none'}; data set "
                f"{dataset.descriptor.name} gives it in the place of a speed; name the FMU's own "
                f"variable in [fmu.map.{asked_for}]"
            )
        raise InputError(
            f"FMU {fmu.path}: lacks the input {', '.join(missing)}; it has: "
            f"{', '.join(names) or 'none'}; name the FMU's own variable in [fmu.map.{missing[0]}], "
            "or say there why it has none: absent = ..."
        )
    if not inputs:
        raise InputError(f"{place}: no input is left that could be set at each record")
    outputs = []
    for quantity in RESULT_QUANTITIES:
        entry = given.map.get(quantity)
        if entry is not None and quantity in asked:
            continue  # it names the input
        variable = _variable(fmu, quantity, quantity, entry, place, is_input=False)
        if variable is None or (entry is None and variable.causality != "output"):
            continue
        _check_output(variable, quantity, place)
        outputs.append(_link(variable, quantity, entry, place))
    if not dataset.scored:
        raise InputError(
            f"data set {dataset.descriptor.name}: nothing is left to score: all of its readings "
            "are given to the FMU; expected a column of P_el, or something else that is given"
        )
    if not {link.quantity for link in outputs} & set(dataset.scored):
        names = [name for name in fmu.outputs if name != STATUS]
        raise InputError(
            f"FMU {fmu.path}: gives none of the quantities that are scored "
            f"({', '.join(dataset.scored)}); its outputs: {', '.join(names) or 'none'}; "
            "name them in [fmu.map.QUANTITY]"
        )
    _check_twice([*inputs, *parameters, *outputs], place)
    for name, value in given.start_values.items():
        _check_start_value(fmu, name, value, f"{place}.start_values.{name}")
    return Connection(
        source=source,
        inputs=tuple(inputs),
        parameters=tuple(parameters),
        outputs=tuple(outputs),
        has_status=STATUS in fmu.outputs,
        absent=absent,
        start_values=dict(given.start_values),
        step_size=STEP_SIZE if given.step_size is None else given.step_size,
    )


def _variable(
    fmu: FmuInfo,
    usual: str,
    quantity: str,
    entry: MappedVariable | None,
    place: str,
    *,
    is_input: bool,
) -> VariableInfo | None:
    """Return the variable of a quantity; None if there is none and the map names none."""
    name = (entry.name if entry else None) or usual
    if name not in fmu.variables and entry is not None:
        kinds = ("input", "parameter") if is_input else ("output",)
        names = sorted(v.name for v in fmu.variables.values() if v.causality in kinds)
        raise InputError(
            f"{place}.map.{quantity}: the FMU has no variable {name!r}; its "
            f"{'inputs and parameters' if is_input else 'outputs'}: {', '.join(names) or 'none'}"
        )
    return fmu.variables.get(name)


def _check_input(
    variable: VariableInfo, quantity: str, entry: MappedVariable | None, place: str
) -> None:
    allowed = ("input",) if entry is None else ("input", "parameter")
    if variable.causality not in allowed:
        raise InputError(
            f"{place}.map.{quantity}: {variable.name!r} is of causality {variable.causality} in "
            f"the FMU; expected {' or '.join(allowed)}"
        )
    if variable.type not in REAL_TYPES or variable.is_array:
        raise InputError(
            f"{place}.map.{quantity}: {variable.name!r} is {_kind(variable)}; expected a real "
            "number"
        )


def _check_output(variable: VariableInfo, quantity: str, place: str) -> None:
    if variable.causality not in READABLE:
        raise InputError(
            f"{place}.map.{quantity}: {variable.name!r} is of causality {variable.causality} in "
            f"the FMU; expected {' or '.join(READABLE)}"
        )
    if variable.type in NO_NUMBERS or variable.is_array:
        raise InputError(
            f"{place}.map.{quantity}: {variable.name!r} is {_kind(variable)}; expected a number"
        )


def _is_text(fmu: FmuInfo, name: str) -> bool:
    return name in fmu.variables and fmu.variables[name].type == "String"


def _kind(variable: VariableInfo) -> str:
    return "an array" if variable.is_array else f"of type {variable.type}"


def _link(variable: VariableInfo, quantity: str, entry: MappedVariable | None, place: str) -> Link:
    si_unit = QUANTITIES[quantity].unit
    unit = entry.unit if entry is not None else None
    if unit is None:
        _check_declared_unit(variable, quantity, place)
        unit = si_unit
    return Link(quantity, variable.name, unit, (entry.sign if entry is not None else None) or 1)


def _check_declared_unit(variable: VariableInfo, quantity: str, place: str) -> None:
    """Notice an FMU that says itself that it is not in SI, where the map names no unit."""
    si_unit = QUANTITIES[quantity].unit
    if not variable.unit:
        return
    is_difference = QUANTITIES[quantity].is_difference
    try:
        is_si = [to_si(x, variable.unit, si_unit, is_difference) for x in (0.0, 1.0)] == [0.0, 1.0]
    except ValueError:
        # Spellings of units are free in FMI; what cannot be read says nothing.
        return
    if not is_si:
        raise InputError(
            f"{place}.map.{quantity}: the FMU declares {variable.name!r} in {variable.unit!r}, "
            f"the project has {si_unit}; name the unit in [fmu.map.{quantity}]"
        )


def _check_twice(links: list[Link], place: str) -> None:
    taken: dict[str, str] = {}
    for link in links:
        if link.variable in taken:
            raise InputError(
                f"{place}.map: variable {link.variable!r} of the FMU is taken twice, for "
                f"{taken[link.variable]} and for {link.quantity}"
            )
        taken[link.variable] = link.quantity


def _check_start_value(
    fmu: FmuInfo, name: str, value: bool | int | float | str, place: str
) -> None:
    if name not in fmu.variables:
        raise InputError(f"{place}: the FMU has no variable {name!r}")
    variable = fmu.variables[name]
    if variable.causality not in ("parameter", "input") or variable.variability == "constant":
        raise InputError(
            f"{place}: {name!r} is of causality {variable.causality} and variability "
            f"{variable.variability} in the FMU; expected a parameter or an input"
        )
    if variable.is_array or variable.type in ("Binary", "Clock"):
        raise InputError(f"{place}: {name!r} is {_kind(variable)}, which cannot be set")
    if variable.type in REAL_TYPES:
        expected, fits = "a number", isinstance(value, int | float) and not isinstance(value, bool)
    elif variable.type == "Boolean":
        expected, fits = "true or false", isinstance(value, bool)
    elif variable.type == "String":
        expected, fits = "a text", isinstance(value, str)
    else:
        expected, fits = "a whole number", isinstance(value, int) and not isinstance(value, bool)
    if not fits:
        raise InputError(f"{place}: found {value!r} for a {variable.type}; expected {expected}")
