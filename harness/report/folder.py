"""The folder of a report: written whole or not at all, never over another one unasked."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.outputs import check_output_file, check_output_folder, staged

from ..drawing.log_p_h import gives_cycle, has_cycle, log_p_h
from ..drawing.parity import parity
from ..scoring.scores import MODEL, Scores
from .html import write_html
from .machine_readable import write_json, write_junit

REPORT, JSON, JUNIT, DIAGRAMS = "report.html", "scores.json", "junit.xml", "diagrams"

# Names of the diagrams of a report. Other files beside them belong to the user.
DIAGRAM_FILES = ("log_p_h_*.png", "log_p_h_*.svg", "parity_*.png", "parity_*.svg")

# Dots per inch of PNG files; SVG files lie beside them.
RESOLUTION = 130


def check_folder(folder: Path, replace: bool) -> None:
    """Check that a report can go into `folder`, before any work is done for it; leaves nothing.

    Raises
    ------
    InputError
        If the folder holds a report and `replace` is false, or cannot be written to.
    """
    held = [name for name in (REPORT, JSON, JUNIT, DIAGRAMS) if (folder / name).exists()]
    if held and not replace:
        raise InputError(
            f"report folder {folder}: already holds {', '.join(held)}, which is kept; choose "
            "another folder with -o or replace it with --replace"
        )
    check_output_folder(folder)
    for name in (REPORT, JSON, JUNIT):
        check_output_file(folder / name)
    check_output_folder(folder / DIAGRAMS)


def write_report(scores: Scores, machine: Machine, folder: Path) -> None:
    """Write report, scores and diagrams into `folder`.

    Everything takes its place when all is complete, so that an interrupted run leaves what was
    there.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    with staged(folder, f"output folder {folder}") as stage:
        (stage / DIAGRAMS).mkdir()
        quantities = dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL)
        parity_files = {
            q: save_figure(parity(scores, q), stage / DIAGRAMS / f"parity_{q}") for q in quantities
        }
        cycle_files = {
            record: save_figure(
                log_p_h(scores, machine, record), stage / DIAGRAMS / f"log_p_h_{record}"
            )
            for record in scores.screening.records
            if has_cycle(scores.dataset) and gives_cycle(scores)
        }
        write_json(scores, stage / JSON)
        write_junit(scores, stage / JUNIT)
        write_html(scores, machine, parity_files, cycle_files, stage / REPORT)
        made = {file.name for file in (stage / DIAGRAMS).iterdir()}
    for pattern in DIAGRAM_FILES:
        for old in (folder / DIAGRAMS).glob(pattern):
            if old.name not in made:
                old.unlink()


def save_figure(figure: Figure, stem: Path) -> Path:
    """Save a figure as PNG and SVG; returns the PNG's path."""
    png = stem.with_name(stem.name + ".png")
    figure.savefig(png, dpi=RESOLUTION)
    figure.savefig(stem.with_name(stem.name + ".svg"), metadata={"Date": None})
    return png
