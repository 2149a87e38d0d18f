"""The self-contained HTML report."""

from __future__ import annotations

import base64
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from heatpump_twin.model.machine import Machine
from heatpump_twin.page.one_file import POLICY, report_scripts, twin_page, twin_style

from ..drawing.log_p_h import has_cycle
from ..drawing.selection import RULE
from ..errors import CosimulationError
from ..scoring.performance import Performance, performance
from ..scoring.scores import Scores
from ..stepping.replay import FmuInfo
from . import tables
from .figures import drawn_records, figures
from .summary import main_figures, predicted_by, sharpness, worst

_PACKAGES = ("heatpump-twin", "tespy", "CoolProp", "pythonfmu", "FMPy", "fluprodia")
_STYLE = Path(__file__).with_name("report.css")


def write_html(
    scores: Scores, machine: Machine, parity: dict[str, Path], cycles: dict[int, Path], path: Path
) -> None:
    """Write the report as one file without references to others.

    Figures are drawn in the browser from the records; where it runs no scripts, the first two
    pictures stand in their place.

    Parameters
    ----------
    scores : Scores
        What was found.
    machine : Machine
        Whose FMU was stepped.
    parity : dict of str to Path
        PNG of the parity plot of each scored quantity.
    cycles : dict of int to Path
        PNG of the log(p)-h diagram of each record that is drawn, the most telling first.
    path : Path
        The file to write.
    """
    environment = Environment(
        loader=PackageLoader("heatpump_twin.harness.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template("report.html.j2")
    found, not_asked = _performance(scores, machine)
    of_calibration = tables.of_calibration(scores) if scores.calibration else None
    variables = tables.connection(scores) if tables.of_another_tool(scores) else None
    twin = _twin(scores.fmu)
    contents = {
        "summary": "Summary",
        "accuracy": "Accuracy",
        "measured": "Simulated against measured",
        "residuals": "Residuals",
        **({"performance": "Curves and rating points"} if found or not_asked else {}),
        **({"work": "The FMU at work"} if twin else {}),
        **(
            {"model": "Fit and map" if scores.calibration else "The FMU"}
            if scores.calibration or scores.compressor or scores.fmu.certificate or variables
            else {}
        ),
        "errors": "All errors",
        "screening": "Screening",
        "records": "Records",
        "sources": "Sources",
    }
    html = template.render(
        scores=scores,
        machine=machine,
        policy=POLICY,
        style=twin_style() + _STYLE.read_text(encoding="utf-8"),
        contents=contents.items(),
        main=main_figures(scores),
        worst=worst(scores),
        predicted=predicted_by(scores),
        sharpness=tables.sharpness(sharpness(scores)) if scores.calibration else None,
        headline=tables.headline(scores),
        of_calibration=of_calibration,
        compressor=tables.compressor(scores) if scores.compressor else None,
        variables=variables,
        certificate=tables.certificate(scores) if scores.fmu.certificate else None,
        calibrated=[
            tables.fitted_parameters(scores.calibration),
            tables.kept_at_start(scores.calibration),
            tables.uncertainties(scores.calibration),
        ]
        if scores.calibration
        else [],
        errors=[
            table
            for split in scores.predictions
            if (table := tables.all_errors(scores, split)).rows
        ],
        screened=[tables.screened_records(scores), tables.screened_fields(scores)],
        records=tables.records(scores),
        verdict=tables.verdict(scores).partition(": ")[2],
        missed=tables.missed_limits(scores),
        wrong=[
            *tables.deviations(scores),
            *tables.unanswered_records(scores),
            *tables.worse_than_baseline(scores),
        ],
        performance=found,
        not_asked=not_asked,
        held=tables.held(found) if found else "",
        rated=tables.rating_points(found) if found else [],
        pictures=_first_pictures(parity, cycles),
        twin=twin,
        drawn=_which_drawn(scores, len(cycles)),
        scripts=report_scripts(figures(scores, machine, found, cycles)),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        version=version("heatpump-twin"),
        versions=[f"{name} {version(name)}" for name in _PACKAGES],
    )
    path.write_text(html, encoding="utf-8")


def _performance(scores: Scores, machine: Machine) -> tuple[Performance | None, str]:
    """What the FMU says beyond the records, or why it was not asked; nothing of either if empty."""
    try:
        found = performance(scores, machine)
    except CosimulationError as error:
        return None, f"Not computed: {error}"
    if found is None:
        return None, "Not computed: nobody has said where an FMU of another tool may be asked."
    return found, ""


def _first_pictures(parity: dict[str, Path], cycles: dict[int, Path]) -> dict[str, str]:
    """The first log(p)-h diagram and the first parity plot, by what they show."""
    first = [(f"log(p)-h diagram of record {r}", file) for r, file in list(cycles.items())[:1]]
    first += [(f"parity plot of {q}", file) for q, file in list(parity.items())[:1]]
    return {title: _embed(file) for title, file in first}


def _twin(fmu: FmuInfo) -> str | None:
    """A page with the FMU's own map at work, if its documentation has that."""
    if fmu.certificate is None:
        return None
    with zipfile.ZipFile(fmu.path) as archive:
        try:
            documentation = archive.read("documentation/index.html").decode("utf-8")
        except (KeyError, ValueError):
            return None
    return twin_page(documentation)


def _which_drawn(scores: Scores, pictures: int) -> str:
    total, drawn = len(scores.screening.records), len(drawn_records(scores))
    text = ""
    if drawn < total:
        text = (
            f"Figures show {drawn} of {total} records: the worst, and others at equal distances. "
        )
    if has_cycle(scores.dataset) and pictures < total:
        text += (
            f"The folder diagrams has log(p)-h diagrams of {pictures} of {total} records. The "
            "option --diagrams of heatpump-twin validate draws others: how many, all, or numbers "
            f"of records. Where no numbers are given, it draws {RULE}."
        )
    return text


def _embed(png: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii")
