"""A pythonfmu slave that does nothing, with the heat pump's inputs and outputs.

What a step of it costs is what pythonfmu and the importer cost: the floor for any model.
"""

from __future__ import annotations

from typing import Any

from pythonfmu import Fmi2Causality, Fmi2Slave, Fmi2Variability, Integer, Real

_INPUTS = ("compressor_speed", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink")
_OUTPUTS = (
    "P_el",
    "Q_flow_sink",
    "Q_flow_source",
    "Q_flow_loss",
    "COP",
    "T_source_out",
    "T_sink_out",
    "m_flow_refrigerant",
    "p_low",
    "p_high",
    "T_suction",
    "T_discharge",
    "T_liquid",
    "superheat",
    "subcooling",
    "h_suction",
    "h_discharge",
    "h_liquid",
)


class EmptySlave(Fmi2Slave):
    """Written as pythonfmu's own examples are: attributes, and one variable each."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in _INPUTS:
            self._add(Real(name, causality=Fmi2Causality.input), 1.0)
        for name in _OUTPUTS:
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
