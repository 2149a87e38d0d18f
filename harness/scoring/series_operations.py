"""Energies and starts of a log by what the plant is doing: heating, hot water, defrost.

Energy is that while the compressor runs, recorded or simulated: pumps that run beside it are the
plant's, and a log seldom tells which of them its meter holds. In a defrost heat is taken from the
house, so it has an energy only where it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..data.completion import HEAT, SPEED
from ..data.resampling import Floats
from ..data.series import Series
from ..data.series_descriptor import COMPRESSOR, DEFROST, GIVEN_HEAT, GIVEN_SUPPLY, OPERATIONS
from .connection import SPEED_USED, STARTS

Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Operation:
    """What a plant did in one operation.

    Attributes
    ----------
    name : str
        One of `OPERATIONS`.
    hours : float
        How long it lasted, as far as it was simulated.
    energies : dict of str to (float, float)
        By quantity, measured and simulated, J.
    starts : (int, int or None)
        Of the compressor, recorded and simulated; None where the FMU does not choose them, or does
        not tell.
    """

    name: str
    hours: float
    energies: dict[str, tuple[float, float]]
    starts: tuple[int, int | None]

    def error(self, quantity: str) -> float | None:
        """Simulated less measured energy, per cent of the measured."""
        measured, simulated = self.energies.get(quantity, (0.0, 0.0))
        return 100.0 * (simulated / measured - 1.0) if measured > 0.0 else None


def operations_of(series: Series, simulated: pd.DataFrame, known: Flags) -> list[Operation]:
    """Add up energies and starts by operation.

    Parameters
    ----------
    series : Series
        What was recorded.
    simulated : pandas.DataFrame
        What the FMU answered, one row a step.
    known : numpy.ndarray
        Which steps were simulated.
    """
    is_of = {
        "hot water": series.is_hot_water,
        "defrost": series.is_defrost,
    }
    is_of["heating"] = ~is_of["hot water"] & ~is_of["defrost"]
    energies = {q: _powers(series, simulated, q) for q in ("P_el", HEAT)}
    # Where nothing is asked for, the FMU stands; what follows is a start of the recorded one, too.
    recorded = _starts(series, np.where(series.is_asked, series.states[COMPRESSOR].to_numpy(), 0.0))
    chosen = None
    if series.descriptor.given == GIVEN_SUPPLY and STARTS in simulated:
        chosen = _simulated_starts(series, simulated[STARTS].to_numpy())
    found = []
    for name in OPERATIONS:
        rows = known & is_of[name]
        if not rows.any():
            continue
        step = series.step[rows]
        found.append(
            Operation(
                name,
                float(step.sum()) / 3600.0,
                {
                    q: (float((of[0][rows] * step).sum()), float((of[1][rows] * step).sum()))
                    for q, of in energies.items()
                    if of is not None
                    and (q != HEAT or name != DEFROST or series.given_quantity == HEAT)
                },
                (
                    int((recorded & is_of[name]).sum()),
                    None if chosen is None else int(chosen[is_of[name]].sum()),
                ),
            )
        )
    return found


def _powers(series: Series, simulated: pd.DataFrame, quantity: str) -> tuple[Floats, Floats] | None:
    """Measured and simulated power or heat at each step, W; zero where either is not known."""
    if quantity not in simulated or quantity not in (*series.readings, series.given_quantity):
        return None
    is_heat = quantity == HEAT
    given = series.descriptor.given
    answered = simulated[quantity].to_numpy()
    # Of a step in which it ran for a part, the mean has the energy of that part.
    runs = series.states[COMPRESSOR].to_numpy() > 0.0
    if is_heat and given == GIVEN_HEAT:
        measured = series.set_point
    else:
        measured = np.where(runs, series.values[quantity].to_numpy(), 0.0)
    if series.given_quantity == SPEED:
        answered = np.where(runs, answered, 0.0)
    elif SPEED_USED in simulated:
        answered = np.where(simulated[SPEED_USED].to_numpy() > 0.0, answered, 0.0)
    if is_heat:
        answered = np.maximum(answered, 0.0)
    known = np.isfinite(measured) & np.isfinite(answered)
    return np.where(known, measured, 0.0), np.where(known, answered, 0.0)


def _starts(series: Series, on: Floats) -> Flags:
    """Rows in which the compressor starts; a run that a part begins with has no start in it."""
    runs = on > 0.5
    starts = np.zeros(len(series), bool)
    for begin, end in series.segments:
        starts[begin + 1 : end] = runs[begin + 1 : end] & ~runs[begin : end - 1]
    return starts


def _simulated_starts(series: Series, count: Floats) -> Floats:
    """How many starts an FMU's count adds at each row; of a longer step the count is a mean."""
    starts = np.zeros(len(series))
    # What is not whole is a start within the step; a mean of whole numbers may be off by round-off.
    whole = np.ceil(count - 1e-6)
    for begin, end in series.segments:
        starts[begin + 1 : end] = np.diff(whole[begin:end])
    return starts
