"""Step the heat pump with FMPy beside the building in Modelica, which Rumoca solves.

`python script.py request.json results.json`; as in ssp_with_fmpy.py, both take a step with the
values that the other had at its beginning.

Rumoca takes 7 ms to start, too long for each step of a year. The building is linear in its two
states and in the heat, up to where its set-point is cut off at 0 and to what discomfort counts. So
Rumoca solves it once over all steps, without heat, and three times over one step, from which
follows what a step makes of a warmer floor, a warmer room and of heat. The sum of these is the
building with the heat that the FMU gives. Discomfort is summed over the ends of the steps.
"""

import json
import sys
from pathlib import Path

import numpy as np
import rumoca

from heatpump_twin.harness.stepping.session import Session

STATES = ("T_floor", "T_room")
ENERGIES = ("E_heating", "E_loss", "E_gains", "E_stored")
NAMES = (*STATES, "Q_flow_wanted", *ENERGIES)
GIVEN = ("T_source_in", "m_flow_source", "m_flow_sink")
ASKED = ("Q_flow_sink_set", "T_sink_in", *GIVEN)
# By how much floor, room and heat are changed: far more than what the solver may be wrong by.
CHANGES = {"building.T_floor_start": 1e3, "building.T_room_start": 1e3, "Q_flow_held": 1e6}

request = json.loads(Path(sys.argv[1]).read_text())
step, steps = request["step_size"], request["steps"]
model = rumoca.Session().load(request["modelica"], model="HeatPumpTwin.BuildingOverAStep")
# Its implicit solver now and then refuses a short, non-stiff span by a check of its own.
config = rumoca.SimConfig(solver="rk-like", rtol=1e-12, atol=1e-9)
of_building = {f"building.{name}": value for name, value in request["building"].items()}


def solved(end, **changed):
    """Rows of NAMES over time, and of GIVEN; energies are what each step adds."""
    given = {**of_building, "Q_flow_held": 0.0, **changed}
    result = model.simulate((0.0, end), dt=step, config=config, params=given)
    table, weather = (
        np.array([result[f"building.{name}"] for name in names]).T for names in (NAMES, GIVEN)
    )
    table[1:, -len(ENERGIES) :] = np.diff(table[:, -len(ENERGIES) :], axis=0)
    return table, weather


unheated, weather = solved(step * steps)
assert len(unheated) == steps + 1
start = {f"building.{name}_start": unheated[0, i] for i, name in enumerate(STATES)}
as_it_is = solved(step, **start)[0][-1]
made = np.array(
    [
        (solved(step, **{**start, name: start.get(name, 0.0) + change})[0][-1] - as_it_is) / change
        for name, change in CHANGES.items()
    ]
).T.tolist()
comfortable = unheated[0, 1] - {p.name: p.value for p in model.parameters}["building.tolerated"]
unheated, weather = unheated.tolist(), weather.tolist()


def asked(row, now):
    return [max(0.0, row[NAMES.index("Q_flow_wanted")]), row[0], *weather[now]]


row = unheated[0]
first = dict(zip(ASKED, asked(row, 0), strict=True))
rows, energies, discomfort, received = [], [0.0] * len(ENERGIES), 0.0, 0.0
fmu = Path(request["folder"]) / "resources" / "heat_pump.fmu"
with Session(fmu, start_values=first | request["parameters"]) as session:
    ask, given = session.writer(ASKED), session.reader(["E_sink"])
    readers = {
        name: session.reader([name])
        for component, name, *_ in request["variables"]
        if component == "heat_pump"
    }
    for i in range(1, steps + 1):
        (before,) = given()
        session.advance(step)
        warmer = (
            row[0] - unheated[i - 1][0],
            row[1] - unheated[i - 1][1],
            (before - received) / step,
        )
        received = before
        row = [
            of_unheated + sum(a * b for a, b in zip(effects, warmer, strict=True))
            for of_unheated, effects in zip(unheated[i], made, strict=True)
        ]
        energies = [sum_ + more for sum_, more in zip(energies, row[-len(ENERGIES) :], strict=True)]
        discomfort += max(0.0, comfortable - row[1]) * step / 3600.0
        ask(asked(row, i))
        if i % request["steps_per_row"] == 0:
            found = {
                **dict(zip(NAMES, row, strict=True)),
                **dict(zip(ASKED, asked(row, i), strict=True)),
                **dict(zip(ENERGIES, energies, strict=True)),
                "discomfort": discomfort,
            }
            rows.append(
                [
                    readers[name]()[0] if component == "heat_pump" else found[name]
                    for component, name, *_ in request["variables"]
                ]
            )
Path(sys.argv[2]).write_text(json.dumps(rows))
