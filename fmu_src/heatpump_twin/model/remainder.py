"""What the relations of physics leave over, learned from records.

A relation's result is multiplied by ``exp(d)``. The deviation `d` is a sum of Gaussian kernels
around some points, so it is smooth and fades away from the records: what remains there is physics.
It corrects efficiencies and conductances, and no balance, so energy is conserved and heat flows
from warm to cold as before.

References
----------
.. [1] C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006,
       chapters 2 and 8 (a reduced set of kernels at inducing points).
.. [2] M. C. Kennedy, A. O'Hagan, Bayesian calibration of computer models, J. R. Statist. Soc. B 63
       (2001) 425-464: a physical model and a Gaussian process for its discrepancy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from .closures import Real

# What counts as one step along each coordinate: the kernels have this width.
RATIO_STEP, SPEED_STEP, FLOW_STEP = math.log(3.0), math.log(2.0), math.log(1.7)
TEMPERATURE_STEP = 20.0  # K
# Saturated vapour changes its density by this much over 20 K.
DENSITY_STEP = 0.66

# Number of coordinates of each place, and most kernels of one relation. The compressor's are used
# when a map is made; those of the evaporator in every step of an FMU.
COMPRESSOR_COORDINATES, EXCHANGER_COORDINATES = 3, 2
MOST_OF_COMPRESSOR, MOST_OF_EXCHANGER = 30, 12


@dataclass(frozen=True)
class Deviation:
    """A logarithmic correction of one relation.

    Attributes
    ----------
    points : tuple of tuple of float
        Centres of the kernels, in steps.
    coefficients : tuple of float
        Height of each kernel.
    """

    points: tuple[tuple[float, ...], ...] = ()
    coefficients: tuple[Real, ...] = ()

    def factor(self, *coordinates: Real) -> Real:
        """Return ``exp(d)`` at a place given in steps; 1 where nothing was learned."""
        if not self.points:
            return 1.0
        deviation: Real = 0.0
        for point, coefficient in zip(self.points, self.coefficients, strict=True):
            squares = [(x - centre) ** 2 for x, centre in zip(coordinates, point, strict=True)]
            deviation = deviation + coefficient * np.exp(-0.5 * sum(squares))
        return np.exp(deviation)


@dataclass(frozen=True)
class Remainder:
    """Corrections of a machine's relations.

    Attributes
    ----------
    efficiency, volumetric : Deviation
        Of isentropic and volumetric efficiency, over `compressor_place`.
    condenser, evaporator : Deviation
        Of both conductances, over `exchanger_place`.
    """

    efficiency: Deviation = Deviation()
    volumetric: Deviation = Deviation()
    condenser: Deviation = Deviation()
    evaporator: Deviation = Deviation()


#: Names of the corrected relations.
RELATIONS = tuple(f.name for f in fields(Remainder))


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
