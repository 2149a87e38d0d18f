"""Step the two FMUs of the SSP by hand, with FMPy: `python script.py request.json results.json`.

Both take a step with the values that the other had at its beginning.
"""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

from heatpump_twin.harness.stepping.session import Session

ASKED = ("Q_flow_sink_set", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink")

request = json.loads(Path(sys.argv[1]).read_text())
resources, step = Path(request["folder"]) / "resources", request["step_size"]
with ExitStack() as stack:
    heat_pump, building = (
        stack.enter_context(
            Session(resources / f"{name}.fmu", start_values=parameters, stay_in_initialisation=True)
        )
        for name, parameters in (
            ("heat_pump", request["parameters"]),
            ("building", request["building"]),
        )
    )
    sessions = {"heat_pump": heat_pump, "building": building}
    asked = building.reader(ASKED)
    given, ask, give = (
        heat_pump.reader(["E_sink"]),
        heat_pump.writer(ASKED),
        building.writer(["E_given"]),
    )
    readers = [sessions[component].reader([name]) for component, name, *_ in request["variables"]]
    ask(asked())
    give(given())
    for session in sessions.values():
        session.leave_initialisation()
    rows = []
    for i in range(1, request["steps"] + 1):
        for session in sessions.values():
            session.advance(step)
        if i % request["steps_per_row"] == 0:
            rows.append([reader()[0] for reader in readers])
        # FMI wants inputs to be set after the outputs are read.
        heat = given()
        ask(asked())
        give(heat)
Path(sys.argv[2]).write_text(json.dumps(rows))
