"""The header of the map's numbers: one declaration on both sides, or no library."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from heatpump_twin.core import native_map
from heatpump_twin.fmu import compiling, sharing
from heatpump_twin.machine_files.files import MACHINES
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.map_making.map_build import CertifiedMap
from heatpump_twin.model.machine import PARAMETERS, Machine
from heatpump_twin.model.quantities import BOUNDARY_QUANTITIES, RESULT_QUANTITIES, OperatingStatus


def members() -> list[str]:
    return re.findall(r"^    double (\w+);$", native_map.header(), flags=re.M)


def test_header_has_each_quantity_and_parameter_once() -> None:
    text = native_map.header()
    for prefix, names in (
        ("INPUT", BOUNDARY_QUANTITIES),
        ("RESULT", RESULT_QUANTITIES),
        ("STATUS", [s.name for s in OperatingStatus]),
    ):
        assert all(len(re.findall(rf"\b{prefix}_{name}\b", text)) == 1 for name in names)
    found = members()
    assert len(found) == len(set(found))
    assert {place.replace(".", "_") for place in PARAMETERS} < set(found)


@pytest.mark.parametrize("name", sorted(p.stem for p in MACHINES.glob("*.toml")))
def test_each_parameter_lies_where_the_header_says(name: str, certified: CertifiedMap) -> None:
    machine: Machine = read_machine(name)
    numbers = native_map.native_numbers(machine, certified.table, 3)
    assert numbers[0] == native_map.layout_number()
    constants = dict(zip(members(), numbers[1:], strict=False))
    assert constants["number_of_units"] == numbers[native_map.NUMBER_OF_UNITS] == 3
    for place in PARAMETERS:
        assert constants[place.replace(".", "_")] == machine.parameter(place)


def compiles(folder: Path, **changes: tuple[str, str]) -> bool:
    """Whether the C sources pass the compiler with these changes of a header."""
    files = compiling._source_files()
    for name, (old, new) in changes.items():
        key = f"{name}.h"
        text = files[key].decode()
        assert old in text
        files[key] = text.replace(old, new).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sources = [name for name in files if name.endswith(".c")]
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu.2.17"]
    done = subprocess.run(
        [*compiler, "-I.", "-c", "-std=c11", "-Wall", "-Wextra", "-Werror", *sources],
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
    "changes",
    [
        {"native_map_layout": ("T_source_out", "T_source_exit")},  # a result renamed
        {"native_map_layout": ("X(h_liquid, 0)", "X(h_liquid, 0) X(charge, 0)")},  # one more
        {"native_map_layout": (" X(h_liquid, 0)", "")},  # one less
        {"native_map_layout": ("INPUT_m_flow_sink", "INPUT_flow_of_the_sink")},
        {"native_map_layout": ("    double compressor_shell_loss_ratio;\n", "")},
        {"native_map_layout": ("ROW_log_p_low", "ROW_p_low")},
        {"native_map_layout": ("X(T_dew)", "X(T_evaporating)")},
        {"sharing": ("STATE_MESSAGES", "WAITING")},
        {"sharing": ("STEP_FAILED", "DISCARDED")},
    ],
)
def test_mismatch_does_not_compile(tmp_path: Path, changes: dict[str, tuple[str, str]]) -> None:
    assert not compiles(tmp_path, **changes)


def test_layout_number_changes_with_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    before = native_map.layout_number()
    assert f"#define LAYOUT {before:.1f}" in native_map.header()
    monkeypatch.setattr(native_map, "ROWS", (*native_map.ROWS[1:], native_map.ROWS[0]))
    assert native_map.layout_number() != before


def test_references_follow_the_order_of_registration() -> None:
    assert len(BOUNDARY_QUANTITIES) == sharing.INPUTS
    assert sharing.INPUTS + len(RESULT_QUANTITIES) == sharing.REALS
    assert 1 + len(OperatingStatus) == sharing.STATE_MESSAGES
