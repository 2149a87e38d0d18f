"""A data set folder for a user's own table: copy, descriptor and start file, as far as it tells."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from heatpump_twin.machine_files.units import from_si
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES
from heatpump_twin.outputs import staged
from heatpump_twin.solving.media import abstract_state, saturation_pressure
from heatpump_twin.solving.property_tables import medium_table

from .catalogue_layout import matrix_table, turned_table, with_levels, with_points
from .completion import SPEED
from .compressor_table import compressor_alone
from .contradictions import check_columns, media_of, outlets
from .datasets import Dataset, load_dataset
from .log_notice import LogTime
from .new_dataset import TEMPLATES, template
from .numerals import POINT
from .proposal import AIR, Proposal, propose
from .tables import Table, TableFormat, read_table
from .unknown_speed import design_record, estimated_speeds

DESCRIPTOR_FILE, TABLE_FILE, START_FILE = TEMPLATES

# The envelope reaches beyond the records: K, and shares of a recorded speed and of others.
_ROOM_KELVIN, _ROOM_OTHERS, _ROOM_SPEED = 3.0, 0.25, 0.1
# Share of a log's rows at either end that set no limit of speed and flow.
_FEW = 0.05
# How far above freezing a liquid source enters at least, K.
_ABOVE_FREEZING = 5.0
# Saturation beyond the media, for the limits of pressure, K; and how near to the critical
# temperature.
_BELOW_SOURCE, _ABOVE_SINK, _OF_CRITICAL = 25.0, 25.0, 0.98
# Below the source's coldest outlet, K, where that is less.
_BELOW_OUTLET = 15.0

# So many records tell what a column contradicts as a whole.
_LOOKED_AT = 1000

# What `init` says above the entry of a speed that nobody read.
_OF_SPEED = (
    "# The speed is the one that gives the recorded heat: heat is an input then, and power is what",
    "# the model predicts. Of an on/off machine take this entry and design_record out, and say:",
    f"# [constants.{SPEED}]",
    "# value = 1.0",
    '# unit = "1"',
    "# uncertainty = 0.01",
)

#: What keys of a column's conversion are.
KEYS = {
    "density": "kg/m3 where it was measured",
    "rated_speed": "speed that counts as 1; the usual one of the table",
    "ambient_pressure": "absolute; that at sea level",
}


@dataclass(frozen=True)
class Begun:
    """A data set that was begun with a user's table.

    Attributes
    ----------
    proposal : Proposal
        What its columns mean.
    dataset : Dataset
        As `load_dataset` reads it.
    contradiction : str
        What contradicts physics in it; empty if nothing does.
    log : LogTime or None
        Of a log over time; `dataset` then has rows in which the machine runs.
    files : tuple of str
        What was written.
    """

    proposal: Proposal
    dataset: Dataset
    contradiction: str
    log: LogTime | None = None
    files: tuple[str, ...] = TEMPLATES


def begin_with_points(folder: Path, name: str, proposal: Proposal, of_log: bool = False) -> Begun:
    """Write a data set of points that `load_dataset` reads.

    Parameters
    ----------
    folder : Path
        Made if needed. What else it holds is left alone.
    name : str
        Of the data set.
    proposal : Proposal
        What its columns mean.
    of_log : bool
        Whether its rows are of a log.

    Raises
    ------
    InputError
        If what was written cannot be read, or the folder cannot be written.
    """
    with staged(folder, f"folder {folder}") as stage:
        _copy(proposal, stage / TABLE_FILE)
        (stage / DESCRIPTOR_FILE).write_text(_descriptor(proposal, name), encoding="utf-8")
        try:
            dataset = load_dataset(str(stage))
        except InputError as error:  # of files that nobody sees yet
            raise InputError(str(error).replace(f"{stage}", f"{folder}")) from error
        if dataset.heat_is_given:
            counted = _design_record(dataset)
            text = _descriptor(proposal, name, counted)
            (stage / DESCRIPTOR_FILE).write_text(text, encoding="utf-8")
            dataset = load_dataset(str(stage))
        (stage / START_FILE).write_text(_start(proposal, dataset, name, of_log), encoding="utf-8")
        contradiction = _contradiction(dataset, proposal.media)
    return Begun(proposal, dataset, contradiction)


def machine_name(folder: Path) -> str:
    """Name the machine after its folder, by letters, digits and underscores, and no digit first."""
    name = re.sub(r"\W+", "_", folder.resolve().name, flags=re.ASCII).strip("_") or "my_heat_pump"
    return f"hp_{name}" if name[0].isdigit() else name


def propose_points(
    file: Path, form: TableFormat, said: dict[str, str], table: Table | None
) -> Proposal:
    """Tell what a table means: as it stands, or made into records as catalogues print them.

    Parameters
    ----------
    file : Path
        The table.
    form : TableFormat
        What is known of how it is written.
    said : dict of str to str
        Column to the quantity that it is, or ``ignore``, where the user knows better.
    table : Table or None
        The same, if it was read.

    Raises
    ------
    InputError
        If the table cannot be read or lacks a quantity.
    """
    try:
        table = table or read_table(file, form)
        return propose(table, said)
    except InputError as error:
        if table is not None and compressor_alone(table):
            raise
        lacking = None
        for reshaped in _reshaped(file, form, table):
            try:
                return propose(reshaped, said)
            except InputError as other:
                lacking = other
        if lacking is not None:  # says more than that the file is no plain table
            raise lacking from error
        raise


def _reshaped(file: Path, form: TableFormat, table: Table | None) -> Iterator[Table]:
    """Give the records of a file that is no plain table, in each way that fits."""
    turned = turned_table(file, form)
    for found in (
        with_points(table) if table is not None else None,
        with_levels(table) if table is not None else None,
        matrix_table(file, form),
        turned,
        with_points(turned) if turned is not None else None,
    ):
        if found is not None:
            yield found


def _contradiction(dataset: Dataset, media: tuple[str, str, str]) -> str:
    every = max(1, len(dataset.values) // _LOOKED_AT)
    try:
        check_columns(replace(dataset, values=dataset.values.iloc[::every]), media)
    except (InputError, SolveError) as error:
        return str(error)
    return ""


def _copy(proposal: Proposal, path: Path) -> None:
    """Copy a table that is text, and write another as CSV: what was read as numbers, as numbers."""
    table = proposal.table
    if table.kind == "text" and not table.is_reshaped:
        shutil.copyfile(table.path, path)
        return
    cells = table.cells.copy()
    for u in proposal.columns:
        cells[u.header.column] = u.values
    cells.to_csv(path, index=False, lineterminator="\n")


def written_format(proposal: Proposal) -> dict[str, Any]:
    """Say how the table in the folder is written."""
    table, form = proposal.table, proposal.table.format
    if table.kind != "text" or table.is_reshaped:
        return {"delimiter": ",", "decimal": POINT, "encoding": "utf-8", "header_row": 1}
    codes = sorted({code for u in proposal.columns for code in u.missing_codes})
    return {
        "delimiter": form.delimiter,
        "decimal": table.decimals(),
        "encoding": form.encoding,
        "header_row": form.header_row,
        "unit_row": form.unit_row or None,
        "missing": [*(form.missing or ()), *codes] or None,
    }


def toml(value: Any) -> str:
    """Write a value of a descriptor."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return f"{value:.10g}"
    return json.dumps(value, ensure_ascii=False)


def remark(text: str) -> str:
    """Write a comment."""
    return "# " + " ".join(text.split())


def _design_record(dataset: Dataset) -> int:
    return design_record(dataset, [int(r) for r in dataset.values.index])


def _descriptor(proposal: Proposal, name: str, counted: int | None = None) -> str:
    """Write what was understood, with a reason for each column.

    `counted` is the record whose speed counts as 1, where no column has the speed.
    """
    table = proposal.table
    lines = [
        f"# What `heatpump-twin init` understood of {table.path.name}.",
        "# Look at names, units and uncertainties. The whole format is described in",
        "# validation_data/README.md of heatpump-twin.",
        "",
        f"name = {toml(name)}",
        f"title = {toml(f'{len(table.cells)} records of {table.path.name}')}",
        'machine = "machine.toml"         # what `heatpump-twin calibrate` writes beside this file',
        f"start = {toml(START_FILE)}             # what it begins with",
        f"table = {toml(TABLE_FILE)}",
    ]
    if proposal.record is not None:
        lines.append(f"record = {toml(proposal.record)}          # the column that numbers them")
    if counted is not None:
        lines.append(f"design_record = {counted}             # its speed counts as 1")
    lines += [
        f"source = {toml(f'file {table.path.name}; say here who measured what, and where')}",
        'licence = "not stated"',
        "",
        "# How the table is written. Each key may be left out: it is found again.",
        "[table_format]",
    ]
    written = {k: v for k, v in written_format(proposal).items() if v is not None}
    lines += [f"{key} = {toml(value)}" for key, value in written.items()]
    lines += [
        "",
        "# The columns. Uncertainties are standard uncertainties, and estimates: put in those of",
        "# your meters. They are the weights of the columns in the fit.",
    ]
    for u in proposal.columns:
        key, value = u.uncertainty
        lines += ["", remark(f"{QUANTITIES[u.quantity].title}: {u.why}")]
        lines.append(f"[columns.{toml(u.header.column)}]")
        lines += [f"quantity = {toml(u.quantity)}", f"unit = {toml(u.unit)}"]
        lines += [f"{k} = {toml(v)}  # {KEYS[k]}" for k, v in u.keys.items()]
        lines.append(f"{key} = {toml(value)}")
        if u.missing:
            lines.append(f"gaps = true  # {u.missing} of {len(u.values)} cells")
    if proposal.constants:
        lines += [
            "",
            "# What no column has. Flows with recorded = false are assumed; the fit may move them.",
        ]
    for quantity, entry in proposal.constants.items():
        lines += ["", f"[constants.{quantity}]", *(f"{k} = {toml(v)}" for k, v in entry.items())]
    if proposal.derived:
        lines += ["", "# What follows from other columns."]
    for quantity, entry in proposal.derived.items():
        lines += [
            "",
            *(_OF_SPEED if quantity == SPEED else ()),
            f"[derived.{quantity}]",
            *(f"{k} = {toml(v)}" for k, v in entry.items()),
        ]
    if proposal.others:
        lines += ["", "# Columns that are not read:"]
        lines += [remark(f"{column!r}: {why}") for column, why in proposal.others.items()]
    lines += [
        "",
        "# Limits that `heatpump-twin validate` checks, once you set them and take the # away.",
        "# [thresholds.as_built]",
        "# P_el = { mape_max = 5.0 }      # per cent; mae_max for temperatures, in K",
        "# [thresholds.fitted]",
        "# P_el = { mape_max = 3.0 }",
    ]
    return "\n".join(lines) + "\n"


def _start(proposal: Proposal, dataset: Dataset, name: str, of_log: bool) -> str:
    """Write the start file: usual numbers, the media, and an envelope around the records."""
    refrigerant, source, _ = proposal.media
    document = tomlkit.parse(template(START_FILE))
    document["name"], document["title"] = name, f"The heat pump of {proposal.table.path.name}"
    keys = ("refrigerant", "source_medium", "sink_medium")
    for key, medium, why in zip(keys, proposal.media, proposal.why_media, strict=True):
        document[key] = tomlkit.string(medium).comment(why)
    if of_log and dataset.heat_is_given:
        # A wide range of speeds has no finer map; what a log fits is off by far more.
        document["map_tolerance"] = {"value": 0.005, "unit": "1", "source": "estimate"}
    envelope: Any = document["envelope"]
    for quantity in BOUNDARY_QUANTITIES:
        values, of = dataset.values[quantity], "of the table"
        is_estimate = quantity == SPEED and dataset.heat_is_given
        if is_estimate:
            values = estimated_speeds(dataset, refrigerant, _design_record(dataset))
            of = "estimated from heat:"
        if of_log and not quantity.startswith("T_"):
            # Starts, stops and flows that begin lie outside of where the machine works.
            values = values.clip(*values.quantile([_FEW, 1.0 - _FEW]))
        for end, of_table, limit in _limits(quantity, values.to_numpy(float), source, is_estimate):
            unit = "degC" if quantity.startswith("T_") else QUANTITIES[quantity].unit
            shown = from_si(of_table, unit, QUANTITIES[quantity].unit)
            entry = envelope[f"{quantity}_{end}"]
            entry["value"] = _rounded(from_si(limit, unit, QUANTITIES[quantity].unit))
            entry["unit"] = unit
            word = "lowest" if end == "min" else "highest"
            entry["note"] = f"{word} {of} {shown:.4g} {unit}, with a margin"
    for key, pascal, note in _pressure_limits(dataset, proposal.media):
        envelope[key].update({"value": _rounded(pascal / 1e5), "unit": "bar", "note": note})
    return tomlkit.dumps(document)


def _least(T: Any) -> float:
    """The least of the numbers; infinite if there is none."""
    told = T[np.isfinite(T)]
    return float(told.min()) if len(told) else np.inf


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _limits(
    quantity: str, values: np.ndarray[Any, Any], source: str, is_estimate: bool
) -> list[tuple[str, float, float]]:
    """Give both ends of the envelope: name, that of the table, and with a margin."""
    low, high = float(values.min()), float(values.max())
    if quantity.startswith("T_"):
        begin, end = low - _ROOM_KELVIN, high + _ROOM_KELVIN
        if quantity == "T_source_in" and source != AIR:
            # The medium is cooled further.
            begin = max(begin, min(low, medium_table(source).low + _ABOVE_FREEZING))
    else:
        room = _ROOM_SPEED if quantity == SPEED and not is_estimate else _ROOM_OTHERS
        begin, end = (1.0 - room) * low, (1.0 + room) * high
        begin = max(begin, QUANTITIES[quantity].least_running)
        end = min(end, QUANTITIES[quantity].maximum)
    return [("min", low, begin), ("max", high, end)]


def _pressure_limits(dataset: Dataset, media: tuple[str, str, str]) -> list[tuple[str, float, str]]:
    """Give the least suction and the largest discharge pressure, Pa, with a note."""
    values, refrigerant = dataset.values, media[0]
    # The outlets that heat and flows give count too: a stream may change by more than usual.
    source, sink = outlets(values, media_of(media))
    T_low = min(float(values["T_source_in"].min()) - _BELOW_SOURCE, _least(source) - _BELOW_OUTLET)
    outlet = values["T_sink_out"] if "T_sink_out" in values else values["T_sink_in"] + 5.0
    T_high = max(float(outlet.max()), -_least(-sink)) + _ABOVE_SINK
    state = abstract_state(refrigerant)
    low = saturation_pressure(refrigerant, max(T_low, float(state.Tmin()) + 1.0), 1)
    high = saturation_pressure(refrigerant, min(T_high, _OF_CRITICAL * state.T_critical()), 0)
    if "p_low" in values:
        low = min(low, 0.8 * float(values["p_low"].min()))
    if "p_high" in values:
        high = max(high, 1.15 * float(values["p_high"].max()))
    return [
        ("p_low_min", low, f"{_BELOW_SOURCE:g} K below the coldest source, with {refrigerant}"),
        ("p_high_max", high, f"{_ABOVE_SINK:g} K above the warmest sink, with {refrigerant}"),
    ]
