"""Read and check a machine file: TOML in which every number has a unit and a source.

Needed where a machine is read or built, not in the FMU, which carries the checked numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pint
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import (
    Compressor,
    Condenser,
    DesignPoint,
    Envelope,
    ExpansionValve,
    HeatExchanger,
    Machine,
)
from heatpump_twin.model.quantities import QUANTITIES, Boundary, with_unit

from .files import machine_path, read_toml

_UNIT_EXAMPLES = {
    "1": "1 or percent",
    "K": "K or degC",
    "Pa": "Pa, kPa or bar, all absolute",
    "W": "W or kW",
    "kg/s": "kg/s, kg/min or kg/h (a volume flow has to be converted first)",
    "J/kg": "J/kg or kJ/kg",
    "1/K": "1/K",
}


@cache
def unit_registry() -> pint.UnitRegistry[float]:
    """Units that people write (``bar``, ``degC``, ``kg/min``) and their SI values."""
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def to_si(value: float, unit: str, si_unit: str, difference: bool = False) -> float:
    """Convert `value` to `si_unit`.

    Parameters
    ----------
    value : float
        Number in `unit`.
    unit, si_unit : str
        Unit as written and as wanted; ``"1"`` for dimensionless.
    difference : bool
        Whether the value is a difference or an uncertainty, so that 1 degC is 1 K.

    Raises
    ------
    ValueError
        If the unit is unknown or of another dimension.
    """

    def convert(number: float) -> float:
        quantity = unit_registry().Quantity(number, "dimensionless" if unit == "1" else unit)
        return float(quantity.to("dimensionless" if si_unit == "1" else si_unit).magnitude)

    try:
        return convert(value) - convert(0.0) if difference else convert(value)
    except Exception as error:
        examples = _UNIT_EXAMPLES.get(si_unit, si_unit)
        raise ValueError(
            f"unit {unit!r} cannot be read as {si_unit}; expected for instance {examples}"
        ) from error


def from_si(value: float, unit: str, si_unit: str, difference: bool = False) -> float:
    """Convert a value in `si_unit` to `unit`; the inverse of `to_si`."""
    quantity = unit_registry().Quantity(value, "dimensionless" if si_unit == "1" else si_unit)
    name = "dimensionless" if unit == "1" else unit
    converted = float(quantity.to(name).magnitude)
    if difference:
        zero = unit_registry().Quantity(0.0, quantity.units)
        converted -= float(zero.to(name).magnitude)
    return converted


# Where a machine file does not say how far its performance map may be off.
DEFAULT_MAP_TOLERANCE = 1e-3


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Parameter(_Strict):
    """A number of a machine file.

    Attributes
    ----------
    value : float
        In `unit`.
    unit : str
        As people write it.
    uncertainty : float, optional
        Standard uncertainty, in `unit` (temperatures: kelvin).
    source : str
        Key of the file's ``[sources]``.
    note : str
        How the number follows from its source.
    """

    value: Annotated[float, Field(strict=True)]
    unit: str
    uncertainty: float | None = Field(default=None, ge=0.0)
    source: str
    note: str = ""
    _si: float = PrivateAttr(default=math.nan)
    _si_uncertainty: float | None = PrivateAttr(default=None)
    _physical: PhysicalRange | None = PrivateAttr(default=None)

    @property
    def si(self) -> float:
        """The value in the SI unit of its place in the file."""
        return self._si

    @property
    def si_uncertainty(self) -> float | None:
        """The standard uncertainty in that unit; None where the file gives none."""
        return self._si_uncertainty

    @property
    def physical(self) -> PhysicalRange:
        """SI unit and range of its place in the file."""
        assert self._physical is not None
        return self._physical


@dataclass(frozen=True)
class PhysicalRange:
    """The SI unit of a parameter and the range outside which it is not physical."""

    unit: str
    minimum: float
    maximum: float
    is_difference: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._convert, handler(source))

    def _convert(self, parameter: Parameter) -> Parameter:
        si = to_si(parameter.value, parameter.unit, self.unit, self.is_difference)
        if not self.minimum <= si <= self.maximum:
            raise ValueError(
                f"{with_unit(parameter.value, parameter.unit)} is outside physics; expected "
                f"{self.minimum:g} to {with_unit(self.maximum, self.unit)}"
            )
        parameter._si = si
        parameter._physical = self
        if parameter.uncertainty is not None:
            parameter._si_uncertainty = to_si(
                parameter.uncertainty, parameter.unit, self.unit, difference=True
            )
        return parameter


def _as_quantity(name: str) -> PhysicalRange:
    quantity = QUANTITIES[name]
    return PhysicalRange(quantity.unit, quantity.minimum, quantity.maximum)


_Text = Annotated[str, StringConstraints(min_length=1)]
_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_Fraction = Annotated[Parameter, PhysicalRange("1", 0.0, 1.0)]
_PositiveFlow = Annotated[Parameter, PhysicalRange("kg/s", 1e-6, 1e4)]
_Pressure = Annotated[Parameter, _as_quantity("p_low")]
_Temperature = Annotated[Parameter, _as_quantity("T_source_in")]
_Power = Annotated[Parameter, PhysicalRange("W", 1e-3, 1e8)]
_Speed = Annotated[Parameter, PhysicalRange("1", 0.01, 3.0)]


class _DesignPoint(_Strict):
    T_source_in: _Temperature
    T_sink_in: _Temperature
    m_flow_source: _PositiveFlow
    m_flow_sink: _PositiveFlow
    p_low: _Pressure
    p_high: _Pressure
    Q_flow_sink: _Power
    P_el: _Power


class _Compressor(_Strict):
    leakage_coefficient: Annotated[Parameter, PhysicalRange("1", 0.0, 0.2)]
    leakage_speed_share: _Fraction
    suction_density_exponent: Annotated[Parameter, PhysicalRange("1", -0.5, 1.5)]
    built_in_pressure_ratio: Annotated[Parameter, PhysicalRange("1", 1.3, 8.0)]
    built_in_loss_share: Annotated[Parameter, PhysicalRange("1", 0.0, 1.5)]
    shell_loss_ratio: Annotated[Parameter, PhysicalRange("1", 0.0, 0.5)]


class _HeatExchanger(_Strict):
    secondary_resistance_share: _Fraction
    secondary_flow_exponent: Annotated[Parameter, PhysicalRange("1", 0.0, 1.0)]
    refrigerant_flow_exponent: Annotated[Parameter, PhysicalRange("1", 0.0, 1.0)]


class _Condenser(_HeatExchanger):
    subcooling_fraction: Annotated[Parameter, PhysicalRange("1", 0.01, 0.95)]
    subcooling_temperature_coefficient: Annotated[Parameter, PhysicalRange("1/K", -0.05, 0.05)]


class _ExpansionValve(_Strict):
    superheat_setting: Annotated[Parameter, PhysicalRange("K", 0.5, 60.0, is_difference=True)]
    superheat_sink_slope: Annotated[Parameter, PhysicalRange("1", -0.5, 0.5)]
    superheat_fraction_max: Annotated[Parameter, PhysicalRange("1", 0.1, 0.99)]
    T_evaporating_max: _Temperature


class _Envelope(_Strict):
    compressor_speed_min: _Speed
    compressor_speed_max: _Speed
    T_source_in_min: _Temperature
    T_source_in_max: _Temperature
    T_sink_in_min: _Temperature
    T_sink_in_max: _Temperature
    m_flow_source_min: _PositiveFlow
    m_flow_source_max: _PositiveFlow
    m_flow_sink_min: _PositiveFlow
    m_flow_sink_max: _PositiveFlow
    p_low_min: _Pressure
    p_high_max: _Pressure
    T_discharge_max: Annotated[Parameter, _as_quantity("T_discharge")]


class _PredictionUncertainty(_Strict):
    """Relative standard uncertainty of what the machine predicts."""

    P_el: Annotated[Parameter, PhysicalRange("1", 0.0, 1.0)]
    Q_flow_sink: Annotated[Parameter, PhysicalRange("1", 0.0, 1.0)]


class MachineFile(_Strict):
    """The content of a machine file, checked but in the units as written."""

    name: _Identifier
    title: _Text
    refrigerant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.()-]+$")]
    source_medium: _Text
    sink_medium: _Text
    refrigerant_note: str = ""
    sources: dict[str, _Text]
    auxiliary_power: Annotated[Parameter, PhysicalRange("W", 0.0, 1e5)]
    standby_power: Annotated[Parameter, PhysicalRange("W", 0.0, 1e4)]
    design_point: _DesignPoint
    compressor: _Compressor
    condenser: _Condenser
    evaporator: _HeatExchanger
    expansion_valve: _ExpansionValve
    envelope: _Envelope
    prediction_uncertainty: _PredictionUncertainty | None = None
    map_tolerance: Annotated[Parameter, PhysicalRange("1", 1e-5, 0.05)] | None = None

    @property
    def relative_map_tolerance(self) -> float:
        """Largest relative error that the performance map may have."""
        return self.map_tolerance.si if self.map_tolerance else DEFAULT_MAP_TOLERANCE

    @model_validator(mode="after")
    def _check_sources(self) -> MachineFile:
        for place, parameter in self.parameters():
            if parameter.source not in self.sources:
                raise ValueError(
                    f"{place}: source {parameter.source!r} is not in [sources]; known: "
                    + ", ".join(sorted(self.sources))
                )
        return self

    @model_validator(mode="after")
    def _check_order(self) -> MachineFile:
        si = {place: parameter.si for place, parameter in self.parameters()}
        if si["design_point.p_low"] >= si["design_point.p_high"]:
            raise ValueError("design_point: p_low must be below p_high")
        if si["design_point.p_low"] < si["envelope.p_low_min"]:
            raise ValueError("envelope: the design point's p_low is below p_low_min")
        if si["design_point.p_high"] > si["envelope.p_high_max"]:
            raise ValueError("envelope: the design point's p_high is above p_high_max")
        for quantity in _ENVELOPE_QUANTITIES:
            low, high = si[f"envelope.{quantity}_min"], si[f"envelope.{quantity}_max"]
            at_design = si.get(f"design_point.{quantity}", 1.0)
            if not low < high:
                raise ValueError(f"envelope: {quantity}_min must be below {quantity}_max")
            if not low <= at_design <= high:
                unit = QUANTITIES[quantity].unit
                raise ValueError(
                    f"envelope: the design point's {quantity}, {with_unit(at_design, unit)}, lies "
                    f"outside {low:.6g} to {with_unit(high, unit)}"
                )
        return self

    def parameters(self) -> list[tuple[str, Parameter]]:
        """Return every number of the file with its place, such as ``compressor.leakage``."""
        found: list[tuple[str, Parameter]] = []

        def walk(place: str, model: BaseModel) -> None:
            for key in type(model).model_fields:
                child = getattr(model, key)
                where = f"{place}.{key}" if place else key
                if isinstance(child, Parameter):
                    found.append((where, child))
                elif isinstance(child, BaseModel):
                    walk(where, child)

        walk("", self)
        return found

    def to_machine(self) -> Machine:
        """Return the machine in SI units."""

        def section(name: str) -> dict[str, float]:
            prefix = name + "."
            return {
                place.removeprefix(prefix): parameter.si
                for place, parameter in self.parameters()
                if place.startswith(prefix)
            }

        design = section("design_point")
        boundary = {q: design.pop(q) for q in _ENVELOPE_QUANTITIES if q in design}
        uncertainty = section("prediction_uncertainty")
        return Machine(
            name=self.name,
            title=self.title,
            refrigerant=self.refrigerant,
            refrigerant_note=self.refrigerant_note,
            source_medium=self.source_medium,
            sink_medium=self.sink_medium,
            design=DesignPoint(boundary=Boundary(compressor_speed=1.0, **boundary), **design),
            compressor=Compressor(**section("compressor")),
            condenser=Condenser(**section("condenser")),
            evaporator=HeatExchanger(**section("evaporator")),
            expansion_valve=ExpansionValve(**section("expansion_valve")),
            auxiliary_power=self.auxiliary_power.si,
            standby_power=self.standby_power.si,
            P_el_relative_uncertainty=uncertainty.get("P_el", 0.0),
            Q_flow_sink_relative_uncertainty=uncertainty.get("Q_flow_sink", 0.0),
            envelope=Envelope(**section("envelope")),
        )


_ENVELOPE_QUANTITIES = (
    "compressor_speed",
    "T_source_in",
    "T_sink_in",
    "m_flow_source",
    "m_flow_sink",
)


def describe(error: ValidationError) -> str:
    """Turn a validation error into lines of ``field: what is wrong``."""
    lines = []
    for detail in error.errors(include_url=False):
        place = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "missing":
            message = "is missing"
        elif detail["type"] == "extra_forbidden":
            message = "is not a known key"
        elif detail["type"] in ("model_type", "dict_type") and not isinstance(
            detail["input"], dict | list
        ):
            message = f"found {detail['input']!r}, expected {{ value = ..., unit = ..., ... }}"
        elif detail["type"] == "string_pattern_mismatch":
            message = f"found {detail['input']!r}, expected to match {detail['ctx']['pattern']}"
        lines.append(f"{place}: {message}" if place else message)
    return "\n  ".join(lines)


def read_machine_file(path: Path, *, check_media: bool = True) -> MachineFile:
    """Read and check a machine file.

    Parameters
    ----------
    path : Path
        The file.
    check_media : bool
        Whether to ask CoolProp, which takes seconds to import, if it knows the media.

    Raises
    ------
    InputError
        If a key is missing or unknown, a unit wrong, a value outside physics, a source not given,
        or a fluid unknown to CoolProp.
    """
    content = read_toml(path, "machine file")
    if "design_point" not in content and "compressor" in content:
        raise InputError(
            f"machine file {path}: has no [design_point]; it is a start file, of which "
            "heatpump-twin calibrate makes a machine file"
        )
    try:
        machine_file = MachineFile.model_validate(content)
    except ValidationError as error:
        raise InputError(f"machine file {path}:\n  {describe(error)}") from error
    if check_media:
        from heatpump_twin.solving.media import Media

        try:
            Media(machine_file.to_machine())
        except InputError as error:
            raise InputError(f"machine file {path}: {error}") from error
    return machine_file


def read_machine(name_or_path: str) -> Machine:
    """Read the machine of that name or file in SI units.

    Raises
    ------
    InputError
        As `machine_path` and `read_machine_file`.
    """
    return read_machine_file(machine_path(name_or_path)).to_machine()
