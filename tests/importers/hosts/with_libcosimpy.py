"""Step an FMU with libcosim: `python script.py request.json results.json`."""

import json
import sys
from pathlib import Path

import fmpy
from libcosimpy.CosimExecution import CosimExecution
from libcosimpy.CosimManipulator import CosimManipulator
from libcosimpy.CosimObserver import CosimObserver
from libcosimpy.CosimSlave import CosimLocalSlave

request = json.loads(Path(sys.argv[1]).read_text())
variables = {v.name: v for v in fmpy.read_model_description(request["fmu"]).modelVariables}
execution = CosimExecution.from_step_size(int(request["step_size"] * 1e9))
slave = CosimLocalSlave(fmu_path=request["fmu"], instance_name="one")
index = execution.add_local_slave(slave)
observer = CosimObserver.create_last_value()
execution.add_observer(observer)
manipulator = CosimManipulator.create_override()
execution.add_manipulator(manipulator)
inputs = [variables[name].valueReference for name in request["inputs"]]
rows = []
for row in request["rows"]:
    manipulator.slave_real_values(index, inputs, row)
    if not execution.step():
        sys.exit("libcosim stopped")
    values = []
    for name in request["outputs"]:
        reference = [variables[name].valueReference]
        if variables[name].type == "Real":
            values += observer.last_real_values(index, reference)
        else:
            values += observer.last_integer_values(index, reference)
    rows.append([float(value) for value in values])
Path(sys.argv[2]).write_text(json.dumps(rows))
