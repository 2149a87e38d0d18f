"""The core of the heat pump, which is written in C, for Python.

A library beside this file is used where there is one, as in an FMU; otherwise the core is compiled
once on this computer and kept in the cache.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, c_bool, c_char, c_char_p, c_double, c_int, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from ..model.errors import InputError, SolveError
from ..model.heat_pump import Answer
from ..model.quantities import (
    BOUNDARY_QUANTITIES,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
    Boundary,
    OperatingPoint,
    OperatingStatus,
    Operation,
)
from ..model.settings import SETTINGS
from .layout import MOST_NOTES, NOTE_SIZE

#: Name of the library without its ending, and the ending by `sys.platform`.
LIBRARY = "heat_pump"
_PLATFORMS = {
    "linux": ("linux64", ".so"),
    "win32": ("win64", ".dll"),
    "darwin": ("darwin64", ".dylib"),
}

_Inputs = c_double * len(BOUNDARY_QUANTITIES)
_Results = c_double * len(RESULT_QUANTITIES)
_Why = c_char * NOTE_SIZE
_Operation = c_double * len(OPERATION_QUANTITIES)
_PARAMETERS = {name: i for i, name in enumerate(SETTINGS)}
_SET_POINTS = {name: i for i, name in enumerate(SET_POINT_QUANTITIES)}


class _Note(ctypes.Structure):
    _fields_ = (("cause", c_int), ("text", c_char * NOTE_SIZE))


class _Notes(ctypes.Structure):
    _fields_ = (("count", c_int), ("note", _Note * MOST_NOTES))


class HeatPump:
    """One or more identical heat pumps side by side, answered by the performance map.

    Parameters
    ----------
    map_file : bytes
        What `map_file.map_file` has written.
    library : Path, optional
        Of the core; the one of this computer by default.

    Raises
    ------
    InputError
        If the map file is cut off, altered or of another version, or there is no library.
    """

    def __init__(self, map_file: bytes, library: Path | None = None) -> None:
        self._core = _loaded(library or library_path())
        self._inputs, self._results, self._operation = _Inputs(), _Results(), _Operation()
        self._why, self._notes = _Why(), _Notes()
        self._instance: Any = self._core.heat_pump_make(
            map_file, len(map_file), self._why, NOTE_SIZE
        )
        if not self._instance:
            raise InputError(self._why.value.decode())

    def __del__(self) -> None:
        if getattr(self, "_instance", None):
            self._core.heat_pump_free(self._instance)

    def answer(self, boundary: Boundary, step_size: float = 0.0) -> Answer:
        """Answer any boundary, as a step of the FMU does.

        Parameters
        ----------
        boundary : Boundary
            Temperatures in K, mass flows of all units together in kg/s. Any float is accepted.
        step_size : float
            s; 0 passes on the inputs.

        Returns
        -------
        Answer
            Without a point where the last one is held.
        """
        self._inputs[:] = list(vars(boundary).values())
        status = OperatingStatus(
            self._core.heat_pump_step(
                self._instance, self._inputs, step_size, ctypes.byref(self._notes)
            )
        )
        notes = tuple(
            self._notes.note[i].text.decode("utf-8", "replace") for i in range(self._notes.count)
        )
        is_held = status in (OperatingStatus.SOLVE_FAILED, OperatingStatus.INPUT_REJECTED)
        return Answer(None if is_held else self.results, status, notes)

    @property
    def results(self) -> OperatingPoint:
        """What the last step left, SI units."""
        self._core.heat_pump_results(self._instance, self._results)
        return OperatingPoint(*self._results)

    @property
    def operation(self) -> Operation:
        """How the machine has run since the last reset, SI units."""
        self._core.heat_pump_operation(self._instance, self._operation)
        return Operation(*self._operation)

    def begin(self) -> None:
        """Go on as if the machine had been off until now."""
        self._core.heat_pump_begin(self._instance)

    def reset_totals(self) -> None:
        """Let energies, starts and run time count from now."""
        self._core.heat_pump_reset_totals(self._instance)

    def set_point(self, name: str) -> float:
        """Return a set-point by its name in `SET_POINT_QUANTITIES`; SI units."""
        return float(self._core.heat_pump_get_set_point(self._instance, _SET_POINTS[name]))

    def set_set_point(self, name: str, value: float) -> None:
        """Set it; any value is taken, and looked at in a step."""
        self._core.heat_pump_set_point(self._instance, _SET_POINTS[name], value)

    def choose(self, name: str, choice: str) -> None:
        """Set a parameter that has choices, by its name in `SETTINGS`."""
        self.set_parameter(name, SETTINGS[name].choices.index(choice))

    def off_design(self, boundary: Boundary) -> OperatingPoint:
        """Return the steady operating point of one unit by the map, whatever its limits are.

        Parameters
        ----------
        boundary : Boundary
            Inside the envelope of the machine; K and kg/s.

        Raises
        ------
        SolveError
            If the evaporator's approach is not found, or leads out of the map.
        """
        self._inputs[:] = list(vars(boundary).values())
        if not self._core.heat_pump_map(
            self._instance, self._inputs, self._results, self._why, NOTE_SIZE
        ):
            raise SolveError(self._why.value.decode())
        return OperatingPoint(*self._results)

    def parameter(self, name: str) -> float:
        """Return what a host may set, by its name in `SETTINGS`; SI units."""
        return float(self._core.heat_pump_parameter(self._instance, _PARAMETERS[name]))

    def set_parameter(self, name: str, value: float) -> bool:
        """Set it; False, and nothing changed, for a value out of its range."""
        return bool(self._core.heat_pump_set_parameter(self._instance, _PARAMETERS[name], value))

    @property
    def state(self) -> bytes:
        """All that a later answer depends on."""
        content = ctypes.create_string_buffer(self._core.heat_pump_state_size(self._instance))
        self._core.heat_pump_get_state(self._instance, content)
        return content.raw

    @state.setter
    def state(self, content: bytes) -> None:
        if not self._core.heat_pump_set_state(self._instance, content, len(content)):
            raise InputError("these bytes are no state of this heat pump")


def library_path() -> Path:
    """Return the library of the core for this computer, compiled if need be.

    Raises
    ------
    InputError
        If there is none for this system, or it cannot be compiled.
    """
    platform, suffix = _PLATFORMS.get(sys.platform, ("", ""))
    if not platform:
        raise InputError(f"there is no core for {sys.platform}")
    bundled = Path(__file__).resolve().with_name(LIBRARY + suffix)
    if bundled.is_file():
        return bundled
    # What an FMU carries has no compiler.
    from .compiling import compiled_core

    return compiled_core(platform)


@cache
def _loaded(library: Path) -> Any:
    try:
        core = ctypes.CDLL(str(library))
    except OSError as error:
        raise InputError(f"{library}: cannot be loaded: {error}") from error
    text = POINTER(c_char)
    for name, result, arguments in (
        ("make", c_void_p, (c_char_p, c_size_t, text, c_size_t)),
        ("free", None, (c_void_p,)),
        ("parameter", c_double, (c_void_p, c_int)),
        ("set_parameter", c_bool, (c_void_p, c_int, c_double)),
        ("map", c_bool, (c_void_p, _Inputs, _Results, text, c_size_t)),
        ("step", c_int, (c_void_p, _Inputs, c_double, POINTER(_Notes))),
        ("begin", None, (c_void_p,)),
        ("reset_totals", None, (c_void_p,)),
        ("set_point", None, (c_void_p, c_int, c_double)),
        ("get_set_point", c_double, (c_void_p, c_int)),
        ("operation", None, (c_void_p, _Operation)),
        ("results", None, (c_void_p, _Results)),
        ("state_size", c_size_t, (c_void_p,)),
        ("get_state", None, (c_void_p, c_void_p)),
        ("set_state", c_bool, (c_void_p, c_char_p, c_size_t)),
    ):
        function = getattr(core, f"heat_pump_{name}")
        function.restype, function.argtypes = result, arguments
    return core
