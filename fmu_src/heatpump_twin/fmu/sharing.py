"""What the slave and the C shell share: order of the memory, and value references of their own.

The C shell gets all of it as a header that is made of these declarations.
"""

from __future__ import annotations

from enum import IntFlag

from ..model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES, OperatingStatus

HEADER = "sharing.h"

# Value references count the variables in the order of their registration: inputs, results, then
# status and parameters.
INPUTS = len(BOUNDARY_QUANTITIES)
REALS = INPUTS + len(RESULT_QUANTITIES)
STATUS_REFERENCE = REALS

# Under these references the slave answers the addresses of what it shares, as reals, and how many
# numbers the map has. Under the last one it answers, as a real, how many messages wait and, as a
# string, all of them.
FIRST_ADDRESS = 1_000_000
ADDRESSES = ("VALUES", "STATE", "NUMBERS", "NUMBER_COUNT")
MESSAGES = FIRST_ADDRESS + len(ADDRESSES)

# ASCII's record separator ends each message; no message holds it.
END_OF_MESSAGE = 30

# Integers of the shared state: the operating status, how many answers had each status, and how many
# messages wait.
STATE_STATUS = 0
STATE_COUNTS = 1
STATE_MESSAGES = STATE_COUNTS + len(OperatingStatus)


class Phase(IntFlag):
    """Phases of an instance's life, in some of which a host may set a variable."""

    INSTANTIATED = 1
    INITIALIZATION = 2
    STEP_COMPLETE = 4
    STEP_FAILED = 8
    TERMINATED = 16
    FATAL = 32


def header() -> str:
    """Write the C header."""
    constants = {
        "SHARED_REALS": REALS,
        "STATUS_REFERENCE": STATUS_REFERENCE,
        "FIRST_ADDRESS": FIRST_ADDRESS,
        **{f"ADDRESS_OF_{name}": i for i, name in enumerate(ADDRESSES)},
        "ADDRESSES": len(ADDRESSES),
        "MESSAGES": MESSAGES,
        "END_OF_MESSAGE": END_OF_MESSAGE,
        "STATE_STATUS": STATE_STATUS,
        "STATE_COUNTS": STATE_COUNTS,
        "STATE_MESSAGES": STATE_MESSAGES,
    }
    lines = [
        "/* Made by heatpump_twin.fmu.sharing. */",
        "#ifndef HEATPUMP_TWIN_SHARING_H",
        "#define HEATPUMP_TWIN_SHARING_H",
        "typedef enum {",
        *(f"    {phase.name} = {phase.value}," for phase in Phase),
        "} Phase;",
        "enum {",
        *(f"    {name} = {value}," for name, value in constants.items()),
        "};",
        "#endif",
    ]
    return "\n".join(lines) + "\n"
