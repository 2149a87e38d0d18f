"""Step the heat pump's FMU by FMPy as fast as Python can: arrays and arguments are made once.

FMPy's own functions make the arrays of C anew at each call, which takes longer than the heat pump.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import Array, c_double, c_int, c_size_t, c_uint, c_void_p
from pathlib import Path
from typing import TypeAlias

import fmpy
from fmpy.fmi2 import FMU2Slave
from fmpy.simulation import apply_start_values

# Steps to a time with a step size, and gives the outputs; both in s.
Step: TypeAlias = Callable[[float, float], None]


class FmuError(Exception):
    """The FMU lacks a variable, or has ended its run."""


@contextmanager
def opened(
    fmu: Path,
    parameters: Mapping[str, float | str],
    inputs: Sequence[str],
    outputs: Sequence[str],
    start: Mapping[str, float],
) -> Iterator[tuple[Step, Array[c_double], Array[c_double]]]:
    """Open an FMU for co-simulation of FMI 2.0, initialised and ready for its first step.

    Parameters
    ----------
    fmu : Path
        The file.
    parameters : mapping of str to float or str
        What differs from the FMU's own.
    inputs, outputs : sequence of str
        Names of real variables.
    start : mapping of str to float
        Inputs that stay, and all others at the begin.

    Yields
    ------
    step, given, answered
        A function that goes on from a time by a step size in s, and the arrays of inputs and
        outputs, in the order of their names.

    Raises
    ------
    FmuError
        If the FMU lacks a variable, or does not go on.
    """
    with tempfile.TemporaryDirectory() as folder:
        fmpy.extract(str(fmu), unzipdir=folder)
        description = fmpy.read_model_description(folder)
        references = {v.name: v.valueReference for v in description.modelVariables}
        missing = {*start, *parameters, *inputs, *outputs} - set(references)
        if missing:
            raise FmuError(f"it lacks {', '.join(sorted(missing))}; build it anew")
        instance = FMU2Slave(
            guid=description.guid,
            unzipDirectory=folder,
            modelIdentifier=description.coSimulation.modelIdentifier,
            instanceName="heat_pump",
        )
        instance.instantiate()
        try:
            instance.setupExperiment()
            apply_start_values(instance, description, {**start, **parameters})
            instance.enterInitializationMode()
            instance.exitInitializationMode()
            to_set, to_get = (
                (c_uint * len(names))(*(references[name] for name in names))
                for names in (inputs, outputs)
            )
            given, answered = (c_double * len(inputs))(), (c_double * len(outputs))()
            set_real, do_step, get_real = (
                getattr(instance.dll, f"fmi2{name}") for name in ("SetReal", "DoStep", "GetReal")
            )
            component = c_void_p(instance.component)
            how_many, asked_for, stays = c_size_t(len(inputs)), c_size_t(len(outputs)), c_int(1)

            def step(time: float, size: float) -> None:
                if (
                    set_real(component, to_set, how_many, given)
                    or do_step(component, c_double(time), c_double(size), stays)
                    or get_real(component, to_get, asked_for, answered)
                ):
                    raise FmuError(f"the FMU ended its run at {time:g} s; see its log")

            yield step, given, answered
            instance.terminate()
        finally:
            instance.freeInstance()
