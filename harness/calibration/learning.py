"""The learned remainder in a fit: where its kernels lie, and its weights as parameters.

The deviation of each relation is a Gaussian process with a squared exponential kernel, reduced to
some inducing points: ``d = Phi w`` with ``w`` of mean 0 and standard deviation 1 each (see
`model.remainder`). The weights are parameters of the fit like others, with that prior, so their
posterior is a part of its covariance and of the band of a prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatpump_twin.model.kernels import compressor_place, exchanger_place
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary
from heatpump_twin.model.remainder import (
    EXCHANGER_COORDINATES,
    MOST_OF_COMPRESSOR,
    MOST_OF_EXCHANGER,
    Deviation,
    Remainder,
)
from heatpump_twin.solving.quick_cycle import Array, QuickCycle, Solutions

from .parameters import FreeParameter

# Standard deviation of the logarithm of each relation before any record is seen. Where speed varies
# flow follows it closely, and efficiency less so (set by left-out errors of a compressor's sheet at
# three speeds).
PRIOR_SD = {"efficiency": 0.1, "volumetric": 0.1, "condenser": 0.2, "evaporator": 0.2}
PRIOR_SD_OF_INVERTERS = {**PRIOR_SD, "efficiency": 0.2, "volumetric": 0.05}

# Least distance between two inducing points, in steps.
LEAST_DISTANCE = 0.05

# Keeps the kernels' covariance away from singular.
JITTER = 1e-6

PLACE = "remainder"


@dataclass(frozen=True)
class Basis:
    """Inducing points of each relation, and what takes weights to heights of kernels.

    Attributes
    ----------
    points : dict of str to numpy.ndarray
        By relation, shape (k, coordinates), in steps.
    to_coefficients : dict of str to numpy.ndarray
        Shape (k, k).
    """

    points: dict[str, Array]
    to_coefficients: dict[str, Array]

    @property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """The weights, with their prior."""
        return tuple(
            FreeParameter(f"{PLACE}.{name}.{i}", "1", 0.0, 1.0, -20.0, 20.0, 1.0)
            for name, points in self.points.items()
            for i in range(len(points))
        )

    def remainder(self, values: Mapping[str, Any]) -> Remainder:
        """Return the remainder of weights by place; those that are not named are 0."""
        deviations = {}
        for name, points in self.points.items():
            weights = [values.get(f"{PLACE}.{name}.{i}", 0.0) for i in range(len(points))]
            matrix = self.to_coefficients[name]
            deviations[name] = Deviation(
                tuple(tuple(map(float, point)) for point in points),
                tuple(sum(m * w for m, w in zip(row, weights, strict=True)) for row in matrix),
            )
        return Remainder(**deviations)


def is_weight(place: str) -> bool:
    """Whether a parameter is a weight of the remainder."""
    return place.startswith(f"{PLACE}.")


def choose_basis(machine: Machine, boundaries: Boundary, solved: Solutions) -> Basis:
    """Spread the inducing points over the states of some records.

    Parameters
    ----------
    machine : Machine
        Fitted without remainder.
    boundaries : Boundary
        Inputs of shape (n,).
    solved : Solutions
        Of the machine at these; points without a solution do not count.
    """
    cycle, good = QuickCycle(machine), solved.are_solved
    T_dew, T_bubble = solved.unknowns[:, good]
    inputs = [np.broadcast_to(x, good.shape)[good] for x in vars(boundaries).values()]
    speed, T_source_in, T_sink_in, m_flow_source, m_flow_sink = inputs
    low, high = cycle.refrigerant.at_dew(T_dew), cycle.refrigerant.at_bubble(T_bubble)
    T_suction = solved.column("T_suction")[good]
    density = low.suction(T_suction - T_dew).density / cycle.relations.sizes.suction_density
    ratio = np.exp(high.log_p - low.log_p)
    design = machine.design.boundary
    of_compressor = np.stack(compressor_place(ratio, density, speed), axis=1)
    places = {
        "efficiency": of_compressor,
        "volumetric": of_compressor,
        "condenser": np.stack(
            exchanger_place(T_sink_in - design.T_sink_in, m_flow_sink / design.m_flow_sink), axis=1
        ),
        "evaporator": np.stack(
            exchanger_place(T_source_in - design.T_source_in, m_flow_source / design.m_flow_source),
            axis=1,
        ),
    }
    sd = PRIOR_SD if np.ptp(speed) < LEAST_DISTANCE else PRIOR_SD_OF_INVERTERS
    return basis_at(places, sd)


def basis_at(places: Mapping[str, Array], sd: Mapping[str, float]) -> Basis:
    """Spread inducing points over places of some relations.

    Parameters
    ----------
    places : dict of str to numpy.ndarray
        By relation, shape (n, coordinates), in steps.
    sd : dict of str to float
        Prior standard deviation of each relation's logarithm.
    """
    points, to_coefficients = {}, {}
    for name in places:
        points[name] = _farthest_points(places[name])
        kernel = _kernel(points[name]) + JITTER * np.eye(len(points[name]))
        to_coefficients[name] = sd[name] * np.linalg.inv(np.linalg.cholesky(kernel)).T
    return Basis(points, to_coefficients)


def _kernel(points: Array) -> Array:
    squares: Array = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    return np.exp(-0.5 * squares)


def _farthest_points(places: Array) -> Array:
    """Take the most central place, then always the one farthest from those that were taken."""
    taken: list[int] = [int(np.argmin(((places - places.mean(axis=0)) ** 2).sum(axis=1)))]
    distance = np.full(len(places), np.inf)
    is_exchanger = places.shape[1] == EXCHANGER_COORDINATES
    most = MOST_OF_EXCHANGER if is_exchanger else MOST_OF_COMPRESSOR
    while len(taken) < most:
        distance = np.minimum(distance, ((places - places[taken[-1]]) ** 2).sum(axis=1))
        if distance.max() < LEAST_DISTANCE**2:
            break
        taken.append(int(distance.argmax()))
    return places[taken]
