"""Tables as catalogues print them, made into records: matrices, and points such as ``A7/W35``.

A matrix has temperatures of the source down its first column and of the sink along its header, and
a quantity in each cell. Several quantities stand in blocks beside or below each other, or alternate
below each temperature. A table on its side has a record in each column. A point of EN 14511 names
both temperatures: the source's inlet, and that at which the sink leaves.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from heatpump_twin.machine_files.unit_names import known_unit
from heatpump_twin.model.errors import InputError

from .compressor_table import compressor_matrix
from .headers import split_header, without_brackets
from .numerals import is_missing, numeral
from .recognition import read_header
from .tables import Table, TableFormat, rows_of_file
from .text_table import Row

# What the first letter of a point says of the source.
_SOURCES = {
    **dict.fromkeys("AL", "Air inlet"),
    **dict.fromkeys("BSEG", "Brine inlet"),
    "W": "Source water inlet",
}
_NUMBER = r"[-+−–]?\d{1,3}(?:[.,]\d)?"  # noqa: RUF001
_POINT = re.compile(
    rf"(?P<side>[{''.join(_SOURCES)}])\s*(?P<source>{_NUMBER})(?:\(?/?[-\d.,]*\)?)?\s*[/-]?\s*"
    rf"W\s*(?P<sink>\d{{1,3}}(?:[.,]\d)?)(?:\s*[-/]\s*(?P<other>\d{{2,3}}))?(?:\s*°?C)?"
)
# A temperature above or beside a matrix, with what is said of it: 35, W35, LWT 35 °C, A7, 30/35; of
# air, -7/-8 is the dry and the wet bulb.
_UNIT = r"°?\s?[CF]\b"
_LEVEL = re.compile(
    rf"(?P<words>[^\d/+−–-]*?)\s*(?P<value>{_NUMBER})\s*(?P<unit>{_UNIT})?"  # noqa: RUF001
    rf"(?:\s*/\s*(?P<other>{_NUMBER})\s*(?P<behind>{_UNIT})?)?"
)
# Such as stands in the name of a column: W35, LWT 35, at 35 °C.
_IN_NAME = re.compile(r"(?:@|\bat\b|\bbei\b)?\s*\b(?:W|LWT|VL)\s?(?P<value>\d{2})\b(?:\s*°C)?")

# Water that leaves below this, degC, and colder than the source, is cooled: A35/W7, A35/W18. A pool
# at A35/W28 is heated.
_COOLED = 20.0

_SINK, _SINK_IN = "Sink outlet", "Sink inlet"
_SINK_UNNAMED = "Sink outlet, which the table does not name"
_SOURCE_UNNAMED = "Source inlet, which the table does not name"

# A matrix has so many levels and rows at least.
_LEAST = 2
_LEAST_WORD = 3
# A table on its side has so many rows that are quantities.
_LEAST_TOLD = 3


def with_points(table: Table) -> Table | None:
    """Add the temperatures that a column of points names; None if none does.

    Parameters
    ----------
    table : Table
        As it was read.
    """
    for name in table.cells:
        found = [_POINT.match(str(cell).strip()) for cell in table.cells[name]]
        points = [point for point in found if point is not None]
        if len(points) != len(found):
            continue
        sides = {_SOURCES[point["side"]] for point in points}
        if len(sides) > 1:
            continue
        cooling = [
            float(_plain(point["sink"])) < min(_COOLED, float(_plain(point["source"])))
            for point in points
        ]
        if any(cooling):
            return _without_cooling(table, name, cooling)
        added = {f"{sides.pop()} of {name} [°C]": [_plain(point["source"]) for point in points]}
        # W30/35: the sink enters at 30 and leaves at 35.
        ends = [
            sorted((_plain(point["sink"]), point["other"] or ""), key=lambda text: float(text or 0))
            for point in points
        ]
        if all(inlet for inlet, _ in ends):
            added[f"{_SINK_IN} of {name} [°C]"] = [inlet for inlet, _ in ends]
        added[f"{_SINK} of {name} [°C]"] = [outlet for _, outlet in ends]
        cells = table.cells.assign(
            **{key: pd.Series(texts, table.cells.index) for key, texts in added.items()}
        )
        return replace(table, cells=cells, is_reshaped=True)
    return None


def _without_cooling(table: Table, name: str, cooling: list[bool]) -> Table | None:
    """Leave out points of cooling, and add the temperatures of the others; None if none is left."""
    heats = [not cools for cools in cooling]
    if not any(heats):
        return None
    left_out = tuple(
        f"{table.row_name(int(number))} is left out: {cell} is a point of cooling"
        for number, cell, cools in zip(table.cells.index, table.cells[name], cooling, strict=True)
        if cools
    )
    return with_points(
        replace(table, cells=table.cells[heats], skipped=(*table.skipped, *left_out))
    )


def with_levels(table: Table) -> Table | None:
    """Part columns whose names end in a temperature of the sink; None if a table has none.

    Parameters
    ----------
    table : Table
        As it was read: ``Capacity W35 [kW]``, ``Capacity W55 [kW]``.
    """
    groups: dict[str, dict[str, str]] = {}  # temperature to quantity to column
    for column in table.cells:
        found = _IN_NAME.search(column)
        rest = " ".join(_IN_NAME.sub(" ", column).split())
        if found is not None and read_header(rest, table.units.get(column)).scores:
            groups.setdefault(found["value"], {})[rest] = column
    if len(groups) < _LEAST or len({tuple(sorted(group)) for group in groups.values()}) > 1:
        return None
    taken = {column for group in groups.values() for column in group.values()}
    others = [column for column in table.cells if column not in taken]
    parts = [
        table.cells[others].assign(
            **{
                f"{_SINK} [°C]": value,
                **{rest: table.cells[column] for rest, column in group.items()},
            }
        )
        for value, group in groups.items()
    ]
    units = {
        **{column: unit for column, unit in table.units.items() if column in others},
        **{
            rest: table.units[column]
            for group in groups.values()
            for rest, column in group.items()
            if column in table.units
        },
    }
    return replace(table, cells=pd.concat(parts), units=units, is_reshaped=True)


@dataclass(frozen=True)
class _Level:
    """A temperature of a matrix, as it is written.

    Attributes
    ----------
    words : str
        Before it; empty where there are none.
    value : str
        The number.
    unit : str
        Behind it; empty where there is none.
    other : str
        A second number: where the sink leaves or enters, or a wet bulb; empty where there is none.
    """

    words: str
    value: str
    unit: str
    other: str = ""

    @property
    def ends(self) -> tuple[str, str]:
        """Where the sink enters and leaves, of a level with two numbers."""
        inlet, outlet = sorted((self.value, self.other), key=float)
        return inlet, outlet


def matrix_table(path: Path, form: TableFormat) -> Table | None:
    """Make records of a file that holds matrices; None if it holds none.

    Parameters
    ----------
    path : Path
        The file.
    form : TableFormat
        What is known of how it is written.

    Raises
    ------
    InputError
        If the file cannot be read, or its matrices are those of a compressor alone.
    """
    kind, found, numbered = rows_of_file(path, form)
    rows: list[Row] = [(n, [" ".join(c.split()) for c in cells]) for n, cells in numbered]
    records: dict[tuple[_Level, _Level], dict[str, str]] = {}
    lines: dict[tuple[_Level, _Level], dict[str, int]] = {}
    names: tuple[str, str] | None = None
    titles: list[str] = []
    above: list[list[str]] = []
    known: dict[int, _Level] = {}
    i = 0
    while i < len(rows):
        levels = _levels(rows[i][1])
        block = _block(rows, i) if levels else []
        below = rows[i + 1][1] if block and block[0] > i + 1 else []
        if not levels and _quantities([], rows[i][1], known):
            # A block below another has its temperatures.
            levels, below, block = known, rows[i][1], _rows_from(rows, i + 1)
        if not block:
            above.append(rows[i][1])
            titles.append(" ".join(filter(None, rows[i][1])))
            i += 1
            continue
        quantities = _quantities(above, below, levels)
        said = [*_corner(rows[i][1]), *(level.words for level in levels.values()), *_texts(above)]
        alone = compressor_matrix(said)
        if alone:
            raise InputError(f"data file {path}: {alone}")
        down = [level for k in block if (level := _level(rows[k][1][0])) is not None]
        names = names or _names(rows[i][1], above, down, list(levels.values()))
        for k, level_of_row in zip(block, down, strict=True):
            number, cells = rows[k]
            for j, level in levels.items():
                if j >= len(cells) or j not in quantities:
                    continue
                # The words of a block need not be those of the next.
                key = (replace(level_of_row, words="", unit=""), replace(level, words="", unit=""))
                first = lines.setdefault(key, {}).setdefault(quantities[j], number)
                reading = "" if is_missing(cells[j]) else cells[j]
                if records.setdefault(key, {}).setdefault(quantities[j], reading) != reading:
                    raise InputError(
                        f"data file {path}: lines {first} and {number} both have {quantities[j]!r} "
                        f"at {key[0].value} and {key[1].value}, and differ; give each machine "
                        "or setting a file of its own"
                    )
        i, above, known = block[-1] + 1, [], levels
    records = {key: record for key, record in records.items() if any(record.values())}
    if names is None or not records:
        return None
    columns = list(dict.fromkeys(itertools.chain(*records.values())))
    cells = pd.DataFrame(
        {
            **_temperatures(path, names, list(records)),
            **{c: [record.get(c) or None for record in records.values()] for c in columns},
        },
        index=[min(lines[key].values()) for key in records],
    )
    return Table(path, kind, cells, {}, tuple(titles), found, is_reshaped=True)


def _temperatures(
    path: Path, names: tuple[str, str], places: list[tuple[_Level, _Level]]
) -> dict[str, list[str]]:
    """Give the temperatures of records, by the axes of a matrix."""
    columns: dict[str, list[str]] = {}
    for axis, name in enumerate(names):
        levels = [place[axis] for place in places]
        paired = [bool(level.other) for level in levels]
        if _side(name) != "sink" or not any(paired):
            columns[name] = [level.value for level in levels]
            continue
        if not all(paired):
            single = next(level.value for level in levels if not level.other)
            raise InputError(
                f"data file {path}: {single} stands alone for the sink, where others are given as "
                "inlet/outlet; write all of them in one way"
            )
        unit = read_header(name, None).unit or ""
        for text, end in ((_SINK_IN, 0), (_SINK, 1)):
            columns[_with_unit(text, unit)] = [level.ends[end] for level in levels]
    return columns


def turned_table(path: Path, form: TableFormat) -> Table | None:
    """Make records of a table that lies on its side; None if the file holds none.

    Parameters
    ----------
    path : Path
        The file.
    form : TableFormat
        What is known of how it is written.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    kind, found, rows = rows_of_file(path, form)
    begins = Counter(begin for _, cells in rows if (begin := _first_number(cells)))
    if not begins:
        return None
    begin = begins.most_common(1)[0][0]
    width = max(len(cells) for _, cells in rows)
    columns: dict[str, list[str]] = {}
    titles: list[str] = []
    for _, cells in rows:
        name = _name_before(cells[:begin])
        readings = [cell.strip() for cell in cells[begin:]] + [""] * (width - len(cells))
        if not name or name in columns or sum(map(bool, readings)) < _LEAST:
            titles.append(" ".join(filter(None, cells)))
            continue
        columns[name] = _spread(readings) if _side(name) else readings
    columns = _with_letters(columns)
    told = sum(
        bool(read_header(name, None).scores)
        and all(is_missing(reading) or numeral(reading) is not None for reading in readings)
        for name, readings in columns.items()
    )
    if told < _LEAST_TOLD or width - begin < _LEAST:
        return None
    frame = pd.DataFrame(columns, index=range(begin + 1, width + 1))
    frame = frame[(frame != "").sum(axis=1) >= _LEAST_TOLD]
    return Table(path, kind, frame, {}, tuple(titles), found, is_reshaped=True, row_word="column")


def _first_number(cells: list[str]) -> int:
    """Give the place of a row's first reading, behind a name; 0 if it has none."""
    if not cells or is_missing(cells[0]) or numeral(cells[0]) is not None:
        return 0
    return next((j for j, cell in enumerate(cells) if numeral(cell) is not None), 0)


def _name_before(cells: list[str]) -> str:
    """Join what stands before the readings: names, and a unit at the end."""
    filled = [" ".join(cell.split()) for cell in cells if not is_missing(cell)]
    if len(filled) > 1 and known_unit(without_brackets(filled[-1])) is not None:
        return f"{' '.join(filled[:-1])} [{without_brackets(filled[-1])}]"
    return " ".join(filled)


def _with_letters(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Name rows that say W for the sink and A, B or the like for the source, as EN 14511 has it."""
    letters = {}
    for name in columns:
        text, unit = split_header(name)
        if (
            unit
            and known_unit(unit) == "degC"
            and text.split()[-1:]
            and text.split()[-1] in _SOURCES
        ):
            letters[text.split()[-1]] = name
    others = [letter for letter in letters if letter != "W"]
    if "W" not in letters or len(others) != 1:
        return columns
    said = {letters["W"]: f"{_SINK} [°C]", letters[others[0]]: f"{_SOURCES[others[0]]} [°C]"}
    return {
        said.get(name, name): _spread(cells) if name in said else cells
        for name, cells in columns.items()
    }


def _spread(readings: list[str]) -> list[str]:
    """Repeat what a merged cell holds once."""
    spread: list[str] = []
    for reading in readings:
        spread.append(reading or (spread[-1] if spread else ""))
    return spread


def _plain(number: str) -> str:
    return re.sub("[−–]", "-", number).lstrip("+").replace(",", ".")  # noqa: RUF001


def _level(cell: str) -> _Level | None:
    found = _LEVEL.fullmatch(cell)
    if found is None:
        return None
    unit = (found["unit"] or found["behind"] or "").replace("°", "").strip()
    unit = f"°{unit}" if unit else ""
    value, other = _plain(found["value"]), _plain(found["other"] or "")
    return _Level(found["words"].strip(" :=,"), value, unit, other)


def _levels(cells: list[str]) -> dict[int, _Level]:
    """Give the temperature above each column of a matrix; none if the row is no header of one.

    A cell without one stands below the same merged cell as that before it.
    """
    if not cells or _level(cells[0]) is not None:
        return {}
    levels: dict[int, _Level] = {}
    told: list[_Level] = []
    for j, cell in enumerate(cells[1:], start=1):
        if cell:
            level = _level(cell)
            if level is None:
                return {}
            told.append(level)
        if told:
            levels[j] = told[-1]
    # A title that the separator parts may have numbers behind words, but not behind the same.
    if len({level.value for level in told}) < _LEAST or len({t.words for t in told}) > 1:
        return {}
    return levels


def _block(rows: list[Row], header: int) -> list[int]:
    """Give the rows of a matrix: each begins with a temperature and has numbers."""
    first = header + 1
    if first < len(rows) and not _is_row(rows[first][1]):
        first += 1  # names of the quantities below the temperatures
    return _rows_from(rows, first)


def _rows_from(rows: list[Row], first: int) -> list[int]:
    block = list(itertools.takewhile(lambda k: _is_row(rows[k][1]), range(first, len(rows))))
    return block if len(block) >= _LEAST else []


def _is_row(cells: list[str]) -> bool:
    rest = [cell for cell in cells[1:] if not is_missing(cell)]
    return (
        bool(cells)
        and _level(cells[0]) is not None
        and bool(rest)
        and all(numeral(cell) is not None for cell in rest)
    )


def _quantities(
    above: list[list[str]], below: list[str], levels: dict[int, _Level]
) -> dict[int, str]:
    """Name the quantity of each column, by the row below the temperatures or those above them."""
    for row in (below, *reversed(above)):
        named: dict[int, str] = {}
        name = ""
        for j in range(max(levels, default=-1) + 1):
            cell = row[j] if j < len(row) else ""
            if cell and not _side(cell) and read_header(cell, None).scores:
                name = cell
            if name and j in levels:
                named[j] = name
        if named:
            return named
    return {}


def _names(
    header: list[str], above: list[list[str]], down: list[_Level], along: list[_Level]
) -> tuple[str, str]:
    """Name the temperatures of the first column and those along the header.

    The corner says them, or the words beside them, or a row above. Where nothing says which axis is
    the source, it is the colder one, as of any heat pump.
    """
    parts = _corner(header)
    said_down = _said(parts[0] if parts else "", down[0].words)
    said_along = _said(parts[-1] if len(parts) > 1 else "", along[0].words)
    letters = [levels[0].words.upper() for levels in (down, along)]
    of_source = [letter in _SOURCES and letter != "W" for letter in letters]
    if said_down or said_along:
        sink_is_down = _side(said_down) == "sink" or _side(said_along) == "source"
    elif any(of_source):
        sink_is_down = of_source[1]
    elif texts := [text for text in _texts(above) if _side(text)]:
        # A row above stands for what is along the header.
        sink_is_down = _side(texts[0]) == "source"
    else:
        sink_is_down = _mean(down) > _mean(along)
    sides = ("sink", "source") if sink_is_down else ("source", "sink")
    names = []
    for side, said, letter, levels in zip(
        sides, (said_down, said_along), letters, (down, along), strict=True
    ):
        unnamed = _SOURCE_UNNAMED if side == "source" else _SINK_UNNAMED
        if said:
            name = said
        elif letter in _SOURCES:
            name = _SOURCES[letter] if side == "source" else _SINK
        else:
            name = next((text for text in _texts(above) if _side(text) == side), unnamed)
        names.append(_with_unit(name, levels[0].unit))
    return names[0], names[1]


def _said(corner: str, words: str) -> str:
    """Give the words that name a temperature: those of the corner, or those beside the numbers."""
    return next((text for text in (corner, words) if text and _side(text)), "")


def _mean(levels: list[_Level]) -> float:
    return sum(float(level.value) for level in levels) / len(levels)


def _corner(header: list[str]) -> list[str]:
    """Part what the corner of a matrix says of its rows and of its columns."""
    return [part.strip() for part in re.split(r"\\|\||→|↓|\s/\s", header[0]) if part.strip()]


def _side(text: str) -> str:
    """Tell whose temperature a text names: source, sink, or empty for no temperature."""
    scores = read_header(text, None).scores
    best = max(scores, key=lambda q: scores[q], default="")
    return best.split("_")[1] if best.startswith("T_s") and best.count("_") == 2 else ""


def _texts(above: list[list[str]]) -> Iterator[str]:
    for row in reversed(above):
        yield from (cell for cell in row if len(cell) >= _LEAST_WORD)


def _with_unit(name: str, unit: str) -> str:
    """Write a header with the unit that stands behind the temperatures, if it has none."""
    return f"{name} [{unit}]" if unit and read_header(name, None).unit is None else name
