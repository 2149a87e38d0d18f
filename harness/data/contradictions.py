"""Columns that contradict physics as a whole, named with the likely cause.

A misread unit, a gauge pressure or two columns that were mixed up contradict physics at nearly
every record. A fit would bend the machine until it gives in, so they are looked for before any fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from heatpump_twin.machine_files.unit_names import known_unit
from heatpump_twin.model.errors import InputError
from heatpump_twin.solving.property_tables import (
    LARGEST_SUBCOOLING,
    Array,
    MediumTable,
    RefrigerantTable,
    medium_table,
    refrigerant_table,
)

from .datasets import Dataset

# Share of the records that makes it the column and not a record.
MOST = 0.5

# Overall isentropic efficiency (motor included) that no compressor exceeds, and the least of one in
# use. The best of published sheets are about 0.75; 16 tests of NISTIR 7350 have 0.68 to 0.73.
LARGEST_EFFICIENCY, LEAST_EFFICIENCY = 0.9, 0.08

# Largest usual change of a stream's temperature in an exchanger, K: of a liquid, of air.
LARGEST_CHANGE_OF_LIQUID, LARGEST_CHANGE_OF_AIR = 45.0, 60.0

# No medium enters warmer, K.
_HOTTEST = 363.15

# A column that keeps its value while inlets vary by this much, in so many records, is stuck.
STUCK_RECORDS, STUCK_KELVIN = 6, 3.0

ATMOSPHERE = 101325.0  # Pa

# Pressures and temperatures that were read beside each other differ by less than this, K.
LEAST_GAP = 2.0

# With less lift the compressor's ideal work is small and its efficiency tells nothing, K.
LEAST_LIFT = 15.0

# An outlet on the wrong side of its inlet by less than that may be the sensors, K.
LEAST_WRONG_CHANGE = 0.2

# A recorded change of a stream's temperature that differs from that of its heat and flow by more
# than this factor is no matter of sensors.
LARGEST_MISMATCH = 5.0

# Usual heat per power; and factors by which units are mistaken, with what was taken for what.
USUAL_COP = (1.2, 12.0)
MISTAKEN_UNITS = (
    (1000.0, "1,000: kilo is missing or too much (kW and W, m3/h and l/h)"),
    (3412.14, "3,412: kBtu/h and W"),
    (3.41214, "3.412: kBtu/h and kW"),
    (3600.0, "3,600: per hour and per second"),
    (60.0, "60: per minute and per second, or per hour and per minute"),
    (16.6667, "16.7: m3/h and l/min"),
    (3.78541, "3.79: US gallons and litres"),
)
# A factor is recognised if it is met as closely.
FACTOR_ROOM = 1.35

# A cause is named if it takes away this share of what contradicts.
EXPLAINED = 0.7

# Usual distance of saturation from an outlet, K, for the efficiency that a table implies.
USUAL_APPROACH = 3.0


@dataclass(frozen=True)
class Media:
    """Tables of the three media of a data set."""

    refrigerant: RefrigerantTable
    source: MediumTable
    sink: MediumTable
    names: tuple[str, str, str]


def media_of(names: tuple[str, str, str]) -> Media:
    """Tables of refrigerant, source and sink medium as CoolProp names them."""
    return Media(refrigerant_table(names[0]), medium_table(names[1]), medium_table(names[2]), names)


def check_columns(dataset: Dataset, names: tuple[str, str, str]) -> None:
    """Look for columns that contradict physics as a whole.

    Parameters
    ----------
    dataset : Dataset
        In SI units.
    names : tuple of str
        Refrigerant, source and sink medium as CoolProp names them.

    Raises
    ------
    InputError
        If there is such a column; the message names it and the likely cause.
    SolveError
        If a medium has no properties.
    """
    where = f"data set {dataset.descriptor.name}"
    records = [r for r in dataset.values.index if r not in dataset.declared_unscored]
    values = dataset.values.loc[records]
    media = media_of(names)
    for side, table, medium in (("source", media.source, names[1]), ("sink", media.sink, names[2])):
        _check_medium(where, dataset, values, side, table, medium)
    _check_condensing(where, values, media)
    _check_stuck(where, dataset, values)
    _check_ends(where, values)
    _check_pressures(where, values, media)
    P_el, heat = _column(values, "P_el"), heat_to_sink(values)
    _check_heat(where, values, P_el, heat)
    _check_streams(where, dataset, values, P_el, heat, media)
    _check_lift(where, values, media)
    _check_efficiency(where, values, media)


def heat_to_sink(values: pd.DataFrame) -> Array:
    """Heat to the sink that each record gives, W: read, or from COP, or from the source's."""
    P_el = _column(values, "P_el")
    heat = _column(values, "Q_flow_sink")
    for other in (_column(values, "COP") * P_el, _column(values, "Q_flow_source") + 0.9 * P_el):
        heat = np.where(np.isfinite(heat), heat, other)
    return heat


def least_efficiency(values: pd.DataFrame, media: Media, approach: float = 0.0) -> Array:
    """Isentropic efficiency that each record needs if saturation is `approach` from the outlets.

    Refrigerant cannot evaporate above the source's outlet, nor condense below the sink's by more
    than what desuperheating allows, so with `approach` 0 this is about the least.

    Returns
    -------
    numpy.ndarray
        NaN where a record does not tell.
    """
    P_el, heat = _column(values, "P_el"), heat_to_sink(values)
    T_sink_in = _column(values, "T_sink_in")
    T_source_out, T_sink_out = outlets(values, media)
    with np.errstate(all="ignore"):
        T_dew, T_bubble = T_source_out - approach, T_sink_out + approach
        low, high = media.refrigerant.at_dew(T_dew), media.refrigerant.at_bubble(T_bubble)
        suction = low.suction(np.full_like(T_dew, 1e-3))
        subcooling = np.clip(T_bubble - T_sink_in, 0.0, LARGEST_SUBCOOLING)
        m_flow = (heat - P_el) / (suction.h - high.liquid_enthalpy(subcooling))
        rise = high.isentropic_enthalpy(suction.entropy) - suction.h
        efficiency: Array = m_flow * np.where(low.log_p < high.log_p, rise, 0.0) / P_el
    return efficiency


def outlets(values: pd.DataFrame, media: Media) -> tuple[Array, Array]:
    """Temperatures with which heat and flows let source and sink leave, K; NaN without them."""
    P_el, heat = _column(values, "P_el"), heat_to_sink(values)
    T_source_in, T_sink_in = (_column(values, q) for q in ("T_source_in", "T_sink_in"))
    C_source = _column(values, "m_flow_source") * media.source.heat_capacity(T_source_in)
    C_sink = _column(values, "m_flow_sink") * media.sink.heat_capacity(T_sink_in)
    with np.errstate(all="ignore"):
        return T_source_in - (heat - P_el) / C_source, T_sink_in + heat / C_sink


def _column(values: pd.DataFrame, quantity: str) -> Array:
    if quantity not in values:
        return np.full(len(values), np.nan)
    return values[quantity].to_numpy(float)


def _share(condition: Array) -> float:
    return float(np.mean(condition)) if len(condition) else 0.0


def _median(numbers: Array) -> float:
    """Of those that are numbers; NaN if none is."""
    told = numbers[np.isfinite(numbers)]
    return float(np.median(told)) if len(told) else float("nan")


def _first(values: pd.DataFrame, condition: Array) -> int:
    return int(values.index[int(np.argmax(condition))])


def _celsius(T: float) -> str:
    return f"{T - 273.15:.1f} degC"


def _check_medium(
    where: str, dataset: Dataset, values: pd.DataFrame, side: str, table: MediumTable, medium: str
) -> None:
    T_in = _column(values, f"T_{side}_in")
    too_cold, too_warm = T_in < table.low, T_in > table.high
    for wrong, word, limit in (
        (too_cold, "freezes or ends", table.low),
        (too_warm, "boils or ends", table.high),
    ):
        if wrong.any():
            record = _first(values, wrong)
            cause = _cause_of_inlet(values, side, table, _unit(dataset, f"T_{side}_in"))
            raise InputError(
                f"{where}: T_{side}_in is {_celsius(float(values.at[record, f'T_{side}_in']))} at "
                f"record {record}, where {medium} {word} ({_celsius(limit)}), as at {wrong.sum()} "
                f"of {len(T_in)} records; "
                + (f"{cause}: " if cause else "")
                + f"name the {side}'s medium in the start file, such as INCOMP::MPG[0.4], or check "
                "the unit of the column"
            )


def _unit(dataset: Dataset, quantity: str) -> str:
    """Unit that the column of a quantity is said to have; empty if no column has it."""
    units = (c.unit for c in dataset.descriptor.columns.values() if c.quantity == quantity)
    return known_unit(next(units, "")) or ""


def _cause_of_inlet(values: pd.DataFrame, side: str, table: MediumTable, unit: str) -> str:
    """Say what inlets where the medium freezes or boils read like; empty if like nothing known."""
    T_in = _column(values, f"T_{side}_in")
    source, sink = (_column(values, f"T_{s}_in") for s in ("source", "sink"))
    if _median(source) > _median(sink) + LEAST_LIFT / 3:
        other = sink if side == "source" else source
        if ((table.low < other) & (other < table.high)).all():
            return "T_source_in and T_sink_in look mixed up"
    for word, T in (
        ("degF given as degC", _from_fahrenheit(T_in)),
        ("degC given as degF", _to_fahrenheit(T_in)),
    ):
        is_as_given = not unit or word.endswith(unit)
        if is_as_given and ((table.low < T) & (min(table.high, _HOTTEST) > T)).all():
            return f"it reads like {word}"
    return ""


def _check_condensing(where: str, values: pd.DataFrame, media: Media) -> None:
    """Condensing takes a refrigerant below its critical point and a sink below that."""
    T_in, highest = _column(values, "T_sink_in"), media.refrigerant.bubble.high
    beyond = T_in > highest
    if _share(beyond) <= MOST:
        return
    record, name = _first(values, beyond), media.names[0]
    critical = _celsius(media.refrigerant.critical)
    raise InputError(
        f"{where}: T_sink_in is {_celsius(float(values.at[record, 'T_sink_in']))} at record "
        f"{record}, where {name} cannot condense (critical point {critical}), as at "
        f"{beyond.sum()} of {len(T_in)} records; a machine above the critical point is not "
        "modelled: check the refrigerant in the start file and the unit of the column"
    )


def _check_stuck(where: str, dataset: Dataset, values: pd.DataFrame) -> None:
    inlets = values[["T_source_in", "T_sink_in"]]
    if len(values) < STUCK_RECORDS or float((inlets.max() - inlets.min()).max()) < STUCK_KELVIN:
        return
    for quantity in dataset.scored:
        readings = values[quantity].dropna()
        if len(readings) >= STUCK_RECORDS and readings.nunique() == 1:
            raise InputError(
                f"{where}: {quantity} has the same value at all {len(readings)} records while the "
                "inlet temperatures vary: a sensor that is stuck, or a column filled in; take it "
                "out of the descriptor or give it score = false with a reason"
            )


def _check_ends(where: str, values: pd.DataFrame) -> None:
    """Compare inlet and outlet of each stream: the source is cooled, the sink warmed."""
    for side, sign, word in (("source", -1.0, "warmer"), ("sink", 1.0, "colder")):
        T_in, T_out = (_column(values, f"T_{side}_{end}") for end in ("in", "out"))
        change = sign * (T_out - T_in)
        told = np.isfinite(change)
        if not told.any():
            continue
        usual = float(np.median(change[told]))
        causes = [
            f"{name} reads like {cause}"
            for name, other in ((f"T_{side}_out", True), (f"T_{side}_in", False))
            for cause, convert in (
                ("degF given as degC", _from_fahrenheit),
                ("degC given as degF", _to_fahrenheit),
            )
            if 0.0
            < _median(
                sign * ((convert(T_out) if other else T_out) - (T_in if other else convert(T_in)))
            )
            < LARGEST_CHANGE_OF_LIQUID / 3
        ]
        wrong = told & (change < -LEAST_WRONG_CHANGE)
        if _share(wrong[told]) > MOST:
            record = _first(values, wrong)
            exchanged = -usual < LARGEST_CHANGE_OF_LIQUID / 3
            cause = "inlet and outlet look mixed up" if exchanged or not causes else causes[0]
            raise InputError(
                f"{where}: T_{side}_out is {word} than T_{side}_in at {wrong.sum()} of "
                f"{told.sum()} records, for instance record {record}: "
                f"{_celsius(float(values.at[record, f'T_{side}_out']))} out, "
                f"{_celsius(float(values.at[record, f'T_{side}_in']))} in; {cause}"
            )
        if usual > LARGEST_CHANGE_OF_AIR:
            raise InputError(
                f"{where}: the {side} changes by {usual:.0f} K (median of {told.sum()} records); "
                f"expected less than {LARGEST_CHANGE_OF_AIR:.0f} K: "
                + (causes[0] if causes else f"check the units of T_{side}_in and T_{side}_out")
            )


def _from_fahrenheit(T: Array) -> Array:
    """Kelvin of degF that were taken for degC."""
    return (T - 273.15 - 32.0) / 1.8 + 273.15


def _to_fahrenheit(T: Array) -> Array:
    """Kelvin of degC that were taken for degF."""
    return 1.8 * (T - 273.15) + 32.0 + 273.15


# A pressure, its readings, how far it contradicts a temperature in K, and which.
_PressureCheck = tuple[str, Array, Callable[[Array], Array], str]


def _pressure_checks(values: pd.DataFrame, table: RefrigerantTable) -> list[_PressureCheck]:
    p_low, p_high = _column(values, "p_low"), _column(values, "p_high")
    return [
        (
            "p_low",
            p_low,
            lambda p: np.abs(
                _column(values, "T_suction")
                - table.dew_temperature(p)
                - _column(values, "superheat")
            ),
            "superheat and T_suction",
        ),
        (
            "p_high",
            p_high,
            lambda p: np.abs(
                table.bubble_temperature(p)
                - _column(values, "T_liquid")
                - _column(values, "subcooling")
            ),
            "subcooling and T_liquid",
        ),
        (
            "p_high",
            p_high,
            lambda p: np.maximum(_column(values, "T_sink_in") - table.bubble_temperature(p), 0.0),
            "T_sink_in: condensing would be colder than the sink",
        ),
        (
            "p_low",
            p_low,
            lambda p: np.maximum(table.dew_temperature(p) - _column(values, "T_source_in"), 0.0),
            "T_source_in: evaporating would be warmer than the source",
        ),
    ]


def _contradicts(check: _PressureCheck, p: Array) -> tuple[float, int]:
    """Say by how many K a pressure usually contradicts, at how many records; 0 if it does not."""
    with np.errstate(all="ignore"):
        gap = check[2](p)
    told = np.isfinite(gap)
    if told.sum() < 2 or _share(gap[told] > LEAST_GAP) <= MOST:
        return 0.0, int(told.sum())
    return float(np.median(gap[told])), int(told.sum())


def _is_explained(check: _PressureCheck, usual: float, other: Array) -> bool:
    with np.errstate(all="ignore"):
        gap = check[2](other)
        told = np.isfinite(check[2](check[1]))
    return _median(gap[told]) < (1.0 - EXPLAINED) * usual


def gauge_columns(values: pd.DataFrame, refrigerant: str) -> list[str]:
    """Name the pressures that contradict temperatures as gauge pressures do that are not marked.

    Parameters
    ----------
    values : pandas.DataFrame
        Quantities in SI units.
    refrigerant : str
        As CoolProp names it.
    """
    table = refrigerant_table(refrigerant)
    found = []
    for check in _pressure_checks(values, table):
        usual, _ = _contradicts(check, check[1])
        if usual and _is_explained(check, usual, check[1] + ATMOSPHERE):
            found.append(check[0])
    return found


def _misreadings(values: pd.DataFrame, quantity: str) -> list[tuple[str, Array]]:
    """What a pressure may be read like, and the pressures that it would mean."""
    p = _column(values, quantity)
    return [
        ("a gauge pressure: add 1.013 bar, by unit bar(g)", p + ATMOSPHERE),
        ("an absolute pressure taken for a gauge pressure", p - ATMOSPHERE),
        ("MPa given as bar", 10.0 * p),
        ("bar given as MPa", 0.1 * p),
        ("psi given as bar", p / 14.5038),
        ("bar given as psi", 14.5038 * p),
        ("bar given as kPa", 100.0 * p),
        ("kPa given as bar", 0.01 * p),
        (
            "the other pressure: columns mixed up",
            _column(values, "p_high" if quantity == "p_low" else "p_low"),
        ),
    ]


def _check_pressures(where: str, values: pd.DataFrame, media: Media) -> None:
    """Compare pressures with the temperatures that were read beside them."""
    table, refrigerant = media.refrigerant, media.names[0]
    for quantity, saturation, inlet, sign in (
        ("p_low", table.dew_temperature, "T_source_in", -1.0),
        ("p_high", table.bubble_temperature, "T_sink_in", 1.0),
    ):
        p = _column(values, quantity)
        read = np.isfinite(p)
        with np.errstate(all="ignore"):
            if not read.any() or _share(np.isnan(saturation(p))[read]) <= MOST:
                continue
            causes = [
                word
                for word, other in _misreadings(values, quantity)
                if _median(sign * (saturation(other) - _column(values, inlet))) > -LEAST_GAP
            ]
        record = _first(values, read)
        raise InputError(
            f"{where}: {quantity} is {values.at[record, quantity] / 1e5:.4g} bar at record "
            f"{record}, where {refrigerant} has no usual saturation, as at most records; "
            + (f"it reads like {causes[0]}" if causes else "check its unit and the refrigerant")
        )
    for check in _pressure_checks(values, table):
        quantity, p, _, beside = check
        usual, count = _contradicts(check, p)
        if not usual:
            continue
        causes = [
            word
            for word, other in _misreadings(values, quantity)
            if _is_explained(check, usual, other)
        ]
        raise InputError(
            f"{where}: {quantity} contradicts {beside} by {usual:.1f} K at {count} records; "
            + (
                f"it reads like {causes[0]}"
                if causes
                else f"check its unit and the refrigerant, {refrigerant}"
            )
        )


def _factor(ratio: float) -> str | None:
    """Name the mistake of units that makes numbers `ratio` times too large or too small."""
    if not ratio > 0.0:
        return None
    size = max(ratio, 1.0 / ratio)
    near = [
        (abs(np.log(size / factor)), word)
        for factor, word in MISTAKEN_UNITS
        if 1.0 / FACTOR_ROOM < size / factor < FACTOR_ROOM
    ]
    return min(near)[1] if near else None


def _check_heat(where: str, values: pd.DataFrame, P_el: Array, heat: Array) -> None:
    told = np.isfinite(P_el) & np.isfinite(heat) & (P_el > 0.0)
    if not told.any():
        return
    ratio = float(np.median(heat[told] / P_el[told]))
    by_1000 = any(USUAL_COP[0] < ratio * factor < USUAL_COP[1] for factor in (1e3, 1e-3))
    unit = "one of them has another unit" + (": kW given as W, or W as kW" if by_1000 else "")
    below = told & (heat <= P_el)
    if _share(below[told]) > MOST:
        record = _first(values, below)
        cause = "the two columns look mixed up" if 1.5 < 1.0 / ratio < 12.0 else unit
        raise InputError(
            f"{where}: the heat to the sink is not above P_el at {below.sum()} of {told.sum()} "
            f"records, for instance record {record}: "
            f"{heat[below.argmax()]:.4g} W of heat, {P_el[below.argmax()]:.4g} W of power; {cause}"
        )
    if by_1000:
        record = _first(values, told)
        raise InputError(
            f"{where}: the heat to the sink is {ratio:.0f} times P_el (median of {told.sum()} "
            f"records), for instance record {record}: {heat[told.argmax()]:.4g} W of heat, "
            f"{P_el[told.argmax()]:.4g} W of power; {unit}"
        )


def _check_streams(
    where: str,
    dataset: Dataset,
    values: pd.DataFrame,
    P_el: Array,
    heat: Array,
    media: Media,
) -> None:
    for side, table, taken in (("source", media.source, heat - P_el), ("sink", media.sink, heat)):
        T_in, m_flow = _column(values, f"T_{side}_in"), _column(values, f"m_flow_{side}")
        with np.errstate(all="ignore"):
            change = taken / (m_flow * table.heat_capacity(T_in))
        told = np.isfinite(change)
        if not told.any():
            continue
        medium = media.names[1] if side == "source" else media.names[2]
        is_air = medium.split("::")[-1] == "Air"
        largest = LARGEST_CHANGE_OF_AIR if is_air else LARGEST_CHANGE_OF_LIQUID
        usual = float(np.median(change[told]))
        read = np.abs(_column(values, f"T_{side}_out") - T_in)
        mismatch = _median(change / np.maximum(read, 1e-3))
        cause = _factor(mismatch)
        hint = f"; m_flow_{side} or the heat is off by {cause}" if cause else ""
        if usual > largest:
            raise InputError(
                f"{where}: with m_flow_{side} and the heat the {side} would change by {usual:.0f} "
                f"K (median of {told.sum()} records); expected less than {largest:.0f} K: check "
                f"the units of m_flow_{side} and of heat and power, and the medium, {medium}{hint}"
            )
        if (
            f"T_{side}_out" in dataset.scored
            and mismatch > 0.0
            and max(mismatch, 1.0 / mismatch) > LARGEST_MISMATCH
        ):
            raise InputError(
                f"{where}: with m_flow_{side} and the heat the {side} would change by "
                f"{usual:.3g} K (median of {told.sum()} records), the readings change by "
                f"{_median(read):.3g} K: check the units of m_flow_{side} and of heat and power, "
                f"and the medium, {medium}{hint}"
            )
        outlet = T_in - change if side == "source" else T_in + change
        beyond = told & ((outlet < table.low) | (outlet > table.high))
        if _share(beyond[told]) > MOST:
            record = _first(values, beyond)
            T_out = _celsius(float(outlet[values.index.get_loc(record)]))
            word = "freezes" if side == "source" else "boils"
            raise InputError(
                f"{where}: with m_flow_{side} and the heat the {side} would leave at {T_out} at "
                f"record {record}, where {medium} {word}, as at {beyond.sum()} of {told.sum()} "
                f"records; check the unit of m_flow_{side} and the medium in the start file"
            )


def _check_lift(where: str, values: pd.DataFrame, media: Media) -> None:
    """A machine lifts heat: the sink leaves warmer than the source, or hardly colder."""
    T_source_out, T_sink_out = outlets(values, media)
    told = np.isfinite(T_source_out) & np.isfinite(T_sink_out)
    downhill = told & (T_sink_out < T_source_out - LEAST_LIFT / 3)
    if not told.any() or _share(downhill[told]) <= MOST:
        return
    record = _first(values, downhill)
    at = values.index.get_loc(record)
    raise InputError(
        f"{where}: contradicts physics: with heat and flows the source would leave at "
        f"{_celsius(float(T_source_out[at]))} and the sink colder, at "
        f"{_celsius(float(T_sink_out[at]))}, at record {record}, as at {downhill.sum()} of "
        f"{told.sum()} records: T_source_in and T_sink_in look mixed up"
    )


def _check_efficiency(where: str, values: pd.DataFrame, media: Media) -> None:
    least = least_efficiency(values, media)
    told = np.isfinite(least)
    if not told.any():
        return
    needed = float(np.median(least[told]))
    if needed > LARGEST_EFFICIENCY:
        causes = [
            word
            for word, other in (
                (
                    "T_source_in and T_sink_in look mixed up",
                    _swapped(values, "T_source_in", "T_sink_in"),
                ),
                ("temperatures in degF given as degC", _in_celsius(values)),
                ("a COP of heat and power as if one of them were in Btu/h", _scaled(values, 3.412)),
            )
            if 0.2 < _median(least_efficiency(other, media, USUAL_APPROACH)) < 0.8
        ]
        raise InputError(
            f"{where}: contradicts physics: heat and power need an isentropic efficiency of "
            f"{needed:.2f} (median of {told.sum()} records) even with exchangers without any "
            f"temperature difference; compressors reach {LARGEST_EFFICIENCY:g} at most; "
            + (f"{causes[0]}: " if causes else "")
            + "check the units of power and heat, the inlets, and the refrigerant"
        )
    usual = least_efficiency(values, media, USUAL_APPROACH)
    lift = values["T_sink_in"] - values["T_source_in"]
    at_lift = np.isfinite(usual) & (lift.to_numpy() > LEAST_LIFT)
    if at_lift.sum() >= 2 and float(np.median(usual[at_lift])) < LEAST_EFFICIENCY:
        raise InputError(
            f"{where}: heat and power mean an isentropic efficiency of "
            f"{float(np.median(usual[at_lift])):.2f} (median of {at_lift.sum()} records); expected "
            f"at least {LEAST_EFFICIENCY:g}: check the units of power and heat"
        )


def _in_celsius(values: pd.DataFrame) -> pd.DataFrame:
    inlets = ("T_source_in", "T_sink_in")
    return values.assign(**{q: _from_fahrenheit(values[q].to_numpy(float)) for q in inlets})


def _swapped(values: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    return values.assign(**{a: values[b], b: values[a]})


def _scaled(values: pd.DataFrame, factor: float) -> pd.DataFrame:
    return values.assign(P_el=values["P_el"] * factor)
