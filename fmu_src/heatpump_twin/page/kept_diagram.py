"""The log(p)-h diagram of a refrigerant, made once and kept.

What makes it is imported where it is used: CoolProp alone takes longer than the rest of a build
with a finished map.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from heatpump_twin.cache import kept
from heatpump_twin.model.machine import Machine
from heatpump_twin.running import temporary_folder

# What the numbers of a diagram follow from beside the machine.
_HOUSE = Path(__file__).parents[1]
_SOURCES = (_HOUSE / "page" / "diagram.py", _HOUSE / "solving" / "media.py")


def kept_log_p_h(machine: Machine) -> dict[str, Any]:
    """Return what `diagram.log_p_h` gives, from the cache if it is there.

    Parameters
    ----------
    machine : Machine
        Its refrigerant and its limits of pressure.
    """
    envelope = machine.envelope
    on = [machine.refrigerant, envelope.p_low_min, envelope.p_high_max, version("CoolProp")]
    made_by = [file.read_text(encoding="utf-8") for file in _SOURCES]
    name = sha256(json.dumps([*on, *made_by]).encode()).hexdigest()[:16]
    place = kept("diagrams", f"{name}.json")
    found: dict[str, Any] | None = None
    # A file that is missing, or was damaged, is made again.
    with suppress(OSError, ValueError):
        found = json.loads(place.read_text(encoding="utf-8"))
    if found is None:
        from .diagram import log_p_h

        found = log_p_h(machine)
        # Where nothing can be kept, it is made each time.
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with temporary_folder(place.parent, "diagram_") as folder:
                (folder / "new").write_text(json.dumps(found), encoding="utf-8")
                (folder / "new").replace(place)
    return {**found, "note": machine.refrigerant_note}
