"""What is wrong with a log as a whole: sensors that do not read, states that contradict the power.

Each check raises an `InputError` with what was found, where, and what would mend it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import QUANTITIES, Quantity, with_unit

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

# A temperature that jumps by more than this to exactly zero, and back, was not read, K.
ZERO_JUMP = 2.0

# Share of the time in which the compressor's state may contradict the power: it switches between
# two readings, and pumps run on.
CONTRADICTION = 0.1

# Fewer rows tell nothing of a sensor that stays the same.
_ROWS_OF_CONSTANT = 20

# A sensor that moved by less than this while the compressor switched is constant.
_SAME = 1e-9


def zeros_not_read(written: Floats) -> Flags:
    """Tell which readings are zero and far from their neighbours.

    Parameters
    ----------
    written : numpy.ndarray
        Readings of a temperature as they are written, without empty cells.
    """
    is_zero = written == 0.0
    if not is_zero.any() or is_zero.all():
        return np.zeros(len(written), bool)
    (others,) = np.nonzero(~is_zero)
    (zeros,) = np.nonzero(is_zero)
    behind = np.searchsorted(others, zeros)
    before = written[others[(behind - 1).clip(min=0)]]
    after = written[others[behind.clip(max=len(others) - 1)]]
    # At an end of the log the one neighbour counts twice.
    before = np.where(behind == 0, after, before)
    after = np.where(behind == len(others), before, after)
    far = (np.abs(before) > ZERO_JUMP) & (np.abs(after) > ZERO_JUMP)
    found = np.zeros(len(written), bool)
    found[zeros[far & (np.sign(before) == np.sign(after))]] = True
    return found


def check_range(
    quantity: Quantity, si: Floats, written: Floats, unit: str, place: Callable[[int], str]
) -> None:
    """Refuse readings outside physics; `place` names that of a reading by its position.

    Power and heat may be negative in a log: meters drift about zero, and a defrost takes heat.
    """
    least = -quantity.maximum if quantity.unit == "W" else quantity.minimum
    outside = ~np.isnan(si) & ~((least <= si) & (si <= quantity.maximum))
    if not outside.any():
        return
    i = int(outside.argmax())
    hint = ""
    if quantity.unit == "K" and not quantity.is_difference:
        kelvin, celsius = unit in ("K", "kelvin"), unit in ("degC", "celsius")
        hint = "; is it in K?" if celsius else "; is it in degC?" if kelvin else ""
    raise InputError(
        f"{place(i)}: {with_unit(float(written[i]), unit)} is outside physics; "
        f"expected {least:g} to {with_unit(quantity.maximum, quantity.unit)}{hint}"
    )


def check_constant(name: str, value: Floats, runs: Flags, place: str) -> None:
    """Refuse a result that stays the same while the compressor starts or stops.

    Parameters
    ----------
    name : str
        Quantity.
    value, runs : numpy.ndarray
        Of each row; NaN where it was not read.
    place : str
        Column, for messages.
    """
    read = np.isfinite(value)
    if read.sum() < _ROWS_OF_CONSTANT or not (runs[read].any() and (~runs[read]).any()):
        return
    if np.ptp(value[read]) <= _SAME * max(1.0, abs(float(value[read][0]))):
        unit = QUANTITIES[name].unit
        raise InputError(
            f"{place}: {with_unit(float(value[read][0]), unit)} in each of {read.sum()} readings, "
            "while the compressor runs and stands: the sensor does not read; take the column out, "
            'or set score = false with a reason = "..."'
        )


def check_state_against_power(
    runs: Flags, power: Floats, lengths: Floats, time: Floats, place: str
) -> None:
    """Refuse a state of the compressor that contradicts the electric power.

    Half way between the usual power with the state on and off, the power says itself whether the
    compressor runs.

    Parameters
    ----------
    runs, power, lengths, time : numpy.ndarray
        Of each row: state, W, s, s.
    place : str
        Column of the state, for messages.
    """
    known = np.isfinite(power)
    on, off = known & runs, known & ~runs
    if not on.any() or not off.any():
        return
    high, low = float(np.median(power[on])), float(np.median(power[off]))
    if high <= low:
        raise InputError(
            f"{place}: the power is {high:.0f} W while the compressor is said to run and "
            f"{low:.0f} W while it is said to stand; are on and off turned round?"
        )
    says_runs = power > 0.5 * (high + low)
    wrong = known & (says_runs != runs)
    share = float(lengths[wrong].sum() / lengths[known].sum())
    if share > CONTRADICTION:
        i = int(wrong.argmax())
        raise InputError(
            f"{place}: contradicts the electric power in {100.0 * share:.0f} % of the time, first "
            f"at {time[i] - time[0]:.0f} s from its begin: it says that the compressor "
            f"{'runs' if runs[i] else 'stands'}, at {power[i]:.0f} W; expected no more than "
            f"{100.0 * CONTRADICTION:.0f} %"
        )
