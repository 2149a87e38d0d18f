"""Step an FMU through a log and judge it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import identification

from ..calibration.dynamics_file import was_fitted_to
from ..calibration.record import CalibrationRecord, record_path
from ..data.completion import SPEED
from ..data.fmu_map import FmuMap
from ..data.plateaus import BLOCK
from ..data.series import Series
from ..data.series_descriptor import SeriesDescriptor
from ..progress import Progress, no_progress
from ..stepping.answers import Answers
from ..stepping.long_run import step_through
from ..stepping.replay import STATUS, FmuInfo, inspect_fmu
from .connection import SPEED_USED, STARTS, Connection, Link, connect
from .series_scores import COVERAGE, Band, SeriesScores, score_series

# Longest step of an FMU inside a longer one of the log, s: of the outputs at their ends the mean is
# taken, and a machine's outlets follow in less than a minute.
LONGEST_COMMUNICATION_STEP = 10.0

# Read beside what is scored: power and heat are always of interest.
_ALWAYS = ("P_el", "Q_flow_sink", "Q_flow_source", "T_sink_out", "T_source_out")


def machine_of_series(series: Series) -> Path:
    """Return the machine file of a log.

    Raises
    ------
    InputError
        If it names none, or there is none.
    """
    named = series.descriptor.machine
    if named is None:
        raise InputError(
            f"{series.place}: its descriptor names no machine; add machine = ..., or give an "
            "FMU or a machine file"
        )
    beside = series.folder / named
    return machine_path(str(beside) if beside.is_file() else named)


def validate_series(
    series: Series,
    fmu_path: Path,
    folder: Path,
    *,
    communication_step: float | None = None,
    fmu_map: FmuMap | None = None,
    map_source: str = "",
    progress: Progress = no_progress,
) -> SeriesScores:
    """Step the FMU through a log and score its answers.

    Parameters
    ----------
    series : Series
        The log.
    fmu_path : Path
        The FMU.
    folder : Path
        Where its answers go, as Parquet; what was simulated stays there if the run is interrupted.
    communication_step : float, optional
        Of the FMU, s; the step of the log by default, or parts of it where that is a mean over more
        than ten seconds.
    fmu_map : FmuMap, optional
        Names, units and signs of the FMU's variables, where they are not those of the project.
    map_source : str
        Where the map comes from, in words.
    progress : Progress
        Told of the steps that are done.

    Raises
    ------
    InputError
        If the log's machine, the FMU or its map cannot be used.
    CosimulationError
        If the FMU does not run to the end.
    """
    fmu = inspect_fmu(fmu_path)
    connection = connect(fmu, series, fmu_map, map_source)
    series, provenance, calibration = with_calibration(series, fmu)
    begin = perf_counter()
    simulated, messages, size = simulate(
        series, fmu, connection, folder, communication_step, progress
    )
    stepped = perf_counter()
    scores = score_series(
        series,
        fmu,
        connection,
        simulated,
        provenance,
        bands_of(series, calibration),
        size,
        messages,
    )
    seconds = {"stepping": stepped - begin, "scoring": perf_counter() - stepped}
    return replace(scores, seconds=seconds)


def with_calibration(series: Series, fmu: FmuInfo) -> tuple[Series, str, CalibrationRecord | None]:
    """Take what the calibration of the FMU's machine found: flows that the log lacks, and bands.

    Returns
    -------
    Series
        With the flows found, if the calibration is to the points of the same plant.
    str
        Where the FMU's parameters come from, in words.
    CalibrationRecord or None
        Of the machine, if the FMU was built of the log's machine file as it is.
    """
    if series.descriptor.machine is None:
        return series, "not known: the log names no machine", None
    path = machine_of_series(series)
    machine_file = read_machine_file(path)
    machine = machine_file.to_machine()
    if identification(machine) not in fmu.description:
        text = f"not known: the FMU was not built of this machine file ({machine.name})"
        return series, text, None
    if not record_path(path).is_file():
        text = "not known: no record of a calibration lies beside the machine file"
        return series, text, None
    record = CalibrationRecord.load(record_path(path))
    if record.machine_fingerprint != machine.fingerprint:
        raise InputError(
            f"calibration record {record_path(path)}: of another build than machine file {path}: "
            "the machine file was changed after its calibration; calibrate again"
        )
    kin = kinship(series.descriptor, record)
    text = f"{len(record.records)} records of {record.dataset}, {kin}"
    if was_fitted_to(machine_file, series.descriptor.name):
        text += "; time constants fitted to starts and stops of this log"
    found = record.flows_for(series)
    if found:
        series = series.with_flows(found)
        text += "; flows as it found them"
    return series, text, record


def kinship(descriptor: SeriesDescriptor, record: CalibrationRecord) -> str:
    """Say what the points of a calibration are to a log: errors of a fit predict nothing."""
    if record.dataset != descriptor.points:
        return "of which this log does not say whether they are parts of it"
    if descriptor.points_are_of_this_log:
        return (
            "which are means over parts of this log: its errors are of a fit there, no prediction"
        )
    return "other than this log"


def simulate(
    series: Series,
    fmu: FmuInfo,
    connection: Connection,
    folder: Path,
    communication_step: float | None = None,
    progress: Progress = no_progress,
) -> tuple[pd.DataFrame, tuple[tuple[int, str], ...], float]:
    """Step an FMU through a log.

    Returns
    -------
    pandas.DataFrame
        Its answers, one row a step of the log, SI units; NaN where that lacks an input.
    tuple of (int, str)
        Row, and what the FMU logged.
    float
        Communication step, s.
    """
    parts = _parts(series, communication_step)
    is_whole = series.segments == ((0, len(series)),)
    rows: Any = None if is_whole else np.concatenate([np.arange(a, b) for a, b in series.segments])
    wanted = {*series.scored, *_ALWAYS}
    links = [link for link in connection.outputs if link.quantity in wanted]
    told = _told(fmu, connection, series)
    outputs = [*(link.variable for link in links), *told]
    start_values = connection.start_values_of_log(fmu, series)
    time = series.time if is_whole else series.time[rows]
    answers = Answers(folder, outputs, time, _converter(links, told))
    run = step_through(
        fmu,
        [link.variable for link in connection.inputs],
        _tables(series, connection.inputs, parts),
        answers,
        outputs=outputs,
        segments=[(b - a) * parts for a, b in series.segments],
        every=parts,
        start_values=start_values,
        progress=progress,
    )
    known = [link.quantity for link in links if link.quantity in series.values]
    read = answers.read([*known, *told])
    if not is_whole:
        read.index = pd.Index(rows)
        read = read.reindex(range(len(series)))
    last = len(time) - 1
    messages = tuple(
        (min(i, last) if is_whole else int(rows[min(i, last)]), text) for i, text in run.messages
    )
    return read, messages, float(np.median(series.step)) / parts


def bands_of(series: Series, calibration: CalibrationRecord | None) -> dict[str, Band]:
    """Bands in which 95 % of the readings are expected, by quantity.

    Of a calibrated machine: the calibration's own for records that it had not seen, as the root
    mean square over them. Otherwise: of the readings alone.
    """
    bands = {}
    widths = calibration.frame("leave_one_out", "half_widths") if calibration else pd.DataFrame()
    for q in series.scored:
        if q in widths:
            half = math.sqrt(float((widths[q] ** 2).mean()))
            bands[q] = Band(half, 0.0, "of the calibration, for what it had not seen")
            continue
        absolute = COVERAGE * math.sqrt(float(np.nanmean(series.uncertainty(q) ** 2)))
        bands[q] = Band(absolute, 0.0, "of the readings alone; nothing is known of the FMU's own")
    return bands


def _parts(series: Series, communication_step: float | None) -> int:
    """Into how many steps of the FMU one of the log is divided."""
    usual = float(np.median(series.step))
    if communication_step is None:
        if not series.is_mean:
            return 1
        return max(1, math.ceil(usual / LONGEST_COMMUNICATION_STEP - 1e-9))
    parts = usual / communication_step
    if parts < 1.0 - 1e-9 or abs(parts - round(parts)) > 1e-6 * parts:
        raise InputError(
            f"{series.place}: a communication step of {communication_step:g} s does not divide its "
            f"steps of {usual:g} s; --step brings the log to longer ones"
        )
    return round(parts)


def _tables(
    series: Series, links: Sequence[Link], parts: int
) -> Iterator[np.ndarray[Any, np.dtype[np.float64]]]:
    """Give length and inputs of each step of the FMU, in its units, some steps at a time."""
    asked = None if series.given_quantity == SPEED else series.set_point
    for begin, end in series.segments:
        for first in range(begin, end, BLOCK):
            rows = slice(first, min(end, first + BLOCK))
            table = np.empty(((rows.stop - first) * parts, 1 + len(links)))
            table[:, 0] = np.repeat(series.step[rows] / parts, parts)
            for i, link in enumerate(links, start=1):
                column = series.values[link.quantity].to_numpy()
                if link.quantity == series.given_quantity and asked is not None:
                    column = asked
                values = np.repeat(column[rows], parts)
                if link.quantity == SPEED:
                    values = values * series.runs_in_parts(rows, parts, max(begin, first - 1))
                at_zero = link.from_si(0.0)
                table[:, i] = at_zero + (link.from_si(1.0) - at_zero) * values
            yield table


def _told(fmu: FmuInfo, connection: Connection, series: Series) -> list[str]:
    """Outputs beside the quantities: the status, and speed and starts that the FMU chooses."""
    chosen = (
        [] if series.given_quantity == SPEED or fmu.certificate is None else [SPEED_USED, STARTS]
    )
    return [STATUS] * connection.has_status + [name for name in chosen if name in fmu.outputs]


def _converter(links: Sequence[Link], told: Sequence[str]) -> Any:
    """Return a function that turns the FMU's numbers into quantities in SI units."""

    def convert(frame: pd.DataFrame) -> pd.DataFrame:
        columns = {}
        for link in links:
            at_zero = link.to_si(0.0)
            slope = link.to_si(1.0) - at_zero
            columns[link.quantity] = at_zero + slope * frame[link.variable].to_numpy()
        for name in told:
            columns[name] = frame[name].to_numpy()
        return pd.DataFrame(columns)

    return convert
