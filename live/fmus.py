"""The FMUs that sessions may run: those of the server's machines, and those that clients bring."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import fmpy
from fmpy.model_description import ModelDescription

from heatpump_twin.core.map_file import NAME as MAP_FILE
from heatpump_twin.harness.stepping.replay import CERTIFICATE, inspect_fmu
from heatpump_twin.map_making.certificate import Certificate
from heatpump_twin.model.errors import InputError
from heatpump_twin.model.machine import Machine
from heatpump_twin.running import folder_until_end

from .problems import Problem

# Of an FMU that a client brings: bytes of the file and of its content, files in it.
MOST_BYTES, MOST_CONTENT, MOST_FILES = 100 * 2**20, 500 * 2**20, 5000
# FMUs of clients that the server keeps.
MOST_UPLOADED = 20

_MACHINE = "resources/machine.json"


@dataclass(frozen=True)
class Fmu:
    """One FMU.

    Attributes
    ----------
    id : str
        Hash of the file.
    path : Path
        The file.
    is_ours : bool
        Whether the server built it, so that it may share a process with others.
    """

    id: str
    path: Path
    is_ours: bool
    _unpacked: list[Path] = field(default_factory=list)

    @cached_property
    def description(self) -> ModelDescription:
        """Its model description."""
        return fmpy.read_model_description(str(self.path), validate=False)

    @property
    def folder(self) -> Path:
        """Where it is unpacked for the time of the server."""
        if not self._unpacked:
            folder = folder_until_end("heatpump_twin_fmu_")
            fmpy.extract(str(self.path), unzipdir=str(folder))
            self._unpacked.append(folder)
        return self._unpacked[0]

    @cached_property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Inputs, outputs and parameters as its model description declares them."""
        return {
            v.name: _variable(v)
            for v in self.description.modelVariables
            if v.causality in ("input", "output", "parameter")
        }

    @cached_property
    def machine(self) -> Machine | None:
        """The machine of an FMU of this project."""
        content = self._resource(_MACHINE)
        return None if content is None else Machine.from_dict(json.loads(content))

    @property
    def certificate(self) -> Certificate | None:
        """That of an FMU of this project."""
        content = self._resource(CERTIFICATE)
        return None if content is None else Certificate.parse(content, f"FMU {self.path}")

    @property
    def map_file(self) -> bytes | None:
        """The performance map of an FMU of this project."""
        return self._resource(f"resources/{MAP_FILE}")

    def of(self, causality: str) -> list[str]:
        """Names of its variables of a causality."""
        return [name for name, v in self.variables.items() if v["causality"] == causality]

    def start(self) -> dict[str, Any]:
        """Start values of its inputs."""
        return {name: self.variables[name]["start"] for name in self.of("input")}

    def _resource(self, name: str) -> bytes | None:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name) if name in archive.namelist() else None


def _variable(v: Any) -> dict[str, Any]:
    declared = v.declaredType

    def of(name: str) -> Any:
        own = getattr(v, name, None)
        return own if own is not None else getattr(declared, name, None)

    def number(text: Any) -> float | None:
        return None if text is None else float(text)

    items = of("items") or []
    start: Any = v.start
    if v.type in ("Real", "Float64", "Float32"):
        start = number(start) if start is not None else 0.0
    elif v.type == "Boolean":
        start = str(start).lower() in ("true", "1")
    elif v.type != "String":
        start = int(start) if start is not None else 0
    return {
        "causality": v.causality,
        "type": v.type,
        "unit": of("unit") or "",
        "minimum": number(of("min")),
        "maximum": number(of("max")),
        "start": start,
        "description": v.description or "",
        "items": {str(item.value): item.name for item in items},
        "is_tunable": v.causality == "input" or v.variability == "tunable",
    }


class Fmus:
    """FMUs by their hash, and the machines of the server by name.

    Parameters
    ----------
    folder : Path
        Keeps the files, since sessions outlive the server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Fmu] = {}
        self.machines: dict[str, Fmu] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add_machine(self, path: Path) -> Fmu:
        """Take an FMU of the project that the server has built; its name is the machine's."""
        fmu = self._keep(path.read_bytes(), is_ours=True)
        if fmu.machine is None or fmu.certificate is None:
            raise InputError(f"FMU {path}: not one of heatpump-twin: it has no machine in it")
        self.machines[fmu.machine.name] = fmu
        return fmu

    def add(self, content: bytes) -> Fmu:
        """Take an FMU that a client has brought.

        Raises
        ------
        Problem
            If it is none, cannot be run here, or its archive is not safe to unpack.
        """
        uploaded = [f for f in self._known.values() if not f.is_ours]
        if len(uploaded) >= MOST_UPLOADED:
            raise Problem(
                429,
                "too-many-fmus",
                f"The server keeps {MOST_UPLOADED} FMUs of clients at most; "
                "delete one that no session runs.",
            )
        known = self._known.get(sha256(content).hexdigest()[:32])
        if known is not None:
            return known
        candidate = folder_until_end("heatpump_twin_upload_") / "uploaded.fmu"
        candidate.write_bytes(content)
        try:
            _check_archive(candidate)
            inspect_fmu(candidate)
        except InputError as error:
            text = str(error).replace(f"FMU {candidate}: ", "")
            raise Problem(422, "no-fmu", f"This is no FMU that can be run here: {text}") from error
        finally:
            shutil.rmtree(candidate.parent, ignore_errors=True)
        return self._keep(content, is_ours=False)

    def get(self, id: str) -> Fmu:
        """Return an FMU by its hash.

        Raises
        ------
        Problem
            If there is none.
        """
        if id not in self._known:
            file = self._folder / f"{id}.fmu"
            if not re.fullmatch("[0-9a-f]{32}", id) or not file.is_file():
                raise Problem(404, "unknown-fmu", "There is no such FMU.")
            # Of an earlier run of the server; whoever brought it then, it runs alone.
            self._known[id] = Fmu(id, file, is_ours=False)
        return self._known[id]

    def machine(self, name: str) -> Fmu:
        """Return the FMU of a machine.

        Raises
        ------
        Problem
            If the server has no such machine.
        """
        if name not in self.machines:
            raise Problem(
                404,
                "unknown-machine",
                f"The server has no such machine; it has {', '.join(self.machines)}.",
            )
        return self.machines[name]

    def remove(self, id: str, used: set[str]) -> None:
        """Forget an FMU of a client.

        Raises
        ------
        Problem
            If there is none, or it is the server's own, or `used` by a session.
        """
        fmu = self.get(id)
        if fmu.is_ours or id in used:
            raise Problem(
                409, "fmu-in-use", "Only an FMU that a client has brought and no session runs goes."
            )
        del self._known[id]
        for folder in fmu._unpacked:
            shutil.rmtree(folder, ignore_errors=True)
        fmu.path.unlink(missing_ok=True)

    def keep_only(self, ids: set[str]) -> None:
        """Remove files of FMUs that no session runs and the server does not offer."""
        for file in self._folder.glob("*.fmu"):
            if file.stem not in ids and file.stem not in self._known:
                file.unlink(missing_ok=True)

    def _keep(self, content: bytes, is_ours: bool) -> Fmu:
        id = sha256(content).hexdigest()[:32]
        path = self._folder / f"{id}.fmu"
        if not path.is_file() or path.read_bytes() != content:
            partial = path.with_suffix(".partial")
            try:
                partial.write_bytes(content)
                partial.replace(path)
            except OSError as error:
                partial.unlink(missing_ok=True)
                raise Problem(
                    507, "not-stored", f"The server cannot keep the FMU: {error.strerror}."
                ) from error
        self._known[id] = Fmu(id, path, is_ours)
        return self._known[id]


def _check_archive(path: Path) -> None:
    """Refuse archives that write elsewhere or grow without end when they are unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    # The standard library raises NotImplementedError for archives that need a later version of zip.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise InputError(f"not a zip file, or a damaged one: {error}") from error
    if len(entries) > MOST_FILES:
        raise InputError(f"{len(entries)} files; at most {MOST_FILES} are taken")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_CONTENT:
        raise InputError(
            f"its content has {size / 2**20:.0f} MB; at most {MOST_CONTENT / 2**20:.0f} are taken"
        )
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.startswith("/") or ":" in name or ".." in name.split("/") or is_link:
            raise InputError(f"{entry.filename!r} would be written outside its folder")
