"""FMUs as an importer sees them: unpack, start, step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmpy
from fmpy.fmi2 import FMU2Slave
from pythonfmu.builder import FmuBuilder

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

EMPTY_SLAVE = Path(__file__).with_name("empty_slave.py")


def build_empty(folder: Path) -> Path:
    """Build the slave that does nothing, by pythonfmu alone."""
    built: Path = FmuBuilder.build_FMU(EMPTY_SLAVE, dest=folder / "empty.fmu")
    return built


@dataclass(frozen=True)
class Fmu:
    """An unpacked FMU with the heat pump's interface.

    Attributes
    ----------
    description : Any
        FMPy's model description.
    folder : Path
        Where it is unpacked.
    inputs, outputs, status : list of int
        Value references of the inputs, of the real outputs and of `operating_status`.
    """

    description: Any
    folder: Path
    inputs: list[int]
    outputs: list[int]
    status: list[int]

    @classmethod
    def unpack(cls, file: Path, folder: Path) -> Fmu:
        """Unpack a file into a folder."""
        description = fmpy.read_model_description(str(file))
        fmpy.extract(str(file), str(folder))
        reference = {v.name: v.valueReference for v in description.modelVariables}
        return cls(
            description,
            folder,
            [reference[q] for q in BOUNDARY_QUANTITIES],
            [reference[q] for q in RESULT_QUANTITIES],
            [reference["operating_status"]],
        )

    def start(self, solver: str | None = None) -> Any:
        """Return a new instance that is ready for its first step.

        Parameters
        ----------
        solver : str, optional
            Value of the parameter of that name; the FMU's own start value without it.
        """
        instance = FMU2Slave(
            guid=self.description.guid,
            unzipDirectory=str(self.folder),
            modelIdentifier=self.description.coSimulation.modelIdentifier,
            instanceName="benchmark",
        )
        instance.instantiate()
        instance.setupExperiment(startTime=0.0)
        if solver is not None:
            (reference,) = (
                v.valueReference for v in self.description.modelVariables if v.name == "solver"
            )
            instance.setString([reference], [solver])
        instance.enterInitializationMode()
        instance.exitInitializationMode()
        return instance

    def step(
        self, instance: Any, inputs: Sequence[float], time: float, size: float
    ) -> tuple[list[float], int]:
        """Set all inputs, step, and return all outputs and the status."""
        instance.setReal(self.inputs, inputs)
        instance.doStep(time, size)
        return instance.getReal(self.outputs), instance.getInteger(self.status)[0]


def stop(instance: Any) -> None:
    """End an instance."""
    instance.terminate()
    instance.freeInstance()
