"""The table that a validation prints."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from ..calibration.calibrating import Calibration
from ..scoring.scores import Scores
from .tables import (
    NOTHING,
    Table,
    certificate,
    compressor,
    deviations,
    fitted_parameters,
    headline,
    kept_at_start,
    missed_limits,
    of_calibration,
    screened_fields,
    screened_records,
    unanswered_records,
    uncertainties,
    verdict,
)


def print_scores(scores: Scores, console: Console) -> None:
    """Print the FMU's own errors, those of its calibration, screening and verdict."""
    for column in scores.dataset.ignored_columns:
        console.print(
            f"column {column!r} of the table is not in the descriptor and was ignored",
            markup=False,
        )
    fields, records = screened_fields(scores), screened_records(scores)
    for table in (
        headline(scores),
        *([of_calibration(scores)] if scores.calibration else []),
        replace(fields, rows=[row for row in fields.rows if row[-1] != NOTHING]),
        replace(records, rows=[row for row in records.rows if row[-1] != NOTHING]),
        *([compressor(scores)] if scores.compressor else []),
    ):
        if table.rows:
            console.print(_rich(table))
    console.print(f"parameters from: {scores.provenance}", markup=False, highlight=False)
    if scores.fmu.certificate:
        largest = ", ".join(f"{q} {most}" for q, *_, most in certificate(scores).rows)
        console.print(
            f"performance map against TESPy, largest errors: {largest}",
            markup=False,
            highlight=False,
        )
    for line in (*deviations(scores), *unanswered_records(scores)):
        console.print(line, style="bold red", markup=False)
    for line in missed_limits(scores):
        console.print(f"missed: {line}", style="bold red", markup=False)
    console.print(verdict(scores), style=None if scores.passed else "bold red", markup=False)


def print_calibration(calibration: Calibration, console: Console) -> None:
    """Print which records took part, what was fitted, and how well left-out records are met."""
    for number, screened in calibration.screening.records.items():
        if screened.reasons:
            console.print(
                f"record {number} is {screened.verdict}: {'; '.join(screened.reasons)}",
                markup=False,
            )
    record = calibration.record
    if record is not None:
        for table in (fitted_parameters(record), kept_at_start(record), uncertainties(record)):
            console.print(_rich(table))
        inside, total = record.coverage
        console.print(f"95 % band: {inside} of {total} left-out readings lie inside")
    console.print(
        f"mean error in standard uncertainties: start {calibration.start_error:.3g}, left-out "
        f"records {calibration.error:.3g}"
    )


def _rich(table: Table) -> RichTable:
    rich = RichTable(title=table.title, caption=escape(table.note), title_justify="left")
    for i, head in enumerate(table.header):
        is_text = i == 0 or head in ("verdict", "reasons")
        rich.add_column(head, justify="left" if is_text else "right", overflow="fold")
    for row in table.rows:
        rich.add_row(*map(escape, row))
    return rich
