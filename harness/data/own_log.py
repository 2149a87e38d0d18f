"""A data set folder for a user's own table, points or a log: as far as it tells what it means.

A log is read some rows at a time, and looked at in rows evenly over it, with what was read last in
the place of empty cells. Of these, rows in which the compressor runs tell what its columns mean.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES
from heatpump_twin.outputs import staged
from heatpump_twin.running import temporary_folder

from .completion import HEAT, SPEED
from .header_words import plain
from .log_checks import zeros_not_read
from .log_notice import LogTime, log_time, with_day
from .new_dataset import check_free
from .numerals import read_numbers
from .own_dataset import (
    DESCRIPTOR_FILE,
    KEYS,
    START_FILE,
    Begun,
    begin_with_points,
    machine_name,
    propose_points,
    remark,
    toml,
    written_format,
)
from .proposal import Proposal, Understood, propose
from .recognition import assign
from .series import MANY_EMPTY, load_series
from .series_descriptor import COMPRESSOR, DEFROST, DEMAND, GIVEN_HEAT, HOT_WATER, OFF, ON
from .tables import OpenTable, Table, TableFormat, open_table, table_of

# So many rows are looked at: twice as many at most, of a longer log every second, fourth ...
_LOOKED_AT = 20_000
# So many different cells of a column tell that it is no state.
_TEXTS = 8
# Share of rows in which a state and power have to say the same of the compressor.
_AGREE = 0.9
# Share of rows to either side of a gap of power, and the most that lie in it.
_BESIDE, _WITHIN = 0.02, 0.003
# Largest power is that of 99 % of the rows. Where the compressor runs seldom, so that this is less
# than a share of the peak, it is the peak: what one row in so many exceeds.
_SPIKES, _SELDOM = 1000, 0.5
# A compressor takes more than this share of its largest power; pumps and standby take less.
_LEAST_RUNNING = 0.08

# Headers of states, as `plain` writes them; the first that fits counts.
_STATES = {
    DEFROST: r"defrost|abtau|enteis",
    HOT_WATER: r"three way|3 way|dhw|hot water|warmwasser|brauchwasser|trinkwasser|umschaltventil",
    DEMAND: r"thermostat|demand|anforderung",
    "source_pump": r"(?=.*(pump|pumpe))(?=.*(brine|sole|source|quell))",
    "sink_pump": r"(?=.*pump)(?=.*(heiz|heating|sink|heat\b|umwaelz|int heat))",
    COMPRESSOR: r"compressor|verdichter|kompressor|\bhp (on|run|state|status)|waermepumpe|betrieb"
    r"|heat pump|\bwp\b|status|running|\bstate\b",
}
_HEAT_PUMP = re.compile(r"waermepumpen?|heat ?pump")


@dataclass(frozen=True)
class _Sample:
    """Rows evenly over a log.

    Attributes
    ----------
    table : Table
        With the last reading in the place of an empty cell.
    rows : int
        Of the log.
    empty : dict of str to float
        Share of empty cells, by column.
    texts : dict of str to set of str
        Different cells, by column; those with more than a state has are left out.
    """

    table: Table
    rows: int
    empty: dict[str, float]
    texts: dict[str, set[str]]


@dataclass(frozen=True)
class _State:
    """A column that says what is on: its keys in the descriptor, and a reason."""

    column: str
    keys: dict[str, Any]
    why: str


def begin_with_table(
    folder: Path,
    file: Path,
    form: TableFormat | None = None,
    said: dict[str, str] | None = None,
) -> Begun:
    """Read a user's table, tell what it means, and write a data set that can be loaded.

    A table whose rows are near to each other in time is a log, unless the user says that its time
    is to be ignored.

    Parameters
    ----------
    folder : Path
        Made if needed. What else it holds is left alone.
    file : Path
        The table, which stays as it is.
    form : TableFormat, optional
        What is known of how the table is written.
    said : dict of str to str, optional
        Column to the quantity that it is, or ``ignore``, where the user knows better.

    Raises
    ------
    InputError
        If the table cannot be read or lacks a quantity, or the folder cannot be written.
    """
    check_free(folder)
    known, form, name = said or {}, form or TableFormat(), machine_name(folder)
    try:
        opened = open_table(file, form)
        chunks = opened.chunks()
        first = next(chunks)
        head = table_of(opened, [first])
    except InputError:  # no plain table, but it may be one that can be made into records
        return begin_with_points(folder, name, propose_points(file, form, known, None))
    time = log_time(head, [column for column in head.cells if column not in known])
    if time is not None:
        return _begin_with_log(folder, name, _sample(opened, chain([first], chunks)), time, known)
    table = table_of(opened, [first, *chunks])
    return begin_with_points(folder, name, propose_points(file, form, known, table))


def _sample(opened: OpenTable, chunks: Iterable[pd.DataFrame]) -> _Sample:
    """Keep rows evenly over a log, and count empty cells in all of it."""
    kept: list[pd.DataFrame] = []
    last: pd.DataFrame | None = None
    empty: dict[str, int] = {}
    texts: dict[str, set[str]] = {name: set() for name in opened.names}
    rows, every = 0, 1
    for chunk in chunks:
        cells = chunk.astype(object)
        cells = cells.where(cells.notna() & (cells != ""), None)
        for column in cells:
            has = cells[column].notna()
            empty[column] = empty.get(column, 0) + int((~has).sum())
            if column in texts:
                texts[column] |= set(map(str, pd.unique(cells[column][has])))
                if len(texts[column]) > _TEXTS:
                    del texts[column]
        filled = (cells if last is None else pd.concat([last, cells])).ffill()
        last = filled.iloc[-1:]
        filled = filled.iloc[len(filled) - len(cells) :]
        kept.append(filled.iloc[-rows % every :: every])
        rows += len(cells)
        while sum(map(len, kept)) > 2 * _LOOKED_AT:
            together = pd.concat(kept)
            kept, every = [together.iloc[::2]], 2 * every
    table = table_of(opened, [pd.concat(kept)])
    return _Sample(table, rows, {c: n / rows for c, n in empty.items()}, texts)


def _begin_with_log(
    folder: Path, name: str, sample: _Sample, time: LogTime, said: dict[str, str]
) -> Begun:
    time = with_day(time, sample.table)
    column = time.keys["column"]
    cells = sample.table.cells.drop(columns=[column])
    table = replace(sample.table, cells=cells)
    # Columns of states, and what is never read, are no readings.
    states = {c for c in cells if c not in said and _is_of_two(sample.texts.get(c))}
    nothing = {c for c in cells if cells[c].isna().all()}
    known = {**said, **{c: "ignore" for c in (states | nothing) if c not in said}}
    found = assign(table, known).quantities
    if "P_el" not in found:
        raise InputError(
            f"data file {table.path}: no column for electric power (P_el), which tells when the "
            "compressor of a log runs; if one of them is it, say so: --column 'HEADER=P_el'"
        )
    power = _numbers(sample, found["P_el"].column)
    above = _gap(power)
    if above is None:
        raise InputError(
            f"data file {table.path}: column {found['P_el'].column!r} is power (P_el) and never "
            "above zero; is its sign turned, or is it another quantity?"
        )
    by_state = _states(sample, cells, power, above, said)
    runs = power > above
    if COMPRESSOR in by_state:
        state = by_state[COMPRESSOR]
        runs = _is_on(sample, state.column, state.keys)
    needed = [header.column for header in found.values()]
    running = cells[runs & cells[needed].notna().all(axis=1).to_numpy()]
    if running.empty:
        raise InputError(
            f"data file {table.path}: the compressor runs in no row in which all columns have a "
            "reading; say by --column 'HEADER=ignore' which are not needed"
        )
    with temporary_folder() as hidden:
        # A table of its own, whose cells are numbers already.
        points = replace(table, kind="Parquet", cells=running.reset_index(drop=True))
        proposal = propose(points, known, of_log=True)
        try:
            begun = begin_with_points(hidden / "points", name, proposal, of_log=True)
        except InputError as error:  # of a file that nobody sees
            why = str(error).replace(f"descriptor {hidden / 'points' / DESCRIPTOR_FILE}: ", "")
            raise InputError(
                f"data file {table.path}: of the rows in which the compressor runs: {why}"
            ) from error
        start = (hidden / "points" / START_FILE).read_text(encoding="utf-8")
    _check_log(begun, table)
    others = begun.proposal.others | {
        **{c: "says what is on or off" for c in states},
        **{c: "every cell is empty" for c in nothing},
        **{s.column: f"states.{n}: {s.why}" for n, s in by_state.items()},
    }
    copy = f"log{table.path.suffix.lower() or '.csv'}"
    with staged(folder, f"folder {folder}") as stage:
        shutil.copyfile(table.path, stage / copy)
        text = _descriptor(begun, others, sample, time, by_state, above, name, copy)
        (stage / DESCRIPTOR_FILE).write_text(text, encoding="utf-8")
        (stage / START_FILE).write_text(start, encoding="utf-8")
        contradiction = begun.contradiction
        try:
            load_series(str(stage))
        except InputError as error:
            contradiction = str(error).replace(f"{stage}", f"{folder}")
    files = (copy, DESCRIPTOR_FILE, START_FILE)
    proposal = replace(begun.proposal, table=sample.table, others=others)
    return replace(begun, proposal=proposal, contradiction=contradiction, log=time, files=files)


def _check_log(begun: Begun, table: Table) -> None:
    """Refuse what the steps of a log do not tell: an inlet that points derive from an outlet."""
    derived = begun.proposal.derived
    lacking = [q for q in ("T_source_in", "T_sink_in", "P_el") if q in derived]
    if lacking:
        raise InputError(
            f"data file {table.path}: a log needs a column of {', '.join(lacking)}; as "
            "points, with --column 'TIME=ignore' for its time, it may follow from others"
        )


def _numbers(sample: _Sample, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Numbers of a column as they are written."""
    table = sample.table
    place = f"data file {table.path}: column {column!r}"
    return read_numbers(
        table.cells[column],
        place,
        table.row_name,
        table.format.decimal,
        table.decimals,
        table.format.missing,
    ).values


def _gap(power: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    """The middle of the widest gap of power, as a ratio, that parts the rows, as it is written.

    None if power is never above zero.
    """
    known = np.sort(power[np.isfinite(power)])
    if not len(known) or known[-1] <= 0.0:
        return None
    top, peak = float(np.quantile(known, 0.99)), float(known[-1 - len(known) // _SPIKES])
    if top < _SELDOM * peak:
        # A compressor that runs seldom; a spike or two in a thousand rows is none.
        top = peak if peak > 0.0 else float(known[-1])
    edges = np.geomspace(top / 200.0, top, 61)
    counts = np.histogram(known.clip(edges[0], edges[-1]), edges)[0] / len(known)
    best = (0, 0.2 * top)
    begin = 0
    for i in range(len(counts) + 1):
        if i < len(counts) and counts[begin : i + 1].sum() <= _WITHIN:
            continue
        parts = min(counts[:begin].sum(), counts[i:].sum()) > _BESIDE
        if i > begin and parts and edges[i] > _LEAST_RUNNING * top:
            best = max(best, (i - begin, float((edges[begin] * edges[i]) ** 0.5)))
        begin = i + 1
    return float(f"{best[1]:.2g}")


def _states(
    sample: _Sample, cells: pd.DataFrame, power: Any, above: float, said: dict[str, str]
) -> dict[str, _State]:
    """Find columns that say what is on."""
    found: dict[str, _State] = {}
    runs = power > above
    for column in cells:
        if column in said:
            continue
        words = plain(column)
        # A pump is of water or brine; a heat pump is the machine.
        of_pump = _HEAT_PUMP.sub(" ", words)
        name = next(
            (
                state
                for state, pattern in _STATES.items()
                if re.search(pattern, of_pump if state.endswith("_pump") else words)
            ),
            None,
        )
        if name is None or name in found:
            continue
        keys = _meaning(sample, cells[column], power if name == COMPRESSOR else None)
        if keys is None:
            continue
        why = "by its name"
        if name == COMPRESSOR:
            share = float((_is_on(sample, column, keys) == runs).mean())
            if share < _AGREE:
                continue
            why = f"by its name; in {100.0 * share:.0f} % of the rows power says the same"
        found[name] = _State(column, keys, why)
    return found


def _meaning(sample: _Sample, cells: pd.Series[Any], power: Any) -> dict[str, Any] | None:
    """Keys of a state; None if its cells are no states."""
    texts = sample.texts.get(str(cells.name))
    if texts is not None and not texts:
        return None  # every cell is empty
    if texts is None:
        return _of_numbers(sample, str(cells.name))
    if {_plain_number(text) for text in texts} <= {*ON, *OFF}:
        return {}
    if len(texts) != 2 or power is None or not _is_of_two(texts):
        return _of_numbers(sample, str(cells.name))
    # Which of two texts means on is told by the power beside it.
    by_text = {text: float(np.nanmean(power[(cells == text).to_numpy()])) for text in texts}
    on, off = sorted(by_text, key=lambda text: -by_text[text])
    return {"on": [on], "off": [off]}


def _is_of_two(texts: set[str] | None) -> bool:
    """Whether cells are those of a state: on and off, or two words, but no other numbers."""
    if not texts or len(texts) > 2:
        return False
    words = {_plain_number(text) for text in texts}
    return words <= {*ON, *OFF} or not any(re.match(r"[-+.,]?\d", word) for word in words)


def _of_numbers(sample: _Sample, column: str) -> dict[str, Any] | None:
    """Keys of a state that is written as 0 and 1, and seldom as what lies between."""
    try:
        numbers = _numbers(sample, column)
    except InputError:
        return None
    at_ends = np.isin(numbers, (0.0, 1.0)) | np.isnan(numbers)
    return {"above": 0.5} if at_ends.mean() > _AGREE and np.nanmax(numbers) == 1.0 else None


def _plain_number(text: str) -> str:
    return re.sub(r"^([01])[.,]0*$", r"\1", text).casefold()


def _is_on(
    sample: _Sample, column: str, keys: dict[str, Any]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if "above" in keys:
        return np.asarray(_numbers(sample, column) > keys["above"])
    on = {text.casefold() for text in keys.get("on", ON)}
    cells = sample.table.cells[column]
    return np.asarray(cells.map(lambda cell: _plain_number(str(cell)) in on).to_numpy(bool))


def _descriptor(
    begun: Begun,
    others: dict[str, str],
    sample: _Sample,
    time: LogTime,
    states: dict[str, _State],
    above: float,
    name: str,
    copy: str,
) -> str:
    """Write what was understood, with a reason for each column."""
    proposal, table = begun.proposal, sample.table
    lines = [
        f"# What `heatpump-twin init` understood of the log {table.path.name}.",
        "# Look at time, states, names, units and uncertainties: what is a guess says so.",
        "# The format is described in docs/series.md of heatpump-twin.",
        "",
        f"name = {toml(name)}",
        f"title = {toml(f'Log {table.path.name}, {sample.rows} rows')}",
        'machine = "machine.toml"         # what `heatpump-twin calibrate` writes beside this file',
        f"start = {toml(START_FILE)}             # what it begins with",
        f"table = {toml(copy)}",
        f"source = {toml(f'file {table.path.name}; say here who measured what, and where')}",
        'licence = "not stated"',
        "",
        "# How the table is written. Each key may be left out: it is found again.",
        "[table_format]",
    ]
    form = written_format(replace(proposal, table=table)) if table.kind == "text" else {}
    if table.kind == "Excel":
        form = {"sheet": table.format.sheet, "header_row": table.format.header_row}
    lines += [f"{key} = {toml(value)}" for key, value in form.items() if value is not None]
    lines += ["", f"# Rows are usually {time.step:g} s apart.", "[time]"]
    for key, value in time.keys.items():
        guess = "  # a guess: the log does not say where it was written" if key == "zone" else ""
        lines.append(f"{key} = {toml(value)}{guess}")
    if "pattern" in time.keys:
        lines.append("# A guess where no day is after the 12th: day and month may change.")
    changing = [c for c in sample.empty if _is_on_change(sample, c)]
    if any(u.header.column in changing for u in proposal.columns):
        lines += [
            "",
            "# Many cells are empty: a value is taken to hold until the next one is written.",
            "[resampling]",
            f"step = {time.step:g}",
        ]
    lines += _of_states(sample, states, above, proposal)
    lines += [
        "",
        "# The columns. Uncertainties are standard uncertainties, and estimates: put in those of",
        "# your meters.",
    ]
    for u in proposal.columns:
        lines += _of_column(u, sample)
    lines += _of_the_rest(begun)
    used = {s.column for s in states.values()}
    unused = {c: why for c, why in others.items() if c not in used}
    if unused:
        lines += ["", "# Columns that are not read:"]
        lines += [remark(f"{c!r}: {why}") for c, why in unused.items()]
    lines += [
        "",
        "# Limits that `heatpump-twin validate` checks, once you set them and take the # away.",
        "# [thresholds.heating]",
        "# P_el = { energy_max = 5 }      # per cent",
    ]
    return "\n".join(lines) + "\n"


def _is_on_change(sample: _Sample, column: str) -> bool:
    return sample.empty.get(column, 0.0) > MANY_EMPTY


def _of_states(
    sample: _Sample, states: dict[str, _State], above: float, proposal: Proposal
) -> list[str]:
    lines = []
    power = next(u for u in proposal.columns if u.quantity == "P_el")
    if COMPRESSOR not in states:
        why = f"a guess: no column says when it runs; {above:g} lies in the widest gap of its power"
        states = {COMPRESSOR: _State(power.header.column, {"above": above}, why), **states}
    for name, state in states.items():
        lines += ["", remark(f"{name}: {state.why}"), f"[states.{name}]"]
        lines.append(f"column = {toml(state.column)}")
        lines += [f"{key} = {toml(value)}" for key, value in state.keys.items()]
        if sample.empty.get(state.column, 0.0) > 0.0:
            lines.append('writes = "on_change"')
    return lines


def _of_column(u: Understood, sample: _Sample) -> list[str]:
    key, value = u.uncertainty
    empty = sample.empty.get(u.header.column, 0.0)
    lines = ["", remark(f"{QUANTITIES[u.quantity].title}: {u.why}")]
    lines.append(f"[columns.{toml(u.header.column)}]")
    lines += [f"quantity = {toml(u.quantity)}", f"unit = {toml(u.unit)}"]
    lines += [f"{k} = {toml(v)}  # {KEYS[k]}" for k, v in u.keys.items()]
    lines.append(f"{key} = {toml(value)}")
    if _is_on_change(sample, u.header.column):
        lines.append(f'writes = "on_change"  # {100.0 * empty:.0f} % of its cells are empty')
    elif empty > 0.0:
        lines.append(f"gaps = true  # {100.0 * empty:.2g} % of its cells are empty")
    if u.quantity.startswith("T_") and _has_zeros(u, sample):
        lines.append("not_read = [0]  # a guess: zeros lie far from the readings beside them")
    return lines


def _has_zeros(u: Understood, sample: _Sample) -> bool:
    values = _numbers(sample, u.header.column)
    return bool(zeros_not_read(values[~np.isnan(values)]).any())


def _of_the_rest(begun: Begun) -> list[str]:
    """Heat, flows and a speed that no column has."""
    proposal, dataset = begun.proposal, begun.dataset
    lines: list[str] = []
    columns = {u.quantity for u in proposal.columns}
    heats = {q: e for q, e in proposal.derived.items() if q.startswith("Q_flow") and "medium" in e}
    if not heats and HEAT not in columns and {"T_sink_in", "T_sink_out"} <= columns:
        # With an assumed flow it is not scored, but a fit begins with it.
        heats[HEAT] = {"medium": proposal.media[2]}
    for quantity, entry in heats.items():
        lines += [
            "",
            "# From flow and temperatures. Look at the difference while only the pump runs: what",
            "# it reads then is taken off by offset, K, with the sign turned round.",
            f"[derived.{quantity}]",
            f"medium = {toml(entry['medium'])}",
        ]
    constants = dict(proposal.constants)
    for quantity in ("m_flow_source", "m_flow_sink"):
        if quantity in columns or quantity in constants:
            continue
        values = dataset.values[quantity]
        level = float(values.median())
        constants[quantity] = {
            "value": float(f"{level:.4g}"),
            "unit": "kg/s",
            "uncertainty": float(f"{0.3 * level:.2g}"),
            "recorded": False,
            "note": "not recorded: the median that follows from other columns",
        }
    reads_heat = HEAT in columns or (HEAT in heats and "m_flow_sink" in columns)
    if SPEED not in columns:
        several = dataset.heat_is_given and reads_heat
        constants[SPEED] = {
            "value": 1.0,
            "unit": "1",
            "uncertainty": 0.4 if several else 0.01,
            "recorded": not several,
            "note": "no column has it"
            + ("" if several else ": taken to run at rated speed, as an on/off machine does"),
        }
        lines += [
            "",
            "# A guess, for no column has the speed of the compressor. Of an inverter machine the",
            '# heat is given, "heat_flow", with recorded = false in [constants.compressor_speed];',
            '# of one with a single speed it is "speed", with recorded = true.',
            "[control]",
            f"given = {toml(GIVEN_HEAT if several else 'speed')}",
        ]
    for quantity in BOUNDARY_QUANTITIES:
        if quantity in constants:
            entry = constants[quantity]
            lines += ["", f"[constants.{quantity}]"]
            lines += [f"{k} = {toml(v)}" for k, v in entry.items()]
    return lines
