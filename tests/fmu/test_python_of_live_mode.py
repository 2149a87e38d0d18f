"""Live mode in hosts that are no Python: which Python it takes, and what keeps it from one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from c_host import compile_host, needs_c_host, run_host
from live_hosts import assert_solved, in_python, live, reason

pytestmark = needs_c_host


def fake_python(folder: Path, script_text: str) -> str:
    """Put a program `python3` into a folder; gives a PATH with it alone, and the shell's."""
    folder.mkdir(exist_ok=True)
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\n{script_text}\n")
    program.chmod(0o755)
    for name in ("sleep", "head", "tr", "sh"):
        found = shutil.which(name)
        if found and not (folder / name).exists():
            (folder / name).symlink_to(found)
    return str(folder)


def answer(version: str, executable: str, library: str) -> str:
    return f"printf '\\nheatpump-twin asks\\n{version}\\n{executable}\\n{library}\\n'"


def own_library() -> Path:
    name = sysconfig.get_config_var("INSTSONAME") or ""
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / name
    if ".so" not in name or not library.is_file():
        pytest.skip("this Python has no shared library")
    return library


def test_variable_that_names_no_library(c_host: Path, unzipped: Path) -> None:
    said = reason(
        live(c_host, unzipped, PATH="/nowhere", HEATPUMP_TWIN_LIBPYTHON="/no/libpython.so")
    )
    assert "HEATPUMP_TWIN_LIBPYTHON names cannot be loaded: /no/libpython.so" in said
    assert "or unset it" in said


def test_variable_that_names_another_library(c_host: Path, unzipped: Path) -> None:
    said = reason(live(c_host, unzipped, HEATPUMP_TWIN_LIBPYTHON="libm.so.6"))
    assert "libm.so.6 is no library of Python" in said


@pytest.mark.parametrize(
    ("version", "library", "expected"),
    [
        ("3.99", "", "python3 in PATH is Python 3.99 at /x/python3, without a shared library"),
        ("3.10", "/x/libpython3.10.so", "Python 3.10 at /x/python3; live mode needs 3.11 or newer"),
        ("3.99", "libm.so.6", "libpython3.99"),
        ("3.99", "own", "python3 in PATH is Python 3.99"),
    ],
)
def test_python_in_path_that_is_of_no_use(
    c_host: Path, unzipped: Path, tmp_path: Path, version: str, library: str, expected: str
) -> None:
    if library == "own":
        library = str(own_library())
    path = fake_python(tmp_path / "bin", answer(version, "/x/python3", library))
    said = reason(live(c_host, unzipped, 3, PATH=path))
    if library == "libm.so.6":
        assert "libm.so.6" in said
        assert "no Python found" in said
    else:
        assert expected in said
    assert "first in PATH" in said


def test_python_that_prints_a_banner_and_a_lot(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    # More than a pipe holds, so that the program waits until it is read.
    flood = "head -c 1000000 /dev/zero | tr '\\0' 'x'; echo; echo 3.4 /not/this; echo Welcome"
    path = fake_python(
        tmp_path / "bin", f"{flood}; {answer('3.10', '/x/python3', '/x/libpython3.10.so')}"
    )
    said = reason(live(c_host, unzipped, PATH=path))
    assert "python3 in PATH is Python 3.10 at /x/python3; live mode needs 3.11" in said


def test_python_that_hangs_is_ended_and_no_other_is_taken(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    path = fake_python(tmp_path / "bin", f"echo $$ > {tmp_path}/pid; sleep 1000")
    begin = time.monotonic()
    said = reason(live(c_host, unzipped, 3, PATH=path))
    assert time.monotonic() - begin < 25.0
    assert "python3 in PATH gave no answer within 10 s" in said
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_signals_do_not_lead_to_another_python(unzipped: Path, tmp_path: Path) -> None:
    # A timer interrupts the host's calls while it waits for the answer.
    host = compile_host(tmp_path, "host", "-DTIMER")
    path = fake_python(
        tmp_path / "bin", f"sleep 1; {answer('3.10', '/x/python3', '/x/libpython3.10.so')}"
    )
    said = reason(live(host, unzipped, PATH=path))
    assert "python3 in PATH is Python 3.10 at /x/python3" in said


def test_host_that_is_python_is_not_asked_for_another_one(unzipped: Path, tmp_path: Path) -> None:
    # The library of that one would be loaded beside the host's own.
    path = fake_python(tmp_path / "bin", f"echo yes > {tmp_path}/asked")
    (status,) = in_python(
        unzipped, "print(json.dumps([step(start(), T_sink_in=305.0)[1]]))", PATH=path
    )
    assert status == 1
    assert not (tmp_path / "asked").exists()


NONSENSE = dict.fromkeys(
    (
        *("PYTHONIOENCODING", "PYTHONMALLOC", "PYTHONHASHSEED", "PYTHONPLATLIBDIR"),
        *("PYTHONUTF8", "PYTHONTRACEMALLOC", "PYTHONWARNINGS", "PYTHONINTMAXSTRDIGITS"),
    ),
    "nonsense",
)


def another_standard_library() -> str:
    """Give the folder of a standard library that is not this Python's."""
    for name in ("python3.9", "python3.10", "python3.12", "python3.13", "python3"):
        found = shutil.which(name)
        if not found:
            continue
        done = subprocess.run(
            [found, "-I", "-c", "import os, sys; print(os.__file__, sys.version_info[1])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 and int(done.stdout.split()[1]) != sys.version_info[1]:
            return str(Path(done.stdout.split()[0]).parent)
    return ""


def test_variables_for_another_python_do_not_end_the_host(
    c_host: Path, unzipped: Path, tmp_path: Path
) -> None:
    other = another_standard_library()
    if not other:
        # Enough of one to break the start of Python, if it were looked at first.
        other = str(tmp_path / "lib")
        (tmp_path / "lib" / "encodings").mkdir(parents=True)
        for name in ("encodings/__init__.py", "os.py", "re.py", "site.py"):
            (tmp_path / "lib" / name).write_text("this is no Python of this version\n")
    assert_solved(live(c_host, unzipped, **NONSENSE, PYTHONPATH=other, PYTHONHOME=str(tmp_path)))


@pytest.mark.parametrize("home", ["a virtual environment", "another build"])
def test_home_that_is_not_that_of_the_python_in_path(
    c_host: Path, unzipped: Path, tmp_path: Path, home: str
) -> None:
    folder = sys.prefix
    if home == "another build":
        # Its landmark is right, and its modules are another build's.
        folder = str(tmp_path / "build")
        library = tmp_path / "build" / "lib" / f"python3.{sys.version_info[1]}"
        library.mkdir(parents=True)
        (library / "os.py").write_text("raise SystemExit('another build')\n")
    assert_solved(live(c_host, unzipped, PYTHONHOME=folder))


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_unzip_path_and_locale(
    unzipped: Path, tmp_path: Path, c_host: Path, locale: str
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "a b ü + ( ) % # &;'"))
    assert_solved(live(c_host, folder, LC_ALL=locale))


def test_path_that_pythonfmu_cannot_read_is_refused_and_the_map_works(
    unzipped: Path, tmp_path: Path, c_host: Path
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "a%20b"))
    assert "takes the %20 in that name for a space" in reason(live(c_host, folder))
    run = run_host(c_host, folder, ["T_sink_in"], ["P_el"], [[305.0]])
    assert (run.code, len(run.results)) == (0, 1)
