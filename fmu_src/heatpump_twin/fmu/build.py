"""Build the co-simulation FMU of a machine."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pythonfmu.builder import FmuBuilder

from heatpump_twin.cache import use_for_other_packages
from heatpump_twin.machine_files.files import DEFAULT_MACHINE, machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.map_making.certificate import POINTS
from heatpump_twin.map_making.jobs import WHAT_IS_KEPT, Progress, no_progress
from heatpump_twin.map_making.map_build import (
    CERTIFICATE,
    DESIGN_STATE,
    TABLE,
    CertifiedMap,
    DesignPointError,
    certified_map,
    finished_map,
)
from heatpump_twin.model.errors import InputError, TwinError
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.quantities import OperatingPoint
from heatpump_twin.model.sizes import Sizes
from heatpump_twin.outputs import check_output_file, staged
from heatpump_twin.running import INTERRUPTED, end_at_signals, leave_nothing, temporary_folder

from .documentation import write_documentation
from .installing import with_shell

HERE = Path(__file__).resolve().parent
ENTRY, ICON = HERE / "pythonfmu_entry.py", HERE / "templates" / "icon.png"
PACKAGE = HERE.parent

# What the FMU imports to evaluate its map, and what it needs beside that to solve the cycle itself.
MAP_PACKAGES, LIVE_PACKAGES = ("numpy",), ("numpy", "CoolProp", "tespy")

# What of the package the FMU carries: its own rooms and, of this one, the slave.
IN_FMU = ("__init__.py", "core", "fmu", "model", "solving")
# What only a build needs: it takes packages that the FMU does without.
NOT_IN_FMU = shutil.ignore_patterns(
    *("__pycache__", "*.c", "*.h", "templates", "condensing_unit.py", "quick_cycle.py"),
    *("build.py", "compiling.py", "documentation.py", "installing.py", ENTRY.name),
)

# Earliest time of the zip format. With a fixed time equal content gives equal bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Built:
    """An FMU and what a person should know of it.

    Attributes
    ----------
    path : Path
        The FMU written.
    summary : str
        One line: operating values at the design point, largest error of the performance map.
    details : str
        Operating values and sizes at the design point, and the errors of the performance map.
    """

    path: Path
    summary: str
    details: str


def build(
    machine: str = DEFAULT_MACHINE,
    output: Path | None = None,
    *,
    needs_execution_tool: bool = False,
    scheduler: str | None = None,
    progress: Progress = no_progress,
    certificate_points: int = POINTS,
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
    scheduler : str, optional
        Address of a Dask cluster that makes the performance map; all cores of this machine
        without it.
    progress : Progress
        Told after each task of the map.
    certificate_points : int
        Random boundaries at which the map is compared with TESPy.

    Returns
    -------
    Built
        The FMU written, with a summary and details.

    Raises
    ------
    InputError
        If the machine file cannot be used, the map not be made within its tolerance, or the output
        not be written.
    SolveError
        If the machine's design point has no solution.
    """
    path = machine_path(machine)
    # With a finished map the media were known to CoolProp before.
    machine_file = read_machine_file(path, check_media=False)
    parameters = machine_file.to_machine()
    output = output or Path("out") / f"{parameters.name}.fmu"
    check_output_file(output, ".fmu")

    tolerance = machine_file.relative_map_tolerance
    certified = finished_map(parameters, tolerance, certificate_points)
    if certified is None:
        read_machine_file(path)
        try:
            certified = certified_map(
                parameters, tolerance, scheduler, progress, certificate_points
            )
        except DesignPointError as error:
            raise InputError(f"machine file {path}: {error}") from error
    with staged(output.parent, f"output {output}") as stage, temporary_folder() as folder:
        repacked = _pack(folder, path, parameters, certified, needs_execution_tool)
        shutil.copy(repacked, stage / output.name)
    design = design_details(certified.design_point, certified.design_state.sizes)
    return Built(output, summary(certified), f"{design}\n{map_details(certified)}")


def summary(certified: CertifiedMap) -> str:
    """Write power, heat and COP at the design point and the largest error of the map, one line."""
    point, errors = certified.design_point, certified.certificate.errors
    largest = max(errors[q].maximum for q in ("P_el", "Q_flow_sink"))
    return (
        f"P_el {point.P_el:.0f} W, Q_flow_sink {point.Q_flow_sink:.0f} W, COP {point.COP:.2f} at "
        f"the design point; map within {largest:.2g} % of TESPy in power and heat"
    )


def design_details(point: OperatingPoint, sizes: Sizes) -> str:
    """Write the operating values at the design point and the sizes of the components, two lines."""
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


def map_details(certified: CertifiedMap) -> str:
    """Write the errors of the performance map in two lines."""
    certificate, errors = certified.certificate, certified.certificate.errors
    figures = ", ".join(
        f"{q} {errors[q].percentile_99:.2g} / {errors[q].maximum:.2g} {errors[q].unit}"
        for q in ("P_el", "Q_flow_sink", "p_high", "T_sink_out")
    )
    return (
        f"performance map of {certificate.nodes} nodes; against TESPy at {certificate.points} "
        f"random points of the envelope, 99 % / maximum:\n{figures}"
    )


def _pack(
    folder: Path,
    machine_file: Path,
    machine: Machine,
    certified: CertifiedMap,
    needs_execution_tool: bool,
) -> Path:
    """Make the FMU in a temporary folder."""
    stage, documentation = folder / "stage", folder / "documentation"
    entry = _fill_stage(stage, machine, certified)
    write_documentation(documentation, machine, certified, machine_file)
    built = FmuBuilder.build_FMU(
        entry,
        dest=folder / "built.fmu",
        project_files=[p for p in sorted(stage.iterdir()) if p != entry],
        documentation_folder=documentation,
        needsExecutionTool=needs_execution_tool,
        canGetAndSetFMUstate=True,
        canSerializeFMUstate=True,
    )
    repacked = folder / "repacked.fmu"
    _repack(built, repacked)
    return repacked


def _fill_stage(stage: Path, machine: Machine, certified: CertifiedMap) -> Path:
    """Lay out what goes into the FMU's resources; returns the file that pythonfmu loads.

    Several FMUs may share one interpreter and its modules, so the names of ours end in the FMU's
    own hash: each runs its own code.
    """
    stage.mkdir()
    bundled = stage / PACKAGE.name
    bundled.mkdir()
    for name in IN_FMU:
        source = PACKAGE / name
        if source.is_dir():
            shutil.copytree(source, bundled / name, ignore=NOT_IN_FMU)
        else:
            shutil.copy(source, bundled)
    machine.save(stage / "machine.json")
    certified.design_state.save(stage / DESIGN_STATE)
    certified.table.save(stage / TABLE)
    certified.certificate.save(stage / CERTIFICATE)
    for name, packages in (
        ("requirements.txt", MAP_PACKAGES),
        ("requirements-live.txt", LIVE_PACKAGES),
    ):
        lines = [f"{package}=={version(package)}\n" for package in packages]
        (stage / name).write_text("".join(lines), encoding="utf-8")
    shutil.copy(ENTRY, stage)
    guid = _content_hash(stage)
    identity = {"guid": guid, "version": version("heatpump-twin")}
    (stage / "fmu.json").write_text(json.dumps(identity) + "\n", encoding="utf-8")
    own_name = f"{PACKAGE.name}_{guid[:12]}"
    bundled.rename(stage / own_name)
    entry = (stage / ENTRY.name).rename(stage / f"{ENTRY.stem}_{guid[:12]}.py")
    source_text = entry.read_text(encoding="utf-8")
    entry.write_text(source_text.replace(PACKAGE.name, own_name), encoding="utf-8")
    return entry


def _content_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode("utf-8") + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _repack(source: Path, target: Path) -> None:
    """Add the host shell and the icon; write the entries in order of name and with a fixed time."""
    with zipfile.ZipFile(source) as old:
        entries = with_shell({name: old.read(name) for name in old.namelist()})
    entries["model.png"] = ICON.read_bytes()
    with zipfile.ZipFile(target, "w") as new:
        for name, content in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, date_time=ZIP_TIME)
            entry.external_attr = 0o644 << 16
            new.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)


def _print_progress(label: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{label}: {done} of {total} ", end="" if done < total else "\n", file=sys.stderr)


def main() -> int:
    """Parse the command line and build; returns the exit code."""
    end_at_signals()
    parser = argparse.ArgumentParser(prog="build_fmu.py", description=__doc__)
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
    parser.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="make the performance map on the Dask cluster at this address",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="print sizes and errors of the performance map, too"
    )
    arguments = parser.parse_args()
    try:
        use_for_other_packages()
        built = build(
            arguments.machine,
            arguments.output,
            needs_execution_tool=arguments.needs_execution_tool,
            scheduler=arguments.scheduler,
            progress=_print_progress,
        )
        print(f"built {built.path}: {built.summary}")
        if arguments.verbose:
            print(built.details)
    except TwinError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; {WHAT_IS_KEPT}", file=sys.stderr)
        return INTERRUPTED
    finally:
        leave_nothing()
    return 0
