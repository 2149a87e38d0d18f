"""Types of fields that the files of a data set have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from heatpump_twin.model.quantities import QUANTITIES


def _known(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"unknown quantity {name!r}; known: {', '.join(QUANTITIES)}")
    return name


QuantityName = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(QUANTITIES)})
]
Positive = Annotated[float, Field(gt=0.0)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Strict(BaseModel):
    """A table of a file: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
