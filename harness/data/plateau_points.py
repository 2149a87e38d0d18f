"""A data set of points from the steady parts of a log, as `load_dataset` reads it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tomlkit

from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES
from heatpump_twin.outputs import staged

from .completion import HEAT, SPEED
from .datasets import Constant, load_dataset
from .files import DESCRIPTOR
from .plateaus import DEVIATION, DRIFT, WINDOW, Plateau, find_plateaus
from .series import Series
from .series_descriptor import GIVEN_HEAT

TABLE, START = "data.csv", "start.toml"
FILES = (DESCRIPTOR, TABLE, START)

# A plateau's mean is over its last part: at its begin it still settles, s.
AVERAGED = 300.0

# Readings of nearby seconds are not independent; means of so long parts are taken to be, s.
_BATCH = 60.0

# Steps of a part of which the deviation tells something.
_LEAST_BATCHES = 2


@dataclass(frozen=True)
class PointsOfLog:
    """Means of the plateaus of a log.

    Attributes
    ----------
    series : Series
        The log.
    plateaus : list of Plateau
        In the order of time.
    table : pandas.DataFrame
        One row a plateau: begin and end and how much was averaged, s, and mean and standard
        deviation of each quantity, SI units.
    uncertainties : dict of str to float
        Standard uncertainty of the means, by quantity: that of the sensor and that of the mean.
    """

    series: Series
    plateaus: list[Plateau]
    table: pd.DataFrame
    uncertainties: dict[str, float]


def points_of(series: Series) -> PointsOfLog:
    """Find the plateaus of a log and average over each.

    Raises
    ------
    InputError
        If there is none.
    """
    plateaus = find_plateaus(series)
    if not plateaus:
        raise InputError(
            f"{series.place}: holds no steady part: nowhere do the temperatures stay within "
            f"{DEVIATION:g} K and drift by less than {DRIFT:g} K for {WINDOW:g} s while the "
            "compressor runs"
        )
    columns = _columns(series)
    rows = []
    errors: dict[str, list[float]] = {q: [] for q in columns}
    begin = float(series.time[0] - series.step[0])
    for plateau in plateaus:
        first = _first_averaged(series, plateau)
        step = series.step[first : plateau.end]
        row = {
            "begin": series.time[plateau.begin] - series.step[plateau.begin] - begin,
            "end": series.time[plateau.end - 1] - begin,
            "averaged": float(step.sum()),
        }
        for q in columns:
            values = series.values[q].to_numpy()[first : plateau.end]
            known = np.isfinite(values)
            if not known.any():
                row[q] = row[f"{q}_sd"] = np.nan
                continue
            mean = float(np.average(values[known], weights=step[known]))
            row[q], row[f"{q}_sd"] = mean, float(values[known].std())
            errors[q].append(_error_of_mean(values[known], float(np.median(step))))
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="plateau"))
    uncertainties = {
        q: float(
            np.hypot(np.nanmean(series.uncertainty(q)), np.sqrt(np.mean(np.square(errors[q]))))
        )
        for q in columns
        if errors[q]
    }
    return PointsOfLog(series, plateaus, table, uncertainties)


def write_points(points: PointsOfLog, folder: Path) -> list[Path]:
    """Write the point data set; returns its files.

    Raises
    ------
    InputError
        If the folder holds one already, which is kept, or cannot be written to.
    """
    check_points_folder(folder)
    series = points.series
    start = _start_of(series)
    with staged(folder, f"output folder {folder}") as stage:
        _table(points).to_csv(stage / TABLE, float_format="%.6g", lineterminator="\n")
        document = _descriptor(points, start is not None)
        (stage / DESCRIPTOR).write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
        if start is not None:
            shutil.copyfile(start, stage / START)
    return [folder / name for name in FILES if (folder / name).is_file()]


def check_points_folder(folder: Path) -> None:
    """Check that a folder holds no data set, which would be kept.

    Raises
    ------
    InputError
        If it does.
    """
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise InputError(
            f"folder {folder}: already holds {', '.join(taken)}, which is kept; choose a folder "
            "without"
        )


def _columns(series: Series) -> list[str]:
    """Quantities that vary and were read, in the order of the vocabulary."""
    constants = series.descriptor.constants
    return [q for q in QUANTITIES if q in series.values and q not in constants]


def _first_averaged(series: Series, plateau: Plateau) -> int:
    end = float(series.time[plateau.end - 1])
    ends = series.time[plateau.begin : plateau.end]
    return plateau.begin + int(np.searchsorted(ends, end - AVERAGED, "right"))


def _error_of_mean(values: np.ndarray, step: float) -> float:
    """Standard error of the mean of readings that follow each other, from means of batches."""
    size = max(1, round(_BATCH / step))
    batches = len(values) // size
    if batches < _LEAST_BATCHES:
        return float(values.std())
    means = values[: batches * size].reshape(batches, size).mean(axis=1)
    return float(means.std(ddof=1) / batches**0.5)


def _unit(quantity: str) -> tuple[str, float]:
    """Unit in which a quantity is written, and what is taken off its SI value."""
    is_a = QUANTITIES[quantity]
    return ("degC", 273.15) if is_a.unit == "K" and not is_a.is_difference else (is_a.unit, 0.0)


def _header(quantity: str) -> str:
    unit = _unit(quantity)[0]
    return quantity if unit == "1" else f"{quantity}_{unit.replace('/', '_')}"


def _table(points: PointsOfLog) -> pd.DataFrame:
    table = points.table
    written = pd.DataFrame(
        {
            "begin_s": table["begin"],
            "end_s": table["end"],
            "averaged_s": table["averaged"],
            **{_header(q): table[q] - _unit(q)[1] for q in points.uncertainties},
            **{f"{_header(q)}_sd": table[f"{q}_sd"] for q in points.uncertainties},
        },
        index=table.index,
    )
    return written


def _descriptor(points: PointsOfLog, has_start: bool) -> tomlkit.TOMLDocument:
    series = points.series
    descriptor = series.descriptor
    document = tomlkit.document()
    document.add(
        tomlkit.comment(
            f"Steady parts of the log {descriptor.name}, found by heatpump-twin plateaus."
        )
    )
    document.add(
        tomlkit.comment(
            "Uncertainties: of the sensor as the log's descriptor states it, and of the mean."
        )
    )
    document["name"] = f"{descriptor.name}_plateaus"
    document["title"] = f"{len(points.table)} plateaus of: {descriptor.title}"
    document["machine"] = _machine(series)
    document["table"] = TABLE
    document["record"] = "plateau"
    if has_start:
        document["start"] = START
    document["source"] = f"{descriptor.source}. Means over its steady parts."
    document["date"] = descriptor.date
    document["licence"] = descriptor.licence
    columns = tomlkit.table(is_super_table=True)
    by_quantity = {c.quantity: c for c in descriptor.columns.values()}
    unknown = _unknown_speed(points)
    # Heat that is given has the uncertainty of its own flow and temperatures at each point.
    heat = descriptor.derived.get(HEAT) if unknown is not None else None
    for q, u in points.uncertainties.items():
        if q == HEAT and heat is not None:
            continue
        entry = tomlkit.table()
        entry["quantity"] = q
        entry["unit"] = _unit(q)[0]
        entry["uncertainty"] = float(f"{u:.3g}")
        column = by_quantity.get(q)
        if column is None:
            entry["origin"] = "derived"
            entry["note"] = descriptor.derived[q].note or "from flow and temperatures"  # type: ignore[index]
        else:
            if column.origin != "measured":
                entry["origin"] = column.origin
            if not column.score:
                entry["score"], entry["reason"] = False, column.reason
            if column.note:
                entry["note"] = column.note
        if points.table[q].isna().any():
            entry["gaps"] = True
        columns[_header(q)] = entry
    document["columns"] = columns
    kept = {q: c for q, c in descriptor.constants.items() if q != SPEED or unknown is None}
    if kept:
        constants = tomlkit.table(is_super_table=True)
        for name, constant in kept.items():
            entry = tomlkit.table()
            for key, value in constant.model_dump(exclude_defaults=True).items():
                entry[key] = value
            constants[name] = entry
        document["constants"] = constants
    if unknown is not None:
        entry = tomlkit.table()
        entry.comment("the speed is the one that gives the heat, which is an input then")
        if unknown.note:
            entry["note"] = unknown.note
        derived = tomlkit.table(is_super_table=True)
        if heat is not None:
            derived[HEAT] = heat.model_dump(exclude_defaults=True, exclude={"uncertainty"})
        derived[SPEED] = entry
        document["derived"] = derived
    return document


def _unknown_speed(points: PointsOfLog) -> Constant | None:
    """A speed that the log's descriptor only assumes, where heat is given; None without."""
    descriptor = points.series.descriptor
    return descriptor.constants.get(SPEED) if descriptor.given == GIVEN_HEAT else None


def _machine(series: Series) -> str:
    """The machine of the log as the point data set names it: by name, or where its file is."""
    named = series.descriptor.machine
    if named is None:
        return "machine.toml"
    beside = series.folder / named
    return str(beside.resolve()) if beside.is_file() else named


def _start_of(series: Series) -> Path | None:
    """Start file of a calibration: the log's own, or that of the points of the same plant."""
    if series.descriptor.start is not None:
        return machine_path(str(series.folder / series.descriptor.start))
    if series.descriptor.points is None:
        return None
    points = load_dataset(series.descriptor.points)
    if points.descriptor.start is None:
        return None
    return machine_path(str(points.folder / points.descriptor.start))
