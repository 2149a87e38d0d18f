"""A short summary in Markdown, for the pages that CI systems show of a job."""

from __future__ import annotations

from pathlib import Path

from ..scoring.scores import Scores
from . import tables


def write_markdown(scores: Scores, path: Path) -> None:
    """Write verdict, what is wrong, and the table of errors that the terminal shows."""
    descriptor = scores.dataset.descriptor
    table = tables.summary(scores)
    wrong = [
        *tables.deviations(scores),
        *tables.unanswered_records(scores),
        *tables.worse_than_baseline(scores),
        *(f"missed: {line}" for line in tables.missed_limits(scores)),
    ]
    lines = [
        f"## {cell(scores.fmu.model_name)} on {cell(descriptor.name)}",
        "",
        f"**{cell(tables.verdict(scores))}**",
        "",
        *(f"- {cell(line)}" for line in wrong),
        *([""] if wrong else []),
        row(table.header),
        row(["---", *("---:" for _ in table.header[1:])]),
        *(row(cells) for cells in table.rows),
        "",
        table.note,
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def row(cells: list[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(map(cell, cells))} |"


def cell(text: str) -> str:
    """Escape what Markdown or HTML would read as its own; texts of FMUs are not ours."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|").replace("`", "\\`")
