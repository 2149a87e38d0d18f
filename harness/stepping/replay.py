"""Step an FMU through recorded boundaries with FMPy, as any importer would.

The FMU runs in a process of its own: it loads its own copy of the model, whatever the harness has
imported, and if it ends its process, the harness lives to say so.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import fmpy
import pandas as pd
from fmpy.model_description import ModelDescription

from heatpump_twin.map_making.certificate import Certificate
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES
from heatpump_twin.running import run_process, temporary_folder

from ..errors import CosimulationError
from ..progress import Progress, no_progress
from .files import check_fmu_file

STATUS = "operating_status"

# Where an FMU of ours says how far its performance map may be off.
CERTIFICATE = "resources/certificate.json"

# Steps of one record; each answer is steady, so any length gives the same.
STEP_SIZE = 60.0

# Seconds without a further answer. A single step of the slowest machine takes well below a second:
# an FMU that takes this much longer is not going to answer. Start and end may take longer.
TIMEOUT_OF_RECORD = 30.0
TIMEOUT_OF_START = 120.0


@dataclass(frozen=True)
class FmuInfo:
    """An FMU that can be run here.

    Attributes
    ----------
    path : Path
        The file.
    model_name, description, guid, generation_tool : str
        From its ``modelDescription.xml``.
    sha256 : str
        Of the file.
    outputs : tuple of str
        Names of its output variables.
    certificate : Certificate or None
        How far its performance map may be off; FMUs of others have none.
    """

    path: Path
    model_name: str
    description: str
    guid: str
    generation_tool: str
    sha256: str
    outputs: tuple[str, ...]
    certificate: Certificate | None = None


@dataclass(frozen=True)
class CosimulationResult:
    """Outputs at the end of each step and what the FMU logged.

    Attributes
    ----------
    outputs : pandas.DataFrame
        One row a record, one column an output, SI units.
    messages : dict of int to tuple of str
        Warnings and errors that the FMU logged, by record.
    seconds : dict of int to float
        What each step took, by record, s.
    """

    outputs: pd.DataFrame
    messages: dict[int, tuple[str, ...]]
    seconds: dict[int, float]


def inspect_fmu(path: Path, needed_outputs: tuple[str, ...]) -> FmuInfo:
    """Check that an FMU can be run here and has what is needed, without running it.

    Raises
    ------
    InputError
        If it is no FMU, has no binary for this platform, or lacks an input or a needed output.
    """
    check_fmu_file(path)
    try:
        description: ModelDescription = fmpy.read_model_description(str(path), validate=False)
    except Exception as error:
        raise InputError(f"FMU {path}: its modelDescription.xml cannot be read: {error}") from error
    if description.coSimulation is None:
        raise InputError(f"FMU {path}: not for co-simulation")
    platforms = fmpy.supported_platforms(str(path))
    if fmpy.platform not in platforms:
        raise InputError(
            f"FMU {path}: no binary for this platform, {fmpy.platform}; it has: "
            f"{', '.join(platforms) or 'none'}"
        )
    by_causality: dict[str, set[str]] = {"input": set(), "output": set()}
    for variable in description.modelVariables:
        by_causality.setdefault(variable.causality, set()).add(variable.name)
    for causality, needed in (
        ("input", tuple(BOUNDARY_QUANTITIES)),
        ("output", (*needed_outputs, STATUS)),
    ):
        missing = [name for name in needed if name not in by_causality[causality]]
        if missing:
            raise InputError(
                f"FMU {path}: lacks the {causality} {', '.join(missing)}; it has: "
                f"{', '.join(sorted(by_causality[causality])) or 'none'}"
            )
    return FmuInfo(
        path=path,
        model_name=description.modelName,
        description=description.description or "",
        guid=description.guid,
        generation_tool=description.generationTool or "",
        sha256=sha256(path.read_bytes()).hexdigest(),
        outputs=tuple(v.name for v in description.modelVariables if v.causality == "output"),
        certificate=_certificate(path),
    )


def _certificate(path: Path) -> Certificate | None:
    with zipfile.ZipFile(path) as archive:
        if CERTIFICATE not in archive.namelist():
            return None
        return Certificate.parse(archive.read(CERTIFICATE), f"FMU {path}, {CERTIFICATE}")


def replay(
    fmu: FmuInfo, boundaries: pd.DataFrame, progress: Progress = no_progress
) -> CosimulationResult:
    """Step the FMU through boundaries, one step each, and take the outputs at each step's end.

    Parameters
    ----------
    fmu : FmuInfo
        From `inspect_fmu`.
    boundaries : pandas.DataFrame
        One row a record, columns the names of `BOUNDARY_QUANTITIES`, SI units.
    progress : Progress
        Told of the records that are answered.

    Raises
    ------
    CosimulationError
        If the FMU ends its process, raises, hangs, or stops before the last record.
    """
    with temporary_folder() as folder:
        request, response = folder / "request.json", folder / "response.json"
        request.write_text(
            json.dumps(
                {
                    "fmu": str(fmu.path.resolve()),
                    "inputs": {name: list(boundaries[name]) for name in BOUNDARY_QUANTITIES},
                    "outputs": fmu.outputs,
                    "step_size": STEP_SIZE,
                    "progress": str(folder / "progress"),
                }
            ),
            encoding="utf-8",
        )
        process = run_process(
            [
                sys.executable,
                "-P",
                "-m",
                "heatpump_twin.harness.stepping.replay_worker",
                str(request),
                str(response),
            ],
            # FMPy unzips the FMU there; it stays if the FMU ends the process.
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))},
            watch=_Watch(fmu, boundaries.index, folder / "progress", progress),
        )
        if not response.is_file():
            lines = process.stderr.strip().splitlines() or ["it printed nothing"]
            raise CosimulationError(
                f"FMU {fmu.path}: its process ended with code {process.returncode} before a "
                f"result: {lines[-1]}"
            )
        result = json.loads(response.read_text(encoding="utf-8"))
    steps, failure = len(result["steps"]), result["failure"]
    if steps < len(boundaries):
        raise CosimulationError(
            f"FMU {fmu.path}: stopped after {steps} of {len(boundaries)} records, before record "
            f"{boundaries.index[steps]}: {failure}"
        )
    if failure is not None:
        raise CosimulationError(f"FMU {fmu.path}: did not end after the last record: {failure}")
    outputs = pd.DataFrame(result["steps"], index=boundaries.index)
    messages: dict[int, tuple[str, ...]] = {}
    for step, text in result["messages"]:
        record = int(boundaries.index[min(step, steps - 1)])
        messages[record] = (*messages.get(record, ()), text)
    seconds = dict(zip(map(int, boundaries.index), result["seconds"], strict=True))
    return CosimulationResult(outputs, messages, seconds)


class _Watch:
    """Tell how many records are answered, and end an FMU that gives no further answer."""

    def __init__(
        self, fmu: FmuInfo, records: pd.Index[int], file: Path, progress: Progress
    ) -> None:
        self._fmu, self._records, self._file, self._progress = fmu, records, file, progress
        self._done, self._since = 0, time.monotonic()

    def __call__(self) -> None:
        done = self._read()
        if done != self._done:
            self._done, self._since = done, time.monotonic()
            self._progress("stepping the FMU", done, len(self._records))
        is_between = 0 < done < len(self._records)
        timeout = TIMEOUT_OF_RECORD if is_between else TIMEOUT_OF_START
        if time.monotonic() > self._since + timeout:
            is_all = done == len(self._records)
            place = "at its end" if is_all else f"to record {self._records[done]}"
            raise CosimulationError(
                f"FMU {self._fmu.path}: no answer {place} after {timeout:.0f} s"
            )

    def _read(self) -> int:
        try:
            return int(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):  # not there yet, or just being written
            return self._done
