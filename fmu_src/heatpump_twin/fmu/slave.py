"""The slave that solves one steady point by TESPy: the FMU's live mode, and an FMU by itself.

A plain slave of pythonfmu: a host sets the five inputs of one heat pump, does a step, and reads the
outputs. There is no memory but the last result, which is held where TESPy finds none; then
`operating_status` is 3 and `message` says why. Limits, envelope, units and status in full are the
work of the FMU's core, which asks this slave for points inside the envelope.

No callback may let an exception out: pythonfmu's library could not be used after it.
"""

from __future__ import annotations

import atexit
import gc
import json
import sys
import weakref
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pythonfmu import DefaultExperiment, Fmi2Slave, Integer, Real, String
from pythonfmu.enums import Fmi2Causality, Fmi2Initial, Fmi2Variability

from ..model.errors import SolveError, TwinError
from ..model.machine import Machine
from ..model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    Boundary,
    OperatingPoint,
    OperatingStatus,
    Quantity,
)

# Results of which an estimate may be given, from which the search then starts. 0: none is given.
GUESS = (
    *("m_flow_refrigerant", "p_low", "p_high", "h_suction", "h_discharge", "h_liquid"),
    *("Q_flow_source", "Q_flow_sink"),
)
_GUESS_PREFIX = "guess_"

# Value references count the variables in the order of their registration.
FIRST_GUESS = len(BOUNDARY_QUANTITIES)
FIRST_RESULT = FIRST_GUESS + len(GUESS)
STATUS_REFERENCE = FIRST_RESULT + len(RESULT_QUANTITIES)
MESSAGE_REFERENCE = STATUS_REFERENCE + 1

REQUIREMENTS = "requirements.txt"

# pythonfmu's library never lets go of an instance that its host does not free.
_alive: weakref.WeakSet[TespySlave] = weakref.WeakSet()


class TespySlave(Fmi2Slave):
    """Co-simulation slave of one machine, whose data lie in the resources."""

    license = "MIT"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # pythonfmu's library adds the resources' folder to sys.path for each instance and does not
        # remove it. (Its builder, which passes no logger, removes it.) The package is imported by
        # now and finds its own modules, so the entry is not needed any more.
        if "logger" in kwargs and sys.path[0] == self.resources:
            del sys.path[0]
        self._machine: Machine | None = None
        self._cycle: Any = None
        self._guess = _Guess()
        self._inputs = [q.nominal for q in BOUNDARY_QUANTITIES.values()]
        self._estimates = [0.0] * len(GUESS)
        self._results = [q.nominal for q in RESULT_QUANTITIES.values()]
        self._status = OperatingStatus.SOLVE_FAILED
        self._message = ""
        self._initialising = self._stale = True
        self.modelName = "tespy_slave"
        self._attempt(self._load)
        self._register_variables()
        _alive.add(self)

    # Life cycle -----------------------------------------------------------------------------

    def exit_initialization_mode(self) -> None:
        """Solve the start values, so that outputs are valid before the first step."""
        self._solve_if_stale()
        self._initialising = False

    def do_step(self, current_time: float, step_size: float) -> bool:
        """Solve the inputs; False, on which a host stops, if the user has interrupted it."""
        return self._attempt(self._solve)

    # The model ------------------------------------------------------------------------------

    def _load(self) -> None:
        resources = Path(self.resources)
        machine = Machine.load(resources / "machine.json")
        self._machine = machine
        self.modelName = f"{machine.name}_tespy"
        self.guid = json.loads((resources / "slave.json").read_text(encoding="utf-8"))["guid"]
        self.description = f"{machine.title}: steady points by TESPy"
        self.default_experiment = DefaultExperiment(
            start_time=0.0, stop_time=3600.0, step_size=60.0, tolerance=1e-6
        )
        self._inputs = [float(x) for x in vars(machine.design.boundary).values()]

    def _solve_if_stale(self) -> None:
        # Until initialisation ends, outputs follow the inputs at once, as FMI wants of unknowns at
        # initialisation; later only a step makes new ones.
        if self._initialising and self._stale:
            self._stale = False
            self._attempt(self._solve)

    def _solve(self) -> None:
        if self._machine is None:
            raise SolveError(f"model not loaded: {self._message}")
        if self._cycle is None:
            self._cycle = self._make_cycle(self._machine)
        boundary = Boundary(*self._inputs)
        if not boundary.compressor_speed > 0.0:
            raise SolveError("TESPy solves a running machine: compressor_speed must be above 0")
        self._guess.values = dict(zip(GUESS, self._estimates, strict=True))
        self._results = list(vars(self._cycle.off_design(boundary)).values())
        self._status = OperatingStatus.INSIDE
        self._message = ""

    def _make_cycle(self, machine: Machine) -> Any:
        self._use_own_code()
        # TESPy takes seconds to import.
        from ..solving.cycle import HeatPumpCycle

        cycle = HeatPumpCycle(machine, first_guess=self._guess)
        cycle.load_design(Path(self.resources) / "design_state.json")
        return cycle

    def _use_own_code(self) -> None:
        """Let modules that are yet to be imported come from the own resources.

        The package may have come with an earlier instance of the same FMU, unzipped elsewhere,
        whose folder is gone. The code is the same: its hash is part of the name.
        """
        package, _, _ = __name__.partition(".")
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == package and hasattr(module, "__path__"):
                module.__path__ = [str(Path(self.resources, *name.split(".")))]

    def _attempt(self, action: Any) -> bool:
        """Run `action`; keep what it raises as a message. False if the user has interrupted it."""
        try:
            action()
        except ImportError as error:
            self._fail(
                f"Python package {error.name!r} is missing or broken in the host's environment; "
                f"{REQUIREMENTS} in the folder of the slave lists what is needed ({error})"
            )
        except TwinError as error:
            self._fail(str(error))
        except KeyboardInterrupt:
            self._fail("interrupted by the user")
            return False
        except BaseException as error:  # noqa: BLE001  a raise would end the host's process
            self._fail(f"{type(error).__name__}: {error}")
        return True

    def _fail(self, message: str) -> None:
        self._status = OperatingStatus.SOLVE_FAILED
        # File names may hold bytes that are no text, which pythonfmu cannot pass on.
        text = message.encode("utf-8", "backslashreplace").decode("utf-8")
        self._message = text.replace("\0", " ")

    def _let_go(self) -> None:
        self._cycle = None

    # Variables ------------------------------------------------------------------------------

    def get_real(self, references: list[int]) -> list[float]:
        """Return inputs and results."""
        self._solve_if_stale()
        return list(super().get_real(references))

    def get_integer(self, references: list[int]) -> list[int]:
        """Return the status."""
        self._solve_if_stale()
        return list(super().get_integer(references))

    def get_string(self, references: list[int]) -> list[str]:
        """Return the message."""
        self._solve_if_stale()
        return list(super().get_string(references))

    def set_real(self, references: list[int], values: list[float]) -> None:
        """Take inputs."""
        self._stale = True
        super().set_real(references, values)

    def _register_variables(self) -> None:
        # A variable that refers to the slave would keep it in memory until Python's garbage
        # collector runs.
        this = weakref.proxy(self)
        for i, quantity in enumerate(BOUNDARY_QUANTITIES.values()):
            self.register_variable(
                _SIReal(
                    quantity,
                    causality=Fmi2Causality.input,
                    variability=Fmi2Variability.continuous,
                    getter=lambda i=i: this._inputs[i],
                    setter=lambda value, i=i: this._inputs.__setitem__(i, value),
                )
            )
        for i, name in enumerate(GUESS):
            self.register_variable(
                Real(
                    f"{_GUESS_PREFIX}{name}",
                    description=f"Estimate of {name} from which the search starts; 0: none",
                    causality=Fmi2Causality.input,
                    variability=Fmi2Variability.continuous,
                    getter=lambda i=i: this._estimates[i],
                    setter=lambda value, i=i: this._estimates.__setitem__(i, value),
                )
            )
        for i, quantity in enumerate(RESULT_QUANTITIES.values()):
            self.register_variable(
                _SIReal(
                    quantity,
                    causality=Fmi2Causality.output,
                    variability=Fmi2Variability.continuous,
                    initial=Fmi2Initial.calculated,
                    getter=lambda i=i: this._results[i],
                )
            )
        self.register_variable(
            Integer(
                "operating_status",
                description="1 solved, 3 no solution and last result held",
                causality=Fmi2Causality.output,
                variability=Fmi2Variability.discrete,
                initial=Fmi2Initial.calculated,
                getter=lambda: int(this._status),
            )
        )
        self.register_variable(
            String(
                "message",
                description="Why there is no solution",
                causality=Fmi2Causality.output,
                variability=Fmi2Variability.discrete,
                initial=Fmi2Initial.calculated,
                getter=lambda: this._message,
            )
        )

    def to_xml(self, model_options: dict[str, str] | None = None) -> Element:
        """Complete pythonfmu's model description by what FMI 2.0 asks for.

        There is no time of generation: equal sources give equal bytes.
        """
        root = super().to_xml(model_options or {})
        del root.attrib["generationDateAndTime"]
        units = Element("UnitDefinitions")
        for name in sorted({q.unit for q in (BOUNDARY_QUANTITIES | RESULT_QUANTITIES).values()}):
            SubElement(units, "Unit", {"name": name})
        root.insert(1, units)
        structure = root.find("ModelStructure")
        inputs = " ".join(str(i + 1) for i in range(FIRST_RESULT))
        for unknown in structure.find("Outputs"):
            unknown.set("dependencies", "")
        initial = SubElement(structure, "InitialUnknowns")
        for index in range(FIRST_RESULT + 1, MESSAGE_REFERENCE + 2):
            SubElement(initial, "Unknown", {"index": str(index), "dependencies": inputs})
        return root


class _SIReal(Real):
    """Adds to pythonfmu's variable the unit, which it does not write."""

    def __init__(self, quantity: Quantity, **kwargs: Any) -> None:
        super().__init__(quantity.name, description=quantity.description, **kwargs)
        self._unit = quantity.unit

    def to_xml(self) -> Element:
        node = super().to_xml()
        node[0].set("unit", self._unit)
        return node


class _Guess:
    """The estimate that a host has given, as `HeatPumpCycle` wants one."""

    def __init__(self) -> None:
        self.values: dict[str, float] = dict.fromkeys(GUESS, 0.0)

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Return a point with the estimates in it; raises `SolveError` where none is given."""
        if not all(self.values[q] for q in ("m_flow_refrigerant", "p_low", "p_high")):
            raise SolveError("no estimate")
        return OperatingPoint(**(dict.fromkeys(RESULT_QUANTITIES, 0.0) | self.values))


@atexit.register
def _let_go_of_all() -> None:
    """Free what instances hold that their host has not freed, before Python ends.

    The libraries behind TESPy print a warning for each object that is left then.
    """
    for slave in list(_alive):
        slave._let_go()
    gc.collect()
