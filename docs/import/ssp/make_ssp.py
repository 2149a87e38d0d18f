"""Make the SSP of heat pump and building: ``python make_ssp.py heat_pump.fmu -o system.ssp``.

The building's FMU is compiled here from C, with the compiler and the FMI headers that a build of
the heat pump's FMU uses too.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from heatpump_twin.core.compiling import PLATFORMS, compile_library
from heatpump_twin.fmu.compiling import fmi_headers

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "building" / "building.c"
DESCRIPTION = FOLDER / "building" / "modelDescription.xml"
STRUCTURE = FOLDER / "SystemStructure.ssd"


def make_ssp(
    heat_pump: Path,
    output: Path,
    platforms: tuple[str, ...] = ("linux64",),
    *,
    first_day: int = 0,
) -> None:
    """Write the SSP.

    Parameters
    ----------
    heat_pump : Path
        FMU of a heat pump.
    output : Path
        The ``.ssp`` to write.
    platforms : tuple of str
        For which the building is compiled: keys of `PLATFORMS`.
    first_day : int
        Day of the weather at time 0, counted from New Year.
    """
    with tempfile.TemporaryDirectory() as folder:
        building = Path(folder) / "building.fmu"
        make_building(building, platforms)
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            start = '<ssv:Parameter name="first_day"><ssv:Real value="{}"/></ssv:Parameter>'
            structure = STRUCTURE.read_text(encoding="utf-8")
            structure = structure.replace(start.format(0), start.format(first_day))
            archive.writestr("SystemStructure.ssd", structure)
            archive.write(heat_pump, "resources/heat_pump.fmu")
            archive.write(building, "resources/building.fmu")


def make_building(output: Path, platforms: tuple[str, ...]) -> None:
    """Compile the building and write its FMU."""
    description = DESCRIPTION.read_text(encoding="utf-8")
    guid = sha256(SOURCE.read_bytes() + description.encode()).hexdigest()[:32]
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("modelDescription.xml", description.replace("@GUID@", guid))
        archive.write(SOURCE, "sources/building.c")
        for platform in platforms:
            name = f"binaries/{platform}/building{PLATFORMS[platform].suffix}"
            archive.writestr(name, _compile(platform, guid))


def _compile(platform: str, guid: str) -> bytes:
    files = {SOURCE.name: SOURCE.read_bytes(), **fmi_headers()}
    return compile_library(platform, "building", files, (f'-DGUID="{guid}"',)).read_bytes()


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heat_pump", type=Path, help="FMU of the heat pump")
    parser.add_argument("-o", "--output", type=Path, default=Path("heat_pump_and_building.ssp"))
    parser.add_argument("--platform", choices=PLATFORMS, nargs="+", default=["linux64"])
    parser.add_argument("--first-day", type=int, default=0, help="from New Year, at time 0")
    arguments = parser.parse_args()
    make_ssp(
        arguments.heat_pump,
        arguments.output,
        tuple(arguments.platform),
        first_day=arguments.first_day,
    )
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
