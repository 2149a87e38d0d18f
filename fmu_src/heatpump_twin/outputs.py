"""Where results go: checked before any work, and written in one move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heatpump_twin.model.errors import InputError
from heatpump_twin.running import temporary_folder, uninterrupted


def check_output_file(path: Path, suffix: str | None = None) -> None:
    """Check that a file can be written, before any work is done for it; leaves nothing.

    Parameters
    ----------
    path : Path
        The file; its folder is made when it is written.
    suffix : str, optional
        What its name has to end in.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    if suffix is not None and path.suffix != suffix:
        raise InputError(f"output {path}: expected a file name that ends in {suffix}")
    if path.is_dir():
        raise InputError(f"output {path}: cannot be written: is a folder")
    with _writing(f"output {path}"):
        _try(path.parent, path.name)


def check_output_folder(folder: Path) -> None:
    """Check that files can be written into a folder, before any work is done; leaves nothing.

    Raises
    ------
    InputError
        If they cannot.
    """
    with _writing(f"output folder {folder}"):
        _try(folder, "file")


@contextmanager
def staged(folder: Path, what: str) -> Iterator[Path]:
    """Give a folder for new files, which all take their places when the block has ended well.

    Until then nothing changes; the files are moved in the order in which their paths sort.

    Parameters
    ----------
    folder : Path
        Where the files go, with the folders that the block makes; made if it is not there.
    what : str
        Begins the message of an error, as ``output x.fmu``.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    # Beside the place, so that moving is not copying.
    with _writing(what), temporary_folder(_nearest(folder), ".heatpump_twin_") as stage:
        yield stage
        with uninterrupted():
            for file in sorted(p for p in stage.rglob("*") if p.is_file()):
                place = folder / file.relative_to(stage)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(file, place)


def _try(folder: Path, name: str) -> None:
    base = _nearest(folder)
    with temporary_folder(base, ".heatpump_twin_") as probe:
        made = probe / folder.absolute().relative_to(base)
        made.mkdir(parents=True, exist_ok=True)
        (made / name).touch()


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not (folder.exists() or folder.is_symlink()):
        folder = folder.parent
    return folder


@contextmanager
def _writing(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{what}: cannot be written: {error.strerror or error}") from error
