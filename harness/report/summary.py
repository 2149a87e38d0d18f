"""What a reader of a report looks at first: what was judged, the main figures, the worst record."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from heatpump_twin.model.quantities import QUANTITIES

from ..calibration.cross_validation import CONFIDENCE
from ..scoring.scores import Scores
from ..scoring.scores_file import LEAVE_ONE_OUT, MODEL

HEATS = ("Q_flow_sink", "Q_flow_source")
FIGURES = 3


@dataclass(frozen=True)
class Sharpness:
    """How often the 95 % band of unseen predictions held a reading, and how wide it was.

    Attributes
    ----------
    quantity : str
        Of which.
    inside, total : int
        Readings inside the band, and all.
    half_width : float
        Mean of half the band's width, SI unit.
    needed : float
        Half width of the band that the errors alone call for: Student's factor times their root
        mean square, SI unit.
    share, needed_share : float or None
        The same two in per cent of the prediction; None for temperatures.
    """

    quantity: str
    inside: int
    total: int
    half_width: float
    needed: float
    share: float | None
    needed_share: float | None

    @property
    def excess(self) -> float:
        """How many times wider the band is than the errors call for."""
        return self.half_width / self.needed if self.needed > 0.0 else math.inf


@dataclass(frozen=True)
class Figure:
    """One of the main figures: a mean error on records that no fit had seen.

    Attributes
    ----------
    title, value, note : str
        What, how much with its unit, and of which records.
    """

    title: str
    value: str
    note: str


@dataclass(frozen=True)
class Worst:
    """The record whose prediction is farthest off.

    Attributes
    ----------
    record : int
        Its number.
    quantity : str
        In which it is.
    text : str
        What was measured and predicted.
    """

    record: int
    quantity: str
    text: str


def scored_quantities(scores: Scores) -> list[str]:
    """Quantities that the model is scored in, in the order of the tables."""
    return list(dict.fromkeys(s.quantity for s in scores.scores if s.predictor == MODEL))


def heat_of(scores: Scores) -> str:
    """The heat flow that was recorded, that of the sink where both or none were."""
    scored = scored_quantities(scores)
    return next((q for q in HEATS if q in scored), HEATS[0])


def main_quantities(scores: Scores) -> list[str]:
    """Power, heat and COP where they are scored, filled up by others."""
    scored = scored_quantities(scores)
    wanted = [q for q in ("P_el", *HEATS, "COP") if q in scored]
    return list(dict.fromkeys([*wanted, *scored]))[:FIGURES]


def main_split(scores: Scores) -> str:
    """The split whose errors are on records that the predictions had not seen, if there is one."""
    return LEAVE_ONE_OUT if scores.calibration else scores.own_split


def predicted_by(scores: Scores) -> str:
    """Say in a few words where the main figures come from."""
    if scores.calibration is None:
        return f"by the FMU as built; its parameters come from: {scores.provenance}"
    return "each predicted by a fit that had not seen it; this FMU is the fit to all"


def main_figures(scores: Scores) -> list[Figure]:
    """Return up to three figures, with the band's width and coverage where there is a band."""
    bands = {s.quantity: s for s in sharpness(scores)}
    found = []
    for quantity in main_quantities(scores):
        errors = scores.find(MODEL, main_split(scores), quantity)
        if errors is None:
            continue
        value = (
            f"{errors.mape:.1f} %"
            if errors.mape is not None
            else f"{errors.mae * QUANTITIES[quantity].display.factor:.2f} K"
        )
        noun = "record" if errors.n == 1 else "records"
        note = f"{errors.n} {'unseen ' if scores.calibration else ''}{noun}"
        if quantity in bands:
            band = bands[quantity]
            note += f"; 95 % band ± {width(band)}, {band.inside} inside"
        found.append(Figure(f"{QUANTITIES[quantity].title}, mean error", value, note))
    return found


def width(band: Sharpness) -> str:
    """Half width of a band as people read it."""
    if band.share is not None:
        return f"{band.share:.1f} %"
    return f"{band.half_width * QUANTITIES[band.quantity].display.factor:.2f} K"


def worst(scores: Scores) -> Worst | None:
    """Find the scored record with the largest error in one of the main quantities.

    Errors are relative; those of temperatures, in K, count only where there are no others.
    Predictions that had not seen the record are taken where there are such. None where nothing
    can be compared.
    """
    calibration, predicted = scores.calibration, scores.simulation.outputs
    if calibration is not None:
        predicted = calibration.frame(LEAVE_ONE_OUT, "values")
    names = [q for q in main_quantities(scores) if q in predicted]
    relative = [q for q in names if QUANTITIES[q].has_percentage]
    best: tuple[float, int, str] | None = None
    for quantity in relative or names:
        for record in scores.screening.kept:
            if record not in predicted.index or not scores.screening.is_usable(record, quantity):
                continue
            measured = float(scores.dataset.values.loc[record, quantity])
            error = abs(float(predicted.loc[record, quantity]) - measured)
            size = error / abs(measured) if relative and measured else error
            if math.isfinite(size) and (best is None or size > best[0]):
                best = (size, record, quantity)
    if best is None:
        return None
    _, record, quantity = best
    measured = float(scores.dataset.values.loc[record, quantity])
    value = float(predicted.loc[record, quantity])
    text = (
        f"{QUANTITIES[quantity].title} measured {_shown(quantity, measured)}, "
        f"predicted {_shown(quantity, value)} ({_error(quantity, measured, value)})"
    )
    if calibration is not None:
        half = float(calibration.frame(LEAVE_ONE_OUT, "half_widths").loc[record, quantity])
        place = "inside" if abs(value - measured) <= half else "outside"
        text += f", {place} its 95 % band"
    return Worst(record, quantity, text)


def _shown(quantity: str, si: float) -> str:
    is_a = QUANTITIES[quantity]
    unit = "" if is_a.display.unit == "1" else f" {is_a.display.unit}"
    return f"{is_a.shown(si):.{is_a.display.decimals}f}{unit}"


def _error(quantity: str, measured: float, value: float) -> str:
    if QUANTITIES[quantity].has_percentage and measured:
        return f"{100.0 * (value - measured) / abs(measured):+.1f} %"
    return f"{(value - measured) * QUANTITIES[quantity].display.factor:+.2f} K"


def sharpness(scores: Scores) -> list[Sharpness]:
    """Coverage and width of the 95 % band of the calibration; empty where there is none."""
    record = scores.calibration
    if record is None:
        return []
    values = record.frame(LEAVE_ONE_OUT, "values")
    half_widths = record.frame(LEAVE_ONE_OUT, "half_widths")
    found = []
    for quantity in scored_quantities(scores):
        if quantity not in half_widths:
            continue
        members = [
            r
            for r in scores.sets[LEAVE_ONE_OUT]
            if r in values.index
            and scores.screening.is_usable(r, quantity)
            and math.isfinite(scores.dataset.values.loc[r, quantity])
        ]
        if not members:
            continue
        predicted = values.loc[members, quantity].to_numpy()
        half = half_widths.loc[members, quantity].to_numpy()
        errors = predicted - scores.dataset.values.loc[members, quantity].to_numpy()
        factor = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, len(members)))
        relative = QUANTITIES[quantity].has_percentage
        found.append(
            Sharpness(
                quantity,
                int(np.sum(np.abs(errors) <= half)),
                len(members),
                float(half.mean()),
                factor * float(np.sqrt(np.mean(errors**2))),
                100.0 * float(np.mean(half / np.abs(predicted))) if relative else None,
                100.0 * factor * float(np.sqrt(np.mean((errors / predicted) ** 2)))
                if relative
                else None,
            )
        )
    return found
