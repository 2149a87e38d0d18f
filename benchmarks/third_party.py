"""Accuracy on tables of others: ``HEATPUMP_TWIN_DATA=folder python -m benchmarks.third_party``.

The files are not ours to ship; the folder has to hold them. Errors are mean absolute ones of rows
that no fit has seen, in per cent.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import CoolProp
import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from heatpump_twin.harness.calibration.calibrating import FittedMachine, fit_machine
from heatpump_twin.harness.calibration.learning import PRIOR_SD_OF_INVERTERS, Basis, basis_at
from heatpump_twin.harness.data.datasets import load_dataset
from heatpump_twin.harness.data.new_dataset import write_example
from heatpump_twin.machine_files.machine_file import read_machine
from heatpump_twin.model.kernels import compressor_place
from heatpump_twin.model.relations import Relations
from heatpump_twin.solving.media import Media, abstract_state
from heatpump_twin.solving.sizing import size_components

DATA_VARIABLE = "HEATPUMP_TWIN_DATA"
SHEET, CATALOGUE = "danfoss_vzh088ag_compressor.csv", "waterfurnace_nsw025_heating.csv"

Array = np.ndarray[Any, Any]

# The sheet's row that its source names as a misprint, and rows too near the critical point.
MISPRINT, T_CONDENSING_MAX = (25, 288, 333), 342.0
RATED = 60.0  # turns a second
SUPERHEAT = 10.0  # K, usual for such sheets

# Starts and standard uncertainties of the compressor's parameters: those of the start file that
# `init` writes, and for those that it does not let move the ones of the shipped start files.
PRIORS = {
    "leakage_coefficient": (0.0474, 0.02),
    "leakage_speed_share": (0.5, 0.3),
    "built_in_pressure_ratio": (3.0, 0.5),
    "built_in_loss_share": (0.75, 0.25),
    "friction_ratio": (0.15, 0.1),
    "friction_speed_share": (0.5, 0.2),
}
# Standard uncertainty of the sheet's figures; they are rounded to 10 W.
SIGMA = 0.005


@dataclass(frozen=True)
class Sheet:
    """A compressor's sheet, with the states that it implies; arrays of shape (rows,)."""

    speed: Array
    ratio: Array
    density: Array
    rise: Array
    power: Array
    m_flow: Array

    def part(self, rows: Array) -> Sheet:
        """Return some of the rows."""
        return Sheet(*(values[rows] for values in vars(self).values()))


def read_sheet(path: Path) -> Sheet:
    """Read the sheet and form flow from heat, power and the cycle's states."""
    table = pd.read_csv(path)
    misprint = (table.n_rps, table.T_evaporating_K, table.T_condensing_K)
    table = table[
        ~np.logical_and.reduce([a == b for a, b in zip(misprint, MISPRINT, strict=True)])
        & (table.T_condensing_K < T_CONDENSING_MAX)
    ]
    state = abstract_state("R410A")
    rows = []
    for row in table.itertuples():
        state.update(CoolProp.QT_INPUTS, 1.0, row.T_evaporating_K)
        p_low = state.p()
        state.update(CoolProp.PT_INPUTS, p_low, row.T_evaporating_K + SUPERHEAT)
        h, s, density = state.hmass(), state.smass(), state.rhomass()
        state.update(CoolProp.QT_INPUTS, 0.0, row.T_condensing_K)
        p_high, h_liquid = state.p(), state.hmass()
        state.update(CoolProp.PSmass_INPUTS, p_high, s)
        # A sheet's heat of the condenser is cooling capacity plus power.
        m_flow = (row.Q_condenser_W - row.P_W) / (h - h_liquid)
        rows.append(
            (row.n_rps / RATED, p_high / p_low, density, state.hmass() - h, row.P_W, m_flow)
        )
    return Sheet(*np.array(rows).T)


def predict_sheet(fitted: Sheet, asked: Sheet, is_learned: bool) -> tuple[Array, Array]:
    """Fit the compressor's relations to some rows; relative errors of power and flow at others."""
    machine = read_machine("mci_lab")
    sizes = size_components(machine, Media(machine))
    basis: Basis | None = None
    if is_learned:
        places = np.stack(
            compressor_place(fitted.ratio, fitted.density / sizes.suction_density, fitted.speed), 1
        )
        of_both = dict.fromkeys(("efficiency", "volumetric"), places)
        basis = basis_at(of_both, PRIOR_SD_OF_INVERTERS)
    weights = basis.parameters if basis else ()
    names = list(PRIORS)
    start = np.array([value for value, _ in PRIORS.values()])
    sd = np.array([u for _, u in PRIORS.values()])

    def answers(x: Array, rows: Sheet) -> tuple[Array, Array]:
        own = dict(zip(names, x[2 : 2 + len(names)], strict=True))
        own["suction_density_exponent"] = 0.0  # as the start file of `init`
        changed = replace(machine, compressor=replace(machine.compressor, **own))
        if basis:
            values = {p.place: w for p, w in zip(weights, x[2 + len(names) :], strict=True)}
            changed = replace(changed, remainder=basis.remainder(values))
        sized = replace(
            sizes,
            swept_volume_flow=sizes.swept_volume_flow * np.exp(x[0]),
            drive_efficiency=sizes.drive_efficiency * np.exp(x[1]),
        )
        relations = Relations(changed, sized)
        m_flow = relations.delivered_flow(rows.ratio, rows.density, rows.speed)
        efficiency = relations.isentropic_efficiency(rows.ratio, rows.density, rows.speed)
        return m_flow * rows.rise / efficiency, m_flow

    def residuals(x: Array) -> Array:
        power, m_flow = answers(x, fitted)
        return np.concatenate(
            [
                (power / fitted.power - 1.0) / SIGMA,
                (m_flow / fitted.m_flow - 1.0) / SIGMA,
                (x[2 : 2 + len(names)] - start) / sd,
                x[2 + len(names) :],
            ]
        )

    first = np.concatenate([[np.log(5.0), 0.0], start, np.zeros(len(weights))])
    lower = np.concatenate([[-9.0, -2.0], np.maximum(start - 8 * sd, 0.0), [-20.0] * len(weights)])
    lower[2 + names.index("built_in_pressure_ratio")] = 1.3
    upper = np.concatenate([[9.0, 2.0], start + 8 * sd, [20.0] * len(weights)])
    for share in ("leakage_speed_share", "friction_speed_share"):
        upper[2 + names.index(share)] = 1.0
    x = least_squares(residuals, first, bounds=(lower, upper), x_scale="jac").x
    power, m_flow = answers(x, asked)
    return power / asked.power - 1.0, m_flow / asked.m_flow - 1.0


def judge_sheet(path: Path) -> Iterator[str]:
    """Yield a line for each split of the compressor's sheet."""
    sheet = read_sheet(path)
    count, rated = len(sheet.speed), np.isclose(sheet.speed, 1.0)
    splits: dict[str, Array] = {"60 predicts 25 and 100": rated, "25 and 100 predict 60": ~rated}
    for seed in range(3):
        third = np.zeros(count, bool)
        third[np.random.default_rng(seed).permutation(count)[: count // 3]] = True
        splits[f"a third ({seed}) predicts the rest"] = third
    for name, rows in splits.items():
        for is_learned in (False, True):
            power, m_flow = predict_sheet(sheet.part(rows), sheet.part(~rows), is_learned)
            yield (
                f"{path.stem}: {name}, {'learned' if is_learned else 'relations alone'}: "
                f"power {100 * np.abs(power).mean():.2f}, flow {100 * np.abs(m_flow).mean():.2f}"
            )


# The catalogue ---------------------------------------------------------------------------------

COLUMNS = {
    "EWT_source_F": ("T_source_in", "degF", "uncertainty = 0.1"),
    "EWT_load_F": ("T_sink_in", "degF", "uncertainty = 0.1"),
    "gpm_source": ("m_flow_source", "gallon/min", "density = 1000\nrelative_uncertainty = 0.01"),
    "gpm_load": ("m_flow_sink", "gallon/min", "density = 1000\nrelative_uncertainty = 0.01"),
    "P_kW": ("P_el", "kW", "relative_uncertainty = 0.01"),
    "HC_kBtuh": ("Q_flow_sink", "kBtu/h", "relative_uncertainty = 0.01"),
}


def write_catalogue(folder: Path, table: pd.DataFrame) -> None:
    """Write a data set folder of some rows, in the catalogue's own units."""
    write_example(folder)
    table.to_csv(folder / "data.csv", index=False)
    columns = "".join(
        f'[columns.{header}]\nquantity = "{quantity}"\nunit = "{unit}"\n{more}\n'
        for header, (quantity, unit, more) in COLUMNS.items()
    )
    (folder / "descriptor.toml").write_text(
        'name = "catalogue"\ntitle = "A catalogue"\nmachine = "machine.toml"\n'
        'start = "start.toml"\ntable = "data.csv"\nrecord = "point"\nsource = "catalogue"\n'
        f'licence = "not ours"\n{columns}'
        '[constants.compressor_speed]\nvalue = 1.0\nunit = "1"\nuncertainty = 0.01\n',
        encoding="utf-8",
    )
    path = folder / "start.toml"
    text = path.read_text(encoding="utf-8").replace("INCOMP::MEG[0.3]", "INCOMP::MMA[0.2]")
    lines = []
    # As wide as the catalogue, with a margin.
    limits = {
        "T_source_in_min": -6,
        "T_source_in_max": 34,
        "T_sink_in_min": 14,
        "T_sink_in_max": 50,
        "m_flow_source_min": 13,
        "m_flow_source_max": 29,
        "m_flow_sink_min": 13,
        "m_flow_sink_max": 29,
    }
    for line in text.splitlines():
        key = line.split(" = ")[0]
        if key in limits:
            before, _, after = line.partition("value = ")
            line = f"{before}value = {limits[key]}{after[after.index(',') :]}"
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def repeated_rows(table: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are misprints, as the source of the catalogue names them."""
    return (table.EWT_source_F == 90) & table.EWT_load_F.isin([100, 120])


def judge_catalogue(path: Path) -> Iterator[str]:
    """Yield a line for each split of the catalogue, and one for its misprints."""
    table = pd.read_csv(path)
    wrong = repeated_rows(table)
    good = table[~wrong].reset_index(drop=True)
    lift = good.EWT_load_F - good.EWT_source_F
    splits = {
        f"a third ({seed}) predicts the rest": np.sort(
            np.random.default_rng(seed).permutation(len(good))[:54]
        )
        for seed in range(3)
    }
    splits["the half of least lift predicts the other"] = np.sort(
        lift.sort_values(kind="stable").index[: len(good) // 2]
    )
    with tempfile.TemporaryDirectory() as temporary:
        for k, (name, rows) in enumerate(splits.items()):
            fitted = _fitted(Path(temporary) / str(k), good.iloc[rows])
            all_good = load_dataset(str(_folder(Path(temporary) / f"all {k}", good)))
            asked = [r for i, r in enumerate(good.point) if i not in set(rows)]
            for variant, words in (
                (fitted.physics, "relations alone"),
                (fitted.learned, "learned"),
            ):
                if variant is None:
                    continue
                problem = variant.problem.with_data(all_good)
                answers = problem.predict(variant.estimate.fit.by_place, asked)
                errors = [
                    100 * float((answers[q] / all_good.values.loc[asked, q] - 1.0).abs().mean())
                    for q in ("P_el", "Q_flow_sink")
                ]
                yield f"{path.stem}: {name}, {words}: power {errors[0]:.2f}, heat {errors[1]:.2f}"
        found = set(_fitted(Path(temporary) / "whole", table).outliers)
    planted = set(table.point[wrong])
    yield (
        f"{path.stem}: misprints found {len(found & planted)} of {len(planted)}, good rows accused "
        f"{len(found - planted)}"
    )


def _folder(folder: Path, table: pd.DataFrame) -> Path:
    write_catalogue(folder, table)
    return folder


def _fitted(folder: Path, table: pd.DataFrame) -> FittedMachine:
    return fit_machine(load_dataset(str(_folder(folder, table))), folder / "start.toml")


def main() -> None:
    """Judge each file of the folder that is there."""
    folder = Path(os.environ.get(DATA_VARIABLE, ""))
    judges: dict[str, Callable[[Path], Iterator[str]]] = {
        SHEET: judge_sheet,
        CATALOGUE: judge_catalogue,
    }
    there = [name for name in judges if (folder / name).is_file()]
    if DATA_VARIABLE not in os.environ or not there:
        sys.exit(f"{DATA_VARIABLE}: expected a folder with {' or '.join(judges)}")
    for name in there:
        for line in judges[name](folder / name):
            print(line, flush=True)


if __name__ == "__main__":
    main()
