"""What the figures of a report are drawn from, ready for JSON: SI units, six digits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from heatpump_twin.model.machine import Machine
from heatpump_twin.page.kept_diagram import kept_log_p_h
from heatpump_twin.page.twin import quantities

from ..data.implied_cycle import implied_cycle
from ..drawing.log_p_h import gives_cycle, has_cycle
from ..scoring.performance import Performance
from ..scoring.scores import Scores
from ..scoring.scores_file import LEAVE_ONE_OUT
from .summary import heat_of, main_quantities, scored_quantities, worst

# More records than these are not drawn one by one: the worst, and others at equal distances.
MOST_DRAWN, MOST_OF_WORST = 1500, 300

SEEN, UNSEEN = "FMU as built", "predicted unseen"


def figures(
    scores: Scores, machine: Machine, found: Performance | None, first: Iterable[int]
) -> dict[str, Any]:
    """Return what `report.js` draws.

    Parameters
    ----------
    scores : Scores
        What was found.
    machine : Machine
        Of the data set: its refrigerant.
    found : Performance or None
        Curves of the FMU, where it was asked for them.
    first : iterable of int
        Records that are there whatever their number.
    """
    is_cycle = gives_cycle(scores)
    has_pressures = has_cycle(scores.dataset)
    of_worst = worst(scores)
    drawn = drawn_records(scores, [*first, *([of_worst.record] if of_worst else [])])
    return {
        "quantities": quantities(),
        "scored_quantities": scored_quantities(scores),
        "main": main_quantities(scores),
        "seen": UNSEEN if scores.calibration else SEEN,
        "seen_title": "Unseen, against measured" if scores.calibration else "FMU against measured",
        "worst": of_worst.record if of_worst else None,
        "has_cycle": is_cycle,
        "diagram": kept_log_p_h(machine) if is_cycle or has_pressures else None,
        "records": _records(scores, machine, drawn, has_pressures),
        "performance": _curves(scores, found) if found else None,
    }


def drawn_records(scores: Scores, first: Iterable[int] = ()) -> list[int]:
    """Return the records that figures show: all, or of many the worst and some of the others."""
    every = list(scores.screening.records)
    if len(every) <= MOST_DRAWN:
        return every
    wanted = {*first, *scores.farthest_first(every)[:MOST_OF_WORST]}
    step = math.ceil(len(every) / (MOST_DRAWN - MOST_OF_WORST))
    return sorted(wanted | set(every[::step]))


def _records(
    scores: Scores, machine: Machine, drawn: list[int], has_pressures: bool
) -> list[dict[str, Any]]:
    names = scored_quantities(scores)
    calibration = scores.calibration
    unseen = calibration.frame(LEAVE_ONE_OUT, "values") if calibration else pd.DataFrame()
    half_widths = calibration.frame(LEAVE_ONE_OUT, "half_widths") if calibration else unseen
    inputs = scores.inputs
    readings = scores.dataset.values[names]
    uncertainties = scores.dataset.uncertainties[names]
    answers = scores.simulation.outputs
    return [
        {
            "record": r,
            "verdict": str(scores.screening.records[r].verdict),
            "inputs": _row(inputs, r),
            "readings": {q: v for q, v in _row(readings, r).items() if _is_scored(scores, r, q)},
            "uncertainties": _row(uncertainties, r),
            "answers": _row(answers, r),
            "unseen": _row(unseen, r),
            "half_widths": _row(half_widths, r),
            "cycle": _cycle(scores, machine, r) if has_pressures else None,
        }
        for r in drawn
    ]


def _is_scored(scores: Scores, record: int, quantity: str) -> bool:
    """Whether a reading counts; all readings of a record that is not scored are shown."""
    return record not in scores.screening.fields[quantity].rejected


def _cycle(scores: Scores, machine: Machine, record: int) -> dict[str, Any]:
    """States of the measured cycle; `read` says which corners are readings, not derived ones."""
    values = scores.dataset.values.loc[record]
    cycle = implied_cycle(values, machine)
    return {
        "p_low": short(values["p_low"]),
        "p_high": short(values["p_high"]),
        "h_suction": short(cycle.h_suction),
        "h_discharge": short(cycle.h_discharge),
        "h_liquid": short(cycle.h_liquid),
        "read": [True, False, cycle.liquid_recorded, False],
    }


def _curves(scores: Scores, found: Performance) -> dict[str, Any]:
    heat = heat_of(scores)
    return {
        "heat": heat,
        "curves": [
            {
                "T_sink_in": short(curve.T_sink_in),
                "T_source_in": [short(T) for T in curve.T_source_in],
                "outputs": {q: [short(v) for v in curve.outputs[q]] for q in ("P_el", heat, "COP")},
            }
            for curve in found.curves
        ],
    }


def _row(frame: pd.DataFrame, record: int) -> dict[str, float | None]:
    if record not in frame.index:
        return {}
    found: Mapping[Any, Any] = frame.loc[record].to_dict()
    return {str(name): short(value) for name, value in found.items()}


def short(value: float) -> float | None:
    """Six digits, more than a figure shows; None for what is no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
