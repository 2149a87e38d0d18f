"""The folder of a report on a log: report, scores, JUnit, summary and drawing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from junitparser import Failure, JUnitXml, TestSuite

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES
from heatpump_twin.outputs import check_output_file, check_output_folder, staged

from ..data.series_descriptor import PHASES
from ..drawing.series_window import PHASE_COLOURS, series_window
from ..scoring.series_file import to_file
from ..scoring.series_scores import SeriesScores
from ..stepping.answers import SIMULATION, recover
from . import series_tables
from .folder import DIAGRAMS, JSON, JUNIT, REPORT, SUMMARY, save_figure
from .machine_readable import case_of_limit, case_with
from .markdown import cell, row
from .tables import Table

SERIES_FILES = (REPORT, JSON, JUNIT, SUMMARY)

# Points of the interactive plot; of a longer log each is the mean over some steps.
MOST_POINTS = 20_000

WORST_FILE = "worst_ten_minutes"

_PACKAGES = ("heatpump-twin", "FMPy", "pyarrow", "numpy", "pandas")


def check_series_folder(folder: Path, replace: bool) -> None:
    """Check that a report on a log can go into `folder`, before any work is done for it.

    Answers that a killed run left there are turned into Parquet first, and kept.

    Raises
    ------
    InputError
        If the folder holds a report and `replace` is false, or cannot be written to.
    """
    if (folder / SIMULATION).is_dir():
        recover(folder / SIMULATION)
    held = [name for name in (*SERIES_FILES, DIAGRAMS, SIMULATION) if (folder / name).exists()]
    if held and not replace:
        raise InputError(
            f"report folder {folder}: already holds {', '.join(held)}, which is kept; choose "
            "another folder with -o or replace it with --replace"
        )
    check_output_folder(folder)
    for name in SERIES_FILES:
        check_output_file(folder / name)


def write_series_report(scores: SeriesScores, folder: Path, svg: bool = False) -> None:
    """Write report, scores and the drawing of the worst part into `folder`.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    with staged(folder, f"output folder {folder}") as stage:
        drawings = []
        if scores.worst is not None:
            (stage / DIAGRAMS).mkdir()
            figure = series_window(scores, scores.worst.begin, scores.worst.end)
            save_figure(figure, stage / DIAGRAMS / WORST_FILE, svg)
            png = base64.b64encode((stage / DIAGRAMS / f"{WORST_FILE}.png").read_bytes())
            begin = series_tables.stamp(
                scores.series,
                float(
                    scores.series.time[scores.worst.begin] - scores.series.step[scores.worst.begin]
                ),
            )
            drawings.append(
                (
                    f"The worst ten minutes: from {begin}",
                    f"data:image/png;base64,{png.decode('ascii')}",
                    "measured and simulated values in the ten minutes with the largest errors",
                )
            )
        content = to_file(scores).plain()
        (stage / JSON).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        _write_junit(scores, stage / JUNIT)
        (stage / SUMMARY).write_text(_markdown(scores), encoding="utf-8")
        (stage / REPORT).write_text(_html(scores, drawings), encoding="utf-8")


def _html(scores: SeriesScores, drawings: list[tuple[str, str, str]]) -> str:
    series = scores.series
    first = [series_tables.summary(scores)]
    if scores.thresholds:
        first.append(series_tables.limits(scores))
    tables = [
        series_tables.by_phase(scores),
        series_tables.energies(scores),
        series_tables.operations(scores),
    ]
    if scores.starts:
        tables.append(series_tables.starts(scores))
    data, plotted = plot_data(scores)
    return render_series(
        scores,
        what="validation",
        lead=f"Validation of the FMU {scores.fmu.model_name} against {len(series)} steps",
        good=scores.passed,
        badge="passed" if scores.passed else "failed",
        verdict=series_tables.verdict(scores).partition(": ")[2],
        wrong=[
            *series_tables.wrong(scores),
            *(f"missed: {line}" for line in series_tables.missed(scores)),
        ],
        first=first,
        told=series_tables.told(scores),
        drawings=drawings,
        tables=tables,
        data=data,
        plotted=plotted,
    )


def render_series(scores: SeriesScores, **content: Any) -> str:
    """Fill the template of a report on a log."""
    environment = Environment(
        loader=PackageLoader("heatpump_twin.harness.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
    )
    here = files("heatpump_twin.harness.report")
    data = json.dumps(content.pop("data"))
    return environment.get_template("series.html.j2").render(
        descriptor=scores.series.descriptor,
        fmu=scores.fmu,
        notes=scores.series.notes,
        resampled=series_tables.resampled(scores.series) if scores.series.resampled else None,
        phases=[
            {"name": name, "colour": PHASE_COLOURS[name]}
            for name in series_tables.phases_present(scores)
        ],
        has_worst=scores.worst is not None,
        # Inside a script element only this could end it.
        data=_raw(data.replace("</", "<\\/")),
        uplot=_raw(here.joinpath("vendor", "uplot.js").read_text(encoding="utf-8")),
        uplot_css=_raw(here.joinpath("vendor", "uplot.css").read_text(encoding="utf-8")),
        script=_raw(here.joinpath("series_plot.js").read_text(encoding="utf-8")),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        versions=[f"{name} {version(name)}" for name in _PACKAGES],
        **content,
    )


def _raw(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def plot_data(scores: SeriesScores) -> tuple[dict[str, Any], str]:
    """Return what the interactive plot shows, and in words what a point of it is."""
    series = scores.series
    size = -(-len(series) // MOST_POINTS)
    ends = np.minimum(np.arange(size, len(series) + size, size), len(series)) - 1
    has_date = series.descriptor.time.has_date
    worst = None
    if scores.worst is not None:
        begin = scores.worst.begin
        worst = [
            float(series.time[begin] - series.step[begin]),
            float(series.time[scores.worst.end - 1]),
        ]
    data = {
        "has_date": has_date,
        "zone": series.descriptor.time.zone or "UTC",
        "time": _packed(series.time[ends], np.float64),
        "phase": _packed(scores.phases[ends], np.int8),
        "phases": [{"name": name, "colour": PHASE_COLOURS[name]} for name in PHASES],
        "worst": worst,
        "quantities": [
            {
                "label": QUANTITIES[q].title_with_unit,
                "residual_label": "residual in "
                + ("K" if QUANTITIES[q].unit == "K" else QUANTITIES[q].display.unit),
                "decimals": QUANTITIES[q].display.decimals + 1,
                "measured": _packed(
                    _means(QUANTITIES[q].shown(series.values[q]), size), np.float32
                ),
                "simulated": _packed(
                    _means(QUANTITIES[q].shown(scores.simulated[q]), size), np.float32
                ),
                "half_width": float(
                    scores.bands[q].half_width(np.array([scores.simulated[q].mean()]))[0]
                )
                * QUANTITIES[q].display.factor,
            }
            for q in scores.quantities
        ],
    }
    usual = float(np.median(series.step)) * size
    return data, (
        "Each step of the log is a point."
        if size == 1
        else f"Each point is the mean over {size} steps, {usual:g} s; scores are of all steps."
    )


def _means(values: Any, size: int) -> Any:
    numbers = np.asarray(values, float)
    if size == 1:
        return numbers
    missing = -len(numbers) % size
    padded = np.append(numbers, np.full(missing, numbers[-1])).reshape(-1, size)
    return padded.mean(axis=1)


def _packed(values: Any, kind: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _write_junit(scores: SeriesScores, path: Path) -> None:
    """Write a case for each limit, and one for the answers."""
    name = scores.series.descriptor.name
    limits = TestSuite(f"{name}: limits of the FMU over the log")
    for threshold in scores.thresholds:
        limits.add_testcase(case_of_limit(threshold, name))
    answers = TestSuite(f"{name}: every step answered")
    case = case_with(f"{len(scores.series)} steps", f"{name}.operating_status")
    case.time = scores.seconds.get("stepping", 0.0)
    unanswered = series_tables.wrong(scores)
    if unanswered:
        case.result = [Failure("; ".join(unanswered), type_="not answered")]
    answers.add_testcase(case)
    for operation in scores.operations:
        name = operation.name.replace(" ", "_")
        for quantity, energies in operation.energies.items():
            for kind, joule in zip(("measured", "simulated"), energies, strict=True):
                limits.add_property(f"{name}_{quantity}_{kind}_kWh", f"{joule / 3.6e6:.6g}")
        for kind, count in zip(("measured", "simulated"), operation.starts, strict=True):
            if count is not None:
                limits.add_property(f"{name}_starts_{kind}", str(count))
    for stage, seconds in scores.seconds.items():
        limits.add_property(f"seconds_{stage}", f"{seconds:.3f}")
    xml = JUnitXml()
    for suite in (limits, answers):
        xml.add_testsuite(suite)
    xml.write(str(path), pretty=True)


def _markdown(scores: SeriesScores) -> str:
    table: Table = series_tables.summary(scores)
    wrong = [
        *series_tables.wrong(scores),
        *(f"missed: {line}" for line in series_tables.missed(scores)),
    ]
    name = cell(scores.series.descriptor.name)
    lines = [
        f"## {cell(scores.fmu.model_name)} on {name}",
        "",
        f"**{cell(series_tables.verdict(scores))}**",
        "",
        *(f"- {cell(line)}" for line in wrong),
        *([""] if wrong else []),
        row(table.header),
        row(["---", *("---:" for _ in table.header[1:])]),
        *(row(cells) for cells in table.rows),
        "",
        table.note,
    ]
    return "\n".join(lines) + "\n"
