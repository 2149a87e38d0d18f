"""What usual faults of a heat pump do to its readings, by the parameters of the model itself.

A fault changes what the machine is (conductances, swept volume, superheat, subcooling), what flows
through it, or what a sensor shows. The twin goes on as it was, so that readings depart from it by
what the model says of the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES
from heatpump_twin.model.sizes import Sizes
from heatpump_twin.solving.quick_cycle import OUTPUTS, QuickCycle, boundaries_of

# What a loss of refrigerant does besides: the evaporator runs dry by so much, K, for each tenth
# that is lost, and the condenser's subcooling goes by so large a share. A proxy: the model holds no
# charge. Tests on units with thermostatic valves show superheat that rises and subcooling that
# goes.
_SUPERHEAT_OF_LOSS, _SUBCOOLING_OF_LOSS = 4.0, 0.3


@dataclass(frozen=True)
class Fault:
    """A fault of the machine, its streams or its sensors.

    Attributes
    ----------
    name : str
        What is wrong.
    kind : str
        Of what kind it is.
    advice : str
        What a person would look at.
    unit : str
        Of its size: ``%`` lost, or that of a sensor's offset.
    usual : float
        Size at which its pattern is worked out, in `unit`.
    needs_unread : str
        Quantity that shows the fault itself where it is read; empty if there is none.
    """

    name: str
    kind: str
    advice: str
    unit: str
    usual: float
    needs_unread: str = ""


EXCHANGER, FLOW, CHARGE, COMPRESSOR, SENSOR = (
    "fouled exchanger",
    "lost flow",
    "low charge",
    "worn compressor",
    "sensor offset",
)

FAULTS = (
    Fault("condenser conductance lost", EXCHANGER, "clean the sink's exchanger", "%", 30.0),
    Fault("evaporator conductance lost", EXCHANGER, "clean the source's exchanger", "%", 30.0),
    Fault("sink flow lost", FLOW, "filter, pump and valves of the sink", "%", 15.0, "m_flow_sink"),
    Fault(
        "source flow lost", FLOW, "filter, pump or fan of the source", "%", 15.0, "m_flow_source"
    ),
    Fault("refrigerant lost", CHARGE, "leaks and charge of the refrigerant", "%", 30.0),
    Fault("swept volume lost", COMPRESSOR, "valves and seals of the compressor", "%", 10.0),
    *(
        Fault(f"{sensor} reads wrong", SENSOR, f"compare the sensor of {sensor}", "K", 0.8)
        for sensor in ("T_source_in", "T_sink_in", "T_source_out", "T_sink_out")
    ),
    Fault("P_el reads wrong", SENSOR, "compare the power meter", "%", 5.0),
)


def faults_of(recorded: set[str]) -> list[Fault]:
    """Return faults that readings of these quantities may show."""
    return [
        fault
        for fault in FAULTS
        if fault.needs_unread not in recorded
        and (fault.kind != SENSOR or fault.name.split()[0] in recorded)
    ]


class FaultModel:
    """A machine with faults.

    Parameters
    ----------
    machine : Machine
        As it was when its twin was made.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._healthy = QuickCycle(machine)

    def departures(
        self, fault: Fault, size: float, boundaries: pd.DataFrame, quantities: list[str]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Readings of a faulty machine less the answers of its twin, SI units.

        Parameters
        ----------
        fault : Fault
            What is wrong.
        size : float
            How much, in its unit.
        boundaries : pandas.DataFrame
            Inputs as they are read, SI units, one row a point.
        quantities : list of str
            Results that are told of.

        Returns
        -------
        numpy.ndarray
            One row a point, one column a quantity; NaN where the model has no answer.
        """
        twin = _answers(self._healthy, boundaries, quantities)
        share = size / 100.0
        sensor = fault.name.split()[0]
        if fault.kind == SENSOR:
            if sensor in BOUNDARY_QUANTITIES:
                true = boundaries.assign(**{sensor: boundaries[sensor] - size})
                return _answers(self._healthy, true, quantities) - twin
            found = np.zeros_like(twin)
            if sensor in quantities:
                i = quantities.index(sensor)
                found[:, i] = share * twin[:, i] if fault.unit == "%" else size
            return found
        if fault.kind == FLOW:
            flow = fault.needs_unread
            true = boundaries.assign(**{flow: (1.0 - share) * boundaries[flow]})
            return _answers(self._healthy, true, quantities) - twin
        return _answers(self._faulty(fault, share), boundaries, quantities) - twin

    def _faulty(self, fault: Fault, share: float) -> QuickCycle:
        machine, sizes = self._machine, self._healthy.relations.sizes
        changes: dict[str, Callable[[], tuple[Machine, Sizes]]] = {
            "condenser conductance lost": lambda: (
                machine,
                replace(sizes, condenser_conductance=(1.0 - share) * sizes.condenser_conductance),
            ),
            "evaporator conductance lost": lambda: (
                machine,
                replace(sizes, evaporator_conductance=(1.0 - share) * sizes.evaporator_conductance),
            ),
            "swept volume lost": lambda: (
                machine,
                replace(sizes, swept_volume_flow=(1.0 - share) * sizes.swept_volume_flow),
            ),
            "refrigerant lost": lambda: (_short_of_refrigerant(machine, share), sizes),
        }
        return QuickCycle(*changes[fault.name]())


def _short_of_refrigerant(machine: Machine, share: float) -> Machine:
    tenths = 10.0 * share
    return machine.with_parameters(
        {
            "expansion_valve.superheat_setting": machine.expansion_valve.superheat_setting
            + _SUPERHEAT_OF_LOSS * tenths,
            "condenser.subcooling_fraction": machine.condenser.subcooling_fraction
            * max(0.05, 1.0 - _SUBCOOLING_OF_LOSS * tenths),
        }
    )


def _answers(
    cycle: QuickCycle, boundaries: pd.DataFrame, quantities: list[str]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    inputs = boundaries[list(BOUNDARY_QUANTITIES)].to_numpy(float)
    solved = cycle.solve_all(boundaries_of(inputs))
    rows = [OUTPUTS.index(q) for q in quantities]
    answers: np.ndarray[tuple[int, int], np.dtype[np.float64]] = solved.outputs[rows].T
    return answers
