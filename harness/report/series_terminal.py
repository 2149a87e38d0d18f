"""What the commands for logs print."""

from __future__ import annotations

from rich.console import Console

from ..data.plateau_points import PointsOfLog
from ..data.series import Series
from ..drawing.style import DISPLAY_UNITS
from .tables import Table
from .terminal import rich_table


def print_notes(series: Series, console: Console) -> None:
    """Print what was found in a log and done to it."""
    for note in series.notes:
        console.print(f"{series.descriptor.name}: {note}", markup=False, highlight=False)
