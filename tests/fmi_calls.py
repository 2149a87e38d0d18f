"""Calls of FMI as a C host makes them, with the statuses and log lines that come back.

For scripts in a process of their own: ``from fmi_calls import Calls``.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

OK, WARNING, DISCARD, ERROR, FATAL = range(5)

_Logger = CFUNCTYPE(None, c_void_p, c_char_p, c_int, c_char_p, c_char_p)


class _Callbacks(Structure):
    _fields_ = (
        ("logger", _Logger),
        ("allocate", c_void_p),
        ("free", c_void_p),
        ("step_finished", c_void_p),
        ("environment", c_void_p),
    )


_ARGUMENTS: dict[str, list[Any]] = {
    "SetupExperiment": [c_int, c_double, c_double, c_int, c_double],
    "DoStep": [c_double, c_double, c_int],
    "SetDebugLogging": [c_int, c_size_t, POINTER(c_char_p)],
    "GetDirectionalDerivative": [c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_void_p],
    "SetRealInputDerivatives": [c_void_p, c_size_t, c_void_p, c_void_p],
    "GetRealOutputDerivatives": [c_void_p, c_size_t, c_void_p, c_void_p],
    "SetFMUstate": [c_void_p],
    "SerializedFMUstateSize": [c_void_p, c_void_p],
    "SerializeFMUstate": [c_void_p, c_void_p, c_size_t],
    "DeSerializeFMUstate": [c_void_p, c_size_t, c_void_p],
    "GetStatus": [c_int, c_void_p],
    "GetRealStatus": [c_int, c_void_p],
    "GetBooleanStatus": [c_int, c_void_p],
}
_TYPES = {"Real": c_double, "Integer": c_int, "Boolean": c_int, "String": c_char_p}


class Calls:
    """One instance. ``calls.DoStep(0.0, 1.0, 1)`` gives a status, ``calls.log`` what was logged."""

    def __init__(self, unzipped: str, **changes: Any) -> None:
        folder = Path(unzipped)
        root = ElementTree.parse(folder / "modelDescription.xml").getroot()
        variables = root.findall("ModelVariables/ScalarVariable")
        self.reference = {v.get("name"): int(v.get("valueReference")) for v in variables}
        # Value references of the results.
        self.outputs = [
            int(v.get("valueReference"))
            for v in variables
            if v.get("causality") == "output" and v[0].tag == "Real"
        ]
        (library,) = folder.glob("binaries/linux64/*.so")
        self.library = ctypes.CDLL(str(library))
        self.log: list[tuple[int, str]] = []
        self.categories: list[str] = []
        self._logger = _Logger(self._keep)
        self._callbacks = _Callbacks(self._logger, None, None, None, None)
        instantiate = self.library.fmi2Instantiate
        instantiate.restype = c_void_p
        instantiate.argtypes = [c_char_p, c_int, c_char_p, c_char_p, c_void_p, c_int, c_int]
        given = {
            "name": b"one",
            "type": 1,
            "guid": root.get("guid").encode(),
            "location": (folder / "resources").as_uri().encode(),
            "callbacks": ctypes.addressof(self._callbacks),
            "logging": 1,
        } | changes
        self.instance = instantiate(*list(given.values())[:5], 0, given["logging"])

    def _keep(self, _: Any, name: bytes, status: int, category: bytes, text: bytes) -> None:
        self.log.append((status, text.decode()))
        self.categories.append(category.decode())

    def choose(self, *categories: bytes) -> int:
        """Choose categories of messages; gives the status."""
        array = (c_char_p * max(len(categories), 1))(*(categories or (b"",)))
        return int(self.SetDebugLogging(1, len(categories), array))

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.library, f"fmi2{name}")
        function.argtypes = [c_void_p, *_ARGUMENTS.get(name, [])]
        if name[3:] in _TYPES:
            function.argtypes = [c_void_p, c_void_p, c_size_t, c_void_p]
        return lambda *arguments: function(self.instance, *arguments)

    def set(self, kind: str, name: str | int, value: Any) -> int:
        """Set a variable by its name or a reference; gives the status."""
        reference = ctypes.c_uint(self.reference.get(name, name))  # type: ignore[arg-type]
        memory = _TYPES[kind](value)
        return int(getattr(self, f"Set{kind}")(ctypes.byref(reference), 1, ctypes.byref(memory)))

    def get(self, kind: str, name: str | int) -> tuple[int, Any]:
        """Give the status and the value of a variable."""
        reference = ctypes.c_uint(self.reference.get(name, name))  # type: ignore[arg-type]
        memory = _TYPES[kind]()
        status = getattr(self, f"Get{kind}")(ctypes.byref(reference), 1, ctypes.byref(memory))
        return int(status), memory.value

    def start(self) -> None:
        """Go to the first step."""
        assert self.SetupExperiment(0, 0.0, 0.0, 0, 0.0) == OK
        assert self.EnterInitializationMode() == OK
        assert self.ExitInitializationMode() == OK
