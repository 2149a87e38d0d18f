import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from pythonfmu.builder import FmuBuilder

from heatpump_twin.harness.data.datasets import Dataset
from heatpump_twin.harness.data.screening import screen
from heatpump_twin.harness.errors import CosimulationError
from heatpump_twin.harness.scoring.scores import boundaries, score
from heatpump_twin.harness.stepping.replay import inspect_fmu, replay
from heatpump_twin.model.errors import InputError
from heatpump_twin.solving.cycle import HeatPumpCycle

SLAVES = ROOT / "tests" / "fmus"


@pytest.fixture(scope="module")
def broken_fmus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    sys.path.insert(0, str(SLAVES))
    try:
        FmuBuilder.build_FMU(SLAVES / "early_stop.py", folder)
        FmuBuilder.build_FMU(
            SLAVES / "status_three.py", folder, project_files=[SLAVES / "early_stop.py"]
        )
        FmuBuilder.build_FMU(
            SLAVES / "hanging.py", folder, project_files=[SLAVES / "early_stop.py"]
        )
    finally:
        sys.path.remove(str(SLAVES))
    return folder


def test_file_that_is_no_fmu(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.fmu: no such file"):
        inspect_fmu(tmp_path / "x.fmu")
    (tmp_path / "x.fmu").write_text("not a zip")
    with pytest.raises(InputError, match=r"x\.fmu: not a zip file"):
        inspect_fmu(tmp_path / "x.fmu")
    with zipfile.ZipFile(tmp_path / "empty.fmu", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(InputError, match=r"empty\.fmu: .*modelDescription\.xml"):
        inspect_fmu(tmp_path / "empty.fmu")


def test_fmu_without_a_binary_for_this_platform(fmu: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "other_platform.fmu"
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(stripped, "w") as new:
        for name in old.namelist():
            if not name.startswith("binaries/") or name.startswith("binaries/win64"):
                new.writestr(name, old.read(name))
    if "win" in sys.platform:
        pytest.skip("on Windows the FMU keeps its binary")
    with pytest.raises(InputError, match=r"other_platform\.fmu: no binary .*it has: c-code, win64"):
        inspect_fmu(stripped)


def test_fmu_that_stops_early_is_noticed(broken_fmus: Path, dataset: Dataset) -> None:
    info = inspect_fmu(broken_fmus / "EarlyStop.fmu")
    with pytest.raises(
        CosimulationError,
        match="after 4 of 17 records, before record 5: fmi2DoStep",
    ):
        replay(info, boundaries(dataset))


def test_fmu_that_ends_its_process_is_survived(broken_fmus: Path, dataset: Dataset) -> None:
    info = inspect_fmu(broken_fmus / "StatusThree.fmu")
    deadly = boundaries(dataset).assign(compressor_speed=2.0)
    with pytest.raises(CosimulationError, match="its process ended with code 7"):
        replay(info, deadly)


def test_fmu_that_hangs_is_ended_and_the_record_is_named(
    broken_fmus: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heatpump_twin.harness.stepping.replay.TIMEOUT_OF_RECORD", 2.0)
    info = inspect_fmu(broken_fmus / "Hanging.fmu")
    told: list[tuple[str, int, int]] = []
    with pytest.raises(CosimulationError, match="no answer to record 3 after 2 s"):
        replay(info, boundaries(dataset), progress=lambda *progress: told.append(progress))
    assert told[-1] == ("stepping the FMU", 2, 17)


def test_held_result_fails_the_run_and_names_the_record(
    broken_fmus: Path, dataset: Dataset, cycle: HeatPumpCycle
) -> None:
    info = inspect_fmu(broken_fmus / "StatusThree.fmu")
    result = replay(info, boundaries(dataset))
    scores = score(dataset, screen(dataset, cycle.machine), info, result, None, "not known", None)
    assert list(scores.unanswered_records) == [3]
    assert not scores.passed


def test_rows_are_aligned_with_the_steps_they_drive(fmu: Path, dataset: Dataset) -> None:
    frame = boundaries(dataset)
    info = inspect_fmu(fmu)
    straight = replay(info, frame).outputs
    reversed_order = replay(info, frame[::-1]).outputs
    for record in frame.index:
        assert reversed_order.loc[record, "P_el"] == pytest.approx(straight.loc[record, "P_el"])
