"""Run an SSP with libcosim: `python script.py request.json results.json`."""

import json
import sys
from pathlib import Path

from libcosimpy.CosimExecution import CosimExecution
from libcosimpy.CosimObserver import CosimObserver

request = json.loads(Path(sys.argv[1]).read_text())
execution = CosimExecution.from_ssp_file(request["folder"], int(request["step_size"] * 1e9))
observer = CosimObserver.create_last_value()
execution.add_observer(observer)
rows = []
for _ in range(request["steps"] // request["steps_per_row"]):
    if not execution.step(request["steps_per_row"]):
        sys.exit("libcosim stopped")
    row = []
    for component, _, type_, reference in request["variables"]:
        slave = execution.slave_index_from_instance_name(component)
        read = observer.last_real_values if type_ == "Real" else observer.last_integer_values
        row += read(slave, [reference])
    rows.append(row)
Path(sys.argv[2]).write_text(json.dumps(rows))
