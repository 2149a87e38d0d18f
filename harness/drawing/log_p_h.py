"""Log(p)-h diagrams of measured and simulated cycles, for any refrigerant that CoolProp knows.

The axes follow from the refrigerant's saturation dome and the cycles that are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import CoolProp
import matplotlib as mpl
import numpy as np
import pint
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import QUANTITIES
from heatpump_twin.solving.media import abstract_state

from ..data.datasets import Dataset
from ..data.implied_cycle import implied_cycle
from ..scoring.scores import Scores
from .style import EXCLUDED, MEASURED, SIMULATED, STYLE

if TYPE_CHECKING:
    from fluprodia import FluidPropertyDiagram

# What a log(p)-h diagram needs of an FMU.
CYCLE_OUTPUTS = ("p_low", "p_high", "h_suction", "h_discharge", "h_liquid")

CELSIUS, BAR, KILO = 273.15, 1e5, 1e3

# Shares of the height below the lowest cycle, where isotherms are labelled, and above cycle and
# critical point, where the note stands.
ROOM_BELOW, ROOM_ABOVE, LABEL_HEIGHT = 0.13, 0.08, 0.045

# The axes reach beyond the vapour line by this share of the width of the dome, and beyond what is
# drawn by that share of their own width.
VAPOUR_SHARE, ROOM_BESIDE = 0.45, 0.03

# Share of the width that the label of an isotherm takes.
LABEL_WIDTH = 0.045

# The smallest round step that gives no more isolines than this is taken.
MOST_ISOTHERMS, MOST_ISENTROPES = 14, 16
ROUND = (1.0, 2.0, 5.0)

# Marks of a decade of pressure, the first set that gives enough ticks.
TICK_SETS, LEAST_TICKS = (ROUND, (1.0, 2.0, 3.0, 5.0, 7.0)), 4

# The dome is looked at so many temperatures up to this share of the critical one.
DOME_POINTS, DOME_END = 40, 0.995


@dataclass(frozen=True)
class Frame:
    """Axes and isolines of a log(p)-h diagram.

    Attributes
    ----------
    refrigerant : str
        CoolProp's name.
    p : tuple of float
        Lowest and highest pressure, Pa.
    h : tuple of float
        Lowest and highest specific enthalpy, J/kg.
    """

    refrigerant: str
    p: tuple[float, float]
    h: tuple[float, float]

    def including(self, h: Iterable[float]) -> Frame:
        """Widen the enthalpy range where values in J/kg lie outside it; NaN does not count."""
        finite = [x for x in h if math.isfinite(x)]
        low, high = min(finite, default=self.h[0]), max(finite, default=self.h[1])
        room = ROOM_BESIDE * (max(high, self.h[1]) - min(low, self.h[0]))
        left = self.h[0] if low - room >= self.h[0] else low - room
        right = self.h[1] if high + room <= self.h[1] else high + room
        return self if (left, right) == self.h else replace(self, h=(left, right))

    def pressure_at(self, share: float) -> float:
        """Pressure in Pa at a share of the height."""
        return float(self.p[0] * (self.p[1] / self.p[0]) ** share)


def frame_of(refrigerant: str, p: Iterable[float], h: Iterable[float]) -> Frame:
    """Choose the axes that show the refrigerant's dome up to its top and cycles with room.

    Parameters
    ----------
    refrigerant : str
        A pure or pseudo-pure fluid of CoolProp.
    p : iterable of float
        Pressures of the cycles, Pa; what is not finite and positive does not count.
    h : iterable of float
        Their specific enthalpies, J/kg; NaN does not count.
    """
    state = abstract_state(refrigerant)
    pressures = [x for x in p if math.isfinite(x) and x > 0.0]
    high = max([*pressures, state.p_critical()])
    low = min(pressures, default=0.1 * high)
    height = math.log(high / low) / (1.0 - ROOM_BELOW - ROOM_ABOVE)
    bottom, top = low * math.exp(-ROOM_BELOW * height), high * math.exp(ROOM_ABOVE * height)
    T_low = _saturated_from(state, bottom, 0.0)
    liquid, vapour = (
        np.array([_saturated(state, T, quality) for T in _dome(state, T_low)])
        for quality in (0.0, 1.0)
    )
    h_liquid, h_vapour = float(liquid.min()), float(vapour.max())
    dome = h_vapour - h_liquid
    whole = round_step(dome, 20)
    frame = Frame(
        refrigerant,
        (bottom, top),
        (
            whole * math.floor((h_liquid - ROOM_BESIDE * dome) / whole),
            whole * math.ceil((h_vapour + VAPOUR_SHARE * dome) / whole),
        ),
    )
    return frame.including(h)


def round_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that divides `span` into `most` steps."""
    least = span / most
    decade = 10.0 ** math.floor(math.log10(least))
    return next(m * decade for m in (*ROUND, 10.0) if m * decade >= least * (1.0 - 1e-9))


def pressure_ticks(frame: Frame) -> list[float]:
    """Return round pressures in bar inside a frame, in ascending order."""
    low, high = (p / BAR for p in frame.p)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for marks in TICK_SETS:
        candidates = (float(f"{m}e{k}") for k in decades for m in marks)
        ticks = [x for x in candidates if low <= x <= high]
        if len(ticks) >= LEAST_TICKS:
            break
    return ticks


def _saturated_from(state: Any, p: float, quality: float) -> float:
    """Saturation temperature in K at a pressure, or at the triple point where that is higher."""
    state.update(CoolProp.QT_INPUTS, quality, max(state.Ttriple(), state.Tmin()))
    if state.p() < p:
        state.update(CoolProp.PQ_INPUTS, p, quality)
    return float(state.T())


def _saturated(state: Any, T: float, quality: float) -> float:
    state.update(CoolProp.QT_INPUTS, quality, T)
    return float(state.hmass())


def _dome(state: Any, T_low: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.linspace(T_low, DOME_END * state.T_critical(), DOME_POINTS)


@contextmanager
def _without_unit_cache() -> Iterator[None]:
    """Let pint keep no parsed units on disk, as fluprodia asks it to, at import too.

    That fails without a home, and where several processes start at once, since the files are not
    written in one move.
    """
    registry = pint.UnitRegistry
    pint.UnitRegistry = lambda cache_folder: registry()  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        pint.UnitRegistry = registry  # type: ignore[misc]


@dataclass(frozen=True)
class _Isolines:
    """Isolines of one frame, their steps in K and J/(kg K), and labels: text, h, p in SI units."""

    diagram: FluidPropertyDiagram
    T_step: float
    s_step: float
    labels: tuple[tuple[str, float, float], ...]


@cache
def _isolines(frame: Frame) -> _Isolines:
    state = abstract_state(frame.refrigerant)
    T_low = _saturated_from(state, frame.p[0], 0.0)
    T_high, _ = _vapour(state, frame.p[1], frame.h[1])
    _, s_high = _vapour(state, frame.p[0], frame.h[1])
    state.update(CoolProp.QT_INPUTS, 0.0, T_low)
    s_low = state.smass()
    T_step = round_step(T_high - T_low, MOST_ISOTHERMS)
    s_step = round_step(s_high - s_low, MOST_ISENTROPES)
    temperatures = _multiples(T_step, T_low - CELSIUS, T_high - CELSIUS)
    with _without_unit_cache():
        from fluprodia import FluidPropertyDiagram

        diagram = FluidPropertyDiagram(frame.refrigerant)
    diagram.set_unit_system(T="degC", p="bar", h="kJ/kg", s="kJ/(kg*K)")
    diagram.T_min = T_low
    diagram.p_min, diagram.p_max = frame.p
    nothing = np.array([])
    diagram.set_isolines(
        T=np.array(temperatures),
        # CoolProp takes R410A and its like as pseudo-pure: no states between boiling and dew.
        Q=np.array([0.0, 1.0]),
        s=np.array(_multiples(s_step, s_low, s_high)) / KILO,
        p=nothing,
        vol=nothing,
        h=nothing,
    )
    diagram.calc_isolines()
    return _Isolines(diagram, T_step, s_step, _labels(state, frame, temperatures, T_step))


def _vapour(state: Any, p: float, h: float) -> tuple[float, float]:
    """Temperature in K and entropy in J/(kg K); at the hottest that CoolProp knows if beyond."""
    try:
        state.update(CoolProp.HmassP_INPUTS, h, p)
        is_known = state.T() <= state.Tmax()
    except ValueError:
        is_known = False
    if not is_known:
        state.update(CoolProp.PT_INPUTS, p, state.Tmax())
    return float(state.T()), float(state.smass())


def _multiples(step: float, low: float, high: float) -> list[float]:
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _labels(
    state: Any, frame: Frame, temperatures: Iterable[float], T_step: float
) -> tuple[tuple[str, float, float], ...]:
    """Labels of isotherms in the vapour below the cycles, as many as there is room for."""
    p = frame.pressure_at(LABEL_HEIGHT)
    T_dew = _saturated_from(state, p, 1.0)
    room = 0.5 * LABEL_WIDTH * (frame.h[1] - frame.h[0])
    state.update(CoolProp.QT_INPUTS, 1.0, T_dew)
    first = state.hmass() + room
    found = []
    for T in temperatures:
        if T_dew >= T + CELSIUS:
            continue
        state.update(CoolProp.PT_INPUTS, p, T + CELSIUS)
        if first <= state.hmass() <= frame.h[1] - room:
            found.append((T, state.hmass()))
    apart = min((b[1] - a[1] for a, b in pairwise(found)), default=math.inf)
    every = math.ceil(2.0 * room / apart) * T_step
    return tuple(
        (f"{T:.0f} °C", h, p) for T, h in found if math.isclose(T / every, round(T / every))
    )


def draw_isolines(figure: Figure, axes: Axes, frame: Frame) -> None:
    """Draw dome, isotherms and isentropes, and set the axes.

    Parameters
    ----------
    figure, axes : Figure, Axes
        To draw into; what the axes held is lost.
    frame : Frame
        What they show; kJ/kg and bar on the axes.
    """
    isolines = _isolines(frame)
    h, p = tuple(x / KILO for x in frame.h), tuple(x / BAR for x in frame.p)
    # Position 0 is how fluprodia is told to write no label; ours below are easier to read.
    isotherm = {"color": "#8fb08f", "linestyle": "-", "linewidth": 0.6}
    isentrope = {"color": "#9aa5b1", "linestyle": ":", "linewidth": 0.8}
    saturation = {"color": "black", "linestyle": "-", "linewidth": 1.2}
    isolines.diagram.draw_isolines(
        figure,
        axes,
        "logph",
        x_min=h[0],
        x_max=h[1],
        y_min=p[0],
        y_max=p[1],
        isoline_data={
            "T": {"style": isotherm, "label_position": 0},
            "Q": {"style": saturation, "label_position": 0},
            "s": {"style": isentrope, "label_position": 0},
        },
    )
    axes.grid(False)
    for text, label_h, label_p in isolines.labels:
        axes.text(
            label_h / KILO,
            label_p / BAR,
            text,
            color="#4f7a4f",
            fontsize=6,
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    axes.text(
        0.985,
        0.985,
        f"green: isotherms every {isolines.T_step:g} K, dotted: isentropes every "
        f"{isolines.s_step / KILO:g} kJ/(kg K)",
        transform=axes.transAxes,
        fontsize=6.5,
        color="#555555",
        ha="right",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )
    ticks = pressure_ticks(frame)
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks([], minor=True)
    axes.set_xlabel("specific enthalpy h in kJ/kg")
    axes.set_ylabel("absolute pressure p in bar")


def has_cycle(dataset: Dataset) -> bool:
    """Whether the pressures of a measured cycle were recorded."""
    return {"p_low", "p_high"} <= set(dataset.values.columns)


def gives_cycle(scores: Scores) -> bool:
    """Whether the FMU gives the states of a cycle."""
    return set(CYCLE_OUTPUTS) <= set(scores.simulation.outputs.columns)


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
        frame = _frame_of_all(scores, machine.refrigerant).including(
            [*sim_h, measured.h_suction, measured.h_discharge, measured.h_liquid]
        )
        draw_isolines(figure, axes, frame)
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
        screened = scores.screening.records[record]
        role = (
            f"parameters from {scores.provenance}"
            if record in scores.screening.kept
            else f"not scored: {screened.verdict}"
        )
        axes.set_title(
            f"{machine.refrigerant}, record {record} ({role})\n"
            f"source in {QUANTITIES['T_source_in'].shown(values['T_source_in']):.1f} °C, "
            f"sink in {QUANTITIES['T_sink_in'].shown(values['T_sink_in']):.1f} °C",
            loc="left",
            fontsize=10,
        )
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=8)
    return figure


def _frame_of_all(scores: Scores, refrigerant: str) -> Frame:
    """One frame for all records, so that their diagrams can be compared."""
    outputs, values = scores.simulation.outputs, scores.dataset.values
    p, h = ["p_low", "p_high"], ["h_suction", "h_discharge", "h_liquid"]
    return frame_of(
        refrigerant,
        [*outputs[p].to_numpy().ravel(), *values[p].to_numpy().ravel()],
        outputs[h].to_numpy().ravel(),
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


def _closed(corners: list[float], factor: float) -> list[float]:
    return [factor * c for c in (*corners, corners[0])]
