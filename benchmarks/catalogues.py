"""Calibrate invented catalogues by the commands alone: ``python -m benchmarks.catalogues``.

Each catalogue is of another invented machine: refrigerant, media, size, losses, inputs, rounding,
scatter and misprints are drawn. Some have a fault of a whole column. A run is as expected if
`calibrate` writes a machine, or names the planted fault, and if `build` accepts the machine.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomlkit
from CoolProp.CoolProp import PropsSI

from heatpump_twin.harness.calibration.record import CalibrationRecord, record_path
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.machine_files.machine_file import MachineFile
from heatpump_twin.model.machine import Machine
from heatpump_twin.model.remainder import Deviation, Remainder
from heatpump_twin.solving.quick_cycle import QuickCycle, boundaries_of

from .size import COMMAND

ZERO_CELSIUS = 273.15

# Media with the coldest inlet that leaves them room above freezing, degC.
REFRIGERANTS = ("R410A", "R32", "R134a", "R290", "R407C", "R1234yf", "R454B", "R404A", "R717")
SOURCES = {
    "INCOMP::MEG[0.3]": -5.0,
    "INCOMP::MPG[0.3]": -3.0,
    "INCOMP::MEA[0.25]": -5.0,
    "INCOMP::MMA[0.2]": -4.0,
    "INCOMP::MKC[0.3]": -5.0,
    "INCOMP::Water": 7.0,
    "Air": -15.0,
}
SINKS = ("INCOMP::Water", "INCOMP::Water", "INCOMP::Water", "Air", "INCOMP::MPG[0.2]")

# Faults of a whole column, with what the message has to say.
FAULTS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "heat and power mixed up": (
        lambda t: t.assign(P_el_kW=t.Q_flow_sink_kW, Q_flow_sink_kW=t.P_el_kW),
        "mixed up",
    ),
    "power a thousand times too large": (lambda t: t.assign(P_el_kW=1e3 * t.P_el_kW), "unit"),
    "inlets mixed up": (
        lambda t: t.assign(T_source_in_degC=t.T_sink_in_degC, T_sink_in_degC=t.T_source_in_degC),
        "mixed up|efficiency|freezes|contradict|outside",
    ),
    "sink flow in kg/s": (lambda t: t.assign(m_flow_sink_kg_min=t.m_flow_sink_kg_min / 60), "unit"),
    "power stuck": (lambda t: t.assign(P_el_kW=t.P_el_kW.iloc[0]), "stuck"),
    "power of another table": (
        lambda t: t.assign(P_el_kW=t.P_el_kW.sample(frac=1.0, random_state=1).to_numpy()),
        "contradict|explains",
    ),
    "COP of a dream": (lambda t: t.assign(P_el_kW=0.3 * t.P_el_kW), "efficiency"),
}


# What calibrate says of a record that takes no part, with its reason.
TAKEN_OUT = r"record (\d+) is (?:against the others|not steady|steady at another speed):"


@dataclass
class Catalogue:
    """An invented machine and what is wrong in its table.

    Attributes
    ----------
    words : str
        What was drawn, for the list.
    misprints : tuple of int
        Records with a wrong reading.
    fault : str
        Of a whole column; empty if there is none.
    """

    words: str
    misprints: tuple[int, ...] = ()
    fault: str = ""


@dataclass
class Outcome:
    """What the commands made of a catalogue.

    Attributes
    ----------
    catalogue : Catalogue
        That was drawn.
    is_expected : bool
        Whether it ended as it should.
    seconds : float
        That calibrate took.
    text : str
        Errors of the fit, or the message.
    found : set of int
        Records that took no part, by screening or as outliers.
    """

    catalogue: Catalogue
    is_expected: bool
    seconds: float
    text: str
    found: set[int] = field(default_factory=set)


def write_catalogue(folder: Path, seed: int) -> Catalogue:
    """Draw a machine and write its descriptor, table and start file.

    Parameters
    ----------
    folder : Path
        Not there yet.
    seed : int
        Of everything that is drawn.
    """
    for attempt in range(1000):
        rng = np.random.default_rng([seed, attempt])
        drawn = _draw(rng)
        if drawn is not None:
            break
    else:
        raise RuntimeError(f"no machine for seed {seed}")
    start, table, words = drawn
    misprints: tuple[int, ...] = ()
    fault = ""
    kind = rng.uniform()
    if kind < 0.15:
        fault = str(rng.choice(list(FAULTS)))
        table = FAULTS[fault][0](table)
    elif kind < 0.5 and len(table) >= 20:
        misprints = _misprint(table, rng)
    write_example(folder)
    table.to_csv(folder / "data.csv", index=False)
    (folder / "start.toml").write_text(tomlkit.dumps(start), encoding="utf-8")
    path = folder / "descriptor.toml"
    text = path.read_text(encoding="utf-8")
    if table.compressor_speed.nunique() > 1:
        text = text.replace("[constants.compressor_speed]", "[columns.compressor_speed]")
        text = text.replace("value = 1.0  ", 'quantity = "compressor_speed"  ')
        table_of_limits = text.index("# Limits that")
        text = text[:table_of_limits]
    path.write_text(text, encoding="utf-8")
    return Catalogue(words, misprints, fault)


def take_speeds(folder: Path) -> pd.Series[float]:
    """Take the speeds out of a catalogue: they are then those that give its heat.

    Parameters
    ----------
    folder : Path
        With a catalogue of an inverter machine.

    Returns
    -------
    pandas.Series
        The speeds, by record. The first record at speed 1 says which speed is 1.
    """
    table = pd.read_csv(folder / "data.csv").set_index("point")
    speeds = table.pop("compressor_speed")
    table.to_csv(folder / "data.csv")
    descriptor: Any = tomlkit.parse((folder / "descriptor.toml").read_text(encoding="utf-8"))
    del descriptor["columns"]["compressor_speed"]
    descriptor["design_record"] = int(speeds.index[speeds == 1.0][0])
    descriptor["derived"] = {"compressor_speed": {}}
    (folder / "descriptor.toml").write_text(tomlkit.dumps(descriptor), encoding="utf-8")
    # Speeds are found with errors, so limits at the true ones would leave records out.
    start: Any = tomlkit.parse((folder / "start.toml").read_text(encoding="utf-8"))
    for name, factor in (("compressor_speed_min", 0.8), ("compressor_speed_max", 1.2)):
        start["envelope"][name]["value"] *= factor
    (folder / "start.toml").write_text(tomlkit.dumps(start), encoding="utf-8")
    return speeds


def _draw(rng: np.random.Generator) -> tuple[tomlkit.TOMLDocument, pd.DataFrame, str] | None:
    """A start file, the table of a machine that differs from it, and words; None if impossible."""
    with tempfile.TemporaryDirectory() as folder:
        write_example(Path(folder) / "example")
        path = Path(folder) / "example" / "start.toml"
        start = tomlkit.parse(path.read_text(encoding="utf-8"))
    refrigerant = str(rng.choice(REFRIGERANTS))
    source, sink = str(rng.choice(list(SOURCES))), str(rng.choice(SINKS))
    start["refrigerant"], start["source_medium"], start["sink_medium"] = refrigerant, source, sink
    is_inverter = bool(rng.uniform() < 0.3)
    coldest = SOURCES[source] + rng.uniform(0.0, 5.0)
    T_source = coldest + np.linspace(0.0, rng.uniform(8.0, 25.0), int(rng.integers(2, 6)))
    warmest = rng.uniform(38.0, 55.0)
    T_sink = warmest - np.linspace(rng.uniform(10.0, 30.0), 0.0, int(rng.integers(2, 6)))
    T_source, T_sink = T_source.round(), T_sink.round()
    heat = 10.0 ** rng.uniform(3.4, 5.5)
    flows = []
    for medium in (source, sink):
        cp = 1006.0 if medium == "Air" else 4000.0
        change = rng.uniform(6.0, 12.0) if medium == "Air" else rng.uniform(3.0, 7.0)
        levels = [[1.0], [0.8, 1.0], [0.7, 1.0, 1.3]][int(rng.integers(3))]
        flows.append(heat / (cp * change) * np.array(levels))
    speeds = np.array([0.4, 0.7, 1.0, 1.2]) if is_inverter else np.array([1.0])
    grid = np.stack(
        np.meshgrid(speeds, T_source, T_sink, flows[0], flows[1], indexing="ij"), axis=-1
    ).reshape(-1, 5)
    most = int(rng.integers(8, 200))
    if len(grid) > most:
        grid = grid[np.sort(rng.permutation(len(grid))[:most])]
    if len(grid) < 8:
        return None
    truth = _truth(start, rng, heat, T_source, T_sink, flows)
    if truth is None:
        return None
    inputs = grid + np.array([0.0, ZERO_CELSIUS, ZERO_CELSIUS, 0.0, 0.0])
    solved = QuickCycle(truth).solve_all(boundaries_of(inputs))
    if not solved.are_solved.all():
        return None
    P_el, Q = solved.column("P_el"), solved.column("Q_flow_sink")
    COP = Q / P_el
    if not ((COP > 1.5) & (COP < 12.0)).all() or solved.column("p_low").min() < 0.6e5:
        return None
    scatter = float(rng.choice([0.0, 0.003, 0.01]))
    digits = int(rng.integers(3, 5))
    table = pd.DataFrame(
        {
            "point": np.arange(1, len(grid) + 1),
            "compressor_speed": grid[:, 0],
            "T_source_in_degC": grid[:, 1],
            "T_sink_in_degC": grid[:, 2],
            "m_flow_source_kg_min": (60.0 * grid[:, 3]),
            "m_flow_sink_kg_min": (60.0 * grid[:, 4]),
            "P_el_kW": _rounded(P_el / 1e3 * rng.normal(1.0, scatter, len(grid)), digits),
            "Q_flow_sink_kW": _rounded(Q / 1e3 * rng.normal(1.0, scatter, len(grid)), digits),
        }
    )
    _write_envelope(start, table, rng)
    words = (
        f"{refrigerant}, {source} to {sink}, {heat / 1e3:.0f} kW, {len(grid)} rows, "
        f"{'inverter' if is_inverter else 'on/off'}, scatter {100 * scatter:g} %"
    )
    return start, table, words


def _rounded(values: np.ndarray[Any, Any], digits: int) -> list[float]:
    return [float(f"{v:.{digits}g}") for v in values]


def _truth(
    start: tomlkit.TOMLDocument,
    rng: np.random.Generator,
    heat: float,
    T_source: np.ndarray[Any, Any],
    T_sink: np.ndarray[Any, Any],
    flows: list[np.ndarray[Any, Any]],
) -> Machine | None:
    """A machine that has other numbers, and deviations that no number of the start file has."""
    document = tomlkit.parse(tomlkit.dumps(start)).unwrap()
    for section in ("compressor", "condenser", "evaporator", "expansion_valve"):
        for name, entry in document[section].items():
            if name == "T_evaporating_max" and rng.uniform() < 0.7:
                continue
            if name == "T_evaporating_max":
                entry["value"] = float(T_source.max() - rng.uniform(4.0, 10.0))
            elif entry.get("uncertainty"):
                entry["value"] = max(
                    entry["value"] + float(rng.normal(0.0, 0.8 * entry["uncertainty"])), 0.0
                )
    for side, of_side in zip(("source", "sink"), flows, strict=True):
        document["envelope"][f"m_flow_{side}_min"]["value"] = 50.0 * float(of_side.min())
        document["envelope"][f"m_flow_{side}_max"]["value"] = 70.0 * float(of_side.max())
    document["compressor"]["built_in_pressure_ratio"]["value"] = float(rng.uniform(2.2, 4.0))
    T1, T2 = float(np.median(T_source)), float(np.median(T_sink))
    approach = rng.uniform(5.0, 9.0, 2)
    if "Air" in document["source_medium"]:
        approach[0] += 6.0
    if "Air" in document["sink_medium"]:
        approach[1] += 8.0
    m1, m2 = (float(np.median(f)) for f in flows)
    # Condensing has to lie above the sink's outlet.
    cp = 1006.0 if "Air" in document["sink_medium"] else 4000.0
    approach[1] += 0.6 * heat / (m2 * cp)
    cp = 1006.0 if "Air" in document["source_medium"] else 4000.0
    approach[0] += 0.6 * heat / (m1 * cp)
    fluid = document["refrigerant"]
    try:
        p_low = PropsSI("P", "T", T1 - approach[0] + ZERO_CELSIUS, "Q", 1, fluid)
        p_high = PropsSI("P", "T", T2 + approach[1] + ZERO_CELSIUS, "Q", 0, fluid)
        T_s = T1 - approach[0] + ZERO_CELSIUS + 5.0
        h1, s1 = (PropsSI(x, "P", p_low, "T", T_s, fluid) for x in ("H", "S"))
        h2 = PropsSI("H", "P", p_high, "S", s1, fluid)
        h3 = PropsSI("H", "P", p_high, "T", T2 + approach[1] + ZERO_CELSIUS - 3.0, fluid)
    except ValueError:
        return None
    work = (h2 - h1) / rng.uniform(0.5, 0.7)
    P_el = heat * work / (h1 + 0.95 * work - h3)

    def stated(value: float, unit: str) -> dict[str, Any]:
        return {"value": float(value), "unit": unit, "source": "estimate"}

    document["design_point"] = {
        "T_source_in": stated(T1, "degC"),
        "T_sink_in": stated(T2, "degC"),
        "m_flow_source": stated(m1, "kg/s"),
        "m_flow_sink": stated(m2, "kg/s"),
        "p_low": stated(p_low, "Pa"),
        "p_high": stated(p_high, "Pa"),
        "Q_flow_sink": stated(heat, "W"),
        "P_el": stated(P_el, "W"),
    }
    try:
        machine = MachineFile.model_validate(document).to_machine()
    except ValueError:
        return None
    points = tuple(tuple(map(float, p)) for p in rng.normal((1.0, 0.0, 0.0), 0.7, (3, 3)))
    deviation = Deviation(points, tuple(map(float, rng.normal(0.0, 0.05, 3))))
    return replace(machine, remainder=Remainder(efficiency=deviation))


def _write_envelope(
    start: tomlkit.TOMLDocument, table: pd.DataFrame, rng: np.random.Generator
) -> None:
    """Limits as a user writes them: the table's with a margin, pressures of his refrigerant."""
    envelope: Any = start["envelope"]

    def put(name: str, value: float) -> None:
        envelope[name]["value"] = float(f"{value:.6g}")

    put("compressor_speed_min", table.compressor_speed.min() * 0.95)
    put("compressor_speed_max", table.compressor_speed.max() * 1.05)
    for side in ("source", "sink"):
        T, flow = table[f"T_{side}_in_degC"], table[f"m_flow_{side}_kg_min"]
        put(f"T_{side}_in_min", T.min() - rng.uniform(0.0, 3.0))
        put(f"T_{side}_in_max", T.max() + rng.uniform(0.0, 5.0))
        put(f"m_flow_{side}_min", flow.min() * rng.uniform(0.8, 0.98))
        put(f"m_flow_{side}_max", flow.max() * rng.uniform(1.02, 1.25))
    fluid = str(start["refrigerant"])
    T_low = table.T_source_in_degC.min() - rng.uniform(18.0, 25.0) + ZERO_CELSIUS
    put("p_low_min", PropsSI("P", "T", T_low, "Q", 1, fluid) / 1e5)
    put("p_high_max", min(45.0, 0.9 * PropsSI("Pcrit", fluid) / 1e5))


def _misprint(table: pd.DataFrame, rng: np.random.Generator) -> tuple[int, ...]:
    """Change some readings as people do; return the records."""
    count = max(1, round(len(table) * rng.uniform(0.01, 0.06)))
    rows = np.sort(rng.permutation(len(table))[:count])
    for i in rows:
        column = str(rng.choice(["P_el_kW", "Q_flow_sink_kW"]))
        table.loc[i, column] = float(
            f"{table.loc[i, column] * rng.choice([0.6, 0.7, 1.4, 1.5, 10.0, 0.1]):.4g}"
        )
    return tuple(int(table.point.iloc[i]) for i in rows)


def run(folder: Path, seed: int, is_built: bool, has_speeds: bool = True) -> Outcome:
    """Calibrate, and build, one catalogue; say whether that ended as it should."""
    catalogue = write_catalogue(folder, seed)
    speeds = None
    if not has_speeds and "inverter" in catalogue.words:
        speeds = take_speeds(folder)
    began = time.monotonic()
    machine_file = folder / "machine.toml"
    done = _command("calibrate", str(folder), "-o", str(machine_file))
    seconds = time.monotonic() - began
    text = re.sub(r"\s+", " ", done.stdout + done.stderr)
    if catalogue.fault:
        said = FAULTS[catalogue.fault][1]
        expected = done.returncode in (1, 2) and re.search(said, text) is not None
        return Outcome(catalogue, expected, seconds, f"exit {done.returncode}: {text[-400:]}")
    # Screening takes a record out before the fit, by its own readings.
    found = {int(n) for n in re.findall(TAKEN_OUT, text)}
    if done.returncode != 0 or "Traceback" in text:
        return Outcome(catalogue, False, seconds, f"exit {done.returncode}: {text[-600:]}", found)
    errors = re.findall(r"(P_el|Q_flow_sink)((?: +[\d.]+ %){3})", done.stdout)
    words = "; ".join(f"{q}{numbers}" for q, numbers in errors)
    if speeds is not None:
        record = CalibrationRecord.load(record_path(machine_file))
        ratio = record.fit_answers["compressor_speed"] / speeds
        words += f"; speeds found over true ones {ratio.mean():.3f} +- {ratio.std():.3f}"
    if is_built:
        built = _command("build", str(machine_file), "-o", str(folder / "m.fmu"))
        if built.returncode != 0:
            text = re.sub(r"\s+", " ", built.stdout + built.stderr)
            return Outcome(catalogue, False, seconds, f"build: {text[-600:]}", found)
        words += "; built"
    return Outcome(catalogue, True, seconds, words, found)


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        check=False,
    )


def main() -> None:
    """Run as many catalogues as wanted and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first catalogue")
    parser.add_argument("--builds", type=int, default=200, help="build the first so many")
    parser.add_argument("--unknown-speeds", action="store_true", help="of inverter machines")
    parser.add_argument("--folder", type=Path, help="keep the catalogues there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        failed = missed = accused = planted = 0
        slowest = 0.0
        for k in range(options.count):
            seed = options.first + k
            has_speeds = not options.unknown_speeds
            outcome = run(folder / str(seed), seed, k < options.builds, has_speeds)
            wrong = set(outcome.catalogue.misprints)
            if not outcome.catalogue.fault:
                planted += len(wrong)
                missed += len(wrong - outcome.found)
                accused += len(outcome.found - wrong)
            failed += not outcome.is_expected
            slowest = max(slowest, outcome.seconds)
            print(
                f"{'ok    ' if outcome.is_expected else 'FAILED'} {seed}: "
                f"{outcome.catalogue.words}; {outcome.catalogue.fault or 'no fault'}; misprints "
                f"{len(wrong)}, missed {sorted(wrong - outcome.found)}, accused "
                f"{sorted(outcome.found - wrong)}; {outcome.seconds:.0f} s; {outcome.text}",
                flush=True,
            )
        print(
            f"{options.count} catalogues: {failed} not as expected; {planted} misprints, {missed} "
            f"missed, {accused} good rows accused; calibrate took {slowest:.0f} s at most"
        )
        if failed:
            sys.exit(1)


if __name__ == "__main__":
    main()
