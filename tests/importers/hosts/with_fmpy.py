"""Step an FMU with FMPy: `python script.py request.json results.json`."""

import json
import sys
from pathlib import Path

import fmpy
import numpy as np

request = json.loads(Path(sys.argv[1]).read_text())
names, step = request["inputs"], request["step_size"]
count = len(request["rows"])
# FMPy holds inputs over a step, which begins with the row's values.
inputs = np.zeros(count, dtype=[("time", float), *((name, float) for name in names)])
inputs["time"] = step * np.arange(count)
for i, name in enumerate(names):
    inputs[name] = [row[i] for row in request["rows"]]
result = fmpy.simulate_fmu(
    request["fmu"],
    stop_time=step * count,
    output_interval=step,
    start_values=dict(zip(names, request["rows"][0], strict=True)),
    input=inputs,
    output=request["outputs"],
)
rows = [[float(row[name]) for name in request["outputs"]] for row in result[1:]]
Path(sys.argv[2]).write_text(json.dumps(rows))
