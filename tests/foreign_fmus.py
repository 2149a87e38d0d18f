"""FMUs as another tool writes them, compiled from C in tests/fmus/foreign."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import fmpy

from heatpump_twin.core.compiling import run_compiler

SOURCES = Path(__file__).resolve().parent / "fmus" / "foreign"
HEADERS = Path(fmpy.__file__).parent / "c-code"

MAP = """
[fmu]
start_values = { n_pumps = 2.0 }
[fmu.map]
compressor_speed = { name = "nRel" }
T_source_in = { name = "TBri_in", unit = "degC" }
T_sink_in = { name = "TWat_in", unit = "degC" }
m_flow_source = { absent = "the pump is inside the model" }
m_flow_sink = { absent = "the pump is inside the model" }
P_el = { name = "PCom", unit = "kW" }
Q_flow_sink = { name = "QCon", unit = "kW" }
Q_flow_source = { name = "QEva", unit = "kW", sign = -1 }
"""

_VARIABLES = (
    ("TBri_in", "input", "continuous", "0.0"),
    ("TWat_in", "input", "continuous", "30.0"),
    ("nRel", "input", "continuous", "1.0"),
    ("n_pumps", "parameter", "fixed", "1.0"),
    ("PCom", "output", "continuous", None),
    ("QCon", "output", "continuous", None),
    ("QEva", "output", "continuous", None),
)


def build(
    path: Path, version: str = "2.0", interface: str = "CoSimulation", **defines: str
) -> Path:
    """Compile an FMU and write it to `path`; `defines` are macros of its C files."""
    major = version[0]
    source = SOURCES / f"fmi{major}.c"
    library = path.with_suffix(".so")
    generated = path.with_suffix(".c")
    text = source.read_text()
    header = (HEADERS / f"fmi{major}Functions.h").read_text()
    names = re.findall(rf"FMI{major}_Export \w+ +(fmi{major}\w+);", header)
    refusing = [n for n in names if not re.search(rf"\b{n}\(", text)]
    generated.write_text(
        f'#include "{source.as_posix()}"\n'
        + "".join(f"int {n}(void) {{ return 3; }}\n" for n in refusing)
    )
    run_compiler(
        path.parent,
        *("-shared", "-fPIC", "-O1", "-w"),
        *(f"-D{name}={value}" for name, value in defines.items()),
        *(f"-I{folder}" for folder in (HEADERS, SOURCES)),
        *(generated.name, "-o", library.name, "-lm"),
    )
    platform = fmpy.platform if major == "2" else fmpy.platform_tuple
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("modelDescription.xml", _description(version, interface, defines))
        archive.write(library, f"binaries/{platform}/foreign.so")
    return path


def _description(version: str, interface: str, defines: dict[str, str]) -> str:
    is_fmi3 = version == "3.0"
    token = "instantiationToken" if is_fmi3 else "guid"
    variables = "".join(_variable(i, is_fmi3, *row) for i, row in enumerate(_VARIABLES))
    if interface == "ModelExchange":
        # The state is PCom.
        if is_fmi3:
            variables += (
                '<Float64 name="der_P" valueReference="90" causality="local" derivative="4"/>'
                '<Float64 name="above" valueReference="91" causality="local"/>'
            )
            structure = '<ContinuousStateDerivative valueReference="90"/>'
            if "LEVEL" in defines:
                structure += '<EventIndicator valueReference="91"/>'
        else:
            variables += (
                '<ScalarVariable name="der_P" valueReference="90" causality="local">'
                '<Real derivative="5"/></ScalarVariable>'
            )
            structure = '<Derivatives><Unknown index="8"/></Derivatives>'
    else:
        structure = ""
    has_indicator = "LEVEL" in defines and not is_fmi3
    indicators = ' numberOfEventIndicators="1"' if has_indicator else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<fmiModelDescription fmiVersion="{version}" '
        f'modelName="foreign" {token}="42"{indicators}><{interface} modelIdentifier="foreign"/>'
        f"<ModelVariables>{variables}</ModelVariables>"
        f"<ModelStructure>{structure}</ModelStructure></fmiModelDescription>"
    )


def _variable(
    i: int, is_fmi3: bool, name: str, causality: str, variability: str, start: str | None
) -> str:
    common = (
        f'name="{name}" valueReference="{i}" causality="{causality}" variability="{variability}"'
    )
    value = f' start="{start}"' if start else ""
    if is_fmi3:
        return f"<Float64 {common}{value}/>"
    return f"<ScalarVariable {common}><Real{value}/></ScalarVariable>"
