"""The folder of a report: written whole or not at all, never over another one unasked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.outputs import check_output_file, check_output_folder, staged
from heatpump_twin.running import on_all_cores

from ..drawing.log_p_h import log_p_h
from ..drawing.parity import parity
from ..drawing.selection import Wanted, selected
from ..drawing.style import STYLE
from ..progress import Progress, no_progress
from ..scoring.scores import Scores
from ..scoring.scores_file import MODEL
from .html import write_html
from .machine_readable import write_json, write_junit, write_records
from .markdown import write_markdown
from .tables import RECORDS_FILE

REPORT, JSON, JUNIT, DIAGRAMS = "report.html", "scores.json", "junit.xml", "diagrams"
SUMMARY = "summary.md"
FILES = (REPORT, JSON, JUNIT, SUMMARY, RECORDS_FILE)

# Names of the diagrams of a report. Other files beside them belong to the user.
DIAGRAM_FILES = ("log_p_h_*.png", "log_p_h_*.svg", "parity_*.png", "parity_*.svg")

# Dots per inch of PNG files, and of what is pixels in SVG files.
RESOLUTION = 130

# Of a PNG file: lines and text need few, and the file is a third as large.
COLOURS = 64

# Diagrams of one task at most: what was found goes to the process with each task.
MOST_OF_TASK = 16


def check_folder(folder: Path, replace: bool) -> None:
    """Check that a report can go into `folder`, before any work is done for it; leaves nothing.

    Raises
    ------
    InputError
        If the folder holds a report and `replace` is false, or cannot be written to.
    """
    held = [name for name in (*FILES, DIAGRAMS) if (folder / name).exists()]
    if held and not replace:
        raise InputError(
            f"report folder {folder}: already holds {', '.join(held)}, which is kept; choose "
            "another folder with -o or replace it with --replace"
        )
    check_output_folder(folder)
    for name in FILES:
        check_output_file(folder / name)
    check_output_folder(folder / DIAGRAMS)


def write_report(
    scores: Scores,
    machine: Machine,
    folder: Path,
    wanted: Wanted | None = None,
    svg: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Write report, scores and diagrams into `folder`.

    Everything takes its place when all is complete, so that an interrupted run leaves what was
    there. The diagrams are drawn on all cores.

    Parameters
    ----------
    scores : Scores
        What was found.
    machine : Machine
        Whose FMU was stepped.
    folder : Path
        Made if it is not there.
    wanted : Wanted, optional
        Which log(p)-h diagrams.
    svg : bool
        Whether each diagram is written as SVG beside the PNG.
    progress : Progress
        Told of each diagram.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    with staged(folder, f"output folder {folder}") as stage:
        (stage / DIAGRAMS).mkdir()
        quantities = dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL)
        records = selected(scores, wanted or Wanted())
        stems = _draw(scores, machine, [*quantities, *records], stage / DIAGRAMS, svg, progress)
        parity_files = {q: stems[q].with_suffix(".png") for q in quantities}
        cycle_files = {r: stems[r].with_suffix(".png") for r in records}
        write_records(scores, stage / RECORDS_FILE)
        write_json(scores, stage / JSON)
        write_junit(scores, stage / JUNIT)
        write_markdown(scores, stage / SUMMARY)
        write_html(scores, machine, parity_files, cycle_files, stage / REPORT)
        made = {file.name for file in (stage / DIAGRAMS).iterdir()}
    for pattern in DIAGRAM_FILES:
        for old in (folder / DIAGRAMS).glob(pattern):
            if old.name not in made:
                old.unlink()


def _draw(
    scores: Scores,
    machine: Machine,
    subjects: Sequence[str | int],
    folder: Path,
    svg: bool,
    progress: Progress,
) -> dict[str | int, Path]:
    """Draw quantities (parity) and records (cycle) on all cores; returns files without suffix."""
    kinds = {str: "parity", int: "log_p_h"}
    stems = {s: folder / f"{kinds[type(s)]}_{s}" for s in subjects}
    size = max(1, min(MOST_OF_TASK, len(subjects) // (4 * (os.cpu_count() or 1))))
    batches = [subjects[i : i + size] for i in range(0, len(subjects), size)]

    def told(done: int) -> None:
        progress("drawing", min(done * size, len(subjects)), len(subjects))

    on_all_cores(
        _draw_batch, [(scores, machine, {s: stems[s] for s in b}, svg) for b in batches], told
    )
    return stems


def _draw_batch(scores: Scores, machine: Machine, stems: dict[str | int, Path], svg: bool) -> None:
    for subject, stem in stems.items():
        if isinstance(subject, str):
            figure = parity(scores, subject)
        else:
            figure = log_p_h(scores, machine, subject)
        save_figure(figure, stem, svg)


def save_figure(figure: Figure, stem: Path, svg: bool) -> None:
    """Save a figure as PNG, and as SVG if that is wanted."""
    drawn = BytesIO()
    # The style has a say in how a file is written too: equal figures give equal bytes.
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, dpi=RESOLUTION)
        if svg:
            place = stem.with_name(stem.name + ".svg")
            figure.savefig(place, dpi=RESOLUTION, metadata={"Date": None})
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(COLOURS)
    few.save(stem.with_name(stem.name + ".png"), optimize=True, dpi=(RESOLUTION, RESOLUTION))
