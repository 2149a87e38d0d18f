"""A recorded data set: its descriptor and table, checked, as a frame in SI units."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from heatpump_twin_model.errors import InputError
from heatpump_twin_model.machine_file import describe, read_toml, to_si
from heatpump_twin_model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Quantity, with_unit

DATASETS = Path(__file__).resolve().parent.parent / "validation_data"


def _known(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"unknown quantity {name!r}; known: {', '.join(QUANTITIES)}")
    return name


QuantityName = Annotated[str, AfterValidator(_known)]
_Positive = Annotated[float, Field(gt=0.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Column(_Strict):
    """How one column of the table is to be read; see ``validation_data/README.md``."""

    quantity: QuantityName
    unit: str
    uncertainty: _Positive | None = None
    relative_uncertainty: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    origin: Literal["measured", "derived"] = "measured"
    score: bool = True
    reason: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Column:
        if (self.uncertainty is None) == (self.relative_uncertainty is None):
            raise ValueError("give either uncertainty or relative_uncertainty")
        if not self.score and not self.reason:
            raise ValueError("score = false needs a reason")
        to_si(1.0, self.unit, QUANTITIES[self.quantity].unit)
        return self


class Constant(_Strict):
    """A quantity that was, or is taken to be, the same for all records."""

    value: float
    unit: str
    uncertainty: _Positive
    recorded: bool = True
    note: str = ""


class Limits(_Strict):
    """Largest errors of one quantity; per cent for mape, nmbe and cv_rmse, else SI units."""

    mape_max: _Positive | None = None
    mae_max: _Positive | None = None
    rmse_max: _Positive | None = None
    maximum_max: _Positive | None = None
    nmbe_max: _Positive | None = None
    cv_rmse_max: _Positive | None = None


RELATIVE_LIMITS = {"mape_max", "nmbe_max", "cv_rmse_max"}


class Thresholds(_Strict):
    """Limits for the design point and for all other kept records.

    `records_min` is the least number of records that screening has to leave: errors over a few
    chosen records prove nothing.
    """

    records_min: Annotated[int, Field(ge=1)] | None = None
    design: dict[QuantityName, Limits] = {}
    off_design: dict[QuantityName, Limits] = {}


class Descriptor(_Strict):
    """The content of a ``descriptor.toml``; see ``validation_data/README.md``."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
    title: str
    machine: str
    table: str
    record: str
    design_record: int | None = None
    source: str
    licence: str
    published_models: tuple[Literal["sandrini2025"], ...] = ()
    columns: dict[str, Column]
    constants: dict[QuantityName, Constant] = {}
    thresholds: Thresholds = Thresholds()

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
        missing = [name for name in BOUNDARY_QUANTITIES if name not in given]
        if missing:
            raise ValueError(
                f"inputs of the model without a column or constant: {', '.join(missing)}"
            )
        for name, constant in self.constants.items():
            _check_range(
                QUANTITIES[name],
                to_si(constant.value, constant.unit, QUANTITIES[name].unit),
                f"constants.{name}: {with_unit(constant.value, constant.unit)}",
            )
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
        Constants are filled in; ``COP`` is added where it can be formed from measured columns.
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
    def speed_recorded(self) -> bool:
        """Whether the compressor speed was read and not assumed."""
        constant = self.descriptor.constants.get("compressor_speed")
        return constant is None or constant.recorded


def dataset_folder(name_or_path: str) -> Path:
    """Find a data set by path of its folder or by the name of a shipped one.

    Raises
    ------
    InputError
        If there is none.
    """
    for folder in (Path(name_or_path), DATASETS / name_or_path):
        if (folder / "descriptor.toml").is_file():
            return folder
    known = ", ".join(sorted(p.parent.name for p in DATASETS.glob("*/descriptor.toml")))
    raise InputError(
        f"unknown data set {name_or_path!r}; expected a folder that holds a descriptor.toml, "
        f"or one of: {known}"
    )


def load_dataset(name_or_path: str) -> Dataset:
    """Read and check a data set.

    Raises
    ------
    InputError
        If descriptor or table cannot be used; the message names file, field and expectation.
    """
    folder = dataset_folder(name_or_path)
    path = folder / "descriptor.toml"
    try:
        descriptor = Descriptor.model_validate(read_toml(path, "descriptor"))
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
        quantity = QUANTITIES[column.quantity]
        numbers = _numbers(table[header], records, table_path)
        values[quantity.name] = [to_si(x, column.unit, quantity.unit) for x in numbers]
        for record, number, si in zip(records, numbers, values[quantity.name], strict=True):
            place = f"data file {table_path}: column {header!r}, record {record}"
            try:
                _check_range(quantity, si, with_unit(number, column.unit))
            except ValueError as error:
                raise InputError(f"{place}: {error}") from error
        if column.uncertainty is not None:
            u = to_si(column.uncertainty, column.unit, quantity.unit, difference=True)
            uncertainties[quantity.name] = u
        else:
            assert column.relative_uncertainty is not None
            uncertainties[quantity.name] = column.relative_uncertainty * values[quantity.name]
    for name, constant in descriptor.constants.items():
        unit = QUANTITIES[name].unit
        values[name] = to_si(constant.value, constant.unit, unit)
        uncertainties[name] = to_si(constant.uncertainty, constant.unit, unit, difference=True)
    if descriptor.design_record is not None and descriptor.design_record not in values.index:
        raise InputError(
            f"descriptor {path}: design_record {descriptor.design_record} is not in {table_path}; "
            f"records are {', '.join(map(str, values.index))}"
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
    for kind in ("design", "off_design"):
        for name, limits in getattr(descriptor.thresholds, kind).items():
            place = f"descriptor {path}: thresholds.{kind}.{name}"
            if name not in dataset.scored:
                raise InputError(
                    f"{place}: not a scored quantity; scored are "
                    f"{', '.join(dataset.scored) or 'none'}"
                )
            relative = limits.model_dump(exclude_none=True).keys() & RELATIVE_LIMITS
            if relative and not QUANTITIES[name].has_percentage:
                raise InputError(
                    f"{place}: a percentage of a temperature means nothing; expected mae_max, "
                    "rmse_max or maximum_max in K"
                )
    return dataset


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


def _numbers(column: pd.Series[str], records: pd.Index[int], path: Path) -> list[float]:
    numbers = []
    for record, text in zip(records, column, strict=True):
        place = f"data file {path}: column {column.name!r}, record {record}"
        try:
            number = float(text)
        except ValueError as error:
            found = repr(text) if text else "nothing"
            raise InputError(f"{place}: {found} where a number was expected") from error
        if not math.isfinite(number):
            raise InputError(f"{place}: {text!r} where a finite number was expected")
        numbers.append(number)
    return numbers


def _add_cop(descriptor: Descriptor, values: pd.DataFrame, u: pd.DataFrame) -> None:
    measured = {c.quantity for c in descriptor.columns.values() if c.origin == "measured"}
    if "COP" in values or not {"P_el", "Q_flow_sink"} <= measured:
        return
    values["COP"] = values["Q_flow_sink"] / values["P_el"]
    relative = (u["Q_flow_sink"] / values["Q_flow_sink"]) ** 2 + (u["P_el"] / values["P_el"]) ** 2
    u["COP"] = values["COP"] * relative**0.5
