"""Axes and isolines of log(p)-h diagrams follow refrigerant and cycle."""

from functools import cache
from itertools import combinations
from time import process_time

import CoolProp
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from heatpump_twin.harness.drawing.log_p_h import (
    BAR,
    CELSIUS,
    KILO,
    draw_isolines,
    frame_of,
    pressure_ticks,
    round_step,
)
from heatpump_twin.harness.drawing.style import STYLE
from heatpump_twin.solving.media import abstract_state

# Evaporating and condensing temperatures in degC; superheat and subcooling are 5 K, and compression
# has an isentropic efficiency of 60 %.
CYCLES = {
    "R410A": (0.0, 45.0),
    "R290": (-10.0, 55.0),
    "R32": (0.0, 50.0),
    "R134a": (0.0, 65.0),
    "R744": (-10.0, 25.0),
    "R717": (-10.0, 60.0),
    "R1234yf": (0.0, 60.0),
    "R600a": (10.0, 80.0),
}

# First drawing of a refrigerant on a computer that is also busy with other things, processor time.
MOST_SECONDS = 5.0


@cache
def cycle_of(refrigerant: str) -> tuple[list[float], list[float]]:
    """Enthalpies in J/kg and pressures in Pa of the four corners of a cycle."""
    state, (T_low, T_high) = abstract_state(refrigerant), CYCLES[refrigerant]
    state.update(CoolProp.QT_INPUTS, 1.0, T_low + CELSIUS)
    p_low = state.p()
    state.update(CoolProp.QT_INPUTS, 0.0, T_high + CELSIUS)
    p_high = state.p()
    state.update(CoolProp.PT_INPUTS, p_high, T_high + CELSIUS - 5.0)
    h_liquid = state.hmass()
    state.update(CoolProp.PT_INPUTS, p_low, T_low + CELSIUS + 5.0)
    h_suction, entropy = state.hmass(), state.smass()
    state.update(CoolProp.PSmass_INPUTS, p_high, entropy)
    h_discharge = h_suction + (state.hmass() - h_suction) / 0.6
    return [h_suction, h_discharge, h_liquid, h_liquid], [p_low, p_high, p_high, p_low]


@cache
def draw(refrigerant: str) -> tuple[Figure, Axes, tuple[list[float], list[float]]]:
    """A diagram with a cycle, laid out."""
    h, p = cycle_of(refrigerant)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        draw_isolines(figure, axes, frame_of(refrigerant, p, h))
        axes.plot(np.array([*h, h[0]]) / KILO, np.array([*p, p[0]]) / BAR, color="#0072B2", lw=2)
        axes.set_title(refrigerant, loc="left", fontsize=10)
        figure.canvas.draw()
    return figure, axes, (h, p)


refrigerants = pytest.mark.parametrize("refrigerant", CYCLES)


@refrigerants
def test_cycle_and_dome_lie_inside_with_room(refrigerant: str) -> None:
    _, axes, (h, p) = draw(refrigerant)
    to_share = axes.transAxes.inverted().transform
    corners = np.column_stack([np.array(h) / KILO, np.array(p) / BAR])
    shares = to_share(axes.transData.transform(corners))
    assert shares[:, 0].min() > 0.02
    assert shares[:, 0].max() < 0.98
    assert shares[:, 1].min() > 0.1
    assert shares[:, 1].max() < 0.95
    state = abstract_state(refrigerant)
    p_top = state.p_critical() / BAR
    share = to_share(axes.transData.transform((axes.get_xlim()[0], p_top)))[1]
    assert 0.5 < share < 0.95
    # The cycle is not lost in the axes.
    assert np.ptp(shares[:, 0]) > 0.3
    assert np.ptp(shares[:, 1]) > 0.15


@refrigerants
def test_axes_are_the_refrigerants_own(refrigerant: str) -> None:
    _, axes, _ = draw(refrigerant)
    others = [draw(other)[1] for other in CYCLES if other != refrigerant]
    for other in others:
        assert axes.get_xlim() != other.get_xlim() or axes.get_ylim() != other.get_ylim()
        assert axes.get_ylim() != other.get_ylim()


@refrigerants
def test_ticks_are_round_and_inside_the_limits(refrigerant: str) -> None:
    _, axes, _ = draw(refrigerant)
    ticks, (low, high) = axes.get_yticks(), axes.get_ylim()
    assert len(ticks) >= 3
    assert low <= ticks.min()
    assert ticks.max() <= high
    leading = {float(f"{t:e}".split("e")[0]) for t in ticks}
    assert leading <= {1.0, 2.0, 3.0, 5.0, 7.0}
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert [float(text) for text in shown] == list(ticks)


@refrigerants
def test_isotherms_are_labelled_in_the_vapour_outside_the_cycle(refrigerant: str) -> None:
    figure, axes, (_, p) = draw(refrigerant)
    labels = [t for t in axes.texts if t.get_text().endswith("°C")]
    assert len(labels) >= 3
    state = abstract_state(refrigerant)
    for label in labels:
        h_at, p_at = label.get_position()
        state.update(CoolProp.PT_INPUTS, p_at * BAR, float(label.get_text()[:-3]) + CELSIUS)
        assert state.hmass() / KILO == pytest.approx(h_at, rel=1e-9)
        state.update(CoolProp.PQ_INPUTS, p_at * BAR, 1.0)
        assert state.hmass() / KILO < h_at
        assert p_at * BAR < min(p)
    boxes = [t.get_window_extent(figure.canvas.get_renderer()) for t in axes.texts]
    for a, b in combinations(boxes, 2):
        assert not a.overlaps(b)
    for box in boxes:
        assert axes.get_window_extent().containsx(box.x0)
        assert axes.get_window_extent().containsx(box.x1)
        assert axes.get_window_extent().containsy(box.y0)


@refrigerants
def test_isolines_reach_through_the_axes(refrigerant: str) -> None:
    """No gap between what is drawn and the limits: the dome from the bottom to its top."""
    _, axes, _ = draw(refrigerant)
    state = abstract_state(refrigerant)
    dome = [line for line in axes.lines if line.get_color() == "black"]
    assert len(dome) == 2
    for line in dome:
        p = np.asarray(line.get_ydata())
        assert np.nanmin(p) <= axes.get_ylim()[0] * 1.001
        assert np.nanmax(p) == pytest.approx(state.p_critical() / BAR, rel=0.01)
    isotherms = [line for line in axes.lines if line.get_color() == "#8fb08f"]
    isentropes = [line for line in axes.lines if line.get_color() == "#9aa5b1"]
    assert 5 <= len(isotherms) <= 15
    assert 5 <= len(isentropes) <= 17


def test_first_drawing_of_a_refrigerant_is_quick() -> None:
    h, p = cycle_of("R410A")
    figure = Figure()
    begin = process_time()
    # Another frame than those above, so that nothing of it is known yet.
    draw_isolines(figure, figure.subplots(), frame_of("R410A", [0.99 * x for x in p], h))
    assert process_time() - begin < MOST_SECONDS


def test_values_that_are_no_numbers_do_not_count() -> None:
    h, p = cycle_of("R290")
    nan = float("nan")
    assert frame_of("R290", [*p, nan, 0.0, -1.0], [*h, nan]) == frame_of("R290", p, h)
    frame = frame_of("R290", [nan], [nan])
    assert frame.p[0] < frame.p[1]


def test_a_point_outside_widens_the_enthalpies_alone() -> None:
    h, p = cycle_of("R290")
    frame = frame_of("R290", p, h)
    assert frame.including(h) is frame
    wider = frame.including([frame.h[1] + 1e4])
    assert wider.p == frame.p
    assert wider.h[0] == frame.h[0]
    assert wider.h[1] > frame.h[1] + 1e4


def test_cycle_above_the_critical_point() -> None:
    frame = frame_of("R744", [30e5, 100e5], [440e3, 480e3, 290e3])
    assert frame.p[0] < 30e5
    assert frame.p[1] > 105e5
    figure = Figure()
    draw_isolines(figure, figure.subplots(), frame)


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [(140.0, 14, 10.0), (141.0, 14, 20.0), (1.5, 16, 0.1), (1.0, 10, 0.1), (51.0, 10, 10.0)],
)
def test_round_step(span: float, most: int, step: float) -> None:
    assert round_step(span, most) == pytest.approx(step)


def test_pressure_ticks_are_1_2_5_where_that_is_enough() -> None:
    h, p = cycle_of("R717")
    assert {f"{t:e}"[0] for t in pressure_ticks(frame_of("R717", p, h))} <= {"1", "2", "5"}
