"""The folder of the slave in Python: pythonfmu builds an FMU of it, and ours asks it for points.

``pythonfmu build -f <folder>/tespy_slave_<...>.py <folder>/*`` makes an FMU of it as it comes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from heatpump_twin.model.machine import Machine
from heatpump_twin.model.sizes import DesignState

from .slave import REQUIREMENTS

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
ENTRY = HERE / "slave_entry.py"
ENTRY_NAME = "tespy_slave"

# What the slave imports.
PACKAGES = ("numpy", "CoolProp", "tespy")

# What of the package the slave runs; of `solving` not what only a build needs.
ROOMS = ("model", "solving")
_NOT_RUN = shutil.ignore_patterns("__pycache__", "condensing_unit.py", "quick_cycle.py")


def write_slave_folder(folder: Path, machine: Machine, design_state: DesignState) -> Path:
    """Write the slave of a machine with all that it needs but pythonfmu and the packages.

    Several FMUs may share one interpreter and its modules, so the names of ours end in a hash of
    what is in the folder: each runs its own code.

    Parameters
    ----------
    folder : Path
        Made.
    machine : Machine
        Its parameters.
    design_state : DesignState
        Of the same machine.

    Returns
    -------
    Path
        The script for pythonfmu.
    """
    folder.mkdir(parents=True)
    bundled = folder / PACKAGE.name
    for room in ROOMS:
        shutil.copytree(PACKAGE / room, bundled / room, ignore=_NOT_RUN)
    (bundled / "fmu").mkdir()
    for name in ("__init__.py", "fmu/__init__.py", "fmu/slave.py"):
        shutil.copy(PACKAGE / name, bundled / name)
    machine.save(folder / "machine.json")
    design_state.save(folder / "design_state.json")
    needed = "".join(f"{package}=={version(package)}\n" for package in PACKAGES)
    (folder / REQUIREMENTS).write_text(needed, encoding="utf-8")
    shutil.copy(ENTRY, folder / f"{ENTRY_NAME}.py")
    guid = content_hash(folder)
    (folder / "slave.json").write_text(json.dumps({"guid": guid}) + "\n", encoding="utf-8")
    own_name = f"{PACKAGE.name}_{guid[:12]}"
    bundled.rename(folder / own_name)
    entry = (folder / f"{ENTRY_NAME}.py").rename(folder / f"{ENTRY_NAME}_{guid[:12]}.py")
    _replace(entry, PACKAGE.name, own_name)
    return entry


def add_pythonfmu(folder: Path, entry: Path) -> None:
    """Make the folder one in which pythonfmu's library finds the slave, as its builder does.

    Its package gets a name of ours, since another version of it may be in the same process, and
    only the slave imports it. Its library goes into a folder of each platform, as it is.

    Parameters
    ----------
    folder : Path
        As `write_slave_folder` has written it.
    entry : Path
        The script in it.
    """
    own_name = f"pythonfmu_{entry.stem.removeprefix(f'{ENTRY_NAME}_')}"
    found = find_spec("pythonfmu")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    (folder / own_name).mkdir()
    for file in sorted(package.glob("*.py")):
        shutil.copy(file, folder / own_name)
    (slave,) = folder.glob(f"{PACKAGE.name}_*/fmu/slave.py")
    _replace(slave, "from pythonfmu", f"from {own_name}")
    for library in sorted((package / "resources" / "binaries").glob("*/*")):
        place = folder / library.parent.name / f"pythonfmu-export{library.suffix}"
        place.parent.mkdir(exist_ok=True)
        shutil.copy(library, place)
    (folder / "slavemodule.txt").write_text(entry.stem, encoding="utf-8")


def content_hash(folder: Path) -> str:
    """Return a hash of the names and bytes of all files of a folder; 32 hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode("utf-8") + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
