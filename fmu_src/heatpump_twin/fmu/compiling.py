"""Compile the host shell for each platform of the FMU, once on a machine.

The compiler is zig from PyPI, which compiles C for Linux and Windows from any machine. The headers
of FMI are those that FMPy ships.
"""

from __future__ import annotations

import os
import shutil
import sys
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from heatpump_twin.cache import CACHE_VARIABLE, alone, kept
from heatpump_twin.core import native_map
from heatpump_twin.model.errors import InputError
from heatpump_twin.running import run_process, temporary_folder

from . import sharing

HERE = Path(__file__).resolve().parent
CORE = HERE.parent / "core"
SOURCES = (
    HERE / "host_shell.c",
    CORE / "native_map.c",
    CORE / "native_map.h",
    HERE / "python_host.c",
    HERE / "python_host.h",
)
HEADERS = ("fmi2Functions.h", "fmi2FunctionTypes.h", "fmi2TypesPlatform.h")

# FMI's name of a platform to zig's target and the ending of a library. The version is that of the
# oldest C library that the result runs with; pythonfmu's own library needs a newer one.
PLATFORMS = {
    "linux64": ("x86_64-linux-gnu.2.17", ".so"),
    "win64": ("x86_64-windows-gnu", ".dll"),
}

FLAGS = ("-std=c11", "-O3", "-s", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")
_LINUX_FLAGS = ("-fPIC", "-lpthread", "-ldl", "-lm")


def compile_shell(platform: str, cache: Path | None = None) -> bytes:
    """Give the shell's shared library for a platform.

    The first compilation on a machine takes up to two minutes, nearly all of it for Windows' C
    library; later ones take the result from the cache. Equal sources and compiler give equal bytes.

    Parameters
    ----------
    platform : str
        A key of `PLATFORMS`.
    cache : Path, optional
        Folder that keeps results; ``host_shell`` of the cache by default.

    Raises
    ------
    InputError
        If the compiler is missing or fails, or the cache cannot be written.
    """
    target, suffix = PLATFORMS[platform]
    files = _source_files()
    flags = (*FLAGS, *(_LINUX_FLAGS if platform == "linux64" else ()))
    digest = sha256("\0".join((_compiler_version(), target, *flags)).encode())
    for name, content in files.items():
        digest.update(f"\0{name}\0".encode() + content)
    name = f"{digest.hexdigest()[:32]}{suffix}"
    result = cache / name if cache else kept("host_shell", name)
    if not result.is_file():
        cache = result.parent
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with alone(result):
                if not result.is_file():
                    # Its final name comes in one move, so that nobody sees half a file.
                    with temporary_folder(cache, "compiling_") as folder:
                        library = _run_compiler(folder, files, target, flags, suffix, cache)
                        os.replace(library, result)
        except OSError as error:
            raise InputError(
                f"cache folder {cache}: cannot be written: {error.strerror}; "
                f"{CACHE_VARIABLE} names another folder"
            ) from error
    return result.read_bytes()


def _source_files() -> dict[str, bytes]:
    spec = find_spec("fmpy")
    if spec is None or spec.origin is None:
        raise InputError("FMPy, whose headers of FMI are needed, is not installed")
    headers = Path(spec.origin).parent / "c-code"
    made = {native_map.HEADER: native_map.header(), sharing.HEADER: sharing.header()}
    return {
        **{path.name: path.read_bytes() for path in _paths(headers)},
        **{name: text.encode("utf-8") for name, text in made.items()},
    }


def _paths(headers: Path) -> list[Path]:
    return [*SOURCES, *(headers / name for name in HEADERS)]


def _compiler_version() -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError as error:
        raise InputError(
            "the C compiler is missing, which every FMU needs once: pip install ziglang"
        ) from error


def _run_compiler(
    folder: Path,
    files: dict[str, bytes],
    target: str,
    flags: tuple[str, ...],
    suffix: str,
    cache: Path,
) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    output = f"host_shell{suffix}"
    # Relative names from inside the folder: its place must not get into the result.
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-I.", "-o", output]
    command += [path.name for path in SOURCES if path.suffix == ".c"]
    # Zig's own cache keeps the parts of the C libraries, which a change of the shell leaves as are.
    environment = {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(cache / "zig"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / "zig"),
    }
    done = run_process([*command, *flags], cwd=folder, env=environment)
    if done.returncode:
        raise InputError(
            f"the C compiler (ziglang) failed for {target}: "
            f"{done.stderr.strip() or f'exit code {done.returncode}'}"
        )
    shutil.rmtree(folder / "zig", ignore_errors=True)
    return folder / output
