"""The shell between hosts and pythonfmu: nothing that a host does ends its process.

Each host is a process of its own; the FMU is a small one whose slave does as it is told.
"""

import json
import signal
import subprocess
import sys
import sysconfig
import textwrap
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from c_host import COMPILER, compile_host, host_command, host_environment
from c_host import run_host as run_c_host
from conftest import ROOT
from pythonfmu.builder import FmuBuilder

from heatpump_twin.fmu import compiling
from heatpump_twin.fmu.compiling import PLATFORMS, compile_shell
from heatpump_twin.fmu.installing import description_for_shell, with_shell
from heatpump_twin.model.errors import InputError

TESTS = ROOT / "tests"

# Before Python's start had a lock that all FMUs of a process share, each of three runs crashed.
THREADED_RUNS = 5

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small FMU with the shell, able to keep its state, as a zip file."""
    folder = tmp_path_factory.mktemp("small")
    built = FmuBuilder.build_FMU(
        TESTS / "fmus" / "obedient.py",
        dest=folder / "plain.fmu",
        canGetAndSetFMUstate=True,
        canSerializeFMUstate=True,
    )
    with zipfile.ZipFile(built) as archive:
        entries = with_shell({name: archive.read(name) for name in archive.namelist()})
    with zipfile.ZipFile(folder / "small.fmu", "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return folder / "small.fmu"


@pytest.fixture(scope="module")
def unzipped(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unzip(small, tmp_path_factory.mktemp("unzipped"))


@pytest.fixture(scope="module")
def c_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip("no C compiler (gcc or cc) here")
    return compile_host(tmp_path_factory.mktemp("c_host"))


def unzip(fmu: Path, folder: Path) -> Path:
    with zipfile.ZipFile(fmu) as archive:
        archive.extractall(folder)
    return folder


def script(unzipped: Path, code: str, **environment: str) -> dict:
    """Run code that makes `calls` and prints JSON; the process has to end well."""
    start = f"""
        import ctypes, json, sys
        sys.path.insert(0, {str(TESTS)!r})
        from fmi_calls import *
        folder = {str(unzipped)!r}
    """
    host = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(start) + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        # Memory given back is overwritten, so that using it again does not go unnoticed.
        env=host_environment(PYTHONMALLOC="debug", **environment),
        check=False,
    )
    assert host.returncode == 0, host.stdout + host.stderr
    return json.loads(host.stdout.splitlines()[-1])


# Compiling ---------------------------------------------------------------------------------------


def test_equal_sources_give_equal_libraries_and_the_cache_is_used(tmp_path: Path) -> None:
    first = compile_shell("linux64", tmp_path / "one")
    assert first[:4] == b"\x7fELF"
    assert compile_shell("linux64", tmp_path / "two") == first
    (kept,) = (tmp_path / "two").glob("*.so")
    kept.write_bytes(b"from the cache")
    assert compile_shell("linux64", tmp_path / "two") == b"from the cache"


def test_library_for_windows_has_the_functions_of_fmi() -> None:
    library = compile_shell("win64")
    assert library[:2] == b"MZ"
    assert b"fmi2DoStep\0" in library


def test_compiler_that_fails_or_is_missing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(compiling, "FLAGS", ("-no-such-flag",))
    with pytest.raises(InputError, match=r"C compiler \(ziglang\) failed for x86_64-linux"):
        compile_shell("linux64", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        compile_shell("linux64", tmp_path / "file")
    monkeypatch.setattr(compiling, "version", lambda name: _missing())
    with pytest.raises(InputError, match="pip install ziglang"):
        compile_shell("linux64", tmp_path)


def _missing() -> str:
    raise compiling.PackageNotFoundError


def test_shell_knows_when_each_variable_may_be_set() -> None:
    xml = """<f guid="g"><CoSimulation canGetAndSetFMUstate="true"/><ModelVariables>
        <v valueReference="0" name="a b" causality="input"><Real/></v>
        <v valueReference="1" name="c" causality="parameter" variability="fixed"><Integer/></v>
        <v valueReference="2" name="d" causality="parameter" variability="tunable"><Boolean/></v>
        <v valueReference="3" name="e" causality="output"><String/></v>
        <v valueReference="4" name="f" causality="local" initial="approx"><Enumeration/></v>
        <v valueReference="5" name="g" variability="constant" initial="exact"><Real/></v>
        </ModelVariables></f>""".replace("<v ", "<ScalarVariable ").replace(
        "</v>", "</ScalarVariable>"
    )
    assert description_for_shell(ElementTree.fromstring(xml)).splitlines() == [
        "guid g",
        "state 1 0",
        "0 R 7 a b",
        "1 I 3 c",
        "2 B 7 d",
        "3 S 0 e",
        "4 I 1 f",
        "5 R 0 g",
    ]


def test_both_platforms_have_the_shell_and_pythonfmus_library_beside(small: Path) -> None:
    with zipfile.ZipFile(small) as archive:
        for platform, (_, suffix) in PLATFORMS.items():
            shell = archive.read(f"binaries/{platform}/Obedient{suffix}")
            assert shell == compile_shell(platform)
            beside = archive.read(f"binaries/{platform}/pythonfmu-export{suffix}")
            assert b"finalizePythonInterpreter" in beside


# Statuses and the state machine ------------------------------------------------------------------


def test_logged_warnings_and_errors_are_warnings_and_the_run_goes_on(unzipped: Path) -> None:
    statuses, log, y = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        statuses = []
        for order in (b"ok", b"warning 100 % of %s", b"error bad", b"ok"):
            calls.set("String", "command", order)
            statuses.append(calls.DoStep(0.0, 1.0, 1))
        calls.set("Real", "x", 3.0)
        print(json.dumps([statuses, calls.log, calls.get("Real", "y")]))
        """,
    )
    assert statuses == [0, 1, 1, 0]
    # As a host gets them before it formats.
    assert [1, "100 %% of %%s"] in log
    assert [3, "bad"] in log
    assert y == [0, 3.0]


def test_refused_step_ends_the_run_and_says_so(unzipped: Path) -> None:
    status, terminated, time, again, end = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        calls.DoStep(0.0, 2.0, 1)
        calls.set("String", "command", b"refuse")
        status = calls.DoStep(2.0, 2.0, 1)
        terminated, time = ctypes.c_int(), ctypes.c_double()
        assert calls.GetBooleanStatus(3, ctypes.byref(terminated)) == OK
        assert calls.GetRealStatus(2, ctypes.byref(time)) == OK
        again = calls.DoStep(4.0, 2.0, 1)
        print(json.dumps([status, terminated.value, time.value, again, calls.Terminate()]))
        """,
    )
    assert (status, terminated, time, again, end) == (2, 1, 2.0, 3, 0)


def test_exception_is_fatal_once_and_nothing_crashes_after_it(unzipped: Path) -> None:
    statuses, log = script(
        unzipped,
        """
        import gc
        calls = Calls(folder)
        calls.start()
        calls.set("String", "command", b"raise 100 % of %s")
        statuses = [calls.DoStep(0.0, 1.0, 1), calls.DoStep(1.0, 1.0, 1), calls.Reset()]
        statuses += [calls.get("Real", "y")[0], calls.Terminate()]
        gc.collect()
        calls.FreeInstance()
        gc.collect()
        # Others are not touched by it.
        other = Calls(folder)
        other.start()
        statuses.append(other.DoStep(0.0, 1.0, 1))
        other.FreeInstance()
        print(json.dumps([statuses, calls.log]))
        """,
    )
    assert statuses == [4, 4, 4, 4, 4, 0]
    assert any("RuntimeError" in text and "100 %% of %%s" in text for _, text in log)
    assert any("fmi2Reset is not allowed after a fatal error" in text for _, text in log)


def test_illegal_calls_are_errors_that_name_call_and_phase(unzipped: Path) -> None:
    statuses, log, last = script(
        unzipped,
        """
        calls = Calls(folder)
        statuses = [calls.DoStep(0.0, 1.0, 1), calls.ExitInitializationMode(), calls.Terminate()]
        statuses += [calls.get("Real", "y")[0], calls.set("Real", "y", 1.0)]
        assert calls.set("Integer", "fixed", 2) == OK
        calls.start()
        statuses += [calls.set("Integer", "fixed", 3), calls.EnterInitializationMode()]
        assert calls.set("Real", "tunable", 2.0) == OK
        calls.Terminate()
        statuses += [calls.DoStep(0.0, 1.0, 1), calls.set("Real", "x", 1.0)]
        fixed = calls.get("Integer", "fixed")
        assert calls.Reset() == OK
        calls.start()
        print(json.dumps([statuses, calls.log, [fixed, calls.DoStep(0.0, 1.0, 1)]]))
        """,
    )
    assert statuses == [3] * len(statuses)
    errors = [text for status, text in log if status == 3]
    assert len(errors) == len(statuses)
    assert errors[0] == "fmi2DoStep is not allowed before initialisation"
    assert "fmi2SetInteger: fixed must not be set between steps" in errors
    assert "fmi2DoStep is not allowed after its end" in errors
    assert last == [[0, 2], 0]


def test_wrong_references_types_and_null_pointers_are_errors(unzipped: Path) -> None:
    statuses, fine, log = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        value, reference = ctypes.c_double(), ctypes.c_uint(0)
        v, r = ctypes.byref(value), ctypes.byref(reference)
        statuses = [calls.get("Real", 999)[0], calls.set("Real", 2**32 - 1, 1.0)]
        statuses += [calls.get("Integer", "x")[0], calls.set("String", "command", None)]
        statuses += [calls.GetReal(None, 1, v), calls.GetReal(r, 1, None)]
        statuses += [calls.SetReal(None, 1, v)]
        statuses += [calls.GetDirectionalDerivative(r, 1, r, 1, v, v)]
        statuses += [calls.SetRealInputDerivatives(r, 1, r, v), calls.CancelStep()]
        statuses += [calls.GetRealOutputDerivatives(r, 1, r, v), calls.SetFMUstate(None)]
        logged = len([x for x in calls.log if x[0] == ERROR])
        statuses.append(calls.library.fmi2DoStep(None))
        fine = [calls.GetReal(None, 0, None), calls.SetReal(None, 0, None)]
        fine.append(calls.DoStep(0.0, 1.0, 1))
        instance = calls.instance
        calls.FreeInstance()
        calls.FreeInstance()
        calls.instance = None
        calls.FreeInstance()
        calls.instance = instance
        statuses.append(calls.Terminate())
        print(json.dumps([statuses, fine, logged]))
        """,
    )
    assert statuses == [3] * 14
    assert fine == [0, 0, 0]
    assert log == 12


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("guid=b'other'", "guid 'other' is not this FMU's"),
        ("guid=None", "guid '(none)'"),
        ("name=b''", "no name"),
        ("name=None", "no name"),
        ("type=0", "co-simulation only"),
        ("location=None", "'(none)' is no URI"),
        ("location=b'http://host/fmu/resources'", "is no URI of a folder"),
        ("location=b'file://host/fmu/resources'", "is no URI of a folder"),
        ("location=b'file:///not/there%20%zz'", "holds no resources of this FMU"),
        ("location=b'resources'", "is no URI of a folder"),
    ],
)
def test_instantiation_refused_with_a_reason(unzipped: Path, change: str, reason: str) -> None:
    instance, log = script(
        unzipped,
        f"calls = Calls(folder, {change}); print(json.dumps([calls.instance, calls.log]))",
    )
    assert instance is None
    assert len(log) == 1
    assert log[0][0] == 3
    assert reason in log[0][1].replace("%%", "%")


def test_host_without_logger_gets_the_reason_on_standard_error(unzipped: Path) -> None:
    for callbacks in ("None", "ctypes.addressof(empty)"):
        code = f"""
        from fmi_calls import *
        import ctypes
        empty = (ctypes.c_void_p * 5)()
        assert Calls({str(unzipped)!r}, callbacks={callbacks}, guid=b"50 %s").instance is None
        """
        host = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            capture_output=True,
            text=True,
            cwd=TESTS,
            check=False,
        )
        assert host.returncode == 0, host.stderr
        assert "one: fmi2Instantiate: the guid '50 %s' is not this FMU's" in host.stderr


def test_missing_package_is_named_at_instantiation(small: Path, tmp_path: Path) -> None:
    folder = unzip(small, tmp_path)
    (folder / "resources" / "missing_package").write_text("")
    instance, log = script(
        folder, "calls = Calls(folder); print(json.dumps([calls.instance, calls.log]))"
    )
    assert instance is None
    assert "No module named 'package_that_is_missing'" in log[0][1]
    assert f"install those in {tmp_path}/resources/requirements.txt" in log[1][1]


def test_errors_are_logged_without_logging_and_categories_choose(unzipped: Path) -> None:
    quiet, chosen = script(
        unzipped,
        """
        def log(logging, *categories):
            calls = Calls(folder, logging=logging)
            if categories:
                array = (ctypes.c_char_p * len(categories))(*categories)
                assert calls.SetDebugLogging(1, len(categories), array) == OK
            calls.start()
            for order in (b"warning w", b"error e"):
                calls.set("String", "command", order)
                calls.DoStep(0.0, 1.0, 1)
            calls.set("String", "command", b"ok")
            return [text for _, text in calls.log]
        print(json.dumps([log(0), log(1, b"logStatusWarning")]))
        """,
    )
    assert quiet == ["e"]
    assert chosen == ["made: 100 %% of %%s", "w", "e"]


# State -------------------------------------------------------------------------------------------


def test_state_keeps_the_phase_and_refuses_what_is_not_its_own(unzipped: Path) -> None:
    restored, phases, refused, log = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        calls.set("Real", "x", 5.0)
        state, copy, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        assert calls.GetFMUstate(ctypes.byref(state)) == OK
        assert calls.SerializedFMUstateSize(state, ctypes.byref(size)) == OK
        blob = ctypes.create_string_buffer(size.value)
        assert calls.SerializeFMUstate(state, blob, size) == OK
        calls.set("Real", "x", 6.0)
        calls.Terminate()
        phases = [calls.DoStep(0.0, 1.0, 1), calls.SetFMUstate(state), calls.DoStep(0.0, 1.0, 1)]
        restored = [calls.get("Real", "y")[1]]
        other = Calls(folder)
        refused = [other.SetFMUstate(state)]
        for bad in (blob.raw[:-1], blob.raw[:10], b"", blob.raw[:-1] + b"!"):
            refused.append(other.DeSerializeFMUstate(bad, len(bad), ctypes.byref(copy)))
        foreign = blob.raw[:8] + b"12345678" + blob.raw[16:]
        refused.append(other.DeSerializeFMUstate(foreign, len(foreign), ctypes.byref(copy)))
        refused.append(calls.SerializeFMUstate(state, blob, 8))
        assert copy.value is None
        assert other.DeSerializeFMUstate(blob, size, ctypes.byref(copy)) == OK
        assert other.SetFMUstate(copy) == OK
        phases.append(other.DoStep(0.0, 1.0, 1))
        restored.append(other.get("Real", "y")[1])
        assert calls.FreeFMUstate(ctypes.byref(state)) == OK
        refused.append(calls.SetFMUstate(copy))
        calls.FreeInstance()
        other.FreeInstance()
        print(json.dumps([restored, phases, refused, [t for s, t in other.log if s == ERROR]]))
        """,
    )
    assert restored == [5.0, 5.0]
    assert phases == [3, 0, 0, 0]
    assert refused == [3] * 8
    assert "the state is none of this instance" in log[0]
    assert "are cut off" in log[1]
    assert "are no state" in log[2]
    assert "are damaged" in log[4]
    assert "of another machine or build" in log[5]


def test_host_that_is_python_is_not_asked_for_another_one(unzipped: Path, tmp_path: Path) -> None:
    # The library of that one would be loaded beside the host's own.
    python, asked = tmp_path / "python3", tmp_path / "asked"
    python.write_text(f"#!/bin/sh\necho yes > {asked}\nprintf '3.99\\n/x/python3\\n/x.so\\n'\n")
    python.chmod(0o755)
    made = script(
        unzipped, "print(json.dumps(Calls(folder).instance is not None))", PATH=str(tmp_path)
    )
    assert made
    assert not asked.exists()


# Hosts without Python ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["file://{}", "file://localhost{}", "file:{}", "as it is"])
def test_any_unzip_path(small: Path, tmp_path: Path, c_host: Path, form: str) -> None:
    folder = unzip(small, tmp_path / "a b ü + ( ) % # &;'")
    resources = folder / "resources"
    path = resources.as_uri().removeprefix("file://")
    location = f"file://{resources}" if form == "as it is" else form.format(path)
    run = run_c_host(c_host, folder, ["x"], ["y"], [[1.5]], location=location)
    assert (run.code, run.results) == (0, [[1.5]]), run.everything


def test_text_arrives_unchanged_in_a_host_that_formats(unzipped: Path, c_host: Path) -> None:
    run = run_c_host(c_host, unzipped, ["x"], ["y"], [[1.0]])
    assert run.log == ["log 0 logAll: made: 100 % of %s"], run.everything


def test_path_that_pythonfmu_cannot_read_is_refused(
    small: Path, tmp_path: Path, c_host: Path
) -> None:
    folder = unzip(small, tmp_path / "a%20b")
    run = run_c_host(c_host, folder, ["x"], ["y"], [[1.0]])
    assert run.code == 4
    assert "takes the %20 in that name for a space" in run.log[0]


def test_variable_that_names_no_library(unzipped: Path, c_host: Path) -> None:
    run = run_c_host(
        c_host,
        unzipped,
        ["x"],
        ["y"],
        [[1.0]],
        environment=host_environment(PATH="/nowhere", HEATPUMP_TWIN_LIBPYTHON="/no/libpython.so"),
    )
    assert run.code == 4
    assert len(run.log) == 1
    assert "HEATPUMP_TWIN_LIBPYTHON names cannot be loaded: /no/libpython.so" in run.log[0]
    assert "or unset it" in run.log[0]


def test_variable_that_names_another_library(unzipped: Path, c_host: Path) -> None:
    run = run_c_host(
        c_host,
        unzipped,
        ["x"],
        ["y"],
        [[1.0]],
        environment=host_environment(HEATPUMP_TWIN_LIBPYTHON="libm.so.6"),
    )
    assert run.code == 4
    assert "libm.so.6 is no library of Python" in run.log[0]


def test_environment_first_in_path_is_found(unzipped: Path, c_host: Path) -> None:
    run = run_c_host(c_host, unzipped, ["x"], ["y"], [[1.0]])
    assert (run.code, run.results) == (0, [[1.0]]), run.everything


def test_python_without_a_shared_library(unzipped: Path, c_host: Path, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nprintf '3.99\\n/x/python3\\n\\n'\n")
    python.chmod(0o755)
    run = run_c_host(
        c_host, unzipped, ["x"], ["y"], [[1.0]], environment=host_environment(PATH=str(tmp_path))
    )
    assert run.code == 4
    assert len(run.log) == 1
    assert "no Python found" in run.log[0]
    assert "python3 in PATH is Python 3.99 at /x/python3, without a shared library" in run.log[0]
    assert "first in PATH" in run.log[0]


def test_python_that_is_too_old(unzipped: Path, c_host: Path, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nprintf '3.10\\n/x/python3\\n/x/libpython3.10.so\\n'\n")
    python.chmod(0o755)
    run = run_c_host(
        c_host, unzipped, ["x"], ["y"], [[1.0]], environment=host_environment(PATH=str(tmp_path))
    )
    assert run.code == 4
    assert "python3 in PATH is Python 3.10 at /x/python3; this FMU needs 3.11" in run.log[0]


def test_library_of_another_version_than_the_environment(
    unzipped: Path, c_host: Path, tmp_path: Path
) -> None:
    library = own_library()
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\nprintf '3.99\\n/x/python3\\n{library}\\n'\n")
    python.chmod(0o755)
    run = run_c_host(
        c_host, unzipped, ["x"], ["y"], [[1.0]], environment=host_environment(PATH=str(tmp_path))
    )
    assert run.code == 4
    assert "python3 in PATH is Python 3.99" in run.log[0]


def test_home_that_is_a_virtual_environment_is_left_out(unzipped: Path, c_host: Path) -> None:
    run = run_c_host(
        c_host,
        unzipped,
        ["x"],
        ["y"],
        [[1.0]],
        environment=host_environment(PYTHONHOME=sys.prefix),
    )
    assert (run.code, run.results) == (0, [[1.0]]), run.everything
    assert f"PYTHONHOME is {sys.prefix}, which is not the home of Python" in run.log[0]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_locale(small: Path, tmp_path: Path, c_host: Path, locale: str) -> None:
    folder = unzip(small, tmp_path / "ü")
    run = run_c_host(
        c_host, folder, ["x"], ["y"], [[1.0]], environment=host_environment(LC_ALL=locale)
    )
    assert (run.code, run.results) == (0, [[1.0]]), run.everything


def test_threads_with_two_fmus_load_free_and_leave(
    small: Path, unzipped: Path, c_host: Path, tmp_path: Path
) -> None:
    host = compile_host(c_host.parent, "threads")
    folders = [unzipped, unzip(small, tmp_path)] * 2
    paths = [
        text
        for folder in folders
        for text in (
            str(folder / "binaries" / "linux64" / "Obedient.so"),
            (folder / "resources").as_uri(),
        )
    ]
    table = (unzipped / "resources" / "host_shell.txt").read_text(encoding="utf-8")
    guid = table.splitlines()[0].removeprefix("guid ")
    for _ in range(THREADED_RUNS):
        done = subprocess.run(
            [str(host), guid, *paths],
            capture_output=True,
            text=True,
            env=host_environment(),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_interrupt_ends_a_host_that_is_not_python(unzipped: Path, c_host: Path) -> None:
    # Python's own answer to Ctrl-C would be an exception that nobody sees.
    steps = 1_000_000
    host = subprocess.Popen(
        host_command(c_host, unzipped, ["x"], ["y"], [[1.0]] * steps),
        stdout=subprocess.PIPE,
        text=True,
        env=host_environment(),
        # A shell that starts the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert host.stdout is not None
    while not host.stdout.readline().startswith("result"):
        pass
    host.send_signal(signal.SIGINT)
    host.communicate(timeout=30)
    assert host.returncode == -signal.SIGINT


def own_library() -> Path:
    name = sysconfig.get_config_var("INSTSONAME") or ""
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / name
    if ".so" not in name or not library.is_file():
        pytest.skip("this Python has no shared library")
    return library
