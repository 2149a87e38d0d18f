"""What the relations of physics leave over, learned from records.

A relation's result is multiplied by ``exp(d)``. The deviation `d` is a sum of Gaussian kernels
around some points, so it is smooth and fades away from the records: what remains there is physics.
It corrects efficiencies and conductances, and no balance, so energy is conserved and heat flows
from warm to cold as before. `kernels` evaluates it; what is here needs the standard library only.

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
from typing import Any

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
        Height of each kernel; arrays where a machine stands for several.
    """

    points: tuple[tuple[float, ...], ...] = ()
    coefficients: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Remainder:
    """Corrections of a machine's relations.

    Attributes
    ----------
    efficiency, volumetric : Deviation
        Of isentropic and volumetric efficiency, over `kernels.compressor_place`.
    condenser, evaporator : Deviation
        Of both conductances, over `kernels.exchanger_place`.
    """

    efficiency: Deviation = Deviation()
    volumetric: Deviation = Deviation()
    condenser: Deviation = Deviation()
    evaporator: Deviation = Deviation()


#: Names of the corrected relations.
RELATIONS = tuple(f.name for f in fields(Remainder))
