"""Live mode beside other FMUs, in other folders and threads, and at the end of a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from c_host import compile_host, host_command, host_environment, needs_c_host
from live_hosts import IN_PYTHON, LIVE, in_python
from python_host import TESTS

from heatpump_twin.model.quantities import RESULT_QUANTITIES

# Exits of a process after correct results; without a cure one in three was an abort.
HOST_RUNS = 3

# Other versions of pythonfmu whose FMUs may be in the same process.
OTHER_VERSIONS = ("0.6.3", "0.6.9")

pytestmark = needs_c_host


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small FMU of each other version of pythonfmu, built by that."""
    built = {}
    for version in OTHER_VERSIONS:
        folder = tmp_path_factory.mktemp("other")
        installed = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--target", str(folder / "packages"), f"pythonfmu=={version}"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            pytest.skip(f"pip cannot install pythonfmu {version}: {installed.stderr[-200:]}")
        subprocess.run(
            [
                *(sys.executable, "-m", "pythonfmu", "build"),
                *("-f", str(TESTS / "fmus" / "counting.py"), "-d", str(folder)),
            ],
            env={**os.environ, "PYTHONPATH": str(folder / "packages")},
            check=True,
            capture_output=True,
        )
        (built[version],) = folder.glob("*.fmu")
    return built


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
@pytest.mark.parametrize("version", OTHER_VERSIONS)
def test_fmu_of_another_pythonfmu_in_the_same_process(
    fmu: Path, others: dict[str, Path], version: str, order: str
) -> None:
    host = subprocess.run(
        [
            *(sys.executable, "-c"),
            textwrap.dedent(
                f"""
                import fmpy, os
                def theirs():
                    result = fmpy.simulate_fmu({str(others[version])!r}, stop_time=2,
                                               output_interval=1)
                    assert result["count"][-1] == 2.0, result
                def ours():
                    result = fmpy.simulate_fmu({str(fmu)!r}, stop_time=60,
                                               start_values={{"solver": "live"}})
                    assert result["operating_status"][-1] == 1, result
                first, second = (theirs, ours) if {order == "theirs first"} else (ours, theirs)
                first(); second(); first()
                print("both", flush=True)
                os._exit(0)  # their library aborts at the end of a process
                """
            ),
        ],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert (host.returncode, host.stdout.splitlines()[-1:]) == (0, ["both"]), host.stderr


def test_same_fmu_after_its_first_folder_is_gone(unzipped: Path, tmp_path: Path) -> None:
    first = Path(shutil.copytree(unzipped, tmp_path / "first"))
    second = Path(shutil.copytree(unzipped, tmp_path / "second"))
    found, same_path = in_python(
        first,
        f"""
        before = list(sys.path)
        calls = start()
        calls.FreeInstance()
        shutil.rmtree(folder)
        calls = start({str(second)!r})
        print(json.dumps([step(calls)[:2], sys.path == before]))
        """,
    )
    assert found == [0, 1]
    assert same_path


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_resources_that_are_read_only(unzipped: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(str(p) for p in folder.rglob("*"))
    try:
        found, only_bytecode = in_python(
            folder,
            """
            # Permissions do not bind the superuser. Python tries to keep its bytecode, in vain.
            refused = []
            def forbidden(event, arguments):
                if event in ("open", "os.mkdir") and str(arguments[0]).startswith(folder):
                    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
                    if event == "os.mkdir" or (arguments[2] or 0) & writes:
                        refused.append(arguments[0])
                        raise PermissionError(13, "Permission denied", arguments[0])
            sys.addaudithook(forbidden)
            found = step(start())[:2]
            print(json.dumps([found, all("__pycache__" in path for path in refused)]))
            """,
        )
    finally:
        for path in paths:
            path.chmod(0o755)
    assert found == [0, 1]
    assert only_bytecode
    assert sorted(str(p) for p in folder.rglob("*")) == before


def test_python_host_exits_cleanly(fmu: Path) -> None:
    # Hosts in C do in each other test of live mode; `make soak` counts hundreds of both.
    code = f"import fmpy; fmpy.simulate_fmu({str(fmu)!r}, stop_time=60, start_values={LIVE!r})"
    codes = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        for _ in range(HOST_RUNS)
    ]
    assert codes == [0] * HOST_RUNS


@pytest.mark.parametrize("host", ["Python", "C"])
def test_host_that_does_not_free_an_instance_gets_no_warnings(
    unzipped: Path, tmp_path: Path, host: str
) -> None:
    """Python's own end would have a binding library list each of its objects."""
    if host == "C":
        program = compile_host(tmp_path, "host", "-DKEEP")
        command = host_command(program, unzipped, ["T_sink_in"], ["P_el"], [[305.0]], texts=LIVE)
    else:
        given = (str(unzipped), [], [])
        code = IN_PYTHON.format(given=repr(given)) + "print('result', *step(start()))\n"
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{code}"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=host_environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert "result" in done.stdout
    assert done.stderr == ""


def test_two_fmus_in_four_threads(unzipped: Path, tmp_path: Path) -> None:
    second = Path(shutil.copytree(unzipped, tmp_path / "second"))
    host = compile_host(tmp_path, "threads", '-DSOLVER="live"')
    paths = [
        text
        for folder in (unzipped, second)
        for text in (
            str(next(folder.glob("binaries/linux64/*.so"))),
            (folder / "resources").as_uri(),
        )
    ]
    guid = (unzipped / "resources" / "guid.txt").read_text().strip()
    done = subprocess.run(
        [str(host), guid, *paths, *paths],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def other_version(unzipped: Path, folder: Path) -> Path:
    """Copy an FMU as another version of the project would have built it, with 1000 W more."""
    other = Path(shutil.copytree(unzipped, folder))
    live_part = other / "resources" / "live"
    (entry,) = live_part.glob("tespy_slave_*.py")
    old = entry.stem.removeprefix("tespy_slave_")
    new = "0123456789ab"
    assert old != new
    for path in [*live_part.glob(f"*_{old}"), entry]:
        path.rename(path.with_name(path.name.replace(old, new)))
    for path in [*live_part.rglob("*.py"), live_part / "slavemodule.txt"]:
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (slave,) = live_part.glob("heatpump_twin_*/fmu/slave.py")
    text = slave.read_text(encoding="utf-8")
    before = "        self._status = OperatingStatus.INSIDE\n"
    assert text.count(before) == 1
    place = list(RESULT_QUANTITIES).index("P_el")
    slave.write_text(
        text.replace(before, f"        self._results[{place}] += 1000.0\n{before}"),
        encoding="utf-8",
    )
    return other


def test_two_versions_of_the_fmu_in_one_process(unzipped: Path, tmp_path: Path) -> None:
    other = other_version(unzipped, tmp_path / "other")
    powers = in_python(
        unzipped,
        f"""
        calls = [start(), start({str(other)!r}), start()]
        print(json.dumps([step(c, T_sink_in=T)[2] for T in (305.0, 310.0) for c in calls]))
        """,
    )
    for ours, others, again in (powers[:3], powers[3:]):
        assert again == ours
        assert others == pytest.approx(ours + 1000.0, rel=1e-9)
