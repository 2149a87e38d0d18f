"""The report of each shipped machine in a browser: what a reader sees, points at, and prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Tab, chromium, tab

from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.report.html import write_html
from heatpump_twin.harness.report.summary import main_figures, sharpness, worst
from heatpump_twin.harness.scoring.scores import Scores
from heatpump_twin.harness.scoring.validation import machine_of
from heatpump_twin.machine_files.machine_file import read_machine_file

MACHINES = ("mci_lab", "nist_split", "rwth_brine_water")
LARGEST = 2_000_000  # bytes
MOST_PAGES = 8
# A telephone, a laptop and a desk screen, pixels.
SCREENS = ((390, 844), (1280, 800), (1920, 1080))
FIGURES = "[data-chart^=curves-]"


@pytest.fixture(scope="module")
def reports(all_scores: dict[str, Scores], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report of each machine, without pictures for those who run no scripts."""
    folder = tmp_path_factory.mktemp("reports")
    for name, scores in all_scores.items():
        machine = read_machine_file(machine_of(load_dataset(name))).to_machine()
        write_html(scores, machine, {}, {}, folder / f"{name}.html")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def opened(
    browser: Any, reports: Path, name: str, screen: tuple[int, int] = SCREENS[1], **options: Any
) -> Any:
    viewport = dict(zip(("width", "height"), screen, strict=True))
    address = (reports / f"{name}.html").as_uri()
    return tab(browser, address, FIGURES, viewport=viewport, **options)


def is_within(page: Any, selector: str, width: int, height: int) -> bool:
    box = page.locator(selector).first.bounding_box()
    return bool(
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= width
        and box["y"] + box["height"] <= height
    )


@pytest.mark.parametrize("name", MACHINES)
def test_the_file_is_small_and_its_links_lead_somewhere(reports: Path, name: str) -> None:
    html = (reports / f"{name}.html").read_text(encoding="utf-8")
    assert len(html.encode()) <= LARGEST
    links = re.findall(r'href="#([^"]+)"', html)
    assert len(links) >= 9
    for link in links:
        assert html.count(f' id="{link}"') == 1, link
    assert not re.search(r'(?:src|href)="(?!#|data:)', html)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_first_screen_has_verdict_figures_and_diagram(
    browser: Any, reports: Path, name: str, width: int, height: int
) -> None:
    """In light and in dark, which differ in nothing but colours."""
    with opened(browser, reports, name, (width, height), color_scheme="dark") as page_of:
        page = page_of.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for selector in (".verdict", ".figures", "svg.log-p-h"):
            assert is_within(page, selector, width, height), selector
        if width > 1000:
            assert is_within(page, ".judged", width, height)
            assert is_within(page, "[data-chart=summary-parity] svg.plot", width, height)
        colour = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(colour)
        page_of.button("Light colours").click()
        page.wait_for_selector("html[data-theme=light]", state="attached")
        assert page.evaluate(colour) != dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_out(browser: Any, reports: Path, scheme: str) -> None:
    with opened(browser, reports, "mci_lab", color_scheme=scheme) as page_of:
        assert not page_of.barriers()


@pytest.mark.parametrize("name", MACHINES)
def test_print_has_few_pages_and_only_what_paper_shows(
    browser: Any, reports: Path, name: str
) -> None:
    with opened(browser, reports, name) as page_of:
        content = page_of.page.pdf(format="A4")
        assert 2 <= len(re.findall(rb"/Type\s*/Page[^s]", content)) <= MOST_PAGES
        page_of.page.emulate_media(media="print")
        for hidden in ("iframe", ".pick", ".chart .together"):
            assert not page_of.page.locator(hidden).first.is_visible()
        assert page_of.page.locator("svg.log-p-h").is_visible()


def said(page_of: Tab, chart: str) -> str:
    return page_of.text(f"[data-chart={chart}] .readout")


def test_figures_say_the_point_zoom_and_hide_series(
    browser: Any, reports: Path, all_scores: dict[str, Scores]
) -> None:
    scores = all_scores["mci_lab"]
    with opened(browser, reports, "mci_lab") as page_of:
        page = page_of.page
        chart = page.locator("[data-chart=parity-P_el]")
        dots = chart.locator(".series-of.c0 .dot")
        assert dots.count() == len(scores.screening.kept)
        dots.first.scroll_into_view_if_needed()
        dots.first.hover(force=True)  # others may lie on it
        text = said(page_of, "parity-P_el")
        record = int(re.search(r"record\s+(\d+)", text)[1])
        measured = float(re.search(r"measured\s+([\d.]+) W", text)[1])
        predicted = float(re.search(r"predicted\s+([\d.]+) W", text)[1])
        assert measured == pytest.approx(scores.dataset.values.loc[record, "P_el"], abs=0.5)
        assert scores.calibration is not None
        unseen = scores.calibration.frame("leave_one_out", "values").loc[record, "P_el"]
        assert predicted == pytest.approx(unseen, abs=0.5)
        before = dots.first.get_attribute("transform")
        chart.get_by_role("button", name="Zoom in").click()
        assert dots.first.get_attribute("transform") != before
        chart.get_by_role("button", name="Show all").click()
        assert dots.first.get_attribute("transform") == before
        legend = page.locator("[data-figure=parities] .keys").get_by_role("button")
        legend.filter(has_text="not steady").click()
        assert chart.locator(".series-of.aside").count() == 1  # steady at another speed
        residuals = page.locator("[data-figure=residuals] .chart")
        assert residuals.count() == 4  # the speed was the same at all
        page_of.button("temperatures in K").click()
        assert "/ K" in residuals.first.locator("svg.plot").text_content()
        assert page.locator(FIGURES).count() == 3
        box = page.locator("svg.log-p-h").bounding_box()
        page.locator("svg.log-p-h").hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
        assert "kJ/(kg K)" in page_of.text(".log-p-h + .readout")
        assert page.locator(".log-p-h .state").all_text_contents() == ["1", "2", "3", "4"]
        assert page.locator(".log-p-h .isentrope text").count() >= 3


def test_the_summary_says_what_the_scores_say(all_scores: dict[str, Scores]) -> None:
    scores = all_scores["mci_lab"]
    power, heat, cop = main_figures(scores)
    left_out = scores.find("model", "leave_one_out", "P_el")
    assert left_out is not None
    assert power.value == f"{left_out.mape:.1f} %"
    assert power.note.startswith("11 unseen records; 95 % band")
    assert (heat.title, cop.title) == ("heat to the sink, mean error", "COP, mean error")
    found = worst(scores)
    assert found is not None
    assert found.record in scores.screening.kept
    bands = {s.quantity: s for s in sharpness(scores)}
    assert sum(s.inside for s in bands.values() if s.quantity != "COP") == 51
    # Nine times wider than the mean error, and said so: 2.2 (Student, 11 errors) times 1.16 % RMS.
    assert bands["P_el"].share == pytest.approx(9.05, abs=0.05)
    assert bands["P_el"].needed_share == pytest.approx(2.6, abs=0.1)
    assert bands["P_el"].excess > 3.0
