"""How the variables of an FMU of another tool belong to the quantities of the project.

It is the table ``[fmu]`` of a descriptor, or a file of the same content.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.machine_files.machine_file import describe
from heatpump_twin.machine_files.units import to_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES

from .fields import Positive, QuantityName, Strict, Text


class MappedVariable(Strict):
    """Which variable of the FMU a quantity is, or why it has none (`absent`, inputs only)."""

    name: Text | None = None
    unit: Text | None = None
    sign: Literal[1, -1] | None = None
    absent: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> MappedVariable:
        told = [key for key in ("name", "unit", "sign") if getattr(self, key) is not None]
        if self.absent is not None and told:
            raise ValueError(f"absent and {told[0]} exclude each other")
        if self.absent is None and not told:
            raise ValueError("says nothing; expected name, unit, sign or absent")
        if self.unit is not None and self.unit.startswith("-"):
            if self.sign is not None:
                raise ValueError(
                    f"the sign is given twice, by unit {self.unit!r} and by sign = {self.sign}; "
                    "expected a unit without sign"
                )
            raise ValueError(f"unit {self.unit!r} has a sign; expected a unit and sign = -1")
        return self


class FmuMap(Strict):
    """The content of ``[fmu]``; see ``validation_data/README.md``."""

    step_size: Positive | None = None
    start_values: dict[Text, bool | int | float | str] = Field(default_factory=dict)
    map: dict[QuantityName, MappedVariable] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> FmuMap:
        places: dict[str, str] = {name: "start_values" for name in self.start_values}
        for quantity, variable in self.map.items():
            place = f"map.{quantity}"
            if variable.unit is not None:
                is_a = QUANTITIES[quantity]
                try:
                    to_si(1.0, variable.unit, is_a.unit, is_a.is_difference)
                except ValueError as error:
                    raise ValueError(f"{place}: {error}") from error
            if variable.absent is not None and quantity not in BOUNDARY_QUANTITIES:
                raise ValueError(
                    f"{place}: absent is for inputs; a result that the FMU does not give is "
                    "not scored, without being named"
                )
            name = variable.name or quantity
            if variable.absent is None and name in places:
                raise ValueError(
                    f"variable {name!r} of the FMU is named twice, by {places[name]} and {place}"
                )
            places[name] = place
        return self


class _MapFile(Strict):
    fmu: FmuMap


def read_fmu_map(path: Path) -> FmuMap:
    """Read and check a map file.

    Raises
    ------
    InputError
        If it cannot be used; the message names file, field and expectation.
    """
    try:
        return _MapFile.model_validate(read_toml(path, "map file")).fmu
    except ValidationError as error:
        raise InputError(f"map file {path}:\n  {describe(error)}") from error
