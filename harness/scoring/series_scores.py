"""Errors of an FMU over a log: by phase, energy, starts, and where it is farthest off.

CV(RMSE) and NMBE are those of ASHRAE Guideline 14, Measurement of Energy, Demand, and Water
Savings, with no fitted parameter counted. They are per cent of the mean over the same steps, and
are given where the compressor runs: of standby power a percentage says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from heatpump_twin.model.quantities import QUANTITIES, OperatingStatus

from ..data.plateaus import BLOCK
from ..data.resampling import Floats
from ..data.series import Series
from ..data.series_descriptor import (
    ALL,
    GIVEN_HEAT,
    GIVEN_SPEED,
    HEATING,
    OPERATIONS,
    PHASES,
    SeriesDescriptor,
)
from ..stepping.replay import STATUS, FmuInfo
from .connection import Connection
from .scores import ThresholdResult
from .series_operations import Operation, operations_of
from .series_phases import ON_PHASES, Flags, Start, phases_of, starts_of

#: All phases in which the compressor runs to heat, together.
ON = "on"
SCORED_PHASES = (ALL, ON, *PHASES)

# Phases of which a percentage of the mean is given.
_WITH_PERCENTAGE = (ALL, ON, *ON_PHASES, "hot water")

#: Length of the worst part that is looked for and drawn, s.
WORST = 600.0

# Of a normal distribution, 95 % lie within so many standard deviations.
COVERAGE = 1.96

# Quantities of which energy is told.
ENERGIES = ("P_el", "Q_flow_sink")

_DAY = 86400.0


@dataclass(frozen=True)
class SeriesScore:
    """Errors in one quantity over the steps of one phase; SI units and per cent.

    Error is simulated less measured; each step counts by its length. `hours` is how long they are.
    """

    phase: str
    quantity: str
    n: int
    hours: float
    bias: float
    rmse: float
    maximum: float
    nmbe: float | None
    cv_rmse: float | None


@dataclass(frozen=True)
class Energy:
    """Energy over a period, J: the run, or a day by its date or number."""

    period: str
    quantity: str
    hours: float
    measured: float
    simulated: float

    @property
    def error(self) -> float | None:
        """Simulated less measured, per cent of the measured."""
        return 100.0 * (self.simulated / self.measured - 1.0) if self.measured > 0.0 else None


@dataclass(frozen=True)
class Worst:
    """The part of a given length in which the FMU is farthest off.

    Attributes
    ----------
    begin, end : int
        First row, and the row after the last.
    error : float
        Root mean square of the errors, in standard uncertainties.
    """

    begin: int
    end: int
    error: float


@dataclass(frozen=True)
class Band:
    """What 95 % of the readings of a quantity are expected within, about the simulated value."""

    absolute: float
    relative: float
    origin: str

    def half_width(self, simulated: Floats) -> Floats:
        """Half of its width at each step, SI unit."""
        return np.hypot(self.absolute, self.relative * simulated)


@dataclass(frozen=True)
class SeriesScores:
    """All that a validation on a log found.

    Attributes
    ----------
    series : Series
        What was recorded.
    fmu : FmuInfo
        What was stepped.
    connection : Connection
        By which variables.
    provenance : str
        Which records its parameters come from, in words.
    communication_step : float
        Of the FMU, s.
    simulated : pandas.DataFrame
        One row a step, SI units; NaN where it was not simulated.
    phases : numpy.ndarray
        Position in `PHASES` of each row, -1 for none.
    bands : dict of str to Band
        By quantity.
    scores : list of SeriesScore
        By phase and quantity.
    energies : list of Energy
        Of the run and of each day.
    operations : list of Operation
        Energies and starts while heating, while making hot water and in defrosts.
    starts : list of Start
        In the order of time.
    worst : Worst or None
        Where it is farthest off; None if nothing can be compared.
    thresholds : list of ThresholdResult
        Limits of the descriptor, whose `split` is the phase.
    unchecked : list of str
        Quantities with a limit that the FMU does not give.
    messages : tuple of (int, str)
        Row, and what the FMU logged.
    seconds : dict of str to float
        What ``reading``, ``stepping`` and ``scoring`` took.
    """

    series: Series
    fmu: FmuInfo
    connection: Connection
    provenance: str
    communication_step: float
    simulated: pd.DataFrame
    phases: Any
    bands: dict[str, Band]
    scores: list[SeriesScore]
    energies: list[Energy]
    operations: list[Operation]
    starts: list[Start]
    worst: Worst | None
    thresholds: list[ThresholdResult]
    unchecked: list[str]
    messages: tuple[tuple[int, str], ...]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def quantities(self) -> list[str]:
        """Quantities that are scored, in the order of the vocabulary."""
        return [q for q in self.series.scored if q in self.simulated]

    @property
    def not_given(self) -> list[str]:
        """Quantities that were recorded and that the FMU does not give."""
        return [q for q in self.series.scored if q not in self.simulated]

    @property
    def unanswered(self) -> dict[str, int]:
        """Why steps were not answered as asked, and how many."""
        found: dict[str, int] = {}
        simulated = self.phases >= 0
        numbers = self.simulated[self.quantities].to_numpy()
        not_finite = int((simulated & ~np.isfinite(numbers).all(axis=1)).sum())
        if not_finite:
            found["the FMU gave no number"] = not_finite
        status = self._status
        if status is not None:
            held = (status == OperatingStatus.SOLVE_FAILED) | (
                status == OperatingStatus.INPUT_REJECTED
            )
            if (simulated & held).any():
                found["an old result was held"] = int((simulated & held).sum())
            off, why = self._off(status == OperatingStatus.OFF)
            if (simulated & off).any():
                found[why] = int((simulated & off).sum())
        return found

    def _off(self, is_off: Flags) -> tuple[Flags, str]:
        """Where the FMU is off though it is asked, and why that is wrong."""
        given = self.series.descriptor.given
        if given == GIVEN_SPEED:
            ran = self.series.states["compressor"].to_numpy() > 0.999
            return is_off & ran, "the FMU is off while the compressor runs"
        if given == GIVEN_HEAT:
            return is_off & (self.series.set_point > 0.0), "the FMU is off while heat is given"
        # It starts and stops by itself, as it is asked to.
        return np.zeros_like(is_off), ""

    @property
    def outside(self) -> float | None:
        """Share of the time on in which inputs were moved to the envelope; None if not known."""
        status = self._status
        if status is None:
            return None
        on = np.isin(self.phases, [PHASES.index(p) for p in ON_PHASES])
        total = float(self.series.step[on].sum())
        moved = on & (status == OperatingStatus.MOVED_TO_ENVELOPE)
        return float(self.series.step[moved].sum()) / total if total else None

    @property
    def _status(self) -> Any:
        # Of several steps that make one answer the mean was taken, so that a step in which only
        # some were moved to the envelope may count as one inside.
        return np.ceil(self.simulated[STATUS].to_numpy()) if STATUS in self.simulated else None

    @property
    def passed(self) -> bool:
        """Whether the FMU answered all and kept its limits; a known miss counts as kept."""
        return not self.unanswered and all(t.passed or t.is_known_miss for t in self.thresholds)

    def find(self, phase: str, quantity: str) -> SeriesScore | None:
        """Return the errors of a quantity in a phase, or None where there are none."""
        for s in self.scores:
            if (s.phase, s.quantity) == (phase, quantity):
                return s
        return None


def scored_rows(series: Series, phases: Any, quantity: str) -> Flags:
    """Tell in which rows a quantity may be scored.

    While nothing flows, the outlet's sensor shows the pipe that it sits in.
    """
    rows: Flags = (phases >= 0) & series.is_asked
    if not (quantity.startswith("T_") and quantity.endswith("_out")):
        return rows
    return np.asarray(rows & series.flows_on(quantity.split("_")[1]))


def score_series(
    series: Series,
    fmu: FmuInfo,
    connection: Connection,
    simulated: pd.DataFrame,
    provenance: str,
    bands: dict[str, Band],
    communication_step: float,
    messages: tuple[tuple[int, str], ...],
) -> SeriesScores:
    """Compare what an FMU answered with what was recorded.

    Parameters
    ----------
    series : Series
        What was recorded.
    fmu, connection
        What was stepped, and by which variables.
    simulated : pandas.DataFrame
        One row a step, SI units.
    provenance : str
        Which records the FMU's parameters come from.
    bands : dict of str to Band
        By quantity.
    communication_step : float
        s.
    messages : tuple of (int, str)
        Row, and what the FMU logged.
    """
    phases = phases_of(series)
    quantities = [q for q in series.scored if q in simulated]
    members = {
        ALL: phases >= 0,
        ON: np.isin(phases, [PHASES.index(p) for p in ON_PHASES]),
        **{name: phases == i for i, name in enumerate(PHASES)},
    }
    rows = {q: scored_rows(series, phases, q) for q in quantities}
    scores = [
        found
        for phase, of_phase in members.items()
        for q in quantities
        if (found := _score(series, simulated, phase, q, of_phase & rows[q])) is not None
    ]
    energies = _energies(series, simulated, phases)
    operations = operations_of(series, simulated, (phases >= 0) & series.is_asked)
    missing = [q for q in series.scored if q not in simulated]
    limits = series.descriptor.thresholds
    return SeriesScores(
        series=series,
        fmu=fmu,
        connection=connection,
        provenance=provenance,
        communication_step=communication_step,
        simulated=simulated,
        phases=phases,
        bands=bands,
        scores=scores,
        energies=energies,
        operations=operations,
        starts=starts_of(series, phases, *_of_starts(series, simulated)),
        worst=_worst(series, simulated, rows, bands),
        thresholds=[
            *_thresholds(series, scores, energies, operations, missing),
            *_limits_of_starts(series.descriptor, operations),
        ],
        unchecked=sorted({q for of_phase in limits.values() for q in of_phase if q in missing}),
        messages=messages,
    )


def _score(
    series: Series, simulated: pd.DataFrame, phase: str, quantity: str, rows: Flags
) -> SeriesScore | None:
    measured, answered = series.values[quantity].to_numpy(), simulated[quantity].to_numpy()
    rows = rows & np.isfinite(measured) & np.isfinite(answered)
    if not rows.any():
        return None
    weights = series.step[rows]
    error = answered[rows] - measured[rows]
    bias = float(np.average(error, weights=weights))
    rmse = math.sqrt(float(np.average(error**2, weights=weights)))
    mean = float(np.average(measured[rows], weights=weights))
    relative = QUANTITIES[quantity].has_percentage and phase in _WITH_PERCENTAGE and mean > 0.0
    return SeriesScore(
        phase=phase,
        quantity=quantity,
        n=len(error),
        hours=float(weights.sum()) / 3600.0,
        bias=bias,
        rmse=rmse,
        maximum=float(np.abs(error).max()),
        nmbe=100.0 * bias / mean if relative else None,
        cv_rmse=100.0 * rmse / mean if relative else None,
    )


def _energies(series: Series, simulated: pd.DataFrame, phases: Any) -> list[Energy]:
    found = []
    for quantity in ENERGIES:
        if quantity not in series.scored or quantity not in simulated:
            continue
        measured, answered = series.values[quantity].to_numpy(), simulated[quantity].to_numpy()
        known = (phases >= 0) & series.is_asked & np.isfinite(measured) & np.isfinite(answered)
        for period, rows in _periods(series, known):
            if not rows.any():
                continue
            step = series.step[rows]
            found.append(
                Energy(
                    period,
                    quantity,
                    float(step.sum()) / 3600.0,
                    float((measured[rows] * step).sum()),
                    float((answered[rows] * step).sum()),
                )
            )
    return found


def _periods(series: Series, known: Flags) -> Iterator[tuple[str, Flags]]:
    """The run, and each day of it."""
    yield "run", known
    middle = series.time - 0.5 * series.step
    if series.descriptor.time.has_date:
        zone = series.descriptor.time.zone or "UTC"
        dates = pd.to_datetime(middle, unit="s", utc=True).tz_convert(zone).strftime("%Y-%m-%d")
        codes, names = pd.factorize(dates)
        for i, name in enumerate(names):
            yield str(name), known & (codes == i)
    else:
        days = (series.elapsed - 0.5 * series.step) // _DAY
        for day in np.unique(days):
            yield f"day {int(day) + 1}", known & (days == day)


def _of_starts(
    series: Series, simulated: pd.DataFrame
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """What a start is told by: power, and heat or else what the sink is warmed by."""
    measured: dict[str, Floats] = {}
    answered: dict[str, Floats] = {}
    for q in ("P_el", "Q_flow_sink"):
        if q in series.scored and q in simulated:
            measured[q], answered[q] = series.values[q].to_numpy(), simulated[q].to_numpy()
    if (
        "Q_flow_sink" not in measured
        and "T_sink_out" in simulated
        and "T_sink_out" in series.values
    ):
        T_in = series.values["T_sink_in"].to_numpy()
        name = "T_sink_out - T_sink_in"
        measured[name] = series.values["T_sink_out"].to_numpy() - T_in
        answered[name] = simulated["T_sink_out"].to_numpy() - T_in
    return measured, answered


def _worst(
    series: Series, simulated: pd.DataFrame, rows: dict[str, Flags], bands: dict[str, Band]
) -> Worst | None:
    """The `WORST` seconds in which the errors are largest, in standard uncertainties."""
    worst = None
    for begin, end in series.segments:
        length = min(WORST, float(series.step[begin:end].sum()))
        for first in range(begin, end, BLOCK):
            early = int(np.searchsorted(series.time[begin:end], series.time[first] - 2.0 * WORST))
            part = slice(begin + early, min(end, first + BLOCK))
            found = _worst_of(series, simulated, rows, bands, part, length)
            if worst is None or found.error > worst.error:
                worst = found
    return worst if worst is not None and worst.error > 0.0 else None


def _worst_of(
    series: Series,
    simulated: pd.DataFrame,
    rows: dict[str, Flags],
    bands: dict[str, Band],
    part: slice,
    shortest: float,
) -> Worst:
    time, step = series.time[part], series.step[part]
    squares, counts = np.zeros(len(time)), np.zeros(len(time))
    for q, scored in rows.items():
        answered = simulated[q].to_numpy()[part]
        error = answered - series.values[q].to_numpy()[part]
        u = bands[q].half_width(answered) / COVERAGE
        known = scored[part] & np.isfinite(error) & (u > 0.0)
        squares[known] += (error[known] / u[known]) ** 2
        counts += known
    mean = np.divide(squares, counts, out=np.zeros_like(squares), where=counts > 0)
    total = np.concatenate([[0.0], np.cumsum(mean * step)])
    length = np.concatenate([[0.0], np.cumsum(step)])
    first = np.searchsorted(time, time - WORST + 1e-6, "right")
    last = np.arange(len(time)) + 1
    # Near the begin of a part a window is cut short, and is not worse for that.
    error = (total[last] - total[first]) / np.maximum(length[last] - length[first], shortest)
    i = int(error.argmax())
    return Worst(part.start + int(first[i]), part.start + i + 1, math.sqrt(float(error[i])))


def _thresholds(
    series: Series,
    scores: list[SeriesScore],
    energies: list[Energy],
    operations: list[Operation],
    missing: list[str],
) -> list[ThresholdResult]:
    by_key = {(s.phase, s.quantity): s for s in scores}
    of_run = {e.quantity: e.error for e in energies if e.period == "run"}
    by_operation = {o.name: o for o in operations}
    results = []
    for phase, of_phase in series.descriptor.thresholds.items():
        for quantity, limits in of_phase.items():
            if quantity in missing:
                continue
            for name in limits.by_measure:
                score = by_key.get((phase, quantity))
                if name == "energy" and phase in OPERATIONS:
                    operation = by_operation.get(phase)
                    value = operation.error(quantity) if operation else None
                elif name == "energy":
                    value = of_run.get(quantity)
                else:
                    value = getattr(score, name, None)
                results.append(ThresholdResult.of_limit(phase, quantity, name, limits, value))
    return results


def _limits_of_starts(
    descriptor: SeriesDescriptor, operations: list[Operation]
) -> list[ThresholdResult]:
    """Hold the starts of heating against the limit of the descriptor, if it has one."""
    if descriptor.starts is None:
        return []
    value = None
    for operation in operations:
        recorded, simulated = operation.starts
        if operation.name == HEATING and simulated is not None:
            value = float(abs(simulated - recorded))
    limit = float(descriptor.starts.difference_max)
    return [ThresholdResult(HEATING, "starts", "difference", limit, value)]
