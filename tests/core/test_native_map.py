"""What the shell answers without Python is what Python answers, at every kind of input."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import fmpy
import pytest
from c_host import host_environment
from conftest import ROOT

from heatpump_twin.fmu.build import build

POINTS = 3000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")

# The FMU's model notes when it is asked, so native answers are those that it was not asked for.
SCRIPT = f"""
    import json, math, random, sys
    sys.path.insert(0, {str(ROOT / "tests" / "fmu")!r})
    from pathlib import Path
    from rollbacks import *
    from heatpump_twin.model.heat_pump import HeatPump
    from heatpump_twin.model.machine import Machine
    from heatpump_twin.model.performance_map import MapTable, PerformanceMap
    from heatpump_twin.model.quantities import Boundary
    folder, units, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    resources = Path(folder) / "resources"
    machine = Machine.load(resources / "machine.json")
    table = MapTable.load(resources / "performance_map.json", machine)
    heat_pump = HeatPump(machine, PerformanceMap(machine, table))
    heat_pump.number_of_units = units
    run = Run(folder, units)
    package = next(m for n, m in sys.modules.items()
                   if n.startswith("heatpump_twin_") and n.endswith(".heat_pump"))
    asked = []
    original = package.HeatPump.answer
    package.HeatPump.answer = lambda self, boundary: asked.append(1) or original(self, boundary)
    worst, counts = 0.0, {{}}
    last = [run.calls.get("Real", i)[1] for i in run.calls.outputs]
    for k, row in enumerate(rows_of(folder, points, 11, units)):
        if k % 10 == 8:  # on the edge of the envelope
            low, high = machine.envelope.range("T_sink_in")
            row[2] = (low, high, math.nextafter(high, 1e9))[k % 3]
        asked.clear()
        run.step(k, row)
        found = [run.calls.get("Real", i)[1] for i in run.calls.outputs]
        status = run.calls.get("Integer", "operating_status")[1]
        point, expected, notes = heat_pump.answer(Boundary(*row))
        assert status == expected, (row, status, expected)
        assert [t for _, t in run.calls.log] == [f"operating_status {{expected.value}}: {{n}}"
                                                 for n in notes], run.calls.log
        values = last if point is None else list(vars(point).values())
        if asked:
            assert found == values, row
        else:
            assert status == 1
            worst = max(worst, *(abs(a - b) / abs(b) for a, b in zip(found, values) if b))
        key = f"{{'python' if asked else 'native'}} {{status}}"
        counts[key] = counts.get(key, 0) + 1
        last = found
    print(json.dumps([worst, counts]))
"""


@pytest.mark.parametrize(
    ("name", "units"),
    [("mci_lab", 1), ("mci_lab", 7), ("nist_split", 1), ("rwth_brine_water", 1)],
)
def test_native_answers_are_those_of_python(name: str, units: int, tmp_path: Path) -> None:
    built = build(name, tmp_path / "machine.fmu").path
    folder = fmpy.extract(str(built), unzipdir=str(tmp_path / "unzipped"))
    host = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), folder, str(units), str(POINTS)],
        capture_output=True,
        text=True,
        env=host_environment(OPENBLAS_NUM_THREADS="1"),
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    worst, counts = json.loads(host.stdout)
    assert worst < 1e-11
    # Every point inside the envelope and within its limits is answered without Python.
    assert counts["native 1"] > POINTS / 3
    assert counts.get("python 1", 0) == 0
    assert counts["python 0"] > 10
    assert counts["python 2"] > 10
    assert counts["python 4"] > 10
