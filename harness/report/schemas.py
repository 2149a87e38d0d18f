"""JSON schemas of the files that users and programs write and read, from their declarations."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from heatpump_twin.machine_files.machine_file import MachineFile

from ..data.datasets import Descriptor
from ..data.series_descriptor import SeriesDescriptor
from ..scoring.scores_file import SCHEMA_ID, ScoresFile
from ..scoring.series_file import SCHEMA_ID as SERIES_SCHEMA_ID
from ..scoring.series_file import SeriesScoresFile

# Identifier, title and declaration of each.
SCHEMAS: dict[str, tuple[str, str, type[BaseModel]]] = {
    "machine": ("urn:heatpump-twin:schema:machine", "heatpump-twin machine file", MachineFile),
    "descriptor": (
        "urn:heatpump-twin:schema:descriptor",
        "heatpump-twin descriptor of a data set",
        Descriptor,
    ),
    "series": (
        "urn:heatpump-twin:schema:series",
        "heatpump-twin descriptor of a log",
        SeriesDescriptor,
    ),
    "series_scores": (
        SERIES_SCHEMA_ID,
        "heatpump-twin scores of a validation on a log",
        SeriesScoresFile,
    ),
    "scores": (SCHEMA_ID, "heatpump-twin scores of a validation", ScoresFile),
}


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON schema of one of the kinds of `SCHEMAS`."""
    identifier, title, declaration = SCHEMAS[kind]
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": identifier,
        **declaration.model_json_schema(),
        "title": title,
    }


def schema_text(kind: str) -> str:
    """Return a schema as text, as ``docs/schemas`` has it."""
    return json.dumps(schema(kind), indent=1, ensure_ascii=False) + "\n"
