"""The page in a real browser: each function clicked through, digits as API and FMU say."""

from __future__ import annotations

import csv
import json
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import CoolProp
import foreign_fmus
import numpy as np
import pytest
from browser import Tab, chromium, tab
from conftest import ROOT, random_boundaries
from server import Running, running, wait_until

from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.live import client
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
)
from heatpump_twin.solving.media import abstract_state

# Bytes over the wire of the page with core, map and diagram.
LARGEST_PAGE = 300_000
# Relative. Logarithms and powers of two C libraries may differ in the last bit.
SAME = 1e-12
# What the page writes before a negative number.
MINUS = "\N{MINUS SIGN}"
SCREENSHOTS = ROOT / "out" / "page"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def server(browser: Any, fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    # The FMU is built first, so that its map is finished.
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


@contextmanager
def at(
    browser: Any, server: Running, place: str = "", ready: str = "svg.schematic", **options: Any
) -> Iterator[Tab]:
    with tab(browser, f"{server.server.address}/{place}", ready, **options) as opened:
        yield opened


def link(boundary: Boundary) -> str:
    return "#/what-if?" + "&".join(f"{name}={value!r}" for name, value in vars(boundary).items())


def assert_same(found: dict[str, float], expected: dict[str, float]) -> None:
    for name in RESULT_QUANTITIES:
        assert found[name] == pytest.approx(expected[name], rel=SAME, abs=1e-9), name


def shown(name: str, value: float) -> str:
    """A value as the page shows it in English."""
    display = QUANTITIES[name].display
    text = f"{QUANTITIES[name].shown(value):.{display.decimals}f}".replace("-", MINUS)
    return text if display.unit == "1" else f"{text} {display.unit}"


# What if ------------------------------------------------------------------------------------------


def test_the_page_is_small_and_asks_nobody_else(browser: Any, server: Running) -> None:
    context = browser.new_context()
    page = context.new_page()
    sizes: list[float] = []
    watch = context.new_cdp_session(page)
    watch.send("Network.enable")
    watch.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(server.server.address)
    page.wait_for_selector("svg.schematic")
    page.wait_for_load_state("networkidle")
    assert len(sizes) > 20
    assert sum(sizes) <= LARGEST_PAGE
    context.close()


def test_digits_are_those_of_the_api_and_of_the_fmu(
    browser: Any, server: Running, unzipped: Path, machine: Machine
) -> None:
    remote = client.start(server.server, machine="mci_lab")
    with at(browser, server) as opened, Session(unzipped) as session:
        for boundary in random_boundaries(machine, 12, seed=15):
            opened.page.goto(f"{server.server.address}/{link(boundary)}")
            value = f"[data-q=T_sink_in][data-si='{json.dumps(boundary.T_sink_in)}']"
            opened.page.wait_for_selector(value)
            found, answer = opened.exact(), client.step(remote, **vars(boundary))["outputs"]
            session.set(vars(boundary))
            session.advance(60.0)
            assert_same(found, session.get())
            assert_same(found, answer)
            in_picture = opened.picture()
            for name in RESULT_QUANTITIES:
                assert opened.text(f"[data-value={name}]") == shown(name, answer[name]), name
                # In the picture the unit follows in smaller letters.
                assert in_picture[name].replace(" ", "") == shown(name, answer[name]).replace(
                    " ", ""
                )
    client.end(remote)


# Keeps who computes and the power of each state of the page in which nobody is waited for.
WATCH = """() => {
  window.seen = [];
  const look = () => {
    const badge = document.querySelector(".badge[data-computes]:not(.waiting)");
    const power = document.querySelector("[data-exact=P_el]");
    if (badge && power) window.seen.push([badge.dataset.computes, Number(power.textContent)]);
  };
  new MutationObserver(look).observe(document.body,
    { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def test_the_switch_shows_who_computes_and_all_say_the_same(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        opened.fill("T_sink_in", "47.5")
        by_core = opened.exact()
        assert opened.page.locator("[data-computes]").get_attribute("data-computes") == "core"
        opened.button("Server").click()
        opened.page.wait_for_selector(".badge[data-computes=map]:not(.waiting)")
        assert_same(opened.exact(), by_core)
        opened.fill("T_sink_in", "48")
        opened.page.wait_for_selector(f"[data-q=T_sink_in][data-si='{48 + 273.15}']")
        on_server = opened.exact()
        opened.page.evaluate(WATCH)
        opened.button("TESPy").click()
        opened.page.wait_for_selector(".badge[data-computes=live]:not(.waiting)", timeout=60_000)
        live = opened.exact()
        assert live["P_el"] == pytest.approx(on_server["P_el"], rel=2e-3)
        # A map is no solver: they are not the very same.
        assert live["P_el"] != on_server["P_el"]
        # Not for a moment did an answer of the one stand under the name of the other.
        seen = opened.page.evaluate("window.seen")
        assert ["live", live["P_el"]] in seen
        assert {power for computes, power in seen if computes == "live"} == {live["P_el"]}
        remote = client.start(server.server, machine="mci_lab", start_values={"solver": "live"})
        boundary = {q: opened.page.input_value(f"#in-{q}") for q in ("T_source_in",)}
        assert boundary["T_source_in"] == "14.2"
        assert_same(live, client.step(remote, T_sink_in=48 + 273.15)["outputs"])
        client.end(remote)
        opened.button("Browser").click()
        assert_same(opened.exact(), on_server)


# Inputs, status, input at which the reason stands, and part of it.
REASONS = (
    ({"compressor_speed": "0"}, 0, None, "Off"),
    ({"T_sink_in": "62"}, 2, "T_sink_in", "62.0 °C is outside the envelope of 20.0 °C to 55"),
    ({"m_flow_sink": "0"}, 0, "m_flow_sink", "a machine without flow is switched off"),
    ({"m_flow_sink": "0.1"}, 2, "m_flow_sink", "0.134 kg/s is used"),
    (
        {"T_sink_in": "54.9", "compressor_speed": "1.2", "m_flow_sink": "0.14"},
        2,
        None,
        "above the limit of 42.00 bar",
    ),
)


def test_a_status_says_its_reason_at_the_value(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        for inputs, status, place, words in REASONS:
            opened.button("Reset to the design point").click()
            for name, text in inputs.items():
                opened.fill(name, text)
            opened.page.wait_for_selector(f".state-line [data-status='{status}']")
            said = opened.text(f"[data-input={place}] .hint" if place else ".what-if .main")
            assert words in said
            if status == 0:
                assert opened.exact()["P_el"] == 10.0
                assert opened.exact()["COP"] == 0.0


def test_what_is_no_number_is_told_at_the_field_and_changes_nothing(
    browser: Any, server: Running
) -> None:
    with at(browser, server) as opened:
        before = opened.exact()
        field = opened.page.locator("#in-T_sink_in")
        for text in ("", "warm", "1e999", "NaN", "-400", "12.3.4"):
            opened.fill("T_sink_in", text)
            assert field.get_attribute("aria-invalid") == "true", text
            said = opened.text("[data-input=T_sink_in] .hint")
            assert "Expected a number from -80 to 150 °C" in said
            assert opened.exact() == before
        opened.fill("T_sink_in", "40,5")
        assert field.get_attribute("aria-invalid") == "false"
        assert opened.exact() != before


def test_undo_redo_reset_link_and_reload(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        page, first = opened.page, opened.exact()
        opened.fill("T_source_in", "3")
        page.wait_for_timeout(800)
        slider = page.get_by_role("slider", name="Sink inlet, slider")
        slider.fill("50")
        page.wait_for_timeout(800)
        last = opened.exact()
        assert last["T_sink_out"] > 320.0
        page.locator("body").press("Control+z")
        assert page.input_value("#in-T_sink_in") == "35.5"
        opened.button("Undo").click()
        assert opened.exact() == first
        opened.button("Redo").click()
        page.locator("body").press("Control+y")
        assert opened.exact() == last
        page.wait_for_timeout(400)
        page.reload()
        page.wait_for_selector("svg.schematic")
        assert opened.exact() == last
        opened.button("Copy a link to this state").click()
        address = page.url
        assert "T_sink_in=323.15" in address
        opened.button("Reset to the design point").click()
        assert opened.exact() == first
        page.wait_for_timeout(400)
        assert "T_sink_in" not in page.url
    with at(browser, server, address.split("/", 3)[3]) as other:
        assert other.exact() == last


def test_units_side_by_side_and_facts_of_the_machine(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        opened.page.get_by_text("Machine and parameters").click()
        one = opened.exact()
        opened.fill("m_flow_sink", "0.4")
        opened.fill("m_flow_source", "0.5")
        one = opened.exact()
        opened.fill("number_of_units", "2")
        opened.fill("m_flow_sink", "0.8")
        opened.fill("m_flow_source", "1")
        two = opened.exact()
        assert two["P_el"] == pytest.approx(2 * one["P_el"], rel=1e-12)
        opened.fill("number_of_units", "1.5")
        assert "whole number from 1 to 10000" in opened.text("[data-input=number_of_units] .hint")
        facts = opened.text(".facts")
        assert "R410A" in facts
        assert "42.00 bar" in facts


def test_the_diagram_says_the_state_under_the_cursor(
    browser: Any, server: Running, machine: Machine
) -> None:
    state = abstract_state(machine.refrigerant)
    with at(browser, server) as opened:
        page = opened.page
        box = page.locator("svg.log-p-h").bounding_box()
        rng, kinds = np.random.default_rng(7), set()
        for _ in range(40):
            x, y = rng.uniform(60, box["width"] - 20), rng.uniform(60, box["height"] - 50)
            page.mouse.move(box["x"] + x, box["y"] + y)
            said = dict(re.findall(rf"(\w)\s+([{MINUS}\d.]+)", opened.text(".readout")))
            said = {name: float(text.replace(MINUS, "-")) for name, text in said.items()}
            if "T" not in said or said["p"] > 0.8e-5 * state.p_critical():
                continue
            state.update(CoolProp.HmassP_INPUTS, 1e3 * said["h"], 1e5 * said["p"])
            assert said["T"] == pytest.approx(state.T() - 273.15, abs=0.6)
            assert 1e3 * said["s"] == pytest.approx(state.smass(), abs=4.0)
            kinds.add("x" in said)
            if "x" in said:
                assert said["x"] == pytest.approx(state.Q(), abs=0.02)
        assert kinds == {True, False}


def test_the_diagram_is_moved_zoomed_and_has_isolines(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        page = opened.page
        svg = page.locator("svg.log-p-h")

        def cycle() -> Any:
            return page.locator("svg.log-p-h .cycle.simulated path").get_attribute("d")

        whole = cycle()
        opened.button("Zoom in").click()
        zoomed = cycle()
        assert zoomed != whole
        opened.button("Show all").click()
        assert cycle() == whole
        svg.focus()
        svg.press("+")
        assert cycle() == zoomed
        svg.press("ArrowLeft")
        assert cycle() != zoomed
        svg.press("0")
        assert cycle() == whole
        svg.hover()
        page.mouse.wheel(0, -300)
        wait_until(lambda: cycle() != whole)
        before, box = cycle(), svg.bounding_box()
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + 240, box["y"] + 230, steps=3)
        page.mouse.up()
        assert cycle() != before
        opened.button("Isentropes").click()
        assert page.locator(".isentrope").count() > 3
        opened.button("Isotherms").click()
        opened.button("Quality").click()
        assert page.locator(".isotherm").count() == page.locator(".quality").count() == 0
        opened.button("Keep to compare").click()
        opened.fill("T_sink_in", "50")
        assert page.locator("svg.log-p-h .cycle").count() == 2
        opened.button("Remove").click()
        assert page.locator("svg.log-p-h .cycle").count() == 1


def test_the_point_is_moved_in_the_envelope(browser: Any, server: Running) -> None:
    with at(browser, server) as opened:
        opened.page.locator("svg.envelope").click(position={"x": 200, "y": 100})
        moved = {q: opened.page.input_value(f"#in-{q}") for q in ("T_source_in", "T_sink_in")}
        assert moved != {"T_source_in": "14.2", "T_sink_in": "35.5"}
        # The limit of pressure bounds the coloured part.
        assert opened.page.locator("svg.envelope .cell.moved").count() == 1
        opened.fill("compressor_speed", "0")
        assert opened.page.locator("svg.envelope .cell.off").count() == 1


def test_drawings_and_values_are_saved(browser: Any, server: Running, tmp_path: Path) -> None:
    with at(browser, server, accept_downloads=True) as opened:

        def saved(panel: str, name: str) -> bytes:
            with opened.page.expect_download() as waiting:
                opened.page.locator(panel).get_by_role("button", name=name).click()
            waiting.value.save_as(tmp_path / "saved")
            return (tmp_path / "saved").read_bytes()

        for panel in (".p-schematic", ".p-diagram", ".p-envelope"):
            svg = saved(panel, "SVG").decode()
            assert svg.startswith("<svg")
            assert "class=" not in svg
            assert "rgb(" in svg
            png = saved(panel, "PNG")
            assert png[:8] == b"\x89PNG\r\n\x1a\n"
            width, height = struct.unpack(">II", png[16:24])
            assert min(width, height) > 400
        rows = list(csv.reader(saved(".p-values", "CSV").decode().splitlines()))
        values = {name: float(value) for name, value, _ in rows[2:]}
        assert {name: values[name] for name in RESULT_QUANTITIES} == opened.exact()
        assert set(BOUNDARY_QUANTITIES) <= set(values)


def test_german_dark_and_kept(browser: Any, server: Running) -> None:
    with at(browser, server, locale="de-AT", color_scheme="dark") as opened:
        assert opened.text("#tab-records") == "Messungen"
        assert opened.text("[data-value=COP]") == "5,97"
        opened.fill("T_sink_in", "62,5")
        assert "62,5 °C liegt außerhalb von" in opened.text("[data-input=T_sink_in] .hint")
        dark = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        opened.button("Helle Farben").click()
        assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        opened.button("EN").click()
        opened.page.reload()
        opened.page.wait_for_selector("svg.schematic")
        assert opened.text("#tab-records") == "Records"
        assert opened.page.locator("html").get_attribute("data-theme") == "light"


# Records, points, help ----------------------------------------------------------------------------

MINUS = "\N{MINUS SIGN}"


def test_records_beside_their_simulation(browser: Any, server: Running) -> None:
    data = server.ask("GET", "/api/datasets/mci_lab")
    with at(browser, server, "#/records", ".compare") as opened:
        page = opened.page
        assert page.locator("[data-record]").count() == len(data["records"])
        record = data["records"][8]
        page.locator("[data-record='9'] button").click()
        readings = {k: v for k, v in record["readings"].items() if v is not None}
        assert page.locator("[data-measured]").count() == len(readings)
        for name, value in readings.items():
            assert opened.text(f"[data-measured={name}]") == shown(name, value)
            place = page.locator(f"[data-simulated={name}]")
            assert float(place.get_attribute("data-si")) == record["answers"][name]
        assert page.locator(".cycle.measured").count() == 1
        # The record was fitted: beside the residual stands the difference of a fit without it.
        assert record["was_fitted"]
        unseen = record["unseen"]["P_el"] - record["readings"]["P_el"]
        assert opened.text("[data-unseen=P_el]").startswith(
            f"{MINUS if unseen < 0 else '+'}{abs(unseen):.0f} W"
        )
        percent = 100.0 * unseen / record["readings"]["P_el"]
        in_list = opened.text("[data-record='9'] td:nth-child(2)")
        assert in_list == f"{MINUS if percent < 0 else '+'}{abs(percent):.1f} %"
        # Of power and heat a band is known.
        assert page.locator(".compare .in, .compare .out").count() == 2
        opened.button("What if").click()
        page.wait_for_selector("svg.schematic")
        assert_same(opened.exact(), record["answers"])
        assert page.locator(".cycle.measured").count() == 1
        page.locator("#tab-records").click()
        page.locator("[data-record='9'] button").click()
        opened.button("Fork into a session").click()
        page.wait_for_selector("svg.series")
        page.wait_for_selector("[data-step='9']")
        for name in RESULT_QUANTITIES:
            place = page.locator(f"svg.schematic [data-q={name}]").first
            assert float(place.get_attribute("data-si")) == record["answers"][name], name


def test_rating_points_reach_their_outlet(browser: Any, server: Running) -> None:
    remote = client.start(server.server, machine="mci_lab")
    with at(browser, server, "#/points", ".points") as opened:
        assert opened.page.locator("[data-point]").count() == 9
        for row in opened.page.locator("[data-point]").all():
            name = row.get_attribute("data-point")
            exact = [
                float(e.get_attribute("data-exact")) for e in row.locator("[data-exact]").all()
            ]
            sink = float(name.partition("/W")[2])
            assert exact[0] == pytest.approx(sink + 273.15, abs=1e-9)
        row.get_by_role("button", name="What if").click()
        opened.page.wait_for_selector("svg.schematic")
        si = {
            q: float(opened.page.locator(f"svg.schematic [data-q={q}]").get_attribute("data-si"))
            for q in BOUNDARY_QUANTITIES
        }
        answer = client.step(remote, **si)["outputs"]
        assert answer["COP"] == pytest.approx(exact[3], rel=1e-12)
    client.end(remote)


def test_help_explains_each_value(browser: Any, server: Running) -> None:
    with at(browser, server, "#/help", ".help") as opened:
        names = opened.page.locator(".help code").all_inner_texts()
        assert names == list(QUANTITIES)


# Sessions -----------------------------------------------------------------------------------------


@contextmanager
def open_session(browser: Any, server: Running) -> Iterator[tuple[Tab, str]]:
    with at(browser, server, "#/session", ".new") as opened:
        opened.button("Start").click()
        opened.page.wait_for_selector("svg.series")
        yield opened, opened.page.evaluate("JSON.parse(localStorage['heatpump-twin.session'])")


def after(opened: Tab, step: int) -> None:
    opened.page.wait_for_selector(f"[data-step='{step}']")


def drawn(opened: Tab, name: str) -> float:
    place = opened.page.locator(f"svg.schematic [data-q={name}]").first
    return float(place.get_attribute("data-si"))


def test_a_session_is_stepped_followed_taken_back_forked_and_ended(
    browser: Any, server: Running
) -> None:
    with open_session(browser, server) as (opened, session):
        page, path = opened.page, f"/api/sessions/{session}"
        opened.fill("session-T_sink_in", "45")
        opened.button("Step").click()
        after(opened, 1)
        opened.button("10 steps").click()
        after(opened, 11)
        now = server.ask("GET", path)["now"]
        assert now["inputs"]["T_sink_in"] == 318.15
        assert all(drawn(opened, q) == now["outputs"][q] for q in RESULT_QUANTITIES)
        # Another client's step comes by the stream.
        server.ask("POST", f"{path}/step", {"inputs": {"T_source_in": 278.15}})
        after(opened, 12)
        assert drawn(opened, "T_source_in") == 278.15
        page.get_by_label("Advance to").fill("900")
        opened.button("Advance").click()
        after(opened, 15)
        # The cursor drives picture and diagram.
        series = page.locator("svg.series")
        series.focus()
        series.press("Home")
        after(opened, 0)
        assert drawn(opened, "T_sink_in") == 308.65
        for _ in range(5):
            series.press("ArrowRight")
        after(opened, 5)
        results = server.ask("GET", f"{path}/results")
        assert drawn(opened, "COP") == results[5]["outputs"]["COP"]
        value = page.locator("[data-cursor=P_el]").get_attribute("data-si")
        assert float(value) == results[5]["outputs"]["P_el"]
        # Over the window of all: the mean by time.
        mean = page.locator("[data-statistic='P_el.mean']").get_attribute("data-si")
        powers = [r["outputs"]["P_el"] for r in results[1:]]
        assert float(mean) == pytest.approx(np.mean(powers), rel=1e-12)
        opened.button("Fork at step 5").click()
        page.wait_for_selector("text=mci_lab, fork at 5")
        after(opened, 5)
        opened.fill("session-compressor_speed", "0.5")
        opened.button("10 steps").click()
        after(opened, 15)
        page.get_by_label("Compare with …").select_option(session)
        page.wait_for_selector(".series .line.other")
        assert page.locator(".log-p-h .cycle.other").count() == 1
        page.locator("svg.series").focus()
        page.locator("svg.series").press("Home")
        opened.button("Back to step 0").click()
        after(opened, 0)
        # It is there again when the page is loaded again.
        page.reload()
        page.wait_for_selector("svg.series")
        after(opened, 0)
        assert page.locator(".session-list li").count() == 2
        with page.expect_download() as waiting:
            page.locator(".session").get_by_role("button", name="CSV").click()
        assert waiting.value.suggested_filename == "session.csv"
        opened.button("End").click()
        page.wait_for_selector("svg.series", state="detached")
        assert page.locator(".session-list li").count() == 1
        assert server.ask("GET", path)["now"]["step"] == 15


def test_a_session_plays_and_its_kpis_follow(browser: Any, server: Running) -> None:
    with open_session(browser, server) as (opened, session):
        opened.button("One step a second").click()
        after(opened, 2)
        opened.button("Pause").click()
        opened.page.wait_for_timeout(700)
        expected = server.ask("GET", f"/api/sessions/{session}/kpis")["COP"]
        place = opened.page.locator("[data-kpi=COP]")
        assert float(place.get_attribute("data-si")) == expected


def test_problems_are_shown_at_their_field(browser: Any, server: Running) -> None:
    with open_session(browser, server) as (opened, _session):
        page = opened.page
        page.get_by_label("Step size").fill("0")
        opened.button("Step").click()
        page.wait_for_selector(".alert")
        assert "step_size" in opened.text(".alert")
        page.get_by_label("Step size").fill("60")
        opened.button("Step").click()
        after(opened, 1)
        page.get_by_label("Advance to").fill("10")
        opened.button("Advance").click()
        page.wait_for_selector("text=The session is at 60 s already")
        assert opened.text(".commands .hint") == "more than 60"
        # Refusals are answers with an error's status, which browsers also log.
        opened.wrong = [w for w in opened.wrong if "422" not in w]


def test_of_two_pages_the_second_sees_what_the_first_did(browser: Any, server: Running) -> None:
    with open_session(browser, server) as (opened, _session):
        context = opened.page.context
        other = context.new_page()
        other.goto(f"{server.server.address}/#/session")
        other.wait_for_selector("[data-step='0']")
        opened.button("Step").click()
        other.wait_for_selector("[data-step='1']")
        opened.button("End").click()
        other.wait_for_selector("text=the session has ended")


def test_an_fmu_is_brought_and_one_that_is_none_is_refused(
    browser: Any, server: Running, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.fmu"
    bad.write_bytes(b"PK no zip")
    with at(browser, server, "#/session", ".new") as opened:
        upload = opened.page.locator("input[type=file]")
        upload.set_input_files(bad)
        opened.page.wait_for_selector(".alert")
        assert "not a zip file" in opened.text(".alert")
        upload.set_input_files(foreign_fmus.build(tmp_path / "foreign.fmu"))
        opened.page.wait_for_selector("svg.series")
        opened.fill("session-TWat_in", "40")
        opened.button("Step").click()
        after(opened, 1)
        session = opened.page.evaluate("JSON.parse(localStorage['heatpump-twin.session'])")
        now = server.ask("GET", f"/api/sessions/{session}")["now"]
        assert now["inputs"]["TWat_in"] == 40.0
        value = opened.page.locator("[data-cursor=PCom]").get_attribute("data-si")
        assert float(value) == now["outputs"]["PCom"]
        # Nothing is known of its cycle.
        assert opened.page.locator("svg.schematic").count() == 0
        opened.wrong = [w for w in opened.wrong if "422" not in w]


# What goes wrong ----------------------------------------------------------------------------------


def test_a_server_that_is_gone_is_told_and_comes_back(
    browser: Any, fmu: Path, tmp_path: Path
) -> None:
    with running(tmp_path) as first:
        address = first.server.address
        port = address.rpartition(":")[2]
        with at(browser, first, "#/session", ".new") as opened:
            opened.button("Start").click()
            after(opened, 0)
            first.kill()
            opened.page.wait_for_selector("text=connection lost")
            opened.button("Step").click()
            opened.page.wait_for_selector("text=The server cannot be reached")
            with running(tmp_path, "--port", port):
                opened.page.wait_for_selector("text=connected", timeout=30_000)
                opened.button("Step").click()
                after(opened, 1)
                assert opened.page.locator(".alert").count() == 0
            opened.wrong = [w for w in opened.wrong if "ERR_" not in w]


def test_a_server_with_a_token_asks_for_it(browser: Any, fmu: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-many-characters")
    with (
        running(tmp_path / "data", "--token-file", str(file), token=file.read_text()) as server,
        at(browser, server, ready="#token") as opened,
    ):
        opened.page.fill("#token", "wrong")
        opened.button("Open").click()
        opened.page.wait_for_selector(".alert")
        opened.page.fill("#token", file.read_text())
        opened.button("Open").click()
        opened.page.wait_for_selector("svg.schematic")
        opened.page.locator("#tab-session").click()
        opened.button("Start").click()
        after(opened, 0)
        opened.button("Step").click()
        after(opened, 1)
        opened.wrong = [w for w in opened.wrong if "401" not in w]


def test_a_link_with_nonsense_opens_the_design_point(browser: Any, server: Running) -> None:
    place = "#/nowhere?machine=x&T_sink_in=abc&m_flow_sink=-1&compressor_speed=&number_of_units=1.5"
    with at(browser, server, place) as opened:
        assert opened.page.input_value("#in-T_sink_in") == "35.5"
        assert opened.page.input_value("#in-compressor_speed") == "1"


# Everybody ----------------------------------------------------------------------------------------

TABS = {
    "what-if": "svg.schematic",
    "session": ".new",
    "records": ".compare",
    "points": ".points",
    "help": ".help",
}


BUTTONS = {"en": ("Start", "10 steps"), "de": ("Starten", "10 Schritte")}

# Texts of the picture that lie over each other.
OVERLAPS = """
() => {
  const texts = [...document.querySelectorAll("svg.schematic text")]
    .map((e) => [e.textContent, e.getBoundingClientRect()]);
  return texts.flatMap(([a, p], i) => texts.slice(i + 1)
    .filter(([, q]) => Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1
      && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 4)
    .map(([b]) => `${a} over ${b}`));
}
"""


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [(390, "dark", "de"), (390, "light", "en"), (1280, "light", "de"), (1920, "dark", "en")],
)
def test_every_view_fits_and_has_no_barrier(
    browser: Any, server: Running, width: int, theme: str, language: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    options = {
        "viewport": {"width": width, "height": 900},
        "color_scheme": theme,
        "locale": language,
    }
    with at(browser, server, "#/session", ".new", **options) as opened:
        page = opened.page
        start, ten = BUTTONS[language]
        opened.button(start).click()
        after(opened, 0)
        opened.button(ten).click()
        after(opened, 10)
        for name, ready in TABS.items():
            page.locator(f"#tab-{name}").click()
            page.wait_for_selector(ready)
            if name == "session":
                page.wait_for_selector("svg.series")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert not page.evaluate(OVERLAPS), name
            assert not opened.barriers(), name
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)
        page.locator("#tab-what-if").click()
        opened.fill("T_sink_in", "60")
        assert not opened.barriers()
        page.screenshot(path=SCREENSHOTS / f"outside-{width}-{theme}.png", full_page=True)
        # All of it by keys alone.
        page.locator("#tab-what-if").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#tab-session").get_attribute("aria-selected") == "true"


def test_what_the_server_holds_does_not_grow_with_pages(browser: Any, server: Running) -> None:
    sessions = server.ask("GET", "/api")
    with at(browser, server) as opened:
        opened.button("Server").click()
        opened.page.wait_for_selector(".badge[data-computes=map]:not(.waiting)")
        made = opened.page.evaluate(
            "performance.getEntriesByType('resource').map(e => e.name).find(n => /step$/.test(n))"
        )
        name = made.split("/")[-2]
        assert server.ask("GET", f"/api/sessions/{name}")["now"]["step"] == 1
        # The session behind the page ends with it.
        opened.button("Browser").click()
        wait_until(lambda: _is_gone(server, name))
    assert server.ask("GET", "/api") == sessions


def _is_gone(server: Running, name: str) -> bool:
    try:
        server.ask("GET", f"/api/sessions/{name}")
    except client.ServerError as error:
        return error.problem["status"] == 410
    return False
