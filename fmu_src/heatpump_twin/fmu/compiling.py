"""The FMU's library for each platform, and the sources that an FMU carries.

The library is the same for every machine: what it knows of one lies in the FMU's resources. The
headers of FMI are those that FMPy ships.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from importlib.util import find_spec
from pathlib import Path

from heatpump_twin.core.compiling import (
    PLATFORMS,
    WEB,
    compile_library,
    compiled_core,
    core_sources,
)
from heatpump_twin.map_making.jobs import Progress, no_progress
from heatpump_twin.model.errors import InputError

from . import variables

HERE = Path(__file__).resolve().parent
FMI_HEADERS = ("fmi2Functions.h", "fmi2FunctionTypes.h", "fmi2TypesPlatform.h")
PREFIX_HEADER = "function_prefix.h"

# A library has the names of FMI. `-Bsymbolic`: calls from inside stay inside, also when a host has
# made the names of another FMU visible to all.
OVERRIDE = "-DFMI2_OVERRIDE_FUNCTION_PREFIX"
_FLAGS = {"linux64": (OVERRIDE, "-Wl,-Bsymbolic"), "win64": (OVERRIDE,), "darwin64": (OVERRIDE,)}

# What is in the cache is there sooner, s.
_SOON = 0.5


def sources(model_identifier: str) -> dict[str, bytes]:
    """Return the C files of an FMU and their headers, but those of FMI, by name.

    A tool that compiles them has the headers of FMI, and adds names to them or not.

    Parameters
    ----------
    model_identifier : str
        Before the names of the functions where the sources are compiled into another program, as
        FMI 2.0 wants it.
    """
    return {
        **core_sources(),
        **{path.name: path.read_bytes() for path in sorted(HERE.glob("*.[ch]"))},
        variables.HEADER: variables.header().encode("utf-8"),
        PREFIX_HEADER: _prefix_header(model_identifier).encode("utf-8"),
    }


def fmi_headers() -> dict[str, bytes]:
    """Return the headers of FMI by name.

    Raises
    ------
    InputError
        If FMPy, which ships them, is not installed.
    """
    spec = find_spec("fmpy")
    if spec is None or spec.origin is None:
        raise InputError("FMPy, whose headers of FMI are needed, is not installed")
    folder = Path(spec.origin).parent / "c-code"
    return {name: (folder / name).read_bytes() for name in FMI_HEADERS}


def _prefix_header(model_identifier: str) -> str:
    return f"""\
/* Names of the functions: with a prefix where the sources become a part of another program. Who
   compiles a shared library defines FMI2_OVERRIDE_FUNCTION_PREFIX. */
#if !defined(FMI2_OVERRIDE_FUNCTION_PREFIX) && !defined(FMI2_FUNCTION_PREFIX)
#define FMI2_FUNCTION_PREFIX {model_identifier}_
#endif
"""


def compile_libraries(progress: Progress = no_progress) -> dict[str, bytes]:
    """Return the library of each platform, by FMI's name of it.

    The core for browsers, which the FMU's documentation needs, is compiled beside them. The first
    compilation on a computer takes up to two minutes, nearly all of it for Windows' C library;
    later ones take the results from the cache. Equal sources and compilers give equal bytes.

    Parameters
    ----------
    progress : Progress
        Told of the compilation if it takes long.

    Raises
    ------
    InputError
        If the compiler is missing or fails, or the cache cannot be written.
    """
    files = {**sources("fmu"), **fmi_headers()}
    # Each waits for a compiler that is a process of its own.
    with ThreadPoolExecutor(len(PLATFORMS) + 1) as pool:
        libraries = {
            platform: pool.submit(compile_library, platform, "fmu", files, _FLAGS[platform])
            for platform in PLATFORMS
        }
        jobs = [*libraries.values(), pool.submit(compiled_core, WEB)]
        pending = wait(jobs, timeout=_SOON).not_done
        while pending:
            progress("compiling", len(jobs) - len(pending), len(jobs))
            pending = wait(pending, return_when=FIRST_COMPLETED).not_done
            if not pending:
                progress("compiling", len(jobs), len(jobs))
        jobs[-1].result()
        return {platform: job.result().read_bytes() for platform, job in libraries.items()}
