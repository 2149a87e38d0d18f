"""Find and read TOML files that users write, without what is needed to check them.

A wrong name is told at once: pydantic, pint and pandas take a second to import.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from heatpump_twin.model.errors import InputError

MACHINES = Path(__file__).resolve().parent / "shipped"
DEFAULT_MACHINE = "mci_lab"


def machine_path(name_or_path: str) -> Path:
    """Find a machine file by path or by the name of a machine that the project ships.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        if path.is_dir():
            raise InputError(f"machine file {path}: is a folder")
        if not path.is_file():
            raise InputError(f"machine file {path}: no such file")
        if path.suffix != ".toml":
            raise InputError(f"machine file {path}: expected a .toml file")
        return path
    shipped = MACHINES / f"{name_or_path}.toml"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(p.stem for p in MACHINES.glob("*.toml")))
    raise InputError(
        f"unknown machine {name_or_path!r}; expected the path of a .toml file or one of: {known}"
    )


def shipped_machines() -> dict[str, str]:
    """Return name and title of each machine that the project ships."""
    return {
        path.stem: read_toml(path, "machine file")["title"]
        for path in sorted(MACHINES.glob("*.toml"))
    }


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Read a TOML file that a user wrote.

    Raises
    ------
    InputError
        If it cannot be read; the message names the file and, for a syntax error, the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{kind} {path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{kind} {path}: not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{kind} {path}: not valid TOML: {error}") from error
