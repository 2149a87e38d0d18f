"""Where finished maps, compiled libraries and the caches of other packages are kept."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from heatpump_twin.model.errors import InputError
from heatpump_twin.running import folder_until_end

if sys.platform != "win32":
    import fcntl

CACHE_VARIABLE = "HEATPUMP_TWIN_CACHE"

# A process that waits for another one to make the same thing looks so often, s.
_PATIENCE = 0.1


def kept(*parts: str) -> Path:
    """Return the path of a file or folder that is kept from one run to the next.

    It lies in the folder that ``HEATPUMP_TWIN_CACHE`` names or, without it, in the user's cache
    folder. Where that cannot be written, what it holds is still found; anything else goes to a
    temporary folder for this run, and one warning on standard error says so.

    Parameters
    ----------
    *parts : str
        The path below the folder.

    Raises
    ------
    InputError
        If ``HEATPUMP_TWIN_CACHE`` is not set and not even a temporary folder can be made.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).absolute().joinpath(*parts)
    usual = user_cache_path("heatpump-twin")
    place = usual.joinpath(*parts)
    if place.exists() or _can_be_written(usual):
        return place
    return _temporary(usual).joinpath(*parts)


def use_for_other_packages() -> None:
    """Let matplotlib keep its list of fonts here, unless the user has named a folder for it.

    Without a home it would warn and read all fonts again in each run.
    """
    os.environ.setdefault("MPLCONFIGDIR", str(kept("matplotlib")))


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Let one process at a time make what belongs at a place; others wait until it is there.

    Parameters
    ----------
    place : Path
        File or folder to be made; its parent must be there. A lock file is put beside it.
    """
    with place.with_name(f"{place.name}.lock").open("ab") as lock:
        while not _is_locked(lock.fileno()):
            time.sleep(_PATIENCE)
        # The system takes the lock back when the file is closed, also of a killed process.
        yield


def _is_locked(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Some network file systems have no locks; then several processes make the same.
        return True
    return True


@cache
def _can_be_written(folder: Path) -> bool:
    # Without any home, a path may begin with "~", which is no folder.
    if not folder.is_absolute():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def _temporary(usual: Path) -> Path:
    try:
        folder = folder_until_end("heatpump_twin_cache_")
    except OSError as error:
        raise InputError(
            f"cache folder {usual}: cannot be written, and no temporary folder can be made "
            f"({error.strerror or error}); {CACHE_VARIABLE} names another folder"
        ) from error
    print(
        f"warning: cache folder {usual}: cannot be written; what is made is kept for this run "
        f"only; {CACHE_VARIABLE} names another folder",
        file=sys.stderr,
    )
    return folder
