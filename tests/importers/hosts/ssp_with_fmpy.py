"""Step the two FMUs of the SSP by hand, with FMPy: `python script.py request.json results.json`.

Both take a step with the values that the other had at its beginning.
"""

import json
import sys
from pathlib import Path

import fmpy
from fmpy.fmi2 import FMU2Slave

ASKED = ("compressor_speed", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink")

request = json.loads(Path(sys.argv[1]).read_text())
slaves, references = {}, {}
for name in ("heat_pump", "building"):
    fmu = f"{request['folder']}/resources/{name}.fmu"
    description = fmpy.read_model_description(fmu)
    references[name] = {v.name: v.valueReference for v in description.modelVariables}
    slaves[name] = FMU2Slave(
        guid=description.guid,
        unzipDirectory=fmpy.extract(fmu),
        modelIdentifier=description.coSimulation.modelIdentifier,
        instanceName=name,
    )
    slaves[name].instantiate()
    slaves[name].setupExperiment(startTime=0.0)
    slaves[name].enterInitializationMode()


def connect(source, target, pairs):
    values = slaves[source].getReal([references[source][a] for a, _ in pairs])
    slaves[target].setReal([references[target][b] for _, b in pairs], values)


def exchange():
    connect("building", "heat_pump", [(name, name) for name in ASKED])
    connect("heat_pump", "building", [("Q_flow_sink", "Q_flow_heating")])


exchange()
for slave in slaves.values():
    slave.exitInitializationMode()
rows, step = [], request["step_size"]
for i in range(request["steps"]):
    for slave in slaves.values():
        slave.doStep(i * step, step)
    rows.append(
        [
            (slaves[c].getReal if type_ == "Real" else slaves[c].getInteger)([references[c][name]])[
                0
            ]
            for c, name, type_, _ in request["variables"]
        ]
    )
    # FMI wants inputs to be set after the outputs are read.
    heat = slaves["heat_pump"].getReal([references["heat_pump"]["Q_flow_sink"]])
    connect("building", "heat_pump", [(name, name) for name in ASKED])
    slaves["building"].setReal([references["building"]["Q_flow_heating"]], heat)
Path(sys.argv[2]).write_text(json.dumps(rows))
