"""Plant faults in the recorded log and write docs/drift.md: ``python -m benchmarks.drift``.

The log is that of RWTH Aachen, which is not ours to ship: HEATPUMP_TWIN_DATA names a folder that
holds it, or it is downloaded.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from heatpump_twin.fmu.build import build
from heatpump_twin.harness.data.series import load_series
from heatpump_twin.harness.scoring.drift import (
    ALIKE,
    ALLOWANCE,
    BLOCK_LENGTH,
    BLOCKS_BETWEEN,
    Blocks,
    FalseAlarms,
    Watch,
    false_alarms,
    resampled,
)
from heatpump_twin.harness.scoring.faults import Fault
from heatpump_twin.harness.scoring.watching import watch
from heatpump_twin.machine_files.machine_file import read_machine

LOG, MACHINE = "rwth_brine_water_log", "rwth_brine_water"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "drift.md"

# Copies of the log with each fault, and of the log without.
COPIES, QUIET_COPIES = 200, 1000

# Steady part with which faults begin: three are without.
FIRST = 4

# Of the usual size of a fault.
SIZES = (0.5, 1.0)


@dataclass(frozen=True)
class Planted:
    """What came of a fault of one size.

    Attributes
    ----------
    fault : Fault
        That was planted.
    size : float
        In its unit.
    found : float
        Share of the copies with an alarm after its begin.
    early : float
        Share with an alarm before.
    delay : float or None
        Median steady time from its begin to the alarm, min.
    first : str
        Quantity that left first in most copies.
    named : Counter
        Faults that fitted best, in how many copies.
    among : float
        Share of the alarms that name the planted fault among those that cannot be told apart.
    """

    fault: Fault
    size: float
    found: float
    early: float
    delay: float | None
    first: str
    named: Counter[str]
    among: float


def plant(watcher: Watch, blocks: Blocks, fault: Fault, size: float, copies: Any) -> Planted:
    """Plant a fault in copies of a log, and look for it."""
    effect = watcher.model.departures(fault, size, blocks.boundaries, blocks.quantities)
    begin = int(np.flatnonzero(blocks.plateau >= FIRST)[0])
    effect[:begin] = 0.0
    delays, first, named = [], Counter[str](), Counter[str]()
    early = among = 0
    for i in range(copies.shape[2]):
        drift = watcher.look(blocks.with_departures(copies[:, :, i] + effect))
        if drift.alarm is None:
            continue
        if drift.alarm < begin:
            early += 1
            continue
        delays.append((drift.alarm - begin + 1) * BLOCK_LENGTH / 60.0)
        first[drift.quantity] += 1
        names = [cause.fault.name for cause in drift.causes]
        if names:
            named[names[0]] += 1
        among += fault.name in names
    count = copies.shape[2]
    return Planted(
        fault,
        size,
        len(delays) / count,
        early / count,
        float(np.median(delays)) if delays else None,
        first.most_common(1)[0][0] if first else "",
        named,
        among / len(delays) if delays else 0.0,
    )


def page(rate: FalseAlarms, watcher: Watch, blocks: Blocks, planted: list[Planted]) -> str:
    """Write the page with the figures."""
    environment = Environment(
        loader=PackageLoader("benchmarks", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    largest = [p for p in planted if p.size == p.fault.usual]
    kinds = list(dict.fromkeys(f.kind for f in watcher.faults))
    by_kind: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    kind_of = {f.name: f.kind for f in watcher.faults}
    for p in largest:
        for name, count in p.named.items():
            by_kind[p.fault.kind][kind_of[name]] += count
    return environment.get_template("drift.md.j2").render(
        rate=rate,
        blocks=blocks,
        limit=watcher.limit,
        allowance=ALLOWANCE,
        between=BLOCKS_BETWEEN,
        length=BLOCK_LENGTH,
        alike=ALIKE,
        planted=planted,
        largest=largest,
        copies=COPIES,
        first=FIRST,
        names=[f.name for f in watcher.faults],
        kinds=kinds,
        by_kind=by_kind,
    )


def main() -> None:
    """Measure, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        fmu = build(MACHINE, Path(folder) / f"{MACHINE}.fmu").path
        series = load_series(LOG)
        watched = watch(series, fmu, Path(folder) / "simulation")
    blocks = watched.drift.blocks
    recorded = {column.quantity for column in series.descriptor.columns.values()}
    watcher = Watch(blocks, read_machine(MACHINE), recorded)
    copies = resampled(blocks, COPIES, np.random.default_rng(1), deals_errors=True)
    planted = [
        plant(watcher, blocks, fault, share * fault.usual, copies)
        for fault in watcher.faults
        for share in SIZES
    ]
    rate = false_alarms(blocks, QUIET_COPIES)
    PAGE.write_text(page(rate, watcher, blocks, planted), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
