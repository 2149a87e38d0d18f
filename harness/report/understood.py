"""What `init --from` prints: how the table was read, and what each column was taken for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from ..data.own_dataset import Begun
from ..data.tables import Table
from ..data.text_table import DELIMITERS

# Columns of the table that are broken where a terminal is narrow, and their least widths.
WIDTHS = {"column": 14, "why": 18}


def print_begun(begun: Begun, folder: Path, console: Console) -> None:
    """Print what was understood of a user's table, what was not, and what is assumed.

    Parameters
    ----------
    begun : Begun
        The data set.
    folder : Path
        Where it lies.
    console : Console
        Where to.
    """
    proposal = begun.proposal

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(_how_read(proposal.table))
    table = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    has_missing = any(u.missing for u in proposal.columns)
    titles = ("column", "quantity", "unit", "values", *(["missing"] if has_missing else []), "why")
    for title in titles:
        # On 80 columns long headers and reasons are broken, at words where that is possible.
        table.add_column(
            title, no_wrap=title not in WIDTHS, min_width=WIDTHS.get(title), overflow="fold"
        )
    for u in proposal.columns:
        low, high = (f"{end(u.values):.4g}" for end in (np.nanmin, np.nanmax))
        missing = [str(u.missing) if u.missing else ""] if has_missing else []
        cells = (u.header.column, u.quantity, u.unit, f"{low} to {high}", *missing, u.why)
        table.add_row(*map(escape, cells))
    console.print(table)
    if proposal.record is not None:
        say(f"records are numbered by column {proposal.record!r}")
    if proposal.others:
        say("not used:")
        for column, why in proposal.others.items():
            say(f"  {column!r}: {why}")
    say("taken to be so; change it in the files if you know better:")
    for text in (*proposal.assumptions, *begun.dataset.notes):
        say(f"  {text}")
    if begun.contradiction:
        say(f"contradiction: {begun.contradiction}; calibrate will refuse it", "bold red")
    if begun.log is not None:
        column = begun.log.keys["column"]
        say(
            f"It is a log: column {column!r} has the time, and its rows are usually "
            f"{begun.log.step:g} s apart. Values above are of rows in which the compressor runs. "
            f"If it is none: --column '{column}=ignore'"
        )
    for path in begun.files:
        say(f"wrote {folder / path}")
    say("Look at descriptor.toml and start.toml, then:")


def _how_read(table: Table) -> str:
    form = table.format
    parts = [f"{len(table.cells)} records"]
    if form.delimiter is not None:
        parts.append(f"separated by {DELIMITERS.get(form.delimiter, repr(form.delimiter))}s")
    if form.encoding is not None:
        parts.append(f"in {form.encoding}")
    if form.sheet is not None:
        parts.append(f"sheet {form.sheet!r}")
    decimal = table.decimals()
    if decimal is not None and table.kind == "text":
        parts.append(f"decimal {'point' if decimal == '.' else 'comma'}")
    if form.header_row is not None:
        parts.append(f"header in {table.row_name(form.header_row)}")
    if form.unit_row:
        parts.append(f"units in {table.row_name(form.unit_row)}")
    kind = {"text": "text", "Excel": "Excel workbook", "Parquet": "Parquet file"}[table.kind]
    return f"{table.path}: {kind}, {', '.join(parts)}"
