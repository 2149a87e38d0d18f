"""Roll a run back and repeat it: ``python rollbacks.py <unzipped FMU> <rollbacks> [options]``.

Inputs are inside the envelope, outside, off and without meaning. Prints as JSON how many steps were
repeated, the size of a state in bytes, and in hexadecimal digits the bytes of the state at half of
the run with all results after it. Ends with exit code 1 at the first bit that differs.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fmi_calls import OK, Calls

from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES

INPUTS = tuple(BOUNDARY_QUANTITIES)
DEMAND = "Q_flow_sink_set"
# More than the laboratory machine gives, W: of random speeds some are met, and some are not.
LARGEST_DEMAND = 8e3
EXTREMES = (0.0, -0.0, math.nan, -1.0, 35.0, 350.0, 1e308, 5e-324, math.inf, 1.5)


def rows_of(folder: str, count: int, seed: int, units: int) -> list[list[float]]:
    """Give rows of inputs; each second one has an extreme value."""
    machine = json.loads((Path(folder) / "resources" / "machine.json").read_text(encoding="utf-8"))
    envelope, rng = machine["envelope"], random.Random(seed)
    rows = []
    for i in range(count):
        row = [rng.uniform(envelope["minimum"][q], envelope["maximum"][q]) for q in INPUTS]
        for k, quantity in enumerate(BOUNDARY_QUANTITIES.values()):
            row[k] *= units if quantity.is_extensive else 1
        if i % 2:
            row[rng.randrange(len(row))] = rng.choice(EXTREMES)
        rows.append(row)
    return rows


class Run:
    """One instance that is stepped through rows of inputs.

    Parameters
    ----------
    folder : str
        The unzipped FMU.
    units : int
        How many machines.
    solver : str
        `map` or `live`.
    in_time : bool
        With dynamics, and asked for heat in the place of a speed: all states of the core move.
    """

    def __init__(
        self, folder: str, units: int = 1, solver: str = "map", in_time: bool = False
    ) -> None:
        self.calls = Calls(folder)
        self.in_time = in_time
        names = (DEMAND, *INPUTS[1:]) if in_time else INPUTS
        inputs = [self.calls.reference[name] for name in names]
        self.inputs = (ctypes.c_uint * len(inputs))(*inputs)
        read = [self.calls.reference[name] for name in (*INPUTS, DEMAND)] + self.calls.outputs
        self.read = (ctypes.c_uint * len(read))(*read)
        # Messages are counted from the instance's first on, whatever is rolled back.
        assert self.calls.choose(b"logEachStep") == OK
        self.start(units, solver)

    def start(self, units: int, solver: str) -> None:
        """Go from instantiation to the first step."""
        assert self.calls.set("Integer", "number_of_units", units) == OK
        choices = {"solver": solver}
        if self.in_time:
            choices |= {"dynamics": "dynamic", "control": "heat_flow"}
        for name, choice in choices.items():
            assert self.calls.set("String", name, choice.encode()) == OK
        self.calls.start()

    def step(self, k: int, row: list[float]) -> str:
        """Step and give all bits of what a host can read, and the log."""
        self.calls.log.clear()
        if self.in_time:
            row = [LARGEST_DEMAND * row[0], *row[1:]]
        values = (ctypes.c_double * len(row))(*row)
        assert self.calls.SetReal(self.inputs, len(row), values) == OK
        assert self.calls.DoStep(60.0 * k, 60.0, 0) == OK
        return self.bits()

    def bits(self) -> str:
        """Give all bits of what a host can read, and the log."""
        reals = (ctypes.c_double * len(self.read))()
        assert self.calls.GetReal(self.read, len(self.read), reals) == OK
        time = ctypes.c_double()
        assert self.calls.GetRealStatus(2, ctypes.byref(time)) == OK
        status = self.calls.get("Integer", "operating_status")[1]
        return f"{bytes(reals).hex()} {status} {time.value} {self.calls.log}"

    def state(self) -> ctypes.c_void_p:
        """Take the state."""
        handle = ctypes.c_void_p()
        assert self.calls.GetFMUstate(ctypes.byref(handle)) == OK
        return handle

    def to_bytes(self, handle: ctypes.c_void_p) -> bytes:
        """Serialise a state."""
        size = ctypes.c_size_t()
        assert self.calls.SerializedFMUstateSize(handle, ctypes.byref(size)) == OK
        blob = ctypes.create_string_buffer(size.value)
        assert self.calls.SerializeFMUstate(handle, blob, size.value) == OK
        return blob.raw

    def from_bytes(self, blob: bytes) -> int:
        """Deserialise a state, set it and free it."""
        handle = ctypes.c_void_p()
        status = int(self.calls.DeSerializeFMUstate(blob, len(blob), ctypes.byref(handle)))
        if status == OK:
            status = int(self.calls.SetFMUstate(handle))
            assert self.calls.FreeFMUstate(ctypes.byref(handle)) == OK
        return status


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("rollbacks", type=int)
    parser.add_argument("--units", type=int, default=1)
    parser.add_argument("--solver", default="map")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-time", action="store_true")
    arguments = parser.parse_args()
    rows = rows_of(arguments.folder, arguments.rows, arguments.seed, arguments.units)
    run = Run(arguments.folder, arguments.units, arguments.solver, arguments.in_time)
    rng = random.Random(3)
    states, expected = [], []
    for k, row in enumerate(rows):
        states.append(run.state())
        expected.append(run.step(k, row))
    repeated = largest = 0
    for i in range(arguments.rollbacks):
        if i % 500 == 499:
            # The states outlive a reset.
            assert run.calls.Reset() == OK
            run.start(1, "map")
        k = rng.randrange(len(rows))
        if i % 3:
            assert run.calls.SetFMUstate(states[k]) == OK
        else:
            blob = run.to_bytes(states[k])
            largest = max(largest, len(blob))
            assert run.from_bytes(blob) == OK
        for _ in range(1 + rng.randrange(4)):
            if k == len(rows):
                break
            found = run.step(k, rows[k])
            if found != expected[k]:
                print(f"step {k}, {rows[k]}, rolled back:\n{found}\nstraight:\n{expected[k]}")
                return 1
            repeated, k = repeated + 1, k + 1
    half = len(rows) // 2
    blob = run.to_bytes(states[half])
    for handle in states:
        assert run.calls.FreeFMUstate(ctypes.byref(handle)) == OK
    run.calls.FreeInstance()
    print(
        json.dumps(
            {
                "steps repeated": repeated,
                "largest state": largest,
                "blob": blob.hex(),
                "after": expected[half:],
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
