"""Watch a log of a machine for drift away from its twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.model.errors import InputError

from ..data.completion import SPEED
from ..data.fmu_map import FmuMap
from ..data.series import Series
from ..data.series_descriptor import GIVEN_SUPPLY
from ..progress import Progress, no_progress
from ..stepping.replay import inspect_fmu
from .connection import connect
from .drift import Drift, FalseAlarms, Watch, blocks_of, false_alarms
from .series_validation import bands_of, machine_of_series, simulate, with_calibration


@dataclass(frozen=True)
class Watched:
    """What the watch over a log found.

    Attributes
    ----------
    series : Series
        The log.
    drift : Drift
        First drift, and its causes.
    false_alarms : FalseAlarms
        How far an alarm can be trusted.
    provenance : str
        Which records the twin's parameters come from.
    """

    series: Series
    drift: Drift
    false_alarms: FalseAlarms
    provenance: str


def watch(
    series: Series,
    fmu_path: Path,
    folder: Path,
    fmu_map: FmuMap | None = None,
    map_source: str = "",
    progress: Progress = no_progress,
) -> Watched:
    """Step the FMU through a log and look for drift over its steady parts.

    Parameters
    ----------
    series : Series
        The log; its machine file tells what faults do.
    fmu_path : Path
        The twin.
    folder : Path
        Where its answers go.
    fmu_map : FmuMap, optional
        Names, units and signs of the FMU's variables.
    map_source : str
        Where the map comes from, in words.
    progress : Progress
        Told of the steps that are done.

    Raises
    ------
    InputError
        If the log names no machine, or holds nothing steady to compare.
    CosimulationError
        If the FMU does not run to the end.
    """
    if series.descriptor.given == GIVEN_SUPPLY:
        raise InputError(
            f"{series.place}: drift shows where the FMU runs as the machine did, and with "
            f'control.given = "{GIVEN_SUPPLY}" it starts and stops by itself; expected "speed" or '
            '"heat_flow"'
        )
    machine = read_machine_file(machine_of_series(series)).to_machine()
    fmu = inspect_fmu(fmu_path)
    connection = connect(fmu, series, fmu_map, map_source)
    series, provenance, calibration = with_calibration(series, fmu)
    if not series.scored:
        raise InputError(f"{series.place}: no result is scored, so that no drift could show")
    simulated, _, _ = simulate(series, fmu, connection, folder, None, progress)
    blocks = blocks_of(series, simulated, bands_of(series, calibration))
    recorded = None
    # What faults do is known at a speed; at a given heat the speed answers to them, too.
    if series.given_quantity == SPEED:
        recorded = {column.quantity for column in series.descriptor.columns.values()}
    return Watched(
        series, Watch(blocks, machine, recorded).look(blocks), false_alarms(blocks), provenance
    )
