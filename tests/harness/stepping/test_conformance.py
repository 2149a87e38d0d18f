"""The model description against the standard: by FMPy, by the schema, and by rules of our own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import fmpy
import matplotlib.image
import pytest
from c_host import host_environment
from fmpy.validation import validate_fmu
from lxml import etree

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.stepping.conformance import RULES, dependency_problems, problems_of

PROBE = Path(__file__).parent / "dependencies.py"
SCHEMA = Path(fmpy.__file__).parent / "schema" / "fmi2" / "fmi2ModelDescription.xsd"


def description_of(fmu: Path) -> bytes:
    with zipfile.ZipFile(fmu) as archive:
        return archive.read("modelDescription.xml")


@pytest.fixture(scope="module")
def root(fmu: Path) -> Element:
    return ElementTree.fromstring(description_of(fmu))


@pytest.fixture(scope="module")
def seen(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """What each output was seen to depend on, by the element that lists it."""
    result = tmp_path_factory.mktemp("probe") / "seen.json"
    done = subprocess.run(
        [sys.executable, str(PROBE), str(fmu), str(result)],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(result.read_text())
    return found


def test_fmpy_finds_no_problem(fmu: Path) -> None:
    assert validate_fmu(str(fmu)) == []


def test_schema_of_fmi_2_is_kept(fmu: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    document = etree.fromstring(description_of(fmu))
    schema.assertValid(document)
    document.find("ModelVariables")[0].set("causality", "entrance")
    assert not schema.validate(document)


def test_own_rules_are_kept(root: Element) -> None:
    assert problems_of(root) == []


def variable(root: Element, name: str) -> Element:
    found = root.find(f"ModelVariables/ScalarVariable[@name='{name}']")
    assert found is not None
    return found


def unknowns(root: Element, name: str) -> Element:
    found = root.find(f"ModelStructure/{name}")
    assert found is not None
    return found


def without(root: Element, path: str) -> None:
    found = root.find(path)
    assert found is not None
    root.remove(found)


def swap(parent: Element) -> None:
    first = parent[0]
    parent.remove(first)
    parent.append(first)


# A change that breaks a rule, and what has to be said of it.
BROKEN: list[tuple[Callable[[Element], object], str]] = [
    (
        lambda r: r.set("generationDateAndTime", "2026-01-01T00:00:00+00:00"),
        "2.2.1 (generationDateAndTime)",
    ),
    (lambda r: variable(r, "P_el")[0].set("unit", "kW"), "P_el: unit kW is not defined"),
    (
        lambda r: variable(r, "superheat")[0].set("displayUnit", "degF"),
        "display unit degF is not defined for unit K",
    ),
    (lambda r: without(r, "DefaultExperiment"), "there is no default experiment"),
    (lambda r: r.find("DefaultExperiment").attrib.pop("stopTime"), "does not say stopTime"),
    (lambda r: r.find("DefaultExperiment").set("stepSize", "1e9"), "no room for steps"),
    (lambda r: variable(r, "T_sink_in").set("initial", "exact"), "initial exact of a continuous"),
    (lambda r: variable(r, "T_sink_in").set("variability", "fixed"), "no input is fixed"),
    (
        lambda r: variable(r, "operating_status").set("variability", "continuous"),
        "only a Real is continuous",
    ),
    (lambda r: variable(r, "P_el").set("initial", "exact"), "P_el: needs a start value"),
    (lambda r: variable(r, "T_sink_in")[0].attrib.pop("start"), "T_sink_in: needs a start value"),
    (lambda r: variable(r, "solver")[0].attrib.pop("start"), "solver: needs a start value"),
    (lambda r: variable(r, "COP")[0].set("start", "3"), "COP: may have no start value"),
    (lambda r: variable(r, "T_sink_in")[0].set("start", "35"), "not in ascending order: min"),
    (lambda r: variable(r, "number_of_units")[0].set("max", "0"), "start 1, max 0"),
    (lambda r: variable(r, "COP")[0].set("nominal", "0"), "nominal is 0"),
    (lambda r: without(unknowns(r, "Outputs"), "Unknown"), "Outputs lacks the variables [6]"),
    (lambda r: unknowns(r, "Outputs")[0].set("index", "1"), "Outputs holds [1]"),
    (
        lambda r: without(unknowns(r, "InitialUnknowns"), "Unknown"),
        "InitialUnknowns lacks the variables [6]",
    ),
    (lambda r: swap(unknowns(r, "InitialUnknowns")), "InitialUnknowns is not in ascending order"),
    (lambda r: unknowns(r, "Outputs")[0].set("dependencies", "2 1"), "not in ascending order"),
    (
        lambda r: unknowns(r, "Outputs")[0].set("dependencies", "1 25"),
        "depends on 25, which is no known there",
    ),
    (
        lambda r: unknowns(r, "InitialUnknowns")[0].set("dependencies", "1 7"),
        "depends on 7, which is no known there",
    ),
    (
        lambda r: unknowns(r, "Outputs")[0].set("dependenciesKind", "dependent"),
        "as many dependenciesKind",
    ),
    (
        lambda r: r.find("CoSimulation").set("modelIdentifier", "mci-lab"),
        "'mci-lab' is no identifier of C",
    ),
    (
        lambda r: r.find("CoSimulation").set("canGetAndSetFMUstate", "false"),
        "canSerializeFMUstate without",
    ),
]


@pytest.mark.parametrize(("change", "expected"), BROKEN, ids=[text for _, text in BROKEN])
def test_each_rule_can_fail(
    root: Element, change: Callable[[Element], object], expected: str
) -> None:
    broken = deepcopy(root)
    change(broken)
    said = [str(problem) for problem in problems_of(broken)]
    assert any(expected in text for text in said), said


def test_every_rule_is_shown_to_fail(root: Element) -> None:
    failed = set()
    for change, _ in BROKEN:
        broken = deepcopy(root)
        change(broken)
        failed |= {problem.place for problem in problems_of(broken)}
    assert failed == {place for place, _ in RULES}


@pytest.mark.parametrize("element", ["Outputs", "InitialUnknowns"])
def test_dependencies_are_those_that_are_seen(
    root: Element, seen: dict[str, dict[str, list[str]]], element: str
) -> None:
    assert dependency_problems(root, element, seen[element]) == []


def test_wrong_dependencies_are_found(root: Element, seen: dict[str, dict[str, list[str]]]) -> None:
    broken = deepcopy(root)
    unknown = unknowns(broken, "InitialUnknowns")
    listed = unknown[0].attrib["dependencies"].split()
    # m_flow_sink is left out, and an uncertainty put in.
    changed = sorted({*listed, "27"} - {"5"}, key=int)
    unknown[0].set("dependencies", " ".join(changed))
    unknown[1].attrib.pop("dependencies")
    said = [str(p) for p in dependency_problems(broken, "InitialUnknowns", seen["InitialUnknowns"])]
    place = "FMI 2.0, 2.2.8 (dependencies of InitialUnknowns)"
    assert said == [
        f"{place}: P_el depends on m_flow_sink, which is not listed",
        f"{place}: P_el is said to depend on P_el_relative_uncertainty, never seen",
        f"{place}: Q_flow_sink does not say on what it depends",
    ]


def test_time_of_generation_is_that_of_the_sources(
    root: Element, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "generationDateAndTime" not in root.attrib
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    dated = ElementTree.fromstring(description_of(build("mci_lab", tmp_path / "x.fmu").path))
    assert dated.get("generationDateAndTime") == "2026-01-01T00:00:00Z"
    assert dated.get("guid") == root.get("guid")
    assert problems_of(dated) == []


def test_fmu_has_icon_page_and_list_of_packages(fmu: Path) -> None:
    with zipfile.ZipFile(fmu) as archive:
        picture = archive.read("model.png")
        page = archive.read("documentation/index.html").decode()
        requirements = archive.read("resources/live/requirements.txt").decode()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    pixels = matplotlib.image.imread(BytesIO(picture))
    assert pixels.shape == (200, 200, 4)
    assert len({tuple(p) for row in pixels for p in row}) > 100
    assert "<html" in page
    assert requirements.startswith("numpy==")
