"""What an FMU of this project answers beyond the records: rating points and performance curves.

The FMU itself is asked, so these are figures of what was judged; they are computed and measured by
nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, QUANTITIES, OperatingStatus
from heatpump_twin.model.rating_points import RatingPoint, rating_points

from ..stepping.replay import STATUS
from .connection import Connection
from .scores import Scores

# Points of a curve, and how far it goes beyond the records, K.
CURVE_POINTS, BEYOND = 33, 3.0

# Records whose sink inlets lie no further apart than this share one level, K; a level that is
# wider, or more levels than these, are no levels: the curves then are of these shares of records.
LEVEL_GAP, LEVEL_WIDTH, MOST_LEVELS = 2.0, 4.0, 5
SHARES = (0.1, 0.5, 0.9)

# Sink inlets that are tried for a stated outlet: so far below it, at this distance, K.
LARGEST_RISE, TRIAL_STEP = 40.0, 0.5

# An outlet that is met this well is met, K.
OUTLET_TOLERANCE = 0.02


@dataclass(frozen=True)
class RatedPoint:
    """A rating point with the FMU's answer, or why it has none.

    Attributes
    ----------
    point : RatingPoint
        What is stated.
    inputs, outputs : dict of str to float
        SI units; empty where there is no answer.
    outside : str
        Why there is none.
    """

    point: RatingPoint
    inputs: dict[str, float]
    outputs: dict[str, float]
    outside: str = ""


@dataclass(frozen=True)
class Curve:
    """Answers over the source inlet at one sink inlet.

    Attributes
    ----------
    T_sink_in : float
        K.
    T_source_in : list of float
        K.
    outputs : dict of str to list of float
        SI units; NaN where the FMU has no answer for just these inputs.
    """

    T_sink_in: float
    T_source_in: list[float]
    outputs: dict[str, list[float]]


@dataclass(frozen=True)
class Performance:
    """Both, with the inputs that are held.

    Attributes
    ----------
    rated : list of RatedPoint
        At the design point's flows and speed.
    curves : list of Curve
        At those of `held`.
    held : dict of str to float
        Speed and flows of the curves: medians of the records, SI units.
    """

    rated: list[RatedPoint]
    curves: list[Curve]
    held: dict[str, float]


def performance(scores: Scores, machine: Machine) -> Performance | None:
    """Ask the FMU of a validation; None for one of another tool, whose range nobody knows.

    Parameters
    ----------
    scores : Scores
        Whose FMU and records.
    machine : Machine
        Media, design point and envelope.

    Raises
    ------
    CosimulationError
        If the FMU does not answer.
    """
    connection = scores.connection
    if connection is None or scores.fmu.certificate is None or connection.source:
        return None
    design = {q: float(getattr(machine.design.boundary, q)) for q in BOUNDARY_QUANTITIES}
    points = rating_points(machine.source_medium, machine.sink_medium)
    trials = {i: _trials(p, machine) for i, p in enumerate(points)}
    asked = [
        (i, {**design, "T_source_in": points[i].T_source_in, "T_sink_in": T})
        for i, temperatures in trials.items()
        for T in temperatures
    ]
    kept = scores.inputs.loc[scores.screening.kept]
    values = kept if len(kept) else pd.DataFrame([design])
    held = {q: float(values[q].median()) for q in BOUNDARY_QUANTITIES if not q.startswith("T_")}
    over = _source_inlets(values["T_source_in"], machine)
    levels = sink_levels(values["T_sink_in"].tolist())
    of_curves = [{**held, "T_source_in": x, "T_sink_in": level} for level in levels for x in over]
    answers = _answers(scores, connection, [*(inputs for _, inputs in asked), *of_curves])
    found = _inlets_found(points, asked, answers.iloc[: len(asked)])
    final = [
        {**design, "T_source_in": points[i].T_source_in, "T_sink_in": T} for i, T in found.items()
    ]
    rated = _answers(scores, connection, final) if final else pd.DataFrame()
    return Performance(
        rated=_rated(points, found, final, rated, machine),
        curves=[
            _curve(level, over, answers.iloc[len(asked) + k * len(over) :][: len(over)])
            for k, level in enumerate(levels)
        ],
        held=held,
    )


def sink_levels(temperatures: Sequence[float]) -> list[float]:
    """Return the few sink inlets that records were taken at, or shares of them, ascending, K."""
    ordered = sorted(temperatures)
    groups = [[ordered[0]]]
    for before, after in pairwise(ordered):
        if after - before > LEVEL_GAP:
            groups.append([])
        groups[-1].append(after)
    if len(groups) <= MOST_LEVELS and all(g[-1] - g[0] <= LEVEL_WIDTH for g in groups):
        return [float(np.mean(g)) for g in groups]
    return sorted({float(x) for x in np.quantile(ordered, SHARES)})


def _source_inlets(recorded: pd.Series[float], machine: Machine) -> list[float]:
    low, high = machine.envelope.range("T_source_in")
    first = max(low, float(recorded.min()) - BEYOND)
    last = min(high, float(recorded.max()) + BEYOND)
    return [float(x) for x in np.linspace(first, last, CURVE_POINTS)]


def _trials(point: RatingPoint, machine: Machine) -> list[float]:
    """Sink inlets inside the envelope to ask at; none where the source is outside."""
    low, high = machine.envelope.range("T_source_in")
    if not low <= point.T_source_in <= high:
        return []
    low, high = machine.envelope.range("T_sink_in")
    if point.T_sink_out is None:
        assert point.T_sink_in is not None
        return [point.T_sink_in] if low <= point.T_sink_in <= high else []
    first, last = max(low, point.T_sink_out - LARGEST_RISE), min(high, point.T_sink_out)
    count = math.ceil((last - first) / TRIAL_STEP) + 1
    return [float(x) for x in np.linspace(first, last, count)] if last > first else []


def _answers(
    scores: Scores, connection: Connection, inputs: list[dict[str, float]]
) -> pd.DataFrame:
    """Outputs of the FMU; NaN where it answers for other inputs than these."""
    outputs = connection.run(scores.fmu, pd.DataFrame(inputs)).outputs
    return outputs.where(outputs[STATUS] == OperatingStatus.INSIDE)


def _inlets_found(
    points: list[RatingPoint],
    asked: list[tuple[int, dict[str, float]]],
    answers: pd.DataFrame,
) -> dict[int, float]:
    """Sink inlet of each point that has one, by linear interpolation between the trials."""
    found: dict[int, float] = {}
    of_point: dict[int, list[tuple[float, float]]] = {}
    for (i, inputs), T_out in zip(asked, answers["T_sink_out"], strict=True):
        if math.isfinite(T_out):
            of_point.setdefault(i, []).append((inputs["T_sink_in"], T_out))
    for i, pairs in of_point.items():
        wanted = points[i].T_sink_out
        if wanted is None:
            found[i] = pairs[0][0]
            continue
        for (T0, out0), (T1, out1) in pairwise(pairs):
            if out0 <= wanted <= out1:
                found[i] = T0 + (T1 - T0) * (wanted - out0) / (out1 - out0)
                break
    return found


def _rated(
    points: list[RatingPoint],
    found: dict[int, float],
    inputs: list[dict[str, float]],
    answers: pd.DataFrame,
    machine: Machine,
) -> list[RatedPoint]:
    rows = dict(zip(found, range(len(inputs)), strict=True))
    rated = []
    for i, point in enumerate(points):
        outputs = answers.iloc[rows[i]].to_dict() if i in rows else {}
        T_out = outputs.get("T_sink_out", math.nan)
        is_met = math.isfinite(T_out) and (
            point.T_sink_out is None or abs(T_out - point.T_sink_out) <= OUTLET_TOLERANCE
        )
        if is_met:
            rated.append(RatedPoint(point, inputs[rows[i]], outputs))
        else:
            rated.append(RatedPoint(point, {}, {}, _why_outside(point, machine)))
    return rated


def _why_outside(point: RatingPoint, machine: Machine) -> str:
    low, high = machine.envelope.range("T_source_in")
    if not low <= point.T_source_in <= high:
        return _beyond("T_source_in", point.T_source_in, low, high)
    low, high = machine.envelope.range("T_sink_in")
    if point.T_sink_in is not None and not low <= point.T_sink_in <= high:
        return _beyond("T_sink_in", point.T_sink_in, low, high)
    if point.T_sink_out is None:
        return "beyond a limit of pressure or temperature"
    return f"no {_titled('T_sink_in')} of {_range(low, high)} leads there within the limits"


def _beyond(quantity: str, T: float, low: float, high: float) -> str:
    shown = QUANTITIES[quantity].shown(T)
    return f"{_titled(quantity)} {shown:.0f} °C is outside {_range(low, high)}"


def _titled(quantity: str) -> str:
    return QUANTITIES[quantity].title


def _range(low: float, high: float) -> str:
    shown = QUANTITIES["T_sink_in"].shown
    return f"{shown(low):.0f} to {shown(high):.0f} °C"


def _curve(level: float, over: list[float], answers: pd.DataFrame) -> Curve:
    columns = [q for q in answers if q != STATUS]
    return Curve(level, over, {q: answers[q].astype(float).tolist() for q in columns})
