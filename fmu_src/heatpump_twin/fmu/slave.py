"""The FMI 2.0 face of the heat pump: variables, life cycle, status. No thermodynamics.

pythonfmu calls it inside the host, behind `host_shell.c`. No callback
may let an exception out: the instance could not be used after it. What a call logs decides the
status that the host gets: after a logged warning or error it is a warning, and the run goes on.
"""

from __future__ import annotations

import json
import os
import sys
import weakref
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pythonfmu import DefaultExperiment, Fmi2Slave, Integer, Real, String
from pythonfmu.enums import Fmi2Causality, Fmi2Initial, Fmi2Status, Fmi2Variability

from ..model.errors import TwinError
from ..model.heat_pump import HeatPump
from ..model.machine import PARAMETERS, Definition, Machine, identification
from ..model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    STATUS_DESCRIPTION,
    Boundary,
    OperatingPoint,
    OperatingStatus,
    Quantity,
)
from . import sharing

MAXIMUM_NUMBER_OF_UNITS = 10_000

# Where answers come from: the certified performance map, or TESPy at each step.
MAP, LIVE = "map", "live"

# FMI base units: exponents of kg, m, s, K.
_UNITS = {
    "1": {},
    "K": {"K": 1},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "W": {"kg": 1, "m": 2, "s": -3},
    "kg/s": {"kg": 1, "s": -1},
    "J/kg": {"m": 2, "s": -2},
}

_SEPARATOR = chr(sharing.END_OF_MESSAGE)

# A text that a host sets may be of any length; a message shows no more of it.
_MOST_SHOWN = 60

_PARAMETER: dict[str, Any] = {
    "causality": Fmi2Causality.parameter,
    "variability": Fmi2Variability.fixed,
    "initial": Fmi2Initial.exact,
}
# Real parameters of the FMU, and where the machine holds their start values.
_STANDBY_POWER = "standby_power"
_REAL_PARAMETERS = {
    _STANDBY_POWER: "standby_power",
    "P_el_relative_uncertainty": "prediction_uncertainty.P_el",
    "Q_flow_sink_relative_uncertainty": "prediction_uncertainty.Q_flow_sink",
}


class _Variable:
    """Adds to pythonfmu's variables the attributes of FMI that it does not write."""

    _attributes: dict[str, str]

    def to_xml(self) -> Element:
        node = super().to_xml()  # type: ignore[misc]
        node[0].attrib.update(self._attributes)
        return node


class _SIReal(_Variable, Real):
    def __init__(self, name: str, declared: Quantity | Definition, **kwargs: Any) -> None:
        super().__init__(name, description=declared.description, **kwargs)
        self._attributes = {
            "unit": declared.unit,
            "min": f"{declared.minimum:.16g}",
            "max": f"{declared.maximum:.16g}",
        }
        if isinstance(declared, Quantity):
            self._attributes["nominal"] = f"{declared.nominal:.16g}"
        # A temperature difference is no point on the Celsius scale.
        if declared.unit == "K" and not declared.is_difference:
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
        # pythonfmu's library adds the resources' folder to sys.path for each instance and does not
        # remove it. (Its builder, which passes no logger, removes it.) The package is imported by
        # now and finds its own modules, so the entry is not needed any more.
        if "logger" in kwargs and sys.path[0] == self.resources:
            del sys.path[0]
        self._messages: list[str] = []
        self._machine: Machine | None = None
        self._heat_pump: HeatPump | None = None
        self._solver = MAP
        # Inputs and results by value reference; operating status, how many answers had each, and
        # how many messages wait. The shell reads and writes both, so they must not move in memory
        # or change their lengths. These first values are the answer when the machine cannot be
        # read: no flow, no heat.
        self._values = array(
            "d",
            [q.nominal for q in BOUNDARY_QUANTITIES.values()]
            + [q.nominal if q.minimum > 0.0 else 0.0 for q in RESULT_QUANTITIES.values()],
        )
        self._state = array("q", [OperatingStatus.OFF, *(0 for _ in OperatingStatus), 0])
        self._numbers: Any = None
        self._number_of_units = 1
        self._parameters = dict.fromkeys(_REAL_PARAMETERS, 0.0)
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
        self._state[sharing.STATE_COUNTS + self._state[sharing.STATE_STATUS]] += 1
        return not self._interrupted

    def terminate(self) -> None:
        """Log how many answers had which status."""
        counts = ", ".join(
            f"{s.value} {s.name.lower()}: {self._state[sharing.STATE_COUNTS + s]}"
            for s in OperatingStatus
            if self._state[sharing.STATE_COUNTS + s]
        )
        self._report(f"answers by operating_status: {counts or 'none'}", Fmi2Status.ok)

    # The model ------------------------------------------------------------------------------

    def _load(self) -> None:
        resources = Path(self.resources)
        identity = json.loads((resources / "fmu.json").read_text(encoding="utf-8"))
        machine = Machine.load(resources / "machine.json")
        self._machine = machine
        self.modelName = machine.name
        self.guid = identity["guid"]
        self.version = identity["version"]
        self.description = f"{machine.title} ({identification(machine)})"
        if machine.refrigerant_note:
            self.description += f". {machine.refrigerant_note}"
        self.default_experiment = DefaultExperiment(
            start_time=0.0, stop_time=3600.0, step_size=60.0
        )
        self._values[: sharing.INPUTS] = array("d", vars(machine.design.boundary).values())
        self._parameters = {
            name: machine.parameter(place) for name, place in _REAL_PARAMETERS.items()
        }
        self._use_own_code()
        # NumPy is imported here and not with this file, so that a host without it is told.
        from ..core import native_map
        from ..model.performance_map import MapTable, PerformanceMap

        self._native = native_map
        self._map = PerformanceMap(
            machine, MapTable.load(resources / "performance_map.json", machine)
        )
        self._heat_pump = HeatPump(machine, self._map)
        self._set_results(self._map.standby(machine.design.boundary))

    def _use_own_code(self) -> None:
        """Let modules that are yet to be imported come from the own resources.

        The package may have come with an earlier instance of the same FMU, unzipped elsewhere,
        whose folder is gone. The code is the same: its hash is part of the name.
        """
        package, _, _ = __name__.partition(".")
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == package and hasattr(module, "__path__"):
                module.__path__ = [str(Path(self.resources, *name.split(".")))]

    def _load_live(self, machine: Machine) -> None:
        self._use_own_code()
        # TESPy takes seconds to import.
        from ..solving.cycle import HeatPumpCycle

        cycle = HeatPumpCycle(machine, first_guess=self._map)
        cycle.load_design(Path(self.resources) / "design_state.json")
        self._heat_pump = HeatPump(machine, cycle)

    def _answer(self) -> None:
        heat_pump = self._heat_pump
        if heat_pump is None:
            self._state[sharing.STATE_STATUS] = OperatingStatus.SOLVE_FAILED
            self._report(f"operating_status 3: model not loaded: {self._failure}", Fmi2Status.error)
            return
        if self._solver == LIVE and heat_pump.steady_state is self._map:
            self._load_live(heat_pump.machine)
            assert self._heat_pump is not None
            heat_pump = self._heat_pump
        elif self._solver == MAP and heat_pump.steady_state is not self._map:
            heat_pump = self._heat_pump = HeatPump(heat_pump.machine, self._map)
        heat_pump.number_of_units = self._number_of_units
        heat_pump.standby_power = self._parameters[_STANDBY_POWER]
        point, status, notes = heat_pump.answer(Boundary(*self._values[: sharing.INPUTS]))
        if point is not None:
            self._set_results(point)
        self._state[sharing.STATE_STATUS] = status
        for note in notes:
            self._report(
                f"operating_status {status.value}: {note}",
                Fmi2Status.error if point is None else Fmi2Status.warning,
            )

    def _set_results(self, point: OperatingPoint) -> None:
        self._values[sharing.INPUTS :] = array("d", vars(point).values())

    def _answer_if_stale(self) -> None:
        if self._initialising and self._stale:
            self._stale = False
            self._guard(self._answer)

    def _guard(self, action: Callable[[], None]) -> None:
        """Run `action`; report what it raises and mark the result as held."""
        try:
            action()
        except ImportError as error:
            # Without what the map needs there is no heat pump.
            needed = "requirements.txt" if self._heat_pump is None else "requirements-live.txt"
            self._fail(
                f"Python package {error.name!r} is missing or broken in the host's environment; "
                f"resources/{needed} lists what is needed ({error})"
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
        self._state[sharing.STATE_STATUS] = OperatingStatus.SOLVE_FAILED
        self._report(f"operating_status 3: {message}", Fmi2Status.error)

    def _report(self, message: str, status: Fmi2Status) -> None:
        """Keep a message until the shell takes it; pythonfmu's own queue leaks memory."""
        # File names may hold bytes that are no text, which pythonfmu cannot pass on.
        text = message.encode("utf-8", "backslashreplace").decode("utf-8")
        text = text.replace(_SEPARATOR, " ").replace("\0", " ")
        self._messages.append(f"{status.value}{text}{_SEPARATOR}")
        self._state[sharing.STATE_MESSAGES] = len(self._messages)

    # Variables ------------------------------------------------------------------------------

    def get_real(self, references: list[int]) -> list[float]:
        """Return inputs, results and parameters; pythonfmu's own way costs several times more."""
        if references and references[0] >= sharing.FIRST_ADDRESS:
            return [self._of_the_shell(i) for i in references]
        self._answer_if_stale()
        values = self._values
        return [values[i] if i < sharing.REALS else self._get_other(i) for i in references]

    def set_real(self, references: list[int], values: list[float]) -> None:
        """Take inputs and parameters."""
        self._stale = True
        for i, value in zip(references, values, strict=True):
            if i < sharing.INPUTS:
                self._values[i] = value
            else:
                self.vars[i].setter(value)

    def get_string(self, references: list[int]) -> list[str]:
        """Return parameters, or to the shell the messages."""
        if references != [sharing.MESSAGES]:
            return list(super().get_string(references))
        messages = "".join(self._messages)
        self._messages.clear()
        self._state[sharing.STATE_MESSAGES] = 0
        return [messages]

    def _get_other(self, reference: int) -> float:
        return float(self.vars[reference].getter())

    def _of_the_shell(self, reference: int) -> float:
        if reference == sharing.MESSAGES:
            return float(self._state[sharing.STATE_MESSAGES])
        return self._shared()[reference - sharing.FIRST_ADDRESS]

    def _shared(self) -> tuple[float, float, float, float]:
        """Addresses of values, state and numbers, and how many numbers; 0 when nothing is shared.

        Nothing is shared during initialisation and with ``solver = live``.
        """
        if self._initialising or self._solver == LIVE or self._heat_pump is None:
            return (0.0, 0.0, 0.0, 0.0)
        self._guard(self._lay_out_numbers)
        if self._numbers is None:
            return (0.0, 0.0, 0.0, 0.0)
        address = self._numbers.__array_interface__["data"][0]
        return (
            float(self._values.buffer_info()[0]),
            float(self._state.buffer_info()[0]),
            float(address),
            float(len(self._numbers)),
        )

    def _lay_out_numbers(self) -> None:
        if self._numbers is None:
            assert self._machine is not None
            self._numbers = self._native.native_numbers(self._machine, self._map.table, 1)
        # The shell has a copy of what it got before.
        self._numbers[self._native.NUMBER_OF_UNITS] = self._number_of_units

    def _register_variables(self) -> None:
        # A variable that refers to the slave would keep it and its map in memory until Python's
        # garbage collector runs.
        this = weakref.proxy(self)
        for i, quantity in enumerate(BOUNDARY_QUANTITIES.values()):
            self.register_variable(
                _SIReal(
                    quantity.name,
                    quantity,
                    causality=Fmi2Causality.input,
                    variability=Fmi2Variability.continuous,
                    getter=lambda i=i: this._values[i],
                )
            )
        for i, quantity in enumerate(RESULT_QUANTITIES.values(), start=sharing.INPUTS):
            self.register_variable(
                _SIReal(
                    quantity.name,
                    quantity,
                    causality=Fmi2Causality.output,
                    variability=Fmi2Variability.continuous,
                    initial=Fmi2Initial.calculated,
                    getter=lambda i=i: this._values[i],
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
                getter=lambda: this._get_status(),
            )
        )
        self.register_variable(
            _RangedInteger(
                "number_of_units",
                1,
                MAXIMUM_NUMBER_OF_UNITS,
                description="Identical heat pumps side by side; flows and heat are those of all",
                getter=lambda: this._number_of_units,
                setter=lambda value: this._set_number_of_units(value),
                **_PARAMETER,
            )
        )
        for name, place in _REAL_PARAMETERS.items():
            self.register_variable(
                _SIReal(
                    name,
                    PARAMETERS[place],
                    getter=lambda n=name: this._parameters[n],
                    setter=lambda value, n=name: this._set_parameter(n, value),
                    **_PARAMETER,
                )
            )
        self.register_variable(
            String(
                "solver",
                description=f"'{MAP}': the certified performance map; '{LIVE}': TESPy at each step",
                getter=lambda: this._solver,
                setter=lambda value: this._set_solver(value),
                **_PARAMETER,
            )
        )

    def _get_status(self) -> int:
        self._answer_if_stale()
        return int(self._state[sharing.STATE_STATUS])

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

    def _set_parameter(self, name: str, value: float) -> None:
        declared = PARAMETERS[_REAL_PARAMETERS[name]]
        if declared.minimum <= value <= declared.maximum:
            self._parameters[name] = value
        else:
            kept = self._parameters[name]
            unit = "" if declared.unit == "1" else f" {declared.unit}"
            self._report(
                f"{name} = {value!r}{unit} has no meaning; expected "
                f"{declared.minimum:.6g} to {declared.maximum:.6g}{unit}; {kept:.6g}{unit} is kept",
                Fmi2Status.error,
            )

    def _set_solver(self, value: str) -> None:
        if value in (MAP, LIVE):
            self._solver = value
            self._stale = True
        else:
            self._report(
                f"solver = {_shown(value)!r} is not known; expected '{MAP}' or '{LIVE}'; "
                f"'{self._solver}' is kept",
                Fmi2Status.error,
            )

    # State ------------------------------------------------------------------------------------

    def _get_fmu_state(self) -> dict[str, Any]:
        return {
            "values": self._values.tolist(),
            "state": self._state[:-1].tolist(),
            "number_of_units": self._number_of_units,
            "parameters": dict(self._parameters),
            "solver": self._solver,
            "is_initialising": self._initialising,
            "is_stale": self._stale,
            "failure": self._failure,
        }

    def _set_fmu_state(self, state: dict[str, Any]) -> None:
        self._guard(lambda: self._restore(state))

    def _restore(self, state: dict[str, Any]) -> None:
        if state["solver"] != self._solver and self._heat_pump and self._machine:
            self._heat_pump = HeatPump(self._machine, self._map)
        self._values[:] = array("d", state["values"])
        self._state[:-1] = array("q", state["state"])
        self._number_of_units = state["number_of_units"]
        self._parameters = dict(state["parameters"])
        self._solver = state["solver"]
        self._initialising = state["is_initialising"]
        self._stale = state["is_stale"]
        self._failure = state["failure"]

    # Model description ------------------------------------------------------------------------

    def to_xml(self, model_options: dict[str, str] | None = None) -> Element:
        """Complete pythonfmu's model description by what FMI 2.0 asks for.

        Adds units, unknowns at initialisation and dependencies. The time of generation is that of
        the variable SOURCE_DATE_EPOCH, in seconds of 1970, and without it there is none: equal
        sources give equal bytes.
        """
        root = super().to_xml(model_options or {})
        del root.attrib["generationDateAndTime"]
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch:
            moment = datetime.fromtimestamp(int(epoch), tz=UTC)
            root.set("generationDateAndTime", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        root.insert(1, _unit_definitions())
        index = {v.name: i for i, v in enumerate(self.vars.values(), start=1)}
        inputs = [index[name] for name in BOUNDARY_QUANTITIES]
        for_all = [*inputs, index["number_of_units"], index["solver"]]
        standby = index[_STANDBY_POWER]
        structure = root.find("ModelStructure")
        for unknown in structure.find("Outputs"):
            unknown.set("dependencies", " ".join(map(str, inputs)))
        initial = SubElement(structure, "InitialUnknowns")
        for variable in self.vars.values():
            if variable.causality != Fmi2Causality.output:
                continue
            # The relative uncertainties are for information only: nothing depends on them.
            is_of_standby = variable.name in ("P_el", "Q_flow_loss")
            knowns = sorted([*for_all, standby] if is_of_standby else for_all)
            SubElement(
                initial,
                "Unknown",
                {"index": str(index[variable.name]), "dependencies": " ".join(map(str, knowns))},
            )
        return root


def _shown(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _unit_definitions() -> Element:
    definitions = Element("UnitDefinitions")
    for name, exponents in _UNITS.items():
        unit = SubElement(definitions, "Unit", {"name": name})
        SubElement(unit, "BaseUnit", {k: str(v) for k, v in exponents.items()})
        if name == "K":
            SubElement(unit, "DisplayUnit", {"name": "degC", "factor": "1", "offset": "-273.15"})
    return definitions
