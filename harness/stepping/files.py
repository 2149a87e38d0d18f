"""Check an FMU file without the libraries that run it, whose import takes seconds."""

from __future__ import annotations

import zipfile
from pathlib import Path

from heatpump_twin.model.errors import InputError


def check_fmu_file(path: Path) -> None:
    """Check that an FMU is there and is a zip file.

    Raises
    ------
    InputError
        If it is not.
    """
    if not path.is_file():
        raise InputError(f"FMU {path}: {'is a folder' if path.is_dir() else 'no such file'}")
    if not zipfile.is_zipfile(path):
        raise InputError(f"FMU {path}: not a zip file, or a damaged one, so not an FMU")
