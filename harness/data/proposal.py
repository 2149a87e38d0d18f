"""What a user's table means: a quantity, a unit and a reason for each column, and what is assumed.

Headers say most of it; where they do not, values decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.unit_names import absolute_unit, kind_of, known_unit
from heatpump_twin.machine_files.units import from_si
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES, celsius
from heatpump_twin.solving.media import abstract_state
from heatpump_twin.solving.property_tables import medium_table

from . import unit_guess
from .completion import HEAT, SPEED
from .compressor_table import compressor_alone
from .contradictions import gauge_columns
from .datasets import Column, check_readings
from .header_words import plain
from .numerals import read_numbers
from .recognition import EXACT, LIKELY, SURE, Assignment, Header, assign
from .tables import Table
from .unknown_speed import why_several_speeds

ATMOSPHERE = 101325.0  # Pa

GLYCOL, WATER, AIR = "INCOMP::MEG[0.3]", "INCOMP::Water", "Air"
# Density in kg/m3 and heat capacity in J/(kg K) at usual temperatures.
_MEDIA = {
    GLYCOL: (1045.0, 3700.0),
    "INCOMP::MEG[0.4]": (1062.0, 3420.0),
    "INCOMP::MEG[0.5]": (1077.0, 3170.0),
    WATER: (996.0, 4182.0),
    AIR: (1.2, 1006.0),
}
_MEDIA_TITLES = {
    GLYCOL: "30 % ethylene glycol",
    "INCOMP::MEG[0.4]": "40 % ethylene glycol",
    "INCOMP::MEG[0.5]": "50 % ethylene glycol",
    WATER: "water",
    AIR: "air",
}
_GLYCOL_WORDS = "sole|brine|glykol|glycol|sonde|erdreich|erdwaerme"
# From the weakest; and how far above freezing the coldest outlet is, or inlet where no outlet was
# read, K.
_GLYCOLS = [medium for medium in _MEDIA if "MEG" in medium]
_ABOVE_FREEZING, _ABOVE_FREEZING_IN = 3.0, 6.0
_DEFAULT_REFRIGERANT = "R410A"

# A source that is colder somewhere has no pure water, K.
_COLDEST_WATER = 277.15

# Standard uncertainties to begin with: K, or a fraction of the reading.
_KELVINS = {
    "T_suction": 1.0,
    "T_discharge": 2.0,
    "T_liquid": 1.0,
    "superheat": 1.0,
    "subcooling": 1.0,
}
_USUAL_KELVIN = 0.3
_FRACTIONS = {"P_el": 0.01, "p_low": 0.02, "p_high": 0.02, "compressor_speed": 0.01}
_USUAL_FRACTION = 0.03

# Usual changes of temperature where neither flow nor outlet was read, K: EN 14511 at the standard
# rating, and a fan coil. With their standard uncertainty.
_CHANGES = {"source": 3.0, "sink": 5.0}
_CHANGE_OF_AIR = 6.0
_U_CHANGE = 1.5

# Flows that scatter less than this about their median are one that was constant.
_CONSTANT = 0.12
# A speed that varies less is that of an on/off machine.
_ONE_SPEED = 0.05

# So many records tell whether pressures are gauge pressures.
_LOOKED_AT = 1000

# Headers that count the records.
_RECORD_WORDS = (
    r" (nr|no|number|nummer|id|index|record|row|zeile|pos|lfd.*|\w*punkt|point|test|messung"
    r"|plateau|datensatz|reading|n|i) "
)
_REFRIGERANT = re.compile(
    r"(?<![0-9a-zA-Z])R ?-?(\d{2,4}[a-zA-Z]{0,2}(?:\([EZ]\))?)(?![0-9a-zA-Z])"
)


@dataclass(frozen=True)
class Understood:
    """A column and what it is.

    Attributes
    ----------
    header : Header
        Of the column.
    quantity, unit : str
        What it is.
    why : str
        In words.
    values : numpy.ndarray
        In `unit`, NaN where nothing was read.
    missing_codes : tuple of float
        Numbers that were taken for missing.
    keys : dict of str to float
        What its conversion needs: ``density``, ``rated_speed``, ``ambient_pressure``.
    """

    header: Header
    quantity: str
    unit: str
    why: str
    values: unit_guess.Array
    missing_codes: tuple[float, ...] = ()
    keys: dict[str, float] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """How many cells hold no reading."""
        return int(np.isnan(self.values).sum())

    @property
    def uncertainty(self) -> tuple[str, float]:
        """Key and value of the standard uncertainty in a descriptor."""
        quantity = QUANTITIES[self.quantity]
        if quantity.unit != "K":
            return "relative_uncertainty", _FRACTIONS.get(self.quantity, _USUAL_FRACTION)
        kelvins = _KELVINS.get(self.quantity, _USUAL_KELVIN)
        return "uncertainty", round(from_si(kelvins, self.unit, "K", difference=True), 4)

    @property
    def column(self) -> Column:
        """As the descriptor has it."""
        key, u = self.uncertainty
        given: dict[str, Any] = {"quantity": self.quantity, "unit": self.unit, key: u, **self.keys}
        return Column.model_validate({**given, "gaps": self.missing > 0})

    @property
    def si(self) -> unit_guess.Array:
        """Values in SI units."""
        return self.column.to_si(self.values)


@dataclass(frozen=True)
class Proposal:
    """What a table means.

    Attributes
    ----------
    table : Table
        The table.
    columns : tuple of Understood
        In the order of the vocabulary.
    others : dict of str to str
        Column that was not understood to the reason.
    record : str or None
        The column that numbers the records.
    constants, derived : dict of str to dict
        Entries of the descriptor for quantities that no column has.
    media : tuple of str
        Refrigerant, source and sink medium.
    why_media : tuple of str
        Why these media, in the same order.
    assumptions : tuple of str
        What no column says, in words.
    """

    table: Table
    columns: tuple[Understood, ...]
    others: dict[str, str]
    record: str | None
    constants: dict[str, dict[str, Any]]
    derived: dict[str, dict[str, Any]]
    media: tuple[str, str, str]
    why_media: tuple[str, str, str]
    assumptions: tuple[str, ...]


def propose(table: Table, said: dict[str, str], of_log: bool = False) -> Proposal:
    """Tell what the columns of a table mean, and what has to be assumed beside them.

    Parameters
    ----------
    table : Table
        The table.
    said : dict of str to str
        Column to the quantity that the user says it is, or ``ignore``.
    of_log : bool
        Whether they are rows of a log, which may have no heat: power and outlets tell something.

    Raises
    ------
    InputError
        If a quantity is missing that the model needs, two columns are the same, or a cell is no
        number.
    """
    assignment = assign(table, said)
    others = dict(assignment.others)
    found = _read(table, assignment, others)
    record = _record_column(table, others)
    _check_needed(table, found, others, of_log)
    assumptions: list[str] = []
    if table.is_reshaped:
        assumptions.append("its cells are made into records with both temperatures, in data.csv")
        assumptions.extend(table.skipped)
    _exchange_source(found)
    of_sides = _media(found, assumptions)
    (source, of_source), (sink, of_sink) = of_sides["source"], of_sides["sink"]
    refrigerant, of_refrigerant = _refrigerant(table)
    assumptions.append(f"refrigerant {refrigerant}: {of_refrigerant}")
    _guess_units(table, found, {"source": source, "sink": sink}, others)
    _check_needed(table, found, others, of_log)
    _find_gauges(found, (refrigerant, source, sink))
    for u in found.values():
        _check_range(table, u)
    constants, derived = _complete(found, source, sink, assumptions)
    return Proposal(
        table=table,
        columns=tuple(found[q] for q in QUANTITIES if q in found),
        others={c: others[c] for c in table.cells if c in others and c != record},
        record=record,
        constants=constants,
        derived=derived,
        media=(refrigerant, source, sink),
        why_media=(of_refrigerant, of_source, of_sink),
        assumptions=tuple(assumptions),
    )


def _read(table: Table, assignment: Assignment, others: dict[str, str]) -> dict[str, Understood]:
    """Read the numbers of the columns; those that are guesses need not be numbers."""
    found = {}
    for quantity, header in assignment.quantities.items():
        place = f"data file {table.path}: column {header.column!r} ({quantity})"
        try:
            read = read_numbers(
                table.cells[header.column],
                place,
                table.row_name,
                table.format.decimal,
                table.decimals,
                table.format.missing,
            )
        except InputError:
            if header.scores[quantity] < LIKELY:
                others[header.column] = "holds text"
                continue
            raise
        if np.isnan(read.values).all():
            others[header.column] = "every cell is empty"
            continue
        unit = header.unit or (known_unit(read.unit) if read.unit else None) or ""
        if unit and not _fits(unit, quantity):
            others[header.column] = f"unit {unit} is none of {quantity}"
            continue
        why = _why(header, quantity, read.unit)
        found[quantity] = Understood(header, quantity, unit, why, read.values, read.missing_codes)
    return found


def _check_range(table: Table, u: Understood) -> None:
    place = f"data file {table.path}: column {u.header.column!r} ({u.quantity})"
    rows = table.cells.index
    check_readings(u.column, u.values, u.si, lambda i: f"{place}, {table.row_name(rows[i])}")


def _fits(unit: str, quantity: str) -> bool:
    kinds = {
        "K": {"temperature"},
        "Pa": {"pressure"},
        "W": {"power"},
        "kg/s": {"mass flow", "volume flow"},
        "1": {"one", "share"} | ({"turns"} if quantity == "compressor_speed" else set()),
        "J/kg": {"enthalpy"},
    }
    return kind_of(unit) in kinds[QUANTITIES[quantity].unit]


def _why(header: Header, quantity: str, unit_in_cells: str) -> str:
    score = header.scores[quantity]
    if score > EXACT:
        return "you said so"
    if score == EXACT:
        return "name of the quantity"
    words = ", ".join(sorted(header.concepts - {"temperature", "pressure"})) or "unit"
    of_cells = "; unit in the cells" if unit_in_cells else ""
    return f"{'' if score >= SURE - 0.5 else 'likely: '}{words}{of_cells}"


def _record_column(table: Table, others: dict[str, str]) -> str | None:
    """Find a column of ascending whole numbers whose header says that it counts records."""
    for column in others:
        header = table.cells[column]
        if not re.search(_RECORD_WORDS, f" {plain(column)} "):
            continue
        try:
            read = read_numbers(header, "", table.row_name, table.format.decimal, missing=())
        except InputError:
            continue
        numbers = read.values
        if (numbers == np.floor(numbers)).all() and (np.diff(numbers) > 0).all():
            return column
    return None


def _check_needed(
    table: Table, found: dict[str, Understood], others: dict[str, str], of_log: bool
) -> None:
    """Refuse a table that lacks what nothing else gives."""
    lacking = []
    has = set(found)
    if not has & {"T_source_in", "T_source_out"}:
        lacking.append("the source's temperature (T_source_in)")
    if not has & {"T_sink_in", "T_sink_out"}:
        lacking.append("the sink's temperature (T_sink_in)")
    balance = {"m_flow_sink", "T_sink_in", "T_sink_out"} <= has
    of_source = {"m_flow_source", "T_source_in", "T_source_out"} <= has
    heat = bool(has & {"Q_flow_sink", "Q_flow_source"}) or balance or of_source
    if "P_el" not in has and not {"COP", "Q_flow_sink"} <= has:
        lacking.append("electric power (P_el), or COP beside the heat")
    if not heat and not ("COP" in has and "P_el" in has) and not (of_log and "P_el" in has):
        lacking.append(
            "heat (Q_flow_sink), COP beside the power, or flow, inlet and outlet of the sink"
        )
    if not lacking:
        return
    alone = compressor_alone(table)
    if alone:
        raise InputError(f"data file {table.path}: {alone}")
    understood = ", ".join(f"{u.header.column!r} ({q})" for q, u in found.items()) or "none"
    rest = ", ".join(f"{column!r} ({why})" for column, why in others.items()) or "none"
    raise InputError(
        f"data file {table.path}: no column for {'; nor for '.join(lacking)}. Understood: "
        f"{understood}. Not understood: {rest}. If one of them is it, say so: --column "
        "'HEADER=QUANTITY'"
    )


def _media(found: dict[str, Understood], assumptions: list[str]) -> dict[str, tuple[str, str]]:
    """Tell the media of source and sink from the headers and the lowest temperature, and why."""
    media = {"source": _source_medium(found), "sink": _sink_medium(found)}
    for side, (medium, why) in media.items():
        assumptions.append(f"{side} medium {medium} ({_MEDIA_TITLES[medium]}): {why}")
    return media


def _source_medium(found: dict[str, Understood]) -> tuple[str, str]:
    source = [u.header for q, u in found.items() if "source" in q]
    words = " ".join(plain(h.column) for h in source)
    if any("air" in h.concepts and "source" not in h.concepts for h in source):
        return AIR, "a header names air"
    temperatures = [found[q] for q in ("T_source_out", "T_source_in") if q in found]
    coldest = min(float(np.nanmin(_kelvin(u))) for u in temperatures)
    is_named = re.search(_GLYCOL_WORDS, words)
    if is_named or coldest < _COLDEST_WATER:
        room = _ABOVE_FREEZING if "T_source_out" in found else _ABOVE_FREEZING_IN
        # Of the outlet, which is the colder one: an inlet below it is none, and will be named.
        least = float(np.nanmin(_kelvin(temperatures[0]))) - room
        fitting = (m for m in _GLYCOLS if medium_table(m).low < least)
        medium = next(fitting, GLYCOL)
        if is_named:
            return medium, "a header names brine; which one is a guess"
        return medium, f"a guess: no header names brine, but water freezes near {celsius(coldest)}"
    if _names_water(words):
        return WATER, "a header names it"
    return WATER, f"a guess: no header names it; it is never colder than {celsius(coldest)}"


def _sink_medium(found: dict[str, Understood]) -> tuple[str, str]:
    words = " ".join(plain(u.header.column) for q, u in found.items() if "sink" in q)
    if _names_water(words):
        return WATER, "a header names it"
    if re.search(r"luft|\bair\b", words):
        return AIR, "a header names air"
    return WATER, "a guess: no header names it"


def _names_water(words: str) -> bool:
    return re.search("wasser|water", words) is not None


def _kelvin(u: Understood) -> unit_guess.Array:
    unit = u.unit or unit_guess.temperature(u.values, False)[0]
    return replace(u, unit=unit).si


def _refrigerant(table: Table) -> tuple[str, str]:
    """Look for the refrigerant in what stands above the table, and in its headers; say why."""
    unknown = ""
    for text in (*table.titles, *table.cells.columns, table.path.stem):
        for match in _REFRIGERANT.finditer(text):
            said = " ".join(text.split())
            # Catalogues leave out which isomer R1234ze and R1233zd are: those sold are (E).
            for name in (f"R{match[1]}", f"R{match[1]}(E)"):
                try:
                    abstract_state(name)
                except InputError:
                    continue
                return name, f"as {said!r} says"
            unknown = unknown or f"R{match[1]}, as {said!r} says, is none that CoolProp knows"
    return _DEFAULT_REFRIGERANT, f"{unknown or 'nothing in the table says which'}, a guess"


def _exchange_source(found: dict[str, Understood]) -> None:
    """Tell supply and return of the source by their values: the source is cooled."""
    inlet, outlet = found.get("T_source_in"), found.get("T_source_out")
    if inlet is None or outlet is None:
        return
    words = {"supply", "return"}
    for u in (inlet, outlet):
        if not u.header.concepts & words:
            return
    if float(np.nanmedian(inlet.values - outlet.values)) < 0.0:
        inlet, outlet = outlet, inlet
    why = "; the source is cooled, so the warmer one is its inlet"
    found["T_source_in"] = replace(inlet, quantity="T_source_in", why=inlet.why + why)
    found["T_source_out"] = replace(outlet, quantity="T_source_out", why=outlet.why + why)


def _guess_units(
    table: Table, found: dict[str, Understood], media: dict[str, str], others: dict[str, str]
) -> None:
    """Give units to the columns without one, and what their conversion needs."""
    us = unit_guess.is_us_customary([u.unit for u in found.values()])

    def put(quantity: str, guess: tuple[str, str]) -> None:
        u = found[quantity]
        found[quantity] = replace(u, unit=guess[0], why=f"{u.why}; {guess[1]}")

    for quantity, u in list(found.items()):
        if u.unit:
            continue
        is_a = QUANTITIES[quantity]
        if is_a.unit == "K":
            of_medium = unit_guess.temperature(u.values, us)
            put(quantity, ("K", "a difference") if is_a.is_difference else of_medium)
        elif quantity == "COP":
            put(quantity, ("1", "no unit"))
        elif quantity == "compressor_speed":
            put(quantity, _speed_unit(u))
        elif is_a.unit == "J/kg":
            put(quantity, ("kJ/kg", "usual unit"))
    _guess_pressures(found, us, put)
    _guess_powers(found, us, put)
    for quantity, u in list(found.items()):
        if u.unit:
            continue
        guess = (
            _flow_guess(found, quantity, media, us) if QUANTITIES[quantity].unit == "kg/s" else None
        )
        if guess is not None:
            put(quantity, guess)
        elif quantity in ("P_el", "Q_flow_sink", "Q_flow_source"):
            raise InputError(_no_unit(table, u))
        else:
            others[u.header.column] = (
                f"{quantity}, but no unit, and its values do not tell; write it into the header, "
                "such as [l/h] or [bar]"
            )
            del found[quantity]
    for quantity, u in list(found.items()):
        if kind_of(u.unit) == "volume flow":
            side = quantity.rsplit("_", 1)[-1]
            if side not in media:
                others[u.header.column] = "a volume flow of refrigerant: its density is not known"
                del found[quantity]
                continue
            found[quantity] = replace(u, keys={"density": _MEDIA[media[side]][0]})
        elif kind_of(u.unit) == "turns":
            found[quantity] = replace(u, keys={"rated_speed": _rated_speed(u.values)})
        elif (absolute := absolute_unit(u.unit)) is not None:
            ambient = float(f"{from_si(ATMOSPHERE, absolute, 'Pa'):.5g}")
            found[quantity] = replace(u, keys={"ambient_pressure": ambient})


def _no_unit(table: Table, u: Understood) -> str:
    return (
        f"data file {table.path}: column {u.header.column!r} ({u.quantity}) has no unit, and its "
        f"values, median {np.nanmedian(u.values):.4g}, fit neither W nor kW beside the others; "
        f"write it into the header: '{u.header.column} [kW]'"
    )


def _speed_unit(u: Understood) -> tuple[str, str]:
    usual = float(np.nanmedian(u.values[u.values > 0.0])) if (u.values > 0.0).any() else 0.0
    if usual <= 3.0:
        return "1", "values up to 3 are relative to rated speed"
    return ("rpm" if usual > 200.0 else "Hz"), f"values about {usual:.4g}"


def _rated_speed(values: unit_guess.Array) -> float:
    """Take the usual speed of the table for the rated one."""
    running = values[values > 0.0]
    return float(f"{np.median(running):.3g}") if len(running) else 1.0


def _guess_pressures(found: dict[str, Understood], us: bool, put: Any) -> None:
    without = [q for q in ("p_low", "p_high") if q in found and not found[q].unit]
    given = next((found[q].unit for q in ("p_low", "p_high") if q in found and found[q].unit), None)
    if not without:
        return
    if given is not None:
        guess: tuple[str, str] | None = (given, "as the other pressure")
    else:
        guess = unit_guess.pressure(
            {str(q): float(np.nanmedian(found[q].values)) for q in without}, us
        )
    for quantity in without:
        if guess is not None:
            put(quantity, guess)


def _guess_powers(found: dict[str, Understood], us: bool, put: Any) -> None:
    names = [q for q in ("P_el", "Q_flow_sink", "Q_flow_source") if q in found]
    without = [q for q in names if not found[q].unit]
    known = {q: float(np.nanmedian(found[q].si)) for q in names if found[q].unit}
    heats = [q for q in names if q != "P_el"]
    if len(without) > 1 and "P_el" in without and not known:
        medians = {q: float(np.nanmedian(found[q].values)) for q in without}
        guess = unit_guess.powers(medians[heats[0]], medians["P_el"])
        if guess is not None:
            for quantity in without:
                put(quantity, guess)
            return
        put("P_el", unit_guess.power(medians["P_el"], None, False, us))
        known["P_el"] = float(np.nanmedian(found["P_el"].si))
        without.remove("P_el")
    for quantity in without:
        is_heat = quantity != "P_el"
        other = (
            known.get("P_el") if is_heat else next((known[q] for q in heats if q in known), None)
        )
        guess = unit_guess.power(float(np.nanmedian(found[quantity].values)), other, is_heat, us)
        if guess is not None:
            put(quantity, guess)


def _heat_of(found: dict[str, Understood], side: str) -> unit_guess.Array | None:
    """Heat of a stream, W, where the table gives it without its flow."""
    own = found.get(f"Q_flow_{side}")
    if own is not None and own.unit:
        return own.si
    P, cop = found.get("P_el"), found.get("COP")
    heat = found.get("Q_flow_sink" if side == "source" else "Q_flow_source")
    if heat is not None and heat.unit and P is not None and P.unit:
        return heat.si - P.si if side == "source" else heat.si + P.si
    if cop is not None and P is not None and P.unit:
        sink = cop.si * P.si
        return sink - P.si if side == "source" else sink
    if cop is not None and heat is not None and heat.unit and side == "source":
        return heat.si * (1.0 - 1.0 / cop.si)
    return None


def _change_of(found: dict[str, Understood], side: str) -> unit_guess.Array | None:
    """Change of a stream's temperature in the direction that the machine exists for, K."""
    inlet, outlet = found.get(f"T_{side}_in"), found.get(f"T_{side}_out")
    if inlet is None or outlet is None:
        return None
    change = outlet.si - inlet.si
    return change if side == "sink" else -change


def _flow_guess(
    found: dict[str, Understood], quantity: str, media: dict[str, str], us: bool
) -> tuple[str, str] | None:
    side = quantity.rsplit("_", 1)[-1]
    if side not in media:
        return None
    heat, change = _heat_of(found, side), _change_of(found, side)
    density, capacity = _MEDIA[media[side]]
    u, P_el = found[quantity], found.get("P_el")
    is_estimate = heat is None and P_el is not None and bool(P_el.unit)
    if is_estimate and P_el is not None:
        heat = P_el.si * (unit_guess.USUAL_COP - (side == "source"))
    return unit_guess.flow(
        float(np.nanmedian(u.values)),
        None if heat is None else float(np.nanmedian(heat)),
        None if change is None else float(np.nanmedian(change)),
        capacity,
        "mass" not in u.header.concepts,
        density,
        us,
        is_estimate,
    )


def _find_gauges(found: dict[str, Understood], media: tuple[str, str, str]) -> None:
    """Take pressures for gauge pressures where superheat or subcooling say so."""
    plain_units = [
        q
        for q in ("p_low", "p_high")
        if q in found and not found[q].keys and found[q].header.scores[q] < EXACT
    ]
    if not plain_units:
        return
    every = max(1, len(found[plain_units[0]].values) // _LOOKED_AT)
    values = pd.DataFrame({q: u.si[::every] for q, u in found.items()})
    told = gauge_columns(values, media[0])
    if not told:
        return
    for quantity in plain_units:  # meters of one machine are of one kind
        u = found[quantity]
        ambient = float(f"{from_si(ATMOSPHERE, u.unit, 'Pa'):.5g}")
        found[quantity] = replace(
            u,
            unit=f"{u.unit}(g)",
            why=f"{u.why}; {told[0]} and the temperatures say: over the ambient pressure",
            keys={"ambient_pressure": ambient},
        )


def _complete(
    found: dict[str, Understood], source: str, sink: str, assumptions: list[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Derive or assume the quantities that the model needs and no column has."""
    constants: dict[str, dict[str, Any]] = {}
    derived: dict[str, dict[str, Any]] = {}
    media = {"source": source, "sink": sink}
    if "P_el" not in found and "Q_flow_sink" in found:
        derived["P_el"] = {}
        assumptions.append("P_el follows from heat and COP")
    if "Q_flow_sink" not in found:
        if {"m_flow_sink", "T_sink_in", "T_sink_out"} <= found.keys():
            derived["Q_flow_sink"] = {"medium": sink}
            assumptions.append("Q_flow_sink follows from flow, inlet and outlet of the sink")
        elif {"COP", "P_el"} <= found.keys():
            derived["Q_flow_sink"] = {}
            assumptions.append("Q_flow_sink follows from COP and power")
    if (
        not {"Q_flow_sink", "Q_flow_source"} & (found.keys() | derived.keys())
        and {"m_flow_source", "T_source_in", "T_source_out"} <= found.keys()
    ):
        derived["Q_flow_source"] = {"medium": source}
        assumptions.append("Q_flow_source follows from flow, inlet and outlet of the source")
    if not {HEAT, "Q_flow_source", "COP"} & (found.keys() | derived.keys()):
        _assume_flows(found, media, constants, assumptions)
    for side, medium in media.items():
        _complete_stream(found, side, medium, constants, derived, assumptions)
    several = _several_speeds(found, derived, media)
    if SPEED not in found and several:
        derived[SPEED] = {"note": f"no column has it; {several}"}
        assumptions.append(
            f"compressor at the speed that gives the recorded heat: no column has its speed, and "
            f"{several}. Heat is then given and power predicted; of an on/off machine say "
            f"[constants.{SPEED}] in the descriptor instead"
        )
    elif SPEED not in found:
        constants["compressor_speed"] = {
            "value": 1.0,
            "unit": "1",
            "uncertainty": 0.01,
            "note": "no column has it: taken to run at rated speed, as an on/off machine does",
        }
        assumptions.append("compressor at rated speed at all records: no column has its speed")
    elif found["compressor_speed"].keys:
        u = found["compressor_speed"]
        assumptions.append(
            f"rated speed {u.keys['rated_speed']:g} {u.unit}, the usual one of the table"
        )
    for quantity, u in found.items():
        if "density" in u.keys:
            assumptions.append(f"density for {quantity}: {u.keys['density']:g} kg/m3")
        if "ambient_pressure" in u.keys:
            assumptions.append(
                f"ambient pressure for {quantity}: {u.keys['ambient_pressure']:g} "
                f"{absolute_unit(u.unit)}, at sea level"
            )
    return constants, derived


def _several_speeds(
    found: dict[str, Understood], derived: dict[str, dict[str, Any]], media: dict[str, str]
) -> str:
    """Say what tells that the records are of several speeds; empty if nothing does."""
    heat, P_el = _heat_of(found, "sink"), found.get("P_el")
    if heat is None and HEAT in derived and "medium" in derived[HEAT]:
        change = _change_of(found, "sink")
        assert change is not None
        heat = found["m_flow_sink"].si * _MEDIA[media["sink"]][1] * change
    streams = [
        next((found[q].si for q in (f"T_{side}_in", f"T_{side}_out") if q in found), None)
        for side in ("source", "sink")
    ]
    if heat is None or streams[0] is None or streams[1] is None:
        return ""
    if P_el is not None:
        power = P_el.si
    elif "COP" in found:
        power = heat / found["COP"].si
    else:
        return ""
    return why_several_speeds(heat, power, streams[0], streams[1])


def _complete_stream(
    found: dict[str, Understood],
    side: str,
    medium: str,
    constants: dict[str, dict[str, Any]],
    derived: dict[str, dict[str, Any]],
    assumptions: list[str],
) -> None:
    flow, inlet = f"m_flow_{side}", f"T_{side}_in"
    if inlet not in found:
        derived[inlet] = {"medium": medium}
        assumptions.append(f"{inlet} follows from the outlet, heat and flow of the {side}")
    if flow in found or flow in constants:
        return
    heat, change = _heat_of(found, side), _change_of(found, side)
    capacity = _MEDIA[medium][1]
    if heat is not None and change is not None:
        with np.errstate(all="ignore"):
            implied = heat / (capacity * change)
        implied = implied[np.isfinite(implied) & (implied > 0.0)]
        if len(implied):
            level = float(np.median(implied))
            scatter = float(np.median(np.abs(implied - level))) / level
            if scatter <= _CONSTANT or (side == "sink" and "Q_flow_sink" not in found):
                constants[flow] = _assumed_flow(
                    level, max(0.05, scatter), "median of heat / (cp (T_out - T_in)); not recorded"
                )
                assumptions.append(
                    f"{flow} constant: {level:.3g} kg/s, the median that heat and temperatures "
                    "imply"
                )
                return
        derived[flow] = {"medium": medium}
        assumptions.append(f"{flow} follows from heat, inlet and outlet of the {side}")
        return
    usual = _CHANGE_OF_AIR if medium == AIR else _CHANGES[side]
    if inlet not in found or heat is None:
        # A catalogue that states outlets: the change is that of its standard.
        derived[flow] = {
            "medium": medium,
            "temperature_difference": {"value": usual, "unit": "K", "uncertainty": _U_CHANGE},
        }
        assumptions.append(f"{flow} changes the {side} by {usual:g} K: no column tells it")
        return
    level = float(np.nanmedian(heat)) / (capacity * usual)
    constants[flow] = _assumed_flow(
        level, 0.3, f"neither flow nor outlet was recorded: taken to change by {usual:g} K"
    )
    assumptions.append(
        f"{flow} constant: {level:.3g} kg/s, as if the {side} changed by {usual:g} K; no column "
        "tells it"
    )


def _assume_flows(
    found: dict[str, Understood],
    media: dict[str, str],
    constants: dict[str, dict[str, Any]],
    assumptions: list[str],
) -> None:
    """Assume the flows of a log without heat: as if it had a usual COP."""
    power = float(np.nanmedian(found["P_el"].si))
    for side, medium in media.items():
        flow = f"m_flow_{side}"
        if flow in found:
            continue
        heat = power * (unit_guess.USUAL_COP - (side == "source"))
        change = _change_of(found, side)
        usual = _CHANGE_OF_AIR if medium == AIR else _CHANGES[side]
        kelvins = usual if change is None else max(0.5, float(np.nanmedian(change)))
        level = heat / (_MEDIA[medium][1] * kelvins)
        note = f"neither flow nor heat was recorded: as with a COP of {unit_guess.USUAL_COP:g}"
        constants[flow] = _assumed_flow(level, 0.3, note)
        assumptions.append(f"{flow} constant: {level:.3g} kg/s; {note}")


def _assumed_flow(level: float, fraction: float, note: str) -> dict[str, Any]:
    return {
        "value": float(f"{level:.4g}"),
        "unit": "kg/s",
        "uncertainty": float(f"{level * fraction:.2g}"),
        "recorded": False,
        "note": note,
    }
