"""The table that a validation prints."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable

from ..scores import DESIGN, OFF_DESIGN, Scores
from .tables import Table, all_errors, headline, held_records, screened_fields, screened_records


def print_scores(scores: Scores, console: Console) -> None:
    """Print screening, headline and verdict."""
    for column in scores.dataset.ignored_columns:
        console.print(f"column {column!r} of the table is not in the descriptor and was ignored")
    fields = screened_fields(scores)
    dropped = [row for row in fields.rows if row[1] != "scored"]
    console.print(_rich(Table(fields.title, fields.note, fields.header, dropped)))
    screening = screened_records(scores)
    dropped = [row for row in screening.rows if row[1] != "kept"]
    console.print(_rich(Table(screening.title, screening.note, screening.header, dropped)))
    for records in (DESIGN, OFF_DESIGN):
        console.print(_rich(all_errors(scores, records, model_only=True)))
    console.print(_rich(headline(scores)))
    for line in held_records(scores):
        console.print(line, style="bold red", markup=False)
    missed = [t for t in scores.thresholds if not t.passed]
    for threshold in missed:
        value = "nothing to measure" if threshold.value is None else f"{threshold.value:.3g}"
        console.print(
            f"missed: {threshold.records} {threshold.quantity} {threshold.measure} = {value}, "
            f"limit {threshold.limit:g}",
            style="bold red",
        )
    if scores.passed:
        console.print(f"passed: {len(scores.thresholds)} limits kept, every record answered")
    else:
        console.print("failed", style="bold red")


def _rich(table: Table) -> RichTable:
    rich = RichTable(title=table.title, caption=table.note, title_justify="left")
    for i, head in enumerate(table.header):
        is_text = i == 0 or head in ("verdict", "reasons")
        rich.add_column(head, justify="left" if is_text else "right")
    for row in table.rows:
        rich.add_row(*row)
    return rich
