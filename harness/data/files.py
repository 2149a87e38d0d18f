"""Find a data set without the libraries that read it, whose import takes seconds."""

from __future__ import annotations

from pathlib import Path

import heatpump_twin
from heatpump_twin.machine_files.files import read_toml
from heatpump_twin.model.errors import InputError

DATASETS = Path(heatpump_twin.__file__).resolve().parent / "validation_data"
DEFAULT_DATASET = "mci_lab"
DESCRIPTOR = "descriptor.toml"

#: Table of a descriptor that only logs have.
TIME = "time"


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
    """Return name and title of each data set of points that the project ships."""
    return _titles(of_logs=False)


def shipped_logs() -> dict[str, str]:
    """Return name and title of each log that the project describes; the files may be of others."""
    return _titles(of_logs=True)


def is_series(name_or_path: str) -> bool:
    """Whether a data set is a log; its descriptor has a table ``[time]`` then."""
    return TIME in read_toml(dataset_folder(name_or_path) / DESCRIPTOR, "descriptor")


def _titles(of_logs: bool) -> dict[str, str]:
    read = {p: read_toml(p, "descriptor") for p in sorted(DATASETS.glob(f"*/{DESCRIPTOR}"))}
    return {p.parent.name: d["title"] for p, d in read.items() if (TIME in d) == of_logs}
