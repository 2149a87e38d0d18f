"""The variables of the FMU, declared once: the model description and a C header follow from it.

Inputs and outputs are the quantities of `model`, real and whole parameters its settings. What only
the frame knows, status and texts, is declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from heatpump_twin.model.machine import Definition, Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    OPERATION_QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
    STATUS_DESCRIPTION,
    OperatingStatus,
    Quantity,
)
from heatpump_twin.model.settings import SETTINGS, start_set_point

from . import slave

HEADER = "fmu_variables.h"

REAL, INTEGER, STRING, BOOLEAN = "Real", "Integer", "String", "Boolean"

# Choices that a host makes by a text, the start value first.
SOLVERS = ("map", "live")
FAILURES = ("continue", "discard", "error")

STATUS = "operating_status"
RESET = "reset_totals"


class Phase(IntFlag):
    """Phases of an instance's life, in some of which a host may set a variable."""

    INSTANTIATED = 1
    INITIALIZATION = 2
    STEP_COMPLETE = 4
    STEP_FAILED = 8
    TERMINATED = 16


@dataclass(frozen=True)
class Variable:
    """A variable of the FMU. Its value reference is its place in `VARIABLES`.

    Attributes
    ----------
    name : str
        Of the variable.
    type : str
        ``Real``, ``Integer``, ``String`` or ``Boolean``.
    causality : str
        ``input``, ``output`` or ``parameter``.
    description : str
        One line.
    declared : Quantity or Definition, optional
        Unit, range and more of a number.
    minimum, maximum : float, optional
        Range of a number.
    choices : tuple of str
        Texts that are known, the start value first.
    """

    name: str
    type: str
    causality: str
    description: str
    declared: Quantity | Definition | None = None
    minimum: float = 0.0
    maximum: float = 0.0
    choices: tuple[str, ...] = ()

    @property
    def variability(self) -> str:
        """As FMI calls it."""
        if self.causality == "parameter":
            return "fixed"
        return "continuous" if self.type == REAL else "discrete"

    @property
    def initial(self) -> str | None:
        """As FMI calls it; inputs have none."""
        return {"parameter": "exact", "output": "calculated"}.get(self.causality)

    @property
    def settable(self) -> Phase:
        """The phases in which FMI 2.0 (section 2.2.7) lets a host set the variable."""
        before = Phase.INSTANTIATED | Phase.INITIALIZATION
        return {"input": before | Phase.STEP_COMPLETE, "parameter": before}.get(
            self.causality, Phase(0)
        )

    @property
    def place(self) -> tuple[str, int]:
        """What it is in C: the kind of place that holds it, and its number there."""
        for kind, names in _PLACES.items():
            if self.name in names:
                return kind, list(names).index(self.name)
        return "FRAME", 0

    def start(
        self, machine: Machine, chosen: Mapping[str, float] | None = None
    ) -> float | int | str | bool | None:
        """Return the start value in an FMU of a machine; outputs have none.

        Parameters
        ----------
        machine : Machine
            The FMU's.
        chosen : mapping of str to float, optional
            Start values of parameters that take the place of the machine's (`start_values`).
        """
        if self.name in BOUNDARY_QUANTITIES:
            return float(getattr(machine.design.boundary, self.name))
        if self.name in SET_POINT_QUANTITIES:
            return float(start_set_point(machine, self.name, chosen))
        if self.type == BOOLEAN:
            return False
        if self.name in SETTINGS:
            value = (chosen or {}).get(self.name, SETTINGS[self.name].start(machine))
            if self.choices:
                return self.choices[int(value)]
            return int(value) if self.type == INTEGER else float(value)
        return self.choices[0] if self.choices else None


_PLACES: dict[str, Mapping[str, object]] = {
    "INPUT": BOUNDARY_QUANTITIES,
    "SET_POINT": SET_POINT_QUANTITIES,
    "RESULT": RESULT_QUANTITIES,
    "OPERATION": OPERATION_QUANTITIES,
    "PARAMETER": SETTINGS,
}


def _number(
    name: str, causality: str, declared: Quantity | Definition, kind: str = REAL
) -> Variable:
    minimum = declared.least_answer if isinstance(declared, Quantity) else declared.minimum
    return Variable(
        name, kind, causality, declared.description, declared, minimum, declared.maximum
    )


def _setting(name: str) -> Variable:
    setting = SETTINGS[name]
    if setting.choices:
        return Variable(
            name, STRING, "parameter", setting.definition.description, choices=setting.choices
        )
    return _number(name, "parameter", setting.definition, INTEGER if setting.is_integer else REAL)


# Value references stay what they are, so what was added later stands behind all that was there.
# The first settings were there before the choices of the frame.
_FIRST_SETTINGS = 4
# Added after the other settings, and left out of the quantities among which they are declared. The
# next variable comes behind them; a setting then has to be left out of the rest of `SETTINGS`, too.
_LATER = ("phi_source", "frost_factor")

#: All variables in the order of their value references, which are part of the FMU's interface.
VARIABLES: tuple[Variable, ...] = (
    *(_number(q.name, "input", q) for q in BOUNDARY_QUANTITIES.values()),
    *(_number(q.name, "output", q) for q in RESULT_QUANTITIES.values()),
    Variable(
        STATUS,
        INTEGER,
        "output",
        STATUS_DESCRIPTION,
        None,
        float(min(OperatingStatus)),
        float(max(OperatingStatus)),
    ),
    *map(_setting, list(SETTINGS)[:_FIRST_SETTINGS]),
    Variable(
        "solver",
        STRING,
        "parameter",
        "'map': the certified performance map; 'live': TESPy at each step",
        choices=SOLVERS,
    ),
    Variable(
        "on_failure",
        STRING,
        "parameter",
        "What a step with the operating_status 3 or 4 returns: 'continue' fmi2OK, "
        "'discard' fmi2Discard, 'error' fmi2Error",
        choices=FAILURES,
    ),
    *(_number(q.name, "input", q) for q in SET_POINT_QUANTITIES.values() if q.name not in _LATER),
    Variable(
        RESET, BOOLEAN, "input", "Energies, starts and run time count from where it becomes true"
    ),
    *(_number(q.name, "output", q) for q in OPERATION_QUANTITIES.values() if q.name not in _LATER),
    *map(_setting, list(SETTINGS)[_FIRST_SETTINGS:]),
    _number("phi_source", "input", SET_POINT_QUANTITIES["phi_source"]),
    _number("frost_factor", "output", OPERATION_QUANTITIES["frost_factor"]),
)


def header() -> str:
    """Write the C header: variables of the FMU, and those of the slave that live mode asks."""
    rows = []
    for reference, variable in enumerate(VARIABLES):
        kind, place = variable.place
        choices = f"(const char *const[]){{{_texts(variable.choices)}}}" if variable.choices else 0
        rows.append(
            f'    {{"{variable.name}", {variable.type.upper()}, {int(variable.settable)}, '
            f"IN_{kind}, {place}, {variable.minimum!r}, {variable.maximum!r}, "
            f"{choices}, {len(variable.choices)}}}, /* {reference} */"
        )
    lines = [
        "/* Made by heatpump_twin.fmu.variables of what Python declares. SI units. */",
        "#ifndef HEATPUMP_TWIN_FMU_VARIABLES_H",
        "#define HEATPUMP_TWIN_FMU_VARIABLES_H",
        _enumeration("Phase", {phase.name or "": phase.value for phase in Phase}),
        _enumeration(
            "Type", {kind.upper(): i for i, kind in enumerate((REAL, INTEGER, STRING, BOOLEAN))}
        ),
        "/* Value references. */",
        _enumeration("Reference", {f"FMU_{v.name}": i for i, v in enumerate(VARIABLES)}),
        _enumeration("Solver", {f"SOLVER_{text}": i for i, text in enumerate(SOLVERS)}),
        _enumeration("OnFailure", {f"FAILURE_{text}": i for i, text in enumerate(FAILURES)}),
        f"enum {{ VARIABLES = {len(VARIABLES)}, SOLVERS = {len(SOLVERS)}, "
        f"FAILURES = {len(FAILURES)} }};",
        _enumeration("Place", {f"IN_{kind}": i for i, kind in enumerate((*_PLACES, "FRAME"))}),
        "/* Name, type, phases in which a host may set it, what holds it and where there, range,",
        "   and texts that may be chosen. */",
        "typedef struct {",
        "    const char *name;",
        "    Type type;",
        "    int settable;",
        "    Place place;",
        "    int number;",
        "    double minimum, maximum;",
        "    const char *const *choices;",
        "    int choice_count;",
        "} Variable;",
        "static const Variable variables[VARIABLES] = {",
        *rows,
        "};",
        "/* Value references of the slave in Python, and its two statuses. */",
        f"enum {{ SLAVE_GUESS = {slave.FIRST_GUESS}, GUESSES = {len(slave.GUESS)}, "
        f"SLAVE_RESULTS = {slave.FIRST_RESULT}, SLAVE_STATUS = {slave.STATUS_REFERENCE}, "
        f"SLAVE_MESSAGE = {slave.MESSAGE_REFERENCE} }};",
        f"enum {{ SLAVE_SOLVED = {int(OperatingStatus.INSIDE)} }};",
        "/* Results of the map from which a solve starts. */",
        f"#define GUESS_RESULTS {', '.join(f'RESULT_{name}' for name in slave.GUESS)}",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _enumeration(name: str, members: dict[str, Any]) -> str:
    return f"typedef enum {{ {', '.join(f'{k} = {v}' for k, v in members.items())} }} {name};"


def _texts(texts: tuple[str, ...]) -> str:
    return ", ".join(f'"{text}"' for text in texts)
