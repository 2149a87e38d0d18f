"""What a session comes to: energies, mean COP, time in each status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from heatpump_twin.harness.stepping.replay import STATUS
from heatpump_twin.model.quantities import OperatingStatus

from .store import Step

_ENERGIES = {
    "electricity": "P_el",
    "heat_to_sink": "Q_flow_sink",
    "heat_from_source": "Q_flow_source",
}


def kpis(steps: Iterable[Step]) -> dict[str, Any]:
    """Sum up steps; each one's outputs hold over it.

    Returns
    -------
    dict
        ``duration`` in s, energies in J, ``COP`` as their ratio (None without electricity),
        ``starts`` of the compressor, and ``status_time`` in s by status. What the FMU does not give
        is None.
    """
    duration, starts, was_running = 0.0, 0, None
    energies: dict[str, float | None] = dict.fromkeys(_ENERGIES, 0.0)
    status_time: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        speed = step.inputs.get("compressor_speed")
        if step.number == 0:
            continue
        duration += step.size
        for energy, power in _ENERGIES.items():
            value, so_far = step.outputs.get(power), energies[energy]
            if value is None or so_far is None:
                energies[energy] = None
            else:
                energies[energy] = so_far + value * step.size
        if STATUS in step.outputs:
            status_time[OperatingStatus(int(step.outputs[STATUS])).name.lower()] += step.size
        if speed is not None:
            starts += was_running is False and speed > 0.0
            was_running = speed > 0.0
    electricity, heat = energies["electricity"], energies["heat_to_sink"]
    return {
        "duration": duration,
        **energies,
        "COP": heat / electricity if heat is not None and electricity else None,
        "starts": starts,
        "status_time": dict(status_time),
    }
