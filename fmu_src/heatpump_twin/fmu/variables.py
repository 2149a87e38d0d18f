"""The variables of the FMU, declared once: the model description and a C header follow from it.

Inputs and outputs are the quantities of `model`, real and whole parameters its settings. What only
the frame knows, status and texts, is declared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from heatpump_twin.model.machine import Definition, Machine
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    RESULT_QUANTITIES,
    STATUS_DESCRIPTION,
    OperatingStatus,
    Quantity,
)
from heatpump_twin.model.settings import SETTINGS

from . import slave

HEADER = "fmu_variables.h"

REAL, INTEGER, STRING = "Real", "Integer", "String"

# Choices that a host makes by a text, the start value first.
SOLVERS = ("map", "live")
FAILURES = ("continue", "discard", "error")

STATUS = "operating_status"


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
        ``Real``, ``Integer`` or ``String``.
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

    def start(self, machine: Machine) -> float | int | str | None:
        """Return the start value in an FMU of a machine; outputs have none."""
        if self.name in BOUNDARY_QUANTITIES:
            return float(getattr(machine.design.boundary, self.name))
        if self.name in SETTINGS:
            value = SETTINGS[self.name].start(machine)
            return int(value) if self.type == INTEGER else float(value)
        return self.choices[0] if self.choices else None


def _number(
    name: str, causality: str, declared: Quantity | Definition, kind: str = REAL
) -> Variable:
    return Variable(
        name, kind, causality, declared.description, declared, declared.minimum, declared.maximum
    )


def _setting(name: str) -> Variable:
    setting = SETTINGS[name]
    return _number(name, "parameter", setting.definition, INTEGER if setting.is_integer else REAL)


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
    *map(_setting, SETTINGS),
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
)


def header() -> str:
    """Write the C header: variables of the FMU, and those of the slave that live mode asks."""
    rows, settings = [], list(SETTINGS)
    for reference, variable in enumerate(VARIABLES):
        in_core = settings.index(variable.name) if variable.name in settings else -1
        rows.append(
            f'    {{"{variable.name}", {variable.type.upper()}, {int(variable.settable)}, '
            f"{in_core}, {variable.minimum!r}, {variable.maximum!r}}}, /* {reference} */"
        )
    lines = [
        "/* Made by heatpump_twin.fmu.variables of what Python declares. SI units. */",
        "#ifndef HEATPUMP_TWIN_FMU_VARIABLES_H",
        "#define HEATPUMP_TWIN_FMU_VARIABLES_H",
        _enumeration("Phase", {phase.name or "": phase.value for phase in Phase}),
        _enumeration("Type", {kind.upper(): i for i, kind in enumerate((REAL, INTEGER, STRING))}),
        "/* Value references. */",
        _enumeration("Reference", {f"FMU_{v.name}": i for i, v in enumerate(VARIABLES)}),
        _enumeration("Solver", {f"SOLVER_{text}": i for i, text in enumerate(SOLVERS)}),
        _enumeration("OnFailure", {f"FAILURE_{text}": i for i, text in enumerate(FAILURES)}),
        f"enum {{ VARIABLES = {len(VARIABLES)}, SOLVERS = {len(SOLVERS)}, "
        f"FAILURES = {len(FAILURES)} }};",
        f"#define SOLVER_TEXTS {_texts(SOLVERS)}",
        f"#define FAILURE_TEXTS {_texts(FAILURES)}",
        "/* Name, type, phases in which a host may set it, parameter of the core or -1, range. */",
        "typedef struct {",
        "    const char *name;",
        "    Type type;",
        "    int settable, parameter;",
        "    double minimum, maximum;",
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
