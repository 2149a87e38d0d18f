"""The FMU's libraries: with nothing beside libc, from its own sources, on each platform."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import fmpy
import pytest
from c_host import (
    COMPILER,
    SOURCES,
    compile_host,
    compile_sources,
    host_command,
    run_host,
)

from heatpump_twin.core.compiling import run_compiler
from heatpump_twin.fmu.compiling import compile_libraries

FUNCTIONS = {
    f"fmi2{name}"
    for name in (
        *("GetTypesPlatform", "GetVersion", "SetDebugLogging", "Instantiate", "FreeInstance"),
        *("SetupExperiment", "EnterInitializationMode", "ExitInitializationMode", "Terminate"),
        *("Reset", "GetReal", "GetInteger", "GetBoolean", "GetString", "SetReal", "SetInteger"),
        *("SetBoolean", "SetString", "GetFMUstate", "SetFMUstate", "FreeFMUstate"),
        *("SerializedFMUstateSize", "SerializeFMUstate", "DeSerializeFMUstate"),
        *("GetDirectionalDerivative", "SetRealInputDerivatives", "GetRealOutputDerivatives"),
        *("DoStep", "CancelStep", "GetStatus", "GetRealStatus", "GetIntegerStatus"),
        *("GetBooleanStatus", "GetStringStatus"),
    )
}
HEADERS = Path(fmpy.__file__).parent / "c-code"
LARGEST_FMU = 3e6  # bytes
OLDEST_GLIBC = (2, 17)
STEPS = [[0.9 + 0.01 * i, 280.0 + i, 305.0 + 4.0 * i, 0.3, 0.25] for i in range(10)]
INPUTS = ["compressor_speed", "T_source_in", "T_sink_in", "m_flow_source", "m_flow_sink"]
OUTPUTS = ["P_el", "Q_flow_sink", "T_sink_out", "p_high"]


def library_of(unzipped: Path, platform: str = "linux64") -> Path:
    (library,) = (unzipped / "binaries" / platform).iterdir()
    return library


# Nothing beside libc ------------------------------------------------------------------------------


def way_into(root: Path) -> list[str]:
    """Give the start of a command that runs in `root` as if there were nothing else."""
    chroot, unshare = (shutil.which(name) for name in ("chroot", "unshare"))
    for way in ([chroot, str(root)], [unshare, "--user", "--map-root-user", chroot, str(root)]):
        if None in way:
            continue
        done = subprocess.run([*way, "/host"], capture_output=True, check=False)
        if done.returncode == 2:  # its own, for want of arguments
            return way
    pytest.skip("neither chroot nor a namespace of the user's own is allowed here")


def needed_by(*files: Path) -> set[str]:
    """Give the shared libraries of the system that files need, with the loader."""
    found = set()
    for file in files:
        done = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=True)
        found |= set(re.findall(r"(/\S+) \(0x", done.stdout))
    return found


def make_root(root: Path, unzipped: Path, host: Path) -> None:
    """Make a root folder: an FMU's resources and library, a host, and what both need of libc."""
    shutil.copytree(unzipped / "resources", root / "resources")
    shutil.copy(library_of(unzipped), root / "fmu.so")
    shutil.copy(host, root / "host")
    for library in needed_by(host, library_of(unzipped)):
        place = root / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)


@pytest.mark.parametrize("name", ["mci_lab", "nist_split", "rwth_brine_water"])
def test_a_year_where_there_is_libc_and_a_c_host_alone(
    fmus: dict[str, Path], name: str, tmp_path: Path
) -> None:
    if COMPILER is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    unzipped = Path(fmpy.extract(str(fmus[name]), unzipdir=str(tmp_path / "fmu")))
    host = compile_host(tmp_path, "year")
    root = tmp_path / "root"
    make_root(root, unzipped, host)
    # What live mode is made of may be missing, too.
    shutil.rmtree(root / "resources" / "live")
    assert not [path for path in root.rglob("*") if "python" in path.name.lower()]
    guid = (unzipped / "resources" / "guid.txt").read_text().strip()
    inside = subprocess.run(
        [*way_into(root), "/host", "/fmu.so", "file:///resources", guid],
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    assert inside.returncode == 0, inside.stdout + inside.stderr
    *log, statuses, sums = inside.stdout.splitlines()
    counts = list(map(int, statuses.split()[1:]))
    assert sum(counts) == 525_600
    assert all(counts[status] > 100 for status in (0, 1, 2, 4))
    assert counts[3] == 0
    # One message for each cause, then counts.
    assert 4 < len(log) < 40
    outside = subprocess.run(
        [str(host), str(library_of(unzipped)), (unzipped / "resources").as_uri(), guid],
        capture_output=True,
        text=True,
        check=True,
    )
    assert outside.stdout.splitlines()[-1] == sums


@pytest.mark.skipif(sys.platform != "linux", reason="the namespace is Linux'")
def test_live_mode_where_there_is_no_python(unzipped: Path, c_host: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    make_root(root, unzipped, c_host)
    command = host_command(c_host, unzipped, INPUTS, ["P_el"], STEPS, texts={"solver": "live"})
    shutil.copy(command[4], root / "table.txt")
    done = subprocess.run(
        [
            *(*way_into(root), "/host", "/fmu.so", "file:///resources", command[3], "/table.txt"),
            *command[5:],
        ],
        capture_output=True,
        text=True,
        env={"PATH": "/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    # That of an instance which was never stepped: standby.
    assert [line for line in lines if line.startswith("result")] == ["result 10"] * len(STEPS)
    failures = [line for line in lines if "no Python found, which live mode runs in" in line]
    assert len(failures) == 2  # the first, and the tenth
    assert "operating_status 3" in failures[0]
    assert "Cure: put the folder bin" in failures[0]


def test_live_mode_where_it_is_missing_says_so_once(
    unzipped: Path, c_host: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    shutil.rmtree(folder / "resources" / "live")
    run = run_host(
        c_host,
        folder,
        ["T_sink_in"],
        ["P_el"],
        [[308.0], [310.0], [312.0]],
        integers=("operating_status",),
        texts={"solver": "live"},
    )
    assert run.code == 0, run.everything
    assert run.results == [[10.0, 3.0]] * 3
    (said,) = [line for line in run.log if "operating_status 3" in line]
    assert "the part of the FMU for solver = live is missing" in said


# Sources ------------------------------------------------------------------------------------------


def test_sources_give_what_the_shipped_library_gives(
    unzipped: Path, c_host: Path, tmp_path: Path
) -> None:
    description = fmpy.read_model_description(str(unzipped))
    (configuration,) = description.buildConfigurations
    (files,) = configuration.sourceFileSets
    listed = set(files.sourceFiles)
    assert listed == {path.name for path in (unzipped / "sources").glob("*.c")}
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    shipped = run_host(c_host, folder, INPUTS, OUTPUTS, STEPS)
    compile_sources(folder / "sources", library_of(folder))
    compiled = run_host(c_host, folder, INPUTS, OUTPUTS, STEPS)
    assert compiled.code == shipped.code == 0
    for row, expected in zip(compiled.results, shipped.results, strict=True):
        assert row == pytest.approx(expected, rel=1e-12)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here")
def test_sources_that_become_part_of_a_program_have_names_with_a_prefix(
    unzipped: Path, tmp_path: Path
) -> None:
    sources = unzipped / "sources"
    # FMPy's header of FMI adds no prefix; that of the standard does.
    (tmp_path / "fmi2Functions.h").write_text(
        (HEADERS / "fmi2Functions.h")
        .read_text()
        .replace(
            "#define fmi2FullName(name) name",
            "#define fmi2Paste(a, b) a##b\n#define fmi2PasteB(a, b) fmi2Paste(a, b)\n"
            "#define fmi2FullName(name) fmi2PasteB(FMI2_FUNCTION_PREFIX, name)",
        )
    )
    program = tmp_path / "program.c"
    program.write_text(
        "#include <stdio.h>\nconst char *mci_lab_fmi2GetVersion(void);\n"
        "int main(void) { puts(mci_lab_fmi2GetVersion()); return 0; }\n"
    )
    subprocess.run(
        [
            *(str(COMPILER), "-std=c11", f"-I{tmp_path}", f"-I{sources}", f"-I{HEADERS}"),
            str(program),
            *map(str, sorted(sources.glob("*.c"))),
            *("-o", str(tmp_path / "program"), "-lm", "-lpthread", "-ldl"),
        ],
        check=True,
    )
    printed = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert printed.stdout == "2.0\n"


# Libraries ----------------------------------------------------------------------------------------


def test_fmu_with_all_platforms_is_small(fmus: dict[str, Path]) -> None:
    for fmu in fmus.values():
        with zipfile.ZipFile(fmu) as archive:
            folders = {name.split("/")[1] for name in archive.namelist() if "binaries/" in name}
        assert {"linux64", "win64", "darwin64"} <= folders
        assert fmu.stat().st_size <= LARGEST_FMU


def test_each_fmu_has_the_same_libraries_which_are_compiled_once(fmus: dict[str, Path]) -> None:
    libraries = compile_libraries()
    for fmu in fmus.values():
        with zipfile.ZipFile(fmu) as archive:
            for platform, library in libraries.items():
                (name,) = (n for n in archive.namelist() if n.startswith(f"binaries/{platform}/"))
                assert archive.read(name) == library


def test_library_for_linux_shows_the_names_of_fmi_and_needs_an_old_libc(unzipped: Path) -> None:
    if not shutil.which("nm"):
        pytest.skip("no nm here")
    listed = subprocess.run(
        ["nm", "-D", str(library_of(unzipped))], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    shown = {line.split()[2] for line in listed if len(line.split()) == 3}
    assert shown == FUNCTIONS
    versions = re.findall(r"@GLIBC_(\d+)\.(\d+)", "\n".join(listed))
    assert versions
    assert max((int(a), int(b)) for a, b in versions) <= OLDEST_GLIBC
    assert not re.findall(r"Py[A-Z_]", "\n".join(listed))


def test_library_for_macos_is_of_both_processors_and_shows_the_names_of_fmi(
    unzipped: Path,
) -> None:
    content = library_of(unzipped, "darwin64").read_bytes()
    magic, count = struct.unpack_from(">II", content)
    assert (magic, count) == (0xCAFEBABE, 2)
    processors = set()
    for i in range(count):
        processor, _, begin, size, alignment = struct.unpack_from(">iiIII", content, 8 + 20 * i)
        assert begin % (1 << alignment) == 0
        processors.add(processor)
        assert names_of_mach_o(content[begin : begin + size], processor) == {
            f"_{name}" for name in FUNCTIONS
        }
    assert processors == {0x01000007, 0x0100000C}  # x86-64, arm64


def names_of_mach_o(content: bytes, processor: int) -> set[str]:
    """Give the names that a library of macOS defines for others; checks that it is one."""
    symbol_table, dynamic_library = 0x2, 0x6
    external_and_defined, kind = 0x0F, 0x0F
    magic, found, _, file_type, commands, _, _, _ = struct.unpack_from("<IiiIIIII", content)
    assert (magic, found, file_type) == (0xFEEDFACF, processor, dynamic_library)
    # What the linker puts into each library.
    of_the_linker = {"___dso_handle", "__mh_dylib_header"}
    names, place = set(), 32
    for _ in range(commands):
        command, size = struct.unpack_from("<II", content, place)
        if command == symbol_table:
            symbols, count, strings, _ = struct.unpack_from("<IIII", content, place + 8)
            for i in range(count):
                name, flags = struct.unpack_from("<IB", content, symbols + 16 * i)
                end = content.index(b"\0", strings + name)
                if flags & kind == external_and_defined:
                    names.add(content[strings + name : end].decode())
        place += size
    return names - of_the_linker


def test_library_for_windows_shows_the_names_of_fmi(unzipped: Path) -> None:
    content = library_of(unzipped, "win64").read_bytes()
    assert content[:2] == b"MZ"
    header = struct.unpack_from("<I", content, 0x3C)[0]
    assert content[header : header + 4] == b"PE\0\0"
    assert struct.unpack_from("<H", content, header + 4)[0] == 0x8664
    assert names_of_windows(content, header) == FUNCTIONS


def names_of_windows(content: bytes, header: int) -> set[str]:
    """Give the names that a library of Windows exports."""
    sections, optional = struct.unpack_from("<H12xH", content, header + 6)
    table = header + 24 + optional
    ranges = [struct.unpack_from("<IIII", content, table + 40 * i + 8) for i in range(sections)]

    def at(address: int) -> int:
        for size, begin, _, place in ranges:
            if begin <= address < begin + size:
                return address - begin + place
        raise ValueError(address)

    exports = at(struct.unpack_from("<I", content, header + 24 + 112)[0])
    count, _, names = struct.unpack_from("<III", content, exports + 24)
    found = set()
    for i in range(count):
        begin = at(struct.unpack_from("<I", content, at(names) + 4 * i)[0])
        found.add(content[begin : content.index(b"\0", begin)].decode())
    return found


@pytest.fixture(scope="module")
def on_windows(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[list[str]], subprocess.CompletedProcess[str]]:
    """Run a program of Windows under wine."""
    wine = shutil.which("wine64") or shutil.which("wine")
    if wine is None and Path("/usr/lib/wine/wine64").exists():
        wine = "/usr/lib/wine/wine64"
    if wine is None:
        pytest.skip("wine is not installed: the library for Windows is not run here")
    home = tmp_path_factory.mktemp("wine")
    environment = {**os.environ, "WINEPREFIX": str(home / "prefix"), "WINEDEBUG": "-all"}

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [wine, *command],
            capture_output=True,
            text=True,
            env=environment,
            timeout=300,
            check=False,
        )

    yield run
    # The server behind wine is ours alone, by its prefix.
    server = shutil.which("wineserver") or "/usr/lib/wine/wineserver64"
    if Path(server).exists():
        subprocess.run([server, "-k"], env=environment, check=False)


def test_library_for_windows_gives_the_same_results_under_wine(
    unzipped: Path,
    c_host: Path,
    tmp_path: Path,
    on_windows: Callable[[list[str]], subprocess.CompletedProcess[str]],
) -> None:
    program = tmp_path / "host.exe"
    flags = ("-target", "x86_64-windows-gnu", "-O3", "-s", f"-I{HEADERS}")
    # Parts of the C library of Windows are there since the FMU was compiled.
    run_compiler(tmp_path, *flags, str(SOURCES / "host.c"), "-o", program.name)
    folder = Path(shutil.copytree(unzipped, tmp_path / "a b ü"))
    command = host_command(tmp_path / "host", folder, INPUTS, OUTPUTS, STEPS)
    arguments = [
        str(program),
        f"Z:{library_of(unzipped, 'win64')}".replace("/", "\\"),
        (folder / "resources").as_uri().replace("file:///", "file:///Z:/"),
        command[3],
        f"Z:{command[4]}".replace("/", "\\"),
    ]
    done = on_windows(arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    results = [
        list(map(float, line.split()[1:]))
        for line in done.stdout.splitlines()
        if line.startswith("result")
    ]
    expected = run_host(c_host, unzipped, INPUTS, OUTPUTS, STEPS)
    assert len(results) == len(STEPS)
    for row, expected_row in zip(results, expected.results, strict=True):
        assert row == pytest.approx(expected_row, rel=1e-12)
