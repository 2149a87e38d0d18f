"""Whether a recorded field is physical, and a record as a whole physical and steady.

Nothing is dropped: each field and each record gets a verdict with its reasons, and what is not used
stays in tables and plots. The checks know the fluid, the second law and the machine's design point,
never the number of a record.

A comparison of readings allows their combined standard uncertainty, propagated through the equation
of state (JCGM 100:2008, 5.1, with finite differences), times a coverage factor of 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from heatpump_twin.model.errors import SolveError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.relations import Relations
from heatpump_twin.running import on_all_cores
from heatpump_twin.solving.media import Media
from heatpump_twin.solving.sizing import size_components

from ..progress import Progress, no_progress
from .datasets import Dataset
from .implied_cycle import NEEDED, ImpliedCycle, implied_cycle

COVERAGE = 2.0

# A sensor that contradicts physics in more than this share of the records is not used at all.
COLUMN_SHARE = 0.1

# Least overall efficiency of a steady record over that of the design point. The overall efficiency
# of a positive-displacement compressor hardly varies inside its range: 0.683 to 0.733 in the 16
# tests of NISTIR 7350. A fifth less means that a part of the power does not appear in the recorded
# heat.
LEAST_EFFICIENCY_RATIO = 0.8


# Records that one process screens at a time; of fewer there is but one process.
BATCH = 100


class Verdict(StrEnum):
    """What becomes of a record."""

    KEPT = "kept"
    NOT_STEADY = "not steady"
    OTHER_SPEED = "steady at another speed"
    DECLARED = "set aside"
    OUTLIER = "against the others"


@dataclass(frozen=True)
class RecordScreening:
    """Verdict on one record.

    Attributes
    ----------
    verdict : Verdict
        Only a kept record is scored.
    reasons : tuple of str
        Why it is not kept; empty for a kept one.
    flow_ratio : float
        Suction volume flow that the recorded heat implies, over what the compressor displaces at
        the given speed; NaN where it cannot be formed.
    efficiency : float
        Ideal compression work of the implied flow over recorded power; NaN likewise.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    flow_ratio: float
    efficiency: float


@dataclass(frozen=True)
class FieldScreening:
    """Verdict on one recorded quantity.

    Attributes
    ----------
    usable : bool
        False takes the quantity out of the scores in all records.
    reasons : tuple of str
        Why it is not usable.
    rejected : dict of int to str
        Records in which this field alone contradicts physics, with the reason.
    """

    usable: bool
    reasons: tuple[str, ...]
    rejected: dict[int, str]


@dataclass(frozen=True)
class Screening:
    """Verdicts on all records and fields of a data set."""

    records: dict[int, RecordScreening]
    fields: dict[str, FieldScreening]

    @cached_property
    def kept(self) -> list[int]:
        """Records that are scored."""
        return [r for r, s in self.records.items() if s.verdict is Verdict.KEPT]

    def is_usable(self, record: int, quantity: str) -> bool:
        """Whether this field of this record agrees with physics and may be scored."""
        verdict = self.fields[quantity]
        return verdict.usable and record not in verdict.rejected

    def without(self, outliers: Mapping[int, str]) -> Screening:
        """Return the screening with records that contradict the others, by their reasons."""
        records = {
            record: replace(s, verdict=Verdict.OUTLIER, reasons=(*s.reasons, outliers[record]))
            if record in outliers and s.verdict is Verdict.KEPT
            else s
            for record, s in self.records.items()
        }
        return Screening(records, self.fields)

    def is_scored(self, record: int, quantity: str) -> bool:
        """Whether this field of this record enters the scores."""
        kept = self.records[record].verdict is Verdict.KEPT
        return kept and self.is_usable(record, quantity)


@dataclass
class _Findings:
    records: dict[int, list[tuple[Verdict, str]]] = field(default_factory=dict)
    fields: dict[str, dict[int, str]] = field(default_factory=dict)

    def record(self, record: int, verdict: Verdict, reason: str) -> None:
        self.records.setdefault(record, []).append((verdict, reason))

    def field(self, quantity: str, record: int, reason: str) -> None:
        self.fields.setdefault(quantity, {})[record] = reason

    def add(self, others: _Findings) -> None:
        self.records |= others.records
        for quantity, reasons in others.fields.items():
            self.fields.setdefault(quantity, {}).update(reasons)


class _Reading:
    """The values of one record and the cycle they imply; NaN for what was not recorded."""

    def __init__(self, values: Mapping[str, float], implied: ImpliedCycle) -> None:
        self._values = values
        self.implied = implied

    def __getitem__(self, quantity: str) -> float:
        return self._values.get(quantity, math.nan)


class _Record(_Reading):
    """A reading with its uncertainties."""

    def __init__(
        self, number: int, values: Mapping[str, float], u: Mapping[str, float], machine: Machine
    ) -> None:
        super().__init__(values, implied_cycle(values, machine))
        self.number = number
        self._varied = []
        for q in values:
            varied = {**values, q: values[q] + u[q]}
            implied = implied_cycle(varied, machine) if q in NEEDED else self.implied
            self._varied.append(_Reading(varied, implied))
        self._u = u

    def u(self, quantity: str) -> float:
        """Standard uncertainty of a reading."""
        return self._u.get(quantity, math.nan)

    def margin(self, result: Callable[[_Reading], float]) -> float:
        """Expanded uncertainty of a result, from those of all readings."""
        base = result(self)
        changes = [result(varied) - base for varied in self._varied]
        return COVERAGE * math.hypot(*(c for c in changes if math.isfinite(c)))


def screen(dataset: Dataset, machine: Machine, progress: Progress = no_progress) -> Screening:
    """Screen every field and record of a data set.

    Parameters
    ----------
    dataset : Dataset
        In SI units.
    machine : Machine
        That was recorded; its design point fixes displacement and efficiency.
    progress : Progress
        Told of the records that are screened.

    Returns
    -------
    Screening
        A check whose quantities the data set does not have is not made.

    Raises
    ------
    SolveError
        If the machine's design point contradicts physics.
    InputError
        If CoolProp does not know one of its media.
    """
    numbers = [int(number) for number in dataset.values.index]
    batches = [numbers[i : i + BATCH] for i in range(0, len(numbers), BATCH)]
    tasks = [(dataset, machine, batch) for batch in batches]
    findings = _Findings()
    outcome: dict[int, tuple[float, float]] = {}

    def told(done: int) -> None:
        progress("screening", min(done * BATCH, len(numbers)), len(numbers))

    for found, of_batch in on_all_cores(_screen_records, tasks, told):
        findings.add(found)
        outcome |= of_batch
    return Screening(
        records={
            record: _record_screening(findings.records.get(record, []), *outcome[record])
            for record in numbers
        },
        fields={
            quantity: _field_screening(dataset, quantity, findings.fields.get(quantity, {}))
            for quantity in dataset.values.columns
        },
    )


def _screen_records(
    dataset: Dataset, machine: Machine, numbers: list[int]
) -> tuple[_Findings, dict[int, tuple[float, float]]]:
    """Return what is found in some records, and flow ratio and efficiency of each."""
    media = Media(machine)
    relations = Relations(machine, size_components(machine, media))
    findings = _Findings()
    outcome: dict[int, tuple[float, float]] = {}
    values = dataset.values.loc[numbers].to_dict("index")
    u = dataset.uncertainties.loc[numbers].to_dict("index")
    declared = dataset.declared_unscored
    for number in numbers:
        record = _Record(number, values[number], u[number], machine)
        _check_saturation(record, findings)
        _check_exchangers(record, findings)
        _check_suction(record, findings)
        _check_discharge(record, findings)
        _check_carnot(record, findings)
        _check_source_balance(record, machine, media, findings)
        if "Q_flow_source" not in dataset.unscored:
            _check_energy_balance(record, machine, findings)
        if number in declared:
            findings.record(number, Verdict.DECLARED, declared[number])
        outcome[number] = _check_compressor(dataset, record, relations, findings)
    return findings, outcome


def _check_saturation(record: _Record, findings: _Findings) -> None:
    """A pressure of a condensing or evaporating fluid lies between triple and critical point."""
    for quantity, T in (("p_low", record.implied.T_dew), ("p_high", record.implied.T_bubble)):
        if math.isfinite(record[quantity]) and math.isnan(T):
            findings.field(
                quantity,
                record.number,
                f"the refrigerant does not boil at {record[quantity] * 1e-5:.1f} bar",
            )


def _check_exchangers(record: _Record, findings: _Findings) -> None:
    """Heat flows from warm to cold: evaporating below the source, condensing above the sink."""

    def above_source(r: _Reading) -> float:
        return r.implied.T_dew - r["T_source_in"]

    def below_sink(r: _Reading) -> float:
        return r["T_sink_in"] - r.implied.T_bubble

    if above_source(record) > record.margin(above_source):
        findings.field(
            "p_low",
            record.number,
            f"evaporating at {_celsius(record.implied.T_dew)}, above the source inlet at "
            f"{_celsius(record['T_source_in'])}",
        )
    if below_sink(record) > record.margin(below_sink):
        findings.field(
            "p_high",
            record.number,
            f"condensing at {_celsius(record.implied.T_bubble)}, below the sink inlet at "
            f"{_celsius(record['T_sink_in'])}",
        )


def _check_suction(record: _Record, findings: _Findings) -> None:
    """Vapour at suction is superheated, and by as much as pressure and temperature say."""

    def superheat(r: _Reading) -> float:
        return r["T_suction"] - r.implied.T_dew

    def deviation(r: _Reading) -> float:
        return r["superheat"] - superheat(r)

    if superheat(record) < -record.margin(superheat):
        findings.field(
            "T_suction",
            record.number,
            f"{_celsius(record['T_suction'])} at suction, below the dew point at p_low, "
            f"{_celsius(record.implied.T_dew)}",
        )
    if abs(deviation(record)) > record.margin(deviation):
        findings.field(
            "superheat",
            record.number,
            f"{record['superheat']:.1f} K recorded, {superheat(record):.1f} K from T_suction and "
            "p_low",
        )


def _check_discharge(record: _Record, findings: _Findings) -> None:
    """Compressed gas is at least as warm as after isentropic compression less shell loss."""

    def below_ideal(r: _Reading) -> float:
        return r.implied.T_least_discharge - r["T_discharge"]

    if below_ideal(record) > record.margin(below_ideal):
        findings.field(
            "T_discharge",
            record.number,
            f"{_celsius(record['T_discharge'])} recorded, below the "
            f"{_celsius(record.implied.T_least_discharge)} of ideal compression",
        )


def _check_carnot(record: _Record, findings: _Findings) -> None:
    """No machine beats Carnot's between the inlets, where the streams are most favourable."""
    if not record["P_el"] > 0.0:
        return
    u_lift = math.hypot(record.u("T_sink_in"), record.u("T_source_in"))
    lift = record["T_sink_in"] - record["T_source_in"] - COVERAGE * u_lift
    heat = record["Q_flow_sink"] - COVERAGE * record.u("Q_flow_sink")
    power = record["P_el"] + COVERAGE * record.u("P_el")
    if lift > 0.0 and heat / power > record["T_sink_in"] / lift:
        findings.record(
            record.number,
            Verdict.NOT_STEADY,
            f"{record['Q_flow_sink']:.0f} W of heat from {record['P_el']:.3g} W of power exceed "
            f"Carnot's COP between the inlets, {record['T_sink_in'] / lift:.1f}",
        )


def _check_source_balance(
    record: _Record, machine: Machine, media: Media, findings: _Findings
) -> None:
    """The source stream gives the heat that the machine takes from it."""
    if math.isnan(record["T_source_out"]) or math.isnan(record["Q_flow_sink"]):
        return
    try:
        heat_capacity = media.source_heat_capacity(record["T_source_in"])
    except SolveError:  # outside the medium's range; the FMU will say so of this record
        return

    def taken(r: _Reading) -> float:
        return r["Q_flow_sink"] + _loss(r, machine) - r["P_el"]

    def given(r: _Reading) -> float:
        return r["m_flow_source"] * heat_capacity * (r["T_source_in"] - r["T_source_out"])

    def gap(r: _Reading) -> float:
        return given(r) - taken(r)

    if abs(gap(record)) > record.margin(gap):
        findings.field(
            "T_source_out",
            record.number,
            f"the source stream gives {given(record):.0f} W, the machine takes "
            f"{taken(record):.0f} W",
        )


def _check_energy_balance(record: _Record, machine: Machine, findings: _Findings) -> None:
    """A steady machine gives off what it takes; what its shell loses is known to its size only."""

    def imbalance(r: _Reading) -> float:
        return r["P_el"] + r["Q_flow_source"] - r["Q_flow_sink"] - _loss(r, machine)

    margin = math.hypot(record.margin(imbalance), COVERAGE * _loss(record, machine))
    if abs(imbalance(record)) > margin:
        findings.record(
            record.number,
            Verdict.NOT_STEADY,
            f"energy balance open by {imbalance(record):.0f} W, expected within {margin:.0f} W",
        )


def _check_compressor(
    dataset: Dataset, record: _Record, relations: Relations, findings: _Findings
) -> tuple[float, float]:
    """The heat implies a flow; the machine can displace it, and its ideal work fits the power.

    A compressor that runs steadily compresses about as well as at the design point. Where the heat
    implies too little work for the power, heat is going into the plant and the record is not
    steady. More flow than the compressor displaces at the given speed proves another speed, if that
    was not recorded; less flow could be either, and is not taken as steady.
    """
    sizes, design = relations.sizes, relations.machine.design
    if record["Q_flow_sink"] <= record["P_el"] or record["P_el"] <= 0.0:
        findings.record(
            record.number,
            Verdict.NOT_STEADY,
            f"not running as a heat pump: {record['Q_flow_sink']:.0f} W of heat from "
            f"{record['P_el']:.0f} W of power",
        )
        return math.nan, math.nan

    def flow_ratio(r: _Reading) -> float:
        speed = r["compressor_speed"]
        if not speed > 0.0:
            return math.nan
        density = r.implied.suction_density
        displaced = relations.delivered_flow(r["p_high"] / r["p_low"], density, speed)
        return r.implied.m_flow / displaced

    def efficiency(r: _Reading) -> float:
        return r.implied.ideal_work / r["P_el"]

    if math.isnan(efficiency(record)):
        return math.nan, math.nan
    of_design = sizes.isentropic_efficiency
    least = LEAST_EFFICIENCY_RATIO * of_design
    plausible = least <= efficiency(record) <= 1.0 + record.margin(efficiency)
    if not plausible:
        findings.record(
            record.number,
            Verdict.NOT_STEADY,
            f"ideal work of the implied flow is {efficiency(record):.2f} of the power, expected "
            f"{least:.2f} to 1 (design point {of_design:.2f})",
        )
    if math.isnan(flow_ratio(record)):  # unknown speed, or one of 0
        return math.nan, efficiency(record)
    # The displacement comes from the design point, whose heat was read by the same means.
    heat_u = record.u("Q_flow_sink") / record["Q_flow_sink"]
    of_displacement = COVERAGE * heat_u * design.Q_flow_sink / (design.Q_flow_sink - design.P_el)
    margin = math.hypot(record.margin(flow_ratio), of_displacement)
    if abs(flow_ratio(record) - 1.0) > margin:
        faster = flow_ratio(record) > 1.0 and plausible and not dataset.speed_recorded
        findings.record(
            record.number,
            Verdict.OTHER_SPEED if faster else Verdict.NOT_STEADY,
            f"implied suction flow is {flow_ratio(record):.2f} of the displacement, expected "
            f"{1.0 - margin:.2f} to {1.0 + margin:.2f}"
            + ("; it ran faster, at a speed that was not recorded" if faster else ""),
        )
    return flow_ratio(record), efficiency(record)


def _loss(r: _Reading, machine: Machine) -> float:
    return machine.compressor.shell_loss_ratio * r["P_el"]


def _record_screening(
    findings: list[tuple[Verdict, str]], flow_ratio: float, efficiency: float
) -> RecordScreening:
    verdicts = {verdict for verdict, _ in findings}
    if Verdict.DECLARED in verdicts:
        verdict = Verdict.DECLARED
    elif Verdict.NOT_STEADY in verdicts:
        verdict = Verdict.NOT_STEADY
    elif Verdict.OTHER_SPEED in verdicts:
        verdict = Verdict.OTHER_SPEED
    else:
        verdict = Verdict.KEPT
    return RecordScreening(verdict, tuple(r for _, r in findings), flow_ratio, efficiency)


def _field_screening(dataset: Dataset, quantity: str, rejected: dict[int, str]) -> FieldScreening:
    reasons = []
    if quantity in dataset.unscored:
        reasons.append(dataset.unscored[quantity])
    if len(rejected) > COLUMN_SHARE * len(dataset.values):
        first, why = next(iter(rejected.items()))
        reasons.append(
            f"contradicts physics in {len(rejected)} of {len(dataset.values)} records, for "
            f"instance record {first}: {why}"
        )
    return FieldScreening(not reasons, tuple(reasons), rejected)


def _celsius(T: float) -> str:
    return f"{T - 273.15:.1f} degC"
