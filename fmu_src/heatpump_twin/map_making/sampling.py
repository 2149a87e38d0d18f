"""Random boundaries of a machine's envelope."""

from __future__ import annotations

import itertools

import numpy as np

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, Boundary


def sample_envelope(
    machine: Machine, count: int, seed: int, corners: bool = False
) -> list[Boundary]:
    """Boundaries spread evenly over a machine's envelope, its corners first if asked for."""
    envelope = vars(machine.envelope)
    limits = [(envelope[f"{q}_min"], envelope[f"{q}_max"]) for q in BOUNDARY_QUANTITIES]
    rng = np.random.default_rng(seed)
    random = (Boundary(*(float(rng.uniform(*limit)) for limit in limits)) for _ in range(count))
    first = (Boundary(*values) for values in itertools.product(*limits)) if corners else ()
    return [*first, *random]
