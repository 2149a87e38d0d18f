"""Whether a machine drifts away from its twin, since when, and what the pattern usually means.

Departures, which are readings less answers, are taken over the steady parts of a log, as means over
blocks, and divided by the standard uncertainty of the band. Each quantity has a cumulative sum to
either side: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954) 100-115; the run length
between false alarms is that of D. Siegmund, Sequential Analysis, Springer 1985, as D. C.
Montgomery, Introduction to Statistical Quality Control, gives it:

    ARL = (exp(2 k b) - 2 k b - 1) / (2 k^2),  b = h + 1.166

The allowance `k` is one standard uncertainty: the twin's own error at an operating point stays as
it is while the point does, and is no drift as long as it lies in the band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

from ..data.plateaus import find_plateaus
from ..data.series import Series
from .faults import Fault, FaultModel, faults_of
from .series_phases import phases_of
from .series_scores import COVERAGE, Band, scored_rows

# Length of a block, s: longer than outlets need to follow, so that neighbours hardly depend on each
# other but by the twin's own error.
BLOCK_LENGTH = 120.0

ALLOWANCE = 1.0

#: Blocks between two false alarms, on average, over all quantities together.
BLOCKS_BETWEEN = 10_000.0

# Causes whose misfit is no larger than the least by more than this cannot be told apart from it:
# the 95 % quantile of chi squared with one degree of freedom.
ALIKE = 3.84

# Of Siegmund's approximation: a sum that passes its limit passes it by so much on average.
_OVERSHOOT = 1.166


@dataclass(frozen=True)
class Blocks:
    """Departures over steady blocks.

    Attributes
    ----------
    time : numpy.ndarray
        End of each block, s, as the log counts.
    plateau : numpy.ndarray
        Number of the steady part that it lies in.
    boundaries : pandas.DataFrame
        Mean inputs, SI units.
    departures : pandas.DataFrame
        Mean readings less answers, SI units.
    standard : dict of str to float
        Standard uncertainty of a departure, by quantity: that of the band.
    """

    time: Any
    plateau: Any
    boundaries: pd.DataFrame
    departures: pd.DataFrame
    standard: dict[str, float]

    @property
    def quantities(self) -> list[str]:
        """Quantities that are watched."""
        return list(self.departures)

    @property
    def scaled(self) -> Any:
        """Departures in standard uncertainties, one row a block."""
        return self.departures.to_numpy() / np.array([self.standard[q] for q in self.departures])

    def with_departures(self, departures: Any) -> Blocks:
        """Return the blocks with other departures, one row a block, SI units."""
        frame = pd.DataFrame(departures, columns=self.quantities)
        return Blocks(self.time, self.plateau, self.boundaries, frame, self.standard)


@dataclass(frozen=True)
class FalseAlarms:
    """How often a log without drift gives an alarm, as shares of such logs.

    Attributes
    ----------
    blocks : int
        Of the log.
    stated : float
        By Siegmund's run length.
    simulated : float
        Of logs whose departures are independent and normal, as the limit supposes.
    resampled : float
        Of copies of this log with its own departures about the means of its steady parts dealt
        anew.
    errors_dealt : float
        Of copies in which those means are dealt anew among the steady parts, too.
    copies : int
        Of each kind.
    """

    blocks: int
    stated: float
    simulated: float
    resampled: float
    errors_dealt: float
    copies: int


@dataclass(frozen=True)
class Cause:
    """What may have happened.

    Attributes
    ----------
    fault : Fault
        That is meant.
    size : float
        How much fits best, in its unit.
    misfit : float
        Sum of squares that it leaves, in standard uncertainties.
    """

    fault: Fault
    size: float
    misfit: float


@dataclass(frozen=True)
class Drift:
    """What the watch found.

    Attributes
    ----------
    blocks : Blocks
        That were looked at.
    limit : float
        Of the sums, in standard uncertainties.
    up, down : numpy.ndarray
        Sums to either side, one row a block, one column a quantity.
    alarm : int or None
        Block at which a sum first passed the limit.
    quantity : str
        That left first; empty without an alarm.
    side : int
        1 if its readings are above the twin, -1 if below, 0 without an alarm.
    since : int or None
        Block at which that sum began to grow.
    causes : list of Cause
        That fit, the best first, as far as they cannot be told apart.
    """

    blocks: Blocks
    limit: float
    up: Any
    down: Any
    alarm: int | None
    quantity: str
    side: int
    since: int | None
    causes: list[Cause]


def run_length(limit: float, allowance: float = ALLOWANCE) -> float:
    """Mean number of blocks until the sum to one side passes a limit without any drift."""
    b = 2.0 * allowance * (limit + _OVERSHOOT)
    return (math.exp(b) - b - 1.0) / (2.0 * allowance**2)


def limit_for(quantities: int, blocks_between: float = BLOCKS_BETWEEN) -> float:
    """Limit with which all sums together give one false alarm in so many blocks on average.

    Parameters
    ----------
    quantities : int
        That are watched; each has two sums.
    blocks_between : float
        Mean number of blocks between false alarms.
    """
    wanted = 2.0 * quantities * blocks_between
    return float(brentq(lambda h: run_length(h) - wanted, 0.0, 50.0))


def blocks_of(series: Series, simulated: pd.DataFrame, bands: dict[str, Band]) -> Blocks:
    """Take departures over the steady parts of a log.

    Parameters
    ----------
    series : Series
        What was read.
    simulated : pandas.DataFrame
        Answers of the FMU, one row a step, SI units.
    bands : dict of str to Band
        By quantity.

    Raises
    ------
    InputError
        If there is no steady part, or nothing to compare.
    """
    quantities = [q for q in series.scored if q in simulated and q in bands]
    if not quantities:
        raise InputError(f"{series.place}: the FMU gives nothing that was recorded and is scored")
    phases = phases_of(series)
    scored = {q: scored_rows(series, phases, q) for q in quantities}
    times, numbers, inputs, departures = [], [], [], []
    for number, plateau in enumerate(find_plateaus(series), start=1):
        length = series.time[plateau.begin : plateau.end] - series.time[plateau.begin]
        # Whole blocks from the end: at its begin a plateau still settles.
        part = ((length[-1] - length) // BLOCK_LENGTH).astype(int)
        for i in range(int(length[-1] // BLOCK_LENGTH) - 1, -1, -1):
            rows = plateau.begin + np.flatnonzero(part == i)
            row = []
            for q in quantities:
                gap = series.values[q].to_numpy()[rows] - simulated[q].to_numpy()[rows]
                known = scored[q][rows] & np.isfinite(gap)
                row.append(float(gap[known].mean()) if known.any() else math.nan)
            if np.isfinite(row).all():
                times.append(float(series.time[rows[-1]]))
                numbers.append(number)
                inputs.append(series.values[list(BOUNDARY_QUANTITIES)].iloc[rows].mean())
                departures.append(row)
    if not times:
        raise InputError(
            f"{series.place}: holds no steady part of {BLOCK_LENGTH:g} s with all readings, over "
            "which a drift could be told"
        )
    usual = {q: float(np.nanmedian(simulated[q])) for q in quantities}
    return Blocks(
        np.array(times),
        np.array(numbers),
        pd.DataFrame(inputs).reset_index(drop=True),
        pd.DataFrame(departures, columns=quantities),
        {q: float(bands[q].half_width(np.array([usual[q]]))[0]) / COVERAGE for q in quantities},
    )


def sums_of(scaled: Any) -> tuple[Any, Any]:
    """Cumulative sums to either side.

    Parameters
    ----------
    scaled : numpy.ndarray
        Departures in standard uncertainties; blocks along the first axis.
    """
    up, down = np.zeros_like(scaled), np.zeros_like(scaled)
    above, below = np.zeros(scaled.shape[1:]), np.zeros(scaled.shape[1:])
    for i, row in enumerate(scaled):
        above = np.maximum(0.0, above + row - ALLOWANCE)
        below = np.maximum(0.0, below - row - ALLOWANCE)
        up[i], down[i] = above, below
    return up, down


def resampled(
    blocks: Blocks, copies: int, rng: np.random.Generator, deals_errors: bool = False
) -> Any:
    """Return departures of copies of a log, shape (blocks, quantities, copies), SI units.

    In each, what blocks differ by from the mean of their steady part is dealt anew among all
    blocks; quantities of a block stay together.

    Parameters
    ----------
    blocks : Blocks
        Of the log.
    copies : int
        How many.
    rng : numpy.random.Generator
        That deals.
    deals_errors : bool
        Whether the means, which are the twin's own error at an operating point, are dealt anew
        among the steady parts, too; otherwise each part keeps its own.
    """
    read = blocks.departures.to_numpy()
    means = np.stack([read[blocks.plateau == p].mean(axis=0) for p in blocks.plateau])
    counts = np.array([(blocks.plateau == p).sum() for p in blocks.plateau], float)
    # About a mean of few, deviations are smaller than the noise is.
    several = counts > 1
    factor = np.sqrt(counts[several] / (counts[several] - 1.0))[:, None]
    deviations = (read - means)[several] * factor
    if not len(deviations):
        return np.repeat(read[:, :, None], copies, axis=2)
    dealt = deviations[rng.integers(len(deviations), size=(len(read), copies))]
    if not deals_errors:
        return means[:, :, None] + dealt.transpose(0, 2, 1)
    parts, part_of = np.unique(blocks.plateau, return_inverse=True)
    first = np.array([np.flatnonzero(part_of == i)[0] for i in range(len(parts))])
    drawn = rng.integers(len(parts), size=(len(parts), copies))
    return (means[first][drawn][part_of] + dealt).transpose(0, 2, 1)


def false_alarms(blocks: Blocks, copies: int = 1000, seed: int = 0) -> FalseAlarms:
    """State, and measure by simulation, how often a log as long as this gives a false alarm."""
    rng = np.random.default_rng(seed)
    count, width = len(blocks.time), len(blocks.quantities)
    limit = limit_for(width)
    scale = np.array([blocks.standard[q] for q in blocks.quantities])[None, :, None]
    shares = []
    for scaled in (
        rng.standard_normal((count, width, copies)),
        resampled(blocks, copies, rng) / scale,
        resampled(blocks, copies, rng, deals_errors=True) / scale,
    ):
        up, down = sums_of(scaled)
        shares.append(float((np.maximum(up, down) > limit).any(axis=(0, 1)).mean()))
    stated = 1.0 - math.exp(-count / BLOCKS_BETWEEN)
    return FalseAlarms(count, stated, shares[0], shares[1], shares[2], copies)


class Watch:
    """Tells drift and its cause in blocks of one log; the patterns of faults are worked out once.

    Parameters
    ----------
    blocks : Blocks
        Of the log.
    machine : Machine
        Of the twin.
    recorded : set of str
        Quantities that are read, inputs among them; None where no cause can be told.
    """

    def __init__(self, blocks: Blocks, machine: Machine, recorded: set[str] | None) -> None:
        self.model = FaultModel(machine)
        self.limit = limit_for(len(blocks.quantities))
        self.faults = faults_of(recorded) if recorded is not None else []
        # The pattern of a fault, for a size of one, at each block.
        self.patterns = {
            fault.name: self.model.departures(
                fault, fault.usual, blocks.boundaries, blocks.quantities
            )
            / fault.usual
            for fault in self.faults
        }

    def look(self, blocks: Blocks) -> Drift:
        """Look for the first drift in blocks with the boundaries of the log.

        Parameters
        ----------
        blocks : Blocks
            In the order of time.
        """
        scaled = blocks.scaled
        up, down = sums_of(scaled)
        largest = np.maximum(up, down)
        passed = np.flatnonzero((largest > self.limit).any(axis=1))
        if not len(passed):
            return Drift(blocks, self.limit, up, down, None, "", 0, None, [])
        alarm = int(passed[0])
        column = int(largest[alarm].argmax())
        side = 1 if up[alarm, column] >= down[alarm, column] else -1
        chart = (up if side > 0 else down)[: alarm + 1, column]
        since = int(np.flatnonzero(chart == 0.0)[-1]) + 1 if (chart == 0.0).any() else 0
        # All that came since tells more of the cause than what was needed for the alarm.
        causes = self._causes(blocks, slice(since, None))
        return Drift(
            blocks, self.limit, up, down, alarm, blocks.quantities[column], side, since, causes
        )

    def _causes(self, blocks: Blocks, part: slice) -> list[Cause]:
        """Fit the size of each fault to the departures since the drift began."""
        standard = np.array([blocks.standard[q] for q in blocks.quantities])
        # Blocks of one plateau share the twin's error, so that a plateau counts once.
        plateau = blocks.plateau[part]
        counts = np.array([(plateau == p).sum() for p in plateau], float)
        weight = (1.0 / counts)[:, None] / standard**2
        read = blocks.departures.to_numpy()[part]
        causes = []
        for fault in self.faults:
            pattern = self.patterns[fault.name][part]
            if not np.isfinite(pattern).all() or not np.any(pattern):
                continue
            size = float((weight * pattern * read).sum() / (weight * pattern**2).sum())
            # A loss cannot be negative; a sensor may read too much or too little.
            if fault.unit == "%" and fault.kind != "sensor offset":
                size = max(0.0, size)
            misfit = float((weight * (read - size * pattern) ** 2).sum())
            causes.append(Cause(fault, size, misfit))
        causes.sort(key=lambda cause: cause.misfit)
        return [c for c in causes if c.misfit <= causes[0].misfit + ALIKE and c.size != 0.0]
