"""A real browser, in which pages are clicked through as a person does it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"

# What axe-core finds of these kinds keeps people from using the page.
SERIOUS = ("serious", "critical")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root, as CI runs, has no sandbox; pages are the project's own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page and what went on in it that nobody sees.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page.
    wrong : list of str
        Errors and warnings of its console, and requests to other origins.
    """

    page: Any
    origin: str
    wrong: list[str] = field(default_factory=list)

    def exact(self) -> dict[str, float]:
        """All outputs that are shown, with all digits, SI."""
        texts = self.page.eval_on_selector_all(
            "[data-exact]", "list => list.map(e => [e.dataset.exact, e.textContent])"
        )
        return {name: float(text) for name, text in texts}

    def picture(self) -> dict[str, str]:
        """What the picture of the cycle shows, by quantity."""
        texts = self.page.eval_on_selector_all(
            "svg.schematic [data-q]",
            "list => list.map(e => [e.dataset.q, (e.querySelector('.number') ?? e.lastChild)"
            ".textContent ?? ''].concat(e.tagName === 'text' ? [e.textContent] : []))",
        )
        return {entry[0]: entry[-1].rpartition("↑")[2].strip() for entry in texts}

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.text_content().strip()

    def fill(self, name: str, text: str) -> None:
        """Type a number into the field of an input and leave it."""
        place = self.page.locator(f"#in-{name}")
        place.fill(text)
        place.press("Enter")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def barriers(self) -> list[str]:
        """What axe-core finds that is serious."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run()")["violations"]
        return [
            f"{v['id']}: {v['nodes'][0]['target']} {v['nodes'][0]['failureSummary']}"
            for v in found
            if v["impact"] in SERIOUS
        ]


@contextmanager
def tab(browser: Any, address: str, ready: str = "svg.schematic", **options: Any) -> Iterator[Tab]:
    """Open a page in a profile of its own, and check at the end that nothing was wrong with it."""
    context = browser.new_context(
        **{
            "viewport": {"width": 1280, "height": 900},
            "locale": "en",
            "reduced_motion": "reduce",
            **options,
        }
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    opened = Tab(page, "{0.scheme}://{0.netloc}".format(urlsplit(address)))
    page.on(
        "console",
        lambda m: m.type in ("error", "warning") and opened.wrong.append(f"{m.type}: {m.text}"),
    )
    page.on("pageerror", lambda error: opened.wrong.append(f"error: {error}"))
    page.on("request", lambda request: _note_foreign(opened, request.url))
    page.goto(address)
    page.wait_for_selector(ready, timeout=20_000)
    yield opened
    assert not opened.wrong, opened.wrong
    context.close()


def _note_foreign(opened: Tab, url: str) -> None:
    if not url.startswith((opened.origin, "data:", "blob:")):
        opened.wrong.append(f"request to {url}")
