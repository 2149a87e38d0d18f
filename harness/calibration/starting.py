"""Where a calibration begins: start file, design point of the records, what may move."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from pydantic import ValidationError

from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.machine_files.machine_file import MachineFile, describe
from heatpump_twin.machine_files.units import from_si, to_si
from heatpump_twin.model.errors import InputError, SolveError
from heatpump_twin.model.machine import COMPONENTS, PARAMETERS, Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES
from heatpump_twin.solving.media import Media, saturation_pressure, saturation_temperature
from heatpump_twin.solving.property_tables import medium_table
from heatpump_twin.solving.sizing import size_components

from ..data.completion import HEAT, SPEED
from ..data.contradictions import ATMOSPHERE
from ..data.datasets import Dataset
from ..data.unknown_speed import design_record, heat_of_record
from .parameters import FreeParameter

# Approach of evaporating and condensing to the inlet where pressures were not measured: mean and
# standard uncertainty in K for a liquid and for air on the other side.
LIQUID_APPROACH, AIR_APPROACH = (7.0, 3.0), (15.0, 5.0)

# Where the stream changes by more than that, the first guess is an exchanger of this effectiveness.
EFFECTIVENESS = 0.8

# An estimated pressure beyond the limit is moved to it if that takes no more than this, K.
LIMIT_ROOM = 5.0

# The fit may move the design point's heat and power by this factor, and its saturation
# temperatures to this far from the inlets, K.
LARGEST_FACTOR = 4.0
LEAST_APPROACH, LARGEST_APPROACH = 0.3, 45.0

# Typical changes of the design point in a fit: of heat and power as a fraction, of saturation
# temperatures in K.
DESIGN_SCALE, DESIGN_SCALE_KELVIN = 0.02, 0.5

# An inlet varies where its standard deviation exceeds this fraction of the mean (temperatures: K).
LEAST_VARIATION, LEAST_VARIATION_KELVIN = 0.02, 0.5

# Auxiliary powers that follow a flow.
PUMPS = ("source_pump_power", "sink_pump_power")

# Key under which a calibrated machine file names the data in its [sources].
CALIBRATION = "calibration"


@dataclass(frozen=True)
class Start:
    """What is known before the fit.

    Attributes
    ----------
    document : tomlkit.TOMLDocument
        The start file with a design point, as text that keeps its comments.
    machine : Machine
        Of that document.
    base : tuple of FreeParameter
        Always fitted: the design point and unknown flows.
    options : tuple of FreeParameter
        Fitted where the data support them.
    not_varied : dict of str to str
        Parameters that no fit can tell, with the input that did not vary.
    """

    document: tomlkit.TOMLDocument
    machine: Machine
    base: tuple[FreeParameter, ...]
    options: tuple[FreeParameter, ...]
    not_varied: dict[str, str]

    def starts(self, dataset: Dataset) -> list[dict[str, float]]:
        """Values to begin fits with, by place: those of the start file, and variations of them.

        A valve's maximum evaporating temperature has no effect while it is far above the others,
        so no slope tells a fit of it; and exchangers may be larger or smaller than the usual ones.
        """
        found: list[dict[str, float]] = [{}]
        places = {p.place: p for p in (*self.base, *self.options)}
        T_max = places.get("expansion_valve.T_evaporating_max")
        coldest, warmest = np.quantile(dataset.values["T_source_in"], [0.25, 0.75])
        if T_max is not None and warmest - coldest > LEAST_VARIATION_KELVIN:
            found.append({T_max.place: float(warmest) - LIQUID_APPROACH[0]})
        p_low, p_high = (places[f"design_point.{q}"] for q in ("p_low", "p_high"))
        if not math.isinf(p_low.prior_sd) and not math.isinf(p_high.prior_sd):
            found.append(
                {
                    p_low.place: p_low.start - p_low.prior_sd,
                    p_high.place: p_high.start + p_high.prior_sd,
                }
            )
        return found


def media_names(path: Path) -> tuple[str, str, str]:
    """Refrigerant, source and sink medium of a start file.

    Raises
    ------
    InputError
        If it cannot be read or does not name them.
    """
    return _media_names(read_toml(path, "start file"), path)


def begin(dataset: Dataset, path: Path, records: list[int]) -> Start:
    """Read a start file and complete it by the records.

    Parameters
    ----------
    dataset : Dataset
        The records.
    path : Path
        Start file: a machine file whose design point may be left out; it is replaced in any case.
    records : list of int
        That may take part.

    Raises
    ------
    InputError
        If the file cannot be used or the records lack what a fit needs.
    """
    read_toml(path, "start file")  # its messages name the line
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    number = design_record(dataset, records)
    record = dataset.values.loc[number]
    document.setdefault("sources", tomlkit.table())[CALIBRATION] = source_of(dataset)
    document["design_point"] = _design_point(dataset, number, document, path)
    machine_file = _validated(document, path)
    machine = machine_file.to_machine()
    try:
        size_components(machine, Media(machine))
    except (InputError, SolveError) as error:
        raise InputError(
            f"start file {path}: with the design point of record {number}: {error}"
            f"{_cause(machine, record)}"
        ) from error
    varied = {q: _varies(dataset, q, records) for q in BOUNDARY_QUANTITIES}
    if not (varied["T_source_in"] or varied["T_sink_in"]):
        raise InputError(
            f"data set {dataset.descriptor.name}: all {len(records)} usable records have the same "
            "inlet temperatures; a calibration needs records at different ones"
        )
    options, not_varied = [], {}
    for place, parameter in machine_file.parameters():
        section = place.split(".")[0]
        is_option = section in COMPONENTS or place in ("auxiliary_power", *PUMPS)
        if not is_option or not parameter.si_uncertainty:
            continue
        needed = parameter.definition.told_by
        if needed and not varied[needed]:
            not_varied[place] = needed
            continue
        options.append(
            FreeParameter(
                place,
                parameter.definition.unit,
                parameter.si,
                parameter.si_uncertainty,
                parameter.definition.minimum,
                parameter.definition.maximum,
                parameter.si_uncertainty,
            )
        )
    base = (*_design_parameters(dataset, machine), *_unknown_flows(dataset))
    return Start(document, machine, base, tuple(options), not_varied)


def _cause(machine: Machine, record: Any) -> str:
    """Say which reading of a pressure leaves no design point; empty if it is not the pressure."""
    if not float(record.get("p_high", math.nan)) > 0.0:
        return ""
    higher = replace(
        machine, design=replace(machine.design, p_high=machine.design.p_high + ATMOSPHERE)
    )
    try:
        size_components(higher, Media(higher))
    except (InputError, SolveError):
        return ""
    return (
        f"; p_high was read as {machine.design.p_high / 1e5:.4g} bar, too low for that heat. It "
        "reads like a gauge pressure: add 1.013 bar, by unit bar(g)"
    )


def source_of(dataset: Dataset) -> str:
    """What a machine file says of the data it was fitted to."""
    descriptor = dataset.descriptor
    return (
        f"Fitted by heatpump-twin calibrate to data set {descriptor.name} (recorded: "
        f"{descriptor.date}). Data: {descriptor.source}"
    )


def _validated(document: tomlkit.TOMLDocument, path: Path) -> MachineFile:
    try:
        return MachineFile.model_validate(document.unwrap())
    except ValidationError as error:
        raise InputError(f"start file {path}:\n  {describe(error)}") from error


def _media_names(content: dict[str, Any], path: Path) -> tuple[str, str, str]:
    names = [content.get(key) for key in ("refrigerant", "source_medium", "sink_medium")]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"start file {path}: refrigerant, source_medium and sink_medium: expected")
    return str(names[0]), str(names[1]), str(names[2])


def _design_point(
    dataset: Dataset, number: int, document: tomlkit.TOMLDocument, path: Path
) -> tomlkit.items.Table:
    """A design point at the inlets of a record, with guesses for what it does not hold."""
    record = dataset.values.loc[number]
    where = f"data set {dataset.descriptor.name}: record {number}"
    values: dict[str, float] = {q: float(record[q]) for q in BOUNDARY_QUANTITIES}
    speed = values.pop("compressor_speed")
    P_el = float(record.get("P_el", math.nan))
    Q_sink = heat_of_record(record, P_el)
    if not P_el > 0.0 or not Q_sink > P_el:
        raise InputError(
            f"{where}: a calibration needs measured P_el and a heat flow above it (Q_flow_sink, "
            "Q_flow_source, or COP); this record gives "
            f"P_el {P_el:.6g} W, heat to the sink {Q_sink:.6g} W"
        )
    refrigerant, source_medium, sink_medium = _media_names(document.unwrap(), path)
    if dataset.heat_is_given:
        # Only ratios of speeds can be told: heat says which one is 1.
        speed = Q_sink / (dataset.rated_heat or Q_sink)
    # The design point is at rated speed.
    Q_sink, P_el = Q_sink / speed, P_el / speed
    try:
        source_change = Q_sink - P_el, values["m_flow_source"], source_medium, "source"
        T_dew = values["T_source_in"] - first_approach(*source_change, values["T_source_in"])
        sink_change = Q_sink, values["m_flow_sink"], sink_medium, "sink"
        T_bubble = values["T_sink_in"] + first_approach(*sink_change, values["T_sink_in"])
    except SolveError as error:
        raise InputError(f"{where}: {error}") from error
    try:
        p_low = float(record.get("p_low", math.nan))
        p_high = float(record.get("p_high", math.nan))
        limits = _pressure_limits(document, path)
        values["p_low"], values["p_high"] = (
            p if p > 0.0 else _estimated(q, refrigerant, T, quality, limits[q])
            for q, p, T, quality in (("p_low", p_low, T_dew, 1), ("p_high", p_high, T_bubble, 0))
        )
    except (InputError, SolveError) as error:
        raise InputError(f"start file {path}: {error}") from error
    values["Q_flow_sink"], values["P_el"] = Q_sink, P_el
    table = tomlkit.table()
    is_scale = dataset.heat_is_given and dataset.rated_heat is None
    at_speed = ", whose speed counts as 1" if is_scale else ""
    table.comment(f"inlets of record {number} of {dataset.descriptor.name}{at_speed}")
    for key, value in values.items():
        si_unit = PARAMETERS[f"design_point.{key}"].unit
        unit = _WRITTEN.get(key, si_unit)
        entry = tomlkit.inline_table()
        entry.update(
            {
                "value": round(from_si(value, unit, si_unit), 9),
                "unit": unit,
                "source": CALIBRATION,
                "note": f"of record {number}",
            }
        )
        table[key] = entry
    return table


def _pressure_limits(document: tomlkit.TOMLDocument, path: Path) -> dict[str, float]:
    """Least p_low and largest p_high of a start file, Pa.

    Raises
    ------
    InputError
        If it does not have them.
    """
    envelope = document.unwrap().get("envelope", {})
    try:
        return {
            q: to_si(float(envelope[key]["value"]), str(envelope[key]["unit"]), "Pa")
            for q, key in (("p_low", "p_low_min"), ("p_high", "p_high_max"))
        }
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"start file {path}: envelope.p_low_min and envelope.p_high_max: expected pressures "
            'such as { value = 42, unit = "bar", ... }'
        ) from error


def _estimated(quantity: str, refrigerant: str, T: float, quality: int, limit: float) -> float:
    """Saturation pressure at an estimated temperature, moved inside the limit if it is near."""
    p = saturation_pressure(refrigerant, T, quality)
    sign = 1.0 if quantity == "p_low" else -1.0
    if sign * (p - limit) >= 0.0:
        return p
    farthest = saturation_pressure(refrigerant, T + sign * LIMIT_ROOM, quality)
    if sign * (farthest - limit) >= 0.0:
        return limit
    key, change = ("p_low_min", "lower") if quantity == "p_low" else ("p_high_max", "raise")
    raise InputError(
        f"envelope.{key} is {limit / 1e5:.2f} bar, but at the inlets of the design point "
        f"{refrigerant} has about {p / 1e5:.2f} bar; {change} it, or check the refrigerant"
    )


def approach_of(medium: str) -> tuple[float, float]:
    """Usual difference of saturation to the inlet of a medium and its standard uncertainty, K."""
    return AIR_APPROACH if medium.split("::")[-1] == "Air" else LIQUID_APPROACH


def first_approach(heat_flow: float, m_flow: float, medium: str, side: str, T_in: float) -> float:
    """Difference of saturation to an inlet with which a fit begins, K.

    The usual one of such exchangers, or what an exchanger of the effectiveness `EFFECTIVENESS`
    needs if the stream's change of temperature is larger.

    Raises
    ------
    SolveError
        If the medium freezes or boils at the inlet.
    """
    heat_capacity = float(medium_table(medium).heat_capacity(np.array(T_in)))
    if not math.isfinite(heat_capacity):
        table = medium_table(medium)
        raise SolveError(
            f"T_{side}_in {T_in - 273.15:.1f} degC: {medium} is liquid or gas as needed from "
            f"{table.low - 273.15:.1f} to {table.high - 273.15:.1f} degC only"
        )
    change = heat_flow / (m_flow * heat_capacity)
    return max(approach_of(medium)[0], change / EFFECTIVENESS)


def _design_parameters(dataset: Dataset, machine: Machine) -> tuple[FreeParameter, ...]:
    design, fluid = machine.design, Media(machine).refrigerant
    found = [
        FreeParameter(
            f"design_point.{name}",
            "W",
            value,
            DESIGN_SCALE * value,
            value / LARGEST_FACTOR,
            value * LARGEST_FACTOR,
        )
        for name, value in (("P_el", design.P_el), (HEAT, design.Q_flow_sink))
        # The heat at speed 1 is what says which speed that is.
        if not (name == HEAT and dataset.heat_is_given)
    ]
    envelope = machine.envelope
    for name, quality, sign, T_in, medium, limit in (
        ("p_low", 1, -1.0, design.boundary.T_source_in, machine.source_medium, envelope.p_low_min),
        ("p_high", 0, 1.0, design.boundary.T_sink_in, machine.sink_medium, envelope.p_high_max),
    ):
        p = getattr(design, name)
        T = saturation_temperature(fluid, p, quality)

        def at(T_saturation: float, quality: int = quality) -> float:
            return saturation_pressure(machine.refrigerant, T_saturation, quality)

        farthest = T_in + sign * LARGEST_APPROACH
        near = at(T_in + sign * LEAST_APPROACH)
        far = at(min(max(farthest, fluid.Tmin() + 1.0), fluid.T_critical() - 1.0))
        # A machine runs inside its limits at its design point.
        far = sign * min(sign * far, sign * limit)
        per_kelvin = at(T + 0.5) - at(T - 0.5)
        measured = name in dataset.scored
        found.append(
            FreeParameter(
                f"design_point.{name}",
                "Pa",
                p,
                DESIGN_SCALE_KELVIN * per_kelvin,
                min(near, far),
                max(near, far),
                math.inf if measured else approach_of(medium)[1] * per_kelvin,
            )
        )
    return tuple(found)


def _unknown_flows(dataset: Dataset) -> tuple[FreeParameter, ...]:
    found = []
    for quantity, constant in dataset.unknown_flows.items():
        level = to_si(constant.value, constant.unit, "kg/s")
        u = to_si(constant.uncertainty, constant.unit, "kg/s", difference=True)
        found.append(
            FreeParameter(
                f"data.{quantity}",
                "kg/s",
                level,
                u,
                level / LARGEST_FACTOR,
                level * LARGEST_FACTOR,
                u,
            )
        )
        if constant.per_kelvin_uncertainty is not None:
            slope, u = constant.per_kelvin, constant.per_kelvin_uncertainty
            found.append(
                FreeParameter(f"data.{quantity}.per_kelvin", "1/K", slope, u, -0.1, 0.1, u)
            )
    return tuple(found)


def _varies(dataset: Dataset, quantity: str, records: list[int]) -> bool:
    if quantity == SPEED and dataset.heat_is_given:
        quantity = HEAT
    values = dataset.values.loc[records, quantity]
    spread = float(values.std(ddof=0))
    if quantity.startswith("T_"):
        return spread > LEAST_VARIATION_KELVIN
    if quantity in dataset.unknown_flows:
        return False
    return spread > LEAST_VARIATION * float(values.mean())


# Units in which a machine file is easier to read than in SI.
_WRITTEN = {"T_source_in": "degC", "T_sink_in": "degC", "p_low": "bar", "p_high": "bar"}
