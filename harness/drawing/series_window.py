"""A part of a log, measured and simulated, with residual, band and phase."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from heatpump_twin.model.quantities import QUANTITIES

from ..data.series_descriptor import PHASES
from ..scoring.series_scores import SeriesScores
from .style import MEASURED, SIMULATED, STYLE

#: Colour behind each phase, light enough for lines before it.
PHASE_COLOURS = {
    "start-up": "#fde3c8",
    "steady": "#d9efe0",
    "running": "#eef3d6",
    "stop": "#e6dcf0",
    "standstill": "#eceff2",
    "defrost": "#cfe6f7",
    "hot water": "#f7d6d6",
}

# Longer parts are named in hours.
_LONG = 3.0 * 3600.0


def series_window(scores: SeriesScores, begin: int, end: int) -> Figure:
    """Draw the steps from `begin` to before `end`: each scored quantity, and its residual."""
    series = scores.series
    scale, unit = (3600.0, "h") if series.step[begin:end].sum() > _LONG else (60.0, "min")
    time = (series.elapsed[begin:end]) / scale
    edges = np.concatenate([[time[0] - series.step[begin] / scale], time])
    with mpl.rc_context(STYLE):
        names = scores.quantities
        figure = Figure(figsize=(9.0, 2.9 * len(names)), layout="constrained")
        axes = figure.subplots(2 * len(names), 1, sharex=True, height_ratios=[2, 1] * len(names))
        for i, name in enumerate(names):
            is_a = QUANTITIES[name]
            upper, lower = axes[2 * i], axes[2 * i + 1]
            measured = is_a.shown(series.values[name].to_numpy()[begin:end])
            answered = scores.simulated[name].to_numpy()[begin:end]
            simulated = is_a.shown(answered)
            half = scores.bands[name].half_width(answered) * is_a.display.factor
            upper.fill_between(
                time, simulated - half, simulated + half, color=SIMULATED, alpha=0.15, lw=0
            )
            upper.plot(time, measured, color=MEASURED, lw=1.2, label="measured")
            upper.plot(time, simulated, color=SIMULATED, lw=1.2, label="simulated")
            upper.set_ylabel(is_a.title_with_unit)
            lower.fill_between(time, -half, half, color=SIMULATED, alpha=0.15, lw=0)
            lower.plot(time, simulated - measured, color="#1c2530", lw=1.0)
            lower.set_ylabel("residual")
            for panel in (upper, lower):
                for code, phase in enumerate(PHASES):
                    is_in = scores.phases[begin:end] == code
                    for a, b in _runs(is_in):
                        panel.axvspan(
                            edges[a], edges[b], color=PHASE_COLOURS[phase], lw=0, zorder=0
                        )
        axes[0].legend(loc="best", ncols=2)
        axes[-1].set_xlabel(f"time in {unit}")
    return figure


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
