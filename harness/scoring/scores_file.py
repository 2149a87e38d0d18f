"""The file ``scores.json``: its one declaration, from which content and JSON schema come."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from heatpump_twin.map_making.certificate import Certificate

from ..calibration.record import CalibrationRecord
from .compressor_alone import CompressorScore

# Raised whenever a key changes its meaning, goes or comes.
FORMAT_VERSION = 2
SCHEMA_ID = f"urn:heatpump-twin:schema:scores:{FORMAT_VERSION}"

# The predictor that is judged.
MODEL = "model"

# Answers of the FMU itself, which is the fit to these records or of another origin.
FITTED, AS_BUILT = "fitted", "as_built"
# Predictions of its calibration for records that a fit did not see.
LEAVE_ONE_OUT, EXTRAPOLATION = "leave_one_out", "extrapolation"
# Taken out by screening: shown beside the others, never in a headline or limit.
EXCLUDED = "excluded"

Measure = Literal["mape", "mae"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LinkPart(_Strict):
    """A variable of the FMU that is a quantity: ``quantity = sign * variable``, then SI."""

    name: str
    unit: str
    sign: Literal[1, -1]


class ConnectionPart(_Strict):
    """By which variables the FMU was stepped and read, by quantity; `step_size` in s."""

    source: str
    step_size: float
    start_values: dict[str, bool | int | float | str]
    absent: dict[str, str]
    inputs: dict[str, LinkPart]
    parameters: dict[str, LinkPart]
    outputs: dict[str, LinkPart]


class FmuPart(_Strict):
    """The FMU that was stepped; `sha256` is that of the file."""

    model_name: str
    guid: str
    generation_tool: str
    sha256: str
    fmi_version: str
    interface: str
    connection: ConnectionPart | None
    not_given: list[str] = Field(description="recorded quantities that the FMU does not give")
    certificate: Certificate | None


class DeviationPart(_Strict):
    """An answer of the FMU that is not that of the fit that it says it is; SI units."""

    quantity: str
    record: int
    fmu: float | None
    fit: float
    allowed: float


class ScorePart(_Strict):
    """Errors of one predictor in one quantity by one split.

    SI units; `mape`, `nmbe` and `cv_rmse` in per cent, null for temperatures.
    """

    predictor: str
    split: str
    quantity: str
    unit: str
    n: int = Field(ge=1)
    bias: float
    mae: float = Field(ge=0.0)
    rmse: float = Field(ge=0.0)
    maximum: float = Field(ge=0.0)
    mape: float | None
    nmbe: float | None
    cv_rmse: float | None


class ThresholdPart(_Strict):
    """A limit of the descriptor, per cent or SI unit, and whether it is kept."""

    split: str
    quantity: str
    measure: str
    limit: float
    value: float | None
    is_least: bool
    known_miss: str
    known_error: float | None
    passed: bool
    is_known_miss: bool


class ChangePart(_Strict):
    """An error beside that of the baseline; `mape` in per cent, `mae` in K."""

    split: str
    quantity: str
    measure: Measure
    before: float
    now: float | None
    margin: float
    is_worse: bool


class FieldPart(_Strict):
    """Whether a quantity of the data set is scored, and at which records it is not."""

    usable: bool
    reasons: list[str]
    rejected: dict[str, str]


class ScoresFile(_Strict):
    """What a validation found over all records, in SI units; `records.csv` has each record."""

    schema_id: Literal[SCHEMA_ID] = Field(alias="$schema")  # type: ignore[valid-type]
    format_version: Literal[FORMAT_VERSION]  # type: ignore[valid-type]
    heatpump_twin_version: str
    dataset: str
    data_fingerprint: str = Field(description="SHA-256 of the readings and their uncertainties")
    machine: str
    source: str
    fmu: FmuPart
    split: Literal["fitted", "as_built"] = Field(description="split of the FMU's own answers")
    parameters_from: str
    deviations_from_fit: list[DeviationPart]
    calibration: CalibrationRecord | None
    compressor_alone: CompressorScore | None
    passed: bool
    unanswered: dict[str, str]
    sets: dict[str, list[int]]
    scores: list[ScorePart]
    limits_not_checked: list[str] = Field(
        description="quantities with a limit that the FMU does not give"
    )
    thresholds: list[ThresholdPart]
    comparison: list[ChangePart]
    fields: dict[str, FieldPart]

    def plain(self) -> dict[str, Any]:
        """Return the content as plain JSON types."""
        content: dict[str, Any] = json.loads(self.model_dump_json(by_alias=True))
        return content
