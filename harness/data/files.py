"""Find what a command is given, without the libraries that read it, which take seconds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import heatpump_twin
from heatpump_twin.model.errors import InputError

DATASETS = Path(heatpump_twin.__file__).resolve().parent / "validation_data"
DEFAULT_DATASET = "mci_lab"
DESCRIPTOR = "descriptor.toml"


def dataset_folder(name_or_path: str) -> Path:
    """Find a data set by path of its folder or by the name of a shipped one.

    Raises
    ------
    InputError
        If there is none.
    """
    for folder in (Path(name_or_path), DATASETS / name_or_path):
        if (folder / DESCRIPTOR).is_file():
            return folder
    known = ", ".join(sorted(p.parent.name for p in DATASETS.glob(f"*/{DESCRIPTOR}")))
    raise InputError(
        f"unknown data set {name_or_path!r}; expected a folder that holds a {DESCRIPTOR}, "
        f"or one of: {known}"
    )


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
