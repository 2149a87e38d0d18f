"""The FMU's icon, ``model.png``: the circuit of a heat pump with its four parts."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon

_SIZE, _DPI = 2.0, 100  # inches: 200 by 200 pixels
_HOT, _COLD, _DARK = "#c0392b", "#2471a3", "#2c3e50"


@lru_cache(maxsize=1)
def icon() -> bytes:
    """Draw the icon as a PNG; the same bytes each time."""
    figure = Figure(figsize=(_SIZE, _SIZE), dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    axes.set_axis_off()
    for y, color in ((0.78, _HOT), (0.22, _COLD)):
        axes.plot((0.2, 0.2, 0.8, 0.8), (0.5, y, y, 0.5), color=color, linewidth=4.0, zorder=1)
        box = FancyBboxPatch(
            (0.36, y - 0.09),
            0.28,
            0.18,
            boxstyle="round,pad=0.02",
            facecolor="white",
            edgecolor=color,
            linewidth=3.0,
        )
        axes.add_patch(box)
        wave = [0.38 + 0.03 * i for i in range(9)]
        axes.plot(
            wave, [y + 0.05 * (-1) ** i for i in range(9)], color=color, linewidth=2.0, zorder=3
        )
    style = {"facecolor": "white", "edgecolor": _DARK, "linewidth": 3.0, "zorder": 2}
    axes.add_patch(Circle((0.8, 0.5), 0.13, **style))
    axes.plot((0.72, 0.76), (0.41, 0.61), color=_DARK, linewidth=2.5, zorder=3)
    axes.plot((0.88, 0.84), (0.41, 0.61), color=_DARK, linewidth=2.5, zorder=3)
    for tip in (0.62, 0.38):
        axes.add_patch(Polygon(((0.1, tip), (0.3, tip), (0.2, 0.5)), closed=True, **style))
    memory = BytesIO()
    # No version of the plotting library: equal sources give equal bytes.
    figure.savefig(memory, format="png", transparent=True, metadata={"Software": None})
    return memory.getvalue()
