"""Read and check a machine file: TOML in which every number has a unit and a source.

Needed where a machine is read or built, not in the FMU, which carries the checked numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import (
    AT_DESIGN_POINT,
    PARAMETERS,
    SECTIONS,
    Compressor,
    Condenser,
    Control,
    Definition,
    DesignPoint,
    Dynamics,
    Envelope,
    Evaporator,
    ExpansionValve,
    Frost,
    Machine,
    PredictionUncertainty,
    definitions,
)
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, Boundary, with_unit
from heatpump_twin.model.rating_points import kind_of_medium
from heatpump_twin.model.remainder import (
    COMPRESSOR_COORDINATES,
    EXCHANGER_COORDINATES,
    MOST_OF_COMPRESSOR,
    MOST_OF_EXCHANGER,
    RELATIONS,
    Deviation,
    Remainder,
)

from .files import machine_path, read_toml
from .units import to_si

# For a machine file without `map_tolerance`.
DEFAULT_MAP_TOLERANCE = 1e-3

#: The one number of a machine file that is no parameter of the machine.
MAP_TOLERANCE = Definition(
    "1",
    1e-5,
    0.05,
    f"Largest relative error of the performance map; {DEFAULT_MAP_TOLERANCE:g} "
    "where it is not given",
)


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
    _definition: Definition | None = PrivateAttr(default=None)

    @property
    def si(self) -> float:
        """The value in the SI unit of its place in the file."""
        return self._si

    @property
    def si_uncertainty(self) -> float | None:
        """The standard uncertainty in that unit; None where the file gives none."""
        return self._si_uncertainty

    @property
    def definition(self) -> Definition:
        """What is declared of its place in the file."""
        assert self._definition is not None
        return self._definition


@dataclass(frozen=True)
class _Defined:
    """Checks a number of a machine file against what is declared of its place."""

    definition: Definition

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._convert, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        defined = self.definition
        most = with_unit(defined.maximum, defined.unit)
        text = f"{defined.description}; {defined.minimum:g} to {most}"
        return {"allOf": [handler(schema)], "description": text}

    def _convert(self, parameter: Parameter) -> Parameter:
        defined = self.definition
        si = to_si(parameter.value, parameter.unit, defined.unit, defined.is_difference)
        if not defined.minimum <= si <= defined.maximum:
            raise ValueError(
                f"{with_unit(parameter.value, parameter.unit)} is outside physics; expected "
                f"{defined.minimum:g} to {with_unit(defined.maximum, defined.unit)}"
            )
        parameter._si = si
        parameter._definition = defined
        if parameter.uncertainty is not None:
            parameter._si_uncertainty = to_si(
                parameter.uncertainty, parameter.unit, defined.unit, difference=True
            )
        return parameter


def _number(definition: Definition) -> Any:
    return Annotated[Parameter, _Defined(definition)]


def _numbers(section: str) -> dict[str, Any]:
    """Return the declared parameters of a section, required without a default."""
    return {
        key: (_number(definition), ...)
        if definition.default is None
        else (_number(definition) | None, None)
        for key, definition in SECTIONS[section].items()
    }


def _section(name: str) -> Any:
    return create_model(f"_{name}", __base__=_Strict, **_numbers(name))


_Text = Annotated[str, StringConstraints(min_length=1)]
_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class _Texts(_Strict):
    """The texts of a machine file."""

    name: _Identifier
    title: _Text
    refrigerant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.()-]+$")]
    source_medium: _Text
    sink_medium: _Text
    refrigerant_note: str = ""
    sources: dict[str, _Text]


def _kernels(coordinates: int, most: int) -> Any:
    kernel: Any = Annotated[
        list[float], Field(min_length=coordinates + 1, max_length=coordinates + 1)
    ]
    return Annotated[list[kernel], Field(max_length=most)]


_OfCompressor: Any = _kernels(COMPRESSOR_COORDINATES, MOST_OF_COMPRESSOR)
_OfExchanger: Any = _kernels(EXCHANGER_COORDINATES, MOST_OF_EXCHANGER)


class _Remainder(_Strict):
    """What the relations leave over: of each kernel its centre in steps and its height."""

    source: str
    note: str = ""
    efficiency: _OfCompressor = Field(default_factory=list)
    volumetric: _OfCompressor = Field(default_factory=list)
    condenser: _OfExchanger = Field(default_factory=list)
    evaporator: _OfExchanger = Field(default_factory=list)

    def to_remainder(self) -> Remainder:
        """Return it as the model takes it."""
        return Remainder(
            **{
                name: Deviation(
                    tuple(tuple(kernel[:-1]) for kernel in getattr(self, name)),
                    tuple(kernel[-1] for kernel in getattr(self, name)),
                )
                for name in RELATIONS
            }
        )


_OPTIONAL = ("dynamics", "control", "frost", "prediction_uncertainty")
_FIELDS: dict[str, Any] = {
    **_numbers(""),
    **{
        name: (_section(name) | None, None) if name in _OPTIONAL else (_section(name), ...)
        for name in SECTIONS
        if name
    },
    "map_tolerance": (_number(MAP_TOLERANCE) | None, None),
    "remainder": (_Remainder | None, None),
}


_Declared: Any = create_model("_Declared", __base__=_Texts, **_FIELDS)


class MachineFile(_Declared):
    """The content of a machine file, checked but in the units as written.

    Its sections and numbers are those of `machine.SECTIONS`.
    """

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
        design = AT_DESIGN_POINT | {
            key: si[f"design_point.{key}"] for key in SECTIONS["design_point"]
        }
        for quantity in BOUNDARY_QUANTITIES:
            low, high = si[f"envelope.{quantity}_min"], si[f"envelope.{quantity}_max"]
            at_design = design[quantity]
            if not low < high:
                raise ValueError(f"envelope: {quantity}_min must be below {quantity}_max")
            if not low <= at_design <= high:
                unit = QUANTITIES[quantity].unit
                raise ValueError(
                    f"envelope: the design point's {quantity}, {with_unit(at_design, unit)}, lies "
                    f"outside {low:.6g} to {with_unit(high, unit)}"
                )
        return self

    @model_validator(mode="after")
    def _check_frost(self) -> MachineFile:
        if self.frost and kind_of_medium(self.source_medium) != "A":
            raise ValueError(
                f"frost: source_medium is {self.source_medium}, and a coil frosts in air alone; "
                "expected no [frost]"
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
        si = {
            place: definition.default
            for place, definition in PARAMETERS.items()
            if definition.default is not None
        } | {place: parameter.si for place, parameter in self.parameters()}

        def section(name: str) -> dict[str, float]:
            return {key: si[f"{name}.{key}"] for key in SECTIONS[name]}

        def boundary(pattern: str) -> Boundary:
            return Boundary(
                **{
                    q: AT_DESIGN_POINT[q] if pattern.format(q) not in si else si[pattern.format(q)]
                    for q in BOUNDARY_QUANTITIES
                }
            )

        own = {key: si[f"design_point.{key}"] for key in definitions(DesignPoint)}
        limits = {key: si[f"envelope.{key}"] for key in definitions(Envelope)}
        uncertainty = {
            key: si.get(f"prediction_uncertainty.{key}", 0.0)
            for key in SECTIONS["prediction_uncertainty"]
        }
        return Machine(
            name=self.name,
            title=self.title,
            refrigerant=self.refrigerant,
            refrigerant_note=self.refrigerant_note,
            source_medium=self.source_medium,
            sink_medium=self.sink_medium,
            design=DesignPoint(boundary("design_point.{}"), **own),
            compressor=Compressor(**section("compressor")),
            condenser=Condenser(**section("condenser")),
            evaporator=Evaporator(**section("evaporator")),
            expansion_valve=ExpansionValve(**section("expansion_valve")),
            envelope=Envelope(boundary("envelope.{}_min"), boundary("envelope.{}_max"), **limits),
            prediction_uncertainty=PredictionUncertainty(**uncertainty),
            dynamics=Dynamics(**section("dynamics")),
            control=Control(**section("control")),
            frost=Frost(**section("frost")),
            remainder=self.remainder.to_remainder() if self.remainder else Remainder(),
            **{key: si[key] for key in SECTIONS[""]},
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
