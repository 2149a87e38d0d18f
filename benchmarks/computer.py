"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("heatpump-twin", "FMPy", "pythonfmu", "numpy", "scipy", "tespy", "CoolProp")


@dataclass(frozen=True)
class Computer:
    """A computer and its software.

    Attributes
    ----------
    processor, system : str
        Names.
    cores : int
        Processors that the operating system sees.
    memory : int
        Bytes.
    load : float
        Processes that were running in the minute before, on average: 0 on a quiet machine.
    versions : dict of str to str
        Of Python and the packages that matter.
    """

    processor: str
    system: str
    cores: int
    memory: int
    load: float
    versions: dict[str, str]


def this_computer() -> Computer:
    """Describe the computer that this runs on."""
    return Computer(
        _processor(),
        f"{_distribution()}, {platform.machine()}",
        os.cpu_count() or 1,
        int(psutil.virtual_memory().total),
        psutil.getloadavg()[0],
        {"Python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
