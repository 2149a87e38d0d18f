"""The learned remainder at a state: see `remainder`."""

from __future__ import annotations

import numpy as np

from .closures import Real
from .remainder import DENSITY_STEP, FLOW_STEP, RATIO_STEP, SPEED_STEP, TEMPERATURE_STEP, Deviation


def factor(deviation: Deviation, *coordinates: Real) -> Real:
    """Return ``exp(d)`` at a place given in steps; 1 where nothing was learned."""
    if not deviation.points:
        return 1.0
    d: Real = 0.0
    for point, coefficient in zip(deviation.points, deviation.coefficients, strict=True):
        squares = [(x - centre) ** 2 for x, centre in zip(coordinates, point, strict=True)]
        d = d + coefficient * np.exp(-0.5 * sum(squares))
    return np.exp(d)


def compressor_place(pressure_ratio: Real, relative_density: Real, speed: Real) -> tuple[Real, ...]:
    """Coordinates of a compressor's state in steps.

    Parameters
    ----------
    pressure_ratio, relative_density, speed : float
        Discharge over suction pressure; suction density and speed relative to the design point's.
    """
    return (
        np.log(pressure_ratio) / RATIO_STEP,
        np.log(relative_density) / DENSITY_STEP,
        np.log(speed) / SPEED_STEP,
    )


def exchanger_place(T_difference: Real, relative_flow: Real) -> tuple[Real, ...]:
    """Coordinates of an exchanger's state in steps.

    Parameters
    ----------
    T_difference : float
        Inlet of the secondary stream less that at the design point, K.
    relative_flow : float
        Of the secondary stream, over that at the design point.
    """
    return T_difference / TEMPERATURE_STEP, np.log(relative_flow) / FLOW_STEP
