"""Put fitted time constants into a machine file; everything else stays as its author wrote it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import tomlkit

from heatpump_twin.machine_files.machine_file import MachineFile, read_machine_file
from heatpump_twin.machine_files.units import from_si
from heatpump_twin.model.machine import SECTIONS
from heatpump_twin.model.quantities import with_unit
from heatpump_twin.outputs import staged

from .calibrating import entry
from .record import record_path
from .time_constants import DYNAMICS, Fitted, TimeConstants

#: Key under which the machine file names the log in its [sources].
SOURCE = "calibration_log"


def was_fitted_to(machine_file: MachineFile, log: str) -> bool:
    """Whether the time constants of a machine file were fitted to the log of that name."""
    return f" of log {log} (" in machine_file.sources.get(SOURCE, "")


def save_time_constants(found: TimeConstants, machine: Path, path: Path) -> list[Path]:
    """Write the machine file, and beside it the record of its steady calibration, if there is one.

    Steady answers do not depend on time constants, so that record is the new file's, too.

    Parameters
    ----------
    found : TimeConstants
        To be written.
    machine : Path
        Machine file that was fitted; it may be the same.
    path : Path
        To write.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    document = tomlkit.parse(machine.read_text(encoding="utf-8-sig"))
    descriptor = found.series.descriptor
    document["sources"][SOURCE] = (
        f"Fitted by heatpump-twin calibrate to the starts and stops of log {descriptor.name} "
        f"(recorded: {descriptor.date}). Data: {descriptor.source}"
    )
    if DYNAMICS not in document:
        document[DYNAMICS] = tomlkit.table()
    table: Any = document[DYNAMICS]
    for fitted in found.fitted:
        old = table.get(fitted.key)
        si_unit = SECTIONS[DYNAMICS][fitted.key].unit
        unit = str(old["unit"]) if old else si_unit
        table[fitted.key] = entry(
            from_si(fitted.value, unit, si_unit),
            unit,
            from_si(fitted.standard_error, unit, si_unit),
            _note(fitted, descriptor.name, old),
            SOURCE,
        )
    written = [path]
    record = record_path(machine)
    with staged(path.parent, f"output {path}") as stage:
        machine_file = stage / path.name
        machine_file.write_text(tomlkit.dumps(document), encoding="utf-8")
        read_machine_file(machine_file)
        if record.is_file():
            shutil.copyfile(record, record_path(machine_file))
            written.append(record_path(path))
    if not record.is_file():
        # It would be one of an earlier machine file.
        record_path(path).unlink(missing_ok=True)
    return written


def _note(fitted: Fitted, log: str, old: Any) -> str:
    event = "stop" if fitted.key.startswith(("stop", "pump")) else "start"
    events = f"{fitted.events} {event}{'s' if fitted.events > 1 else ''}"
    before = (
        f"{with_unit(old['value'], str(old['unit']))} by {old['source']}" if old else "the default"
    )
    return f"fitted to {fitted.quantity} of {events} of {log}; before: {before}"
