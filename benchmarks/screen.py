"""How soon the page shows something: ``python -m benchmarks.screen [--runs 9]``.

Needs playwright (the extra ``test``) and a Chromium. Prints medians and largest values.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from heatpump_twin.fmu.build import build
from heatpump_twin.live.serving import listen, serve

from .computer import this_computer

MACHINE = "mci_lab"
SLIDES = 60

# Notes when the picture is there, seen from the begin of the navigation.
_FIRST = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("svg.schematic")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.firstPicture = performance.now(); }));
}).observe(document, { subtree: true, childList: true });
"""

# From the event of a slider to the frame that shows its answer, ms.
_SLIDE = """
async (count) => {
  const slider = document.querySelector("[data-input=T_sink_in] input[type=range]");
  const shown = () => document.querySelector("svg.schematic [data-q=P_el]").dataset.si;
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const times = [];
  for (let i = 0; i < count; i++) {
    await frame();
    const before = shown();
    slider.value = 25 + (i * 7) % 30;
    const begin = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    do await frame(); while (shown() === before);
    times.push(performance.now() - begin);
  }
  return times;
}
"""

# From a step that is asked for to the frame that shows it, which has come by the stream, ms.
_STEP = """
async (count) => {
  const session = JSON.parse(localStorage["heatpump-twin.session"]);
  const shown = () => Number(document.querySelector("[data-step]").dataset.step);
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const times = [];
  for (let i = 0; i < count; i++) {
    const next = shown() + 1;
    const begin = performance.now();
    fetch(`/api/sessions/${session}/step`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    do await frame(); while (shown() < next);
    times.push(performance.now() - begin);
  }
  return times;
}
"""


def _measured(browser: Any, address: str, runs: int) -> dict[str, list[float]]:
    first, slides, sizes, steps = [], [], [], []
    for _ in range(runs):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        wire: list[float] = []
        watch = context.new_cdp_session(page)
        watch.send("Network.enable")
        watch.on("Network.loadingFinished", lambda e, w=wire: w.append(e["encodedDataLength"]))
        page.add_init_script(_FIRST)
        page.goto(address)
        page.wait_for_selector("svg.schematic")
        page.wait_for_timeout(300)
        first.append(page.evaluate("window.firstPicture"))
        slides += page.evaluate(_SLIDE, SLIDES)
        sizes.append(sum(wire) / 1e3)
        page.locator("#tab-session").click()
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_selector("svg.series")
        steps += page.evaluate(_STEP, SLIDES)
        page.get_by_role("button", name="End", exact=True).click()
        context.close()
    return {
        "first picture, ms": first,
        "slider to picture, ms": slides,
        "step to screen, ms": steps,
        "page, kB": sizes,
    }


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screen", description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("error: no Chromium here", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        fmu = build(MACHINE, Path(folder) / f"{MACHINE}.fmu").path
        listening = listen("127.0.0.1", 0)
        ready = threading.Event()
        _start(fmu, Path(folder), listening, ready)
        ready.wait(60.0)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            found = _measured(browser, f"http://127.0.0.1:{listening.getsockname()[1]}/", runs)
            browser.close()
    print(f"{this_computer().processor}, load {this_computer().load:.1f}")
    for name, values in found.items():
        print(f"{name:24} median {statistics.median(values):7.1f}   largest {max(values):7.1f}")
    return 0


def _start(fmu: Path, folder: Path, listening: socket.socket, ready: threading.Event) -> None:
    def run() -> None:
        serve(
            [fmu],
            folder / "data",
            listening,
            token="",
            sessions=10,
            idle=3600.0,
            ready=lambda _address: ready.set(),
        )

    threading.Thread(target=run, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
