"""Parity plots: predicted against measured values of one quantity."""

from __future__ import annotations

import math

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from heatpump_twin.model.quantities import QUANTITIES

from ..data.screening import Verdict
from ..scoring.scores import Scores
from ..scoring.scores_file import LEAVE_ONE_OUT
from .style import EXCLUDED, SIMULATED, STYLE

# Width of the band in parity plots: a fraction of the value, or kelvin for temperatures.
BAND, BAND_KELVIN = 0.10, 2.0

# More points than these have no error bars and are pixels in SVG files too: drawing stays fast and
# files small. No more records than those are numbered, the farthest off.
MOST_WITH_BARS, MOST_NUMBERED = 500, 30


def parity(scores: Scores, quantity: str) -> Figure:
    """Draw predicted against measured values of one quantity, with error bars and a band.

    Predictions are those of fits that did not see the record, where there are such, with their
    95 % band. Records that are not scored stay visible, grey and hollow; those outside the band
    of `_band` are numbered. Of many records, there are no bars and the farthest are numbered.

    Parameters
    ----------
    scores : Scores
        Of a validation.
    quantity : str
        A scored quantity.
    """
    values, u = scores.dataset.values[quantity], scores.dataset.uncertainties[quantity]
    simulated = scores.simulation.outputs[quantity].copy()
    half_widths = None
    kept = [r for r in scores.screening.kept if math.isfinite(values[r])]
    label = "kept, FMU as built"
    if scores.calibration is not None:
        unseen = scores.calibration.frame(LEAVE_ONE_OUT, "values")[quantity]
        half_widths = scores.calibration.frame(LEAVE_ONE_OUT, "half_widths")[quantity]
        kept = [r for r in scores.sets[LEAVE_ONE_OUT] if math.isfinite(values[r])]
        simulated.loc[kept] = unseen.loc[kept]
        label = "calibration, left out, 95 % band"
    groups = {label: (kept, "o", SIMULATED, True)}
    for verdict, marker in (
        (Verdict.NOT_STEADY, "x"),
        (Verdict.OTHER_SPEED, "^"),
        (Verdict.DECLARED, "s"),
        (Verdict.OUTLIER, "D"),
    ):
        members = [
            r
            for r, s in scores.screening.records.items()
            if s.verdict is verdict and math.isfinite(values[r])
        ]
        groups[f"not scored: {verdict}"] = (members, marker, EXCLUDED, False)
    has_bars = sum(len(members) for members, *_ in groups.values()) <= MOST_WITH_BARS
    is_a = QUANTITIES[quantity]
    display = is_a.display
    unit, title = display.unit, is_a.title
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.3, 4.5), layout="constrained")
        axes = figure.subplots()
        outside: list[tuple[float, int, float, float, str]] = []
        for label, (members, marker, colour, scored) in groups.items():
            if not members:
                continue
            x = np.array([is_a.shown(values[r]) for r in members])
            y = np.array([is_a.shown(simulated[r]) for r in members])
            if has_bars:
                axes.errorbar(
                    x,
                    y,
                    xerr=2.0 * display.factor * u.loc[members].to_numpy(),
                    yerr=display.factor * half_widths.loc[members].to_numpy()
                    if scored and half_widths is not None
                    else None,
                    fmt=marker,
                    color=colour,
                    mfc=colour if scored else "none",
                    ms=6,
                    elinewidth=0.8,
                    label=label,
                )
            else:
                axes.plot(
                    x,
                    y,
                    marker,
                    color=colour,
                    mfc=colour if scored else "none",
                    ms=2.5,
                    mew=0.5,
                    alpha=0.5,
                    rasterized=True,
                    label=label,
                )
            outside += [
                (abs(b - a) / _band(quantity, a), record, a, b, colour)
                for record, a, b in zip(members, x, y, strict=True)
                if not abs(b - a) <= _band(quantity, a) and math.isfinite(b)
            ]
        numbered = sorted(outside, key=lambda found: -found[0])[:MOST_NUMBERED]
        for _, record, a, b, colour in sorted(numbered, key=lambda found: found[1]):
            axes.annotate(
                str(record),
                (a, b),
                textcoords="offset points",
                xytext=(5, -9),
                fontsize=7,
                color=colour,
            )
        ends = np.array([*axes.get_xlim(), *axes.get_ylim()])
        low, high = float(ends.min()), float(ends.max())
        line = np.array([low, high])
        axes.plot(line, line, color="black", lw=1)
        width = np.array([_band(quantity, x) for x in line])
        band = f"±{BAND:.0%}" if QUANTITIES[quantity].has_percentage else f"±{BAND_KELVIN:g} K"
        axes.fill_between(
            line,
            line - width,
            line + width,
            color=SIMULATED,
            alpha=0.08,
            lw=0,
            label=f"{band}, numbers: {_numbered(len(outside))}",
        )
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_aspect("equal")
        of = "" if unit == "1" else f" in {unit}"
        axes.set_xlabel(f"measured{of}{' (bars: 95 %)' if has_bars else ''}")
        axes.set_ylabel(f"predicted{of}")
        axes.set_title(
            f"{quantity}: {title}" if title != quantity else title, loc="left", fontsize=10
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower left", ncols=2, fontsize=7, columnspacing=1.0
        )
    return figure


def _numbered(outside: int) -> str:
    if outside <= MOST_NUMBERED:
        return "records outside"
    return f"the {MOST_NUMBERED} farthest of {outside} records outside"


def _band(quantity: str, measured: float) -> float:
    return BAND * abs(measured) if QUANTITIES[quantity].has_percentage else BAND_KELVIN
