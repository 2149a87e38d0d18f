"""What a validation and a calibration print."""

from __future__ import annotations

import itertools
from dataclasses import replace

from rich.box import HEAVY_HEAD, Box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from ..calibration.calibrating import Calibration
from ..scoring.scores import Scores
from .tables import (
    NOTHING,
    Table,
    at_bounds,
    band,
    calibration_errors,
    certificate,
    compressor,
    deviations,
    fitted_parameters,
    hardly_identified,
    headline,
    heat_given,
    kept_at_start,
    missed_limits,
    of_another_tool,
    of_calibration,
    of_remainder,
    screened_fields,
    screened_records,
    speeds_found,
    summary,
    unanswered_records,
    uncertainties,
    verdict,
    worse_than_baseline,
)

# Of those that are ignored; the others are counted.
NAMED_COLUMNS = 2


def print_scores(scores: Scores, console: Console, verbose: bool = False) -> None:
    """Print the FMU's own errors and the verdict.

    Parameters
    ----------
    scores : Scores
        What was found; the report has all of it.
    console : Console
        Where to.
    verbose : bool
        Whether to print screening, known misses with their reasons, the errors of the calibration
        and those of the map, too.
    """
    if scores.dataset.ignored_columns:
        ignored = _ignored(scores.dataset.ignored_columns, verbose)
        console.print(ignored, markup=False, highlight=False, soft_wrap=True)
    for note in scores.dataset.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if verbose:
        _print_details(scores, console)
    console.print(rich_table(summary(scores), box=None))
    if scores.calibration is None:
        console.print(_provenance(scores), markup=False, highlight=False)
    for line in (*heat_given(scores), *of_another_tool(scores)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for line in (
        *deviations(scores),
        *unanswered_records(scores),
        *worse_than_baseline(scores),
    ):
        console.print(line, style="bold red", markup=False)
    for line in missed_limits(scores, known=verbose):
        console.print(f"missed: {line}", style="bold red", markup=False)
    console.print(verdict(scores), style=None if scores.passed else "bold red", markup=False)


def print_comparison(table: Table, console: Console) -> None:
    """Print the errors of several FMUs side by side."""
    console.print(rich_table(table))


def _ignored(columns: tuple[str, ...], verbose: bool) -> str:
    if len(columns) == 1:
        return f"column {columns[0]!r} of the table is not in the descriptor and was ignored"
    named = columns if verbose else columns[:NAMED_COLUMNS]
    rest = len(columns) - len(named)
    names = ", ".join(map(repr, named)) + (f" and {rest} more" if rest else "")
    return f"columns {names} of the table are not in the descriptor and were ignored"


def _print_details(scores: Scores, console: Console) -> None:
    fields, records = screened_fields(scores), screened_records(scores)
    for table in (
        replace(fields, rows=[row for row in fields.rows if row[-1] != NOTHING]),
        replace(records, rows=[row for row in records.rows if row[-1] != NOTHING]),
        headline(scores),
        *([of_calibration(scores)] if scores.calibration else []),
        *([compressor(scores)] if scores.compressor else []),
    ):
        if table.rows:
            console.print(rich_table(table))
    if scores.calibration is not None:
        console.print(_provenance(scores), markup=False, highlight=False)
    if scores.fmu.certificate:
        largest = ", ".join(f"{q} {most}" for q, *_, most in certificate(scores).rows)
        console.print(
            f"performance map against TESPy, largest errors: {largest}",
            markup=False,
            highlight=False,
        )


def _provenance(scores: Scores) -> str:
    return f"parameters from: {scores.provenance}"


def print_calibration(calibration: Calibration, console: Console) -> None:
    """Print which records took part, what was fitted, and how well left-out records are met."""
    for number, screened in calibration.screening.records.items():
        if screened.reasons:
            console.print(
                f"record {number} is {screened.verdict}: {'; '.join(screened.reasons)}",
                markup=False,
                highlight=False,
            )
    record = calibration.record
    if record is not None:
        parameters, kept = fitted_parameters(record), kept_at_start(record)
        # Names stay whole on 80 columns; the report has the units, too.
        columns = [head not in ("unit", "identified") for head in parameters.header]
        narrow = replace(
            parameters,
            header=list(itertools.compress(parameters.header, columns)),
            rows=[list(itertools.compress(row, columns)) for row in parameters.rows],
        )
        for table in (narrow, *([kept] if kept.rows else []), uncertainties(record)):
            console.print(rich_table(table, box=None))
        for line in (
            *hardly_identified(record),
            of_remainder(record),
            *at_bounds(record),
            *speeds_found(record, calibration.machine),
        ):
            console.print(line, markup=False, highlight=False)
    for line in (*calibration.limits, *filter(None, [calibration.doubt])):
        console.print(line, markup=False, highlight=False)
    console.print(rich_table(calibration_errors(calibration.errors), box=None))
    if record is not None:
        console.print(band(record), markup=False, highlight=False)


def rich_table(table: Table, box: Box | None = HEAVY_HEAD) -> RichTable:
    """Return a table for the terminal."""
    rich = RichTable(
        title=table.title or None,
        caption=escape(table.note) or None,
        title_justify="left",
        box=box,
        pad_edge=box is not None,
    )
    for i, head in enumerate(table.header):
        is_text = i == 0 or head in ("verdict", "reasons")
        # A name that is broken cannot be copied.
        no_wrap = box is None and head != "reasons"
        rich.add_column(
            head, justify="left" if is_text else "right", overflow="fold", no_wrap=no_wrap
        )
    for row in table.rows:
        rich.add_row(*map(escape, row))
    return rich
