"""Compile C for each platform of the FMU and for browsers, once on a machine.

The compiler is zig from PyPI, which compiles C for Linux, Windows, macOS and WebAssembly from any
machine.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..cache import CACHE_VARIABLE, alone, kept
from ..model.errors import InputError
from ..running import run_process, temporary_folder
from .layout import HEADER, header

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Platform:
    """What C is compiled for.

    Attributes
    ----------
    targets : tuple of str
        What zig calls its processors; several of them make one universal library.
    suffix : str
        Ending of a library.
    flags : tuple of str
        Of the compiler, beside those of all platforms.
    kind : tuple of str
        Flags that make a library of it and no program.
    """

    targets: tuple[str, ...]
    suffix: str
    flags: tuple[str, ...] = ()
    kind: tuple[str, ...] = ("-shared",)


#: Platforms of FMI 2.0, by FMI's name. The version in a target is that of the oldest C library that
#: the result runs with.
PLATFORMS = {
    "linux64": Platform(("x86_64-linux-gnu.2.17",), ".so", ("-fPIC", "-lpthread", "-ldl", "-lm")),
    "win64": Platform(("x86_64-windows-gnu",), ".dll"),
    "darwin64": Platform(("x86_64-macos.11.0", "aarch64-macos.11.0"), ".dylib"),
}

#: What browsers run. It asks nothing of the page: no function is imported.
WEB = "wasm32"
_WEB = Platform(
    ("wasm32-wasi",),
    ".wasm",
    ("-Wl,--export-dynamic", "-Wl,--export=malloc", "-Wl,--export=free"),
    ("-mexec-model=reactor",),
)

# Products and sums are not fused: a library gives the same digits on processors with and without
# an instruction for that.
FLAGS = (
    *("-std=c11", "-O3", "-ffp-contract=off", "-s", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Werror", "-Wpedantic"),
)

# How a function is shown to those who load the library, in spite of the flags above.
_SHOWN = {
    "linux64": '-DHEAT_PUMP_API=__attribute__((visibility("default")))',
    "win64": "-DHEAT_PUMP_API=__declspec(dllexport)",
    "darwin64": '-DHEAT_PUMP_API=__attribute__((visibility("default")))',
    WEB: '-DHEAT_PUMP_API=__attribute__((visibility("default")))',
}

# A universal library of macOS: magic number and how many, then for each processor its number and
# kind, where its part begins, how long it is, and to which power of two the part is aligned.
_UNIVERSAL_HEAD, _UNIVERSAL_PART = struct.Struct(">II"), struct.Struct(">iiIII")
_UNIVERSAL_MAGIC, _ALIGNMENT = 0xCAFEBABE, 14
_PROCESSORS = {"x86_64": (0x01000007, 3), "aarch64": (0x0100000C, 0)}


def core_sources() -> dict[str, bytes]:
    """Return the C files of the core and their headers, the generated one too, by name."""
    files = {path.name: path.read_bytes() for path in sorted(HERE.glob("*.[ch]"))}
    return {**files, HEADER: header().encode("utf-8")}


def compiled_core(platform: str) -> Path:
    """Return the library of the core alone, which Python or a browser loads.

    Parameters
    ----------
    platform : str
        A key of `PLATFORMS`, or `WEB`.

    Raises
    ------
    InputError
        As of `compile_library`.
    """
    return compile_library(platform, "heat_pump", core_sources(), (_SHOWN[platform],))


def compile_library(
    platform: str,
    name: str,
    files: Mapping[str, bytes],
    flags: tuple[str, ...] = (),
) -> Path:
    """Compile a shared library for a platform, or find it in the cache.

    The first compilation on a machine takes up to two minutes, nearly all of it for Windows' C
    library; later ones take the result from the cache. Equal files and compiler give equal bytes.

    Parameters
    ----------
    platform : str
        A key of `PLATFORMS`, or `WEB`.
    name : str
        What the library is called; a folder of the cache has this name.
    files : mapping of str to bytes
        C files and headers by name, which are put into one folder.
    flags : tuple of str
        Of the compiler, beside `FLAGS` and those of the platform.

    Raises
    ------
    InputError
        If the compiler is missing or fails, or the cache cannot be written.
    """
    made = _WEB if platform == WEB else PLATFORMS[platform]
    flags = (*FLAGS, *made.kind, *flags, *made.flags)
    digest = sha256("\0".join((_compiler_version(), name, *made.targets, *flags)).encode())
    for file, content in sorted(files.items()):
        digest.update(f"\0{file}\0".encode() + content)
    result = kept(name, f"{digest.hexdigest()[:32]}{made.suffix}")
    if not result.is_file():
        cache = result.parent
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with alone(result):
                if not result.is_file():
                    # Its final name comes in one move, so that nobody sees half a file.
                    with temporary_folder(cache, "compiling_") as folder:
                        (folder / "library").write_bytes(_compile(folder, name, files, made, flags))
                        os.replace(folder / "library", result)
        except OSError as error:
            raise InputError(
                f"cache folder {cache}: cannot be written: {error.strerror}; "
                f"{CACHE_VARIABLE} names another folder"
            ) from error
    return result


def _compiler_version() -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError as error:
        raise InputError(
            "the C compiler is missing, which every FMU needs once: pip install ziglang"
        ) from error


def _compile(
    folder: Path,
    name: str,
    files: Mapping[str, bytes],
    platform: Platform,
    flags: tuple[str, ...],
) -> bytes:
    for file, content in files.items():
        (folder / file).write_bytes(content)
    output, parts = f"{name}{platform.suffix}", []
    for target in platform.targets:
        # Relative names from inside the folder: its place must not get into the result.
        c_files = (file for file in sorted(files) if file.endswith(".c"))
        run_compiler(folder, "-target", target, "-I.", "-o", output, *c_files, *flags)
        parts.append((folder / output).read_bytes())
    if len(parts) == 1:
        return parts[0]
    return universal({t.partition("-")[0]: p for t, p in zip(platform.targets, parts, strict=True)})


def run_compiler(folder: Path, *arguments: str) -> None:
    """Run the C compiler in a folder, with what it keeps in one folder of the cache.

    Parameters
    ----------
    folder : Path
        Where relative names begin. The compiler must not lie below it: zig would name its own files
        from there, and compile the C libraries of a target again, which takes minutes.
    *arguments : str
        Of ``zig cc``.

    Raises
    ------
    InputError
        If the compiler is missing or fails.
    """
    _compiler_version()
    with temporary_folder(folder, "zig_") as local:
        # Zig's own cache keeps the parts of the C libraries, which no change of ours alters.
        environment = {
            **os.environ,
            "ZIG_GLOBAL_CACHE_DIR": str(kept("zig")),
            "ZIG_LOCAL_CACHE_DIR": str(local),
        }
        command = [sys.executable, "-m", "ziglang", "cc", *arguments]
        done = run_process(command, cwd=folder, env=environment)
    if done.returncode:
        target = " ".join(arguments[1:2]) if arguments[:1] == ("-target",) else "this computer"
        raise InputError(
            f"the C compiler (ziglang) failed for {target}: "
            f"{done.stderr.strip() or f'exit code {done.returncode}'}"
        )


def universal(parts: Mapping[str, bytes]) -> bytes:
    """Put libraries of macOS for several processors behind the header that macOS looks for.

    Parameters
    ----------
    parts : mapping of str to bytes
        Library by processor, ``x86_64`` and ``aarch64``.
    """
    size = 1 << _ALIGNMENT
    head = _UNIVERSAL_HEAD.pack(_UNIVERSAL_MAGIC, len(parts))
    begin, body = size, b""
    for processor, part in parts.items():
        head += _UNIVERSAL_PART.pack(
            *_PROCESSORS[processor], begin + len(body), len(part), _ALIGNMENT
        )
        body += part + bytes(-len(part) % size)
    return head.ljust(size, b"\0") + body
