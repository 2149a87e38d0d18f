"""The FMI 2.0 face of the heat pump: variables, life cycle, status. No thermodynamics.

pythonfmu loads this file inside the host, behind `heatpump_twin_shell/host_shell.c`. No callback
may let an exception out: the instance could not be used after it. What a call logs decides the
status that the host gets: after a logged warning or error it is a warning, and the run goes on.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pythonfmu import DefaultExperiment, Fmi2Slave, Integer, Real
from pythonfmu.enums import Fmi2Causality, Fmi2Initial, Fmi2Status, Fmi2Variability

from heatpump_twin_model.errors import TwinError
from heatpump_twin_model.machine import Machine, identification
from heatpump_twin_model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    STATUS_DESCRIPTION,
    Boundary,
    OperatingStatus,
    Quantity,
)

MAXIMUM_NUMBER_OF_UNITS = 10_000

# FMI base units: exponents of kg, m, s, K.
_UNITS = {
    "1": {},
    "K": {"K": 1},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "W": {"kg": 1, "m": 2, "s": -3},
    "kg/s": {"kg": 1, "s": -1},
    "J/kg": {"m": 2, "s": -2},
}


class _Variable:
    """Adds to pythonfmu's variables the attributes of FMI that it does not write."""

    _attributes: dict[str, str]

    def to_xml(self) -> Element:
        node = super().to_xml()  # type: ignore[misc]
        node[0].attrib.update(self._attributes)
        return node


class _SIReal(_Variable, Real):
    def __init__(self, quantity: Quantity, **kwargs: Any) -> None:
        super().__init__(quantity.name, description=quantity.description, **kwargs)
        self._attributes = {
            "unit": quantity.unit,
            "min": f"{quantity.minimum:.16g}",
            "max": f"{quantity.maximum:.16g}",
            "nominal": f"{quantity.nominal:.16g}",
        }
        # A temperature difference is no point on the Celsius scale.
        if quantity.name.startswith("T_"):
            self._attributes["displayUnit"] = "degC"


class _RangedInteger(_Variable, Integer):
    def __init__(self, name: str, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._attributes = {"min": str(minimum), "max": str(maximum)}


class HeatPumpSlave(Fmi2Slave):
    """Co-simulation slave of one machine, whose data lie in the FMU's resources.

    Each step answers with the steady operating point of the inputs set before it; there is no
    memory but the last good result, which is held when a later step cannot be answered.
    """

    license = "MIT"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._status = OperatingStatus.OFF
        self._counts: Counter[OperatingStatus] = Counter()
        self._heat_pump: Any = None
        self._number_of_units = 1
        # What is answered when not even the machine can be read: nothing flows.
        self._results = {
            name: q.nominal if q.minimum > 0.0 else 0.0 for name, q in RESULT_QUANTITIES.items()
        }
        self._inputs = {name: q.nominal for name, q in BOUNDARY_QUANTITIES.items()}
        self._standby_power = 0.0
        self._uncertainties = {"P_el": 0.0, "Q_flow_sink": 0.0}
        self._failure = ""
        self._interrupted = False
        # Until initialisation ends, outputs follow the inputs at once, as FMI wants of unknowns at
        # initialisation; later only a step makes new ones.
        self._initialising = True
        self._stale = True
        self._guard(self._load)
        self._register_variables()

    # Life cycle -----------------------------------------------------------------------------

    def exit_initialization_mode(self) -> None:
        """Answer the start values, so that outputs are valid before the first step."""
        self._answer_if_stale()
        self._initialising = False

    def do_step(self, current_time: float, step_size: float) -> bool:
        """Answer the inputs; `operating_status` says how.

        Returns False, on which a host stops, only when the user has interrupted it.
        """
        self._guard(self._answer)
        self._counts[self._status] += 1
        return not self._interrupted

    def terminate(self) -> None:
        """Log how many answers had which status."""
        counts = ", ".join(f"{s.value} {s.name.lower()}: {n}" for s, n in self._counts.items())
        self._report(f"answers by operating_status: {counts or 'none'}", Fmi2Status.ok)

    # The model ------------------------------------------------------------------------------

    def _load(self) -> None:
        resources = Path(self.resources)
        identity = json.loads((resources / "fmu.json").read_text(encoding="utf-8"))
        machine = Machine.load(resources / "machine.json")
        self.modelName = machine.name
        self.guid = identity["guid"]
        self.version = identity["version"]
        self.description = f"{machine.title} ({identification(machine)})"
        if machine.refrigerant_note:
            self.description += f". {machine.refrigerant_note}"
        self.default_experiment = DefaultExperiment(
            start_time=0.0, stop_time=3600.0, step_size=60.0
        )
        self._inputs.update(vars(machine.design.boundary))
        self._standby_power = machine.standby_power
        self._uncertainties = {
            "P_el": machine.P_el_relative_uncertainty,
            "Q_flow_sink": machine.Q_flow_sink_relative_uncertainty,
        }
        # TESPy takes seconds to import, so it is imported here and not with this file, which
        # pythonfmu runs twice. The performance map takes the cycle's place at this line.
        from heatpump_twin_model.cycle import HeatPumpCycle
        from heatpump_twin_model.heat_pump import HeatPump

        cycle = HeatPumpCycle(machine)
        cycle.load_design(resources / "design_state.json")
        self._heat_pump = HeatPump(machine, cycle)
        self._results.update(vars(cycle.standby(machine.design.boundary)))

    def _answer(self) -> None:
        if self._heat_pump is None:
            self._status = OperatingStatus.SOLVE_FAILED
            self._report(f"model not loaded: {self._failure}", Fmi2Status.error)
            return
        self._heat_pump.number_of_units = self._number_of_units
        self._heat_pump.standby_power = self._standby_power
        answer = self._heat_pump.answer(Boundary(**self._inputs))
        self._results = vars(answer.point)
        self._status = answer.status
        held = answer.status in (OperatingStatus.SOLVE_FAILED, OperatingStatus.INPUT_REJECTED)
        for note in answer.notes:
            self._report(
                f"operating_status {answer.status.value}: {note}",
                Fmi2Status.error if held else Fmi2Status.warning,
            )

    def _answer_if_stale(self) -> None:
        if self._initialising and self._stale:
            self._stale = False
            self._guard(self._answer)

    def _guard(self, action: Callable[[], None]) -> None:
        """Run `action`; report what it raises and mark the result as held."""
        try:
            action()
        except ImportError as error:
            self._fail(
                f"Python package {error.name!r} is missing or broken in the host's environment; "
                f"resources/requirements.txt lists what is needed ({error})"
            )
        except TwinError as error:
            self._fail(str(error))
        except KeyboardInterrupt:
            self._interrupted = True
            self._fail("interrupted by the user")
        except BaseException as error:  # noqa: BLE001  a raise would end the host's process
            self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, message: str) -> None:
        self._failure = message
        self._status = OperatingStatus.SOLVE_FAILED
        self._report(f"operating_status 3: {message}", Fmi2Status.error)

    def _report(self, message: str, status: Fmi2Status) -> None:
        # File names may hold bytes that are no text, which pythonfmu cannot pass on.
        self.log(message.encode("utf-8", "backslashreplace").decode("utf-8"), status)

    # Variables ------------------------------------------------------------------------------

    def _register_variables(self) -> None:
        for quantity in BOUNDARY_QUANTITIES.values():
            self.register_variable(
                _SIReal(
                    quantity,
                    causality=Fmi2Causality.input,
                    variability=Fmi2Variability.continuous,
                    getter=lambda n=quantity.name: self._inputs[n],
                    setter=lambda v, n=quantity.name: self._set_input(n, v),
                )
            )
        for quantity in RESULT_QUANTITIES.values():
            self.register_variable(
                _SIReal(
                    quantity,
                    causality=Fmi2Causality.output,
                    variability=Fmi2Variability.continuous,
                    initial=Fmi2Initial.calculated,
                    getter=lambda n=quantity.name: self._get_result(n),
                )
            )
        self.register_variable(
            _RangedInteger(
                "operating_status",
                min(OperatingStatus),
                max(OperatingStatus),
                description=STATUS_DESCRIPTION,
                causality=Fmi2Causality.output,
                variability=Fmi2Variability.discrete,
                initial=Fmi2Initial.calculated,
                getter=self._get_status,
            )
        )
        parameter: dict[str, Any] = {
            "causality": Fmi2Causality.parameter,
            "variability": Fmi2Variability.fixed,
            "initial": Fmi2Initial.exact,
        }
        self.register_variable(
            _RangedInteger(
                "number_of_units",
                1,
                MAXIMUM_NUMBER_OF_UNITS,
                description="Identical heat pumps side by side; flows and heat are those of all",
                getter=lambda: self._number_of_units,
                setter=self._set_number_of_units,
                **parameter,
            )
        )
        standby = Quantity(
            "standby_power", "W", 0.0, 1e4, 10.0, "Electric power of one unit when off"
        )
        self.register_variable(
            _SIReal(
                standby,
                getter=lambda: self._standby_power,
                setter=lambda value: self._set_standby_power(standby, value),
                **parameter,
            )
        )
        for name in self._uncertainties:
            self.register_variable(
                _SIReal(
                    Quantity(
                        f"{name}_relative_uncertainty",
                        "1",
                        0.0,
                        1.0,
                        0.01,
                        f"Relative standard uncertainty of {name}, for information; 0 if not known",
                    ),
                    getter=lambda n=name: self._uncertainties[n],
                    setter=lambda value, n=name: self._uncertainties.__setitem__(n, value),
                    **parameter,
                )
            )

    def _set_input(self, name: str, value: float) -> None:
        self._inputs[name] = value
        self._stale = True

    def _get_result(self, name: str) -> float:
        self._answer_if_stale()
        return self._results[name]

    def _get_status(self) -> int:
        self._answer_if_stale()
        return int(self._status)

    def _set_number_of_units(self, value: int) -> None:
        if 1 <= value <= MAXIMUM_NUMBER_OF_UNITS:
            self._number_of_units = value
            self._stale = True
        else:
            self._report(
                f"number_of_units = {value} has no meaning; expected 1 to "
                f"{MAXIMUM_NUMBER_OF_UNITS}; {self._number_of_units} is kept",
                Fmi2Status.error,
            )

    def _set_standby_power(self, quantity: Quantity, value: float) -> None:
        if math.isfinite(value) and quantity.minimum <= value <= quantity.maximum:
            self._standby_power = value
            self._stale = True
        else:
            self._report(
                f"standby_power = {value!r} W has no meaning; expected {quantity.minimum:.6g} to "
                f"{quantity.maximum:.6g} W; {self._standby_power:.6g} W is kept",
                Fmi2Status.error,
            )

    # Model description ------------------------------------------------------------------------

    def to_xml(self, model_options: dict[str, str] | None = None) -> Element:
        """Complete pythonfmu's model description by what FMI 2.0 asks for.

        Adds units, unknowns at initialisation and dependencies; leaves out the optional time of
        generation, so that equal sources give equal bytes.
        """
        root = super().to_xml(model_options or {})
        del root.attrib["generationDateAndTime"]
        root.insert(1, _unit_definitions())
        variables = list(self.vars.values())

        def indices(causality: Fmi2Causality) -> str:
            return " ".join(
                str(i) for i, v in enumerate(variables, start=1) if v.causality == causality
            )

        inputs = indices(Fmi2Causality.input)
        parameters = indices(Fmi2Causality.parameter)
        structure = root.find("ModelStructure")
        for unknown in structure.find("Outputs"):
            unknown.set("dependencies", inputs)
        initial = SubElement(structure, "InitialUnknowns")
        for index in indices(Fmi2Causality.output).split():
            SubElement(
                initial,
                "Unknown",
                {"index": index, "dependencies": f"{inputs} {parameters}"},
            )
        return root


def _unit_definitions() -> Element:
    definitions = Element("UnitDefinitions")
    for name, exponents in _UNITS.items():
        unit = SubElement(definitions, "Unit", {"name": name})
        SubElement(unit, "BaseUnit", {k: str(v) for k, v in exponents.items()})
        if name == "K":
            SubElement(unit, "DisplayUnit", {"name": "degC", "factor": "1", "offset": "-273.15"})
    return definitions
