"""A data set folder to begin with: an example with comments, to be replaced by the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from heatpump_twin.model.errors import InputError

TEMPLATES = ("descriptor.toml", "data.csv", "start.toml")


def template(name: str) -> str:
    """Return the text of one of `TEMPLATES`."""
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def check_free(folder: Path) -> list[Path]:
    """Return where the files of a new data set go.

    Raises
    ------
    InputError
        If the folder holds one of them, which is kept.
    """
    paths = [folder / name for name in TEMPLATES]
    taken = [path.name for path in paths if path.exists() or path.is_symlink()]
    if taken:
        raise InputError(
            f"folder {folder}: already holds {', '.join(taken)}, which is kept; choose a folder "
            "without"
        )
    return paths


def write_example(folder: Path) -> list[Path]:
    """Write descriptor, table and start file of an invented machine.

    Parameters
    ----------
    folder : Path
        Made if needed, with its parents. What else it holds is left alone.

    Returns
    -------
    list of Path
        The files, in the order of `TEMPLATES`.

    Raises
    ------
    InputError
        If the folder holds one of them, which is kept, or cannot be written.
    """
    paths = check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(template(path.name))
    except OSError as error:
        raise InputError(f"folder {folder}: cannot be written: {error.strerror}") from error
    return paths
