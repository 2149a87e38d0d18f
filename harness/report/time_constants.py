"""What a calibration of time constants prints."""

from __future__ import annotations

from rich.console import Console

from heatpump_twin.model.machine import SECTIONS
from heatpump_twin.model.quantities import QUANTITIES, with_unit

from ..calibration.time_constants import DYNAMICS, TimeConstants
from .series_terminal import print_notes
from .tables import NOTHING, Table
from .terminal import rich_table


def fitted_constants(found: TimeConstants) -> Table:
    """Each fitted number with its standard error."""
    return Table(
        "Fitted",
        "Standard errors are for residuals that follow each other in time; independent: as how "
        "many independent rows these count, for a mean.",
        ["parameter", "before", "fitted", "error", "from", "rows", "independent"],
        [
            [
                f.key,
                f"{f.before:.4g}",
                with_unit(float(f"{f.value:.4g}"), SECTIONS[DYNAMICS][f.key].unit),
                f"{f.standard_error:.2g}",
                f.quantity,
                str(f.rows),
                f"{f.independent:.0f}",
            ]
            for f in found.fitted
        ],
    )


def kept_constants(found: TimeConstants) -> Table:
    """Numbers that stay as they are, with the reason."""
    return Table("Kept", "", ["parameter", "reasons"], [list(row) for row in found.kept.items()])


def errors_of_parts(found: TimeConstants) -> Table:
    """Errors of each start and of what no fit has seen."""
    rows = []
    for part in found.scored:
        for i, (q, fitted) in enumerate(part.fitted.items()):
            unit = QUANTITIES[q].unit
            rows.append(
                [
                    part.part if i == 0 else "",
                    q,
                    f"{part.before[q]:.3g} {unit}",
                    f"{fitted:.3g} {unit}",
                    f"{part.unseen[q]:.3g} {unit}" if q in part.unseen else NOTHING,
                ]
            )
    return Table(
        "Root mean square errors",
        "unseen: by a fit that has not seen this part.",
        ["part", "quantity", "before", "fitted", "unseen"],
        rows,
    )


def print_time_constants(found: TimeConstants, console: Console) -> None:
    """Print what was fitted, what was kept and why, and how well starts are met."""
    print_notes(found.series, console)
    for table in (fitted_constants(found), kept_constants(found), errors_of_parts(found)):
        if table.rows:
            console.print(rich_table(table, box=None))
    console.print(
        f"starts in the log: {found.starts}, stops: {found.stops}; {found.method}",
        markup=False,
        highlight=False,
    )
    if found.starts == 1:
        console.print(
            "standard errors are within this start: how much another one would differ is not known",
            markup=False,
            highlight=False,
        )
