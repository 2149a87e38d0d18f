"""Plots: log(p)-h diagrams of measured and simulated cycles, and parity plots."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from fluprodia import FluidPropertyDiagram
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import QUANTITIES

from ..data.datasets import Dataset
from ..data.implied_cycle import implied_cycle
from ..data.screening import Verdict
from ..scoring.scores import FITTED, LEAVE_ONE_OUT, Scores
from .display import DISPLAY, shown

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

# Width of the band in parity plots: a fraction of the value, or kelvin for temperatures.
BAND, BAND_KELVIN = 0.10, 2.0


# Frame of log(p)-h diagrams, kJ/kg and bar, and where isotherms carry their label: in the vapour,
# below every cycle.
H_RANGE, P_RANGE = (150.0, 550.0), (3.0, 70.0)
LABEL_H_MIN, LABEL_P = 405.0, 3.6


@cache
def _isolines(refrigerant: str) -> FluidPropertyDiagram:
    diagram = FluidPropertyDiagram(refrigerant)
    diagram.set_unit_system(T="degC", p="bar", h="kJ/kg", s="kJ/(kg*K)")
    diagram.set_isolines_subcritical(-40, 180)
    diagram.set_isolines(
        T=np.arange(-40, 181, 20),
        # CoolProp takes R410A and its like as pseudo-pure: no states between boiling and dew.
        Q=np.array([0.0, 1.0]),
        s=np.arange(0.8, 2.61, 0.1),
    )
    diagram.calc_isolines()
    return diagram


def has_cycle(dataset: Dataset) -> bool:
    """Whether the pressures of a measured cycle were recorded."""
    return {"p_low", "p_high"} <= set(dataset.values.columns)


def log_p_h(scores: Scores, machine: Machine, record: int) -> Figure:
    """Draw the measured and the simulated cycle of one record on the refrigerant's isolines.

    The simulated cycle is drawn from the FMU's outputs alone. Of the measured one, filled markers
    are readings; hollow ones follow from other readings by a balance or an assumption, which the
    legend names.

    Parameters
    ----------
    scores : Scores
        Of a validation that stepped the record.
    machine : Machine
        Its refrigerant, and what completes the measured cycle.
    record : int
        Number in the data set.
    """
    values = scores.dataset.values.loc[record]
    simulated = scores.simulation.outputs.loc[record]
    measured = implied_cycle(values, machine)
    sim_h = [simulated[f"h_{s}"] for s in ("suction", "discharge", "liquid", "liquid")]
    sim_p = [simulated[p] for p in ("p_low", "p_high", "p_high", "p_low")]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        axes = figure.subplots()
        _draw_isolines(figure, axes, machine.refrigerant)
        axes.plot(
            _closed(sim_h, 1e-3),
            _closed(sim_p, 1e-5),
            color=SIMULATED,
            lw=2,
            marker="s",
            ms=5,
            label="simulated by the FMU",
        )
        _draw_measured_cycle(axes, scores, machine, record)
        h_all = [*sim_h, measured.h_suction, measured.h_discharge, measured.h_liquid]
        h_finite = [h * 1e-3 for h in h_all if math.isfinite(h)]
        room = 10.0  # for a marker at the edge
        axes.set_xlim(
            min(H_RANGE[0], *(h - room for h in h_finite)),
            max(H_RANGE[1], *(h + room for h in h_finite)),
        )
        axes.set_ylim(*P_RANGE)
        ticks = [3, 5, 10, 20, 30, 50]
        axes.set_yticks(ticks, [str(t) for t in ticks])
        axes.set_yticks([], minor=True)
        axes.set_xlabel("specific enthalpy h in kJ/kg")
        axes.set_ylabel("absolute pressure p in bar")
        screened = scores.screening.records[record]
        role = (
            f"parameters from {scores.provenance}"
            if record in scores.sets[FITTED]
            else f"not scored: {screened.verdict}"
        )
        axes.set_title(
            f"{machine.refrigerant}, record {record} ({role})\n"
            f"source in {shown('T_source_in', values['T_source_in']):.1f} °C, "
            f"sink in {shown('T_sink_in', values['T_sink_in']):.1f} °C",
            loc="left",
            fontsize=10,
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=8)
    return figure


def _draw_isolines(figure: Figure, axes: Axes, refrigerant: str) -> None:
    diagram = _isolines(refrigerant)
    # Position 0 is how fluprodia is told to write no label; ours below are easier to read.
    isotherm = {"color": "#8fb08f", "linestyle": "-", "linewidth": 0.6}
    isentrope = {"color": "#9aa5b1", "linestyle": ":", "linewidth": 0.8}
    saturation = {"color": "black", "linestyle": "-", "linewidth": 1.2}
    nothing = {"values": np.array([])}
    diagram.draw_isolines(
        figure,
        axes,
        "logph",
        x_min=H_RANGE[0],
        x_max=H_RANGE[1],
        y_min=P_RANGE[0],
        y_max=P_RANGE[1],
        isoline_data={
            "T": {"style": isotherm, "label_position": 0},
            "Q": {"style": saturation, "label_position": 0},
            "s": {"style": isentrope, "label_position": 0},
            "vol": nothing,
            "p": nothing,
            "h": nothing,
        },
    )
    axes.grid(False)
    for key, T in diagram.temperature["isolines"].items():
        line = diagram.temperature["isoline_data"][key]
        h, p = line["h"] * 1e-3, line["p"] * 1e-5
        vapour = h > LABEL_H_MIN
        if not vapour.any():
            continue
        nearest = np.argmin(np.where(vapour, np.abs(p - LABEL_P), np.inf))
        if abs(p[nearest] / LABEL_P - 1.0) < 0.1 and h[nearest] < H_RANGE[1] - 10:
            axes.text(
                h[nearest],
                p[nearest],
                f"{T - 273.15:.0f} °C",
                color="#4f7a4f",
                fontsize=6,
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
    axes.text(
        0.985,
        0.985,
        "green: isotherms every 20 K, dotted: isentropes every 0.1 kJ/(kg K)",
        transform=axes.transAxes,
        fontsize=6.5,
        color="#555555",
        ha="right",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


def _draw_measured_cycle(axes: Axes, scores: Scores, machine: Machine, record: int) -> None:
    values = scores.dataset.values.loc[record]
    cycle = implied_cycle(values, machine)
    p_low, p_high = values["p_low"] * 1e-5, values["p_high"] * 1e-5
    if math.isnan(cycle.h_suction):
        dashed: dict[str, Any] = {"color": MEASURED, "lw": 1.5, "ls": (0, (5, 2))}
        axes.axhline(p_low, **dashed, label="measured pressures")
        axes.axhline(p_high, **dashed)
        return
    h_corners = [cycle.h_suction, cycle.h_discharge, cycle.h_liquid, cycle.h_liquid]
    axes.plot(
        _closed(h_corners, 1e-3),
        [p_low, p_high, p_high, p_low, p_low],
        color=MEASURED,
        lw=1.5,
        ls=(0, (5, 2)),
        label="measured pressures, joined",
    )
    axes.plot(
        cycle.h_suction * 1e-3,
        p_low,
        "o",
        color=MEASURED,
        ms=6,
        label="measured: suction",
    )
    hollow: dict[str, Any] = {"marker": "o", "mfc": "white", "mec": MEASURED, "ls": "", "ms": 6}
    axes.plot(
        cycle.h_discharge * 1e-3,
        p_high,
        **hollow,
        label="derived: discharge from recorded power and heat",
    )
    if math.isfinite(cycle.h_discharge_recorded):
        usable = scores.screening.is_usable(record, "T_discharge")
        axes.plot(
            cycle.h_discharge_recorded * 1e-3,
            p_high,
            marker="o" if usable else "x",
            color=MEASURED if usable else EXCLUDED,
            ls="",
            ms=6 if usable else 8,
            label="measured: discharge" if usable else "recorded T_discharge, not usable",
        )
    if cycle.liquid_recorded:
        axes.plot(cycle.h_liquid * 1e-3, p_high, "o", color=MEASURED, ms=6)
    else:
        axes.plot(
            cycle.h_liquid * 1e-3,
            p_high,
            **{**hollow, "marker": "D"},
            label="assumed: liquid, not recorded",
        )


def parity(scores: Scores, quantity: str) -> Figure:
    """Draw predicted against measured values of one quantity, with error bars and a band.

    Predictions are those of fits that did not see the record, where there are such, with their
    95 % band. Records that are not scored stay visible, grey and hollow; those outside the band
    of `_band` are numbered.

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
    kept = [r for r in scores.sets[FITTED] if math.isfinite(values[r])]
    label = "kept, FMU as built"
    if scores.calibration is not None:
        unseen = scores.calibration.frame(LEAVE_ONE_OUT, "values")[quantity]
        half_widths = scores.calibration.frame(LEAVE_ONE_OUT, "half_widths")[quantity]
        kept = [r for r in scores.sets[LEAVE_ONE_OUT] if math.isfinite(values[r])]
        simulated.loc[kept] = unseen.loc[kept]
        label = "left out of its fit, 95 % band"
    groups = {label: (kept, "o", SIMULATED, True)}
    for verdict, marker in (
        (Verdict.NOT_STEADY, "x"),
        (Verdict.OTHER_SPEED, "^"),
        (Verdict.DECLARED, "s"),
    ):
        members = [
            r
            for r, s in scores.screening.records.items()
            if s.verdict is verdict and math.isfinite(values[r])
        ]
        groups[f"not scored: {verdict}"] = (members, marker, EXCLUDED, False)
    display = DISPLAY[quantity]
    unit, title = display.unit, display.title
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.3, 4.5), layout="constrained")
        axes = figure.subplots()
        for label, (members, marker, colour, scored) in groups.items():
            if not members:
                continue
            x = np.array([shown(quantity, values[r]) for r in members])
            y = np.array([shown(quantity, simulated[r]) for r in members])
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
            for record, a, b in zip(members, x, y, strict=True):
                if abs(b - a) <= _band(quantity, a):
                    continue
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
            label=f"{band}, numbers: records outside",
        )
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_aspect("equal")
        of = "" if unit == "1" else f" in {unit}"
        axes.set_xlabel(f"measured{of} (bars: 95 %)")
        axes.set_ylabel(f"predicted{of}")
        axes.set_title(
            f"{quantity}: {title}" if title != quantity else title, loc="left", fontsize=10
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=7)
    return figure


def _band(quantity: str, measured: float) -> float:
    return BAND * abs(measured) if QUANTITIES[quantity].has_percentage else BAND_KELVIN


def _closed(corners: list[float], factor: float) -> list[float]:
    return [factor * c for c in (*corners, corners[0])]
