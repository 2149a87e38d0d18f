"""A house, its weather and a heat pump's FMU, for a day or a year.

`python examples/house_and_heat_pump.py out/mci_lab.fmu --days 365 -o out/year.png`

The house asks for heat (`--control heat_flow`, by a thermostat) or for a supply temperature
(`--control supply_temperature`, by a heating curve); the FMU finds the speed, and cycles below the
least one. In each step the heat pump goes first, with the floor's water as it is, and the floor
then receives the heat that the FMU's `E_sink` says was given.
"""

from __future__ import annotations

import argparse
import sys
import time as clock
import zipfile
from array import array
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from house import (
    DAY,
    HOUR,
    ZERO_CELSIUS,
    Array,
    House,
    brine,
    heating_curve,
    thermostat,
    weather,
)
from stepping import FmuError, opened

mpl.use("Agg")
from matplotlib import pyplot as plt

KWH = 3.6e6
# What the house asks for, by the FMU's parameter `control`.
SET_POINTS = {"heat_flow": "Q_flow_sink_set", "supply_temperature": "T_sink_out_set"}
ENERGIES = ("E_el", "E_sink", "E_source", "E_loss", "E_stored", "E_unmet")
OUTPUTS = (*ENERGIES, "starts", "run_time", "T_sink_out")
# A room that is colder than its set-point by more than this is uncomfortable, K.
TOLERATED = 1.0


@dataclass(frozen=True)
class Run:
    """What was recorded, one value a step, at its end.

    Attributes
    ----------
    house : House
        That was heated.
    step_size : float
        s.
    T_outside, T_floor, T_room : array
        Temperatures, K; `T_outside` is that of the middle of the step.
    outputs : dict of str to array
        Outputs of the FMU by name; energies count from the begin.
    seconds : float
        Of the processor, that the steps took.
    """

    house: House
    step_size: float
    T_outside: Array
    T_floor: Array
    T_room: Array
    outputs: dict[str, Array]
    seconds: float

    @property
    def time(self) -> Array:
        """Ends of the steps from the begin, s."""
        return self.step_size * np.arange(1.0, len(self.T_room) + 1.0)

    def mean_flow(self, energy: str) -> Array:
        """Mean of each step of what an energy is the integral of, W."""
        return np.diff(self.outputs[energy], prepend=0.0) / self.step_size


@dataclass(frozen=True)
class KPIs:
    """Key figures of a run.

    Attributes
    ----------
    electric_energy, heat, unmet : float
        kWh.
    seasonal_performance_factor : float
        Heat over electric energy, with standby.
    starts, run_hours : float
        Of the compressor.
    discomfort : float
        K h that the room was colder than its set-point less `TOLERATED`.
    coldest_room, warmest_room : float
        degC; it is not cooled.
    heat_pump_balance, house_balance : float
        What does not close in each, over the heat.
    """

    electric_energy: float
    heat: float
    seasonal_performance_factor: float
    starts: float
    run_hours: float
    unmet: float
    discomfort: float
    coldest_room: float
    warmest_room: float
    heat_pump_balance: float
    house_balance: float

    def as_text(self) -> str:
        """Return one line for each."""
        return (
            f"electric energy   {self.electric_energy:10.1f} kWh\n"
            f"heat              {self.heat:10.1f} kWh\n"
            f"SPF               {self.seasonal_performance_factor:10.2f}\n"
            f"starts            {self.starts:10.0f}\n"
            f"run hours         {self.run_hours:10.1f} h\n"
            f"heat not given    {self.unmet:10.1f} kWh\n"
            f"discomfort        {self.discomfort:10.1f} K h\n"
            f"room              {self.coldest_room:10.1f} to {self.warmest_room:.1f} degC\n"
            f"balances close to {abs(self.heat_pump_balance):10.0e} of the heat (heat pump), "
            f"{abs(self.house_balance):.0e} (house)"
        )


def simulate(
    fmu: Path,
    control: str = "heat_flow",
    days: int = 1,
    step_size: float = 60.0,
    *,
    first_day: int = 0,
    house: House | None = None,
    **parameters: float | str,
) -> Run:
    """Run house and heat pump.

    Parameters
    ----------
    fmu : Path
        The heat pump.
    control : str
        A key of `SET_POINTS`.
    days, first_day : int
        How many, and the first one, counted from New Year.
    step_size : float
        s.
    house : House, optional
        That is heated.
    **parameters : float or str
        Of the FMU; ``dynamics`` is ``dynamic`` if it is not given.
    """
    house = house or House()
    steps = round(days * DAY / step_size)
    middles = first_day * DAY + step_size * (np.arange(steps, dtype=np.float64) + 0.5)
    T_outside = weather(middles)
    set_point = SET_POINTS[control]
    asked = (thermostat if control == "heat_flow" else heating_curve)(house)

    # Plain floats: the house's two states take a microsecond.
    matrix = house.over_a_step(step_size)
    (ff, fr, fq, fo, fg), (rf, rr, rq, ro, rg) = matrix[:2].tolist()
    of_gains_floor, of_gains_room = fg * house.gains, rg * house.gains
    T_room = house.T_set
    T_floor = T_room + house.steady_demand(float(T_outside[0])) / house.UA_floor
    start = {
        "T_source_in": float(brine(middles[:1])[0]),
        "T_sink_in": T_floor,
        "m_flow_source": house.flow_brine,
        "m_flow_sink": house.flow_water,
    }
    inputs = (set_point, "T_source_in", "T_sink_in")
    settings = {"dynamics": "dynamic", "control": control, **parameters}
    rooms, answers = array("d"), bytearray()
    of_E_sink = OUTPUTS.index("E_sink")
    E_before = 0.0
    with opened(fmu, settings, inputs, OUTPUTS, start) as (step, given, answered):
        begin = clock.process_time()
        for i, (outside, source) in enumerate(
            zip(T_outside.tolist(), brine(middles).tolist(), strict=True)
        ):
            given[0] = asked(outside, T_room)
            given[1] = source
            given[2] = T_floor
            step(i * step_size, step_size)
            E_sink = answered[of_E_sink]
            heat = (E_sink - E_before) / step_size
            E_before = E_sink
            T_floor, T_room = (
                ff * T_floor + fr * T_room + fq * heat + fo * outside + of_gains_floor,
                rf * T_floor + rr * T_room + rq * heat + ro * outside + of_gains_room,
            )
            rooms.append(T_floor)
            rooms.append(T_room)
            answers += answered
        seconds = clock.process_time() - begin
    floor, room = np.array(rooms).reshape(steps, 2).T
    outputs = dict(zip(OUTPUTS, np.frombuffer(answers).reshape(steps, -1).T, strict=True))
    return Run(house, step_size, T_outside, floor, room, outputs, seconds)


def kpis(run: Run) -> KPIs:
    """Compute the key figures of a run."""
    house, last = run.house, {name: float(values[-1]) for name, values in run.outputs.items()}
    too_cold = np.maximum(house.T_set - TOLERATED - run.T_room, 0.0)
    of_heat_pump = last["E_el"] + last["E_source"] - last["E_loss"] - last["E_stored"]
    return KPIs(
        electric_energy=last["E_el"] / KWH,
        heat=last["E_sink"] / KWH,
        seasonal_performance_factor=last["E_sink"] / last["E_el"],
        starts=last["starts"],
        run_hours=last["run_time"] / HOUR,
        unmet=last["E_unmet"] / KWH,
        discomfort=float(np.sum(too_cold)) * run.step_size / HOUR,
        coldest_room=float(np.min(run.T_room)) - ZERO_CELSIUS,
        warmest_room=float(np.max(run.T_room)) - ZERO_CELSIUS,
        heat_pump_balance=of_heat_pump / last["E_sink"] - 1.0,
        house_balance=_house_balance(run) / last["E_sink"],
    )


def _house_balance(run: Run) -> float:
    """Heat that came in, less what left and what is stored, J."""
    house, step = run.house, run.step_size
    heat = run.mean_flow("E_sink")
    gains = np.full_like(heat, house.gains)
    floor, room = (np.concatenate([[T[0]], T[:-1]]) for T in (run.T_floor, run.T_room))
    # The state before the first step is not recorded: the balance begins after it.
    known = slice(1, None)
    given = np.array([floor, room, heat, run.T_outside, gains])[:, known]
    mean_room = house.over_a_step(step)[2] @ given
    lost = house.UA_outside * float(np.sum(mean_room - run.T_outside[known])) * step
    came = float(np.sum(heat[known] + gains[known])) * step
    stored = house.C_floor * (run.T_floor[-1] - run.T_floor[0])
    stored += house.C_room * (run.T_room[-1] - run.T_room[0])
    return came - lost - float(stored)


def draw(run: Run, title: str, path: Path) -> None:
    """Draw a run: each step of some days, means of days of more."""
    days = len(run.T_room) * run.step_size / DAY
    per_mean = 1 if days <= 14.0 else round(DAY / run.step_size)

    def shown(values: Array) -> Array:
        kept = len(values) // per_mean * per_mean
        means: Array = values[:kept].reshape(-1, per_mean).mean(axis=1)
        return means

    unit, name = (HOUR, "time in h") if per_mean == 1 else (DAY, "time in days")
    time = shown(run.time) / unit
    figure, axes = plt.subplots(4, 1, figsize=(9.0, 10.0), sharex=True, layout="constrained")
    kind = "" if per_mean == 1 else ", means of days"
    figure.suptitle(title + kind)
    water, rooms, heat, starts = axes
    supply = run.outputs["T_sink_out"]
    for label, of, color in (
        ("supply", supply, "tab:red"),
        ("floor, returns", run.T_floor, "tab:orange"),
        ("outside", run.T_outside, "tab:blue"),
    ):
        water.plot(time, shown(of) - ZERO_CELSIUS, label=label, color=color, linewidth=1.0)
    water.set_ylabel("water, air in °C")
    T_set = run.house.T_set - ZERO_CELSIUS
    rooms.plot(time, shown(run.T_room) - ZERO_CELSIUS, label="room", color="tab:green")
    rooms.axhline(T_set, color="black", linewidth=0.8, linestyle="--", label="set-point")
    rooms.axhline(
        T_set - TOLERATED, color="black", linewidth=0.8, linestyle=":", label="discomfort below"
    )
    rooms.set_ylabel("room in °C")
    for label, energy, color in (
        ("heat to the floor", "E_sink", "tab:red"),
        ("electric power", "E_el", "tab:purple"),
        ("heat not given", "E_unmet", "tab:gray"),
    ):
        flow = shown(run.mean_flow(energy)) / 1e3
        heat.plot(time, flow, label=label, color=color, linewidth=1.0)
    heat.set_ylabel("heat, power in kW")
    starts.plot(time, shown(run.outputs["starts"]), color="tab:brown", label="starts, left")
    starts.set_ylabel("starts so far")
    hours = starts.twinx()
    run_hours = shown(run.outputs["run_time"]) / HOUR
    hours.plot(time, run_hours, color="tab:cyan", label="run hours, right")
    hours.set_ylabel("run hours so far")
    hours.set_ylim(bottom=0.0)
    starts.set_ylim(bottom=0.0)
    starts.set_xlabel(name)
    for axis in axes:
        lines = axis.get_lines() + (hours.get_lines() if axis is starts else [])
        # Above the axes, where it hides no line.
        axis.legend(
            lines,
            [str(line.get_label()) for line in lines],
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=3,
            fontsize="small",
            frameon=False,
            borderaxespad=0.1,
        )
        axis.grid(alpha=0.3)
        axis.margins(x=0.0)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _fmu(text: str) -> Path:
    if not zipfile.is_zipfile(text):
        raise argparse.ArgumentTypeError(f"{text} is no FMU that is there; build one first")
    return Path(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of days, found {text}")
    return int(text)


def _step(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not (size >= 1.0 and (DAY / size).is_integer()):
        raise argparse.ArgumentTypeError(f"expected seconds that divide a day, found {text}")
    return size


def _picture(text: str) -> Path:
    if not text.endswith(".png"):
        raise argparse.ArgumentTypeError(f"expected a name that ends in .png, found {text}")
    return Path(text)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, run, print and draw; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fmu", type=_fmu, help="FMU of the heat pump")
    parser.add_argument("--control", choices=SET_POINTS, default="heat_flow")
    parser.add_argument("--part-load", choices=("cycling", "mean"), default="cycling")
    parser.add_argument("--days", type=_count, default=1, help="how many (default: %(default)s)")
    parser.add_argument("--first-day", type=_count, default=0, help="from New Year")
    parser.add_argument("--step", type=_step, default=60.0, help="in s (default: %(default)s)")
    parser.add_argument("-o", "--output", type=_picture, help="picture to draw, a .png")
    given = parser.parse_args(arguments)
    if not given.days:
        parser.error("argument --days: expected at least one day")
    try:
        run = simulate(
            given.fmu,
            given.control,
            given.days,
            given.step,
            first_day=given.first_day,
            part_load=given.part_load,
        )
    except FmuError as error:
        parser.error(f"{given.fmu}: {error}")
    figures = kpis(run)
    print(figures.as_text())
    print(f"{len(run.T_room)} steps of {given.step:g} s in {run.seconds:.1f} s of the processor")
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        draw(run, f"{given.fmu.stem}, control = {given.control}", given.output)
        print(f"wrote {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
