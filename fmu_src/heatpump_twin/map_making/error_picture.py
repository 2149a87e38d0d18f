"""A picture of the performance map's error over the envelope."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

from .certificate import Comparison

_SHOWN_OUTPUTS = ("P_el", "Q_flow_sink")


def error_picture(comparison: Comparison) -> bytes:
    """Draw `error_figure` as a PNG; equal comparisons give equal bytes."""
    memory = BytesIO()
    # No date and no version of the plotting library.
    error_figure(comparison).savefig(memory, format="png", dpi=110, metadata={"Software": None})
    return memory.getvalue()


def error_figure(comparison: Comparison) -> Figure:
    """Draw the map's error over each input.

    Parameters
    ----------
    comparison : Comparison
        Map and live model at the points of the certificate.
    """
    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(
        len(_SHOWN_OUTPUTS), len(BOUNDARY_QUANTITIES), sharey="row", sharex="col", squeeze=False
    )
    for row, output in zip(axes, _SHOWN_OUTPUTS, strict=True):
        row[0].set_ylabel(f"error of {output} in %")
        sizes = np.maximum(comparison.sizes(output), 1e-7)
        for ax, quantity in zip(row, BOUNDARY_QUANTITIES.values(), strict=True):
            at = [quantity.shown(getattr(b, quantity.name)) for b in comparison.boundaries]
            ax.semilogy(at, sizes, ".", markersize=2.0, alpha=0.5, color="#1f5a8a")
            ax.axhline(np.nanpercentile(sizes, 99), color="#b5482a", linewidth=1.0)
            ax.grid(which="major", color="#dddddd", linewidth=0.6)
            if output == _SHOWN_OUTPUTS[-1]:
                unit = quantity.display.unit
                label = quantity.name if unit == "1" else f"{quantity.name} in {unit}"
                ax.set_xlabel(label)
    figure.suptitle(
        f"Performance map against TESPy at {len(comparison.boundaries)} random points of the "
        "envelope: absolute error; 99 % lie below the line",
        fontsize=10,
    )
    return figure
