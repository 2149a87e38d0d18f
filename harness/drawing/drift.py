"""Departures of the readings from the twin over a log, and their cumulative sums."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ..scoring.drift import Drift
from .style import MEASURED, SIMULATED, STYLE


def drift_chart(drift: Drift, begin: float) -> Figure:
    """Draw departures in standard uncertainties above, and sums with their limit below.

    Parameters
    ----------
    drift : Drift
        What was found.
    begin : float
        Of the log, s, from which time is counted.
    """
    time = (drift.blocks.time - begin) / 3600.0
    colours = [SIMULATED, MEASURED, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 5.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        upper.axhspan(-1.96, 1.96, color="#0072B2", alpha=0.1, lw=0)
        for i, name in enumerate(drift.blocks.quantities):
            colour = colours[i % len(colours)]
            upper.plot(
                time, drift.blocks.scaled[:, i], "o-", ms=3, lw=0.8, color=colour, label=name
            )
            lower.plot(time, drift.up[:, i], color=colour, lw=1.2)
            lower.plot(time, -drift.down[:, i], color=colour, lw=1.2)
        for limit in (drift.limit, -drift.limit):
            lower.axhline(limit, color="#b3261e", lw=1.0, ls="--")
        if drift.alarm is not None:
            for panel in (upper, lower):
                panel.axvline(time[drift.alarm], color="#b3261e", lw=1.0)
        top = float(max(np.abs(drift.up).max(), np.abs(drift.down).max(), drift.limit)) * 1.1
        lower.set_ylim(-top, top)
        upper.set_ylabel("reading less answer,\nstandard uncertainties")
        lower.set_ylabel("cumulative sum")
        lower.set_xlabel("time in h")
        upper.legend(loc="upper left", ncols=4)
    return figure
