"""What the watch over a log found: for the terminal, as JSON and as a chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from heatpump_twin.model.errors import InputError
from heatpump_twin.outputs import check_output_folder, staged

from ..data.completion import SPEED
from ..drawing.drift import drift_chart
from ..scoring.drift import BLOCK_LENGTH, BLOCKS_BETWEEN, Drift
from ..scoring.watching import Watched
from ..stepping.answers import SIMULATION, recover
from .folder import save_figure
from .series_tables import stamp
from .tables import Table
from .terminal import rich_table

DRIFT_FILE, CHART = "drift.json", "drift"


def check_drift_folder(folder: Path, replace: bool) -> None:
    """Check that the result can go into `folder`, before any work is done for it.

    Raises
    ------
    InputError
        If the folder holds a result and `replace` is false, or cannot be written to.
    """
    if (folder / SIMULATION).is_dir():
        recover(folder / SIMULATION)
    held = [n for n in (DRIFT_FILE, f"{CHART}.png", SIMULATION) if (folder / n).exists()]
    if held and not replace:
        raise InputError(
            f"output folder {folder}: already holds {', '.join(held)}, which is kept; choose "
            "another folder with -o or replace it with --replace"
        )
    check_output_folder(folder)


def write_drift(watched: Watched, folder: Path) -> None:
    """Write ``drift.json`` and ``drift.png``.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    with staged(folder, f"output folder {folder}") as stage:
        text = json.dumps(content(watched), indent=1) + "\n"
        (stage / DRIFT_FILE).write_text(text, encoding="utf-8")
        begin = float(watched.series.time[0] - watched.series.step[0])
        save_figure(drift_chart(watched.drift, begin), stage / CHART, svg=False)


def content(watched: Watched) -> dict[str, Any]:
    """Return what was found as plain JSON types; SI units."""
    drift = watched.drift
    blocks = drift.blocks
    return {
        "dataset": watched.series.descriptor.name,
        "data_fingerprint": watched.series.fingerprint,
        "parameters_from": watched.provenance,
        "block_length": BLOCK_LENGTH,
        "limit": drift.limit,
        "false_alarms": vars(watched.false_alarms),
        "standard_uncertainties": blocks.standard,
        "blocks": [
            {"end": float(time), "plateau": int(plateau), "departures": row}
            for time, plateau, row in zip(
                blocks.time, blocks.plateau, blocks.departures.to_dict("records"), strict=True
            )
        ],
        "alarm": None
        if drift.alarm is None
        else {
            "time": float(blocks.time[drift.alarm]),
            "since": float(blocks.time[drift.since or 0]) - BLOCK_LENGTH,
            "quantity": drift.quantity,
            "side": drift.side,
            "causes": [
                {
                    "name": c.fault.name,
                    "kind": c.fault.kind,
                    "size": c.size,
                    "unit": c.fault.unit,
                    "misfit": c.misfit,
                }
                for c in drift.causes
            ],
        },
    }


def causes(drift: Drift) -> Table:
    """What may have happened, the best first."""
    return Table(
        "",
        "Causes of which these readings cannot tell which it is; the first fits best.",
        ["cause", "kind", "size", "look at"],
        [
            [c.fault.name, c.fault.kind, f"{c.size:+.2g} {c.fault.unit}", c.fault.advice]
            for c in drift.causes
        ],
    )


def print_drift(watched: Watched, console: Console) -> None:
    """Print whether and since when the machine drifts, what left first, and why that may be."""
    drift, rate = watched.drift, watched.false_alarms

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False)

    say(
        f"{rate.blocks} steady blocks of {BLOCK_LENGTH:g} s; watched: "
        f"{', '.join(drift.blocks.quantities)}"
    )
    say(
        f"false alarms: one in {BLOCKS_BETWEEN:g} blocks is stated, so in {100 * rate.stated:.2g} "
        f"% of logs as long as this; of {rate.copies} simulated ones {100 * rate.simulated:.2g} %"
    )
    if drift.alarm is None:
        say(
            f"no drift; of {rate.copies} copies of this log with noise dealt anew, "
            f"{100 * rate.resampled:.2g} % gave an alarm"
        )
        return
    end = float(drift.blocks.time[drift.alarm])
    since = float(drift.blocks.time[drift.since or 0]) - BLOCK_LENGTH
    side = "above" if drift.side > 0 else "below"
    say(
        f"DRIFT at {stamp(watched.series, end)}, since {stamp(watched.series, since)}: "
        f"{drift.quantity} left first, its readings lie {side} the twin",
        "bold red",
    )
    if watched.series.given_quantity != SPEED:
        say("no cause is told: what faults do is known at a speed, and the log gives none")
    if drift.causes:
        console.print(rich_table(causes(drift), box=None))
