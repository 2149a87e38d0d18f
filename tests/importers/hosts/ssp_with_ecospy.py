"""Run an SSP with ecos: `python script.py request.json results.json`."""

import json
import sys
from pathlib import Path

from ecospy import EcosSimulation

request = json.loads(Path(sys.argv[1]).read_text())
rows = []
with EcosSimulation(ssp_path=request["ssp"], step_size=request["step_size"]) as simulation:
    # It takes a parameter set of the SSP only if it is named.
    simulation.init(parameter_set="initialValues")
    for _ in range(request["steps"] // request["steps_per_row"]):
        simulation.step(request["steps_per_row"])
        rows.append(
            [
                (simulation.get_real if type_ == "Real" else simulation.get_integer)(
                    f"{component}::{name}"
                )
                for component, name, type_, _ in request["variables"]
            ]
        )
    simulation.terminate()
Path(sys.argv[2]).write_text(json.dumps(rows))
