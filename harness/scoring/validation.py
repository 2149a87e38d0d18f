"""The main job: step an FMU through a data set and score it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heatpump_twin.machine_files.machine_file import machine_path, read_machine_file
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine, identification
from heatpump_twin.solving.cycle import HeatPumpCycle

from ..calibration.record import CalibrationRecord, data_fingerprint, record_path
from ..data.datasets import Dataset
from ..data.screening import screen
from ..stepping.cosimulation import FmuInfo, inspect_fmu, simulate
from .compressor_alone import score_compressor
from .scores import Scores, boundaries, score

# What a log(p)-h diagram needs of an FMU.
CYCLE_OUTPUTS = ("p_low", "p_high", "h_suction", "h_discharge", "h_liquid")


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


def start_of(dataset: Dataset) -> Path:
    """Return the start file that a data set's descriptor names.

    Raises
    ------
    InputError
        If it names none.
    """
    named = dataset.descriptor.start
    if named is None:
        raise InputError(
            f"data set {dataset.descriptor.name}: its descriptor names no start file; add "
            'start = "start.toml" or give one with --machine'
        )
    return dataset.folder / named


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
    path = machine_of(dataset)
    machine = read_machine_file(path).to_machine()
    fmu = inspect_fmu(fmu_path, (*dataset.scored, *CYCLE_OUTPUTS))
    calibration, provenance = calibration_of(dataset, path, machine, fmu)
    if calibration is not None and calibration.flows:
        dataset = dataset.with_flows({q: (f[0], f[1]) for q, f in calibration.flows.items()})
    screening = screen(dataset, HeatPumpCycle(machine))
    simulation = simulate(fmu, boundaries(dataset))
    return Validation(
        score(
            dataset,
            screening,
            fmu,
            simulation,
            calibration,
            provenance,
            score_compressor(dataset, screening, machine),
        ),
        machine,
    )


def calibration_of(
    dataset: Dataset, path: Path, machine: Machine, fmu: FmuInfo
) -> tuple[CalibrationRecord | None, str]:
    """Return the record of the machine's calibration if it applies here, and what it was fitted to.

    Parameters
    ----------
    dataset : Dataset
        To be validated on.
    path : Path
        Machine file, beside which the record lies.
    machine : Machine
        Of that file.
    fmu : FmuInfo
        Its description identifies the machine it was built of.
    """
    if identification(machine) not in fmu.description:
        return None, f"not known: the FMU was not built of this machine file ({machine.name})"
    if not record_path(path).is_file():
        return None, "not known: no record of a calibration lies beside the machine file"
    record = CalibrationRecord.load(record_path(path))
    if record.machine_fingerprint != machine.fingerprint:
        return None, "not known: the machine file was changed after its calibration"
    if record.data_fingerprint != data_fingerprint(dataset):
        return None, f"data set {record.dataset} as it was then, not these records"
    return record, f"{len(record.records)} records of {record.dataset}"
