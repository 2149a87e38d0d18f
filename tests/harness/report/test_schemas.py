"""Published JSON schemas are those of the code, and take what is right and refuse what is wrong."""

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT

from heatpump_twin.harness.data.files import DATASETS, DESCRIPTOR
from heatpump_twin.harness.report.machine_readable import write_json
from heatpump_twin.harness.report.schemas import SCHEMAS, schema_text
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.machine_files.files import MACHINES

MACHINE_FILES = sorted(MACHINES.glob("*.toml"))
ALL = sorted(DATASETS.glob(f"*/{DESCRIPTOR}"))
LOGS = [file for file in ALL if "[time]" in file.read_text(encoding="utf-8")]
DESCRIPTORS = [
    *(file for file in ALL if file not in LOGS),
    ROOT / "harness" / "data" / "templates" / DESCRIPTOR,
]


def published(kind: str) -> dict[str, Any]:
    path = ROOT / "docs" / "schemas" / f"{kind}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def check(content: dict[str, Any], kind: str) -> None:
    jsonschema.Draft202012Validator(published(kind)).validate(content)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_published_schema_is_that_of_the_code(kind: str) -> None:
    text = (ROOT / "docs" / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(kind), f"heatpump-twin schema {kind} writes it again"
    jsonschema.Draft202012Validator.check_schema(published(kind))


def test_shipped_machine_files_and_descriptors_keep_their_schema() -> None:
    assert len(MACHINE_FILES) >= 3
    assert len(DESCRIPTORS) >= 4
    assert len(LOGS) >= 2
    kinds = (("machine", MACHINE_FILES), ("descriptor", DESCRIPTORS), ("series", LOGS))
    for kind, files in kinds:
        for file in files:
            check(tomllib.loads(file.read_text(encoding="utf-8")), kind)


@pytest.mark.parametrize(
    ("kind", "file", "place", "wrong"),
    [
        ("machine", MACHINE_FILES[0], ("compressor", "leakage_coefficient", "unit"), None),
        ("machine", MACHINE_FILES[0], ("compressor", "leakage_coefficient", "source"), None),
        ("machine", MACHINE_FILES[0], ("compressor", "leakage_coefficient", "unt"), "1"),
        ("machine", MACHINE_FILES[0], ("compressor", "leakage"), {"value": 1.0}),
        ("machine", MACHINE_FILES[0], ("envelope",), None),
        ("machine", MACHINE_FILES[0], ("compressor", "leakage_coefficient", "value"), "0.1"),
        ("descriptor", DESCRIPTORS[0], ("columns", "P_compressor_W", "unit"), None),
        ("descriptor", DESCRIPTORS[0], ("columns", "P_compressor_W", "quantity"), "P_ell"),
        ("descriptor", DESCRIPTORS[0], ("columns", "P_compressor_W", "colour"), "red"),
        ("descriptor", DESCRIPTORS[0], ("licence",), None),
    ],
)
def test_a_wrong_file_is_refused(kind: str, file: Path, place: tuple[str, ...], wrong: Any) -> None:
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    check(content, kind)
    part = content
    for key in place[:-1]:
        part = part[key]
    if wrong is None:
        del part[place[-1]]
    else:
        part[place[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        check(content, kind)


def test_scores_of_the_shipped_data_sets_keep_their_schema(
    all_scores: dict[str, Scores], tmp_path: Path
) -> None:
    assert len(all_scores) == 3
    for name, scores in all_scores.items():
        write_json(scores, tmp_path / name)
        content = json.loads((tmp_path / name).read_text(encoding="utf-8"))
        check(content, "scores")
        assert content["$schema"] == published("scores")["$id"]
        for key in ("format_version", "$schema", "scores"):
            without = deepcopy(content)
            del without[key]
            with pytest.raises(jsonschema.ValidationError):
                check(without, "scores")
