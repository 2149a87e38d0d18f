"""Step an FMU with ecos: `python script.py request.json results.json`."""

import json
import sys
from pathlib import Path

from ecospy import EcosSimulation, EcosSimulationStructure

request = json.loads(Path(sys.argv[1]).read_text())
rows = []
with EcosSimulationStructure() as structure:
    structure.add_model("one", request["fmu"])
    with EcosSimulation(structure=structure, step_size=request["step_size"]) as simulation:
        simulation.init()
        for row in request["rows"]:
            for name, value in zip(request["inputs"], row, strict=True):
                simulation.set_real(f"one::{name}", value)
            simulation.step()
            rows.append(
                [
                    simulation.get_integer(f"one::{name}")
                    if name == "operating_status"
                    else simulation.get_real(f"one::{name}")
                    for name in request["outputs"]
                ]
            )
        simulation.terminate()
Path(sys.argv[2]).write_text(json.dumps(rows))
