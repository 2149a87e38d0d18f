"""The main job: step an FMU through a data set and score it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from heatpump_twin_model.cycle import HeatPumpCycle
from heatpump_twin_model.machine import Machine, identification
from heatpump_twin_model.machine_file import machine_path, read_machine_file

from .cosimulation import FmuInfo, inspect_fmu, simulate
from .datasets import Dataset
from .diagrams import CYCLE_OUTPUTS
from .scores import Scores, boundaries, score
from .screening import screen


@dataclass(frozen=True)
class Validation:
    """Scores of an FMU and the machine of the data set."""

    scores: Scores
    machine: Machine


def machine_of(dataset: Dataset) -> Path:
    """Return the machine file of a data set; a relative path counts from the data set's folder.

    Raises
    ------
    InputError
        If there is none.
    """
    beside = dataset.folder / dataset.descriptor.machine
    return machine_path(str(beside) if beside.is_file() else dataset.descriptor.machine)


def validate(dataset: Dataset, fmu_path: Path) -> Validation:
    """Step the FMU through every record of the data set and score its answers.

    Parameters
    ----------
    dataset : Dataset
        The records.
    fmu_path : Path
        The FMU.

    Raises
    ------
    InputError
        If the data set's machine or the FMU cannot be used.
    CosimulationError
        If the FMU does not run to the last record.
    """
    machine = read_machine_file(machine_of(dataset)).to_machine()
    fmu = inspect_fmu(fmu_path, (*dataset.scored, *CYCLE_OUTPUTS))
    screening = screen(dataset, HeatPumpCycle(machine))
    simulation = simulate(fmu, boundaries(dataset))
    fitted_on = provenance(dataset, machine, fmu)
    return Validation(score(dataset, screening, fmu, simulation, fitted_on), machine)


def provenance(dataset: Dataset, machine: Machine, fmu: FmuInfo) -> str:
    """Say which records the FMU's parameters come from, as far as that can be checked.

    Parameters
    ----------
    dataset : Dataset
        Names the record of the design point.
    machine : Machine
        Of the data set's machine file.
    fmu : FmuInfo
        Its description identifies the machine it was built of.
    """
    if identification(machine) not in fmu.description:
        return f"not known: the FMU was not built of this machine file ({machine.name})"
    record = dataset.descriptor.design_record
    if record is None:
        return "not known: the data set names no design record"
    design = {**vars(machine.design.boundary), **vars(machine.design)}
    recorded = dataset.values.loc[record]
    for name in recorded.index.intersection(list(design)):
        if not math.isclose(recorded[name], design[name], rel_tol=1e-9):
            return f"not known: the machine's design point is not record {record} ({name} differs)"
    return f"record {record} alone"
