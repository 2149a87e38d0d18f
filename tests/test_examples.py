"""The examples run and what they say is physics; what docs/control.md says is true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

sys.path.insert(0, str(ROOT / "examples"))

from house import DAY, YEAR, ZERO_CELSIUS, House, brine, weather
from house_and_heat_pump import Run, kpis, main, simulate

from heatpump_twin.harness.stepping.session import Session

PAGE = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
# Others are run by test_docs.py.
PROGRAM = "python examples/house_and_heat_pump.py"
COMMANDS = [line for line in PAGE.splitlines() if line.startswith(PROGRAM)]
(OF_A_YEAR,) = [command for command in COMMANDS if "--days 365" in command]
# A month with demands above and below the least speed.
SPRING = {"days": 30, "first_day": 110}


@pytest.fixture(scope="module")
def workplace(fmu: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("control")
    (folder / "out").mkdir()
    shutil.copy(fmu, folder / "out" / "mci_lab.fmu")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


@pytest.fixture(scope="module")
def said(workplace: Path) -> dict[str, str]:
    """What each command of the page prints."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return {
        command: subprocess.run(
            command,
            cwd=workplace,
            env=environment,
            shell=True,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in COMMANDS
    }


def figure(name: str, text: str) -> float:
    found = re.search(rf"^{name} +([0-9.e-]+)", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def test_commands_of_the_page_draw(said: dict[str, str], workplace: Path) -> None:
    assert len(said) == 3
    for name in ("day", "year"):
        with Image.open(workplace / "out" / f"{name}.png") as picture:
            assert min(picture.size) > 800
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 8


def test_a_year_is_as_the_page_says(said: dict[str, str]) -> None:
    text = said[OF_A_YEAR]
    for name, row in (
        ("electric energy", "electric energy, kWh"),
        ("heat", "heat, kWh"),
        ("SPF", "SPF"),
        ("starts", "starts"),
        ("run hours", "run hours"),
    ):
        # Of the first table; those that follow are of steps of 300 s.
        written, *_ = re.findall(rf"^\| {row} \| ([0-9.]+) \|", PAGE, re.MULTILINE)
        # Sums of many steps differ a little from one processor to another.
        assert figure(name, text) == pytest.approx(float(written), rel=2e-3), name


def test_a_year_is_physics(said: dict[str, str]) -> None:
    text = said[OF_A_YEAR]
    house, time = House(), np.arange(0.0, YEAR, 3600.0)
    # Of heat that goes in and out of a room at its set-point; the summer is warmer than that.
    lost = np.maximum(house.UA_outside * (house.T_set - weather(time)) - house.gains, 0.0)
    assert figure("heat", text) == pytest.approx(np.sum(lost) / 1e3, rel=0.05)
    # Carnot between the warmest floor and the coldest brine, and half of it.
    warm, cold = ZERO_CELSIUS + 35.0, float(np.min(brine(time)))
    assert 3.0 < figure("SPF", text) < warm / (warm - cold)
    assert 1000 < figure("starts", text) < 3 * figure("run hours", text)
    assert 4000 < figure("run hours", text) < 8760
    assert figure("discomfort", text) == 0.0
    assert figure("heat not given", text) < 1e-3 * figure("heat", text)
    assert figure("balances close to", text) < 1e-9
    # 5.6 s on a processor for itself; others may compute here.
    (seconds,) = re.findall(r"525600 steps of 60 s in ([0-9.]+) s", text)
    assert float(seconds) < 20.0


@pytest.mark.parametrize("control", ["heat_flow", "supply_temperature"])
def test_a_day_keeps_its_balances_and_the_room_warm(fmu: Path, control: str) -> None:
    run = simulate(fmu, control, first_day=110)
    figures = kpis(run)
    assert abs(figures.heat_pump_balance) < 1e-9
    assert abs(figures.house_balance) < 1e-9
    assert 20.0 < figures.coldest_room < figures.warmest_room < 22.0
    assert (figures.discomfort, figures.unmet) == (0.0, 0.0)
    assert 2 <= figures.starts <= 24 * 3
    assert 6.0 < figures.seasonal_performance_factor < 12.0
    assert figures.run_hours < 24.0


def test_house_that_is_too_large_is_cold_by_what_is_not_given(fmu: Path) -> None:
    run = simulate(fmu, days=7, house=House(UA_outside=320.0))
    figures = kpis(run)
    assert figures.discomfort > 10.0
    assert figures.unmet > 0.1 * figures.heat
    assert figures.starts == 1
    # A demand is met or said not to be.
    house = run.house
    before = np.concatenate([[house.T_set], run.T_room[:-1]])
    asked = house.UA_outside * (house.T_set - run.T_outside) - house.gains
    asked += 500.0 * (house.T_set - before)
    given = run.mean_flow("E_sink") + run.mean_flow("E_unmet")
    settled = slice(10, None)
    assert given[settled] == pytest.approx(asked[settled], rel=1e-3)


def test_heat_of_a_thermostat_follows_the_house_exactly(fmu: Path) -> None:
    """The matrix of the house against small steps of Euler's method."""
    run = simulate(fmu, first_day=110)
    house, parts = run.house, 600
    floor, room = float(run.T_floor[99]), float(run.T_room[99])
    heat, outside = float(run.mean_flow("E_sink")[100]), float(run.T_outside[100])
    for _ in range(parts):
        through = house.UA_floor * (floor - room)
        floor += (heat - through) / house.C_floor * run.step_size / parts
        room += (
            (through - house.UA_outside * (room - outside) + house.gains)
            / house.C_room
            * (run.step_size / parts)
        )
    assert run.T_floor[100] == pytest.approx(floor, abs=1e-6)
    assert run.T_room[100] == pytest.approx(room, abs=1e-6)


def energy_per_heat(run: Run) -> float:
    return float(run.outputs["E_el"][-1] / run.outputs["E_sink"][-1])


def test_minutes_that_cycle_and_means_of_15_minutes_agree(fmu: Path) -> None:
    """They state the same losses: none, or standby; and what Cc of 0.9 states beyond that."""
    free = {"standby_power": 0.0}
    cycling = energy_per_heat(simulate(fmu, **SPRING, **free))
    mean = {"step_size": 900.0, "part_load": "mean"}
    means = energy_per_heat(simulate(fmu, **SPRING, **mean, **free, cycling_degradation=1.0))
    assert means == pytest.approx(cycling, rel=1e-3)
    cycling = energy_per_heat(simulate(fmu, **SPRING))
    inlets = {"T_source_in": ZERO_CELSIUS + 6.0, "T_sink_in": ZERO_CELSIUS + 22.5}
    with Session(fmu, start_values={"compressor_speed": 0.3, **inlets}) as session:
        session.advance(60.0)
        same = 1.0 - 10.0 / session.get()["P_el"]  # standby over power at the least speed
    assert same == pytest.approx(0.94, abs=0.01)
    means = energy_per_heat(simulate(fmu, **SPRING, **mean, cycling_degradation=same))
    assert means == pytest.approx(cycling, rel=0.005)
    usual = energy_per_heat(simulate(fmu, **SPRING, **mean))
    assert 0.0 < usual / cycling - 1.0 < 0.029


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.fmu"], "nothing.fmu is no FMU that is there"),
        (["{fmu}", "--days", "0"], "expected at least one day"),
        (["{fmu}", "--days", "-1"], "--days"),
        (["{fmu}", "--step", "0"], "expected seconds that divide a day, found 0"),
        (["{fmu}", "--step", "nan"], "expected seconds that divide a day, found nan"),
        (["{fmu}", "-o", "year.pdf"], "expected a name that ends in .png"),
        (["{other}"], "it lacks E_el, E_loss"),
    ],
)
def test_what_cannot_be_run_is_said(
    fmu: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    other = tmp_path / "other.fmu"
    with zipfile.ZipFile(fmu) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            if name == "modelDescription.xml":
                new.writestr(name, old.read(name).replace(b'"E_', b'"other_E_'))
    with pytest.raises(SystemExit) as ended:
        main([argument.format(fmu=fmu, other=other) for argument in arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_weather_is_what_its_formula_says() -> None:
    T = weather(np.arange(0.0, YEAR, 600.0)) - ZERO_CELSIUS
    assert np.mean(T) == pytest.approx(9.5, abs=0.1)
    assert -9.5 <= T.min() < -7.0
    assert 26.0 < T.max() <= 28.5
    # Hourly values on a day: warmest at 15 h.
    day = T[: round(DAY / 600.0)]
    assert 13.0 < np.argmax(day) / 6.0 < 16.0
