"""FMUs as an importer sees them: unpack, start, step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fmpy
from pythonfmu.builder import FmuBuilder

from heatpump_twin.harness.stepping.session import Session, Value
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES

EMPTY_SLAVE = Path(__file__).with_name("empty_slave.py")

# What a host reads after each step.
READ = (*RESULT_QUANTITIES, "operating_status")


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
    """

    description: Any
    folder: Path

    @classmethod
    def unpack(cls, file: Path, folder: Path) -> Fmu:
        """Unpack a file into a folder."""
        fmpy.extract(str(file), str(folder))
        return cls(fmpy.read_model_description(str(folder)), folder)

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
