"""The cycle where nobody read the compressor's speed: it is the speed that gives the recorded heat.

The core does the same in an FMU that is asked for heat (`core/control.c`), from its map. Here the
cycle itself is asked, for all records of a fit at once. The logarithm of the speed is a third
unknown beside both saturation temperatures, so sensitivities follow as without it.

Only ratios of speeds can be told. Speed 1 is that of the design point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary
from heatpump_twin.solving.quick_cycle import (
    DIFFERENCE,
    OUTPUTS,
    Array,
    QuickCycle,
    Solutions,
    boundaries_of,
)

_HEAT = OUTPUTS.index("Q_flow_sink")

# Speeds that are tried lie between these.
LEAST = BOUNDARY_QUANTITIES["compressor_speed"].least_running
LARGEST = BOUNDARY_QUANTITIES["compressor_speed"].maximum

# Newton's method squares the error at each step, so one step after heat is met to this share of it
# is the last, if heat is still met then; some three are needed. One that would leave what is still
# possible goes half of the way. Where the cycle has no solution while the speed is known to the
# share `CLOSE`, there is none.
NEAR = 1e-5
ITERATIONS = 50
LARGEST_STEP = 0.7
CLOSE = 0.05


@dataclass(frozen=True)
class SolutionsAtHeat(Solutions):
    """Steady operating points of known heat; NaN where no speed gives it.

    Attributes
    ----------
    speed : numpy.ndarray
        Relative to that of the design point, shape (n,).
    """

    speed: Array


def solve_at_heat(
    cycle: QuickCycle, boundaries: Boundary, heat: Array, start: SolutionsAtHeat | None = None
) -> SolutionsAtHeat:
    """Solve the operating points of one machine at which it gives some heat.

    Heat rises with speed, so the speed is kept between two that give too little and too much.

    Parameters
    ----------
    cycle : QuickCycle
        Of the machine.
    boundaries : Boundary
        Inputs of shape (n,); the speed does not count.
    heat : numpy.ndarray
        Heat flow to the sink, W, shape (n,).
    start : SolutionsAtHeat, optional
        To begin with, such as those of a machine that hardly differs.
    """
    count = len(heat)
    inputs = np.stack([np.broadcast_to(v, (count,)) for v in vars(boundaries).values()])
    low, high = np.full(count, np.log(LEAST)), np.full(count, np.log(LARGEST))
    with np.errstate(all="ignore"):
        x = np.clip(np.log(heat / cycle.machine.design.Q_flow_sink), low, high)
    unknowns = np.full((2, count), np.nan)
    if start is not None:
        x = np.where(np.isfinite(start.speed), np.log(start.speed), x)
        unknowns = start.unknowns.copy()
    outputs, efficiency = np.full((len(OUTPUTS), count), np.nan), np.full(count, np.nan)
    is_met, is_near = np.zeros(count, bool), np.zeros(count, bool)
    active = np.flatnonzero(np.isfinite(x))
    for _ in range(ITERATIONS):
        if not len(active):
            break
        some = _with_speed(boundaries_of(inputs[:, active].T), np.exp(x[active]))
        solved = cycle.solve_all(some, unknowns[:, active])
        outputs[:, active], efficiency[active] = solved.outputs, solved.efficiency
        unknowns[:, active] = solved.unknowns
        with np.errstate(all="ignore"):
            excess = np.log(solved.outputs[_HEAT] / heat[active])
        was_near, is_near[active] = is_near[active], np.abs(excess) < NEAR
        is_met[active] = was_near & is_near[active]
        left = ~is_met[active]
        active, some, solved = active[left], _of(some, left), _solved(solved, left)
        excess = excess[left]
        if not len(active):
            break
        # Where the cycle has no solution, it runs too fast for its exchangers.
        is_slow = excess < 0.0
        low[active] = np.where(is_slow, x[active], low[active])
        high[active] = np.where(is_slow, high[active], x[active])
        lower, upper = low[active], high[active]
        step, follow = _newton_step(cycle, some, solved, excess)
        # The last step may round to none, at the end of the bracket, and needs no derivative.
        near = is_near[active]
        step = np.where(near & np.isnan(step), 0.0, step)
        nearer = x[active] + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        is_inside = near | ((nearer > lower) & (nearer < upper))
        nearer = np.where(is_inside, nearer, 0.5 * (lower + upper))
        unknowns[:, active] += follow * (nearer - x[active])
        x[active] = nearer
        is_lost = upper - lower < np.where(np.isfinite(excess), NEAR, CLOSE)
        active = active[near | ~is_lost]
    return SolutionsAtHeat(
        np.where(is_met, unknowns, np.nan),
        np.where(is_met, outputs, np.nan),
        np.where(is_met, efficiency, np.nan),
        np.where(is_met, np.exp(x), np.nan),
    )


def _of(boundaries: Boundary, which: Array) -> Boundary:
    return Boundary(*(values[which] for values in vars(boundaries).values()))


def _solved(solved: Solutions, which: Array) -> Solutions:
    return Solutions(solved.unknowns[:, which], solved.outputs[:, which], solved.efficiency[which])


def _newton_step(
    cycle: QuickCycle, boundaries: Boundary, solved: Solutions, excess: Array
) -> tuple[Array, Array]:
    """Change of the logarithm of the speed that removes the excess, and how the unknowns follow it.

    NaN without a solution.
    """
    with np.errstate(all="ignore"):
        of_residuals, of_outputs = CycleAtHeat(cycle, boundaries).jacobians(solved.unknowns)
        usable = np.isfinite(of_residuals).all(axis=(1, 2))
        slope, follow = np.full(len(excess), np.nan), np.full((2, len(excess)), np.nan)
        # Both unknowns follow the speed so that the equations of the cycle hold.
        inverse = np.linalg.pinv(of_residuals[usable, :2, :2])
        follow[:, usable] = -(inverse @ of_residuals[usable, :2, 2:])[:, :, 0].T
        of_heat = of_outputs[usable, _HEAT].T
        slope[usable] = of_heat[2] + (of_heat[:2] * follow[:, usable]).sum(axis=0)
        return -excess * solved.outputs[_HEAT] / slope, follow


class CycleAtHeat:
    """The equations of the cycle and that of its heat, in the unknowns of `solve_at_heat`.

    It takes the place of `quick_cycle.CycleAt` where sensitivities are asked for.

    Parameters
    ----------
    cycle : QuickCycle
        Of the machine.
    boundaries : Boundary
        With the speeds found.
    """

    def __init__(self, cycle: QuickCycle, boundaries: Boundary) -> None:
        self._cycle, self._boundaries = cycle, boundaries
        self._at = cycle.at(boundaries)
        faster = boundaries.compressor_speed * np.exp(DIFFERENCE)
        self._faster = cycle.at(_with_speed(boundaries, faster))

    def evaluate(self, unknowns: Array) -> tuple[Array, Array]:
        """Residuals of shape (3, n) or (3, m, n), and `ROWS`, as `CycleAt.evaluate`.

        The third residual is heat over that of the design point: what is asked for is constant.
        """
        return self._with_heat(*self._at.evaluate(unknowns))

    def jacobians(self, unknowns: Array) -> tuple[Array, Array]:
        """Derivatives of residuals, shape (n, 3, 3), and `ROWS`, (n, 15, 3), by the unknowns."""
        of_residuals, of_rows = self._at.jacobians(unknowns)
        base, moved = self._at.evaluate(unknowns), self._faster.evaluate(unknowns)
        by_speed = [
            np.moveaxis((a - b) / DIFFERENCE, 0, 1)[:, :, None]
            for a, b in zip(moved, base, strict=True)
        ]
        of_rows = np.concatenate([of_rows, by_speed[1]], axis=2)
        of_heat = of_rows[:, [_HEAT]] / self._cycle.machine.design.Q_flow_sink
        of_residuals = np.concatenate([of_residuals, by_speed[0]], axis=2)
        return np.concatenate([of_residuals, of_heat], axis=1), of_rows

    def _with_heat(self, residuals: Array, rows: Array) -> tuple[Array, Array]:
        heat = rows[[_HEAT]] / self._cycle.machine.design.Q_flow_sink
        shape = np.broadcast_shapes(residuals.shape[1:], heat.shape[1:])
        parts = [np.broadcast_to(r, (len(r), *shape)) for r in (residuals, heat)]
        return np.concatenate(parts), rows


def _with_speed(boundaries: Boundary, speed: Array) -> Boundary:
    return replace(boundaries, compressor_speed=speed)
