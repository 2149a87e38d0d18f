"""What a fit may move."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class FreeParameter:
    """A number that a fit may move.

    Attributes
    ----------
    place : str
        In the machine file, or an unknown flow of the data as ``data.m_flow_source`` (level, kg/s)
        or ``data.m_flow_source.per_kelvin``.
    unit : str
        SI unit.
    start : float
        Value before the fit, SI.
    scale : float
        Typical change.
    lower, upper : float
        Physical bounds.
    prior_sd : float
        Standard uncertainty of `start`; infinite where nothing is known of it.
    """

    place: str
    unit: str
    start: float
    scale: float
    lower: float
    upper: float
    prior_sd: float = math.inf
