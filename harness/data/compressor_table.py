"""Tables of a compressor alone: by evaporation and condensation, or as coefficients of polynomials.

They lack the exchangers, so no heat pump follows from them. Their message says so, instead of one
about missing columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from heatpump_twin.machine_files.unit_names import kind_of, known_unit

from .header_words import plain
from .headers import split_header, unit_of
from .recognition import read_header
from .tables import Table

# Temperatures at which the refrigerant boils and condenses, with the short names of data sheets.
_EVAPORATION = re.compile(
    r"\b(?:evap\w*|verdampf\w*|suction|saturated suction|sst|t ?0|t ?o|t ?e|te ?v)\b"
)
_CONDENSATION = re.compile(r"\b(?:cond\w*|verfluessig\w*|kondens\w*|sdt|sct|t ?c|t ?k)\b")
# Water or air that flows through the exchanger instead.
_MEDIUM = re.compile(
    r"water|wasser|air\b|luft|brine|sole\b|glycol|glykol|\bin\b|\bout\b|inlet|outlet|ein|aus"
    r"|enter|leav"
)
_COEFFICIENT = re.compile(r"coeff|koeff|konstante|constant")
# The numbers of the ten coefficients: C1, M0, a_3.
_NUMBERED = re.compile(r"([a-z]{1,2}) ?_?\d{1,2}")
_LEAST_NUMBERED = 6
# A point such as A7/W35, which tests are numbered beside.
_POINT = re.compile(r"[a-z] ?[-+−]?\d{1,2}(?:[.,]\d)? ?/? ?w ?\d{2}.*")  # noqa: RUF001
# So many words name a temperature; a longer sentence has to say that it is one.
_MOST_WORDS = 3
_OF_MEDIA = (
    " at which water, brine or air enters or leaves the evaporator and the condenser; if a column "
    "is that, say so: --column 'HEADER=QUANTITY'"
)


def compressor_alone(table: Table) -> str:
    """Say why a table is one of a compressor alone; empty if it does not look so."""
    columns = _coefficients(table)
    if columns:
        return (
            f"{columns} numbers the coefficients of polynomials, which are no records: a heat pump "
            f"needs rows with power and heat at temperatures{_OF_MEDIA}"
        )
    evaporation = _refrigerant_temperature(table, _EVAPORATION)
    condensation = _refrigerant_temperature(table, _CONDENSATION)
    return _without_exchangers(evaporation, condensation)


def compressor_matrix(texts: Iterable[str]) -> str:
    """Say why a matrix is one of a compressor alone, by what is said of it; empty if it is none."""
    said = [text for text in texts if _may_name_temperature(text)]
    evaporation, condensation = (
        next((text for text in said if words.search(plain(split_header(text)[0]))), "")
        for words in (_EVAPORATION, _CONDENSATION)
    )
    return _without_exchangers(evaporation, condensation)


def _may_name_temperature(text: str) -> bool:
    """Whether a text may name a temperature of the refrigerant: no prose and no other quantity."""
    name, unit = split_header(text)
    words, known = plain(name), known_unit(unit) if unit else None
    if known and kind_of(known) != "temperature":
        return False
    if any(not quantity.startswith("T_") for quantity in read_header(name, None).scores):
        return False
    is_short = len(words.split()) <= _MOST_WORDS
    return (is_short or "temp" in words) and not _MEDIUM.search(words)


def _without_exchangers(evaporation: str, condensation: str) -> str:
    if not (evaporation and condensation):
        return ""
    return (
        f"{evaporation!r} and {condensation!r} are temperatures of the refrigerant, so this is "
        "a table of a compressor without its exchangers: a heat pump needs rows with power and "
        f"heat at temperatures{_OF_MEDIA}"
    )


def _refrigerant_temperature(table: Table, words: re.Pattern[str]) -> str:
    """Name the column of a temperature that is none of a medium; empty if there is none."""
    for column in table.cells:
        name, unit = unit_of(column, table.units.get(column))
        text = plain(name)
        known = known_unit(unit) if unit else None
        if (
            known
            and kind_of(known) == "temperature"
            and words.search(text)
            and not _MEDIUM.search(text)
        ):
            return column
    return ""


def _coefficients(table: Table) -> str:
    """Name what numbers the coefficients: a column of C1, C2 ... or as many headers."""
    headers = [(column, *unit_of(column, table.units.get(column))) for column in table.cells]
    bare = [name for _, name, unit in headers if not unit and not read_header(name, None).scores]
    if _numbered(bare) >= _LEAST_NUMBERED:
        return "the header"
    if any(_names_temperature(table, column, unit) for column, _, unit in headers):
        return ""  # a table with temperatures may number its tests
    for column in table.cells:
        cells = [str(cell) for cell in table.cells[column]]
        if _numbered(cells) == len(cells) >= _LEAST_NUMBERED:
            return f"column {column!r}"
        if _COEFFICIENT.search(plain(column)) and not read_header(column, None).scores:
            return f"column {column!r}"
    return ""


def _numbered(texts: list[str]) -> int:
    """Count the texts that are one and the same letter with a number."""
    letters = Counter(
        found[1] for text in texts if (found := _NUMBERED.fullmatch(text.strip().casefold()))
    )
    return max(letters.values(), default=0)


def _names_temperature(table: Table, column: str, unit: str | None) -> bool:
    """Whether a column is a temperature, or points such as A7/W35 that name two."""
    known = known_unit(unit) if unit else None
    if known and kind_of(known) == "temperature":
        return True
    cells = [str(cell).strip().casefold() for cell in table.cells[column]]
    return bool(cells) and all(_POINT.fullmatch(cell) for cell in cells)
