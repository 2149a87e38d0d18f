"""The Python interface: what it has, what it costs to import, and each line of docs/api.md."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from series_logs import write_log

import heatpump_twin
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.harness.stepping.session import Session

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
FACE = ROOT / "fmu_src" / "heatpump_twin" / "__init__.py"
# What an FMU carries of the package, see IN_FMU of the build.
CARRIED = ("__init__.py", "core", "model", "solving")


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def imports_for_type_checkers() -> dict[str, str]:
    """Name to module, as the block for type checkers has them."""
    (block,) = [node for node in ast.parse(FACE.read_text()).body if isinstance(node, ast.If)]
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }


def test_names_are_the_same_for_type_checkers_and_at_run_time() -> None:
    assert imports_for_type_checkers() == heatpump_twin._MODULES
    assert sorted(heatpump_twin._MODULES) == sorted(heatpump_twin.__all__)
    assert set(heatpump_twin.__all__) <= set(dir(heatpump_twin))


def test_every_name_is_there_and_on_the_page() -> None:
    for name in heatpump_twin.__all__:
        assert getattr(heatpump_twin, name).__name__ == name
        assert re.search(rf"from heatpump_twin import .*\b{name}\b", PAGE), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        heatpump_twin.nothing  # noqa: B018


def test_import_loads_nothing_else(tmp_path: Path) -> None:
    done = python(
        "import sys, typing, importlib; before = set(sys.modules); import heatpump_twin; "
        "print(set(sys.modules) - before - {'heatpump_twin', '__future__'})",
        tmp_path,
    )
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


def test_what_an_fmu_carries_says_what_it_lacks(tmp_path: Path) -> None:
    carried = tmp_path / "carried_twin"
    carried.mkdir()
    for name in CARRIED:
        source = FACE.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, carried / name)
    done = python("from carried_twin import Machine; print(Machine.__module__)", tmp_path)
    assert done.stdout.strip() == "carried_twin.model.machine", done.stderr
    done = python("from carried_twin import validate", tmp_path)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: validate is not in the part of heatpump-twin that an FMU carries "
        "(carried_twin); install heatpump-twin and import it from heatpump_twin"
    )


def blocks(text: str) -> list[str]:
    found = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert text.count("```") == 2 * len(found)
    return found


def write_steady_log(folder: Path, fmu: Path) -> None:
    """Write half an hour with one start, as the FMU of `mci_lab` answers it, with noise."""
    rng = np.random.default_rng(1)
    given = {"T_source_in": 283.15, "T_sink_in": 308.15, "m_flow_source": 0.3, "m_flow_sink": 0.27}
    rows = []
    with Session(fmu, outputs=("T_sink_out", "P_el")) as session:
        for i in range(180):
            on = i >= 30
            answer = session.step({**given, "compressor_speed": float(on)}, 10.0)
            supply = answer["T_sink_out"] - 273.15 + 0.03 * rng.standard_normal()
            power = (answer["P_el"] + 5.0 * rng.standard_normal()) / 1e3
            inlets = [f"{t + 0.03 * rng.standard_normal():.2f}" for t in (10.0, 35.0)]
            state = "on" if on else "off"
            rows.append([f"{10 * i}", state, *inlets, f"{supply:.3f}", f"{power:.4f}"])
    write_log(folder, rows)


def test_every_line_of_the_page_runs(fmu: Path, tmp_path: Path) -> None:
    """But those of the calibration; `fmu` has put the map into the cache."""
    write_steady_log(tmp_path / "my_log", fmu)
    code = blocks(PAGE.split("\n## Calibration\n")[0])
    assert len(code) >= 7
    done = python("\n".join(code), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report" / "report.html").is_file()
    assert (tmp_path / "log_report" / "report.html").is_file()
    assert len(load_dataset(str(tmp_path / "my_points")).values) == 1
    assert done.stdout.splitlines()[-2] == "None  []"  # the twin itself made it


def test_the_calibration_of_the_page_runs(tmp_path: Path) -> None:
    """On every third record of the example: that the lines run does not need them all."""
    folder = tmp_path / "my_heat_pump"
    write_example(folder)
    (table,) = folder.glob("*.csv")
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([header, *rows[::3]]) + "\n", encoding="utf-8")
    (code,) = blocks(PAGE.split("\n## Calibration\n")[1])
    names = "from pathlib import Path\nfrom heatpump_twin import load_dataset\n"
    done = python(names + code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my_heat_pump" / "machine.calibration.json").is_file()
