"""The self-contained HTML report."""

from __future__ import annotations

import base64
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from heatpump_twin.model.machine import Machine
from heatpump_twin.page.one_file import twin_page

from ..drawing.log_p_h import has_cycle
from ..drawing.selection import RULE
from ..scoring.scores import Scores
from ..stepping.replay import FmuInfo
from . import tables

_PACKAGES = ("heatpump-twin", "tespy", "CoolProp", "pythonfmu", "FMPy", "fluprodia")


def write_html(
    scores: Scores, machine: Machine, parity: dict[str, Path], cycles: dict[int, Path], path: Path
) -> None:
    """Write the report as one file without references to others.

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
    design_record = scores.dataset.descriptor.design_record
    order = [r for r in (design_record, *cycles) if r in cycles]
    html = template.render(
        scores=scores,
        machine=machine,
        headline=tables.headline(scores),
        of_calibration=tables.of_calibration(scores) if scores.calibration else None,
        compressor=tables.compressor(scores) if scores.compressor else None,
        variables=tables.connection(scores) if tables.of_another_tool(scores) else None,
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
        parity={name: _embed(file) for name, file in parity.items()},
        first=order[0] if order else None,
        cycles={record: _embed(file) for record, file in cycles.items()},
        twin=_twin(scores.fmu),
        drawn=_which_drawn(scores, len(cycles)) if has_cycle(scores.dataset) else None,
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        versions=[f"{name} {version(name)}" for name in _PACKAGES],
    )
    path.write_text(html, encoding="utf-8")


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


def _which_drawn(scores: Scores, drawn: int) -> str:
    total = len(scores.screening.records)
    if drawn == total:
        return f"There are log(p)-h diagrams of all {total} records."
    return (
        f"There are log(p)-h diagrams of {drawn} of {total} records. The option --diagrams of "
        "heatpump-twin validate draws others: how many, all, or numbers of records. Where no "
        f"numbers are given, it draws {RULE}."
    )


def _embed(png: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii")
