"""Build the co-simulation FMU of a machine: ``python build_fmu.py [machine] [-o file.fmu]``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pythonfmu.builder import FmuBuilder

from heatpump_twin_model.cycle import HeatPumpCycle
from heatpump_twin_model.errors import InputError, TwinError
from heatpump_twin_model.heat_pump import HeatPump
from heatpump_twin_model.machine_file import machine_path, read_machine_file
from heatpump_twin_model.quantities import OperatingPoint, OperatingStatus
from heatpump_twin_model.sizes import Sizes
from heatpump_twin_shell.installing import with_shell

SOURCE = Path(__file__).resolve().parent / "fmu_src"
SLAVE = SOURCE / "heat_pump_slave.py"
MODEL = SOURCE / "heatpump_twin_model"
DEFAULT_MACHINE = "mci_lab"

# What the model imports when the FMU solves the cycle itself.
RUN_TIME_PACKAGES = ("numpy", "CoolProp", "tespy")

# Reading machine files takes packages that the FMU does without.
NOT_IN_FMU = shutil.ignore_patterns("__pycache__", "machine_file.py")

# The zip format begins in 1980; a fixed time makes equal content give equal bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Built:
    """An FMU and what its design point says of the machine.

    Attributes
    ----------
    path : Path
        The FMU written.
    summary : str
        Operating values and sizes at the design point, for a person to judge the machine by.
    """

    path: Path
    summary: str


def build(
    machine: str = DEFAULT_MACHINE,
    output: Path | None = None,
    *,
    needs_execution_tool: bool = False,
) -> Built:
    """Build the FMU of a machine.

    Parameters
    ----------
    machine : str
        Path of a machine file, or name of a shipped machine.
    output : Path, optional
        The FMU to write; ``out/<machine name>.fmu`` by default. An existing one is replaced only
        when the build has succeeded.
    needs_execution_tool : bool
        What the FMU says of itself. Python runs inside the host and not as a tool beside it, and
        some importers refuse an FMU that needs a tool, so the default is no.

    Returns
    -------
    Built
        The FMU written and a summary of its design point.

    Raises
    ------
    InputError
        If the machine file cannot be used or the output not be written.
    SolveError
        If the machine's design point has no solution.
    """
    path = machine_path(machine)
    parameters = read_machine_file(path).to_machine()
    cycle = HeatPumpCycle(parameters)
    point = cycle.design()
    at_design = HeatPump(parameters, cycle).answer(parameters.design.boundary)
    if at_design.status is not OperatingStatus.INSIDE:
        raise InputError(
            f"machine file {path}: the design point lies outside the machine's own envelope: "
            + "; ".join(at_design.notes)
        )
    output = output or Path("out") / f"{parameters.name}.fmu"
    if output.suffix != ".fmu":
        raise InputError(f"output {output}: expected a file name that ends in .fmu")

    with tempfile.TemporaryDirectory(prefix="heatpump_twin_") as folder:
        stage = Path(folder) / "stage"
        documentation = Path(folder) / "documentation"
        documentation.mkdir()
        shutil.copy(path, documentation / "machine.toml")
        _fill_stage(stage, cycle)
        built = FmuBuilder.build_FMU(
            stage / SLAVE.name,
            dest=Path(folder) / "built.fmu",
            project_files=[p for p in sorted(stage.iterdir()) if p.name != SLAVE.name],
            documentation_folder=documentation,
            needsExecutionTool=needs_execution_tool,
        )
        repacked = Path(folder) / "repacked.fmu"
        _repack(built, repacked)
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            # Beside the output, so that it takes the output's place in one move.
            with tempfile.TemporaryDirectory(dir=output.parent, prefix=".build_") as beside:
                os.replace(shutil.copy(repacked, beside), output)
        except OSError as error:
            raise InputError(f"output {output}: cannot be written: {error.strerror}") from error
    return Built(output, design_summary(point, cycle.design_state.sizes))


def design_summary(point: OperatingPoint, sizes: Sizes) -> str:
    """Say in two lines how the machine runs at its design point and how large its parts are."""
    return (
        f"design point: P_el {point.P_el:.0f} W, Q_flow_sink {point.Q_flow_sink:.0f} W, "
        f"COP {point.COP:.2f}, superheat {point.superheat:.1f} K, subcooling "
        f"{point.subcooling:.1f} K, T_discharge {point.T_discharge - 273.15:.1f} degC\n"
        f"sizes: swept volume flow {sizes.swept_volume_flow * 3600:.2f} m3/h, "
        f"efficiency: volumetric {sizes.eta_vol:.2f}, isentropic "
        f"{sizes.isentropic_efficiency:.2f}, UA of condenser "
        f"{sizes.condenser_conductance:.0f} W/K, of evaporator "
        f"{sizes.evaporator_conductance:.0f} W/K"
    )


def _fill_stage(stage: Path, cycle: HeatPumpCycle) -> None:
    """Lay out what goes into the FMU's resources."""
    stage.mkdir()
    shutil.copy(SLAVE, stage)
    shutil.copytree(MODEL, stage / MODEL.name, ignore=NOT_IN_FMU)
    cycle.machine.save(stage / "machine.json")
    cycle.save_design(stage / "design_state.json")
    requirements = [f"{name}=={version(name)}\n" for name in RUN_TIME_PACKAGES]
    (stage / "requirements.txt").write_text("".join(requirements), encoding="utf-8")
    identity = {"guid": _content_hash(stage), "version": version("heatpump-twin")}
    (stage / "fmu.json").write_text(json.dumps(identity) + "\n", encoding="utf-8")


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode("utf-8") + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _repack(source: Path, target: Path) -> None:
    """Add the host shell; write the entries in order of name and with a fixed time."""
    with zipfile.ZipFile(source) as old:
        entries = with_shell({name: old.read(name) for name in old.namelist()})
    with zipfile.ZipFile(target, "w") as new:
        for name, content in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, date_time=ZIP_TIME)
            entry.external_attr = 0o644 << 16
            new.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)


def main() -> int:
    """Parse the command line and build; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "machine",
        nargs="?",
        default=DEFAULT_MACHINE,
        help="machine file, or name of a shipped machine (default: %(default)s)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="the .fmu to write (default: out/<machine>.fmu)"
    )
    parser.add_argument(
        "--needs-execution-tool",
        action="store_true",
        help="say in the FMU that it needs an external tool; some importers refuse such an FMU",
    )
    arguments = parser.parse_args()
    try:
        built = build(
            arguments.machine,
            arguments.output,
            needs_execution_tool=arguments.needs_execution_tool,
        )
        print(f"built {built.path}\n{built.summary}")
    except TwinError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
