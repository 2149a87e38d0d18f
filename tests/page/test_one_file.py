"""The twin in one file, opened from a disk."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from browser import chromium, tab
from conftest import random_boundaries

from heatpump_twin.core.heat_pump import HeatPump
from heatpump_twin.core.map_file import map_file
from heatpump_twin.harness.report.html import write_html
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import Machine
from heatpump_twin.page.one_file import twin_page, twin_scripts

LARGEST = 300_000  # bytes of the page without its picture
# Relative. Logarithms and powers of two C libraries may differ in the last bit.
SAME = 1e-12


def test_equal_machines_give_equal_scripts(machine: Machine, certified: CertifiedMap) -> None:
    content = map_file(machine, certified.table)
    first, second = (twin_scripts(machine, certified.certificate, content) for _ in range(2))
    assert first == second


def test_modules_of_a_stranger_are_not_passed_on(unzipped: Path) -> None:
    documentation = (unzipped / "documentation" / "index.html").read_text(encoding="utf-8")
    page = twin_page(documentation)
    assert page is not None
    start, content, end = re.split(r'(?<=id="twin-content">)([^<]*)', documentation, maxsplit=1)
    parts = json.loads(gzip.decompress(base64.b64decode(content)))
    parts["modules"]["twin/what_if.js"] += "\nalert(1);"
    changed = base64.b64encode(gzip.compress(json.dumps(parts).encode())).decode()
    assert twin_page(start + changed + end) is None
    assert twin_page(start + "AAAA" + end) is None
    assert twin_page("<html></html>") is None


def test_a_report_has_the_fmu_at_work_in_it(
    scores: Scores, machine: Machine, certified: CertifiedMap, tmp_path: Path
) -> None:
    write_html(scores, machine, {}, {}, tmp_path / "report.html")
    native = HeatPump(map_file(machine, certified.table))
    native.answer(replace(machine.design.boundary, T_sink_in=318.15))
    power = native.results.P_el
    with (
        chromium() as browser,
        tab(browser, (tmp_path / "report.html").as_uri(), "iframe") as report,
    ):
        twin = report.page.frame_locator("iframe")
        twin.locator("#in-T_sink_in").fill("45")
        twin.locator("[data-q=T_sink_in][data-si='318.15']").wait_for()
        found = float(twin.locator("[data-exact=P_el]").text_content())
        assert found == pytest.approx(power, rel=SAME)


def test_the_fmus_documentation_computes_without_server_and_network(
    unzipped: Path, machine: Machine, certified: CertifiedMap
) -> None:
    page = unzipped / "documentation" / "index.html"
    assert page.stat().st_size <= LARGEST
    native = HeatPump(map_file(machine, certified.table))
    with chromium() as browser, tab(browser, page.as_uri()) as opened:
        assert opened.page.get_by_role("tab").count() == 3
        for boundary in random_boundaries(machine, 8, seed=4):
            given = "&".join(f"{name}={value!r}" for name, value in vars(boundary).items())
            opened.page.goto(f"{page.as_uri()}#/what-if?{given}")
            wanted = json.dumps(boundary.m_flow_sink)
            opened.page.wait_for_selector(f"[data-q=m_flow_sink][data-si='{wanted}']")
            native.answer(boundary)
            found = opened.exact()
            for name, value in vars(native.results).items():
                assert found[name] == pytest.approx(value, rel=SAME, abs=1e-9), name
        opened.fill("T_sink_in", "80")
        assert "outside the envelope" in opened.text("[data-input=T_sink_in] .hint")
        assert not opened.barriers()
        picture = opened.page.locator("article img")
        assert picture.evaluate("image => image.naturalWidth") > 400
