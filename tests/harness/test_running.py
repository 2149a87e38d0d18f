"""Commands where users run them: without a home, many at once, interrupted, with bad names."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commands import Ended, new_cache, run

from heatpump_twin.cache import CACHE_VARIABLE, kept
from heatpump_twin.machine_files.machine_file import read_machine_file
from heatpump_twin.model.errors import InputError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

HEAVY = ("numpy", "pandas", "pint", "matplotlib", "CoolProp", "tespy", "fmpy", "scipy")


def assert_ended(ended: Ended, code: int) -> None:
    """Exit code, no traceback, no process and no temporary file left."""
    assert ended.code == code, ended.output
    assert "Traceback" not in ended.output, ended.output
    assert "Aborted" not in ended.output
    assert ended.processes == ()
    assert ended.files == ()


def assert_bad_input(ended: Ended, text: str) -> None:
    assert_ended(ended, 2)
    assert text in ended.output
    assert ended.output.count("error: ") == 1


# Without a home ---------------------------------------------------------------------------------


@pytest.fixture(params=["missing", "file", "read only"])
def home(request: pytest.FixtureRequest, tmp_path: Path):
    folder = tmp_path / "home"
    if request.param == "missing":
        yield Path("/proc/nonexistent")
    elif request.param == "file":
        folder.write_text("no folder")
        yield folder
    else:
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
        if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a read-only file system cannot be mounted: that takes the superuser")
        yield folder
        subprocess.run(["umount", str(folder)], check=True)


def test_no_home_is_no_obstacle(home: Path, fmu: Path, tmp_path: Path) -> None:
    folder, compiled = new_cache(tmp_path), kept("heat_pump")
    (folder / compiled.name).symlink_to(compiled)
    cache = {CACHE_VARIABLE: str(folder)}
    out = tmp_path / "report"
    assert_ended(run("validate", "--fmu", fmu, "-o", out, home=home, **cache), 0)
    assert (out / "report.html").is_file()
    out = tmp_path / "diagram"
    drawn = run("diagram", "--point", 3, "--fmu", fmu, "-o", out, home=home, **cache)
    assert_ended(drawn, 0)
    assert "warning" not in drawn.output.lower()
    assert sorted(p.suffix for p in out.iterdir()) == [".png", ".svg"]


def test_without_any_place_to_keep_things_one_warning_says_so(fmu: Path, tmp_path: Path) -> None:
    done = run(
        *("diagram", "--point", 3, "--fmu", fmu, "-o", tmp_path / "out"),
        home=Path("/proc/nonexistent"),
        **{CACHE_VARIABLE: ""},
    )
    assert_ended(done, 0)
    assert done.output.lower().count("warning") == 1
    assert f"{CACHE_VARIABLE} names another folder" in done.output


def test_live_mode_touches_nothing_in_the_home_of_its_host(
    home: Path, fmu: Path, tmp_path: Path
) -> None:
    script = f"""
        import fmpy
        result = fmpy.simulate_fmu({str(fmu)!r}, stop_time=120, output_interval=60,
                                   start_values={{"solver": "live"}})
        print(result["operating_status"])
    """
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[1", "1", "1]"], done.stdout + done.stderr


def test_live_mode_leaves_no_file_in_the_home_of_its_host(fmu: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    test_live_mode_touches_nothing_in_the_home_of_its_host(tmp_path / "home", fmu, tmp_path)
    assert list((tmp_path / "home").rglob("*")) == []


def test_finished_things_are_found_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "relative")
    monkeypatch.chdir(tmp_path)
    assert kept("maps", "x") == tmp_path / "relative" / "maps" / "x"
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "usual"))
    assert kept("maps") == tmp_path / "usual" / "heatpump-twin" / "maps"
    unwritable = tmp_path / "unwritable" / "heatpump-twin"
    unwritable.parent.mkdir()
    unwritable.symlink_to("/proc/self")
    monkeypatch.setenv("XDG_CACHE_HOME", str(unwritable.parent))
    assert kept("status") == unwritable / "status"
    assert unwritable not in kept("nothing").parents
    assert kept("nothing").parent.is_dir()


# Several at once --------------------------------------------------------------------------------


def test_first_runs_at_once(fmu: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    cache = {CACHE_VARIABLE: str(new_cache(tmp_path))}

    def drawn(i: int) -> Ended:
        arguments = ("diagram", "--point", 3, "--fmu", fmu, "-o", tmp_path / str(i))
        return run(*arguments, home=tmp_path / "home", **cache)

    with ThreadPoolExecutor(6) as pool:
        for ended in pool.map(drawn, range(6)):
            assert_ended(ended, 0)
    pictures = {(tmp_path / str(i) / "mci_lab_log_p_h_3.png").read_bytes() for i in range(6)}
    assert len(pictures) == 1
    assert list((tmp_path / "home").rglob("*")) == []


# Interrupted ------------------------------------------------------------------------------------


def first_interrupts(last: float) -> list[float]:
    """Seconds from the start, the same in each session."""
    chance = random.Random(1)
    return [round(chance.uniform(0.1, last), 2) for _ in range(3)]


@pytest.mark.parametrize("first", first_interrupts(9.0))
@pytest.mark.parametrize(
    "command",
    [("calibrate", "nist_split"), ("validate", "mci_lab", "--fmu"), ("build", "mci_lab")],
    ids=lambda command: command[0],
)
def test_three_interrupts_end_a_command_at_once(
    command: tuple[str, ...], first: float, fmu: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    names = {"calibrate": "machine.toml", "build": "x.fmu", "validate": "report"}
    arguments = [*command, *([fmu] if "--fmu" in command else []), "-o", out / names[command[0]]]
    ended = run(
        *arguments, interrupts=(first, 0.3, 0.2), **{CACHE_VARIABLE: str(tmp_path / "cache")}
    )
    if ended.code == 0:  # a fast computer
        pytest.skip("it had ended before")
    assert_ended(ended, 130)
    assert ended.seconds < 10.0
    written = [p.name for p in out.iterdir()] if out.exists() else []
    if command[0] == "calibrate" and written:
        # The first interrupt leaves the best fit so far, whole; it had ended before the second.
        assert written == ["machine.toml"]
        read_machine_file(out / "machine.toml")
    else:
        assert written == []
    left = [p for p in tmp_path.rglob("*") if p.name.startswith((".heatpump", "compiling_"))]
    assert left == []


def test_pool_and_its_processes_end_at_the_first_interrupt(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    ended = run(
        *("build", "mci_lab", "-o", tmp_path / "x.fmu"),
        interrupts=(15.0,),
        **{CACHE_VARIABLE: str(cache)},
    )
    assert_ended(ended, 130)
    assert ended.seconds < 5.0
    assert "what is done so far is kept for the next build" in ended.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_leave_nothing_either(number: int, fmu: Path, tmp_path: Path) -> None:
    ended = run("validate", "--fmu", fmu, "-o", tmp_path / "report", interrupts=(4.0,),
                signal_number=number)  # fmt: skip
    assert_ended(ended, 128 + number)
    assert list(tmp_path.iterdir()) == []


# Bad names and outputs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("validate", "nonsense"), "unknown data set 'nonsense'"),
        (("validate", "--fmu", "missing.fmu"), "FMU missing.fmu: no such file"),
        (("diagram", "--point", 3, "--fmu", "missing.fmu"), "FMU missing.fmu: no such file"),
        (("diagram", "nonsense", "--point", 3), "unknown data set 'nonsense'"),
        (("calibrate", "nonsense"), "unknown data set 'nonsense'"),
        (("calibrate", "--machine", "missing.toml"), "start file missing.toml: cannot be read"),
        (("build", "nonsense.toml"), "machine file nonsense.toml: no such file"),
        (("build", "nonsense"), "unknown machine 'nonsense'"),
        (("build", "-o", "x.zip"), "output x.zip: expected a file name that ends in .fmu"),
        (("build", "-o", "file/x.fmu"), "output file/x.fmu: cannot be written"),
        (("calibrate", "-o", "file/x.toml"), "output file/x.toml: cannot be written"),
        (("diagram", "--point", 3, "-o", "file/x"), "output folder file/x: cannot be written"),
        (("--help",), "Usage"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_bad_name_is_told_before_anything_heavy_is_imported(
    arguments: tuple[object, ...], text: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    script = (
        "import atexit, os, sys; from heatpump_twin.harness import entry; import heatpump_twin"
        ".harness.cli as cli; exit = cli.end\n"
        f"cli.end = lambda code: (print('heavy:', *(set({HEAVY}) & set(sys.modules))), exit(code))"
        "; entry.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if arguments == ("--help",) else 2), done.stderr
    assert text in done.stderr + done.stdout
    assert done.stdout.splitlines()[-1] == "heavy:"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_output_that_cannot_be_written_is_told_before_any_work(fmu: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "report" / "report.html").mkdir(parents=True)
    (tmp_path / "x.fmu").mkdir()
    (tmp_path / "x.calibration.json").mkdir()
    before = sorted(tmp_path.rglob("*"))
    cache = {CACHE_VARIABLE: str(tmp_path / "file" / "cache")}  # any work would fail
    for arguments, text in (
        (("validate", "-o", tmp_path / "file" / "report"), "cannot be written"),
        (
            ("validate", "-o", tmp_path / "report", "--replace"),
            "report.html: cannot be written: is",
        ),
        (("build", "-o", tmp_path / "x.fmu"), "x.fmu: cannot be written: is a folder"),
        (
            ("calibrate", "-o", tmp_path / "x.toml"),
            "x.calibration.json: cannot be written: is",
        ),
        (("diagram", "--point", 3, "-o", tmp_path / ("long" * 80)), "File name too long"),
    ):
        assert_bad_input(run(*arguments, **cache), text)
    assert sorted(tmp_path.rglob("*")) == before


def test_failed_command_leaves_no_new_folder(tmp_path: Path) -> None:
    (tmp_path / "broken.fmu").write_bytes(b"PK\x05\x06" + bytes(18))
    for command in (("validate",), ("diagram", "--point", 3)):
        ended = run(*command, "--fmu", tmp_path / "broken.fmu", "-o", tmp_path / "new" / "report")
        assert_bad_input(ended, "modelDescription.xml cannot be read")
    assert [p.name for p in tmp_path.iterdir()] == ["broken.fmu"]


# Faults -----------------------------------------------------------------------------------------


def test_fault_of_the_program_has_a_message_and_a_code_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise EOFError('a broken\\ninstallation')")
    ended = run("validate", PYTHONPATH=str(tmp_path))
    assert_ended(ended, 70)
    assert "error: unexpected EOFError: a broken installation; this is a fault of" in ended.output
    traced = run("validate", PYTHONPATH=str(tmp_path), HEATPUMP_TWIN_TRACEBACK="1")
    assert traced.code == 70
    assert "Traceback" in traced.output


def test_live_mode_names_its_own_requirements(fmu: Path, tmp_path: Path) -> None:
    (tmp_path / "tespy.py").write_text(
        "raise ModuleNotFoundError('No module named tespy', name='tespy')"
    )
    host = f"""
        import fmpy
        log = lambda *a: print(a[-1].decode())
        start = {{"solver": "live"}}
        fmpy.simulate_fmu({str(fmu)!r}, stop_time=60, logger=log, start_values=start)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(host)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "requirements.txt in the folder of the slave lists what is needed" in done.stdout


def test_no_place_for_temporary_files_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heatpump_twin.cache.tempfile.tempdir", "/proc/nonexistent")
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1/nowhere")
    with pytest.raises(InputError, match=f"no temporary folder.*{CACHE_VARIABLE}"):
        kept("maps")
