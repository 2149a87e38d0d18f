"""The main job: step an FMU through a data set and judge it.

The verdict is about the FMU that was stepped: its own answers are scored and limited, whoever built
it. What is known of the fit to these data is said of it only if it gives the answers of that fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from heatpump_twin.machine_files.files import machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine, identification

from ..calibration.record import CalibrationRecord, data_fingerprint, record_path
from ..data.datasets import OF_THE_FMU, Dataset
from ..data.files import DESCRIPTOR
from ..data.fmu_map import FmuMap
from ..data.screening import Screening, screen
from ..progress import Progress, no_progress
from ..stepping.replay import inspect_fmu
from .comparison import compare
from .compressor_alone import score_compressor
from .connection import connect
from .scores import Scores, boundaries, score
from .scores_file import ScoresFile


@dataclass(frozen=True)
class Validation:
    """Scores of an FMU and the machine of the data set."""

    scores: Scores
    machine: Machine

    def compared_with(self, baseline: ScoresFile, margin: float) -> Validation:
        """Return the validation with its errors beside those of a baseline.

        Parameters
        ----------
        baseline : ScoresFile
            From `read_baseline`.
        margin : float
            By how much an error may grow, percentage points or K.
        """
        comparison = compare(self.scores.to_file(), baseline, margin)
        return replace(self, scores=replace(self.scores, comparison=comparison))


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


def validate(
    dataset: Dataset,
    fmu_path: Path,
    progress: Progress = no_progress,
    fmu_map: FmuMap | None = None,
    map_source: str = "",
) -> Validation:
    """Step the FMU through every record of the data set and score its answers.

    Parameters
    ----------
    dataset : Dataset
        The records.
    fmu_path : Path
        The FMU.
    progress : Progress
        Told of the records that are screened and stepped, and of fits.
    fmu_map : FmuMap, optional
        Names, units and signs of the FMU's variables, where they are not those of the project.
    map_source : str
        Where the map comes from, in words.

    Raises
    ------
    InputError
        If the data set's machine, its limits, the record of its calibration, the FMU or its map
        cannot be used.
    CosimulationError
        If the FMU does not run to the last record.
    """
    _check_limits(dataset)
    fingerprint = data_fingerprint(dataset)
    path = machine_of(dataset)
    machine_file = read_machine_file(path)
    machine = machine_file.to_machine()
    fmu = inspect_fmu(fmu_path)
    connection = connect(fmu, dataset, fmu_map, map_source)
    is_of_machine = identification(machine) in fmu.description
    calibration, provenance = calibration_of(dataset, path)
    found_before = calibration  # what its records are worth does not depend on the FMU either
    if calibration is not None:
        if calibration.machine_fingerprint == machine.fingerprint:
            # What the flows were does not depend on the FMU.
            dataset = calibration.with_flows_found(dataset)
        elif is_of_machine:
            raise InputError(
                f"calibration record {record_path(path)}: of another build than FMU {fmu_path} and "
                f"machine file {path}: the machine file was changed after its calibration; "
                "calibrate again, or take the record away to have the FMU judged as built"
            )
    if not is_of_machine:
        calibration = None
        provenance = f"not known: the FMU was not built of this machine file ({machine.name})"
    elif fmu.certificate and fmu.certificate.machine_fingerprint != machine.fingerprint:
        raise InputError(
            f"FMU {fmu_path}: its certificate is of another build: it is for machine "
            f"{fmu.certificate.machine_fingerprint[:12]}, the FMU is of {machine.fingerprint[:12]}"
        )
    begin = perf_counter()
    screening = screen(dataset, machine, progress)
    if found_before is not None:
        screening = screening.without(found_before.outliers)
    _check_limited_fields(dataset, screening)
    screened = perf_counter()
    simulation = connection.run(fmu, boundaries(dataset), progress)
    stepped = perf_counter()
    scores = score(
        dataset,
        screening,
        fmu,
        simulation,
        calibration,
        provenance,
        score_compressor(dataset, screening, machine, progress),
        machine_file.relative_map_tolerance,
        fingerprint,
        connection,
    )
    seconds = {
        "screening": screened - begin,
        "stepping": stepped - screened,
        "scoring": perf_counter() - stepped,
    }
    return Validation(replace(scores, seconds=seconds), machine)


def calibration_of(dataset: Dataset, path: Path) -> tuple[CalibrationRecord | None, str]:
    """Return the record of a machine's calibration to a data set, and what it was fitted to.

    Parameters
    ----------
    dataset : Dataset
        To be validated on.
    path : Path
        Machine file, beside which the record lies.

    Returns
    -------
    CalibrationRecord or None
        None if there is none for these data. Its `machine_fingerprint` may be that of another
        state of the machine file.
    str
        The records that the machine's parameters come from, in words.

    Raises
    ------
    InputError
        If the record cannot be used.
    """
    if not record_path(path).is_file():
        return None, "not known: no record of a calibration lies beside the machine file"
    record = CalibrationRecord.load(record_path(path))
    if record.data_fingerprint != data_fingerprint(dataset):
        return None, f"data set {record.dataset} as it was then, not these records"
    return record, f"{len(record.records)} records of {record.dataset}"


def _check_limits(dataset: Dataset) -> None:
    """Refuse limits that leave the FMU itself without any.

    Raises
    ------
    InputError
        If there are limits, but none for an FMU as built or none for one that is the fit.
    """
    by_split = dataset.descriptor.thresholds.by_split
    lacking = [split for split in OF_THE_FMU if not by_split[split]]
    if any(by_split.values()) and lacking:
        raise InputError(
            f"descriptor {dataset.folder / DESCRIPTOR}: has limits, but none in "
            f"[thresholds.{lacking[0]}], so that an FMU would go unjudged; give limits in "
            "[thresholds.as_built] for any FMU, and in [thresholds.fitted] for the one that is the "
            "fit to these records"
        )


def _check_limited_fields(dataset: Dataset, screening: Screening) -> None:
    """Refuse limits of quantities that screening took out.

    Raises
    ------
    InputError
        If a quantity has a limit and is not scored.
    """
    for split, limits in dataset.descriptor.thresholds.by_split.items():
        for quantity in limits:
            field = screening.fields[quantity]
            if not field.usable:
                raise InputError(
                    f"descriptor {dataset.folder / DESCRIPTOR}: thresholds.{split}.{quantity}: "
                    f"not scored, so that no limit can be checked: {'; '.join(field.reasons)}"
                )
