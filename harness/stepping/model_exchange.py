"""Steps of a model exchange FMU: FMPy's CVode integrates it over each of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fmpy.model_description import ModelDescription
from fmpy.sundials import CVodeSolver

from .session import SolverError, TerminationError

# A part of a step over which the solver may go without looking for events.
PARTS = 50
MOST_SOLVER_STEPS = 100_000
DEFAULT_TOLERANCE = 1e-6

# A model whose events do not come to rest is faulty.
MOST_UPDATES = 1000

# Times that differ by less than this share of a step are the same.
SAME_TIME = 1e-9


class _ConstantInputs:
    """What CVode asks for inputs that change with time: ours hold over a step."""

    def apply(self, _time: float) -> None:
        """Change nothing."""


class ModelExchangeStepper:
    """Integrates an instance over steps with constant inputs.

    Between steps the instance is in event mode, in which FMI allows to set inputs and to read
    outputs.

    Parameters
    ----------
    instance : FMU2Model or FMU3Model
        Of FMPy; in event mode, as it is after its initialisation.
    description : fmpy.model_description.ModelDescription
        Of its FMU.
    """

    def __init__(self, instance: Any, description: ModelDescription) -> None:
        self._instance = instance
        self._description = description
        self._is_fmi3 = description.fmiVersion.startswith("3.")
        self._solver: CVodeSolver | None = None
        self._next_event = math.inf
        self._error: Exception | None = None

    def step(self, time: float, size: float) -> None:
        """Integrate from `time` over `size`, both in s.

        Raises
        ------
        FMICallException
            If the FMU refuses a call.
        TerminationError
            If it asks for the end of the simulation.
        SolverError
            If the solver gives up.
        """
        end, same = time + size, SAME_TIME * size
        for _ in range(MOST_UPDATES):
            self._update()
            if time >= end - same:
                return
            if self._next_event <= time + same:
                continue
            self._instance.enterContinuousTimeMode()
            if self._solver is None:
                self._solver = self._make_solver(time, size)
            else:
                self._solver.reset(time)
            time = self._integrate(time, min(end, self._next_event), same)
            self._instance.enterEventMode()
        raise SolverError(f"more than {MOST_UPDATES} events in one step")

    def _integrate(self, time: float, target: float, same: float) -> float:
        """Go to `target` or to an event before it; returns the time reached."""
        assert self._solver is not None
        is_event = False
        while not is_event and time < target - same:
            try:
                is_event, _, time = self._solver.step(time, target)
            except Exception as error:  # FMPy raises that class itself
                raise self._error or SolverError(f"CVode gave up at {time:g} s: {error}") from error
            if self._error is not None:
                raise self._error
            self._instance.setTime(time)
            asks, terminates = self._instance.completedIntegratorStep()
            if terminates:
                raise TerminationError(f"it asks for the end of the simulation at {time:g} s")
            is_event = bool(is_event or asks)
        return time

    def _update(self) -> None:
        """Let the model settle its discrete states, and learn of its next event in time."""
        update = getattr(
            self._instance, "updateDiscreteStates" if self._is_fmi3 else "newDiscreteStates"
        )
        for _ in range(MOST_UPDATES):
            again, terminates, _, _, is_defined, next_event = update()
            if terminates:
                raise TerminationError("it asks for the end of the simulation at an event")
            if not again:
                self._next_event = next_event if is_defined else math.inf
                return
        raise SolverError(f"its discrete states do not settle in {MOST_UPDATES} updates")

    def _make_solver(self, time: float, size: float) -> CVodeSolver:
        instance = self._instance
        experiment = self._description.defaultExperiment
        tolerance = experiment.tolerance if experiment is not None else None
        derivatives = "getContinuousStateDerivatives" if self._is_fmi3 else "getDerivatives"
        return CVodeSolver(
            nx=self._description.numberOfContinuousStates,
            nz=self._description.numberOfEventIndicators,
            get_x=self._kept(instance.getContinuousStates),
            set_x=self._kept(instance.setContinuousStates),
            get_dx=self._kept(getattr(instance, derivatives)),
            get_z=self._kept(instance.getEventIndicators),
            get_nominals=self._kept(instance.getNominalsOfContinuousStates),
            set_time=self._kept(instance.setTime),
            input=_ConstantInputs(),
            startTime=time,
            maxStep=size / PARTS,
            relativeTolerance=DEFAULT_TOLERANCE if tolerance is None else float(tolerance),
            maxNumSteps=MOST_SOLVER_STEPS,
        )

    def _kept(self, function: Callable[..., Any]) -> Callable[..., None]:
        """Keep the first error of a function that C calls, where exceptions are lost."""

        def call(*arguments: Any) -> None:
            try:
                function(*arguments)
            except Exception as error:  # noqa: BLE001  raised again after the solver's call
                self._error = self._error or error

        return call
