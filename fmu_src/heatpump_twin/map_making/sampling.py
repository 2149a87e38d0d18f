"""Random boundaries of a machine's envelope."""

from __future__ import annotations

import itertools

import numpy as np

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import Boundary


def sample_envelope(
    machine: Machine, count: int, seed: int, corners: bool = False
) -> list[Boundary]:
    """Boundaries spread evenly over a machine's envelope, its corners first if asked for."""
    limits = list(machine.envelope.ranges.values())
    rng = np.random.default_rng(seed)
    random = (Boundary(*(float(rng.uniform(*limit)) for limit in limits)) for _ in range(count))
    first = (Boundary(*values) for values in itertools.product(*limits)) if corners else ()
    return [*first, *random]
