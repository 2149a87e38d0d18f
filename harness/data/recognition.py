"""Which quantity each column of a user's table is: by the words and the unit of its header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heatpump_twin.machine_files.unit_names import kind_of, known_unit
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES

from .header_words import concepts_of, plain, project_name
from .headers import split_header, unit_of
from .tables import Table

# How sure a header is of a quantity: it has the project's name for it; it says side and place, or
# what is measured; it says one of two words; it may be one of several.
EXACT, SURE, LIKELY, POSSIBLE = 10.0, 4.0, 2.0, 1.0

# A header that says "any quantity" by mistake of the words is outweighed by one that says more.
_MORE = 0.5

# A difference of two temperatures, also as plain() parts dT.
_CHANGE = re.compile(r"\bd ?t\b|\bdelta ?t|spreizung|temp\w* ?diff|temp\w* (?:rise|drop)")

IGNORED = "ignore"


@dataclass(frozen=True)
class Header:
    """A header of a table.

    Attributes
    ----------
    column : str
        Name in the table.
    name : str
        Without the unit.
    unit : str or None
        As `known_unit` names it; None where there is none, or none that is known.
    concepts : frozenset of str
        What its words mean.
    scores : dict of str to float
        Quantity to how sure the header is of it.
    obstacle : str
        Why it is none, where its words say so.
    """

    column: str
    name: str
    unit: str | None
    concepts: frozenset[str]
    scores: dict[str, float]
    obstacle: str = ""


def read_header(column: str, unit_row: str | None) -> Header:
    """Tell what a header may mean."""
    name, written = unit_of(column, unit_row)
    unit = known_unit(written) if written else None
    concepts = concepts_of(name)
    exact = project_name(name)
    if exact is not None:
        return Header(column, name, unit, concepts, {exact: EXACT})
    if written and unit is None:
        return Header(column, name, unit, concepts, {}, f"unit {written!r} is none of a quantity")
    if _CHANGE.search(plain(name)):
        why = "a change of temperature; write a column of the outlet instead: inlet and change"
        return Header(column, name, unit, concepts, {}, why)
    if "other" in concepts:
        return Header(column, name, unit, concepts, {}, "set point, state, counter or the like")
    scores = _scores(concepts, kind_of(unit) if unit else None)
    return Header(column, name, unit, concepts, scores)


def _scores(concepts: frozenset[str], kind: str | None) -> dict[str, float]:
    kind = kind or _kind_by_words(concepts)
    by_kind = {
        "temperature": _temperature,
        "pressure": _pressure,
        "power": _power,
        "mass flow": _flow,
        "volume flow": _flow,
        "turns": _speed,
        "share": _share,
        "one": _number,
    }
    return by_kind[kind](concepts) if kind in by_kind else {}


def _kind_by_words(concepts: frozenset[str]) -> str | None:
    """Tell what is measured where the header has no unit."""
    for word, kind in (
        ("cop", "one"),
        ("superheat", "temperature"),
        ("subcooling", "temperature"),
        ("speed", "turns"),
        ("pressure", "pressure"),
    ):
        if word in concepts:
            return kind
    # "flow temperature" is no flow, and "heat flow" neither.
    if "temperature" in concepts:
        return "temperature"
    if concepts & {"heat", "cold", "electric", "power"}:
        return "power"
    if "flow" in concepts:
        return "mass flow"
    if concepts & {"in", "out", "supply", "return", "air"}:
        return "temperature"
    if concepts & {"high", "low", "suction", "discharge"}:
        return "pressure" if concepts & {"high", "low"} else "temperature"
    return "turns" if "compressor" in concepts else None


def _side(concepts: frozenset[str]) -> str | None:
    """Tell the side of the machine: source, sink, both (conflicting), or None."""
    source, sink = "source" in concepts, "sink" in concepts
    if source != sink:
        return "source" if source else "sink"
    return "both" if source else None


def _temperature(concepts: frozenset[str]) -> dict[str, float]:
    for word in ("superheat", "subcooling"):
        if word in concepts:
            return {word: SURE}
    places = concepts & {"suction", "discharge", "liquid"}
    if places:
        return {f"T_{place}": SURE for place in places} if len(places) == 1 else {}
    # "Austritt in °C": what is before the unit counts for nothing beside another word.
    goes_out = "out" in concepts
    goes_in = "in" in concepts and not goes_out
    supply, back = "supply" in concepts, "return" in concepts
    side = _side(concepts)
    if side == "source":
        if supply != back:
            # Whose supply: values decide, the source is cooled.
            return {"T_source_in": SURE - 0.5 * back, "T_source_out": SURE - 0.5 * supply}
        if goes_in != goes_out:
            return {f"T_source_{'in' if goes_in else 'out'}": SURE}
        return {"T_source_in": LIKELY - _MORE}
    if side == "sink":
        if supply != back:
            return {f"T_sink_{'out' if supply else 'in'}": SURE}
        if goes_in != goes_out:
            return {f"T_sink_{'in' if goes_in else 'out'}": SURE}
        return {}
    if side == "both":
        return {}
    if supply != back:
        return {f"T_sink_{'out' if supply else 'in'}": LIKELY + _MORE}
    if concepts & {"high", "low"}:
        end = "in" if goes_in else "out"
        place = "sink" if "high" in concepts else "source"
        return {f"T_{place}_{end}": LIKELY} if goes_in != goes_out else {}
    if "air" in concepts:
        return {f"T_source_{'out' if goes_out and not goes_in else 'in'}": LIKELY}
    if goes_in != goes_out and "refrigerant" not in concepts:
        end = "in" if goes_in else "out"
        sure = POSSIBLE if "water" in concepts else POSSIBLE - _MORE
        return {f"T_sink_{end}": sure, f"T_source_{end}": sure}
    return {}


def _pressure(concepts: frozenset[str]) -> dict[str, float]:
    high = bool(concepts & {"high", "discharge"})
    low = bool(concepts & {"low", "suction"})
    if high == low:
        return {}
    if _side(concepts) is not None and not concepts & {"suction", "discharge"}:
        return {}  # of the water or the brine
    # At the compressor, rather than in an exchanger.
    nearer = _MORE if concepts & {"suction", "discharge"} else 0.0
    further = _MORE if concepts & {"in", "out", "liquid"} else 0.0
    return {"p_high" if high else "p_low": SURE + nearer - further}


def _power(concepts: frozenset[str]) -> dict[str, float]:
    side = _side(concepts)
    if "electric" in concepts:
        # "heating power input" is electric, too.
        return {"P_el": SURE - _MORE * ("heat" in concepts)}
    if "cold" in concepts:
        return {"Q_flow_source": SURE}
    if "heat" in concepts:
        of_source = side == "source" or ("low" in concepts and side is None)
        return {"Q_flow_source" if of_source else "Q_flow_sink": SURE}
    if "compressor" in concepts:
        return {"P_el": SURE - _MORE}
    if side == "source":
        return {"Q_flow_source": LIKELY}
    if side == "sink":
        # "Sink P" below a merged header may be the power beside it.
        return {"Q_flow_sink": LIKELY, "P_el": POSSIBLE}
    return {"P_el": LIKELY, "Q_flow_sink": POSSIBLE} if "power" in concepts else {}


def _flow(concepts: frozenset[str]) -> dict[str, float]:
    side = _side(concepts)
    if "refrigerant" in concepts:
        return {"m_flow_refrigerant": SURE}
    if side == "source" or side == "sink":
        return {f"m_flow_{side}": SURE}
    if side == "both":
        return {}
    if "air" in concepts or "low" in concepts:
        return {"m_flow_source": LIKELY}
    if concepts & {"high", "supply", "return"}:
        return {"m_flow_sink": LIKELY}
    return {"m_flow_sink": POSSIBLE, "m_flow_source": POSSIBLE - _MORE}


def _speed(concepts: frozenset[str]) -> dict[str, float]:
    if _side(concepts) is not None:
        return {}
    return {"compressor_speed": SURE if concepts & {"speed", "compressor"} else LIKELY}


def _share(concepts: frozenset[str]) -> dict[str, float]:
    return {"compressor_speed": LIKELY} if concepts & {"speed", "compressor"} else {}


def _number(concepts: frozenset[str]) -> dict[str, float]:
    if "cop" in concepts:
        return {"COP": SURE}
    return {"compressor_speed": LIKELY} if "speed" in concepts else {}


@dataclass(frozen=True)
class Assignment:
    """What the headers of a table say.

    Attributes
    ----------
    quantities : dict of str to Header
        By quantity.
    others : dict of str to str
        Column to why it was not taken.
    """

    quantities: dict[str, Header]
    others: dict[str, str]


def assign(table: Table, said: dict[str, str]) -> Assignment:
    """Give each quantity the column whose header is surest of it.

    Parameters
    ----------
    table : Table
        The table.
    said : dict of str to str
        Column to the quantity that the user says it is, with a unit where the header has none, or
        `IGNORED`.

    Raises
    ------
    InputError
        If two columns are one quantity and nothing tells which is meant, or `said` has an unknown
        name.
    """
    _check_said(table, said)
    headers = {}
    for column in table.cells:
        header = read_header(column, table.units.get(column))
        if column in said:
            quantity, unit = split_header(said[column])
            known = {} if quantity == IGNORED else {quantity: 2.0 * EXACT}
            unit = known_unit(unit) if unit else header.unit
            why = "you said so" if quantity == IGNORED else ""
            header = Header(column, header.name, unit, header.concepts, known, why)
        headers[column] = header
    pairs = sorted(
        (
            (score, column, quantity)
            for column, h in headers.items()
            for quantity, score in h.scores.items()
        ),
        key=lambda pair: -pair[0],
    )
    taken: dict[str, Header] = {}
    used: dict[str, str] = {}
    for score, column, quantity in pairs:
        if column in used or quantity in taken:
            continue
        rivals = [
            other
            for other_score, other, same in pairs
            if same == quantity and other_score == score and other not in used and other != column
        ]
        if rivals and score >= LIKELY:
            raise InputError(_two_columns(table, quantity, [column, *rivals]))
        if not rivals:
            taken[quantity], used[column] = headers[column], quantity
    others = {}
    for column, header in headers.items():
        if column in used:
            continue
        wanted = max(header.scores, key=lambda q: header.scores[q], default=None)
        if header.obstacle or wanted is None:
            others[column] = header.obstacle or "its words are those of no quantity"
        elif wanted in taken:
            others[column] = f"{wanted} is column {taken[wanted].column!r} already"
        else:
            others[column] = f"may be {' or '.join(header.scores)}, and nothing tells"
    return Assignment(taken, others)


def _check_said(table: Table, said: dict[str, str]) -> None:
    quantities = {column: split_header(text) for column, text in said.items()}
    for column, (quantity, unit) in quantities.items():
        if column not in table.cells:
            raise InputError(
                f"--column {column!r}: no such column; {table.path} has: {', '.join(table.cells)}"
            )
        if unit is not None and known_unit(unit) is None:
            raise InputError(f"--column {column}: unknown unit {unit!r}")
        if quantity not in QUANTITIES and quantity != IGNORED:
            raise InputError(
                f"--column {column}={quantity}: unknown quantity; known: {', '.join(QUANTITIES)}, "
                f"or {IGNORED}"
            )
    named = [quantity for quantity, _ in quantities.values() if quantity != IGNORED]
    for quantity in named:
        if named.count(quantity) > 1:
            columns = [column for column, (q, _) in quantities.items() if q == quantity]
            raise InputError(_two_columns(table, quantity, columns))


def _two_columns(table: Table, quantity: str, columns: list[str]) -> str:
    names = " and ".join(map(repr, columns))
    return (
        f"data file {table.path}: columns {names} both look like {quantity} "
        f"({QUANTITIES[quantity].title}), in {_header_place(table)}; say which: --column "
        f"'{columns[0]}={quantity}', or --column '{columns[1]}={IGNORED}'"
    )


def _header_place(table: Table) -> str:
    row = table.format.header_row
    return table.row_name(row) if row else "its schema"
