"""Build the co-simulation FMU of a machine."""

from __future__ import annotations

import argparse
import shutil
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from heatpump_twin.cache import use_for_other_packages
from heatpump_twin.core.compiling import PLATFORMS
from heatpump_twin.core.map_file import NAME as MAP_FILE
from heatpump_twin.core.map_file import map_file
from heatpump_twin.machine_files.files import DEFAULT_MACHINE, machine_path
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.map_making.certificate import POINTS
from heatpump_twin.map_making.jobs import WHAT_IS_KEPT, Progress, no_progress
from heatpump_twin.map_making.map_build import (
    CERTIFICATE,
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

from .compiling import compile_libraries, sources
from .documentation import write_documentation
from .model_description import model_description
from .slave_folder import add_pythonfmu, content_hash, write_slave_folder
from .start_values import StartValues, check_start_values, read_start_values

ICON = Path(__file__).resolve().parent / "templates" / "icon.png"

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
    slave_folder: Path | None = None,
    start: Sequence[str] = (),
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
        Told after each task of the map, and of what is compiled if that takes long.
    certificate_points : int
        Random boundaries at which the map is compared with TESPy.
    slave_folder : Path, optional
        Where to write, beside the FMU, the slave in Python alone, of which pythonfmu builds an FMU:
        a folder that is not there yet.
    start : sequence of str
        Start values of parameters in place of the machine's, as ``control=heat_flow``; SI units.

    Returns
    -------
    Built
        The FMU written, with a summary and details.

    Raises
    ------
    InputError
        If the machine file or a start value cannot be used, the map not be made within its
        tolerance, or the output not be written.
    SolveError
        If the machine's design point has no solution.
    """
    start_values = read_start_values(start)
    path = machine_path(machine)
    # With a finished map the media were known to CoolProp before.
    machine_file = read_machine_file(path, check_media=False)
    parameters = machine_file.to_machine()
    check_start_values(start_values, parameters)
    output = output or Path("out") / f"{parameters.name}.fmu"
    check_output_file(output, ".fmu")
    if slave_folder is not None and slave_folder.exists():
        raise InputError(f"slave folder {slave_folder}: is there already; name a new one")

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
        libraries = compile_libraries(progress)
        packed = _pack(
            folder, path, parameters, certified, libraries, needs_execution_tool, start_values
        )
        shutil.copy(packed, stage / output.name)
    if slave_folder is not None:
        with staged(slave_folder.parent, f"slave folder {slave_folder}") as stage:
            write_slave_folder(stage / slave_folder.name, parameters, certified.design_state)
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
    libraries: Mapping[str, bytes],
    needs_execution_tool: bool,
    start_values: StartValues,
) -> Path:
    """Make the FMU in a temporary folder."""
    content = folder / "content"
    resources, binaries, c_files = (content / n for n in ("resources", "binaries", "sources"))
    write_documentation(content / "documentation", machine, certified, machine_file, start_values)
    shutil.copy(ICON, content / "model.png")
    entry = write_slave_folder(resources / "live", machine, certified.design_state)
    add_pythonfmu(resources / "live", entry)
    map_content = map_file(machine, certified.table, start_values)
    (resources / MAP_FILE).write_bytes(map_content)
    machine.save(resources / "machine.json")
    certified.certificate.save(resources / CERTIFICATE)
    files = sources(machine.name)
    _write(c_files, files)
    for platform, library in libraries.items():
        name = f"{machine.name}{PLATFORMS[platform].suffix}"
        _write(binaries / platform, {name: library})
    guid = content_hash(content)
    (resources / "guid.txt").write_text(f"{guid}\n", encoding="utf-8")
    compiled = [name for name in files if name.endswith(".c")]
    description = model_description(
        machine,
        guid,
        compiled,
        needs_execution_tool=needs_execution_tool,
        start_values=start_values,
    )
    (content / "modelDescription.xml").write_bytes(description)
    packed = folder / "packed.fmu"
    _zip(content, packed)
    return packed


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _zip(folder: Path, target: Path) -> None:
    """Write the files of a folder in order of name and with a fixed time."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=ZIP_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes(), compress_type=zipfile.ZIP_DEFLATED)


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
        "--start",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="start value of a parameter, such as control=heat_flow; may be given again",
    )
    parser.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="make the performance map on the Dask cluster at this address",
    )
    parser.add_argument(
        "--slave-folder",
        type=Path,
        help="also write the slave in Python alone, which pythonfmu makes an FMU of",
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
            slave_folder=arguments.slave_folder,
            start=arguments.start,
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
