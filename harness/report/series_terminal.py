"""What the commands for logs print."""

from __future__ import annotations

from rich.console import Console

from ..data.plateau_points import PointsOfLog
from ..data.series import Series
from ..scoring.series_scores import SeriesScores
from . import series_tables
from .terminal import rich_table


def print_notes(series: Series, console: Console) -> None:
    """Print what was found in a log and done to it."""
    for note in series.notes:
        console.print(f"{series.descriptor.name}: {note}", markup=False, highlight=False)


def print_plateaus(points: PointsOfLog, console: Console) -> None:
    """Print the steady parts of a log."""
    console.print(rich_table(series_tables.plateaus(points), box=None))


def print_series_scores(scores: SeriesScores, console: Console, verbose: bool = False) -> None:
    """Print errors, energy and the verdict.

    Parameters
    ----------
    scores : SeriesScores
        What was found; the report has all of it.
    console : Console
        Where to.
    verbose : bool
        Whether to print the errors of each phase, energies, starts and resampling, too.
    """
    print_notes(scores.series, console)
    console.print(rich_table(series_tables.summary(scores), box=None))
    if verbose:
        for table in (
            series_tables.limits(scores),
            series_tables.by_phase(scores),
            series_tables.energies(scores),
            series_tables.operations(scores),
            series_tables.starts(scores),
            series_tables.resampled(scores.series),
        ):
            if table.rows:
                console.print(rich_table(table))
    for line in series_tables.told(scores):
        console.print(line, markup=False, highlight=False)
    for line in series_tables.wrong(scores):
        console.print(line, style="bold red", markup=False)
    for line in series_tables.missed(scores):
        console.print(f"missed: {line}", style="bold red", markup=False)
    style = None if scores.passed else "bold red"
    console.print(series_tables.verdict(scores), style=style, markup=False)
