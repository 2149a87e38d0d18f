"""The FMU's modelDescription.xml, from the declaration of its variables."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import version
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from heatpump_twin.model.machine import SECTIONS, Machine, identification
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, SET_POINT_QUANTITIES, Quantity

from .start_values import StartValues
from .variables import BOOLEAN, INTEGER, REAL, VARIABLES, Variable

# FMI base units: exponents of kg, m, s, K.
_UNITS = {
    "1": {},
    "K": {"K": 1},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "W": {"kg": 1, "m": 2, "s": -3},
    "kg/s": {"kg": 1, "s": -1},
    "J/kg": {"m": 2, "s": -2},
    "J": {"kg": 1, "m": 2, "s": -2},
    "s": {"s": 1},
    "1/K": {"K": -1},
}

_DISPLAY_UNITS = {
    "K": {"name": "degC", "factor": "1", "offset": "-273.15"},
    "J": {"name": "kWh", "factor": repr(1 / 3.6e6)},
    "s": {"name": "h", "factor": repr(1 / 3600.0)},
}

_LOG_CATEGORIES = {
    "logOperatingStatus": "Answers that are not the plain one: 1st, 10th, 100th ... of a cause",
    "logEachStep": "The same at each step, for a host that asks for it by this name",
    "logStatusDiscard": "Messages of calls that return fmi2Discard",
    "logStatusError": "Messages of calls that return fmi2Error",
    "logAll": "All messages but those of each step",
}

# The FMU integrates nothing; some tools warn where there is no tolerance.
_EXPERIMENT = {"startTime": "0.0", "stopTime": "3600.0", "tolerance": "1e-4", "stepSize": "60.0"}

# At the begin of a run the machine has been off: no time has passed, so time constants and minimum
# times have no influence yet. The relative uncertainties are for information only.
_OF_ALL = (
    *("number_of_units", "solver", "dynamics", "control", "part_load", "outside_envelope"),
    "temperature_hysteresis",
)
_MORE = {
    **dict.fromkeys(
        ("P_el", "Q_flow_loss"), ("standby_power", "start_power_ratio", "cycling_degradation")
    ),
    "COP": ("cycling_degradation",),
}
_LESS = {
    "Q_flow_unmet": ("compressor_speed", "dynamics", "part_load", "temperature_hysteresis"),
    "starts": ("solver",),
}
# What frost adds where the coil is in air.
_OF_FROST = ("frost", *SECTIONS["frost"])
# Nothing has been counted.
_OF_NOTHING = ("E_el", "E_sink", "E_source", "E_loss", "E_stored", "E_unmet", "run_time")


def model_description(
    machine: Machine,
    guid: str,
    source_files: list[str],
    *,
    needs_execution_tool: bool,
    start_values: StartValues,
) -> bytes:
    """Write the model description of a machine's FMU.

    The time of generation is that of the variable SOURCE_DATE_EPOCH, in seconds of 1970, and
    without it there is none: equal sources give equal bytes.

    Parameters
    ----------
    machine : Machine
        Its start values and its name, which is the model identifier.
    guid : str
        Of the FMU.
    source_files : list of str
        C files in ``sources`` that a tool compiles.
    needs_execution_tool : bool
        What the FMU says of itself.
    start_values : mapping of str to float
        Of parameters, in place of the machine's.
    """
    description = f"{machine.title} ({identification(machine)})"
    if machine.refrigerant_note:
        description += f". {machine.refrigerant_note}"
    root = Element(
        "fmiModelDescription",
        {
            "fmiVersion": "2.0",
            "modelName": machine.name,
            "guid": guid,
            "description": description,
            "version": version("heatpump-twin"),
            "license": "MIT",
            "generationTool": f"heatpump-twin {version('heatpump-twin')}",
            "variableNamingConvention": "structured",
        },
    )
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        moment = datetime.fromtimestamp(int(epoch), tz=UTC)
        root.set("generationDateAndTime", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    co_simulation = SubElement(
        root,
        "CoSimulation",
        {
            "modelIdentifier": machine.name,
            "needsExecutionTool": str(needs_execution_tool).lower(),
            "canHandleVariableCommunicationStepSize": "true",
            "canInterpolateInputs": "false",
            "canBeInstantiatedOnlyOncePerProcess": "false",
            "canNotUseMemoryManagementFunctions": "true",
            "canGetAndSetFMUstate": "true",
            "canSerializeFMUstate": "true",
        },
    )
    files = SubElement(co_simulation, "SourceFiles")
    for name in source_files:
        SubElement(files, "File", {"name": name})
    root.append(_unit_definitions())
    categories = SubElement(root, "LogCategories")
    for name, of in _LOG_CATEGORIES.items():
        SubElement(categories, "Category", {"name": name, "description": of})
    SubElement(root, "DefaultExperiment", _EXPERIMENT)
    variables = SubElement(root, "ModelVariables")
    for reference, variable in enumerate(VARIABLES):
        variables.append(
            _scalar_variable(variable, reference, variable.start(machine, start_values))
        )
    root.append(_model_structure(machine))
    indent(root)
    return tostring(root, "UTF-8", xml_declaration=True) + b"\n"


def _unit_definitions() -> Element:
    definitions = Element("UnitDefinitions")
    for name, exponents in _UNITS.items():
        unit = SubElement(definitions, "Unit", {"name": name})
        SubElement(unit, "BaseUnit", {k: str(v) for k, v in exponents.items()})
        if name in _DISPLAY_UNITS:
            SubElement(unit, "DisplayUnit", _DISPLAY_UNITS[name])
    return definitions


def _scalar_variable(
    variable: Variable, reference: int, start: float | int | str | bool | None
) -> Element:
    node = Element(
        "ScalarVariable",
        {
            "name": variable.name,
            "valueReference": str(reference),
            "description": variable.description,
            "causality": variable.causality,
            "variability": variable.variability,
        },
    )
    if variable.initial:
        node.set("initial", variable.initial)
    of_type = SubElement(node, variable.type)
    if variable.type == REAL:
        _describe_real(of_type, variable)
    if variable.type in (REAL, INTEGER):
        number = repr if variable.type == REAL else lambda value: str(int(value))
        of_type.set("min", number(variable.minimum))
        of_type.set("max", number(variable.maximum))
    if start is not None:
        text = start if isinstance(start, str) else repr(start)
        of_type.set("start", text.lower() if variable.type == BOOLEAN else text)
    return node


def _describe_real(node: Element, variable: Variable) -> None:
    declared = variable.declared
    assert declared is not None
    node.set("unit", declared.unit)
    if declared.is_difference:
        # A temperature difference is no point on the Celsius scale.
        node.set("relativeQuantity", "true")
    elif declared.unit in _DISPLAY_UNITS:
        node.set("displayUnit", _DISPLAY_UNITS[declared.unit]["name"])
    if isinstance(declared, Quantity):
        node.set("nominal", repr(declared.nominal))


def _model_structure(machine: Machine) -> Element:
    index = {variable.name: i for i, variable in enumerate(VARIABLES, start=1)}
    outputs = [variable.name for variable in VARIABLES if variable.causality == "output"]
    structure = Element("ModelStructure")
    # Outputs change in steps alone: two units that feed each other are no algebraic loop.
    listed = SubElement(structure, "Outputs")
    for name in outputs:
        SubElement(listed, "Unknown", {"index": str(index[name]), "dependencies": ""})
    listed = SubElement(structure, "InitialUnknowns")
    for name in outputs:
        knowns = [*BOUNDARY_QUANTITIES, *SET_POINT_QUANTITIES, *_OF_ALL, *_MORE.get(name, ())]
        if machine.has_coil_in_air:
            knowns += _OF_FROST
        else:
            knowns.remove("phi_source")
        is_constant = name == "frost_factor" and not machine.has_coil_in_air
        less = knowns if name in _OF_NOTHING or is_constant else _LESS.get(name, ())
        knowns = [known for known in knowns if known not in less]
        places = " ".join(str(i) for i in sorted(index[known] for known in knowns))
        SubElement(listed, "Unknown", {"index": str(index[name]), "dependencies": places})
    return structure
