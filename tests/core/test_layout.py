"""The header of the core and the map file: one declaration on both sides, or no library."""

import re
import struct
import subprocess
from pathlib import Path

import pytest
from compiled import COMPILER, write_sources

from heatpump_twin.core import layout
from heatpump_twin.core.map_file import HEAD, map_file
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import PARAMETERS
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES, OperatingStatus
from heatpump_twin.model.settings import SETTINGS

HEADER = layout.HEADER


def members() -> list[str]:
    return re.findall(r"^    double (\w+);$", layout.header(), flags=re.M)


def test_header_has_each_quantity_and_parameter_once() -> None:
    text = layout.header()
    for prefix, names in (
        ("INPUT", BOUNDARY_QUANTITIES),
        ("RESULT", RESULT_QUANTITIES),
        ("PARAMETER", SETTINGS),
        ("STATUS", [s.name for s in OperatingStatus]),
    ):
        assert all(len(re.findall(rf"\b{prefix}_{name}\b", text)) == 1 for name in names)
    found = members()
    assert len(found) == len(set(found))
    assert {place.replace(".", "_") for place in PARAMETERS} < set(found)


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_each_parameter_lies_where_the_header_says(name: str, certified: CertifiedMap) -> None:
    machine = read_machine(name)
    content = map_file(machine, certified.table)
    _, _, number, count = HEAD.unpack_from(content)
    assert number == layout.layout_number()
    numbers = struct.unpack_from(f"<{count}d", content, HEAD.size)
    constants = dict(zip(members(), numbers, strict=False))
    for place in PARAMETERS:
        assert constants[place.replace(".", "_")] == machine.parameter(place)


def compiles(folder: Path, **changes: tuple[str, str]) -> bool:
    """Whether the C sources pass the compiler with these changes of a header."""
    sources = write_sources(folder, {f"{name}.h": change for name, change in changes.items()})
    done = subprocess.run(
        [*COMPILER, "-c", "-std=c11", "-Wall", "-Wextra", "-Werror", *sources],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or ".c:" in done.stderr or ".h:" in done.stderr, done.stderr
    return done.returncode == 0


def test_sources_compile_with_the_headers_as_declared(tmp_path: Path) -> None:
    assert compiles(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        ("T_source_out", "T_source_exit"),  # a result renamed
        ('X(COP, "1", ', 'X(charge, "kg", 0.0, 9.0, 1) X(COP, "1", '),  # one more
        ("INPUT_m_flow_sink", "INPUT_flow_of_the_sink"),
        ("    double compressor_shell_loss_ratio;\n", ""),
        ("PARAMETER_standby_power", "PARAMETER_power_when_off"),
        ("STATUS_OFF", "STATUS_STANDBY"),
        ("ROW_log_p_low", "ROW_p_low"),
        ("X(T_dew)", "X(T_evaporating)"),
        ("#define LARGEST_SUBCOOLING_FRACTION", "#define SUBCOOLING_FRACTION_MAX"),
    ],
)
def test_mismatch_does_not_compile(tmp_path: Path, change: tuple[str, str]) -> None:
    assert not compiles(tmp_path, **{HEADER.removesuffix(".h"): change})


def test_layout_number_changes_with_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    before = layout.layout_number()
    assert f"#define LAYOUT {before}ULL" in layout.header()
    monkeypatch.setattr(layout, "ROWS", (*layout.ROWS[1:], layout.ROWS[0]))
    assert layout.layout_number() != before
