"""One instance of an FMU, stepped through FMPy: open, set, step, read, close.

Needs FMPy and the standard library only, so that a process that hosts an FMU loads no module of the
model but the FMU's own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import fmpy
from fmpy.fmi1 import FMICallException
from fmpy.model_description import ModelDescription
from fmpy.simulation import (
    apply_start_values,
    instantiate_fmu,
    settable_in_initialization_mode,
    settable_in_instantiated,
)

Value: TypeAlias = float | int | bool | str

# Status codes of FMI are the positions in this list; FMI 3.0 has no Pending.
STATUSES = ("fmi2OK", "fmi2Warning", "fmi2Discard", "fmi2Error", "fmi2Fatal", "fmi2Pending")
OK, WARNING, DISCARD, ERROR, FATAL, _ = range(len(STATUSES))

# Categories of messages of the project's own FMUs: why an answer is not the plain one, which goes
# with fmi2OK, and the wish to have that of each step and not of each cause once.
STATUS_CATEGORY, EACH_STEP_CATEGORY = "logOperatingStatus", "logEachStep"

FMI_VERSIONS = ("2.0", "3.0")
CO_SIMULATION, MODEL_EXCHANGE = "CoSimulation", "ModelExchange"


class SessionError(Exception):
    """The FMU could not be opened, or refused a call."""


class TerminationError(Exception):
    """A model asks for the end of the simulation."""


class SolverError(Exception):
    """A model cannot be integrated."""


class StoppedError(SessionError):
    """The FMU discarded a step or asks for the end: it ends the run there."""


@dataclass(frozen=True)
class Message:
    """What an FMU logged.

    Attributes
    ----------
    step : int
        How many steps were done then, so the number of the step under way, counted from 0.
    status : int
        Position in `STATUSES`.
    text : str
        As the FMU wrote it.
    category : str
        As the FMU called it; empty where it named none.
    """

    step: int
    status: int
    text: str
    category: str = ""

    @property
    def is_notice(self) -> bool:
        """Whether it tells of more than a call that went as usual."""
        return self.status >= WARNING or self.category == STATUS_CATEGORY


@dataclass(frozen=True)
class State:
    """The complete state of an instance; of use to the session that gave it alone."""

    handle: Any
    time: float
    steps: int


@dataclass(frozen=True)
class _Group:
    """Variables of one type: their references and their positions among the names asked for."""

    type: str
    references: list[int]
    positions: list[int]


def interface_of(description: ModelDescription) -> str | None:
    """Return by which interface of FMI an FMU is run, None if by none of those known here."""
    if description.fmiVersion not in FMI_VERSIONS:
        return None
    if description.coSimulation is not None:
        return CO_SIMULATION
    return MODEL_EXCHANGE if description.modelExchange is not None else None


class Session:
    """An instance of an FMU of FMI 2.0 or 3.0, ready for its first step.

    An FMU that is for co-simulation and for model exchange is run as the former. A model exchange
    FMU is integrated by FMPy's CVode over each step.

    To be used as a context manager: at the end the instance is terminated and freed, as far as FMI
    allows after what happened.

    Parameters
    ----------
    fmu : Path
        A file, unpacked into a temporary folder for the time of the session, or a folder into which
        one was unpacked.
    start_values : mapping of str to value, optional
        Parameters, and inputs at initialisation; SI units or whatever the FMU declares.
    outputs : sequence of str, optional
        Variables that `get` and `step` give; all outputs of the FMU by default.
    start_time : float
        Of the simulation, s.
    stop_time : float, optional
        Told to the FMU, s; it learns of none by default.
    debug_logging : bool
        Whether the FMU is asked to log all it can.
    stay_in_initialisation : bool
        Whether `leave_initialisation` is left to the caller, who may set and read until then.
    description : fmpy.model_description.ModelDescription, optional
        Of the FMU, where the caller has read it already.

    Attributes
    ----------
    description : fmpy.model_description.ModelDescription
        Of the FMU.
    outputs : tuple of str
        What `get` gives.
    messages : list of Message
        All that was logged so far.
    time : float
        s, at the end of the last step.
    steps : int
        That were done.

    Raises
    ------
    SessionError
        If the FMU cannot be opened, has no such variable, or refuses its initialisation.
    """

    def __init__(
        self,
        fmu: Path,
        *,
        start_values: Mapping[str, Value] | None = None,
        outputs: Sequence[str] | None = None,
        start_time: float = 0.0,
        stop_time: float | None = None,
        debug_logging: bool = False,
        stay_in_initialisation: bool = False,
        description: ModelDescription | None = None,
    ) -> None:
        self.messages: list[Message] = []
        self.time = start_time
        self.steps = 0
        self._worst = OK
        self._is_initialised = False
        self._states: list[State] = []
        self._writers: dict[tuple[str, ...], Callable[[Sequence[Value]], None]] = {}
        with ExitStack() as stack:
            try:
                folder = fmu
                if not fmu.is_dir():
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    fmpy.extract(str(fmu), unzipdir=str(folder))
                self.description = description or fmpy.read_model_description(
                    str(folder), validate=False
                )
                fmi_type = interface_of(self.description)
                if fmi_type is None:
                    raise SessionError(
                        "not an FMU of FMI 2.0 or 3.0 for co-simulation or model exchange"
                    )
                self._is_fmi3 = self.description.fmiVersion == "3.0"
                self._instance = instantiate_fmu(
                    str(folder),
                    self.description,
                    fmi_type,
                    debug_logging=debug_logging,
                    logger=self._log_fmi3 if self._is_fmi3 else self._log,
                )
                self._do_step = self._co_simulation_step
                if fmi_type == MODEL_EXCHANGE:
                    # SUNDIALS is loaded where it is needed.
                    from .model_exchange import ModelExchangeStepper

                    self._do_step = ModelExchangeStepper(self._instance, self.description).step
            except SessionError:
                raise
            except Exception as error:  # FMPy raises that class itself
                raise SessionError(f"cannot be opened: {error}{self._said()}") from error
            stack.callback(self._end)
            categories = [category.name for category in self.description.logCategories]
            if debug_logging and EACH_STEP_CATEGORY in categories:
                self._call(self._instance.setDebugLogging, True, categories)
            self._variables = {v.name: v for v in self.description.modelVariables}
            self.outputs = tuple(
                (name for name, v in self._variables.items() if v.causality == "output")
                if outputs is None
                else outputs
            )
            self._read = self.reader(self.outputs)
            self._initialise(dict(start_values or {}), stop_time)
            if not stay_in_initialisation:
                self.leave_initialisation()
            self._closing = stack.pop_all()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except SessionError:
            # What went wrong first is what matters.
            if error is None:
                raise

    def close(self) -> None:
        """Terminate and free the instance; once closed a session stays closed.

        Raises
        ------
        SessionError
            If the FMU refuses to terminate; it is freed nevertheless.
        """
        self._closing.close()

    def leave_initialisation(self) -> None:
        """Go from initialisation to the first step.

        Raises
        ------
        SessionError
            If the FMU refuses.
        """
        self._call(self._instance.exitInitializationMode)
        self._is_initialised = True

    def step(self, inputs: Mapping[str, Value], size: float) -> dict[str, Value]:
        """Set inputs, do one step over which they hold, and give the outputs at its end.

        Parameters
        ----------
        inputs : mapping of str to value
            Those that change; the others keep their values.
        size : float
            s.

        Raises
        ------
        StoppedError
            If the FMU discards the step.
        SessionError
            If it refuses a call in another way.
        """
        self.set(inputs)
        self.advance(size)
        return self.get()

    def set(self, values: Mapping[str, Value]) -> None:
        """Set variables by name.

        Raises
        ------
        SessionError
            If there is no such variable, or the FMU refuses.
        """
        names = tuple(values)
        if names not in self._writers:
            self._writers[names] = self.writer(names)
        self._writers[names](list(values.values()))

    def advance(self, size: float) -> None:
        """Do one step of `size` in s.

        Raises
        ------
        StoppedError
            If the FMU discards the step.
        SessionError
            If it refuses it in another way.
        """
        try:
            self._do_step(self.time, size)
        except FMICallException as error:
            kind = StoppedError if error.status == DISCARD else SessionError
            raise self._refused(error, kind) from error
        except TerminationError as error:
            raise StoppedError(f"{error}{self._said()}") from error
        except SolverError as error:
            raise SessionError(f"{error}{self._said()}") from error
        self.time += size
        self.steps += 1

    def _co_simulation_step(self, time: float, size: float) -> None:
        # FMI 2.0 gives nothing, FMI 3.0 whether an event came and whether it wants to end.
        told = self._instance.doStep(time, size)
        if self._is_fmi3 and told[1]:
            raise TerminationError(f"it asks for the end of the simulation at {told[3]:g} s")

    def get(self) -> dict[str, Value]:
        """Give the outputs by name.

        Raises
        ------
        SessionError
            If the FMU refuses.
        """
        return dict(zip(self.outputs, self._read(), strict=True))

    def writer(self, names: Sequence[str]) -> Callable[[Sequence[Value]], None]:
        """Return a function that sets variables, given their values in the order of `names`.

        For who sets the same ones again and again.

        Raises
        ------
        SessionError
            If there is no such variable.
        """
        groups = [
            (getattr(self._instance, f"set{g.type}"), g.references, g.positions)
            for g in self._groups(names)
        ]

        def write(values: Sequence[Value]) -> None:
            try:
                for setter, references, positions in groups:
                    setter(references, [values[i] for i in positions])
            except FMICallException as error:
                raise self._refused(error) from error

        return write

    def reader(self, names: Sequence[str]) -> Callable[[], list[Value]]:
        """Return a function that gives the values of variables in the order of `names`.

        Raises
        ------
        SessionError
            If there is no such variable.
        """
        groups = self._groups(names)
        getters = [(self._getter(g.type), g.references) for g in groups]
        order = [i for g in groups for i in g.positions]
        is_sorted = order == sorted(order)
        places = sorted(range(len(order)), key=order.__getitem__)

        def read() -> list[Value]:
            values: list[Value] = []
            try:
                for getter, references in getters:
                    values += getter(references)
            except FMICallException as error:
                raise self._refused(error) from error
            return values if is_sorted else [values[i] for i in places]

        return read

    def save_state(self) -> State:
        """Take the complete state of the instance.

        Raises
        ------
        SessionError
            If the FMU cannot, or refuses.
        """
        interface = self.description.coSimulation or self.description.modelExchange
        if not interface.canGetAndSetFMUstate:
            raise SessionError("cannot save its state: it declares no canGetAndSetFMUstate")
        state = State(self._call(self._instance.getFMUState), self.time, self.steps)
        self._states.append(state)
        return state

    def restore_state(self, state: State) -> None:
        """Go back to a state, which stays of use.

        Raises
        ------
        SessionError
            If the FMU refuses.
        """
        self._call(self._instance.setFMUState, state.handle)
        self.time, self.steps = state.time, state.steps

    def free_state(self, state: State) -> None:
        """Give up a state before the session ends, which gives up all others.

        Raises
        ------
        SessionError
            If the FMU refuses.
        """
        self._states.remove(state)
        self._call(self._instance.freeFMUState, state.handle)

    def state_bytes(self, state: State) -> bytes:
        """Write a state as bytes, which another session of the same FMU may take.

        Raises
        ------
        SessionError
            If the FMU cannot, or refuses.
        """
        if not self.can_write_states:
            raise SessionError("cannot write its state: it declares no canSerializeFMUstate")
        return bytes(self._call(self._instance.serializeFMUState, state.handle))

    def state_of(self, content: bytes, time: float, steps: int) -> State:
        """Return the state that `state_bytes` wrote, for `restore_state`.

        Parameters
        ----------
        content : bytes
            Of the same FMU.
        time, steps : float, int
            Those of the state: s, and how many steps were done.

        Raises
        ------
        SessionError
            If the FMU refuses the bytes.
        """
        handle = self._call(self._instance.deserializeFMUState, content)
        state = State(handle, time, steps)
        self._states.append(state)
        return state

    @property
    def can_write_states(self) -> bool:
        """Whether the FMU can write its state as bytes."""
        interface = self.description.coSimulation or self.description.modelExchange
        return bool(interface.canGetAndSetFMUstate and interface.canSerializeFMUstate)

    def _initialise(self, start_values: dict[str, Value], stop_time: float | None) -> None:
        """Set start values where FMI allows each, and enter the initialisation mode."""
        self._groups(tuple(start_values))
        experiment = self.description.defaultExperiment
        tolerance = experiment.tolerance if experiment is not None else None
        settings = {
            "tolerance": None if tolerance is None else float(tolerance),
            "startTime": self.time,
            "stopTime": stop_time,
        }
        if not self._is_fmi3:
            self._call(self._instance.setupExperiment, **settings)
            settings = {}
        left = self._apply(start_values, settable_in_instantiated)
        self._call(self._instance.enterInitializationMode, **settings)
        left = self._apply(left, settable_in_initialization_mode)
        if left:
            raise SessionError(f"does not let its start values be set: {', '.join(left)}")

    def _apply(self, values: dict[str, Value], settable: Callable[[Any], bool]) -> dict[str, Value]:
        left: dict[str, Value] = self._call(
            apply_start_values, self._instance, self.description, values, settable
        )
        return left

    def _groups(self, names: Sequence[str]) -> list[_Group]:
        unknown = [name for name in names if name not in self._variables]
        if unknown:
            raise SessionError(f"has no variable {', '.join(unknown)}")
        groups: dict[str, _Group] = {}
        for position, name in enumerate(names):
            variable = self._variables[name]
            kind = variable.type
            if kind == "Enumeration":
                kind = "Int64" if self._is_fmi3 else "Integer"
            group = groups.setdefault(kind, _Group(kind, [], []))
            group.references.append(variable.valueReference)
            group.positions.append(position)
        return list(groups.values())

    def _getter(self, kind: str) -> Callable[[list[int]], list[Value]]:
        getter: Callable[[list[int]], list[Any]] = getattr(self._instance, f"get{kind}")
        # FMPy decodes the texts of FMI 3.0 itself.
        if kind == "String" and not self._is_fmi3:
            return lambda references: [(text or b"").decode() for text in getter(references)]
        if kind == "Boolean":
            return lambda references: [bool(value) for value in getter(references)]
        return getter

    def _log(
        self, _environment: Any, _name: bytes, status: int, category: bytes | None, text: bytes
    ) -> None:
        texts = (part.decode("utf-8", "replace") for part in (text, category or b""))
        self.messages.append(Message(self.steps, status, *texts))

    def _log_fmi3(self, environment: Any, status: int, category: bytes, text: bytes) -> None:
        self._log(environment, b"", status, category, text)

    def _call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except FMICallException as error:
            raise self._refused(error) from error

    def _refused(
        self, error: FMICallException, kind: type[SessionError] = SessionError
    ) -> SessionError:
        self._worst = max(self._worst, error.status)
        status = STATUSES[error.status]
        if self._is_fmi3:
            status = status.replace("fmi2", "fmi3")
        return kind(f"{error.function} returned {status} at {self.time:g} s{self._said()}")

    def _said(self) -> str:
        """The last warning or worse of the step under way, to be added to a message."""
        texts = [m.text for m in self.messages if m.step == self.steps and m.is_notice]
        return f"; it logged: {texts[-1]}" if texts else ""

    def _end(self) -> None:
        # After an error FMI allows to free, after a fatal one nothing at all; and terminating is
        # for an instance that was initialised.
        if self._worst == FATAL:
            return
        try:
            while self._states:
                self.free_state(self._states[-1])
            if self._is_initialised and self._worst < ERROR:
                self._call(self._instance.terminate)
        finally:
            if self._worst != FATAL:
                self._instance.freeInstance()
