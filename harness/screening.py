"""Whether a recorded field is physical, and a record as a whole physical and steady.

Nothing is dropped: each field and each record gets a verdict with its reasons, and what is not used
stays in tables and plots. The checks know the fluid, the second law and the machine's design point,
never the number of a record.

Every comparison allows the combined standard uncertainty of both sides, times a coverage factor of
2 (JCGM 100:2008, 6.3.3: about 95 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from heatpump_twin_model import closures
from heatpump_twin_model.cycle import HeatPumpCycle

from .datasets import Dataset
from .implied_cycle import ImpliedCycle, implied_cycle

COVERAGE = 2.0

# A sensor that contradicts physics in more than this share of the records is not believed in the
# others either.
COLUMN_SHARE = 0.1


class Verdict(StrEnum):
    """What becomes of a record."""

    KEPT = "kept"
    NOT_STEADY = "not steady"
    OTHER_SPEED = "steady at another speed"


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

    @property
    def kept(self) -> list[int]:
        """Records that are scored."""
        return [r for r, s in self.records.items() if s.verdict is Verdict.KEPT]

    def is_usable(self, record: int, quantity: str) -> bool:
        """Whether this field of this record agrees with physics and may be scored."""
        verdict = self.fields[quantity]
        return verdict.usable and record not in verdict.rejected

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


def screen(dataset: Dataset, cycle: HeatPumpCycle) -> Screening:
    """Screen every field and record of a data set.

    Parameters
    ----------
    dataset : Dataset
        In SI units.
    cycle : HeatPumpCycle
        Of the machine that was recorded; its design point fixes displacement and efficiency.

    Returns
    -------
    Screening
        A check whose quantities the data set does not have is not made.
    """
    findings = _Findings()
    outcome: dict[int, tuple[float, float]] = {}
    for record in dataset.values.index:
        row = _Row(dataset, record)
        state = implied_cycle(dataset.values.loc[record], cycle.machine)
        _check_exchangers(row, state, findings)
        _check_suction(row, state, findings)
        _check_discharge(row, state, findings)
        _check_source_balance(row, cycle, findings)
        _check_energy_balance(row, cycle, findings)
        outcome[record] = _check_compressor(dataset, row, state, cycle, findings)
    return Screening(
        records={
            record: _record_screening(findings.records.get(record, []), *outcome[record])
            for record in dataset.values.index
        },
        fields={
            quantity: _field_screening(dataset, quantity, findings.fields.get(quantity, {}))
            for quantity in dataset.values.columns
        },
    )


class _Row:
    """One record: values and uncertainties by name; NaN for what was not recorded."""

    def __init__(self, dataset: Dataset, record: int) -> None:
        self.record = record
        self._values = dataset.values.loc[record]
        self._u = dataset.uncertainties.loc[record]

    def __getitem__(self, quantity: str) -> float:
        return float(self._values.get(quantity, math.nan))

    def u(self, quantity: str) -> float:
        return float(self._u.get(quantity, math.nan))


def _check_exchangers(row: _Row, state: ImpliedCycle, findings: _Findings) -> None:
    """Heat flows from warm to cold: evaporating below the source, condensing above the sink."""
    margin = COVERAGE * row.u("T_source_in")
    if state.T_dew >= row["T_source_in"] + margin:
        findings.field(
            "p_low",
            row.record,
            f"evaporating at {_celsius(state.T_dew)}, above the source inlet at "
            f"{_celsius(row['T_source_in'])}",
        )
    margin = COVERAGE * row.u("T_sink_in")
    if state.T_bubble <= row["T_sink_in"] - margin:
        findings.field(
            "p_high",
            row.record,
            f"condensing at {_celsius(state.T_bubble)}, below the sink inlet at "
            f"{_celsius(row['T_sink_in'])}",
        )


def _check_suction(row: _Row, state: ImpliedCycle, findings: _Findings) -> None:
    """Vapour at suction is superheated, and by as much as pressure and temperature say."""
    superheat = row["T_suction"] - state.T_dew
    if superheat < -COVERAGE * row.u("T_suction"):
        findings.field(
            "T_suction",
            row.record,
            f"{_celsius(row['T_suction'])} at suction, below the dew point at p_low, "
            f"{_celsius(state.T_dew)}",
        )
    difference = row["superheat"] - superheat
    u = math.hypot(row.u("superheat"), row.u("T_suction"))
    if abs(difference) > COVERAGE * u:
        findings.field(
            "superheat",
            row.record,
            f"{row['superheat']:.1f} K recorded, {superheat:.1f} K from T_suction and p_low",
        )


def _check_discharge(row: _Row, state: ImpliedCycle, findings: _Findings) -> None:
    """Compressed gas is at least as warm as after isentropic compression less shell loss."""
    T_least = state.T_least_discharge
    if row["T_discharge"] < T_least - COVERAGE * row.u("T_discharge"):
        findings.field(
            "T_discharge",
            row.record,
            f"{_celsius(row['T_discharge'])} recorded, below the {_celsius(T_least)} of ideal "
            "compression",
        )


def _check_source_balance(row: _Row, cycle: HeatPumpCycle, findings: _Findings) -> None:
    """The source stream gives the heat that the machine takes from it."""
    drop = row["T_source_in"] - row["T_source_out"]
    loss = cycle.machine.compressor.shell_loss_ratio * row["P_el"]
    wanted = row["Q_flow_sink"] + loss - row["P_el"]
    if math.isnan(drop + wanted):
        return
    capacity_flow = row["m_flow_source"] * cycle.source_heat_capacity(row["T_source_in"])
    given = capacity_flow * drop
    u = math.hypot(
        capacity_flow * math.hypot(row.u("T_source_in"), row.u("T_source_out")),
        given * row.u("m_flow_source") / row["m_flow_source"],
        row.u("Q_flow_sink"),
        row.u("P_el"),
    )
    if abs(given - wanted) > COVERAGE * u:
        findings.field(
            "T_source_out",
            row.record,
            f"the source stream gives {given / wanted:.0%} of the heat taken from it",
        )


def _check_energy_balance(row: _Row, cycle: HeatPumpCycle, findings: _Findings) -> None:
    """A steady machine gives off what it takes."""
    loss = cycle.machine.compressor.shell_loss_ratio * row["P_el"]
    imbalance = row["P_el"] + row["Q_flow_source"] - row["Q_flow_sink"] - loss
    u = math.hypot(row.u("P_el"), row.u("Q_flow_source"), row.u("Q_flow_sink"), loss)
    if abs(imbalance) > COVERAGE * u:
        findings.record(
            row.record,
            Verdict.NOT_STEADY,
            f"energy balance open by {imbalance:.0f} W, expected within {COVERAGE * u:.0f} W",
        )


def _check_compressor(
    dataset: Dataset, row: _Row, state: ImpliedCycle, cycle: HeatPumpCycle, findings: _Findings
) -> tuple[float, float]:
    """The heat implies a flow; the machine can displace it, and its ideal work fits the power.

    A compressor that runs steadily compresses about as well as at the design point. Where the heat
    implies too little work for the power, heat is going into the plant and the record is not
    steady. More flow than the compressor displaces at the given speed proves another speed, if that
    was not recorded; less flow could be either, and is not taken as steady.
    """
    sizes, machine = cycle.design_state, cycle.machine
    design = machine.design
    speed = row["compressor_speed"]
    if math.isnan(state.suction_volume_flow) or speed <= 0.0:
        return math.nan, math.nan
    compressor = machine.compressor
    eta_vol = closures.volumetric_efficiency(
        row["p_high"] / row["p_low"],
        speed,
        compressor.leakage_coefficient,
        compressor.leakage_speed_share,
    )
    flow_ratio = state.suction_volume_flow / (sizes.swept_volume_flow * speed * eta_vol)
    efficiency = state.ideal_work / row["P_el"]
    eta_vol_design = closures.volumetric_efficiency(
        design.p_high / design.p_low,
        1.0,
        compressor.leakage_coefficient,
        compressor.leakage_speed_share,
    )
    efficiency_design = closures.isentropic_efficiency(sizes.drive_efficiency, eta_vol_design)
    # The flow's uncertainty is that of the heat taken up, here and at the design point alike.
    u_here = row.u("Q_flow_sink") / (row["Q_flow_sink"] - row["P_el"])
    relative_u = row.u("Q_flow_sink") / row["Q_flow_sink"]
    u_design = relative_u * design.Q_flow_sink / (design.Q_flow_sink - design.P_el)

    tolerance = COVERAGE * math.hypot(u_here, u_design, row.u("P_el") / row["P_el"])
    least = efficiency_design * (1.0 - tolerance)
    plausible = least <= efficiency <= 1.0
    if not plausible:
        findings.record(
            row.record,
            Verdict.NOT_STEADY,
            f"ideal work of the implied flow is {efficiency:.2f} of the power, expected "
            f"{least:.2f} to 1 (design point {efficiency_design:.2f})",
        )
    tolerance = COVERAGE * math.hypot(u_here, u_design, row.u("compressor_speed") / speed)
    if abs(flow_ratio - 1.0) > tolerance:
        faster = flow_ratio > 1.0 and plausible and not dataset.speed_recorded
        expected = f"expected {1.0 - tolerance:.2f} to {1.0 + tolerance:.2f}"
        findings.record(
            row.record,
            Verdict.OTHER_SPEED if faster else Verdict.NOT_STEADY,
            f"implied suction flow is {flow_ratio:.2f} of the displacement, {expected}"
            + ("; it ran faster, at a speed that was not recorded" if faster else ""),
        )
    return flow_ratio, efficiency


def _record_screening(
    findings: list[tuple[Verdict, str]], flow_ratio: float, efficiency: float
) -> RecordScreening:
    verdicts = {verdict for verdict, _ in findings}
    if Verdict.NOT_STEADY in verdicts:
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
        worst = next(iter(rejected.items()))
        reasons.append(
            f"contradicts physics in {len(rejected)} of {len(dataset.values)} records, for "
            f"instance record {worst[0]}: {worst[1]}"
        )
    return FieldScreening(not reasons, tuple(reasons), rejected)


def _celsius(T: float) -> str:
    return f"{T - 273.15:.1f} degC"
