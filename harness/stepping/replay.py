"""Step an FMU through rows of inputs with FMPy, as any importer would.

The FMU runs in a process of its own: it loads its own copy of the model, whatever the harness has
imported, and if it ends its process, the harness lives to say so.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import fmpy
import pandas as pd
from fmpy.model_description import ModelDescription

from heatpump_twin.map_making.certificate import Certificate
from heatpump_twin.model.errors import InputError
from heatpump_twin.running import run_process, temporary_folder

from ..errors import CosimulationError
from ..progress import Progress, no_progress
from .files import check_fmu_file
from .session import FMI_VERSIONS, Value, interface_of

STATUS = "operating_status"

# Where an FMU of ours says how far its performance map may be off, and of which machine it is.
CERTIFICATE, MACHINE = "resources/certificate.json", "resources/machine.json"

# Step of one record, s; each answer of our FMUs is steady, so any length gives the same.
STEP_SIZE = 60.0

# Seconds without a further answer. A single step of the slowest machine takes well below a second:
# an FMU that takes this much longer is not going to answer. Start and end may take longer.
TIMEOUT_OF_RECORD = 30.0
TIMEOUT_OF_START = 120.0


@dataclass(frozen=True)
class VariableInfo:
    """A variable of an FMU.

    Attributes
    ----------
    name, causality, variability, type : str
        As FMI has them.
    unit : str
        That the FMU declares; empty if none.
    is_array : bool
        Whether it has dimensions, which FMI 3.0 allows.
    """

    name: str
    causality: str
    variability: str
    type: str
    unit: str
    is_array: bool


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
    fmi_version, interface : str
        By which it is run: ``"2.0"`` or ``"3.0"``, ``"CoSimulation"`` or ``"ModelExchange"``.
    variables : dict of str to VariableInfo
        By name.
    certificate : Certificate or None
        How far its performance map may be off; FMUs of others have none.
    least_speed : float or None
        At which its machine runs all the time; FMUs of others do not say.
    """

    path: Path
    model_name: str
    description: str
    guid: str
    generation_tool: str
    sha256: str
    fmi_version: str
    interface: str
    variables: dict[str, VariableInfo]
    certificate: Certificate | None = None
    least_speed: float | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its output variables."""
        return tuple(name for name, v in self.variables.items() if v.causality == "output")


@dataclass(frozen=True)
class CosimulationResult:
    """Outputs at the end of each step and what the FMU logged.

    Attributes
    ----------
    outputs : pandas.DataFrame
        One row a record, one column an output.
    messages : dict of int to tuple of str
        Warnings and errors that the FMU logged, by record.
    seconds : dict of int to float
        What each step took, by record, s.
    """

    outputs: pd.DataFrame
    messages: dict[int, tuple[str, ...]]
    seconds: dict[int, float]


def inspect_fmu(path: Path) -> FmuInfo:
    """Check that an FMU can be run here, without running it.

    Raises
    ------
    InputError
        If it is no FMU, of another version or interface of FMI, or has no binary for this platform.
    """
    check_fmu_file(path)
    try:
        description: ModelDescription = fmpy.read_model_description(str(path), validate=False)
    except Exception as error:
        raise InputError(f"FMU {path}: its modelDescription.xml cannot be read: {error}") from error
    if description.fmiVersion not in FMI_VERSIONS:
        raise InputError(
            f"FMU {path}: of FMI {description.fmiVersion}; expected {' or '.join(FMI_VERSIONS)}"
        )
    interface = interface_of(description)
    if interface is None:
        raise InputError(f"FMU {path}: neither for co-simulation nor for model exchange")
    platforms = fmpy.supported_platforms(str(path))
    if fmpy.platform not in platforms:
        raise InputError(
            f"FMU {path}: no binary for this platform, {fmpy.platform}; it has: "
            f"{', '.join(platforms) or 'none'}"
        )
    return FmuInfo(
        path=path,
        model_name=description.modelName,
        description=description.description or "",
        guid=description.guid,
        generation_tool=description.generationTool or "",
        sha256=sha256(path.read_bytes()).hexdigest(),
        fmi_version=description.fmiVersion,
        interface=interface,
        variables={
            v.name: VariableInfo(
                v.name,
                v.causality or "local",
                v.variability or "continuous",
                v.type,
                v.unit or (v.declaredType.unit if v.declaredType else None) or "",
                bool(v.dimensions),
            )
            for v in description.modelVariables
        },
        **_of_ours(path),
    )


def _of_ours(path: Path) -> dict[str, Any]:
    """What an FMU of ours says of itself beside FMI: certificate and least speed."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if CERTIFICATE not in names:
            return {}
        certificate = Certificate.parse(archive.read(CERTIFICATE), f"FMU {path}, {CERTIFICATE}")
        if MACHINE not in names:
            return {"certificate": certificate}
        machine = archive.read(MACHINE)
    try:
        least_speed = float(json.loads(machine)["envelope"]["minimum"]["compressor_speed"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"FMU {path}, {MACHINE}: no machine: {error!r}") from error
    return {"certificate": certificate, "least_speed": least_speed}


def replay(
    fmu: FmuInfo,
    inputs: pd.DataFrame,
    *,
    outputs: Sequence[str] | None = None,
    start_values: Mapping[str, Value] | None = None,
    step_size: float = STEP_SIZE,
    progress: Progress = no_progress,
) -> CosimulationResult:
    """Step the FMU through rows of inputs, one step each, and take outputs at each step's end.

    Parameters
    ----------
    fmu : FmuInfo
        From `inspect_fmu`.
    inputs : pandas.DataFrame
        One row a record, columns variables of the FMU, in its units.
    outputs : sequence of str, optional
        Variables of the FMU; all its outputs by default.
    start_values : mapping of str to value, optional
        Of further variables.
    step_size : float
        s.
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
                    "inputs": {name: list(inputs[name]) for name in inputs},
                    "outputs": list(fmu.outputs if outputs is None else outputs),
                    "start_values": dict(start_values or {}),
                    "step_size": step_size,
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
            watch=_Watch(fmu, inputs.index, folder / "progress", progress),
        )
        if not response.is_file():
            lines = process.stderr.strip().splitlines() or ["it printed nothing"]
            raise CosimulationError(
                f"FMU {fmu.path}: its process ended with code {process.returncode} before a "
                f"result: {lines[-1]}"
            )
        result = json.loads(response.read_text(encoding="utf-8"))
    steps, failure = len(result["steps"]), result["failure"]
    if steps < len(inputs):
        raise CosimulationError(
            f"FMU {fmu.path}: stopped after {steps} of {len(inputs)} records, before record "
            f"{inputs.index[steps]}: {failure}"
        )
    if failure is not None:
        raise CosimulationError(f"FMU {fmu.path}: did not end after the last record: {failure}")
    answers = pd.DataFrame(result["steps"], index=inputs.index)
    messages: dict[int, tuple[str, ...]] = {}
    for step, text in result["messages"]:
        record = int(inputs.index[min(step, steps - 1)])
        messages[record] = (*messages.get(record, ()), text)
    seconds = dict(zip(map(int, inputs.index), result["seconds"], strict=True))
    return CosimulationResult(answers, messages, seconds)


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
