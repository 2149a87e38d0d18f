"""FMUs as an importer sees them: unpack, start, step."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmpy

from heatpump_twin.core.compiling import PLATFORMS, compile_library
from heatpump_twin.fmu.compiling import OVERRIDE, fmi_headers
from heatpump_twin.harness.stepping.session import Session, Value
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

EMPTY = Path(__file__).with_name("empty.c")
DESCRIPTION = "modelDescription.xml"

# What a host reads after each step.
READ = (*RESULT_QUANTITIES, "operating_status")


def build_empty(heat_pump: Path, output: Path) -> None:
    """Compile the FMU that does nothing, for this platform, with the interface of another.

    Parameters
    ----------
    heat_pump : Path
        FMU whose model description it gets.
    output : Path
        The ``.fmu`` to write.
    """
    files = {EMPTY.name: EMPTY.read_bytes(), **fmi_headers()}
    library = compile_library(fmpy.platform, "empty", files, (OVERRIDE,))
    with zipfile.ZipFile(heat_pump) as archive:
        description = archive.read(DESCRIPTION)
    identifier = fmpy.read_model_description(str(heat_pump)).coSimulation.modelIdentifier
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DESCRIPTION, description)
        name = f"binaries/{fmpy.platform}/{identifier}{PLATFORMS[fmpy.platform].suffix}"
        archive.write(library, name)
        archive.writestr("resources/none.txt", "")


@dataclass(frozen=True)
class Fmu:
    """An unpacked FMU with the heat pump's interface.

    Attributes
    ----------
    description : Any
        FMPy's model description.
    folder : Path
        Where it is unpacked.
    """

    description: Any
    folder: Path

    @classmethod
    def unpack(cls, file: Path, folder: Path) -> Fmu:
        """Unpack a file into a folder."""
        fmpy.extract(str(file), str(folder))
        return cls(fmpy.read_model_description(str(folder)), folder)

    @property
    def library(self) -> Path:
        """The library for this platform."""
        (found,) = (self.folder / "binaries" / fmpy.platform).iterdir()
        return found

    def session(self, solver: str | None = None) -> Session:
        """Return a new instance that is ready for its first step.

        Parameters
        ----------
        solver : str, optional
            Value of the parameter of that name; the FMU's own start value without it.
        """
        return Session(
            self.folder,
            start_values={} if solver is None else {"solver": solver},
            outputs=READ,
            description=self.description,
        )


class Stepper:
    """A session's inputs, step and outputs with their references looked up once.

    Attributes
    ----------
    write : callable
        Sets all inputs in the order of `BOUNDARY_QUANTITIES`.
    advance : callable
        Does a step of a size in s.
    read : callable
        Gives what is in `READ`, in that order.
    """

    def __init__(self, session: Session) -> None:
        self.write: Callable[[Sequence[Value]], None] = session.writer(tuple(BOUNDARY_QUANTITIES))
        self.advance: Callable[[float], None] = session.advance
        self.read: Callable[[], list[Value]] = session.reader(READ)
