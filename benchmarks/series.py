"""Boundary series: random in the envelope, and a year."""

from __future__ import annotations

import math

import numpy as np

from heatpump_twin.map_making.sampling import sample_envelope
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.map_table import Array

SEED = 20260303
MINUTES_OF_YEAR = 365 * 24 * 60

# At part load below the least speed the machine switches on and off with this period, minutes.
CYCLE = 97.0


def random_series(machine: Machine, count: int) -> list[list[float]]:
    """Inputs in the order of the FMU, spread evenly over the envelope of a machine."""
    return [list(vars(b).values()) for b in sample_envelope(machine, count, SEED)]


def year(machine: Machine, minutes: int) -> Array:
    """Inputs of a year in the order of the FMU, shape (steps, 5).

    Outdoor temperature swings with season and day; source, supply temperature and load follow it.
    The machine and its pumps are off when it is warm outside, and part of the time at low load.

    Parameters
    ----------
    machine : Machine
        Gives the envelope and the design flows.
    minutes : int
        Length of a step.
    """
    envelope, design = machine.envelope, machine.design.boundary
    t = np.arange(0.0, MINUTES_OF_YEAR, minutes)
    season = np.cos(2.0 * math.pi * (t / MINUTES_OF_YEAR - 15.0 / 365.0))
    day = np.cos(2.0 * math.pi * (t / (24.0 * 60.0) - 15.0 / 24.0))
    outdoors = 9.5 - 10.0 * season + 4.0 * day  # degC
    load = np.clip((16.0 - outdoors) / 26.0, 0.0, 1.2)
    least = envelope.minimum.compressor_speed
    is_on = (t / CYCLE) % 1.0 < load / least
    speed = np.clip(load, least, envelope.maximum.compressor_speed)
    T_source_in = 281.15 - 5.0 * season + day
    T_sink_in = 301.15 + 0.6 * (20.0 - outdoors)
    return np.column_stack(
        [
            np.where(is_on, speed, 0.0),
            np.clip(T_source_in, *envelope.range("T_source_in")),
            np.clip(T_sink_in, *envelope.range("T_sink_in")),
            np.where(is_on, design.m_flow_source, 0.0),
            np.where(is_on, design.m_flow_sink, 0.0),
        ]
    )
