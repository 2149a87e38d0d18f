"""A host that does what no host should: ``python hostile_host.py <unzipped FMU> <calls>``.

Legal and illegal calls in random order with random values. After each call it checks what an FMU
owes any host; the first breach ends it with exit code 1 and the last calls. Each call is printed to
the standard error stream before it is made if ``--trace`` is given, so that a crash is seen too.
Prints counts as JSON.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import random
import sys
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fmi_calls import DISCARD, ERROR, OK, Calls

from heatpump_twin.fmu.variables import FAILURES, RESET, VARIABLES
from heatpump_twin.model.heat_pump import ROUND_OFF
from heatpump_twin.model.quantities import (
    BOUNDARY_QUANTITIES,
    LEAST_FLOW,
    OPERATION_QUANTITIES,
    QUANTITIES,
    RESULT_QUANTITIES,
    SET_POINT_QUANTITIES,
)
from heatpump_twin.model.settings import SETTINGS

INPUTS = tuple(BOUNDARY_QUANTITIES)
OUTPUTS = range(len(INPUTS), len(QUANTITIES))
REFERENCE = {variable.name: i for i, variable in enumerate(VARIABLES)}
# Range of meaning of each input, as the model description states it, with what counts as round-off.
MEANING = tuple(
    (q.minimum - ROUND_OFF * q.nominal, q.maximum + ROUND_OFF * q.nominal)
    for q in BOUNDARY_QUANTITIES.values()
)
P_EL, SINK, SOURCE, LOSS = (
    list(QUANTITIES).index(q) for q in ("P_el", "Q_flow_sink", "Q_flow_source", "Q_flow_loss")
)
STATUS, UNITS, STANDBY = (
    REFERENCE[name] for name in ("operating_status", "number_of_units", "standby_power")
)
OPERATION = [REFERENCE[name] for name in OPERATION_QUANTITIES]
STORED = list(OPERATION_QUANTITIES).index("Q_flow_stored")
SPEED, FLOWS = (
    INPUTS.index("compressor_speed"),
    [INPUTS.index(f"m_flow_{k}") for k in ("source", "sink")],
)
CHOICES = {name: setting.choices for name, setting in SETTINGS.items() if setting.choices}
FOLLOWED = {"heat_flow": "Q_flow_sink_set", "supply_temperature": "T_sink_out_set"}
# Parameters that are real numbers, and their ranges.
PARAMETERS = {
    i: (v.minimum, v.maximum)
    for i, v in enumerate(VARIABLES)
    if v.causality == "parameter" and v.type == "Real"
}
FAILED, REJECTED = 3, 4

BEFORE, INITIALISING, STEPPING, STOPPED, ENDED = (
    *("before", "initialising", "stepping", "stopped", "ended"),
)
ANY = (BEFORE, INITIALISING, STEPPING, STOPPED, ENDED)
SETTING = (BEFORE, INITIALISING)

EXTREMES = (
    *(math.nan, math.inf, -math.inf, 5e-324, -5e-324, 2.2e-308, 1e308, -1e308, 0.0, -0.0),
    *(-0.3, 1e-12, 1e-9, 3.0, 3.1, 35.0, 100.0, 193.15, 193.1, 273.15, 263.0, 423.15, 423.2),
)
TEXTS = (
    *(b"", b"map", b"map ", b"MAP", b"100 % of %s%n%n", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80"),
    *(
        "ü€🔥".encode(),
        b"\x1e\x01",
        b"x" * 100_000,
        b"live\n",
        b"\xf5\x80\x80\x80",
        b"\xe0\x80\x80",
    ),
)
STEPS = (60.0, 60.0, 1.0, 0.0, 1e-300, 5e-324, 1e9, 1e300, 3600.0, 0.1)
BAD_STEPS = (-1.0, -5e-324, math.nan, math.inf, -math.inf)
REFERENCES = (*range(len(VARIABLES) + 1), 999, 1_000_000, 1_000_003, 1_000_004, 2**31, 2**32 - 1)


class BreachError(Exception):
    """The FMU did what it must not."""


class Hostile:
    """Drives one instance.

    Parameters
    ----------
    folder : str
        The unzipped FMU.
    source : random.Random
        Of the random numbers.
    trace : bool
        Whether to print each call before it is made.
    solvers : tuple of bytes
        Known solvers that it may choose; each instance begins with the last one.
    """

    def __init__(
        self,
        folder: str,
        source: random.Random,
        *,
        trace: bool = False,
        solvers: tuple[bytes, ...] = (b"map",),
    ) -> None:
        self.folder, self.random, self.trace = folder, source, trace
        self.texts = (*TEXTS, *solvers)
        self.solvers = solvers
        self.history: deque[str] = deque(maxlen=25)
        self.counts: Counter[str] = Counter()
        machine = json.loads((Path(folder) / "resources" / "machine.json").read_text())
        envelope = machine["envelope"]
        self.box = [(envelope["minimum"][q], envelope["maximum"][q]) for q in INPUTS]
        self.references = (ctypes.c_uint * len(OUTPUTS))(*OUTPUTS)
        self.values = (ctypes.c_double * 18)()
        self.actions: list[tuple[int, Callable[[], None]]] = [
            (30, self.step),
            (40, self.set_inputs),
            (4, self.bad_step),
            (6, self.set_one),
            (6, self.get_one),
            (3, self.set_text),
            (2, self.set_on_failure),
            (6, self.choose),
            (8, self.set_set_points),
            (2, self.reset_totals),
            (3, self.set_units),
            (3, self.set_parameter),
            (4, self.null_pointers),
            (6, self.states),
            (4, self.bytes_of_states),
            (3, self.statuses),
            (2, self.logging),
            (2, self.not_provided),
            (4, self.setup),
            (6, self.enter),
            (8, self.leave),
            (1, self.end),
            (4, self.reset),
        ]
        self.make()

    # The frame of each call ---------------------------------------------------------------------

    def make(self) -> None:
        self.calls = Calls(self.folder, name=self.random.choice((b"one", b"\xff %s", b"x" * 5000)))
        if not self.calls.instance:
            raise BreachError(f"no instance: {self.calls.log}")
        self.held: list[tuple[Any, ...]] = []
        self.begin()

    def begin(self) -> None:
        """Take note of an instance as it is after instantiation and after a reset."""
        self.phase, self.units, self.on_failure = BEFORE, 1, FAILURES[0]
        self.choices = {name: choices[0] for name, choices in CHOICES.items()}
        # Else the message of a step is one that was heard before.
        assert self.calls.choose(b"logAll", b"logEachStep") == OK
        assert self.calls.set("String", "solver", self.solvers[-1]) == OK

    def call(self, text: str, function: Callable[[], int], legal: bool, *allowed: int) -> int:
        """Make a call and check its status: one of `allowed` if it is legal, else an error."""
        self.history.append(f"{text} {self.phase}")
        if self.trace:
            print(self.history[-1], file=sys.stderr, flush=True)
        self.calls.log.clear()
        status = function()
        self.counts["calls"] += 1
        expected = (allowed or (OK,)) if legal else (ERROR,)
        if status not in expected:
            raise BreachError(f"status {status}, expected {expected}; log {self.calls.log}")
        if status != OK and not self.calls.log:
            raise BreachError(f"status {status} without a message")
        self.counts[f"status {status}"] += 1
        return status

    def get(self, kind: str, reference: int, legal: bool) -> tuple[int, Any]:
        """Read one variable."""
        value: list[Any] = []

        def read() -> int:
            status, found = self.calls.get(kind, reference)
            value.append(found)
            return status

        return self.call(f"get {kind} {reference}", read, legal), value[0]

    def check_outputs(self) -> None:
        """Hold what is read against what must always be so."""
        status = self.calls.GetReal(self.references, 18, self.values)
        self.counts["calls"] += 1
        if status != OK:
            raise BreachError(f"outputs cannot be read: {status} {self.calls.log}")
        values = list(self.values)
        for value, quantity in zip(values, RESULT_QUANTITIES.values(), strict=True):
            if not quantity.least_answer <= value <= quantity.maximum:
                raise BreachError(f"{quantity.name} = {value} is outside its declared range")
        operation = [self.calls.get("Real", reference)[1] for reference in OPERATION]
        for value, quantity in zip(operation, OPERATION_QUANTITIES.values(), strict=True):
            if not quantity.minimum <= value <= quantity.maximum:
                raise BreachError(f"{quantity.name} = {value} is outside its declared range")
        P_el, sink, source, loss = values[P_EL - 5 : LOSS - 4]
        error = abs(P_el + source - sink - loss - operation[STORED])
        if error > 1e-6 * max(abs(P_el), abs(sink), abs(source), abs(loss)):
            raise BreachError(f"energy is not conserved: {values[:4]}")
        self.counts["outputs checked"] += 1

    # Legal and illegal calls ---------------------------------------------------------------------

    def value(self, low: float, high: float) -> float:
        kind = self.random.random()
        if kind < 0.75:
            return self.random.uniform(low, high)
        if kind < 0.87:
            width = high - low
            return self.random.uniform(low - width, high + width)
        return self.random.choice(EXTREMES)

    def set_inputs(self) -> None:
        kept = self.random.random() < 0.3  # often one of five: else hardly a step is inside
        row = [self.value(*limits) for limits in self.box]
        if kept:
            row = [self.random.uniform(*limits) for limits in self.box]
            row[self.random.randrange(len(INPUTS))] = self.random.choice(EXTREMES)
        for i, quantity in enumerate(BOUNDARY_QUANTITIES.values()):
            row[i] *= self.units if quantity.is_extensive else 1
        count = len(row)
        values = (ctypes.c_double * count)(*row)
        references = (ctypes.c_uint * count)(*range(count))
        self.call(
            f"set {row}",
            lambda: self.calls.SetReal(references, count, values),
            self.phase in (*SETTING, STEPPING),
        )

    def step(self) -> None:
        size, time = self.random.choice(STEPS), self.random.uniform(-1e6, 1e6)
        row = self.read_inputs() if self.phase == STEPPING else []
        before = self.snapshot()[len(INPUTS) : -1]
        returned = self.call(
            f"step {time} {size}",
            lambda: self.calls.DoStep(time, size, self.random.randrange(2)),
            self.phase == STEPPING,
            *(OK, DISCARD, ERROR),
        )
        if not row:
            return
        log = list(self.calls.log)
        status = self.calls.get("Integer", STATUS)[1]
        of_failure = {"continue": OK, "discard": DISCARD, "error": ERROR}[self.on_failure]
        if returned != (of_failure if status >= FAILED else OK):
            raise BreachError(f"status {status} with on_failure {self.on_failure}: {returned}")
        if any(level != returned for level, _ in log):
            raise BreachError(f"a call that returned {returned} logged {log}")
        if returned != OK:
            self.phase = STOPPED
        self.counts[f"operating_status {status}"] += 1
        control = self.choices["control"]
        meaningless = [
            name
            for name, x, (low, high) in zip(INPUTS, row, MEANING, strict=True)
            if not low <= x <= high and (name != INPUTS[SPEED] or control == "speed")
        ]
        if control in FOLLOWED:
            name = FOLLOWED[control]
            of, value = SET_POINT_QUANTITIES[name], self.calls.get("Real", REFERENCE[name])[1]
            meaningless += [name] if not of.minimum <= value <= of.maximum else []
        if meaningless:
            self.counts["steps with a rejected input"] += 1
            texts = [text for _, text in log]
            if status != REJECTED or not all(any(n in t for t in texts) for n in meaningless):
                raise BreachError(f"{row} was not rejected: status {status}, log {log}")
        elif status == REJECTED:
            raise BreachError(f"{row} was rejected: {log}")
        # Below these it is said that a medium does not flow, and demands that are not met are told.
        has_flows = all(row[i] > (self.units + 1) * LEAST_FLOW for i in FLOWS)
        is_told = not has_flows or control != "speed" or self.choices["outside_envelope"] == "off"
        if (status >= 2 and not log) or (status < 2 and log and not is_told):
            raise BreachError(f"status {status} with log {log}")
        is_steady = self.choices["dynamics"] == "steady"
        if status >= FAILED and is_steady and self.snapshot()[len(INPUTS) : -1] != before:
            raise BreachError(f"status {status} and the last result is not held")

    def read_inputs(self) -> list[float]:
        count = len(INPUTS)
        values, references = (ctypes.c_double * count)(), (ctypes.c_uint * count)(*range(count))
        self.calls.GetReal(references, count, values)
        return list(values)

    def bad_step(self) -> None:
        size, time = self.random.choice(BAD_STEPS), 0.0
        if self.random.random() < 0.3:
            size, time = 1.0, self.random.choice((math.nan, math.inf, -math.inf))
        self.call(f"step {time} {size}", lambda: self.calls.DoStep(time, size, 1), False)

    def set_one(self) -> None:
        """Set one variable of any reference as one of any type."""
        kind, reference = self.random.choice(("Real", "Integer", "Boolean")), self.reference()
        value: Any = self.random.choice(EXTREMES)
        if kind != "Real":
            value = self.random.choice((0, 1, 2, -1, 2**31 - 1, -(2**31)))
        legal = False
        name = VARIABLES[reference].name if reference < len(VARIABLES) else ""
        is_input = name in BOUNDARY_QUANTITIES or name in SET_POINT_QUANTITIES
        if (kind == "Real" and is_input) or (kind == "Boolean" and name == RESET):
            legal = self.phase in (*SETTING, STEPPING)
        elif kind == "Real" and reference in PARAMETERS:
            low, high = PARAMETERS[reference]
            legal = self.phase in SETTING and low <= value <= high
        elif kind == "Integer" and reference == UNITS:
            legal = self.phase in SETTING and 1 <= value <= 10_000
            if legal:
                self.units = value
        self.call(
            f"set {kind} {reference} {value}",
            lambda: self.calls.set(kind, reference, value),
            legal,
        )

    def get_one(self) -> None:
        kind, reference = (
            self.random.choice(("Real", "Integer", "Boolean", "String")),
            self.reference(),
        )
        known = reference < len(VARIABLES) and VARIABLES[reference].type == kind
        is_input = known and VARIABLES[reference].causality == "input"
        _, value = self.get(kind, reference, known and self.phase != BEFORE)
        # An input is answered as it was set; nothing else is no number.
        is_read = known and self.phase != BEFORE
        if is_read and kind == "Real" and not is_input and not math.isfinite(value):
            raise BreachError(f"{reference} is {value}")

    def reference(self) -> int:
        return self.random.choice(REFERENCES)

    def set_text(self) -> None:
        text = self.random.choice(self.texts)
        is_utf8 = True
        try:
            text.decode()
        except UnicodeDecodeError:
            is_utf8 = False
        is_known = is_utf8 and text in self.solvers
        if text in (b"map", b"live") and not is_known:
            return
        self.call(
            f"set solver {text[:20]!r} ({len(text)})",
            lambda: self.calls.set("String", "solver", text),
            is_known and self.phase in SETTING,
        )
        if any(len(message) > 1000 for _, message in self.calls.log):
            raise BreachError("a message of endless length")

    def set_on_failure(self) -> None:
        text = self.random.choice((*FAILURES, *FAILURES[:1] * 3, "stop"))
        legal = text in FAILURES and self.phase in SETTING
        self.call(
            f"set on_failure {text}",
            lambda: self.calls.set("String", "on_failure", text.encode()),
            legal,
        )
        if legal:
            self.on_failure = text

    def choose(self) -> None:
        name, choices = self.random.choice(tuple(CHOICES.items()))
        text = self.random.choice((*choices, "", "of"))
        legal = text in choices and self.phase in SETTING
        self.call(
            f"set {name} {text}", lambda: self.calls.set("String", name, text.encode()), legal
        )
        if legal:
            self.choices = {**self.choices, name: text}

    def set_set_points(self) -> None:
        name = self.random.choice(tuple(SET_POINT_QUANTITIES))
        usual = SET_POINT_QUANTITIES[name].nominal
        value = self.random.choice((*EXTREMES, *(usual * x for x in (0.1, 0.3, 0.9, 1.02, 1.05))))
        self.call(
            f"set {name} {value}",
            lambda: self.calls.set("Real", REFERENCE[name], value),
            self.phase in (*SETTING, STEPPING),
        )

    def reset_totals(self) -> None:
        value = self.random.randrange(2)
        self.call(
            f"set reset_totals {value}",
            lambda: self.calls.set("Boolean", REFERENCE["reset_totals"], value),
            self.phase in (*SETTING, STEPPING),
        )

    def set_units(self) -> None:
        value = self.random.choice((1, 2, 7, 10_000, 0, -1, 10_001, 2**31 - 1))
        status = self.call(
            f"set units {value}",
            lambda: self.calls.set("Integer", UNITS, value),
            self.phase in SETTING and 1 <= value <= 10_000,
        )
        if status == OK:
            self.units = value

    def set_parameter(self) -> None:
        reference, (low, high) = self.random.choice(tuple(PARAMETERS.items()))
        value = self.random.choice((*EXTREMES, 0.5, 1.0, 1e4, 20.0))
        self.call(
            f"set {reference} {value}",
            lambda: self.calls.set("Real", reference, value),
            self.phase in SETTING and low <= value <= high,
        )

    def null_pointers(self) -> None:
        value, reference = ctypes.c_double(), ctypes.c_uint(0)
        v, r = ctypes.byref(value), ctypes.byref(reference)
        function, legal_phases = self.random.choice(
            [
                (lambda: self.calls.GetReal(None, 0, None), ANY[1:]),
                (lambda: self.calls.SetReal(None, 0, None), ANY[:3]),
                (lambda: self.calls.GetString(r, 0, None), ANY[1:]),
                (lambda: self.calls.GetReal(None, 1, v), ()),
                (lambda: self.calls.GetReal(r, 1, None), ()),
                (lambda: self.calls.GetReal(None, 2**40, None), ()),
                (lambda: self.calls.SetReal(None, 1, v), ()),
                (lambda: self.calls.SetInteger(r, 1, None), ()),
                (lambda: self.calls.set("String", "solver", None), ()),
                (lambda: self.calls.SetFMUstate(None), ()),
                (lambda: self.calls.GetFMUstate(None), ()),
                (lambda: self.calls.SerializeFMUstate(None, None, 0), ()),
                (lambda: self.calls.DeSerializeFMUstate(None, 9, None), ()),
                (lambda: self.calls.FreeFMUstate(None), ANY),
            ]
        )
        self.call("null pointer", function, self.phase in legal_phases)

    # State ---------------------------------------------------------------------------------------

    def states(self) -> None:
        """Take, set or free a state, some of which are none."""
        action = self.random.randrange(5)
        if action == 0 or not self.held:
            handle = ctypes.c_void_p()
            self.call("get state", lambda: self.calls.GetFMUstate(ctypes.byref(handle)), True)
            was = (self.phase, self.units, self.on_failure, self.choices)
            self.held.append((handle.value, was, self.snapshot()))
            if len(self.held) > 5:
                self.free(0)
        elif action == 1:
            self.free(self.random.randrange(len(self.held)))
        elif action == 2:
            handle, was, values = self.random.choice(self.held)
            self.call("set state", lambda: self.calls.SetFMUstate(handle), True)
            self.phase, self.units, self.on_failure, self.choices = was
            if self.snapshot() != values:
                raise BreachError(f"state: {self.snapshot()} in the place of {values}")
            self.counts["states restored"] += 1
        elif action == 3:
            foreign = ctypes.c_void_p(self.random.choice((1, 8, 2**47, 2**64 - 1)))
            self.call("foreign", lambda: self.calls.SetFMUstate(foreign), False)
        else:
            foreign = ctypes.c_void_p(self.random.choice((1, 8, 2**47, 2**64 - 1)))
            self.call("free foreign", lambda: self.calls.FreeFMUstate(ctypes.byref(foreign)), False)

    def snapshot(self) -> list[str]:
        """Give all bits that can be read between steps."""
        if self.phase not in (STEPPING, STOPPED):
            return []
        self.calls.GetReal(self.references, 18, self.values)
        numbers = [*self.read_inputs(), *self.values, self.calls.get("Integer", STATUS)[1]]
        return [float(x).hex() for x in numbers]

    def free(self, index: int) -> None:
        handle = ctypes.c_void_p(self.held.pop(index)[0])
        self.call("free", lambda: self.calls.FreeFMUstate(ctypes.byref(handle)), True)

    def bytes_of_states(self) -> None:
        """Make bytes of a state, damage them, and offer them."""
        if not self.held:
            return
        handle, was, values = self.random.choice(self.held)
        size = ctypes.c_size_t()
        self.call(
            "size", lambda: self.calls.SerializedFMUstateSize(handle, ctypes.byref(size)), True
        )
        if size.value > 10_000:
            raise BreachError(f"a state of {size.value} bytes")
        blob = ctypes.create_string_buffer(size.value)
        self.call(
            "too small", lambda: self.calls.SerializeFMUstate(handle, blob, size.value - 1), False
        )
        self.call("bytes", lambda: self.calls.SerializeFMUstate(handle, blob, size.value), True)
        content = bytearray(blob.raw)
        damage = self.random.randrange(4)
        if damage == 0:
            content = content[: self.random.randrange(len(content))]
        elif damage == 1:
            content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
        elif damage == 2:
            content = bytearray(self.random.randbytes(self.random.randrange(2000)))
        new = ctypes.c_void_p()
        # A pointer to no bytes at all is none of FMI's.
        given = bytes(content) or b"\0"
        self.call(
            f"bytes damaged by {damage}",
            lambda: self.calls.DeSerializeFMUstate(given, len(content), ctypes.byref(new)),
            damage == 3,
        )
        if new.value:
            self.held.append((new.value, was, values))

    # The rest ------------------------------------------------------------------------------------

    def statuses(self) -> None:
        kind, place = self.random.randrange(-2, 9), ctypes.c_double()
        self.call(
            f"status {kind}",
            lambda: self.calls.GetRealStatus(kind, ctypes.byref(place)),
            True,
            *((OK,) if kind == 2 else (DISCARD,)),
        )
        if not math.isfinite(place.value):
            raise BreachError(f"last successful time {place.value}")

    def logging(self) -> None:
        names = self.random.choice(
            ((b"logEachStep", b"logAll"), (b"logEachStep", b"logStatusDiscard", b"%s", b"\xff"))
        )
        array = (ctypes.c_char_p * len(names))(*names)
        self.call("logging", lambda: self.calls.SetDebugLogging(1, len(names), array), True)
        if len(names) == 4:
            self.call(
                "null category",
                lambda: self.calls.SetDebugLogging(1, 1, (ctypes.c_char_p * 1)(None)),
                False,
            )

    def not_provided(self) -> None:
        value, reference = ctypes.c_double(), ctypes.c_uint(0)
        v, r = ctypes.byref(value), ctypes.byref(reference)
        function = self.random.choice(
            (
                lambda: self.calls.GetDirectionalDerivative(r, 1, r, 1, v, v),
                lambda: self.calls.SetRealInputDerivatives(r, 1, r, v),
                lambda: self.calls.GetRealOutputDerivatives(r, 1, r, v),
                lambda: self.calls.CancelStep(),
            )
        )
        self.call("not provided", function, False)

    def setup(self) -> None:
        start = self.random.choice((0.0, -5.0, 1e9, math.nan, math.inf))
        self.call(
            f"setup {start}",
            lambda: self.calls.SetupExperiment(1, math.nan, start, 1, math.nan),
            self.phase == BEFORE and math.isfinite(start),
        )

    def enter(self) -> None:
        legal = self.phase == BEFORE
        self.call("enter", lambda: self.calls.EnterInitializationMode(), legal)
        if legal:
            self.phase = INITIALISING

    def leave(self) -> None:
        legal = self.phase == INITIALISING
        self.call("leave", lambda: self.calls.ExitInitializationMode(), legal)
        if legal:
            self.phase = STEPPING

    def end(self) -> None:
        legal = self.phase in (STEPPING, STOPPED)
        self.call("terminate", lambda: self.calls.Terminate(), legal)
        if legal:
            self.phase = ENDED

    def reset(self) -> None:
        if self.phase in (STOPPED, ENDED) or self.random.random() < 0.05:
            self.call("reset", lambda: self.calls.Reset(), True)
            self.begin()

    def replace_instance(self) -> None:
        """Free the instance, use it afterwards, and make another one."""
        held = self.held
        self.calls.FreeInstance()
        # Nothing can be logged for an instance that is none.
        for function in (
            lambda: self.calls.DoStep(0.0, 1.0, 1),
            lambda: self.calls.Terminate(),
            lambda: self.calls.SetFMUstate(held[0][0] if held else None),
        ):
            if function() != ERROR:
                raise BreachError("an instance that is freed was used")
        self.counts["calls"] += 4
        self.counts["instances"] += 1
        self.make()

    def run(self, calls: int, instance_every: int) -> None:
        """Make at least so many calls, with a new instance after each so many actions."""
        weights, actions = zip(*self.actions, strict=True)
        done = 0
        while self.counts["calls"] < calls:
            self.act(self.random.choices(actions, weights)[0])
            done += 1
            if done % instance_every == 0:
                self.replace_instance()
        self.calls.FreeInstance()

    def act(self, action: Callable[[], None]) -> None:
        """Do one thing, and hold the outputs against what must always be so."""
        action()
        if self.phase != BEFORE:
            self.check_outputs()


def main() -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("calls", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--live", action="store_true", help="may also solve TESPy at each step")
    parser.add_argument("--instance-every", type=int, default=5000)
    arguments = parser.parse_args()
    solvers = (b"map", b"live") if arguments.live else (b"map",)
    source = random.Random(arguments.seed)
    host = Hostile(arguments.folder, source, trace=arguments.trace, solvers=solvers)
    try:
        host.run(arguments.calls, arguments.instance_every)
    except BreachError as breach:
        print(f"{breach}\nafter:\n" + "\n".join(host.history))
        return 1
    print(json.dumps(dict(sorted(host.counts.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
