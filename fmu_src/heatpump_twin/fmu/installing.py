"""Put the host shell into an FMU that pythonfmu has built."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .compiling import PLATFORMS, compile_shell
from .sharing import Phase

DESCRIPTION = "resources/host_shell.txt"

# Only the heat pump's FMU has this file.
MAP = "resources/performance_map.json"


def with_shell(entries: dict[str, bytes]) -> dict[str, bytes]:
    """Give an FMU's files with the shell in the place of pythonfmu's library.

    Parameters
    ----------
    entries : dict of str to bytes
        Content by name, as pythonfmu's builder packs it.

    Returns
    -------
    dict of str to bytes
        The same with the shell as the library that hosts load, pythonfmu's library beside it, and
        what the shell has to know of the FMU in its resources.
    """
    root = ElementTree.fromstring(entries["modelDescription.xml"])
    identifier = _co_simulation(root).get("modelIdentifier", "")
    result = dict(entries)
    for platform, (_, suffix) in PLATFORMS.items():
        library = f"binaries/{platform}/{identifier}{suffix}"
        result[f"binaries/{platform}/pythonfmu-export{suffix}"] = result[library]
        result[library] = compile_shell(platform)
    shares = MAP in entries
    result[DESCRIPTION] = description_for_shell(root, shares=shares).encode("utf-8")
    return result


def description_for_shell(root: Element, *, shares: bool = False) -> str:
    """Write what the shell has to know of an FMU, as lines that host_shell.c reads.

    Parameters
    ----------
    root : Element
        The model description.
    shares : bool
        Whether the slave hands over memory and messages, as that of the heat pump does.
    """
    co_simulation = _co_simulation(root)
    state = [
        int(co_simulation.get(name, "false") == "true")
        for name in ("canGetAndSetFMUstate", "canSerializeFMUstate")
    ]
    lines = [f"guid {root.get('guid')}", f"state {state[0]} {state[1]}"]
    for variable in root.iterfind("ModelVariables/ScalarVariable"):
        # Enumerations are set and read as integers.
        letter = {"Enumeration": "I"}.get(variable[0].tag, variable[0].tag[0])
        reference, name = variable.get("valueReference"), variable.get("name")
        lines.append(f"{reference} {letter} {_settable(variable).value} {name}")
    if shares:
        lines.append("shares")
    return "".join(f"{line}\n" for line in lines)


def _co_simulation(root: Element) -> Element:
    found = root.find("CoSimulation")
    if found is None:
        raise ValueError("the model description is of no FMU for co-simulation")
    return found


def _settable(variable: Element) -> Phase:
    """The phases in which FMI 2.0 (section 2.2.7) lets a host set a variable."""
    causality = variable.get("causality", "local")
    variability = variable.get("variability", "continuous")
    if variability == "constant" or causality == "independent":
        return Phase(0)
    if causality == "input":
        return Phase.INSTANTIATED | Phase.INITIALIZATION | Phase.STEP_COMPLETE
    initial = variable.get("initial", "exact" if causality == "parameter" else "calculated")
    phases = Phase(0)
    if initial in ("exact", "approx"):
        phases |= Phase.INSTANTIATED
    if initial == "exact":
        phases |= Phase.INITIALIZATION
    if causality == "parameter" and variability == "tunable":
        phases |= Phase.STEP_COMPLETE
    return phases
