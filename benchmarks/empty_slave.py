"""A pythonfmu slave that does nothing, with the heat pump's inputs and outputs.

What a step of it costs is what pythonfmu and the importer cost: the floor for any model.
"""

from __future__ import annotations

from typing import Any

from pythonfmu import Fmi2Causality, Fmi2Slave, Fmi2Variability, Integer, Real

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES


class EmptySlave(Fmi2Slave):
    """Written as pythonfmu's own examples are: attributes, and one variable each."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in BOUNDARY_QUANTITIES:
            self._add(Real(name, causality=Fmi2Causality.input), 1.0)
        for name in RESULT_QUANTITIES:
            self._add(Real(name, causality=Fmi2Causality.output), 1.0)
        self._add(
            Integer(
                "operating_status",
                causality=Fmi2Causality.output,
                variability=Fmi2Variability.discrete,
            ),
            1,
        )

    def do_step(self, current_time: float, step_size: float) -> bool:
        """Do nothing."""
        return True

    def _add(self, variable: Real | Integer, value: float) -> None:
        setattr(self, variable.name, value)
        self.register_variable(variable)
