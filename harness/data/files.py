"""Find a data set without the libraries that read it, whose import takes seconds."""

from __future__ import annotations

from pathlib import Path

import heatpump_twin
from heatpump_twin.machine_files.files import read_toml
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


def shipped_datasets() -> dict[str, str]:
    """Return name and title of each data set that the project ships."""
    return {
        path.parent.name: read_toml(path, "descriptor")["title"]
        for path in sorted(DATASETS.glob(f"*/{DESCRIPTOR}"))
    }
