"""A recorded data set: its descriptor and table, checked, as a frame in SI units."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, model_validator

from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.machine_files.units import Number, to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Quantity, with_unit

from .completion import Derived, check_derived, complete
from .fields import Positive, QuantityName, Strict, Text
from .files import DESCRIPTOR, TIME, dataset_folder
from .fmu_map import FmuMap

FLOW_INLETS = {"m_flow_source": "T_source_in", "m_flow_sink": "T_sink_in"}
_MASS_FLOW, _VOLUME_FLOW, _TURNS = "kg/s", "m^3/s", "1/s"


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
        self._check_gaps()
        self._check_unit()
        return self

    def _check_gaps(self) -> None:
        if self.gaps and self.is_input:
            raise ValueError(
                f"gaps = true is for results only; {self.quantity} is an input of the model and "
                "is needed at every record"
            )

    def _check_unit(self) -> None:
        si_unit = QUANTITIES[self.quantity].unit
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

    @property
    def is_input(self) -> bool:
        """Whether the column holds an input of the model."""
        return self.quantity in BOUNDARY_QUANTITIES

    def to_si(self, value: Number, difference: bool = False) -> Number:
        """Convert numbers of the column, or an uncertainty of them, to the quantity's SI unit."""
        if self.rated_speed is not None:
            return value / self.rated_speed
        if self.density is None:
            return to_si(value, self.unit, QUANTITIES[self.quantity].unit, difference)
        return self.density * to_si(value, self.unit, _VOLUME_FLOW, difference)


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
    record: str
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
        NaN where a result was not read.
    uncertainties : pandas.DataFrame
        Standard uncertainties, same shape.
    ignored_columns : tuple of str
        Columns of the table that the descriptor does not name.
    """

    descriptor: Descriptor
    folder: Path
    values: pd.DataFrame
    uncertainties: pd.DataFrame
    ignored_columns: tuple[str, ...]

    @property
    def unscored(self) -> dict[str, str]:
        """Result quantities of the table that are never scored, with the reason."""
        reasons = {}
        for column in self.descriptor.columns.values():
            if column.origin == "derived":
                reasons[column.quantity] = f"derived, not measured: {column.note}".rstrip(": ")
            elif not column.score:
                reasons[column.quantity] = column.reason
        for name, entry in self.descriptor.derived.items():
            instead = entry.read_instead(name)
            if instead not in (None, "COP"):
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
    def speed_recorded(self) -> bool:
        """Whether the compressor speed was read and not assumed."""
        constant = self.descriptor.constants.get("compressor_speed")
        return constant is None or constant.recorded


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
    table_path = folder / descriptor.table
    table = _read_table(table_path)
    records = _record_numbers(table, descriptor, table_path)
    values = pd.DataFrame(index=records)
    uncertainties = pd.DataFrame(index=records)
    for header, column in descriptor.columns.items():
        if header not in table.columns:
            raise InputError(
                f"data file {table_path}: column {header!r} is missing; the descriptor declares "
                f"it, the table has: {', '.join(table.columns)}"
            )
        read = _read_column(table[header], column, records, table_path)
        values[column.quantity], uncertainties[column.quantity] = read
    for name, constant in descriptor.constants.items():
        unit = QUANTITIES[name].unit
        values[name] = to_si(constant.value, constant.unit, unit)
        uncertainties[name] = to_si(constant.uncertainty, constant.unit, unit, difference=True)
    complete(descriptor, values, uncertainties, f"descriptor {path}")
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
            f"descriptor {path}: design_record {descriptor.design_record} is not in {table_path}; "
            f"records are {', '.join(map(str, values.index))}"
        )
    for entry in descriptor.unscored_records:
        for record in entry.records:
            if record not in values.index:
                raise InputError(
                    f"descriptor {path}: unscored_records: record {record} is not in "
                    f"{table_path}; records are {', '.join(map(str, values.index))}"
                )
    _add_cop(descriptor, values, uncertainties)
    declared = {*descriptor.columns, descriptor.record}
    dataset = Dataset(
        descriptor=descriptor,
        folder=folder,
        values=values,
        uncertainties=uncertainties,
        ignored_columns=tuple(c for c in table.columns if c not in declared),
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


def _read_column(
    cells: pd.Series[str], column: Column, records: pd.Index[int], path: Path
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return values and standard uncertainties in SI units; NaN in both where a cell is empty."""
    place = f"data file {path}: column {cells.name!r}"
    numbers = np.array(
        [
            _number(text, column, f"{place}, record {record}")
            for record, text in zip(records, cells, strict=True)
        ]
    )
    is_empty = np.isnan(numbers)
    if is_empty.all():
        raise InputError(f"{place}: every cell is empty; expected a number in one at least")
    si = column.to_si(numbers)
    quantity = QUANTITIES[column.quantity]
    is_outside = ~is_empty & ~((quantity.minimum <= si) & (si <= quantity.maximum))
    if is_outside.any():
        i = int(is_outside.argmax())
        try:
            _check_range(quantity, float(si[i]), with_unit(float(numbers[i]), column.unit))
        except ValueError as error:
            raise InputError(f"{place}, record {records[i]}: {error}") from error
    values = pd.Series(si, index=records)
    if column.uncertainty is None:
        assert column.relative_uncertainty is not None
        return values, column.relative_uncertainty * values
    u = column.to_si(column.uncertainty, difference=True)
    return values, pd.Series(u, index=records).where(values.notna())


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


def _read_table(path: Path) -> pd.DataFrame:
    if path.is_dir():
        raise InputError(f"data file {path}: is a folder")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [
                (number, [cell.strip() for cell in cells])
                for number, cells in enumerate(csv.reader(file, strict=True), start=1)
                if any(cells)
            ]
    except FileNotFoundError as error:
        raise InputError(f"data file {path}: no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data file {path}: cannot be read as a table: {error}") from error
    if not lines:
        raise InputError(f"data file {path}: is empty; expected a header and records")
    (_, header), records = lines[0], lines[1:]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(f"data file {path}: column {twice[0]!r} stands twice in the header")
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"data file {path}: separated by semicolons; expected commas")
    if not records:
        raise InputError(f"data file {path}: has no records below its header")
    for number, cells in records:
        if len(cells) != len(header):
            raise InputError(
                f"data file {path}: line {number} has {len(cells)} cells, the header {len(header)}"
            )
    return pd.DataFrame([cells for _, cells in records], columns=header, dtype=str)


def _record_numbers(table: pd.DataFrame, descriptor: Descriptor, path: Path) -> pd.Index[int]:
    if descriptor.record not in table.columns:
        raise InputError(
            f"data file {path}: column {descriptor.record!r} is missing; the descriptor names it "
            f"as record number, the table has: {', '.join(table.columns)}"
        )
    numbers: list[int] = []
    for row, text in enumerate(table[descriptor.record], start=2):
        try:
            number = int(text)
        except ValueError as error:
            raise InputError(
                f"data file {path}: column {descriptor.record!r}, line {row}: {text!r} is not a "
                "whole number"
            ) from error
        if numbers and number == numbers[-1]:
            raise InputError(f"data file {path}: record {number} stands twice (line {row})")
        if numbers and number < numbers[-1]:
            again = " and stands twice" if number in numbers else ""
            raise InputError(
                f"data file {path}: record {number} (line {row}) follows {numbers[-1]}{again}; "
                "expected ascending numbers"
            )
        numbers.append(number)
    return pd.Index(numbers, name=descriptor.record)


def _number(text: str, column: Column, place: str) -> float:
    if not text:
        if column.gaps:
            return math.nan
        hint = "" if column.is_input else "; a result with empty cells needs gaps = true"
        raise InputError(f"{place}: nothing where a number was expected{hint}")
    try:
        number = float(text)
    except ValueError as error:
        raise InputError(f"{place}: {text!r} where a number was expected") from error
    if not math.isfinite(number):
        raise InputError(f"{place}: {text!r} where a finite number was expected")
    return number


def _add_cop(descriptor: Descriptor, values: pd.DataFrame, u: pd.DataFrame) -> None:
    measured = {c.quantity for c in descriptor.columns.values() if c.origin == "measured"}
    measured |= descriptor.derived.keys()
    if "COP" in values or not {"P_el", "Q_flow_sink"} <= measured:
        return
    values["COP"] = values["Q_flow_sink"] / values["P_el"]
    relative = (u["Q_flow_sink"] / values["Q_flow_sink"]) ** 2 + (u["P_el"] / values["P_el"]) ** 2
    u["COP"] = values["COP"] * relative**0.5
