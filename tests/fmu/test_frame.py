"""The FMU's frame in C: statuses, messages, phases and states, whatever a host does.

Each host is a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import fmpy
import pytest
from c_host import COMPILER, compile_host, compile_sources, host_environment, run_host
from python_host import TESTS, run_python

LONGEST_MESSAGE = 1000

# Undefined behaviour ends the process.
NO_RECOVERY = ("-fno-sanitize-recover=all",)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hosts are for Linux")


def script(unzipped: Path, code: str, **environment: str) -> Any:
    """Run code that makes `calls` and prints JSON; the process has to end well."""
    start = f"""
        import ctypes, json, sys
        from fmi_calls import *
        folder = {str(unzipped)!r}
        def status(calls):
            return calls.get("Integer", "operating_status")[1]
        def step(calls, **inputs):
            for name, value in inputs.items():
                assert calls.set("Real", name, value) == OK
            return calls.DoStep(0.0, 60.0, 1)
    """
    # Memory given back is overwritten, so that using it again does not go unnoticed.
    return run_python(
        textwrap.dedent(start) + textwrap.dedent(code), MALLOC_PERTURB_="165", **environment
    )


# Statuses and messages ---------------------------------------------------------------------------

COLD, MEANINGLESS = 340.0, 35.5  # of T_sink_in: outside the envelope, and in degC


@pytest.mark.parametrize(
    ("on_failure", "status", "phase_after"),
    [("continue", 0, 0), ("discard", 2, 3), ("error", 3, 3)],
)
def test_a_host_gets_fmi2ok_unless_it_asks_for_another_status(
    unzipped: Path, on_failure: str, status: int, phase_after: int
) -> None:
    statuses, levels, held, after = script(
        unzipped,
        f"""
        calls = Calls(folder)
        assert calls.set("String", "on_failure", b"{on_failure}") == OK
        calls.start()
        statuses = [[step(calls, T_sink_in=T), status(calls)] for T in (308.0, {COLD})]
        before = calls.get("Real", "P_el")
        calls.log.clear()
        statuses.append([step(calls, T_sink_in={MEANINGLESS}), status(calls)])
        levels = [list(pair) for pair in zip([x for x, _ in calls.log], calls.categories[-1:])]
        held = before == calls.get("Real", "P_el")
        terminated = ctypes.c_int(7)
        assert calls.GetBooleanStatus(3, ctypes.byref(terminated)) == OK
        last = ctypes.c_int(7)
        assert calls.GetStatus(0, ctypes.byref(last)) == OK
        assert last.value == {status}
        assert terminated.value == ({status} != 0)
        after = calls.DoStep(60.0, 60.0, 1)
        assert calls.Terminate() == OK
        print(json.dumps([statuses, levels, held, after]))
        """,
    )
    assert statuses == [[0, 1], [0, 2], [status, 4]]
    category = {0: "logOperatingStatus", 2: "logStatusDiscard", 3: "logStatusError"}[status]
    # The message has the level of the status that the call returned.
    assert levels == [[status, category]]
    assert held
    assert after == phase_after


def test_one_message_for_each_cause_and_then_counts(unzipped: Path) -> None:
    log, others, each = script(
        unzipped,
        f"""
        calls = Calls(folder)
        calls.start()
        for i in range(1000):
            step(calls, T_sink_in={COLD} + 0.01 * i)
        log = [text for _, text in calls.log]
        calls.log.clear()
        step(calls, T_sink_in=290.0 - 100.0, T_source_in=400.0)
        step(calls, m_flow_sink=-1.0)
        others = [text for _, text in calls.log]
        calls.log.clear()
        assert calls.choose(b"logEachStep") == OK
        for _ in range(5):
            step(calls)
        print(json.dumps([log, others, [text for _, text in calls.log]]))
        """,
    )
    assert len(log) == 4
    assert log[0].startswith("operating_status 2: T_sink_in = 340 K is outside the envelope")
    assert [text.split(" times")[0] for text in log[1:]] == ["10", "100", "1000"]
    assert log[1].startswith("10 times so far, now: operating_status 2: T_sink_in = 340.09 K")
    # The same variable and another kind, another variable.
    assert any("T_sink_in = 190 K has no meaning" in text for text in others)
    assert any("m_flow_sink = -1 kg/s has no meaning" in text for text in others)
    assert len(each) >= 5


def test_failures_are_told_to_a_host_that_logs_nothing_and_categories_choose(
    unzipped: Path,
) -> None:
    quiet, errors, all_of_it = script(
        unzipped,
        f"""
        def log(logging, *categories):
            calls = Calls(folder, logging=logging)
            if categories:
                assert calls.choose(*categories) == OK
            calls.start()
            for T in ({COLD}, {MEANINGLESS}):
                step(calls, T_sink_in=T)
            calls.DoStep(0.0, -1.0, 1)
            calls.Terminate()
            return [text for _, text in calls.log]
        print(json.dumps([log(0), log(1, b"logStatusError"), log(1)]))
        """,
    )
    assert [text[:18] for text in quiet] == ["operating_status 4", "fmi2DoStep: a step"]
    assert errors == quiet
    assert [text[:18] for text in all_of_it] == [
        "operating_status 2",
        *[text[:18] for text in quiet],
        "steps by operating",
    ]
    assert all_of_it[-1] == "steps by operating_status: 2: 1, 4: 1"


def test_messages_are_short_and_whole(unzipped: Path, tmp_path: Path) -> None:
    texts = script(
        unzipped,
        """
        names = [b"%" * 5000, "\\u00fc".encode() * 3000, b"x" * 100_000]
        texts = []
        for name in names:
            calls = Calls(folder)
            calls.set("String", "solver", name)
            calls.instance and calls.FreeInstance()
            texts += calls.log
            texts += Calls(folder, guid=name).log
            texts += Calls(folder, location=b"file:///" + name).log
        print(json.dumps([text for _, text in texts]))
        """,
    )
    assert len(texts) == 9
    assert all(len(text.encode()) < LONGEST_MESSAGE for text in texts)
    assert "solver = '" in texts[0]
    assert "expected 'map' or 'live'; 'map' is kept" in texts[0]


def test_text_arrives_unchanged_in_a_host_that_formats(unzipped: Path, c_host: Path) -> None:
    run = run_host(
        c_host, unzipped, ["T_sink_in"], ["P_el"], [[308.0]], texts={"solver": "100 % of %s"}
    )
    assert run.code == 5
    assert "solver = '100 % of %s' is not known; expected 'map' or 'live'" in run.log[0]


@pytest.mark.parametrize(
    ("variable", "known"),
    [("solver", "'map' or 'live'"), ("on_failure", "'continue', 'discard' or 'error'")],
)
def test_unknown_text_is_refused(unzipped: Path, variable: str, known: str) -> None:
    status, kept, log = script(
        unzipped,
        f"""
        calls = Calls(folder)
        status = calls.set("String", "{variable}", b"magic")
        calls.start()
        kept = calls.get("String", "{variable}")[1].decode()
        print(json.dumps([status, kept, calls.log]))
        """,
    )
    assert status == 3
    assert log == [[3, f"{variable} = 'magic' is not known; expected {known}; '{kept}' is kept"]]


def test_parameter_out_of_its_range_is_refused(unzipped: Path) -> None:
    statuses, values, log = script(
        unzipped,
        """
        calls = Calls(folder)
        statuses = [calls.set("Integer", "number_of_units", x) for x in (0, -5, 10_001)]
        statuses += [calls.set("Real", "standby_power", x) for x in (-1.0, float("nan"))]
        calls.start()
        values = [calls.get("Integer", "number_of_units")[1], calls.get("Real", "standby_power")[1]]
        print(json.dumps([statuses, values, [text for _, text in calls.log]]))
        """,
    )
    assert statuses == [3] * 5
    assert values == [1, 10.0]
    assert log[0] == "number_of_units = 0 has no meaning; expected 1 to 10000; 1 is kept"


def test_host_that_mends_round_off_gets_the_plain_answer(unzipped: Path) -> None:
    statuses = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        found = []
        for inputs in ({"compressor_speed": 1e-16}, {"compressor_speed": -1e-16},
                       {"compressor_speed": 1.2000000000000002},
                       {"compressor_speed": 0.0, "m_flow_sink": -1e-18}):
            assert step(calls, **inputs) == OK
            found.append(status(calls))
        print(json.dumps([found, calls.log]))
        """,
    )
    assert statuses == [[0, 0, 1, 0], []]


# Calls in the wrong order ------------------------------------------------------------------------


def test_illegal_calls_are_errors_that_name_call_and_phase(unzipped: Path) -> None:
    statuses, log, last = script(
        unzipped,
        """
        calls = Calls(folder)
        statuses = [calls.DoStep(0.0, 1.0, 1), calls.ExitInitializationMode(), calls.Terminate()]
        statuses += [calls.get("Real", "P_el")[0], calls.set("Real", "P_el", 1.0)]
        assert calls.set("Integer", "number_of_units", 2) == OK
        calls.start()
        statuses += [calls.set("Integer", "number_of_units", 3), calls.EnterInitializationMode()]
        calls.Terminate()
        statuses += [calls.DoStep(0.0, 1.0, 1), calls.set("Real", "T_sink_in", 300.0)]
        fixed = calls.get("Integer", "number_of_units")
        assert calls.Reset() == OK
        calls.start()
        print(json.dumps([statuses, calls.log, [fixed, calls.DoStep(0.0, 1.0, 1)]]))
        """,
    )
    assert statuses == [3] * len(statuses)
    errors = [text for status, text in log if status == 3]
    assert len(errors) == len(statuses)
    assert errors[0] == "fmi2DoStep is not allowed before initialisation"
    assert "fmi2SetInteger: number_of_units must not be set between steps" in errors
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
        statuses += [calls.get("Integer", "P_el")[0], calls.set("String", "solver", None)]
        statuses += [calls.GetReal(None, 1, v), calls.GetReal(r, 1, None)]
        statuses += [calls.SetReal(None, 1, v), calls.GetBoolean(r, 1, v)]
        statuses += [calls.GetDirectionalDerivative(r, 1, r, 1, v, v)]
        statuses += [calls.SetRealInputDerivatives(r, 1, r, v), calls.CancelStep()]
        statuses += [calls.GetRealOutputDerivatives(r, 1, r, v), calls.SetFMUstate(None)]
        statuses += [calls.SetDebugLogging(1, 2**62, None)]
        logged = len([x for x in calls.log if x[0] == ERROR])
        statuses.append(calls.library.fmi2DoStep(None))
        fine = [calls.GetReal(None, 0, None), calls.SetReal(None, 0, None)]
        fine.append(calls.DoStep(0.0, 0.0, 1))
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
    assert statuses == [3] * 16
    assert fine == [0, 0, 0]
    assert log == 14


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


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda map_file: map_file.unlink(), "heat_pump.bin is not there"),
        (lambda map_file: map_file.write_bytes(b""), "cut off"),
        (lambda map_file: map_file.write_bytes(map_file.read_bytes()[:-20]), "cut off"),
        (lambda map_file: _flip(map_file, 5000), "its SHA-256 does not fit"),
        (lambda map_file: _flip(map_file, 8), "map file of format"),
        (lambda map_file: _flip(map_file, 17), "map file of another version of heatpump-twin"),
        (lambda map_file: (map_file.parent / "guid.txt").unlink(), "guid.txt: No such file"),
    ],
    ids=["missing", "empty", "cut off", "altered", "format", "version", "guid missing"],
)
def test_damaged_resources_are_named_at_instantiation(
    unzipped: Path, tmp_path: Path, damage: Any, reason: str
) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "fmu"))
    damage(folder / "resources" / "heat_pump.bin")
    instance, log = script(
        folder, "calls = Calls(folder); print(json.dumps([calls.instance, calls.log]))"
    )
    assert instance is None
    assert len(log) == 1
    assert reason in log[0][1]


def _flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


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


@pytest.mark.parametrize("form", ["file://{}", "file://localhost{}", "file:{}", "as it is"])
def test_any_unzip_path(unzipped: Path, tmp_path: Path, c_host: Path, form: str) -> None:
    folder = Path(shutil.copytree(unzipped, tmp_path / "a b ü + ( ) % # &;'%20"))
    resources = folder / "resources"
    path = resources.as_uri().removeprefix("file://")
    location = f"file://{resources}" if form == "as it is" else form.format(path)
    run = run_host(c_host, folder, ["T_sink_in"], ["P_el"], [[308.0]], location=location)
    assert (run.code, len(run.results)) == (0, 1), run.everything


def test_path_that_is_not_utf8(unzipped: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff\xfe"
    shutil.copytree(os.fsencode(unzipped), folder)
    status = script(
        unzipped,
        f"""
        calls = Calls(folder, location=b"file://" + {folder!r} + b"/resources")
        calls.start()
        print(json.dumps([step(calls), status(calls), calls.log]))
        """,
    )
    assert status == [0, 1, []]


# A host inside its logger, with traps, with two FMUs ----------------------------------------------


def test_instance_freed_inside_its_logger(unzipped: Path) -> None:
    # Memory that is given back is overwritten: a use of it ends the process or gives nonsense.
    statuses, inside, made = script(
        unzipped,
        f"""
        inside = []
        class Freeing(Calls):
            def _keep(self, *arguments):
                super()._keep(*arguments)
                inside.append(self.DoStep(0.0, 60.0, 1))
                self.FreeInstance()
                inside.append(self.GetReal(None, 0, None))
        statuses = []
        for call in (lambda calls: step(calls, T_sink_in={MEANINGLESS}),
                     lambda calls: calls.CancelStep(), lambda calls: calls.Terminate(),
                     lambda calls: calls.DoStep(0.0, -1.0, 1)):
            calls = Freeing(folder)
            calls.start()
            # The second one is with an instance that is none by now.
            statuses.append([call(calls), calls.DoStep(0.0, 60.0, 1)])
        print(json.dumps([statuses, inside, Calls(folder).instance is not None]))
        """,
    )
    assert statuses == [[0, 3], [3, 3], [0, 3], [3, 3]]
    assert inside == [3] * 8
    assert made


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here")
@pytest.mark.parametrize("solver", ["map", "live"])
def test_nan_with_floating_point_traps(unzipped: Path, tmp_path: Path, solver: str) -> None:
    host = compile_host(tmp_path, "traps")
    root = unzipped / "resources"
    done = subprocess.run(
        [
            *(str(host), str(next(unzipped.glob("binaries/linux64/*.so")))),
            *(root.as_uri(), (root / "guid.txt").read_text().strip(), solver),
        ],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Traps of the host are as before: its own division ends it where it asks for that.
    assert done.stdout.splitlines()[-2:] == ["operating_status 1", "trapped"]


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here")
def test_second_fmu_with_its_names_visible_to_all_gets_no_call_of_ours(
    unzipped: Path, tmp_path: Path
) -> None:
    code = "\n".join(
        f"int fmi2{name}(void *c) {{ (void)c; abort(); }}"
        for name in ("FreeFMUstate", "GetFMUstate", "SetFMUstate", "FreeInstance", "DoStep")
    )
    other = tmp_path / "other.c"
    own = [
        f"void {name}(void) {{ abort(); }}"
        for name in ("log_text", "instance_enter", "lock", "text", "heat_pump_step", "is_utf8")
    ]
    other.write_text("#include <stdlib.h>\n" + code + "\n" + "\n".join(own) + "\n")
    command = [str(COMPILER), "-shared", "-fPIC", str(other), "-o", str(tmp_path / "other.so")]
    subprocess.run(command, check=True)
    statuses = script(
        unzipped,
        f"""
        other = ctypes.CDLL({str(tmp_path / "other.so")!r}, mode=ctypes.RTLD_GLOBAL)
        calls = Calls(folder)
        calls.start()
        state = ctypes.c_void_p()
        statuses = [calls.GetFMUstate(ctypes.byref(state)) for _ in range(2)]
        statuses += [step(calls), calls.SetFMUstate(state)]
        statuses += [calls.FreeFMUstate(ctypes.byref(state))]
        calls.FreeInstance()
        print(json.dumps(statuses))
        """,
    )
    assert statuses == [0] * 5


def test_two_versions_of_the_fmu_in_one_process(fmus: dict[str, Path], tmp_path: Path) -> None:
    folders = [
        str(fmpy.extract(str(fmus[name]), unzipdir=str(tmp_path / name)))
        for name in ("mci_lab", "nist_split")
    ]
    powers = script(
        tmp_path,
        f"""
        def power(calls):
            assert step(calls) == OK
            return calls.get("Real", "P_el")[1]
        folders = {folders!r}
        alone = []
        for folder in folders:
            calls = Calls(folder)
            calls.start()
            alone.append(power(calls))
            calls.FreeInstance()
        together = [Calls(folder) for folder in folders]
        for calls in together:
            calls.start()
        print(json.dumps([alone, [power(calls) for calls in together]]))
        """,
    )
    assert powers[0] == powers[1]
    assert powers[0][0] != powers[0][1]


def sanitised(unzipped: Path, sanitizer: str, folder: Path) -> Path:
    """Compile the sources that an FMU carries so that a sanitiser sees them."""
    library = folder / "sanitised.so"
    compile_sources(unzipped / "sources", library, f"-fsanitize={sanitizer}", "-g", *NO_RECOVERY)
    return library


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (gcc or cc) here")
def test_a_month_under_sanitisers_of_addresses_leaks_and_undefined_behaviour(
    unzipped: Path, tmp_path: Path
) -> None:
    library = sanitised(unzipped, "address,undefined", tmp_path)
    host = compile_host(tmp_path, "year", "-DMINUTES=43200", "-fsanitize=address,undefined", "-g")
    guid = (unzipped / "resources" / "guid.txt").read_text().strip()
    done = subprocess.run(
        [str(host), str(library), (unzipped / "resources").as_uri(), guid],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("sanitizer", ["", "thread", "address,undefined"])
def test_threads_with_two_fmus_load_free_and_leave(
    unzipped: Path, tmp_path: Path, sanitizer: str
) -> None:
    if COMPILER is None:
        pytest.skip("no C compiler (gcc or cc) here")
    folders = [unzipped, Path(shutil.copytree(unzipped, tmp_path / "second"))]
    libraries = [next(folder.glob("binaries/linux64/*.so")) for folder in folders]
    if sanitizer:
        first = sanitised(unzipped, sanitizer, tmp_path)
        libraries = [first, Path(shutil.copy(first, tmp_path / "another.so"))]
    flags = [f"-fsanitize={sanitizer}", "-g"] if sanitizer else []
    host = compile_host(tmp_path, "threads", *flags)
    paths = [
        text
        for library, folder in zip(libraries, folders, strict=True)
        for text in (str(library), (folder / "resources").as_uri())
    ]
    guid = (unzipped / "resources" / "guid.txt").read_text().strip()
    done = subprocess.run(
        [str(host), guid, *paths, *paths],
        capture_output=True,
        text=True,
        env=host_environment(ASAN_OPTIONS="detect_leaks=0"),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sanitizer" not in done.stderr, done.stderr


# State -------------------------------------------------------------------------------------------


def test_state_keeps_the_phase_and_refuses_what_is_not_its_own(unzipped: Path) -> None:
    restored, phases, refused, log = script(
        unzipped,
        """
        calls = Calls(folder)
        calls.start()
        step(calls, T_sink_in=310.0)
        power = calls.get("Real", "P_el")[1]
        state, copy, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
        assert calls.GetFMUstate(ctypes.byref(state)) == OK
        assert calls.SerializedFMUstateSize(state, ctypes.byref(size)) == OK
        blob = ctypes.create_string_buffer(size.value)
        assert calls.SerializeFMUstate(state, blob, size.value) == OK
        step(calls, T_sink_in=300.0)
        calls.Terminate()
        phases = [calls.DoStep(0.0, 1.0, 1), calls.SetFMUstate(state), calls.DoStep(0.0, 1.0, 1)]
        restored = [calls.get("Real", "P_el")[1] == power]
        other = Calls(folder)
        refused = [other.SetFMUstate(state)]
        for bad in (blob.raw[:-1], blob.raw[:10], b"", blob.raw[:-1] + b"!"):
            refused.append(other.DeSerializeFMUstate(bad, len(bad), ctypes.byref(copy)))
        foreign = blob.raw[:8] + b"12345678" + blob.raw[16:]
        refused.append(other.DeSerializeFMUstate(foreign, len(foreign), ctypes.byref(copy)))
        refused.append(calls.SerializeFMUstate(state, blob, 8))
        assert copy.value is None
        assert other.DeSerializeFMUstate(blob, size.value, ctypes.byref(copy)) == OK
        assert other.SetFMUstate(copy) == OK
        phases.append(other.DoStep(0.0, 1.0, 1))
        restored.append(other.get("Real", "P_el")[1] == power)
        assert calls.FreeFMUstate(ctypes.byref(state)) == OK
        refused.append(calls.SetFMUstate(copy))
        calls.FreeInstance()
        other.FreeInstance()
        print(json.dumps([restored, phases, refused, [t for s, t in other.log if s == ERROR]]))
        """,
    )
    assert restored == [True, True]
    assert phases == [3, 0, 0, 0]
    assert refused == [3] * 8
    assert "the state is none of this instance" in log[0]
    assert "are cut off" in log[1]
    assert "are cut off" in log[2]
    assert "are no state" in log[3]
    assert "are damaged" in log[4]
    assert "of another machine or build" in log[5]


def test_forged_states_are_refused_whatever_they_hold(unzipped: Path) -> None:
    """Bytes whose sum is right, with values that no state has."""
    refused, log, alive = script(
        unzipped,
        """
        import math, struct
        def sum_of(blob):
            total = 14695981039346656037
            for byte in blob[:24] + blob[32:]:
                total = (total ^ byte) * 1099511628211 % 2**64
            return total
        calls = Calls(folder)
        calls.start()
        step(calls)
        state, size = ctypes.c_void_p(), ctypes.c_size_t()
        calls.GetFMUstate(ctypes.byref(state))
        calls.SerializedFMUstateSize(state, ctypes.byref(size))
        blob = ctypes.create_string_buffer(size.value)
        calls.SerializeFMUstate(state, blob, size.value)
        assert struct.unpack_from("<Q", blob.raw, 24)[0] == sum_of(blob.raw)
        def offer(content):
            content = content[:24] + struct.pack("<Q", sum_of(content)) + content[32:]
            copy = ctypes.c_void_p()
            status = calls.DeSerializeFMUstate(bytes(content), len(content), ctypes.byref(copy))
            if status == OK:
                calls.SetFMUstate(copy)
            return status
        def forged(place, form, value):
            content = bytearray(blob.raw)
            struct.pack_into(form, content, place, value)
            return bytes(content)
        assert offer(blob.raw) == OK
        refused = []
        # Phase, solver, on_failure, status, last step, staleness.
        for k, values in enumerate(((0, 3, 32, 2**63), (2, 2**40), (3,), (5,), (4, 2**32), (2,))):
            refused += [offer(forged(32 + 8 * k, "<Q", value)) for value in values]
        refused += [offer(forged(80, "<d", value)) for value in (math.nan, math.inf)]
        # Length: shorter, longer, and bytes that follow.
        refused += [offer(forged(16, "<Q", value)) for value in (0, size.value - 1, 2**63)]
        refused += [offer(blob.raw + bytes(9)), offer(blob.raw[:100])]
        # Of the core: whole bytes of it, and a result that is no number.
        core = 32 + 8 * (7 + 5 + 5)
        refused.append(offer(blob.raw[:core] + bytes(size.value - core)))
        refused.append(offer(forged(size.value - 8, "<d", math.nan)))
        # An input may be anything, as a host may set it.
        assert offer(forged(88, "<d", math.nan)) == OK
        step(calls)
        alive = [status(calls), calls.Terminate(), calls.Reset()]
        calls.FreeInstance()
        print(json.dumps([refused, len([1 for s, _ in calls.log if s == ERROR]), alive]))
        """,
    )
    assert set(refused) == {3}
    assert log == len(refused)
    assert alive == [4, 0, 0]
