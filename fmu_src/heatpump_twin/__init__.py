"""Digital twin of a real heat pump, an FMU that proves its accuracy against measurements.

The names below are the Python interface; ``docs/api.md`` shows each at work. They are imported when
they are first asked for: FMUs carry this file, and some hosts have NumPy alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .fmu.build import build
    from .harness.calibration.calibrating import calibrate, save
    from .harness.data.datasets import Dataset, load_dataset
    from .harness.data.plateau_points import points_of, write_points
    from .harness.data.series import load_series
    from .harness.report.folder import write_report
    from .harness.report.series_folder import write_series_report
    from .harness.scoring.comparison import read_baseline
    from .harness.scoring.series_validation import validate_series
    from .harness.scoring.validation import validate
    from .harness.scoring.watching import watch
    from .harness.stepping.session import Session
    from .machine_files.machine_file import read_machine
    from .model.errors import TwinError
    from .model.machine import Machine
    from .model.quantities import Boundary
    from .solving.cycle import HeatPumpCycle

__all__ = [
    "Boundary",
    "Dataset",
    "HeatPumpCycle",
    "Machine",
    "Session",
    "TwinError",
    "build",
    "calibrate",
    "load_dataset",
    "load_series",
    "points_of",
    "read_baseline",
    "read_machine",
    "save",
    "validate",
    "validate_series",
    "watch",
    "write_points",
    "write_report",
    "write_series_report",
]

# Where each name is; tests compare it with the imports above, which are for type checkers.
_MODULES = {
    "Boundary": "model.quantities",
    "Dataset": "harness.data.datasets",
    "HeatPumpCycle": "solving.cycle",
    "Machine": "model.machine",
    "Session": "harness.stepping.session",
    "TwinError": "model.errors",
    "build": "fmu.build",
    "calibrate": "harness.calibration.calibrating",
    "load_dataset": "harness.data.datasets",
    "load_series": "harness.data.series",
    "points_of": "harness.data.plateau_points",
    "read_baseline": "harness.scoring.comparison",
    "read_machine": "machine_files.machine_file",
    "save": "harness.calibration.calibrating",
    "validate": "harness.scoring.validation",
    "validate_series": "harness.scoring.series_validation",
    "watch": "harness.scoring.watching",
    "write_points": "harness.data.plateau_points",
    "write_report": "harness.report.folder",
    "write_series_report": "harness.report.series_folder",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = f"{__name__}.{_MODULES[name]}"
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ImportError(
            f"{name} is not in the part of heatpump-twin that an FMU carries ({__name__}); "
            "install heatpump-twin and import it from heatpump_twin"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
