"""A recorded data set: its descriptor and table, checked, as a frame in SI units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, model_validator

from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.machine_files.unit_names import absolute_unit, known_unit
from heatpump_twin.machine_files.units import Number, to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Quantity, with_unit

from .completion import HEAT, SPEED, Derived, check_derived, complete
from .fields import Positive, QuantityName, Strict, Text
from .files import DESCRIPTOR, TIME, dataset_folder
from .fmu_map import FmuMap
from .numerals import Numbers, read_numbers
from .tables import Table, TableFormat, read_table

FLOW_INLETS = {"m_flow_source": "T_source_in", "m_flow_sink": "T_sink_in"}
_MASS_FLOW, _VOLUME_FLOW, _TURNS = "kg/s", "m^3/s", "1/s"
# So many records a message names.
_LISTED = 20


def _is_of(unit: str, si_unit: str) -> bool:
    try:
        to_si(1.0, unit, si_unit)
    except ValueError:
        return False
    return True


class Column(Strict):
    """How one column of the table is to be read; see ``validation_data/README.md``."""

    quantity: QuantityName
    unit: str
    density: Positive | None = None
    rated_speed: Positive | None = None
    ambient_pressure: Positive | None = None
    decimal: Literal[".", ","] | None = None
    uncertainty: Positive | None = None
    relative_uncertainty: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    origin: Literal["measured", "derived"] = "measured"
    score: bool = True
    reason: str = ""
    gaps: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Column:
        if (self.uncertainty is None) == (self.relative_uncertainty is None):
            raise ValueError("give either uncertainty or relative_uncertainty")
        if not self.score and not self.reason:
            raise ValueError("score = false needs a reason")
        self._check_unit()
        return self

    def _check_unit(self) -> None:
        si_unit = QUANTITIES[self.quantity].unit
        self._check_gauge()
        volume_flow = _is_of(self.unit, _VOLUME_FLOW)
        is_turns = self.quantity == "compressor_speed" and _is_of(self.unit, _TURNS)
        if is_turns and self.rated_speed is None:
            raise ValueError(
                f"unit {self.unit!r} counts turns, {self.quantity} is relative to rated speed; add "
                f"rated_speed in {self.unit}"
            )
        if self.rated_speed is not None and not is_turns:
            raise ValueError(
                "rated_speed is for compressor_speed in rpm, Hz or 1/s; expected none beside "
                f"unit {self.unit!r} of {self.quantity}"
            )
        if self.density is not None and si_unit != _MASS_FLOW:
            raise ValueError(
                f"density turns a volume flow into a mass flow; {self.quantity} is in {si_unit}"
            )
        if self.density is not None and not volume_flow:
            raise ValueError(
                f"density is given, but unit {self.unit!r} is not a volume flow; expected for "
                "instance m^3/s, m^3/h or l/min, or no density"
            )
        if self.density is None and si_unit == _MASS_FLOW and volume_flow:
            raise ValueError(
                f"unit {self.unit!r} is a volume flow, {self.quantity} a mass flow; add density "
                "(kg/m3) of the medium where the flow was measured"
            )
        self.to_si(1.0)

    def _check_gauge(self) -> None:
        absolute = absolute_unit(self.unit)
        if absolute is not None and self.ambient_pressure is None:
            raise ValueError(
                f"unit {self.unit!r} is a pressure over that of the surroundings; add "
                f"ambient_pressure in {absolute}, such as {_ambient_pressure(absolute):.4g} at sea "
                "level"
            )
        if absolute is None and self.ambient_pressure is not None:
            raise ValueError(
                "ambient_pressure is for gauge pressures; expected none beside unit "
                f"{self.unit!r}, or a unit such as bar(g)"
            )

    @property
    def is_input(self) -> bool:
        """Whether the column holds an input of the model."""
        return self.quantity in BOUNDARY_QUANTITIES

    def to_si(self, value: Number, difference: bool = False) -> Number:
        """Convert numbers of the column, or an uncertainty of them, to the quantity's SI unit."""
        if self.rated_speed is not None:
            return value / self.rated_speed
        quantity, absolute = QUANTITIES[self.quantity], absolute_unit(self.unit)
        if absolute is not None and self.ambient_pressure is not None:
            over = 0.0 if difference else self.ambient_pressure
            return to_si(value + over, absolute, quantity.unit, difference)
        if self.density is None:
            is_difference = difference or quantity.is_difference
            return to_si(value, self.unit, quantity.unit, is_difference)
        return self.density * to_si(value, self.unit, _VOLUME_FLOW, difference)


def _ambient_pressure(unit: str) -> float:
    return 101325.0 / to_si(1.0, unit, "Pa")


class Constant(Strict):
    """A quantity that was, or is taken to be, the same for all records.

    A flow may follow the inlet temperature of its stream: `per_kelvin` is its relative change, and
    `value` then holds at the mean inlet temperature of all records.
    """

    value: float
    unit: str
    uncertainty: Positive
    per_kelvin: float = 0.0
    per_kelvin_uncertainty: Positive | None = None
    recorded: bool = True
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Constant:
        if self.recorded and self.per_kelvin_uncertainty is not None:
            raise ValueError(
                "per_kelvin_uncertainty is for a flow that is not known; expected recorded = false"
            )
        return self


class UnscoredRecords(Strict):
    """Records that are shown but never scored, and why."""

    records: Annotated[tuple[int, ...], Field(min_length=1)]
    reason: Text


class Limits(Strict):
    """Largest errors of one quantity; per cent for mape, nmbe and cv_rmse, else SI units.

    A limit that is known to be missed says why (`known_miss`) and by which error (`known_error`,
    in the unit of the limit). It stays a missed limit, but fails no run until the error grows.
    """

    mape_max: Positive | None = None
    mae_max: Positive | None = None
    rmse_max: Positive | None = None
    maximum_max: Positive | None = None
    nmbe_max: Positive | None = None
    cv_rmse_max: Positive | None = None
    known_miss: Text | None = None
    known_error: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> Limits:
        if not self.by_measure:
            raise ValueError("no limit; expected for instance mape_max or mae_max")
        if (self.known_miss is None) != (self.known_error is None):
            raise ValueError("known_miss (the reason) and known_error (the error) go together")
        if self.known_error is not None:
            if len(self.by_measure) > 1:
                raise ValueError("known_miss is for a quantity with a single limit")
            (limit,) = self.by_measure.values()
            if self.known_error <= limit:
                raise ValueError(
                    f"known_error {self.known_error:g} does not miss the limit {limit:g}"
                )
        return self

    @property
    def by_measure(self) -> dict[str, float]:
        """The limits that are given, by the name of the error: ``mape``, ``mae`` ..."""
        given = self.model_dump(exclude_none=True, exclude={"known_miss", "known_error"})
        return {key.removesuffix("_max"): limit for key, limit in given.items()}


RELATIVE_MEASURES = {"mape", "nmbe", "cv_rmse"}


# Tables of limits of a descriptor. The first two judge the FMU, the others its calibration.
OF_THE_FMU, OF_THE_CALIBRATION = ("as_built", "fitted"), ("leave_one_out", "extrapolation")
LIMITED_SPLITS = OF_THE_FMU + OF_THE_CALIBRATION


class Thresholds(Strict):
    """Limits for the errors over the scored records.

    `as_built` and `fitted` are for the answers of the FMU that is stepped: `fitted` where it is the
    fit to these records, `as_built` where it is any other. `leave_one_out` and `extrapolation` are
    for what the calibration predicted of records that a fit did not see. `records_min` is the least
    number of records that screening has to leave: errors over a few chosen records prove nothing.
    """

    records_min: Annotated[int, Field(ge=1)] | None = None
    as_built: dict[QuantityName, Limits] = Field(default_factory=dict)
    fitted: dict[QuantityName, Limits] = Field(default_factory=dict)
    leave_one_out: dict[QuantityName, Limits] = Field(default_factory=dict)
    extrapolation: dict[QuantityName, Limits] = Field(default_factory=dict)

    @property
    def by_split(self) -> dict[str, dict[QuantityName, Limits]]:
        """Limits by the name of the split and the quantity."""
        return {split: getattr(self, split) for split in LIMITED_SPLITS}


class Descriptor(Strict):
    """The content of a ``descriptor.toml``; see ``validation_data/README.md``."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
    title: str
    machine: str
    table: str
    table_format: TableFormat = TableFormat()
    record: str | None = None
    design_record: int | None = None
    start: str | None = None
    source: str
    date: str = "not stated"
    licence: str
    published_models: tuple[Literal["sandrini2025"], ...] = ()
    columns: dict[str, Column]
    constants: dict[QuantityName, Constant] = Field(default_factory=dict)
    derived: dict[QuantityName, Derived] = Field(default_factory=dict)
    unscored_records: tuple[UnscoredRecords, ...] = ()
    thresholds: Thresholds = Thresholds()
    fmu: FmuMap | None = None

    @model_validator(mode="after")
    def _check(self) -> Descriptor:
        given: dict[str, str] = {}
        for place, quantity in [
            *((f"columns.{header}", column.quantity) for header, column in self.columns.items()),
            *((f"constants.{name}", name) for name in self.constants),
        ]:
            if quantity in given:
                raise ValueError(f"{quantity} is given by both {given[quantity]} and {place}")
            given[quantity] = place
        for name in self.derived:
            if name in given:
                raise ValueError(f"{name} is given by both {given[name]} and derived.{name}")
        check_derived(self.derived, given)
        given |= {name: f"derived.{name}" for name in self.derived}
        missing = [name for name in BOUNDARY_QUANTITIES if name not in given]
        if missing:
            raise ValueError(
                "inputs of the model without a column, a constant or an entry of derived: "
                f"{', '.join(missing)}"
            )
        for name, constant in self.constants.items():
            _check_range(
                QUANTITIES[name],
                to_si(constant.value, constant.unit, QUANTITIES[name].unit),
                f"constants.{name}: {with_unit(constant.value, constant.unit)}",
            )
            follows = constant.per_kelvin != 0.0 or constant.per_kelvin_uncertainty is not None
            if follows and name not in FLOW_INLETS:
                raise ValueError(
                    f"constants.{name}: per_kelvin and per_kelvin_uncertainty are only for "
                    f"{' and '.join(FLOW_INLETS)}"
                )
        named = [record for entry in self.unscored_records for record in entry.records]
        twice = sorted({record for record in named if named.count(record) > 1})
        if twice:
            raise ValueError(f"unscored_records: record {twice[0]} is named twice")
        return self

    @property
    def heat_is_given(self) -> bool:
        """Whether heat is an input, and the speed the one that meets it, since nobody read that."""
        return SPEED in self.derived

    @property
    def inputs(self) -> tuple[str, ...]:
        """Readings that are inputs of the model."""
        return tuple(HEAT if q == SPEED and self.heat_is_given else q for q in BOUNDARY_QUANTITIES)


@dataclass(frozen=True)
class Dataset:
    """Recorded data in SI units.

    Attributes
    ----------
    descriptor : Descriptor
        Meaning of the columns.
    folder : Path
        Where it was read from.
    values : pandas.DataFrame
        One row a record (index: record number), one column a quantity of the vocabulary, SI units.
        Constants are filled in; ``COP`` is added where it can be formed from measured columns;
        NaN where a result was not read, and for a speed that is the one that gives the heat.
    uncertainties : pandas.DataFrame
        Standard uncertainties, same shape.
    ignored_columns : tuple of str
        Columns of the table that the descriptor does not name.
    notes : tuple of str
        What was taken for missing, and records that were left out, in words.
    """

    descriptor: Descriptor
    folder: Path
    values: pd.DataFrame
    uncertainties: pd.DataFrame
    ignored_columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def unscored(self) -> dict[str, str]:
        """Result quantities of the table that are never scored, with the reason."""
        reasons = {}
        if self.heat_is_given and "m_flow_sink" not in self.unknown_flows:
            reasons["T_sink_out"] = f"follows from {HEAT}, which is given, and the sink's flow"
        for column in self.descriptor.columns.values():
            if column.origin == "derived":
                reasons[column.quantity] = f"derived, not measured: {column.note}".rstrip(": ")
            elif not column.score:
                reasons[column.quantity] = column.reason
        for name, entry in self.descriptor.derived.items():
            instead = entry.read_instead(name)
            if instead == HEAT:
                reasons[HEAT] = f"given to the model: {name} is the one that meets it"
            elif instead not in (None, "COP"):
                reasons[instead] = f"{name} follows from it"
        return reasons

    @property
    def scored(self) -> tuple[str, ...]:
        """Result quantities that may be scored, in the order of the vocabulary."""
        return tuple(
            name
            for name in QUANTITIES
            if name in self.values
            and name not in BOUNDARY_QUANTITIES
            and name not in self.unscored
            and name not in self.descriptor.constants
        )

    @property
    def declared_unscored(self) -> dict[int, str]:
        """Records that the descriptor takes out of the scores, with the reason."""
        return {
            record: entry.reason
            for entry in self.descriptor.unscored_records
            for record in entry.records
        }

    @property
    def unknown_flows(self) -> dict[str, Constant]:
        """Flows that were assumed and not read."""
        return {
            name: self.descriptor.constants[name]
            for name in FLOW_INLETS
            if name in self.descriptor.constants and not self.descriptor.constants[name].recorded
        }

    def with_flows(self, flows: dict[str, tuple[float, float]]) -> Dataset:
        """Return a copy in which flows that are constants of the descriptor have other values.

        Parameters
        ----------
        flows : dict
            Quantity to its level at the mean inlet temperature of these records, kg/s, and its
            relative change per kelvin of that temperature.

        Raises
        ------
        InputError
            If a quantity is not a constant flow of the descriptor, or a flow is not positive.
        """
        values = self.values.copy()
        constant = [name for name in FLOW_INLETS if name in self.descriptor.constants]
        for name, (level, per_kelvin) in flows.items():
            if name not in constant:
                raise InputError(
                    f"data set {self.folder}: {name!r} is not a constant flow of the descriptor; "
                    f"constant flows are {', '.join(constant) or 'none'}"
                )
            place = f"data set {self.folder}: {name}"
            values[name] = _flow(values[FLOW_INLETS[name]], level, per_kelvin, place)
        return replace(self, values=values)

    @property
    def heat_is_given(self) -> bool:
        """Whether heat is an input, and the speed the one that meets it, since nobody read that."""
        return self.descriptor.heat_is_given

    @property
    def rated_heat(self) -> float | None:
        """Heat at speed 1 and the design record's inlets, W; None where nobody says."""
        entry = self.descriptor.derived.get(SPEED)
        rated = entry.rated_heat if entry else None
        return to_si(rated.value, rated.unit, "W") if rated else None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Readings that are inputs of the model."""
        return self.descriptor.inputs

    @property
    def speed_recorded(self) -> bool:
        """Whether the compressor speed was read and not assumed."""
        constant = self.descriptor.constants.get(SPEED)
        return not self.heat_is_given and (constant is None or constant.recorded)


def load_dataset(name_or_path: str) -> Dataset:
    """Read and check a data set.

    Raises
    ------
    InputError
        If descriptor or table cannot be used; the message names file, field and expectation.
    """
    folder = dataset_folder(name_or_path)
    path = folder / DESCRIPTOR
    content = read_toml(path, "descriptor")
    if TIME in content:
        raise InputError(
            f"descriptor {path}: is of a log, as its table [time] says; expected points. "
            "heatpump-twin plateaus finds the steady ones in a log"
        )
    try:
        descriptor = Descriptor.model_validate(content)
    except ValidationError as error:
        raise InputError(f"descriptor {path}:\n  {describe(error)}") from error
    table = read_table(folder / descriptor.table, descriptor.table_format)
    records = _record_numbers(table, descriptor)
    values = pd.DataFrame(index=records)
    uncertainties = pd.DataFrame(index=records)
    notes = list(table.skipped)
    for header, column in descriptor.columns.items():
        read = _read_column(_cells_of(table, header), column, records, table, notes)
        values[column.quantity], uncertainties[column.quantity] = read
    for name, constant in descriptor.constants.items():
        unit = QUANTITIES[name].unit
        values[name] = to_si(constant.value, constant.unit, unit)
        uncertainties[name] = to_si(constant.uncertainty, constant.unit, unit, difference=True)
    complete(descriptor, values, uncertainties, f"descriptor {path}")
    if descriptor.heat_is_given:
        values[SPEED] = uncertainties[SPEED] = np.nan
        # A machine that gives no heat has no speed.
        values[HEAT] = values[HEAT].where(values[HEAT] > 0.0)
    values, uncertainties = _with_inputs(descriptor, values, uncertainties, table, notes)
    # Inlet temperatures may be constants themselves, so flows that follow them come after.
    for name, inlet in FLOW_INLETS.items():
        if name not in descriptor.constants:
            continue
        constant, T_in = descriptor.constants[name], values[inlet]
        level = to_si(constant.value, constant.unit, _MASS_FLOW)
        place = f"descriptor {path}: constants.{name}"
        values[name] = _flow(T_in, level, constant.per_kelvin, place)
        if constant.per_kelvin_uncertainty is not None:
            u = level * constant.per_kelvin_uncertainty * (T_in - T_in.mean())
            uncertainties[name] = (uncertainties[name] ** 2 + u**2) ** 0.5
    if descriptor.design_record is not None and descriptor.design_record not in values.index:
        raise InputError(
            f"descriptor {path}: design_record {descriptor.design_record} is not in {table.path}; "
            f"records are {listed(values.index)}"
        )
    for entry in descriptor.unscored_records:
        for record in entry.records:
            if record not in values.index:
                raise InputError(
                    f"descriptor {path}: unscored_records: record {record} is not in "
                    f"{table.path}; records are {listed(values.index)}"
                )
    _add_cop(descriptor, values, uncertainties)
    declared = {*descriptor.columns, descriptor.record}
    dataset = Dataset(
        descriptor=descriptor,
        folder=folder,
        values=values,
        uncertainties=uncertainties,
        ignored_columns=tuple(c for c in table.cells if c not in declared),
        notes=tuple(notes),
    )
    for split, of_split in descriptor.thresholds.by_split.items():
        for name, limits in of_split.items():
            place = f"descriptor {path}: thresholds.{split}.{name}"
            if name not in dataset.scored:
                raise InputError(
                    f"{place}: not a scored quantity; scored are "
                    f"{', '.join(dataset.scored) or 'none'}"
                )
            relative = limits.by_measure.keys() & RELATIVE_MEASURES
            if relative and not QUANTITIES[name].has_percentage:
                raise InputError(
                    f"{place}: a percentage of a temperature means nothing; expected mae_max, "
                    "rmse_max or maximum_max in K"
                )
    return dataset


def listed(records: pd.Index[int]) -> str:
    """Name records in a message, the first of many."""
    first = ", ".join(map(str, records[:_LISTED]))
    return first if len(records) <= _LISTED else f"{first} ... {records[-1]}"


def _cells_of(table: Table, header: str) -> pd.Series[Any]:
    if header in table.cells.columns:
        return table.cells[header]
    raise table.missing_column(header, "the descriptor declares it")


def _read_column(
    cells: pd.Series[Any],
    column: Column,
    records: pd.Index[int],
    table: Table,
    notes: list[str],
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return values and standard uncertainties in SI units; NaN in both where nothing was read."""
    place, form = f"data file {table.path}: column {cells.name!r}", table.format
    row_name = _row_name(table, records)
    read = read_numbers(
        cells, place, row_name, column.decimal or form.decimal, table.decimals, form.missing
    )
    check_unit(read, column.unit, place)
    numbers = read.values
    is_empty = np.isnan(numbers)
    if is_empty.all():
        raise InputError(f"{place}: every cell is empty; expected a number in one at least")
    if is_empty.any() and not column.gaps:
        i = int(is_empty.argmax())
        cell = cells.iloc[i]
        is_said = isinstance(cell, str) and cell
        found = f"{cell!r} says that nothing was read" if is_said else "nothing"
        hint = (
            "an input with empty cells needs gaps = true, which leaves such records out"
            if column.is_input
            else "a result with empty cells needs gaps = true"
        )
        raise InputError(
            f"{place}, {row_name(cells.index[i])}: {found} where a number was expected; {hint}"
        )
    if read.missing_codes and form.missing is None:
        notes.append(taken_for_missing(str(cells.name), read))
    si = column.to_si(numbers)
    check_readings(column, numbers, si, lambda i: f"{place}, {row_name(cells.index[i])}")
    values = pd.Series(si, index=records)
    if column.uncertainty is None:
        assert column.relative_uncertainty is not None
        return values, column.relative_uncertainty * values
    u = column.to_si(column.uncertainty, difference=True)
    return values, pd.Series(u, index=records).where(values.notna())


def check_unit(read: Numbers, unit: str, place: str) -> None:
    """Refuse a column whose cells say another unit than the descriptor."""
    if read.unit and known_unit(read.unit) != known_unit(unit):
        raise InputError(f"{place}: its cells are in {read.unit!r}, the descriptor says {unit!r}")


def taken_for_missing(header: str, read: Numbers) -> str:
    """Say which numbers of a column were taken to say that nothing was read."""
    codes = ", ".join(f"{code:g}" for code in read.missing_codes)
    return f"column {header!r}: {codes} taken for missing; missing in [table_format] says otherwise"


def check_readings(
    column: Column,
    numbers: np.ndarray[Any, Any],
    si: np.ndarray[Any, Any],
    place: Callable[[int], str],
) -> None:
    """Refuse readings that no machine can have.

    Parameters
    ----------
    column : Column
        Whose they are.
    numbers, si : numpy.ndarray
        As they were written, and in SI units; NaN where nothing was read.
    place : Callable
        Names the place of a reading by its position.

    Raises
    ------
    InputError
        If there is one; the message names the first.
    """
    quantity = QUANTITIES[column.quantity]
    is_outside = np.isfinite(si) & ~((quantity.minimum <= si) & (si <= quantity.maximum))
    if not is_outside.any():
        return
    i = int(is_outside.argmax())
    try:
        _check_range(quantity, float(si[i]), with_unit(float(numbers[i]), column.unit))
    except ValueError as error:
        others = f"; {is_outside.sum()} such records" if is_outside.sum() > 1 else ""
        raise InputError(f"{place(i)}: {error}{others}") from error


def _row_name(table: Table, records: pd.Index[int]) -> Callable[[int], str]:
    def name(number: int) -> str:
        record = records[table.cells.index.get_loc(number)]
        return f"record {record} ({table.row_name(number)})"

    return name


def _with_inputs(
    descriptor: Descriptor,
    values: pd.DataFrame,
    uncertainties: pd.DataFrame,
    table: Table,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out records of which an input was not read."""
    inputs = [name for name in descriptor.inputs if name in values]
    lacks = values[inputs].isna()
    if not lacks.to_numpy().any():
        return values, uncertainties
    without = lacks.any(axis=1)
    lacking = ", ".join(name for name in inputs if lacks[name].any())
    if without.all():
        raise InputError(
            f"data file {table.path}: no record of {len(values)} has all inputs: {lacking} were "
            "not read at the same time"
        )
    notes.append(
        f"{without.sum()} of {len(values)} records left out: {lacking} not read, for instance "
        f"record {values.index[without][0]}"
    )
    return values[~without], uncertainties[~without]


def _flow(T_in: pd.Series[float], level: float, per_kelvin: float, place: str) -> pd.Series[float]:
    """Return the flow of each record, kg/s, from its level at the mean inlet temperature."""
    flow = level * (1.0 + per_kelvin * (T_in - T_in.mean()))
    # Written so that NaN fails too.
    wrong = flow[~((flow > 0.0) & (flow <= QUANTITIES["m_flow_source"].maximum))]
    if not wrong.empty:
        raise InputError(
            f"{place}: {wrong.iloc[0]:.6g} kg/s at record {wrong.index[0]}, with {level:.6g} kg/s "
            f"at the mean inlet temperature and {per_kelvin:.6g} per kelvin; expected a positive "
            f"flow of {QUANTITIES['m_flow_source'].maximum:g} kg/s at most"
        )
    return flow


def _check_range(quantity: Quantity, si: float, written: str) -> None:
    if not quantity.minimum <= si <= quantity.maximum:
        hint = "; is it in K?" if written.endswith("degC") else ""
        raise ValueError(
            f"{written} is outside physics; expected {quantity.minimum:g} to "
            f"{with_unit(quantity.maximum, quantity.unit)}{hint}"
        )


def _record_numbers(table: Table, descriptor: Descriptor) -> pd.Index[int]:
    if descriptor.record is None:
        return pd.RangeIndex(1, len(table.cells) + 1, name="record")
    path, header = table.path, descriptor.record
    if header not in table.cells:
        raise table.missing_column(header, "the descriptor names it as record number")
    place = f"data file {path}: column {header!r}"
    expected = "expected the whole numbers of the records; without record in the descriptor "
    expected += "they are counted"
    try:
        # Zeros, and numbers that loggers write for nothing, are numbers here.
        read = read_numbers(
            table.cells[header], place, table.row_name, table.format.decimal, table.decimals, ()
        )
    except InputError as error:
        raise InputError(f"{error}; {expected}") from error
    numbers = read.values
    rows = table.cells.index
    wrong = ~(numbers == np.floor(numbers))
    if wrong.any():
        i = int(wrong.argmax())
        cell = table.cells[header].iloc[i]
        raise InputError(
            f"{place}, {table.row_name(rows[i])}: {cell!r} is not a whole number; {expected}"
        )
    falls = np.flatnonzero(np.diff(numbers) <= 0.0)
    if len(falls):
        i = int(falls[0]) + 1
        number, before, at = int(numbers[i]), int(numbers[i - 1]), table.row_name(rows[i])
        if number == before:
            raise InputError(f"data file {path}: record {number} stands twice ({at})")
        again = " and stands twice" if number in numbers[:i] else ""
        raise InputError(
            f"data file {path}: record {number} ({at}) follows {before}{again}; expected "
            "ascending numbers"
        )
    return pd.Index(numbers.astype(int), name=header)


def _add_cop(descriptor: Descriptor, values: pd.DataFrame, u: pd.DataFrame) -> None:
    measured = {c.quantity for c in descriptor.columns.values() if c.origin == "measured"}
    measured |= descriptor.derived.keys()
    if "COP" in values or not {"P_el", "Q_flow_sink"} <= measured:
        return
    values["COP"] = values["Q_flow_sink"] / values["P_el"]
    relative = (u["Q_flow_sink"] / values["Q_flow_sink"]) ** 2 + (u["P_el"] / values["P_el"]) ** 2
    u["COP"] = values["COP"] * relative**0.5
