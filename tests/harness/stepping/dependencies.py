"""Which variable changes which output: ``python dependencies.py x.fmu result.json``.

Each input and parameter is changed at several points, one at a time, in initialisation mode and,
where FMI lets a host set it there, between steps: what changes without a step is a feedthrough.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from heatpump_twin.harness.stepping.session import Session

STEP_SIZE = 60.0

# Parameters that are texts; what a step returns when it fails is nothing that outputs depend on.
TEXTS = ("solver", "on_failure")

# Off, at the start values, outside the envelope at the warm end.
POINTS: tuple[dict[str, float], ...] = ({}, {"compressor_speed": 0.0}, {"T_sink_in": 348.15})
CORNER = {
    "compressor_speed": 1.2,
    "T_source_in": 298.1,
    "T_sink_in": 328.1,
    "m_flow_source": 0.57,
    "m_flow_sink": 0.1342,
}


class Prober:
    """An instance in initialisation mode, and what was seen to depend on what."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.variables = {v.name: v for v in session.description.modelVariables}
        types = {"Real": float, "Integer": int, "String": str}
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
            if value != before[output]:
                self.seen[output].add(name)

    def probe(self, name: str, point: dict[str, Any]) -> None:
        """Change a variable a little, and an input to a value without meaning."""
        self.put(**point)
        before = self.read()
        value = point[name]
        others: tuple[Any, ...] = (1.01 * value + 0.01,)
        if isinstance(value, int):
            # A third of the flows for each unit lies outside the envelope.
            others = (value + 2,)
        elif self.variables[name].causality == "input":
            others += (-1.0,)
        for other in others:
            self.put(**{name: other})
            self.compare(name, before, self.read())
            self.put(**{name: value})
            assert self.read() == before, f"{name}: something remembers {other!r}"

    def probe_all(self, names: list[str]) -> None:
        for changed in POINTS:
            point = {**self.start, **changed}
            for name in names:
                self.probe(name, {n: point[n] for n in names})

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
        points = [self.start, {**edge, "T_sink_in": outside}, {**edge, "T_sink_in": inside}]
        by_solver = []
        for solver in ("map", "live"):
            answers = []
            for point in points:
                self.put(**{**point, "solver": solver})
                answers.append(self.read())
            by_solver.append(answers)
        assert [a["operating_status"] for a in by_solver[0]] == [1, 2, 1]
        for before, after in zip(*by_solver, strict=True):
            self.compare("solver", before, after)
        self.put(solver="map")


def main() -> None:
    """Probe and write what was seen."""
    results = {}
    with Session(Path(sys.argv[1]), stay_in_initialisation=True) as session:
        prober = Prober(session)
        inputs, parameters = prober.names("input"), prober.names("parameter")
        prober.probe_all([name for name in (*inputs, *parameters) if name not in TEXTS])
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
