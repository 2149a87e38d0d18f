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
        f"## {_cell(scores.fmu.model_name)} on {_cell(descriptor.name)}",
        "",
        f"**{_cell(tables.verdict(scores))}**",
        "",
        *(f"- {_cell(line)}" for line in wrong),
        *([""] if wrong else []),
        _row(table.header),
        _row(["---", *("---:" for _ in table.header[1:])]),
        *(_row(row) for row in table.rows),
        "",
        table.note,
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Escape what Markdown or HTML would read as its own; texts of FMUs are not ours."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("|", "\\|").replace("`", "\\`")
