"""The files of the page: libraries as their registry has them, and a text for all that is said."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from browser import AXE

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import QUANTITIES, Boundary, OperatingStatus
from heatpump_twin.page.web_files import FOLDER, index, web_files

# Files of packages of the npm registry, byte for byte.
LIBRARIES = {
    # preact 10.29.8, dist/preact.module.js and hooks/dist/hooks.module.js
    "preact.js": "c30e721ebfdc6e2ad4c18c14d2dfb82667829c8aec27de1207774e3fc16858a8",
    "hooks.js": "a6ee626f2d01570592dd569a792e3f050154aa02890eead8c223fa3ed5aa3d5a",
    # htm 3.1.1, dist/htm.module.js
    "htm.js": "ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4",
}
# axe-core 4.14.1, axe.min.js
AXE_HASH = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


def test_libraries_are_those_of_the_registry_with_their_licences() -> None:
    folder = FOLDER / "vendor"
    found = {f.name: sha256(f.read_bytes()).hexdigest() for f in folder.glob("*.js")}
    assert found == LIBRARIES
    assert sha256(AXE.read_bytes()).hexdigest() == AXE_HASH
    for licence in (folder / "preact.LICENSE", folder / "htm.LICENSE", AXE.with_name("LICENSE")):
        assert "icense" in licence.read_text(encoding="utf-8")


def test_the_html_names_files_that_are_there() -> None:
    html, policy = index("/web/")
    places = re.findall(r'"/web/([^"]+)"', html)
    assert {"main.js", "style.css", "vendor/preact.js", "heat_pump.js"} <= set(places)
    assert set(places) <= set(web_files())
    assert "http" not in html
    assert "unsafe-inline" not in policy
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")


def test_nothing_names_another_origin() -> None:
    for name, content in web_files().items():
        if not name.startswith("vendor/"):
            addresses = re.findall(r"https?://[\w./]+", content.decode())
            assert set(addresses) <= {"http://www.w3.org/2000/svg"}, name


def run_module(name: str, code: str, given: object = None) -> Any:
    """Run code that imports all of a module of the page as `m`, and return what it prints."""
    if shutil.which("node") is None:
        pytest.skip("no Node here, which runs modules outside a browser")
    script = (
        f"import * as m from {json.dumps((FOLDER / name).as_uri())};"
        "import { readFileSync } from 'node:fs';"
        "const given = JSON.parse(readFileSync(0, 'utf8'));"
        f"console.log(JSON.stringify({code}))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def texts() -> dict[str, dict[str, str]]:
    return run_module("texts.js", "m.TABLES")


def test_each_note_of_the_core_is_understood(machine: Machine, certified: CertifiedMap) -> None:
    native = HeatPump(map_file(machine, certified.table))
    rng = np.random.default_rng(3)
    low, high = np.array(list(machine.envelope.ranges.values())).T
    notes: dict[str, int] = {}
    for share in 300 * [0.0] + 300 * [0.5] + 300 * [3.0]:
        wide = rng.uniform(low - share * (high - low), high + share * (high - low))
        if share > 1.0:
            wide[rng.integers(0, len(wide))] = rng.choice([math.nan, -1.0, 20.0, math.inf])
        answer = native.answer(Boundary(*wide))
        notes.update(dict.fromkeys(answer.notes, int(answer.status)))
    read = run_module("notes.js", "given.map((note) => m.readNote(note))", list(notes))
    assert set(notes.values()) >= {
        OperatingStatus.MOVED_TO_ENVELOPE,
        OperatingStatus.INPUT_REJECTED,
    }
    for note, found in zip(notes, read, strict=True):
        assert found["variable"] == note.split(" ")[0], note
        assert found["kind"] != "other"
        if notes[note] == OperatingStatus.INPUT_REJECTED:
            assert found["kind"] == "rejected"
            assert (found["values"][3] is not None) == ("degC" in note)
    kinds = {found["kind"] for found in read}
    assert kinds >= {"outside", "rejected", "above"}


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.5", 1.5), ("1,5", 1.5), (" \N{MINUS SIGN}3 ", -3.0), ("1e3", 1000.0), (".5", 0.5)]
    + [(text, None) for text in ("", "x", "1.2.3", "1e", "Infinity", "0x10", "--1", "1 2")],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float | None) -> None:
    assert run_module("units.js", "m.parse(given)", text) == number


def test_each_language_has_each_text_with_the_same_places() -> None:
    tables = texts()
    assert set(tables) == {"en", "de"}
    assert set(tables["en"]) == set(tables["de"])
    for key, text in tables["en"].items():
        other = tables["de"][key]
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", other)), key
        assert other.strip(), key
    for name in QUANTITIES:
        assert {f"q.{name}", f"s.{name}", f"d.{name}"} <= set(tables["en"]), name


def test_each_text_that_modules_ask_for_is_there_and_none_is_left_over() -> None:
    table = set(texts()["en"])
    code = "".join(
        c.decode() for n, c in web_files().items() if n.endswith(".js") and n != "texts.js"
    )
    asked = set(re.findall(r'\bt\(\s*"([^"]+)"', code))
    assert asked <= table
    # Those whose name is put together, by how they begin.
    begins = {b for b in re.findall(r"\bt(?:\.or)?\(\s*`([^$`]*)\$\{", code) if b}
    left = {k for k in table if f'"{k}"' not in code and not k.startswith(tuple(begins))}
    assert not left
