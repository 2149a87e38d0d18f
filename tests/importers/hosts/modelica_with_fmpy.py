"""Step the heat pump with FMPy and the building, in Modelica, with Rumoca.

`python script.py request.json results.json`; as in ssp_with_fmpy.py, both take a step with the
values that the other had at its beginning.
"""

import json
import sys
from pathlib import Path

import rumoca

from heatpump_twin.harness.stepping.session import Session

ASKED = ("Q_flow_sink_set", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink")

request = json.loads(Path(sys.argv[1]).read_text())
model = rumoca.Session().load(request["modelica"], model="HeatPumpTwin.BuildingOverAStep")
# Its implicit solver now and then refuses a short, non-stiff span by a check of its own.
config = rumoca.SimConfig(solver="rk-like", rtol=1e-9, atol=1e-6)


def building_over(start, end, heat, floor, room):
    given = {"Q_flow_held": heat, "building.T_floor_start": floor, "building.T_room_start": room}
    result = model.simulate((start, end), dt=end - start, config=config, params=given)
    names = [name for name in result.names if name.startswith("building.")]
    return {name.removeprefix("building."): result[name] for name in names}


floor, room = 296.15, 294.15
step = request["step_size"]
asked = building_over(0.0, step, 0.0, floor, room)
rows, energies = [], dict.fromkeys(("E_heating", "E_loss", "E_stored"), 0.0)
fmu = Path(request["folder"]) / "resources" / "heat_pump.fmu"
with Session(
    fmu, start_values={name: float(asked[name][0]) for name in ASKED} | request["parameters"]
) as session:
    readers = {
        name: session.reader([name])
        for component, name, *_ in request["variables"]
        if component == "heat_pump"
    }
    given, received = session.get()["E_sink"], 0.0
    for i in range(request["steps"]):
        heat, received = (given - received) / step, given
        building = building_over(i * step, (i + 1) * step, heat, floor, room)
        session.advance(step)
        for name in energies:
            energies[name] += float(building[name][-1])
        given = session.get()["E_sink"]
        row = []
        for _, name, *_ in request["variables"]:
            if name in readers:
                row += readers[name]()
            else:
                row.append(energies[name] if name in energies else float(building[name][-1]))
        rows.append(row)
        floor, room = float(building["T_floor"][-1]), float(building["T_room"][-1])
        session.set({name: float(building[name][-1]) for name in ASKED})
Path(sys.argv[2]).write_text(json.dumps(rows))
