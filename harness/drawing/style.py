"""What all plots share: backend, colours and style."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl

mpl.use("Agg")

# Colours of Okabe and Ito, distinct in print and for colour-blind readers.
SIMULATED, MEASURED, EXCLUDED = "#0072B2", "#D55E00", "#777777"

STYLE: Any = {
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "heatpump-twin",
    "svg.fonttype": "none",
}
