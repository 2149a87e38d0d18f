"""The file ``scores.json`` of a log: its one declaration, from which content and schema come."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from heatpump_twin.model.quantities import QUANTITIES

from .scores_file import ConnectionPart, ThresholdPart
from .series_scores import SeriesScores

FORMAT_VERSION = 2
SCHEMA_ID = f"urn:heatpump-twin:schema:series-scores:{FORMAT_VERSION}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SeriesFmuPart(_Strict):
    """The FMU that was stepped; `sha256` is that of the file."""

    model_name: str
    guid: str
    generation_tool: str
    sha256: str
    fmi_version: str
    interface: str
    connection: ConnectionPart
    not_given: list[str] = Field(description="recorded quantities that the FMU does not give")


class SeriesScorePart(_Strict):
    """Errors in one quantity over the steps of one phase; SI units, `nmbe`, `cv_rmse` per cent."""

    phase: str
    quantity: str
    unit: str
    n: int = Field(ge=1)
    hours: float
    bias: float
    rmse: float = Field(ge=0.0)
    maximum: float = Field(ge=0.0)
    nmbe: float | None
    cv_rmse: float | None


class EnergyPart(_Strict):
    """Energy of a period, J; `error` in per cent of the measured."""

    period: str
    quantity: str
    hours: float
    measured: float
    simulated: float
    error: float | None


class OperationPart(_Strict):
    """Energies, J, and starts while the plant heats, makes hot water or defrosts.

    `energies` and `starts` are measured and simulated; energy is that while the compressor runs.
    """

    name: Literal["heating", "hot water", "defrost"]
    hours: float
    energies: dict[str, tuple[float, float]]
    errors: dict[str, float | None] = Field(description="per cent of the measured energy")
    starts: tuple[int, int | None]


class StartPart(_Strict):
    """A start: `begin` in s as the log counts, t63 in s by quantity, measured and simulated."""

    begin: float
    t63: dict[str, tuple[float | None, float | None]]


class WorstPart(_Strict):
    """Where the FMU is farthest off: s as the log counts, error in standard uncertainties."""

    begin: float
    end: float
    error: float


class BandPart(_Strict):
    """Half width of the band in which 95 % of the readings are expected, SI unit."""

    half_width: float
    origin: str


class ResampledPart(_Strict):
    """What became of one column when the log was brought to even steps."""

    name: str
    between: Literal["held", "straight"]
    over: Literal["mean", "sample"]
    readings: int
    steps: int
    missing: int


class SeriesScoresFile(_Strict):
    """What a validation on a log found; ``simulation`` beside it holds the answers."""

    schema_id: Literal[SCHEMA_ID] = Field(alias="$schema")  # type: ignore[valid-type]
    format_version: Literal[FORMAT_VERSION]  # type: ignore[valid-type]
    heatpump_twin_version: str
    dataset: str
    data_fingerprint: str = Field(description="SHA-256 of times, readings and states")
    machine: str | None
    source: str
    fmu: SeriesFmuPart
    parameters_from: str
    steps: int
    step: float = Field(description="usual length of a step, s")
    communication_step: float = Field(description="of the FMU, s")
    is_mean: bool = Field(description="whether results are means over the steps")
    notes: list[str]
    resampled: list[ResampledPart]
    passed: bool
    unanswered: dict[str, int]
    outside_envelope: float | None = Field(description="share of the time on")
    scores: list[SeriesScorePart]
    given: Literal["speed", "heat_flow", "supply_temperature"] = Field(
        description="what the log gives to the FMU: a value of its parameter control"
    )
    energies: list[EnergyPart]
    operations: list[OperationPart]
    starts: list[StartPart]
    worst: WorstPart | None
    bands: dict[str, BandPart]
    thresholds: list[ThresholdPart]
    limits_not_checked: list[str]

    def plain(self) -> dict[str, Any]:
        """Return the content as plain JSON types."""
        content: dict[str, Any] = json.loads(self.model_dump_json(by_alias=True))
        return content


def to_file(scores: SeriesScores) -> SeriesScoresFile:
    """Return the content of ``scores.json``, SI units."""
    series, fmu = scores.series, scores.fmu
    return SeriesScoresFile.model_validate(
        {
            "$schema": SCHEMA_ID,
            "format_version": FORMAT_VERSION,
            "heatpump_twin_version": version("heatpump-twin"),
            "dataset": series.descriptor.name,
            "data_fingerprint": series.fingerprint,
            "machine": series.descriptor.machine,
            "source": series.descriptor.source,
            "fmu": {
                "model_name": fmu.model_name,
                "guid": fmu.guid,
                "generation_tool": fmu.generation_tool,
                "sha256": fmu.sha256,
                "fmi_version": fmu.fmi_version,
                "interface": fmu.interface,
                "connection": scores.connection.to_dict(),
                "not_given": scores.not_given,
            },
            "parameters_from": scores.provenance,
            "steps": len(series),
            "step": float(np.median(series.step)),
            "communication_step": scores.communication_step,
            "is_mean": series.is_mean,
            "notes": list(series.notes),
            "resampled": [vars(r) for r in series.resampled],
            "passed": scores.passed,
            "unanswered": scores.unanswered,
            "outside_envelope": scores.outside,
            "scores": [{**vars(s), "unit": QUANTITIES[s.quantity].unit} for s in scores.scores],
            "energies": [{**vars(e), "error": e.error} for e in scores.energies],
            "given": series.descriptor.given,
            "operations": [
                {**vars(o), "errors": {q: o.error(q) for q in o.energies}}
                for o in scores.operations
            ],
            "starts": [{"begin": s.begin, "t63": s.t63} for s in scores.starts],
            "worst": None
            if scores.worst is None
            else {
                "begin": float(series.time[scores.worst.begin] - series.step[scores.worst.begin]),
                "end": float(series.time[scores.worst.end - 1]),
                "error": scores.worst.error,
            },
            "bands": {
                q: {
                    "half_width": float(b.half_width(np.array([scores.simulated[q].mean()]))[0]),
                    "origin": b.origin,
                }
                for q, b in scores.bands.items()
                if q in scores.simulated
            },
            "thresholds": [
                {**vars(t), "passed": t.passed, "is_known_miss": t.is_known_miss}
                for t in scores.thresholds
            ],
            "limits_not_checked": scores.unchecked,
        }
    )
