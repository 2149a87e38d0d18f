"""Which variable changes which output: ``python dependencies.py x.fmu result.json``.

Each input and parameter is changed at several points, one at a time, in initialisation mode and,
where FMI lets a host set it there, between steps: what changes without a step is a feedthrough.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from heatpump_twin.harness.stepping.session import Session
from heatpump_twin.model.settings import SETTINGS

STEP_SIZE = 60.0

# What a step returns when it fails is nothing that outputs depend on; the solver has points of its
# own.
NOT_PROBED = ("solver", "on_failure")

# Off, at the start values, outside the envelope at the warm end, and demands: of heat below the
# least speed and above it, with its mean, and of a supply temperature that cycling holds.
HEAT = {"control": "heat_flow", "Q_flow_sink_set": 700.0}
TEMPERATURE = {
    "control": "supply_temperature",
    "T_sink_out_set": 309.5,
    "temperature_hysteresis": 0.842,
}
POINTS: tuple[dict[str, Any], ...] = (
    *({}, {"compressor_speed": 0.0}, {"T_sink_in": 348.15}, {"dynamics": "dynamic"}),
    {"dynamics": "dynamic", "compressor_speed": 0.1},
    *({**HEAT, "Q_flow_sink_set": 4000.0}, {**HEAT, "Q_flow_sink_set": 9000.0}),
    *({**HEAT, "part_load": "mean"}, {**HEAT, "T_source_in": 250.0}),
    {**HEAT, "part_load": "mean", "dynamics": "dynamic"},
    TEMPERATURE,
    {"control": "supply_temperature", "T_sink_out_set": 313.0},
    {**TEMPERATURE, "dynamics": "dynamic"},
    {**HEAT, "Q_flow_sink_set": 4000.0, "T_source_in": 250.0, "dynamics": "dynamic"},
)
CORNER = {
    "compressor_speed": 1.2,
    "T_source_in": 298.1,
    "T_sink_in": 328.1,
    "m_flow_source": 0.57,
    "m_flow_sink": 0.1342,
}


def is_same(value: Any, other: Any) -> bool:
    """Compare; a balance of thousands of watts is known to its round-off alone."""
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=1e-12, abs_tol=1e-9)
    return bool(value == other)


class Prober:
    """An instance in initialisation mode, and what was seen to depend on what."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.variables = {v.name: v for v in session.description.modelVariables}
        types: dict[str, Any] = {"Real": float, "Integer": int, "String": str}
        types["Boolean"] = lambda text: text == "true"
        self.start: dict[str, Any] = {
            v.name: types[v.type](v.start) for v in self.variables.values() if v.start
        }
        self.seen: dict[str, set[str]] = defaultdict(set)

    def names(self, causality: str) -> list[str]:
        return [name for name, v in self.variables.items() if v.causality == causality]

    def put(self, **values: Any) -> None:
        self.session.set(values)

    def read(self) -> dict[str, Any]:
        return self.session.get()

    def compare(self, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        for output, value in after.items():
            if not is_same(value, before[output]):
                self.seen[output].add(name)

    def probe(self, name: str, point: dict[str, Any]) -> None:
        """Change a variable a little, and an input to a value without meaning."""
        self.put(**point)
        before = self.read()
        value = point[name]
        others: tuple[Any, ...]
        if isinstance(value, bool):
            others = (not value,)
        elif isinstance(value, str):
            others = tuple(c for c in SETTINGS[name].choices if c != value)
        elif isinstance(value, int):
            # A third of the flows for each unit lies outside the envelope.
            others = (value + 2,)
        else:
            others = (1.01 * value + 0.01,)
            if self.variables[name].causality == "input":
                others += (-1.0,)
        for other in others:
            self.put(**{name: other})
            self.compare(name, before, self.read())
            self.put(**{name: value})
            assert self.read() == before, f"{name}: something remembers {other!r}"

    def probe_all(self, names: list[str]) -> None:
        for changed in POINTS:
            point = {**self.start, **changed}
            # Between steps parameters stay as they were set before.
            settable = {n: point[n] for n in names}
            for name in names:
                self.probe(name, settable)

    def probe_solver(self) -> None:
        """Change the solver, inside and where by the map the status just changes.

        The laboratory machine's envelope has one corner beyond its high-pressure switch.
        """
        edge = {**self.start, **CORNER}
        outside, inside = CORNER["T_sink_in"], 320.15
        self.put(**edge)
        for _ in range(60):
            middle = 0.5 * (outside + inside)
            self.put(T_sink_in=middle)
            if self.read()["operating_status"] == 2:
                outside = middle
            else:
                inside = middle
        demand = {**self.start, **HEAT, "Q_flow_sink_set": 4000.0, "dynamics": "dynamic"}
        points = [
            self.start,
            {**edge, "T_sink_in": outside},
            {**edge, "T_sink_in": inside},
            demand,
            {**demand, "Q_flow_sink_set": 9000.0},
        ]
        by_solver = []
        for solver in ("map", "live"):
            answers = []
            for point in points:
                self.put(**{**point, "solver": solver})
                answers.append(self.read())
            by_solver.append(answers)
        assert [a["operating_status"] for a in by_solver[0]] == [1, 2, 1, 1, 2]
        for before, after in zip(*by_solver, strict=True):
            self.compare("solver", before, after)
        self.put(solver="map")


def main() -> None:
    """Probe and write what was seen."""
    results = {}
    with Session(Path(sys.argv[1]), stay_in_initialisation=True) as session:
        prober = Prober(session)
        inputs, parameters = prober.names("input"), prober.names("parameter")
        prober.probe_all([name for name in (*inputs, *parameters) if name not in NOT_PROBED])
        prober.probe_solver()
        results["InitialUnknowns"] = prober.seen
    with Session(Path(sys.argv[1])) as session:
        session.advance(STEP_SIZE)
        prober = Prober(session)
        prober.probe_all(inputs)
        results["Outputs"] = prober.seen
    outputs = session.outputs
    text = json.dumps({k: {o: sorted(v[o]) for o in outputs} for k, v in results.items()})
    Path(sys.argv[2]).write_text(text)


if __name__ == "__main__":
    main()
