"""The table that a validation prints."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from ..scores import DESIGN, OFF_DESIGN, Scores
from .tables import (
    NOTHING,
    Table,
    all_errors,
    headline,
    screened_fields,
    screened_records,
    unanswered_records,
)


def print_scores(scores: Scores, console: Console) -> None:
    """Print screening, headline and verdict."""
    for column in scores.dataset.ignored_columns:
        console.print(
            f"column {column!r} of the table is not in the descriptor and was ignored",
            markup=False,
        )
    fields, records = screened_fields(scores), screened_records(scores)
    for table in (
        replace(fields, rows=[row for row in fields.rows if row[-1] != NOTHING]),
        replace(records, rows=[row for row in records.rows if row[-1] != NOTHING]),
        all_errors(scores, DESIGN, model_only=True),
        all_errors(scores, OFF_DESIGN, model_only=True),
        headline(scores),
    ):
        if table.rows:
            console.print(_rich(table))
    for line in unanswered_records(scores):
        console.print(line, style="bold red", markup=False)
    missed = [t for t in scores.thresholds if not t.passed]
    for threshold in missed:
        console.print(
            f"missed: {threshold.records} {threshold.text}: {threshold.finding}", style="bold red"
        )
    if scores.passed:
        limits = len(scores.thresholds)
        console.print(
            f"passed: {f'all {limits} limits kept' if limits else 'no limits set'}, "
            "every record answered"
        )
    else:
        console.print("failed", style="bold red")


def _rich(table: Table) -> RichTable:
    rich = RichTable(title=table.title, caption=escape(table.note), title_justify="left")
    for i, head in enumerate(table.header):
        is_text = i == 0 or head in ("verdict", "reasons")
        rich.add_column(head, justify="left" if is_text else "right", overflow="fold")
    for row in table.rows:
        rich.add_row(*map(escape, row))
    return rich
